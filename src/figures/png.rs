//! A figure as a PNG on white: what a page shows where nothing can be drawn interactively.

use ndarray::s;

use super::canvas::{Align, Area, Canvas, SCALE};
use super::figure::{Figure, Panel};
use super::layout::LegendEntry;
use super::series::{Bars, Grid, Mark, Rule, Series};
use super::style::{BAND, Color, Dash, Marker};
use super::traces::LONG;
use crate::error::Result;

/// Width of the figure in pixels of a page.
const WIDTH: f64 = 800.0;
const INK: Color = Color::rgb(0x33, 0x33, 0x33);
const PALE: Color = Color::rgb(0xe3, 0xe3, 0xe3);
const FRAME: Color = Color::rgb(0xb0, 0xb0, 0xb0);
const SMALL: f64 = 11.0;
const LABEL: f64 = 12.0;
const HEADING: f64 = 13.0;
const TITLE: f64 = 16.0;

impl Figure {
    /// The figure as a PNG file, 1600 pixels wide: two for each pixel of a page.
    ///
    /// # Errors
    /// A call in the figure's chain that could not be carried out.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        self.check()?;
        let mut canvas = Canvas::new(WIDTH, self.page_height(WIDTH))?;
        let height = self.page_height(WIDTH);
        let mut top = 10.0;
        for line in canvas.wrap(&self.title, TITLE, WIDTH - 40.0) {
            canvas.text([WIDTH / 2.0, top + TITLE], &line, TITLE, INK, Align::Middle, false);
            top += 1.35 * TITLE;
        }
        // What a click would show is not in a picture.
        let mut entries = self.legend();
        entries.retain(|entry| !matches!(entry.mark, Mark::Series(series) if series.hidden));
        let legend = lines_of(&canvas, &entries);
        let bottom = height - 8.0 - 20.0 * legend.len() as f64;
        for (index, line) in legend.iter().enumerate() {
            draw_legend(&mut canvas, line, bottom + 20.0 * index as f64 + 10.0);
        }
        let (columns, rows) = (self.panel_columns(), self.panel_rows());
        let size = [(WIDTH - 16.0) / columns as f64, (bottom - top - 4.0) / rows as f64];
        for (index, panel) in self.panels.iter().enumerate() {
            let (left, above) = ((index % columns) as f64 * size[0] + 4.0, (index / columns) as f64 * size[1] + top);
            let outer = Area { left, top: above, width: size[0], height: size[1] };
            panel.draw(&mut canvas, outer, self.y_ends(panel));
        }
        canvas.into_png()
    }
}

/// A panel's axes on the page.
struct Frame {
    area: Area,
    x: [f64; 2],
    y: [f64; 2],
}

impl Frame {
    fn across(&self, measured: f64) -> f64 {
        self.area.left + (measured - self.x[0]) / (self.x[1] - self.x[0]) * self.area.width
    }

    fn down(&self, measured: f64) -> f64 {
        self.area.bottom() - (measured - self.y[0]) / (self.y[1] - self.y[0]) * self.area.height
    }

    fn holds(&self, [x, y]: [f64; 2]) -> bool {
        (self.area.left - 0.5..=self.area.right() + 0.5).contains(&x)
            && (self.area.top - 0.5..=self.area.bottom() + 0.5).contains(&y)
    }
}

