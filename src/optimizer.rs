//! Adam with temporal averaging of the parameters (Kingma & Ba 2015, algorithm 1 and section 7.2).
//!
//! The averages are kept with their bias corrected: after step t, with decay β, a ← a + (1 − β) / (1 − βᵗ) · (x − a),
//! which is Kingma & Ba's aₜ / (1 − βᵗ) for a₀ = 0.

use multiversion::multiversion;
use ndarray::Dimension;
use serde::{Deserialize, Serialize};

use crate::Real;
use crate::engine::{Gradients, PerLayer, Split, Workers, share};
use crate::error::{Error, Result};
use crate::layers::Layer;
use crate::network::Network;

/// The step's settings. The default is Adam's own, with averaging over about a thousand steps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AdamSettings {
    /// Step size.
    pub learning_rate: f64,
    /// How many times larger the step of ln α is.
    pub alpha_step: f64,
    /// Decay of the gradient's average.
    pub beta1: f64,
    /// Decay of the squared gradient's average.
    pub beta2: f64,
    /// What is added to the root of the second moment.
    pub epsilon: f64,
    /// Decay of the parameters' average; 0 keeps the last parameters.
    pub averaging: f64,
}

impl Default for AdamSettings {
    fn default() -> Self {
        Self { learning_rate: 1e-3, alpha_step: 1.0, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, averaging: 0.999 }
    }
}

impl AdamSettings {
    /// # Errors
    /// A setting out of its range.
    pub fn check(&self) -> Result<()> {
        // A step is taken in single precision, in which the number must be neither 0 nor infinite.
        let positive = |name, value: f64, such_as| {
            if (value as f32).is_normal() && value > 0.0 {
                Ok(())
            } else {
                let (least, most) = (f32::MIN_POSITIVE, f32::MAX);
                let expected = format!("a number above 0 (from {least:.1e} to {most:.1e}), such as {such_as}");
                Err(Error::argument(name, format!("{value:?}"), expected))
            }
        };
        let decay = |name, value: f64| {
            let expected = "a number from 0 to below 1, such as 0.999";
            if (0.0..1.0).contains(&value) {
                Ok(())
            } else {
                Err(Error::argument(name, format!("{value:?}"), expected))
            }
        };
        positive("learning_rate", self.learning_rate, "0.001")?;
        positive("alpha_step", self.alpha_step, "1")?;
        positive("epsilon", self.epsilon, "1e-8")?;
        decay("beta1", self.beta1)?;
        decay("beta2", self.beta2)?;
        decay("averaging", self.averaging)
    }
}

/// Adam's state for one network, and the average of that network's parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Adam<T = f32> {
    settings: AdamSettings,
    step: u64,
    /// Whether a weight that is exactly 0 stays 0.
    keeps_zeros: bool,
    first_moment: Vec<Vec<T>>,
    second_moment: Vec<Vec<T>>,
    averaged: Network<T>,
}

/// What a checkpoint keeps of [`Adam`].
#[derive(Debug)]
pub(crate) struct AdamState<'a, T> {
    pub(crate) first_moment: &'a [Vec<T>],
    pub(crate) second_moment: &'a [Vec<T>],
    pub(crate) averaged: &'a Network<T>,
}

/// What one step multiplies by.
#[derive(Clone, Copy)]
struct Factors<T> {
    beta1: T,
    beta2: T,
    /// Step size with both bias corrections in it.
    rate: T,
    epsilon: T,
    /// Weight of the new parameters in the average.
    fresh: T,
}

/// One trained array, and what belongs to it.
struct Array<'a, T> {
    values: Split<'a, T>,
    gradient: &'a [T],
    first: Split<'a, T>,
    second: Split<'a, T>,
    average: Split<'a, T>,
    kind: Kind,
}

/// What an array is to the step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    /// ln α, which is projected.
    LogAlpha,
    /// Weights of which those that are 0 have been pruned.
    Pruned,
}

/// Parameters that are not split between threads: a cache line.
const UNIT: usize = 16;

