//! How LeNet-5 is trained. It was written down before the run that results/lenet5/ has, and changed by no test error.

use serde::{Deserialize, Serialize};
use vardrop_burn::Warmup;

/// Everything that decides a run, with its seed and the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Protocol {
    /// How the network was trained that this run starts from, if it starts from one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Box<Protocol>>,
    /// Passes over the training images, without those of `start`.
    pub epochs: usize,
    /// Of a `start`: after how many of them it was left, if not after all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_after: Option<usize>,
    /// Of these, how many train the means alone: without noise and without the KL term. (Molchanov et al. start from a trained
    /// network.)
    pub pretraining_epochs: usize,
    /// Epochs after these in which the KL term's weight rises from 0 to 1.
    pub warmup_epochs: usize,
    /// Images in a minibatch.
    pub batch_size: usize,
    /// Adam's step size, constant while the means are trained alone and then linearly falling to 0.
    pub learning_rate: f64,
    /// How many times that for ln σ². Adam moves a parameter by at most about its step size: ln σ² has units to go, weights
    /// hundredths.
    pub variance_step: f64,
    /// ln σ² at the start.
    pub log_variance: f64,
    /// Weights whose ln α is above this count as 0 in training, as in the authors' code; `None` as in their paper's text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zero_above: Option<f64>,
    /// Weights with ln α above this are pruned.
    pub threshold: f64,
    /// Training images that are held out for validation, the last ones.
    pub held_out: usize,
}

impl Protocol {
    /// That of the published record.
    pub fn published(epochs: usize) -> Self {
        Self {
            start: None,
            epochs,
            left_after: None,
            pretraining_epochs: 3,
            warmup_epochs: 5,
            batch_size: 100,
            learning_rate: 1e-3,
            variance_step: 10.0,
            log_variance: -8.0,
            zero_above: None,
            threshold: vardrop::network::PRUNING_THRESHOLD,
            held_out: 5_000,
        }
    }

    /// A further run of a network that was trained so for `done` epochs: with noise and the whole KL term from its first step on, and a
    /// step size that starts anew.
    pub fn continued(self, done: usize, epochs: usize) -> Self {
        let before = Self { left_after: (done < self.epochs).then_some(done), ..self.clone() };
        Self { epochs, pretraining_epochs: 0, warmup_epochs: 0, start: Some(Box::new(before)), ..self }
    }

    /// The epochs of the runs before this one.
    pub fn epochs_before(&self) -> usize {
        self.start.as_ref().map_or(0, |start| start.left_after.unwrap_or(start.epochs) + start.epochs_before())
    }

    /// The weight of the KL term at a step, for so many steps an epoch.
    pub fn kl_weight(&self, step: usize, steps: usize) -> f64 {
        Warmup::new(self.pretraining_epochs * steps, self.warmup_epochs * steps).weight(step)
    }

    /// Adam's step size at a step.
    pub fn learning_rate(&self, step: usize, steps: usize) -> f64 {
        let (start, end) = (self.pretraining_epochs * steps, self.epochs * steps);
        let left = end.saturating_sub(step) as f64 / end.saturating_sub(start).max(1) as f64;
        self.learning_rate * left.min(1.0)
    }
}
