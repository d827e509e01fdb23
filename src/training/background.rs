//! Training on a thread of its own. A notebook's kernel stays usable, and later cells look at how far the run is. Stopping the run
//! keeps its results so far; an interrupt of the kernel would lose every variable.
//!
//! In a notebook, begin a run in a cell of its own. A cell that ends in an error, as waiting for the run may, keeps none of its
//! variables.
//!
//! ```
//! use vardrop::Method;
//! use vardrop::data::{Splits, synthetic};
//! use vardrop::training::{Config, background};
//!
//! let splits = Splits::hold_out(synthetic(600, 1), synthetic(100, 2), 100)?;
//! let config = Config::new(Method::VariationalA2, &[20]).epochs(3).batch_size(50);
//! let job = background(&config, &splits)?;
//! println!("{}", job.status()); // epoch 1/3, step 4/10: …
//! let run = job.wait()?; // or job.stop()?, with the epochs that have ended
//! assert_eq!(run.history.epochs.len(), 3);
//! # Ok::<(), vardrop::Error>(())
//! ```

use std::any::Any;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use super::status::{Phase, Status};
use super::{Config, Ending, History, Progress, Run, Trainer};
use crate::data::Splits;
use crate::error::{Error, Result};

/// How often [`BackgroundRun::wait`] says something where no epoch ends.
const SILENCE: Duration = Duration::from_secs(10);

/// A training run on a thread of its own, begun by [`background`].
///
/// Dropping it stops the run at its next step: keep it in a variable.
#[derive(Debug)]
pub struct BackgroundRun {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread and its handle share.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Notified at the end of every epoch and of the run.
    changed: Condvar,
    stop: AtomicBool,
}

#[derive(Debug)]
struct State {
    status: Status,
    began: Instant,
    /// Of a run that has ended: what it left, or why there is nothing.
    outcome: Option<Result<Run, String>>,
}

/// Begins a training run on a thread of its own. It gives the numbers of [`train`](super::train) with the same
/// configuration, bit for bit, whatever else runs meanwhile. `splits` can be used on: the thread shares their pixels.
///
/// # Errors
/// As [`Trainer::new`]; the system starts no thread.
pub fn background(config: &Config, splits: &Splits) -> Result<BackgroundRun> {
    // A wrong setting is this call's error, and not one that waits in the thread.
    drop(Trainer::new(config.clone(), splits)?);
    let (own_config, own_splits) = (config.clone(), splits.clone());
    start(config, splits, move |shared| work(own_config, &own_splits, shared))
}

/// How the run itself ended, and what it left: nothing before the first epoch's end.
type Ended = (Ending, Option<Run>);

fn work(config: Config, splits: &Splits, shared: &Shared) -> Result<Ended> {
    let mut trainer = Trainer::new(config, splits)?;
    let ending = trainer.run(|progress| shared.observe(progress))?;
    Ok((ending, trainer.best().is_some().then(|| trainer.into_run())))
}

/// Begins `work` on a thread of its own.
fn start(
    config: &Config,
    splits: &Splits,
    work: impl FnOnce(&Shared) -> Result<Ended> + Send + 'static,
) -> Result<BackgroundRun> {
    let status = Status {
        config: config.clone(),
        dataset: splits.train.name().to_owned(),
        phase: Phase::Running,
        epoch: 1,
        step: 0,
        steps: splits.train.len().div_ceil(config.protocol.batch_size),
        cross_entropy: None,
        history: History::begin(config),
        seconds: 0.0,
    };
    let state = State { status, began: Instant::now(), outcome: None };
    let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new(), stop: AtomicBool::new(false) });
    let own = Arc::clone(&shared);
    let body = move || {
        let ended = catch_unwind(AssertUnwindSafe(|| work(&own)));
        own.end(ended.unwrap_or_else(|panic| Err(background_error(format!("it panicked: {}", message(&*panic))))));
    };
    let thread = Builder::new().name("vardrop training".to_owned()).spawn(body);
    let thread =
        thread.map_err(|error| background_error(format!("the system could not start a thread for it: {error}")))?;
    Ok(BackgroundRun { shared, thread: Some(thread) })
}

fn background_error(reason: String) -> Error {
    Error::Background { reason }
}

/// What a panic said.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".to_owned())
}

impl Shared {
    /// The state; a panic of the thread does not take it away.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn observe(&self, progress: Progress<'_>) -> ControlFlow<()> {
        let mut state = self.lock();
        state.status.seconds = state.began.elapsed().as_secs_f64();
        match progress {
            Progress::Step { epoch, step, steps, cross_entropy, .. } => {
                let status = &mut state.status;
                (status.epoch, status.step, status.steps) = (epoch, step, steps);
                status.cross_entropy = Some(cross_entropy);
            }
            Progress::Epoch { epoch, .. } => {
                state.status.history.epochs.push(epoch.clone());
                self.changed.notify_all();
            }
        }
        if self.stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn end(&self, ended: Result<Ended>) {
        let mut state = self.lock();
        state.status.seconds = state.began.elapsed().as_secs_f64();
        let (phase, outcome) = match ended {
            Ok((Ending::Finished, Some(run))) => (Phase::Finished, Ok(run)),
            Ok((_, Some(run))) => (Phase::Stopped, Ok(run)),
            Ok((_, None)) => {
                let Status { step, steps, .. } = state.status;
                let reason = format!(
                    "it was stopped at step {step} of {steps} of its first epoch; begin it again and let an epoch end"
                );
                (Phase::Stopped, Err(reason))
            }
            Err(error) => {
                // The error that the handle returns says already where it comes from.
                let reason = match error {
                    Error::Background { reason } => reason,
                    other => other.to_string(),
                };
                (Phase::Failed(reason.clone()), Err(reason))
            }
        };
        state.status.phase = phase;
        state.outcome = Some(outcome);
        self.changed.notify_all();
    }
}

