//! Networks of the core crate as Burn modules, and back.

use burn::module::{Module, Param, ParamId};
use burn::nn::{Dropout, DropoutConfig, Linear};
use burn::tensor::{DType, Device, Distribution, Tensor, TensorData, activation};
use std::path::Path;
use vardrop::layers::{Activation, Additive, Binary, GaussianInput, GaussianOutput, Layer, Noise, Prior};
use vardrop::likelihood::{Likelihood, Variance};
use vardrop::ndarray::{Array1, Array2};
use vardrop::noise::Rates as CoreRates;
use vardrop::{Error, Network, Real, Result};

use crate::layers::{Axis, BayesianLinear, VariationalDropout};
use crate::noise::NoiseMode;
use crate::objective::kl_divergence;
use crate::posterior::{MeanField, Multiplicative, Rates, Sparse};
use crate::predict::array;

/// A network of the core crate: dense layers in a row, with noise and activations.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vardrop::Network;
/// use vardrop::layers::{Activation, GaussianOutput};
/// use vardrop_burn::CoreNetwork;
///
/// let network: Network = Network::builder(4)
///     .dense(8, Activation::Relu).noise(GaussianOutput::learned(0.5))
///     .dense(3, Activation::Identity)
///     .build(1)?;
/// let path = std::env::temp_dir().join(format!("bridge-{}.safetensors", std::process::id()));
/// network.save(&path)?;
///
/// let device = Device::default();
/// let module = CoreNetwork::open(&path, &device)?;
/// assert_eq!(module.forward(Tensor::<2>::ones([5, 4], &device)).dims(), [5, 3]);
/// assert_eq!(module.into_network::<f32>()?, network);
/// # std::fs::remove_file(path).ok();
/// # Ok::<(), vardrop::Error>(())
/// ```
#[derive(Module, Debug)]
pub struct CoreNetwork {
    /// The layers, from the input to the output.
    pub layers: Vec<CoreLayer>,
    /// ln σ² of the targets where it is learned, `[targets]`.
    pub log_variance: Option<Param<Tensor<1>>>,
    #[module(skip)]
    likelihood: Likelihood<f64>,
}

/// A layer of a [`CoreNetwork`]: noise on its input or on its weights, and its activation.
#[derive(Module, Debug)]
pub struct CoreLayer {
    /// Binary dropout on the input.
    pub binary: Option<Dropout>,
    /// Gaussian noise on the input (type A).
    pub gaussian: Option<VariationalDropout>,
    /// Weights and bias, and the noise of the weights.
    pub map: CoreMap,
    #[module(skip)]
    activation: Activation,
    /// What [`CoreNetwork::kl_divergence`] multiplies the layer's KL term by.
    pub kl_weight: f64,
}

/// The weights of a [`CoreLayer`].
#[derive(Module, Debug)]
pub enum CoreMap {
    /// Without noise.
    Dense(Linear),
    /// Type B.
    Variational(BayesianLinear<Multiplicative<2>>),
    /// σ² learned, log-uniform prior.
    Sparse(BayesianLinear<Sparse<2>>),
    /// σ² learned, Gaussian prior.
    MeanField(BayesianLinear<MeanField<2>>),
}

impl CoreNetwork {
    /// Opens a file of [`Network::save`], of single precision.
    ///
    /// # Errors
    /// As [`Network::open`] and [`Self::from_network`].
    pub fn open(path: impl AsRef<Path>, device: &Device) -> Result<Self> {
        Self::from_network(&Network::<f32>::open(path)?, device)
    }

    /// The network in its own precision.
    ///
    /// # Errors
    /// A layer with a Gaussian prior that leaves weights out of its mean ([`Additive::zero_above`]): those modules keep them all.
    pub fn from_network<T: Real>(network: &Network<T>, device: &Device) -> Result<Self> {
        for (index, layer) in network.layers().iter().enumerate() {
            if let Noise::Additive(Additive { zero_above: Some(threshold), prior: Prior::Normal { .. }, .. }) =
                layer.noise
            {
                return Err(Error::Argument {
                    name: "zero_above",
                    value: format!("{threshold} (layer {index})"),
                    expected: "None for a layer with a Gaussian prior: its module keeps every mean".to_owned(),
                });
            }
        }
        let likelihood = match network.likelihood() {
            Likelihood::Categorical => Likelihood::Categorical,
            Likelihood::Gaussian(Variance::Fixed(variance)) => Likelihood::Gaussian(Variance::Fixed(*variance)),
            Likelihood::Gaussian(Variance::Predicted) => Likelihood::Gaussian(Variance::Predicted),
            Likelihood::Gaussian(Variance::Learned { log_variance }) => {
                Likelihood::Gaussian(Variance::Learned { log_variance: log_variance.mapv(T::f64) })
            }
        };
        let log_variance = match network.likelihood() {
            Likelihood::Gaussian(Variance::Learned { log_variance }) => Some(parameter(log_variance.iter(), device)),
            _ => None,
        };
        let layers = network.layers().iter().map(|layer| CoreLayer::from_layer(layer, device)).collect();
        Ok(Self { layers, log_variance, likelihood })
    }

