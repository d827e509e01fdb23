//! Where panels lie, what belongs in the legend, and how far the axes reach: alike in both ways of drawing.

use super::figure::{Figure, Panel};
use super::series::{Grid, Mark, Rule, Series};

/// Height of one row of panels in pixels of a page, with its labels.
const ROW: f64 = 330.0;

impl Figure {
    /// Panels side by side.
    pub(super) fn panel_columns(&self) -> usize {
        let panels = self.panels.len().max(1);
        let usual = if panels > 6 { 4 } else { 2 };
        self.columns.unwrap_or(usual).min(panels)
    }

    pub(super) fn panel_rows(&self) -> usize {
        self.panels.len().max(1).div_ceil(self.panel_columns())
    }

    /// The height of the whole figure in pixels of a page, drawn `width` pixels wide.
    pub(super) fn page_height(&self, width: f64) -> f64 {
        if let Some(height) = self.height {
            return f64::from(height);
        }
        let row = self.panels.iter().map(|panel| match panel.pictures() {
            // Square pixels, within limits: a wide mosaic is low, a tall one not endless.
            Some(grid) => {
                let (rows, columns) = grid.values.dim();
                let wide = width / self.panel_columns() as f64 - 40.0;
                (wide * rows as f64 / columns.max(1) as f64).min(40.0 * rows as f64).clamp(60.0, 900.0)
            }
            None => ROW,
        });
        let legend = (self.legend().len() as f64 * 0.2).ceil() * 20.0;
        let head = if self.title.is_empty() { 16.0 } else { 56.0 };
        row.fold(0.0, f64::max) * self.panel_rows() as f64 + head + legend
    }

    /// Whether a panel's y axis has numbers: of panels that share it, those of the first column have them.
    pub(super) fn has_y_ticks(&self, index: usize) -> bool {
        !self.share_y || index.is_multiple_of(self.panel_columns())
    }

    /// Lower and upper end of a panel's y axis, as it measures.
    pub(super) fn y_ends(&self, panel: &Panel) -> [f64; 2] {
        if !self.share_y {
            return panel.y_ends();
        }
        let ends = self.panels.iter().map(Panel::y_ends);
        ends.reduce(|a, b| [a[0].min(b[0]), a[1].max(b[1])]).unwrap_or([0.0, 1.0])
    }

    /// The series that the legend names, each group once. One series alone needs no legend.
    pub(super) fn legend(&self) -> Vec<LegendEntry<'_>> {
        let mut entries: Vec<LegendEntry<'_>> = Vec::new();
        for mark in self.panels.iter().flat_map(|panel| &panel.marks) {
            let entry = match mark {
                Mark::Series(series) if series.in_legend => LegendEntry { name: &series.name, mark },
                Mark::Bars(bars) => LegendEntry { name: &bars.name, mark },
                _ => continue,
            };
            if !entry.name.is_empty() && entries.iter().all(|other| other.name != entry.name) {
                entries.push(entry);
            }
        }
        if entries.len() < 2 { Vec::new() } else { entries }
    }
}

/// A name of the legend, and the first mark that has it.
pub(super) struct LegendEntry<'a> {
    pub name: &'a str,
    pub mark: &'a Mark,
}

impl Panel {
    /// The mosaic of pictures that the panel shows, if it does.
    pub fn pictures(&self) -> Option<&Grid> {
        self.grid().filter(|grid| grid.pictures)
    }

    /// The grid of colours that the panel shows, if it does.
    pub fn grid(&self) -> Option<&Grid> {
        self.marks.iter().find_map(|mark| match mark {
            Mark::Grid(grid) => Some(grid),
            _ => None,
        })
    }

    /// Whether an upright rule stands in the right half, so that its text has its room on the left.
    pub fn is_right(&self, rule: &Rule) -> bool {
        let [left, right] = self.x_ends();
        self.x.measure(rule.at) > (left + right) / 2.0
    }

    /// Left and right end of the x axis, as it measures.
    pub fn x_ends(&self) -> [f64; 2] {
        if let Some(grid) = self.grid() {
            return self.x.range.unwrap_or([-0.5, grid.values.ncols() as f64 - 0.5]);
        }
        let values = self.marks.iter().flat_map(|mark| match mark {
            Mark::Series(series) if series.hidden => Vec::new(),
            Mark::Series(series) => series.shown().map(|index| series.xs[index]).collect(),
            Mark::Bars(bars) => bars.edges.as_flattened().to_vec(),
            Mark::Rule(rule) if rule.upright => vec![rule.at],
            _ => Vec::new(),
        });
        self.x.ends(values, false)
    }

    /// Lower and upper end of the y axis, as it measures; those of a grid run downwards.
    fn y_ends(&self) -> [f64; 2] {
        if let Some(grid) = self.grid() {
            return self.y.range.unwrap_or([grid.values.nrows() as f64 - 0.5, -0.5]);
        }
        let bars = self.marks.iter().any(|mark| matches!(mark, Mark::Bars(_)));
        let values = self.marks.iter().flat_map(|mark| match mark {
            Mark::Series(series) if series.hidden => Vec::new(),
            Mark::Series(series) => series.shown().flat_map(|index| series.extent(index)).collect(),
            Mark::Bars(bars) => bars.heights.iter().copied().chain([0.0]).collect(),
            Mark::Rule(rule) if !rule.upright => vec![rule.at],
            _ => Vec::new(),
        });
        self.y.ends(values, bars)
    }
}

impl Series {
    /// The points that are no gaps.
    pub fn shown(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.xs.len()).filter(|&index| self.xs[index].is_finite() && self.ys[index].is_finite())
    }
}
