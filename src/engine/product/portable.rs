//! The innermost loops in plain Rust, for any processor: what they compute is what the others must.
//!
//! They are no fast way to train (a BLAS is faster), but with them every machine, and an interpreter, goes through the packing
//! and the listing around the loops.

use super::loops::{Block, COLUMNS, Entry, LANES, Left, Line, Listing, Loops, Strip, Tile};

/// The loops; every processor has what they need.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Portable;

impl Loops for Portable {
    const ROWS: usize = 8;

    fn tile(self, tile: Tile<'_>) {
        tile.check(Self::ROWS);
        let mut sums = [[0.0; COLUMNS]; Self::ROWS];
        for (step, line) in tile.panel.iter().enumerate() {
            for (row, sums) in sums[..tile.rows].iter_mut().enumerate() {
                let left = match tile.left {
                    Left::Rows { values, stride } => values[row * stride + step],
                    Left::Packed(values) => values[step * tile.rows + row],
                };
                add_scaled(sums, left, line);
            }
        }
        for (row, sums) in sums[..tile.rows].iter().enumerate() {
            let first = row * tile.out_stride;
            write(&sums[..tile.columns], &mut tile.out[first..first + tile.columns], tile.add);
        }
    }

    unsafe fn strip(self, strip: Strip<'_>) {
        for (panel, out) in strip.panels.iter().zip(strip.out.chunks_mut(COLUMNS)) {
            let mut sums = [0.0; COLUMNS];
            for entry in strip.entries {
                add_scaled(&mut sums, entry.value, &panel[entry.offset as usize / size_of::<Line>()]);
            }
            write(&sums[..out.len()], out, strip.add);
        }
    }

    fn list(self, marks: &[f32], values: &[f32], first: usize, out: &mut [Entry]) -> usize {
        let mut count = 0;
        for (index, (&mark, &value)) in marks.iter().zip(values).enumerate().take(LANES) {
            // Written in any case, and kept if it counts: which pixel is black is no pattern that a processor could foresee.
            out[count] = Entry::new(first + index, value);
            count += usize::from(mark != 0.0);
        }
        count
    }

    fn list_columns(self, block: &Block<'_>, counts: &mut [u32], entries: &mut [Entry], capacity: usize) {
        for (index, count) in counts.iter_mut().enumerate().take(LANES) {
            let column = block.column + index;
            for (row, (marks, values)) in block.rows.iter().enumerate() {
                let mark = marks[column];
                let value = match block.listing {
                    Listing::Marks => mark,
                    Listing::Values => values[column],
                    Listing::Differences => values[column] - mark,
                };
                entries[column * capacity + *count as usize] = Entry::new(block.row + row, value);
                *count += u32::from(mark != 0.0);
            }
        }
    }

    fn square(self, entries: &mut [Entry]) {
        entries.iter_mut().for_each(|entry| entry.value *= entry.value);
    }

    fn dot(self, a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    fn transpose(self, rows: &[&[f32]], lines: &mut [Line]) {
        transpose_from(0, rows, lines);
    }
}

/// [`Loops::transpose`] for the lines from `first` on.
pub(super) fn transpose_from(first: usize, rows: &[&[f32]], lines: &mut [Line]) {
    for (k, line) in lines.iter_mut().enumerate().skip(first) {
        for (value, row) in line.0.iter_mut().zip(rows) {
            *value = row[k];
        }
    }
}

fn add_scaled(sums: &mut [f32; COLUMNS], factor: f32, line: &Line) {
    for (sum, &right) in sums.iter_mut().zip(&line.0) {
        *sum += factor * right;
    }
}

fn write(sums: &[f32], out: &mut [f32], add: bool) {
    for (out, &sum) in out.iter_mut().zip(sums) {
        *out = if add { *out + sum } else { sum };
    }
}