    /// The network of the core crate with these values. [`Network::save`] writes it.
    ///
    /// # Errors
    /// A learned α above 1: [`project`](crate::project) was not called.
    pub fn into_network<T: Real>(self) -> Result<Network<T>> {
        let layers: Result<Vec<_>> = self.layers.into_iter().map(CoreLayer::into_layer).collect();
        let likelihood = match (self.likelihood, self.log_variance) {
            (Likelihood::Categorical, _) => Likelihood::Categorical,
            (Likelihood::Gaussian(Variance::Fixed(variance)), _) => Likelihood::Gaussian(Variance::Fixed(variance)),
            (_, Some(log_variance)) => {
                let log_variance = vector(log_variance.val());
                Likelihood::Gaussian(Variance::Learned { log_variance })
            }
            _ => Likelihood::Gaussian(Variance::Predicted),
        };
        Network::from_layers(layers?)?.with_likelihood(likelihood)
    }

    /// The outputs: what the likelihood makes of them is the core's matter.
    ///
    /// # Shapes
    /// - input: `[examples, inputs]`
    /// - output: `[examples, outputs]`
    ///
    /// # Panics
    /// An input of another width.
    pub fn forward(&self, input: Tensor<2>) -> Tensor<2> {
        self.layers.iter().fold(input, |input, layer| layer.forward(input))
    }

    /// Σ of the layers' KL terms, each with its weight, `[1]`. ([`kl_divergence`] of the module counts each in full.)
    pub fn kl_divergence(&self) -> Tensor<1> {
        let terms = self.layers.iter().map(|layer| kl_divergence(layer) * layer.kl_weight);
        terms.reduce(|sum, term| sum + term).expect("a network has layers")
    }
}

impl CoreLayer {
    fn from_layer<T: Real>(layer: &Layer<T>, device: &Device) -> Self {
        let dim = layer.dim();
        let linear =
            Linear { weight: parameter_of(&layer.weight, device), bias: Some(parameter(layer.bias.iter(), device)) };
        let (mut binary, mut gaussian) = (None, None);
        let map = match &layer.noise {
            Noise::None => CoreMap::Dense(linear),
            Noise::Binary(noise) => {
                binary = Some(DropoutConfig::new(noise.rate).init());
                CoreMap::Dense(linear)
            }
            Noise::GaussianInput(noise) => {
                let variables = (dim.0 / noise.rates.log_alpha.nrows()) as i64;
                gaussian = Some(VariationalDropout {
                    rates: Rates::new(tensor(noise.rates.log_alpha.iter(), device), noise.rates.learned),
                    variables: Param::initialized(ParamId::new(), Tensor::from_ints([variables], device)),
                    training: Param::from_bool(true),
                    axis: Axis::Last,
                });
                CoreMap::Dense(linear)
            }
            Noise::GaussianOutput(noise) => {
                let log_alpha = tensor_of(&noise.rates.log_alpha, device);
                let posterior = Multiplicative { rates: Rates::new(log_alpha, noise.rates.learned) };
                CoreMap::Variational(BayesianLinear::from_linear(linear, posterior))
            }
            Noise::Additive(noise) => {
                let log_variance = parameter_of(&noise.log_variance, device);
                match noise.prior {
                    Prior::LogUniform => {
                        let posterior = Sparse { log_variance, zero_above: noise.zero_above };
                        CoreMap::Sparse(BayesianLinear::from_linear(linear, posterior))
                    }
                    Prior::Normal { deviation } => {
                        let prior = Tensor::full([1], deviation, (device, linear.weight.val().dtype()));
                        let prior_deviation = Param::from_tensor(prior).set_require_grad(false);
                        let posterior = MeanField { log_variance, prior_deviation };
                        CoreMap::MeanField(BayesianLinear::from_linear(linear, posterior))
                    }
                }
            }
        };
        Self { binary, gaussian, map, activation: layer.activation, kl_weight: layer.kl_weight }
    }

