//! From a lesson's name or path to the lesson.

use std::fs::File;
use std::io;
use std::path::Path;

use super::{Exit, Target};
use crate::i18n::{CliTexts, Lang, Texts, cause, escape, fill, join};
use crate::lesson::{self, Lesson, LessonError, builtin, builtin_names, likely};
use crate::model::Cause;

/// Finds the lesson and reads it; one of an author's may be a draft, whose texts are in one language alone. `colours` says whether a
/// wrong file's message may have them.
///
/// # Errors
/// [`Exit`] says what is wrong: status 2 for a name that there is not, 1 for a file that can't be read or used.
pub fn load(target: &Target, lang: Lang, colours: bool) -> Result<Lesson, Exit> {
    let read = match target {
        Target::Builtin(name) => find(name, lang)?,
        Target::Path(path) => {
            let texts = &Texts::load(lang)?.cli;
            let named = path.display().to_string();
            open(path).and_then(|file| lesson::read_draft(&named, file)).map_err(|error| {
                let values = [("path", escape(&named)), ("error", cause(lang, &error))];
                Exit { status: 1, text: format!("{}\n", join(&texts.error, &fill(&texts.cannot_read, &values))) }
            })?
        }
    };
    read.map_err(|error| Exit { status: 1, text: error.render(lang, colours) })
}

/// Finds a built-in lesson.
///
/// # Errors
/// [`Exit`] of status 2 where there is none of this name. The inner error is the lesson's own, a fault of the program.
pub fn find(name: &str, lang: Lang) -> Result<Result<Lesson, LessonError>, Exit> {
    match builtin(name) {
        Some(read) => Ok(read),
        None => Err(no_such_lesson(name, &Texts::load(lang)?.cli)),
    }
}

fn no_such_lesson(name: &str, texts: &CliTexts) -> Exit {
    let names = builtin_names();
    let path = match name {
        "" => "./my-lesson.toml".to_owned(),
        // A folder's name, or that of a file without `.toml`.
        _ if Path::new(name).exists() => format!("./{}", escape(name)),
        _ => format!("./{}.toml", escape(name)),
    };
    let values: [(&str, &dyn std::fmt::Display); 3] =
        [("found", &escape(name)), ("lessons", &names.join(&texts.between)), ("path", &path)];
    let sentence = fill(&texts.no_such_lesson, &values);
    let meant = likely(name, names).map(|name| fill(&texts.did_you_mean, &[("suggestion", name)]));
    let sentence = meant.map_or(sentence.clone(), |meant| join(&sentence, &meant));
    Exit { status: 2, text: format!("{}\n", join(&texts.error, &sentence)) }
}

/// Opens a regular file: a named pipe without a writer would make the program wait for ever.
///
/// # Errors
/// The system's; also where it is no regular file.
pub fn open(path: &Path) -> io::Result<File> {
    let kind = std::fs::metadata(path)?.file_type();
    if kind.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !kind.is_file() {
        return Err(Cause::NotRegular.into());
    }
    File::open(path)
}
