//! How `--data FILE.csv` becomes training, validation and test examples.

use std::path::PathBuf;

use clap::Args;
use vardrop::data::csv::{CsvOptions, TargetKind, TestPart};
use vardrop::data::{Source, Splits, Validation};
use vardrop::files::Claims;
use vardrop::likelihood::Family;
use vardrop::training::Preset;
use vardrop::{Error, Result};

/// The options of a table.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of a table (--data FILE.csv)")]
pub struct TableArgs {
    /// Column to predict, or several columns with real values, separated by commas [default: the last column]
    #[arg(long, value_name = "COLUMN,COLUMN", value_delimiter = ',')]
    target: Vec<String>,
    /// Columns of numbers to read as categories, such as codes, separated by commas; columns of text always are categories
    #[arg(long, value_name = "COLUMN,COLUMN", value_delimiter = ',')]
    categorical: Vec<String>,
    /// Columns to leave out, such as names or row numbers, separated by commas
    #[arg(long, visible_alias = "ignore", value_name = "COLUMN,COLUMN", value_delimiter = ',')]
    ignored: Vec<String>,
    /// Test on all rows of this table, and train on all rows of --data; its columns are the same, in any order
    #[arg(long, value_name = "FILE.csv", conflicts_with_all = ["test_share", "test_seed"])]
    test_data: Option<PathBuf>,
    /// Share of the rows to test on, drawn in proportion to the classes [default: 0.2]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    test_share: Option<f64>,
    /// Seed of that draw, so that runs with different --seed share one test set [default: 1]
    #[arg(long, value_name = "N")]
    test_seed: Option<u64>,
}

impl TableArgs {
    /// Refuses them for data that is no table.
    pub fn check(&self, data: &Source) -> Result<()> {
        let given = [
            ("target", !self.target.is_empty()),
            ("categorical", !self.categorical.is_empty()),
            ("ignored", !self.ignored.is_empty()),
            ("test_data", self.test_data.is_some()),
            ("test_share", self.test_share.is_some()),
            ("test_seed", self.test_seed.is_some()),
        ];
        match given.into_iter().find(|(_, given)| *given) {
            Some((name, _)) if !matches!(data, Source::Csv(_)) => Err(Error::Setting {
                name,
                value: "of a table".to_owned(),
                problem: format!("does not go with {data}: name a table with --data FILE.csv"),
            }),
            _ => Ok(()),
        }
    }

    /// Names the file of the test among those that the command reads.
    pub fn claim(&self, claims: &mut Claims) {
        self.test_data.iter().for_each(|path| claims.reads("--test-data", path));
    }

    /// Opens the table, standardised by its training rows. Where nothing is said, [`Preset::held_out_of_rows`] of them are held out. The likelihood says
    /// whether numbers are classes.
    pub fn open(
        &self,
        path: &std::path::Path,
        likelihood: Option<Family>,
        held_out: Option<usize>,
        validation: Option<Validation>,
    ) -> Result<Splits> {
        let test = match (&self.test_data, TestPart::default()) {
            (Some(path), _) => TestPart::File(path.clone()),
            (None, TestPart::Share { fraction, seed }) => {
                TestPart::Share { fraction: self.test_share.unwrap_or(fraction), seed: self.test_seed.unwrap_or(seed) }
            }
            (None, other) => other,
        };
        let kind =
            likelihood.map(|family| if family.is_categorical() { TargetKind::Classes } else { TargetKind::Values });
        let (target, categorical, ignored) = (self.target.clone(), self.categorical.clone(), self.ignored.clone());
        let options = CsvOptions { target, kind, categorical, ignored, test };
        let whole = options.open(path, 0, None).map_err(of_option)?;
        let held_out = held_out.unwrap_or(Preset::held_out_of_rows(whole.train.len()));
        whole.holding_out(held_out, validation)?.standardised()
    }
}

/// An error of the table, whose share of the test has an option.
fn of_option(error: Error) -> Error {
    match error {
        Error::Argument { name: "share of the test", value, expected } => {
            Error::Argument { name: "test_share", value, expected }
        }
        other => other,
    }
}
