//! `exec --report`: what is said at the end of a wrong program, and not of its corrected twin. Each of `programs/wrong` is both,
//! by its argument.

use std::path::{Path, PathBuf};
use std::process::Command;

use sockwalk::i18n::Lang;
use sockwalk::model::{Errno, Event, Side};

use crate::common::{BOUND, lab_users, procs, pty, until, zh};
use crate::screens;
use crate::stage::{LARGE, SMALL, Stage};
use crate::window::runs;

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
        ["times in a row: the data has ended" "receive queue 0"];
    a_loop_that_sends_back_the_nothing_that_it_reads_is_found "echoes_on.c" [128 + libc::SIGALRM; 2],
        ["1. recv" "times in a row: the data has ended"];
    a_parent_that_keeps_what_its_child_serves_is_found "forks.c" [128 + libc::SIGALRM; 2],
        ["1. fd 4 stays in CLOSE_WAIT: the child process" "accept(3, NULL, NULL) = 4" "close(4) = 0" "CLOSE_WAIT, receive queue"];
    the_same_where_a_reset_has_ended_the_connection "forks_reset.c" [128 + libc::SIGALRM; 2],
        ["1. A RST has ended the connection of fd 4" "accept(3, NULL, NULL) = 4" "kernel: fd 4 CLOSED"];
    a_loop_of_eagain_is_found "asks_on.py" [TERMINATED; 2],
        ["returned EAGAIN" "without poll(), select() or epoll_wait() in between" "= -1 EAGAIN"];
    a_connection_whose_end_nobody_looks_for_is_found "not_noticed.c" [128 + libc::SIGALRM; 2],
        ["1. fd 4 stays in CLOSE_WAIT: the other end's FIN has come, no thread is in a call on it" "read(4, \"hello\", 64) = 5" "accept(3, NULL, NULL) waits since then"];
    a_program_that_ends_with_bytes_unread_is_told_so "ends_unread.c" [0, 0],
        ["1. The program ended with bytes of fd 4 unread" "read(4, \"hell\", 4) = 4" "exit_group(0)" "RST,ACK seq=k+1"];
    an_answer_to_who_no_longer_receives_is_found_and_one_to_who_half_closed_is_none "half_closed.c" [0, 0],
        ["1. Data was sent on fd 6" "Nobody receives there any more" "FIN,ACK" "RST seq=j+2 arrived"];
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

/// Waits until a process sleeps in `accept4()`.
fn accepts(stage: &mut Stage, pid: u32) {
    let accepts = format!("{} ", libc::SYS_accept4);
    stage.until("accept4() that sleeps", |_| {
        let within = std::fs::read_to_string(format!("/proc/{pid}/syscall"));
        let sleeps = procs::status_line(pid, pid, "State").is_some_and(|state| state[0] == "S");
        sleeps && within.is_ok_and(|within| within.starts_with(&accepts))
    });
}

/// Ends in the handler of a signal that interrupts `accept()`.
const HANDLES: &str = r#"
import os, signal, socket
signal.signal(signal.SIGCHLD, lambda *_: os._exit(0))
server = socket.create_server(("127.0.0.1", 8000))
print("accepts", os.getpid(), "then", flush=True)
server.accept()
"#;

/// A child's end is no news of every program; where it interrupts a call, the call's EINTR is explained by it.
#[test]
fn the_signal_of_a_childs_end_is_told_where_it_interrupts_a_call() {
    let Some(user) = lab_users().into_iter().next_back() else { return };
    let mut stage = Stage::of(user);
    let Some(python) = stage.tool("python3", "--version") else { return };
    let free = stage.join(&["free"]);
    let run = stage.beside(stage.command(&["exec", "--pass", "--", &python, "-c", HANDLES]), "");
    stage.wait_said(run, " then");
    let pid: u32 = stage.said(run).split("accepts ").nth(1).unwrap().split_once(' ').unwrap().0.parse().unwrap();
    accepts(&mut stage, pid);
    let process = rustix::process::Pid::from_raw(pid as i32).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::CHILD).unwrap();
    assert!(stage.wait_end(run).success());
    stage.wait_event(free, "EINTR", |event| matches!(event, Event::Returned { outcome: Err(Errno(libc::EINTR)), .. }));
    let entries = stage.entries(free);
    let at = |wanted: fn(&Event) -> bool| entries.iter().position(|entry| wanted(&entry.event));
    let signal = at(|event| matches!(event, Event::Signal { signal: libc::SIGCHLD, .. }));
    let returned = at(|event| matches!(event, Event::Returned { outcome: Err(Errno(libc::EINTR)), .. }));
    assert!(signal.is_some() && signal < returned, "{signal:?} {returned:?}");
    stage.close(&[free]);
}

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
        accepts(&mut stage, pid.parse().unwrap());
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
    stage.wait_said(run, "its socket calls wait too");
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

