//! `vardrop train`: trains a network, with progress on standard error and the result on standard output.

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use vardrop::data::{Source, Splits};
use vardrop::experiment::{Record, Records};
use vardrop::training::{Best, BorderAlpha, Config, Ending, Epoch, Model, ModelInfo, Progress, Protocol, Trainer};
use vardrop::{Error, Method, Result, peak_memory_mib};

/// What a process that an interrupt ended exits with, by the shells' convention (128 + SIGINT).
const INTERRUPTED: u8 = 130;

/// Train a network and say how well it does
///
/// The network is 784-H-H-H-10 with rectified linear units for `--hidden H,H,H`. After every epoch the averaged
/// parameters are evaluated without noise; the test error that counts is that of the epoch with the lowest validation
/// error. Ctrl-C stops at the next step; with `--save` the run can then be resumed, and gives the numbers that it would
/// have given without the interruption.
///
/// Example: vardrop train --method variational-a2 --hidden 100,100,100 --epochs 60 --save model.safetensors
#[derive(Debug, Args)]
pub struct TrainArgs {
    /// Where noise enters and whether its rate is learned
    #[arg(long, value_parser = methods(), required_unless_present = "resume")]
    method: Option<String>,
    /// Units of each hidden layer, separated by commas
    #[arg(long, value_name = "H,H,H", value_delimiter = ',', default_values_t = [100, 100, 100])]
    hidden: Vec<usize>,
    /// mnist, synthetic, or a folder with four files named as MNIST's [default: mnist, or what --resume's model was
    /// trained on]
    #[arg(long)]
    data: Option<Source>,
    /// Examples in a minibatch
    #[arg(long, value_name = "N", default_value_t = Protocol::default().batch_size)]
    batch_size: usize,
    /// Passes over the training examples [default: 60, 200 for sparse, or what --resume's model was to have]
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,
    /// Stop earlier, once N epochs in a row have not lowered the validation error [default: never]
    #[arg(long, value_name = "N")]
    patience: Option<usize>,
    /// Seed of initialisation, order of examples and noise
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Threads [default: one for each processor]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Training images held out for validation; 0 trains on all of them, and the last epoch counts [default: 10000, or as
    /// --resume's model]
    #[arg(long, value_name = "N")]
    held_out: Option<usize>,
    /// Adam's step size
    #[arg(long, value_name = "X", allow_negative_numbers = true, default_value_t = Protocol::default().learning_rate)]
    learning_rate: f64,
    /// Epoch after which the step size falls linearly, to 0 at the last [default: never; for sparse, half of them]
    #[arg(long, value_name = "N")]
    constant_epochs: Option<usize>,
    /// Epochs between which the weight of the KL term grows from 0 to its full value [default: none; for sparse, a fortieth and a
    /// tenth of all: 5,20 of 200]
    #[arg(long, value_name = "FROM,TO", value_parser = warm_up)]
    kl_warm_up: Option<[f64; 2]>,
    /// Start from the weights of this model, whatever its method, and not from random ones; its widths count
    #[arg(long, value_name = "MODEL", conflicts_with = "hidden")]
    start: Option<PathBuf>,
    /// How many times larger the step of ln α is
    #[arg(long, value_name = "X", allow_negative_numbers = true, default_value_t = Protocol::default().alpha_step)]
    alpha_step: f64,
    /// Decay of the parameters' moving average, in [0, 1); 0 for none
    #[arg(long, value_name = "X", allow_negative_numbers = true, default_value_t = Protocol::default().averaging)]
    averaging: f64,
    /// Write the model here after every epoch and when interrupted
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Write the finished model here, without what --resume needs: a fifth of the size
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// Go on from a model that --save wrote (its own settings count; --epochs may extend it)
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "method", "hidden", "batch_size", "patience", "seed", "threads", "learning_rate", "constant_epochs", "alpha_step",
        "averaging", "kl_warm_up", "start",
    ])]
    resume: Option<PathBuf>,
    /// Add the finished run to this file of records, one JSON object a line
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Print one JSON object and nothing else on standard output
    #[arg(long)]
    json: bool,
}

/// Two epochs, such as `5,20`.
fn warm_up(text: &str) -> std::result::Result<[f64; 2], String> {
    let epochs: Vec<f64> = text.split(',').filter_map(|part| part.trim().parse().ok()).collect();
    <[f64; 2]>::try_from(epochs).map_err(|_| "expected two epochs, such as 5,20".to_owned())
}

pub(super) fn methods() -> clap::builder::PossibleValuesParser {
    Method::ALL.map(Method::name).into()
}

