//! Variational dropout on activations: x ∘ ξ with ξ ~ N(1, α) and α learned (Kingma, Salimans & Welling 2015, sections 3.1 and 3.3:
//! type A).

use burn::config::Config;
use burn::module::{Flag, Module, Param, ParamId};
use burn::tensor::{Device, Int, Tensor};
use serde::{Deserialize, Serialize};
use vardrop::noise::{Rates as CoreRates, Sharing};

use super::activation_noise::multiply;
use crate::noise::{NoiseMode, normal_like};
use crate::posterior::Rates;

/// Where an activation's units are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Axis {
    /// The last axis: `[..., units]`.
    #[default]
    Last,
    /// The second axis, as in images: `[batch, channels, ...]`.
    Channel,
}

/// Configuration of [`VariationalDropout`].
#[derive(Config, Debug)]
pub struct VariationalDropoutConfig {
    /// The units, or channels, of the activations.
    pub units: usize,
    /// The dropout rate p at which α = p/(1 − p) starts: above 0, at most 0.5.
    #[config(default = "0.2")]
    pub prob: f64,
    /// One α for each unit, or one for the layer. (There are no weights here: [`Sharing::Weight`] is refused.)
    #[config(default = "Sharing::Unit")]
    pub sharing: Sharing,
    /// Where the units are.
    #[config(default = "Axis::Last")]
    pub axis: Axis,
}

/// Multiplies activations by noise N(1, α) with a learned α for each unit, each channel, or the layer.
///
/// Its KL term counts one noise variable for each unit (channel), as the paper does;
/// [`kl_divergence`](crate::kl_divergence) adds it to those of the other layers.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vardrop_burn::{Axis, VariationalDropoutConfig};
///
/// let device = Device::default();
/// let dropout = VariationalDropoutConfig::new(20).with_axis(Axis::Channel).init(&device);
/// let images = Tensor::<4>::ones([8, 20, 12, 12], &device);
/// assert_eq!(dropout.drawn(images).dims(), [8, 20, 12, 12]);
/// ```
#[derive(Module, Debug)]
pub struct VariationalDropout {
    /// ln α, `[units]` or `[1]`.
    pub rates: Rates<1>,
    /// How many noise variables each α stands for in the KL term, `[1]`.
    pub variables: Param<Tensor<1, Int>>,
    /// Whether it takes part in training; see [`NoiseMode`].
    pub training: Param<Flag>,
    /// Where the units are.
    #[module(skip)]
    pub axis: Axis,
}

impl VariationalDropoutConfig {
    /// Makes the layer.
    ///
    /// # Panics
    /// A rate outside (0, 0.5], which are those that can be learned; no units; [`Sharing::Weight`].
    pub fn init(&self, device: &Device) -> VariationalDropout {
        assert!(self.units > 0, "units is 0: expected the number of units or channels, 1 or more");
        let values = match self.sharing {
            Sharing::Layer => 1,
            Sharing::Unit => self.units,
            Sharing::Weight => panic!("sharing is weight: expected unit or layer, since activations have no weights"),
        };
        let alpha = learnable_alpha(self.prob);
        VariationalDropout {
            rates: Rates::full(alpha, true, [values], device),
            variables: Param::initialized(ParamId::new(), Tensor::from_ints([(self.units / values) as i64], device)),
            training: Param::from_bool(true),
            axis: self.axis,
        }
    }
}

/// α = p/(1 − p), where it can be learned.
///
/// # Panics
/// A rate outside (0, 0.5].
pub(super) fn learnable_alpha(prob: f64) -> f64 {
    let alpha = vardrop::noise::alpha_of_rate(prob).unwrap_or_else(|error| panic!("{error}"));
    // The core says which α can be learned.
    CoreRates::<f64>::new(alpha, Sharing::Layer, true, 1, 1)
        .unwrap_or_else(|error| panic!("dropout rate p is {prob}, and {error}: choose p in (0, 0.5]"));
    alpha
}

impl VariationalDropout {
    /// With noise as [`NoiseMode::current`] says: in training only, unless that was changed.
    ///
    /// # Shapes
    /// - input: `[..., units]`, or `[batch, channels, ...]` with [`Axis::Channel`]
    /// - output: the same
    ///
    /// # Panics
    /// Another number of units than the layer has.
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        if NoiseMode::is_noisy(&self.training, &input.device()) { self.drawn(input) } else { input }
    }

    /// With noise, wherever the input is. Shapes and panics as [`Self::forward`].
    pub fn drawn<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        let noise = normal_like(&input);
        self.forward_with(input, noise)
    }

    /// With these standard normal draws ε: x ∘ (1 + √α·ε). Shapes and panics as [`Self::forward`]; `noise` is shaped as the input.
    pub fn forward_with<const D: usize>(&self, input: Tensor<D>, noise: Tensor<D>) -> Tensor<D> {
        let log_alpha = self.rates.log_alpha();
        let [values] = log_alpha.dims();
        let axis = match self.axis {
            Axis::Last => D - 1,
            Axis::Channel => 1,
        };
        let found = input.dims();
        assert!(
            axis < D && (values == 1 || found[axis] == values),
            "input has shape {found:?}: expected {values} units on axis {axis}"
        );
        let mut shape = [1; D];
        shape[axis] = values;
        multiply(input, log_alpha.reshape(shape), noise)
    }
}
