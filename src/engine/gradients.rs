//! The parameters' gradients, from what the threads' rows left behind. Each thread computes a slice of every layer, so
//! that no sum needs a lock and a run repeats bit for bit.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayViewMut1, ArrayViewMut2, Axis, s};

use super::Objective;
use super::derived::{Derived, rates_row};
use super::workers::Workers;
use super::workspace::{Workspace, head};
use crate::Real;
use crate::layers::{self, Layer, Noise};
use crate::network::Network;
use crate::noise::negative_kl_slope;

/// ∂objective/∂ of one layer's parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerGradient<T> {
    /// As the layer's weight.
    pub weight: Array2<T>,
    /// As the layer's bias.
    pub bias: Array1<T>,
    /// As what is learned of the layer's noise, ln α or ln σ²; empty where nothing is.
    pub noise: Array2<T>,
    /// (A²)ᵀ·G, where output noise has no array of that shape to put it in (an α that is fixed or shared).
    through_variance: Array2<T>,
}

/// ∂objective/∂ of every parameter of a network.
#[derive(Debug, Clone, PartialEq)]
pub struct Gradients<T> {
    /// One entry a layer.
    pub layers: Vec<LayerGradient<T>>,
}

impl<T: Real> Gradients<T> {
    pub(super) fn new(network: &Network<T>) -> Self {
        let layer = |layer: &Layer<T>| {
            let learned = layer.learned_noise().map_or((0, 0), |(_, values)| values.dim());
            let own_array = layer.has_output_noise() && learned != layer.dim();
            LayerGradient {
                weight: Array2::zeros(layer.dim()),
                bias: Array1::zeros(layer.dim().1),
                noise: Array2::zeros(learned),
                through_variance: Array2::zeros(if own_array { layer.dim() } else { (0, 0) }),
            }
        };
        Self { layers: network.layers().iter().map(layer).collect() }
    }

    /// The arrays in the order of [`Network::parameters`].
    pub fn tensors(&self) -> Vec<&[T]> {
        const ORDER: &str = "gradients are in standard layout";
        let mut all = Vec::new();
        for layer in &self.layers {
            all.push(layer.weight.as_slice().expect(ORDER));
            all.push(layer.bias.as_slice().expect(ORDER));
            if !layer.noise.is_empty() {
                all.push(layer.noise.as_slice().expect(ORDER));
            }
        }
        all
    }
}

/// A thread's slice of one layer: rows `first`, `first + 1`, … of the weights' gradient.
struct Slice<'a, T> {
    index: usize,
    first: usize,
    weight: ArrayViewMut2<'a, T>,
    /// Where (A²)ᵀ·G goes: output noise.
    through_variance: Option<ArrayViewMut2<'a, T>>,
    /// Where a row's sum of the gradient of ln α goes: output noise with an α per unit.
    unit: Option<ArrayViewMut1<'a, T>>,
}

