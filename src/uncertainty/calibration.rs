//! Calibration: whether predictions are right as often as they say.

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use crate::Real;
use crate::error::{Error, Result};
use crate::table::{Cell, Table};

/// More bins than this show nothing more.
const MOST_BINS: usize = 10_000;

/// How well class probabilities agree with labels.
///
/// The *confidence* of a prediction is its largest class probability. Bin m of M holds the predictions with confidence
/// in ((m − 1)/M, m/M] (Guo et al. 2017, section 2; the first bin holds 0 as well). A prediction is right where the
/// label's probability is above all others: a tie is wrong, as everywhere in this crate. An empty bin has no mean and
/// no part in any figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Number of predictions.
    pub examples: usize,
    /// Percentage of them that are wrong.
    pub error_percent: f64,
    /// Mean negative log-likelihood (cross-entropy) of the labels, in nats. A probability that underflows counts as the
    /// smallest positive number of single precision: 87 nats, and not infinity.
    pub negative_log_likelihood: f64,
    /// Mean over the predictions of Σ over the classes of (p − 1\[class is the label\])², from 0 to 2 (Brier 1950).
    pub brier_score: f64,
    /// Mean confidence.
    pub mean_confidence: f64,
    /// Σ over the bins of (their share of the predictions) · |accuracy − mean confidence|: the expected calibration
    /// error.
    pub expected_calibration_error: f64,
    /// What the expected calibration error of as many perfectly calibrated predictions is on average: their outcomes
    /// scatter, and an absolute difference does not average out. Σ over the bins of (their share) · E|X/n − c|, with X
    /// binomial (n, c) for n predictions of mean confidence c.
    pub error_by_chance: f64,
    /// The largest |accuracy − mean confidence| of a bin, however few predictions it holds.
    pub maximum_calibration_error: f64,
    /// The bins, from the least confident.
    pub bins: Vec<Bin>,
}

/// The predictions of similar confidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// Confidences above this …
    pub lower: f64,
    /// … and up to this.
    pub upper: f64,
    /// Number of predictions.
    pub count: usize,
    /// Their mean confidence, where there are any.
    pub confidence: Option<f64>,
    /// The share of them that is right, where there are any.
    pub accuracy: Option<f64>,
    /// Standard deviation that this share has by chance, if each prediction is right with the probability c that
    /// it says: √(Σ c·(1 − c)) / count (Bröcker & Smith 2007 draw what it amounts to into reliability diagrams).
    pub chance: Option<f64>,
}

impl Bin {
    /// Accuracy − mean confidence: below 0 where predictions claim too much. `None` for an empty bin.
    pub fn gap(&self) -> Option<f64> {
        Some(self.accuracy? - self.confidence?)
    }

    fn deviation_by_chance(&self) -> f64 {
        self.confidence.map_or(0.0, |c| deviation_by_chance(self.count, c))
    }
}

/// E|X − n·c| for X binomial (n, c): 2k · (n over k) · cᵏ · (1 − c)ⁿ⁻ᵏ⁺¹ with k = ⌊n·c⌋ + 1 (de Moivre 1730; Diaconis & Zabell
/// 1991, "Closed form summation for classical distributions").
pub(super) fn deviation_by_chance(count: usize, c: f64) -> f64 {
    if !(0.0 < c && c < 1.0) {
        return 0.0;
    }
    let n = count as f64;
    let k = ((n * c).floor() + 1.0).min(n);
    let ways: f64 = (1..=(k.min(n - k) as usize)).map(|i| ((n + 1.0 - i as f64) / i as f64).ln()).sum();
    2.0 * (k.ln() + ways + k * c.ln() + (n - k + 1.0) * (1.0 - c).ln()).exp()
}

/// What a bin gathers.
#[derive(Clone, Copy, Default)]
struct Sums {
    count: usize,
    right: usize,
    confidence: f64,
    /// Σ c·(1 − c).
    variance: f64,
}

impl Calibration {
    /// The usual number of bins (Guo et al. 2017).
    pub const BINS: usize = 15;

