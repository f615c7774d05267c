//! What the program remembers of the learner, and the sentences where it can't.

use std::collections::BTreeMap;
use std::io::Write;

use sockwalk::cli::Exit;
use sockwalk::i18n::{Lang, Texts, cause, escape, fill, join};
use sockwalk::progress::{self, LessonProgress, Progress, ProgressStore, Trouble};

use super::storage::{ProgressFolder, wait};

/// The learner's progress, with or without a place where it is kept.
pub struct LearnerProgress {
    /// What was known when the program began, and what it noted since.
    pub progress: Progress,
    daemon: Result<ProgressStore<ProgressFolder>, Trouble>,
}

impl LearnerProgress {
    /// Reads what is kept. Call it once the process is nobody else than the user.
    pub fn open() -> LearnerProgress {
        match ProgressFolder::find(|name| std::env::var_os(name)) {
            Ok(folder) => {
                let (daemon, progress) = ProgressStore::open(folder, wait());
                LearnerProgress { progress, daemon: Ok(daemon) }
            }
            Err(trouble) => LearnerProgress { progress: Progress::default(), daemon: Err(trouble) },
        }
    }

    /// What is known at the moment, for who only shows it: nothing is written, set aside or waited for.
    pub fn peek() -> Progress {
        let folder = ProgressFolder::find(|name| std::env::var_os(name)).ok();
        folder.and_then(|mut folder| progress::look(&mut folder)).unwrap_or_default()
    }

    /// What is known at the moment: other programs may have added to it. Waits for nothing.
    pub fn look(&mut self) -> Progress {
        self.daemon.as_mut().ok().and_then(ProgressStore::look).unwrap_or_else(|| self.progress.clone())
    }

    /// Whether what is noted is written: there is a place for it, and the last attempt succeeded.
    pub fn keeps(&self) -> bool {
        self.daemon.as_ref().is_ok_and(|daemon| !daemon.has_failed())
    }

    /// Notes what a walk through a built-in lesson reached. Where there is no place for it, it is known as long as the
    /// program runs.
    pub fn keep(&mut self, name: &str, reached: LessonProgress) {
        self.progress.take_in(&BTreeMap::from([(name.to_owned(), reached.clone())]));
        if let Ok(daemon) = &mut self.daemon {
            daemon.keep(name, reached);
        }
    }

    /// Writes what isn't written yet.
    pub fn finish(&mut self) {
        if let Ok(daemon) = &mut self.daemon {
            daemon.finish(wait());
        }
    }

    /// Forgets one lesson, or all. Returns how many were known.
    ///
    /// # Errors
    /// Why nothing was forgotten.
    pub fn clear(&mut self, name: Option<&str>) -> Result<usize, Trouble> {
        match &mut self.daemon {
            Ok(daemon) => daemon.clear(name, wait()),
            Err(trouble) => Err(trouble.clone()),
        }
    }

    /// Says on standard error what went wrong; `all`: also that nothing is kept where there is no place for it.
    pub fn say(&self, lang: Lang, all: bool) -> Result<(), Exit> {
        let troubles: Vec<&Trouble> = match &self.daemon {
            Ok(daemon) => daemon.troubles().collect(),
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
