//! With the same noise, outputs and all gradients of linear layers are those of `vardrop::layers`, whose formulas are the paper's.

mod common;

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Device, Gradients, Tensor};
use common::*;
use vardrop::Real;
use vardrop::layers::{Additive, GaussianInput, GaussianOutput, Layer, Noise, Prior};
use vardrop::ndarray::{Array1, Array2};
use vardrop::noise::{Rates as CoreRates, Sharing};
use vardrop_burn::{CoreLayer, CoreMap, CoreNetwork, Rates, kl_divergence};

const EXAMPLES: usize = 5;
const INPUTS: usize = 7;
const OUTPUTS: usize = 4;

/// A layer with this noise, whose rates or variances are not all the same.
fn layer<T: Real>(noise: Noise<T>) -> Layer<T> {
    let mut noise = noise;
    let spread = |array: &mut Array2<T>, step: f64| {
        array.iter_mut().enumerate().for_each(|(i, x)| *x -= T::of(step * ((i % 11) as f64)));
    };
    match &mut noise {
        Noise::GaussianInput(noise) => spread(&mut noise.rates.log_alpha, 0.3),
        Noise::GaussianOutput(noise) => spread(&mut noise.rates.log_alpha, 0.2),
        Noise::Additive(noise) => spread(&mut noise.log_variance, 0.1),
        _ => {}
    }
    let bias = Array1::from_iter((0..OUTPUTS).map(|i| T::of(0.1 * i as f64 - 0.2)));
    Layer::new(normal(1, (INPUTS, OUTPUTS)), bias, noise).unwrap()
}

fn kinds<T: Real>() -> Vec<(String, Layer<T>)> {
    let mut all: Vec<(String, Noise<T>)> = Vec::new();
    for sharing in [Sharing::Layer, Sharing::Unit, Sharing::Weight] {
        let rates = CoreRates::new(0.9, sharing, true, INPUTS, OUTPUTS).unwrap();
        all.push((format!("type B by {sharing:?}"), GaussianOutput { rates: rates.clone() }.into()));
        if sharing != Sharing::Weight {
            all.push((format!("type A by {sharing:?}"), GaussianInput { rates }.into()));
        }
    }
    let normal = Prior::Normal { deviation: 0.7 };
    // About half of the weights have a larger ln α than -0.5.
    for (prior, zero_above) in [(Prior::LogUniform, None), (Prior::LogUniform, Some(-0.5)), (normal, None)] {
        let log_variance = Array2::from_elem((INPUTS, OUTPUTS), T::of(-1.5));
        let name = format!("additive, {prior:?}, zero above {zero_above:?}");
        all.push((name, Additive { log_variance, prior, zero_above }.into()));
    }
    all.into_iter().map(|(name, noise)| (name, layer(noise))).collect()
}

/// What a backward pass says of the noise's parameter.
type NoiseGradient = Box<dyn Fn(&Gradients) -> Vec<f64>>;

fn gradient<const D: usize>(parameter: &Param<Tensor<D>>) -> NoiseGradient {
    let parameter = parameter.val();
    Box::new(move |gradients| numbers(parameter.grad(gradients).expect("the loss depends on the noise")))
}

/// The output of the Burn layer with these draws.
fn forward(layer: &CoreLayer, input: Tensor<2>, noise: Tensor<2>) -> (Tensor<2>, NoiseGradient) {
    let learned = |rates: &Rates<2>| match rates {
        Rates::Learned(log_alpha) => gradient(log_alpha),
        Rates::Fixed(_) => panic!("rates are learned"),
    };
    match &layer.map {
        CoreMap::Dense(linear) => {
            let dropout = layer.gaussian.as_ref().expect("the input is noisy");
            let Rates::Learned(log_alpha) = &dropout.rates else { panic!("rates are learned") };
            (linear.forward(dropout.forward_with(input, noise)), gradient(log_alpha))
        }
        CoreMap::Variational(layer) => (layer.local_reparameterization(input, noise), learned(&layer.posterior.rates)),
        CoreMap::Sparse(layer) => {
            (layer.local_reparameterization(input, noise), gradient(&layer.posterior.log_variance))
        }
        CoreMap::MeanField(layer) => {
            (layer.local_reparameterization(input, noise), gradient(&layer.posterior.log_variance))
        }
    }
}

