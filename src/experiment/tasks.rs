//! A sweep as an array of jobs: each trains one network, on whatever machine, and their records are merged.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use super::sweep::{Kept, Observer, Outcome};
use super::under_way::Lock;
use super::{Record, Records, Sweep, SweepEnd, TornLine};
use crate::error::{Error, Result};
use crate::files;

impl Sweep<'_> {
    /// Trains one network of the plan, unless it has its record. The record goes to a file of its own, `task-NETWORK.jsonl`,
    /// which [`Self::merge`] takes up: an array of jobs on many machines needs no lock between them.
    ///
    /// # Errors
    /// An index that the plan has not; or as [`Self::run`].
    pub fn run_task(&self, index: usize, stop: &AtomicBool, observer: &Observer<'_>) -> Result<SweepEnd> {
        self.plan.network(index)?;
        if !self.left()?.contains(&index) {
            return Ok(SweepEnd { finished: 1, ..SweepEnd::default() });
        }
        let outcome = self.train(index, Kept::ByItself, &|| stop.load(Ordering::SeqCst), observer)?;
        let is = |other| usize::from(outcome == other);
        Ok(SweepEnd { finished: is(Outcome::Finished), failed: is(Outcome::Failed), left: is(Outcome::Left) })
    }

    /// Takes the records of single tasks into `records.jsonl` and removes their files; returns how many there were. It may be
    /// interrupted and run again, and run while tasks are under way; of two at once, one waits for the other.
    ///
    /// # Errors
    /// As [`Self::records`]; a file that cannot be written or removed; a record that is cut off, whose file stays, once the others
    /// are merged.
    pub fn merge(&self) -> Result<usize> {
        let lock = Lock::wait(self.merge_lock())?;
        let main = self.records_file();
        let (mut known, _) = files::read::<Record>(&main)?;
        let (mut merged, mut cut_off) = (0, None);
        for path in self.task_files()? {
            let (records, torn) = files::read::<Record>(&path)?;
            for record in records {
                merged += 1;
                if !known.iter().any(|other| other.is_same_run(&record)) {
                    Records::append(&main, &record)?;
                    known.push(record);
                }
            }
            match torn {
                Some(torn) => cut_off = Some(torn),
                None => files::remove(&path)?,
            }
        }
        self.sweep_up()?;
        lock.remove()?;
        match cut_off {
            Some(TornLine { path, line, bytes }) => Err(Error::Format {
                path,
                expected: "the record of a task",
                reason: format!(
                    "line {line} is cut off after {bytes} bytes, and stays where it is; all others are merged: remove it, and run \
                     its task again"
                ),
            }),
            None => Ok(merged),
        }
    }

    /// The records of single tasks, also of networks that the plan no longer has.
    fn task_files(&self) -> Result<Vec<PathBuf>> {
        let mut paths = files::files(&self.folder, "`vardrop sweep PLAN.toml --task I` writes one")?;
        paths.retain(|path| path.file_name().unwrap_or_default().to_string_lossy().starts_with("task-"));
        Ok(paths)
    }
}
