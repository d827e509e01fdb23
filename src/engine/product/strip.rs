//! The innermost loop of products with lists: a strip of one row of C stays in registers while the row of A, of which only what is not
//! zero is listed, goes by.
//!
//! Every multiplication reads a register of B, as fast as the first-level cache gives them: at 2/3 to 4/5 of the speed of a tile, for
//! the numbers alone that are not zero.

use super::panels::{COLUMNS, Line};
use super::simd::{Simd, Work, part, write};

/// Places after a list that may be overwritten.
pub(super) const SLACK: usize = 16;

/// A number that is not zero.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
pub(super) struct Entry {
    /// Of the line of a panel that it multiplies, in bytes.
    pub(super) offset: u32,
    pub(super) value: f32,
}

impl Entry {
    /// Of line `line`.
    pub(super) fn new(line: usize, value: f32) -> Self {
        Self { offset: (line * size_of::<Line>()) as u32, value }
    }
}

/// Products of listed rows with some columns of B: strips of all rows of C, one after the other.
pub(super) struct Strips<'a, E> {
    /// Each row's list, or a part of it.
    pub(super) lists: E,
    /// One panel or two: the second is needed for more than 32 columns.
    pub(super) panels: [&'a [Line]; 2],
    /// The strips' columns, at most two panels' as many.
    pub(super) columns: usize,
    pub(super) target: Target<'a>,
}

/// What strips are for. Rows of a matrix are `stride` numbers apart, its first number is that of the strips' first column.
pub(super) enum Target<'a> {
    /// C, or what to add to it.
    Write { out: &'a mut [f32], stride: usize, add: bool },
    /// `sums` += Σ over the columns of `factors` ∘ C, a number for each row.
    Weigh { factors: &'a [f32], stride: usize, sums: &'a mut [f32] },
}

impl<'a, E: Iterator<Item = &'a [Entry]>> Strips<'a, E> {
    /// Computes those of rows 0 to `rows`.
    ///
    /// # Safety
    /// Every entry's line is one of each panel's that the columns reach.
    pub(super) unsafe fn compute<S: Simd>(self, simd: S, rows: usize) {
        // A multiplication takes four cycles, and one or two begin in each: with few registers to add to, several entries go at a time.
        match self.columns.div_ceil(S::LANES) {
            0 | 1 => simd.compiled(InRegisters::<_, 1, 4> { strips: self, rows }),
            2 => simd.compiled(InRegisters::<_, 2, 4> { strips: self, rows }),
            3 | 4 => simd.compiled(InRegisters::<_, 4, 2> { strips: self, rows }),
            5 | 6 => simd.compiled(InRegisters::<_, 6, 1> { strips: self, rows }),
            7 | 8 => simd.compiled(InRegisters::<_, 8, 1> { strips: self, rows }),
            _ => simd.compiled(InRegisters::<_, 16, 1> { strips: self, rows }),
        }
    }
}

/// Strips as of [`Strips::compute`], each in V registers, which reach as many panels as its columns do, and from U entries at a time.
struct InRegisters<T, const V: usize, const U: usize> {
    strips: T,
    rows: usize,
}

impl<'a, E: Iterator<Item = &'a [Entry]>, const V: usize, const U: usize> Work for InRegisters<Strips<'a, E>, V, U> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Strips { mut lists, panels, columns, mut target } = self.strips;
        let mut next = lists.next().unwrap_or_default();
        for row in 0..self.rows {
            let entries = std::mem::replace(&mut next, lists.next().unwrap_or_default());
            simd.fetch(|| next);
            match &mut target {
                Target::Write { out, stride, add } => {
                    if row + 1 < self.rows {
                        simd.fetch(|| &out[(row + 1) * *stride..][..columns]);
                    }
                    // SAFETY: by `Strips::compute`'s contract.
                    let sums = unsafe { multiply::<S, V, U>(simd, entries, panels) };
                    write(simd, &sums, &mut out[row * *stride..][..columns], *add);
                }
                Target::Weigh { factors, stride, sums } => {
                    // SAFETY: as above.
                    let strip = unsafe { multiply::<S, V, U>(simd, entries, panels) };
                    sums[row] += dot(simd, &strip, &factors[row * *stride..][..columns]);
                }
            }
        }
    }
}

/// Σ over a list's entries of each number times a part of its row of B.
///
/// # Safety
/// Every entry's line is one of each panel's that V registers reach.
#[inline(always)]
unsafe fn multiply<S: Simd, const V: usize, const U: usize>(
    simd: S,
    entries: &[Entry],
    panels: [&[Line]; 2],
) -> [S::Register; V] {
    let panels = panels.map(|panel| panel.as_ptr().cast::<u8>());
    let add = |sums: &mut [S::Register; V], entry: Entry| {
        let value = simd.splat(entry.value);
        for (vector, sum) in sums.iter_mut().enumerate() {
            let (panel, column) = (vector * S::LANES / COLUMNS, vector * S::LANES % COLUMNS);
            // SAFETY: the caller's; a line is of whole registers.
            let right = unsafe {
                let line = panels[panel].add(entry.offset as usize).cast::<f32>();
                std::slice::from_raw_parts(line.add(column), S::LANES)
            };
            *sum = simd.multiply_add(value, simd.load(right), *sum);
        }
    };
    let mut sums = [[simd.splat(0.0); V]; U];
    let (whole, rest) = entries.as_chunks::<U>();
    for entries in whole {
        for (sums, &entry) in sums.iter_mut().zip(entries) {
            add(sums, entry);
        }
    }
    for &entry in rest {
        add(&mut sums[0], entry);
    }
    let mut all = sums[0];
    for sums in &sums[1..] {
        for (sum, &more) in all.iter_mut().zip(sums) {
            *sum = simd.add(*sum, more);
        }
    }
    all
}

/// Σ over the columns, at most V registers of them, of `factors` ∘ `strip`.
#[inline(always)]
fn dot<S: Simd, const V: usize>(simd: S, strip: &[S::Register; V], factors: &[f32]) -> f32 {
    let mut sum = simd.splat(0.0);
    for (vector, &register) in strip.iter().enumerate() {
        sum = simd.multiply_add(register, simd.load(&factors[part(factors, vector, S::LANES)]), sum);
    }
    let mut sums = [0.0; COLUMNS];
    simd.store(sum, &mut sums[..S::LANES]);
    sums[..S::LANES].iter().sum()
}
