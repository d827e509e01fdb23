//! # Which layer do I want?
//!
//! | I want | Layer | Learned besides the weights | KL term |
//! |---|---|---|---|
//! | dropout with Gaussian noise in place of Burn's `Dropout` | [`GaussianDropout`] | nothing | none |
//! | dropout that learns its own rate, by unit or channel | [`VariationalDropout`] | α of each unit | for each unit |
//! | the same for weights: less correlated noise, a rate for each weight | [`VariationalLinear`], [`VariationalConv2d`] | α | for each weight |
//! | few weights: most of them become 0 | [`SparseLinear`], [`SparseConv2d`] | σ² of each weight | for each weight |
//! | a posterior over weights with a Gaussian prior, as most papers have it | [`MeanFieldLinear`], [`MeanFieldConv2d`] | σ² of each weight | for each weight |
//!
//! - Start with [`VariationalDropout`] on a model that has `Dropout` now: nothing else of it changes.
//! - Take [`SparseLinear`] and [`SparseConv2d`] where the model shall become small: warm the KL term up ([`Warmup`]), give ln σ²
//!   a larger step ([`Scaled`]) and set Adam's ε to 1e-8; then [`sparsity`], [`prune`] and [`save_compact`].
//! - Take the mean field where the scale of the weights is known, or where a trained model is to become Bayesian (example
//!   `finetune`).
//! - Learned α stay at 1 or below: call [`project`] after each step of the optimizer.
//!
//! # Which estimator?
//!
//! All three draw from the same posterior, and each example's output has the same distribution. What differs is how the noise of
//! a minibatch's examples hangs together, and with it the variance of the gradient.
//!
//! | [`Estimator`] | Noise | Forward and backward | Use it |
//! |---|---|---|---|
//! | `LocalReparameterization` | of each output by itself | two products, and one normal draw for each output | always, unless one of the others is needed |
//! | `Flipout` | one weight sample, flipped by signs for each example | two products, and two rows of signs for each example | where the positions of an image must share their weights' noise |
//! | `WeightSample` | one weight sample for all | one product, and one normal draw for each weight | for small minibatches of large images, and to look at single functions |
//!
//! # What each costs
//!
//! A step of LeNet-5 (20-50-500-10, minibatches of 100) on two threads of an AMD EPYC, by `cargo bench -p vardrop-burn --bench costs`.
//! Times are medians of 15 steps, in turns. Memory is what three steps add to the process. The variance is that of the gradient of one
//! minibatch's cross-entropy over 100 draws of the noise, averaged over the weights of the second convolution and of the first linear
//! layer, as multiples of the first noisy row's. All noise has α = 0.25, in a network that was trained without noise.
//!
//! | Layers | Estimator | Forward (ms) | Backward (ms) | Memory (MiB) | Variance, convolution | Variance, linear |
//! |---|---|---:|---:|---:|---:|---:|
//! | Burn's own | no noise | 23 | 27 | 21 | 0 | 0 |
//! | `Variational…` | local reparameterization | 46 | 59 | 40 | 1 | 1 |
//! | `Sparse…` | local reparameterization | 47 | 54 | 40 | 1.1 | 1.1 |
//! | `MeanField…` | local reparameterization | 39 | 53 | 35 | 1.0 | 1.1 |
//! | `Variational…` | flipout | 38 | 60 | 43 | 2.5 | 3.3 |
//! | `Sparse…` | flipout | 37 | 60 | 42 | 1.5 | 2.0 |
//! | `MeanField…` | flipout | 41 | 54 | 37 | 1.4 | 2.0 |
//! | `Variational…` | weight sample | 25 | 37 | 37 | 22 | 22 |
//! | `Sparse…` | weight sample | 23 | 35 | 34 | 13 | 14 |
//! | `MeanField…` | weight sample | 25 | 37 | 29 | 15 | 18 |
//! | `GaussianDropout` | type A | 20 | 28 | 23 | 3.9 | 5.8 |
//! | `VariationalDropout` | type A | 21 | 31 | 27 | 4.2 | 6.2 |
//!
//! Local reparameterization and flipout take two convolutions for each layer, a weight sample one. For the same variance a weight sample
//! would need more than ten times the draws. Rows of one estimator differ by little, for their noise is the same: what differs is
//! what is learned of it, and the KL term. Times on a shared machine are good to about a fifth. `make bench-burn` measures all of it on
//! yours, and a step beside JAX.
//!
//! In a convolution, local reparameterization gives every position noise of its own, as if each position had weights of its own. That
//! is what Molchanov, Ashukha & Vetrov (2017) train with. It has the right variance at each position, and not the covariance
//! between positions; `Flipout` and `WeightSample` have both.
//!
//! # When is there noise?
//!
//! | | `forward` | `drawn` | `mean` |
//! |---|---|---|---|
//! | device with autodiff | noise | noise | none |
//! | other devices, and `model.valid()` | none | noise | none |
//! | a frozen layer (`Module::freeze`) | none | noise | none |
//! | inside of [`NoiseMode::Always`]`.during(…)` | noise | noise | none |
//! | inside of [`NoiseMode::Never`]`.during(…)` | none | noise | none |
//!
//! [`predictive`] and [`regression_predictive`] draw under [`NoiseMode::Always`] by themselves.
//!
//! [`Estimator`]: crate::Estimator
//! [`GaussianDropout`]: crate::GaussianDropout
//! [`MeanFieldConv2d`]: crate::MeanFieldConv2d
//! [`MeanFieldLinear`]: crate::MeanFieldLinear
//! [`NoiseMode::Always`]: crate::NoiseMode::Always
//! [`NoiseMode::Never`]: crate::NoiseMode::Never
//! [`Scaled`]: crate::Scaled
//! [`SparseConv2d`]: crate::SparseConv2d
//! [`SparseLinear`]: crate::SparseLinear
//! [`VariationalConv2d`]: crate::VariationalConv2d
//! [`VariationalDropout`]: crate::VariationalDropout
//! [`VariationalLinear`]: crate::VariationalLinear
//! [`Warmup`]: crate::Warmup
//! [`predictive`]: crate::predictive
//! [`project`]: crate::project
//! [`prune`]: crate::prune
//! [`regression_predictive`]: crate::regression_predictive
//! [`save_compact`]: crate::save_compact
//! [`sparsity`]: crate::sparsity
