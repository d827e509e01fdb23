//! The training loop: epochs over shuffled minibatches, evaluation of the averaged parameters, early stopping.

use std::fmt;
use std::ops::ControlFlow;
use std::time::Instant;

use rand::seq::SliceRandom;

use super::border::BorderAlpha;
use super::checkpoint;
use super::config::Config;
use super::history::{Best, Epoch, History};
use super::state::{Position, State};
use crate::data::{Dataset, Splits};
use crate::engine::{Engine, Evaluation, Examples};
use crate::error::{Error, Result};
use crate::files::Output;
use crate::method::Method;
use crate::network::{Network, PRUNING_THRESHOLD};
use crate::noise::{NoiseSource, Purpose};
use crate::optimizer::Optimizer;
use crate::progress::time_left;
use crate::provenance::Machine;
use crate::table::significant;

/// What an observer of a run gets to see.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// A step has been taken.
    Step {
        /// The epoch that is under way, counted from 1.
        epoch: usize,
        /// Epochs of the whole run.
        epochs: usize,
        /// Steps taken in this epoch.
        step: usize,
        /// Steps of an epoch.
        steps: usize,
        /// Mean cross-entropy of the epoch's minibatches so far.
        cross_entropy: f64,
    },
    /// An epoch has ended and been evaluated.
    Epoch {
        /// Its figures.
        epoch: &'a Epoch,
        /// Epochs of the whole run.
        epochs: usize,
        /// Seconds until the last one ends, if the rest goes on as what is done; `None` where nobody counts.
        seconds_left: Option<f64>,
    },
}

impl fmt::Display for Progress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step { epoch, epochs, step, steps, cross_entropy } => {
                write!(f, "epoch {epoch}/{epochs}, step {step}/{steps}: cross-entropy {cross_entropy:.4}")
            }
            Self::Epoch { epoch, epochs, seconds_left } => {
                write!(f, "epoch {}/{epochs}: loss {:.4}", epoch.epoch, epoch.train_loss)?;
                if let Some(rmse) = epoch.test_rmse {
                    if let Some(valid) = epoch.valid_rmse {
                        write!(f, ", validation RMSE {}", significant(valid))?;
                    }
                    write!(f, ", test RMSE {}", significant(rmse))?;
                } else {
                    if let Some(error) = epoch.valid_error_percent {
                        write!(f, ", validation error {error:.2} %")?;
                    }
                    write!(f, ", test error {:.2} %", epoch.test_error_percent)?;
                }
                write!(f, ", {:.1} s", epoch.seconds)?;
                if !epoch.sparsity.is_empty() {
                    let percent: Vec<_> = epoch.sparsity.iter().map(|s| format!("{:.1}", 100.0 * s)).collect();
                    write!(f, ", ln α above 3 for {} % of the weights", percent.join(", "))?;
                }
                f.write_str(&time_left(*seconds_left))
            }
        }
    }
}

/// What [`Trainer::run`] tells of its progress, and what may break it off.
pub type Observer<'a> = dyn FnMut(Progress<'_>) -> ControlFlow<()> + 'a;

/// How a call of [`Trainer::run`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Every epoch was trained, or validation stopped the run early.
    Finished,
    /// The observer stopped it. [`Trainer::run`] goes on from there.
    Stopped,
}

/// One training run.
#[derive(Debug)]
pub struct Trainer<'a> {
    state: State,
    splits: &'a Splits,
    engine: Engine,
    /// Seconds that epochs took here, their evaluation included, and how many epochs that is.
    pace: (f64, usize),
}

impl<'a> Trainer<'a> {
    /// A run from its beginning. How many examples are held out, and which, is read off `splits`, whatever `config` says of
    /// it.
    ///
    /// # Errors
    /// A setting out of its range, named with its value; no test examples.
    pub fn new(config: Config, splits: &'a Splits) -> Result<Self> {
        config.check()?;
        let network = config.network(splits.train.inputs(), config.check_targets(&splits.train)?)?;
        Self::begin(config, splits, network)
    }

