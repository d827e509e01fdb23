//! What one training run did: its learning curves, and where its α went.

use super::choices::Choices;
use super::figure::Figure;
use super::style::Color;
use crate::experiment::{Records, Summary};
use crate::method::Method;
use crate::training::{Epoch, History};

/// The parts of the objective and the errors over the epochs, with the epoch that validation chose. Cross-entropy and errors have
/// logarithmic axes; the KL term, which may be negative, has its own panel.
pub fn learning_curves(history: &History) -> Figure {
    let epochs = || history.epochs.iter().map(|epoch| epoch.epoch);
    let values = |value: fn(&Epoch) -> f64| history.epochs.iter().map(value);
    let has_kl = history.epochs.iter().any(|epoch| epoch.train_kl != 0.0);
    let mut figure = Figure::new("Learning curves")
        .columns(if has_kl { 3 } else { 2 })
        .height(380)
        .panel("Cross-entropy")
        .x_label("Epoch")
        .y_label("Nats per example")
        .log_y()
        .line("training, with noise", epochs(), values(|epoch| epoch.train_cross_entropy))
        .color(Color::BLUE)
        .line("test, without noise", epochs(), values(|epoch| epoch.test_cross_entropy))
        .color(Color::GREEN)
        .dashed();
    if has_kl {
        figure = figure
            .panel("KL term")
            .x_label("Epoch")
            .line("KL term of the objective", epochs(), values(|epoch| epoch.train_kl))
            .color(Color::PURPLE);
    }
    figure = figure.panel("Error, without noise").x_label("Epoch").y_label("Error (%)").log_y();
    if history.epochs.iter().any(|epoch| epoch.valid_error_percent.is_some()) {
        figure = figure
            .line("validation", epochs(), history.epochs.iter().map(|epoch| epoch.valid_error_percent))
            .color(Color::VERMILLION);
    }
    figure = figure
        .line("test error", epochs(), values(|epoch| epoch.test_error_percent))
        .color(Color::GREEN)
        .dashed()
        .group("test, without noise");
    match history.best() {
        Some(best) => {
            figure.vertical_line(best.epoch as f64, format!("epoch {}: {:.2} %", best.epoch, best.test_error_percent))
        }
        None => figure,
    }
}

/// Mean of each layer's α over the epochs, from before the first step on, in the band between the 10 % and the 90 % quantile of its α
/// (or, in older records, of one standard deviation); one panel a layer, of which the first eight are shown.
pub fn alpha_curves(history: &History) -> Figure {
    let layers = history.epochs.iter().map(|epoch| epoch.alpha.len()).max().unwrap_or(0).min(8);
    let has_quantiles = history.epochs.iter().flat_map(|epoch| &epoch.alpha).any(|alpha| alpha.quantiles.is_some());
    let band = if has_quantiles { "the middle 80 % of its values" } else { "one standard deviation" };
    let mut figure = Figure::new(format!("The noise of each layer: mean of α, in a band of {band}"))
        .columns(layers.clamp(1, 4))
        .height(if layers > 4 { 560 } else { 330 })
        .share_y();
    for layer in 0..layers {
        let name = if layer == 0 { "Input".to_owned() } else { format!("Hidden layer {layer}") };
        let start = history.initial_alpha.map(|alpha| (0, alpha[layer.min(1)], [alpha[layer.min(1)]; 2]));
        let points = history.epochs.iter().filter_map(|epoch| {
            let alpha = epoch.alpha.get(layer)?;
            let deviation = || [(alpha.mean - alpha.std).max(alpha.min), (alpha.mean + alpha.std).min(alpha.max)];
            Some((epoch.epoch, alpha.mean, alpha.quantiles.unwrap_or_else(deviation)))
        });
        let points: Vec<(usize, f64, [f64; 2])> = start.into_iter().chain(points).collect();
        figure = figure
            .panel(name)
            .x_label("Epoch")
            .y_label(if layer % 4 == 0 { "α" } else { "" })
            .line("mean of α", points.iter().map(|point| point.0), points.iter().map(|point| point.1))
            .band(points.iter().map(|point| point.2[0]), points.iter().map(|point| point.2[1]));
    }
    figure
}

/// The learning curves of stored runs, of one method and network at a time, which the reader chooses from two lists: each run's test
/// error and training cross-entropy over its epochs. Of long trainings, evenly spaced epochs are shown.
pub fn stored_curves(records: &Records) -> Choices {
    let mut choices = Choices::list("method").and_by_line();
    let summaries = records.summaries();
    let mut methods: Vec<Method> = Vec::new();
    for summary in &summaries {
        if !methods.contains(&summary.method) {
            methods.push(summary.method);
        }
    }
    for method in methods {
        let networks = || summaries.iter().filter(|summary| summary.method == method);
        let lines = |panel: Figure, value: fn(&Epoch) -> f64| {
            networks().fold(panel.x_label("Epoch").log_y(), |panel, summary| {
                let (epochs, values) = curve(records, summary, value);
                panel.line(units(summary), epochs, values).color(Color::of(method))
            })
        };
        let figure = Figure::new(format!("{}: each run is a line", method.title())).height(380);
        let figure = lines(figure.panel("Test error, without noise").y_label("Test error (%)"), |epoch| {
            epoch.test_error_percent
        });
        let figure = figure.panel("Training cross-entropy, with noise").y_label("Nats per example");
        choices = choices.add(method.title(), lines(figure, |epoch| epoch.train_cross_entropy));
    }
    choices
}

