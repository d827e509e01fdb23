//! Figure 1: our test errors over widths, with the paper's and the older replication's, a panel for each method.

use super::figure::Figure;
use super::style::{Color, Marker};
use crate::error::Result;
use crate::experiment::paper::{self, PublishedPoint};
use crate::experiment::report::{dataset, figure1_summaries};
use crate::experiment::{Contrast, Records};
use crate::method::Method;

const WIDTHS: [usize; 6] = [100, 250, 500, 750, 1000, 1250];
/// A tick at each of them, and a text where there is room for one.
const TICKS: [(f64, &str); 6] =
    [(100.0, "100"), (250.0, ""), (500.0, "500"), (750.0, ""), (1000.0, "1000"), (1250.0, "")];
/// The methods whose panels begin a row.
const LEFTMOST: [Method; 2] = [Method::None, Method::VariationalA2];
/// What is shown of the axis of errors, in percent: the older replication reaches beyond it.
const ERRORS: [f64; 2] = [0.85, 2.75];
/// What is shown of the axis of differences, in percentage points.
const DIFFERENCES: [f64; 2] = [-0.5, 0.5];

/// The paper's Figure 1 as small multiples: for each method ours, the mean over runs with its 95 % interval (Student's), beside the
/// paper's numbers with its error bars; in the last panel ours of all methods. The older replication's lines are shown by a click on
/// their name in the legend.
///
/// # Errors
/// Runs of two protocols for one point, or of two data sets.
pub fn figure1(records: &Records) -> Result<Figure> {
    let summaries = figure1_summaries(records)?;
    let title = format!("Figure 1: test error {} over the width of three hidden layers", dataset(&summaries));
    let mut figure = Figure::new(title).columns(4).height(640).share_y();
    for method in Method::FIGURE1 {
        let label = if LEFTMOST.contains(&method) { "Test error (%)" } else { "" };
        figure = panel(figure, method.title(), ERRORS).y_label(label);
        figure = published(figure, method, paper::figure1_replication()).dotted().group(OLDER).hidden();
        figure = published(figure, method, paper::figure1()).dashed().open().group(PAPER);
        let points = own(records, method);
        figure = figure
            .line(method.title(), points.iter().map(|point| point.0), points.iter().map(|point| point.1))
            .intervals(
                points.iter().map(|point| point.2.as_ref().map(|of| of.interval[0])),
                points.iter().map(|point| point.2.as_ref().map(|of| of.interval[1])),
            )
            .method(method)
            .group(OURS);
    }
    figure = panel(figure, "Ours, together", ERRORS);
    for method in Method::FIGURE1 {
        let points = own(records, method);
        figure = figure
            .line(method.title(), points.iter().map(|point| point.0), points.iter().map(|point| point.1))
            .method(method);
    }
    Ok(figure
        .key(OURS)
        .markers(Marker::Circle)
        .key(PAPER)
        .markers(Marker::Circle)
        .dashed()
        .open()
        .key(OLDER)
        .dotted()
        .hidden())
}

const OURS: &str = "ours: mean and 95 % interval";
const PAPER: &str = "the paper, with its error bars";
const OLDER: &str = "older replication, two hidden layers";

/// Ours less the paper's, a panel for each method: the mean over runs with its 95 % interval (Student's), on a grey band as wide as the
/// paper's error bars. The last panel has each method's mean over the widths that were run, with Welch's interval.
///
/// # Errors
/// As [`figure1`].
pub fn figure1_differences(records: &Records) -> Result<Figure> {
    figure1_summaries(records)?;
    let title = "Ours less the paper's test error, in percentage points";
    let mut figure = Figure::new(title).columns(4).height(620).share_y();
    let mut together: Vec<(Method, [f64; 3])> = Vec::new();
    for method in Method::FIGURE1 {
        let paper =
            |width: usize| paper::figure1().iter().find(|point| (point.method, point.hidden) == (method, width));
        let bars: Vec<f64> =
            WIDTHS.iter().map(|&width| paper(width).and_then(|of| of.error_bar).unwrap_or(0.0)).collect();
        let points = own(records, method);
        let published: Vec<f64> = points.iter().map(|of| paper(of.0).map_or(f64::NAN, |of| of.error_percent)).collect();
        let less = |end: fn(&Contrast) -> f64| {
            points
                .iter()
                .zip(&published)
                .map(move |(of, paper)| of.2.as_ref().map(|of| end(of) - paper))
                .collect::<Vec<_>>()
        };
        let label = if LEFTMOST.contains(&method) { "Percentage points" } else { "" };
        figure = panel(figure, method.title(), DIFFERENCES)
            .y_label(label)
            .area("the paper's error bars", WIDTHS, bars.iter().map(|bar| -bar), bars.iter().copied())
            .color(Color::GREY)
            .horizontal_line(0.0, "")
            .line(
                format!("{}: difference", method.title()),
                points.iter().map(|of| of.0),
                points.iter().zip(&published).map(|(of, paper)| of.1 - paper),
            )
            .intervals(less(|of| of.interval[0]), less(|of| of.interval[1]))
            .method(method)
            .group("ours less the paper's, with the 95 % interval of ours");
        let errors: Vec<Vec<f64>> = points.iter().map(|of| errors(records, method, of.0)).collect();
        let weight = 1.0 / errors.len().max(1) as f64;
        let contrast = Contrast::of(errors.iter().map(|errors| (weight, errors.as_slice())));
        let offset = published.iter().sum::<f64>() * weight;
        together
            .extend(contrast.map(|of| (method, [of.interval[0], of.estimate, of.interval[1]].map(|of| of - offset))));
    }
    figure = panel(figure, "Mean over widths", DIFFERENCES)
        .x_label("Methods")
        .x_range(-0.6, 6.6)
        .x_tick_texts([(0.0, ""); 0]);
    figure = figure.horizontal_line(0.0, "");
    for (place, (method, [low, mean, high])) in together.into_iter().enumerate() {
        figure = figure.scatter(method.title(), [place], [mean]).intervals([low], [high]).method(method);
    }
    Ok(figure.key("ours less the paper's, with the 95 % interval of ours").markers(Marker::Circle))
}

