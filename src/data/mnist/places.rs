//! The folders where MNIST is looked for, in order.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::files::{FILES, FileSpec, FileState};
use crate::error::{Error, Result};

const VARIABLE: &str = "$MNIST_DIR";

/// What to do where MNIST is in no place.
const ADVICE: &str = "Set MNIST_DIR to a folder with the four files, put them in ./data/mnist, download them with \
                      `vardrop data fetch` where there is a network, or use `synthetic` data, which needs no files.";

/// The folders where MNIST is looked for.
///
/// `$MNIST_DIR` is a wish, not a hint: where it is set, nothing else is looked at, and files that are missing or
/// damaged there are an error. The other folders are passed over where they do not hold all four files intact.
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
    /// The four files in the order of [`FILES`]; empty where there is no such folder.
    pub files: Vec<PlacedFile>,
}

/// One of the four files, as a folder holds it.
#[derive(Debug, Clone, Serialize)]
pub struct PlacedFile {
    /// The file's name without `.gz`.
    pub name: &'static str,
    /// Whether it is there and intact.
    #[serde(flatten)]
    pub state: FileState,
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
            // The specification of this variable has relative paths ignored.
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

    /// What each place holds, in the order in which they are looked at: only `$MNIST_DIR` where it is set.
    pub fn inspect(&self, files: &[FileSpec; 4]) -> Vec<Place> {
        self.inspections(files).collect()
    }

    /// The four files of the first place that holds them all, in the order of [`FILES`].
    ///
    /// # Errors
    /// [`Error::Missing`] where `$MNIST_DIR` is set and does not hold them, or where no place does.
    pub fn locate(&self, files: &[FileSpec; 4]) -> Result<[PathBuf; 4]> {
        let mut tried = Vec::new();
        for place in self.inspections(files) {
            if let Some(paths) = place.paths() {
                return Ok(paths);
            }
            tried.push(place.to_string());
        }
        Err(self.missing(tried))
    }

    /// The error that says what was tried, and what to do.
    pub(super) fn missing(&self, tried: Vec<String>) -> Error {
        let advice = if self.variable.is_some() {
            "MNIST_DIR is set, so nothing else is looked at. Put the four files there, or unset it."
        } else {
            ADVICE
        };
        Error::Missing { what: "MNIST".into(), tried, advice: advice.into() }
    }

    fn inspections(&self, files: &[FileSpec; 4]) -> impl Iterator<Item = Place> {
        let rest = [("./data/mnist", Some(&self.local)), ("cache", self.cache.as_ref())];
        let looked_at = if self.variable.is_some() { 0 } else { rest.len() };
        let places = std::iter::once((VARIABLE, self.variable.as_ref())).chain(rest.into_iter().take(looked_at));
        places.map(|(name, path)| Place::inspect(name, path.map(PathBuf::as_path), files))
    }
}

impl Place {
    fn inspect(name: &'static str, path: Option<&Path>, files: &[FileSpec; 4]) -> Self {
        let placed =
            |folder| files.iter().map(|file| PlacedFile { name: file.name, state: file.inspect(folder) }).collect();
        let files = path.filter(|path| path.is_dir()).map(placed).unwrap_or_default();
        Self { name, path: path.map(Path::to_path_buf), files }
    }

    /// The four files where all of them are verified.
    pub fn paths(&self) -> Option<[PathBuf; 4]> {
        let paths = self.files.iter().map(|file| match &file.state {
            FileState::Verified { path, .. } => Some(path.clone()),
            _ => None,
        });
        paths.collect::<Option<Vec<_>>>()?.try_into().ok()
    }

    /// In a few words: whether it has all files, or what is wrong with it.
    pub fn summary(&self) -> String {
        if self.path.is_none() {
            return "not set".into();
        }
        if self.files.is_empty() {
            return "no such folder".into();
        }
        if self.files.iter().all(|file| file.state == FileState::Missing) {
            return "none of the four files".into();
        }
        let wrong = self.files.iter().filter_map(|file| match &file.state {
            FileState::Verified { .. } => None,
            FileState::Missing => Some(format!("{}.gz is missing", file.name)),
            FileState::Damaged { path, reason } => {
                Some(format!("{} {reason}", path.file_name().unwrap_or_default().display()))
            }
        });
        let wrong: Vec<_> = wrong.collect();
        if wrong.is_empty() { "all four files, verified".into() } else { wrong.join("; ") }
    }
}

impl fmt::Display for Place {
    /// One line: the place, its path where that says more than the name, and its summary.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        if let Some(path) = &self.path
            && Path::new(".").join(path) != Path::new(self.name)
        {
            write!(f, " ({})", path.display())?;
        }
        write!(f, ": {}", self.summary())
    }
}

/// The four files in any folder, gzipped first, whatever they hold.
pub(super) fn paths_in(folder: &Path) -> Result<[PathBuf; 4]> {
    let find = |file: &FileSpec| {
        let paths = [folder.join(file.gz_name()), folder.join(file.name)];
        paths.into_iter().find(|path| path.is_file())
    };
    let found = FILES.each_ref().map(find);
    let missing: Vec<_> = FILES.iter().zip(&found).filter(|(_, path)| path.is_none()).collect();
    if !missing.is_empty() {
        return Err(Error::Missing {
            what: format!("the data in the folder {}", folder.display()),
            tried: if folder.is_dir() {
                missing.iter().map(|(file, _)| format!("{0}.gz or {0}: not there", file.name)).collect()
            } else {
                vec!["no such folder".into()]
            },
            advice: "A folder of data holds four IDX files, named as MNIST's and gzipped or not.".into(),
        });
    }
    Ok(found.map(|path| path.expect("none is missing")))
}
