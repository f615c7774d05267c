//! What the program remembers of the learner, and the sentences where it can't.

use std::io::Write;

use sockwalk::cli::Exit;
use sockwalk::i18n::{Lang, Texts, cause, escape, fill, join};
use sockwalk::progress::{self, Keeper, LessonProgress, Progress, Trouble};

use super::shelf::{Folder, wait};

/// The learner's progress, with or without a place where it is kept.
pub struct Memory {
    /// What was known when the program began.
    pub progress: Progress,
    keeper: Result<Keeper<Folder>, Trouble>,
}

impl Memory {
    /// Reads what is kept. Call it once the process is nobody else than the user.
    pub fn open() -> Memory {
        match Folder::find(|name| std::env::var_os(name)) {
            Ok(folder) => {
                let (keeper, progress) = Keeper::open(folder, wait());
                Memory { progress, keeper: Ok(keeper) }
            }
            Err(trouble) => Memory { progress: Progress::default(), keeper: Err(trouble) },
        }
    }

    /// What is known at the moment, for who only shows it: nothing is written, set aside or waited for.
    pub fn peek() -> Progress {
        let folder = Folder::find(|name| std::env::var_os(name)).ok();
        folder.and_then(|mut folder| progress::look(&mut folder)).unwrap_or_default()
    }

    /// What is known at the moment: other programs may have added to it. Waits for nothing.
    pub fn look(&mut self) -> Progress {
        self.keeper.as_mut().ok().and_then(Keeper::look).unwrap_or_else(|| self.progress.clone())
    }

    /// Whether what is noted is written: there is a place for it, and the last attempt succeeded.
    pub fn keeps(&self) -> bool {
        self.keeper.as_ref().is_ok_and(|keeper| !keeper.has_failed())
    }

    /// Notes what a walk through a built-in lesson reached.
    pub fn keep(&mut self, name: &str, reached: LessonProgress) {
        if let Ok(keeper) = &mut self.keeper {
            keeper.keep(name, reached);
        }
    }

    /// Writes what isn't written yet.
    pub fn finish(&mut self) {
        if let Ok(keeper) = &mut self.keeper {
            keeper.finish(wait());
        }
    }

    /// Forgets one lesson, or all. Returns how many were known.
    ///
    /// # Errors
    /// Why nothing was forgotten.
    pub fn clear(&mut self, name: Option<&str>) -> Result<usize, Trouble> {
        match &mut self.keeper {
            Ok(keeper) => keeper.clear(name, wait()),
            Err(trouble) => Err(trouble.clone()),
        }
    }

    /// Says on standard error what went wrong; `all`: also that nothing is kept where there is no place for it.
    pub fn say(&self, lang: Lang, all: bool) -> Result<(), Exit> {
        let troubles: Vec<&Trouble> = match &self.keeper {
            Ok(keeper) => keeper.troubles().collect(),
            Err(trouble) => Some(trouble).filter(|_| all).into_iter().collect(),
        };
        for trouble in troubles {
            // Where nobody reads it, nobody is left to be told.
            let _ = writeln!(super::out::err(), "{}", sentence(trouble, lang)?);
        }
        Ok(())
    }
}

/// What went wrong, and what becomes of it.
pub fn sentence(trouble: &Trouble, lang: Lang) -> Result<String, Exit> {
    let texts = Texts::load(lang)?;
    let t = &texts.progress;
    let (text, value) = match trouble {
        Trouble::NoFolder => (&t.no_folder, ""),
        Trouble::NotOurs(path) => (&t.not_ours, path.as_str()),
        Trouble::NoSuchFolder(path) => (&t.not_a_folder, path.as_str()),
        Trouble::Damaged(path) => (&t.damaged, path.as_str()),
        Trouble::Newer(path) => (&t.newer, path.as_str()),
        Trouble::CannotRead(why) => {
            return Ok(join(&t.note, &fill(&t.cannot_read, &[("error", cause(lang, why.clone()))])));
        }
        Trouble::CannotWrite(why) => {
            return Ok(join(&t.note, &fill(&t.cannot_write, &[("error", cause(lang, why.clone()))])));
        }
        Trouble::Locked => (&t.locked, ""),
    };
    let escaped = escape(value);
    Ok(join(&t.note, &fill(text, &[("path", &escaped)])))
}
