//! Files that are replaced whole or not at all, and removed whether they are there or not.

use std::io;
use std::path::Path;

use crate::error::{Error, Result};

/// Replaces a file by what `write` puts into a temporary one beside it: synchronised to the disk, then renamed, so that a
/// crash leaves either the old content or the new.
///
/// # Errors
/// Where the folder does not exist or is not writable, or the disk is full; the old file then stays as it was.
pub(crate) fn replace(path: &Path, write: impl FnOnce(&Path) -> io::Result<()>) -> Result<()> {
    let failed = || Error::io("write", path);
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".vardrop-");
    // As any new file: a temporary one would be for its owner alone.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let temporary = builder.tempfile_in(folder).map_err(failed())?;
    let permissions = temporary.as_file().metadata().map_err(failed())?.permissions();
    write(temporary.path()).map_err(failed())?;
    // A library may have put another file in the temporary one's place (safetensors does), for its owner alone.
    std::fs::set_permissions(temporary.path(), permissions).map_err(failed())?;
    std::fs::File::open(temporary.path()).and_then(|file| file.sync_all()).map_err(failed())?;
    temporary.persist(path).map_err(|error| failed()(error.error))?;
    // The rename itself is on the disk once the folder is.
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed())
}

/// The bytes of a model's file, of whichever format.
///
/// # Errors
/// Where it cannot be read: the error says how to come by one.
pub(crate) fn read_model(path: &Path) -> Result<Vec<u8>> {
    let remedy = "expected a model's file: `vardrop train --save FILE` writes one";
    std::fs::read(path).map_err(Error::unread("read", path, remedy))
}

/// Removes a file, which may be gone already.
///
/// # Errors
/// Where it is there and cannot be removed.
pub(crate) fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", path)(error)),
        _ => Ok(()),
    }
}
