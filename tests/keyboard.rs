//! The real program in a pseudo-terminal: every typed key is read, however many come at once and whatever comes between.

mod common;

use std::time::Duration;

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
