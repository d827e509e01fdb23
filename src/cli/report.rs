//! `vardrop report`: ours, the paper's and the older replication's numbers side by side.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use vardrop::experiment::{Records, report};
use vardrop::sparse::{self, LeNet5Record, PruneRecord};
use vardrop::uncertainty::{self, EvaluationRecord};
use vardrop::variance::{self, VarianceRecord};
use vardrop::{Result, Table};

/// Print tables of recorded runs, beside the paper and an older replication where they have numbers
///
/// Example: vardrop report figure1 results/figure1 --format csv
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// What to compare
    #[arg(value_enum)]
    what: What,

    /// Folder or file of the records [default: results/figure1; results/table1 for table1; results/older for older; results/sparse for
    /// sparse; results/lenet5 for lenet5; results/uncertainty for calibration, drawing, unknown and turned]
    dir: Option<PathBuf>,

    /// Format of the output
    #[arg(long, value_enum, default_value_t = Format::Markdown)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    /// Test errors by width of the network
    Figure1,
    /// The same with a row for each method and a column for each width
    Figure1ByWidth,
    /// How far Figure 1 is from the paper's, point by point
    Differences,
    /// The paper's claims about Figure 1: for each a difference, its 95 % interval and a verdict
    Claims,
    /// The same over all widths, without single widths
    ClaimsTogether,
    /// How far the points would be from the paper's if test errors chose the number of epochs
    Selection,
    /// What that choice would change in each claim
    SelectionClaims,
    /// The number of epochs and the step size of each point of Figure 1
    Protocols,
    /// Mean α of each layer of Figure 1's networks that learn it
    Rates,
    /// The variances of gradient estimates
    Table1,
    /// What becomes of the variances from 10 to 100 epochs in the older replication's training, and with one setting of it put right
    Older,
    /// Pruned LeNet-300-100 networks over their seeds
    Sparse,
    /// LeNet-5, compressed by vardrop-burn
    #[value(name = "lenet5")]
    LeNet5,
    /// How well networks predict, and how well calibrated they are
    Calibration,
    /// What averaging drawn networks changes in that, with 95 % intervals
    Drawing,
    /// How well uncertainty tells images of no class from test images (AUROC, with 95 % intervals)
    Unknown,
    /// Error and uncertainty of turned test images
    Turned,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// A table in Markdown
    Markdown,
    /// Plain data. figure1 and table1 have one line for each number, with the columns of paper/figure1.csv or paper/table1.csv after a
    /// first column `source`
    Csv,
    /// A table in HTML
    Html,
}

impl ReportArgs {
    /// Prints the report on standard output; what is odd about the records on standard error.
    pub fn run(self) -> Result<ExitCode> {
        let text = match self.what {
            What::Figure1 => self.runs(report::figure1, report::figure1_points)?,
            What::Figure1ByWidth => self.runs(report::figure1_by_width, report::figure1_by_width)?,
            What::Differences => self.runs(report::differences, report::differences)?,
            What::Claims => self.runs(report::claims, report::claims)?,
            What::ClaimsTogether => self.runs(report::claims_together, report::claims_together)?,
            What::Protocols => self.runs(report::protocols, report::protocols)?,
            What::Rates => self.runs(report::rates, report::rates)?,
            What::Selection => self.runs(report::selection, report::selection)?,
            What::SelectionClaims => self.runs(report::selection_claims, report::selection_claims)?,
            What::Table1 => self.table1()?,
            What::Older => {
                let (sets, torn) = variance::open_sets(self.dir.as_deref().unwrap_or(Path::new("results/older")))?;
                super::tell_of_torn(&torn);
                self.render(|| variance::rise_table(&sets), || variance::rise_table(&sets))?
            }
            What::Sparse => {
                let records = self.prunings()?;
                self.plain(|| sparse::sparse_table(&records))?
            }
            What::LeNet5 => {
                let (records, torn) = LeNet5Record::open(self.dir.as_deref().unwrap_or(Path::new("results/lenet5")))?;
                super::tell_of_torn(&torn);
                self.plain(|| sparse::lenet5_table(&records))?
            }
            What::Calibration => self.evaluations(uncertainty::evaluation_table)?,
            What::Drawing => self.evaluations(uncertainty::drawing_table)?,
            What::Unknown => self.evaluations(uncertainty::unknown_table)?,
            What::Turned => self.evaluations(uncertainty::turned_table)?,
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
            super::note(&format!(
                "note: {count} records are left out, because their networks do not have three hidden layers of one width"
            ));
        }
        self.render(|| table(&records), || points(&records))
    }

    /// Those of one file, or of our own networks: trained as the paper says, and as its authors' code does.
    fn prunings(&self) -> Result<Vec<PruneRecord>> {
        let published =
            ["results/sparse/lenet-300-100.jsonl", "results/sparse/zeroed-lenet-300-100.jsonl"].map(Path::new);
        let paths = self.dir.as_deref().map_or(published.to_vec(), |path| vec![path]);
        let mut every = Vec::new();
        for path in paths {
            let (records, torn) = PruneRecord::open(path)?;
            super::tell_of_torn(&torn);
            every.extend(records);
        }
        Ok(every)
    }

    fn table1(&self) -> Result<String> {
        let (records, torn) = VarianceRecord::open(self.dir.as_deref().unwrap_or(Path::new("results/table1")))?;
        super::tell_of_torn(&torn);
        super::tell_of_mixture(records.iter().map(|record| &record.provenance.machine));
        self.render(|| variance::table1(&records), || variance::table1_points(&records))
    }

    fn evaluations(&self, table: impl Fn(&[EvaluationRecord]) -> Table) -> Result<String> {
        let (records, torn) = EvaluationRecord::open(self.dir.as_deref().unwrap_or(Path::new("results/uncertainty")))?;
        super::tell_of_torn(&torn);
        super::tell_of_mixture(records.iter().map(|record| &record.provenance.machine));
        self.plain(|| table(&records))
    }

    /// The same table in every format.
    fn plain(&self, table: impl Fn() -> Table) -> Result<String> {
        self.render(|| Ok(table()), || Ok(table()))
    }

    fn render(&self, table: impl Fn() -> Result<Table>, points: impl Fn() -> Result<Table>) -> Result<String> {
        Ok(match self.format {
            Format::Markdown => table()?.to_markdown(),
            Format::Html => table()?.to_html() + "\n",
            Format::Csv => points()?.to_csv(),
        })
    }
}
