//! Activations h = f(x), and their slopes f′(x).

use std::fmt;
use std::str::FromStr;

use multiversion::multiversion;
use serde::{Deserialize, Serialize};

use crate::Real;
use crate::error::{Error, Result};

/// The function that is applied to a layer's output, unit by unit. As text it is its name; `leaky-relu:0.2` has another slope than 0.01.
///
/// ```
/// use vardrop::layers::Activation;
/// assert_eq!(Activation::Relu.value(-1.5), 0.0);
/// assert_eq!(Activation::Tanh.slope(0.0), 1.0);
/// assert_eq!("leaky-relu:0.2".parse::<Activation>()?.value(-1.0), -0.2);
/// # Ok::<(), vardrop::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Activation {
    /// f(x) = x.
    #[default]
    Identity,
    /// The rectified linear unit, max(x, 0); its slope at 0 is 0.
    Relu,
    /// x where it is positive, else `slope`·x.
    LeakyRelu {
        /// The slope for negative numbers, from 0 to below 1.
        slope: f64,
    },
    /// The hyperbolic tangent.
    Tanh,
    /// ln(1 + eˣ).
    Softplus,
    /// 1 / (1 + e⁻ˣ).
    Sigmoid,
    /// x·Φ(x), Φ the standard normal distribution (Hendrycks & Gimpel 2016), exact and not by its approximation with tanh.
    Gelu,
}

const NAMES: &str = "identity, relu, leaky-relu, tanh, softplus, sigmoid, gelu";

impl Activation {
    /// f(x). A NaN stays a NaN.
    #[inline(always)]
    pub fn value<T: Real>(self, x: T) -> T {
        match self {
            Self::Identity => x,
            Self::Relu => {
                if x < T::zero() {
                    T::zero()
                } else {
                    x
                }
            }
            Self::LeakyRelu { slope } => {
                if x < T::zero() {
                    T::of(slope) * x
                } else {
                    x
                }
            }
            Self::Tanh => x.tanh(),
            // Without overflow for large x, and with its digits for very negative ones.
            Self::Softplus => x.max(T::zero()) + (-x.abs()).exp().ln_1p(),
            Self::Sigmoid => sigmoid(x),
            Self::Gelu => T::of(x.f64() * normal_cdf(x.f64())),
        }
    }

    /// f′(x).
    #[inline(always)]
    pub fn slope<T: Real>(self, x: T) -> T {
        let one = T::one();
        match self {
            Self::Identity => one,
            Self::Relu => {
                if x > T::zero() {
                    one
                } else {
                    T::zero()
                }
            }
            Self::LeakyRelu { slope } => {
                if x > T::zero() {
                    one
                } else {
                    T::of(slope)
                }
            }
            Self::Tanh => {
                let h = x.tanh();
                one - h * h
            }
            Self::Softplus => sigmoid(x),
            Self::Sigmoid => {
                let h = sigmoid(x);
                h * (one - h)
            }
            Self::Gelu => {
                let x = x.f64();
                let density = (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
                T::of(normal_cdf(x) + x * density)
            }
        }
    }

    /// For one row: `out` ← f(x + b), and, unless it is empty, `slopes` ← f′(x + b).
    pub(crate) fn apply_row<T: Real>(self, row: &[T], bias: &[T], out: &mut [T], slopes: &mut [T]) {
        match self {
            Self::Relu if slopes.is_empty() => rectify(row, bias, out),
            _ => {
                for ((h, &x), &b) in out.iter_mut().zip(row).zip(bias) {
                    *h = self.value(x + b);
                }
                for ((slope, &x), &b) in slopes.iter_mut().zip(row).zip(bias) {
                    *slope = self.slope(x + b);
                }
            }
        }
    }

    /// Whether its slopes must be kept for the way back: not where they are 1, or can be read off the output.
    pub(crate) fn keeps_slopes(self) -> bool {
        !matches!(self, Self::Identity | Self::Relu)
    }

    /// Whether its parameter is in range.
    pub(crate) fn check(self) -> Result<()> {
        match self {
            Self::LeakyRelu { slope } if !(0.0..1.0).contains(&slope) => {
                Err(Error::argument("slope of leaky-relu", slope, "a number from 0 to below 1, such as 0.01"))
            }
            _ => Ok(()),
        }
    }
}

fn sigmoid<T: Real>(x: T) -> T {
    let one = T::one();
    // Of the two forms the one whose exponential does not overflow.
    if x >= T::zero() {
        one / (one + (-x).exp())
    } else {
        let e = x.exp();
        e / (one + e)
    }
}

fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity => f.pad("identity"),
            Self::Relu => f.pad("relu"),
            Self::LeakyRelu { slope: 0.01 } => f.pad("leaky-relu"),
            Self::LeakyRelu { slope } => f.pad(&format!("leaky-relu:{slope}")),
            Self::Tanh => f.pad("tanh"),
            Self::Softplus => f.pad("softplus"),
            Self::Sigmoid => f.pad("sigmoid"),
            Self::Gelu => f.pad("gelu"),
        }
    }
}

