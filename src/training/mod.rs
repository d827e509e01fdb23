//! Training: epochs, early stopping on validation, history, progress, checkpoints.

mod border;
mod checkpoint;
mod config;
mod history;
mod snapshot;
mod trainer;

pub use border::BorderAlpha;
pub(crate) use checkpoint::PRUNED_KEY;
pub use checkpoint::{Model, ModelInfo};
pub use config::Config;
pub use history::{AlphaStatistics, Best, Epoch, History};
pub use snapshot::{Snapshot, snapshots};
pub use trainer::{Ending, Observer, Progress, Run, Trainer, train};
