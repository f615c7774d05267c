//! The stage of a test: a user's labs in a folder of their own, the program's processes in their terminals, programs
//! beside them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, chown};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use sockwalk::i18n::Lang;
use sockwalk::model::{Actor, Entry, Event, Outcome, Side, Trace};
use sockwalk::report::read_recording;
use sockwalk::tui::InterfaceTexts;
use vt100::Screen;

use crate::common::procs::{self, Seen};
use crate::common::pty::{self, Terminal};
use crate::common::{BOUND, Folder, Program, User, skipped, until};
use crate::screens;

pub const SMALL: (u16, u16) = (80, 24);
pub const LARGE: (u16, u16) = (120, 40);
/// A window in which no explanation must be scrolled.
pub const TALL: (u16, u16) = (120, 70);

/// One of the stage's terminals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat(usize);

/// A program that runs without a terminal; it is ended with the stage.
pub struct Beside {
    child: Child,
    /// A file and not a pipe: what was printed before the end is there at the end.
    output: PathBuf,
    what: String,
}

pub struct Stage {
    pub program: Program,
    pub user: User,
    pub lang: Lang,
    pub size: (u16, u16),
    pub texts: InterfaceTexts,
    home: Folder,
    terminals: Vec<Terminal>,
    beside: Vec<Beside>,
    read: RefCell<HashMap<usize, LastRead>>,
}

/// A recording's text when it was read last, and what stands in it: it is asked some hundred times a second, and has seldom grown.
struct LastRead {
    text: String,
    entries: Rc<Vec<Entry>>,
}

impl Stage {
    pub fn new(user: User, size: (u16, u16), lang: Lang) -> Stage {
        let home = Folder::new();
        let stage = Stage {
            program: Program::new(),
            user,
            lang,
            size,
            texts: InterfaceTexts::load(lang).unwrap(),
            home,
            terminals: Vec::new(),
            beside: Vec::new(),
            read: RefCell::default(),
        };
        stage.own_folder("run");
        stage.own_folder("own");
        stage
    }

    pub fn of(user: User) -> Stage {
        Stage::new(user, LARGE, Lang::EN)
    }

    /// One in which a server and a client have joined.
    pub fn with_two(user: User) -> (Stage, Seat, Seat) {
        let mut stage = Stage::of(user);
        let server = stage.join(&["server"]);
        let client = stage.join(&["client"]);
        (stage, server, client)
    }

    /// Makes a folder that is the user's alone.
    pub fn own_folder(&self, name: &str) -> PathBuf {
        let path = self.home.path().join(name);
        fs::DirBuilder::new().mode(0o700).create(&path).unwrap();
        chown(&path, Some(self.user.uid()), None).unwrap();
        path
    }

    /// Where the labs' sockets are.
    pub fn run(&self) -> PathBuf {
        self.home.path().join("run")
    }

    /// A file of the user's.
    pub fn file(&self, name: &str) -> PathBuf {
        self.home.path().join("own").join(name)
    }

