//! Data: MNIST, the crate's own digits, and images of no class ([`letters()`], [`Images::shuffled`]). Pixels stay `u8`;
//! a batch is converted as it is drawn.
//!
//! [`Splits::open`] is the way in: it opens a [`Source`] and holds validation images out.
//!
//! ```
//! use vardrop::data::{Source, Splits};
//!
//! let splits = Splits::open(&"synthetic".parse::<Source>()?, 10_000)?;
//! assert_eq!((splits.train.len(), splits.validation.len(), splits.test.len()), (50_000, 10_000, 10_000));
//! # Ok::<(), vardrop::Error>(())
//! ```

mod dataset;
pub mod idx;
mod images;
pub mod mnist;
mod rotate;
mod splits;
mod synthetic;

pub use dataset::Dataset;
pub use images::Images;
pub use splits::{Source, Splits};
pub use synthetic::{LETTERS, letters, synthetic};
