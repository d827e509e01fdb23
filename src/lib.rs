//! Variational dropout and the local reparameterization trick (Kingma, Salimans & Welling 2015): stochastic layers, networks made of
//! them, training, and what can be measured and drawn of them.
//!
//! # What is where
//!
//! | you want to … | look at |
//! |---|---|
//! | try one layer by hand: noise, forward, backward, KL term | [`layers`] |
//! | build a network, layer by layer or by a method's name | [`Network`], [`Method`] |
//! | read images, tables or arrays of your own | [`data`] |
//! | train, stop and resume | [`training`] |
//! | write your own training loop | [`engine`], [`optimizer`] |
//! | know how sure a prediction is | [`uncertainty`] |
//! | prune a network | [`sparse`] |
//! | measure how much a gradient scatters | [`variance`] |
//! | train many networks, and compare them with the paper | [`experiment`] |
#![cfg_attr(feature = "figures", doc = "| draw any of this | [`figures`] |")]
//! | look up α, the KL terms and the draws of noise | [`noise`] |
//!
//! Every function that can fail returns a [`Result`] with an [`Error`] that says what was wrong and what to do.
//!
//! # A first example
//!
//! A network with learned noise, trained on digits that the crate draws itself:
//!
//! ```
//! use vardrop::Method;
//! use vardrop::data::{Splits, synthetic};
//! use vardrop::training::{Config, train};
//!
//! // 1,000 training, 200 validation and 200 test images. `Splits::open(&Source::Mnist, 0)` opens MNIST.
//! let splits = Splits::hold_out(synthetic(1_200, 1), synthetic(200, 2), 200)?;
//! let config = Config::new(Method::VariationalA2, &[50, 50]).epochs(3).batch_size(20).seed(1);
//! let run = train(&config, &splits, |progress| println!("{progress}"))?;
//! println!("test error {:.2} % at epoch {}", run.best.test_error_percent, run.best.epoch);
//! println!("mean α of each layer: {:.2?}", run.history.epochs[2].alpha.iter().map(|a| a.mean).collect::<Vec<_>>());
//! # assert!(run.best.test_error_percent < 60.0);
//! # Ok::<(), vardrop::Error>(())
//! ```
//!
//! [`training::Config::new`] has the protocol of the reported results for its method and widths; [`training::Preset`] names the others.
//! The number of images that are held out belongs to the splits: 0 for the reported results.
//!
//! # Any network, any data
//!
//! Each layer has its own noise, activation and weight of the KL term. A network predicts classes or real values:
//!
//! ```
//! use vardrop::Network;
//! use vardrop::data::{Dataset, Splits};
//! use vardrop::layers::{Activation, GaussianInput, GaussianOutput};
//! use vardrop::likelihood::Likelihood;
//! use vardrop::ndarray::Array2;
//! use vardrop::training::{Config, Trainer};
//!
//! let x = Array2::from_shape_fn((400, 1), |(i, _)| i as f64 / 200.0 - 1.0);
//! let y = x.mapv(|x| (3.0 * x).sin());
//! let data = Dataset::regression("sine", x, y)?;
//! let splits = Splits::hold_out(data.slice(0..360)?, data.slice(360..400)?, 40)?;
//!
//! let network = Network::builder(1)
//!     .dense(50, Activation::Tanh).noise(GaussianInput::learned(0.1))
//!     .dense(50, Activation::Tanh).noise(GaussianOutput::learned(0.1)).kl_weight(0.5)
//!     .dense(1, Activation::Identity)
//!     .likelihood(Likelihood::gaussian_learned(1))
//!     .build(1)?;
//! let config = Config::for_network(&network).epochs(20).batch_size(20).learning_rate(1e-3).averaging(0.9);
//! let mut trainer = Trainer::with_network(network, config, &splits)?;
//! trainer.run(|_| std::ops::ControlFlow::Continue(()))?;
//! let rmse = trainer.history().epochs[19].test_rmse;
//! # assert!(rmse.is_some());
//! # Ok::<(), vardrop::Error>(())
//! ```
//!
//! # Repeatable numbers
//!
//! Noise is a function of the seed, the step, the layer and the row. The same configuration gives the same numbers on one machine, bit
//! for bit, however often a run is stopped and resumed and whatever runs beside it. Two kinds of processor agree to rounding.
//!
//! # Features
//!
//! Without features (`default-features = false`) the crate is pure Rust and needs nothing of the system. By default it has `cli`,
//! `notebook` and `openblas`.
//!
//! | feature | what it adds | what it needs |
//! |---|---|---|
//! | `openblas` | matrix products by OpenBLAS, where the engine does not compute them itself; orthogonal initial weights; `variance::noise_spectrum` | the system's OpenBLAS |
//! | `blas` | the same, by a library that the program links | BLAS with the CBLAS interface, and LAPACK |
//! | `cli` | the command line, with `fetch`, `figures` and `sweep` | a C compiler |
//! | `notebook` | what a notebook's cell displays, with `figures`, `sweep` and `openblas` | OpenBLAS |
//! | `fetch` | the download of MNIST | a C compiler |
//! | `figures` | figures, interactive and as a PNG | |
//! | `sweep` | plans in TOML, and sweeps | |
//!
//! # Further reading
//!
//! The repository has `docs/architecture.md`, with the place of each of the paper's equations, `docs/results.md`, `docs/cli.md`, and a
//! folder of examples with one file for each thing that you may want to do. The paper is
//! [arXiv:1506.02557](https://arxiv.org/abs/1506.02557).

// The README's examples are compiled and run as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

// Links OpenBLAS into every artefact that uses the crate, a notebook cell's shared object included.
#[cfg(feature = "openblas")]
extern crate openblas_src as _;

pub mod data;
pub mod engine;
pub mod experiment;
#[cfg(feature = "figures")]
pub mod figures;
pub mod files;
pub mod layers;
pub mod likelihood;
pub mod network;
pub mod noise;
pub mod optimizer;
#[doc(hidden)]
pub mod shell;
pub mod sparse;
pub mod training;
pub mod uncertainty;
pub mod variance;

mod error;
mod estimator;
mod json;
mod method;
#[cfg(feature = "notebook")]
mod notebook;
mod progress;
mod provenance;
mod random;
mod real;
mod table;
mod workers;

pub use error::{Error, Result};
pub use json::to_json;
pub use method::Method;
pub use network::Network;
#[cfg(feature = "notebook")]
pub use notebook::{DisplayList, print_quarters};
pub use progress::{ProgressLines, WorkObserver, progress_lines};
pub use provenance::{Machine, Provenance, peak_memory_mib, processor};
pub use real::Real;
pub use table::{Cell, Row, Table, significant};

// Notebooks and other users meet the versions that the crate itself was built with.
pub use ndarray;
#[cfg(feature = "figures")]
pub use plotly;
pub use serde_json;
