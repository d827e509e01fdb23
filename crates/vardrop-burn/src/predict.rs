//! Predictive distributions: K draws of a model's output, for [`vardrop::uncertainty`].

use burn::tensor::Tensor;
use burn::tensor::activation::softmax;
use vardrop::ndarray::Array2;
use vardrop::uncertainty::{Ensemble, Predictive, RegressionEnsemble, RegressionPredictive};
use vardrop::{Error, Result};

use crate::noise::NoiseMode;

/// Class probabilities of `samples` draws of a model, with all that [`Predictive`] says of them: their mean, entropies, calibration.
///
/// `logits` is called once for each draw, under [`NoiseMode::Always`]. A model on a device without autodiff (`model.valid()`) spares
/// the graph.
///
/// # Shapes
/// - logits: `[examples, classes]`, log-odds
///
/// # Errors
/// No samples; probabilities that are not finite; another shape at another draw.
///
/// ```
/// use burn::tensor::{Device, Distribution, Tensor};
/// use vardrop_burn::{VariationalLinearConfig, predictive};
///
/// let device = Device::default();
/// let layer = VariationalLinearConfig::new(4, 3).init(&device);
/// let input = Tensor::<2>::random([10, 4], Distribution::Normal(0.0, 1.0), &device);
/// let predictive = predictive(20, || layer.forward(input.clone()))?;
/// assert_eq!((predictive.len(), predictive.classes()), (10, 3));
/// assert!(predictive.mean_uncertainty().mutual_information > 0.0);
/// # Ok::<(), vardrop::Error>(())
/// ```
pub fn predictive(samples: u64, mut logits: impl FnMut() -> Tensor<2>) -> Result<Predictive> {
    check(samples)?;
    let mut draw = || NoiseMode::Always.during(&mut logits);
    let first = draw();
    let [examples, classes] = first.dims();
    let mut ensemble = Ensemble::new(examples, classes)?;
    let mut add = |logits: Tensor<2>| ensemble.add(probabilities(logits).view());
    add(first)?;
    (1..samples).try_for_each(|_| add(draw()))?;
    ensemble.predictive()
}

/// Means and variances of real targets from `samples` draws of a model, as [`RegressionPredictive`]: bands, quantiles, CRPS.
///
/// `moments` is called once for each draw, under [`NoiseMode::Always`], and gives the mean and the variance σ² of the data for each
/// target.
///
/// # Shapes
/// - moments: `[examples, targets]` twice
///
/// # Errors
/// As [`predictive`]; a variance that is not above 0.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use vardrop_burn::{MeanFieldLinearConfig, regression_predictive};
///
/// let device = Device::default();
/// let layer = MeanFieldLinearConfig::new(2, 2).init(&device);
/// let input = Tensor::<2>::ones([6, 2], &device);
/// let band = regression_predictive(10, || {
///     let output = layer.forward(input.clone());
///     (output.clone().narrow(1, 0, 1), output.narrow(1, 1, 1).exp())
/// })?;
/// assert_eq!(band.mean().dim(), (6, 1));
/// # Ok::<(), vardrop::Error>(())
/// ```
pub fn regression_predictive(
    samples: u64,
    mut moments: impl FnMut() -> (Tensor<2>, Tensor<2>),
) -> Result<RegressionPredictive> {
    check(samples)?;
    let mut draw = || NoiseMode::Always.during(&mut moments);
    let first = draw();
    let [examples, targets] = first.0.dims();
    let mut ensemble = RegressionEnsemble::new(examples, targets)?;
    let mut add = |(means, variances)| ensemble.add(array(means).view(), array(variances).view());
    add(first)?;
    (1..samples).try_for_each(|_| add(draw()))?;
    ensemble.predictive()
}

fn check(samples: u64) -> Result<()> {
    if samples == 0 {
        return Err(Error::Argument {
            name: "samples",
            value: "0".into(),
            expected: "1 or more draws, such as 100".into(),
        });
    }
    Ok(())
}

/// Rows that sum to 1 in double precision.
fn probabilities(logits: Tensor<2>) -> Array2<f64> {
    let mut rows = array(softmax(logits, 1));
    for mut row in rows.rows_mut() {
        let sum = row.sum();
        row /= sum;
    }
    rows
}

/// As an array (rows × columns).
pub(crate) fn array(tensor: Tensor<2>) -> Array2<f64> {
    let shape = tensor.dims();
    let values: Vec<f64> = tensor.into_data().iter::<f64>().collect();
    Array2::from_shape_vec(shape, values).expect("a tensor has as many numbers as its shape says")
}
