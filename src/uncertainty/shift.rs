//! What a network makes of images that are unlike those of its training: images of no class, and turned images.
//!
//! How predictions hold up when the data shift is what Ovadia et al. (2019), "Can You Trust Your Model's Uncertainty?", measure; that a
//! network's confidence tells known from unknown is the baseline of Hendrycks & Gimpel (2017), with the AUROC as its measure.

use serde::{Deserialize, Serialize};

use super::calibration::Calibration;
use super::detection::Detection;
use super::entropy::Uncertainty;
use super::predictive::Predictive;
use crate::error::Result;

/// How well a network's uncertainty tells images that no class fits from those that it knows: the area under the receiver operating
/// characteristic of each of three scores, 0.5 for chance and 1 for scores that tell all apart.
///
/// ```
/// use vardrop::ndarray::array;
/// use vardrop::uncertainty::{Ensemble, UnknownImages};
///
/// let predictive = |probabilities: vardrop::ndarray::Array2<f64>| {
///     let mut ensemble = Ensemble::new(probabilities.nrows(), probabilities.ncols())?;
///     ensemble.add(probabilities.view())?;
///     ensemble.predictive()
/// };
/// let known = predictive(array![[0.99, 0.01], [0.1, 0.9]])?;
/// let unknown = predictive(array![[0.6, 0.4], [0.95, 0.05], [0.5, 0.5]])?;
/// // Five of the six pairs of a known and an unknown image are in order.
/// let found = UnknownImages::of("others", &known, &unknown)?;
/// assert!((found.entropy.auroc - 5.0 / 6.0).abs() < 1e-15);
/// assert_eq!(found.mutual_information, None);
/// # Ok::<(), vardrop::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnknownImages {
    /// What the unknown images are.
    pub images: String,
    /// By the entropy of the prediction.
    pub entropy: Detection,
    /// By the mutual information; `None` where the predictions are of one network without noise, which has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mutual_information: Option<Detection>,
    /// By 1 − the largest class probability.
    pub least_confidence: Detection,
    /// How unsure the predictions for the unknown images are, the mean over them.
    pub uncertainty: Uncertainty,
}

impl UnknownImages {
    /// From the same network's predictions, or the same networks', for known and for unknown images.
    ///
    /// # Errors
    /// As [`Detection::of`].
    pub fn of(images: impl Into<String>, known: &Predictive, unknown: &Predictive) -> Result<Self> {
        let detection = |score: fn(&Predictive) -> Vec<f64>| Detection::of(&score(known), &score(unknown));
        let disagree = |all: &[Uncertainty]| all.iter().any(|uncertainty| uncertainty.mutual_information > 0.0);
        let several = disagree(known.uncertainties()) || disagree(unknown.uncertainties());
        let information = |predictive: &Predictive| scores(predictive, |split| split.mutual_information);
        Ok(Self {
            images: images.into(),
            entropy: detection(|predictive| scores(predictive, |split| split.entropy))?,
            mutual_information: several.then(|| detection(information)).transpose()?,
            least_confidence: detection(|predictive| {
                predictive
                    .probabilities()
                    .outer_iter()
                    .map(|row| 1.0 - row.iter().copied().fold(0.0, f64::max))
                    .collect()
            })?,
            uncertainty: unknown.mean_uncertainty(),
        })
    }
}

fn scores(predictive: &Predictive, score: impl Fn(&Uncertainty) -> f64) -> Vec<f64> {
    predictive.uncertainties().iter().map(score).collect()
}

/// Error and uncertainty of images that are all turned by one angle.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TurnedImages {
    /// The angle, counter-clockwise.
    pub degrees: f64,
    /// Number of images.
    pub examples: usize,
    /// Percentage of them that are not predicted as their label. A 6 that is turned by 180° is a 9, and counts as wrong.
    pub error_percent: f64,
    /// Mean of the largest class probability.
    pub mean_confidence: f64,
    /// How unsure the predictions are, the mean over the images.
    pub uncertainty: Uncertainty,
}

impl TurnedImages {
    /// Degrees from one angle to the next where a whole turn is shown.
    pub const STEP: f64 = 15.0;

    /// The angles of a whole turn, from 0° in steps of [`Self::STEP`].
    pub fn angles() -> Vec<f64> {
        (0..24).map(|step| f64::from(step) * Self::STEP).collect()
    }

    /// From the predictions for the turned images, and their labels.
    ///
    /// # Errors
    /// As [`Calibration::of`].
    pub fn of(degrees: f64, predictive: &Predictive, labels: &[usize]) -> Result<Self> {
        let Calibration { examples, error_percent, mean_confidence, .. } = predictive.calibration(labels, 1)?;
        Ok(Self { degrees, examples, error_percent, mean_confidence, uncertainty: predictive.mean_uncertainty() })
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;
    use crate::uncertainty::Ensemble;

    fn predictive(networks: &[Array2<f64>]) -> Predictive {
        let mut ensemble = Ensemble::new(networks[0].nrows(), networks[0].ncols()).unwrap();
        networks.iter().for_each(|network| ensemble.add(network.view()).unwrap());
        ensemble.predictive().unwrap()
    }

    /// The two networks agree on the known image and disagree on the unknown ones, whose mean is more certain for one of them.
    #[test]
    fn each_score_has_its_own_area() {
        let known = predictive(&[array![[0.7, 0.3]], array![[0.7, 0.3]]]);
        let unknown = predictive(&[array![[1.0, 0.0], [1.0, 0.0]], array![[0.6, 0.4], [0.0, 1.0]]]);
        let found = UnknownImages::of("two", &known, &unknown).unwrap();
        assert_eq!((found.entropy.auroc, found.least_confidence.auroc), (0.5, 0.5));
        assert_eq!(found.mutual_information.unwrap().auroc, 1.0);
        assert_eq!((found.entropy.known, found.entropy.unknown, &found.images[..]), (1, 2, "two"));
        assert_eq!(found.uncertainty, unknown.mean_uncertainty());
    }

    #[test]
    fn turned_images_have_the_error_and_the_confidence_of_their_predictions() {
        let predictive = predictive(&[array![[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.5, 0.5]]]);
        let turned = TurnedImages::of(15.0, &predictive, &[0, 1, 1, 0]).unwrap();
        assert_eq!((turned.degrees, turned.examples, turned.error_percent), (15.0, 4, 50.0));
        assert!((turned.mean_confidence - 0.7).abs() < 1e-12);
        assert_eq!(turned.uncertainty, predictive.mean_uncertainty());
        assert!(TurnedImages::of(15.0, &predictive, &[0, 1]).is_err());
    }

    #[test]
    fn a_whole_turn_has_24_angles() {
        let angles = TurnedImages::angles();
        assert_eq!((angles.len(), angles[0], angles[23]), (24, 0.0, 345.0));
    }
}