    /// Of class probabilities, (examples × classes), and a label for each example.
    ///
    /// # Errors
    /// No examples; another number of labels than of rows; a label that is no class; a row that is no distribution; no
    /// bins, or more than 10,000.
    pub fn of(probabilities: ArrayView2<'_, f64>, labels: &[usize], bins: usize) -> Result<Self> {
        let (examples, classes) = probabilities.dim();
        Self::check_bins(bins)?;
        if examples == 0 {
            return Err(Error::argument("number of examples", 0, "1 or more"));
        }
        if labels.len() != examples {
            return Err(Error::Shape { what: "labels".into(), found: vec![labels.len()], expected: vec![examples] });
        }
        if let Some((example, label)) = labels.iter().enumerate().find(|&(_, &label)| label >= classes) {
            let value = format!("{label} (example {example})");
            return Err(Error::argument("label", value, format!("a class from 0 to {}", classes.saturating_sub(1))));
        }
        check(probabilities)?;

        let mut sums = vec![Sums::default(); bins];
        let (mut log_likelihood, mut brier) = (0.0, 0.0);
        for (row, &label) in probabilities.outer_iter().zip(labels) {
            log_likelihood += row[label].max(f32::MIN_POSITIVE.into()).ln();
            let outcome = |class: usize| f64::from(u8::from(class == label));
            brier += row.iter().enumerate().map(|(class, p)| (p - outcome(class)).powi(2)).sum::<f64>();
            let right = row.iter().enumerate().all(|(class, &p)| class == label || p < row[label]);
            // Rounding may have put it a hair above 1.
            let confidence = row.iter().copied().fold(0.0, f64::max).min(1.0);
            let bin = &mut sums[bin_of(confidence, bins)];
            bin.count += 1;
            bin.right += usize::from(right);
            bin.confidence += confidence;
            bin.variance += confidence * (1.0 - confidence);
        }

        let n = examples as f64;
        let errors = examples - sums.iter().map(|bin| bin.right).sum::<usize>();
        let mean_confidence = sums.iter().map(|bin| bin.confidence).sum::<f64>() / n;
        let bins: Vec<Bin> = sums.iter().enumerate().map(|(index, sums)| sums.bin(index, bins)).collect();
        let share = |bin: &Bin| bin.count as f64 / n;
        let gap = |bin: &Bin| bin.gap().map_or(0.0, f64::abs);
        Ok(Self {
            examples,
            error_percent: 100.0 * errors as f64 / n,
            negative_log_likelihood: -log_likelihood / n,
            brier_score: brier / n,
            mean_confidence,
            expected_calibration_error: bins.iter().map(|bin| share(bin) * gap(bin)).sum(),
            error_by_chance: bins.iter().map(Bin::deviation_by_chance).sum::<f64>() / n,
            maximum_calibration_error: bins.iter().map(gap).fold(0.0, f64::max),
            bins,
        })
    }

    /// Whether confidences can be put into so many bins.
    ///
    /// # Errors
    /// No bins, or more than 10,000.
    pub fn check_bins(bins: usize) -> Result<()> {
        if (1..=MOST_BINS).contains(&bins) {
            Ok(())
        } else {
            Err(Error::argument("bins", bins, format!("a number from 1 to {MOST_BINS} (15 is usual)")))
        }
    }

    /// The share of predictions that is right, from 0 to 1.
    pub fn accuracy(&self) -> f64 {
        1.0 - self.error_percent / 100.0
    }

    /// The bins that hold predictions, as a table.
    pub fn table(&self) -> Table {
        let header = ["confidence", "predictions", "mean confidence", "accuracy", "difference", "chance"];
        let mut table = Table::new(header).caption(format!(
            "Expected calibration error {:.4} ({:.4} by chance alone), of {} predictions in {} bins",
            self.expected_calibration_error,
            self.error_by_chance,
            self.examples,
            self.bins.len(),
        ));
        let number = |value: Option<f64>| value.map(|value| Cell::number(value, 3));
        for bin in self.bins.iter().filter(|bin| bin.count > 0) {
            table.push((
                format!("{:.3} to {:.3}", bin.lower, bin.upper),
                bin.count,
                number(bin.confidence),
                number(bin.accuracy),
                bin.gap().map(|gap| Cell::difference(gap, 3)),
                bin.chance.map(|chance| format!("± {chance:.3}")),
            ));
        }
        table
    }
}

