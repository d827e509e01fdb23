//! A training step of LeNet-5 (20-50-500-10, minibatch 100: forward and backward) with each estimator, beside the deterministic
//! network's and local reparameterization in JAX, taken in turn. `cargo bench -p vardrop-burn`; with `-- --steps 60` more of them, with
//! `-- --python PATH` JAX beside them.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Distribution, Int, Tensor};
use vardrop_burn::{Estimator, kl_divergence};

#[path = "../examples/lenet5/model.rs"]
mod model;

#[path = "costs/deterministic.rs"]
mod deterministic;

use deterministic::median;
use model::LeNet5;

/// glibc's allocator gives the memory of large tensors back to the system after every operation.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The bar: a step with local reparameterization takes at most so many times the deterministic one's time.
const BAR: f64 = 2.2;

fn with(estimator: Estimator, device: &Device) -> LeNet5 {
    let mut model = LeNet5::new(-8.0, None, device);
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

/// `lenet5_jax.py` in a process of its own.
struct Jax {
    name: String,
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Jax {
    fn start(python: &Path) -> Result<Self, Box<dyn Error>> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/lenet5_jax.py");
        let mut child = Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut jax = Self { name: String::new(), child, input, output };
        jax.name = serde_json::from_str(&jax.line()?)?;
        Ok(jax)
    }

    fn line(&mut self) -> Result<String, Box<dyn Error>> {
        let mut line = String::new();
        match self.output.read_line(&mut line)? {
            0 => Err("JAX has ended: install it with `make .cache/peers/stamp`, or leave out --python".into()),
            _ => Ok(line),
        }
    }

    /// Milliseconds of a step.
    fn step(&mut self) -> Result<f64, Box<dyn Error>> {
        writeln!(self.input.as_mut().expect("open until dropped"))?;
        Ok(serde_json::from_str(&self.line()?)?)
    }
}

impl Drop for Jax {
    fn drop(&mut self) {
        // The end of its input is the sign to leave.
        self.input = None;
        let _ = self.child.wait();
    }
}

/// The value of an option, if it is there.
fn option(name: &str) -> Option<String> {
    std::env::args().skip_while(|word| word != name).nth(1)
}

fn main() -> Result<(), Box<dyn Error>> {
    let steps: usize = option("--steps").map_or(Ok(30), |steps| steps.parse())?;
    let mut jax = option("--python").map(|python| Jax::start(python.as_ref())).transpose()?;
    let device = Device::default().autodiff();
    let images = Tensor::<4>::random([100, 1, 28, 28], Distribution::Uniform(0.0, 1.0), &device);
    let labels = Tensor::<1, Int>::arange(0..100, &device).remainder_scalar(10);
    let loss = CrossEntropyLossConfig::new().init(&device);
    let deterministic = deterministic::LeNet5::new(&device);
    let estimators = [Estimator::LocalReparameterization, Estimator::Flipout, Estimator::WeightSample];
    let models = estimators.map(|estimator| with(estimator, &device));

    let mut times = vec![Vec::new(); 5];
    // The first rounds warm caches and allocators up, and JAX compiles.
    for round in 0..steps + 3 {
        let mut round_times =
            vec![step(&deterministic, |model| loss.forward(model.forward(images.clone()), labels.clone()))];
        round_times.extend(models.iter().map(|model| {
            step(model, |model| {
                loss.forward(model.forward(images.clone()), labels.clone()) + kl_divergence(model) / 60_000.0
            })
        }));
        if let Some(jax) = &mut jax {
            round_times.push(jax.step()?);
        }
        if round >= 3 {
            times.iter_mut().zip(round_times).for_each(|(all, time)| all.push(time));
        }
    }
    let names = estimators.map(|estimator| format!("{estimator:?}"));
    let peer = jax.as_ref().map(|jax| format!("the first of these in {}", jax.name));
    let all = std::iter::once("deterministic".to_owned()).chain(names).chain(peer);
    let medians: Vec<f64> = times.into_iter().filter(|times| !times.is_empty()).map(median).collect();
    for (name, median) in all.zip(&medians) {
        println!("{name:<36} {median:>8.1} ms, {:.2} times the deterministic step", median / medians[0]);
    }
    println!("bar: {BAR} times with local reparameterization, and less than JAX");
    Ok(())
}
