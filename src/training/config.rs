//! The settings of a training run.

use serde::{Deserialize, Serialize};

use super::{Preset, Protocol, RunKey, Selection};
use crate::Real;
use crate::data::{Dataset, Identity, Splits};
use crate::engine::Objective;
use crate::error::{Error, Result};
use crate::layers::{Activation, Noise};
use crate::likelihood::Family;
use crate::method::Method;
use crate::network::{DropoutRates, Initialisation, Network, check_widths, initial_alpha};
use crate::optimizer::{AdamSettings, Algorithm, Schedule, Settings, SgdSettings};

/// The largest number of epochs: more than anybody waits for, and few enough that the steps can be counted.
const MOST_EPOCHS: usize = 1_000_000_000;

/// Everything that decides a run besides the data.
///
/// ```
/// use vardrop::Method;
/// use vardrop::training::Config;
/// let config = Config::new(Method::VariationalA2, &[100, 100, 100]).epochs(8).batch_size(100).seed(1);
/// assert_eq!(config.protocol.epochs, 8);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// The method.
    pub method: Method,
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// Seed of initialisation, order of examples and noise.
    pub seed: u64,
    /// Number of threads; the results of different numbers of threads differ by rounding.
    pub threads: usize,
    /// How it is trained.
    pub protocol: Protocol,
}

impl Config {
    /// A method and the widths of its hidden layers, with the protocol of the reported results for them
    /// ([`Preset::of`]), seed 1 and one thread per processor.
    pub fn new(method: Method, hidden: &[usize]) -> Self {
        Self {
            method,
            hidden: hidden.to_vec(),
            seed: 1,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            protocol: Preset::of(method).protocol(method, hidden).expect("a method's own preset has settings for it"),
        }
    }

    /// [`Self::new`] for this data: a table is trained by [`Preset::Table`], and of real targets the likelihood is Gaussian.
    ///
    /// # Errors
    /// As [`Preset::protocol`].
    pub fn for_data(method: Method, hidden: &[usize], splits: &Splits) -> Result<Self> {
        let protocol = Preset::of_data(method, splits).protocol_for(method, hidden, splits)?;
        Ok(Self { protocol, ..Self::new(method, hidden) })
    }

    /// Sets every setting of the protocol to a preset's.
    ///
    /// # Errors
    /// As [`Preset::protocol`].
    pub fn preset(mut self, preset: Preset) -> Result<Self> {
        self.protocol = preset.protocol(self.method, &self.hidden)?;
        Ok(self)
    }

    /// Sets the number of passes over the training examples; a constant step size stays constant, and a sparse run's phases stay
    /// in proportion ([`Protocol::with_epochs`]).
    pub fn epochs(mut self, epochs: usize) -> Self {
        self.protocol = self.protocol.with_epochs(epochs);
        self
    }

    /// Stops once `epochs` epochs in a row were no better on the validation examples.
    pub fn patience(mut self, epochs: usize) -> Self {
        self.protocol.patience = Some(epochs);
        self
    }

    /// Sets what validation chooses the epoch by.
    pub fn selection(mut self, selection: Selection) -> Self {
        self.protocol.selection = selection;
        self
    }

    /// Sets the number of examples in a minibatch.
    pub fn batch_size(mut self, batch_size: usize) -> Self {
        self.protocol.batch_size = batch_size;
        self
    }

    /// Sets the activation between the layers.
    pub fn activation(mut self, activation: Activation) -> Self {
        self.protocol.activation = activation;
        self
    }

    /// Sets how weights and biases start.
    pub fn initialisation(mut self, initialisation: Initialisation) -> Self {
        self.protocol.initialisation = initialisation;
        self
    }

    /// Sets the likelihood: how the outputs describe the targets.
    pub fn likelihood(mut self, likelihood: Family) -> Self {
        self.protocol.likelihood = likelihood;
        self
    }

    /// Sets the optimizer.
    pub fn optimizer(mut self, optimizer: Algorithm) -> Self {
        self.protocol.optimizer = optimizer;
        self
    }

    /// Sets how the step size falls, from the end of epoch `constant_epochs` to 0.
    pub fn schedule(mut self, schedule: Schedule, constant_epochs: usize) -> Self {
        (self.protocol.schedule, self.protocol.constant_epochs) = (schedule, constant_epochs);
        self
    }

    /// Sets the optimizer's step size.
    pub fn learning_rate(mut self, learning_rate: f64) -> Self {
        self.protocol.learning_rate = learning_rate;
        self
    }

    /// Sets the decay of the parameters' average; 0 for none.
    pub fn averaging(mut self, averaging: f64) -> Self {
        self.protocol.averaging = averaging;
        self
    }

    /// Sets the seed.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the number of threads.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// What decides the numbers of a run with it on such data.
    pub(crate) fn key<'a>(&'a self, data: Identity<'a>, train_examples: usize) -> RunKey<'a> {
        let (seed, protocol) = (Some(self.seed), self.protocol.clone());
        RunKey { method: self.method, hidden: &self.hidden, seed, data, train_examples, protocol }
    }

