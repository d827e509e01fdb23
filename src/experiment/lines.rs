//! Files of JSON lines that no crash can tear: each line is added under a lock by replacing the file, and all are read back with
//! every damage named.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::files;

const EXPECTED: &str = "a file of records";

/// The last line of a file, cut off by a crash in the middle of a write. The whole lines before it are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TornLine {
    /// The file.
    pub path: PathBuf,
    /// The line's number, counted from 1.
    pub line: usize,
    /// Its length in bytes.
    pub bytes: usize,
}

/// A file of JSON lines, or every `.jsonl` file that lies directly in a folder, in the order of their names. `hint` says where
/// such files come from.
///
/// # Errors
/// A path that cannot be read, a folder without such a file.
pub(crate) fn files(path: &Path, hint: &str) -> Result<Vec<PathBuf>> {
    let mut files = vec![path.to_owned()];
    let remedy = format!("expected a file of records or a folder of them: {hint}");
    if fs::metadata(path).map_err(Error::unread("open", path, &remedy))?.is_dir() {
        let entries = fs::read_dir(path).map_err(Error::io("list", path))?;
        let paths: std::io::Result<Vec<PathBuf>> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
        files = paths.map_err(Error::io("list", path))?;
        files.retain(|file| file.extension().is_some_and(|extension| extension == "jsonl"));
        files.sort();
    }
    if files.is_empty() {
        return Err(Error::Format {
            path: path.to_owned(),
            expected: "a folder of records",
            reason: format!("it holds no .jsonl file; {hint}"),
        });
    }
    Ok(files)
}

/// The lines of a file, and its last one where a crash tore it.
///
/// # Errors
/// A file that cannot be read, or a line that is no `T`: the error has its number.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<(Vec<T>, Option<TornLine>)> {
    let bytes = fs::read(path).map_err(Error::io("read", path))?;
    let mut entries = Vec::new();
    for (index, line) in bytes.split_inclusive(|&byte| byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        match serde_json::from_slice(line) {
            Ok(entry) => entries.push(entry),
            Err(error) if is_torn(line, &error) => {
                return Ok((entries, Some(TornLine { path: path.to_owned(), line: index + 1, bytes: line.len() })));
            }
            Err(error) => return Err(no_record(path, index + 1, &error)),
        }
    }
    Ok((entries, None))
}

/// Whether a crash cut the line off: it lacks its line break, with which it is written, and ends in the middle of its JSON. What is
/// whole, or never was JSON, is not ours to pass over.
fn is_torn(line: &[u8], error: &serde_json::Error) -> bool {
    line.starts_with(b"{") && !line.ends_with(b"\n") && error.is_eof()
}

fn no_record(path: &Path, line: usize, error: &serde_json::Error) -> Error {
    let text = error.to_string();
    // The error counts lines within the line.
    let what = text.rsplit_once(" at line ").map_or(&*text, |(what, _)| what);
    let remedy = "correct the line, or name another file if this one holds something else";
    let reason = format!("line {line}, column {}: {what}; {remedy}", error.column());
    Error::Format { path: path.to_owned(), expected: EXPECTED, reason }
}

/// Makes sure that a file is there and can be written, before the work and not after it: creates it, empty, and its folder
/// where they are missing.
///
/// # Errors
/// A file that cannot be created or written, or that [`append`] would not touch.
pub(crate) fn prepare<T: DeserializeOwned>(path: &Path) -> Result<()> {
    let mut file = created(path)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(Error::io("read", path))?;
    mend::<T>(path, &mut bytes)?;
    // A line is added by replacing the file, which a link may lead to.
    let path = fs::canonicalize(path).map_err(Error::io("open", path))?;
    let folder = files::folder_of(&path);
    let remedy = "expected a folder that can be written, where the records are to be: name a file in another";
    tempfile::tempfile_in(folder).map_err(Error::unread("write into", folder, remedy))?;
    Ok(())
}

