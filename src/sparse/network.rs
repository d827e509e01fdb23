//! A network of which most weights are 0, compressed by rows: it holds and multiplies only the others.
//!
//! Before it is compressed, units are taken out that nothing depends on. A hidden unit without a weight into it has the same
//! output, f(b), for every example: what it adds to the next layer goes into that one's biases. A hidden unit or a pixel
//! without a weight out of it is not read.
//!
//! Examples go through in blocks of [`LANES`], unit by unit with the examples side by side: a weight is read once and multiplies
//! a vector of examples, so that the few weights there are run at the speed of a dense product.

use multiversion::multiversion;
use ndarray::{Array2, ArrayViewMut2, Axis};

use super::pruning::LayerSparsity;
use crate::data::{Batch, Inputs, batch};
use crate::error::{Error, Result};
use crate::layers::{Activation, Layer, Noise};
use crate::likelihood::Likelihood;
use crate::network::{Evaluation, Network, evaluate};
use crate::workers::Workers;

/// Examples that go through the network side by side.
const LANES: usize = 32;

/// The most units of a layer: their numbers are kept in two bytes.
const MOST_UNITS: usize = 1 << 16;

/// One layer, compressed by its outputs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SparseLayer {
    /// Where the weights of each output begin, and behind the last one where they end: outputs + 1.
    pub(super) starts: Vec<u32>,
    /// The input of each weight, counted among the units that the layer before has left.
    pub(super) columns: Vec<u16>,
    /// The weights, output by output.
    pub(super) values: Vec<f32>,
    /// One for each output.
    pub(super) bias: Vec<f32>,
    pub(super) activation: Activation,
}

/// A network without noise, most of whose weights are 0.
///
/// ```
/// use vardrop::data::Splits;
/// use vardrop::engine::Examples;
/// use vardrop::network::{DropoutRates, Initialisation};
/// use vardrop::sparse::{SparseNetwork, prune};
/// use vardrop::{Method, Network};
///
/// let splits = Splits::open(&"synthetic".parse()?, 0)?;
/// let (rates, initialisation) = (DropoutRates::default(), Initialisation::default());
/// let network: Network = Network::new(Method::Sparse, &[784, 50, 10], rates, initialisation, 1)?;
/// let sparse = SparseNetwork::new(&prune(&network, -3.0)?)?;
/// let batch = Examples { dataset: &splits.test, indices: &[0, 1, 2] };
/// assert_eq!(sparse.predict(&batch, 1)?.dim(), (3, 10));
/// # Ok::<(), vardrop::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SparseNetwork {
    /// As before pruning.
    pub(super) widths: Vec<usize>,
    /// Weights that pruning has left in each layer.
    pub(super) kept: Vec<usize>,
    /// The inputs that are read.
    pub(super) inputs: Vec<u16>,
    pub(super) layers: Vec<SparseLayer>,
    pub(super) likelihood: Likelihood,
}

impl SparseNetwork {
    /// Compresses a network of which weights are 0.
    ///
    /// # Errors
    /// Noise in a layer; a layer of more than 65,536 units.
    pub fn new(network: &Network) -> Result<Self> {
        network.check()?;
        let widths = network.widths();
        if let Some(index) = network.layers().iter().position(|layer| !matches!(layer.noise, Noise::None)) {
            return Err(Error::argument("noise", format!("some in layer {index}"), "none: prune the network first"));
        }
        if let Some(&width) = widths.iter().find(|&&width| width > MOST_UNITS) {
            return Err(Error::argument("width of a layer", width, format!("at most {MOST_UNITS} units")));
        }
        let kept = super::layer_sparsity(network).into_iter().map(|layer| layer.kept).collect();
        let mut weights: Vec<Array2<f32>> = network.layers().iter().map(|layer| layer.weight.clone()).collect();
        let biases = fold_constants(network, &mut weights);
        drop_unread(&mut weights);
        let mut units: Vec<Vec<usize>> = weights.iter().map(rows_in_use).collect();
        units.push((0..widths[widths.len() - 1]).collect());
        let layer = |(index, layer): (usize, &Layer<f32>)| {
            SparseLayer::new(&weights[index], &biases[index], &units[index], &units[index + 1], layer.activation)
        };
        Ok(Self {
            layers: network.layers().iter().enumerate().map(layer).collect(),
            likelihood: network.likelihood().clone(),
            inputs: units[0].iter().map(|&unit| unit as u16).collect(),
            widths,
            kept,
        })
    }

