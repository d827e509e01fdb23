//! Table 1: ours, the paper's and the older replication's.

use super::networks::{End, Variances};
use super::{Estimator, Interval, VarianceRecord};
use crate::error::{Error, Result};
use crate::experiment::paper::{self, PublishedVariances};
use crate::table::{Cell, Table};

/// The columns of the paper's table: the layer, the epochs trained, and the name in `paper/table1.csv`.
pub(crate) const COLUMNS: [(End, usize, &str); 4] = [
    (End::Top, 10, "top_10"),
    (End::Top, 100, "top_100"),
    (End::Bottom, 10, "bottom_10"),
    (End::Bottom, 100, "bottom_100"),
];

/// Table 1 to read: for each layer, time and estimator that was measured, ours, the paper's, and the older replication's. Ours
/// after another number of epochs than 10 or 100 stands there too, with nothing beside it.
///
/// # Errors
/// Records of networks that differ in more than the epochs trained and the seed, or measured by two plans.
pub fn table1(records: &[VarianceRecord]) -> Result<Table> {
    check(records)?;
    let mut table = Table::new([
        "Weight matrix",
        "Epochs",
        "Estimator",
        "Networks",
        "Ours",
        "95 % interval over networks",
        "Paper",
        "Ours / paper",
        "One network's own 95 % interval",
        "Older replication",
    ]);
    for end in End::BOTH {
        for epochs in epochs(records) {
            let column = COLUMNS.iter().position(|&(column, at, _)| (column, at) == (end, epochs));
            for estimator in Estimator::ALL {
                let Some(ours) = Variances::of(records, end, epochs, estimator) else { continue };
                let [paper, older] = [paper::table1(), paper::table1_replication()]
                    .map(|rows| column.and_then(|column| published(rows, estimator, column)));
                table.push((
                    end.title(),
                    epochs,
                    estimator.title(),
                    ours.count(),
                    Cell::scientific(ours.mean(), 2),
                    range(ours.interval()),
                    paper.map(|paper| Cell::scientific(paper, 2)),
                    paper.map(|paper| Cell::number(ours.mean() / paper, 2)),
                    range(ours.measurement()),
                    older.map(|older| Cell::scientific(older, 2)),
                ));
            }
        }
    }
    Ok(table.caption(
        "Variance of gradient estimates over minibatches of the training set, scaled to the whole of it and averaged over \
         the weights. Ours: the geometric mean over networks that differ in their seed, with Student's 95 % interval of the \
         logarithms. One network's own interval: a bootstrap over minibatches, of the network with the lowest seed. The older \
         replication took minibatches of 200, the paper 1000. Flipout is not in the paper.",
    ))
}

/// Table 1 as the paper prints it, a row for each estimator: ours, and the paper's in parentheses.
///
/// # Errors
/// As for [`table1`].
pub fn table1_as_printed(records: &[VarianceRecord]) -> Result<Table> {
    check(records)?;
    let heads = COLUMNS.map(|(end, epochs, _)| format!("{}, {epochs} epochs", end.title()));
    let mut table = Table::new(["Estimator".to_owned()].into_iter().chain(heads));
    for estimator in Estimator::ALL {
        let mut column = 0..;
        let cells = COLUMNS.map(|(end, epochs, _)| {
            let paper = column.next().and_then(|column| published(paper::table1(), estimator, column));
            let ours = Cell::scientific(Variances::of(records, end, epochs, estimator)?.mean(), 2);
            Some(paper.map_or(ours.to_string(), |paper| format!("{ours} ({})", Cell::scientific(paper, 2))))
        });
        if cells.iter().any(Option::is_some) {
            table.push([estimator.title().into()].into_iter().chain(cells.map(Cell::from)).collect::<Vec<Cell>>());
        }
    }
    Ok(table.caption(
        "Variance of the gradient for the top and the bottom weight matrix: ours, and the paper's in parentheses.",
    ))
}

/// The order that the paper finds: how many times the variance of one estimator that of the next lower one is, in each column,
/// network by network.
///
/// # Errors
/// As for [`table1`].
pub fn table1_order(records: &[VarianceRecord]) -> Result<Table> {
    check(records)?;
    let mut table =
        Table::new(["Weight matrix", "Epochs", "Larger", "Smaller", "Networks", "Ratio", "95 % interval", "Paper"]);
    let [local, separate, single, none] = Estimator::TABLE1;
    for (smaller, larger) in [(none, local), (local, separate), (separate, single)] {
        for (column, (end, epochs, _)) in COLUMNS.into_iter().enumerate() {
            let of = |estimator| Variances::of(records, end, epochs, estimator);
            let (Some(low), Some(high)) = (of(smaller), of(larger)) else { continue };
            let Some((ratio, interval)) = high.times(&low) else { continue };
            let paper = |estimator| published(paper::table1(), estimator, column);
            let interval = match (interval, low.measurement(), high.measurement()) {
                (Some(own), ..) => format!("{:.2} to {:.2}", own.low, own.high),
                (None, Some(low), Some(high)) if low.is_apart_from(high) => "one network's own are apart".to_owned(),
                (None, Some(_), Some(_)) => "one network's own overlap".to_owned(),
                _ => "–".to_owned(),
            };
            let theirs = paper(larger).zip(paper(smaller)).map(|(larger, smaller)| Cell::number(larger / smaller, 2));
            let networks = low.count().min(high.count());
            table.push((
                end.title(),
                epochs,
                larger.title(),
                smaller.title(),
                networks,
                Cell::number(ratio, 2),
                interval,
                theirs,
            ));
        }
    }
    Ok(table.caption(
        "How many times the smaller variance the larger one is: the geometric mean of the networks' own ratios.",
    ))
}

