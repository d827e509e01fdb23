//! The rate of the noise: α and how its values are shared.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::{Real, noise};

/// The most weights that a network is made with: 4 GiB of them in single precision.
pub(crate) const MOST_WEIGHTS: usize = 1 << 30;

/// α = p / (1 − p): the variance of dropout noise with mean 1 and rate p.
///
/// # Errors
/// p outside [0, 1), or not a number. p = 1 would drop everything.
///
/// ```
/// assert_eq!(vardrop::noise::alpha_of_rate(0.5)?, 1.0);
/// assert_eq!(vardrop::noise::alpha_of_rate(0.2)?, 0.25);
/// assert!(vardrop::noise::alpha_of_rate(1.0).is_err());
/// # Ok::<(), vardrop::Error>(())
/// ```
pub fn alpha_of_rate(p: f64) -> Result<f64> {
    if (0.0..1.0).contains(&p) {
        Ok(p / (1.0 - p))
    } else {
        Err(Error::argument("dropout rate p", p, "a number in [0, 1): 0 keeps everything, 0.5 drops half"))
    }
}

/// p = α / (1 + α), the inverse of [`alpha_of_rate`]: 1 for an infinite α, and NaN for a negative one, which no noise has.
pub fn rate_of_alpha(alpha: f64) -> f64 {
    match alpha {
        f64::INFINITY => 1.0,
        _ if alpha < 0.0 => f64::NAN,
        _ => alpha / (1.0 + alpha),
    }
}

/// How many values of α a layer of shape (in × out) has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sharing {
    /// One for the layer.
    Layer,
    /// One for each input unit.
    Unit,
    /// One for each weight.
    Weight,
}

/// The α of one layer's Gaussian noise, as ln α.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(serialize = "", deserialize = "T: Real"))]
pub struct Rates<T> {
    /// ln α: shape (1, 1), (in, 1) or (in, out), after how it is shared.
    #[serde(with = "super::shape")]
    pub log_alpha: Array2<T>,
    /// Whether training changes it.
    pub learned: bool,
}

impl<T: Real> Rates<T> {
    /// Rates that all start at `alpha`, for a layer with weights of shape (`inputs`, `outputs`).
    ///
    /// # Errors
    /// α negative, infinite or not a number; a learned α of 0 (ln 0 has no way back) or above 1 (where the KL term's
    /// approximation does not hold); more values than a network has weights at most, 2³⁰.
    pub fn new(alpha: f64, sharing: Sharing, learned: bool, inputs: usize, outputs: usize) -> Result<Self> {
        let allowed = if learned { alpha > 0.0 && alpha <= 1.0 } else { alpha >= 0.0 && alpha.is_finite() };
        if !allowed {
            let expected =
                if learned { "a number in (0, 1] where it is learned" } else { "a finite number, 0 or above" };
            return Err(Error::argument("alpha", alpha, expected));
        }
        if inputs.checked_mul(outputs).is_none_or(|weights| weights > MOST_WEIGHTS) {
            let expected = format!("a layer of at most {MOST_WEIGHTS} weights");
            return Err(Error::argument("shape of a layer", format!("{inputs} × {outputs}"), expected));
        }
        let shape = match sharing {
            Sharing::Layer => (1, 1),
            Sharing::Unit => (inputs, 1),
            Sharing::Weight => (inputs, outputs),
        };
        Ok(Self { log_alpha: Array2::from_elem(shape, T::of(alpha.ln())), learned })
    }

    /// [`Self::new`] for dropout noise of rate p, α = p / (1 − p).
    pub(crate) fn of_rate(rate: f64, sharing: Sharing, learned: bool, inputs: usize, outputs: usize) -> Result<Self> {
        Self::new(alpha_of_rate(rate)?, sharing, learned, inputs, outputs)
    }

    /// −KL summed over noise variables, each of which stands `multiplicity` times behind a value of α.
    pub(crate) fn negative_kl(&self, multiplicity: f64) -> f64 {
        self.log_alpha.iter().map(|x| noise::negative_kl_of_log(x.f64())).sum::<f64>() * multiplicity
    }

    /// The derivative of [`Self::negative_kl`] with respect to ln α.
    pub(crate) fn negative_kl_slope(&self, multiplicity: f64) -> Array2<T> {
        self.log_alpha.mapv(|x| T::of(multiplicity) * noise::negative_kl_slope(x.exp()))
    }

    /// ln α of one row of the weights: one value, or one for each weight.
    ///
    /// # Panics
    /// Rates that are not in standard layout.
    pub(crate) fn row(&self, row: usize) -> &[T] {
        let (rows, columns) = self.log_alpha.dim();
        let row = if rows == 1 { 0 } else { row };
        &self.log_alpha.as_slice().expect("rates are in standard layout")[row * columns..(row + 1) * columns]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_out_of_range_is_an_error_that_names_it() {
        for p in [-0.1, 1.0, 1.5, f64::NAN, f64::INFINITY] {
            let message = alpha_of_rate(p).unwrap_err().to_string();
            assert!(message.contains(&p.to_string()) && message.contains("[0, 1)"), "{message}");
        }
        assert_eq!(alpha_of_rate(0.0).unwrap(), 0.0);
    }

    #[test]
    fn rate_and_alpha_are_inverse() {
        for k in 0..100 {
            let p = f64::from(k) / 100.0;
            assert!((rate_of_alpha(alpha_of_rate(p).unwrap()) - p).abs() < 1e-15);
        }
        assert_eq!(rate_of_alpha(f64::INFINITY), 1.0);
        assert!(rate_of_alpha(-2.0).is_nan() && rate_of_alpha(f64::NAN).is_nan());
    }

    #[test]
    fn rates_that_cannot_be_learned_are_refused() {
        for alpha in [0.0, 1.5, -1.0, f64::NAN] {
            assert!(Rates::<f64>::new(alpha, Sharing::Unit, true, 3, 2).is_err(), "{alpha}");
        }
        assert!(Rates::<f64>::new(1.5, Sharing::Layer, false, 3, 2).is_ok());
        assert!(Rates::<f64>::new(0.0, Sharing::Layer, false, 3, 2).is_ok());
        assert!(Rates::<f64>::new(f64::INFINITY, Sharing::Layer, false, 3, 2).is_err());
        for (inputs, outputs) in [(usize::MAX, 2), (1 << 20, 1 << 20)] {
            let message = Rates::<f32>::new(0.5, Sharing::Weight, true, inputs, outputs).unwrap_err().to_string();
            assert!(message.contains(&format!("{inputs} × {outputs}")), "{message}");
        }
    }
}
