//! The numbers to compare with: the paper's Figure 1 and Table 1, and those of its older Theano/Lasagne replication, embedded
//! from `paper/`.

use std::path::Path;
use std::str::FromStr;
use std::sync::LazyLock;

use crate::error::{Error, Result};
use crate::estimator::Estimator;
use crate::method::Method;

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
    static POINTS: LazyLock<Vec<PublishedPoint>> =
        LazyLock::new(|| embedded(read_figure1(FIGURE1, Path::new("paper/figure1.csv")), ""));
    &POINTS
}

/// The same figure of the older replication (gngdb/variational-dropout), read off to about ±0.05. Its networks have two
/// hidden layers, and it reports the best test error of each run.
pub fn figure1_replication() -> &'static [PublishedPoint] {
    static POINTS: LazyLock<Vec<PublishedPoint>> =
        LazyLock::new(|| embedded(read_figure1(FIGURE1_REPLICATION, Path::new("paper/figure1_replication.csv")), ""));
    &POINTS
}

/// One row of a published Table 1: average variances of an estimator's gradient, to two digits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PublishedVariances {
    /// The estimator.
    pub estimator: Estimator,
    /// Top weight matrix after 10 and after 100 epochs, bottom weight matrix after 10 and after 100; `None` for what was not measured.
    pub columns: [Option<f64>; 4],
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
    embedded(read_table1(TABLE1, Path::new("paper/table1.csv")), source)
}

/// What a source says in a file that is part of the crate: the tests read it, so that nothing here can fail for a user.
fn embedded<T>(rows: Result<Vec<(String, T)>>, source: &str) -> Vec<T> {
    let rows = rows.expect("the files of the crate can be read").into_iter();
    rows.filter(|row| row.0 == source).map(|row| row.1).collect()
}

/// Reads points of a Figure 1: a table with the columns of `paper/figure1.csv`, in any order, as `vardrop report figure1 --format csv`
/// prints them too. Each comes with its `source`, which is empty where the table has no such column. `path` is what errors call the
/// text.
///
/// ```
/// use vardrop::experiment::paper::read_figure1;
/// let text = "source,method,hidden,error_percent,error_bar\nours,none,100,1.6,\n";
/// let (source, point) = &read_figure1(text, "figure1.csv".as_ref())?[0];
/// assert_eq!((source.as_str(), point.hidden, point.error_bar), ("ours", 100, None));
/// # Ok::<(), vardrop::Error>(())
/// ```
///
/// # Errors
/// An error for a missing column, or for a value of the wrong kind, with its line.
pub fn read_figure1(text: &str, path: &Path) -> Result<Vec<(String, PublishedPoint)>> {
    let point = |row: &Row<'_>| {
        let method = row.value("method", "the name of a method", |_: &Method| true)?;
        let hidden = row.value("hidden", "a whole number above 0", |&hidden| hidden > 0)?;
        let error_percent =
            row.value("error_percent", "a number from 0 to 100", |error| (0.0..=100.0).contains(error))?;
        let error_bar = match row.field("error_bar") {
            None | Some("") => None,
            Some(_) => {
                Some(row.value("error_bar", "a number from 0 to 100, or nothing", |bar| (0.0..=100.0).contains(bar))?)
            }
        };
        Ok(PublishedPoint { method, hidden, error_percent, error_bar })
    };
    read(text, path, &["method", "hidden", "error_percent"], point)
}

/// Reads rows of a Table 1: a table with the columns of `paper/table1.csv`, otherwise as [`read_figure1`]. A cell without a number was not
/// measured.
///
/// # Errors
/// As [`read_figure1`].
pub fn read_table1(text: &str, path: &Path) -> Result<Vec<(String, PublishedVariances)>> {
    const COLUMNS: [&str; 4] = ["top_10", "top_100", "bottom_10", "bottom_100"];
    let variances = |row: &Row<'_>| {
        let estimator = row.value("estimator", "the name of an estimator", |_: &Estimator| true)?;
        let mut columns = [None; 4];
        for (value, name) in columns.iter_mut().zip(COLUMNS).filter(|(_, name)| row.field(name) != Some("")) {
            let expected = "a finite number, 0 or above, or nothing";
            *value = Some(row.value(name, expected, |value: &f64| (0.0..=f64::MAX).contains(value))?);
        }
        Ok(PublishedVariances { estimator, columns })
    };
    read(text, path, &["estimator", COLUMNS[0], COLUMNS[1], COLUMNS[2], COLUMNS[3]], variances)
}

