//! The folders where a published data set is looked for, in order.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use super::files::{FileSpec, FileState, Found, NAMES, look, lossy, problem_of_folder};
use super::published::{MNIST, Published};
use crate::error::{Error, Result};
use crate::shell::quoted;

/// The folders where a published data set is looked for.
///
/// `$MNIST_DIR` is a wish, not a hint: where it is set, nothing else is looked at, and files that are missing or
/// damaged there are an error. The other folders are passed over where they do not hold all four files intact.
#[derive(Debug, Clone)]
pub struct Places {
    /// What is looked for: [`MNIST`] or [`FASHION_MNIST`](super::FASHION_MNIST).
    pub of: &'static Published,
    /// `$MNIST_DIR`, where it is set and not empty.
    pub variable: Option<PathBuf>,
    /// Where a package of the system puts it, if there is one.
    pub system: Option<PathBuf>,
    /// `./data/mnist`.
    pub local: PathBuf,
    /// The user's cache, where there is one; downloads go there.
    pub cache: Option<PathBuf>,
}

/// What one folder holds.
#[derive(Debug, Clone, Serialize)]
pub struct Place {
    /// What the folder is: `$MNIST_DIR`, `./data/mnist`, `cache`; of a system's package, its path.
    pub name: &'static str,
    /// Its path; `None` where it is not set.
    #[serde(serialize_with = "lossy_or_none")]
    pub path: Option<PathBuf>,
    /// Why it cannot be looked into: there is no such folder, or it may not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The four files in the order of [`Published::files`]; empty where the folder cannot be looked into.
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
    pub fn from_environment(of: &'static Published) -> Self {
        Self::from_variables(of, |name| std::env::var_os(name))
    }

    /// The places that the variables `MNIST_DIR` (or what [`Published::variable`] says), `XDG_CACHE_HOME`, `HOME` and, on Windows, `LOCALAPPDATA` say.
    pub fn from_variables(of: &'static Published, variable: impl Fn(&str) -> Option<OsString>) -> Self {
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
            of,
            variable: path(of.variable_name()),
            system: of.system.map(PathBuf::from),
            local: Path::new("data").join(of.name),
            cache: cache.map(|cache| cache.join("vardrop").join(of.name)),
        }
    }

    /// All of the folders, whether they are looked at or not.
    pub(in crate::data) fn folders(self) -> Vec<PathBuf> {
        [self.variable, self.system, Some(self.local), self.cache].into_iter().flatten().collect()
    }

    /// What each place holds, in the order in which they are looked at: only `$MNIST_DIR` where it is set.
    pub fn inspect(&self) -> Vec<Place> {
        self.inspections().collect()
    }

    /// The four files of the first place that holds them all, in the order of [`Published::files`].
    ///
    /// # Errors
    /// [`Error::Missing`] where `$MNIST_DIR` is set and does not hold them, or where no place does.
    pub fn locate(&self) -> Result<[PathBuf; 4]> {
        let mut tried = Vec::new();
        for place in self.inspections() {
            if let Some(paths) = place.paths() {
                return Ok(paths);
            }
            tried.push(place.to_string());
        }
        Err(self.missing(tried))
    }

    /// The error that says what was tried, and what to do.
    pub(super) fn missing(&self, tried: Vec<String>) -> Error {
        Error::Missing { what: self.of.title.into(), tried, advice: self.advice() }
    }

    /// What to do where the data set is in none of the places, with commands to paste.
    pub fn advice(&self) -> String {
        let four = four_files();
        let Published { title, local, .. } = self.of;
        let (name, fetch) = (self.of.variable_name(), self.of.fetch_command());
        let Some(folder) = &self.variable else {
            return format!(
                "`{fetch}` downloads it where there is a network. Or put its four files into {local}, or into a folder \
                 that {name} names: {four}. Or use `--data synthetic`, which needs no files."
            );
        };
        let place = Place::inspect(self.of.variable, Some(folder), &self.of.files);
        let damaged = place.damaged();
        let what = if !damaged.is_empty() {
            // They may be those of another data set: they are not for us to replace.
            let away: Vec<String> = damaged.iter().map(|path| moved_away(path)).collect();
            format!(
                "Some of its files are not {title}'s, and they are not replaced. Move them away and download {title}'s:\n  {} && {fetch}\n\
                 Or replace them: `{fetch} --force`. If they are another data set, name their folder: `--data {}`.",
                away.join(" && "),
                quoted(as_folder(folder)),
            )
        } else if place.problem.is_some() && folder.symlink_metadata().is_ok() {
            format!("It must be a folder that can be read, with {title}'s four files: {four}.")
        } else {
            format!("`{fetch}` downloads what is missing. Or put the four files there: {four}.")
        };
        format!("{name} is set, so no other place is searched. {what} To search the other places, `unset {name}`.")
    }

    fn inspections(&self) -> impl Iterator<Item = Place> {
        let Published { variable, local, files, .. } = self.of;
        let system = self.system.as_ref().map(|path| (self.of.system.unwrap_or("system"), Some(path)));
        let rest = [(*local, Some(&self.local)), ("cache", self.cache.as_ref())];
        let rest = system.into_iter().chain(rest).filter(|_| self.variable.is_none());
        let places = std::iter::once((*variable, self.variable.as_ref())).chain(rest);
        places.map(|(name, path)| Place::inspect(name, path.map(PathBuf::as_path), files))
    }
}

