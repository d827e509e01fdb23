//! Registers of 16 numbers: read, written, added up and transposed.

use std::arch::x86_64::{
    __m512, __mmask16, _mm512_add_ps, _mm512_castpd_ps, _mm512_castps_pd, _mm512_fmadd_ps, _mm512_loadu_ps,
    _mm512_mask_storeu_ps, _mm512_maskz_loadu_ps, _mm512_reduce_add_ps, _mm512_setzero_ps, _mm512_shuffle_f32x4,
    _mm512_unpackhi_pd, _mm512_unpackhi_ps, _mm512_unpacklo_pd, _mm512_unpacklo_ps,
};

use crate::engine::product::loops::{COLUMNS, Line};
use crate::engine::product::portable::transpose_from;

/// Numbers in a register.
pub(super) const LANES: usize = 16;

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
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
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

/// [`super::Loops::transpose`]: 16 lines at a time where there are as many rows as a panel has columns.
#[target_feature(enable = "avx512f")]
pub(super) fn transpose(rows: &[&[f32]], lines: &mut [Line]) {
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
