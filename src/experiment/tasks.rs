//! A sweep as an array of jobs: each trains one network, on whatever machine.

use std::sync::atomic::{AtomicBool, Ordering};

use super::sweep::{Observer, Outcome};
use super::{Sweep, SweepEnd};
use crate::error::Result;

impl Sweep<'_> {
    /// Trains one network of the plan, unless it has its record.
    ///
    /// # Errors
    /// An index that the plan has not; or as [`Self::run`].
    pub fn run_task(&self, index: usize, stop: &AtomicBool, observer: &Observer<'_>) -> Result<SweepEnd> {
        self.plan.network(index)?;
        let outcome = match self.left()?.contains(&index) {
            true => self.train(index, &|| stop.load(Ordering::SeqCst), observer)?,
            false => Outcome::Finished,
        };
        self.sweep_up()?;
        let is = |other| usize::from(outcome == other);
        Ok(SweepEnd { finished: is(Outcome::Finished), failed: is(Outcome::Failed), left: is(Outcome::Left) })
    }
}
