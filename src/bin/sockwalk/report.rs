//! `sockwalk run --report`: a server and a client in one lab, without a screen. What was wrong with their calls is said at the end.
//!
//! Each program is a `sockwalk exec` of its own, as those of the window are; this process looks on, as `watch` does, and so has
//! all that happens. It does what a script would do: the server in the background, the client in the foreground, and then `kill`.

use std::fmt::Display;
use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use sockwalk::cli::{Commands, Exit, Invocation};
use sockwalk::explain::diagnosis;
use sockwalk::i18n::{Lang, SharedTexts, Texts, cause, escape, fill, join};
use sockwalk::linux::{PidFd, receive_signals};
use sockwalk::model::{Event, HeldCalls, Member, Mode, Side, SocketState, Trace, escape_with, signal_name};
use sockwalk::tcp::State;
use sockwalk::walk::{Happening, HappeningKind, World};

use super::labs::{Labs, calls_itself};
use super::programs::{self, ReadCommand};
use super::recorder::Recordings;
use super::screen;

/// How long a client is kept back until somebody listens.
const LISTENS: Duration = Duration::from_secs(10);

/// Once the client has ended, the server is ended when nothing has happened for so long: what nobody does is known by then.
const STILL: Duration = Duration::from_secs(2);

/// The longest time that the server has for that.
const LONGEST: Duration = Duration::from_secs(10);

/// How long a server may take to heed SIGTERM.
const GRACE: Duration = Duration::from_secs(3);

/// How long the lab may take to tell of the programs' ends.
const LAST: Duration = Duration::from_secs(2);

/// What comes to this process.
enum Said {
    Happened(Vec<Happening>),
    /// Another process sent a signal.
    Signal(i32),
    Ended(Side, io::Result<ExitStatus>),
}

/// A program that was started.
struct ReportedProgram {
    side: Side,
    command: String,
    pid: u32,
    process: Option<PidFd>,
    /// How it ended, where that could be heard.
    ended: Option<Option<ExitStatus>>,
}

/// Both of them, and what is known of the lab.
struct Supervisor {
    texts: &'static SharedTexts,
    lang: Lang,
    inbox: Receiver<Said>,
    sender: Sender<Said>,
    trace: Trace,
    /// When something last happened in the lab.
    newest: Instant,
    lab_gone: bool,
    programs: Vec<ReportedProgram>,
    recordings: Recordings,
}

/// Runs them to their end. Returns the client's exit status; the server's where no client ran.
pub fn run(invocation: &Invocation, commands: &Commands, lab: Option<&str>, record: Option<&Path>) -> Result<u8, Exit> {
    let lang = invocation.lang;
    let (texts, read) = (Texts::load(lang)?, programs::read(commands, lang)?);
    let labs = Labs::open(invocation)?;
    let mut recordings = Recordings::new(record.map(Path::to_owned));
    recordings.make_file().map_err(|why| why.exit(lang))?;
    let (mut joined, lab) = labs.look_on(invocation, lab)?;
    recordings.begin((joined.mode(), joined.wire()), None);
    opening(&texts.shared, (joined.mode(), joined.held()), &lab.name, &read);
    let (sender, inbox) = channel();
    let (happened, name) = (sender.clone(), lab.name.to_string());
    let hears = move |all| drop(happened.send(Said::Happened(all)));
    joined.start(hears).map_err(screen::refused(lang))?;
    hear_signals(&sender).map_err(screen::trouble(lang))?;
    let (texts, newest) = (&texts.shared, Instant::now());
    let (trace, programs) = (Trace::default(), Vec::new());
    let mut all = Supervisor { texts, lang, inbox, sender, trace, newest, lab_gone: false, programs, recordings };
    let ran = all.run(invocation, &name, read);
    drop(joined);
    std::mem::take(&mut all.recordings).finish(lang)?;
    ran
}

/// Says what happens, and what doesn't.
fn opening(texts: &SharedTexts, (mode, held): (Mode, HeldCalls), lab: &dyn Display, read: &[ReadCommand]) {
    let place = match (mode, held) {
        (Mode::Host, _) => &texts.exec_host,
        // Nobody is there who lets calls and segments go one by one.
        (Mode::Lab, HeldCalls::None) => &texts.report_lab,
        (Mode::Lab, HeldCalls::Walk | HeldCalls::All) => &texts.report_stepped,
    };
    let course = match read {
        [one] if one.side == Side::Server => &texts.report_server,
        [_] => &texts.report_client,
        _ => &texts.report_both,
    };
    for text in [place, course] {
        say(&fill(text, &[("lab", lab)]));
    }
}

