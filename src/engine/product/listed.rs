//! Products with images: four fifths of MNIST's pixels are black, and 0 times a weight need not be computed. Noise that
//! multiplies leaves them black.
//!
//! Four rows (of A for A·W, of Aᵀ for Aᵀ·D) make a group, which keeps a list of the places where one of them is not zero, and its
//! numbers there. With four rows the innermost loop still computes as fast as it can, and a list is a third of all places.

use ndarray::{ArrayView2, ArrayViewMut2};

use super::kernel::{self, GROUP, Left, Tile};
use super::panels::{COLUMNS, Panels};
use super::transposed::take_panel;

/// Numbers that are looked at together.
const LANES: usize = 16;

/// Groups of rows, kept from step to step.
#[derive(Debug, Default)]
pub(in crate::engine) struct Listed {
    groups: Vec<Group>,
    /// Rows, and numbers in a row.
    rows: usize,
    depth: usize,
    panel: Panels,
}

#[derive(Debug, Default)]
struct Group {
    rows: usize,
    /// Where it is not zero, in ascending order.
    steps: Vec<u32>,
    /// Its numbers there; zero for rows that a last group does not have.
    values: Vec<[f32; GROUP]>,
}

impl Listed {
    fn begin(&mut self, rows: usize, depth: usize) {
        (self.rows, self.depth) = (rows, depth);
        let used = rows.div_ceil(GROUP);
        if self.groups.len() < used {
            self.groups.resize_with(used, Group::default);
        }
        for (index, group) in self.used_mut().iter_mut().enumerate() {
            group.rows = GROUP.min(rows - index * GROUP);
            group.steps.clear();
            group.values.clear();
        }
    }

    /// Those of the groups that are in use.
    fn used(&self) -> &[Group] {
        &self.groups[..self.rows.div_ceil(GROUP)]
    }

    fn used_mut(&mut self) -> &mut [Group] {
        &mut self.groups[..self.rows.div_ceil(GROUP)]
    }

    /// The rows of a matrix.
    pub(in crate::engine) fn take_rows(&mut self, matrix: ArrayView2<'_, f32>) {
        self.begin(matrix.nrows(), matrix.ncols());
        for (index, group) in self.used_mut().iter_mut().enumerate() {
            let mut lines: [&[f32]; GROUP] = [&[]; GROUP];
            for (row, line) in lines[..group.rows].iter_mut().enumerate() {
                *line = matrix.row(index * GROUP + row).to_slice().expect("rows are contiguous");
            }
            let lines = &lines[..group.rows];
            for first in (0..matrix.ncols()).step_by(LANES) {
                let end = (first + LANES).min(matrix.ncols());
                let mut places = lines.iter().fold(0, |places, line| places | kernel::nonzero(&line[first..end]));
                while places != 0 {
                    let place = first + places.trailing_zeros() as usize;
                    group.steps.push(place as u32);
                    group.values.push(match *lines {
                        [a, b, c, d] => [a[place], b[place], c[place], d[place]],
                        _ => padded(lines.iter().map(|line| line[place])),
                    });
                    places &= places - 1;
                }
            }
        }
    }

