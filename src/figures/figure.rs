//! A figure: a description of panels that plotly and the PNG are drawn from, built by chaining calls.

use super::axis::Axis;
use super::series::{Mark, Number, collect};
use crate::error::{Error, Result};

/// Panels that plotly can address by name.
const MOST_PANELS: usize = 8;

/// A figure of one or more panels.
///
/// Calls act on the panel and the series that were added last (or on the panel that [`Figure::select_panel`] names). A call that cannot be carried out is remembered and told
/// when the figure is drawn, so that a chain needs no `?`.
///
/// ```
/// use vardrop::figures::{Figure, Marker};
///
/// let figure = Figure::new("Test error over widths")
///     .x_label("Units per hidden layer")
///     .y_label("Test error (%)")
///     .line("the paper", [100, 250, 500], [1.44, 1.30, 1.21])
///     .error_bars([0.05, 0.04, 0.03])
///     .markers(Marker::Circle);
/// assert!(figure.to_png()?.starts_with(b"\x89PNG"));
/// # Ok::<(), vardrop::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    pub(super) title: String,
    pub(super) panels: Vec<Panel>,
    pub(super) columns: Option<usize>,
    pub(super) height: Option<u32>,
    pub(super) share_y: bool,
    /// The panel that calls act on.
    current: usize,
    problem: Option<String>,
}

/// One system of axes and what it shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Panel {
    pub title: String,
    pub x: Axis,
    pub y: Axis,
    pub marks: Vec<Mark>,
}

impl Figure {
    /// A figure with one empty panel.
    pub fn new(title: impl Into<String>) -> Self {
        let panels = vec![Panel::default()];
        Self { title: title.into(), panels, columns: None, height: None, share_y: false, current: 0, problem: None }
    }

    /// The title.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The same figure with another title.
    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Begins the next panel, and gives it a title; the first call names the panel that is there.
    pub fn panel(mut self, title: impl Into<String>) -> Self {
        if self.panels != [Panel::default()] {
            self.panels.push(Panel::default());
        }
        self.current = self.panels.len() - 1;
        self.with_panel(|panel| panel.title = title.into())
    }

    /// Goes back to a panel, counted from 0, so that what follows is added to it.
    pub fn select_panel(mut self, index: usize) -> Self {
        if index < self.panels.len() {
            self.current = index;
        } else {
            self.fail(format!(
                "select_panel() of a panel that it has, 0 to {}, and not {index}",
                self.panels.len() - 1
            ));
        }
        self
    }

    /// Sets how many panels stand side by side; without it, two, and four from seven panels on.
    pub fn columns(mut self, columns: usize) -> Self {
        self.columns = Some(columns.max(1));
        self
    }

    /// Gives every panel the same y range, that of all they show, so that they can be compared.
    pub fn share_y(mut self) -> Self {
        self.share_y = true;
        self
    }

    /// Sets the height of the whole figure, in pixels of a page; its width is the page's.
    pub fn height(mut self, height: u32) -> Self {
        self.height = Some(height.clamp(120, 4000));
        self
    }

    /// Names the x axis.
    pub fn x_label(self, label: impl Into<String>) -> Self {
        self.with_panel(|panel| panel.x.label = label.into())
    }

    /// Names the y axis.
    pub fn y_label(self, label: impl Into<String>) -> Self {
        self.with_panel(|panel| panel.y.label = label.into())
    }

    /// Makes the x axis logarithmic; values that are not positive are left out.
    pub fn log_x(self) -> Self {
        self.with_panel(|panel| panel.x.log = true)
    }

    /// Makes the y axis logarithmic; values that are not positive are left out.
    pub fn log_y(self) -> Self {
        self.with_panel(|panel| panel.y.log = true)
    }

    /// Sets both ends of the x axis.
    pub fn x_range(self, low: f64, high: f64) -> Self {
        self.with_panel(|panel| panel.x.range = Some([low, high]))
    }

    /// Sets both ends of the y axis.
    pub fn y_range(self, low: f64, high: f64) -> Self {
        self.with_panel(|panel| panel.y.range = Some([low, high]))
    }

    /// Sets the places of the x axis' ticks.
    pub fn x_ticks<T: Number>(self, places: impl IntoIterator<Item = T>) -> Self {
        let ticks = collect(places).into_iter().map(|at| (at, at.to_string())).collect();
        self.with_panel(|panel| panel.x.ticks = Some(ticks))
    }

