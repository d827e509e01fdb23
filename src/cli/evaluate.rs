//! `vardrop evaluate`: how well a saved model does, without noise or averaged over drawn networks.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use ndarray::Array2;
use serde::Serialize;
use vardrop::data::{Source, Splits};
use vardrop::engine::{self, Engine, Examples};
use vardrop::noise::{NoiseSource, Purpose};
use vardrop::training::Model;
use vardrop::{Method, Result};

/// Examples that a thread carries through the network at a time.
const BLOCK: usize = 500;

/// Say how well a saved model does on the test images
///
/// Without `--samples` the network is evaluated without noise, as in training. With `--samples K` the class probabilities
/// of K networks with freshly drawn noise are averaged: the predictive distribution of the approximate posterior.
///
/// Example: vardrop evaluate model.safetensors --samples 32
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// A model that `vardrop train --save` wrote
    model: PathBuf,
    /// mnist, synthetic, or a folder with four files named as MNIST's [default: what the model was trained on]
    #[arg(long)]
    data: Option<Source>,
    /// Draw K noisy networks and average their predictions
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u64).range(1..))]
    samples: Option<u64>,
    /// Seed of the drawn noise
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Threads [default: one for each processor]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print one JSON object and nothing else on standard output
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Output<'a> {
    method: Method,
    hidden: &'a [usize],
    dataset: &'a str,
    test_examples: usize,
    samples: Option<u64>,
    test_error_percent: f64,
    test_cross_entropy: f64,
}

impl EvaluateArgs {
    /// Evaluates and prints.
    pub fn run(self) -> Result<ExitCode> {
        let model = Model::open(&self.model)?;
        let data = self.data.map_or_else(|| model.info.dataset.parse(), Ok)?;
        let test = Splits::open(&data, 0)?.test;
        let threads = self.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
        let mut engine = Engine::new(&model.network, BLOCK.saturating_mul(threads.max(1)), threads)?;
        let indices: Vec<usize> = (0..test.len()).collect();
        let batch = Examples { dataset: &test, indices: &indices };
        let score = match self.samples {
            None => engine.evaluate(&model.network, &batch)?,
            Some(samples) => {
                let mut mean = Array2::<f32>::zeros((test.len(), test.classes()));
                for sample in 0..samples {
                    let source = NoiseSource::for_purpose(Purpose::Prediction, self.seed, sample);
                    mean.scaled_add(1.0 / samples as f32, &engine.predict(&model.network, &batch, Some(source))?);
                }
                engine::score(mean.view(), &batch)
            }
        };
        let output = Output {
            method: model.info.config.method,
            hidden: &model.info.config.hidden,
            dataset: test.name(),
            test_examples: test.len(),
            samples: self.samples,
            test_error_percent: score.error_percent,
            test_cross_entropy: score.cross_entropy,
        };
        super::print(&if self.json {
            serde_json::to_string(&output).expect("numbers and names")
        } else {
            let how = self.samples.map_or("without noise".to_owned(), |samples| format!("{samples} drawn networks"));
            format!(
                "{} on {} test examples of {} ({how}): error {:.2} %, negative log-likelihood {:.4} nats",
                output.method, output.test_examples, output.dataset, score.error_percent, score.cross_entropy
            )
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
