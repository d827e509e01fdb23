//! The documents: the README is short, its picture comes from the records, and what is printed as a plan is one.

use std::fs;

#[cfg(feature = "figures")]
#[allow(dead_code, reason = "its main writes to docs/")]
#[path = "../../examples/figure1.rs"]
mod figure1;

#[test]
fn the_readme_is_short_and_begins_with_a_picture_and_the_verdict() {
    let readme = fs::read_to_string("README.md").unwrap();
    let words = readme.split_whitespace().count();
    assert!(words <= 1000, "{words} words");
    let first: Vec<&str> = readme.lines().take(20).collect();
    assert!(first.iter().any(|line| line.starts_with("![") && line.contains("docs/figure1.png")));
    assert!(first.iter().any(|line| line.contains("points of Figure 1 are within")));
    assert!(!readme.contains("\n# "), "hidden lines of an example show on a page");
}

#[cfg(feature = "figures")]
#[test]
fn the_picture_is_drawn_from_the_records() {
    let folder = tempfile::tempdir().unwrap();
    let figure = folder.path().join("figure1.png");
    figure1::run(&figure).unwrap();
    assert!(fs::read(figure).unwrap().starts_with(b"\x89PNG"));
}

#[cfg(feature = "sweep")]
#[test]
fn the_plan_on_the_page_of_the_command_line_is_a_plan() {
    let page = fs::read_to_string("docs/cli.md").unwrap();
    let plan = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plan.toml");
    fs::write(&file, plan).unwrap();
    let plan = vardrop::experiment::SweepPlan::open(&file).unwrap();
    // Two methods with two widths and three seeds; then the seven methods of Figure 1 with one of each.
    assert_eq!(plan.networks().len(), 12 + 7);
}
