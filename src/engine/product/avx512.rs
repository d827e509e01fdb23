//! The innermost loop of a product C = A·B: one tile of C, up to 8 rows by up to 32 columns, held in registers while the whole
//! of the inner dimension goes by.
//!
//! Of AVX-512's 32 registers of 16 numbers, 16 hold the tile and two a row of B; a number of A is read from memory into every
//! lane of the multiplications that use it. With 16 multiplications to 10 loads the multipliers never wait, and C is written
//! once, not once for each block of the inner dimension. (Twelve rows are no faster, and slower where A's rows are 4096 bytes
//! apart, since they then compete for the eight places of one set of the cache.)

use std::arch::x86_64::{
    __m512, __mmask16, _mm512_add_ps, _mm512_castpd_ps, _mm512_castps_pd, _mm512_fmadd_ps, _mm512_loadu_ps,
    _mm512_mask_storeu_ps, _mm512_maskz_loadu_ps, _mm512_reduce_add_ps, _mm512_set1_ps, _mm512_setzero_ps,
    _mm512_shuffle_f32x4, _mm512_unpackhi_pd, _mm512_unpackhi_ps, _mm512_unpacklo_pd, _mm512_unpacklo_ps,
};

use super::avx512_lists::{by_strip, list, list_columns, square};
use super::kernel::{Block, Left, Loops, Strip, Tile};
use super::listed::Entry;
use super::panels::{COLUMNS, Line};
use super::portable::{Portable, transpose_from};

/// Numbers in a register.
pub(super) const LANES: usize = 16;

/// Proof that the processor has AVX-512 F: only [`Self::detect`] makes one.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Avx512(());

impl Avx512 {
    pub(in crate::engine) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx512f").then_some(Self(()))
    }
}

impl Loops for Avx512 {
    fn tile(self, tile: Tile<'_>) {
        tile.check();
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

/// # Safety
/// The processor has AVX-512 F; [`Tile::check`] passes, and R are the tile's rows.
unsafe fn by_columns<const R: usize>(tile: Tile<'_>) {
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

/// A whole register.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn load(values: &[f32; LANES]) -> __m512 {
    // SAFETY: 16 numbers.
    unsafe { _mm512_loadu_ps(values.as_ptr()) }
}

/// At most 16 numbers; 0 in the other lanes.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn load_part(values: &[f32]) -> __m512 {
    // SAFETY: lanes beyond the numbers are masked.
    unsafe { _mm512_maskz_loadu_ps(lanes(values.len()), values.as_ptr()) }
}

/// What register `vector` holds of a row: 16 numbers, or fewer at its end.
#[inline]
pub(super) fn part(row: &mut [f32], vector: usize) -> &mut [f32] {
    let length = row.len();
    &mut row[(vector * LANES).min(length)..((vector + 1) * LANES).min(length)]
}

/// `out`, at most 16 numbers, ← (or +=, with `add`) `sum`.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn write(sum: __m512, out: &mut [f32], add: bool) {
    let sum = if add { _mm512_add_ps(sum, load_part(out)) } else { sum };
    // SAFETY: lanes beyond the numbers are masked.
    unsafe { _mm512_mask_storeu_ps(out.as_mut_ptr(), lanes(out.len()), sum) };
}

/// Σ a ∘ b, over as many numbers of each.
#[target_feature(enable = "avx512f")]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sum = _mm512_setzero_ps();
    for (a, b) in a.chunks(LANES).zip(b.chunks(LANES)) {
        let count = a.len().min(b.len());
        sum = _mm512_fmadd_ps(load_part(&a[..count]), load_part(&b[..count]), sum);
    }
    _mm512_reduce_add_ps(sum)
}

/// The mask of the first `count` lanes, or of all.
pub(super) fn lanes(count: usize) -> __mmask16 {
    if count >= LANES { !0 } else { (1 << count) - 1 }
}

/// Rows and columns of what is transposed at a time.
pub(super) const SIDE: usize = LANES;

/// [`Loops::transpose`]: 16 lines at a time where there are as many rows as a panel has columns.
#[target_feature(enable = "avx512f")]
fn transpose(rows: &[&[f32]], lines: &mut [Line]) {
    let mut done = 0;
    if rows.len() == COLUMNS {
        for lines in lines.chunks_exact_mut(SIDE) {
            for (half, rows) in rows.chunks_exact(SIDE).enumerate() {
                let mut by_row = [_mm512_setzero_ps(); SIDE];
                for (register, row) in by_row.iter_mut().zip(rows) {
                    *register = load_part(&row[done..done + SIDE]);
                }
                let by_column = transposed(&by_row);
                for (register, line) in by_column.into_iter().zip(&mut *lines) {
                    write(register, &mut line.0[half * SIDE..][..SIDE], false);
                }
            }
            done += SIDE;
        }
    }
    transpose_from(done, rows, lines);
}

/// Sixteen registers, of which each has a number of each of the others' sixteen: pairs of numbers, fours, and then quarters of
/// registers change places.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn transposed(by_row: &[__m512; SIDE]) -> [__m512; SIDE] {
    let mut pairs = [_mm512_setzero_ps(); SIDE];
    for row in (0..SIDE).step_by(2) {
        pairs[row] = _mm512_unpacklo_ps(by_row[row], by_row[row + 1]);
        pairs[row + 1] = _mm512_unpackhi_ps(by_row[row], by_row[row + 1]);
    }
    // fours[4·b + c] has, in its quarter q, rows 4·b to 4·b + 3 of column 4·q + c.
    let mut fours = [_mm512_setzero_ps(); SIDE];
    for block in (0..SIDE).step_by(4) {
        let [a, b, c, d] = [0, 1, 2, 3].map(|row| _mm512_castps_pd(pairs[block + row]));
        fours[block] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, c));
        fours[block + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, c));
        fours[block + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(b, d));
        fours[block + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(b, d));
    }
    let mut by_column = [_mm512_setzero_ps(); SIDE];
    for offset in 0..4 {
        let [a, b, c, d] = [0, 4, 8, 12].map(|block| fours[block + offset]);
        // Quarters 0 and 2, and 1 and 3, of two blocks; then the same of all four.
        let (even_low, even_high) = (_mm512_shuffle_f32x4::<0x88>(a, b), _mm512_shuffle_f32x4::<0x88>(c, d));
        let (odd_low, odd_high) = (_mm512_shuffle_f32x4::<0xdd>(a, b), _mm512_shuffle_f32x4::<0xdd>(c, d));
        let columns = [
            _mm512_shuffle_f32x4::<0x88>(even_low, even_high),
            _mm512_shuffle_f32x4::<0x88>(odd_low, odd_high),
            _mm512_shuffle_f32x4::<0xdd>(even_low, even_high),
            _mm512_shuffle_f32x4::<0xdd>(odd_low, odd_high),
        ];
        for (quarter, register) in columns.into_iter().enumerate() {
            by_column[4 * quarter + offset] = register;
        }
    }
    by_column
}
