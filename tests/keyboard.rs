//! The real program in a pseudo-terminal: every typed key is read, however many come at once and whatever comes between.

mod common;

use std::time::{Duration, Instant};

use common::procs;
use common::pty::{self, Terminal};
use common::{BOUND, Program, lab_users, until};
use vt100::Screen;

/// The title of the list of keys, which `?` opens and closes.
const HELP: &str = "let the chosen waiting segment go on";

/// The program with a lesson, ready for keys.
fn open(program: &Program, user: common::User) -> Terminal {
    let command = program.command(user, &["--lang", "en", "learn", "handshake"]);
    let mut terminal = Terminal::open(command, 80, 24);
    terminal.wait_for_text("Space next");
    terminal
}

fn shows_help(screen: &Screen) -> bool {
    screen.contents().contains(HELP)
}

/// All typed keys were read, and the last of them, `?`, did what it does.
#[track_caller]
fn all_were_read(terminal: &mut Terminal, what: &str) {
    terminal.wait_for(&format!("help after {what} ({} unread)", terminal.unread()), shows_help);
    assert!(until(BOUND, || terminal.unread() == 0), "{what}: {} unread", terminal.unread());
}

#[test]
fn keys_that_come_at_once_are_all_read() {
    for user in lab_users() {
        let program = Program::new();
        let mut terminal = open(&program, user);
        for count in [100, 1_500, 4_000, 20_000] {
            terminal.press(&format!("{}?", "n".repeat(count)));
            all_were_read(&mut terminal, &format!("{count} keys"));
            terminal.press("?");
            terminal.wait_for("no help", |screen| !shows_help(screen));
        }
    }
}

/// As where the program is slow, or was suspended: the kernel's queue is full when it comes to read.
#[test]
fn a_full_queue_is_emptied() {
    for user in lab_users() {
        let program = Program::new();
        let mut terminal = open(&program, user);
        for count in [1_023, 1_024, 1_025, 4_094, 4_095, 4_096] {
            let pid = terminal.pid();
            pty::kill(pid, libc::SIGSTOP);
            let stopped = || procs::status_line(pid, pid, "State").is_some_and(|words| words[0] == "T");
            assert!(until(BOUND, stopped), "it doesn't stop");
            terminal.press(&"n".repeat(count));
            let queued = count.min(4_095);
            assert!(until(BOUND, || terminal.unread() >= queued), "{} of {queued}", terminal.unread());
            pty::kill(terminal.pid(), libc::SIGCONT);
            assert!(until(BOUND, || terminal.unread() == 0), "{count}: {} unread", terminal.unread());
            terminal.press("?");
            all_were_read(&mut terminal, &format!("{count} queued"));
            terminal.press("?");
            terminal.wait_for("no help", |screen| !shows_help(screen));
        }
    }
}

#[test]
fn a_key_right_after_a_resize_is_read() {
    for user in lab_users() {
        let program = Program::new();
        let mut terminal = open(&program, user);
        for round in 0..200 {
            terminal.resize(80 + round % 2, 24);
            terminal.press("?");
            let wanted = round % 2 == 0;
            terminal.wait_for(&format!("help {wanted} in round {round}"), |screen| shows_help(screen) == wanted);
        }
        terminal.read_until_silent(Duration::from_millis(300));
        assert_eq!(terminal.unread(), 0);
    }
}

/// Before the terminal is the program's, while it is asked for its colours, whether it answers or not, and around the first frame.
#[test]
fn keys_while_it_starts_are_all_read() {
    for user in lab_users() {
        for delay in (0..240).step_by(15) {
            let program = Program::new();
            let command = program.command(user, &["--lang", "en", "learn", "handshake"]);
            let mut terminal = Terminal::open(command, 80, 24);
            terminal.answers = delay % 30 == 0;
            let end = Instant::now() + Duration::from_millis(delay);
            while Instant::now() < end {
                terminal.read(Duration::from_millis(1));
            }
            terminal.press("nnn?");
            all_were_read(&mut terminal, &format!("those after {delay} ms"));
            terminal.press("?");
            terminal.wait_for("no help", |screen| !shows_help(screen));
            terminal.press("q");
            assert!(terminal.wait_for_end().success());
        }
    }
}

/// An answer that comes among typed keys, or late, is followed, and the keys beside it are none of it.
#[test]
fn an_answer_among_keys_changes_the_colours_alone() {
    // The text's colour in the two themes.
    let text = |terminal: &Terminal| {
        let screen = terminal.screen();
        (0..24).flat_map(|row| (0..80).map(move |column| (row, column))).find_map(|(row, column)| {
            let cell = screen.cell(row, column)?;
            (cell.contents() == "?").then(|| cell.fgcolor())
        })
    };
    for user in lab_users() {
        let program = Program::new();
        let command = program.command(user, &["--lang", "en", "learn", "handshake"]);
        let mut terminal = Terminal::open(command, 80, 24);
        terminal.answers = false;
        terminal.wait_for_text("Space next");
        terminal.read_until_silent(Duration::from_millis(200));
        let dark = text(&terminal);
        terminal.press("n\x1b]11;rgb:ffff/ffff/ffff\x1b\\?");
        all_were_read(&mut terminal, "an answer");
        terminal.press("?");
        terminal.wait_for("no help", |screen| !shows_help(screen));
        terminal.read_until_silent(Duration::from_millis(200));
        assert!(dark.is_some() && text(&terminal) != dark, "{dark:?}");
    }
}
