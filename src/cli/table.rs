//! How a table is read, as the options of `vardrop train` say it.

use std::path::PathBuf;

use clap::Args;
use vardrop::data::csv::{CsvOptions, TargetKind, TestPart};
use vardrop::data::{Source, Splits};
use vardrop::{Error, Result};

/// The options that go with `--data TABLE.csv`.
#[derive(Debug, Args)]
#[command(next_help_heading = "Tables (--data TABLE.csv)")]
pub struct TableArgs {
    /// The columns to predict, separated by commas: one of text, or some of numbers [default: the last column]
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    target: Vec<String>,
    /// Columns of numbers that are categories, such as codes, separated by commas
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    categorical: Vec<String>,
    /// Columns that are left out, such as names and numbers of rows, separated by commas
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    ignore: Vec<String>,
    /// Test on this table, which has the same columns
    #[arg(long, value_name = "TABLE.csv", conflicts_with = "test_share")]
    test_data: Option<PathBuf>,
    /// Test on this share of the rows, drawn the same way each time [default: 0.2]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    test_share: Option<f64>,
}

impl TableArgs {
    /// The data, of which nothing is held out yet; a target of a table is made into what `kind` says.
    pub fn open(&self, data: &Source, kind: Option<TargetKind>) -> Result<Splits> {
        let Source::Csv(path) = data else {
            let lists = [("--target", &self.target), ("--categorical", &self.categorical), ("--ignore", &self.ignore)];
            let of_lists = lists.iter().find(|(_, list)| !list.is_empty()).map(|(option, _)| *option);
            let of_test = self.test_data.as_ref().map(|_| "--test-data");
            let given = of_lists.or(of_test).or(self.test_share.map(|_| "--test-share"));
            return match given {
                Some(option) => {
                    let expected = format!("a table, TABLE.csv, for {option}");
                    Err(Error::Argument { name: "data", value: data.to_string(), expected })
                }
                None => Splits::open(data, 0),
            };
        };
        let test = match (&self.test_data, self.test_share, TestPart::default()) {
            (Some(path), _, _) => TestPart::File(path.clone()),
            (None, Some(fraction), TestPart::Share { seed, .. }) => TestPart::Share { fraction, seed },
            (None, _, test) => test,
        };
        let (target, categorical) = (self.target.clone(), self.categorical.clone());
        CsvOptions { target, kind, categorical, ignored: self.ignore.clone(), test }.open(path, 0, None)
    }

    /// The files that it reads besides the data.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.test_data.iter()
    }
}
