//! What is made of the columns of a table.

use std::collections::BTreeSet;

use super::reader::{Table, unfit};
use super::recipe::{Column, Recipe, TargetColumns};
use super::{CsvOptions, TargetKind};
use crate::error::{Error, Result};

/// The most categories of a column, and the most classes: a column with more is likely to hold names or row numbers.
const MOST_CATEGORIES: usize = 1000;

/// # Errors
/// A column that is not there, or that nothing can be learned from.
pub(super) fn recipe(options: &CsvOptions, table: &Table) -> Result<Recipe> {
    let places = |names: &[String]| names.iter().map(|name| table.column(name)).collect::<Result<Vec<_>>>();
    let (ignored, categorical) = (places(&options.ignored)?, places(&options.categorical)?);
    let mut targets = places(&options.target)?;
    if targets.is_empty() {
        targets.extend((0..table.header.len()).rfind(|column| !ignored.contains(column)));
    }
    if let Some(&both) = targets.iter().find(|target| ignored.contains(target)) {
        return Err(Error::setting(
            "target",
            &table.header[both],
            "is also a column to leave out: choose one of the two",
        ));
    }
    if let Some(twice) = (1..targets.len()).find(|&at| targets[..at].contains(&targets[at])) {
        return Err(Error::setting("target", &table.header[targets[twice]], "is named twice: name it once"));
    }
    let is_feature = |column: &usize| !targets.contains(column) && !ignored.contains(column);
    let features: Vec<usize> = (0..table.header.len()).filter(is_feature).collect();
    if features.is_empty() {
        let header = table.header.join(", ");
        let reason = format!("it has no column to predict from: its columns are {header}; add one, or leave fewer out");
        return Err(unfit(&table.path, reason));
    }
    let column = |&column: &usize| {
        let categories = if categorical.contains(&column) || !is_numeric(table, column)? {
            Some(categories(table, column, "leave it out with `ignored`")?)
        } else {
            None
        };
        Ok(Column { name: table.header[column].clone(), categories })
    };
    let columns = features.iter().map(column).collect::<Result<_>>()?;
    let target = target(options.kind, table, &targets)?;
    Ok(Recipe { columns, target, test: options.test.clone(), standardisation: None })
}

fn target(kind: Option<TargetKind>, table: &Table, targets: &[usize]) -> Result<TargetColumns> {
    let names = || targets.iter().map(|&target| table.header[target].clone());
    let kind = match (kind, targets) {
        (Some(kind), _) => kind,
        (None, &[one]) if !is_numeric(table, one)? => TargetKind::Classes,
        (None, _) => TargetKind::Values,
    };
    match (kind, targets) {
        (TargetKind::Classes, &[one]) => {
            // Numbers with a fraction are measured, and no names of classes.
            if let Some(row) =
                table.cells(one)?.iter().position(|cell| cell.parse().is_ok_and(|x: f64| x.fract() != 0.0))
            {
                let problem = "is not a whole number, and classes must be: read the column as real values";
                return Err(table.at(row, one, problem));
            }
            let classes = categories(table, one, "choose another target, or make its numbers real values")?;
            if classes.len() < 2 {
                let reason =
                    format!("all rows have {:?} as {:?}: expected two classes or more", classes[0], table.header[one]);
                return Err(unfit(&table.path, reason));
            }
            Ok(TargetColumns::Classes { name: table.header[one].clone(), classes })
        }
        (TargetKind::Classes, _) => {
            let names: Vec<String> = names().collect();
            Err(Error::setting(
                "target",
                names.join(","),
                "names several columns, and only one can be classes: name one",
            ))
        }
        (TargetKind::Values, _) => {
            targets.iter().try_for_each(|&target| table.numbers(target).map(drop))?;
            Ok(TargetColumns::Values { names: names().collect() })
        }
    }
}

/// Whether a column is numbers, and not text.
///
/// # Errors
/// A column of mostly numbers: its first cell that is not a number is likely to be a slip.
fn is_numeric(table: &Table, column: usize) -> Result<bool> {
    let cells = table.cells(column)?;
    let is_text = |cell: &&str| cell.parse::<f64>().is_err();
    let texts = cells.iter().filter(|cell| is_text(cell)).count();
    if texts > 0 && 2 * texts < cells.len() {
        let row = cells.iter().position(is_text).expect("there is one");
        let problem = format!(
            "is {:?}, and {} of its {} cells are numbers: correct it, or say that the column is `categorical`",
            cells[row],
            cells.len() - texts,
            cells.len()
        );
        return Err(table.at(row, column, problem));
    }
    if texts == 0 {
        // None of them infinite.
        table.numbers(column)?;
    }
    Ok(texts == 0)
}

/// The different cells of a column: whole numbers by size, else texts in the order of their letters.
fn categories(table: &Table, column: usize, remedy: &str) -> Result<Vec<String>> {
    let cells: BTreeSet<&str> = table.cells(column)?.into_iter().collect();
    if cells.len() > MOST_CATEGORIES {
        let (name, count) = (&table.header[column], cells.len());
        let reason =
            format!("column {name:?} has {count} different cells: expected at most {MOST_CATEGORIES}; {remedy}");
        return Err(unfit(&table.path, reason));
    }
    let mut cells: Vec<&str> = cells.into_iter().collect();
    if cells.iter().all(|cell| cell.parse::<i64>().is_ok()) {
        cells.sort_by_key(|cell| cell.parse::<i64>().ok());
    }
    Ok(cells.into_iter().map(str::to_owned).collect())
}
