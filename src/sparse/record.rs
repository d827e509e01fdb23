//! What pruning made of a network, as one JSON line, and beside what was published.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{LayerSparsity, compression};
use crate::data::Digest;
use crate::error::Result;
use crate::files::{self, Kind, Line, Output};
use crate::method::Method;
use crate::network::PRUNING_THRESHOLD;
use crate::provenance::Provenance;
use crate::table::{Cell, Table};
use crate::training::{Config, Protocol};

/// The published sparsity of LeNet-300-100, in percent of each layer's weights, its compression and its test error in percent
/// (Molchanov, Ashukha & Vetrov 2017, table 1).
const PUBLISHED: ([f64; 3], f64, f64) = ([98.9, 97.2, 62.0], 68.0, 1.92);

/// The widths of LeNet-300-100.
const LENET_300_100: [usize; 4] = [784, 300, 100, 10];

/// A pruned network's sparsity, size and error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PruneRecord {
    /// How the network was trained: its method.
    pub method: Method,
    /// Widths of its hidden layers.
    pub hidden: Vec<usize>,
    /// The seed that it was trained with.
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
    /// The [`Preset`](crate::training::Preset) that the protocol is, or `custom`; older records have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// The threshold on ln α.
    pub threshold: f64,
    /// Weights of each layer, and how many are left.
    pub layers: Vec<LayerSparsity>,
    /// All weights for each one that is left.
    pub compression: f64,
    /// Units that are computed with: inputs that are read, hidden units, and outputs.
    pub units: Vec<usize>,
    /// Validation error in percent of the weights' means, before pruning. `None` where no example is held out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unpruned_valid_error_percent: Option<f64>,
    /// Validation error in percent of what was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_error_percent: Option<f64>,
    /// Test error in percent of the weights' means, before pruning.
    pub unpruned_test_error_percent: f64,
    /// Test error in percent after pruning.
    pub pruned_test_error_percent: f64,
    /// Epochs of training after pruning.
    pub fine_tuned_epochs: usize,
    /// Test error in percent of what was written: after pruning and fine-tuning.
    pub test_error_percent: f64,
    /// The means and biases of the dense network, four bytes each.
    pub dense_bytes: u64,
    /// The file of the pruned network.
    pub file_bytes: u64,
    /// The program, the machine and the moment that made it.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// The errors of a network, in percent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Errors {
    /// On the validation examples, where there are some.
    pub valid: Option<f64>,
    /// On the test examples.
    pub test: f64,
}

/// The errors on the way to a pruned network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PruningErrors {
    /// Of the weights' means, before pruning.
    pub unpruned: Errors,
    /// After pruning.
    pub pruned: Errors,
    /// After pruning and fine-tuning.
    pub fine_tuned: Errors,
}

impl Line for PruneRecord {
    const KIND: Kind = Kind::Prunings;
}

impl PruneRecord {
    /// The record of a pruned network, made by `command`.
    pub fn new(model: &super::SparseModel, errors: PruningErrors, command: String) -> Self {
        let Config { method, hidden, seed, protocol, .. } = model.info.config.clone();
        let layers = model.network.sparsity();
        Self {
            preset: Some(protocol.preset_name(method, &hidden)),
            method,
            hidden,
            seed,
            dataset: model.info.dataset.clone(),
            dataset_digest: model.info.dataset_digest,
            train_examples: model.info.train_examples,
            protocol,
            threshold: model.info.threshold,
            compression: compression(&layers),
            units: model.network.units(),
            unpruned_valid_error_percent: errors.unpruned.valid,
            valid_error_percent: errors.fine_tuned.valid,
            unpruned_test_error_percent: errors.unpruned.test,
            pruned_test_error_percent: errors.pruned.test,
            fine_tuned_epochs: model.info.fine_tuned_epochs,
            test_error_percent: errors.fine_tuned.test,
            dense_bytes: 4 * layers.iter().map(|layer| layer.weights() + layer.outputs).sum::<usize>() as u64,
            file_bytes: model.file_bytes(),
            layers,
            provenance: Provenance::now(command),
        }
    }

    /// Reads a file of records, or every `.jsonl` file of a folder, in their order.
    ///
    /// # Errors
    /// A path that cannot be read, a folder without such a file, or a line that is no record.
    pub fn open(path: impl AsRef<Path>) -> Result<Vec<Self>> {
        Ok(files::read_all(path.as_ref(), "`vardrop prune --record FILE.jsonl` writes one")?.0)
    }

    /// Appends the record to a file as one whole line, or not at all.
    ///
    /// # Errors
    /// A file that cannot be opened, locked or written, or that holds something else.
    pub fn append(&self, to: impl Into<Output>) -> Result<()> {
        files::append(&to.into(), self)
    }
}

/// Sparsity of each layer, compression, error and size of pruned networks, a row each; of LeNet-300-100 the published figures
/// come last.
///
/// Records of networks with another number of layers than the first one's are left out.
pub fn pruning_table(records: &[PruneRecord]) -> Table {
    let layers = records.first().map_or(0, |record| record.layers.len());
    let header = ["Network", "Seed"].map(str::to_owned).into_iter();
    let header = header.chain((1..=layers).map(|layer| format!("Layer {layer} (% gone)")));
    let rest = ["Threshold", "Compression", "Test error (%)", "Before pruning (%)", "File (KB)", "Dense (KB)"]
        .map(str::to_owned);
    let mut table = Table::new(header.chain(rest));
    for record in records.iter().filter(|record| record.layers.len() == layers) {
        let mut row = vec![Cell::from(name(record)), Cell::from(record.seed.to_string())];
        row.extend(record.layers.iter().map(|layer| Cell::number(layer.percent(), 1)));
        row.extend([
            Cell::number(record.threshold, 1),
            Cell::number(record.compression, 1),
            Cell::number(record.test_error_percent, 2),
            Cell::number(record.unpruned_test_error_percent, 2),
            Cell::number(record.file_bytes as f64 / 1e3, 1),
            Cell::number(record.dense_bytes as f64 / 1e3, 1),
        ]);
        table.push(row);
    }
    if records.first().is_some_and(|record| widths(record) == LENET_300_100) {
        let (percent, compression, error) = PUBLISHED;
        let mut row = vec![Cell::from("Molchanov et al. 2017"), Cell::Empty];
        row.extend(percent.map(|percent| Cell::number(percent, 1)));
        row.extend([Cell::number(PRUNING_THRESHOLD, 1), Cell::number(compression, 1), Cell::number(error, 2)]);
        row.extend([Cell::Empty, Cell::Empty, Cell::Empty]);
        table.push(row);
    }
    table
}

fn widths(record: &PruneRecord) -> Vec<usize> {
    let outputs = record.layers.iter().map(|layer| layer.outputs);
    record.layers.first().map(|layer| layer.inputs).into_iter().chain(outputs).collect()
}

fn name(record: &PruneRecord) -> String {
    widths(record).iter().map(usize::to_string).collect::<Vec<_>>().join("-")
}
