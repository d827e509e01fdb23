//! The command line: parse, call the library, print.

mod cli;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    cli::Cli::parse().run().unwrap_or_else(|error| {
        cli::tell_of(&error);
        ExitCode::FAILURE
    })
}
