//! Optimizers: Adam (Kingma & Ba 2015, algorithm 1) or stochastic gradient descent with momentum, with temporal averaging of the
//! parameters (section 7.2), and α ≤ 1, by a projection after each step or by a sigmoid.
//!
//! The averages are kept with their bias corrected: after step t, with decay β, a ← a + (1 − β) / (1 − βᵗ) · (x − a),
//! which is Kingma & Ba's aₜ / (1 − βᵗ) for a₀ = 0.

mod schedule;
mod settings;
mod update;

use ndarray::Dimension;

use crate::Real;
use crate::engine::{Engine, PerLayer};
use crate::error::{Error, Result};
use crate::layers::Layer;
use crate::network::Network;
use crate::workers::{Split, share};
use update::{Factors, Kind, update};

pub use schedule::Schedule;
pub use settings::{AdamSettings, Algorithm, AlphaBound, Settings, SgdSettings};

/// An optimizer's state for one network, and the average of that network's parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Optimizer<T = f32> {
    settings: Settings,
    step: u64,
    /// Whether a weight that is exactly 0 stays 0.
    keeps_zeros: bool,
    /// Adam: the average of the gradient; else the velocity.
    first_moment: Vec<Vec<T>>,
    /// Adam: the average of the squared gradient; else empty arrays.
    second_moment: Vec<Vec<T>>,
    averaged: Network<T>,
}

/// What a checkpoint keeps of [`Optimizer`].
#[derive(Debug)]
pub(crate) struct State<'a, T> {
    pub(crate) first_moment: &'a [Vec<T>],
    pub(crate) second_moment: &'a [Vec<T>],
    pub(crate) averaged: &'a Network<T>,
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

/// Parameters that are not split between threads: a cache line.
const UNIT: usize = 16;

impl<T: Real> Optimizer<T> {
    /// The state before the first step.
    ///
    /// # Errors
    /// A setting out of its range; a network that does not pass [`Network::check`]; a learned α of 1 that a sigmoid could not change.
    pub fn new(network: &Network<T>, settings: impl Into<Settings>) -> Result<Self> {
        network.check()?;
        let settings = settings.into();
        if settings.alpha_bound() == AlphaBound::Sigmoid {
            check_below_one(network)?;
        }
        let zeros: Vec<_> = network.parameters().iter().map(|(_, values)| vec![T::zero(); values.len()]).collect();
        let second = if settings.moments() == 2 { zeros.clone() } else { vec![Vec::new(); zeros.len()] };
        Self::restore(settings, 0, zeros, second, network.clone())
    }

    /// From now on a weight that is exactly 0 has been pruned, and stays 0. (Biases may move.)
    pub(crate) fn keep_zeros(&mut self) {
        self.keeps_zeros = true;
    }

    /// Its settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Steps taken.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// The temporal average of the parameters, as a network: what is evaluated.
    pub fn averaged(&self) -> &Network<T> {
        &self.averaged
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

    /// Changes the network by one step along the gradients that the engine computed last, projects α, and updates the average.
    /// `schedule` multiplies the step size.
    ///
    /// # Errors
    /// A network of another shape or noise than the optimizer's or the engine's; no gradient yet. Nothing is changed then.
    pub fn step(&mut self, network: &mut Network<T>, engine: &mut Engine<T>, schedule: f64) -> Result<()> {
        network.check()?;
        self.check(network)?;
        let averaged = self.averaged.parameters().into_iter().map(|(_, values)| values);
        let moments = self.first_moment.iter().chain(&self.second_moment).map(Vec::as_slice);
        let (gradients, workers) = engine.for_step(network, averaged.chain(moments))?;
        self.step += 1;
        let factors = |scale: f64| Factors::new(&self.settings, self.step, schedule * scale);
        let (plain, alpha) = (factors(1.0), factors(self.settings.alpha_step()));
        let log_variance = factors(self.settings.log_variance_step());
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
            let noise = match (layer.noise.kind().is_projected(), self.settings.alpha_bound()) {
                (false, _) => Kind::Plain,
                (true, AlphaBound::Projection) => Kind::LogAlpha,
                (true, AlphaBound::Sigmoid) => Kind::Logit,
            };
            let learned = layer.noise.learned_mut().zip(averaged.noise.learned_mut());
            arrays.push([
                Some(array(flat(&mut layer.weight), flat_view(&gradient.weight), flat(&mut averaged.weight), weights)),
                Some(array(flat(&mut layer.bias), flat_view(&gradient.bias), flat(&mut averaged.bias), Kind::Plain)),
                learned.map(|(values, average)| array(flat(values), flat_view(&gradient.noise), flat(average), noise)),
            ]);
        }
        if let Some((values, average)) = likelihood.log_variance_mut().zip(likelihood_average.log_variance_mut()) {
            let gradient = flat_view(&gradients.log_variance);
            let of_likelihood = array(flat(values), gradient, flat(average), Kind::LogVariance);
            arrays.push([Some(of_likelihood), None, None]);
        }
        workers.run(&|thread| {
            for array in arrays.iter().flatten().flatten() {
                let range = share(array.values.len(), UNIT, workers.count(), thread);
                let factors = match array.kind {
                    Kind::LogAlpha | Kind::Logit => alpha,
                    Kind::LogVariance => log_variance,
                    Kind::Plain | Kind::Pruned => plain,
                };
                // SAFETY: each thread has a range of its own.
                let (values, first, second, average) = unsafe {
                    let second = if array.second.len() == 0 { 0..0 } else { range.clone() };
                    (
                        array.values.part(range.clone()),
                        array.first.part(range.clone()),
                        array.second.part(second),
                        array.average.part(range.clone()),
                    )
                };
                update(values, &array.gradient[range], first, second, average, factors, array.kind);
            }
        });
        Ok(())
    }

    /// Everything that a checkpoint needs.
    pub(crate) fn state(&self) -> State<'_, T> {
        State { first_moment: &self.first_moment, second_moment: &self.second_moment, averaged: &self.averaged }
    }

    /// The state that [`Self::state`] gave.
    pub(crate) fn restore(
        settings: Settings,
        step: u64,
        first_moment: Vec<Vec<T>>,
        second_moment: Vec<Vec<T>>,
        averaged: Network<T>,
    ) -> Result<Self> {
        settings.check()?;
        Ok(Self { settings, step, keeps_zeros: false, first_moment, second_moment, averaged })
    }
}

/// # Errors
/// A learned α of 1: its logit is infinite.
fn check_below_one<T: Real>(network: &Network<T>) -> Result<()> {
    let projected = network.layers().iter().filter(|layer| layer.noise.kind().is_projected());
    for (_, values) in projected.filter_map(Layer::learned_noise) {
        if values.iter().any(|value| *value >= T::zero()) {
            let expected =
                "projection, or dropout rates below 0.5, such as 0.49: a learned α that is 1 cannot leave it";
            return Err(Error::argument("alpha_bound", AlphaBound::Sigmoid, expected));
        }
    }
    Ok(())
}

fn flat<T, D: Dimension>(array: &mut ndarray::Array<T, D>) -> &mut [T] {
    array.as_slice_mut().expect("parameters are in standard layout")
}

fn flat_view<T, D: Dimension>(array: &ndarray::Array<T, D>) -> &[T] {
    array.as_slice().expect("gradients are in standard layout")
}
