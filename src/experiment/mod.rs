//! Experiments: plans and resumable sweeps (feature `sweep`), and the records that they leave.

mod contrast;
#[cfg(feature = "sweep")]
mod estimate;
pub mod paper;
#[cfg(feature = "sweep")]
mod plan;
mod record;
mod records;
pub mod report;
mod summary;
#[cfg(feature = "sweep")]
mod sweep;
#[cfg(feature = "sweep")]
mod tasks;
#[cfg(feature = "sweep")]
mod under_way;

pub use crate::files::TornLine;
pub use contrast::{Contrast, holm};
#[cfg(feature = "sweep")]
pub use estimate::Estimate;
#[cfg(feature = "sweep")]
pub use plan::SweepPlan;
pub use record::Record;
pub use records::Records;
pub use summary::{Sample, Summary};
#[cfg(feature = "sweep")]
pub use sweep::{Sweep, SweepEnd, SweepEvent};

#[cfg(test)]
pub(crate) use record::tests;