    /// Puts texts in place of the x axis' ticks, at 0, 1, 2 and so on.
    pub fn x_tick_labels<T: Into<String>>(self, labels: impl IntoIterator<Item = T>) -> Self {
        self.x_tick_texts(labels.into_iter().enumerate().map(|(at, label)| (at as f64, label)))
    }

    /// Sets the places of the x axis' ticks, and the text at each of them.
    pub fn x_tick_texts<T: Into<String>>(self, ticks: impl IntoIterator<Item = (f64, T)>) -> Self {
        let ticks = ticks.into_iter().map(|(at, text)| (at, text.into())).collect();
        self.with_panel(|panel| panel.x.ticks = Some(ticks))
    }

    /// An error where a call in the chain could not be carried out.
    pub(super) fn check(&self) -> Result<()> {
        if let Some(problem) = &self.problem {
            return Err(Error::argument("figure", format!("{:?}", self.title), problem));
        }
        if self.panels.len() > MOST_PANELS {
            return Err(Error::argument("number of panels", self.panels.len(), format!("at most {MOST_PANELS}")));
        }
        for panel in &self.panels {
            for (name, axis) in [("x_range", &panel.x), ("y_range", &panel.y)] {
                if let Some([low, high]) = axis.range {
                    let ends = [axis.measure(low), axis.measure(high)];
                    if !(ends.iter().all(|end| end.is_finite()) && ends[0] < ends[1]) {
                        let expected = "two finite numbers, the lower one first, and positive on a logarithmic axis";
                        return Err(Error::argument(name, format!("{low} to {high}"), expected));
                    }
                }
            }
        }
        Ok(())
    }

    /// The panel that calls act on. There is one from the beginning, and none is ever removed.
    pub(super) fn current_panel(&mut self) -> &mut Panel {
        &mut self.panels[self.current]
    }

    pub(super) fn with_panel(mut self, change: impl FnOnce(&mut Panel)) -> Self {
        change(self.current_panel());
        self
    }

    /// Remembers the first call that could not be carried out.
    pub(super) fn fail(&mut self, problem: impl Into<String>) {
        self.problem.get_or_insert_with(|| problem.into());
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A figure's traces and layout in plotly's JSON; it also has to become a PNG.
    pub fn drawn(figure: &Figure) -> serde_json::Value {
        assert!(figure.to_png().is_ok());
        serde_json::from_str(&figure.to_plotly().unwrap().to_json()).unwrap()
    }

    #[test]
    fn a_call_that_cannot_be_carried_out_is_told_when_the_figure_is_drawn() {
        let cases = [
            (Figure::new("a").line("s", [1, 2], [1.0]), "as many"),
            (Figure::new("a").line("s", [1], [1.0]).error_bars([1.0, 2.0]), "error bars"),
            (Figure::new("a").dashed(), "dashed()"),
            (Figure::new("a").select_panel(1), "0 to 0, and not 1"),
            (Figure::new("a").x_range(2.0, 1.0), "x_range"),
            (Figure::new("a").log_y().y_range(0.0, 1.0), "positive"),
            ((0..9).fold(Figure::new("a"), |figure, index| figure.panel(index.to_string())), "at most 8"),
        ];
        for (figure, expected) in cases {
            let message = figure.check().unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn panels_that_share_y_reach_over_all_that_any_of_them_shows() {
        let figure = Figure::new("a").share_y().line("s", [1, 2], [1.0, 2.0]).panel("b").line("r", [1, 2], [5.0, 9.0]);
        let ends: Vec<_> = figure.panels.iter().map(|panel| figure.y_ends(panel)).collect();
        assert_eq!(ends[0], ends[1]);
        assert!(ends[0][0] < 1.0 && ends[0][1] > 9.0);
    }

    #[test]
    fn a_selected_panel_gets_what_follows() {
        let figure = Figure::new("a").panel("left").panel("right").select_panel(0).line("s", [1], [1.0]);
        assert_eq!((figure.panels[0].marks.len(), figure.panels[1].marks.len()), (1, 0));
    }

    #[test]
    fn the_first_panel_call_names_the_panel_that_is_there() {
        let figure = Figure::new("a").panel("left").line("s", [1], [1.0]).panel("right");
        let titles: Vec<_> = figure.panels.iter().map(|panel| panel.title.as_str()).collect();
        assert_eq!(titles, ["left", "right"]);
    }
}
