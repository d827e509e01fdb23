//! Layers by themselves: gradients against finite differences, and the engine against the plain layers, on every way of products
//! and for networks that mix noises, activations and ways of sharing.

use ndarray::{Array1, Array2, array};
use proptest::prelude::*;
use vardrop::Real;
use vardrop::engine::{Engine, Objective, Products, Rows};
use vardrop::layers::{Activation, Additive, Binary, GaussianInput, GaussianOutput, Layer, Noise, Prior};
use vardrop::likelihood::Likelihood;
use vardrop::network::Network;
use vardrop::noise::{NoiseSource, Rates, Sharing};

const ACTIVATIONS: [Activation; 7] = [
    Activation::Identity,
    Activation::Relu,
    Activation::LeakyRelu { slope: 0.1 },
    Activation::Tanh,
    Activation::Softplus,
    Activation::Sigmoid,
    Activation::Gelu,
];

const KINDS: usize = 11;

/// A smooth number for a place in an array.
fn wave(a: usize, b: usize, c: usize) -> f64 {
    (1.3 * a as f64 + 2.1 * b as f64 + 0.7 * c as f64 + 0.4).sin()
}

fn noise<T: Real>(kind: usize, inputs: usize, outputs: usize) -> Noise<T> {
    let rates = |sharing, learned| {
        let mut rates = Rates::new(0.4, sharing, learned, inputs, outputs).unwrap();
        for ((i, j), x) in rates.log_alpha.indexed_iter_mut() {
            *x = T::of(-0.9 + 0.5 * wave(i, j, kind));
        }
        rates
    };
    let log_variance = || Array2::from_shape_fn((inputs, outputs), |(i, j)| T::of(-2.0 + wave(j, i, kind)));
    match kind {
        0 => Noise::None,
        1 => Binary { rate: 0.3 }.into(),
        2 => GaussianInput { rates: rates(Sharing::Layer, true) }.into(),
        3 => GaussianInput { rates: rates(Sharing::Unit, true) }.into(),
        4 => GaussianInput { rates: rates(Sharing::Unit, false) }.into(),
        5 => GaussianOutput { rates: rates(Sharing::Layer, true) }.into(),
        6 => GaussianOutput { rates: rates(Sharing::Unit, true) }.into(),
        7 => GaussianOutput { rates: rates(Sharing::Weight, true) }.into(),
        8 => Additive { log_variance: log_variance(), prior: Prior::LogUniform, zero_above: None }.into(),
        9 => {
            Additive { log_variance: log_variance(), prior: Prior::Normal { deviation: 0.7 }, zero_above: None }.into()
        }
        // With weights of about 0.5 and variances of about 0.14, some are above and some below.
        _ => Additive { log_variance: log_variance(), prior: Prior::LogUniform, zero_above: Some(-0.5) }.into(),
    }
}

fn layer<T: Real>(kind: usize, activation: Activation, inputs: usize, outputs: usize) -> Layer<T> {
    let weight = Array2::from_shape_fn((inputs, outputs), |(i, j)| T::of(wave(i, j, 3)));
    let bias = Array1::from_shape_fn(outputs, |j| T::of(0.3 * wave(j, 1, 1)));
    Layer::new(weight, bias, noise(kind, inputs, outputs)).unwrap().activation(activation)
}

/// Moves one number of a layer's weight (0), bias (1) or noise (2).
fn moved(layer: &Layer<f64>, part: usize, index: usize, by: f64) -> Layer<f64> {
    let mut layer = layer.clone();
    let values = match (part, &mut layer.noise) {
        (0, _) => layer.weight.as_slice_mut(),
        (1, _) => layer.bias.as_slice_mut(),
        (_, Noise::GaussianInput(GaussianInput { rates }) | Noise::GaussianOutput(GaussianOutput { rates })) => {
            rates.log_alpha.as_slice_mut()
        }
        (_, Noise::Additive(Additive { log_variance, .. })) => log_variance.as_slice_mut(),
        _ => None,
    };
    values.unwrap()[index] += by;
    layer
}

