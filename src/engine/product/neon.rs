//! The innermost loops for NEON, of 64-bit ARM processors.
//!
//! Of its 32 registers of 4 numbers, 24 hold a tile of 6 rows by 16 columns and 4 a row of B: 24 multiplications to 10 loads.

use std::arch::aarch64::{
    float32x4_t, vaddq_f32, vaddvq_f32, vdupq_n_f32, vfmaq_f32, vfmaq_n_f32, vld1q_f32, vst1q_f32,
};

use super::loops::{Block, COLUMNS, Entry, Left, Line, Loops, Strip, Tile};
use super::portable::Portable;

/// Numbers in a register.
const LANES: usize = 4;

/// Columns of C that are in registers together.
const HALF: usize = 4 * LANES;

/// Proof that the processor has NEON: only [`Self::detect`] makes one. Lists and transposes are made as [`Portable`] makes them.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Neon(());

impl Neon {
    pub(in crate::engine) fn detect() -> Option<Self> {
        std::arch::is_aarch64_feature_detected!("neon").then_some(Self(()))
    }
}

impl Loops for Neon {
    const ROWS: usize = 6;

    fn tile(self, tile: Tile<'_>) {
        tile.check(Self::ROWS);
        // SAFETY: the processor has NEON, which `self` proves.
        unsafe {
            match tile.rows {
                1 => by_columns::<1>(tile),
                2 => by_columns::<2>(tile),
                3 => by_columns::<3>(tile),
                4 => by_columns::<4>(tile),
                5 => by_columns::<5>(tile),
                _ => by_columns::<6>(tile),
            }
        }
    }

    unsafe fn strip(self, strip: Strip<'_>) {
        // SAFETY: the processor has NEON, which `self` proves; so many registers reach as many panels as the columns do; the rest is
        // the caller's.
        unsafe {
            // A multiplication takes four cycles, and two or more begin in each: with fewer registers to add to, several entries go
            // at a time.
            match strip.out.len().div_ceil(LANES) {
                0..=2 => by_entries::<2, 4>(strip),
                3 | 4 => by_entries::<4, 2>(strip),
                5..=8 => by_entries::<8, 1>(strip),
                _ => by_entries::<16, 1>(strip),
            }
        }
    }

    fn list(self, marks: &[f32], values: &[f32], first: usize, out: &mut [Entry]) -> usize {
        Portable.list(marks, values, first, out)
    }

    fn list_columns(self, block: &Block<'_>, counts: &mut [u32], entries: &mut [Entry], capacity: usize) {
        Portable.list_columns(block, counts, entries, capacity);
    }

    fn square(self, entries: &mut [Entry]) {
        Portable.square(entries);
    }

    fn dot(self, a: &[f32], b: &[f32]) -> f32 {
        // SAFETY: the processor has NEON, which `self` proves.
        unsafe { dot(a, b) }
    }

    fn transpose(self, rows: &[&[f32]], lines: &mut [Line]) {
        Portable.transpose(rows, lines);
    }
}

/// R are the tile's rows.
#[target_feature(enable = "neon")]
fn by_columns<const R: usize>(tile: Tile<'_>) {
    for half in 0..tile.columns.div_ceil(HALF) {
        let mut sums = [[vdupq_n_f32(0.0); HALF / LANES]; R];
        match tile.left {
            Left::Rows { values, stride } => {
                let rows: [&[f32]; R] = std::array::from_fn(|row| &values[row * stride..][..tile.panel.len()]);
                for (step, line) in tile.panel.iter().enumerate() {
                    multiply(&mut sums, line, half, rows.map(|row| row[step]));
                }
            }
            Left::Packed(values) => {
                for (&left, line) in values.as_chunks().0.iter().zip(tile.panel) {
                    multiply(&mut sums, line, half, left);
                }
            }
        }
        let width = (tile.columns - half * HALF).min(HALF);
        for (row, sums) in sums.iter().enumerate() {
            write_row(sums, &mut tile.out[row * tile.out_stride + half * HALF..][..width], tile.add);
        }
    }
}

