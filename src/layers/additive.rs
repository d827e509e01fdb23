//! Noise on the output with a variance of its own for each weight: W ~ N(θ, σ²), with θ and ln σ² learned side by side, by the local
//! reparameterization: B = A·θ + √V ∘ ε with V = A²·σ² (Kingma, Salimans & Welling 2015, equation 6; Molchanov, Ashukha & Vetrov
//! 2017, section 4.2, equations 10 and 11). With the log-uniform prior it is sparse variational dropout, with a Gaussian prior the
//! usual mean field.
//!
//! With α = σ²/θ² fixed the gradient of θ would carry the noise of α·θ², which grows with α; here θ's gradient has no noise
//! factor, and α may go to infinity.
//!
//! Backward as in [`local_reparameterization`](super::local_reparameterization) with S = σ²: ∂loss/∂θ = Aᵀ·δ and
//! ∂loss/∂ln σ² = σ² ∘ (A²)ᵀ·G. The KL term, with its slope k = d(−KL)/d ln α for the log-uniform prior, adds s·k·(−2/θ) to the first,
//! since ln α = ln σ² − ln θ², and s·k to the second, where s = −w/N is what the objective multiplies −KL by.
//!
//! With [`zero_above`](Additive::zero_above) the mean leaves out what is mostly noise: θ counts as 0 in A·θ where ln α is above it. The
//! paper's text does without; its authors' code trains so, with 3.
//!
//! ```
//! use vardrop::layers::{Additive, Layer, Prior};
//! use vardrop::ndarray::array;
//!
//! let prior = Prior::Normal { deviation: 2.0 };
//! let noise = Additive { log_variance: array![[4.0_f64.ln()]], prior, zero_above: None };
//! let layer = Layer::<f64>::new(array![[0.0]], array![1.0], noise)?;
//! // V = 3²·4 = 36: ε = 0.5 adds 0.5·6.
//! let (output, _) = layer.forward(array![[3.0]].view(), Some(array![[0.5]].view()))?;
//! assert_eq!(output, array![[4.0]]);
//! // q = N(0, 4) is the prior: no divergence.
//! assert!(layer.negative_kl().abs() < 1e-12);
//! # Ok::<(), vardrop::Error>(())
//! ```

use multiversion::multiversion;
use ndarray::{Array2, ArrayView2, Zip};
use serde::{Deserialize, Serialize};

use super::local_reparameterization as local;
use super::noisy::{GradientRow, LayerNoise, Place, Tape, WithoutBias};
use crate::Real;
use crate::error::{Error, Result};
use crate::noise::{RowKey, additive_log_alpha, sparse_negative_kl, sparse_negative_kl_slope};

/// The prior of the weights of a layer with [`Additive`] noise.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Prior {
    /// p(ln |W|) uniform: weights that carry nothing but noise cost nothing (Molchanov, Ashukha & Vetrov 2017, equation 14).
    #[default]
    LogUniform,
    /// N(0, s²) for each weight.
    Normal {
        /// s, above 0.
        deviation: f64,
    },
}

/// Gaussian noise on a layer's output with a learned variance for each weight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(serialize = "", deserialize = "T: Real"))]
pub struct Additive<T> {
    /// ln σ², (in, out).
    #[serde(with = "crate::noise::shape")]
    pub log_variance: Array2<T>,
    /// The prior of the weights.
    #[serde(default)]
    pub prior: Prior,
    /// A weight whose ln α is above this has the mean 0; its variance stays, and only the KL term moves θ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zero_above: Option<f64>,
}

impl<T: Real> Additive<T> {
    /// For a network's builder: every ln σ² starts at `log_variance`, such as −10, with the log-uniform prior.
    pub fn sparse(log_variance: f64) -> impl Fn(usize, usize) -> Result<Self> + Copy {
        Self::with_prior(Prior::LogUniform, log_variance)
    }

    /// For a network's builder: every ln σ² starts at `log_variance`, with a prior.
    pub fn with_prior(prior: Prior, log_variance: f64) -> impl Fn(usize, usize) -> Result<Self> + Copy {
        move |inputs, outputs| {
            Ok(Self {
                log_variance: Array2::from_elem((inputs, outputs), T::of(log_variance)),
                prior,
                zero_above: None,
            })
        }
    }

    /// Sets from which ln α on the mean of a weight is 0.
    #[must_use]
    pub fn with_zeros_above(self, log_alpha: f64) -> Self {
        Self { zero_above: Some(log_alpha), ..self }
    }