impl<T: Real> Adam<T> {
    /// The state before the first step.
    ///
    /// # Errors
    /// A setting out of its range; a network that does not pass [`Network::check`].
    pub fn new(network: &Network<T>, settings: AdamSettings) -> Result<Self> {
        network.check()?;
        let zeros: Vec<_> = network.parameters().iter().map(|(_, values)| vec![T::zero(); values.len()]).collect();
        Self::restore(settings, 0, zeros.clone(), zeros, network.clone())
    }

    /// From now on a weight that is exactly 0 has been pruned, and stays 0. (Biases may move.)
    pub(crate) fn keep_zeros(&mut self) {
        self.keeps_zeros = true;
    }

    /// Steps taken.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// The temporal average of the parameters, as a network: what is evaluated.
    pub fn averaged(&self) -> &Network<T> {
        &self.averaged
    }

    /// Both moments of every array.
    pub(crate) fn moments(&self) -> impl Iterator<Item = &[T]> {
        self.first_moment.iter().chain(&self.second_moment).map(Vec::as_slice)
    }

    /// Whether it is the state for a network of this shape and noise.
    ///
    /// # Errors
    /// Another network, with the layer and the shapes.
    pub(crate) fn check(&self, network: &Network<T>) -> Result<()> {
        let (found, expected) = (network.layers(), self.averaged.layers());
        if found.len() != expected.len() {
            let what = "a network for an optimizer of another one".to_owned();
            return Err(Error::Shape { what, found: network.widths(), expected: self.averaged.widths() });
        }
        for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
            if found.dim() != expected.dim() {
                let what = format!("layer {index} of a network for an optimizer of another one");
                let shape = |layer: &Layer<T>| layer.weight.shape().to_vec();
                return Err(Error::Shape { what, found: shape(found), expected: shape(expected) });
            }
            let learned = |layer: &Layer<T>| match layer.learned_noise() {
                Some((name, values)) => format!("{name} of shape {:?}", values.dim()),
                None => "nothing".to_owned(),
            };
            let same = |layer: &Layer<T>| layer.learned_noise().map(|(name, values)| (name, values.dim()));
            if same(found) != same(expected) {
                let value = format!("{} in layer {index}", learned(found));
                return Err(Error::argument(
                    "learned noise",
                    value,
                    format!("{}, as the optimizer's", learned(expected)),
                ));
            }
        }
        let of_targets = |network: &Network<T>| network.likelihood().log_variance().map_or(0, |values| values.len());
        match (of_targets(network), of_targets(&self.averaged)) {
            (found, expected) if found != expected => Err(Error::argument(
                "learned variances of the targets",
                found,
                format!("{expected}, as the optimizer's"),
            )),
            _ => Ok(()),
        }
    }

    /// Changes the parameters by one step, projects α, and updates the average. `schedule` multiplies the step size. The network
    /// and the gradients are of the shapes that [`Self::check`] passes.
    pub(crate) fn step(
        &mut self,
        network: &mut Network<T>,
        gradients: &Gradients<T>,
        schedule: f64,
        workers: &Workers,
    ) {
        self.step += 1;
        let s = self.settings;
        let t = self.step as f64;
        let correction = (1.0 - s.beta2.powf(t)).sqrt() / (1.0 - s.beta1.powf(t));
        let factors = |scale: f64| Factors {
            beta1: T::of(s.beta1),
            beta2: T::of(s.beta2),
            rate: T::of(s.learning_rate * schedule * scale * correction),
            // As Kingma & Ba's algorithm 1 has it: ε is added to the corrected root.
            epsilon: T::of(s.epsilon * (1.0 - s.beta2.powf(t)).sqrt()),
            fresh: T::of((1.0 - s.averaging) / (1.0 - s.averaging.powf(t))),
        };
        let (plain, alpha) = (factors(1.0), factors(s.alpha_step));
        let mut moments = self.first_moment.iter_mut().zip(&mut self.second_moment);
        let ((layers, likelihood), (averages, likelihood_average)) = (network.parts_mut(), self.averaged.parts_mut());
        let layers = layers.iter_mut().zip(averages).zip(&gradients.layers);
        let weights = if self.keeps_zeros { Kind::Pruned } else { Kind::Plain };
        let mut arrays = PerLayer::new();
        let mut array = |values, gradient, average, kind| {
            let (first, second) = moments.next().expect("a pair of moments for each array");
            let (first, second) = (Split::new(first), Split::new(second));
            Array { values: Split::new(values), gradient, first, second, average: Split::new(average), kind }
        };
        for ((layer, averaged), gradient) in layers {
            let noise = if layer.noise.kind().is_projected() { Kind::LogAlpha } else { Kind::Plain };
            let learned = layer.noise.learned_mut().zip(averaged.noise.learned_mut());
            arrays.push([
                Some(array(flat(&mut layer.weight), flat_view(&gradient.weight), flat(&mut averaged.weight), weights)),
                Some(array(flat(&mut layer.bias), flat_view(&gradient.bias), flat(&mut averaged.bias), Kind::Plain)),
                learned.map(|(values, average)| array(flat(values), flat_view(&gradient.noise), flat(average), noise)),
            ]);
        }
        if let Some((values, average)) = likelihood.log_variance_mut().zip(likelihood_average.log_variance_mut()) {
            let of_likelihood = array(flat(values), flat_view(&gradients.log_variance), flat(average), Kind::Plain);
            arrays.push([Some(of_likelihood), None, None]);
        }
        workers.run(&|thread| {
            for array in arrays.iter().flatten().flatten() {
                let range = share(array.values.len(), UNIT, workers.count(), thread);
                let factors = if array.kind == Kind::LogAlpha { alpha } else { plain };
                // SAFETY: each thread has a range of its own.
                let (values, first, second, average) = unsafe {
                    (
                        array.values.part(range.clone()),
                        array.first.part(range.clone()),
                        array.second.part(range.clone()),
                        array.average.part(range.clone()),
                    )
                };
                update(values, &array.gradient[range], first, second, average, factors, array.kind);
            }
        });
    }

    /// Everything that a checkpoint needs.
    pub(crate) fn state(&self) -> AdamState<'_, T> {
        AdamState { first_moment: &self.first_moment, second_moment: &self.second_moment, averaged: &self.averaged }
    }

    /// The state that [`Self::state`] gave.
    pub(crate) fn restore(
        settings: AdamSettings,
        step: u64,
        first_moment: Vec<Vec<T>>,
        second_moment: Vec<Vec<T>>,
        averaged: Network<T>,
    ) -> Result<Self> {
        settings.check()?;
        Ok(Self { settings, step, keeps_zeros: false, first_moment, second_moment, averaged })
    }
}

