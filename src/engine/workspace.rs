//! One thread's share of a minibatch: its rows go forward and backward through the network without a word to the other
//! threads. What it leaves behind (inputs, deltas) is what the parameters' gradients are products of.

use std::ops::Range;

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, s};

use super::batch::Batch;
use super::derived::Derived;
use crate::Real;
use crate::layers::{self, Layer, Noise};
use crate::network::Network;
use crate::noise::{NoiseSource, fill_binary};

/// What one layer needs between its forward and its backward pass. Arrays that its noise does not use have no rows.
#[derive(Debug)]
pub(super) struct LayerSpace<T> {
    /// A before the noise, (rows × in): input noise alone.
    clean: Array2<T>,
    /// What multiplies the weights, (rows × in).
    pub(super) input: Array2<T>,
    /// ∂ input / ∂ (the rectifier's input), (rows × in): input noise alone.
    gate: Array2<T>,
    /// `input`², (rows × in): output noise alone.
    pub(super) squares: Array2<T>,
    /// V, then ε / (2√V), then G = ∂loss/∂V, (rows × out): output noise alone.
    pub(super) spread: Array2<T>,
    /// The layer's output before the rectifier, then ∂loss/∂ of it, (rows × out).
    pub(super) delta: Array2<T>,
    /// Σ over rows of `delta`.
    pub(super) bias_sums: Array1<T>,
    /// Σ over rows of ∂loss/∂input ∘ (input − clean), twice the gradient of ln α per input unit.
    pub(super) rate_sums: Array1<T>,
}

impl<T: Real> LayerSpace<T> {
    fn new(layer: &Layer<T>, rows: usize) -> Self {
        let (inputs, outputs) = layer.dim();
        let only_if = |used: bool, width: usize| Array2::zeros((if used { rows } else { 0 }, width));
        let input_noise = matches!(layer.noise, Noise::Binary { .. } | Noise::GaussianInput(_));
        let output_noise = layer.has_output_noise();
        Self {
            clean: only_if(input_noise, inputs),
            input: only_if(true, inputs),
            gate: only_if(input_noise, inputs),
            squares: only_if(output_noise, inputs),
            spread: only_if(output_noise, outputs),
            delta: only_if(true, outputs),
            bias_sums: Array1::zeros(outputs),
            rate_sums: Array1::zeros(if layer.learned_rates().is_some() && input_noise { inputs } else { 0 }),
        }
    }
}

/// The buffers of one thread.
#[derive(Debug)]
pub(super) struct Workspace<T> {
    pub(super) layers: Vec<LayerSpace<T>>,
    /// ∂loss/∂(the network's input), (rows × inputs), where something needs it; else without rows.
    pub(super) input_delta: Array2<T>,
    /// G·Sᵀ, (rows × widest input): output noise alone.
    through_variance: Array2<T>,
    /// One row of draws, as wide as the widest layer.
    normal: Vec<T>,
    /// Rows of the last minibatch.
    pub(super) rows: usize,
    /// Σ over rows of the cross-entropy, in nats.
    pub(super) cross_entropy: f64,
}

impl<T: Real> Workspace<T> {
    pub(super) fn new(network: &Network<T>, rows: usize, input_gradient: bool) -> Self {
        let widths = network.widths();
        let widest = widths.iter().copied().max().unwrap_or(0);
        let first = &network.layers()[0];
        let needed = input_gradient || (first.learned_rates().is_some() && !first.has_output_noise());
        let output_noise =
            |(index, layer): (usize, &Layer<T>)| (index > 0 || input_gradient) && layer.has_output_noise();
        let path_width = network.layers().iter().enumerate().filter(|&l| output_noise(l)).map(|(_, l)| l.dim().0).max();
        Self {
            layers: network.layers().iter().map(|layer| LayerSpace::new(layer, rows)).collect(),
            input_delta: Array2::zeros((if needed { rows } else { 0 }, widths[0])),
            through_variance: Array2::zeros((if path_width.is_some() { rows } else { 0 }, path_width.unwrap_or(0))),
            normal: vec![T::zero(); widest],
            rows: 0,
            cross_entropy: 0.0,
        }
    }

