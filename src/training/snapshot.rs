//! Networks as they are on the way, at chosen epochs of one training.

use std::ops::ControlFlow;

use super::{Config, Epoch, Progress, Trainer};
use crate::data::Splits;
use crate::error::{Error, Result};
use crate::network::Network;

/// A network at the end of an epoch.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The epoch's figures.
    pub epoch: Epoch,
    /// The parameters as the last step left them.
    pub network: Network,
    /// The moving average of the parameters, which the epoch's errors are of.
    pub averaged: Network,
}

/// Trains a network to the last of `epochs`, and keeps it as it is after each of them; `observer` is called after every epoch.
///
/// # Errors
/// As [`Trainer::new`] and [`Trainer::run`]; no epoch, or one of 0.
pub fn snapshots(
    config: &Config,
    splits: &Splits,
    epochs: &[usize],
    observer: &mut dyn FnMut(Progress<'_>),
) -> Result<Vec<Snapshot>> {
    let last = epochs.iter().copied().max().unwrap_or(0);
    if epochs.is_empty() || epochs.contains(&0) {
        return Err(Error::argument("epochs", format!("{epochs:?}"), "one number or more, each 1 or above"));
    }
    let mut trainer = Trainer::new(config.clone().epochs(last), splits)?;
    let mut kept = Vec::new();
    while !trainer.is_finished() {
        let _ = trainer.run_epoch(&mut |progress| {
            if matches!(progress, Progress::Epoch { .. }) {
                observer(progress);
            }
            ControlFlow::Continue(())
        })?;
        if let Some(epoch) = trainer.history().epochs.last().filter(|epoch| epochs.contains(&epoch.epoch)) {
            let (network, averaged) = (trainer.network().clone(), trainer.averaged().clone());
            kept.push(Snapshot { epoch: epoch.clone(), network, averaged });
        }
    }
    Ok(kept)
}