impl BackgroundRun {
    /// How far the run is: a copy, which stays as it is. A notebook's cell that ends with it shows the learning curves.
    pub fn status(&self) -> Status {
        let state = self.shared.lock();
        let mut status = state.status.clone();
        if state.outcome.is_none() {
            status.seconds = state.began.elapsed().as_secs_f64();
        }
        status
    }

    /// Whether the run has ended: all of it trained, stopped, or failed.
    pub fn is_finished(&self) -> bool {
        self.shared.lock().outcome.is_some()
    }

    /// Stops the run at its next step and returns what it has: the epochs that have ended, and the parameters of the one that
    /// validation chose. Of a run that has ended by itself, all of it. It may be called again, and returns the same.
    ///
    /// # Errors
    /// Where no epoch has ended; where the run failed, with the reason ([`Self::status`] still has the epochs before that).
    pub fn stop(&self) -> Result<Run> {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.follow(&mut |_| {})
    }

    /// Waits for the run's end and returns it; prints how far it is, a line for each epoch that ends, and one every ten seconds
    /// where epochs are longer. It may be called again, and returns the same.
    ///
    /// # Errors
    /// As [`Self::stop`].
    pub fn wait(&self) -> Result<Run> {
        self.follow(&mut |line| println!("{line}"))
    }

    /// Waits for the end, and tells `say` whole lines.
    fn follow(&self, say: &mut dyn FnMut(&str)) -> Result<Run> {
        let mut state = self.shared.lock();
        let mut told = state.status.history.epochs.len();
        if state.outcome.is_none() {
            say(&state.status.to_string());
        }
        loop {
            while let Some(epoch) = state.status.history.epochs.get(told) {
                told += 1;
                let (epochs, seconds_left) = (state.status.epochs(), state.status.seconds_left());
                say(&Progress::Epoch { epoch, epochs, seconds_left }.to_string());
            }
            if let Some(outcome) = &state.outcome {
                return outcome.clone().map_err(background_error);
            }
            let waited = self.shared.changed.wait_timeout(state, SILENCE).unwrap_or_else(PoisonError::into_inner);
            state = waited.0;
            if waited.1.timed_out() && state.outcome.is_none() {
                let mut status = state.status.clone();
                status.seconds = state.began.elapsed().as_secs_f64();
                say(&status.to_string());
            }
        }
    }
}

impl Drop for BackgroundRun {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic is in the outcome already.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::synthetic;
    use crate::method::Method;

    fn splits() -> Splits {
        Splits::hold_out(synthetic(300, 1), synthetic(50, 2), 50).unwrap()
    }

    fn config(epochs: usize) -> Config {
        Config::new(Method::GaussianA, &[8]).epochs(epochs).batch_size(50).threads(1)
    }

    #[test]
    fn a_panic_is_the_error_of_every_later_call_and_not_lost() {
        let job = start(&config(1), &splits(), |_| panic!("on purpose, {}", 42)).unwrap();
        for _ in 0..2 {
            for message in [job.wait().unwrap_err().to_string(), job.stop().unwrap_err().to_string()] {
                assert!(message.contains("in the background") && message.contains("on purpose, 42"), "{message}");
            }
        }
        assert!(job.is_finished() && job.status().to_string().contains("on purpose, 42"), "{}", job.status());
    }

    #[test]
    fn a_run_that_is_dropped_leaves_no_thread() {
        let job = background(&config(1_000_000), &splits()).unwrap();
        let shared = Arc::downgrade(&job.shared);
        drop(job);
        assert!(shared.upgrade().is_none(), "the thread still holds what it shares");
    }

    #[test]
    fn waiting_tells_how_far_the_run_is_and_then_of_each_epoch_in_whole_lines() {
        let (splits, config) = (splits(), config(3));
        let (go, may_go) = std::sync::mpsc::channel();
        let (own_config, own_splits) = (config.clone(), splits.clone());
        let job = start(&config, &splits, move |shared| {
            may_go.recv().unwrap();
            work(own_config, &own_splits, shared)
        });
        let job = job.unwrap();
        let mut lines = Vec::new();
        let run = job.follow(&mut |line| {
            lines.push(line.to_owned());
            let _ = go.send(());
        });
        assert_eq!(run.unwrap().history.epochs.len(), 3);
        assert_eq!(lines[0], "epoch 1/3, step 0/5; 0 s so far");
        assert_eq!(lines.len(), 4, "{lines:?}");
        for (number, line) in (1..).zip(&lines[1..]) {
            assert!(line.starts_with(&format!("epoch {number}/3: loss ")) && !line.ends_with('\n'), "{line}");
        }
        assert!(job.follow(&mut |line| panic!("{line}")).is_ok(), "a run that has ended has nothing more to tell");
    }
}
