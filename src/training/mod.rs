//! Training: protocols, epochs, early stopping on validation, history, progress, checkpoints, and runs in the background.
//!
//! [`train`] does all of it in one call. [`Trainer`] lets you stop, look and go on; [`background()`] trains on a thread of its own.

mod background;
mod border;
mod checkpoint;
mod config;
mod history;
mod protocol;
mod run_key;
mod snapshot;
mod state;
mod status;
mod trainer;

pub use crate::network::AlphaStatistics;
pub use background::{BackgroundRun, background};
pub use border::BorderAlpha;
#[cfg(feature = "sweep")]
pub(crate) use checkpoint::REMEDY as MODEL_REMEDY;
pub use checkpoint::{Model, ModelInfo};
pub use config::Config;
pub use history::{Best, Epoch, History, Selection};
#[cfg(test)]
pub(crate) use protocol::tests;
pub(crate) use protocol::{Difference, differences};
pub use protocol::{Preset, Protocol};
pub(crate) use run_key::RunKey;
pub use snapshot::{Snapshot, snapshots};
pub use status::{Phase, Status};
pub use trainer::{Ending, Observer, Progress, Run, Trainer, train};
