//! What a network has in the sweep's folder: a lock and a checkpoint while it is under way, and its record. They are named after
//! the network and not after its place in the plan: a plan may be added to, and plans may share a folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::files::{self, is_at};
use crate::training::Config;

/// The files of one network.
pub(super) struct UnderWay {
    pub(super) lock: PathBuf,
    pub(super) checkpoint: PathBuf,
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
            record: folder.join(format!("{name}.jsonl")),
        }
    }

    /// Removes the checkpoint: the network has its record, and nobody needs it.
    pub(super) fn remove_checkpoint(&self) -> Result<()> {
        files::remove(&self.checkpoint)
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
            let file = open(&path).map_err(Error::io("create", &path))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(Error::io("lock", &path)(error)),
            }
            // Whoever held it may have removed the file meanwhile.
            if is_at(&file, &path).map_err(Error::io("lock", &path))? {
                return Ok(Some(Self::empty(path, file)?));
            }
        }
    }

    /// A lock has no content: what has some is somebody's file, and stays.
    fn empty(path: PathBuf, file: File) -> Result<Self> {
        match file.metadata().map_err(Error::io("lock", &path))?.len() {
            0 => Ok(Self { path, _file: file }),
            _ => Err(Error::Occupied { path, found: "no lock of a sweep's, for it has content".to_owned() }),
        }
    }

    /// Removes the file while it is still locked.
    pub(super) fn remove(self) -> Result<()> {
        files::remove(&self.path)
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).open(path)
}
