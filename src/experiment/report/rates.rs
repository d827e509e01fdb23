//! Where learned rates end, by layer and width.

use std::collections::BTreeSet;

use super::{Records, figure1_summaries};
use crate::error::Result;
use crate::experiment::{Record, Sample, Summary};
use crate::table::{Cell, Table};

/// For each method that learns its rates and each layer, the mean α after training at every width: mean ± standard error over runs.
///
/// # Errors
/// Runs of two protocols for one point, or of two data sets.
pub fn rates(records: &Records) -> Result<Table> {
    let summaries = figure1_summaries(records)?;
    let learned = || summaries.iter().filter(|summary| summary.method.learns_rates());
    let widths: BTreeSet<usize> = learned().filter_map(Summary::width).collect();
    let header = ["Method".to_owned(), "Layer".to_owned()];
    let mut table = Table::new(header.into_iter().chain(widths.iter().map(|width| format!("{width} units"))));
    let mut methods: Vec<_> = learned().map(|summary| summary.method).collect();
    methods.dedup();
    for method in methods {
        let runs = |width: usize| -> Vec<&Record> {
            records.iter().filter(|run| run.method == method && run.hidden == [width; 3]).collect()
        };
        let layers = widths.iter().flat_map(|&width| runs(width)).map(|run| last_alpha(run).len()).max();
        for layer in 0..layers.unwrap_or(0) {
            let name = if layer == 0 { "input".to_owned() } else { format!("hidden layer {layer}") };
            let at = |&width: &usize| {
                let means: Vec<f64> = runs(width).iter().filter_map(|run| Some(*last_alpha(run).get(layer)?)).collect();
                Cell::from(Sample::of(&means).map(|sample| Cell::estimate(sample.mean, sample.standard_error, 2)))
            };
            let row = [Cell::from(method), Cell::from(name)].into_iter().chain(widths.iter().map(at));
            table.push(row.collect::<Vec<_>>());
        }
    }
    Ok(table.caption("Mean α of each layer's inputs at the end of training: mean ± standard error over runs."))
}

/// The mean α of each layer after the last epoch.
fn last_alpha(run: &Record) -> Vec<f64> {
    run.epochs.last().map(|epoch| epoch.alpha.iter().map(|alpha| alpha.mean).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Method;
    use crate::experiment::tests::{epoch, record};
    use crate::training::{AlphaStatistics, Epoch};

    #[test]
    fn each_layer_of_a_method_that_learns_has_its_mean_at_each_width() {
        let at = |method, width, seed, means: &[f64]| {
            let mut record = record(method, width, seed, 1.0);
            let alpha = means
                .iter()
                .map(|&mean| AlphaStatistics { mean, std: 0.0, min: mean, max: mean, quantiles: None })
                .collect();
            record.epochs = vec![Epoch { alpha, ..epoch(1, 1.0) }];
            record
        };
        let records: Records = [
            at(Method::None, 100, 1, &[]),
            at(Method::VariationalA, 100, 1, &[0.5, 0.10]),
            at(Method::VariationalA, 100, 2, &[0.5, 0.30]),
            at(Method::VariationalA, 250, 1, &[0.5, 0.25]),
        ]
        .into_iter()
        .collect();
        let csv = rates(&records).unwrap().to_csv();
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines.len(), 3, "{csv}");
        assert_eq!(lines[2], "Variational A,hidden layer 1,0.20 ± 0.10,0.25");
        assert!(rates(&Records::default()).unwrap().is_empty());
    }
}
