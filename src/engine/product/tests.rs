//! Every set of loops that this processor runs, against products in double precision.

use ndarray::{Array2, Axis};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use super::*;

/// A matrix of which about a share of `ink` is not zero.
fn matrix(rows: usize, columns: usize, ink: f64, seed: u64) -> Array2<f32> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    Array2::from_shape_simple_fn(
        (rows, columns),
        || {
            if rng.random_bool(ink) { rng.random_range(-1.0..1.0) } else { 0.0 }
        },
    )
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
    assert_eq!(found.dim(), expected.dim());
    for (&found, expected) in found.iter().zip(expected) {
        let error = (f64::from(found) - expected).abs();
        assert!(error <= tolerance, "{found}, {expected} at a depth of {depth}");
    }
}

fn double(matrix: &Array2<f32>) -> Array2<f64> {
    matrix.mapv(f64::from)
}

/// Every set of loops that this processor runs: the portable one is always among them.
fn kernels() -> impl Iterator<Item = Kernel> {
    Products::available().into_iter().filter_map(Kernel::of)
}

/// `matrix`'s rows before and from `cut` on, without a part that is empty.
fn parts(matrix: &Array2<f32>, cut: usize) -> impl Iterator<Item = ArrayView2<'_, f32>> + Clone {
    let (first, second) = matrix.view().split_at(Axis(0), cut);
    [first, second].into_iter().filter(|part| part.nrows() > 0)
}

/// An interpreter goes through as many kinds of edges in smaller shapes.
const SHAPES: &[(usize, usize, usize)] = if cfg!(miri) {
    &[(1, 1, 1), (9, 3, 33), (2, 130, 2), (130, 2, 2), (2, 3, 66), (0, 3, 5), (3, 0, 5)]
} else {
    &[
        (1, 1, 1),
        (3, 7, 33),
        (8, 16, 32),
        (9, 5, 15),
        (97, 250, 10),
        (50, 64, 250),
        (4, 1030, 17),
        (100, 784, 48),
        (0, 3, 5),
        (3, 0, 5),
    ]
};

/// `check` for every set of loops and every shape.
fn everywhere(check: impl Fn(Kernel, (usize, usize, usize))) {
    for kernel in kernels() {
        for &shape in SHAPES {
            println!("{kernel:?}, {shape:?}");
            check(kernel, shape);
        }
    }
}

#[test]
fn a_product_from_panels_is_the_product() {
    everywhere(|kernel, (rows, depth, columns)| {
        let (a, b) = (matrix(rows, depth, 1.0, 1), matrix(depth, columns, 1.0, 2));
        let mut out = Array2::from_elem((rows, columns), f32::NAN);
        product(a.view(), Right::Packed(Packed { kernel, panels: &packed(&b) }), out.view_mut());
        assert_close(&out, &double(&a).dot(&double(&b)), depth);
    });
}

