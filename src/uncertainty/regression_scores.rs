//! How well predictions of real targets agree with the targets.

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use super::coverage::{Coverage, ShareInterval};
use super::mixture::{check_share, log_mean_exp, log_normal};
use super::quantile_calibration::QuantileCalibration;
use super::regression::{Member, RegressionPredictive};
use super::regression_ensemble::check_dim;
use crate::error::{Error, Result};
use crate::table::{Cell, Table};

/// How well predictive distributions agree with real targets.
///
/// Likelihood and CRPS are proper scores: only the true distributions make them best. All are means over the examples and over
/// their targets; [`RegressionPredictive::target`] chooses one of several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegressionScores {
    /// Number of examples.
    pub examples: usize,
    /// Number of targets of an example.
    pub targets: usize,
    /// Mean negative logarithm of the mixture's density, in nats per example
    /// ([`RegressionPredictive::negative_log_likelihoods`]).
    pub negative_log_likelihood: f64,
    /// Root mean square error of the predictive means, in the units of the targets.
    pub rmse: f64,
    /// Mean continuous ranked probability score ([`Mixture::crps`](super::Mixture::crps)), in the units of the targets. For
    /// predictions without spread it is the mean absolute error.
    pub crps: f64,
    /// How many targets central intervals hold, a level each.
    pub coverage: Vec<Coverage>,
}

impl RegressionScores {
    /// The levels that are usual in tables: half of the targets, and 95 % of them.
    pub const LEVELS: [f64; 2] = [0.5, 0.95];

    /// Of predictions and their targets, (examples × targets), with the coverage of central intervals of `levels`.
    ///
    /// # Errors
    /// Targets of another shape; a target that is not finite; a level that is not between 0 and 1.
    pub fn of(predictive: &RegressionPredictive, targets: ArrayView2<'_, f64>, levels: &[f64]) -> Result<Self> {
        levels.iter().try_for_each(|&level| check_share("level of an interval", level))?;
        let log_likelihoods = predictive.negative_log_likelihoods(targets)?;
        let transforms = predictive.integral_transforms(targets)?;
        let values = targets.len() as f64;
        let mut crps = 0.0;
        for ((example, target), &y) in targets.indexed_iter() {
            crps += predictive.mixture(example, target)?.crps(y);
        }
        let squares: f64 = predictive.mean().iter().zip(targets).map(|(mean, y)| (mean - y).powi(2)).sum();
        let coverage = |&level: &f64| {
            let (low, high) = predictive.intervals(level)?;
            let tail = (1.0 - level) / 2.0;
            // Within the interval by F itself, and not by its ends, which are rounded.
            let within = transforms.iter().filter(|&&share| tail <= share && share <= 1.0 - tail).count();
            Ok(Coverage {
                level,
                values: targets.len(),
                within,
                interval: ShareInterval::of(within, targets.len()).expect("one target or more"),
                mean_width: (high - low).sum() / values,
            })
        };
        Ok(Self {
            examples: predictive.len(),
            targets: predictive.targets(),
            negative_log_likelihood: log_likelihoods.iter().sum::<f64>() / predictive.len() as f64,
            rmse: (squares / values).sqrt(),
            crps: crps / values,
            coverage: levels.iter().map(coverage).collect::<Result<_>>()?,
        })
    }

    /// The coverage of each level as a table, and the other scores as its caption.
    pub fn table(&self) -> Table {
        let header = ["central interval", "share within", "its 95 % interval", "difference", "mean width"];
        let mut table = Table::new(header).caption(format!(
            "Negative log-likelihood {:.4} nats per example, RMSE {:.4}, CRPS {:.4}, of {} examples",
            self.negative_log_likelihood, self.rmse, self.crps, self.examples,
        ));
        for coverage in &self.coverage {
            table.push((
                format!("{} %", (1e6 * coverage.level).round() / 1e4),
                Cell::number(coverage.share(), 3),
                format!("{:.3} to {:.3}", coverage.interval.low, coverage.interval.high),
                Cell::difference(coverage.share() - coverage.level, 3),
                Cell::scientific(coverage.mean_width, 4),
            ));
        }
        table
    }
}

impl RegressionPredictive {
    /// Whether there is a finite target for each prediction.
    fn check_targets(&self, targets: ArrayView2<'_, f64>) -> Result<()> {
        check_dim("targets", targets, self.mean().dim())?;
        match targets.indexed_iter().find(|(_, value)| !value.is_finite()) {
            Some(((example, target), value)) => {
                let value = format!("{value} (example {example}, target {target})");
                Err(Error::argument("target", value, "a finite number: leave examples without one out"))
            }
            None => Ok(()),
        }
    }

    /// F(y) of every target, (examples × targets): the probability integral transforms. If the predictions are calibrated, they
    /// are spread evenly from 0 to 1.
    ///
    /// # Errors
    /// Targets of another shape; a target that is not finite.
    pub fn integral_transforms(&self, targets: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        self.check_targets(targets)?;
        self.map(|place, mixture| Ok(mixture.distribution(targets[place])))
    }

    /// −ln 1/K · Σₖ Πₜ N(yₜ; μₖₜ, σₖₜ²) of every example in nats, the product over its targets: a drawn network predicts them
    /// together.
    ///
    /// # Errors
    /// As [`Self::integral_transforms`].
    pub fn negative_log_likelihoods(&self, targets: ArrayView2<'_, f64>) -> Result<Vec<f64>> {
        self.check_targets(targets)?;
        let of_network = |member: &Member, example: usize| -> f64 {
            let at = |target| (example, target);
            let log = |target| log_normal(targets[at(target)], member.means[at(target)], member.variances[at(target)]);
            (0..self.targets()).map(log).sum()
        };
        let of = |example| -log_mean_exp(self.members().iter().map(|member| of_network(member, example)));
        Ok((0..self.len()).map(of).collect())
    }

    /// How well the predictions agree with targets, (examples × targets): likelihood, errors, and how many targets the central
    /// intervals of these levels hold.
    ///
    /// # Errors
    /// As [`RegressionScores::of`].
    pub fn scores(&self, targets: ArrayView2<'_, f64>, levels: &[f64]) -> Result<RegressionScores> {
        RegressionScores::of(self, targets, levels)
    }

    /// Whether as many targets are below the predicted quantiles as these say, at `levels` equally spaced probabilities
    /// ([`QuantileCalibration::LEVELS`] is usual). The targets of all examples count alike; [`Self::target`] chooses one.
    ///
    /// # Errors
    /// As [`Self::integral_transforms`]; as [`QuantileCalibration::of`].
    pub fn calibration(&self, targets: ArrayView2<'_, f64>, levels: usize) -> Result<QuantileCalibration> {
        QuantileCalibration::check_levels(levels)?;
        QuantileCalibration::of(self.integral_transforms(targets)?.as_slice().expect("in standard layout"), levels)
    }
}
