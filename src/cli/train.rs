//! `vardrop train`: trains a network, with progress on standard error and the result on standard output.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use vardrop::data::{Source, Splits, Validation};
use vardrop::experiment::{Record, Records};
use vardrop::files::{Kind, Output};
use vardrop::training::{
    Best, BorderAlpha, Config, Ending, Epoch, Model, ModelInfo, Preset, Progress, Protocol, Selection, Trainer,
};
use vardrop::{Error, Machine, Method, Result, peak_memory_mib, significant};

use super::settings::SettingArgs;
use super::shell;
use super::table::TableArgs;
use super::trained_on::TrainedOn;

/// What a process that an interrupt ended exits with, by the shells' convention (128 + SIGINT).
const INTERRUPTED: u8 = 130;

/// Train a network and report how well it does
///
/// For MNIST and `--hidden H,H,H` the network is 784-H-H-H-10 with rectified linear units. It is trained by the protocol of the
/// reported results for its method and width, unless an option says otherwise. That protocol trains on all 60,000 images for a
/// fixed number of epochs, and the last epoch counts. With `--held-out 10000` the network is trained on the other images, and the
/// epoch with the lowest validation error counts. After every epoch the averaged parameters are evaluated without noise. Ctrl-C
/// stops at the next step. With `--save` you can resume the run, and it gives the same numbers as without the interruption.
///
/// A CSV table has a header and one example per line. The last column is predicted, or the one that `--target` names. Text makes
/// classes, numbers make real values; if your numbers are classes, add `--likelihood categorical`. Features and real targets are
/// standardised by the training rows. RMSE is in the units of the table. The model remembers how the columns were read.
///
/// Examples: vardrop train --method variational-a2 --hidden 100,100,100 --save model.safetensors
///           vardrop train --method variational-b --data houses.csv --target price --save houses.safetensors
#[derive(Debug, Args)]
pub struct TrainArgs {
    /// Where noise enters and whether its rate is learned
    #[arg(long, value_parser = methods(), required_unless_present = "resume")]
    method: Option<String>,
    /// Units of each hidden layer, separated by commas [default: 100,100,100, or 100,100 for a table]
    #[arg(long, value_name = "H,H,H", value_delimiter = ',')]
    hidden: Option<Vec<usize>>,
    /// mnist, fashion-mnist, synthetic, a folder with four files named like MNIST's, or a table, FILE.csv [default: mnist, or the
    /// data of --resume's model]
    #[arg(long, value_name = "DATA", value_parser = super::source())]
    data: Option<Source>,
    /// Settings that no other option sets [default: figure1; sparse for the method sparse; table for a table]
    ///
    /// figure1 was chosen by validation for layers of 100, 250 and 500 units. Other widths take the nearest choice: that of 100 up
    /// to 158 units, that of 250 up to 353, and that of 500 above (for unequal layers, their geometric mean counts). All but table
    /// were chosen on MNIST. table is not from the paper; it was chosen on small public tables.
    #[arg(long, value_name = "NAME", value_parser = presets())]
    protocol: Option<Preset>,
    /// Examples in a minibatch [default: as in the protocol: 100, or 1000 for table1; for a table 32, or 100 from 10,000 rows
    /// on]
    #[arg(long, value_name = "N")]
    batch_size: Option<usize>,
    /// Passes over the training examples [default: as in the protocol: 30 to 300 for figure1, by method and width, 100 for
    /// table1, 200 for sparse, at most 400 for table; or as planned for --resume's model]
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// Stop once N epochs in a row have not lowered the validation error [default: never; 20 for a table]
    #[arg(long, value_name = "N")]
    patience: Option<usize>,
    /// Seed of the initial weights, the order of examples and the noise
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Number of threads [default: one per processor]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Training images or rows to hold out for validation: the last N for MNIST, N drawn ones for other data (see --validation).
    /// With 0 the network is trained on all of them, and the last epoch counts [default: for MNIST as in the protocol, which is 0,
    /// or 10000 for first; a fifth of a table of fewer than 1,000 rows, 0 of fewer than 50; a tenth for other data; or as in
    /// --resume's model]
    #[arg(long, value_name = "N")]
    held_out: Option<usize>,
    /// Which training images to hold out: `last`, or `drawn` in proportion to the classes. `drawn:SEED` has a seed of its own, so
    /// that runs with different --seed share one validation set [default: last for mnist and synthetic, drawn for other data, or as
    /// in --resume's model]
    #[arg(long, value_name = "WHICH")]
    validation: Option<Validation>,
    /// What the validation examples choose the epoch by: error or likelihood [default: error; likelihood for a table]
    #[arg(long, value_name = "NAME")]
    selection: Option<Selection>,
    /// For the method sparse: in training a weight counts as 0 once its ln α is above X; the authors' code has 3 [default: never, as
    /// in their paper]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    zero_above: Option<f64>,
    /// Start from the weights of this model instead of random ones; its method may differ, and its widths are used
    #[arg(long, value_name = "MODEL", conflicts_with = "hidden")]
    start: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingArgs,
    /// Write the model to this file after every epoch, and when interrupted
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Write the finished model to this file, without what --resume needs; it takes a fifth of the space
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// Continue the training of a model that --save wrote, with its own settings; --epochs may extend it
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "method", "hidden", "batch_size", "patience", "selection", "seed", "threads", "learning_rate", "constant_epochs", "alpha_step",
        "alpha_bound", "averaging", "kl_warm_up", "zero_above", "start", "protocol", "likelihood", "activation", "optimizer", "schedule", "input_rate",
        "hidden_rate", "target", "categorical", "ignored", "test_data", "test_share", "test_seed",
    ])]
    resume: Option<PathBuf>,
    /// Add the finished run to this file of records, one JSON object per line
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Write to --save, --export and --record even if the file holds something else
    #[arg(long)]
    force: bool,
    /// Print one JSON object and nothing else on standard output
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    table: TableArgs,
}

