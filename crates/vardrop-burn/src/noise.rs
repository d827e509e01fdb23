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

/// ε ~ N(0, 1) in the shape, on the device and in the precision of a tensor. The device's generator draws it, or its key:
/// `device.seed(…)` decides it.
pub(crate) fn normal_like<const D: usize>(tensor: &Tensor<D>) -> Tensor<D> {
    #[cfg(feature = "flex")]
    if let Some(noise) = processor::normal_like(tensor) {
        return noise;
    }
    tensor.random_like(Distribution::Normal(0.0, 1.0))
}

/// On the processor the core's counter-based generator is several times faster than Burn's, which draws one number after another.
#[cfg(feature = "flex")]
mod processor {
    use burn::tensor::{DType, Device, Distribution, Element, Tensor, TensorData};
    use rayon::prelude::*;
    use vardrop::Real;
    use vardrop::noise::NoiseSource;

    /// Draws of one stream.
    const ROW: usize = 8192;

    /// Nothing on other devices and in other precisions than single and double.
    pub(super) fn normal_like<const D: usize>(tensor: &Tensor<D>) -> Option<Tensor<D>> {
        if tensor.device() != Device::flex() {
            return None;
        }
        match tensor.dtype() {
            DType::F32 => Some(draw::<f32, D>(tensor)),
            DType::F64 => Some(draw::<f64, D>(tensor)),
            _ => None,
        }
    }

    fn draw<T: Real + Element, const D: usize>(tensor: &Tensor<D>) -> Tensor<D> {
        // Two times 24 bits, which single precision holds.
        let words = Tensor::<1>::random([2], Distribution::Uniform(0.0, 1.0), (&Device::flex(), DType::F32));
        let seed = words.into_data().iter::<f64>().fold(0, |seed, word| (seed << 24) | (word * 16_777_216.0) as u64);
        let (source, mut noise) = (NoiseSource::new(seed, 0), vec![T::zero(); tensor.shape().num_elements()]);
        // Each row has a stream of its own, so that the draws do not depend on the number of threads.
        noise
            .par_chunks_mut(ROW)
            .enumerate()
            .for_each(|(row, noise)| T::fill_standard_normal(source.row(0, row), noise));
        Tensor::from_data(TensorData::new(noise, tensor.dims()), (&tensor.device(), tensor.dtype()))
    }
}

/// −1 or 1, each with probability ½, on the device and in the precision of a tensor.
pub(crate) fn signs<const D: usize>(shape: [usize; D], like: &Tensor<D>) -> Tensor<D> {
    let options = (&like.device(), like.dtype());
    Tensor::<D>::random(shape, Distribution::Bernoulli(0.5), options) * 2.0 - 1.0
}
