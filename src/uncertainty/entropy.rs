//! The entropy of a prediction, and its two parts.

use std::iter::Sum;
use std::ops::{Add, Div};

use serde::{Deserialize, Serialize};

/// H\[p\] = −Σ p ln p in nats, with 0 ln 0 = 0: from 0 (certain) to ln C (C classes alike).
///
/// ```
/// use vardrop::uncertainty::entropy;
///
/// assert_eq!(entropy(&[0.0, 1.0]), 0.0);
/// assert!((entropy(&[0.25; 4]) - 4f64.ln()).abs() < 1e-15);
/// ```
pub fn entropy(probabilities: &[f64]) -> f64 {
    entropy_of(probabilities.iter().copied())
}

/// [`entropy`] of probabilities that are not in one slice.
pub(super) fn entropy_of(probabilities: impl Iterator<Item = f64>) -> f64 {
    // From 0.0, and not by `sum`, whose empty sum is −0.
    probabilities.filter(|&p| p > 0.0).fold(0.0, |sum, p| sum - p * p.ln())
}

/// How unsure a prediction is, in nats. The module's documentation has the formulas and their sources.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Uncertainty {
    /// H\[E p\], all of it: the entropy of the mean class probabilities.
    pub entropy: f64,
    /// E H\[p\], aleatoric: the mean entropy of the drawn networks' class probabilities.
    pub expected_entropy: f64,
    /// Their difference, epistemic: the mutual information of the class and the drawn network. Never below 0.
    pub mutual_information: f64,
}

impl Uncertainty {
    /// The split of an entropy. It is concave, so that the difference falls below 0 by rounding alone, and is then 0.
    pub(super) fn new(entropy: f64, expected_entropy: f64) -> Self {
        Self { entropy, expected_entropy, mutual_information: (entropy - expected_entropy).max(0.0) }
    }

    /// The mean of each of the three; `None` of nothing.
    pub fn mean(all: &[Self]) -> Option<Self> {
        (!all.is_empty()).then(|| all.iter().copied().sum::<Self>() / all.len() as f64)
    }
}

impl Add for Uncertainty {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            entropy: self.entropy + other.entropy,
            expected_entropy: self.expected_entropy + other.expected_entropy,
            mutual_information: self.mutual_information + other.mutual_information,
        }
    }
}

impl Sum for Uncertainty {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::new(0.0, 0.0), Add::add)
    }
}

impl Div<f64> for Uncertainty {
    type Output = Self;

    fn div(self, by: f64) -> Self {
        Self {
            entropy: self.entropy / by,
            expected_entropy: self.expected_entropy / by,
            mutual_information: self.mutual_information / by,
        }
    }
}
