//! What the predictive distributions of real targets, their scores and their calibration promise.

use rand_distr::{Distribution, StandardNormal, StandardUniform};
use vardrop::data::{Dataset, Examples, Rows};
use vardrop::layers::{Activation, Additive, GaussianOutput, Layer, Prior};
use vardrop::likelihood::{Family, Likelihood, Variance};
use vardrop::ndarray::{Array1, Array2, ArrayView2, array};
use vardrop::network::{DropoutRates, Initialisation};
use vardrop::noise::NoiseSource;
use vardrop::uncertainty::{
    Mixture, Predictive, QuantileCalibration, RegressionEnsemble, RegressionPredictive, RegressionScores, Sampling,
};
use vardrop::{Method, Network};

/// y = x·w with w ~ N(weight, e^log_variance), and N(y, 0.3) of the target.
fn line(weight: f32, log_variance: f32) -> Network {
    let noise = Additive { log_variance: array![[log_variance]], prior: Prior::LogUniform, zero_above: None };
    let layer = Layer::new(array![[weight]], array![0.0], noise).unwrap();
    Network::from_layers(vec![layer]).unwrap().with_likelihood(Likelihood::gaussian_fixed(0.3).unwrap()).unwrap()
}

/// Two inputs, `targets` targets, noise of learned rate.
fn network(likelihood: Likelihood, targets: usize) -> Network {
    let outputs = likelihood.outputs(targets);
    let builder = Network::builder(2).dense(12, Activation::Tanh).noise(GaussianOutput::learned(0.4));
    builder.dense(outputs, Activation::Identity).likelihood(likelihood).build(1).unwrap()
}

fn uniform(seed: u64, count: usize) -> Vec<f64> {
    let draws: Vec<f64> = StandardUniform.sample_iter(NoiseSource::new(seed, 0).generator()).take(count).collect();
    draws
}

/// An ensemble of random normal distributions, some far apart.
fn ensemble(networks: usize, examples: usize, targets: usize) -> RegressionPredictive {
    let mut ensemble = RegressionEnsemble::new(examples, targets).unwrap();
    for network in 0..networks as u64 {
        let numbers = uniform(network, 2 * examples * targets);
        let (means, variances) = numbers.split_at(examples * targets);
        let array = |numbers: &[f64]| Array2::from_shape_vec((examples, targets), numbers.to_vec()).unwrap();
        let (means, variances) = (array(means).mapv(|u| 6.0 * u * u - 2.0), array(variances).mapv(|u| 0.02 + u * u));
        ensemble.add(means.view(), variances.view()).unwrap();
    }
    ensemble.predictive().unwrap()
}

/// A network's means and variances.
type Moments = (Array2<f64>, Array2<f64>);

/// Targets that a predictive distribution itself draws: first a network, then its normal distribution.
fn drawn_from(predictive: &RegressionPredictive, members: &[Moments], seed: u64) -> Array2<f64> {
    let mut generator = NoiseSource::new(seed, 7).generator();
    Array2::from_shape_fn((predictive.len(), predictive.targets()), |place| {
        let u: f64 = StandardUniform.sample(&mut generator);
        let (means, variances) = &members[(u * members.len() as f64) as usize];
        let z: f64 = StandardNormal.sample(&mut generator);
        means[place] + variances[place].sqrt() * z
    })
}

/// Networks whose means and variances differ by example, and their predictive distribution with all variances times `factor`.
fn members(networks: usize, examples: usize, factor: f64) -> (Vec<Moments>, RegressionPredictive) {
    let mut ensemble = RegressionEnsemble::new(examples, 1).unwrap();
    let all: Vec<Moments> = (0..networks as u64)
        .map(|network| {
            let column = |seed| Array2::from_shape_vec((examples, 1), uniform(seed, examples)).unwrap();
            (column(2 * network).mapv(|u| 2.0 * u), column(2 * network + 1).mapv(|u| 0.1 + u))
        })
        .collect();
    // Means drawn together to their own mean as well, so that all of the mixture is narrower.
    let mean = all.iter().fold(Array2::zeros((examples, 1)), |sum, (means, _)| sum + means) / networks as f64;
    for (means, variances) in &all {
        let means = &mean + &((means - &mean) * factor.sqrt());
        ensemble.add(means.view(), (variances * factor).view()).unwrap();
    }
    (all, ensemble.predictive().unwrap())
}