    fn into_layer<T: Real>(self) -> Result<Layer<T>> {
        let input_noise = match (self.binary, self.gaussian) {
            (Some(dropout), _) => Noise::Binary(Binary { rate: dropout.prob }),
            (None, Some(dropout)) => {
                let log_alpha = vector(dropout.rates.log_alpha());
                let rates = (log_alpha.len(), 1);
                let log_alpha = log_alpha.into_shape_with_order(rates).expect("as many numbers");
                Noise::GaussianInput(GaussianInput {
                    rates: CoreRates { log_alpha, learned: dropout.rates.is_learned() },
                })
            }
            (None, None) => Noise::None,
        };
        let (linear, noise) = match self.map {
            CoreMap::Dense(linear) => (linear, input_noise),
            CoreMap::Variational(layer) => {
                let rates = &layer.posterior.rates;
                let rates = CoreRates { log_alpha: matrix(rates.log_alpha()), learned: rates.is_learned() };
                (layer.into_linear(), GaussianOutput { rates }.into())
            }
            CoreMap::Sparse(layer) => {
                let log_variance = matrix(layer.posterior.log_variance.val());
                let zero_above = layer.posterior.zero_above;
                // θ itself, not the means that leave weights out.
                let linear = Linear { weight: layer.weight, bias: layer.bias };
                (linear, Additive { log_variance, prior: Prior::LogUniform, zero_above }.into())
            }
            CoreMap::MeanField(layer) => {
                let log_variance = matrix(layer.posterior.log_variance.val());
                let deviation = layer.posterior.prior_deviation.val().into_scalar::<f64>();
                (
                    layer.into_linear(),
                    Additive { log_variance, prior: Prior::Normal { deviation }, zero_above: None }.into(),
                )
            }
        };
        let weight = matrix(linear.weight.val());
        let bias = match linear.bias {
            Some(bias) => vector(bias.val()),
            None => Array1::zeros(weight.ncols()),
        };
        Ok(Layer::new(weight, bias, noise)?.activation(self.activation).kl_weight(self.kl_weight))
    }

    /// The layer's output, with noise as [`NoiseMode::current`] says.
    ///
    /// # Shapes
    /// - input: `[examples, in]`
    /// - output: `[examples, out]`
    ///
    /// # Panics
    /// An input of another width.
    pub fn forward(&self, input: Tensor<2>) -> Tensor<2> {
        let mut input = input;
        if let Some(dropout) = &self.binary
            && NoiseMode::is_noisy(&dropout.training, &input.device())
        {
            let keep = 1.0 - dropout.prob;
            let kept = input.random_like(Distribution::Bernoulli(keep));
            input = input * kept / keep;
        }
        if let Some(dropout) = &self.gaussian {
            input = dropout.forward(input);
        }
        let output = match &self.map {
            CoreMap::Dense(linear) => linear.forward(input),
            CoreMap::Variational(layer) => layer.forward(input),
            CoreMap::Sparse(layer) => layer.forward(input),
            CoreMap::MeanField(layer) => layer.forward(input),
        };
        match self.activation {
            Activation::Identity => output,
            Activation::Relu => activation::relu(output),
            Activation::LeakyRelu { slope } => activation::leaky_relu(output, slope),
            Activation::Tanh => output.tanh(),
            Activation::Softplus => activation::softplus(output, 1.0),
            Activation::Sigmoid => activation::sigmoid(output),
            Activation::Gelu => activation::gelu(output),
        }
    }
}

/// Values in their own precision, `[values]`.
fn tensor<'a, T: Real>(values: impl Iterator<Item = &'a T>, device: &Device) -> Tensor<1> {
    let values: Vec<f64> = values.map(|x| x.f64()).collect();
    let dtype = if size_of::<T>() == 4 { DType::F32 } else { DType::F64 };
    let shape = [values.len()];
    Tensor::from_data(TensorData::new(values, shape).convert_dtype(dtype), (device, dtype))
}

fn tensor_of<T: Real>(array: &Array2<T>, device: &Device) -> Tensor<2> {
    tensor(array.iter(), device).reshape([array.nrows(), array.ncols()])
}

fn parameter<'a, T: Real>(values: impl Iterator<Item = &'a T>, device: &Device) -> Param<Tensor<1>> {
    Param::from_tensor(tensor(values, device))
}

fn parameter_of<T: Real>(array: &Array2<T>, device: &Device) -> Param<Tensor<2>> {
    Param::from_tensor(tensor_of(array, device))
}

fn matrix<T: Real>(tensor: Tensor<2>) -> Array2<T> {
    array(tensor).mapv(T::of)
}

fn vector<T: Real>(tensor: Tensor<1>) -> Array1<T> {
    tensor.into_data().iter::<f64>().map(T::of).collect()
}
