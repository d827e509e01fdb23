//! Files of JSON lines that no crash can tear: each line is added under a lock by replacing the file, and all are read back with
//! every damage named.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
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
            // Every record is written together with its line break: without one, the write was cut off.
            Err(_) if !line.ends_with(b"\n") => {
                return Ok((entries, Some(TornLine { path: path.to_owned(), line: index + 1, bytes: line.len() })));
            }
            Err(error) => {
                return Err(Error::Format {
                    path: path.to_owned(),
                    expected: EXPECTED,
                    reason: format!("line {}: {error}; correct the line or remove it", index + 1),
                });
            }
        }
    }
    Ok((entries, None))
}

/// Makes sure that a file is there and can be written, before the work and not after it: creates it, empty, and its folder
/// where they are missing.
///
/// # Errors
/// A file that cannot be created or written.
pub(crate) fn prepare(path: &Path) -> Result<()> {
    let folder = folder_of(path);
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    OpenOptions::new().read(true).append(true).create(true).open(path).map_err(Error::io("open", path))?;
    Ok(())
}

/// Appends one line to a file, creating it and its folder. A file with the line takes the old one's place, so that a process that is
/// killed at any moment leaves the one or the other: the kernel may cut a plain write off in the middle of a line. A line that a
/// crash of an earlier version left torn goes; a whole one is never touched.
///
/// # Errors
/// A file that cannot be opened, locked or written; it then stays as it was.
pub(crate) fn append<T: Serialize + DeserializeOwned>(path: &Path, entry: &T) -> Result<()> {
    let mut line = serde_json::to_vec(entry).map_err(|error| Error::Format {
        path: path.to_owned(),
        expected: EXPECTED,
        reason: format!("the record cannot be written as JSON: {error}"),
    })?;
    line.push(b'\n');
    prepare(path)?;
    let failed = || Error::io("write", path);
    // A link stays one: the file that it leads to is replaced.
    let path = &fs::canonicalize(path).map_err(Error::io("open", path))?;
    let mut file = lock(path)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(Error::io("read", path))?;
    mend::<T>(&mut bytes);
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
    let folder = folder_of(path);
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::io("write", folder))
}

/// Removes what a process that was killed while it appended has left beside the file.
///
/// # Errors
/// A file that cannot be opened, locked or removed.
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

/// The file, locked. Who waits for the lock may get it on a file that has been replaced meanwhile, and tries again.
fn lock(path: &Path) -> Result<File> {
    loop {
        let file = File::open(path).map_err(Error::io("open", path))?;
        file.lock().map_err(Error::io("lock", path))?;
        if is_at(&file, path).map_err(Error::io("lock", path))? {
            return Ok(file);
        }
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> std::io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let (held, there) = (file.metadata()?, fs::metadata(path)?);
    Ok((held.dev(), held.ino()) == (there.dev(), there.ino()))
}

/// Elsewhere a file that is open is not replaced.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> std::io::Result<bool> {
    Ok(true)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Ends the lines with a line break: removes a torn last one, and completes one that lacks nothing but its break.
fn mend<T: DeserializeOwned>(bytes: &mut Vec<u8>) {
    let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
    match &bytes[whole..] {
        [] => {}
        tail if serde_json::from_slice::<T>(tail).is_ok() => bytes.push(b'\n'),
        _ => bytes.truncate(whole),
    }
}
