//! The cells of a CSV file as text, with the lines that they are on.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use ::csv::{ErrorKind, Position, ReaderBuilder, StringRecord, Trim};

use crate::error::{Error, Result};

/// What stands for a value that is missing, in any case.
const MISSING: [&str; 6] = ["", "na", "n/a", "nan", "null", "?"];

/// A file's header and rows. No cell is missing, and every row has as many as the header.
#[derive(Debug)]
pub(super) struct Table {
    pub path: PathBuf,
    pub header: Vec<String>,
    /// Where the columns are.
    places: HashMap<String, usize>,
    rows: Vec<StringRecord>,
    /// The line that each row begins on, counted from 1.
    lines: Vec<usize>,
}

impl Table {
    /// # Errors
    /// A file that cannot be opened; one that is no table, with the line.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let remedy = "name a CSV file with a header";
        let bytes = fs::read(path).map_err(Error::unread("open", path, remedy))?;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let mut reader = ReaderBuilder::new().trim(Trim::All).delimiter(delimiter(path, bytes)).from_reader(bytes);
        let failed = |error: ::csv::Error| unfit(path, reason(&error, bytes));
        let header: Vec<String> = reader.headers().map_err(failed)?.iter().map(str::to_owned).collect();
        let rows = reader.records().collect::<Result<Vec<_>, _>>().map_err(failed)?;
        let mut lines = Lines::of(bytes);
        let lines = rows.iter().map(|row| lines.at(row.position())).collect();
        let places = places(path, &header)?;
        let table = Self { path: path.into(), header, places, rows, lines };
        if table.is_empty() {
            return Err(unfit(path, "it has no rows below its header: expected one example a line".into()));
        }
        Ok(table)
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Where a column is.
    ///
    /// # Errors
    /// It is not there: which ones are, and the nearest.
    pub(super) fn column(&self, name: &str) -> Result<usize> {
        self.places.get(name).copied().ok_or_else(|| {
            let nearest = self.header.iter().min_by_key(|other| distance(name, other)).expect("a header has columns");
            let near = if distance(name, nearest) <= 1 + name.chars().count() / 3 {
                format!("; the nearest is {nearest:?}")
            } else {
                String::new()
            };
            let expected = format!("a column of {}: {}{near}", self.path.display(), self.header.join(", "));
            Error::argument("column", format!("{name:?}"), expected)
        })
    }

    /// The cells of a column from the top.
    ///
    /// # Errors
    /// One that is missing, with its line.
    pub(super) fn cells(&self, column: usize) -> Result<Vec<&str>> {
        let cells: Vec<&str> = self.rows.iter().map(|row| &row[column]).collect();
        match cells.iter().position(|cell| MISSING.iter().any(|missing| cell.eq_ignore_ascii_case(missing))) {
            Some(row) => {
                let value = if cells[row].is_empty() { "empty".to_owned() } else { format!("{:?}", cells[row]) };
                let problem = format!("is {value}, a missing value: fill it in, or leave the row or the column out");
                Err(self.at(row, column, problem))
            }
            None => Ok(cells),
        }
    }

    /// The numbers of a column from the top.
    ///
    /// # Errors
    /// A cell that is missing or no finite number, with its line.
    pub(super) fn numbers(&self, column: usize) -> Result<Vec<f64>> {
        let number = |(row, cell): (usize, &str)| match cell.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value),
            _ => Err(self.at(row, column, format!("is {cell:?}: expected a finite number, such as -1.5 or 2e3"))),
        };
        self.cells(column)?.into_iter().enumerate().map(number).collect()
    }

    /// An error about a cell, with its line and column.
    pub(super) fn at(&self, row: usize, column: usize, problem: impl AsRef<str>) -> Error {
        let line = self.lines[row];
        unfit(&self.path, format!("line {line}, column {:?} {}", self.header[column], problem.as_ref()))
    }
}

/// Where each column is.
///
/// # Errors
/// No header; a column without a name, or with another's.
fn places(path: &Path, header: &[String]) -> Result<HashMap<String, usize>> {
    if header.is_empty() {
        return Err(unfit(path, "it is empty: expected a header with the names of the columns".into()));
    }
    if header.iter().all(|name| name.parse::<f64>().is_ok()) {
        let reason = "its first line has only numbers: put a header above it, with the names of the columns";
        return Err(unfit(path, reason.into()));
    }
    let mut places = HashMap::new();
    for (column, name) in header.iter().enumerate() {
        if name.is_empty() {
            return Err(unfit(path, format!("column {} of its header has no name: give it one", column + 1)));
        }
        if let Some(first) = places.insert(name.clone(), column) {
            let (first, second) = (first + 1, column + 1);
            let reason = format!("columns {first} and {second} are both called {name:?}: give each its own name");
            return Err(unfit(path, reason));
        }
    }
    Ok(places)
}

/// Tabs in a `.tsv`; else commas, or semicolons where the header has them and no comma.
fn delimiter(path: &Path, bytes: &[u8]) -> u8 {
    let header = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("tsv")) {
        b'\t'
    } else if header.contains(&b';') && !header.contains(&b',') {
        b';'
    } else {
        b','
    }
}

pub(super) fn unfit(path: &Path, reason: String) -> Error {
    Error::Format { path: path.into(), expected: "a table to learn from", reason }
}

fn reason(error: &::csv::Error, bytes: &[u8]) -> String {
    let line = Lines::of(bytes).at(error.position());
    match error.kind() {
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("line {line} has {len} cells: expected {expected_len}, as the header has")
        }
        ErrorKind::Utf8 { .. } => format!("line {line} is not UTF-8: save the file as UTF-8"),
        other => format!("line {line}: {other:?}"),
    }
}

/// Counts lines, empty ones too. Where a row begins, the reader has not yet passed over the ends of lines before it.
struct Lines<'a> {
    bytes: &'a [u8],
    passed: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, passed: 0, line: 1 }
    }

    /// The line of a row, which is not before the last that was asked for.
    fn at(&mut self, position: Option<&Position>) -> usize {
        let begun = position.map_or(0, |position| position.byte() as usize);
        while let Some(&byte) = self.bytes.get(self.passed) {
            let is_end = byte == b'\n' || byte == b'\r';
            if self.passed >= begun && !is_end {
                break;
            }
            self.passed += 1;
            // The two bytes of one end count once.
            self.line += usize::from(is_end && !(byte == b'\r' && self.bytes.get(self.passed) == Some(&b'\n')));
        }
        self.line
    }
}

/// How many letters are to be put in, taken out or changed to make one text of the other, whatever their case (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.chars().enumerate() {
            let least = (diagonal + usize::from(x != y)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], least);
        }
    }
    row[row.len() - 1]
}