    /// A run from its beginning, of any network: one that was built by hand, or one that was trained before. Of `config`, which
    /// [`Config::for_network`] makes, the settings of the training count: epochs, minibatches, optimizer, schedule, seed, threads.
    ///
    /// ```
    /// use vardrop::Network;
    /// use vardrop::data::{Splits, synthetic};
    /// use vardrop::layers::{Activation, GaussianInput, GaussianOutput};
    /// use vardrop::training::{Config, Trainer};
    ///
    /// let splits = Splits::hold_out(synthetic(600, 1), synthetic(100, 2), 100)?;
    /// let network = Network::builder(784)
    ///     .dense(30, Activation::Tanh).noise(GaussianInput::learned(0.2))
    ///     .dense(10, Activation::Identity).noise(GaussianOutput::learned(0.5))
    ///     .build(1)?;
    /// let config = Config::for_network(&network).epochs(2).batch_size(50).learning_rate(1e-3);
    /// let mut trainer = Trainer::with_network(network, config, &splits)?;
    /// trainer.run(|_| std::ops::ControlFlow::Continue(()))?;
    /// assert_eq!(trainer.history().epochs.len(), 2);
    /// # Ok::<(), vardrop::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Self::new`]; a network of another number of inputs or outputs than the data's.
    pub fn with_network(network: Network, mut config: Config, splits: &'a Splits) -> Result<Self> {
        config.method = Method::Custom;
        let widths = network.widths();
        config.hidden = widths[1..widths.len() - 1].to_vec();
        config.protocol.likelihood = network.likelihood().family();
        config.check()?;
        Self::begin(config, splits, network)
    }

    fn begin(mut config: Config, splits: &'a Splits, network: Network) -> Result<Self> {
        config.protocol.held_out = splits.validation.len();
        config.protocol.validation = splits.held_out_by();
        Self::at(State::begin(config, network)?, splits)
    }

    /// A run from its beginning, with the weights and biases of another network of the same widths; its
    /// noise parameters start at their defaults.
    ///
    /// # Errors
    /// As [`Self::new`]; another number of units.
    pub fn from_weights(config: Config, splits: &'a Splits, weights: &Network) -> Result<Self> {
        let mut trainer = Self::new(config, splits)?;
        if weights.widths() != trainer.state.network.widths() {
            return Err(Error::Shape {
                what: "the network to start from".into(),
                found: weights.widths(),
                expected: trainer.state.network.widths(),
            });
        }
        for (layer, from) in trainer.state.network.layers_mut().iter_mut().zip(weights.layers()) {
            layer.weight.assign(&from.weight);
            layer.bias.assign(&from.bias);
        }
        trainer.state.optimizer = Optimizer::new(&trainer.state.network, trainer.state.config.optimizer_settings())?;
        Ok(trainer)
    }

    /// As [`Self::from_weights`], for a network of which weights are 0: they stay 0.
    ///
    /// # Errors
    /// As [`Self::from_weights`].
    pub(crate) fn of_pruned(config: Config, splits: &'a Splits, weights: &Network) -> Result<Self> {
        let mut trainer = Self::from_weights(config, splits, weights)?;
        trainer.state.optimizer.keep_zeros();
        Ok(trainer)
    }

    /// The finished run.
    pub(crate) fn into_run(self) -> Run {
        let best = self.best().expect("a run has an epoch or more");
        let network = self.best_network().clone();
        Run { config: self.state.config, history: self.state.history, best, network }
    }

