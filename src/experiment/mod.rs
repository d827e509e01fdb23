//! Experiments: plans, resumable sweeps and the records that they leave.

pub mod paper;
mod record;
mod records;
mod summary;

pub use record::{Protocol, Record, peak_memory_mib};
pub use records::{Records, TornLine};
pub use summary::{Sample, Summary};
