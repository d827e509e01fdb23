//! Binary dropout: Ã = A ∘ ξ with ξ ~ Bernoulli(1 − p) / (1 − p), drawn once for each example and input unit (Hinton et al. 2012,
//! scaled so that E ξ = 1; its variance is α = p / (1 − p)).
//!
//! Backward, with ∂ = ∂loss/∂Ã = δ·Wᵀ: ∂loss/∂A = ∂ ∘ ξ, ∂loss/∂W = Ãᵀ·δ. Nothing of the noise is learned.
//!
//! ```
//! use vardrop::layers::{Binary, Layer};
//! use vardrop::ndarray::array;
//!
//! let layer = Layer::<f64>::new(array![[1.0], [2.0]], array![0.0], Binary::new(0.5)?)?;
//! // The first unit is dropped, the second doubled.
//! let (output, _) = layer.forward(array![[3.0, 1.0]].view(), Some(array![[0.0, 2.0]].view()))?;
//! assert_eq!(output, array![[4.0]]);
//! # Ok::<(), vardrop::Error>(())
//! ```

use multiversion::multiversion;
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use super::noisy::{LayerNoise, Place, Tape, WithoutBias};
use crate::Real;
use crate::error::Result;
use crate::noise::{RowKey, alpha_of_rate, fill_binary};

/// Binary dropout on a layer's input.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Binary {
    /// The dropout rate p in [0, 1).
    pub rate: f64,
}

impl Binary {
    /// Dropout with rate p.
    ///
    /// # Errors
    /// A rate outside [0, 1).
    pub fn new(rate: f64) -> Result<Self> {
        alpha_of_rate(rate)?;
        Ok(Self { rate })
    }
}

impl<T: Real> LayerNoise<T> for Binary {
    fn name(&self) -> &'static str {
        "binary"
    }
    fn description(&self) -> String {
        format!("input × Bernoulli, p = {}", self.rate)
    }
    fn place(&self) -> Place {
        Place::Input
    }
    fn check(&self, _: (usize, usize)) -> Result<()> {
        alpha_of_rate(self.rate).map(|_| ())
    }
    fn mean_alpha(&self) -> Option<f64> {
        alpha_of_rate(self.rate).ok()
    }

    fn draw(&self, key: RowKey, row: &mut [T]) {
        fill_binary(key, self.rate, row).expect("a network's rates are checked");
    }
    fn forward(&self, weight: &Array2<T>, input: ArrayView2<'_, T>, noise: ArrayView2<'_, T>) -> (Array2<T>, Tape<T>) {
        let noisy = &input * &noise;
        (noisy.dot(weight), Tape { noisy, noise: noise.to_owned(), ..Tape::of(input) })
    }
    fn backward(&self, weight: &Array2<T>, tape: &Tape<T>, delta: ArrayView2<'_, T>) -> WithoutBias<T> {
        let input = delta.dot(&weight.t()) * &tape.noise;
        WithoutBias { input, weight: tape.noisy.t().dot(&delta), noise: Array2::zeros((0, 0)) }
    }

    fn multiply_row(&self, key: RowKey, _: &[T], clean: &[T], gate: &mut [T], noisy: &mut [T], rectified: bool) {
        self.draw(key, gate);
        multiply_gate(clean, gate, noisy, rectified);
    }
    fn sample_row(&self, key: RowKey, weight: &[T], _: usize, sampled: &mut [T], factors: &mut [T]) {
        let mut factor = [T::zero()];
        self.draw(key, &mut factor);
        factors.fill(factor[0]);
        sampled.iter_mut().zip(weight).for_each(|(sampled, &w)| *sampled = w * factor[0]);
    }
}

/// From the factors ξ in `gate`, for one row: see [`LayerNoise::multiply_row`].
#[multiversion(targets = "simd")]
fn multiply_gate<T: Real>(clean: &[T], gate: &mut [T], noisy: &mut [T], rectified: bool) {
    for ((gate, noisy), &clean) in gate.iter_mut().zip(noisy).zip(clean) {
        *noisy = clean * *gate;
        *gate = if rectified && clean <= T::zero() { T::zero() } else { *gate };
    }
}