    /// ln α = ln σ² − ln θ² of every weight, (in, out).
    ///
    /// # Panics
    /// A weight of another shape.
    pub fn log_alpha(&self, weight: &Array2<T>) -> Array2<T> {
        let log_alpha = |&weight: &T, &log_variance: &T| additive_log_alpha(weight, log_variance).0;
        Zip::from(weight).and(&self.log_variance).map_collect(log_alpha)
    }
}

impl<T: Real> LayerNoise<T> for Additive<T> {
    fn name(&self) -> &'static str {
        "additive"
    }
    fn description(&self) -> String {
        match self.prior {
            Prior::LogUniform => "output, Gaussian: σ² learned, one for each weight".to_owned(),
            Prior::Normal { deviation } => {
                format!("output, Gaussian: σ² learned, one for each weight, prior N(0, {deviation}²)")
            }
        }
    }
    fn place(&self) -> Place {
        Place::Output
    }
    fn check(&self, (inputs, outputs): (usize, usize)) -> Result<()> {
        if let Prior::Normal { deviation } = self.prior
            && !(deviation > 0.0 && deviation.is_finite())
        {
            return Err(Error::argument("deviation of the prior", deviation, "a finite number above 0, such as 1"));
        }
        if let Some(threshold) = self.zero_above.filter(|threshold| threshold.is_nan()) {
            return Err(Error::argument("zero_above", threshold, "a number that ln α is compared with, such as 3"));
        }
        if self.log_variance.dim() == (inputs, outputs) {
            return Ok(());
        }
        let found = self.log_variance.shape().to_vec();
        Err(Error::Shape { what: "ln σ²".into(), found, expected: vec![inputs, outputs] })
    }
    fn array(&self) -> Option<&Array2<T>> {
        Some(&self.log_variance)
    }
    fn array_mut(&mut self) -> Option<&mut Array2<T>> {
        Some(&mut self.log_variance)
    }
    fn array_name(&self) -> &'static str {
        "log_variance"
    }
    fn is_learned(&self) -> bool {
        true
    }
    fn zeroes_weights(&self) -> bool {
        self.zero_above.is_some()
    }
    fn mean_row(&self, weight: &[T], row: usize, out: &mut [T]) {
        let threshold = T::of(self.zero_above.unwrap_or(f64::INFINITY));
        kept_weights(weight, slice(&self.log_variance, row), threshold, out);
    }
    fn zero_gradient_row(&self, weight: &[T], row: usize, gradient: &mut [T]) {
        if let Some(threshold) = self.zero_above {
            zero_gradient(weight, slice(&self.log_variance, row), T::of(threshold), gradient);
        }
    }
    fn is_projected(&self) -> bool {
        false
    }
    // Of σ²/θ² the mean says nothing: it is unbounded, and a few weights near 0 decide it.
    fn mean_alpha(&self) -> Option<f64> {
        None
    }
    fn negative_kl(&self, weight: &Array2<T>) -> f64 {
        match self.prior {
            Prior::LogUniform => self.log_alpha(weight).iter().map(|x| sparse_negative_kl(x.f64())).sum(),
            Prior::Normal { deviation } => {
                let variance = deviation * deviation;
                let of = |w: f64, log: f64| 0.5 * (1.0 + log - variance.ln() - (log.exp() + w * w) / variance);
                weight.iter().zip(&self.log_variance).map(|(w, log)| of(w.f64(), log.f64())).sum()
            }
        }
    }
    fn negative_kl_gradient(&self, weight: &Array2<T>) -> (Option<Array2<T>>, Array2<T>) {
        let slopes = Zip::from(weight).and(&self.log_variance).map_collect(|&w, &log| self.prior.slopes(w, log));
        (Some(slopes.mapv(|(of_weight, _)| of_weight)), slopes.mapv(|(_, of_log_variance)| of_log_variance))
    }

    fn forward(&self, weight: &Array2<T>, input: ArrayView2<'_, T>, noise: ArrayView2<'_, T>) -> (Array2<T>, Tape<T>) {
        local::forward(&self.mean(weight), &self.log_variance.mapv(|x| x.exp()), input, noise)
    }
    fn backward(&self, weight: &Array2<T>, tape: &Tape<T>, delta: ArrayView2<'_, T>) -> WithoutBias<T> {
        let variance = self.log_variance.mapv(|x| x.exp());
        let dense = local::backward(&self.mean(weight), &variance, tape, delta);
        WithoutBias { noise: dense.noise * &variance, ..dense }
    }

    fn variance_row(&self, _: &[T], row: usize, out: &mut [T]) {
        additive_variance(slice(&self.log_variance, row), out);
    }
    fn gradient_row(&self, row: GradientRow<'_, T>, kl_scale: T) -> T {
        let (log_variance, weight) = (slice(&self.log_variance, row.row), row.weight);
        let index = row.row;
        let (variance, path, gradient) = row.with_variance(self);
        self.zero_gradient_row(weight, index, gradient);
        match self.prior {
            Prior::LogUniform => sparse_gradient(weight, log_variance, variance, path, gradient, kl_scale),
            Prior::Normal { deviation } => {
                let precision = T::of(deviation.powi(-2));
                normal_gradient(weight, variance, path, gradient, kl_scale, precision);
            }
        }
        T::zero()
    }
    fn sample_row(&self, key: RowKey, weight: &[T], row: usize, sampled: &mut [T], factors: &mut [T]) {
        T::fill_standard_normal(key, sampled);
        // The means first, in the place of the factors.
        self.mean_row(weight, row, factors);
        for ((sampled, &mean), &log_variance) in sampled.iter_mut().zip(&*factors).zip(slice(&self.log_variance, row)) {
            *sampled = mean + (T::of(0.5) * log_variance).exponential() * *sampled;
        }
        factors.fill(T::one());
        self.zero_gradient_row(weight, row, factors);
    }
}

