//! The records of finished runs, as JSON lines in a file or a folder: appended whole, read back with every damage named.

use std::path::{Path, PathBuf};

use super::Record;
use super::summary::{Summary, summarize};
use crate::error::Result;
use crate::files::{self, Output, TornLine};
use crate::provenance::insert_latest;

/// Records in the order in which they were read.
///
/// Where two of them are the same run (method, hidden widths, seed, data and protocol alike), the one that finished last
/// takes the other's place: a repeated run is no second sample.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Records {
    entries: Vec<Record>,
    superseded: usize,
    torn: Vec<TornLine>,
}

impl Records {
    /// Reads a file of JSON lines, or every `.jsonl` file that lies directly in a folder, in the order of their names.
    ///
    /// # Errors
    /// A path that cannot be read, a folder without such a file, or a line that is no record: the error has its number.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let hint = "`vardrop sweep PLAN.toml --out DIR` writes one, and so does `vardrop train --record FILE.jsonl`";
        Self::read(&files::files(path.as_ref(), hint)?)
    }

    /// The records of these files, joined.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(super) fn read(files: &[PathBuf]) -> Result<Self> {
        let mut records = Self::default();
        for file in files {
            let (entries, torn) = files::read(file)?;
            entries.into_iter().for_each(|record| records.insert(record));
            records.torn.extend(torn);
        }
        Ok(records)
    }

    /// Adds a record; the one that finished last stands for equal runs.
    pub fn insert(&mut self, record: Record) {
        let is_known = insert_latest(&mut self.entries, record, |record| &record.provenance, Record::is_same_run);
        self.superseded += usize::from(is_known);
    }

    /// Appends one record to a file, creating it and its folder, under a lock on the file. A process that is killed at any moment leaves
    /// the file with the whole record or as it was. A line that a crash left torn goes; a whole one is never touched.
    ///
    /// # Errors
    /// A file that cannot be opened, locked or written, or that holds something else; it then stays as it was.
    pub fn append(to: impl Into<Output>, record: &Record) -> Result<()> {
        files::append(&to.into(), record)
    }

    /// The records.
    pub fn iter(&self) -> std::slice::Iter<'_, Record> {
        self.entries.iter()
    }

    /// The number of runs.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many records gave way to a later one of the same run.
    pub fn superseded(&self) -> usize {
        self.superseded
    }

    /// Last lines that a crash cut off.
    pub fn torn(&self) -> &[TornLine] {
        &self.torn
    }

    /// The records that a condition holds for.
    pub fn filter(&self, condition: impl FnMut(&&Record) -> bool) -> Self {
        Self { entries: self.iter().filter(condition).cloned().collect(), superseded: 0, torn: Vec::new() }
    }

    /// Test errors by method and hidden widths, in the order of the paper's legend, then by width. Runs of another
    /// protocol or other data are a group of their own, never averaged together.
    pub fn summaries(&self) -> Vec<Summary> {
        summarize(&self.entries)
    }
}

impl FromIterator<Record> for Records {
    fn from_iter<I: IntoIterator<Item = Record>>(records: I) -> Self {
        let mut all = Self::default();
        records.into_iter().for_each(|record| all.insert(record));
        all
    }
}

impl<'a> IntoIterator for &'a Records {
    type Item = &'a Record;
    type IntoIter = std::slice::Iter<'a, Record>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::record;
    use std::fs;

    use super::*;
    use crate::method::Method;

    fn path(folder: &tempfile::TempDir) -> PathBuf {
        folder.path().join("deep/records.jsonl")
    }

