//! The programs that the window of `run` runs: each is a `sockwalk exec` of its own, at a terminal of its own.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::fmt::Display;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::Duration;

use rustix::fs::{Access, access};
use signal_hook::low_level::signal_name;
use sockwalk::cli::{Commands, Exit, Invocation};
use sockwalk::i18n::{Lang, Texts, cause, escape, fill, join};
use sockwalk::linux::shared::LabName;
use sockwalk::linux::{FromProgram, Pty};
use sockwalk::model::Side;
use sockwalk::tui::{Console, Msg, ProgramCourse, ProgramEnd};
use sockwalk::walk::Walk;

use super::labs::calls_itself;
use super::unrunnable::cannot_run;

/// How long a program may take to end once the window is closed.
const LEAVING: Duration = Duration::from_secs(3);

/// What the programs' terminals call themselves: what vt100 understands is part of it.
const TERM: &str = "xterm-256color";

/// A program of the window.
struct WindowProgram {
    words: Vec<String>,
    console: Console,
    pty: Option<Pty>,
    /// It has ended, or couldn't be started.
    over: Arc<AtomicBool>,
}

/// All of them.
pub struct WindowPrograms {
    invocation: Invocation,
    lab: LabName,
    pass: bool,
    places: Vec<WindowProgram>,
    size: (u16, u16),
    to_app: Sender<Msg>,
    /// Those that are still to be started, one after the other has joined the lab: so their numbers there don't depend on luck.
    waiting: VecDeque<Side>,
    /// The processes that were started.
    started: Vec<u32>,
}

/// What was typed of a program, read.
pub struct ReadCommand {
    /// Whose part it is meant for.
    pub side: Side,
    /// As it was typed.
    pub command: String,
    /// The program and its arguments.
    pub words: Vec<String>,
}

/// The word for a side's part on the command line.
pub fn part(side: Side) -> &'static str {
    match side {
        Side::Server => "server",
        Side::Client => "client",
    }
}

/// Reads the commands as they were typed, and looks whether there are such programs.
///
/// # Errors
/// [`Exit`] with a sentence that says what is wrong with one.
pub fn read(commands: &Commands, lang: Lang) -> Result<Vec<ReadCommand>, Exit> {
    let texts = Texts::load(lang)?;
    let wrong = |status, sentence: String| Exit { status, text: format!("{}\n", join(&texts.cli.error, &sentence)) };
    let mut all = Vec::new();
    for (side, option) in [(Side::Server, "--server"), (Side::Client, "--client")] {
        let Some(command) = commands.of(side) else { continue };
        let words = shell_words::split(command)
            .map_err(|_| wrong(2, fill(&texts.shared.run_unquoted, &[("command", escape(command))])))?;
        let Some(program) = words.first().filter(|program| !program.is_empty()) else {
            return Err(wrong(2, fill(&texts.shared.run_empty, &[("option", option)])));
        };
        find(program).map_err(|error| cannot_run(OsStr::new(program), &error, lang))?;
        all.push(ReadCommand { side, command: command.trim().to_owned(), words });
    }
    Ok(all)
}

/// Looks for a program as `execvp(3)` does.
fn find(program: &str) -> io::Result<()> {
    let try_one = |path: &Path| {
        if path.is_dir() {
            return Err(io::Error::from_raw_os_error(libc::EACCES));
        }
        Ok(access(path, Access::EXEC_OK)?)
    };
    if program.contains('/') {
        return try_one(Path::new(program));
    }
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into());
    let mut found = Err(io::Error::from_raw_os_error(libc::ENOENT));
    for folder in std::env::split_paths(&path) {
        // An empty folder is the present one.
        let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
        match try_one(&folder.join(program)) {
            Ok(()) => return Ok(()),
            Err(error) if error.raw_os_error() == Some(libc::EACCES) => found = Err(error),
            Err(_) => {}
        }
    }
    found
}

impl WindowPrograms {
    /// These programs, none of which is started yet.
    pub fn new(
        read: Vec<ReadCommand>,
        lab: LabName,
        pass: bool,
        invocation: &Invocation,
        to_app: Sender<Msg>,
    ) -> WindowPrograms {
        let waiting = read.iter().map(|read| read.side).collect();
        let place = |read: ReadCommand| WindowProgram {
            words: read.words,
            console: Console::new(read.side, read.command),
            pty: None,
            over: Arc::default(),
        };
        WindowPrograms {
            invocation: invocation.clone(),
            lab,
            pass,
            places: read.into_iter().map(place).collect(),
            size: (80, 24),
            to_app,
            waiting,
            started: Vec::new(),
        }
    }

    /// Their terminals.
    pub fn consoles(&self) -> Vec<Console> {
        self.places.iter().map(|place| place.console.clone()).collect()
    }

    /// The processes that were started.
    pub fn started(&self) -> &[u32] {
        &self.started
    }

    /// Starts the next one, once that before it has come into the lab, or won't.
    pub fn go_on(&mut self, walk: &Walk) {
        let members = walk.trace().present().members();
        let is_there = |place: &WindowProgram| {
            let process = place.pty.as_ref().map(Pty::process);
            place.over.load(Ordering::Acquire) || members.iter().any(|member| Some(member.pid) == process)
        };
        // This process itself comes first.
        if walk.trace().entries().is_empty() || !self.places.iter().all(|place| place.pty.is_none() || is_there(place))
        {
            return;
        }
        if let Some(side) = self.waiting.pop_front() {
            self.start(side);
        }
    }

