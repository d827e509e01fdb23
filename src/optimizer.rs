//! Adam with temporal averaging of the parameters (Kingma & Ba 2015, algorithm 1 and section 7.2).
//!
//! The averages are kept with their bias corrected: after step t, with decay β, a ← a + (1 − β) / (1 − βᵗ) · (x − a),
//! which is Kingma & Ba's aₜ / (1 − βᵗ) for a₀ = 0.

use multiversion::multiversion;
use serde::{Deserialize, Serialize};

use crate::Real;
use crate::engine::{Gradients, Workers};
use crate::error::{Error, Result};
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
        let positive = |name, value: f64| {
            if value > 0.0 && value.is_finite() {
                Ok(())
            } else {
                Err(Error::argument(name, value, "a finite number above 0"))
            }
        };
        let decay = |name, value: f64| {
            if (0.0..1.0).contains(&value) { Ok(()) } else { Err(Error::argument(name, value, "a number in [0, 1)")) }
        };
        positive("learning rate", self.learning_rate)?;
        positive("alpha step", self.alpha_step)?;
        positive("epsilon", self.epsilon)?;
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
    /// Whether an array is ln α, in the order of the parameters.
    is_alpha: Vec<bool>,
    /// Whether an array is weights.
    is_weight: Vec<bool>,
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

/// Parameters that a thread updates at a time: 64 KiB of each array in single precision, which fit its cache together.
const CHUNK: usize = 16 * 1024;

impl<T: Real> Adam<T> {
    /// The state before the first step.
    ///
    /// # Errors
    /// A setting out of its range.
    pub fn new(network: &Network<T>, settings: AdamSettings) -> Result<Self> {
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

    /// Changes the parameters by one step, projects α, and updates the average. `schedule` multiplies the step size.
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
        let arrays = network
            .parameters_mut()
            .into_iter()
            .zip(gradients.tensors())
            .zip(self.first_moment.iter_mut().zip(&mut self.second_moment))
            .zip(self.averaged.parameters_mut())
            .zip(self.is_alpha.iter().zip(&self.is_weight));
        let keeps_zeros = self.keeps_zeros;
        let chunks = arrays.flat_map(|((((values, gradient), (first, second)), average), (&is_alpha, &is_weight))| {
            let factors = if is_alpha { alpha } else { plain };
            values
                .chunks_mut(CHUNK)
                .zip(gradient.chunks(CHUNK))
                .zip(first.chunks_mut(CHUNK).zip(second.chunks_mut(CHUNK)))
                .zip(average.chunks_mut(CHUNK))
                .map(move |(((values, gradient), (first, second)), average)| {
                    (values, gradient, first, second, average, factors, is_alpha, keeps_zeros && is_weight)
                })
        });
        workers.for_each(chunks, |(values, gradient, first, second, average, factors, is_alpha, keep_zeros)| {
            update(values, gradient, first, second, factors, keep_zeros);
            if is_alpha {
                project(values);
            }
            blend(average, values, factors.fresh);
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
        let is_alpha = averaged.parameters().iter().map(|(name, _)| name.ends_with("log_alpha")).collect();
        let is_weight = averaged.parameters().iter().map(|(name, _)| name.ends_with("weight")).collect();
        Ok(Self { settings, step, is_alpha, is_weight, keeps_zeros: false, first_moment, second_moment, averaged })
    }
}

#[multiversion(targets = "simd")]
fn update<T: Real>(
    values: &mut [T],
    gradient: &[T],
    first: &mut [T],
    second: &mut [T],
    factors: Factors<T>,
    keep_zeros: bool,
) {
    let Factors { beta1, beta2, rate, epsilon, .. } = factors;
    let (rest1, rest2) = (T::one() - beta1, T::one() - beta2);
    for (((x, &g), m), v) in values.iter_mut().zip(gradient).zip(first).zip(second) {
        // Without a gradient from the first step on, both moments and so the step stay 0.
        let g = if keep_zeros && *x == T::zero() { T::zero() } else { g };
        *m = beta1 * *m + rest1 * g;
        *v = beta2 * *v + rest2 * g * g;
        *x -= rate * *m / (v.sqrt() + epsilon);
    }
}

/// α ≤ 1: a projection after the step, so that the gradient at the bound is untouched and α can come back.
#[multiversion(targets = "simd")]
fn project<T: Real>(log_alpha: &mut [T]) {
    for x in log_alpha {
        *x = if *x > T::zero() { T::zero() } else { *x };
    }
}

#[multiversion(targets = "simd")]
fn blend<T: Real>(average: &mut [T], values: &[T], fresh: T) {
    // a + (x − a) is not x to the last bit.
    if fresh == T::one() {
        average.copy_from_slice(values);
        return;
    }
    for (a, &x) in average.iter_mut().zip(values) {
        *a += fresh * (x - *a);
    }
}
