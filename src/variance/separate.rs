//! Separate weight samples: one weight matrix for each example of the minibatch, one example at a time.
//!
//! Only one example's factors are held by each thread, never batch × in × out of them. A row of W whose input is 0 (a black
//! pixel, a unit that the rectifier shut) takes no part in its example's pass, forward or backward: its noise is not drawn.

use std::ops::Range;

use multiversion::multiversion;
use ndarray::{Array1, Array2};

use crate::Real;
use crate::engine::Batch;
use crate::layers::Activation;
use crate::network::Network;
use crate::noise::NoiseSource;

/// The buffers of one thread.
#[derive(Debug)]
pub(super) struct SeparateSamples<T> {
    layers: Vec<Space<T>>,
    /// The network's outputs, then ∂loss/∂ of them.
    outputs: Vec<T>,
    /// f′ of the last activation.
    output_slopes: Vec<T>,
    /// Derivatives with respect to the targets' variance, which nobody reads.
    sums: Vec<T>,
}

#[derive(Debug)]
struct Space<T> {
    /// The example's weights W̃, (in × out); rows that were not drawn are stale.
    sampled: Array2<T>,
    /// ∂W̃/∂W.
    factors: Array2<T>,
    /// The layer's input.
    input: Vec<T>,
    /// f′ of the activation before the layer.
    slopes: Vec<T>,
    /// Where the input is not 0, or its slope is not.
    active: Vec<usize>,
    /// A·W̃, then ∂loss/∂ of it.
    delta: Array1<T>,
    /// Σ over examples of ∂loss/∂W.
    sums: Array2<T>,
}

const ORDER: &str = "buffers are in standard layout";

impl<T: Real> SeparateSamples<T> {
    pub(super) fn new(network: &Network<T>) -> Self {
        let spaces = network.layers().iter().map(|layer| {
            let (inputs, outputs) = layer.dim();
            Space {
                sampled: Array2::zeros((inputs, outputs)),
                factors: Array2::zeros((inputs, outputs)),
                input: vec![T::zero(); inputs],
                slopes: vec![T::zero(); inputs],
                active: Vec::with_capacity(inputs),
                delta: Array1::zeros(outputs),
                sums: Array2::zeros((inputs, outputs)),
            }
        });
        let targets = network.likelihood().log_variance().map_or(0, |values| values.len());
        let outputs = vec![T::zero(); network.outputs_width()];
        Self { layers: spaces.collect(), output_slopes: outputs.clone(), outputs, sums: vec![T::zero(); targets] }
    }

    /// Σ over the examples that [`Self::run`] was last told of, of ∂cross-entropy/∂W of layer `layer`.
    pub(super) fn sums(&self, layer: usize) -> &Array2<T> {
        &self.layers[layer].sums
    }

    /// Examples `range` of a minibatch, each with its own weights.
    pub(super) fn run(
        &mut self,
        network: &Network<T>,
        batch: &impl Batch<T>,
        range: Range<usize>,
        source: NoiseSource,
    ) {
        self.layers.iter_mut().for_each(|space| space.sums.fill(T::zero()));
        for example in range {
            batch.fill(example, &mut self.layers[0].input);
            self.forward(network, example, source);
            network.likelihood().loss(&mut self.outputs, batch.target(example), T::one(), &mut self.sums);
            self.outputs.iter_mut().zip(&self.output_slopes).for_each(|(delta, &slope)| *delta *= slope);
            self.backward(network);
        }
    }

