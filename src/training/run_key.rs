//! What tells two runs apart.

use serde::Serialize;

use super::{Difference, Protocol, differences};
use crate::data::Identity;
use crate::method::Method;

/// What decides a run's numbers: two runs with the same key are one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct RunKey<'a> {
    pub(crate) method: Method,
    pub(crate) hidden: &'a [usize],
    /// `None` for a run with any seed.
    pub(crate) seed: Option<u64>,
    pub(crate) data: Identity<'a>,
    pub(crate) train_examples: usize,
    pub(crate) protocol: Protocol,
}

impl RunKey<'_> {
    /// What tells the two apart, to be listed. Two names of the same data do not.
    pub(crate) fn differences(&self, other: &Self) -> Vec<Difference> {
        let mut other = other.clone();
        if other.data == self.data {
            other.data = self.data;
        }
        differences(self, &other)
    }
}
