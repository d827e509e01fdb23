//! Where data comes from.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::mnist;
use crate::error::{Error, Result};

/// Where data comes from. As text: `mnist`, `fashion-mnist`, `synthetic`, or the path of a folder or a table.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Source {
    /// MNIST, found or downloaded as the module [`mnist`](super::mnist) says.
    #[default]
    Mnist,
    /// Fashion-MNIST, found or downloaded in the same way.
    FashionMnist,
    /// 60,000 + 10,000 digits that the crate draws by itself ([`synthetic()`](crate::data::synthetic())) in half a
    /// second: nothing is read or downloaded.
    Synthetic,
    /// A folder with four files named as MNIST's, of any size.
    Folder(PathBuf),
    /// A table whose name ends in `.csv` or `.tsv`, read as [`CsvOptions::default`](super::csv::CsvOptions) says: the last column is
    /// predicted.
    Csv(PathBuf),
}

impl Source {
    /// As [`str::parse`], of a path that may be no Unicode.
    ///
    /// # Errors
    /// A name that is neither a source nor there.
    pub fn from_os(text: &OsStr) -> Result<Self> {
        let path = Path::new(text);
        match text.to_str() {
            Some("mnist") => Ok(Self::Mnist),
            Some("fashion-mnist") => Ok(Self::FashionMnist),
            Some("synthetic") => Ok(Self::Synthetic),
            _ if is_table(path) && !path.is_dir() => Ok(Self::Csv(path.into())),
            // What is there and no folder, such as a broken link, is named when it is opened.
            _ if looks_like_path(&text.to_string_lossy()) || path.symlink_metadata().is_ok() => {
                Ok(Self::Folder(path.into()))
            }
            _ => Err(Error::argument(
                "data",
                format!("{:?}", text.to_string_lossy()),
                "mnist, fashion-mnist, synthetic, a folder that holds four files named as MNIST's, or a table.csv",
            )),
        }
    }
}

impl Source {
    /// The files that its examples may be read from, as far as they are there.
    pub fn files(&self) -> Vec<PathBuf> {
        let folders = match self {
            Self::Mnist => mnist::Places::from_environment(&mnist::MNIST).folders(),
            Self::FashionMnist => mnist::Places::from_environment(&mnist::FASHION_MNIST).folders(),
            Self::Synthetic => Vec::new(),
            Self::Csv(path) => return vec![path.clone()],
            Self::Folder(folder) => vec![folder.clone()],
        };
        let files =
            folders.iter().flat_map(|folder| mnist::MNIST.files.iter().flat_map(|file| file.candidates(folder)));
        files.filter(|file| file.exists()).collect()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mnist => f.pad("mnist"),
            Self::FashionMnist => f.pad("fashion-mnist"),
            Self::Synthetic => f.pad("synthetic"),
            // So that a folder called "mnist" is not read back as MNIST itself.
            Self::Folder(path) if !looks_like_path(&path.to_string_lossy()) => {
                f.pad(&Path::new(".").join(path).to_string_lossy())
            }
            Self::Folder(path) | Self::Csv(path) => f.pad(&path.to_string_lossy()),
        }
    }
}

impl FromStr for Source {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::from_os(text.as_ref())
    }
}

impl From<Source> for String {
    fn from(source: Source) -> Self {
        source.to_string()
    }
}

impl TryFrom<String> for Source {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

fn is_table(path: &Path) -> bool {
    path.extension().is_some_and(|extension| ["csv", "tsv"].iter().any(|table| extension.eq_ignore_ascii_case(table)))
}

pub(super) fn looks_like_path(text: &str) -> bool {
    text.starts_with('.') || text.contains(std::path::is_separator)
}
