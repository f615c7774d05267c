//! `sockwalk replay FILE`: to walk through what `--record` wrote.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use sockwalk::cli::{Exit, Invocation, Shown};
use sockwalk::engine::{Free, FreeOptions, Happening, Purpose, Request, What, Wire};
use sockwalk::i18n::{Lang, Texts, escape, fill, join};
use sockwalk::model::{Entry, Event, Mode};
use sockwalk::plain::Transcript;
use sockwalk::report::{Unreadable, read_recording};
use sockwalk::tui::{Catalogue, Host, NotOpened, Opened, Opens, Walk};

use super::course::Course;
use super::memory::Memory;
use super::parting;
use super::screen;

/// Shows the recording until the learner quits, or prints it. Returns the exit status.
pub fn run(invocation: &Invocation, path: &Path, shown: Shown) -> Result<u8, Exit> {
    let texts = Texts::load(invocation.lang)?;
    let name = escape(path.as_os_str().as_encoded_bytes());
    let cant = |text: &str, line: u64, error: &dyn std::fmt::Display| {
        let values = [("path", &name as &dyn std::fmt::Display), ("line", &line), ("error", error)];
        Exit { status: 1, text: format!("{}\n", join(&texts.cli.error, &fill(text, &values))) }
    };
    // First of all: the file is foreign.
    super::place::become_user(invocation.lang)?;
    let file = open(path).map_err(|error| cant(&texts.shared.no_recording, 0, &error))?;
    let entries = read_recording(BufReader::new(file)).map_err(|error| match error {
        Unreadable::Io(error) => cant(&texts.shared.no_recording, 0, &error),
        Unreadable::Line(line) => cant(&texts.shared.bad_recording, line, &""),
        Unreadable::NotWhole(line) => cant(&texts.shared.thin_recording, line, &""),
    })?;
    let walk = recorded(entries);
    if shown == Shown::Text || !screen::is_possible() {
        let mut out = BufWriter::new(io::stdout().lock());
        let mut transcript = Transcript::free(Mode::Lab, invocation.lang)?;
        let told = writeln!(out, "{}", fill(&texts.shared.recording, &[("path", &name)]))
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
    let look = screen::look(invocation)?;
    let mut house = House { begun: Instant::now(), wanted: None };
    let shown = screen::show(Box::new(walk), look, (sender, &inbox), &mut house, |app| app.look_at_the_beginning())?;
    shown.pass_signal_on();
    if !shown.drawn {
        return Ok(1);
    }
    let lang = shown.app.lang();
    if let Some(lesson) = house.wanted {
        return Err(screen::trouble(learn(&lesson, lang)));
    }
    let moments = (shown.app.view().moment(), shown.app.walk().trace().now());
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
    let lang = if lang == Lang::Zh { "zh" } else { "en" };
    Command::new(program).args(["learn", lesson, "--lang", lang]).args(theme).exec()
}

/// Opens a regular file: a named pipe without a writer would make the program wait for ever.
fn open(path: &Path) -> io::Result<File> {
    if std::fs::metadata(path)?.is_file() { File::open(path) } else { Err(io::Error::other("not a regular file")) }
}

fn recorded(entries: Vec<Entry>) -> Free {
    let server = entries.iter().find_map(|entry| match &entry.event {
        Event::Socket(facts) if facts.state == sockwalk::tcp::State::Listen => facts.local,
        _ => None,
    });
    let options = FreeOptions {
        purpose: Purpose::Replay,
        server: server.unwrap_or_else(|| ([127, 0, 0, 1], 8000).into()),
        mode: Mode::Lab,
        wire: Wire::Holds,
        lab: None,
    };
    let mut walk = Free::new(options, None);
    for Entry { at, event } in entries {
        walk.happened(Happening { at, what: What::Event(event) });
    }
    walk
}

/// Nothing stands behind a recording.
struct House {
    begun: Instant,
    /// The lesson with which the program goes on.
    wanted: Option<String>,
}

impl Host for House {
    fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    fn request(&mut self, _request: Request) {}

    fn went_on(&mut self, _walk: &dyn Walk) {}

    fn restart(&mut self, _: &dyn Walk, _generation: u64) -> Result<Opened, String> {
        Err(String::new())
    }

    fn catalogue(&mut self, _: &dyn Walk) -> Result<Catalogue, String> {
        Ok(Catalogue { rows: Course::unknown().rows(&Memory::peek()), opens: Opens::Here, here: None })
    }

    fn open(&mut self, lesson: &str, _: &dyn Walk, _: u64) -> Result<Option<Opened>, NotOpened> {
        // A recording was read with as few rights as that takes: for a lesson the program begins anew.
        self.wanted = Some(lesson.to_owned());
        Ok(None)
    }
}
