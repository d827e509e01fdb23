//! The command line: parse, call the library, print.

mod cli;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    cli::Cli::parse().run().unwrap_or_else(|error| {
        cli::note(&format!("error: {error}"));
        print_causes(&error);
        ExitCode::FAILURE
    })
}

/// The causes that the message above them does not say already.
fn print_causes(error: &dyn Error) {
    if let Some(cause) = error.source() {
        let text = cause.to_string();
        if !error.to_string().contains(&text) {
            cli::note(&format!("  because {text}"));
        }
        print_causes(cause);
    }
}
