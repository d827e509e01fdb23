//! What a data set is known by: a digest of its content, whatever its files are called and however they are compressed.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use super::dataset::Dataset;
use crate::error::{Error, Result};

/// What the hashed bytes begin with, where all examples are images and all labels bytes: another form of data is another line.
const IMAGES: &[u8] = b"vardrop images 1\n";
/// What they begin with for all other data.
const EXAMPLES: &[u8] = b"vardrop examples 1\n";

/// The SHA-256 of a data set's content: of its training examples, before any are held out, and of its test examples.
///
/// For each of the two parts the number of images, their height and their width are hashed as big-endian `u64`, then all pixels,
/// then all labels. Of rows of numbers, the height is 1 and the width the number of features; features and real targets are hashed
/// as big-endian `f64`, and labels that are no bytes as `u64`. Names, paths and compression are not in it, and neither is how many
/// examples are held out, nor a standardisation of [`Splits`](super::Splits).
///
/// ```
/// use vardrop::data::{Splits, synthetic};
/// let splits = |held_out| Splits::hold_out(synthetic(30, 1), synthetic(10, 2), held_out);
/// assert_eq!(splits(0)?.digest(), splits(12)?.digest());
/// assert_eq!(splits(0)?.digest().to_string().len(), 64);
/// # Ok::<(), vardrop::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// MNIST's own.
    pub const MNIST: Self = Self([
        0x8b, 0xf6, 0x41, 0x03, 0x7d, 0x29, 0x32, 0xe6, 0x32, 0x6a, 0xb7, 0xf8, 0xc0, 0xd7, 0x95, 0x86, 0xd7, 0x46,
        0x54, 0xec, 0x67, 0xe1, 0xc2, 0x56, 0x1b, 0xbc, 0x20, 0x93, 0x5e, 0xca, 0xd0, 0x16,
    ]);

    /// Fashion-MNIST's own.
    pub const FASHION_MNIST: Self = Self([
        0x42, 0x2c, 0x1b, 0xac, 0x9d, 0xef, 0xab, 0x88, 0x07, 0x7d, 0x9e, 0x6f, 0x85, 0xd2, 0x4e, 0x0a, 0x4f, 0x14,
        0xe0, 0x42, 0x34, 0x33, 0xf2, 0x5a, 0x17, 0x54, 0xbb, 0xd1, 0x03, 0x76, 0x3a, 0xaa,
    ]);

    /// Of training examples, which may lie in several data sets one after the other, and of test examples.
    pub(super) fn of(train: &[&Dataset], test: &Dataset) -> Self {
        let byte = |label: &usize| *label <= usize::from(u8::MAX);
        let mut all = train.iter().chain([&test]);
        let bytes =
            all.all(|part| part.image_size().is_some() && part.values().is_none() && part.labels().iter().all(byte));
        let mut hasher = Sha256::new();
        hasher.update(if bytes { IMAGES } else { EXAMPLES });
        for part in [train, &[test]] {
            let count = part.iter().map(|dataset| dataset.len()).sum();
            for size in [count, test.height(), test.width()] {
                hasher.update((size as u64).to_be_bytes());
            }
            for dataset in part {
                match dataset.table() {
                    Some(rows) => floats(&mut hasher, rows),
                    None => hasher.update(dataset.pixels().as_slice().expect("pixels are in standard layout")),
                }
            }
            for dataset in part {
                match dataset.values() {
                    Some(values) => floats(&mut hasher, values),
                    None if bytes => {
                        hasher.update(dataset.labels().iter().map(|&label| label as u8).collect::<Vec<_>>())
                    }
                    None => dataset.labels().iter().for_each(|&label| hasher.update((label as u64).to_be_bytes())),
                }
            }
        }
        Self(hasher.finalize().into())
    }

    /// The first twelve of its hexadecimal digits, as messages show it.
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

/// Zero has one form, whatever its sign.
fn floats(hasher: &mut Sha256, values: ArrayView2<'_, f64>) {
    values.iter().for_each(|value| hasher.update((value + 0.0).to_be_bytes()));
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || Error::argument("digest of the data", format!("{text:?}"), "64 hexadecimal digits");
        if text.len() != 64 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (byte, place) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&text[place..place + 2], 16).map_err(|_| wrong())?;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Digest {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Which data something was made with: its content where that is known, else its name.
///
/// Two are equal where their digests are, whatever their names. Records and models of version 0.1 have no digest: they are
/// matched by name, and the name `mnist` stands for MNIST's own content.
///
/// ```
/// use vardrop::data::{Digest, Identity};
/// let old = Identity { dataset: "mnist", dataset_digest: None };
/// assert_eq!(old, Identity { dataset: "/home/ada/mnist", dataset_digest: Some(Digest::MNIST) });
/// assert_ne!(old, Identity { dataset: "fashion", dataset_digest: None });
/// ```
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Identity<'a> {
    /// `mnist`, `synthetic` or a folder's path, as it was given.
    pub dataset: &'a str,
    /// The digest of its content, where it is known.
    #[serde(serialize_with = "short")]
    pub dataset_digest: Option<Digest>,
}

/// For messages, which list what differs.
fn short<S: Serializer>(digest: &Option<Digest>, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    digest.map(|digest| digest.short()).serialize(serializer)
}

