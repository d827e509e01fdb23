//! What predictive distributions and their calibration promise.

use rand_distr::{Distribution, StandardUniform};
use vardrop::data::{Images, letters, synthetic};
use vardrop::engine::{Engine, Examples, score};
use vardrop::layers::{GaussianOutput, Layer};
use vardrop::ndarray::{Array2, array};
use vardrop::network::{DropoutRates, Initialisation};
use vardrop::noise::{NoiseSource, Purpose, Rates, Sharing};
use vardrop::uncertainty::{Ensemble, Predictive, Sampling, Uncertainty, entropy};
use vardrop::{Method, Network};

fn network(method: Method, widths: &[usize]) -> Network {
    Network::new(method, widths, DropoutRates::default(), Initialisation::UnitColumns, 1).unwrap()
}

/// Uniform numbers that depend on the seed alone.
fn uniform(seed: u64, count: usize) -> Vec<f64> {
    let generator = NoiseSource::new(seed, 0).generator();
    let draws: Vec<f64> = StandardUniform.sample_iter(generator).take(count).collect();
    draws
}

/// `networks` networks' class probabilities, (examples × classes) each.
fn predictions(networks: usize, examples: usize, classes: usize) -> Vec<Array2<f64>> {
    let draw = |seed| {
        let weights = Array2::from_shape_vec((examples, classes), uniform(seed, examples * classes)).unwrap();
        let weights = weights.mapv(|weight: f64| weight.powi(4));
        &weights / &weights.sum_axis(vardrop::ndarray::Axis(1)).insert_axis(vardrop::ndarray::Axis(1))
    };
    (0..networks as u64).map(draw).collect()
}

fn ensemble(predictions: &[Array2<f64>]) -> Predictive {
    let mut ensemble = Ensemble::new(predictions[0].nrows(), predictions[0].ncols()).unwrap();
    predictions.iter().for_each(|prediction| ensemble.add(prediction.view()).unwrap());
    ensemble.predictive().unwrap()
}

/// By hand: networks that say (1/2, 1/2) and (1, 0) have the mean (3/4, 1/4). Its entropy is 3/4·ln(4/3) + 1/4·ln 4 =
/// ln 4 − 3/4·ln 3 = 0.562335; theirs are ln 2 and 0, in the mean 0.346574; the difference is 0.215762.
#[test]
fn the_entropy_splits_as_by_hand() {
    let split = ensemble(&[array![[0.5, 0.5]], array![[1.0, 0.0]]]).uncertainties()[0];
    assert!((split.entropy - 0.562_335_144_618).abs() < 1e-11);
    assert!((split.expected_entropy - 0.346_573_590_280).abs() < 1e-11);
    assert!((split.mutual_information - 0.215_761_554_339).abs() < 1e-11);
    // Agreement without certainty, and certainty without agreement.
    let even = ensemble(&[array![[0.25; 4]].mapv(|p: f64| p), array![[0.25; 4]]]).uncertainties()[0];
    assert_eq!((even.entropy, even.mutual_information), (even.expected_entropy, 0.0));
    assert!((even.entropy - 4f64.ln()).abs() < 1e-15);
    let torn = ensemble(&[array![[1.0, 0.0]], array![[0.0, 1.0]]]).uncertainties()[0];
    assert_eq!((torn.expected_entropy, torn.mutual_information), (0.0, torn.entropy));
}

/// The mutual information is the mean divergence of the networks from their mean, 1/K · Σ KL(pₖ ‖ E p): another way to
/// it, from all predictions at once.
#[test]
fn sums_as_they_come_give_what_all_predictions_at_once_give() {
    let all = predictions(50, 20, 10);
    let streamed = ensemble(&all);
    for example in 0..20 {
        let mean: Vec<f64> = (0..10).map(|class| all.iter().map(|p| p[[example, class]]).sum::<f64>() / 50.0).collect();
        let divergence = |p: &Array2<f64>| -> f64 {
            (0..10).map(|class| p[[example, class]] * (p[[example, class]] / mean[class]).ln()).sum()
        };
        let information = all.iter().map(divergence).sum::<f64>() / 50.0;
        let split = streamed.uncertainties()[example];
        assert!((split.mutual_information - information).abs() < 1e-13);
        assert!((split.entropy - split.expected_entropy - information).abs() < 1e-13);
        for (class, mean) in mean.iter().enumerate() {
            assert!((streamed.probabilities()[[example, class]] - mean).abs() < 1e-15);
        }
    }
    let mean = streamed.mean_uncertainty();
    let by_hand = streamed.uncertainties().iter().map(|split| split.entropy).sum::<f64>() / 20.0;
    assert!((mean.entropy - by_hand).abs() < 1e-14);
    assert!((mean.entropy - mean.expected_entropy - mean.mutual_information).abs() < 1e-14);
}

