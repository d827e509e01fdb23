//! Files of JSON lines that no crash can tear: appended whole under a lock, read back with every damage named.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

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

/// A file of JSON lines, or every `.jsonl` file that lies directly in a folder, in the order of their names. `hint` says how
/// a folder without one is filled.
///
/// # Errors
/// A path that cannot be read, a folder without such a file.
pub(crate) fn files(path: &Path, hint: &str) -> Result<Vec<PathBuf>> {
    let mut files = vec![path.to_owned()];
    if fs::metadata(path).map_err(Error::io("open", path))?.is_dir() {
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

/// Appends one line to a file, creating it and its folder: one write of a whole line, then a flush to the disk, under a lock
/// on the file. A line that an earlier crash left torn is removed first; a whole one is never touched.
///
/// # Errors
/// A file that cannot be opened, locked or written.
pub(crate) fn append<T: Serialize + DeserializeOwned>(path: &Path, entry: &T) -> Result<()> {
    let mut line = serde_json::to_vec(entry).map_err(|error| Error::Format {
        path: path.to_owned(),
        expected: EXPECTED,
        reason: format!("the record cannot be written as JSON: {error}"),
    })?;
    line.push(b'\n');
    let folder = folder_of(path);
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let created = !path.exists();
    let mut file =
        OpenOptions::new().read(true).append(true).create(true).open(path).map_err(Error::io("open", path))?;
    file.lock().map_err(Error::io("lock", path))?;
    mend::<T>(&mut file).map_err(Error::io("mend the last line of", path))?;
    file.write_all(&line).and_then(|()| file.sync_all()).map_err(Error::io("write", path))?;
    if created {
        // The new name is on the disk only when its folder is.
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::io("write", folder))?;
    }
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Ends a file with a line break: removes a torn last line, and completes one that lacks nothing but its break. Every
/// writer holds the lock, so that a line without its break is never one that is still being written.
fn mend<T: DeserializeOwned>(file: &mut File) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut bytes)?;
    let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
    match &bytes[whole..] {
        [] => Ok(()),
        tail if serde_json::from_slice::<T>(tail).is_ok() => file.write_all(b"\n"),
        _ => file.set_len(whole as u64),
    }
}
