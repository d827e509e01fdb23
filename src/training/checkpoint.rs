//! Checkpoints in safetensors: a model to evaluate, and the state of the training that made it.
//!
//! Tensors `layers.N.weight`, `layers.N.bias` and, where α is learned, `layers.N.log_alpha` are the model: the averaged
//! parameters of the epoch that validation chose. Under `training.` stand the parameters after the last step, their
//! average, and Adam's two moments. The metadata's key `vardrop` holds the rest as JSON.

use std::collections::HashMap;
use std::fmt::Display;
use std::path::Path;

use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};

use super::config::Config;
use super::history::History;
use super::state::{Position, State};
use crate::data::csv::Recipe;
use crate::data::{Digest, Identity, Splits};
use crate::error::{Error, Result};
use crate::files::{self, Kind, MODEL_KEY, Output, PRUNED_KEY};
use crate::json::to_json;
use crate::method::Method;
use crate::network::{Network, Values};
use crate::optimizer::Optimizer;
use crate::provenance::Machine;

const FORMAT: u32 = 1;
const EXPECTED: &str = "a vardrop model";
/// Advice shown when a file is not a model.
pub(crate) const REMEDY: &str = "name a file that `vardrop train --save` has written, or train the network again";

/// What a model file says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelInfo {
    format: u32,
    /// The settings of its training.
    pub config: Config,
    /// Numbers of units from the input to the output.
    pub widths: Vec<usize>,
    /// The data that it was trained on.
    pub dataset: String,
    /// The digest of the data's content; `None` in what version 0.1 wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset_digest: Option<Digest>,
    /// How the table that it was trained on was read, and what it was standardised by; `None` of other data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<Recipe>,
    /// Number of examples trained on.
    pub train_examples: usize,
    /// The [`Preset`](super::Preset) that its protocol is, or `custom`; older models have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// What it was trained on; older models do not say.
    #[serde(flatten)]
    pub machine: Machine,
    /// The epochs so far.
    pub history: History,
    /// The network's description, where no method describes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    network: Option<Network>,
    steps: u64,
    position: Position,
}

/// The one key that every format has.
#[derive(Deserialize)]
struct Version {
    format: u32,
}

/// A model read from a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// What the file says of it.
    pub info: ModelInfo,
    /// The averaged parameters of the epoch that validation chose.
    pub network: Network,
}

impl Model {
    /// Reads a model that [`Trainer::save`](super::Trainer::save) wrote.
    ///
    /// # Errors
    /// A file that cannot be read, or is no vardrop model.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::read(path.as_ref())
    }

    // Not generic, or a notebook's cell would compile it anew.
    fn read(path: &Path) -> Result<Self> {
        let bytes = files::read_model(path)?;
        let (info, tensors) = parse(path, &bytes)?;
        let mut network = info.skeleton(path, &tensors)?;
        fill(path, &tensors, "", &mut network)?;
        Ok(Self { info, network })
    }
}

impl ModelInfo {
    /// Reads what a model file says of itself.
    ///
    /// # Errors
    /// As [`Model::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = files::read_model(path)?;
        Ok(parse(path, &bytes)?.0)
    }

    /// The data that it was trained on.
    pub fn data(&self) -> Identity<'_> {
        Identity { dataset: &self.dataset, dataset_digest: self.dataset_digest }
    }

    /// Refuses other data than the model in the file `path` was trained on, and other parts of it.
    ///
    /// # Errors
    /// Data of other content, or, where the file does not say its content, of another name; another number of examples that are held
    /// out, or others.
    pub fn check_data(&self, path: impl AsRef<Path>, splits: &Splits) -> Result<()> {
        let model = path.as_ref().display();
        self.data().check(splits.identity(), path.as_ref(), "give its folder with --data")?;
        let protocol = &self.config.protocol;
        let (train, held_out) = (splits.train.len(), splits.validation.len());
        if (train, held_out) != (self.train_examples, protocol.held_out) {
            let value = format!("{held_out}, which leaves {train} to train on");
            let (there, left) = (protocol.held_out, self.train_examples);
            let expected = format!("{there}, which left {left} when {model} was trained; --held-out {there}");
            return Err(Error::argument("number of images held out", value, expected));
        }
        if splits.held_out_by() != protocol.validation {
            let (here, there) = (splits.held_out_by(), protocol.validation);
            let expected = format!("{there}, as when {model} was trained; --validation {there}");
            return Err(Error::argument("validation", here, expected));
        }
        Ok(())
    }

    /// How far its training has come, counted in epochs (2.5 is half way through the third).
    #[cfg_attr(not(feature = "sweep"), allow(dead_code, reason = "sweeps use it"))]
    pub(crate) fn epochs_done(&self) -> f64 {
        self.history.epochs.len() as f64 + self.position.examples as f64 / self.train_examples.max(1) as f64
    }

    /// A network of the model's shape, with what is not learned of it in place.
    fn skeleton(&self, path: &Path, tensors: &SafeTensors<'_>) -> Result<Network> {
        let wrong = |error: Error| format_error(path, error);
        if let Some(network) = &self.network {
            let mut network = network.clone();
            network.check().map_err(wrong)?;
            network.fill_fixed(tensors).map_err(|reason| format_error(path, reason))?;
            return Ok(network);
        }
        let ends = self.widths.first().zip(self.widths.last());
        let (&inputs, &outputs) = ends.ok_or_else(|| format_error(path, "it has no layers"))?;
        let likelihood = self.config.protocol.likelihood.for_targets::<f32>(outputs).map_err(wrong)?;
        self.config.network(inputs, likelihood.targets(outputs)).map_err(wrong)
    }

    /// What in it contradicts itself, for a training of `examples` examples.
    fn contradiction(&self, examples: usize) -> Option<String> {
        let (done, position, batch_size) = (self.history.epochs.len(), self.position, self.config.protocol.batch_size);
        let steps = examples.div_ceil(batch_size.max(1));
        if position.step > steps || position.examples != position.step.saturating_mul(batch_size).min(examples) {
            return Some(format!("{} steps of {} examples into an epoch", position.step, position.examples));
        }
        if self.steps != (done * steps + position.step) as u64 {
            return Some(format!("{} steps, of which {} follow {done} epochs of {steps}", self.steps, position.step));
        }
        let number = (1..).zip(&self.history.epochs).find(|(number, epoch)| epoch.epoch != *number);
        number.map(|(number, epoch)| format!("epoch {} in place of epoch {number}", epoch.epoch))
    }
}

