//! Rich display in a notebook with the Rust kernel, evcxr: a cell whose last expression is a figure, a table, a
//! history, a data set, images, predictions or their calibration shows it.
//!
//! The kernel gathers what a cell displays into one output with one entry for each MIME type. So each type here prints
//! several representations of itself, of which the page shows the best that it can, and a cell shows one thing: of two
//! figures in a cell, the last one.
//!
//! A figure is interactive. Its picture, which is all that a static page shows, comes with it where the environment has
//! `VARDROP_PICTURES`, as in headless runs whose outputs are stored: JupyterLab would show the picture, and not the figure
//! until the mouse is on it. It adds a picture of its own once it has drawn the figure, so that saved notebooks have one too.

mod progress;
mod results;
mod training;
mod values;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::data::{Dataset, Images};
use crate::error::{Error, Result};
use crate::figures::{
    Choices, Figure, class_probabilities, contact_sheet, entropy_histograms, image_sheet, learning_curves,
    quantile_calibration, reliability_diagram,
};
use crate::table::Table;
use crate::training::History;
use crate::uncertainty::{Calibration, Prediction, Predictive, QuantileCalibration, RegressionScores};

pub use progress::print_quarters;
pub use results::DisplayList;

/// Representations of one thing: MIME types and contents.
type Bundle = Vec<(&'static str, String)>;

/// Prints a bundle as the kernel reads it: marks at the beginning and the end, on lines of their own.
fn print(bundle: &Bundle) {
    let blocks =
        bundle.iter().map(|(mime, content)| format!("EVCXR_BEGIN_CONTENT {mime}\n{content}\nEVCXR_END_CONTENT\n"));
    // One call, so that nothing else that prints comes in between.
    print!("{}", blocks.collect::<String>());
}

/// Shows why something cannot be shown.
fn display_error(error: &Error) {
    print(&vec![("text/plain", format!("Error: {error}"))]);
}

impl Figure {
    /// Shows the figure as a cell's output: interactive, with a PNG for static pages where `VARDROP_PICTURES` is set. A figure
    /// that cannot be drawn shows why.
    pub fn evcxr_display(&self) {
        self.display_with(format!("Figure: {}", self.title()));
    }

    /// Shows the figure, and a text where nothing but text is shown.
    fn display_with(&self, text: String) {
        match self.bundle(text, std::env::var_os("VARDROP_PICTURES").is_some()) {
            Ok(bundle) => print(&bundle),
            Err(error) => display_error(&error),
        }
    }

    fn bundle(&self, text: String, picture: bool) -> Result<Bundle> {
        let mut bundle = vec![("application/vnd.plotly.v1+json", self.to_plotly_json()?)];
        if picture {
            bundle.push(("image/png", STANDARD.encode(self.to_png()?)));
        }
        bundle.push(("text/plain", text));
        Ok(bundle)
    }
}

impl Choices {
    /// Shows the figures with their slider or list as a cell's output; in a static page, the first one.
    pub fn evcxr_display(&self) {
        let picture = std::env::var_os("VARDROP_PICTURES").is_some();
        let bundle = || -> Result<Bundle> {
            let mut bundle = vec![("application/vnd.plotly.v1+json", self.to_plotly_json()?)];
            if picture {
                bundle.push(("image/png", STANDARD.encode(self.to_png()?)));
            }
            bundle.push(("text/plain", format!("Figure: {}", self.title())));
            Ok(bundle)
        };
        match bundle() {
            Ok(bundle) => print(&bundle),
            Err(error) => display_error(&error),
        }
    }
}

impl Table {
    /// Shows the table as a cell's output: as HTML, as Markdown, and as text, of which a page shows what it can.
    pub fn evcxr_display(&self) {
        print(&self.bundle());
    }

    fn bundle(&self) -> Bundle {
        vec![
            ("text/html", self.to_html()),
            ("text/markdown", self.to_markdown()),
            ("text/plain", self.to_string().trim_end().to_owned()),
        ]
    }
}

impl History {
    /// Shows the learning curves as a cell's output.
    pub fn evcxr_display(&self) {
        learning_curves(self).evcxr_display();
    }
}

impl Dataset {
    /// Shows a contact sheet as a cell's output, or how much there is of rows of numbers.
    pub fn evcxr_display(&self) {
        if self.image_size().is_some() && self.classes() > 0 {
            contact_sheet(self, 4).evcxr_display();
        } else {
            println!("{}: {} examples of {} features", self.name(), self.len(), self.inputs());
        }
    }
}

impl Images {
    /// Shows the first images as a cell's output.
    pub fn evcxr_display(&self) {
        image_sheet(self, 3, 12).evcxr_display();
    }
}

impl Calibration {
    /// Shows the reliability diagram as a cell's output, or the table of the bins as text.
    pub fn evcxr_display(&self) {
        let title = format!(
            "{:.2} % wrong, expected calibration error {:.4}",
            self.error_percent, self.expected_calibration_error
        );
        reliability_diagram(&[(title.as_str(), self)]).display_with(self.table().to_string().trim_end().to_owned());
    }
}

impl Prediction {
    /// Shows the classes' probabilities as a cell's output: as bars, or as a table in text.
    pub fn evcxr_display(&self) {
        class_probabilities(self).display_with(self.table().to_string().trim_end().to_owned());
    }
}

impl Predictive {
    /// Shows how unsure the predictions are as a cell's output: a histogram of their entropies.
    pub fn evcxr_display(&self) {
        let name = self.samples().map_or("without noise".to_owned(), |samples| format!("{samples} drawn networks"));
        entropy_histograms(&[(name.as_str(), vec![("predictions", self)])]).evcxr_display();
    }
}

impl RegressionScores {
    /// Shows the coverage of intervals as a cell's output: a table with the other scores above it.
    pub fn evcxr_display(&self) {
        self.table().evcxr_display();
    }
}

impl QuantileCalibration {
    /// Shows the calibration curve as a cell's output, or the table of the levels as text.
    pub fn evcxr_display(&self) {
        let title = format!("mean absolute deviation {:.4}", self.mean_absolute_deviation);
        quantile_calibration(&[(title.as_str(), self)]).display_with(self.table().to_string().trim_end().to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_interactive_and_if_wanted_a_picture_and_each_is_one_line() {
        let bundle = Figure::new("t").line("s", [1, 2], [1.0, 2.0]).bundle("t".to_owned(), true).unwrap();
        let types: Vec<_> = bundle.iter().map(|(mime, _)| *mime).collect();
        assert_eq!(types, ["application/vnd.plotly.v1+json", "image/png", "text/plain"]);
        assert!(serde_json::from_str::<serde_json::Value>(&bundle[0].1).is_ok());
        assert!(STANDARD.decode(&bundle[1].1).unwrap().starts_with(b"\x89PNG"));
        assert!(bundle.iter().all(|(_, content)| !content.contains('\n')));
        let without = Figure::new("t").bundle("t".to_owned(), false).unwrap();
        assert_eq!(without.iter().map(|(mime, _)| *mime).collect::<Vec<_>>(), [types[0], types[2]]);
    }

    #[test]
    fn a_table_is_html_markdown_and_text() {
        let bundle = Table::new(["a"]).row((1,)).bundle();
        assert_eq!(bundle[0].0, "text/html");
        assert_eq!(bundle[1], ("text/markdown", "| a |\n| ---: |\n| 1 |\n".to_owned()));
        assert_eq!(bundle[2], ("text/plain", "a\n-\n1".to_owned()));
    }
}
