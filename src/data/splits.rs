//! Where data comes from, and its parts: for training, for choosing, for the final figure.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::data::dataset::Dataset;
use crate::data::{mnist, synthetic};
use crate::error::{Error, Result};

/// Where data comes from. As text: `mnist`, `synthetic`, or the path of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Source {
    /// MNIST, found or downloaded as the module [`mnist`] says.
    #[default]
    Mnist,
    /// 60,000 + 10,000 digits that the crate draws by itself ([`synthetic()`](crate::data::synthetic())) in half a
    /// second: nothing is read or downloaded.
    Synthetic,
    /// A folder with four files named as MNIST's, of any size: Fashion-MNIST for one.
    Folder(PathBuf),
}

/// Training, validation and test examples.
#[derive(Debug, Clone)]
pub struct Splits {
    /// What a network is trained on.
    pub train: Dataset,
    /// What early stopping and every choice look at; may be empty.
    pub validation: Dataset,
    /// What is reported.
    pub test: Dataset,
}

impl Splits {
    /// Opens a source and holds the last `held_out` training images out for validation.
    ///
    /// Of MNIST's 60,000 training images, 10,000 held out leave 50,000; 0 leaves all of them and an empty validation
    /// set. The source `synthetic` has the same sizes.
    ///
    /// # Errors
    /// Where the data is not found or damaged, or no training image would be left.
    pub fn open(source: &Source, held_out: usize) -> Result<Self> {
        let (train, test) = match source {
            Source::Mnist => mnist::open()?,
            Source::Synthetic => synthetic::splits(),
            Source::Folder(folder) => mnist::open_folder(folder, &source.to_string())?,
        };
        Self::hold_out(train, test, held_out)
    }

    /// Holds the last `held_out` of the training images out for validation.
    ///
    /// # Errors
    /// Where no training image would be left, or the test images have another size.
    pub fn hold_out(train: Dataset, test: Dataset, held_out: usize) -> Result<Self> {
        if held_out >= train.len() {
            let expected = format!("fewer than the {} training images of {}", train.len(), train.name());
            return Err(Error::argument("held_out", held_out, expected));
        }
        if (train.height(), train.width()) != (test.height(), test.width()) {
            return Err(Error::Shape {
                what: format!("a test image of {}", test.name()),
                found: vec![test.height(), test.width()],
                expected: vec![train.height(), train.width()],
            });
        }
        let kept = train.len() - held_out;
        Ok(Self { validation: train.slice(kept..train.len())?, train: train.slice(0..kept)?, test })
    }
}

impl Source {
    /// The files that its examples may be read from, as far as they are there.
    pub fn files(&self) -> Vec<PathBuf> {
        let places = mnist::Places::from_environment();
        let folders = match self {
            Self::Mnist => [places.variable, Some(places.local), places.cache].into_iter().flatten().collect(),
            Self::Synthetic => Vec::new(),
            Self::Folder(folder) => vec![folder.clone()],
        };
        let names = mnist::FILES.map(|file| [file.gz_name(), file.name.to_owned()]);
        let files = folders.iter().flat_map(|folder| names.iter().flatten().map(|name| folder.join(name)));
        files.filter(|file| file.exists()).collect()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mnist => f.pad("mnist"),
            Self::Synthetic => f.pad("synthetic"),
            // So that a folder called "mnist" is not read back as MNIST itself.
            Self::Folder(path) if !looks_like_path(&path.to_string_lossy()) => {
                f.pad(&Path::new(".").join(path).to_string_lossy())
            }
            Self::Folder(path) => f.pad(&path.to_string_lossy()),
        }
    }
}

impl FromStr for Source {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "mnist" => Ok(Self::Mnist),
            "synthetic" => Ok(Self::Synthetic),
            path if looks_like_path(path) || Path::new(path).is_dir() => Ok(Self::Folder(path.into())),
            other => Err(Error::argument(
                "data",
                format!("{other:?}"),
                "mnist, synthetic, or a folder that holds four files named as MNIST's",
            )),
        }
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

fn looks_like_path(text: &str) -> bool {
    text.starts_with('.') || text.contains(std::path::is_separator)
}
