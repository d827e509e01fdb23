//! A dense layer: weight, bias, noise and activation, forward and backward in plain ndarray. The engine computes the same, faster.

use ndarray::{Array1, Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use super::dense::NoNoise;
use super::kind::Noise;
use super::noisy::{LayerNoise, Place, Tape, WithoutBias};
use super::{Activation, Additive};
use crate::Real;
use crate::error::{Error, Result};
use crate::noise::{NoiseSource, Rates};

/// A dense layer, the noise in it, and what follows it: h = f(A·W + b + noise).
///
/// Its module shows one layer by itself, forward and backward.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound(serialize = "", deserialize = "T: Real"))]
pub struct Layer<T> {
    /// W, shape (in, out).
    #[serde(with = "crate::noise::shape")]
    pub weight: Array2<T>,
    /// b, shape (out). No noise enters it.
    #[serde(with = "crate::noise::shape")]
    pub bias: Array1<T>,
    /// Where noise enters, and its rate.
    pub noise: Noise<T>,
    /// f.
    pub activation: Activation,
    /// The weight of this layer's KL term in the objective: 1 for the lower bound.
    pub kl_weight: f64,
}

/// The gradients of a loss with respect to one layer's input and parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerGradients<T> {
    /// ∂loss/∂A, (examples × in).
    pub input: Array2<T>,
    /// ∂loss/∂W, (in × out).
    pub weight: Array2<T>,
    /// ∂loss/∂b, (out).
    pub bias: Array1<T>,
    /// ∂loss/∂ln α or ∂loss/∂ln σ², in the shape of that array; also where it is fixed. Empty where the noise has none.
    pub noise: Array2<T>,
}

impl<T: Real> Layer<T> {
    /// A layer without activation, whose KL term counts in full.
    ///
    /// # Shapes
    /// `weight`: (in, out); `bias`: (out).
    ///
    /// # Errors
    /// No inputs or outputs; a bias, or an array of the noise, of a shape that does not fit; a dropout rate outside [0, 1); a
    /// learned α above 1.
    pub fn new(weight: Array2<T>, bias: Array1<T>, noise: impl Into<Noise<T>>) -> Result<Self> {
        let layer = Self { weight, bias, noise: noise.into(), activation: Activation::Identity, kl_weight: 1.0 };
        layer.check()?;
        layer.check_learned()?;
        Ok(layer)
    }

