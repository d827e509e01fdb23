//! The rectified linear unit, h = max(x, 0), and the bias before it.

use multiversion::multiversion;

use crate::Real;

/// x ← x + b for one row.
#[multiversion(targets = "simd")]
pub(crate) fn add_bias<T: Real>(row: &mut [T], bias: &[T]) {
    for (x, &b) in row.iter_mut().zip(bias) {
        *x += b;
    }
}

/// h = max(x + b, 0) for one row; a NaN stays a NaN, so that it is seen in the loss.
#[multiversion(targets = "simd")]
pub(crate) fn rectify<T: Real>(row: &[T], bias: &[T], out: &mut [T]) {
    for ((h, &x), &b) in out.iter_mut().zip(row).zip(bias) {
        let sum = x + b;
        *h = if sum < T::zero() { T::zero() } else { sum };
    }
}

/// ∂/∂x from ∂/∂h: zero where h is not positive.
#[multiversion(targets = "simd")]
pub(crate) fn rectifier_gate<T: Real>(delta: &mut [T], rectified: &[T]) {
    for (d, &h) in delta.iter_mut().zip(rectified) {
        *d = if h > T::zero() { *d } else { T::zero() };
    }
}

/// x ← x ∘ y for one row.
#[multiversion(targets = "simd")]
pub(crate) fn multiply<T: Real>(row: &mut [T], factors: &[T]) {
    for (x, &y) in row.iter_mut().zip(factors) {
        *x *= y;
    }
}
