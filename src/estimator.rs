//! The four estimators of Table 1, and flipout.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How a gradient is estimated from a minibatch: where the posterior's noise is drawn (Kingma, Salimans & Welling 2015,
/// section 2 and Table 1).
///
/// The paper's four are defined for every network. Where the noise of a layer is one factor for each input unit (binary, type A),
/// drawing it on the input and drawing it on the weights is the same thing, so that
/// [`Self::LocalReparameterization`] and [`Self::SeparateWeightSamples`] have one distribution there. [`Self::Flipout`] needs noise that
/// is independent and symmetric weight by weight: type B and additive noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Estimator {
    /// The noise of the layer's output, drawn for each example and unit (section 2.3): what training uses.
    LocalReparameterization,
    /// A weight matrix of its own for each example.
    SeparateWeightSamples,
    /// One weight matrix for the whole minibatch, whose deviation from the mean has signs of its own for each example (Wen, Vicol, Ba,
    /// Tran & Grosse 2018). Not in the paper.
    Flipout,
    /// One weight matrix for the whole minibatch.
    SingleWeightSample,
    /// The mean of the weights: the variance that is left comes from drawing the minibatch.
    NoNoise,
}

impl Estimator {
    /// All of them, by their variance.
    pub const ALL: [Self; 5] = [
        Self::LocalReparameterization,
        Self::SeparateWeightSamples,
        Self::Flipout,
        Self::SingleWeightSample,
        Self::NoNoise,
    ];

    /// Those of Table 1, in its order.
    pub const TABLE1: [Self; 4] =
        [Self::LocalReparameterization, Self::SeparateWeightSamples, Self::SingleWeightSample, Self::NoNoise];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::LocalReparameterization => "local",
            Self::SeparateWeightSamples => "separate",
            Self::Flipout => "flipout",
            Self::SingleWeightSample => "single",
            Self::NoNoise => "none",
        }
    }

    /// The name in a table: the paper's.
    pub fn title(self) -> &'static str {
        match self {
            Self::LocalReparameterization => "local reparameterization",
            Self::SeparateWeightSamples => "separate weight samples",
            Self::Flipout => "flipout",
            Self::SingleWeightSample => "single weight sample",
            Self::NoNoise => "no dropout noise",
        }
    }
}

impl fmt::Display for Estimator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.title())
    }
}

impl FromStr for Estimator {
    type Err = Error;

    /// Reads [`Self::name`] or [`Self::title`].
    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|estimator| [estimator.name(), estimator.title()].contains(&name)).ok_or_else(|| {
            Error::argument("estimator", name, format!("one of {}", Self::ALL.map(Self::name).join(", ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_titles_are_read_back_and_others_refused() {
        for estimator in Estimator::ALL {
            assert_eq!(estimator.name().parse::<Estimator>().unwrap(), estimator);
            assert_eq!(estimator.title().parse::<Estimator>().unwrap(), estimator);
        }
        assert!("all".parse::<Estimator>().unwrap_err().to_string().contains("local, separate, flipout, single, none"));
    }
}
