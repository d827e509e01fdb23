//! Gaussian noise on the output (type B), by the local reparameterization: B = A·W + √V ∘ ε with V = A²·S, S = α ∘ W², ε ~ N(0, 1)
//! drawn once for each example and output unit (Kingma, Salimans & Welling 2015, section 2.3, equation 6; section 3.2). α is fixed,
//! or learned for the layer, for each input unit or for each weight (section 3.3).
//!
//! It is what independent noise N(1, α) on every weight, drawn anew for every example, does to B.
//!
//! Backward, with δ = ∂loss/∂B and G = ∂loss/∂V = δ ∘ ε / (2√V):
//!
//! - ∂loss/∂W = Aᵀ·δ + 2α ∘ W ∘ (A²)ᵀ·G;
//! - ∂loss/∂ln α = S ∘ (A²)ᵀ·G, summed over the weights that share an α;
//! - ∂loss/∂A = δ·Wᵀ + 2A ∘ (G·Sᵀ).
//!
//! Where V = 0 (an input of zeros) B does not depend on the noise; G is 0 there.
//!
//! ```
//! use vardrop::layers::{GaussianOutput, Layer};
//! use vardrop::ndarray::array;
//! use vardrop::noise::{Rates, Sharing};
//!
//! let noise = GaussianOutput { rates: Rates::new(1.0, Sharing::Layer, true, 1, 1)? };
//! let layer = Layer::<f64>::new(array![[2.0]], array![0.0], noise)?;
//! // V = 3²·(1·2²) = 36, so that ε = 0.5 adds 0.5·6.
//! let (output, tape) = layer.forward(array![[3.0]].view(), Some(array![[0.5]].view()))?;
//! assert_eq!(output, array![[9.0]]);
//! // G = 0.5 / (2·6), (A²)ᵀ·G = 9/24, times S = 4.
//! assert_eq!(layer.backward(&tape, array![[1.0]].view())?.noise, array![[1.5]]);
//! # Ok::<(), vardrop::Error>(())
//! ```

use multiversion::multiversion;
use ndarray::{Array2, ArrayView2, Zip};
use serde::{Deserialize, Serialize};

use super::noisy::{GradientRow, LayerNoise, Place, Tape, WithoutBias, check_rates, describe_rates, sum_to};
use crate::Real;
use crate::error::Result;
use crate::noise::{Rates, RowKey, Sharing, negative_kl_slope};

/// Gaussian noise on a layer's output, α shared by the layer, by unit or by weight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(serialize = "", deserialize = "T: Real"))]
pub struct GaussianOutput<T> {
    /// ln α, (1, 1), (in, 1) or (in, out).
    pub rates: Rates<T>,
}

impl<T: Real> GaussianOutput<T> {
    /// For a network's builder: α = p / (1 − p), fixed, one value for the layer.
    pub fn fixed(rate: f64) -> impl Fn(usize, usize) -> Result<Self> + Copy {
        Self::fixed_by(Sharing::Layer, rate)
    }

    /// [`Self::fixed`], with another way of sharing α.
    pub fn fixed_by(sharing: Sharing, rate: f64) -> impl Fn(usize, usize) -> Result<Self> + Copy {
        move |inputs, outputs| Ok(Self { rates: Rates::of_rate(rate, sharing, false, inputs, outputs)? })
    }

    /// For a network's builder: α starts at p / (1 − p) and is learned for each weight.
    pub fn learned(rate: f64) -> impl Fn(usize, usize) -> Result<Self> + Copy {
        Self::learned_by(Sharing::Weight, rate)
    }

    /// [`Self::learned`], with another way of sharing α.
    pub fn learned_by(sharing: Sharing, rate: f64) -> impl Fn(usize, usize) -> Result<Self> + Copy {
        move |inputs, outputs| Ok(Self { rates: Rates::of_rate(rate, sharing, true, inputs, outputs)? })
    }

    /// S = α ∘ W².
    fn variance(&self, weight: &Array2<T>) -> Array2<T> {
        weight * weight * &self.rates.log_alpha.mapv(|x| x.exp())
    }
}

/// B without its bias, and what the way back needs, for weights with mean W and variance S.
pub(super) fn forward<T: Real>(
    weight: &Array2<T>,
    variance: &Array2<T>,
    input: ArrayView2<'_, T>,
    noise: ArrayView2<'_, T>,
) -> (Array2<T>, Tape<T>) {
    let spread = input.mapv(|x| x * x).dot(variance); // V, (examples × out)
    let output = input.dot(weight) + spread.mapv(|v| v.sqrt()) * noise;
    // ∂B/∂V = ε / (2√V).
    let slope = Zip::from(&spread)
        .and(&noise)
        .map_collect(|&v, &normal| if v > T::zero() { T::of(0.5) * normal / v.sqrt() } else { T::zero() });
    (output, Tape { noise: slope, ..Tape::of(input) })
}

