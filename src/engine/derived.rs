//! What a step computes from the parameters once, before any row: deviations √α and weight variances S = α ∘ W².

use ndarray::{Array1, Array2, Axis};

use super::workers::Workers;
use crate::Real;
use crate::layers::{self, Noise};
use crate::network::Network;
use crate::noise::Rates;

/// Derived values of one layer; empty where its noise does not use them.
#[derive(Debug)]
pub(super) struct Derived<T> {
    /// √α, one value or one per input unit: input noise.
    pub(super) deviation: Array1<T>,
    /// S = α ∘ W², (in × out): output noise.
    pub(super) variance: Array2<T>,
}

impl<T: Real> Derived<T> {
    /// Buffers for each layer of a network.
    pub(super) fn for_network(network: &Network<T>) -> Vec<Self> {
        let of_layer = |layer: &layers::Layer<T>| match &layer.noise {
            Noise::GaussianInput(rates) => {
                Self { deviation: Array1::zeros(rates.log_alpha.len()), variance: Array2::zeros((0, 0)) }
            }
            Noise::GaussianOutput(_) => Self { deviation: Array1::zeros(0), variance: Array2::zeros(layer.dim()) },
            _ => Self { deviation: Array1::zeros(0), variance: Array2::zeros((0, 0)) },
        };
        network.layers().iter().map(of_layer).collect()
    }
}

/// Computes them all, each thread its slice of every layer.
pub(super) fn refresh<T: Real>(derived: &mut [Derived<T>], network: &Network<T>, workers: &Workers) {
    let mut slices = Vec::new();
    for (layer, derived) in network.layers().iter().zip(derived) {
        match &layer.noise {
            Noise::GaussianInput(rates) => {
                for (deviation, &log_alpha) in derived.deviation.iter_mut().zip(&rates.log_alpha) {
                    *deviation = (T::of(0.5) * log_alpha).exponential();
                }
            }
            Noise::GaussianOutput(rates) => {
                let rows = layer.dim().0.div_ceil(workers.count());
                let chunks = derived.variance.axis_chunks_iter_mut(Axis(0), rows);
                slices.extend(chunks.enumerate().map(|(index, chunk)| (layer, rates, index * rows, chunk)));
            }
            _ => {}
        }
    }
    workers.for_each(slices.into_iter(), |(layer, rates, first, mut chunk)| {
        for (offset, mut row) in chunk.outer_iter_mut().enumerate() {
            let weight = layer.weight.row(first + offset);
            let out = row.as_slice_mut().expect("variances are in standard layout");
            layers::weight_variance(weight.as_slice().expect("weights are too"), rates_row(rates, first + offset), out);
        }
    });
}

/// ln α of one row of the weights: one value, or one per weight.
pub(super) fn rates_row<T: Real>(rates: &Rates<T>, row: usize) -> &[T] {
    let (rows, columns) = rates.log_alpha.dim();
    let row = if rows == 1 { 0 } else { row };
    &rates.log_alpha.as_slice().expect("rates are in standard layout")[row * columns..(row + 1) * columns]
}