/// ∫ of a function by Simpson's rule over [low, high].
fn integral(low: f64, high: f64, value: impl Fn(f64) -> f64) -> f64 {
    let steps = 20_000;
    let h = (high - low) / f64::from(steps);
    let weight = |index: i32| if index == 0 || index == steps { 1.0 } else { f64::from(2 + 2 * (index % 2)) };
    (0..=steps).map(|index| weight(index) * value(low + h * f64::from(index))).sum::<f64>() * h / 3.0
}

#[test]
fn both_parts_of_the_variance_of_a_noisy_line_are_those_of_the_closed_form() {
    let (weight, log_variance) = (0.7f32, -1.5f32);
    let inputs = array![[1.0f32], [-2.0], [0.5], [0.0]];
    let samples = 20_000;
    let sampling = Sampling::draws(samples).seed(3).threads(1);
    let predictive = RegressionPredictive::of(&line(weight, log_variance), &inputs.view(), sampling).unwrap();
    for (example, &x) in inputs.iter().enumerate() {
        let (x, of_weight) = (f64::from(x), f64::from(log_variance).exp());
        let expected = x * x * of_weight;
        let (mean, found) = (predictive.mean()[[example, 0]], predictive.weight_variance()[[example, 0]]);
        // Five standard errors: √(v/K) of a mean, v·√(2/K) of a variance; and single precision.
        let error = 5.0 * (expected / samples as f64).sqrt() + 1e-6;
        assert!((mean - x * f64::from(weight)).abs() < error, "{x}: {mean}");
        assert!((found - expected).abs() <= 5.0 * expected * (2.0 / samples as f64).sqrt(), "{x}: {found}, {expected}");
        assert!((predictive.data_variance()[[example, 0]] - 0.3).abs() < 1e-12);
        assert!((predictive.variance()[[example, 0]] - found - 0.3).abs() < 1e-12);
        // The mixture of so many is the normal distribution N(x·w, x²σ_w² + σ²).
        let (low, high) = predictive.mixture(example, 0).unwrap().interval(0.9).unwrap();
        let half = 1.644_853_627 * (expected + 0.3).sqrt();
        assert!((high - low - 2.0 * half).abs() < 0.03 * half, "{x}: {low} to {high}");
    }
}

#[test]
fn without_noise_the_weights_bring_nothing_and_one_draw_is_one_normal_distribution() {
    let inputs = array![[1.5f32], [-2.0]];
    let noisy = line(0.7, -1.0);
    for (sampling, samples) in [(Sampling::without_noise(), None), (Sampling::draws(1), Some(1))] {
        let predictive = RegressionPredictive::of_array(&noisy, inputs.view(), sampling).unwrap();
        assert_eq!(predictive.samples(), samples);
        assert!(predictive.weight_variance().iter().all(|&variance| variance == 0.0));
        let mixture = predictive.mixture(1, 0).unwrap();
        let z = 1.281_551_565_544_600_4;
        let expected = predictive.mean()[[1, 0]] + z * 0.3f64.sqrt();
        assert!((mixture.quantile(0.9).unwrap() - expected).abs() < 1e-9);
    }
    let plain = RegressionPredictive::of_array(&noisy, inputs.view(), Sampling::without_noise()).unwrap();
    assert!((plain.mean()[[1, 0]] - f64::from(-2.0f32 * 0.7)).abs() < 1e-6);
}

