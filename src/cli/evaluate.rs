//! `vardrop evaluate`: how well a saved model predicts and how sure it is, without noise or averaged over drawn
//! networks.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use vardrop::data::csv::TargetColumns;
use vardrop::data::{Digest, Source, Splits};
use vardrop::files::Kind;
use vardrop::shell::quoted;
use vardrop::uncertainty::{
    Calibration, Evaluated, EvaluationRecord, Sampling, TurnedImages, Uncertainty, UnknownImages,
};
use vardrop::{Error, Method, Result};

use super::evaluate_shift::{ShiftArgs, Shifts};
use super::models::{Inputs, Models};
use super::train::command_line;
use super::trained_on::TrainedOn;
use super::{evaluate_values, predict};

/// Report how well a saved model predicts the test examples, and how sure it is
///
/// Several models make an ensemble: their predictions are averaged.
///
/// Without `--samples` the network is evaluated without noise, as in training. With `--samples K` the class probabilities of K
/// networks with freshly drawn noise are averaged. This is the predictive distribution of the approximate posterior.
///
/// For classes it prints: the error, the negative log-likelihood and the Brier score; the expected calibration error, and what it
/// would be by chance; the mean entropy of the predictions in nats, split into what each drawn network is unsure of (expected
/// entropy) and what they disagree about (mutual information; 0 without noise); and for each bin of confidence, how many
/// predictions are right.
///
/// With `--unknown` it also prints how well that uncertainty tells images that no class fits from the test images: the area under the
/// ROC curve (AUROC; 0.5 is chance, 1 is perfect) with its 95 % interval. With `--turned N` it prints error and uncertainty of the
/// first N test images, turned by each angle in steps of 15°.
///
/// For real targets it prints, in the units of the data: the root mean square error, the mean absolute error, the CRPS and the
/// negative log-likelihood; and for central intervals, the share of the targets inside and the mean width.
///
/// A table that the model was not trained on may have its columns in any order. Every row is evaluated. With `--predict FILE.csv`
/// a prediction for every row is written and nothing is evaluated; the target may then be missing.
///
/// Example: vardrop evaluate model.safetensors --samples 32
///
/// Example: vardrop evaluate model-1.safetensors model-2.safetensors --unknown fashion-mnist --unknown letters
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// Models written by `vardrop train --save` or by `vardrop prune`
    #[arg(required = true, value_name = "MODEL")]
    models: Vec<PathBuf>,
    /// mnist, fashion-mnist, synthetic, a folder with four files named like MNIST's, or a table, FILE.csv [default: the data that the
    /// model was trained on]
    #[arg(long, value_name = "DATA", value_parser = super::source())]
    data: Option<Source>,
    /// Draw K noisy networks and average their predictions
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u64).range(1..))]
    samples: Option<u64>,
    #[command(flatten)]
    shift: ShiftArgs,
    /// Number of bins for the confidences, all of equal width
    #[arg(long, value_name = "M", default_value_t = Calibration::BINS)]
    bins: usize,
    /// Write predictions to this table, a row for every row of --data (for images, every test image): the most likely class and all
    /// probabilities, or the means and intervals of real targets
    #[arg(long, value_name = "FILE.csv", conflicts_with = "record")]
    predict: Option<PathBuf>,
    /// Probabilities of the central intervals of real targets
    #[arg(long, value_name = "X,X", value_delimiter = ',', default_values_t = [0.5, 0.9, 0.95])]
    levels: Vec<f64>,
    /// Seed of the drawn noise
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Number of threads [default: one per processor]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Add the result to this file, one JSON object per line
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Write to --record and --predict even if the file holds something else
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
    /// Number of models: several are an ensemble, of which method and hidden are the first one's.
    models: usize,
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
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    unknown: &'a [UnknownImages],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    turned: &'a [TurnedImages],
}

/// What `--json` prints of `--predict`.
#[derive(Serialize)]
struct Written<'a> {
    predictions: &'a Path,
    examples: usize,
    samples: Option<u64>,
}

