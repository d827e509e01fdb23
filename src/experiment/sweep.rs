//! A sweep: the networks of a plan, trained by independent workers, one network each at a time. It can be killed at any
//! moment and goes on where it was.
//!
//! In the sweep's folder `records.jsonl` holds the finished runs, a line each. A network that is under way has a checkpoint and
//! a lock in `networks/`: of several processes that sweep one folder, one alone trains it. A run counts as finished when its
//! record is on the disk; its checkpoint goes after that. So whatever moment a process dies at, no record is lost, and none is
//! written twice.

use std::collections::VecDeque;
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::fingerprint::differences;
use super::{Record, Records, SweepPlan, lines};
use crate::data::Splits;
use crate::error::{Error, Result};
use crate::files;
use crate::training::{Config, Epoch, ModelInfo, Progress, Trainer};

/// What a sweep tells of its progress, of the network with that index in the plan.
#[derive(Debug, Clone, Copy)]
pub enum SweepEvent<'a> {
    /// Its training begins, or goes on after so many epochs.
    Started {
        /// Epochs that a checkpoint has.
        epochs: usize,
    },
    /// An epoch has ended.
    Epoch(&'a Epoch),
    /// It is trained, and its record is on the disk.
    Finished(&'a Record),
    /// Its training failed by itself; the others go on.
    Failed(&'a Error),
    /// Another process is training it.
    Elsewhere,
}

/// How a sweep ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SweepEnd {
    /// Networks of the plan that have their record.
    pub finished: usize,
    /// Networks whose training failed.
    pub failed: usize,
    /// Networks that are left: stopped, or being trained by another process.
    pub left: usize,
}

/// The networks of a plan and the folder of their records.
#[derive(Debug, Clone)]
pub struct Sweep<'a> {
    pub(super) plan: &'a SweepPlan,
    pub(super) splits: &'a Splits,
    pub(super) folder: PathBuf,
    /// Networks at a time.
    pub jobs: usize,
    /// How long a checkpoint is good for; it is written at the end of an epoch.
    pub checkpoint_every: Duration,
    /// The command line, for the records.
    pub command: String,
}

/// Told of each event with the network's index, from any worker.
pub(super) type Observer<'a> = dyn Fn(usize, SweepEvent<'_>) + Sync + 'a;

impl<'a> Sweep<'a> {
    /// A sweep into `folder`, which is made where it is not there.
    ///
    /// # Errors
    /// A folder that cannot be made or written; records in it of the plan's networks that were trained in another way than
    /// the plan says, or on other data.
    pub fn new(plan: &'a SweepPlan, splits: &'a Splits, folder: impl Into<PathBuf>) -> Result<Self> {
        let folder = folder.into();
        let networks = folder.join("networks");
        fs::create_dir_all(&networks).map_err(Error::io("create", &networks))?;
        let sweep =
            Self { plan, splits, folder, jobs: 1, checkpoint_every: Duration::from_secs(20), command: String::new() };
        lines::prepare(&sweep.records_file(None))?;
        let records = sweep.records()?;
        for (index, config) in plan.networks().iter().enumerate() {
            let same_network = |record: &&Record| {
                record.method == config.method && record.hidden == config.hidden && record.seed == config.seed
            };
            if let Some(record) = records.iter().find(|r| same_network(r) && !sweep.is_of(r, config)) {
                return Err(sweep.another_protocol(index, record));
            }
        }
        Ok(sweep)
    }

    /// What is wrong with a record of network `index`: it was trained in another way than the plan says.
    fn another_protocol(&self, index: usize, record: &Record) -> Error {
        let (train, config) = (&self.splits.train, &self.plan.networks()[index]);
        let (there, planned) = (&record.protocol_hash, config.protocol.hash());
        let how = match *there == planned {
            true => "on other data".to_owned(),
            false => format!("by another protocol, {there} and not the plan's {planned}"),
        };
        let differing = told(&record.key(), &config.key(train.name(), train.len()));
        let network = format!("{} {:?}, seed {}", record.method, record.hidden, record.seed);
        Error::argument(
            "folder of the sweep",
            format!("{}, where network {index} ({network}) was trained {how} ({differing})", self.folder.display()),
            "records of this plan alone: name another folder for it",
        )
    }

