//! Experiments: plans, resumable sweeps and the records that they leave.

mod record;

pub use record::{Protocol, Record};
