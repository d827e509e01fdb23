//! Measurements of several networks, or of one in several ways, beside each other.

use super::{LayerVariance, Measurement};
use crate::table::{Cell, Table};

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
