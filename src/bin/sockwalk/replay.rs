//! `sockwalk replay FILE`: to walk through what `--record` wrote.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use sockwalk::cli::{Exit, Invocation, ReplayOutput};
use sockwalk::i18n::{Lang, SharedTexts, Texts, cause, escape, fill, harmless, join};
use sockwalk::lesson::Lesson;
use sockwalk::model::{Cause, Entry, Event, Trace};
use sockwalk::plain::Transcript;
use sockwalk::report::{Header, Recording, Unreadable, read_recording};
use sockwalk::tui::{Catalogue, Host, NotOpened, Opened, Opens};
use sockwalk::walk::{Free, FreeOptions, Purpose, Request, Walk};

use super::course::Curriculum;
use super::memory::LearnerProgress;
use super::parting;
use super::screen;

/// Shows the recording until the learner quits, or prints it. Returns the exit status.
pub fn run(invocation: &Invocation, path: &Path, shown: ReplayOutput) -> Result<u8, Exit> {
    let texts = Texts::load(invocation.lang)?;
    let name = escape(path.as_os_str().as_encoded_bytes());
    let cant = |text: &str, line: u64, error: &str| {
        let values = [("path", &name as &dyn std::fmt::Display), ("line", &line), ("error", &error)];
        Exit { status: 1, text: format!("{}\n", join(&texts.cli.error, &fill(text, &values))) }
    };
    // First of all: the file is foreign.
    super::place::become_user(invocation.lang)?;
    let file = open(path).map_err(|error| cant(&texts.shared.no_recording, 0, &cause(invocation.lang, &error)))?;
    let recording = read_recording(BufReader::new(file)).map_err(|error| match error {
        Unreadable::Io(error) => cant(&texts.shared.no_recording, 0, &cause(invocation.lang, &error)),
        Unreadable::Line(line) => cant(&texts.shared.bad_recording, line, ""),
        Unreadable::NotWhole(line) => cant(&texts.shared.thin_recording, line, ""),
        Unreadable::Newer(version) => cant(&texts.shared.newer_recording, version.into(), ""),
    })?;
    let notes = notes(&recording, &name, &texts.shared);
    let cut = recording.cut;
    let header = recording.header.unwrap_or_else(|| Header::deduced(&recording.entries));
    let mode = header.mode;
    let walk = recorded(recording.entries, &header);
    if shown == ReplayOutput::Text || !screen::is_possible() {
        let mut out = BufWriter::new(super::out::out());
        let mut transcript = match walk.lesson() {
            Some(lesson) => Transcript::new(lesson, mode, invocation.lang)?,
            None => Transcript::free(mode, invocation.lang)?,
        };
        let told = { notes.iter() }
            .try_for_each(|note| writeln!(out, "{note}"))
            .and_then(|()| transcript.begin(&mut out))
            .and_then(|()| transcript.write(walk.trace(), &mut out))
            .and_then(|()| transcript.finish(walk.trace(), &mut out))
            .and_then(|()| out.flush());
        return match told {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(1),
            Err(error) => Err(super::not_written(&error, invocation.lang)),
            Ok(()) => Ok(0),
        };
    }
    let (sender, inbox) = channel();
    let mut house = RecordingHost { begun: Instant::now(), wanted: None };
    let prepared = screen::prepare(invocation, sender.clone())?;
    let shown =
        screen::show((walk, prepared), invocation, (sender, &inbox), &mut house, |app| app.look_at_the_beginning())?;
    shown.pass_signal_on();
    if !shown.drawn {
        return Ok(1);
    }
    let lang = shown.app.lang();
    if let Some(lesson) = house.wanted {
        return Err(screen::trouble(lang)(learn(&lesson, lang)));
    }
    let moments = (shown.app.view().moment(), shown.app.walk().trace().now());
    if let Some(line) = cut {
        parting::say(&fill(&Texts::load(lang)?.shared.cut_recording, &[("line", line)]));
    }
    parting::say(&parting::recording(moments, &path.to_string_lossy(), invocation, lang)?);
    Ok(0)
}

/// Goes on as `sockwalk learn`, in this process. Returns only where the system refuses it, with its error.
fn learn(lesson: &str, lang: Lang) -> io::Error {
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return error,
    };
    let mut options = std::env::args_os().skip(1);
    let theme: Vec<OsString> =
        std::iter::from_fn(|| options.next()).skip_while(|word| word != "--theme").take(2).collect();
    Command::new(program).args(["learn", lesson, "--lang", lang.code()]).args(theme).exec()
}

