//! Figures: one [`Figure`] type in one style, drawn interactively by plotly and as a PNG from the same description.

mod adaptive;
mod axis;
mod canvas;
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
mod traces;
mod training;
mod uncertainty;
mod variance;

pub use adaptive::{alpha_by_width, filters_by_alpha, input_alpha, sparsity_curves, weights_left_by_pixel};
pub use claims::claims_forest;
pub use dataset::{contact_sheet, image_sheet};
pub use figure::Figure;
pub use regression::{predictive_band, quantile_calibration};
pub use replication::figure1;
pub use series::Number;
pub use style::{Color, ColorScale, Dash, Marker};
pub use training::{alpha_curves, learning_curves};
pub use uncertainty::{class_probabilities, entropy_histograms, reliability_diagram, uncertainty_curves};
pub use variance::{alpha_images, noise_spectra, variance_curves, weights_beside_alpha};
