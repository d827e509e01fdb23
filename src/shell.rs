//! Words of a command as a shell reads them, for messages that can be pasted.

use std::ffi::OsStr;
use std::fmt::Write;

/// A word for a shell: as it is where that is safe, else in quotes.
///
/// ```
/// use vardrop::shell::quoted;
/// assert_eq!(quoted("runs/a.jsonl"), "runs/a.jsonl");
/// assert_eq!(quoted("Ada's model"), r"'Ada'\''s model'");
/// ```
pub fn quoted(word: impl AsRef<OsStr>) -> String {
    let word = word.as_ref();
    let bytes = word.as_encoded_bytes();
    let plain = |&byte: &u8| byte.is_ascii_alphanumeric() || b"_@%+=:,./-".contains(&byte);
    match word.to_str() {
        Some(text) if !text.is_empty() && !text.starts_with('=') && bytes.iter().all(plain) => text.to_owned(),
        Some(text) if !text.contains(char::is_control) => format!("'{}'", text.replace('\'', r"'\''")),
        // As bash, zsh and ksh have it for what has no other spelling.
        _ => {
            bytes.iter().fold("$'".to_owned(), |mut text, &byte| {
                match byte {
                    b'\\' | b'\'' => write!(text, "\\{}", char::from(byte)),
                    b' '..=b'~' => write!(text, "{}", char::from(byte)),
                    _ => write!(text, "\\x{byte:02x}"),
                }
                .expect("text takes everything");
                text
            }) + "'"
        }
    }
}
