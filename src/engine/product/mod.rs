//! The products of a step.
//!
//! With AVX-512, in single precision, they are computed here, from a right factor that is packed once for all threads
//! ([`Panels`]): the arithmetic is that of a BLAS, which however packs both factors anew in each of its calls and cannot know
//! that most of an image is black, and half of a rectified layer or more ([`Listed`]). Elsewhere, and in double precision, BLAS
//! computes them; that is also the plain version that tests compare with.

#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod avx512_lists;
mod kernel;
mod listed;
mod panels;
mod transposed;

use std::any::TypeId;

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2};

pub(super) use listed::{FIRST, Listed, Listing, MOST_LISTED};
pub(super) use panels::{Filling, Panels};
pub(super) use transposed::{DEPTH, Transposed};

use crate::Real;
use kernel::{Left, ROWS, Tile};
use panels::COLUMNS;

/// Whether products of numbers of this type are computed from panels on this processor.
pub(super) fn has_panels<T: Real>() -> bool {
    is_single::<T>() && avx512()
}

#[cfg(target_arch = "x86_64")]
fn avx512() -> bool {
    is_x86_feature_detected!("avx512f")
}

#[cfg(not(target_arch = "x86_64"))]
fn avx512() -> bool {
    false
}

fn is_single<T: Real>() -> bool {
    TypeId::of::<T>() == TypeId::of::<f32>()
}

/// The same view, of numbers that are of single precision.
///
/// # Panics
/// Where they are not.
pub(super) fn single<T: Real>(view: ArrayView2<'_, T>) -> ArrayView2<'_, f32> {
    assert!(is_single::<T>(), "panels are of single precision");
    // SAFETY: T is f32, so that both are one type.
    unsafe { std::mem::transmute_copy(&view) }
}

/// [`single`], to change.
pub(super) fn single_mut<T: Real>(view: ArrayViewMut2<'_, T>) -> ArrayViewMut2<'_, f32> {
    assert!(is_single::<T>(), "panels are of single precision");
    // SAFETY: T is f32, so that both are one type; `view` is not used any more.
    unsafe { std::mem::transmute_copy(&view) }
}

/// [`single`] for a slice.
pub(super) fn single_slice<T: Real>(values: &[T]) -> &[f32] {
    assert!(is_single::<T>(), "panels are of single precision");
    // SAFETY: T is f32.
    unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), values.len()) }
}

/// [`single_slice`], to change.
pub(super) fn single_slice_mut<T: Real>(values: &mut [T]) -> &mut [f32] {
    assert!(is_single::<T>(), "panels are of single precision");
    // SAFETY: T is f32.
    unsafe { std::slice::from_raw_parts_mut(values.as_mut_ptr().cast(), values.len()) }
}

/// The right factor of a product.
#[derive(Clone, Copy)]
pub(super) enum Right<'a, T> {
    /// As it is, or transposed: for BLAS.
    Matrix(ArrayView2<'a, T>),
    /// Packed.
    Panels(&'a Panels),
}

impl<'a, T> Right<'a, T> {
    /// It packed, if it is.
    pub(super) fn panels(self) -> Option<&'a Panels> {
        match self {
            Self::Panels(panels) => Some(panels),
            Self::Matrix(_) => None,
        }
    }
}

/// `out` ← `left` · `right`, where the rows of `left` and `out` are contiguous.
pub(super) fn product<T: Real>(left: ArrayView2<'_, T>, right: Right<'_, T>, mut out: ArrayViewMut2<'_, T>) {
    match right {
        Right::Matrix(right) => general_mat_mul(T::one(), &left, &right, T::zero(), &mut out),
        Right::Panels(panels) => by_panels(single(left), panels, single_mut(out)),
    }
}

/// Each panel stays in the cache while all rows go by.
fn by_panels(left: ArrayView2<'_, f32>, panels: &Panels, mut out: ArrayViewMut2<'_, f32>) {
    assert_eq!((left.ncols(), left.nrows(), panels.columns()), (panels.depth(), out.nrows(), out.ncols()), "shapes");
    // An axis of one element may have any stride.
    let contiguous = |strides: &[isize], columns| columns <= 1 || strides[1] == 1;
    assert!(contiguous(left.strides(), left.ncols()) && contiguous(out.strides(), out.ncols()), "contiguous rows");
    let (stride, out_stride) = (left.strides()[0].unsigned_abs(), out.strides()[0].unsigned_abs());
    for panel in 0..panels.count() {
        for rows in tiles(left.nrows()) {
            let tile = Tile {
                left: Left::Rows { first: &raw const left[(rows.start, 0)], stride },
                panel: panels.panel(panel).as_ptr().cast(),
                depth: panels.depth(),
                out: &raw mut out[(rows.start, panel * COLUMNS)],
                out_stride,
                rows: rows.len(),
                columns: panels.width(panel),
                add: false,
            };
            // SAFETY: panels exist where AVX-512 does; the shapes are checked above.
            unsafe { kernel::compute(&tile) };
        }
    }
}

