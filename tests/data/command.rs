//! `vardrop data`: what it prints, and its exit codes.
#![cfg(feature = "cli")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::Tiny;
use crate::support::server::{Reply, Server};
use vardrop::data::mnist::{MNIST, Places};

/// Runs in `root`, with the cache there and no MNIST_DIR unless it is given.
fn vardrop(root: &Path, mnist_dir: Option<&Path>, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vardrop"));
    command
        .args(arguments)
        .current_dir(root)
        .env("XDG_CACHE_HOME", root)
        .env_remove("MNIST_DIR")
        .env_remove("FASHION_MNIST_DIR");
    command.envs(mnist_dir.map(|path| ("MNIST_DIR", path)));
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn what_is_nowhere_is_exit_code_1_with_every_place_and_what_to_do() {
    let root = tempfile::tempdir().unwrap();
    let output = vardrop(root.path(), None, &["data"]);
    assert_eq!(output.status.code(), Some(1));
    let text = text(&output.stdout);
    for part in
        ["$MNIST_DIR: not set", "./data/mnist: no such folder", "vardrop/mnist", "vardrop data fetch", "https://"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_place_with_other_files_says_what_is_wrong_with_each() {
    let root = tempfile::tempdir().unwrap();
    Tiny::new().write_gz(root.path());
    let output = vardrop(root.path(), Some(root.path()), &["data"]);
    assert_eq!(output.status.code(), Some(1));
    let text = text(&output.stdout);
    assert!(text.contains("train-images-idx3-ubyte.gz  damaged   has"), "{text}");
    assert!(text.contains("expected 9912422"), "{text}");
}

#[test]
fn json_is_one_object_with_places_files_and_mirrors() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("data/mnist");
    Tiny::new().write_gz(&folder);
    fs::remove_file(folder.join("t10k-labels-idx1-ubyte.gz")).unwrap();
    let output = vardrop(root.path(), None, &["data", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(report["found"].is_null());
    assert_eq!(report["places"][0]["name"], "$MNIST_DIR");
    assert!(report["places"][0]["path"].is_null());
    let files = &report["places"][1]["files"];
    assert_eq!((&files[0]["state"], &files[0]["name"]), (&"damaged".into(), &"train-images-idx3-ubyte".into()));
    assert_eq!(files[3]["state"], "missing");
    assert_eq!(report["mirrors"].as_array().unwrap().len(), 3);
}

#[test]
fn both_published_data_sets_are_shown_and_either_is_fetched() {
    let root = tempfile::tempdir().unwrap();
    let shown = text(&vardrop(root.path(), None, &["data"]).stdout);
    for part in ["MNIST is looked for in\n  1. $MNIST_DIR", "Fashion-MNIST is looked for in\n  1. $FASHION_MNIST_DIR"] {
        assert!(shown.contains(part), "{shown}");
    }
    let report = text(&vardrop(root.path(), None, &["data", "--json"]).stdout);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["fashion-mnist"]["places"][2]["name"], "./data/fashion-mnist");

    let server = Server::start(|_| Reply::Status("404 Not Found"));
    let output = vardrop(root.path(), None, &["data", "fetch", "fashion-mnist", "--mirror", &server.url]);
    // Where Debian's package is installed, nothing has to be fetched.
    if output.status.success() {
        assert!(text(&output.stdout).contains("/usr/share/datasets/fashion-mnist: all four files, verified  <- used"));
        return;
    }
    let message = text(&output.stderr);
    assert!(
        message.starts_with("error: Fashion-MNIST was not found; tried\n  $FASHION_MNIST_DIR: not set"),
        "{message}"
    );
}

#[test]
fn a_failed_fetch_is_exit_code_1_and_says_what_was_tried() {
    let root = tempfile::tempdir().unwrap();
    let server = Server::start(|_| Reply::Status("404 Not Found"));
    let output = vardrop(root.path(), None, &["data", "fetch", "--mirror", &server.url]);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(1), ""));
    let message = text(&output.stderr);
    assert!(message.starts_with("error: MNIST was not found; tried\n  $MNIST_DIR: not set"), "{message}");
    assert!(message.contains(&server.url) && message.contains("404") && message.contains("synthetic"), "{message}");
}

#[test]
fn fetch_does_not_replace_other_files_in_mnist_dir() {
    let (root, tiny) = (tempfile::tempdir().unwrap(), Tiny::new());
    tiny.write_gz(root.path());
    let server = Server::start(|_| Reply::Good(vec![]));
    let output = vardrop(root.path(), Some(root.path()), &["data", "fetch", "--mirror", &server.url]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("not replaced"), "{}", text(&output.stderr));
    assert_eq!(fs::read(root.path().join(tiny.specs[0].gz_name())).unwrap(), tiny.gz[0]);
    assert_eq!(server.requests().len(), 0);
}

/// The real files where they are on this machine, and otherwise what a mirror without them makes of it.
#[test]
fn fetch_downloads_mnist_to_the_cache_and_reports_it() {
    let root = tempfile::tempdir().unwrap();
    let originals = Places::from_environment(&MNIST).locate();
    let folder = originals.ok().and_then(|paths| Some(paths[0].parent()?.to_path_buf()));
    let is_here = folder.is_some();
    let server = Server::start(move |name| {
        let bytes = folder.as_ref().and_then(|folder| fs::read(folder.join(name)).ok());
        bytes.map_or(Reply::Status("404 Not Found"), Reply::Good)
    });
    let output = vardrop(root.path(), None, &["data", "fetch", "--json", "--mirror", &server.url]);
    if !is_here {
        assert_eq!(output.status.code(), Some(1));
        return;
    }
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["found"], "cache");
    assert!((0..4).all(|file| report["places"][2]["files"][file]["state"] == "verified"));

    let output = vardrop(root.path(), None, &["data"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("all four files, verified  <- used"), "{}", text(&output.stdout));
    // What is there is not fetched again.
    vardrop(root.path(), None, &["data", "fetch", "--mirror", &server.url]);
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn usage_errors_are_exit_code_2_and_help_is_0() {
    let root = tempfile::tempdir().unwrap();
    for arguments in [&["data", "find"][..], &["data", "--jsn"], &["date"], &[]] {
        assert_eq!(vardrop(root.path(), None, arguments).status.code(), Some(2), "{arguments:?}");
    }
    for arguments in [&["--help"][..], &["data", "--help"], &["data", "fetch", "--help"]] {
        assert_eq!(vardrop(root.path(), None, arguments).status.code(), Some(0), "{arguments:?}");
    }
}
