//! One thread's share of a minibatch: its rows go forward and backward through the network without a word to the other
//! threads. What it leaves behind (inputs, deltas) is what the parameters' gradients are products of.
//!
//! Rows go through a layer in blocks that stay in the cache: noise is drawn, multiplied and squared where the product
//! just wrote, or will read at once.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, s};

use super::derived::Derived;
use super::product::{FIRST, Kernel, Listed, MOST_LISTED, Packed, product, single, single_mut};
use crate::Real;
use crate::data::{Batch, Inputs};
use crate::error::{Result, check_memory};
use crate::layers::{self, Activation, Layer};
use crate::network::Network;
use crate::noise::NoiseSource;

/// Rows of a block: 400 KB of each array at a width of 1024, of a cache of 1 MB or more.
const BLOCK: usize = 96;

/// The same where BLAS, which packs the weights anew for each block, computes the products.
const BLOCK_OF_BLAS: usize = 512;

/// What one layer needs between its forward and its backward pass. Arrays that its noise does not use have no rows.
#[derive(Debug)]
pub(super) struct LayerSpace<T> {
    /// A before the noise, (rows × in): input noise alone.
    pub(super) clean: Array2<T>,
    /// What multiplies the weights, (rows × in).
    pub(super) input: Array2<T>,
    /// ∂ input / ∂ (the rectifier's input), (rows × in): input noise alone.
    gate: Array2<T>,
    /// f′ of the activation before the layer, (rows × in), where it cannot be read off its output.
    slopes: Array2<T>,
    /// V, then ε / (2√V), then G = ∂loss/∂V, (rows × out): output noise alone.
    pub(super) spread: Array2<T>,
    /// The layer's output before the activation, then ∂loss/∂ of it, (rows × out).
    pub(super) delta: Array2<T>,
    /// Σ over rows of `delta`.
    pub(super) bias_sums: Array1<T>,
    /// Σ over rows of ∂loss/∂input ∘ (input − clean), twice the gradient of ln α per input unit.
    pub(super) rate_sums: Array1<T>,
}