/// Fills `gradients` from the workspaces of the last minibatch.
pub(super) fn collect<T: Real>(
    gradients: &mut Gradients<T>,
    network: &Network<T>,
    derived: &[Derived<T>],
    spaces: &[Workspace<T>],
    objective: Objective,
    workers: &Workers,
) {
    let kl_scale =
        |layer: &Layer<T>| -objective.kl_weight / objective.examples as f64 * layer.noise_variables_per_rate();
    let mut slices = Vec::new();
    for (index, (layer, gradient)) in network.layers().iter().zip(&mut gradients.layers).enumerate() {
        let rows = layer.dim().0.div_ceil(workers.count());
        let per_weight = gradient.noise.dim() == layer.dim() && layer.has_output_noise();
        let per_unit = !per_weight && gradient.noise.nrows() > 1;
        let (through, unit) = match layer.noise {
            _ if per_weight => (Some(&mut gradient.noise), None),
            Noise::GaussianOutput(_) => (Some(&mut gradient.through_variance), per_unit.then_some(&mut gradient.noise)),
            _ => (None, None),
        };
        let mut through = through.map(|array| array.axis_chunks_iter_mut(Axis(0), rows));
        let mut unit = unit.map(|array| array.axis_chunks_iter_mut(Axis(0), rows));
        for (chunk, weight) in gradient.weight.axis_chunks_iter_mut(Axis(0), rows).enumerate() {
            slices.push(Slice {
                index,
                first: chunk * rows,
                weight,
                through_variance: through.as_mut().and_then(Iterator::next),
                unit: unit.as_mut().and_then(Iterator::next).map(|column| column.index_axis_move(Axis(1), 0)),
            });
        }
    }
    workers.for_each(slices.into_iter(), |slice| {
        let layer = &network.layers()[slice.index];
        fill_slice(slice, layer, derived, spaces, T::of(kl_scale(layer)));
    });
    for (index, (layer, gradient)) in network.layers().iter().zip(&mut gradients.layers).enumerate() {
        gradient.bias.fill(T::zero());
        for space in spaces.iter().filter(|space| space.rows > 0) {
            gradient.bias += &space.layers[index].bias_sums;
        }
        let Some(rates) = layer.learned_rates() else { continue };
        match layer.noise {
            Noise::GaussianInput(_) => {
                gradient.noise.fill(T::zero());
                let half = T::of(0.5);
                for space in spaces.iter().filter(|space| space.rows > 0) {
                    let sums = &space.layers[index].rate_sums;
                    if gradient.noise.len() == 1 {
                        gradient.noise[(0, 0)] += half * sums.sum();
                    } else {
                        gradient.noise.column_mut(0).scaled_add(half, sums);
                    }
                }
                add_kl(&mut gradient.noise, &rates.log_alpha, T::of(kl_scale(layer)));
            }
            // One α for the layer: its sum runs over every thread's slice.
            Noise::GaussianOutput(_) if gradient.noise.len() == 1 && layer.weight.len() > 1 => {
                gradient.noise[(0, 0)] = gradient.through_variance.sum();
                add_kl(&mut gradient.noise, &rates.log_alpha, T::of(kl_scale(layer)));
            }
            _ => {}
        }
    }
}

fn fill_slice<T: Real>(
    mut slice: Slice<'_, T>,
    layer: &Layer<T>,
    derived: &[Derived<T>],
    spaces: &[Workspace<T>],
    kl_scale: T,
) {
    const ORDER: &str = "gradients are in standard layout";
    let columns = s![.., slice.first..slice.first + slice.weight.nrows()];
    let mut keep = T::zero();
    for space in spaces.iter().filter(|space| space.rows > 0) {
        let buffers = &space.layers[slice.index];
        let delta = head(&buffers.delta, space.rows);
        let input = head(&buffers.input, space.rows);
        general_mat_mul(T::one(), &input.slice(columns).t(), &delta, keep, &mut slice.weight);
        if let Some(through) = &mut slice.through_variance {
            let squares = head(&buffers.squares, space.rows);
            let spread = head(&buffers.spread, space.rows);
            general_mat_mul(T::one(), &squares.slice(columns).t(), &spread, keep, through);
        }
        keep = T::one();
    }
    let Some(through) = &mut slice.through_variance else { return };
    for (offset, (mut path, mut gradient)) in through.outer_iter_mut().zip(slice.weight.outer_iter_mut()).enumerate() {
        let row = slice.first + offset;
        let path = path.as_slice_mut().expect(ORDER);
        let weight = layer.weight.row(row).to_slice().expect(ORDER);
        let variance = derived[slice.index].variance.row(row).to_slice().expect(ORDER);
        let gradient = gradient.as_slice_mut().expect(ORDER);
        if let Noise::Additive { log_variance } = &layer.noise {
            let log_variance = log_variance.row(row).to_slice().expect(ORDER);
            layers::additive_gradient(weight, log_variance, variance, path, gradient, kl_scale);
            continue;
        }
        layers::weight_variance_gradient(weight, variance, path, gradient);
        let Some(rates) = layer.learned_rates() else { continue };
        let log_alpha = rates_row(rates, row);
        if let Some(unit) = &mut slice.unit {
            unit[offset] = path.iter().copied().sum::<T>() + kl_scale * negative_kl_slope(log_alpha[0].exp());
        } else if rates.log_alpha.dim() == layer.dim() {
            layers::add_kl_gradient(log_alpha, path, kl_scale);
        }
    }
}

fn add_kl<T: Real>(gradient: &mut Array2<T>, log_alpha: &Array2<T>, scale: T) {
    const ORDER: &str = "rates are in standard layout";
    layers::add_kl_gradient(log_alpha.as_slice().expect(ORDER), gradient.as_slice_mut().expect(ORDER), scale);
}
