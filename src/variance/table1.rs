//! Table 1: ours, the paper's and the older replication's.

use super::{Estimator, LayerVariance, Measurement, VarianceRecord};
use crate::error::{Error, Result};
use crate::experiment::paper;
use crate::table::{Cell, Table};

/// The columns of the paper's table: the layer, the epochs trained, and the name in `paper/table1.csv`.
const COLUMNS: [(End, usize, &str); 4] = [
    (End::Top, 10, "top_10"),
    (End::Top, 100, "top_100"),
    (End::Bottom, 10, "bottom_10"),
    (End::Bottom, 100, "bottom_100"),
];

/// The two layers of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Top,
    Bottom,
}

impl End {
    fn title(self) -> &'static str {
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

/// Table 1 to read: for each layer, time and estimator that was measured, ours with its 95 % interval, the paper's, and the
/// older replication's. Ours after another number of epochs than 10 or 100 stands there too, with nothing beside it.
///
/// # Errors
/// Records of two networks that differ in more than the epochs trained, or measured by two plans.
pub fn table1(records: &[VarianceRecord]) -> Result<Table> {
    check(records)?;
    let mut table = Table::new([
        "Weight matrix",
        "Epochs",
        "Estimator",
        "Ours",
        "95 % interval",
        "Paper",
        "Ours / paper",
        "Older replication",
    ]);
    let mut epochs: Vec<usize> = records.iter().map(|record| record.protocol.epochs).collect();
    epochs.sort_unstable();
    epochs.dedup();
    for end in [End::Top, End::Bottom] {
        for &epochs in &epochs {
            let column = COLUMNS.iter().position(|&(column, at, _)| (column, at) == (end, epochs));
            for estimator in Estimator::ALL {
                let Some(ours) = find(records, end, epochs, estimator) else { continue };
                let published = |rows: &'static [paper::PublishedVariances]| {
                    rows.iter()
                        .find(|row| row.estimator == estimator)
                        .zip(column)
                        .map(|(row, column)| row.columns[column])
                };
                let paper = published(paper::table1());
                let older = published(paper::table1_replication());
                table.push((
                    end.title(),
                    epochs,
                    estimator.title(),
                    Cell::scientific(ours.variance, 2),
                    ours.interval
                        .map_or("–".to_owned(), |interval| format!("{:.1e} to {:.1e}", interval.low, interval.high)),
                    paper.map(|paper| Cell::scientific(paper, 2)),
                    paper.map(|paper| Cell::number(ours.variance / paper, 2)),
                    older.map(|older| Cell::scientific(older, 2)),
                ));
            }
        }
    }
    Ok(table.caption(
        "Variance of gradient estimates over minibatches of the training set, scaled to the whole of it and averaged over \
         the weights. Intervals: bootstrap over minibatches, of one trained network. The older replication took minibatches of \
         200, the paper 1000.",
    ))
}

/// Ours divided by the paper's, for each cell of Table 1 that was measured.
pub fn ratios_to_paper(records: &[VarianceRecord]) -> Vec<f64> {
    let row = |row: &'static paper::PublishedVariances| {
        let columns = COLUMNS.iter().zip(row.columns);
        columns
            .filter_map(|(&(end, epochs, _), paper)| Some(find(records, end, epochs, row.estimator)?.variance / paper))
    };
    paper::table1().iter().flat_map(row).collect()
}

/// Measurements side by side, each set with a name: for each estimator the variance of the last layer measured and of the
/// first, and how many times the same estimator's of the first set they are.
pub fn measured(sets: &[(&str, &[Measurement])]) -> Table {
    let mut table = Table::new(["What", "Estimator", "Top", "Times the first", "Bottom", "Times the first"]);
    let ends = |measurement: &Measurement| {
        let mut layers: Vec<&LayerVariance> = measurement.layers.iter().collect();
        layers.sort_by_key(|layer| layer.layer);
        let variance = |layer: Option<&&LayerVariance>| layer.map(|layer| layer.variance);
        (variance(layers.last()), variance(layers.first()))
    };
    for (index, (name, measurements)) in sets.iter().enumerate() {
        for measurement in *measurements {
            let first = sets[0].1.iter().find(|first| first.estimator == measurement.estimator).filter(|_| index > 0);
            let (first_top, first_bottom) = first.map_or((None, None), ends);
            let (top, bottom) = ends(measurement);
            let variance = |value: Option<f64>| value.map(|value| Cell::scientific(value, 2));
            let ratio = |value: Option<f64>, first: Option<f64>| Some(Cell::number(value? / first?, 2));
            table.push((
                *name,
                measurement.estimator.title(),
                variance(top),
                ratio(top, first_top),
                variance(bottom),
                ratio(bottom, first_bottom),
            ));
        }
    }
    table
}

/// Table 1 as plain data, with the columns of `paper/table1.csv`; a cell that was not measured is empty.
///
/// # Errors
/// As for [`table1`].
pub fn table1_points(records: &[VarianceRecord]) -> Result<Table> {
    check(records)?;
    let mut table = Table::new(["source", "estimator"].into_iter().chain(COLUMNS.map(|(_, _, name)| name)));
    let mut push = |source: &str, estimator: Estimator, columns: [Option<f64>; 4]| {
        let columns = columns.map(|value| value.map(|value| Cell::scientific(value, 2)).into());
        table.push([source.into(), estimator.title().into()].into_iter().chain(columns).collect::<Vec<Cell>>());
    };
    for estimator in Estimator::ALL {
        let ours = COLUMNS.map(|(end, epochs, _)| find(records, end, epochs, estimator).map(|ours| ours.variance));
        if ours.iter().any(Option::is_some) {
            push("ours", estimator, ours);
        }
    }
    for (source, rows) in [("paper", paper::table1()), ("replication", paper::table1_replication())] {
        rows.iter().for_each(|row| push(source, row.estimator, row.columns.map(Some)));
    }
    Ok(table)
}

fn find(records: &[VarianceRecord], end: End, epochs: usize, estimator: Estimator) -> Option<&LayerVariance> {
    let record =
        records.iter().find(|record| record.protocol.epochs == epochs && record.measurement.estimator == estimator)?;
    record.measurement.layers.iter().find(|layer| layer.layer == end.layer(record))
}

/// One table is one training run, measured in one way.
fn check(records: &[VarianceRecord]) -> Result<()> {
    let alike = |a: &VarianceRecord, b: &VarianceRecord| {
        let mut b = b.clone();
        b.protocol.epochs = a.protocol.epochs;
        b.protocol.constant_epochs = a.protocol.constant_epochs;
        // More passes narrow the intervals, and change nothing else.
        b.plan.passes = a.plan.passes;
        a.is_same_network(&b) && a.plan == b.plan
    };
    match records
        .first()
        .and_then(|first| records.iter().find(|record| !alike(first, record)).map(|other| (first, other)))
    {
        Some((first, other)) => Err(Error::argument(
            "set of records",
            format!("a mixture ({}; {})", describe(first), describe(other)),
            "measurements of one training run by one plan; choose them by file, or with Iterator::filter",
        )),
        None => Ok(()),
    }
}

fn describe(record: &VarianceRecord) -> String {
    format!(
        "{} {:?}, seed {}, trained on minibatches of {} of {} {}, measured on minibatches of {}",
        record.method,
        record.hidden,
        record.seed,
        record.protocol.batch_size,
        record.train_examples,
        record.dataset,
        record.plan.batch_size
    )
}
