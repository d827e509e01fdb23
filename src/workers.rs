//! The threads that a step runs on.
//!
//! OpenBLAS is held to one thread: the engine splits a step by rows and by slices of the parameters instead, which needs
//! a few meetings of the threads in a step and not two in every product. A meeting costs a microsecond: between the parts of
//! a step the threads wait in a loop, and go to sleep only when nothing has come for a while. It allocates nothing.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle, Thread};

use crate::error::{Error, Result};

/// Keeps OpenBLAS from sharing each product among threads of its own.
#[cfg(feature = "openblas")]
fn hold_openblas_to_one_thread() {
    unsafe extern "C" {
        fn openblas_set_num_threads(threads: std::ffi::c_int);
    }
    // SAFETY: OpenBLAS's own setter; it takes any positive number and may be called at any time.
    unsafe { openblas_set_num_threads(1) };
}

/// How often a thread looks for work before it sleeps: about 50 µs, longer than what lies between two parts of a step.
const LOOKS: usize = if cfg!(miri) { 10 } else { 2_000 };

/// What the threads are to do, each with its own index.
#[derive(Clone, Copy)]
struct Work(*const (dyn Fn(usize) + Sync + 'static));

// SAFETY: what it points to may be shared between threads, and `Workers::run` keeps it alive until all have done it.
unsafe impl Send for Work {}

struct Task {
    work: Work,
    caller: Thread,
}

#[derive(Default)]
struct Shared {
    task: Mutex<Option<Task>>,
    /// Counts the tasks; `usize::MAX` is the end.
    turn: AtomicUsize,
    /// Helpers that have not done the last task.
    busy: AtomicUsize,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

/// A fixed number of threads.
pub(crate) struct Workers {
    /// Every thread but the caller's, which does its share too.
    helpers: Vec<JoinHandle<()>>,
    shared: Arc<Shared>,
    /// Held during a task: one at a time.
    running: Mutex<()>,
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Workers({})", self.count())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until `ready`: at first without giving the processor away.
fn wait_until(ready: impl Fn() -> bool) {
    for _ in 0..LOOKS {
        if ready() {
            return;
        }
        std::hint::spin_loop();
    }
    while !ready() {
        thread::park();
    }
}

fn help(shared: &Shared, index: usize) {
    let mut seen = 0;
    loop {
        wait_until(|| shared.turn.load(Ordering::Acquire) != seen);
        seen = shared.turn.load(Ordering::Acquire);
        if seen == usize::MAX {
            return;
        }
        let (work, caller) = match &*lock(&shared.task) {
            Some(task) => (task.work, task.caller.clone()),
            None => continue,
        };
        // SAFETY: `run` waits for `busy` to be 0 before what `work` points to ends.
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| unsafe { (*work.0)(index) })) {
            *lock(&shared.panic) = Some(panic);
        }
        if shared.busy.fetch_sub(1, Ordering::AcqRel) == 1 {
            caller.unpark();
        }
    }
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
        #[cfg(feature = "openblas")]
        hold_openblas_to_one_thread();
        let mut workers = Self { helpers: Vec::new(), shared: Arc::default(), running: Mutex::new(()) };
        for index in 1..threads {
            let shared = Arc::clone(&workers.shared);
            let helper = thread::Builder::new().name(format!("vardrop-{index}")).spawn(move || help(&shared, index));
            workers.helpers.push(helper.map_err(|error| {
                Error::argument("threads", threads, format!("no more than the system can start ({error})"))
            })?);
        }
        Ok(workers)
    }

    /// The number of threads.
    pub(crate) fn count(&self) -> usize {
        1 + self.helpers.len()
    }

    /// Runs `work` once on each thread, with the thread's index; returns when all are done.
    ///
    /// # Panics
    /// Where `work` does, on any thread.
    pub(crate) fn run(&self, work: &(dyn Fn(usize) + Sync)) {
        if self.helpers.is_empty() {
            return work(0);
        }
        let _one_at_a_time = lock(&self.running);
        // SAFETY: only the lifetime is taken away, and this function does not return before every helper is done with it.
        let work_for_helpers = Work(unsafe {
            std::mem::transmute::<*const (dyn Fn(usize) + Sync), *const (dyn Fn(usize) + Sync + 'static)>(work)
        });
        *lock(&self.shared.task) = Some(Task { work: work_for_helpers, caller: thread::current() });
        self.shared.busy.store(self.helpers.len(), Ordering::Relaxed);
        self.shared.turn.fetch_add(1, Ordering::Release);
        for helper in &self.helpers {
            helper.thread().unpark();
        }
        let own = catch_unwind(AssertUnwindSafe(|| work(0)));
        wait_until(|| self.shared.busy.load(Ordering::Acquire) == 0);
        // Both are taken: what a helper panicked with is not to be the next call's.
        let helpers = lock(&self.shared.panic).take();
        if let Some(panic) = own.err().or(helpers) {
            resume_unwind(panic);
        }
    }

    /// Runs `work` on each of `spaces`, of which there is one for each thread (or fewer), with its index.
    pub(crate) fn each<S: Send>(&self, spaces: &mut [S], work: impl Fn(usize, &mut S) + Sync) {
        assert!(spaces.len() <= self.count(), "a space for each thread");
        let spaces = Split::new(spaces);
        self.run(&|index| {
            if index < spaces.len() {
                // SAFETY: each thread has an index of its own.
                work(index, unsafe { &mut spaces.part(index..index + 1)[0] });
            }
        });
    }

    /// Runs `work` on each item, one item a thread at a time; returns when all are done.
    pub(crate) fn for_each<I: Send>(&self, items: impl Iterator<Item = I>, work: impl Fn(I) + Sync) {
        let queue = Mutex::new(items.collect::<Vec<_>>().into_iter());
        let next = || lock(&queue).next();
        self.run(&|_| {
            while let Some(item) = next() {
                work(item);
            }
        });
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.shared.turn.store(usize::MAX, Ordering::Release);
        for helper in self.helpers.drain(..) {
            helper.thread().unpark();
            // A helper catches what its work panics with; there is nothing to learn from it here.
            let _ = helper.join();
        }
    }
}

/// The part of `0..length` that is thread `index`'s of `threads`: whole multiples of `unit`, but at the end.
pub(crate) fn share(length: usize, unit: usize, threads: usize, index: usize) -> Range<usize> {
    let units = length.div_ceil(unit);
    let bound = |index: usize| (units * index / threads * unit).min(length);
    bound(index)..bound(index + 1)
}

/// A slice of which threads change parts that do not overlap.
pub(crate) struct Split<'a, T> {
    first: *mut T,
    length: usize,
    whole: PhantomData<&'a mut [T]>,
}

// SAFETY: it gives parts of the slice away, each of which is `Send`, and by `part`'s contract no part twice.
unsafe impl<T: Send> Sync for Split<'_, T> {}

impl<'a, T> Split<'a, T> {
    pub(crate) fn new(slice: &'a mut [T]) -> Self {
        Self { first: slice.as_mut_ptr(), length: slice.len(), whole: PhantomData }
    }

    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// A part of the slice.
    ///
    /// # Safety
    /// While it is used, nobody asks for a part that overlaps.
    ///
    /// # Panics
    /// Where the slice has no such part.
    #[expect(clippy::mut_from_ref, reason = "what it gives does not overlap, by contract")]
    pub(crate) unsafe fn part(&self, range: Range<usize>) -> &mut [T] {
        assert!(range.start <= range.end && range.end <= self.length, "a part of the slice");
        // SAFETY: inside the slice, which is borrowed for as long as this is; the rest is the caller's.
        unsafe { std::slice::from_raw_parts_mut(self.first.add(range.start), range.len()) }
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
    fn every_thread_has_an_index_of_its_own_however_often_they_meet() {
        let workers = Workers::new(3).unwrap();
        let mut counts = [0; 3];
        for round in 1..=if cfg!(miri) { 20 } else { 5_000 } {
            workers.each(&mut counts, |index, count| *count += index + 1);
            assert_eq!(counts, [round, 2 * round, 3 * round]);
        }
    }

    #[test]
    fn threads_that_slept_are_woken() {
        let workers = Workers::new(2).unwrap();
        let mut counts = [0; 2];
        for _ in 0..3 {
            thread::sleep(std::time::Duration::from_millis(20));
            workers.each(&mut counts, |_, count| *count += 1);
        }
        assert_eq!(counts, [3, 3]);
    }

    #[test]
    fn a_panic_on_any_threads_is_the_callers_once_and_the_threads_go_on() {
        let workers = Workers::new(3).unwrap();
        for culprits in [&[0][..], &[1], &[0, 1], &[1, 2], &[0, 1, 2]] {
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                workers.run(&|index| assert!(!culprits.contains(&index), "thread {index} is to panic"));
            }));
            let panic = outcome.unwrap_err();
            let message = panic.downcast_ref::<String>().unwrap();
            assert!(culprits.iter().any(|index| message.contains(&format!("thread {index} "))), "{message}");
            let mut done = [false; 3];
            workers.each(&mut done, |_, done| *done = true);
            assert_eq!(done, [true; 3], "after a panic of {culprits:?}");
        }
    }

    #[test]
    fn shares_cover_all_and_do_not_overlap() {
        for (length, unit, threads) in [(10, 8, 2), (784, 8, 2), (1, 8, 3), (0, 8, 2), (250, 16, 3)] {
            let shares: Vec<_> = (0..threads).map(|index| share(length, unit, threads, index)).collect();
            assert_eq!((shares[0].start, shares[threads - 1].end), (0, length));
            assert!(
                shares
                    .windows(2)
                    .all(|pair| pair[0].end == pair[1].start && pair[0].end % unit == 0 || pair[0].end == length)
            );
        }
    }

    #[test]
    fn a_number_of_threads_that_cannot_be_is_an_error() {
        for threads in [0, 100_000] {
            assert!(Workers::new(threads).unwrap_err().to_string().contains(&threads.to_string()));
        }
    }
}