#[test]
fn ten_thousand_networks_do_not_drift() {
    let p = array![[0.1, 0.2, 0.7]];
    let mut ensemble = Ensemble::new(1, 3).unwrap();
    (0..10_000).for_each(|_| ensemble.add(p.view()).unwrap());
    let predictive = ensemble.predictive().unwrap();
    assert_eq!((ensemble.members(), predictive.samples()), (10_000, Some(10_000)));
    // A sum of 10⁴ terms in double precision: far below 10⁴ · 2⁻⁵³.
    assert!((&predictive.probabilities() - &p).iter().all(|difference| difference.abs() < 1e-12));
    assert!(predictive.uncertainties()[0].mutual_information < 1e-12);
}

#[test]
fn one_draw_and_a_method_without_noise_have_no_mutual_information() {
    let digits = synthetic(30, 1);
    let one = Predictive::of_dataset(&network(Method::Binary, &[784, 20, 10]), &digits, Sampling::draws(1)).unwrap();
    assert!(one.uncertainties().iter().all(|split| split.mutual_information == 0.0 && split.entropy > 0.0));

    let plain = network(Method::None, &[784, 20, 10]);
    let drawn = Predictive::of_dataset(&plain, &digits, Sampling::draws(7)).unwrap();
    let without = Predictive::of_dataset(&plain, &digits, Sampling::without_noise()).unwrap();
    assert_eq!((drawn.samples(), without.samples()), (Some(7), None));
    assert_eq!(drawn.probabilities(), without.probabilities());
    assert!(drawn.uncertainties().iter().all(|split| split.mutual_information == 0.0));
}

#[test]
fn the_mean_is_that_of_the_engines_own_predictions() {
    let (digits, indices) = (synthetic(12, 1), [3, 3, 0, 11, 5]);
    let network = network(Method::VariationalB, &[784, 15, 10]);
    let mut engine = Engine::new(&network, 5, 1).unwrap();
    let batch = Examples { dataset: &digits, indices: &indices };
    let mut mean = Array2::<f64>::zeros((5, 10));
    for sample in 0..4 {
        let source = NoiseSource::for_purpose(Purpose::Prediction, 9, sample);
        mean += &(engine.predict(&network, &batch, Some(source)).unwrap().mapv(f64::from) / 4.0);
    }
    let sampling = Sampling::draws(4).seed(9).threads(1);
    let predictive = Predictive::of_examples(&network, &digits, &indices, sampling).unwrap();
    assert!((&predictive.probabilities() - &mean).iter().all(|difference| difference.abs() < 1e-15));

    // Without noise, to the last bit what training reports.
    let plain = Predictive::of_examples(&network, &digits, &indices, Sampling::without_noise().threads(1)).unwrap();
    let expected = score(engine.predict(&network, &batch, None).unwrap().view(), &batch).unwrap();
    let labels: Vec<usize> = indices.iter().map(|&index| digits.labels()[index]).collect();
    let calibration = plain.calibration(&labels, 15).unwrap();
    assert_eq!(calibration.negative_log_likelihood, expected.cross_entropy);
    assert_eq!(calibration.error_percent, expected.error_percent);
}

#[test]
fn every_row_has_noise_of_its_own_beyond_the_first_block_too() {
    let digit = synthetic(1, 3);
    let same = [0; 40];
    for method in Method::ALL.into_iter().filter(|&method| method != Method::None) {
        let network = network(method, &[784, 30, 10]);
        for sampling in [Sampling::draws(1).threads(1).block(3), Sampling::draws(1).threads(3).block(4)] {
            let predictive = Predictive::of_examples(&network, &digit, &same, sampling).unwrap();
            let probabilities = predictive.probabilities();
            for row in 0..same.len() {
                for other in 0..row {
                    assert_ne!(probabilities.row(row), probabilities.row(other), "{method}: rows {row} and {other}");
                }
            }
        }
    }
}

