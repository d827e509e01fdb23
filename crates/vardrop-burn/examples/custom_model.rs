//! A residual network of one's own with variational layers, trained by Burn's `Learner`, and what it does not know.
//!
//!     cargo run --release -p vardrop-burn --features train --example custom_model
//!
//! With `--features tui` training shows Burn's dashboard in a terminal.

use std::path::Path;

use burn::data::dataloader::DataLoaderBuilder;
use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::InMemDataset;
use burn::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::module::Module;
use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::pool::{AdaptiveAvgPool2d, AdaptiveAvgPool2dConfig};
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor, TensorData};
use burn::train::metric::{AccuracyMetric, LossMetric};
use burn::train::{ClassificationOutput, InferenceStep, Learner, SupervisedTraining, TrainOutput, TrainStep};
use vardrop::data::{Dataset, letters, synthetic};
use vardrop::uncertainty::Predictive;
use vardrop_burn::{
    Axis, VariationalConv2d, VariationalConv2dConfig, VariationalDropout, VariationalDropoutConfig, VariationalLinear,
    VariationalLinearConfig, kl_divergence, predictive, project,
};

/// x + f(x), f two convolutions with noise in their weights.
#[derive(Module, Debug)]
struct Residual {
    first: VariationalConv2d,
    second: VariationalConv2d,
}

impl Residual {
    fn new(channels: usize, device: &Device) -> Self {
        let conv = || {
            let config = VariationalConv2dConfig::new([channels; 2], [3, 3]).with_padding(PaddingConfig2d::Same);
            config.with_prob(0.05).init(device)
        };
        Self { first: conv(), second: conv() }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        relu(x.clone() + self.second.forward(relu(self.first.forward(x))))
    }
}

/// The network: ordinary layers and Bayesian ones side by side.
#[derive(Module, Debug)]
struct Network {
    stem: Conv2d,
    blocks: Vec<Residual>,
    pool: AdaptiveAvgPool2d,
    dropout: VariationalDropout,
    head: VariationalLinear,
    /// N of the objective.
    examples: usize,
}

impl Network {
    fn new(examples: usize, device: &Device) -> Self {
        let channels = 8;
        Self {
            stem: Conv2dConfig::new([1, channels], [5, 5]).with_stride([3, 3]).init(device),
            blocks: vec![Residual::new(channels, device)],
            pool: AdaptiveAvgPool2dConfig::new([4, 4]).init(),
            dropout: VariationalDropoutConfig::new(channels).with_prob(0.05).with_axis(Axis::Channel).init(device),
            head: VariationalLinearConfig::new(channels * 16, 10).with_prob(0.05).init(device),
            examples,
        }
    }

    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let x = self.blocks.iter().fold(relu(self.stem.forward(images)), |x, block| block.forward(x));
        let x = self.dropout.forward(self.pool.forward(x));
        self.head.forward(x.flatten::<2>(1, 3))
    }

    fn classify(&self, batch: Images) -> ClassificationOutput {
        let output = self.forward(batch.images);
        let cross_entropy = CrossEntropyLossConfig::new().init(&output.device());
        let loss = cross_entropy.forward(output.clone(), batch.labels.clone());
        ClassificationOutput { loss, output, targets: batch.labels }
    }
}

impl TrainStep for Network {
    type Input = Images;
    type Output = ClassificationOutput;

    fn step(&self, batch: Images) -> TrainOutput<ClassificationOutput> {
        let mut output = self.classify(batch);
        output.loss = output.loss + kl_divergence(self) / self.examples as f64;
        TrainOutput::new(self, output.loss.backward(), output)
    }

    // α ≤ 1 after each step, whatever optimizer the learner has.
    fn optimize(self, optim: &mut ModuleOptimizer, rate: ModuleLearningRate, gradients: GradientsParams) -> Self {
        project(optim.step(rate, self, gradients))
    }
}

impl InferenceStep for Network {
    type Input = Images;
    type Output = ClassificationOutput;

    fn step(&self, batch: Images) -> ClassificationOutput {
        self.classify(batch)
    }
}

/// A batch.
#[derive(Debug, Clone)]
struct Images {
    images: Tensor<4>,
    labels: Tensor<1, Int>,
}

/// Pixels from 0 to 1, and the class.
type Item = (Vec<f32>, usize);

#[derive(Clone)]
struct ToImages;

impl Batcher<Item, Images> for ToImages {
    fn batch(&self, items: Vec<Item>, device: &Device) -> Images {
        let labels: Vec<i64> = items.iter().map(|(_, label)| *label as i64).collect();
        let pixels: Vec<f32> = items.into_iter().flat_map(|(pixels, _)| pixels).collect();
        let count = labels.len();
        Images {
            images: Tensor::from_data(TensorData::new(pixels, [count, 1, 28, 28]), device),
            labels: Tensor::from_data(TensorData::new(labels, [count]), device),
        }
    }
}

fn items(data: &Dataset) -> Vec<Item> {
    let mut pixels = vec![0f32; data.len() * data.inputs()];
    data.images().fill_batch(&(0..data.len()).collect::<Vec<_>>(), &mut pixels);
    pixels.chunks(data.inputs()).map(<[f32]>::to_vec).zip(data.labels().iter().copied()).collect()
}

/// Trains on so many of the crate's own digits, and says how sure the network is of digits and of letters.
pub fn run(folder: &Path, digits: usize, epochs: usize) -> Result<(Predictive, Predictive), vardrop::Error> {
    let device = Device::default();
    device.seed(1);
    let (train, test) = (synthetic(digits, 1), synthetic(500, 2));
    let loader = |data: &Dataset| {
        let builder = DataLoaderBuilder::new(ToImages).batch_size(50).shuffle(1);
        builder.build(InMemDataset::new(items(data)))
    };
    let model = Network::new(train.len(), &device.clone().autodiff());
    let learner = Learner::new(model, AdamConfig::new().init(), 2e-3);
    let training = SupervisedTraining::new(folder, loader(&train), loader(&test));
    let training = training.metrics((AccuracyMetric::new(), LossMetric::new())).num_epochs(epochs);
    let model = training.launch(learner).model;

    let of = |pixels: Vec<f32>| {
        let images = Tensor::from_data(TensorData::new(pixels, [500, 1, 28, 28]), &device);
        predictive(20, || model.forward(images.clone()))
    };
    let mut unknown = vec![0f32; 500 * 784];
    letters(500, 1).fill_batch(&(0..500).collect::<Vec<_>>(), &mut unknown);
    let known = items(&test).into_iter().flat_map(|(pixels, _)| pixels).collect();
    let (known, unknown) = (of(known)?, of(unknown)?);
    let wrong = test
        .labels()
        .iter()
        .enumerate()
        .filter(|&(i, &label)| known.prediction(i).map_or(true, |prediction| prediction.class() != label));
    println!("{:.1} % of the digits are misread", wrong.count() as f64 / 5.0);
    println!(
        "entropy of digits {:.3}, of letters {:.3}",
        known.mean_uncertainty().entropy,
        unknown.mean_uncertainty().entropy
    );
    Ok((known, unknown))
}

#[allow(dead_code, reason = "the tests call run")]
fn main() -> Result<(), vardrop::Error> {
    run(&std::env::temp_dir().join("vardrop-custom-model"), 5_000, 4).map(|_| ())
}
