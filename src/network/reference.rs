//! The whole network in plain ndarray: layers one after another, the loss, and the way back. The engine computes the same, faster,
//! and is tested against this.

use ndarray::{Array1, Array2, ArrayView2};

use super::{Network, Objective};
use crate::Real;
use crate::data::Batch;
use crate::error::{Error, Result};
use crate::layers::LayerGradients;
use crate::noise::NoiseSource;

/// What [`Network::gradients`] computes.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkGradients<T> {
    /// The mean negative log-likelihood of the examples, in nats.
    pub loss: f64,
    /// ∂objective/∂ of each layer's parameters, and ∂loss/∂ of its input.
    pub layers: Vec<LayerGradients<T>>,
    /// ∂loss/∂ln σ² of the targets; empty where it is not learned.
    pub log_variance: Array1<T>,
}

impl<T: Real> Network<T> {
    /// Draws of every layer's noise for `examples` examples: the same that an engine draws from `source`.
    pub fn draw(&self, source: NoiseSource, examples: usize) -> Vec<Array2<T>> {
        self.layers.iter().enumerate().map(|(index, layer)| layer.draw(source, index, examples)).collect()
    }

    /// What the last layer gives for `input`, (examples × outputs): log-odds of classes, or the parameters of real targets'
    /// distributions. Without noise, or with the draws of [`Self::draw`].
    ///
    /// An [`Engine`](crate::engine::Engine) computes the same many times faster.
    ///
    /// # Errors
    /// An input of another width, or noise of another shape, than the layers'.
    pub fn outputs(&self, input: ArrayView2<'_, T>, noise: Option<&[Array2<T>]>) -> Result<Array2<T>> {
        self.check_noise(noise)?;
        let mut signal = input.to_owned();
        for (index, layer) in self.layers.iter().enumerate() {
            signal = layer.forward(signal.view(), noise.map(|noise| noise[index].view()))?.0;
        }
        Ok(signal)
    }

    /// The mean loss of a batch and the gradient of the objective, by plain arithmetic.
    ///
    /// # Errors
    /// As [`Self::outputs`]; a target that does not go with the likelihood; no examples.
    pub fn gradients(
        &self,
        batch: &impl Batch<T>,
        noise: Option<&[Array2<T>]>,
        objective: Objective,
    ) -> Result<NetworkGradients<T>> {
        self.check_batch(batch)?;
        self.check_noise(noise)?;
        if batch.is_empty() {
            return Err(Error::argument("number of examples", 0, "1 or more"));
        }
        let mut signal = Array2::zeros((batch.len(), batch.inputs()));
        batch.fill(0, signal.as_slice_mut().expect("in standard layout"));
        let mut tapes = Vec::new();
        for (index, layer) in self.layers.iter().enumerate() {
            let (output, tape) = layer.forward(signal.view(), noise.map(|noise| noise[index].view()))?;
            tapes.push(tape);
            signal = output;
        }

        let scale = T::one() / T::of(batch.len() as f64);
        let mut log_variance = Array1::zeros(self.likelihood.log_variance().map_or(0, Array1::len));
        let sums = log_variance.as_slice_mut().expect("in standard layout");
        let mut loss = 0.0;
        for (example, mut row) in signal.outer_iter_mut().enumerate() {
            let outputs = row.as_slice_mut().expect("rows are contiguous");
            loss += self.likelihood.loss(outputs, batch.target(example), scale, sums);
        }

        let mut delta = signal;
        let mut layers = Vec::new();
        for (layer, tape) in self.layers.iter().zip(&tapes).rev() {
            let mut gradients = layer.backward(tape, delta.view())?;
            let kl_scale = T::of(-objective.kl_weight * layer.kl_weight / objective.examples as f64);
            if layer.learned_noise().is_some() {
                let (weight, noise) = layer.negative_kl_gradient();
                gradients.weight.scaled_add(kl_scale, &weight);
                gradients.noise.scaled_add(kl_scale, &noise);
            }
            delta = gradients.input.clone();
            layers.push(gradients);
        }
        layers.reverse();
        Ok(NetworkGradients { loss: loss / batch.len() as f64, layers, log_variance })
    }

    fn check_noise(&self, noise: Option<&[Array2<T>]>) -> Result<()> {
        match noise {
            Some(noise) if noise.len() != self.layers.len() => Err(Error::argument(
                "number of noises",
                noise.len(),
                format!("{}: one for each layer", self.layers.len()),
            )),
            _ => Ok(()),
        }
    }
}