#[test]
fn threads_and_blocks_change_nothing_but_the_last_digits() {
    let digits = synthetic(57, 2);
    for method in Method::ALL {
        let network = network(method, &[784, 30, 30, 10]);
        let draw = |threads, block| {
            let sampling = Sampling::draws(5).seed(4).threads(threads).block(block);
            Predictive::of_dataset(&network, &digits, sampling).unwrap()
        };
        let reference = draw(1, 500);
        assert_eq!(reference, draw(1, 500));
        for (threads, block) in [(1, 1), (1, 10), (2, 500), (3, 7), (64, 2)] {
            let other = draw(threads, block);
            // Single precision, whose products are rounded in another order.
            let close = |a: &f64, b: &f64| (a - b).abs() < 1e-5;
            assert!(reference.probabilities().iter().zip(other.probabilities()).all(|(a, b)| close(a, b)));
            for (a, b) in reference.uncertainties().iter().zip(other.uncertainties()) {
                assert!(close(&a.entropy, &b.entropy) && close(&a.mutual_information, &b.mutual_information));
            }
        }
    }
}

#[test]
fn every_prediction_is_a_distribution_whose_entropies_are_within_their_bounds() {
    for method in Method::ALL {
        let network = network(method, &[784, 20, 10]);
        let predictive = Predictive::of_images(&network, &letters(40, 1), Sampling::draws(6)).unwrap();
        for (row, split) in predictive.probabilities().outer_iter().zip(predictive.uncertainties()) {
            assert!((row.sum() - 1.0).abs() < 1e-6 && row.iter().all(|&p| p >= 0.0));
            assert_eq!(split.entropy, entropy(&row.to_vec()));
            assert!(0.0 <= split.expected_entropy && split.expected_entropy <= split.entropy + 1e-12);
            assert!(split.entropy <= 10f64.ln() + 1e-6 && split.mutual_information >= 0.0);
            assert!((split.entropy - split.expected_entropy - split.mutual_information).abs() < 1e-12);
        }
    }
}

/// One input a = 1 with type B noise and two classes: the log-odds differ by z ~ N(w₁ − w₀, α·(w₀² + w₁²)), and the
/// mean probability and entropy are integrals over z.
#[test]
fn drawn_networks_approach_the_integrals_of_their_noise() {
    let (alpha, weights) = (0.5f32, [0.3f32, 1.5]);
    let mut rates = Rates::new(f64::from(alpha), Sharing::Layer, false, 1, 2).unwrap();
    rates.log_alpha.fill(alpha.ln());
    let layer = Layer::new(array![[weights[0], weights[1]]], array![0.0, 0.0], GaussianOutput { rates }).unwrap();
    let network = Network::from_layers(vec![layer]).unwrap();
    let samples = 20_000;
    let predictive =
        Predictive::of_array(&network, array![[1.0f32]].view(), Sampling::draws(samples).threads(1)).unwrap();

    let (mean, deviation) = (1.2, (0.5f64 * (0.09 + 2.25)).sqrt());
    // Trapezium rule over ±10 standard deviations: its error is far below what sampling leaves.
    let integral = |value: &dyn Fn(f64) -> f64| {
        let step = 0.001;
        let at = |index: i32| {
            let t = f64::from(index) * step;
            value(mean + deviation * t) * (-0.5 * t * t).exp() / (2.0 * std::f64::consts::PI).sqrt()
        };
        (-10_000..=10_000).map(at).sum::<f64>() * step
    };
    let logistic = |z: f64| 1.0 / (1.0 + (-z).exp());
    let entropy_at = |z: f64| entropy(&[logistic(z), 1.0 - logistic(z)]);
    let p = integral(&logistic);
    let expected = integral(&entropy_at);
    // Five standard errors.
    let error = |value: &dyn Fn(f64) -> f64, mean: f64| {
        5.0 * ((integral(&|z| value(z).powi(2)) - mean * mean) / samples as f64).sqrt()
    };
    assert!((predictive.probabilities()[[0, 1]] - p).abs() < error(&logistic, p));
    let split = predictive.uncertainties()[0];
    assert!((split.expected_entropy - expected).abs() < error(&entropy_at, expected));
    let information = entropy(&[p, 1.0 - p]) - expected;
    assert!(information > 0.04 && (split.mutual_information - information).abs() < 0.1 * information);
}

#[test]
fn one_example_is_a_prediction_with_its_class_and_words() {
    let predictive = ensemble(&[array![[0.2, 0.7, 0.1]], array![[0.2, 0.5, 0.3]]]);
    let prediction = predictive.prediction(0).unwrap();
    assert_eq!((prediction.class(), prediction.samples), (1, Some(2)));
    assert!((prediction.confidence() - 0.6).abs() < 1e-15);
    assert!(prediction.sentence().starts_with("1 with probability 0.600; entropy 0.95 nats ="));
    assert_eq!(prediction.table().len(), 3);
    assert!(predictive.prediction(1).unwrap_err().to_string().contains("example is 1: expected a number from 0 to 0"));
}

