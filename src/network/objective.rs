//! The objective: the negative of the lower bound, which training minimises.

use super::Network;
use crate::error::{Error, Result};
use crate::layers::Layer;
use crate::real::Real;

/// The objective that is minimised: mean negative log-likelihood of the minibatch + w · Σₗ wₗ·KLₗ / N, wₗ the weight of layer l's
/// KL term (the lower bound's negative, for one example; Kingma, Salimans & Welling 2015, equations 1 and 3).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Objective {
    /// w: 1 for the lower bound, less while the KL terms are warmed up. It multiplies each layer's own
    /// [`kl_weight`](crate::layers::Layer::kl_weight).
    pub kl_weight: f64,
    /// N: number of training examples, 1 or more.
    pub examples: usize,
}

impl Objective {
    pub(crate) fn check(self) -> Result<()> {
        match self.examples {
            0 => Err(Error::argument("number of training examples", 0, "1 or more: the KL term is divided by it")),
            _ => Ok(()),
        }
    }

    /// w · Σₗ wₗ·KLₗ / N in nats, up to a constant, which may make it negative. Infinite or NaN for no examples.
    pub fn kl<T: Real>(self, network: &Network<T>) -> f64 {
        if self.kl_weight == 0.0 {
            return 0.0;
        }
        let weighted =
            |layer: &Layer<T>| if layer.kl_weight == 0.0 { 0.0 } else { layer.kl_weight * layer.negative_kl() };
        // Without a KL term this is 0, and not −0.
        0.0 - self.kl_weight * network.layers().iter().map(weighted).sum::<f64>() / self.examples as f64
    }
}

/// The objective's parts for a minibatch, in nats per example.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loss {
    /// Mean negative log-likelihood of the noisy network: of classes, the cross-entropy.
    pub cross_entropy: f64,
    /// w · Σₗ wₗ·KLₗ / N, up to a constant.
    pub kl: f64,
}

impl Loss {
    /// The objective.
    pub fn total(self) -> f64 {
        self.cross_entropy + self.kl
    }
}