impl Panel {
    fn draw(&self, canvas: &mut Canvas, outer: Area, y: [f64; 2]) {
        let x = self.x_ends();
        let pictures = self.pictures();
        let head = if self.title.is_empty() { 10.0 } else { 26.0 };
        let foot = if pictures.is_some() {
            8.0
        } else if self.x.label.is_empty() {
            26.0
        } else {
            44.0
        };
        let upper = outer.height - head - foot;
        let y_ticks = self.y.ticks([y[0].min(y[1]), y[0].max(y[1])], (upper / 45.0) as usize);
        let widest = y_ticks.iter().map(|(_, text)| canvas.text_width(text, SMALL)).fold(0.0, f64::max);
        let label = if self.y.label.is_empty() { 6.0 } else { 24.0 };
        let left = if pictures.is_some() { 12.0 } else { widest + label + 8.0 };
        let right = match self.grid() {
            Some(grid) if grid.has_bar() => 70.0,
            _ => 14.0,
        };
        let mut area = Area {
            left: outer.left + left,
            top: outer.top + head,
            width: (outer.width - left - right).max(10.0),
            height: upper.max(10.0),
        };
        if let Some(grid) = pictures {
            area = square(area, grid);
        }
        let frame = Frame { area, x, y };
        let middle = area.left + area.width / 2.0;
        if !self.title.is_empty() {
            canvas.text([middle, area.top - 9.0], &self.title, HEADING, INK, Align::Middle, false);
        }
        if pictures.is_none() {
            self.draw_axes(canvas, &frame, &y_ticks);
            canvas.text([middle, area.bottom() + 36.0], &self.x.label, LABEL, INK, Align::Middle, false);
            let beside = [area.left - widest - 16.0, area.top + area.height / 2.0];
            canvas.text(beside, &self.y.label, LABEL, INK, Align::Middle, true);
        }
        for mark in &self.marks {
            match mark {
                Mark::Series(series) if series.hidden => {}
                Mark::Series(series) => self.draw_series(canvas, &frame, series),
                Mark::Bars(bars) => self.draw_bars(canvas, &frame, bars),
                Mark::Grid(grid) => draw_grid(canvas, &frame, grid),
                Mark::Rule(rule) => self.draw_rule(canvas, &frame, rule),
            }
        }
    }

    fn draw_axes(&self, canvas: &mut Canvas, frame: &Frame, y_ticks: &[(f64, String)]) {
        let area = frame.area;
        let grid = self.grid().is_none();
        for (at, text) in y_ticks {
            let y = frame.down(*at);
            if grid {
                canvas.line(&[[area.left, y], [area.right(), y]], PALE, 1.0, Dash::Solid);
            }
            canvas.text([area.left - 7.0, y + 0.36 * SMALL], text, SMALL, INK, Align::Right, false);
        }
        // As many ticks as have room for their texts beside each other.
        let mut count = ((area.width / 60.0) as usize).max(3);
        let mut ticks = self.x.ticks(frame.x, count);
        while count > 1 && self.x.ticks.is_none() && overlap(canvas, frame, &ticks) {
            count -= 1;
            ticks = self.x.ticks(frame.x, count);
        }
        let mut free = f64::NEG_INFINITY;
        for (at, text) in &ticks {
            let x = frame.across(*at);
            if grid {
                canvas.line(&[[x, area.top], [x, area.bottom()]], PALE, 1.0, Dash::Solid);
            }
            // Of chosen ticks that are too close, the first one has its text.
            let half = canvas.text_width(text, SMALL) / 2.0;
            if x - half > free {
                canvas.text([x, area.bottom() + 17.0], text, SMALL, INK, Align::Middle, false);
                free = x + half + 4.0;
            }
        }
        let corners = [
            [area.left, area.top],
            [area.right(), area.top],
            [area.right(), area.bottom()],
            [area.left, area.bottom()],
            [area.left, area.top],
        ];
        canvas.line(&corners, FRAME, 1.0, Dash::Solid);
    }

    fn place(&self, frame: &Frame, x: f64, y: f64) -> Option<[f64; 2]> {
        let place = [frame.across(self.x.measure(x)), frame.down(self.y.measure(y))];
        place.iter().all(|length| length.is_finite()).then_some(place)
    }

