//! Where the noise lies: the spectrum of the gradient noise's covariance.

use super::Estimator;

/// The eigenvalues of the covariance of a layer's gradient over draws of the noise, with one minibatch: what `noise_spectrum` (feature
/// `blas`) finds.
#[derive(Debug, Clone, PartialEq)]
pub struct NoiseSpectrum {
    /// The estimator.
    pub estimator: Estimator,
    /// From the largest to the smallest: one fewer than draws, the rest of the covariance's eigenvalues being 0 in the
    /// sample.
    pub eigenvalues: Vec<f64>,
    /// Number of weights of the layer.
    pub dimensions: usize,
}

impl NoiseSpectrum {
    /// The sum of the variances of all weights.
    pub fn trace(&self) -> f64 {
        self.eigenvalues.iter().sum()
    }

    /// The share of the variance that lies in the k largest directions, for k = 1, 2, …
    pub fn cumulative_share(&self) -> Vec<f64> {
        let trace = self.trace();
        let sums = self.eigenvalues.iter().scan(0.0, |sum, value| {
            *sum += value;
            Some(*sum / trace)
        });
        sums.collect()
    }

    /// (Σλ)² / Σλ²: in how many directions the noise lies, if all of them had as much. It can be at most the number of draws
    /// less one, and is too low where it comes near that.
    pub fn effective_directions(&self) -> f64 {
        self.trace().powi(2) / self.eigenvalues.iter().map(|value| value * value).sum::<f64>()
    }
}
