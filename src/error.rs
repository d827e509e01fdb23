//! The crate's one error type. Every message names the value, what was expected and what to do.

use std::path::PathBuf;

/// What can go wrong in this crate. Its `Debug` is its message: Rust prints it for an error that `main` returns, and for `unwrap`.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument outside its range.
    #[error("{name} is {value}: expected {expected}")]
    Argument {
        /// The argument's name, as its caller writes it.
        name: &'static str,
        /// The value that was given.
        value: String,
        /// What was expected, as a phrase.
        expected: String,
    },

    /// A setting that does not go with another one, or with the data.
    #[error("{name} {value} {problem}")]
    Setting {
        /// The setting's name, as its caller writes it.
        name: &'static str,
        /// The value that was given.
        value: String,
        /// Why it does not go, and what to do, as the rest of a sentence: "needs a validation set: hold some images out".
        problem: String,
    },

    /// Two arrays whose shapes do not fit together.
    #[error("{what} has shape {found:?}: expected {expected:?}")]
    Shape {
        /// What has the wrong shape.
        what: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape that fits.
        expected: Vec<usize>,
    },

    /// A file that could not be opened, read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was being done: "open", "write", …
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },

    /// A file whose content is not what its format says.
    #[error("{} is not {expected}: {reason}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// The format that was expected, as a phrase: "an IDX file", "a vardrop checkpoint".
        expected: &'static str,
        /// What is wrong with it, with the values.
        reason: String,
    },

    /// A file that is there already, and that is neither replaced nor added to unless [`Output::force`](crate::files::Output::force)
    /// says so.
    #[error("{} is {found}; name another file", path.display())]
    Occupied {
        /// The file.
        path: PathBuf,
        /// What it holds, and what is not done to it therefore.
        found: String,
    },

    /// Something that is in none of the places where it is looked for.
    #[error("{what} was not found; tried\n{}\n{advice}", indented(tried))]
    Missing {
        /// What was looked for: "MNIST".
        what: String,
        /// Every place that was tried, in order, with the reason why it did not do.
        tried: Vec<String>,
        /// What to do about it, as a sentence.
        advice: String,
    },

    /// A loss or parameter that is infinite or not a number.
    #[error(
        "{what} is {value} at epoch {epoch}, step {step}: training stopped; \
         try a smaller learning rate, or another seed"
    )]
    NonFinite {
        /// What is not finite: "the cross-entropy", "the weights of layer 2", …
        what: String,
        /// Its value.
        value: f64,
        /// The epoch, counted from 1.
        epoch: usize,
        /// The step since training began, counted from 1.
        step: u64,
    },

    /// A run in the background that ended without a result.
    #[error("training in the background has no result: {reason}")]
    Background {
        /// What it ended with: an error, a panic, or a stop before the first epoch's end.
        reason: String,
    },
}

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Whether there is memory for as many numbers.
///
/// # Errors
/// There is not: the argument that asks for them, with how much it takes.
pub(crate) fn check_memory<T>(name: &'static str, value: impl ToString, numbers: usize) -> Result<()> {
    if Vec::<T>::new().try_reserve_exact(numbers).is_ok() {
        return Ok(());
    }
    let gibibytes = numbers as f64 * size_of::<T>() as f64 / f64::from(1 << 30);
    Err(Error::argument(name, value, format!("no more than there is memory for: this takes {gibibytes:.0} GiB")))
}

fn indented(lines: &[String]) -> String {
    let lines: Vec<_> = lines.iter().map(|line| format!("  {line}")).collect();
    lines.join("\n")
}

impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl Error {
    /// An [`Error::Argument`], with the value formatted.
    pub(crate) fn argument(name: &'static str, value: impl ToString, expected: impl Into<String>) -> Self {
        Self::Argument { name, value: value.to_string(), expected: expected.into() }
    }

    /// The same of an argument that its caller calls `name`.
    pub(crate) fn named(self, name: &'static str) -> Self {
        match self {
            Self::Argument { value, expected, .. } => Self::Argument { name, value, expected },
            Self::Setting { value, problem, .. } => Self::Setting { name, value, problem },
            other => other,
        }
    }

    /// The same, with the number of the layer that has what is wrong.
    pub(crate) fn of_layer(self, index: usize) -> Self {
        match self {
            Self::Argument { name, value, expected } => {
                Self::Argument { name, value: format!("{value} in layer {index}"), expected }
            }
            Self::Shape { what, found, expected } => {
                Self::Shape { what: format!("{what} of layer {index}"), found, expected }
            }
            other => other,
        }
    }

    /// An [`Error::Setting`], with the value formatted.
    pub(crate) fn setting(name: &'static str, value: impl ToString, problem: impl Into<String>) -> Self {
        Self::Setting { name, value: value.to_string(), problem: problem.into() }
    }

    /// A closure for `map_err` that makes an [`Error::Io`].
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }

    /// As [`Self::io`], of what the caller has named to be read: the operating system's reason is followed by what was expected
    /// and what to do.
    pub(crate) fn unread(
        action: &'static str,
        path: impl Into<PathBuf>,
        remedy: &str,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let failed = Self::io(action, path);
        move |source| failed(std::io::Error::new(source.kind(), format!("{source}; {remedy}")))
    }
}
