//! Where a path leads: to a file, which is replaced, or to a device or pipe, which is written to.

use std::fs::{self, Metadata};
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};

use super::folder_of;

/// Links that are followed before they are taken for a circle, as many as Linux follows.
const LINKS: usize = 40;

/// What a path leads to.
#[derive(Debug)]
pub(super) enum Place {
    /// A file, or the place of one that is not there yet, with every link followed.
    File(PathBuf, Option<Metadata>),
    /// A device or a pipe.
    Stream,
}

impl Place {
    /// Where a path leads.
    ///
    /// # Errors
    /// A folder, a socket, a disk or a path without a file name; a link that leads in a circle, or into a folder that cannot be read.
    pub(super) fn of(path: &Path) -> Result<Self> {
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if path.as_os_str().as_encoded_bytes().last().is_some_and(|&last| std::path::is_separator(last.into()))
                {
                    return Err(refused("it is the name of a folder; name a file in it"));
                }
                return Ok(Self::File(resolved(path)?, None));
            }
            Err(error) => return Err(error),
        };
        if metadata.is_dir() {
            return Err(refused("it is a directory; name a file in it"));
        }
        if metadata.is_file() {
            return Ok(Self::File(resolved(path)?, Some(metadata)));
        }
        if is_stream(&metadata) { Ok(Self::Stream) } else { Err(refused("it is a socket or a disk; name a file")) }
    }
}

/// What makes two names one file: the file itself or, before it exists, its folder and its name in that folder. A stream is nobody's
/// own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Identity {
    #[cfg(unix)]
    Inode(u64, u64),
    Path(PathBuf),
}

impl Identity {
    /// Of a file that is there, or could be. `None` for anything else.
    pub(super) fn of(path: &Path) -> Option<Self> {
        match Place::of(path).ok()? {
            #[cfg(unix)]
            Place::File(_, Some(metadata)) => Some(Self::of_open(&metadata)),
            Place::File(path, _) => Some(Self::Path(path)),
            Place::Stream => None,
        }
    }

    #[cfg(unix)]
    pub(super) fn of_open(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self::Inode(metadata.dev(), metadata.ino())
    }
}

/// The path with every link followed, the last one also where it leads to nothing, and with a folder that is there or not.
fn resolved(path: &Path) -> Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        let folder = canonical(folder_of(&path))?;
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_symlink() => {
                // /dev/stdout, /dev/fd/3: who holds the file open would go on with the one that is replaced.
                if folder.starts_with("/proc") {
                    return Err(refused("it is a file that is open already; name the file itself"));
                }
                path = folder.join(fs::read_link(&path)?);
            }
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {
                let name = path.file_name().ok_or_else(|| refused("it does not name a file"))?;
                return Ok(folder.join(name));
            }
        }
    }
    Err(refused("it is a link that leads back to itself"))
}

fn canonical(folder: &Path) -> Result<PathBuf> {
    match fs::canonicalize(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => match folder.file_name() {
            Some(name) => Ok(canonical(folder_of(folder))?.join(name)),
            None => Err(error),
        },
        canonical => canonical,
    }
}

#[cfg(unix)]
fn is_stream(metadata: &Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    metadata.file_type().is_char_device() || metadata.file_type().is_fifo()
}

#[cfg(not(unix))]
fn is_stream(_: &Metadata) -> bool {
    true
}

fn refused(reason: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, reason)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn one_file_has_one_identity_under_every_name() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("a")).unwrap();
        symlink(at("a"), at("b")).unwrap();
        for there in [false, true] {
            if there {
                fs::write(at("a/x"), "").unwrap();
                fs::hard_link(at("a/x"), at("hard")).unwrap();
                assert_eq!(Identity::of(&at("hard")), Identity::of(&at("a/x")));
            } else {
                symlink("a/x", at("soft")).unwrap();
            }
            for name in ["a/./x", "b/x", "a/../b/x", "soft"] {
                assert_eq!(Identity::of(&at(name)), Identity::of(&at("a/x")), "{name}");
            }
            assert_ne!(Identity::of(&at("a/y")), Identity::of(&at("a/x")));
        }
        // Under folders that are not there either.
        assert_eq!(Identity::of(&at("b/new/x")), Identity::of(&at("a/new/x")));
    }

    #[test]
    fn what_is_no_place_for_a_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        symlink("circle", folder.path().join("circle")).unwrap();
        for name in ["", "circle", "new/", "."] {
            assert!(Place::of(&folder.path().join(name)).is_err(), "{name}");
        }
        assert!(Place::of(Path::new("")).is_err());
        assert!(matches!(Place::of(Path::new("/dev/null")), Ok(Place::Stream)));
    }
}
