//! Ours, the paper's and the older replication's numbers in one table, and what follows from them.

mod brief;
mod claims;
mod differences;
mod protocols;
mod rates;
mod selection;

pub use brief::{claims_together, figure1_by_width};
pub use claims::{CLAIMS, Claim, EQUIVALENCE, TestedClaim, Verdict, Widths, claims, tested_claims};
pub use differences::{Agreement, PointDifference, differences};
pub use protocols::protocols;
pub use rates::rates;
pub use selection::{Selection, selection, selection_claims};

use super::paper::{self, PublishedPoint};
use super::{Records, Summary};
use crate::data::Identity;
use crate::error::{Error, Result};
use crate::method::Method;
use crate::table::{Cell, Table};
use crate::training::Difference;

/// Figure 1 as a table to read: for each method and width that was run, ours (mean ± standard error), the paper's, the
/// difference between them, and the older replication's where it ran that width.
///
/// # Errors
/// Runs of two protocols for one point, or of two data sets.
pub fn figure1(records: &Records) -> Result<Table> {
    let mut table = Table::new([
        "Method",
        "Units per layer",
        "Runs",
        "Ours (%)",
        "Paper (%)",
        "Difference",
        "Older replication (%)",
    ]);
    let summaries = figure1_summaries(records)?;
    for summary in &summaries {
        let Some(width) = summary.width() else { continue };
        let ours = summary.test_error_percent;
        let paper = find(paper::figure1(), summary.method, width);
        let older = find(paper::figure1_replication(), summary.method, width);
        table.push((
            summary.method,
            width,
            ours.runs,
            Cell::estimate(ours.mean, ours.standard_error, 2),
            paper.map(|point| Cell::estimate(point.error_percent, point.error_bar, 2)),
            paper.filter(|_| is_of_mnist(summary)).map(|point| Cell::difference(ours.mean - point.error_percent, 2)),
            older.map(|point| Cell::number(point.error_percent, 2)),
        ));
    }
    Ok(table.caption(format!(
        "Test error {data} in percent. Ours: mean ± standard error over runs, each after the epochs that validation chose. The paper \
         does not say what its error bars are. The older replication's networks have two hidden layers, and it reports the best \
         test error. {agreement}",
        data = dataset(&summaries),
        agreement = Agreement::of(records)?
    )))
}

/// Figure 1 as plain data: every point of the three sources, with the columns of `paper/figure1.csv` and a leading
/// `source`. The error bar of ours is the standard error of the mean; it is empty for a single run.
///
/// # Errors
/// As for [`figure1`].
pub fn figure1_points(records: &Records) -> Result<Table> {
    let mut table = Table::new(["source", "method", "hidden", "error_percent", "error_bar"]);
    let number = |value: f64| Cell::number(value, 3);
    for summary in figure1_summaries(records)? {
        let Some(width) = summary.width() else { continue };
        let ours = summary.test_error_percent;
        table.push(("ours", summary.method.name(), width, number(ours.mean), ours.standard_error.map(number)));
    }
    for (source, points) in [("paper", paper::figure1()), ("replication", paper::figure1_replication())] {
        for point in points {
            let (error, bar) = (number(point.error_percent), point.error_bar.map(number));
            table.push((source, point.method.name(), point.hidden, error, bar));
        }
    }
    Ok(table)
}

/// The summaries that have a place on Figure 1's axis: three hidden layers of one width, one for each method and width.
///
/// # Errors
/// Runs of two protocols for one point, which cannot share it, or of two data sets, which cannot share the figure.
pub fn figure1_summaries(records: &Records) -> Result<Vec<Summary>> {
    let mut summaries = records.summaries();
    summaries.retain(|summary| summary.width().is_some());
    let mut datasets: Vec<Identity<'_>> = summaries.iter().map(Summary::data).collect();
    datasets.dedup();
    if let [first, second, ..] = datasets[..] {
        let found = format!("a mixture of two data sets ({first} and {second})");
        return Err(Error::argument(
            "set of records",
            found,
            "runs on one data set: name a file or folder that has only such runs",
        ));
    }
    for pair in summaries.windows(2) {
        if (pair[0].method, &pair[0].hidden) == (pair[1].method, &pair[1].hidden) {
            let differing: Vec<String> =
                pair[0].key().differences(&pair[1].key()).iter().map(Difference::both).collect();
            return Err(Error::argument(
                "set of records",
                format!(
                    "a mixture for {} with layers of {} units ({})",
                    pair[0].method,
                    pair[0].hidden[0],
                    differing.join(", ")
                ),
                "runs that differ only in their seed, for each point: name a file or folder that has only such runs",
            ));
        }
    }
    Ok(summaries)
}

