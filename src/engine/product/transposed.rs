//! Products Aᵀ·D over the rows of a minibatch: gradients of weights.

use ndarray::{ArrayView2, ArrayViewMut2};

use super::kernel::{Kernel, with_simd};
use super::panels::{COLUMNS, Panels};
use super::tile::{Left, Tile};

/// The most rows of a minibatch that go through at a time, so that what is packed of them stays in the caches.
pub(in crate::engine) const DEPTH: usize = 512;

/// One thread's packed factors, kept from step to step: columns of A in slivers as wide as a tile is high, each in the order in which the innermost
/// loop reads it, and one panel of D.
#[derive(Debug, Default)]
pub(in crate::engine) struct Transposed {
    slivers: Vec<f32>,
    /// Columns of A in a sliver.
    width: usize,
    panel: Panels,
    columns: usize,
    depth: usize,
}

impl Transposed {
    /// Takes the columns of A, in parts of which each is some rows of the minibatch, at most [`DEPTH`] together.
    pub(in crate::engine) fn pack<'a>(
        &mut self,
        kernel: Kernel,
        parts: impl Iterator<Item = ArrayView2<'a, f32>> + Clone,
    ) {
        self.width = kernel.rows();
        self.depth = parts.clone().map(|part| part.nrows()).sum();
        self.columns = parts.clone().next().map_or(0, |part| part.ncols());
        let size = self.size();
        if self.slivers.len() < size {
            self.slivers.resize(size, 0.0);
        }
        let mut row = 0;
        for part in parts {
            for (sliver, first) in (0..self.columns).step_by(self.width).enumerate() {
                let width = self.width.min(self.columns - first);
                let start = sliver * self.width * self.depth + row * width;
                let out = self.slivers[start..start + part.nrows() * width].chunks_exact_mut(width);
                for (values, out) in part.outer_iter().zip(out) {
                    let values = &values.to_slice().expect("rows are contiguous")[first..first + width];
                    // As a constant length it is a few moves, and no call.
                    match width {
                        8 => out[..8].copy_from_slice(&values[..8]),
                        6 => out[..6].copy_from_slice(&values[..6]),
                        _ => out.copy_from_slice(values),
                    }
                }
            }
            row += part.nrows();
        }
    }

    /// Numbers in the slivers, those included that a last one lacks.
    fn size(&self) -> usize {
        self.columns.next_multiple_of(self.width.max(1)) * self.depth
    }

    /// A² in A's place.
    pub(in crate::engine) fn square(&mut self) {
        let size = self.size();
        for value in &mut self.slivers[..size] {
            *value *= *value;
        }
    }

    /// `out` ← (or +=, with `add`) Aᵀ·D, where D's rows come in the parts of A.
    ///
    /// # Panics
    /// Shapes that do not fit; an `out` that is not in standard layout.
    pub(in crate::engine) fn product<'a>(
        &mut self,
        kernel: Kernel,
        parts: impl Iterator<Item = ArrayView2<'a, f32>> + Clone,
        mut out: ArrayViewMut2<'_, f32>,
        add: bool,
    ) {
        let (rows, columns) = out.dim();
        assert_eq!((rows, self.depth), (self.columns, parts.clone().map(|part| part.nrows()).sum()), "Aᵀ·D's shapes");
        let out = out.as_slice_mut().expect(ORDER);
        for first in (0..columns).step_by(COLUMNS) {
            let width = COLUMNS.min(columns - first);
            take_panel(&mut self.panel, parts.clone(), first, width, self.depth);
            with_simd!(kernel, simd => for row in (0..rows).step_by(self.width) {
                let tile = Tile {
                    left: Left::Packed(&self.slivers[row * self.depth..]),
                    panel: self.panel.panel(0),
                    out: &mut out[row * columns + first..],
                    out_stride: columns,
                    rows: self.width.min(rows - row),
                    columns: width,
                    add,
                };
                tile.compute(simd);
            });
        }
    }
}

const ORDER: &str = "products are in standard layout";

/// Packs columns `first` to `first + width` of the parts below each other.
pub(super) fn take_panel<'a>(
    panel: &mut Panels,
    parts: impl Iterator<Item = ArrayView2<'a, f32>>,
    first: usize,
    width: usize,
    depth: usize,
) {
    panel.reshape(depth, width);
    let filling = panel.fill();
    for (row, values) in parts.flat_map(|part| part.into_outer_iter()).enumerate() {
        // SAFETY: this thread's own panel.
        unsafe { filling.row(row, &values.to_slice().expect("rows are contiguous")[first..first + width]) };
    }
}
