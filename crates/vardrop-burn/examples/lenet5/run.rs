//! One run: training, a checkpoint after each epoch, and the record.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use vardrop::Provenance;
use vardrop::data::{Dataset, Splits};
use vardrop::sparse::{LeNet5Epoch, LeNet5Record, PrunedAt, SparseLayer, compression};
use vardrop_burn::{NoiseMode, Scaled, kl_divergence, noise_parameters, prune, sparsity};

use crate::model::LeNet5;
use crate::protocol::Protocol;

/// The thresholds on ln α that a record shows, beside the protocol's own: how the error depends on the compression.
const THRESHOLDS: [f64; 9] = [-2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0];

/// What any step of this example may end with.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// A run between two epochs.
pub struct Run<'a> {
    /// How it trains.
    pub protocol: Protocol,
    /// Seed of the initial weights, the order of the images and the noise.
    pub seed: u64,
    splits: &'a Splits,
    device: Device,
    model: LeNet5,
    optimizer: ModuleOptimizer,
    epochs: Vec<LeNet5Epoch>,
}

impl<'a> Run<'a> {
    /// A run from its beginning.
    pub fn new(protocol: Protocol, seed: u64, splits: &'a Splits, device: Device) -> Self {
        device.seed(seed);
        let model = LeNet5::new(protocol.log_variance, protocol.zero_above, &device);
        // The KL term's gradient is about 1/N for each weight: Burn's default ε of 1e-5 would be as large.
        let adam = AdamConfig::new().with_epsilon(1e-8);
        let noise = Scaled::new(adam.build(), protocol.variance_step);
        let optimizer = adam.init().with_group(noise_parameters(), noise, None);
        Self { protocol, seed, splits, device, model, optimizer, epochs: Vec::new() }
    }

    /// A further run of the network of the newest checkpoint in a folder, in so many epochs, on these images and with a fresh optimizer.
    pub fn started(
        folder: &Path,
        epochs: usize,
        learning_rate: f64,
        splits: &'a Splits,
        device: Device,
    ) -> Outcome<Self> {
        let newest = checkpoints(folder)?.pop().ok_or_else(|| format!("{} has no checkpoint", folder.display()))?;
        let (before, seed, done): (Protocol, u64, Vec<LeNet5Epoch>) =
            serde_json::from_slice(&fs::read(newest.join("state.json"))?)?;
        let held_out = splits.validation.len();
        let protocol = Protocol { learning_rate, held_out, ..before.continued(done.len(), epochs) };
        let run = Self::new(protocol, seed, splits, device);
        let model = run.model.try_load_file(newest.join("model.bpk"))?;
        Ok(Self { model, ..run })
    }

    /// The same, from the newest checkpoint in a folder, if there is one.
    pub fn resumed(self, folder: &Path) -> Outcome<Self> {
        let Some(newest) = checkpoints(folder)?.pop() else { return Ok(self) };
        let (protocol, seed, epochs): (Protocol, u64, Vec<LeNet5Epoch>) =
            serde_json::from_slice(&fs::read(newest.join("state.json"))?)?;
        if (&protocol, seed) != (&self.protocol, self.seed) {
            let found = serde_json::to_string(&protocol)?;
            return Err(format!(
                "{} is of seed {seed} and protocol {found}: name another folder, or run with that seed and protocol",
                newest.display()
            )
            .into());
        }
        let model = self.model.try_load_file(newest.join("model.bpk"))?;
        let optimizer = self.optimizer.load(newest.join("optimizer.bpk"))?;
        Ok(Self { model, optimizer, epochs, ..self })
    }

