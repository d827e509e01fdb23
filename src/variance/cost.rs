//! What an estimator costs beside what it gives.

use super::{Estimator, Share, VarianceRecord};
use crate::table::{Cell, Table};

/// For each share the seconds of a gradient, its variance, and their product: the variance of the mean of as many gradients
/// as fit in a second. Least is best. In the last column, how many times the least at that minibatch size.
pub fn cost_table(shares: &[Share]) -> Table {
    let cost = |share: &Share| share.total * share.seconds_per_gradient;
    let mut table = Table::new([
        "Estimator",
        "Minibatch",
        "Time of a gradient (ms)",
        "Variance",
        "Variance × time",
        "Times the least",
    ]);
    let mut sizes: Vec<usize> = shares.iter().map(|share| share.batch_size).collect();
    sizes.sort_unstable();
    sizes.dedup();
    for size in sizes {
        // Without noise it is another gradient, of another objective: it stands there, but is no choice.
        let own = || shares.iter().filter(|share| share.batch_size == size);
        let noisy = own().filter(|share| share.noise > 0.0);
        let least = noisy.map(cost).fold(f64::INFINITY, f64::min);
        for share in own() {
            table.push((
                share.estimator.title(),
                size,
                Cell::number(1e3 * share.seconds_per_gradient, 2),
                Cell::scientific(share.total, 2),
                Cell::scientific(cost(share), 2),
                (share.noise > 0.0).then(|| Cell::number(cost(share) / least, 1)),
            ));
        }
    }
    table
}

/// Seconds of a pass over the training set (gradients alone, without the optimizer's steps) by each estimator of the records'
/// first network, and how many times local reparameterization's; beside the paper's two.
pub fn pass_table(records: &[VarianceRecord]) -> Table {
    let seconds = |record: &VarianceRecord| {
        record.measurement.seconds_per_gradient * record.train_examples as f64 / record.plan.batch_size as f64
    };
    let own = || records.iter().filter(|record| record.is_same_network(&records[0]));
    let local = own().find(|record| record.measurement.estimator == Estimator::LocalReparameterization).map(seconds);
    let mut table = Table::new(["Estimator", "Ours (s)", "Times local", "Paper (s)", "Times local in the paper"]);
    for record in own() {
        let estimator = record.measurement.estimator;
        let paper = match estimator {
            Estimator::LocalReparameterization => Some(PAPER_LOCAL),
            Estimator::SeparateWeightSamples => Some(PAPER_SEPARATE),
            _ => None,
        };
        table.push((
            estimator.title(),
            Cell::number(seconds(record), 1),
            local.map(|local| Cell::number(seconds(record) / local, 1)),
            paper.map(|paper| Cell::number(paper, 1)),
            paper.map(|paper| Cell::number(paper / PAPER_LOCAL, 0)),
        ));
    }
    table
}

/// Section 5 of the paper: seconds of an epoch with local reparameterization, and with separate weight samples.
const PAPER_LOCAL: f64 = 7.4;
const PAPER_SEPARATE: f64 = 1635.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_product_of_the_noisy_ones_is_one() {
        let share = |estimator, total, noise, seconds| Share {
            estimator,
            batch_size: 10,
            total,
            interval: None,
            noise,
            noise_interval: None,
            seconds_per_gradient: seconds,
        };
        let table = cost_table(&[
            share(Estimator::LocalReparameterization, 100.0, 50.0, 0.002),
            share(Estimator::SingleWeightSample, 800.0, 750.0, 0.001),
            share(Estimator::NoNoise, 50.0, 0.0, 0.001),
        ]);
        let markdown = table.to_markdown();
        assert!(markdown.contains("| local reparameterization | 10 | 2.00 | 1.0e2 | 2.0e-1 | 1.0 |"), "{markdown}");
        assert!(markdown.contains("| single weight sample | 10 | 1.00 | 8.0e2 | 8.0e-1 | 4.0 |"), "{markdown}");
        assert!(markdown.contains("| no dropout noise | 10 | 1.00 | 5.0e1 | 5.0e-2 |  |"), "{markdown}");
    }
}
