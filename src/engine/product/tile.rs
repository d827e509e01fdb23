//! The innermost loop of a product C = A·B: one tile of C, which stays in registers while the whole of the inner dimension goes by.
//!
//! A number of A is read from memory into every lane of the multiplications that use it, and C is written once, not once for
//! each block of the inner dimension.

use super::panels::{COLUMNS, Line};
use super::simd::{Simd, Work, write};

/// Where a tile's numbers of A are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Left<'a> {
    /// Rows of a matrix, `stride` numbers apart, from the tile's first on.
    Rows { values: &'a [f32], stride: usize },
    /// Packed: the tile's numbers for one step of the inner dimension beside each other.
    Packed(&'a [f32]),
}

/// One tile to compute.
#[derive(Debug)]
pub(super) struct Tile<'a> {
    pub(super) left: Left<'a>,
    /// For each step of the inner dimension a line; what it has beyond `columns` does not matter.
    pub(super) panel: &'a [Line],
    /// C from the tile's first number on, and the distance of C's rows.
    pub(super) out: &'a mut [f32],
    pub(super) out_stride: usize,
    /// Rows, 1 to [`Simd::ROWS`], and columns, 1 to [`COLUMNS`].
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Whether to add to C instead of writing it.
    pub(super) add: bool,
}

impl Tile<'_> {
    /// # Panics
    /// Where a matrix ends inside the tile, or the tile has more than `most` rows.
    fn check(&self, most: usize) {
        let (rows, columns, depth) = (self.rows, self.columns, self.panel.len());
        let reach = |stride: usize, width: usize| (rows - 1).saturating_mul(stride).saturating_add(width);
        assert!((1..=most).contains(&rows) && (1..=COLUMNS).contains(&columns), "a tile of {rows} × {columns}");
        let left = match self.left {
            Left::Rows { values, stride } => values.len() >= reach(stride, depth),
            Left::Packed(values) => values.len() >= depth.saturating_mul(rows),
        };
        assert!(left && self.out.len() >= reach(self.out_stride, columns), "a tile inside its matrices");
    }

    /// Computes it.
    ///
    /// # Panics
    /// Where a matrix ends inside the tile, or the tile has more rows than [`Simd::ROWS`].
    pub(super) fn compute<S: Simd>(mut self, simd: S) {
        self.check(S::ROWS);
        match self.rows {
            1 => self.in_columns::<S, 1>(simd),
            2 => self.in_columns::<S, 2>(simd),
            3 => self.in_columns::<S, 3>(simd),
            4 => self.in_columns::<S, 4>(simd),
            5 => self.in_columns::<S, 5>(simd),
            6 => self.in_columns::<S, 6>(simd),
            7 => self.in_columns::<S, 7>(simd),
            _ => self.in_columns::<S, 8>(simd),
        }
    }

    /// R are its rows.
    fn in_columns<S: Simd, const R: usize>(&mut self, simd: S) {
        let width = S::ACROSS * S::LANES;
        for first in (0..self.columns).step_by(width) {
            match (self.columns - first).min(width).div_ceil(S::LANES) {
                1 => simd.compiled(Columns::<R, 1> { tile: self, first }),
                2 => simd.compiled(Columns::<R, 2> { tile: self, first }),
                _ => simd.compiled(Columns::<R, 4> { tile: self, first }),
            }
        }
    }
}

/// R rows and V registers of a tile that was checked; its columns from `first` on, where a register begins.
struct Columns<'a, 'b, const R: usize, const V: usize> {
    tile: &'a mut Tile<'b>,
    first: usize,
}

impl<const R: usize, const V: usize> Work for Columns<'_, '_, R, V> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { tile, first } = self;
        let mut sums = [[simd.splat(0.0); V]; R];
        match tile.left {
            Left::Rows { values, stride } => {
                for (step, line) in tile.panel.iter().enumerate() {
                    // SAFETY: the tile was checked: R rows of as many steps are there.
                    multiply(simd, &mut sums, line, first, |row| unsafe { *values.get_unchecked(row * stride + step) });
                }
            }
            Left::Packed(values) => {
                for (left, line) in values.as_chunks::<R>().0.iter().zip(tile.panel) {
                    multiply(simd, &mut sums, line, first, |row| left[row]);
                }
            }
        }
        let width = (tile.columns - first).min(V * S::LANES);
        for (row, sums) in sums.iter().enumerate() {
            write(simd, sums, &mut tile.out[row * tile.out_stride + first..][..width], tile.add);
        }
    }
}

/// `sums` += one column of A times a part of one row of B.
#[inline(always)]
fn multiply<S: Simd, const R: usize, const V: usize>(
    simd: S,
    sums: &mut [[S::Register; V]; R],
    line: &Line,
    first: usize,
    left: impl Fn(usize) -> f32,
) {
    let mut right = [simd.splat(0.0); V];
    for (vector, right) in right.iter_mut().enumerate() {
        let first = first + vector * S::LANES;
        // SAFETY: a line is of whole registers, and none of a tile's begins behind its last column.
        *right = simd.load(unsafe { line.0.get_unchecked(first..first + S::LANES) });
    }
    for (row, sums) in sums.iter_mut().enumerate() {
        let left = simd.splat(left(row));
        for (sum, &right) in sums.iter_mut().zip(&right) {
            *sum = simd.multiply_add(left, right, *sum);
        }
    }
}
