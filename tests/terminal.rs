//! The real program in a pseudo-terminal: keys go in, the screen comes out, and the kernel is asked from outside.

mod common;

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use common::procs::{self, Network, Seen};
use common::pty::{self, Terminal};
use common::{BOUND, Folder, NOBODY, Program, User, free_port, lab_users, until, users, zh};
use sockwalk::i18n::Lang;
use sockwalk::lesson::{Action, ConnectionEnd, Lesson, Payload, Step, Terms, builtin};
use sockwalk::model::{Mode, Side};
use sockwalk::tui::{Guard, InterfaceTexts};
use vt100::{MouseProtocolMode, Screen};

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (120, 40);

/// The program with the handshake lesson in a terminal.
struct Walk {
    program: Program,
    terminal: Terminal,
    texts: InterfaceTexts,
    lesson: Lesson,
    lang: Lang,
}

impl Walk {
    fn open(user: User, (columns, rows): (u16, u16), lang: Lang) -> Walk {
        Walk::of(
            Program::new(),
            |program| program.command(user, &["--lang", name(lang), "learn", "handshake"]),
            (columns, rows),
            lang,
        )
    }

    fn of(program: Program, command: impl FnOnce(&Program) -> Command, size: (u16, u16), lang: Lang) -> Walk {
        let terminal = Terminal::open(command(&program), size.0, size.1);
        let texts = InterfaceTexts::load(lang).unwrap();
        let lesson = builtin("handshake").unwrap().unwrap();
        let mut walk = Walk { program, terminal, texts, lesson, lang };
        walk.wait_for_begin();
        walk
    }

    fn steps(&self) -> Vec<Step> {
        self.lesson.steps.iter().filter(|step| step.modes.contains(&Mode::Lab)).cloned().collect()
    }

    #[track_caller]
    fn wait_for_begin(&mut self) {
        let begins = self.texts.header.begins.replace("{of}", &self.steps().len().to_string());
        self.terminal.wait_for_text(&begins);
        self.wait_until_ready();
    }

    /// Waits until the learner may go on: the footer offers it.
    #[track_caller]
    fn wait_until_ready(&mut self) {
        let offer = format!(" Space {} ", self.texts.label("next"));
        self.terminal.wait_for(&offer, |screen| last_rows(screen).contains(&offer));
    }

    /// Waits until a step is offered as the next one, which it is once the one before it is over. (What the footer
    /// offers isn't enough: of a frame that is half written it still shows the old keys.)
    #[track_caller]
    fn wait_for_offer(&mut self, number: usize) {
        let Some(step) = self.steps().get(number).cloned() else { return };
        let (next, title) = (self.texts.explain.next.clone(), step.title.get(self.lang).to_owned());
        self.terminal.wait_for(&format!("{next} {title}"), |screen| {
            screen.contents().lines().any(|row| row.contains(&next) && row.contains(&title))
        });
    }

    /// Presses the keys of a step and waits until the screen shows it, with the states that the lesson names.
    #[track_caller]
    fn make(&mut self, number: usize) {
        let step = self.steps()[number].clone();
        match (&step.action, &step.ask) {
            (Some(Action::Deliver(_)), None) => self.terminal.press("d"),
            (_, None) => self.terminal.press(" "),
            // The question first, then a prediction: the last of the offered answers.
            (_, Some(ask)) => self.terminal.press(&format!(" {}", ask.choices.len())),
        }
        if let Some(Action::Send { payload: Payload::Line(_), .. }) = &step.action {
            let offer = format!(" Enter {} ", self.texts.label("send"));
            self.terminal.wait_for(&offer, |screen| last_rows(screen).contains(&offer));
            self.terminal.press("\r");
        }
        let header = self.texts.header.step.replace("{n}", &(number + 1).to_string());
        let header = header.replace("{of}", &self.steps().len().to_string());
        self.terminal.wait_for_text(&header);
        self.wait_for_offer(number + 1);
        for claim in step.expect.iter().filter(|claim| claim.modes.contains(&Mode::Lab)) {
            if let Terms::State { end, is } = &claim.terms {
                let wanted = (side_of(end), is.name().to_owned());
                let what = format!("{} {wanted:?}", step.id);
                self.terminal.wait_for(&what, |screen| states(screen).contains(&wanted));
            }
        }
    }

