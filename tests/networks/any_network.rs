//! Networks that no method of the paper makes: real targets, other activations and optimizers, built by hand; trained, saved, opened
//! and resumed.

use std::ops::ControlFlow;

use ndarray::{Array2, Axis, concatenate};
use proptest::prelude::*;
use vardrop::data::{Dataset, Splits, synthetic};
use vardrop::engine::{Engine, Evaluation, Examples};
use vardrop::layers::{Activation, Additive, GaussianInput, GaussianOutput, Noise, Prior};
use vardrop::likelihood::{Family, Likelihood};
use vardrop::noise::Sharing;
use vardrop::optimizer::{Algorithm, Schedule};
use vardrop::training::{Config, Model, Trainer, train};
use vardrop::{Error, Method, Network, Result};

/// y = sin 3x and x², each with noise of standard deviation 0.1, from normal draws by a fixed formula.
fn waves(count: usize, shift: f64) -> Dataset {
    let x = Array2::from_shape_fn((count, 1), |(i, _)| -1.0 + 2.0 * ((i as f64 * 0.754_877 + shift) % 1.0));
    let noise = |i: usize, seed: f64| {
        // The sum of twelve uniform numbers less six.
        (0..12)
            .map(|k| ((i as f64 * 12.9898 + f64::from(k) * 78.233 + seed).sin() * 43_758.545).rem_euclid(1.0))
            .sum::<f64>()
            - 6.0
    };
    let first = Array2::from_shape_fn((count, 1), |(i, _)| (3.0 * x[(i, 0)]).sin() + 0.1 * noise(i, shift));
    let second = Array2::from_shape_fn((count, 1), |(i, _)| x[(i, 0)].powi(2) + 0.1 * noise(i, shift + 5.0));
    Dataset::regression("waves", x, concatenate![Axis(1), first, second]).unwrap()
}

fn splits() -> Splits {
    Splits::hold_out(waves(500, 0.1), waves(200, 0.4), 100).unwrap()
}

fn evaluate(network: &Network, dataset: &Dataset) -> Evaluation {
    let indices: Vec<usize> = (0..dataset.len()).collect();
    Engine::new(network, 100, 1).unwrap().evaluate(network, &Examples { dataset, indices: &indices }).unwrap()
}

#[test]
fn real_targets_are_learned_to_their_noise_by_every_likelihood_and_optimizer() {
    let splits = splits();
    for (likelihood, optimizer, rate) in [
        (Family::Gaussian, Algorithm::Adam, 3e-3),
        (Family::GaussianPredicted, Algorithm::Adam, 3e-3),
        (Family::GaussianFixed { variance: 0.01 }, Algorithm::Adam, 3e-3),
        (Family::GaussianFixed { variance: 0.01 }, Algorithm::Sgd { momentum: 0.9 }, 2e-4),
    ] {
        let config = Config::new(Method::None, &[30, 30])
            .activation(Activation::Tanh)
            .likelihood(likelihood)
            .optimizer(optimizer)
            .schedule(Schedule::Cosine, 0)
            .epochs(150)
            .batch_size(20)
            .learning_rate(rate)
            .averaging(0.9)
            .threads(1);
        let run = train(&config, &splits, |_| ()).unwrap();
        let found = evaluate(&run.network, &splits.test);
        let case = format!("{likelihood}, {optimizer}: {found:?}");
        assert!(found.rmse.unwrap() < 0.125, "{case}");
        // −ln N at the best: two targets of ½·ln(2πe·0.01) each.
        let best = (std::f64::consts::TAU * std::f64::consts::E * 0.01).ln();
        assert!(found.cross_entropy < best + 0.35, "{case}, {best}");
        let last = run.history.epochs.last().unwrap();
        assert!(last.valid_rmse.is_some() && last.test_error_percent < 10.0, "{last:?}");
    }
}

#[test]
fn learned_variances_of_the_targets_are_those_of_the_data() {
    let splits = splits();
    let config = Config::new(Method::None, &[30]).activation(Activation::Tanh).likelihood(Family::Gaussian).epochs(150);
    let run = train(&config.batch_size(20).learning_rate(3e-3).averaging(0.9).threads(1), &splits, |_| ()).unwrap();
    for log_variance in run.network.likelihood().log_variance().unwrap() {
        let deviation = (0.5 * log_variance).exp();
        assert!((0.085..0.12).contains(&deviation), "{deviation}");
    }
}

/// A network that differs by layer in everything.
fn mixed(inputs: usize, outputs: usize, likelihood: Likelihood) -> Network {
    Network::builder(inputs)
        .dense(20, Activation::Gelu)
        .noise(GaussianInput::learned(0.1))
        .dense(15, Activation::LeakyRelu { slope: 0.1 })
        .noise(GaussianOutput::fixed_by(Sharing::Unit, 0.2))
        .dense(12, Activation::Tanh)
        .noise(Additive::with_prior(Prior::Normal { deviation: 1.0 }, -6.0))
        .kl_weight(0.5)
        .dense(outputs, Activation::Identity)
        .likelihood(likelihood)
        .build(3)
        .unwrap()
}

