//! The network: a stack of dense layers with rectifiers between them, and the noise of a method in each.

mod summary;

use ndarray::{Array1, Array2, ArrayView1, Axis};
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use crate::Real;
use crate::error::{Error, Result};
use crate::layers::{self, Layer, Noise};
use crate::method::Method;
use crate::noise::{self, NoiseSource, Purpose, Rates, Sharing, alpha_of_rate};
use crate::training::AlphaStatistics;

/// The threshold on ln α above which a weight is pruned: a dropout rate p above 0.95 (Molchanov, Ashukha & Vetrov 2017).
pub const PRUNING_THRESHOLD: f64 = 3.0;

/// ln σ² of every weight before training with additive noise, as in the published code of Molchanov, Ashukha & Vetrov (2017):
/// far below ln W², so that training begins with hardly any noise.
const INITIAL_LOG_VARIANCE: f64 = -10.0;

/// The most weights that a network is made with: 4 GiB of them in single precision.
pub(crate) const MOST_WEIGHTS: usize = 1 << 30;

/// How weights start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Initialisation {
    /// Columns of standard normal draws, centred, scaled to unit norm: what the paper's authors' code did.
    #[default]
    UnitColumns,
    /// Orthonormal columns (rows where there are more columns than rows) of a QR decomposition of standard normal draws
    /// (Saxe, McClelland & Ganguli 2014). It needs the feature `blas`: LAPACK decomposes.
    Orthogonal,
}

/// The dropout rates p that a method's noise starts with (and keeps where they are not learned).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DropoutRates {
    /// On the network's input; 0.2 in the paper.
    pub input: f64,
    /// On the hidden layers; 0.5 in the paper.
    pub hidden: f64,
}

impl Default for DropoutRates {
    fn default() -> Self {
        Self { input: 0.2, hidden: 0.5 }
    }
}

/// A multilayer perceptron: dense layers with rectifiers between them; the last layer gives the classes' log-odds.
#[derive(Debug, Clone, PartialEq)]
pub struct Network<T = f32> {
    layers: Vec<Layer<T>>,
}

/// α = p / (1 − p), with which a method's noise starts.
///
/// # Errors
/// A rate outside [0, 1); of 0 or above 0.5 where α is learned, and bounded by 1.
pub(crate) fn initial_alpha(method: Method, p: f64) -> Result<f64> {
    let alpha = alpha_of_rate(p)?;
    let bounded = method.learns_rates() && method != Method::Sparse;
    if bounded && !(alpha > 0.0 && alpha <= 1.0) {
        let expected = "a number in (0, 0.5] where α = p / (1 − p) is learned: α is in (0, 1]";
        return Err(Error::argument("dropout rate p", p, expected));
    }
    Ok(alpha)
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
    let shape = |what: &str, index: usize, found: &[usize], expected: &[usize]| {
        if found == expected {
            return Ok(());
        }
        let what = format!("{what} of layer {index}");
        Err(Error::Shape { what, found: found.to_vec(), expected: expected.to_vec() })
    };
    let mut inputs = first.dim().0;
    for (index, layer) in layers.iter().enumerate() {
        let (rows, outputs) = layer.dim();
        if outputs == 0 || rows == 0 {
            return Err(Error::argument("width of a layer", 0, "1 or more units"));
        }
        shape("the weight", index, layer.weight.shape(), &[inputs, outputs])?;
        shape("the bias", index, layer.bias.shape(), &[outputs])?;
        if let Some(rates) = layer.rates() {
            let found = rates.log_alpha.shape();
            let per_weight = matches!(layer.noise, Noise::GaussianOutput(_));
            let fits = found == [1, 1] || found == [rows, 1] || (per_weight && found == [rows, outputs]);
            if !fits {
                shape("ln α", index, found, &[rows, if per_weight { outputs } else { 1 }])?;
            }
        }
        if let Some(log_variance) = layer.log_variance() {
            shape("ln σ²", index, log_variance.shape(), &[rows, outputs])?;
        }
        if let Noise::Binary { rate } = layer.noise {
            alpha_of_rate(rate)?;
        }
        inputs = outputs;
    }
    Ok(())
}