fn say(line: &str) {
    // Where nobody reads, the programs run all the same.
    let _ = writeln!(super::out::err(), "{line}");
}

/// The terminal's keys come to the programs by themselves; what another process sends is handed on.
fn hear_signals(sender: &Sender<Said>) -> io::Result<()> {
    let (mut signals, sender) = (receive_signals()?, sender.clone());
    let hear = move || {
        let mut signal = [0];
        while signals.read_exact(&mut signal).is_ok() && sender.send(Said::Signal(signal[0].into())).is_ok() {}
    };
    thread::Builder::new().name("signals".into()).spawn(hear).map(drop)
}

impl Supervisor {
    fn run(&mut self, invocation: &Invocation, lab: &str, read: Vec<ReadCommand>) -> Result<u8, Exit> {
        let several = read.len() > 1;
        for command in read {
            if command.side == Side::Client && !self.programs.is_empty() && !self.may_follow() {
                break;
            }
            // As a shell has it of what runs in the background.
            let background = several && command.side == Side::Server;
            if let Err(error) = self.start(invocation, lab, command, background) {
                self.end_server();
                return Err(error);
            }
        }
        if let Some(side) = self.programs.last().map(|program| program.side) {
            self.wait(None, |all| all.has_ended(side));
        }
        self.end_server();
        self.report();
        let last = self.programs.last().and_then(|program| program.ended.flatten());
        Ok(last.map_or(1, status))
    }

    /// Waits until the server listens. Whether the client can be started.
    fn may_follow(&mut self) -> bool {
        let listens = self.wait(Some(LISTENS), |all| all.listens() || all.is_gone(Side::Server) || all.lab_gone);
        if !listens {
            say(&fill(&self.texts.report_late, &[("s", &LISTENS.as_secs())]));
        }
        // A server that has gone into the background has ended, and listens or is about to.
        let may = !self.lab_gone && (self.listens() || !self.is_gone(Side::Server));
        if !may {
            say(if self.lab_gone { &self.texts.exec_gone } else { &self.texts.report_no_client });
        }
        may
    }

    /// `background`: another one is the terminal's.
    fn start(
        &mut self,
        invocation: &Invocation,
        lab: &str,
        command: ReadCommand,
        background: bool,
    ) -> Result<(), Exit> {
        let ReadCommand { side, command, words } = command;
        let mut started =
            calls_itself(invocation, &["exec", "--report", "--plays", programs::part(side), "--lab", lab, "--"]);
        started.args(words);
        if background {
            started.stdin(Stdio::null());
        }
        let cant = |error| {
            let filled = [("program", escape(&command)), ("error", cause(self.lang, &error))];
            screen::cannot_go_on(&fill(&self.texts.no_program, &filled), self.lang)
        };
        let mut child = started.spawn().map_err(cant)?;
        let (pid, sender) = (child.id(), self.sender.clone());
        let process = PidFd::open(pid).ok();
        self.programs.push(ReportedProgram { side, command, pid, process, ended: None });
        let wait = move || drop(sender.send(Said::Ended(side, child.wait())));
        thread::Builder::new().name("waits".into()).spawn(wait).map(drop).map_err(screen::trouble(self.lang))
    }

    /// Ends a server that still runs, as a script's `kill` does, once it has had time for what the client did last.
    fn end_server(&mut self) {
        if !self.programs.iter().any(|program| program.side == Side::Server) || self.is_gone(Side::Server) {
            return;
        }
        // What has gone into the background ends with this process, and not before it has done what the client asked for.
        self.wait(Some(LONGEST), |all| all.is_gone(Side::Server) || all.newest.elapsed() >= STILL);
        for text in [&self.texts.report_ends, &self.texts.report_kills] {
            if self.has_ended(Side::Server) {
                return;
            }
            say(&fill(text, &[("s", &GRACE.as_secs())]));
            self.signal(Side::Server, libc::SIGTERM);
            self.wait(Some(GRACE), |all| all.has_ended(Side::Server));
        }
    }

    /// A signal to a program: who runs it hands it on, and makes SIGKILL of a second SIGTERM.
    fn signal(&self, side: Side, signal: i32) {
        let of = self.programs.iter().filter(|program| program.side == side && program.ended.is_none());
        // It may have ended just now.
        of.filter_map(|program| program.process.as_ref()).for_each(|process| drop(process.signal(signal)));
    }