/// The numbers of epochs after which something was measured.
fn epochs(records: &[VarianceRecord]) -> Vec<usize> {
    let mut epochs: Vec<usize> = records.iter().map(|record| record.protocol.epochs).collect();
    epochs.sort_unstable();
    epochs.dedup();
    epochs
}

fn published(rows: &[PublishedVariances], estimator: Estimator, column: usize) -> Option<f64> {
    rows.iter().find(|row| row.estimator == estimator).and_then(|row| row.columns[column])
}

fn range(interval: Option<Interval>) -> String {
    interval.map_or("–".to_owned(), |interval| format!("{:.1e} to {:.1e}", interval.low, interval.high))
}

/// Ours divided by the paper's, for each cell of Table 1 that was measured.
pub fn ratios_to_paper(records: &[VarianceRecord]) -> Vec<f64> {
    let row = |row: &'static PublishedVariances| {
        let columns = COLUMNS.iter().zip(row.columns);
        columns.filter_map(|(&(end, epochs, _), paper)| {
            Some(Variances::of(records, end, epochs, row.estimator)?.mean() / paper?)
        })
    };
    paper::table1().iter().flat_map(row).collect()
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
        let ours =
            COLUMNS.map(|(end, epochs, _)| Variances::of(records, end, epochs, estimator).map(|ours| ours.mean()));
        if ours.iter().any(Option::is_some) {
            push("ours", estimator, ours);
        }
    }
    for (source, rows) in [("paper", paper::table1()), ("replication", paper::table1_replication())] {
        rows.iter().for_each(|row| push(source, row.estimator, row.columns));
    }
    Ok(table)
}

/// One table is networks that were trained and measured in one way.
pub(crate) fn check(records: &[VarianceRecord]) -> Result<()> {
    let alike = |a: &VarianceRecord, b: &VarianceRecord| {
        let mut b = b.clone();
        b.seed = a.seed;
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
            "networks that differ in nothing but their seed, measured by one plan; choose them by file, or with Iterator::filter",
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

#[cfg(test)]
mod tests {
    use super::super::networks::tests::{as_another, stored};
    use super::*;

    fn rows(table: &Table) -> Vec<String> {
        table.to_markdown().lines().skip(2).map(str::to_owned).collect()
    }

    #[test]
    fn several_seeds_are_one_row_with_their_mean_and_the_interval_over_them() {
        let one = stored();
        let alone = rows(&table1(&one).unwrap());
        assert!(
            alone[0].starts_with("| Top | 10 | local reparameterization | 1 | 6.9e3 | – | 7.8e3 | 0.89 |"),
            "{}",
            alone[0]
        );
        let three = [one.clone(), as_another(&one, 2, 1.1), as_another(&one, 3, 1.0 / 1.1)].concat();
        let three = rows(&table1(&three).unwrap());
        assert_eq!(three.len(), alone.len());
        // ln 1.1 · 4.303 / √3 on either side.
        assert!(three[0].contains("| 3 | 6.9e3 | 5.5e3 to 8.8e3 | 7.8e3 | 0.89 | 6.2e3 to 7.7e3 |"), "{}", three[0]);
    }

    #[test]
    fn flipout_is_a_row_without_the_papers_number() {
        let mut records = stored();
        let mut flipout = records[0].clone();
        flipout.measurement.estimator = Estimator::Flipout;
        records.push(flipout);
        let all = rows(&table1(&records).unwrap());
        let row = all.iter().find(|row| row.contains("flipout")).unwrap();
        assert!(row.contains(" |  |  | ") && row.ends_with(" |  |"), "{row}");
        let printed = rows(&table1_as_printed(&records).unwrap());
        assert!(printed.iter().any(|row| row.starts_with("| flipout |") && !row.contains('(')), "{printed:?}");
        assert_eq!(rows(&table1_points(&records).unwrap().caption("")).len(), 5 + 4 + 4);
    }

    #[test]
    fn the_table_as_printed_has_a_row_for_each_estimator() {
        let printed = rows(&table1_as_printed(&stored()).unwrap());
        assert!(
            printed[0].starts_with("| local reparameterization | 6.9e3 (7.8e3) | 6.7e2 (1.2e3) |"),
            "{}",
            printed[0]
        );
        assert_eq!(printed.iter().filter(|row| row.contains('(')).count(), 4);
    }

    #[test]
    fn the_order_is_tested_over_networks_where_there_are_several() {
        let one = stored();
        let alone = table1_order(&one).unwrap().to_csv();
        assert_eq!(alone.lines().filter(|line| line.contains("one network's own are apart")).count(), 12, "{alone}");
        let mut other = as_another(&one, 2, 1.0);
        other[0].measurement.layers.iter_mut().for_each(|layer| layer.variance *= 1.1);
        let both = table1_order(&[one, other].concat()).unwrap().to_csv();
        assert!(both.lines().any(|line| line.contains(",2,") && line.contains(" to ")), "{both}");
    }

    #[test]
    fn networks_of_two_trainings_are_no_table() {
        let mut records = stored();
        records[0].protocol.learning_rate *= 2.0;
        assert!(table1(&records).unwrap_err().to_string().contains("mixture"));
    }
}
