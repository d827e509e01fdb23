//! The configurations of linear and convolutional layers: those of Burn's layers, with what their posterior starts from.

use burn::config::Config;
use burn::module::Param;
use burn::nn::conv::{Conv1d, Conv1dConfig, Conv2d, Conv2dConfig};
use burn::nn::{Initializer, Linear, LinearConfig, PaddingConfig1d, PaddingConfig2d};
use burn::tensor::{Device, Tensor};
use vardrop::noise::{Sharing, alpha_of_rate};

use super::variational_dropout::learnable_alpha;
use super::{
    MeanFieldConv1d, MeanFieldConv2d, MeanFieldLinear, SparseConv1d, SparseConv2d, SparseLinear, VariationalConv1d,
    VariationalConv2d, VariationalLinear,
};
use crate::estimator::Estimator;
use crate::posterior::{MeanField, Multiplicative, Rates, Sparse};

/// Type B for weights of this shape, whose inputs are on axis `units`.
fn multiplicative<const D: usize>(
    (prob, sharing, learned): (f64, Sharing, bool),
    weight: &Tensor<D>,
    units: usize,
) -> Multiplicative<D> {
    let alpha =
        if learned { learnable_alpha(prob) } else { alpha_of_rate(prob).unwrap_or_else(|error| panic!("{error}")) };
    let mut shape = [1; D];
    match sharing {
        Sharing::Layer => {}
        Sharing::Unit => shape[units] = weight.dims()[units],
        Sharing::Weight => shape = weight.dims(),
    }
    let log_alpha = Tensor::full(shape, alpha.ln(), (&weight.device(), weight.dtype()));
    Multiplicative { rates: Rates::new(log_alpha, learned) }
}

fn log_variance<const D: usize>(log_variance: f64, weight: &Tensor<D>) -> Param<Tensor<D>> {
    assert!(log_variance.is_finite(), "log_variance is {log_variance}: expected a finite number, such as -8");
    Param::from_tensor(Tensor::full(weight.dims(), log_variance, (&weight.device(), weight.dtype())))
}

fn sparse<const D: usize>(start: f64, zero_above: Option<f64>, weight: &Tensor<D>) -> Sparse<D> {
    assert!(
        !zero_above.is_some_and(f64::is_nan),
        "zero_above is NaN: expected a number that ln α is compared with, such as 3"
    );
    Sparse { log_variance: log_variance(start, weight), zero_above }
}

fn mean_field<const D: usize>(start: f64, deviation: f64, weight: &Tensor<D>) -> MeanField<D> {
    assert!(
        deviation > 0.0 && deviation.is_finite(),
        "prior_deviation is {deviation}: expected a finite number above 0, such as 1"
    );
    let prior = Tensor::full([1], deviation, (&weight.device(), weight.dtype()));
    MeanField {
        log_variance: log_variance(start, weight),
        prior_deviation: Param::from_tensor(prior).set_require_grad(false),
    }
}

