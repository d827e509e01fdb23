//! Section 2.2 of the paper, measured: how much of a gradient's variance comes from drawing the minibatch and how much from
//! the noise, and how both fall with the size of the minibatch.

use std::time::Instant;

use rand::seq::index;

use super::{Estimator, GradientSampler, Interval, Moments};
use crate::data::Dataset;
use crate::engine::Examples;
use crate::error::{Error, Result};
use crate::noise::{NoiseSource, Purpose};
use crate::progress::WorkObserver;

/// What is measured.
#[derive(Debug, Clone, PartialEq)]
pub struct DecompositionPlan {
    /// The estimators.
    pub estimators: Vec<Estimator>,
    /// The layer whose weights' gradient it is, counted from 0 at the input.
    pub layer: usize,
    /// Minibatch sizes M.
    pub batch_sizes: Vec<usize>,
    /// Minibatches of the largest size, 2 or more; each is drawn anew, and given noise twice. Of size M there are
    /// √(largest / M) times as many: a few examples tell less.
    pub draws: usize,
    /// Seed of the minibatches and of the noise.
    pub seed: u64,
}

/// The variance of one estimator at one minibatch size, averaged over the layer's weights, by the law of total variance:
/// `total` = E Var(gradient | minibatch) + Var E(gradient | minibatch).
#[derive(Debug, Clone, PartialEq)]
pub struct Share {
    /// The estimator.
    pub estimator: Estimator,
    /// M.
    pub batch_size: usize,
    /// The variance of the gradient.
    pub total: f64,
    /// Its 95 % confidence interval; `None` of two minibatches, which leave one contribution.
    pub interval: Option<Interval>,
    /// The part that comes from the noise: half the squared difference of two draws on one minibatch.
    pub noise: f64,
    /// The noise part's 95 % confidence interval.
    pub noise_interval: Option<Interval>,
    /// Wall-clock seconds of one gradient.
    pub seconds_per_gradient: f64,
}

impl Share {
    /// The part that comes from drawing the minibatch: an unbiased difference, so that it may fall below 0 by chance.
    pub fn minibatch(&self) -> f64 {
        self.total - self.noise
    }
}

/// What an estimator's variance is made of over all minibatch sizes (equation 4 of the paper, for gradients):
/// total(M) = v / M + c · (M − 1) / M.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VarianceLaw {
    /// v: the variance of one example's gradient, which a larger minibatch averages away.
    pub variance: f64,
    /// c: the covariance of two examples' gradients in one minibatch, which stays. 0 where each example has noise of its
    /// own.
    pub covariance: f64,
}

impl VarianceLaw {
    /// The least-squares fit of the law to shares of one estimator, every share's relative error counted alike. `None` for
    /// fewer than two minibatch sizes.
    pub fn fit(shares: &[Share]) -> Option<Self> {
        let (mut aa, mut ab, mut bb, mut ay, mut by) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for share in shares {
            let m = share.batch_size as f64;
            let (a, b) = (1.0 / m / share.total, (m - 1.0) / m / share.total);
            aa += a * a;
            ab += a * b;
            bb += b * b;
            ay += a;
            by += b;
        }
        let determinant = aa * bb - ab * ab;
        let distinct = shares.iter().any(|share| share.batch_size != shares[0].batch_size);
        (distinct && determinant > 0.0).then(|| Self {
            variance: (ay * bb - by * ab) / determinant,
            covariance: (by * aa - ay * ab) / determinant,
        })
    }

    /// The law's variance at a minibatch size.
    pub fn at(&self, batch_size: usize) -> f64 {
        let m = batch_size as f64;
        self.variance / m + self.covariance * (m - 1.0) / m
    }
}

