//! How a network is trained: the settings that decide a run's numbers, besides its method, widths, seed and data.

mod fingerprint;
mod preset;

use std::fmt;

use serde::{Deserialize, Serialize};

pub(crate) use fingerprint::{Difference, differences};
pub use preset::Preset;

use super::Selection;
use crate::data::Validation;
use crate::layers::Activation;
use crate::likelihood::Family;
use crate::method::Method;
use crate::network::Initialisation;
use crate::optimizer::{Algorithm, AlphaBound, Schedule};

/// Everything that decides a run's numbers besides method, widths, seed and data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// Number of passes over the training examples.
    pub epochs: usize,
    /// Training stops earlier once this many epochs in a row were no better on the validation examples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<usize>,
    /// What validation chooses the epoch by.
    #[serde(default, skip_serializing_if = "Selection::is_error")]
    pub selection: Selection,
    /// Examples in a minibatch.
    pub batch_size: usize,
    /// Training images held out for validation.
    pub held_out: usize,
    /// Which of them are held out.
    #[serde(default, skip_serializing_if = "Validation::is_last")]
    pub validation: Validation,
    /// The optimizer's step size.
    pub learning_rate: f64,
    /// Epoch after which the step size falls, to 0 at the end of the last; `epochs` for a constant one.
    pub constant_epochs: usize,
    /// How many times larger the step of ln α is.
    pub alpha_step: f64,
    /// What keeps a learned α at 1 or below.
    #[serde(default, skip_serializing_if = "AlphaBound::is_projection")]
    pub alpha_bound: AlphaBound,
    /// Decay of the exponential moving average of the parameters; 0 for none.
    pub averaging: f64,
    /// Epochs between which the weight of the KL term grows linearly from 0 to its full value; `None` for a constant one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kl_warm_up: Option<[f64; 2]>,
    /// The model whose weights training started from, as it was named; `None` for random ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// Dropout rate p of the network's input.
    pub input_rate: f64,
    /// Dropout rate p of the hidden layers.
    pub hidden_rate: f64,
    /// Sparse: a weight counts as 0 in training once its ln α is above this; `None` for never ([`Additive::zero_above`]).
    ///
    /// [`Additive::zero_above`]: crate::layers::Additive::zero_above
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zero_above: Option<f64>,
    /// The activation between the layers; the paper's is the rectifier.
    #[serde(default = "relu", skip_serializing_if = "is_relu")]
    pub activation: Activation,
    /// How weights and biases start.
    #[serde(default, skip_serializing_if = "Initialisation::is_unit_columns")]
    pub initialisation: Initialisation,
    /// What the outputs say of the targets.
    #[serde(default, skip_serializing_if = "Family::is_categorical")]
    pub likelihood: Family,
    /// The optimizer.
    #[serde(default, skip_serializing_if = "Algorithm::is_adam")]
    pub optimizer: Algorithm,
    /// How the step size falls after `constant_epochs`.
    #[serde(default, skip_serializing_if = "Schedule::is_linear")]
    pub schedule: Schedule,
}

fn relu() -> Activation {
    Activation::Relu
}

fn is_relu(activation: &Activation) -> bool {
    *activation == Activation::Relu
}

impl Protocol {
    /// The same for another number of epochs: a constant step size stays constant, and the phases of the preset `sparse` stay in
    /// proportion. Phases that were set otherwise stay where they are.
    pub fn with_epochs(self, epochs: usize) -> Self {
        if (self.constant_epochs, self.kl_warm_up) == sparse_phases(self.epochs) {
            return self.with_sparse_phases(epochs);
        }
        let is_constant = self.constant_epochs == self.epochs;
        Self { epochs, constant_epochs: if is_constant { epochs } else { self.constant_epochs }, ..self }
    }

    fn with_sparse_phases(self, epochs: usize) -> Self {
        let (constant_epochs, kl_warm_up) = sparse_phases(epochs);
        Self { epochs, constant_epochs, kl_warm_up, ..self }
    }

    /// The preset whose settings, for a method and hidden layers of these widths, these are.
    pub fn preset(&self, method: Method, hidden: &[usize]) -> Option<Preset> {
        let is_this = |preset: &Preset| preset.protocol_like(method, hidden, self).is_ok_and(|own| own == *self);
        Preset::ALL.into_iter().find(is_this)
    }

    /// [`Self::preset`], or the preset of whose training, with a constant step size, it is the beginning: what is measured after 10 of
    /// 100 epochs.
    pub fn preset_so_far(&self, method: Method, hidden: &[usize]) -> Option<Preset> {
        self.preset(method, hidden).or_else(|| {
            Preset::ALL.into_iter().find(|preset| {
                preset.protocol_like(method, hidden, self).is_ok_and(|whole| {
                    let is_constant = whole.constant_epochs == whole.epochs;
                    is_constant && self.epochs < whole.epochs && whole.with_epochs(self.epochs) == *self
                })
            })
        })
    }

    /// What records name it by: [`Self::preset`], or that it is none.
    pub(crate) fn preset_name(&self, method: Method, hidden: &[usize]) -> String {
        self.preset(method, hidden).map_or(Preset::CUSTOM, Preset::name).to_owned()
    }

    /// The names of the settings that differ from another protocol's; of the phases, those that another number of epochs does not
    /// account for ([`Self::with_epochs`]).
    pub fn changes(&self, from: &Self) -> Vec<String> {
        let epochs = (self.epochs != from.epochs).then(|| "epochs".to_owned());
        let others = differences(&from.clone().with_epochs(self.epochs), self);
        epochs.into_iter().chain(others.into_iter().map(Difference::into_name)).collect()
    }
}

/// A protocol in a line: `300 epochs, step size 1e-3, minibatches of 100, averaging 0.9998, no example held out`.
impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} epochs, step size {:e}", self.epochs, self.learning_rate)?;
        if self.constant_epochs < self.epochs {
            write!(f, " falling to 0 after epoch {}", self.constant_epochs)?;
        }
        write!(f, ", minibatches of {}, averaging {}, ", self.batch_size, self.averaging)?;
        match self.held_out {
            0 => f.write_str("no example held out for validation"),
            held_out => write!(f, "{held_out} examples held out for validation"),
        }
    }
}

/// The phases of Molchanov, Ashukha & Vetrov's (2017) 200 epochs, in proportion: the step size falls in the second half, and the
/// weight of the KL term grows from 0 at a fortieth of all epochs to 1 at a tenth (their epochs 5 and 20).
fn sparse_phases(epochs: usize) -> (usize, Option<[f64; 2]>) {
    (epochs / 2, Some([epochs as f64 / 40.0, epochs as f64 / 10.0]))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The protocol of the first records, for tests that change a part of it.
    pub(crate) fn first() -> Protocol {
        Preset::First.protocol(Method::None, &[]).unwrap()
    }
}
