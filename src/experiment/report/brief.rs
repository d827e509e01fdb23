//! The longer tables in few rows: Figure 1 by method and width, and the claims over all widths together.

use super::claims::interval;
use super::{Agreement, figure1_summaries, find, tested_claims};
use crate::error::Result;
use crate::experiment::{Records, paper};
use crate::method::Method;
use crate::table::{Cell, Table};

/// Figure 1 with a row for each method and a column for each width: our mean error ± its standard error, and the paper's in
/// parentheses.
///
/// # Errors
/// As [`figure1`](super::figure1).
pub fn figure1_by_width(records: &Records) -> Result<Table> {
    let summaries = figure1_summaries(records)?;
    let mut widths: Vec<usize> = summaries.iter().filter_map(|summary| summary.width()).collect();
    widths.sort_unstable();
    widths.dedup();
    let heads = widths.iter().map(|width| {
        let runs = summaries.iter().filter(|of| of.width() == Some(*width)).map(|of| of.test_error_percent.runs);
        match (runs.clone().min(), runs.max()) {
            (Some(1), Some(1)) => format!("{width} units, 1 run"),
            (Some(least), Some(most)) if least < most => format!("{width} units, {least}–{most} runs"),
            (_, most) => format!("{width} units, {} runs", most.unwrap_or(0)),
        }
    });
    let mut table = Table::new(["Method".to_owned()].into_iter().chain(heads));
    for method in Method::FIGURE1 {
        let cell = |&width: &usize| -> Cell {
            let ours = summaries.iter().find(|of| of.method == method && of.width() == Some(width));
            let ours = ours.map(|of| of.test_error_percent);
            let ours = ours.map(|of| Cell::estimate(of.mean, of.standard_error, 2).to_string());
            let paper = find(paper::figure1(), method, width)
                .map(|point| format!(" ({})", Cell::number(point.error_percent, 2)));
            ours.map(|ours| ours + &paper.unwrap_or_default()).into()
        };
        let cells: Vec<Cell> = widths.iter().map(cell).collect();
        if cells.iter().any(|cell| *cell != Cell::Empty) {
            table.push([method.into()].into_iter().chain(cells).collect::<Vec<Cell>>());
        }
    }
    let agreement = Agreement::of(records)?;
    Ok(table.caption(format!("Test error in percent: ours ± its standard error (the paper's). {agreement}")))
}

/// The claims of [`claims`](super::claims) over all widths, without the rows of single widths.
///
/// # Errors
/// As [`tested_claims`].
pub fn claims_together(records: &Records) -> Result<Table> {
    let mut table =
        Table::new(["Claim", "Units per layer", "Over these", "Ours", "95 % interval", "Paper", "p (Holm)", "Verdict"]);
    for test in tested_claims(records)?.iter().filter(|test| test.hidden.is_none()) {
        table.push((
            test.claim.to_string(),
            test.claim.widths(),
            test.claim.over(),
            test.difference.map(|of| Cell::difference(of.estimate, 2)),
            test.difference.map(|of| interval(of.interval)),
            Cell::difference(test.paper, 2),
            test.adjusted_p.map(|p| if p < 1e-3 { Cell::scientific(p, 1) } else { Cell::number(p, 3) }),
            test.verdict.map_or("not run".to_owned(), |verdict| verdict.to_string()),
        ));
    }
    Ok(table
        .caption("Differences in percentage points. p is corrected for all tests, those of single widths included."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::tests::record;

    fn records() -> Records {
        let methods = [(Method::VariationalA, 1.5), (Method::GaussianA, 2.5), (Method::VariationalA2, 1.6)];
        let runs = methods.iter().flat_map(|&(method, error)| {
            [100, 250]
                .into_iter()
                .flat_map(move |width| [1, 2, 3].map(|seed| record(method, width, seed, error + 0.01 * seed as f64)))
        });
        runs.collect()
    }

    #[test]
    fn figure_1_has_a_row_for_each_method_that_was_run_and_a_column_for_each_width() {
        let csv = figure1_by_width(&records()).unwrap().to_csv();
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!((lines.len(), lines[0]), (4, "Method,\"100 units, 3 runs\",\"250 units, 3 runs\""));
        assert!(lines[1].starts_with("Gaussian A,2.52 ± 0.01 (2.40)"), "{csv}");
    }

    #[test]
    fn claims_over_all_widths_have_a_row_each() {
        let csv = claims_together(&records()).unwrap().to_csv();
        assert!(csv.contains("Variational A ≤ Gaussian A,100 to 1250,together,-1,−1.01 to −0.99,"), "{csv}");
        assert!(csv.contains("per doubling") && csv.contains("not run"), "{csv}");
        assert!(csv.contains("Variational B ≤ Binary dropout,\"100, 250\",together,"), "{csv}");
    }
}
