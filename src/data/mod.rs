//! Data: MNIST and the crate's own digits. Pixels stay `u8`; a batch is converted as it is drawn.

mod dataset;
pub mod idx;
pub mod mnist;
mod splits;
mod synthetic;

pub use dataset::Dataset;
pub use splits::{Source, Splits};
pub use synthetic::synthetic;
