//! `vardrop evaluate`: how well a saved model predicts and how sure it is, without noise or averaged over drawn
//! networks.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use vardrop::data::{Digest, Source, Splits};
use vardrop::engine::Examples;
use vardrop::shell::quoted;
use vardrop::sparse::SparseModel;
use vardrop::training::Model;
use vardrop::uncertainty::{Calibration, Ensemble, Evaluated, EvaluationRecord, Predictive, Sampling, Uncertainty};
use vardrop::{Error, Method, Result};

use super::evaluate_values::{self, Quantity};
use super::train::command_line;
use super::trained_on::TrainedOn;

/// Say how well a saved model predicts the test images, and how sure it is
///
/// Without `--samples` the network is evaluated without noise, as in training. With `--samples K` the class
/// probabilities of K networks with freshly drawn noise are averaged: the predictive distribution of the approximate
/// posterior.
///
/// What is printed: error, negative log-likelihood, Brier score; the expected calibration error, with what chance alone
/// would make of it; the mean entropy of the predictions in nats, split into what every drawn network is unsure of
/// (expected entropy) and what they disagree about (mutual information; 0 without noise); and of the predictions in
/// each bin of confidence, how many are right.
///
/// Of real targets, what is printed is in the units of the data: the root mean square error and what that leaves of the
/// variance, the negative log-likelihood, the mean standard deviation of the predictions, and how many targets lie within
/// their intervals of 95 %.
///
/// Example: vardrop evaluate model.safetensors --samples 32
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// A model that `vardrop train --save` wrote, or `vardrop prune`
    model: PathBuf,
    /// mnist, fashion-mnist, synthetic, a folder with four files named as MNIST's, or a table.csv, of which all rows are predicted
    /// unless it is the model's own [default: what the model was trained on]
    #[arg(long, value_name = "DATA", value_parser = super::source())]
    data: Option<Source>,
    /// Draw K noisy networks and average their predictions
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u64).range(1..))]
    samples: Option<u64>,
    /// Bins of equal width that confidences are put into
    #[arg(long, value_name = "M", default_value_t = Calibration::BINS)]
    bins: usize,
    /// Seed of the drawn noise
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Threads [default: one for each processor]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Add the result to this file, one JSON object a line
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Add to --record also where the file holds something else
    #[arg(long)]
    force: bool,
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
    dataset_digest: Digest,
    /// Whether it is not the data that the model was trained on; `None` where the model does not say it.
    other_data: Option<bool>,
    test_examples: usize,
    samples: Option<u64>,
    test_error_percent: f64,
    test_cross_entropy: f64,
    noise_seed: u64,
    uncertainty: Uncertainty,
    calibration: &'a Calibration,
}

/// What `--json` prints of real targets, in the units of the data.
#[derive(Serialize)]
struct ValuesOutput<'a> {
    method: Method,
    hidden: &'a [usize],
    dataset: &'a str,
    dataset_digest: Digest,
    other_data: Option<bool>,
    test_examples: usize,
    samples: Option<u64>,
    noise_seed: u64,
    quantities: &'a [Quantity],
}

impl EvaluateArgs {
    /// Evaluates and prints.
    pub fn run(self) -> Result<ExitCode> {
        // A wrong setting is named before the data is looked for, an unwritable place before the work.
        let sampling = self.sampling();
        sampling.check()?;
        Calibration::check_bins(self.bins)?;
        if SparseModel::is_one(&self.model)? {
            return self.pruned();
        }
        let model = Model::open(&self.model)?;
        if !model.network.likelihood().is_categorical() {
            return self.values(&model);
        }
        let trained_on = TrainedOn::new(&self.model, &model.info);
        let mut claims = super::claims(self.force, &trained_on.source(self.data.as_ref())?);
        claims.reads("the model", &self.model);
        let records =
            self.record.as_ref().map(|path| claims.adds_to::<EvaluationRecord>("record", path)).transpose()?;
        let (splits, other_data) = self.splits(trained_on)?;
        let test = &splits.test;
        let predictive = Predictive::of_dataset(&model.network, test, sampling)?;
        let calibration = predictive.calibration(test.labels(), self.bins)?;
        let failed = records.and_then(|records| {
            let evaluated = Evaluated { model: &model.info, test_data: splits.identity(), sampling };
            EvaluationRecord::new(evaluated, &predictive, &calibration, command_line()).append(records).err()
        });
        let output = Output {
            method: model.info.config.method,
            hidden: &model.info.config.hidden,
            dataset: test.name(),
            dataset_digest: splits.digest(),
            other_data,
            test_examples: test.len(),
            samples: self.samples,
            test_error_percent: calibration.error_percent,
            test_cross_entropy: calibration.negative_log_likelihood,
            noise_seed: self.seed,
            uncertainty: predictive.mean_uncertainty(),
            calibration: &calibration,
        };
        super::end(failed.into_iter().collect(), self.print(&output))?;
        Ok(ExitCode::SUCCESS)
    }