    /// The settings to train a network that was built by hand: the method [`Method::Custom`], and the preset `figure1` for no noise.
    /// Rates, activations and likelihood are the network's own.
    pub fn for_network<T: Real>(network: &Network<T>) -> Self {
        let widths = network.widths();
        let mut config = Self::new(Method::Custom, &widths[1..widths.len() - 1]);
        config.protocol.likelihood = network.likelihood().family();
        config
    }

    /// The network before training, for examples of `inputs` numbers in `targets` classes, or with as many real values.
    ///
    /// # Errors
    /// As [`Network::new`]; the method [`Method::Custom`], which is no recipe.
    pub fn network(&self, inputs: usize, targets: usize) -> Result<Network> {
        self.check_hidden()?;
        let likelihood = self.protocol.likelihood.for_targets(targets)?;
        let widths = self.widths(inputs, likelihood.outputs(targets));
        let rates = DropoutRates { input: self.protocol.input_rate, hidden: self.protocol.hidden_rate };
        let mut network = Network::new(self.method, &widths, rates, self.protocol.initialisation, self.seed)?;
        let hidden = widths.len() - 2;
        network.layers_mut()[..hidden].iter_mut().for_each(|layer| layer.activation = self.protocol.activation);
        for layer in network.layers_mut() {
            if let Noise::Additive(noise) = &mut layer.noise {
                noise.zero_above = self.protocol.zero_above;
            }
        }
        network.with_likelihood(likelihood)
    }

    fn check_hidden(&self) -> Result<()> {
        let may_be_empty = self.method == Method::Custom;
        if (self.hidden.is_empty() && !may_be_empty) || self.hidden.contains(&0) {
            let expected = "one width or more, each at least 1, such as 100,100,100";
            return Err(Error::argument("hidden", format!("{:?}", self.hidden), expected));
        }
        Ok(())
    }

    /// The optimizer's settings.
    pub fn optimizer_settings(&self) -> Settings {
        let Protocol { learning_rate, alpha_step, alpha_bound, averaging, .. } = self.protocol;
        match self.protocol.optimizer {
            Algorithm::Adam => {
                AdamSettings { learning_rate, alpha_step, alpha_bound, averaging, ..AdamSettings::default() }.into()
            }
            Algorithm::Sgd { momentum } => {
                SgdSettings { learning_rate, alpha_step, alpha_bound, averaging, momentum }.into()
            }
        }
    }

    /// The objective for `examples` training examples at a point of training, counted in epochs (2.5 is half way through the
    /// third): the weight of the KL term may grow.
    pub fn objective(&self, examples: usize, epochs_done: f64) -> Objective {
        let warm_up = self.protocol.kl_warm_up.map_or(1.0, |[from, to]| {
            if epochs_done >= to { 1.0 } else { ((epochs_done - from) / (to - from)).max(0.0) }
        });
        Objective { kl_weight: warm_up, examples }
    }

    /// What the step size is multiplied by at a point of training, counted in epochs (2.5 is half way through the third).
    pub(super) fn step_factor(&self, epochs_done: f64) -> f64 {
        let (all, constant) = (self.protocol.epochs as f64, self.protocol.constant_epochs as f64);
        self.protocol.schedule.factor(epochs_done, constant, all)
    }

    /// Checks the settings, as far as that is possible without the data.
    ///
    /// # Errors
    /// A setting out of its range, or that does not go with another one, named with its value.
    pub fn check(&self) -> Result<()> {
        let Protocol { epochs, constant_epochs, batch_size, patience, kl_warm_up, .. } = self.protocol;
        self.check_hidden()?;
        self.optimizer_settings().check()?;
        self.protocol.activation.check()?;
        if !(1..=1024).contains(&self.threads) {
            return Err(Error::argument("threads", self.threads, "a number from 1 to 1024"));
        }
        if !(1..=MOST_EPOCHS).contains(&epochs) {
            return Err(Error::argument("epochs", epochs, format!("a number from 1 to {MOST_EPOCHS}")));
        }
        if batch_size == 0 {
            return Err(Error::argument("batch_size", 0, "1 example or more, such as 100"));
        }
        if constant_epochs > epochs {
            let problem = format!("is later than the last of {epochs} epochs: choose 0 to {epochs}, or more `epochs`");
            return Err(Error::setting("constant_epochs", constant_epochs, problem));
        }
        let fits = |[from, to]: [f64; 2]| from >= 0.0 && from <= to && to <= epochs as f64;
        if let Some([from, to]) = kl_warm_up.filter(|&ends| !fits(ends)) {
            let expected = format!("two numbers from 0 to the {epochs} `epochs`, the first not above the second");
            return Err(Error::argument("kl_warm_up", format!("{from},{to}"), expected));
        }
        match patience {
            Some(0) => return Err(Error::argument("patience", 0, "1 epoch or more, such as 10")),
            Some(patience) if self.method == Method::Sparse => {
                let problem = "does not go with the method sparse, which goes on removing weights when the validation error is flat: leave it out";
                return Err(Error::setting("patience", patience, problem));
            }
            _ => {}
        }
        match self.protocol.zero_above {
            Some(threshold) if threshold.is_nan() => {
                return Err(Error::argument("zero_above", threshold, "a number that ln α is compared with, such as 3"));
            }
            Some(threshold) if self.method != Method::Sparse => {
                let problem = "is for the method sparse alone: leave it out";
                return Err(Error::setting("zero_above", threshold, problem));
            }
            _ => {}
        }
        let Protocol { input_rate, hidden_rate, .. } = self.protocol;
        for (name, rate) in [("input_rate", input_rate), ("hidden_rate", hidden_rate)] {
            initial_alpha(self.method, rate).map_err(|error| error.named(name))?;
        }
        Ok(())
    }

