//! Features and real targets brought to mean 0 and standard deviation 1, and predictions brought back.

use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The mean and the scale of one column: z = (x − mean) / scale.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    /// The mean of the training examples.
    pub mean: f64,
    /// Their standard deviation (divisor n), or 1 where all are equal.
    pub scale: f64,
}

impl Scale {
    pub(super) fn of(column: ArrayView1<'_, f64>) -> Self {
        let n = column.len() as f64;
        if column.iter().all(|x| *x == column[0]) {
            return Self { mean: column[0], scale: 1.0 };
        }
        let mean = column.iter().map(|x| x / n).sum::<f64>();
        // Relative to the largest, so that no square overflows or vanishes.
        let largest = column.iter().fold(0.0_f64, |largest, x| largest.max((x - mean).abs()));
        let squares: f64 = column.iter().map(|x| ((x - mean) / largest).powi(2)).sum();
        Self { mean, scale: largest * (squares / n).sqrt() }
    }

    /// (x − mean) / scale.
    pub fn apply(&self, value: f64) -> f64 {
        (value - self.mean) / self.scale
    }

    /// mean + scale · z: what [`Self::apply`] was applied to.
    pub fn undo(&self, standardised: f64) -> f64 {
        self.mean + self.scale * standardised
    }
}

/// What features and real targets were standardised by: learned only from training examples, and applied to all others.
///
/// ```
/// use vardrop::data::{Dataset, Standardisation};
/// use vardrop::ndarray::array;
///
/// let houses = Dataset::regression("houses", array![[3.0], [5.0]], array![[100.0], [300.0]])?;
/// let standardisation = Standardisation::of(&houses)?;
/// let standardised = standardisation.apply(&houses)?;
/// assert_eq!(standardised.values().unwrap(), array![[-1.0], [1.0]]);
/// // A prediction of 0.5 ± 0.1 there, in the units of the data.
/// assert_eq!(standardisation.to_units(0, 0.5, 0.1), (250.0, 10.0));
/// # Ok::<(), vardrop::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standardisation {
    /// Of each feature; empty where the features are images, which stay as they are.
    pub features: Vec<Scale>,
    /// Of each quantity that is predicted; empty where the targets are classes.
    pub targets: Vec<Scale>,
}

impl Standardisation {
    /// A prediction's mean and standard deviation for a quantity, in the units of the data. A log-density is the standardised one
    /// less the logarithm of `targets[quantity].scale`.
    ///
    /// # Panics
    /// A quantity that does not exist.
    pub fn to_units(&self, quantity: usize, mean: f64, deviation: f64) -> (f64, f64) {
        let scale = self.targets[quantity];
        (scale.undo(mean), scale.scale * deviation)
    }

    pub(super) fn check(&self) -> Result<()> {
        for (what, scales) in [("scale of a feature", &self.features), ("scale of a target", &self.targets)] {
            let unfit = |scale: &Scale| !(scale.mean.is_finite() && scale.scale.is_finite() && scale.scale > 0.0);
            if let Some(column) = scales.iter().position(unfit) {
                let Scale { mean, scale } = scales[column];
                let value = format!("{scale} about the mean {mean} (column {column}, counted from 0)");
                return Err(Error::argument(what, value, "finite numbers, the scale positive: rescale the column"));
            }
        }
        Ok(())
    }
}
