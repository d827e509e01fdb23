//! The innermost loop of a product C = A·B: one tile of C, up to 6 rows by up to 32 columns, of which 16 columns at a time are held in
//! registers while the inner dimension goes by.
//!
//! Of AVX2's 16 registers of 8 numbers, 12 hold the tile, two a row of B, and one a number of A in every lane: 12 multiplications
//! to 8 loads.

use std::arch::x86_64::{__m256, _mm256_fmadd_ps, _mm256_set1_ps, _mm256_setzero_ps};

use super::registers::{LANES, load, write_row};
use crate::engine::product::loops::{Left, Line, Tile};

/// Columns of C that are in registers together.
const HALF: usize = 2 * LANES;

/// # Safety
/// The processor has AVX2 and FMA; [`Tile::check`] passes, and R are the tile's rows.
pub(super) unsafe fn by_columns<const R: usize>(mut tile: Tile<'_>) {
    for half in 0..tile.columns.div_ceil(HALF) {
        // SAFETY: the caller's; the half begins before the tile's last column.
        unsafe {
            if tile.columns - half * HALF > LANES {
                by_left::<R, 2>(&mut tile, half);
            } else {
                by_left::<R, 1>(&mut tile, half);
            }
        }
    }
}

/// # Safety
/// The processor has AVX2 and FMA; [`Tile::check`] passes, and R are the tile's rows.
#[target_feature(enable = "avx2,fma")]
unsafe fn by_left<const R: usize, const V: usize>(tile: &mut Tile<'_>, half: usize) {
    let mut sums = [[_mm256_setzero_ps(); V]; R];
    match tile.left {
        Left::Rows { values, stride } => {
            let first = values.as_ptr();
            for (step, line) in tile.panel.iter().enumerate() {
                // SAFETY: the caller's: R rows of as many steps are there.
                unsafe { multiply(&mut sums, line, half, |row| first.add(row * stride + step)) };
            }
        }
        Left::Packed(values) => {
            let first = values.as_ptr();
            for (step, line) in tile.panel.iter().enumerate() {
                // SAFETY: the caller's: R numbers for each step are there.
                unsafe { multiply(&mut sums, line, half, |row| first.add(step * R + row)) };
            }
        }
    }
    let width = (tile.columns - half * HALF).min(HALF);
    for (row, sums) in sums.iter().enumerate() {
        let out = &mut tile.out[row * tile.out_stride + half * HALF..][..width];
        write_row(sums, out, tile.add);
    }
}

/// `sums` += one column of A times a half of one row of B.
///
/// # Safety
/// `left` gives the place of a number for each of the R rows; V is 1 or 2.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn multiply<const R: usize, const V: usize>(
    sums: &mut [[__m256; V]; R],
    line: &Line,
    half: usize,
    left: impl Fn(usize) -> *const f32,
) {
    let mut right = [_mm256_setzero_ps(); V];
    let line = line.0.as_chunks::<HALF>().0[half].as_chunks::<LANES>().0;
    for (vector, right) in right.iter_mut().enumerate() {
        *right = load(&line[vector]);
    }
    for (row, sums) in sums.iter_mut().enumerate() {
        // SAFETY: the caller's.
        let left = _mm256_set1_ps(unsafe { *left(row) });
        for (sum, &right) in sums.iter_mut().zip(&right) {
            *sum = _mm256_fmadd_ps(left, right, *sum);
        }
    }
}
