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
    /// How that was read, where it is a table.
    pub recipe: Option<&'a Recipe>,
}

impl<'a> TrainedOn<'a> {
    /// Of a model that was trained.
    pub fn new(model: &'a Path, info: &'a ModelInfo) -> Self {
        Self { model, data: info.data(), recipe: info.recipe.as_ref() }
    }

    /// Opens what `--data` names, else what the model names. Whether it is the model's data is the caller's question.
    pub fn open(&self, named: Option<&Source>, held_out: usize, validation: Validation) -> Result<Splits> {
        let splits = match (self.recipe, self.source(named)?) {
            (Some(recipe), Source::Csv(path)) => recipe.open(&path, held_out, Some(validation)),
            (_, source) => Splits::open_with(&source, held_out, Some(validation)),
        };
        splits.map_err(|error| self.if_not_named(named, error))
    }

    /// As [`Self::open`], to evaluate the model on: of a table that it was not trained on, every row is a test example.
    pub fn open_for_test(&self, named: Option<&Source>) -> Result<Splits> {
        let (Some(recipe), Some(Source::Csv(path))) = (self.recipe, named) else {
            return self.open(named, 0, Validation::Last);
        };
        match self.open(named, 0, Validation::Last) {
            Ok(splits) if splits.identity() == self.data => Ok(splits),
            _ => all_rows(recipe, path),
        }
    }

    /// What `--data` names, else what the model names.
    pub fn source(&self, named: Option<&Source>) -> Result<Source> {
        let source = named.map_or_else(
            || self.data.dataset.parse().map_err(|error| self.moved(error)),
            |source| Ok(source.clone()),
        )?;
        if self.recipe.is_some() && !matches!(source, Source::Csv(_)) {
            let expected = format!(
                "a table with the columns of {}, which {} was trained on",
                self.data.dataset,
                self.model.display()
            );
            return Err(Error::Argument { name: "data", value: source.to_string(), expected });
        }
        Ok(source)
    }

    /// An error of data that nobody named: it may be no longer where it was.
    pub fn if_not_named(&self, named: Option<&Source>, error: Error) -> Error {
        if named.is_none() { self.moved(error) } else { error }
    }

    /// The error where the data is no longer where it was, which says what is meant and how to name its new place.
    fn moved(&self, error: Error) -> Error {
        let tried = match error {
            // Its own error says where MNIST is looked for, and how it is downloaded.
            error if matches!(self.data.dataset, "mnist" | "fashion-mnist" | "synthetic") => return error,
            Error::Missing { tried, .. } => {
                tried.iter().map(|tried| format!("{}: {tried}", self.data.dataset)).collect()
            }
            Error::Io { path, source, .. } if self.recipe.is_some() && source.kind() == NotFound => {
                vec![format!("{}: no such file", path.display())]
            }
            Error::Argument { name: "data", .. } => vec![format!("{}: no such folder", self.data.dataset)],
            error => return error,
        };
        let what = format!("the data {} that {} was trained on", self.data, self.model.display());
        let command = super::shell::this_command();
        let place = if self.recipe.is_some() { "FILE.csv" } else { "FOLDER" };
        let advice = format!("Give its new place, whatever it is called: {command} --data {place}");
        Error::Missing { what, tried, advice }
    }
}

/// A table of which every row is a test example; its training examples are the same ones.
fn all_rows(recipe: &Recipe, path: &Path) -> Result<Splits> {
    let rows = Recipe { standardisation: None, ..recipe.clone() }.dataset(path)?;
    let splits = Splits::hold_out(rows.clone(), rows, 0)?;
    recipe.standardisation.as_ref().map_or(Ok(splits.clone()), |by| splits.standardised_by(by))
}
