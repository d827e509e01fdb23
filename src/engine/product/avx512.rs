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
    _mm512_shuffle_f32x4, _mm512_storeu_ps, _mm512_unpackhi_pd, _mm512_unpackhi_ps, _mm512_unpacklo_pd,
    _mm512_unpacklo_ps,
};

use super::kernel::{Left, Tile};
use super::panels::{COLUMNS, Line};

/// Numbers in a register.
pub(super) const LANES: usize = 16;

/// Computes a tile.
///
/// # Safety
/// The processor has AVX-512 F; what the tile points to is there, and nobody else uses the part of C meanwhile.
pub(super) unsafe fn compute(tile: &Tile) {
    // SAFETY: the caller's.
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

unsafe fn by_columns<const R: usize>(tile: &Tile) {
    // SAFETY: the caller's.
    unsafe { if tile.columns > LANES { by_left::<R, 2>(tile) } else { by_left::<R, 1>(tile) } }
}

#[target_feature(enable = "avx512f")]
unsafe fn by_left<const R: usize, const V: usize>(tile: &Tile) {
    let mut sums = [[_mm512_setzero_ps(); V]; R];
    // SAFETY: the caller's: A, the panel and the list are as long as the tile says.
    unsafe {
        match tile.left {
            Left::Rows { first, stride } => {
                for step in 0..tile.depth {
                    multiply(&mut sums, tile.panel.add(step * COLUMNS), |row| first.add(row * stride + step));
                }
            }
            Left::Packed { first } => {
                for step in 0..tile.depth {
                    multiply(&mut sums, tile.panel.add(step * COLUMNS), |row| first.add(step * R + row));
                }
            }
        }
        store(&sums, tile);
    }
}

/// `sums` += one column of A times one row of B.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn multiply<const R: usize, const V: usize>(
    sums: &mut [[__m512; V]; R],
    line: *const f32,
    left: impl Fn(usize) -> *const f32,
) {
    // SAFETY: the caller's.
    unsafe {
        let mut right = [_mm512_setzero_ps(); V];
        for (vector, right) in right.iter_mut().enumerate() {
            *right = _mm512_loadu_ps(line.add(vector * LANES));
        }
        for (row, sums) in sums.iter_mut().enumerate() {
            let left = _mm512_set1_ps(*left(row));
            for (sum, &right) in sums.iter_mut().zip(&right) {
                *sum = _mm512_fmadd_ps(left, right, *sum);
            }
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn store<const R: usize, const V: usize>(sums: &[[__m512; V]; R], tile: &Tile) {
    for (row, sums) in sums.iter().enumerate() {
        for (vector, &sum) in sums.iter().enumerate() {
            let columns = tile.columns - vector * LANES;
            // SAFETY: the caller's.
            unsafe { write(sum, tile.out.add(row * tile.out_stride + vector * LANES), columns, tile.add) };
        }
    }
}

/// `out` ← (or +=, with `add`) `sum`, of which at most `columns` lanes count.
///
/// # Safety
/// The processor has AVX-512 F; as many numbers are at `out`, and nobody else uses them meanwhile.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn write(sum: __m512, out: *mut f32, columns: usize, add: bool) {
    let mask = lanes(columns);
    // SAFETY: the caller's; lanes beyond the columns are masked.
    unsafe {
        let sum = if add { _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, out)) } else { sum };
        _mm512_mask_storeu_ps(out, mask, sum);
    }
}

/// Σ a ∘ b, over as many numbers of each.
///
/// # Safety
/// The processor has AVX-512 F.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sum = _mm512_setzero_ps();
    for (a, b) in a.chunks(LANES).zip(b.chunks(LANES)) {
        let mask = lanes(a.len().min(b.len()));
        // SAFETY: lanes beyond the chunks are masked.
        let (a, b) = unsafe { (_mm512_maskz_loadu_ps(mask, a.as_ptr()), _mm512_maskz_loadu_ps(mask, b.as_ptr())) };
        sum = _mm512_fmadd_ps(a, b, sum);
    }
    _mm512_reduce_add_ps(sum)
}

/// The mask of the first `count` lanes, or of all.
pub(super) fn lanes(count: usize) -> __mmask16 {
    if count >= LANES { !0 } else { (1 << count) - 1 }
}

/// Rows and columns of what is transposed at a time.
pub(super) const SIDE: usize = LANES;

/// `lines`[k][`column` + j] ← `rows`[j][`first` + k], for 16 rows and lines.
///
/// # Safety
/// The processor has AVX-512 F.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn transpose(rows: &[&[f32]], first: usize, lines: &mut [Line], column: usize) {
    let mut by_row = [_mm512_setzero_ps(); SIDE];
    for (register, row) in by_row.iter_mut().zip(rows) {
        let row = &row[first..first + SIDE];
        // SAFETY: 16 numbers.
        *register = unsafe { _mm512_loadu_ps(row.as_ptr()) };
    }
    // SAFETY: the caller's.
    let by_column = unsafe { transposed(&by_row) };
    for (register, line) in by_column.into_iter().zip(lines) {
        let line = &mut line.0[column..column + SIDE];
        // SAFETY: 16 numbers.
        unsafe { _mm512_storeu_ps(line.as_mut_ptr(), register) };
    }
}

/// Sixteen registers, of which each has a number of each of the others' sixteen: pairs of numbers, fours, and then quarters of
/// registers change places.
///
/// # Safety
/// The processor has AVX-512 F.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn transposed(by_row: &[__m512; SIDE]) -> [__m512; SIDE] {
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
