//! The lessons that are built into the program, in the order of the course.

use super::parse::built_in;
use super::{Lesson, LessonError};
use crate::assets::{Asset, below};

const FOLDER: &str = "lessons";

/// A file of the catalogue: `03-echo.toml` is the third lesson, `echo`.
struct CatalogueEntry {
    number: u32,
    name: &'static str,
    path: &'static str,
    asset: &'static Asset,
}

fn entries() -> Vec<CatalogueEntry> {
    let mut entries: Vec<CatalogueEntry> = below(FOLDER)
        .filter_map(|asset| {
            let path = asset.path().strip_prefix(FOLDER)?.strip_prefix('/')?;
            let (number, name) = path.strip_suffix(".toml")?.split_once('-')?;
            Some(CatalogueEntry { number: number.parse().ok()?, name, path, asset })
        })
        .collect();
    entries.sort_by_key(|entry| (entry.number, entry.name));
    entries
}

/// A lesson of the built-in catalogue by its name; `None` where there is none.
///
/// # Errors
/// A built-in lesson that can't be read is a fault of the program, which a test looks for.
pub fn builtin(name: &str) -> Option<Result<Lesson, LessonError>> {
    let entry = entries().into_iter().find(|entry| entry.name == name)?;
    Some(built_in(entry.path, &entry.asset.text(), &entry.asset.parse_tree()))
}

/// What the first page of a built-in lesson has, as a lesson that can't be walked: of its steps there are the names, the modes and
/// the first title in each mode, and what tells its needs. It is read in a tenth of the whole's time. `None` where there is no such lesson.
pub fn outline(name: &str) -> Option<Lesson> {
    let entry = entries().into_iter().find(|entry| entry.name == name)?;
    // That there is one, tests look; else the whole is read.
    super::outline::read(entry.path, &entry.asset.outline())
}

/// The file of a built-in lesson: its name there, and its text; `None` where there is no such lesson.
pub fn builtin_text(name: &str) -> Option<(&'static str, String)> {
    entries().into_iter().find(|entry| entry.name == name).map(|entry| (entry.path, entry.asset.text()))
}

/// The names of the built-in lessons, in the order of the course.
pub fn builtin_names() -> Vec<&'static str> {
    entries().into_iter().map(|entry| entry.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;
    use crate::lesson::parse;
    use crate::model::Mode;

    #[test]
    fn every_built_in_lesson_can_be_read_and_bears_its_files_name() {
        for name in builtin_names() {
            match builtin(name) {
                Some(Ok(lesson)) => assert_eq!(lesson.id, name, "{}", lesson.file),
                Some(Err(error)) => panic!("{}", error.render(Lang::EN, false)),
                None => panic!("{name} is listed but not there"),
            }
        }
    }

    #[test]
    fn a_parse_tree_says_what_its_text_says() {
        for entry in entries() {
            let (text, tree) = (entry.asset.text(), entry.asset.parse_tree());
            let read = parse(entry.path, &text).unwrap();
            assert_eq!(built_in(entry.path, &text, &tree).unwrap(), read, "{}", entry.path);
            assert!(built_in(entry.path, &text, &tree[..tree.len() - 1]).is_err(), "{}", entry.path);
        }
    }

    #[test]
    fn an_outline_says_of_a_lesson_what_it_says_itself() {
        for name in builtin_names() {
            let (whole, outline) = (builtin(name).unwrap().unwrap(), outline(name).unwrap());
            for mode in [Mode::Lab, Mode::Host] {
                assert_eq!(outline.needs_in(mode), whole.needs_in(mode), "{name}");
            }
            let steps = |lesson: &Lesson| -> Vec<(String, Vec<Mode>, bool)> {
                lesson.steps.iter().map(|step| (step.id.clone(), step.modes.clone(), step.set_up)).collect()
            };
            assert_eq!(steps(&outline), steps(&whole), "{name}");
            let rest = Lesson { steps: whole.steps, sockets: whole.sockets, recap: whole.recap, ..outline };
            assert_eq!(
                Lesson { steps: rest.steps.clone(), sockets: rest.sockets.clone(), misbelief: whole.misbelief, ..rest },
                builtin(name).unwrap().unwrap(),
                "{name}"
            );
        }
        assert!(outline("no-such-lesson").is_none());
        let torn = entries()[0].asset.outline();
        assert!((0..torn.len()).all(|end| super::super::outline::read("x.toml", &torn[..end]).is_none()));
    }

    #[test]
    fn every_file_of_the_catalogue_is_listed() {
        assert_eq!(entries().len(), below(FOLDER).count());
    }

    #[test]
    fn a_name_that_is_not_there() {
        assert!(builtin("no-such-lesson").is_none());
    }
}
