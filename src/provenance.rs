//! Where a record comes from: the program, the machine and the moment. Every kind of record holds it, at its end.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

/// Which program made a record, how and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Peak memory of the process so far in MiB, where the system tells it.
    pub peak_memory_mib: Option<f64>,
    /// The crate's version.
    pub version: String,
    /// The commit of the source tree, where it was run from one; `-dirty` behind it where that had changes.
    pub commit: Option<String>,
    /// The command line that made it.
    pub command: String,
    /// When it ended, RFC 3339 in UTC.
    pub finished: String,
}

impl Provenance {
    /// This process, now; `command` is its command line.
    pub(crate) fn now(command: impl Into<String>) -> Self {
        Self {
            peak_memory_mib: peak_memory_mib(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: option_env!("VARDROP_COMMIT").map(str::to_owned),
            command: command.into(),
            finished: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        }
    }
}

/// The most memory that this process has had in use at once, in MiB; `None` where the system does not tell (it is read
/// from Linux's /proc).
pub fn peak_memory_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some((kibibytes / 1024.0 * 10.0).round() / 10.0)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A provenance, made up.
    pub(crate) fn provenance() -> Provenance {
        Provenance {
            peak_memory_mib: None,
            version: "0.1.0".to_owned(),
            commit: None,
            command: "vardrop train".to_owned(),
            finished: "2026-01-01T00:00:00Z".to_owned(),
        }
    }
}