#[test]
fn every_gradient_of_every_layer_agrees_with_finite_differences() {
    let (inputs, outputs, examples, h) = (4, 3, 2, 1e-6);
    let input = Array2::from_shape_fn((examples, inputs), |(i, j)| if (i + j) % 4 == 3 { 0.0 } else { wave(i, j, 2) });
    // The loss is Σ c ∘ output.
    let c = Array2::from_shape_fn((examples, outputs), |(i, j)| wave(j, i, 9));
    for kind in 0..KINDS {
        for activation in ACTIVATIONS {
            let layer = layer::<f64>(kind, activation, inputs, outputs);
            let draws = layer.draw(NoiseSource::new(5, 1), 0, examples);
            for noise in [Some(draws.view()), None] {
                let loss = |layer: &Layer<f64>, input: &Array2<f64>| {
                    (&layer.forward(input.view(), noise).unwrap().0 * &c).sum() + layer.negative_kl()
                };
                let (_, tape) = layer.forward(input.view(), noise).unwrap();
                let gradients = layer.backward(&tape, c.view()).unwrap();
                let (of_weight, of_noise) = layer.negative_kl_gradient();
                let check = |what: &str, index: usize, found: f64, at: &dyn Fn(f64) -> f64| {
                    let expected = (at(h) - at(-h)) / (2.0 * h);
                    let case = format!("noise {kind}, {activation}, {what} {index}, drawn {}", noise.is_some());
                    assert!((found - expected).abs() < 1e-7 * (1.0 + expected.abs()), "{case}: {found}, {expected}");
                };
                let parts = [
                    ("weight", (&gradients.weight + &of_weight).into_raw_vec_and_offset().0),
                    ("bias", gradients.bias.to_vec()),
                    ("noise", (&gradients.noise + &of_noise).into_raw_vec_and_offset().0),
                ];
                for (part, (what, values)) in parts.iter().enumerate() {
                    // A fixed α has a gradient and no KL term, which is a constant of it.
                    if kind == 4 && part == 2 {
                        continue;
                    }
                    for (index, &found) in values.iter().enumerate() {
                        check(what, index, found, &|by| loss(&moved(&layer, part, index, by), &input));
                    }
                }
                for (index, &found) in gradients.input.iter().enumerate() {
                    // A rectifier has a corner where the input is 0 only before the layer, which is linear in it.
                    check("input", index, found, &|by| {
                        let mut input = input.clone();
                        input.as_slice_mut().unwrap()[index] += by;
                        loss(&layer, &input)
                    });
                }
            }
        }
    }
}

/// A network of three layers, the noise and the activation of each numbered.
fn network<T: Real>(widths: [usize; 4], kinds: [usize; 3], activations: [usize; 3], likelihood: usize) -> Network<T> {
    let layers = (0..3).map(|index| {
        let activation =
            if index < 2 || likelihood > 0 { ACTIVATIONS[activations[index]] } else { Activation::Identity };
        layer(kinds[index], activation, widths[index], widths[index + 1]).kl_weight(0.5 * (1 + index) as f64)
    });
    let likelihood = match likelihood {
        0 => Likelihood::Categorical,
        1 => Likelihood::gaussian_fixed(0.5).unwrap(),
        2 => Likelihood::gaussian_learned(widths[3]),
        _ => Likelihood::gaussian_predicted(),
    };
    Network::from_layers(layers.collect()).unwrap().with_likelihood(likelihood).unwrap()
}

/// The largest difference between the engine's loss and gradients and the plain layers', relative to the largest gradient.
fn difference<T: Real>(network: &Network<T>, examples: usize, ink: f64, engine: &mut Engine<T>) -> f64 {
    let inputs = network.widths()[0];
    let targets = network.likelihood().targets(network.widths()[3]);
    let input = Array2::from_shape_fn((examples, inputs), |(i, j)| {
        let value = wave(i, j, 5);
        T::of(if value < ink { 0.0 } else { value })
    });
    let labels: Vec<usize> = (0..examples).map(|example| example % targets).collect();
    let values = Array2::from_shape_fn((examples, targets), |(i, j)| wave(j, i, 8));
    let batch = if network.likelihood().is_categorical() {
        Rows::new(input.view(), &labels).unwrap()
    } else {
        Rows::with_values(input.view(), values.view()).unwrap()
    };
    let (source, objective) = (NoiseSource::new(2, 7), Objective { kl_weight: 0.8, examples: 40 });
    let plain = network.gradients(&batch, Some(&network.draw(source, examples)), objective).unwrap();
    let loss = engine.gradient(network, &batch, source, objective).unwrap();
    let mut worst = (loss - plain.loss).abs() / (1.0 + plain.loss.abs());
    let mut compare = |found: &[T], expected: &[T]| {
        assert_eq!(found.len(), expected.len());
        let largest = expected.iter().fold(1.0, |a: f64, x| a.max(x.f64().abs()));
        for (found, expected) in found.iter().zip(expected) {
            worst = worst.max((found.f64() - expected.f64()).abs() / largest);
        }
    };
    let gradients = engine.gradients().clone();
    for ((fast, plain), layer) in gradients.layers.iter().zip(&plain.layers).zip(network.layers()) {
        compare(fast.weight.as_slice().unwrap(), plain.weight.as_standard_layout().as_slice().unwrap());
        compare(fast.bias.as_slice().unwrap(), plain.bias.as_slice().unwrap());
        if !fast.noise.is_empty() {
            compare(fast.noise.as_slice().unwrap(), plain.noise.as_standard_layout().as_slice().unwrap());
        } else {
            assert!(layer.learned_rates().is_none() && layer.log_variance().is_none());
        }
    }
    compare(gradients.log_variance.as_slice().unwrap(), plain.log_variance.as_slice().unwrap());
    let input_gradient = engine.input_gradient().unwrap();
    compare(input_gradient.as_slice().unwrap(), plain.layers[0].input.as_standard_layout().as_slice().unwrap());
    let outputs = network.outputs(input.view(), None).unwrap();
    let fast = engine.outputs(network, &input.view(), None).unwrap();
    compare(fast.as_slice().unwrap(), outputs.as_standard_layout().as_slice().unwrap());
    worst
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn the_engine_agrees_with_the_plain_layers_on_every_way_of_products(
        widths in [1_usize..40, 1_usize..40, 1_usize..20, 1_usize..4],
        kinds in [0..KINDS, 0..KINDS, 0..KINDS],
        activations in [0..ACTIVATIONS.len(), 0..ACTIVATIONS.len(), 0..ACTIVATIONS.len()],
        likelihood in 0_usize..4,
        examples in 1_usize..30,
        threads in 1_usize..3,
        ink in prop::sample::select(vec![-2.0, 0.9]),
    ) {
        let mut widths = widths;
        if likelihood == 3 {
            widths[3] = 2;
        }
        let double = network::<f64>(widths, kinds, activations, likelihood);
        let mut engine = Engine::new(&double, examples, threads).unwrap().with_input_gradient();
        let found = difference(&double, examples, ink, &mut engine);
        prop_assert!(found < 1e-9, "double precision: {found:e}");
        let single = network::<f32>(widths, kinds, activations, likelihood);
        for way in Products::available() {
            let mut engine = Engine::with_products(&single, examples, threads, way).unwrap().with_input_gradient();
            let found = difference(&single, examples, ink, &mut engine);
            prop_assert!(found < 1e-4, "{way}: {found:e}");
        }
    }
}

