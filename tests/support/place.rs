//! A folder with a tiny data set and the plan of a sweep, and `vardrop sweep` in it.

use std::fs;
use std::ops::Deref;
use std::process::{Child, Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;
use vardrop::experiment::Records;

use super::folder::Folder;

/// Twelve networks.
pub const PLAN: &str = r#"
data = "digits"
[protocol]
epochs = 12
held_out = 100
batch_size = 10
[[grid]]
methods = ["none", "variational-a", "variational-b"]
widths = [6, 9]
seeds = [1, 2]
"#;

pub struct Place(Folder);

impl Deref for Place {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.0
    }
}

impl Place {
    pub fn new(plan: &str) -> Self {
        let folder = Folder::with_digits();
        fs::write(folder.path("plan.toml"), plan).unwrap();
        Self(folder)
    }

    pub fn command(&self, arguments: &str) -> Command {
        self.0.command(&format!("sweep plan.toml {arguments}"))
    }

    /// Its output, both streams, once it has ended with a code.
    #[track_caller]
    pub fn run(&self, arguments: &str, code: i32) -> String {
        let Output { status, stdout, stderr } = self.command(arguments).output().unwrap();
        let text = format!("{}{}", String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
        assert_eq!(status.code(), Some(code), "{text}");
        text
    }

    /// The records of a folder without what the clock or the command line says, each once, sorted.
    #[track_caller]
    pub fn figures(&self, folder: &str) -> Vec<String> {
        let none = super::records(&self.path(folder)).is_empty();
        let records = if none { Records::default() } else { Records::open(self.path(folder)).unwrap() };
        assert_eq!((records.superseded(), records.torn().len()), (0, 0), "doubled or torn");
        let figures = |record| {
            let mut value = serde_json::to_value(record).unwrap();
            for key in ["seconds", "peak_memory_mib", "command", "finished"] {
                value.as_object_mut().unwrap().remove(key);
            }
            for epoch in value["epochs"].as_array_mut().unwrap() {
                epoch["seconds"] = Value::Null;
            }
            value.to_string()
        };
        let mut all: Vec<String> = records.iter().map(figures).collect();
        all.sort();
        all
    }
}

#[track_caller]
pub fn wait_for(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(60), "waited for a minute");
        std::thread::sleep(Duration::from_millis(2));
    }
}

pub fn terminate(child: &Child) {
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
}
