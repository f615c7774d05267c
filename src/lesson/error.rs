//! Why a lesson file can't be used: every fault with its place, as one line and as an annotated piece of the file.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::Fault;
use crate::i18n::Lang;

/// Why a lesson file can't be used. Holds at least one problem; they are in the file's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LessonError {
    file: String,
    problems: Vec<Problem>,
}

/// One fault with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub fault: Fault,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, counted in characters.
    pub column: usize,
    /// How many characters of that line are meant; at least 1.
    pub width: usize,
    /// The line's text, with control characters replaced.
    source: String,
}

/// Longer lines are cut in what is shown, so that a hostile file can't flood a terminal.
const SHOWN_CHARS: usize = 400;

/// A file's text with the places at which its lines begin.
pub(super) struct SourceText<'a> {
    pub(super) text: &'a str,
    starts: Vec<usize>,
}

impl<'a> SourceText<'a> {
    pub(super) fn new(text: &'a str) -> SourceText<'a> {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(newline, _)| newline + 1)).collect();
        SourceText { text, starts }
    }

    /// The line of a byte, from 1.
    pub(super) fn line(&self, byte: usize) -> usize {
        self.starts.partition_point(|start| *start <= byte)
    }

    /// The line and column of a byte, from 1; columns are counted in characters.
    pub(super) fn place(&self, byte: usize) -> (usize, usize) {
        let start = self.boundary(byte);
        let line = self.line(start);
        (line, self.text[self.range(line).start..start].chars().count() + 1)
    }

    /// The bytes of a line, without its end.
    fn range(&self, line: usize) -> Range<usize> {
        let start = self.starts.get(line - 1).copied().unwrap_or(self.text.len());
        let end = self.starts.get(line).map_or(self.text.len(), |next| next - 1);
        start..end
    }

    fn boundary(&self, byte: usize) -> usize {
        let byte = byte.min(self.text.len());
        (0..=byte).rev().find(|place| self.text.is_char_boundary(*place)).unwrap_or(0)
    }
}

impl Problem {
    /// A fault at these bytes of the file's text.
    pub(super) fn new(fault: Fault, file: &SourceText<'_>, span: Range<usize>) -> Problem {
        let start = file.boundary(span.start);
        let (line, column) = file.place(start);
        let bytes = file.range(line);
        let end = file.boundary(span.end.clamp(start, bytes.end.max(start)));
        let source = file.text[bytes.clone()].trim_end_matches('\r');
        Problem {
            fault,
            line,
            column,
            width: file.text[start..end].chars().count().max(1),
            source: source.chars().take(SHOWN_CHARS).map(|c| if unsafe_to_show(c) { '\u{fffd}' } else { c }).collect(),
        }
    }

    fn annotated(&self, renderer: &Renderer) -> String {
        let chars = self.source.chars().count();
        let byte = |place: usize| self.source.char_indices().nth(place).map_or(self.source.len(), |(byte, _)| byte);
        let start = (self.column - 1).min(chars);
        let span = byte(start)..byte((start + self.width).min(chars));
        let snippet =
            Snippet::source(self.source.as_str()).line_start(self.line).annotation(AnnotationKind::Primary.span(span));
        renderer.render(&[Group::with_level(Level::ERROR).element(snippet)])
    }
}

impl LessonError {
    /// At least one problem; they are put into the file's order.
    pub(super) fn new(file: &str, mut problems: Vec<Problem>) -> LessonError {
        problems.sort_by_key(|problem| (problem.line, problem.column));
        LessonError { file: file.to_owned(), problems }
    }

    /// The file, as it is named in messages.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Everything that is wrong, in the file's order.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// For each problem one line `file:line:column: sentence` and below it the line of the file with a mark.
    pub fn render(&self, lang: Lang, colours: bool) -> String {
        let renderer = if colours { Renderer::styled() } else { Renderer::plain() };
        let parts: Vec<String> = self
            .problems
            .iter()
            .map(|problem| {
                let mut part = self.headline(problem, lang);
                let annotated = problem.annotated(&renderer);
                if !problem.source.is_empty() {
                    part.push('\n');
                    part.push_str(annotated.trim_end());
                }
                part.push('\n');
                part
            })
            .collect();
        parts.join("\n")
    }

    /// The line `file:line:column: sentence` of one problem.
    pub fn headline(&self, problem: &Problem, lang: Lang) -> String {
        let sentence = problem.fault.sentence(lang);
        escaped(&format!("{}:{}:{}: {sentence}", self.file, problem.line, problem.column))
    }
}

impl fmt::Display for LessonError {
    /// The first problem in English, and how many more there are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.problems.first() else { return f.write_str(&self.file) };
        f.write_str(&self.headline(first, Lang::EN))?;
        match self.problems.len() - 1 {
            0 => Ok(()),
            more => write!(f, " (and {more} more)"),
        }
    }
}

impl std::error::Error for LessonError {}

/// Whether a character would act on a terminal, or hide what a text really says.
pub(super) fn unsafe_to_show(c: char) -> bool {
    // Nearly all that lessons are written in: ASCII, and the unified ideographs, which are two columns wide (UAX #11).
    if matches!(c, ' '..='~' | '\u{4e00}'..='\u{9fff}') {
        return false;
    }
    // What takes no room can't be seen, turns the direction of the text that follows, or is put over the letter before it.
    c.is_control() || unicode_width::UnicodeWidthChar::width(c) == Some(0)
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if unsafe_to_show(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_or_takes_no_room_can_not_be_shown() {
        for c in '\0'..=char::MAX {
            let takes_no_room = unicode_width::UnicodeWidthChar::width(c).is_none_or(|width| width == 0);
            assert_eq!(unsafe_to_show(c), takes_no_room, "{c:?}");
        }
    }
}
