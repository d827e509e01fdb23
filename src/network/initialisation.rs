//! How weights start.

use ndarray::{Array2, ArrayView1, Axis};
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::noise::NoiseSource;

/// How weights start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Initialisation {
    /// Columns of standard normal draws, centred, scaled to unit norm: what the paper's authors' code did.
    #[default]
    UnitColumns,
    /// Orthonormal columns (rows where there are more columns than rows) of a QR decomposition of standard normal draws
    /// (Saxe, McClelland & Ganguli 2014). It needs the feature `blas`: LAPACK decomposes.
    Orthogonal,
}

/// Weights of shape (inputs, outputs) in double precision, so that both precisions start from the same network.
pub(super) fn initial_weight(
    kind: Initialisation,
    inputs: usize,
    outputs: usize,
    source: NoiseSource,
) -> Result<Array2<f64>> {
    let mut generator = source.generator();
    let mut draw = |shape| Array2::from_shape_simple_fn(shape, || StandardNormal.sample(&mut generator));
    match kind {
        Initialisation::UnitColumns => {
            let mut weight: Array2<f64> = draw((inputs, outputs));
            for mut column in weight.axis_iter_mut(Axis(1)) {
                // One input cannot be centred: nothing would be left of it.
                if inputs > 1 {
                    let mean = column.mean().unwrap_or(0.0);
                    column -= mean;
                }
                let norm = norm(column.view());
                column /= norm;
            }
            Ok(weight)
        }
        Initialisation::Orthogonal => {
            let q = orthonormal_columns(&draw((inputs.max(outputs), inputs.min(outputs))))?;
            let weight = if inputs >= outputs { q } else { q.reversed_axes() };
            Ok(weight.as_standard_layout().into_owned())
        }
    }
}

/// Q of a Gaussian matrix's decomposition QR, uniform over the matrices with orthonormal columns.
#[cfg(feature = "blas")]
fn orthonormal_columns(gaussian: &Array2<f64>) -> Result<Array2<f64>> {
    let (mut q, r) = ndarray_linalg::QR::qr(gaussian).map_err(|error| {
        Error::argument("initialisation", "orthogonal", format!("a matrix that LAPACK decomposes ({error})"))
    })?;
    // The sign that makes Q uniform (Mezzadri 2007).
    for (mut column, &diagonal) in q.axis_iter_mut(Axis(1)).zip(r.diag()) {
        column *= diagonal.signum();
    }
    Ok(q)
}

#[cfg(not(feature = "blas"))]
fn orthonormal_columns(_gaussian: &Array2<f64>) -> Result<Array2<f64>> {
    let expected =
        "unit-columns: LAPACK, which the other one needs, comes with the crate's feature `openblas` or `blas`";
    Err(Error::argument("initialisation", "orthogonal", expected))
}

fn norm(vector: ArrayView1<'_, f64>) -> f64 {
    vector.dot(&vector).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unit_columns_are_centred_and_of_unit_norm() {
        let weight = initial_weight(Initialisation::UnitColumns, 50, 20, NoiseSource::new(1, 0)).unwrap();
        for column in weight.axis_iter(Axis(1)) {
            assert!(column.mean().unwrap().abs() < 1e-12 && (norm(column) - 1.0).abs() < 1e-12);
        }
    }

    #[cfg(feature = "blas")]
    #[test]
    fn orthogonal_weights_are_orthonormal_both_ways() {
        for (inputs, outputs) in [(30, 20), (20, 30), (25, 25)] {
            let w = initial_weight(Initialisation::Orthogonal, inputs, outputs, NoiseSource::new(3, 0)).unwrap();
            assert_eq!(w.dim(), (inputs, outputs));
            let gram = if inputs >= outputs { w.t().dot(&w) } else { w.dot(&w.t()) };
            let error = (gram - Array2::<f64>::eye(inputs.min(outputs))).iter().fold(0.0, |a: f64, x| a.max(x.abs()));
            assert!(error < 1e-12, "{error}");
        }
    }
}