    /// Numbers of units from the input to the output.
    pub(super) fn widths(&self) -> Vec<usize> {
        let inputs = self.layers[0].input.ncols();
        std::iter::once(inputs).chain(self.layers.iter().map(|layer| layer.delta.ncols())).collect()
    }

    /// Rows that fit.
    pub(super) fn capacity(&self) -> usize {
        self.layers[0].input.nrows()
    }

    /// The classes' log-odds of the last forward pass, (rows × classes).
    pub(super) fn logits(&self) -> ArrayView2<'_, T> {
        self.layers.last().expect("a network has layers").delta.slice(s![..self.rows, ..])
    }

    /// Carries rows `range` of the batch forward; without a noise source, without noise.
    pub(super) fn forward(
        &mut self,
        network: &Network<T>,
        derived: &[Derived<T>],
        batch: &impl Batch<T>,
        range: Range<usize>,
        source: Option<NoiseSource>,
    ) {
        let rows = range.len();
        self.rows = rows;
        for (index, (layer, derived)) in network.layers().iter().zip(derived).enumerate() {
            let (before, space) = self.layers.split_at_mut(index);
            let space = &mut space[0];
            let noise = source.map(|source| (source, &layer.noise));
            let to_clean = matches!(noise, Some((_, Noise::Binary { .. } | Noise::GaussianInput(_))));
            let target = if to_clean { &mut space.clean } else { &mut space.input };
            if let Some(previous) = before.last() {
                let bias = &network.layers()[index - 1].bias;
                for row in 0..rows {
                    layers::rectify(line(&previous.delta, row), slice(bias), line_mut(target, row));
                }
            } else {
                batch.fill(range.start, &mut target.as_slice_mut().expect(ORDER)[..rows * layer.dim().0]);
            }
            match noise {
                Some((source, Noise::GaussianInput(_))) => {
                    for row in 0..rows {
                        let gate = line_mut(&mut space.gate, row);
                        T::fill_standard_normal(source.row(index, range.start + row), gate);
                        let (clean, noisy) = (line(&space.clean, row), line_mut(&mut space.input, row));
                        layers::multiply_noise(clean, slice(&derived.deviation), gate, noisy, index > 0);
                    }
                }
                Some((source, Noise::Binary { rate })) => {
                    for row in 0..rows {
                        let gate = line_mut(&mut space.gate, row);
                        fill_binary(source.row(index, range.start + row), *rate, gate);
                        layers::multiply_gate(
                            line(&space.clean, row),
                            gate,
                            line_mut(&mut space.input, row),
                            index > 0,
                        );
                    }
                }
                _ => {}
            }
            product(head(&space.input, rows), layer.weight.view(), head_mut(&mut space.delta, rows));
            if let Some((source, Noise::GaussianOutput(_) | Noise::Additive { .. })) = noise {
                for row in 0..rows {
                    layers::square(line(&space.input, row), line_mut(&mut space.squares, row));
                }
                product(head(&space.squares, rows), derived.variance.view(), head_mut(&mut space.spread, rows));
                let normal = &mut self.normal[..layer.dim().1];
                for row in 0..rows {
                    T::fill_standard_normal(source.row(index, range.start + row), normal);
                    layers::add_noise(line_mut(&mut space.delta, row), line_mut(&mut space.spread, row), normal);
                }
            }
        }
        let last = network.layers().last().expect("a network has layers");
        let space = self.layers.last_mut().expect("a network has layers");
        for row in 0..rows {
            layers::add_bias(line_mut(&mut space.delta, row), slice(&last.bias));
        }
    }

    /// The cross-entropy of the rows that went forward; turns the log-odds into ∂loss/∂log-odds for a loss that is the
    /// mean over `batch_len` examples.
    pub(super) fn cross_entropy_delta(&mut self, batch: &impl Batch<T>, first: usize, batch_len: usize) {
        let scale = T::one() / T::of(batch_len as f64);
        let delta = &mut self.layers.last_mut().expect("a network has layers").delta;
        self.cross_entropy = 0.0;
        for row in 0..self.rows {
            let log_odds = line_mut(delta, row);
            self.cross_entropy += softmax(log_odds, batch.label(first + row));
            log_odds[batch.label(first + row)] -= T::one();
            log_odds.iter_mut().for_each(|x| *x *= scale);
        }
    }

    /// Carries ∂loss/∂log-odds backward to every layer's `delta`, and sums biases' and units' gradients.
    pub(super) fn backward(&mut self, network: &Network<T>, derived: &[Derived<T>]) {
        let rows = self.rows;
        for (index, (layer, derived)) in network.layers().iter().zip(derived).enumerate().rev() {
            let (before, space) = self.layers.split_at_mut(index);
            let space = &mut space[0];
            space.bias_sums.fill(T::zero());
            for row in 0..rows {
                layers::add_bias(space.bias_sums.as_slice_mut().expect(ORDER), line(&space.delta, row));
            }
            let output_noise = layer.has_output_noise();
            if output_noise {
                for row in 0..rows {
                    layers::multiply(line_mut(&mut space.spread, row), line(&space.delta, row));
                }
            }
            let target = match before.last_mut() {
                Some(previous) => &mut previous.delta,
                None if self.input_delta.nrows() > 0 => &mut self.input_delta,
                None => continue,
            };
            product(head(&space.delta, rows), layer.weight.t(), head_mut(target, rows));
            if output_noise {
                let inputs = layer.dim().0;
                let mut path = self.through_variance.slice_mut(s![..rows, ..inputs]);
                product(head(&space.spread, rows), derived.variance.t(), path.view_mut());
                for (row, path) in path.outer_iter().enumerate() {
                    layers::add_variance_path(
                        line_mut(target, row),
                        line(&space.input, row),
                        path.to_slice().expect(ORDER),
                    );
                }
            }
            if !space.rate_sums.is_empty() {
                space.rate_sums.fill(T::zero());
                let sums = space.rate_sums.as_slice_mut().expect(ORDER);
                for row in 0..rows {
                    layers::rate_gradient(line(target, row), line(&space.input, row), line(&space.clean, row), sums);
                }
            }
            match layer.noise {
                Noise::Binary { .. } | Noise::GaussianInput(_) => {
                    for row in 0..rows {
                        layers::multiply(line_mut(target, row), line(&space.gate, row));
                    }
                }
                _ if index > 0 => {
                    for row in 0..rows {
                        layers::rectifier_gate(line_mut(target, row), line(&space.input, row));
                    }
                }
                _ => {}
            }
        }
    }
}

