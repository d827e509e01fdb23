//! What a panel shows: series of points, bars, grids of colours and reference lines.

use ndarray::{Array2, ArrayView2};

use super::style::{Color, ColorScale, Dash, Marker};

/// A number on an axis: every primitive number, a reference to one, and `Option<f64>`, whose `None` is a gap.
pub trait Number {
    /// The value; NaN for a gap.
    fn number(self) -> f64;
}

macro_rules! numbers {
    ($($kind:ty),*) => {$(
        impl Number for $kind {
            fn number(self) -> f64 {
                self as f64
            }
        }
        impl Number for &$kind {
            fn number(self) -> f64 {
                *self as f64
            }
        }
    )*};
}
numbers!(f32, f64, i32, i64, u8, u32, u64, usize);

impl Number for Option<f64> {
    fn number(self) -> f64 {
        self.unwrap_or(f64::NAN)
    }
}

pub(super) fn collect<T: Number>(values: impl IntoIterator<Item = T>) -> Vec<f64> {
    values.into_iter().map(Number::number).collect()
}

/// Points, joined by a line or not. A point that is not finite is a gap.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Series {
    pub name: String,
    pub xs: Vec<f64>,
    pub ys: Vec<f64>,
    /// How far each point's error bar reaches below it, and above.
    pub errors: Option<(Vec<f64>, Vec<f64>)>,
    /// The lower and upper edge of a band around the line.
    pub band: Option<(Vec<f64>, Vec<f64>)>,
    pub color: Color,
    pub line: Option<Dash>,
    pub marker: Option<Marker>,
    /// Whether markers are drawn as outlines.
    pub open: bool,
    pub opacity: f64,
    pub in_legend: bool,
    /// Whether it is shown only once its entry in the legend is clicked.
    pub hidden: bool,
    /// Series of one group are shown and hidden together.
    pub group: Option<String>,
}

impl Series {
    /// The group of the legend that the series belongs to.
    pub fn legend_group(&self) -> &str {
        self.group.as_deref().unwrap_or(&self.name)
    }

    /// Whether it is a band without a line or markers.
    pub fn is_area(&self) -> bool {
        self.band.is_some() && self.line.is_none() && self.marker.is_none()
    }

    /// The lowest and highest y of point `index`, its error bar and band included.
    pub fn extent(&self, index: usize) -> [f64; 2] {
        let y = self.ys[index];
        let bar = self.errors.as_ref().map_or([y, y], |(below, above)| [y - below[index], y + above[index]]);
        let band = self.band.as_ref().map_or([y, y], |(low, high)| [low[index], high[index]]);
        let ends = bar.into_iter().chain(band).filter(|end| end.is_finite());
        ends.fold([y, y], |[low, high], end| [low.min(end), high.max(end)])
    }
}

/// Upright bars from zero.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bars {
    pub name: String,
    /// Left and right edge of each bar.
    pub edges: Vec<[f64; 2]>,
    pub heights: Vec<f64>,
    pub color: Color,
    pub opacity: f64,
}

/// Numbers as colours, row 0 on top.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Grid {
    /// NaN is transparent.
    pub values: Array2<f64>,
    pub scale: ColorScale,
    pub low: f64,
    pub high: f64,
    /// Whether it is a mosaic of pictures: no axes, and no numbers under the pointer.
    pub pictures: bool,
    /// What the colour bar says that its numbers are; pictures without one have no colour bar.
    pub measure: String,
    /// Text above a place of the grid: column and row of its lower middle, in cells.
    pub labels: Vec<(f64, f64, String)>,
}

impl Grid {
    /// Whether a colour bar stands beside it.
    pub fn has_bar(&self) -> bool {
        !self.pictures || !self.measure.is_empty()
    }

    /// A grid whose colours span its finite values.
    pub fn new(values: Array2<f64>, scale: ColorScale) -> Self {
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        let (mut low, mut high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        if scale == ColorScale::Diverging {
            high = low.abs().max(high.abs());
            low = -high;
        }
        if low == high {
            (low, high) = (low - 0.5, high + 0.5);
        }
        Self { values, scale, low, high, pictures: false, measure: String::new(), labels: Vec::new() }
    }

    /// Pictures in rows of `columns`, each as large as the largest, with its label above.
    pub fn mosaic(pictures: &[ArrayView2<'_, f64>], labels: &[String], columns: usize, scale: ColorScale) -> Self {
        let columns = columns.clamp(1, pictures.len().max(1));
        let height = pictures.iter().map(|picture| picture.nrows()).max().unwrap_or(1);
        let width = pictures.iter().map(|picture| picture.ncols()).max().unwrap_or(1);
        // Room between two pictures, and for a label above each.
        let gap = (width / 12).max(1);
        let head = if labels.is_empty() { gap } else { (height / 3).max(2) };
        let rows = pictures.len().div_ceil(columns).max(1);
        let mut values = Array2::from_elem((rows * (height + head), columns * (width + gap) - gap), f64::NAN);
        let mut texts = Vec::new();
        for (index, picture) in pictures.iter().enumerate() {
            let top = (index / columns) * (height + head) + head;
            let left = (index % columns) * (width + gap);
            let (rows, columns) = picture.dim();
            values.slice_mut(ndarray::s![top..top + rows, left..left + columns]).assign(picture);
            if let Some(label) = labels.get(index) {
                texts.push((left as f64 + columns as f64 / 2.0, top as f64, label.clone()));
            }
        }
        Self { labels: texts, pictures: true, ..Self::new(values, scale) }
    }
}

/// A straight line through the whole panel.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rule {
    pub at: f64,
    pub upright: bool,
    pub label: String,
}

/// One of the things that a panel shows.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mark {
    Series(Series),
    Bars(Bars),
    Grid(Grid),
    Rule(Rule),
}
