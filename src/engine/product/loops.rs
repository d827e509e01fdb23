//! What the innermost loops of products compute at once, and what they read: a tile of C from whole rows of A, or a strip of one
//! row of C from a list.

/// Columns of a panel: two registers of AVX-512, four of AVX2, eight of NEON.
pub(super) const COLUMNS: usize = 32;

/// Numbers that are looked at together.
pub(super) const LANES: usize = 16;

/// Places after a list that may be overwritten.
pub(super) const SLACK: usize = LANES;

/// A row of a panel.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(128))]
pub(in crate::engine) struct Line(pub(in crate::engine) [f32; COLUMNS]);

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

/// The innermost loops. A value of such a type proves that the processor can run them.
pub(super) trait Loops: Copy {
    /// The most rows of a tile.
    const ROWS: usize;

    /// Computes a tile.
    fn tile(self, tile: Tile<'_>);

    /// Computes a strip.
    ///
    /// # Safety
    /// Every entry's line is one of each panel's that the strip's columns reach.
    unsafe fn strip(self, strip: Strip<'_>);

    /// Asks for what the next strip reads and writes.
    fn fetch(self, _entries: &[Entry], _out: &[f32]) {}

    /// Lists at most 16 numbers of a row, of which the first is number `first`: those of `values` where `marks`, which are as many,
    /// are not zero. Says how many there are; 16 entries of `out` may be overwritten.
    fn list(self, marks: &[f32], values: &[f32], first: usize, out: &mut [Entry]) -> usize;

    /// Lists as many columns of a block, at most 16, as there are `counts`: each column's entries go to `entries` at `capacity` times
    /// its number, after as many as its count says, which grows by them.
    fn list_columns(self, block: &Block<'_>, counts: &mut [u32], entries: &mut [Entry], capacity: usize);

    /// Every value of a list squared.
    fn square(self, entries: &mut [Entry]);

    /// Σ a ∘ b.
    fn dot(self, a: &[f32], b: &[f32]) -> f32;

    /// `lines`[k][j] ← `rows`[j][k], for at most 32 rows, each as long as there are lines.
    fn transpose(self, rows: &[&[f32]], lines: &mut [Line]);
}

/// Where a tile's numbers of A are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Left<'a> {
    /// Rows of a matrix, `stride` numbers apart, from the tile's first on.
    Rows { values: &'a [f32], stride: usize },
    /// Packed: the tile's numbers for one step of the inner dimension beside each other.
    Packed(&'a [f32]),
}

/// One tile to compute.
#[derive(Debug)]
pub(super) struct Tile<'a> {
    pub(super) left: Left<'a>,
    /// For each step of the inner dimension a line; what it has beyond `columns` does not matter.
    pub(super) panel: &'a [Line],
    /// C from the tile's first number on, and the distance of C's rows.
    pub(super) out: &'a mut [f32],
    pub(super) out_stride: usize,
    /// Rows, 1 to [`Loops::ROWS`], and columns, 1 to [`COLUMNS`].
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Whether to add to C instead of writing it.
    pub(super) add: bool,
}

impl Tile<'_> {
    /// # Panics
    /// Where a matrix ends inside the tile, or the tile has more than `most` rows.
    pub(super) fn check(&self, most: usize) {
        let (rows, columns, depth) = (self.rows, self.columns, self.panel.len());
        let reach = |stride: usize, width: usize| (rows - 1).saturating_mul(stride).saturating_add(width);
        assert!((1..=most).contains(&rows) && (1..=COLUMNS).contains(&columns), "a tile of {rows} × {columns}");
        let left = match self.left {
            Left::Rows { values, stride } => values.len() >= reach(stride, depth),
            Left::Packed(values) => values.len() >= depth.saturating_mul(rows),
        };
        assert!(left && self.out.len() >= reach(self.out_stride, columns), "a tile inside its matrices");
    }
}

/// One row's list, or a part of it, and what it is multiplied with.
#[derive(Debug)]
pub(super) struct Strip<'a> {
    pub(super) entries: &'a [Entry],
    /// One panel or two: the second is needed for more than 32 columns.
    pub(super) panels: [&'a [Line]; 2],
    /// The columns of C, at most two panels' as many.
    pub(super) out: &'a mut [f32],
    /// Whether to add to C instead of writing it.
    pub(super) add: bool,
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
