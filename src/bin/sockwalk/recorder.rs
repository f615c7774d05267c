//! `--record`: what happens is written into a file as it happens.

use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sockwalk::cli::Exit;
use sockwalk::engine::Wire;
use sockwalk::i18n::{Lang, Texts, escape, fill, join};
use sockwalk::lesson::Lesson;
use sockwalk::linux::shared::ShownLesson;
use sockwalk::model::{Mode, Trace};
use sockwalk::report::{Header, JsonLines};

use super::shelf::now_ms;

/// A file that was made for a recording.
pub struct RecordFile {
    file: std::fs::File,
}

impl RecordFile {
    /// Makes the file, which must not be there yet: nothing is overwritten.
    ///
    /// # Errors
    /// [`Exit`] says why it can't be.
    pub fn create(path: &Path, lang: Lang) -> Result<RecordFile, Exit> {
        let texts = Texts::load(lang)?;
        let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let file = opened.map_err(|error| {
            let text = match error.kind() {
                io::ErrorKind::AlreadyExists => &texts.shared.record_exists,
                _ => &texts.shared.no_record,
            };
            let path = escape(path.as_os_str().as_encoded_bytes());
            let sentence = fill(text, &[("path", &path as &dyn std::fmt::Display), ("error", &error)]);
            Exit { status: 1, text: format!("{}\n", join(&texts.cli.error, &sentence)) }
        })?;
        Ok(RecordFile { file })
    }

    /// The file for the walk that follows this one: of `walk.jsonl` it is `walk-2.jsonl`, and so on.
    pub fn name_of(first: &Path, number: u32) -> PathBuf {
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
}

/// Writes a trace into a file as it grows.
pub struct Recorder {
    lines: JsonLines,
    out: BufWriter<std::fs::File>,
    /// Why nothing more is written.
    failed: Option<io::Error>,
}

impl Recorder {
    /// Of a walk at this place, through this lesson.
    pub fn new(file: RecordFile, (mode, wire): (Mode, Wire), lesson: Option<ShownLesson>) -> Recorder {
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
        Recorder { lines: JsonLines::recording(header), out: BufWriter::new(file.file), failed: None }
    }

    /// Writes what is new.
    pub fn write(&mut self, trace: &Trace, lesson: Option<&Lesson>) {
        if self.failed.is_some() {
            return;
        }
        let id = |step: usize| lesson.and_then(|lesson| lesson.steps.get(step)).map_or("", |step| &step.id);
        let written = self.lines.write(trace, id, &mut self.out).and_then(|()| self.out.flush());
        self.failed = written.err();
    }

    /// The recording ends.
    ///
    /// # Errors
    /// [`Exit`] where it isn't whole.
    pub fn finish(self, lang: Lang) -> Result<(), Exit> {
        let Some(error) = self.failed else { return Ok(()) };
        let texts = Texts::load(lang)?;
        let values = [("error", &error as &dyn std::fmt::Display)];
        let text = join(&texts.cli.error, &fill(&texts.shared.not_recorded, &values));
        Err(Exit { status: 1, text: format!("{text}\n") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_walk_has_a_file_of_its_own() {
        for (first, second) in [("walk.jsonl", "walk-2.jsonl"), ("a/walk", "a/walk-2"), ("a.b/c.d.e", "a.b/c.d-2.e")] {
            assert_eq!(RecordFile::name_of(Path::new(first), 2), Path::new(second));
            assert_eq!(RecordFile::name_of(Path::new(first), 1), Path::new(first));
        }
    }
}
