//! What tells two runs apart.

use serde::Serialize;

use super::Protocol;
use crate::method::Method;

/// What decides a run's numbers: two runs with the same key are one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct RunKey<'a> {
    pub(crate) method: Method,
    pub(crate) hidden: &'a [usize],
    /// `None` for a run with any seed.
    pub(crate) seed: Option<u64>,
    pub(crate) dataset: &'a str,
    pub(crate) train_examples: usize,
    pub(crate) protocol: Protocol,
}