    /// The rows of a transposed matrix, whose own rows come in parts: those of `values`, listed where `marks` is not zero.
    pub(in crate::engine) fn take_columns<'a>(
        &mut self,
        parts: impl Iterator<Item = (ArrayView2<'a, f32>, ArrayView2<'a, f32>)> + Clone,
    ) {
        let depth = parts.clone().map(|(marks, _)| marks.nrows()).sum();
        let columns = parts.clone().next().map_or(0, |(marks, _)| marks.ncols());
        self.begin(columns, depth);
        let mut step = 0;
        for (marks, values) in parts {
            for (marks, values) in marks.outer_iter().zip(values.outer_iter()) {
                let (marks, values) = (contiguous(&marks), contiguous(&values));
                for first in (0..columns).step_by(LANES) {
                    let end = (first + LANES).min(columns);
                    let places = kernel::nonzero(&marks[first..end]);
                    if places == 0 {
                        continue;
                    }
                    for (index, first) in (first..end).step_by(GROUP).enumerate() {
                        if places >> (index * GROUP) & 0xf != 0 {
                            let group = &mut self.groups[first / GROUP];
                            group.steps.push(step);
                            group.values.push(match values[first..first + group.rows] {
                                [a, b, c, d] => [a, b, c, d],
                                ref values => padded(values.iter().copied()),
                            });
                        }
                    }
                }
                step += 1;
            }
        }
    }

    /// The share of all places that are listed, over the groups.
    pub(in crate::engine) fn share_of_places(&self) -> f64 {
        let listed: usize = self.used().iter().map(|group| group.steps.len()).sum();
        listed as f64 / (self.used().len() * self.depth).max(1) as f64
    }

    /// Every number squared.
    pub(in crate::engine) fn square(&mut self) {
        for value in self.used_mut().iter_mut().flat_map(|group| group.values.as_flattened_mut()) {
            *value *= *value;
        }
    }

    /// After [`Self::take_columns`]: every number less what another matrix has in its place.
    pub(in crate::engine) fn subtract<'a>(&mut self, parts: impl Iterator<Item = ArrayView2<'a, f32>> + Clone) {
        for (index, group) in self.used_mut().iter_mut().enumerate() {
            let first = index * GROUP;
            let mut parts = parts.clone();
            let (mut begin, mut part) = (0, parts.next());
            for (&step, values) in group.steps.iter().zip(&mut group.values) {
                while let Some(rows) =
                    part.as_ref().map(|part| part.nrows()).filter(|rows| step as usize >= begin + rows)
                {
                    begin += rows;
                    part = parts.next();
                }
                let Some(part) = &part else { break };
                let row = part.row(step as usize - begin);
                for (value, other) in values.iter_mut().zip(row.iter().skip(first)) {
                    *value -= other;
                }
            }
        }
    }

    /// `out` ← listed rows · `panels`.
    pub(in crate::engine) fn product(&self, panels: &Panels, mut out: ArrayViewMut2<'_, f32>) {
        assert_eq!((self.rows, self.depth, panels.columns()), (out.nrows(), panels.depth(), out.ncols()), "shapes");
        let stride = out.strides()[0].unsigned_abs();
        for panel in 0..panels.count() {
            for (index, group) in self.used().iter().enumerate() {
                let corner = &raw mut out[(index * GROUP, panel * COLUMNS)];
                // SAFETY: the panel has `depth` lines, and `out` the group's rows and the panel's columns.
                unsafe { group.tile(panels.panel(panel), corner, stride, panels.width(panel), false) };
            }
        }
    }

    /// `out` ← (or +=, with `add`) listed rows · D, where D's rows come in parts.
    pub(in crate::engine) fn product_with<'a>(
        &mut self,
        parts: impl Iterator<Item = ArrayView2<'a, f32>> + Clone,
        mut out: ArrayViewMut2<'_, f32>,
        add: bool,
    ) {
        assert_eq!(self.rows, out.nrows(), "shapes");
        let (columns, stride) = (out.ncols(), out.strides()[0].unsigned_abs());
        for first in (0..columns).step_by(COLUMNS) {
            let width = COLUMNS.min(columns - first);
            take_panel(&mut self.panel, parts.clone(), first, width, self.depth);
            for (index, group) in self.used().iter().enumerate() {
                let corner = &raw mut out[(index * GROUP, first)];
                // SAFETY: as above.
                unsafe { group.tile(self.panel.panel(0), corner, stride, width, add) };
            }
        }
    }

    /// `sums`[i] += Σ over columns of `factors` ∘ (listed rows · D) in row i.
    pub(in crate::engine) fn weighted_product_with<'a>(
        &mut self,
        parts: impl Iterator<Item = ArrayView2<'a, f32>> + Clone,
        factors: ArrayView2<'_, f32>,
        sums: &mut [f32],
    ) {
        assert_eq!((self.rows, self.rows), (factors.nrows(), sums.len()), "shapes");
        let columns = factors.ncols();
        for first in (0..columns).step_by(COLUMNS) {
            let width = COLUMNS.min(columns - first);
            take_panel(&mut self.panel, parts.clone(), first, width, self.depth);
            for (index, group) in self.used().iter().enumerate() {
                let mut tile = [[0.0; COLUMNS]; GROUP];
                // SAFETY: as above.
                unsafe { group.tile(self.panel.panel(0), tile.as_mut_ptr().cast(), COLUMNS, width, false) };
                for (row, tile) in tile[..group.rows].iter().enumerate() {
                    let row = index * GROUP + row;
                    let factors = &contiguous(&factors.row(row))[first..first + width];
                    sums[row] += kernel::dot(&tile[..width], factors);
                }
            }
        }
    }
}

impl Group {
    /// # Safety
    /// `lines` has every line that is listed, and `out` the group's rows of `columns` numbers.
    unsafe fn tile(&self, lines: &[super::panels::Line], out: *mut f32, out_stride: usize, columns: usize, add: bool) {
        let left = Left::Listed { first: self.values.as_ptr().cast(), rows: self.steps.as_ptr() };
        let (panel, depth) = (lines.as_ptr().cast(), self.steps.len());
        // SAFETY: the caller's, and panels exist where AVX-512 does.
        unsafe { kernel::compute(&Tile { left, panel, depth, out, out_stride, rows: self.rows, columns, add }) };
    }
}

/// A group's numbers in one place, of fewer rows than it could have.
fn padded(values: impl Iterator<Item = f32>) -> [f32; GROUP] {
    let mut all = [0.0; GROUP];
    all.iter_mut().zip(values).for_each(|(slot, value)| *slot = value);
    all
}

fn contiguous<'a>(row: &ndarray::ArrayView1<'a, f32>) -> &'a [f32] {
    row.to_slice().expect("rows are contiguous")
}
