//! Every gradient against finite differences in double precision, for each method and each way of sharing α.
//!
//! The noise is a function of the key alone, so that the loss is a deterministic function of the parameters and central
//! differences apply: with h = 1e-5 their error is about h² ≈ 1e-10 and the rounding 1e-16/h ≈ 1e-11, relative to values
//! of order 1. The bar is 1e-6 relative to the largest gradient of the array, and it is met by two orders.

use ndarray::Array2;
use vardrop::engine::{Engine, Objective, Products, Rows};
use vardrop::layers::{Additive, Binary, GaussianInput, Noise};
use vardrop::network::{DropoutRates, Initialisation, Network};
use vardrop::noise::{NoiseSource, Sharing};
use vardrop::{Method, Real};

const WIDTHS: [usize; 5] = [7, 6, 5, 6, 4];
const EXAMPLES: usize = 9;
const TOLERANCE: f64 = 1e-6;
const H: f64 = 1e-5;

fn cases() -> Vec<(Method, Sharing)> {
    let mut cases = vec![(Method::None, Sharing::Layer), (Method::Binary, Sharing::Layer)];
    for method in [Method::GaussianA, Method::VariationalA, Method::VariationalA2] {
        cases.extend([(method, Sharing::Layer), (method, Sharing::Unit)]);
    }
    for method in [Method::GaussianB, Method::VariationalB] {
        cases.extend([(method, Sharing::Layer), (method, Sharing::Unit), (method, Sharing::Weight)]);
    }
    cases.push((Method::Sparse, Sharing::Weight));
    cases
}

/// A network as training begins with it.
fn fresh<T: Real>(method: Method, sharing: Sharing, widths: &[usize]) -> Network<T> {
    Network::with_sharing(method, sharing, widths, DropoutRates::default(), Initialisation::UnitColumns, 3)
        .expect("a valid network")
}

/// A network whose α differ from each other, so that a gradient added to the wrong one shows.
fn network(method: Method, sharing: Sharing) -> Network<f64> {
    let mut network = fresh(method, sharing, &WIDTHS);
    for (l, layer) in network.layers_mut().iter_mut().enumerate() {
        for (i, bias) in layer.bias.iter_mut().enumerate() {
            // Never 0: the row of zeros would stand on the rectifier's kink.
            *bias = 0.1 * ((i + l + 1) as f64).sin();
        }
        if let Some(rates) = layer.rates_mut() {
            for (i, log_alpha) in rates.log_alpha.iter_mut().enumerate() {
                *log_alpha = -0.3 - 1.2 * ((1.7 * i as f64 + l as f64).sin()).powi(2);
            }
        }
        if let Noise::Additive(Additive { log_variance, .. }) = &mut layer.noise {
            for (i, log_variance) in log_variance.iter_mut().enumerate() {
                *log_variance = -6.0 + 5.0 * (1.7 * i as f64 + l as f64).sin();
            }
        }
    }
    network
}

fn examples() -> (Array2<f64>, Vec<usize>) {
    // Zeros as MNIST has them, one column of zeros and one row of zeros: variances of 0 must not give NaN.
    let inputs = Array2::from_shape_fn((EXAMPLES, WIDTHS[0]), |(row, column)| {
        let value = (1.3 * row as f64 + 2.1 * column as f64).sin();
        if value < 0.0 || column == 2 || row == 4 { 0.0 } else { value }
    });
    (inputs, (0..EXAMPLES).map(|row| row * 3 % WIDTHS[4]).collect())
}

fn assert_close(analytic: &[f64], numeric: &[f64], what: &str) {
    let scale = numeric.iter().fold(1e-3, |a: f64, x| a.max(x.abs()));
    for (index, (a, n)) in analytic.iter().zip(numeric).enumerate() {
        assert!((a - n).abs() <= TOLERANCE * scale, "{what}[{index}]: {a}, finite difference {n}");
    }
    assert_eq!(analytic.len(), numeric.len(), "{what}");
}

