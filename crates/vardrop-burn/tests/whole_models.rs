//! What is done to a whole model: its KL term, the projection, conversion, pruning.

mod common;

use burn::module::{Module, Param};
use burn::nn::conv::Conv2dConfig;
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, RmsPropConfig, SgdConfig};
use burn::tensor::{Device, Tensor};
use common::*;
use vardrop::noise::Sharing;
use vardrop_burn::{
    CoreNetwork, Kind, MeanFieldLinear, MeanFieldLinearConfig, Scaled, SparseConv1d, SparseConv1dConfig, SparseConv2d,
    SparseConv2dConfig, SparseLinear, SparseLinearConfig, VariationalConv2d, VariationalConv2dConfig,
    VariationalDropout, VariationalDropoutConfig, VariationalLinear, VariationalLinearConfig, kl_by_layer,
    kl_divergence, log_alpha, negative_kl, noise_parameters, normal_negative_kl, open_compact, project, prune,
    save_compact, sparse_negative_kl, sparsity,
};

/// Part of a model, as users nest them.
#[derive(Module, Debug)]
struct Block {
    conv: VariationalConv2d,
    dropout: Option<VariationalDropout>,
}

/// Layers of all kinds, in every container that Burn has, beside layers that are not stochastic.
#[derive(Module, Debug)]
struct Everything {
    ordinary: Linear,
    blocks: Vec<Block>,
    one: SparseConv1d,
    pair: (SparseConv2d, SparseLinear),
    array: [MeanFieldLinear; 2],
    head: VariationalLinear,
    fixed: VariationalLinear,
}

fn everything(device: &Device) -> Everything {
    let block = |dropout| Block {
        conv: VariationalConv2dConfig::new([2, 3], [3, 3]).with_sharing(Sharing::Unit).init(device),
        dropout,
    };
    Everything {
        ordinary: LinearConfig::new(4, 4).init(device),
        blocks: vec![
            block(Some(VariationalDropoutConfig::new(7).with_sharing(Sharing::Layer).init(device))),
            block(None),
        ],
        one: SparseConv1dConfig::new(2, 3, 5).init(device),
        pair: (SparseConv2dConfig::new([1, 2], [2, 2]).init(device), SparseLinearConfig::new(3, 4).init(device)),
        array: [1.0, 0.5].map(|s| MeanFieldLinearConfig::new(3, 2).with_prior_deviation(s).init(device)),
        head: VariationalLinearConfig::new(5, 2).with_prob(0.2).init(device),
        fixed: VariationalLinearConfig::new(5, 2).with_learned(false).init(device),
    }
}

fn one(tensor: Tensor<1>) -> f64 {
    tensor.into_scalar::<f64>()
}

#[test]
fn the_kl_term_of_a_model_is_that_of_its_layers() {
    let device = Device::default();
    let model = everything(&device);
    let flat = |weight: Tensor<4>| weight.reshape([-1]);
    // By hand, layer by layer.
    let relative = |alpha: f64, variables: usize| vardrop::noise::negative_kl(alpha) * variables as f64;
    let sparse =
        |weight: Tensor<1>, log_variance: Tensor<1>| one(sparse_negative_kl(log_alpha(weight, log_variance)).sum());
    let mean_field = |layer: &MeanFieldLinear, deviation: f64| {
        let (weight, log) = (layer.weight.val().reshape([-1]), layer.posterior.log_variance.val().reshape([-1]));
        one(normal_negative_kl(weight, log, Tensor::full([1], deviation, &device)).sum())
    };
    let expected = [
        ("blocks.0.conv", Kind::Variational, relative(1.0, 2 * 3 * 9)),
        ("blocks.0.dropout", Kind::VariationalDropout, relative(0.25, 7)),
        ("blocks.1.conv", Kind::Variational, relative(1.0, 2 * 3 * 9)),
        (
            "one",
            Kind::Sparse,
            sparse(model.one.weight.val().reshape([-1]), model.one.posterior.log_variance.val().reshape([-1])),
        ),
        (
            "pair.0",
            Kind::Sparse,
            sparse(flat(model.pair.0.weight.val()), flat(model.pair.0.posterior.log_variance.val())),
        ),
        (
            "pair.1",
            Kind::Sparse,
            sparse(model.pair.1.weight.val().reshape([-1]), model.pair.1.posterior.log_variance.val().reshape([-1])),
        ),
        ("array.0", Kind::MeanField, mean_field(&model.array[0], 1.0)),
        ("array.1", Kind::MeanField, mean_field(&model.array[1], 0.5)),
        ("head", Kind::Variational, relative(0.25, 10)),
        ("fixed", Kind::Fixed, 0.0),
    ];
    let layers = kl_by_layer(&model);
    assert_eq!(layers.len(), expected.len());
    for (layer, (path, kind, negative_kl)) in layers.into_iter().zip(&expected) {
        assert_eq!((layer.path.as_str(), layer.kind), (*path, *kind));
        let kl = one(layer.kl);
        assert!(
            (kl + negative_kl).abs() <= 1e-4 * negative_kl.abs().max(1.0),
            "{path}: {kl}, expected {}",
            -negative_kl
        );
    }
    let sum: f64 = expected.iter().map(|(_, _, negative_kl)| negative_kl).sum();
    let kl = one(kl_divergence(&model));
    assert!((kl + sum).abs() < 1e-3 * sum.abs(), "{kl}, expected {}", -sum);
    assert_eq!(one(kl_divergence(&model.ordinary)), 0.0);
    // In validation too, and elementwise from the core's formula.
    assert!((one(kl_divergence(&model.valid())) - kl).abs() < 1e-3);
    let at_one = one(negative_kl(Tensor::<1>::zeros([1], &device)));
    assert!((at_one - vardrop::noise::negative_kl(1.0)).abs() < 1e-5);
}

