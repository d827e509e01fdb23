//! Convolutions whose weights have a posterior: the same for one dimension and for two.

use burn::module::{Flag, Module, Param, ParamId};
use burn::nn::conv::{Conv1d, Conv2d};
use burn::nn::{PaddingConfig1d, PaddingConfig2d};
use burn::tensor::Tensor;

use crate::estimator::{self, Estimator, FlipoutNoise};
use crate::noise::{NoiseMode, normal_like};
use crate::posterior::{Posterior, means};

/// One convolution: Burn's `conv`, whose weights have `rank` axes, with a posterior.
macro_rules! convolution {
    (
        $(#[$attribute:meta])*
        $layer:ident from $conv:ident, padding $padding:ident, size $size:ty, rank $rank:literal,
        kernel $kernel:literal, input $input:literal, output $output:literal
    ) => {
        $(#[$attribute])*
        #[derive(Module, Debug)]
        pub struct $layer<P: Module> {
            #[doc = concat!("θ, the means of the weights, `[channels_out, channels_in / groups, ", $kernel, "]`.")]
            pub weight: Param<Tensor<$rank>>,
            /// b, `[channels_out]`.
            pub bias: Option<Param<Tensor<1>>>,
            /// The noise around the means, and its prior.
            pub posterior: P,
            /// Whether it takes part in training; see [`NoiseMode`].
            pub training: Param<Flag>,
            /// How `forward` draws the noise.
            #[module(skip)]
            pub estimator: Estimator,
            /// Stride of the convolution.
            pub stride: $size,
            /// Size of the kernel.
            pub kernel_size: $size,
            /// Spacing between kernel elements.
            pub dilation: $size,
            /// Groups of channels that are not connected.
            pub groups: usize,
            /// The padding.
            #[module(skip)]
            pub padding: $padding,
        }

        impl<P: Posterior<$rank>> $layer<P> {
            /// From an ordinary convolution, whose weights become the means.
            pub fn from_conv(layer: $conv, posterior: P) -> Self {
                let $conv { weight, bias, stride, kernel_size, dilation, groups, padding } = layer;
                let (training, estimator) = (Param::from_bool(true), Estimator::default());
                Self { weight, bias, posterior, training, estimator, stride, kernel_size, dilation, groups, padding }
            }

            /// The ordinary convolution of the means.
            pub fn into_conv(self) -> $conv {
                let Self { weight, bias, posterior, stride, kernel_size, dilation, groups, padding, .. } = self;
                let weight = weight.map(|weight| means(&posterior, weight));
                $conv { weight, bias, stride, kernel_size, dilation, groups, padding }
            }

            /// With noise as [`NoiseMode::current`] says: in training only, unless that was changed.
            ///
            /// # Shapes
            #[doc = concat!("- input: `[batch, channels_in, ", $input, "]`")]
            #[doc = concat!("- output: `[batch, channels_out, ", $output, "]`")]
            ///
            /// # Panics
            /// Another number of channels than the layer has.
            pub fn forward(&self, input: Tensor<$rank>) -> Tensor<$rank> {
                if NoiseMode::is_noisy(&self.training, &input.device()) { self.drawn(input) } else { self.mean(input) }
            }

            /// Without noise: the means of the weights. Shapes and panics as [`Self::forward`].
            pub fn mean(&self, input: Tensor<$rank>) -> Tensor<$rank> {
                self.convolve(input, self.posterior.mean(self.weight.val()), self.bias())
            }

            /// With noise from the layer's estimator, wherever the input is. Shapes and panics as [`Self::forward`].
            pub fn drawn(&self, input: Tensor<$rank>) -> Tensor<$rank> {
                match self.estimator {
                    Estimator::LocalReparameterization => self.local(input, normal_like),
                    Estimator::Flipout => {
                        let weight = self.weight.val();
                        let (mut of_input, mut of_output) = ([1; $rank], [1; $rank]);
                        of_input[..2].copy_from_slice(&input.dims()[..2]);
                        (of_output[0], of_output[1]) = (of_input[0], weight.dims()[0]);
                        let noise = FlipoutNoise::draw(&input, &weight, of_input, of_output);
                        self.flipout(input, noise)
                    }
                    Estimator::WeightSample => {
                        let noise = normal_like(&self.weight.val());
                        self.weight_sample(input, noise)
                    }
                }
            }

            /// [`Estimator::LocalReparameterization`] with these standard normal draws, in the shape of the output.
            pub fn local_reparameterization(&self, input: Tensor<$rank>, noise: Tensor<$rank>) -> Tensor<$rank> {
                self.local(input, |_| noise)
            }

            /// [`Estimator::Flipout`] with these draws.
            pub fn flipout(&self, input: Tensor<$rank>, noise: FlipoutNoise<$rank, $rank>) -> Tensor<$rank> {
                let weight = self.weight.val();
                let deviation = self.posterior.deviation(weight.clone());
                let conv = |input, weight, bias| self.convolve(input, weight, bias);
                estimator::flipout(conv, input, self.posterior.mean(weight), self.bias(), deviation, noise)
            }

            /// [`Estimator::WeightSample`] with these standard normal draws, in the shape of the weights.
            pub fn weight_sample(&self, input: Tensor<$rank>, noise: Tensor<$rank>) -> Tensor<$rank> {
                let weight = self.weight.val();
                let sampled = self.posterior.mean(weight.clone()) + self.posterior.deviation(weight) * noise;
                self.convolve(input, sampled, self.bias())
            }

            fn local(&self, input: Tensor<$rank>, noise: impl FnOnce(&Tensor<$rank>) -> Tensor<$rank>) -> Tensor<$rank> {
                let weight = self.weight.val();
                let variance = self.posterior.variance(weight.clone());
                let conv = |input, weight, bias| self.convolve(input, weight, bias);
                let mean = self.posterior.mean(weight);
                estimator::local_reparameterization(conv, input, mean, self.bias(), variance, noise)
            }

            fn bias(&self) -> Option<Tensor<1>> {
                self.bias.as_ref().map(Param::val)
            }

            /// Burn's convolution of an input, with other weights than the means.
            fn convolve(&self, input: Tensor<$rank>, weight: Tensor<$rank>, bias: Option<Tensor<1>>) -> Tensor<$rank> {
                let conv = $conv {
                    weight: Param::initialized(ParamId::new(), weight),
                    bias: bias.map(|bias| Param::initialized(ParamId::new(), bias)),
                    stride: self.stride,
                    kernel_size: self.kernel_size,
                    dilation: self.dilation,
                    groups: self.groups,
                    padding: self.padding.clone(),
                };
                conv.forward(input)
            }
        }

        impl<P: Posterior<$rank>> From<$layer<P>> for $conv {
            fn from(layer: $layer<P>) -> Self {
                layer.into_conv()
            }
        }
    };
}

convolution! {
    /// A 1D convolution whose weights W are drawn from a posterior around the means `weight`; no noise enters the bias.
    ///
    /// Its aliases are [`VariationalConv1d`](crate::VariationalConv1d), [`SparseConv1d`](crate::SparseConv1d) and
    /// [`MeanFieldConv1d`](crate::MeanFieldConv1d), each with a configuration of its own. The fields have the names and shapes of
    /// Burn's `Conv1d`, so that a record of one opens in the other.
    ///
    /// With local reparameterization the outputs at two positions have independent noise, although the same weights make them:
    /// Molchanov, Ashukha & Vetrov (2017, section 4.2) do so too.
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use vardrop_burn::SparseConv1dConfig;
    ///
    /// let device = Device::default();
    /// let layer = SparseConv1dConfig::new(2, 4, 3).init(&device);
    /// let output = layer.forward(Tensor::<3>::ones([5, 2, 10], &device));
    /// assert_eq!(output.dims(), [5, 4, 8]);
    /// ```
    BayesianConv1d from Conv1d, padding PaddingConfig1d, size usize, rank 3,
    kernel "kernel_size", input "length_in", output "length_out"
}

convolution! {
    /// A 2D convolution whose weights W are drawn from a posterior around the means `weight`; no noise enters the bias.
    ///
    /// Its aliases are [`VariationalConv2d`](crate::VariationalConv2d), [`SparseConv2d`](crate::SparseConv2d) and
    /// [`MeanFieldConv2d`](crate::MeanFieldConv2d), each with a configuration of its own. The fields have the names and shapes of
    /// Burn's `Conv2d`, so that a record of one opens in the other.
    ///
    /// With local reparameterization the outputs at two positions have independent noise, although the same weights make them:
    /// Molchanov, Ashukha & Vetrov (2017, section 4.2) do so too.
    ///
    /// ```
    /// use burn::tensor::{Device, Tensor};
    /// use vardrop_burn::SparseConv2dConfig;
    ///
    /// let device = Device::default();
    /// let layer = SparseConv2dConfig::new([1, 20], [5, 5]).init(&device);
    /// let output = layer.forward(Tensor::<4>::ones([3, 1, 28, 28], &device));
    /// assert_eq!(output.dims(), [3, 20, 24, 24]);
    /// ```
    BayesianConv2d from Conv2d, padding PaddingConfig2d, size [usize; 2], rank 4,
    kernel "kernel_size_1, kernel_size_2", input "height_in, width_in", output "height_out, width_out"
}
