//! Products with a matrix that has many zeros, by lists of its other numbers: 0 times a weight need not be computed.
//!
//! Four fifths of MNIST's pixels are black, a rectifier leaves half of its units or fewer, and noise that multiplies keeps them
//! at 0; so does the gradient that comes back through a rectifier. A row's list is what the innermost loop runs over.

use ndarray::{ArrayView1, ArrayView2, ArrayViewMut2};

use super::kernel::{Kernel, with_simd};
use super::panels::{COLUMNS, Line, Packed, Panels};
use super::simd::{Simd, Transpose};
use super::strip::{Entry, SLACK, Strips, Target};
use super::transposed::take_panel;

/// Lines of two panels that a row's list is multiplied with before the next row's is: they stay in a first-level cache of 32 KB.
const PIECE: usize = 128;

/// Rows and columns of what is turned over at a time where columns are listed.
const BLOCK: usize = COLUMNS;

/// Columns of C that are computed together.
const STRIP: usize = 2 * COLUMNS;

/// The share of numbers that are not zero up to which lists are the faster way; measured between 0.6 and 0.7.
pub(in crate::engine) const MOST_LISTED: f64 = 0.6;

/// Rows whose share decides.
pub(in crate::engine) const FIRST: usize = 8;

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
    /// Forgets what was listed, and makes room.
    fn begin(&mut self, rows: usize, depth: usize) {
        assert!(u32::try_from(depth.saturating_mul(size_of::<Line>())).is_ok(), "a panel of less than 4 GB");
        (self.rows, self.depth, self.capacity) = (0, depth, depth + SLACK);
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
    /// first rows have more of that than the share `most`. Nothing is listed then.
    pub(in crate::engine) fn take_rows(
        &mut self,
        kernel: Kernel,
        marks: ArrayView2<'_, f32>,
        values: ArrayView2<'_, f32>,
        most: f64,
    ) -> bool {
        assert_eq!(marks.dim(), values.dim(), "shapes");
        self.begin(marks.nrows(), marks.ncols());
        let pieces = self.pieces();
        for (row, (marks, values)) in marks.outer_iter().zip(values.outer_iter()).enumerate() {
            let list = &mut self.entries[row * self.capacity..(row + 1) * self.capacity];
            let (marks, values) = (contiguous(&marks).chunks(PIECE), contiguous(&values).chunks(PIECE));
            let mut count = 0;
            with_simd!(kernel, simd => for (piece, (marks, values)) in marks.zip(values).enumerate() {
                count += simd.list(marks, values, piece * PIECE, &mut list[count..]);
                self.ends[row * pieces + piece] = count as u32;
            });
            if row + 1 == FIRST && self.share_of(FIRST) > most {
                return false;
            }
        }
        if marks.nrows() < FIRST && self.share_of(marks.nrows()) > most {
            return false;
        }
        self.rows = marks.nrows();
        true
    }

    /// Lists the rows of a transposed matrix, whose own rows come in parts of marks and values; gives up as [`Self::take_rows`] does.
    pub(in crate::engine) fn take_columns<'a>(
        &mut self,
        kernel: Kernel,
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
        let mut rows = parts.flat_map(|(marks, values)| {
            assert_eq!((marks.dim(), marks.ncols()), (values.dim(), columns), "shapes");
            marks.into_outer_iter().zip(values.into_outer_iter())
        });
        let (mut mark_rows, mut value_rows): ([&[f32]; BLOCK], [&[f32]; BLOCK]) = ([&[]; BLOCK], [&[]; BLOCK]);
        let (mut marks, mut values) = ([Line([0.0; COLUMNS]); BLOCK], [Line([0.0; COLUMNS]); BLOCK]);
        for first in (0..depth).step_by(BLOCK) {
            let height = BLOCK.min(depth - first);
            for (index, (marks, values)) in rows.by_ref().take(height).enumerate() {
                (mark_rows[index], value_rows[index]) = (contiguous(&marks), contiguous(&values));
            }
            with_simd!(kernel, simd => for (block, counts) in self.counts.chunks_mut(BLOCK).enumerate() {
                let column = block * BLOCK;
                let rows = &mark_rows[..height];
                simd.compiled(Transpose { rows, first: column, lines: &mut marks[..counts.len()] });
                if listing != Listing::Marks {
                    let rows = &value_rows[..height];
                    simd.compiled(Transpose { rows, first: column, lines: &mut values[..counts.len()] });
                }
                for (index, count) in counts.iter_mut().enumerate() {
                    let (marks, values) = (&marks[index].0, &mut values[index].0);
                    if listing == Listing::Differences {
                        values.iter_mut().zip(marks).for_each(|(value, mark)| *value -= mark);
                    }
                    let values = if listing == Listing::Marks { marks } else { &*values };
                    let list = &mut self.entries[(column + index) * self.capacity + *count as usize..];
                    *count += simd.list(&marks[..height], &values[..height], first, list) as u32;
                }
            });
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
        self.rows = columns;
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
            for entry in &mut self.entries[row * self.capacity..][..count] {
                // Written whole, so that several are squared at a time.
                *entry = Entry { value: entry.value * entry.value, ..*entry };
            }
        }
    }

    /// `out` ← listed rows · `right`.
    pub(in crate::engine) fn product(&self, right: Packed<'_>, out: ArrayViewMut2<'_, f32>) {
        assert_eq!(right.panels.columns(), out.ncols(), "shapes");
        self.multiply(right, 0, out, false);
    }

    /// `out` ← (or +=, with `add`) listed rows · D, where D's rows come in parts.
    pub(in crate::engine) fn product_with<'a>(
        &mut self,
        kernel: Kernel,
        parts: impl Iterator<Item = ArrayView2<'a, f32>> + Clone,
        mut out: ArrayViewMut2<'_, f32>,
        add: bool,
    ) {
        let mut panel = std::mem::take(&mut self.panel);
        for first in (0..out.ncols()).step_by(STRIP) {
            let width = STRIP.min(out.ncols() - first);
            take_panel(&mut panel, parts.clone(), first, width, self.depth);
            self.multiply(Packed { kernel, panels: &panel }, first, out.view_mut(), add);
        }
        self.panel = panel;
    }

    /// `sums`[i] += Σ over columns of `factors` ∘ (listed rows · D) in row i.
    pub(in crate::engine) fn weighted_product_with<'a>(
        &mut self,
        kernel: Kernel,
        parts: impl Iterator<Item = ArrayView2<'a, f32>> + Clone,
        factors: ArrayView2<'_, f32>,
        sums: &mut [f32],
    ) {
        assert_eq!((self.rows, self.rows), (factors.nrows(), sums.len()), "shapes");
        let weights = factors.to_slice().expect(ORDER);
        let mut panel = std::mem::take(&mut self.panel);
        for first in (0..factors.ncols()).step_by(STRIP) {
            let width = STRIP.min(factors.ncols() - first);
            take_panel(&mut panel, parts.clone(), first, width, self.depth);
            let panels = [0, 1].map(|side| side_of(&panel, side));
            let (columns, stride) = (width, factors.ncols());
            let weights = weights.get(first..).unwrap_or_default();
            with_simd!(kernel, simd => for piece in 0..self.pieces() {
                let target = Target::Weigh { factors: weights, stride, sums };
                // SAFETY: the lists are of lines below `depth`, which is what each of the panels has.
                unsafe { Strips { lists: self.lists(piece), panels, columns, target }.compute(simd, self.rows) };
            });
        }
        self.panel = panel;
    }

    /// Columns of `out` from `first` on ← (or +=, with `add`) listed rows · `right`.
    ///
    /// # Panics
    /// Shapes that do not fit; an `out` that is not in standard layout.
    fn multiply(&self, right: Packed<'_>, first: usize, mut out: ArrayViewMut2<'_, f32>, add: bool) {
        let stride = out.ncols();
        let fits =
            self.rows == out.nrows() && self.depth == right.panels.depth() && first + right.panels.columns() <= stride;
        assert!(fits, "shapes");
        if self.depth == 0 && !add {
            out.fill(0.0);
        }
        let out = out.as_slice_mut().expect(ORDER);
        for pair in (0..right.panels.count()).step_by(2) {
            let panels = [pair, pair + 1].map(|side| side_of(right.panels, side));
            let column = pair * COLUMNS;
            let columns = STRIP.min(right.panels.columns() - column);
            let out = out.get_mut(first + column..).unwrap_or_default();
            with_simd!(right.kernel, simd => for piece in 0..self.pieces() {
                let target = Target::Write { out, stride, add: add || piece > 0 };
                // SAFETY: the lists are of lines below `depth`, which is what each of the panels has.
                unsafe { Strips { lists: self.lists(piece), panels, columns, target }.compute(simd, self.rows) };
            });
        }
    }

    /// One piece of each row's list.
    fn lists(&self, piece: usize) -> impl Iterator<Item = &[Entry]> {
        let rows = self.entries.chunks_exact(self.capacity).zip(self.ends.chunks_exact(self.pieces()));
        rows.take(self.rows).map(move |(entries, ends)| {
            let first = if piece == 0 { 0 } else { ends[piece - 1] };
            &entries[first as usize..ends[piece] as usize]
        })
    }
}

/// A panel, or nothing behind the last one.
fn side_of(panels: &Panels, panel: usize) -> &[Line] {
    if panel < panels.count() { panels.panel(panel) } else { &[] }
}

const ORDER: &str = "rows are contiguous, and products in standard layout";

fn contiguous<'a>(row: &ArrayView1<'a, f32>) -> &'a [f32] {
    row.to_slice().expect(ORDER)
}
