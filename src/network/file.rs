//! Networks in files: safetensors, with the description of the network as metadata and every array as a tensor.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Display;
use std::path::Path;

use safetensors::{Dtype, SafeTensors, View};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Network;
use crate::error::{Error, Result};
use crate::files::{self, Kind, NETWORK_KEY, Output};
use crate::json::to_json;
use crate::real::Real;

const EXPECTED: &str = "a network that Vardrop saved";

/// An array as safetensors writes it.
pub(crate) struct Values<'a, T> {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: &'a [T],
}

/// The type of a number in safetensors.
fn dtype<T: Real>() -> Dtype {
    if size_of::<T>() == 4 { Dtype::F32 } else { Dtype::F64 }
}

impl<T: Real> View for Values<'_, T> {
    fn dtype(&self) -> Dtype {
        dtype::<T>()
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        let mut bytes = Vec::with_capacity(self.data_len());
        self.values.iter().for_each(|x| x.write(&mut bytes));
        bytes.into()
    }
    fn data_len(&self) -> usize {
        size_of_val(self.values)
    }
}

/// Reads tensors into arrays of these names and shapes.
///
/// # Errors
/// What is wrong with a tensor.
fn fill<'a, T: Real>(
    tensors: &SafeTensors<'_>,
    arrays: impl Iterator<Item = (String, Vec<usize>, &'a mut [T])>,
) -> Result<(), String> {
    for (name, shape, values) in arrays {
        let tensor = tensors.tensor(&name).map_err(|error| error.to_string())?;
        if tensor.shape() != shape || tensor.dtype() != dtype::<T>() {
            let found = format!("{name} is {:?} of shape {:?}", tensor.dtype(), tensor.shape());
            return Err(format!("{found}, expected {:?} of shape {shape:?}", dtype::<T>()));
        }
        for (value, bytes) in values.iter_mut().zip(tensor.data().chunks_exact(size_of::<T>())) {
            *value = T::read(bytes);
        }
        if !values.iter().all(|x| x.is_finite()) {
            return Err(format!("{name} holds a number that is not finite"));
        }
    }
    Ok(())
}

impl<T: Real + Serialize + DeserializeOwned> Network<T> {
    /// Writes the network, replacing a file that is there, whole or not at all: any network, with its noise, activations and
    /// likelihood, in its own precision.
    ///
    /// ```
    /// use vardrop::Network;
    /// use vardrop::layers::{Activation, GaussianOutput};
    ///
    /// let network: Network = Network::builder(4)
    ///     .dense(8, Activation::Tanh).noise(GaussianOutput::learned(0.5))
    ///     .dense(3, Activation::Identity)
    ///     .build(1)?;
    /// let path = std::env::temp_dir().join(format!("network-{}.safetensors", std::process::id()));
    /// network.save(&path)?;
    /// assert_eq!(Network::open(&path)?, network);
    /// # std::fs::remove_file(path).ok();
    /// # Ok::<(), vardrop::Error>(())
    /// ```
    ///
    /// # Errors
    /// A network that does not pass [`Self::check`], or that holds a number that is not finite; a file that cannot be written, or
    /// that holds something else. An older file then stays as it was.
    pub fn save(&self, to: impl Into<Output>) -> Result<()> {
        let to = to.into();
        self.check()?;
        let unwritten = |reason: String| {
            Error::io("write", to.path())(std::io::Error::new(std::io::ErrorKind::InvalidData, reason))
        };
        let tensors: Vec<(String, Values<'_, T>)> =
            self.arrays().into_iter().map(|(name, shape, values)| (name, Values { shape, values })).collect();
        if let Some((name, _)) = tensors.iter().find(|(_, array)| !array.values.iter().all(|x| x.is_finite())) {
            return Err(unwritten(format!("{name} holds a number that is not finite")));
        }
        let json = to_json(self).map_err(|error| unwritten(error.to_string()))?;
        let metadata = HashMap::from([(NETWORK_KEY.to_owned(), json)]);
        to.replace(Kind::Network, |temporary| {
            safetensors::serialize_to_file(tensors, Some(metadata), temporary).map_err(std::io::Error::other)
        })
    }

    /// Reads a network that [`Self::save`] wrote. (A model of `vardrop train` is opened by
    /// [`Model::open`](crate::training::Model::open), which has more to say.)
    ///
    /// # Errors
    /// A file that cannot be read, or that is no such network: nothing in it is believed before it is checked.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = files::read_model(path)?;
        parse(&bytes).map_err(|reason| {
            let reason = format!("{reason}; name a file that Network::save has written");
            Error::Format { path: path.to_owned(), expected: EXPECTED, reason }
        })
    }
}

impl<T: Real> Network<T> {
    /// Every array, learned or not, as (name, shape, values).
    pub(crate) fn arrays(&self) -> Vec<(String, Vec<usize>, &[T])> {
        let mut all = Vec::new();
        let shapes = self.parameter_shapes();
        all.extend(self.parameters().into_iter().zip(shapes).map(|((name, values), shape)| (name, shape, values)));
        all.extend(self.fixed_arrays());
        all
    }

    /// The arrays that training leaves as they are: fixed rates.
    pub(crate) fn fixed_arrays(&self) -> Vec<(String, Vec<usize>, &[T])> {
        let layers = self.layers.iter().enumerate();
        layers
            .filter_map(|(index, layer)| {
                let kind = layer.noise.kind();
                let array = kind.array().filter(|_| !kind.is_learned())?;
                let name = format!("layers.{index}.{}", kind.array_name());
                Some((name, array.shape().to_vec(), array.as_slice()?))
            })
            .collect()
    }

    /// Reads the fixed arrays from tensors.
    pub(crate) fn fill_fixed(&mut self, tensors: &SafeTensors<'_>) -> Result<(), String> {
        let names: Vec<_> = self.fixed_arrays().into_iter().map(|(name, shape, _)| (name, shape)).collect();
        let arrays = self.layers.iter_mut().filter_map(|layer| {
            let kind = layer.noise.kind_mut().filter(|kind| !kind.is_learned())?;
            kind.array_mut()?.as_slice_mut()
        });
        fill(tensors, names.into_iter().zip(arrays).map(|((name, shape), values)| (name, shape, values)))
    }

    /// Reads the learned arrays from tensors whose names begin with `prefix`.
    pub(crate) fn fill_learned(&mut self, tensors: &SafeTensors<'_>, prefix: &str) -> Result<(), String> {
        let names: Vec<_> = self.parameters().into_iter().map(|(name, _)| format!("{prefix}{name}")).collect();
        let arrays = names.into_iter().zip(self.parameter_shapes()).zip(self.parameters_mut());
        fill(tensors, arrays.map(|((name, shape), values)| (name, shape, values)))
    }
}

fn parse<T: Real + DeserializeOwned>(bytes: &[u8]) -> Result<Network<T>, String> {
    fn text(error: impl Display) -> String {
        error.to_string()
    }
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(text)?;
    let json = metadata.metadata().as_ref().and_then(|map| map.get(NETWORK_KEY));
    let json = json.ok_or_else(|| format!("its metadata has no key `{NETWORK_KEY}`"))?;
    let mut network: Network<T> = serde_json::from_str(json).map_err(text)?;
    network.check().map_err(text)?;
    let tensors = SafeTensors::deserialize(bytes).map_err(text)?;
    network.fill_learned(&tensors, "")?;
    network.fill_fixed(&tensors)?;
    network.layers.iter().try_for_each(|layer| layer.check_learned()).map_err(text)?;
    Ok(network)
}