/// `sums` += one column of A times a half of one row of B.
#[inline]
#[target_feature(enable = "neon")]
fn multiply<const R: usize>(sums: &mut [[float32x4_t; HALF / LANES]; R], line: &Line, half: usize, left: [f32; R]) {
    let right = line.0.as_chunks::<HALF>().0[half].as_chunks().0;
    let right: [float32x4_t; HALF / LANES] = std::array::from_fn(|vector| load(&right[vector]));
    for (sums, left) in sums.iter_mut().zip(left) {
        for (sum, &right) in sums.iter_mut().zip(&right) {
            *sum = vfmaq_n_f32(*sum, right, left);
        }
    }
}

/// V registers of C, and U entries at a time.
///
/// # Safety
/// As of [`Loops::strip`]; V registers reach as many panels as the columns do.
#[target_feature(enable = "neon")]
unsafe fn by_entries<const V: usize, const U: usize>(strip: Strip<'_>) {
    const REGISTERS: usize = COLUMNS / LANES;
    let panels = strip.panels.map(|panel| panel.as_ptr().cast::<u8>());
    let mut sums = [[vdupq_n_f32(0.0); V]; U];
    let add = |sums: &mut [float32x4_t; V], entry: Entry| {
        for (vector, sum) in sums.iter_mut().enumerate() {
            let place = entry.offset as usize + vector % REGISTERS * LANES * size_of::<f32>();
            // SAFETY: the caller's.
            let right = unsafe { vld1q_f32(panels[vector / REGISTERS].add(place).cast()) };
            *sum = vfmaq_n_f32(*sum, right, entry.value);
        }
    };
    let (whole, rest) = strip.entries.as_chunks::<U>();
    for entries in whole {
        for (sums, &entry) in sums.iter_mut().zip(entries) {
            add(sums, entry);
        }
    }
    for &entry in rest {
        add(&mut sums[0], entry);
    }
    let mut all = sums[0];
    for sums in &sums[1..] {
        for (sum, &more) in all.iter_mut().zip(sums) {
            *sum = vaddq_f32(*sum, more);
        }
    }
    write_row(&all, strip.out, strip.add);
}

/// Σ a ∘ b.
#[target_feature(enable = "neon")]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks(), b.as_chunks());
    let sum = a.iter().zip(b).fold(vdupq_n_f32(0.0), |sum, (a, b)| vfmaq_f32(sum, load(a), load(b)));
    vaddvq_f32(sum) + Portable.dot(a_rest, b_rest)
}

/// `out`, at most V registers of numbers, ← (or +=, with `add`) `sums`.
#[inline]
#[target_feature(enable = "neon")]
fn write_row<const V: usize>(sums: &[float32x4_t; V], out: &mut [f32], add: bool) {
    let (whole, rest) = out.as_chunks_mut();
    let mut sums = sums.iter();
    for (out, &sum) in whole.iter_mut().zip(&mut sums) {
        write(if add { vaddq_f32(sum, load(out)) } else { sum }, out);
    }
    if let (Some(&sum), false) = (sums.next(), rest.is_empty()) {
        let mut last = [0.0; LANES];
        write(sum, &mut last);
        for (out, sum) in rest.iter_mut().zip(last) {
            *out = if add { *out + sum } else { sum };
        }
    }
}

#[inline]
#[target_feature(enable = "neon")]
fn load(values: &[f32; LANES]) -> float32x4_t {
    // SAFETY: 4 numbers.
    unsafe { vld1q_f32(values.as_ptr()) }
}

#[inline]
#[target_feature(enable = "neon")]
fn write(sum: float32x4_t, out: &mut [f32; LANES]) {
    // SAFETY: 4 numbers.
    unsafe { vst1q_f32(out.as_mut_ptr(), sum) };
}
