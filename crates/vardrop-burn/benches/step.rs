//! A training step of LeNet-5 (20-50-500-10, minibatch 100: forward and backward) with each estimator, beside the deterministic
//! network's, taken in turn. `cargo bench -p vardrop-burn`; with `-- --steps 30` more of them.

use std::time::Instant;

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, LinearConfig};
use burn::optim::GradientsParams;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Distribution, Int, Tensor};
use vardrop_burn::{Estimator, kl_divergence};

#[path = "../examples/lenet5/model.rs"]
mod model;

use model::LeNet5;

/// The network without noise, in Burn's own layers.
#[derive(Module, Debug)]
struct Deterministic {
    conv1: Conv2d,
    conv2: Conv2d,
    fc1: Linear,
    fc2: Linear,
    pool: MaxPool2d,
}

impl Deterministic {
    fn new(device: &Device) -> Self {
        let conv = |channels| Conv2dConfig::new(channels, [5, 5]).init(device);
        let fc = |inputs, outputs| LinearConfig::new(inputs, outputs).init(device);
        let pool = MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init();
        Self { conv1: conv([1, 20]), conv2: conv([20, 50]), fc1: fc(800, 500), fc2: fc(500, 10), pool }
    }

    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let x = self.pool.forward(relu(self.conv1.forward(images)));
        let x = self.pool.forward(relu(self.conv2.forward(x)));
        let x = relu(self.fc1.forward(x.flatten::<2>(1, 3)));
        self.fc2.forward(x)
    }
}

/// The bar: a step with local reparameterization takes at most so many times the deterministic one's time.
const BAR: f64 = 2.2;

fn with(estimator: Estimator, device: &Device) -> LeNet5 {
    let mut model = LeNet5::new(-8.0, device);
    (model.conv1.estimator, model.conv2.estimator) = (estimator, estimator);
    (model.fc1.estimator, model.fc2.estimator) = (estimator, estimator);
    model
}

/// Milliseconds of a step: the loss, and the gradients of all parameters.
fn step<M: Module>(model: &M, loss: impl FnOnce(&M) -> Tensor<1>) -> f64 {
    let start = Instant::now();
    let gradients = GradientsParams::from_grads(loss(model).backward(), model);
    std::hint::black_box(gradients);
    start.elapsed().as_secs_f64() * 1e3
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let mut words = std::env::args().skip_while(|word| word != "--steps").skip(1);
    let steps: usize = words.next().map_or(15, |steps| steps.parse().expect("--steps is a number"));
    let device = Device::default().autodiff();
    let images = Tensor::<4>::random([100, 1, 28, 28], Distribution::Uniform(0.0, 1.0), &device);
    let labels = Tensor::<1, Int>::arange(0..100, &device).remainder_scalar(10);
    let loss = CrossEntropyLossConfig::new().init(&device);
    let deterministic = Deterministic::new(&device);
    let estimators = [Estimator::LocalReparameterization, Estimator::Flipout, Estimator::WeightSample];
    let models = estimators.map(|estimator| with(estimator, &device));

    let mut times = vec![Vec::new(); 4];
    // The first round warms caches and allocators up.
    for round in 0..=steps {
        let mut round_times =
            vec![step(&deterministic, |model| loss.forward(model.forward(images.clone()), labels.clone()))];
        round_times.extend(models.iter().map(|model| {
            step(model, |model| {
                loss.forward(model.forward(images.clone()), labels.clone()) + kl_divergence(model) / 60_000.0
            })
        }));
        if round > 0 {
            times.iter_mut().zip(round_times).for_each(|(all, time)| all.push(time));
        }
    }
    let medians: Vec<f64> = times.into_iter().map(median).collect();
    println!("{:<26} {:>8.1} ms", "deterministic", medians[0]);
    for (estimator, median) in estimators.iter().zip(&medians[1..]) {
        println!("{:<26} {median:>8.1} ms, {:.2} times that", format!("{estimator:?}"), median / medians[0]);
    }
    println!("bar: {BAR} times with local reparameterization");
}
