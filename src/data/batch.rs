//! Minibatches: rows that are read as they are needed.

use ndarray::{Array2, ArrayView2, s};

use super::{Dataset, Target};
use crate::error::{Error, Result};
use crate::real::Real;

/// Rows that are drawn as they are needed, each thread its own: what a prediction reads. A matrix is one, (examples × inputs).
pub trait Inputs<T>: Sync {
    /// Number of examples.
    fn len(&self) -> usize;

    /// Whether there is no example.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of inputs of an example.
    fn inputs(&self) -> usize;

    /// Writes examples `first`, `first + 1`, … to the rows of `out`, (rows × inputs) in row-major order.
    ///
    /// # Panics
    /// Examples that are not there.
    fn fill(&self, first: usize, out: &mut [T]);

    /// Whether every example can be read. Whoever takes a batch asks first.
    ///
    /// # Errors
    /// What is wrong with it.
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// Rows with their targets: what training and evaluation read.
pub trait Batch<T>: Inputs<T> {
    /// The class of an example, or its values.
    ///
    /// # Panics
    /// An example that is not there.
    fn target(&self, example: usize) -> Target<'_>;
}

impl<T: Real> Inputs<T> for ArrayView2<'_, T> {
    fn len(&self) -> usize {
        self.nrows()
    }
    fn inputs(&self) -> usize {
        self.ncols()
    }
    fn fill(&self, first: usize, out: &mut [T]) {
        let width = self.ncols().max(1);
        let rows = self.slice(s![first..first + out.len() / width, ..]);
        for (row, out) in rows.outer_iter().zip(out.chunks_exact_mut(width)) {
            for (value, &input) in out.iter_mut().zip(row) {
                *value = input;
            }
        }
    }
}

/// Whether every example can be read and has as many inputs as a network.
pub(crate) fn check_width<T>(inputs: &impl Inputs<T>, expected: usize) -> Result<()> {
    inputs.check()?;
    match inputs.inputs() {
        found if found == expected => Ok(()),
        found => Err(Error::Shape { what: "an example".into(), found: vec![found], expected: vec![expected] }),
    }
}

/// Whether every example has a label of one of as many classes.
pub(crate) fn check_classes<T>(batch: &impl Batch<T>, classes: usize) -> Result<()> {
    batch.check()?;
    match (0..batch.len()).map(|example| class(batch.target(example))).find(|&label| label >= classes) {
        Some(label) => Err(Error::argument("label", label, format!("a class from 0 to {}", classes.saturating_sub(1)))),
        None => Ok(()),
    }
}

/// The class that a target is; of real values a number that no class has.
pub(crate) fn class(target: Target<'_>) -> usize {
    match target {
        Target::Class(class) => class,
        Target::Values(_) => usize::MAX,
    }
}

/// Examples of a dataset, by their indices.
#[derive(Debug, Clone, Copy)]
pub struct Examples<'a> {
    /// Where they are.
    pub dataset: &'a Dataset,
    /// Which ones, in this order.
    pub indices: &'a [usize],
}

impl<T: Real> Inputs<T> for Examples<'_> {
    fn len(&self) -> usize {
        self.indices.len()
    }
    fn inputs(&self) -> usize {
        self.dataset.inputs()
    }
    fn fill(&self, first: usize, out: &mut [T]) {
        let rows = out.len() / self.dataset.inputs().max(1);
        self.dataset.fill_batch(&self.indices[first..first + rows], out);
    }
    fn check(&self) -> Result<()> {
        let examples = self.dataset.len();
        match self.indices.iter().find(|&&index| index >= examples) {
            Some(index) => Err(Error::argument("index of an example", index, format!("a number below {examples}"))),
            None => Ok(()),
        }
    }
}

impl<T: Real> Batch<T> for Examples<'_> {
    fn target(&self, example: usize) -> Target<'_> {
        self.dataset.target(self.indices[example])
    }
}

/// Rows of an array with their classes or values.
#[derive(Debug, Clone)]
pub struct Rows<'a, T> {
    inputs: ArrayView2<'a, T>,
    targets: RowTargets,
}

#[derive(Debug, Clone)]
enum RowTargets {
    Classes(Vec<usize>),
    /// (examples × targets), in standard layout.
    Values(Array2<f64>),
}

impl<'a, T> Rows<'a, T> {
    /// Examples × inputs, and a class for each example.
    ///
    /// # Errors
    /// Another number of labels than rows.
    pub fn new(inputs: ArrayView2<'a, T>, labels: &[usize]) -> Result<Self> {
        if inputs.nrows() == labels.len() {
            let targets = RowTargets::Classes(labels.to_vec());
            Ok(Self { inputs, targets })
        } else {
            Err(Error::Shape { what: "labels".into(), found: vec![labels.len()], expected: vec![inputs.nrows()] })
        }
    }

    /// Examples × inputs, and examples × real targets.
    ///
    /// # Errors
    /// Another number of targets' rows than rows.
    pub fn with_values(inputs: ArrayView2<'a, T>, values: ArrayView2<'_, f64>) -> Result<Self> {
        if inputs.nrows() == values.nrows() {
            Ok(Self { inputs, targets: RowTargets::Values(values.as_standard_layout().into_owned()) })
        } else {
            let found = values.shape().to_vec();
            Err(Error::Shape { what: "targets".into(), found, expected: vec![inputs.nrows(), values.ncols()] })
        }
    }
}

impl<T: Real> Inputs<T> for Rows<'_, T> {
    fn len(&self) -> usize {
        self.inputs.nrows()
    }
    fn inputs(&self) -> usize {
        self.inputs.ncols()
    }
    fn fill(&self, first: usize, out: &mut [T]) {
        Inputs::fill(&self.inputs, first, out);
    }
}

impl<T: Real> Batch<T> for Rows<'_, T> {
    fn target(&self, example: usize) -> Target<'_> {
        match &self.targets {
            RowTargets::Classes(labels) => Target::Class(labels[example]),
            RowTargets::Values(values) => Target::Values(values.row(example).to_slice().expect("in standard layout")),
        }
    }
}
