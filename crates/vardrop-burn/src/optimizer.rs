//! Another step size for the noise's parameters, with any of Burn's optimizers.

use burn::module::ParamGroup;
use burn::optim::{LearningRate, Optimizer};
use burn::tensor::{Device, Tensor};

/// The parameters of the noise: every ln α and ln σ² of this crate's layers, by their fields' names.
pub fn noise_parameters() -> ParamGroup {
    ParamGroup::from_any_predicates(vec!["posterior.log_variance", "rates.Learned"])
}

/// An optimizer whose step size is a multiple of what it is given.
///
/// An adaptive optimizer such as Adam moves each parameter by about its step size. ln α and ln σ² have units to go where weights have
/// hundredths, so that a larger step suits them. The group works with Burn's `Learner` as with a loop of one's own:
///
/// ```
/// use burn::optim::AdamConfig;
/// use vardrop_burn::{Scaled, noise_parameters};
///
/// // The gradient of the KL term is about 1/N for each weight. An ε of 1e-5, Burn's default, would be as large as that.
/// let adam = AdamConfig::new().with_epsilon(1e-8);
/// let optimizer = adam.init().with_group(noise_parameters(), Scaled::new(adam.build(), 10.0), None);
/// ```
#[derive(Debug, Clone)]
pub struct Scaled<O> {
    optimizer: O,
    factor: f64,
}

impl<O> Scaled<O> {
    /// `optimizer` with `factor` times the step size.
    ///
    /// # Panics
    /// A factor that is not a finite number above 0.
    pub fn new(optimizer: O, factor: f64) -> Self {
        assert!(factor > 0.0 && factor.is_finite(), "factor is {factor}: expected a finite number above 0, such as 10");
        Self { optimizer, factor }
    }
}

impl<O: Optimizer> Optimizer for Scaled<O> {
    type State<const D: usize> = O::State<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        self.optimizer.step(lr * self.factor, tensor, grad, state)
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        O::to_device(state, device)
    }
}
