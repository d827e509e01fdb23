//! Commands as they are typed: quoted, so that they can be pasted.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use vardrop::shell::quoted;

/// This command as it was typed, with other arguments before its own.
pub(super) fn this_command_with<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> String {
    let mut words: Vec<OsString> = vec!["vardrop".into()];
    let mut typed = std::env::args_os().skip(1);
    words.extend(typed.next());
    words.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
    words.extend(typed);
    line(words)
}

/// This command as it was typed.
pub(super) fn this_command() -> String {
    line(std::iter::once("vardrop".into()).chain(std::env::args_os().skip(1)))
}

/// Words as a line for a shell.
pub(super) fn line<I: AsRef<OsStr>>(words: impl IntoIterator<Item = I>) -> String {
    words.into_iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// A path that is not taken for a flag.
pub(super) fn path(path: &Path) -> OsString {
    if path.as_os_str().as_encoded_bytes().starts_with(b"-") { Path::new(".").join(path).into() } else { path.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_shell_reads_the_words_back() {
        use std::os::unix::ffi::{OsStrExt, OsStringExt};
        let words: [&[u8]; 12] = [
            b"plain-1.st",
            b"",
            b"my model",
            b"it's",
            b"$HOME",
            b"`id`",
            b"a\"b",
            b"!x",
            b"~",
            b"a\nb",
            b"\xff'\\",
            "é".as_bytes(),
        ];
        let line = line(words.map(OsStr::from_bytes));
        let print = format!("for word in {line}; do printf '%s\\0' \"$word\"; done");
        let output = std::process::Command::new("bash").args(["-c", &print]).output().unwrap();
        let read: Vec<&[u8]> = output.stdout.split(|&byte| byte == 0).collect();
        assert_eq!(read[..12], words, "{line}");
        assert_eq!(path(&std::path::PathBuf::from(OsString::from_vec(b"-x".to_vec()))), "./-x");
    }
}
