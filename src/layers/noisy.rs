//! What every kind of noise says of itself, and does: to the plain layers, to the engine, to the optimizer and to files.

use std::borrow::Cow;
use std::fmt::Debug;

use ndarray::{Array2, ArrayView2, Axis};

use crate::error::{Error, Result};
use crate::noise::{Rates, RowKey};
use crate::real::Real;

/// Where noise enters a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Nowhere.
    Nowhere,
    /// On the input: an example's draw for a unit reaches every output.
    Input,
    /// On the output: each example and unit has its own draw.
    Output,
}

/// What a kind of noise is. The first methods describe it; then comes the plain arithmetic, which everything else is tested
/// against; then the same arithmetic by rows, for the engine.
///
/// W is the layer's weight, (in × out); `key` is one example's key of random numbers.
pub(crate) trait LayerNoise<T: Real>: Debug {
    /// Its name in files.
    fn name(&self) -> &'static str;

    /// As a table shows it.
    fn description(&self) -> String;

    /// Where it enters.
    fn place(&self) -> Place;

    /// Whether its values are in range, and of a shape that fits a layer of `shape` (in, out).
    fn check(&self, shape: (usize, usize)) -> Result<()> {
        let _ = shape;
        Ok(())
    }

    /// The rates, where the noise is Gaussian with a variance relative to the mean.
    fn rates(&self) -> Option<&Rates<T>> {
        None
    }
    /// [`Self::rates`], to change.
    fn rates_mut(&mut self) -> Option<&mut Rates<T>> {
        None
    }
    /// Its array, learned or not: ln α or ln σ².
    fn array(&self) -> Option<&Array2<T>> {
        self.rates().map(|rates| &rates.log_alpha)
    }
    /// [`Self::array`], to change.
    fn array_mut(&mut self) -> Option<&mut Array2<T>> {
        self.rates_mut().map(|rates| &mut rates.log_alpha)
    }
    /// What the array is called in files: `log_alpha` or `log_variance`.
    fn array_name(&self) -> &'static str {
        "log_alpha"
    }
    /// Whether training changes the array.
    fn is_learned(&self) -> bool {
        self.rates().is_some_and(|rates| rates.learned)
    }
    /// Whether the optimizer projects the array to at most 0 after its step (α ≤ 1, where the KL term holds).
    fn is_projected(&self) -> bool {
        self.is_learned()
    }
    /// The mean of α over the noise variables, where that says something.
    fn mean_alpha(&self) -> Option<f64> {
        let log_alpha = &self.rates()?.log_alpha;
        Some(log_alpha.iter().map(|x| x.f64().exp()).sum::<f64>() / log_alpha.len() as f64)
    }
    /// Whether the mean of some weights is 0 and not θ: then [`Self::mean_row`] says of which.
    fn zeroes_weights(&self) -> bool {
        false
    }
    /// Row `row` of the weights' means, as they multiply the input.
    fn mean_row(&self, weight: &[T], row: usize, out: &mut [T]) {
        let _ = row;
        out.copy_from_slice(weight);
    }
    /// What reaches row `row` of θ through the means: `gradient` ← 0 where the mean is 0.
    fn zero_gradient_row(&self, weight: &[T], row: usize, gradient: &mut [T]) {
        let _ = (weight, row, gradient);
    }
    /// The means of all weights.
    fn mean<'a>(&self, weight: &'a Array2<T>) -> Cow<'a, Array2<T>> {
        if !self.zeroes_weights() {
            return Cow::Borrowed(weight);
        }
        let mut mean = Array2::zeros(weight.dim());
        for (row, (weight, mut mean)) in weight.outer_iter().zip(mean.outer_iter_mut()).enumerate() {
            self.mean_row(&weight.to_vec(), row, mean.as_slice_mut().expect("rows are contiguous"));
        }
        Cow::Owned(mean)
    }
    /// How many noise variables stand behind one value of the array: with noise on the input there is one for each input unit, on
    /// the output one for each weight.
    fn variables_per_value(&self, weight: &Array2<T>) -> f64 {
        let (inputs, outputs) = weight.dim();
        let variables = match self.place() {
            Place::Nowhere => 0,
            Place::Input => inputs,
            Place::Output => inputs * outputs,
        };
        self.array().map_or(0.0, |array| variables as f64 / array.len() as f64)
    }

    /// −KL(q ‖ prior) summed over the noise variables, in nats, up to a constant; 0 where nothing is learned.
    fn negative_kl(&self, weight: &Array2<T>) -> f64 {
        let _ = weight;
        0.0
    }
    /// The derivatives of [`Self::negative_kl`] with respect to the weight (where there are any) and the array.
    fn negative_kl_gradient(&self, weight: &Array2<T>) -> (Option<Array2<T>>, Array2<T>) {
        let _ = weight;
        (None, Array2::zeros(self.array().map_or((0, 0), Array2::dim)))
    }

    /// Draws per example in a layer of `shape` (in, out).
    fn width(&self, (inputs, outputs): (usize, usize)) -> usize {
        match self.place() {
            Place::Nowhere => 0,
            Place::Input => inputs,
            Place::Output => outputs,
        }
    }
    /// One example's draws: ε ~ N(0, 1), or the factors ξ where the noise is not Gaussian.
    fn draw(&self, key: RowKey, row: &mut [T]) {
        T::fill_standard_normal(key, row);
    }
    /// The layer's output without the bias, for the draws `noise`, and what the way back needs.
    fn forward(&self, weight: &Array2<T>, input: ArrayView2<'_, T>, noise: ArrayView2<'_, T>) -> (Array2<T>, Tape<T>);
    /// The gradients that follow from ∂loss/∂ of that output.
    fn backward(&self, weight: &Array2<T>, tape: &Tape<T>, delta: ArrayView2<'_, T>) -> WithoutBias<T>;

    /// The same by rows. Noise on the input: how many values of √α there are, and what they are.
    fn deviations(&self) -> usize {
        0
    }
    /// See [`Self::deviations`].
    fn fill_deviations(&self, out: &mut [T]) {
        let _ = out;
    }
    /// Noise on the input: `gate` ← ξ, `noisy` ← A ∘ ξ for one row. Where A comes from a rectifier, `gate` is made the derivative
    /// of Ã with respect to the rectifier's input: ξ where A is positive, else 0.
    fn multiply_row(
        &self,
        key: RowKey,
        deviation: &[T],
        clean: &[T],
        gate: &mut [T],
        noisy: &mut [T],
        rectified: bool,
    ) {
        let _ = (key, deviation, clean, gate, noisy, rectified);
    }
    /// Noise on the output: row `row` of S, the variances of the weights.
    fn variance_row(&self, weight: &[T], row: usize, out: &mut [T]) {
        let _ = (weight, row, out);
    }
    /// Noise on the output, for row `row` of W, from `path` = (A²)ᵀ·G: `gradient` (of W) += its part through the variance, and
    /// `path` ← the gradient of an array that is shaped as W. The KL term, times `kl_scale`, is in both. Returns the row's gradient
    /// of an array with one value for each input. `variance` is a row of S where it is kept; `scratch` has room for one.
    fn gradient_row(&self, row: GradientRow<'_, T>, kl_scale: T) -> T {
        let _ = (row, kl_scale);
        T::zero()
    }

    /// One row of a sample of the weights, W̃, and `factors` = ∂W̃/∂W.
    fn sample_row(&self, key: RowKey, weight: &[T], row: usize, sampled: &mut [T], factors: &mut [T]);
}