/// Opens a regular file: a named pipe without a writer would make the program wait for ever.
fn open(path: &Path) -> io::Result<File> {
    if std::fs::metadata(path)?.is_file() { File::open(path) } else { Err(Cause::NotRegular.into()) }
}

/// What is said of a recording before it is told.
fn notes(recording: &Recording, name: &str, texts: &SharedTexts) -> Vec<String> {
    let mut notes = vec![fill(&texts.recording, &[("path", name)])];
    if let Some(Header { mode, kernel, began_ms, program, .. }) = &recording.header {
        let day = utc(*began_ms);
        let (kernel, program) = (harmless(kernel), harmless(program));
        let values = [("mode", mode.name()), ("kernel", &kernel), ("time", &day), ("program", &program)];
        notes.push(fill(&texts.recorded, &values));
    }
    notes.extend(recording.cut.map(|line| fill(&texts.cut_recording, &[("line", line)])));
    notes
}

/// A time in milliseconds since 1970 as `2026-11-28 11:40:00 UTC` (the civil calendar's own reckoning).
fn utc(ms: u64) -> String {
    let (days, second) = (ms / 86_400_000, ms / 1000 % 86_400);
    // Counted from the first of March of the year 0, so that a leap day is a year's last one.
    let day = days + 719_468;
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let (date, month) = (of_year - (153 * shifted + 2) / 5 + 1, if shifted < 10 { shifted + 3 } else { shifted - 9 });
    let year = year + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{date:02} {:02}:{:02}:{:02} UTC", second / 3600, second / 60 % 60, second % 60)
}

fn recorded(entries: Vec<Entry>, header: &Header) -> Walk {
    let server = entries.iter().find_map(|entry| match &entry.event {
        Event::Socket(facts) if facts.state == sockwalk::tcp::State::Listen => facts.local,
        _ => None,
    });
    let options = FreeOptions {
        purpose: Purpose::Replay,
        server: server.unwrap_or_else(|| ([127, 0, 0, 1], 8000).into()),
        mode: header.mode,
        wire: header.wire,
        lab: None,
        lesson: header.lesson.as_deref().and_then(|name| lesson(name, header.source.as_deref())),
    };
    let mut trace = Trace::default();
    for Entry { at, event } in entries {
        trace.push(at, event);
    }
    Free::from_trace(options, trace).into()
}

/// The lesson of this name, or of this text; `None` where there is none.
pub fn lesson(name: &str, source: Option<&str>) -> Option<Arc<Lesson>> {
    let read = match source {
        Some(source) => sockwalk::lesson::read_draft(name, source.as_bytes()).ok()?,
        None => sockwalk::lesson::builtin(name)?,
    };
    read.ok().map(Arc::new)
}

/// Nothing stands behind a recording.
struct RecordingHost {
    begun: Instant,
    /// The lesson with which the program goes on.
    wanted: Option<String>,
}

impl Host for RecordingHost {
    fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    fn request(&mut self, _request: Request) {}

    fn went_on(&mut self, _walk: &Walk) {}

    fn restart(&mut self, _: &Walk, _generation: u64) -> Result<Opened, String> {
        Err(String::new())
    }

    fn catalogue(&mut self, _: &Walk) -> Result<Catalogue, String> {
        Ok(Catalogue { rows: Curriculum::unknown().rows(&LearnerProgress::peek()), opens: Opens::Here, here: None })
    }

    fn open(&mut self, lesson: &str, _: &Walk, _: u64) -> Result<Option<Opened>, NotOpened> {
        // A recording was read with as few rights as that takes: for a lesson the program begins anew.
        self.wanted = Some(lesson.to_owned());
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn days_are_those_of_the_calendar() {
        for (ms, text) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399_000, "2000-02-28 23:59:59 UTC"),
            (951_782_400_000, "2000-02-29 00:00:00 UTC"),
            (4_107_542_400_000, "2100-03-01 00:00:00 UTC"),
            (1_795_866_000_999, "2026-11-28 11:40:00 UTC"),
        ] {
            assert_eq!(super::utc(ms), text);
        }
    }
}
