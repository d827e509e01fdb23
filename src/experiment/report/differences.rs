//! Ours minus the paper's, point by point, with what few runs can tell of it.

use std::fmt;

use super::{Records, figure1_summaries, find, is_of_mnist};
use crate::error::Result;
use crate::experiment::{Sample, paper};
use crate::method::Method;
use crate::table::{Cell, Table};

/// One point of Figure 1, ours minus the paper's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PointDifference {
    /// The method.
    pub method: Method,
    /// Units per hidden layer.
    pub hidden: usize,
    /// Our runs.
    pub runs: usize,
    /// Ours minus the paper's, in percentage points.
    pub difference: f64,
    /// Our standard error and the paper's error bar together, the root of their squares; `None` for a single run.
    pub error: Option<f64>,
}

impl PointDifference {
    /// The difference in units of its error; `None` for a single run.
    pub fn ratio(&self) -> Option<f64> {
        self.error.filter(|&error| error > 0.0).map(|error| self.difference / error)
    }
}

/// How far our Figure 1 is from the paper's.
#[derive(Debug, Clone, PartialEq)]
pub struct Agreement {
    /// The points that were run.
    pub points: Vec<PointDifference>,
    /// The paper's points that were not: method and units per hidden layer.
    pub missing: Vec<(Method, usize)>,
}

impl Agreement {
    /// Of the records' points and the paper's.
    ///
    /// # Errors
    /// Runs of two protocols for one point, or of two data sets.
    pub fn of(records: &Records) -> Result<Self> {
        let summaries = figure1_summaries(records)?;
        let points: Vec<PointDifference> = summaries
            .iter()
            .filter(|summary| is_of_mnist(summary))
            .filter_map(|summary| {
                let (method, hidden, ours) = (summary.method, summary.width()?, summary.test_error_percent);
                let paper = find(paper::figure1(), method, hidden)?;
                let error = ours.standard_error.map(|error| error.hypot(paper.error_bar.unwrap_or(0.0)));
                let difference = ours.mean - paper.error_percent;
                Some(PointDifference { method, hidden, runs: ours.runs, difference, error })
            })
            .collect();
        let is_run = |method, hidden| points.iter().any(|p| (p.method, p.hidden) == (method, hidden));
        let all = paper::figure1().iter().map(|point| (point.method, point.hidden));
        let missing = all.filter(|&(method, hidden)| !is_run(method, hidden)).collect();
        Ok(Self { points, missing })
    }

    /// How many of the points that were run are at most so many percentage points from the paper's.
    pub fn within(&self, limit: f64) -> usize {
        // Errors are whole hundredths: what is at the limit is not to fall to a rounding.
        self.points.iter().filter(|point| point.difference.abs() <= limit + 1e-9).count()
    }

    /// The mean of our differences from the paper, in percentage points; `None` without a point.
    pub fn offset(&self) -> Option<f64> {
        Sample::of(&self.points.iter().map(|point| point.difference).collect::<Vec<_>>()).map(|sample| sample.mean)
    }

    /// The root of the mean square of the differences; `None` without a point.
    pub fn root_mean_square(&self) -> Option<f64> {
        let squares: Vec<f64> = self.points.iter().map(|point| point.difference.powi(2)).collect();
        Sample::of(&squares).map(|sample| sample.mean.sqrt())
    }

    /// How many of the points with an error differ from the paper by more than so many of it.
    pub fn beyond(&self, errors: f64) -> usize {
        self.ratios().filter(|ratio| ratio.abs() > errors).count()
    }

    /// The sum of the squares of the differences in units of their errors, and the number of points that have one. If chance were
    /// all, the sum would be near that number.
    pub fn chi_squared(&self) -> (f64, usize) {
        self.ratios().fold((0.0, 0), |(sum, count), ratio| (sum + ratio.powi(2), count + 1))
    }

    /// Each difference in units of its error, where it has one.
    fn ratios(&self) -> impl Iterator<Item = f64> {
        self.points.iter().filter_map(PointDifference::ratio)
    }

