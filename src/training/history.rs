//! What a training run leaves behind: one entry an epoch, and the epoch that validation chose.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::method::Method;
use crate::network::AlphaStatistics;
use crate::noise::alpha_of_rate;
use crate::table::significant;

use super::{Config, Protocol};

/// One epoch of training. Losses are means per example, in nats: negative log-likelihoods, which of classes are cross-entropies. Errors
/// are percentages of misclassified examples, or of real targets' variance that is left ([`Evaluation`](crate::engine::Evaluation)).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Counted from 1.
    pub epoch: usize,
    /// Wall-clock seconds of training, without evaluation.
    pub seconds: f64,
    /// The objective: `train_cross_entropy + train_kl`.
    pub train_loss: f64,
    /// Mean cross-entropy of the noisy training batches.
    pub train_cross_entropy: f64,
    /// The KL term as it enters the objective, w · KL / N.
    pub train_kl: f64,
    /// Cross-entropy on the validation examples, without noise and with the averaged parameters.
    pub valid_cross_entropy: Option<f64>,
    /// Validation error, without noise and with the averaged parameters. `None` where no example is held out.
    pub valid_error_percent: Option<f64>,
    /// Cross-entropy on the test examples, as for validation.
    pub test_cross_entropy: f64,
    /// Test error, as for validation.
    pub test_error_percent: f64,
    /// Root mean square error of real targets on the validation examples: in the units of the data where one value is predicted. Of
    /// several, which may have different units, over all of them as training saw them: in standard deviations where they are standardised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_rmse: Option<f64>,
    /// The same on the test examples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_rmse: Option<f64>,
    /// α of each layer's noise, input layer first; empty for methods without α, and for sparse variational dropout, whose α has
    /// no bound.
    pub alpha: Vec<AlphaStatistics>,
    /// The fraction of each layer's weights that pruning would take (ln α > 3), for sparse variational dropout.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sparsity: Vec<f64>,
}

/// What the validation examples choose an epoch by. As text: `error` or `likelihood`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Selection {
    /// The lowest error, as in the paper.
    #[default]
    Error,
    /// The highest likelihood: few validation examples tell epochs apart by it that have the same error, and of real targets it minds
    /// whether the predicted variance is right.
    Likelihood,
}

impl Selection {
    /// Whether it is the one that records of version 0.1 mean, which name none.
    pub(crate) fn is_error(&self) -> bool {
        *self == Self::Error
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Error => "error",
            Self::Likelihood => "likelihood",
        })
    }
}

impl FromStr for Selection {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "error" => Ok(Self::Error),
            "likelihood" => Ok(Self::Likelihood),
            other => Err(Error::argument("selection", format!("{other:?}"), "error or likelihood")),
        }
    }
}

/// The epoch that validation chooses by the [`Selection`] (the earliest of equals); the last one where nothing is held out, or where
/// the network becomes sparser all the while (a low error is then an early one).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Counted from 1.
    pub epoch: usize,
    /// Its validation error in percent.
    pub valid_error_percent: Option<f64>,
    /// Its test error in percent at that epoch.
    pub test_error_percent: f64,
    /// Its root mean square error of real targets on the validation examples, as [`Epoch::valid_rmse`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_rmse: Option<f64>,
    /// The same on the test examples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_rmse: Option<f64>,
}

impl fmt::Display for Best {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(rmse) = self.test_rmse {
            if let Some(valid) = self.valid_rmse {
                write!(f, "validation RMSE {}, ", significant(valid))?;
            }
            return write!(f, "test RMSE {} at epoch {}", significant(rmse), self.epoch);
        }
        if let Some(error) = self.valid_error_percent {
            write!(f, "validation error {error:.2} %, ")?;
        }
        write!(f, "test error {:.2} % at epoch {}", self.test_error_percent, self.epoch)
    }
}

/// The epochs of one run, in order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct History {
    /// One entry an epoch.
    pub epochs: Vec<Epoch>,
    /// What an epoch is chosen by. In files the protocol says it.
    #[serde(skip)]
    pub selection: Selection,
    /// α before the first step, of the lowest layer's noise and of the others'; `None` where it is not learned. In files the protocol
    /// says it.
    #[serde(skip)]
    pub initial_alpha: Option<[f64; 2]>,
}

