//! Bytes that come from elsewhere, made safe to show: nothing that moves the cursor or turns the text around.

use unicode_width::UnicodeWidthChar;

/// The bytes as text; what has no picture of its own is written as an escape.
pub fn escape(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|c| push(&mut out, c));
        chunk.invalid().iter().for_each(|byte| out.push_str(&format!("\\x{byte:02x}")));
    }
    out
}

/// The start of the bytes as text, of at most so many bytes, with an ellipsis where there is more.
pub(super) fn excerpt(bytes: &[u8], most: usize) -> String {
    if bytes.len() <= most {
        return escape(bytes);
    }
    // Not through the middle of a character: back to where one begins.
    let end = (0..=most).rev().find(|end| bytes[*end] & 0xc0 != 0x80).unwrap_or(most);
    escape(&bytes[..end]) + "…"
}

fn push(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\\' => out.push_str("\\\\"),
        // Zero-width characters, among them the marks that change the direction of writing.
        c if c.is_control() || c.width().unwrap_or(0) == 0 => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
        c => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_pictures_gets_through() {
        assert_eq!(escape(b"hi\n\x1b[2J\xff"), "hi\\n\\u{1b}[2J\\xff");
        assert_eq!(escape("你好\u{202e}x".as_bytes()), "你好\\u{202e}x");
        assert_eq!(excerpt(b"0123456789", 4), "0123…");
    }
}
