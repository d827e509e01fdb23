//! The posterior's noise drawn on the weights themselves: W ∘ F, with factors F of mean 1.
//!
//! With output noise (type B) F = 1 + √α ∘ ε, ε ~ N(0, 1) for each weight (equation 5 of Kingma, Salimans & Welling 2015
//! with σ² = α·μ²). With input noise the factor is one for each input unit, the same along a row of F.

use multiversion::multiversion;
use ndarray::{Array2, s};

use crate::Real;
use crate::error::{Error, Result};
use crate::layers::{Layer, Noise};
use crate::method::Method;
use crate::noise::{NoiseSource, fill_binary};

/// What a layer's factors are drawn with.
#[derive(Debug)]
pub(super) struct WeightNoise<T> {
    kind: Kind<T>,
    layer: usize,
    inputs: usize,
}

#[derive(Debug)]
enum Kind<T> {
    None,
    /// One factor for each input unit: 1 + √α·ε.
    Rows(Array2<T>),
    /// One factor for each input unit: Bernoulli(1 − p) / (1 − p).
    BinaryRows(f64),
    /// One factor for each weight: 1 + √α·ε.
    Weights(Array2<T>),
}

impl<T: Real> WeightNoise<T> {
    /// The noise of `layer`, which is number `index` of its network.
    ///
    /// # Errors
    /// Additive noise: no factor of the mean stands for it.
    pub(super) fn of(layer: &Layer<T>, index: usize) -> Result<Self> {
        let deviation = |log_alpha: &Array2<T>| log_alpha.mapv(|x| (T::of(0.5) * x).exponential());
        let kind = match &layer.noise {
            Noise::None => Kind::None,
            Noise::Binary { rate } => Kind::BinaryRows(*rate),
            Noise::GaussianInput(rates) => Kind::Rows(deviation(&rates.log_alpha)),
            Noise::GaussianOutput(rates) => Kind::Weights(deviation(&rates.log_alpha)),
            Noise::Additive { .. } => {
                let expected = "a network whose noise multiplies: the estimators are compared for one posterior W ∘ F";
                return Err(Error::argument("method", Method::Sparse, expected));
            }
        };
        Ok(Self { kind, layer: index, inputs: layer.dim().0 })
    }

    /// The factors of row `row` of weight sample number `sample`.
    pub(super) fn fill(&self, source: NoiseSource, sample: usize, row: usize, out: &mut [T]) {
        let key = source.row(self.layer, sample * self.inputs + row);
        let deviation = |deviations: &Array2<T>| deviations[(if deviations.nrows() == 1 { 0 } else { row }, 0)];
        match &self.kind {
            Kind::None => out.fill(T::one()),
            Kind::BinaryRows(rate) => {
                let mut factor = [T::zero()];
                fill_binary(key, *rate, &mut factor).expect("a network's rates are checked");
                out.fill(factor[0]);
            }
            Kind::Rows(deviations) => {
                let mut normal = [T::zero()];
                T::fill_standard_normal(key, &mut normal);
                out.fill(T::one() + deviation(deviations) * normal[0]);
            }
            Kind::Weights(deviations) => {
                T::fill_standard_normal(key, out);
                if deviations.ncols() == 1 {
                    let shared = deviation(deviations);
                    out.iter_mut().for_each(|x| *x = T::one() + shared * *x);
                } else {
                    factors(deviations.slice(s![row, ..]).to_slice().expect("rows are contiguous"), out);
                }
            }
        }
    }
}

/// `out` ← 1 + √α ∘ `out`.
#[multiversion(targets = "simd")]
fn factors<T: Real>(deviations: &[T], out: &mut [T]) {
    for (x, &deviation) in out.iter_mut().zip(deviations) {
        *x = T::one() + deviation * *x;
    }
}
