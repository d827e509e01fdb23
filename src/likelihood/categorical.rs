//! Classes: p(y = k) = softmax(f)ₖ = e^fₖ / Σⱼ e^fⱼ for the log-odds f.
//!
//! Loss, the cross-entropy: −ln p(y) = ln Σⱼ e^fⱼ − f_y; its derivative with respect to fₖ is pₖ − [k = y].

use crate::Real;

/// The cross-entropy of class `class` in nats; the log-odds become its derivatives times `scale`.
pub(crate) fn loss<T: Real>(log_odds: &mut [T], class: usize, scale: T) -> f64 {
    let cross_entropy = softmax(log_odds, class);
    log_odds[class] -= T::one();
    log_odds.iter_mut().for_each(|x| *x *= scale);
    cross_entropy
}

/// Log-odds to probabilities in place; returns the cross-entropy of `class` in nats.
pub(crate) fn softmax<T: Real>(log_odds: &mut [T], class: usize) -> f64 {
    let max = log_odds.iter().copied().fold(T::neg_infinity(), T::max);
    let at_class = (log_odds[class] - max).f64();
    let mut sum = T::zero();
    for x in log_odds.iter_mut() {
        *x = (*x - max).exp();
        sum += *x;
    }
    log_odds.iter_mut().for_each(|x| *x /= sum);
    sum.f64().ln() - at_class
}