fn units(summary: &Summary) -> String {
    let layers: Vec<String> = summary.hidden.iter().map(usize::to_string).collect();
    format!("{} units per layer", summary.width().map_or(layers.join("–"), |width| width.to_string()))
}

/// A value over the epochs of every run of a method and network, as one line with a gap between runs.
fn curve(records: &Records, summary: &Summary, value: fn(&Epoch) -> f64) -> (Vec<usize>, Vec<Option<f64>>) {
    let mut points: Vec<(usize, Option<f64>)> = Vec::new();
    for run in records.iter().filter(|run| (run.method, &run.hidden) == (summary.method, &summary.hidden)) {
        let stride = run.epochs.len().div_ceil(POINTS).max(1);
        let shown = run.epochs.iter().rev().step_by(stride).rev();
        points.extend(shown.map(|epoch| (epoch.epoch, Some(rounded(value(epoch))))));
        points.push((points.last().map_or(1, |point| point.0), None));
    }
    points.into_iter().unzip()
}

/// Points of a line that a stored run has at most.
const POINTS: usize = 60;

/// A number to four significant digits, which is what a line shows.
fn rounded(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::training::AlphaStatistics;

    pub(crate) fn history(epochs: usize, held_out: bool) -> History {
        let epoch = |epoch: usize| {
            let loss = 1.0 / epoch as f64;
            let alpha =
                |mean: f64| AlphaStatistics { mean, std: 0.05, min: 0.5 * mean, max: 1.5 * mean, quantiles: None };
            Epoch {
                epoch,
                seconds: 1.0,
                train_loss: 1.2 * loss,
                train_cross_entropy: loss,
                train_kl: 0.2 * loss,
                valid_cross_entropy: held_out.then_some(loss),
                valid_error_percent: held_out.then_some(4.0 * loss),
                test_cross_entropy: loss,
                test_error_percent: 4.2 * loss,
                valid_rmse: None,
                test_rmse: None,
                alpha: vec![alpha(0.25), alpha(loss.max(0.1))],
                sparsity: Vec::new(),
            }
        };
        History { epochs: (1..=epochs).map(epoch).collect(), ..History::default() }
    }

    #[test]
    fn learning_curves_mark_the_epoch_that_validation_chose() {
        let json = learning_curves(&history(5, true)).to_plotly().unwrap().to_json();
        for part in ["training, with noise", "KL term", "validation", "test error", "epoch 5:<br>0.84 %"] {
            assert!(json.contains(part), "{part} is missing");
        }
        assert!(!learning_curves(&history(5, false)).to_plotly().unwrap().to_json().contains("validation"));
    }

    #[test]
    fn a_history_without_an_epoch_is_an_empty_figure() {
        for figure in [learning_curves(&History::default()), alpha_curves(&History::default())] {
            assert!(figure.to_plotly().is_ok() && figure.to_png().is_ok());
        }
    }

    #[test]
    fn alpha_has_a_line_and_a_band_for_each_layer() {
        let json = alpha_curves(&history(5, true)).to_plotly().unwrap().to_json();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["data"].as_array().unwrap().len(), 4);
    }

    #[test]
    fn alpha_starts_at_epoch_0_where_it_is_learned() {
        let config = crate::training::Config::new(Method::VariationalB, &[10]);
        let learned = History { epochs: history(2, true).epochs, ..History::begin(&config) };
        let fixed = History::new(Method::GaussianB, &config.protocol, history(2, true).epochs);
        for (history, first) in [(learned, 0.0), (fixed, 1.0)] {
            let json = alpha_curves(&history).to_plotly().unwrap().to_json();
            let json: serde_json::Value = serde_json::from_str(&json).unwrap();
            let line = json["data"].as_array().unwrap().iter().find(|trace| trace["name"] == "mean of α").unwrap();
            assert_eq!(line["x"][0], first, "{line}");
        }
    }

    #[test]
    fn stored_runs_are_chosen_from_a_list() {
        use crate::experiment::tests::record;
        let runs =
            [(Method::None, 100, 1), (Method::None, 100, 2), (Method::GaussianA, 100, 1), (Method::GaussianA, 250, 1)];
        let records: Records = runs.map(|(method, units, seed)| record(method, units, seed, 1.5)).into_iter().collect();
        let json: serde_json::Value = serde_json::from_str(&stored_curves(&records).to_plotly_json().unwrap()).unwrap();
        let buttons = json["layout"]["updatemenus"][0]["buttons"].as_array().unwrap();
        assert_eq!((buttons.len(), &buttons[1]["label"]), (2, &"Gaussian A".into()));
        let widths = json["layout"]["updatemenus"][1]["buttons"].as_array().unwrap();
        assert_eq!((widths.len(), &widths[0]["label"]), (2, &"100 units per layer".into()));
        // Two panels of one width for each of two methods, and two of another width for the second.
        let shown: Vec<f64> =
            json["data"].as_array().unwrap().iter().map(|trace| trace["opacity"].as_f64().unwrap()).collect();
        assert_eq!(shown, [1.0, 1.0, 1.0, 0.0, 1.0, 0.0]);
    }
}
