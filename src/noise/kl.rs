//! −KL(q(w) ‖ p(w)) between multiplicative Gaussian noise N(1, α) and the log-uniform prior, for one noise variable
//! (Kingma, Salimans & Welling 2015, appendix C, equation 14):
//!
//! −KL(α) = ½ ln α + c₁α + c₂α² + c₃α³ + const, for α ≤ 1.
//!
//! The constant is dropped, as in the paper: the prior is improper, and only differences matter.

use crate::Real;

/// c₁, c₂ and c₃, for those who compute the polynomial in another arithmetic, such as an automatic differentiation's.
pub const KL_COEFFICIENTS: [f64; 3] = [1.161_451_241_083_23, -1.502_041_176_441_722, 0.586_299_206_427_007];

const C1: f64 = KL_COEFFICIENTS[0];
const C2: f64 = KL_COEFFICIENTS[1];
const C3: f64 = KL_COEFFICIENTS[2];

/// −KL(α) in nats, up to a constant, for 0 ≤ α ≤ 1 (−∞ at 0). Beyond 1 the polynomial says nothing, and the result is NaN.
///
/// ```
/// // Larger α is closer to the prior.
/// assert!(vardrop::noise::negative_kl(0.5_f64) > vardrop::noise::negative_kl(0.1));
/// ```
pub fn negative_kl<T: Real>(alpha: T) -> T {
    if alpha > T::one() { T::nan() } else { negative_kl_of_log(alpha.ln()) }
}

/// [`negative_kl`] as a function of ln α.
pub(crate) fn negative_kl_of_log<T: Real>(log_alpha: T) -> T {
    let alpha = log_alpha.exp();
    T::of(0.5) * log_alpha + ((T::of(C3) * alpha + T::of(C2)) * alpha + T::of(C1)) * alpha
}

/// The derivative of [`negative_kl`] with respect to ln α: ½ + c₁α + 2c₂α² + 3c₃α³, for the same α; it is not checked here, in the
/// innermost loop of a gradient.
#[inline(always)]
pub fn negative_kl_slope<T: Real>(alpha: T) -> T {
    T::of(0.5) + ((T::of(3.0 * C3) * alpha + T::of(2.0 * C2)) * alpha + T::of(C1)) * alpha
}

#[cfg(test)]
mod tests {
    use super::*;

    /// −KL up to the same constant for every α, by quadrature: −KL(α) = ½ ln α − E ln|1 + √α·ε| + const, ε ~ N(0, 1)
    /// (the paper's equation 12). The integrand's logarithmic singularity at ε = −1/√α is taken out by substituting
    /// x = ε + 1/√α and x = ±e^t, which makes it smooth: ∫ ln|x|·φ(x − 1/√α) dx = ∫ t·e^t·(φ(e^t − m) + φ(−e^t − m)) dt.
    fn exact(alpha: f64) -> f64 {
        let m = 1.0 / alpha.sqrt();
        let density = |x: f64| (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
        let (low, high, steps) = (-45.0, (m + 12.0).ln(), 40_000);
        let h = (high - low) / steps as f64;
        // The trapezoidal rule converges geometrically: the integrand vanishes at both ends.
        let expectation: f64 = (0..=steps)
            .map(|k| {
                let t = low + h * k as f64;
                let x = t.exp();
                t * x * (density(x - m) + density(-x - m))
            })
            .sum::<f64>()
            * h;
        // E ln|1 + √α·ε| = E ln|x| + ½ ln α, with x = ε + 1/√α.
        0.5 * alpha.ln() - (expectation + 0.5 * alpha.ln())
    }

    #[test]
    fn the_polynomial_agrees_with_the_integral_over_the_whole_range() {
        // Both are known up to a constant, so the spread of their difference counts. Computed with 40,000 nodes in
        // Python: the difference rises from 0 at α → 0 to 0.0410 nats near α = 0.12 and stays in [0.0317, 0.0410] above
        // α = 0.1. What the paper calls a third-degree polynomial fit is no better than that.
        let spread = |low: f64| {
            let differences = (0..=400).map(|k| {
                let alpha = (low * (1.0 - f64::from(k) / 400.0)).exp();
                negative_kl(alpha) - exact(alpha)
            });
            let (min, max) = differences.fold((f64::MAX, f64::MIN), |(a, b), d| (a.min(d), b.max(d)));
            max - min
        };
        assert!(spread(-14.0) < 0.042, "spread {} nats", spread(-14.0));
        assert!(spread(0.1f64.ln()) < 0.010, "spread above α = 0.1: {} nats", spread(0.1f64.ln()));
    }

    #[test]
    fn the_slope_agrees_with_the_integrals_and_with_a_finite_difference() {
        for k in 1..=100 {
            let log_alpha = -7.0 + 0.07 * f64::from(k);
            let h = 1e-4;
            let polynomial = |alpha: f64| negative_kl_of_log(alpha.ln());
            let difference = |f: &dyn Fn(f64) -> f64| (f((log_alpha + h).exp()) - f((log_alpha - h).exp())) / (2.0 * h);
            let slope = negative_kl_slope(log_alpha.exp());
            assert!((slope - difference(&polynomial)).abs() < 1e-7, "ln α = {log_alpha}");
            assert!((slope - difference(&exact)).abs() < 0.06, "ln α = {log_alpha}: {slope}, {}", difference(&exact));
        }
    }

    #[test]
    fn the_polynomial_is_not_asked_beyond_its_range() {
        assert_eq!(negative_kl(0.0_f64), f64::NEG_INFINITY);
        assert!(negative_kl(1.0_f64).is_finite());
        for alpha in [1.001, f64::INFINITY, -0.5, f64::NAN] {
            assert!(negative_kl(alpha).is_nan(), "{alpha}");
        }
    }
}
