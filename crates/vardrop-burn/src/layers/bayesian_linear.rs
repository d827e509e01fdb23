//! A linear layer whose weights have a posterior.

use burn::module::{Flag, Module, Param};
use burn::nn::Linear;
use burn::tensor::module::linear;
use burn::tensor::{Tensor, assert_shape};

use crate::estimator::{self, Estimator, FlipoutNoise};
use crate::noise::{NoiseMode, normal_like};
use crate::posterior::{Posterior, means};

/// O = I·W + b with W drawn from a posterior around the means `weight`; no noise enters b.
///
/// Its aliases are [`VariationalLinear`](crate::VariationalLinear), [`SparseLinear`](crate::SparseLinear) and
/// [`MeanFieldLinear`](crate::MeanFieldLinear), each with a configuration of its own. `weight` and `bias` have the names and shapes of
/// Burn's `Linear`, so that a record of one opens in the other.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vardrop_burn::SparseLinearConfig;
///
/// let device = Device::default();
/// let layer = SparseLinearConfig::new(4, 3).init(&device);
/// let output = layer.forward(Tensor::<2>::ones([5, 4], &device));
/// assert_eq!(output.dims(), [5, 3]);
/// ```
#[derive(Module, Debug)]
pub struct BayesianLinear<P: Module> {
    /// θ, the means of the weights, `[d_input, d_output]`.
    pub weight: Param<Tensor<2>>,
    /// b, `[d_output]`.
    pub bias: Option<Param<Tensor<1>>>,
    /// The noise around the means, and its prior.
    pub posterior: P,
    /// Whether it takes part in training; see [`NoiseMode`].
    pub training: Param<Flag>,
    /// How `forward` draws the noise.
    #[module(skip)]
    pub estimator: Estimator,
}

impl<P: Posterior<2>> BayesianLinear<P> {
    /// From an ordinary layer, whose weights become the means.
    pub fn from_linear(layer: Linear, posterior: P) -> Self {
        let (training, estimator) = (Param::from_bool(true), Estimator::default());
        Self { weight: layer.weight, bias: layer.bias, posterior, training, estimator }
    }

    /// The ordinary layer of the means.
    pub fn into_linear(self) -> Linear {
        Linear { weight: self.weight.map(|weight| means(&self.posterior, weight)), bias: self.bias }
    }

    /// With noise as [`NoiseMode::current`] says: in training only, unless that was changed.
    ///
    /// # Shapes
    /// - input: `[..., d_input]`
    /// - output: `[..., d_output]`
    ///
    /// # Panics
    /// The last axis of the input is not `d_input`.
    pub fn forward<const X: usize>(&self, input: Tensor<X>) -> Tensor<X> {
        if NoiseMode::is_noisy(&self.training, &input.device()) { self.drawn(input) } else { self.mean(input) }
    }

    /// Without noise: the means of the weights. Shapes and panics as [`Self::forward`].
    pub fn mean<const X: usize>(&self, input: Tensor<X>) -> Tensor<X> {
        self.check(&input);
        linear(input, self.posterior.mean(self.weight.val()), self.bias())
    }

    /// With noise from the layer's estimator, wherever the input is. Shapes and panics as [`Self::forward`].
    pub fn drawn<const X: usize>(&self, input: Tensor<X>) -> Tensor<X> {
        self.check(&input);
        match self.estimator {
            Estimator::LocalReparameterization => self.local(input, normal_like),
            Estimator::Flipout => {
                let weight = self.weight.val();
                let shape = input.dims();
                let mut output = shape;
                output[X - 1] = weight.dims()[1];
                let noise = FlipoutNoise::draw(&input, &weight, shape, output);
                self.flipout(input, noise)
            }
            Estimator::WeightSample => {
                let noise = normal_like(&self.weight.val());
                self.weight_sample(input, noise)
            }
        }
    }

    /// [`Estimator::LocalReparameterization`] with these standard normal draws.
    ///
    /// # Shapes
    /// - input: `[..., d_input]`
    /// - noise, output: `[..., d_output]`
    pub fn local_reparameterization<const X: usize>(&self, input: Tensor<X>, noise: Tensor<X>) -> Tensor<X> {
        self.local(input, |_| noise)
    }

    /// [`Estimator::Flipout`] with these draws. Shapes as [`Self::forward`].
    pub fn flipout<const X: usize>(&self, input: Tensor<X>, noise: FlipoutNoise<X, 2>) -> Tensor<X> {
        let weight = self.weight.val();
        let deviation = self.posterior.deviation(weight.clone());
        estimator::flipout(linear, input, self.posterior.mean(weight), self.bias(), deviation, noise)
    }

    /// [`Estimator::WeightSample`] with these standard normal draws, `[d_input, d_output]`. Shapes as [`Self::forward`].
    pub fn weight_sample<const X: usize>(&self, input: Tensor<X>, noise: Tensor<2>) -> Tensor<X> {
        let weight = self.weight.val();
        let sampled = self.posterior.mean(weight.clone()) + self.posterior.deviation(weight) * noise;
        linear(input, sampled, self.bias())
    }

    fn local<const X: usize>(&self, input: Tensor<X>, noise: impl FnOnce(&Tensor<X>) -> Tensor<X>) -> Tensor<X> {
        let weight = self.weight.val();
        let variance = self.posterior.variance(weight.clone());
        let mean = self.posterior.mean(weight);
        estimator::local_reparameterization(linear, input, mean, self.bias(), variance, noise)
    }

    fn bias(&self) -> Option<Tensor<1>> {
        self.bias.as_ref().map(Param::val)
    }

    fn check<const X: usize>(&self, input: &Tensor<X>) {
        let [d_input, _] = self.weight.shape().dims();
        assert_shape!(input, [.., d_input]);
    }
}

impl<P: Posterior<2>> From<BayesianLinear<P>> for Linear {
    fn from(layer: BayesianLinear<P>) -> Self {
        layer.into_linear()
    }
}