    fn draw_series(&self, canvas: &mut Canvas, frame: &Frame, series: &Series) {
        let color = series.color.with_alpha(series.color.alpha * series.opacity);
        canvas.clip(Some(frame.area));
        if let Some((low, high)) = &series.band {
            let edge = |edge: &[f64], index: usize| self.place(frame, series.xs[index], edge[index]);
            let there = series.shown().filter_map(|index| edge(high, index));
            let mut outline: Vec<_> = there.collect();
            let mut back: Vec<_> = series.shown().filter_map(|index| edge(low, index)).collect();
            back.reverse();
            outline.extend(back);
            canvas.polygon(&outline, color.with_alpha(BAND * color.alpha));
        }
        let points: Vec<Option<[f64; 2]>> =
            series.xs.iter().zip(&series.ys).map(|(&x, &y)| self.place(frame, x, y)).collect();
        if let Some(dash) = series.line {
            for run in points.split(Option::is_none) {
                let run: Vec<[f64; 2]> = run.iter().copied().flatten().collect();
                canvas.line(&run, color, 2.0, dash);
            }
        }
        if let Some((below, above)) = &series.errors {
            for index in series.shown() {
                let end = |length: f64| self.place(frame, series.xs[index], series.ys[index] + length);
                let (Some(low), Some(high)) = (end(-below[index]), end(above[index])) else { continue };
                canvas.line(&[low, high], color, 1.4, Dash::Solid);
                for [x, y] in [low, high] {
                    canvas.line(&[[x - 4.0, y], [x + 4.0, y]], color, 1.4, Dash::Solid);
                }
            }
        }
        canvas.clip(None);
        if let Some(marker) = series.marker {
            for point in points.into_iter().flatten().filter(|point| frame.holds(*point)) {
                canvas.marker(point, marker, series.open, color);
            }
        }
    }

    fn draw_bars(&self, canvas: &mut Canvas, frame: &Frame, bars: &Bars) {
        canvas.clip(Some(frame.area));
        for ([left, right], height) in bars.edges.iter().zip(&bars.heights) {
            // On a logarithmic axis a bar stands on the axis' lower end: it has no zero.
            let foot = if self.y.log { frame.y[0] } else { 0.0 };
            let (low, high) = (frame.down(foot), frame.down(self.y.measure(*height)));
            let (left, right) = (frame.across(self.x.measure(*left)), frame.across(self.x.measure(*right)));
            if [low, high, left, right].iter().all(|length| length.is_finite()) {
                let area = Area { left, top: low.min(high), width: right - left, height: (low - high).abs() };
                canvas.tile(area, bars.color.with_alpha(bars.opacity));
            }
        }
        canvas.clip(None);
    }

    fn draw_rule(&self, canvas: &mut Canvas, frame: &Frame, rule: &Rule) {
        let area = frame.area;
        let color = Color::rgb(0x66, 0x66, 0x66);
        let at = if rule.upright { frame.across(self.x.measure(rule.at)) } else { frame.down(self.y.measure(rule.at)) };
        let ends =
            if rule.upright { [[at, area.top], [at, area.bottom()]] } else { [[area.left, at], [area.right(), at]] };
        if !ends.iter().all(|end| frame.holds(*end)) {
            return;
        }
        canvas.line(&ends, color, 1.5, Dash::Dashed);
        if rule.upright {
            let (x, align) = if self.is_right(rule) { (at - 5.0, Align::Right) } else { (at + 5.0, Align::Left) };
            canvas.text([x, area.top + 14.0], &rule.label, SMALL, color, align, false);
        } else {
            canvas.text([area.right() - 6.0, at - 5.0], &rule.label, SMALL, color, Align::Right, false);
        }
    }
}

/// The largest area inside of another in which a grid's cells are squares.
fn square(area: Area, grid: &Grid) -> Area {
    let (rows, columns) = grid.values.dim();
    let cell = (area.width / columns.max(1) as f64).min(area.height / rows.max(1) as f64);
    let (width, height) = (cell * columns as f64, cell * rows as f64);
    Area { left: area.left + (area.width - width) / 2.0, top: area.top + (area.height - height) / 2.0, width, height }
}

