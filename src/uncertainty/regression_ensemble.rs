//! Several networks' normal distributions of real targets, gathered as they come.

use ndarray::{Array2, ArrayView2};

use super::regression::{Member, RegressionPredictive};
use crate::error::{Error, Result};

/// The normal distributions that several networks predict for the same examples' real targets: for classes, see
/// [`Ensemble`](super::Ensemble).
///
/// [`RegressionPredictive`] uses it for networks drawn from one network's noise; networks that were trained from several seeds
/// make a predictive distribution in the same way (Lakshminarayanan, Pritzel & Blundell 2017, section 2.4).
///
/// ```
/// use vardrop::ndarray::array;
/// use vardrop::uncertainty::RegressionEnsemble;
///
/// // Two networks, one example, one target: N(1, 0.5) and N(3, 1.5).
/// let mut ensemble = RegressionEnsemble::new(1, 1)?;
/// ensemble.add(array![[1.0]].view(), array![[0.5]].view())?;
/// ensemble.add(array![[3.0]].view(), array![[1.5]].view())?;
/// let predictive = ensemble.predictive()?;
/// assert_eq!(predictive.mean(), array![[2.0]]);
/// assert_eq!((predictive.data_variance(), predictive.weight_variance()), (array![[1.0]].view(), array![[1.0]].view()));
/// # Ok::<(), vardrop::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RegressionEnsemble {
    /// Examples and targets.
    dim: (usize, usize),
    members: Vec<Member>,
}

impl RegressionEnsemble {
    /// An ensemble without a network yet.
    ///
    /// # Errors
    /// No examples or no targets.
    pub fn new(examples: usize, targets: usize) -> Result<Self> {
        for (name, count) in [("number of examples", examples), ("number of targets", targets)] {
            if count == 0 {
                return Err(Error::argument(name, 0, "1 or more"));
            }
        }
        Ok(Self { dim: (examples, targets), members: Vec::new() })
    }

    /// Adds one network's means and variances, (examples × targets) each:
    /// [`Likelihood::moments`](crate::likelihood::Likelihood::moments) makes them of its outputs.
    ///
    /// # Errors
    /// Another shape; a mean that is not finite; a variance that is not a finite number above 0. The ensemble then stays as it
    /// was.
    pub fn add(&mut self, means: ArrayView2<'_, f64>, variances: ArrayView2<'_, f64>) -> Result<()> {
        self.add_owned(means.to_owned(), variances.to_owned())
    }

    pub(super) fn add_owned(&mut self, means: Array2<f64>, variances: Array2<f64>) -> Result<()> {
        for (what, array) in [("the means of a network", &means), ("the variances of a network", &variances)] {
            check_dim(what, array.view(), self.dim)?;
        }
        self.members.push(Member::new(means, variances)?);
        Ok(())
    }

    /// Adds all drawn networks of a predictive distribution: an ensemble of networks with noise. Each drawn network has the same
    /// weight, so draw as many of each.
    ///
    /// # Errors
    /// Another number of examples or targets.
    pub fn add_draws(&mut self, draws: &RegressionPredictive) -> Result<()> {
        check_dim("the predictive distribution of a network", draws.mean(), self.dim)?;
        self.members.extend_from_slice(draws.members());
        Ok(())
    }

    /// The number of networks added.
    pub fn members(&self) -> u64 {
        self.members.len() as u64
    }

    /// The predictive distribution of the networks so far, each with the same weight.
    ///
    /// # Errors
    /// No network yet.
    pub fn predictive(&self) -> Result<RegressionPredictive> {
        self.clone().into_predictive()
    }

    pub(super) fn into_predictive(self) -> Result<RegressionPredictive> {
        if self.members.is_empty() {
            return Err(Error::argument("number of networks", 0, "1 or more"));
        }
        let samples = Some(self.members());
        Ok(RegressionPredictive::of_members(self.members, samples))
    }
}

/// Whether an array is (examples × targets).
pub(super) fn check_dim(what: &str, array: ArrayView2<'_, f64>, (examples, targets): (usize, usize)) -> Result<()> {
    if array.dim() == (examples, targets) {
        return Ok(());
    }
    Err(Error::Shape { what: what.into(), found: array.shape().to_vec(), expected: vec![examples, targets] })
}
