//! Lists of a matrix's numbers that are not zero, made 16 numbers at a time, and the innermost loop of products with them.
//!
//! One row of A runs over its list while 64 columns of C stay in registers. It reads four registers of B for four multiplications,
//! as fast as the first-level cache gives them: at 2/3 to 4/5 of the speed of a tile, for the numbers alone that are not zero.

use std::arch::x86_64::{
    __m512, __m512i, __mmask16, _CMP_NEQ_UQ, _mm512_add_epi32, _mm512_add_ps, _mm512_castps_si512, _mm512_cmp_ps_mask,
    _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_mask_mul_ps, _mm512_maskz_compress_epi32, _mm512_mullo_epi32,
    _mm512_permutex2var_epi32, _mm512_set1_epi32, _mm512_set1_ps, _mm512_setr_epi32, _mm512_setzero_ps,
    _mm512_storeu_ps, _mm512_storeu_si512, _mm512_sub_ps,
};

use super::registers::{LANES, SIDE, load_part, part, transposed, write};
use crate::engine::product::loops::{Block, COLUMNS, Entry, Line, Listing, SLACK, Strip};

/// Computes a part of a row of C.
///
/// # Safety
/// The processor has AVX-512 F, and as of [`super::Loops::strip`].
pub(super) unsafe fn by_strip(strip: Strip<'_>) {
    // SAFETY: the caller's.
    unsafe {
        // A multiplication takes four cycles: with fewer registers to add to, several entries go at a time.
        match strip.out.len() {
            0..=LANES => by_entries::<1, 4>(strip),
            columns if columns <= COLUMNS => by_entries::<2, 2>(strip),
            _ => by_entries::<4, 1>(strip),
        }
    }
}

/// V registers of C, and U entries at a time.
///
/// # Safety
/// As of [`super::Loops::strip`]; V registers reach as many panels as the columns do.
#[target_feature(enable = "avx512f")]
unsafe fn by_entries<const V: usize, const U: usize>(strip: Strip<'_>) {
    let panels = strip.panels.map(|panel| panel.as_ptr().cast::<u8>());
    let mut sums = [[_mm512_setzero_ps(); V]; U];
    let add = |sums: &mut [__m512; V], entry: Entry| {
        let value = _mm512_set1_ps(entry.value);
        for (vector, sum) in sums.iter_mut().enumerate() {
            let place = entry.offset as usize + vector % 2 * LANES * size_of::<f32>();
            // SAFETY: the caller's.
            let right = unsafe { _mm512_loadu_ps(panels[vector / 2].add(place).cast()) };
            *sum = _mm512_fmadd_ps(value, right, *sum);
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
    for vector in 0..V {
        let mut sum = sums[0][vector];
        for more in &sums[1..] {
            sum = _mm512_add_ps(sum, more[vector]);
        }
        write(sum, part(strip.out, vector), strip.add);
    }
}

/// [`super::Loops::list`].
#[target_feature(enable = "avx512f")]
pub(super) fn list(marks: &[f32], values: &[f32], first: usize, out: &mut [Entry]) -> usize {
    put(nonzero(load_part(marks)), offsets(first), load_part(values), out)
}

/// [`super::Loops::list_columns`].
#[target_feature(enable = "avx512f")]
pub(super) fn list_columns(block: &Block<'_>, counts: &mut [u32], entries: &mut [Entry], capacity: usize) {
    let Block { rows, listing, row, column } = *block;
    let end = column + counts.len().min(LANES);
    let mut marks = [_mm512_setzero_ps(); SIDE];
    let mut values = [_mm512_setzero_ps(); SIDE];
    for ((mark, value), (marks, values)) in marks.iter_mut().zip(&mut values).zip(rows) {
        let (marks, values) = (&marks[column..end], &values[column..end]);
        *mark = load_part(marks);
        if listing != Listing::Marks {
            *value = load_part(values);
        }
        if listing == Listing::Differences {
            *value = _mm512_sub_ps(*value, *mark);
        }
    }
    let marks = transposed(&marks);
    let values = if listing == Listing::Marks { marks } else { transposed(&values) };
    for (index, ((count, mark), value)) in counts.iter_mut().zip(marks).zip(values).enumerate() {
        let start = (column + index) * capacity + *count as usize;
        *count += put(nonzero(mark), offsets(row), value, &mut entries[start..]) as u32;
    }
}

/// Offsets of 16 lines, of which the first is number `first`.
#[inline]
#[target_feature(enable = "avx512f")]
fn offsets(first: usize) -> __m512i {
    const LINE: i32 = size_of::<Line>() as i32;
    let lines = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    let lines = _mm512_add_epi32(_mm512_set1_epi32(first as i32), lines);
    _mm512_mullo_epi32(lines, _mm512_set1_epi32(LINE))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn nonzero(values: __m512) -> __mmask16 {
    _mm512_cmp_ps_mask::<_CMP_NEQ_UQ>(values, _mm512_setzero_ps())
}

/// Writes the entries that `which` says, and others after them, 16 in all; how many it says.
#[inline]
#[target_feature(enable = "avx512f")]
fn put(which: __mmask16, offsets: __m512i, values: __m512, out: &mut [Entry]) -> usize {
    let offsets = _mm512_maskz_compress_epi32(which, offsets);
    let values = _mm512_maskz_compress_epi32(which, _mm512_castps_si512(values));
    let low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    let high = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    let out = &mut out[..SLACK];
    // SAFETY: an entry is 8 bytes, two registers hold 16 of them.
    unsafe {
        let out = out.as_mut_ptr().cast::<i32>();
        _mm512_storeu_si512(out.cast(), _mm512_permutex2var_epi32(offsets, low, values));
        _mm512_storeu_si512(out.add(LANES).cast(), _mm512_permutex2var_epi32(offsets, high, values));
    }
    which.count_ones() as usize
}

/// Squares the values of entries, 8 at a time.
#[target_feature(enable = "avx512f")]
pub(super) fn square(entries: &mut [Entry]) {
    const VALUES: __mmask16 = 0xaaaa;
    let (whole, rest) = entries.as_chunks_mut::<8>();
    for entries in whole {
        let place = entries.as_mut_ptr().cast::<f32>();
        // SAFETY: 8 entries are 16 numbers; of those that are offsets nothing is computed.
        unsafe {
            let pairs = _mm512_loadu_ps(place);
            _mm512_storeu_ps(place, _mm512_mask_mul_ps(pairs, VALUES, pairs, pairs));
        }
    }
    for entry in rest {
        entry.value *= entry.value;
    }
}
