//! Pruned networks in safetensors: `inputs`, and for each layer `layers.N.starts`, `layers.N.columns`, `layers.N.values` and
//! `layers.N.bias`. Positions take two bytes, so that a weight takes six in all.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::Path;

use safetensors::{Dtype, SafeTensors, View};
use serde::{Deserialize, Serialize};

use super::SparseNetwork;
use super::network::SparseLayer;
use crate::data::csv::Recipe;
use crate::data::{Digest, Identity};
use crate::error::{Error, Result};
use crate::files::{self, Kind, Output, PRUNED_KEY};
use crate::json::to_json;
use crate::layers::Activation;
use crate::likelihood::Likelihood;
use crate::network::check_widths;
use crate::training::Config;

const FORMAT: u32 = 1;
const EXPECTED: &str = "a pruned vardrop model";

/// What the file of a pruned network says of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SparseInfo {
    format: u32,
    /// The settings of the network's training, before it was pruned.
    pub config: Config,
    /// The data that it was trained on.
    pub dataset: String,
    /// The digest of the data's content; `None` in what version 0.1 wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset_digest: Option<Digest>,
    /// How the table that it was trained on was read; `None` of other data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<Recipe>,
    /// Number of examples trained on.
    pub train_examples: usize,
    /// The threshold on ln α.
    pub threshold: f64,
    /// Epochs of training after pruning.
    pub fine_tuned_epochs: usize,
    widths: Vec<usize>,
    kept: Vec<usize>,
    /// Each layer's; files of version 0.1 have rectifiers between the layers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    activations: Vec<Activation>,
    #[serde(default, skip_serializing_if = "Likelihood::is_categorical")]
    likelihood: Likelihood,
}

/// A pruned network and where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct SparseModel {
    /// Where it comes from.
    pub info: SparseInfo,
    /// The network.
    pub network: SparseNetwork,
}

impl SparseInfo {
    /// The data that the network was trained on.
    pub fn data(&self) -> Identity<'_> {
        Identity { dataset: &self.dataset, dataset_digest: self.dataset_digest }
    }
}

impl SparseModel {
    /// A pruned network of a model that was trained on `train_examples` examples of `data`, as `config` says.
    pub fn new(
        network: SparseNetwork,
        config: &Config,
        data: Identity<'_>,
        train_examples: usize,
        threshold: f64,
        fine_tuned_epochs: usize,
    ) -> Self {
        let info = SparseInfo {
            format: FORMAT,
            config: config.clone(),
            dataset: data.dataset.to_owned(),
            dataset_digest: data.dataset_digest,
            recipe: None,
            train_examples,
            threshold,
            fine_tuned_epochs,
            widths: network.widths.clone(),
            kept: network.kept.clone(),
            activations: network.layers.iter().map(|layer| layer.activation).collect(),
            likelihood: network.likelihood.clone(),
        };
        Self { info, network }
    }

    /// The same with how the table was read that the network was trained on.
    #[must_use]
    pub fn with_recipe(mut self, recipe: Option<Recipe>) -> Self {
        self.info.recipe = recipe;
        self
    }

    /// Whether a file is a pruned network, as far as its metadata says.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn is_one(path: impl AsRef<Path>) -> Result<bool> {
        let path = path.as_ref();
        let bytes = files::read_model(path)?;
        let metadata = SafeTensors::read_metadata(&bytes).ok().and_then(|(_, metadata)| metadata.metadata().clone());
        Ok(metadata.is_some_and(|map| map.contains_key(PRUNED_KEY)))
    }

    /// Writes it. A file that is there is replaced whole, or stays.
    ///
    /// # Errors
    /// Where the file cannot be written, or would hold a number that is not finite, or another kind of file is there; an older one
    /// then stays as it was.
    pub fn save(&self, to: impl Into<Output>) -> Result<()> {
        let to = to.into();
        let unwritten =
            |reason: String| Error::io("write", to.path())(std::io::Error::new(ErrorKind::InvalidData, reason));
        if let Some(index) = self.network.layers.iter().position(|layer| !layer.is_finite()) {
            return Err(unwritten(format!("layer {index} holds a number that is not finite")));
        }
        let json = to_json(&self.info).map_err(|error| unwritten(error.to_string()))?;
        let tensors = self.tensors();
        to.replace(Kind::Pruned, |temporary| {
            let tensors = tensors.iter().map(|(name, numbers)| (name, numbers));
            safetensors::serialize_to_file(tensors, Some(metadata(json)), temporary).map_err(std::io::Error::other)
        })
    }

    /// The size of its file.
    pub(super) fn file_bytes(&self) -> u64 {
        let tensors = self.tensors();
        // A description that cannot be written makes no file.
        let metadata = metadata(to_json(&self.info).unwrap_or_default());
        let bytes = safetensors::serialize(tensors.iter().map(|(name, numbers)| (name, numbers)), Some(metadata));
        bytes.expect("a row of numbers is as long as it says").len() as u64
    }

    fn tensors(&self) -> Vec<(String, Numbers)> {
        let mut tensors = vec![("inputs".to_owned(), numbers(&self.network.inputs))];
        for (index, layer) in self.network.layers.iter().enumerate() {
            tensors.extend([
                (format!("layers.{index}.starts"), numbers(&layer.starts)),
                (format!("layers.{index}.columns"), numbers(&layer.columns)),
                (format!("layers.{index}.values"), numbers(&layer.values)),
                (format!("layers.{index}.bias"), numbers(&layer.bias)),
            ]);
        }
        tensors
    }

    /// Reads what [`Self::save`] wrote.
    ///
    /// # Errors
    /// A file that cannot be read, or is no pruned network: nothing in it is believed before it is checked.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = files::read_model(path)?;
        parse(&bytes).map_err(|reason| {
            let reason = format!("{reason}; name a file that `vardrop prune` has written, or prune the model again");
            Error::Format { path: path.to_owned(), expected: EXPECTED, reason }
        })
    }
}