    /// Walks until just after the step of this name.
    #[track_caller]
    fn walk_to(&mut self, id: &str) {
        let last = self.steps().iter().position(|step| step.id == id).unwrap();
        for number in 0..=last {
            self.make(number);
        }
    }

    fn lab(&self) -> Network {
        procs::lab(self.terminal.pid())
    }

    /// Opens the table of sockets, and holds it against what the kernel tells another program.
    #[track_caller]
    fn compare_with_the_kernel(&mut self, wanted: &[&str]) {
        self.terminal.press("k");
        let title = self.texts.kernel.title.clone();
        self.terminal.wait_for_text(&title);
        let any = self.texts.kernel.any.clone();
        let sockets = procs::lab_sockets(self.terminal.pid());
        let told: BTreeSet<(String, String, String)> = sockets.into_iter().map(as_shown).collect();
        let found: Vec<&str> = told.iter().map(|(state, ..)| state.as_str()).collect();
        assert_eq!(found, wanted);
        self.terminal.wait_for(&format!("{told:?}"), |screen| table(screen, &any) == told);
        self.terminal.press("k");
        // The panes tell the same.
        let wanted: BTreeSet<&str> = wanted.iter().copied().collect();
        self.terminal.wait_for(&format!("{wanted:?}"), |screen| {
            let panes = states(screen);
            panes.iter().map(|(_, state)| state.as_str()).collect::<BTreeSet<_>>() == wanted
        });
    }

    /// After the program's end: the terminal is as it was, and nothing is left.
    #[track_caller]
    fn is_clean(&self, lab: &Network) {
        assert_eq!(self.terminal.settings(), self.terminal.before);
        is_given_back(&self.terminal);
        self.nothing_is_left(lab);
    }

    #[track_caller]
    fn nothing_is_left(&self, lab: &Network) {
        assert_eq!(procs::running(&self.program.path()), [] as [u32; 0]);
        assert!(!lab.is_inhabited(), "{} is still there", lab.name());
    }
}

/// Everything that was switched on was switched off, in the order in which a terminal sees it.
#[track_caller]
fn is_given_back(terminal: &Terminal) {
    let screen = terminal.screen();
    assert!(!screen.alternate_screen(), "the alternate screen was not left");
    assert!(!screen.hide_cursor(), "the cursor is hidden");
    assert!(!screen.bracketed_paste(), "bracketed paste is on");
    assert_eq!(screen.mouse_protocol_mode(), MouseProtocolMode::None);
    let raw = String::from_utf8_lossy(&terminal.raw);
    for sequence in ["\x1b[?1049h", "\x1b[?1049l", "\x1b[?25h"] {
        assert!(raw.contains(sequence), "{sequence:?} was not sent");
    }
}

fn name(lang: Lang) -> &'static str {
    lang.code()
}

fn last_rows(screen: &Screen) -> String {
    let (_, columns) = screen.size();
    let rows: Vec<String> = screen.rows(0, columns.get()).collect();
    // Each with a space at its end, so that a word that ends it is told from the beginning of a longer one.
    rows[rows.len() - 3..].iter().map(|row| format!("{row} \n")).collect()
}

/// The sockets in the sides' panes, as side and state: cells like `fd 18■  LISTEN` and `–    ■  SYN_RECV`.
fn states(screen: &Screen) -> Vec<(Side, String)> {
    let contents = screen.contents();
    let cells = contents.lines().flat_map(|row| row.split('│'));
    let sockets = cells.filter(|cell| cell.starts_with("fd ") || cell.starts_with('–'));
    let states = sockets.filter_map(|cell| {
        let (side, (_, rest)) = match cell.split_once('■') {
            Some(parts) => (Side::Server, parts),
            None => (Side::Client, cell.split_once('●')?),
        };
        Some((side, rest.split_whitespace().next()?.to_owned()))
    });
    states.collect()
}

