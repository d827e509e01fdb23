//! The innermost loops for AVX2 with FMA.

mod lists;
mod registers;
mod tile;

use lists::{by_strip, list, list_columns, square};
use registers::{dot, fetch, transpose};
use tile::by_columns;

use super::loops::{Block, Entry, Line, Loops, Strip, Tile};

/// Proof that the processor has AVX2 and FMA: only [`Self::detect`] makes one.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Avx2(());

impl Avx2 {
    pub(in crate::engine) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Self(()))
    }
}

impl Loops for Avx2 {
    /// 6 rows by 16 columns are 12 of the 16 registers.
    const ROWS: usize = 6;

    fn tile(self, tile: Tile<'_>) {
        tile.check(Self::ROWS);
        // SAFETY: the processor has AVX2 and FMA, which `self` proves, and the matrices have all of the tile.
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
        // SAFETY: the processor has AVX2 and FMA, which `self` proves; the rest is the caller's.
        unsafe { by_strip(strip) }
    }

    fn fetch(self, entries: &[Entry], out: &[f32]) {
        fetch(entries);
        fetch(out);
    }

    fn list(self, marks: &[f32], values: &[f32], first: usize, out: &mut [Entry]) -> usize {
        // SAFETY: the processor has AVX2, which `self` proves.
        unsafe { list(marks, values, first, out) }
    }

    fn list_columns(self, block: &Block<'_>, counts: &mut [u32], entries: &mut [Entry], capacity: usize) {
        // SAFETY: the processor has AVX2, which `self` proves.
        unsafe { list_columns(block, counts, entries, capacity) }
    }

    fn square(self, entries: &mut [Entry]) {
        // SAFETY: the processor has AVX2, which `self` proves.
        unsafe { square(entries) }
    }

    fn dot(self, a: &[f32], b: &[f32]) -> f32 {
        // SAFETY: the processor has AVX2 and FMA, which `self` proves.
        unsafe { dot(a, b) }
    }

    fn transpose(self, rows: &[&[f32]], lines: &mut [Line]) {
        // SAFETY: the processor has AVX2, which `self` proves.
        unsafe { transpose(rows, lines) }
    }
}
