//! Long work says how far it is: whole lines, every few seconds, with the time that is left.

use std::time::{Duration, Instant};

/// The least time between two lines about one piece of work.
const SILENCE: Duration = Duration::from_secs(2);

/// What long work tells of its progress: what is under way, and which part of it is done, from 0 to 1.
pub type WorkObserver<'a> = dyn FnMut(&str, f64) + 'a;

/// A [`WorkObserver`] that a notebook can keep between its cells.
pub type ProgressLines = Box<dyn FnMut(&str, f64) + Send>;

/// An observer that prints how far work is, a line every two seconds with the time that is left, and one at its end. Work that
/// has no observer of its own can be shown too:
///
/// ```
/// let mut say = vardrop::progress_lines();
/// for (done, name) in (1..).zip(["a", "b", "c"]) {
///     // … long work …
///     say("letters", f64::from(done) / 3.0); // letters: 67 %; about 5 s left
/// }
/// ```
pub fn progress_lines() -> ProgressLines {
    let begun = Instant::now();
    let mut lines = Lines::default();
    Box::new(move |what, part| {
        if let Some(line) = lines.next(what, part, begun.elapsed()) {
            println!("{line}");
        }
    })
}

/// When the present piece of work began, and when something was last said of it.
#[derive(Default)]
struct Lines {
    what: String,
    began: Duration,
    told: Duration,
    /// When the piece before it was last heard of: what is told of at its end alone began there.
    heard: Duration,
}

impl Lines {
    /// The line that is due at a time.
    fn next(&mut self, what: &str, part: f64, now: Duration) -> Option<String> {
        if self.what != what {
            (self.what, self.began, self.told) = (what.to_owned(), self.heard, self.heard);
        }
        self.heard = now;
        let took = (now - self.began).as_secs_f64();
        if part >= 1.0 {
            self.what.clear();
            return Some(format!("{what}: done in {}", duration(took)));
        }
        if part <= 0.0 || now - self.told < SILENCE {
            return None;
        }
        self.told = now;
        Some(format!("{what}: {:.0} %{}", 100.0 * part, time_left(Some(took * (1.0 - part) / part))))
    }
}

/// What follows a line about work that goes on: nothing where the time is not known, or hardly any is left.
pub(crate) fn time_left(seconds: Option<f64>) -> String {
    let left = seconds.filter(|left| *left >= 0.5);
    left.map_or_else(String::new, |left| format!("; about {} left", duration(left)))
}

/// Seconds in the one or two units that matter.
pub(crate) fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lines: &mut Lines, what: &str, part: f64, seconds: f64) -> Option<String> {
        lines.next(what, part, Duration::from_secs_f64(seconds))
    }

    #[test]
    fn a_line_comes_every_two_seconds_with_the_time_that_is_left_and_one_at_the_end() {
        let mut lines = Lines::default();
        assert_eq!(at(&mut lines, "a", 0.1, 1.0), None);
        assert_eq!(at(&mut lines, "a", 0.25, 2.5).as_deref(), Some("a: 25 %; about 8 s left"));
        assert_eq!(at(&mut lines, "a", 0.4, 4.0), None);
        assert_eq!(at(&mut lines, "a", 0.5, 100.0).as_deref(), Some("a: 50 %; about 1 min 40 s left"));
        assert_eq!(at(&mut lines, "a", 1.0, 150.0).as_deref(), Some("a: done in 2 min 30 s"));
    }

    #[test]
    fn each_piece_of_work_has_a_clock_of_its_own() {
        let mut lines = Lines::default();
        assert_eq!(at(&mut lines, "a", 1.0, 100.0).as_deref(), Some("a: done in 1 min 40 s"));
        assert_eq!(at(&mut lines, "b", 0.5, 103.0).as_deref(), Some("b: 50 %; about 3 s left"));
        assert_eq!(at(&mut lines, "b", 1.0, 106.0).as_deref(), Some("b: done in 6 s"));
        assert_eq!(at(&mut lines, "b", 1.0, 110.0).as_deref(), Some("b: done in 4 s"));
    }
}