    /// As [`Self::check`], for training examples.
    pub(crate) fn check_for(&self, train: &Dataset) -> Result<()> {
        self.check()?;
        let (batch_size, examples) = (self.protocol.batch_size, train.len());
        if batch_size > examples {
            let problem = format!("is more than the {examples} training examples: choose 1 to {examples}");
            return Err(Error::setting("batch_size", batch_size, problem));
        }
        let targets = self.check_targets(train)?;
        check_widths(&self.widths(train.inputs(), targets)).map_err(|error| match error {
            // Of the layers' widths, the hidden ones are what was chosen.
            Error::Argument { expected, .. } => Error::argument("hidden", format!("{:?}", self.hidden), expected),
            other => other,
        })
    }

    /// How many classes or real values there are to predict.
    ///
    /// # Errors
    /// Classes for a likelihood of real values, or the other way round.
    pub(crate) fn check_targets(&self, train: &Dataset) -> Result<usize> {
        let (family, values) = (self.protocol.likelihood, train.quantities().len());
        match (family.is_categorical(), values) {
            (true, 0) => Ok(train.classes()),
            (false, 0) => {
                let problem = format!("is for real values, and {} has classes: name categorical", train.name());
                Err(Error::setting("likelihood", family, problem))
            }
            (true, _) => {
                let problem = format!("is for classes, and {} has real values: name gaussian", train.name());
                Err(Error::setting("likelihood", family, problem))
            }
            (false, values) => Ok(values),
        }
    }

    /// Numbers of units from the input to the output.
    fn widths(&self, inputs: usize, classes: usize) -> Vec<usize> {
        std::iter::once(inputs).chain(self.hidden.iter().copied()).chain(std::iter::once(classes)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kl_terms_weight_grows_linearly_and_stays() {
        let mut config = Config::new(Method::VariationalA2, &[10]).epochs(10);
        assert_eq!(config.objective(5, 0.0).kl_weight, 1.0, "constant unless it is set");
        config.protocol.kl_warm_up = Some([2.0, 6.0]);
        let weights = [0.0, 2.0, 3.0, 6.0, 9.5].map(|epoch| config.objective(5, epoch).kl_weight);
        assert_eq!(weights, [0.0, 0.0, 0.25, 1.0, 1.0]);
        config.protocol.kl_warm_up = Some([2.0, 2.0]);
        assert_eq!(config.objective(5, 2.0).kl_weight, 1.0);
    }

    #[test]
    fn a_sparse_run_has_the_published_setting() {
        let protocol = Config::new(Method::Sparse, &[300, 100]).protocol;
        assert_eq!((protocol.epochs, protocol.constant_epochs, protocol.batch_size), (200, 100, 100));
        assert_eq!(protocol.kl_warm_up, Some([5.0, 20.0]));
    }

    #[test]
    fn weights_count_as_zero_where_that_is_asked_of_a_sparse_run() {
        let zero_above = |config: &Config| {
            let network = config.network(4, 3).unwrap();
            let of = |layer: &crate::layers::Layer<f32>| match &layer.noise {
                Noise::Additive(noise) => noise.zero_above,
                _ => None,
            };
            network.layers().iter().map(of).collect::<Vec<_>>()
        };
        let mut config = Config::new(Method::Sparse, &[5]);
        assert_eq!(zero_above(&config), [None, None], "as in the paper's text");
        config.protocol.zero_above = Some(3.0);
        config.check().unwrap();
        assert_eq!(zero_above(&config), [Some(3.0), Some(3.0)]);
        let of_another = Config { method: Method::None, ..config.clone() };
        let message = of_another.check().unwrap_err().to_string();
        assert!(message.contains("zero_above 3 is for the") && message.contains("method sparse alone"), "{message}");
        config.protocol.zero_above = Some(f64::NAN);
        assert!(config.check().unwrap_err().to_string().contains("zero_above is NaN"));
    }

    #[test]
    fn the_step_size_is_constant_and_then_falls_to_zero() {
        let mut config = Config::new(Method::None, &[10]).epochs(10);
        assert_eq!(config.step_factor(9.9), 1.0, "constant unless told otherwise");
        config.protocol.constant_epochs = 6;
        assert_eq!(config.step_factor(6.0), 1.0);
        assert!((config.step_factor(8.0) - 0.5).abs() < 1e-12);
        assert_eq!(config.step_factor(10.0), 0.0);
    }
}
