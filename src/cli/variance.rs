//! `vardrop variance`: trains a network and measures the variance of its gradient's estimators (Table 1).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use vardrop::data::{Source, Splits, Validation};
use vardrop::engine::{Engine, Examples};
use vardrop::files::{Claims, Kind, Output};
use vardrop::training::{Config, ModelInfo, Preset, Progress, Protocol, Trainer};
use vardrop::variance::{self, Estimator, GradientSampler, Plan, Trained, VarianceRecord};
use vardrop::{Error, Method, Result};

use super::settings::SettingArgs;
use super::table::TableArgs;
use super::trained_on::TrainedOn;

/// Measure the variance of gradient estimators (Table 1 of the paper)
///
/// Trains a network and stops after each of `--epochs`. There it estimates the gradient of the training loss from every minibatch,
/// by four estimators: local reparameterization, separate weight samples (a weight matrix for each example), a single weight sample
/// for the minibatch, and no noise. It prints the variance over the minibatches, averaged over the weights of the bottom and of the
/// top layer, with a 95 % interval and beside the paper's.
///
/// With `--save` and `--record` you can interrupt the command and give it again. It then continues after the last finished epoch, or
/// with the next estimator.
///
/// Example: vardrop variance --hidden 1024,1024,1024 --epochs 10,100 --save table1 --record table1.jsonl
#[derive(Debug, Args)]
pub struct VarianceArgs {
    /// Measure this model, written by `vardrop train --save`, instead of training one; the parameters are those of its last step
    #[arg(conflicts_with_all = [
        "method", "hidden", "epochs", "train_batch_size", "held_out", "validation", "learning_rate", "constant_epochs", "alpha_step",
        "alpha_bound", "averaging", "kl_warm_up", "seed", "threads", "save", "protocol", "likelihood", "activation", "optimizer", "schedule",
        "input_rate", "hidden_rate", "target", "categorical", "ignored", "test_data", "test_share", "test_seed",
    ])]
    model: Option<PathBuf>,
    /// Where noise enters and whether its rate is learned
    #[arg(long, value_parser = super::train::methods(), default_value = "variational-b")]
    method: String,
    /// Units of each hidden layer, separated by commas
    #[arg(long, value_name = "H,H,H", value_delimiter = ',', default_values_t = [1024, 1024, 1024])]
    hidden: Vec<usize>,
    /// mnist, fashion-mnist, synthetic, a folder with four files named like MNIST's, or a table, FILE.csv [default: mnist, or the data
    /// of MODEL]
    #[arg(long, value_name = "DATA", value_parser = super::source())]
    data: Option<Source>,
    /// Numbers of epochs after which to measure, separated by commas
    #[arg(long, value_name = "N,N", value_delimiter = ',', default_values_t = [10, 100])]
    epochs: Vec<usize>,
    /// Estimators: local, separate, single, none; also flipout, for type B and additive noise
    #[arg(long, value_name = "NAME,NAME", value_delimiter = ',', default_values = Estimator::TABLE1.map(Estimator::name))]
    estimators: Vec<Estimator>,
    /// Layers to measure, counted from 0 at the input [default: the bottom and the top one]
    #[arg(long, value_name = "N,N", value_delimiter = ',')]
    layers: Vec<usize>,
    /// Examples in a minibatch of the measurement [default: 1000, or all rows of a smaller table]
    #[arg(long, value_name = "N")]
    batch_size: Option<usize>,
    /// Passes over the training set, each in a different order
    #[arg(long, value_name = "N", default_value_t = 1)]
    passes: usize,
    /// Settings of the training that no other option sets [default: table1; table for a table]
    #[arg(long, value_name = "NAME", value_parser = super::train::presets())]
    protocol: Option<Preset>,
    /// Examples in a minibatch of the training [default: as in the protocol: 1000 for table1, 100 for the others]
    #[arg(long, value_name = "N")]
    train_batch_size: Option<usize>,
    /// Training images to hold out for validation; they are neither trained on nor used in the measurement [default: as in the
    /// protocol: 0, or 10000 for first]
    #[arg(long, value_name = "N")]
    held_out: Option<usize>,
    /// Which training images to hold out: `last`, or `drawn` in proportion to the classes. `drawn:SEED` has a seed of its own, so
    /// that runs with different --seed share one validation set [default: last for mnist and synthetic, drawn for other data]
    #[arg(long, value_name = "WHICH")]
    validation: Option<Validation>,
    #[command(flatten)]
    settings: SettingArgs,
    /// Measure the moving average of the parameters instead of those of the last step
    #[arg(long)]
    averaged: bool,
    /// Seed of the training; the measurement always has seed 1
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Number of threads [default: one per processor]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Folder for the state of the training after every epoch, and for the network after each of --epochs
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
    /// Add the result of each estimator to this file, one JSON object per line, and skip what it already has
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Write to --save and --record even if the file holds something else
    #[arg(long)]
    force: bool,
    /// Print one JSON object and nothing else on standard output
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    table: TableArgs,
}

