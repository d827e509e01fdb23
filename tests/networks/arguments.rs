//! Whatever the engine is given, it answers rightly or says what is wrong: shapes, memory layouts, labels, numbers that are none,
//! networks whose noise differs by layer, and networks, minibatches and optimizers that are not the engine's.

use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use proptest::prelude::*;
use vardrop::engine::{Batch, Engine, Examples, Objective, Products, Rows, score};
use vardrop::layers::{Activation, Additive, Binary, GaussianInput, GaussianOutput, Layer, Noise, Prior};
use vardrop::network::Network;
use vardrop::noise::{NoiseSource, Rates, Sharing, fill_binary, negative_kl, rate_of_alpha};
use vardrop::optimizer::{AdamSettings, Optimizer};
use vardrop::variance::{Estimator, GradientSampler};

/// Noise number `kind` of 9 for a layer.
fn noise(kind: usize, inputs: usize, outputs: usize) -> Noise<f32> {
    let rates = |sharing, learned| Rates::new(0.4, sharing, learned, inputs, outputs).unwrap();
    match kind {
        0 => Noise::None,
        1 => Binary { rate: 0.3 }.into(),
        2 => GaussianInput { rates: rates(Sharing::Layer, false) }.into(),
        3 => GaussianInput { rates: rates(Sharing::Unit, true) }.into(),
        4 => GaussianOutput { rates: rates(Sharing::Layer, true) }.into(),
        5 => GaussianOutput { rates: rates(Sharing::Unit, true) }.into(),
        6 => GaussianOutput { rates: rates(Sharing::Weight, true) }.into(),
        7 => GaussianOutput { rates: rates(Sharing::Weight, false) }.into(),
        _ => Additive {
            log_variance: Array2::from_elem((inputs, outputs), -4.0),
            prior: Prior::LogUniform,
            zero_above: None,
        }
        .into(),
    }
}

/// A network of these widths, with a noise of its own in each layer.
fn network(widths: &[usize], kinds: &[usize]) -> Network<f32> {
    let layer = |(pair, &kind): (&[usize], &usize)| {
        let value = |(i, j): (usize, usize)| (1.7 * i as f32 + 0.9 * j as f32 + kind as f32).sin() * 0.7;
        let weight = Array2::from_shape_fn((pair[0], pair[1]), value);
        let bias = Array1::from_shape_fn(pair[1], |j| 0.1 * (j as f32 + 1.0).sin());
        Layer::new(weight, bias, noise(kind, pair[0], pair[1])).unwrap().activation(Activation::Relu)
    };
    Network::from_layers(widths.windows(2).zip(kinds).map(layer).collect()).unwrap()
}

/// Widths of one to three layers, and a kind of noise for each.
fn shapes() -> impl Strategy<Value = (Vec<usize>, Vec<usize>)> {
    (1..4usize).prop_flat_map(|layers| {
        (prop::collection::vec(1..40usize, layers + 1), prop::collection::vec(0..9usize, layers))
    })
}

/// A share of the numbers is not 0.
fn inputs(rows: usize, columns: usize, ink: f32) -> Array2<f32> {
    Array2::from_shape_fn((rows, columns), |(i, j)| {
        let value = (1.3 * i as f32 + 2.1 * j as f32).sin();
        if value < 1.0 - 2.0 * ink { 0.0 } else { value }
    })
}

const SOURCE: fn(u64) -> NoiseSource = |step| NoiseSource::new(9, step);
const OBJECTIVE: Objective = Objective { kl_weight: 1.0, examples: 50 };

/// What an engine computes from some rows: its loss, and its gradients behind each other.
fn run(engine: &mut Engine, network: &Network, batch: &impl Batch<f32>) -> vardrop::Result<(f64, Vec<f32>)> {
    let loss = engine.gradient(network, batch, SOURCE(1), OBJECTIVE)?;
    Ok((loss, engine.gradients().tensors().concat()))
}