fn created(path: &Path) -> Result<File> {
    let folder = files::folder_of(path);
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let no_records =
        || Error::unread("open", path, "expected a file for the records that can be written: name another");
    let file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(no_records())?;
    // A device or a pipe would be replaced by a file, and may have no end to read to.
    if !file.metadata().map_err(no_records())?.is_file() {
        return Err(no_records()(ErrorKind::InvalidInput.into()));
    }
    Ok(file)
}

/// Appends one line to a file, creating it and its folder. A file with the line takes the old one's place, so that a process that is
/// killed at any moment leaves the one or the other: the kernel may cut a plain write off in the middle of a line. A line that a
/// crash of an earlier version left torn goes; a whole one is never touched.
///
/// # Errors
/// A file that cannot be opened, locked or written, or whose last line is neither whole nor torn; it then stays as it was.
pub(crate) fn append<T: Serialize + DeserializeOwned>(path: &Path, entry: &T) -> Result<()> {
    let mut line = serde_json::to_vec(entry).map_err(|error| Error::Format {
        path: path.to_owned(),
        expected: EXPECTED,
        reason: format!("the record cannot be written as JSON: {error}"),
    })?;
    line.push(b'\n');
    created(path)?;
    let failed = || Error::io("write", path);
    // A link stays one: the file that it leads to is replaced.
    let path = &fs::canonicalize(path).map_err(Error::io("open", path))?;
    let mut file = lock(path)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(Error::io("read", path))?;
    mend::<T>(path, &mut bytes)?;
    bytes.extend(line);
    let permissions = file.metadata().map_err(failed())?.permissions();
    let new = unfinished(path);
    let written = File::create(&new)
        .and_then(|mut new| {
            new.write_all(&bytes).and_then(|()| new.set_permissions(permissions)).and_then(|()| new.sync_all())
        })
        .and_then(|()| fs::rename(&new, path));
    if let Err(error) = written {
        // What there is of it only takes the room that it lacked.
        let _ = fs::remove_file(&new);
        return Err(failed()(error));
    }
    // The new name is on the disk only when its folder is.
    let folder = files::folder_of(path);
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::io("write", folder))
}

/// Removes what a process that was killed while it appended has left beside the file.
///
/// # Errors
/// A file that cannot be opened, locked or removed.
#[cfg_attr(not(feature = "sweep"), allow(dead_code, reason = "sweeps use it"))]
pub(crate) fn sweep_up(path: &Path) -> Result<()> {
    let path = &fs::canonicalize(path).map_err(Error::io("open", path))?;
    let _lock = lock(path)?;
    files::remove(&unfinished(path))
}

/// Where the file's successor is written: one name, because its writers have the lock.
fn unfinished(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.new"))
}

fn lock(path: &Path) -> Result<File> {
    locked(path, "open", |path| File::open(path))
}

/// A file, locked. Who waits for the lock may get it on a file that has been replaced or removed meanwhile, and tries again.
pub(super) fn locked(path: &Path, action: &'static str, open: impl Fn(&Path) -> std::io::Result<File>) -> Result<File> {
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
pub(super) fn is_at(file: &File, path: &Path) -> std::io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let held = file.metadata()?;
    match fs::metadata(path) {
        Ok(there) => Ok((held.dev(), held.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Elsewhere a file that is open is not replaced.
#[cfg(not(unix))]
pub(super) fn is_at(_: &File, _: &Path) -> std::io::Result<bool> {
    Ok(true)
}

/// Ends the lines with a line break: removes a torn last one, and completes one that lacks nothing but its break.
fn mend<T: DeserializeOwned>(path: &Path, bytes: &mut Vec<u8>) -> Result<()> {
    let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
    let tail = &bytes[whole..];
    if tail.trim_ascii().is_empty() {
        bytes.truncate(whole);
        return Ok(());
    }
    match serde_json::from_slice::<T>(tail) {
        Ok(_) => bytes.push(b'\n'),
        Err(error) if is_torn(tail, &error) => bytes.truncate(whole),
        Err(error) => {
            let line = bytes.iter().filter(|&&byte| byte == b'\n').count() + 1;
            return Err(no_record(path, line, &error));
        }
    }
    Ok(())
}