fn draw_grid(canvas: &mut Canvas, frame: &Frame, grid: &Grid) {
    let area = frame.area;
    if !grid.pictures {
        canvas.clip(Some(area));
    }
    // A cell narrower than a pixel would not be seen: as many as fall on one are drawn as their mean.
    let (rows, columns) = grid.values.dim();
    let block = [(rows, area.height), (columns, area.width)]
        .map(|(cells, length)| (cells as f64 / (length * f64::from(SCALE)).max(1.0)).ceil().max(1.0) as usize);
    for row in (0..rows).step_by(block[0]) {
        for column in (0..columns).step_by(block[1]) {
            let (below, beside) = ((row + block[0]).min(rows), (column + block[1]).min(columns));
            let cells = grid.values.slice(s![row..below, column..beside]);
            let values: Vec<f64> = cells.iter().copied().filter(|value| value.is_finite()).collect();
            if values.is_empty() {
                continue;
            }
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let (left, right) = (frame.across(column as f64 - 0.5), frame.across(beside as f64 - 0.5));
            let (top, bottom) = (frame.down(row as f64 - 0.5), frame.down(below as f64 - 0.5));
            let color = grid.scale.at((mean - grid.low) / (grid.high - grid.low));
            canvas.tile(Area { left, top, width: right - left, height: bottom - top }, color);
        }
    }
    canvas.clip(None);
    for (x, y, label) in &grid.labels {
        let place = [frame.across(x - 0.5), frame.down(y - 0.5) - 3.0];
        canvas.text(place, label, SMALL, INK, Align::Middle, false);
    }
    if grid.has_bar() {
        draw_color_bar(canvas, area, grid);
    }
}

fn draw_color_bar(canvas: &mut Canvas, area: Area, grid: &Grid) {
    const STEPS: usize = 128;
    let (left, width) = (area.right() + 10.0, 12.0);
    let height = area.height / STEPS as f64;
    for step in 0..STEPS {
        let color = grid.scale.at((step as f64 + 0.5) / STEPS as f64);
        canvas.tile(Area { left, top: area.bottom() - (step + 1) as f64 * height, width, height }, color);
    }
    if grid.measure.chars().count() > LONG {
        let beside = [left + width + 44.0, area.top + area.height / 2.0];
        canvas.text(beside, &grid.measure, SMALL, INK, Align::Middle, true);
    } else {
        canvas.text([left, area.top - 9.0], &grid.measure, SMALL, INK, Align::Left, false);
    }
    for (at, text) in grid.bar_ticks(area.height) {
        let y = area.bottom() - (at - grid.low) / (grid.high - grid.low) * area.height;
        canvas.text([left + width + 5.0, y + 0.36 * SMALL], &text, SMALL, INK, Align::Left, false);
    }
}

/// Whether two neighbours' texts touch.
fn overlap(canvas: &Canvas, frame: &Frame, ticks: &[(f64, String)]) -> bool {
    ticks.windows(2).any(|pair| {
        let room = (frame.across(pair[1].0) - frame.across(pair[0].0)).abs();
        let widths = pair.iter().map(|(_, text)| canvas.text_width(text, SMALL));
        widths.sum::<f64>() / 2.0 + 8.0 > room
    })
}

const SAMPLE: f64 = 30.0;

fn entry_width(canvas: &Canvas, entry: &LegendEntry<'_>) -> f64 {
    SAMPLE + 7.0 + canvas.text_width(entry.name, SMALL) + 18.0
}

/// The legend's entries in lines that fit the page.
fn lines_of<'a, 'b>(canvas: &Canvas, entries: &'b [LegendEntry<'a>]) -> Vec<&'b [LegendEntry<'a>]> {
    let total: f64 = entries.iter().map(|entry| entry_width(canvas, entry)).sum();
    // Lines of about equal length look better than a full one and a rest.
    let count = (total / (WIDTH - 60.0)).ceil().max(1.0);
    let (mut lines, mut start, mut used) = (Vec::new(), 0, 0.0);
    for (index, entry) in entries.iter().enumerate() {
        let width = entry_width(canvas, entry);
        if index > start && (used + width > WIDTH - 40.0 || used + width / 2.0 > total / count) {
            lines.push(&entries[start..index]);
            (start, used) = (index, 0.0);
        }
        used += width;
    }
    if start < entries.len() {
        lines.push(&entries[start..]);
    }
    lines
}

