//! What the estimators draw: means, variances, the distribution, and which outputs share noise.

mod common;

use burn::tensor::{Device, Tensor};
use common::*;
use vardrop::noise::Sharing;
use vardrop_burn::{
    Axis, Estimator, GaussianDropoutConfig, MeanFieldLinearConfig, NoiseMode, SparseConv2dConfig, SparseLinearConfig,
    VariationalDropoutConfig, VariationalLinearConfig,
};

const DRAWS: usize = 20_000;

/// Mean and variance (divisor n).
fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n)
}

/// Five standard errors of a mean, and of a normal variable's variance.
#[track_caller]
fn assert_moments(values: &[f64], mean: f64, variance: f64, what: &str) {
    let found = moments(values);
    let n = values.len() as f64;
    assert!((found.0 - mean).abs() <= 5.0 * (variance / n).sqrt() + 1e-6, "{what}: mean {}, expected {mean}", found.0);
    let error = 5.0 * variance * (2.0 / n).sqrt();
    assert!((found.1 - variance).abs() <= error, "{what}: variance {}, expected {variance}", found.1);
}

/// The Kolmogorov–Smirnov distance of standardised values from N(0, 1).
fn distance_from_normal(values: &[f64], mean: f64, variance: f64) -> f64 {
    let mut z: Vec<f64> = values.iter().map(|x| (x - mean) / variance.sqrt()).collect();
    z.sort_by(f64::total_cmp);
    let n = z.len() as f64;
    let cdf = |x: f64| 0.5 * libm::erfc(-x / std::f64::consts::SQRT_2);
    let gap = |(i, &x): (usize, &f64)| (cdf(x) - i as f64 / n).abs().max((cdf(x) - (i + 1) as f64 / n).abs());
    z.iter().enumerate().map(gap).fold(0.0, f64::max)
}

/// `[draws, 3]`: the same input in each row.
fn rows(device: &Device) -> Tensor<2> {
    Tensor::<2>::from_floats([[1.0, -2.0, 0.5]], device).repeat_dim(0, DRAWS)
}

fn column(output: Tensor<2>, index: usize) -> Vec<f64> {
    numbers(output.narrow(1, index, 1))
}

#[test]
fn local_reparameterization_draws_the_normal_distribution_of_each_posterior() {
    let device = Device::default();
    let _seeded = seeded(&device, 1);
    let x = [1.0, -2.0, 0.5];
    let weights = |weight: Tensor<2>| -> Vec<f64> { column(weight, 0) };
    let mean = |weight: &[f64]| weight.iter().zip(x).map(|(w, x)| w * x).sum::<f64>();

    let sparse = SparseLinearConfig::new(3, 2).with_bias(false).with_log_variance(-1.0).init(&device);
    let weight = weights(sparse.weight.val());
    let variance = (-1.0_f64).exp() * x.iter().map(|x| x * x).sum::<f64>();
    let drawn = column(sparse.drawn(rows(&device)), 0);
    assert_moments(&drawn, mean(&weight), variance, "sparse");
    // The distance has a chance of 1 % to be above 1.63/√n.
    let distance = distance_from_normal(&drawn, mean(&weight), variance);
    assert!(distance < 1.63 / (DRAWS as f64).sqrt(), "{distance}");

    let mean_field = MeanFieldLinearConfig::new(3, 2).with_bias(false).with_log_variance(-1.0).init(&device);
    let weight = weights(mean_field.weight.val());
    assert_moments(&column(mean_field.drawn(rows(&device)), 0), mean(&weight), variance, "mean field");

    for sharing in [Sharing::Layer, Sharing::Unit, Sharing::Weight] {
        let config = VariationalLinearConfig::new(3, 2).with_prob(0.2).with_sharing(sharing).with_bias(false);
        let layer = config.init(&device);
        let weight = weights(layer.weight.val());
        let variance = 0.25 * weight.iter().zip(x).map(|(w, x)| (w * x).powi(2)).sum::<f64>();
        let drawn = column(layer.drawn(rows(&device)), 0);
        assert_moments(&drawn, mean(&weight), variance, &format!("type B by {sharing:?}"));
    }
}

