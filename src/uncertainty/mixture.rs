//! A mixture of normal distributions, each with the same weight: 1/K · Σₖ N(μₖ, σₖ²).
//!
//! It is what K drawn networks predict of one real target. It may be skewed or have several modes, so quantiles and scores
//! are its own, and not those of a normal distribution with the same mean and variance.

use std::f64::consts::{SQRT_2, TAU};

use libm::erfc;
use statrs::function::erf::erfc_inv;

use crate::error::{Error, Result};

/// 1/K · Σₖ N(μₖ, σₖ²).
///
/// ```
/// use vardrop::uncertainty::Mixture;
///
/// let normal = Mixture::new(&[2.0], &[9.0])?;
/// let (low, high) = normal.interval(0.95)?;
/// assert!((low - (2.0 - 3.0 * 1.959_964)).abs() < 1e-6 && (high - (2.0 + 3.0 * 1.959_964)).abs() < 1e-6);
///
/// // Two networks that disagree: the variance is the mean σ² = 1 and the variance of the means, 4.
/// let torn = Mixture::new(&[-2.0, 2.0], &[1.0, 1.0])?;
/// assert_eq!((torn.mean(), torn.variance()), (0.0, 5.0));
/// assert!(torn.log_density(0.0) < torn.log_density(2.0));
/// # Ok::<(), vardrop::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Mixture {
    components: Vec<Component>,
}

/// N(mean, deviation²).
#[derive(Debug, Clone, Copy, PartialEq)]
struct Component {
    mean: f64,
    deviation: f64,
}

impl Mixture {
    /// Of the means μₖ and the variances σₖ².
    ///
    /// # Errors
    /// No components; another number of variances than of means; a mean that is not finite; a variance that is not a finite
    /// number above 0.
    pub fn new(means: &[f64], variances: &[f64]) -> Result<Self> {
        if means.is_empty() {
            return Err(Error::argument("number of components", 0, "1 or more"));
        }
        if means.len() != variances.len() {
            let (found, expected) = (vec![variances.len()], vec![means.len()]);
            return Err(Error::Shape { what: "variances of a mixture".into(), found, expected });
        }
        for (component, (&mean, &variance)) in means.iter().zip(variances).enumerate() {
            check_moments(mean, variance, || format!("component {component}"))?;
        }
        Ok(Self::of_moments(means.iter().copied().zip(variances.iter().copied())))
    }

    /// Of means and variances that have been checked.
    pub(super) fn of_moments(moments: impl Iterator<Item = (f64, f64)>) -> Self {
        Self { components: moments.map(|(mean, variance)| Component { mean, deviation: variance.sqrt() }).collect() }
    }

    fn average(&self, value: impl Fn(&Component) -> f64) -> f64 {
        self.components.iter().map(value).sum::<f64>() / self.components.len() as f64
    }

    /// Its mean, 1/K · Σₖ μₖ.
    pub fn mean(&self) -> f64 {
        self.average(|component| component.mean)
    }

    /// Its variance, 1/K · Σₖ σₖ² + 1/K · Σₖ (μₖ − mean)².
    pub fn variance(&self) -> f64 {
        let mean = self.mean();
        self.average(|component| component.deviation.powi(2) + (component.mean - mean).powi(2))
    }

    /// F(y), the probability of `y` or less: the probability integral transform of a target y.
    pub fn distribution(&self, y: f64) -> f64 {
        self.average(|component| below(component.standard(y)))
    }

    /// ln p(y) in nats, summed as logarithms, so that it is finite far out in the tails.
    pub fn log_density(&self, y: f64) -> f64 {
        let of = |component: &Component| component.log_density(y);
        log_mean_exp(self.components.iter().map(of))
    }

    /// The point that a share p lies below: F(quantile) = p, within 1e-9 standard deviations of the mixture. Where two modes
    /// are so far apart that F is flat between them to rounding, it is one of the points with that F.
    ///
    /// # Errors
    /// A p that is not between 0 and 1.
    pub fn quantile(&self, p: f64) -> Result<f64> {
        check_share("probability of a quantile", p)?;
        Ok(if p <= 0.5 { self.tail(p, 1.0) } else { self.tail(1.0 - p, -1.0) })
    }

    /// The central interval that holds a share `level`, with as much below it as above it: its lower and its upper end.
    ///
    /// # Errors
    /// A level that is not between 0 and 1.
    pub fn interval(&self, level: f64) -> Result<(f64, f64)> {
        check_share("level of an interval", level)?;
        let outside = (1.0 - level) / 2.0;
        Ok((self.tail(outside, 1.0), self.tail(outside, -1.0)))
    }

