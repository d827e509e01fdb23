//! Table 1 as a figure: ours, the paper's and the older replication's variances, a panel for each column.

use super::figure::Figure;
use super::style::{Color, Marker};
use crate::error::Result;
use crate::estimator::Estimator;
use crate::experiment::paper;
use crate::variance::networks::Variances;
use crate::variance::table1::{COLUMNS, check};
use crate::variance::{Interval, VarianceRecord};

const OURS: &str = "ours, with a 95 % interval";
const PAPER: &str = "the paper";
const OLDER: &str = "older replication, minibatches of 200";

/// The variance of each estimator's gradient in the four columns of Table 1. Ours is the geometric mean over networks. Its bar is the
/// 95 % interval over networks where there are two or more, and that of the measurement where there is one. The older replication's
/// numbers are shown by a click on their name in the legend.
///
/// # Errors
/// As [`table1`](crate::variance::table1).
pub fn table1_figure(records: &[VarianceRecord]) -> Result<Figure> {
    check(records)?;
    let mut figure = Figure::new("Table 1: the variance of the gradient, by its estimator").columns(2).height(640);
    for (column, (end, epochs, _)) in COLUMNS.into_iter().enumerate() {
        let label = if column % 2 == 0 { "Variance, mean over weights" } else { "" };
        let title = format!("{} weight matrix, {epochs} epochs", end.title());
        figure = figure.panel(title).y_label(label).log_y().y_range(1.5, 8e5).x_range(-0.6, 4.6).x_tick_labels(SHORT);
        for (name, rows) in [(OLDER, paper::table1_replication()), (PAPER, paper::table1())] {
            let points = || rows.iter().map(|row| (place(row.estimator) + 0.15, row.columns[column]));
            figure = figure.scatter(name, points().map(|of| of.0), points().map(|of| of.1)).color(Color::GREY).open();
            figure =
                if name == OLDER { figure.markers(Marker::Cross).hidden() } else { figure.markers(Marker::Diamond) };
        }
        for estimator in Estimator::ALL {
            let Some(ours) = Variances::of(records, end, epochs, estimator) else { continue };
            let interval = ours.interval().or(ours.measurement());
            let interval = interval.unwrap_or(Interval { low: ours.mean(), high: ours.mean() });
            figure = figure
                .scatter(estimator.title(), [place(estimator) - 0.15], [ours.mean()])
                .intervals([interval.low], [interval.high])
                .color(Color::of_estimator(estimator))
                .group(OURS);
        }
    }
    Ok(figure.key(OURS).markers(Marker::Circle))
}

/// What stands below the axis for [`Estimator::ALL`].
const SHORT: [&str; 5] = ["local", "separate", "flipout", "single", "none"];

fn place(estimator: Estimator) -> f64 {
    Estimator::ALL.iter().position(|&other| other == estimator).unwrap_or_default() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variance::networks::tests::{as_another, stored};

    fn traces(records: &[VarianceRecord]) -> Vec<serde_json::Value> {
        let figure = table1_figure(records).unwrap();
        assert!(figure.to_png().is_ok());
        let json: serde_json::Value = serde_json::from_str(&figure.to_plotly().unwrap().to_json()).unwrap();
        json["data"].as_array().unwrap().clone()
    }

    #[test]
    fn each_column_has_ours_beside_the_papers_and_an_interval() {
        let one = traces(&stored());
        // Four columns of the paper's, the older and ours of four estimators, and a key.
        assert_eq!(one.len(), 4 * (2 + 4) + 1);
        let local = one.iter().find(|trace| trace["name"] == "local reparameterization").unwrap();
        let length = |trace: &serde_json::Value| trace["error_y"]["array"][0].as_f64().unwrap();
        // Up to 7.7e3 from 6.9e3: the measurement's.
        assert!((length(local) - 735.0).abs() < 1.0, "{local}");
        let two = [stored(), as_another(&stored(), 2, 1.5)].concat();
        let two = traces(&two);
        assert_eq!(two.len(), one.len());
        // Of two networks that differ by half, Student's interval is far wider.
        assert!(length(two.iter().find(|trace| trace["name"] == "local reparameterization").unwrap()) > 1e4);
    }

    #[test]
    fn without_a_record_the_published_numbers_are_still_shown() {
        assert_eq!(traces(&[]).len(), 4 * 2 + 1);
    }
}