impl FromStr for Activation {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let activation = match text {
            "identity" => Self::Identity,
            "relu" => Self::Relu,
            "leaky-relu" => Self::LeakyRelu { slope: 0.01 },
            "tanh" => Self::Tanh,
            "softplus" => Self::Softplus,
            "sigmoid" => Self::Sigmoid,
            "gelu" => Self::Gelu,
            other => {
                let slope = other.strip_prefix("leaky-relu:").and_then(|slope| slope.parse().ok());
                let unknown = || Error::argument("activation", format!("{other:?}"), format!("one of {NAMES}"));
                Self::LeakyRelu { slope: slope.ok_or_else(unknown)? }
            }
        };
        activation.check()?;
        Ok(activation)
    }
}

impl From<Activation> for String {
    fn from(activation: Activation) -> Self {
        activation.to_string()
    }
}

impl TryFrom<String> for Activation {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

/// x ← x + b for one row.
#[multiversion(targets = "simd")]
pub(crate) fn add_bias<T: Real>(row: &mut [T], bias: &[T]) {
    for (x, &b) in row.iter_mut().zip(bias) {
        *x += b;
    }
}

/// h = max(x + b, 0) for one row; a NaN stays a NaN, so that it is seen in the loss.
#[multiversion(targets = "simd")]
fn rectify<T: Real>(row: &[T], bias: &[T], out: &mut [T]) {
    for ((h, &x), &b) in out.iter_mut().zip(row).zip(bias) {
        let sum = x + b;
        *h = if sum < T::zero() { T::zero() } else { sum };
    }
}

/// ∂/∂x from ∂/∂h behind a rectifier: zero where h is not positive.
#[multiversion(targets = "simd")]
pub(crate) fn rectifier_gate<T: Real>(delta: &mut [T], rectified: &[T]) {
    for (d, &h) in delta.iter_mut().zip(rectified) {
        *d = if h > T::zero() { *d } else { T::zero() };
    }
}

/// x ← x ∘ y for one row.
#[multiversion(targets = "simd")]
pub(crate) fn multiply<T: Real>(row: &mut [T], factors: &[T]) {
    for (x, &y) in row.iter_mut().zip(factors) {
        *x *= y;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Activation; 7] = [
        Activation::Identity,
        Activation::Relu,
        Activation::LeakyRelu { slope: 0.2 },
        Activation::Tanh,
        Activation::Softplus,
        Activation::Sigmoid,
        Activation::Gelu,
    ];

    #[test]
    fn slopes_agree_with_finite_differences() {
        for activation in ALL {
            for k in -60..60 {
                let x = 0.1 * f64::from(k) + 0.05;
                let h = 1e-6;
                let difference = (activation.value(x + h) - activation.value(x - h)) / (2.0 * h);
                let slope = activation.slope(x);
                assert!((slope - difference).abs() < 1e-8, "{activation} at {x}: {slope}, {difference}");
            }
        }
    }

    /// In Python: math.tanh(0.7), math.log1p(math.exp(0.7)), 1/(1+math.exp(-0.7)), 0.7*0.5*math.erfc(-0.7/math.sqrt(2)).
    #[test]
    fn values_are_those_of_other_programs() {
        let expected = [
            (Activation::Tanh, 0.604_367_777_117_163_5),
            (Activation::Softplus, 1.103_186_048_885_458_6),
            (Activation::Sigmoid, 0.668_187_772_168_166_2),
            (Activation::Gelu, 0.530_625_443_443_848_9),
        ];
        for (activation, value) in expected {
            let value: f64 = value;
            assert!((activation.value(0.7) - value).abs() < 1e-12, "{activation}: {}", activation.value(0.7));
        }
    }

    #[test]
    fn extreme_numbers_stay_numbers_and_a_nan_is_seen() {
        for activation in ALL {
            for x in [-1e4_f32, -100.0, 100.0, 1e4] {
                assert!(activation.value(x).is_finite() && activation.slope(x).is_finite(), "{activation} at {x}");
            }
            assert!(activation.value(f64::NAN).is_nan(), "{activation}");
        }
    }

    #[test]
    fn names_are_read_back_and_others_refused() {
        for activation in ALL {
            assert_eq!(activation.to_string().parse::<Activation>().unwrap(), activation);
        }
        for wrong in ["swish", "leaky-relu:1", "leaky-relu:x", ""] {
            assert!(wrong.parse::<Activation>().is_err(), "{wrong}");
        }
        assert!("swish".parse::<Activation>().unwrap_err().to_string().contains("one of identity, relu"));
    }
}
