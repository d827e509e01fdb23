//! A finished run as one JSON line: everything that is needed to read it, and to run it again.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::data::{Digest, Identity};
use crate::files::{Kind, Line};
use crate::method::Method;
use crate::provenance::Provenance;
use crate::training::{Best, BorderAlpha, Epoch, History, Protocol, RunKey, Trainer};

/// One finished training run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
// The derived functions become the struct's own, for the traits' below to call.
#[serde(remote = "Self")]
pub struct Record {
    /// The method.
    pub method: Method,
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// Seed of initialisation, order of examples and noise.
    pub seed: u64,
    /// `mnist`, `synthetic` or a folder's name.
    pub dataset: String,
    /// The digest of the data's content; `None` in what version 0.1 wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset_digest: Option<Digest>,
    /// Number of examples trained on.
    pub train_examples: usize,
    /// How it was trained.
    pub protocol: Protocol,
    /// [`Protocol::hash`] of it; computed where an older record has none.
    #[serde(default)]
    pub protocol_hash: String,
    /// The [`Preset`](crate::training::Preset) that the protocol is, or `custom`; older records have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// One entry an epoch.
    pub epochs: Vec<Epoch>,
    /// The epoch that validation chose.
    pub best: Best,
    /// Mean α of border and centre of the image, where it is learned for each input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub border_alpha: Option<BorderAlpha>,
    /// Wall-clock seconds of training, without evaluation.
    pub seconds: f64,
    /// Threads that this run used.
    pub threads: usize,
    /// The program, the machine and the moment that made it.
    #[serde(flatten)]
    pub provenance: Provenance,
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut record = Self::deserialize(deserializer)?;
        let hash = record.protocol.hash();
        if record.protocol_hash.is_empty() {
            record.protocol_hash = hash;
        } else if record.protocol_hash != hash {
            let found = record.protocol_hash;
            return Err(D::Error::custom(format!("protocol_hash is {found:?}, but its protocol's is {hash:?}")));
        }
        let errors = record.epochs.iter().map(|epoch| epoch.test_error_percent);
        let mut errors = errors.chain([record.best.test_error_percent]);
        // Of real targets a bad network leaves more than their variance.
        let most = if record.protocol.likelihood.is_categorical() { 100.0 } else { f64::MAX };
        match errors.find(|error| !(0.0..=most).contains(error)) {
            Some(error) => {
                Err(D::Error::custom(format!("test_error_percent is {error}: expected a number from 0 to 100")))
            }
            None => Ok(record),
        }
    }
}

impl Line for Record {
    const KIND: Kind = Kind::Runs;
}

impl Record {
    /// The record of a run; `None` before its first epoch has ended. `command` is the command line that made it.
    pub fn of(trainer: &Trainer<'_>, command: impl Into<String>) -> Option<Self> {
        let config = trainer.config();
        let history = trainer.history();
        Some(Self {
            method: config.method,
            hidden: config.hidden.clone(),
            seed: config.seed,
            dataset: trainer.splits().train.name().to_owned(),
            dataset_digest: Some(trainer.splits().digest()),
            train_examples: trainer.splits().train.len(),
            protocol: config.protocol.clone(),
            protocol_hash: config.protocol.hash(),
            preset: Some(config.protocol.preset_name(config.method, &config.hidden)),
            epochs: history.epochs.clone(),
            best: trainer.best()?,
            border_alpha: trainer.border_alpha(),
            seconds: history.epochs.iter().map(|epoch| epoch.seconds).sum(),
            threads: config.threads,
            provenance: Provenance { machine: trainer.machine().clone(), ..Provenance::now(command) },
        })
    }

    /// The epochs, as the run had them.
    pub fn history(&self) -> History {
        History::new(self.method, &self.protocol, self.epochs.clone())
    }

    /// The data that it was trained on.
    pub fn data(&self) -> Identity<'_> {
        Identity { dataset: &self.dataset, dataset_digest: self.dataset_digest }
    }

    pub(crate) fn key(&self) -> RunKey<'_> {
        RunKey {
            method: self.method,
            hidden: &self.hidden,
            seed: Some(self.seed),
            data: self.data(),
            train_examples: self.train_examples,
            protocol: self.protocol.clone(),
        }
    }

    /// Whether two runs differ in nothing that decides their numbers but the seed.
    pub fn is_same_plan(&self, other: &Self) -> bool {
        RunKey { seed: None, ..self.key() } == RunKey { seed: None, ..other.key() }
    }

    /// Whether the two are the same run: the same plan and the same seed.
    pub fn is_same_run(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A record of a network of three hidden layers, made up.
    pub(crate) fn record(method: Method, width: usize, seed: u64, test_error_percent: f64) -> Record {
        let protocol = crate::training::tests::first().with_epochs(2);
        Record {
            method,
            hidden: vec![width; 3],
            seed,
            dataset: "mnist".to_owned(),
            dataset_digest: None,
            train_examples: 50_000,
            protocol_hash: protocol.hash(),
            preset: None,
            protocol,
            epochs: Vec::new(),
            best: Best {
                epoch: 2,
                valid_error_percent: Some(1.5),
                test_error_percent,
                valid_rmse: None,
                test_rmse: None,
            },
            border_alpha: None,
            seconds: 10.0,
            threads: 1,
            provenance: crate::provenance::tests::provenance(),
        }
    }

    /// An epoch with a test error, made up.
    pub(crate) fn epoch(number: usize, test_error_percent: f64) -> Epoch {
        Epoch {
            epoch: number,
            seconds: 1.0,
            train_loss: 0.5,
            train_cross_entropy: 0.5,
            train_kl: 0.0,
            valid_cross_entropy: None,
            valid_error_percent: None,
            test_cross_entropy: 0.1,
            test_error_percent,
            valid_rmse: None,
            test_rmse: None,
            alpha: Vec::new(),
            sparsity: Vec::new(),
        }
    }

    #[test]
    fn a_record_is_one_line_and_reads_back_equal() {
        let record = record(Method::VariationalA2, 100, 1, 1.25);
        let line = serde_json::to_string(&record).unwrap();
        assert!(!line.contains('\n'));
        assert_eq!(serde_json::from_str::<Record>(&line).unwrap(), record);
    }

    #[test]
    fn a_record_without_a_hash_gets_its_protocols_and_one_with_another_is_refused() {
        let record = record(Method::None, 100, 1, 1.5);
        let line = serde_json::to_string(&record).unwrap();
        let hash = format!("\"protocol_hash\":\"{}\",", record.protocol.hash());
        let older = line.replacen(&hash, "", 1);
        assert_ne!(older, line);
        assert_eq!(serde_json::from_str::<Record>(&older).unwrap(), record);
        let changed = line.replace("\"epochs\":2,", "\"epochs\":3,");
        let message = serde_json::from_str::<Record>(&changed).unwrap_err().to_string();
        assert!(message.contains("protocol_hash is") && message.contains(&record.protocol_hash), "{message}");
    }

    #[test]
    fn an_error_that_is_no_percentage_is_refused() {
        for error in [-5.0, 500.0, 1e308] {
            for bad in [
                record(Method::None, 100, 1, error),
                Record { epochs: vec![epoch(1, error)], ..record(Method::None, 100, 1, 1.0) },
            ] {
                let message = serde_json::from_str::<Record>(&serde_json::to_string(&bad).unwrap()).unwrap_err();
                assert!(message.to_string().contains("expected a number from 0 to 100"), "{message}");
            }
        }
    }
}