const ORDER: &str = "buffers are in standard layout";

fn slice<T>(vector: &Array1<T>) -> &[T] {
    vector.as_slice().expect(ORDER)
}

fn line<T>(array: &Array2<T>, row: usize) -> &[T] {
    let width = array.ncols();
    &array.as_slice().expect(ORDER)[row * width..(row + 1) * width]
}

fn line_mut<T>(array: &mut Array2<T>, row: usize) -> &mut [T] {
    let width = array.ncols();
    &mut array.as_slice_mut().expect(ORDER)[row * width..(row + 1) * width]
}

pub(super) fn head<T>(array: &Array2<T>, rows: usize) -> ArrayView2<'_, T> {
    array.slice(s![..rows, ..])
}

fn head_mut<T>(array: &mut Array2<T>, rows: usize) -> ArrayViewMut2<'_, T> {
    array.slice_mut(s![..rows, ..])
}

/// C ← A·B, by BLAS.
fn product<T: Real>(a: ArrayView2<'_, T>, b: ArrayView2<'_, T>, mut c: ArrayViewMut2<'_, T>) {
    general_mat_mul(T::one(), &a, &b, T::zero(), &mut c);
}

/// Log-odds to probabilities in place; returns the cross-entropy of `label` in nats.
pub(crate) fn softmax<T: Real>(log_odds: &mut [T], label: usize) -> f64 {
    let max = log_odds.iter().copied().fold(T::neg_infinity(), T::max);
    let at_label = (log_odds[label] - max).f64();
    let mut sum = T::zero();
    for x in log_odds.iter_mut() {
        *x = (*x - max).exp();
        sum += *x;
    }
    log_odds.iter_mut().for_each(|x| *x /= sum);
    sum.f64().ln() - at_label
}