fn linear(layer: &CoreLayer) -> Linear {
    match &layer.map {
        CoreMap::Dense(layer) => layer.clone(),
        CoreMap::Variational(layer) => Linear { weight: layer.weight.clone(), bias: layer.bias.clone() },
        CoreMap::Sparse(layer) => Linear { weight: layer.weight.clone(), bias: layer.bias.clone() },
        CoreMap::MeanField(layer) => Linear { weight: layer.weight.clone(), bias: layer.bias.clone() },
    }
}

fn check<T: Real>(tolerance: f64) {
    if !supports::<T>() {
        return;
    }
    let device: Device = training();
    for (name, core) in kinds::<T>() {
        // Inputs with zeros in them: whole examples and whole units.
        let mut input = normal::<T>(2, (EXAMPLES, INPUTS));
        input.row_mut(1).fill(T::zero());
        input.column_mut(3).fill(T::zero());
        let type_a = matches!(core.noise, Noise::GaussianInput(_));
        let draws = normal::<T>(3, (EXAMPLES, if type_a { INPUTS } else { OUTPUTS }));
        let delta = normal::<T>(4, (EXAMPLES, OUTPUTS));
        let (expected, tape) = core.forward(input.view(), Some(draws.view())).unwrap();
        let gradients = core.backward(&tape, delta.view()).unwrap();
        let (kl_weight, kl_noise) = core.negative_kl_gradient();

        let network = vardrop::Network::from_layers(vec![core.clone()]).unwrap();
        let module = CoreNetwork::from_network(&network, &device).unwrap().layers.remove(0);
        let linear = linear(&module);
        let x = of_matrix(&input, &device).require_grad();
        let epsilon = of_matrix(&draws, &device);
        let (output, of_noise) = forward(&module, x.clone(), epsilon);
        assert_close(output.clone(), expected.iter().map(|x| x.f64()), tolerance, &format!("{name}: output"));

        let of = (output * of_matrix(&delta, &device)).sum().backward();
        let what = |part: &str| format!("{name}: gradient of the {part}");
        assert_close(x.grad(&of).unwrap(), gradients.input.iter().map(|x| x.f64()), tolerance, &what("input"));
        let weight = linear.weight.val();
        assert_close(weight.grad(&of).unwrap(), gradients.weight.iter().map(|x| x.f64()), tolerance, &what("weight"));
        let bias = linear.bias.as_ref().unwrap().val();
        assert_close(bias.grad(&of).unwrap(), gradients.bias.iter().map(|x| x.f64()), tolerance, &what("bias"));

        let expected = gradients.noise.iter().map(|x| x.f64());
        assert_numbers(&of_noise(&of), expected, tolerance, &what("noise"));

        let kl = kl_divergence(&module);
        assert_close(kl.clone(), [-core.negative_kl()], tolerance, &format!("{name}: KL"));
        let of = kl.backward();
        assert_numbers(&of_noise(&of), kl_noise.iter().map(|x| -x.f64()), tolerance, &what("noise by KL"));
        match weight.grad(&of) {
            Some(of_weight) => {
                assert_close(of_weight, kl_weight.iter().map(|x| -x.f64()), tolerance, &what("weight by KL"));
            }
            None => assert!(kl_weight.iter().all(|&x| x == T::zero()), "{}", what("weight by KL")),
        }
    }
}

#[test]
fn outputs_and_gradients_are_the_cores_in_double_precision() {
    check::<f64>(1e-9);
}

#[test]
fn outputs_and_gradients_are_the_cores_in_single_precision() {
    check::<f32>(1e-4);
}

#[test]
fn kl_terms_are_the_cores_far_out_too() {
    if !supports::<f64>() {
        return;
    }
    let device = Device::default();
    let log_alphas: Vec<f64> = (-400..=400).map(|k| f64::from(k) / 10.0).collect();
    let ours = vardrop_burn::sparse_negative_kl(tensor(&log_alphas, [log_alphas.len()], &device));
    assert_close(ours, log_alphas.iter().map(|&x| vardrop::noise::sparse_negative_kl(x)), 1e-9, "sparse");
    let below: Vec<f64> = log_alphas.into_iter().filter(|&x| x <= 0.0).collect();
    let ours = vardrop_burn::negative_kl(tensor(&below, [below.len()], &device));
    assert_close(ours, below.iter().map(|&x| vardrop::noise::negative_kl(x.exp())), 1e-9, "relative");
}
