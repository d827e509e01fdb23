//! Dense layers with noise in them, in plain ndarray: a product, one file for each kind of noise, and the activations. Each file
//! states its formulas with the paper's equation numbers and has the forward pass, the backward pass and the KL term side by side.
//!
//! With A the input (examples × in) and W the weights (in × out):
//!
//! | noise | output before the activation | file |
//! |---|---|---|
//! | [`Noise::None`] | A·W + b | [`dense`] |
//! | [`Binary`] | (A ∘ ξ)·W + b, ξ ~ Bernoulli(1 − p) / (1 − p) | [`binary`] |
//! | [`GaussianInput`] (type A) | (A ∘ ξ)·W + b, ξ ~ N(1, α) | [`gaussian_input`] |
//! | [`GaussianOutput`] (type B) | N(A·W + b, A²·(α ∘ W²)) | [`local_reparameterization`] |
//! | [`Additive`] | N(A·W + b, A²·σ²) | [`additive`] |
//!
//! ```
//! use vardrop::layers::{GaussianOutput, Layer};
//! use vardrop::ndarray::array;
//! use vardrop::noise::{Rates, Sharing};
//!
//! // One layer of two inputs and one output, with α = 0.25 for each weight.
//! let noise = GaussianOutput { rates: Rates::new(0.25, Sharing::Weight, true, 2, 1)? };
//! let layer = Layer::<f64>::new(array![[1.0], [2.0]], array![0.5], noise)?;
//!
//! // Mean 3·1 + 1·2 + 0.5 = 5.5; variance 3²·0.25·1² + 1²·0.25·2² = 3.25. A draw of ε = 2 gives 5.5 + 2·√3.25.
//! let (output, tape) = layer.forward(array![[3.0, 1.0]].view(), Some(array![[2.0]].view()))?;
//! assert!((output[(0, 0)] - (5.5 + 2.0 * 3.25_f64.sqrt())).abs() < 1e-12);
//!
//! // The gradients of a loss whose derivative with respect to the output is 1.
//! let gradients = layer.backward(&tape, array![[1.0]].view())?;
//! assert_eq!(gradients.bias, array![1.0]);
//! assert_eq!(gradients.noise.dim(), (2, 1));
//! # Ok::<(), vardrop::Error>(())
//! ```

mod activation;
pub mod additive;
pub mod binary;
pub mod dense;
pub mod gaussian_input;
mod kind;
mod layer;
pub mod local_reparameterization;
mod noisy;

pub use activation::Activation;
pub use additive::{Additive, Prior};
pub use binary::Binary;
pub use gaussian_input::GaussianInput;
pub use kind::Noise;
pub use layer::{Layer, LayerGradients};
pub use local_reparameterization::GaussianOutput;
pub use noisy::Tape;

pub(crate) use activation::{add_bias, multiply, rectifier_gate};
pub(crate) use gaussian_input::rate_gradient;
pub(crate) use local_reparameterization::{add_kl_gradient, add_noise, add_variance_path, square};
pub(crate) use noisy::GradientRow;
