//! The kinds of noise. A new one is a file that implements [`LayerNoise`], and a line each in [`Noise`] and its list below.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::noisy::LayerNoise;
use super::{Additive, Binary, GaussianInput, GaussianOutput, dense};
use crate::real::Real;

/// The noise in a layer: where it enters, and its rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", bound(serialize = "", deserialize = "T: Real"))]
pub enum Noise<T> {
    /// None.
    None,
    /// Binary dropout on the input.
    Binary(Binary),
    /// Gaussian noise on the input (type A).
    GaussianInput(GaussianInput<T>),
    /// Gaussian noise on the output (type B), with variances relative to the weights.
    GaussianOutput(GaussianOutput<T>),
    /// Gaussian noise on the output, with a variance of its own for each weight.
    Additive(Additive<T>),
}

impl<T: Real> Noise<T> {
    /// What it is.
    pub(crate) fn kind(&self) -> &dyn LayerNoise<T> {
        match self {
            Self::None => &dense::NoNoise,
            Self::Binary(noise) => noise,
            Self::GaussianInput(noise) => noise,
            Self::GaussianOutput(noise) => noise,
            Self::Additive(noise) => noise,
        }
    }

    /// [`Self::kind`], to change; nothing of a layer without noise.
    pub(crate) fn kind_mut(&mut self) -> Option<&mut dyn LayerNoise<T>> {
        match self {
            Self::None => None,
            Self::Binary(noise) => Some(noise),
            Self::GaussianInput(noise) => Some(noise),
            Self::GaussianOutput(noise) => Some(noise),
            Self::Additive(noise) => Some(noise),
        }
    }

    /// What it is, in words: `output, Gaussian: α learned, one for each weight`.
    pub fn description(&self) -> String {
        self.kind().description()
    }

    /// What training learns of it, to change.
    pub(crate) fn learned_mut(&mut self) -> Option<&mut Array2<T>> {
        self.kind_mut().filter(|noise| noise.is_learned()).and_then(LayerNoise::array_mut)
    }
}

macro_rules! from {
    ($($noise:ty => $variant:ident),*) => { $(
        impl<T> From<$noise> for Noise<T> {
            fn from(noise: $noise) -> Self {
                Self::$variant(noise)
            }
        }
    )* };
}
from!(Binary => Binary, GaussianInput<T> => GaussianInput, GaussianOutput<T> => GaussianOutput, Additive<T> => Additive);