/// Every gradient of a network against differences of its loss.
fn assert_gradients(network: &Network<f64>, kl_weight: f64, threads: usize, case: &str) {
    let (inputs, labels) = examples();
    let source = NoiseSource::new(5, 17);
    let objective = Objective { kl_weight, examples: 40 };
    let mut engine = Engine::new(network, EXAMPLES, threads).expect("an engine").with_input_gradient();
    let batch = Rows::new(inputs.view(), &labels).expect("as many labels as rows");
    engine.gradient(network, &batch, source, objective).expect("a gradient");
    let analytic: Vec<Vec<f64>> = engine.gradients().tensors().into_iter().map(<[f64]>::to_vec).collect();
    let by_input = engine.input_gradient().expect("the last pass was a gradient's");
    let names: Vec<String> = network.parameters().into_iter().map(|(name, _)| name).collect();

    let mut loss = |network: &Network<f64>, inputs: &Array2<f64>| {
        let batch = Rows::new(inputs.view(), &labels).expect("as many labels as rows");
        engine.loss(network, &batch, source, objective).expect("a loss").total()
    };
    for (tensor, name) in names.iter().enumerate() {
        let numeric: Vec<f64> = (0..analytic[tensor].len())
            .map(|index| {
                let mut moved = network.clone();
                let mut at = |step: f64| {
                    moved.parameters_mut()[tensor][index] += step;
                    loss(&moved, &inputs)
                };
                let above = at(H);
                let below = at(-2.0 * H);
                (above - below) / (2.0 * H)
            })
            .collect();
        assert_close(&analytic[tensor], &numeric, &format!("{case}, {name}"));
    }
    // Only pixels that are not 0: a variance of 0 has no derivative (√V) there.
    for row in (0..EXAMPLES).filter(|&row| row != 4) {
        for column in 0..WIDTHS[0] {
            let mut moved = inputs.clone();
            moved[(row, column)] += H;
            let above = loss(network, &moved);
            moved[(row, column)] -= 2.0 * H;
            let below = loss(network, &moved);
            let numeric = (above - below) / (2.0 * H);
            let scale = by_input.iter().fold(1e-3, |a: f64, x| a.max(x.abs()));
            let analytic = by_input[(row, column)];
            let what = format!("{case}, input {row},{column}");
            assert!((analytic - numeric).abs() <= TOLERANCE * scale, "{what}: {analytic}, {numeric}");
        }
    }
}

#[test]
fn every_gradient_agrees_with_finite_differences() {
    for (method, sharing) in cases() {
        for threads in [1, 2] {
            let case = format!("{method}, α per {sharing:?}");
            assert_gradients(&network(method, sharing), 1.0, threads, &case);
        }
    }
}

#[test]
fn gradients_of_networks_whose_noise_differs_by_layer_agree_with_finite_differences() {
    let cases = cases();
    for first in 0..cases.len() {
        // Each layer's from another case; every case stands in every place once.
        let places: Vec<_> = (0..WIDTHS.len() - 1).map(|index| cases[(first + 4 * index) % cases.len()]).collect();
        let layers = places
            .iter()
            .enumerate()
            .map(|(index, &(method, sharing))| network(method, sharing).layers()[index].clone());
        let network = Network::from_layers(layers.collect()).expect("layers of one network's shapes");
        assert_gradients(&network, 1.0, 2, &format!("{places:?}"));
    }
}

