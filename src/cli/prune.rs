//! `vardrop prune`: takes the weights that are noise out of a sparse model, trains what is left if asked to, and writes it
//! compressed.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use vardrop::data::{Dataset, Identity, Source};
use vardrop::engine::{Engine, Examples};
use vardrop::files::Kind;
use vardrop::network::PRUNING_THRESHOLD;
use vardrop::sparse::{self, Errors, PruneRecord, PruningErrors, SparseModel, SparseNetwork};
use vardrop::training::{Model, Progress, Protocol};
use vardrop::{Error, Method, Network, Result};

use super::trained_on::TrainedOn;

/// Examples that a thread carries through the network at a time.
const BLOCK: usize = 500;

/// Remove the weights of a sparse model that are noise
///
/// The model comes from `vardrop train --method sparse --save MODEL`. Weights whose ln α is above the threshold are set to 0. The
/// others are written to a compressed file, which `vardrop evaluate` reads. With `--fine-tune` they are trained further first,
/// without noise. To make a dense model sparse, train from its weights: `vardrop train --method sparse --start MODEL`.
///
/// Example: vardrop prune model.safetensors --threshold 3 --out pruned.safetensors
#[derive(Debug, Args)]
pub struct PruneArgs {
    /// A model written by `vardrop train --method sparse --save`
    model: PathBuf,
    /// The ln α above which a weight is removed; 3 is a dropout rate of 0.95
    #[arg(long, value_name = "X", allow_negative_numbers = true, default_value_t = PRUNING_THRESHOLD)]
    threshold: f64,
    /// File for the pruned network [default: beside the model, NAME-pruned.safetensors]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Train for N more epochs after pruning, without noise
    #[arg(long, value_name = "N", default_value_t = 0)]
    fine_tune: usize,
    /// Adam's step size for these epochs; it falls linearly to 0
    #[arg(long, value_name = "X", allow_negative_numbers = true, default_value_t = 1e-4)]
    learning_rate: f64,
    /// mnist, fashion-mnist, synthetic, a folder with four files named like MNIST's, or a table, FILE.csv [default: the data that the
    /// model was trained on]
    #[arg(long, value_name = "DATA", value_parser = super::source())]
    data: Option<Source>,
    /// Number of threads [default: one per processor]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Add the result to this file of records, one JSON object per line
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Write to --out and --record even if the file holds something else
    #[arg(long)]
    force: bool,
    /// Print one JSON object and nothing else on standard output
    #[arg(long)]
    json: bool,
}

impl PruneArgs {
    /// Prunes, trains on, writes and prints.
    pub fn run(self) -> Result<ExitCode> {
        let Model { info, network } = Model::open(&self.model)?;
        if info.config.method != Method::Sparse {
            return Err(Error::Argument {
                name: "method of the model",
                value: info.config.method.to_string(),
                expected: format!(
                    "sparse: train one from this model's weights (vardrop train --method sparse --start {} --save FILE), \
                     and prune that",
                    super::shell::line([super::shell::path(&self.model)])
                ),
            });
        }
        let pruned = sparse::prune(&network, self.threshold)?;
        let trained_on = TrainedOn::new(&self.model, &info);
        let mut claims = super::claims(self.force, &trained_on.source(self.data.as_ref())?);
        claims.reads("the model", &self.model);
        let out = self.out.clone().unwrap_or_else(|| beside(&self.model));
        let out = claims.writes("out", out, Kind::Pruned)?;
        let records = self.record.as_ref().map(|path| claims.adds_to::<PruneRecord>("record", path)).transpose()?;
        let Protocol { held_out, validation, .. } = info.config.protocol;
        let splits = trained_on.open(self.data.as_ref(), held_out, validation)?;
        // Its errors on other data are for `evaluate` to tell, and no data for it to be fine-tuned on.
        info.check_data(&self.model, &splits)?;
        super::warn(&splits);
        let mut config = info.config.clone();
        config.threads = self.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
        let errors = |network: &Network| -> Result<Errors> {
            let mut engine = Engine::new(network, BLOCK.saturating_mul(config.threads), config.threads)?;
            let mut error = |dataset: &Dataset| -> Result<f64> {
                let indices: Vec<usize> = (0..dataset.len()).collect();
                Ok(engine.evaluate(network, &Examples { dataset, indices: &indices })?.error_percent)
            };
            let valid = if splits.validation.is_empty() { None } else { Some(error(&splits.validation)?) };
            Ok(Errors { valid, test: error(&splits.test)? })
        };
        let (unpruned, before) = (errors(&network)?, errors(&pruned)?);
        let pruned = if self.fine_tune == 0 {
            pruned
        } else {
            let tell = &mut |progress: Progress<'_>| {
                if matches!(progress, Progress::Epoch { .. }) {
                    super::note(&progress.to_string());
                }
                ControlFlow::Continue(())
            };
            let tuned = sparse::fine_tune(&pruned, &config, &splits, self.fine_tune, self.learning_rate, tell);
            tuned.map_err(of_fine_tuning)?.network
        };
        let errors = PruningErrors { unpruned, pruned: before, fine_tuned: errors(&pruned)? };
        let network = SparseNetwork::new(&pruned)?;
        // A model of an earlier version does not say the content of its data, which is known by now.
        let data = Identity { dataset: &info.dataset, dataset_digest: Some(splits.digest()) };
        let model = SparseModel::new(network, &info.config, data, info.train_examples, self.threshold, self.fine_tune)
            .with_recipe(info.recipe.clone());
        let record = PruneRecord::new(&model, errors, super::train::command_line());
        let saved = model.save(&out);
        let written = if saved.is_ok() { format!("; written to {}", out.path().display()) } else { String::new() };
        let mut failed: Vec<Error> = saved.err().into_iter().collect();
        failed.extend(records.and_then(|records| record.append(records).err()));
        let printed = if self.json {
            super::print_json(&record)
        } else {
            let (kept, stored) =
                (record.layers.iter().map(|layer| layer.kept).sum::<usize>(), model.network.stored_weights());
            super::print(&format!(
                "{}\n{kept} weights are left, {stored} of them between units that matter ({}){written}",
                sparse::pruning_table(std::slice::from_ref(&record)).to_string().trim_end(),
                record.units.iter().map(usize::to_string).collect::<Vec<_>>().join("-"),
            ))
        };
        super::end(failed, printed)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// An error of the training after pruning, whose epochs have an option of their own here.
fn of_fine_tuning(error: Error) -> Error {
    match error {
        Error::Argument { name: "epochs", value, expected } => Error::Argument { name: "fine_tune", value, expected },
        other => other,
    }
}

/// `model-pruned.safetensors` for `model.safetensors`.
fn beside(model: &std::path::Path) -> PathBuf {
    let mut name = model.file_stem().unwrap_or_default().to_owned();
    name.push("-pruned.safetensors");
    model.with_file_name(name)
}
