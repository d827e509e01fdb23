//! What a figure's panels are filled with: the calls that add series, bars, pictures and lines, and that change the last
//! of them.

use ndarray::{ArrayBase, ArrayView2, Data, Ix2};

use super::figure::Figure;
use super::series::{Bars, Grid, Mark, Number, Rule, Series, collect};
use super::style::{Color, ColorScale, Dash, Marker};
use crate::method::Method;

/// More bins than a page has pixels show nothing more.
const MOST_BINS: usize = 10_000;

impl Figure {
    /// Adds a line through points.
    pub fn line<X: Number, Y: Number>(
        self,
        name: impl Into<String>,
        xs: impl IntoIterator<Item = X>,
        ys: impl IntoIterator<Item = Y>,
    ) -> Self {
        self.series(name.into(), collect(xs), collect(ys), Some(Dash::Solid), None)
    }

    /// Adds points without a line.
    pub fn scatter<X: Number, Y: Number>(
        self,
        name: impl Into<String>,
        xs: impl IntoIterator<Item = X>,
        ys: impl IntoIterator<Item = Y>,
    ) -> Self {
        self.series(name.into(), collect(xs), collect(ys), None, Some(Marker::Circle))
    }

    /// Adds an area between two edges, without a line.
    pub fn area<X: Number, L: Number, H: Number>(
        self,
        name: impl Into<String>,
        xs: impl IntoIterator<Item = X>,
        low: impl IntoIterator<Item = L>,
        high: impl IntoIterator<Item = H>,
    ) -> Self {
        let (low, high) = (collect(low), collect(high));
        let middle = low.iter().zip(&high).map(|(low, high)| low + (high - low) / 2.0);
        self.series(name.into(), collect(xs), middle.collect(), None, None).band(low, high)
    }

    /// Adds an entry to the legend that no points belong to, in grey: it says what a way of drawing means.
    pub fn key(self, name: impl Into<String>) -> Self {
        self.series(name.into(), Vec::new(), Vec::new(), Some(Dash::Solid), None).color(Color::GREY)
    }

    fn series(mut self, name: String, xs: Vec<f64>, ys: Vec<f64>, line: Option<Dash>, marker: Option<Marker>) -> Self {
        self.same_length(&format!("series {name:?}: its ys"), ys.len(), xs.len());
        let color = self.color_of(&name);
        self.add(Mark::Series(Series {
            name,
            xs,
            ys,
            errors: None,
            band: None,
            color,
            line,
            marker,
            open: false,
            opacity: 1.0,
            in_legend: true,
            hidden: false,
            group: None,
        }))
    }

    /// Gives each point of the last series an error bar, from y − e to y + e.
    pub fn error_bars<T: Number>(mut self, errors: impl IntoIterator<Item = T>) -> Self {
        let errors = collect(errors);
        self.fits_last_series("error bars", errors.len());
        self.with_series("error_bars", |series| series.errors = Some((errors.clone(), errors)))
    }

    /// Gives each point of the last series an error bar with two ends of its own.
    pub fn intervals<L: Number, H: Number>(
        mut self,
        low: impl IntoIterator<Item = L>,
        high: impl IntoIterator<Item = H>,
    ) -> Self {
        let (low, high) = (collect(low), collect(high));
        self.fits_last_series("lower ends", low.len());
        self.fits_last_series("upper ends", high.len());
        self.with_series("intervals", |series| {
            let below = series.ys.iter().zip(&low).map(|(y, low)| y - low).collect();
            series.errors = Some((below, series.ys.iter().zip(&high).map(|(y, high)| high - y).collect()));
        })
    }

    /// Leaves the last series out until its entry in the legend is clicked; a picture leaves it out altogether.
    pub fn hidden(self) -> Self {
        self.with_series("hidden", |series| series.hidden = true)
    }

    /// Draws a band around the last series' line.
    pub fn band<L: Number, H: Number>(
        mut self,
        low: impl IntoIterator<Item = L>,
        high: impl IntoIterator<Item = H>,
    ) -> Self {
        let (low, high) = (collect(low), collect(high));
        self.fits_last_series("lower edges", low.len());
        self.fits_last_series("upper edges", high.len());
        self.with_series("band", |series| series.band = Some((low, high)))
    }