    /// Numbers of units from the input to the output, as before pruning.
    pub fn widths(&self) -> &[usize] {
        &self.widths
    }

    /// What its outputs say of the targets.
    pub fn likelihood(&self) -> &Likelihood {
        &self.likelihood
    }

    /// How many weights pruning has left in each layer.
    pub fn sparsity(&self) -> Vec<LayerSparsity> {
        let layers = self.widths.windows(2).zip(&self.kept);
        layers.map(|(pair, &kept)| LayerSparsity { inputs: pair[0], outputs: pair[1], kept }).collect()
    }

    /// Units that are computed with: inputs that are read, hidden units, and outputs.
    pub fn units(&self) -> Vec<usize> {
        std::iter::once(self.inputs.len()).chain(self.layers.iter().map(|layer| layer.bias.len())).collect()
    }

    /// Weights that it multiplies by; fewer than were left by pruning where units went with all of theirs.
    pub fn stored_weights(&self) -> usize {
        self.layers.iter().map(|layer| layer.values.len()).sum()
    }

    /// Class probabilities of every example, (examples × classes), or the parameters of real targets' distributions, on `threads`
    /// threads.
    ///
    /// # Errors
    /// Examples of another width than the network's input; no threads.
    pub fn predict(&self, batch: &impl Inputs<f32>, threads: usize) -> Result<Array2<f32>> {
        batch::check_width(batch, self.widths[0])?;
        let classes = self.widths[self.widths.len() - 1];
        let workers = Workers::new(threads)?;
        let mut all = Array2::zeros((batch.len(), classes));
        let share = batch.len().div_ceil(threads).next_multiple_of(LANES).max(LANES);
        workers.for_each(all.axis_chunks_iter_mut(Axis(0), share).enumerate(), |(index, mut out)| {
            let mut space = Space::new(self);
            for (block, out) in out.axis_chunks_iter_mut(Axis(0), LANES).enumerate() {
                self.block(batch, index * share + block * LANES, out, &mut space);
            }
        });
        Ok(all)
    }

    /// Cross-entropy and error.
    ///
    /// # Errors
    /// As [`Self::predict`]; no examples.
    pub fn evaluate(&self, batch: &impl Batch<f32>, threads: usize) -> Result<Evaluation> {
        if batch.is_empty() {
            return Err(Error::argument("number of examples", 0, "1 or more"));
        }
        let outputs = self.widths[self.widths.len() - 1];
        (0..batch.len()).try_for_each(|example| self.likelihood.check_target(batch.target(example), outputs))?;
        evaluate(&self.likelihood, self.predict(batch, threads)?, batch)
    }

    fn block(&self, batch: &impl Inputs<f32>, first: usize, mut out: ArrayViewMut2<'_, f32>, space: &mut Space) {
        let rows = out.nrows();
        let inputs = self.widths[0];
        batch.fill(first, &mut space.rows[..rows * inputs]);
        side_by_side(&space.rows, inputs, rows, &self.inputs, &mut space.signal);
        for layer in &self.layers {
            forward(layer, &space.signal, &mut space.next);
            std::mem::swap(&mut space.signal, &mut space.next);
        }
        for (lane, mut row) in out.outer_iter_mut().enumerate() {
            for (unit, output) in row.iter_mut().enumerate() {
                *output = space.signal[unit][lane];
            }
            self.likelihood.predict(row.as_slice_mut().expect("rows are contiguous"));
        }
    }
}

/// The buffers of one thread.
struct Space {
    /// Examples as the batch gives them, (examples × inputs).
    rows: Vec<f32>,
    /// A layer's inputs, a vector of examples for each unit; then its outputs.
    signal: Vec<[f32; LANES]>,
    next: Vec<[f32; LANES]>,
}

