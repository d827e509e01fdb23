//! The commands in README.md and the other documents are commands: each parses, and each option that a text names is there.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{CommandFactory, Parser};

use super::Cli;

/// Those that are here: a published package has the README only.
fn documents() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<PathBuf> = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "deploy/README.md"]
        .iter()
        .map(|name| root.join(name))
        .collect();
    for folder in ["docs", "experiments"] {
        files.extend(fs::read_dir(root.join(folder)).into_iter().flatten().map(|entry| entry.unwrap().path()));
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "md"));
    let found: Vec<_> =
        files.into_iter().filter_map(|file| Some((file.clone(), fs::read_to_string(file).ok()?))).collect();
    assert!(found.iter().any(|(file, _)| file.ends_with("README.md")));
    found
}

/// The lines of a document's blocks for a shell.
fn shell_lines(text: &str) -> impl Iterator<Item = &str> {
    let blocks = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.flat_map(str::lines)
}

/// The words of the command `vardrop` in a line, without what follows it.
fn words(line: &str) -> Option<Vec<String>> {
    let command =
        ["vardrop vardrop ", "-- vardrop "].iter().find_map(|begin| line.split_once(begin)).map(|(_, rest)| rest);
    let command = command.or_else(|| line.strip_prefix("vardrop "))?;
    let command = command.split(" # ").next().unwrap_or_default().split("  #").next().unwrap_or_default();
    Some(
        std::iter::once("vardrop")
            .chain(command.split_whitespace())
            .map(|word| word.replace(['"', '\''], ""))
            .collect(),
    )
}

#[test]
fn every_command_of_a_document_parses() {
    let mut count = 0;
    for (file, text) in documents() {
        for words in shell_lines(&text).filter_map(words) {
            count += 1;
            if let Err(error) = Cli::try_parse_from(&words) {
                panic!("{}: {}\n{error}", file.display(), words.join(" "));
            }
        }
    }
    assert!(count >= 2, "no command was found");
}

#[test]
fn every_option_of_a_command_that_a_text_names_is_there() {
    let cli = Cli::command();
    for (file, text) in documents() {
        for code in
            text.split('`').skip(1).step_by(2).filter(|code| code.starts_with("vardrop ") && !code.contains('\n'))
        {
            let mut words = code.split_whitespace().skip(1);
            let Some(name) = words.next().filter(|name| !name.starts_with('-')) else { continue };
            let command =
                cli.find_subcommand(name).unwrap_or_else(|| panic!("{}: {code}: no such command", file.display()));
            for option in words.filter_map(|word| word.strip_prefix("--")) {
                let option = option.split('=').next().unwrap_or_default();
                let is_there = command.get_arguments().any(|argument| argument.get_long() == Some(option));
                assert!(is_there || option == "help", "{}: {code}: no option --{option}", file.display());
            }
        }
    }
}
