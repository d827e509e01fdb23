//! From a trained deterministic model to a Bayesian one: its weights become the means, and training goes on with noise.
//!
//!     cargo run --release -p vardrop-burn --example finetune
//!
//! ln σ² starts in proportion to the trained weights, σ = δ·|θ|, as MOPED does (Krishnan, Subedar & Tickoo 2020).

use burn::module::{Module, Param};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor, TensorData};
use vardrop::data::{Dataset, letters, synthetic};
use vardrop_burn::{MeanFieldLinear, MeanFieldLinearConfig, kl_divergence, predictive};

/// What somebody trained before.
#[derive(Module, Debug)]
struct Deterministic {
    hidden: Linear,
    output: Linear,
}

/// The same with Bayesian layers.
#[derive(Module, Debug)]
struct Bayesian {
    hidden: MeanFieldLinear,
    output: MeanFieldLinear,
}

impl Deterministic {
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.output.forward(relu(self.hidden.forward(x)))
    }
}

impl Bayesian {
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.output.forward(relu(self.hidden.forward(x)))
    }
}

/// δ: the standard deviation of a weight relative to its mean.
const DELTA: f64 = 0.1;

/// A layer around trained weights.
fn around(layer: Linear) -> MeanFieldLinear {
    let [inputs, outputs] = layer.weight.dims();
    let mut bayesian = MeanFieldLinearConfig::new(inputs, outputs).init_from(layer);
    let variance = (bayesian.weight.val().detach() * DELTA).square() + 1e-10;
    bayesian.posterior.log_variance = Param::from_tensor(variance.log().detach().require_grad());
    bayesian
}

fn tensors(data: &Dataset, device: &Device) -> (Tensor<2>, Tensor<1, Int>) {
    let mut pixels = vec![0f32; data.len() * data.inputs()];
    data.images().fill_batch(&(0..data.len()).collect::<Vec<_>>(), &mut pixels);
    let labels: Vec<i64> = data.labels().iter().map(|&label| label as i64).collect();
    let images = Tensor::from_data(TensorData::new(pixels, [data.len(), data.inputs()]), device);
    (images, Tensor::from_data(TensorData::new(labels, [data.len()]), device))
}

/// Trains any model by its logits. `regularizer` is the KL term, or 0.
fn train<M: Module>(
    mut model: M,
    (images, labels): &(Tensor<2>, Tensor<1, Int>),
    epochs: usize,
    logits: impl Fn(&M, Tensor<2>) -> Tensor<2>,
    regularizer: impl Fn(&M) -> Tensor<1>,
) -> M {
    let (examples, batch) = (labels.dims()[0], 50);
    let loss = CrossEntropyLossConfig::new().init(&labels.device());
    let mut optimizer = AdamConfig::new().with_epsilon(1e-8).init();
    for _ in 0..epochs {
        for start in (0..examples).step_by(batch) {
            let images = images.clone().narrow(0, start, batch);
            let labels = labels.clone().narrow(0, start, batch);
            let objective = loss.forward(logits(&model, images), labels) + regularizer(&model) / examples as f64;
            let gradients = GradientsParams::from_grads(objective.backward(), &model);
            model = optimizer.step(1e-3, model, gradients);
        }
    }
    model
}

/// Mean entropies of digits and of letters, in nats.
pub struct Entropies {
    /// Of the deterministic model, trained as long as the Bayesian one altogether.
    pub deterministic: (f64, f64),
    /// Of the Bayesian one that started from it.
    pub bayesian: (f64, f64),
    /// Percent of the digits that the Bayesian one misreads.
    pub error_percent: f64,
}

/// Trains on so many of the crate's own digits (a multiple of 50), first without noise, then with it.
pub fn run(digits: usize, epochs: usize) -> Result<Entropies, vardrop::Error> {
    let device = Device::default();
    device.seed(1);
    let training = device.clone().autodiff();
    let data = tensors(&synthetic(digits, 1), &training);
    let test = synthetic(500, 2);
    let (known, _) = tensors(&test, &device);
    let mut pixels = vec![0f32; 500 * 784];
    letters(500, 1).fill_batch(&(0..500).collect::<Vec<_>>(), &mut pixels);
    let unknown = Tensor::from_data(TensorData::new(pixels, [500, 784]), &device);

    let linear = |inputs, outputs| LinearConfig::new(inputs, outputs).init(&training);
    let model = Deterministic { hidden: linear(784, 100), output: linear(100, 10) };
    let zero = Tensor::zeros([1], &training);
    let model = train(model, &data, epochs, Deterministic::forward, |_| zero.clone());
    let (trained, zero) = (model.clone(), &zero);
    // To compare with: the same training without noise all the way.
    let valid = train(trained, &data, epochs, Deterministic::forward, |_| zero.clone()).valid();
    let entropy = |images: &Tensor<2>| {
        predictive(1, || valid.forward(images.clone())).map(|predictive| predictive.mean_uncertainty().entropy)
    };
    let deterministic = (entropy(&known)?, entropy(&unknown)?);

    let model = Bayesian { hidden: around(model.hidden), output: around(model.output) };
    let model = train(model, &data, epochs, Bayesian::forward, kl_divergence).valid();
    let of_known = predictive(30, || model.forward(known.clone()))?;
    let of_unknown = predictive(30, || model.forward(unknown.clone()))?;
    let bayesian = (of_known.mean_uncertainty().entropy, of_unknown.mean_uncertainty().entropy);
    let error_percent = of_known.calibration(test.labels(), 10)?.error_percent;

    println!("entropy (nats)   digits  letters");
    println!("deterministic    {:6.3}  {:7.3}", deterministic.0, deterministic.1);
    println!("Bayesian         {:6.3}  {:7.3}", bayesian.0, bayesian.1);
    println!("the Bayesian model misreads {error_percent:.1} % of the digits");
    Ok(Entropies { deterministic, bayesian, error_percent })
}

#[allow(dead_code, reason = "the tests call run")]
fn main() -> Result<(), vardrop::Error> {
    run(5_000, 10).map(|_| ())
}