/// What [`LayerNoise::gradient_row`] works on.
pub(crate) struct GradientRow<'a, T> {
    /// Inputs of the layer.
    pub(crate) inputs: usize,
    pub(crate) row: usize,
    pub(crate) weight: &'a [T],
    pub(crate) variance: Option<&'a [T]>,
    pub(crate) scratch: &'a mut [T],
    pub(crate) path: &'a mut [T],
    pub(crate) gradient: &'a mut [T],
}

impl<'a, T> GradientRow<'a, T> {
    /// The row of S, and the rest.
    pub(super) fn with_variance(self, noise: &impl LayerNoise<T>) -> (&'a [T], &'a mut [T], &'a mut [T])
    where
        T: Real,
    {
        let variance = match self.variance {
            Some(kept) => kept,
            None => {
                noise.variance_row(self.weight, self.row, self.scratch);
                self.scratch
            }
        };
        (variance, self.path, self.gradient)
    }
}

/// What [`Layer::backward`](super::Layer::backward) needs of a forward pass.
#[derive(Debug, Clone, PartialEq)]
pub struct Tape<T> {
    /// A, (examples × in).
    pub(super) input: Array2<T>,
    /// Ã = A ∘ ξ, (examples × in): noise on the input alone.
    pub(super) noisy: Array2<T>,
    /// ξ, (examples × in), with noise on the input; ∂B/∂V, (examples × out), with noise on the output; else empty.
    pub(super) noise: Array2<T>,
    /// Whether the pass was noisy.
    pub(super) drawn: bool,
    /// f′, (examples × out).
    pub(super) slopes: Array2<T>,
}

impl<T: Real> Tape<T> {
    /// Of an input without noise.
    pub(super) fn of(input: ArrayView2<'_, T>) -> Self {
        let empty = || Array2::zeros((0, 0));
        Self { input: input.to_owned(), noisy: empty(), noise: empty(), drawn: false, slopes: empty() }
    }
}

/// The gradients that a kind of noise knows.
pub(crate) struct WithoutBias<T> {
    pub(super) input: Array2<T>,
    pub(super) weight: Array2<T>,
    pub(super) noise: Array2<T>,
}

/// Whether ln α has one of the shapes of its kind, and a value that can be learned.
pub(super) fn check_rates<T: Real>(
    rates: &Rates<T>,
    (inputs, outputs): (usize, usize),
    per_weight: bool,
) -> Result<()> {
    let found = rates.log_alpha.dim();
    if found != (1, 1) && found != (inputs, 1) && !(per_weight && found == (inputs, outputs)) {
        let expected = vec![inputs, if per_weight { outputs } else { 1 }];
        return Err(Error::Shape { what: "ln α".into(), found: rates.log_alpha.shape().to_vec(), expected });
    }
    Ok(())
}

/// As a table shows rates: `α learned, one for each input`.
pub(super) fn describe_rates<T>(place: &str, rates: &Rates<T>) -> String {
    let shared = match rates.log_alpha.dim() {
        (1, 1) => "one for the layer",
        (_, 1) => "one for each input",
        _ => "one for each weight",
    };
    format!("{place}: α {}, {shared}", if rates.learned { "learned" } else { "fixed" })
}

/// Sums an array of one value a weight (or one an input unit) to the shape in which the values are shared.
pub(super) fn sum_to<T: Real>(values: Array2<T>, shape: (usize, usize)) -> Array2<T> {
    let mut values = values;
    if shape.1 == 1 && values.ncols() != 1 {
        values = values.sum_axis(Axis(1)).insert_axis(Axis(1));
    }
    if shape.0 == 1 && values.nrows() != 1 {
        values = values.sum_axis(Axis(0)).insert_axis(Axis(0));
    }
    values
}
