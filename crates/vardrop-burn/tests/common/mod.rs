//! What several tests need.

#![allow(dead_code)]

use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::tensor::{DType, Device, Tensor, TensorData};
use vardrop::Real;
use vardrop::ndarray::{Array1, Array2};
use vardrop::noise::NoiseSource;

/// The device under test, with autodiff.
pub fn training() -> Device {
    Device::default().autodiff()
}

/// Seeds the device. Burn's generators belong to the process: until the guard is dropped, no other test of the file that asks for one
/// draws from them.
pub fn seeded(device: &Device, seed: u64) -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    // A test that failed left nothing behind that matters.
    let guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    device.seed(seed);
    guard
}

/// The precision of `T`.
pub fn dtype<T>() -> DType {
    if size_of::<T>() == 4 { DType::F32 } else { DType::F64 }
}

/// Whether the device computes in `T`: graphics processors often have no double precision, and Vulkan has no exponential of it. Says so
/// where it does not.
pub fn supports<T>() -> bool {
    let device = Device::default();
    let tolerance = if dtype::<T>() == DType::F32 { 1e-6 } else { 1e-12 };
    let is_right = |value: f64| (value - 1.0).abs() < tolerance;
    let there_and_back =
        || Tensor::<1>::ones([1], (&device, dtype::<T>())).exp().log().into_data().iter::<f64>().all(is_right);
    let supports = device.supports_dtype(dtype::<T>()) && there_and_back();
    if !supports {
        // Not `eprintln!`, which the test harness keeps to itself.
        let _ = writeln!(std::io::stderr(), "not tested: {:?} on this device", dtype::<T>());
    }
    supports
}

/// Numbers as a tensor of `T`'s precision.
pub fn tensor<T: Real, const D: usize>(values: &[T], shape: [usize; D], device: &Device) -> Tensor<D> {
    let values: Vec<f64> = values.iter().map(|x| x.f64()).collect();
    Tensor::from_data(TensorData::new(values, shape).convert_dtype(dtype::<T>()), (device, dtype::<T>()))
}

/// A matrix as a tensor.
pub fn of_matrix<T: Real>(array: &Array2<T>, device: &Device) -> Tensor<2> {
    tensor(&array.iter().copied().collect::<Vec<_>>(), [array.nrows(), array.ncols()], device)
}

/// A row of numbers as a tensor.
pub fn of_vector<T: Real>(array: &Array1<T>, device: &Device) -> Tensor<1> {
    tensor(&array.iter().copied().collect::<Vec<_>>(), [array.len()], device)
}

/// Standard normal numbers, the same in each run, in another stream for each `stream`.
pub fn normal<T: Real>(stream: usize, shape: (usize, usize)) -> Array2<T> {
    let mut row = vec![T::zero(); shape.0 * shape.1];
    T::fill_standard_normal(NoiseSource::new(7, 0).row(0, stream), &mut row);
    Array2::from_shape_vec(shape, row).unwrap()
}

/// Whether a tensor's numbers agree with those expected to `tolerance`, relative where they are above 1.
#[track_caller]
pub fn assert_close<const D: usize>(
    ours: Tensor<D>,
    expected: impl IntoIterator<Item = f64>,
    tolerance: f64,
    what: &str,
) {
    assert_numbers(&numbers(ours), expected, tolerance, what);
}

/// The same of a row of numbers.
#[track_caller]
pub fn assert_numbers(ours: &[f64], expected: impl IntoIterator<Item = f64>, tolerance: f64, what: &str) {
    let expected: Vec<f64> = expected.into_iter().collect();
    assert_eq!(ours.len(), expected.len(), "{what}: numbers");
    for (index, (a, b)) in ours.iter().zip(&expected).enumerate() {
        assert!((a - b).abs() <= tolerance * b.abs().max(1.0), "{what}[{index}]: {a}, expected {b}");
    }
}

/// The numbers of a tensor.
pub fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}
