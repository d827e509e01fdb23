//! What a network's outputs say of the targets: the distribution whose negative logarithm is the loss.
//!
//! - [`Likelihood::Categorical`]: the outputs are log-odds of classes ([`categorical`]).
//! - [`Likelihood::Gaussian`]: real targets, each normally distributed about an output ([`gaussian`]).

pub mod categorical;
mod family;
pub mod gaussian;

use ndarray::{Array1, Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::Real;
use crate::data::Target;
use crate::error::{Error, Result};

pub use family::Family;
pub use gaussian::Variance;

/// The distribution of the targets, given a network's outputs.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Likelihood<T = f32> {
    /// One of as many classes as there are outputs.
    #[default]
    Categorical,
    /// Real values: N(mean, σ²) each, independent.
    Gaussian(Variance<T>),
}

impl<T> Likelihood<T> {
    /// Whether the targets are classes.
    pub fn is_categorical(&self) -> bool {
        matches!(self, Self::Categorical)
    }
}

impl<T: Real> Likelihood<T> {
    /// Real targets with a variance that is known.
    ///
    /// # Errors
    /// A variance that is not a finite number above 0.
    pub fn gaussian_fixed(variance: f64) -> Result<Self> {
        let likelihood = Self::Gaussian(Variance::Fixed(variance));
        likelihood.check(1)?;
        Ok(likelihood)
    }

    /// `targets` real targets, each with a variance that is learned, one for all examples; it starts at 1.
    pub fn gaussian_learned(targets: usize) -> Self {
        Self::Gaussian(Variance::Learned { log_variance: Array1::zeros(targets) })
    }

    /// Real targets with a variance that the network predicts for each example: the second half of its outputs are ln σ².
    pub fn gaussian_predicted() -> Self {
        Self::Gaussian(Variance::Predicted)
    }

    /// Its family: what it is called in files and on the command line.
    pub fn family(&self) -> Family {
        match self {
            Self::Categorical => Family::Categorical,
            Self::Gaussian(Variance::Fixed(variance)) => Family::GaussianFixed { variance: *variance },
            Self::Gaussian(Variance::Learned { .. }) => Family::Gaussian,
            Self::Gaussian(Variance::Predicted) => Family::GaussianPredicted,
        }
    }

    /// How many real values (or classes) a network with `outputs` outputs predicts.
    pub fn targets(&self, outputs: usize) -> usize {
        if matches!(self, Self::Gaussian(Variance::Predicted)) { outputs / 2 } else { outputs }
    }

    /// How many outputs a network needs for as many real values (or classes).
    pub fn outputs(&self, targets: usize) -> usize {
        if matches!(self, Self::Gaussian(Variance::Predicted)) { 2 * targets } else { targets }
    }

    /// Whether it goes with a network of so many outputs.
    ///
    /// # Errors
    /// A number of outputs that it has no meaning for; a variance out of range.
    pub fn check(&self, outputs: usize) -> Result<()> {
        match self {
            Self::Categorical => Ok(()),
            Self::Gaussian(Variance::Fixed(variance)) if !(*variance > 0.0 && variance.is_finite()) => {
                Err(Error::argument("variance of the targets", variance, "a finite number above 0, such as 1"))
            }
            Self::Gaussian(Variance::Learned { log_variance }) if log_variance.len() != outputs => {
                let found = log_variance.shape().to_vec();
                Err(Error::Shape { what: "ln σ² of the targets".into(), found, expected: vec![outputs] })
            }
            Self::Gaussian(Variance::Predicted) if !outputs.is_multiple_of(2) => {
                let expected = "an even number where the variance is predicted: a mean and a ln σ² for each target";
                Err(Error::argument("number of outputs", outputs, expected))
            }
            Self::Gaussian(_) => Ok(()),
        }
    }

    /// Whether a target is one that a network of so many outputs can have.
    pub(crate) fn check_target(&self, target: Target<'_>, outputs: usize) -> Result<()> {
        match (self, target) {
            (Self::Categorical, Target::Class(class)) if class < outputs => Ok(()),
            (Self::Categorical, Target::Class(class)) => {
                Err(Error::argument("label", class, format!("a class from 0 to {}", outputs.saturating_sub(1))))
            }
            (Self::Categorical, Target::Values(values)) => Err(Error::argument(
                "target",
                format!("{values:?}"),
                "a class: the network's likelihood is categorical",
            )),
            (Self::Gaussian(_), Target::Class(class)) => {
                let expected = "real values: the network's likelihood is Gaussian";
                Err(Error::argument("target", format!("class {class}"), expected))
            }
            (Self::Gaussian(_), Target::Values(values)) => {
                let expected = self.targets(outputs);
                if values.len() != expected {
                    let found = vec![values.len()];
                    return Err(Error::Shape { what: "an example's targets".into(), found, expected: vec![expected] });
                }
                match values.iter().find(|value| !value.is_finite()) {
                    Some(value) => Err(Error::argument("target", value, "a finite number")),
                    None => Ok(()),
                }
            }
        }
    }

    /// What training learns of it: ln σ² of each target.
    pub fn log_variance(&self) -> Option<&Array1<T>> {
        match self {
            Self::Gaussian(Variance::Learned { log_variance }) => Some(log_variance),
            _ => None,
        }
    }

    /// [`Self::log_variance`], to change.
    pub fn log_variance_mut(&mut self) -> Option<&mut Array1<T>> {
        match self {
            Self::Gaussian(Variance::Learned { log_variance }) => Some(log_variance),
            _ => None,
        }
    }

    /// The negative log-likelihood of one example's target, in nats. `outputs` become its derivatives times `scale`, and `sums` +=
    /// the derivative with respect to [`Self::log_variance`], times `scale`. The target is one that [`Self::check_target`] passes.
    pub(crate) fn loss(&self, outputs: &mut [T], target: Target<'_>, scale: T, sums: &mut [T]) -> f64 {
        match (self, target) {
            (Self::Categorical, Target::Class(class)) => categorical::loss(outputs, class, scale),
            (Self::Gaussian(variance), Target::Values(values)) => {
                gaussian::loss(variance, outputs, values, scale, sums)
            }
            _ => f64::NAN,
        }
    }

    /// Outputs to predictions: log-odds to probabilities; of a Gaussian the outputs stay what they are.
    pub(crate) fn predict(&self, outputs: &mut [T]) {
        if self.is_categorical() {
            categorical::softmax(outputs, 0);
        }
    }

    /// The means and variances of real targets, (examples × targets) each, from a network's outputs; nothing for classes.
    pub fn moments(&self, outputs: ArrayView2<'_, T>) -> Option<(Array2<f64>, Array2<f64>)> {
        match self {
            Self::Categorical => None,
            Self::Gaussian(variance) => Some(gaussian::moments(variance, outputs)),
        }
    }
}
