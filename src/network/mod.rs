//! The network: dense layers in a row, each with its own noise, activation and weight of the KL term, and a likelihood.

mod builder;
mod evaluation;
mod file;
mod initialisation;
mod objective;
mod recipe;
mod reference;
mod summary;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::Real;
use crate::data::{Batch, Inputs, batch};
use crate::error::{Error, Result};
use crate::layers::Layer;
use crate::likelihood::Likelihood;
use crate::noise::MOST_WEIGHTS;

pub use builder::Builder;
pub(crate) use evaluation::evaluate;
pub use evaluation::{Evaluation, score};
pub(crate) use file::Values;
pub use initialisation::Initialisation;
pub use objective::{Loss, Objective};
pub use recipe::DropoutRates;
pub(crate) use recipe::initial_alpha;
pub use reference::NetworkGradients;

/// The threshold on ln α above which a weight is pruned: a dropout rate p above 0.95 (Molchanov, Ashukha & Vetrov 2017).
pub const PRUNING_THRESHOLD: f64 = 3.0;

/// A network of dense layers. Its last layer gives the parameters of the likelihood: log-odds of classes, or means of real values.
///
/// Make one by a method of the paper ([`Self::new`]), layer by layer ([`Self::builder`]), or from layers ([`Self::from_layers`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound(serialize = "T: Serialize", deserialize = "T: Real + Deserialize<'de>"))]
pub struct Network<T = f32> {
    layers: Vec<Layer<T>>,
    likelihood: Likelihood<T>,
}

/// Statistics of one layer's α (noise variance relative to the mean), over its noise variables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlphaStatistics {
    /// Mean of α.
    pub mean: f64,
    /// Standard deviation of α over the layer's rates (divisor n).
    pub std: f64,
    /// Smallest α.
    pub min: f64,
    /// Largest α.
    pub max: f64,
    /// The 10 % and the 90 % quantile of α: between them lies the middle of its values. `None` in what version 0.1 wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantiles: Option<[f64; 2]>,
}

/// Whether a network can be made with these widths.
pub(crate) fn check_widths(widths: &[usize]) -> Result<()> {
    if widths.len() < 2 || widths.contains(&0) {
        return Err(Error::argument("widths", format!("{widths:?}"), "two or more numbers, each 1 or above"));
    }
    let weights = widths.windows(2).try_fold(0, |sum: usize, pair| sum.checked_add(pair[0].checked_mul(pair[1])?));
    if weights.is_none_or(|weights| weights > MOST_WEIGHTS) {
        let expected = format!("widths with at most {MOST_WEIGHTS} weights between them");
        return Err(Error::argument("widths", format!("{widths:?}"), expected));
    }
    Ok(())
}

/// Whether layers make a network.
fn check_shapes<T: Real>(layers: &[Layer<T>]) -> Result<()> {
    let Some(first) = layers.first() else { return Err(Error::argument("number of layers", 0, "one or more")) };
    let mut inputs = first.dim().0;
    for (index, layer) in layers.iter().enumerate() {
        layer.check().map_err(|error| error.of_layer(index))?;
        if layer.dim().0 != inputs {
            let what = format!("the weight of layer {index}");
            let found = layer.weight.shape().to_vec();
            return Err(Error::Shape { what, found, expected: vec![inputs, layer.dim().1] });
        }
        inputs = layer.dim().1;
    }
    Ok(())
}

impl<T: Real> Network<T> {
    /// A network from its layers, for classes.
    ///
    /// # Errors
    /// No layers; a layer of no inputs or outputs; shapes of neighbours, biases or rates that do not fit; input noise
    /// with an α per weight, which does not exist; a learned α above 1; a dropout rate outside [0, 1).
    pub fn from_layers(mut layers: Vec<Layer<T>>) -> Result<Self> {
        check_shapes(&layers)?;
        for (index, layer) in layers.iter().enumerate() {
            layer.check_learned().map_err(|error| error.of_layer(index))?;
        }
        // The engine and the files read rows; an array that was transposed, say, is in another order.
        for layer in &mut layers {
            standardise(&mut layer.weight);
            if let Some(array) = layer.noise.kind_mut().and_then(|noise| noise.array_mut()) {
                standardise(array);
            }
            if !layer.bias.is_standard_layout() {
                layer.bias = layer.bias.as_standard_layout().into_owned();
            }
        }
        Ok(Self { layers, likelihood: Likelihood::Categorical })
    }

