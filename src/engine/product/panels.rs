//! The right factor of a product, packed: panels of 32 columns, in each of which a row is two cache lines, one after the
//! other. The innermost loop then reads memory in order, at aligned addresses, on few pages.

use std::marker::PhantomData;

use ndarray::ArrayView2;

use super::kernel::{Kernel, with_simd};
use super::simd::{Simd, Transpose};

/// Columns of a panel: two registers of AVX-512, four of AVX2, eight of NEON.
pub(super) const COLUMNS: usize = 32;

/// A row of a panel.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(128))]
pub(in crate::engine) struct Line(pub(in crate::engine) [f32; COLUMNS]);

/// A packed (depth × columns) matrix. What its last panel has beyond the matrix is of no meaning.
#[derive(Debug, Default)]
pub(in crate::engine) struct Panels {
    lines: Vec<Line>,
    depth: usize,
    columns: usize,
}

/// A packed matrix as the right factor of a product, and the loops that multiply it.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Packed<'a> {
    pub(in crate::engine) kernel: Kernel,
    pub(in crate::engine) panels: &'a Panels,
}

impl Panels {
    /// Room for a matrix of at most as many numbers; see [`Self::reshape`].
    pub(in crate::engine) fn new(depth: usize, columns: usize) -> Self {
        Self { lines: vec![Line([0.0; COLUMNS]); depth * columns.div_ceil(COLUMNS)], depth, columns }
    }

    /// Makes room for a matrix of another shape, of which nothing is filled in.
    pub(super) fn reshape(&mut self, depth: usize, columns: usize) {
        let lines = depth * columns.div_ceil(COLUMNS);
        if self.lines.len() < lines {
            self.lines.resize(lines, Line([0.0; COLUMNS]));
        }
        (self.depth, self.columns) = (depth, columns);
    }

    pub(in crate::engine) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Everything that is kept.
    pub(in crate::engine) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Rows of the matrix.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// Columns of the matrix.
    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// Number of panels.
    pub(super) fn count(&self) -> usize {
        self.columns.div_ceil(COLUMNS)
    }

    /// Columns of the matrix in a panel.
    pub(super) fn width(&self, panel: usize) -> usize {
        (self.columns - panel * COLUMNS).min(COLUMNS)
    }

    /// The rows of a panel.
    pub(super) fn panel(&self, panel: usize) -> &[Line] {
        &self.lines[panel * self.depth..(panel + 1) * self.depth]
    }

    /// To be filled by several threads.
    pub(in crate::engine) fn fill(&mut self) -> Filling<'_> {
        Filling { first: self.lines.as_mut_ptr(), depth: self.depth, columns: self.columns, panels: PhantomData }
    }
}

/// Panels that threads fill, each its own lines.
#[derive(Clone, Copy)]
pub(in crate::engine) struct Filling<'a> {
    first: *mut Line,
    depth: usize,
    columns: usize,
    panels: PhantomData<&'a mut Panels>,
}

// SAFETY: plain numbers; by the methods' contracts no line is written by two threads.
unsafe impl Send for Filling<'_> {}
// SAFETY: as above.
unsafe impl Sync for Filling<'_> {}

impl Filling<'_> {
    /// Row `row` of the matrix, to all panels.
    ///
    /// # Safety
    /// No other thread fills this row.
    pub(in crate::engine) unsafe fn row(self, row: usize, values: &[f32]) {
        assert!(row < self.depth && values.len() == self.columns, "a row of the matrix");
        for (panel, values) in values.chunks(COLUMNS).enumerate() {
            // SAFETY: the panel exists, since there are values for it; the rest is the caller's.
            let line = unsafe { &mut *self.first.add(panel * self.depth + row) };
            // As a constant length it is four or eight moves, and no call.
            match <&[f32; COLUMNS]>::try_from(values) {
                Ok(values) => line.0.iter_mut().zip(values).for_each(|(to, &from)| *to = from),
                Err(_) => line.0[..values.len()].copy_from_slice(values),
            }
        }
    }

    /// Columns `column`, `column` + 1, … of the matrix, one from each row of `values`: `column` is a panel's first, and there are
    /// no more than a panel has.
    ///
    /// # Safety
    /// No other thread fills these columns.
    pub(in crate::engine) unsafe fn columns(self, kernel: Kernel, column: usize, values: ArrayView2<'_, f32>) {
        let fits = column.is_multiple_of(COLUMNS) && column + values.nrows() <= self.columns;
        assert!(fits && values.nrows() <= COLUMNS && values.ncols() == self.depth, "a panel's columns");
        // SAFETY: the panel has as many lines; the rest is the caller's.
        let lines =
            unsafe { std::slice::from_raw_parts_mut(self.first.add(column / COLUMNS * self.depth), self.depth) };
        let mut rows: [&[f32]; COLUMNS] = [&[]; COLUMNS];
        for (slot, row) in rows.iter_mut().zip(values.outer_iter()) {
            *slot = row.to_slice().expect("rows are contiguous");
        }
        with_simd!(kernel, simd => simd.compiled(Transpose { rows: &rows[..values.nrows()], first: 0, lines }));
    }
}
