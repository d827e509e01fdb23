//! Noise: its rate α, its Kullback–Leibler divergence from the prior, and the samplers.
//!
//! α = p / (1 − p) is the noise *variance* relative to the mean, for dropout rate p (Srivastava et al. 2014; Kingma,
//! Salimans & Welling 2015, section 3). It is never a standard deviation.

mod binary;
mod kl;
mod rate;
pub(crate) mod shape;
mod sparse_kl;

pub use crate::random::{Generator, NoiseSource, Purpose, RowKey, fill_standard_normal, fill_standard_normal_f64};
pub use binary::fill_binary;
pub(crate) use kl::negative_kl_of_log;
pub use kl::{KL_COEFFICIENTS, negative_kl, negative_kl_slope};
pub(crate) use rate::MOST_WEIGHTS;
pub use rate::{Rates, Sharing, alpha_of_rate, rate_of_alpha};
pub(crate) use sparse_kl::additive_log_alpha;
pub use sparse_kl::{
    SMALLEST_SQUARE, SPARSE_KL_COEFFICIENTS, sparse_negative_kl, sparse_negative_kl_and_slopes,
    sparse_negative_kl_slope,
};
