//! Training: epochs, early stopping, history, progress.

mod history;

pub use history::{AlphaStatistics, Best, Epoch, History};
