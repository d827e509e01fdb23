//! What each layer costs in LeNet-5 (20-50-500-10, minibatches of 100): time, memory, and the variance of the gradient. The table of
//! the page "Which layer do I want?"; `cargo bench -p vardrop-burn --bench costs`.
//!
//! Times are taken in turns, and the median counts. Memory is that of a process of its own, in which the layers make a few steps. The
//! variance is that of the gradient of the cross-entropy of one minibatch over fresh noise, by [`Moments`], in a network that was trained
//! without noise; all noise has α = 0.25.

mod case;
mod deterministic;

use std::error::Error;
use std::process::Command;
use std::time::Instant;

use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Gradients, Int, Tensor, TensorData};
use vardrop::data::synthetic;
use vardrop::peak_memory_mib;
use vardrop::variance::Moments;

use case::Case;
use deterministic::{LeNet5, median};

const BATCH: usize = 100;
/// Timed rounds, and draws for the variance.
const ROUNDS: usize = 15;
const DRAWS: usize = 100;

/// The same minibatch for all.
fn minibatch(device: &Device) -> (Tensor<4>, Tensor<1, Int>) {
    let digits = synthetic(BATCH, 1);
    let examples: Vec<usize> = (0..BATCH).collect();
    let mut pixels = vec![0f32; BATCH * digits.inputs()];
    digits.images().fill_batch(&examples, &mut pixels);
    let labels: Vec<i64> = digits.labels().iter().map(|&label| label as i64).collect();
    let images = Tensor::from_data(TensorData::new(pixels, [BATCH, 1, 28, 28]), device);
    (images, Tensor::from_data(TensorData::new(labels, [BATCH]), device))
}

/// Burn's own layers, trained on that minibatch for a few steps: a network with gradients as in training.
fn trained(device: &Device) -> LeNet5 {
    device.seed(1);
    let (images, labels) = minibatch(device);
    let loss = CrossEntropyLossConfig::new().init(device);
    let mut model = LeNet5::new(device);
    let mut optimizer = AdamConfig::new().init();
    for _ in 0..20 {
        let gradients = loss.forward(model.forward(images.clone()), labels.clone()).backward();
        let gradients = GradientsParams::from_grads(gradients, &model);
        model = optimizer.step(1e-3, model, gradients);
    }
    model
}

/// Milliseconds of the forward pass and of the whole step, and the gradients of the cross-entropy, with the KL term if asked for.
fn step(case: &Case, with_kl: bool, (images, labels): &(Tensor<4>, Tensor<1, Int>)) -> (f64, f64, Gradients) {
    let start = Instant::now();
    let loss = CrossEntropyLossConfig::new().init(&images.device());
    let objective = loss.forward((case.forward)(images.clone()), labels.clone());
    // Lazily computed devices would be timed wrongly without this.
    objective.clone().into_scalar::<f64>();
    let forward = start.elapsed();
    let objective = match (with_kl, &case.kl) {
        (true, Some(kl)) => objective + kl() / 60_000.0,
        _ => objective,
    };
    let gradients = objective.backward();
    (1e3 * forward.as_secs_f64(), 1e3 * start.elapsed().as_secs_f64(), gradients)
}

/// Of the gradients of the second convolution and of the first linear layer.
fn variances(case: &Case, minibatch: &(Tensor<4>, Tensor<1, Int>)) -> [f64; 2] {
    let numbers = |gradients: &Gradients| -> [Vec<f32>; 2] {
        let of_conv = case.conv.grad(gradients).expect("the loss depends on the weights");
        let of_linear = case.linear.grad(gradients).expect("the loss depends on the weights");
        [of_conv.into_data().iter().collect(), of_linear.into_data().iter().collect()]
    };
    let mut moments: Option<[Moments; 2]> = None;
    for _ in 0..DRAWS {
        let gradients = numbers(&step(case, false, minibatch).2);
        let moments = moments.get_or_insert_with(|| [0, 1].map(|layer| Moments::new(gradients[layer].len())));
        moments.iter_mut().zip(&gradients).for_each(|(moments, gradient)| moments.push(gradient));
    }
    moments.expect("gradients were drawn").map(|moments| moments.mean_variance())
}

/// The memory that a few steps add, in MiB: of this program started anew for one case.
fn memory(index: usize) -> Result<f64, Box<dyn Error>> {
    let output = Command::new(std::env::current_exe()?).args(["--memory", &index.to_string()]).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let device = Device::default().autodiff();
    let model = trained(&device);
    let minibatch = minibatch(&device);
    let cases = case::all(&model, &device);
    if let Some(index) = std::env::args().skip_while(|word| word != "--memory").nth(1) {
        let before = peak_memory_mib().unwrap_or(f64::NAN);
        let case = &cases[index.parse::<usize>()?];
        (0..3).for_each(|_| drop(step(case, true, &minibatch)));
        println!("{}", peak_memory_mib().unwrap_or(f64::NAN) - before);
        return Ok(());
    }
    let mut times = vec![(Vec::new(), Vec::new()); cases.len()];
    // The first round warms caches and allocators up.
    for round in 0..=ROUNDS {
        for (case, times) in cases.iter().zip(&mut times) {
            let (forward, whole, _) = step(case, true, &minibatch);
            if round > 0 {
                times.0.push(forward);
                times.1.push(whole - forward);
            }
        }
    }
    let mut reference = None;
    println!(
        "| Layers | Estimator | Forward (ms) | Backward (ms) | Memory (MiB) | Variance, convolution | Variance, linear |"
    );
    println!("|---|---|---:|---:|---:|---:|---:|");
    for (index, (case, (forward, backward))) in cases.iter().zip(times).enumerate() {
        let relative = if case.kl.is_none() && index == 0 {
            "0 | 0".to_owned()
        } else {
            let found = variances(case, &minibatch);
            let [conv, linear] = *reference.get_or_insert(found);
            format!("{:.2} | {:.2}", found[0] / conv, found[1] / linear)
        };
        let (forward, backward, memory) = (median(forward), median(backward), memory(index)?);
        println!("| {} | {} | {forward:.0} | {backward:.0} | {memory:.0} | {relative} |", case.layers, case.estimator);
    }
    Ok(())
}
