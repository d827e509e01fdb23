//! Downloading a published data set.
//!
//! A file is held in memory until its SHA-256 is right (the largest has 26 MB), and only then put in its place: an
//! interrupted download replaces nothing, and several processes may download at once.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest as _, Sha256};
use ureq::Agent;

use super::files::{FileSpec, FileState, hexadecimal};
use super::places::Places;
use super::published::Published;
use crate::error::{Error, Result};
use crate::files::{Kind, Output};

/// How a data set is downloaded. The default suits everyone; an own mirror may use plain HTTP, as checksums are checked.
#[derive(Debug, Clone)]
pub struct Fetcher {
    /// Folders on the web with the four `.gz` files, tried in this order; where none is named, those of [`Published::mirrors`].
    pub mirrors: Vec<String>,
    /// The longest wait for a mirror's address, then for its connection, then for its answer.
    pub connect_timeout: Duration,
    /// The longest wait for the next bytes.
    pub stall_timeout: Duration,
    /// The longest time that one file may take.
    pub file_timeout: Duration,
}

impl Default for Fetcher {
    fn default() -> Self {
        Self {
            mirrors: Vec::new(),
            connect_timeout: Duration::from_secs(5),
            stall_timeout: Duration::from_secs(10),
            file_timeout: Duration::from_secs(600),
        }
    }
}

impl Fetcher {
    /// The four files of the first place that holds them, and otherwise downloads them to the cache.
    ///
    /// # Errors
    /// [`Error::Missing`] with every place and mirror that was tried; [`Error::Io`] where the cache cannot be written.
    pub fn locate_or_fetch(&self, places: &Places) -> Result<[PathBuf; 4]> {
        let (mut tried, folder) = match (places.locate(), &places.cache) {
            (Err(Error::Missing { tried, .. }), Some(cache)) if places.variable.is_none() => (tried, cache),
            (result, _) => return result,
        };
        self.fetch(places.of, folder).map_err(|error| match error {
            Error::Missing { tried: mirrors, .. } => {
                tried.extend(mirrors);
                places.missing(tried)
            }
            other => other,
        })
    }

    /// Downloads to `$MNIST_DIR` where it is set, and otherwise as [`Self::locate_or_fetch`]. Files there that are not those of the
    /// data set may be another one of the same names: they are not replaced, unless `force` says so.
    ///
    /// # Errors
    /// As [`Self::locate_or_fetch`]; such files, or something in the place of the folder.
    pub fn fetch_to(&self, places: &Places, force: bool) -> Result<[PathBuf; 4]> {
        let Some(folder) = &places.variable else {
            return self.locate_or_fetch(places);
        };
        let place = places.inspect().swap_remove(0);
        let is_new = folder.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
        if (place.problem.is_some() && !is_new) || !(force || place.damaged().is_empty()) {
            return Err(places.missing(vec![place.to_string()]));
        }
        self.fetch(places.of, folder)
    }

    /// Downloads to `folder` those of the four files that are not there, or are damaged.
    ///
    /// # Errors
    /// As [`Self::locate_or_fetch`].
    pub fn fetch(&self, of: &Published, folder: &Path) -> Result<[PathBuf; 4]> {
        let agent = self.agent();
        let mut mirrors: Vec<&str> = self.mirrors.iter().map(String::as_str).collect();
        if mirrors.is_empty() {
            mirrors.extend(of.mirrors);
        }
        let mut paths = Vec::with_capacity(of.files.len());
        for file in &of.files {
            if let FileState::Verified { path, .. } = file.inspect(folder) {
                paths.push(path);
                continue;
            }
            let mut tried = Vec::new();
            let bytes = mirrors.iter().enumerate().find_map(|(index, mirror)| {
                let url = format!("{}/{}", mirror.trim_end_matches('/'), file.gz_name());
                let result = download(&agent, &url, file);
                result.map_err(|reason| tried.push(format!("{url}: {reason}"))).ok().map(|bytes| (index, bytes))
            });
            let Some((mirror, bytes)) = bytes else {
                let advice = "Check the network and try again, or copy the four files by hand.".into();
                return Err(Error::Missing { what: file.gz_name(), tried, advice });
            };
            // What has worked once is asked first from now on: a dead mirror costs its time-out only once.
            mirrors[..=mirror].rotate_right(1);
            let path = folder.join(file.gz_name());
            Output::from(&path).makes_folder(true).replace(Kind::Download, |new| fs::write(new, &bytes))?;
            paths.push(path);
        }
        Ok(paths.try_into().expect("one path a file"))
    }

    fn agent(&self) -> Agent {
        let config = Agent::config_builder()
            .timeout_resolve(Some(self.connect_timeout))
            .timeout_connect(Some(self.connect_timeout))
            .timeout_recv_response(Some(self.connect_timeout))
            .timeout_per_read(Some(self.stall_timeout))
            .timeout_global(Some(self.file_timeout))
            .user_agent(concat!("vardrop/", env!("CARGO_PKG_VERSION")))
            .build();
        config.new_agent()
    }
}

/// The bytes of a `.gz`, verified, or the reason why not.
fn download(agent: &Agent, url: &str, file: &FileSpec) -> Result<Vec<u8>, String> {
    let expected = file.gz;
    let response = agent.get(url).call().map_err(|error| match error {
        ureq::Error::StatusCode(status) => format!("answers with the HTTP status {status}"),
        ureq::Error::Timeout(phase) => format!("does not answer in time ({phase})"),
        ureq::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    })?;
    let body = response.into_body();
    if let Some(announced) = body.content_length().filter(|&announced| announced != expected.bytes) {
        return Err(format!("announces {announced} bytes: expected {}", expected.bytes));
    }

    let bar = progress_bar(file);
    let mut bytes = Vec::new();
    // One byte more than expected is enough to know that it is too large.
    let body = bar.wrap_read(body.into_reader()).take(expected.bytes + 1).read_to_end(&mut bytes);
    bar.finish_and_clear();
    body.map_err(|error| format!("breaks off after {} of {} bytes: {error}", bytes.len(), expected.bytes))?;

    if bytes.len() as u64 > expected.bytes {
        return Err(format!("sends more than the expected {} bytes", expected.bytes));
    }
    if (bytes.len() as u64) < expected.bytes {
        return Err(format!("breaks off after {} of {} bytes", bytes.len(), expected.bytes));
    }
    let found = hexadecimal(&Sha256::digest(&bytes));
    if found != expected.sha256 {
        return Err(format!("has the SHA-256 {found}: expected {}", expected.sha256));
    }
    Ok(bytes)
}

/// On standard error, and only where that is a terminal.
fn progress_bar(file: &FileSpec) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} [{bar:30}] {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left")
        .expect("a valid template")
        .progress_chars("=> ");
    ProgressBar::new(file.gz.bytes).with_style(style).with_message(file.gz_name())
}
