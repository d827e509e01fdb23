//! Tables: rows of a CSV file as a data set.
//!
//! A file has a header, one example a line, and one column or more to predict ([`CsvOptions::target`], by default the last). Columns of
//! numbers are features as they are. Columns of text are categories: each becomes one feature for each category, in the order of their
//! names, 1 where a row has it and 0 elsewhere. A target of text is a class, one of numbers a real value, unless
//! [`CsvOptions::kind`] says it. What was made of the columns is a [`Recipe`], which reads other files in the same way: columns in
//! another order, or without the target.
//!
//! ```
//! use vardrop::data::csv::CsvOptions;
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("houses.csv");
//!
//! let rows: Vec<String> = (0..10).map(|i| format!("{},{},{}", 40 + 7 * i, ["north", "south"][i % 2], 100 * i)).collect();
//! std::fs::write(&path, format!("area,side,price\n{}", rows.join("\n"))).unwrap();
//!
//! let splits = CsvOptions::default().target(["price"]).open(&path, 2, None)?.standardised()?;
//! assert_eq!((splits.train.len(), splits.validation.len(), splits.test.len()), (6, 2, 2));
//! assert_eq!(splits.recipe().unwrap().feature_names(), ["area", "side=north", "side=south"]);
//!
//! // Kept with a model, it prepares what is to be predicted.
//! let recipe = splits.recipe().unwrap();
//! std::fs::write(&path, "side,area\nnorth,75\n").unwrap();
//! assert_eq!(recipe.features(&path)?.dim(), (1, 3));
//! # Ok::<(), vardrop::Error>(())
//! ```

mod learn;
mod reader;
mod recipe;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use recipe::{Column, Recipe, TargetColumns};

use super::{Splits, Validation};
use crate::error::Result;

/// What a target column is made into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    /// Classes: one for each text or whole number that the column has.
    Classes,
    /// Real values.
    Values,
}

/// Which rows are the test set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TestPart {
    /// A share of the rows, of each class in its proportion, drawn by a seed: the same ones on every machine.
    Share {
        /// From 0 to 1, exclusive.
        fraction: f64,
        /// Which rows.
        seed: u64,
    },
    /// All rows of another file with the same columns.
    File(PathBuf),
}

impl Default for TestPart {
    /// A fifth.
    fn default() -> Self {
        Self::Share { fraction: 0.2, seed: 1 }
    }
}

/// How a CSV file becomes a data set. The default predicts the last column, and tests on a fifth of the rows.
///
/// A file whose name ends in `.tsv` is separated by tabs, any other by commas, or by semicolons where its header has no comma.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CsvOptions {
    /// The columns to predict; none is the last one. Several are real values.
    pub target: Vec<String>,
    /// What the target is made into; `None` makes text into classes and numbers into real values.
    pub kind: Option<TargetKind>,
    /// Columns of numbers that are categories, such as codes.
    pub categorical: Vec<String>,
    /// Columns that are left out, such as names and numbers of rows.
    pub ignored: Vec<String>,
    /// Which rows are the test set.
    pub test: TestPart,
}

impl CsvOptions {
    /// Predicts these columns.
    pub fn target<S: Into<String>>(mut self, columns: impl IntoIterator<Item = S>) -> Self {
        self.target = columns.into_iter().map(Into::into).collect();
        self
    }

    /// Makes the target into classes, or into real values.
    pub fn kind(mut self, kind: TargetKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Makes these columns of numbers into categories.
    pub fn categorical<S: Into<String>>(mut self, columns: impl IntoIterator<Item = S>) -> Self {
        self.categorical = columns.into_iter().map(Into::into).collect();
        self
    }

    /// Leaves these columns out.
    pub fn ignored<S: Into<String>>(mut self, columns: impl IntoIterator<Item = S>) -> Self {
        self.ignored = columns.into_iter().map(Into::into).collect();
        self
    }

    /// Tests on a share of the rows, drawn by `seed`.
    pub fn test_share(mut self, fraction: f64, seed: u64) -> Self {
        self.test = TestPart::Share { fraction, seed };
        self
    }

    /// Tests on the rows of another file.
    pub fn test_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.test = TestPart::File(path.into());
        self
    }

    /// Reads the file and holds `held_out` training rows out for validation, which are drawn where `validation` does not say it. Numbers
    /// are as they stand in the file: [`Splits::standardised`] is the next step.
    ///
    /// # Errors
    /// A file that cannot be opened, or is no table: what is wrong, with its line and column, and what to do. A column that is not
    /// there, with the nearest that is.
    pub fn open(&self, path: impl AsRef<Path>, held_out: usize, validation: Option<Validation>) -> Result<Splits> {
        let table = reader::Table::read(path.as_ref())?;
        let recipe = learn::recipe(self, &table)?;
        recipe.splits(&table, held_out, validation)
    }
}
