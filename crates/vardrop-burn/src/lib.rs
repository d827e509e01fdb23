#![doc = include_str!("../README.md")]

mod bridge;
mod compact;
mod estimator;
pub mod guide;
mod kl;
mod layers;
mod noise;
mod objective;
mod optimizer;
mod posterior;
mod predict;
mod project;
mod prune;
mod walk;

pub use bridge::{CoreLayer, CoreMap, CoreNetwork};
pub use compact::{open_compact, save_compact};
pub use estimator::{Estimator, FlipoutNoise};
pub use kl::{log_alpha, negative_kl, normal_negative_kl, sparse_negative_kl};
pub use layers::{
    Axis, BayesianConv1d, BayesianConv2d, BayesianLinear, GaussianDropout, GaussianDropoutConfig, MeanFieldConv1d,
    MeanFieldConv1dConfig, MeanFieldConv2d, MeanFieldConv2dConfig, MeanFieldLinear, MeanFieldLinearConfig,
    SparseConv1d, SparseConv1dConfig, SparseConv2d, SparseConv2dConfig, SparseLinear, SparseLinearConfig,
    VariationalConv1d, VariationalConv1dConfig, VariationalConv2d, VariationalConv2dConfig, VariationalDropout,
    VariationalDropoutConfig, VariationalLinear, VariationalLinearConfig,
};
pub use noise::NoiseMode;
pub use objective::{LayerKl, Warmup, kl_by_layer, kl_divergence};
pub use optimizer::{Scaled, noise_parameters};
pub use posterior::{MeanField, Multiplicative, Posterior, Rates, Sparse};
pub use predict::{predictive, regression_predictive};
pub use project::project;
pub use prune::{prune, sparsity};
pub use walk::Kind;

// What the core crate and Burn have that this crate's functions take and give.
pub use burn;
pub use vardrop;
pub use vardrop::sparse::SparseLayer;
