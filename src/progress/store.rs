//! When the storage is read and written.

use std::collections::BTreeMap;
use std::io;

use super::{LessonProgress, MAX_BYTES, Progress, Unusable};
use crate::model::Cause;

/// Where progress is kept: one file and one lock.
pub trait Storage {
    /// While it lives, nobody else has the lock.
    type Lock;

    /// Takes the lock; `None` where another program has it at the moment. Never waits.
    ///
    /// # Errors
    /// The system's.
    fn lock(&mut self) -> io::Result<Option<Self::Lock>>;
    /// The file's bytes, at most so many; `None` where there is no file.
    ///
    /// # Errors
    /// The system's; also where it isn't a regular file.
    fn read(&mut self, most: usize) -> io::Result<Option<Vec<u8>>>;
    /// Puts a file with these bytes into the old one's place, so that at every moment one of both is there, whole.
    /// `lasting`: it shall outlive the machine's sudden end.
    ///
    /// # Errors
    /// The system's; the old file is still there then.
    fn replace(&mut self, bytes: &[u8], lasting: bool) -> io::Result<()>;
    /// Gives the file another name that begins with `word`, in the same folder, and tells it.
    ///
    /// # Errors
    /// The system's.
    fn set_aside(&mut self, word: &str) -> io::Result<String>;
}

/// What went wrong with the keeping. The lesson goes on all the same; the words are the front ends'.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The environment names no folder for it.
    NoFolder,
    /// The folder, or the one above it, belongs to somebody else.
    NotOurs(String),
    /// What should be the folder, or one above it, is something else.
    NoSuchFolder(String),
    /// The file was damaged; it has this name now, and a new one was begun.
    Damaged(String),
    /// The file is a newer program's; it has this name now, and a new one was begun.
    Newer(String),
    /// The system refused to read.
    CannotRead(Cause),
    /// The system refused to write.
    CannotWrite(Cause),
    /// Another program holds the lock and doesn't give it back.
    Locked,
}

/// What is on a storage at the moment; `None` where it can't be read. Takes no lock, waits for nothing and changes nothing.
pub fn look(storage: &mut impl Storage) -> Option<Progress> {
    match storage.read(MAX_BYTES + 1).ok()? {
        Some(bytes) => Progress::parse(&bytes).ok(),
        None => Some(Progress::default()),
    }
}

/// Keeps what a learner reaches.
pub struct ProgressStore<S> {
    storage: S,
    /// What isn't on the storage yet, by the lesson's name: who leaves a lesson for another one loses nothing of it.
    pending: BTreeMap<String, LessonProgress>,
    /// What was set aside.
    noted: Vec<Trouble>,
    /// Why the last attempt failed; `None` where it succeeded.
    failed: Option<Trouble>,
}

impl<S: Storage> ProgressStore<S> {
    /// A store with what is on the storage. A file that can't be used is set aside. `wait` is called while another
    /// program has the lock; where it returns `false`, that is waited for no longer.
    pub fn open(storage: S, wait: impl FnMut() -> bool) -> (ProgressStore<S>, Progress) {
        let mut store = ProgressStore { storage, pending: BTreeMap::new(), noted: Vec::new(), failed: None };
        let progress = match store.storage.read(MAX_BYTES + 1) {
            Ok(None) => Ok(Progress::default()),
            Ok(Some(bytes)) => match Progress::parse(&bytes) {
                Ok(progress) => Ok(progress),
                // Whether it is to be set aside is decided where nobody else can write.
                Err(_) => store.lock(wait).and_then(|_lock| store.read()),
            },
            Err(error) => Err(Trouble::CannotRead((&error).into())),
        };
        let progress = progress.unwrap_or_else(|trouble| {
            store.failed = Some(trouble);
            Progress::default()
        });
        (store, progress)
    }

    /// Notes what a walk reached, and tries to write it. Never waits: what can't be written now is written later.
    pub fn keep(&mut self, name: &str, reached: LessonProgress) {
        self.pending.entry(name.to_owned()).or_default().merge(&reached);
        self.write(|| false, false);
    }

    /// What is on the storage at the moment, with what isn't written yet; `None` where it can't be read. Takes no lock and
    /// waits for nothing: a file is put there whole.
    pub fn look(&mut self) -> Option<Progress> {
        let mut progress = look(&mut self.storage)?;
        progress.take_in(&self.pending);
        Some(progress)
    }

    /// Writes what isn't written yet, so that it lasts. `wait` as in [`ProgressStore::open`].
    pub fn finish(&mut self, wait: impl FnMut() -> bool) {
        if !self.pending.is_empty() {
            self.write(wait, true);
        }
    }

    /// Forgets one lesson, or all. Returns how many were known.
    ///
    /// # Errors
    /// Why nothing was forgotten.
    pub fn clear(&mut self, name: Option<&str>, wait: impl FnMut() -> bool) -> Result<usize, Trouble> {
        let _lock = self.lock(wait)?;
        let mut progress = self.read()?;
        let before = progress.lessons.len();
        progress.lessons.retain(|known, _| name.is_some_and(|name| name != known));
        let cleared = before - progress.lessons.len();
        if cleared > 0 {
            self.replace(&progress, true)?;
        }
        Ok(cleared)
    }

    /// Whether the last attempt to read or write failed.
    pub fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// What a person should be told.
    pub fn troubles(&self) -> impl Iterator<Item = &Trouble> {
        self.noted.iter().chain(&self.failed)
    }

    fn write(&mut self, wait: impl FnMut() -> bool, lasting: bool) {
        let written = self.lock(wait).and_then(|_lock| {
            let mut progress = self.read()?;
            progress.take_in(&self.pending);
            self.replace(&progress, lasting)
        });
        self.failed = written.err();
        // What was only handed to the system is written once more at the end, so that it lasts.
        if self.failed.is_none() && lasting {
            self.pending.clear();
        }
    }

    fn lock(&mut self, mut wait: impl FnMut() -> bool) -> Result<S::Lock, Trouble> {
        loop {
            match self.storage.lock() {
                Ok(Some(lock)) => return Ok(lock),
                Ok(None) if wait() => {}
                Ok(None) => return Err(Trouble::Locked),
                Err(error) => return Err(Trouble::CannotWrite((&error).into())),
            }
        }
    }

    /// What is on the storage; what can't be used there is set aside. Only under the lock.
    fn read(&mut self) -> Result<Progress, Trouble> {
        let bytes = self.storage.read(MAX_BYTES + 1).map_err(|error| Trouble::CannotRead((&error).into()))?;
        let Some(bytes) = bytes else { return Ok(Progress::default()) };
        let unusable = match Progress::parse(&bytes) {
            Ok(progress) => return Ok(progress),
            Err(unusable) => unusable,
        };
        let (word, trouble): (_, fn(String) -> Trouble) = match unusable {
            Unusable::Damaged => ("damaged", Trouble::Damaged),
            Unusable::Newer => ("newer", Trouble::Newer),
        };
        let name = self.storage.set_aside(word).map_err(|error| Trouble::CannotWrite((&error).into()))?;
        self.noted.push(trouble(name));
        Ok(Progress::default())
    }

    fn replace(&mut self, progress: &Progress, lasting: bool) -> Result<(), Trouble> {
        let bytes = progress.render();
        // What is longer could not be read again.
        let fits = if bytes.len() <= MAX_BYTES { Ok(()) } else { Err(io::ErrorKind::FileTooLarge.into()) };
        let written = fits.and_then(|()| self.storage.replace(&bytes, lasting));
        written.map_err(|error| Trouble::CannotWrite((&error).into()))
    }
}
