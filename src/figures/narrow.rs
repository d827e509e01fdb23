//! How the texts of a figure fit a page that is narrower than usual: they wrap at their words, and the figure is higher for that.

use super::canvas::lines;
use super::figure::{Figure, Panel};
use super::series::Grid;

/// The width in pixels that every figure has to fit: a notebook in a window of 800 pixels, with the list of files beside it.
pub(super) const NARROW: f64 = 360.0;
/// What the axes of the first and the last column take of it.
const MARGINS: f64 = 74.0;
/// Pixels of a letter for one of its font's size, in the widest of the fonts that plotly asks for.
const LETTER: f64 = 0.58;
/// Pixels of a line for one of its font's size.
const LINE: f64 = 1.3;

/// Pixels from one row of panels to the next: numbers, a label of one line, a title of one line.
pub(super) const BETWEEN: f64 = 90.0;
/// Pixels between a panel and its title: half of a number at the upper end of the axis is above the panel.
pub(super) const ABOVE: f64 = 7.0;

/// Sizes of a figure's fonts.
pub(super) const TITLE: usize = 16;
pub(super) const HEADING: usize = 13;
pub(super) const LABEL: usize = 12;

/// A text in lines that fit so many pixels, where its words allow.
pub(super) fn wrap(text: &str, size: usize, room: f64) -> String {
    let most = (room / (LETTER * size as f64)) as usize;
    lines(text, |line| line.chars().count() <= most).join("\n")
}

/// The pixels that the lines of a text after the first one take.
fn more(text: &str, size: usize) -> f64 {
    text.matches('\n').count() as f64 * LINE * size as f64
}

/// A figure's texts as they fit a narrow page, and the pixels that their further lines take.
pub(super) struct Wrapped {
    pub title: String,
    /// Of each panel: its title, and the label of its x axis.
    pub panels: Vec<[String; 2]>,
    pub title_height: f64,
    /// Of the panel whose title, or whose label, has the most lines.
    pub heading_height: f64,
    pub label_height: f64,
    /// From one row of panels to the next: numbers, a label and a title.
    pub between: f64,
}

impl Figure {
    /// The pixels of a narrow page from one panel to the next.
    pub(super) fn narrow_column(&self) -> f64 {
        (NARROW - MARGINS) / self.panel_columns() as f64
    }

    /// Whether the next row of panels says the same of its x axes as this panel of its own.
    fn is_labelled_below(&self, index: usize) -> bool {
        let columns = self.panel_columns();
        let next_row = self.panels.iter().skip((index / columns + 1) * columns).take(columns);
        next_row.into_iter().any(|panel| panel.x.label == self.panels[index].x.label)
    }

    /// The texts as they fit a narrow page.
    pub(super) fn wrapped(&self) -> Wrapped {
        let title = wrap(&self.title, TITLE, NARROW - 10.0);
        // A panel that is alone, or the widest of a row, has the figure's margins beside it.
        let room = self.narrow_column() + if self.panel_columns() == 1 { 0.6 * MARGINS } else { -4.0 };
        let wrapped = |(index, panel): (usize, &Panel)| {
            let room = if panel.grid().is_some_and(Grid::has_bar) { 0.8 * room } else { room };
            let label = if self.is_labelled_below(index) { "" } else { &panel.x.label };
            [wrap(&panel.title, HEADING, room), wrap(label, LABEL, room)]
        };
        let panels: Vec<[String; 2]> = self.panels.iter().enumerate().map(wrapped).collect();
        let most = |index: usize, size| panels.iter().map(|texts| more(&texts[index], size)).fold(0.0, f64::max);
        let (heading_height, label_height) = (most(0, HEADING), most(1, LABEL));
        let last_row = (self.panel_rows() - 1) * self.panel_columns();
        let labels = if panels[..last_row].iter().all(|[_, label]| label.is_empty()) { -22.0 } else { label_height };
        Wrapped {
            title_height: more(&title, TITLE),
            heading_height,
            label_height,
            between: BETWEEN + heading_height + labels,
            title,
            panels,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_wraps_at_its_words_to_the_room_that_there_is() {
        assert_eq!(wrap("Gaussian dropout A", 10, 11.0 * 5.8), "Gaussian\ndropout A");
        assert_eq!(wrap("Gaussian dropout A", 10, 500.0), "Gaussian dropout A");
        assert_eq!(wrap("incomprehensibilities of it", 10, 5.0), "incomprehensibilities\nof\nit");
        assert_eq!(wrap("", 10, 5.0), "");
    }

    #[test]
    fn the_panel_with_the_longest_title_decides_the_room_of_all() {
        let panels = |title: &str| {
            let figure = Figure::new("t").columns(4);
            ["a", "b", title, "d"].into_iter().fold(figure, |figure, title| figure.panel(title).line("s", [1], [1.0]))
        };
        assert_eq!(panels("c").wrapped().heading_height, 0.0);
        let long = panels("a title of many words").wrapped();
        assert_eq!(long.heading_height, LINE * HEADING as f64 * long.panels[2][0].matches('\n').count() as f64);
        assert!(long.heading_height > 0.0 && long.title_height == 0.0);
    }
}
