//! A convolution is a linear layer on unfolded patches, with the same weights at each position: outputs and gradients agree.

mod common;

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use common::*;
use vardrop_burn::{
    BayesianLinear, Estimator, FlipoutNoise, MeanFieldConv2dConfig, SparseConv1dConfig, SparseConv2dConfig,
    VariationalConv2dConfig,
};

const BATCH: usize = 3;
const IN: usize = 2;
const OUT: usize = 4;
const SIDE: usize = 6;
const KERNEL: usize = 3;
const POSITIONS: usize = (SIDE - KERNEL + 1) * (SIDE - KERNEL + 1);

fn random<const D: usize>(stream: usize, shape: [usize; D], device: &Device) -> Tensor<D> {
    let count: usize = shape.iter().product();
    tensor::<f32, D>(normal::<f32>(stream, (1, count)).as_slice().unwrap(), shape, device)
}

/// Patches as rows, `[batch · positions, channels · kernel²]`, in the order of a convolution's weights.
fn unfold(images: Tensor<4>) -> Tensor<2> {
    let patches = burn::tensor::module::unfold4d(
        images,
        [KERNEL, KERNEL],
        burn::tensor::ops::UnfoldOptions::new([1, 1], [0, 0], [1, 1]),
    );
    patches.swap_dims(1, 2).reshape([BATCH * POSITIONS, IN * KERNEL * KERNEL])
}

/// Rows of outputs as the convolution's, `[batch, channels, height, width]`.
fn fold(rows: Tensor<2>) -> Tensor<4> {
    let side = SIDE - KERNEL + 1;
    rows.reshape([BATCH, POSITIONS, OUT]).swap_dims(1, 2).reshape([BATCH, OUT, side, side])
}

/// The linear layer of a convolution's parameters.
fn rows(weight: Tensor<4>) -> Tensor<2> {
    weight.reshape([OUT, IN * KERNEL * KERNEL]).transpose()
}

macro_rules! compare {
    ($name:ident, $config:expr, |$conv:ident| $posterior:expr, |$linear:ident| $noise:expr, |$same:ident| $of_conv:expr) => {
        #[test]
        fn $name() {
            let device = training();
            let $conv = $config.init(&device);
            let posterior = $posterior;
            let bias = $conv.bias.as_ref().map(|bias| Param::from_tensor(bias.val().detach().require_grad()));
            let weight = rows($conv.weight.val()).detach().require_grad();
            let linear = Linear { weight: Param::from_tensor(weight), bias };
            let $linear = BayesianLinear::from_linear(linear, posterior);
            let side = SIDE - KERNEL + 1;
            let images = random(1, [BATCH, IN, SIDE, SIDE], &device);
            let epsilon = random(2, [BATCH * POSITIONS, OUT], &device);
            let delta = random(3, [BATCH * POSITIONS, OUT], &device);

            let by_conv = $conv.local_reparameterization(images.clone(), fold(epsilon.clone()));
            assert_eq!(by_conv.dims(), [BATCH, OUT, side, side]);
            let by_rows = $linear.local_reparameterization(unfold(images), epsilon);
            assert_close(by_conv.clone(), numbers(fold(by_rows.clone())), 1e-4, "output");

            let of_conv = (by_conv * fold(delta.clone())).sum().backward();
            let of_rows = (by_rows * delta).sum().backward();
            let ours = rows($conv.weight.val().grad(&of_conv).unwrap());
            assert_close(ours, numbers($linear.weight.val().grad(&of_rows).unwrap()), 1e-4, "gradient of the weight");
            let ours = $conv.bias.as_ref().unwrap().val().grad(&of_conv).unwrap();
            let expected = $linear.bias.as_ref().unwrap().val().grad(&of_rows).unwrap();
            assert_close(ours, numbers(expected), 1e-4, "gradient of the bias");
            let $same = &$conv;
            let ours = rows($of_conv.grad(&of_conv).unwrap());
            assert_close(ours, numbers($noise.grad(&of_rows).unwrap()), 1e-4, "gradient of the noise");
        }
    };
}

fn parameter(values: Tensor<4>) -> Param<Tensor<2>> {
    Param::from_tensor(rows(values).detach().require_grad())
}

compare!(
    sparse,
    SparseConv2dConfig::new([IN, OUT], [KERNEL, KERNEL]).with_log_variance(-2.0),
    |conv| vardrop_burn::Sparse { log_variance: parameter(conv.posterior.log_variance.val()), zero_above: None },
    |linear| linear.posterior.log_variance.val(),
    |conv| conv.posterior.log_variance.val()
);
compare!(
    sparse_with_zeros,
    SparseConv2dConfig::new([IN, OUT], [KERNEL, KERNEL]).with_log_variance(-2.0).with_zero_above(Some(3.0)),
    |conv| vardrop_burn::Sparse { log_variance: parameter(conv.posterior.log_variance.val()), zero_above: Some(3.0) },
    |linear| linear.posterior.log_variance.val(),
    |conv| conv.posterior.log_variance.val()
);
compare!(
    mean_field,
    MeanFieldConv2dConfig::new([IN, OUT], [KERNEL, KERNEL]).with_log_variance(-2.0),
    |conv| vardrop_burn::MeanField {
        log_variance: parameter(conv.posterior.log_variance.val()),
        prior_deviation: conv.posterior.prior_deviation.clone(),
    },
    |linear| linear.posterior.log_variance.val(),
    |conv| conv.posterior.log_variance.val()
);
compare!(
    variational,
    VariationalConv2dConfig::new([IN, OUT], [KERNEL, KERNEL]),
    |conv| vardrop_burn::Multiplicative {
        rates: vardrop_burn::Rates::Learned(parameter(conv.posterior.rates.log_alpha()))
    },
    |linear| linear.posterior.rates.log_alpha(),
    |conv| conv.posterior.rates.log_alpha()
);

