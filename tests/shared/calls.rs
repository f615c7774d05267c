//! A program's own calls: each waits before it is made, is let go by a key, and the kernel has done nothing before.

use std::path::Path;

use sockwalk::model::{Call, Event, HeldCalls, MessageFlags, Side};

use crate::common::{lab_users, procs, pty};
use crate::screens;
use crate::stage::{Seat, Stage};

use Side::{Client, Server};

/// Says that it listens, accepts one connection, reads once, answers and ends.
pub const SERVER: &str = r#"
import socket
server = socket.create_server(("127.0.0.1", 8000))
print("listening", flush=True)
conn, peer = server.accept()
print("read", conn.recv(16).decode(), flush=True)
conn.sendall(b"yes")
conn.close()
server.close()
"#;

/// A free walk, and a python server whose calls wait.
struct Held {
    stage: Stage,
    free: Seat,
    program: usize,
    /// How many calls it has stood before.
    stood: usize,
}

impl Held {
    fn new(stage: Stage) -> Option<Held> {
        Held::python(stage, &["-c", SERVER])
    }

    fn python(mut stage: Stage, args: &[&str]) -> Option<Held> {
        let python = stage.tool("python3", "--version")?;
        let free = stage.join(&["free"]);
        let command = stage.command(&[&["exec", "--", &python], args].concat());
        let program = stage.beside(command, "");
        Some(Held { stage, free, program, stood: 0 })
    }

    /// Waits until the program stands before a call, by the trace and on the screen.
    #[track_caller]
    fn stands_before(&mut self, name: &str) {
        let text = format!("{name}(");
        let about = self.stage.texts.side.stands.clone();
        self.stood += 1;
        self.stage.until(&format!("standing before {name}()"), |stage| {
            let entries = stage.entries(self.free);
            let standing = entries.iter().rev().find_map(|entry| match &entry.event {
                Event::Stands { call, .. } => Some(call.called() == name),
                Event::Entered { .. } | Event::Returned { .. } => Some(false),
                _ => None,
            });
            let screen = stage.screen(self.free).contents();
            let stood = entries.iter().filter(|entry| matches!(entry.event, Event::Stands { .. })).count();
            stood == self.stood && standing == Some(true) && screen.contains(&text) && screen.contains(&about)
        });
    }

    fn go(&mut self) {
        self.stage.press(self.free, "e");
    }

    /// The states of the lab's sockets, by the kernel's word in `/proc/net/tcp`.
    fn kernel(&self) -> Vec<String> {
        let mut states: Vec<String> = self.stage.sockets(self.free).into_iter().map(|seen| seen.state).collect();
        states.sort();
        states
    }

    /// Space, until the listener stands in `accept4()`.
    fn listens(&mut self) {
        for name in ["socket", "bind", "listen", "accept4"] {
            self.stands_before(name);
            self.go();
        }
        self.stage.wait_event(self.free, "a sleeping accept4()", |event| matches!(event, Event::Blocked { .. }));
    }

    /// The process that traces: the parent of the program's.
    fn tracer(&self) -> u32 {
        let waits = self.stage.beside_pid(self.program);
        let of = |pid: &u32| procs::status_line(*pid, *pid, "PPid").is_some_and(|words| words[0] == waits.to_string());
        let program = self.stage.command(&[]);
        procs::running(Path::new(program.get_program())).into_iter().find(of).expect("a process that traces")
    }

    fn has_left(&mut self) {
        self.stage.wait_event(self.free, "the program's end", |event| matches!(event, Event::Left(_)));
        let opened =
            self.stage.entries(self.free).iter().filter(|entry| matches!(entry.event, Event::Stands { .. })).count();
        assert!(opened > 0);
        self.stage.until("no call that stands", |stage| {
            !stage.screen(self.free).contents().contains(&stage.texts.side.stands)
        });
    }
}

#[test]
fn each_call_waits_until_it_is_let_go_and_the_kernel_has_done_nothing_before() {
    for user in lab_users() {
        let Some(mut held) = Held::new(Stage::of(user)) else { return };
        held.stands_before("socket");
        // Nothing else waits: the key that goes on makes the call.
        held.stage.press(held.free, " ");
        held.stands_before("bind");
        assert_eq!(held.kernel(), [""; 0]);
        held.go();
        held.stands_before("listen");
        assert_eq!(held.kernel(), [""; 0], "a port, and nobody listens");
        held.go();
        held.stands_before("accept4");
        assert_eq!(held.kernel(), ["LISTEN"]);
        held.stage.wait_program(held.free, "python3", Server, "LISTEN");
        held.go();
        held.stage.wait_event(held.free, "a sleeping accept4()", |event| matches!(event, Event::Blocked { .. }));
        // A client by hand, in the same lab; its segments wait as ever.
        held.stage.press(held.free, "\t\t");
        let fd = held.stage.succeeds(held.free, Client, "socket(");
        held.stage.call(held.free, Client, &format!("connect {fd} :8000"));
        held.stage.let_go(held.free, &["SYN", "SYN,ACK", "ACK"]);
        held.stands_before("recvfrom");
        held.stage.call(held.free, Client, &format!("send {fd} hello"));
        // Space would go on with what has waited longer: the program's call.
        for flags in ["PSH,ACK", "ACK"] {
            held.stage.wait_held(held.free, &[flags]);
            held.stage.press(held.free, "d");
        }
        assert!(!held.stage.said(held.program).contains("hello"), "the data is there, and isn't read");
        held.go();
        held.stage.wait_said(held.program, "read hello");
        held.stands_before("sendto");
        held.go();
        held.stands_before("close");
        held.go();
        held.stands_before("close");
        held.go();
        assert!(held.stage.wait_end(held.program).success());
        held.has_left();
        let sent = |event: &Event| match event {
            Event::Entered { call: Call::Program(made), .. } => {
                made.like == Some(Call::Send { fd: 4, data: b"yes".to_vec(), flags: MessageFlags::NONE })
            }
            _ => false,
        };
        assert_eq!(held.stage.count(held.free, sent), 1, "what the program sent stands there as it is");
        held.stage.close(&[held.free]);
    }
}