pub(super) fn save(state: &State, splits: &Splits, to: &Output) -> Result<()> {
    let own = state.optimizer.state();
    let mut arrays = vec![
        ("training.parameters.", values(&state.network)),
        ("training.average.", values(own.averaged)),
        ("training.first_moment.", own.first_moment.iter().map(Vec::as_slice).collect()),
    ];
    if state.optimizer.settings().moments() == 2 {
        arrays.push(("training.second_moment.", own.second_moment.iter().map(Vec::as_slice).collect()));
    }
    write(state, splits, arrays, to, Kind::Checkpoint)
}

/// The model, without the state of its training.
pub(super) fn export(state: &State, splits: &Splits, to: &Output) -> Result<()> {
    write(state, splits, Vec::new(), to, Kind::Exported)
}

/// The model, and arrays like its own with a prefix before their names.
fn write(state: &State, splits: &Splits, arrays: Vec<(&str, Vec<&[f32]>)>, to: &Output, kind: Kind) -> Result<()> {
    let network = &state.network;
    let info = ModelInfo {
        format: FORMAT,
        config: state.config.clone(),
        widths: network.widths(),
        dataset: splits.train.name().to_owned(),
        dataset_digest: Some(splits.digest()),
        recipe: splits.recipe(),
        train_examples: splits.train.len(),
        preset: Some(state.config.protocol.preset_name(state.config.method, &state.config.hidden)),
        machine: state.machine.clone(),
        history: state.history.clone(),
        network: (state.config.method == Method::Custom).then(|| network.clone()),
        steps: state.optimizer.steps(),
        position: state.position,
    };
    let shapes = network.parameter_shapes();
    let mut tensors: Vec<(String, Values<'_, f32>)> = Vec::new();
    if info.network.is_some() {
        let fixed = network.fixed_arrays().into_iter();
        tensors.extend(fixed.map(|(name, shape, values)| (name, Values { shape, values })));
    }
    for (prefix, arrays) in std::iter::once(("", values(state.best_network()))).chain(arrays) {
        for (((name, _), shape), values) in network.parameters().into_iter().zip(&shapes).zip(arrays) {
            tensors.push((format!("{prefix}{name}"), Values { shape: shape.clone(), values }));
        }
    }
    let json = to_json(&info).map_err(|error| unwritten(to.path(), error))?;
    if let Some((name, _)) = tensors.iter().find(|(_, array)| !array.values.iter().all(|value| value.is_finite())) {
        return Err(unwritten(to.path(), format!("{name} holds a number that is not finite")));
    }
    let metadata = HashMap::from([(MODEL_KEY.to_owned(), json)]);
    to.replace(kind, |temporary| {
        safetensors::serialize_to_file(tensors, Some(metadata), temporary).map_err(std::io::Error::other)
    })
}

/// Of a model that could not be read back.
fn unwritten(path: &Path, reason: impl Display) -> Error {
    let reason = format!("{reason}; the model is left out, and what was at that place stays as it was");
    Error::io("write", path)(std::io::Error::new(std::io::ErrorKind::InvalidData, reason))
}

fn values(network: &Network) -> Vec<&[f32]> {
    network.parameters().into_iter().map(|(_, values)| values).collect()
}

pub(super) fn resume(path: &Path, splits: &Splits, epochs: Option<usize>) -> Result<State> {
    let bytes = files::read_model(path)?;
    let (info, tensors) = parse(path, &bytes)?;
    info.check_data(path, splits)?;
    if let Some(reason) = info.contradiction(splits.train.len()) {
        return Err(format_error(path, format!("its position does not fit: it stands at {reason}")));
    }
    if tensors.tensor("training.parameters.layers.0.weight").is_err() {
        let reason = "it is an exported model, without the state that training needs to continue: name a file that \
                      `vardrop train --save` has written";
        return Err(refused(path, reason));
    }
    let mut network = info.skeleton(path, &tensors)?;
    let mut average = network.clone();
    fill(path, &tensors, "training.parameters.", &mut network)?;
    fill(path, &tensors, "training.average.", &mut average)?;
    let moment = |prefix: &str| -> Result<Vec<Vec<f32>>> {
        let mut holder = average.clone();
        fill(path, &tensors, prefix, &mut holder)?;
        Ok(values(&holder).into_iter().map(<[f32]>::to_vec).collect())
    };
    let mut config = info.config.clone();
    let first = moment("training.first_moment.")?;
    let second = match config.optimizer_settings().moments() {
        2 => moment("training.second_moment.")?,
        _ => vec![Vec::new(); first.len()],
    };
    if let Some(epochs) = epochs {
        let constant = config.protocol.constant_epochs == config.protocol.epochs;
        if epochs < info.history.epochs.len() {
            let done = info.history.epochs.len();
            let problem = format!("is fewer than the {done} that {} has done: choose {done} or more", path.display());
            return Err(Error::setting("epochs", epochs, problem));
        }
        if !constant && epochs != config.protocol.epochs {
            let planned = config.protocol.epochs;
            let problem = format!(
                "does not go with a step size that falls towards epoch {planned}, as that of {} does: leave it out, or train anew",
                path.display()
            );
            return Err(Error::setting("epochs", epochs, problem));
        }
        config = config.epochs(epochs);
    }
    let best = if info.history.epochs.is_empty() {
        None
    } else {
        let mut best = info.skeleton(path, &tensors)?;
        fill(path, &tensors, "", &mut best)?;
        Some(best)
    };
    let optimizer = Optimizer::restore(config.optimizer_settings(), info.steps, first, second, average)?;
    let machine = info.machine.then(Machine::here());
    let (history, position) = (info.history, info.position);
    Ok(State { config, network, optimizer, best_network: best, history, position, machine })
}

fn refused(path: &Path, reason: impl ToString) -> Error {
    Error::Format { path: path.to_owned(), expected: EXPECTED, reason: reason.to_string() }
}

/// Of a file that is damaged or of another kind, which only another file makes up for.
fn format_error(path: &Path, reason: impl Display) -> Error {
    refused(path, format!("{reason}; {REMEDY}"))
}

/// The description and the tensors, with every shape checked before anything is allocated after it.
fn parse<'a>(path: &Path, bytes: &'a [u8]) -> Result<(ModelInfo, SafeTensors<'a>)> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| format_error(path, error))?;
    let value = |key: &str| metadata.metadata().as_ref().and_then(|map| map.get(key));
    if value(PRUNED_KEY).is_some() {
        return Err(refused(path, "it is a pruned network, which only `vardrop evaluate` reads"));
    }
    let json = value(MODEL_KEY).ok_or_else(|| format_error(path, format!("its metadata has no key `{MODEL_KEY}`")))?;
    // The format first: the rest of another format may be anything.
    let Version { format } = serde_json::from_str(json).map_err(|error| format_error(path, error))?;
    if format != FORMAT {
        return Err(format_error(path, format!("it has format {format}, and this version reads format {FORMAT}")));
    }
    let mut info: ModelInfo = serde_json::from_str(json).map_err(|error| format_error(path, error))?;
    info.history = History::new(info.config.method, &info.config.protocol, info.history.epochs);
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| format_error(path, error))?;
    let hidden = info.widths.get(1..info.widths.len().saturating_sub(1)).unwrap_or_default();
    if hidden != info.config.hidden {
        let reason = format!("its widths {:?} are not its hidden layers {:?}", info.widths, info.config.hidden);
        return Err(format_error(path, reason));
    }
    for (index, pair) in info.widths.windows(2).enumerate() {
        let name = format!("layers.{index}.weight");
        let tensor = tensors.tensor(&name).map_err(|error| format_error(path, error))?;
        if tensor.shape() != pair {
            return Err(format_error(path, format!("{name} has shape {:?}, expected {pair:?}", tensor.shape())));
        }
    }
    Ok((info, tensors))
}

/// Reads the parameters whose names begin with `prefix` into a network.
fn fill(path: &Path, tensors: &SafeTensors<'_>, prefix: &str, network: &mut Network) -> Result<()> {
    network.fill_learned(tensors, prefix).map_err(|reason| format_error(path, reason))
}
