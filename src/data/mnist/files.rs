//! The four files, their checksums, and the state in which a folder holds them.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// A file as it was published: its size and checksum.
#[derive(Debug, Clone, Copy)]
pub struct Fingerprint {
    /// The size in bytes.
    pub bytes: u64,
    /// The SHA-256 in hexadecimal.
    pub sha256: &'static str,
}

/// One of MNIST's four files.
#[derive(Debug, Clone, Copy)]
pub struct FileSpec {
    /// The name without `.gz`.
    pub name: &'static str,
    /// The gzipped file.
    pub gz: Fingerprint,
    /// The file as `gunzip` leaves it.
    pub plain: Fingerprint,
}

/// Training images and labels, test images and labels.
pub const FILES: [FileSpec; 4] = [
    FileSpec {
        name: "train-images-idx3-ubyte",
        gz: Fingerprint {
            bytes: 9_912_422,
            sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        },
        plain: Fingerprint {
            bytes: 47_040_016,
            sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        },
    },
    FileSpec {
        name: "train-labels-idx1-ubyte",
        gz: Fingerprint { bytes: 28_881, sha256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c" },
        plain: Fingerprint {
            bytes: 60_008,
            sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        },
    },
    FileSpec {
        name: "t10k-images-idx3-ubyte",
        gz: Fingerprint {
            bytes: 1_648_877,
            sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        },
        plain: Fingerprint {
            bytes: 7_840_016,
            sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        },
    },
    FileSpec {
        name: "t10k-labels-idx1-ubyte",
        gz: Fingerprint { bytes: 4_542, sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6" },
        plain: Fingerprint {
            bytes: 10_008,
            sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        },
    },
];

/// The state of one file in one folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum FileState {
    /// There, with the published SHA-256.
    Verified {
        /// The file.
        path: PathBuf,
        /// Its SHA-256 in hexadecimal.
        sha256: &'static str,
    },
    /// There, but not the published file.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Not there, neither gzipped nor uncompressed.
    Missing,
}

impl FileSpec {
    /// The name of the gzipped file.
    pub fn gz_name(&self) -> String {
        format!("{}.gz", self.name)
    }

    /// Looks for the file in `folder`, gzipped first, and verifies its SHA-256.
    pub fn inspect(&self, folder: &Path) -> FileState {
        let mut state = FileState::Missing;
        for (path, expected) in [(folder.join(self.gz_name()), self.gz), (folder.join(self.name), self.plain)] {
            let reason = match expected.mismatch(&path) {
                Ok(None) => return FileState::Verified { path, sha256: expected.sha256 },
                Ok(Some(mismatch)) => mismatch,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => format!("cannot be read: {error}"),
            };
            if state == FileState::Missing {
                state = FileState::Damaged { path, reason };
            }
        }
        state
    }
}

impl Fingerprint {
    /// In what the file at `path` differs, if it does. The size is looked at first: it costs nothing.
    fn mismatch(&self, path: &Path) -> io::Result<Option<String>> {
        let metadata = path.metadata()?;
        if !metadata.is_file() {
            return Ok(Some("is not a file".into()));
        }
        if metadata.len() != self.bytes {
            return Ok(Some(format!("has {} bytes: expected {}", metadata.len(), self.bytes)));
        }
        let found = sha256(path)?;
        Ok((found != self.sha256).then(|| format!("has the SHA-256 {found}: expected {}", self.sha256)))
    }
}

fn sha256(path: &Path) -> io::Result<String> {
    let mut reader = BufReader::with_capacity(1 << 16, File::open(path)?);
    let mut hasher = Sha256::new();
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            break;
        }
        hasher.update(bytes);
        let read = bytes.len();
        reader.consume(read);
    }
    Ok(hexadecimal(&hasher.finalize()))
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