/// ∂loss/∂A, Aᵀ·δ and (A²)ᵀ·G.
pub(super) fn backward<T: Real>(
    weight: &Array2<T>,
    variance: &Array2<T>,
    tape: &Tape<T>,
    delta: ArrayView2<'_, T>,
) -> WithoutBias<T> {
    let through = &delta * &tape.noise; // G
    let input = delta.dot(&weight.t()) + &tape.input * &through.dot(&variance.t()) * T::of(2.0);
    let squares = tape.input.mapv(|x| x * x);
    WithoutBias { input, weight: tape.input.t().dot(&delta), noise: squares.t().dot(&through) }
}

impl<T: Real> LayerNoise<T> for GaussianOutput<T> {
    fn name(&self) -> &'static str {
        "gaussian-output"
    }
    fn description(&self) -> String {
        describe_rates("output, Gaussian", &self.rates)
    }
    fn place(&self) -> Place {
        Place::Output
    }
    fn check(&self, shape: (usize, usize)) -> Result<()> {
        check_rates(&self.rates, shape, true)
    }
    fn rates(&self) -> Option<&Rates<T>> {
        Some(&self.rates)
    }
    fn rates_mut(&mut self) -> Option<&mut Rates<T>> {
        Some(&mut self.rates)
    }
    fn negative_kl(&self, weight: &Array2<T>) -> f64 {
        if self.rates.learned { self.rates.negative_kl(self.variables_per_value(weight)) } else { 0.0 }
    }
    fn negative_kl_gradient(&self, weight: &Array2<T>) -> (Option<Array2<T>>, Array2<T>) {
        (None, self.rates.negative_kl_slope(self.variables_per_value(weight)))
    }

    fn forward(&self, weight: &Array2<T>, input: ArrayView2<'_, T>, noise: ArrayView2<'_, T>) -> (Array2<T>, Tape<T>) {
        forward(weight, &self.variance(weight), input, noise)
    }
    fn backward(&self, weight: &Array2<T>, tape: &Tape<T>, delta: ArrayView2<'_, T>) -> WithoutBias<T> {
        let alpha = self.rates.log_alpha.mapv(|x| x.exp());
        let dense = backward(weight, &self.variance(weight), tape, delta);
        let through = &dense.noise * weight * &alpha; // α ∘ W ∘ (A²)ᵀ·G
        WithoutBias {
            weight: dense.weight + &through * T::of(2.0),
            noise: sum_to(through * weight, self.rates.log_alpha.dim()),
            ..dense
        }
    }

    fn variance_row(&self, weight: &[T], row: usize, out: &mut [T]) {
        weight_variance(weight, self.rates.row(row), out);
    }
    fn gradient_row(&self, row: GradientRow<'_, T>, kl_scale: T) -> T {
        let (index, weight) = (row.row, row.weight);
        let log_alpha = self.rates.row(index);
        if self.rates.learned && self.rates.log_alpha.dim() == (row.inputs, weight.len()) {
            weight_rate_gradient(weight, log_alpha, row.path, row.gradient, kl_scale);
            return T::zero();
        }
        let (variance, path, gradient) = row.with_variance(self);
        weight_variance_gradient(weight, variance, path, gradient);
        path.iter().copied().sum::<T>() + kl_scale * negative_kl_slope(log_alpha[0].exp())
    }
    fn sample_row(&self, key: RowKey, weight: &[T], row: usize, sampled: &mut [T], factors: &mut [T]) {
        T::fill_standard_normal(key, factors);
        multiply_weights(self.rates.row(row), weight, sampled, factors);
    }
}

/// F = 1 + √α ∘ ε from ε in `factors` (equation 5 with σ² = α·μ²), and W ∘ F.
#[multiversion(targets = "simd")]
fn multiply_weights<T: Real>(log_alpha: &[T], weight: &[T], sampled: &mut [T], factors: &mut [T]) {
    let half = T::of(0.5);
    if let [shared] = *log_alpha {
        let deviation = (half * shared).exponential();
        for ((factor, sampled), &w) in factors.iter_mut().zip(sampled).zip(weight) {
            *factor = T::one() + deviation * *factor;
            *sampled = w * *factor;
        }
    } else {
        for (((factor, sampled), &w), &log_alpha) in factors.iter_mut().zip(sampled).zip(weight).zip(log_alpha) {
            *factor = T::one() + (half * log_alpha).exponential() * *factor;
            *sampled = w * *factor;
        }
    }
}

