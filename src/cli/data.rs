//! `vardrop data [fetch]`: where MNIST and Fashion-MNIST are looked for, what was found, their checksums.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use vardrop::Result;
use vardrop::data::mnist::{FASHION_MNIST, Fetcher, FileState, MNIST, Place, Places, Published};

/// Show where MNIST and Fashion-MNIST are looked for and what was found, or download one of them
///
/// MNIST is looked for in the folder $MNIST_DIR. If that is not set, it is looked for in ./data/mnist and then in your cache.
/// Fashion-MNIST is looked for in $FASHION_MNIST_DIR; if that is not set, in the folder of Debian's package
/// dataset-fashion-mnist, in ./data/fashion-mnist and in the cache. A folder is used if it holds all four files, gzipped or not,
/// with their published checksums. Data that is in none of these folders is downloaded when it is needed, or now with `vardrop
/// data fetch`.
///
/// The exit code is 0 if MNIST is found and 1 if it is not. With `fetch` it says the same of the data that is fetched.
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
    /// Download the four files of MNIST (12 MB) or Fashion-MNIST (31 MB) unless they are there already
    ///
    /// They go to $MNIST_DIR or $FASHION_MNIST_DIR if that is set, and to your cache otherwise. Each is checked against its
    /// published SHA-256 first.
    Fetch {
        /// Which data set
        #[arg(value_enum, default_value = "mnist")]
        data: Name,
        /// Download from this web address instead; may be given several times
        #[arg(long, value_name = "URL")]
        mirror: Vec<String>,
        /// Replace files in $MNIST_DIR (or $FASHION_MNIST_DIR) that do not belong to the data set
        #[arg(long)]
        force: bool,
        /// Print one JSON object instead of text
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Name {
    Mnist,
    FashionMnist,
}

impl Name {
    fn published(self) -> &'static Published {
        match self {
            Self::Mnist => &MNIST,
            Self::FashionMnist => &FASHION_MNIST,
        }
    }
}

impl DataArgs {
    /// Looks for the data, or fetches one, and says what is where.
    pub fn run(self) -> Result<ExitCode> {
        let (json, report, other) = match self.action {
            None => {
                let [mnist, fashion] = [&MNIST, &FASHION_MNIST].map(|of| Report::new(&Places::from_environment(of)));
                (self.json, mnist, Some(fashion))
            }
            Some(Action::Fetch { data, mirror, force, json }) => {
                let places = Places::from_environment(data.published());
                Fetcher { mirrors: mirror, ..Fetcher::default() }.fetch_to(&places, force)?;
                (json, Report::new(&places), None)
            }
        };
        let found = report.found.is_some();
        let text = if json {
            serde_json::to_string_pretty(&Reports { report, other }).expect("plain data")
        } else {
            other.iter().fold(report.text(), |text, other| format!("{text}\n\n{}", other.text()))
        };
        super::print(&text)?;
        Ok(if found { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// What `--json` prints: of the data set that is asked for, and where none is, of MNIST, with the other one beside it.
#[derive(Serialize)]
struct Reports {
    #[serde(flatten)]
    report: Report,
    #[serde(rename = "fashion-mnist", skip_serializing_if = "Option::is_none")]
    other: Option<Report>,
}

/// What is known of one data set.
#[derive(Serialize)]
struct Report {
    /// The name of the place that is used.
    found: Option<&'static str>,
    places: Vec<Place>,
    mirrors: &'static [&'static str],
    #[serde(skip)]
    advice: String,
    #[serde(skip)]
    title: &'static str,
}

impl Report {
    fn new(places: &Places) -> Self {
        let (advice, of) = (places.advice(), places.of);
        let places = places.inspect();
        let found = places.iter().find(|place| place.paths().is_some()).map(|place| place.name);
        Self { found, places, mirrors: of.mirrors, advice, title: of.title }
    }

    fn text(&self) -> String {
        let mut text = format!("{} is looked for in\n", self.title);
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