impl EvaluateArgs {
    /// Evaluates and prints, or writes predictions.
    pub fn run(self) -> Result<ExitCode> {
        // A wrong setting is named before the data is looked for, an unwritable place before the work.
        let sampling = self.sampling();
        sampling.check()?;
        Calibration::check_bins(self.bins)?;
        if let Some(level) = self.levels.iter().find(|level| !(0.0 < **level && **level < 1.0)) {
            let expected = "shares between 0 and 1, such as 0.5,0.9".to_owned();
            return Err(Error::Argument { name: "levels", value: level.to_string(), expected });
        }
        let models = Models::open(&self.models)?;
        if let Some(record) = &self.record {
            models.for_record(record)?;
        }
        if let (true, Some(samples)) = (models.have_pruned(), self.samples) {
            let expected = "none for a pruned network, which has no noise".to_owned();
            return Err(Error::Argument { name: "samples", value: samples.to_string(), expected });
        }
        let trained_on = models.trained_on();
        let source = trained_on.source(self.data.as_ref())?;
        let mut claims = super::claims(self.force, &source);
        self.models.iter().for_each(|path| claims.reads("the model", path));
        let records =
            self.record.as_ref().map(|path| claims.adds_to::<EvaluationRecord>("record", path)).transpose()?;
        let predictions =
            self.predict.as_ref().map(|path| claims.writes("predict", path, Kind::Predictions)).transpose()?;
        if let Some(predictions) = predictions {
            return self.write(&models, trained_on, &source, predictions);
        }
        let (splits, other_data) = self.splits(&models)?;
        let shifts = self.shift.open(&splits, models.is_categorical())?;
        if models.is_categorical() {
            self.classes(&models, &splits, &shifts, other_data, records)
        } else {
            self.values(&models, &splits, other_data)
        }
    }

    fn classes(
        &self,
        models: &Models,
        splits: &Splits,
        shifts: &Shifts,
        other_data: Option<bool>,
        records: Option<vardrop::files::Output>,
    ) -> Result<ExitCode> {
        let (test, sampling, config) = (&splits.test, self.sampling(), models.config());
        let predictive = models.classes(&Inputs::Examples(test), sampling)?;
        let calibration = predictive.calibration(test.labels(), self.bins)?;
        let unknown = shifts.unknown(models, &predictive, sampling)?;
        let turned = shifts.turned(models, test, sampling)?;
        let mut failed = Vec::new();
        if let Some(records) = records {
            let (model, ensemble) = models.for_record(records.path())?;
            let evaluated = Evaluated { model, ensemble: &ensemble, test_data: splits.identity(), sampling };
            let mut record = EvaluationRecord::new(evaluated, &predictive, &calibration, command_line());
            (record.unknown, record.turned) = (unknown.clone(), turned.clone());
            failed.extend(record.append(records).err());
        }
        let output = Output {
            method: config.method,
            hidden: &config.hidden,
            models: models.len(),
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
            unknown: &unknown,
            turned: &turned,
        };
        super::end(failed, self.print(&output))?;
        Ok(ExitCode::SUCCESS)
    }

