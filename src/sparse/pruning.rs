//! Pruning: a weight whose α is large is noise around next to nothing, and is taken out (Molchanov, Ashukha & Vetrov 2017,
//! section 4.3: ln α > 3, a dropout rate above 0.95).

use serde::{Deserialize, Serialize};

use crate::Real;
use crate::error::{Error, Result};
use crate::layers::{Layer, Noise};
use crate::network::Network;

/// How many weights of a layer are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct LayerSparsity {
    /// Number of inputs.
    pub inputs: usize,
    /// Number of outputs.
    pub outputs: usize,
    /// Weights that are not 0. Biases do not count, here as in what was published.
    pub kept: usize,
}

/// As a record has it, before it is checked.
#[derive(Deserialize)]
struct Written {
    inputs: usize,
    outputs: usize,
    kept: usize,
}

impl TryFrom<Written> for LayerSparsity {
    type Error = String;

    fn try_from(Written { inputs, outputs, kept }: Written) -> Result<Self, String> {
        match inputs.checked_mul(outputs) {
            Some(weights) if kept <= weights && weights > 0 => Ok(Self { inputs, outputs, kept }),
            _ => Err(format!(
                "a layer of {inputs} × {outputs} weights keeps {kept}: expected one weight or more, of which at most all are kept"
            )),
        }
    }
}

impl LayerSparsity {
    /// All weights of the layer.
    pub fn weights(&self) -> usize {
        self.inputs * self.outputs
    }

    /// The weights that are gone, in percent.
    pub fn percent(&self) -> f64 {
        100.0 * (1.0 - self.kept as f64 / self.weights() as f64)
    }
}

/// How many weights of each layer are not 0.
pub fn layer_sparsity<T: Real>(network: &Network<T>) -> Vec<LayerSparsity> {
    let of_layer = |layer: &Layer<T>| {
        let (inputs, outputs) = layer.dim();
        LayerSparsity { inputs, outputs, kept: layer.weight.iter().filter(|&&w| w != T::zero()).count() }
    };
    network.layers().iter().map(of_layer).collect()
}

/// All weights of a network for each one that is left: 68 for LeNet-300-100 in the paper.
pub fn compression(layers: &[LayerSparsity]) -> f64 {
    let sum = |count: fn(&LayerSparsity) -> usize| layers.iter().map(count).sum::<usize>() as f64;
    sum(LayerSparsity::weights) / sum(|layer| layer.kept)
}

/// The network without noise and without the weights whose ln α is above `threshold`: they are 0.
///
/// ```
/// use vardrop::network::{DropoutRates, Initialisation};
/// use vardrop::sparse::{layer_sparsity, prune};
/// use vardrop::{Method, Network};
///
/// let (rates, initialisation) = (DropoutRates::default(), Initialisation::default());
/// let network: Network = Network::new(Method::Sparse, &[784, 50, 10], rates, initialisation, 1)?;
/// let pruned = prune(&network, 0.0)?;
/// assert!(layer_sparsity(&pruned)[0].percent() > 5.0);
/// # Ok::<(), vardrop::Error>(())
/// ```
///
/// # Errors
/// A network whose noise is not additive; a threshold that is not a finite number, or that leaves a layer without a weight.
pub fn prune<T: Real>(network: &Network<T>, threshold: f64) -> Result<Network<T>> {
    // Nor is infinity one that a file can hold.
    if !threshold.is_finite() {
        return Err(Error::argument("threshold", threshold, "a finite number, such as 3"));
    }
    network.check()?;
    let mut layers = Vec::new();
    for (index, layer) in network.layers().iter().enumerate() {
        let log_alpha = layer.log_alpha_of_weights().ok_or_else(|| {
            let expected = "that of a network trained with --method sparse, whose α has no bound (start from this one's weights \
                            with --start)";
            Error::argument("noise", format!("that of layer {index}, without a variance of its own for each weight"), expected)
        })?;
        let mut weight = layer.weight.clone();
        ndarray::Zip::from(&mut weight).and(&log_alpha).for_each(|weight, log_alpha| {
            if log_alpha.f64() > threshold {
                *weight = T::zero();
            }
        });
        if weight.iter().all(|&w| w == T::zero()) {
            let smallest = log_alpha.iter().map(|x| x.f64()).fold(f64::INFINITY, f64::min);
            let expected =
                format!("a number that leaves a weight in layer {index}, where the smallest ln α is {smallest:.2}");
            return Err(Error::argument("threshold", threshold, expected));
        }
        layers.push(Layer { weight, noise: Noise::None, ..layer.clone() });
    }
    Network::from_layers(layers)?.with_likelihood(network.likelihood().clone())
}