    /// The same layers, for other targets.
    ///
    /// # Errors
    /// A likelihood that does not go with the number of outputs.
    pub fn with_likelihood(self, likelihood: Likelihood<T>) -> Result<Self> {
        likelihood.check(self.outputs_width())?;
        Ok(Self { likelihood, ..self })
    }

    /// The likelihood: how its outputs describe the targets.
    pub fn likelihood(&self) -> &Likelihood<T> {
        &self.likelihood
    }

    /// Whether examples have as many inputs as the network.
    pub(crate) fn check_inputs(&self, inputs: &impl Inputs<T>) -> Result<()> {
        batch::check_width(inputs, self.layers[0].dim().0)
    }

    /// Whether examples have as many inputs as the network, and targets that it can predict.
    pub(crate) fn check_batch(&self, batch: &impl Batch<T>) -> Result<()> {
        self.check_inputs(batch)?;
        let outputs = self.outputs_width();
        (0..batch.len()).try_for_each(|example| self.likelihood.check_target(batch.target(example), outputs))
    }

    /// Number of outputs.
    pub(crate) fn outputs_width(&self) -> usize {
        self.layers.last().expect("a network has layers").dim().1
    }

    /// Checks that its layers still fit together after changes through [`Self::layers_mut`]. The engine and the optimizer do this
    /// before each step.
    ///
    /// # Errors
    /// As [`Self::from_layers`]; an array that is not in standard layout, such as a transposed one.
    pub fn check(&self) -> Result<()> {
        check_shapes(&self.layers)?;
        self.likelihood.check(self.outputs_width())?;
        for (index, layer) in self.layers.iter().enumerate() {
            let others = [Some((&layer.weight, "weight")), layer.noise.kind().array().map(|noise| (noise, "noise"))];
            let found = others.into_iter().flatten().find(|(array, _)| !array.is_standard_layout());
            let found = found.map(|(_, what)| what).or((!layer.bias.is_standard_layout()).then_some("bias"));
            if let Some(what) = found {
                let expected = "arrays in standard layout: assign to them, or use as_standard_layout().into_owned()";
                return Err(Error::argument(
                    "memory order",
                    format!("changed in the {what} of layer {index}"),
                    expected,
                ));
            }
        }
        Ok(())
    }

    /// The layers, from the input to the output.
    pub fn layers(&self) -> &[Layer<T>] {
        &self.layers
    }

    /// The likelihood, to change its values; see [`Self::layers_mut`].
    pub fn likelihood_mut(&mut self) -> &mut Likelihood<T> {
        &mut self.likelihood
    }

    /// Layers and likelihood, to change their values.
    pub(crate) fn parts_mut(&mut self) -> (&mut [Layer<T>], &mut Likelihood<T>) {
        (&mut self.layers, &mut self.likelihood)
    }

    /// The layers, to change their values. Do not change their shapes or their kinds of noise: an engine or an optimizer refuses a
    /// network that does not pass [`Self::check`], or that is not the one it was made for.
    pub fn layers_mut(&mut self) -> &mut [Layer<T>] {
        &mut self.layers
    }

    /// Numbers of units from the input to the output.
    pub fn widths(&self) -> Vec<usize> {
        let inputs = self.layers[0].dim().0;
        std::iter::once(inputs).chain(self.layers.iter().map(|layer| layer.dim().1)).collect()
    }

    /// −KL(q ‖ prior) summed over every learned noise variable, in nats, up to a constant. There is one variable per input unit with
    /// input noise, and one per weight with output noise, even if weights share an α.
    ///
    /// # Panics
    /// A ln σ² of another shape than its layer's weight; see [`Self::check`].
    pub fn negative_kl(&self) -> f64 {
        self.layers.iter().map(Layer::negative_kl).sum()
    }