#[test]
fn a_weight_sample_is_one_convolution_with_the_sampled_weights() {
    let device = Device::default();
    let conv = SparseConv2dConfig::new([IN, OUT], [KERNEL, KERNEL]).with_log_variance(-2.0).init(&device);
    let images = random(1, [BATCH, IN, SIDE, SIDE], &device);
    let epsilon = random(2, [OUT, IN, KERNEL, KERNEL], &device);
    let mut sampled = conv.clone().into_conv();
    sampled.weight = sampled.weight.map(|weight| weight + epsilon.clone() * (-1.0_f64).exp());
    let expected = numbers(sampled.forward(images.clone()));
    assert_close(conv.weight_sample(images, epsilon), expected, 1e-4, "output");
}

#[test]
fn what_is_zero_above_a_threshold_is_zero_in_the_mean_in_every_estimator_and_in_the_ordinary_layer() {
    let device = Device::default();
    let config =
        SparseConv2dConfig::new([IN, OUT], [KERNEL, KERNEL]).with_log_variance(-2.0).with_zero_above(Some(3.0));
    let conv = config.init(&device);
    let images = random(1, [BATCH, IN, SIDE, SIDE], &device);
    let log_alpha = vardrop_burn::log_alpha(conv.weight.val(), conv.posterior.log_variance.val());
    let left: Vec<bool> = log_alpha.into_data().iter::<f64>().map(|log_alpha| log_alpha <= 3.0).collect();
    let share = left.iter().filter(|&&left| left).count() as f64 / left.len() as f64;
    assert!((0.1..0.9).contains(&share), "{share}");
    let means = numbers(conv.clone().into_conv().weight.val());
    for ((mean, weight), left) in means.iter().zip(numbers(conv.weight.val())).zip(left) {
        assert_eq!(*mean, if left { weight } else { 0.0 });
    }
    let expected = numbers(conv.clone().into_conv().forward(images.clone()));
    assert_close(conv.mean(images.clone()), expected.clone(), 1e-6, "mean");
    let none = |shape: [usize; 4]| Tensor::<4>::zeros(shape, &device);
    let (weights, outputs) = (none(conv.weight.dims()), none(conv.mean(images.clone()).dims()));
    let signs = |channels| Tensor::<4>::ones([BATCH, channels, 1, 1], &device);
    let flips = FlipoutNoise { weight: weights.clone(), input_signs: signs(IN), output_signs: signs(OUT) };
    assert_close(conv.weight_sample(images.clone(), weights), expected.clone(), 1e-6, "weight sample");
    assert_close(conv.flipout(images.clone(), flips), expected.clone(), 1e-6, "flipout");
    assert_close(conv.local_reparameterization(images, outputs), expected, 1e-6, "local");
}

#[test]
fn flipout_without_flips_is_a_weight_sample_and_with_them_another_for_each_example() {
    let device = Device::default();
    let conv = SparseConv2dConfig::new([IN, OUT], [KERNEL, KERNEL]).with_log_variance(-2.0).init(&device);
    let image = random(1, [1, IN, SIDE, SIDE], &device);
    let images = image.repeat_dim(0, 2);
    let weight = random(2, [OUT, IN, KERNEL, KERNEL], &device);
    let ones = |channels| Tensor::<4>::ones([2, channels, 1, 1], &device);
    let noise = FlipoutNoise { weight: weight.clone(), input_signs: ones(IN), output_signs: ones(OUT) };
    let expected = numbers(conv.weight_sample(images.clone(), weight));
    assert_close(conv.flipout(images.clone(), noise), expected, 1e-4, "without flips");

    let _seeded = seeded(&device, 1);
    let mut conv = conv;
    conv.estimator = Estimator::Flipout;
    // Of twelve examples many have signs of their own: the same weights' noise counts with another sign.
    let output = conv.drawn(images.repeat_dim(0, 6));
    let mut first_pixels = numbers(output.slice([0..12, 0..1, 0..1, 0..1]));
    first_pixels.sort_by(f64::total_cmp);
    first_pixels.dedup();
    assert!(first_pixels.len() >= 3, "{first_pixels:?}");
}

#[test]
fn a_1d_convolution_is_a_2d_one_of_height_one() {
    let device = Device::default();
    let conv1 = SparseConv1dConfig::new(IN, OUT, KERNEL).with_stride(2).with_log_variance(-2.0).init(&device);
    let mut conv2 =
        SparseConv2dConfig::new([IN, OUT], [1, KERNEL]).with_stride([1, 2]).with_log_variance(-2.0).init(&device);
    conv2.weight = Param::from_tensor(conv1.weight.val().unsqueeze_dim(2));
    conv2.bias = conv1.bias.clone();
    let input = random(1, [BATCH, IN, 9], &device);
    let epsilon = random(2, [BATCH, OUT, 4], &device);
    let expected = conv2.local_reparameterization(input.clone().unsqueeze_dim(2), epsilon.clone().unsqueeze_dim(2));
    assert_close(conv1.local_reparameterization(input, epsilon), numbers(expected), 1e-5, "output");
}
