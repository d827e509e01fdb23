//! The files that Vardrop writes, by one rule for every one of them.
//!
//! - A file is replaced at once, by a successor that is whole and on the disk: whoever is interrupted, killed or out of room
//!   leaves the old one as it was. Its permissions stay.
//! - What Vardrop did not write, or wrote for another purpose, is neither replaced nor added to unless
//!   [`Output::force`] says so ([`Error::Occupied`]).
//! - A link is followed and stays a link. A device or a pipe is written to. A folder, a socket or a disk is refused.
//! - What a killed process left beside a file is removed by the next one that writes into that folder.
//! - Two files of one command are two files ([`Claims`]), by whatever names.
//!
//! Whatever writes a file takes a path, or an [`Output`]:
//!
//! ```
//! use vardrop::data::{Splits, synthetic};
//! use vardrop::training::{Config, Trainer};
//! use vardrop::{Error, Method, files::Output};
//!
//! let splits = Splits::hold_out(synthetic(120, 1), synthetic(40, 2), 20)?;
//! let trainer = Trainer::new(Config::new(Method::None, &[4]).batch_size(20), &splits)?;
//! # let folder = tempfile::tempdir().unwrap();
//! # let notes = folder.path().join("notes.txt");
//! std::fs::write(&notes, "what I have seen").unwrap();
//! assert!(matches!(trainer.save(&notes), Err(Error::Occupied { .. })));
//! trainer.save(Output::from(&notes).force(true))?;
//! # Ok::<(), vardrop::Error>(())
//! ```

mod claims;
mod kind;
mod lines;
mod lock;
mod output;
mod place;
mod unfinished;

pub use claims::Claims;
pub use kind::Kind;
pub use lines::{Line, TornLine};
pub use output::Output;

pub(crate) use kind::{MODEL_KEY, NETWORK_KEY, PRUNED_KEY};
#[cfg(feature = "sweep")]
pub(crate) use lines::in_folder;
pub(crate) use lines::{append, files, read, read_all};
#[cfg(feature = "sweep")]
pub(crate) use lock::is_at;
pub(crate) use lock::locked;
#[cfg(feature = "sweep")]
pub(crate) use unfinished::remove_unfinished;

use std::path::Path;

use crate::error::{Error, Result};

/// The folder that a file is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The bytes of a model's file, of whichever format.
///
/// # Errors
/// Where it cannot be read: the error says how to come by one.
pub(crate) fn read_model(path: &Path) -> Result<Vec<u8>> {
    let remedy = "expected a model's file: `vardrop train --save FILE` writes one";
    std::fs::read(path).map_err(Error::unread("read", path, remedy))
}

/// Removes a file, which may be gone already.
///
/// # Errors
/// Where it is there and cannot be removed.
#[cfg(feature = "sweep")]
pub(crate) fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", path)(error)),
        _ => Ok(()),
    }
}
