//! LeNet-5 as Caffe has it (20-50-500-10), with sparse layers: what Molchanov, Ashukha & Vetrov (2017, section 5.2) compress.

use burn::module::Module;
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use vardrop_burn::{SparseConv2d, SparseConv2dConfig, SparseLinear, SparseLinearConfig};

/// The sparse network.
#[derive(Module, Debug)]
pub struct LeNet5 {
    /// 1 → 20 channels, 5 × 5.
    pub conv1: SparseConv2d,
    /// 20 → 50 channels, 5 × 5.
    pub conv2: SparseConv2d,
    /// 800 → 500 units.
    pub fc1: SparseLinear,
    /// 500 → 10 classes.
    pub fc2: SparseLinear,
    pool: MaxPool2d,
}

impl LeNet5 {
    /// With every ln σ² at `log_variance`, and the mean 0 for weights whose ln α is above `zero_above`.
    pub fn new(log_variance: f64, zero_above: Option<f64>, device: &Device) -> Self {
        let conv = |channels| {
            let config = SparseConv2dConfig::new(channels, [5, 5]);
            config.with_log_variance(log_variance).with_zero_above(zero_above).init(device)
        };
        let fc = |inputs, outputs| {
            let config = SparseLinearConfig::new(inputs, outputs);
            config.with_log_variance(log_variance).with_zero_above(zero_above).init(device)
        };
        let pool = MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init();
        Self { conv1: conv([1, 20]), conv2: conv([20, 50]), fc1: fc(800, 500), fc2: fc(500, 10), pool }
    }

    /// Log-odds of the classes.
    ///
    /// # Shapes
    /// - images: `[batch, 1, 28, 28]`
    /// - output: `[batch, 10]`
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let x = self.pool.forward(relu(self.conv1.forward(images)));
        let x = self.pool.forward(relu(self.conv2.forward(x)));
        let x = relu(self.fc1.forward(x.flatten::<2>(1, 3)));
        self.fc2.forward(x)
    }
}
