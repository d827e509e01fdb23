//! What one training run did: its learning curves, and where its α went.

use super::choices::Choices;
use super::figure::Figure;
use super::style::Color;
use crate::experiment::{Record, Records};
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
    figure = figure.panel("Error, without noise").x_label("Epoch").y_label("%").log_y();
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

/// Mean of each layer's α over the epochs, in a band of one standard deviation of its α; one panel a layer, of which the first eight
/// are shown.
pub fn alpha_curves(history: &History) -> Figure {
    let layers = history.epochs.iter().map(|epoch| epoch.alpha.len()).max().unwrap_or(0).min(8);
    let mut figure = Figure::new("The noise of each layer: mean of α ± one standard deviation")
        .columns(layers.clamp(1, 4))
        .height(if layers > 4 { 560 } else { 330 })
        .share_y();
    for layer in 0..layers {
        let name = if layer == 0 { "Input".to_owned() } else { format!("Hidden layer {layer}") };
        let epochs: Vec<&Epoch> = history.epochs.iter().filter(|epoch| epoch.alpha.len() > layer).collect();
        let alpha = || epochs.iter().map(|epoch| &epoch.alpha[layer]);
        figure = figure
            .panel(name)
            .x_label("Epoch")
            .y_label(if layer % 4 == 0 { "α" } else { "" })
            .line("mean of α", epochs.iter().map(|epoch| epoch.epoch), alpha().map(|alpha| alpha.mean))
            .band(
                alpha().map(|alpha| (alpha.mean - alpha.std).max(alpha.min)),
                alpha().map(|alpha| (alpha.mean + alpha.std).min(alpha.max)),
            );
    }
    figure
}

/// The learning curves of stored runs, of one method and network at a time, which the reader chooses from a list: each run's test error
/// and training cross-entropy over its epochs. Of long trainings, evenly spaced epochs are shown.
pub fn stored_curves(records: &Records) -> Choices {
    let mut choices = Choices::list("Method and width");
    for summary in records.summaries() {
        let units: Vec<String> = summary.hidden.iter().map(usize::to_string).collect();
        let units = summary.width().map_or(units.join("–"), |width| width.to_string());
        let name = format!("{}, {units} units", summary.method.title());
        let runs: Vec<&Record> =
            records.iter().filter(|run| (run.method, &run.hidden) == (summary.method, &summary.hidden)).collect();
        let values = |value: fn(&Epoch) -> f64| -> (Vec<usize>, Vec<Option<f64>>) {
            let mut points: Vec<(usize, Option<f64>)> = Vec::new();
            for run in &runs {
                let stride = run.epochs.len().div_ceil(POINTS).max(1);
                let shown = run.epochs.iter().rev().step_by(stride).rev();
                points.extend(shown.map(|epoch| (epoch.epoch, Some(rounded(value(epoch))))));
                // A gap, so that the next run's line begins anew.
                points.push((points.last().map_or(1, |point| point.0), None));
            }
            points.into_iter().unzip()
        };
        let (epochs, errors) = values(|epoch| epoch.test_error_percent);
        let (same, losses) = values(|epoch| epoch.train_cross_entropy);
        let figure = Figure::new(format!("{name} per layer: {} runs", runs.len()))
            .height(380)
            .panel("Test error, without noise")
            .x_label("Epoch")
            .y_label("%")
            .log_y()
            .line("test error", epochs, errors)
            .color(Color::of(summary.method))
            .panel("Training cross-entropy, with noise")
            .x_label("Epoch")
            .y_label("Nats per example")
            .log_y()
            .line("", same, losses)
            .color(Color::of(summary.method));
        choices = choices.add(name, figure);
    }
    choices
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
            let alpha = |mean: f64| AlphaStatistics { mean, std: 0.05, min: 0.5 * mean, max: 1.5 * mean };
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
        for part in ["training, with noise", "KL term", "validation", "test error", "epoch 5: 0.84 %"] {
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
    fn stored_runs_are_chosen_from_a_list() {
        use crate::experiment::tests::record;
        use crate::method::Method;
        let runs = [(Method::None, 1), (Method::None, 2), (Method::GaussianA, 1)];
        let records: Records = runs.map(|(method, seed)| record(method, 100, seed, 1.5)).into_iter().collect();
        let json: serde_json::Value = serde_json::from_str(&stored_curves(&records).to_plotly_json().unwrap()).unwrap();
        let buttons = json["layout"]["updatemenus"][0]["buttons"].as_array().unwrap();
        assert_eq!(buttons.len(), 2);
        assert_eq!(buttons[1]["label"], "Gaussian A, 100 units");
    }
}