    /// Gives the last series or bars a colour.
    pub fn color(mut self, color: Color) -> Self {
        match self.current_panel().marks.last_mut() {
            Some(Mark::Series(Series { color: current, .. }) | Mark::Bars(Bars { color: current, .. })) => {
                *current = color;
            }
            _ => self.fail("a series or bars before color()"),
        }
        self
    }

    /// Draws the last series' points with a marker.
    pub fn markers(self, marker: Marker) -> Self {
        self.with_series("markers", |series| series.marker = Some(marker))
    }

    /// Gives the last series the colour and the marker that the method has everywhere.
    pub fn method(self, method: Method) -> Self {
        self.color(Color::of(method)).markers(Marker::of(method))
    }

    /// Draws the last series' markers as outlines.
    pub fn open(self) -> Self {
        self.with_series("open", |series| series.open = true)
    }

    /// Draws the last series' line in dashes.
    pub fn dashed(self) -> Self {
        self.with_series("dashed", |series| series.line = Some(Dash::Dashed))
    }

    /// Draws the last series' line in dots.
    pub fn dotted(self) -> Self {
        self.with_series("dotted", |series| series.line = Some(Dash::Dotted))
    }

    /// Lets the last series step back behind the others.
    pub fn faint(self) -> Self {
        self.with_series("faint", |series| series.opacity = 0.5)
    }

    /// Puts the last series into a group: its entry in the legend is the group's, shown and hidden with it.
    pub fn group(self, name: impl Into<String>) -> Self {
        self.with_series("group", |series| (series.group, series.in_legend) = (Some(name.into()), false))
    }

    /// Adds bars with a text below each. Further bars in a panel stand beside the first ones, over the same texts.
    pub fn bars<T: Number>(
        mut self,
        name: impl Into<String>,
        labels: impl IntoIterator<Item = impl Into<String>>,
        heights: impl IntoIterator<Item = T>,
    ) -> Self {
        let (name, heights) = (name.into(), collect(heights));
        let labels: Vec<String> = labels.into_iter().map(Into::into).collect();
        self.same_length(&format!("bars {name:?}: their heights"), heights.len(), labels.len());
        let color = self.color_of(&name);
        let ticks = labels.into_iter().enumerate().map(|(index, label)| (index as f64, label)).collect();
        self.add(Mark::Bars(Bars { name, edges: Vec::new(), heights, color, opacity: 1.0 })).with_panel(|panel| {
            panel.x.ticks = Some(ticks);
            let groups: Vec<&mut Bars> = panel
                .marks
                .iter_mut()
                .filter_map(|mark| if let Mark::Bars(bars) = mark { Some(bars) } else { None })
                .collect();
            let width = 0.8 / groups.len() as f64;
            for (group, bars) in groups.into_iter().enumerate() {
                let left = |index: usize| index as f64 - 0.4 + group as f64 * width;
                bars.edges = (0..bars.heights.len()).map(|index| [left(index), left(index) + width]).collect();
            }
        })
    }

    /// Adds a histogram of the finite values, in bins of equal width. A further one in a panel is laid over the first, in
    /// bins that continue those of the first, whatever their number.
    pub fn histogram<T: Number>(
        mut self,
        name: impl Into<String>,
        values: impl IntoIterator<Item = T>,
        bins: usize,
    ) -> Self {
        let values: Vec<f64> = collect(values).into_iter().filter(|value| value.is_finite()).collect();
        let low = values.iter().copied().fold(f64::INFINITY, f64::min).min(f64::MAX);
        let high = values.iter().copied().fold(low, f64::max);
        let earlier = self.current_panel().marks.iter().find_map(|mark| match mark {
            Mark::Bars(bars) => bars.edges.first().copied(),
            _ => None,
        });
        let (low, width, bins) = match earlier {
            Some([left, right]) if !values.is_empty() => {
                let low = left + ((low - left) / (right - left)).floor() * (right - left);
                (low, right - left, ((high - low) / (right - left)) as usize + 1)
            }
            _ if values.is_empty() => (0.0, 1.0, bins),
            _ => (low, if high > low { (high - low) / bins.max(1) as f64 } else { 1.0 }, bins),
        };
        let mut heights = vec![0.0; bins.clamp(1, MOST_BINS)];
        let last = heights.len() - 1;
        for value in &values {
            heights[(((value - low) / width) as usize).min(last)] += 1.0;
        }
        let edge = |index: usize| low + index as f64 * width;
        let edges = (0..heights.len()).map(|index| [edge(index), edge(index + 1)]).collect();
        let name = name.into();
        let color = self.color_of(&name);
        self.add(Mark::Bars(Bars { name, edges, heights, color, opacity: 0.6 }))
    }

