//! Arrays in a network's description: their shapes alone. What is in them stands beside it, in tensors.

use ndarray::{Array, Dimension, IntoDimension};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::MOST_WEIGHTS;
use crate::Real;

/// The shape, as a list.
pub(crate) fn serialize<S: Serializer, T, D: Dimension>(array: &Array<T, D>, serializer: S) -> Result<S::Ok, S::Error> {
    array.shape().serialize(serializer)
}

/// Zeros of the shape.
pub(crate) fn deserialize<'de, De: Deserializer<'de>, T: Real, D: Dimension>(
    deserializer: De,
) -> Result<Array<T, D>, De::Error> {
    let shape = Vec::<usize>::deserialize(deserializer)?;
    let numbers = shape.iter().try_fold(1, |product: usize, &side| product.checked_mul(side));
    if numbers.is_none_or(|numbers| numbers > MOST_WEIGHTS) {
        return Err(De::Error::custom(format!("shape {shape:?}: expected at most {MOST_WEIGHTS} numbers")));
    }
    let wrong = || De::Error::custom(format!("shape {shape:?}: expected {:?} dimensions", D::NDIM));
    let zeros = ndarray::ArrayD::<T>::zeros(shape.clone().into_dimension());
    zeros.into_dimensionality::<D>().map_err(|_| wrong())
}
