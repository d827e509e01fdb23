//! What a layer's weights are drawn from, and towards: the posterior N(θ, S) and its prior.

use burn::module::{Module, ModuleDisplay, Param};
use burn::tensor::{Device, Tensor};

use crate::kl::log_alpha;

/// The noise of a layer's weights around their means θ, for weights of rank `D`.
///
/// A layer such as [`BayesianLinear`](crate::BayesianLinear) has one; its weights and their gradient estimator stay the same
/// whatever it is. Only this crate implements it: [`kl_divergence`](crate::kl_divergence) knows the prior of each.
pub trait Posterior<const D: usize>: Module + ModuleDisplay + Known {
    /// What the layer's mean output is made of: θ, unless the posterior leaves weights out ([`Sparse::zero_above`]).
    ///
    /// # Shapes
    /// - weight: θ
    /// - output: the same
    fn mean(&self, weight: Tensor<D>) -> Tensor<D> {
        weight
    }

    /// S, the weights' variances.
    ///
    /// # Shapes
    /// - weight: θ
    /// - output: the same
    fn variance(&self, weight: Tensor<D>) -> Tensor<D>;

    /// √S, up to signs that a symmetric noise does not see.
    ///
    /// # Shapes
    /// - weight: θ
    /// - output: the same
    fn deviation(&self, weight: Tensor<D>) -> Tensor<D>;
}

/// The means as a parameter of an ordinary layer.
pub(crate) fn means<const D: usize>(posterior: &impl Posterior<D>, weight: Tensor<D>) -> Tensor<D> {
    let tracked = weight.is_require_grad();
    let mean = posterior.mean(weight.detach()).detach();
    if tracked { mean.require_grad() } else { mean }
}

mod sealed {
    /// A posterior whose KL term the crate knows.
    pub trait Known {}
}
use sealed::Known;

impl<const D: usize> Known for Multiplicative<D> {}
impl<const D: usize> Known for Sparse<D> {}
impl<const D: usize> Known for MeanField<D> {}

/// ln α of multiplicative noise, learned or fixed.
#[derive(Module, Debug)]
pub enum Rates<const D: usize> {
    /// Learned. Its KL term counts, and [`project`](crate::project) keeps α at 1 or below.
    Learned(Param<Tensor<D>>),
    /// Fixed. No parameter and not in records: configurations hold it.
    Fixed(Tensor<D>),
}

impl<const D: usize> Rates<D> {
    /// Every α = `alpha`, in a shape that is broadcast to the weights'.
    pub(crate) fn full(alpha: f64, learned: bool, shape: [usize; D], device: &Device) -> Self {
        Self::new(Tensor::full(shape, alpha.ln(), device), learned)
    }

    /// From ln α.
    ///
    /// # Shapes
    /// - log_alpha: broadcast to the weights' (type B), or to the input's last or channel axis (type A)
    pub fn new(log_alpha: Tensor<D>, learned: bool) -> Self {
        if learned { Self::Learned(Param::from_tensor(log_alpha)) } else { Self::Fixed(log_alpha) }
    }

    /// ln α.
    pub fn log_alpha(&self) -> Tensor<D> {
        match self {
            Self::Learned(log_alpha) => log_alpha.val(),
            Self::Fixed(log_alpha) => log_alpha.clone(),
        }
    }

    /// Whether training changes it.
    pub fn is_learned(&self) -> bool {
        matches!(self, Self::Learned(_))
    }
}

/// Type B: W ~ N(θ, α ∘ θ²), α shared by the layer, by input unit or channel, or by weight, with the log-uniform prior (Kingma,
/// Salimans & Welling 2015, sections 3.2 and 3.3).
#[derive(Module, Debug)]
pub struct Multiplicative<const D: usize> {
    /// ln α.
    pub rates: Rates<D>,
}

impl<const D: usize> Posterior<D> for Multiplicative<D> {
    fn variance(&self, weight: Tensor<D>) -> Tensor<D> {
        weight.square() * self.rates.log_alpha().exp()
    }
    fn deviation(&self, weight: Tensor<D>) -> Tensor<D> {
        weight * (self.rates.log_alpha() * 0.5).exp()
    }
}

/// W ~ N(θ, σ²) with ln σ² learned for each weight, and the log-uniform prior, under which weights disappear (Molchanov, Ashukha &
/// Vetrov 2017, section 4).
#[derive(Module, Debug)]
pub struct Sparse<const D: usize> {
    /// ln σ², in the shape of the weights.
    pub log_variance: Param<Tensor<D>>,
    /// A weight whose ln α is above this has the mean 0; its variance stays, and only the KL term moves θ. The paper's text does
    /// without; its authors' code trains so, with 3. Prune at this threshold or at a lower one, or such weights come back.
    #[module(skip)]
    pub zero_above: Option<f64>,
}

impl<const D: usize> Posterior<D> for Sparse<D> {
    fn mean(&self, weight: Tensor<D>) -> Tensor<D> {
        let Some(threshold) = self.zero_above else { return weight };
        let log_alpha = log_alpha(weight.clone().detach(), self.log_variance.val().detach());
        weight.mask_fill(log_alpha.greater_elem(threshold), 0.0)
    }
    fn variance(&self, _: Tensor<D>) -> Tensor<D> {
        self.log_variance.val().exp()
    }
    fn deviation(&self, _: Tensor<D>) -> Tensor<D> {
        (self.log_variance.val() * 0.5).exp()
    }
}

/// W ~ N(μ, σ²) with ln σ² learned for each weight, and the prior N(0, s²): the mean-field posterior (Kingma, Salimans & Welling
/// 2015, section 2; Blundell, Cornebise, Kavukcuoglu & Wierstra 2015).
#[derive(Module, Debug)]
pub struct MeanField<const D: usize> {
    /// ln σ², in the shape of the weights.
    pub log_variance: Param<Tensor<D>>,
    /// s, `[1]`. Not learned: nothing that is learned depends on it with a gradient.
    pub prior_deviation: Param<Tensor<1>>,
}

impl<const D: usize> Posterior<D> for MeanField<D> {
    fn variance(&self, _: Tensor<D>) -> Tensor<D> {
        self.log_variance.val().exp()
    }
    fn deviation(&self, _: Tensor<D>) -> Tensor<D> {
        (self.log_variance.val() * 0.5).exp()
    }
}
