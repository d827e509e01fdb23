//! Draws networks from one network's noise: what every predictive distribution is made of.

use ndarray::ArrayView2;

use super::sampling::Sampling;
use crate::data::Inputs;
use crate::engine::Engine;
use crate::error::Result;
use crate::layers::Noise;
use crate::network::Network;
use crate::noise::{NoiseSource, Purpose};

/// Hands `add` what each drawn network predicts of the inputs, (examples × outputs): class probabilities, or the parameters of
/// real targets' distributions. Without noise every draw is the same, and there is one.
///
/// # Errors
/// A sampling that cannot be drawn; inputs of another size than the network's; what `add` gives.
pub(super) fn draw(
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
