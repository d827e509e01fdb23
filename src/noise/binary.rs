//! The factors of binary dropout.

use multiversion::multiversion;

use super::rate::alpha_of_rate;
use crate::error::Result;
use crate::random::RowKey;
use crate::real::Real;

/// Fills a row with Bernoulli(1 − `rate`) / (1 − `rate`): 0 with probability `rate`, else 1 / (1 − `rate`) (inverted
/// dropout, mean 1, variance `rate` / (1 − `rate`)). The probability is exact to 2⁻³².
///
/// # Errors
/// A rate outside [0, 1); the row is left as it is.
///
/// ```
/// use vardrop::noise::{NoiseSource, fill_binary};
/// let mut row = [0.0; 5];
/// fill_binary(NoiseSource::new(1, 0).row(0, 0), 0.5, &mut row)?;
/// assert!(row.iter().all(|&factor| factor == 0.0 || factor == 2.0));
/// # Ok::<(), vardrop::Error>(())
/// ```
pub fn fill_binary<T: Real>(key: RowKey, rate: f64, row: &mut [T]) -> Result<()> {
    alpha_of_rate(rate)?;
    fill(key, rate, row);
    Ok(())
}

#[multiversion(targets = "simd")]
fn fill<T: Real>(key: RowKey, rate: f64, row: &mut [T]) {
    let threshold = (rate * 4_294_967_296.0) as u32;
    let keep = T::of(1.0 / (1.0 - rate));
    for (position, value) in row.iter_mut().enumerate() {
        *value = if key.bits(position as u32) < threshold { T::zero() } else { keep };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::NoiseSource;

    #[test]
    fn a_rate_of_one_or_of_no_number_is_refused() {
        for rate in [1.0, 1.5, -0.1, f64::NAN, f64::INFINITY] {
            let mut row = [7f32; 3];
            let message = fill_binary(NoiseSource::new(1, 1).row(0, 0), rate, &mut row).unwrap_err().to_string();
            assert!(message.contains(&format!("dropout rate p is {rate}")) && row == [7.0; 3], "{message}");
        }
    }

    #[test]
    fn binary_noise_takes_two_values_with_the_rates_moments() {
        for rate in [0.0, 0.2, 0.5, 0.9] {
            let mut row = vec![0f64; 1 << 20];
            fill_binary(NoiseSource::new(5, 0).row(0, 0), rate, &mut row).unwrap();
            let keep = 1.0 / (1.0 - rate);
            assert!(row.iter().all(|&x| x == 0.0 || x == keep));
            let n = row.len() as f64;
            let mean = row.iter().sum::<f64>() / n;
            let variance = row.iter().map(|x| (x - 1.0).powi(2)).sum::<f64>() / n;
            let alpha: f64 = rate / (1.0 - rate);
            // Five standard errors of a mean, and 2 % of a variance.
            assert!((mean - 1.0).abs() <= 5.0 * (alpha / n).sqrt(), "{rate}: {mean}");
            assert!((variance - alpha).abs() <= 0.02 * alpha, "{rate}: {variance}");
        }
    }
}
