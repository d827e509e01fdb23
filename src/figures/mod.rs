//! Figures: one [`Figure`] type in one style, drawn interactively by plotly and as a PNG from the same description.

mod adaptive;
mod axis;
mod canvas;
mod choices;
mod claims;
mod content;
mod dataset;
mod figure;
mod layout;
mod plotly;
mod png;
mod regression;
mod replication;
mod series;
mod style;
mod table1;
mod traces;
mod training;
mod uncertainty;
mod variance;
mod weights;

pub use adaptive::{alpha_by_width, filters_by_alpha, input_alpha, sparsity_curves, weights_left_by_pixel};
pub use choices::Choices;
pub use claims::claims_forest;
pub use dataset::{contact_sheet, image_sheet};
pub use figure::Figure;
pub use regression::{predictive_band, quantile_calibration};
pub use replication::{figure1, figure1_differences};
pub use series::Number;
pub use style::{Color, ColorScale, Dash, Marker};
pub use table1::table1_figure;
pub use training::{alpha_curves, learning_curves, stored_curves};
pub use uncertainty::{class_probabilities, entropy_histograms, reliability_diagram, uncertainty_curves};
pub use variance::{noise_spectra, variance_curves};
pub use weights::{alpha_images, filters, weights_beside_alpha};
