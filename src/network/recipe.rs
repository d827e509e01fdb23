//! A method's network: dense layers with rectifiers between them, each with the method's noise.

use serde::{Deserialize, Serialize};

use super::initialisation::{Initialisation, initial_parameters};
use super::{Network, check_widths};
use crate::Real;
use crate::error::{Error, Result};
use crate::layers::{Activation, Additive, Binary, GaussianInput, GaussianOutput, Layer, Noise};
use crate::method::Method;
use crate::noise::{NoiseSource, Purpose, Sharing, alpha_of_rate};

/// ln σ² of every weight before training with additive noise, as in the published code of Molchanov, Ashukha & Vetrov (2017):
/// far below ln W², so that training begins with hardly any noise.
const INITIAL_LOG_VARIANCE: f64 = -10.0;

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

impl<T: Real> Network<T> {
    /// A network for a method: α as the paper shares it (per input unit with type A noise, per weight with type B where
    /// it is learned; one value for a layer where it is fixed), weights and biases as `initialisation` draws them.
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
            initial_alpha(method, p)?;
            let noise: Noise<T> = match method {
                Method::None => Noise::None,
                Method::Binary => Binary::new(p)?.into(),
                Method::GaussianA => GaussianInput::fixed_by(sharing, p)(inputs, outputs)?.into(),
                Method::VariationalA | Method::VariationalA2 => {
                    GaussianInput::learned_by(sharing, p)(inputs, outputs)?.into()
                }
                Method::GaussianB => GaussianOutput::fixed_by(sharing, p)(inputs, outputs)?.into(),
                Method::VariationalB => GaussianOutput::learned_by(sharing, p)(inputs, outputs)?.into(),
                Method::Sparse => Additive::sparse(INITIAL_LOG_VARIANCE)(inputs, outputs)?.into(),
                Method::Custom => {
                    let expected = "a method that makes a network: build this one with Network::builder";
                    return Err(Error::argument("method", method, expected));
                }
            };
            let source = NoiseSource::for_purpose(Purpose::Initialisation, seed, index as u64);
            let (weight, bias) = initial_parameters(initialisation, inputs, outputs, source)?;
            let activation = if index + 2 < widths.len() { Activation::Relu } else { Activation::Identity };
            let layer = Layer::new(weight.mapv(T::of), bias.mapv(T::of), noise);
            let layer = layer.map_err(|error| error.of_layer(index))?;
            Ok(layer.activation(activation).kl_weight(method.kl_weight()))
        });
        Self::from_layers(layers.collect::<Result<_>>()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(method: Method, widths: &[usize]) -> Result<Network<f64>> {
        Network::new(method, widths, DropoutRates::default(), Initialisation::UnitColumns, 1)
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
    fn the_middle_of_alpha_lies_between_its_quantiles() {
        let mut network = network(Method::VariationalB, &[11, 1]).unwrap();
        let rates = network.layers_mut()[0].rates_mut().unwrap();
        // 0, 0.1, …, 1 in another order.
        rates.log_alpha.indexed_iter_mut().for_each(|((row, _), x)| *x = ((row * 7 % 11) as f64 / 10.0).ln());
        let alpha = &network.alpha_statistics()[0];
        let quantiles = alpha.quantiles.unwrap();
        assert!((quantiles[0] - 0.1).abs() < 1e-12 && (quantiles[1] - 0.9).abs() < 1e-12, "{quantiles:?}");
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
