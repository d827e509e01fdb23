//! What the engine reads a minibatch from.

use ndarray::{ArrayView2, s};

use crate::Real;
use crate::data::Dataset;
use crate::error::{Error, Result};

/// Labelled rows that are drawn as they are needed, each thread its own.
pub trait Batch<T>: Sync {
    /// Number of examples.
    fn len(&self) -> usize;

    /// Whether there are none.
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

    /// The class of an example.
    ///
    /// # Panics
    /// An example that is not there.
    fn label(&self, example: usize) -> usize;

    /// Whether every example can be read. Whoever takes a batch asks first.
    ///
    /// # Errors
    /// What is wrong with it.
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// Whether every example has as many inputs, and a label of one of as many classes, as a network.
pub(crate) fn check<T>(batch: &impl Batch<T>, inputs: usize, classes: usize) -> Result<()> {
    batch.check()?;
    if batch.inputs() != inputs {
        return Err(Error::Shape { what: "an example".into(), found: vec![batch.inputs()], expected: vec![inputs] });
    }
    match (0..batch.len()).map(|example| batch.label(example)).find(|&label| label >= classes) {
        Some(label) => Err(Error::argument("label", label, format!("a class from 0 to {}", classes.saturating_sub(1)))),
        None => Ok(()),
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

impl<T: Real> Batch<T> for Examples<'_> {
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
    fn label(&self, example: usize) -> usize {
        self.dataset.labels()[self.indices[example]].into()
    }
    fn check(&self) -> Result<()> {
        let examples = self.dataset.len();
        match self.indices.iter().find(|&&index| index >= examples) {
            Some(index) => Err(Error::argument("index of an example", index, format!("a number below {examples}"))),
            None => Ok(()),
        }
    }
}

/// Rows of an array with their classes.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a, T> {
    inputs: ArrayView2<'a, T>,
    labels: &'a [u8],
}

impl<'a, T> Rows<'a, T> {
    /// Examples × inputs, and a class for each example.
    ///
    /// # Errors
    /// Another number of labels than rows.
    pub fn new(inputs: ArrayView2<'a, T>, labels: &'a [u8]) -> Result<Self> {
        if inputs.nrows() == labels.len() {
            Ok(Self { inputs, labels })
        } else {
            Err(Error::Shape { what: "labels".into(), found: vec![labels.len()], expected: vec![inputs.nrows()] })
        }
    }
}

impl<T: Real> Batch<T> for Rows<'_, T> {
    fn len(&self) -> usize {
        self.labels.len()
    }
    fn inputs(&self) -> usize {
        self.inputs.ncols()
    }
    fn fill(&self, first: usize, out: &mut [T]) {
        let rows = out.len() / self.inputs.ncols().max(1);
        let inputs = self.inputs.slice(s![first..first + rows, ..]);
        for (row, out) in inputs.outer_iter().zip(out.chunks_exact_mut(self.inputs.ncols().max(1))) {
            for (value, &input) in out.iter_mut().zip(row) {
                *value = input;
            }
        }
    }
    fn label(&self, example: usize) -> usize {
        self.labels[example].into()
    }
}