#[test]
fn panels_of_a_transposed_matrix_are_those_of_the_matrix() {
    for kernel in kernels() {
        for (depth, columns) in [(1, 1), (7, 33), (64, 32), if cfg!(miri) { (17, 32) } else { (250, 784) }] {
            let b = matrix(columns, depth, 1.0, 3);
            let mut panels = Panels::new(depth, columns);
            let filling = panels.fill();
            for (block, rows) in b.axis_chunks_iter(Axis(0), COLUMNS).enumerate() {
                // SAFETY: one thread.
                unsafe { filling.columns(kernel, block * COLUMNS, rows) };
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
}

#[test]
fn listed_rows_multiply_as_whole_ones() {
    everywhere(|kernel, (rows, depth, columns)| {
        let (a, b) = (matrix(rows, depth, 0.2, 4), matrix(depth, columns, 1.0, 5));
        let panels = packed(&b);
        let right = Packed { kernel, panels: &panels };
        let mut listed = Listed::default();
        let mut out = Array2::from_elem((rows, columns), f32::NAN);
        // Twice: nothing of the first is left.
        let others = matrix(rows, depth, 0.5, 6);
        assert!(listed.take_rows(kernel, others.view(), others.view(), 1.0));
        assert!(listed.take_rows(kernel, a.view(), a.view(), 1.0));
        listed.product(right, out.view_mut());
        assert_close(&out, &double(&a).dot(&double(&b)), depth);
        listed.square();
        listed.product(right, out.view_mut());
        assert_close(&out, &double(&a).mapv(|x| x * x).dot(&double(&b)), depth);
        // Other numbers in the same places.
        let values = matrix(rows, depth, 1.0, 10);
        assert!(listed.take_rows(kernel, a.view(), values.view(), 1.0));
        listed.product(right, out.view_mut());
        let values = ndarray::Zip::from(&a).and(&values).map_collect(|&a, &x| if a == 0.0 { 0.0 } else { x });
        assert_close(&out, &double(&values).dot(&double(&b)), depth);
    });
}

#[test]
fn transposed_products_are_those_of_whole_and_of_listed_columns_in_any_parts() {
    everywhere(|kernel, (depth, rows, columns)| {
        // Without an example there is no part.
        if depth == 0 {
            return;
        }
        let (a, d) = (matrix(depth, rows, 0.3, 7), matrix(depth, columns, 1.0, 8));
        let clean = a.mapv(|x| 0.5 * x);
        let expected = double(&a).t().dot(&double(&d));
        for cut in if cfg!(miri) { vec![depth / 3] } else { vec![0, depth / 3, depth] } {
            let (inputs, cleans, deltas) = (parts(&a, cut), parts(&clean, cut), parts(&d, cut));

            let mut transposed = Transposed::default();
            let mut out = Array2::from_elem((rows, columns), f32::NAN);
            transposed.pack(kernel, inputs.clone());
            transposed.product(kernel, deltas.clone(), out.view_mut(), false);
            assert_close(&out, &expected, depth);
            transposed.product(kernel, deltas.clone(), out.view_mut(), true);
            assert_close(&out, &(&expected * 2.0), depth);
            transposed.square();
            transposed.product(kernel, deltas.clone(), out.view_mut(), false);
            assert_close(&out, &double(&a).mapv(|x| x * x).t().dot(&double(&d)), depth);

            let mut listed = Listed::default();
            let marked = cleans.clone().zip(inputs.clone());
            assert!(listed.take_columns(kernel, inputs.clone().zip(inputs.clone()), Listing::Marks, 1.0));
            listed.product_with(kernel, deltas.clone(), out.view_mut(), false);
            assert_close(&out, &expected, depth);
            listed.square();
            listed.product_with(kernel, deltas.clone(), out.view_mut(), false);
            assert_close(&out, &double(&a).mapv(|x| x * x).t().dot(&double(&d)), depth);
            assert!(listed.take_columns(kernel, marked.clone(), Listing::Values, 1.0));
            listed.product_with(kernel, deltas.clone(), out.view_mut(), false);
            assert_close(&out, &expected, depth);
            listed.product_with(kernel, deltas.clone(), out.view_mut(), true);
            assert_close(&out, &(&expected * 2.0), depth);
            // a − clean is a / 2.
            assert!(listed.take_columns(kernel, marked, Listing::Differences, 1.0));
            let factors = matrix(rows, columns, 1.0, 9);
            let mut sums = vec![1.0; rows];
            listed.weighted_product_with(kernel, deltas, factors.view(), &mut sums);
            let weighted = (double(&factors) * &expected * 0.5).sum_axis(Axis(1)) + 1.0;
            let sums = Array2::from_shape_vec((rows, 1), sums).unwrap();
            assert_close(&sums, &weighted.insert_axis(Axis(1)), depth * columns);
        }
    });
}

#[test]
fn what_is_not_a_number_is_listed_and_a_zero_of_either_sign_is_not() {
    let special = [f32::NAN, f32::INFINITY, -1.0, 1e-40, -0.0, 0.0];
    for kernel in kernels() {
        // One number to a row, in each of the lanes that are looked at together.
        for depth in [special.len(), 40] {
            let a =
                Array2::from_shape_fn((depth, depth), |(i, j)| if i == j { special[i % special.len()] } else { 0.0 });
            // What a zero would be multiplied with is not a number.
            let right = Array2::from_shape_fn((depth, 9), |(i, _)| if a[(i, i)] == 0.0 { f32::NAN } else { 1.0 });
            let panels = packed(&right);
            let check = |out: &Array2<f32>, what: &str| {
                for ((row, _), &found) in out.indexed_iter() {
                    let expected = special[row % special.len()];
                    assert!(found == expected || found.is_nan() && expected.is_nan(), "{kernel:?}, {what}: {found}");
                }
            };
            let mut listed = Listed::default();
            let mut out = Array2::from_elem((depth, 9), f32::NAN);
            assert!(listed.take_rows(kernel, a.view(), a.view(), 1.0));
            listed.product(Packed { kernel, panels: &panels }, out.view_mut());
            check(&out, "rows");
            let whole = std::iter::once((a.view(), a.view()));
            assert!(listed.take_columns(kernel, whole, Listing::Marks, 1.0));
            listed.product_with(kernel, std::iter::once(right.view()), out.view_mut(), false);
            check(&out, "columns");
        }
    }
}

#[test]
fn lists_give_up_where_little_is_zero_and_list_nothing_then() {
    everywhere(|kernel, (rows, depth, _)| {
        let mut listed = Listed::default();
        if rows * depth > 0 {
            let a = matrix(rows, depth, 1.0, 11);
            assert!(!listed.take_rows(kernel, a.view(), a.view(), MOST_LISTED), "{rows} rows");
            let parts = std::iter::once((a.view(), a.view()));
            assert!(!listed.take_columns(kernel, parts, Listing::Marks, MOST_LISTED));
            // What a list of another matrix left there is not multiplied.
            let panels = packed(&matrix(rows, 3, 1.0, 12));
            let product = std::panic::catch_unwind(|| {
                listed.product(Packed { kernel, panels: &panels }, Array2::zeros((depth, 3)).view_mut());
            });
            assert!(product.is_err());
        }
        let black = Array2::zeros((rows, depth));
        assert!(listed.take_rows(kernel, black.view(), matrix(rows, depth, 1.0, 11).view(), MOST_LISTED));
        let panels = packed(&matrix(depth, 3, 1.0, 12));
        let mut out = Array2::from_elem((rows, 3), f32::NAN);
        listed.product(Packed { kernel, panels: &panels }, out.view_mut());
        assert!(out.iter().all(|&x| x == 0.0));
    });
}

#[test]
fn a_tile_that_its_matrices_do_not_have_is_refused() {
    for kernel in kernels() {
        let panel = packed(&matrix(4, 32, 1.0, 1));
        let (left, mut out) = (vec![1.0; 12], vec![0.0; 320]);
        let mut tile = |left: Left<'_>, out_length: usize, rows| {
            let out = &mut out[..out_length];
            let panel = panel.panel(0);
            let tile = Tile { left, panel, out, out_stride: 32, rows, columns: 32, add: false };
            let run = std::panic::AssertUnwindSafe(|| with_simd!(kernel, simd => tile.compute(simd)));
            std::panic::catch_unwind(run).is_ok()
        };
        let rows = |count: usize| Left::Rows { values: &left[..count], stride: 4 };
        assert!(tile(rows(12), 96, 3) && tile(Left::Packed(&left), 96, 3));
        assert!(!tile(rows(11), 96, 3) && !tile(Left::Packed(&left[..11]), 96, 3));
        assert!(!tile(rows(12), 95, 3) && !tile(rows(12), 96, 0));
        assert!(!tile(Left::Rows { values: &left, stride: usize::MAX }, 96, 3));
        let one = Left::Rows { values: &left, stride: 0 };
        assert!(tile(one, 320, kernel.rows()) && !tile(one, 320, kernel.rows() + 1));
    }
}

#[test]
fn tiles_are_of_nearly_equal_height() {
    for most in kernels().map(Kernel::rows) {
        for rows in 0..if cfg!(miri) { 20 } else { 60 } {
            let heights: Vec<usize> = tiles(rows, most).map(|tile| tile.len()).collect();
            assert_eq!(heights.iter().sum::<usize>(), rows);
            let (least, highest) = (heights.iter().min(), heights.iter().max());
            assert!(highest.is_none_or(|&highest| highest <= most && highest - least.unwrap() <= 1), "{heights:?}");
        }
    }
}
