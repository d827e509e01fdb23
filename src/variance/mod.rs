//! The variance of gradient estimates: Table 1 of Kingma, Salimans & Welling (2015), and what stands behind it.
//!
//! # What is measured
//!
//! - **Gradient of what.** Of the cross-entropy of the training set, with respect to the weights W of a layer (the mean of
//!   their posterior). The KL term of the lower bound does not depend on W under the log-uniform prior (section 3.3), so that
//!   this is also the gradient of the lower bound, with its sign turned.
//! - **Scaled by what.** N / M times the sum over a minibatch of M of the N training examples (equation 3): every estimate
//!   stands for the gradient of the whole training set's loss, whatever M is.
//! - **Around which mean.** The mean of the estimates themselves. Over a pass without noise it is the gradient of the full
//!   training set; with noise it is the estimator's own expectation, which is the same for the three noisy estimators (they
//!   are unbiased for one posterior) and another one without noise.
//! - **Which divisor.** n − 1 for n estimates. A pass partitions the training set at random, and the spread of the parts has
//!   then exactly the expectation that drawing them with replacement gives; of that no finite-population correction is left.
//! - **Averaged over what.** Over all weights of the layer, those of pixels that are always black included: they have a
//!   gradient of 0 and pull the bottom layer's average down.
//! - **The parameters** are those that the last step of training left, unless it is said that they are their moving average.
//!
//! # What is in it
//!
//! [`GradientSampler`] draws an [`Estimator`]'s gradient for any network and minibatch; [`Moments`] streams mean and variance;
//! [`measure`] makes a column of Table 1 with bootstrap intervals; [`decompose`] splits the variance into the minibatch's and
//! the noise's share; [`NoiseSpectrum`] says in how many directions the noise lies; [`VarianceRecord`] keeps a result, and
//! [`table1`] puts records beside the paper.

mod cost;
mod decomposition;
mod flipout;
mod gradient;
mod interval;
mod measure;
mod moments;
pub(crate) mod networks;
mod record;
mod rise;
mod separate;
mod side_by_side;
mod spectrum;
#[cfg(feature = "blas")]
mod spectrum_of_draws;
pub(crate) mod table1;

pub use crate::estimator::Estimator;
pub use cost::{cost_table, pass_table};
pub use decomposition::{DecompositionPlan, Share, VarianceLaw, decompose};
pub use gradient::GradientSampler;
pub use interval::Interval;
pub use measure::{LayerVariance, Measurement, Plan, measure, measure_all};
pub use moments::Moments;
pub use record::{Trained, VarianceRecord};
pub use rise::{open_sets, rise_table};
pub use side_by_side::measured;
pub use spectrum::NoiseSpectrum;
#[cfg(feature = "blas")]
pub use spectrum_of_draws::noise_spectrum;
pub use table1::{ratios_to_paper, table1, table1_as_printed, table1_order, table1_points};