#[test]
fn every_noise_parameter_of_a_model_has_a_gradient_from_its_kl_term() {
    let model = everything(&training());
    let gradients = kl_divergence(&model).backward();
    for log_alpha in [&model.blocks[0].conv.posterior.rates, &model.blocks[1].conv.posterior.rates] {
        assert!(log_alpha.log_alpha().grad(&gradients).is_some());
    }
    assert!(model.blocks[0].dropout.as_ref().unwrap().rates.log_alpha().grad(&gradients).is_some());
    assert!(model.pair.0.posterior.log_variance.val().grad(&gradients).is_some());
    assert!(model.array[1].posterior.log_variance.val().grad(&gradients).is_some());
    assert!(model.array[1].posterior.prior_deviation.val().grad(&gradients).is_none(), "the prior is given");
    assert!(model.ordinary.weight.val().grad(&gradients).is_none());
}

#[test]
fn no_optimizer_takes_alpha_above_one_and_it_comes_back() {
    let device = training();
    let optimizers: [(&str, ModuleOptimizer, f64); 3] = [
        ("SGD", SgdConfig::new().init(), 1.0),
        ("Adam", AdamConfig::new().init(), 0.5),
        ("RMSProp", RmsPropConfig::new().init(), 0.5),
    ];
    for (name, mut optimizer, rate) in optimizers {
        let mut layer = VariationalLinearConfig::new(2, 3).with_prob(0.4).init(&device);
        let mut step = |layer: VariationalLinear, sign: f64| {
            let gradients = (kl_divergence(&layer) * sign).backward();
            let gradients = GradientsParams::from_grads(gradients, &layer);
            project(optimizer.step(rate, layer, gradients))
        };
        for _ in 0..10 {
            layer = step(layer, 1.0);
        }
        let log_alpha = |layer: &VariationalLinear| numbers(layer.posterior.rates.log_alpha());
        assert!(log_alpha(&layer).iter().all(|&x| x == 0.0), "{name}: {:?}", log_alpha(&layer));
        for _ in 0..30 {
            layer = step(layer, -1.0);
        }
        assert!(log_alpha(&layer).iter().all(|&x| x < -0.1), "{name}: {:?}", log_alpha(&layer));
    }
}

#[test]
fn a_larger_step_reaches_the_noise_alone() {
    let device = training();
    let (adam, layer) = (AdamConfig::new(), SparseLinearConfig::new(3, 2).init(&device));
    let mut optimizer = adam.init().with_group(noise_parameters(), Scaled::new(adam.build(), 10.0), None);
    let before = (numbers(layer.weight.val()), numbers(layer.posterior.log_variance.val()));
    let gradients = GradientsParams::from_grads(kl_divergence(&layer).backward(), &layer);
    let layer = optimizer.step(0.01, layer, gradients);
    let moved =
        |before: &[f64], after: Vec<f64>| before.iter().zip(after).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    let (weight, noise) =
        (moved(&before.0, numbers(layer.weight.val())), moved(&before.1, numbers(layer.posterior.log_variance.val())));
    assert!((0.009..0.011).contains(&weight) && (0.09..0.11).contains(&noise), "{weight}, {noise}");
}

#[test]
fn ordinary_layers_become_bayesian_and_come_back() {
    let device = Device::default();
    let conv = Conv2dConfig::new([1, 2], [3, 3]).with_stride([2, 2]).init(&device);
    let images = Tensor::<4>::ones([1, 1, 7, 7], &device);
    let expected = numbers(conv.forward(images.clone()));
    let sparse = SparseConv2dConfig::new([1, 2], [3, 3]).init_from(conv);
    assert_eq!(numbers(sparse.forward(images.clone())), expected);
    assert_eq!(sparse.posterior.log_variance.val().dims(), [2, 1, 3, 3]);
    assert_eq!(numbers(burn::nn::conv::Conv2d::from(sparse).forward(images)), expected);
    // A record of the ordinary model opens in the Bayesian one.
    let linear = LinearConfig::new(3, 2).init(&device);
    let layer = MeanFieldLinearConfig::new(3, 2).init(&device);
    let layer = layer.load_record(linear.clone().into_record().allow_partial(true));
    assert_eq!(numbers(layer.weight.val()), numbers(linear.weight.val()));
}

