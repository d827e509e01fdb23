//! How long a sweep will take: measured on the machine, not guessed.

use std::collections::BinaryHeap;
use std::ops::ControlFlow;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use super::Sweep;
use super::under_way::UnderWay;
use crate::data::Splits;
use crate::error::Result;
use crate::method::Method;
use crate::training::{Config, Progress, Protocol, Trainer};

/// What is left of one method and size, and how long one network of it takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// The method.
    pub method: Method,
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// How each network is trained.
    pub protocol: Protocol,
    /// Networks that the plan has.
    pub networks: usize,
    /// Those without a record.
    pub left: usize,
    /// Those of them that a checkpoint has the beginning of.
    pub under_way: usize,
    /// Seconds of a whole network, with as many of them side by side as the sweep has jobs; 0 where none is left.
    pub seconds: f64,
    /// The place of each that is left in the order of training, and the part of its epochs that it still has to do.
    rest: Vec<(usize, f64)>,
}

impl Sweep<'_> {
    /// Times a few steps of each method and size that is left, [`Sweep::jobs`] of them side by side, for all the epochs that the
    /// plan allows (validation may stop a network earlier; what writing checkpoints takes is not counted). It is rather too long than
    /// too short, by a tenth to a quarter: later steps have more units that a rectifier has set to 0, which cost nothing.
    ///
    /// # Errors
    /// As [`Sweep::left`] and [`Trainer::new`]; a checkpoint that is damaged, or of another training.
    pub fn estimate(&self) -> Result<Vec<Estimate>> {
        let mut left = self.left()?;
        self.plan.in_order_of_training(&mut left);
        let mut estimates: Vec<Estimate> = Vec::new();
        for (index, config) in self.networks.iter().enumerate() {
            let place = left.iter().position(|&other| other == index);
            let found = estimates.iter().position(|estimate| estimate.is_of(config)).unwrap_or_else(|| {
                estimates.push(Estimate {
                    method: config.method,
                    hidden: config.hidden.clone(),
                    protocol: config.protocol.clone(),
                    networks: 0,
                    left: 0,
                    under_way: 0,
                    seconds: 0.0,
                    rest: Vec::new(),
                });
                estimates.len() - 1
            });
            let estimate = &mut estimates[found];
            estimate.networks += 1;
            let Some(place) = place else { continue };
            let checkpoint = self.checkpoint_of(config, &UnderWay::of(config, &self.folder).checkpoint)?;
            let done = checkpoint.as_ref().map_or(0.0, |info| info.epochs_done() / config.protocol.epochs as f64);
            estimate.left += 1;
            estimate.under_way += usize::from(checkpoint.is_some());
            estimate.rest.push((place, (1.0 - done).max(0.0)));
        }
        for estimate in estimates.iter_mut().filter(|estimate| estimate.left > 0) {
            let config = self.networks.iter().find(|config| estimate.is_of(config)).expect("it is of the plan");
            estimate.seconds = self.seconds(config, self.jobs.clamp(1, left.len()))?;
        }
        Ok(estimates)
    }

    /// Seconds until all is done, if each network that is left goes on from its checkpoint, in the order of training, at the job that
    /// is free first.
    pub fn seconds_left(&self, estimates: &[Estimate]) -> f64 {
        let mut networks: Vec<(usize, f64)> =
            estimates.iter().flat_map(|e| e.rest.iter().map(|&(place, part)| (place, part * e.seconds))).collect();
        networks.sort_by_key(|&(place, _)| place);
        // Whole microseconds have an order.
        let mut jobs: BinaryHeap<std::cmp::Reverse<u64>> = vec![std::cmp::Reverse(0); self.jobs.max(1)].into();
        for (_, seconds) in networks {
            let std::cmp::Reverse(free) = jobs.pop().expect("there is a job");
            jobs.push(std::cmp::Reverse(free + (1e6 * seconds) as u64));
        }
        jobs.into_iter().map(|job| job.0).max().unwrap_or(0) as f64 / 1e6
    }

    /// Seconds of one network, the mean of `jobs` that run side by side: a job that is slower than another trains fewer.
    fn seconds(&self, config: &Config, jobs: usize) -> Result<f64> {
        let timed = std::thread::scope(|scope| {
            let (ready, are_ready) = mpsc::channel();
            // Where a thread cannot be started, those that wait for their start go without it.
            let (mut starts, mut workers) = (Vec::new(), Vec::new());
            for _ in 0..jobs {
                let ((start, begin), ready) = (mpsc::channel(), ready.clone());
                let time = move || time_one(config, self.splits, &ready, &begin);
                let worker = std::thread::Builder::new().spawn_scoped(scope, time);
                workers.push(worker.map_err(|error| self.too_many_jobs(&error))?);
                starts.push(start);
            }
            are_ready.iter().take(jobs).for_each(drop);
            for start in starts {
                let _ = start.send(());
            }
            workers.into_iter().map(|w| w.join().expect("a timing does not panic")).collect::<Result<Vec<f64>>>()
        })?;
        Ok(timed.iter().sum::<f64>() / jobs as f64)
    }
}

