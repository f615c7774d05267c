//! Bytes as text that can be read, shown and typed.

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