/// Outputs of one layer: mean and variance over 40,000 draws against the formulas, and the mean-field KL term by hand.
#[test]
fn drawn_outputs_have_the_moments_of_their_formulas() {
    let input = array![[0.8, -0.5, 0.3]];
    for kind in 1..KINDS {
        let layer = layer::<f64>(kind, Activation::Identity, 3, 2);
        let all = input.broadcast((40_000, 3)).unwrap();
        let draws = layer.draw(NoiseSource::new(8, kind as u64), 0, 40_000);
        let (outputs, _) = layer.forward(all, Some(draws.view())).unwrap();
        let mut weight = layer.weight.clone();
        if kind == 10 {
            let Noise::Additive(noise) = &layer.noise else { panic!("additive noise") };
            weight.zip_mut_with(&noise.log_variance, |w, log| {
                *w = if log - 2.0 * w.abs().ln() > -0.5 { 0.0 } else { *w }
            });
            let zeros = weight.iter().filter(|w| **w == 0.0).count();
            assert!(0 < zeros && zeros < 6, "{zeros} of 6 weights are 0");
        }
        let mean = input.dot(&weight) + &layer.bias;
        for unit in 0..2 {
            let variance: f64 = (0..3)
                .map(|i| {
                    let of_weight = match (&layer.noise, layer.rates()) {
                        (Noise::Binary(Binary { rate }), _) => rate / (1.0 - rate) * layer.weight[(i, unit)].powi(2),
                        (Noise::Additive(noise), _) => noise.log_variance[(i, unit)].exp(),
                        (_, Some(rates)) => {
                            rates.log_alpha.broadcast((3, 2)).unwrap()[(i, unit)].exp()
                                * layer.weight[(i, unit)].powi(2)
                        }
                        _ => 0.0,
                    };
                    input[(0, i)].powi(2) * of_weight
                })
                .sum();
            let column = outputs.column(unit);
            let (found, spread) = (column.mean().unwrap(), column.var(1.0));
            assert!((found - mean[(0, unit)]).abs() < 5.0 * (variance / 40_000.0).sqrt(), "noise {kind}: mean {found}");
            assert!((spread / variance - 1.0).abs() < 0.05, "noise {kind}: variance {spread}, {variance}");
        }
    }
}

#[test]
fn what_does_not_fit_a_layer_is_an_error_that_says_what() {
    let layer = layer::<f64>(7, Activation::Relu, 3, 2);
    let message = |result: vardrop::Result<()>| result.unwrap_err().to_string();
    let wide = Array2::zeros((1, 4));
    assert!(message(layer.forward(wide.view(), None).map(|_| ())).contains("input has shape [1, 4]: expected [1, 3]"));
    let input = Array2::zeros((2, 3));
    assert!(message(layer.forward(input.view(), Some(input.view())).map(|_| ())).contains("noise has shape [2, 3]"));
    let (_, tape) = layer.forward(input.view(), None).unwrap();
    assert!(message(layer.backward(&tape, input.view()).map(|_| ())).contains("derivative has shape [2, 3]"));
    let rates = || Rates::new(0.5, Sharing::Weight, true, 3, 2).unwrap();
    let bad = Layer::<f64>::new(Array2::zeros((3, 2)), Array1::zeros(2), GaussianInput { rates: rates() });
    assert!(message(bad.map(|_| ())).contains("ln α has shape [3, 2]: expected [3, 1]"));
    assert!(message(Layer::<f64>::dense(Array2::zeros((3, 2)), Array1::zeros(3)).map(|_| ())).contains("bias"));
    assert!(message(layer.kl_weight(f64::NAN).check()).contains("KL weight of a layer is NaN"));
}
