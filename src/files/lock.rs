//! Locks on files that may be replaced or removed while somebody waits for them.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use crate::error::{Error, Result};

/// A file, locked. Who waits for the lock may get it on a file that has been replaced or removed meanwhile, and tries again.
pub(crate) fn locked(path: &Path, action: &'static str, open: impl Fn(&Path) -> io::Result<File>) -> Result<File> {
    loop {
        let file = open(path).map_err(Error::io(action, path))?;
        file.lock().map_err(Error::io("lock", path))?;
        if is_at(&file, path).map_err(Error::io("lock", path))? {
            return Ok(file);
        }
    }
}

/// Whether a path still leads to a file that is open: it may have been replaced or removed.
#[cfg(unix)]
pub(crate) fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let held = file.metadata()?;
    match fs::metadata(path) {
        Ok(there) => Ok((held.dev(), held.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Elsewhere a file that is open is not replaced.
#[cfg(not(unix))]
pub(crate) fn is_at(_: &File, path: &Path) -> io::Result<bool> {
    fs::exists(path)
}
