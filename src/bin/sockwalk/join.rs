//! `sockwalk server`, `client`, `free` and `watch`: to take part in a lab that processes share.

use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use sockwalk::cli::{Exit, Invocation, Joining, Part};
use sockwalk::engine::{Answerer, Failure, Free, FreeOptions, Phase, Purpose, Request, World};
use sockwalk::i18n::{Texts, escape, fill, join};
use sockwalk::linux::shared::Joined;
use sockwalk::model::{Role, Side};
use sockwalk::report::JsonLines;
use sockwalk::tui::{Host, Msg, Walk};

use super::labs::Labs;
use super::screen;

/// Takes part until the learner quits. Returns the exit status.
pub fn run(invocation: &Invocation, joining: &Joining) -> Result<u8, Exit> {
    let texts = Texts::load(invocation.lang)?;
    if !screen::is_possible() {
        return Err(Exit { status: 1, text: format!("{}\n", join(&texts.cli.error, &texts.shared.no_terminal)) });
    }
    let labs = Labs::open(invocation)?;
    let recorder = joining.record.as_deref().map(|path| Recorder::open(path, invocation)).transpose()?;
    let sides = match joining.part {
        Part::Server => vec![Side::Server],
        Part::Client => vec![Side::Client],
        Part::Free => Side::BOTH.to_vec(),
        Part::Watch => Vec::new(),
    };
    let role = if sides.is_empty() { Role::Watches } else { Role::Drives(sides.clone()) };
    let (mut joined, name) = labs.join(invocation, joining.lab.as_deref(), role)?;
    let look = screen::look(invocation)?;
    let (sender, inbox) = channel();
    let to_app = sender.clone();
    joined
        .start(move |happening| {
            // Where the interface has ended, nobody is left to be told.
            let _ = to_app.send(Msg::World(0, Box::new(happening)));
        })
        .map_err(screen::trouble)?;
    let options = FreeOptions {
        purpose: if sides.is_empty() { Purpose::Watch } else { Purpose::Drive(sides.clone()) },
        server: joining.server,
        mode: joined.mode(),
        wire: joined.wire(),
        lab: Some(name.to_string()),
    };
    // Of both sides, the server's calls are the ones that are made by themselves.
    let answerer = joining.answer.zip(sides.first()).map(|(answer, side)| Answerer::new(*side, answer, joining.server));
    let walk = Box::new(Free::new(options, answerer));
    let mut house = House { epoch: joined.epoch(), world: Some(joined), recorder };
    let shown = screen::show(walk, look, (sender, &inbox), &mut house, |_| {})?;
    drop(house.world.take());
    shown.pass_signal_on();
    if let Some(error) = house.recorder.and_then(|recorder| recorder.failed) {
        let values = [("error", &error as &dyn std::fmt::Display)];
        let text = join(&texts.cli.error, &fill(&texts.shared.not_recorded, &values));
        return Err(Exit { status: 1, text: format!("{text}\n") });
    }
    if let Phase::Failed(failure) = shown.app.walk().phase() {
        let why = match failure {
            Failure::LabGone => texts.shared.lab_gone.clone(),
            other => fill(&texts.place.failed, &[("error", other)]),
        };
        let text = join(&texts.cli.error, &why);
        return Err(Exit { status: 1, text: format!("{text}\n") });
    }
    Ok(if shown.drawn { 0 } else { 1 })
}

/// The lab behind the interface.
struct House {
    epoch: Instant,
    world: Option<Joined>,
    recorder: Option<Recorder>,
}

impl Host for House {
    fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    fn request(&mut self, request: Request) {
        if let Some(world) = &mut self.world {
            world.request(request);
        }
    }

    fn went_on(&mut self, walk: &dyn Walk) {
        if let Some(recorder) = &mut self.recorder {
            recorder.write(walk);
        }
    }

    fn restart(&mut self, _generation: u64) -> Result<Box<dyn Walk>, String> {
        // A lab that others share isn't made anew by one of them: no key of a free walk asks for it.
        Err(String::new())
    }
}

/// Writes the trace into a file as it grows.
struct Recorder {
    lines: JsonLines,
    out: BufWriter<std::fs::File>,
    /// Why nothing more is written.
    failed: Option<io::Error>,
}

impl Recorder {
    /// Makes the file, which must not be there yet: nothing is overwritten.
    fn open(path: &Path, invocation: &Invocation) -> Result<Recorder, Exit> {
        let texts = Texts::load(invocation.lang)?;
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|error| {
            let text = match error.kind() {
                io::ErrorKind::AlreadyExists => &texts.shared.record_exists,
                _ => &texts.shared.no_record,
            };
            let path = escape(path.as_os_str().as_encoded_bytes());
            let sentence = fill(text, &[("path", &path as &dyn std::fmt::Display), ("error", &error)]);
            Exit { status: 1, text: format!("{}\n", join(&texts.cli.error, &sentence)) }
        })?;
        Ok(Recorder { lines: JsonLines::recording(), out: BufWriter::new(file), failed: None })
    }

    fn write(&mut self, walk: &dyn Walk) {
        if self.failed.is_none() {
            let written = self.lines.write(walk.trace(), |_| "", &mut self.out).and_then(|()| self.out.flush());
            self.failed = written.err();
        }
    }
}
