//! The mean of many networks' predictions, summed as they come.

use ndarray::{Array2, ArrayView2};

use super::calibration::check;
use super::entropy::{Uncertainty, entropy_of};
use super::predictive::Predictive;
use crate::Real;
use crate::error::{Error, Result};

/// The class probabilities of several networks for the same examples, of which only sums are kept: memory does not
/// grow with the number of networks, and double precision does not drift over tens of thousands of them.
///
/// [`Predictive`] uses it for networks drawn from one network's noise; networks that were trained from several seeds
/// make a predictive distribution in the same way (Lakshminarayanan, Pritzel & Blundell 2017).
///
/// ```
/// use vardrop::ndarray::array;
/// use vardrop::uncertainty::Ensemble;
///
/// // Each is sure, and they disagree: all of the uncertainty is mutual information.
/// let mut ensemble = Ensemble::new(1, 2)?;
/// ensemble.add(array![[1.0, 0.0]].view())?;
/// ensemble.add(array![[0.0, 1.0]].view())?;
/// let uncertainty = ensemble.predictive()?.uncertainties()[0];
/// assert_eq!((uncertainty.entropy, uncertainty.expected_entropy), (2f64.ln(), 0.0));
/// # Ok::<(), vardrop::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Ensemble {
    /// Σ p, examples × classes.
    sum: Array2<f64>,
    /// Σ H\[p\] of each example.
    entropies: Vec<f64>,
    members: u64,
}

impl Ensemble {
    /// An ensemble without a network yet.
    ///
    /// # Errors
    /// No examples or no classes.
    pub fn new(examples: usize, classes: usize) -> Result<Self> {
        for (name, count) in [("number of examples", examples), ("number of classes", classes)] {
            if count == 0 {
                return Err(Error::argument(name, 0, "1 or more"));
            }
        }
        Ok(Self { sum: Array2::zeros((examples, classes)), entropies: vec![0.0; examples], members: 0 })
    }

    /// Adds one network's class probabilities, (examples × classes).
    ///
    /// # Errors
    /// Another shape; a row that is no distribution. The ensemble then stays as it was.
    pub fn add(&mut self, probabilities: ArrayView2<'_, f64>) -> Result<()> {
        self.add_network(probabilities)
    }

    pub(super) fn add_network<T: Real>(&mut self, probabilities: ArrayView2<'_, T>) -> Result<()> {
        self.check_dim("the class probabilities of a network", probabilities.dim())?;
        check(probabilities)?;
        for ((row, mut sum), entropies) in
            probabilities.outer_iter().zip(self.sum.outer_iter_mut()).zip(&mut self.entropies)
        {
            *entropies += entropy_of(row.iter().map(|p| p.f64()));
            sum.zip_mut_with(&row, |sum, p| *sum += p.f64());
        }
        self.members += 1;
        Ok(())
    }

    /// Adds all drawn networks of a predictive distribution: an ensemble of networks with noise. Each drawn network has the same
    /// weight, so draw as many of each.
    ///
    /// # Errors
    /// Another number of examples or classes. The ensemble then stays as it was.
    pub fn add_draws(&mut self, draws: &Predictive) -> Result<()> {
        self.check_dim("the predictive distribution of a network", draws.probabilities.dim())?;
        let members = draws.samples.unwrap_or(1);
        self.sum.scaled_add(members as f64, &draws.probabilities);
        for (sum, uncertainty) in self.entropies.iter_mut().zip(&draws.uncertainties) {
            *sum += members as f64 * uncertainty.expected_entropy;
        }
        self.members += members;
        Ok(())
    }

    fn check_dim(&self, what: &str, (examples, classes): (usize, usize)) -> Result<()> {
        if (examples, classes) == self.sum.dim() {
            return Ok(());
        }
        let expected = self.sum.shape().to_vec();
        Err(Error::Shape { what: what.into(), found: vec![examples, classes], expected })
    }

    /// The number of networks added.
    pub fn members(&self) -> u64 {
        self.members
    }

    /// The predictive distribution of the networks so far, each with the same weight.
    ///
    /// # Errors
    /// No network yet.
    pub fn predictive(&self) -> Result<Predictive> {
        if self.members == 0 {
            return Err(Error::argument("number of networks", 0, "1 or more"));
        }
        let members = self.members as f64;
        let probabilities = &self.sum / members;
        let split = |(row, sum): (ndarray::ArrayView1<'_, f64>, &f64)| {
            Uncertainty::new(entropy_of(row.iter().copied()), sum / members)
        };
        let uncertainties = probabilities.outer_iter().zip(&self.entropies).map(split).collect();
        Ok(Predictive { probabilities, uncertainties, samples: Some(self.members) })
    }
}