/// What a network is trained by, in a line: the preset whose settings they are, or what differs from the one that was asked for; and
/// the settings.
pub(super) fn protocol_line(config: &Config, is: Option<Preset>, asked: Preset) -> String {
    let Config { method, hidden, protocol, .. } = config;
    let name = is.map_or_else(
        || {
            let changed = asked
                .protocol_like(*method, hidden, protocol)
                .map(|whole| protocol.changes(&whole))
                .unwrap_or_default();
            format!("{asked} but for {}", changed.join(", ").replace('_', " "))
        },
        |preset| preset.to_string(),
    );
    format!("protocol {name}: {protocol}")
}

/// The files that a training writes.
struct Files {
    save: Option<Output>,
    export: Option<Output>,
    record: Option<Output>,
}

pub(super) fn presets() -> impl TypedValueParser<Value = Preset> {
    let value = |preset: Preset| PossibleValue::new(preset.name()).help(preset.description());
    PossibleValuesParser::new(Preset::ALL.map(value)).map(|name| name.parse().expect("one of the names"))
}

pub(super) fn methods() -> PossibleValuesParser {
    Method::ALL.map(Method::name).into()
}

/// What `--json` prints.
#[derive(Serialize)]
struct Printed<'a> {
    method: Method,
    hidden: &'a [usize],
    seed: u64,
    dataset: &'a str,
    train_examples: usize,
    batch_size: usize,
    preset: &'a str,
    protocol: &'a Protocol,
    threads: usize,
    finished: bool,
    epochs: &'a [Epoch],
    best: Option<Best>,
    border_alpha: Option<BorderAlpha>,
    peak_memory_mib: Option<f64>,
}

