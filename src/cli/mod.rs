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

use clap::{CommandFactory, Parser, Subcommand};
use vardrop::experiment::TornLine;
use vardrop::{Error, Result};

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
    pub fn run(self) -> Result<ExitCode> {
        let (command, outcome) = match self.command {
            Command::Train(args) => ("train", args.run()),
            Command::Evaluate(args) => ("evaluate", args.run()),
            Command::Prune(args) => ("prune", args.run()),
            Command::Variance(args) => ("variance", args.run()),
            Command::Sweep(args) => ("sweep", args.run()),
            Command::Report(args) => ("report", args.run()),
            Command::Data(args) => ("data", args.run()),
        };
        outcome.map_err(|error| in_options(error, command))
    }
}

/// The error as whoever typed the command reads it: what the library calls `learning_rate` is `--learning-rate` where the command has
/// that option, also in the text of the message, where such a name stands in backticks.
fn in_options(error: Error, command: &str) -> Error {
    let cli = Cli::command();
    let options = cli.find_subcommand(command).into_iter().flat_map(clap::Command::get_arguments);
    let options: Vec<(String, String)> = options
        .filter_map(|option| option.get_long())
        .map(|long| {
            (if long == "protocol" { "preset".to_owned() } else { long.replace('-', "_") }, format!("--{long}"))
        })
        .collect();
    let renamed = |name: &'static str| -> &'static str {
        let option = options.iter().find(|(own, _)| own == name);
        // A name is needed as long as the process lasts, which ends with this error.
        option.map_or(name, |(_, option)| option.clone().leak())
    };
    let in_text =
        |text: String| options.iter().fold(text, |text, (name, option)| text.replace(&format!("`{name}`"), option));
    match error {
        Error::Argument { name, value, expected } => {
            Error::Argument { name: renamed(name), value, expected: in_text(expected) }
        }
        Error::Setting { name, value, problem } => {
            Error::Setting { name: renamed(name), value, problem: in_text(problem) }
        }
        other => other,
    }
}

/// Prints a line on standard error. Whether anybody reads it does not matter.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints a line on standard output. A reader that has gone, such as `head`, is no error.
fn print(text: &str) -> Result<()> {
    match writeln!(io::stdout(), "{text}") {
        Err(source) if source.kind() != ErrorKind::BrokenPipe => {
            Err(Error::Io { action: "write", path: "standard output".into(), source })
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