    /// The records in the folder so far, also while another process merges those of single tasks.
    ///
    /// # Errors
    /// A file that cannot be read, or a line that is no record.
    pub fn records(&self) -> Result<Records> {
        // A file that was there when the folder was listed may have been merged since: its record is in another one then.
        for _ in 0..self.plan.networks().len() {
            match Records::open(&self.folder) {
                Err(Error::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {}
                records => return records,
            }
        }
        Records::open(&self.folder)
    }

    /// The plan's networks that have no record, by index.
    ///
    /// # Errors
    /// As [`Self::records`].
    pub fn left(&self) -> Result<Vec<usize>> {
        let records = self.records()?;
        let networks = self.plan.networks().iter().enumerate();
        Ok(networks.filter(|(_, c)| !records.iter().any(|r| self.is_of(r, c))).map(|(index, _)| index).collect())
    }

    /// Trains every network that has no record, one grid of the plan after the other and the largest of each first, on
    /// [`Self::jobs`] workers; `stop` has each of them write a checkpoint at its next step and return.
    ///
    /// # Errors
    /// No worker; a record or checkpoint that cannot be written, after which the other workers stop too. Whatever had its
    /// record keeps it.
    pub fn run(&self, stop: &AtomicBool, observer: &Observer<'_>) -> Result<SweepEnd> {
        if self.jobs == 0 {
            return Err(Error::argument("jobs", 0, "1 or more"));
        }
        let mut left = self.left()?;
        self.plan.in_order_of_training(&mut left);
        let mut end = SweepEnd { finished: self.plan.networks().len() - left.len(), ..SweepEnd::default() };
        let queue = Mutex::new(VecDeque::from(left));
        let halt = AtomicBool::new(false);
        let halted = || stop.load(Ordering::SeqCst) || halt.load(Ordering::SeqCst);
        let outcomes = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..self.jobs {
                scope.spawn(|| {
                    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    while let Some(index) = (!halted()).then(next).flatten() {
                        let outcome = self.train(index, None, &halted, observer);
                        if outcome.is_err() {
                            halt.store(true, Ordering::SeqCst);
                        }
                        outcomes.lock().unwrap_or_else(PoisonError::into_inner).push(outcome);
                    }
                });
            }
        });
        end.left = queue.into_inner().unwrap_or_else(PoisonError::into_inner).len();
        for outcome in outcomes.into_inner().unwrap_or_else(PoisonError::into_inner) {
            match outcome? {
                Outcome::Finished => end.finished += 1,
                Outcome::Failed => end.failed += 1,
                Outcome::Left => end.left += 1,
            }
        }
        if end.left + end.failed == 0 {
            self.sweep_up()?;
        }
        Ok(end)
    }

    /// Removes what processes that were killed left beside the records. Every network has its record: nobody needs a
    /// checkpoint, and who takes a lock sees the record.
    fn sweep_up(&self) -> Result<()> {
        let folder = self.folder.join("networks");
        for entry in fs::read_dir(&folder).map_err(Error::io("list", &folder))? {
            let path = entry.map_err(Error::io("list", &folder))?.path();
            files::remove(&path)?;
        }
        lines::sweep_up(&self.records_file(None))
    }

    pub(super) fn records_file(&self, task: Option<usize>) -> PathBuf {
        self.folder.join(task.map_or("records.jsonl".to_owned(), |index| format!("task-{index}.jsonl")))
    }

    fn is_of(&self, record: &Record, config: &Config) -> bool {
        let train = &self.splits.train;
        record.key() == config.key(train.name(), train.len())
    }

    pub(super) fn train(
        &self,
        index: usize,
        task: Option<usize>,
        halted: &dyn Fn() -> bool,
        observer: &Observer<'_>,
    ) -> Result<Outcome> {
        let config = &self.plan.networks()[index];
        let name = format!("{index}-{}-{}-{}", config.method, config.hidden[0], config.seed);
        let checkpoint = self.folder.join("networks").join(format!("{name}.safetensors"));
        let Some(lock) = Lock::take(self.folder.join("networks").join(format!("{name}.lock")))? else {
            observer(index, SweepEvent::Elsewhere);
            return Ok(Outcome::Left);
        };
        // Another process may have finished it between the reading of the records and the lock.
        if self.left()?.contains(&index) {
            let mut trainer = self.trainer(config, &checkpoint)?;
            observer(index, SweepEvent::Started { epochs: trainer.history().epochs.len() });
            match self.train_on(&mut trainer, index, &checkpoint, halted, observer) {
                Ok(true) => {}
                Ok(false) => return Ok(Outcome::Left),
                Err(error @ Error::NonFinite { .. }) => {
                    observer(index, SweepEvent::Failed(&error));
                    return Ok(Outcome::Failed);
                }
                Err(error) => return Err(error),
            }
            let record = Record::of(&trainer, &self.command).expect("a finished run has an epoch or more");
            self.keep(&record, task)?;
            observer(index, SweepEvent::Finished(&record));
        }
        files::remove(&checkpoint)?;
        lock.remove()?;
        Ok(Outcome::Finished)
    }

    fn keep(&self, record: &Record, task: Option<usize>) -> Result<()> {
        let path = self.records_file(task);
        if task.is_none() {
            return Records::append(path, record);
        }
        // The whole file or none: a merge that comes in between finds nothing half written to remove.
        let line = serde_json::to_string(record).expect("a record is plain data") + "\n";
        files::replace(&path, |temporary| fs::write(temporary, line))
    }

    /// A training from its checkpoint, or from its beginning.
    fn trainer(&self, config: &Config, checkpoint: &Path) -> Result<Trainer<'a>> {
        if !checkpoint.exists() {
            return Trainer::new(config.clone(), self.splits);
        }
        let found = ModelInfo::open(checkpoint)?.config;
        if found != *config {
            return Err(Error::argument(
                "checkpoint",
                format!("{}, of another training ({})", checkpoint.display(), told(&found, config)),
                "one of this plan's network: name another folder for the plan",
            ));
        }
        Trainer::resume(checkpoint, self.splits, None)
    }

    /// Whether the training came to its end.
    fn train_on(
        &self,
        trainer: &mut Trainer<'_>,
        index: usize,
        checkpoint: &Path,
        halted: &dyn Fn() -> bool,
        observer: &Observer<'_>,
    ) -> Result<bool> {
        let mut saved = Instant::now();
        while !trainer.is_finished() {
            let flow = trainer.run_epoch(&mut |progress| {
                if let Progress::Epoch { epoch, .. } = progress {
                    observer(index, SweepEvent::Epoch(epoch));
                }
                if halted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })?;
            let stopping = flow.is_break() && !trainer.is_finished();
            if stopping || (saved.elapsed() >= self.checkpoint_every && !trainer.is_finished()) {
                trainer.save(checkpoint)?;
                saved = Instant::now();
            }
            if stopping {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// What differs between what was found in a folder and the plan, with both values.
fn told(found: &impl Serialize, planned: &impl Serialize) -> String {
    let differences = differences(found, planned);
    let told: Vec<String> = differences.iter().map(|d| d.placed(["there", "in the plan"])).collect();
    told.join("; ")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Finished,
    Failed,
    Left,
}

/// A file that one process holds locked; the system lets go of it when the process dies.
struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// `None` where another process, or worker, holds it.
    fn take(path: PathBuf) -> Result<Option<Self>> {
        let file = File::create(&path).map_err(Error::io("create", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { path, _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(Error::io("lock", &path)(error)),
        }
    }

    /// Removes the file while it is still locked. Who opens the name anew finds the record.
    fn remove(self) -> Result<()> {
        files::remove(&self.path)
    }
}
