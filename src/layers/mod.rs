//! Layers: a dense product, the rectifier, and one file for each place where noise enters, forward and backward side by
//! side.
//!
//! With A the input (batch × in) and W the weights (in × out):
//!
//! - [`Noise::None`]: B = A·W + b.
//! - input noise (type A, [`Noise::Binary`] and [`Noise::GaussianInput`]): B = (A ∘ ξ)·W + b, E ξ = 1, Var ξ = α.
//! - output noise (type B, [`Noise::GaussianOutput`]): B ~ N(A·W + b, A²·(α ∘ W²)), the local reparameterization.
//! - the same with a variance by itself ([`Noise::Additive`]): B ~ N(A·W + b, A²·σ²).

mod activation;
mod additive_noise;
mod input_noise;
mod output_noise;

use ndarray::{Array1, Array2};

use crate::Real;
use crate::noise::{Rates, additive_log_alpha};

pub(crate) use activation::{add_bias, multiply, rectifier_gate, rectify};
pub(crate) use additive_noise::{additive_gradient, additive_variance};
pub(crate) use input_noise::{multiply_gate, multiply_noise, rate_gradient};
pub(crate) use output_noise::{
    add_kl_gradient, add_noise, add_variance_path, square, weight_rate_gradient, weight_variance,
    weight_variance_gradient,
};

/// A dense layer and the noise in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer<T> {
    /// W, shape (in, out).
    pub weight: Array2<T>,
    /// b, shape (out). No noise enters it.
    pub bias: Array1<T>,
    /// Where noise enters, and its rate.
    pub noise: Noise<T>,
}

/// Where noise enters a layer.
#[derive(Debug, Clone, PartialEq)]
pub enum Noise<T> {
    /// Nowhere.
    None,
    /// Input times Bernoulli(1 − p) / (1 − p).
    Binary {
        /// The dropout rate p in [0, 1).
        rate: f64,
    },
    /// Input times N(1, α), the same draw for every output: α shared by layer or unit.
    GaussianInput(Rates<T>),
    /// Output N(A·W + b, A²·(α ∘ W²)), independent draws: α shared by layer, unit or weight.
    GaussianOutput(Rates<T>),
    /// Output N(A·W + b, A²·σ²), independent draws: ln σ², (in, out), is learned for each weight beside its mean W (Molchanov,
    /// Ashukha & Vetrov 2017, equation 10), so that α = σ²/W² is unbounded.
    Additive {
        /// ln σ², shape (in, out).
        log_variance: Array2<T>,
    },
}

impl<T: Real> Layer<T> {
    /// Number of inputs and outputs.
    pub fn dim(&self) -> (usize, usize) {
        self.weight.dim()
    }

    /// The rates, where the noise is Gaussian.
    pub fn rates(&self) -> Option<&Rates<T>> {
        match &self.noise {
            Noise::GaussianInput(rates) | Noise::GaussianOutput(rates) => Some(rates),
            Noise::None | Noise::Binary { .. } | Noise::Additive { .. } => None,
        }
    }

    /// [`Self::rates`], to change.
    pub fn rates_mut(&mut self) -> Option<&mut Rates<T>> {
        match &mut self.noise {
            Noise::GaussianInput(rates) | Noise::GaussianOutput(rates) => Some(rates),
            Noise::None | Noise::Binary { .. } | Noise::Additive { .. } => None,
        }
    }

    /// The rates, where they are learned.
    pub fn learned_rates(&self) -> Option<&Rates<T>> {
        self.rates().filter(|rates| rates.learned)
    }

    /// ln σ² of additive noise.
    pub fn log_variance(&self) -> Option<&Array2<T>> {
        match &self.noise {
            Noise::Additive { log_variance } => Some(log_variance),
            _ => None,
        }
    }

    /// ln α = ln σ² − ln W² of every weight with additive noise, (in, out).
    ///
    /// # Panics
    /// A ln σ² of another shape than W.
    pub fn log_alpha_of_weights(&self) -> Option<Array2<T>> {
        let log_variance = self.log_variance()?;
        let log_alpha = |&weight: &T, &log_variance: &T| additive_log_alpha(weight, log_variance).0;
        Some(ndarray::Zip::from(&self.weight).and(log_variance).map_collect(log_alpha))
    }

    /// Whether noise enters the input: an example's draw for a unit reaches every output.
    pub(crate) fn has_input_noise(&self) -> bool {
        matches!(self.noise, Noise::Binary { .. } | Noise::GaussianInput(_))
    }

    /// Whether noise enters the output: each example and unit has its own draw.
    pub(crate) fn has_output_noise(&self) -> bool {
        matches!(self.noise, Noise::GaussianOutput(_) | Noise::Additive { .. })
    }

    /// What training learns of the noise, and its name in files: `log_alpha` or `log_variance`.
    pub(crate) fn learned_noise(&self) -> Option<(&'static str, &Array2<T>)> {
        match &self.noise {
            Noise::GaussianInput(rates) | Noise::GaussianOutput(rates) if rates.learned => {
                Some(("log_alpha", &rates.log_alpha))
            }
            Noise::Additive { log_variance } => Some(("log_variance", log_variance)),
            _ => None,
        }
    }

    /// How many noise variables stand behind one value of α (or σ²): with input noise there is one variable per input unit, with
    /// output noise one per weight.
    pub fn noise_variables_per_rate(&self) -> f64 {
        let (inputs, outputs) = self.dim();
        let variables = match &self.noise {
            Noise::GaussianInput(_) => inputs,
            Noise::GaussianOutput(_) | Noise::Additive { .. } => inputs * outputs,
            Noise::None | Noise::Binary { .. } => return 0.0,
        };
        let values = match &self.noise {
            Noise::GaussianInput(rates) | Noise::GaussianOutput(rates) => rates.log_alpha.len(),
            _ => variables,
        };
        variables as f64 / values as f64
    }
}

/// What training learns of a noise.
pub(crate) fn noise_parameter<T>(noise: &mut Noise<T>) -> Option<&mut Array2<T>> {
    match noise {
        Noise::GaussianInput(rates) | Noise::GaussianOutput(rates) if rates.learned => Some(&mut rates.log_alpha),
        Noise::Additive { log_variance } => Some(log_variance),
        _ => None,
    }
}