/// Whether runs can be compared with the paper's.
fn is_of_mnist(summary: &Summary) -> bool {
    summary.data().is_mnist()
}

/// `on MNIST`, or what our runs were tested on instead.
pub(crate) fn dataset(summaries: &[Summary]) -> String {
    match summaries.iter().find(|summary| !is_of_mnist(summary)) {
        Some(other) => format!("(ours on {}, the others on MNIST)", other.dataset),
        None => "on MNIST".to_owned(),
    }
}

fn find(points: &'static [PublishedPoint], method: Method, hidden: usize) -> Option<&'static PublishedPoint> {
    points.iter().find(|point| point.method == method && point.hidden == hidden)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::experiment::Record;
    use crate::experiment::tests::record;

    pub(super) fn records() -> Records {
        let errors = [(Method::None, 100, 1, 1.5), (Method::None, 100, 2, 1.7), (Method::VariationalB, 250, 1, 1.3)];
        errors.map(|(method, width, seed, error)| record(method, width, seed, error)).into_iter().collect()
    }

    #[test]
    fn the_table_compares_each_point_that_was_run() {
        let markdown = figure1(&records()).unwrap().to_markdown();
        // None at 100: mean (1.5 + 1.7)/2 = 1.6, deviations ∓0.1, standard error √(0.02/1)/√2 = 0.1.
        let line = "| No dropout | 100 | 2 | 1.60 ± 0.10 | 1.44 ± 0.05 | +0.16 | 2.60 |";
        assert!(markdown.contains(line), "{markdown}");
        // The older replication did not run 250.
        assert!(markdown.contains("| Variational B | 250 | 1 | 1.30 | 1.37 ± 0.04 | −0.07 |  |"), "{markdown}");
    }

    #[test]
    fn the_points_are_the_papers_file_with_a_leading_source() {
        let csv = figure1_points(&records()).unwrap().to_csv();
        let mut lines = csv.lines();
        assert_eq!(lines.next(), Some("source,method,hidden,error_percent,error_bar"));
        assert_eq!(lines.next(), Some("ours,none,100,1.6,0.1"));
        assert_eq!(lines.next(), Some("ours,variational-b,250,1.3,"));
        assert_eq!(lines.next(), Some("paper,none,100,1.44,0.05"));
        assert_eq!(csv.lines().count(), 1 + 2 + 42 + 42);
        assert_eq!(csv.lines().last(), Some("replication,variational-b,1300,1.49,"));
    }

    #[test]
    fn runs_of_two_protocols_for_one_point_are_an_error_that_tells_them_apart() {
        let mut longer = record(Method::None, 100, 3, 1.0);
        longer.protocol.epochs = 60;
        let mixed: Records = records().iter().cloned().chain([longer]).collect();
        let message = figure1(&mixed).unwrap_err().to_string();
        assert!(message.contains("none with layers of 100 units (epochs 2 and 60)"), "{message}");
    }

    #[test]
    fn runs_on_other_data_are_not_set_against_the_papers_nor_mixed_with_those_on_mnist() {
        let synthetic = |record: &Record| Record { dataset: "synthetic".to_owned(), ..record.clone() };
        let markdown = figure1(&records().iter().map(synthetic).collect()).unwrap().to_markdown();
        assert!(markdown.contains("| No dropout | 100 | 2 | 1.60 ± 0.10 | 1.44 ± 0.05 |  | 2.60 |"), "{markdown}");
        assert!(markdown.contains("Test error (ours on synthetic, the others on MNIST) in percent."), "{markdown}");
        assert!(markdown.contains("0 of the paper's 42 points are run."), "{markdown}");
        let wide = record(Method::None, 1000, 1, 1.0);
        let mixed: Records = records().iter().cloned().chain([synthetic(&wide)]).collect();
        let message = figure1(&mixed).unwrap_err().to_string();
        assert!(message.contains("a mixture of two data sets (mnist and synthetic)"), "{message}");
    }
}
