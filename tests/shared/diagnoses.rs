//! `exec --report`: what is said at the end of a wrong program, and not of its corrected twin. Each of `programs/wrong` is both,
//! by its argument.

use std::path::{Path, PathBuf};
use std::process::Command;

use sockwalk::i18n::Lang;
use sockwalk::model::{Event, Side};

use crate::common::{lab_users, procs, pty, zh};
use crate::screens;
use crate::stage::{LARGE, SMALL, Stage};

/// A program of `programs/wrong`, ready to run for the stage's user.
fn program(stage: &Stage, name: &str) -> Option<Vec<String>> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shared/programs/wrong").join(name);
    let text = std::fs::read_to_string(&source).unwrap();
    if name.ends_with(".py") {
        let python = stage.tool("python3", "--version")?;
        stage.write("ends.py", include_str!("programs/wrong/ends.py"));
        let script = stage.write(name, &text);
        return Some(vec![python, script.to_str().unwrap().to_owned()]);
    }
    let cc = stage.tool("cc", "--version")?;
    let to: PathBuf = stage.write(name.trim_end_matches(".c"), "");
    let done = Command::new(cc).args(["-o", to.to_str().unwrap(), source.to_str().unwrap()]).status().unwrap();
    assert!(done.success());
    Some(vec![to.to_str().unwrap().to_owned()])
}

/// What the report of a program says, and its exit status.
fn report(stage: &mut Stage, words: &[&str]) -> (String, Option<i32>) {
    let command = stage.command(&[&["exec", "--report", "--"], words].concat());
    let run = stage.beside(command, "");
    let status = stage.wait_end(run);
    (stage.said(run), status.code())
}

/// Runs both twins, and looks for what is wrong with the one, and that nothing is with the other.
#[track_caller]
fn twins(name: &str, status: [i32; 2], wanted: &[&str]) {
    let Some(user) = lab_users().into_iter().next_back() else { return };
    for (twin, status) in ["wrong", "right"].into_iter().zip(status) {
        // A lab of its own each: an old connection would keep the port.
        let mut stage = Stage::of(user);
        let Some(words) = program(&stage, name) else { return };
        let words: Vec<&str> = words.iter().map(String::as_str).chain([twin]).collect();
        let (said, ended) = report(&mut stage, &words);
        assert_eq!(ended, Some(status), "the program's own status\n{said}");
        if twin == "right" {
            assert!(said.contains("none of the mistakes"), "{said}");
        } else {
            let found = said.lines().filter(|line| line.split_once(". ").is_some_and(|(n, _)| n.parse::<u8>().is_ok()));
            let found: Vec<&str> = found.collect();
            for wanted in wanted {
                assert!(said.contains(wanted), "no {wanted:?} in\n{said}");
            }
            assert!(found.len() == said.matches("What to do:").count(), "{said}");
        }
    }
}

/// 128 and the signal by which a program ends that nobody waits for any longer.
const TERMINATED: i32 = 128 + libc::SIGTERM;

macro_rules! rows {
    ($($test:ident $name:literal $status:expr, [$($wanted:literal)*];)*) => {$(
        #[test]
        fn $test() {
            twins($name, $status, &[$($wanted),*]);
        }
    )*};
}

rows! {
    a_connection_that_was_read_to_its_end_and_left_open_is_found "not_closed.py" [TERMINATED; 2],
        ["stays in CLOSE_WAIT: recvfrom() returned 0" "\"\", 1024, 0, NULL, NULL) = 0" "accept4(" "waits since then" "1. fd "];
    the_same_of_a_program_in_c "not_closed.c" [128 + libc::SIGALRM; 2],
        ["1. fd 4 stays in CLOSE_WAIT: read() returned 0" "read(4, \"\", 64) = 0" "accept(3, NULL, NULL) waits since then"];
    several_connections_that_were_left_open_are_one_leak "leaks.py" [TERMINATED; 2],
        ["1. 4 connections were ended by the other end" "CLOSE_WAIT, receive queue 0" "mistakes found: 1"];
    a_full_accept_queue_with_nobody_in_accept_is_found "queue_full.py" [TERMINATED; 2],
        ["is full (2 connections wait, the backlog is 1)" "listen(3, 1) = 0" "LISTEN, 2 in the accept queue, backlog 1" "recvfrom("];
    bytes_that_nobody_reads_are_found "not_read.py" [TERMINATED; 2],
        ["1. 5 bytes wait in the receive queue" "accept4(3, …, …, SOCK_CLOEXEC) waits since then" "ESTABLISHED, receive queue 5"];
    a_window_of_zero_that_holds_a_send_queue_is_found "window_zero.py" [TERMINATED; 2],
        ["bytes wait in the send queue of fd " "the other end's receive window is 0" "sendto("];
    data_after_the_peers_fin_is_found "after_fin.py" [0, 0],
        ["was sent on fd " "FIN,ACK" "\"welcome\", 7, 0, NULL, 0) = 7" "RST seq=j+2 arrived" "= -1 EPIPE"];
    a_program_that_sigpipe_ended_is_told_why "after_fin.c" [128 + libc::SIGPIPE, 0],
        ["Data was sent on fd 4" "write(4, \"one\", 3) = 3" "write(4, \"two\", 3) = -1 EPIPE" "the kernel raises SIGPIPE"];
    a_loop_that_reads_the_end_again_and_again_is_found "reads_on.py" [TERMINATED; 2],
        ["times in a row: the data has ended" "CLOSE_WAIT"];
    a_loop_of_eagain_is_found "asks_on.py" [TERMINATED; 2], ["returned EAGAIN" "= -1 EAGAIN"];
    a_message_that_was_taken_for_one_recv_is_found "closed_unread.py" [0, 0],
        ["was closed with 9 bytes unread" "\"GET \", 4, 0, NULL, NULL) = 4" "RST,ACK seq=k+8"];
}

