//! LeNet-5 in Burn's own layers, without noise, and the median of its times: what both benchmarks compare with.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::MaxPool2dConfig;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

/// The outputs of LeNet-5 with these layers.
pub fn logits(
    images: Tensor<4>,
    convolutions: [&dyn Fn(Tensor<4>) -> Tensor<4>; 2],
    linear: [&dyn Fn(Tensor<2>) -> Tensor<2>; 2],
) -> Tensor<2> {
    let pool = MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init();
    let x = convolutions.into_iter().fold(images, |x, convolution| pool.forward(relu(convolution(x))));
    linear[1](relu(linear[0](x.flatten(1, 3))))
}

/// The network in Burn's own layers.
#[derive(Module, Debug)]
pub struct LeNet5 {
    pub conv1: Conv2d,
    pub conv2: Conv2d,
    pub fc1: Linear,
    pub fc2: Linear,
}

impl LeNet5 {
    pub fn new(device: &Device) -> Self {
        let conv = |channels| Conv2dConfig::new(channels, [5, 5]).init(device);
        let fc = |inputs, outputs| LinearConfig::new(inputs, outputs).init(device);
        Self { conv1: conv([1, 20]), conv2: conv([20, 50]), fc1: fc(800, 500), fc2: fc(500, 10) }
    }

    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let convolutions: [&dyn Fn(Tensor<4>) -> Tensor<4>; 2] =
            [&|x| self.conv1.forward(x), &|x| self.conv2.forward(x)];
        logits(images, convolutions, [&|x| self.fc1.forward(x), &|x| self.fc2.forward(x)])
    }
}

/// The middle one of an odd number of values.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
