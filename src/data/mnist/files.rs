//! A published file, its checksums, and the state in which a folder holds them.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::shell::quoted;

/// The names of the four files, without `.gz`.
pub(super) const NAMES: [&str; 4] =
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

/// A file as it was published: its size and checksum.
#[derive(Debug, Clone, Copy)]
pub struct Fingerprint {
    /// The size in bytes.
    pub bytes: u64,
    /// The SHA-256 in hexadecimal.
    pub sha256: &'static str,
}

/// One of the four files of a published data set.
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

/// The state of one file in one folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum FileState {
    /// There, with the published SHA-256, or compressed anew from the published file.
    Verified {
        /// The file.
        #[serde(serialize_with = "lossy")]
        path: PathBuf,
        /// Its SHA-256 in hexadecimal; of one that was compressed anew, that of its content.
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
            let (zipped, expected) = if is_gz(&path) { (true, self.gz) } else { (false, self.plain) };
            let reason = match look(&path) {
                Found::Nothing => continue,
                Found::Unfit(reason) => reason,
                Found::File => match expected.mismatch(&path) {
                    Ok(None) => return FileState::Verified { path, sha256: expected.sha256 },
                    Ok(Some(_)) if zipped && self.plain.is_within(&path) => {
                        return FileState::Verified { path, sha256: self.plain.sha256 };
                    }
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
        Ok(metadata) if metadata.is_dir() => match folder.join(NAMES[0]).symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Some(unreadable(folder, &error)),
            _ => match folder.read_dir() {
                Err(error) if NAMES.iter().all(|name| !folder.join(format!("{name}.gz")).exists()) => {
                    Some(unreadable(folder, &error))
                }
                _ => None,
            },
        },
        Ok(_) => Some("is not a folder: expected a folder with four files".into()),
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
        let found = sha256(File::open(path)?)?;
        Ok((found != self.sha256).then(|| format!("has the SHA-256 {found}: expected {}", self.sha256)))
    }

    /// Whether it is what a gzipped file holds. No more than its own bytes are decompressed.
    fn is_within(&self, gz: &Path) -> bool {
        let content = File::open(gz).map(|file| MultiGzDecoder::new(BufReader::new(file)).take(self.bytes + 1));
        content.and_then(sha256).is_ok_and(|found| found == self.sha256)
    }
}

fn sha256(of: impl Read) -> io::Result<String> {
    let mut reader = BufReader::with_capacity(1 << 16, of);
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