/// Never ends by itself.
const SERVER: &str = r#"
import os, socket, threading
server = socket.create_server(("127.0.0.1", 8000))
threading.Thread(target=lambda: socket.create_connection(("127.0.0.1", 8000)).close(), daemon=True).start()
conn, peer = server.accept()
conn.recv(16)
print("accepts again", os.getpid(), "then", flush=True)
server.accept()
"#;

#[test]
fn ctrl_c_ends_a_server_and_its_report_still_comes_in_either_language() {
    for (user, (lang, what)) in
        lab_users().into_iter().zip([(Lang::EN, "stays in CLOSE_WAIT"), (zh(), "停在 CLOSE_WAIT")])
    {
        let mut stage = Stage::new(user, LARGE, lang);
        let Some(python) = stage.tool("python3", "--version") else { return };
        let command = stage.command(&["exec", "--report", "--", &python, "-c", SERVER]);
        let seat = stage.open_command(command);
        let shows = |stage: &mut Stage, what: &str| {
            stage.until(what, |stage| stage.screen(seat).contents().contains(what));
        };
        shows(&mut stage, " then");
        // A signal that comes before the call is told to the program only when the call has come back.
        let pid =
            stage.screen(seat).contents().split("accepts again ").nth(1).unwrap().split_once(' ').unwrap().0.to_owned();
        let pid: u32 = pid.parse().unwrap();
        let accepts = format!("{} ", libc::SYS_accept4);
        stage.until("accept4() that sleeps", |_| {
            let within = std::fs::read_to_string(format!("/proc/{pid}/syscall"));
            let sleeps = procs::status_line(pid, pid, "State").is_some_and(|state| state[0] == "S");
            sleeps && within.is_ok_and(|within| within.starts_with(&accepts))
        });
        stage.press(seat, "\x03");
        shows(&mut stage, what);
        let terminal = stage.terminal(seat);
        assert_eq!(terminal.wait_for_end().code(), Some(128 + libc::SIGINT));
    }
}

#[test]
fn a_program_whose_calls_somebody_steps_is_reported_on_too() {
    let Some(user) = lab_users().into_iter().next() else { return };
    let mut stage = Stage::of(user);
    let Some(python) = stage.tool("python3", "--version") else { return };
    let free = stage.join(&["free"]);
    let command =
        stage.command(&["exec", "--report", "--", &python, "-c", "import socket; socket.create_server(('', 8000))"]);
    let run = stage.beside(command, "");
    for (n, name) in ["socket", "bind", "listen", "close"].into_iter().enumerate() {
        stage.until(name, |stage| {
            let entries = stage.entries(free);
            let stood = entries.iter().filter_map(|entry| match &entry.event {
                Event::Stands { call, .. } => Some(call.called().to_owned()),
                _ => None,
            });
            let stood: Vec<String> = stood.collect();
            stood.len() == n + 1 && stood[n] == name
        });
        if name == "close" {
            stage.wait_program(free, "python3", Side::Server, "LISTEN");
        }
        stage.press(free, "e");
    }
    assert!(stage.wait_end(run).success());
    assert!(stage.said(run).contains("none of the mistakes"), "{}", stage.said(run));
    stage.close(&[free]);
}

/// The same server, which closes the connection when its input ends.
const CLOSES_LATER: &str = r#"
import socket, sys, threading
server = socket.create_server(("127.0.0.1", 8000))
threading.Thread(target=lambda: socket.create_connection(("127.0.0.1", 8000)).close(), daemon=True).start()
conn, peer = server.accept()
conn.recv(16)
server.settimeout(None)
server.getsockname()
sys.stdin.read()
conn.close()
server.accept()
"#;

#[test]
fn a_diagnosis_is_on_the_screen_for_as_long_as_it_stands() {
    for (user, size) in lab_users().into_iter().zip([LARGE, SMALL]) {
        let mut stage = Stage::new(user, size, Lang::EN);
        let Some(python) = stage.tool("python3", "--version") else { return };
        let watch = stage.join(&["watch"]);
        let mut command = stage.command(&["exec", "--report", "--", &python, "-c", CLOSES_LATER]);
        // Its input ends when this end is closed.
        let (ends, input) = std::io::pipe().map(|(read, write)| (write, read)).unwrap();
        command.stdin(input);
        let mut run = command.stderr(std::process::Stdio::null()).spawn().unwrap();
        drop(command);
        let what = "stays in CLOSE_WAIT";
        stage.wait(watch, what, |screen| screens::everywhere(screen).contains(&screens::unbroken(what)));
        drop(ends);
        stage.wait_without(watch, what);
        pty::kill(run.id(), libc::SIGTERM);
        run.wait().unwrap();
        stage.close(&[watch]);
    }
}