    fn forward(&mut self, network: &Network<T>, example: usize, source: NoiseSource) {
        for (index, layer) in network.layers().iter().enumerate() {
            let (space, rest) = self.layers[index..].split_first_mut().expect("a network has layers");
            let counts = |&row: &usize| space.input[row] != T::zero() || (index > 0 && space.slopes[row] != T::zero());
            space.active.clear();
            space.active.extend((0..space.input.len()).filter(counts));
            let delta = space.delta.as_slice_mut().expect(ORDER);
            delta.fill(T::zero());
            for &row in &space.active {
                let factors = space.factors.row_mut(row).into_slice().expect(ORDER);
                let sampled = space.sampled.row_mut(row).into_slice().expect(ORDER);
                let key = source.row(index, example * layer.dim().0 + row);
                let weight = layer.weight.row(row).to_slice().expect(ORDER);
                layer.noise.kind().sample_row(key, weight, row, sampled, factors);
                add_row(space.input[row], sampled, delta);
            }
            let bias = layer.bias.as_slice().expect(ORDER);
            let (out, slopes) = match rest.first_mut() {
                Some(next) => (&mut next.input, &mut next.slopes),
                None => (&mut self.outputs, &mut self.output_slopes),
            };
            if layer.activation == Activation::Relu {
                layer.activation.apply_row(delta, bias, out, &mut []);
                slopes
                    .iter_mut()
                    .zip(out)
                    .for_each(|(slope, h)| *slope = if *h > T::zero() { T::one() } else { T::zero() });
            } else {
                layer.activation.apply_row(delta, bias, out, slopes);
            }
        }
    }

    fn backward(&mut self, network: &Network<T>) {
        self.layers.last_mut().expect("a network has layers").delta.assign(&ndarray::aview1(&self.outputs));
        for index in (0..network.layers().len()).rev() {
            let (before, space) = self.layers.split_at_mut(index);
            let Space { sampled, factors, input, slopes, active, delta, sums } = &mut space[0];
            let delta = delta.as_slice().expect(ORDER);
            let mut previous = before.last_mut().map(|previous| &mut previous.delta);
            if let Some(previous) = &mut previous {
                previous.fill(T::zero());
            }
            for &row in active.iter() {
                let factors = factors.row(row).to_slice().expect(ORDER);
                let sums = sums.row_mut(row).into_slice().expect(ORDER);
                add_gradient(input[row], delta, factors, sums);
                if let Some(previous) = &mut previous {
                    previous[row] = slopes[row] * weighted_sum(delta, sampled.row(row).to_slice().expect(ORDER));
                }
            }
        }
    }
}

/// `out` += x · w.
#[multiversion(targets = "simd")]
fn add_row<T: Real>(x: T, weight: &[T], out: &mut [T]) {
    for (out, &w) in out.iter_mut().zip(weight) {
        *out += x * w;
    }
}

/// `sums` += x · δ ∘ f.
#[multiversion(targets = "simd")]
fn add_gradient<T: Real>(x: T, delta: &[T], factors: &[T], sums: &mut [T]) {
    for ((sum, &d), &f) in sums.iter_mut().zip(delta).zip(factors) {
        *sum += x * d * f;
    }
}

/// Σ δ ∘ w, in sixteen sums side by side: one would be added to in order, and not vectorised.
#[multiversion(targets = "simd")]
fn weighted_sum<T: Real>(delta: &[T], weight: &[T]) -> T {
    const LANES: usize = 16;
    let mut sums = [T::zero(); LANES];
    let whole = delta.len() / LANES * LANES;
    for (d, w) in delta[..whole].chunks_exact(LANES).zip(weight.chunks_exact(LANES)) {
        for lane in 0..LANES {
            sums[lane] += d[lane] * w[lane];
        }
    }
    for index in whole..delta.len() {
        sums[0] += delta[index] * weight[index];
    }
    sums.into_iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_side_by_side_leave_no_weight_out() {
        for length in [0, 1, 15, 16, 17, 31, 256, 300, 1030] {
            let row = |step: f64| (0..length).map(|k| (step * k as f64).cos()).collect::<Vec<f64>>();
            let (delta, weight) = (row(0.7), row(1.1));
            let plain: f64 = (0..length).map(|k| delta[k] * weight[k]).sum();
            assert!((weighted_sum(&delta, &weight) - plain).abs() < 1e-12, "{length} weights");
        }
    }
}
