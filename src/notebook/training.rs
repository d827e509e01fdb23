//! What training, networks and data show as a cell's output: a line or two of text, and a table or a figure below it.

use super::print;
use super::values::settings;
use crate::data::Splits;
use crate::figures::learning_curves;
use crate::network::Network;
use crate::training::{BackgroundRun, Best, Config, Epoch, Model, ModelInfo, Progress, Run, Snapshot, Status};

impl Network {
    /// Shows the table of the layers, [`Network::summary`], as a cell's output.
    pub fn evcxr_display(&self) {
        self.summary().evcxr_display();
    }
}

impl Run {
    /// Shows what was trained and how well it does, and the learning curves, as a cell's output.
    pub fn evcxr_display(&self) {
        println!("{self}");
        learning_curves(&self.history).evcxr_display();
    }
}

impl Best {
    /// Shows the epoch and its errors in a line, as a cell's output.
    pub fn evcxr_display(&self) {
        print(&vec![("text/plain", self.to_string())]);
    }
}

impl Epoch {
    /// Shows the epoch's loss and errors in a line, as a cell's output.
    pub fn evcxr_display(&self) {
        print(&vec![(
            "text/plain",
            Progress::Epoch { epoch: self, epochs: self.epoch, seconds_left: None }.to_string(),
        )]);
    }
}

impl Snapshot {
    /// Shows the epoch's figures and the table of the layers, as a cell's output.
    pub fn evcxr_display(&self) {
        let Self { epoch, .. } = self;
        println!("{}", Progress::Epoch { epoch, epochs: epoch.epoch, seconds_left: None });
        self.network.evcxr_display();
    }
}

impl Status {
    /// Shows how far the run is, and the learning curves so far, as a cell's output.
    pub fn evcxr_display(&self) {
        println!("{self}");
        if !self.history.epochs.is_empty() {
            learning_curves(&self.history).evcxr_display();
        }
    }
}

impl BackgroundRun {
    /// Shows [`BackgroundRun::status`] as a cell's output.
    pub fn evcxr_display(&self) {
        self.status().evcxr_display();
    }
}

impl Config {
    /// Shows the settings as a table, as a cell's output.
    pub fn evcxr_display(&self) {
        settings(self).evcxr_display();
    }
}

impl ModelInfo {
    /// Shows what was trained and how well it does, and the learning curves, as a cell's output.
    pub fn evcxr_display(&self) {
        println!("{}", line(self));
        learning_curves(&self.history).evcxr_display();
    }
}

impl Model {
    /// Shows what was trained and how well it does, and the table of the layers, as a cell's output.
    pub fn evcxr_display(&self) {
        println!("{}", line(&self.info));
        self.network.evcxr_display();
    }
}

impl Splits {
    /// Shows the sizes of the parts, and a contact sheet of the training images, as a cell's output.
    pub fn evcxr_display(&self) {
        println!("{}", sizes(self));
        self.warnings().iter().for_each(|warning| println!("warning: {warning}"));
        self.train.evcxr_display();
    }
}

fn sizes(splits: &Splits) -> String {
    let [train, validation, test] = [&splits.train, &splits.validation, &splits.test].map(|part| part.len());
    format!("{}: {train} for training, {validation} for validation, {test} for the test", splits.train.name())
}

fn line(info: &ModelInfo) -> String {
    let widths: Vec<_> = info.widths.iter().map(usize::to_string).collect();
    let best = info.history.best().map_or_else(|| "no epoch yet".to_owned(), |best| best.to_string());
    let (epochs, examples) = (info.history.epochs.len(), info.train_examples);
    format!("{}, {}, {epochs} epochs on {examples} of {}: {best}", info.config.method, widths.join("-"), info.dataset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::synthetic;
    use crate::method::Method;

    #[test]
    fn every_setting_has_a_row() {
        let table = settings(&Config::new(Method::VariationalA2, &[30, 20]).epochs(7).seed(4)).to_csv();
        for row in ["method,variational-a2", "hidden,\"[30,20]\"", "seed,4", "epochs,7", "batch_size,100"] {
            assert!(table.lines().any(|line| line == row), "{row} is missing from {table}");
        }
    }

    #[test]
    fn the_parts_of_the_data_are_counted() {
        let splits = Splits::hold_out(synthetic(30, 1), synthetic(10, 2), 5).unwrap();
        assert_eq!(sizes(&splits), "synthetic: 25 for training, 5 for validation, 10 for the test");
    }
}
