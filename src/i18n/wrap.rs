//! Text in columns: how wide it is, where its lines may break, and how foreign bytes are shown.

use std::ops::Range;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::model::{escape, escape_with};

/// How many columns a text takes on a terminal.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// No line begins with one of these.
const CLOSING: &str = "，。；：！？、）」』》”’…,.;:!?)]}";
/// No line ends with one of these.
const OPENING: &str = "（「『《“‘([{";

/// Breaks a text into lines of at most `columns` columns; its own line breaks stay. Returns the bytes of each line.
///
/// Lines break at spaces, and between two characters where one of them is wide, as in Chinese; not before closing
/// punctuation and not after opening punctuation. What has no such place and is too long is cut. The spaces at which
/// a line breaks belong to no line.
pub fn lines(text: &str, columns: usize) -> Vec<Range<usize>> {
    let columns = columns.max(2);
    let mut lines = Vec::new();
    let mut start = 0;
    for line in text.split('\n') {
        break_line(text, start..start + line.len(), columns, &mut lines);
        start += line.len() + 1;
    }
    lines
}

/// As [`lines`], as texts.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    lines(text, columns).into_iter().map(|line| text[line].to_owned()).collect()
}

fn break_line(text: &str, whole: Range<usize>, columns: usize, lines: &mut Vec<Range<usize>>) {
    let trimmed = |range: Range<usize>| range.start..range.start + text[range.clone()].trim_end().len();
    let mut line = whole.start..whole.start;
    for piece in pieces(&text[whole.clone()]) {
        let mut piece = whole.start + piece.start..whole.start + piece.end;
        if !line.is_empty() && !fits(&text[trimmed(line.start..piece.end)], columns) {
            lines.push(trimmed(line));
            line = piece.start..piece.start;
        }
        // A line that goes on behind a break doesn't begin with spaces; nor does it hold a piece that is too long.
        if line.is_empty() && line.start > whole.start {
            piece.start += text[piece.clone()].len() - text[piece.clone()].trim_start().len();
            line = piece.start..piece.start;
        }
        while !fits(&text[trimmed(line.start..piece.end)], columns) {
            let cut = line.start + fitting(&text[line.start..piece.end], columns);
            lines.push(line.start..cut);
            line = cut..cut;
        }
        line.end = piece.end;
    }
    lines.push(trimmed(line));
}

/// Whether a text takes at most so many columns.
fn fits(text: &str, columns: usize) -> bool {
    // What is wide takes two bytes or more: so most texts need not be measured.
    text.len() <= columns || width(text) <= columns
}

/// How many bytes of the text fit into the columns; at least one character.
fn fitting(text: &str, columns: usize) -> usize {
    let mut used = 0;
    for (place, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > columns && place > 0 {
            return place;
        }
    }
    text.len()
}

/// The text in pieces that must not be parted; spaces end a piece.
fn pieces(text: &str) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let (mut start, mut before) = (0, None);
    for (place, c) in text.char_indices() {
        if before.is_some_and(|before| may_break(before, c)) {
            pieces.push(start..place);
            start = place;
        }
        before = Some(c);
    }
    pieces.push(start..text.len());
    pieces
}

fn may_break(before: char, after: char) -> bool {
    if after == ' ' || OPENING.contains(before) || CLOSING.contains(after) {
        return false;
    }
    let wide = |c: char| c.width() == Some(2);
    before == ' ' || wide(before) || wide(after)
}

/// Two sentences one after the other: with a space between them, but not after a wide character such as `。`.
pub fn join(first: &str, second: &str) -> String {
    let wide = first.chars().next_back().and_then(|c| c.width()) == Some(2);
    let space = if wide || first.is_empty() || second.is_empty() { "" } else { " " };
    format!("{first}{space}{second}")
}

/// As [`escape`], for a text that is a notation of its own: quotation marks and backslashes stay.
pub fn harmless(text: &str) -> String {
    escape_with(text.as_bytes(), "\n\r\t")
}

/// The start of the bytes as [`escape`] has them, of at most so many bytes, with an ellipsis where there is more.
pub fn excerpt(bytes: &[u8], most: usize) -> String {
    if bytes.len() <= most {
        return escape(bytes);
    }
    // Not through the middle of a character: back to where one begins.
    let end = (0..=most).rev().find(|end| bytes[*end] & 0xc0 != 0x80).unwrap_or(most);
    escape(&bytes[..end]) + "…"
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn english_breaks_at_spaces() {
        assert_eq!(wrap("the server sleeps in accept()", 12), ["the server", "sleeps in", "accept()"]);
        assert_eq!(wrap("a\n\nb", 12), ["a", "", "b"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
    }

    #[test]
    fn chinese_breaks_between_characters_but_not_before_closing_punctuation() {
        assert_eq!(wrap("服务器在监听，等待连接。", 12), ["服务器在监", "听，等待连", "接。"]);
        assert_eq!(wrap("状态（内核）", 6), ["状态", "（内", "核）"]);
        assert_eq!(wrap("调用 accept() 会阻塞", 10), ["调用", "accept()", "会阻塞"]);
    }

    #[test]
    fn foreign_text_can_do_nothing() {
        assert_eq!(escape(b"hi\xff"), "hi\\xff");
        assert_eq!(excerpt(b"0123456789", 4), "0123…");
        assert_eq!(excerpt("服务器".as_bytes(), 4), "服…");
        assert_eq!(escape("a\x1b[2J\n\"b\"\u{202e}\u{85}"), "a\\x1b[2J\\n\\\"b\\\"\\u{202e}\\u{85}");
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_no_line_is_too_long(text in "[ a-z，。（）监听状态\\n]{0,80}", columns in 4_usize..40) {
            let lines = wrap(&text, columns);
            for line in &lines {
                prop_assert!(width(line) <= columns, "{line}");
            }
            let kept = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(kept(&lines.concat()), kept(&text));
        }
    }
}
