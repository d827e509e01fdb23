//! Draws the figures of docs/performance.md from the records of experiments/scaling.sh, of a point that was measured several times
//! the one whose step took least: `cargo run --release --example performance`.

use std::error::Error;
use std::fs;

use serde_json::Value;
use vardrop::Method;
use vardrop::figures::Figure;

const METHODS: [Method; 3] = [Method::None, Method::VariationalA, Method::VariationalB];

fn main() -> Result<(), Box<dyn Error>> {
    let text = fs::read_to_string("results/performance/scaling.jsonl")?;
    let mut records = text.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
    records.sort_by(|a, b| a["ours_ms"].as_f64().partial_cmp(&b["ours_ms"].as_f64()).expect("no step takes NaN"));
    // The width is what changes where the minibatch is 100, and the other way round where the width is 1024.
    for (changing, label, fixed, at) in [
        ("width", "Units per hidden layer, minibatch 100", "batch_size", 100),
        ("batch_size", "Minibatch, 1024 units", "width", 1024),
    ] {
        let of = |method: Method, threads: u64, value: &dyn Fn(&Value) -> Option<f64>| {
            let mut points: Vec<(f64, f64)> = records
                .iter()
                .filter(|r| r["method"] == method.name() && r["threads"] == threads && r[fixed] == at)
                .filter_map(|r| Some((r[changing].as_f64()?, value(r)?)))
                .collect();
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            points.dedup_by_key(|point| point.0);
            points.into_iter().unzip::<f64, f64, Vec<_>, Vec<_>>()
        };
        let panel =
            |figure: Figure, title: &str, y: &str| figure.panel(title).x_label(label).y_label(y).log_x().log_y();
        let number = |key: &'static str| move |r: &Value| r[key].as_f64();
        let mut figure = Figure::new("A training step of 784-H-H-H-10").columns(2).height(760);
        figure = panel(figure, "Two threads; dotted: the products alone", "Milliseconds per step");
        for method in METHODS {
            let (x, y) = of(method, 2, &number("ours_ms"));
            figure = figure.line(method.title(), x, y).method(method);
            let (x, y) = of(method, 2, &number("limit_ms"));
            figure = figure.line(format!("{}, products", method.title()), x, y).method(method).dotted();
        }
        figure = figure.panel("A step in units of its products").x_label(label).y_label("Step / products").log_x();
        for method in METHODS {
            let (x, y) = of(method, 2, &|r| Some(r["ours_ms"].as_f64()? / r["limit_ms"].as_f64()?));
            figure = figure.line(method.title(), x, y).method(method);
        }
        figure =
            figure.panel("What a second thread brings").x_label(label).y_label("One thread's time / two's").log_x();
        for method in METHODS {
            let ((x, one), (_, two)) = (of(method, 1, &number("ours_ms")), of(method, 2, &number("ours_ms")));
            figure = figure.line(method.title(), x, one.iter().zip(&two).map(|(one, two)| one / two)).method(method);
        }
        figure = panel(figure, "Memory of the process", "Peak in MiB, data included");
        for method in METHODS {
            let (x, y) = of(method, 2, &number("peak_memory_mib"));
            figure = figure.line(method.title(), x, y).method(method);
        }
        fs::write(format!("docs/performance-{}.png", changing.replace('_', "-")), figure.to_png()?)?;
    }
    Ok(())
}
