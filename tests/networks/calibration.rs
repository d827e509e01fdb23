//! What calibration figures and their records promise.

use rand_distr::{Distribution, StandardUniform};
use vardrop::ndarray::{Array2, array};
use vardrop::noise::NoiseSource;
use vardrop::uncertainty::{Bin, Calibration};

/// Predictions of one of two classes, each with a confidence, that are right with a probability that is a function of
/// it.
fn simulated(examples: usize, seed: u64, confidence: impl Fn(f64) -> f64, right: impl Fn(f64) -> f64) -> Calibration {
    let mut uniform = StandardUniform.sample_iter(NoiseSource::new(seed, 0).generator());
    let mut next = || -> f64 { uniform.next().unwrap() };
    let mut probabilities = Array2::zeros((examples, 2));
    let mut labels = Vec::new();
    for mut row in probabilities.outer_iter_mut() {
        let confidence = confidence(next());
        (row[0], row[1]) = (confidence, 1.0 - confidence);
        labels.push(usize::from(next() >= right(confidence)));
    }
    Calibration::of(probabilities.view(), &labels, Calibration::BINS).unwrap()
}

/// By hand, in two bins (0, 1/2] and (1/2, 1]: confidences 0.5 (right) below, and 0.8 (right), 0.6 (wrong), 0.7 (right)
/// above. Below: accuracy 1, confidence 0.5. Above: 2/3 and 0.7. ECE = 1/4·1/2 + 3/4·|2/3 − 0.7| = 0.125 + 0.025 =
/// 0.15. Likelihoods of the labels: 0.5, 0.8, 0.3, 0.7. Brier: (0.25 + 0.0625 + 0.0625 + 0) + (0.04 + 0.04) + (0.36 +
/// 0.49 + 0.01) + (0.09 + 0.01 + 0.04) = 0.375 + 0.08 + 0.86 + 0.14 = 1.455, of which a quarter.
#[test]
fn every_figure_agrees_with_a_hand_computation() {
    let probabilities =
        array![[0.5, 0.25, 0.25, 0.0], [0.2, 0.8, 0.0, 0.0], [0.6, 0.3, 0.1, 0.0], [0.1, 0.2, 0.7, 0.0]];
    let calibration = Calibration::of(probabilities.view(), &[0, 1, 1, 2], 2).unwrap();
    let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found} and {expected}");
    close(calibration.expected_calibration_error, 0.15);
    close(calibration.maximum_calibration_error, 0.5);
    close(calibration.negative_log_likelihood, -(0.5f64 * 0.8 * 0.3 * 0.7).ln() / 4.0);
    close(calibration.brier_score, 1.455 / 4.0);
    close(calibration.mean_confidence, 2.6 / 4.0);
    close(calibration.accuracy(), 0.75);
    assert_eq!((calibration.examples, calibration.error_percent), (4, 25.0));
    let [below, above] = calibration.bins[..] else { panic!("two bins") };
    assert_eq!((below.count, below.accuracy, below.confidence, below.upper), (1, Some(1.0), Some(0.5), 0.5));
    assert_eq!((above.count, above.lower, above.upper), (3, 0.5, 1.0));
    close(above.gap().unwrap(), 2.0 / 3.0 - 0.7);
    close(above.chance.unwrap(), (0.16f64 + 0.24 + 0.21).sqrt() / 3.0);
    // The mean absolute deviation of a binomial of one trial at 1/2 is 1/2; of three at 0.7:
    // 2.1·0.027 + 1.1·0.189 + 0.1·0.441 + 0.9·0.343 = 0.6174.
    close(calibration.error_by_chance, (0.5 + 0.6174) / 4.0);
}

#[test]
fn an_empty_bin_has_no_means_and_no_part_in_any_figure() {
    let calibration = Calibration::of(array![[0.9, 0.1], [0.9, 0.1]].view(), &[0, 1], 10).unwrap();
    let empty = |bin: &Bin| bin.count == 0;
    assert_eq!(calibration.bins.iter().filter(|bin| empty(bin)).count(), 9);
    assert!(
        calibration
            .bins
            .iter()
            .filter(|bin| empty(bin))
            .all(|bin| { (bin.confidence, bin.accuracy, bin.chance, bin.gap()) == (None, None, None, None) })
    );
    assert!((calibration.expected_calibration_error - 0.4).abs() < 1e-12);
    // An edge belongs to the bin below it.
    assert_eq!(calibration.bins[8].count, 2);
    assert_eq!(calibration.table().len(), 1);
}