    #[test]
    fn what_is_appended_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let written = [record(Method::None, 100, 1, 1.5), record(Method::VariationalB, 250, 2, 1.1)];
        for record in &written {
            Records::append(path(&folder), record).unwrap();
        }
        let read = Records::open(path(&folder)).unwrap();
        assert_eq!(read.iter().cloned().collect::<Vec<_>>(), written);
        assert_eq!(Records::open(path(&folder).parent().unwrap()).unwrap(), read);
        assert!(read.torn().is_empty());
    }

    #[test]
    fn a_torn_last_line_is_told_then_removed_by_the_next_append_and_no_whole_line_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(&folder);
        Records::append(&path, &record(Method::None, 100, 1, 1.5)).unwrap();
        let whole = fs::read(&path).unwrap();
        for cut in 1..whole.len() - 1 {
            let torn: Vec<u8> = [&whole[..], &whole[..cut]].concat();
            fs::write(&path, &torn).unwrap();
            let read = Records::open(&path).unwrap();
            assert_eq!((read.len(), read.torn()), (1, &[TornLine { path: path.clone(), line: 2, bytes: cut }][..]));
        }
        Records::append(&path, &record(Method::None, 100, 2, 1.6)).unwrap();
        let read = Records::open(&path).unwrap();
        assert_eq!((read.len(), read.torn().len()), (2, 0));
    }

    #[test]
    fn a_last_line_that_lacks_only_its_break_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(&folder);
        Records::append(&path, &record(Method::None, 100, 1, 1.5)).unwrap();
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert_eq!(Records::open(&path).unwrap().len(), 1);
        Records::append(&path, &record(Method::None, 100, 2, 1.6)).unwrap();
        assert_eq!(Records::open(&path).unwrap().len(), 2);
    }

    #[test]
    fn writers_at_once_lose_no_record_and_what_a_killed_one_left_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(&folder);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let abandoned = path.with_file_name(".records.jsonl.vardrop-unfinished-0123456789abcdef");
        fs::create_dir(&abandoned).unwrap();
        fs::write(abandoned.join("lock"), "").unwrap();
        fs::write(abandoned.join("new"), "{\"meth").unwrap();
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let path = &path;
                scope.spawn(move || {
                    for number in 0..10 {
                        Records::append(path, &record(Method::None, 100, 10 * writer + number, 1.5)).unwrap();
                    }
                });
            }
        });
        assert_eq!(Records::open(&path).unwrap().len(), 80);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "the records alone");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_the_records_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        Records::append(path(&folder), &record(Method::None, 100, 1, 1.5)).unwrap();
        let link = folder.path().join("link.jsonl");
        std::os::unix::fs::symlink(path(&folder), &link).unwrap();
        Records::append(&link, &record(Method::None, 100, 2, 1.5)).unwrap();
        assert_eq!(Records::open(path(&folder)).unwrap().len(), 2);
        assert!(link.symlink_metadata().unwrap().is_symlink());
    }

    #[test]
    fn a_malformed_line_is_an_error_with_its_file_and_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(&folder);
        Records::append(&path, &record(Method::None, 100, 1, 1.5)).unwrap();
        let line = fs::read_to_string(&path).unwrap();
        for bad in ["{}", "not json", "{\"method\": \"dropout\"}"] {
            fs::write(&path, format!("{line}\n{bad}\n{line}")).unwrap();
            let message = Records::open(&path).unwrap_err().to_string();
            assert!(message.contains("records.jsonl") && message.contains("line 3"), "{message}");
        }
    }

    #[test]
    fn a_folder_without_records_and_a_missing_one_are_errors_that_name_it() {
        let folder = tempfile::tempdir().unwrap();
        let message = Records::open(folder.path()).unwrap_err().to_string();
        assert!(message.contains("no .jsonl file"), "{message}");
        let message = Records::open(folder.path().join("nowhere")).unwrap_err().to_string();
        assert!(message.contains("nowhere"), "{message}");
    }

    #[test]
    fn of_two_records_of_the_same_run_the_one_that_finished_last_stands() {
        let mut later = record(Method::Binary, 100, 1, 2.0);
        later.provenance.finished = "2026-02-01T00:00:00Z".to_owned();
        let earlier = record(Method::Binary, 100, 1, 9.0);
        for order in [[&earlier, &later], [&later, &earlier]] {
            let records: Records = order.into_iter().cloned().collect();
            assert_eq!((records.len(), records.superseded()), (1, 1));
            assert_eq!(records.iter().next().unwrap().best.test_error_percent, 2.0);
        }
        let mut other = earlier.clone();
        other.protocol.epochs += 1;
        assert_eq!(Records::from_iter([earlier, other]).len(), 2);
    }
}
