//! Draws docs/figure1.png from the records in results/figure1: our test errors beside the paper's, a panel for each method, and the
//! differences. `cargo run --release --example figure1`

use std::error::Error;
use std::fs;
use std::path::Path;

use vardrop::Method;
use vardrop::experiment::report::figure1_summaries;
use vardrop::experiment::{Records, Summary, paper};
use vardrop::figures::Figure;

const WIDTHS: [usize; 6] = [100, 250, 500, 750, 1000, 1250];

fn main() -> Result<(), Box<dyn Error>> {
    run(Path::new("docs/figure1.png"))
}

/// Draws the figure into a file.
pub fn run(file: &Path) -> Result<(), Box<dyn Error>> {
    let summaries = figure1_summaries(&Records::open("results/figure1")?)?;
    let panel = |figure: Figure, title: &str, y: &str| {
        figure.panel(title).x_label("Units per layer").y_label(y).x_range(40.0, 1310.0).x_ticks([100, 500, 1000])
    };
    let mut figure = Figure::new("MNIST test error (%): ours (solid) and the paper's (dashed)").columns(4).height(620);
    let mut differences = Vec::new();
    for method in Method::FIGURE1 {
        let (mut ours, mut errors, mut theirs, mut bars, mut difference) = (vec![], vec![], vec![], vec![], vec![]);
        for width in WIDTHS {
            let of_width = |point: &&Summary| point.method == method && point.width() == Some(width);
            let published = paper::figure1().iter().find(|point| point.method == method && point.hidden == width);
            let (Some(own), Some(published)) = (summaries.iter().find(of_width), published) else { continue };
            ours.push((width, own.test_error_percent.mean));
            errors.push(own.test_error_percent.standard_error);
            theirs.push((width, published.error_percent));
            bars.push(published.error_bar);
            difference.push((width, own.test_error_percent.mean - published.error_percent));
        }
        let (x, y): (Vec<_>, Vec<_>) = ours.into_iter().unzip();
        figure = panel(figure, method.title(), "").y_range(0.85, 2.65).line(method.title(), x, y);
        figure = figure.error_bars(errors).method(method);
        let (x, y): (Vec<_>, Vec<_>) = theirs.into_iter().unzip();
        figure = figure.line(format!("{}, paper", method.title()), x, y).error_bars(bars).method(method);
        figure = figure.dashed().open().group(method.title());
        differences.push((method, difference));
    }
    figure = panel(figure, "Ours minus the paper's", "").y_range(-0.35, 0.35).horizontal_line(0.0, "");
    for (method, difference) in differences {
        let (x, y): (Vec<_>, Vec<_>) = difference.into_iter().unzip();
        figure = figure.line(format!("{}, difference", method.title()), x, y).method(method).group(method.title());
    }
    fs::write(file, figure.to_png()?)?;
    Ok(())
}