fn draw_legend(canvas: &mut Canvas, entries: &[LegendEntry<'_>], y: f64) {
    let width: f64 = entries.iter().map(|entry| entry_width(canvas, entry)).sum();
    let mut x = (WIDTH - width + 18.0) / 2.0;
    for entry in entries {
        let middle = [x + SAMPLE / 2.0, y];
        match entry.mark {
            Mark::Series(series) => {
                let color = series.color.with_alpha(series.color.alpha * series.opacity);
                if series.is_area() {
                    let swatch = Area { left: x, top: y - 6.0, width: SAMPLE, height: 12.0 };
                    canvas.tile(swatch, color.with_alpha(BAND * color.alpha));
                }
                if let Some(dash) = series.line {
                    canvas.line(&[[x, y], [x + SAMPLE, y]], color, 2.0, dash);
                }
                if let Some(marker) = series.marker {
                    canvas.marker(middle, marker, series.open, color);
                }
            }
            Mark::Bars(bars) => {
                canvas.marker([x + SAMPLE - 5.0, y], Marker::Square, false, bars.color.with_alpha(bars.opacity))
            }
            Mark::Grid(_) | Mark::Rule(_) => {}
        }
        canvas.text([x + SAMPLE + 7.0, y + 0.36 * SMALL], entry.name, SMALL, INK, Align::Left, false);
        x += entry_width(canvas, entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(figure: &Figure) -> (u32, u32, Vec<u8>) {
        let bytes = figure.to_png().unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        (info.width, info.height, pixels)
    }

    fn count(pixels: &[u8], color: Color) -> usize {
        pixels.chunks_exact(3).filter(|pixel| **pixel == [color.red, color.green, color.blue]).count()
    }

    #[test]
    fn the_picture_has_the_size_that_it_says_and_the_colours_of_its_series() {
        let figure = Figure::new("").line("s", [0, 1], [0.0, 1.0]).color(Color::VERMILLION).height(300);
        let (width, height, pixels) = decoded(&figure);
        assert_eq!((width, height), (1600, 600));
        // A diagonal of 4 pixels across most of 1600 × 600.
        assert!(count(&pixels, Color::VERMILLION) > 3000);
        assert_eq!(count(&pixels, Color::PURPLE), 0);
    }

    #[test]
    fn an_error_bar_is_drawn_above_and_below_its_point() {
        let figure = Figure::new("").scatter("s", [0.0], [0.0]).y_range(-2.0, 2.0).color(Color::GREEN);
        let without = count(&decoded(&figure).2, Color::GREEN);
        let with = count(&decoded(&figure.error_bars([1.0])).2, Color::GREEN);
        assert!(with > without + 300, "{with} and {without} pixels");
    }

    #[test]
    fn a_matrix_of_more_columns_than_pixels_is_drawn_by_means() {
        // Every other column is white. Without means, some pixels would be black and some white.
        let stripes = ndarray::Array2::from_shape_fn((2, 8_000), |(_, column)| (column % 2) as f64);
        let (width, height, pixels) = decoded(&Figure::new("").heat_map(&stripes, super::super::ColorScale::Grey));
        let middle = &pixels[3 * width as usize * (height as usize / 2)..][3 * 300..3 * 1300];
        assert!(
            middle.iter().all(|byte| (100..160).contains(byte)),
            "{:?}",
            middle.iter().min().zip(middle.iter().max())
        );
    }

    #[test]
    fn the_first_row_of_a_matrix_is_on_top() {
        let figure = Figure::new("").heat_map(&ndarray::array![[0.0], [1.0]], super::super::ColorScale::Grey);
        let (width, _, pixels) = decoded(&figure);
        let black = pixels.chunks_exact(3 * width as usize).position(|row| row[3 * 400] == 0).unwrap();
        let white_below = pixels.chunks_exact(3 * width as usize).skip(black).any(|row| row[3 * 400] == 255);
        assert!(white_below);
    }
}
