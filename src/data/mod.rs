//! Data: images (MNIST, Fashion-MNIST, the crate's own digits, any folder of IDX files), rows of numbers ([`csv`], or arrays of the
//! program's own), and images of no class ([`letters()`], [`Images::shuffled`]). Pixels stay `u8`, and a batch is converted when it
//! is drawn.
//!
//! Start with [`Splits::open`]: it opens a [`Source`] and holds validation images out.
//!
//! ```
//! use vardrop::data::{Source, Splits};
//!
//! let splits = Splits::open(&"synthetic".parse::<Source>()?, 10_000)?;
//! assert_eq!((splits.train.len(), splits.validation.len(), splits.test.len()), (50_000, 10_000, 10_000));
//! # Ok::<(), vardrop::Error>(())
//! ```

pub(crate) mod batch;
pub mod csv;
mod dataset;
mod derived;
mod digest;
mod features;
pub mod idx;
mod images;
pub mod mnist;
mod rotate;
mod source;
mod splits;
mod standardisation;
mod synthetic;
mod target;
mod validation;

pub use batch::{Batch, Examples, Inputs, Rows};
pub use dataset::Dataset;
pub use digest::{Digest, Identity};
pub use images::Images;
pub use source::Source;
pub use splits::Splits;
pub use standardisation::{Scale, Standardisation};
pub use synthetic::{LETTERS, letters, synthetic};
pub use target::Target;
pub use validation::Validation;
