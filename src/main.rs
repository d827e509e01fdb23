//! The command line: parse, call the library, print.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use vardrop::cli::ReportArgs;

/// Variational dropout and the local reparameterization trick.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Compare the records of runs with the paper and with its older replication
    Report(ReportArgs),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Report(args) => args.run(),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}
