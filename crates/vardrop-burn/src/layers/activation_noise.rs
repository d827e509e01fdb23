//! What both layers of type A do: x ∘ (1 + √α·ε), ε ~ N(0, 1).

use burn::tensor::Tensor;

/// x ∘ (1 + √α·ε); `log_alpha` is broadcast to the input.
///
/// # Shapes
/// - input, noise: one shape
/// - output: the same
pub(super) fn multiply<const D: usize>(input: Tensor<D>, log_alpha: Tensor<D>, noise: Tensor<D>) -> Tensor<D> {
    let factor = (log_alpha * 0.5).exp() * noise + 1.0;
    input * factor
}
