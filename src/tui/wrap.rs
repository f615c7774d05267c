//! Text broken into lines of a given width: by words, and between Chinese characters, where a line may end anywhere
//! but before a closing or after an opening mark.

use std::ops::Range;

use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthChar;

use crate::i18n::{self, width as display_width};

/// Breaks styled text into lines no wider than `width`; line breaks in the text stay. The rule is [`i18n::lines`]'s.
pub(super) fn wrap(spans: &[Span<'_>], width: usize) -> Vec<Line<'static>> {
    let text: String = spans.iter().map(|span| span.content.as_ref()).collect();
    i18n::lines(&text, width).into_iter().map(|line| styled(&text, line, spans)).collect()
}

/// Breaks a line of code into lines no wider than `width`: between words, before the point of a further call and behind an opening
/// bracket; within a word only where that is wider itself.
pub(super) fn wrap_code(spans: &[Span<'_>], width: usize) -> Vec<Line<'static>> {
    let text: String = spans.iter().map(|span| span.content.as_ref()).collect();
    let breaks = code_breaks(&text);
    let line = |start: usize, end: usize| start..start + text[start..end].trim_end().len();
    let (mut lines, mut start) = (Vec::new(), 0);
    while display_width(text[start..].trim_end()) > width {
        let fits = |end: &usize| display_width(text[start..*end].trim_end()) <= width;
        let at_break = breaks.iter().copied().filter(|end| *end > start).take_while(fits).last();
        let end = at_break.unwrap_or_else(|| {
            let mut ends = text.char_indices().map(|(at, c)| at + c.len_utf8()).filter(|end| *end > start);
            let first = ends.next().unwrap_or(text.len());
            ends.take_while(fits).last().unwrap_or(first)
        });
        lines.push(line(start, end));
        start = end;
    }
    lines.push(line(start, text.len()));
    lines.into_iter().map(|line| styled(&text, line, spans)).collect()
}

/// Where a line of code may end.
fn code_breaks(text: &str) -> Vec<usize> {
    let mut breaks = Vec::new();
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let parts = match before {
            ' ' => c != ' ' && !text[..at].trim().is_empty(),
            ')' => c == '.',
            '(' => c != ')',
            _ => false,
        };
        breaks.extend(parts.then_some(at));
        before = c;
    }
    breaks
}

/// A part of the joined text of some spans, with their styles.
fn styled(text: &str, part: Range<usize>, spans: &[Span<'_>]) -> Line<'static> {
    let mut start = 0;
    let mut line = Line::default();
    for span in spans {
        let end = start + span.content.len();
        let shared = part.start.max(start)..part.end.min(end);
        if shared.start < shared.end {
            line.spans.push(Span::styled(text[shared].to_owned(), span.style));
        }
        start = end;
    }
    line
}

/// Breaks plain text into lines of one style.
pub(super) fn wrap_text(text: &str, style: Style, width: usize) -> Vec<Line<'static>> {
    wrap(&[Span::styled(text, style)], width)
}

/// A lesson's prose as spans: paragraphs stay parted by an empty line, other line breaks join, and what stands in
/// backticks gets the style of code.
pub(super) fn prose(text: &str, style: Style, code: Style) -> Vec<Span<'static>> {
    let joined = text.trim().split("\n\n").map(join_lines).collect::<Vec<_>>().join("\n\n");
    let parts = joined.split('`').enumerate();
    let styled =
        parts.map(|(n, part)| Span::styled(part.to_owned(), if n % 2 == 1 { style.patch(code) } else { style }));
    styled.filter(|span| !span.content.is_empty()).collect()
}

/// At most so many rows of this width; where there are more, the last one says so.
pub(super) fn first_rows(mut rows: Vec<Line<'static>>, most: usize, width: usize) -> Vec<Line<'static>> {
    if rows.len() > most.max(1) {
        rows.truncate(most.max(1));
        if let Some(last) = rows.last_mut() {
            let style = last.spans.last().map_or_else(Default::default, |span| span.style);
            *last = Line::styled(cut(&format!("{last} …"), width), style);
        }
    }
    rows
}

/// The first columns of a text, at most `width` of them; an ellipsis stands for the rest.
pub(super) fn cut(text: &str, width: usize) -> String {
    if display_width(text) <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let w = c.width().unwrap_or(0);
        if used + w + 1 > width {
            break;
        }
        used += w;
        out.push(c);
    }
    if width > 0 {
        out.push('…');
    }
    out
}

fn join_lines(paragraph: &str) -> String {
    let mut out = String::new();
    for line in paragraph.split('\n').map(str::trim).filter(|line| !line.is_empty()) {
        // Between two Chinese characters a line break stands for nothing.
        let tight = out.chars().last().is_none_or(is_wide) && line.chars().next().is_none_or(is_wide);
        if !out.is_empty() && !tight {
            out.push(' ');
        }
        out.push_str(line);
    }
    out
}

fn is_wide(c: char) -> bool {
    c.width() == Some(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(text: &str, width: usize) -> Vec<String> {
        wrap_text(text, Style::default(), width).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn breaks_between_words_and_keeps_line_breaks() {
        assert_eq!(texts("the kernel answers\n\nat once", 11), ["the kernel", "answers", "", "at once"]);
        assert_eq!(texts("ESTABLISHED", 4), ["ESTA", "BLIS", "HED"]);
        assert_eq!(texts("", 4), [""]);
    }

    #[test]
    fn breaks_between_chinese_characters_but_never_before_a_closing_mark() {
        assert_eq!(texts("服务器答应了，但是", 12), ["服务器答应", "了，但是"]);
        assert_eq!(texts("它（也）好", 6), ["它", "（也）", "好"].map(str::to_owned));
        assert_eq!(texts("状态是ESTABLISHED吗？", 14), ["状态是", "ESTABLISHED", "吗？"]);
    }

    #[test]
    fn code_breaks_between_its_words() {
        let code = "let n = s3.sendmsg(&MsgHdr::new().with_buffers(&parts), 0)?;";
        let lines = |text: &str, width| {
            wrap_code(&[Span::raw(text.to_owned())], width).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(lines(code, 38), ["let n = s3.sendmsg(&MsgHdr::new()", ".with_buffers(&parts), 0)?;"]);
        assert_eq!(lines(code, 46), ["let n = s3.sendmsg(&MsgHdr::new()", ".with_buffers(&parts), 0)?;"]);
        assert_eq!(lines(code, 20), ["let n = s3.sendmsg(", "&MsgHdr::new()", ".with_buffers(", "&parts), 0)?;"]);
        assert_eq!(lines("    if a { return; }", 12), ["    if a {", "return; }"]);
        assert_eq!(lines("ESTABLISHED(", 4), ["ESTA", "BLIS", "HED("]);
        assert_eq!(lines("", 4), [""]);
    }

    #[test]
    fn prose_joins_lines_and_marks_code() {
        let spans = prose("call `accept()`\nnow\n\n第一\n第二", Style::new(), Style::new().bold());
        let all: String = spans.iter().map(|span| span.content.as_ref()).collect();
        assert_eq!(all, "call accept() now\n\n第一第二");
        assert_eq!(spans[1].style, Style::new().bold());
    }

    #[test]
    fn cuts_with_an_ellipsis_and_counts_columns() {
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("服务器", 4), "服…");
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abc", 0), "");
    }

    proptest! {
        #[test]
        fn no_line_is_too_wide_and_no_letter_is_lost(text in "[a-z ,.服务器，。（）\n]{0,80}", width in 4usize..40) {
            let lines = texts(&text, width);
            for line in &lines {
                prop_assert!(display_width(line) <= width, "{line:?}");
            }
            let code = wrap_code(&[Span::raw(text.replace('\n', " "))], width);
            prop_assert!(code.iter().all(|line| line.width() <= width), "{code:?}");
            let letters = |s: &str| s.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(letters(&lines.concat()), letters(&text));
            let code: String = code.iter().map(ToString::to_string).collect();
            prop_assert_eq!(letters(&code), letters(&text));
        }
    }

    #[test]
    fn a_long_line_goes_on_below_and_says_where_it_is_cut() {
        let rows = |text: &str, most| {
            let wrapped = wrap_code(&[Span::raw(text.to_owned())], 16);
            let rows = first_rows(wrapped, most, 16);
            rows.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let line = "int n = 0; write(fd, buffer, size);";
        assert_eq!(rows(line, 9), ["int n = 0;", "write(fd,", "buffer, size);"]);
        assert_eq!(rows(line, 2), ["int n = 0;", "write(fd, …"]);
        assert_eq!(rows("short", 0), ["short"]);
        assert_eq!(first_rows(vec![Line::styled("a", Style::default()); 3], 1, 4)[0].to_string(), "a …");
    }
}