/// A² for one row.
#[multiversion(targets = "simd")]
pub(crate) fn square<T: Real>(input: &[T], out: &mut [T]) {
    for (square, &x) in out.iter_mut().zip(input) {
        *square = x * x;
    }
}

/// For one row: `mean` (A·W) ← A·W + √V ∘ ε, and `spread` (V) ← ε / (2√V), from which G is made. `normal` holds ε.
#[multiversion(targets = "simd")]
pub(crate) fn add_noise<T: Real>(mean: &mut [T], spread: &mut [T], normal: &[T]) {
    let half = T::of(0.5);
    for ((mean, spread), &normal) in mean.iter_mut().zip(spread).zip(normal) {
        let deviation = spread.sqrt();
        *mean += deviation * normal;
        *spread = if *spread > T::zero() { half * normal / deviation } else { T::zero() };
    }
}

/// For one row: `delta` += 2A ∘ (G·Sᵀ), the way from the loss to A through the variance.
#[multiversion(targets = "simd")]
pub(crate) fn add_variance_path<T: Real>(delta: &mut [T], input: &[T], through_variance: &[T]) {
    let two = T::of(2.0);
    for ((delta, &input), &path) in delta.iter_mut().zip(input).zip(through_variance) {
        *delta += two * input * path;
    }
}

/// For one row of W: `out` ← S = α ∘ W². `log_alpha` has one value (shared by layer or unit) or one per weight.
#[multiversion(targets = "simd")]
fn weight_variance<T: Real>(weight: &[T], log_alpha: &[T], out: &mut [T]) {
    if let [shared] = *log_alpha {
        let alpha = shared.exponential();
        for (s, &w) in out.iter_mut().zip(weight) {
            *s = alpha * w * w;
        }
    } else {
        for ((s, &w), &log_alpha) in out.iter_mut().zip(weight).zip(log_alpha) {
            *s = log_alpha.exponential() * w * w;
        }
    }
}

/// For one row of W, from `through_variance` = (A²)ᵀ·G: `weight_gradient` += 2α ∘ W ∘ (A²)ᵀ·G, and
/// `through_variance` ← S ∘ (A²)ᵀ·G, the gradient of ln α per weight.
#[multiversion(targets = "simd")]
fn weight_variance_gradient<T: Real>(
    weight: &[T],
    variance: &[T],
    through_variance: &mut [T],
    weight_gradient: &mut [T],
) {
    let two = T::of(2.0);
    for (((&w, &s), path), gradient) in weight.iter().zip(variance).zip(through_variance).zip(weight_gradient) {
        let by_log_alpha = s * *path;
        // 2α·W = 2S/W; a weight of exactly 0 has a variance of 0, and no gradient through it.
        *gradient += if w == T::zero() { T::zero() } else { two * by_log_alpha / w };
        *path = by_log_alpha;
    }
}

/// For one row of W with an α of its own for each weight that is learned, from `path` = (A²)ᵀ·G: `weight_gradient` +=
/// 2α ∘ W ∘ (A²)ᵀ·G, and `path` ← ∂objective/∂ln α = S ∘ (A²)ᵀ·G + `kl_scale` · d(−KL)/d ln α. One pass, which computes α = e^ln α
/// once for all three.
#[multiversion(targets = "simd")]
fn weight_rate_gradient<T: Real>(
    weight: &[T],
    log_alpha: &[T],
    path: &mut [T],
    weight_gradient: &mut [T],
    kl_scale: T,
) {
    let two = T::of(2.0);
    for (((&w, &log_alpha), path), gradient) in weight.iter().zip(log_alpha).zip(path).zip(weight_gradient) {
        let alpha = log_alpha.exponential();
        let by_weight = alpha * w * *path;
        *gradient += two * by_weight;
        *path = by_weight * w + kl_scale * negative_kl_slope(alpha);
    }
}

/// `gradient` += `scale` · d(−KL)/d ln α for a row of ln α.
#[multiversion(targets = "simd")]
pub(crate) fn add_kl_gradient<T: Real>(log_alpha: &[T], gradient: &mut [T], scale: T) {
    for (gradient, &log_alpha) in gradient.iter_mut().zip(log_alpha) {
        *gradient += scale * negative_kl_slope(log_alpha.exponential());
    }
}
