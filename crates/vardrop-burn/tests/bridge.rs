//! Networks of the core crate open as Burn modules, predict the same, and go back.

mod common;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use common::*;
use vardrop::Network;
use vardrop::layers::{Activation, Additive, Binary, GaussianInput, GaussianOutput, Prior};
use vardrop::likelihood::Likelihood;
use vardrop::noise::Sharing;
use vardrop::uncertainty::{Predictive, Sampling};
use vardrop_burn::{CoreNetwork, NoiseMode, kl_divergence, predictive, project};

/// A network with each kind of noise and each activation.
fn network() -> Network {
    Network::builder(6)
        .dense(9, Activation::Relu)
        .noise(|_, _| Binary::new(0.2))
        .dense(8, Activation::Tanh)
        .noise(GaussianInput::learned(0.3))
        .dense(8, Activation::Softplus)
        .noise(GaussianInput::fixed(0.6))
        .dense(7, Activation::LeakyRelu { slope: 0.2 })
        .noise(GaussianOutput::learned_by(Sharing::Unit, 0.5))
        .dense(7, Activation::Gelu)
        .noise(GaussianOutput::learned(0.4))
        .dense(6, Activation::Sigmoid)
        .noise(Additive::sparse(-6.0))
        .dense(6, Activation::Tanh)
        .noise(|inputs, outputs| Ok(Additive::sparse(-2.0)(inputs, outputs)?.with_zeros_above(0.5)))
        .dense(5, Activation::Identity)
        .noise(Additive::with_prior(Prior::Normal { deviation: 0.5 }, -5.0))
        .dense(4, Activation::Identity)
        .build(3)
        .unwrap()
}

#[test]
fn a_file_opens_in_burn_predicts_the_same_and_goes_back() {
    let device = Device::default();
    let _seeded = seeded(&device, 1);
    let folder = tempfile::tempdir().unwrap();
    let (path, back) = (folder.path().join("a.safetensors"), folder.path().join("b.safetensors"));
    let network = network();
    network.save(&path).unwrap();
    let module = CoreNetwork::open(&path, &device).unwrap();

    let inputs = normal::<f32>(1, (20, 6));
    let ours = predictive(1, || NoiseMode::Never.during(|| module.forward(of_matrix(&inputs, &device)))).unwrap();
    let theirs = Predictive::of_array(&network, inputs.view(), Sampling::without_noise()).unwrap();
    for (a, b) in ours.probabilities().iter().zip(theirs.probabilities()) {
        assert!((a - b).abs() < 1e-5, "{a}, {b}");
    }
    assert!((module.kl_divergence().into_scalar::<f64>() + network.negative_kl()).abs() < 1e-3);
    assert!((kl_divergence(&module).into_scalar::<f64>() + network.negative_kl()).abs() < 1e-3);

    module.into_network::<f32>().unwrap().save(&back).unwrap();
    assert_eq!(Network::<f32>::open(back).unwrap(), network);
}

#[test]
fn drawn_predictions_have_the_cores_moments() {
    let device = Device::default();
    let _seeded = seeded(&device, 5);
    let network = network();
    let module = CoreNetwork::from_network(&network, &device).unwrap();
    let inputs = normal::<f32>(2, (10, 6));
    let x = of_matrix(&inputs, &device);
    let ours = predictive(2_000, || module.forward(x.clone())).unwrap();
    let theirs = Predictive::of_array(&network, inputs.view(), Sampling::draws(2_000).seed(1)).unwrap();
    for (a, b) in ours.probabilities().iter().zip(theirs.probabilities()) {
        // Five standard errors of a difference of two means of numbers in [0, 1] with a standard deviation below 0.15.
        assert!((a - b).abs() < 5.0 * 0.15 * (2.0_f64 / 2_000.0).sqrt(), "{a}, {b}");
    }
    let (ours, theirs) = (ours.mean_uncertainty(), theirs.mean_uncertainty());
    assert!((ours.mutual_information / theirs.mutual_information - 1.0).abs() < 0.15, "{ours:?}, {theirs:?}");
}

#[test]
fn kl_weights_and_likelihoods_go_along() {
    let device = training();
    let mut network: Network<f64> = Network::builder(3)
        .dense(2, Activation::Identity)
        .noise(GaussianOutput::learned(0.5))
        .likelihood(Likelihood::gaussian_learned(2))
        .build(1)
        .unwrap();
    network.layers_mut()[0].kl_weight = 1.0 / 3.0;
    if !supports::<f64>() {
        return;
    }
    let module = CoreNetwork::from_network(&network, &device).unwrap();
    let kl = module.kl_divergence().into_scalar::<f64>();
    assert!((kl + network.negative_kl() / 3.0).abs() < 1e-9, "{kl}");
    assert_eq!(project(module.clone()).into_network::<f64>().unwrap(), network);
    // Weights that were trained in Burn.
    let moved = module.map(&mut Halve);
    assert_eq!(moved.into_network::<f64>().unwrap().layers()[0].weight, &network.layers()[0].weight * 0.5);
}

#[test]
fn a_gaussian_prior_with_weights_left_out_of_the_mean_is_refused_by_name() {
    let prior = Prior::Normal { deviation: 1.0 };
    let noise = move |inputs, outputs| Ok(Additive::with_prior(prior, -3.0)(inputs, outputs)?.with_zeros_above(3.0));
    let network: Network<f32> = Network::builder(3).dense(2, Activation::Identity).noise(noise).build(1).unwrap();
    let message = CoreNetwork::from_network(&network, &Device::default()).unwrap_err().to_string();
    assert!(message.contains("zero_above is 3 (layer 0)") && message.contains("Gaussian prior"), "{message}");
}

struct Halve;

impl burn::module::ModuleMapper for Halve {
    fn map_float<const D: usize>(&mut self, param: burn::module::Param<Tensor<D>>) -> burn::module::Param<Tensor<D>> {
        param.map(|values| (values * 0.5).detach())
    }
}
