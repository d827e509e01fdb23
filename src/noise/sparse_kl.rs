//! −KL(q(w) ‖ p(w)) between N(θ, σ²) and the log-uniform prior for every α = σ²/θ² from 0 to infinity (Molchanov, Ashukha &
//! Vetrov 2017, equation 14):
//!
//! −KL(α) = k₁·sigmoid(k₂ + k₃·ln α) − ½·ln(1 + 1/α) − k₁.
//!
//! It is 0 for α → ∞: a weight that is nothing but noise costs nothing.

use crate::Real;

/// k₁, k₂ and k₃, for those who compute the formula in another arithmetic, such as an automatic differentiation's.
pub const SPARSE_KL_COEFFICIENTS: [f64; 3] = [0.635_76, 1.873_20, 1.486_95];

const K1: f64 = SPARSE_KL_COEFFICIENTS[0];
const K2: f64 = SPARSE_KL_COEFFICIENTS[1];
const K3: f64 = SPARSE_KL_COEFFICIENTS[2];

/// What is added to θ² where α = σ²/θ² is computed, so that a mean of exactly 0 has a finite α.
pub const SMALLEST_SQUARE: f64 = 1e-30;

/// −KL in nats as a function of ln α; at most 0.
///
/// ```
/// use vardrop::noise::sparse_negative_kl;
/// assert!(sparse_negative_kl(8.0_f64).abs() < 1e-3);
/// assert!(sparse_negative_kl(-8.0_f64) < -4.0);
/// ```
pub fn sparse_negative_kl<T: Real>(log_alpha: T) -> T {
    // ln(1 + 1/α) without overflow where α is tiny.
    let log1p = if log_alpha < T::zero() { (log_alpha.exp()).ln_1p() - log_alpha } else { (-log_alpha).exp().ln_1p() };
    let rest = (-(T::of(K2) + T::of(K3) * log_alpha)).exp();
    // sigmoid − 1, which keeps its digits where the sigmoid is close to 1.
    -T::of(K1) * if rest.is_infinite() { T::one() } else { rest / (T::one() + rest) } - T::of(0.5) * log1p
}

/// The derivative of [`sparse_negative_kl`] with respect to ln α: k₁k₃·s·(1 − s) + ½/(1 + α), s the sigmoid.
#[inline(always)]
pub fn sparse_negative_kl_slope<T: Real>(log_alpha: T) -> T {
    let one = T::one();
    // Finite, so that 0 times it is 0.
    let rest = (-(T::of(K2) + T::of(K3) * log_alpha)).exponential().min(T::max_value());
    let sigmoid = one / (one + rest);
    // In this order a huge `rest` gives 0, and no ∞/∞.
    let bump = rest * sigmoid * sigmoid;
    T::of(K1 * K3) * bump + T::of(0.5) / (one + log_alpha.exponential())
}