    /// Writes a checkpoint: a folder that appears under its name when it is complete. Older ones are removed.
    pub fn save(&self, folder: &Path) -> Outcome<()> {
        let older = checkpoints(folder)?;
        let (unfinished, finished) =
            (folder.join("unfinished"), folder.join(format!("epoch-{:04}", self.epochs.len())));
        fs::remove_dir_all(&unfinished).or_else(|error| if unfinished.exists() { Err(error) } else { Ok(()) })?;
        fs::create_dir_all(&unfinished)?;
        self.model.clone().save_file(unfinished.join("model.bpk"))?;
        self.optimizer.save(unfinished.join("optimizer.bpk"))?;
        let state = serde_json::to_vec(&(&self.protocol, self.seed, &self.epochs))?;
        fs::write(unfinished.join("state.json"), state)?;
        fs::rename(unfinished, finished)?;
        older.into_iter().try_for_each(fs::remove_dir_all)?;
        Ok(())
    }

    /// Whether all epochs are over.
    pub fn is_finished(&self) -> bool {
        self.epochs.len() >= self.protocol.epochs
    }

    /// Trains for one epoch. Its noise and its order follow from the seed and its number, so that a resumed run gives the same.
    pub fn epoch(&mut self) -> &LeNet5Epoch {
        let (number, train) = (self.epochs.len(), &self.splits.train);
        let before = self.protocol.epochs_before();
        let seed = self.seed.wrapping_mul(1_000_003).wrapping_add((before + number) as u64 + 1);
        self.device.seed(seed);
        let order = shuffled(train.len(), &self.device);
        let steps = train.len() / self.protocol.batch_size;
        let loss = CrossEntropyLossConfig::new().init(&self.device);
        let mode = if number < self.protocol.pretraining_epochs { NoiseMode::Never } else { NoiseMode::Training };
        let (start, mut total) = (Instant::now(), 0.0);
        for (batch, indices) in order.chunks_exact(self.protocol.batch_size).enumerate() {
            let step = number * steps + batch;
            let (images, labels) = tensors(train, indices, &self.device);
            let cross_entropy = loss.forward(mode.during(|| self.model.forward(images)), labels);
            total += cross_entropy.clone().detach().into_scalar::<f64>();
            let kl_weight = self.protocol.kl_weight(step, steps);
            let objective = match kl_weight {
                0.0 => cross_entropy,
                _ => cross_entropy + kl_divergence(&self.model) * (kl_weight / train.len() as f64),
            };
            let gradients = GradientsParams::from_grads(objective.backward(), &self.model);
            let rate = self.protocol.learning_rate(step, steps);
            self.model = self.optimizer.step(rate, self.model.clone(), gradients);
        }
        let seconds = start.elapsed().as_secs_f64();
        let model = self.model.valid();
        let layers = sparsity(&model, self.protocol.threshold);
        let valid = &self.splits.validation;
        self.epochs.push(LeNet5Epoch {
            epoch: before + number + 1,
            seconds,
            train_cross_entropy: total / steps as f64,
            kl: kl_divergence(&model).into_scalar::<f64>(),
            valid_error_percent: valid_error_percent(&model, valid),
            pruned_valid_error_percent: valid_error_percent(&prune(model, self.protocol.threshold), valid),
            sparsity: layers.iter().map(pruned_fraction).collect(),
            compression: compression_of(&layers),
        });
        self.epochs.last().expect("one was pushed")
    }