    /// A run that stands at `state`.
    fn at(state: State, splits: &'a Splits) -> Result<Self> {
        let State { config, network, .. } = &state;
        config.check_for(&splits.train)?;
        let targets = config.check_targets(&splits.train)?;
        let expected = vec![splits.train.inputs(), network.likelihood().outputs(targets)];
        let found = vec![network.layers()[0].dim().0, network.outputs_width()];
        // More classes than the data has do no harm: models of version 0.1 always have ten.
        let fits = found == expected || (network.likelihood().is_categorical() && found[1] > expected[1]);
        if !fits || found[0] != expected[0] {
            let what = format!("the network for {}", splits.train.name());
            return Err(Error::Shape { what, found, expected });
        }
        if let Some(patience) = config.protocol.patience.filter(|_| splits.validation.is_empty()) {
            let problem = "needs a validation set: hold some training images out with `held_out`";
            return Err(Error::setting("patience", patience, problem));
        }
        if splits.test.is_empty() {
            return Err(Error::argument("number of test examples", 0, "1 or more"));
        }
        let engine = Engine::new(network, config.protocol.batch_size, config.threads)?;
        Ok(Self { state, splits, engine, pace: (0.0, 0) })
    }

    /// Its settings.
    pub fn config(&self) -> &Config {
        &self.state.config
    }

    /// The machine that has trained it; of a run that moved, all of them.
    pub fn machine(&self) -> &Machine {
        &self.state.machine
    }

    /// What it trains on.
    pub fn splits(&self) -> &Splits {
        self.splits
    }

    /// The epochs so far.
    pub fn history(&self) -> &History {
        &self.state.history
    }

    /// The epoch that validation has chosen so far.
    pub fn best(&self) -> Option<Best> {
        self.state.history.best()
    }

    /// Whether the last epoch has been trained, or validation has stopped the run before it.
    pub fn is_finished(&self) -> bool {
        let done = self.state.history.epochs.len();
        let without_gain = self.best().map_or(0, |best| done - best.epoch);
        done >= self.state.config.protocol.epochs
            || self.state.config.protocol.patience.is_some_and(|limit| without_gain >= limit)
    }

    /// The averaged parameters of the epoch that validation has chosen so far; before the first epoch has ended, of the
    /// last step.
    pub fn best_network(&self) -> &Network {
        self.state.best_network()
    }

    /// α at the border of the image and at its centre, of [`Self::best_network`]; `None` of examples that are no images.
    pub fn border_alpha(&self) -> Option<BorderAlpha> {
        let (height, width) = self.splits.train.image_size()?;
        BorderAlpha::of(self.best_network(), height, width)
    }

    /// The parameters as the last step left them, not averaged.
    pub fn network(&self) -> &Network {
        &self.state.network
    }

    /// The moving average of the parameters up to the last step.
    pub fn averaged(&self) -> &Network {
        self.state.optimizer.averaged()
    }

    /// Trains up to the last epoch, or until `observer` breaks off. The same configuration gives the same numbers, bit for
    /// bit, however often it is broken off and resumed.
    ///
    /// # Errors
    /// [`Error::NonFinite`] where the loss, or after an epoch a parameter, is infinite or not a number.
    pub fn run(&mut self, mut observer: impl FnMut(Progress<'_>) -> ControlFlow<()>) -> Result<Ending> {
        self.run_observed(&mut observer)
    }

    /// [`Self::run`] for one type of observer: the loop is then compiled here, optimised with the crate. A generic one would
    /// be compiled, and everything in it, where it is called, which in a notebook's cell is ten times slower.
    fn run_observed(&mut self, observer: &mut Observer<'_>) -> Result<Ending> {
        while !self.is_finished() {
            if self.run_epoch(observer)?.is_break() && !self.is_finished() {
                return Ok(Ending::Stopped);
            }
        }
        Ok(Ending::Finished)
    }

    /// Trains to the end of the epoch that is under way, or until `observer` breaks off, which is what it returns. A run that
    /// is finished is left as it is.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn run_epoch(&mut self, observer: &mut Observer<'_>) -> Result<ControlFlow<()>> {
        if self.is_finished() {
            return Ok(ControlFlow::Continue(()));
        }
        let begun = Instant::now();
        if self.train_epoch(observer)?.is_break() {
            self.pace.0 += begun.elapsed().as_secs_f64();
            return Ok(ControlFlow::Break(()));
        }
        let epoch = self.finish_epoch()?;
        self.state.history.epochs.push(epoch);
        self.state.position = Position::default();
        if self.state.history.best().is_some_and(|best| best.epoch == self.state.history.epochs.len()) {
            self.state
                .best_network
                .get_or_insert_with(|| self.state.network.clone())
                .clone_from(self.state.optimizer.averaged());
        }
        self.pace = (self.pace.0 + begun.elapsed().as_secs_f64(), self.pace.1 + 1);
        let (done, epochs) = (self.state.history.epochs.len(), self.state.config.protocol.epochs);
        let seconds_left = Some(self.pace.0 / self.pace.1 as f64 * epochs.saturating_sub(done) as f64);
        Ok(observer(Progress::Epoch { epoch: &self.state.history.epochs[done - 1], epochs, seconds_left }))
    }