/// What `--json` prints.
#[derive(Serialize)]
struct Output<'a> {
    method: Method,
    hidden: &'a [usize],
    seed: u64,
    dataset: &'a str,
    train_examples: usize,
    batch_size: usize,
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
        // A model may have taken hours: only the run that it belongs to replaces it.
        if let Some(path) = self.save.as_ref().filter(|path| path.exists() && self.resume.as_ref() != Some(path)) {
            return Err(Error::Argument {
                name: "save",
                value: path.display().to_string(),
                expected: "a file that is not there yet; go on from this one with --resume, or remove it".to_owned(),
            });
        }
        // A wrong setting is named before the data is looked for.
        let start = self.start.as_ref().map(Model::open).transpose()?;
        let config = if self.resume.is_none() { Some(self.config(start.as_ref())?) } else { None };
        let (data, held_out) = self.data()?;
        let splits = Splits::open(&data, held_out)?;
        let mut trainer = match (&self.resume, config) {
            (_, Some(config)) => match &start {
                Some(model) => Trainer::from_weights(config, &splits, &model.network)?,
                None => Trainer::new(config, &splits)?,
            },
            (path, None) => Trainer::resume(path.as_ref().expect("settings are its own"), &splits, self.epochs)?,
        };
        // An unwritable place is found out before the work and not after it.
        if let Some(path) = &self.export {
            trainer.export(path)?;
        }
        if let Some(path) = &self.record {
            Records::prepare(path)?;
        }
        if let Some(path) = &self.save {
            trainer.save(path)?;
        }
        let stop = stop_at_interrupt()?;
        let ending = self.train(&mut trainer, &stop)?;
        if let (Some(path), Ending::Finished) = (&self.export, ending) {
            trainer.export(path)?;
        }
        if let (Some(path), Ending::Finished) = (&self.record, ending)
            && let Some(record) = Record::of(&trainer, command_line())
        {
            Records::append(path, &record)?;
        }
        self.print(&trainer, ending)?;
        Ok(if ending == Ending::Finished { ExitCode::SUCCESS } else { ExitCode::from(INTERRUPTED) })
    }

    /// What to train on and how much of it to hold out: as told, else as the resumed model was trained.
    fn data(&self) -> Result<(Source, usize)> {
        let resumed = self.resume.as_ref().map(ModelInfo::open).transpose()?;
        let data = match (&self.data, &resumed) {
            (Some(data), _) => data.clone(),
            (None, Some(info)) => info.dataset.parse()?,
            (None, None) => Source::default(),
        };
        let protocol = resumed.map_or_else(Protocol::default, |info| info.config.protocol);
        Ok((data, self.held_out.unwrap_or(protocol.held_out)))
    }

    fn config(&self, start: Option<&Model>) -> Result<Config> {
        let method: Method = self.method.as_deref().unwrap_or_default().parse()?;
        let hidden = start.map_or(&self.hidden, |model| &model.info.config.hidden);
        let mut config = Config::new(method, hidden).seed(self.seed);
        config.protocol = Protocol::of(method, self.epochs);
        let protocol = &mut config.protocol;
        protocol.constant_epochs = self.constant_epochs.unwrap_or(protocol.constant_epochs);
        protocol.kl_warm_up = self.kl_warm_up.or(protocol.kl_warm_up);
        protocol.start = self.start.as_ref().map(|path| path.display().to_string());
        protocol.patience = self.patience;
        protocol.batch_size = self.batch_size;
        protocol.learning_rate = self.learning_rate;
        protocol.alpha_step = self.alpha_step;
        protocol.averaging = self.averaging;
        config.threads = self.threads.unwrap_or(config.threads);
        config.check()?;
        Ok(config)
    }

    fn train(&self, trainer: &mut Trainer<'_>, stop: &AtomicBool) -> Result<Ending> {
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
                            bar.set_length((epochs * steps) as u64);
                            bar.set_position(((epoch - 1) * steps + step) as u64);
                            bar.set_message(format!("epoch {epoch}/{epochs}, cross-entropy {cross_entropy:.4}"));
                        }
                    }
                    Progress::Epoch { .. } => line(progress.to_string()),
                }
                if stop.load(Ordering::SeqCst) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })?;
            if let Some(path) = &self.save {
                trainer.save(path)?;
            }
            if trainer.is_finished() {
                if let Some(bar) = &bar {
                    bar.finish_and_clear();
                }
                return Ok(Ending::Finished);
            }
            if flow.is_break() {
                line(match &self.save {
                    Some(path) => {
                        format!("interrupted; go on with: vardrop train --resume {0} --save {0}", path.display())
                    }
                    None => "interrupted; nothing was saved (use --save to be able to go on)".to_owned(),
                });
                return Ok(Ending::Stopped);
            }
        }
    }

    fn print(&self, trainer: &Trainer<'_>, ending: Ending) -> Result<()> {
        let config = trainer.config();
        let best = trainer.best();
        if self.json {
            let output = Output {
                method: config.method,
                hidden: &config.hidden,
                seed: config.seed,
                dataset: trainer.splits().train.name(),
                train_examples: trainer.splits().train.len(),
                batch_size: config.protocol.batch_size,
                threads: config.threads,
                finished: ending == Ending::Finished,
                epochs: &trainer.history().epochs,
                best,
                border_alpha: trainer.border_alpha(),
                peak_memory_mib: peak_memory_mib(),
            };
            return super::print(&serde_json::to_string(&output).expect("numbers and names"));
        }
        super::print(&match best {
            Some(Best { epoch, valid_error_percent: Some(valid), test_error_percent })
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
    ProgressBar::new((trainer.config().protocol.epochs * steps) as u64).with_style(style)
}

pub(super) fn command_line() -> String {
    let arguments = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once("vardrop".to_owned()).chain(arguments).collect::<Vec<_>>().join(" ")
}
