//! Registers of AVX2 with FMA.

use std::arch::x86_64::*;

use super::panels::Line;
use super::simd::{Simd, Work, instructions};
use super::strip::Entry;

/// Numbers in a register.
const LANES: usize = 8;

/// Proof that the processor has AVX2 and FMA: only [`Self::detect`] makes one.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Avx2(());

impl Avx2 {
    pub(super) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Self(()))
    }
}

impl Simd for Avx2 {
    type Register = __m256;
    const LANES: usize = LANES;

    /// Of 16 registers 12 hold a tile, two a row of B, and one a number of A in every lane: 12 multiplications to 8 loads.
    const ROWS: usize = 6;
    const ACROSS: usize = 2;

    instructions! {
        "avx2,fma"
        fn splat(value: f32) -> __m256 { _mm256_set1_ps(value) }
        fn load(values: &[f32]) -> __m256 {
            match values.len() {
                LANES => _mm256_loadu_ps(values.as_ptr()),
                count => _mm256_maskload_ps(values.as_ptr(), lanes(count)),
            }
        }
        fn store(register: __m256, out: &mut [f32]) {
            match out.len() {
                LANES => _mm256_storeu_ps(out.as_mut_ptr(), register),
                count => _mm256_maskstore_ps(out.as_mut_ptr(), lanes(count), register),
            }
        }
        fn add(a: __m256, b: __m256) -> __m256 { _mm256_add_ps(a, b) }
        fn multiply_add(a: __m256, b: __m256, c: __m256) -> __m256 { _mm256_fmadd_ps(a, b, c) }
        fn turn(square: &mut [__m256]) { turn(square) }
    }

    fn list(self, marks: &[f32], values: &[f32], first: usize, out: &mut [Entry]) -> usize {
        // SAFETY: the processor has AVX2, which `self` proves.
        unsafe { list(self, marks, values, first, out) }
    }

    #[inline(always)]
    fn fetch<'a, T: 'a>(self, values: impl FnOnce() -> &'a [T]) {
        let values = values();
        // Of every cache line.
        for offset in (0..size_of_val(values)).step_by(64) {
            // SAFETY: nothing is read; the place is inside the values.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(values.as_ptr().byte_add(offset).cast()) };
        }
    }
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

#[target_feature(enable = "avx2,fma")]
fn list(simd: Avx2, marks: &[f32], values: &[f32], first: usize, out: &mut [Entry]) -> usize {
    const SHIFT: i32 = size_of::<Line>().trailing_zeros() as i32;
    let lines = _mm256_add_epi32(_mm256_set1_epi32(first as i32), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    let mut offsets = _mm256_slli_epi32::<SHIFT>(lines);
    let mut count = 0;
    for (marks, values) in marks.chunks(LANES).zip(values.chunks(LANES)) {
        let which = _mm256_cmp_ps::<_CMP_NEQ_UQ>(simd.load(marks), _mm256_setzero_ps());
        let which = _mm256_movemask_ps(which) as u8;
        put(which, offsets, simd.load(values), &mut out[count..]);
        count += which.count_ones() as usize;
        offsets = _mm256_add_epi32(offsets, _mm256_set1_epi32((LANES << SHIFT) as i32));
    }
    count
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

/// Writes the entries that `which` says, and others after them, 8 in all.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn put(which: u8, offsets: __m256i, values: __m256, out: &mut [Entry]) {
    // SAFETY: 8 bytes.
    let order = _mm256_cvtepu8_epi32(unsafe { _mm_loadl_epi64(ORDERS[usize::from(which)].as_ptr().cast()) });
    let offsets = _mm256_permutevar8x32_epi32(offsets, order);
    let values = _mm256_permutevar8x32_epi32(_mm256_castps_si256(values), order);
    let (low, high) = (_mm256_unpacklo_epi32(offsets, values), _mm256_unpackhi_epi32(offsets, values));
    let out = out[..LANES].as_mut_ptr().cast::<__m256i>();
    // SAFETY: an entry is 8 bytes, two registers hold 8 of them.
    unsafe {
        _mm256_storeu_si256(out, _mm256_permute2x128_si256::<0x20>(low, high));
        _mm256_storeu_si256(out.add(1), _mm256_permute2x128_si256::<0x31>(low, high));
    }
}

/// Eight registers, of which each has a number of each of the others' eight: pairs of numbers, fours, and then halves of registers
/// change places.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn turn(square: &mut [__m256]) {
    let square: &mut [__m256; LANES] = square.try_into().expect("as many registers as lanes");
    // fours[4·b + c] has, in its half h, rows 4·b to 4·b + 3 of column 4·h + c.
    let mut fours = [_mm256_setzero_ps(); LANES];
    for block in [0, 4] {
        let [a, b, c, d] = [0, 1, 2, 3].map(|row| square[block + row]);
        let (low, high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
        let (more_low, more_high) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
        fours[block] = _mm256_shuffle_ps::<0x44>(low, more_low);
        fours[block + 1] = _mm256_shuffle_ps::<0xee>(low, more_low);
        fours[block + 2] = _mm256_shuffle_ps::<0x44>(high, more_high);
        fours[block + 3] = _mm256_shuffle_ps::<0xee>(high, more_high);
    }
    for offset in 0..4 {
        let (first, second) = (fours[offset], fours[4 + offset]);
        square[offset] = _mm256_permute2f128_ps::<0x20>(first, second);
        square[4 + offset] = _mm256_permute2f128_ps::<0x31>(first, second);
    }
}