#[test]
fn any_inputs_are_read_alike_and_each_kind_of_variance_is_the_networks_own() {
    let inputs = array![[0.3f32, -1.0], [2.0, 0.1], [-0.4, 0.9]];
    let sampling = Sampling::draws(5).seed(2).threads(1);
    let learned = Likelihood::Gaussian(Variance::Learned { log_variance: Array1::from_vec(vec![0.4, -1.2]) });
    for likelihood in [learned, Likelihood::gaussian_predicted(), Likelihood::gaussian_fixed(0.5).unwrap()] {
        let network = network(likelihood, 2);
        let of_view = RegressionPredictive::of(&network, &inputs.view(), sampling).unwrap();
        let targets = Array2::zeros((3, 2));
        let rows = Rows::with_values(inputs.view(), targets.view()).unwrap();
        assert_eq!(RegressionPredictive::of(&network, &rows, sampling).unwrap(), of_view);
        assert_eq!(RegressionPredictive::of_array(&network, inputs.view(), sampling).unwrap(), of_view);
        let dataset = Dataset::regression("three", inputs.mapv(f64::from), targets.clone()).unwrap();
        assert_eq!(RegressionPredictive::of_dataset(&network, &dataset, sampling).unwrap(), of_view);
        assert_eq!((of_view.len(), of_view.targets(), of_view.samples()), (3, 2, Some(5)));
        match network.likelihood().family() {
            Family::Gaussian => {
                assert!((of_view.data_variance()[[2, 1]] - f64::from(-1.2f32).exp()).abs() < 1e-12);
            }
            Family::GaussianFixed { .. } => assert!((of_view.data_variance()[[0, 1]] - 0.5).abs() < 1e-12),
            _ => assert_ne!(of_view.data_variance()[[0, 1]], of_view.data_variance()[[1, 1]]),
        }
        assert!(of_view.weight_variance().iter().all(|&variance| variance > 0.0));
    }
    // Classes are read in the same way.
    let digits = vardrop::data::synthetic(4, 1);
    let classes =
        Network::new(Method::Binary, &[784, 8, 10], DropoutRates::default(), Initialisation::UnitColumns, 1).unwrap();
    let indices = [0, 1, 2, 3];
    let examples = Examples { dataset: &digits, indices: &indices };
    let of_dataset = Predictive::of_dataset(&classes, &digits, sampling).unwrap();
    assert_eq!(Predictive::of(&classes, &examples, sampling).unwrap(), of_dataset);
}

/// Of a mixture that is not symmetric, in Python: by bisection on Σ erfc, by math.log, and by Simpson's rule on (F − 1[t ≥ y])².
#[test]
fn quantiles_likelihood_and_crps_are_those_of_python() {
    let mixture = Mixture::new(&[-1.0, 0.5, 2.0], &[0.25, 1.0, 0.0625]).unwrap();
    for (p, expected) in [
        (0.025, -1.764_155_307_352_541_3),
        (0.1, -1.313_782_609_675_479_4),
        (0.5, 0.503_310_861_602_977),
        (0.9, 2.166_872_120_603_463),
        (0.975, 2.417_602_179_001_691_3),
        (1e-6, -4.026_439_464_200_978),
    ] {
        let found = mixture.quantile(p).unwrap();
        assert!((found - expected).abs() < 1e-9, "{p}: {found} and {expected}");
    }
    assert!((mixture.distribution(0.7) - 0.526_307_626_605_896_5).abs() < 1e-14);
    assert!((mixture.log_density(0.7) + 2.031_262_925_162_058).abs() < 1e-13);
    assert!((mixture.crps(0.7) - 0.477_146_646_926_361_4).abs() < 1e-12);
    // The example of the Python package scoringrules, crps_mixnorm, whose weights are 0.1, 0.2 and 0.7.
    let weighted = |values: [f64; 3]| -> Vec<f64> { (0..10).map(|k| values[[0, 1, 1, 2][k.min(3)]]).collect() };
    let mixture = Mixture::new(&weighted([0.1, -0.3, 1.0]), &weighted([0.16, 4.41, 0.49])).unwrap();
    assert!((mixture.crps(0.0) - 0.468_068_667_293_872_75).abs() < 1e-14, "{}", mixture.crps(0.0));
    // Of one normal distribution: σ·(z·(2Φ(z) − 1) + 2φ(z) − 1/√π) at z = 0 (Gneiting & Raftery 2007, equation 5).
    let normal = Mixture::new(&[2.0], &[9.0]).unwrap();
    let expected = 3.0 * ((2.0 / std::f64::consts::PI).sqrt() - (1.0 / std::f64::consts::PI).sqrt());
    assert!((normal.crps(2.0) - expected).abs() < 1e-14);
}