#[test]
fn flipout_and_weight_samples_have_the_same_marginals() {
    let device = Device::default();
    let _seeded = seeded(&device, 2);
    let x = [1.0, -2.0, 0.5];
    let variance = (-1.0_f64).exp() * x.iter().map(|x| x * x).sum::<f64>();
    for estimator in [Estimator::Flipout, Estimator::WeightSample] {
        let config = SparseLinearConfig::new(3, 1).with_bias(false).with_log_variance(-1.0).with_estimator(estimator);
        let layer = config.init(&device);
        let weight = column(layer.weight.val(), 0);
        let mean = weight.iter().zip(x).map(|(w, x)| w * x).sum::<f64>();
        let input = Tensor::<2>::from_floats([x], &device);
        let drawn: Vec<f64> = (0..4_000).flat_map(|_| numbers(layer.drawn(input.clone()))).collect();
        assert_moments(&drawn, mean, variance, &format!("{estimator:?}"));
    }
}

#[test]
fn examples_share_a_weight_sample_and_nothing_else() {
    let device = Device::default();
    let _seeded = seeded(&device, 3);
    let differ = |estimator| {
        let layer = SparseLinearConfig::new(3, 1).with_log_variance(0.0).with_estimator(estimator).init(&device);
        moments(&numbers(layer.drawn(rows(&device)))).1 > 1e-6
    };
    assert!(differ(Estimator::LocalReparameterization));
    assert!(differ(Estimator::Flipout));
    assert!(!differ(Estimator::WeightSample));
}

#[test]
fn positions_of_a_convolution_have_noise_of_their_own() {
    let device = Device::default();
    let _seeded = seeded(&device, 4);
    let conv = SparseConv2dConfig::new([1, 1], [1, 1]).with_bias(false).with_log_variance(-2.0).init(&device);
    let weight = numbers(conv.weight.val())[0];
    let output = conv.drawn(Tensor::full([1, 1, 100, 200], 3.0, &device));
    assert_moments(&numbers(output), 3.0 * weight, 9.0 * (-2.0_f64).exp(), "positions");
}

#[test]
fn dropout_multiplies_by_noise_of_mean_one_and_variance_alpha() {
    let device = Device::default();
    let _seeded = seeded(&device, 5);
    let fixed = GaussianDropoutConfig::new(0.2).init().drawn(rows(&device));
    assert_moments(&column(fixed, 1), -2.0, 0.25 * 4.0, "fixed");
    for sharing in [Sharing::Layer, Sharing::Unit] {
        let layer = VariationalDropoutConfig::new(3).with_prob(0.5).with_sharing(sharing).init(&device);
        assert_moments(&column(layer.drawn(rows(&device)), 1), -2.0, 4.0, "learned");
    }
    let channels = VariationalDropoutConfig::new(2).with_axis(Axis::Channel).init(&device);
    let images = channels.drawn(Tensor::<4>::ones([1, 2, 100, 100], &device));
    assert_moments(&numbers(images), 1.0, 0.25, "channels");
}

#[test]
fn noise_is_drawn_in_training_or_where_it_is_asked_for() {
    let (plain, training) = (Device::default(), training());
    let _seeded = seeded(&plain, 6);
    let layer = SparseLinearConfig::new(3, 2).with_log_variance(0.0).init(&training);
    let valid = burn::module::Module::valid(&layer);
    let [on_plain, on_training] = [&plain, &training].map(|device| Tensor::<2>::ones([4, 3], device));
    let mean = numbers(valid.mean(on_plain.clone()));
    let is_mean = |output: Tensor<2>| numbers(output) == mean;

    assert!(is_mean(valid.forward(on_plain.clone())) && !is_mean(layer.forward(on_training.clone())));
    assert!(!is_mean(NoiseMode::Always.during(|| valid.forward(on_plain.clone()))));
    assert!(is_mean(NoiseMode::Never.during(|| layer.forward(on_training.clone()))));
    assert_eq!(NoiseMode::current(), NoiseMode::Training);
    let panicked = std::panic::catch_unwind(|| NoiseMode::Always.during(|| panic!("on purpose")));
    assert!(panicked.is_err() && NoiseMode::current() == NoiseMode::Training);
    // Frozen layers, as Burn's dropout, take no part in training.
    let frozen = burn::module::Module::freeze(layer);
    assert!(is_mean(frozen.forward(on_training)));
}
