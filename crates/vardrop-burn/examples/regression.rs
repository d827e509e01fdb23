//! Regression with a band. The network predicts how noisy the data is at each input, and it is unsure where there is no data.
//!
//!     cargo run --release -p vardrop-burn --example regression

use burn::module::Module;
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Distribution, Tensor};
use vardrop::uncertainty::RegressionPredictive;
use vardrop_burn::{MeanFieldLinear, MeanFieldLinearConfig, Warmup, kl_divergence, regression_predictive};

/// Two outputs: the mean and ln σ² of the target.
#[derive(Module, Debug)]
struct Network {
    hidden1: MeanFieldLinear,
    hidden2: MeanFieldLinear,
    output: MeanFieldLinear,
}

impl Network {
    fn new(device: &Device) -> Self {
        let layer = |inputs, outputs| MeanFieldLinearConfig::new(inputs, outputs).init(device);
        Self { hidden1: layer(1, 20), hidden2: layer(20, 20), output: layer(20, 2) }
    }

    /// Mean and variance of the target, `[examples, 1]` each.
    fn forward(&self, x: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let h = relu(self.hidden1.forward(x));
        let h = relu(self.hidden2.forward(h));
        let output = self.output.forward(h);
        (output.clone().narrow(1, 0, 1), output.narrow(1, 1, 1).clamp(-15.0, 15.0).exp())
    }
}

/// y = sin(3x) with a noise whose deviation rises from 0.05 at x = −1 to 0.35 at x = 1.
fn data(examples: usize, device: &Device) -> (Tensor<2>, Tensor<2>) {
    let x = Tensor::<2>::random([examples, 1], Distribution::Uniform(-1.0, 1.0), device);
    let deviation = (x.clone() + 1.0) * 0.15 + 0.05;
    let noise = x.random_like(Distribution::Normal(0.0, 1.0)) * deviation;
    (x.clone(), (x * 3.0).sin() + noise)
}

/// Trains for so many steps, and predicts at x = −1, −0.9, … 3: data ends at 1.
pub fn run(steps: usize) -> Result<RegressionPredictive, vardrop::Error> {
    let device = Device::default();
    device.seed(1);
    let training = device.clone().autodiff();
    let examples = 1_000;
    let (x, y) = data(examples, &training);
    let mut network = Network::new(&training);
    let mut optimizer = AdamConfig::new().with_epsilon(1e-8).init();
    let warmup = Warmup::new(0, steps / 2);
    for step in 0..steps {
        let (mean, variance) = network.forward(x.clone());
        let loss = ((y.clone() - mean).square() / variance.clone() + variance.log()).mean() * 0.5;
        let loss = loss + kl_divergence(&network) * (warmup.weight(step) / examples as f64);
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = optimizer.step(1e-2, network, gradients);
    }

    let network = network.valid();
    let places: Vec<f32> = (0..=40).map(|i| -1.0 + 0.1 * i as f32).collect();
    let x = Tensor::<1>::from_floats(places.as_slice(), &device).reshape([-1, 1]);
    let band = regression_predictive(100, || network.forward(x.clone()))?;
    let (low, high) = band.intervals(0.95)?;
    println!("     x    mean   95 % band          noise  ignorance");
    for (i, x) in places.iter().enumerate().step_by(5) {
        println!(
            "{x:6.1} {:7.3}   {:7.3} to {:6.3} {:6.3} {:10.3}",
            band.mean()[(i, 0)],
            low[(i, 0)],
            high[(i, 0)],
            band.data_variance()[(i, 0)].sqrt(),
            band.weight_variance()[(i, 0)].sqrt(),
        );
    }
    Ok(band)
}

#[allow(dead_code, reason = "the tests call run")]
fn main() -> Result<(), vardrop::Error> {
    run(2_000).map(|_| ())
}
