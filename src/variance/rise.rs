//! What becomes of the variances from an early time of a training to a late one, in several trainings side by side.

use std::path::Path;

use super::networks::{End, Variances};
use super::{Estimator, VarianceRecord};
use crate::error::{Error, Result};
use crate::experiment::paper;
use crate::files::{self, TornLine};
use crate::table::{Cell, Table};

/// A file of records with its name.
type Set = (String, Vec<VarianceRecord>);

/// The records of each file of a folder, with its name: that of `as-it-was.jsonl` first, and the others in the order of their names.
/// With them, the last lines that a crash cut off.
///
/// # Errors
/// As [`VarianceRecord::open`].
pub fn open_sets(folder: impl AsRef<Path>) -> Result<(Vec<Set>, Vec<TornLine>)> {
    read_sets(folder.as_ref())
}

fn read_sets(folder: &Path) -> Result<(Vec<Set>, Vec<TornLine>)> {
    let (mut sets, mut every_torn) = (Vec::new(), Vec::new());
    for path in files::files(folder, "`experiments/older.sh` writes them")? {
        let (records, torn) = VarianceRecord::open(&path)?;
        sets.push((path.file_stem().unwrap_or_default().to_string_lossy().replace('-', " "), records));
        every_torn.extend(torn);
    }
    sets.sort_by_key(|(name, _)| name != "as it was");
    Ok((sets, every_torn))
}

/// For each set of records (with its name: a network at two numbers of epochs) and estimator: the variance at both, and how many times as
/// large it is at the later one, of the top and of the bottom weight matrix. Where the mean gradient's square is recorded, also what
/// separate weight samples would have later if the sums of the mean and of the variance went on from the first measurement, as in the
/// older replication's notebook. Above them stands what the paper and the older replication publish.
///
/// # Errors
/// A set whose records are not of two numbers of epochs.
pub fn rise_table(sets: &[Set]) -> Result<Table> {
    let mut table =
        Table::new(["Training", "Estimator", "Top, 10 epochs", "100", "Times", "Bottom, 10 epochs", "100", "Times"]);
    let mut push = |name: &str, estimator: &str, top: [f64; 2], bottom: [f64; 2]| {
        let [[early, late, times], [early_below, late_below, times_below]] = [top, bottom].map(|[early, late]| {
            [Cell::scientific(early, 2), Cell::scientific(late, 2), Cell::number(late / early, 2)]
        });
        table.push((name, estimator, early, late, times, early_below, late_below, times_below));
    };
    for (name, rows) in [("the paper", paper::table1()), ("older replication", paper::table1_replication())] {
        for row in rows {
            if let [Some(top), Some(top_late), Some(bottom), Some(bottom_late)] = row.columns {
                push(name, row.estimator.title(), [top, top_late], [bottom, bottom_late]);
            }
        }
    }
    for (name, records) in sets {
        let times = times(name, records)?;
        for estimator in Estimator::ALL {
            let of = |end| {
                let [early, late] = times.map(|epochs| Variances::of(records, end, epochs, estimator));
                Some((early?, late?))
            };
            let [Some(top), Some(bottom)] = [End::Top, End::Bottom].map(of) else { continue };
            let both = |(early, late): &(Variances<'_>, Variances<'_>)| [early.mean(), late.mean()];
            push(name, estimator.title(), both(&top), both(&bottom));
            let went_on = |(early, late): &(Variances<'_>, Variances<'_>)| {
                Some([early.mean(), early.mean() + late.mean() + early.squared_mean()?])
            };
            let separate = estimator == Estimator::SeparateWeightSamples;
            if let (true, Some(top), Some(bottom)) = (separate, went_on(&top), went_on(&bottom)) {
                push(name, "separate, sums not set to 0", top, bottom);
            }
        }
    }
    Ok(table.caption("Variance of gradient estimates, scaled to the whole training set and averaged over the weights."))
}

/// The two numbers of epochs.
fn times(name: &str, records: &[VarianceRecord]) -> Result<[usize; 2]> {
    let mut epochs: Vec<usize> = records.iter().map(|record| record.protocol.epochs).collect();
    epochs.sort_unstable();
    epochs.dedup();
    <[usize; 2]>::try_from(epochs).map_err(|found| {
        let what = format!("records of {found:?} epochs in {name}");
        Error::argument("set of records", what, "records of one training at two numbers of epochs, such as 10 and 100")
    })
}

#[cfg(test)]
mod tests {
    use super::super::networks::tests::stored;
    use super::*;

    #[test]
    fn a_rise_is_the_late_variance_over_the_early_one() {
        let mut records = stored();
        for record in records.iter_mut().filter(|of| of.measurement.estimator == Estimator::SeparateWeightSamples) {
            for layer in &mut record.measurement.layers {
                (layer.variance, layer.squared_mean) = (record.protocol.epochs as f64, Some(7.0));
            }
        }
        let markdown = rise_table(&[("ours".to_owned(), records)]).unwrap().to_markdown();
        assert!(
            markdown.contains(
                "| older replication | local reparameterization | 2.4e4 | 2.5e5 | 10.42 | 6.1e2 | 3.0e3 | 4.92 |"
            ),
            "{markdown}"
        );
        assert!(markdown.contains("| ours | separate weight samples | 1.0e1 | 1.0e2 | 10.00 | 1.0e1 |"), "{markdown}");
        // 10 + 100 + 7.
        assert!(
            markdown.contains("| ours | separate, sums not set to 0 | 1.0e1 | 1.2e2 | 11.70 | 1.0e1 |"),
            "{markdown}"
        );
    }

    #[test]
    fn one_time_alone_is_an_error_with_its_epochs() {
        let early: Vec<_> = stored().into_iter().filter(|record| record.protocol.epochs == 10).collect();
        let message = rise_table(&[("alone".to_owned(), early)]).unwrap_err().to_string();
        assert!(message.contains("[10] epochs in alone"), "{message}");
    }
}
