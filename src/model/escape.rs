//! Bytes as text that can be read, shown and typed.

use std::iter::Peekable;
use std::str::Chars;

use unicode_width::UnicodeWidthChar;

/// Bytes from the wire or from other programs as text that is safe to print, and that says which bytes they are: control
/// characters as `\n`, `\x1b`; what is no UTF-8 as `\xff`; invisible characters, among them those that turn the direction of
/// text, as `\u{202e}`.
pub fn escape(bytes: impl AsRef<[u8]>) -> String {
    escape_with(bytes.as_ref(), "\n\r\t\\\"")
}

/// The same with a choice of the characters that are written by a backslash and a letter, or a backslash before them.
pub fn escape_with(bytes: &[u8], by_letter: &str) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                c if by_letter.contains(c) => out.extend(c.escape_default()),
                // Above ASCII such a number would be a byte's.
                c if c.is_ascii_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
                c if c.is_control() || c.width().unwrap_or(0) == 0 => out.extend(c.escape_unicode()),
                c => out.push(c),
            }
        }
        chunk.invalid().iter().for_each(|byte| out.push_str(&format!("\\x{byte:02x}")));
    }
    out
}

/// [`escape`] in quotation marks.
pub fn quoted(bytes: impl AsRef<[u8]>) -> String {
    format!("\"{}\"", escape(bytes))
}

/// Where in a text behind a quotation mark the other one stands, which isn't written with a backslash; else the end.
pub fn end_of_quotation(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' if !escaped => return at,
            c => escaped = c == '\\' && !escaped,
        }
    }
    text.len()
}

/// What stands behind a backslash: a character by its letter, a byte by two digits (`x1b`), a character by its number
/// (`u{202e}`), as [`escape`] writes them; any other one is meant as it is.
pub(super) fn unescape(rest: &mut Peekable<Chars<'_>>, word: &mut Vec<u8>) {
    let ahead = rest.clone();
    let taken = |count: usize| -> String { ahead.clone().skip(1).take(count).collect() };
    let put = |word: &mut Vec<u8>, c: char| word.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
    let letter = match rest.next() {
        Some('x') => match u8::from_str_radix(&taken(2), 16) {
            Ok(byte) => {
                rest.nth(1);
                return word.push(byte);
            }
            Err(_) => 'x',
        },
        Some('u') => {
            // The longest number of a character has six digits.
            let braced = taken(8);
            let digits = braced.strip_prefix('{').and_then(|braced| braced.split_once('}')).map(|(digits, _)| digits);
            let named = digits.and_then(|digits| char::from_u32(u32::from_str_radix(digits, 16).ok()?));
            match (named, digits) {
                (Some(c), Some(digits)) => {
                    rest.nth(digits.len() + 1);
                    c
                }
                _ => 'u',
            }
        }
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('0') => '\0',
        Some(other) => other,
        None => '\\',
    };
    put(word, letter);
}
