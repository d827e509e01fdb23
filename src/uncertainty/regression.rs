//! The predictive distribution of real targets: a mixture of the drawn networks' normal distributions.

use ndarray::{Array2, ArrayView2, Axis, s};

use super::mixture::{Mixture, check_moments};
use crate::error::{Error, Result};

/// What one network predicts of every example and target, (examples × targets) each.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Member {
    pub means: Array2<f64>,
    pub variances: Array2<f64>,
}

impl Member {
    /// # Errors
    /// A mean that is not finite; a variance that is not a finite number above 0.
    pub(super) fn new(means: Array2<f64>, variances: Array2<f64>) -> Result<Self> {
        for ((example, target), &mean) in means.indexed_iter() {
            check_moments(mean, variances[(example, target)], || format!("example {example}, target {target}"))?;
        }
        Ok(Self { means, variances })
    }
}

/// What drawn networks (or the network without noise) predict of every example's real targets: for classes, see
/// [`Predictive`](super::Predictive).
///
/// Network k of K predicts N(μₖ, σₖ²) for a target; the predictive distribution is the mixture 1/K · Σₖ N(μₖ, σₖ²). By the law
/// of total variance its variance has two parts (Kendall & Gal 2017, equation 9; Depeweg et al. 2018):
///
/// Var\[y\] = E_q\[σ²\] + Var_q\[μ\] ≈ 1/K · Σₖ σₖ² + 1/K · Σₖ (μₖ − μ̄)²
///
/// - [`Self::data_variance`], E_q\[σ²\]: the noise of the data (aleatoric);
/// - [`Self::weight_variance`], Var_q\[μ\]: what the drawn networks disagree about (epistemic). The divisor is K, that of the
///   mixture's own variance: on average a part 1/K of the variance over all networks is missing. Without noise it is 0.
///
/// All K means and variances are kept, in double precision: 16 bytes for each network, example and target. Everything is in
/// the units that the network was trained in; [`Self::in_units`] brings it to the data's.
///
/// ```
/// use vardrop::Network;
/// use vardrop::layers::{Activation, GaussianOutput};
/// use vardrop::likelihood::Likelihood;
/// use vardrop::ndarray::array;
/// use vardrop::uncertainty::{QuantileCalibration, RegressionPredictive, Sampling};
///
/// let network: Network = Network::builder(2)
///     .dense(20, Activation::Tanh).noise(GaussianOutput::learned(0.2))
///     .dense(1, Activation::Identity)
///     .likelihood(Likelihood::gaussian_fixed(0.04)?)
///     .build(1)?;
/// let inputs = array![[0.5f32, -1.0], [2.0, 0.3]];
/// let standardised = RegressionPredictive::of(&network, &inputs.view(), Sampling::draws(100).seed(1))?;
/// // The targets had mean 20 and standard deviation 5 before they were standardised.
/// let predictive = standardised.in_units(&[20.0], &[5.0])?;
/// assert!((predictive.data_variance()[[0, 0]] - 0.04 * 25.0).abs() < 1e-12);
/// let (low, high) = predictive.intervals(0.9)?;
/// assert!(low[[1, 0]] < predictive.mean()[[1, 0]] && predictive.mean()[[1, 0]] < high[[1, 0]]);
///
/// let targets = array![[18.0], [23.5]];
/// let scores = predictive.scores(targets.view(), &[0.5, 0.95])?;
/// println!("{}", scores.table());
/// let calibration = predictive.calibration(targets.view(), QuantileCalibration::LEVELS)?;
/// println!("{}", calibration.mean_absolute_deviation);
/// # Ok::<(), vardrop::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RegressionPredictive {
    members: Vec<Member>,
    mean: Array2<f64>,
    data_variance: Array2<f64>,
    weight_variance: Array2<f64>,
    samples: Option<u64>,
}

impl RegressionPredictive {
    /// Of one network or more, which have been checked.
    pub(super) fn of_members(members: Vec<Member>, samples: Option<u64>) -> Self {
        let networks = members.len() as f64;
        let mut mean = Array2::zeros(members[0].means.dim());
        let (mut data_variance, mut weight_variance) = (mean.clone(), mean.clone());
        for member in &members {
            mean += &member.means;
            data_variance += &member.variances;
        }
        mean /= networks;
        data_variance /= networks;
        for member in &members {
            weight_variance += &(&member.means - &mean).mapv(|difference| difference * difference);
        }
        weight_variance /= networks;
        Self { members, mean, data_variance, weight_variance, samples }
    }

    /// The same, of so many drawn networks.
    pub(super) fn of_samples(self, samples: Option<u64>) -> Self {
        Self { samples, ..self }
    }

    pub(super) fn members(&self) -> &[Member] {
        &self.members
    }

    /// The number of examples.
    pub fn len(&self) -> usize {
        self.mean.nrows()
    }

    /// Whether there is none, which no function here returns.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of targets of an example.
    pub fn targets(&self) -> usize {
        self.mean.ncols()
    }

    /// K: the number of networks in the mixture; `None` for the network without noise.
    pub fn samples(&self) -> Option<u64> {
        self.samples
    }

