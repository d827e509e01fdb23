//! A sweep as an array of jobs: each trains one network, on whatever machine, and their records are merged.

use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};

use super::sweep::{Observer, Outcome};
use super::{Record, Records, Sweep, SweepEnd, lines};
use crate::error::{Error, Result};
use crate::files;

impl Sweep<'_> {
    /// Trains one network of the plan, unless it has its record. The record goes to a file of its own, `task-INDEX.jsonl`,
    /// which [`Self::merge`] takes up: an array of jobs on many machines needs no lock between them.
    ///
    /// # Errors
    /// An index that the plan has not; or as [`Self::run`].
    pub fn run_task(&self, index: usize, stop: &AtomicBool, observer: &Observer<'_>) -> Result<SweepEnd> {
        self.plan.network(index)?;
        if !self.left()?.contains(&index) {
            return Ok(SweepEnd { finished: 1, ..SweepEnd::default() });
        }
        let outcome = self.train(index, Some(index), &|| stop.load(Ordering::SeqCst), observer)?;
        let is = |other| usize::from(outcome == other);
        Ok(SweepEnd { finished: is(Outcome::Finished), failed: is(Outcome::Failed), left: is(Outcome::Left) })
    }

    /// Takes the records of single tasks into `records.jsonl` and removes their files; returns how many there were. It may be
    /// interrupted and run again, and run while tasks are under way; of two at once, one waits for the other.
    ///
    /// # Errors
    /// As [`Self::records`]; a file that cannot be written or removed.
    pub fn merge(&self) -> Result<usize> {
        let path = self.folder.join("networks/merge.lock");
        let lock = File::create(&path).map_err(Error::io("create", &path))?;
        lock.lock().map_err(Error::io("lock", &path))?;
        let main = self.records_file(None);
        let (mut known, _) = lines::read::<Record>(&main)?;
        let mut merged = 0;
        for index in 0..self.plan.networks().len() {
            let path = self.records_file(Some(index));
            if !path.exists() {
                continue;
            }
            for record in lines::read::<Record>(&path)?.0 {
                merged += 1;
                if !known.iter().any(|other| other.is_same_run(&record)) {
                    Records::append(&main, &record)?;
                    known.push(record);
                }
            }
            files::remove(&path)?;
        }
        Ok(merged)
    }
}