impl Prior {
    /// The derivatives of −KL with respect to θ and ln σ².
    #[inline(always)]
    fn slopes<T: Real>(self, weight: T, log_variance: T) -> (T, T) {
        match self {
            Self::LogUniform => {
                let (log_alpha, inverse) = additive_log_alpha(weight, log_variance);
                let slope = sparse_negative_kl_slope(log_alpha);
                (-T::of(2.0) * slope * inverse, slope)
            }
            Self::Normal { deviation } => {
                let precision = T::of(deviation.powi(-2));
                (-weight * precision, T::of(0.5) * (T::one() - log_variance.exp() * precision))
            }
        }
    }
}

fn slice<T>(array: &Array2<T>, row: usize) -> &[T] {
    let width = array.ncols();
    &array.as_slice().expect("ln σ² is in standard layout")[row * width..(row + 1) * width]
}

/// For one row: `out` ← θ where ln α is at most the threshold, else 0.
#[multiversion(targets = "simd")]
fn kept_weights<T: Real>(weight: &[T], log_variance: &[T], threshold: T, out: &mut [T]) {
    for ((out, &w), &log_variance) in out.iter_mut().zip(weight).zip(log_variance) {
        *out = if additive_log_alpha(w, log_variance).0 > threshold { T::zero() } else { w };
    }
}

/// For one row: what reaches θ through the mean is nothing where ln α is above the threshold.
#[multiversion(targets = "simd")]
fn zero_gradient<T: Real>(weight: &[T], log_variance: &[T], threshold: T, gradient: &mut [T]) {
    for ((gradient, &w), &log_variance) in gradient.iter_mut().zip(weight).zip(log_variance) {
        if additive_log_alpha(w, log_variance).0 > threshold {
            *gradient = T::zero();
        }
    }
}

/// For one row: `out` ← σ².
#[multiversion(targets = "simd")]
fn additive_variance<T: Real>(log_variance: &[T], out: &mut [T]) {
    for (variance, &log_variance) in out.iter_mut().zip(log_variance) {
        *variance = log_variance.exponential();
    }
}

/// For one row of θ, from `path` = (A²)ᵀ·G, with the log-uniform prior: see [`LayerNoise::gradient_row`].
#[multiversion(targets = "simd")]
fn sparse_gradient<T: Real>(
    weight: &[T],
    log_variance: &[T],
    variance: &[T],
    path: &mut [T],
    weight_gradient: &mut [T],
    kl_scale: T,
) {
    let two = T::of(2.0);
    let parameters = weight.iter().zip(log_variance).zip(variance);
    for (((&w, &log_variance), &s), (path, gradient)) in parameters.zip(path.iter_mut().zip(weight_gradient)) {
        let (log_alpha, inverse) = additive_log_alpha(w, log_variance);
        let slope = kl_scale * sparse_negative_kl_slope(log_alpha);
        *path = s * *path + slope;
        *gradient -= two * slope * inverse;
    }
}

/// The same with the prior N(0, 1 / `precision`).
#[multiversion(targets = "simd")]
fn normal_gradient<T: Real>(
    weight: &[T],
    variance: &[T],
    path: &mut [T],
    weight_gradient: &mut [T],
    kl_scale: T,
    precision: T,
) {
    let half = T::of(0.5);
    for (((&w, &s), path), gradient) in weight.iter().zip(variance).zip(path).zip(weight_gradient) {
        *path = s * *path + kl_scale * half * (T::one() - s * precision);
        *gradient -= kl_scale * w * precision;
    }
}