    /// How well real targets are predicted.
    fn values(&self, models: &Models, splits: &Splits, other_data: Option<bool>) -> Result<ExitCode> {
        let (test, config) = (&splits.test, models.config());
        let predictive = models.values(&Inputs::Examples(test), self.sampling())?;
        let predictive = evaluate_values::in_units(predictive, test.standardisation())?;
        let (scores, targets) = evaluate_values::scores(&predictive, test, &self.levels)?;
        let output = evaluate_values::Output {
            method: config.method,
            hidden: &config.hidden,
            models: models.len(),
            dataset: test.name(),
            dataset_digest: splits.digest(),
            other_data,
            test_examples: test.len(),
            samples: self.samples,
            noise_seed: self.seed,
            scores,
            targets,
        };
        if self.json {
            super::print_json(&output)?
        } else {
            super::print(&evaluate_values::text(&output))?
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Writes a prediction for every row of a table, which needs no target; for other data, for every test example.
    fn write(
        &self,
        models: &Models,
        trained_on: TrainedOn<'_>,
        source: &Source,
        to: vardrop::files::Output,
    ) -> Result<ExitCode> {
        let path = to.path().to_owned();
        let splits;
        let (inputs, target, by) = match (trained_on.recipe, source) {
            (Some(recipe), Source::Csv(table)) => {
                let rows =
                    recipe.features(table).map_err(|error| trained_on.if_not_named(self.data.as_ref(), error))?;
                (Inputs::Rows(rows.mapv(|x| x as f32)), Some(&recipe.target), recipe.standardisation.as_ref())
            }
            _ => {
                splits = self.splits(models)?.0;
                (Inputs::Examples(&splits.test), None, splits.test.standardisation())
            }
        };
        let data = if let Inputs::Examples(dataset) = &inputs { Some(*dataset) } else { None };
        let table = if models.is_categorical() {
            let predictive = models.classes(&inputs, self.sampling())?;
            let name = if let Some(TargetColumns::Classes { name, .. }) = target { name } else { "class" };
            let classes = predict::class_names(target, data, predictive.classes());
            predict::of_classes(&predictive, name, &classes)
        } else {
            let predictive = evaluate_values::in_units(models.values(&inputs, self.sampling())?, by)?;
            let names = match target {
                Some(TargetColumns::Values { names }) => names.clone(),
                _ => data.map(|data| data.quantities().to_vec()).unwrap_or_default(),
            };
            predict::of_values(&predictive, &names, &self.levels)?
        };
        table.save_csv(to)?;
        if self.json {
            super::print_json(&Written { predictions: &path, examples: table.len(), samples: self.samples })?;
        } else {
            super::print(&format!("{} predictions of {source} are in {}", table.len(), path.display()))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The data to evaluate on, and whether it is other data than the model was trained on, as far as the model says: that is for
    /// the user to name.
    fn splits(&self, models: &Models) -> Result<(Splits, Option<bool>)> {
        let (model, trained_on) = (models.path(), models.trained_on().data);
        let splits = models.trained_on().open_for_test(self.data.as_ref())?;
        let here = splits.identity();
        let other_data = here != trained_on;
        if other_data && self.data.is_none() {
            let (name, path) = (quoted(here.dataset), quoted(model));
            return Err(Error::Argument {
                name: "data",
                value: here.to_string(),
                expected: format!(
                    "{trained_on}, which {0} was trained on: give its new place with --data, or evaluate the model on this other \
                     data by naming it: vardrop evaluate {path} --data {name}",
                    model.display()
                ),
            });
        }
        // An old model knows its data by name only, and this is another name.
        let is_known = !other_data || trained_on.dataset_digest.is_some() || trained_on.is_mnist();
        if other_data {
            let what = if is_known { "is other data" } else { "may be other data" };
            super::note(&format!("note: {here} {what} than {} was trained on, {trained_on}", model.display()));
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

fn text(output: &Output<'_>) -> String {
    let how = evaluate_values::how(output.models, output.samples);
    let other = if output.other_data == Some(true) { ", other data than it was trained on" } else { "" };
    let Calibration { brier_score, mean_confidence, maximum_calibration_error, .. } = *output.calibration;
    let Uncertainty { entropy, expected_entropy, mutual_information } = output.uncertainty;
    format!(
        "{} on {} test examples of {}{other} ({how}): error {:.2} %, negative log-likelihood {:.4} nats\n\
         Brier score {brier_score:.4}, mean confidence {mean_confidence:.4}, largest calibration error of a bin \
         {maximum_calibration_error:.4}\n\
         mean entropy {entropy:.4} nats = {expected_entropy:.4} expected entropy + {mutual_information:.4} mutual \
         information\n\n{}{}",
        output.method,
        output.test_examples,
        output.dataset,
        output.test_error_percent,
        output.test_cross_entropy,
        output.calibration.table().to_string().trim_end(),
        super::evaluate_shift::text(output.unknown, output.turned),
    )
}
