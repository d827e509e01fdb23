//! What the innermost loops are written in: registers of several numbers, whichever instructions the processor has for them.

use std::ops::Range;

use super::panels::Line;
use super::strip::Entry;

/// The most numbers in a register.
const MOST_LANES: usize = 16;

/// The instructions of one set. A value of such a type proves that the processor has them.
pub(super) trait Simd: Copy {
    /// Several numbers.
    type Register: Copy;

    /// Numbers in a register.
    const LANES: usize;

    /// The most rows of a tile.
    const ROWS: usize;

    /// Registers of each of a tile's rows that are held together: 1, 2 or 4.
    const ACROSS: usize;

    /// Does `work`, compiled for these instructions.
    fn compiled<W: Work>(self, work: W);

    /// One number in every lane.
    fn splat(self, value: f32) -> Self::Register;

    /// As many numbers as there are lanes, or fewer, and 0 in the other lanes.
    fn load(self, values: &[f32]) -> Self::Register;

    /// `out`, of as many numbers as there are lanes or fewer, ← `register`.
    fn store(self, register: Self::Register, out: &mut [f32]);

    /// a + b.
    fn add(self, a: Self::Register, b: Self::Register) -> Self::Register;

    /// a · b + c.
    fn multiply_add(self, a: Self::Register, b: Self::Register, c: Self::Register) -> Self::Register;

    /// Lists numbers of a row, of which the first is number `first`: those of `values` where `marks`, which are as many, are not
    /// zero. Says how many there are; up to [`SLACK`](super::strip::SLACK) entries of `out` after them may be overwritten.
    fn list(self, marks: &[f32], values: &[f32], first: usize, out: &mut [Entry]) -> usize {
        let mut count = 0;
        for (index, (&mark, &value)) in marks.iter().zip(values).enumerate() {
            // Written in any case, and kept if it counts: which pixel is black is no pattern that a processor could foresee.
            out[count] = Entry::new(first + index, value);
            count += usize::from(mark != 0.0);
        }
        count
    }

    /// Registers as many as lanes, of which each then has a number of each of the others': what was the rows of a square are its columns.
    fn turn(self, square: &mut [Self::Register]);

    /// Asks for what will soon be read or written, where that helps.
    #[inline(always)]
    fn fetch<'a, T: 'a>(self, _values: impl FnOnce() -> &'a [T]) {}
}

/// A loop over registers. What it runs through is to be inlined, so that all of it is compiled for the same instructions.
pub(super) trait Work {
    fn run<S: Simd>(self, simd: S);
}

/// `out`, at most V registers of numbers, ← (or +=, with `add`) `sums`.
#[inline(always)]
pub(super) fn write<S: Simd, const V: usize>(simd: S, sums: &[S::Register; V], out: &mut [f32], add: bool) {
    let write = |sum, out: &mut [f32]| simd.store(if add { simd.add(sum, simd.load(out)) } else { sum }, out);
    // In whole registers without a question to each: lists are short.
    if out.len() == V * S::LANES {
        for (vector, &sum) in sums.iter().enumerate() {
            write(sum, &mut out[vector * S::LANES..][..S::LANES]);
        }
    } else {
        for (vector, &sum) in sums.iter().enumerate() {
            let part = part(out, vector, S::LANES);
            write(sum, &mut out[part]);
        }
    }
}

/// Where register `vector` is of `values`: as many numbers as it has, or fewer at the end.
#[inline(always)]
pub(super) fn part(values: &[f32], vector: usize, lanes: usize) -> Range<usize> {
    (vector * lanes).min(values.len())..((vector + 1) * lanes).min(values.len())
}

/// `lines`[k][j] ← `rows`[j][`first` + k], for at most 32 rows.
pub(super) struct Transpose<'a> {
    pub(super) rows: &'a [&'a [f32]],
    pub(super) first: usize,
    pub(super) lines: &'a mut [Line],
}

impl Work for Transpose<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        for (block, lines) in self.lines.chunks_mut(S::LANES).enumerate() {
            let first = self.first + block * S::LANES;
            for (part, rows) in self.rows.chunks(S::LANES).enumerate() {
                let mut registers = [simd.splat(0.0); MOST_LANES];
                let square = &mut registers[..S::LANES];
                for (register, row) in square.iter_mut().zip(rows) {
                    *register = simd.load(&row[first..first + lines.len()]);
                }
                simd.turn(square);
                for (&register, line) in square.iter().zip(&mut *lines) {
                    simd.store(register, &mut line.0[part * S::LANES..][..S::LANES]);
                }
            }
        }
    }
}

/// Methods of [`Simd`] for instructions that have to be switched on by name, each of which is a few of them.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! instructions {
    ($features:literal $(fn $name:ident($($argument:ident: $type:ty),*) $(-> $register:ty)? { $call:expr })*) => {
        #[inline(always)]
        fn compiled<W: Work>(self, work: W) {
            #[target_feature(enable = $features)]
            fn run<S: Simd, W: Work>(simd: S, work: W) {
                work.run(simd);
            }
            // SAFETY: the processor has the instructions, which `self` proves.
            unsafe { run(self, work) }
        }
        $(
            #[inline(always)]
            fn $name(self, $($argument: $type),*) $(-> $register)? {
                // SAFETY: the processor has the instruction, which `self` proves; what it reads and writes is inside its arguments.
                unsafe { $call }
            }
        )*
    };
}
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(super) use instructions;
