//! A finished run as one JSON line: everything that is needed to read it, and to run it again.

use serde::{Deserialize, Serialize};

use crate::method::Method;
use crate::training::{Best, Epoch};

/// Everything that decides a run's numbers besides method, widths, seed and data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// Number of passes over the training examples.
    pub epochs: usize,
    /// Examples in a minibatch.
    pub batch_size: usize,
    /// Training images held out for validation: the last ones.
    pub held_out: usize,
    /// Adam's step size.
    pub learning_rate: f64,
    /// Epoch after which the step size falls linearly, to 0 at the end of the last; `epochs` for a constant one.
    pub constant_epochs: usize,
    /// How many times larger the step of ln α is.
    pub alpha_step: f64,
    /// Decay of the exponential moving average of the parameters; 0 for none.
    pub averaging: f64,
    /// Dropout rate p of the network's input.
    pub input_rate: f64,
    /// Dropout rate p of the hidden layers.
    pub hidden_rate: f64,
}

impl Default for Protocol {
    fn default() -> Self {
        Self {
            epochs: 60,
            batch_size: 100,
            held_out: 10_000,
            learning_rate: 1e-3,
            constant_epochs: 60,
            alpha_step: 20.0,
            averaging: 0.999,
            input_rate: 0.2,
            hidden_rate: 0.5,
        }
    }
}

/// One finished training run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The method.
    pub method: Method,
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// Seed of initialisation, order of examples and noise.
    pub seed: u64,
    /// `mnist`, `synthetic` or a folder's name.
    pub dataset: String,
    /// Number of examples trained on.
    pub train_examples: usize,
    /// How it was trained.
    pub protocol: Protocol,
    /// One entry an epoch.
    pub epochs: Vec<Epoch>,
    /// The epoch that validation chose.
    pub best: Best,
    /// Wall-clock seconds of training and evaluation.
    pub seconds: f64,
    /// Threads that this run used.
    pub threads: usize,
    /// Peak memory of the process so far in MiB, where the system tells it.
    pub peak_memory_mib: Option<f64>,
    /// The crate's version.
    pub version: String,
    /// The commit of the source tree, where it was run from one; `-dirty` behind it where that had changes.
    pub commit: Option<String>,
    /// The command line that made it.
    pub command: String,
    /// When it ended, RFC 3339 in UTC.
    pub finished: String,
}
