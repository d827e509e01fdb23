//! Standard normal samples at memory speed: Box & Muller's transform of counter-based bits, in blocks that the compiler
//! vectorises.
//!
//! Block b, lane i (0 to 15) of a row uses the bits of positions 32b + i and 32b + 16 + i: with u and t uniform,
//! √(−2 ln u)·(cos 2πt, sin 2πt) are two independent draws (Box & Muller 1958). u has 31 bits, so that |x| reaches 6.6.

use multiversion::multiversion;

use super::elementary::{ln, sin_cos_turn};
use super::source::RowKey;

const LANES: usize = 16;
const BLOCK: usize = 2 * LANES;

#[inline(always)]
fn block(key: RowKey, index: usize, out: &mut [f32; BLOCK]) {
    let first = (index * BLOCK) as u32;
    let (cosines, sines) = out.split_at_mut(LANES);
    for lane in 0..LANES {
        let bits = key.bits(first + lane as u32);
        let turn = key.bits(first + (LANES + lane) as u32);
        let u = ((bits >> 1) as i32 as f32 + 0.5) * (1.0 / 2_147_483_648.0);
        let radius = (-2.0 * ln(u)).max(0.0).sqrt();
        let (sin, cos) = sin_cos_turn(turn);
        cosines[lane] = radius * cos;
        sines[lane] = radius * sin;
    }
}

/// Fills a row with independent draws of N(0, 1).
///
/// ```
/// use vardrop::noise::{NoiseSource, fill_standard_normal};
/// let key = NoiseSource::new(1, 0).row(0, 0);
/// let (mut row, mut again) = ([0.0; 50], [0.0; 50]);
/// fill_standard_normal(key, &mut row);
/// fill_standard_normal(key, &mut again);
/// assert_eq!(row, again);
/// ```
#[multiversion(targets = "simd")]
pub fn fill_standard_normal(key: RowKey, row: &mut [f32]) {
    let mut chunks = row.chunks_exact_mut(BLOCK);
    let mut index = 0;
    for chunk in &mut chunks {
        block(key, index, chunk.try_into().expect("chunks are blocks"));
        index += 1;
    }
    let rest = chunks.into_remainder();
    if !rest.is_empty() {
        let mut last = [0.0; BLOCK];
        block(key, index, &mut last);
        rest.copy_from_slice(&last[..rest.len()]);
    }
}

/// The same draws as [`fill_standard_normal`], as `f64`: a gradient check in double precision then sees the noise of
/// the network that it stands for.
pub fn fill_standard_normal_f64(key: RowKey, row: &mut [f64]) {
    let mut draws = [0.0; BLOCK];
    for (index, chunk) in row.chunks_mut(BLOCK).enumerate() {
        block(key, index, &mut draws);
        for (value, draw) in chunk.iter_mut().zip(draws) {
            *value = draw.into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::NoiseSource;

    /// 2²¹ draws over many rows, as training uses them.
    fn draws() -> Vec<f64> {
        let source = NoiseSource::new(11, 3);
        let mut all = vec![0f32; 1 << 21];
        for (row, chunk) in all.chunks_mut(1000).enumerate() {
            fill_standard_normal(source.row(1, row), chunk);
        }
        all.into_iter().map(f64::from).collect()
    }

    /// Φ(x) by Abramowitz & Stegun 26.2.17, absolute error below 7.5e-8.
    fn normal_cdf(x: f64) -> f64 {
        let t = 1.0 / (1.0 + 0.231_641_9 * x.abs());
        let series =
            t * (0.319_381_530 + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
        let tail = (-x * x / 2.0).exp() / (std::f64::consts::TAU).sqrt() * series;
        if x < 0.0 { tail } else { 1.0 - tail }
    }

    #[test]
    fn the_first_four_moments_are_those_of_the_standard_normal() {
        let draws = draws();
        let n = draws.len() as f64;
        // Var(x^k) = E[x^2k] − E[x^k]²: 1, 2, 15, 96. Five standard errors are allowed.
        for (power, moment, variance) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0f64)] {
            let sample = draws.iter().map(|x| x.powi(power)).sum::<f64>() / n;
            assert!((sample - moment).abs() < 5.0 * (variance / n).sqrt(), "moment {power}: {sample}");
        }
    }

    #[test]
    fn kolmogorov_and_smirnov_do_not_reject_the_normal() {
        let mut draws = draws();
        draws.sort_by(f64::total_cmp);
        let n = draws.len() as f64;
        let distance = draws
            .iter()
            .enumerate()
            .map(|(i, &x)| {
                let p = normal_cdf(x);
                (p - i as f64 / n).abs().max(((i + 1) as f64 / n - p).abs())
            })
            .fold(0.0, f64::max);
        // The asymptotic critical value of √n·D at a significance of 0.1 % is 1.95.
        assert!(n.sqrt() * distance < 1.95, "√n·D = {}", n.sqrt() * distance);
    }

    #[test]
    fn chi_square_does_not_reject_tails_and_pairs() {
        let draws = draws();
        // Pairs of neighbours on a 16×16 grid of equally likely cells: 255 degrees of freedom, 99.9 % quantile 330.5.
        let cell = |x: f64| ((normal_cdf(x) * 16.0) as usize).min(15);
        for gap in [1, 16, 32, 1000] {
            let mut counts = [0f64; 256];
            for pair in draws.chunks_exact(2 * gap) {
                for i in 0..gap {
                    counts[cell(pair[i]) * 16 + cell(pair[i + gap])] += 1.0;
                }
            }
            let expected = counts.iter().sum::<f64>() / 256.0;
            let statistic: f64 = counts.iter().map(|c| (c - expected).powi(2) / expected).sum();
            assert!(statistic < 330.5, "gap {gap}: χ² = {statistic}");
        }
        // Tails: counts beyond 3, 4 and 4.5 within five standard deviations of what is expected.
        for bound in [3.0, 4.0, 4.5] {
            let expected = 2.0 * normal_cdf(-bound) * draws.len() as f64;
            let count = draws.iter().filter(|x| x.abs() > bound).count() as f64;
            assert!((count - expected).abs() < 5.0 * expected.sqrt(), "beyond {bound}: {count}, expected {expected}");
        }
    }

    #[test]
    fn a_prefix_of_a_longer_row_is_the_shorter_row_in_both_precisions() {
        let key = NoiseSource::new(2, 2).row(1, 1);
        let mut long = [0f32; 100];
        fill_standard_normal(key, &mut long);
        for length in [0, 1, 16, 31, 32, 33, 99] {
            let mut short = vec![0f32; length];
            fill_standard_normal(key, &mut short);
            assert_eq!(short, long[..length]);
            let mut double = vec![0f64; length];
            fill_standard_normal_f64(key, &mut double);
            assert!(double.iter().zip(&long).all(|(&d, &s)| d == f64::from(s)));
        }
    }
}
