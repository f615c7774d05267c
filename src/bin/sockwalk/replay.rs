//! `sockwalk replay FILE`: to walk through what `--record` wrote.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use sockwalk::cli::{Exit, Invocation, Shown};
use sockwalk::engine::{Free, FreeOptions, Happening, Purpose, Request, What, Wire};
use sockwalk::i18n::{Texts, escape, fill, join};
use sockwalk::model::{Entry, Event, Mode};
use sockwalk::plain::Transcript;
use sockwalk::report::{Unreadable, read_recording};
use sockwalk::tui::{Host, Walk};

use super::screen;

/// Shows the recording until the learner quits, or prints it. Returns the exit status.
pub fn run(invocation: &Invocation, path: &Path, shown: Shown) -> Result<u8, Exit> {
    let texts = Texts::load(invocation.lang)?;
    let name = escape(path.as_os_str().as_encoded_bytes());
    let cant = |text: &str, line: u64, error: &dyn std::fmt::Display| {
        let values = [("path", &name as &dyn std::fmt::Display), ("line", &line), ("error", error)];
        Exit { status: 1, text: format!("{}\n", join(&texts.cli.error, &fill(text, &values))) }
    };
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
            Err(error) => Err(screen::trouble(error)),
            Ok(()) => Ok(0),
        };
    }
    let (sender, inbox) = channel();
    let look = screen::look(invocation)?;
    let mut house = House(Instant::now());
    let shown = screen::show(Box::new(walk), look, (sender, &inbox), &mut house, |app| app.look_at_the_beginning())?;
    shown.pass_signal_on();
    Ok(if shown.drawn { 0 } else { 1 })
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
struct House(Instant);

impl Host for House {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn request(&mut self, _request: Request) {}

    fn went_on(&mut self, _walk: &dyn Walk) {}

    fn restart(&mut self, _generation: u64) -> Result<Box<dyn Walk>, String> {
        Err(String::new())
    }
}
