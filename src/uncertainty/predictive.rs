//! The predictive distribution of a network for a batch of examples.

use ndarray::{Array2, ArrayView2};

use super::calibration::Calibration;
use super::draws;
use super::ensemble::Ensemble;
use super::entropy::Uncertainty;
use super::prediction::Prediction;
use super::sampling::Sampling;
use crate::data::{Dataset, Examples, Images, Inputs};
use crate::error::{Error, Result};
use crate::network::Network;

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
    /// Of whatever the engine reads, such as a view of an array (examples × inputs) or
    /// [`Examples`](crate::data::Examples); their targets are not looked at.
    ///
    /// # Errors
    /// As [`Self::of_dataset`]; a network for real targets, whose predictions are a
    /// [`RegressionPredictive`](super::RegressionPredictive).
    pub fn of(network: &Network, inputs: &impl Inputs<f32>, sampling: Sampling) -> Result<Self> {
        if !network.likelihood().is_categorical() {
            let expected = "categorical, that of a network for classes; RegressionPredictive is for real targets";
            return Err(Error::argument("likelihood of the network", network.likelihood().family(), expected));
        }
        sampling.check()?;
        let mut ensemble = Ensemble::new(inputs.len(), network.outputs_width())?;
        draws::draw(network, inputs, sampling, |probabilities| ensemble.add_network(probabilities))?;
        Ok(Self { samples: sampling.samples, ..ensemble.predictive()? })
    }

    /// Of all examples of a data set; their targets are not looked at.
    ///
    /// # Errors
    /// A sampling that cannot be drawn ([`Sampling::check`]); no examples; examples of another size than the network's
    /// input; a network whose probabilities are not finite.
    pub fn of_dataset(network: &Network, dataset: &Dataset, sampling: Sampling) -> Result<Self> {
        let indices: Vec<usize> = (0..dataset.len()).collect();
        Self::of(network, &Examples { dataset, indices: &indices }, sampling)
    }

    /// Of the examples of a data set with these numbers, in this order.
    ///
    /// # Errors
    /// As [`Self::of_dataset`]; a number that no example has.
    pub fn of_examples(network: &Network, dataset: &Dataset, examples: &[usize], sampling: Sampling) -> Result<Self> {
        if let Some(example) = examples.iter().find(|&&example| example >= dataset.len()) {
            let expected = format!("an example of {}, counted from 0 and below {}", dataset.name(), dataset.len());
            return Err(Error::argument("example", example, expected));
        }
        Self::of(network, &Examples { dataset, indices: examples }, sampling)
    }

    /// Of images without labels.
    ///
    /// # Errors
    /// As [`Self::of_dataset`].
    pub fn of_images(network: &Network, images: &Images, sampling: Sampling) -> Result<Self> {
        Self::of(network, &Unlabelled(images), sampling)
    }

    /// Of the rows of an array, (examples × inputs), scaled as the network's training images were (MNIST: 0 to 1).
    ///
    /// # Errors
    /// As [`Self::of_dataset`].
    pub fn of_array(network: &Network, inputs: ArrayView2<'_, f32>, sampling: Sampling) -> Result<Self> {
        Self::of(network, &inputs, sampling)
    }

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

/// Images whose labels nothing knows.
struct Unlabelled<'a>(&'a Images);

impl Inputs<f32> for Unlabelled<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn inputs(&self) -> usize {
        self.0.inputs()
    }

    fn fill(&self, first: usize, out: &mut [f32]) {
        let examples: Vec<usize> = (first..first + out.len() / self.inputs()).collect();
        self.0.fill_batch(&examples, out);
    }
}
