//! Gaussian dropout on activations: x ∘ ξ with ξ ~ N(1, α), α = p/(1 − p) fixed (Srivastava, Hinton, Krizhevsky, Sutskever &
//! Salakhutdinov 2014, section 10; Kingma, Salimans & Welling 2015, section 3.1).

use burn::config::Config;
use burn::module::{Flag, Module, Param};
use burn::tensor::Tensor;
use vardrop::noise::alpha_of_rate;

use super::activation_noise::multiply;
use crate::noise::{NoiseMode, normal_like};

/// Configuration of [`GaussianDropout`].
#[derive(Config, Debug)]
pub struct GaussianDropoutConfig {
    /// The dropout rate p: the noise has the variance α = p/(1 − p) of binary dropout with this rate.
    pub prob: f64,
}

/// Multiplies activations by noise N(1, α), in place of Burn's `Dropout`: the type A of the paper with α fixed.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vardrop_burn::GaussianDropoutConfig;
///
/// let device = Device::default();
/// let dropout = GaussianDropoutConfig::new(0.2).init();
/// // α = 0.25, so that a draw of ε = 2 gives a factor of 1 + 0.5·2.
/// let output = dropout.forward_with(Tensor::<1>::full([1], 3.0, &device), Tensor::full([1], 2.0, &device));
/// assert_eq!(output.into_scalar::<f32>(), 6.0);
/// ```
#[derive(Module, Debug)]
pub struct GaussianDropout {
    /// The dropout rate p.
    pub prob: f64,
    /// Whether it takes part in training; see [`NoiseMode`].
    pub training: Param<Flag>,
}

impl GaussianDropoutConfig {
    /// Makes the layer.
    ///
    /// # Panics
    /// A rate outside [0, 1), as Burn's `Dropout` does.
    pub fn init(&self) -> GaussianDropout {
        alpha_of_rate(self.prob).unwrap_or_else(|error| panic!("{error}"));
        GaussianDropout { prob: self.prob, training: Param::from_bool(true) }
    }
}

impl GaussianDropout {
    /// With noise as [`NoiseMode::current`] says: in training only, unless that was changed.
    ///
    /// # Shapes
    /// - input: any
    /// - output: the same
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        if NoiseMode::is_noisy(&self.training, &input.device()) { self.drawn(input) } else { input }
    }

    /// With noise, wherever the input is.
    ///
    /// # Shapes
    /// - input: any
    /// - output: the same
    pub fn drawn<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        if self.prob == 0.0 {
            return input;
        }
        let noise = normal_like(&input);
        self.forward_with(input, noise)
    }

    /// With these standard normal draws ε: x ∘ (1 + √α·ε).
    ///
    /// # Shapes
    /// - input, noise: any, the same
    /// - output: the same
    pub fn forward_with<const D: usize>(&self, input: Tensor<D>, noise: Tensor<D>) -> Tensor<D> {
        let alpha = alpha_of_rate(self.prob).expect("the rate was checked");
        let log_alpha = Tensor::full([1; D], alpha.ln(), (&input.device(), input.dtype()));
        multiply(input, log_alpha, noise)
    }
}
