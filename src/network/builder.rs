//! A network layer by layer.

use super::initialisation::{Initialisation, initial_parameters};
use super::{Network, check_widths};
use crate::Real;
use crate::error::Result;
use crate::layers::{Activation, Layer, Noise};
use crate::likelihood::Likelihood;
use crate::noise::{NoiseSource, Purpose};

/// Builds a [`Network`] layer by layer: [`Self::dense`] adds a layer, and the calls after it set that layer's noise and KL weight.
///
/// ```
/// use vardrop::Network;
/// use vardrop::layers::{Activation, GaussianInput, GaussianOutput};
/// use vardrop::likelihood::Likelihood;
///
/// let network: Network = Network::builder(13)
///     .dense(50, Activation::Tanh).noise(GaussianInput::learned(0.2))
///     .dense(50, Activation::Tanh).noise(GaussianOutput::learned(0.5)).kl_weight(0.5)
///     .dense(1, Activation::Identity)
///     .likelihood(Likelihood::gaussian_learned(1))
///     .build(1)?;
/// assert_eq!(network.widths(), [13, 50, 50, 1]);
/// # Ok::<(), vardrop::Error>(())
/// ```
pub struct Builder<T> {
    inputs: usize,
    layers: Vec<Spec<T>>,
    likelihood: Likelihood<T>,
    initialisation: Initialisation,
}

type MakeNoise<T> = Box<dyn Fn(usize, usize) -> Result<Noise<T>>>;

struct Spec<T> {
    outputs: usize,
    activation: Activation,
    noise: Option<MakeNoise<T>>,
    kl_weight: f64,
}

impl<T: Real> Network<T> {
    /// Builds a network for `inputs` inputs layer by layer; see [`Builder`].
    pub fn builder(inputs: usize) -> Builder<T> {
        Builder {
            inputs,
            layers: Vec::new(),
            likelihood: Likelihood::Categorical,
            initialisation: Initialisation::Uniform,
        }
    }
}

impl<T: Real> Builder<T> {
    /// Adds a dense layer of `outputs` units, without noise.
    pub fn dense(mut self, outputs: usize, activation: Activation) -> Self {
        self.layers.push(Spec { outputs, activation, noise: None, kl_weight: 1.0 });
        self
    }

    /// Sets the noise of the layer that was added last: [`GaussianInput::learned`](crate::layers::GaussianInput::learned) and the
    /// like, or any function of the numbers of inputs and outputs. Before the first layer it does nothing.
    pub fn noise<N: Into<Noise<T>>>(mut self, noise: impl Fn(usize, usize) -> Result<N> + 'static) -> Self {
        if let Some(layer) = self.layers.last_mut() {
            layer.noise = Some(Box::new(move |inputs, outputs| noise(inputs, outputs).map(Into::into)));
        }
        self
    }

    /// Sets the weight of the KL term of the layer that was added last; 1 by default.
    pub fn kl_weight(mut self, kl_weight: f64) -> Self {
        if let Some(layer) = self.layers.last_mut() {
            layer.kl_weight = kl_weight;
        }
        self
    }

    /// Sets the likelihood, which is how the outputs describe the targets; classes by default.
    pub fn likelihood(self, likelihood: Likelihood<T>) -> Self {
        Self { likelihood, ..self }
    }

    /// Sets how weights and biases start; [`Initialisation::Uniform`] by default.
    pub fn initialisation(self, initialisation: Initialisation) -> Self {
        Self { initialisation, ..self }
    }

    /// Makes the network, with weights and biases drawn by `seed`. They are the same in both precisions.
    ///
    /// # Errors
    /// No layers, a width of 0, or more than 2³⁰ weights; a rate, an activation or a KL weight out of range; a likelihood that does
    /// not go with the number of outputs.
    pub fn build(self, seed: u64) -> Result<Network<T>> {
        let widths: Vec<_> =
            std::iter::once(self.inputs).chain(self.layers.iter().map(|layer| layer.outputs)).collect();
        check_widths(&widths)?;
        let layers = self.layers.into_iter().zip(widths.windows(2)).enumerate().map(|(index, (spec, ends))| {
            let (inputs, outputs) = (ends[0], ends[1]);
            let source = NoiseSource::for_purpose(Purpose::Initialisation, seed, index as u64);
            let (weight, bias) = initial_parameters(self.initialisation, inputs, outputs, source)?;
            let noise = spec.noise.map_or(Ok(Noise::None), |noise| noise(inputs, outputs));
            let layer = noise.and_then(|noise| Layer::new(weight.mapv(T::of), bias.mapv(T::of), noise));
            Ok(layer.map_err(|error| error.of_layer(index))?.activation(spec.activation).kl_weight(spec.kl_weight))
        });
        Network::from_layers(layers.collect::<Result<_>>()?)?.with_likelihood(self.likelihood)
    }
}