#[test]
fn quantiles_and_crps_agree_with_the_integral_of_the_density() {
    let predictive = ensemble(7, 6, 1);
    for example in 0..6 {
        let mixture = predictive.mixture(example, 0).unwrap();
        let density = |y: f64| mixture.log_density(y).exp();
        for p in [0.001, 0.05, 0.3, 0.5, 0.77, 0.95, 0.9999] {
            let quantile = mixture.quantile(p).unwrap();
            let share = integral(-14.0, quantile, density);
            // An error of 1e-9 spreads is at most that times the density, which is below 1.
            assert!((share - p).abs() < 2e-9, "example {example}, {p}: {share}");
            assert!((mixture.distribution(quantile) - p).abs() < 1e-11);
        }
        for y in [-1.0, 0.2, 3.3] {
            let below = integral(-14.0, y, |t| mixture.distribution(t).powi(2));
            let above = integral(y, 18.0, |t| (1.0 - mixture.distribution(t)).powi(2));
            assert!((mixture.crps(y) - below - above).abs() < 1e-9, "example {example}, {y}");
        }
    }
}

/// Shapes that a step of Newton's method leaves or stalls in: modes far apart, a spike in a wide distribution, far tails.
#[test]
fn quantiles_of_awkward_mixtures_are_within_their_precision() {
    let mut wide_and_narrow = vec![1.0; 9];
    wide_and_narrow.push(1e-18);
    let cases = [
        Mixture::new(&[-1000.0, 1000.0, 1000.0], &[1e-6, 1e-6, 1.0]).unwrap(),
        Mixture::new(&[0.0; 10], &wide_and_narrow).unwrap(),
        Mixture::new(&[0.0, 1e9], &[1.0, 1.0]).unwrap(),
        Mixture::new(&[1e6, 1e6 + 1e-3], &[1e-8, 1e-6]).unwrap(),
        Mixture::new(&[0.0, 3.0, -2.0], &[4.0, 1e-10, 900.0]).unwrap(),
    ];
    for (index, mixture) in cases.iter().enumerate() {
        let spread = mixture.variance().sqrt();
        let mut last = f64::NEG_INFINITY;
        for p in [1e-12, 1e-5, 0.01, 0.2, 0.3, 0.34, 0.4, 0.47, 0.52, 0.6, 0.7, 0.9, 0.999, 1.0 - 1e-9] {
            let quantile = mixture.quantile(p).unwrap();
            // F crosses p within 1e-9 spreads, and the rounding of the point itself: what "exact to" means, whatever the density.
            let by = 1e-9 * spread + 4.0 * f64::EPSILON * quantile.abs();
            let (low, high) = (quantile - by, quantile + by);
            let slack = 4.0 * f64::EPSILON;
            assert!(mixture.distribution(low) <= p + slack, "{index}, {p}: {quantile}");
            assert!(mixture.distribution(high) >= p - slack, "{index}, {p}: {quantile}");
            assert!(quantile >= last, "{index}, {p}");
            last = quantile;
        }
    }
    // By symmetry, and with as much below as above.
    let mixture = &Mixture::new(&[-1.0, 1.0], &[0.5, 0.5]).unwrap();
    let (low, high) = mixture.interval(0.999_999).unwrap();
    assert!((low + high).abs() < 1e-9 && (mixture.distribution(low) - 5e-7).abs() < 1e-15);
}