    /// The rest of the epoch that is under way.
    fn train_epoch(&mut self, observer: &mut Observer<'_>) -> Result<ControlFlow<()>> {
        let train = &self.splits.train;
        let (batch_size, epochs) = (self.state.config.protocol.batch_size, self.state.config.protocol.epochs);
        let epoch = self.state.history.epochs.len();
        let mut order: Vec<usize> = (0..train.len()).collect();
        let seed = self.state.config.seed;
        order.shuffle(&mut NoiseSource::for_purpose(Purpose::Order, seed, epoch as u64).generator());
        let steps = train.len().div_ceil(batch_size);
        let start = Instant::now();
        let seconds_before = self.state.position.seconds;
        while self.state.position.step < steps {
            let first = self.state.position.step * batch_size;
            let indices = &order[first..(first + batch_size).min(train.len())];
            let batch = Examples { dataset: train, indices };
            let source = NoiseSource::new(seed, self.state.optimizer.steps());
            let now = epoch as f64 + self.state.position.step as f64 / steps as f64;
            let objective = self.state.config.objective(train.len(), now);
            let cross_entropy = self.engine.gradient(&self.state.network, &batch, source, objective)?;
            if !cross_entropy.is_finite() {
                let what = match non_finite(&self.state.network) {
                    Some((name, _)) => format!("the cross-entropy (and {name})"),
                    None => "the cross-entropy".to_owned(),
                };
                let step = self.state.optimizer.steps() + 1;
                return Err(Error::NonFinite { what, value: cross_entropy, epoch: epoch + 1, step });
            }
            self.state.optimizer.step(&mut self.state.network, &mut self.engine, self.state.config.step_factor(now))?;
            self.state.position.step += 1;
            self.state.position.cross_entropy += cross_entropy * indices.len() as f64;
            self.state.position.examples += indices.len();
            self.state.position.seconds = seconds_before + start.elapsed().as_secs_f64();
            let progress = Progress::Step {
                epoch: epoch + 1,
                epochs,
                step: self.state.position.step,
                steps,
                cross_entropy: self.state.position.cross_entropy / self.state.position.examples as f64,
            };
            if observer(progress).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Evaluates the averaged parameters.
    fn finish_epoch(&mut self) -> Result<Epoch> {
        // No loss has seen what the last step made, and an evaluation takes a NaN for a wrong answer.
        if let Some((what, value)) =
            non_finite(&self.state.network).or_else(|| non_finite(self.state.optimizer.averaged()))
        {
            let (epoch, step) = (self.state.history.epochs.len() + 1, self.state.optimizer.steps());
            return Err(Error::NonFinite { what, value, epoch, step });
        }
        let position = self.state.position;
        let train_cross_entropy = position.cross_entropy / position.examples as f64;
        let done = self.state.history.epochs.len() + 1;
        let train_kl = self.state.config.objective(self.splits.train.len(), done as f64).kl(&self.state.network);
        let validation = &self.splits.validation;
        let valid = if validation.is_empty() { None } else { Some(self.evaluate(validation)?) };
        let test = self.evaluate(&self.splits.test)?;
        let unit = match self.splits.train.standardisation().map(|by| by.targets.as_slice()) {
            Some([one]) => one.scale,
            _ => 1.0,
        };
        Ok(Epoch {
            epoch: done,
            seconds: position.seconds,
            train_loss: train_cross_entropy + train_kl,
            train_cross_entropy,
            train_kl,
            valid_cross_entropy: valid.map(|valid| valid.cross_entropy),
            valid_error_percent: valid.map(|valid| valid.error_percent),
            valid_rmse: valid.and_then(|valid| valid.rmse).map(|rmse| unit * rmse),
            test_cross_entropy: test.cross_entropy,
            test_error_percent: test.error_percent,
            test_rmse: test.rmse.map(|rmse| unit * rmse),
            alpha: self.state.network.alpha_statistics(),
            sparsity: self.state.optimizer.averaged().sparsity(PRUNING_THRESHOLD),
        })
    }

    /// Cross-entropy and error of the moving average of the parameters, without noise.
    ///
    /// # Errors
    /// As [`Engine::evaluate`].
    pub fn evaluate(&mut self, dataset: &Dataset) -> Result<Evaluation> {
        let indices: Vec<usize> = (0..dataset.len()).collect();
        self.engine.evaluate(self.state.optimizer.averaged(), &Examples { dataset, indices: &indices })
    }

    /// Writes a checkpoint: the model that validation has chosen so far, for evaluation, and all that
    /// [`Trainer::resume`] needs. The file is replaced atomically.
    ///
    /// # Errors
    /// Where it cannot be written, or another kind of file is there; an older file then stays as it was.
    pub fn save(&self, to: impl Into<Output>) -> Result<()> {
        checkpoint::save(&self.state, self.splits, &to.into())
    }

    /// Writes the model that validation has chosen so far for [`Model::open`](super::Model::open), without what
    /// [`Trainer::resume`] needs: a fifth of the size.
    ///
    /// # Errors
    /// Where it cannot be written, or another kind of file is there; an older file then stays as it was.
    pub fn export(&self, to: impl Into<Output>) -> Result<()> {
        checkpoint::export(&self.state, self.splits, &to.into())
    }

    /// Goes on from a checkpoint, for `epochs` epochs in all where it is given.
    ///
    /// # Errors
    /// A file that is no checkpoint, or one of other data.
    pub fn resume(path: impl AsRef<std::path::Path>, splits: &'a Splits, epochs: Option<usize>) -> Result<Self> {
        Self::at(checkpoint::resume(path.as_ref(), splits, epochs)?, splits)
    }
}

/// The first parameter that is infinite or not a number: where it is, and its value.
fn non_finite(network: &Network) -> Option<(String, f64)> {
    network.parameters().into_iter().find_map(|(name, values)| {
        let value = values.iter().find(|value| !value.is_finite())?;
        Some((format!("a number in {name}"), f64::from(*value)))
    })
}

/// A finished run.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its settings.
    pub config: Config,
    /// One entry an epoch.
    pub history: History,
    /// The epoch that validation chose.
    pub best: Best,
    /// The averaged parameters of that epoch.
    pub network: Network,
}

/// One line: what was trained, and how well it does.
impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths: Vec<_> = self.network.widths().iter().map(usize::to_string).collect();
        let (epochs, best) = (self.history.epochs.len(), self.best);
        write!(f, "{}, {}, seed {}, {epochs} epochs: {best}", self.config.method, widths.join("-"), self.config.seed)
    }
}

/// Trains a network from its beginning to its end; `observer` is called after every epoch.
///
/// # Errors
/// As [`Trainer::new`] and [`Trainer::run`].
pub fn train(config: &Config, splits: &Splits, mut observer: impl FnMut(Progress<'_>)) -> Result<Run> {
    let mut trainer = Trainer::new(config.clone(), splits)?;
    trainer.run(|progress| {
        if matches!(progress, Progress::Epoch { .. }) {
            observer(progress);
        }
        ControlFlow::Continue(())
    })?;
    Ok(trainer.into_run())
}
