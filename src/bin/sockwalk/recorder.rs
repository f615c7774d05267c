//! `--record`: what happens is written into a file as it happens.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sockwalk::cli::Exit;
use sockwalk::i18n::{Lang, Texts, cause, escape, fill, join};
use sockwalk::lesson::Lesson;
use sockwalk::linux::shared::ShownLesson;
use sockwalk::model::{Mode, Trace};
use sockwalk::report::{Header, JsonLines};
use sockwalk::walk::WireAbility;

use super::storage::now_ms;

/// What `--record` asks for: a file for each walk, as each goes on.
#[derive(Default)]
pub struct Recordings {
    /// The first walk's file; `None` where nothing is recorded.
    first: Option<PathBuf>,
    /// How many walks have had a file.
    walks: u32,
    /// The file of the walk that is about to begin.
    file: Option<EmptyRecording>,
    recorder: Option<Recorder>,
    /// What was the first to go wrong.
    failed: Option<Unrecorded>,
}

/// Why something isn't recorded.
pub enum Unrecorded {
    /// The file can't be made.
    NoFile(PathBuf, io::Error),
    /// What happened can't be written.
    NotWhole(io::Error),
}

impl Unrecorded {
    /// How the program ends because of it.
    pub fn exit(&self, lang: Lang) -> Exit {
        let said = || {
            let texts = Texts::load(lang)?;
            let (text, path, error) = match self {
                Unrecorded::NoFile(path, error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    (&texts.shared.record_exists, path.as_path(), error)
                }
                Unrecorded::NoFile(path, error) => (&texts.shared.no_record, path.as_path(), error),
                Unrecorded::NotWhole(error) => (&texts.shared.not_recorded, Path::new(""), error),
            };
            let path = escape(path.as_os_str().as_encoded_bytes());
            let sentence = fill(text, &[("path", path), ("error", cause(lang, error))]);
            Ok(Exit { status: 1, text: format!("{}\n", join(&texts.cli.error, &sentence)) })
        };
        said().unwrap_or_else(|broken: Exit| broken)
    }
}

impl Recordings {
    /// With this file for the first walk, where there is one.
    pub fn new(first: Option<PathBuf>) -> Recordings {
        Recordings { first, ..Recordings::default() }
    }

    /// Makes the file of the walk that begins next, which must not be there yet: nothing is overwritten. The recording of
    /// the walk before ends.
    ///
    /// # Errors
    /// [`Unrecorded::NoFile`]; then that walk isn't recorded.
    pub fn make_file(&mut self) -> Result<(), Unrecorded> {
        self.recorder = None;
        let Some(first) = &self.first else { return Ok(()) };
        let path = name_of(first, self.walks + 1);
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        match made {
            Ok(file) => self.file = Some(EmptyRecording { file: Some(file), path }),
            Err(error) => return Err(Unrecorded::NoFile(path, error)),
        }
        self.walks += 1;
        Ok(())
    }

    /// The walk begins whose file was made, at this place, through this lesson.
    pub fn begin(&mut self, (mode, wire): (Mode, WireAbility), lesson: Option<ShownLesson>) {
        let Some(file) = self.file.take().and_then(|mut empty| empty.file.take()) else { return };
        let (lesson, source) = lesson.map(|lesson| (lesson.name, lesson.source)).unzip();
        let header = Header {
            mode,
            wire,
            kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
            began_ms: now_ms(),
            lesson,
            source: source.flatten(),
            step: None,
            program: env!("CARGO_PKG_VERSION").to_owned(),
        };
        self.recorder = Some(Recorder { lines: JsonLines::recording(header), out: BufWriter::new(file) });
    }

    /// Writes what is new. What can't be written ends that walk's recording.
    pub fn write(&mut self, trace: &Trace, lesson: Option<&Lesson>) {
        let Some(recorder) = &mut self.recorder else { return };
        let id = |step: usize| lesson.and_then(|lesson| lesson.steps.get(step)).map_or("", |step| &step.id);
        let written = recorder.lines.write(trace, id, &mut recorder.out).and_then(|()| recorder.out.flush());
        if let Err(error) = written {
            self.recorder = None;
            self.failed(Unrecorded::NotWhole(error));
        }
    }

    /// Something isn't recorded: that is told at the end.
    pub fn failed(&mut self, why: Unrecorded) {
        self.failed.get_or_insert(why);
    }

    /// All recordings end.
    ///
    /// # Errors
    /// [`Exit`] where one of them isn't whole.
    pub fn finish(self, lang: Lang) -> Result<(), Exit> {
        self.failed.map_or(Ok(()), |why| Err(why.exit(lang)))
    }
}

/// A file for a walk that hasn't begun. It goes with a walk that never does: nothing is in it, and the next try wants its name.
struct EmptyRecording {
    /// `None` once the walk has begun.
    file: Option<File>,
    path: PathBuf,
}

impl Drop for EmptyRecording {
    fn drop(&mut self) {
        if self.file.is_some() {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// The file of a walk, counted from 1: of `walk.jsonl` the second one's is `walk-2.jsonl`.
fn name_of(first: &Path, number: u32) -> PathBuf {
    if number < 2 {
        return first.to_owned();
    }
    let mut name = first.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{number}"));
    if let Some(ending) = first.extension() {
        name.push(".");
        name.push(ending);
    }
    first.with_file_name(name)
}

/// Writes a trace into a file as it grows.
struct Recorder {
    lines: JsonLines,
    out: BufWriter<File>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_walk_that_never_begins_no_file_is_left() {
        let path = std::env::temp_dir().join(format!("sockwalk-{}-recording.jsonl", std::process::id()));
        let mut recordings = Recordings::new(Some(path.clone()));
        assert!(recordings.make_file().is_ok() && path.exists());
        drop(recordings);
        assert!(!path.exists());
        let mut recordings = Recordings::new(Some(path.clone()));
        assert!(recordings.make_file().is_ok());
        recordings.begin((Mode::Lab, WireAbility::Holds), None);
        drop(recordings);
        assert!(path.exists());
        assert!(std::fs::remove_file(path).is_ok());
    }

    #[test]
    fn each_walk_has_a_file_of_its_own() {
        for (first, second) in [("walk.jsonl", "walk-2.jsonl"), ("a/walk", "a/walk-2"), ("a.b/c.d.e", "a.b/c.d-2.e")] {
            assert_eq!(name_of(Path::new(first), 2), Path::new(second));
            assert_eq!(name_of(Path::new(first), 1), Path::new(first));
        }
    }
}
