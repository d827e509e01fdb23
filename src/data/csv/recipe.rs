//! What was made of a table's columns, and the same again for another file.

use std::path::Path;
use std::sync::Arc;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::TestPart;
use super::reader::Table;
use crate::data::validation::drawn_last;
use crate::data::{Dataset, Splits, Standardisation, Validation};
use crate::error::{Error, Result, check_memory};

/// How a table became a data set: kept with a model, it reads the same table again, or prepares another one for predictions. Columns
/// are found by their names, whatever their order, and others are passed over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// The columns that a network reads, in its order.
    pub columns: Vec<Column>,
    /// What is predicted.
    pub target: TargetColumns,
    /// Which rows are the test set.
    pub test: TestPart,
    /// What features and real targets are standardised by, where they are.
    pub standardisation: Option<Standardisation>,
}

/// A column that a network reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name in the header.
    pub name: String,
    /// The categories, each a feature of its own; `None` of a column of numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub categories: Option<Vec<String>>,
}

/// What is predicted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum TargetColumns {
    /// The class that a column names.
    Classes {
        /// The column's name.
        name: String,
        /// The texts of the classes, in their order.
        classes: Vec<String>,
    },
    /// The numbers of one column or more.
    Values {
        /// The columns' names.
        names: Vec<String>,
    },
}

impl Recipe {
    /// The names of the features that a network reads: `area`, and `side=north` of a category.
    pub fn feature_names(&self) -> Vec<String> {
        let names = |column: &Column| match &column.categories {
            None => vec![column.name.clone()],
            Some(categories) => categories.iter().map(|category| format!("{}={category}", column.name)).collect(),
        };
        self.columns.iter().flat_map(names).collect()
    }

    /// The file as it was split when the recipe was made, standardised if the recipe is.
    ///
    /// # Errors
    /// As [`CsvOptions::open`](super::CsvOptions::open); a category or class that the recipe does not know, with its line and column.
    pub fn open(&self, path: impl AsRef<Path>, held_out: usize, validation: Option<Validation>) -> Result<Splits> {
        let raw = Self { standardisation: None, ..self.clone() };
        let splits = raw.splits(&Table::read(path.as_ref())?, held_out, validation)?;
        match &self.standardisation {
            Some(by) => splits.standardised_by(by),
            None => Ok(splits),
        }
    }

    /// All rows of a file with their targets, standardised if the recipe is.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn dataset(&self, path: impl AsRef<Path>) -> Result<Dataset> {
        let table = Table::read(path.as_ref())?;
        let dataset = self.encoded(&table, &table.path)?;
        match &self.standardisation {
            Some(by) => by.apply(&dataset),
            None => Ok(dataset),
        }
    }

    /// The features of all rows of a file, rows × features, standardised if the recipe is. It needs no targets.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn features(&self, path: impl AsRef<Path>) -> Result<Array2<f64>> {
        let mut features = self.encoded_features(&Table::read(path.as_ref())?)?;
        let scales = self.standardisation.iter().flat_map(|by| &by.features);
        for (mut column, scale) in features.columns_mut().into_iter().zip(scales) {
            column.mapv_inplace(|value| scale.apply(value));
        }
        Ok(features)
    }

    /// The parts of a table, not standardised.
    pub(super) fn splits(&self, table: &Table, held_out: usize, validation: Option<Validation>) -> Result<Splits> {
        let all = self.encoded(table, &table.path)?;
        let (train, test) = match &self.test {
            TestPart::File(path) => (all, self.encoded(&Table::read(path)?, &table.path)?),
            &TestPart::Share { fraction, seed } => {
                let count = (fraction * all.len() as f64).round();
                if !(count >= 1.0 && count < all.len() as f64) {
                    let expected =
                        format!("a share of the {} rows that leaves some for training, such as 0.2", all.len());
                    return Err(Error::argument("share of the test", fraction, expected));
                }
                let order = drawn_last(&all.classes_or_one(), count as usize, seed);
                let (train, test) = order.split_at(all.len() - count as usize);
                (all.in_order(train), all.in_order(test))
            }
        };
        Splits::of_table(train, test, held_out, validation, Arc::new(self.clone()))
    }

    /// `path` is what the data set is called.
    fn encoded(&self, table: &Table, path: &Path) -> Result<Dataset> {
        let (name, features) = (path.display().to_string(), self.encoded_features(table)?);
        match &self.target {
            TargetColumns::Classes { name: column, classes } => {
                let labels = known(table, column, classes, "class")?;
                Dataset::classification(name, features, labels, classes.len())?.with_target_names(classes)
            }
            TargetColumns::Values { names } => {
                let mut values = Array2::zeros((table.len(), names.len()));
                for (name, mut column) in names.iter().zip(values.columns_mut()) {
                    column.assign(&ndarray::Array1::from(table.numbers(table.column(name)?)?));
                }
                Dataset::regression(name, features, values)?.with_target_names(names)
            }
        }
    }

    fn encoded_features(&self, table: &Table) -> Result<Array2<f64>> {
        let width = self.columns.iter().map(|column| column.categories.as_ref().map_or(1, Vec::len)).sum();
        check_memory::<f64>("number of features", width, table.len().saturating_mul(width))?;
        let mut features = Array2::zeros((table.len(), width));
        let mut first = 0;
        for Column { name, categories } in &self.columns {
            let Some(categories) = categories else {
                features.column_mut(first).assign(&ndarray::Array1::from(table.numbers(table.column(name)?)?));
                first += 1;
                continue;
            };
            for (row, category) in known(table, name, categories, "category")?.into_iter().enumerate() {
                features[(row, first + category)] = 1.0;
            }
            first += categories.len();
        }
        Ok(features)
    }
}

/// The number of each cell's category.
///
/// # Errors
/// A cell that is not in the list, with its line.
fn known(table: &Table, name: &str, categories: &[String], what: &str) -> Result<Vec<usize>> {
    let column = table.column(name)?;
    let places: std::collections::HashMap<&str, usize> =
        categories.iter().enumerate().map(|(place, category)| (category.as_str(), place)).collect();
    let place = |(row, cell): (usize, &str)| {
        places.get(cell).copied().ok_or_else(|| {
            let shown: Vec<&str> = categories.iter().take(10).map(String::as_str).collect();
            let more = if categories.len() > 10 { ", …" } else { "" };
            let problem = format!(
                "is {cell:?}, a {what} that the training data does not have ({}{more}): correct it, leave the row out, or train on \
                 data that has it",
                shown.join(", ")
            );
            table.at(row, column, problem)
        })
    };
    table.cells(column)?.into_iter().enumerate().map(place).collect()
}