/// A model whose weights are half noise.
fn half_noise(device: &Device) -> (SparseConv2d, SparseLinear) {
    let conv = SparseConv2dConfig::new([1, 2], [2, 2]).with_log_variance(-6.0).init(device);
    let linear = SparseLinearConfig::new(10, 6).with_log_variance(-6.0).init(device);
    (conv, linear)
}

#[test]
fn pruned_predictions_are_those_of_masked_weights() {
    let device = Device::default();
    let (conv, mut linear) = half_noise(&device);
    // θ² above and below σ²/e³.
    let weights: Vec<f32> = (0..60).map(|i| if i % 3 == 0 { 0.5 } else { 0.001 }).collect();
    linear.weight = Param::from_tensor(tensor::<f32, 2>(&weights, [10, 6], &device));
    let layers = sparsity(&(conv.clone(), linear.clone()), 3.0);
    assert_eq!((layers[1].path.as_str(), layers[1].sparsity.kept), ("1", 20));
    assert_eq!((layers[1].sparsity.inputs, layers[1].sparsity.outputs, layers[1].filters), (10, 6, None));
    assert_eq!((layers[0].shape.as_slice(), layers[0].sparsity.inputs), ([2, 1, 2, 2].as_slice(), 4));

    let masked: Vec<f32> = weights.iter().map(|&w| if w > 0.1 { w } else { 0.0 }).collect();
    let by_hand =
        Linear { weight: Param::from_tensor(tensor::<f32, 2>(&masked, [10, 6], &device)), bias: linear.bias.clone() };
    let input = Tensor::<2>::ones([3, 10], &device);
    let expected = numbers(by_hand.forward(input.clone()));
    let pruned = prune(linear.clone(), 3.0);
    assert_eq!(numbers(pruned.mean(input.clone())), expected);
    assert_eq!(sparsity(&pruned, 3.0)[0].sparsity.kept, 20, "pruning twice is pruning once");
    // What was pruned adds no noise: an input that only pruned weights read has an output without any.
    let drawn = |layer: &SparseLinear| numbers(layer.drawn(Tensor::<2>::zeros([1, 10], &device)));
    assert!(drawn(&pruned).iter().zip(numbers(linear.bias.as_ref().unwrap().val())).all(|(a, b)| (a - b).abs() < 1e-5));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("compact.safetensors");
    let bytes = save_compact(linear, 3.0, &path).unwrap();
    assert_eq!(bytes, std::fs::metadata(&path).unwrap().len());
    let opened = open_compact(LinearConfig::new(10, 6).init(&device), &path).unwrap();
    assert_eq!(numbers(opened.forward(input)), expected);
    let other = open_compact(LinearConfig::new(3, 2).init(&device), &path).unwrap_err().to_string();
    assert!(other.contains("weight has a value at place") && other.contains("below 6"), "{other}");
}

#[test]
fn values_out_of_range_are_named() {
    let message = |make: &dyn Fn()| {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(make)).unwrap_err();
        panic.downcast_ref::<String>().cloned().unwrap_or_else(|| panic.downcast_ref::<&str>().unwrap().to_string())
    };
    let device = Device::default();
    let d = &device;
    for (found, parts) in [
        (message(&|| drop(VariationalLinearConfig::new(2, 2).with_prob(0.9).init(d))), ["0.9", "(0, 0.5]"]),
        (message(&|| drop(VariationalDropoutConfig::new(2).with_prob(1.0).init(d))), ["p is 1", "[0, 1)"]),
        (message(&|| drop(VariationalDropoutConfig::new(0).init(d))), ["units is 0", "1 or more"]),
        (message(&|| drop(vardrop_burn::GaussianDropoutConfig::new(-0.5).init())), ["p is -0.5", "[0, 1)"]),
        (message(&|| drop(SparseLinearConfig::new(2, 2).with_log_variance(f64::NAN).init(d))), ["NaN", "-8"]),
        (message(&|| drop(MeanFieldLinearConfig::new(2, 2).with_prior_deviation(0.0).init(d))), ["is 0", "above 0"]),
        (
            message(&|| drop(VariationalDropoutConfig::new(3).init(d).drawn(Tensor::<2>::ones([4, 5], d)))),
            ["[4, 5]", "3 units on axis 1"],
        ),
    ] {
        assert!(parts.iter().all(|part| found.contains(part)), "{found}: expected {parts:?}");
    }
    let none = vardrop_burn::predictive(0, || Tensor::zeros([1, 2], d)).unwrap_err().to_string();
    assert!(none.contains("samples is 0") && none.contains("1 or more"), "{none}");
    assert!(CoreNetwork::open("nowhere.safetensors", d).is_err());
}
