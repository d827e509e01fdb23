//! How sure predictions are, and whether they are right as often as they say.

use super::figure::Figure;
use super::style::{Color, Marker};
use crate::method::Method;
use crate::uncertainty::{Bin, Calibration, Prediction, Predictive, Uncertainty};

/// Bins of a histogram of entropies, from 0 to the largest entropy that there can be.
const ENTROPY_BINS: usize = 23;
/// Ticks of an axis of confidences.
const FIFTHS: [f64; 6] = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0];

/// Reliability diagrams: for each named calibration the accuracy of every bin over its mean confidence, with the
/// diagonal of perfect calibration (below it, predictions claim too much), and how many predictions each bin holds.
/// Error bars: one standard deviation by chance ([`Bin::chance`]).
///
/// A calibration that is called as a method's title or name is drawn as the method is everywhere.
pub fn reliability_diagram(calibrations: &[(&str, &Calibration)]) -> Figure {
    let filled = |calibration: &Calibration| -> Vec<Bin> {
        calibration.bins.iter().copied().filter(|bin| bin.count > 0).collect()
    };
    let mut figure = Figure::new("Are predictions right as often as they say?")
        .columns(2)
        .height(430)
        .panel("Reliability")
        .x_label("Mean confidence of the bin")
        .y_label("Accuracy")
        .x_range(0.0, 1.03)
        .y_range(0.0, 1.03)
        .x_ticks(FIFTHS)
        .line("perfectly calibrated", [0.0, 1.0], [0.0, 1.0])
        .color(Color::GREY)
        .dotted();
    let names: Vec<&str> = calibrations.iter().map(|(name, _)| *name).collect();
    for ((name, calibration), (color, marker)) in calibrations.iter().zip(styles(&names)) {
        let bins = filled(calibration);
        figure = figure
            .line(*name, bins.iter().map(|bin| bin.confidence), bins.iter().map(|bin| bin.accuracy))
            .error_bars(bins.iter().map(|bin| bin.chance))
            .color(color)
            .markers(marker);
    }
    figure = figure
        .panel("Predictions in each bin")
        .x_label("Confidence")
        .y_label("Number of predictions")
        .x_range(0.0, 1.03)
        .x_ticks(FIFTHS)
        .log_y();
    for ((name, calibration), (color, marker)) in calibrations.iter().zip(styles(&names)) {
        let bins = filled(calibration);
        let middles = bins.iter().map(|bin| (bin.lower + bin.upper) / 2.0);
        figure = figure.line(*name, middles, bins.iter().map(|bin| bin.count)).color(color).markers(marker);
    }
    figure
}

/// Mean predictive entropy and the part of it that is mutual information, over a sequence such as the angle that images
/// are turned by: one line for each named curve, which has as many values as there are `xs`.
///
/// A curve that is called as a method's title or name is drawn as the method is everywhere.
pub fn uncertainty_curves(x_label: &str, xs: &[f64], curves: &[(&str, Vec<Uncertainty>)]) -> Figure {
    let mut figure = Figure::new("Entropy, and the part of it that is mutual information").columns(2).height(400);
    figure = figure.panel("Entropy: all of the uncertainty").x_label(x_label).y_label("Nats");
    let names: Vec<&str> = curves.iter().map(|(name, _)| *name).collect();
    for ((name, curve), (color, marker)) in curves.iter().zip(styles(&names)) {
        figure = figure.line(*name, xs, curve.iter().map(|split| split.entropy)).color(color).markers(marker);
    }
    figure = figure.panel("Mutual information: disagreement").x_label(x_label).y_label("Nats");
    for ((name, curve), (color, marker)) in curves.iter().zip(styles(&names)) {
        let information = curve.iter().map(|split| split.mutual_information);
        figure = figure.line(*name, xs, information).color(color).markers(marker);
    }
    figure
}

/// Histograms of predictive entropy: one panel for each title, such as a method, and in it the sets of images to
/// compare, such as test images and images of no class. Heights are shares of a set's images, so that sets of different
/// sizes compare.
pub fn entropy_histograms(panels: &[(&str, Vec<(&str, &Predictive)>)]) -> Figure {
    let mut figure = Figure::new("Entropies of the predictions").columns(3);
    let classes = panels.iter().flat_map(|(_, sets)| sets).map(|(_, set)| set.classes()).max().unwrap_or(2);
    let width = (classes.max(2) as f64).ln() / ENTROPY_BINS as f64;
    let edges: Vec<f64> = (0..=ENTROPY_BINS).map(|index| index as f64 * width).collect();
    for (index, (title, sets)) in panels.iter().enumerate() {
        figure = figure.panel(*title).x_label("Predictive entropy (nats)").x_range(0.0, edges[ENTROPY_BINS]);
        if index % 3 == 0 {
            figure = figure.y_label("Share of the images");
        }
        for (name, set) in sets {
            let mut heights = [0.0; ENTROPY_BINS];
            for uncertainty in set.uncertainties() {
                let bin = (uncertainty.entropy / width) as usize;
                heights[bin.min(ENTROPY_BINS - 1)] += 1.0 / set.len() as f64;
            }
            figure = figure.bars_between(*name, edges.clone(), heights);
        }
    }
    figure.share_y()
}

