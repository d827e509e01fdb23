//! A tile: what the innermost loop of a product computes at once.

use super::panels::COLUMNS;

/// The most rows of a tile.
pub(super) const ROWS: usize = 8;

/// Rows of a tile whose numbers of A are listed.
pub(in crate::engine) const GROUP: usize = 4;

/// Where a tile's numbers of A are.
#[derive(Clone, Copy)]
pub(super) enum Left {
    /// Rows of a matrix, `stride` numbers apart.
    Rows { first: *const f32, stride: usize },
    /// Packed: the tile's numbers for one step of the inner dimension beside each other.
    Packed { first: *const f32 },
    /// In fours, of which a tile of fewer rows uses the first, and only for the rows of B that `rows` names.
    Listed { first: *const f32, rows: *const u32 },
}

/// One tile to compute.
#[derive(Clone, Copy)]
pub(super) struct Tile {
    pub(super) left: Left,
    /// A panel: for each step of the inner dimension [`COLUMNS`] numbers; those beyond `columns` do not matter.
    pub(super) panel: *const f32,
    /// Steps of the inner dimension: rows of the panel, or of the list.
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

/// Which of at most 16 numbers are not zero, the first in the lowest bit.
pub(super) fn nonzero(values: &[f32]) -> u32 {
    debug_assert!(values.len() <= 16);
    #[cfg(target_arch = "x86_64")]
    // SAFETY: listed products are used where AVX-512 is.
    let places = unsafe { super::avx512::nonzero(values) };
    #[cfg(not(target_arch = "x86_64"))]
    let places = values.iter().rev().fold(0, |places, &value| places << 1 | u32::from(value != 0.0));
    places
}

/// Σ a ∘ b over at most 32 numbers.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    debug_assert!(a.len() == b.len() && a.len() <= COLUMNS);
    #[cfg(target_arch = "x86_64")]
    // SAFETY: listed products are used where AVX-512 is.
    let sum = unsafe { super::avx512::dot(a, b) };
    #[cfg(not(target_arch = "x86_64"))]
    let sum = a.iter().zip(b).map(|(a, b)| a * b).sum();
    sum
}