/// The rows of the table of sockets, as state, own address and the other's:
/// `■ fd 18 LISTEN       127.0.0.1:8000 → any  K`.
fn table(screen: &Screen, any: &str) -> BTreeSet<(String, String, String)> {
    let contents = screen.contents();
    // The table stands in a frame of its own, over panes that have arrows too.
    let rows = contents.lines().filter_map(|row| {
        let (left, right) = row.split('┃').nth(1)?.split_once(" → ")?;
        let mut left = left.split_whitespace().rev();
        let (local, state) = (left.next()?.to_owned(), left.next()?.to_owned());
        let remote = right.split_whitespace().next()?;
        let remote = if remote == any { "any" } else { remote };
        Some((state, local, remote.to_owned()))
    });
    rows.collect()
}

fn as_shown(Seen { state, local, remote }: Seen) -> (String, String, String) {
    let remote = if remote == "0.0.0.0:*" { "any".to_owned() } else { remote };
    (state, local, remote)
}

fn side_of(end: &ConnectionEnd) -> Side {
    match end {
        ConnectionEnd::Socket(name) if name == "client" => Side::Client,
        ConnectionEnd::Socket(_) => Side::Server,
        ConnectionEnd::PeerOf(_) => Side::Server,
    }
}

// ---------------------------------------------------------------- the whole lesson

/// From the start to q. The last step, which waits a minute for TIME_WAIT, is another test's.
#[track_caller]
fn whole_walk(size: (u16, u16), lang: Lang) {
    for user in lab_users() {
        let mut walk = Walk::open(user, size, lang);
        let lab = walk.lab();
        let steps = walk.steps();
        let last = steps.iter().position(|step| step.waits_for.is_some()).unwrap_or(steps.len());
        assert!(last > 20);
        for (number, step) in steps[..last].iter().enumerate() {
            walk.make(number);
            match step.id.as_str() {
                "connect" => walk.compare_with_the_kernel(&["LISTEN", "SYN_SENT"]),
                "syn-arrives" => walk.compare_with_the_kernel(&["LISTEN", "SYN_RECV", "SYN_SENT"]),
                "syn-ack-arrives" => walk.compare_with_the_kernel(&["ESTABLISHED", "LISTEN", "SYN_RECV"]),
                _ => {}
            }
        }
        walk.terminal.press("q");
        let status = walk.terminal.wait_for_end();
        assert_eq!(status.code(), Some(0));
        walk.is_clean(&lab);
    }
}

#[test]
fn the_whole_lesson_small_in_english() {
    whole_walk(SMALL, Lang::EN);
}

#[test]
fn the_whole_lesson_small_in_chinese() {
    whole_walk(SMALL, zh());
}

#[test]
fn the_whole_lesson_large_in_english() {
    whole_walk(LARGE, Lang::EN);
}

#[test]
fn the_whole_lesson_large_in_chinese() {
    whole_walk(LARGE, zh());
}

#[test]
fn the_language_changes_while_it_runs() {
    for user in lab_users() {
        let mut walk = Walk::open(user, LARGE, Lang::EN);
        walk.walk_to("connect");
        walk.terminal.press("L");
        (walk.texts, walk.lang) = (InterfaceTexts::load(zh()).unwrap(), zh());
        walk.wait_for_offer(6);
        walk.make(6);
    }
}

// ---------------------------------------------------------------- its ends

/// Ends the program while both sides sleep in a call and a segment waits.
#[track_caller]
fn ends(how: impl Fn(&mut Terminal), fits: impl Fn(ExitStatus) -> bool) {
    for user in lab_users() {
        let mut walk = Walk::open(user, SMALL, Lang::EN);
        assert_ne!(walk.terminal.settings(), walk.terminal.before, "the terminal wasn't changed at all");
        walk.walk_to("syn-arrives");
        let lab = walk.lab();
        assert!(lab.is_inhabited());
        how(&mut walk.terminal);
        let status = walk.terminal.wait_for_end();
        assert!(fits(status), "{user:?}: {status:?}");
        walk.is_clean(&lab);
    }
}

fn by_signal(signal: i32) -> impl Fn(ExitStatus) -> bool {
    move |status| status.signal() == Some(signal)
}

/// How long nothing comes once a frame was read.
const QUIET: Duration = Duration::from_millis(200);

