//! The data that a model was trained on, opened again.

use std::path::Path;

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
}

impl<'a> TrainedOn<'a> {
    /// Of a model that was trained.
    pub fn new(model: &'a Path, info: &'a ModelInfo) -> Self {
        Self { model, data: info.data() }
    }

    /// Opens what `--data` names, else what the model names. Whether it is the model's data is the caller's question.
    pub fn open(&self, named: Option<&Source>, held_out: usize, validation: Validation) -> Result<Splits> {
        let splits = Splits::open_with(&self.source(named)?, held_out, Some(validation));
        splits.map_err(|error| if named.is_none() { self.moved(error) } else { error })
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
            Error::Argument { name: "data", .. } => vec![format!("{}: no such folder", self.data.dataset)],
            error => return error,
        };
        let what = format!("the data {} that {} was trained on", self.data, self.model.display());
        let command = super::shell::this_command();
        let advice = format!("Give its new place, whatever it is called: {command} --data FOLDER");
        Error::Missing { what, tried, advice }
    }
}
