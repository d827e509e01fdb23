//! The layers' Kullback–Leibler divergences from their priors, in Burn's tensors. The coefficients are those of
//! [`vardrop::noise`], whose functions the tests hold these against.

use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;
use vardrop::noise::{KL_COEFFICIENTS, SMALLEST_SQUARE, SPARSE_KL_COEFFICIENTS};

/// −KL of multiplicative noise N(1, α) to the log-uniform prior, for each ln α ≤ 0:
/// ½ ln α + c₁α + c₂α² + c₃α³ (Kingma, Salimans & Welling 2015, appendix C, equation 14), up to a constant.
///
/// # Shapes
/// - log_alpha: any
/// - output: the same
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// let log_alpha = Tensor::<1>::from_floats([-1.0], &Device::default());
/// let ours: f32 = vardrop_burn::negative_kl(log_alpha).into_scalar();
/// assert!((ours - vardrop::noise::negative_kl((-1.0_f32).exp())).abs() < 1e-6);
/// ```
pub fn negative_kl<const D: usize>(log_alpha: Tensor<D>) -> Tensor<D> {
    let [c1, c2, c3] = KL_COEFFICIENTS;
    let alpha = log_alpha.clone().exp();
    log_alpha * 0.5 + ((alpha.clone() * c3 + c2) * alpha.clone() + c1) * alpha
}

/// −KL of N(θ, σ²) to the log-uniform prior, for each ln α = ln(σ²/θ²):
/// k₁·sigmoid(k₂ + k₃·ln α) − ½·ln(1 + 1/α) − k₁ (Molchanov, Ashukha & Vetrov 2017, equation 14).
///
/// # Shapes
/// - log_alpha: any
/// - output: the same
pub fn sparse_negative_kl<const D: usize>(log_alpha: Tensor<D>) -> Tensor<D> {
    let [k1, k2, k3] = SPARSE_KL_COEFFICIENTS;
    // ln(1 + 1/α). Its slope is smooth, and it takes a third of the time of Burn's `log_sigmoid`. The bound keeps single precision
    // from overflowing where a weight is 10¹⁷ times its noise.
    let penalty = (log_alpha.clone().neg().clamp_max(80.0).exp() + 1.0).log();
    // sigmoid(x) − 1 = −sigmoid(−x): neither overflows nor loses its digits.
    sigmoid(log_alpha * -k3 - k2) * -k1 - penalty * 0.5
}

/// Σ of [`sparse_negative_kl`] over weights, `[1]`.
pub(crate) fn sum_of_sparse_negative_kl(weight: Tensor<1>, log_variance: Tensor<1>) -> Tensor<1> {
    #[cfg(feature = "flex")]
    if let Some(sum) = processor::sum_of_sparse_negative_kl(&weight, &log_variance) {
        return sum;
    }
    sparse_negative_kl(log_alpha(weight, log_variance)).sum()
}

/// On the processor the core computes the sum and its slopes in one vectorised pass, where a chain of Burn's operations makes a dozen
/// tensors of all weights.
#[cfg(feature = "flex")]
mod processor {
    use burn::tensor::{DType, Device, Element, Tensor, TensorData};
    use rayon::prelude::*;
    use vardrop::Real;
    use vardrop::noise::sparse_negative_kl_and_slopes;

    /// Weights that a thread takes at a time.
    const CHUNK: usize = 32_768;

    /// Nothing on other devices and in other precisions than single and double.
    pub(super) fn sum_of_sparse_negative_kl(weight: &Tensor<1>, log_variance: &Tensor<1>) -> Option<Tensor<1>> {
        let same = weight.dtype() == log_variance.dtype() && weight.device() == Device::flex();
        match weight.dtype() {
            DType::F32 if same => Some(sum::<f32>(weight, log_variance)),
            DType::F64 if same => Some(sum::<f64>(weight, log_variance)),
            _ => None,
        }
    }

    fn sum<T: Real + Element>(weight: &Tensor<1>, log_variance: &Tensor<1>) -> Tensor<1> {
        let values =
            |tensor: &Tensor<1>| tensor.clone().detach().into_data().try_into_vec::<T>().expect("its own precision");
        let (theta, log_sigma) = (values(weight), values(log_variance));
        let (mut of_weight, mut of_log_variance) = (vec![T::zero(); theta.len()], vec![T::zero(); theta.len()]);
        let parameters = theta.par_chunks(CHUNK).zip(log_sigma.par_chunks(CHUNK));
        let slopes = of_weight.par_chunks_mut(CHUNK).zip(of_log_variance.par_chunks_mut(CHUNK));
        let sums: Vec<f64> = parameters
            .zip(slopes)
            .map(|((theta, log_sigma), (of_theta, of_log_sigma))| {
                sparse_negative_kl_and_slopes(theta, log_sigma, of_theta, of_log_sigma)
            })
            .collect();
        // In their order, so that the sum does not depend on the number of threads.
        let sum = sums.iter().sum();
        let constant = |values: Vec<T>| {
            let shape = [values.len()];
            Tensor::<1>::from_data(TensorData::new(values, shape), (&weight.device(), weight.dtype()))
        };
        // Adds 0 with this slope: autodiff sees a linear function.
        let tangent =
            |parameter: &Tensor<1>, slope: Tensor<1>| ((parameter.clone() - parameter.clone().detach()) * slope).sum();
        let value = constant(vec![T::of(sum)]);
        if !weight.device().is_autodiff() {
            return value;
        }
        value + tangent(weight, constant(of_weight)) + tangent(log_variance, constant(of_log_variance))
    }
}

/// ln α = ln σ² − ln θ² of weights with mean θ. A tiny number is added to θ², as in `vardrop`.
///
/// # Shapes
/// - weight, log_variance: one shape
/// - output: the same
pub fn log_alpha<const D: usize>(weight: Tensor<D>, log_variance: Tensor<D>) -> Tensor<D> {
    log_variance - (weight.square() + SMALLEST_SQUARE).log()
}

/// −KL of N(μ, σ²) to the prior N(0, s²), for each weight: ½·(1 + ln σ² − ln s² − (σ² + μ²)/s²).
///
/// # Shapes
/// - weight, log_variance: one shape
/// - deviation: s, `[1]`
/// - output: as weight
pub fn normal_negative_kl(weight: Tensor<1>, log_variance: Tensor<1>, deviation: Tensor<1>) -> Tensor<1> {
    let variance = deviation.square();
    (log_variance.clone() + 1.0 - variance.clone().log() - (log_variance.exp() + weight.square()) / variance) * 0.5
}
