//! Noise on a layer's input (type A): Ã = A ∘ ξ, with ξ ~ N(1, α) or Bernoulli(1 − p) / (1 − p), drawn once for each
//! example and input unit (Kingma, Salimans & Welling 2015, section 3.1, equation 9).
//!
//! One draw reaches every output of the layer, so that the outputs' noise is correlated.
//!
//! Backward, with ∂ = ∂loss/∂Ã, ξ = 1 + √α·ε:
//!
//! - ∂loss/∂A = ∂ ∘ ξ;
//! - ∂loss/∂ln α = Σ over examples of ∂ · A · √α·ε / 2 = ∂ · (Ã − A) / 2, since dξ/d ln α = √α·ε / 2.

use multiversion::multiversion;

use crate::Real;

/// From standard normal draws ε in `gate`: `gate` ← ξ = 1 + √α·ε and `noisy` ← A ∘ ξ, for one row.
///
/// With `rectified`, A is the output of a rectifier and `gate` is made the derivative of Ã with respect to the
/// rectifier's input: ξ where A is positive, else 0.
///
/// `deviation` is √α, of length 1 (shared by the layer) or as long as the row.
#[multiversion(targets = "simd")]
pub(crate) fn multiply_noise<T: Real>(clean: &[T], deviation: &[T], gate: &mut [T], noisy: &mut [T], rectified: bool) {
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

/// The same from the factors ξ of binary noise in `gate`.
#[multiversion(targets = "simd")]
pub(crate) fn multiply_gate<T: Real>(clean: &[T], gate: &mut [T], noisy: &mut [T], rectified: bool) {
    for ((gate, noisy), &clean) in gate.iter_mut().zip(noisy).zip(clean) {
        *noisy = clean * *gate;
        *gate = if rectified && clean <= T::zero() { T::zero() } else { *gate };
    }
}

/// For one row: `sums` += ∂ ∘ (Ã − A), which is twice the gradient of ln α per input unit.
#[multiversion(targets = "simd")]
pub(crate) fn rate_gradient<T: Real>(delta: &[T], noisy: &[T], clean: &[T], sums: &mut [T]) {
    for (((sum, &delta), &noisy), &clean) in sums.iter_mut().zip(delta).zip(noisy).zip(clean) {
        *sum += delta * (noisy - clean);
    }
}