/// The checkpoints of the training and of each number of epochs.
#[derive(Default)]
struct Kept {
    running: Option<Output>,
    reached: BTreeMap<usize, Output>,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Printed<'a> {
    measurements: &'a [VarianceRecord],
}

impl VarianceArgs {
    /// Trains, measures and prints.
    pub fn run(self) -> Result<ExitCode> {
        // A wrong setting is named before the data is looked for.
        let model = self.model.as_ref().map(ModelInfo::open).transpose()?;
        let mut config = model.as_ref().map_or_else(|| self.config(), |info| Ok(info.config.clone()))?;
        let trained_on = self.model.as_deref().zip(model.as_ref()).map(|(path, info)| TrainedOn::new(path, info));
        let data = match &trained_on {
            Some(trained_on) => trained_on.source(self.data.as_ref())?,
            None => self.data.clone().unwrap_or_default(),
        };
        self.table.check(&data)?;
        let mut claims = super::claims(self.force, &data);
        self.table.claim(&mut claims);
        self.model.iter().for_each(|model| claims.reads("the model", model));
        let file = self.record.as_ref().map(|path| claims.adds_to::<VarianceRecord>("record", path)).transpose()?;
        let known = self.known()?;
        let kept = self.kept(&mut claims)?;
        let Protocol { held_out, validation, .. } = config.protocol;
        let splits = match (trained_on, &data) {
            (Some(trained_on), _) => trained_on.open(self.data.as_ref(), held_out, validation)?,
            (None, Source::Csv(path)) => {
                let splits = self.table.open(path, self.settings.likelihood(), Some(held_out), self.validation)?;
                config.protocol = self.changed(self.preset().protocol_for(config.method, &config.hidden, &splits)?);
                splits
            }
            (None, data) => Splits::open_with(data, held_out, self.validation)?,
        };
        super::warn(&splits);
        config.protocol.validation = splits.held_out_by();
        let plan = self.plan(&config, &splits)?;
        let mut records = Vec::new();
        let mut failed = Vec::new();
        if let Some(path) = &self.model {
            let trainer = Trainer::resume(path, &splits, None)?;
            failed.extend(self.measure(&trainer, &plan, &known, file.as_ref(), &mut records)?);
        } else {
            let mut epochs = self.epochs.clone();
            epochs.sort_unstable();
            epochs.dedup();
            let mut told = false;
            for epochs in epochs {
                // What is all measured needs no network.
                if let Some(all) = self.all_known(&config, &splits, epochs, &plan, &known) {
                    records.extend(all);
                    continue;
                }
                if !told {
                    let is = config.protocol.preset_so_far(config.method, &config.hidden);
                    super::note(&super::train::protocol_line(&config, is, self.preset()));
                    told = true;
                }
                let (trainer, unsaved) = self.train(&config, &splits, epochs, &kept)?;
                failed.extend(unsaved);
                failed.extend(self.measure(&trainer, &plan, &known, file.as_ref(), &mut records)?);
            }
        }
        super::tell_of_mixture(records.iter().map(|record| &record.provenance.machine));
        let printed = if self.json {
            super::print_json(&Printed { measurements: &records })
        } else {
            variance::table1(&records).and_then(|table| super::print(table.to_string().trim_end()))
        };
        super::end(failed, printed)?;
        Ok(ExitCode::SUCCESS)
    }

    fn config(&self) -> Result<Config> {
        if self.epochs.is_empty() || self.epochs.contains(&0) {
            return Err(Error::Argument {
                name: "epochs",
                value: format!("{:?}", self.epochs),
                expected: "numbers of 1 or more, separated by commas".to_owned(),
            });
        }
        let method = self.method.parse::<Method>()?;
        if method == Method::Sparse {
            // Before it is trained for hours.
            let problem = "has noise that is added to the weights and does not multiply them, so there are no weight samples to compare: choose another method";
            return Err(Error::Setting { name: "method", value: method.to_string(), problem: problem.to_owned() });
        }
        let config = Config::new(method, &self.hidden).preset(self.preset())?;
        let mut config = config.seed(self.seed);
        config.protocol = self.changed(config.protocol);
        config.threads = self.threads.unwrap_or(config.threads);
        config.check().map_err(of_training)?;
        Ok(config)
    }

