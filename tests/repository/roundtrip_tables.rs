//! A table is read back from every format that other programs read: CSV, Markdown and HTML, whatever its cells hold; and what a report
//! prints as CSV is what the readers of the paper's files read.

use std::collections::BTreeSet;

use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, TagEnd};
use vardrop::experiment::{Records, paper, report};
use vardrop::variance::{VarianceRecord, table1_points};
use vardrop::{Cell, Table};

fn text() -> impl Strategy<Value = String> {
    let strange = [
        "",
        "a,b",
        "\"",
        "\"\"",
        "a\r\nb",
        "\n",
        " x ",
        "|",
        "\\|",
        "<b>",
        "&amp;",
        "*a* _b_ `c`",
        "[d](e)",
        "~~f~~",
        "#",
        "1.5",
        "−0,3",
    ];
    prop_oneof![3 => prop::sample::select(strange.map(str::to_owned).to_vec()), 2 => "\\PC{0,12}", 1 => any::<String>()]
}

fn number() -> impl Strategy<Value = f64> {
    let extremes =
        vec![0.0, -0.0, f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    prop_oneof![prop::sample::select(extremes), any::<f64>(), -1e3..1e3]
}

fn cell() -> impl Strategy<Value = Cell> {
    let decimals = || prop_oneof![0usize..20, Just(70_000), Just(usize::MAX)];
    prop_oneof![
        Just(Cell::Empty),
        text().prop_map(Cell::Text),
        any::<i64>().prop_map(Cell::from),
        (number(), decimals()).prop_map(|(value, decimals)| Cell::number(value, decimals)),
        (number(), decimals()).prop_map(|(value, decimals)| Cell::difference(value, decimals)),
        (number(), decimals()).prop_map(|(value, digits)| Cell::scientific(value, digits)),
        (number(), prop::option::of(number()), 0usize..9)
            .prop_map(|(mean, error, decimals)| Cell::estimate(mean, error, decimals)),
    ]
}

fn rows() -> impl Strategy<Value = (Vec<String>, Vec<Vec<Cell>>)> {
    (1usize..5).prop_flat_map(|columns| {
        let header = prop::collection::vec(text(), columns);
        (header, prop::collection::vec(prop::collection::vec(cell(), columns), 0..5))
    })
}

fn table(header: &[String], rows: &[Vec<Cell>]) -> Table {
    rows.iter().cloned().fold(Table::new(header), Table::row)
}

fn read_csv(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// The cells of the first table, as a reader of Markdown takes them.
fn read_markdown(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    for event in Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        match event {
            Event::Text(text) => cell.push_str(&text),
            Event::End(TagEnd::TableCell) => row.push(std::mem::take(&mut cell)),
            Event::End(TagEnd::TableRow | TagEnd::TableHead) => rows.push(std::mem::take(&mut row)),
            Event::Start(_) | Event::End(_) => {}
            other => panic!("{other:?} in {text}"),
        }
    }
    rows
}

/// The cells of a table in HTML.
fn read_html(html: &str) -> Vec<Vec<String>> {
    let unescape = |text: &str| {
        let plain = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
        plain.iter().fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
    };
    let cell = |part: &str| {
        let (_, text) = part.split_once('>').unwrap();
        unescape(&text[..text.find('<').unwrap()])
    };
    let cells = |row: &str| row.split("<t").filter(|part| part.starts_with(['d', 'h'])).map(cell).collect();
    html.split("<tr>").skip(1).map(cells).collect()
}

/// Markdown has no line breaks in a cell, and no spaces around it.
fn on_one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ").trim_matches([' ', '\t']).to_owned()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn csv_gives_back_every_cell((header, rows) in rows()) {
        let read = read_csv(&table(&header, &rows).to_csv());
        prop_assert_eq!(read.len(), rows.len() + 1);
        prop_assert_eq!(&read[0], &header);
        for (read, cells) in read[1..].iter().zip(&rows) {
            prop_assert_eq!(read.len(), cells.len());
            for (read, cell) in read.iter().zip(cells) {
                match *cell {
                    Cell::Number { value, .. } | Cell::Difference { value, .. } | Cell::Scientific { value, .. } => {
                        let number: f64 = read.parse().unwrap();
                        // Ten digits; the smallest numbers have fewer.
                        let near = (number - value).abs() <= (1e-9 * value.abs()).max(5e-324);
                        prop_assert!(near || number.to_bits() == value.to_bits() || (number.is_nan() && value.is_nan()), "{value} as {read}");
                    }
                    ref cell => prop_assert_eq!(read, &cell.to_string()),
                }
            }
        }
    }

    #[test]
    fn markdown_and_html_give_back_every_cell((header, rows) in rows(), caption in text()) {
        let table = table(&header, &rows).caption(caption.clone());
        let shown: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(Cell::to_string).collect()).collect();
        let all: Vec<Vec<String>> = std::iter::once(header.clone()).chain(shown).collect();
        prop_assert_eq!(&read_html(&table.to_html()), &all);
        // What is no text for a reader of Markdown, such as a null, is no name either.
        let plain = |text: &str| !text.contains(|c: char| c.is_control() && c != '\n' && c != '\r' || c == '\u{fffd}');
        if all.iter().flatten().all(|text| plain(text)) {
            let caption = table.clone().caption("").to_markdown();
            let expected: Vec<Vec<String>> = all.iter().map(|row| row.iter().map(|cell| on_one_line(cell)).collect()).collect();
            let read: Vec<Vec<String>> = read_markdown(&caption).iter().map(|row| row.iter().map(|cell| on_one_line(cell)).collect()).collect();
            prop_assert_eq!(read, expected);
        }
        prop_assert!(table.to_string().lines().count() >= rows.len());
    }
}

#[test]
fn a_report_as_csv_is_read_with_the_paper_s_columns() {
    let results = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
    let path = std::path::Path::new("report.csv");
    let records = Records::open(results.join("figure1")).unwrap();
    let points = paper::read_figure1(&report::figure1_points(&records).unwrap().to_csv(), path).unwrap();
    let of = |source: &str| points.iter().filter(|point| point.0 == source).map(|point| point.1).collect::<Vec<_>>();
    assert_eq!(of("paper"), paper::figure1());
    assert_eq!(of("replication"), paper::figure1_replication());
    assert_eq!(of("ours").len(), records.summaries().len());
    for (summary, ours) in records.summaries().iter().zip(of("ours")) {
        assert!((summary.test_error_percent.mean - ours.error_percent).abs() < 1e-9);
    }
    let (records, _) = VarianceRecord::open(results.join("table1")).unwrap();
    let rows = paper::read_table1(&table1_points(&records).unwrap().to_csv(), path).unwrap();
    let of = |source: &str| rows.iter().filter(|row| row.0 == source).map(|row| row.1).collect::<Vec<_>>();
    assert_eq!((of("paper").as_slice(), of("replication").as_slice()), (paper::table1(), paper::table1_replication()));
    let estimators: BTreeSet<_> = records.iter().map(|record| record.measurement.estimator).collect();
    assert_eq!(of("ours").len(), estimators.len());
}