/// One line of a table.
struct Row<'a> {
    path: &'a Path,
    /// Counted from 1.
    line: usize,
    header: &'a [&'a str],
    fields: Vec<&'a str>,
}

impl<'a> Row<'a> {
    fn field(&self, name: &str) -> Option<&'a str> {
        let column = self.header.iter().position(|column| *column == name)?;
        self.fields.get(column).copied()
    }

    fn value<T: FromStr>(&self, name: &str, expected: &str, holds: impl Fn(&T) -> bool) -> Result<T> {
        let text = self.field(name).unwrap_or_default();
        let value = text.parse().ok().filter(holds);
        value.ok_or_else(|| no_table(self.path, self.line, format!("{name} is {text:?}: expected {expected}")))
    }
}

fn no_table(path: &Path, line: usize, reason: String) -> Error {
    let reason = format!("line {line}: {reason}; correct it, or name another file");
    Error::Format { path: path.to_owned(), expected: "a table of published numbers", reason }
}

/// Comments that begin with `#`, a header, then lines of as many fields. None of them is quoted: they are names and numbers.
fn read<T>(
    text: &str,
    path: &Path,
    columns: &[&str],
    parse: impl Fn(&Row<'_>) -> Result<T>,
) -> Result<Vec<(String, T)>> {
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !line.starts_with('#'));
    let (line, header) = lines.next().ok_or_else(|| no_table(path, 1, "there is no header".to_owned()))?;
    let header: Vec<&str> = header.split(',').collect();
    if let Some(column) = columns.iter().find(|column| !header.contains(column)) {
        return Err(no_table(path, line, format!("the header {header:?} has no column {column:?}")));
    }
    let row = |(line, text): (usize, &str)| {
        let row = Row { path, line, header: &header, fields: text.split(',').collect() };
        if row.fields.len() != header.len() {
            let reason = format!("{} fields, expected the {} of the header", row.fields.len(), header.len());
            return Err(no_table(path, line, reason));
        }
        Ok((row.field("source").unwrap_or_default().to_owned(), parse(&row)?))
    };
    lines.map(row).collect()
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
            assert_eq!(rows.iter().map(|row| row.estimator).collect::<Vec<_>>(), Estimator::TABLE1);
        }
        assert_eq!(table1()[0].columns, [7.8e3, 1.2e3, 1.9e2, 1.1e2].map(Some));
        assert_eq!(table1_replication()[3].columns, [1.5e4, 1.4e5, 5.5e2, 2.7e3].map(Some));
    }

    #[test]
    fn a_point_has_the_numbers_of_its_line() {
        let expected =
            PublishedPoint { method: Method::VariationalA2, hidden: 750, error_percent: 0.948, error_bar: Some(0.03) };
        assert!(figure1().contains(&expected));
    }
    #[test]
    fn what_is_no_table_is_an_error_with_its_line_and_its_value() {
        for (text, part) in [
            ("", "line 1: there is no header"),
            (
                "# a comment\nmethod,hidden\n",
                "line 2: the header [\"method\", \"hidden\"] has no column \"error_percent\"",
            ),
            ("method,hidden,error_percent\nnone,100\n", "line 2: 2 fields, expected the 3 of the header"),
            ("method,hidden,error_percent\n\n", "line 2: 1 fields"),
            ("method,hidden,error_percent\nnone,0,1.4\n", "line 2: hidden is \"0\": expected a whole number above 0"),
            (
                "method,hidden,error_percent\nnone,100,NaN\n",
                "line 2: error_percent is \"NaN\": expected a number from 0",
            ),
            ("method,hidden,error_percent\ndropout,100,1.4\n", "line 2: method is \"dropout\": expected the name"),
            ("method,hidden,error_percent,error_bar\nnone,100,1.4,wide\n", "line 2: error_bar is \"wide\""),
        ] {
            let message = read_figure1(text, Path::new("a.csv")).unwrap_err().to_string();
            assert!(message.starts_with("a.csv is not ") && message.contains(part), "{message}");
        }
        let text = |bottom_10: &str| {
            format!("estimator,top_10,top_100,bottom_10,bottom_100\nno dropout noise,1,2,{bottom_10},4\n")
        };
        let message = read_table1(&text("-1"), Path::new("a.csv")).unwrap_err().to_string();
        assert!(message.contains("line 2: bottom_10 is \"-1\": expected a finite number, 0 or above"), "{message}");
        let (_, not_measured) = &read_table1(&text(""), Path::new("a.csv")).unwrap()[0];
        assert_eq!(not_measured.columns, [Some(1.0), Some(2.0), None, Some(4.0)]);
    }
}
