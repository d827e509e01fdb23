//! One estimator's variance over passes through the training set: a cell of Table 1 for each layer.

use std::time::Instant;

use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use super::interval::{self, Interval};
use super::{Estimator, GradientSampler, Moments};
use crate::data::Dataset;
use crate::engine::Examples;
use crate::error::{Error, Result};
use crate::network::Network;
use crate::noise::{NoiseSource, Purpose};
use crate::progress::WorkObserver;

/// What is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The layers, counted from 0 at the input.
    pub layers: Vec<usize>,
    /// M: examples in a minibatch.
    pub batch_size: usize,
    /// Passes over the training set, each in an order of its own.
    pub passes: usize,
    /// Seed of the orders and of the noise.
    pub seed: u64,
}

impl Plan {
    /// Table 1's: the bottom and the top layer of a network of `layers` layers, minibatches of 1000, one pass, seed 1.
    pub fn table1(layers: usize) -> Self {
        let mut ends = vec![0, layers.saturating_sub(1)];
        ends.dedup();
        Self { layers: ends, batch_size: 1000, passes: 1, seed: 1 }
    }

    /// # Errors
    /// A layer that the network has not, no layer, a minibatch of none or more than half of the `examples`, no pass.
    pub fn check(&self, layers: usize, examples: usize) -> Result<()> {
        if self.layers.is_empty() {
            return Err(Error::argument("layers", "empty", "the index of one layer or more"));
        }
        if let Some(layer) = self.layers.iter().find(|&&layer| layer >= layers) {
            return Err(Error::argument("layers", layer, format!("0 to {}", layers.saturating_sub(1))));
        }
        if !(1..=examples / 2).contains(&self.batch_size) {
            let expected =
                format!("1 to {}: two minibatches or more of the {examples} training examples", examples / 2);
            return Err(Error::argument("batch_size", self.batch_size, expected));
        }
        match self.passes {
            0 => Err(Error::argument("passes", 0, "1 or more")),
            _ => Ok(()),
        }
    }
}

/// The variance of one estimator's gradient for one layer's weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerVariance {
    /// The layer, counted from 0 at the input.
    pub layer: usize,
    /// The variance, averaged over the weights.
    pub variance: f64,
    /// Its 95 % confidence interval; `None` of two gradients, which leave one contribution.
    #[serde(default, deserialize_with = "interval::if_defined")]
    pub interval: Option<Interval>,
    /// The square of the mean gradient of a pass, averaged over the weights and the passes: what accumulators that are not reset
    /// add to the next variance. `None` in what version 0.1 wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub squared_mean: Option<f64>,
    /// What variance and interval are made of: see [`Moments::contributions`].
    pub contributions: Vec<f64>,
}

/// The variance of one estimator's gradient.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// The estimator.
    pub estimator: Estimator,
    /// For each layer of the plan, in its order.
    pub layers: Vec<LayerVariance>,
    /// Number of gradients drawn.
    pub gradients: usize,
    /// Wall-clock seconds of one gradient.
    pub seconds_per_gradient: f64,
}

/// [`measure`] for several estimators of one network, on `threads` threads; `observer` hears how far each of them is, under its
/// name ([`progress_lines`](crate::progress_lines) prints it).
///
/// # Errors
/// As [`measure`].
pub fn measure_all(
    network: &Network,
    dataset: &Dataset,
    estimators: &[Estimator],
    plan: &Plan,
    threads: usize,
    observer: &mut WorkObserver<'_>,
) -> Result<Vec<Measurement>> {
    plan.check(network.layers().len(), dataset.len())?;
    let mut sampler = GradientSampler::new(network.clone(), dataset.len(), plan.batch_size, threads)?;
    let mut measure = |&estimator: &Estimator| {
        let measured = measure(&mut sampler, dataset, estimator, plan, &mut |done, all| {
            observer(&estimator.to_string(), done as f64 / all as f64);
        });
        sampler.release();
        measured
    };
    estimators.iter().map(&mut measure).collect()
}

/// Draws the gradient of every minibatch of the plan's passes, and gives their variance. Every estimator sees the same
/// minibatches; what does not fill a last one is left out of the pass. `observer` is told how many gradients are done, of
/// how many.
///
/// # Errors
/// As [`Plan::check`] and [`GradientSampler::draw`]; a sampler for smaller minibatches; gradients that are not finite.
pub fn measure(
    sampler: &mut GradientSampler,
    dataset: &Dataset,
    estimator: Estimator,
    plan: &Plan,
    observer: &mut dyn FnMut(usize, usize),
) -> Result<Measurement> {
    plan.check(sampler.network().layers().len(), dataset.len())?;
    let batches = dataset.len() / plan.batch_size;
    let all = batches * plan.passes;
    let mut contributions: Vec<Vec<f64>> = vec![Vec::new(); plan.layers.len()];
    let mut squared_means = vec![0.0; plan.layers.len()];
    let mut order: Vec<usize> = (0..dataset.len()).collect();
    let mut seconds = 0.0;
    for pass in 0..plan.passes {
        order.shuffle(&mut NoiseSource::for_purpose(Purpose::Minibatch, plan.seed, pass as u64).generator());
        let sizes = plan.layers.iter().map(|&layer| sampler.network().layers()[layer].weight.len());
        let mut moments: Vec<Moments> = sizes.map(Moments::new).collect();
        for (index, indices) in order.chunks_exact(plan.batch_size).enumerate() {
            let number = pass * batches + index;
            let source = NoiseSource::for_purpose(Purpose::Gradient, plan.seed, number as u64);
            let start = Instant::now();
            let gradients = sampler.draw(estimator, &Examples { dataset, indices }, source)?;
            seconds += start.elapsed().as_secs_f64();
            for (moments, &layer) in moments.iter_mut().zip(&plan.layers) {
                moments.push(gradients[layer].as_slice().expect("gradients are in standard layout"));
            }
            observer(number + 1, all);
        }
        for ((all, squared), moments) in contributions.iter_mut().zip(&mut squared_means).zip(&moments) {
            all.extend(moments.contributions());
            let mean = moments.mean();
            *squared += mean.iter().map(|mean| mean * mean).sum::<f64>() / (mean.len() * plan.passes) as f64;
        }
    }
    if let Some(value) = contributions.iter().flatten().find(|value| !value.is_finite()) {
        let expected = "a finite number: the network's parameters are too large for it, or are no numbers";
        return Err(Error::argument("variance of the gradients", value, expected));
    }
    let layers = plan.layers.iter().zip(squared_means).zip(contributions);
    let layers = layers.map(|((&layer, squared_mean), contributions)| LayerVariance {
        layer,
        squared_mean: Some(squared_mean),
        variance: contributions.iter().sum::<f64>() / contributions.len() as f64,
        interval: Interval::of_mean(&contributions, plan.seed),
        contributions,
    });
    Ok(Measurement { estimator, layers: layers.collect(), gradients: all, seconds_per_gradient: seconds / all as f64 })
}
