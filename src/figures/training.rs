//! What one training run did: its learning curves, and where its α went.

use super::figure::Figure;
use super::style::Color;
use crate::training::{Epoch, History};

/// The parts of the objective and the errors over the epochs, with the epoch that validation chose.
pub fn learning_curves(history: &History) -> Figure {
    let epochs = || history.epochs.iter().map(|epoch| epoch.epoch);
    let values = |value: fn(&Epoch) -> f64| history.epochs.iter().map(value);
    let mut figure = Figure::new("Learning curves")
        .panel("The objective, per training example")
        .x_label("Epoch")
        .y_label("Nats")
        .line("train cross-entropy", epochs(), values(|epoch| epoch.train_cross_entropy))
        .color(Color::BLUE);
    if history.epochs.iter().any(|epoch| epoch.train_kl != 0.0) {
        figure = figure.line("KL term", epochs(), values(|epoch| epoch.train_kl)).color(Color::PURPLE);
    }
    figure = figure.panel("The error, without noise").x_label("Epoch").y_label("Error (%)");
    if history.epochs.iter().any(|epoch| epoch.valid_error_percent.is_some()) {
        figure = figure
            .line("validation error", epochs(), history.epochs.iter().map(|epoch| epoch.valid_error_percent))
            .color(Color::VERMILLION);
    }
    figure = figure.line("test error", epochs(), values(|epoch| epoch.test_error_percent)).color(Color::GREEN).dashed();
    match history.best() {
        Some(best) => {
            figure.vertical_line(best.epoch as f64, format!("epoch {}: {:.2} %", best.epoch, best.test_error_percent))
        }
        None => figure,
    }
}

/// Mean of each layer's α over the epochs, in a band from its smallest to its largest; one panel a layer, of which the
/// first eight are shown.
pub fn alpha_curves(history: &History) -> Figure {
    let layers = history.epochs.iter().map(|epoch| epoch.alpha.len()).max().unwrap_or(0).min(8);
    let largest = history.epochs.iter().flat_map(|epoch| &epoch.alpha).map(|alpha| alpha.max).fold(1.0, f64::max);
    let mut figure = Figure::new("The noise of each layer: mean of α, and from its smallest to its largest")
        .columns(layers.clamp(1, 4))
        .height(if layers > 4 { 560 } else { 330 });
    for layer in 0..layers {
        let name = if layer == 0 { "input".to_owned() } else { format!("hidden layer {layer}") };
        let epochs: Vec<&Epoch> = history.epochs.iter().filter(|epoch| epoch.alpha.len() > layer).collect();
        let alpha = || epochs.iter().map(|epoch| &epoch.alpha[layer]);
        figure = figure
            .panel(name)
            .x_label("Epoch")
            .y_label(if layer % 4 == 0 { "α" } else { "" })
            .y_range(0.0, 1.05 * largest)
            .line("mean of α", epochs.iter().map(|epoch| epoch.epoch), alpha().map(|alpha| alpha.mean))
            .band(alpha().map(|alpha| alpha.min), alpha().map(|alpha| alpha.max));
    }
    figure
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
        for part in ["train cross-entropy", "KL term", "validation error", "test error", "epoch 5: 0.84 %"] {
            assert!(json.contains(part), "{part} is missing");
        }
        assert!(!learning_curves(&history(5, false)).to_plotly().unwrap().to_json().contains("validation error"));
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
}