#[test]
fn the_likelihood_of_several_targets_is_that_of_their_joint_mixture() {
    let predictive = ensemble(3, 2, 2);
    let targets = array![[0.4, -0.3], [1.0, 2.0]];
    let found = predictive.negative_log_likelihoods(targets.view()).unwrap();
    for example in 0..2 {
        let density = |mean: f64, variance: f64, y: f64| {
            (-(y - mean).powi(2) / (2.0 * variance)).exp() / (std::f64::consts::TAU * variance).sqrt()
        };
        let of_network = |network: u64| -> f64 {
            let numbers = uniform(network, 8);
            let factor = |target: usize| {
                let (u, v) = (numbers[2 * example + target], numbers[4 + 2 * example + target]);
                density(6.0 * u * u - 2.0, 0.02 + v * v, targets[[example, target]])
            };
            factor(0) * factor(1)
        };
        let mean = (0..3).map(of_network).sum::<f64>() / 3.0;
        assert!((found[example] + mean.ln()).abs() < 1e-11, "{}, {}", found[example], mean.ln());
    }
    // Of one target it is the mixture's own; so far out that every density is 0, it is still finite.
    let one = predictive.target(1).unwrap();
    let far = one.negative_log_likelihoods(array![[-0.3], [1e6]].view()).unwrap();
    assert!((far[0] + one.mixture(0, 0).unwrap().log_density(-0.3)).abs() < 1e-12);
    assert!(far[1].is_finite() && far[1] > 1e10);
}

#[test]
fn intervals_hold_what_the_distribution_itself_draws_and_too_narrow_ones_are_found_out() {
    let examples = 2_000;
    let (all, right) = members(5, examples, 1.0);
    let (_, narrow) = members(5, examples, 0.5);
    let targets = drawn_from(&right, &all, 1);
    let levels = [0.5, 0.8, 0.95];
    let scores = right.scores(targets.view(), &levels).unwrap();
    for coverage in &scores.coverage {
        // Four standard errors of a share.
        let error = 4.0 * (coverage.level * (1.0 - coverage.level) / examples as f64).sqrt();
        assert!((coverage.share() - coverage.level).abs() < error, "{coverage:?}");
        let (low, high) = right.intervals(coverage.level).unwrap();
        let held = (0..examples).filter(|&k| low[[k, 0]] <= targets[[k, 0]] && targets[[k, 0]] <= high[[k, 0]]).count();
        assert_eq!(held, coverage.within);
        assert!((coverage.mean_width - (&high - &low).sum() / examples as f64).abs() < 1e-12);
        assert!(coverage.interval.low < coverage.share() && coverage.share() < coverage.interval.high);
    }
    let of_narrow = narrow.scores(targets.view(), &levels).unwrap();
    for coverage in &of_narrow.coverage {
        assert!(coverage.interval.high < coverage.level, "{coverage:?}");
    }
    assert!(scores.negative_log_likelihood < of_narrow.negative_log_likelihood && scores.crps < of_narrow.crps);
    assert!((scores.rmse - of_narrow.rmse).abs() < 1e-9, "the means are the same");

    let calibration = right.calibration(targets.view(), QuantileCalibration::LEVELS).unwrap();
    let of_narrow = narrow.calibration(targets.view(), QuantileCalibration::LEVELS).unwrap();
    // Neighbouring levels go together, so the mean deviation of one set scatters by about half of itself.
    assert!(calibration.mean_absolute_deviation < 3.0 * calibration.deviation_by_chance);
    assert!(of_narrow.mean_absolute_deviation > 5.0 * of_narrow.deviation_by_chance);
    assert!(calibration.levels.iter().all(|level| level.gap().abs() < 4.5 * level.chance));
    let gaps = [0, 18].map(|index| of_narrow.levels[index].gap());
    assert!(gaps[0] > 0.0 && gaps[1] < 0.0, "too narrow: too many targets in both tails, {gaps:?}");
}

