//! From the bytes of a file to a lesson: TOML first, then the check of every word in it.

use std::io::{self, Read};

use super::error::{Problem, SourceText};
use super::raw::{RawLesson, RawVersion};
use super::{Fault, Lesson, LessonError, lint, parse_tree, shape};
use crate::i18n::Languages;

/// The longest lesson file that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// The format's version that this program reads.
const FORMAT: i64 = 1;

/// Reads a lesson from anything that can be read; at most [`MAX_BYTES`] and one more are taken from it.
///
/// # Errors
/// The outer error is the reader's; the inner one says what is wrong with the lesson.
pub fn read(file: &str, reader: impl Read) -> io::Result<Result<Lesson, LessonError>> {
    let mut bytes = Vec::new();
    reader.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(parse_bytes((file, false), &bytes))
}

/// Reads a draft, whose texts may be in any one language of the program.
///
/// # Errors
/// As of [`read`].
pub fn read_draft(file: &str, reader: impl Read) -> io::Result<Result<Lesson, LessonError>> {
    let mut bytes = Vec::new();
    reader.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(parse_bytes((file, true), &bytes))
}

fn parse_bytes((file, draft): (&str, bool), bytes: &[u8]) -> Result<Lesson, LessonError> {
    // A file that is cut by the limit may end within a character: its length is the fault then.
    if bytes.len() > MAX_BYTES {
        return Err(single(file, Fault::TooLarge, "", 0));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            let lesson = parse_as(Languages::shipped(), (file, draft), text)?;
            Ok(Lesson { source: Some(text.to_owned()), ..lesson })
        }
        Err(error) => {
            let text = String::from_utf8_lossy(bytes);
            Err(single(file, Fault::NotUtf8, &text, error.valid_up_to()))
        }
    }
}

/// Reads a lesson from a text. `file` is how messages name it.
///
/// # Errors
/// [`LessonError`] holds everything that is wrong; where the TOML itself is, only its first fault.
pub fn parse(file: &str, text: &str) -> Result<Lesson, LessonError> {
    parse_in(Languages::shipped(), file, text)
}

/// The same, with texts in these languages.
///
/// # Errors
/// As of [`parse`].
pub fn parse_in(languages: &Languages, file: &str, text: &str) -> Result<Lesson, LessonError> {
    parse_as(languages, (file, false), text)
}

/// Reads a built-in lesson, whose parse tree was written when the program was built.
///
/// # Errors
/// As of [`parse`]; a test looks that there are none.
pub(super) fn built_in(file: &str, text: &str, tree: &[u8]) -> Result<Lesson, LessonError> {
    of_tree(Languages::shipped(), (file, false), &SourceText::new(text), tree)
}

fn parse_as(languages: &Languages, (file, draft): (&str, bool), text: &str) -> Result<Lesson, LessonError> {
    if text.len() > MAX_BYTES {
        return Err(single(file, Fault::TooLarge, "", 0));
    }
    // A line ends with LF here, whatever the author's editor wrote: no line and no column of a fault is another one for that.
    let text = &text.replace("\r\n", "\n");
    let source = SourceText::new(text);
    let tree = parse_tree::write(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        let is_twice = error.message().starts_with(shape::TWICE);
        let fault = match text.get(span.clone()) {
            Some("step") if is_twice => Fault::StepHeader,
            _ => {
                // A sentence may run over several lines; one line says a problem here.
                Fault::Toml(error.message().split('\n').map(str::trim).collect::<Vec<_>>().join("; "))
            }
        };
        LessonError::new(file, vec![Problem::new(fault, &source, span)])
    })?;
    of_tree(languages, (file, draft), &source, &tree)
}

/// What a lesson's text says, before its words are checked; `None` where that is no lesson.
pub(super) fn raw(text: &str) -> Option<RawLesson> {
    parse_tree::read(text, &parse_tree::write(text).ok()?).ok()
}

fn of_tree(
    languages: &Languages,
    (file, draft): (&str, bool),
    source: &SourceText<'_>,
    tree: &[u8],
) -> Result<Lesson, LessonError> {
    let read = parse_tree::read::<RawLesson>(source.text, tree);
    // What another version of the format has is no fault of the file.
    let version = match &read {
        Ok(raw) => Some(raw.format.clone()),
        Err(_) => parse_tree::read::<RawVersion>(source.text, tree).ok().map(|version| version.format),
    };
    if let Some(version) = version.filter(|version| *version.get_ref() != FORMAT) {
        return Err(single(file, Fault::Format(*version.get_ref()), source.text, version.span().start));
    }
    let raw = read.map_err(|error| {
        // An action is the one thing of which a table has exactly one.
        let fault = if error.has_several_keys() { Fault::ManyActions } else { Fault::Toml(error.message().to_owned()) };
        LessonError::new(file, vec![Problem::new(fault, source, error.span().unwrap_or(0..0))])
    })?;
    lint::check(languages, (file, draft), source, raw)
}

fn single(file: &str, fault: Fault, text: &str, place: usize) -> LessonError {
    LessonError::new(file, vec![Problem::new(fault, &SourceText::new(text), place..place + 1)])
}