/// Measures the shares: for each estimator, each minibatch size. `observer` is told how far each estimator is, under its name
/// ([`progress_lines`](crate::progress_lines) prints it).
///
/// # Errors
/// A layer that the network has not, fewer than two draws, or a minibatch of none, of more than the training set or of more
/// than the sampler's.
pub fn decompose(
    sampler: &mut GradientSampler,
    dataset: &Dataset,
    plan: &DecompositionPlan,
    observer: &mut WorkObserver<'_>,
) -> Result<Vec<Share>> {
    let layers = sampler.network().layers().len();
    if plan.layer >= layers {
        return Err(Error::argument("layer", plan.layer, format!("0 to {}", layers - 1)));
    }
    if plan.draws < 2 {
        return Err(Error::argument("draws", plan.draws, "2 or more"));
    }
    let most = dataset.len().min(sampler.batch_size());
    if let Some(size) = plan.batch_sizes.iter().find(|&size| !(1..=most).contains(size)) {
        return Err(Error::argument("batch_sizes", size, format!("1 to {most}")));
    }
    let mut shares = Vec::new();
    let largest = plan.batch_sizes.iter().copied().max().unwrap_or(1) as f64;
    let draws = |batch_size: usize| (plan.draws as f64 * (largest / batch_size as f64).sqrt()).round() as usize;
    let examples = |batch_sizes: &[usize]| batch_sizes.iter().map(|&size| size * draws(size)).sum::<usize>() as f64;
    for &estimator in &plan.estimators {
        for (index, &batch_size) in plan.batch_sizes.iter().enumerate() {
            let plan = DecompositionPlan { draws: draws(batch_size), ..plan.clone() };
            shares.push(share(sampler, dataset, &plan, estimator, batch_size)?);
            let done = examples(&plan.batch_sizes[..=index]) / examples(&plan.batch_sizes);
            observer(&estimator.to_string(), done);
        }
    }
    Ok(shares)
}

fn share(
    sampler: &mut GradientSampler,
    dataset: &Dataset,
    plan: &DecompositionPlan,
    estimator: Estimator,
    batch_size: usize,
) -> Result<Share> {
    let size = sampler.network().layers()[plan.layer].weight.len();
    let mut totals = [Moments::new(size), Moments::new(size)];
    let mut noise = Vec::with_capacity(plan.draws);
    let mut first = Vec::with_capacity(size);
    let mut seconds = 0.0;
    for draw in 0..plan.draws {
        // The same minibatches for every estimator.
        let number = ((batch_size as u64) << 32) | draw as u64;
        let mut generator = NoiseSource::for_purpose(Purpose::Minibatch, plan.seed, number).generator();
        let indices = index::sample(&mut generator, dataset.len(), batch_size).into_vec();
        for (repeat, moments) in totals.iter_mut().enumerate() {
            let source = NoiseSource::for_purpose(Purpose::Gradient, plan.seed, (number << 1) | repeat as u64);
            let start = Instant::now();
            let gradients = sampler.draw(estimator, &Examples { dataset, indices: &indices }, source)?;
            seconds += start.elapsed().as_secs_f64();
            let values = gradients[plan.layer].as_slice().expect("gradients are in standard layout");
            moments.push(values);
            if repeat == 0 {
                first.clear();
                first.extend_from_slice(values);
            } else {
                let squares = first.iter().zip(values).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2));
                noise.push(0.5 * squares.sum::<f64>() / size as f64);
            }
        }
    }
    // Two streams over the same minibatches: their contributions are averaged, draw by draw.
    let [a, b] = totals;
    let totals: Vec<f64> = a.contributions().iter().zip(b.contributions()).map(|(a, b)| 0.5 * (a + b)).collect();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let total = mean(&totals);
    Ok(Share {
        estimator,
        batch_size,
        total,
        interval: Interval::of_mean(&totals, plan.seed),
        noise: mean(&noise),
        noise_interval: Interval::of_mean(&noise, plan.seed),
        seconds_per_gradient: seconds / (2 * plan.draws) as f64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_law_is_found_again_in_what_follows_it() {
        let law = VarianceLaw { variance: 5e4, covariance: 30.0 };
        let share = |batch_size| Share {
            estimator: Estimator::SingleWeightSample,
            batch_size,
            total: law.at(batch_size),
            interval: None,
            noise: 0.0,
            noise_interval: None,
            seconds_per_gradient: 0.0,
        };
        let fit = VarianceLaw::fit(&[1, 10, 100, 1000].map(share)).unwrap();
        assert!(
            (fit.variance / law.variance - 1.0).abs() < 1e-9 && (fit.covariance / law.covariance - 1.0).abs() < 1e-9
        );
        assert_eq!(VarianceLaw::fit(&[share(10), share(10)]), None);
        assert_eq!(VarianceLaw::fit(&[]), None);
    }
}
