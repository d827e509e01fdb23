//! The products of a step.
//!
//! Of single precision they are computed here where the processor has AVX-512, or AVX2 with FMA (and by NEON, if that is asked for).
//! The right factor is packed once for all threads ([`Panels`]). The arithmetic is that of a BLAS, which however packs both
//! factors anew in each of its calls and cannot know that most of an image is black, and half of a rectified layer or more ([`Listed`]).
//! Elsewhere, and in double precision, BLAS computes them. [`Products`] says which, and forces either.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod choice;
mod kernel;
mod listed;
#[cfg(target_arch = "aarch64")]
mod neon;
mod panels;
mod portable;
mod simd;
mod single;
mod strip;
mod tile;
mod transposed;

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2};

pub use choice::Products;
pub(super) use kernel::Kernel;
pub(super) use listed::{FIRST, Listed, Listing, MOST_LISTED};
pub(super) use panels::{Filling, Packed, Panels};
pub(super) use single::{is_single, single, single_mut, single_slice, single_slice_mut};
pub(super) use transposed::{DEPTH, Transposed};

use crate::Real;
use kernel::with_simd;
use panels::COLUMNS;
use tile::{Left, Tile};

/// The right factor of a product.
#[derive(Clone, Copy)]
pub(super) enum Right<'a, T> {
    /// As it is, or transposed: for BLAS.
    Matrix(ArrayView2<'a, T>),
    /// Packed.
    Packed(Packed<'a>),
}

impl<'a, T> Right<'a, T> {
    /// It packed, if it is.
    pub(super) fn packed(self) -> Option<Packed<'a>> {
        match self {
            Self::Packed(packed) => Some(packed),
            Self::Matrix(_) => None,
        }
    }
}

/// `out` ← `left` · `right`.
///
/// # Panics
/// Shapes that do not fit; matrices that are not in standard layout where `right` is packed.
pub(super) fn product<T: Real>(left: ArrayView2<'_, T>, right: Right<'_, T>, mut out: ArrayViewMut2<'_, T>) {
    match right {
        Right::Matrix(right) => general_mat_mul(T::one(), &left, &right, T::zero(), &mut out),
        Right::Packed(right) => by_panels(single(left), right, single_mut(out)),
    }
}

/// Each panel stays in the cache while all rows go by.
fn by_panels(left: ArrayView2<'_, f32>, Packed { kernel, panels }: Packed<'_>, mut out: ArrayViewMut2<'_, f32>) {
    const ORDER: &str = "rows that are multiplied are in standard layout";
    assert_eq!((left.ncols(), left.nrows(), panels.columns()), (panels.depth(), out.nrows(), out.ncols()), "shapes");
    let (rows, depth, columns) = (left.nrows(), left.ncols(), out.ncols());
    let (left, out) = (left.to_slice().expect(ORDER), out.as_slice_mut().expect(ORDER));
    let most = kernel.rows();
    with_simd!(kernel, simd => for panel in 0..panels.count() {
        for rows in tiles(rows, most) {
            let tile = Tile {
                left: Left::Rows { values: &left[rows.start * depth..], stride: depth },
                panel: panels.panel(panel),
                out: &mut out[rows.start * columns + panel * COLUMNS..],
                out_stride: columns,
                rows: rows.len(),
                columns: panels.width(panel),
                add: false,
            };
            tile.compute(simd);
        }
    });
}

/// `rows` in tiles of nearly equal heights, `most` or less: a tile of one row takes as long as one of four.
fn tiles(rows: usize, most: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let count = rows.div_ceil(most);
    (0..count).map(move |tile| rows * tile / count..rows * (tile + 1) / count)
}

#[cfg(test)]
mod tests;