impl Identity<'_> {
    /// The digest, where it or the name says it.
    fn digest(&self) -> Option<Digest> {
        self.dataset_digest.or((self.dataset == "mnist").then_some(Digest::MNIST))
    }

    /// Refuses `here` where it is other data than this, which the model in the file `path` was trained on.
    ///
    /// # Errors
    /// Other data, with both named and what to do: `name_it` says how to name the right one.
    pub(crate) fn check(&self, here: Identity<'_>, path: &Path, name_it: &str) -> Result<()> {
        if *self == here {
            return Ok(());
        }
        let (model, name) = (path.display(), self.dataset);
        let expected = match self.digest() {
            Some(digest) => {
                let digest = digest.short();
                format!("the data with digest {digest} that {model} was trained on (then called {name}); {name_it}")
            }
            None => format!(
                "{name}, the name of the data that {model} was trained on (the model has no digest of its content, so the name is \
                 compared); {name_it}"
            ),
        };
        Err(Error::argument("data", here, expected))
    }

    /// Whether it is MNIST.
    pub fn is_mnist(&self) -> bool {
        self.digest() == Some(Digest::MNIST)
    }
}

impl PartialEq for Identity<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self.digest(), other.digest()) {
            (Some(own), Some(other)) => own == other,
            _ => spelled_alike(self.dataset, other.dataset),
        }
    }
}

/// Whether two names are one: of paths, a slash at the end and a leading `./` say nothing.
fn spelled_alike(a: &str, b: &str) -> bool {
    let path = |name: &str| {
        let parts = Path::new(name).components();
        parts.filter(|part| *part != std::path::Component::CurDir).collect::<std::path::PathBuf>()
    };
    let is_path = |name: &str| super::source::looks_like_path(name);
    a == b || (is_path(a) && is_path(b) && path(a) == path(b))
}

/// As messages name it: `./fashion (digest 1f2e3d4c5b6a)`.
impl fmt::Display for Identity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.dataset_digest {
            Some(digest) => write!(f, "{} (digest {})", self.dataset, digest.short()),
            None => f.write_str(self.dataset),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Splits, synthetic};

    /// In Python: hashlib.sha256(b"vardrop images 1\n" + struct.pack(">3Q", 2, 1, 2) + bytes([0, 255, 51, 102]) + bytes([3, 7])
    /// + struct.pack(">3Q", 1, 1, 2) + bytes([9, 8]) + bytes([3])).hexdigest()
    #[test]
    fn the_digest_is_that_of_the_documented_bytes() {
        let dataset = |pixels: Vec<u8>, labels: Vec<u8>| {
            let pixels = ndarray::Array2::from_shape_vec((labels.len(), 2), pixels).unwrap();
            Dataset::new("tiny", pixels, labels, 1, 2).unwrap()
        };
        let (train, test) = (dataset(vec![0, 255, 51, 102], vec![3, 7]), dataset(vec![9, 8], vec![3]));
        let expected = "31f897092383f0cc5243fd156b0d9bc8f47f593b52b1f73bb4a6041e38f243e3";
        assert_eq!(Digest::of(&[&train], &test).to_string(), expected);
        let halves = [train.slice(0..1).unwrap(), train.slice(1..2).unwrap()];
        assert_eq!(Digest::of(&[&halves[0], &halves[1]], &test).to_string(), expected);
        assert_ne!(Digest::of(&[&test], &train).to_string(), expected);
    }

    #[test]
    fn a_digest_reads_back_from_its_text_and_other_text_is_an_error() {
        let digest = Splits::hold_out(synthetic(4, 1), synthetic(2, 2), 1).unwrap().digest();
        let json = serde_json::to_string(&digest).unwrap();
        assert_eq!(serde_json::from_str::<Digest>(&json).unwrap(), digest);
        let text = digest.to_string();
        for wrong in ["", &text[1..], &text.replace(|c: char| c.is_ascii_digit(), "g"), &"é".repeat(32)] {
            let message = wrong.parse::<Digest>().unwrap_err().to_string();
            assert!(message.contains("expected 64 hexadecimal digits"), "{message}");
        }
    }

    #[test]
    fn data_is_the_same_by_content_and_without_digests_by_name() {
        let digest = |byte| Some(Digest([byte; 32]));
        let data = |dataset, dataset_digest| Identity { dataset, dataset_digest };
        assert_eq!(data("./a", digest(1)), data("/home/b", digest(1)));
        assert_ne!(data("./a", digest(1)), data("./a", digest(2)));
        assert_eq!(data("./a", None), data("./a", digest(2)));
        assert_ne!(data("./a", None), data("./b", digest(2)));
        for (a, b) in [("./a", "./a/"), ("a/", "./a"), ("a//b/.", "./a/b")] {
            assert_eq!(data(a, None), data(b, None), "{a} {b}");
        }
        assert_ne!(data("synthetic", None), data("./synthetic", None));
        assert_ne!(data("/a", None), data("./a", None));
        assert_ne!(data("mnist", None), data("mnist", digest(1)), "other content under MNIST's name");
        assert!(data("mnist", None).is_mnist() && !data("mnist", digest(1)).is_mnist());
    }
}
