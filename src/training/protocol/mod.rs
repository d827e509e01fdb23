//! How a network is trained: the settings that decide a run's numbers, besides its method, widths, seed and data.

mod fingerprint;

use serde::{Deserialize, Serialize};

pub(crate) use fingerprint::{Difference, differences};

use crate::method::Method;

/// Everything that decides a run's numbers besides method, widths, seed and data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// Number of passes over the training examples.
    pub epochs: usize,
    /// Training stops earlier once this many epochs in a row have not lowered the validation error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<usize>,
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
}

impl Protocol {
    /// The setting of Molchanov, Ashukha & Vetrov (2017) for LeNet-300-100, for `method` [`Method::Sparse`]: the step size falls
    /// linearly in the second half of training, and the KL term's weight grows from 0 at a fortieth to 1 at a tenth of it (epochs
    /// 5 and 20 of their 200). The default for every other method.
    pub fn of(method: Method, epochs: Option<usize>) -> Self {
        let default = Self::default();
        if method != Method::Sparse {
            let epochs = epochs.unwrap_or(default.epochs);
            return Self { epochs, constant_epochs: epochs, ..default };
        }
        let epochs = epochs.unwrap_or(200);
        let warm_up = [epochs as f64 / 40.0, epochs as f64 / 10.0];
        Self { epochs, constant_epochs: epochs / 2, kl_warm_up: Some(warm_up), ..default }
    }
}

impl Default for Protocol {
    fn default() -> Self {
        Self {
            epochs: 60,
            patience: None,
            batch_size: 100,
            held_out: 10_000,
            learning_rate: 1e-3,
            constant_epochs: 60,
            alpha_step: 20.0,
            averaging: 0.999,
            kl_warm_up: None,
            start: None,
            input_rate: 0.2,
            hidden_rate: 0.5,
        }
    }
}
