//! How well a model predicts real targets, in the units of the data.

use ndarray::Array2;
use serde::Serialize;
use vardrop::data::{Dataset, Standardisation};
use vardrop::engine::{Engine, Examples};
use vardrop::ndarray;
use vardrop::noise::{NoiseSource, Purpose};
use vardrop::uncertainty::Sampling;
use vardrop::{Network, Result, Table};

/// Half of the width of the interval that holds 95 % of a normal distribution, in standard deviations.
const HALF: f64 = 1.959_963_984_540_054;

/// How well one quantity is predicted.
#[derive(Debug, Serialize)]
pub struct Quantity {
    name: String,
    /// Root mean square error of the means.
    rmse: f64,
    /// What is left of the targets' variance, in percent.
    variance_left_percent: f64,
    /// Mean over the examples of −ln N(target; mean, deviation²); of drawn networks, of the normal distribution with their mean and
    /// variance.
    negative_log_likelihood: f64,
    /// Mean standard deviation of the predictions.
    deviation: f64,
    /// The percentage of the targets within the central interval of 95 %.
    within_95_percent: f64,
}

/// Predicts all examples, without noise or averaged over drawn networks, and compares with their targets.
pub fn quantities(network: &Network, test: &Dataset, sampling: Sampling) -> Result<Vec<Quantity>> {
    let (means, variances) = moments(network, test, sampling)?;
    let targets = test.values().expect("the engine has checked the targets");
    let of = |(index, name): (usize, &String)| {
        let units = |mean, deviation| to_units(test.standardisation(), index, mean, deviation);
        let targets: Vec<f64> = targets.column(index).iter().map(|target| units(*target, 0.0).0).collect();
        let n = targets.len() as f64;
        let centre = targets.iter().sum::<f64>() / n;
        let scatter = targets.iter().map(|target| (target - centre).powi(2)).sum::<f64>();
        let mut quantity = Quantity {
            name: name.clone(),
            rmse: 0.0,
            variance_left_percent: 0.0,
            negative_log_likelihood: 0.0,
            deviation: 0.0,
            within_95_percent: 0.0,
        };
        let mut squares = 0.0;
        for (example, target) in targets.iter().enumerate() {
            let (mean, deviation) = units(means[(example, index)], variances[(example, index)].sqrt());
            let distance = (target - mean) / deviation;
            squares += (target - mean).powi(2);
            quantity.deviation += deviation / n;
            quantity.negative_log_likelihood +=
                (0.5 * (std::f64::consts::TAU.ln() + distance * distance) + deviation.ln()) / n;
            quantity.within_95_percent += if distance.abs() <= HALF { 100.0 / n } else { 0.0 };
        }
        quantity.rmse = (squares / n).sqrt();
        quantity.variance_left_percent = 100.0 * squares / scatter;
        quantity
    };
    Ok(test.quantities().iter().enumerate().map(of).collect())
}

/// Mean and variance of each prediction, examples × quantities. Of drawn networks the variance is the mean of theirs and the variance of
/// their means.
fn moments(network: &Network, test: &Dataset, sampling: Sampling) -> Result<(Array2<f64>, Array2<f64>)> {
    let indices: Vec<usize> = (0..test.len()).collect();
    let batch = Examples { dataset: test, indices: &indices };
    let mut engine = Engine::new(network, test.len().clamp(1, 1000), sampling.threads)?;
    // Which refuses what is not the network's data.
    engine.evaluate(network, &batch)?;
    let mut drawn = |source: Option<NoiseSource>| -> Result<(Array2<f64>, Array2<f64>)> {
        let outputs = engine.predict(network, &batch, source)?;
        Ok(network.likelihood().moments(outputs.view()).expect("the likelihood is of real values"))
    };
    let Some(samples) = sampling.samples else { return drawn(None) };
    let mut sums: Option<(Array2<f64>, Array2<f64>)> = None;
    for sample in 0..samples {
        let (mean, variance) = drawn(Some(NoiseSource::for_purpose(Purpose::Prediction, sampling.seed, sample)))?;
        let second = variance + &mean * &mean;
        sums = Some(match sums {
            Some((means, seconds)) => (means + mean, seconds + second),
            None => (mean, second),
        });
    }
    let (means, seconds) = sums.expect("one sample or more");
    let means = means / samples as f64;
    let variances = seconds / samples as f64 - &means * &means;
    Ok((means, variances))
}

fn to_units(by: Option<&Standardisation>, quantity: usize, mean: f64, deviation: f64) -> (f64, f64) {
    by.map_or((mean, deviation), |by| by.to_units(quantity, mean, deviation))
}

/// A row for each quantity.
pub fn table(quantities: &[Quantity]) -> Table {
    let header =
        ["target", "root mean square error", "variance left", "negative log-likelihood", "deviation", "within 95 %"];
    let row = |of: &Quantity| {
        [
            of.name.clone(),
            format!("{:.4}", of.rmse),
            format!("{:.2} %", of.variance_left_percent),
            format!("{:.4}", of.negative_log_likelihood),
            format!("{:.4}", of.deviation),
            format!("{:.1} %", of.within_95_percent),
        ]
    };
    quantities.iter().map(row).fold(Table::new(header), Table::row)
}
