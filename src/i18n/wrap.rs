//! Text in columns: how wide it is, where its lines may break, and how foreign bytes are shown.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How many columns a text takes on a terminal.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// No line begins with one of these.
const CLOSING: &str = "，。；：！？、）」』》”’…,.;:!?)]}";
/// No line ends with one of these.
const OPENING: &str = "（「『《“‘([{";

/// Breaks a text into lines of at most `columns` columns; its own line breaks stay.
///
/// Lines break at spaces, and between two characters where one of them is wide, as in Chinese; not before closing
/// punctuation and not after opening punctuation. What has no such place and is too long is cut.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(2);
    text.split('\n').flat_map(|line| wrap_line(line, columns)).collect()
}

fn wrap_line(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for piece in pieces(text) {
        if width(&line) + width(piece.trim_end()) > columns && !line.is_empty() {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
        }
        let mut piece = if line.is_empty() { piece.trim_start() } else { piece };
        while width(piece.trim_end()) > columns {
            let cut = fitting(piece, columns);
            lines.push(piece[..cut].to_owned());
            piece = &piece[cut..];
        }
        line.push_str(piece);
    }
    lines.push(line.trim_end().to_owned());
    lines
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
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut before) = (0, None);
    for (place, c) in text.char_indices() {
        if before.is_some_and(|before| may_break(before, c)) {
            pieces.push(&text[start..place]);
            start = place;
        }
        before = Some(c);
    }
    pieces.push(&text[start..]);
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

/// Text from the wire or from other programs, safe to print: control characters as `\n`, `\x1b`; those that turn the
/// direction of text as `\u{202e}`.
pub fn escape(text: &str) -> String {
    escaped(text, "\n\r\t\\\"")
}

/// As [`escape`], for a text that is a notation of its own: quotation marks and backslashes stay.
pub fn harmless(text: &str) -> String {
    escaped(text, "\n\r\t")
}

fn escaped(text: &str, by_letter: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if by_letter.contains(c) => out.extend(c.escape_default()),
            c if c.is_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => {
                out.extend(c.escape_unicode());
            }
            c => out.push(c),
        }
    }
    out
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
        assert_eq!(escape("a\x1b[2J\n\"b\"\u{202e}\u{85}"), "a\\x1b[2J\\n\\\"b\\\"\\u{202e}\\x85");
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
