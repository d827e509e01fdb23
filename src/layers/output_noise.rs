//! Noise on a layer's output (type B), the local reparameterization: B = A·W + √V ∘ ε with V = A²·S, S = α ∘ W², ε ~ N(0, 1)
//! drawn once for each example and output unit (Kingma, Salimans & Welling 2015, section 2.3, equation 6; section 3.2).
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

use multiversion::multiversion;

use crate::Real;
use crate::noise::negative_kl_slope;

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
pub(crate) fn weight_variance<T: Real>(weight: &[T], log_alpha: &[T], out: &mut [T]) {
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
pub(crate) fn weight_variance_gradient<T: Real>(
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
pub(crate) fn weight_rate_gradient<T: Real>(
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
