//! Files that are replaced whole or not at all, and removed whether they are there or not.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::error::{Error, Result};

/// Replaces a file by what `write` puts into a temporary one, in a folder of its own beside it: synchronised to the disk, then
/// renamed, so that a crash leaves either the old content or the new.
///
/// # Errors
/// Where the folder does not exist or is not writable, or the disk is full; the old file then stays as it was.
pub(crate) fn replace(path: &Path, write: impl FnOnce(&Path) -> io::Result<()>) -> Result<()> {
    let failed = || Error::io("write", path);
    let folder = folder_of(path);
    // A folder, because a library may write a temporary file of its own beside the one that it is told (safetensors does).
    let own = tempfile::Builder::new().prefix(&unfinished(path)).tempdir_in(folder).map_err(failed())?;
    let temporary = own.path().join("new");
    // As any new file: the library's is for its owner alone.
    let permissions = File::create(&temporary).and_then(|file| file.metadata()).map_err(failed())?.permissions();
    write(&temporary).map_err(failed())?;
    std::fs::set_permissions(&temporary, permissions).map_err(failed())?;
    File::open(&temporary).and_then(|file| file.sync_all()).map_err(failed())?;
    std::fs::rename(&temporary, path).map_err(failed())?;
    // The rename itself is on the disk once the folder is.
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed())
}

/// Removes what processes that were killed while they replaced a file have left beside it. Nobody else may be replacing it.
///
/// # Errors
/// Where its folder cannot be listed, or what is there cannot be removed.
#[cfg_attr(not(feature = "sweep"), allow(dead_code, reason = "sweeps use it"))]
pub(crate) fn remove_unfinished(path: &Path) -> Result<()> {
    let (folder, prefix) = (folder_of(path), unfinished(path));
    for entry in std::fs::read_dir(folder).map_err(Error::io("list", folder))? {
        let entry = entry.map_err(Error::io("list", folder))?;
        let is_ours = entry.file_name().to_string_lossy().starts_with(&prefix) && entry.path().is_dir();
        match is_ours.then(|| std::fs::remove_dir_all(entry.path())) {
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Error::io("remove", entry.path())(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// How the names of the temporary folders begin in which a file's successor is written: with its name, as far as a name may be
/// long.
fn unfinished(path: &Path) -> String {
    let name: String = path.file_name().unwrap_or_default().to_string_lossy().chars().take(60).collect();
    format!(".{name}-")
}

/// The folder that a file is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
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
#[cfg_attr(not(feature = "sweep"), allow(dead_code, reason = "sweeps use it"))]
pub(crate) fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", path)(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_of_a_file_goes_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        for name in [".a.safetensors-x1Y2z3", ".b.safetensors-x1Y2z3"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
            std::fs::write(folder.path().join(name).join("new"), "half").unwrap();
        }
        for name in ["a.safetensors", "notes"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        remove_unfinished(&path).unwrap();
        let mut left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [".b.safetensors-x1Y2z3", "a.safetensors", "notes"]);
    }

    #[test]
    fn a_long_name_is_replaced_as_well() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ü".repeat(120));
        replace(&path, |temporary| std::fs::write(temporary, "new")).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