    /// Adds bars between neighbouring edges, of which there is one more than there are bars: a histogram that is
    /// counted already. Further ones in a panel are laid over the first.
    pub fn bars_between<E: Number, H: Number>(
        mut self,
        name: impl Into<String>,
        edges: impl IntoIterator<Item = E>,
        heights: impl IntoIterator<Item = H>,
    ) -> Self {
        let (name, edges, heights) = (name.into(), collect(edges), collect(heights));
        self.same_length(&format!("bars {name:?}: their heights, and one,"), heights.len() + 1, edges.len());
        let edges = edges.windows(2).map(|pair| [pair[0], pair[1]]).collect();
        let color = self.color_of(&name);
        self.add(Mark::Bars(Bars { name, edges, heights, color, opacity: 0.6 }))
    }

    /// Shows a matrix as colours, row 0 on top, with a colour bar.
    pub fn heat_map<S: Data<Elem = f64>>(self, values: &ArrayBase<S, Ix2>, scale: ColorScale) -> Self {
        self.add(Mark::Grid(Grid::new(values.to_owned(), scale)))
    }

    /// Says what the colours of the last heat map or pictures measure, beside a colour bar.
    pub fn color_bar(mut self, measure: impl Into<String>) -> Self {
        match self.current_panel().marks.last_mut() {
            Some(Mark::Grid(grid)) => grid.measure = measure.into(),
            _ => self.fail("a heat map or pictures before color_bar()"),
        }
        self
    }

    /// Sets the values at both ends of the last heat map's or pictures' colours.
    pub fn color_range(mut self, low: f64, high: f64) -> Self {
        match self.current_panel().marks.last_mut() {
            Some(Mark::Grid(grid)) if low < high => (grid.low, grid.high) = (low, high),
            Some(Mark::Grid(_)) => {
                self.fail(format!("color_range() from a lower to a higher number, and not {low} to {high}"))
            }
            _ => self.fail("a heat map or pictures before color_range()"),
        }
        self
    }

