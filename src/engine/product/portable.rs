//! Registers in plain Rust, for any processor.
//!
//! They are no fast way to train (a BLAS is faster), but with them every machine, and an interpreter, goes through the packing
//! and the listing around the loops.

use std::array::from_fn;

use super::simd::{Simd, Work};

/// Numbers in a register: as many as the smallest of those that processors have.
const LANES: usize = 4;

/// Every processor has what they need.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Portable;

impl Simd for Portable {
    type Register = [f32; LANES];
    const LANES: usize = LANES;
    const ROWS: usize = 6;
    const ACROSS: usize = 2;

    fn compiled<W: Work>(self, work: W) {
        work.run(self);
    }

    #[inline(always)]
    fn splat(self, value: f32) -> [f32; LANES] {
        [value; LANES]
    }

    #[inline(always)]
    fn load(self, values: &[f32]) -> [f32; LANES] {
        let mut register = [0.0; LANES];
        register[..values.len()].copy_from_slice(values);
        register
    }

    #[inline(always)]
    fn store(self, register: [f32; LANES], out: &mut [f32]) {
        out.copy_from_slice(&register[..out.len()]);
    }

    #[inline(always)]
    fn add(self, a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        from_fn(|lane| a[lane] + b[lane])
    }

    #[inline(always)]
    fn multiply_add(self, a: [f32; LANES], b: [f32; LANES], c: [f32; LANES]) -> [f32; LANES] {
        from_fn(|lane| a[lane] * b[lane] + c[lane])
    }

    #[inline(always)]
    fn turn(self, square: &mut [[f32; LANES]]) {
        let rows: [[f32; LANES]; LANES] = from_fn(|row| square[row]);
        square.copy_from_slice(&from_fn::<_, LANES, _>(|column| from_fn(|row| rows[row][column])));
    }
}
