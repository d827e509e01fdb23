//! Predictions of real targets: bands over one input, and the calibration of quantiles.

use super::figure::Figure;
use super::style::Color;
use super::uncertainty::styles;
use crate::uncertainty::{QuantileCalibration, RegressionPredictive};

/// Half the width of a band in standard deviations.
const DEVIATIONS: f64 = 2.0;
/// The 97.5 % quantile of the standard normal distribution: 95 % are within as many standard deviations.
const Z: f64 = 1.96;

/// Predictions of one target over one input: `points` (x, y) of the data, the predictive mean, and two bands around it. Both are
/// the mean ± 2 standard deviations: the inner one of what the weights bring, the outer one of all. `predictive` has an example
/// for each of the `xs`, in any order; `truth` is the function that the data were made with, where it is known.
///
/// ```
/// use vardrop::Network;
/// use vardrop::figures::predictive_band;
/// use vardrop::layers::{Activation, GaussianOutput};
/// use vardrop::likelihood::Likelihood;
/// use vardrop::ndarray::{Array1, Axis};
/// use vardrop::uncertainty::{RegressionPredictive, Sampling};
///
/// let network: Network = Network::builder(1)
///     .dense(20, Activation::Tanh).noise(GaussianOutput::learned(0.2))
///     .dense(1, Activation::Identity)
///     .likelihood(Likelihood::gaussian_fixed(0.04)?)
///     .build(1)?;
/// let xs: Vec<f64> = (0..50).map(|index| 0.1 * f64::from(index) - 2.5).collect();
/// let inputs = Array1::from_iter(xs.iter().map(|&x| x as f32)).insert_axis(Axis(1));
/// let predictive = RegressionPredictive::of(&network, &inputs.view(), Sampling::draws(50))?;
/// let figure = predictive_band(&xs, &predictive, &[(0.0, 0.1), (1.0, 0.7)], Some(&|x| x.sin()));
/// assert!(figure.to_png()?.starts_with(b"\x89PNG"));
/// # Ok::<(), vardrop::Error>(())
/// ```
pub fn predictive_band(
    xs: &[f64],
    predictive: &RegressionPredictive,
    points: &[(f64, f64)],
    truth: Option<&dyn Fn(f64) -> f64>,
) -> Figure {
    let mut figure = Figure::new("What is predicted, and how surely").x_label("Input").y_label("Target").height(430);
    if predictive.targets() != 1 {
        let targets = predictive.targets();
        figure
            .fail(format!("predictions of one target, and not of {targets}: RegressionPredictive::target chooses one"));
        return figure;
    }
    if xs.len() != predictive.len() {
        figure.fail(format!("as many inputs as predictions, {}, and not {}", predictive.len(), xs.len()));
        return figure;
    }
    let mut order: Vec<usize> = (0..xs.len()).collect();
    order.sort_by(|&a, &b| xs[a].total_cmp(&xs[b]));
    let sorted: Vec<f64> = order.iter().map(|&index| xs[index]).collect();
    let (mean, all) = (predictive.mean(), predictive.variance());
    let edge = |side: f64, variance: ndarray::ArrayView2<'_, f64>| -> Vec<f64> {
        let at = |&index: &usize| mean[[index, 0]] + side * DEVIATIONS * variance[[index, 0]].sqrt();
        order.iter().map(at).collect()
    };
    let weights = predictive.weight_variance();
    figure = figure
        .area("± 2 standard deviations: data and weights", &sorted, edge(-1.0, all.view()), edge(1.0, all.view()))
        .color(Color::SKY)
        .area("± 2 standard deviations: weights", &sorted, edge(-1.0, weights), edge(1.0, weights))
        .color(Color::BLUE)
        .scatter("data", points.iter().map(|point| point.0), points.iter().map(|point| point.1))
        .color(Color::GREY);
    if let Some(truth) = truth {
        let values = sorted.iter().map(|&x| truth(x));
        figure = figure.line("true function", &sorted, values).color(Color::VERMILLION).dashed();
    }
    figure.line("predictive mean", &sorted, order.iter().map(|&index| mean[[index, 0]])).color(Color::BLUE)
}

