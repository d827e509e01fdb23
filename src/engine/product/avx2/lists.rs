//! Lists of a matrix's numbers that are not zero, made 8 numbers at a time, and the innermost loop of products with them.
//!
//! One row of A runs over its list while 64 columns of C stay in registers: 8 multiplications to 9 loads.

use std::arch::x86_64::{
    __m256, __m256i, _CMP_NEQ_UQ, _mm_loadl_epi64, _mm256_add_epi32, _mm256_add_ps, _mm256_blend_ps,
    _mm256_castps_si256, _mm256_cmp_ps, _mm256_cvtepu8_epi32, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_movemask_ps,
    _mm256_mul_ps, _mm256_permute2x128_si256, _mm256_permutevar8x32_epi32, _mm256_set1_epi32, _mm256_set1_ps,
    _mm256_setr_epi32, _mm256_setzero_ps, _mm256_slli_epi32, _mm256_storeu_ps, _mm256_storeu_si256, _mm256_sub_ps,
    _mm256_unpackhi_epi32, _mm256_unpacklo_epi32,
};

use super::registers::{LANES, load_part, transposed, write_row};
use crate::engine::product::loops::{Block, COLUMNS, Entry, Line, Listing, Strip};

/// Computes a part of a row of C.
///
/// # Safety
/// The processor has AVX2 and FMA, and as of [`super::Loops::strip`].
pub(super) unsafe fn by_strip(strip: Strip<'_>) {
    // SAFETY: the caller's.
    unsafe {
        // A multiplication takes four cycles, and two begin in each: with fewer registers to add to, several entries go at a time.
        match strip.out.len().div_ceil(LANES) {
            0 | 1 => by_entries::<1, 8>(strip),
            2 => by_entries::<2, 4>(strip),
            3 | 4 => by_entries::<4, 2>(strip),
            5 | 6 => by_entries::<6, 1>(strip),
            _ => by_entries::<8, 1>(strip),
        }
    }
}

/// V registers of C, and U entries at a time.
///
/// # Safety
/// As of [`super::Loops::strip`]; V registers reach as many panels as the columns do.
#[target_feature(enable = "avx2,fma")]
unsafe fn by_entries<const V: usize, const U: usize>(strip: Strip<'_>) {
    const REGISTERS: usize = COLUMNS / LANES;
    let panels = strip.panels.map(|panel| panel.as_ptr().cast::<u8>());
    let mut sums = [[_mm256_setzero_ps(); V]; U];
    let add = |sums: &mut [__m256; V], entry: Entry| {
        let value = _mm256_set1_ps(entry.value);
        for (vector, sum) in sums.iter_mut().enumerate() {
            let place = entry.offset as usize + vector % REGISTERS * LANES * size_of::<f32>();
            // SAFETY: the caller's.
            let right = unsafe { _mm256_loadu_ps(panels[vector / REGISTERS].add(place).cast()) };
            *sum = _mm256_fmadd_ps(value, right, *sum);
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
            *sum = _mm256_add_ps(*sum, more);
        }
    }
    write_row(&all, strip.out, strip.add);
}

/// [`super::Loops::list`].
#[target_feature(enable = "avx2,fma")]
pub(super) fn list(marks: &[f32], values: &[f32], first: usize, out: &mut [Entry]) -> usize {
    let mut count = 0;
    for (step, (marks, values)) in marks.chunks(LANES).zip(values.chunks(LANES)).enumerate() {
        count += put(load_part(marks), offsets(first + step * LANES), load_part(values), &mut out[count..]);
    }
    count
}