    /// Evaluates a pruned network by its weights that are not 0.
    fn pruned(&self) -> Result<ExitCode> {
        if let Some(samples) = self.samples {
            let expected = "none for a pruned network, which has no noise".to_owned();
            return Err(Error::Argument { name: "samples", value: samples.to_string(), expected });
        }
        if let Some(path) = &self.record {
            let expected = "none for a pruned network: `vardrop prune --record` keeps what came of it".to_owned();
            return Err(Error::Argument { name: "record", value: path.display().to_string(), expected });
        }
        let SparseModel { info, network } = SparseModel::open(&self.model)?;
        let (splits, other_data) = self.splits(TrainedOn { model: &self.model, data: info.data(), table: None })?;
        let test = &splits.test;
        let indices: Vec<usize> = (0..test.len()).collect();
        let batch = Examples { dataset: test, indices: &indices };
        let probabilities = network.predict(&batch, self.sampling().threads)?.mapv(f64::from);
        let mut alone = Ensemble::new(test.len(), probabilities.ncols())?;
        alone.add(probabilities.view())?;
        let predictive = alone.predictive()?;
        let calibration = predictive.calibration(test.labels(), self.bins)?;
        let output = Output {
            method: info.config.method,
            hidden: &info.config.hidden,
            dataset: test.name(),
            dataset_digest: splits.digest(),
            other_data,
            test_examples: test.len(),
            samples: None,
            test_error_percent: calibration.error_percent,
            test_cross_entropy: calibration.negative_log_likelihood,
            noise_seed: self.seed,
            uncertainty: predictive.mean_uncertainty(),
            calibration: &calibration,
        };
        self.print(&output)?;
        Ok(ExitCode::SUCCESS)
    }

    /// Evaluates the predictions of real targets.
    fn values(&self, model: &Model) -> Result<ExitCode> {
        if let Some(path) = &self.record {
            let expected = "none for real targets: --json prints what there is to keep".to_owned();
            return Err(Error::Argument { name: "record", value: path.display().to_string(), expected });
        }
        let (splits, other_data) = self.splits(TrainedOn::new(&self.model, &model.info))?;
        let test = &splits.test;
        let quantities = evaluate_values::quantities(&model.network, test, self.sampling())?;
        let config = &model.info.config;
        let output = ValuesOutput {
            method: config.method,
            hidden: &config.hidden,
            dataset: test.name(),
            dataset_digest: splits.digest(),
            other_data,
            test_examples: test.len(),
            samples: self.samples,
            noise_seed: self.seed,
            quantities: &quantities,
        };
        if self.json {
            super::print_json(&output)?;
        } else {
            let (method, examples, name, how) = (config.method, test.len(), test.name(), how(self.samples));
            let table = evaluate_values::table(&quantities);
            super::print(&format!(
                "{method} on {examples} test examples of {name} ({how})\n\n{}",
                table.to_string().trim_end()
            ))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The data to evaluate on, and whether it is other data than the model was trained on, as far as the model says: that is for
    /// the user to name.
    fn splits(&self, model: TrainedOn<'_>) -> Result<(Splits, Option<bool>)> {
        let trained_on = model.data;
        let splits = model.open_test(self.data.as_ref())?;
        let here = splits.identity();
        let other_data = here != trained_on;
        if other_data && self.data.is_none() {
            let (name, path) = (quoted(here.dataset), quoted(&self.model));
            return Err(Error::Argument {
                name: "data",
                value: here.to_string(),
                expected: format!(
                    "{trained_on}, which {0} was trained on: give its new place with --data, or evaluate the model on this other \
                     data by naming it: vardrop evaluate {path} --data {name}",
                    self.model.display()
                ),
            });
        }
        // An old model knows its data by name only, and this is another name.
        let is_known = !other_data || trained_on.dataset_digest.is_some() || trained_on.is_mnist();
        if other_data {
            let what = if is_known { "is other data" } else { "may be other data" };
            super::note(&format!("note: {here} {what} than {} was trained on, {trained_on}", self.model.display()));
        }
        super::warn(&splits);
        Ok((splits, is_known.then_some(other_data)))
    }

    fn print(&self, output: &Output<'_>) -> Result<()> {
        if self.json { super::print_json(output) } else { super::print(&text(output)) }
    }

    fn sampling(&self) -> Sampling {
        let sampling = Sampling { samples: self.samples, ..Sampling::without_noise() }.seed(self.seed);
        sampling.threads(self.threads.unwrap_or(sampling.threads))
    }
}

fn how(samples: Option<u64>) -> String {
    samples.map_or("without noise".to_owned(), |samples| format!("{samples} drawn networks"))
}

fn text(output: &Output<'_>) -> String {
    let how = how(output.samples);
    let other = if output.other_data == Some(true) { ", other data than it was trained on" } else { "" };
    let Calibration { brier_score, mean_confidence, maximum_calibration_error, .. } = *output.calibration;
    let Uncertainty { entropy, expected_entropy, mutual_information } = output.uncertainty;
    format!(
        "{} on {} test examples of {}{other} ({how}): error {:.2} %, negative log-likelihood {:.4} nats\n\
         Brier score {brier_score:.4}, mean confidence {mean_confidence:.4}, largest calibration error of a bin \
         {maximum_calibration_error:.4}\n\
         mean entropy {entropy:.4} nats = {expected_entropy:.4} expected entropy + {mutual_information:.4} mutual \
         information\n\n{}",
        output.method,
        output.test_examples,
        output.dataset,
        output.test_error_percent,
        output.test_cross_entropy,
        output.calibration.table().to_string().trim_end(),
    )
}
