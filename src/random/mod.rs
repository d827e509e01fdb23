//! Random numbers: a counter-based generator, standard normal draws, and the elementary functions that they are made with. The public
//! names are those of [`noise`](crate::noise).

mod elementary;
mod normal;
mod source;

pub(crate) use elementary::{exp, ln};
pub use normal::{fill_standard_normal, fill_standard_normal_f64};
pub use source::{Generator, NoiseSource, Purpose, RowKey};