/// Another derivation of the loss: one example and one unit at a time, with the weights' noise written out, from the same
/// draws. It shares the samplers with the engine and nothing else.
fn plain_cross_entropy(network: &Network<f64>, inputs: &Array2<f64>, labels: &[usize], source: NoiseSource) -> f64 {
    let mut total = 0.0;
    for (row, &label) in labels.iter().enumerate() {
        let mut signal: Vec<f64> = inputs.row(row).to_vec();
        for (index, layer) in network.layers().iter().enumerate() {
            let (width, outputs) = layer.dim();
            let variance = |i: usize, j: usize| {
                if let Noise::Additive(Additive { log_variance, .. }) = &layer.noise {
                    return log_variance[(i, j)].exp();
                }
                let log_alpha = &layer.rates().expect("Gaussian noise").log_alpha;
                log_alpha.broadcast((width, outputs)).expect("rates broadcast over the weights")[(i, j)].exp()
                    * layer.weight[(i, j)].powi(2)
            };
            let key = source.row(index, row);
            let draws = |n: usize| {
                let mut draws = vec![0.0; n];
                f64::fill_standard_normal(key, &mut draws);
                draws
            };
            let mut spread = vec![0.0; outputs];
            match &layer.noise {
                Noise::None => {}
                Noise::Binary(Binary { rate }) => {
                    let mut factors = vec![0.0; width];
                    vardrop::noise::fill_binary(key, *rate, &mut factors).unwrap();
                    signal.iter_mut().zip(factors).for_each(|(x, factor)| *x *= factor);
                }
                Noise::GaussianInput(GaussianInput { rates }) => {
                    let log_alpha = rates.log_alpha.broadcast((width, 1)).expect("one for the layer or for each unit");
                    for (i, (x, draw)) in signal.iter_mut().zip(draws(width)).enumerate() {
                        *x *= 1.0 + (0.5 * log_alpha[(i, 0)]).exp() * draw;
                    }
                }
                Noise::GaussianOutput(_) | Noise::Additive(_) => {
                    for (j, (noise, draw)) in spread.iter_mut().zip(draws(outputs)).enumerate() {
                        let variance: f64 = (0..width).map(|i| signal[i].powi(2) * variance(i, j)).sum();
                        *noise = variance.sqrt() * draw;
                    }
                }
            }
            let last = index + 1 == network.layers().len();
            signal = (0..outputs)
                .map(|j| {
                    let sum: f64 = (0..width).map(|i| signal[i] * layer.weight[(i, j)]).sum();
                    let output = sum + spread[j] + layer.bias[j];
                    if last { output } else { output.max(0.0) }
                })
                .collect();
        }
        total += signal.iter().map(|x| x.exp()).sum::<f64>().ln() - signal[label];
    }
    total / labels.len() as f64
}

#[test]
fn the_engine_agrees_with_a_plain_derivation() {
    let (inputs, labels) = examples();
    let source = NoiseSource::new(8, 4);
    for (method, sharing) in cases() {
        let network = network(method, sharing);
        let expected = plain_cross_entropy(&network, &inputs, &labels, source);
        for threads in [1, 2, 4] {
            let mut engine = Engine::new(&network, EXAMPLES, threads).expect("an engine");
            let batch = Rows::new(inputs.view(), &labels).expect("as many labels as rows");
            let objective = Objective { kl_weight: 0.0, examples: 1 };
            let loss = engine.loss(&network, &batch, source, objective).expect("a loss").cross_entropy;
            assert!((loss - expected).abs() < 1e-12, "{method}, α per {sharing:?}: {loss}, {expected}");
        }
    }
}

#[test]
fn single_precision_follows_double_precision() {
    let (inputs, labels) = examples();
    let source = NoiseSource::new(2, 2);
    for (method, sharing) in cases() {
        let double = network(method, sharing);
        let mut single = fresh::<f32>(method, sharing, &WIDTHS);
        for (to, from) in single.layers_mut().iter_mut().zip(double.layers()) {
            to.weight.assign(&from.weight.mapv(|x| x as f32));
            to.bias.assign(&from.bias.mapv(|x| x as f32));
            if let (Some(to), Some(from)) = (to.rates_mut(), from.rates()) {
                to.log_alpha.assign(&from.log_alpha.mapv(|x| x as f32));
            }
            if let (Noise::Additive(Additive { log_variance: to, .. }), Some(from)) =
                (&mut to.noise, from.log_variance())
            {
                to.assign(&from.mapv(|x| x as f32));
            }
        }
        let objective = Objective { kl_weight: 1.0, examples: 40 };
        let single_inputs = inputs.mapv(|x| x as f32);
        let mut engines = (
            Engine::new(&single, EXAMPLES, 1).expect("an engine"),
            Engine::new(&double, EXAMPLES, 1).expect("an engine"),
        );
        let batch = Rows::new(single_inputs.view(), &labels).expect("as many labels as rows");
        engines.0.gradient(&single, &batch, source, objective).expect("a gradient");
        let batch = Rows::new(inputs.view(), &labels).expect("as many labels as rows");
        engines.1.gradient(&double, &batch, source, objective).expect("a gradient");
        for (s, d) in engines.0.gradients().tensors().into_iter().zip(engines.1.gradients().tensors()) {
            let scale = d.iter().fold(1e-3, |a: f64, x| a.max(x.abs()));
            // About a hundred roundings of 6e-8 each.
            let error = s.iter().zip(d).map(|(s, d)| (f64::from(*s) - d).abs()).fold(0.0, f64::max);
            assert!(error < 1e-5 * scale, "{method}, α per {sharing:?}: {error} of {scale}");
        }
    }
}

