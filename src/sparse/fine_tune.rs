//! Training what pruning has left.

use crate::data::Splits;
use crate::error::Result;
use crate::method::Method;
use crate::network::Network;
use crate::training::{Config, Observer, Run, Trainer};

/// Trains the weights of a pruned network that are not 0, and the biases, without noise; the zeros stay. `config` has the settings
/// of the network's training: its method is replaced by no noise, and its number of epochs by `epochs`, over which
/// `learning_rate` falls linearly to 0. With validation examples the epoch with the lowest validation error counts.
///
/// # Errors
/// As [`Trainer::new`] and [`Trainer::run`]; a network of other widths than the configuration's.
pub fn fine_tune(
    network: &Network,
    config: &Config,
    splits: &Splits,
    epochs: usize,
    learning_rate: f64,
    observer: &mut Observer<'_>,
) -> Result<Run> {
    let mut config = config.clone();
    config.method = Method::None;
    let protocol = &mut config.protocol;
    (protocol.epochs, protocol.constant_epochs, protocol.learning_rate) = (epochs, 0, learning_rate);
    (protocol.kl_warm_up, protocol.patience) = (None, None);
    let mut trainer = Trainer::of_pruned(config, splits, network)?;
    while !trainer.is_finished() && trainer.run_epoch(observer)?.is_continue() {}
    Ok(trainer.into_run())
}
