//! What the README claims of a user's change.

#[test]
fn a_model_becomes_bayesian_in_at_most_twelve_lines() {
    let readme = include_str!("../README.md");
    let (_, rest) = readme.split_once("```diff\n").unwrap();
    let (diff, _) = rest.split_once("```").unwrap();
    let changed = diff.lines().filter(|line| line.starts_with(['+', '-'])).count();
    assert!((1..=12).contains(&changed), "{changed} lines");
    assert_eq!(diff.lines().filter(|line| line.starts_with('+') && line.contains("loss")).count(), 1);
}

#[test]
fn the_first_result_takes_at_most_a_dozen_lines() {
    let readme = include_str!("../README.md");
    let (_, rest) = readme.split_once("```rust\n").unwrap();
    let (code, _) = rest.split_once("```").unwrap();
    let lines = code.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', 'u'])).count();
    assert!(lines <= 10, "{lines} lines");
}
