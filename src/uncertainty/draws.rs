//! Draws networks from one network's noise: what every predictive distribution is made of.

use ndarray::ArrayView2;

use super::ensemble::Ensemble;
use super::predictive::Predictive;
use super::regression::RegressionPredictive;
use super::regression_ensemble::RegressionEnsemble;
use super::sampling::Sampling;
use crate::data::{Dataset, Examples, Images, Inputs};
use crate::engine::Engine;
use crate::error::{Error, Result, check_memory};
use crate::layers::Noise;
use crate::network::Network;
use crate::noise::{NoiseSource, Purpose};

/// Hands `add` what each drawn network predicts of the inputs, (examples × outputs): class probabilities, or the parameters of
/// real targets' distributions. Without noise every draw is the same, and there is one.
///
/// # Errors
/// A sampling that cannot be drawn; inputs of another size than the network's; what `add` gives.
fn draw(
    network: &Network,
    inputs: &impl Inputs<f32>,
    sampling: Sampling,
    mut add: impl FnMut(ArrayView2<'_, f32>) -> Result<()>,
) -> Result<()> {
    sampling.check()?;
    let block = sampling.block.min(inputs.len().div_ceil(sampling.threads)).max(1);
    let mut engine = Engine::new(network, block.saturating_mul(sampling.threads), sampling.threads)?;
    let noisy = network.layers().iter().any(|layer| !matches!(layer.noise, Noise::None));
    match sampling.samples.filter(|_| noisy) {
        // All examples in one call: a row's noise depends on its place in it.
        Some(samples) => (0..samples).try_for_each(|sample| {
            let source = NoiseSource::for_purpose(Purpose::Prediction, sampling.seed, sample);
            add(engine.predict(network, inputs, Some(source))?.view())
        }),
        None => add(engine.predict(network, inputs, None)?.view()),
    }
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
        draw(network, inputs, sampling, |probabilities| ensemble.add_network(probabilities))?;
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

impl RegressionPredictive {
    /// Of whatever the engine reads: a view of an array (examples × inputs), or [`Examples`](crate::data::Examples) or
    /// [`Rows`](crate::data::Rows), whose targets are not looked at. Inputs are scaled as those that the network was trained on.
    ///
    /// # Errors
    /// A network for classes; a sampling that cannot be drawn ([`Sampling::check`]); no examples; inputs of another size than the
    /// network's; a network whose outputs are not finite; more draws than there is memory for.
    pub fn of(network: &Network, inputs: &impl Inputs<f32>, sampling: Sampling) -> Result<Self> {
        let likelihood = network.likelihood();
        if likelihood.is_categorical() {
            let expected = "gaussian, that of a network for real targets (Network::builder(…).likelihood(…)); Predictive is \
                            for classes";
            return Err(Error::argument("likelihood of the network", likelihood.family(), expected));
        }
        sampling.check()?;
        let targets = likelihood.targets(network.outputs_width());
        let mut ensemble = RegressionEnsemble::new(inputs.len(), targets)?;
        let samples = sampling.samples.unwrap_or(1);
        let numbers = (samples as usize).saturating_mul(inputs.len()).saturating_mul(2 * targets);
        check_memory::<f64>("samples", samples, numbers)?;
        draw(network, inputs, sampling, |outputs| {
            let (means, variances) = likelihood.moments(outputs).expect("the likelihood is Gaussian");
            ensemble.add_owned(means, variances)
        })?;
        Ok(ensemble.into_predictive()?.of_samples(sampling.samples))
    }

    /// Of all examples of a data set; their targets are not looked at. If it is standardised, so are the predictions:
    /// [`Self::in_units`] takes the mean and the scale of each of [`Standardisation::targets`](crate::data::Standardisation).
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn of_dataset(network: &Network, dataset: &Dataset, sampling: Sampling) -> Result<Self> {
        let indices: Vec<usize> = (0..dataset.len()).collect();
        Self::of(network, &Examples { dataset, indices: &indices }, sampling)
    }

    /// Of the rows of an array, (examples × inputs).
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn of_array(network: &Network, inputs: ArrayView2<'_, f32>, sampling: Sampling) -> Result<Self> {
        Self::of(network, &inputs, sampling)
    }
}
