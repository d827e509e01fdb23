//! The layers: type A on activations, and linear and convolutional layers with a posterior over their weights.

mod activation_noise;
mod bayesian_conv;
mod bayesian_linear;
mod config;
mod gaussian_dropout;
mod variational_dropout;

pub use bayesian_conv::{BayesianConv1d, BayesianConv2d};
pub use bayesian_linear::BayesianLinear;
pub use config::{
    MeanFieldConv1dConfig, MeanFieldConv2dConfig, MeanFieldLinearConfig, SparseConv1dConfig, SparseConv2dConfig,
    SparseLinearConfig, VariationalConv1dConfig, VariationalConv2dConfig, VariationalLinearConfig,
};
pub use gaussian_dropout::{GaussianDropout, GaussianDropoutConfig};
pub use variational_dropout::{Axis, VariationalDropout, VariationalDropoutConfig};

use crate::posterior::{MeanField, Multiplicative, Sparse};

/// Type B in a linear layer: made by [`VariationalLinearConfig`].
pub type VariationalLinear = BayesianLinear<Multiplicative<2>>;
/// Type B in a 1D convolution: made by [`VariationalConv1dConfig`].
pub type VariationalConv1d = BayesianConv1d<Multiplicative<3>>;
/// Type B in a 2D convolution: made by [`VariationalConv2dConfig`].
pub type VariationalConv2d = BayesianConv2d<Multiplicative<4>>;
/// Sparse variational dropout in a linear layer: made by [`SparseLinearConfig`].
pub type SparseLinear = BayesianLinear<Sparse<2>>;
/// Sparse variational dropout in a 1D convolution: made by [`SparseConv1dConfig`].
pub type SparseConv1d = BayesianConv1d<Sparse<3>>;
/// Sparse variational dropout in a 2D convolution: made by [`SparseConv2dConfig`].
pub type SparseConv2d = BayesianConv2d<Sparse<4>>;
/// A linear layer with a Gaussian prior: made by [`MeanFieldLinearConfig`].
pub type MeanFieldLinear = BayesianLinear<MeanField<2>>;
/// A 1D convolution with a Gaussian prior: made by [`MeanFieldConv1dConfig`].
pub type MeanFieldConv1d = BayesianConv1d<MeanField<3>>;
/// A 2D convolution with a Gaussian prior: made by [`MeanFieldConv2dConfig`].
pub type MeanFieldConv2d = BayesianConv2d<MeanField<4>>;
