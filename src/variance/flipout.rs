//! Flipout (Wen, Vicol, Ba, Tran & Grosse 2018): one sample of the weights for the minibatch, whose deviation from the mean has signs
//! of its own for each example.
//!
//! With W̃ = W̄ + Δ, and for each example signs s ∈ {−1, 1}ⁱⁿ and r ∈ {−1, 1}ᵒᵘᵗ, an example's weights are W̄ + Δ ∘ s·rᵀ (equation 3).
//! For a minibatch, with the signs as the rows of S and R (equation 4),
//!
//! - Z = A·W̄ + ((A ∘ S)·Δ) ∘ R;
//! - ∂loss/∂W = ∂W̄/∂W ∘ Aᵀ·δ + ∂Δ/∂W ∘ (A ∘ S)ᵀ·(δ ∘ R);
//! - ∂loss/∂A = δ·W̄ᵀ + ((δ ∘ R)·Δᵀ) ∘ S.
//!
//! Each example's weights have the distribution of W̃ if Δ's numbers are independent and symmetric about 0, as with type B and additive
//! noise; two examples' gradients are then uncorrelated given the minibatch. Noise on the input is one number for a whole row of W, and a
//! flip of single weights would make another noise of it.

use std::ops::Range;

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Zip, s};

use crate::Real;
use crate::engine::Batch;
use crate::layers::Layer;
use crate::network::Network;
use crate::noise::NoiseSource;

/// One sample of a layer's weights, as every thread reads it.
#[derive(Debug)]
pub(super) struct Sample<T> {
    /// W̄.
    mean: Array2<T>,
    /// ∂W̄/∂W: 1, or 0 where the mean of a weight is 0.
    mean_slope: Array2<T>,
    /// Δ = W̃ − W̄.
    deviation: Array2<T>,
    /// ∂Δ/∂W = ∂W̃/∂W − ∂W̄/∂W.
    slope: Array2<T>,
}

impl<T: Real> Sample<T> {
    pub(super) fn new(layer: &Layer<T>) -> Self {
        let zeros = || Array2::zeros(layer.dim());
        Self { mean: zeros(), mean_slope: zeros(), deviation: zeros(), slope: zeros() }
    }

    /// Draws it for layer number `index`: the same weights as a single sample's.
    pub(super) fn draw(&mut self, layer: &Layer<T>, index: usize, source: NoiseSource) {
        let noise = layer.noise.kind();
        for row in 0..layer.dim().0 {
            let weight = layer.weight.row(row);
            let weight = weight.to_slice().expect(ORDER);
            let [mean, mean_slope, deviation, slope] =
                [&mut self.mean, &mut self.mean_slope, &mut self.deviation, &mut self.slope]
                    .map(|array| array.row_mut(row).into_slice().expect(ORDER));
            noise.mean_row(weight, row, mean);
            mean_slope.fill(T::one());
            noise.zero_gradient_row(weight, row, mean_slope);
            noise.sample_row(source.row(index, row), weight, row, deviation, slope);
            deviation.iter_mut().zip(&*mean).for_each(|(deviation, &mean)| *deviation -= mean);
            slope.iter_mut().zip(&*mean_slope).for_each(|(slope, &of_mean)| *slope -= of_mean);
        }
    }
}

/// The buffers of one thread, and what its examples sum to.
#[derive(Debug)]
pub(super) struct Flipout<T> {
    layers: Vec<Space<T>>,
    outputs: Array2<T>,
    output_slopes: Array2<T>,
    /// Derivatives with respect to the targets' variance, which nobody reads.
    sums: Vec<T>,
}

#[derive(Debug)]
struct Space<T> {
    /// A, (rows × in).
    input: Array2<T>,
    /// A ∘ S, then what comes back through Δ, (rows × in).
    signed: Array2<T>,
    /// f′ of the activation before the layer, (rows × in).
    slopes: Array2<T>,
    /// S and R, (rows × in) and (rows × out).
    signs: [Array2<T>; 2],
    /// Z, then δ, (rows × out).
    delta: Array2<T>,
    /// (A ∘ S)·Δ, then δ ∘ R, (rows × out).
    through: Array2<T>,
    /// Aᵀ·δ and (A ∘ S)ᵀ·(δ ∘ R), (in × out).
    gradients: [Array2<T>; 2],
}

const ORDER: &str = "buffers are in standard layout";

impl<T: Real> Flipout<T> {
    /// For up to `rows` examples.
    pub(super) fn new(network: &Network<T>, rows: usize) -> Self {
        let space = |layer: &Layer<T>| {
            let (inputs, outputs) = layer.dim();
            let [of_inputs, of_outputs] = [inputs, outputs].map(|width| move || Array2::zeros((rows, width)));
            Space {
                input: of_inputs(),
                signed: of_inputs(),
                slopes: of_inputs(),
                signs: [of_inputs(), of_outputs()],
                delta: of_outputs(),
                through: of_outputs(),
                gradients: [Array2::zeros(layer.dim()), Array2::zeros(layer.dim())],
            }
        };
        let targets = network.likelihood().log_variance().map_or(0, |values| values.len());
        let outputs = Array2::zeros((rows, network.outputs_width()));
        let layers = network.layers().iter().map(space).collect();
        Self { layers, output_slopes: outputs.clone(), outputs, sums: vec![T::zero(); targets] }
    }

