//! A file to be written.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::place::Place;
use super::unfinished::Unfinished;
use super::{Kind, folder_of};
use crate::error::{Error, Result};

/// A file to be written, and what may be done to a file that is there already.
///
/// A path becomes one: whatever writes a file takes either. See the [module](crate::files) for the rule.
#[derive(Debug, Clone)]
pub struct Output {
    path: PathBuf,
    force: bool,
    makes_folder: bool,
}

impl<P: AsRef<Path>> From<P> for Output {
    fn from(path: P) -> Self {
        Self { path: path.as_ref().to_owned(), force: false, makes_folder: false }
    }
}

impl From<&Output> for Output {
    fn from(output: &Output) -> Self {
        output.clone()
    }
}

impl Output {
    /// Whether a file that Vardrop did not write, or wrote for another purpose, may be replaced or added to.
    #[must_use]
    pub fn force(self, force: bool) -> Self {
        Self { force, ..self }
    }

    /// Whether its folder is made where it is missing.
    #[must_use]
    pub(crate) fn makes_folder(self, makes_folder: bool) -> Self {
        Self { makes_folder, ..self }
    }

    /// The path, as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn is_forced(&self) -> bool {
        self.force
    }

    /// Finds out before the work whether the file can be written after it. It is not touched, and none is made.
    pub(super) fn try_out(&self, kind: Kind) -> Result<()> {
        let Place::File(file, old) = self.place()? else { return self.check_stream(kind) };
        let failed = || Error::io("write", &self.path);
        if old.is_some() {
            // Opened for appending, and nothing is appended: that changes no byte.
            OpenOptions::new().append(true).open(&file).map_err(failed())?;
        }
        self.check(kind, &file, old.as_ref())?;
        let mut place = &*file;
        while self.makes_folder && !folder_of(place).exists() {
            place = folder_of(place);
        }
        Unfinished::beside(place).map_err(|error| self.no_folder(error))?;
        Ok(())
    }

    /// Replaces the file by what `write` puts into a temporary one, or writes that to a device or pipe.
    ///
    /// # Errors
    /// Where the folder does not exist or is not writable, or the disk is full, or a file is there that is not to be replaced; it
    /// then stays as it was.
    pub(crate) fn replace(&self, kind: Kind, write: impl FnOnce(&Path) -> io::Result<()>) -> Result<()> {
        let failed = || Error::io("write", &self.path);
        if self.makes_folder {
            let folder = folder_of(&self.path);
            fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        }
        let Place::File(file, old) = self.place()? else {
            self.check_stream(kind)?;
            let own = Unfinished::beside(&std::env::temp_dir().join("stream")).map_err(failed())?;
            write(&own.path()).map_err(failed())?;
            let mut stream = OpenOptions::new().write(true).open(&self.path).map_err(failed())?;
            let mut new = File::open(own.path()).map_err(failed())?;
            return io::copy(&mut new, &mut stream).map(drop).map_err(failed());
        };
        self.check(kind, &file, old.as_ref())?;
        let new = Unfinished::beside(&file).map_err(|error| self.no_folder(error))?;
        put(&new, &file, old.as_ref(), write).map_err(failed())
    }

    pub(super) fn place(&self) -> Result<Place> {
        Place::of(&self.path).map_err(Error::io("write", &self.path))
    }

    /// What is read again is in a file.
    pub(super) fn check_stream(&self, kind: Kind) -> Result<()> {
        if kind == Kind::Checkpoint {
            let error = io::Error::new(ErrorKind::InvalidInput, "it is a device or a pipe; name a file");
            return Err(Error::io("write", &self.path)(error));
        }
        Ok(())
    }

    /// Refuses to replace a file that is not of the same kind as its successor.
    fn check(&self, kind: Kind, file: &Path, old: Option<&Metadata>) -> Result<()> {
        if self.force || old.is_none_or(|old| old.len() == 0) || kind == Kind::Download {
            return Ok(());
        }
        match Kind::of(file)? {
            Some(found) if found == kind => Ok(()),
            Some(found) => Err(self.occupied(format!("{}, and {} does not replace it", found.name(), kind.name()))),
            None => {
                Err(self.occupied(format!("not a file that Vardrop wrote, and {} does not replace it", kind.name())))
            }
        }
    }

    pub(super) fn occupied(&self, found: String) -> Error {
        Error::Occupied { path: self.path.clone(), found }
    }

    fn no_folder(&self, error: io::Error) -> Error {
        let folder = folder_of(&self.path);
        if error.kind() == ErrorKind::NotFound && !folder.exists() {
            return Error::unread("write", &self.path, "make its folder first, or name another")(error);
        }
        Error::io("write", &self.path)(error)
    }
}

/// Puts the successor in a file's place: written, with the old one's permissions, on the disk, and only then renamed.
pub(super) fn put(
    new: &Unfinished,
    file: &Path,
    old: Option<&Metadata>,
    write: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<()> {
    let path = new.path();
    // A new file has the permissions of any: a library's temporary file is for its owner alone.
    let permissions = match old {
        Some(old) => old.permissions(),
        None => File::create(&path)?.metadata()?.permissions(),
    };
    write(&path)?;
    #[cfg(unix)]
    if let Some(old) = old {
        use std::os::unix::fs::{MetadataExt, lchown};
        // Where that is not permitted it belongs to who has written it.
        let _ = lchown(&path, Some(old.uid()), Some(old.gid()));
    }
    fs::set_permissions(&path, permissions)?;
    File::open(&path)?.sync_all()?;
    fs::rename(&path, file)?;
    // The rename itself is on the disk once the folder is.
    if cfg!(unix) { File::open(folder_of(file))?.sync_all() } else { Ok(()) }
}
