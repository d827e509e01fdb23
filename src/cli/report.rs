//! `vardrop report`: ours, the paper's and the older replication's numbers side by side.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use vardrop::experiment::{Records, report};
use vardrop::variance::{self, VarianceRecord};
use vardrop::{Result, Table};

/// Compare the records of runs with the paper and with its older replication
///
/// Example: vardrop report figure1 results/figure1 --format csv
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// What to compare
    #[arg(value_enum)]
    what: What,

    /// Folder, or file, of the records [default: results/figure1, results/table1 for table1]
    dir: Option<PathBuf>,

    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Markdown)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    /// Test errors over the width of the network
    Figure1,
    /// What Figure 1 lacks of the paper's, point by point
    Differences,
    /// What the paper says of Figure 1: each claim's difference, its 95 % interval and a verdict
    Claims,
    /// How far the points would be from the paper's if test errors chose how long the networks are trained
    Selection,
    /// What that choice would do to each claim
    SelectionClaims,
    /// The epochs and the step size of each point of Figure 1
    Protocols,
    /// Variances of gradient estimates
    Table1,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// A table to read, in Markdown
    Markdown,
    /// Plain data; of figure1 and table1 one line for each number, with the columns of paper/figure1.csv or paper/table1.csv and a
    /// leading `source`
    Csv,
    /// The table to read, in HTML
    Html,
}

impl ReportArgs {
    /// Prints the report on standard output; what is odd about the records on standard error.
    pub fn run(self) -> Result<ExitCode> {
        let text = match self.what {
            What::Figure1 => self.runs(report::figure1, report::figure1_points)?,
            What::Differences => self.runs(report::differences, report::differences)?,
            What::Claims => self.runs(report::claims, report::claims)?,
            What::Protocols => self.runs(report::protocols, report::protocols)?,
            What::Selection => self.runs(report::selection, report::selection)?,
            What::SelectionClaims => self.runs(report::selection_claims, report::selection_claims)?,
            What::Table1 => self.table1()?,
        };
        super::print(text.trim_end())?;
        Ok(ExitCode::SUCCESS)
    }

    fn runs(
        &self,
        table: impl Fn(&Records) -> Result<Table>,
        points: impl Fn(&Records) -> Result<Table>,
    ) -> Result<String> {
        let records = Records::open(self.dir.as_deref().unwrap_or(Path::new("results/figure1")))?;
        super::tell_of_torn(records.torn());
        if records.superseded() > 0 {
            let count = records.superseded();
            super::note(&format!("note: {count} records are of runs that were repeated later, and are left out"));
        }
        super::tell_of_mixture(records.iter().map(|record| &record.provenance.machine));
        let summaries = records.summaries();
        let misplaced = summaries.iter().filter(|summary| summary.width().is_none());
        let count: usize = misplaced.map(|summary| summary.test_error_percent.runs).sum();
        if count > 0 {
            super::note(&format!("note: left out, as not of three hidden layers of one width: {count} of the records"));
        }
        self.render(|| table(&records), || points(&records))
    }

    fn table1(&self) -> Result<String> {
        let (records, torn) = VarianceRecord::open(self.dir.as_deref().unwrap_or(Path::new("results/table1")))?;
        super::tell_of_torn(&torn);
        super::tell_of_mixture(records.iter().map(|record| &record.provenance.machine));
        self.render(|| variance::table1(&records), || variance::table1_points(&records))
    }

    fn render(&self, table: impl Fn() -> Result<Table>, points: impl Fn() -> Result<Table>) -> Result<String> {
        Ok(match self.format {
            Format::Markdown => table()?.to_markdown(),
            Format::Html => table()?.to_html() + "\n",
            Format::Csv => points()?.to_csv(),
        })
    }
}
