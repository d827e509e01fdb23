//! The two kinds of floating-point numbers that the crate computes in.

use std::fmt::{Debug, Display};

use ndarray::{LinalgScalar, ScalarOperand};
use num_traits::{Float, NumAssign};

use crate::random::{RowKey, fill_standard_normal, fill_standard_normal_f64};

/// A floating-point number that BLAS multiplies: `f32` (the default everywhere) or `f64` (for gradient checks).
pub trait Real:
    Float
    + NumAssign
    + LinalgScalar
    + ScalarOperand
    + From<u8>
    + Debug
    + Display
    + Default
    + Send
    + Sync
    + std::iter::Sum
    + 'static
{
    /// The name of the type in safetensors files and messages.
    const NAME: &'static str;

    /// Conversion from an `f64`, rounded to nearest.
    fn of(value: f64) -> Self;

    /// Conversion to an `f64`, exact.
    fn f64(self) -> f64;

    /// The exponential function: for `f32` an inlined polynomial that the compiler vectorises, within 2 units in the
    /// last place on [−87, 88], 0 below and e⁸⁸ above.
    fn exponential(self) -> Self;

    /// The natural logarithm of a positive normal number: for `f32` an inlined polynomial, within 2 units in the last place.
    fn logarithm(self) -> Self;

    /// Appends its bytes to a file's, least significant first.
    fn write(self, out: &mut Vec<u8>);

    /// The number of as many bytes as [`Self::write`] appends.
    ///
    /// # Panics
    /// Another number of bytes.
    fn read(bytes: &[u8]) -> Self;

    /// Fills a row with draws of N(0, 1) that depend on nothing but the key and the position in the row.
    fn fill_standard_normal(key: RowKey, row: &mut [Self]);
}

impl Real for f32 {
    const NAME: &'static str = "f32";

    #[inline(always)]
    fn of(value: f64) -> Self {
        value as f32
    }
    #[inline(always)]
    fn f64(self) -> f64 {
        self.into()
    }
    #[inline(always)]
    fn exponential(self) -> Self {
        crate::random::exp(self)
    }
    #[inline(always)]
    fn logarithm(self) -> Self {
        crate::random::ln(self)
    }
    fn write(self, out: &mut Vec<u8>) {
        out.extend(self.to_le_bytes());
    }
    fn read(bytes: &[u8]) -> Self {
        Self::from_le_bytes(bytes.try_into().expect("as many bytes as the type has"))
    }
    fn fill_standard_normal(key: RowKey, row: &mut [Self]) {
        fill_standard_normal(key, row);
    }
}

impl Real for f64 {
    const NAME: &'static str = "f64";

    #[inline(always)]
    fn of(value: f64) -> Self {
        value
    }
    #[inline(always)]
    fn f64(self) -> f64 {
        self
    }
    #[inline(always)]
    fn exponential(self) -> Self {
        self.exp()
    }
    #[inline(always)]
    fn logarithm(self) -> Self {
        self.ln()
    }
    fn write(self, out: &mut Vec<u8>) {
        out.extend(self.to_le_bytes());
    }
    fn read(bytes: &[u8]) -> Self {
        Self::from_le_bytes(bytes.try_into().expect("as many bytes as the type has"))
    }
    fn fill_standard_normal(key: RowKey, row: &mut [Self]) {
        fill_standard_normal_f64(key, row);
    }
}
