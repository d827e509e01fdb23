//! The settings of an optimizer: the rule, its step size, and the averaging of the parameters.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Which optimizer. As text: `adam`, or `sgd:0.9` with the momentum (`sgd` has 0.9).
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Algorithm {
    /// Adam (Kingma & Ba 2015), with its default decays.
    #[default]
    Adam,
    /// Stochastic gradient descent.
    Sgd {
        /// From 0 to below 1.
        momentum: f64,
    },
}

impl Algorithm {
    /// Whether it is Adam.
    pub fn is_adam(&self) -> bool {
        *self == Self::Adam
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Adam => f.pad("adam"),
            Self::Sgd { momentum } => f.pad(&format!("sgd:{momentum}")),
        }
    }
}

impl FromStr for Algorithm {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let momentum = match text {
            "adam" => return Ok(Self::Adam),
            "sgd" => Some(0.9),
            other => other.strip_prefix("sgd:").and_then(|momentum| momentum.parse().ok()),
        };
        let momentum = momentum.ok_or_else(|| {
            Error::argument("optimizer", format!("{text:?}"), "adam, sgd, or sgd:MOMENTUM, such as sgd:0.9")
        })?;
        decay("momentum", momentum)?;
        Ok(Self::Sgd { momentum })
    }
}

impl From<Algorithm> for String {
    fn from(algorithm: Algorithm) -> Self {
        algorithm.to_string()
    }
}

impl TryFrom<String> for Algorithm {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

/// What keeps a learned α at 1 or below; the paper does not say how it did (section 3.3). As text: `projection` or `sigmoid`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlphaBound {
    /// Steps are of ln α, and what a step takes above 0 is put back to 0.
    #[default]
    Projection,
    /// Steps are of t, α = 1 / (1 + e⁻ᵗ). Near 1 the gradient vanishes, and α = 1 itself cannot be left.
    Sigmoid,
}

impl AlphaBound {
    /// Whether it is the projection.
    pub fn is_projection(&self) -> bool {
        *self == Self::Projection
    }
}

impl fmt::Display for AlphaBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Projection => "projection",
            Self::Sigmoid => "sigmoid",
        })
    }
}

impl FromStr for AlphaBound {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "projection" => Ok(Self::Projection),
            "sigmoid" => Ok(Self::Sigmoid),
            other => Err(Error::argument("alpha_bound", format!("{other:?}"), "projection or sigmoid")),
        }
    }
}

/// The settings of one of the optimizers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Settings {
    /// Adam (Kingma & Ba 2015).
    Adam(AdamSettings),
    /// Stochastic gradient descent with momentum.
    Sgd(SgdSettings),
}

/// Adam's settings (Kingma & Ba 2015, algorithm 1). The default is Adam's own, with averaging over about a thousand steps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AdamSettings {
    /// Step size.
    pub learning_rate: f64,
    /// How many times larger the step of ln α is.
    pub alpha_step: f64,
    /// What keeps α at 1 or below.
    pub alpha_bound: AlphaBound,
    /// Decay of the gradient's average.
    pub beta1: f64,
    /// Decay of the squared gradient's average.
    pub beta2: f64,
    /// What is added to the root of the second moment.
    pub epsilon: f64,
    /// Decay of the parameters' average; 0 keeps the last parameters.
    pub averaging: f64,
}

impl Default for AdamSettings {
    fn default() -> Self {
        let (learning_rate, alpha_bound) = (1e-3, AlphaBound::Projection);
        Self { learning_rate, alpha_step: 1.0, alpha_bound, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, averaging: 0.999 }
    }
}

impl AdamSettings {
    /// # Errors
    /// A setting out of its range.
    pub fn check(&self) -> Result<()> {
        positive("learning_rate", self.learning_rate, "0.001")?;
        positive("alpha_step", self.alpha_step, "1")?;
        positive("epsilon", self.epsilon, "1e-8")?;
        decay("beta1", self.beta1)?;
        decay("beta2", self.beta2)?;
        decay("averaging", self.averaging)
    }
}

/// Settings of stochastic gradient descent with momentum μ: v ← μ·v + g, x ← x − η·v (Sutskever et al. 2013, in PyTorch's form).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SgdSettings {
    /// Step size η.
    pub learning_rate: f64,
    /// How many times larger the step of ln α is.
    pub alpha_step: f64,
    /// What keeps α at 1 or below.
    pub alpha_bound: AlphaBound,
    /// μ, from 0 to below 1.
    pub momentum: f64,
    /// Decay of the parameters' average; 0 keeps the last parameters.
    pub averaging: f64,
}

impl Default for SgdSettings {
    fn default() -> Self {
        let alpha_bound = AlphaBound::Projection;
        Self { learning_rate: 1e-2, alpha_step: 1.0, alpha_bound, momentum: 0.9, averaging: 0.999 }
    }
}

impl SgdSettings {
    /// # Errors
    /// A setting out of its range.
    pub fn check(&self) -> Result<()> {
        positive("learning_rate", self.learning_rate, "0.01")?;
        positive("alpha_step", self.alpha_step, "1")?;
        decay("momentum", self.momentum)?;
        decay("averaging", self.averaging)
    }
}

impl Settings {
    /// # Errors
    /// A setting out of its range.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::Adam(settings) => settings.check(),
            Self::Sgd(settings) => settings.check(),
        }
    }

    /// Decay of the parameters' average.
    pub(super) fn averaging(&self) -> f64 {
        match self {
            Self::Adam(settings) => settings.averaging,
            Self::Sgd(settings) => settings.averaging,
        }
    }

    /// How many times larger the step of ln α is.
    pub(super) fn alpha_step(&self) -> f64 {
        match self {
            Self::Adam(settings) => settings.alpha_step,
            Self::Sgd(settings) => settings.alpha_step,
        }
    }

    /// What keeps α at 1 or below.
    pub(super) fn alpha_bound(&self) -> AlphaBound {
        match self {
            Self::Adam(settings) => settings.alpha_bound,
            Self::Sgd(settings) => settings.alpha_bound,
        }
    }

    /// How many times larger the step of ln σ² of the targets is. Adam's steps are all about as large as the step size; this number has
    /// a long way to go, from 1 to the noise of the data, and one value for all examples, whose gradient is sure.
    pub(super) fn log_variance_step(&self) -> f64 {
        match self {
            Self::Adam(_) => 10.0,
            Self::Sgd(_) => 1.0,
        }
    }

    /// How many arrays of moments a parameter has.
    pub(crate) fn moments(&self) -> usize {
        match self {
            Self::Adam(_) => 2,
            Self::Sgd(_) => 1,
        }
    }
}

impl From<AdamSettings> for Settings {
    fn from(settings: AdamSettings) -> Self {
        Self::Adam(settings)
    }
}

impl From<SgdSettings> for Settings {
    fn from(settings: SgdSettings) -> Self {
        Self::Sgd(settings)
    }
}

/// A step is taken in single precision, in which the number must be neither 0 nor infinite.
fn positive(name: &'static str, value: f64, such_as: &str) -> Result<()> {
    if (value as f32).is_normal() && value > 0.0 {
        return Ok(());
    }
    let (least, most) = (f32::MIN_POSITIVE, f32::MAX);
    let expected = format!("a number above 0 (from {least:.1e} to {most:.1e}), such as {such_as}");
    Err(Error::argument(name, format!("{value:?}"), expected))
}

fn decay(name: &'static str, value: f64) -> Result<()> {
    if (0.0..1.0).contains(&value) {
        return Ok(());
    }
    Err(Error::argument(name, format!("{value:?}"), "a number from 0 to below 1, such as 0.9"))
}