impl TrainArgs {
    /// Trains; 0 where it finished, 130 where an interrupt stopped it.
    pub fn run(self) -> Result<ExitCode> {
        // A wrong setting is named before the data is looked for.
        let start = self.start.as_ref().map(Model::open).transpose()?;
        let resumed = self.resume.as_ref().map(ModelInfo::open).transpose()?;
        let preset = self.preset(resumed.as_ref())?;
        let config = if resumed.is_none() { Some(self.config(start.as_ref(), preset)?) } else { None };
        let trained_on = self.resume.as_deref().zip(resumed.as_ref()).map(|(path, info)| TrainedOn::new(path, info));
        let data = match &trained_on {
            Some(trained_on) => trained_on.source(self.data.as_ref())?,
            None => self.data.clone().unwrap_or_default(),
        };
        self.table.check(&data)?;
        let files = self.files(&data)?;
        let splits = match trained_on.zip(resumed.as_ref()) {
            Some((trained_on, info)) => {
                let Protocol { held_out, validation, .. } = info.config.protocol;
                let (held_out, validation) = (self.held_out.unwrap_or(held_out), self.validation.unwrap_or(validation));
                trained_on.open(self.data.as_ref(), held_out, validation)?
            }
            None => self.splits(&data, config.as_ref())?,
        };
        super::warn(&splits);
        // What the data decides of it.
        let config = config.map(|config| self.fitted(config, preset, &splits)).transpose()?;
        let mut trainer = match (&self.resume, config) {
            (_, Some(config)) => match &start {
                Some(model) => Trainer::from_weights(config, &splits, &model.network)?,
                None => Trainer::new(config, &splits)?,
            },
            (path, None) => Trainer::resume(path.as_ref().expect("settings are its own"), &splits, self.epochs)?,
        };
        self.tell(&trainer, preset);
        self.note_what_is_lost();
        let stop = stop_at_interrupt()?;
        let (ending, unsaved) = self.train(&mut trainer, files.save.as_ref(), &stop)?;
        let mut failed: Vec<Error> = unsaved.into_iter().collect();
        if ending == Ending::Finished {
            failed.extend(files.export.and_then(|export| trainer.export(export).err()));
            let record = files.record.zip(Record::of(&trainer, command_line()));
            failed.extend(record.and_then(|(records, record)| Records::append(records, &record).err()));
        }
        super::end(failed, self.print(&trainer, ending))?;
        Ok(if ending == Ending::Finished { ExitCode::SUCCESS } else { ExitCode::from(INTERRUPTED) })
    }

    /// The files that are written, none of them touched: an unwritable place is found out before the work and not after it.
    fn files(&self, data: &Source) -> Result<Files> {
        let mut claims = super::claims(self.force, data);
        self.table.claim(&mut claims);
        for (name, path) in [("--resume", &self.resume), ("--start", &self.start)] {
            path.iter().for_each(|path| claims.reads(name, path));
        }
        // A model may have taken hours: only the run that it belongs to replaces it.
        let save = self.save.as_ref().map(|path| claims.keeps("save", path, self.resume.as_deref())).transpose()?;
        let export = self.export.as_ref().map(|path| claims.writes("export", path, Kind::Exported)).transpose()?;
        let record = self.record.as_ref().map(|path| claims.adds_to::<Record>("record", path)).transpose()?;
        Ok(Files { save, export, record })
    }

    /// Says what will not be kept of a training that goes on from a file, and how it would be.
    fn note_what_is_lost(&self) {
        let (Some(model), None) = (&self.resume, &self.save) else { return };
        let lost = match &self.export {
            Some(_) => "an interrupted training is lost, and only a finished model is kept",
            None => "this training is lost when it ends",
        };
        let command = shell::this_command_with(["--save".as_ref(), &*shell::path(model)]);
        super::note(&format!("note: without --save, {lost}; to keep it in the same file: {command}"));
    }

    /// What goes on from a checkpoint, with the files and the output of this command.
    fn resuming(&self, checkpoint: &Path) -> String {
        let checkpoint = shell::path(checkpoint);
        let mut words: Vec<OsString> = ["vardrop", "train", "--resume"].map(OsString::from).into();
        words.extend([checkpoint.clone(), "--save".into(), checkpoint]);
        let data = self.data.as_ref().map(|data| match data {
            Source::Folder(path) | Source::Csv(path) => shell::path(path),
            other => other.to_string().into(),
        });
        let path = |path: &Option<PathBuf>| path.as_deref().map(shell::path);
        for (flag, value) in [("--data", data), ("--export", path(&self.export)), ("--record", path(&self.record))] {
            words.extend(value.into_iter().flat_map(|value| [flag.into(), value]));
        }
        let switches = [("--force", self.force), ("--json", self.json)];
        words.extend(switches.into_iter().filter(|(_, given)| *given).map(|(flag, _)| flag.into()));
        shell::line(words)
    }

    /// What to train on and to hold out: as told, else of MNIST what the protocol says, for which it was chosen, and a tenth of other
    /// data, for which nobody has chosen the number of epochs.
    fn splits(&self, data: &Source, config: Option<&Config>) -> Result<Splits> {
        if let Source::Csv(path) = data {
            return self.table.open(path, self.settings.likelihood(), self.held_out, self.validation);
        }
        if let Some(held_out) = self.held_out {
            return Splits::open_with(data, held_out, self.validation);
        }
        let whole = Splits::open(data, 0)?;
        let held_out = match config {
            Some(config) if whole.identity().is_mnist() => config.protocol.held_out,
            _ => whole.train.len() / 10,
        };
        whole.holding_out(held_out, self.validation)
    }

