//! Streaming moments of many numbers at once: no estimate is kept.

use crate::Real;
use crate::error::{Error, Result};

/// Mean and variance of each coordinate of a stream of vectors (Welford 1962), mergeable (Chan, Golub & LeVeque 1979), in
/// double precision.
///
/// The squares that the variance is made of come one at a time: vector k ≥ 2 adds (k − 1)/k · (x − mean of those before)².
/// Averaged over the coordinates these are [`Self::contributions`]. Each has the variance as its expectation, they are
/// uncorrelated between normal draws (Helmert's contrasts), and their mean is exactly [`Self::mean_variance`]: resampling
/// them gives a confidence interval without the vectors.
///
/// ```
/// use vardrop::variance::Moments;
/// let mut moments = Moments::new(2);
/// for x in [[1.0, 5.0], [3.0, 5.0]] {
///     moments.push(&x);
/// }
/// assert_eq!((moments.mean(), moments.variance()), (&[2.0, 5.0][..], vec![2.0, 0.0]));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    count: u64,
    mean: Vec<f64>,
    squares: Vec<f64>,
    contributions: Vec<f64>,
}

impl Moments {
    /// No vectors of `len` coordinates yet.
    pub fn new(len: usize) -> Self {
        Self { count: 0, mean: vec![0.0; len], squares: vec![0.0; len], contributions: Vec::new() }
    }

    /// Adds one vector.
    ///
    /// # Panics
    /// Another number of coordinates.
    pub fn push<T: Real>(&mut self, values: &[T]) {
        assert_eq!(values.len(), self.mean.len(), "a vector has the coordinates of the others");
        self.count += 1;
        let share = 1.0 / self.count as f64;
        let mut total = 0.0;
        for ((mean, squares), value) in self.mean.iter_mut().zip(&mut self.squares).zip(values) {
            let value = value.f64();
            let before = value - *mean;
            *mean += before * share;
            let square = before * (value - *mean);
            *squares += square;
            total += square;
        }
        if self.count > 1 {
            self.contributions.push(total / self.mean.len() as f64);
        }
    }

    /// Adds the vectors of another stream.
    ///
    /// # Errors
    /// Another number of coordinates.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        if self.mean.len() != other.mean.len() {
            return Err(Error::Shape {
                what: "moments".into(),
                found: vec![other.mean.len()],
                expected: vec![self.mean.len()],
            });
        }
        if self.count == 0 {
            self.clone_from(other);
        } else if other.count > 0 {
            let (ours, theirs) = (self.count as f64, other.count as f64);
            let share = theirs / (ours + theirs);
            let mut total = 0.0;
            for (index, mean) in self.mean.iter_mut().enumerate() {
                let difference = other.mean[index] - *mean;
                let square = difference * difference * ours * share;
                *mean += difference * share;
                self.squares[index] += other.squares[index] + square;
                total += square;
            }
            self.count += other.count;
            self.contributions.extend(&other.contributions);
            self.contributions.push(total / self.mean.len() as f64);
        }
        Ok(())
    }

    /// How many vectors.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The mean of each coordinate; 0 of no vectors.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The variance of each coordinate, divisor n − 1; NaN of fewer than two vectors.
    pub fn variance(&self) -> Vec<f64> {
        let divisor = if self.count > 1 { (self.count - 1) as f64 } else { f64::NAN };
        self.squares.iter().map(|squares| squares / divisor).collect()
    }

    /// The average over the coordinates of [`Self::variance`].
    pub fn mean_variance(&self) -> f64 {
        self.contributions.iter().sum::<f64>() / self.contributions.len() as f64
    }

    /// n − 1 numbers whose mean is [`Self::mean_variance`], each with the variance as its expectation.
    pub fn contributions(&self) -> &[f64] {
        &self.contributions
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::{NoiseSource, fill_standard_normal_f64};

    fn vectors(count: usize) -> Vec<Vec<f64>> {
        let source = NoiseSource::new(5, 5);
        (0..count)
            .map(|row| {
                let mut values = vec![0.0; 7];
                fill_standard_normal_f64(source.row(0, row), &mut values);
                values.iter().enumerate().map(|(i, x)| 1e6 + x * (i + 1) as f64).collect()
            })
            .collect()
    }

    fn of(vectors: &[Vec<f64>]) -> Moments {
        let mut moments = Moments::new(7);
        vectors.iter().for_each(|vector| moments.push(vector));
        moments
    }

    /// Two passes: the mean, then squared deviations from it.
    fn two_passes(vectors: &[Vec<f64>], coordinate: usize) -> (f64, f64) {
        let n = vectors.len() as f64;
        let mean = vectors.iter().map(|v| v[coordinate]).sum::<f64>() / n;
        (mean, vectors.iter().map(|v| (v[coordinate] - mean).powi(2)).sum::<f64>() / (n - 1.0))
    }

    #[test]
    fn streamed_and_merged_moments_are_those_of_two_passes() {
        let all = vectors(50);
        let mut merged = of(&all[..20]);
        merged.merge(&of(&all[20..21])).unwrap();
        merged.merge(&of(&all[21..])).unwrap();
        merged.merge(&Moments::new(7)).unwrap();
        for moments in [of(&all), merged] {
            assert_eq!(moments.count(), 50);
            let variance = moments.variance();
            for coordinate in 0..7 {
                let (mean, expected) = two_passes(&all, coordinate);
                assert!((moments.mean()[coordinate] - mean).abs() < 1e-8);
                assert!((variance[coordinate] / expected - 1.0).abs() < 1e-8, "{variance:?} {expected}");
            }
            assert_eq!(moments.contributions().len(), 49);
            assert!((moments.mean_variance() / (variance.iter().sum::<f64>() / 7.0) - 1.0).abs() < 1e-10);
        }
    }

    #[test]
    fn each_contribution_has_the_variance_as_its_expectation() {
        let mut sums = [0.0; 4];
        let all = vectors(5 * 4000);
        for five in all.chunks_exact(5) {
            for (sum, contribution) in sums.iter_mut().zip(of(five).contributions()) {
                *sum += contribution / 4000.0;
            }
        }
        // Variances 1, 4, …, 49: mean 20; a contribution's standard deviation is √(2·Σi⁴)/7 = 13.9, of 4000 0.22.
        assert!(sums.iter().all(|sum| (sum - 20.0).abs() < 1.1), "{sums:?}");
    }

    #[test]
    fn other_coordinates_and_too_few_vectors_are_not_taken_for_a_variance() {
        assert!(Moments::new(2).merge(&Moments::new(3)).is_err());
        assert!(of(&vectors(1)).mean_variance().is_nan() && of(&vectors(1)).variance()[0].is_nan());
    }
}
