//! A 1D convolution whose weights have a posterior.

use burn::module::{Flag, Module, Param, ParamId};
use burn::nn::PaddingConfig1d;
use burn::nn::conv::Conv1d;
use burn::tensor::Tensor;

use crate::estimator::{self, Estimator, FlipoutNoise};
use crate::noise::{NoiseMode, normal_like};
use crate::posterior::Posterior;

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
#[derive(Module, Debug)]
pub struct BayesianConv1d<P: Module> {
    /// θ, the means of the weights, `[channels_out, channels_in / groups, kernel_size]`.
    pub weight: Param<Tensor<3>>,
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
    pub stride: usize,
    /// Size of the kernel.
    pub kernel_size: usize,
    /// Spacing between kernel elements.
    pub dilation: usize,
    /// Groups of channels that are not connected.
    pub groups: usize,
    /// The padding.
    #[module(skip)]
    pub padding: PaddingConfig1d,
}

impl<P: Posterior<3>> BayesianConv1d<P> {
    /// From an ordinary convolution, whose weights become the means.
    pub fn from_conv(layer: Conv1d, posterior: P) -> Self {
        let Conv1d { weight, bias, stride, kernel_size, dilation, groups, padding } = layer;
        let (training, estimator) = (Param::from_bool(true), Estimator::default());
        Self { weight, bias, posterior, training, estimator, stride, kernel_size, dilation, groups, padding }
    }

    /// The ordinary convolution of the means.
    pub fn into_conv(self) -> Conv1d {
        let Self { weight, bias, stride, kernel_size, dilation, groups, padding, .. } = self;
        Conv1d { weight, bias, stride, kernel_size, dilation, groups, padding }
    }

    /// With noise as [`NoiseMode::current`] says: in training only, unless that was changed.
    ///
    /// # Shapes
    /// - input: `[batch, channels_in, length_in]`
    /// - output: `[batch, channels_out, length_out]`
    ///
    /// # Panics
    /// Another number of channels than the layer has.
    pub fn forward(&self, input: Tensor<3>) -> Tensor<3> {
        if NoiseMode::is_noisy(&self.training, &input.device()) { self.drawn(input) } else { self.mean(input) }
    }

    /// Without noise: the means of the weights. Shapes and panics as [`Self::forward`].
    pub fn mean(&self, input: Tensor<3>) -> Tensor<3> {
        self.convolve(input, self.weight.val(), self.bias())
    }

    /// With noise from the layer's estimator, wherever the input is. Shapes and panics as [`Self::forward`].
    pub fn drawn(&self, input: Tensor<3>) -> Tensor<3> {
        match self.estimator {
            Estimator::LocalReparameterization => self.local(input, normal_like),
            Estimator::Flipout => {
                let weight = self.weight.val();
                let [batch, channels, ..] = input.dims();
                let [outputs, ..] = weight.dims();
                let noise = FlipoutNoise::draw(&input, &weight, [batch, channels, 1], [batch, outputs, 1]);
                self.flipout(input, noise)
            }
            Estimator::WeightSample => {
                let noise = normal_like(&self.weight.val());
                self.weight_sample(input, noise)
            }
        }
    }

    /// [`Estimator::LocalReparameterization`] with these standard normal draws, in the shape of the output.
    pub fn local_reparameterization(&self, input: Tensor<3>, noise: Tensor<3>) -> Tensor<3> {
        self.local(input, |_| noise)
    }

    /// [`Estimator::Flipout`] with these draws.
    pub fn flipout(&self, input: Tensor<3>, noise: FlipoutNoise<3, 3>) -> Tensor<3> {
        let weight = self.weight.val();
        let deviation = self.posterior.deviation(weight.clone());
        let conv = |input, weight, bias| self.convolve(input, weight, bias);
        estimator::flipout(conv, input, weight, self.bias(), deviation, noise)
    }

    /// [`Estimator::WeightSample`] with these standard normal draws, in the shape of the weights.
    pub fn weight_sample(&self, input: Tensor<3>, noise: Tensor<3>) -> Tensor<3> {
        let weight = self.weight.val();
        let sampled = weight.clone() + self.posterior.deviation(weight) * noise;
        self.convolve(input, sampled, self.bias())
    }

    fn local(&self, input: Tensor<3>, noise: impl FnOnce(&Tensor<3>) -> Tensor<3>) -> Tensor<3> {
        let weight = self.weight.val();
        let variance = self.posterior.variance(weight.clone());
        let conv = |input, weight, bias| self.convolve(input, weight, bias);
        let [outputs, ..] = weight.dims();
        estimator::local_reparameterization(conv, input, weight, self.bias(), variance, outputs, noise)
    }

    fn bias(&self) -> Option<Tensor<1>> {
        self.bias.as_ref().map(Param::val)
    }

    /// Burn's convolution of an input, with other weights than the means.
    fn convolve(&self, input: Tensor<3>, weight: Tensor<3>, bias: Option<Tensor<1>>) -> Tensor<3> {
        let conv = Conv1d {
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

impl<P: Posterior<3>> From<BayesianConv1d<P>> for Conv1d {
    fn from(layer: BayesianConv1d<P>) -> Self {
        layer.into_conv()
    }
}
