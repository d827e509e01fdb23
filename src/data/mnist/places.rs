//! The folders where MNIST is looked for, in order.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::files::{FILES, FileSpec, FileState};
use crate::error::{Error, Result};

const ADVICE: &str = "set MNIST_DIR to a folder with the four files, put them in ./data/mnist, \
                      or use --data synthetic, which needs no files";

/// The folders where MNIST is looked for.
///
/// `$MNIST_DIR` is a wish, not a hint: where it is set, nothing else is looked at, and files that are missing or damaged
/// there are an error. The other folders are passed over where they do not hold all four files intact.
#[derive(Debug, Clone)]
pub struct Places {
    /// `$MNIST_DIR`, where it is set and not empty.
    pub variable: Option<PathBuf>,
    /// `./data/mnist`.
    pub local: PathBuf,
    /// The user's cache, where there is one; downloads go there.
    pub cache: Option<PathBuf>,
}

/// What one folder holds.
#[derive(Debug, Clone, Serialize)]
pub struct Place {
    /// What the folder is: `$MNIST_DIR`, `./data/mnist`, `cache`.
    pub name: &'static str,
    /// Its path; `None` where it is not set.
    pub path: Option<PathBuf>,
    /// The state of each file, in the order of [`FILES`]; empty where there is no such folder.
    pub files: Vec<FileState>,
}

impl Places {
    /// The places that this process's environment says.
    pub fn from_environment() -> Self {
        Self::from_variables(|name| std::env::var_os(name))
    }

    /// The places that the variables `MNIST_DIR`, `XDG_CACHE_HOME`, `HOME` and, on Windows, `LOCALAPPDATA` say.
    pub fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let path = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let cache = path("XDG_CACHE_HOME")
            // The specification of these folders has relative ones ignored.
            .filter(|path| path.is_absolute())
            .or_else(|| {
                if cfg!(windows) {
                    path("LOCALAPPDATA")
                } else if cfg!(target_os = "macos") {
                    Some(path("HOME")?.join("Library/Caches"))
                } else {
                    Some(path("HOME")?.join(".cache"))
                }
            });
        Self {
            variable: path("MNIST_DIR"),
            local: Path::new("data").join("mnist"),
            cache: cache.map(|cache| cache.join("vardrop").join("mnist")),
        }
    }

    /// What each place holds, in the order in which they are looked at.
    pub fn inspect(&self, files: &[FileSpec; 4]) -> Vec<Place> {
        self.named().into_iter().map(|(name, path)| Place::inspect(name, path, files)).collect()
    }

    /// The four files of the first place that holds them all, in the order of [`FILES`].
    ///
    /// # Errors
    /// [`Error::Missing`] where `$MNIST_DIR` is set and does not hold them, or where no place does.
    pub fn locate(&self, files: &[FileSpec; 4]) -> Result<[PathBuf; 4]> {
        let mut tried = Vec::new();
        for (name, path) in self.named() {
            let chosen = name == VARIABLE && path.is_some();
            let place = Place::inspect(name, path, files);
            if let Some(paths) = place.paths() {
                return Ok(paths);
            }
            tried.push(place.to_string());
            if chosen {
                let advice = format!("MNIST_DIR is set, so nothing else is looked at: unset it, or {ADVICE}");
                return Err(Error::Missing { what: "MNIST".into(), tried, advice });
            }
        }
        Err(Error::Missing { what: "MNIST".into(), tried, advice: ADVICE.into() })
    }

    fn named(&self) -> [(&'static str, Option<&Path>); 3] {
        [(VARIABLE, self.variable.as_deref()), ("./data/mnist", Some(&self.local)), ("cache", self.cache.as_deref())]
    }
}

const VARIABLE: &str = "$MNIST_DIR";

impl Place {
    fn inspect(name: &'static str, path: Option<&Path>, files: &[FileSpec; 4]) -> Self {
        let states = path.filter(|path| path.is_dir());
        let states = states.map(|folder| files.iter().map(|file| file.inspect(folder)).collect());
        Self { name, path: path.map(Path::to_path_buf), files: states.unwrap_or_default() }
    }

    /// The four files where all of them are verified.
    pub fn paths(&self) -> Option<[PathBuf; 4]> {
        let paths = self.files.iter().map(|state| match state {
            FileState::Verified { path } => Some(path.clone()),
            _ => None,
        });
        paths.collect::<Option<Vec<_>>>()?.try_into().ok()
    }
}

impl std::fmt::Display for Place {
    /// In one line: the place, its path, and what is wrong with it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some(path) = &self.path else { return write!(f, "{}: not set", self.name) };
        write!(f, "{} ({}): ", self.name, path.display())?;
        if self.files.is_empty() {
            return f.write_str("no such folder");
        }
        let wrong: Vec<_> = FILES
            .iter()
            .zip(&self.files)
            .filter_map(|(file, state)| match state {
                FileState::Verified { .. } => None,
                FileState::Missing => Some(format!("{} is missing", file.gz_name())),
                FileState::Corrupt { path, reason } => Some(format!("{} is damaged: {reason}", path.display())),
            })
            .collect();
        f.write_str(&if wrong.is_empty() { "all four files, verified".into() } else { wrong.join("; ") })
    }
}

/// The four files in a folder, gzipped first, whatever they hold.
pub(super) fn paths_in(folder: &Path) -> Result<[PathBuf; 4]> {
    let paths = FILES.each_ref().map(|file| [folder.join(file.gz_name()), folder.join(file.name)]);
    let tried = |paths: &[PathBuf; 2]| !paths.iter().any(|path| path.is_file());
    let missing: Vec<_> = paths
        .iter()
        .filter(|paths| tried(paths))
        .map(|paths| format!("{} (or without .gz)", paths[0].display()))
        .collect();
    if !missing.is_empty() {
        return Err(Error::Missing {
            what: format!("the data of {}", folder.display()),
            tried: missing,
            advice: "a folder of data holds these four files, named as MNIST's".into(),
        });
    }
    Ok(paths.map(|[gz, plain]| if gz.is_file() { gz } else { plain }))
}
