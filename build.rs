//! Puts the commit of the source tree into the binary, so that a record can say what made it.

use std::process::Command;

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok().map(|text| text.trim().to_owned())
}

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rerun-if-changed=Cargo.toml");
    // Records that last are the command line's. What notebooks load is not to be compiled anew after each commit.
    if std::env::var_os("CARGO_FEATURE_CLI").is_none() {
        return;
    }
    // The log of HEAD grows with every commit and check-out; a package outside a repository has none.
    let Some(commit) = git(&["rev-parse", "HEAD"]) else { return };
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo::rerun-if-changed={log}");
    }
    // A tree that git tracks under another repository's root is not this project's commit.
    if git(&["ls-files", "build.rs"]).is_none_or(|tracked| tracked.is_empty()) {
        return;
    }
    let changed = git(&["status", "--porcelain", "--", "src", "build.rs", "Cargo.toml", "Cargo.lock"]);
    let dirty = if changed.is_none_or(|changed| !changed.is_empty()) { "-dirty" } else { "" };
    println!("cargo::rustc-env=VARDROP_COMMIT={commit}{dirty}");
}