#[test]
fn the_line_of_its_source_that_makes_a_call_is_shown() {
    for user in lab_users() {
        let stage = Stage::of(user);
        let script = stage.write("server.py", SERVER);
        let Some(mut held) = Held::python(stage, &[script.to_str().unwrap()]) else { return };
        // `create_server()` makes the first calls in the standard library: the line is the script's.
        let lines: Vec<&str> = SERVER.lines().collect();
        let number = |text: &str| lines.iter().position(|line| line.contains(text)).unwrap() + 1;
        for (call, made_by) in [
            ("socket", "create_server"),
            ("bind", "create_server"),
            ("listen", "create_server"),
            ("accept4", "server.accept"),
        ] {
            held.stands_before(call);
            let (place, marked) = (format!("[server.py:{}]", number(made_by)), format!("▸{}", number(made_by)));
            let is_shown = |screen: &vt100::Screen| {
                let text = screens::rows(screen).concat();
                text.contains(&place)
                    && screens::rows(screen).iter().any(|row| row.contains(&marked) && row.contains(made_by))
            };
            held.stage.wait(held.free, &place, is_shown);
            // The next keys lead to the call in other languages, and back.
            held.stage.press(held.free, "c");
            held.stage.wait(held.free, "Rust", |screen| screen.contents().contains("[Rust ") && !is_shown(screen));
            held.stage.press(held.free, "cccc");
            held.stage.wait(held.free, &place, is_shown);
            held.go();
        }
        held.stage.wait_event(held.free, "a sleeping accept4()", |event| matches!(event, Event::Blocked { .. }));
        pty::kill(held.stage.beside_pid(held.program), libc::SIGTERM);
        held.has_left();
        held.stage.close(&[held.free]);
    }
}

#[test]
fn who_leaves_and_who_says_so_lets_all_calls_pass() {
    for user in lab_users() {
        let Some(mut held) = Held::new(Stage::of(user)) else { return };
        held.stands_before("socket");
        // The key goes from the walk's calls to every one, and to none.
        held.stage.press(held.free, "h");
        held.stage.wait_event(held.free, "all", |event| matches!(event, Event::Holding { held: HeldCalls::All, .. }));
        held.stage.press(held.free, "h");
        held.stage.wait_program(held.free, "python3", Server, "LISTEN");
        held.stage.press(held.free, "h");
        held.stage
            .wait_event(held.free, "the walk's", |event| matches!(event, Event::Holding { held: HeldCalls::Walk, .. }));
        pty::kill(held.stage.beside_pid(held.program), libc::SIGTERM);
        held.has_left();
        held.stage.close(&[held.free]);

        let Some(mut held) = Held::new(Stage::of(user)) else { return };
        held.stands_before("socket");
        let watch = held.stage.join(&["watch"]);
        held.stage.quit(held.free);
        held.stage.wait_program(watch, "python3", Server, "LISTEN");
        pty::kill(held.stage.beside_pid(held.program), libc::SIGINT);
        held.stage.wait_event(watch, "the program's end", |event| matches!(event, Event::Left(_)));
        held.stage.close(&[watch]);
    }
}

#[test]
fn whoever_is_killed_while_a_call_waits_leaves_nothing_behind() {
    for user in lab_users() {
        // The program's tracer: the program ends with it, and who waits for it says so.
        let Some(mut held) = Held::new(Stage::of(user)) else { return };
        held.stands_before("socket");
        pty::kill(held.tracer(), libc::SIGKILL);
        assert_eq!(held.stage.wait_end(held.program).code(), Some(137));
        held.has_left();
        held.stage.close(&[held.free]);

        // The program, in the middle of accept4().
        let Some(mut held) = Held::new(Stage::of(user)) else { return };
        held.listens();
        pty::kill(held.stage.beside_pid(held.program), libc::SIGTERM);
        held.has_left();
        assert_eq!(held.kernel(), [""; 0]);
        held.stage.close(&[held.free]);

        // The lab's daemon: the program goes on, and its calls wait no longer.
        let Some(mut held) = Held::new(Stage::of(user)) else { return };
        held.stands_before("socket");
        let program = held.tracer();
        pty::kill(held.stage.daemon(), libc::SIGKILL);
        held.stage.wait_said(held.program, "[sockwalk]");
        held.stage
            .until("a listening program", |_| procs::sockets_around(program).iter().any(|seen| seen.state == "LISTEN"));
        pty::kill(held.stage.beside_pid(held.program), libc::SIGTERM);
        held.stage.wait_end(held.program);
        held.stage.press(held.free, "q");
        held.stage.leaves(held.free);
    }
}
