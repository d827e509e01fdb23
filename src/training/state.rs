//! Where a training stands: everything that a checkpoint keeps of it.

use serde::{Deserialize, Serialize};

use super::config::Config;
use super::history::History;
use crate::error::Result;
use crate::network::Network;
use crate::optimizer::Optimizer;
use crate::provenance::Machine;

/// One training, between two steps.
#[derive(Debug)]
pub(super) struct State {
    pub(super) config: Config,
    /// The parameters as the last step left them.
    pub(super) network: Network,
    /// With the average of the parameters.
    pub(super) optimizer: Optimizer,
    /// The averaged parameters of the epoch that validation has chosen so far.
    pub(super) best_network: Option<Network>,
    pub(super) history: History,
    pub(super) position: Position,
    /// What it has been trained on.
    pub(super) machine: Machine,
}

impl State {
    /// Before the first step.
    pub(super) fn begin(config: Config, network: Network) -> Result<Self> {
        let optimizer = Optimizer::new(&network, config.optimizer_settings())?;
        let history = History::begin(&config);
        let position = Position::default();
        Ok(Self { config, network, optimizer, best_network: None, history, position, machine: Machine::here() })
    }

    /// The averaged parameters of the epoch that validation has chosen; before the first epoch has ended, of the last step.
    pub(super) fn best_network(&self) -> &Network {
        self.best_network.as_ref().unwrap_or_else(|| self.optimizer.averaged())
    }
}

/// Where in an epoch training stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Position {
    /// Steps taken in the epoch.
    pub(super) step: usize,
    /// Their examples.
    pub(super) examples: usize,
    /// Sum of the examples' cross-entropy.
    pub(super) cross_entropy: f64,
    /// Seconds that the steps took.
    pub(super) seconds: f64,
}