#[test]
fn the_deviation_by_chance_is_the_mean_of_many_calibrated_sets() {
    for values in [10, 300] {
        let run = |seed| QuantileCalibration::of(&uniform(seed, values), QuantileCalibration::LEVELS).unwrap();
        let runs: Vec<QuantileCalibration> = (0..400).map(run).collect();
        let mean = runs.iter().map(|run| run.mean_absolute_deviation).sum::<f64>() / 400.0;
        // One set's deviation scatters by about half of itself: 400 of them by 1/40, and four of those are allowed.
        assert!((mean / runs[0].deviation_by_chance - 1.0).abs() < 0.1, "{mean}, {}", runs[0].deviation_by_chance);
        // √(2/π)·√(p(1 − p)/n), the mean over the levels: another way to its size.
        let size =
            (2.0 / std::f64::consts::PI).sqrt() * runs[0].levels.iter().map(|level| level.chance).sum::<f64>() / 19.0;
        assert!((runs[0].deviation_by_chance / size - 1.0).abs() < 0.05, "{size}");
    }
}

#[test]
fn other_units_change_every_number_as_they_must() {
    let predictive = ensemble(4, 5, 2);
    let (means, scales) = ([20.0, -3.0], [5.0, 0.1]);
    let targets = Array2::from_shape_fn((5, 2), |(example, target)| 0.7 * example as f64 - target as f64);
    let in_units = |array: ArrayView2<'_, f64>| {
        Array2::from_shape_fn(array.dim(), |(example, target)| {
            means[target] + scales[target] * array[[example, target]]
        })
    };
    let other = predictive.in_units(&means, &scales).unwrap();
    let other_targets = in_units(targets.view());
    let close = |a: &Array2<f64>, b: &Array2<f64>| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9 * (1.0 + b.abs()));
    assert!(close(&other.mean().to_owned(), &in_units(predictive.mean())));
    for (target, scale) in scales.into_iter().enumerate() {
        for example in 0..5 {
            let at = [example, target];
            assert!((other.data_variance()[at] / predictive.data_variance()[at] / scale.powi(2) - 1.0).abs() < 1e-12);
            assert!(
                (other.weight_variance()[at] / predictive.weight_variance()[at] / scale.powi(2) - 1.0).abs() < 1e-9
            );
        }
        let own = predictive.target(target).unwrap();
        let column = |array: &Array2<f64>| array.column(target).to_owned().insert_axis(vardrop::ndarray::Axis(1));
        let scores = own.scores(column(&targets).view(), &RegressionScores::LEVELS).unwrap();
        let of_other = other.target(target).unwrap();
        let of_other = of_other.scores(column(&other_targets).view(), &RegressionScores::LEVELS).unwrap();
        assert!((of_other.rmse / scores.rmse / scale - 1.0).abs() < 1e-9);
        assert!((of_other.crps / scores.crps / scale - 1.0).abs() < 1e-9);
        for (a, b) in of_other.coverage.iter().zip(&scores.coverage) {
            assert_eq!((a.within, a.level), (b.within, b.level));
            assert!((a.mean_width / b.mean_width / scale - 1.0).abs() < 1e-9);
        }
    }
    assert!(close(&other.quantiles(0.3).unwrap(), &in_units(predictive.quantiles(0.3).unwrap().view())));
    let change: f64 = scales.iter().map(|scale: &f64| scale.ln()).sum();
    let before = predictive.negative_log_likelihoods(targets.view()).unwrap();
    let after = other.negative_log_likelihoods(other_targets.view()).unwrap();
    assert!(before.iter().zip(after).all(|(before, after)| (after - before - change).abs() < 1e-8));
    let transforms = predictive.integral_transforms(targets.view()).unwrap();
    assert!(close(&other.integral_transforms(other_targets.view()).unwrap(), &transforms));
}

