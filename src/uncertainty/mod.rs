//! How sure a network is, and whether it should be: the predictive distribution of drawn networks, its entropy in two parts,
//! and calibration.
//!
//! **The predictive distribution.** A network with noise of learned rate stands for a posterior q(w) over networks. The
//! class probabilities that follow from it are a mean, p(y | x) = E_q\[p(y | x, w)\] ≈ 1/K · Σₖ p(y | x, wₖ), over K
//! drawn networks (Gal & Ghahramani 2016 for dropout). [`Predictive`] draws them one after another and keeps only
//! sums.
//!
//! **Two kinds of uncertainty.** With H\[p\] = −Σ p ln p in nats, the entropy of the mean splits into
//!
//! H\[E p\] = E H\[p\] + I(y; w | x)
//!
//! - E H\[p\], the *expected entropy*: what every drawn network is unsure of (aleatoric: the image itself is ambiguous);
//! - I, the *mutual information* of the class and the network: what the drawn networks disagree about (epistemic: the
//!   training data did not settle it).
//!
//! Sources: Houlsby, Huszár, Ghahramani & Lengyel (2011), "Bayesian Active Learning for Classification and Preference
//! Learning", equation 2 (the same difference, as what a label would teach); Gal (2016), "Uncertainty in Deep
//! Learning", section 3.3.1; Depeweg, Hernández-Lobato, Doshi-Velez & Udluft (2018), "Decomposition of Uncertainty in
//! Bayesian Deep Learning for Efficient and Risk-sensitive Learning". A network without noise is one draw: its mutual
//! information is 0. With few draws it comes out too small, by about one part in K: the mean of K draws differs from the
//! true mean, and lies nearer to those draws.
//!
//! **Calibration.** Of the predictions made with confidence c, a share of c should be right. [`Calibration`] measures how far
//! that is from true: the expected calibration error (Naeini, Cooper & Hauskrecht 2015; Guo, Pleiss, Sun & Weinberger 2017,
//! equation 3). That error is also 0 for a network that only predicts how frequent each class is. So negative log-likelihood and
//! the Brier score stand beside it. They are proper scores: only the true probabilities make them best.
//!
//! **What it has never seen.** [`Detection`] says how well a score tells unknown examples from known ones. [`UnknownImages`] has it
//! of three scores for images of no class, and [`TurnedImages`] has error and uncertainty of test images that are turned.
//!
//! **Real targets.** The same for networks with a Gaussian likelihood: [`RegressionPredictive`] holds the mixture of the drawn
//! networks' normal distributions, its variance in two parts (the noise of the data, and what the drawn networks disagree
//! about), and its quantiles; [`RegressionScores`] has likelihood, CRPS and the coverage of intervals; [`QuantileCalibration`]
//! counts the targets below each predicted quantile.
//!
//! ```
//! use vardrop::Method;
//! use vardrop::data::{Splits, letters, synthetic};
//! use vardrop::training::{Config, train};
//! use vardrop::uncertainty::{Calibration, Predictive, Sampling};
//!
//! let splits = Splits::hold_out(synthetic(2_200, 1), synthetic(300, 2), 200)?;
//! let config = Config::new(Method::Binary, &[50, 50]).epochs(6).batch_size(20).learning_rate(1e-3).seed(1).threads(1);
//! let network = train(&config, &splits, |_| ())?.network;
//!
//! let sampling = Sampling::draws(16).seed(1);
//! let known = Predictive::of_dataset(&network, &splits.test, sampling)?;
//! let unknown = Predictive::of_images(&network, &letters(300, 1), sampling)?;
//! assert!(unknown.mean_uncertainty().entropy > known.mean_uncertainty().entropy);
//!
//! let calibration = known.calibration(splits.test.labels(), Calibration::BINS)?;
//! println!("{} % errors, {}", calibration.error_percent, calibration.expected_calibration_error);
//! # Ok::<(), vardrop::Error>(())
//! ```

mod calibration;
mod coverage;
mod detection;
mod draws;
mod ensemble;
mod entropy;
mod mixture;
mod prediction;
mod predictive;
mod quantile_calibration;
mod record;
mod regression;
mod regression_ensemble;
mod regression_scores;
mod sampling;
mod shift;
mod table;
mod unknown_table;

pub use calibration::{Bin, Calibration};
pub use coverage::{Coverage, ShareInterval};
pub use detection::Detection;
pub use ensemble::Ensemble;
pub use entropy::{Uncertainty, entropy};
pub use mixture::Mixture;
pub use prediction::Prediction;
pub use predictive::Predictive;
pub use quantile_calibration::{QuantileCalibration, QuantileLevel};
pub use record::{Evaluated, EvaluationRecord};
pub use regression::RegressionPredictive;
pub use regression_ensemble::RegressionEnsemble;
pub use regression_scores::RegressionScores;
pub use sampling::Sampling;
pub use shift::{TurnedImages, UnknownImages};
#[cfg(feature = "figures")]
pub(crate) use table::kinds;
pub use table::{drawing_table, evaluation_table};
pub use unknown_table::{turned_table, unknown_table};

#[cfg(all(test, feature = "figures"))]
pub(crate) use unknown_table::tests;
