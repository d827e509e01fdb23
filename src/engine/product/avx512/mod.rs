//! The innermost loops for AVX-512.

mod lists;
mod registers;
mod tile;

use lists::{by_strip, list, list_columns, square};
use registers::{dot, transpose};
use tile::by_columns;

use super::loops::{Block, Entry, Line, Loops, Strip, Tile};
use super::portable::Portable;

/// Proof that the processor has AVX-512 F: only [`Self::detect`] makes one.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Avx512(());

impl Avx512 {
    pub(in crate::engine) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx512f").then_some(Self(()))
    }
}

impl Loops for Avx512 {
    const ROWS: usize = 8;

    fn tile(self, tile: Tile<'_>) {
        tile.check(Self::ROWS);
        // SAFETY: the processor has AVX-512 F, which `self` proves, and the matrices have all of the tile.
        unsafe {
            match tile.rows {
                1 => by_columns::<1>(tile),
                2 => by_columns::<2>(tile),
                3 => by_columns::<3>(tile),
                4 => by_columns::<4>(tile),
                5 => by_columns::<5>(tile),
                6 => by_columns::<6>(tile),
                7 => by_columns::<7>(tile),
                _ => by_columns::<8>(tile),
            }
        }
    }

    unsafe fn strip(self, strip: Strip<'_>) {
        // SAFETY: the processor has AVX-512 F, which `self` proves; the rest is the caller's.
        unsafe { by_strip(strip) }
    }

    fn list(self, marks: &[f32], values: &[f32], first: usize, out: &mut [Entry]) -> usize {
        // Miri does not know the comparison and the compression of AVX-512, of which the two kinds of lists are made.
        if cfg!(miri) {
            return Portable.list(marks, values, first, out);
        }
        // SAFETY: the processor has AVX-512 F, which `self` proves.
        unsafe { list(marks, values, first, out) }
    }

    fn list_columns(self, block: &Block<'_>, counts: &mut [u32], entries: &mut [Entry], capacity: usize) {
        if cfg!(miri) {
            return Portable.list_columns(block, counts, entries, capacity);
        }
        // SAFETY: the processor has AVX-512 F, which `self` proves.
        unsafe { list_columns(block, counts, entries, capacity) }
    }

    fn square(self, entries: &mut [Entry]) {
        // SAFETY: the processor has AVX-512 F, which `self` proves.
        unsafe { square(entries) }
    }

    fn dot(self, a: &[f32], b: &[f32]) -> f32 {
        // SAFETY: the processor has AVX-512 F, which `self` proves.
        unsafe { dot(a, b) }
    }

    fn transpose(self, rows: &[&[f32]], lines: &mut [Line]) {
        // SAFETY: the processor has AVX-512 F, which `self` proves.
        unsafe { transpose(rows, lines) }
    }
}