    /// The settings of a preset with those that the options name.
    fn changed(&self, protocol: Protocol) -> Protocol {
        let longest = self.epochs.iter().copied().max().unwrap_or(0);
        let mut protocol = protocol.with_epochs(longest);
        // It is trained as long as is asked for.
        protocol.patience = None;
        protocol.batch_size = self.train_batch_size.unwrap_or(protocol.batch_size);
        protocol.held_out = self.held_out.unwrap_or(protocol.held_out);
        self.settings.change(&mut protocol);
        protocol
    }

    fn preset(&self) -> Preset {
        let usual = if matches!(self.data, Some(Source::Csv(_))) { Preset::Table } else { Preset::Table1 };
        self.protocol.unwrap_or(usual)
    }

    fn plan(&self, config: &Config, splits: &Splits) -> Result<Plan> {
        let layers = config.hidden.len() + 1;
        let mut plan = Plan::table1(layers);
        let is_table = splits.train.table().is_some();
        let usual = if is_table { plan.batch_size.min(splits.train.len()) } else { plan.batch_size };
        plan.batch_size = self.batch_size.unwrap_or(usual);
        plan.passes = self.passes;
        if !self.layers.is_empty() {
            plan.layers.clone_from(&self.layers);
        }
        plan.check(layers, splits.train.len())?;
        Ok(plan)
    }

    /// The records of every estimator after `epochs` epochs, where none is missing.
    fn all_known(
        &self,
        config: &Config,
        splits: &Splits,
        epochs: usize,
        plan: &Plan,
        known: &[VarianceRecord],
    ) -> Option<Vec<VarianceRecord>> {
        let trained = Trained {
            config,
            epochs,
            data: splits.identity(),
            train_examples: splits.train.len(),
            averaged: self.averaged,
            test_error_percent: f64::NAN,
            averaged_test_error_percent: f64::NAN,
            epoch_seconds: f64::NAN,
        };
        let record = |&estimator: &Estimator| find(known, trained, estimator, plan).cloned();
        self.estimators.iter().map(record).collect()
    }

    /// What `--record` holds already.
    fn known(&self) -> Result<Vec<VarianceRecord>> {
        let Some(path) = self.record.as_ref().filter(|path| path.is_file()) else { return Ok(Vec::new()) };
        match VarianceRecord::open(path) {
            Err(Error::Format { .. }) if self.force => Ok(Vec::new()),
            known => Ok(known?.0),
        }
    }

    /// The checkpoints in the folder `--save`: of the training, and of each of the epochs that are measured.
    fn kept(&self, claims: &mut Claims) -> Result<Kept> {
        let Some(folder) = &self.save else { return Ok(Kept::default()) };
        let mut file = |name: &str| claims.writes_in("save", folder, name, Kind::Checkpoint);
        let running = Some(file("training.safetensors")?);
        let epochs: BTreeSet<usize> = self.epochs.iter().copied().collect();
        let reached = epochs.into_iter().map(|epochs| Ok((epochs, file(&format!("epoch-{epochs}.safetensors"))?)));
        Ok(Kept { running, reached: reached.collect::<Result<_>>()? })
    }