#[test]
fn a_report_of_two_programs_says_who_holds_their_calls() {
    let Some(user) = lab_users().into_iter().next() else { return };
    let mut stage = Stage::of(user);
    let free = stage.join(&["free"]);
    // As the C library does where it asks a daemon for a name: nothing of that is TCP's.
    let asks = "import socket; print(socket.socket(socket.AF_UNIX).connect_ex('/nonexistent/socket'))";
    let Some((command, _)) = both(&stage, "import socket; socket.create_server(('', 8000)).accept()", asks) else {
        return;
    };
    let run = stage.beside(command, "");
    let pid = stage.pid(free).to_string();
    stage.wait_said(run, &format!("process {pid} steps this lab"));
    assert!(!stage.said(run).contains("calls and segments pass"), "{}", stage.said(run));
    stage.wait_event(free, "a call that stands", |event| matches!(event, Event::Stands { .. }));
    stage.press(free, "H");
    assert!(stage.wait_end(run).success(), "{}", stage.said(run));
    // It made no such call, which isn't to say that none could be seen.
    let said = stage.said(run);
    assert!(said.contains("no call of it on a TCP or UDP socket was seen"), "{said}");
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

/// Reads each client to the end, never closes, and goes on for ever.
const KEEPS: &str = r#"
import socket, sys
server = socket.create_server(("127.0.0.1", 8000))
clients = []
while True:
    conn, peer = server.accept()
    clients.append(conn)
    while conn.recv(1024):
        pass
    # In one piece: the other one prints at the same time.
    sys.stdout.write(f"served {sys.stdin.read() == ''}\n")
    sys.stdout.flush()
"#;

/// Sends a word that it is told, and ends with its length.
const SAYS: &str = r#"
import socket, sys
client = socket.create_connection(("127.0.0.1", 8000))
word = input("word? ")
client.sendall(word.encode())
client.close()
sys.stdout.write(f"sent {word}\n")
sys.stdout.flush()
sys.exit(len(word))
"#;

/// `run --report` with these programs, and how its words begin.
fn both(stage: &Stage, server: &str, client: &str) -> Option<(Command, [String; 2])> {
    let python = stage.tool("python3", "--version")?;
    let script = |name: &str, text: &str| format!("{python} {}", stage.write(name, text).to_str().unwrap());
    let [server, client] = [script("server.py", server), script("client.py", client)];
    let command = stage.command(&["run", "--report", "--server", &server, "--client", &client]);
    Some((command, [server, client]))
}

#[test]
fn a_server_and_a_client_run_without_a_screen_and_what_was_wrong_with_both_comes_at_the_end() {
    let what = [(Lang::EN, "stays in CLOSE_WAIT", "none of the mistakes"), (zh(), "停在 CLOSE_WAIT", "没有发现")];
    for (user, (lang, wrong, right)) in lab_users().into_iter().zip(what) {
        let mut stage = Stage::new(user, LARGE, lang);
        let Some((command, [server, client])) = both(&stage, KEEPS, SAYS) else { return };
        let run = stage.beside(command, "hello\n");
        // The status is the client's, whose standard input it is.
        assert_eq!(stage.wait_end(run).code(), Some(5), "{}", stage.said(run));
        let said = stage.said(run);
        for wanted in ["sent hello", "served True", wrong, right, "SIGTERM", &server, &client] {
            assert!(said.contains(wanted), "no {wanted:?} in\n{said}");
        }
        // First the server's, then the client's.
        let places = [&server, wrong, &client, right].map(|text| said.rfind(text).unwrap());
        assert!(places.is_sorted(), "{said}");
        stage.ends();
    }
}

/// Goes into the background, and listens only there.
const DAEMON: &str = r#"
import os, socket, sys, time
parent = os.getpid()
if os.fork():
    sys.exit(0)
os.setsid()
while os.getppid() == parent:
    time.sleep(0.05)
server = socket.create_server(("127.0.0.1", 8000))
conn, peer = server.accept()
sys.stdout.write(f"the daemon read {conn.recv(1024).decode()}\n")
sys.stdout.flush()
conn.close()
"#;

/// Doesn't end where it is asked to, and leaves something behind that doesn't either.
const STAYS: &str = r#"
import os, signal, socket
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
server = socket.create_server(("127.0.0.1", 8000))
if os.fork() == 0:
    os.setsid()
while True:
    server.accept()
"#;

#[test]
fn a_report_comes_however_its_programs_end_and_nothing_stays_behind() {
    let Some(user) = lab_users().into_iter().next_back() else { return };
    let stops = "import socket; socket.socket().bind(('127.0.0.1', 8000)); exit(9)";
    let late = "import socket, time; s = socket.create_server(('127.0.0.1', 8000)); s.accept()[0].close()";
    for (server, client, status, wanted, unwanted) in [
        // It has ended, and nobody would be reached.
        (stops, SAYS, 9, "the client is not started", "word?"),
        // What has gone into the background makes its calls, though the program that was started has ended.
        (DAEMON, SAYS, 5, "the daemon read hello", "is not started"),
        // Both end by themselves.
        (late, SAYS, 5, "server.py: ended with status 0", "still runs"),
        (STAYS, SAYS, 5, "was ended by SIGKILL", "Traceback"),
        (
            KEEPS,
            "import os; os.kill(os.getpid(), 9)",
            128 + libc::SIGKILL,
            "client.py: was ended by SIGKILL",
            "Traceback",
        ),
    ] {
        let mut stage = Stage::of(user);
        let Some((command, commands)) = both(&stage, server, client) else { return };
        let run = stage.beside(command, "hello\n");
        assert_eq!(stage.wait_end(run).code(), Some(status), "{}", stage.said(run));
        let said = stage.said(run);
        assert!(said.contains(wanted) && !said.contains(unwanted), "no {wanted:?}, or {unwanted:?}, in\n{said}");
        assert!(commands.iter().all(|command| until(BOUND, || !runs(command))), "the programs are still there");
        stage.ends();
    }
}

#[test]
fn who_ends_the_report_early_leaves_nothing_behind() {
    let Some(user) = lab_users().into_iter().next_back() else { return };
    for how in ["key", "SIGTERM", "SIGKILL", "daemon"] {
        let mut stage = Stage::of(user);
        let Some((command, commands)) = both(&stage, KEEPS, SAYS) else { return };
        let seat = stage.open_command(command);
        let shows =
            |stage: &mut Stage, what: &str| stage.until(what, |stage| stage.screen(seat).contents().contains(what));
        shows(&mut stage, "word?");
        let (pid, mut wanted) = (stage.pid(seat), "client.py: was ended by SIGTERM");
        match how {
            // It comes to both programs.
            "key" => {
                stage.press(seat, "\x03");
                wanted = "KeyboardInterrupt";
            }
            "SIGTERM" => pty::kill(pid, libc::SIGTERM),
            "SIGKILL" => pty::kill(pid, libc::SIGKILL),
            _ => {
                pty::kill(stage.daemon(), libc::SIGKILL);
                shows(&mut stage, "daemon has ended");
                stage.press(seat, "hello\r");
                wanted = "is not in this report";
            }
        }
        let status = stage.terminal(seat).wait_for_end();
        let told = screens::everywhere(stage.screen(seat));
        assert!(how == "SIGKILL" || told.contains(&screens::unbroken(wanted)), "{how}: {status:?}\n{told}");
        assert!(commands.iter().all(|command| until(BOUND, || !runs(command))), "{how}: the programs are still there");
        if how != "daemon" {
            stage.ends();
        }
    }
}