impl<T: Real> LayerSpace<T> {
    fn new(layer: &Layer<T>, before: Option<Activation>, rows: usize) -> Self {
        let (inputs, outputs) = layer.dim();
        let only_if = |used: bool, width: usize| Array2::zeros((if used { rows } else { 0 }, width));
        let (input_noise, output_noise) = (layer.has_input_noise(), layer.has_output_noise());
        Self {
            clean: only_if(input_noise, inputs),
            input: only_if(true, inputs),
            gate: only_if(input_noise, inputs),
            slopes: only_if(before.is_some_and(Activation::keeps_slopes), inputs),
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
    /// A block of squared inputs, or of G·Sᵀ, as wide as the widest layer: output noise alone.
    block: Array2<T>,
    /// One row of draws, as wide as the widest layer.
    normal: Vec<T>,
    /// A block of rows, where many of their numbers are zero.
    listed: Listed,
    /// Rows of the last minibatch.
    pub(super) rows: usize,
    /// Whether the last pass went back to the network's input.
    pub(super) went_back: bool,
    /// f′ of the last activation, (rows × outputs), where there is one.
    output_slopes: Array2<T>,
    /// Σ over rows of the negative log-likelihood, in nats.
    pub(super) loss: f64,
    /// Σ over rows of the loss's derivative with respect to ln σ² of the targets.
    pub(super) log_variance_sums: Array1<T>,
}

impl<T: Real> Workspace<T> {
    /// For up to `rows` rows; `kernel` says how products are computed.
    pub(super) fn new(network: &Network<T>, rows: usize, kernel: Option<Kernel>) -> Self {
        let widths = network.widths();
        let widest = widths.iter().copied().max().unwrap_or(0);
        let output_noise = network.layers().iter().any(Layer::has_output_noise);
        let mut activations = network.layers().iter().map(|layer| layer.activation);
        let before = std::iter::once(None).chain(activations.clone().map(Some));
        let kept_at_the_end = if activations.next_back() == Some(Activation::Identity) { 0 } else { rows };
        Self {
            layers: before.zip(network.layers()).map(|(before, layer)| LayerSpace::new(layer, before, rows)).collect(),
            input_delta: Array2::zeros((0, widths[0])),
            block: Array2::zeros((if output_noise { rows.min(block_size(kernel)) } else { 0 }, widest)),
            normal: vec![T::zero(); widest],
            listed: Listed::default(),
            rows: 0,
            went_back: false,
            output_slopes: Array2::zeros((kept_at_the_end, network.outputs_width())),
            loss: 0.0,
            log_variance_sums: Array1::zeros(network.likelihood().log_variance().map_or(0, Array1::len)),
        }
    }

    /// Makes room for [`Self::input_delta`], from the next backward pass on.
    pub(super) fn keep_input_delta(&mut self) {
        if self.input_delta.nrows() == 0 {
            self.input_delta = Array2::zeros(self.layers[0].input.dim());
        }
    }

    /// Numbers of units from the input to the output.
    pub(super) fn widths(&self) -> impl Iterator<Item = usize> {
        let inputs = self.layers[0].input.ncols();
        std::iter::once(inputs).chain(self.layers.iter().map(|layer| layer.delta.ncols()))
    }

    /// The large arrays.
    pub(super) fn arrays(&self) -> impl Iterator<Item = &[T]> {
        let layers = self.layers.iter().flat_map(|l| [&l.clean, &l.input, &l.gate, &l.slopes, &l.spread, &l.delta]);
        layers.chain([&self.input_delta, &self.block]).filter_map(|array| array.as_slice())
    }

    /// Rows that fit.
    pub(super) fn capacity(&self) -> usize {
        self.layers[0].input.nrows()
    }

    /// The network's outputs of the last forward pass, (rows × outputs).
    pub(super) fn outputs(&self) -> ArrayView2<'_, T> {
        self.layers.last().expect("a network has layers").delta.slice(s![..self.rows, ..])
    }

    /// Whether lists are the faster way for a minibatch's images, as its first say.
    pub(super) fn lists(&mut self, kernel: Kernel, batch: &impl Inputs<T>) -> bool {
        let rows = batch.len().min(FIRST).min(self.capacity());
        let width = batch.inputs();
        let space = &mut self.layers[0];
        batch.fill(0, &mut space.input.as_slice_mut().expect(ORDER)[..rows * width]);
        let images = single(head(&space.input, rows));
        self.listed.take_rows(kernel, images, images, MOST_LISTED)
    }

    /// Carries rows `range` of the batch forward; without a noise source, without noise. `listed` is for images that are mostly
    /// black.
    pub(super) fn forward(
        &mut self,
        network: &Network<T>,
        derived: &[Derived<T>],
        batch: &impl Inputs<T>,
        range: Range<usize>,
        source: Option<NoiseSource>,
        listed: bool,
    ) {
        (self.rows, self.went_back) = (range.len(), false);
        for (index, (layer, derived)) in network.layers().iter().zip(derived).enumerate() {
            for rows in blocks(self.rows, derived) {
                self.fill_input(network, index, derived, batch, range.start, rows.clone(), source);
                let space = &mut self.layers[index];
                let input = space.input.slice(s![rows.clone(), ..]);
                // What the images' first rows said holds for all, since the way back is chosen by it too.
                let most = if index > 0 { MOST_LISTED } else { 1.0 };
                let packed = derived.weight(layer).packed().filter(|_| index > 0 || listed);
                let packed =
                    packed.filter(|right| self.listed.take_rows(right.kernel, single(input), single(input), most));
                match packed {
                    Some(right) => self.listed.product(right, single_mut(space.delta.slice_mut(s![rows.clone(), ..]))),
                    None => product(input, derived.weight(layer), space.delta.slice_mut(s![rows.clone(), ..])),
                }
                let Some(source) = source.filter(|_| layer.has_output_noise()) else { continue };
                let spread = space.spread.slice_mut(s![rows.clone(), ..]);
                match derived.variance().packed().filter(|_| packed.is_some()) {
                    Some(right) => {
                        self.listed.square();
                        self.listed.product(right, single_mut(spread));
                    }
                    None => {
                        let mut squares = part_of(&mut self.block, rows.len(), layer.dim().0);
                        for (row, mut square) in rows.clone().zip(squares.outer_iter_mut()) {
                            layers::square(line(&space.input, row), square.as_slice_mut().expect(ORDER));
                        }
                        product(squares.view(), derived.variance(), spread);
                    }
                }
                let normal = &mut self.normal[..layer.dim().1];
                for row in rows {
                    T::fill_standard_normal(source.row(index, range.start + row), normal);
                    layers::add_noise(line_mut(&mut space.delta, row), line_mut(&mut space.spread, row), normal);
                }
            }
        }
        let last = network.layers().last().expect("a network has layers");
        let space = self.layers.last_mut().expect("a network has layers");
        for row in 0..self.rows {
            let output = line_mut(&mut space.delta, row);
            layers::add_bias(output, slice(&last.bias));
            if last.activation != Activation::Identity {
                for (x, slope) in output.iter_mut().zip(line_mut(&mut self.output_slopes, row)) {
                    (*x, *slope) = (last.activation.value(*x), last.activation.slope(*x));
                }
            }
        }
    }

    /// What goes into layer `index`, for a block of rows of which the first is `first` of the minibatch: the images, or the
    /// activated output of the layer before, with the noise that enters there.
    #[expect(clippy::too_many_arguments, reason = "a part of `forward`, which has them all")]
    fn fill_input(
        &mut self,
        network: &Network<T>,
        index: usize,
        derived: &Derived<T>,
        batch: &impl Inputs<T>,
        first: usize,
        rows: Range<usize>,
        source: Option<NoiseSource>,
    ) {
        let (before, space) = self.layers.split_at_mut(index);
        let space = &mut space[0];
        let layer = &network.layers()[index];
        let source = source.filter(|_| layer.has_input_noise());
        let target = if source.is_some() { &mut space.clean } else { &mut space.input };
        let mut rectified = false;
        if let Some(previous) = before.last() {
            let Layer { activation, bias, .. } = &network.layers()[index - 1];
            rectified = *activation == Activation::Relu;
            for row in rows.clone() {
                let slopes = if space.slopes.is_empty() { &mut [][..] } else { line_mut(&mut space.slopes, row) };
                activation.apply_row(line(&previous.delta, row), slice(bias), line_mut(target, row), slopes);
            }
        } else {
            let width = target.ncols();
            let values = &mut target.as_slice_mut().expect(ORDER)[rows.start * width..rows.end * width];
            batch.fill(first + rows.start, values);
        }
        let Some(source) = source else { return };
        for row in rows {
            let (gate, clean) = (line_mut(&mut space.gate, row), line(&space.clean, row));
            let (key, noisy) = (source.row(index, first + row), line_mut(&mut space.input, row));
            layer.noise.kind().multiply_row(key, slice(&derived.deviation), clean, gate, noisy, rectified);
        }
    }

    /// The negative log-likelihood of the rows that went forward; turns the outputs into ∂loss/∂(them before the last activation)
    /// for a loss that is the mean over `batch_len` examples.
    pub(super) fn loss_delta(&mut self, network: &Network<T>, batch: &impl Batch<T>, first: usize, batch_len: usize) {
        let scale = T::one() / T::of(batch_len as f64);
        let delta = &mut self.layers.last_mut().expect("a network has layers").delta;
        let sums = self.log_variance_sums.as_slice_mut().expect(ORDER);
        sums.fill(T::zero());
        self.loss = 0.0;
        for row in 0..self.rows {
            let outputs = line_mut(delta, row);
            self.loss += network.likelihood().loss(outputs, batch.target(first + row), scale, sums);
            if !self.output_slopes.is_empty() {
                layers::multiply(outputs, line(&self.output_slopes, row));
            }
        }
    }

    /// Carries ∂loss/∂outputs backward to every layer's `delta`, and sums biases' and units' gradients.
    pub(super) fn backward(&mut self, network: &Network<T>, derived: &[Derived<T>], to_input: bool) {
        self.went_back = to_input;
        for (index, (layer, derived)) in network.layers().iter().zip(derived).enumerate().rev() {
            let (before, space) = self.layers.split_at_mut(index);
            let space = &mut space[0];
            space.bias_sums.fill(T::zero());
            space.rate_sums.fill(T::zero());
            let mut target = match before.last_mut() {
                Some(previous) => Some(&mut previous.delta),
                None => to_input.then_some(&mut self.input_delta),
            };
            for rows in blocks(self.rows, derived) {
                for row in rows.clone() {
                    layers::add_bias(space.bias_sums.as_slice_mut().expect(ORDER), line(&space.delta, row));
                }
                if layer.has_output_noise() {
                    for row in rows.clone() {
                        layers::multiply(line_mut(&mut space.spread, row), line(&space.delta, row));
                    }
                }
                let Some(target) = &mut target else { continue };
                let delta = space.delta.slice(s![rows.clone(), ..]);
                let out = target.slice_mut(s![rows.clone(), ..]);
                // Behind a rectifier that let nothing through, both gradients are zero.
                let lists = |right: &Packed<'_>, listed: &mut Listed, values: ArrayView2<'_, T>| {
                    listed.take_rows(right.kernel, single(delta), single(values), MOST_LISTED)
                };
                let packed = derived.weight_back(layer).packed();
                let packed = packed.filter(|right| lists(right, &mut self.listed, delta));
                match packed {
                    Some(right) => self.listed.product(right, single_mut(out)),
                    None => product(delta, derived.weight_back(layer), out),
                }
                if layer.has_output_noise() {
                    let mut path = part_of(&mut self.block, rows.len(), layer.dim().0);
                    let spread = space.spread.slice(s![rows.clone(), ..]);
                    let packed = derived.variance_back().packed().filter(|_| packed.is_some());
                    match packed.filter(|right| lists(right, &mut self.listed, spread)) {
                        Some(right) => self.listed.product(right, single_mut(path.view_mut())),
                        None => product(spread, derived.variance_back(), path.view_mut()),
                    }
                    for (row, path) in rows.clone().zip(path.outer_iter()) {
                        let path = path.to_slice().expect(ORDER);
                        layers::add_variance_path(line_mut(target, row), line(&space.input, row), path);
                    }
                }
                if !space.rate_sums.is_empty() {
                    let sums = space.rate_sums.as_slice_mut().expect(ORDER);
                    for row in rows.clone() {
                        layers::rate_gradient(
                            line(target, row),
                            line(&space.input, row),
                            line(&space.clean, row),
                            sums,
                        );
                    }
                }
                if layer.has_input_noise() {
                    for row in rows.clone() {
                        layers::multiply(line_mut(target, row), line(&space.gate, row));
                    }
                } else if index > 0 && network.layers()[index - 1].activation == Activation::Relu {
                    for row in rows.clone() {
                        layers::rectifier_gate(line_mut(target, row), line(&space.input, row));
                    }
                }
                if !space.slopes.is_empty() {
                    for row in rows {
                        layers::multiply(line_mut(target, row), line(&space.slopes, row));
                    }
                }
            }
        }
    }
}

/// Whether there is memory for `rows` rows of what every layer keeps.
pub(super) fn check_room<T: Real>(network: &Network<T>, rows: usize, batch_size: usize) -> Result<()> {
    let of_layer = |layer: &Layer<T>| {
        let (inputs, outputs) = layer.dim();
        let kept = 1 + usize::from(layer.has_output_noise()) + usize::from(layer.activation.keeps_slopes());
        inputs * if layer.has_input_noise() { 3 } else { 1 } + outputs * kept
    };
    let numbers = rows.saturating_mul(network.layers().iter().map(of_layer).sum());
    check_memory::<T>("batch size", batch_size, numbers)
}

fn block_size(kernel: Option<Kernel>) -> usize {
    if kernel.is_some() { BLOCK } else { BLOCK_OF_BLAS }
}

/// The blocks of rows that go through a layer together.
fn blocks<T: Real>(rows: usize, derived: &Derived<T>) -> impl Iterator<Item = Range<usize>> {
    let size = block_size(derived.kernel());
    (0..rows).step_by(size).map(move |first| first..(first + size).min(rows))
}

/// The beginning of a buffer as a (rows × width) matrix.
fn part_of<T>(buffer: &mut Array2<T>, rows: usize, width: usize) -> ArrayViewMut2<'_, T> {
    let values = &mut buffer.as_slice_mut().expect(ORDER)[..rows * width];
    ArrayViewMut2::from_shape((rows, width), values).expect("as many numbers")
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
