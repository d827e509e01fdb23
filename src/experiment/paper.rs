//! The numbers to compare with: the paper's Figure 1 and Table 1, and those of its older Theano/Lasagne replication, embedded
//! from `paper/`.

use std::sync::LazyLock;

use crate::method::Method;
use crate::variance::Estimator;

const FIGURE1: &str = include_str!("../../paper/figure1.csv");
const FIGURE1_REPLICATION: &str = include_str!("../../paper/figure1_replication.csv");
const TABLE1: &str = include_str!("../../paper/table1.csv");

/// One point of a published Figure 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PublishedPoint {
    /// The method.
    pub method: Method,
    /// Units per hidden layer.
    pub hidden: usize,
    /// Test error in percent.
    pub error_percent: f64,
    /// Half the height of the printed error bar, where there is one. The paper does not say what it is.
    pub error_bar: Option<f64>,
}

/// Figure 1 of Kingma, Salimans & Welling (2015): mean test errors over runs, read off to about ±0.01.
pub fn figure1() -> &'static [PublishedPoint] {
    static POINTS: LazyLock<Vec<PublishedPoint>> = LazyLock::new(|| parse(FIGURE1));
    &POINTS
}

/// The same figure of the older replication (gngdb/variational-dropout), read off to about ±0.05. Its networks have two
/// hidden layers, and it reports the best test error of each run.
pub fn figure1_replication() -> &'static [PublishedPoint] {
    static POINTS: LazyLock<Vec<PublishedPoint>> = LazyLock::new(|| parse(FIGURE1_REPLICATION));
    &POINTS
}

/// One row of a published Table 1: average variances of an estimator's gradient, to two digits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PublishedVariances {
    /// The estimator.
    pub estimator: Estimator,
    /// Top weight matrix after 10 and after 100 epochs, bottom weight matrix after 10 and after 100.
    pub columns: [f64; 4],
}

/// Table 1 of Kingma, Salimans & Welling (2015).
pub fn table1() -> &'static [PublishedVariances] {
    static ROWS: LazyLock<Vec<PublishedVariances>> = LazyLock::new(|| variances("paper"));
    &ROWS
}

/// The same table as the older replication (gngdb/variational-dropout) printed it, over minibatches of 200.
pub fn table1_replication() -> &'static [PublishedVariances] {
    static ROWS: LazyLock<Vec<PublishedVariances>> = LazyLock::new(|| variances("replication"));
    &ROWS
}

fn variances(source: &str) -> Vec<PublishedVariances> {
    let lines = TABLE1.lines().filter_map(|line| line.strip_prefix(source)?.strip_prefix(','));
    let row = |line: &str| {
        let mut fields = line.split(',');
        let estimator = fields.next()?.parse().ok()?;
        let columns: Vec<f64> = fields.map(|field| field.parse().ok()).collect::<Option<_>>()?;
        Some(PublishedVariances { estimator, columns: columns.try_into().ok()? })
    };
    lines.map(|line| row(line).unwrap_or_else(|| panic!("embedded line {line:?} is no row"))).collect()
}

/// Reads an embedded file: comments, a header, then `method,hidden,error_percent[,error_bar]`. The files are part of the
/// crate and the tests read them, so that nothing here can fail for a user.
fn parse(text: &str) -> Vec<PublishedPoint> {
    let lines = text.lines().filter(|line| !line.starts_with('#')).skip(1);
    lines.map(|line| point(line).unwrap_or_else(|| panic!("embedded line {line:?} is no point"))).collect()
}

fn point(line: &str) -> Option<PublishedPoint> {
    let fields: Vec<&str> = line.split(',').collect();
    Some(PublishedPoint {
        method: fields.first()?.parse().ok()?,
        hidden: fields.get(1)?.parse().ok()?,
        error_percent: fields.get(2)?.parse().ok()?,
        error_bar: fields.get(3).map(|bar| bar.parse()).transpose().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_figures_have_six_widths_of_each_of_the_seven_methods() {
        for (points, bars) in [(figure1(), true), (figure1_replication(), false)] {
            assert_eq!(points.len(), 42);
            for method in Method::FIGURE1 {
                assert_eq!(points.iter().filter(|point| point.method == method).count(), 6);
            }
            assert!(points.iter().all(|point| point.error_bar.is_some() == bars));
            assert!(points.iter().all(|point| (0.5..5.0).contains(&point.error_percent)));
        }
    }

    #[test]
    fn both_tables_have_the_four_estimators() {
        for rows in [table1(), table1_replication()] {
            assert_eq!(rows.iter().map(|row| row.estimator).collect::<Vec<_>>(), Estimator::ALL);
        }
        assert_eq!(table1()[0].columns, [7.8e3, 1.2e3, 1.9e2, 1.1e2]);
        assert_eq!(table1_replication()[3].columns, [1.5e4, 1.4e5, 5.5e2, 2.7e3]);
    }

    #[test]
    fn a_point_has_the_numbers_of_its_line() {
        let expected =
            PublishedPoint { method: Method::VariationalA2, hidden: 750, error_percent: 0.948, error_bar: Some(0.03) };
        assert!(figure1().contains(&expected));
        assert_eq!(point("none,100"), None);
        assert_eq!(point("none,100,1.4,wide"), None);
    }
}