fn metadata(json: String) -> HashMap<String, String> {
    HashMap::from([(PRUNED_KEY.to_owned(), json)])
}

/// The one key that every format has.
#[derive(Deserialize)]
struct Version {
    format: u32,
}

fn parse(bytes: &[u8]) -> Result<SparseModel, String> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| error.to_string())?;
    let json = metadata.metadata().as_ref().and_then(|map| map.get(PRUNED_KEY));
    let json = json.ok_or_else(|| format!("its metadata has no key `{PRUNED_KEY}`"))?;
    let Version { format } = serde_json::from_str(json).map_err(|error| error.to_string())?;
    if format != FORMAT {
        return Err(format!("it has format {format}, and this version reads format {FORMAT}"));
    }
    let info: SparseInfo = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    check_widths(&info.widths).map_err(|error| error.to_string())?;
    let sizes: Vec<usize> = info.widths.windows(2).map(|pair| pair[0] * pair[1]).collect();
    if info.kept.len() != sizes.len() || info.kept.iter().zip(&sizes).any(|(kept, size)| kept > size) {
        return Err(format!("it keeps {:?} weights of layers of widths {:?}", info.kept, info.widths));
    }
    let between = |index| if index + 1 < sizes.len() { Activation::Relu } else { Activation::Identity };
    let activations: Vec<Activation> =
        if info.activations.is_empty() { (0..sizes.len()).map(between).collect() } else { info.activations.clone() };
    if activations.len() != sizes.len() {
        return Err(format!("it has {} activations of {} layers", activations.len(), sizes.len()));
    }
    info.likelihood.check(info.widths[sizes.len()]).map_err(|error| error.to_string())?;
    let inputs: Vec<u16> = read(&tensors, "inputs")?;
    if let Some(input) = inputs.iter().find(|&&input| usize::from(input) >= info.widths[0]) {
        return Err(format!("inputs holds {input}, expected numbers below {}", info.widths[0]));
    }
    let mut layers = Vec::new();
    let mut units = inputs.len();
    for (index, &activation) in activations.iter().enumerate() {
        let name = |part: &str| format!("layers.{index}.{part}");
        let layer = SparseLayer {
            starts: read(&tensors, &name("starts"))?,
            columns: read(&tensors, &name("columns"))?,
            values: read(&tensors, &name("values"))?,
            bias: read(&tensors, &name("bias"))?,
            activation,
        };
        let ends = layer.starts.first().zip(layer.starts.last());
        let in_order =
            layer.starts.is_sorted() && ends.is_some_and(|(&a, &b)| a == 0 && b as usize == layer.values.len());
        let fits = layer.starts.len() == layer.bias.len() + 1 && layer.columns.len() == layer.values.len();
        if !(in_order && fits && layer.bias.len() <= info.widths[index + 1]) {
            return Err(format!("the parts of layer {index} do not fit together"));
        }
        if let Some(column) = layer.columns.iter().find(|&&column| usize::from(column) >= units) {
            return Err(format!("{} holds {column}, expected numbers below {units}", name("columns")));
        }
        if !layer.is_finite() {
            return Err(format!("layer {index} holds a number that is not finite"));
        }
        units = layer.bias.len();
        layers.push(layer);
    }
    if units != info.widths[info.kept.len()] {
        return Err(format!("it has {units} outputs, expected {}", info.widths[info.kept.len()]));
    }
    let (widths, kept, likelihood) = (info.widths.clone(), info.kept.clone(), info.likelihood.clone());
    let network = SparseNetwork { widths, kept, inputs, layers, likelihood };
    Ok(SparseModel { info, network })
}

/// A row of numbers as safetensors writes it.
struct Numbers {
    dtype: Dtype,
    length: [usize; 1],
    bytes: Vec<u8>,
}

impl View for &Numbers {
    fn dtype(&self) -> Dtype {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        &self.length
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }
    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// A number in a file: least significant byte first.
trait Number: Sized {
    const DTYPE: Dtype;

    fn read(bytes: &[u8]) -> Self;

    fn write(&self, out: &mut Vec<u8>);
}

macro_rules! number {
    ($($kind:ty, $dtype:ident);*) => { $(
        impl Number for $kind {
            const DTYPE: Dtype = Dtype::$dtype;

            fn read(bytes: &[u8]) -> Self {
                Self::from_le_bytes(bytes.try_into().expect("as many bytes as the type has"))
            }
            fn write(&self, out: &mut Vec<u8>) {
                out.extend(self.to_le_bytes());
            }
        }
    )* };
}
number!(u16, U16; u32, U32; f32, F32);

fn numbers<N: Number>(values: &[N]) -> Numbers {
    let mut bytes = Vec::with_capacity(size_of_val(values));
    values.iter().for_each(|value| value.write(&mut bytes));
    Numbers { dtype: N::DTYPE, length: [values.len()], bytes }
}

fn read<N: Number>(tensors: &SafeTensors<'_>, name: &str) -> Result<Vec<N>, String> {
    let tensor = tensors.tensor(name).map_err(|error| error.to_string())?;
    if tensor.dtype() != N::DTYPE || tensor.shape().len() != 1 {
        let found = format!("{name} is {:?} of shape {:?}", tensor.dtype(), tensor.shape());
        return Err(format!("{found}, expected a row of {:?}", N::DTYPE));
    }
    Ok(tensor.data().chunks_exact(size_of::<N>()).map(N::read).collect())
}