#[test]
fn networks_with_noise_make_an_ensemble_too() {
    let inputs = array![[0.3f32, -1.0], [2.0, 0.1]];
    let network = network(Likelihood::gaussian_fixed(0.5).unwrap(), 1);
    let draw =
        |seed| RegressionPredictive::of(&network, &inputs.view(), Sampling::draws(3).seed(seed).threads(1)).unwrap();
    let (one, other) = (draw(1), draw(2));
    let mut ensemble = RegressionEnsemble::new(2, 1).unwrap();
    ensemble.add_draws(&one).unwrap();
    ensemble.add_draws(&other).unwrap();
    let both = ensemble.predictive().unwrap();
    assert_eq!((ensemble.members(), both.samples()), (6, Some(6)));
    assert!((&both.mean() * 2.0 - one.mean() - other.mean()).iter().all(|difference| difference.abs() < 1e-12));
    let narrower = ensemble.add_draws(&one.in_units(&[0.0], &[1.0]).unwrap());
    assert!(narrower.is_ok());
    let wrong = RegressionEnsemble::new(3, 1).unwrap().add_draws(&one).unwrap_err().to_string();
    assert!(wrong.contains("[2, 1]: expected [3, 1]"), "{wrong}");
}

#[test]
fn what_cannot_be_predicted_or_scored_is_an_error_that_names_it() {
    let network = network(Likelihood::gaussian_fixed(0.5).unwrap(), 1);
    let sampling = Sampling::draws(2).threads(1);
    let message = |predictive: vardrop::Result<RegressionPredictive>| predictive.unwrap_err().to_string();
    let of = |inputs: &Array2<f32>, sampling| message(RegressionPredictive::of(&network, &inputs.view(), sampling));
    assert!(of(&Array2::zeros((0, 2)), sampling).contains("number of examples is 0: expected 1 or more"));
    assert!(of(&Array2::zeros((1, 3)), sampling).contains("[3]: expected [2]"));
    assert!(of(&Array2::zeros((1, 2)), Sampling::draws(0)).contains("samples is 0"));
    assert!(of(&Array2::zeros((1, 2)), Sampling::draws(u64::MAX)).contains("memory"));
    let nan = of(&array![[0.0, 0.0], [f32::NAN, 0.0]], sampling);
    assert!(nan.contains("predicted mean is NaN (example 1, target 0)"), "{nan}");
    let classes =
        Network::new(Method::Binary, &[2, 3], DropoutRates::default(), Initialisation::UnitColumns, 1).unwrap();
    let inputs = array![[0.0f32, 1.0]];
    let wrong = message(RegressionPredictive::of(&classes, &inputs.view(), sampling));
    assert!(wrong.contains("categorical") && wrong.contains("Predictive is for classes"), "{wrong}");
    let wrong = Predictive::of(&network, &inputs.view(), sampling).unwrap_err().to_string();
    assert!(wrong.contains("gaussian-fixed") && wrong.contains("RegressionPredictive"), "{wrong}");

    let predictive = RegressionPredictive::of(&network, &inputs.view(), sampling).unwrap();
    let score =
        |targets: Array2<f64>, levels: &[f64]| predictive.scores(targets.view(), levels).unwrap_err().to_string();
    assert!(score(array![[f64::NAN]], &[0.5]).contains("NaN (example 0, target 0)"));
    assert!(score(array![[0.0, 1.0]], &[0.5]).contains("targets has shape [1, 2]: expected [1, 1]"));
    assert!(score(Array2::zeros((0, 1)), &[0.5]).contains("[0, 1]: expected [1, 1]"));
    for level in [0.0, 1.0, -0.1, 1.5, f64::NAN, f64::INFINITY] {
        assert!(score(array![[0.0]], &[0.5, level]).contains("level of an interval is"), "{level}");
        assert!(predictive.quantiles(level).unwrap_err().to_string().contains("probability of a quantile is"));
        assert!(predictive.intervals(level).is_err());
    }
    assert!(predictive.scores(array![[0.0]].view(), &[]).unwrap().coverage.is_empty());
    assert!(predictive.calibration(array![[0.0]].view(), 0).unwrap_err().to_string().contains("levels is 0"));
    assert!(predictive.calibration(array![[f64::INFINITY]].view(), 19).is_err());
    assert!(QuantileCalibration::of(&[], 19).unwrap_err().to_string().contains("number of targets is 0"));
    assert!(QuantileCalibration::of(&[0.5, f64::NAN], 19).unwrap_err().to_string().contains("NaN (target 1)"));
    assert!(predictive.mixture(1, 0).unwrap_err().to_string().contains("example is 1: expected a number from 0 to 0"));
    assert!(predictive.target(1).unwrap_err().to_string().contains("target is 1"));
    let units = |means: &[f64], scales: &[f64]| message(predictive.in_units(means, scales));
    assert!(units(&[0.0, 1.0], &[1.0]).contains("means of the units has shape [2]: expected [1]"));
    assert!(units(&[0.0], &[0.0]).contains("scale of a unit is 0 (target 0)"));
    assert!(units(&[f64::NAN], &[1.0]).contains("mean of a unit is NaN"));
    assert!(units(&[0.0], &[1e-200]).contains("predicted variance is 0"));
}

