//! When layers are noisy, and standard normal noise.

use std::cell::Cell;

use burn::module::{Flag, Param};
use burn::tensor::{Device, Distribution, Tensor};

thread_local! {
    static MODE: Cell<NoiseMode> = const { Cell::new(NoiseMode::Training) };
}

/// When the `forward` of a layer draws noise.
///
/// Burn's own `Dropout` is noisy on a device with autodiff and passes its input through elsewhere. So is every layer here, under
/// [`Self::Training`]. A predictive distribution needs noise on a device without autodiff: [`Self::during`] says so for all
/// layers that are called inside of it, whatever model they are in. Nothing is left switched on behind it.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vardrop_burn::{GaussianDropoutConfig, NoiseMode};
///
/// let dropout = GaussianDropoutConfig::new(0.5).init();
/// let input = Tensor::<2>::ones([2, 3], &Device::default());
/// // No autodiff, no noise.
/// assert_eq!(dropout.forward(input.clone()).to_data(), input.to_data());
/// // Noise where it is asked for.
/// let drawn = NoiseMode::Always.during(|| dropout.forward(input.clone()));
/// assert_ne!(drawn.to_data(), input.to_data());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NoiseMode {
    /// Noise where the input is on a device with autodiff, and the layer is not frozen (`Module::freeze`).
    #[default]
    Training,
    /// Noise, wherever the input is.
    Always,
    /// No noise: the means of the weights.
    Never,
}

impl NoiseMode {
    /// What `forward` does in this thread now.
    pub fn current() -> Self {
        MODE.get()
    }

    /// Calls `body`, in which the layers' `forward` does as this mode says, in this thread. The mode of before is back afterwards,
    /// also where `body` panics.
    pub fn during<R>(self, body: impl FnOnce() -> R) -> R {
        struct Back(NoiseMode);
        impl Drop for Back {
            fn drop(&mut self) {
                MODE.set(self.0);
            }
        }
        let _back = Back(MODE.replace(self));
        body()
    }

    /// Whether a layer with this flag is noisy for an input on this device.
    pub(crate) fn is_noisy(training: &Param<Flag>, device: &Device) -> bool {
        match Self::current() {
            Self::Training => training.is_enabled() && device.is_autodiff(),
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// ε ~ N(0, 1) in the shape, on the device and in the precision of a tensor. The device's generator draws it: `device.seed(…)`.
pub(crate) fn normal_like<const D: usize>(tensor: &Tensor<D>) -> Tensor<D> {
    tensor.random_like(Distribution::Normal(0.0, 1.0))
}

/// −1 or 1, each with probability ½, on the device and in the precision of a tensor.
pub(crate) fn signs<const D: usize>(shape: [usize; D], like: &Tensor<D>) -> Tensor<D> {
    let options = (&like.device(), like.dtype());
    Tensor::<D>::random(shape, Distribution::Bernoulli(0.5), options) * 2.0 - 1.0
}
