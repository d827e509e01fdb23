//! What a network that is under way has in the sweep's folder: a lock and a checkpoint, and as a single task its record. They
//! are named after the network and not after its place in the plan: a plan may be added to, and plans may share a folder.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use super::lines::{is_at, locked};
use crate::error::{Error, Result};
use crate::files;
use crate::training::Config;

/// The files of one network.
pub(super) struct UnderWay {
    pub(super) lock: PathBuf,
    pub(super) checkpoint: PathBuf,
    /// The record of a single task, until it is merged.
    pub(super) record: PathBuf,
}

impl UnderWay {
    /// Those of a plan's network, whose hidden layers have one width.
    pub(super) fn of(config: &Config, folder: &Path) -> Self {
        let name = format!("{}-{}x{}-{}", config.method, config.hidden.len(), config.hidden[0], config.seed);
        let networks = folder.join("networks");
        Self {
            lock: networks.join(format!("{name}.lock")),
            checkpoint: networks.join(format!("{name}.safetensors")),
            record: folder.join(format!("task-{name}.jsonl")),
        }
    }

    /// Removes the checkpoint, and what was killed while it wrote it or the record: the network has its record, and nobody needs
    /// them.
    pub(super) fn remove_checkpoint(&self) -> Result<()> {
        files::remove(&self.checkpoint)?;
        files::remove_unfinished(&self.checkpoint)?;
        files::remove_unfinished(&self.record)
    }
}

/// A file that one process holds locked; the system lets go of it when the process dies.
pub(super) struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// `None` where another process, or worker, holds it.
    pub(super) fn take(path: PathBuf) -> Result<Option<Self>> {
        loop {
            let file = File::create(&path).map_err(Error::io("create", &path))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(Error::io("lock", &path)(error)),
            }
            // Whoever held it may have removed the file meanwhile.
            if is_at(&file, &path).map_err(Error::io("lock", &path))? {
                return Ok(Some(Self { path, _file: file }));
            }
        }
    }

    /// As [`Self::take`], once nobody else holds it.
    pub(super) fn wait(path: PathBuf) -> Result<Self> {
        let file = locked(&path, "create", |path| File::create(path))?;
        Ok(Self { path, _file: file })
    }

    /// Removes the file while it is still locked.
    pub(super) fn remove(self) -> Result<()> {
        files::remove(&self.path)
    }
}