/// As over a slow network: it is none of the keys that it is read as, `r` and `g` among them. A key behind it counts.
#[test]
fn an_answer_of_the_terminal_that_comes_late_is_no_key() {
    for user in lab_users() {
        let mut walk = Walk::open(user, LARGE, Lang::EN);
        walk.walk_to("listen");
        // Its claims are told after its outcome; then nothing moves, and the last frame is read to its end.
        walk.terminal.wait_for_text("Next: The server calls accept()");
        walk.terminal.read_until_silent(QUIET);
        let before = walk.terminal.text();
        for end in ["\x1b\\", "\x07"] {
            walk.terminal.press(&format!("\x1b]11;rgb:1e1e/fbfb/FAFA{end}?"));
            walk.terminal.wait_for_text("Keys");
            walk.terminal.press("?");
            walk.terminal.wait_for("the help is gone", |screen| screen.contents() == before);
        }
    }
}

#[test]
fn q_ends_it() {
    ends(|terminal| terminal.press("q"), |status| status.code() == Some(0));
}

#[test]
fn control_c_ends_it() {
    ends(|terminal| terminal.press("\x03"), |status| status.code() == Some(0));
}

#[test]
fn sigterm_ends_it() {
    ends(|terminal| pty::kill(terminal.pid(), libc::SIGTERM), by_signal(libc::SIGTERM));
}

#[test]
fn sighup_ends_it() {
    ends(|terminal| pty::kill(terminal.pid(), libc::SIGHUP), by_signal(libc::SIGHUP));
}

#[test]
fn sigint_ends_it() {
    ends(|terminal| pty::kill(terminal.pid(), libc::SIGINT), by_signal(libc::SIGINT));
}

#[test]
fn a_closed_terminal_ends_it() {
    for user in lab_users() {
        let mut walk = Walk::open(user, SMALL, Lang::EN);
        walk.walk_to("syn-arrives");
        let lab = walk.lab();
        walk.terminal.close();
        // The kernel sends SIGHUP; should the failing terminal be noticed before it, the status tells of a failure.
        let status = walk.terminal.wait_for_end();
        assert!(status.signal() == Some(libc::SIGHUP) || status.code() == Some(1), "{user:?}: {status:?}");
        walk.nothing_is_left(&lab);
    }
}

/// Set in the environment of this very test when it runs as the program that panics.
const PANICS: &str = "SOCKWALK_TEST_PANICS";

#[test]
fn a_panic_gives_the_terminal_back() {
    if std::env::var_os(PANICS).is_some() {
        let _guard = Guard::new(false).unwrap();
        panic!("as the test wants it");
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "a_panic_gives_the_terminal_back", "--nocapture", "--test-threads=1"]);
    command.env(PANICS, "1");
    let mut terminal = Terminal::open(command, SMALL.0, SMALL.1);
    let status = terminal.wait_for_end();
    assert_eq!(status.code(), Some(101));
    assert_eq!(terminal.settings(), terminal.before);
    is_given_back(&terminal);
    let raw = String::from_utf8_lossy(&terminal.raw).into_owned();
    let (taken, left) = (raw.find("\x1b[?1049h").unwrap(), raw.find("\x1b[?1049l").unwrap());
    let message = raw.find("as the test wants it").expect("the panic's message");
    assert!(taken < left && left < message, "the message is printed where it stays: {raw:?}");
    // In a terminal that was given back each line begins at the left.
    assert!(!raw[message..].replace("\r\n", "").contains('\n'), "{raw:?}");
}

// ---------------------------------------------------------------- what keys do

#[test]
fn r_begins_again_in_a_fresh_lab() {
    for user in lab_users() {
        let mut walk = Walk::open(user, SMALL, Lang::EN);
        walk.walk_to("syn-arrives");
        let old = walk.lab();
        walk.terminal.press("r");
        walk.wait_for_begin();
        assert_eq!(states(walk.terminal.screen()), []);
        let new = walk.lab();
        assert_ne!(old.name(), new.name());
        assert!(!old.is_inhabited(), "the old lab {} is still there", old.name());
        walk.walk_to("ack-arrives");
        walk.terminal.press("q");
        assert_eq!(walk.terminal.wait_for_end().code(), Some(0));
        walk.is_clean(&new);
    }
}

