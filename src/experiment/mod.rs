//! Experiments: plans, resumable sweeps and the records that they leave.

mod estimate;
pub(crate) mod lines;
mod paired;
pub mod paper;
mod plan;
mod record;
mod records;
pub mod report;
mod summary;
mod sweep;
mod tasks;
mod under_way;

pub use estimate::Estimate;
pub use lines::TornLine;
pub use paired::PairedTest;
pub use plan::SweepPlan;
pub use record::Record;
pub use records::Records;
pub use summary::{Sample, Summary};
pub use sweep::{Sweep, SweepEnd, SweepEvent};

#[cfg(test)]
pub(crate) use record::tests;
