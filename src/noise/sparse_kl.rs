//! −KL(q(w) ‖ p(w)) between N(θ, σ²) and the log-uniform prior for every α = σ²/θ² from 0 to infinity (Molchanov, Ashukha &
//! Vetrov 2017, equation 14):
//!
//! −KL(α) = k₁·sigmoid(k₂ + k₃·ln α) − ½·ln(1 + 1/α) − k₁.
//!
//! It is 0 for α → ∞: a weight that is nothing but noise costs nothing.

use multiversion::multiversion;

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
    slope(rest, one / (one + rest), one / (one + log_alpha.exponential()))
}

/// The same from e^−(k₂ + k₃·ln α), s and 1/(1 + α).
#[inline(always)]
fn slope<T: Real>(rest: T, sigmoid: T, share: T) -> T {
    // In this order a huge `rest` gives 0, and no ∞/∞.
    T::of(K1 * K3) * (rest * sigmoid * sigmoid) + T::of(0.5) * share
}

/// Σ of −KL over weights N(θ, σ²), and its derivatives with respect to each θ and ln σ², in one pass.
///
/// ```
/// use vardrop::noise::{sparse_negative_kl, sparse_negative_kl_and_slopes};
/// let (weight, log_variance) = ([0.5_f64, -2.0], [-1.0, 0.0]);
/// let (mut of_weight, mut of_log_variance) = ([0.0; 2], [0.0; 2]);
/// let sum = sparse_negative_kl_and_slopes(&weight, &log_variance, &mut of_weight, &mut of_log_variance);
/// // α = σ²/θ².
/// let expected = sparse_negative_kl(-1.0 - 0.25_f64.ln()) + sparse_negative_kl(-(4.0_f64.ln()));
/// assert!((sum - expected).abs() < 1e-12);
/// // More noise costs less, a larger mean more.
/// assert!(of_log_variance[0] > 0.0 && of_weight[0] < 0.0 && of_weight[1] > 0.0);
/// ```
///
/// # Panics
/// Slices of other lengths than the weights'.
pub fn sparse_negative_kl_and_slopes<T: Real>(
    weight: &[T],
    log_variance: &[T],
    of_weight: &mut [T],
    of_log_variance: &mut [T],
) -> f64 {
    let lengths = [log_variance.len(), of_weight.len(), of_log_variance.len()];
    assert_eq!(lengths, [weight.len(); 3], "one number of each kind for every weight");
    let parameters = weight.chunks(ROW).zip(log_variance.chunks(ROW));
    let slopes = of_weight.chunks_mut(ROW).zip(of_log_variance.chunks_mut(ROW));
    let mut values = [T::zero(); ROW];
    let mut sum = 0.0;
    for ((weight, log_variance), (of_weight, of_log_variance)) in parameters.zip(slopes) {
        let values = &mut values[..weight.len()];
        row_and_slopes(weight, log_variance, values, of_weight, of_log_variance);
        sum += values.iter().map(|value| value.f64()).sum::<f64>();
    }
    sum
}

/// Weights that are worked on at a time.
const ROW: usize = 256;

/// For one row, −KL of each weight and its slopes. (A sum in here would keep the loop from being vectorised.)
#[multiversion(targets = "simd")]
fn row_and_slopes<T: Real>(
    weight: &[T],
    log_variance: &[T],
    values: &mut [T],
    of_weight: &mut [T],
    of_log_variance: &mut [T],
) {
    let (one, half) = (T::one(), T::of(0.5));
    // Keeps single precision from overflowing where a weight is 10¹⁷ times its noise.
    let bounded = |x: T| if x > T::of(80.0) { T::of(80.0) } else { x };
    let out = values.iter_mut().zip(of_weight).zip(of_log_variance);
    for ((&weight, &log_variance), ((value, of_weight), of_log_variance)) in weight.iter().zip(log_variance).zip(out) {
        let (log_alpha, inverse) = additive_log_alpha(weight, log_variance);
        let inverse_alpha = bounded(-log_alpha).exponential();
        let rest = bounded(-(T::of(K2) + T::of(K3) * log_alpha)).exponential();
        // The polynomials of single precision would hide a NaN; 0 times the rest is 0 but for that.
        let lost = T::zero() * (weight + log_variance);
        let (sigmoid, share) = (one / (one + rest), inverse_alpha / (one + inverse_alpha));
        let slope = slope(rest, sigmoid, share) + lost;
        *value = -T::of(K1) * rest * sigmoid - half * (one + inverse_alpha).logarithm() + lost;
        *of_log_variance = slope;
        *of_weight = -T::of(2.0) * slope * inverse;
    }
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

    #[test]
    fn sums_and_slopes_of_many_weights_are_those_of_each() {
        fn check<T: Real>(tolerance: f64) {
            let count = 2_500;
            // Weights from 10⁻⁹ to 10⁹ of both signs and exactly 0, and ln σ² from −30 to 10.
            let weight: Vec<T> = (0..count)
                .map(|i| {
                    let size = 10_f64.powf(f64::from(i % 19) - 9.0);
                    T::of(if i % 7 == 0 { 0.0 } else { size * [1.0, -1.0][i as usize % 2] })
                })
                .collect();
            let log_variance: Vec<T> = (0..count).map(|i| T::of(f64::from(i % 41) - 30.0)).collect();
            let (mut of_weight, mut of_log_variance) = (vec![T::zero(); 2_500], vec![T::zero(); 2_500]);
            let sum = sparse_negative_kl_and_slopes(&weight, &log_variance, &mut of_weight, &mut of_log_variance);
            let mut expected = 0.0;
            for i in 0..2_500 {
                let (log_alpha, inverse) = additive_log_alpha(weight[i].f64(), log_variance[i].f64());
                let slope = sparse_negative_kl_slope(log_alpha);
                expected += sparse_negative_kl(log_alpha);
                let close =
                    |found: T, expected: f64| (found.f64() - expected).abs() <= tolerance * (1.0 + expected.abs());
                assert!(close(of_log_variance[i], slope), "{i}: {:?}, {slope}", of_log_variance[i]);
                let expected = -2.0 * slope * inverse;
                assert!(close(of_weight[i], expected), "{i}: {:?}, {expected}", of_weight[i]);
            }
            assert!((sum / expected - 1.0).abs() < tolerance, "{sum}, {expected}");
            for (weight, log_variance) in [(f64::NAN, 0.0), (1.0, f64::NAN)] {
                let (mut of_weight, mut of_log_variance) = ([T::zero()], [T::zero()]);
                let (weight, log_variance) = ([T::of(weight)], [T::of(log_variance)]);
                let sum = sparse_negative_kl_and_slopes(&weight, &log_variance, &mut of_weight, &mut of_log_variance);
                assert!(sum.is_nan() && of_weight[0].is_nan() && of_log_variance[0].is_nan(), "{sum}");
            }
        }
        check::<f64>(1e-12);
        check::<f32>(3e-6);
    }
}
