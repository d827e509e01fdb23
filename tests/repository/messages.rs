//! Every text that the crate and its command line say is listed in tests/repository/messages.txt, so that all of them can be read in one go and a
//! new or changed one shows up as a difference: the help of every command, and of each source file the strings of two words or more,
//! which are its error messages, notes, headings and titles.
#![cfg(feature = "cli")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::sources::sources;

const LISTING: &str = "tests/repository/messages.txt";
const COMMANDS: [&str; 9] = ["", "train", "evaluate", "prune", "variance", "sweep", "report", "data", "data fetch"];

#[test]
fn every_text_is_in_the_listing() {
    let mut listing =
        String::from("# Every text that the crate and its command line say: see tests/repository/messages.rs.\n");
    for command in COMMANDS {
        let title = format!("vardrop {command}");
        write!(listing, "\n## {} --help\n\n{}", title.trim_end(), help(command)).unwrap();
    }
    for (file, texts) in texts() {
        write!(listing, "\n## {file}\n\n").unwrap();
        for text in texts {
            writeln!(listing, "{text}").unwrap();
        }
    }
    if std::env::var_os("VARDROP_WRITE").is_some() {
        fs::write(LISTING, listing).unwrap();
        return;
    }
    let old = fs::read_to_string(LISTING).unwrap().replace("\r\n", "\n");
    let missing: Vec<_> = listing.lines().filter(|line| !old.lines().any(|own| own == *line)).collect();
    let gone: Vec<_> = old.lines().filter(|line| !listing.lines().any(|own| own == *line)).collect();
    let difference = format!("new:\n{}\n\ngone:\n{}", missing.join("\n"), gone.join("\n"));
    assert!(
        old == listing,
        "{LISTING} does not list what is said. Read the new texts as a user would. Do they name the value, what was expected and what \
         to do? Then write the listing anew: VARDROP_WRITE=1 cargo test --test repository messages\n\n{difference}"
    );
}

#[test]
fn every_command_is_asked_for_its_help() {
    let help = help("");
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    // What goes on in a second line is indented further.
    let lines = commands.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.strip_prefix("  "));
    let names = lines.filter(|line| !line.starts_with(' ')).filter_map(|line| line.split_whitespace().next());
    for name in names.filter(|&name| name != "help") {
        assert!(COMMANDS.contains(&name), "{name} is not in COMMANDS");
    }
}

/// What `--help` prints, at clap's own width.
fn help(command: &str) -> String {
    let mut process = Command::new(env!("CARGO_BIN_EXE_vardrop"));
    process.args(command.split_whitespace()).arg("--help").env_remove("COLUMNS").stdin(Stdio::null());
    let output = process.output().unwrap();
    assert!(output.status.success(), "{command}");
    let text = String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n").replace("vardrop.exe", "vardrop");
    text.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// The strings of two words or more in each source file, without its tests.
fn texts() -> BTreeMap<String, Vec<String>> {
    let mut files = Vec::new();
    sources(Path::new("src"), &mut files);
    let mut found = BTreeMap::new();
    for file in files {
        let name = file.to_str().unwrap().replace('\\', "/");
        if name.ends_with("tests.rs") || name.ends_with("documents.rs") {
            continue;
        }
        let source = fs::read_to_string(&file).unwrap().replace("\r\n", "\n");
        let mut texts: Vec<String> = Vec::new();
        for text in strings(without_tests(&source)) {
            if text.trim().contains(' ') && text.chars().any(char::is_alphabetic) && !texts.contains(&text) {
                texts.push(text);
            }
        }
        if !texts.is_empty() {
            found.insert(name, texts);
        }
    }
    assert!(found.len() > 50);
    found
}

/// What stands above the module `tests` of a source.
fn without_tests(source: &str) -> &str {
    let begin = source.match_indices("#[cfg(test)]\n").find(|(at, _)| {
        let item = source[*at..].lines().nth(1).unwrap_or_default();
        item.ends_with("mod tests {")
    });
    begin.map_or(source, |(at, _)| &source[..at])
}

/// The string literals of a source, as they are written but for lines that are continued. Comments are left out, and attributes but
/// `#[error(…)]`, and what `expect` and `unreachable!` say of the program itself.
fn strings(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = source;
    // What stands before a literal, and the depth of brackets in an attribute whose strings are not wanted.
    let (mut before, mut attribute) = (String::new(), 0usize);
    while let Some(next) = rest.chars().next() {
        if rest.starts_with("//") {
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
        } else if rest.starts_with("/*") {
            rest = rest.split_once("*/").map_or("", |(_, rest)| rest);
        } else if let Some(hashes) = raw_string(rest) {
            let end = format!("\"{}", "#".repeat(hashes));
            let (text, after) = rest[hashes + 2..].split_once(&end).unwrap();
            if attribute == 0 {
                found.push(text.replace('\n', "\\n"));
            }
            (rest, before) = (after, String::new());
        } else if next == '"' {
            let length = string_length(&rest[1..]);
            if attribute == 0 && !["expect(", "unreachable!("].iter().any(|own| before.ends_with(own)) {
                found.push(joined(&rest[1..=length]));
            }
            (rest, before) = (&rest[length + 2..], String::new());
        } else if let Some(length) = char_length(rest) {
            rest = &rest[length..];
        } else {
            if attribute > 0 {
                attribute = attribute + usize::from(next == '[') - usize::from(next == ']');
            } else if rest.starts_with("#[") && !rest.starts_with("#[error(") || rest.starts_with("#![") {
                attribute = 1;
                rest = rest.split_once('[').unwrap().1;
                continue;
            }
            if !next.is_whitespace() {
                before.push(next);
            }
            rest = &rest[next.len_utf8()..];
        }
    }
    found
}

/// The number of hashes of the raw string that begins here.
fn raw_string(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].starts_with('"').then_some(hashes)
}

/// The bytes up to the quote that ends a string.
fn string_length(rest: &str) -> usize {
    let mut escaped = false;
    rest.find(|c| {
        let is_end = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        is_end
    })
    .unwrap()
}

/// The length in bytes of the character literal that begins here, if one does: a lifetime begins in the same way.
fn char_length(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix('\'')?;
    if inner.starts_with('\\') {
        return inner[2..].find('\'').map(|end| end + 4);
    }
    let c = inner.chars().next()?;
    inner[c.len_utf8()..].starts_with('\'').then_some(c.len_utf8() + 2)
}

/// A literal without the line ends that a backslash takes away.
fn joined(literal: &str) -> String {
    let mut parts = literal.split("\\\n");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.trim_start())
}

#[test]
fn strings_are_found_where_they_are() {
    let source = r##"
        // "a comment with words"
        #[arg(value_name = "not a [text]")]
        #[error("{name} is wrong")]
        fn f<'a>(c: char) { if c == '"' || c == '\'' || c == '\\' { say("one \
            line", 'x', "a \"quoted\" word", r#"a raw "string" here"#); x.expect("no text at all") } }
    "##;
    let expected = ["{name} is wrong", "one line", "a \\\"quoted\\\" word", "a raw \"string\" here"];
    assert_eq!(strings(source), expected);
}