    fn method(&self) -> Result<Method> {
        self.method.as_deref().unwrap_or_default().parse()
    }

    /// The preset that the other options change.
    fn preset(&self, resumed: Option<&ModelInfo>) -> Result<Preset> {
        Ok(match (self.protocol, resumed, &self.data) {
            (Some(preset), ..) => preset,
            (None, Some(info), _) if info.recipe.is_none() => Preset::of(info.config.method),
            (None, Some(_), _) | (None, None, Some(Source::Csv(_))) => Preset::Table,
            _ => Preset::of(self.method()?),
        })
    }

    fn config(&self, start: Option<&Model>, preset: Preset) -> Result<Config> {
        let hidden = match start {
            Some(model) => model.info.config.hidden.clone(),
            None => self.hidden.clone().unwrap_or_else(|| vec![100; if preset == Preset::Table { 2 } else { 3 }]),
        };
        let mut config = Config::new(self.method()?, &hidden).seed(self.seed).preset(preset)?;
        config.threads = self.threads.unwrap_or(config.threads);
        config.protocol = self.changed(config.protocol);
        config.check()?;
        Ok(config)
    }

    /// The settings for this data.
    fn fitted(&self, mut config: Config, preset: Preset, splits: &Splits) -> Result<Config> {
        config.protocol = self.changed(preset.protocol_for(config.method, &config.hidden, splits)?);
        Ok(config)
    }

    /// The settings of a preset with those that the options name.
    fn changed(&self, mut protocol: Protocol) -> Protocol {
        if let Some(epochs) = self.epochs {
            protocol = protocol.with_epochs(epochs);
        }
        protocol.zero_above = self.zero_above.or(protocol.zero_above);
        protocol.start = self.start.as_ref().map(|path| path.display().to_string());
        protocol.patience = self.patience.or(protocol.patience);
        protocol.selection = self.selection.unwrap_or(protocol.selection);
        protocol.batch_size = self.batch_size.unwrap_or(protocol.batch_size);
        self.settings.change(&mut protocol);
        protocol
    }

    /// Says by what the network is trained.
    fn tell(&self, trainer: &Trainer<'_>, asked: Preset) {
        let config = trainer.config();
        let is = config.protocol.preset(config.method, &config.hidden);
        if trainer.machine().differs(&Machine::here()) {
            super::note(&format!("note: {}", super::moved("this run", trainer.machine())));
        }
        super::note(&protocol_line(config, is, asked));
        let data = trainer.splits().train.name();
        if data != "mnist" && asked != Preset::Table && self.epochs.is_none() && self.resume.is_none() {
            super::note(&format!(
                "note: the number of epochs was chosen for MNIST's 60,000 images; for {data} give --epochs, or --patience to stop by \
                 validation error"
            ));
        }
    }

    /// Trains to the end or to an interrupt. A model that could not be saved last is the error beside: what is trained is not lost
    /// for that, and the next epoch tries again.
    fn train(
        &self,
        trainer: &mut Trainer<'_>,
        save: Option<&Output>,
        stop: &AtomicBool,
    ) -> Result<(Ending, Option<Error>)> {
        let epochs = trainer.config().protocol.epochs;
        let bar = std::io::stderr().is_terminal().then(|| progress_bar(trainer));
        let line = |text: String| match &bar {
            Some(bar) => bar.println(text),
            None => super::note(&text),
        };
        loop {
            // An epoch at a time, so that the trainer can be saved between them.
            let flow = trainer.run_epoch(&mut |progress| {
                match progress {
                    Progress::Step { epoch, step, steps, cross_entropy, .. } => {
                        if let Some(bar) = &bar {
                            bar.set_length(all_steps(epochs, steps));
                            bar.set_position(all_steps(epoch - 1, steps).saturating_add(step as u64));
                            bar.set_message(format!("epoch {epoch}/{epochs}, cross-entropy {cross_entropy:.4}"));
                        }
                    }
                    Progress::Epoch { .. } => line(progress.to_string()),
                }
                if stop.load(Ordering::SeqCst) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })?;
            let unsaved = save.and_then(|save| trainer.save(save).err());
            if trainer.is_finished() {
                if let Some(bar) = &bar {
                    bar.finish_and_clear();
                }
                return Ok((Ending::Finished, unsaved));
            }
            if flow.is_break() {
                line(match (save, &unsaved) {
                    (Some(save), None) => format!("interrupted; go on with: {}", self.resuming(save.path())),
                    (Some(_), Some(_)) => "interrupted; the last epoch was not saved".to_owned(),
                    (None, _) => {
                        let model = self.resume.as_deref().unwrap_or(Path::new("model.safetensors"));
                        let again = shell::this_command_with(["--save".as_ref(), &*shell::path(model)]);
                        format!("interrupted; nothing was saved; to be able to go on, begin with: {again}")
                    }
                });
                return Ok((Ending::Stopped, unsaved));
            }
            if let Some(error) = unsaved {
                line(format!("warning: {error}; the training goes on, and is saved after the next epoch"));
            }
        }
    }

