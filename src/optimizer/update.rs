//! One step of an array: the rule, the projection and the average in one pass. With large networks it takes as long as its arrays
//! take to come from memory.

use multiversion::multiversion;

use super::Settings;
use crate::Real;

/// What an array is to the step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    /// ln α, which is projected.
    LogAlpha,
    /// ln α, whose step is one of the logit of α.
    Logit,
    /// ln σ² of the targets.
    LogVariance,
    /// Weights of which those that are 0 have been pruned.
    Pruned,
}

/// What one step multiplies by.
#[derive(Clone, Copy)]
pub(super) struct Factors<T> {
    rule: Rule<T>,
    /// Weight of the new parameters in the average.
    fresh: T,
}

#[derive(Clone, Copy)]
enum Rule<T> {
    /// `rate` is the step size with both bias corrections in it.
    Adam {
        beta1: T,
        beta2: T,
        rate: T,
        epsilon: T,
    },
    Sgd {
        momentum: T,
        rate: T,
    },
}

impl<T: Real> Factors<T> {
    /// Of step number `step`, counted from 1; `scale` multiplies the step size.
    pub(super) fn new(settings: &Settings, step: u64, scale: f64) -> Self {
        let t = step as f64;
        let rule = match settings {
            Settings::Adam(s) => {
                let correction = (1.0 - s.beta2.powf(t)).sqrt() / (1.0 - s.beta1.powf(t));
                Rule::Adam {
                    beta1: T::of(s.beta1),
                    beta2: T::of(s.beta2),
                    rate: T::of(s.learning_rate * scale * correction),
                    // As Kingma & Ba's algorithm 1 has it: ε is added to the corrected root.
                    epsilon: T::of(s.epsilon * (1.0 - s.beta2.powf(t)).sqrt()),
                }
            }
            Settings::Sgd(s) => Rule::Sgd { momentum: T::of(s.momentum), rate: T::of(s.learning_rate * scale) },
        };
        let averaging = settings.averaging();
        Self { rule, fresh: T::of((1.0 - averaging) / (1.0 - averaging.powf(t))) }
    }
}

/// Changes an array by one step.
pub(super) fn update<T: Real>(
    values: &mut [T],
    gradient: &[T],
    first: &mut [T],
    second: &mut [T],
    average: &mut [T],
    factors: Factors<T>,
    kind: Kind,
) {
    match factors.rule {
        Rule::Adam { .. } if kind == Kind::Logit => {
            adam::<T, true>(values, gradient, first, second, average, factors, kind)
        }
        Rule::Adam { .. } => adam::<T, false>(values, gradient, first, second, average, factors, kind),
        Rule::Sgd { momentum, rate } if kind == Kind::Logit => {
            sgd::<T, true>(values, gradient, first, average, [momentum, rate, factors.fresh], kind);
        }
        Rule::Sgd { momentum, rate } => {
            sgd::<T, false>(values, gradient, first, average, [momentum, rate, factors.fresh], kind)
        }
    }
}

#[multiversion(targets = "simd")]
fn adam<T: Real, const LOGIT: bool>(
    values: &mut [T],
    gradient: &[T],
    first: &mut [T],
    second: &mut [T],
    average: &mut [T],
    factors: Factors<T>,
    kind: Kind,
) {
    let Rule::Adam { beta1, beta2, rate, epsilon } = factors.rule else { return };
    let fresh = factors.fresh;
    let (rest1, rest2) = (T::one() - beta1, T::one() - beta2);
    let (keep_zeros, project) = (kind == Kind::Pruned, kind == Kind::LogAlpha);
    let arrays = values.iter_mut().zip(gradient).zip(first.iter_mut().zip(second)).zip(average);
    for (((x, &g), (m, v)), a) in arrays {
        // Without a gradient from the first step on, both moments and so the step stay 0.
        let g = if keep_zeros && *x == T::zero() { T::zero() } else { g };
        let g = if LOGIT { g * logit_slope(*x) } else { g };
        *m = beta1 * *m + rest1 * g;
        *v = beta2 * *v + rest2 * g * g;
        let step = rate * *m / (v.sqrt() + epsilon);
        let moved = if LOGIT { after_logit_step(*x, step) } else { *x - step };
        settle(x, moved, a, project, fresh);
    }
}

#[multiversion(targets = "simd")]
fn sgd<T: Real, const LOGIT: bool>(
    values: &mut [T],
    gradient: &[T],
    velocity: &mut [T],
    average: &mut [T],
    [momentum, rate, fresh]: [T; 3],
    kind: Kind,
) {
    let (keep_zeros, project) = (kind == Kind::Pruned, kind == Kind::LogAlpha);
    for (((x, &g), v), a) in values.iter_mut().zip(gradient).zip(velocity).zip(average) {
        let g = if keep_zeros && *x == T::zero() { T::zero() } else { g };
        let g = if LOGIT { g * logit_slope(*x) } else { g };
        *v = momentum * *v + g;
        let moved = if LOGIT { after_logit_step(*x, rate * *v) } else { *x - rate * *v };
        settle(x, moved, a, project, fresh);
    }
}

/// ∂ln α/∂t = 1 − α, for α = 1 / (1 + e⁻ᵗ): −(eˣ − 1) for x = ln α, without cancellation (Higham 2002, section 1.14.1).
#[inline(always)]
fn logit_slope<T: Real>(x: T) -> T {
    let alpha = x.exponential();
    let difference = alpha - T::one();
    // Near α = 1 the two rounding errors cancel in the quotient.
    let corrected = if difference == T::zero() { x } else { difference * (x / alpha.logarithm()) };
    -(if x < -T::one() { difference } else { corrected })
}

/// x = ln α, after t = ln α − ln(1 − α) was made smaller by `step`: −ln(1 + u) for u = e⁻ᵗ.
#[inline(always)]
fn after_logit_step<T: Real>(x: T, step: T) -> T {
    let u = logit_slope(x) * (step - x).exponential();
    let sum = T::one() + u;
    let added = sum - T::one();
    -(if added == T::zero() { u } else { sum.logarithm() * (u / added) })
}

/// Puts a parameter where the step has moved it, and its average after it.
#[inline(always)]
fn settle<T: Real>(x: &mut T, moved: T, average: &mut T, project: bool, fresh: T) {
    // α ≤ 1: a projection after the step, so that the gradient at the bound is untouched and α can come back.
    *x = if project && moved > T::zero() { T::zero() } else { moved };
    // a + (x − a) is not x to the last bit.
    *average = if fresh == T::one() { *x } else { *average + fresh * (*x - *average) };
}
