//! A table: typed cells, rendered as HTML, Markdown, CSV and aligned text.
//!
//! ```
//! use vardrop::{Cell, Table};
//!
//! let table = Table::new(["method", "hidden", "error %"])
//!     .row(("none", 100, Cell::estimate(1.44, Some(0.05), 2)))
//!     .row(("binary", 100, Cell::number(2.17, 2)));
//! assert_eq!(table.to_string(), "\
//! method  hidden      error %
//! ------  ------  -----------
//! none       100  1.44 ± 0.05
//! binary     100         2.17
//! ");
//! ```

use std::fmt::{self, Write};

use crate::error::Result;
use crate::files::{Kind, Output};
use crate::method::Method;

/// One cell of a [`Table`].
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing: a number that was not measured.
    Empty,
    /// Text, aligned left.
    Text(String),
    /// A whole number.
    Integer(i128),
    /// A number, shown with a fixed number of decimals (in CSV, with ten significant digits).
    Number {
        /// The value.
        value: f64,
        /// Decimals shown.
        decimals: usize,
    },
    /// A signed difference: as a number, with `+` or `−` in front.
    Difference {
        /// The value.
        value: f64,
        /// Decimals shown.
        decimals: usize,
    },
    /// A number of any size, `7.8e3`.
    Scientific {
        /// The value.
        value: f64,
        /// Significant digits shown.
        digits: usize,
    },
    /// A mean and its error, `1.44 ± 0.05`.
    Estimate {
        /// The mean.
        mean: f64,
        /// Its error; `None` where one run alone cannot tell it.
        error: Option<f64>,
        /// Decimals shown of both.
        decimals: usize,
    },
}

impl Cell {
    /// A number shown with `decimals` decimals.
    pub fn number(value: f64, decimals: usize) -> Self {
        Self::Number { value, decimals }
    }

    /// A signed difference shown with `decimals` decimals.
    pub fn difference(value: f64, decimals: usize) -> Self {
        Self::Difference { value, decimals }
    }

    /// A number of any size, shown with `digits` significant digits: `7.8e3`.
    pub fn scientific(value: f64, digits: usize) -> Self {
        Self::Scientific { value, digits }
    }

    /// A mean and its error shown with `decimals` decimals.
    pub fn estimate(mean: f64, error: Option<f64>, decimals: usize) -> Self {
        Self::Estimate { mean, error, decimals }
    }

    fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// The cell in CSV: numbers keep ten significant digits, whatever is shown elsewhere.
    fn csv(&self) -> String {
        match self {
            Self::Number { value, .. } | Self::Difference { value, .. } | Self::Scientific { value, .. } => {
                // The largest numbers round to infinity.
                let short = format!("{value:.9e}").parse().ok().filter(|short: &f64| short.is_finite());
                short.unwrap_or(*value).to_string()
            }
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => Ok(()),
            Self::Text(text) => f.write_str(text),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Number { value, decimals } => f.write_str(&rounded(*value, *decimals)),
            Self::Scientific { value, digits } => {
                write!(f, "{value:.*e}", digits.saturating_sub(1).min(MOST_DECIMALS))
            }
            Self::Difference { value, decimals } => {
                let digits = rounded(value.abs(), *decimals);
                let zero = digits.chars().all(|c| matches!(c, '0' | '.'));
                let sign = if zero || value.is_nan() { "" } else { ["+", "−"][usize::from(*value < 0.0)] };
                write!(f, "{sign}{digits}")
            }
            Self::Estimate { mean, error: Some(error), decimals } => {
                write!(f, "{} ± {}", rounded(*mean, *decimals), rounded(*error, *decimals))
            }
            Self::Estimate { mean, error: None, decimals } => f.write_str(&rounded(*mean, *decimals)),
        }
    }
}

/// The last decimal that a number in double precision can have; the library formats no more than 65,535.
const MOST_DECIMALS: usize = 1074;

