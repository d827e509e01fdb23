//! The data that a model was trained on, opened again.

use std::io::ErrorKind::NotFound;
use std::path::Path;

use vardrop::data::csv::Recipe;
use vardrop::data::{Identity, Source, Splits, Validation};
use vardrop::training::ModelInfo;
use vardrop::{Error, Result};

/// A model and the data that it was trained on.
#[derive(Debug, Clone, Copy)]
pub struct TrainedOn<'a> {
    /// The model's file.
    pub model: &'a Path,
    /// Its data.
    pub data: Identity<'a>,
    /// How they were read, where they are a table.
    pub table: Option<&'a Recipe>,
}

impl<'a> TrainedOn<'a> {
    /// Of a model that was trained.
    pub fn new(model: &'a Path, info: &'a ModelInfo) -> Self {
        Self { model, data: info.data(), table: info.table.as_ref() }
    }

    /// Opens what `--data` names, else what the model names. Whether it is the model's data is the caller's question.
    pub fn open(&self, named: Option<&Source>, held_out: usize, validation: Validation) -> Result<Splits> {
        let splits = match (self.source(named)?, self.table) {
            (Source::Csv(path), Some(recipe)) => recipe.open(path, held_out, Some(validation)),
            (source, _) => Splits::open_with(&source, held_out, Some(validation)),
        };
        splits.map_err(|error| if named.is_none() { self.moved(error) } else { error })
    }

    /// What a model is evaluated on: the test part of its own data; of another table, all rows.
    pub fn open_test(&self, named: Option<&Source>) -> Result<Splits> {
        let own = self.open(named, 0, Validation::Last);
        let (Some(Source::Csv(path)), Some(recipe)) = (named, self.table) else { return own };
        match own {
            Ok(splits) if splits.identity() == self.data => Ok(splits),
            _ => {
                let all = recipe.dataset(path)?;
                Splits::hold_out(all.clone(), all, 0)
            }
        }
    }

    /// What `--data` names, else what the model names.
    pub fn source(&self, named: Option<&Source>) -> Result<Source> {
        named.map_or_else(|| self.data.dataset.parse().map_err(|error| self.moved(error)), |source| Ok(source.clone()))
    }

    /// The error where the data is no longer where it was, which says what is meant and how to name its new place.
    fn moved(&self, error: Error) -> Error {
        let tried = match error {
            // Its own error says where MNIST is looked for, and how it is downloaded.
            error if matches!(self.data.dataset, "mnist" | "synthetic") => return error,
            Error::Missing { tried, .. } => {
                tried.iter().map(|tried| format!("{}: {tried}", self.data.dataset)).collect()
            }
            Error::Io { path, source, .. } if self.table.is_some() && source.kind() == NotFound => {
                vec![format!("{}: no such file", path.display())]
            }
            Error::Argument { name: "data", .. } => vec![format!("{}: no such folder", self.data.dataset)],
            error => return error,
        };
        let what = format!("the data {} that {} was trained on", self.data, self.model.display());
        let command = super::shell::this_command();
        let place = if self.table.is_some() { "TABLE.csv" } else { "FOLDER" };
        let advice = format!("Give its new place, whatever it is called: {command} --data {place}");
        Error::Missing { what, tried, advice }
    }
}