fn flat<T, D: Dimension>(array: &mut ndarray::Array<T, D>) -> &mut [T] {
    array.as_slice_mut().expect("parameters are in standard layout")
}

fn flat_view<T, D: Dimension>(array: &ndarray::Array<T, D>) -> &[T] {
    array.as_slice().expect("gradients are in standard layout")
}

/// Adam's step, the projection and the average in one pass: with large networks it takes as long as its five arrays take to come
/// from memory.
#[multiversion(targets = "simd")]
fn update<T: Real>(
    values: &mut [T],
    gradient: &[T],
    first: &mut [T],
    second: &mut [T],
    average: &mut [T],
    factors: Factors<T>,
    kind: Kind,
) {
    let Factors { beta1, beta2, rate, epsilon, fresh } = factors;
    let (rest1, rest2) = (T::one() - beta1, T::one() - beta2);
    let (keep_zeros, project, only_fresh) = (kind == Kind::Pruned, kind == Kind::LogAlpha, fresh == T::one());
    let arrays = values.iter_mut().zip(gradient).zip(first.iter_mut().zip(second)).zip(average);
    for (((x, &g), (m, v)), a) in arrays {
        // Without a gradient from the first step on, both moments and so the step stay 0.
        let g = if keep_zeros && *x == T::zero() { T::zero() } else { g };
        *m = beta1 * *m + rest1 * g;
        *v = beta2 * *v + rest2 * g * g;
        let moved = *x - rate * *m / (v.sqrt() + epsilon);
        // α ≤ 1: a projection after the step, so that the gradient at the bound is untouched and α can come back.
        *x = if project && moved > T::zero() { T::zero() } else { moved };
        // a + (x − a) is not x to the last bit.
        *a = if only_fresh { *x } else { *a + fresh * (*x - *a) };
    }
}
