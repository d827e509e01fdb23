//! Schedules: what the step size is multiplied by as training goes on.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How the step size falls behind its constant part. As text: `linear` or `cosine`. A constant step size has no part that falls.
///
/// ```
/// use vardrop::optimizer::Schedule;
/// // Constant for 10 of 20 epochs, then to 0.
/// assert_eq!(Schedule::Linear.factor(5.0, 10.0, 20.0), 1.0);
/// assert_eq!(Schedule::Linear.factor(15.0, 10.0, 20.0), 0.5);
/// assert!((Schedule::Cosine.factor(15.0, 10.0, 20.0) - 0.5).abs() < 1e-12);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// In a straight line to 0.
    #[default]
    Linear,
    /// By half a period of a cosine to 0 (Loshchilov & Hutter 2017, equation 5, without restarts).
    Cosine,
}

impl Schedule {
    /// The factor after `done` epochs (2.5 is half way through the third): 1 up to `constant`, 0 at `all`.
    pub fn factor(self, done: f64, constant: f64, all: f64) -> f64 {
        if done <= constant {
            return 1.0;
        }
        let left = ((all - done) / (all - constant)).max(0.0);
        match self {
            Self::Linear => left,
            Self::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * (1.0 - left)).cos()),
        }
    }

    /// Whether it is the one that records of version 0.1 mean, which name none.
    pub(crate) fn is_linear(&self) -> bool {
        *self == Self::Linear
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Linear => "linear",
            Self::Cosine => "cosine",
        })
    }
}

impl FromStr for Schedule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "linear" => Ok(Self::Linear),
            "cosine" => Ok(Self::Cosine),
            other => Err(Error::argument("schedule", format!("{other:?}"), "linear or cosine")),
        }
    }
}