#[test]
fn i_interrupts_a_call_and_space_makes_it_again() {
    for user in lab_users() {
        let mut walk = Walk::open(user, LARGE, Lang::EN);
        walk.walk_to("accept");
        let sleeps = walk.texts.side.blocks.replace("{clock}", "");
        let sleeps = sleeps.trim().to_owned();
        walk.terminal.wait_for_text(&sleeps);
        walk.terminal.press("i");
        walk.terminal.wait_for("EINTR and no sleeping call", |screen| {
            let text = screen.contents();
            text.contains("= -1 EINTR") && !calls(&text).any(|cell| cell.contains(&sleeps))
        });
        walk.terminal.press(" ");
        walk.terminal.wait_for("accept() that sleeps again", |screen| {
            calls(&screen.contents()).any(|cell| cell.contains("accept(") && cell.contains(&sleeps))
        });
        // The lesson goes on as if nothing had been, but for what is in its past.
        let (accept, last) = (3, 8);
        walk.wait_for_offer(accept + 1);
        for number in accept + 1..=last {
            walk.make(number);
        }
        assert_eq!(walk.steps()[last].id, "ack-arrives");
    }
}

/// The cells of the sides' panes that show a call in progress.
fn calls(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|row| row.split('│')).filter(|cell| cell.starts_with('▸'))
}

#[test]
fn a_window_that_is_too_small_says_so() {
    for user in lab_users() {
        for lang in Lang::all() {
            let mut walk = Walk::open(user, SMALL, lang);
            walk.walk_to("connect");
            walk.terminal.resize(60, 15);
            let numbers = [("{w}", "80"), ("{h}", "24"), ("{x}", "60"), ("{y}", "15")];
            let sentence = numbers
                .iter()
                .fold(walk.texts.header.too_small.clone(), |text, (name, value)| text.replace(name, value));
            let unbroken = |text: &str| text.split_whitespace().collect::<String>();
            let wanted = unbroken(&sentence);
            walk.terminal.wait_for(&sentence, |screen| unbroken(&screen.contents()) == wanted);
            walk.terminal.resize(80, 24);
            walk.wait_for_offer(6);
            walk.terminal
                .wait_for("SYN_SENT", |screen| states(screen).contains(&(Side::Client, "SYN_SENT".to_owned())));
            walk.make(6);
        }
    }
}

/// A drop broke what the step says: it says so, and its key leads back to the step, where the kernel is again as it says.
#[test]
fn one_key_leads_back_to_the_step_that_a_drop_broke() {
    for user in lab_users() {
        let mut walk = Walk::open(user, LARGE, Lang::EN);
        walk.walk_to("connect");
        let steps = walk.steps();
        let number = 1 + steps.iter().position(|step| step.id == "connect").unwrap();
        let said = |screen: &Screen| screen.contents().split_whitespace().collect::<Vec<_>>().join(" ");
        let back = walk.texts.explain.back.replace("{n}", &number.to_string());
        walk.terminal.press("x");
        walk.terminal.wait_for(&back, |screen| {
            said(screen).contains("r: back to step") && screen.contents().contains("dropped")
        });
        walk.terminal.press("r");
        let over = format!("step {number} of {}", steps.len());
        walk.terminal.wait_for(&over, |screen| {
            let shown = said(screen);
            let is_back = shown.contains(&over) && !shown.contains("dropped") && !shown.contains("r: back to step");
            is_back && states(screen).contains(&(Side::Client, "SYN_SENT".to_owned())) && shown.contains("waits")
        });
    }
}

#[test]
fn a_dumb_terminal_gets_text() {
    for user in lab_users() {
        let program = Program::new();
        let mut command = program.command(user, &["--lang", "en", "learn", "handshake"]);
        command.env("TERM", "dumb");
        let mut terminal = Terminal::open(command, SMALL.0, SMALL.1);
        assert_eq!(terminal.wait_for_end().code(), Some(0));
        let text = String::from_utf8_lossy(&terminal.raw).into_owned();
        assert!(!text.contains('\x1b'), "{text:?}");
        assert!(text.contains("SYN_SENT → ESTABLISHED") && text.contains("and as the text says: "), "{text}");
        assert_eq!(terminal.settings(), terminal.before);
    }
}

// ---------------------------------------------------------------- what it costs, and who it is