    /// The record of a finished run: here the test images are looked at, once.
    pub fn record(&self, command: impl Into<String>) -> Outcome<LeNet5Record> {
        let model = self.model.valid();
        let (valid, test) = (&self.splits.validation, &self.splits.test);
        let mut thresholds = THRESHOLDS.to_vec();
        if !thresholds.contains(&self.protocol.threshold) {
            thresholds.push(self.protocol.threshold);
        }
        let at = |threshold| {
            let layers = sparsity(&model, threshold);
            let pruned = prune(model.clone(), threshold);
            PrunedAt {
                threshold,
                compression: compression_of(&layers),
                layers,
                valid_error_percent: valid_error_percent(&pruned, valid),
                test_error_percent: error_percent(&pruned, test),
            }
        };
        let first: Vec<f32> =
            prune(model.clone(), self.protocol.threshold).conv1.weight.val().into_data().iter().collect();
        let Ok(serde_json::Value::Object(protocol)) = serde_json::to_value(&self.protocol) else {
            return Err("the protocol is no JSON object".into());
        };
        Ok(LeNet5Record {
            seed: self.seed,
            dataset: self.splits.train.name().to_owned(),
            dataset_digest: self.splits.digest(),
            train_examples: self.splits.train.len(),
            protocol,
            epochs: self.epochs.clone(),
            threshold: self.protocol.threshold,
            by_threshold: thresholds.into_iter().map(at).collect(),
            unpruned_valid_error_percent: valid_error_percent(&model, valid),
            unpruned_test_error_percent: error_percent(&model, test),
            first_filters: first.chunks(25).map(<[f32]>::to_vec).collect(),
            seconds: self.epochs.iter().map(|epoch| epoch.seconds).sum(),
            threads: std::env::var("RAYON_NUM_THREADS")
                .ok()
                .and_then(|threads| threads.parse().ok())
                .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)),
            provenance: Provenance { commit: commit(), ..Provenance::now(command) },
        })
    }
}

/// The commit of the source tree that Cargo has built this example from; `-dirty` behind it where the tree has changes.
fn commit() -> Option<String> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let changed = git(&["status", "--porcelain", "--", "../../src", "../../Cargo.lock", "."])?;
    Some(git(&["rev-parse", "HEAD"])? + if changed.is_empty() { "" } else { "-dirty" })
}

/// Finished checkpoints, the newest last.
fn checkpoints(folder: &Path) -> Outcome<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("epoch-")) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn pruned_fraction(layer: &SparseLayer) -> f64 {
    1.0 - layer.sparsity.kept as f64 / layer.sparsity.weights() as f64
}

fn compression_of(layers: &[SparseLayer]) -> f64 {
    compression(&layers.iter().map(|layer| layer.sparsity).collect::<Vec<_>>())
}

/// The numbers below `count` in an order that the device's generator draws.
fn shuffled(count: usize, device: &Device) -> Vec<usize> {
    let keys = Tensor::<1>::random([count], Distribution::Uniform(0.0, 1.0), &device.clone().inner());
    keys.argsort(0).into_data().iter::<i64>().map(|index| index as usize).collect()
}

/// Images `[batch, 1, height, width]` from 0 to 1, and labels `[batch]`.
pub fn tensors(data: &Dataset, examples: &[usize], device: &Device) -> (Tensor<4>, Tensor<1, Int>) {
    let mut pixels = vec![0f32; examples.len() * data.inputs()];
    data.images().fill_batch(examples, &mut pixels);
    let shape = [examples.len(), 1, data.height(), data.width()];
    let images = Tensor::from_data(TensorData::new(pixels, shape), device);
    let labels: Vec<i64> = examples.iter().map(|&example| data.labels()[example] as i64).collect();
    (images, Tensor::from_data(TensorData::new(labels, [examples.len()]), device))
}

/// Percent of the images that the network's most probable class is wrong about.
pub fn error_percent(model: &LeNet5, data: &Dataset) -> f64 {
    let device = model.fc2.weight.val().device();
    let all: Vec<usize> = (0..data.len()).collect();
    let wrong: i64 = all
        .chunks(500)
        .map(|examples| {
            let (images, labels) = tensors(data, examples, &device);
            let classes = model.forward(images).argmax(1).reshape([-1]);
            classes.not_equal(labels).int().sum().into_scalar::<i64>()
        })
        .sum();
    100.0 * wrong as f64 / data.len() as f64
}

/// The same of the images that were held out, if any were.
fn valid_error_percent(model: &LeNet5, data: &Dataset) -> Option<f64> {
    (!data.is_empty()).then(|| error_percent(model, data))
}