    /// Statistics of each layer's α, where its noise is Gaussian.
    pub fn alpha_statistics(&self) -> Vec<AlphaStatistics> {
        self.layers
            .iter()
            .filter_map(Layer::rates)
            .map(|rates| {
                let alpha = rates.log_alpha.mapv(|x| x.f64().exp());
                let mut sorted = alpha.iter().copied().collect::<Vec<f64>>();
                let mut quantile = |fraction: f64| {
                    let rank = (fraction * sorted.len().saturating_sub(1) as f64).round() as usize;
                    *sorted.select_nth_unstable_by(rank, f64::total_cmp).1
                };
                AlphaStatistics {
                    mean: alpha.mean().unwrap_or(0.0),
                    std: alpha.std(0.0),
                    min: alpha.iter().copied().fold(f64::INFINITY, f64::min),
                    max: alpha.iter().copied().fold(0.0, f64::max),
                    quantiles: (!alpha.is_empty()).then(|| [quantile(0.1), quantile(0.9)]),
                }
            })
            .collect()
    }

    /// The fraction of each layer's weights with ln α above `threshold`, where the noise is additive.
    ///
    /// # Panics
    /// As [`Self::negative_kl`].
    pub fn sparsity(&self, threshold: f64) -> Vec<f64> {
        let fraction = |log_alpha: Array2<T>| {
            log_alpha.iter().filter(|x| x.f64() > threshold).count() as f64 / log_alpha.len() as f64
        };
        self.layers.iter().filter_map(Layer::log_alpha_of_weights).map(fraction).collect()
    }

    /// Every trained array as (name, values), in a fixed order; names such as `layers.0.weight`.
    ///
    /// # Panics
    /// An array that is not in standard layout any more; see [`Self::check`].
    pub fn parameters(&self) -> Vec<(String, &[T])> {
        const ORDER: &str = "parameters are in standard layout";
        let mut all = Vec::new();
        for (index, layer) in self.layers.iter().enumerate() {
            all.push((format!("layers.{index}.weight"), layer.weight.as_slice().expect(ORDER)));
            all.push((format!("layers.{index}.bias"), layer.bias.as_slice().expect(ORDER)));
            if let Some((name, values)) = layer.learned_noise() {
                all.push((format!("layers.{index}.{name}"), values.as_slice().expect(ORDER)));
            }
        }
        all.extend(
            self.likelihood
                .log_variance()
                .map(|values| ("likelihood.log_variance".to_owned(), values.as_slice().expect(ORDER))),
        );
        all
    }

    /// The shapes of [`Self::parameters`].
    pub fn parameter_shapes(&self) -> Vec<Vec<usize>> {
        let mut all = Vec::new();
        for layer in &self.layers {
            all.extend([layer.weight.shape().to_vec(), layer.bias.shape().to_vec()]);
            all.extend(layer.learned_noise().map(|(_, values)| values.shape().to_vec()));
        }
        all.extend(self.likelihood.log_variance().map(|values| values.shape().to_vec()));
        all
    }

    /// [`Self::parameters`] to change, without the names.
    ///
    /// # Panics
    /// As [`Self::parameters`].
    pub fn parameters_mut(&mut self) -> Vec<&mut [T]> {
        const ORDER: &str = "parameters are in standard layout";
        let mut all = Vec::new();
        for layer in &mut self.layers {
            all.push(layer.weight.as_slice_mut().expect(ORDER));
            all.push(layer.bias.as_slice_mut().expect(ORDER));
            if let Some(values) = layer.noise.learned_mut() {
                all.push(values.as_slice_mut().expect(ORDER));
            }
        }
        all.extend(self.likelihood.log_variance_mut().map(|values| values.as_slice_mut().expect(ORDER)));
        all
    }
}

fn standardise<T: Real>(array: &mut Array2<T>) {
    if !array.is_standard_layout() {
        *array = array.as_standard_layout().into_owned();
    }
}
