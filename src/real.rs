//! The two kinds of floating-point numbers that the crate computes in.

use std::fmt::{Debug, Display};

use ndarray::{LinalgScalar, ScalarOperand};
use num_traits::{Float, NumAssign};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A floating-point number that BLAS multiplies: `f32` (the default everywhere) or `f64` (for gradient checks).
pub trait Real:
    Float
    + NumAssign
    + LinalgScalar
    + ScalarOperand
    + Debug
    + Display
    + Default
    + Serialize
    + DeserializeOwned
    + Send
    + Sync
    + std::iter::Sum
    + 'static
{
    /// Conversion from an `f64`, rounded to nearest.
    fn of(value: f64) -> Self;
    /// Conversion to an `f64`, exact.
    fn f64(self) -> f64;
}

impl Real for f32 {
    fn of(value: f64) -> Self {
        value as f32
    }
    fn f64(self) -> f64 {
        self.into()
    }
}

impl Real for f64 {
    fn of(value: f64) -> Self {
        value
    }
    fn f64(self) -> f64 {
        self
    }
}
