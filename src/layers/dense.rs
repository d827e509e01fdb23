//! The dense product without noise: B = A·W + b.
//!
//! Backward, with δ = ∂loss/∂B: ∂loss/∂A = δ·Wᵀ, ∂loss/∂W = Aᵀ·δ, ∂loss/∂b = Σ over examples of δ.

use ndarray::{Array2, ArrayView2};

use super::noisy::{LayerNoise, Place, Tape, WithoutBias};
use crate::Real;
use crate::noise::RowKey;

/// No noise at all.
#[derive(Debug)]
pub(super) struct NoNoise;

impl<T: Real> LayerNoise<T> for NoNoise {
    fn name(&self) -> &'static str {
        "none"
    }
    fn description(&self) -> String {
        "none".to_owned()
    }
    fn place(&self) -> Place {
        Place::Nowhere
    }
    fn forward(&self, weight: &Array2<T>, input: ArrayView2<'_, T>, _: ArrayView2<'_, T>) -> (Array2<T>, Tape<T>) {
        (input.dot(weight), Tape::of(input))
    }
    fn backward(&self, weight: &Array2<T>, tape: &Tape<T>, delta: ArrayView2<'_, T>) -> WithoutBias<T> {
        let noise = Array2::zeros((0, 0));
        WithoutBias { input: delta.dot(&weight.t()), weight: tape.input.t().dot(&delta), noise }
    }
    fn sample_row(&self, _: RowKey, weight: &[T], _: usize, sampled: &mut [T], factors: &mut [T]) {
        sampled.copy_from_slice(weight);
        factors.fill(T::one());
    }
}
