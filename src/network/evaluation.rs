//! How well a network does on examples with targets: loss and error of its predictions.

use ndarray::{Array2, ArrayView2, Axis};

use crate::Real;
use crate::data::{Batch, Target, batch};
use crate::error::{Error, Result};
use crate::likelihood::Likelihood;

/// How well a network does on examples with targets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evaluation {
    /// Mean negative log-likelihood in nats per example: of classes, the cross-entropy.
    pub cross_entropy: f64,
    /// Of classes, the percentage of examples whose most probable class is not their label. Of real targets, the percentage of
    /// their variance that the predicted means leave, 100·(1 − R²).
    pub error_percent: f64,
    /// Root mean square error of the predicted means, in the units of the targets; `None` for classes.
    pub rmse: Option<f64>,
}

/// Loss and error of predictions, as an engine makes them, of targets that have been checked.
pub(crate) fn evaluate<T: Real>(
    likelihood: &Likelihood<T>,
    predictions: Array2<T>,
    batch: &impl Batch<T>,
) -> Result<Evaluation> {
    if likelihood.is_categorical() {
        score(predictions.view(), batch)
    } else {
        Ok(score_values(likelihood, predictions, batch))
    }
}

/// Loss and error of predictions of real targets.
fn score_values<T: Real>(likelihood: &Likelihood<T>, mut outputs: Array2<T>, batch: &impl Batch<T>) -> Evaluation {
    let (means, _) = likelihood.moments(outputs.view()).expect("the likelihood is Gaussian");
    let targets = Array2::from_shape_fn(means.dim(), |(example, target)| match batch.target(example) {
        Target::Values(values) => values[target],
        Target::Class(_) => f64::NAN,
    });
    let examples = means.nrows() as f64;
    let mut sums = vec![T::zero(); means.ncols()];
    let losses = outputs.outer_iter_mut().enumerate().map(|(example, mut row)| {
        let row = row.as_slice_mut().expect("rows are contiguous");
        likelihood.loss(row, batch.target(example), T::one(), &mut sums)
    });
    let cross_entropy = losses.sum::<f64>() / examples;
    let square = |values: Array2<f64>| values.iter().map(|x| x * x).sum::<f64>() / values.len() as f64;
    let about_mean = square(&targets - &targets.mean_axis(Axis(0)).expect("one example or more"));
    let left = square(means - targets);
    // Of targets that are all the same there is nothing to explain.
    let error_percent = match (about_mean == 0.0, left == 0.0) {
        (true, true) => 0.0,
        (true, false) => 100.0,
        _ => 100.0 * left / about_mean,
    };
    Evaluation { cross_entropy, error_percent, rmse: Some(left.sqrt()) }
}

/// Cross-entropy and error of predicted probabilities, (examples × classes). A tie, or a NaN, is an error; the cross-entropy of a
/// NaN is NaN.
///
/// # Errors
/// No examples; another number of them than rows; a label that no column is for.
pub fn score<T: Real>(probabilities: ArrayView2<'_, T>, batch: &impl Batch<T>) -> Result<Evaluation> {
    let (rows, classes) = probabilities.dim();
    if batch.len() != rows {
        return Err(Error::Shape { what: "probabilities".into(), found: vec![rows], expected: vec![batch.len()] });
    }
    if rows == 0 {
        return Err(Error::argument("number of examples", 0, "1 or more"));
    }
    batch::check_classes(batch, classes)?;
    let mut cross_entropy = 0.0;
    let mut errors = 0usize;
    for (example, row) in probabilities.outer_iter().enumerate() {
        let label = batch::class(batch.target(example));
        // A probability that underflows counts as the smallest positive number, not as an infinite loss.
        let least = T::min_positive_value();
        cross_entropy -= if row[label] < least { least } else { row[label] }.f64().ln();
        let right = row.iter().enumerate().all(|(class, &p)| class == label || p < row[label]);
        errors += usize::from(!right || row[label].is_nan());
    }
    let n = rows as f64;
    Ok(Evaluation { cross_entropy: cross_entropy / n, error_percent: 100.0 * errors as f64 / n, rmse: None })
}
