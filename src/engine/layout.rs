//! What an engine checks of a network before it reads it: an engine for another noise or activation has other buffers.

use crate::Real;
use crate::layers::{Activation, Layer};

/// What decides which buffers a layer needs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    noise: &'static str,
    /// The shape of its array: ln α or ln σ².
    values: Option<(usize, usize)>,
    learned: bool,
    activation: Activation,
}

impl Layout {
    pub(super) fn of<T: Real>(layer: &Layer<T>) -> Self {
        let noise = layer.noise.kind();
        Self {
            noise: noise.name(),
            values: noise.array().map(ndarray::ArrayBase::dim),
            learned: noise.is_learned(),
            activation: layer.activation,
        }
    }
}
