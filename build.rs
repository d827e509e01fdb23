//! Puts the commit of the source tree into the binary, so that a record can say what made it; says what to do where OpenBLAS is missing.

use std::env;
use std::io::Write;
use std::process::{Command, Stdio};

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok().map(|text| text.trim().to_owned())
}

/// Whether a program of one line links, as rustc would have it linked, with these arguments.
fn links(arguments: &[String]) -> bool {
    let linker = env::var("RUSTC_LINKER").unwrap_or_else(|_| "cc".into());
    let program = format!("{}/probe", env::var("OUT_DIR").expect("cargo sets it"));
    let mut command = Command::new(linker);
    command.args(["-x", "c", "-", "-o", &program]).args(arguments);
    let Ok(mut child) = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn() else {
        return false;
    };
    let written = child.stdin.take().expect("it is piped").write_all(b"int main(void) { return 0; }\n");
    child.wait().is_ok_and(|status| status.success()) && written.is_ok()
}

/// Ends the build with one sentence where OpenBLAS is wanted and is not there: the linker would say it in pages, at the end.
///
/// It is looked for as the build of `openblas-src` does, by pkg-config, and then by the linker. Nothing is said where either
/// finds it, or where the answer would be a guess: for another machine, and where the linker cannot be asked.
fn look_for_openblas() {
    let native = env::var("HOST") == env::var("TARGET");
    let linux = env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux");
    let wanted = env::var_os("CARGO_FEATURE_OPENBLAS").is_some() && env::var_os("DOCS_RS").is_none();
    if !(wanted && native && linux) {
        return;
    }
    let pkg_config = env::var("PKG_CONFIG").unwrap_or_else(|_| "pkg-config".into());
    if Command::new(pkg_config).args(["--exists", "openblas"]).status().is_ok_and(|status| status.success()) {
        return;
    }
    // Folders that RUSTFLAGS names: `-L`, `native=/folder` or `-Lnative=/folder`.
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default().replace("-L\x1f", "-L");
    let folders = flags.split('\x1f').filter_map(|flag| flag.strip_prefix("-L"));
    let folders = folders.map(|folder| format!("-L{}", folder.split_once('=').map_or(folder, |(_, path)| path)));
    let mut arguments: Vec<String> = folders.collect();
    let linker_works = links(&arguments) && !flags.contains("link-arg=-L") && !flags.contains("link-args");
    arguments.push("-lopenblas".into());
    if linker_works && !links(&arguments) {
        println!(
            "cargo::error=OpenBLAS is not installed: install it (Debian and Ubuntu: `sudo apt-get install libopenblas-dev`, Fedora: \
             `sudo dnf install openblas-devel`), or build without it (`cargo build --no-default-features --features cli`)"
        );
    }
}

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rerun-if-changed=Cargo.toml");
    look_for_openblas();
    // Records that last are the command line's. What notebooks load is not to be compiled anew after each commit.
    if env::var_os("CARGO_FEATURE_CLI").is_none() {
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
