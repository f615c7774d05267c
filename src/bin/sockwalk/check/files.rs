//! Which lessons are meant, and their bytes.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sockwalk::cli::{self, Exit, Target};
use sockwalk::i18n::{Lang, Texts, cause, escape, fill, join};
use sockwalk::lesson::{MAX_BYTES, builtin_names, builtin_text};
use sockwalk::model::Cause;

/// A lesson's file, not looked into yet.
pub struct LessonFile {
    /// As it is named in messages.
    pub name: String,
    /// Its bytes; of a file that is too long, more than a lesson may have.
    pub bytes: Vec<u8>,
}

/// The most lessons that a folder may have.
const MOST: usize = 1000;

/// All lessons that are meant: the built-in ones where none is named; of a folder, its files that end in `.toml`.
///
/// # Errors
/// [`Exit`] for a name that there is not, a path that can't be read, or a folder without lessons.
pub fn gather(targets: &[Target], lang: Lang) -> Result<Vec<LessonFile>, Exit> {
    let all = || builtin_names().into_iter().map(|name| Target::Builtin(name.to_owned())).collect();
    let targets: Vec<Target> = if targets.is_empty() { all() } else { targets.to_vec() };
    let mut files = Vec::new();
    for target in targets {
        match target {
            Target::Builtin(name) => {
                // Whether it can be read is for the check to say.
                let _known = cli::find(&name, lang)?;
                files.extend(
                    builtin_text(&name).map(|(file, text)| LessonFile { name: file.to_owned(), bytes: text.into() }),
                );
            }
            Target::Path(path) => {
                for path in lessons_at(&path).map_err(|error| unreadable(&path, &error, lang))? {
                    let bytes = bytes(&path).map_err(|error| unreadable(&path, &error, lang))?;
                    files.push(LessonFile { name: path.display().to_string(), bytes });
                }
            }
        }
    }
    Ok(files)
}

fn lessons_at(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !fs::metadata(path)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut paths = Vec::new();
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        // What begins with a dot is an editor's own: Emacs marks a file that is being changed by a link of such a name that leads nowhere.
        let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !is_hidden && path.extension().is_some_and(|extension| extension == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    match paths.len() {
        0 => Err(Cause::NoLessons.into()),
        MOST.. => Err(Cause::ManyLessons(MOST as u32).into()),
        _ => Ok(paths),
    }
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    cli::open(path)?.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(path: &Path, error: &io::Error, lang: Lang) -> Exit {
    let Ok(texts) = Texts::load(lang) else { return Exit { status: 1, text: format!("{error}\n") } };
    let values = [("path", escape(path.display().to_string())), ("error", cause(lang, error))];
    Exit { status: 1, text: format!("{}\n", join(&texts.cli.error, &fill(&texts.cli.cannot_read, &values))) }
}
