//! Gaussian noise on the input (type A): Ã = A ∘ ξ with ξ = 1 + √α·ε, ε ~ N(0, 1) drawn once for each example and input unit
//! (Srivastava et al. 2014; Kingma, Salimans & Welling 2015, section 3.1, equation 9). α is fixed, or learned for the layer or for
//! each input unit (section 3.3).
//!
//! One draw reaches every output of the layer, so that the outputs' noise is correlated.
//!
//! Backward, with ∂ = ∂loss/∂Ã = δ·Wᵀ:
//!
//! - ∂loss/∂W = Ãᵀ·δ;
//! - ∂loss/∂A = ∂ ∘ ξ;
//! - ∂loss/∂ln α = Σ over examples of ∂ ∘ A ∘ √α·ε / 2 = ∂ ∘ (Ã − A) / 2, since dξ/d ln α = √α·ε / 2.
//!
//! ```
//! use vardrop::layers::{GaussianInput, Layer};
//! use vardrop::ndarray::array;
//! use vardrop::noise::{Rates, Sharing};
//!
//! let noise = GaussianInput { rates: Rates::new(0.25, Sharing::Unit, true, 2, 1)? };
//! let layer = Layer::<f64>::new(array![[1.0], [2.0]], array![0.0], noise)?;
//! // ξ = 1 + 0.5·ε: 2 and 1, so that the output is 3·2·1 + 1·1·2.
//! let (output, tape) = layer.forward(array![[3.0, 1.0]].view(), Some(array![[2.0, 0.0]].view()))?;
//! assert_eq!(output, array![[8.0]]);
//! // ∂ ∘ (Ã − A) / 2 = 1·(6 − 3) / 2 and 2·(1 − 1) / 2.
//! assert_eq!(layer.backward(&tape, array![[1.0]].view())?.noise, array![[1.5], [0.0]]);
//! # Ok::<(), vardrop::Error>(())
//! ```

use multiversion::multiversion;
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use super::noisy::{LayerNoise, Place, Tape, WithoutBias, check_rates, describe_rates, sum_to};
use crate::Real;
use crate::error::Result;
use crate::noise::{Rates, RowKey, Sharing};

/// Gaussian noise on a layer's input, α shared by the layer or by unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(serialize = "", deserialize = "T: Real"))]
pub struct GaussianInput<T> {
    /// ln α, (1, 1) or (in, 1).
    pub rates: Rates<T>,
}

impl<T: Real> GaussianInput<T> {
    /// For a network's builder: α = p / (1 − p), fixed, one value for the layer.
    pub fn fixed(rate: f64) -> impl Fn(usize, usize) -> Result<Self> + Copy {
        Self::fixed_by(Sharing::Layer, rate)
    }

    /// [`Self::fixed`], with another way of sharing α.
    pub fn fixed_by(sharing: Sharing, rate: f64) -> impl Fn(usize, usize) -> Result<Self> + Copy {
        move |inputs, outputs| Ok(Self { rates: Rates::of_rate(rate, sharing, false, inputs, outputs)? })
    }

    /// For a network's builder: α starts at p / (1 − p) and is learned for each input unit.
    pub fn learned(rate: f64) -> impl Fn(usize, usize) -> Result<Self> + Copy {
        Self::learned_by(Sharing::Unit, rate)
    }

    /// [`Self::learned`], with another way of sharing α.
    pub fn learned_by(sharing: Sharing, rate: f64) -> impl Fn(usize, usize) -> Result<Self> + Copy {
        move |inputs, outputs| Ok(Self { rates: Rates::of_rate(rate, sharing, true, inputs, outputs)? })
    }
}

impl<T: Real> LayerNoise<T> for GaussianInput<T> {
    fn name(&self) -> &'static str {
        "gaussian-input"
    }
    fn description(&self) -> String {
        describe_rates("input × Gaussian", &self.rates)
    }
    fn place(&self) -> Place {
        Place::Input
    }
    fn check(&self, shape: (usize, usize)) -> Result<()> {
        check_rates(&self.rates, shape, false)
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
        // √α as a row, one value or one for each unit.
        let deviation = self.rates.log_alpha.t().mapv(|x| (T::of(0.5) * x).exp());
        let noise = (&noise * &deviation) + T::one();
        let noisy = &input * &noise;
        (noisy.dot(weight), Tape { noisy, noise, ..Tape::of(input) })
    }
    fn backward(&self, weight: &Array2<T>, tape: &Tape<T>, delta: ArrayView2<'_, T>) -> WithoutBias<T> {
        let through = delta.dot(&weight.t());
        let of_units = (&through * &(&tape.noisy - &tape.input)).sum_axis(ndarray::Axis(0)) * T::of(0.5);
        let noise = sum_to(of_units.insert_axis(ndarray::Axis(1)), self.rates.log_alpha.dim());
        WithoutBias { input: through * &tape.noise, weight: tape.noisy.t().dot(&delta), noise }
    }

    fn deviations(&self) -> usize {
        self.rates.log_alpha.len()
    }
    fn fill_deviations(&self, out: &mut [T]) {
        for (deviation, &log_alpha) in out.iter_mut().zip(&self.rates.log_alpha) {
            *deviation = (T::of(0.5) * log_alpha).exponential();
        }
    }
    fn multiply_row(
        &self,
        key: RowKey,
        deviation: &[T],
        clean: &[T],
        gate: &mut [T],
        noisy: &mut [T],
        rectified: bool,
    ) {
        T::fill_standard_normal(key, gate);
        multiply_noise(clean, deviation, gate, noisy, rectified);
    }
    fn sample_row(&self, key: RowKey, weight: &[T], row: usize, sampled: &mut [T], factors: &mut [T]) {
        let mut normal = [T::zero()];
        T::fill_standard_normal(key, &mut normal);
        let log_alpha = self.rates.row(row)[0];
        let factor = T::one() + (T::of(0.5) * log_alpha).exponential() * normal[0];
        factors.fill(factor);
        sampled.iter_mut().zip(weight).for_each(|(sampled, &w)| *sampled = w * factor);
    }
}

/// From standard normal draws ε in `gate`, for one row; see [`LayerNoise::multiply_row`]. `deviation` is √α, of length 1 (shared by
/// the layer) or as long as the row.
#[multiversion(targets = "simd")]
fn multiply_noise<T: Real>(clean: &[T], deviation: &[T], gate: &mut [T], noisy: &mut [T], rectified: bool) {
    if let [shared] = *deviation {
        for ((gate, noisy), &clean) in gate.iter_mut().zip(noisy).zip(clean) {
            let factor = T::one() + shared * *gate;
            *noisy = clean * factor;
            *gate = if rectified && clean <= T::zero() { T::zero() } else { factor };
        }
    } else {
        for (((gate, noisy), &clean), &deviation) in gate.iter_mut().zip(noisy).zip(clean).zip(deviation) {
            let factor = T::one() + deviation * *gate;
            *noisy = clean * factor;
            *gate = if rectified && clean <= T::zero() { T::zero() } else { factor };
        }
    }
}

/// For one row: `sums` += ∂ ∘ (Ã − A), which is twice the gradient of ln α per input unit.
#[multiversion(targets = "simd")]
pub(crate) fn rate_gradient<T: Real>(delta: &[T], noisy: &[T], clean: &[T], sums: &mut [T]) {
    for (((sum, &delta), &noisy), &clean) in sums.iter_mut().zip(delta).zip(noisy).zip(clean) {
        *sum += delta * (noisy - clean);
    }
}
