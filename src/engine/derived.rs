//! What a step computes from the parameters once, before any row: deviations √α and weight variances S = α ∘ W² (or σ²).

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
    /// S = α ∘ W², or σ², (in × out): output noise.
    pub(super) variance: Array2<T>,
}

impl<T: Real> Derived<T> {
    /// Buffers for each layer of a network.
    pub(super) fn for_network(network: &Network<T>) -> Vec<Self> {
        let of_layer = |layer: &layers::Layer<T>| match &layer.noise {
            Noise::GaussianInput(rates) => {
                Self { deviation: Array1::zeros(rates.log_alpha.len()), variance: Array2::zeros((0, 0)) }
            }
            Noise::GaussianOutput(_) | Noise::Additive { .. } => {
                Self { deviation: Array1::zeros(0), variance: Array2::zeros(layer.dim()) }
            }
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
            Noise::GaussianOutput(_) | Noise::Additive { .. } => {
                let rows = layer.dim().0.div_ceil(workers.count());
                let chunks = derived.variance.axis_chunks_iter_mut(Axis(0), rows);
                slices.extend(chunks.enumerate().map(|(index, chunk)| (layer, index * rows, chunk)));
            }
            Noise::None | Noise::Binary { .. } => {}
        }
    }
    workers.for_each(slices.into_iter(), |(layer, first, mut chunk)| {
        const ORDER: &str = "weights and variances are in standard layout";
        for (offset, mut out) in chunk.outer_iter_mut().enumerate() {
            let (row, out) = (first + offset, out.as_slice_mut().expect(ORDER));
            match &layer.noise {
                Noise::GaussianOutput(rates) => {
                    let weight = layer.weight.row(row).to_slice().expect(ORDER);
                    layers::weight_variance(weight, rates_row(rates, row), out);
                }
                Noise::Additive { log_variance } => {
                    layers::additive_variance(log_variance.row(row).to_slice().expect(ORDER), out);
                }
                _ => {}
            }
        }
    });
}

/// ln α of one row of the weights: one value, or one per weight.
pub(super) fn rates_row<T: Real>(rates: &Rates<T>, row: usize) -> &[T] {
    let (rows, columns) = rates.log_alpha.dim();
    let row = if rows == 1 { 0 } else { row };
    &rates.log_alpha.as_slice().expect("rates are in standard layout")[row * columns..(row + 1) * columns]
}
