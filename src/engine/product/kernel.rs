//! What the innermost loops of products compute at once: a tile of C from whole rows of A, or a strip of one row of C from a list.

use super::listed::{Entry, Listing};
use super::panels::{COLUMNS, Line};

/// The most rows of a tile.
pub(super) const ROWS: usize = 8;

/// Where a tile's numbers of A are.
#[derive(Clone, Copy)]
pub(super) enum Left {
    /// Rows of a matrix, `stride` numbers apart.
    Rows { first: *const f32, stride: usize },
    /// Packed: the tile's numbers for one step of the inner dimension beside each other.
    Packed { first: *const f32 },
}

/// One tile to compute.
#[derive(Clone, Copy)]
pub(super) struct Tile {
    pub(super) left: Left,
    /// A panel: for each step of the inner dimension [`COLUMNS`] numbers; those beyond `columns` do not matter.
    pub(super) panel: *const f32,
    /// Steps of the inner dimension: rows of the panel.
    pub(super) depth: usize,
    /// The tile's first number in C, and the distance of C's rows.
    pub(super) out: *mut f32,
    pub(super) out_stride: usize,
    /// Rows, 1 to [`ROWS`], and columns, 1 to [`COLUMNS`].
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Whether to add to C instead of writing it.
    pub(super) add: bool,
}

/// Computes a tile.
///
/// # Safety
/// [`super::has_panels`] says so of single precision; what the tile points to is there, and nobody else uses the part of C
/// meanwhile.
pub(super) unsafe fn compute(tile: &Tile) {
    debug_assert!((1..=ROWS).contains(&tile.rows) && (1..=COLUMNS).contains(&tile.columns));
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the caller's.
    unsafe {
        super::avx512::compute(tile);
    }
    #[cfg(not(target_arch = "x86_64"))]
    unreachable!("panels are used where AVX-512 is");
}

/// One row's list, or a part of it, and what it is multiplied with.
#[derive(Clone, Copy)]
pub(super) struct Strip<'a> {
    pub(super) entries: &'a [Entry],
    /// One panel or two; as long as the entries ask for.
    pub(super) panels: [&'a [Line]; 2],
    /// The first number in C.
    pub(super) out: *mut f32,
    /// Columns of C: at most those of the panels.
    pub(super) columns: usize,
    /// Whether to add to C instead of writing it.
    pub(super) add: bool,
}

/// Computes a strip.
///
/// # Safety
/// As of [`compute`]; the panels have the lines that the entries name.
pub(super) unsafe fn multiply(strip: &Strip<'_>) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the caller's.
    unsafe {
        super::avx512_lists::multiply(strip);
    }
    #[cfg(not(target_arch = "x86_64"))]
    unreachable!("{ELSEWHERE} {:?}", strip.out);
}

/// Lists at most 16 numbers of a row, of which the first is number `first`: those of `values` where `marks` are not zero. Says how
/// many there are.
pub(super) fn list(marks: &[f32], values: &[f32], first: usize, out: &mut [Entry]) -> usize {
    debug_assert!(marks.len() <= 16 && marks.len() == values.len());
    #[cfg(target_arch = "x86_64")]
    // SAFETY: lists are used where AVX-512 is.
    unsafe {
        super::avx512_lists::list(marks, values, first, out)
    }
    #[cfg(not(target_arch = "x86_64"))]
    unreachable!("{ELSEWHERE} {first} {out:?}")
}

/// Some rows of a matrix whose columns are listed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block<'a> {
    /// Marks and values of at most 16 rows.
    pub(super) rows: &'a [(&'a [f32], &'a [f32])],
    pub(super) listing: Listing,
    /// The number of the first row, and of the first column that is listed.
    pub(super) row: usize,
    pub(super) column: usize,
}

/// Lists as many columns of a block, at most 16, as there are `counts`: each column's entries go to `entries` at `capacity` times
/// its number, after as many as its count says, which grows by them.
pub(super) fn list_columns(block: &Block<'_>, counts: &mut [u32], entries: &mut [Entry], capacity: usize) {
    debug_assert!(block.rows.len() <= 16 && counts.len() <= 16);
    #[cfg(target_arch = "x86_64")]
    // SAFETY: lists are used where AVX-512 is.
    unsafe {
        super::avx512_lists::list_columns(block, counts, entries, capacity);
    }
    #[cfg(not(target_arch = "x86_64"))]
    unreachable!("{ELSEWHERE} {block:?} {entries:?} {capacity}")
}

/// Every value of a list squared.
pub(super) fn square(entries: &mut [Entry]) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: lists are used where AVX-512 is.
    unsafe {
        super::avx512_lists::square(entries);
    }
    #[cfg(not(target_arch = "x86_64"))]
    unreachable!("{ELSEWHERE} {entries:?}")
}

#[cfg(not(target_arch = "x86_64"))]
const ELSEWHERE: &str = "lists are used where AVX-512 is";

/// Σ a ∘ b over at most 64 numbers.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    debug_assert!(a.len() == b.len() && a.len() <= 2 * COLUMNS);
    #[cfg(target_arch = "x86_64")]
    // SAFETY: listed products are used where AVX-512 is.
    let sum = unsafe { super::avx512::dot(a, b) };
    #[cfg(not(target_arch = "x86_64"))]
    let sum = a.iter().zip(b).map(|(a, b)| a * b).sum();
    sum
}
