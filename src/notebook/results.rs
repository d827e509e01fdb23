//! What records and measurements show as a cell's output: the tables and figures that are made of them.

use super::display_error;
use crate::error::Result;
use crate::experiment::{Record, Records, Summary, report};
use crate::figures::{learning_curves, noise_spectra, variance_curves};
use crate::sparse::{LayerSparsity, PruneRecord, SparseNetwork, compression, pruning_table};
use crate::table::{Cell, Table};
use crate::training::{Epoch, Snapshot};
use crate::variance::{Measurement, NoiseSpectrum, Share, VarianceRecord, measured, table1};

/// Lists that a cell can end with: `use vardrop::DisplayList;` shows them as a table or a figure, where the kernel would
/// otherwise write out every number that is in them.
pub trait DisplayList {
    /// Shows the list as a cell's output.
    fn evcxr_display(&self);
}

/// Makes a cell show one thing as it shows a list of it.
macro_rules! display_alone_as_in_a_list {
    ($($kind:ty),*) => {$(
        impl $kind {
            /// Shows it as a cell's output.
            pub fn evcxr_display(&self) {
                std::slice::from_ref(self).evcxr_display();
            }
        }
    )*};
}
display_alone_as_in_a_list!(LayerSparsity, Measurement, NoiseSpectrum, PruneRecord, Share, Summary, VarianceRecord);

impl Records {
    /// Shows the runs beside the paper's, where all of them are points of Figure 1, and otherwise their summaries, as a cell's
    /// output.
    pub fn evcxr_display(&self) {
        records(self).evcxr_display();
    }
}

impl Record {
    /// Shows what was trained and how well it does, and the learning curves, as a cell's output.
    pub fn evcxr_display(&self) {
        println!("{}", line(self));
        learning_curves(&self.history()).evcxr_display();
    }
}

impl SparseNetwork {
    /// Shows what pruning has left of each layer, as a cell's output.
    pub fn evcxr_display(&self) {
        let (layers, stored) = (self.sparsity(), self.stored_weights());
        let units: Vec<_> = self.units().iter().map(usize::to_string).collect();
        let caption = format!(
            "One weight of {:.0} is left. Without the units that pruning has cut off, {} units hold {stored} weights.",
            compression(&layers),
            units.join("–")
        );
        sparse(&layers).caption(caption).evcxr_display();
    }
}

impl DisplayList for [Record] {
    fn evcxr_display(&self) {
        Records::from_iter(self.iter().cloned()).evcxr_display();
    }
}

impl DisplayList for [Summary] {
    fn evcxr_display(&self) {
        summaries(self).evcxr_display();
    }
}

impl DisplayList for [Epoch] {
    fn evcxr_display(&self) {
        epochs(self.iter()).evcxr_display();
    }
}

impl DisplayList for [LayerSparsity] {
    fn evcxr_display(&self) {
        sparse(self).evcxr_display();
    }
}

impl DisplayList for [Snapshot] {
    fn evcxr_display(&self) {
        epochs(self.iter().map(|snapshot| &snapshot.epoch)).evcxr_display();
    }
}

impl DisplayList for [VarianceRecord] {
    fn evcxr_display(&self) {
        display(table1(self));
    }
}

impl DisplayList for [Measurement] {
    fn evcxr_display(&self) {
        measured(&[("measured", self)]).evcxr_display();
    }
}

impl DisplayList for [Share] {
    fn evcxr_display(&self) {
        variance_curves(self).evcxr_display();
    }
}

impl DisplayList for [NoiseSpectrum] {
    fn evcxr_display(&self) {
        noise_spectra(self).evcxr_display();
    }
}

impl DisplayList for [PruneRecord] {
    fn evcxr_display(&self) {
        pruning_table(self).evcxr_display();
    }
}

fn display(table: Result<Table>) {
    match table {
        Ok(table) => table.evcxr_display(),
        Err(error) => display_error(&error),
    }
}

fn line(record: &Record) -> String {
    let hidden: Vec<_> = record.hidden.iter().map(usize::to_string).collect();
    let Record { method, seed, train_examples, dataset, best, epochs, .. } = record;
    let (hidden, epochs) = (hidden.join("-"), epochs.len());
    format!("{method}, hidden {hidden}, seed {seed}, {epochs} epochs on {train_examples} of {dataset}: {best}")
}

fn records(records: &Records) -> Table {
    let groups = records.summaries();
    match report::figure1(records) {
        Ok(table) if !table.is_empty() && table.len() == groups.len() => table,
        _ => summaries(&groups),
    }
}

fn summaries(groups: &[Summary]) -> Table {
    let mut table = Table::new(["Method", "Hidden layers", "Data", "Trained on", "Epochs", "Runs", "Test error (%)"]);
    for group in groups {
        let hidden: Vec<_> = group.hidden.iter().map(usize::to_string).collect();
        let error = group.test_error_percent;
        table.push((
            group.method,
            hidden.join("-"),
            group.dataset.clone(),
            group.train_examples,
            group.protocol.epochs,
            error.runs,
            Cell::estimate(error.mean, error.standard_error, 2),
        ));
    }
    table.caption("Mean ± standard error over runs that differ in nothing but their seed.")
}

fn epochs<'a>(epochs: impl Iterator<Item = &'a Epoch>) -> Table {
    let mut table = Table::new(["Epoch", "Loss", "Validation error (%)", "Test error (%)"]);
    for epoch in epochs {
        let valid = epoch.valid_error_percent.map(|error| Cell::number(error, 2));
        table.push((epoch.epoch, Cell::number(epoch.train_loss, 4), valid, Cell::number(epoch.test_error_percent, 2)));
    }
    table
}

fn sparse(layers: &[LayerSparsity]) -> Table {
    let mut table = Table::new(["Layer", "Shape", "Weights left", "Gone (%)"]);
    for (number, layer) in (1..).zip(layers) {
        let shape = format!("{} × {}", layer.inputs, layer.outputs);
        table.push((format!("{number}"), shape, layer.kept, Cell::number(layer.percent(), 2)));
    }
    let kept: usize = layers.iter().map(|layer| layer.kept).sum();
    let weights: usize = layers.iter().map(LayerSparsity::weights).sum();
    table.push(("total", Cell::Empty, kept, Cell::number(100.0 * (1.0 - kept as f64 / weights as f64), 2)));
    table
}
