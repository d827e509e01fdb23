//! How long a sweep will take: measured on the machine, not guessed.

use std::collections::BinaryHeap;
use std::ops::ControlFlow;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use super::{Protocol, Sweep};
use crate::data::Splits;
use crate::error::Result;
use crate::method::Method;
use crate::training::{Config, Progress, Trainer};

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
    /// Seconds of a whole network, with as many of them side by side as the sweep has jobs; 0 where none is left.
    pub seconds: f64,
    /// The places of those that are left in the order of training.
    places: Vec<usize>,
}

impl Sweep<'_> {
    /// Times a few steps of each method and size that is left, [`Sweep::jobs`] of them side by side, for the whole of the
    /// epochs that the plan allows (validation may stop a network earlier, and checkpoints are not counted).
    ///
    /// # Errors
    /// As [`Sweep::left`] and [`Trainer::new`].
    pub fn estimate(&self) -> Result<Vec<Estimate>> {
        let mut left = self.left()?;
        self.plan.in_order_of_training(&mut left);
        let mut estimates: Vec<Estimate> = Vec::new();
        for (index, config) in self.plan.networks().iter().enumerate() {
            let place = left.iter().position(|&other| other == index);
            let found = estimates.iter().position(|estimate| estimate.is_of(config)).unwrap_or_else(|| {
                estimates.push(Estimate {
                    method: config.method,
                    hidden: config.hidden.clone(),
                    protocol: config.protocol.clone(),
                    networks: 0,
                    left: 0,
                    seconds: 0.0,
                    places: Vec::new(),
                });
                estimates.len() - 1
            });
            estimates[found].networks += 1;
            estimates[found].left += usize::from(place.is_some());
            estimates[found].places.extend(place);
        }
        for estimate in estimates.iter_mut().filter(|estimate| estimate.left > 0) {
            let config = self.plan.networks().iter().find(|config| estimate.is_of(config)).expect("it is of the plan");
            estimate.seconds = self.seconds(config, self.jobs.clamp(1, left.len()))?;
        }
        Ok(estimates)
    }

    /// Seconds until all is done, if each network that is left goes, in the order of training, to the job that is free first.
    pub fn seconds_left(&self, estimates: &[Estimate]) -> f64 {
        let mut networks: Vec<(usize, f64)> =
            estimates.iter().flat_map(|e| e.places.iter().map(|&place| (place, e.seconds))).collect();
        networks.sort_by_key(|&(place, _)| place);
        // Whole milliseconds have an order.
        let mut jobs: BinaryHeap<std::cmp::Reverse<u64>> = vec![std::cmp::Reverse(0); self.jobs.max(1)].into();
        for (_, seconds) in networks {
            let std::cmp::Reverse(free) = jobs.pop().expect("there is a job");
            jobs.push(std::cmp::Reverse(free + (1e3 * seconds) as u64));
        }
        jobs.into_iter().map(|job| job.0).max().unwrap_or(0) as f64 / 1e3
    }

    /// Seconds of one network, the slowest of `jobs` that run side by side.
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
        Ok(timed.into_iter().fold(0.0, f64::max))
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