/// By panels and lists the engine computes products by itself, and those of images over what is not black.
#[test]
fn every_way_of_products_agrees_on_black_images_and_on_dense_ones() {
    const WIDTHS: [usize; 4] = [50, 37, 33, 10];
    let value = |row: usize, column: usize| (1.3 * row as f32 + 2.1 * column as f32).sin();
    let labels: Vec<usize> = (0..1_100).map(|row| row * 7 % 10).collect();
    let ways: Vec<_> = Products::available().into_iter().filter(|&way| way != Products::DOUBLE).collect();
    for (method, sharing) in cases() {
        let network = fresh::<f32>(method, sharing, &WIDTHS);
        let objective = Objective { kl_weight: 1.0, examples: 40 };
        // Rows that are no multiple of a tile's, and more than go through a product at a time; a fifth of them ink, or all.
        for (examples, threads, ink) in [(30, 1, 0.8), (31, 2, 0.8), (31, 2, -2.0), (1_100, 2, 0.8), (1, 2, 0.8)] {
            let inputs = Array2::from_shape_fn((examples, WIDTHS[0]), |(row, column)| {
                if value(row, column) < ink { 0.0 } else { value(row, column).abs() }
            });
            let batch = Rows::new(inputs.view(), &labels[..examples]).expect("as many labels as rows");
            let source = NoiseSource::new(2, 2);
            let run = |products, input_gradient| {
                let engine = Engine::with_products(&network, examples, threads, products).expect("an engine");
                assert_eq!(engine.products(), products);
                let mut engine = if input_gradient { engine.with_input_gradient() } else { engine };
                let loss = engine.gradient(&network, &batch, source, objective).expect("a gradient");
                (engine, loss)
            };
            let (plain_engine, plain_loss) = run(Products::DOUBLE, true);
            for (&way, input_gradient) in ways.iter().flat_map(|way| [(way, false), (way, true)]) {
                let case =
                    format!("{way}, {method}, α per {sharing:?}, {examples} examples, ink {ink}, {threads} threads");
                let (engine, loss) = run(way, input_gradient);
                assert!((loss - plain_loss).abs() < 1e-5 * plain_loss, "{case}: {loss}, {plain_loss}");
                let assert_close = |own: &[f32], plain: &[f32], what: &str| {
                    let scale = plain.iter().fold(1e-3, |a: f32, x| a.max(x.abs()));
                    // Sums over up to a thousand examples, in another order.
                    let close = own.iter().zip(plain).all(|(a, b)| (a - b).abs() < 3e-5 * scale);
                    assert!(close && own.len() == plain.len(), "{case}: {what}");
                };
                for (own, plain) in engine.gradients().tensors().into_iter().zip(plain_engine.gradients().tensors()) {
                    assert_close(own, plain, "parameters");
                }
                if input_gradient {
                    let [own, plain] =
                        [&engine, &plain_engine].map(|engine| engine.input_gradient().expect("a gradient"));
                    assert_close(own.as_slice().unwrap(), plain.as_slice().unwrap(), "the input");
                }
            }
        }
    }
}