    /// The point that is furthest from the paper's.
    pub fn furthest(&self) -> Option<&PointDifference> {
        self.points.iter().max_by(|a, b| a.difference.abs().total_cmp(&b.difference.abs()))
    }
}

/// `12 of 42 points are run: 9 are within 0.15 …`, and what is missing.
impl fmt::Display for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let run = self.points.len();
        match self.missing.len() {
            0 => write!(f, "All of the paper's {run} points are run")?,
            missing => write!(f, "{run} of the paper's {} points are run", run + missing)?,
        }
        if let Some(furthest) = self.furthest() {
            write!(
                f,
                ": {} are within 0.15 percentage points of the paper's, and the furthest is {} with {} units ({})",
                self.within(0.15),
                furthest.method.title(),
                furthest.hidden,
                Cell::difference(furthest.difference, 2)
            )?;
        }
        if let Some((offset, root)) = self.offset().zip(self.root_mean_square()) {
            let (offset, root) = (Cell::difference(offset, 3), Cell::number(root, 3));
            write!(f, ". The mean difference is {offset} and the root mean square {root}")?;
        }
        if let (chi, tested @ 1..) = self.chi_squared() {
            write!(
                f,
                ". If the paper's error bars are standard errors, {} of {tested} points differ by more than two of them and {} by more \
                 than three (χ² = {chi:.0})",
                self.beyond(2.0),
                self.beyond(3.0)
            )?;
        }
        if self.missing.is_empty() {
            let (near, all) = near_a_constant(500, 0.15);
            write!(
                f,
                ". From 500 units on, one number for each width would be within 0.15 at {near} of the paper's {all} points"
            )?;
        }
        write!(f, ".{}", Missing(&self.missing))
    }
}

/// How many of the paper's points with at least so many units one number for each width would be near, and how many there are: where the
/// points of a width lie close together, to be near them says little.
fn near_a_constant(fewest: usize, limit: f64) -> (usize, usize) {
    let wide = || paper::figure1().iter().filter(|point| point.hidden >= fewest);
    let mut widths: Vec<usize> = wide().map(|point| point.hidden).collect();
    widths.sort_unstable();
    widths.dedup();
    let best = widths.iter().map(|&width| {
        let errors = || wide().filter(|point| point.hidden == width).map(|point| point.error_percent);
        // The best number has a point at the lower end of what it is near.
        let near = |low: f64| errors().filter(|error| (low..=low + 2.0 * limit + 1e-9).contains(error)).count();
        errors().map(near).max().unwrap_or(0)
    });
    (best.sum(), wide().count())
}

/// ` Not run: none at 500, 750; …`, or nothing.
struct Missing<'a>(&'a [(Method, usize)]);

impl fmt::Display for Missing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut methods: Vec<Method> = self.0.iter().map(|point| point.0).collect();
        methods.dedup();
        // Whole columns of the figure are named once, not seven times.
        let widths =
            |method| self.0.iter().filter(move |point| point.0 == method).map(|point| point.1).collect::<Vec<_>>();
        let written = |widths: &[usize]| widths.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
        let Some(&first) = methods.first() else { return Ok(()) };
        if methods.len() == Method::FIGURE1.len() && methods.iter().all(|&method| widths(method) == widths(first)) {
            return write!(f, " Not run: every method with {} units.", written(&widths(first)));
        }
        let parts: Vec<String> =
            methods.iter().map(|&method| format!("{} with {}", method.title(), written(&widths(method)))).collect();
        write!(f, " Not run: {} units.", parts.join("; "))
    }
}