fn panel(figure: Figure, title: &str, [low, high]: [f64; 2]) -> Figure {
    figure.panel(title).x_label("Units per layer").x_range(30.0, 1320.0).x_tick_texts(TICKS).y_range(low, high)
}

/// The test errors of one point's runs.
fn errors(records: &Records, method: Method, width: usize) -> Vec<f64> {
    let runs = records.iter().filter(|run| run.method == method && run.hidden == [width; 3]);
    runs.map(|run| run.best.test_error_percent).collect()
}

/// Each width that was run, the mean of its errors, and the mean with its interval where there are several runs.
fn own(records: &Records, method: Method) -> Vec<(usize, f64, Option<Contrast>)> {
    let point = |width: usize| {
        let errors = errors(records, method, width);
        let mean = errors.iter().sum::<f64>() / errors.len() as f64;
        (!errors.is_empty()).then(|| (width, mean, Contrast::of([(1.0, errors.as_slice())])))
    };
    WIDTHS.into_iter().filter_map(point).collect()
}

fn published(figure: Figure, method: Method, points: &[PublishedPoint]) -> Figure {
    let points = || points.iter().filter(|point| point.method == method);
    figure
        .line(
            format!("{}, published", method.title()),
            points().map(|point| point.hidden),
            points().map(|point| point.error_percent),
        )
        .error_bars(points().map(|point| point.error_bar))
        .method(method)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::tests::record;

    fn traces(figure: &Figure) -> Vec<serde_json::Value> {
        assert!(figure.to_png().is_ok());
        let json = figure.to_plotly().unwrap().to_json();
        serde_json::from_str::<serde_json::Value>(&json).unwrap()["data"].as_array().unwrap().clone()
    }

    fn records(errors: [f64; 3]) -> Records {
        let runs = |method| (1..).zip(errors).map(move |(seed, error)| record(method, 100, seed, error));
        Method::FIGURE1.into_iter().flat_map(runs).collect()
    }

    #[test]
    fn every_method_has_a_panel_with_three_sources_of_which_the_older_one_waits_for_a_click() {
        let traces = traces(&figure1(&records([1.4, 1.5, 1.6])).unwrap());
        // Three for each method, one for each in the last panel, and three keys.
        assert_eq!(traces.len(), 7 * 3 + 7 + 3);
        let hidden = traces.iter().filter(|trace| trace["visible"] == "legendonly");
        assert_eq!(hidden.filter(|trace| trace["legendgroup"] == OLDER).count(), 7 + 1);
        let of = |group: &str| traces.iter().filter(|trace| trace["legendgroup"] == group).collect::<Vec<_>>();
        assert_eq!(of(PAPER)[0]["error_y"]["array"].as_array().unwrap().len(), 6);
        // 4.303 standard errors of 0.1 / √3.
        let bar = of(OURS)[0]["error_y"]["array"][0].as_f64().unwrap();
        assert!((bar - 0.2484).abs() < 1e-3, "{bar}");
    }

    #[test]
    fn differences_are_ours_less_the_papers_with_a_mean_for_each_method() {
        let traces = traces(&figure1_differences(&records([1.4, 1.5, 1.6])).unwrap());
        let none = traces.iter().find(|trace| trace["name"] == "No dropout: difference").unwrap();
        assert!((none["y"][0].as_f64().unwrap() - (1.5 - paper::figure1()[0].error_percent)).abs() < 1e-9);
        // One width was run, so that the mean over widths is that width's.
        let mean = traces.iter().find(|trace| trace["name"] == "No dropout").unwrap();
        assert!((mean["y"][0].as_f64().unwrap() - none["y"][0].as_f64().unwrap()).abs() < 1e-9);
    }

    #[test]
    fn without_a_record_the_published_numbers_are_still_shown() {
        for figure in [figure1(&Records::default()), figure1_differences(&Records::default())] {
            assert!(figure.unwrap().to_png().is_ok());
        }
    }
}
