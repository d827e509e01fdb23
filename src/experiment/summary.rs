//! Runs that differ only in their seed, as a mean and its error.

use super::Record;
use crate::data::{Digest, Identity};
use crate::method::Method;
use crate::training::{Protocol, RunKey};

/// Mean and spread of a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// The number of values.
    pub runs: usize,
    /// Their mean.
    pub mean: f64,
    /// Standard deviation, divisor n − 1. `None` for a single value.
    pub std: Option<f64>,
    /// Standard error of the mean, `std / √n`. `None` for a single value.
    pub standard_error: Option<f64>,
}

impl Sample {
    /// Mean, then squared deviations from it (two passes). `None` without a value.
    pub fn of(values: &[f64]) -> Option<Self> {
        let runs = values.len();
        if runs == 0 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / runs as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let std = (runs > 1).then(|| (squares / (runs - 1) as f64).sqrt());
        Some(Self { runs, mean, std, standard_error: std.map(|std| std / (runs as f64).sqrt()) })
    }
}

/// Runs of one method, network, protocol and data: they differ in their seeds.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The method.
    pub method: Method,
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// The data.
    pub dataset: String,
    /// The digest of its content; `None` where the records do not say it.
    pub dataset_digest: Option<Digest>,
    /// Number of examples trained on.
    pub train_examples: usize,
    /// How they were trained.
    pub protocol: Protocol,
    /// Their seeds.
    pub seeds: Vec<u64>,
    /// Test error in percent at the epoch that validation chose.
    pub test_error_percent: Sample,
}

impl Summary {
    /// H, where the network is one of Figure 1's: three hidden layers of H units.
    pub fn width(&self) -> Option<usize> {
        match self.hidden[..] {
            [a, b, c] if a == b && b == c => Some(a),
            _ => None,
        }
    }

    /// The data that they were trained on.
    pub fn data(&self) -> Identity<'_> {
        Identity { dataset: &self.dataset, dataset_digest: self.dataset_digest }
    }

    /// What its runs share.
    pub(super) fn key(&self) -> RunKey<'_> {
        RunKey {
            method: self.method,
            hidden: &self.hidden,
            seed: None,
            data: self.data(),
            train_examples: self.train_examples,
            protocol: self.protocol.clone(),
        }
    }
}

/// Groups records that differ in nothing but their seed; sorted by method and widths.
pub(super) fn summarize(records: &[Record]) -> Vec<Summary> {
    let mut groups: Vec<Vec<&Record>> = Vec::new();
    for record in records {
        match groups.iter_mut().find(|group| group[0].is_same_plan(record)) {
            Some(group) => group.push(record),
            None => groups.push(vec![record]),
        }
    }
    let mut summaries: Vec<Summary> = groups
        .into_iter()
        .filter_map(|group| {
            let errors: Vec<f64> = group.iter().map(|record| record.best.test_error_percent).collect();
            let Record { method, hidden, dataset, dataset_digest, train_examples, protocol, .. } = group[0].clone();
            let seeds = group.iter().map(|record| record.seed).collect();
            let test_error_percent = Sample::of(&errors)?;
            Some(Summary {
                method,
                hidden,
                dataset,
                dataset_digest,
                train_examples,
                protocol,
                seeds,
                test_error_percent,
            })
        })
        .collect();
    summaries.sort_by(|a, b| (a.method, &a.hidden).cmp(&(b.method, &b.hidden)));
    summaries
}

#[cfg(test)]
mod tests {
    use super::super::Records;
    use super::super::record::tests::record;
    use super::*;

    /// By hand: 1.4, 1.5, 1.9 have the mean 4.8/3 = 1.6; deviations −0.2, −0.1, 0.3; squares 0.04 + 0.01 + 0.09 = 0.14;
    /// divided by n − 1 = 2: 0.07; its root 0.264575; divided by √3: 0.152753.
    #[test]
    fn mean_deviation_and_error_agree_with_a_hand_computation() {
        let sample = Sample::of(&[1.4, 1.5, 1.9]).unwrap();
        assert_eq!(sample.runs, 3);
        assert!((sample.mean - 1.6).abs() < 1e-12);
        assert!((sample.std.unwrap() - 0.264_575_131).abs() < 1e-9);
        assert!((sample.standard_error.unwrap() - 0.152_752_523).abs() < 1e-9);
    }

    #[test]
    fn a_single_run_has_no_error_and_no_run_no_mean() {
        let sample = Sample::of(&[1.4]).unwrap();
        assert_eq!((sample.mean, sample.std, sample.standard_error), (1.4, None, None));
        assert_eq!(Sample::of(&[]), None);
    }

    #[test]
    fn runs_of_another_protocol_are_never_averaged_together() {
        let mut longer = record(Method::None, 100, 3, 1.0);
        longer.protocol.epochs += 1;
        let records: Records =
            [record(Method::None, 100, 1, 1.4), record(Method::None, 100, 2, 1.6), longer].into_iter().collect();
        let runs: Vec<usize> = records.summaries().iter().map(|summary| summary.test_error_percent.runs).collect();
        assert_eq!(runs, [2, 1]);
    }

    #[test]
    fn groups_come_in_the_order_of_the_legend_then_by_width() {
        let records: Records = [(Method::VariationalB, 100), (Method::None, 1000), (Method::None, 250)]
            .map(|(method, width)| record(method, width, 1, 1.0))
            .into_iter()
            .collect();
        let order: Vec<_> = records.summaries().iter().map(|group| (group.method, group.width().unwrap())).collect();
        assert_eq!(order, [(Method::None, 250), (Method::None, 1000), (Method::VariationalB, 100)]);
    }

    #[test]
    fn only_three_equal_layers_have_a_place_on_the_axis_of_figure_1() {
        let mut two = record(Method::None, 100, 1, 1.0);
        two.hidden.pop();
        assert_eq!(Records::from_iter([two]).summaries()[0].width(), None);
    }
}
