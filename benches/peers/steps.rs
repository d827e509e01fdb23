//! Ours: the steps of a training run, by the crate's own loop, shuffled minibatches drawn from bytes included.

use std::error::Error;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use vardrop::data::{Source, Splits};
use vardrop::training::{Config, Preset, Progress, Trainer};

use super::Size;
use super::contestant::Timed;

pub struct Steps {
    trainer: Trainer<'static>,
}

impl Steps {
    /// A run on MNIST where `MNIST_DIR` says where it is, else on the crate's synthetic digits, of the same shape.
    pub fn new(size: Size, threads: usize) -> Result<Self, Box<dyn Error>> {
        let source = if std::env::var_os("MNIST_DIR").is_some() { Source::Mnist } else { Source::Synthetic };
        // The process ends with the run: what it borrows may stay as long.
        let splits: &'static Splits = Box::leak(Box::new(Splits::open(&source, 0)?));
        // What the peers' constants are, and docs/performance.md was measured with.
        let config = Config::new(size.method, &[size.width; 3]).preset(Preset::First)?;
        let config = config.batch_size(size.batch_size).threads(threads);
        Ok(Self { trainer: Trainer::new(config.epochs(1_000_000), splits)? })
    }
}

impl Timed for Steps {
    fn describe(&self) -> String {
        format!("vardrop {}", env!("CARGO_PKG_VERSION"))
    }

    fn run(&mut self, steps: usize) -> Result<f64, Box<dyn Error>> {
        let mut left = steps;
        let mut spent = Duration::ZERO;
        let mut start = Instant::now();
        self.trainer.run(|progress| match progress {
            Progress::Step { .. } => {
                let now = Instant::now();
                spent += now - start;
                start = now;
                left -= 1;
                if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            }
            // What lies behind is an evaluation.
            Progress::Epoch { .. } => {
                start = Instant::now();
                ControlFlow::Continue(())
            }
        })?;
        Ok(spent.as_secs_f64())
    }
}