/// ln α = ln σ² − ln θ² of a weight with mean θ, and 1/θ as far as the slope of the KL term needs it.
///
/// A tiny number is added to θ² in both, so that a mean of exactly 0 has a finite α and no gradient.
#[inline(always)]
pub(crate) fn additive_log_alpha<T: Real>(weight: T, log_variance: T) -> (T, T) {
    let square = weight * weight + T::of(SMALLEST_SQUARE);
    (log_variance - square.logarithm(), weight / square)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Dawson's integral by its power series times exp(−x²) for small arguments, and by its continued fraction for large ones
    /// (Abramowitz & Stegun 7.1.5, 7.1.15).
    fn dawson(x: f64) -> f64 {
        if x < 5.0 {
            let (mut term, mut sum, mut k) = (x, x, 0.0);
            while term.abs() > 1e-18 * sum.abs() {
                k += 1.0;
                term *= x * x / k;
                sum += term / (2.0 * k + 1.0);
            }
            return (-x * x).exp() * sum;
        }
        // Asymptotically 1/(2x)·(1 + 1/(2x²) + 3/(4x⁴) + …), up to its smallest term.
        let (mut term, mut sum, mut k) = (1.0, 1.0, 0.0);
        loop {
            let next = term * (2.0 * k + 1.0) / (2.0 * x * x);
            if next > term || next < 1e-17 {
                return sum / (2.0 * x);
            }
            k += 1.0;
            term = next;
            sum += term;
        }
    }

    /// −KL by numerical integration, with 0 at α → ∞: dKL/du = Dawson(√u)/√u for u = 1/(2α) (Hron, Matthews & Ghahramani
    /// 2018, appendix C), and KL = 0 at u = 0. With u = t² the integrand is 2·Dawson(t), smooth.
    fn exact(log_alpha: f64) -> f64 {
        let end = (0.5 * (-log_alpha).exp()).sqrt();
        let steps = 4000;
        let h = end / f64::from(steps);
        let f = |k: i32| 2.0 * dawson(h * f64::from(k));
        // Simpson's rule.
        let inner: f64 = (1..steps).map(|k| f(k) * if k % 2 == 1 { 4.0 } else { 2.0 }).sum();
        -(f(0) + inner + f(steps)) * h / 3.0
    }

    #[test]
    fn dawsons_integral_has_its_tabulated_values() {
        // Abramowitz & Stegun, table 7.5: its maximum, and a large argument.
        for (x, value) in [
            (0.5, 0.424_436_383_5),
            (0.924_138_873_0, 0.541_044_224_6),
            (2.0, 0.301_340_388_9),
            (10.0, 0.050_253_847_2),
        ] {
            assert!((dawson(x) - value).abs() < 1e-9, "{x}: {}", dawson(x));
        }
        assert!((dawson(4.999) - dawson(5.001)).abs() < 1e-4, "the two formulas meet");
    }

    #[test]
    fn the_approximation_agrees_with_the_integral_for_every_alpha() {
        // The largest difference, 0.009 nats, is near ln α = −1.7 and +0.7; equation 14 is a fit by eye to that accuracy.
        let mut worst = (0.0, 0.0);
        for k in -160..=160 {
            let log_alpha = f64::from(k) / 20.0;
            let difference: f64 = sparse_negative_kl(log_alpha) - exact(log_alpha);
            if difference.abs() > worst.1 {
                worst = (log_alpha, difference.abs());
            }
        }
        assert!(worst.1 < 0.0105, "{worst:?}");
    }

    #[test]
    fn the_slope_agrees_with_finite_differences_and_with_the_integral() {
        for k in -160..=160 {
            let x = f64::from(k) / 20.0;
            let h = 1e-5;
            let difference = |f: &dyn Fn(f64) -> f64| (f(x + h) - f(x - h)) / (2.0 * h);
            let slope = sparse_negative_kl_slope(x);
            assert!((slope - difference(&|x| sparse_negative_kl(x))).abs() < 1e-9, "ln α = {x}");
            assert!((slope - difference(&exact)).abs() < 0.03, "ln α = {x}: {slope}, {}", difference(&exact));
        }
    }

    #[test]
    fn single_precision_has_no_overflow_and_agrees_with_double() {
        for k in -900..=900 {
            let x = f64::from(k) / 10.0;
            let (kl, slope) = (sparse_negative_kl(x as f32), sparse_negative_kl_slope(x as f32));
            assert!((f64::from(kl) - sparse_negative_kl(x)).abs() < 1e-5 * (1.0 + x.abs()), "ln α = {x}: {kl}");
            assert!((f64::from(slope) - sparse_negative_kl_slope(x)).abs() < 1e-5, "ln α = {x}: {slope}");
        }
    }

    #[test]
    fn a_mean_of_zero_has_a_finite_rate_and_no_gradient() {
        let (log_alpha, inverse) = additive_log_alpha(0.0_f32, -10.0);
        assert!(log_alpha.is_finite() && log_alpha > 50.0);
        assert_eq!(inverse, 0.0);
        for weight in [1e-20_f32, 1e-12, 1e-3, 2.0] {
            let (log_alpha, inverse) = additive_log_alpha(weight, -10.0);
            assert!((sparse_negative_kl_slope(log_alpha) * inverse).is_finite(), "{weight}");
        }
    }

    #[test]
    fn the_ends_of_the_range_have_their_limits() {
        for far in [500.0, 1e6, f64::INFINITY] {
            assert!(sparse_negative_kl(far).abs() < 1e-200 && sparse_negative_kl_slope(far) < 1e-200, "ln α = {far}");
            assert!((sparse_negative_kl_slope(-far) - 0.5).abs() < 1e-15, "ln α = −{far}");
            assert!((sparse_negative_kl(-far) + K1 + 0.5 * far).abs() < 1e-9 || far == f64::INFINITY);
        }
        assert_eq!(sparse_negative_kl(f64::NEG_INFINITY), f64::NEG_INFINITY);
        assert!(sparse_negative_kl(f64::NAN).is_nan() && sparse_negative_kl_slope(f64::NAN).is_nan());
    }
}
