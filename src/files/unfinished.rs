//! A file's successor while it is written: in a folder of its own beside the file, locked for as long as somebody writes it.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{ErrorKind, Result};
use std::path::{Path, PathBuf};

use super::folder_of;
use super::lock::is_at;

/// What follows the file's name in that of the folder; 16 hexadecimal digits end it.
const MARK: &str = ".vardrop-unfinished-";
const DIGITS: usize = 16;

/// The folder of one successor. It is removed with this value, or by [`remove_unfinished`] where the process was killed.
#[derive(Debug)]
pub(super) struct Unfinished {
    folder: PathBuf,
    /// `None` where the file system has no locks: then nobody else removes it.
    _lock: Option<File>,
}

impl Unfinished {
    /// Makes one beside a file that is there or not, and removes what killed processes left there.
    ///
    /// # Errors
    /// Where its folder is not there or not writable.
    pub(super) fn beside(file: &Path) -> Result<Self> {
        remove_unfinished(folder_of(file));
        // As far as a name may be long: 255 bytes, of which a character has four at most.
        let name: String = file.file_name().unwrap_or_default().to_string_lossy().chars().take(50).collect();
        loop {
            let random = RandomState::new().build_hasher().finish();
            let folder = folder_of(file).join(format!(".{name}{MARK}{random:0DIGITS$x}"));
            // Nobody but the owner looks into it: the file that is replaced may be private.
            #[cfg_attr(not(unix), expect(unused_mut, reason = "elsewhere folders have no mode"))]
            let mut builder = DirBuilder::new();
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            match builder.create(&folder) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                made => made?,
            }
            match lock(&folder, true) {
                Ok(Some(lock)) => return Ok(Self { folder, _lock: Some(lock) }),
                // Somebody cleans up here and took it for abandoned, in the moment before it was locked.
                Ok(None) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) if error.kind() == ErrorKind::Unsupported => return Ok(Self { folder, _lock: None }),
                Err(error) => {
                    let _ = fs::remove_dir_all(&folder);
                    return Err(error);
                }
            }
        }
    }

    /// Where the successor is written.
    pub(super) fn path(&self) -> PathBuf {
        self.folder.join("new")
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The lock of a successor's folder, `None` where another has it. Only who made the folder makes the lock's file: so nobody
/// removes what is made meanwhile.
fn lock(folder: &Path, make: bool) -> Result<Option<File>> {
    let path = folder.join("lock");
    let file = OpenOptions::new().write(true).create_new(make).open(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(is_at(&file, &path)?.then_some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(std::io::Error::new(ErrorKind::Unsupported, error)),
    }
}

/// Removes the successors in a folder that nobody writes any more, as far as that is permitted: a killed process holds no lock.
pub(crate) fn remove_unfinished(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_folder = || entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !is_unfinished(&entry.file_name()) || !is_folder() {
            continue;
        }
        match lock(&entry.path(), false) {
            Ok(Some(_lock)) => drop(fs::remove_dir_all(entry.path())),
            // As long as it is empty nobody has begun to write in it.
            Err(error) if error.kind() == ErrorKind::NotFound => drop(fs::remove_dir(entry.path())),
            _ => {}
        }
    }
}

fn is_unfinished(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let digits = name.strip_prefix('.').and_then(|name| Some(name.rsplit_once(MARK)?.1));
    digits.is_some_and(|digits| digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn what_a_killed_process_left_goes_and_neither_what_is_written_nor_what_is_a_users() {
        let folder = tempfile::tempdir().unwrap();
        let abandoned = [format!(".a{MARK}0123456789abcdef"), format!(".b{MARK}00000000000000ff")];
        for name in &abandoned {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        for file in ["new", "lock"] {
            fs::write(folder.path().join(&abandoned[0]).join(file), "half").unwrap();
        }
        let users = [".a-x1Y2z3", &format!(".a{MARK}x1Y2z3"), &format!("a{MARK}0123456789abcdef"), "a"];
        for name in users {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let file = format!(".c{MARK}0123456789abcdef");
        fs::write(folder.path().join(&file), "a user's").unwrap();
        let written = Unfinished::beside(&folder.path().join("b")).unwrap();
        let here = written.folder.file_name().unwrap().to_str().unwrap().to_owned();
        let mut expected: Vec<&str> = users.to_vec();
        expected.extend([&*here, &*file]);
        expected.sort_unstable();
        assert_eq!(names(folder.path()), expected);
        drop(written);
        assert!(!names(folder.path()).contains(&here));
    }

    #[test]
    fn many_writers_and_cleaners_at_once_do_not_disturb_each_other() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let path = folder.path().join(format!("{writer}"));
                scope.spawn(move || {
                    for _ in 0..50 {
                        let new = Unfinished::beside(&path).unwrap();
                        fs::write(new.path(), "whole").unwrap();
                        std::thread::yield_now();
                        fs::rename(new.path(), &path).unwrap();
                    }
                });
            }
        });
        assert_eq!(names(folder.path()), ["0", "1", "2", "3"]);
    }

    #[test]
    fn a_long_name_is_no_hindrance() {
        let folder = tempfile::tempdir().unwrap();
        Unfinished::beside(&folder.path().join("𝛼".repeat(60))).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
