//! A pruned model in a small file: of each weight that is left its place and its value.

use std::io;
use std::path::Path;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use vardrop::{Error, Result};

use crate::prune::prune;

/// What the file calls the places and the values of a parameter.
const PLACES: &str = ".places";
const VALUES: &str = ".values";

/// Writes the means of a model whose sparse weights with ln α above `threshold` are gone: of every parameter the numbers that are
/// not 0, in single precision, and where they stand. The noise's parameters are left out. Returns the size of the file in bytes.
///
/// [`open_compact`] reads it into a model of ordinary layers, which has the same fields.
///
/// # Errors
/// A file that cannot be written.
///
/// ```
/// use burn::nn::LinearConfig;
/// use burn::tensor::{Device, Tensor};
/// use vardrop_burn::{SparseLinearConfig, open_compact, save_compact};
///
/// let device = Device::default();
/// let sparse = SparseLinearConfig::new(6, 4).with_log_variance(0.0).init(&device);
/// let path = std::env::temp_dir().join(format!("compact-{}.safetensors", std::process::id()));
/// save_compact(sparse.clone(), 3.0, &path)?;
/// let ordinary = open_compact(LinearConfig::new(6, 4).init(&device), &path)?;
/// let input = Tensor::<2>::ones([2, 6], &device);
/// let masked = vardrop_burn::prune(sparse, 3.0).mean(input.clone());
/// assert_eq!(ordinary.forward(input).to_data(), masked.to_data());
/// # std::fs::remove_file(path).ok();
/// # Ok::<(), vardrop::Error>(())
/// ```
pub fn save_compact<M: Module>(model: M, threshold: f64, path: impl AsRef<Path>) -> Result<u64> {
    let path = path.as_ref();
    let mut written = Written::default();
    prune(model, threshold).visit(&mut written);
    let arrays = &written.arrays;
    let views = arrays.iter().map(|(name, dtype, shape, bytes)| {
        let view = TensorView::new(*dtype, shape.clone(), bytes).expect("as many bytes as the shape says");
        (name.as_str(), view)
    });
    let failed = |source: io::Error| Error::Io { action: "write", path: path.to_owned(), source };
    let bytes = safetensors::serialize(views, None).map_err(|error| failed(io::Error::other(error)))?;
    std::fs::write(path, &bytes).map_err(failed)?;
    Ok(bytes.len() as u64)
}

/// A model of ordinary layers, with the numbers that [`save_compact`] has written and zeros elsewhere.
///
/// # Errors
/// A file that cannot be read, or that is no such file; a parameter of the model that the file has not, or whose places do not fit.
pub fn open_compact<M: Module>(model: M, path: impl AsRef<Path>) -> Result<M> {
    let path = path.as_ref();
    let bytes = std::fs::read(path).map_err(|source| Error::Io { action: "read", path: path.to_owned(), source })?;
    let wrong = |reason: String| Error::Format { path: path.to_owned(), expected: "a compact model", reason };
    let file = SafeTensors::deserialize(&bytes).map_err(|error| wrong(error.to_string()))?;
    let mut read = Read { file: &file, path: Vec::new(), wrong: None };
    let model = model.map(&mut read);
    match read.wrong {
        Some(reason) => Err(wrong(reason)),
        None => Ok(model),
    }
}

/// Name, type, shape and bytes of an array.
type Array = (String, Dtype, Vec<usize>, Vec<u8>);

#[derive(Default)]
struct Written {
    path: Vec<String>,
    arrays: Vec<Array>,
}

/// The names of fields, without those of the containers of noise.
fn name(path: &[String]) -> String {
    path.join(".")
}

impl ModuleVisitor for Written {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }
    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        // The noise's parameters: what an ordinary layer has not.
        if self.path.iter().any(|name| matches!(name.as_str(), "posterior" | "rates")) {
            return;
        }
        let values: Vec<f32> = param.val().into_data().iter::<f32>().collect();
        let kept: Vec<usize> = (0..values.len()).filter(|&place| values[place] != 0.0).collect();
        let places = kept.iter().flat_map(|&place| (place as u32).to_le_bytes()).collect();
        let numbers = kept.iter().flat_map(|&place| values[place].to_le_bytes()).collect();
        let (name, count) = (name(&self.path), vec![kept.len()]);
        self.arrays.push((format!("{name}{PLACES}"), Dtype::U32, count.clone(), places));
        self.arrays.push((format!("{name}{VALUES}"), Dtype::F32, count, numbers));
    }
}

struct Read<'a> {
    file: &'a SafeTensors<'a>,
    path: Vec<String>,
    wrong: Option<String>,
}

impl Read<'_> {
    /// All numbers of a parameter of so many.
    fn values(&self, count: usize) -> Result<Vec<f32>, String> {
        let name = name(&self.path);
        let array = |suffix: &str, dtype: Dtype| {
            let tensor = self.file.tensor(&format!("{name}{suffix}")).map_err(|error| error.to_string())?;
            if tensor.dtype() != dtype {
                return Err(format!("{name}{suffix} is {:?}: expected {dtype:?}", tensor.dtype()));
            }
            Ok(tensor.data().as_chunks::<4>().0)
        };
        let (places, numbers) = (array(PLACES, Dtype::U32)?, array(VALUES, Dtype::F32)?);
        if places.len() != numbers.len() {
            return Err(format!("{name} has {} places for {} values", places.len(), numbers.len()));
        }
        let mut values = vec![0.0; count];
        for (&place, &number) in places.iter().zip(numbers) {
            let place = u32::from_le_bytes(place) as usize;
            let Some(value) = values.get_mut(place) else {
                return Err(format!("{name} has a value at place {place}: expected one below {count}"));
            };
            *value = f32::from_le_bytes(number);
        }
        Ok(values)
    }
}

impl ModuleMapper for Read<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }
    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let shape = param.val().shape();
        match self.values(shape.num_elements()) {
            Ok(values) => param.map(|old| {
                let tracked = old.is_require_grad();
                let new = Tensor::from_data(TensorData::new(values, shape), (&old.device(), old.dtype()));
                if tracked { new.require_grad() } else { new }
            }),
            Err(reason) => {
                self.wrong.get_or_insert(reason);
                param
            }
        }
    }
}