#[test]
fn a_tie_is_wrong_and_an_impossible_label_costs_87_nats() {
    let tie = Calibration::of(array![[0.5, 0.5]].view(), &[0], 15).unwrap();
    assert_eq!((tie.error_percent, tie.bins[7].count), (100.0, 1));
    let impossible = Calibration::of(array![[1.0, 0.0]].view(), &[1], 15).unwrap();
    assert!((impossible.negative_log_likelihood - 126.0 * 2f64.ln()).abs() < 1e-12);
    assert_eq!((impossible.brier_score, impossible.expected_calibration_error), (2.0, 1.0));
}

/// A calibrated predictor's error is the scatter of its outcomes: it falls as 1/√N, and on average is what is said of
/// it.
#[test]
fn a_calibrated_predictors_error_is_by_chance_alone_and_vanishes_with_more_of_them() {
    let confidence = |u: f64| 0.5 + 0.5 * u;
    for examples in [200, 2_000, 20_000] {
        let runs: Vec<Calibration> =
            (0..40).map(|seed| simulated(examples, seed, confidence, |confidence| confidence)).collect();
        let mean = |figure: fn(&Calibration) -> f64| runs.iter().map(figure).sum::<f64>() / 40.0;
        let found = mean(|run| run.expected_calibration_error);
        let expected = mean(|run| run.error_by_chance);
        // Eight bins of half-normal parts give one run a deviation of about 0.27 of its mean, and forty runs 0.042:
        // four of them, and 2 % for confidences that differ within a bin.
        assert!((found / expected - 1.0).abs() < 0.19, "{examples}: {found} and {expected}");
        // √(2/π)·√(8 bins·E c(1 − c)/N), with E c(1 − c) = 1/6: another way to its size.
        let size = (2.0 / std::f64::consts::PI * 8.0 / 6.0 / examples as f64).sqrt();
        assert!((expected / size - 1.0).abs() < 0.1, "{examples}: {expected} and {size}");
    }
}

#[test]
fn a_predictor_that_claims_too_much_errs_by_its_gap() {
    // Always 0.9 sure and right with probability 0.7; then sure of all that is between and right 0.15 less often.
    let flat = simulated(100_000, 1, |_| 0.9, |_| 0.7);
    // Five standard errors of a proportion: 5·√(0.21 / 10⁵).
    assert!((flat.expected_calibration_error - 0.2).abs() < 0.0073, "{}", flat.expected_calibration_error);
    assert!((flat.maximum_calibration_error - flat.expected_calibration_error).abs() < 1e-12);
    assert!(flat.bins[13].gap().unwrap() < 0.0);
    let sloped = simulated(100_000, 2, |u| 0.6 + 0.4 * u, |confidence| confidence - 0.15);
    assert!((sloped.expected_calibration_error - 0.15).abs() < 0.008, "{}", sloped.expected_calibration_error);
    assert!(sloped.error_by_chance < 0.005);
}

#[test]
fn the_brier_score_and_the_likelihood_prefer_the_true_probabilities() {
    // The same outcomes (right with probability 0.7) under a true, a bold and a shy claim.
    let claims = [0.7, 0.9, 0.55].map(|claim| simulated(50_000, 3, move |_| claim, |_| 0.7));
    for wrong in &claims[1..] {
        assert!(claims[0].brier_score < wrong.brier_score);
        assert!(claims[0].negative_log_likelihood < wrong.negative_log_likelihood);
    }
}

#[test]
fn what_does_not_fit_together_is_an_error_that_shows_the_values() {
    let probabilities = array![[0.5, 0.5], [0.2, 0.8]];
    let error = |probabilities: &Array2<f64>, labels: &[usize], bins| {
        Calibration::of(probabilities.view(), labels, bins).unwrap_err().to_string()
    };
    assert!(error(&probabilities, &[0, 1], 0).contains("bins is 0: expected a number from 1 to 10000"));
    assert!(error(&probabilities, &[0, 1], 10_001).contains("bins is 10001"));
    assert!(error(&probabilities, &[0], 15).contains("[1]: expected [2]"));
    assert!(error(&probabilities, &[0, 2], 15).contains("label is 2 (example 1): expected a class from 0 to 1"));
    assert!(error(&Array2::zeros((0, 2)), &[], 15).contains("number of examples is 0"));
    assert!(error(&array![[2.0, -1.0]], &[0], 15).contains("2 (example 0)"));
    assert!(error(&array![[0.5, 0.1]], &[0], 15).contains("not log-odds"));
}

#[test]
fn a_calibration_reads_back_equal_from_json() {
    let calibration = simulated(500, 1, |u| 0.5 + 0.5 * u, |confidence| confidence);
    let json = serde_json::to_string(&calibration).unwrap();
    assert_eq!(serde_json::from_str::<Calibration>(&json).unwrap(), calibration);
}