/// Calibration curves of real targets: for each named calibration the share of targets below the predicted quantile over the
/// quantile's probability, with the diagonal of perfect calibration. A grey band holds the share of perfectly calibrated
/// predictions at each probability 95 times in 100 (± 1.96 standard deviations by chance, of the fewest targets that a
/// calibration has).
///
/// A calibration that is called as a method's title or name is drawn as the method is everywhere.
pub fn quantile_calibration(calibrations: &[(&str, &QuantileCalibration)]) -> Figure {
    const FIFTHS: [f64; 6] = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0];
    let mut figure = Figure::new("Are as many targets below a quantile as it says?")
        .height(430)
        .x_label("Probability of the predicted quantile")
        .y_label("Share of targets below it")
        .x_range(0.0, 1.0)
        .y_range(0.0, 1.0)
        .x_ticks(FIFTHS);
    if let Some(values) = calibrations.iter().map(|(_, calibration)| calibration.values).min() {
        let ps: Vec<f64> = (0..=100).map(|percent| f64::from(percent) / 100.0).collect();
        let edge = |side: f64| {
            let at = move |p: &f64| (p + side * Z * (p * (1.0 - p) / values as f64).sqrt()).clamp(0.0, 1.0);
            ps.iter().map(at).collect::<Vec<f64>>()
        };
        figure = figure
            .area(format!("95 % by chance, of {values} targets"), &ps, edge(-1.0), edge(1.0))
            .color(Color::GREY)
            .line("perfectly calibrated", [0.0, 1.0], [0.0, 1.0])
            .color(Color::GREY)
            .dotted();
    }
    let names: Vec<&str> = calibrations.iter().map(|(name, _)| *name).collect();
    for ((name, calibration), (color, marker)) in calibrations.iter().zip(styles(&names)) {
        let levels = &calibration.levels;
        figure = figure
            .line(*name, levels.iter().map(|level| level.probability), levels.iter().map(|level| level.share))
            .color(color)
            .markers(marker);
    }
    figure
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;
    use crate::figures::figure::tests::drawn;
    use crate::uncertainty::RegressionEnsemble;

    /// Two networks that say x ± d of the examples, each with σ² = 0.75.
    fn predictive(xs: &[f64], d: f64) -> RegressionPredictive {
        let mut ensemble = RegressionEnsemble::new(xs.len(), 1).unwrap();
        for side in [-d, d] {
            let means = Array2::from_shape_fn((xs.len(), 1), |(example, _)| xs[example] + side);
            ensemble.add(means.view(), means.mapv(|_| 0.75).view()).unwrap();
        }
        ensemble.predictive().unwrap()
    }

    #[test]
    fn both_bands_are_two_standard_deviations_around_the_mean_in_order_of_the_inputs() {
        let xs = [3.0, 1.0, 2.0];
        let figure = predictive_band(&xs, &predictive(&xs, 0.5), &[(1.5, 2.0)], Some(&|x| 2.0 * x));
        let traces = drawn(&figure)["data"].clone();
        // The variance is 0.25 of the weights and 0.75 of the data, 1 in all: bands of ± 2 and ± 1, there and back.
        assert_eq!(traces[0]["y"], serde_json::json!([3.0, 4.0, 5.0, 1.0, 0.0, -1.0]));
        assert_eq!(traces[1]["y"], serde_json::json!([2.0, 3.0, 4.0, 2.0, 1.0, 0.0]));
        assert_eq!(
            (&traces[0]["showlegend"], &traces[0]["fill"]),
            (&serde_json::json!(true), &serde_json::json!("toself"))
        );
        assert_eq!(traces[2]["y"], serde_json::json!([2.0]));
        assert_eq!(traces[3]["y"], serde_json::json!([2.0, 4.0, 6.0]));
        assert_eq!(traces[4]["y"], serde_json::json!([1.0, 2.0, 3.0]));
        assert_eq!(drawn(&predictive_band(&xs, &predictive(&xs, 0.5), &[], None))["data"].as_array().unwrap().len(), 4);
    }

    #[test]
    fn a_band_of_several_targets_or_of_other_inputs_says_what_is_wrong() {
        let error = |figure: Figure| figure.to_png().unwrap_err().to_string();
        assert!(error(predictive_band(&[1.0], &predictive(&[1.0, 2.0], 1.0), &[], None)).contains("2, and not 1"));
        let mut two = RegressionEnsemble::new(1, 2).unwrap();
        two.add(array![[0.0, 0.0]].view(), array![[1.0, 1.0]].view()).unwrap();
        assert!(error(predictive_band(&[1.0], &two.predictive().unwrap(), &[], None)).contains("one target"));
    }

    #[test]
    fn a_calibration_curve_has_its_levels_the_diagonal_and_a_band_of_chance() {
        let calibration = QuantileCalibration::of(&[0.1, 0.4, 0.6, 0.9], 3).unwrap();
        let json = drawn(&quantile_calibration(&[("ours", &calibration), ("Variational B", &calibration)]));
        let traces = json["data"].as_array().unwrap();
        assert_eq!(traces.len(), 2 + 2);
        assert_eq!(traces[2]["x"], serde_json::json!([0.25, 0.5, 0.75]));
        assert_eq!(traces[2]["y"], serde_json::json!([0.25, 0.5, 0.75]));
        // At 0.5: 0.5 + 1.96·√(0.25/4).
        assert!((traces[0]["y"][50].as_f64().unwrap() - 0.99).abs() < 1e-12);
        assert_ne!(traces[2]["line"]["color"], traces[3]["line"]["color"]);
        assert!(quantile_calibration(&[]).to_png().is_ok());
    }

    /// Writes both figures where `VARDROP_FIGURES` says, to look at.
    #[test]
    fn both_figures_are_drawn() {
        let xs: Vec<f64> = (0..=80).map(|index| f64::from(index) / 20.0 - 2.0).collect();
        let mut ensemble = RegressionEnsemble::new(xs.len(), 1).unwrap();
        for network in 0..20 {
            let slope = (f64::from(network) - 9.5) / 40.0;
            let at = |(example, _): (usize, usize)| xs[example].sin() + slope * xs[example].powi(2);
            let means = Array2::from_shape_fn((xs.len(), 1), at);
            ensemble.add(means.view(), means.mapv(|_| 0.04).view()).unwrap();
        }
        let predictive = ensemble.predictive().unwrap();
        let points: Vec<(f64, f64)> =
            (0..40).map(|k| f64::from(k) / 20.0 - 1.0).map(|x| (x, x.sin() + 0.2 * (9.7 * x).sin())).collect();
        let band = predictive_band(&xs, &predictive, &points, Some(&|x| x.sin()));
        let transforms: Vec<f64> = (0..200).map(|k| 0.5 + 0.5 * (f64::from(k) / 100.0 - 1.0).powi(3)).collect();
        let wide = QuantileCalibration::of(&transforms, QuantileCalibration::LEVELS).unwrap();
        let uniform: Vec<f64> = (0..200).map(|k| (f64::from(k) * 0.618_034).fract()).collect();
        let right = QuantileCalibration::of(&uniform, QuantileCalibration::LEVELS).unwrap();
        let curve = quantile_calibration(&[("too wide", &wide), ("calibrated", &right)]);
        for (name, figure) in [("predictive-band.png", band), ("quantile-calibration.png", curve)] {
            let png = figure.to_png().unwrap();
            assert!(png.starts_with(b"\x89PNG"));
            if let Some(folder) = std::env::var_os("VARDROP_FIGURES") {
                std::fs::write(std::path::Path::new(&folder).join(name), png).unwrap();
            }
        }
    }
}
