//! The subcommands, one file each: their arguments, and what they print.

mod data;
#[cfg(test)]
mod documents;
mod evaluate;
mod evaluate_shift;
mod evaluate_values;
mod models;
mod predict;
mod prune;
mod report;
mod settings;
mod shell;
mod sweep;
mod table;
mod train;
mod trained_on;
mod variance;

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{CommandFactory, Parser, Subcommand};
use serde::Serialize;
use vardrop::data::{Source, Splits};
use vardrop::experiment::TornLine;
use vardrop::files::{Claims, Kind};
use vardrop::{Error, Machine, Result};

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
fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints an error and its causes that it does not say itself, and the commands that help.
pub fn tell_of(error: &Error) {
    let text = error.to_string();
    note(&format!("error: {text}"));
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    for cause in causes.map(ToString::to_string).filter(|cause| !text.contains(cause)) {
        note(&format!("  because {cause}"));
    }
    let command = std::env::args_os().nth(1).unwrap_or_default();
    let Error::Occupied { path, .. } = error else { return };
    if command == "train" && matches!(Kind::of(path), Ok(Some(Kind::Checkpoint))) {
        let path = shell::path(path);
        let words = ["vardrop".as_ref(), "train".as_ref(), "--resume".as_ref(), &*path, "--save".as_ref(), &*path];
        note(&format!("to continue its training: {}", shell::line(words)));
    }
    if command != "sweep" && command != "data" {
        note(&format!("to write to it anyway: {}", shell::this_command_with(["--force"])));
    }
}

/// The end of a command that has its result, printed or not: of what could not be kept each error is told, the last one by the
/// caller.
fn end(mut failed: Vec<Error>, printed: vardrop::Result<()>) -> vardrop::Result<()> {
    failed.extend(printed.err());
    let last = failed.pop();
    failed.iter().for_each(tell_of);
    last.map_or(Ok(()), Err)
}

/// The files of a command so far: its data.
fn claims(force: bool, data: &Source) -> Claims {
    let mut claims = Claims::new(force);
    for file in data.files() {
        claims.reads("a file of the data", file);
    }
    claims
}

/// Prints a value as one line of JSON on standard output.
fn print_json(value: &impl Serialize) -> Result<()> {
    print(&vardrop::to_json(value)?)
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

/// That a run has gone on on another machine.
fn moved(what: &str, machine: &Machine) -> String {
    format!(
        "{what} continues on another machine ({machine}): its numbers agree with those of one machine to rounding, not bit for bit"
    )
}

/// Says that records are of several machines.
fn tell_of_mixture<'a>(machines: impl IntoIterator<Item = &'a Machine>) {
    if let Some(machines) = Machine::mixture(machines) {
        note(&format!(
            "note: the records are from {machines}: numbers of two machines agree to rounding, not bit for bit"
        ));
    }
}

/// Reads `--data`, whose path may be no Unicode.
fn source() -> impl TypedValueParser<Value = Source> {
    OsStringValueParser::new().try_map(|text| Source::from_os(&text))
}

/// Tells what makes the data unfit.
fn warn(splits: &Splits) {
    splits.warnings().iter().for_each(|warning| note(&format!("warning: {warning}")));
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
