//! The forest plot of the paper's claims: each difference with its interval, at every width.

use super::figure::Figure;
use super::style::{Color, Marker};
use crate::error::Result;
use crate::experiment::Records;
use crate::experiment::report::{Claim, EQUIVALENCE, TestedClaim, Verdict, tested_claims};
use crate::table::Cell;

/// What is shown of the axis of differences: the dispute is about hundredths.
const SCALE: [f64; 2] = [-0.45, 0.25];

/// For each claim on two methods the difference of their test errors over the width, below 0 as claimed, with its 95 % interval and
/// the paper's difference. Filled markers are supported or contradicted, open ones equivalent or inconclusive. The grey band is the
/// region in which two methods count as equal.
///
/// # Errors
/// As [`tested_claims`].
pub fn claims_forest(records: &Records) -> Result<Figure> {
    let tests = tested_claims(records)?;
    let mut figure = Figure::new("What the paper claims: differences in test error").height(860).columns(2);
    for claim in tests.iter().filter(|test| test.hidden.is_none()).map(|test| test.claim) {
        if matches!(claim, Claim::NotAbove(..)) {
            figure = panel(figure, claim, &tests.iter().filter(|test| test.claim == claim).collect::<Vec<_>>());
        }
    }
    Ok(figure
        .key("ours, with its 95 % interval")
        .markers(Marker::Circle)
        .key("the paper")
        .markers(Marker::Diamond)
        .open())
}

fn panel(figure: Figure, claim: Claim, tests: &[&TestedClaim]) -> Figure {
    let at_width = || tests.iter().filter_map(|test| Some((test.hidden?, test)));
    let mut figure = figure
        .panel(claim.to_string())
        .x_label("Units per hidden layer")
        .y_label("Percentage points")
        .x_range(40.0, 1360.0)
        .x_ticks([100, 250, 500, 750, 1000, 1250])
        .y_range(SCALE[0], SCALE[1])
        .line("counts as equal", [40.0, 1360.0], [0.0, 0.0])
        .band([-EQUIVALENCE; 2], [EQUIVALENCE; 2])
        .color(Color::GREY)
        .group("counts as equal")
        .scatter("the paper's difference", at_width().map(|of| of.0), at_width().map(|of| of.1.paper))
        .color(Color::GREY)
        .markers(Marker::Diamond)
        .open()
        .group("the paper");
    let color = Color::of(claim.methods()[0]);
    for decided in [true, false] {
        let is_decided = |test: &TestedClaim| matches!(test.verdict, Some(Verdict::Supported | Verdict::Contradicted));
        let shown = || {
            let own = at_width().filter(move |(_, test)| is_decided(test) == decided);
            own.filter_map(|(width, test)| Some((width, test.difference?)))
                .filter(|(_, difference)| difference.estimate >= SCALE[0])
        };
        if shown().next().is_none() {
            continue;
        }
        figure = figure
            .scatter(
                format!(
                    "{claim}: {}",
                    if decided { "supported or contradicted" } else { "equivalent or inconclusive" }
                ),
                shown().map(|of| of.0),
                shown().map(|of| of.1.estimate),
            )
            .error_bars(shown().map(|of| of.1.interval[1] - of.1.estimate))
            .color(color)
            .markers(Marker::Circle)
            .group("ours, with its 95 % interval");
        if !decided {
            figure = figure.open();
        }
    }
    for (width, test) in at_width() {
        if let Some(below) = test.difference.filter(|difference| difference.estimate < SCALE[0]) {
            let name = format!("{claim}: below the scale, {}", Cell::difference(below.estimate, 2));
            figure = figure
                .scatter(name, [width], [SCALE[0] + 0.02])
                .color(color)
                .markers(Marker::TriangleDown)
                .group("ours, with its 95 % interval");
        }
    }
    figure
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Method;
    use crate::experiment::tests::record;

    #[test]
    fn each_claim_on_two_methods_has_a_panel_with_ours_the_papers_and_what_is_below_the_scale() {
        let errors = [
            (Method::VariationalA, 1.5),
            (Method::GaussianA, 2.5),
            (Method::VariationalB, 1.5),
            (Method::GaussianB, 1.5),
        ];
        let runs = errors
            .iter()
            .flat_map(|&(method, error)| [1, 2, 3].map(|seed| record(method, 100, seed, error + 0.01 * seed as f64)));
        let figure = claims_forest(&runs.collect()).unwrap();
        assert!(figure.to_png().is_ok());
        let json: serde_json::Value = serde_json::from_str(&figure.to_plotly().unwrap().to_json()).unwrap();
        let names: Vec<&str> =
            json["data"].as_array().unwrap().iter().filter_map(|trace| trace["name"].as_str()).collect();
        assert_eq!(names.iter().filter(|&&name| name == "the paper's difference").count(), 6);
        assert!(names.contains(&"Variational A ≤ Gaussian A: below the scale, −1.00"), "{names:?}");
        assert!(names.contains(&"Variational B ≤ Gaussian B: equivalent or inconclusive"), "{names:?}");
    }
}
