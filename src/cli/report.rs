//! `vardrop report`: ours, the paper's and the older replication's numbers side by side.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use vardrop::experiment::{Records, report};
use vardrop::{Result, Table};

/// Compare the records of runs with the paper and with its older replication
///
/// Example: vardrop report figure1 results --format csv
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// What to compare
    #[arg(value_enum)]
    what: What,

    /// Folder, or file, of the records
    #[arg(default_value = "results")]
    dir: PathBuf,

    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Markdown)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    /// Test errors over the width of the network
    Figure1,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// A table to read, in Markdown
    Markdown,
    /// One line for each number, with the columns of paper/figure1.csv and a leading `source`
    Csv,
    /// The table to read, in HTML
    Html,
}

impl ReportArgs {
    /// Prints the report on standard output; what is odd about the records on standard error.
    pub fn run(self) -> Result<ExitCode> {
        let records = Records::open(&self.dir)?;
        for torn in records.torn() {
            super::note(&format!(
                "note: {} line {}: {} bytes of a record that was cut off are left out",
                torn.path.display(),
                torn.line,
                torn.bytes
            ));
        }
        if records.superseded() > 0 {
            let count = records.superseded();
            super::note(&format!("note: {count} records are of runs that were repeated later, and are left out"));
        }
        super::print(self.render(&records)?.trim_end())?;
        Ok(ExitCode::SUCCESS)
    }

    fn render(&self, records: &Records) -> Result<String> {
        let What::Figure1 = self.what;
        Ok(match self.format {
            Format::Markdown => report::figure1(records)?.to_markdown(),
            Format::Html => report::figure1(records)?.to_html() + "\n",
            Format::Csv => Table::to_csv(&report::figure1_points(records)?),
        })
    }
}