/// One configuration: `required` and `optional` fields of Burn's layer, then `noise`, what the posterior starts from.
macro_rules! config {
    (
        $(#[$attribute:meta])*
        $name:ident makes $layer:ident from $burn:ident of $ordinary:ident by $from:ident,
        required { $($(#[$required_attribute:meta])* $required:ident: $required_type:ty,)* },
        optional { $($(#[$optional_attribute:meta])* $optional:ident: $optional_type:ty => $with:ident,)* },
        noise { $($(#[$noise_attribute:meta])* $noise:ident: $noise_type:ty,)* },
        posterior |$config:ident, $weight:ident| $posterior:expr
    ) => {
        $(#[$attribute])*
        #[derive(Config, Debug)]
        pub struct $name {
            $($(#[$required_attribute])* pub $required: $required_type,)*
            $($(#[$optional_attribute])* pub $optional: $optional_type,)*
            /// If a bias is added.
            #[config(default = true)]
            pub bias: bool,
            /// How the means of the weights start.
            #[config(default = "Initializer::KaimingUniform { gain: 1.0 / 3.0_f64.sqrt(), fan_out_only: false }")]
            pub initializer: Initializer,
            $($(#[$noise_attribute])* pub $noise: $noise_type,)*
            /// How `forward` draws the noise.
            #[config(default = "Estimator::LocalReparameterization")]
            pub estimator: Estimator,
        }

        impl $name {
            /// Makes the layer.
            ///
            /// # Panics
            /// A value outside its range; the message names it and says which are allowed.
            pub fn init(&self, device: &Device) -> $layer {
                let ordinary = $burn::new($(self.$required),*)
                    $(.$with(self.$optional.clone()))*
                    .with_bias(self.bias)
                    .with_initializer(self.initializer.clone())
                    .init(device);
                self.init_from(ordinary)
            }

            /// Makes the layer from an ordinary one, trained or not, whose weights become the means. Shapes come from there.
            ///
            /// # Panics
            /// As [`Self::init`].
            pub fn init_from(&self, ordinary: $ordinary) -> $layer {
                let ($config, $weight) = (self, &ordinary.weight.val());
                let posterior = $posterior;
                $layer { estimator: self.estimator, ..$layer::$from(ordinary, posterior) }
            }
        }
    };
}

/// The three configurations of one shape: `shape` is the macro below that adds Burn's own fields.
macro_rules! posteriors {
    (
        $shape:ident, $what:literal, unit $unit:literal on axis $axis:literal,
        $variational:ident makes $variational_layer:ident,
        $sparse:ident makes $sparse_layer:ident,
        $mean_field:ident makes $mean_field_layer:ident
    ) => {
        $shape! {
            #[doc = concat!("Configuration of a ", $what, " with type B: α learned, W ~ N(θ, α ∘ θ²).")]
            $variational makes $variational_layer,
            noise {
                /// The dropout rate p at which α = p/(1 − p) starts, at most 0.5; any below 1 where it is not learned.
                #[config(default = "0.5")]
                prob: f64,
                #[doc = concat!("One α for each weight, for each ", $unit, ", or for the layer.")]
                #[config(default = "Sharing::Weight")]
                sharing: Sharing,
                /// Whether α is learned. If not, the layer is the Gaussian dropout of Wang & Manning (2013), and has no KL term.
                #[config(default = true)]
                learned: bool,
            },
            posterior |config, weight| multiplicative((config.prob, config.sharing, config.learned), weight, $axis)
        }

        $shape! {
            #[doc = concat!("Configuration of a ", $what, " with sparse variational dropout: W ~ N(θ, σ²), log-uniform prior.")]
            $sparse makes $sparse_layer,
            noise {
                /// ln σ² at the start of training.
                #[config(default = "-8.0")]
                log_variance: f64,
                /// Weights whose ln α is above this have the mean 0 (see [`Sparse::zero_above`]).
                #[config(default = "None")]
                zero_above: Option<f64>,
            },
            posterior |config, weight| sparse(config.log_variance, config.zero_above, weight)
        }

        $shape! {
            #[doc = concat!("Configuration of a ", $what, " with mean field: W ~ N(μ, σ²), prior N(0, s²).")]
            $mean_field makes $mean_field_layer,
            noise {
                /// ln σ² at the start of training.
                #[config(default = "-8.0")]
                log_variance: f64,
                /// s, the standard deviation of the prior.
                #[config(default = "1.0")]
                prior_deviation: f64,
            },
            posterior |config, weight| mean_field(config.log_variance, config.prior_deviation, weight)
        }
    };
}

macro_rules! linear {
    ($(#[$attribute:meta])* $name:ident makes $layer:ident, $($rest:tt)*) => {
        config! {
            $(#[$attribute])*
            $name makes $layer from LinearConfig of Linear by from_linear,
            required {
                /// The size of the input.
                d_input: usize,
                /// The size of the output.
                d_output: usize,
            },
            optional {},
            $($rest)*
        }
    };
}

macro_rules! conv1d {
    ($(#[$attribute:meta])* $name:ident makes $layer:ident, $($rest:tt)*) => {
        config! {
            $(#[$attribute])*
            $name makes $layer from Conv1dConfig of Conv1d by from_conv,
            required {
                /// The number of input channels.
                channels_in: usize,
                /// The number of output channels.
                channels_out: usize,
                /// The size of the kernel.
                kernel_size: usize,
            },
            optional {
                /// The stride.
                #[config(default = "1")]
                stride: usize => with_stride,
                /// Spacing between kernel elements.
                #[config(default = "1")]
                dilation: usize => with_dilation,
                /// Groups of channels that are not connected.
                #[config(default = "1")]
                groups: usize => with_groups,
                /// The padding.
                #[config(default = "PaddingConfig1d::Valid")]
                padding: PaddingConfig1d => with_padding,
            },
            $($rest)*
        }
    };
}

macro_rules! conv2d {
    ($(#[$attribute:meta])* $name:ident makes $layer:ident, $($rest:tt)*) => {
        config! {
            $(#[$attribute])*
            $name makes $layer from Conv2dConfig of Conv2d by from_conv,
            required {
                /// The numbers of input and output channels.
                channels: [usize; 2],
                /// The size of the kernel.
                kernel_size: [usize; 2],
            },
            optional {
                /// The stride.
                #[config(default = "[1, 1]")]
                stride: [usize; 2] => with_stride,
                /// Spacing between kernel elements.
                #[config(default = "[1, 1]")]
                dilation: [usize; 2] => with_dilation,
                /// Groups of channels that are not connected.
                #[config(default = "1")]
                groups: usize => with_groups,
                /// The padding.
                #[config(default = "PaddingConfig2d::Valid")]
                padding: PaddingConfig2d => with_padding,
            },
            $($rest)*
        }
    };
}

posteriors! {
    linear, "linear layer", unit "input unit" on axis 0,
    VariationalLinearConfig makes VariationalLinear, SparseLinearConfig makes SparseLinear, MeanFieldLinearConfig makes MeanFieldLinear
}

posteriors! {
    conv1d, "1D convolution", unit "input channel" on axis 1,
    VariationalConv1dConfig makes VariationalConv1d, SparseConv1dConfig makes SparseConv1d, MeanFieldConv1dConfig makes MeanFieldConv1d
}

posteriors! {
    conv2d, "2D convolution", unit "input channel" on axis 1,
    VariationalConv2dConfig makes VariationalConv2d, SparseConv2dConfig makes SparseConv2d, MeanFieldConv2dConfig makes MeanFieldConv2d
}