impl<T: Real> Network<T> {
    /// A network from its layers.
    ///
    /// # Errors
    /// No layers; a layer of no inputs or outputs; shapes of neighbours, biases or rates that do not fit; input noise
    /// with an α per weight, which does not exist; a learned α above 1; a dropout rate outside [0, 1).
    pub fn from_layers(mut layers: Vec<Layer<T>>) -> Result<Self> {
        check_shapes(&layers)?;
        for (index, layer) in layers.iter().enumerate() {
            let log_alpha = layer.learned_rates().map(|rates| &rates.log_alpha);
            if let Some(log_alpha) = log_alpha.and_then(|rates| rates.iter().find(|&&x| x > T::zero())) {
                let value = format!("{} in layer {index}", log_alpha.exp());
                return Err(Error::argument(
                    "alpha",
                    value,
                    "at most 1 where it is learned: the KL term holds no further",
                ));
            }
        }
        // The engine and the files read rows; an array that was transposed, say, is in another order.
        for layer in &mut layers {
            standardise(&mut layer.weight);
            if let Some(rates) = layer.rates_mut() {
                standardise(&mut rates.log_alpha);
            }
            if let Noise::Additive { log_variance } = &mut layer.noise {
                standardise(log_variance);
            }
            if !layer.bias.is_standard_layout() {
                layer.bias = layer.bias.as_standard_layout().into_owned();
            }
        }
        Ok(Self { layers })
    }

