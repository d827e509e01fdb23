//! Products with a matrix that has many zeros, by lists of its other numbers: 0 times a weight need not be computed.
//!
//! Four fifths of MNIST's pixels are black, a rectifier leaves half of its units or fewer, and noise that multiplies keeps them
//! at 0; so does the gradient that comes back through a rectifier. A row's list is what the innermost loop runs over.

use ndarray::{ArrayView1, ArrayView2, ArrayViewMut2};

use super::kernel::{self, Block, Strip};
use super::panels::{COLUMNS, Line, Panels};
use super::transposed::take_panel;

/// Numbers that are looked at together.
const LANES: usize = 16;

/// Lines of two panels that a row's list is multiplied with before the next row's is: they stay in a first-level cache of 32 KB.
const PIECE: usize = 128;

/// Columns of C that are computed together.
const STRIP: usize = 2 * COLUMNS;

/// The share of numbers that are not zero up to which lists are the faster way; measured between 0.6 and 0.7.
pub(in crate::engine) const MOST_LISTED: f64 = 0.6;

/// Rows whose share decides.
pub(in crate::engine) const FIRST: usize = 8;

/// Places after a list that may be overwritten.
pub(super) const SLACK: usize = LANES;

/// A number that is not zero.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
pub(super) struct Entry {
    /// Of the line of a panel that it multiplies, in bytes.
    pub(super) offset: u32,
    pub(super) value: f32,
}

/// What is listed where a matrix of marks is not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Listing {
    /// The marks.
    Marks,
    /// The numbers of another matrix.
    Values,
    /// Those less the marks.
    Differences,
}

/// The lists of a matrix's rows, kept from step to step.
#[derive(Debug, Default)]
pub(in crate::engine) struct Listed {
    /// Each row's, `capacity` apart, in ascending order.
    entries: Vec<Entry>,
    capacity: usize,
    /// For each row, where the entries of each [`PIECE`] end.
    ends: Vec<u32>,
    /// Rows, and numbers in a row.
    rows: usize,
    depth: usize,
    /// Entries of each column while it is listed.
    counts: Vec<u32>,
    panel: Panels,
}

impl Listed {
    fn begin(&mut self, rows: usize, depth: usize) {
        assert!(u32::try_from(depth * size_of::<Line>()).is_ok(), "a panel of less than 4 GB");
        (self.rows, self.depth, self.capacity) = (rows, depth, depth + SLACK);
        if self.entries.len() < rows * self.capacity {
            self.entries.resize(rows * self.capacity, Entry::default());
        }
        let ends = rows * self.pieces();
        if self.ends.len() < ends {
            self.ends.resize(ends, 0);
        }
    }

    fn pieces(&self) -> usize {
        self.depth.div_ceil(PIECE)
    }

    /// Lists the rows of `values` where `marks`, a matrix of the same shape, is not zero; gives up, and says so by `false`, where the
    /// first rows have more of that than the share `most`.
    pub(in crate::engine) fn take_rows(
        &mut self,
        marks: ArrayView2<'_, f32>,
        values: ArrayView2<'_, f32>,
        most: f64,
    ) -> bool {
        self.begin(marks.nrows(), marks.ncols());
        let pieces = self.pieces();
        for (row, (marks, values)) in marks.outer_iter().zip(values.outer_iter()).enumerate() {
            let list = &mut self.entries[row * self.capacity..(row + 1) * self.capacity];
            let (marks, values) = (contiguous(&marks).chunks(PIECE), contiguous(&values).chunks(PIECE));
            let mut count = 0;
            for (piece, (marks, values)) in marks.zip(values).enumerate() {
                for (step, (marks, values)) in marks.chunks(LANES).zip(values.chunks(LANES)).enumerate() {
                    count += kernel::list(marks, values, piece * PIECE + step * LANES, &mut list[count..]);
                }
                self.ends[row * pieces + piece] = count as u32;
            }
            if row + 1 == FIRST && self.share_of(FIRST) > most {
                return false;
            }
        }
        marks.nrows() >= FIRST || self.share_of(self.rows) <= most
    }

