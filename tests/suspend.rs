//! The real program in a pseudo-terminal: stopped and continued by its shell, or ended by a signal at any moment, it gives
//! the terminal back as it was.

mod common;

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use common::procs;
use common::pty::{self, Terminal};
use common::{BOUND, Program, User, lab_users, until};

/// A shell with job control that runs the program, says that it has stopped, and continues it when a line is typed.
/// It says by itself what the terminal is set to: a shell that sets it at its prompt would hide what the program left.
const SHELL: &str = r#"
set -m
"$0" --lang en --theme "$1" learn handshake
while echo "stopped, and the terminal is" && stty -a | tr '\n' ' ' && echo THE-SETTINGS && read line && test "$line" != over; do
    fg >/dev/null
done
"#;

/// What the shell ends that with.
const TOLD: &str = "THE-SETTINGS";

struct Job {
    /// Kept for its folder.
    program: Program,
    terminal: Terminal,
    /// What `stty -a` said before the program ran.
    before: String,
}

impl Job {
    fn open(user: User) -> Job {
        let program = Program::new();
        let mut command = user.command("/bin/sh".as_ref());
        let script = format!("stty -a | tr '\\n' ' '; echo THE-SETTINGS; {SHELL}");
        command.args(["-c", &script]).arg(program.path()).arg("dark");
        let mut terminal = Terminal::open(command, 80, 24);
        terminal.wait_for_text("Space next");
        let before = settings(&terminal, 0);
        Job { program, terminal, before }
    }

    fn pid(&self) -> u32 {
        procs::running(&self.program.path())[0]
    }

    /// Waits until the shell says that the program stopped; the terminal was given back.
    #[track_caller]
    fn wait_for_stop(&mut self, times: usize) {
        let is_there = |raw: &[u8]| String::from_utf8_lossy(raw).matches(TOLD).count() > times;
        let there = until(BOUND, || {
            self.terminal.read(Duration::from_millis(20));
            is_there(&self.terminal.raw)
        });
        assert!(there, "the shell hasn't got the terminal back:\n{}", self.terminal.text());
        assert_eq!(settings(&self.terminal, times), self.before);
        let screen = self.terminal.screen();
        assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste());
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    }

    #[track_caller]
    fn go_on(&mut self) {
        self.terminal.press("on\r");
        self.terminal.wait_for("its screen", |screen| {
            screen.alternate_screen() && screen.hide_cursor() && screen.contents().contains("q quit")
        });
    }
}

/// What the shell said of the terminal, the n-th time.
fn settings(terminal: &Terminal, n: usize) -> String {
    let raw = String::from_utf8_lossy(&terminal.raw).into_owned();
    let said = raw.split(TOLD).nth(n).unwrap_or_default();
    let at = said.rfind("speed ").expect("what stty says");
    said[at..].trim().to_owned()
}

#[test]
fn control_z_gives_the_terminal_to_the_shell_and_fg_comes_back() {
    for user in lab_users() {
        let mut job = Job::open(user);
        let mut steps = sockwalk::lesson::builtin("handshake").unwrap().unwrap().steps;
        steps.retain(|step| step.modes.contains(&sockwalk::model::Mode::Lab));
        // Both sides sleep in a call meanwhile, and sleep on in the same ones.
        for (step, next) in steps.iter().enumerate().take(7).skip(1) {
            // The last of them asks first, and no guess is made.
            job.terminal.press(if step == 6 { "  " } else { " " });
            // What the frame before it showed can't be taken for this.
            let next = format!("Next: {}", next.title.get(sockwalk::i18n::Lang::EN));
            job.terminal.wait_for_text(&next);
        }
        for times in 1..4 {
            job.terminal.press("\x1a");
            job.wait_for_stop(times);
            job.go_on();
            job.terminal.press("k");
            job.terminal.wait_for_text("The kernel's socket table");
            job.terminal.press("k");
            job.terminal.wait_for("two sleeping calls", |screen| {
                let text = screen.contents();
                !text.contains("socket table") && text.matches("blocks 0").count() == 2
            });
        }
        job.terminal.press("q");
        job.wait_for_stop(4);
    }
}

/// `kill -TSTP` and `kill -STOP` from another terminal: after the latter the program takes the terminal anew.
#[test]
fn stopped_from_elsewhere_it_comes_back_too() {
    for user in lab_users() {
        let mut job = Job::open(user);
        pty::kill(job.pid(), libc::SIGTSTP);
        job.wait_for_stop(1);
        job.go_on();
        pty::kill(job.pid(), libc::SIGSTOP);
        let said = |job: &Job| String::from_utf8_lossy(&job.terminal.raw).matches(TOLD).count() > 2;
        let there = until(BOUND, || {
            job.terminal.read(Duration::from_millis(20));
            said(&job)
        });
        assert!(there, "{}", job.terminal.text());
        // Whoever is stopped so can give nothing back. The shell's user sets the terminal, and goes on.
        job.terminal.set_sane();
        job.go_on();
        job.terminal.press("k");
        job.terminal.wait_for_text("The kernel's socket table");
        job.terminal.press("q");
        let ended = until(BOUND, || {
            job.terminal.read(Duration::from_millis(20));
            String::from_utf8_lossy(&job.terminal.raw).matches(TOLD).count() > 3
        });
        assert!(ended && !job.terminal.screen().alternate_screen(), "{}", job.terminal.text());
    }
}