impl Estimate {
    fn is_of(&self, config: &Config) -> bool {
        (self.method, &self.hidden, &self.protocol) == (config.method, &config.hidden, &config.protocol)
    }
}

/// How long the steps of each network are timed.
const TIMED: Duration = Duration::from_millis(400);

/// Tells when it is ready, and begins when it is told to, so that all begin together.
fn time_one(config: &Config, splits: &Splits, ready: &Sender<()>, begin: &Receiver<()>) -> Result<f64> {
    let trainer = Trainer::new(config.clone(), splits);
    let _ = ready.send(());
    if begin.recv().is_err() {
        return Ok(0.0);
    }
    let mut trainer = trainer?;
    let mut start = Instant::now();
    let (mut taken, mut all, mut timed) = (0usize, 1usize, Duration::ZERO);
    trainer.run(|progress| {
        // One epoch is enough, however short it is; its evaluation is timed below.
        let Progress::Step { step, steps, .. } = progress else { return ControlFlow::Break(()) };
        all = steps;
        // The first step makes the buffers warm.
        if step == 1 && steps > 1 {
            start = Instant::now();
        } else {
            taken += 1;
            timed = start.elapsed();
        }
        if timed >= TIMED { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    let step = timed.as_secs_f64() / taken.max(1) as f64;
    let start = Instant::now();
    let some = splits.test.len().min(1000);
    trainer.evaluate(&splits.test.slice(0..some)?)?;
    let evaluated = (splits.validation.len() + splits.test.len()) as f64 / some as f64;
    Ok(config.protocol.epochs as f64 * (step * all as f64 + start.elapsed().as_secs_f64() * evaluated))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use crate::data::{Splits, synthetic};
    use crate::experiment::{Sweep, SweepEvent, SweepPlan};

    #[test]
    fn what_a_checkpoint_has_is_not_counted_again() {
        let plan: SweepPlan = "[protocol]\nepochs = 4\nbatch_size = 20\nheld_out = 100\n\
                               [[grid]]\nmethods = [\"none\"]\nwidths = [8]\nseeds = [1, 2]"
            .parse()
            .unwrap();
        let splits = Splits::hold_out(synthetic(300, 1), synthetic(100, 2), 100).unwrap();
        let out = tempfile::tempdir().unwrap();
        let sweep = Sweep::new(&plan, &splits, out.path()).unwrap();
        let networks_left = || {
            let estimates = sweep.estimate().unwrap();
            let [ours] = estimates.as_slice() else { panic!("{estimates:?}") };
            let networks = sweep.seconds_left(&estimates) / ours.seconds;
            (ours.left, ours.under_way, (networks * 100.0).round() / 100.0)
        };
        assert_eq!(networks_left(), (2, 0, 2.0));
        let stop = AtomicBool::new(false);
        let stop_after = |epoch: usize| {
            let observer = |_: usize, event: SweepEvent<'_>| match event {
                SweepEvent::Epoch(ended) if ended.epoch == epoch => stop.store(true, Ordering::SeqCst),
                _ => {}
            };
            sweep.run(&stop, &observer).unwrap();
            stop.store(false, Ordering::SeqCst);
        };
        stop_after(3);
        assert_eq!(networks_left(), (2, 1, 1.25));
        stop_after(1); // of the second network, when the first is done
        assert_eq!(networks_left(), (1, 1, 0.75));
    }
}