    /// A training that has come to the end of epoch `epochs`: read from `--save`, or trained on from what is there. Beside it the
    /// error of the checkpoint that could not be written last.
    fn train<'a>(
        &self,
        config: &Config,
        splits: &'a Splits,
        epochs: usize,
        kept: &Kept,
    ) -> Result<(Trainer<'a>, Option<Error>)> {
        let there = |output: &&Output| matches!(Kind::of(output.path()), Ok(Some(Kind::Checkpoint)));
        let (reached, running) = (kept.reached.get(&epochs), kept.running.as_ref());
        if let Some(output) = reached.filter(there) {
            return Ok((resume(output.path(), config, splits)?, None));
        }
        let mut trainer = match running.filter(there) {
            Some(output) => resume(output.path(), config, splits)?,
            None => Trainer::new(config.clone(), splits).map_err(of_training)?,
        };
        if trainer.history().epochs.len() > epochs {
            return Err(Error::Argument {
                name: "epochs",
                value: epochs.to_string(),
                expected: format!("{} or more, which {} has reached", trainer.history().epochs.len(), folder(running)),
            });
        }
        while trainer.history().epochs.len() < epochs {
            let _ = trainer.run_epoch(&mut |progress| {
                if matches!(progress, Progress::Epoch { .. }) {
                    super::note(&progress.to_string());
                }
                ControlFlow::Continue(())
            })?;
            if let Some(error) = running.and_then(|running| trainer.save(running).err()) {
                super::note(&format!("warning: {error}; the training goes on"));
            }
        }
        let unsaved = reached.and_then(|reached| trainer.save(reached).err());
        Ok((trainer, unsaved))
    }

    /// Measures what is not known; the error is of the last record that could not be written.
    fn measure(
        &self,
        trainer: &Trainer<'_>,
        plan: &Plan,
        known: &[VarianceRecord],
        file: Option<&Output>,
        records: &mut Vec<VarianceRecord>,
    ) -> Result<Option<Error>> {
        let (config, splits) = (trainer.config(), trainer.splits());
        let Some(last) = trainer.history().epochs.last() else {
            return Err(Error::Argument {
                name: "model",
                value: "not trained for an epoch".to_owned(),
                expected: "a model with one epoch or more".to_owned(),
            });
        };
        let network = if self.averaged { trainer.averaged() } else { trainer.network() };
        let test: Vec<usize> = (0..splits.test.len()).collect();
        let mut engine = Engine::new(network, test.len().clamp(1, 1000), config.threads)?;
        let test = engine.evaluate(network, &Examples { dataset: &splits.test, indices: &test })?;
        drop(engine);
        let trained = Trained {
            config,
            epochs: last.epoch,
            data: splits.identity(),
            train_examples: splits.train.len(),
            test_error_percent: test.error_percent,
            averaged: self.averaged,
            averaged_test_error_percent: last.test_error_percent,
            epoch_seconds: last.seconds,
        };
        let mut unrecorded = None;
        let mut sampler = GradientSampler::new(network.clone(), splits.train.len(), plan.batch_size, config.threads)?;
        for &estimator in &self.estimators {
            let known = find(known, trained, estimator, plan);
            let record = if let Some(record) = known {
                record.clone()
            } else {
                let bar = progress_bar(&format!("epoch {}, {estimator}", last.epoch));
                let measurement = variance::measure(&mut sampler, &splits.train, estimator, plan, &mut |done, all| {
                    bar.set_length(all as u64);
                    bar.set_position(done as u64);
                })?;
                bar.finish_and_clear();
                sampler.release();
                let record = VarianceRecord::new(trained, plan, measurement, super::train::command_line());
                unrecorded = file.and_then(|file| record.append(file).err()).or(unrecorded);
                record
            };
            let layers =
                record.measurement.layers.iter().map(|layer| format!("layer {}: {:.2e}", layer.layer, layer.variance));
            let layers = layers.collect::<Vec<_>>().join(", ");
            super::note(&format!(
                "epoch {}, {estimator}: {layers} ({:.0} ms for a gradient)",
                last.epoch,
                1e3 * record.measurement.seconds_per_gradient
            ));
            records.push(record);
        }
        Ok(unrecorded)
    }
}

/// An error of the training, whose minibatch has an option of its own here.
fn of_training(error: Error) -> Error {
    match error {
        Error::Argument { name: "batch_size", value, expected } => {
            Error::Argument { name: "train_batch_size", value, expected }
        }
        Error::Setting { name: "batch_size", value, problem } => {
            Error::Setting { name: "train_batch_size", value, problem }
        }
        other => other,
    }
}

/// The record of this measurement, where there is one.
fn find<'a>(
    known: &'a [VarianceRecord],
    trained: Trained<'_>,
    estimator: Estimator,
    plan: &Plan,
) -> Option<&'a VarianceRecord> {
    let same = |record: &&VarianceRecord| record.measurement.estimator == estimator && record.plan == *plan;
    known.iter().filter(same).find(|record| trained.is_of(record))
}

fn folder(output: Option<&Output>) -> String {
    output.and_then(|output| output.path().parent()).unwrap_or(Path::new(".")).display().to_string()
}

/// Goes on with a training that must be this command's own.
fn resume<'a>(path: &Path, config: &Config, splits: &'a Splits) -> Result<Trainer<'a>> {
    let info = ModelInfo::open(path)?;
    let expected = Config { threads: info.config.threads, ..config.clone() };
    if info.config.clone().epochs(config.protocol.epochs) != expected {
        return Err(Error::Argument {
            name: "save",
            value: path.display().to_string(),
            expected: "a training with this command's settings; name another folder, or remove this one".to_owned(),
        });
    }
    Trainer::resume(path, splits, Some(config.protocol.epochs.max(info.history.epochs.len())))
}

fn progress_bar(what: &str) -> ProgressBar {
    let template = "{msg} [{wide_bar}] {pos}/{len}, {eta} left";
    let style = ProgressStyle::with_template(template).expect("a valid template").progress_chars("=> ");
    ProgressBar::new(0).with_style(style).with_message(what.to_owned())
}
