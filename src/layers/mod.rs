//! Layers: a dense product, the rectifier, and one file for each place where noise enters, forward and backward side by
//! side.
//!
//! With A the input (batch × in) and W the weights (in × out):
//!
//! - [`Noise::None`]: B = A·W + b.
//! - input noise (type A, [`Noise::Binary`] and [`Noise::GaussianInput`]): B = (A ∘ ξ)·W + b, E ξ = 1, Var ξ = α.
//! - output noise (type B, [`Noise::GaussianOutput`]): B ~ N(A·W + b, A²·(α ∘ W²)), the local reparameterization.

mod activation;
mod input_noise;
mod output_noise;

use ndarray::{Array1, Array2};

use crate::Real;
use crate::noise::Rates;

pub(crate) use activation::{add_bias, multiply, rectifier_gate, rectify};
pub(crate) use input_noise::{multiply_gate, multiply_noise, rate_gradient};
pub(crate) use output_noise::{
    add_kl_gradient, add_noise, add_variance_path, square, weight_variance, weight_variance_gradient,
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
            Noise::None | Noise::Binary { .. } => None,
        }
    }

    /// [`Self::rates`], to change.
    pub fn rates_mut(&mut self) -> Option<&mut Rates<T>> {
        match &mut self.noise {
            Noise::GaussianInput(rates) | Noise::GaussianOutput(rates) => Some(rates),
            Noise::None | Noise::Binary { .. } => None,
        }
    }

    /// The rates, where they are learned.
    pub fn learned_rates(&self) -> Option<&Rates<T>> {
        self.rates().filter(|rates| rates.learned)
    }

    /// How many noise variables stand behind one value of α: with input noise there is one variable per input unit, with
    /// output noise one per weight.
    pub fn noise_variables_per_rate(&self) -> f64 {
        let (inputs, outputs) = self.dim();
        let variables = match &self.noise {
            Noise::GaussianInput(_) => inputs,
            Noise::GaussianOutput(_) => inputs * outputs,
            Noise::None | Noise::Binary { .. } => return 0.0,
        };
        variables as f64 / self.rates().map_or(1, |rates| rates.log_alpha.len()) as f64
    }
}
