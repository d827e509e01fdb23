//! Experiments: plans, resumable sweeps and the records that they leave.

pub mod paper;
mod record;
mod records;
pub mod report;
mod summary;

pub use record::{Protocol, Record, peak_memory_mib};
pub use records::{Records, TornLine};
pub use summary::{Sample, Summary};

#[cfg(test)]
pub(crate) use record::tests;