    /// Lists the rows of a transposed matrix, whose own rows come in parts of marks and values; gives up as [`Self::take_rows`] does.
    pub(in crate::engine) fn take_columns<'a>(
        &mut self,
        parts: impl Iterator<Item = (ArrayView2<'a, f32>, ArrayView2<'a, f32>)> + Clone,
        listing: Listing,
        most: f64,
    ) -> bool {
        let depth = parts.clone().map(|(marks, _)| marks.nrows()).sum();
        let columns = parts.clone().next().map_or(0, |(marks, _)| marks.ncols());
        self.begin(columns, depth);
        self.counts.clear();
        self.counts.resize(columns, 0);
        let pieces = self.pieces();
        let mut rows = parts.flat_map(|(marks, values)| marks.into_outer_iter().zip(values.into_outer_iter()));
        for first in (0..depth).step_by(LANES) {
            let height = LANES.min(depth - first);
            let mut group: [(&[f32], &[f32]); LANES] = [(&[], &[]); LANES];
            for (slot, (marks, values)) in group.iter_mut().zip(rows.by_ref().take(height)) {
                *slot = (marks.to_slice().expect(ORDER), values.to_slice().expect(ORDER));
            }
            for (block, counts) in self.counts.chunks_mut(LANES).enumerate() {
                let block = Block { rows: &group[..height], listing, row: first, column: block * LANES };
                kernel::list_columns(&block, counts, &mut self.entries, self.capacity);
            }
            let done = first + height;
            if done.is_multiple_of(PIECE) || done == depth {
                for (ends, &count) in self.ends.chunks_exact_mut(pieces).zip(&self.counts) {
                    ends[(done - 1) / PIECE] = count;
                }
            }
            let listed: u32 = if first == 0 { self.counts.iter().sum() } else { 0 };
            if f64::from(listed) > most * (height * columns) as f64 {
                return false;
            }
        }
        true
    }

    /// The share of the first rows' numbers that are listed.
    fn share_of(&self, rows: usize) -> f64 {
        let listed: usize = (0..rows).map(|row| self.count(row)).sum();
        listed as f64 / (rows * self.depth).max(1) as f64
    }

    fn count(&self, row: usize) -> usize {
        match self.pieces() {
            0 => 0,
            pieces => self.ends[(row + 1) * pieces - 1] as usize,
        }
    }

    /// Every number squared.
    pub(in crate::engine) fn square(&mut self) {
        for row in 0..self.rows {
            let count = self.count(row);
            kernel::square(&mut self.entries[row * self.capacity..][..count]);
        }
    }

    /// `out` ← listed rows · `panels`.
    pub(in crate::engine) fn product(&self, panels: &Panels, out: ArrayViewMut2<'_, f32>) {
        assert_eq!(panels.columns(), out.ncols(), "shapes");
        self.multiply(panels, 0, out, false);
    }

    /// `out` ← (or +=, with `add`) listed rows · D, where D's rows come in parts.
    pub(in crate::engine) fn product_with<'a>(
        &mut self,
        parts: impl Iterator<Item = ArrayView2<'a, f32>> + Clone,
        mut out: ArrayViewMut2<'_, f32>,
        add: bool,
    ) {
        let mut panel = std::mem::take(&mut self.panel);
        for first in (0..out.ncols()).step_by(STRIP) {
            let width = STRIP.min(out.ncols() - first);
            take_panel(&mut panel, parts.clone(), first, width, self.depth);
            self.multiply(&panel, first, out.view_mut(), add);
        }
        self.panel = panel;
    }

    /// `sums`[i] += Σ over columns of `factors` ∘ (listed rows · D) in row i.
    pub(in crate::engine) fn weighted_product_with<'a>(
        &mut self,
        parts: impl Iterator<Item = ArrayView2<'a, f32>> + Clone,
        factors: ArrayView2<'_, f32>,
        sums: &mut [f32],
    ) {
        assert_eq!((self.rows, self.rows), (factors.nrows(), sums.len()), "shapes");
        let mut panel = std::mem::take(&mut self.panel);
        for first in (0..factors.ncols()).step_by(STRIP) {
            let width = STRIP.min(factors.ncols() - first);
            take_panel(&mut panel, parts.clone(), first, width, self.depth);
            let sides = [0, 1].map(|side| side_of(&panel, side));
            for piece in 0..self.pieces() {
                for (row, sum) in sums.iter_mut().enumerate() {
                    let mut strip = [0.0; STRIP];
                    // SAFETY: the panel has `depth` lines, and the strip `width` columns.
                    unsafe { self.strip(row, piece, sides, strip.as_mut_ptr(), width, false) };
                    *sum += kernel::dot(&strip[..width], &contiguous(&factors.row(row))[first..first + width]);
                }
            }
        }
        self.panel = panel;
    }

    /// Columns of `out` from `first` on ← (or +=) listed rows · `panels`.
    fn multiply(&self, panels: &Panels, first: usize, mut out: ArrayViewMut2<'_, f32>, add: bool) {
        let fits = self.rows == out.nrows() && self.depth == panels.depth() && first + panels.columns() <= out.ncols();
        assert!(fits && (out.ncols() <= 1 || out.strides()[1] == 1), "shapes");
        if self.depth == 0 && !add {
            out.fill(0.0);
        }
        let (corner, stride) = (out.as_mut_ptr(), out.strides()[0].unsigned_abs());
        for pair in (0..panels.count()).step_by(2) {
            let sides = [pair, pair + 1].map(|side| side_of(panels, side));
            let column = pair * COLUMNS;
            let width = STRIP.min(panels.columns() - column);
            for piece in 0..self.pieces() {
                for row in 0..self.rows {
                    // SAFETY: the panels have `depth` lines, and `out` these rows and columns.
                    unsafe {
                        let strip = corner.add(row * stride + first + column);
                        self.strip(row, piece, sides, strip, width, add || piece > 0);
                    }
                }
            }
        }
    }

    /// `width` numbers at `out` ← (or +=, with `add`) one piece of a row · two panels, of which the second is needed for more
    /// than 32.
    ///
    /// # Safety
    /// The panels have `depth` lines, and `out` as many numbers.
    unsafe fn strip(&self, row: usize, piece: usize, panels: [&[Line]; 2], out: *mut f32, width: usize, add: bool) {
        let ends = &self.ends[row * self.pieces()..];
        let entries = if piece == 0 { 0 } else { ends[piece - 1] as usize }..ends[piece] as usize;
        let entries = &self.entries[row * self.capacity..][entries];
        debug_assert!(panels[0].len() == self.depth && (width <= COLUMNS || panels[1].len() == self.depth), "shapes");
        // SAFETY: lists are of lines below `depth`; the rest is the caller's.
        unsafe { kernel::multiply(&Strip { entries, panels, out, columns: width, add }) };
    }
}

/// A panel, or nothing behind the last one.
fn side_of(panels: &Panels, panel: usize) -> &[Line] {
    if panel < panels.count() { panels.panel(panel) } else { &[] }
}

const ORDER: &str = "rows are contiguous";

fn contiguous<'a>(row: &ArrayView1<'a, f32>) -> &'a [f32] {
    row.to_slice().expect(ORDER)
}