    /// 1/K · Σₖ μₖ, (examples × targets).
    pub fn mean(&self) -> ArrayView2<'_, f64> {
        self.mean.view()
    }

    /// 1/K · Σₖ σₖ², (examples × targets): the part of the variance that the noise of the data brings.
    pub fn data_variance(&self) -> ArrayView2<'_, f64> {
        self.data_variance.view()
    }

    /// 1/K · Σₖ (μₖ − μ̄)², (examples × targets): the part of the variance that not knowing the weights brings.
    pub fn weight_variance(&self) -> ArrayView2<'_, f64> {
        self.weight_variance.view()
    }

    /// The sum of the two parts, (examples × targets).
    pub fn variance(&self) -> Array2<f64> {
        &self.data_variance + &self.weight_variance
    }

    /// The predictive distribution of one target of one example, both counted from 0.
    ///
    /// # Errors
    /// An example or a target that does not exist.
    pub fn mixture(&self, example: usize, target: usize) -> Result<Mixture> {
        for (name, index, count) in [("example", example, self.len()), ("target", target, self.targets())] {
            if index >= count {
                return Err(Error::argument(name, index, format!("a number from 0 to {}", count - 1)));
            }
        }
        Ok(self.of_target((example, target)))
    }

    fn of_target(&self, place: (usize, usize)) -> Mixture {
        Mixture::of_moments(self.members.iter().map(|member| (member.means[place], member.variances[place])))
    }

    /// A function of every mixture, (examples × targets).
    pub(super) fn map(&self, value: impl Fn((usize, usize), Mixture) -> Result<f64>) -> Result<Array2<f64>> {
        let mut values = Array2::zeros(self.mean.dim());
        for (place, out) in values.indexed_iter_mut() {
            *out = value(place, self.of_target(place))?;
        }
        Ok(values)
    }

    /// The same networks' predictions of only one target, counted from 0.
    ///
    /// # Errors
    /// A target that does not exist.
    pub fn target(&self, target: usize) -> Result<Self> {
        self.mixture(0, target)?;
        let column = |array: &Array2<f64>| array.slice(s![.., target..=target]).to_owned();
        let of = |member: &Member| Member { means: column(&member.means), variances: column(&member.variances) };
        Ok(Self::of_members(self.members.iter().map(of).collect(), self.samples))
    }

    /// The same predictions in other units: y = means + scales · z for standardised targets z, with a mean and a scale for each
    /// target. Variances are multiplied by the square of the scale, and the negative log-likelihood of an example grows by the
    /// sum of ln scale over its targets: it is of a density for each unit.
    ///
    /// # Errors
    /// Another number of means or scales than of targets; a mean that is not finite; a scale that is not a finite number above 0,
    /// or with which a prediction is none.
    pub fn in_units(&self, means: &[f64], scales: &[f64]) -> Result<Self> {
        for (what, values) in [("means of the units", means), ("scales of the units", scales)] {
            if values.len() != self.targets() {
                let (found, expected) = (vec![values.len()], vec![self.targets()]);
                return Err(Error::Shape { what: what.into(), found, expected });
            }
        }
        for (target, (&mean, &scale)) in means.iter().zip(scales).enumerate() {
            if !mean.is_finite() {
                return Err(Error::argument("mean of a unit", format!("{mean} (target {target})"), "a finite number"));
            }
            if !(scale > 0.0 && scale.is_finite()) {
                let expected = "a finite number above 0, such as the targets' standard deviation";
                return Err(Error::argument("scale of a unit", format!("{scale} (target {target})"), expected));
            }
        }
        let mut members = Vec::with_capacity(self.members.len());
        for member in &self.members {
            let (mut of_means, mut of_variances) = (member.means.clone(), member.variances.clone());
            for (target, (&mean, &scale)) in means.iter().zip(scales).enumerate() {
                of_means.index_axis_mut(Axis(1), target).mapv_inplace(|z| mean + scale * z);
                of_variances.index_axis_mut(Axis(1), target).mapv_inplace(|z| scale * scale * z);
            }
            members.push(Member::new(of_means, of_variances)?);
        }
        Ok(Self::of_members(members, self.samples))
    }

    /// The points that a share p of each target's distribution lies below, (examples × targets); see [`Mixture::quantile`].
    ///
    /// # Errors
    /// A p that is not between 0 and 1.
    pub fn quantiles(&self, p: f64) -> Result<Array2<f64>> {
        self.map(|_, mixture| mixture.quantile(p))
    }

    /// The central intervals that hold a share `level` of each target's distribution: lower and upper ends, (examples × targets)
    /// each; see [`Mixture::interval`].
    ///
    /// # Errors
    /// A level that is not between 0 and 1.
    pub fn intervals(&self, level: f64) -> Result<(Array2<f64>, Array2<f64>)> {
        let mut high = Array2::zeros(self.mean.dim());
        let mut low = Array2::zeros(self.mean.dim());
        for (place, low) in low.indexed_iter_mut() {
            (*low, high[place]) = self.of_target(place).interval(level)?;
        }
        Ok((low, high))
    }
}