fn bits((loss, gradients): &(f64, Vec<f32>)) -> (u64, Vec<u32>) {
    (loss.to_bits(), gradients.iter().map(|x| x.to_bits()).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 48 }))]

    #[test]
    fn the_memory_layout_of_a_minibatch_does_not_matter(
        (widths, kinds) in shapes(), rows in 1..20usize, threads in 1..4usize, ink in 0.1..1.0f32,
    ) {
        let (network, plain) = (network(&widths, &kinds), inputs(rows, widths[0], ink));
        let labels: Vec<usize> = (0..rows).map(|row| row % widths[widths.len() - 1]).collect();
        let transposed = plain.t().as_standard_layout().into_owned();
        let mut backwards = plain.slice(s![..;-1, ..;-1]).to_owned();
        backwards.invert_axis(Axis(0));
        let backwards = backwards.slice(s![.., ..;-1]);
        let mut apart = Array2::from_elem((2 * rows, 3 * widths[0]), f32::NAN);
        apart.slice_mut(s![..;2, ..;3]).assign(&plain);
        let layouts: [ArrayView2<'_, f32>; 3] = [transposed.t(), backwards, apart.slice(s![..;2, ..;3])];
        for products in Products::available() {
            let mut engine = Engine::with_products(&network, rows, threads, products).unwrap();
            let expected = run(&mut engine, &network, &Rows::new(plain.view(), &labels).unwrap()).unwrap();
            prop_assert!(expected.0.is_finite());
            for view in layouts {
                let found = run(&mut engine, &network, &Rows::new(view, &labels).unwrap()).unwrap();
                prop_assert_eq!(bits(&found), bits(&expected), "{} for {:?}", products, view.strides());
            }
        }
    }

    #[test]
    fn every_way_of_products_computes_the_same_whatever_the_noise_of_each_layer(
        (widths, kinds) in shapes(), rows in 1..40usize, threads in 1..4usize, ink in 0.1..1.0f32,
    ) {
        let (network, inputs) = (network(&widths, &kinds), inputs(rows, widths[0], ink));
        let labels: Vec<usize> = (0..rows).map(|row| row * 3 % widths[widths.len() - 1]).collect();
        let batch = Rows::new(inputs.view(), &labels).unwrap();
        let by = |products| {
            let mut engine = Engine::with_products(&network, rows, threads, products).unwrap();
            run(&mut engine, &network, &batch).unwrap()
        };
        let (loss, gradients) = by(Products::DOUBLE);
        let scale = gradients.iter().fold(1e-2, |a: f32, x| a.max(x.abs()));
        for products in Products::available() {
            let found = by(products);
            prop_assert!((found.0 - loss).abs() < 1e-5 * loss.abs().max(1.0), "{products}: {}, {loss}", found.0);
            prop_assert_eq!(found.1.len(), gradients.len());
            // A rectifier whose input is 0 but for roundings may open on one way and not on the other; nothing else may differ.
            let far = found.1.iter().zip(&gradients).filter(|(a, b)| (*a - *b).abs() > 1e-4 * scale).count();
            prop_assert!(far == 0, "{products}: {far} of {} gradients", gradients.len());
        }
    }

    #[test]
    fn a_nan_in_the_minibatch_is_a_nan_in_the_loss(
        (widths, kinds) in shapes(), rows in 1..12usize, threads in 1..4usize, place in any::<prop::sample::Index>(),
    ) {
        let (network, mut inputs) = (network(&widths, &kinds), inputs(rows, widths[0], 0.4));
        let place = place.index(inputs.len());
        inputs.as_slice_mut().unwrap()[place] = f32::NAN;
        let labels = vec![0; rows];
        let batch = Rows::new(inputs.view(), &labels).unwrap();
        for products in Products::available() {
            let mut engine = Engine::with_products(&network, rows, threads, products).unwrap();
            prop_assert!(run(&mut engine, &network, &batch).unwrap().0.is_nan(), "{products}");
            let evaluation = engine.evaluate(&network, &batch).unwrap();
            prop_assert!(evaluation.cross_entropy.is_nan() && evaluation.error_percent > 0.0, "{products}");
            // What it computes next is not tainted.
            let clean = Array2::zeros((rows, widths[0]));
            let clean = Rows::new(clean.view(), &labels).unwrap();
            prop_assert!(run(&mut engine, &network, &clean).unwrap().0.is_finite(), "{products}");
        }
    }

    #[test]
    fn minibatches_of_any_size_width_and_labels_are_computed_or_refused(
        (widths, kinds) in shapes(), capacity in 1..10usize, rows in 0..16usize, width in 0..40usize, label in 0..40usize,
        threads in 1..4usize,
    ) {
        let (network, inputs) = (network(&widths, &kinds), inputs(rows, width, 0.5));
        let labels = vec![label; rows];
        let batch = Rows::new(inputs.view(), &labels).unwrap();
        let mut engine = Engine::new(&network, capacity, threads).unwrap();
        let fits = width == widths[0] && (rows == 0 || label < widths[widths.len() - 1]);
        let room = (1..=capacity.div_ceil(threads) * threads).contains(&rows);
        prop_assert_eq!(run(&mut engine, &network, &batch).is_ok(), fits && room);
        prop_assert_eq!(engine.predict(&network, &batch, Some(SOURCE(1))).is_ok(), width == widths[0]);
        prop_assert_eq!(engine.evaluate(&network, &batch).is_ok(), fits && rows > 0);
    }

    #[test]
    fn a_layer_that_was_changed_to_another_shape_is_named_and_never_computed_with(
        (widths, kinds) in shapes(), at in any::<prop::sample::Index>(), rows in 0..6usize, columns in 0..6usize,
        what in 0..4usize, transposed in any::<bool>(),
    ) {
        let mut network = network(&widths, &kinds);
        let mut engine = Engine::new(&network, 3, 2).unwrap();
        let mut adam = Optimizer::new(&network, AdamSettings::default()).unwrap();
        let inputs = inputs(3, widths[0], 0.5);
        let batch = Rows::new(inputs.view(), &[0; 3]).unwrap();
        run(&mut engine, &network, &batch).unwrap();
        let at = at.index(kinds.len());
        let other = if transposed { Array2::zeros((columns, rows)).reversed_axes() } else { Array2::zeros((rows, columns)) };
        let layer = &mut network.layers_mut()[at];
        match (&mut layer.noise, what) {
            (_, 0) => layer.weight = other,
            (_, 1) => layer.bias = Array1::zeros(columns),
            (Noise::GaussianInput(GaussianInput { rates }) | Noise::GaussianOutput(GaussianOutput { rates }), _) => {
                rates.log_alpha = other;
            }
            (Noise::Additive(Additive { log_variance, .. }), _) => *log_variance = other,
            (noise, _) => *noise = Binary { rate: rows as f64 / 4.0 }.into(),
        }
        match network.check() {
            Err(error) => {
                let (error, same) = (error.to_string(), |found: vardrop::Error| found.to_string());
                prop_assert!(error.contains(&format!("layer {at}")) || error.contains(&format!("layer {}", at + 1))
                    || error.contains("dropout rate p") || error.contains("width of a layer"), "{error}");
                prop_assert_eq!(&same(run(&mut engine, &network, &batch).unwrap_err()), &error);
                prop_assert_eq!(&same(engine.predict(&network, &batch, None).unwrap_err()), &error);
                prop_assert_eq!(&same(adam.step(&mut network, &mut engine, 1.0).unwrap_err()), &error);
                prop_assert_eq!(&same(Engine::new(&network, 3, 1).unwrap_err()), &error);
                prop_assert_eq!(&same(Optimizer::new(&network, AdamSettings::default()).unwrap_err()), &error);
                prop_assert_eq!(&same(GradientSampler::new(network, 10, 3, 1).unwrap_err()), &error);
            }
            // Another noise, or rates shared in another way: a network, but not this engine's.
            Ok(()) => match run(&mut engine, &network, &batch) {
                Ok(found) => {
                    let mut fresh = Engine::new(&network, 3, 2).unwrap();
                    prop_assert_eq!(bits(&found), bits(&run(&mut fresh, &network, &batch).unwrap()));
                }
                Err(error) => {
                    prop_assert!(error.to_string().contains("as the engine was made for"), "{error}");
                    prop_assert!(adam.step(&mut network, &mut engine, 1.0).is_err());
                }
            },
        }
    }

    #[test]
    fn an_engine_and_an_optimizer_of_another_network_are_refused_and_change_nothing(
        (widths, kinds) in shapes(), (other_widths, other_kinds) in shapes(),
    ) {
        let (mut own, mut other) = (network(&widths, &kinds), network(&other_widths, &other_kinds));
        let same = own.parameter_shapes() == other.parameter_shapes() && kinds == other_kinds;
        let mut engine = Engine::new(&own, 2, 1).unwrap();
        let mut adam = Optimizer::new(&other, AdamSettings::default()).unwrap();
        let inputs = inputs(2, widths[0], 0.5);
        run(&mut engine, &own, &Rows::new(inputs.view(), &[0, 0]).unwrap()).unwrap();
        let before = (own.clone(), other.clone(), adam.clone());
        let learn_the_same = own.parameter_shapes() == other.parameter_shapes();
        if !learn_the_same {
            prop_assert!(adam.step(&mut own, &mut engine, 1.0).is_err());
            prop_assert_eq!((&own, &adam), (&before.0, &before.2));
        }
        if !same && !learn_the_same {
            prop_assert!(adam.step(&mut other, &mut engine, 1.0).is_err());
            prop_assert_eq!((&other, &adam), (&before.1, &before.2));
        }
    }

    #[test]
    fn the_functions_of_noise_take_any_number(x in any::<f64>(), rate in any::<f64>(), length in 0..70usize) {
        let mut row = vec![7f32; length];
        let filled = fill_binary(SOURCE(1).row(0, 0), rate, &mut row);
        prop_assert_eq!(filled.is_ok(), (0.0..1.0).contains(&rate));
        prop_assert!(row.iter().all(|x| x.is_finite()));
        prop_assert!((0.0..=1.0).contains(&x) != negative_kl(x).is_nan());
        prop_assert!(x.is_nan() || x < 0.0 || (0.0..=1.0).contains(&rate_of_alpha(x)));
        for (sharing, learned) in [(Sharing::Layer, true), (Sharing::Unit, false), (Sharing::Weight, true)] {
            let rates = Rates::<f64>::new(x, sharing, learned, 3, length);
            prop_assert_eq!(rates.is_ok(), x.is_finite() && x >= 0.0 && (!learned || (x > 0.0 && x <= 1.0)));
        }
    }

    #[test]
    fn any_probabilities_are_scored_or_refused(
        rows in 0..6usize, classes in 0..5usize, labels in prop::collection::vec(0..6usize, 0..6), value in any::<f32>(),
    ) {
        let (probabilities, inputs) = (Array2::from_elem((rows, classes), value), Array2::<f32>::zeros((labels.len(), 2)));
        let batch = Rows::new(inputs.view(), &labels).unwrap();
        let fits = rows == labels.len() && rows > 0 && labels.iter().all(|&label| label < classes);
        prop_assert_eq!(score(probabilities.view(), &batch).is_ok(), fits);
    }
}

