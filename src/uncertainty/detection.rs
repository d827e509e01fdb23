//! How well a score tells what a network knows from what it has never seen.

use serde::{Deserialize, Serialize};

use super::ShareInterval;
use super::coverage::Z;
use crate::error::{Error, Result};

/// The area under the receiver operating characteristic: the probability that an unknown example has a higher score, such as an entropy,
/// than a known one, ties counted half. 0.5 is chance, 1 a score that tells all apart (Hanley & McNeil 1982).
///
/// ```
/// use vardrop::uncertainty::Detection;
///
/// // Of the six pairs, five are in order.
/// let detection = Detection::of(&[0.1, 0.2, 0.5], &[0.4, 0.9])?;
/// assert!((detection.auroc - 5.0 / 6.0).abs() < 1e-15);
/// # Ok::<(), vardrop::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    /// The area, from 0 to 1.
    pub auroc: f64,
    /// Its 95 % confidence interval over examples like these ([`Detection::of`]).
    pub interval: ShareInterval,
    /// Number of known examples.
    pub known: usize,
    /// Number of unknown examples.
    pub unknown: usize,
}

impl Detection {
    /// For the scores of known and of unknown examples. The interval is that of DeLong, DeLong & Clarke-Pearson (1988), taken for the
    /// logit of the area, so that it stays between 0 and 1. Where every pair is in one order their variance is 0; the interval is then the
    /// exact one (Clopper & Pearson 1934) of as many independent pairs as there are.
    ///
    /// # Errors
    /// No scores, or one that is not a number.
    pub fn of(known: &[f64], unknown: &[f64]) -> Result<Self> {
        for (what, scores) in [("known scores", known), ("unknown scores", unknown)] {
            if scores.is_empty() {
                return Err(Error::argument(what, "empty", "the score of one example or more"));
            }
            if let Some(index) = scores.iter().position(|score| score.is_nan()) {
                return Err(Error::argument(what, format!("NaN at index {index}"), "numbers that can be compared"));
            }
        }
        let below = |sorted: &[f64], score: f64| {
            let less = sorted.partition_point(|&other| other < score);
            let not_more = sorted.partition_point(|&other| other <= score);
            0.5 * (less + not_more) as f64 / sorted.len() as f64
        };
        let sorted = |scores: &[f64]| {
            let mut sorted = scores.to_vec();
            sorted.sort_by(f64::total_cmp);
            sorted
        };
        let (sorted_known, sorted_unknown) = (sorted(known), sorted(unknown));
        // The placements: of each unknown score among the known ones, and of each known one among the unknown.
        let of_unknown: Vec<f64> = unknown.iter().map(|&score| below(&sorted_known, score)).collect();
        let of_known: Vec<f64> = known.iter().map(|&score| 1.0 - below(&sorted_unknown, score)).collect();
        let auroc = of_unknown.iter().sum::<f64>() / unknown.len() as f64;
        let error = (variance_of_mean(&of_unknown) + variance_of_mean(&of_known)).sqrt();
        let interval = if auroc <= 0.0 || auroc >= 1.0 {
            let bound = 0.025_f64.powf(1.0 / known.len().min(unknown.len()) as f64);
            if auroc >= 1.0 {
                ShareInterval { low: bound, high: 1.0 }
            } else {
                ShareInterval { low: 0.0, high: 1.0 - bound }
            }
        } else {
            let (logit, half) = ((auroc / (1.0 - auroc)).ln(), Z * error / (auroc * (1.0 - auroc)));
            let end = |logit: f64| 1.0 / (1.0 + (-logit).exp());
            ShareInterval { low: end(logit - half), high: end(logit + half) }
        };
        Ok(Self { auroc, interval, known: known.len(), unknown: unknown.len() })
    }
}

/// The variance of the mean of values, 0 of a single one.
fn variance_of_mean(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    if values.len() < 2 { 0.0 } else { values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0) / n }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::{NoiseSource, fill_standard_normal_f64};

    fn normal(count: usize, shift: f64, seed: u64) -> Vec<f64> {
        let mut values = vec![0.0; count];
        fill_standard_normal_f64(NoiseSource::new(seed, 0).row(0, 0), &mut values);
        values.into_iter().map(|x| x + shift).collect()
    }

    #[test]
    fn the_area_is_the_share_of_pairs_in_order_with_ties_as_halves() {
        let (known, unknown) = ([1.0, 2.0, 2.0, 3.0, f64::NEG_INFINITY], [2.0, 4.0, f64::INFINITY]);
        let pair = |&k: &f64, &u: &f64| {
            if u > k {
                1.0
            } else if u == k {
                0.5
            } else {
                0.0
            }
        };
        let pairs: f64 = known.iter().flat_map(|k| unknown.iter().map(move |u| pair(k, u))).sum();
        let found = Detection::of(&known, &unknown).unwrap();
        assert!((found.auroc - pairs / 15.0).abs() < 1e-15);
        let turned = Detection::of(&unknown, &known).unwrap();
        assert!((found.auroc + turned.auroc - 1.0).abs() < 1e-15);
        assert!((found.interval.low + turned.interval.high - 1.0).abs() < 1e-12);
    }

    /// Two normal distributions one apart have the area Φ(1/√2) = 0.760250.
    #[test]
    fn the_interval_holds_the_true_area_about_nineteen_times_in_twenty() {
        let held = (0..400).filter(|&seed| {
            let interval = Detection::of(&normal(60, 0.0, 2 * seed), &normal(40, 1.0, 2 * seed + 1)).unwrap().interval;
            interval.low <= 0.760_250 && 0.760_250 <= interval.high
        });
        let share = held.count() as f64 / 400.0;
        assert!((0.92..=0.98).contains(&share), "{share}");
    }

    #[test]
    fn what_is_told_apart_without_fail_still_has_an_interval() {
        let all = Detection::of(&[0.0; 50], &[1.0; 20]).unwrap();
        assert_eq!((all.auroc, all.interval.high), (1.0, 1.0));
        assert!((all.interval.low.powi(20) - 0.025).abs() < 1e-12);
        let none = Detection::of(&[1.0; 50], &[0.0; 20]).unwrap();
        assert_eq!((none.auroc, none.interval.low), (0.0, 0.0));
    }

    #[test]
    fn no_scores_and_no_numbers_are_refused() {
        let message = |known: &[f64], unknown: &[f64]| Detection::of(known, unknown).unwrap_err().to_string();
        assert!(message(&[], &[1.0]).contains("known scores is empty"));
        assert!(message(&[1.0], &[]).contains("unknown scores is empty"));
        assert!(message(&[1.0], &[0.0, f64::NAN]).contains("unknown scores is NaN at index 1"));
    }
}
