//! How well a model predicts real targets, in the units of the data.

use serde::Serialize;
use vardrop::data::{Dataset, Digest, Standardisation};
use vardrop::ndarray::Array2;
use vardrop::uncertainty::{RegressionPredictive, RegressionScores};
use vardrop::{Method, Result, significant};

/// What `--json` prints of real targets, in the units of the data. Of several, the scores by themselves are means over all of them,
/// whatever their units, and each has its own below `targets`.
#[derive(Serialize)]
pub struct Output<'a> {
    pub method: Method,
    pub hidden: &'a [usize],
    pub models: usize,
    pub dataset: &'a str,
    pub dataset_digest: Digest,
    pub other_data: Option<bool>,
    pub test_examples: usize,
    pub samples: Option<u64>,
    pub noise_seed: u64,
    #[serde(flatten)]
    pub scores: Scores,
    pub targets: Vec<Named>,
}

/// The scores of one target.
#[derive(Serialize)]
pub struct Named {
    name: String,
    #[serde(flatten)]
    scores: Scores,
}

/// How well predictions agree with targets.
#[derive(Serialize)]
pub struct Scores {
    test_rmse: f64,
    test_mean_absolute_error: f64,
    test_crps: f64,
    test_negative_log_likelihood: f64,
    intervals: Vec<Interval>,
}

/// The central intervals of one level.
#[derive(Serialize)]
struct Interval {
    level: f64,
    /// The share of the targets that they hold.
    coverage: f64,
    /// Their mean width.
    width: f64,
}

/// Predictions in the units of the data.
pub fn in_units(predictive: RegressionPredictive, by: Option<&Standardisation>) -> Result<RegressionPredictive> {
    let Some(by) = by.filter(|by| !by.targets.is_empty()) else { return Ok(predictive) };
    let (means, scales): (Vec<f64>, Vec<f64>) = by.targets.iter().map(|scale| (scale.mean, scale.scale)).unzip();
    predictive.in_units(&means, &scales)
}

/// The scores of all targets together, and of each.
pub fn scores(predictive: &RegressionPredictive, test: &Dataset, levels: &[f64]) -> Result<(Scores, Vec<Named>)> {
    let mut targets = test.values().expect("the targets are real").to_owned();
    for (index, scale) in test.standardisation().iter().flat_map(|by| by.targets.iter().enumerate()) {
        targets.column_mut(index).mapv_inplace(|target| scale.undo(target));
    }
    let each = test.quantities().iter().enumerate().map(|(index, name)| {
        let own = targets.column(index).insert_axis(vardrop::ndarray::Axis(1)).to_owned();
        Ok(Named { name: name.clone(), scores: of(&predictive.target(index)?, &own, levels)? })
    });
    let each = each.collect::<Result<_>>()?;
    Ok((of(predictive, &targets, levels)?, each))
}

fn of(predictive: &RegressionPredictive, targets: &Array2<f64>, levels: &[f64]) -> Result<Scores> {
    let RegressionScores { rmse, crps, negative_log_likelihood, coverage, .. } =
        predictive.scores(targets.view(), levels)?;
    let errors = predictive.mean().iter().zip(targets).map(|(mean, target)| (mean - target).abs()).sum::<f64>();
    Ok(Scores {
        test_rmse: rmse,
        test_mean_absolute_error: errors / targets.len() as f64,
        test_crps: crps,
        test_negative_log_likelihood: negative_log_likelihood,
        intervals: coverage
            .iter()
            .map(|one| Interval { level: one.level, coverage: one.share(), width: one.mean_width })
            .collect(),
    })
}

/// What is printed as text.
pub fn text(output: &Output<'_>) -> String {
    let how = how(output.models, output.samples);
    let other = if output.other_data == Some(true) { ", other data than it was trained on" } else { "" };
    let Output { method, test_examples, dataset, .. } = output;
    let mut text = format!("{method} on {test_examples} test examples of {dataset}{other} ({how})");
    for Named { name, scores } in &output.targets {
        text += &format!(
            "\n{name}: RMSE {}, mean absolute error {}, CRPS {}, negative log-likelihood {:.4} nats",
            significant(scores.test_rmse),
            significant(scores.test_mean_absolute_error),
            significant(scores.test_crps),
            scores.test_negative_log_likelihood,
        );
        for Interval { level, coverage, width } in &scores.intervals {
            let percent = |share: f64| (1e3 * share).round() / 10.0;
            text += &format!(
                "\n  intervals of {} %: {} % of the targets are within, mean width {}",
                percent(*level),
                percent(*coverage),
                significant(*width)
            );
        }
    }
    text
}

/// How the predictions were made.
pub(super) fn how(models: usize, samples: Option<u64>) -> String {
    let of_one = samples.map_or("without noise".to_owned(), |samples| format!("{samples} drawn networks"));
    match (models, samples) {
        (1, _) => of_one,
        (_, None) => format!("ensemble of {models} models, {of_one}"),
        (_, Some(_)) => format!("ensemble of {models} models, {of_one} each"),
    }
}
