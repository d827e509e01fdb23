//! How much lower a test error is when the test itself chooses the epoch.

use super::Records;
use crate::experiment::{Record, Sample};
use crate::table::{Cell, Table};
use crate::training::RunKey;

/// For each method and width the test error at the epoch that counts, the lowest test error of any epoch (what the older
/// replication reports), and the difference between them, each the mean over runs. Runs that kept no epochs are left out.
pub fn flattery(records: &Records) -> Table {
    let mut table =
        Table::new(["Method", "Units per layer", "Runs", "Reported (%)", "Lowest of any epoch (%)", "It flatters by"]);
    let with_epochs = records.filter(|record| !record.epochs.is_empty());
    let mut all = Vec::new();
    for summary in with_epochs.summaries() {
        let Some(width) = summary.width() else { continue };
        let of_group = |record: &&Record| RunKey { seed: None, ..record.key() } == summary.key();
        let differences: Vec<f64> =
            with_epochs.iter().filter(of_group).map(|record| record.best.test_error_percent - lowest(record)).collect();
        all.extend_from_slice(&differences);
        let Some(flattered) = Sample::of(&differences) else { continue };
        let reported = summary.test_error_percent.mean;
        table.push((
            summary.method,
            width.to_string(),
            flattered.runs,
            Cell::number(reported, 2),
            Cell::number(reported - flattered.mean, 2),
            Cell::estimate(flattered.mean, flattered.standard_error, 2),
        ));
    }
    let mut datasets = with_epochs.iter().map(|record| &record.dataset);
    let first = datasets.next();
    // What two data sets have in the mean says nothing of either.
    if let Some(flattered) = Sample::of(&all).filter(|_| datasets.all(|dataset| Some(dataset) == first)) {
        let estimate = Cell::estimate(flattered.mean, flattered.standard_error, 2);
        table.push(("all", Cell::Empty, flattered.runs, Cell::Empty, Cell::Empty, estimate));
    }
    table.caption(
        "Percentage points by which a run looks better when its lowest test error is reported: mean ± standard error.",
    )
}

fn lowest(record: &Record) -> f64 {
    record.epochs.iter().map(|epoch| epoch.test_error_percent).fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Method;
    use crate::experiment::tests::{epoch, record};

    /// A run whose last epoch counts.
    fn run(seed: u64, errors: &[f64]) -> Record {
        let epochs = (1..).zip(errors).map(|(number, &error)| epoch(number, error)).collect();
        Record { epochs, ..record(Method::None, 100, seed, errors[errors.len() - 1]) }
    }

    #[test]
    fn the_lowest_epoch_is_set_against_the_one_that_counts() {
        let records =
            Records::from_iter([run(1, &[2.0, 1.4, 1.6]), run(2, &[2.0, 1.9, 1.8]), record(Method::None, 250, 1, 1.0)]);
        let markdown = flattery(&records).to_markdown();
        assert!(markdown.contains("| No dropout | 100 | 2 | 1.70 | 1.60 | 0.10 ± 0.10 |"), "{markdown}");
        assert!(markdown.contains("| all |  | 2 |  |  | 0.10 ± 0.10 |"), "{markdown}");
        assert!(!markdown.contains("| 250 |"), "a run without epochs has no lowest one: {markdown}");
        assert!(flattery(&Records::default()).is_empty());
    }

    #[test]
    fn runs_on_two_data_sets_are_two_rows_and_have_no_mean() {
        let other = Record { dataset: "synthetic".to_owned(), ..run(1, &[10.0, 30.0]) };
        let markdown = flattery(&Records::from_iter([run(1, &[1.0, 2.0]), other])).to_markdown();
        for row in ["| 1 | 2.00 | 1.00 | 1.00 |", "| 1 | 30.00 | 10.00 | 20.00 |"] {
            assert!(markdown.contains(row), "{markdown}");
        }
        assert!(!markdown.contains("| all |"), "{markdown}");
    }
}
