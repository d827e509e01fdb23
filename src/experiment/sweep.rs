//! A sweep: the networks of a plan, trained by independent workers, one network each at a time. It can be killed at any
//! moment and continues where it stopped.
//!
//! Each finished run has a file of its own in the sweep's folder, and reading the folder joins them: no process writes where
//! another does. A network that is under way has a checkpoint and a lock in `networks/`: of several processes that sweep one
//! folder, one alone trains it. A run counts as finished when its record is on the disk; its checkpoint goes after that. So
//! whatever moment a process dies at, no record is lost, and none is written twice. Other plans, and other files, may be in the
//! folder too: what is not of the plan's networks is not touched.

use std::collections::VecDeque;
use std::fs;
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::under_way::{Lock, UnderWay};
use super::{Record, Records, SweepPlan};
use crate::data::Splits;
use crate::error::{Error, Result};
use crate::files::{self, Output};
use crate::provenance::Machine;
use crate::training::{Config, Difference, Epoch, MODEL_REMEDY, ModelInfo, Progress, Trainer, differences};

/// What a sweep tells of its progress, of the network with that index in the plan.
#[derive(Debug, Clone, Copy)]
pub enum SweepEvent<'a> {
    /// Its training begins, or goes on after so many epochs.
    Started {
        /// Epochs that a checkpoint has.
        epochs: usize,
        /// The machines that have trained it, where they are more than this one: its numbers agree with those of one machine to rounding.
        moved: Option<&'a Machine>,
    },
    /// An epoch has ended.
    Epoch(&'a Epoch),
    /// It is trained, and its record is on the disk.
    Finished(&'a Record),
    /// It is trained, and its record cannot be written: the sweep ends with the error.
    Unrecorded(&'a Record),
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
///
/// ```
/// use std::sync::atomic::AtomicBool;
/// use vardrop::data::{Splits, synthetic};
/// use vardrop::experiment::{Sweep, SweepEvent, SweepPlan};
///
/// let plan: SweepPlan = r#"
///     [protocol]
///     epochs = 2
///     batch_size = 20
///     held_out = 100
///     [[grid]]
///     methods = ["none", "gaussian-a"]
///     widths = [8]
///     seeds = [1, 2]
/// "#.parse()?;
/// let splits = Splits::hold_out(synthetic(300, 1), synthetic(100, 2), 100)?;
/// # let out = tempfile::tempdir().unwrap();
/// # let out = out.path().join("out");
/// let mut sweep = Sweep::new(&plan, &splits, &out)?;
/// sweep.jobs = 2;
/// let tell = |network: usize, event: SweepEvent<'_>| {
///     if let SweepEvent::Finished(record) = event {
///         println!("{network}: {} has a test error of {:.1} %", record.method, record.best.test_error_percent);
///     }
/// };
/// let end = sweep.run(&AtomicBool::new(false), &tell)?; // true, from another thread, stops it; run again, it goes on
/// assert_eq!((end.finished, sweep.records()?.len()), (4, 4));
/// # sweep.jobs = 0;
/// # let error = sweep.run(&AtomicBool::new(false), &tell).unwrap_err().to_string();
/// # assert!(error.contains("jobs") && error.contains("1 or more"), "{error}");
/// # Ok::<(), vardrop::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Sweep<'a> {
    pub(super) plan: &'a SweepPlan,
    pub(super) splits: &'a Splits,
    /// The plan's, with the validation set that they have.
    pub(super) networks: Vec<Config>,
    pub(super) folder: PathBuf,
    /// Networks at a time.
    pub jobs: usize,
    /// How long a checkpoint is good for; it is written at the end of an epoch.
    pub checkpoint_every: Duration,
    /// The command line, for the records.
    pub command: String,
    /// Whether a checkpoint that is damaged, or of another training, gives way to a training from the beginning.
    pub force: bool,
}

/// Told of each event with the network's index, from any worker.
pub(super) type Observer<'a> = dyn Fn(usize, SweepEvent<'_>) + Sync + 'a;

impl<'a> Sweep<'a> {
    /// A sweep into `folder`, which is made where it is not there.
    ///
    /// # Errors
    /// A minibatch of more examples than there are; a folder that cannot be made or written; records in it of the plan's networks
    /// that were trained in another way than the plan says, or on other data.
    pub fn new(plan: &'a SweepPlan, splits: &'a Splits, folder: impl Into<PathBuf>) -> Result<Self> {
        let validation = splits.held_out_by();
        if let Some(planned) =
            plan.validation().filter(|&planned| planned != validation && !splits.validation.is_empty())
        {
            let expected = format!("{planned}, as the plan says: open the data with it");
            return Err(Error::argument("validation", validation, expected));
        }
        let mut networks = plan.networks_for(splits)?;
        for config in &mut networks {
            config.protocol.validation = validation;
            config.check_for(&splits.train)?;
        }
        let folder = folder.into();
        let under_way = folder.join("networks");
        let remedy = "expected a folder for the records that can be written: name another, or change its permissions";
        fs::create_dir_all(&under_way).map_err(Error::unread("create", &under_way, remedy))?;
        let checkpoint_every = Duration::from_secs(20);
        let sweep =
            Self { plan, splits, networks, folder, jobs: 1, checkpoint_every, command: String::new(), force: false };
        let records = sweep.records()?;
        for index in 0..sweep.networks.len() {
            sweep.check(index, &records)?;
        }
        Ok(sweep)
    }

    /// Refuses records of network `index` that was trained in another way than the plan says.
    fn check(&self, index: usize, records: &Records) -> Result<()> {
        let config = &self.networks[index];
        let same_network = |record: &&Record| {
            record.method == config.method && record.hidden == config.hidden && record.seed == config.seed
        };
        match records.iter().find(|record| same_network(record) && !self.is_of(record, config)) {
            Some(record) => Err(self.another_protocol(index, record)),
            None => Ok(()),
        }
    }

    /// What is wrong with a record of network `index`: it was trained in another way than the plan says.
    fn another_protocol(&self, index: usize, record: &Record) -> Error {
        let (train, config) = (&self.splits.train, &self.networks[index]);
        let (there, planned) = (&record.protocol_hash, config.protocol.hash());
        let data = self.splits.identity();
        let how = match *there == planned {
            true => "on other data".to_owned(),
            false => format!("by another protocol, {there} and not the plan's {planned}"),
        };
        let differing = told(&record.key().differences(&config.key(data, train.len())));
        let network = format!("{} {:?}, seed {}", record.method, record.hidden, record.seed);
        // What a plan without a preset meant before there were presets.
        let older = match self.plan.names_presets() || record.preset.is_some() {
            true => "",
            false => ", or write preset = \"first\" into [protocol] if the plan was made for an earlier version",
        };
        Error::argument(
            "folder of the sweep",
            format!("{}, where network {index} ({network}) was trained {how} ({differing})", self.folder.display()),
            match (record.data() == data, record.protocol.validation == config.protocol.validation) {
                (false, _) => "only records of the plan's data: name the data of these records in the plan, or another folder for the plan"
                    .to_owned(),
                (true, false) if self.plan.validation().is_none() => format!(
                    "only records of this plan: write validation = \"{}\" under its [protocol], or name another folder for the plan{older}",
                    record.protocol.validation
                ),
                _ => format!("only records of this plan: name another folder for the plan{older}"),
            },
        )
    }

    /// The files that it may write: of each network its record, and what it has while it is under way.
    pub fn files(&self) -> Vec<PathBuf> {
        let files = self.networks.iter().map(|config| UnderWay::of(config, &self.folder));
        files.flat_map(|UnderWay { lock, checkpoint, record }| [lock, checkpoint, record]).collect()
    }

    /// The plan's networks, and which images are held out of the data for them.
    pub fn networks(&self) -> &[Config] {
        &self.networks
    }

    /// The records in the folder so far.
    ///
    /// # Errors
    /// A file that cannot be read, or a line that is no record.
    pub fn records(&self) -> Result<Records> {
        Records::read(&files::in_folder(&self.folder)?)
    }

    /// The machines of the records so far and this one, where they are more than one: networks from two of them agree with those of one
    /// to rounding, and not bit for bit.
    ///
    /// # Errors
    /// As [`Self::records`].
    pub fn mixture(&self) -> Result<Option<String>> {
        let (records, here) = (self.records()?, Machine::here());
        Ok(Machine::mixture(records.iter().map(|record| &record.provenance.machine).chain([&here])))
    }

    /// The plan's networks that have no record, by index.
    ///
    /// # Errors
    /// As [`Self::records`].
    pub fn left(&self) -> Result<Vec<usize>> {
        let records = self.records()?;
        let networks = self.networks.iter().enumerate();
        Ok(networks.filter(|(_, c)| !records.iter().any(|r| self.is_of(r, c))).map(|(index, _)| index).collect())
    }

    /// Trains every network that has no record, one grid of the plan after the other and the largest of each first, on
    /// [`Self::jobs`] workers; `stop` has each of them write a checkpoint at its next step and return.
    ///
    /// # Errors
    /// No worker, or more than the system has threads for; a record or checkpoint that cannot be written, after which the other
    /// workers stop too. Whatever had its record keeps it.
    pub fn run(&self, stop: &AtomicBool, observer: &Observer<'_>) -> Result<SweepEnd> {
        if self.jobs == 0 {
            return Err(Error::argument("jobs", 0, "1 or more"));
        }
        let mut left = self.left()?;
        // Before another network is trained on other data than those that are under way. What is damaged fails by itself.
        for &index in left.iter().filter(|_| !self.force) {
            let config = &self.networks[index];
            let checkpoint = UnderWay::of(config, &self.folder).checkpoint;
            if let Err(error @ Error::Argument { .. }) = self.checkpoint_of(config, &checkpoint) {
                return Err(error);
            }
        }
        self.plan.in_order_of_training(&mut left);
        let count = left.len();
        let mut end = SweepEnd { finished: self.networks.len() - count, ..SweepEnd::default() };
        let queue = Mutex::new(VecDeque::from(left));
        let halt = AtomicBool::new(false);
        let halted = || stop.load(Ordering::SeqCst) || halt.load(Ordering::SeqCst);
        let outcomes = Mutex::new(Vec::new());
        let work = || {
            let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            while let Some(index) = (!halted()).then(next).flatten() {
                let outcome = self.train(index, &halted, observer);
                if outcome.is_err() {
                    halt.store(true, Ordering::SeqCst);
                }
                outcomes.lock().unwrap_or_else(PoisonError::into_inner).push(outcome);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..self.jobs.min(count) {
                let spawned = std::thread::Builder::new().spawn_scoped(scope, work);
                if let Err(error) = spawned {
                    halt.store(true, Ordering::SeqCst);
                    return Err(self.too_many_jobs(&error));
                }
            }
            Ok(())
        })?;
        end.left = queue.into_inner().unwrap_or_else(PoisonError::into_inner).len();
        for outcome in outcomes.into_inner().unwrap_or_else(PoisonError::into_inner) {
            match outcome? {
                Outcome::Finished => end.finished += 1,
                Outcome::Failed => end.failed += 1,
                Outcome::Left => end.left += 1,
            }
        }
        self.sweep_up()?;
        Ok(end)
    }

    pub(super) fn too_many_jobs(&self, error: &std::io::Error) -> Error {
        Error::argument("jobs", self.jobs, format!("as many as threads can be started here ({error})"))
    }

    /// Removes what processes that were killed left of networks that have their record: nobody needs a checkpoint of them, and who
    /// takes a lock sees the record.
    pub(super) fn sweep_up(&self) -> Result<()> {
        let left = self.left()?;
        for (_, config) in self.networks.iter().enumerate().filter(|(index, _)| !left.contains(index)) {
            let files = UnderWay::of(config, &self.folder);
            files.remove_checkpoint()?;
            files::remove(&files.lock)?;
        }
        files::remove_unfinished(&self.folder);
        files::remove_unfinished(&self.folder.join("networks"));
        Ok(())
    }

    fn is_of(&self, record: &Record, config: &Config) -> bool {
        record.key() == config.key(self.splits.identity(), self.splits.train.len())
    }

    pub(super) fn train(&self, index: usize, halted: &dyn Fn() -> bool, observer: &Observer<'_>) -> Result<Outcome> {
        let config = &self.networks[index];
        let files = UnderWay::of(config, &self.folder);
        let Some(lock) = Lock::take(files.lock.clone())? else {
            observer(index, SweepEvent::Elsewhere);
            return Ok(Outcome::Left);
        };
        // Another process may have finished it between the reading of the records and the lock, by this plan or another.
        let records = if files.record.exists() { Records::open(&files.record)? } else { Records::default() };
        self.check(index, &records)?;
        if !records.iter().any(|record| self.is_of(record, config)) {
            let mut trainer = match self.trainer(config, &files.checkpoint) {
                // Of this network alone: the others go on.
                Err(error @ Error::Format { .. }) => {
                    observer(index, SweepEvent::Failed(&error));
                    return Ok(Outcome::Failed);
                }
                trainer => trainer?,
            };
            let epochs = trainer.history().epochs.len();
            let moved = Some(trainer.machine()).filter(|machine| machine.differs(&Machine::here()));
            observer(index, SweepEvent::Started { epochs, moved });
            match self.train_on(&mut trainer, index, &files.checkpoint, halted, observer) {
                Ok(true) => {}
                Ok(false) => return Ok(Outcome::Left),
                Err(error @ Error::NonFinite { .. }) => {
                    observer(index, SweepEvent::Failed(&error));
                    return Ok(Outcome::Failed);
                }
                Err(error) => return Err(error),
            }
            let record = Record::of(&trainer, &self.command).expect("a finished run has an epoch or more");
            if let Err(error) = Records::append(&files.record, &record) {
                observer(index, SweepEvent::Unrecorded(&record));
                return Err(error);
            }
            observer(index, SweepEvent::Finished(&record));
        }
        files.remove_checkpoint()?;
        lock.remove()?;
        Ok(Outcome::Finished)
    }

    /// A training from its checkpoint, or from its beginning.
    fn trainer(&self, config: &Config, checkpoint: &Path) -> Result<Trainer<'a>> {
        let resumed = match self.checkpoint_of(config, checkpoint) {
            Ok(Some(_)) => Trainer::resume(checkpoint, self.splits, None).map_err(damaged).map(Some),
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        match resumed {
            Ok(Some(trainer)) => Ok(trainer),
            Err(error) if !(self.force && matches!(error, Error::Format { .. } | Error::Argument { .. })) => Err(error),
            _ => Trainer::new(config.clone(), self.splits),
        }
    }

    /// What the checkpoint of a network says of it; `None` where there is none.
    pub(super) fn checkpoint_of(&self, config: &Config, checkpoint: &Path) -> Result<Option<ModelInfo>> {
        let info = match ModelInfo::open(checkpoint) {
            Err(Error::Io { source, .. }) if source.kind() == ErrorKind::NotFound => return Ok(None),
            info => info.map_err(damaged)?,
        };
        if info.config != *config {
            return Err(Error::argument(
                "checkpoint",
                format!("{}, of another training ({})", checkpoint.display(), told(&differences(&info.config, config))),
                "one of this plan's network: name another folder for the plan, or use --force to train it from its beginning",
            ));
        }
        let name_it = "name it as `data` in the plan, or another folder for the plan";
        info.data().check(self.splits.identity(), checkpoint, name_it)?;
        Ok(Some(info))
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
                trainer.save(Output::from(checkpoint).force(self.force))?;
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
fn told(differences: &[Difference]) -> String {
    let told: Vec<String> = differences.iter().map(|d| d.placed(["there", "in the plan"])).collect();
    told.join("; ")
}

/// What a checkpoint that cannot be read, or is none any more (the sweep writes none that is not whole), says to do; any other
/// error as it is.
fn damaged(error: Error) -> Error {
    let (path, reason) = match error {
        Error::Format { path, reason, .. } => {
            let reason = reason.strip_suffix(&format!("; {MODEL_REMEDY}")).unwrap_or(&reason).to_owned();
            (path, reason)
        }
        Error::Io { path, source, .. } => (path, source.kind().to_string()),
        other => return other,
    };
    let reason = format!("{reason}; remove it, and the network is trained from its beginning (--force does both)");
    Error::Format { path, expected: "a checkpoint to go on from", reason }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Finished,
    Failed,
    Left,
}
