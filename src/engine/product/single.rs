//! Views and slices of a precision that is single, as what they are.

use std::any::TypeId;

use ndarray::{ArrayView2, ArrayViewMut2};

use crate::Real;

pub(in crate::engine) fn is_single<T: Real>() -> bool {
    TypeId::of::<T>() == TypeId::of::<f32>()
}

/// The same view, of numbers that are of single precision.
///
/// # Panics
/// Where they are not.
pub(in crate::engine) fn single<T: Real>(view: ArrayView2<'_, T>) -> ArrayView2<'_, f32> {
    assert!(is_single::<T>(), "panels are of single precision");
    // SAFETY: T is f32, so that both are one type.
    unsafe { std::mem::transmute_copy(&view) }
}

/// [`single`], to change.
pub(in crate::engine) fn single_mut<T: Real>(view: ArrayViewMut2<'_, T>) -> ArrayViewMut2<'_, f32> {
    assert!(is_single::<T>(), "panels are of single precision");
    // SAFETY: T is f32, so that both are one type; `view` is not used any more.
    unsafe { std::mem::transmute_copy(&view) }
}

/// [`single`] for a slice.
pub(in crate::engine) fn single_slice<T: Real>(values: &[T]) -> &[f32] {
    assert!(is_single::<T>(), "panels are of single precision");
    // SAFETY: T is f32.
    unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), values.len()) }
}

/// [`single_slice`], to change.
pub(in crate::engine) fn single_slice_mut<T: Real>(values: &mut [T]) -> &mut [f32] {
    assert!(is_single::<T>(), "panels are of single precision");
    // SAFETY: T is f32.
    unsafe { std::slice::from_raw_parts_mut(values.as_mut_ptr().cast(), values.len()) }
}
