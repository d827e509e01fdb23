//! What a network is to predict of each example.

use ndarray::{ArcArray1, ArcArray2, Array1, Array2, Axis, s};

use super::features::{check_finite, shared};
use crate::error::{Error, Result};

/// The target of one example: a class, or real values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target<'a> {
    /// A class, counted from 0.
    Class(usize),
    /// Real values, one for each quantity that is predicted.
    Values(&'a [f64]),
}

/// The targets of all examples, shared.
#[derive(Debug, Clone)]
pub(super) enum Targets {
    Classes {
        /// In standard layout, as all arrays here.
        labels: ArcArray1<usize>,
        classes: usize,
        /// Empty, or one for each class.
        names: Vec<String>,
    },
    Values {
        /// Examples × quantities.
        values: ArcArray2<f64>,
        /// One for each quantity.
        names: Vec<String>,
    },
}

impl Targets {
    pub(super) fn classes(name: &str, labels: Vec<usize>, classes: usize) -> Result<Self> {
        if let Some((example, label)) = labels.iter().enumerate().find(|&(_, &label)| label >= classes) {
            let value = format!("{label} (example {example} of {name})");
            let expected = format!("a class from 0 to {}: labels count from 0", classes.saturating_sub(1));
            return Err(Error::argument("label", value, expected));
        }
        if classes < 2 {
            return Err(Error::argument("number of classes", classes, format!("2 or more in {name}")));
        }
        Ok(Self::Classes { labels: Array1::from(labels).into_shared(), classes, names: Vec::new() })
    }

    pub(super) fn values(name: &str, values: Array2<f64>) -> Result<Self> {
        let names = match values.ncols() {
            0 => return Err(Error::argument("number of targets", 0, format!("1 or more columns for {name}"))),
            1 => vec!["target".to_owned()],
            several => (1..=several).map(|quantity| format!("target {quantity}")).collect(),
        };
        check_finite("target", name, &values)?;
        Ok(Self::Values { values: shared(values), names })
    }

    /// With other names, as many as there are classes or quantities.
    pub(super) fn named(mut self, new: Vec<String>) -> Result<Self> {
        let (what, count, names) = match &mut self {
            Self::Classes { classes, names, .. } => ("classes", *classes, names),
            Self::Values { values, names } => ("quantities", values.ncols(), names),
        };
        if new.len() != count {
            let expected = format!("{count}, one for each of the {what}");
            return Err(Error::argument("number of names", new.len(), expected));
        }
        *names = new;
        Ok(self)
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Classes { labels, .. } => labels.len(),
            Self::Values { values, .. } => values.nrows(),
        }
    }

    pub(super) fn select(&self, examples: &[usize]) -> Self {
        let mut selected = self.clone();
        match &mut selected {
            Self::Classes { labels, .. } => *labels = labels.select(Axis(0), examples).into_shared(),
            Self::Values { values, .. } => *values = values.select(Axis(0), examples).into_shared(),
        }
        selected
    }

    /// The examples in a range that is there.
    pub(super) fn slice(&self, range: std::ops::Range<usize>) -> Self {
        let mut sliced = self.clone();
        match &mut sliced {
            Self::Classes { labels, .. } => *labels = labels.clone().slice_move(s![range]),
            Self::Values { values, .. } => *values = values.clone().slice_move(s![range, ..]),
        }
        sliced
    }

    pub(super) fn of(&self, example: usize) -> Target<'_> {
        match self {
            Self::Classes { labels, .. } => Target::Class(labels[example]),
            Self::Values { values, .. } => {
                let width = values.ncols();
                Target::Values(&values.as_slice().expect("in standard layout")[example * width..][..width])
            }
        }
    }

    /// As messages say it: `10 classes`, `2 real targets`.
    pub(super) fn described(&self) -> String {
        match self {
            Self::Classes { classes, .. } => format!("{classes} classes"),
            Self::Values { values, .. } if values.ncols() == 1 => "1 real target".into(),
            Self::Values { values, .. } => format!("{} real targets", values.ncols()),
        }
    }

    /// Where the first one lies, which tells shared targets from equal ones.
    pub(super) fn address(&self) -> usize {
        match self {
            Self::Classes { labels, .. } => labels.as_ptr() as usize,
            Self::Values { values, .. } => values.as_ptr() as usize,
        }
    }
}
