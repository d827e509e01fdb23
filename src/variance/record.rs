//! A measured variance as one JSON line: everything that is needed to read it, and to measure it again.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Measurement, Plan};
use crate::data::{Digest, Identity};
use crate::error::Result;
use crate::files::{self, Kind, Line, Output, TornLine};
use crate::method::Method;
use crate::provenance::{Provenance, insert_latest};
use crate::training::{Config, Preset, Protocol, RunKey};

/// The variance of one estimator for one trained network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VarianceRecord {
    /// The network's method.
    pub method: Method,
    /// Widths of its hidden layers.
    pub hidden: Vec<usize>,
    /// The seed that it was trained with.
    pub seed: u64,
    /// The data: `mnist`, `synthetic` or a folder's name.
    pub dataset: String,
    /// The digest of the data's content; `None` in what version 0.1 wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset_digest: Option<Digest>,
    /// N: number of examples trained on, and drawn from here.
    pub train_examples: usize,
    /// How it was trained; `epochs` is how long until here.
    pub protocol: Protocol,
    /// The [`Preset`](crate::training::Preset) that the protocol is, or the beginning of, or `custom`; older records have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// Whether the moving average of the parameters is measured, and not what the last step left.
    pub averaged: bool,
    /// Test error in percent, without noise, of the parameters that are measured.
    pub test_error_percent: f64,
    /// Test error in percent of the parameters' running average.
    pub averaged_test_error_percent: f64,
    /// What was measured.
    pub plan: Plan,
    /// The result.
    pub measurement: Measurement,
    /// Wall-clock seconds of the last epoch of training.
    pub epoch_seconds: f64,
    /// Threads that it was trained and measured with.
    pub threads: usize,
    /// The program, the machine and the moment that made it.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// The trained network that a measurement was made with.
#[derive(Debug, Clone, Copy)]
pub struct Trained<'a> {
    /// The settings of its training.
    pub config: &'a Config,
    /// Epochs trained until here.
    pub epochs: usize,
    /// The data.
    pub data: Identity<'a>,
    /// Number of training examples.
    pub train_examples: usize,
    /// Whether the moving average of the parameters is measured.
    pub averaged: bool,
    /// Test error in percent of the parameters that are measured.
    pub test_error_percent: f64,
    /// Test error in percent of their average.
    pub averaged_test_error_percent: f64,
    /// Seconds of the last epoch.
    pub epoch_seconds: f64,
}

impl Trained<'_> {
    /// Whether a record is of this network.
    pub fn is_of(&self, record: &VarianceRecord) -> bool {
        let config = self.config.clone().epochs(self.epochs);
        config.key(self.data, self.train_examples) == record.key()
            && self.averaged == record.averaged
            && self.config.threads == record.threads
    }
}

impl Line for VarianceRecord {
    const KIND: Kind = Kind::Variances;
}

impl VarianceRecord {
    /// The record of a measurement, made by `command`.
    pub fn new(trained: Trained<'_>, plan: &Plan, measurement: Measurement, command: impl Into<String>) -> Self {
        let config = trained.config;
        let protocol = config.clone().epochs(trained.epochs).protocol;
        let preset = protocol.preset_so_far(config.method, &config.hidden);
        Self {
            method: config.method,
            hidden: config.hidden.clone(),
            seed: config.seed,
            dataset: trained.data.dataset.to_owned(),
            dataset_digest: trained.data.dataset_digest,
            train_examples: trained.train_examples,
            preset: Some(preset.map_or(Preset::CUSTOM, Preset::name).to_owned()),
            protocol,
            averaged: trained.averaged,
            test_error_percent: trained.test_error_percent,
            averaged_test_error_percent: trained.averaged_test_error_percent,
            plan: plan.clone(),
            measurement,
            epoch_seconds: trained.epoch_seconds,
            threads: config.threads,
            provenance: Provenance::now(command),
        }
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

    /// Whether the two measure the same thing of the same network.
    pub fn is_same_measurement(&self, other: &Self) -> bool {
        self.is_same_network(other)
            && self.plan == other.plan
            && self.measurement.estimator == other.measurement.estimator
    }

    /// Whether the two are of one training run, at one epoch.
    pub fn is_same_network(&self, other: &Self) -> bool {
        self.key() == other.key() && self.averaged == other.averaged
    }

    /// Reads a file of records, or every `.jsonl` file of a folder; of two records of one measurement the later one stands.
    /// They come in the order of the epochs, of the seeds and of the estimators.
    /// With them, the last lines that a crash cut off.
    ///
    /// # Errors
    /// A path that cannot be read, a folder without such a file, or a line that is no record: the error has its number.
    pub fn open(path: impl AsRef<Path>) -> Result<(Vec<Self>, Vec<TornLine>)> {
        Self::read(path.as_ref())
    }

    // Not generic, or a notebook's cell would compile it anew.
    fn read(path: &Path) -> Result<(Vec<Self>, Vec<TornLine>)> {
        let (entries, torn) = files::read_all::<Self>(path, "`vardrop variance --record FILE.jsonl` writes one")?;
        let mut records: Vec<Self> = Vec::new();
        for entry in entries {
            insert_latest(&mut records, entry, |record| &record.provenance, Self::is_same_measurement);
        }
        records.sort_by_key(|record| (record.protocol.epochs, record.seed, record.measurement.estimator));
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
