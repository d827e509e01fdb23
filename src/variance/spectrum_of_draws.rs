//! The spectrum of the gradient noise from draws of it, by LAPACK.

use ndarray::{Array2, Axis};
use ndarray_linalg::{Eigh, UPLO};

use super::{Estimator, GradientSampler, NoiseSpectrum};
use crate::data::Dataset;
use crate::engine::Examples;
use crate::error::{Error, Result, check_memory};
use crate::noise::{NoiseSource, Purpose};

/// Draws the gradient of one minibatch (`indices` of the data) `draws` times, and decomposes its covariance. All draws of the layer's gradient are
/// held, in single precision: draws × weights. It needs the feature `blas`: LAPACK computes the eigenvalues.
///
/// # Errors
/// A layer that the network has not, fewer than 3 draws, more than there is memory for, an estimator without noise, a gradient that is
/// not finite, or as [`GradientSampler::draw`].
pub fn noise_spectrum(
    sampler: &mut GradientSampler,
    dataset: &Dataset,
    indices: &[usize],
    estimator: Estimator,
    layer: usize,
    draws: usize,
    seed: u64,
) -> Result<NoiseSpectrum> {
    let layers = sampler.network().layers();
    let dimensions = match layers.get(layer) {
        Some(layer) => layer.weight.len(),
        None => return Err(Error::argument("layer", layer, format!("0 to {}", layers.len() - 1))),
    };
    if draws < 3 {
        return Err(Error::argument("draws", draws, "3 or more"));
    }
    if estimator == Estimator::NoNoise {
        return Err(Error::argument("estimator", estimator, "one with noise: without it every draw is the same"));
    }
    check_memory::<f32>("draws", draws, draws.saturating_mul(dimensions))?;
    let batch = Examples { dataset, indices };
    let mut rows = Array2::<f32>::zeros((draws, dimensions));
    for (draw, mut row) in rows.outer_iter_mut().enumerate() {
        let source = NoiseSource::for_purpose(Purpose::Gradient, seed, draw as u64);
        let gradients = sampler.draw(estimator, &batch, source)?;
        for (value, &gradient) in row.iter_mut().zip(&gradients[layer]) {
            *value = gradient;
        }
    }
    let mean = rows.mean_axis(Axis(0)).expect("there are draws");
    if let Some(value) = mean.iter().find(|value| !value.is_finite()) {
        let expected = "a finite number: the network or the data holds one that is not";
        return Err(Error::argument("gradient", value, expected));
    }
    rows -= &mean;
    // The covariance (weights × weights) and the Gram matrix (draws × draws) have the same eigenvalues, but for zeros.
    let gram = rows.dot(&rows.t()).mapv(|x| f64::from(x) / (draws - 1) as f64);
    let (values, _) = gram.eigh(UPLO::Lower).map_err(|error| {
        Error::argument("covariance", "not decomposed", format!("a matrix that LAPACK decomposes ({error})"))
    })?;
    // The mean was taken out: one eigenvalue is 0 but for rounding.
    let eigenvalues = values.iter().rev().take(draws - 1).map(|value| value.max(0.0)).collect();
    Ok(NoiseSpectrum { estimator, eigenvalues, dimensions })
}
