//! Real targets: y ~ N(f, σ²) for each of them, with σ² fixed, learned (one for each target) or predicted for each example, in
//! which case the outputs are the means and then ln σ².
//!
//! Loss: −ln p(y) = ½·(ln 2π + ln σ² + (y − f)² / σ²). Its derivatives: (f − y) / σ² with respect to f, and
//! ½·(1 − (y − f)² / σ²) with respect to ln σ².

use ndarray::{Array1, Array2, ArrayView2, Axis, Slice};
use serde::{Deserialize, Serialize};

use crate::Real;

/// How the variance σ² of real targets about their means is set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variance<T> {
    /// Known.
    Fixed(f64),
    /// Learned, one for each target and the same for all examples.
    Learned {
        /// ln σ² of each target.
        log_variance: Array1<T>,
    },
    /// Predicted by the network: the second half of its outputs are ln σ².
    Predicted,
}

/// Beyond these ln σ² counts as the bound: e^∓15 is as far as single precision has digits.
const BOUND: f64 = 15.0;

/// ln σ² as it counts.
fn bounded<T: Real>(log_variance: T) -> f64 {
    log_variance.f64().clamp(-BOUND, BOUND)
}

/// See [`Likelihood::loss`](super::Likelihood::loss).
pub(crate) fn loss<T: Real>(
    variance: &Variance<T>,
    outputs: &mut [T],
    targets: &[f64],
    scale: T,
    sums: &mut [T],
) -> f64 {
    let (means, predicted) = outputs.split_at_mut(targets.len());
    let mut total = 0.0;
    for (index, (mean, &target)) in means.iter_mut().zip(targets).enumerate() {
        let log_variance = match variance {
            Variance::Fixed(variance) => variance.ln(),
            Variance::Learned { log_variance } => bounded(log_variance[index]),
            Variance::Predicted => bounded(predicted[index]),
        };
        let precision = (-log_variance).exp();
        let difference = mean.f64() - target;
        let square = difference * difference * precision;
        total += 0.5 * (std::f64::consts::TAU.ln() + log_variance + square);
        *mean = T::of(difference * precision) * scale;
        let of_log_variance = T::of(0.5 * (1.0 - square)) * scale;
        match variance {
            Variance::Fixed(_) => {}
            Variance::Learned { .. } => sums[index] += of_log_variance,
            Variance::Predicted => predicted[index] = of_log_variance,
        }
    }
    total
}

/// Means and variances, (examples × targets) each.
pub(super) fn moments<T: Real>(variance: &Variance<T>, outputs: ArrayView2<'_, T>) -> (Array2<f64>, Array2<f64>) {
    let all = outputs.mapv(T::f64);
    match variance {
        Variance::Fixed(variance) => (all.clone(), all.mapv(|_| *variance)),
        Variance::Learned { log_variance } => {
            let of_targets = log_variance.mapv(|x| bounded(x).exp());
            let variance = of_targets.broadcast(all.dim()).expect("one for each output").to_owned();
            (all, variance)
        }
        Variance::Predicted => {
            let targets = all.ncols() / 2;
            let part = |slice: Slice| all.slice_axis(Axis(1), slice).to_owned();
            let log_variance = part(Slice::from(targets..));
            (part(Slice::from(..targets)), log_variance.mapv(|x| x.clamp(-BOUND, BOUND).exp()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Target;
    use crate::likelihood::Likelihood;

    /// In Python: scipy.stats.norm(0.3, 0.5).logpdf(1.1) is −1.5057913526447272.
    #[test]
    fn the_loss_is_the_logarithm_of_the_density() {
        let likelihood = Likelihood::<f64>::gaussian_fixed(0.25).unwrap();
        let loss = likelihood.loss(&mut [0.3], Target::Values(&[1.1]), 1.0, &mut []);
        assert!((loss - 1.505_791_352_644_727_2).abs() < 1e-12, "{loss}");
    }

    #[test]
    fn derivatives_agree_with_finite_differences() {
        let learned = |x: f64| Likelihood::Gaussian(Variance::Learned { log_variance: ndarray::array![x, -0.4] });
        let (targets, h) = ([1.1, -0.6], 1e-6);
        let predicted = Likelihood::gaussian_predicted();
        let outputs = [0.3, 0.2, -0.5, 0.7];
        let mut slopes = outputs;
        predicted.loss(&mut slopes, Target::Values(&targets), 3.0, &mut []);
        for index in 0..4 {
            let loss = |by: f64| {
                let mut moved = outputs;
                moved[index] += by;
                predicted.loss(&mut moved, Target::Values(&targets), 1.0, &mut [])
            };
            let difference = 3.0 * (loss(h) - loss(-h)) / (2.0 * h);
            assert!((slopes[index] - difference).abs() < 1e-7, "{index}: {}, {difference}", slopes[index]);
        }
        let mut sums = [0.0; 2];
        let loss = |x: f64| learned(x).loss(&mut [0.3, 0.2], Target::Values(&targets), 1.0, &mut [0.0; 2]);
        learned(0.6).loss(&mut [0.3, 0.2], Target::Values(&targets), 1.0, &mut sums);
        assert!((sums[0] - (loss(0.6 + h) - loss(0.6 - h)) / (2.0 * h)).abs() < 1e-7);
    }

    #[test]
    fn what_goes_with_no_likelihood_is_refused_with_its_value() {
        assert!(
            Likelihood::<f32>::gaussian_fixed(0.0).unwrap_err().to_string().contains("variance of the targets is 0")
        );
        assert!(Likelihood::<f32>::gaussian_predicted().check(3).unwrap_err().to_string().contains("even number"));
        assert!(Likelihood::<f32>::gaussian_learned(2).check(3).is_err());
        let gaussian = Likelihood::<f32>::gaussian_learned(1);
        assert!(gaussian.check_target(Target::Class(1), 1).unwrap_err().to_string().contains("real values"));
        assert!(gaussian.check_target(Target::Values(&[f64::NAN]), 1).is_err());
        assert!(gaussian.check_target(Target::Values(&[1.0, 2.0]), 1).is_err());
        let categorical = Likelihood::<f32>::Categorical;
        assert!(categorical.check_target(Target::Values(&[1.0]), 3).unwrap_err().to_string().contains("a class"));
    }
}
