//! Welch's test of a contrast: a weighted sum of the means of independent groups, such as the test errors of two methods.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::Sample;

/// A weighted sum of group means, with its 95 % interval. Each group has a scatter of its own (Welch); the degrees of freedom are
/// Satterthwaite's. Runs are not paired by their seed: between methods, their errors are uncorrelated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contrast {
    /// The number of values in all groups.
    pub runs: usize,
    /// The weighted sum of the means.
    pub estimate: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Degrees of freedom of that error.
    pub degrees: f64,
    /// The 95 % interval of the estimate, from Student's distribution.
    pub interval: [f64; 2],
    /// The probability of an estimate as far from 0, on either side, if the true value were 0.
    pub p: f64,
}

impl Contrast {
    /// Of groups with their weights. `None` where a group has fewer than two values, or where no group's values scatter: then the
    /// scatter of the means is not known.
    ///
    /// ```
    /// use vardrop::experiment::Contrast;
    /// let (fixed, learned) = ([2.5, 2.4, 2.6], [1.5, 1.6, 1.4]);
    /// let difference = Contrast::of([(1.0, &learned[..]), (-1.0, &fixed[..])]).unwrap();
    /// assert!((difference.estimate + 1.0).abs() < 1e-9);
    /// assert!((difference.interval[1] + 0.773).abs() < 1e-3); // 2.776 standard errors of 0.0816
    /// ```
    pub fn of<'a>(groups: impl IntoIterator<Item = (f64, &'a [f64])>) -> Option<Self> {
        let (mut runs, mut estimate, mut variance, mut squares) = (0, 0.0, 0.0, 0.0);
        // A mean of equal values may scatter by the rounding of its sum.
        let mut rounding = 0.0_f64;
        for (weight, values) in groups {
            let sample = Sample::of(values)?;
            let own = (weight * sample.standard_error?).powi(2);
            runs += sample.runs;
            estimate += weight * sample.mean;
            variance += own;
            squares += own.powi(2) / (sample.runs - 1) as f64;
            rounding = rounding.max(1e-9 * (weight * sample.mean).abs());
        }
        let standard_error: f64 = variance.sqrt();
        if standard_error <= rounding {
            return None;
        }
        let degrees = (variance.powi(2) / squares).max(1.0);
        let student = StudentsT::new(0.0, 1.0, degrees).ok()?;
        let half = student.inverse_cdf(0.975) * standard_error;
        let p = 2.0 * student.cdf(-(estimate / standard_error).abs());
        Some(Self { runs, estimate, standard_error, degrees, interval: [estimate - half, estimate + half], p })
    }

    /// Whether the whole interval lies within `margin` of 0.
    pub fn is_within(&self, margin: f64) -> bool {
        self.interval.iter().all(|end| end.abs() <= margin)
    }
}

/// Holm's correction: for each probability of a family, the level at which it would be rejected when the chance of one false
/// rejection in the whole family is kept at that level (Holm 1979).
///
/// ```
/// use vardrop::experiment::holm;
/// assert_eq!(holm(&[0.01, 0.04, 0.03]), [0.03, 0.06, 0.06]);
/// ```
pub fn holm(probabilities: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b]));
    let mut adjusted = vec![0.0; probabilities.len()];
    let mut highest = 0.0_f64;
    for (rank, &index) in order.iter().enumerate() {
        highest = highest.max(((probabilities.len() - rank) as f64 * probabilities[index]).min(1.0));
        adjusted[index] = highest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Student's own data (Biometrika 6, 1908): hours of sleep gained with two drugs. In R, t.test(extra ~ group, data = sleep) gives
    /// t = -1.8608, df = 17.776, p = 0.07939 and the interval -3.3654832 to 0.2054832.
    #[test]
    fn students_own_data_gives_the_known_interval() {
        let first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
        let second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
        let difference = Contrast::of([(1.0, &first[..]), (-1.0, &second[..])]).unwrap();
        assert_eq!(difference.runs, 20);
        assert!((difference.estimate + 1.58).abs() < 1e-12);
        assert!((difference.estimate / difference.standard_error + 1.8608).abs() < 5e-5, "{difference:?}");
        assert!((difference.degrees - 17.776).abs() < 5e-4, "{difference:?}");
        assert!((difference.p - 0.079_39).abs() < 5e-6, "{difference:?}");
        assert!((difference.interval[0] + 3.365_483_2).abs() < 1e-6, "{difference:?}");
        assert!((difference.interval[1] - 0.205_483_2).abs() < 1e-6, "{difference:?}");
        assert!(difference.is_within(3.4) && !difference.is_within(3.0));
    }

    #[test]
    fn a_group_of_one_and_groups_that_do_not_scatter_have_no_interval() {
        assert_eq!(Contrast::of([(1.0, &[0.1][..]), (-1.0, &[0.1, 0.2])]), None);
        assert_eq!(Contrast::of([(1.0, &[1.1, 1.1, 1.1][..]), (-1.0, &[1.2, 1.2, 1.2])]), None);
        assert!(Contrast::of([(1.0, &[1.1, 1.1][..]), (-1.0, &[1.2, 1.3])]).is_some());
        assert_eq!(Contrast::of([]), None);
    }

    /// In R, p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm") is 0.05, 0.08, 0.09, 0.09, 0.09.
    #[test]
    fn holms_levels_are_those_of_r() {
        let adjusted = holm(&[0.05, 0.01, 0.03, 0.02, 0.04]);
        for (found, expected) in adjusted.iter().zip([0.09, 0.05, 0.09, 0.08, 0.09]) {
            assert!((found - expected).abs() < 1e-12, "{adjusted:?}");
        }
        assert_eq!(holm(&[0.7, 0.9]), [1.0, 1.0]);
        assert!(holm(&[]).is_empty());
    }
}
