//! Figure 1: our test errors over widths, with the paper's and the older replication's.

use super::figure::Figure;
use crate::error::Result;
use crate::experiment::paper::{self, PublishedPoint};
use crate::experiment::report::{dataset, figure1_summaries};
use crate::experiment::{Records, Summary};
use crate::method::Method;

/// The methods of the paper's panel (a): noise that is correlated over the outputs.
const TYPE_A: [Method; 5] =
    [Method::None, Method::Binary, Method::GaussianA, Method::VariationalA, Method::VariationalA2];
/// The methods of the paper's panel (b): noise that is independent.
const TYPE_B: [Method; 4] = [Method::None, Method::Binary, Method::GaussianB, Method::VariationalB];

/// Both panels of the paper's Figure 1: ours solid, with the standard error of the mean over runs as error bars; the
/// paper's numbers dashed with open markers and its error bars; the older replication's dotted and faint.
///
/// # Errors
/// Runs of two protocols for one point, or of two data sets.
pub fn figure1(records: &Records) -> Result<Figure> {
    let summaries = figure1_summaries(records)?;
    let title = format!("Figure 1: test error {} over the width of three hidden layers", dataset(&summaries));
    let mut figure = Figure::new(title).height(520).share_y();
    for (title, methods) in [("(a) type A: correlated noise", &TYPE_A[..]), ("(b) type B: independent noise", &TYPE_B)]
    {
        figure = figure
            .panel(title)
            .x_label("Units per hidden layer")
            .y_label("Test error (%)")
            .x_range(40.0, 1360.0)
            .x_ticks([100, 250, 500, 750, 1000, 1250]);
        for &method in methods {
            figure = published(figure, method, "older replication", paper::figure1_replication()).dotted().faint();
        }
        for &method in methods {
            figure = published(figure, method, "paper", paper::figure1()).dashed().open();
        }
        for &method in methods {
            let ours: Vec<&Summary> = summaries.iter().filter(|point| point.method == method).collect();
            figure = figure
                .line(
                    method.title(),
                    ours.iter().filter_map(|point| point.width()),
                    ours.iter().map(|point| point.test_error_percent.mean),
                )
                .error_bars(ours.iter().map(|point| point.test_error_percent.standard_error))
                .method(method);
        }
    }
    Ok(figure.key("ours: mean ± standard error").key("the paper").dashed().key("the older replication").dotted())
}

fn published(figure: Figure, method: Method, source: &str, points: &[PublishedPoint]) -> Figure {
    let points = || points.iter().filter(|point| point.method == method);
    figure
        .line(
            format!("{}, {source}", method.title()),
            points().map(|point| point.hidden),
            points().map(|point| point.error_percent),
        )
        .error_bars(points().map(|point| point.error_bar))
        .method(method)
        .group(method.title())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::tests::record;

    #[test]
    fn both_panels_show_every_method_of_theirs_from_three_sources() {
        let records: Records = Method::FIGURE1.map(|method| record(method, 100, 1, 1.5)).into_iter().collect();
        let json = figure1(&records).unwrap().to_plotly().unwrap().to_json();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        let traces = json["data"].as_array().unwrap();
        // Three for each method of each panel, and three keys.
        assert_eq!(traces.len(), 3 * (TYPE_A.len() + TYPE_B.len()) + 3);
        let shown = traces.iter().filter(|trace| trace["showlegend"] == true).count();
        assert_eq!(shown, Method::FIGURE1.len() + 3);
        let paper = traces.iter().find(|trace| trace["name"] == "Variational A2, paper").unwrap();
        assert_eq!(paper["error_y"]["array"].as_array().unwrap().len(), 6);
    }

    #[test]
    fn without_a_record_the_published_numbers_are_still_shown() {
        assert!(figure1(&Records::default()).unwrap().to_png().is_ok());
    }
}