    /// A file that everybody can read.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        self.home.write(name, text)
    }

    /// The program, with the stage's labs.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.program.command(self.user, &["--lang", self.lang.code()]);
        command.args(args).env("XDG_RUNTIME_DIR", self.run());
        command
    }

    /// Opens a terminal with the program in it, and waits for nothing.
    pub fn open(&mut self, args: &[&str]) -> Seat {
        self.open_command(self.command(args))
    }

    /// The same with any command.
    pub fn open_command(&mut self, command: Command) -> Seat {
        let terminal = Terminal::open(command, self.size.0, self.size.1);
        self.terminals.push(terminal);
        Seat(self.terminals.len() - 1)
    }

    /// Somebody takes part, with a recording; waits until they are in the lab.
    #[track_caller]
    pub fn join(&mut self, args: &[&str]) -> Seat {
        let file = self.recording_path(Seat(self.terminals.len()));
        let args = [args, &["--record", file.to_str().unwrap()]].concat();
        let seat = self.open(&args);
        let title = match args.iter().find(|arg| ["server", "client", "free", "watch", "run"].contains(arg)) {
            Some(&"server") => &self.texts.free.title_server,
            Some(&"client") => &self.texts.free.title_client,
            Some(&"watch") => &self.texts.free.title_watch,
            Some(&"run") => &self.texts.free.title_run,
            _ => &self.texts.free.title,
        };
        let title = title.clone();
        self.wait(seat, &title, |screen| screens::first_row(screen).contains(&title));
        let pid = self.pid(seat);
        self.until("its own arrival in its trace", |stage| {
            stage.entries(seat).iter().any(|entry| matches!(&entry.event, Event::Joined(member) if member.pid == pid))
        });
        seat
    }

    /// Runs a program without a terminal. This is what it reads on its standard input.
    pub fn beside(&mut self, command: Command, input: &str) -> usize {
        let output = self.home.path().join(format!("said-{}", self.beside.len()));
        self.beside.push(Beside::start(command, input, output));
        self.beside.len() - 1
    }

    /// `sockwalk exec` with a program whose calls don't wait.
    pub fn exec(&mut self, program: &[&str], input: &str) -> usize {
        let command = self.command(&[&["exec", "--pass", "--"], program].concat());
        self.beside(command, input)
    }

    /// A program that this user can run; `None`, visibly and with Debian's name of its package, where there is none.
    pub fn tool(&self, name: &str, try_with: &str) -> Option<String> {
        let path = std::env::var("PATH").unwrap();
        let works = |path: &PathBuf| {
            let mut command = self.user.command(path);
            command.arg(try_with).stdout(Stdio::null()).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        let found = path.split(':').map(|folder| Path::new(folder).join(name)).find(works);
        if found.is_none() {
            let package = if name == "nc" { "netcat-openbsd" } else { name };
            skipped(&format!("{:?} has no {name}: apt install {package}", self.user));
        }
        found.map(|path| path.to_str().unwrap().to_owned())
    }

    /// What such a program has printed, on both outputs.
    pub fn said(&self, beside: usize) -> String {
        self.beside[beside].said()
    }

    /// Waits until such a program has printed something.
    #[track_caller]
    pub fn wait_said(&mut self, beside: usize, text: &str) {
        self.until(&format!("{text:?} from the program"), |stage| stage.said(beside).contains(text));
    }

    /// Waits for the end of such a program.
    #[track_caller]
    pub fn wait_end(&mut self, beside: usize) -> ExitStatus {
        let mut status = None;
        self.until("end of the program", |stage| {
            status = stage.beside[beside].child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }

    /// A program of the lab's sends so many bytes to another one, which are both let pass; waits until both have ended and
    /// what came is what was sent.
    #[track_caller]
    pub fn transfers(&mut self, seat: Seat, python: &str, bytes: u64) {
        let file = |name, text| self.write(name, text).to_str().unwrap().to_owned();
        let receiver = file("receiver.py", include_str!("programs/receiver.py"));
        let sender = file("sender.py", include_str!("programs/sender.py"));
        let receiver = self.exec(&[python, &receiver, "127.0.0.1", "8000"], "");
        self.wait_program(seat, "python3", Side::Server, "LISTEN");
        let sender = self.exec(&[python, &sender, "127.0.0.1", "8000", &bytes.to_string()], "");
        let told = [(sender, "sent "), (receiver, "received ")].map(|(program, word)| {
            self.wait_said(program, word);
            assert!(self.wait_end(program).success());
            let said = self.said(program);
            said.lines().find_map(|line| line.strip_prefix(word).map(str::to_owned)).unwrap()
        });
        assert_eq!(told[0], told[1], "what came isn't what was sent");
    }

    pub fn beside_pid(&self, beside: usize) -> u32 {
        self.beside[beside].child.id()
    }

    pub fn pid(&self, seat: Seat) -> u32 {
        self.terminals[seat.0].pid()
    }

    pub fn terminal(&mut self, seat: Seat) -> &mut Terminal {
        &mut self.terminals[seat.0]
    }

    pub fn screen(&self, seat: Seat) -> &Screen {
        self.terminals[seat.0].screen()
    }

    pub fn press(&mut self, seat: Seat, keys: &str) {
        self.terminals[seat.0].press(keys);
    }

    /// Presses Space in a lesson, once that is offered: while a step runs no other one begins.
    #[track_caller]
    pub fn goes_on(&mut self, seat: Seat) {
        let offer = format!(" Space {} ", self.texts.label("next"));
        self.wait(seat, &offer, |screen| screens::rows(screen).iter().rev().take(2).any(|row| row.contains(&offer)));
        self.press(seat, " ");
    }

    /// Reads all the terminals until something is so.
    #[track_caller]
    pub fn until(&mut self, what: &str, mut is_so: impl FnMut(&mut Stage) -> bool) {
        let end = Instant::now() + BOUND;
        while !is_so(self) {
            assert!(Instant::now() < end, "{:?}, no {what}:\n{}", self.user, self.everything());
            self.read();
        }
    }

    fn read(&mut self) {
        let mut came = false;
        for terminal in &mut self.terminals {
            while terminal.read(Duration::ZERO) {
                came = true;
            }
        }
        if !came {
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until a whole frame is as wanted. What is still as it was isn't read again.
    #[track_caller]
    pub fn wait(&mut self, seat: Seat, what: &str, is_so: impl Fn(&Screen) -> bool) {
        let mut read = None;
        self.until(&format!("{what} at {seat:?}"), |stage| {
            let terminal = &mut stage.terminals[seat.0];
            let now = Some((terminal.raw.len(), terminal.screen().size()));
            let is_whole = terminal.is_between_frames() || terminal.ended().is_some();
            is_whole && std::mem::replace(&mut read, now) != now && is_so(terminal.screen())
        });
    }

    /// Waits until a text is on the screen, wherever lines are broken in it.
    #[track_caller]
    pub fn wait_text(&mut self, seat: Seat, text: &str) {
        let wanted = screens::unbroken(text);
        self.wait(seat, text, |screen| screens::everywhere(screen).contains(&wanted));
    }

    /// Waits until a text is no longer on the screen.
    #[track_caller]
    pub fn wait_without(&mut self, seat: Seat, text: &str) {
        let gone = screens::unbroken(text);
        self.wait(seat, &format!("no {text}"), |screen| !screens::everywhere(screen).contains(&gone));
    }

    fn everything(&self) -> String {
        let mut all = String::new();
        for (n, terminal) in self.terminals.iter().enumerate() {
            all += &format!("-- seat {n}, process {}\n{}\n", terminal.pid(), terminal.text());
        }
        for beside in &self.beside {
            all += &format!("-- {}\n{}\n", beside.what, beside.said());
        }
        all
    }

    pub fn recording_path(&self, seat: Seat) -> PathBuf {
        self.file(&format!("{}.jsonl", seat.0))
    }

    /// What a seat's recording holds so far, without its header.
    fn recorded(&self, seat: Seat) -> String {
        let mut text = fs::read(self.recording_path(seat)).unwrap_or_default();
        // The last line may be half written, also within a character.
        text.truncate(text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1));
        let header = text.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        String::from_utf8(text.split_off(header)).unwrap()
    }

    /// The same as lines.
    pub fn lines(&self, seat: Seat) -> Vec<String> {
        self.recorded(seat).lines().map(str::to_owned).collect()
    }

    /// The same as entries, to take apart.
    #[track_caller]
    pub fn entries(&self, seat: Seat) -> Vec<Entry> {
        self.trace(seat).to_vec()
    }

    /// The same as the program itself has it.
    #[track_caller]
    pub fn as_trace(&self, seat: Seat) -> Trace {
        let mut trace = Trace::default();
        for entry in self.entries(seat) {
            trace.push(entry.at, entry.event);
        }
        trace
    }

    #[track_caller]
    fn trace(&self, seat: Seat) -> Rc<Vec<Entry>> {
        let text = self.recorded(seat);
        let mut read = self.read.borrow_mut();
        if let Some(last) = read.get(&seat.0).filter(|last| last.text == text) {
            return Rc::clone(&last.entries);
        }
        // A recording without a line isn't one.
        let entries = if text.is_empty() { Vec::new() } else { read_recording(text.as_bytes()).unwrap().entries };
        let entries = Rc::new(entries);
        read.insert(seat.0, LastRead { text, entries: Rc::clone(&entries) });
        entries
    }

    pub fn count(&self, seat: Seat, fits: impl Fn(&Event) -> bool) -> usize {
        self.trace(seat).iter().filter(|entry| fits(&entry.event)).count()
    }

    /// Waits for an event in a seat's trace.
    #[track_caller]
    pub fn wait_event(&mut self, seat: Seat, what: &str, fits: impl Fn(&Event) -> bool) {
        self.until(&format!("{what} in the trace of {seat:?}"), |stage| stage.count(seat, &fits) > 0);
    }

    /// Types a call, and waits until it has come back or sleeps. What it came to; `None` where it sleeps.
    #[track_caller]
    pub fn call(&mut self, seat: Seat, who: impl Into<Actor>, text: &str) -> Option<Outcome> {
        let who = who.into();
        let before = self.count(seat, |event| is_entered(event, who));
        self.types(seat, text);
        self.came(seat, who, before, text)
    }

    /// The same for a call that must come back: one that sleeps until a segment has passed, or another thread has come that far, is
    /// waited for.
    #[track_caller]
    pub fn returns(&mut self, seat: Seat, who: impl Into<Actor>, text: &str) -> Outcome {
        let who = who.into();
        let came = self.call(seat, who, text);
        came.unwrap_or_else(|| self.returned(seat, who))
    }

    /// What the newest call of a process has come to, once it has come back.
    #[track_caller]
    pub fn returned(&mut self, seat: Seat, who: impl Into<Actor>) -> Outcome {
        let (who, mut came) = (who.into(), None);
        self.until("return of the newest call", |stage| {
            came = newest(&stage.trace(seat), who).and_then(|(_, came)| came).flatten();
            came.is_some()
        });
        came.unwrap()
    }

    /// Types a line of one's own, and sends it.
    #[track_caller]
    pub fn types(&mut self, seat: Seat, text: &str) {
        self.press(seat, "\r");
        let prompt = self.texts.free.type_keys.clone();
        self.wait(seat, &prompt, |screen| screen.contents().contains(&prompt));
        self.press(seat, text);
        let tail: String = text.chars().skip(text.chars().count().saturating_sub(12)).collect();
        self.wait(seat, text, |screen| screen.contents().contains(&tail));
        self.press(seat, "\r");
    }

    /// Presses the digit of the first call on the menu's page that begins so, once it is there; else as [`Stage::call`].
    #[track_caller]
    pub fn choose(&mut self, seat: Seat, who: impl Into<Actor>, begin: &str) -> Option<Outcome> {
        let who = who.into();
        let before = self.count(seat, |event| is_entered(event, who));
        let offered = |screen: &Screen| screens::menu(screen).into_iter().find(|(_, call)| call.starts_with(begin));
        self.wait(seat, &format!("{begin} in the menu"), |screen| offered(screen).is_some());
        let (digit, _) = offered(self.screen(seat)).unwrap();
        self.press(seat, &digit.to_string());
        self.came(seat, who, before, begin)
    }

    /// Waits until one more call was entered than before, and what it came to is in the trace and on the screen.
    #[track_caller]
    fn came(&mut self, seat: Seat, who: Actor, before: usize, what: &str) -> Option<Outcome> {
        let (name, blocks) = (name(what), self.texts.free.blocks.clone());
        let mut came = None;
        // What sleeps may return while the screen is waited for: the trace is asked each time.
        self.until(&format!("end of {what}, or its sleep"), |stage| {
            let newest = newest(&stage.trace(seat), who).filter(|(count, _)| *count > before);
            came = newest.and_then(|(_, came)| came);
            let shown = match &came {
                None => return false,
                Some(None) => blocks.clone(),
                Some(Some(Ok(returned))) => format!("= {}", returned.value),
                Some(Some(Err(errno))) => format!("= {} {errno}", errno.value()),
            };
            let says = |row: &String| row.contains(&format!(" {name}(")) && row.contains(&shown);
            let terminal = &stage.terminals[seat.0];
            terminal.is_between_frames() && screens::explanation(terminal.screen()).iter().any(says)
        });
        came.flatten()
    }

    /// A call that must succeed, by the menu. Its value.
    #[track_caller]
    pub fn succeeds(&mut self, seat: Seat, who: impl Into<Actor>, begin: &str) -> i64 {
        let who = who.into();
        let came = self.choose(seat, who, begin);
        match came.unwrap_or_else(|| self.returned(seat, who)) {
            Ok(returned) => returned.value,
            Err(errno) => panic!("{begin} came to {errno}\n{}", self.everything()),
        }
    }

    /// A call that must sleep, by the menu.
    #[track_caller]
    pub fn sleeps(&mut self, seat: Seat, who: impl Into<Actor>, begin: &str) {
        let came = self.choose(seat, who, begin);
        assert_eq!(came, None, "{begin} doesn't sleep\n{}", self.everything());
    }

    /// The flags of the segments that wait, the oldest first, as a seat's recording tells them.
    pub fn held(&self, seat: Seat) -> Vec<String> {
        screens::held(&self.trace(seat))
    }

    /// Waits until exactly these segments wait.
    #[track_caller]
    pub fn wait_held(&mut self, seat: Seat, wanted: &[&str]) {
        self.until(&format!("{wanted:?} waiting"), |stage| stage.held(seat) == wanted);
    }

    /// Lets the oldest waiting segment go, which must bear these flags.
    #[track_caller]
    pub fn lets_go(&mut self, seat: Seat, flags: &str) {
        self.until(&format!("{flags} waiting first"), |stage| {
            stage.held(seat).first().map(String::as_str) == Some(flags)
        });
        let before = self.count(seat, |event| matches!(event, Event::Delivered(_)));
        self.press(seat, " ");
        self.until(&format!("{flags} on its way"), |stage| {
            stage.count(seat, |event| matches!(event, Event::Delivered(_))) > before
        });
    }

    /// The same for one after the other.
    #[track_caller]
    pub fn let_go(&mut self, seat: Seat, flags: &[&str]) {
        flags.iter().for_each(|flags| self.lets_go(seat, flags));
    }

    /// The sockets of the lab, as another program tells them.
    pub fn sockets(&self, seat: Seat) -> Vec<Seen> {
        procs::sockets_around(self.pid(seat))
    }

    /// Opens the table of sockets for as long as something is done; keys that were pressed before have had their effect.
    #[track_caller]
    pub fn looks_at_sockets(&mut self, seat: Seat, does: impl FnOnce(&mut Stage)) {
        let title = self.texts.kernel.title.clone();
        self.press(seat, "k");
        self.wait(seat, &title, |screen| screen.contents().contains(&title));
        does(self);
        self.press(seat, "k");
        self.wait(seat, "no table", |screen| !screen.contents().contains(&title));
    }

    /// Waits until a screen shows a socket of a program, by its name, in a state.
    #[track_caller]
    pub fn wait_program(&mut self, seat: Seat, program: &str, side: Side, state: &str) {
        let wanted = screens::Row { who: program.to_owned(), side, state: state.to_owned() };
        let (shape, part) = match side {
            Side::Server => ('■', self.texts.side.server.clone()),
            Side::Client => ('●', self.texts.side.client.clone()),
        };
        let title = format!("{shape} {part} {program} ");
        let has_descriptor =
            |row: &screens::Row| row.who.starts_with("fd ") && (row.side, row.state.as_str()) == (side, state);
        // Without a descriptor its name stands before it; with one, its name is the pane's.
        self.wait(seat, &format!("{wanted:?}"), |screen| {
            let sockets = screens::sockets(screen);
            let is_its = screen.contents().contains(&title) && sockets.iter().any(has_descriptor);
            is_its || sockets.contains(&wanted)
        });
    }

    /// Waits until a screen shows a socket in a state.
    #[track_caller]
    pub fn wait_state(&mut self, seat: Seat, side: Side, state: &str) {
        let wanted = (side, state.to_owned());
        self.wait(seat, &format!("{wanted:?}"), |screen| screens::states(screen).contains(&wanted));
    }

    /// Waits until a screen shows that no socket is in a state any more.
    #[track_caller]
    pub fn wait_no_state(&mut self, seat: Seat, side: Side, state: &str) {
        let gone = (side, state.to_owned());
        self.wait(seat, &format!("no {gone:?}"), |screen| !screens::states(screen).contains(&gone));
    }

    /// Waits until the states on a screen's panes, and those that another program tells, are these, in any order.
    #[track_caller]
    pub fn wait_states(&mut self, seats: &[Seat], wanted: &[(Side, &str)]) {
        let mut wanted: Vec<(Side, String)> = wanted.iter().map(|(side, state)| (*side, (*state).to_owned())).collect();
        wanted.sort();
        for seat in seats {
            self.wait(*seat, &format!("{wanted:?}"), |screen| screens::states(screen) == wanted);
        }
        let listed = |state: &String| state != "CLOSED";
        let mut wanted: Vec<String> = wanted.into_iter().map(|(_, state)| state).filter(listed).collect();
        wanted.sort();
        let mut told: Vec<String> = self.sockets(seats[0]).into_iter().map(|seen| seen.state).collect();
        told.sort();
        assert_eq!(told, wanted, "what ss says is not what is on the screens\n{}", self.everything());
    }

    /// The process that keeps the lab.
    #[track_caller]
    pub fn daemon(&self) -> u32 {
        let daemons = self.daemons();
        assert_eq!(daemons.len(), 1, "{daemons:?}");
        daemons[0]
    }

    pub fn daemons(&self) -> Vec<u32> {
        let keeps = |pid: &u32| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line.split(|byte| *byte == 0).any(|word| [&b"keep"[..], b"adopt"].contains(&word))
        };
        procs::running(&self.program.path()).into_iter().filter(keeps).collect()
    }

    /// Ends a process at once, and waits until it is gone.
    #[track_caller]
    pub fn kill(&mut self, seat: Seat) {
        pty::kill(self.pid(seat), libc::SIGKILL);
        self.until("end of what was killed", |stage| stage.terminals[seat.0].ended().is_some());
    }

    /// Leaves by q; the terminal is as it was.
    #[track_caller]
    pub fn quit(&mut self, seat: Seat) {
        self.press(seat, "q");
        let status = self.leaves(seat);
        assert_eq!(status.code(), Some(0));
    }

    /// Waits for the end of a seat's process, and sees that it gave its terminal back.
    #[track_caller]
    pub fn leaves(&mut self, seat: Seat) -> ExitStatus {
        let status = self.terminals[seat.0].wait_for_end();
        screens::is_given_back(&self.terminals[seat.0]);
        status
    }

    /// The end: nothing is left of the labs.
    #[track_caller]
    pub fn ends(&mut self) {
        let gone = until(BOUND, || procs::running(&self.program.path()).is_empty());
        assert!(gone, "still there: {:?}", procs::running(&self.program.path()));
        let folder = self.run().join("sockwalk");
        let left: Vec<String> = names(&folder);
        let heard = |name: &String| UnixStream::connect(folder.join(name)).map(drop);
        assert!(
            left.iter().all(|name| name == "lock"),
            "left behind: {left:?}; who connects there: {:?}; what runs: {:?}",
            left.iter().map(heard).collect::<Vec<_>>(),
            procs::running(&self.program.path())
        );
    }

    /// Everybody quits, in this order; nothing is left.
    #[track_caller]
    pub fn close(&mut self, seats: &[Seat]) {
        for seat in seats {
            self.quit(*seat);
        }
        self.ends();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.beside.clear();
        self.terminals.clear();
        // A daemon outlives its members for a moment only, but for one that hangs.
        if !until(BOUND, || self.daemons().is_empty()) {
            self.daemons().into_iter().for_each(|pid| pty::kill(pid, libc::SIGKILL));
            assert!(thread::panicking(), "a daemon had to be killed");
        }
    }
}

impl Beside {
    fn start(mut command: Command, input: &str, output: PathBuf) -> Beside {
        let what = format!("{command:?}");
        let prints = || fs::OpenOptions::new().create(true).append(true).open(&output).unwrap();
        // A group of its own, so that what it started can be ended with it.
        command.process_group(0).stdin(Stdio::piped()).stdout(prints()).stderr(prints());
        let mut child = command.spawn().unwrap();
        // Short enough for the pipe; a program that has ended already reads nothing.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Beside { child, output, what }
    }

    fn said(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.output).unwrap_or_default()).into_owned()
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            pty::kill_group(self.child.id());
            let _ = self.child.wait();
        }
    }
}

