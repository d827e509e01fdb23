//! How many targets central intervals hold.

use serde::{Deserialize, Serialize};

/// The 97.5 % quantile of the standard normal distribution.
pub(super) const Z: f64 = 1.959_963_984_540_054;

/// How many targets the central intervals of one level hold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// The share of targets that they should hold.
    pub level: f64,
    /// The number of targets.
    pub values: usize,
    /// The number of them that are in their interval.
    pub within: usize,
    /// 95 % confidence interval of the share that is within ([`ShareInterval::of`]): the level outside of it is more than chance.
    pub interval: ShareInterval,
    /// Mean width of the intervals, in the units of the targets.
    pub mean_width: f64,
}

impl Coverage {
    /// The share of targets that is within, from 0 to 1.
    pub fn share(&self) -> f64 {
        self.within as f64 / self.values as f64
    }
}

/// A 95 % confidence interval for a share.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ShareInterval {
    /// Its lower end, 0 or more.
    pub low: f64,
    /// Its upper end, 1 or less.
    pub high: f64,
}

impl ShareInterval {
    /// For a share of which `hits` in `trials` independent trials were seen, by the score test (Wilson 1927, "Probable inference,
    /// the law of succession, and statistical inference"): with z = 1.96 and p the share seen,
    ///
    /// (p + z²/2n ± z·√(p·(1 − p)/n + z²/4n²)) / (1 + z²/n)
    ///
    /// `None` without trials, or with more hits than trials.
    ///
    /// ```
    /// use vardrop::uncertainty::ShareInterval;
    ///
    /// let interval = ShareInterval::of(10, 20).unwrap();
    /// assert!((interval.low - 0.2993).abs() < 5e-5 && (interval.high - 0.7007).abs() < 5e-5);
    /// ```
    pub fn of(hits: usize, trials: usize) -> Option<Self> {
        if trials == 0 || hits > trials {
            return None;
        }
        let (n, z2) = (trials as f64, Z * Z);
        let p = hits as f64 / n;
        let middle = p + z2 / (2.0 * n);
        let half = Z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
        let end = |from_middle: f64| ((middle + from_middle) / (1.0 + z2 / n)).clamp(0.0, 1.0);
        Some(Self { low: end(-half), high: end(half) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For no hits the formula is z²/(n + z²) by hand: 3.841459 / 13.841459.
    #[test]
    fn the_interval_of_a_share_ends_at_0_or_1_where_none_or_all_are_hits() {
        let none = ShareInterval::of(0, 10).unwrap();
        assert!(none.low.abs() < 1e-15 && (none.high - 0.277_532_799).abs() < 1e-8, "{none:?}");
        let all = ShareInterval::of(10, 10).unwrap();
        assert!((all.low - (1.0 - none.high)).abs() < 1e-12 && (all.high - 1.0).abs() < 1e-15);
        assert_eq!((ShareInterval::of(0, 0), ShareInterval::of(3, 2)), (None, None));
    }

    /// The probability that it holds the true share, summed over all outcomes: on average over shares 95 %, and nowhere far off
    /// (Brown, Cai & DasGupta 2001, figure 5).
    #[test]
    fn the_interval_of_a_share_holds_it_about_nineteen_times_in_twenty() {
        let n = 50;
        let held = |p: f64| -> f64 {
            let mut probability = (1.0 - p).powi(n as i32);
            let mut sum = 0.0;
            for hits in 0..=n {
                let interval = ShareInterval::of(hits, n).unwrap();
                if interval.low <= p && p <= interval.high {
                    sum += probability;
                }
                probability *= (n - hits) as f64 / (hits + 1) as f64 * p / (1.0 - p);
            }
            sum
        };
        let shares: Vec<f64> = (1..100).map(|percent| held(f64::from(percent) / 100.0)).collect();
        let mean = shares.iter().sum::<f64>() / 99.0;
        assert!((mean - 0.95).abs() < 0.01, "{mean}");
        assert!(shares.iter().all(|share| (0.85..=1.0).contains(share)));
    }
}