impl Space {
    fn new(network: &SparseNetwork) -> Self {
        let widest = network.units().into_iter().max().unwrap_or(0);
        Self {
            rows: vec![0.0; LANES * network.widths[0]],
            signal: vec![[0.0; LANES]; widest],
            next: vec![[0.0; LANES]; widest],
        }
    }
}

/// From examples row by row to the units in use, each with its examples side by side.
fn side_by_side(rows: &[f32], width: usize, count: usize, units: &[u16], signal: &mut [[f32; LANES]]) {
    for (lanes, &unit) in signal.iter_mut().zip(units) {
        for (lane, row) in lanes.iter_mut().zip(rows.chunks_exact(width)).take(count) {
            *lane = row[usize::from(unit)];
        }
    }
}

/// h = f(A·W + b) for a block of examples.
#[multiversion(targets = "simd")]
fn forward(layer: &SparseLayer, signal: &[[f32; LANES]], out: &mut [[f32; LANES]]) {
    for ((range, &bias), out) in layer.starts.windows(2).zip(&layer.bias).zip(out) {
        let range = range[0] as usize..range[1] as usize;
        let mut sums = [bias; LANES];
        for (&column, &weight) in layer.columns[range.clone()].iter().zip(&layer.values[range]) {
            for (sum, &x) in sums.iter_mut().zip(&signal[usize::from(column)]) {
                *sum += weight * x;
            }
        }
        for (out, sum) in out.iter_mut().zip(sums) {
            *out = layer.activation.value(sum);
        }
    }
}

impl SparseLayer {
    /// Whether it holds nothing but numbers.
    pub(super) fn is_finite(&self) -> bool {
        self.values.iter().chain(&self.bias).all(|x| x.is_finite())
    }

    /// From the weights (in × out), of which these inputs and outputs are kept.
    fn new(weight: &Array2<f32>, bias: &[f32], inputs: &[usize], outputs: &[usize], activation: Activation) -> Self {
        let mut layer = Self {
            starts: vec![0],
            columns: Vec::new(),
            values: Vec::new(),
            bias: outputs.iter().map(|&output| bias[output]).collect(),
            activation,
        };
        for &output in outputs {
            for (column, &input) in inputs.iter().enumerate() {
                if weight[(input, output)] != 0.0 {
                    layer.columns.push(column as u16);
                    layer.values.push(weight[(input, output)]);
                }
            }
            layer.starts.push(layer.values.len() as u32);
        }
        layer
    }
}

/// Inputs of a layer with a weight out of them.
fn rows_in_use(weight: &Array2<f32>) -> Vec<usize> {
    (0..weight.nrows()).filter(|&row| weight.row(row).iter().any(|&w| w != 0.0)).collect()
}

/// Takes out hidden units whose output is the same for every example, first layer first; returns the biases with what they add.
fn fold_constants(network: &Network, weights: &mut [Array2<f32>]) -> Vec<Vec<f32>> {
    let mut biases: Vec<Vec<f64>> =
        network.layers().iter().map(|layer| layer.bias.iter().map(|&b| f64::from(b)).collect()).collect();
    for index in 1..weights.len() {
        for unit in 0..weights[index].nrows() {
            if weights[index - 1].column(unit).iter().any(|&w| w != 0.0) {
                continue;
            }
            let output = network.layers()[index - 1].activation.value(biases[index - 1][unit]);
            for (bias, weight) in biases[index].iter_mut().zip(weights[index].row_mut(unit)) {
                *bias += output * f64::from(*weight);
                *weight = 0.0;
            }
        }
    }
    biases.into_iter().map(|layer| layer.into_iter().map(|bias| bias as f32).collect()).collect()
}

/// Takes out the weights into hidden units that nothing reads, last layer first.
fn drop_unread(weights: &mut [Array2<f32>]) {
    for index in (1..weights.len()).rev() {
        let (before, after) = weights.split_at_mut(index);
        for (unit, row) in after[0].outer_iter().enumerate() {
            if row.iter().all(|&w| w == 0.0) {
                before[index - 1].column_mut(unit).fill(0.0);
            }
        }
    }
}