    /// Shows pictures side by side, `columns` in a row, with a label above each where there are labels. All share one
    /// colour scale.
    pub fn images<'a>(
        mut self,
        pictures: impl IntoIterator<Item = ArrayView2<'a, f64>>,
        labels: impl IntoIterator<Item = impl Into<String>>,
        columns: usize,
        scale: ColorScale,
    ) -> Self {
        let pictures: Vec<ArrayView2<'_, f64>> = pictures.into_iter().collect();
        let labels: Vec<String> = labels.into_iter().map(Into::into).collect();
        if !labels.is_empty() {
            self.same_length("images: their labels", labels.len(), pictures.len());
        }
        let grid = Grid::mosaic(&pictures, &labels, columns, scale);
        self.add(Mark::Grid(grid))
    }

    /// Adds a dashed line at a height, with a text at its end.
    pub fn horizontal_line(self, y: f64, label: impl Into<String>) -> Self {
        self.add(Mark::Rule(Rule { at: y, upright: false, label: label.into() }))
    }

    /// Adds an upright dashed line, with a text at its end.
    pub fn vertical_line(self, x: f64, label: impl Into<String>) -> Self {
        self.add(Mark::Rule(Rule { at: x, upright: true, label: label.into() }))
    }

    fn with_series(mut self, call: &str, change: impl FnOnce(&mut Series)) -> Self {
        match self.current_panel().marks.last_mut() {
            Some(Mark::Series(series)) => change(series),
            _ => self.fail(format!("a series before {call}()")),
        }
        self
    }

    fn add(self, mark: Mark) -> Self {
        self.with_panel(|panel| panel.marks.push(mark))
    }

    /// The colour of a name: the one that it has in another panel, or the next of the palette.
    fn color_of(&self, name: &str) -> Color {
        let marks = self.panels.iter().flat_map(|panel| &panel.marks);
        let mut names: Vec<&str> = Vec::new();
        for mark in marks {
            let (Mark::Series(Series { name: other, color, .. }) | Mark::Bars(Bars { name: other, color, .. })) = mark
            else {
                continue;
            };
            if other == name {
                return *color;
            }
            if !names.contains(&other.as_str()) {
                names.push(other);
            }
        }
        Color::PALETTE[names.len() % Color::PALETTE.len()]
    }

    fn fits_last_series(&mut self, what: &str, count: usize) {
        if let Some(Mark::Series(series)) = self.current_panel().marks.last() {
            let (what, points) = (format!("series {:?}: its {what}", series.name), series.xs.len());
            self.same_length(&what, count, points);
        }
    }

    fn same_length(&mut self, what: &str, found: usize, expected: usize) {
        if found != expected {
            self.fail(format!("{what} to be as many as there are points, {expected}, and not {found}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_counts_every_finite_value_once() {
        let figure = Figure::new("a").histogram("h", [0.0, 0.1, 0.9, 1.0, f64::NAN], 2);
        let Mark::Bars(bars) = &figure.panels[0].marks[0] else { panic!("not bars") };
        assert_eq!(bars.heights, [2.0, 2.0]);
        assert_eq!(bars.edges, [[0.0, 0.5], [0.5, 1.0]]);
        assert!(Figure::new("a").histogram("h", [0.0; 0], 3).check().is_ok());
    }

    #[test]
    fn an_area_reaches_from_its_lower_to_its_upper_edge() {
        let figure = Figure::new("a").area("s", [0, 1], [1.0, -4.0], [2.0, 6.0]);
        let Mark::Series(series) = &figure.panels[0].marks[0] else { panic!("not a series") };
        assert_eq!((series.extent(0), series.extent(1)), ([1.0, 2.0], [-4.0, 6.0]));
        assert!(series.is_area() && figure.check().is_ok());
        assert!(Figure::new("a").area("s", [0, 1], [1.0], [2.0, 3.0]).check().is_err());
    }

    #[test]
    fn a_second_histogram_continues_the_bins_of_the_first() {
        let figure = Figure::new("a").histogram("h", [0.0, 1.0], 2).histogram("g", [-0.7, 0.2, 1.6], 50);
        let Mark::Bars(bars) = &figure.panels[0].marks[1] else { panic!("not bars") };
        assert_eq!(bars.edges.first(), Some(&[-1.0, -0.5]));
        assert_eq!(bars.heights, [1.0, 0.0, 1.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn bars_between_edges_need_one_more_edge_than_heights() {
        let figure = Figure::new("a").bars_between("b", [0, 1, 3], [5.0, 7.0]);
        let Mark::Bars(bars) = &figure.panels[0].marks[0] else { panic!("not bars") };
        assert_eq!((&bars.edges[..], &bars.heights[..]), (&[[0.0, 1.0], [1.0, 3.0]][..], &[5.0, 7.0][..]));
        let message = Figure::new("a").bars_between("b", [0, 1], [5.0, 7.0]).check().unwrap_err().to_string();
        assert!(message.contains("one") && message.contains('3'), "{message}");
    }

    #[test]
    fn further_bars_stand_beside_the_first() {
        let figure = Figure::new("a").bars("b", ["x", "y"], [1.0, 2.0]).bars("c", ["x", "y"], [3.0, 4.0]);
        let edges: Vec<_> = figure.panels[0]
            .marks
            .iter()
            .filter_map(|mark| if let Mark::Bars(bars) = mark { Some(bars.edges[1]) } else { None })
            .collect();
        assert!((edges[0][0] - 0.6).abs() < 1e-12 && (edges[1][1] - 1.4).abs() < 1e-12);
        assert!((edges[0][1] - edges[1][0]).abs() < 1e-12);
    }

    #[test]
    fn a_name_has_one_colour_in_every_panel_and_two_names_have_two() {
        let figure = Figure::new("a").line("s", [1], [1.0]).panel("b").line("r", [1], [1.0]).line("s", [1], [2.0]);
        let colors: Vec<_> = figure
            .panels
            .iter()
            .flat_map(|panel| &panel.marks)
            .map(|mark| match mark {
                Mark::Series(series) => series.color,
                _ => Color::GREY,
            })
            .collect();
        assert_eq!(colors, [Color::BLUE, Color::VERMILLION, Color::BLUE]);
    }
}
