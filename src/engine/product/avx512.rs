//! Registers of AVX-512.

use std::arch::x86_64::*;

use super::panels::Line;
use super::portable::Portable;
use super::simd::{Simd, Work, instructions};
use super::strip::{Entry, SLACK};

/// Numbers in a register.
const LANES: usize = 16;

/// Proof that the processor has AVX-512 F: only [`Self::detect`] makes one.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Avx512(());

impl Avx512 {
    pub(super) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx512f").then_some(Self(()))
    }
}

impl Simd for Avx512 {
    type Register = __m512;
    const LANES: usize = LANES;

    /// Of 32 registers 16 hold a tile and two a row of B: with 16 multiplications to 10 loads the multipliers never wait. (Twelve
    /// rows are no faster, and slower where A's rows are 4096 bytes apart, since they then compete for the eight places of one set
    /// of the cache.)
    const ROWS: usize = 8;
    const ACROSS: usize = 2;

    instructions! {
        "avx512f"
        fn splat(value: f32) -> __m512 { _mm512_set1_ps(value) }
        fn load(values: &[f32]) -> __m512 { _mm512_maskz_loadu_ps(lanes(values.len()), values.as_ptr()) }
        fn store(register: __m512, out: &mut [f32]) { _mm512_mask_storeu_ps(out.as_mut_ptr(), lanes(out.len()), register) }
        fn add(a: __m512, b: __m512) -> __m512 { _mm512_add_ps(a, b) }
        fn multiply_add(a: __m512, b: __m512, c: __m512) -> __m512 { _mm512_fmadd_ps(a, b, c) }
        fn turn(square: &mut [__m512]) { turn(square) }
    }

    fn list(self, marks: &[f32], values: &[f32], first: usize, out: &mut [Entry]) -> usize {
        // Miri does not know the comparison and the compression of AVX-512.
        if cfg!(miri) {
            return Portable.list(marks, values, first, out);
        }
        // SAFETY: the processor has AVX-512 F, which `self` proves.
        unsafe { list(self, marks, values, first, out) }
    }
}

/// The mask of the first `count` lanes, or of all.
#[inline(always)]
fn lanes(count: usize) -> __mmask16 {
    if count >= LANES { !0 } else { (1 << count) - 1 }
}

#[target_feature(enable = "avx512f")]
fn list(simd: Avx512, marks: &[f32], values: &[f32], first: usize, out: &mut [Entry]) -> usize {
    const LINE: i32 = size_of::<Line>() as i32;
    let lines = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    let lines = _mm512_add_epi32(_mm512_set1_epi32(first as i32), lines);
    let mut offsets = _mm512_mullo_epi32(lines, _mm512_set1_epi32(LINE));
    let mut count = 0;
    for (marks, values) in marks.chunks(LANES).zip(values.chunks(LANES)) {
        let which = _mm512_cmp_ps_mask::<_CMP_NEQ_UQ>(simd.load(marks), _mm512_setzero_ps());
        put(which, offsets, simd.load(values), &mut out[count..]);
        count += which.count_ones() as usize;
        offsets = _mm512_add_epi32(offsets, _mm512_set1_epi32(LANES as i32 * LINE));
    }
    count
}

/// Writes the entries that `which` says, and others after them, 16 in all.
#[inline]
#[target_feature(enable = "avx512f")]
fn put(which: __mmask16, offsets: __m512i, values: __m512, out: &mut [Entry]) {
    let offsets = _mm512_maskz_compress_epi32(which, offsets);
    let values = _mm512_maskz_compress_epi32(which, _mm512_castps_si512(values));
    let low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    let high = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    let out = out[..SLACK].as_mut_ptr().cast::<__m512i>();
    // SAFETY: an entry is 8 bytes, two registers hold 16 of them.
    unsafe {
        _mm512_storeu_si512(out, _mm512_permutex2var_epi32(offsets, low, values));
        _mm512_storeu_si512(out.add(1), _mm512_permutex2var_epi32(offsets, high, values));
    }
}

/// Sixteen registers, of which each has a number of each of the others' sixteen: pairs of numbers, fours, and then quarters of
/// registers change places.
#[inline]
#[target_feature(enable = "avx512f")]
fn turn(square: &mut [__m512]) {
    let square: &mut [__m512; LANES] = square.try_into().expect("as many registers as lanes");
    let mut pairs = [_mm512_setzero_ps(); LANES];
    for row in (0..LANES).step_by(2) {
        pairs[row] = _mm512_unpacklo_ps(square[row], square[row + 1]);
        pairs[row + 1] = _mm512_unpackhi_ps(square[row], square[row + 1]);
    }
    // fours[4·b + c] has, in its quarter q, rows 4·b to 4·b + 3 of column 4·q + c.
    let mut fours = [_mm512_setzero_ps(); LANES];
    for block in (0..LANES).step_by(4) {
        let [a, b, c, d] = [0, 1, 2, 3].map(|row| _mm512_castps_pd(pairs[block + row]));
        fours[block] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, c));
        fours[block + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, c));
        fours[block + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(b, d));
        fours[block + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(b, d));
    }
    for offset in 0..4 {
        let [a, b, c, d] = [0, 4, 8, 12].map(|block| fours[block + offset]);
        // Quarters 0 and 2, and 1 and 3, of two blocks; then the same of all four.
        let (even_low, even_high) = (_mm512_shuffle_f32x4::<0x88>(a, b), _mm512_shuffle_f32x4::<0x88>(c, d));
        let (odd_low, odd_high) = (_mm512_shuffle_f32x4::<0xdd>(a, b), _mm512_shuffle_f32x4::<0xdd>(c, d));
        square[offset] = _mm512_shuffle_f32x4::<0x88>(even_low, even_high);
        square[offset + 4] = _mm512_shuffle_f32x4::<0x88>(odd_low, odd_high);
        square[offset + 8] = _mm512_shuffle_f32x4::<0xdd>(even_low, even_high);
        square[offset + 12] = _mm512_shuffle_f32x4::<0xdd>(odd_low, odd_high);
    }
}