/// `rows` in tiles of nearly equal heights: a tile of one row takes as long as one of four.
fn tiles(rows: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let count = rows.div_ceil(ROWS);
    (0..count).map(move |tile| rows * tile / count..rows * (tile + 1) / count)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Axis};
    use rand::rngs::Xoshiro256PlusPlus;
    use rand::{RngExt, SeedableRng};

    use super::*;

    /// A matrix of which about a share of `ink` is not zero.
    fn matrix(rows: usize, columns: usize, ink: f64, seed: u64) -> Array2<f32> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        Array2::from_shape_simple_fn((rows, columns), || {
            if rng.random_bool(ink) { rng.random_range(-1.0..1.0) } else { 0.0 }
        })
    }

    fn packed(matrix: &Array2<f32>) -> Panels {
        let mut panels = Panels::new(matrix.nrows(), matrix.ncols());
        let filling = panels.fill();
        for (row, values) in matrix.outer_iter().enumerate() {
            // SAFETY: one thread.
            unsafe { filling.row(row, values.to_slice().unwrap()) };
        }
        panels
    }

    /// Within single precision's roundings of a sum over `depth` numbers below 1.
    fn assert_close(found: &Array2<f32>, expected: &Array2<f64>, depth: usize) {
        let tolerance = 1e-6 * (depth as f64 + 4.0);
        let largest = found.iter().zip(expected).map(|(&a, &b)| (f64::from(a) - b).abs()).fold(0.0, f64::max);
        assert!(largest <= tolerance, "{largest} at a depth of {depth}, {:?}", found.dim());
    }

    fn double(matrix: &Array2<f32>) -> Array2<f64> {
        matrix.mapv(f64::from)
    }

    /// Whether there is something to test; says so where there is not.
    fn panels_are_used() -> bool {
        if !has_panels::<f32>() {
            println!("this processor has no AVX-512: BLAS computes its products");
        }
        has_panels::<f32>()
    }

    /// `matrix`'s rows before and from `cut` on, without a part that is empty.
    fn parts(matrix: &Array2<f32>, cut: usize) -> impl Iterator<Item = ArrayView2<'_, f32>> + Clone {
        let (first, second) = matrix.view().split_at(Axis(0), cut);
        [first, second].into_iter().filter(|part| part.nrows() > 0)
    }

    const SHAPES: [(usize, usize, usize); 8] =
        [(1, 1, 1), (3, 7, 33), (8, 16, 32), (9, 5, 15), (97, 250, 10), (50, 64, 250), (4, 1030, 17), (100, 784, 48)];

    #[test]
    fn a_product_from_panels_is_the_product() {
        if !panels_are_used() {
            return;
        }
        for (rows, depth, columns) in SHAPES {
            let (a, b) = (matrix(rows, depth, 1.0, 1), matrix(depth, columns, 1.0, 2));
            let mut out = Array2::from_elem((rows, columns), f32::NAN);
            product(a.view(), Right::Panels(&packed(&b)), out.view_mut());
            assert_close(&out, &double(&a).dot(&double(&b)), depth);
        }
    }

    #[test]
    fn panels_of_a_transposed_matrix_are_those_of_the_matrix() {
        if !panels_are_used() {
            return;
        }
        for (depth, columns) in [(1, 1), (7, 33), (250, 784), (64, 32)] {
            let b = matrix(columns, depth, 1.0, 3);
            let mut panels = Panels::new(depth, columns);
            let filling = panels.fill();
            for (block, rows) in b.axis_chunks_iter(Axis(0), COLUMNS).enumerate() {
                // SAFETY: one thread.
                unsafe { filling.columns(block * COLUMNS, rows) };
            }
            let expected = packed(&b.t().as_standard_layout().into_owned());
            for panel in 0..panels.count() {
                for (line, expected) in panels.panel(panel).iter().zip(expected.panel(panel)) {
                    let width = panels.width(panel);
                    assert_eq!(line.0[..width], expected.0[..width]);
                }
            }
        }
    }

    #[test]
    fn listed_rows_multiply_as_whole_ones() {
        if !panels_are_used() {
            return;
        }
        for (rows, depth, columns) in SHAPES {
            let (a, b) = (matrix(rows, depth, 0.2, 4), matrix(depth, columns, 1.0, 5));
            let mut listed = Listed::default();
            let mut out = Array2::from_elem((rows, columns), f32::NAN);
            // Twice: nothing of the first is left.
            let others = matrix(rows, depth, 0.5, 6);
            assert!(listed.take_rows(others.view(), others.view(), 1.0));
            assert!(listed.take_rows(a.view(), a.view(), 1.0));
            listed.product(&packed(&b), out.view_mut());
            assert_close(&out, &double(&a).dot(&double(&b)), depth);
            listed.square();
            listed.product(&packed(&b), out.view_mut());
            assert_close(&out, &double(&a).mapv(|x| x * x).dot(&double(&b)), depth);
            // Other numbers in the same places.
            let values = matrix(rows, depth, 1.0, 10);
            assert!(listed.take_rows(a.view(), values.view(), 1.0));
            listed.product(&packed(&b), out.view_mut());
            let values = ndarray::Zip::from(&a).and(&values).map_collect(|&a, &x| if a == 0.0 { 0.0 } else { x });
            assert_close(&out, &double(&values).dot(&double(&b)), depth);
        }
    }

    #[test]
    fn transposed_products_are_those_of_whole_and_of_listed_columns_in_any_parts() {
        if !panels_are_used() {
            return;
        }
        for (depth, rows, columns) in SHAPES {
            let (a, d) = (matrix(depth, rows, 0.3, 7), matrix(depth, columns, 1.0, 8));
            let clean = a.mapv(|x| 0.5 * x);
            let expected = double(&a).t().dot(&double(&d));
            for cut in [0, depth / 3, depth] {
                let (inputs, cleans, deltas) = (parts(&a, cut), parts(&clean, cut), parts(&d, cut));

                let mut transposed = Transposed::default();
                let mut out = Array2::from_elem((rows, columns), f32::NAN);
                transposed.pack(inputs.clone());
                transposed.product(deltas.clone(), out.view_mut(), false);
                assert_close(&out, &expected, depth);
                transposed.product(deltas.clone(), out.view_mut(), true);
                assert_close(&out, &(&expected * 2.0), depth);
                transposed.square();
                transposed.product(deltas.clone(), out.view_mut(), false);
                assert_close(&out, &double(&a).mapv(|x| x * x).t().dot(&double(&d)), depth);

                let mut listed = Listed::default();
                let marked = cleans.clone().zip(inputs.clone());
                assert!(listed.take_columns(inputs.clone().zip(inputs.clone()), Listing::Marks, 1.0));
                listed.product_with(deltas.clone(), out.view_mut(), false);
                assert_close(&out, &expected, depth);
                listed.square();
                listed.product_with(deltas.clone(), out.view_mut(), false);
                assert_close(&out, &double(&a).mapv(|x| x * x).t().dot(&double(&d)), depth);
                assert!(listed.take_columns(marked.clone(), Listing::Values, 1.0));
                listed.product_with(deltas.clone(), out.view_mut(), false);
                assert_close(&out, &expected, depth);
                listed.product_with(deltas.clone(), out.view_mut(), true);
                assert_close(&out, &(&expected * 2.0), depth);
                // a − clean is a / 2.
                assert!(listed.take_columns(marked, Listing::Differences, 1.0));
                let factors = matrix(rows, columns, 1.0, 9);
                let mut sums = vec![1.0; rows];
                listed.weighted_product_with(deltas, factors.view(), &mut sums);
                let weighted = (double(&factors) * &expected * 0.5).sum_axis(Axis(1)) + 1.0;
                let sums = Array2::from_shape_vec((rows, 1), sums).unwrap();
                assert_close(&sums, &weighted.insert_axis(Axis(1)), depth * columns);
            }
        }
    }

    #[test]
    fn lists_give_up_where_little_is_zero() {
        if !panels_are_used() {
            return;
        }
        for (rows, depth, _) in SHAPES {
            let a = matrix(rows, depth, 1.0, 11);
            let mut listed = Listed::default();
            assert!(!listed.take_rows(a.view(), a.view(), MOST_LISTED), "{rows} rows");
            assert!(!listed.take_columns(std::iter::once((a.view(), a.view())), Listing::Marks, MOST_LISTED));
            let black = Array2::zeros((rows, depth));
            assert!(listed.take_rows(black.view(), a.view(), MOST_LISTED));
            let mut out = Array2::from_elem((rows, 3), f32::NAN);
            listed.product(&packed(&matrix(depth, 3, 1.0, 12)), out.view_mut());
            assert!(out.iter().all(|&x| x == 0.0));
        }
    }

    #[test]
    fn tiles_are_of_nearly_equal_height() {
        for rows in 0..60 {
            let heights: Vec<usize> = tiles(rows).map(|tile| tile.len()).collect();
            assert_eq!(heights.iter().sum::<usize>(), rows);
            let (least, most) = (heights.iter().min(), heights.iter().max());
            assert!(most.is_none_or(|&most| most <= ROWS && most - least.unwrap() <= 1), "{rows}: {heights:?}");
        }
    }
}