    /// A dense layer without noise.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn dense(weight: Array2<T>, bias: Array1<T>) -> Result<Self> {
        Self::new(weight, bias, Noise::None)
    }

    /// Sets the activation.
    pub fn activation(self, activation: Activation) -> Self {
        Self { activation, ..self }
    }

    /// Sets the weight of this layer's KL term in the objective.
    pub fn kl_weight(self, kl_weight: f64) -> Self {
        Self { kl_weight, ..self }
    }

    /// Number of inputs and outputs.
    pub fn dim(&self) -> (usize, usize) {
        self.weight.dim()
    }

    /// Whether its shapes fit together and its settings are in range.
    ///
    /// # Errors
    /// What does not fit.
    pub fn check(&self) -> Result<()> {
        let (inputs, outputs) = self.dim();
        if outputs == 0 || inputs == 0 {
            return Err(Error::argument("width of a layer", 0, "1 or more units"));
        }
        if self.bias.len() != outputs {
            let found = self.bias.shape().to_vec();
            return Err(Error::Shape { what: "the bias".into(), found, expected: vec![outputs] });
        }
        if !(self.kl_weight >= 0.0 && self.kl_weight.is_finite()) {
            return Err(Error::argument("KL weight of a layer", self.kl_weight, "a finite number, 0 or above"));
        }
        self.activation.check()?;
        self.noise.kind().check((inputs, outputs))
    }

    /// Whether what is learned begins in its range.
    pub(crate) fn check_learned(&self) -> Result<()> {
        let log_alpha = self.learned_rates().map(|rates| &rates.log_alpha);
        match log_alpha.and_then(|rates| rates.iter().find(|&&x| x > T::zero())) {
            Some(log_alpha) => {
                let expected = "at most 1 where it is learned: the KL term is not valid above";
                Err(Error::argument("alpha", log_alpha.exp(), expected))
            }
            None => Ok(()),
        }
    }

    /// Draws the layer's noise for `examples` examples, as if it were layer number `index` of a network: standard normal ε, or the
    /// factors ξ of binary dropout. The shape is (examples × in) with noise on the input, and (examples × out) with noise on the
    /// output.
    pub fn draw(&self, source: NoiseSource, index: usize, examples: usize) -> Array2<T> {
        let kind = self.noise.kind();
        let mut draws = Array2::zeros((examples, kind.width(self.dim())));
        for (example, mut row) in draws.outer_iter_mut().enumerate() {
            kind.draw(source.row(index, example), row.as_slice_mut().expect("rows are contiguous"));
        }
        draws
    }

    /// The layer's output, (examples × out), with `noise` from [`Self::draw`] or without noise; and what [`Self::backward`] needs.
    ///
    /// # Errors
    /// An input of another width; noise of another shape; a layer that does not pass [`Self::check`].
    pub fn forward(&self, input: ArrayView2<'_, T>, noise: Option<ArrayView2<'_, T>>) -> Result<(Array2<T>, Tape<T>)> {
        self.check()?;
        let kind = self.noise.kind();
        let examples = input.nrows();
        check_shape("the input", input, (examples, self.dim().0))?;
        let (mut output, mut tape) = match noise {
            Some(noise) => {
                check_shape("the noise", noise, (examples, kind.width(self.dim())))?;
                kind.forward(&self.weight, input, noise)
            }
            None => NoNoise.forward(&kind.mean(&self.weight), input, input),
        };
        output += &self.bias;
        tape.drawn = noise.is_some();
        tape.slopes = output.mapv(|x| self.activation.slope(x));
        output.mapv_inplace(|x| self.activation.value(x));
        Ok((output, tape))
    }

    /// The gradients that follow from `delta` = ∂loss/∂output, (examples × out), after a forward pass of this layer.
    ///
    /// # Errors
    /// A `delta` of another shape than the output.
    pub fn backward(&self, tape: &Tape<T>, delta: ArrayView2<'_, T>) -> Result<LayerGradients<T>> {
        check_shape("the output's derivative", delta, tape.slopes.dim())?;
        let delta = &delta * &tape.slopes;
        let own = self.noise.kind();
        let WithoutBias { input, mut weight, noise } = match tape.drawn {
            true => own.backward(&self.weight, tape, delta.view()),
            false => NoNoise.backward(&own.mean(&self.weight), tape, delta.view()),
        };
        if own.zeroes_weights() {
            for (row, (own_row, mut gradient)) in self.weight.outer_iter().zip(weight.outer_iter_mut()).enumerate() {
                let gradient = gradient.as_slice_mut().expect("gradients are in standard layout");
                own.zero_gradient_row(&own_row.to_vec(), row, gradient);
            }
        }
        let noise = match self.noise.kind().array() {
            Some(array) if !tape.drawn => Array2::zeros(array.dim()),
            _ => noise,
        };
        Ok(LayerGradients { input, weight, bias: delta.sum_axis(Axis(0)), noise })
    }

    /// −KL(q ‖ prior) summed over the layer's noise variables, in nats, up to a constant; 0 if nothing is learned. There is one variable
    /// for each input unit with noise on the input, and one for each weight with noise on the output, even if they share an α.
    ///
    /// # Panics
    /// A ln σ² of another shape than W; see [`Self::check`].
    pub fn negative_kl(&self) -> f64 {
        self.noise.kind().negative_kl(&self.weight)
    }

    /// The derivatives of [`Self::negative_kl`] with respect to W and to ln α or ln σ².
    ///
    /// # Panics
    /// As [`Self::negative_kl`].
    pub fn negative_kl_gradient(&self) -> (Array2<T>, Array2<T>) {
        let (weight, noise) = self.noise.kind().negative_kl_gradient(&self.weight);
        (weight.unwrap_or_else(|| Array2::zeros(self.dim())), noise)
    }

    /// The rates, where the noise is Gaussian with a variance relative to the mean.
    pub fn rates(&self) -> Option<&Rates<T>> {
        self.noise.kind().rates()
    }

    /// [`Self::rates`], to change.
    pub fn rates_mut(&mut self) -> Option<&mut Rates<T>> {
        self.noise.kind_mut().and_then(LayerNoise::rates_mut)
    }

    /// The rates, where they are learned.
    pub fn learned_rates(&self) -> Option<&Rates<T>> {
        self.rates().filter(|rates| rates.learned)
    }

    /// ln σ² of additive noise.
    pub fn log_variance(&self) -> Option<&Array2<T>> {
        self.additive().map(|noise| &noise.log_variance)
    }

    /// ln α = ln σ² − ln W² of every weight with additive noise, (in, out).
    ///
    /// # Panics
    /// A ln σ² of another shape than W.
    pub fn log_alpha_of_weights(&self) -> Option<Array2<T>> {
        self.additive().map(|noise| noise.log_alpha(&self.weight))
    }

    fn additive(&self) -> Option<&Additive<T>> {
        match &self.noise {
            Noise::Additive(noise) => Some(noise),
            _ => None,
        }
    }

    /// Whether noise enters the input: an example's draw for a unit reaches every output.
    pub(crate) fn has_input_noise(&self) -> bool {
        self.noise.kind().place() == Place::Input
    }

    /// Whether noise enters the output: each example and unit has its own draw.
    pub(crate) fn has_output_noise(&self) -> bool {
        self.noise.kind().place() == Place::Output
    }

    /// What training learns of the noise, and its name in files: `log_alpha` or `log_variance`.
    pub(crate) fn learned_noise(&self) -> Option<(&'static str, &Array2<T>)> {
        let kind = self.noise.kind();
        kind.array().filter(|_| kind.is_learned()).map(|array| (kind.array_name(), array))
    }

    /// How many noise variables stand behind one value of α (or σ²): with input noise there is one variable per input unit, with
    /// output noise one per weight.
    pub fn noise_variables_per_rate(&self) -> f64 {
        self.noise.kind().variables_per_value(&self.weight)
    }
}

fn check_shape<T>(what: &str, found: ArrayView2<'_, T>, expected: (usize, usize)) -> Result<()> {
    if found.dim() == expected {
        return Ok(());
    }
    let (rows, columns) = expected;
    Err(Error::Shape { what: what.into(), found: found.shape().to_vec(), expected: vec![rows, columns] })
}