impl Place {
    fn inspect(name: &'static str, path: Option<&Path>, files: &[FileSpec; 4]) -> Self {
        let placed =
            |folder| files.iter().map(|file| PlacedFile { name: file.name, state: file.inspect(folder) }).collect();
        let problem = path.and_then(problem_of_folder);
        let files = path.filter(|_| problem.is_none()).map(placed).unwrap_or_default();
        Self { name, path: path.map(Path::to_path_buf), problem, files }
    }

    /// The files that are there and are not those of the data set.
    pub(super) fn damaged(&self) -> Vec<&Path> {
        let damaged = |file| match file {
            &PlacedFile { state: FileState::Damaged { ref path, .. }, .. } => Some(path.as_path()),
            _ => None,
        };
        self.files.iter().filter_map(damaged).collect()
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
        if let Some(problem) = &self.problem {
            return problem.clone();
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

/// The command that moves a file away, to a name that is free.
fn moved_away(path: &Path) -> String {
    let other = |number: usize| {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(if number == 1 { ".damaged".to_owned() } else { format!(".damaged-{number}") });
        path.with_file_name(name)
    };
    let free = (1..).map(other).find(|other| other.symlink_metadata().is_err()).expect("some name is free");
    format!("mv {} {}", quoted(path), quoted(free))
}

/// A folder as `--data` takes it: `./mnist` where `mnist` is the name of a source.
fn as_folder(folder: &Path) -> PathBuf {
    if folder.components().count() == 1 && folder.is_relative() { Path::new(".").join(folder) } else { folder.into() }
}

/// The names of the four files.
fn four_files() -> String {
    let [a, b, c, d] = NAMES;
    format!("{a}, {b}, {c} and {d}, each gzipped (.gz) or not")
}

fn lossy_or_none<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    match path {
        Some(path) => lossy(path, serializer),
        None => serializer.serialize_none(),
    }
}

/// The four files in any folder, gzipped first, whatever they hold.
pub(super) fn paths_in(folder: &Path) -> Result<[PathBuf; 4]> {
    let missing = |tried: Vec<String>| {
        let what = format!("the data in the folder {}", folder.display());
        let advice = format!(
            "A folder of data holds four IDX files: {}. Name a folder that has them, with --data or as `data` in a plan.",
            four_files()
        );
        Err(Error::Missing { what, tried, advice })
    };
    if let Some(problem) = problem_of_folder(folder) {
        return missing(vec![problem]);
    }
    let found = MNIST.files.each_ref().map(|file| find(file, folder));
    let tried: Vec<String> = found.iter().filter_map(|found| found.as_ref().err().cloned()).collect();
    match found {
        [Ok(a), Ok(b), Ok(c), Ok(d)] => Ok([a, b, c, d]),
        _ => missing(tried),
    }
}

/// A file in a folder, or why it is not there.
fn find(file: &FileSpec, folder: &Path) -> std::result::Result<PathBuf, String> {
    let mut unfit = None;
    for path in file.candidates(folder) {
        match look(&path) {
            Found::File => return Ok(path),
            Found::Unfit(reason) => {
                unfit.get_or_insert(format!("{} {reason}", path.file_name().unwrap_or_default().display()));
            }
            Found::Nothing => {}
        }
    }
    Err(unfit.unwrap_or_else(|| format!("{0}.gz or {0}: not there", file.name)))
}
