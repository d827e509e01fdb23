//! Calibration of real targets: whether as many of them are below a predicted quantile as it says.

use serde::{Deserialize, Serialize};

use super::calibration::deviation_by_chance;
use crate::error::{Error, Result};
use crate::table::{Cell, Table};

/// More levels than this show nothing more.
const MOST_LEVELS: usize = 10_000;

/// The calibration curve of predicted distributions F of real targets y: for probabilities p the share of targets with
/// F(y) ≤ p, which of calibrated predictions is p (Kuleshov, Fenner & Ermon 2018, "Accurate uncertainties for deep learning using
/// calibrated regression", section 3). Below p for low p and above it for high p, the distributions are too wide; the other way
/// round they are too narrow.
///
/// By itself it praises predictions that only say how the targets are distributed over all examples; likelihood and CRPS
/// ([`RegressionScores`](super::RegressionScores)) stand beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuantileCalibration {
    /// The number of targets.
    pub values: usize,
    /// Mean over the levels of |share − p|.
    pub mean_absolute_deviation: f64,
    /// What the mean absolute deviation of as many independent, perfectly calibrated predictions is on average: the mean over
    /// the levels of E|X/n − p|, with X binomial (n, p).
    pub deviation_by_chance: f64,
    /// The largest |share − p| of a level.
    pub maximum_deviation: f64,
    /// The levels, from the lowest.
    pub levels: Vec<QuantileLevel>,
}

/// The targets below the predicted quantiles of one probability.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct QuantileLevel {
    /// p, the share of targets that should be below.
    pub probability: f64,
    /// The share of targets that is.
    pub share: f64,
    /// Standard deviation that this share has by chance of n targets: √(p·(1 − p)/n).
    pub chance: f64,
}

impl QuantileLevel {
    /// Share − p.
    pub fn gap(&self) -> f64 {
        self.share - self.probability
    }
}

impl QuantileCalibration {
    /// A usual number of levels: 5 %, 10 %, …, 95 %.
    pub const LEVELS: usize = 19;

    /// Of the probability integral transforms F(y) of targets, at `levels` probabilities j / (levels + 1), j = 1, 2, …
    ///
    /// ```
    /// use vardrop::uncertainty::QuantileCalibration;
    ///
    /// // All targets in the middle half of their distributions: these are too wide.
    /// let calibration = QuantileCalibration::of(&[0.3, 0.4, 0.6, 0.7], 3)?;
    /// let shares: Vec<f64> = calibration.levels.iter().map(|level| level.share).collect();
    /// assert_eq!(shares, [0.0, 0.5, 1.0]);
    /// assert!((calibration.mean_absolute_deviation - 0.5 / 3.0).abs() < 1e-15);
    /// # Ok::<(), vardrop::Error>(())
    /// ```
    ///
    /// # Errors
    /// No targets; a transform that is not a number from 0 to 1; no levels, or more than 10,000.
    pub fn of(transforms: &[f64], levels: usize) -> Result<Self> {
        Self::check_levels(levels)?;
        if transforms.is_empty() {
            return Err(Error::argument("number of targets", 0, "1 or more"));
        }
        // Written so that a NaN fails it.
        if let Some((index, value)) = transforms.iter().enumerate().find(|(_, value)| !(0.0..=1.0).contains(*value)) {
            let expected = "a number from 0 to 1: the predicted probability of the target or less";
            return Err(Error::argument("integral transform", format!("{value} (target {index})"), expected));
        }
        let mut sorted = transforms.to_vec();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len() as f64;
        let level = |index: usize| {
            let probability = index as f64 / (levels + 1) as f64;
            let share = sorted.partition_point(|&transform| transform <= probability) as f64 / n;
            QuantileLevel { probability, share, chance: (probability * (1.0 - probability) / n).sqrt() }
        };
        let all: Vec<QuantileLevel> = (1..=levels).map(level).collect();
        let mean = |value: &dyn Fn(&QuantileLevel) -> f64| all.iter().map(value).sum::<f64>() / levels as f64;
        Ok(Self {
            values: sorted.len(),
            mean_absolute_deviation: mean(&|level| level.gap().abs()),
            deviation_by_chance: mean(&|level| deviation_by_chance(sorted.len(), level.probability)) / n,
            maximum_deviation: all.iter().map(|level| level.gap().abs()).fold(0.0, f64::max),
            levels: all,
        })
    }

    /// Whether there can be so many levels.
    ///
    /// # Errors
    /// No levels, or more than 10,000.
    pub fn check_levels(levels: usize) -> Result<()> {
        if (1..=MOST_LEVELS).contains(&levels) {
            Ok(())
        } else {
            Err(Error::argument("levels", levels, format!("a number from 1 to {MOST_LEVELS} (19 is usual)")))
        }
    }

    /// The levels as a table.
    pub fn table(&self) -> Table {
        let mut table = Table::new(["quantile", "share of targets below", "difference", "chance"]).caption(format!(
            "Mean absolute deviation {:.4} ({:.4} by chance alone), of {} targets at {} levels",
            self.mean_absolute_deviation,
            self.deviation_by_chance,
            self.values,
            self.levels.len(),
        ));
        for level in &self.levels {
            table.push((
                Cell::number(level.probability, 3),
                Cell::number(level.share, 3),
                Cell::difference(level.gap(), 3),
                format!("± {:.3}", level.chance),
            ));
        }
        table
    }
}
