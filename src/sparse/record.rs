//! What pruning made of a network, as one JSON line, and beside what was published.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{LayerSparsity, compression};
use crate::data::Digest;
use crate::error::Result;
use crate::experiment::Sample;
use crate::files::{self, Kind, Line, Output, TornLine};
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

    /// Reads a file of records, or every `.jsonl` file of a folder, in their order. With them, the last lines that a crash cut off.
    ///
    /// # Errors
    /// A path that cannot be read, a folder without such a file, or a line that is no record.
    pub fn open(path: impl AsRef<Path>) -> Result<(Vec<Self>, Vec<TornLine>)> {
        Self::read(path.as_ref())
    }

    // Not generic, or a notebook's cell would compile it anew.
    fn read(path: &Path) -> Result<(Vec<Self>, Vec<TornLine>)> {
        files::read_all(path, "`vardrop prune --record FILE.jsonl` writes one")
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

/// The same over the seeds: a row for each way of training and each threshold, with means, the error ± its standard error, and the
/// range of compressions. Of LeNet-300-100 the published figures come last.
///
/// Records of networks with other widths than the first one's are left out.
pub fn sparse_table(records: &[PruneRecord]) -> Table {
    let shape = records.first().map(widths).unwrap_or_default();
    let layers = shape.len().saturating_sub(1);
    let header = ["Zero above", "Threshold", "Seeds"].map(str::to_owned).into_iter();
    let header = header.chain((1..=layers).map(|layer| format!("Layer {layer} (% gone)")));
    let mut table = Table::new(header.chain(["Compression", "from – to", "Test error (%)"].map(str::to_owned)));
    let key = |record: &PruneRecord| (record.protocol.zero_above, record.threshold, record.train_examples);
    let mut left: Vec<&PruneRecord> = records.iter().filter(|record| widths(record) == shape).collect();
    while let Some(&first) = left.first() {
        let (alike, others): (Vec<_>, Vec<_>) = left.into_iter().partition(|of| key(of) == key(first));
        left = others;
        let mean = |value: &dyn Fn(&PruneRecord) -> f64| {
            Sample::of(&alike.iter().map(|record| value(record)).collect::<Vec<_>>()).expect("one at least")
        };
        let zero = first.protocol.zero_above.map_or("never".to_owned(), |threshold| threshold.to_string());
        let mut row = vec![Cell::from(zero), Cell::number(first.threshold, 1), Cell::number(alike.len() as f64, 0)];
        row.extend((0..layers).map(|layer| Cell::number(mean(&|record| record.layers[layer].percent()).mean, 1)));
        let compressions = alike.iter().map(|record| record.compression);
        let (least, most) = compressions.fold((f64::INFINITY, 0.0_f64), |(a, b), of| (a.min(of), b.max(of)));
        let error = mean(&|record| record.test_error_percent);
        row.extend([
            Cell::number(mean(&|record| record.compression).mean, 1),
            Cell::from(format!("{least:.1} – {most:.1}")),
            Cell::estimate(error.mean, error.standard_error, 2),
        ]);
        table.push(row);
    }
    if shape == LENET_300_100 {
        let (percent, compression, error) = PUBLISHED;
        let mut row = vec![Cell::from("Molchanov et al. 2017"), Cell::number(PRUNING_THRESHOLD, 1), Cell::Empty];
        row.extend(percent.map(|percent| Cell::number(percent, 1)));
        row.extend([Cell::number(compression, 1), Cell::Empty, Cell::number(error, 2)]);
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

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = r#"{"method":"sparse","hidden":[300,100],"seed":1,"dataset":"mnist","train_examples":60000,
        "protocol":{"epochs":200,"batch_size":100,"held_out":0,"learning_rate":0.001,"constant_epochs":100,"alpha_step":20.0,
        "averaging":0.999,"kl_warm_up":[5.0,20.0],"input_rate":0.2,"hidden_rate":0.5},"threshold":3.0,
        "layers":[{"inputs":784,"outputs":300,"kept":2352},{"inputs":300,"outputs":100,"kept":600},
        {"inputs":100,"outputs":10,"kept":400}],"compression":50.0,"units":[510,73,49,10],"unpruned_test_error_percent":1.6,
        "pruned_test_error_percent":1.7,"fine_tuned_epochs":0,"test_error_percent":1.7,"dense_bytes":1066440,"file_bytes":31342,
        "version":"0.1.0","command":"vardrop prune","finished":"2026-11-24T05:43:54Z"}"#;

    #[test]
    fn seeds_of_one_training_and_threshold_share_a_row() {
        let first: PruneRecord = serde_json::from_str(RECORD).unwrap();
        let second = PruneRecord { seed: 2, compression: 60.0, test_error_percent: 1.9, ..first.clone() };
        let zeroed = Protocol { zero_above: Some(3.0), ..first.protocol.clone() };
        let zeroed = PruneRecord { protocol: zeroed, ..first.clone() };
        let csv = sparse_table(&[first, zeroed, second]).to_csv();
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines[1], "never,3,2,99,98,60,55,50.0 – 60.0,1.80 ± 0.10");
        assert_eq!(lines[2], "3,3,1,99,98,60,50,50.0 – 50.0,1.70");
        assert_eq!((lines.len(), &lines[3][..24]), (4, "Molchanov et al. 2017,3,"));
    }
}
