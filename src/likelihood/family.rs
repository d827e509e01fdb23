//! A likelihood by its name, before the number of targets is known.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Likelihood;
use crate::Real;
use crate::error::{Error, Result};

/// Which likelihood a network has. As text: `categorical`, `gaussian`, `gaussian-predicted`, or `gaussian-fixed:0.25` with the
/// variance.
///
/// ```
/// use vardrop::likelihood::{Family, Likelihood};
/// let family: Family = "gaussian".parse()?;
/// assert_eq!(family.for_targets(2)?, Likelihood::<f32>::gaussian_learned(2));
/// # Ok::<(), vardrop::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Family {
    /// Classes.
    #[default]
    Categorical,
    /// Real values, each with a variance that is learned.
    Gaussian,
    /// Real values, each with a variance that the network predicts for each example.
    GaussianPredicted,
    /// Real values with a variance that is known.
    GaussianFixed {
        /// σ², above 0.
        variance: f64,
    },
}

impl Family {
    /// Whether the targets are classes.
    pub fn is_categorical(&self) -> bool {
        *self == Self::Categorical
    }

    /// The likelihood of so many real values, or classes.
    ///
    /// # Errors
    /// A variance out of range.
    pub fn for_targets<T: Real>(self, targets: usize) -> Result<Likelihood<T>> {
        match self {
            Self::Categorical => Ok(Likelihood::Categorical),
            Self::Gaussian => Ok(Likelihood::gaussian_learned(targets)),
            Self::GaussianPredicted => Ok(Likelihood::gaussian_predicted()),
            Self::GaussianFixed { variance } => Likelihood::gaussian_fixed(variance),
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Categorical => f.pad("categorical"),
            Self::Gaussian => f.pad("gaussian"),
            Self::GaussianPredicted => f.pad("gaussian-predicted"),
            Self::GaussianFixed { variance } => f.pad(&format!("gaussian-fixed:{variance}")),
        }
    }
}

impl FromStr for Family {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let variance = match text {
            "categorical" => return Ok(Self::Categorical),
            "gaussian" => return Ok(Self::Gaussian),
            "gaussian-predicted" => return Ok(Self::GaussianPredicted),
            other => other.strip_prefix("gaussian-fixed:").and_then(|variance| variance.parse().ok()),
        };
        let family = variance.map(|variance| Self::GaussianFixed { variance }).ok_or_else(|| {
            let expected =
                "categorical, gaussian, gaussian-predicted, or gaussian-fixed:VARIANCE, such as gaussian-fixed:1";
            Error::argument("likelihood", format!("{text:?}"), expected)
        })?;
        family.for_targets::<f64>(1)?;
        Ok(family)
    }
}

impl From<Family> for String {
    fn from(family: Family) -> Self {
        family.to_string()
    }
}

impl TryFrom<String> for Family {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_others_refused() {
        for text in ["categorical", "gaussian", "gaussian-predicted", "gaussian-fixed:0.25"] {
            assert_eq!(text.parse::<Family>().unwrap().to_string(), text);
        }
        for wrong in ["normal", "gaussian-fixed", "gaussian-fixed:0", "gaussian-fixed:x"] {
            assert!(wrong.parse::<Family>().is_err(), "{wrong}");
        }
    }
}