impl Sums {
    fn bin(&self, index: usize, bins: usize) -> Bin {
        let mean = |sum: f64| (self.count > 0).then(|| sum / self.count as f64);
        Bin {
            lower: edge(index, bins),
            upper: edge(index + 1, bins),
            count: self.count,
            confidence: mean(self.confidence),
            accuracy: mean(self.right as f64),
            chance: mean(self.variance.sqrt()),
        }
    }
}

fn edge(index: usize, bins: usize) -> f64 {
    index as f64 / bins as f64
}

/// The bin of a confidence from 0 to 1, in agreement with [`edge`] however the product is rounded.
fn bin_of(confidence: f64, bins: usize) -> usize {
    let mut index = ((confidence * bins as f64) as usize).min(bins - 1);
    while index > 0 && confidence <= edge(index, bins) {
        index -= 1;
    }
    while index + 1 < bins && confidence > edge(index + 1, bins) {
        index += 1;
    }
    index
}

/// How far the sum of an example's class probabilities may be from 1: far more than single precision rounds.
const SLACK: f64 = 1e-4;

/// Whether every row is a distribution, up to rounding.
pub(super) fn check<T: Real>(probabilities: ArrayView2<'_, T>) -> Result<()> {
    for (example, row) in probabilities.outer_iter().enumerate() {
        let mut sum = 0.0;
        for p in row.iter().map(|p| p.f64()) {
            // Written so that a NaN fails it.
            if !(-SLACK..=1.0 + SLACK).contains(&p) {
                let expected = "a number from 0 to 1: the network or the input may hold one that is not finite";
                return Err(Error::argument("class probability", format!("{p} (example {example})"), expected));
            }
            sum += p;
        }
        if (sum - 1.0).abs() > SLACK {
            let value = format!("{sum} (example {example})");
            return Err(Error::argument("sum of the class probabilities", value, "1: probabilities, not log-odds"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deviation_by_chance_is_the_mean_over_all_outcomes() {
        for (count, c) in [(1, 0.3), (1, 0.999), (2, 0.5), (7, 0.6), (10, 0.1), (40, 0.975), (200, 0.25)] {
            // The outcomes' probabilities by adding one trial after another.
            let mut outcomes = vec![1.0];
            for _ in 0..count {
                let mut next = vec![0.0; outcomes.len() + 1];
                for (right, p) in outcomes.iter().enumerate() {
                    next[right] += p * (1.0 - c);
                    next[right + 1] += p * c;
                }
                outcomes = next;
            }
            let n = count as f64;
            let expected: f64 = outcomes.iter().enumerate().map(|(right, p)| p * (right as f64 - n * c).abs()).sum();
            let bin = Bin { lower: 0.0, upper: 1.0, count, confidence: Some(c), accuracy: Some(c), chance: None };
            let found = bin.deviation_by_chance();
            assert!((found - expected).abs() < 1e-10 * n, "{count}, {c}: {found} and {expected}");
        }
        let sure = Bin { lower: 0.0, upper: 1.0, count: 9, confidence: Some(1.0), accuracy: Some(1.0), chance: None };
        assert_eq!(sure.deviation_by_chance(), 0.0);
    }

    #[test]
    fn a_confidence_on_an_edge_is_in_the_bin_below_it() {
        for bins in [1, 2, 3, 7, 10, 15, 49, 100, 10_000] {
            assert_eq!((bin_of(0.0, bins), bin_of(1.0, bins)), (0, bins - 1));
            for index in 1..bins {
                let edge = edge(index, bins);
                assert_eq!(bin_of(edge, bins), index - 1, "{index} of {bins}");
                assert_eq!(bin_of(edge.next_up(), bins), index, "{index} of {bins}");
            }
        }
    }
}