/// As in `xterm -e sockwalk`: nobody could continue it, so it doesn't stop.
#[test]
fn without_a_shell_it_does_not_stop() {
    for user in lab_users() {
        let program = Program::new();
        let mut terminal = Terminal::open(program.command(user, &["--lang", "en", "learn", "handshake"]), 80, 24);
        terminal.wait_for_text("Space next");
        terminal.press("\x1ak");
        terminal.wait_for_text("The kernel's socket table");
        pty::kill(terminal.pid(), libc::SIGTSTP);
        terminal.press("k?");
        terminal.wait_for_text("Esc");
        terminal.press("q");
        assert_eq!(terminal.wait_for_end().code(), Some(0));
        assert_eq!(terminal.settings(), terminal.before);
    }
}

/// Every signal that ends a program and can be caught.
#[test]
fn whichever_signal_ends_it_the_terminal_is_given_back() {
    for user in lab_users() {
        for signal in [libc::SIGQUIT, libc::SIGUSR1, libc::SIGALRM, libc::SIGXCPU, libc::SIGTERM, libc::SIGHUP] {
            let program = Program::new();
            let mut terminal = Terminal::open(program.command(user, &["--lang", "en", "learn", "handshake"]), 80, 24);
            terminal.wait_for_text("Space next");
            pty::kill(terminal.pid(), signal);
            let status = terminal.wait_for_end();
            assert_eq!(status.signal(), Some(signal), "{status:?}");
            is_given_back(&terminal, signal);
        }
    }
}

#[track_caller]
fn is_given_back(terminal: &Terminal, signal: i32) {
    assert_eq!(terminal.settings(), terminal.before, "after signal {signal}");
    let screen = terminal.screen();
    assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste(), "after signal {signal}");
}

/// A signal to the process is handled by any of its threads that doesn't block it. Those with a side's descriptors do: what
/// notes a signal writes to a descriptor that they don't have.
#[test]
fn no_signal_is_left_to_a_sides_threads() {
    const SIGNALS: [libc::c_int; 6] =
        [libc::SIGTERM, libc::SIGINT, libc::SIGQUIT, libc::SIGHUP, libc::SIGTSTP, libc::SIGCONT];
    for user in lab_users() {
        let program = Program::new();
        let mut terminal = Terminal::open(program.command(user, &["--lang", "en", "learn", "handshake"]), 80, 24);
        terminal.wait_for_text("Space next");
        // The first page is there before the lab is.
        let sides = procs::threads_named(terminal.pid(), &["client", "client's", "server", "server's"]);
        let blocks = |tid: u32, signal: &libc::c_int| {
            let blocked = procs::status_line(terminal.pid(), tid, "SigBlk").unwrap();
            u64::from_str_radix(&blocked[0], 16).unwrap() >> (signal - 1) & 1 == 1
        };
        for (tid, name) in sides {
            assert!(SIGNALS.iter().all(|signal| blocks(tid, signal)), "{name}");
        }
        assert!(!SIGNALS.iter().any(|signal| blocks(terminal.pid(), signal)));
        pty::kill(terminal.pid(), libc::SIGTERM);
        assert_eq!(terminal.wait_for_end().signal(), Some(libc::SIGTERM));
    }
}

/// While the terminal is asked for its colours, which a silent one never answers, and at every moment around it.
#[test]
fn a_signal_while_it_starts_leaves_the_terminal_as_it_was() {
    for user in lab_users() {
        for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGQUIT] {
            let program = Program::new();
            let command = || program.command(user, &["--lang", "en", "learn", "handshake"]);
            // The moment at which the question stands on the screen is the one that lasts.
            let mut terminal = Terminal::open(command(), 80, 24);
            terminal.answers = false;
            let asked = until(BOUND, || {
                terminal.read(Duration::from_millis(1));
                terminal.raw.windows(4).any(|part| part == b"]11;")
            });
            assert!(asked, "{:?}", String::from_utf8_lossy(&terminal.raw));
            assert_ne!(terminal.settings(), terminal.before, "it asks in raw mode");
            pty::kill(terminal.pid(), signal);
            assert_eq!(terminal.wait_for_end().signal(), Some(signal));
            is_given_back(&terminal, signal);
            for delay in (0..300).step_by(30) {
                let mut terminal = Terminal::open(command(), 80, 24);
                terminal.answers = delay % 60 == 0;
                let end = std::time::Instant::now() + Duration::from_millis(delay);
                while std::time::Instant::now() < end {
                    terminal.read(Duration::from_millis(1));
                }
                pty::kill(terminal.pid(), signal);
                assert_eq!(terminal.wait_for_end().signal(), Some(signal), "after {delay} ms");
                is_given_back(&terminal, signal);
            }
        }
    }
}