    /// How each of them ended, and what was wrong with its calls.
    fn report(&mut self) {
        let told = |all: &Supervisor, program: &ReportedProgram| {
            let Some(member) = all.member(program) else { return true };
            let is_over =
                |event: &Event| matches!(event, Event::ProgramEnded { program, .. } if *program == member.number);
            all.trace.entries().iter().rev().any(|entry| is_over(&entry.event))
        };
        self.wait(Some(LAST), |all| all.lab_gone || all.programs.iter().all(|program| told(all, program)));
        for program in &self.programs {
            let ended = match &program.ended {
                Some(Some(status)) => self.how(*status),
                _ => self.texts.report_lost.clone(),
            };
            let command = escape_with(program.command.as_bytes(), "\n\r\t");
            let filled = [("side", self.texts.side(program.side)), ("command", &command)];
            say(&join(&fill(&self.texts.report_of, &filled), &ended));
            // The texts are the program's own, which a test reads.
            let lines =
                self.member(program).and_then(|member| diagnosis::report(&self.trace, member, false, self.lang).ok());
            lines.unwrap_or_default().iter().for_each(|line| say(line));
        }
        if self.lab_gone {
            say(&self.texts.report_cut);
        }
    }

    fn how(&self, status: ExitStatus) -> String {
        match (status.code(), status.signal()) {
            (None, Some(signal)) => fill(&self.texts.report_signal, &[("signal", signal_name(signal))]),
            (code, _) => fill(&self.texts.report_status, &[("status", code.unwrap_or_default())]),
        }
    }

    /// A program as the lab knows it.
    fn member(&self, program: &ReportedProgram) -> Option<&Member> {
        self.trace.entries().iter().find_map(|entry| match &entry.event {
            Event::Joined(member) if member.pid == program.pid => Some(member),
            _ => None,
        })
    }

    fn has_ended(&self, side: Side) -> bool {
        self.programs.iter().any(|program| program.side == side && program.ended.is_some())
    }

    /// Whether it has ended, and no process that it started takes part in the lab any more.
    fn is_gone(&self, side: Side) -> bool {
        let members = self.trace.present().members();
        let takes_part = |program: &ReportedProgram| members.iter().any(|member| member.pid == program.pid);
        let mut of = self.programs.iter().filter(|program| program.side == side);
        self.has_ended(side) && !of.any(takes_part)
    }

    /// Whether the server can be reached.
    fn listens(&self) -> bool {
        let server = self.programs.iter().find(|program| program.side == Side::Server);
        let Some(member) = server.and_then(|server| self.member(server)) else { return false };
        self.trace.present().living().any(|socket| {
            let is_open = match socket.state {
                SocketState::Unconnected => socket.facts.local.is_some_and(|local| local.port() != 0),
                state => state == SocketState::Tcp(State::Listen),
            };
            is_open && socket.facts.actor().is_some_and(|actor| member.makes(actor))
        })
    }

    /// Hears what comes until something is so, for so long at most. Whether it is so.
    fn wait(&mut self, longest: Option<Duration>, is_so: impl Fn(&Supervisor) -> bool) -> bool {
        let end = longest.map(|longest| Instant::now() + longest);
        loop {
            if is_so(self) {
                return true;
            }
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return false;
            }
            // What is so may depend on the time alone.
            match self.inbox.recv_timeout(left.map_or(STILL, |left| left.min(STILL))) {
                Ok(said) => self.hear(said),
                Err(RecvTimeoutError::Timeout) => {}
                // It has a sender itself.
                Err(RecvTimeoutError::Disconnected) => return is_so(self),
            }
        }
    }

    fn happened(&mut self, Happening { at, what }: Happening) {
        match what {
            HappeningKind::Event(event) => {
                if let Event::Joined(member) = &event
                    && member.steps()
                {
                    say(&fill(&self.texts.report_holder, &[("pid", &member.pid)]));
                }
                self.trace.push(at, event);
                self.newest = Instant::now();
            }
            HappeningKind::Failed(_) => self.lab_gone = true,
            HappeningKind::Settled | HappeningKind::Unmade(_) => {}
        }
    }

    fn hear(&mut self, said: Said) {
        match said {
            Said::Happened(happened) => {
                happened.into_iter().for_each(|happening| self.happened(happening));
                self.recordings.write(&self.trace, None);
            }
            // Who is in the foreground gets it.
            Said::Signal(signal) => {
                if let Some(side) = self.programs.last().map(|program| program.side) {
                    self.signal(side, signal);
                }
            }
            Said::Ended(side, status) => {
                let of = self.programs.iter_mut().filter(|program| program.side == side);
                of.for_each(|program| program.ended = Some(status.as_ref().ok().copied()));
            }
        }
    }
}

/// The status of a program as a shell has it.
fn status(ended: ExitStatus) -> u8 {
    let by_signal = ended.signal().map(|signal| 128 + signal);
    u8::try_from(ended.code().or(by_signal).unwrap_or(1)).unwrap_or(1)
}
