//! `vardrop data [fetch]`: where MNIST is looked for, what was found, its checksums.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Serialize;
use vardrop::Result;
use vardrop::data::mnist::{FILES, Fetcher, FileState, Place, Places};

/// Show where MNIST is looked for and what was found, or download it
///
/// MNIST is looked for in the folder $MNIST_DIR; where that is not set, in ./data/mnist and then in the user's cache.
/// A folder is used where it holds all four files, gzipped or not, with their published checksums. What is in none of
/// them is downloaded when it is needed, or now, with `vardrop data fetch`.
///
/// The exit code is 0 where MNIST is found, 1 where it is not.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct DataArgs {
    #[command(subcommand)]
    action: Option<Action>,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Download the four files of MNIST (12 MB) unless they are there already
    ///
    /// They go to $MNIST_DIR where that is set, and to the user's cache otherwise. Each is checked against its
    /// published SHA-256 before it is put in its place.
    Fetch {
        /// Download from this folder on the web instead; may be given several times
        #[arg(long, value_name = "URL")]
        mirror: Vec<String>,
        /// Replace files in $MNIST_DIR that are not MNIST's
        #[arg(long)]
        force: bool,
        /// Print one JSON object instead of text
        #[arg(long)]
        json: bool,
    },
}

impl DataArgs {
    /// Looks for MNIST, or fetches it, and says what is where.
    pub fn run(self) -> Result<ExitCode> {
        let places = Places::from_environment();
        let json = match self.action {
            None => self.json,
            Some(Action::Fetch { mirror, force, json }) => {
                fetch(&places, mirror, force)?;
                json
            }
        };
        let report = Report::new(&places);
        super::print(&if json { serde_json::to_string_pretty(&report).expect("plain data") } else { report.text() })?;
        Ok(if report.found.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn fetch(places: &Places, mirrors: Vec<String>, force: bool) -> Result<()> {
    let mut fetcher = Fetcher::default();
    if !mirrors.is_empty() {
        fetcher.mirrors = mirrors;
    }
    fetcher.fetch_to(places, &FILES, force).map(drop)
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    /// The name of the place that is used.
    found: Option<&'static str>,
    places: Vec<Place>,
    mirrors: Vec<String>,
    #[serde(skip)]
    advice: String,
}

impl Report {
    fn new(places: &Places) -> Self {
        let advice = places.advice(&FILES);
        let places = places.inspect(&FILES);
        let found = places.iter().find(|place| place.paths().is_some()).map(|place| place.name);
        Self { found, places, mirrors: Fetcher::default().mirrors, advice }
    }

    fn text(&self) -> String {
        let mut text = String::from("MNIST is looked for in\n");
        for (index, place) in self.places.iter().enumerate() {
            let used = if self.found == Some(place.name) { "  <- used" } else { "" };
            text += &format!("  {}. {place}{used}\n", index + 1);
        }
        text += &self.files();
        text += &match self.found {
            Some(name) => format!("\nFound in {name}."),
            None if self.places[0].path.is_some() => format!("\nNot found. {}", self.advice),
            None => {
                format!("\nNot found. {}\nIt is downloaded from one of\n  {}", self.advice, self.mirrors.join("\n  "))
            }
        };
        text
    }

    /// The files of the place that is used, or else of each that has some.
    fn files(&self) -> String {
        let mut text = String::new();
        for place in &self.places {
            let (true, Some(path)) = (self.found.is_none_or(|found| found == place.name), &place.path) else {
                continue;
            };
            if place.files.iter().all(|file| file.state == FileState::Missing) {
                continue;
            }
            let _ = writeln!(text, "\n{}", path.display());
            for file in &place.files {
                let _ = match &file.state {
                    FileState::Verified { path, sha256 } => {
                        let name = path.file_name().unwrap_or_default().display().to_string();
                        writeln!(text, "  {name:<27} verified  SHA-256 {sha256}")
                    }
                    FileState::Damaged { path, reason } => {
                        let name = path.file_name().unwrap_or_default().display().to_string();
                        writeln!(text, "  {name:<27} damaged   {reason}")
                    }
                    FileState::Missing => writeln!(text, "  {:<27} missing", format!("{}.gz", file.name)),
                };
            }
        }
        text
    }
}
