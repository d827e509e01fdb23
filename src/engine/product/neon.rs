//! Registers of NEON, of 64-bit ARM processors.

use std::arch::aarch64::*;

use super::simd::{Simd, Work, instructions};

/// Numbers in a register.
const LANES: usize = 4;

/// Proof that the processor has NEON: only [`Self::detect`] makes one.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Neon(());

impl Neon {
    pub(super) fn detect() -> Option<Self> {
        std::arch::is_aarch64_feature_detected!("neon").then_some(Self(()))
    }
}

impl Simd for Neon {
    type Register = float32x4_t;
    const LANES: usize = LANES;

    /// Of 32 registers 24 hold a tile and 4 a row of B: 24 multiplications to 10 loads.
    const ROWS: usize = 6;
    const ACROSS: usize = 4;

    instructions! {
        "neon"
        fn splat(value: f32) -> float32x4_t { vdupq_n_f32(value) }
        fn load(values: &[f32]) -> float32x4_t {
            match values.as_array::<LANES>() {
                Some(values) => vld1q_f32(values.as_ptr()),
                None => {
                    let mut whole = [0.0; LANES];
                    whole[..values.len()].copy_from_slice(values);
                    vld1q_f32(whole.as_ptr())
                }
            }
        }
        fn store(register: float32x4_t, out: &mut [f32]) {
            match out.as_mut_array::<LANES>() {
                Some(out) => vst1q_f32(out.as_mut_ptr(), register),
                None => {
                    let mut whole = [0.0; LANES];
                    vst1q_f32(whole.as_mut_ptr(), register);
                    out.copy_from_slice(&whole[..out.len()]);
                }
            }
        }
        fn add(a: float32x4_t, b: float32x4_t) -> float32x4_t { vaddq_f32(a, b) }
        fn multiply_add(a: float32x4_t, b: float32x4_t, c: float32x4_t) -> float32x4_t { vfmaq_f32(c, a, b) }
        fn turn(square: &mut [float32x4_t]) { turn(square) }
    }
}

/// Four registers, of which each has a number of each of the others' four: numbers, and then pairs of them change places.
#[inline]
#[target_feature(enable = "neon")]
fn turn(square: &mut [float32x4_t]) {
    let square: &mut [float32x4_t; LANES] = square.try_into().expect("as many registers as lanes");
    let [a, b, c, d] = *square;
    let pairs = |a, b| (vreinterpretq_f64_f32(vtrn1q_f32(a, b)), vreinterpretq_f64_f32(vtrn2q_f32(a, b)));
    let ((even, odd), (more_even, more_odd)) = (pairs(a, b), pairs(c, d));
    *square = [
        vtrn1q_f64(even, more_even),
        vtrn1q_f64(odd, more_odd),
        vtrn2q_f64(even, more_even),
        vtrn2q_f64(odd, more_odd),
    ]
    .map(|column| vreinterpretq_f32_f64(column));
}
