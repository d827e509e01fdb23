//! Files of JSON lines that no crash can tear: each line is added under a lock by replacing the file, and all are read back with
//! every damage named.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::output::{Output, put};
use super::place::Place;
use super::unfinished::Unfinished;
use super::{Kind, folder_of, locked};
use crate::error::{Error, Result};
use crate::json::to_json;

const EXPECTED: &str = "a file of records";

/// What is kept as one JSON line in a file of its kind.
pub trait Line: Serialize + DeserializeOwned {
    /// What its file is.
    const KIND: Kind;
}

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

/// A file of JSON lines, or those that lie directly in a folder. `hint` says where such files come from.
///
/// # Errors
/// A path that cannot be read, a folder without such a file.
pub(crate) fn files(path: &Path, hint: &str) -> Result<Vec<PathBuf>> {
    let remedy = format!("expected a file of records or a folder of them: {hint}");
    let is_folder = fs::metadata(path).map_err(Error::unread("open", path, &remedy))?.is_dir();
    let files = if is_folder { in_folder(path)? } else { vec![path.to_owned()] };
    if files.is_empty() {
        return Err(Error::Format {
            path: path.to_owned(),
            expected: "a folder of records",
            reason: format!("it holds no .jsonl file; {hint}"),
        });
    }
    Ok(files)
}

/// Every `.jsonl` file that lies directly in a folder, in the order of their names.
///
/// # Errors
/// A folder that cannot be read; a device, a pipe or a folder of such a name.
pub(crate) fn in_folder(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(Error::io("list", folder))?;
    let paths: io::Result<Vec<PathBuf>> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut files = paths.map_err(Error::io("list", folder))?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    // A pipe would be waited for without end.
    match files.iter().find(|file| fs::metadata(file).is_ok_and(|there| !there.is_file())) {
        Some(odd) => {
            let remedy = "expected a file of records: remove it, or name another folder";
            Err(Error::unread("open", odd, remedy)(io::ErrorKind::InvalidInput.into()))
        }
        None => Ok(files),
    }
}

/// The lines of a file, and its last one where a crash tore it.
///
/// # Errors
/// A file that cannot be read, or a line that is no `T`: the error has its number.
pub(crate) fn read<T: Line>(path: &Path) -> Result<(Vec<T>, Option<TornLine>)> {
    let mut entries = Vec::new();
    let torn = each(path, |number, line| match serde_json::from_slice(line) {
        Ok(entry) => {
            entries.push(entry);
            Ok(())
        }
        Err(error) => {
            let remedy = "correct the line, or name another file if this one holds something else";
            let reason = format!("{}; {remedy}", what_is_wrong::<T>(number, line, &error));
            Err(Error::Format { path: path.to_owned(), expected: EXPECTED, reason })
        }
    })?;
    Ok((entries, torn))
}

/// The lines of a file or of the files of a folder ([`files`]), in their order, and those that a crash tore.
///
/// # Errors
/// As [`files`] and [`read`].
pub(crate) fn read_all<T: Line>(path: &Path, hint: &str) -> Result<(Vec<T>, Vec<TornLine>)> {
    let (mut entries, mut torn) = (Vec::new(), Vec::new());
    for file in files(path, hint)? {
        let (own, cut) = read(&file)?;
        entries.extend(own);
        torn.extend(cut);
    }
    Ok((entries, torn))
}

/// Gives `see` each line that is not empty, with its number; returns the last one where a crash tore it.
fn each(path: &Path, mut see: impl FnMut(usize, &[u8]) -> Result<()>) -> Result<Option<TornLine>> {
    let mut file = BufReader::new(File::open(path).map_err(Error::io("read", path))?);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if file.read_until(b'\n', &mut line).map_err(Error::io("read", path))? == 0 {
            break;
        }
        if is_torn(&line) {
            return Ok(Some(TornLine { path: path.to_owned(), line: number, bytes: line.len() }));
        }
        if !line.trim_ascii().is_empty() {
            see(number, &line)?;
        }
    }
    Ok(None)
}

/// Whether a crash cut the line off: it lacks its line break, with which it is written, and ends in the middle of its JSON. What is
/// whole, or never was JSON, is not ours to pass over.
fn is_torn(line: &[u8]) -> bool {
    // Not `IgnoredAny`, to which half a number is no number, and not the end.
    let json = || serde_json::from_slice::<serde_json::Value>(line);
    line.starts_with(b"{") && !line.ends_with(b"\n") && json().is_err_and(|error| error.is_eof())
}

fn what_is_wrong<T: Line>(number: usize, line: &[u8], error: &serde_json::Error) -> String {
    if let Some(other) = Kind::of_line(line).filter(|&kind| kind != T::KIND) {
        return format!("line {number} is a {}, not a {}", other.line(), T::KIND.line());
    }
    let text = error.to_string();
    // The error counts lines within the line.
    let what = text.rsplit_once(" at line ").map_or(&*text, |(what, _)| what);
    format!("line {number}, column {}: {what}", error.column())
}

