//! Predictions as a table: of classes the likeliest and every class's probability, of real targets means and the ends of intervals.

use vardrop::data::Dataset;
use vardrop::data::csv::TargetColumns;
use vardrop::uncertainty::{Predictive, RegressionPredictive};
use vardrop::{Cell, Result, Table};

/// The names of the classes; their numbers where they have none.
pub fn class_names(target: Option<&TargetColumns>, data: Option<&Dataset>, classes: usize) -> Vec<String> {
    let known = match target {
        Some(TargetColumns::Classes { classes, .. }) => classes.clone(),
        _ => data.map(|data| data.class_names().to_vec()).unwrap_or_default(),
    };
    if known.len() == classes { known } else { (0..classes).map(|class| class.to_string()).collect() }
}

/// A row for each example: the likeliest class, and the probability of each.
pub fn of_classes(predictive: &Predictive, name: &str, classes: &[String]) -> Table {
    let header = std::iter::once(name.to_owned()).chain(classes.iter().map(|class| format!("p({class})")));
    let mut table = Table::new(header);
    for row in predictive.probabilities().rows() {
        let likeliest = (0..row.len()).reduce(|best, class| if row[class] > row[best] { class } else { best });
        let mut cells = vec![Cell::from(classes[likeliest.unwrap_or(0)].clone())];
        cells.extend(row.iter().map(|probability| Cell::number(*probability, 6)));
        table.push(cells);
    }
    table
}

/// A row for each example: for each target the mean, and the ends of the central intervals of these levels.
pub fn of_values(predictive: &RegressionPredictive, names: &[String], levels: &[f64]) -> Result<Table> {
    let intervals = levels.iter().map(|level| predictive.intervals(*level)).collect::<Result<Vec<_>>>()?;
    let percent = |level: &f64| (1e6 * level).round() / 1e4;
    let mut header = Vec::new();
    for name in names {
        header.push(name.clone());
        header.extend(
            levels.iter().flat_map(|level| ["low", "high"].map(|end| format!("{name} {end} {}%", percent(level)))),
        );
    }
    let mut table = Table::new(header);
    for example in 0..predictive.len() {
        let mut cells = Vec::new();
        for target in 0..names.len() {
            let at = (example, target);
            cells.push(Cell::scientific(predictive.mean()[at], 5));
            let ends = intervals.iter().flat_map(|(low, high)| [low[at], high[at]]);
            cells.extend(ends.map(|end| Cell::scientific(end, 5)));
        }
        table.push(cells);
    }
    Ok(table)
}