fn go_on(_: vardrop::training::Progress<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[test]
fn a_network_built_by_hand_is_resumed_to_the_same_bits_and_opened_as_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let splits = splits();
    for optimizer in [Algorithm::Adam, Algorithm::Sgd { momentum: 0.8 }] {
        let network = mixed(1, 2, Likelihood::gaussian_learned(2));
        let config = Config::for_network(&network).epochs(4).batch_size(30).learning_rate(1e-3).threads(1);
        let config = config.optimizer(optimizer).schedule(Schedule::Linear, 1);
        let mut whole = Trainer::with_network(network.clone(), config.clone(), &splits).unwrap();
        whole.run(go_on).unwrap();

        let mut part = Trainer::with_network(network, config, &splits).unwrap();
        let mut steps = 0;
        part.run(|_| {
            steps += 1;
            if steps == 20 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
        part.save(&path).unwrap();
        let mut resumed = Trainer::resume(&path, &splits, None).unwrap();
        resumed.run(go_on).unwrap();
        assert_eq!(resumed.averaged(), whole.averaged());
        assert_eq!(resumed.network(), whole.network());
        resumed.save(&path).unwrap();
        let model = Model::open(&path).unwrap();
        assert_eq!(&model.network, whole.best_network());
        assert_eq!(model.info.config.method, Method::Custom);
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_network_that_does_not_fit_the_data_is_refused() {
    let splits = splits();
    let message = |result: Result<Trainer<'_>>| result.unwrap_err().to_string();
    let with = |network: Network| {
        let config = Config::for_network(&network).batch_size(10);
        Trainer::with_network(network, config, &splits)
    };
    assert!(message(with(mixed(2, 2, Likelihood::gaussian_learned(2)))).contains("has shape [2, 2]: expected [1, 2]"));
    assert!(message(with(mixed(1, 3, Likelihood::gaussian_learned(3)))).contains("expected [1, 2]"));
    let refused = message(with(mixed(1, 2, Likelihood::Categorical)));
    assert!(refused.contains("likelihood categorical is for classes, and waves has real values"), "{refused}");
    let digits = Splits::hold_out(synthetic(60, 1), synthetic(20, 2), 10).unwrap();
    let config = Config::new(Method::None, &[5]).likelihood(Family::Gaussian).batch_size(10);
    assert!(message(Trainer::new(config, &digits)).contains("is for real values"));
    let custom = Trainer::new(Config::new(Method::Custom, &[5]).batch_size(10), &digits);
    assert!(message(custom).contains("method is custom"));
}

fn noise(kind: usize, inputs: usize, outputs: usize) -> Result<Noise<f32>> {
    let (layer, unit, weight) = (Sharing::Layer, Sharing::Unit, Sharing::Weight);
    match kind {
        0 => Ok(Noise::None),
        1 => Ok(vardrop::layers::Binary::new(0.25)?.into()),
        2 => Ok(GaussianInput::fixed(0.3)(inputs, outputs)?.into()),
        3 => Ok(GaussianInput::learned_by(layer, 0.3)(inputs, outputs)?.into()),
        4 => Ok(GaussianInput::fixed_by(unit, 0.3)(inputs, outputs)?.into()),
        5 => Ok(GaussianOutput::fixed_by(weight, 0.3)(inputs, outputs)?.into()),
        6 => Ok(GaussianOutput::learned_by(unit, 0.3)(inputs, outputs)?.into()),
        7 => Ok(GaussianOutput::learned(0.3)(inputs, outputs)?.into()),
        8 => Ok(Additive::sparse(-3.0)(inputs, outputs)?.into()),
        _ => Ok(Additive::with_prior(Prior::Normal { deviation: 0.1 }, -3.0)(inputs, outputs)?.into()),
    }
}

#[test]
fn a_network_in_double_precision_keeps_all_its_digits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("double.safetensors");
    let builder =
        Network::<f64>::builder(3).dense(4, Activation::Tanh).noise(GaussianOutput::fixed_by(Sharing::Unit, 0.3));
    let network = builder.dense(2, Activation::Identity).likelihood(Likelihood::gaussian_learned(2)).build(9).unwrap();
    network.save(&path).unwrap();
    assert_eq!(Network::<f64>::open(&path).unwrap(), network);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn any_network_is_read_back_as_it_was_saved(
        inputs in 1_usize..6, layers in prop::collection::vec((1_usize..5, 0_usize..10, 0_usize..7, 0.0..3.0), 1..4),
        likelihood in 0_usize..4, seed: u64,
    ) {
        let activations = ["identity", "relu", "leaky-relu:0.3", "tanh", "softplus", "sigmoid", "gelu"];
        let mut builder = Network::<f32>::builder(inputs);
        let last = layers.len() - 1;
        let mut outputs = 1;
        for (index, (width, kind, activation, kl_weight)) in layers.into_iter().enumerate() {
            outputs = if likelihood == 3 && index == last { 2 * width } else { width };
            builder = builder.dense(outputs, activations[activation].parse().unwrap());
            builder = builder.noise(move |inputs, outputs| noise(kind, inputs, outputs)).kl_weight(kl_weight);
        }
        let likelihood = match likelihood {
            0 => Likelihood::Categorical,
            1 => Likelihood::gaussian_fixed(0.3).unwrap(),
            2 => Likelihood::gaussian_learned(outputs),
            _ => Likelihood::gaussian_predicted(),
        };
        let mut network = builder.likelihood(likelihood).build(seed).unwrap();
        for (index, values) in network.parameters_mut().into_iter().enumerate() {
            values.iter_mut().for_each(|x| *x = (*x - 0.01 * index as f32).min(-0.001));
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("network.safetensors");
        network.save(&path).unwrap();
        prop_assert_eq!(&Network::open(&path).unwrap(), &network);
        let is_refused = matches!(Network::<f64>::open(&path), Err(Error::Format { .. }));
        prop_assert!(is_refused, "another precision");
        // Neither is one taken for the other.
        let is_refused = matches!(Model::open(&path), Err(Error::Format { .. }));
        prop_assert!(is_refused);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.truncate(bytes.len() - 1);
        std::fs::write(&path, bytes).unwrap();
        prop_assert!(Network::<f32>::open(&path).is_err());
    }
}
