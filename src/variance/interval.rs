//! Confidence intervals by resampling.

use rand::RngExt;
use serde::{Deserialize, Deserializer, Serialize};

use crate::noise::{NoiseSource, Purpose};

/// A 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

const RESAMPLES: usize = 2000;

impl Interval {
    /// For the mean of values: the 2.5 % and 97.5 % quantiles of the means of 2,000 resamples (Efron's percentile
    /// bootstrap), the same for the same values and seed. `None` for fewer than two values, and where one of them is not finite.
    pub fn of_mean(values: &[f64], seed: u64) -> Option<Self> {
        let n = values.len();
        if n < 2 || !values.iter().all(|value| value.is_finite()) {
            return None;
        }
        let mut generator = NoiseSource::for_purpose(Purpose::Resampling, seed, 0).generator();
        let mut mean = || (0..n).map(|_| values[generator.random_range(0..n)]).sum::<f64>() / n as f64;
        let mut means: Vec<f64> = (0..RESAMPLES).map(|_| mean()).collect();
        means.sort_by(f64::total_cmp);
        let quantile = |share: f64| means[((RESAMPLES - 1) as f64 * share).round() as usize];
        Some(Self { low: quantile(0.025), high: quantile(0.975) })
    }

    /// Whether no number lies in both.
    pub fn is_apart_from(self, other: Self) -> bool {
        self.high < other.low || other.high < self.low
    }
}

/// An interval where there is one. Earlier versions wrote one without ends in place of none: `{"low":null,"high":null}`.
pub(super) fn if_defined<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Interval>, D::Error> {
    #[derive(Deserialize)]
    struct Ends {
        low: Option<f64>,
        high: Option<f64>,
    }
    let ends = Option::<Ends>::deserialize(deserializer)?;
    Ok(ends.and_then(|ends| Some(Interval { low: ends.low?, high: ends.high? })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::fill_standard_normal_f64;

    #[test]
    fn it_holds_the_mean_about_nineteen_times_in_twenty() {
        let source = NoiseSource::new(8, 1);
        let holds = (0..1000).filter(|&trial| {
            let mut values = [0.0; 59];
            fill_standard_normal_f64(source.row(0, trial), &mut values);
            let interval = Interval::of_mean(&values, trial as u64).unwrap();
            interval.low < 0.0 && 0.0 < interval.high
        });
        let holds = holds.count();
        // The percentile bootstrap of 59 values is a little narrow: 94 % ± 5 standard errors.
        assert!((900..=975).contains(&holds), "{holds}");
        assert_eq!(Interval::of_mean(&[1.0], 1), None);
        assert_eq!(Interval::of_mean(&[1.0, f64::NAN, 2.0], 1), None);
        assert_eq!(Interval::of_mean(&[1.0, 2.0, 5.0], 3), Interval::of_mean(&[1.0, 2.0, 5.0], 3));
    }

    #[test]
    fn its_ends_are_quantiles_of_the_resampled_means() {
        let values: Vec<f64> = (0..40).map(|k| f64::from(k).sqrt()).collect();
        let mut generator = NoiseSource::for_purpose(Purpose::Resampling, 9, 0).generator();
        let mut mean = || (0..40).map(|_| values[generator.random_range(0..40)]).sum::<f64>() / 40.0;
        let mut means: Vec<f64> = (0..2000).map(|_| mean()).collect();
        means.sort_by(f64::total_cmp);
        // 2.5 % and 97.5 % of the way from number 0 to number 1999.
        assert_eq!(Interval::of_mean(&values, 9), Some(Interval { low: means[50], high: means[1949] }));
    }

    #[test]
    fn intervals_that_touch_are_not_apart() {
        let interval = |low, high| Interval { low, high };
        assert!(interval(1.0, 2.0).is_apart_from(interval(2.1, 3.0)));
        assert!(interval(2.1, 3.0).is_apart_from(interval(1.0, 2.0)));
        assert!(!interval(1.0, 2.0).is_apart_from(interval(2.0, 3.0)));
    }
}
