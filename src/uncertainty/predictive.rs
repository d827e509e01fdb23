//! The predictive distribution of classes.

use ndarray::{Array2, ArrayView2};

use super::calibration::Calibration;
use super::entropy::Uncertainty;
use super::prediction::Prediction;
use crate::error::{Error, Result};

/// Mean class probabilities of every example over drawn networks (or of the network without noise), and how unsure they
/// are.
///
/// Probabilities are those of the networks, in single precision, averaged in double precision: they add up to 1 within
/// 1e-6. Every example of every drawn network has noise of its own, which is a function of the seed, of the network's
/// number and of the example's position among those that were given.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictive {
    pub(super) probabilities: Array2<f64>,
    pub(super) uncertainties: Vec<Uncertainty>,
    pub(super) samples: Option<u64>,
}

impl Predictive {
    /// The number of examples.
    pub fn len(&self) -> usize {
        self.uncertainties.len()
    }

    /// Whether there is none, which no function here returns.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.probabilities.ncols()
    }

    /// K: the number of networks in the mean; `None` for the network without noise.
    pub fn samples(&self) -> Option<u64> {
        self.samples
    }

    /// E p: mean class probabilities, (examples × classes).
    pub fn probabilities(&self) -> ArrayView2<'_, f64> {
        self.probabilities.view()
    }

    /// How unsure the prediction of each example is.
    pub fn uncertainties(&self) -> &[Uncertainty] {
        &self.uncertainties
    }

    /// The mean of the examples' uncertainties.
    pub fn mean_uncertainty(&self) -> Uncertainty {
        Uncertainty::mean(&self.uncertainties).expect("one example or more")
    }

    /// The prediction for one example.
    ///
    /// # Errors
    /// An example that does not exist.
    pub fn prediction(&self, example: usize) -> Result<Prediction> {
        let uncertainty = *self.uncertainties.get(example).ok_or_else(|| {
            Error::argument("example", example, format!("a number from 0 to {}", self.len().saturating_sub(1)))
        })?;
        let probabilities = self.probabilities.row(example).to_vec();
        Ok(Prediction { probabilities, uncertainty, samples: self.samples })
    }

    /// How well the predictions agree with labels, in `bins` bins of confidence ([`Calibration::BINS`] is usual).
    ///
    /// # Errors
    /// As [`Calibration::of`].
    pub fn calibration(&self, labels: &[usize], bins: usize) -> Result<Calibration> {
        Calibration::of(self.probabilities(), labels, bins)
    }
}