#[test]
fn what_cannot_be_drawn_is_an_error_that_names_it() {
    let network = network(Method::Binary, &[784, 8, 10]);
    let digits = synthetic(5, 1);
    let message = |predictive: vardrop::Result<Predictive>| predictive.unwrap_err().to_string();
    let of = |sampling| message(Predictive::of_dataset(&network, &digits, sampling));
    assert!(of(Sampling::draws(0)).contains("samples is 0: expected 1 drawn network or more"));
    assert!(of(Sampling::draws(1).threads(0)).contains("threads is 0"));
    assert!(of(Sampling::draws(1).block(0)).contains("block is 0"));
    let sampling = Sampling::draws(2);
    let small = Images::new("small", Array2::zeros((3, 16)), 4, 4).unwrap();
    assert!(message(Predictive::of_images(&network, &small, sampling)).contains("[16]: expected [784]"));
    assert!(message(Predictive::of_images(&network, &letters(0, 1), sampling)).contains("number of examples is 0"));
    let outside = Predictive::of_examples(&network, &digits, &[4, 5], sampling);
    assert!(message(outside).contains("example is 5: expected an example of synthetic, counted from 0 and below 5"));
    let mut inputs = Array2::zeros((3, 784));
    inputs[[2, 100]] = f32::NAN;
    assert!(message(Predictive::of_array(&network, inputs.view(), sampling)).contains("NaN (example 2)"));
}

#[test]
fn what_is_no_distribution_leaves_an_ensemble_as_it_was() {
    let mut ensemble = Ensemble::new(2, 2).unwrap();
    assert!(ensemble.predictive().unwrap_err().to_string().contains("number of networks is 0"));
    ensemble.add(array![[0.5, 0.5], [0.1, 0.9]].view()).unwrap();
    let before = ensemble.predictive().unwrap();
    for (wrong, reason) in [
        (array![[0.5, 0.5]], "[1, 2]: expected [2, 2]"),
        (array![[0.5, 0.5], [f64::NAN, 0.5]], "NaN (example 1)"),
        (array![[0.5, 0.5], [-0.5, 1.5]], "-0.5 (example 1)"),
        (array![[0.9, 0.9], [0.5, 0.5]], "1.8 (example 0)"),
    ] {
        let message = ensemble.add(wrong.view()).unwrap_err().to_string();
        assert!(message.contains(reason), "{message}");
        assert_eq!(ensemble.predictive().unwrap(), before);
    }
    assert!(Ensemble::new(0, 2).is_err() && Ensemble::new(2, 0).is_err());
    assert_eq!(Uncertainty::mean(&[]), None);
}

#[test]
fn draws_of_several_networks_are_one_ensemble_of_all_of_them() {
    let digits = synthetic(9, 1);
    let of = |seed, samples| {
        let network = Network::new(
            Method::VariationalB,
            &[784, 12, 10],
            DropoutRates::default(),
            Initialisation::UnitColumns,
            seed,
        );
        Predictive::of_dataset(&network.unwrap(), &digits, Sampling::draws(samples).threads(1)).unwrap()
    };
    let (one, other) = (of(1, 3), of(2, 5));
    let mut all = Ensemble::new(9, 10).unwrap();
    all.add_draws(&one).unwrap();
    all.add_draws(&other).unwrap();
    let together = all.predictive().unwrap();
    assert_eq!((all.members(), together.samples()), (8, Some(8)));
    let mean = (3.0 * &one.probabilities() + 5.0 * &other.probabilities()) / 8.0;
    assert!((&together.probabilities() - &mean).iter().all(|difference| difference.abs() < 1e-12));
    for (example, split) in together.uncertainties().iter().enumerate() {
        let expected = |predictive: &Predictive| predictive.uncertainties()[example].expected_entropy;
        assert!((split.expected_entropy - (3.0 * expected(&one) + 5.0 * expected(&other)) / 8.0).abs() < 1e-12);
        assert_eq!(split.entropy, entropy(&together.probabilities().row(example).to_vec()));
    }
    let before = all.predictive().unwrap();
    let fewer = Predictive::of_images(&network(Method::Binary, &[784, 9, 10]), &letters(4, 1), Sampling::draws(1));
    let message = all.add_draws(&fewer.unwrap()).unwrap_err().to_string();
    assert!(message.contains("[4, 10]: expected [9, 10]"), "{message}");
    assert_eq!(all.predictive().unwrap(), before);
}
