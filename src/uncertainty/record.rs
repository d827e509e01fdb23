//! An evaluation as one JSON line: everything that is needed to read it, and to make it again.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::calibration::Calibration;
use super::entropy::Uncertainty;
use super::predictive::Predictive;
use super::sampling::Sampling;
use super::shift::{TurnedImages, UnknownImages};
use crate::data::{Digest, Identity};
use crate::error::Result;
use crate::files::{self, Kind, Line, Output, TornLine};
use crate::method::Method;
use crate::provenance::{Provenance, insert_latest};
use crate::training::{ModelInfo, Protocol, RunKey};

/// How well a saved model predicts, or an ensemble of models that differ in nothing but their seed, and how sure it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvaluationRecord {
    /// The model's method.
    pub method: Method,
    /// Widths of its hidden layers.
    pub hidden: Vec<usize>,
    /// The seed that it was trained with; of an ensemble, that of its first model.
    pub seed: u64,
    /// The seeds of all models of an ensemble; empty of one model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ensemble: Vec<u64>,
    /// What it was trained on: `mnist`, `synthetic` or a folder's name.
    pub dataset: String,
    /// The digest of the data's content; `None` in what version 0.1 wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset_digest: Option<Digest>,
    /// Number of examples trained on.
    pub train_examples: usize,
    /// How it was trained.
    pub protocol: Protocol,
    /// The [`Preset`](crate::training::Preset) that the protocol is, or `custom`; older records have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// Epochs that it was trained for until here: fewer than the protocol's where it was interrupted.
    pub epochs_trained: usize,
    /// The epoch that its parameters are of, which validation chose among those; `None` before the first has ended.
    pub epoch: Option<usize>,
    /// The data that it was evaluated on.
    pub test_dataset: String,
    /// The digest of its content, training images included; another than `dataset_digest` where a model was evaluated on other data
    /// than it was trained on. `None` in what version 0.1 wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_dataset_digest: Option<Digest>,
    /// K: the number of networks drawn from each model; `None` for the network without noise.
    pub samples: Option<u64>,
    /// Seed of their noise.
    pub noise_seed: u64,
    /// How well the predictions agree with the labels.
    pub calibration: Calibration,
    /// How unsure they are, the mean over the examples.
    pub uncertainty: Uncertainty,
    /// How well that tells images of no class from the test's, where that was asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<UnknownImages>,
    /// The same test images turned by each of some angles, where that was asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub turned: Vec<TurnedImages>,
    /// Threads that it was evaluated with.
    pub threads: usize,
    /// The program, the machine and the moment that made it.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// What was evaluated, and how.
#[derive(Debug, Clone, Copy)]
pub struct Evaluated<'a> {
    /// What the model's file says of it.
    pub model: &'a ModelInfo,
    /// The seeds of all models of an ensemble, of which `model` is the first; empty of one model.
    pub ensemble: &'a [u64],
    /// The data that it was evaluated on.
    pub test_data: Identity<'a>,
    /// How its predictions were drawn.
    pub sampling: Sampling,
}

impl Line for EvaluationRecord {
    const KIND: Kind = Kind::Evaluations;
}

impl EvaluationRecord {
    /// The record of a model's predictions, made by `command`.
    pub fn new(
        evaluated: Evaluated<'_>,
        predictive: &Predictive,
        calibration: &Calibration,
        command: impl Into<String>,
    ) -> Self {
        let Evaluated { model, ensemble, test_data, sampling } = evaluated;
        Self {
            method: model.config.method,
            hidden: model.config.hidden.clone(),
            seed: model.config.seed,
            ensemble: ensemble.to_vec(),
            dataset: model.dataset.clone(),
            dataset_digest: model.dataset_digest,
            train_examples: model.train_examples,
            protocol: model.config.protocol.clone(),
            preset: Some(model.config.protocol.preset_name(model.config.method, &model.config.hidden)),
            epochs_trained: model.history.epochs.len(),
            epoch: model.history.best().map(|best| best.epoch),
            test_dataset: test_data.dataset.to_owned(),
            test_dataset_digest: test_data.dataset_digest,
            samples: sampling.samples,
            noise_seed: sampling.seed,
            calibration: calibration.clone(),
            uncertainty: predictive.mean_uncertainty(),
            unknown: Vec::new(),
            turned: Vec::new(),
            threads: sampling.threads,
            provenance: Provenance::now(command),
        }
    }

