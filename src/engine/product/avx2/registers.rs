//! Registers of 8 numbers: read, written, added up and transposed.

use std::arch::x86_64::{
    __m256, __m256i, _MM_HINT_T0, _mm_prefetch, _mm256_add_ps, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_loadu_si256,
    _mm256_maskload_ps, _mm256_maskstore_ps, _mm256_permute2f128_ps, _mm256_setzero_ps, _mm256_shuffle_ps,
    _mm256_storeu_ps, _mm256_unpackhi_ps, _mm256_unpacklo_ps,
};

use crate::engine::product::loops::{COLUMNS, Line};
use crate::engine::product::portable::transpose_from;

/// Numbers in a register.
pub(super) const LANES: usize = 8;

/// A whole register.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn load(values: &[f32; LANES]) -> __m256 {
    // SAFETY: 8 numbers.
    unsafe { _mm256_loadu_ps(values.as_ptr()) }
}

/// At most 8 numbers; 0 in the other lanes.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn load_part(values: &[f32]) -> __m256 {
    match values.as_array() {
        Some(values) => load(values),
        // SAFETY: lanes beyond the numbers are masked.
        None => unsafe { _mm256_maskload_ps(values.as_ptr(), lanes(values.len())) },
    }
}

/// `out`, at most V registers of numbers, ← (or +=, with `add`) `sums`.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn write_row<const V: usize>(sums: &[__m256; V], out: &mut [f32], add: bool) {
    // In whole registers without a question to each: lists are short.
    if let (whole, []) = out.as_chunks_mut::<LANES>()
        && let Ok(whole) = <&mut [[f32; LANES]; V]>::try_from(whole)
    {
        for (&sum, out) in sums.iter().zip(whole) {
            write(if add { _mm256_add_ps(sum, load(out)) } else { sum }, out);
        }
        return;
    }
    for (&sum, out) in sums.iter().zip(out.chunks_mut(LANES)) {
        let sum = if add { _mm256_add_ps(sum, load_part(out)) } else { sum };
        match out.as_mut_array() {
            Some(out) => write(sum, out),
            // SAFETY: lanes beyond the numbers are masked.
            None => unsafe { _mm256_maskstore_ps(out.as_mut_ptr(), lanes(out.len()), sum) },
        }
    }
}

/// A whole register.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn write(sum: __m256, out: &mut [f32; LANES]) {
    // SAFETY: 8 numbers.
    unsafe { _mm256_storeu_ps(out.as_mut_ptr(), sum) };
}

/// Asks for all cache lines of `values`.
#[inline]
pub(super) fn fetch<T>(values: &[T]) {
    const LINE: usize = 64;
    let first = values.as_ptr().cast::<i8>();
    for offset in (0..size_of_val(values)).step_by(LINE) {
        // SAFETY: nothing is read; the place is inside the values.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(first.add(offset)) };
    }
}

/// Σ a ∘ b, over as many numbers of each.
#[target_feature(enable = "avx2,fma")]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sum = _mm256_setzero_ps();
    for (a, b) in a.chunks(LANES).zip(b.chunks(LANES)) {
        let count = a.len().min(b.len());
        sum = _mm256_fmadd_ps(load_part(&a[..count]), load_part(&b[..count]), sum);
    }
    let mut sums = [0.0; LANES];
    write(sum, &mut sums);
    sums.iter().sum()
}

/// The mask of the first `count` lanes, or of all.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn lanes(count: usize) -> __m256i {
    const MASKS: [i32; 2 * LANES] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
    let mask = &MASKS[LANES - count.min(LANES)..][..LANES];
    // SAFETY: 8 numbers.
    unsafe { _mm256_loadu_si256(mask.as_ptr().cast()) }
}

/// [`super::Loops::transpose`]: 8 lines at a time where there are as many rows as a panel has columns.
#[target_feature(enable = "avx2,fma")]
pub(super) fn transpose(rows: &[&[f32]], lines: &mut [Line]) {
    let mut done = 0;
    if rows.len() == COLUMNS {
        for lines in lines.chunks_exact_mut(LANES) {
            for (quarter, rows) in rows.chunks_exact(LANES).enumerate() {
                let mut by_row = [_mm256_setzero_ps(); LANES];
                for (register, row) in by_row.iter_mut().zip(rows) {
                    *register = load_part(&row[done..done + LANES]);
                }
                let by_column = transposed(&by_row);
                for (register, line) in by_column.into_iter().zip(&mut *lines) {
                    write(register, &mut line.0.as_chunks_mut().0[quarter]);
                }
            }
            done += LANES;
        }
    }
    transpose_from(done, rows, lines);
}

/// Eight registers, of which each has a number of each of the others' eight: pairs of numbers, fours, and then halves of registers
/// change places.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn transposed(by_row: &[__m256; LANES]) -> [__m256; LANES] {
    // fours[4·b + c] has, in its half h, rows 4·b to 4·b + 3 of column 4·h + c.
    let mut fours = [_mm256_setzero_ps(); LANES];
    for block in [0, 4] {
        let [a, b, c, d] = [0, 1, 2, 3].map(|row| by_row[block + row]);
        let (low, high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
        let (more_low, more_high) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
        fours[block] = _mm256_shuffle_ps::<0x44>(low, more_low);
        fours[block + 1] = _mm256_shuffle_ps::<0xee>(low, more_low);
        fours[block + 2] = _mm256_shuffle_ps::<0x44>(high, more_high);
        fours[block + 3] = _mm256_shuffle_ps::<0xee>(high, more_high);
    }
    let mut by_column = [_mm256_setzero_ps(); LANES];
    for offset in 0..4 {
        let (first, second) = (fours[offset], fours[4 + offset]);
        by_column[offset] = _mm256_permute2f128_ps::<0x20>(first, second);
        by_column[4 + offset] = _mm256_permute2f128_ps::<0x31>(first, second);
    }
    by_column
}