    /// The continuous ranked probability score of a target y, ∫ (F(t) − 1\[t ≥ y\])² dt, in the units of y; less is better. The
    /// closed form takes time that grows as K²: with A(μ, σ²) = E|N(μ, σ²)|,
    ///
    /// 1/K · Σₖ A(y − μₖ, σₖ²) − 1/(2K²) · Σⱼ Σₖ A(μⱼ − μₖ, σⱼ² + σₖ²)
    ///
    /// (Grimit, Gneiting, Berrocal & Johnson 2006, equation 5).
    pub fn crps(&self, y: f64) -> f64 {
        let error = self.average(|component| absolute(y - component.mean, component.deviation));
        let mut spread = 0.0;
        for (index, a) in self.components.iter().enumerate() {
            // A pair counts twice, a component with itself once.
            let pairs = self.components[..index].iter();
            spread += 2.0 * pairs.map(|b| absolute(a.mean - b.mean, a.deviation.hypot(b.deviation))).sum::<f64>();
            spread += absolute(0.0, a.deviation * SQRT_2);
        }
        error - spread / (2.0 * (self.components.len() as f64).powi(2))
    }

    /// The point with a share `tail` below it (`side` 1) or above it (`side` −1). It is found in t = side · y, in which both
    /// are lower tails: a small upper tail is no difference of numbers near 1.
    fn tail(&self, tail: f64, side: f64) -> f64 {
        let z = -SQRT_2 * erfc_inv(2.0 * tail);
        // Every component has at most `tail` below the least of their own quantiles and at least `tail` below the largest:
        // so has the mixture. The slack is for the rounding of z.
        let slack = 1e-9 * (1.0 + z.abs());
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for &Component { mean, deviation } in &self.components {
            low = low.min(side * mean + (z - slack) * deviation);
            high = high.max(side * mean + (z + slack) * deviation);
        }
        let spread = self.variance().sqrt();
        let mut t = (side * self.mean() + z * spread).clamp(low, high);
        let mut last = 2.0 * (high - low);
        for _ in 0..MOST_ROUNDS {
            let (share, density) = self.lower_tail(t, side);
            if share < tail {
                low = t
            } else {
                high = t
            }
            let close = 1e-12 * spread + 2.0 * f64::EPSILON * t.abs();
            if share == tail || high - low <= 2.0 * close {
                break;
            }
            // A step shorter than the precision is made as long. It then closes the bracket, which alone proves that the point
            // is near: a narrow component beside wide ones makes short steps far from it.
            let newton = (tail - share) / density;
            let step = if newton.abs() < close { close.copysign(newton) } else { newton };
            let converges = low < t + step && t + step < high && step.abs() <= last / 2.0;
            let next = if converges { t + step } else { low + (high - low) / 2.0 };
            last = (next - t).abs();
            t = next;
        }
        side * t
    }

    /// The share that is below t = side · y, and the density there.
    fn lower_tail(&self, t: f64, side: f64) -> (f64, f64) {
        let (mut share, mut density) = (0.0, 0.0);
        for &Component { mean, deviation } in &self.components {
            let z = (t - side * mean) / deviation;
            share += below(z);
            density += (-0.5 * z * z).exp() / (TAU.sqrt() * deviation);
        }
        let components = self.components.len() as f64;
        (share / components, density / components)
    }
}

/// Newton's steps and halvings: halvings alone would take about 60.
const MOST_ROUNDS: usize = 200;

impl Component {
    fn standard(&self, y: f64) -> f64 {
        (y - self.mean) / self.deviation
    }

    fn log_density(&self, y: f64) -> f64 {
        -0.5 * self.standard(y).powi(2) - self.deviation.ln() - 0.5 * TAU.ln()
    }
}

/// ln of the normal density of mean and variance at y.
pub(super) fn log_normal(y: f64, mean: f64, variance: f64) -> f64 {
    Component { mean, deviation: variance.sqrt() }.log_density(y)
}

/// ln(1/K · Σ exp x) of K numbers.
pub(super) fn log_mean_exp(logarithms: impl Iterator<Item = f64> + Clone) -> f64 {
    let largest = logarithms.clone().fold(f64::NEG_INFINITY, f64::max);
    let (sum, count) = logarithms.fold((0.0, 0.0), |(sum, count), x| (sum + (x - largest).exp(), count + 1.0));
    largest + (sum / count).ln()
}

/// Φ(z).
fn below(z: f64) -> f64 {
    0.5 * erfc(-z / SQRT_2)
}

/// E|N(mean, deviation²)| = 2σ·φ(μ/σ) + μ·(2Φ(μ/σ) − 1).
fn absolute(mean: f64, deviation: f64) -> f64 {
    let z = mean / deviation;
    2.0 * deviation * (-0.5 * z * z).exp() / TAU.sqrt() + mean * (1.0 - erfc(z / SQRT_2))
}

/// Whether a share is between 0 and 1, both excluded.
pub(super) fn check_share(name: &'static str, share: f64) -> Result<()> {
    if share > 0.0 && share < 1.0 {
        Ok(())
    } else {
        Err(Error::argument(name, share, "a number above 0 and below 1, such as 0.95"))
    }
}

/// Whether there is a normal distribution of that mean and variance.
pub(super) fn check_moments(mean: f64, variance: f64, place: impl Fn() -> String) -> Result<()> {
    if !mean.is_finite() {
        let expected = "a finite number: the network or the input may hold one that is not finite";
        return Err(Error::argument("predicted mean", format!("{mean} ({})", place()), expected));
    }
    if !(variance > 0.0 && variance.is_finite()) {
        let value = format!("{variance} ({})", place());
        return Err(Error::argument("predicted variance", value, "a finite number above 0"));
    }
    Ok(())
}
