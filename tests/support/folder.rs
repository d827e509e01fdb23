//! A folder of a test's own, and `vardrop` run in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// Commands that run in it see no MNIST and no other cache than this folder.
pub struct Folder(TempDir);

impl Folder {
    /// An empty one.
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// One with the data set `digits`: 300 training and 100 test images of 4 × 4 pixels, whose class shows in them.
    pub fn with_digits() -> Self {
        let folder = Self::new();
        super::digits(&folder.path("digits"));
        folder
    }

    pub fn root(&self) -> &Path {
        self.0.path()
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root().join(name)
    }

    /// A command, its words separated by spaces.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vardrop"));
        command.args(arguments.split_whitespace()).current_dir(self.root());
        command.env("XDG_CACHE_HOME", self.root()).env_remove("MNIST_DIR");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn run(&self, arguments: &str) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What a command prints on standard output and on standard error; it must end well.
    #[track_caller]
    pub fn both(&self, arguments: &str) -> [String; 2] {
        let output = self.run(arguments);
        let [stdout, stderr] = [&output.stdout, &output.stderr].map(|bytes| text(bytes));
        assert_eq!(output.status.code(), Some(0), "{arguments}: {stderr}");
        [stdout, stderr]
    }

    /// What a command prints on standard output; it must end well.
    #[track_caller]
    pub fn stdout(&self, arguments: &str) -> String {
        let [stdout, _] = self.both(arguments);
        stdout
    }

    /// The object that a command prints with `--json`; it must end well.
    #[track_caller]
    pub fn json(&self, arguments: &str) -> Value {
        serde_json::from_str(&self.stdout(&format!("{arguments} --json"))).unwrap()
    }

    /// The message of a command that must fail, and print nothing else.
    #[track_caller]
    pub fn failure(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        let [stdout, stderr] = [&output.stdout, &output.stderr].map(|bytes| text(bytes));
        assert!(!output.status.success() && stdout.is_empty(), "{arguments}: {stdout}{stderr}");
        stderr
    }

    /// The same of one that must fail with a code.
    #[track_caller]
    pub fn failure_of(&self, arguments: &str, code: i32) -> String {
        assert_eq!(self.run(arguments).status.code(), Some(code), "{arguments}");
        self.failure(arguments)
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
