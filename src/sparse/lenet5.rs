//! What came of compressing LeNet-5 (20-50-500-10), as one JSON line, and beside what was published. The crate vardrop-burn trains
//! it (`examples/lenet5`): this one has no convolutions.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::LayerSparsity;
use crate::data::Digest;
use crate::error::Result;
use crate::files::{self, Kind, Line, Output, TornLine};
use crate::provenance::Provenance;
use crate::table::{Cell, Table};

/// What was published of LeNet-5 (Molchanov, Ashukha & Vetrov 2017, table 1): a method, the percent of each layer's weights that are
/// gone, the compression, and the test error in percent.
pub const LENET5_PUBLISHED: [(&str, Option<[f64; 4]>, f64, f64); 5] = [
    ("Dense", None, 1.0, 0.80),
    ("Pruning (Han et al. 2015)", Some([34.0, 88.0, 92.0, 81.0]), 12.0, 0.77),
    ("Dynamic surgery (Guo et al. 2016)", Some([86.0, 97.0, 99.3, 96.0]), 111.0, 0.91),
    ("Soft weight sharing (Ullrich et al. 2017)", None, 200.0, 0.97),
    ("Sparse variational dropout (Molchanov et al. 2017)", Some([67.0, 98.0, 99.8, 95.0]), 280.0, 0.75),
];

/// A sparse layer's weights and how many are left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SparseLayer {
    /// The names of the fields that lead to the layer.
    pub path: String,
    /// The shape of its weights.
    pub shape: Vec<usize>,
    /// How many are left. A convolution counts as `channels_in · kernel` inputs.
    #[serde(flatten)]
    pub sparsity: LayerSparsity,
    /// Of a convolution, how many output channels have a weight left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filters: Option<usize>,
}

/// One epoch of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeNet5Epoch {
    /// Counted from 1.
    pub epoch: usize,
    /// Seconds of training, without evaluation.
    pub seconds: f64,
    /// Mean cross-entropy of the minibatches, with their noise, in nats.
    pub train_cross_entropy: f64,
    /// KL in nats, at the end of the epoch.
    pub kl: f64,
    /// Validation error of the means, in percent; `None` if no images were held out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_error_percent: Option<f64>,
    /// The same with the pruned weights at 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pruned_valid_error_percent: Option<f64>,
    /// The fraction of each layer's weights that are pruned.
    pub sparsity: Vec<f64>,
    /// All weights for each one that is left.
    pub compression: f64,
}

/// The network pruned at one threshold on ln α.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PrunedAt {
    /// The threshold.
    pub threshold: f64,
    /// Each layer's weights, and how many are left.
    pub layers: Vec<SparseLayer>,
    /// All weights for each one that is left.
    pub compression: f64,
    /// Validation error in percent; `None` if no images were held out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_error_percent: Option<f64>,
    /// Test error in percent.
    pub test_error_percent: f64,
}

/// What a run was and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeNet5Record {
    /// Seed of the initial weights, the order of the images and the noise.
    pub seed: u64,
    /// `mnist` or `synthetic`.
    pub dataset: String,
    /// The digest of the data.
    pub dataset_digest: Digest,
    /// Number of images trained on.
    pub train_examples: usize,
    /// How it was trained: the settings of the example.
    pub protocol: Map<String, Value>,
    /// Each epoch.
    pub epochs: Vec<LeNet5Epoch>,
    /// The threshold of the protocol: the row that counts.
    pub threshold: f64,
    /// The network pruned at that threshold and at others.
    pub by_threshold: Vec<PrunedAt>,
    /// Validation error of the means at the end of training, in percent; `None` if no images were held out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unpruned_valid_error_percent: Option<f64>,
    /// Test error of the means at the end of training, in percent. It decided nothing.
    pub unpruned_test_error_percent: f64,
    /// The 5 × 5 weights of each filter of the first convolution, pruned at the protocol's threshold.
    pub first_filters: Vec<Vec<f32>>,
    /// Seconds of training, without evaluation.
    pub seconds: f64,
    /// Threads of Burn's backend.
    pub threads: usize,
    /// The program, the machine and the moment.
    #[serde(flatten)]
    pub provenance: Provenance,
}

impl Line for LeNet5Record {
    const KIND: Kind = Kind::LeNet5;
}

impl LeNet5Record {
    /// Reads a file of records, or every `.jsonl` file of a folder, in their order. With them, the last lines that a crash cut off.
    ///
    /// # Errors
    /// A path that cannot be read, a folder without such a file, or a line that is no record.
    pub fn open(path: impl AsRef<Path>) -> Result<(Vec<Self>, Vec<TornLine>)> {
        Self::read(path.as_ref())
    }

    // Not generic, or a notebook's cell would compile it anew.
    fn read(path: &Path) -> Result<(Vec<Self>, Vec<TornLine>)> {
        files::read_all(path, "the example `lenet5` of vardrop-burn writes one with --record")
    }

    /// Appends the record to a file as one whole line, or not at all.
    ///
    /// # Errors
    /// A file that cannot be opened, locked or written, or that holds something else.
    pub fn append(&self, to: impl Into<Output>) -> Result<()> {
        files::append(&to.into(), self)
    }

    /// The network pruned at a threshold, if the record has it.
    pub fn at(&self, threshold: f64) -> Option<&PrunedAt> {
        self.by_threshold.iter().find(|pruned| pruned.threshold == threshold)
    }
}

/// Sparsity of each layer, compression and test error at each record's own threshold, a row each, then what was published.
pub fn lenet5_table(records: &[LeNet5Record]) -> Table {
    let layers = ["conv1", "conv2", "fc1", "fc2"].map(|layer| format!("{layer} (% gone)"));
    let header = ["Network".to_owned()].into_iter().chain(layers);
    let mut table = Table::new(header.chain(["Compression", "Test error (%)"].map(str::to_owned)));
    for record in records {
        let Some(pruned) = record.at(record.threshold) else { continue };
        let zeros = match record.protocol.get("zero_above").and_then(Value::as_f64) {
            Some(threshold) => format!(", zero above {threshold}"),
            None => String::new(),
        };
        let epochs = record.epochs.last().map_or(0, |epoch| epoch.epoch);
        let mut row = vec![Cell::from(format!("Ours, seed {}, {epochs} epochs{zeros}", record.seed))];
        row.extend(pruned.layers.iter().map(|layer| Cell::number(layer.sparsity.percent(), 1)));
        row.extend([Cell::number(pruned.compression, 0), Cell::number(pruned.test_error_percent, 2)]);
        table.push(row);
    }
    for (name, gone, compression, error) in LENET5_PUBLISHED {
        let mut row = vec![Cell::from(name)];
        match gone {
            Some(gone) => row.extend(gone.map(|percent| Cell::number(percent, 1))),
            None => row.extend([const { Cell::Empty }; 4]),
        }
        row.extend([Cell::number(compression, 0), Cell::number(error, 2)]);
        table.push(row);
    }
    table
}