#[test]
fn a_step_needs_a_gradient_and_the_inputs_gradient_a_pass_that_went_there() {
    let mut own = network(&[4, 3, 2], &[6, 3]);
    let mut adam = Optimizer::new(&own, AdamSettings::default()).unwrap();
    let inputs = inputs(3, 4, 0.5);
    let batch = Rows::new(inputs.view(), &[0, 1, 0]).unwrap();
    for products in Products::available() {
        let mut engine = Engine::with_products(&own, 3, 2, products).unwrap();
        let message = adam.step(&mut own, &mut engine, 1.0).unwrap_err().to_string();
        assert!(message.contains("call Engine::gradient") && adam.steps() == 0, "{message}");
        run(&mut engine, &own, &batch).unwrap();
        assert!(engine.input_gradient().unwrap_err().to_string().contains("with_input_gradient"));
        let mut engine = engine.with_input_gradient();
        assert!(engine.input_gradient().is_err(), "no pass since");
        run(&mut engine, &own, &batch).unwrap();
        assert_eq!(engine.input_gradient().unwrap().dim(), (3, 4));
        engine.loss(&own, &batch, SOURCE(1), OBJECTIVE).unwrap();
        assert!(engine.input_gradient().is_err(), "a loss has no gradient");
    }
}

#[test]
fn engines_that_cannot_be_are_refused() {
    let own = network(&[4, 3, 2], &[0, 0]);
    for (batch_size, threads) in [(0, 1), (1, 0), (1, 100_000)] {
        assert!(Engine::new(&own, batch_size, threads).is_err());
    }
    for batch_size in [usize::MAX, usize::MAX / 8] {
        let message = Engine::new(&own, batch_size, 2).unwrap_err().to_string();
        assert!(message.contains(&format!("batch size is {batch_size}")) && message.contains("GiB"), "{message}");
    }
    for products in Products::ALL.into_iter().filter(|way| !Products::available().contains(way)) {
        let message = Engine::with_products(&own, 1, 1, products).unwrap_err().to_string();
        assert!(message.contains(&format!("products is {products}")), "{message}");
    }
    let double = Layer::dense(Array2::<f64>::zeros((4, 2)), Array1::zeros(2)).unwrap();
    let double = Network::from_layers(vec![double]).unwrap();
    for products in Products::available() {
        let engine = Engine::with_products(&double, 1, 1, products);
        assert_eq!(engine.is_ok(), products == Products::DOUBLE, "{products}");
    }
    assert_eq!(Engine::new(&double, 1, 1).unwrap().products(), Products::DOUBLE);
}

#[test]
fn examples_that_a_dataset_has_not_are_refused() {
    let dataset = vardrop::data::Dataset::new("two", Array2::zeros((2, 4)), vec![0, 1], 2, 2).unwrap();
    let own = network(&[4, 3, 2], &[0, 0]);
    let mut engine = Engine::new(&own, 3, 1).unwrap();
    let batch = Examples { dataset: &dataset, indices: &[0, 2] };
    let message = engine.gradient(&own, &batch, SOURCE(1), OBJECTIVE).unwrap_err().to_string();
    assert!(message.contains("index of an example is 2: expected a number below 2"), "{message}");
    assert!(engine.predict(&own, &batch, None).is_err() && engine.evaluate(&own, &batch).is_err());
    let mut sampler = GradientSampler::new(own, 10, 3, 1).unwrap();
    for estimator in Estimator::ALL {
        assert!(sampler.draw(estimator, &batch, SOURCE(1)).is_err());
    }
}
