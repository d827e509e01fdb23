//! The innermost loop of a product C = A·B: one tile of C, up to 8 rows by up to 32 columns, held in registers while the whole
//! of the inner dimension goes by.
//!
//! Of AVX-512's 32 registers of 16 numbers, 16 hold the tile and two a row of B; a number of A is read from memory into every
//! lane of the multiplications that use it. With 16 multiplications to 10 loads the multipliers never wait, and C is written
//! once, not once for each block of the inner dimension. (Twelve rows are no faster, and slower where A's rows are 4096 bytes
//! apart, since they then compete for the eight places of one set of the cache.)

use std::arch::x86_64::{__m512, _mm512_fmadd_ps, _mm512_set1_ps, _mm512_setzero_ps};

use super::registers::{LANES, load, part, write};
use crate::engine::product::loops::{Left, Line, Tile};

/// # Safety
/// The processor has AVX-512 F; [`Tile::check`] passes, and R are the tile's rows.
pub(super) unsafe fn by_columns<const R: usize>(tile: Tile<'_>) {
    // SAFETY: the caller's.
    unsafe { if tile.columns > LANES { by_left::<R, 2>(tile) } else { by_left::<R, 1>(tile) } }
}

/// # Safety
/// [`Tile::check`] passes, R are the tile's rows, and V registers hold its columns.
#[target_feature(enable = "avx512f")]
unsafe fn by_left<const R: usize, const V: usize>(tile: Tile<'_>) {
    let mut sums = [[_mm512_setzero_ps(); V]; R];
    match tile.left {
        Left::Rows { values, stride } => {
            let first = values.as_ptr();
            for (step, line) in tile.panel.iter().enumerate() {
                // SAFETY: the caller's: R rows of as many steps are there.
                unsafe { multiply(&mut sums, line, |row| first.add(row * stride + step)) };
            }
        }
        Left::Packed(values) => {
            let first = values.as_ptr();
            for (step, line) in tile.panel.iter().enumerate() {
                // SAFETY: the caller's: R numbers for each step are there.
                unsafe { multiply(&mut sums, line, |row| first.add(step * R + row)) };
            }
        }
    }
    for (row, sums) in sums.iter().enumerate() {
        let out = &mut tile.out[row * tile.out_stride..][..tile.columns];
        for (vector, &sum) in sums.iter().enumerate() {
            write(sum, part(out, vector), tile.add);
        }
    }
}

/// `sums` += one column of A times one row of B.
///
/// # Safety
/// `left` gives the place of a number for each of the R rows; V is 1 or 2.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn multiply<const R: usize, const V: usize>(
    sums: &mut [[__m512; V]; R],
    line: &Line,
    left: impl Fn(usize) -> *const f32,
) {
    let mut right = [_mm512_setzero_ps(); V];
    let line = line.0.as_chunks::<LANES>().0;
    for (vector, right) in right.iter_mut().enumerate() {
        *right = load(&line[vector]);
    }
    for (row, sums) in sums.iter_mut().enumerate() {
        // SAFETY: the caller's.
        let left = _mm512_set1_ps(unsafe { *left(row) });
        for (sum, &right) in sums.iter_mut().zip(&right) {
            *sum = _mm512_fmadd_ps(left, right, *sum);
        }
    }
}
