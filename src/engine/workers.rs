//! The threads that a step runs on.
//!
//! OpenBLAS is held to one thread: the engine splits a step by rows and by slices of the parameters instead, which needs
//! two meetings of the threads in a step and not two in every product.

use std::ffi::c_int;
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};

unsafe extern "C" {
    fn openblas_set_num_threads(threads: c_int);
}

/// A fixed number of threads.
#[derive(Debug)]
pub(crate) struct Workers {
    /// Every thread but the caller's, which does its share too: it would otherwise be put to sleep and woken again several
    /// times in a step, which costs as much as a small network's products. `None` for one thread.
    others: Option<rayon::ThreadPool>,
}

impl Workers {
    /// `threads` workers.
    ///
    /// # Errors
    /// No threads, more than 1024, or the system refuses to start them.
    pub(crate) fn new(threads: usize) -> Result<Self> {
        if !(1..=1024).contains(&threads) {
            return Err(Error::argument("threads", threads, "a number from 1 to 1024"));
        }
        // SAFETY: OpenBLAS's own setter; it takes any positive number and may be called at any time.
        unsafe { openblas_set_num_threads(1) };
        let start = || rayon::ThreadPoolBuilder::new().num_threads(threads - 1).build();
        let refused = |error: rayon::ThreadPoolBuildError| {
            Error::argument("threads", threads, format!("a number that the system can start ({error})"))
        };
        Ok(Self { others: (threads > 1).then(start).transpose().map_err(refused)? })
    }

    /// The number of threads.
    pub(crate) fn count(&self) -> usize {
        1 + self.others.as_ref().map_or(0, rayon::ThreadPool::current_num_threads)
    }

    /// Runs `work` on each item, one item a thread at a time; returns when all are done.
    pub(crate) fn for_each<I: Send>(&self, items: impl Iterator<Item = I>, work: impl Fn(I) + Sync + Send) {
        let Some(others) = &self.others else { return items.for_each(work) };
        let items: Vec<I> = items.collect();
        let helpers = items.len().saturating_sub(1).min(others.current_num_threads());
        let queue = Mutex::new(items.into_iter());
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
        let share = || {
            while let Some(item) = next() {
                work(item);
            }
        };
        others.in_place_scope(|scope| {
            for _ in 0..helpers {
                scope.spawn(|_| share());
            }
            share();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_done_once() {
        for threads in [1, 2, 3] {
            let workers = Workers::new(threads).unwrap();
            assert_eq!(workers.count(), threads);
            let mut done = vec![0; 10];
            workers.for_each(done.iter_mut().enumerate(), |(index, slot)| *slot += index + 1);
            assert_eq!(done, (1..=10).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_number_of_threads_that_cannot_be_is_an_error() {
        for threads in [0, 100_000] {
            assert!(Workers::new(threads).unwrap_err().to_string().contains(&threads.to_string()));
        }
    }
}
