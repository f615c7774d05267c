//! The way to the terminal: whatever is printed, no character of it acts there.

use std::io::{self, Write};

use super::{Glyphs, harmless};

/// A writer of text to a terminal. What would act there (control characters but the line end, what turns the direction
/// of text, what can't be seen, what is no UTF-8) is written as an escape that can be read.
#[derive(Debug)]
pub struct Printed<W: Write> {
    out: W,
    content: Content,
    /// The characters that the reader has.
    glyphs: Glyphs,
    /// The beginning of a character or of a style whose rest hasn't come.
    rest: Vec<u8>,
}

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Text, and nothing else.
    Text,
    /// Text to which the program itself gives colours and weights (SGR sequences), which pass.
    Styled,
    /// Lines of JSON: what can't be shown is escaped as JSON does, so that it says the same.
    Json,
}

/// The longest style that passes, in bytes.
const LONGEST_STYLE: usize = 32;

impl<W: Write> Printed<W> {
    /// A writer for such content to a reader who has these characters.
    pub fn new(out: W, content: Content, glyphs: Glyphs) -> Printed<W> {
        Printed { out, content, glyphs, rest: Vec::new() }
    }

    /// Writes what is whole; `last`: nothing follows.
    fn drain(&mut self, last: bool) -> io::Result<()> {
        let bytes = std::mem::take(&mut self.rest);
        let mut left = bytes.as_slice();
        let mut text = String::with_capacity(bytes.len());
        while !left.is_empty() {
            match (piece(left, self.content == Content::Styled), last) {
                (Piece::Line, _) => {
                    text.push('\n');
                    left = &left[1..];
                }
                (Piece::Style(length), _) => {
                    text.push_str(&String::from_utf8_lossy(&left[..length]));
                    left = &left[length..];
                }
                (Piece::Text(length), _) | (Piece::Unfinished(length), true) => {
                    // What is no UTF-8 becomes an escape before anything else is looked at.
                    text.push_str(&left[..length].utf8_chunks().map(readable).collect::<String>());
                    left = &left[length..];
                }
                (Piece::Unfinished(_), false) => break,
            }
        }
        self.rest = left.to_vec();
        let text = match self.content {
            Content::Json => self.glyphs.json(&text),
            Content::Text | Content::Styled => self.glyphs.text(&text),
        };
        self.out.write_all(text.as_bytes())
    }
}

fn readable(chunk: std::str::Utf8Chunk<'_>) -> String {
    let invalid: String = chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")).collect();
    harmless(chunk.valid()) + &invalid
}

enum Piece {
    Line,
    Style(usize),
    Text(usize),
    /// So many bytes, of which it isn't known yet what they are.
    Unfinished(usize),
}

/// What bytes begin with.
fn piece(bytes: &[u8], styled: bool) -> Piece {
    match bytes[0] {
        b'\n' => Piece::Line,
        b'\x1b' if styled => style(bytes),
        _ => {
            let ends = |(at, byte): (usize, &u8)| (*byte == b'\n' || (styled && *byte == b'\x1b')).then_some(at);
            let end = bytes.iter().enumerate().find_map(ends).unwrap_or(bytes.len());
            // A character whose last bytes haven't come yet.
            let open = if end == bytes.len() { unfinished(bytes) } else { 0 };
            if open == end { Piece::Unfinished(end) } else { Piece::Text(end - open) }
        }
    }
}

/// How many of the last bytes begin a character that isn't whole.
fn unfinished(bytes: &[u8]) -> usize {
    let begins = |chunk: std::str::Utf8Chunk<'_>| {
        let open = std::str::from_utf8(chunk.invalid()).is_err_and(|error| error.error_len().is_none());
        if open { chunk.invalid().len() } else { 0 }
    };
    bytes.utf8_chunks().last().map_or(0, begins)
}

/// `ESC [ 1 ; 31 m`: numbers, and nothing that moves the cursor or asks the terminal for something.
fn style(bytes: &[u8]) -> Piece {
    let inner = bytes[1..].strip_prefix(b"[");
    let numbers = |inner: &[u8]| inner.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
    match inner.map(|inner| (numbers(inner), inner.len())) {
        Some((count, length)) if count < length && bytes[2 + count] == b'm' => Piece::Style(3 + count),
        Some((count, length)) if count == length && length < LONGEST_STYLE => Piece::Unfinished(bytes.len()),
        None if bytes.len() == 1 => Piece::Unfinished(1),
        _ => Piece::Text(1),
    }
}

impl<W: Write> Write for Printed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.rest.extend_from_slice(bytes);
        self.drain(false)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<W: Write> Drop for Printed<W> {
    fn drop(&mut self) {
        // Half a character at the end: nobody is left to be told where it can't be written.
        let _ = self.drain(true).and_then(|()| self.out.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn printed(pieces: &[&[u8]], styled: bool) -> String {
        let mut out = Vec::new();
        let content = if styled { Content::Styled } else { Content::Text };
        let mut printed = Printed::new(&mut out, content, Glyphs::Unicode);
        pieces.iter().for_each(|piece| printed.write_all(piece).unwrap());
        drop(printed);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_passes_and_what_acts_does_not() {
        for (pieces, plain) in [
            (&[&b"a\nb \xe6\x9c"[..], &b"\x8d\n"[..]][..], "a\nb \u{670d}\n".to_owned()),
            (&[b"\x1b[2J\x07\r"], "\\x1b[2J\\x07\\r".to_owned()),
            (&["\u{202e}\u{200b}e\u{301}".as_bytes()], "\\u{202e}\\u{200b}e\\u{301}".to_owned()),
            (&[b"a\xff", b"\xe6\x9c"], "a\\xff\\xe6\\x9c".to_owned()),
            (&[b"\x1b[1mbold\x1b[0m"], "\\x1b[1mbold\\x1b[0m".to_owned()),
        ] {
            assert_eq!(printed(pieces, false), plain);
        }
        assert_eq!(printed(&[b"\x1b[1", b";31mx\x1b[0m\x1b[2J"], true), "\x1b[1;31mx\x1b[0m\\x1b[2J");
        assert_eq!(printed(&[b"\x1b"], true), "\\x1b");
    }

    proptest! {
        #[test]
        fn no_bytes_act_however_they_are_cut(bytes: Vec<u8>, cut in 0_usize..64) {
            let (one, two) = bytes.split_at(cut.min(bytes.len()));
            let text = printed(&[one, two], false);
            prop_assert_eq!(&text, &printed(&[&bytes], false));
            prop_assert!(text.chars().all(|c| c == '\n' || (!c.is_control() && unicode_width::UnicodeWidthChar::width(c) != Some(0))));
        }

        #[test]
        fn no_text_acts(text in "[\\PC\\x00-\\x1f\\u{7f}-\\u{9f}\\u{200b}-\\u{206f}\\u{300}-\\u{310}]{0,40}", styled: bool) {
            let out = printed(&[text.as_bytes()], styled);
            let rest = out.replace("\x1b[m", "");
            prop_assert!(styled || !rest.contains('\x1b'));
            let acts = out.contains(["\u{202e}", "\u{200b}", "\u{301}", "\r", "\x07"].map(|text| text.chars().next().unwrap_or_default()));
            prop_assert!(!acts);
        }
    }
}