    /// Starts a program, again where it has run.
    pub fn start(&mut self, side: Side) {
        let Some(at) = self.places.iter().position(|place| place.console.side == side) else { return };
        let command = self.command(side, &self.places[at].words);
        let (size, to_app, lang) = (self.size, self.to_app.clone(), self.invocation.lang);
        let place = &mut self.places[at];
        // What an earlier run has left behind ends with its terminal.
        if place.pty.take().is_some() {
            place.console.begin_anew();
        }
        let (console, over) = (place.console.clone(), Arc::<AtomicBool>::default());
        place.over = Arc::clone(&over);
        let ended = to_app.clone();
        let hears = move |said: FromProgram<'_>| match said {
            FromProgram::Printed(bytes) => console.print(bytes),
            FromProgram::Changed => drop(ended.send(Msg::Printed)),
            FromProgram::Ended(status) => {
                over.store(true, Ordering::Release);
                let _ = ended.send(Msg::Program(side, ProgramCourse::Ended(end(status))));
            }
        };
        let course = match Pty::start(command, size, hears) {
            Ok(pty) => {
                let process = pty.process();
                self.started.push(process);
                place.pty = Some(pty);
                ProgramCourse::Runs(process)
            }
            Err(error) => {
                place.over.store(true, Ordering::Release);
                ProgramCourse::NotStarted(cause(lang, &error))
            }
        };
        let _ = to_app.send(Msg::Program(side, course));
    }

    fn command(&self, side: Side, words: &[String]) -> Command {
        let mut command =
            calls_itself(&self.invocation, &["exec", "--plays", part(side), "--lab", &self.lab.to_string()]);
        command.args(self.pass.then_some("--pass")).arg("--").args(words);
        command.env("TERM", TERM).env_remove("COLUMNS").env_remove("LINES");
        command
    }

    /// Types something to a program.
    pub fn type_in(&self, side: Side, bytes: Vec<u8>) {
        let place = self.places.iter().find(|place| place.console.side == side);
        if let Some(pty) = place.and_then(|place| place.pty.as_ref()) {
            pty.type_in(bytes);
        }
    }

    /// Their terminals have so many columns and rows.
    pub fn resize(&mut self, size: (u16, u16)) {
        if self.size == size {
            return;
        }
        self.size = size;
        for place in &self.places {
            place.console.resize(size);
            if let Some(pty) = &place.pty {
                pty.resize(size);
            }
        }
    }

    /// From now on it speaks this language.
    pub fn speak(&mut self, lang: Lang) {
        self.invocation.lang = lang;
    }

    /// Closes their terminals, and waits until they have ended; a sentence for each that hasn't.
    pub fn end(&mut self) -> Result<Vec<String>, Exit> {
        let texts = Texts::load(self.invocation.lang)?;
        self.places.iter().filter_map(|place| place.pty.as_ref()).for_each(|pty| pty.hang_up(LEAVING));
        let mut left = Vec::new();
        for place in &mut self.places {
            let Some(pty) = place.pty.take() else { continue };
            let (pid, command) = (pty.process(), escape(&place.console.command));
            if !pty.has_ended() {
                let filled: [(&str, &dyn Display); 3] =
                    [("command", &command), ("pid", &pid), ("s", &LEAVING.as_secs())];
                left.push(fill(&texts.shared.run_left, &filled));
            }
        }
        Ok(left)
    }
}

/// How a program ended: who runs it ends as it did.
fn end(status: ExitStatus) -> ProgramEnd {
    match (status.code(), status.signal()) {
        (Some(code), _) => ProgramEnd::Status(code),
        (None, Some(signal)) => {
            ProgramEnd::Signal(signal_name(signal).map_or_else(|| signal.to_string(), str::to_owned))
        }
        (None, None) => ProgramEnd::Status(-1),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_mistyped_is_told_before_anything_runs() {
        let told = |server: &str, client: Option<&str>| {
            let commands = Commands { server: Some(server.into()), client: client.map(str::to_owned), pass: false };
            Lang::all().map(|lang| read(&commands, lang).map_err(|exit| (exit.status, exit.text))).collect::<Vec<_>>()
        };
        for (server, client, status, named) in [
            ("sh -c 'echo", None, 2, "sh -c 'echo"),
            ("  ", None, 2, "--server"),
            ("''", None, 2, "--server"),
            ("sh", Some(""), 2, "--client"),
            ("no-such-program-anywhere 8000", None, 127, "no-such-program-anywhere"),
            ("./no/such/file", None, 127, "ENOENT"),
            ("/", None, 126, "EACCES"),
            ("/etc/passwd", None, 126, "EACCES"),
            ("no\u{1b}[31mprogram", None, 127, "no"),
        ] {
            for told in told(server, client) {
                let (found, text) = told.map(|read| read.len()).unwrap_err();
                assert!(found == status && text.contains(named) && !text.contains(['\u{1b}', '{']), "{server}: {text}");
            }
        }
        let read = read(&Commands { server: Some("sh -c 'a  b' c".into()), ..Commands::default() }, Lang::EN).unwrap();
        assert_eq!(read[0].words, ["sh", "-c", "a  b", "c"]);
    }
}