/// [`super::Loops::list_columns`].
#[target_feature(enable = "avx2,fma")]
pub(super) fn list_columns(block: &Block<'_>, counts: &mut [u32], entries: &mut [Entry], capacity: usize) {
    let Block { rows, listing, row, column } = *block;
    for (columns, counts) in counts.chunks_mut(LANES).enumerate() {
        let first = column + columns * LANES;
        let end = first + counts.len();
        for (part, rows) in rows.chunks(LANES).enumerate() {
            let mut marks = [_mm256_setzero_ps(); LANES];
            let mut values = [_mm256_setzero_ps(); LANES];
            for ((mark, value), (marks, values)) in marks.iter_mut().zip(&mut values).zip(rows) {
                *mark = load_part(&marks[first..end]);
                if listing != Listing::Marks {
                    *value = load_part(&values[first..end]);
                }
                if listing == Listing::Differences {
                    *value = _mm256_sub_ps(*value, *mark);
                }
            }
            let marks = transposed(&marks);
            let values = if listing == Listing::Marks { marks } else { transposed(&values) };
            let offsets = offsets(row + part * LANES);
            for (index, ((count, mark), value)) in counts.iter_mut().zip(marks).zip(values).enumerate() {
                let start = (first + index) * capacity + *count as usize;
                *count += put(mark, offsets, value, &mut entries[start..]) as u32;
            }
        }
    }
}

/// Offsets of 8 lines, of which the first is number `first`.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn offsets(first: usize) -> __m256i {
    const SHIFT: i32 = size_of::<Line>().trailing_zeros() as i32;
    let lines = _mm256_add_epi32(_mm256_set1_epi32(first as i32), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    _mm256_slli_epi32::<SHIFT>(lines)
}

/// For each set of lanes, their numbers in ascending order; what comes after them is of no meaning.
static ORDERS: [[u8; LANES]; 256] = {
    let mut orders = [[0; LANES]; 256];
    let mut set = 0;
    while set < 256 {
        let (mut lane, mut count) = (0, 0);
        while lane < LANES {
            if set >> lane & 1 == 1 {
                orders[set][count] = lane as u8;
                count += 1;
            }
            lane += 1;
        }
        set += 1;
    }
    orders
};

/// Writes the entries where `marks` are not zero, and others after them, 8 in all; how many are not.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn put(marks: __m256, offsets: __m256i, values: __m256, out: &mut [Entry]) -> usize {
    let which = _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_NEQ_UQ>(marks, _mm256_setzero_ps())) as u8;
    // SAFETY: 8 bytes.
    let order = _mm256_cvtepu8_epi32(unsafe { _mm_loadl_epi64(ORDERS[usize::from(which)].as_ptr().cast()) });
    let offsets = _mm256_permutevar8x32_epi32(offsets, order);
    let values = _mm256_permutevar8x32_epi32(_mm256_castps_si256(values), order);
    let (low, high) = (_mm256_unpacklo_epi32(offsets, values), _mm256_unpackhi_epi32(offsets, values));
    let out = &mut out[..LANES];
    // SAFETY: an entry is 8 bytes, two registers hold 8 of them.
    unsafe {
        let out = out.as_mut_ptr().cast::<__m256i>();
        _mm256_storeu_si256(out, _mm256_permute2x128_si256::<0x20>(low, high));
        _mm256_storeu_si256(out.add(1), _mm256_permute2x128_si256::<0x31>(low, high));
    }
    which.count_ones() as usize
}

/// Squares the values of entries, 4 at a time.
#[target_feature(enable = "avx2,fma")]
pub(super) fn square(entries: &mut [Entry]) {
    const OFFSETS: i32 = 0x55;
    let (whole, rest) = entries.as_chunks_mut::<4>();
    for entries in whole {
        let place = entries.as_mut_ptr().cast::<f32>();
        // SAFETY: 4 entries are 8 numbers; of those that are offsets nothing is computed.
        unsafe {
            let pairs = _mm256_loadu_ps(place);
            let values = _mm256_blend_ps::<OFFSETS>(pairs, _mm256_setzero_ps());
            _mm256_storeu_ps(place, _mm256_blend_ps::<OFFSETS>(_mm256_mul_ps(values, values), pairs));
        }
    }
    for entry in rest {
        entry.value *= entry.value;
    }
}
