//! What a network reads of each example: the pixels of an image, or a row of numbers.

use ndarray::{ArcArray2, Array2, Axis, s};

use super::images::Images;
use crate::error::{Error, Result};
use crate::real::Real;

/// The features of all examples, shared: a clone or a slice copies none of them.
#[derive(Debug, Clone)]
pub(super) enum Features {
    Images(Images),
    Table {
        name: String,
        /// Examples × features, in standard layout.
        rows: ArcArray2<f64>,
    },
}

impl Features {
    /// Rows of numbers, all of them finite.
    pub(super) fn table(name: String, rows: Array2<f64>) -> Result<Self> {
        if rows.ncols() == 0 {
            return Err(Error::argument("number of features", 0, format!("1 or more columns in {name}")));
        }
        check_finite("feature", &name, &rows)?;
        Ok(Self::Table { name, rows: shared(rows) })
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Images(images) => images.name(),
            Self::Table { name, .. } => name,
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Images(images) => images.len(),
            Self::Table { rows, .. } => rows.nrows(),
        }
    }

    /// Height and width; a row of a table is a line.
    pub(super) fn size(&self) -> (usize, usize) {
        match self {
            Self::Images(images) => (images.height(), images.width()),
            Self::Table { rows, .. } => (1, rows.ncols()),
        }
    }

    /// The rows `examples`, in this order.
    pub(super) fn select(&self, examples: &[usize]) -> Self {
        match self {
            Self::Images(images) => {
                let pixels = images.pixels().select(Axis(0), examples);
                Self::Images(images.with_pixels(images.name().to_owned(), pixels))
            }
            Self::Table { name, rows } => {
                Self::Table { name: name.clone(), rows: rows.select(Axis(0), examples).into_shared() }
            }
        }
    }

    /// The examples in a range that is there.
    pub(super) fn slice(&self, range: std::ops::Range<usize>) -> Result<Self> {
        Ok(match self {
            Self::Images(images) => Self::Images(images.slice(range)?),
            Self::Table { name, rows } => {
                Self::Table { name: name.clone(), rows: rows.clone().slice_move(s![range, ..]) }
            }
        })
    }

    pub(super) fn fill_batch<T: Real>(&self, examples: &[usize], out: &mut [T]) {
        let rows = match self {
            Self::Images(images) => return images.fill_batch(examples, out),
            Self::Table { rows, .. } => rows,
        };
        let width = rows.ncols();
        assert_eq!(out.len(), examples.len() * width, "{} examples of {width} features each", examples.len());
        let rows = rows.as_slice().expect("rows are in standard layout");
        for (&example, out) in examples.iter().zip(out.chunks_exact_mut(width)) {
            out.iter_mut().zip(&rows[example * width..][..width]).for_each(|(out, &x)| *out = T::of(x));
        }
    }

    /// Where the first number lies, which tells shared features from equal ones.
    pub(super) fn address(&self) -> usize {
        match self {
            Self::Images(images) => images.pixels().as_ptr() as usize,
            Self::Table { rows, .. } => rows.as_ptr() as usize,
        }
    }
}

/// In standard layout, whatever it was.
pub(super) fn shared(rows: Array2<f64>) -> ArcArray2<f64> {
    if rows.is_standard_layout() { rows.into_shared() } else { rows.as_standard_layout().into_owned().into_shared() }
}

/// Refuses what is infinite or not a number, by its row and column.
pub(super) fn check_finite(what: &'static str, name: &str, rows: &Array2<f64>) -> Result<()> {
    match rows.indexed_iter().find(|(_, value)| !value.is_finite()) {
        Some(((row, column), value)) => {
            let value = format!("{value} (row {row}, column {column} of {name}, counted from 0)");
            Err(Error::argument(what, value, "a finite number: fill the gap in, or leave the row or the column out"))
        }
        None => Ok(()),
    }
}
