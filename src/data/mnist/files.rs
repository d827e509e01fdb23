//! The four files, their checksums, and the state in which a folder holds them.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::shell::quoted;

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

/// A path as JSON can hold it: what of it is no Unicode is replaced.
pub(super) fn lossy<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
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
        #[serde(serialize_with = "lossy")]
        path: PathBuf,
        /// Its SHA-256 in hexadecimal.
        sha256: &'static str,
    },
    /// There, but not the published file.
    Damaged {
        /// The file.
        #[serde(serialize_with = "lossy")]
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
        for path in self.candidates(folder) {
            let expected = if is_gz(&path) { self.gz } else { self.plain };
            let reason = match look(&path) {
                Found::Nothing => continue,
                Found::Unfit(reason) => reason,
                Found::File => match expected.mismatch(&path) {
                    Ok(None) => return FileState::Verified { path, sha256: expected.sha256 },
                    Ok(Some(mismatch)) => mismatch,
                    Err(error) => unreadable(&path, &error),
                },
            };
            if state == FileState::Missing {
                state = FileState::Damaged { path, reason };
            }
        }
        state
    }

    /// Where the file may lie in `folder`: under its name, gzipped first, then under another spelling of it that is there. The
    /// original site's names had a `.` before `idx`, and some systems change the case.
    pub(in crate::data) fn candidates(&self, folder: &Path) -> Vec<PathBuf> {
        let mut paths = vec![folder.join(self.gz_name()), folder.join(self.name)];
        // A folder that cannot be listed may still have the file.
        let listed = folder.read_dir().into_iter().flatten().filter_map(|entry| Some(entry.ok()?.file_name()));
        let spelled = |name: &str| {
            let name = name.to_ascii_lowercase().replace('.', "-");
            name.strip_suffix("-gz").unwrap_or(&name) == self.name
        };
        let others = listed.filter(|name| name.to_str().is_some_and(spelled)).map(|name| folder.join(name));
        let mut others: Vec<PathBuf> = others.filter(|path| !paths.contains(path)).collect();
        others.sort_by_key(|path| (!is_gz(path), path.clone()));
        paths.extend(others);
        paths
    }
}

fn is_gz(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"))
}

/// What there is at a path.
pub(super) enum Found {
    /// A file that can be opened, and is not empty.
    File,
    /// Nothing at all.
    Nothing,
    /// Something else: what is wrong with it, as a phrase.
    Unfit(String),
}

/// Looks without opening what is no file: the opening of a pipe waits for a writer.
pub(super) fn look(path: &Path) -> Found {
    match path.metadata() {
        Ok(metadata) if metadata.is_dir() => Found::Unfit("is a folder: expected a file".into()),
        Ok(metadata) if !metadata.is_file() => Found::Unfit("is a device or a pipe: expected a file".into()),
        Ok(metadata) if metadata.len() == 0 => Found::Unfit("is empty: copy or download it again".into()),
        Ok(_) => File::open(path).map_or_else(|error| Found::Unfit(unreadable(path, &error)), |_| Found::File),
        Err(error) => missing(path, &error).map_or(Found::Nothing, Found::Unfit),
    }
}

/// Why a folder cannot be looked into, as a phrase; `None` where it can.
pub(super) fn problem_of_folder(folder: &Path) -> Option<String> {
    match folder.metadata() {
        // One that cannot be listed may be looked into all the same, if its files can be opened by their names.
        Ok(metadata) if metadata.is_dir() => match folder.join(FILES[0].name).symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Some(unreadable(folder, &error)),
            _ => match folder.read_dir() {
                Err(error) if FILES.iter().all(|file| !folder.join(file.gz_name()).exists()) => {
                    Some(unreadable(folder, &error))
                }
                _ => None,
            },
        },
        Ok(_) => Some("is no folder: expected a folder with four files".into()),
        Err(error) => Some(missing(folder, &error).unwrap_or_else(|| "no such folder".into())),
    }
}

/// Why the system says that nothing is at a path, where something is.
fn missing(path: &Path, error: &io::Error) -> Option<String> {
    let target = || path.read_link().map(|target| target.display().to_string()).unwrap_or_default();
    match (path.symlink_metadata(), error.kind()) {
        (Ok(_), io::ErrorKind::NotFound) => Some(format!("is a link that leads nowhere (to {})", target())),
        (Ok(metadata), _) if metadata.is_symlink() => Some(format!("is a link that cannot be followed ({error})")),
        (_, io::ErrorKind::NotFound) => None,
        _ => Some(unreadable(path, error)),
    }
}

/// Why something cannot be read, as a phrase, and what to do about it where that is known.
fn unreadable(path: &Path, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            format!("cannot be read, permission denied: `chmod u+rX {}`, or ask its owner", quoted(path))
        }
        _ => format!("cannot be read ({error})"),
    }
}

impl Fingerprint {
    /// In what the file at `path` differs, if it does. The size is looked at first: it costs nothing.
    fn mismatch(&self, path: &Path) -> io::Result<Option<String>> {
        let bytes = path.metadata()?.len();
        if bytes != self.bytes {
            return Ok(Some(format!("has {bytes} bytes: expected {}", self.bytes)));
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