impl History {
    /// That of a training before its first epoch.
    ///
    /// ```
    /// use vardrop::Method;
    /// use vardrop::training::{Config, History};
    ///
    /// let history = History::begin(&Config::new(Method::VariationalA, &[100; 3]));
    /// // Rates of 0.2 on the input and 0.5 above.
    /// assert_eq!(history.initial_alpha, Some([0.25, 1.0]));
    /// ```
    pub fn begin(config: &Config) -> Self {
        Self::new(config.method, &config.protocol, Vec::new())
    }

    /// These epochs of a training by a protocol.
    pub(crate) fn new(method: Method, protocol: &Protocol, epochs: Vec<Epoch>) -> Self {
        let learns = method.learns_rates() && method != Method::Sparse;
        let alpha = |rate| alpha_of_rate(rate).ok();
        let initial_alpha = learns.then(|| Some([alpha(protocol.input_rate)?, alpha(protocol.hidden_rate)?])).flatten();
        Self { epochs, selection: protocol.selection, initial_alpha }
    }

    /// The epoch that validation chooses; `None` before the first epoch has ended.
    pub fn best(&self) -> Option<Best> {
        let key = |epoch: &Epoch| {
            let value = match self.selection {
                Selection::Error => epoch.valid_error_percent,
                Selection::Likelihood => epoch.valid_cross_entropy,
            };
            value.unwrap_or(f64::INFINITY)
        };
        let chooses = self.epochs.iter().any(|epoch| epoch.valid_error_percent.is_some() && epoch.sparsity.is_empty());
        let best =
            if chooses { self.epochs.iter().min_by(|a, b| key(a).total_cmp(&key(b))) } else { self.epochs.last() }?;
        Some(Best {
            epoch: best.epoch,
            valid_error_percent: best.valid_error_percent,
            test_error_percent: best.test_error_percent,
            valid_rmse: best.valid_rmse,
            test_rmse: best.test_rmse,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(epoch: usize, valid: Option<f64>, test: f64) -> Epoch {
        Epoch {
            epoch,
            seconds: 1.0,
            train_loss: 0.5,
            train_cross_entropy: 0.5,
            train_kl: 0.0,
            valid_cross_entropy: valid,
            valid_error_percent: valid,
            test_cross_entropy: 0.1,
            test_error_percent: test,
            valid_rmse: None,
            test_rmse: None,
            alpha: Vec::new(),
            sparsity: Vec::new(),
        }
    }

    fn of(epochs: Vec<Epoch>) -> History {
        History { epochs, ..History::default() }
    }

    #[test]
    fn by_likelihood_the_epoch_with_the_lowest_cross_entropy_counts() {
        let of_loss = |number, loss| Epoch { valid_cross_entropy: Some(loss), ..epoch(number, Some(2.0), 1.0) };
        let history = of(vec![of_loss(1, 0.3), of_loss(2, 0.1), of_loss(3, 0.2)]);
        assert_eq!(history.best().unwrap().epoch, 1, "by the error, which is the same");
        assert_eq!(History { selection: Selection::Likelihood, ..history }.best().unwrap().epoch, 2);
    }

    #[test]
    fn validation_chooses_the_earliest_of_equals_and_never_looks_at_the_test_error() {
        let history = of(vec![epoch(1, Some(3.0), 9.0), epoch(2, Some(2.0), 8.0), epoch(3, Some(2.0), 1.0)]);
        let best = history.best().unwrap();
        assert_eq!((best.epoch, best.test_error_percent), (2, 8.0));
    }

    #[test]
    fn of_a_network_that_becomes_sparse_the_last_epoch_counts() {
        let sparse = |number, valid, sparsity| Epoch { sparsity: vec![sparsity], ..epoch(number, Some(valid), 1.0) };
        let history = of(vec![sparse(1, 1.0, 0.1), sparse(2, 2.0, 0.9)]);
        assert_eq!(history.best().unwrap().epoch, 2);
    }

    #[test]
    fn without_validation_the_last_epoch_counts() {
        let history = of(vec![epoch(1, None, 1.0), epoch(2, None, 2.0)]);
        assert_eq!(history.best().unwrap().epoch, 2);
        assert!(History::default().best().is_none());
    }
}