/// A number with so many decimals. Halves go away from 0, as on paper: 1.105 is 1.11, though the nearest binary fraction is below it.
fn rounded(value: f64, decimals: usize) -> String {
    let decimals = decimals.min(MOST_DECIMALS);
    let scale = 10f64.powi(i32::try_from(decimals).unwrap_or(i32::MAX));
    let scaled = value * scale;
    // Beyond that its decimals are none of the number's own.
    if !scaled.is_finite() || scaled.abs() > 1e9 {
        return format!("{value:.decimals$}");
    }
    format!("{:.decimals$}", (scaled + 1e-6f64.copysign(scaled)).round() / scale)
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Method> for Cell {
    fn from(method: Method) -> Self {
        Self::Text(method.title().to_owned())
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

macro_rules! integers {
    ($($kind:ty),*) => {$(
        impl From<$kind> for Cell {
            fn from(value: $kind) -> Self {
                Self::Integer(value as i128)
            }
        }
    )*};
}
integers!(i32, i64, u8, u32, u64, usize);

/// What [`Table::row`] takes: a tuple of up to ten values that are cells, an array or a vector of cells.
pub trait Row {
    /// The cells, from left to right.
    fn cells(self) -> Vec<Cell>;
}

impl Row for Vec<Cell> {
    fn cells(self) -> Vec<Cell> {
        self
    }
}

impl<T: Into<Cell>, const N: usize> Row for [T; N] {
    fn cells(self) -> Vec<Cell> {
        self.into_iter().map(Into::into).collect()
    }
}

macro_rules! tuples {
    ($($name:ident)*; $($rest:ident)*) => {
        impl<$($name: Into<Cell>),*> Row for ($($name,)*) {
            #[allow(non_snake_case)]
            fn cells(self) -> Vec<Cell> {
                let ($($name,)*) = self;
                vec![$($name.into()),*]
            }
        }
        tuples!(@more $($name)*; $($rest)*);
    };
    (@more $($name:ident)*; $next:ident $($rest:ident)*) => { tuples!($($name)* $next; $($rest)*); };
    (@more $($name:ident)*;) => {};
}
tuples!(A; B C D E F G H I J);

/// Rows of cells under a header, with an optional caption.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    caption: String,
    header: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table without rows.
    pub fn new<T: Into<String>>(header: impl IntoIterator<Item = T>) -> Self {
        Self { header: header.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// Sets the sentence that says what the table shows.
    pub fn caption(mut self, caption: impl Into<String>) -> Self {
        self.caption = caption.into();
        self
    }

    /// Adds a row. A short row is filled with empty cells; a long one adds columns without a header.
    pub fn row(mut self, row: impl Row) -> Self {
        self.push(row);
        self
    }

    /// Adds a row to a table that is kept, as [`Table::row`] does to one that is passed on.
    pub fn push(&mut self, row: impl Row) {
        self.push_cells(row.cells());
    }

    // Not generic, or a notebook's cell would compile it anew.
    fn push_cells(&mut self, mut cells: Vec<Cell>) {
        let columns = self.header.len().max(cells.len());
        self.header.resize(columns, String::new());
        cells.resize(columns, Cell::Empty);
        for row in &mut self.rows {
            row.resize(columns, Cell::Empty);
        }
        self.rows.push(cells);
    }

    /// The number of rows, without the header.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether a column is aligned left: one that holds text.
    fn left(&self, column: usize) -> bool {
        self.rows.iter().any(|row| row[column].is_text())
    }

    /// An HTML `<table>`, every text escaped; it takes its colours and font from the page.
    pub fn to_html(&self) -> String {
        let align = |column| if self.left(column) { "left" } else { "right" };
        let mut html = String::from("<table>\n");
        if !self.caption.is_empty() {
            let _ = writeln!(html, "<caption style=\"text-align: left\">{}</caption>", escape(&self.caption));
        }
        html.push_str("<thead><tr>");
        for (column, name) in self.header.iter().enumerate() {
            let _ = write!(html, "<th scope=\"col\" style=\"text-align: {}\">{}</th>", align(column), escape(name));
        }
        html.push_str("</tr></thead>\n<tbody>\n");
        for row in &self.rows {
            html.push_str("<tr>");
            for (column, cell) in row.iter().enumerate() {
                let text = escape(&cell.to_string());
                let _ = write!(html, "<td style=\"text-align: {}\">{text}</td>", align(column));
            }
            html.push_str("</tr>\n");
        }
        html.push_str("</tbody>\n</table>");
        html
    }

    /// A Markdown (GitHub) table, the caption as a paragraph below it.
    pub fn to_markdown(&self) -> String {
        let line = |cells: &mut dyn Iterator<Item = String>| {
            cells.fold(String::from("|"), |line, cell| line + " " + &escape_markdown(&cell) + " |") + "\n"
        };
        let mut markdown = line(&mut self.header.iter().cloned());
        markdown.push('|');
        for column in 0..self.header.len() {
            markdown.push_str(if self.left(column) { " :--- |" } else { " ---: |" });
        }
        markdown.push('\n');
        for row in &self.rows {
            markdown += &line(&mut row.iter().map(Cell::to_string));
        }
        if !self.caption.is_empty() {
            let _ = write!(markdown, "\n{}\n", self.caption);
        }
        markdown
    }

    /// Comma-separated values (RFC 4180, lines end in `\n`), without the caption.
    pub fn to_csv(&self) -> String {
        let alone = self.header.len() == 1;
        let field = |text: String| {
            // A line of nothing would be no row to a reader.
            if text.contains([',', '"', '\n', '\r']) || (alone && text.is_empty()) {
                format!("\"{}\"", text.replace('"', "\"\""))
            } else {
                text
            }
        };
        let mut csv = self.header.iter().cloned().map(field).collect::<Vec<_>>().join(",") + "\n";
        for row in &self.rows {
            csv += &(row.iter().map(|cell| field(cell.csv())).collect::<Vec<_>>().join(",") + "\n");
        }
        csv
    }

    /// Writes [`Self::to_csv`] into a file. A file that is there is replaced whole, or stays.
    ///
    /// # Errors
    /// Where the file cannot be written, or one is there and is not to be replaced.
    pub fn save_csv(&self, to: impl Into<Output>) -> Result<()> {
        to.into().replace(Kind::Predictions, |temporary| std::fs::write(temporary, self.to_csv()))
    }
}

/// A number of any size with five significant digits: `0.012346`, `2.5000`, `53412`, `1.2346e-7`.
pub fn significant(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || !size.is_finite() {
        return value.to_string();
    }
    let digits = size.log10().floor() as i32;
    match digits {
        -3..=5 => format!("{value:.*}", usize::try_from(4 - digits).unwrap_or(0)),
        _ => format!("{value:.4e}"),
    }
}

/// Aligned text for a terminal.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<Vec<String>> = self.rows.iter().map(|row| row.iter().map(Cell::to_string).collect()).collect();
        let width = |column: usize| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.chain([self.header[column].chars().count()]).max().unwrap_or(0)
        };
        let columns: Vec<(usize, bool)> =
            (0..self.header.len()).map(|column| (width(column), self.left(column))).collect();
        let rule = columns.iter().map(|&(width, _)| "-".repeat(width)).collect();
        if !self.caption.is_empty() {
            writeln!(f, "{}\n", self.caption)?;
        }
        for row in [self.header.clone(), rule].iter().chain(&rows) {
            let mut line = String::new();
            for (cell, &(width, left)) in row.iter().zip(&columns) {
                // The library pads to no more than 65,535.
                let space = " ".repeat(width - cell.chars().count());
                let _ = if left { write!(line, "{cell}{space}  ") } else { write!(line, "{space}{cell}  ") };
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// Escapes the characters that mean something in HTML text and attributes.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// Escapes the characters that mean something in a cell of a Markdown table; a line break becomes a space.
fn escape_markdown(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, character| {
        match character {
            '\n' | '\r' => escaped.push(' '),
            '\\' | '|' | '*' | '_' | '`' | '<' | '>' | '[' | ']' | '~' | '&' => escaped.extend(['\\', character]),
            other => escaped.push(other),
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_rounded_as_on_paper() {
        for (value, decimals, text) in [
            (1.105, 2, "1.11"),
            (0.985, 2, "0.99"),
            (1.225, 2, "1.23"),
            (-1.105, 2, "-1.11"),
            (1.1049, 2, "1.10"),
            (0.5, 0, "1"),
            (1e300, 1, &format!("{:.1}", 1e300)),
            (f64::NAN, 2, "NaN"),
        ] {
            assert_eq!(Cell::number(value, decimals).to_string(), text);
        }
        assert_eq!(Cell::difference(-0.125, 2).to_string(), "−0.13");
        assert_eq!(Cell::estimate(1.275, Some(0.025), 2).to_string(), "1.28 ± 0.03");
    }

    #[test]
    fn html_escapes_every_text() {
        let table = Table::new(["<script>"]).caption("a & b").row(["\"quoted\" <b>'x'</b>"]);
        let html = table.to_html();
        assert!(!html.contains("<script>") && !html.contains("<b>"), "{html}");
        assert!(html.contains("&lt;script&gt;") && html.contains("a &amp; b"));
        assert!(html.contains("&quot;quoted&quot; &lt;b&gt;&#39;x&#39;&lt;/b&gt;"));
    }

    #[test]
    fn html_sets_no_colour_so_that_it_reads_in_any_theme() {
        let html = Table::new(["a"]).row((1,)).to_html();
        assert!(!html.contains("color") && !html.contains("background"));
    }

    #[test]
    fn csv_quotes_commas_quotes_and_line_breaks_and_keeps_ten_digits() {
        let table = Table::new(["text", "value"])
            .row(("a, \"b\"\nc", Cell::number(1.23456, 2)))
            .row(("plain", Cell::number(0.1 + 0.2, 1)));
        assert_eq!(table.to_csv(), "text,value\n\"a, \"\"b\"\"\nc\",1.23456\nplain,0.3\n");
    }

    #[test]
    fn markdown_escapes_the_bar_and_aligns_numbers_right() {
        let table = Table::new(["a|b", "n"]).row(("x|y\\z", 1)).caption("what it is");
        assert_eq!(table.to_markdown(), "| a\\|b | n |\n| :--- | ---: |\n| x\\|y\\\\z | 1 |\n\nwhat it is\n");
    }

    #[test]
    fn rows_of_another_length_still_make_a_rectangle() {
        let table = Table::new(["a", "b"]).row((1,)).row((1, 2, 3));
        assert_eq!(table.to_csv(), "a,b,\n1,,\n1,2,3\n");
    }

    #[test]
    fn a_difference_shows_its_sign_and_an_unknown_error_none() {
        assert_eq!(Cell::difference(0.126, 2).to_string(), "+0.13");
        assert_eq!(Cell::difference(-0.126, 2).to_string(), "−0.13");
        assert_eq!(Cell::difference(-0.001, 2).to_string(), "0.00");
        assert_eq!(Cell::estimate(1.5, None, 2).to_string(), "1.50");
        assert_eq!(Cell::from(Option::<usize>::None).to_string(), "");
    }
}
