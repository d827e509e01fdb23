//! Noise on a layer's output with a variance of its own for each weight (sparse variational dropout): W ~ N(θ, σ²), with θ and
//! ln σ² learned side by side, by the local reparameterization: B = A·θ + √V ∘ ε with V = A²·σ² (Molchanov, Ashukha & Vetrov
//! 2017, section 4.2, equations 10 and 11; forward and the way through A as in type B noise, with S = σ²).
//!
//! With α = σ²/θ² fixed the gradient of θ would carry the noise of α·θ², which grows with α; here θ's gradient has no noise
//! factor, and α may go to infinity.
//!
//! Backward, with G = ∂loss/∂V, and with the KL term's slope k = d(−KL)/d ln α:
//!
//! - ∂loss/∂θ = Aᵀ·δ + s·k·(−2/θ), since ln α = ln σ² − ln θ²;
//! - ∂loss/∂ln σ² = σ² ∘ (A²)ᵀ·G + s·k,
//!
//! where s = −w/N is what the objective multiplies −KL by.

use multiversion::multiversion;

use crate::Real;
use crate::noise::{additive_log_alpha, sparse_negative_kl_slope};

/// For one row: `out` ← σ².
#[multiversion(targets = "simd")]
pub(crate) fn additive_variance<T: Real>(log_variance: &[T], out: &mut [T]) {
    for (variance, &log_variance) in out.iter_mut().zip(log_variance) {
        *variance = log_variance.exponential();
    }
}

/// For one row of θ, from `through_variance` = (A²)ᵀ·G: `through_variance` ← ∂loss/∂ln σ², and `weight_gradient` += the KL
/// term's part.
#[multiversion(targets = "simd")]
pub(crate) fn additive_gradient<T: Real>(
    weight: &[T],
    log_variance: &[T],
    variance: &[T],
    through_variance: &mut [T],
    weight_gradient: &mut [T],
    kl_scale: T,
) {
    let two = T::of(2.0);
    let parameters = weight.iter().zip(log_variance).zip(variance);
    for (((&w, &log_variance), &s), (path, gradient)) in
        parameters.zip(through_variance.iter_mut().zip(weight_gradient))
    {
        let (log_alpha, inverse) = additive_log_alpha(w, log_variance);
        let slope = kl_scale * sparse_negative_kl_slope(log_alpha);
        *path = s * *path + slope;
        *gradient -= two * slope * inverse;
    }
}