/// Nothing of the program wakes up while nothing moves.
#[track_caller]
fn is_idle(walk: &mut Walk) {
    let pid = walk.terminal.pid();
    let window = Duration::from_secs(2);
    let mut seen = (procs::wakings(pid), procs::wakings(pid));
    // Just after a key the kernel is asked some more times; that ends within a second.
    for _ in 0..4 {
        let before = procs::wakings(pid);
        walk.terminal.read_until_silent(window);
        seen = (before, procs::wakings(pid));
        assert!(seen.1.len() > 3, "{seen:?}");
        if seen.0 == seen.1 {
            return;
        }
    }
    panic!("it wakes up though nothing moves, in {window:?}:\nbefore {:?}\nafter  {:?}", seen.0, seen.1);
}

#[test]
fn it_sleeps_while_nothing_moves() {
    for user in lab_users() {
        let mut walk = Walk::open(user, LARGE, Lang::EN);
        is_idle(&mut walk);
        walk.walk_to("listen");
        is_idle(&mut walk);
    }
}

/// Every thread of the program as it is seen from outside: whose it is.
#[track_caller]
fn belongs_to(walk: &Walk, id: u32) {
    let pid = walk.terminal.pid();
    let own = [procs::namespace("/proc/self/ns/user").unwrap()];
    for (name, line) in lasting_threads(pid) {
        for which in ["Uid", "Gid"] {
            assert_eq!(line(which).unwrap(), vec![id.to_string(); 4], "{which} of {name}");
        }
        let groups = line("Groups").unwrap();
        assert!(id == 0 || !groups.contains(&"0".to_owned()), "{name}: {groups:?}");
        // What it may do is counted in a user namespace of its own: outside of that it may do nothing.
        assert_ne!(line("ns/user").unwrap(), own, "{name} is in the user namespace of whoever runs the tests");
    }
}

type Lines = Box<dyn Fn(&str) -> Option<Vec<String>>>;

/// The threads that last as long as the program, each with what `/proc` says of it. Others may end while one looks.
#[track_caller]
fn lasting_threads(pid: u32) -> Vec<(String, Lines)> {
    let threads = procs::threads_named(pid, &["sockwalk", "lab", "server", "client", "signals", "terminal"]);
    let lines = |tid: u32| -> Lines {
        Box::new(move |line| match line {
            "ns/user" => Some(vec![procs::namespace(&format!("/proc/{pid}/task/{tid}/ns/user"))?]),
            line => procs::status_line(pid, tid, line),
        })
    };
    threads.into_iter().map(|(tid, name)| (name, lines(tid))).collect()
}

#[test]
fn it_is_nobody_else_than_its_caller() {
    for user in lab_users() {
        let walk = Walk::open(user, SMALL, Lang::EN);
        belongs_to(&walk, user.uid());
    }
}

#[test]
fn called_through_sudo_it_is_the_caller() {
    if !users().contains(&User::Nobody) {
        common::skipped("only root can do what sudo does");
        return;
    }
    if lab_users().len() < 2 {
        return;
    }
    let id = NOBODY.to_string();
    let command = |program: &Program| {
        let mut command = program.command(User::Own, &["--lang", "en", "learn", "handshake"]);
        command.env("SUDO_UID", &id).env("SUDO_GID", &id);
        command
    };
    let mut walk = Walk::of(Program::new(), command, SMALL, Lang::EN);
    belongs_to(&walk, NOBODY);
    walk.walk_to("ack-arrives");
    belongs_to(&walk, NOBODY);
    let lab = walk.lab();
    walk.terminal.press("q");
    assert_eq!(walk.terminal.wait_for_end().code(), Some(0));
    walk.is_clean(&lab);
    assert!(until(BOUND, || procs::running(&walk.program.path()).is_empty()));
}

