//! `sockwalk server`, `client`, `free` and `watch`: to take part in a lab that processes share.

use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use sockwalk::cli::{Exit, Invocation, Joining, Part};
use sockwalk::engine::{Answer, Answerer, Failure, Free, FreeOptions, Phase, Purpose, Request, World};
use sockwalk::i18n::{Texts, escape, fill, join};
use sockwalk::lesson::{Lang, Localized};
use sockwalk::linux::shared::Joined;
use sockwalk::model::{Role, Side};
use sockwalk::report::{Header, JsonLines};
use sockwalk::tui::{Catalogue, Host, Msg, NotOpened, Opened, Opens, Walk};

use super::course::Course;
use super::labs::Labs;
use super::memory::Memory;
use super::parting;
use super::screen;
use super::shelf::now_ms;

/// Takes part until the learner quits. Returns the exit status.
pub fn run(invocation: &Invocation, joining: &Joining) -> Result<u8, Exit> {
    let texts = Texts::load(invocation.lang)?;
    if !screen::is_possible() {
        return Err(Exit { status: 1, text: format!("{}\n", join(&texts.cli.error, &texts.shared.no_terminal)) });
    }
    let labs = Labs::open(invocation)?;
    let recording = joining.record.as_deref().map(|path| create(path, invocation)).transpose()?;
    let sides = match joining.part {
        Part::Server => vec![Side::Server],
        Part::Client => vec![Side::Client],
        Part::Free => Side::BOTH.to_vec(),
        Part::Watch => Vec::new(),
    };
    let role = if sides.is_empty() { Role::Watches } else { Role::Drives(sides.clone()) };
    let (mut joined, name) = labs.join(invocation, joining.lab.as_deref(), role)?;
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
    let recorder = recording.map(|file| Recorder::new(file, &joined));
    let mut house = House { epoch: joined.epoch(), world: Some(joined), lab: name.to_string(), recorder };
    let shown = screen::show(walk, invocation, (sender, &inbox), &mut house, |_| {})?;
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
    if !shown.drawn {
        return Ok(1);
    }
    let pid = std::process::id();
    let members = shown.app.walk().trace().present().members();
    let others = members.iter().filter(|member| member.pid != pid).count();
    let words = parting_words(joining, invocation.port);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    parting::say(&parting::lab(others, &house.lab, &words, invocation, shown.app.lang())?);
    Ok(0)
}

/// What the program is called for to take part in the same way again.
fn parting_words(joining: &Joining, port: Option<u16>) -> Vec<String> {
    let part = match joining.part {
        Part::Server => "server",
        Part::Client => "client",
        Part::Free => "free",
        Part::Watch => "watch",
    };
    let mut words = vec![part.to_owned()];
    let usual = SocketAddr::from(([127, 0, 0, 1], port.unwrap_or(8000)));
    words.extend((joining.server != usual).then(|| joining.server.to_string()));
    if let Some(answer) = joining.answer {
        let answer = match answer {
            Answer::Success => "success",
            Answer::Echo => "echo",
        };
        words.extend(["--answer", answer].map(str::to_owned));
    }
    words
}

/// The lab behind the interface.
struct House {
    epoch: Instant,
    world: Option<Joined>,
    /// The lab's name.
    lab: String,
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

    fn restart(&mut self, _: &dyn Walk, _generation: u64) -> Result<Opened, String> {
        // A lab that others share isn't made anew by one of them: no key of a free walk asks for it.
        Err(String::new())
    }

    fn catalogue(&mut self, _: &dyn Walk) -> Result<Catalogue, String> {
        let say = |lang| {
            let texts = Texts::load(lang).map_err(|error| error.to_string())?;
            Ok::<_, String>(fill(&texts.shared.lesson_elsewhere, &[("lab", &self.lab)]))
        };
        let opens = Opens::Elsewhere(Localized { en: say(Lang::En)?, zh: say(Lang::Zh)? });
        Ok(Catalogue { rows: Course::unknown().rows(&Memory::peek()), opens, here: None })
    }

    fn open(&mut self, _: &str, _: &dyn Walk, _: u64) -> Result<Option<Opened>, NotOpened> {
        // This process is in the lab's namespaces for good, and a lesson's lab is made from outside of them.
        Ok(None)
    }
}

/// Writes the trace into a file as it grows.
struct Recorder {
    lines: JsonLines,
    out: BufWriter<std::fs::File>,
    /// Why nothing more is written.
    failed: Option<io::Error>,
}

/// Makes the file of a recording, which must not be there yet: nothing is overwritten.
fn create(path: &Path, invocation: &Invocation) -> Result<std::fs::File, Exit> {
    let texts = Texts::load(invocation.lang)?;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|error| {
        let text = match error.kind() {
            io::ErrorKind::AlreadyExists => &texts.shared.record_exists,
            _ => &texts.shared.no_record,
        };
        let path = escape(path.as_os_str().as_encoded_bytes());
        let sentence = fill(text, &[("path", &path as &dyn std::fmt::Display), ("error", &error)]);
        Exit { status: 1, text: format!("{}\n", join(&texts.cli.error, &sentence)) }
    })
}

impl Recorder {
    fn new(file: std::fs::File, lab: &Joined) -> Recorder {
        let header = Header {
            mode: lab.mode(),
            wire: lab.wire(),
            kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
            began_ms: now_ms(),
            lesson: None,
            step: None,
            program: env!("CARGO_PKG_VERSION").to_owned(),
        };
        Recorder { lines: JsonLines::recording(header), out: BufWriter::new(file), failed: None }
    }

    fn write(&mut self, walk: &dyn Walk) {
        if self.failed.is_none() {
            let written = self.lines.write(walk.trace(), |_| "", &mut self.out).and_then(|()| self.out.flush());
            self.failed = written.err();
        }
    }
}
