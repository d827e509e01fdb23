//! α ≤ 1, where the KL term's polynomial holds.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::Tensor;

/// Puts every learned α of a model that is above 1 back to 1. Call it after each step of whatever optimizer:
///
/// ```
/// use burn::module::Module;
/// use burn::optim::{GradientsParams, SgdConfig};
/// use burn::tensor::{Device, Tensor};
/// use vardrop_burn::{VariationalLinearConfig, kl_divergence, project};
///
/// let device = Device::default().autodiff();
/// let mut layer = VariationalLinearConfig::new(2, 3).init(&device);
/// let mut optimizer = SgdConfig::new().init();
/// // The KL term alone draws α upwards, from 1 where it starts.
/// let gradients = kl_divergence(&layer).backward();
/// let gradients = GradientsParams::from_grads(gradients, &layer);
/// layer = project(optimizer.step(0.5, layer, gradients));
/// let log_alpha = layer.posterior.rates.log_alpha().max().into_scalar::<f32>();
/// assert_eq!(log_alpha, 0.0);
/// ```
///
/// With Burn's `Learner`, say so in the model's `TrainStep::optimize`: `project(optim.step(lr, self, grads))`.
///
/// It is a projection after the step, as in the paper (section 3.3), and no clamp in the forward pass, which would have no
/// gradient above 1 and keep α there.
pub fn project<M: Module>(model: M) -> M {
    model.map(&mut Project::default())
}

#[derive(Default)]
struct Project {
    in_rates: bool,
}

impl ModuleMapper for Project {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.in_rates = name == "Learned" && container_type == "Enum:Rates";
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.in_rates = false;
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if !self.in_rates {
            return param;
        }
        param.map(|log_alpha| {
            let tracked = log_alpha.is_require_grad();
            // Detached again: only a leaf can require a gradient.
            let projected = log_alpha.detach().clamp_max(0.0).detach();
            if tracked { projected.require_grad() } else { projected }
        })
    }
}