    fn print(&self, trainer: &Trainer<'_>, ending: Ending) -> Result<()> {
        let config = trainer.config();
        let best = trainer.best();
        if self.json {
            let output = Printed {
                method: config.method,
                hidden: &config.hidden,
                seed: config.seed,
                dataset: trainer.splits().train.name(),
                train_examples: trainer.splits().train.len(),
                batch_size: config.protocol.batch_size,
                preset: config.protocol.preset(config.method, &config.hidden).map_or(Preset::CUSTOM, Preset::name),
                protocol: &config.protocol,
                threads: config.threads,
                finished: ending == Ending::Finished,
                epochs: &trainer.history().epochs,
                best,
                border_alpha: trainer.border_alpha(),
                peak_memory_mib: peak_memory_mib(),
            };
            return super::print_json(&output);
        }
        super::print(&match best {
            Some(Best { epoch, valid_rmse, test_rmse: Some(test), .. }) => {
                let chosen = match valid_rmse {
                    Some(valid) if config.method != Method::Sparse => {
                        format!("epoch {epoch}, which validation chose ({})", significant(valid))
                    }
                    _ => "the last epoch".to_owned(),
                };
                format!("{}: test RMSE {} at {chosen}", config.method, significant(test))
            }
            Some(Best { epoch, valid_error_percent: Some(valid), test_error_percent, .. })
                if config.method != Method::Sparse =>
            {
                format!(
                    "{}: test error {test_error_percent:.2} % at epoch {epoch}, which validation chose ({valid:.2} %)",
                    config.method
                )
            }
            Some(best) => {
                let what = format!("{}: test error {:.2} % at the last epoch", config.method, best.test_error_percent);
                let sparsity =
                    trainer.history().epochs.last().map(|epoch| epoch.sparsity.as_slice()).unwrap_or_default();
                if sparsity.is_empty() {
                    what
                } else {
                    let percent: Vec<_> = sparsity.iter().map(|s| format!("{:.1}", 100.0 * s)).collect();
                    format!("{what}; ln α is above 3 for {} % of the weights of the layers", percent.join(", "))
                }
            }
            None => format!("{}: interrupted before the first epoch had ended", config.method),
        })
    }
}

/// A flag that the first interrupt raises, for an orderly stop; the second one does not wait for it.
pub(super) fn stop_at_interrupt() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        if seen.swap(true, Ordering::SeqCst) {
            std::process::exit(INTERRUPTED.into());
        }
    })
    .map_err(|error| Error::Io {
        action: "watch for Ctrl-C in",
        path: "this process".into(),
        source: std::io::Error::other(error),
    })?;
    Ok(stop)
}

fn progress_bar(trainer: &Trainer<'_>) -> ProgressBar {
    let template = "{elapsed_precise} [{wide_bar}] {percent} %, {eta} left, {msg}";
    let style = ProgressStyle::with_template(template).expect("a valid template").progress_chars("=> ");
    let steps = trainer.splits().train.len().div_ceil(trainer.config().protocol.batch_size);
    ProgressBar::new(all_steps(trainer.config().protocol.epochs, steps)).with_style(style)
}

fn all_steps(epochs: usize, steps: usize) -> u64 {
    (epochs as u64).saturating_mul(steps as u64)
}

pub(super) fn command_line() -> String {
    shell::line(std::iter::once("vardrop".into()).chain(std::env::args_os().skip(1)))
}