    /// Examples `range` of a minibatch.
    pub(super) fn run(
        &mut self,
        network: &Network<T>,
        samples: &[Sample<T>],
        batch: &impl Batch<T>,
        range: Range<usize>,
        source: NoiseSource,
    ) {
        let rows = range.len();
        if rows == 0 {
            self.layers.iter_mut().flat_map(|space| &mut space.gradients).for_each(|gradient| gradient.fill(T::zero()));
            return;
        }
        let width = network.widths()[0];
        let images = &mut self.layers[0].input.as_slice_mut().expect(ORDER)[..rows * width];
        batch.fill(range.start, images);
        self.forward(network, samples, range.clone(), source);
        for row in 0..rows {
            let mut outputs = self.outputs.row_mut(row);
            let outputs = outputs.as_slice_mut().expect(ORDER);
            network.likelihood().loss(outputs, batch.target(range.start + row), T::one(), &mut self.sums);
        }
        self.outputs.zip_mut_with(&self.output_slopes, |delta, &slope| *delta *= slope);
        self.backward(samples, rows);
    }

    /// Σ over the examples of ∂cross-entropy/∂W of layer `layer`, added to `gradient`.
    pub(super) fn add_to(&self, gradient: &mut Array2<T>, layer: usize, sample: &Sample<T>, scale: T) {
        let [of_mean, of_deviation] = &self.layers[layer].gradients;
        let parts = Zip::from(gradient).and(of_mean).and(&sample.mean_slope).and(of_deviation).and(&sample.slope);
        parts.for_each(|gradient, &of_mean, &mean_slope, &of_deviation, &slope| {
            *gradient += scale * (mean_slope * of_mean + slope * of_deviation);
        });
    }

    fn forward(&mut self, network: &Network<T>, samples: &[Sample<T>], range: Range<usize>, source: NoiseSource) {
        let rows = range.len();
        for (index, (layer, sample)) in network.layers().iter().zip(samples).enumerate() {
            let (space, rest) = self.layers[index..].split_first_mut().expect("a network has layers");
            let Space { input, signed, signs, delta, through, .. } = space;
            // Rows of random numbers after those of the weights.
            let key = |place: usize, row: usize| source.row(index, layer.dim().0 + 2 * (range.start + row) + place);
            for (place, signs) in signs.iter_mut().enumerate() {
                for (row, mut signs) in signs.outer_iter_mut().take(rows).enumerate() {
                    let signs = signs.as_slice_mut().expect(ORDER);
                    T::fill_standard_normal(key(place, row), signs);
                    signs.iter_mut().for_each(|sign| *sign = sign.signum());
                }
            }
            head_mut(signed, rows).assign(&head(input, rows));
            head_mut(signed, rows).zip_mut_with(&head(&signs[0], rows), |x, &sign| *x *= sign);
            multiply(head(input, rows), sample.mean.view(), head_mut(delta, rows));
            multiply(head(signed, rows), sample.deviation.view(), head_mut(through, rows));
            let added = head(through, rows);
            Zip::from(head_mut(delta, rows)).and(added).and(head(&signs[1], rows)).for_each(|z, &x, &r| *z += x * r);
            let (out, slopes) = match rest.first_mut() {
                Some(next) => (&mut next.input, &mut next.slopes),
                None => (&mut self.outputs, &mut self.output_slopes),
            };
            for row in 0..rows {
                let places = out.row_mut(row).into_iter().zip(slopes.row_mut(row)).zip(&layer.bias).zip(delta.row(row));
                for (((out, slope), &bias), &z) in places {
                    (*out, *slope) = (layer.activation.value(z + bias), layer.activation.slope(z + bias));
                }
            }
        }
    }

    fn backward(&mut self, samples: &[Sample<T>], rows: usize) {
        self.layers.last_mut().expect("a network has layers").delta.assign(&self.outputs);
        for (index, sample) in samples.iter().enumerate().rev() {
            let (before, space) = self.layers.split_at_mut(index);
            let Space { input, signed, slopes, signs, delta, through, gradients } = &mut space[0];
            let [signs, flips] = signs;
            through.assign(delta);
            through.zip_mut_with(flips, |delta, &flip| *delta *= flip);
            let delta = head(delta, rows);
            let through = head(through, rows);
            multiply(head(input, rows).reversed_axes(), delta, gradients[0].view_mut());
            multiply(head(signed, rows).reversed_axes(), through, gradients[1].view_mut());
            let Some(previous) = before.last_mut() else { continue };
            // Nothing reads A ∘ S again: its place is for what comes through Δ.
            multiply(through, sample.deviation.t(), head_mut(signed, rows));
            let mut target = head_mut(&mut previous.delta, rows);
            multiply(delta, sample.mean.t(), target.view_mut());
            let parts = Zip::from(&mut target).and(head(signed, rows)).and(head(signs, rows));
            parts.and(head(slopes, rows)).for_each(|d, &x, &sign, &slope| *d = slope * (*d + x * sign));
        }
    }
}

fn head<T>(array: &Array2<T>, rows: usize) -> ArrayView2<'_, T> {
    array.slice(s![..rows, ..])
}

fn head_mut<T>(array: &mut Array2<T>, rows: usize) -> ArrayViewMut2<'_, T> {
    array.slice_mut(s![..rows, ..])
}

fn multiply<T: Real>(a: ArrayView2<'_, T>, b: ArrayView2<'_, T>, mut out: ArrayViewMut2<'_, T>) {
    general_mat_mul(T::one(), &a, &b, T::zero(), &mut out);
}
