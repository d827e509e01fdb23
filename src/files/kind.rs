//! What a file holds: which of the things that Vardrop writes, or none of them.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Result};
use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;

/// The metadata's key of a model, in safetensors.
pub(crate) const MODEL_KEY: &str = "vardrop";
/// The metadata's key of a pruned network, which is another format.
pub(crate) const PRUNED_KEY: &str = "vardrop-pruned";
/// The metadata's key of a network by itself.
pub(crate) const NETWORK_KEY: &str = "vardrop-network";
/// The longest header of a file in safetensors.
const LONGEST_HEADER: u64 = 100_000_000;

/// The kinds of files that Vardrop writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A model with the state of its training.
    Checkpoint,
    /// A model without the state of its training.
    Exported,
    /// A pruned network.
    Pruned,
    /// A network without the settings of its training.
    Network,
    /// Records of training runs.
    Runs,
    /// Records of gradients' variances.
    Variances,
    /// Records of evaluations.
    Evaluations,
    /// Records of pruned networks.
    Prunings,
    /// Records of LeNet-5, trained and pruned.
    LeNet5,
    /// A table of predictions, in CSV. Nothing in it says whose it is, so that none is replaced unasked.
    Predictions,
    /// A file of MNIST.
    Download,
}

impl Kind {
    const RECORDS: [Self; 5] = [Self::Runs, Self::Variances, Self::Evaluations, Self::Prunings, Self::LeNet5];

    /// What it is, as a phrase.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Checkpoint => "a model with the state of its training",
            Self::Exported => "an exported model",
            Self::Pruned => "a pruned network",
            Self::Network => "a network",
            Self::Runs => "a file of records of training runs",
            Self::Variances => "a file of records of gradients' variances",
            Self::Evaluations => "a file of records of evaluations",
            Self::Prunings => "a file of records of pruned networks",
            Self::LeNet5 => "a file of records of LeNet-5",
            Self::Predictions => "a table of predictions",
            Self::Download => "a file of MNIST",
        }
    }

    /// What one line of it is.
    pub(super) const fn line(self) -> &'static str {
        match self {
            Self::Runs => "record of a training run",
            Self::Variances => "record of a gradient's variance",
            Self::Evaluations => "record of an evaluation",
            Self::Prunings => "record of a pruned network",
            Self::LeNet5 => "record of LeNet-5",
            Self::Checkpoint | Self::Exported | Self::Pruned | Self::Network | Self::Predictions | Self::Download => {
                "line"
            }
        }
    }

    /// A key that every record of this kind has, and none of another.
    const fn key(self) -> &'static str {
        match self {
            Self::Runs => "best",
            Self::Variances => "measurement",
            Self::Evaluations => "calibration",
            Self::Prunings => "compression",
            Self::LeNet5 => "first_filters",
            Self::Checkpoint | Self::Exported | Self::Pruned | Self::Network | Self::Predictions | Self::Download => "",
        }
    }

    /// What a file holds; `None` where it is nothing that Vardrop writes.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn of(path: impl AsRef<Path>) -> crate::Result<Option<Self>> {
        let path = path.as_ref();
        of(path).map_err(crate::Error::io("read", path))
    }

    /// Of a line of a file of records.
    pub(super) fn of_line(line: &[u8]) -> Option<Self> {
        let keys: HashMap<String, IgnoredAny> = serde_json::from_slice(line).ok()?;
        Self::RECORDS.into_iter().find(|kind| keys.contains_key(kind.key()))
    }
}

fn of(path: &Path) -> Result<Option<Kind>> {
    let mut file = BufReader::new(File::open(path)?);
    let start = file.fill_buf()?;
    if start.trim_ascii_start().starts_with(b"{") {
        let mut line = Vec::new();
        while line.trim_ascii().is_empty() && file.read_until(b'\n', &mut line)? > 0 {}
        return Ok(Kind::of_line(&line));
    }
    let Some(length) = start.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)) else { return Ok(None) };
    if length > LONGEST_HEADER {
        return Ok(None);
    }
    let mut header = Vec::new();
    file.take(8 + length).read_to_end(&mut header)?;
    let Ok(Header { metadata, state }) = serde_json::from_slice(&header[8..]) else { return Ok(None) };
    Ok(if metadata.contains_key(PRUNED_KEY) {
        Some(Kind::Pruned)
    } else if metadata.contains_key(NETWORK_KEY) {
        Some(Kind::Network)
    } else if !metadata.contains_key(MODEL_KEY) {
        None
    } else if state.is_some() {
        Some(Kind::Checkpoint)
    } else {
        Some(Kind::Exported)
    })
}

/// What tells models apart in the header of a file in safetensors.
#[derive(Deserialize)]
struct Header {
    #[serde(rename = "__metadata__", default)]
    metadata: HashMap<String, String>,
    #[serde(rename = "training.parameters.layers.0.weight")]
    state: Option<IgnoredAny>,
}
