//! How the noise of weights reaches a layer's output: three estimators of one posterior's gradient.

use burn::tensor::Tensor;
#[cfg(feature = "flex")]
use burn::tensor::{DType, Device, TensorData};
#[cfg(feature = "flex")]
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::noise::{normal_like, signs};

/// Where a layer draws the noise of its weights W ~ N(θ, S). All three have the same expected gradient; they differ in its variance
/// and in what they cost. The crate's page [which layer do I want](crate::guide) has figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Estimator {
    /// On the output, for each example and unit: θ·x + √(S·x²) ∘ ε (Kingma, Salimans & Welling 2015, section 2.3, equation 6). For a
    /// convolution, for each example, channel and position, as Molchanov, Ashukha & Vetrov (2017, section 4.2) do.
    #[default]
    LocalReparameterization,
    /// One weight sample for the minibatch, made nearly independent between examples by random signs:
    /// θ·x + r ∘ (ΔW·(s ∘ x)) (Wen, Vicol, Ba, Tran & Grosse 2018, equation 4).
    Flipout,
    /// One weight sample for the minibatch: W·x with W = θ + √S ∘ ε.
    WeightSample,
}

/// The smallest variance of an output. Added to V, it keeps the slope of √V finite at V = 0, where every factor of it is 0.
const SMALLEST_VARIANCE: f64 = 1e-30;

/// θ·x + b + √(S·x²) ∘ ε. `linear_map` applies weights and a bias to an input.
pub(crate) fn local_reparameterization<const X: usize, const D: usize>(
    linear_map: impl Fn(Tensor<X>, Tensor<D>, Option<Tensor<1>>) -> Tensor<X>,
    input: Tensor<X>,
    weight: Tensor<D>,
    bias: Option<Tensor<1>>,
    variance: Tensor<D>,
    noise: impl FnOnce(&Tensor<X>) -> Tensor<X>,
) -> Tensor<X> {
    let mean = linear_map(input.clone(), weight, bias);
    let noise = noise(&mean);
    let variance = linear_map(input.square(), variance, None);
    let (slope, rest) = slope_and_rest(&variance, noise);
    mean + variance * slope + rest
}

/// ε/(2√V) and ½√V ∘ ε, not differentiated. V times the first plus the second is √V ∘ ε, with the slope of the root: the root's own
/// backward pass would raise every V to a power.
fn slope_and_rest<const X: usize>(variance: &Tensor<X>, noise: Tensor<X>) -> (Tensor<X>, Tensor<X>) {
    let (variance, noise) = (variance.clone().detach(), noise.detach());
    #[cfg(feature = "flex")]
    if variance.device() == Device::flex() && (variance.dtype(), noise.dtype()) == (DType::F32, DType::F32) {
        return on_the_processor(variance, noise);
    }
    let (root, half) = ((variance + SMALLEST_VARIANCE).sqrt(), noise * 0.5);
    (half.clone() / root.clone(), root * half)
}

/// The same in one pass, where Burn's operations make a tensor each.
#[cfg(feature = "flex")]
fn on_the_processor<const X: usize>(variance: Tensor<X>, noise: Tensor<X>) -> (Tensor<X>, Tensor<X>) {
    let (shape, device) = (noise.dims(), noise.device());
    let values = |tensor: Tensor<X>| tensor.into_data().try_into_vec::<f32>().expect("single precision");
    let (mut slope, mut rest) = (values(variance), values(noise));
    slope.par_chunks_mut(8192).zip(rest.par_chunks_mut(8192)).for_each(|(slope, rest)| {
        for (variance, noise) in slope.iter_mut().zip(rest) {
            let (root, half) = ((*variance + SMALLEST_VARIANCE as f32).sqrt(), 0.5 * *noise);
            (*variance, *noise) = (half / root, root * half);
        }
    });
    let tensor = |values| Tensor::from_data(TensorData::new(values, shape), (&device, DType::F32));
    (tensor(slope), tensor(rest))
}

/// The random numbers of [`Estimator::Flipout`].
#[derive(Debug, Clone)]
pub struct FlipoutNoise<const X: usize, const D: usize> {
    /// ε of the weights, in their shape.
    pub weight: Tensor<D>,
    /// s, −1 or 1: `[..., d_input]`, or `[batch, channels_in, 1, …]`.
    pub input_signs: Tensor<X>,
    /// r, −1 or 1: `[..., d_output]`, or `[batch, channels_out, 1, …]`.
    pub output_signs: Tensor<X>,
}

impl<const X: usize, const D: usize> FlipoutNoise<X, D> {
    /// Draws them.
    pub(crate) fn draw(
        input: &Tensor<X>,
        weight: &Tensor<D>,
        input_signs: [usize; X],
        output_signs: [usize; X],
    ) -> Self {
        Self {
            weight: normal_like(weight),
            input_signs: signs(input_signs, input),
            output_signs: signs(output_signs, input),
        }
    }
}

/// θ·x + b + r ∘ (ΔW·(s ∘ x)) with ΔW = √S ∘ ε.
pub(crate) fn flipout<const X: usize, const D: usize>(
    linear_map: impl Fn(Tensor<X>, Tensor<D>, Option<Tensor<1>>) -> Tensor<X>,
    input: Tensor<X>,
    weight: Tensor<D>,
    bias: Option<Tensor<1>>,
    deviation: Tensor<D>,
    noise: FlipoutNoise<X, D>,
) -> Tensor<X> {
    let mean = linear_map(input.clone(), weight, bias);
    mean + linear_map(input * noise.input_signs, deviation * noise.weight, None) * noise.output_signs
}
