//! One number of Table 1 over the networks that it was measured with.

use super::{Estimator, Interval, LayerVariance, VarianceRecord};
use crate::experiment::Contrast;

/// The two layers of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Top,
    Bottom,
}

impl End {
    pub const BOTH: [Self; 2] = [Self::Top, Self::Bottom];

    pub fn title(self) -> &'static str {
        match self {
            Self::Top => "Top",
            Self::Bottom => "Bottom",
        }
    }

    fn layer(self, record: &VarianceRecord) -> usize {
        match self {
            Self::Top => record.hidden.len(),
            Self::Bottom => 0,
        }
    }
}

/// The variance of one estimator's gradient for one weight matrix after some epochs: of every network, with its seed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Variances<'a> {
    networks: Vec<(u64, &'a LayerVariance)>,
}

impl<'a> Variances<'a> {
    /// Those of some records, one for each seed: of two measurements of one network, that of more passes. `None` where there is
    /// none.
    pub fn of(records: &'a [VarianceRecord], end: End, epochs: usize, estimator: Estimator) -> Option<Self> {
        let mut found: Vec<&VarianceRecord> = records
            .iter()
            .filter(|record| record.protocol.epochs == epochs && record.measurement.estimator == estimator)
            .collect();
        found.sort_by_key(|record| (record.seed, std::cmp::Reverse(record.plan.passes)));
        found.dedup_by_key(|record| record.seed);
        let layer = |record: &'a VarianceRecord| {
            let layer = end.layer(record);
            record.measurement.layers.iter().find(|variance| variance.layer == layer).map(|of| (record.seed, of))
        };
        let networks: Vec<_> = found.into_iter().filter_map(layer).collect();
        (!networks.is_empty()).then_some(Self { networks })
    }

    /// The number of networks.
    pub fn count(&self) -> usize {
        self.networks.len()
    }

    /// The geometric mean over the networks: variances differ by factors.
    pub fn mean(&self) -> f64 {
        match self.networks[..] {
            [(_, alone)] => alone.variance,
            _ => (self.logarithms().sum::<f64>() / self.count() as f64).exp(),
        }
    }

    /// The square of the mean gradient, of the network with the lowest seed, where it is recorded.
    pub fn squared_mean(&self) -> Option<f64> {
        self.networks[0].1.squared_mean
    }

    /// The 95 % interval of the mean over networks (Student's, of the logarithms); `None` for fewer than two.
    pub fn interval(&self) -> Option<Interval> {
        of_logarithms(&self.logarithms().collect::<Vec<_>>())
    }

    /// The interval of the measurement alone, of the network with the lowest seed.
    pub fn measurement(&self) -> Option<Interval> {
        self.networks[0].1.interval
    }

    /// How many times another one's variance this is, network by network: the geometric mean, and its interval where two or more
    /// networks have both. `None` where none has.
    pub fn times(&self, other: &Self) -> Option<(f64, Option<Interval>)> {
        let of_seed = |seed| other.networks.iter().find(|network| network.0 == seed);
        let ratios: Vec<f64> = self
            .networks
            .iter()
            .filter_map(|&(seed, own)| Some((own.variance / of_seed(seed)?.1.variance).ln()))
            .collect();
        let mean = (ratios.iter().sum::<f64>() / ratios.len() as f64).exp();
        (!ratios.is_empty()).then(|| (mean, of_logarithms(&ratios)))
    }

    fn logarithms(&self) -> impl Iterator<Item = f64> + '_ {
        self.networks.iter().map(|(_, own)| own.variance.ln())
    }
}

fn of_logarithms(values: &[f64]) -> Option<Interval> {
    let [low, high] = Contrast::of([(1.0, values)])?.interval.map(f64::exp);
    Some(Interval { low, high })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Stored records of one network, as another one's: with its seed, and with variances that are `factor` times as large.
    pub(crate) fn as_another(records: &[VarianceRecord], seed: u64, factor: f64) -> Vec<VarianceRecord> {
        let mut records = records.to_vec();
        for record in &mut records {
            record.seed = seed;
            record.measurement.layers.iter_mut().for_each(|layer| layer.variance *= factor);
        }
        records
    }

    pub(crate) fn stored() -> Vec<VarianceRecord> {
        let (records, _) = VarianceRecord::open("results/table1").unwrap();
        let first = records.into_iter().filter(|record| record.seed == 1);
        first.filter(|record| record.measurement.estimator != Estimator::Flipout).collect()
    }

    #[test]
    fn the_mean_over_networks_is_geometric_and_its_interval_is_students() {
        let one = stored();
        let (top, local) = (End::Top, Estimator::LocalReparameterization);
        let alone = Variances::of(&one, top, 10, local).unwrap();
        assert_eq!((alone.count(), alone.interval()), (1, None));
        let both = [one.clone(), as_another(&one, 2, 4.0)].concat();
        let both = Variances::of(&both, top, 10, local).unwrap();
        assert!((both.mean() / alone.mean() - 2.0).abs() < 1e-12);
        // The logarithms are ln 2 on either side of their mean: a standard error of ln 2, times 12.706.
        let interval = both.interval().unwrap();
        assert!(((interval.high / both.mean()).ln() / 2f64.ln() - 12.706).abs() < 1e-3, "{interval:?}");
        assert_eq!(both.measurement(), alone.measurement());
    }

    #[test]
    fn a_ratio_is_taken_network_by_network() {
        let one = stored();
        let all = [one.clone(), as_another(&one, 2, 3.0), as_another(&one, 3, 0.2)].concat();
        let of = |records, estimator| Variances::of(records, End::Bottom, 100, estimator).unwrap();
        let ratio = |records| {
            of(records, Estimator::SingleWeightSample).times(&of(records, Estimator::LocalReparameterization)).unwrap()
        };
        // What the networks have in common cancels, so that nothing is left to scatter.
        assert!((ratio(&all).0 / ratio(&one).0 - 1.0).abs() < 1e-12);
        assert_eq!(ratio(&one).1, None);
    }

    #[test]
    fn of_two_measurements_of_a_network_that_of_more_passes_counts() {
        let mut records = stored();
        let mut more = as_another(&records[..1], 1, 7.0);
        more[0].plan.passes += 1;
        let estimator = records[0].measurement.estimator;
        let before = Variances::of(&records, End::Top, records[0].protocol.epochs, estimator).unwrap().mean();
        records.extend(more);
        let after = Variances::of(&records, End::Top, records[0].protocol.epochs, estimator).unwrap();
        assert!(after.count() == 1 && (after.mean() / before - 7.0).abs() < 1e-12);
    }
}