/// The class probabilities of one prediction as bars, with how unsure it is.
pub fn class_probabilities(prediction: &Prediction) -> Figure {
    let classes = (0..prediction.probabilities.len()).map(|class| class.to_string());
    Figure::new(prediction.sentence()).height(300).x_label("Class").y_label("Probability").y_range(0.0, 1.0).bars(
        "probability",
        classes,
        &prediction.probabilities,
    )
}

/// The colour and the marker of each name: a method's own where it is a method's title or name, else a circle in the next
/// colour that none of the others has.
pub(super) fn styles(names: &[&str]) -> Vec<(Color, Marker)> {
    let method = |name: &str| Method::ALL.into_iter().find(|method| [method.title(), method.name()].contains(&name));
    let taken: Vec<Color> = names.iter().filter_map(|name| method(name)).map(Color::of).collect();
    let mut free = Color::PALETTE.into_iter().filter(|color| !taken.contains(color)).cycle();
    let style = |name: &&str| match method(name) {
        Some(method) => (Color::of(method), Marker::of(method)),
        None => (free.next().unwrap_or(Color::GREY), Marker::Circle),
    };
    names.iter().map(style).collect()
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;
    use crate::figures::figure::tests::drawn;
    use crate::uncertainty::Ensemble;

    fn predictive(probabilities: &Array2<f64>) -> Predictive {
        let mut ensemble = Ensemble::new(probabilities.nrows(), probabilities.ncols()).unwrap();
        ensemble.add(probabilities.view()).unwrap();
        ensemble.predictive().unwrap()
    }

    #[test]
    fn a_reliability_diagram_has_the_bins_that_hold_predictions_the_diagonal_and_counts() {
        let probabilities = array![[0.95, 0.05], [0.9, 0.1], [0.55, 0.45]];
        let calibration = predictive(&probabilities).calibration(&[0, 1, 0], 10).unwrap();
        let figure = reliability_diagram(&[("Variational B", &calibration), ("other", &calibration)]);
        let json = drawn(&figure);
        let traces = json["data"].as_array().unwrap();
        assert_eq!(traces.len(), 1 + 2 + 2);
        assert_eq!(traces[0]["y"], serde_json::json!([0.0, 1.0]));
        assert_eq!(traces[1]["y"], serde_json::json!([1.0, 0.0, 1.0]));
        assert_eq!(traces[3]["y"], serde_json::json!([1.0, 1.0, 1.0]));
        assert_eq!(traces[1]["error_y"]["array"].as_array().unwrap().len(), 3);
        assert_ne!(traces[1]["line"]["color"], traces[2]["line"]["color"]);
    }

    #[test]
    fn a_name_that_is_no_method_never_takes_the_colour_of_one_beside_it() {
        let styles = styles(&["other", "Variational B", "binary", "a third", "variational-a2"]);
        for (index, (color, _)) in styles.iter().enumerate() {
            assert!(styles[..index].iter().all(|(earlier, _)| earlier != color), "{index}");
        }
        assert_eq!(styles[1], (Color::OLIVE, Marker::of(Method::VariationalB)));
        assert_eq!(styles[4].0, Color::of(Method::VariationalA2));
    }

    #[test]
    fn curves_of_another_length_than_their_places_are_an_error() {
        let uncertainty = predictive(&array![[0.5, 0.5]]).mean_uncertainty();
        let figure = uncertainty_curves("Angle (°)", &[0.0, 10.0], &[("a", vec![uncertainty; 2])]);
        assert_eq!(drawn(&figure)["data"].as_array().unwrap().len(), 2);
        let figure = uncertainty_curves("Angle (°)", &[0.0, 10.0], &[("a", vec![uncertainty])]);
        assert!(figure.to_png().unwrap_err().to_string().contains("as many"));
    }

    #[test]
    fn shares_of_a_histogram_add_up_to_one_and_the_largest_entropy_is_in_the_last_bin() {
        let set = predictive(&array![[1.0, 0.0], [0.5, 0.5], [0.5, 0.5], [0.9, 0.1]]);
        let json = drawn(&entropy_histograms(&[("all", vec![("a", &set), ("b", &set)])]));
        let heights: Vec<f64> =
            json["data"][1]["y"].as_array().unwrap().iter().map(|height| height.as_f64().unwrap()).collect();
        assert_eq!((heights.len(), heights[0], heights[ENTROPY_BINS - 1]), (ENTROPY_BINS, 0.25, 0.5));
        assert_eq!(heights.iter().sum::<f64>(), 1.0);
        assert!(entropy_histograms(&[]).to_png().is_ok());
    }

    #[test]
    fn a_prediction_is_a_bar_for_each_class_with_its_sentence() {
        let prediction = predictive(&array![[0.2, 0.7, 0.1]]).prediction(0).unwrap();
        let json = drawn(&class_probabilities(&prediction));
        assert_eq!(json["data"][0]["y"], serde_json::json!([0.2, 0.7, 0.1]));
        assert!(json["layout"]["title"]["text"].as_str().unwrap().starts_with("1 with probability 0.700"));
    }
}
