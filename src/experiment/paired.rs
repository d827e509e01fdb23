//! Student's t test of paired differences: is one of two treatments lower, as far as a few runs can tell?

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::Sample;

/// A one-sided t test on differences that come in pairs, such as the test errors of two methods with the same seed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedTest {
    /// The number of differences.
    pub pairs: usize,
    /// Their mean; over strata, the mean of the strata's means.
    pub mean: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// The mean divided by its standard error.
    pub t: f64,
    /// Degrees of freedom: pairs − 1; over strata, Welch and Satterthwaite's.
    pub degrees: f64,
    /// The probability of a t as low as this one, or lower, if the differences' true mean were 0. Near 0 it says that the mean
    /// is below 0, near 1 that it is above.
    pub p: f64,
}

impl PairedTest {
    /// `None` for fewer than two differences, and for differences that are all the same: how far they scatter is not known.
    ///
    /// ```
    /// use vardrop::experiment::PairedTest;
    /// let test = PairedTest::of(&[-0.3, -0.1, -0.2]).unwrap();
    /// assert!((test.t + 12.0_f64.sqrt()).abs() < 1e-9);
    /// assert!((test.p - 0.0371).abs() < 1e-4);
    /// ```
    pub fn of(differences: &[f64]) -> Option<Self> {
        Self::over([differences])
    }

    /// Of several strata, such as widths: each has its own mean difference and scatter, and the mean of the means is tested, with
    /// the degrees of freedom after Welch and Satterthwaite. Strata of fewer than two differences are left out; `None` where all
    /// are, or where no stratum's differences scatter.
    pub fn over<'a>(strata: impl IntoIterator<Item = &'a [f64]>) -> Option<Self> {
        // (runs, mean, variance of the mean)
        let strata: Vec<(usize, f64, f64)> = strata
            .into_iter()
            .filter_map(Sample::of)
            .filter_map(|sample| Some((sample.runs, sample.mean, sample.standard_error?.powi(2))))
            .collect();
        // Differences that are equal but for the rounding of a subtraction do not scatter.
        let scatters = |&(_, mean, variance): &(usize, f64, f64)| variance.sqrt() > 1e-9 * mean.abs();
        if !strata.iter().any(scatters) {
            return None;
        }
        let count = strata.len() as f64;
        let mean = strata.iter().map(|stratum| stratum.1).sum::<f64>() / count;
        let variance: f64 = strata.iter().map(|stratum| stratum.2).sum();
        let squares: f64 = strata.iter().map(|stratum| stratum.2.powi(2) / (stratum.0 - 1) as f64).sum();
        let pairs = strata.iter().map(|stratum| stratum.0).sum::<usize>();
        let standard_error = variance.sqrt() / count;
        let (degrees, t) = (variance.powi(2) / squares, mean / standard_error);
        // Differences that are next to nothing have squares that are nothing.
        let p = StudentsT::new(0.0, 1.0, degrees).ok()?.cdf(t);
        Some(Self { pairs, mean, standard_error, t, degrees, p })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Student's own data (Biometrika 6, 1908): hours of sleep gained with two drugs by ten patients. In R, t.test(extra ~ group,
    /// data = sleep, paired = TRUE) gives t = -4.0621, df = 9, p = 0.002833 for two sides.
    #[test]
    fn students_own_data_gives_the_known_numbers() {
        let first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
        let second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
        let differences: Vec<f64> = first.iter().zip(second).map(|(a, b)| a - b).collect();
        let test = PairedTest::of(&differences).unwrap();
        assert_eq!(test.pairs, 10);
        assert!((test.mean + 1.58).abs() < 1e-12);
        assert!((test.t + 4.0621).abs() < 5e-5, "{test:?}");
        assert!((test.degrees - 9.0).abs() < 1e-9);
        assert!((2.0 * test.p - 0.002_833).abs() < 5e-7, "{test:?}");
    }

    /// By hand: strata (-3, -1) and (0, 1, 2) have the means -2 and 1, their means the variances 2/2 = 1 and 1/3. Mean -0.5; error
    /// sqrt(4/3)/2 = 0.57735; t = -0.8660; degrees (4/3)²/(1/1 + (1/9)/2) = 1.6842.
    #[test]
    fn strata_count_alike_with_welchs_degrees_and_a_single_pair_is_left_out() {
        let test = PairedTest::over([&[-3.0, -1.0][..], &[0.0, 1.0, 2.0], &[100.0]]).unwrap();
        assert_eq!(test.pairs, 5);
        assert!((test.mean + 0.5).abs() < 1e-12);
        assert!((test.standard_error - 0.577_350).abs() < 1e-6);
        assert!((test.t + 0.866_025).abs() < 1e-6);
        assert!((test.degrees - 1.684_211).abs() < 1e-6);
        assert!(test.p > 0.2 && test.p < 0.3, "{test:?}");
    }

    #[test]
    fn the_sides_are_opposite() {
        let (below, above) = ([-0.3, -0.1, -0.4], [0.3, 0.1, 0.4]);
        let sum = PairedTest::of(&below).unwrap().p + PairedTest::of(&above).unwrap().p;
        assert!((sum - 1.0).abs() < 1e-12);
    }

    #[test]
    fn fewer_than_two_differences_and_equal_ones_have_no_test() {
        assert_eq!(PairedTest::of(&[]), None);
        assert_eq!(PairedTest::of(&[-0.1]), None);
        assert_eq!(PairedTest::of(&[0.0, 0.0]), None);
        // Both -0.01, and not the same number.
        let equal = [1.11 - 1.12, 9.91 - 9.92];
        assert_ne!(equal[0], equal[1]);
        assert_eq!(PairedTest::of(&equal), None);
        assert_eq!(PairedTest::over([&equal[..], &[-0.5, -0.5]]), None);
        let test = PairedTest::over([&equal[..], &[-3.0, -1.0]]).unwrap();
        assert!((test.mean + 1.005).abs() < 1e-9 && (test.standard_error - 0.5).abs() < 1e-9, "{test:?}");
    }
}
