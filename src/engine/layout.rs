//! What an engine checks of a network before it reads it: an engine for another noise has other buffers.

use crate::layers::{Layer, Noise};

/// What decides which buffers a layer's noise needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Layout {
    None,
    Binary,
    Input { rates: (usize, usize), learned: bool },
    Output { rates: (usize, usize), learned: bool },
    Additive,
}

impl Layout {
    pub(super) fn of<T>(layer: &Layer<T>) -> Self {
        match &layer.noise {
            Noise::None => Self::None,
            Noise::Binary { .. } => Self::Binary,
            Noise::GaussianInput(rates) => Self::Input { rates: rates.log_alpha.dim(), learned: rates.learned },
            Noise::Additive { .. } => Self::Additive,
            Noise::GaussianOutput(rates) => Self::Output { rates: rates.log_alpha.dim(), learned: rates.learned },
        }
    }
}
