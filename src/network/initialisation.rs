//! How weights start.

use std::fmt;
use std::str::FromStr;

use ndarray::{Array1, Array2, ArrayView1, Axis};
use rand_distr::{Distribution, StandardNormal, StandardUniform};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::noise::NoiseSource;

/// How weights and biases start. As text: `unit-columns`, `uniform` or `orthogonal`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Initialisation {
    /// Columns of standard normal draws, centred, scaled to unit norm, and biases of 0: what the paper's authors' code did. It is for
    /// many inputs: of two it leaves one direction.
    #[default]
    UnitColumns,
    /// Weights and biases uniform between ±1/√(inputs), which is usual for any width and activation (LeCun et al. 1998; PyTorch's
    /// default).
    Uniform,
    /// Orthonormal columns (rows where there are more columns than rows) of a QR decomposition of standard normal draws
    /// (Saxe, McClelland & Ganguli 2014). It needs the feature `blas`: LAPACK decomposes.
    Orthogonal,
}

impl Initialisation {
    /// Whether it is the paper's.
    pub(crate) fn is_unit_columns(&self) -> bool {
        *self == Self::UnitColumns
    }
}

impl fmt::Display for Initialisation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::UnitColumns => "unit-columns",
            Self::Uniform => "uniform",
            Self::Orthogonal => "orthogonal",
        })
    }
}

impl FromStr for Initialisation {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        [Self::UnitColumns, Self::Uniform, Self::Orthogonal]
            .into_iter()
            .find(|kind| kind.to_string() == text)
            .ok_or_else(|| {
                Error::argument("initialisation", format!("{text:?}"), "unit-columns, uniform or orthogonal")
            })
    }
}

/// Weights of shape (inputs, outputs) and biases, in double precision, so that both precisions start from the same network.
pub(super) fn initial_parameters(
    kind: Initialisation,
    inputs: usize,
    outputs: usize,
    source: NoiseSource,
) -> Result<(Array2<f64>, Array1<f64>)> {
    if kind == Initialisation::Uniform {
        let mut generator = source.generator();
        let bound = 1.0 / (inputs as f64).sqrt();
        let mut draw = || {
            let uniform: f64 = StandardUniform.sample(&mut generator);
            bound * (2.0 * uniform - 1.0)
        };
        let weight = Array2::from_shape_simple_fn((inputs, outputs), &mut draw);
        return Ok((weight, Array1::from_shape_simple_fn(outputs, draw)));
    }
    Ok((initial_weight(kind, inputs, outputs, source)?, Array1::zeros(outputs)))
}

fn initial_weight(kind: Initialisation, inputs: usize, outputs: usize, source: NoiseSource) -> Result<Array2<f64>> {
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
        Initialisation::Uniform | Initialisation::Orthogonal => {
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
    let expected = "unit-columns: orthogonal needs LAPACK, which comes with the crate's feature `openblas` or `blas`";
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

    #[test]
    fn uniform_weights_and_biases_fill_their_range() {
        let (weight, bias) = initial_parameters(Initialisation::Uniform, 16, 500, NoiseSource::new(1, 0)).unwrap();
        for values in [weight.iter().copied().collect::<Vec<_>>(), bias.to_vec()] {
            let n = values.len() as f64;
            assert!(values.iter().all(|x| x.abs() <= 0.25));
            let (mean, square) = (values.iter().sum::<f64>() / n, values.iter().map(|x| x * x).sum::<f64>() / n);
            assert!(mean.abs() < 5.0 * 0.25 / (3.0 * n).sqrt() && (square * 48.0 - 1.0).abs() < 5.0 / n.sqrt());
        }
        for kind in [Initialisation::UnitColumns, Initialisation::Uniform, Initialisation::Orthogonal] {
            assert_eq!(kind.to_string().parse::<Initialisation>().unwrap(), kind);
        }
        assert!("he".parse::<Initialisation>().unwrap_err().to_string().contains("uniform"));
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