    /// Whether its layers still make a network, whatever [`Self::layers_mut`] was used for. The engine and the optimizer ask before
    /// each step.
    ///
    /// # Errors
    /// As [`Self::from_layers`]; an array that is not in standard layout, such as a transposed one.
    pub fn check(&self) -> Result<()> {
        check_shapes(&self.layers)?;
        for (index, layer) in self.layers.iter().enumerate() {
            let noise = layer.rates().map(|rates| &rates.log_alpha).or(layer.log_variance());
            let others = [Some((&layer.weight, "weight")), noise.map(|noise| (noise, "noise"))];
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

    /// A network for a method: α as the paper shares it (per input unit with type A noise, per weight with type B where
    /// it is learned; one value for a layer where it is fixed), weights drawn by `initialisation`, biases 0.
    ///
    /// `widths` are the numbers of units from the input to the output, such as 784, 100, 100, 100, 10.
    ///
    /// # Errors
    /// Fewer than two widths, a width of 0, more than 2³⁰ weights, or a dropout rate outside [0, 1); for a learned α, a
    /// rate of 0 or above 0.5.
    pub fn new(
        method: Method,
        widths: &[usize],
        rates: DropoutRates,
        initialisation: Initialisation,
        seed: u64,
    ) -> Result<Self> {
        let sharing = match method {
            Method::VariationalA | Method::VariationalA2 => Sharing::Unit,
            Method::VariationalB => Sharing::Weight,
            _ => Sharing::Layer,
        };
        Self::with_sharing(method, sharing, widths, rates, initialisation, seed)
    }

    /// [`Self::new`] with another way of sharing α.
    ///
    /// # Errors
    /// As [`Self::new`]; and type A noise with an α per weight.
    pub fn with_sharing(
        method: Method,
        sharing: Sharing,
        widths: &[usize],
        rates: DropoutRates,
        initialisation: Initialisation,
        seed: u64,
    ) -> Result<Self> {
        check_widths(widths)?;
        let layers = widths.windows(2).enumerate().map(|(index, pair)| {
            let (inputs, outputs) = (pair[0], pair[1]);
            let p = if index == 0 { rates.input } else { rates.hidden };
            let gaussian = |learned| Rates::new(initial_alpha(method, p)?, sharing, learned, inputs, outputs);
            let noise = match method {
                Method::None => Noise::None,
                Method::Binary => {
                    alpha_of_rate(p)?;
                    Noise::Binary { rate: p }
                }
                Method::GaussianA => Noise::GaussianInput(gaussian(false)?),
                Method::VariationalA | Method::VariationalA2 => Noise::GaussianInput(gaussian(true)?),
                Method::GaussianB => Noise::GaussianOutput(gaussian(false)?),
                Method::VariationalB => Noise::GaussianOutput(gaussian(true)?),
                Method::Sparse => {
                    Noise::Additive { log_variance: Array2::from_elem((inputs, outputs), T::of(INITIAL_LOG_VARIANCE)) }
                }
            };
            let weight = initial_weight(
                initialisation,
                inputs,
                outputs,
                NoiseSource::for_purpose(Purpose::Initialisation, seed, index as u64),
            )?;
            Ok(Layer { weight: weight.mapv(T::of), bias: Array1::zeros(outputs), noise })
        });
        Self::from_layers(layers.collect::<Result<_>>()?)
    }

    /// The layers, from the input to the output.
    pub fn layers(&self) -> &[Layer<T>] {
        &self.layers
    }

    /// The layers, to change their values. Their shapes and their kinds of noise are to stay: an engine or an optimizer refuses a
    /// network that does not pass [`Self::check`], or that is not the one it was made for.
    pub fn layers_mut(&mut self) -> &mut [Layer<T>] {
        &mut self.layers
    }

    /// Numbers of units from the input to the output.
    pub fn widths(&self) -> Vec<usize> {
        let inputs = self.layers[0].dim().0;
        std::iter::once(inputs).chain(self.layers.iter().map(|layer| layer.dim().1)).collect()
    }

    /// −KL(q ‖ prior) summed over every learned noise variable: one per input unit with input noise, one per weight with
    /// output noise, also where weights share an α. In nats, up to a constant.
    ///
    /// # Panics
    /// A ln σ² of another shape than its layer's weight; see [`Self::check`].
    pub fn negative_kl(&self) -> f64 {
        let sum = |layer: &Layer<T>| match layer.log_alpha_of_weights() {
            Some(log_alpha) => log_alpha.iter().map(|x| noise::sparse_negative_kl(x.f64())).sum(),
            None => layer.learned_rates().map_or(0.0, |rates| rates.negative_kl(layer.noise_variables_per_rate())),
        };
        self.layers.iter().map(sum).sum()
    }

    /// Statistics of each layer's α, where its noise is Gaussian.
    pub fn alpha_statistics(&self) -> Vec<AlphaStatistics> {
        self.layers
            .iter()
            .filter_map(Layer::rates)
            .map(|rates| {
                let alpha = rates.log_alpha.mapv(|x| x.f64().exp());
                AlphaStatistics {
                    mean: alpha.mean().unwrap_or(0.0),
                    std: alpha.std(0.0),
                    min: alpha.iter().copied().fold(f64::INFINITY, f64::min),
                    max: alpha.iter().copied().fold(0.0, f64::max),
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
        all
    }

    /// The shapes of [`Self::parameters`].
    pub fn parameter_shapes(&self) -> Vec<Vec<usize>> {
        let mut all = Vec::new();
        for layer in &self.layers {
            all.extend([layer.weight.shape().to_vec(), layer.bias.shape().to_vec()]);
            all.extend(layer.learned_noise().map(|(_, values)| values.shape().to_vec()));
        }
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
            if let Some(values) = layers::noise_parameter(&mut layer.noise) {
                all.push(values.as_slice_mut().expect(ORDER));
            }
        }
        all
    }
}

fn standardise<T: Real>(array: &mut Array2<T>) {
    if !array.is_standard_layout() {
        *array = array.as_standard_layout().into_owned();
    }
}

/// Weights of shape (inputs, outputs) in double precision, so that both precisions start from the same network.
fn initial_weight(kind: Initialisation, inputs: usize, outputs: usize, source: NoiseSource) -> Result<Array2<f64>> {
    let mut generator = source.generator();
    let mut draw = |shape| Array2::from_shape_simple_fn(shape, || StandardNormal.sample(&mut generator));
    match kind {
        Initialisation::UnitColumns => {
            let mut weight: Array2<f64> = draw((inputs, outputs));
            for mut column in weight.axis_iter_mut(Axis(1)) {
                // One input cannot be centred: nothing would be left of it.
                if inputs > 1 {
                    let mean = column.mean().unwrap_or(0.0);
                    column -= mean;
                }
                let norm = norm(column.view());
                column /= norm;
            }
            Ok(weight)
        }
        Initialisation::Orthogonal => {
            let q = orthonormal_columns(&draw((inputs.max(outputs), inputs.min(outputs))))?;
            let weight = if inputs >= outputs { q } else { q.reversed_axes() };
            Ok(weight.as_standard_layout().into_owned())
        }
    }
}

/// Q of a Gaussian matrix's decomposition QR, uniform over the matrices with orthonormal columns.
#[cfg(feature = "blas")]
fn orthonormal_columns(gaussian: &Array2<f64>) -> Result<Array2<f64>> {
    let (mut q, r) = ndarray_linalg::QR::qr(gaussian).map_err(|error| {
        Error::argument("initialisation", "orthogonal", format!("a matrix that LAPACK decomposes ({error})"))
    })?;
    // The sign that makes Q uniform (Mezzadri 2007).
    for (mut column, &diagonal) in q.axis_iter_mut(Axis(1)).zip(r.diag()) {
        column *= diagonal.signum();
    }
    Ok(q)
}

#[cfg(not(feature = "blas"))]
fn orthonormal_columns(_gaussian: &Array2<f64>) -> Result<Array2<f64>> {
    let expected =
        "unit-columns: LAPACK, which the other one needs, comes with the crate's feature `openblas` or `blas`";
    Err(Error::argument("initialisation", "orthogonal", expected))
}

fn norm(vector: ArrayView1<'_, f64>) -> f64 {
    vector.dot(&vector).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(method: Method, widths: &[usize]) -> Result<Network<f64>> {
        Network::new(method, widths, DropoutRates::default(), Initialisation::UnitColumns, 1)
    }

    #[test]
    fn unit_columns_are_centred_and_of_unit_norm() {
        let network = network(Method::None, &[50, 20, 10]).unwrap();
        for column in network.layers()[0].weight.axis_iter(Axis(1)) {
            assert!(column.mean().unwrap().abs() < 1e-12 && (norm(column) - 1.0).abs() < 1e-12);
        }
    }

    #[cfg(feature = "blas")]
    #[test]
    fn orthogonal_weights_are_orthonormal_both_ways() {
        for (inputs, outputs) in [(30, 20), (20, 30), (25, 25)] {
            let w = initial_weight(Initialisation::Orthogonal, inputs, outputs, NoiseSource::new(3, 0)).unwrap();
            assert_eq!(w.dim(), (inputs, outputs));
            let gram = if inputs >= outputs { w.t().dot(&w) } else { w.dot(&w.t()) };
            let error = (gram - Array2::<f64>::eye(inputs.min(outputs))).iter().fold(0.0, |a: f64, x| a.max(x.abs()));
            assert!(error < 1e-12, "{error}");
        }
    }

    #[test]
    fn each_method_has_the_papers_rates_and_noise_variables() {
        for method in Method::ALL {
            let network = network(method, &[6, 5, 4, 3]).unwrap();
            let alpha = network.alpha_statistics();
            if !alpha.is_empty() {
                assert!((alpha[0].mean - 0.25).abs() < 1e-12 && (alpha[1].mean - 1.0).abs() < 1e-12);
            }
            let variables: f64 = network
                .layers()
                .iter()
                .filter(|l| l.learned_rates().is_some())
                .map(|l| l.noise_variables_per_rate() * l.rates().unwrap().log_alpha.len() as f64)
                .sum();
            let expected = match method {
                Method::VariationalA | Method::VariationalA2 => 6.0 + 5.0 + 4.0,
                Method::VariationalB => 30.0 + 20.0 + 12.0,
                _ => 0.0,
            };
            assert_eq!(variables, expected, "{method}");
        }
    }

    #[test]
    fn a_shared_rate_still_counts_every_noise_variable_in_the_kl() {
        let kl = |method, sharing| {
            let rates = DropoutRates::default();
            Network::<f64>::with_sharing(method, sharing, &[6, 5, 4], rates, Initialisation::UnitColumns, 1)
                .unwrap()
                .negative_kl()
        };
        let per_weight = kl(Method::VariationalB, Sharing::Weight);
        assert!((kl(Method::VariationalB, Sharing::Unit) - per_weight).abs() < 1e-9);
        assert!((kl(Method::VariationalB, Sharing::Layer) - per_weight).abs() < 1e-9);
        let per_unit = kl(Method::VariationalA, Sharing::Unit);
        assert!((kl(Method::VariationalA, Sharing::Layer) - per_unit).abs() < 1e-9);
    }

    #[test]
    fn arguments_that_make_no_network_are_errors() {
        assert!(network(Method::None, &[784]).is_err());
        assert!(network(Method::None, &[784, 0, 10]).is_err());
        for widths in [&[784, 1 << 40, 10][..], &[usize::MAX, usize::MAX], &[1 << 15, 1 << 15, 1]] {
            let message = network(Method::None, widths).unwrap_err().to_string();
            assert!(message.contains("at most 1073741824 weights"), "{message}");
        }
        let rates = |input, hidden| {
            Network::<f32>::new(
                Method::VariationalA,
                &[4, 3, 2],
                DropoutRates { input, hidden },
                Initialisation::UnitColumns,
                1,
            )
        };
        for (input, hidden) in [(0.0, 0.5), (0.2, 0.6), (1.0, 0.5), (f64::NAN, 0.5)] {
            let message = rates(input, hidden).unwrap_err().to_string();
            assert!(message.contains("dropout rate p"), "{message}");
        }
        let per_weight = Network::<f64>::with_sharing(
            Method::GaussianA,
            Sharing::Weight,
            &[4, 3],
            DropoutRates::default(),
            Initialisation::UnitColumns,
            1,
        );
        assert!(per_weight.unwrap_err().to_string().contains("ln α of layer 0"));
    }
}
