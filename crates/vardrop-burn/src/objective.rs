//! The KL term of a whole model, layer by layer, and its weight during training.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::walk::{Kind, find};

/// KL(q ‖ prior) of all layers of this crate in a model, `[1]`, in nats. (Up to a constant under the log-uniform prior with α ≤ 1:
/// it may be negative.)
///
/// The model is walked, so that no layer can be forgotten. The loss of a minibatch that stands for N training examples is
///
/// mean cross-entropy + w·KL/N,
///
/// with w = 1 for the lower bound (Kingma, Salimans & Welling 2015, equation 4), or less while it is warmed up ([`Warmup`]).
///
/// ```
/// use burn::tensor::Device;
/// use vardrop_burn::{SparseConv2dConfig, SparseLinearConfig, VariationalDropoutConfig, kl_divergence};
///
/// let device = Device::default();
/// let model = (
///     SparseConv2dConfig::new([1, 2], [3, 3]).init(&device),
///     vec![VariationalDropoutConfig::new(5).init(&device)],
///     Some(SparseLinearConfig::new(5, 2).init(&device)),
/// );
/// let one = |kl: burn::tensor::Tensor<1>| kl.into_scalar::<f32>();
/// let parts = one(kl_divergence(&model.0)) + one(kl_divergence(&model.1)) + one(kl_divergence(&model.2));
/// assert!((one(kl_divergence(&model)) - parts).abs() < 1e-3);
/// ```
pub fn kl_divergence<M: Module>(model: &M) -> Tensor<1> {
    let terms = find(model).into_iter().filter_map(|layer| layer.negative_kl());
    let sum = terms.reduce(|sum, term| sum + term);
    let none = || Tensor::zeros([1], &model.devices().into_iter().next().unwrap_or_default());
    sum.map_or_else(none, Tensor::neg)
}

/// One layer's part of [`kl_divergence`].
#[derive(Debug, Clone)]
pub struct LayerKl {
    /// The names of the fields that lead to the layer, such as `blocks.0.conv`; empty where the model is the layer.
    pub path: String,
    /// What the layer is.
    pub kind: Kind,
    /// Its KL, `[1]`; 0 of a layer whose rates are fixed.
    pub kl: Tensor<1>,
}

/// The KL term of each layer of this crate, in the order of the model's fields.
pub fn kl_by_layer<M: Module>(model: &M) -> Vec<LayerKl> {
    let layers = find(model).into_iter();
    layers
        .map(|layer| {
            let kl = layer.negative_kl().map_or_else(
                || {
                    let device = layer.weight.as_ref().map(|weight| weight.values.device()).unwrap_or_default();
                    Tensor::zeros([1], &device)
                },
                Tensor::neg,
            );
            LayerKl { path: layer.path, kind: layer.kind, kl }
        })
        .collect()
}

/// A weight w for the KL term that rises from 0 to 1: with the full weight from the first step on, sparse layers lose weights before
/// these have learned anything (Sønderby, Raiko, Maaløe, Sønderby & Winther 2016; Molchanov, Ashukha & Vetrov 2017, section 5).
///
/// ```
/// use vardrop_burn::Warmup;
/// let warmup = Warmup::new(100, 200);
/// assert_eq!(warmup.weight(50), 0.0);
/// assert_eq!(warmup.weight(200), 0.5);
/// assert_eq!(warmup.weight(1_000), 1.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Warmup {
    /// Steps with a weight of 0.
    pub wait: usize,
    /// Steps in which it rises linearly to 1.
    pub rise: usize,
}

impl Warmup {
    /// `wait` steps at 0, then `rise` steps up to 1.
    pub fn new(wait: usize, rise: usize) -> Self {
        Self { wait, rise }
    }

    /// w at a step, counted from 0.
    pub fn weight(&self, step: usize) -> f64 {
        match step.checked_sub(self.wait) {
            None => 0.0,
            Some(since) if since >= self.rise => 1.0,
            Some(since) => since as f64 / self.rise as f64,
        }
    }
}
