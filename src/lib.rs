#![doc = include_str!("../README.md")]

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

pub use error::{Error, Result};
pub use json::to_json;
pub use method::Method;
pub use network::Network;
#[cfg(feature = "notebook")]
pub use notebook::DisplayList;
pub use progress::{ProgressLines, WorkObserver, progress_lines};
pub use provenance::{Machine, Provenance, peak_memory_mib};
pub use real::Real;
pub use table::{Cell, Row, Table, significant};

// Notebooks and other users meet the versions that the crate itself was built with.
pub use ndarray;
#[cfg(feature = "figures")]
pub use plotly;
pub use serde_json;
