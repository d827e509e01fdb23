//! How a predictive distribution is drawn.

use crate::error::{Error, Result};

/// How many networks a predictive distribution is the mean of, with what noise, and on how many threads.
///
/// ```
/// use vardrop::uncertainty::Sampling;
///
/// let sampling = Sampling::draws(32).seed(1).threads(2);
/// assert_eq!(sampling.samples, Some(32));
/// assert!(Sampling::draws(0).check().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampling {
    /// K: the number of networks with freshly drawn noise; `None` for the network without noise.
    pub samples: Option<u64>,
    /// Seed of the noise. Network k of a seed is the same whatever K is.
    pub seed: u64,
    /// Threads. The noise does not depend on them; the last digits do, as sums are rounded in another order.
    pub threads: usize,
    /// Examples that a thread carries through the network at a time: memory against speed, with as little effect on the
    /// numbers as threads have.
    pub block: usize,
}

impl Sampling {
    /// K networks with freshly drawn noise, with seed 1 and one thread per processor.
    pub fn draws(samples: u64) -> Self {
        Self { samples: Some(samples), ..Self::without_noise() }
    }

    /// The network without noise: every learned weight at its mean.
    pub fn without_noise() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self { samples: None, seed: 1, threads, block: 500 }
    }

    /// Sets the seed of the noise.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the number of threads.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Sets the number of examples that a thread carries through the network at a time.
    pub fn block(mut self, block: usize) -> Self {
        self.block = block;
        self
    }

    /// Whether it can be drawn at all.
    ///
    /// # Errors
    /// No network, no example at a time, or a number of threads that is not from 1 to 1024.
    pub fn check(self) -> Result<()> {
        if self.samples == Some(0) {
            return Err(Error::argument("samples", 0, "1 drawn network or more (or one without noise)"));
        }
        if self.block == 0 {
            return Err(Error::argument("block", 0, "1 example or more"));
        }
        if !(1..=1024).contains(&self.threads) {
            return Err(Error::argument("threads", self.threads, "a number from 1 to 1024"));
        }
        Ok(())
    }
}