    /// Whether two models differ in nothing but their seed, and in the epoch that validation chose: what an ensemble is made of whose
    /// record names only the seeds.
    pub fn are_of_one_kind(one: &ModelInfo, other: &ModelInfo) -> bool {
        let key = |model: &ModelInfo| (model.config.method, model.config.hidden.clone(), model.train_examples);
        let trained = |model: &ModelInfo| (model.config.protocol.clone(), model.history.epochs.len());
        key(one) == key(other) && trained(one) == trained(other) && one.data() == other.data()
    }

    fn key(&self) -> RunKey<'_> {
        RunKey {
            method: self.method,
            hidden: &self.hidden,
            seed: Some(self.seed),
            data: Identity { dataset: &self.dataset, dataset_digest: self.dataset_digest },
            train_examples: self.train_examples,
            protocol: self.protocol.clone(),
        }
    }

    /// The data that it was evaluated on.
    fn test_data(&self) -> Identity<'_> {
        Identity { dataset: &self.test_dataset, dataset_digest: self.test_dataset_digest }
    }

    /// Whether the two evaluate the same network on the same data in the same way: the same bins included, the threads
    /// not.
    pub fn is_same_evaluation(&self, other: &Self) -> bool {
        // Without noise its seed decides nothing.
        let noise = |record: &Self| record.samples.map(|samples| (samples, record.noise_seed));
        let examined = |record: &Self| (record.calibration.examples, record.calibration.bins.len());
        let unknown = |record: &Self| -> Vec<(String, usize)> {
            record.unknown.iter().map(|one| (one.images.clone(), one.entropy.unknown)).collect()
        };
        let turned = |record: &Self| -> Vec<(u64, usize)> {
            record.turned.iter().map(|one| (one.degrees.to_bits(), one.examples)).collect()
        };
        self.key() == other.key()
            && self.ensemble == other.ensemble
            && (unknown(self), turned(self)) == (unknown(other), turned(other))
            && (self.epochs_trained, self.epoch) == (other.epochs_trained, other.epoch)
            && self.test_data() == other.test_data()
            && noise(self) == noise(other)
            && examined(self) == examined(other)
    }

    /// Whether the two differ in nothing but the seed that the network was trained with, and in the epoch that was chosen.
    pub(super) fn is_same_kind(&self, other: &Self) -> bool {
        RunKey { seed: None, ..self.key() } == RunKey { seed: None, ..other.key() }
            && (self.test_data(), self.samples) == (other.test_data(), other.samples)
            && self.ensemble.len() == other.ensemble.len()
    }

    /// Whether this is of the very network of another record, and without noise.
    pub(super) fn is_same_network_without_noise(&self, drawn: &Self) -> bool {
        self.samples.is_none()
            && (self.key(), &self.ensemble, self.test_data()) == (drawn.key(), &drawn.ensemble, drawn.test_data())
            && (self.epochs_trained, self.epoch) == (drawn.epochs_trained, drawn.epoch)
    }

    /// The networks as the tables name them: the number drawn from each model, and the number of models.
    pub(super) fn networks(&self) -> String {
        let drawn = self.samples.map_or("none: without noise".to_owned(), |samples| samples.to_string());
        if self.ensemble.is_empty() { drawn } else { format!("{drawn}; ensemble of {}", self.ensemble.len()) }
    }

    /// Units of the hidden layers: one number where all are as wide.
    pub(super) fn units(&self) -> String {
        match &self.hidden[..] {
            [first, rest @ ..] if rest.iter().all(|width| width == first) => first.to_string(),
            widths => widths.iter().map(ToString::to_string).collect::<Vec<_>>().join("-"),
        }
    }

    /// Reads a file of records, or every `.jsonl` file of a folder, in the order in which they were written; of two
    /// records of one evaluation the later one stands. With them, the last lines that a crash cut off.
    ///
    /// # Errors
    /// A path that cannot be read, a folder without such a file, or a line that is no record: the error has its number.
    pub fn open(path: impl AsRef<Path>) -> Result<(Vec<Self>, Vec<TornLine>)> {
        Self::read(path.as_ref())
    }

    // Not generic, or a notebook's cell would compile it anew.
    fn read(path: &Path) -> Result<(Vec<Self>, Vec<TornLine>)> {
        let (entries, torn) = files::read_all::<Self>(path, "`vardrop evaluate --record FILE.jsonl` writes one")?;
        let mut records: Vec<Self> = Vec::new();
        for entry in entries {
            insert_latest(&mut records, entry, |record| &record.provenance, Self::is_same_evaluation);
        }
        Ok((records, torn))
    }

    /// Appends the record to a file as one whole line, or not at all.
    ///
    /// # Errors
    /// A file that cannot be opened, locked or written, or that holds something else.
    pub fn append(&self, to: impl Into<Output>) -> Result<()> {
        files::append(&to.into(), self)
    }
}