/// Without a lab there is no namespace to be root in: of root's rights only that of seeing segments may be left.
#[test]
fn on_the_host_root_keeps_no_right_but_to_see_segments() {
    const CAP_NET_RAW: u64 = 1 << 13;
    if !users().contains(&User::Nobody) {
        common::skipped("only root has rights to give up");
        return;
    }
    let id = NOBODY.to_string();
    for (sudo, uid) in [(false, "0"), (true, id.as_str())] {
        let program = Program::new();
        let port = free_port().to_string();
        let mut command =
            program.command(User::Own, &["--lang", "en", "--mode", "host", "--port", &port, "learn", "handshake"]);
        if sudo {
            command.env("SUDO_UID", &id).env("SUDO_GID", &id);
        }
        let mut terminal = Terminal::open(command, SMALL.0, SMALL.1);
        terminal.wait_for_text("Space");
        let pid = terminal.pid();
        for (name, line) in lasting_threads(pid) {
            assert_eq!(line("Uid").unwrap(), [uid; 4], "{name}");
            assert_eq!(line("Gid").unwrap(), [uid; 4], "{name}");
            for set in ["CapEff", "CapPrm", "CapInh", "CapAmb"] {
                let rights = u64::from_str_radix(&line(set).unwrap()[0], 16).unwrap();
                assert_eq!(rights & !CAP_NET_RAW, 0, "{set} of {name}: {rights:x}");
            }
        }
        terminal.press("q");
        assert_eq!(terminal.wait_for_end().code(), Some(0));
        assert_eq!(procs::running(&program.path()), [] as [u32; 0]);
    }
}

/// The first page is drawn while the lab is being made.
#[test]
fn a_page_whose_lab_is_refused_gives_way() {
    let program = Program::new();
    for user in lab_users() {
        let open = |mode: &str| {
            let script = "echo 0 > /proc/sys/user/max_net_namespaces && exec \"$0\" \"$@\"";
            let mut command = user.command("unshare".as_ref());
            command.env("XDG_RUNTIME_DIR", program.labs_of(user));
            command.args(["--user", "--map-root-user", "sh", "-c", script]).arg(program.path());
            let port = free_port().to_string();
            command.args(["--lang", "en", "--port", &port, "--mode", mode, "learn", "handshake"]);
            Terminal::open(command, SMALL.0, SMALL.1)
        };
        let mut elsewhere = open("auto");
        elsewhere.wait_for("the walk is on the host", |screen| screen.contents().contains("· host"));
        elsewhere.press(" ");
        elsewhere.wait_for_text("✓ socket()");
        elsewhere.press("q");
        assert_eq!(elsewhere.wait_for_end().code(), Some(0));
        let mut nowhere = open("lab");
        assert_eq!(nowhere.wait_for_end().code(), Some(1));
        assert!(nowhere.text().contains("ENOSPC"), "{}", nowhere.text());
        assert!(!nowhere.screen().alternate_screen() && nowhere.settings() == nowhere.before);
    }
}

/// At whatever moment of the start the window gets another size, as a tiling window manager gives a fresh terminal one: all of the
/// screen is that size's.
#[test]
fn a_size_that_changes_while_it_starts_is_the_whole_screens() {
    for user in lab_users() {
        let program = Program::new();
        for delay in (0..40).step_by(2) {
            let (from, to) = if delay % 4 == 0 { (SMALL, LARGE) } else { (LARGE, SMALL) };
            let command = program.command(user, &["--lang", "en", "--theme", "dark", "learn", "handshake"]);
            let mut terminal = Terminal::open(command, from.0, from.1);
            let end = Instant::now() + Duration::from_millis(delay);
            while Instant::now() < end {
                terminal.read(Duration::from_millis(1));
            }
            terminal.resize(to.0, to.1);
            // In a small window the panes at the bottom take turns, by this key.
            terminal.wait_for(&format!("{to:?} after {delay} ms"), |screen| {
                let text = screen.contents();
                text.contains("q quit") && text.contains("s states") == (to == SMALL)
            });
            terminal.press("?");
            terminal.wait_for("the help, framed", |screen| {
                let right = (0..to.1)
                    .filter(|row| screen.cell(*row, to.0 - 1).is_some_and(|cell| !cell.contents().trim().is_empty()));
                screen.contents().contains("Keys") && (to == LARGE || right.count() > 10)
            });
            terminal.press("q");
            terminal.press("q");
            assert_eq!(terminal.wait_for_end().code(), Some(0));
        }
    }
}

/// The helper that tells whether a network is left must see one that is there (`ends` has a lab of another process).
#[test]
fn a_lab_that_is_there_is_seen() {
    let own = Network::of("/proc/self/ns/net").unwrap();
    assert!(own.is_inhabited());
    let folder = Folder::new();
    assert_eq!(procs::running(&folder.path().join("sockwalk")), [] as [u32; 0]);
    assert!(procs::running(&std::env::current_exe().unwrap()).contains(&std::process::id()));
}
