//! The files of one command: that no two of them are one.

use std::fmt;
use std::path::{Path, PathBuf};

use super::output::Output;
use super::place::Identity;
use super::{Kind, Line, lines};
use crate::error::{Error, Result};

/// The files that one command reads and writes. Each is named before the work begins: one that cannot be written, or that is a
/// file of the command already, is refused then, and none is touched.
///
/// ```
/// use vardrop::files::{Claims, Kind};
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let file = |name: &str| folder.path().join(name);
/// let mut claims = Claims::new(false);
/// claims.reads("the model", file("model.safetensors"));
/// let out = claims.writes("out", file("pruned.safetensors"), Kind::Pruned)?;
/// assert!(claims.writes("export", file("./model.safetensors"), Kind::Exported).is_err());
/// # drop(out);
/// # Ok::<(), vardrop::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Claims {
    force: bool,
    files: Vec<Claim>,
}

#[derive(Debug, Clone)]
struct Claim {
    name: String,
    path: PathBuf,
    identity: Identity,
}

impl Claims {
    /// Of a command whose outputs are standard output and standard error so far; with `force` it may overwrite, and add to, a file
    /// that Vardrop did not write.
    pub fn new(force: bool) -> Self {
        Self { force, files: standard_streams() }
    }

    /// A file that is read, or may be. `name` is what messages call it: `the model`, `--resume`.
    pub fn reads(&mut self, name: impl fmt::Display, path: impl AsRef<Path>) {
        let path = path.as_ref();
        if let Some(identity) = Identity::of(path) {
            self.files.push(Claim { name: name.to_string(), path: path.to_owned(), identity });
        }
    }

    /// A file that is replaced when the work is done. `name` is its flag's, without dashes.
    ///
    /// # Errors
    /// A file that is one of the command's already, cannot be written, or is not to be replaced.
    pub fn writes(&mut self, name: &'static str, path: impl AsRef<Path>, kind: Kind) -> Result<Output> {
        self.claim(name, Output::from(path).force(self.force), kind)
    }

    /// As [`Self::writes`], of a file in a folder that is made when the first is written.
    ///
    /// # Errors
    /// As [`Self::writes`].
    pub fn writes_in(&mut self, name: &'static str, folder: &Path, file: &str, kind: Kind) -> Result<Output> {
        self.claim(name, Output::from(folder.join(file)).force(self.force).makes_folder(true), kind)
    }

    /// A checkpoint that is replaced while the work goes on, so that what is there has to be this work's own: nothing, or the
    /// checkpoint `from` that it goes on from.
    ///
    /// # Errors
    /// As [`Self::writes`]; any other file.
    pub fn keeps(&mut self, name: &'static str, path: impl AsRef<Path>, from: Option<&Path>) -> Result<Output> {
        let output = Output::from(path).force(self.force);
        let identity = Identity::of(output.path());
        let goes_on = identity.is_some() && from.and_then(Identity::of) == identity;
        if goes_on {
            // It is claimed once, as what is written.
            self.files.retain(|claim| Some(&claim.identity) != identity.as_ref() || Some(&*claim.path) != from);
        } else if !self.force && std::fs::metadata(output.path()).is_ok_and(|file| file.is_file() && file.len() > 0) {
            let found = Kind::of(output.path())?.map_or("a file that Vardrop did not write", Kind::name);
            return Err(output.occupied(format!("there already: {found}, and another run does not replace it")));
        }
        self.claim(name, output, Kind::Checkpoint)
    }

    /// A file of records that a line is added to; its folder is made where it is missing.
    ///
    /// # Errors
    /// As [`Self::writes`]; a file with a line that is no such record.
    pub fn adds_to<T: Line>(&mut self, name: &'static str, path: impl AsRef<Path>) -> Result<Output> {
        let output = Output::from(path).force(self.force).makes_folder(true);
        self.take(name, &output)?;
        lines::check::<T>(&output)?;
        // That it may be added to is known by now.
        output.clone().force(true).try_out(T::KIND)?;
        Ok(output)
    }

    /// A file of a folder that the command keeps by itself, as a sweep does.
    ///
    /// # Errors
    /// A file that is one of the command's already.
    pub fn owns(&mut self, name: &'static str, path: impl AsRef<Path>) -> Result<()> {
        self.take(name, &Output::from(path))
    }

    fn claim(&mut self, name: &'static str, output: Output, kind: Kind) -> Result<Output> {
        self.take(name, &output)?;
        output.try_out(kind)?;
        Ok(output)
    }

    /// Refuses a file that the command has already, whatever it is called.
    fn take(&mut self, name: &'static str, output: &Output) -> Result<()> {
        let path = output.path().to_owned();
        // What has no identity is a stream, which may have several writers, or no place for a file, which is found out next.
        let Some(identity) = Identity::of(&path) else { return Ok(()) };
        if let Some(other) = self.files.iter().find(|claim| claim.identity == identity) {
            let value = path.display().to_string();
            let same = if other.path == path { String::new() } else { format!(" ({})", other.path.display()) };
            return Err(Error::argument(name, value, format!("another file than {}{same}", other.name)));
        }
        self.files.push(Claim { name: format!("--{name}"), path, identity });
        Ok(())
    }
}

/// Standard output and standard error where they are files: what is printed would be lost when they are replaced.
#[cfg(unix)]
fn standard_streams() -> Vec<Claim> {
    use std::os::fd::AsFd;
    let (output, error) = (std::io::stdout(), std::io::stderr());
    let streams = [("standard output", output.as_fd()), ("standard error", error.as_fd())];
    let claim = |(name, stream): (&str, std::os::fd::BorrowedFd<'_>)| {
        let metadata = std::fs::File::from(stream.try_clone_to_owned().ok()?).metadata().ok()?;
        let claim = Claim { name: name.into(), path: name.into(), identity: Identity::of_open(&metadata) };
        metadata.is_file().then_some(claim)
    };
    streams.into_iter().filter_map(claim).collect()
}

#[cfg(not(unix))]
fn standard_streams() -> Vec<Claim> {
    Vec::new()
}
