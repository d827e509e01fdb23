//! Experiments: plans, resumable sweeps and the records that they leave.

pub(crate) mod lines;
pub mod paper;
mod record;
mod records;
pub mod report;
mod summary;

pub use lines::TornLine;
pub use record::{Protocol, Record, peak_memory_mib};
pub use records::Records;
pub use summary::{Sample, Summary};

#[cfg(test)]
pub(crate) use record::tests;
