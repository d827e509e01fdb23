//! The subcommands, one file each: their arguments, and what they print.

mod data;
mod evaluate;
mod prune;
mod report;
mod sweep;
mod train;
mod variance;

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use vardrop::experiment::TornLine;

/// Variational dropout and the local reparameterization trick (Kingma, Salimans & Welling 2015).
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Train(train::TrainArgs),
    Evaluate(evaluate::EvaluateArgs),
    Prune(prune::PruneArgs),
    Variance(variance::VarianceArgs),
    Sweep(sweep::SweepArgs),
    Report(report::ReportArgs),
    Data(data::DataArgs),
}

impl Cli {
    /// Runs the subcommand; its exit code says what it found.
    pub fn run(self) -> vardrop::Result<ExitCode> {
        match self.command {
            Command::Train(args) => args.run(),
            Command::Evaluate(args) => args.run(),
            Command::Prune(args) => args.run(),
            Command::Variance(args) => args.run(),
            Command::Sweep(args) => args.run(),
            Command::Report(args) => args.run(),
            Command::Data(args) => args.run(),
        }
    }
}

/// Prints a line on standard error. Whether anybody reads it does not matter.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints a line on standard output. A reader that has gone, such as `head`, is no error.
fn print(text: &str) -> vardrop::Result<()> {
    match writeln!(io::stdout(), "{text}") {
        Err(source) if source.kind() != ErrorKind::BrokenPipe => {
            Err(vardrop::Error::Io { action: "write", path: "standard output".into(), source })
        }
        _ => Ok(()),
    }
}

/// Tells of last lines that a crash cut off.
fn tell_of_torn(torn: &[TornLine]) {
    for torn in torn {
        note(&format!(
            "note: {} line {}: {} bytes of a record that was cut off are left out",
            torn.path.display(),
            torn.line,
            torn.bytes
        ));
    }
}
