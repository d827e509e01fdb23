//! Separate weight samples: one weight matrix for each example of the minibatch, one example at a time.
//!
//! Only one example's factors are held by each thread, never batch × in × out of them. A row of W whose input is 0 (a black
//! pixel, a unit that the rectifier shut) takes no part in its example's pass, forward or backward: its noise is not drawn.

use std::ops::Range;

use multiversion::multiversion;
use ndarray::{Array1, Array2};

use super::weight_noise::WeightNoise;
use crate::Real;
use crate::engine::{Batch, batch, softmax};
use crate::layers;
use crate::network::Network;
use crate::noise::NoiseSource;

/// The buffers of one thread.
#[derive(Debug)]
pub(super) struct SeparateSamples<T> {
    layers: Vec<Space<T>>,
    /// Log-odds, then ∂loss/∂ of them.
    log_odds: Vec<T>,
}

#[derive(Debug)]
struct Space<T> {
    /// The example's factors F, (in × out); rows that were not drawn are stale.
    factors: Array2<T>,
    /// The layer's input.
    input: Vec<T>,
    /// Where it is not 0.
    active: Vec<usize>,
    /// A·(W ∘ F), then ∂loss/∂ of it.
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
                factors: Array2::zeros((inputs, outputs)),
                input: vec![T::zero(); inputs],
                active: Vec::with_capacity(inputs),
                delta: Array1::zeros(outputs),
                sums: Array2::zeros((inputs, outputs)),
            }
        });
        Self { layers: spaces.collect(), log_odds: Vec::new() }
    }

    /// Σ over the examples that [`Self::run`] was last told of, of ∂cross-entropy/∂W of layer `layer`.
    pub(super) fn sums(&self, layer: usize) -> &Array2<T> {
        &self.layers[layer].sums
    }

    /// Examples `range` of a minibatch, each with its own weights.
    pub(super) fn run(
        &mut self,
        network: &Network<T>,
        noise: &[WeightNoise<T>],
        batch: &impl Batch<T>,
        range: Range<usize>,
        source: NoiseSource,
    ) {
        self.layers.iter_mut().for_each(|space| space.sums.fill(T::zero()));
        for example in range {
            batch.fill(example, &mut self.layers[0].input);
            self.forward(network, noise, example, source);
            let label = batch::class(batch.target(example));
            softmax(&mut self.log_odds, label);
            self.log_odds[label] -= T::one();
            self.backward(network);
        }
    }

    fn forward(&mut self, network: &Network<T>, noise: &[WeightNoise<T>], example: usize, source: NoiseSource) {
        for (index, layer) in network.layers().iter().enumerate() {
            let (space, rest) = self.layers[index..].split_first_mut().expect("a network has layers");
            space.active.clear();
            space.active.extend((0..space.input.len()).filter(|&row| space.input[row] != T::zero()));
            let delta = space.delta.as_slice_mut().expect(ORDER);
            delta.fill(T::zero());
            for &row in &space.active {
                let factors = space.factors.row_mut(row).into_slice().expect(ORDER);
                noise[index].fill(source, example, row, factors);
                let weight = layer.weight.row(row).to_slice().expect(ORDER);
                add_row(space.input[row], weight, factors, delta);
            }
            let bias = layer.bias.as_slice().expect(ORDER);
            match rest.first_mut() {
                Some(next) => layers::rectify(delta, bias, &mut next.input),
                None => {
                    self.log_odds.clear();
                    self.log_odds.extend_from_slice(delta);
                    layers::add_bias(&mut self.log_odds, bias);
                }
            }
        }
    }

    fn backward(&mut self, network: &Network<T>) {
        self.layers.last_mut().expect("a network has layers").delta.assign(&ndarray::aview1(&self.log_odds));
        for (index, layer) in network.layers().iter().enumerate().rev() {
            let (before, space) = self.layers.split_at_mut(index);
            let Space { factors, input, active, delta, sums } = &mut space[0];
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
                    // The rectifier lets through what is active.
                    previous[row] = weighted_sum(delta, layer.weight.row(row).to_slice().expect(ORDER), factors);
                }
            }
        }
    }
}

/// `out` += x · w ∘ f.
#[multiversion(targets = "simd")]
fn add_row<T: Real>(x: T, weight: &[T], factors: &[T], out: &mut [T]) {
    for ((out, &w), &f) in out.iter_mut().zip(weight).zip(factors) {
        *out += x * w * f;
    }
}

/// `sums` += x · δ ∘ f.
#[multiversion(targets = "simd")]
fn add_gradient<T: Real>(x: T, delta: &[T], factors: &[T], sums: &mut [T]) {
    for ((sum, &d), &f) in sums.iter_mut().zip(delta).zip(factors) {
        *sum += x * d * f;
    }
}

/// Σ δ ∘ w ∘ f, in sixteen sums side by side: one would be added to in order, and not vectorised.
#[multiversion(targets = "simd")]
fn weighted_sum<T: Real>(delta: &[T], weight: &[T], factors: &[T]) -> T {
    const LANES: usize = 16;
    let mut sums = [T::zero(); LANES];
    let whole = delta.len() / LANES * LANES;
    let chunks = delta[..whole].chunks_exact(LANES).zip(weight.chunks_exact(LANES)).zip(factors.chunks_exact(LANES));
    for ((d, w), f) in chunks {
        for lane in 0..LANES {
            sums[lane] += d[lane] * w[lane] * f[lane];
        }
    }
    for index in whole..delta.len() {
        sums[0] += delta[index] * weight[index] * factors[index];
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
            let (delta, weight, factors) = (row(0.7), row(1.1), row(1.9));
            let plain: f64 = (0..length).map(|k| delta[k] * weight[k] * factors[k]).sum();
            assert!((weighted_sum(&delta, &weight, &factors) - plain).abs() < 1e-12, "{length} weights");
        }
    }
}