/// Refuses a file with a line that is no `T`, unless that is forced.
pub(super) fn check<T: Line>(output: &Output) -> Result<()> {
    match output.place()? {
        Place::File(file, Some(_)) if !output.is_forced() => {
            each(&file, |number, line| belongs::<T>(output, number, line)).map(drop)
        }
        _ => Ok(()),
    }
}

fn belongs<T: Line>(output: &Output, number: usize, line: &[u8]) -> Result<()> {
    match serde_json::from_slice::<T>(line) {
        Ok(_) => Ok(()),
        Err(error) => {
            let wrong = what_is_wrong::<T>(number, line, &error);
            Err(output.occupied(match Kind::of_line(line).filter(|&kind| kind != T::KIND) {
                Some(other) => format!("{} (line {number}): no {} is added to it", other.name(), T::KIND.line()),
                None => format!("not {EXPECTED}: {wrong}; no {} is added to it", T::KIND.line()),
            }))
        }
    }
}

/// An entry as one line, with its line break.
///
/// # Errors
/// An entry that [`read`] would refuse, such as one with a number that is not finite: it would make the whole file unreadable.
pub(crate) fn line<T: Line>(path: &Path, entry: &T) -> Result<String> {
    let unreadable = |reason: String| {
        let reason = format!("{reason}; the record is left out, and the file stays as it was");
        Error::io("write", path)(io::Error::new(io::ErrorKind::InvalidData, reason))
    };
    let line = to_json(entry).map_err(|error| unreadable(error.to_string()))?;
    serde_json::from_str::<T>(&line).map_err(|error| unreadable(format!("it would not be read back ({error})")))?;
    Ok(line + "\n")
}

/// Appends one line to a file, creating it and its folder. A file with the line takes the old one's place, so that a process that is
/// killed at any moment leaves the one or the other: the kernel may cut a plain write off in the middle of a line. A line that a
/// crash left torn goes; a whole one is never touched.
///
/// # Errors
/// A file that cannot be opened, locked or written, or whose first or last line is neither a `T` nor torn, unless that is forced;
/// a line that would not be read back. The file then stays as it was.
pub(crate) fn append<T: Line>(output: &Output, entry: &T) -> Result<()> {
    let failed = || Error::io("write", output.path());
    let line = line(output.path(), entry)?;
    let Place::File(path, _) = output.place()? else {
        let stream = OpenOptions::new().write(true).open(output.path());
        return stream.and_then(|mut stream| stream.write_all(line.as_bytes())).map_err(failed());
    };
    let folder = folder_of(&path);
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let open = |path: &Path| OpenOptions::new().read(true).append(true).create(true).open(path);
    let mut old = locked(&path, "write", open)?;
    let metadata = old.metadata().map_err(failed())?;
    if !output.is_forced() {
        let mut first = Vec::new();
        BufReader::new(&old).read_until(b'\n', &mut first).map_err(failed())?;
        if !first.trim_ascii().is_empty() && !is_torn(&first) {
            belongs::<T>(output, 1, &first)?;
        }
    }
    let tail = last_line(&mut old, metadata.len()).map_err(failed())?;
    let mut kept = metadata.len();
    if is_torn(&tail) || tail.trim_ascii().is_empty() {
        kept -= tail.len() as u64;
    } else if !output.is_forced() {
        old.seek(SeekFrom::Start(0)).map_err(failed())?;
        belongs::<T>(output, BufReader::new(&old).split(b'\n').count(), &tail)?;
    }
    let copy = |new: &Path| {
        let mut new = OpenOptions::new().write(true).create(true).truncate(true).open(new)?;
        old.seek(SeekFrom::Start(0))?;
        io::copy(&mut Read::by_ref(&mut old).take(kept), &mut new)?;
        if kept == metadata.len() && !tail.is_empty() {
            new.write_all(b"\n")?;
        }
        new.write_all(line.as_bytes())
    };
    let new = Unfinished::beside(&path).map_err(failed())?;
    put(&new, &path, Some(&metadata), copy).map_err(failed())
}

/// What follows a file's last line break.
fn last_line(file: &mut File, length: u64) -> io::Result<Vec<u8>> {
    const BLOCK: u64 = 1 << 16;
    let mut tail: Vec<u8> = Vec::new();
    let mut end = length;
    while end > 0 {
        let start = end.saturating_sub(BLOCK);
        let mut block = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        Read::by_ref(file).take(end - start).read_to_end(&mut block)?;
        let at = block.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        block.extend(tail);
        tail = block.split_off(at);
        if at > 0 {
            break;
        }
        end = start;
    }
    Ok(tail)
}