/// The differences as a table, with how often they are their error; a summary and what is missing below it.
///
/// # Errors
/// As [`Agreement::of`].
pub fn differences(records: &Records) -> Result<Table> {
    let agreement = Agreement::of(records)?;
    let mut table =
        Table::new(["Method", "Units per layer", "Runs", "Ours − paper", "Standard error", "Difference ÷ error"]);
    for point in &agreement.points {
        let ratio = point.ratio().map(|ratio| Cell::difference(ratio, 1));
        table.push((
            point.method,
            point.hidden,
            point.runs,
            Cell::difference(point.difference, 2),
            point.error.map(|error| Cell::number(error, 2)),
            ratio,
        ));
    }
    Ok(table.caption(format!(
        "Percentage points. The standard error is that of our mean and the paper's error bar together. {agreement}"
    )))
}

#[cfg(test)]
mod tests {
    use super::super::tests::records;
    use super::*;
    use crate::experiment::tests::record;

    /// None at 100: ours 1.60 ± 0.10, the paper's 1.44 ± 0.05: 0.16 ± √(0.01 + 0.0025) = 0.1118, which is 1.4 of it.
    #[test]
    fn each_difference_has_both_errors() {
        let agreement = Agreement::of(&records()).unwrap();
        let none = agreement.points[0];
        assert!((none.difference - 0.16).abs() < 1e-9 && (none.error.unwrap() - 0.1118).abs() < 1e-4, "{none:?}");
        assert_eq!(agreement.points[1].error, None, "one run has no error");
        let markdown = differences(&records()).unwrap().to_markdown();
        assert!(markdown.contains("| No dropout | 100 | 2 | +0.16 | 0.11 | +1.4 |"), "{markdown}");
        assert!(markdown.contains("| Variational B | 250 | 1 | −0.07 |  |  |"), "{markdown}");
    }

    #[test]
    fn the_summary_counts_and_names_the_furthest_and_the_missing() {
        let agreement = Agreement::of(&records()).unwrap();
        assert_eq!((agreement.within(0.15), agreement.within(0.16), agreement.missing.len()), (1, 2, 40));
        let text = agreement.to_string();
        assert!(text.starts_with("2 of the paper's 42 points are run: 1 are within 0.15"), "{text}");
        // The differences are 0.16 and −0.074: their mean 0.043, the root of their mean square √(0.0311/2) = 0.1247. One has an error,
        // 0.1118, and (0.16/0.1118)² is 2.05.
        assert!(text.contains("The mean difference is +0.043 and the root mean square 0.125. If"), "{text}");
        assert!(text.contains("are standard errors, 0 of 1 points"), "{text}");
        assert!(text.contains("(χ² = 2)"), "{text}");
        assert!(text.contains("the furthest is No dropout with 100 units (+0.16)"), "{text}");
        assert!(text.contains("Not run: No dropout with 250, 500, 750, 1000, 1250; Binary dropout with 100"), "{text}");
    }

    #[test]
    fn one_number_for_a_width_is_near_as_many_points_as_a_window_holds() {
        // 1250 units: 1.18, 1.07, 0.99, 1.00, 0.93, 1.27 and 1.21. From 0.93 to 1.23 there are six of the seven.
        assert_eq!(near_a_constant(1250, 0.15), (6, 7));
        assert_eq!(near_a_constant(1250, 0.17), (7, 7));
    }

    #[test]
    fn a_whole_missing_column_is_named_once_and_nothing_of_a_full_grid() {
        let points = |widths: &[usize]| -> Records {
            let networks = widths.iter().flat_map(|&width| Method::FIGURE1.map(|method| (method, width)));
            networks.map(|(method, width)| record(method, width, 1, 1.2)).collect()
        };
        let text = Agreement::of(&points(&[100, 250, 500, 750])).unwrap().to_string();
        assert!(text.ends_with(" Not run: every method with 1000, 1250 units."), "{text}");
        let text = Agreement::of(&points(&[100, 250, 500, 750, 1000, 1250])).unwrap().to_string();
        assert!(text.starts_with("All of the paper's 42 points are run: ") && !text.contains("Not run"), "{text}");
        assert!(
            Agreement::of(&Records::default()).unwrap().to_string().starts_with("0 of the paper's 42 points are run.")
        );
    }
}
