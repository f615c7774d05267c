//! From the bytes of a file to a lesson: TOML first, then the check of every word in it.

use std::io::{self, Read};

use super::error::{Problem, SourceText};
use super::raw::{RawLesson, RawVersion};
use super::{Fault, Lesson, LessonError, lint};
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
        Ok(text) => parse_as(Languages::shipped(), (file, draft), text),
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

fn parse_as(languages: &Languages, (file, draft): (&str, bool), text: &str) -> Result<Lesson, LessonError> {
    if text.len() > MAX_BYTES {
        return Err(single(file, Fault::TooLarge, "", 0));
    }
    let source = SourceText::new(text);
    let read = toml::from_str::<RawLesson>(text);
    // What another version of the format has is no fault of the file.
    let version = match &read {
        Ok(raw) => Some(raw.format.clone()),
        Err(_) => toml::from_str::<RawVersion>(text).ok().map(|version| version.format),
    };
    if let Some(version) = version.filter(|version| *version.get_ref() != FORMAT) {
        return Err(single(file, Fault::Format(*version.get_ref()), text, version.span().start));
    }
    let raw = read.map_err(|error| {
        // serde's sentences may run over several lines; one line says a problem here.
        let message = error.message().split('\n').map(str::trim).collect::<Vec<_>>().join("; ");
        // An action is the one enum of the format: its sentence for two of them says nothing to an author.
        let many = message.starts_with("wanted exactly 1 element");
        let fault = if many { Fault::ManyActions } else { Fault::Toml(message) };
        LessonError::new(file, vec![Problem::new(fault, &source, error.span().unwrap_or(0..0))])
    })?;
    lint::check(languages, (file, draft), &source, raw)
}

fn single(file: &str, fault: Fault, text: &str, place: usize) -> LessonError {
    LessonError::new(file, vec![Problem::new(fault, &SourceText::new(text), place..place + 1)])
}