/// The name of the call that a typed text means.
pub fn name(call: &str) -> String {
    let of_name = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    // Behind a `=` it stands where a name gets its value.
    let called = call.split_once(" = ").filter(|(before, _)| !before.contains('(')).map_or(call, |(_, call)| call);
    let name: String = called.chars().take_while(of_name).collect();
    if name == "nonblock" { "fcntl".to_owned() } else { name }
}

fn is_entered(event: &Event, of: Actor) -> bool {
    matches!(event, Event::Entered { caller, .. } if caller.actor == of)
}

/// How many calls an actor has made, by whichever thread, and what the newest came to: `None` while it is on its way, and within it
/// `None` where it sleeps.
fn newest(entries: &[Entry], of: Actor) -> Option<(usize, Option<Option<Outcome>>)> {
    let (mut state, mut by) = (None, None);
    for entry in entries {
        state = match (&entry.event, state) {
            (Event::Entered { caller, .. }, state) if caller.actor == of => {
                by = Some(*caller);
                Some((state.map_or(0, |(count, _): (usize, _)| count) + 1, None))
            }
            (Event::Blocked { caller }, Some((count, _))) if Some(*caller) == by => Some((count, Some(None))),
            (Event::Returned { caller, outcome }, Some((count, _))) if Some(*caller) == by => {
                Some((count, Some(Some(outcome.clone()))))
            }
            (_, state) => state,
        };
    }
    state
}

/// The names in a folder; none where there is no folder.
pub fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