#[test]
fn what_is_no_normal_distribution_leaves_an_ensemble_as_it_was() {
    assert!(RegressionEnsemble::new(0, 1).is_err() && RegressionEnsemble::new(1, 0).is_err());
    let mut ensemble = RegressionEnsemble::new(1, 2).unwrap();
    assert!(ensemble.predictive().unwrap_err().to_string().contains("number of networks is 0"));
    for (means, variances, reason) in [
        (array![[0.0]], array![[1.0, 1.0]], "[1, 1]: expected [1, 2]"),
        (array![[0.0, 0.0]], array![[1.0], [1.0]], "[2, 1]: expected [1, 2]"),
        (array![[0.0, f64::NAN]], array![[1.0, 1.0]], "predicted mean is NaN (example 0, target 1)"),
        (array![[0.0, 0.0]], array![[1.0, 0.0]], "predicted variance is 0 (example 0, target 1)"),
        (array![[0.0, 0.0]], array![[f64::INFINITY, 1.0]], "predicted variance is inf"),
    ] {
        let message = ensemble.add(means.view(), variances.view()).unwrap_err().to_string();
        assert!(message.contains(reason), "{message}");
        assert_eq!(ensemble.members(), 0);
    }
    assert!(Mixture::new(&[], &[]).is_err() && Mixture::new(&[1.0], &[1.0, 2.0]).is_err());
    assert!(Mixture::new(&[1.0], &[-1.0]).unwrap_err().to_string().contains("component 0"));
}

#[test]
fn scores_and_calibration_are_records_and_tables() {
    let predictive = ensemble(3, 4, 1);
    let targets = array![[0.1], [0.2], [-1.0], [2.5]];
    let scores = predictive.scores(targets.view(), &RegressionScores::LEVELS).unwrap();
    let json = serde_json::to_string(&scores).unwrap();
    assert_eq!(serde_json::from_str::<RegressionScores>(&json).unwrap(), scores);
    let text = scores.table().to_string();
    assert!(text.contains("95 %") && text.contains("nats per example") && scores.table().len() == 2, "{text}");
    let calibration = predictive.calibration(targets.view(), 3).unwrap();
    let json = serde_json::to_string(&calibration).unwrap();
    assert_eq!(serde_json::from_str::<QuantileCalibration>(&json).unwrap(), calibration);
    let markdown = calibration.table().to_markdown();
    assert!(markdown.contains("by chance alone") && markdown.contains("0.750"), "{markdown}");
    assert!(calibration.table().to_html().contains("<table>"));
}
