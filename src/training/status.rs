//! How far a run in the background is.

use std::fmt;

use super::{Config, History, Progress};
use crate::progress::{duration, time_left};

/// Where a run in the background stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// It goes on.
    Running,
    /// Every epoch was trained, or validation stopped it early.
    Finished,
    /// It was stopped.
    Stopped,
    /// It ended in an error or a panic, for this reason.
    Failed(String),
}

/// How far a run in the background was when it was asked. As text: a line or two; as the result of a notebook's cell, also
/// the learning curves so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// The settings of the run.
    pub config: Config,
    /// The data that it trains on.
    pub dataset: String,
    /// Where it stands.
    pub phase: Phase,
    /// The epoch that is under way, or was the last one, counted from 1.
    pub epoch: usize,
    /// Steps taken in it.
    pub step: usize,
    /// Steps of an epoch.
    pub steps: usize,
    /// Mean cross-entropy of that epoch's minibatches so far, in nats; `None` before the first step.
    pub cross_entropy: Option<f64>,
    /// The epochs that have ended.
    pub history: History,
    /// Wall-clock seconds since the run began, or that it took.
    pub seconds: f64,
}

impl Status {
    /// Epochs of the whole run.
    pub fn epochs(&self) -> usize {
        self.config.protocol.epochs
    }

    /// Seconds until the last epoch ends, if the rest goes on as what is done: evaluations, and whatever else ran meanwhile,
    /// are in it. `None` before the first step and after the end. Validation may stop the run earlier.
    pub fn seconds_left(&self) -> Option<f64> {
        // Between an epoch's last step and the first of the next one, that epoch is both the last that ended and under way.
        let ended = self.history.epochs.len();
        let under_way = if self.epoch > ended { self.step as f64 / self.steps as f64 } else { 0.0 };
        let (done, all) = (ended as f64 + under_way, self.epochs() as f64);
        (self.phase == Phase::Running && done > 0.0).then(|| self.seconds * (all - done) / done)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (epochs, ended, took) = (self.epochs(), self.history.epochs.len(), duration(self.seconds));
        match &self.phase {
            Phase::Running => {
                write!(f, "epoch {}/{epochs}, step {}/{}", self.epoch, self.step, self.steps)?;
                if let Some(cross_entropy) = self.cross_entropy {
                    write!(f, ": cross-entropy {cross_entropy:.4}")?;
                }
                write!(f, "; {took} so far{}", time_left(self.seconds_left()))?;
            }
            Phase::Finished => write!(f, "finished: {ended} of {epochs} epochs in {took}")?,
            Phase::Stopped => write!(f, "stopped: {ended} of {epochs} epochs in {took}")?,
            Phase::Failed(reason) => write!(f, "failed after {ended} of {epochs} epochs and {took}: {reason}")?,
        }
        if let Some(epoch) = self.history.epochs.last() {
            write!(f, "\n{}", Progress::Epoch { epoch, epochs, seconds_left: None })?;
        }
        match self.history.best().filter(|best| best.epoch < ended) {
            Some(best) => write!(f, "\nbest so far: {best}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::Method;
    use crate::training::Epoch;

    fn epoch(epoch: usize, valid: f64) -> Epoch {
        Epoch {
            epoch,
            seconds: 2.0,
            train_loss: 0.5,
            train_cross_entropy: 0.5,
            train_kl: 0.0,
            valid_cross_entropy: Some(0.1),
            valid_error_percent: Some(valid),
            test_cross_entropy: 0.1,
            test_error_percent: valid + 0.5,
            valid_rmse: None,
            test_rmse: None,
            alpha: Vec::new(),
            sparsity: Vec::new(),
        }
    }

    fn status(phase: Phase, ended: &[f64], epoch_under_way: usize, step: usize, seconds: f64) -> Status {
        let epochs = (1..).zip(ended).map(|(number, valid)| epoch(number, *valid)).collect();
        Status {
            config: Config::new(Method::None, &[10]).epochs(10),
            dataset: "mnist".to_owned(),
            phase,
            epoch: epoch_under_way,
            step,
            steps: 100,
            cross_entropy: (step > 0).then_some(0.25),
            history: History { epochs, ..History::default() },
            seconds,
        }
    }

    #[test]
    fn a_run_under_way_says_where_it_is_how_good_and_how_long_still() {
        // 2.5 of 10 epochs in 50 s: 20 s each, 7.5 are left.
        let text = status(Phase::Running, &[3.0, 4.0], 3, 50, 50.0).to_string();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "epoch 3/10, step 50/100: cross-entropy 0.2500; 50 s so far; about 2 min 30 s left");
        assert_eq!(lines[1], "epoch 2/10: loss 0.5000, validation error 4.00 %, test error 4.50 %, 2.0 s");
        assert_eq!(lines[2], "best so far: validation error 3.00 %, test error 3.50 % at epoch 1");
    }

    #[test]
    fn an_epoch_that_has_ended_counts_once_before_the_next_one_begins() {
        assert_eq!(status(Phase::Running, &[3.0], 1, 100, 20.0).seconds_left(), Some(180.0));
    }

    #[test]
    fn nothing_is_said_of_time_before_the_first_step_and_after_the_end() {
        let beginning = status(Phase::Running, &[], 1, 0, 0.1);
        assert_eq!(
            (beginning.seconds_left(), beginning.to_string().as_str()),
            (None, "epoch 1/10, step 0/100; 0 s so far")
        );
        assert_eq!(status(Phase::Stopped, &[3.0], 2, 7, 9.0).seconds_left(), None);
    }

    #[test]
    fn an_ended_run_says_how() {
        let text = |phase| status(phase, &[3.0], 2, 7, 4000.0).to_string();
        assert!(text(Phase::Stopped).starts_with("stopped: 1 of 10 epochs in 1 h 6 min\nepoch 1/10: loss"));
        assert!(
            text(Phase::Failed("no number".to_owned()))
                .starts_with("failed after 1 of 10 epochs and 1 h 6 min: no number")
        );
    }
}
