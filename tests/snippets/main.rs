//! The calls as code, just as the interface shows them: in each language, the calls of each lesson and side are a
//! function, in the lesson's order. All of them are compiled; those whose outcome depends on no segment that is held are
//! run, two processes on the loopback, and each call must come back with what the lesson claims of it.

#[path = "../common/mod.rs"]
mod common;
mod programs;
mod turns;

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use common::{BOUND, Folder, skipped};
use programs::Tool;
use sockwalk::lesson::{builtin, builtin_names};
use sockwalk::model::{Call, DeviceRequest, MessageFlags, SOCKET_OPTIONS, Side, SocketOption, StructuredValue};
use sockwalk::tui::Snippets;
use turns::{Turn, turns};

/// Lessons whose calls come out otherwise where no segment waits: they are compiled and not run.
const NEED_THE_WIRE: [(&str, &str); 11] = [
    ("simultaneous-open", "both SYNs are on their way at once"),
    ("lost", "segments are dropped"),
    ("lost-data", "segments overtake each other, and are dropped"),
    ("reset", "data and RST cross"),
    ("backlog", "SYNs and ACKs wait"),
    ("window", "the link is narrow, and ACKs wait"),
    ("nagle", "the ACK waits"),
    ("keepalive", "probes are dropped"),
    ("descriptors", "a child has the connection too"),
    ("readiness", "poll() sleeps until a segment goes on"),
    ("udp", "datagrams overtake each other, and are dropped"),
];

/// One side's process.
struct Talker {
    child: Child,
    turn: ChildStdin,
    told: Receiver<String>,
}

impl Talker {
    fn start(mut command: Command, function: &str) -> Talker {
        let pipes = command.arg(function).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = pipes.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let turn = child.stdin.take().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (tell, told) = channel();
        thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| tell.send(line)));
        Talker { child, turn, told }
    }

    /// What the call that runs came to: `OK` and its number, or the error's number.
    fn outcome(&self, of: &str) -> String {
        self.told.recv_timeout(BOUND).unwrap_or_else(|error| panic!("{of}: {error}"))
    }
}

impl Drop for Talker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Gives the calls of a lesson their turns, and compares what they came to. A call that the lesson sees blocked is waited
/// for before the same side's next one.
fn walk(tool: &Tool, built: &programs::Built, function: &str, turns: &[Turn]) {
    let mut sides =
        Side::BOTH.map(|side| (Talker::start(built.command(), &format!("{function}_{side}")), None::<&Turn>));
    let finish = |side: &mut (Talker, Option<&Turn>)| {
        if let Some(turn) = side.1.take() {
            let place = format!("{}, {function} {}: {}", tool.name, turn.step, turn.call.name());
            let found = side.0.outcome(&place);
            assert!(turn.is_as_claimed(&found, tool.name), "{place} came to {found}, not {}", turn.claimed());
        }
    };
    for turn in turns {
        let side = &mut sides[usize::from(turn.side == Side::Client)];
        finish(side);
        side.0.turn.write_all(b"\n").unwrap();
        side.1 = Some(turn);
        if !turn.blocks {
            finish(side);
        }
    }
    sides.iter_mut().for_each(finish);
}

#[test]
fn every_lessons_calls_are_programs_that_do_what_it_claims() {
    let snippets = Snippets::shipped();
    let names = builtin_names();
    for (name, why) in NEED_THE_WIRE {
        assert!(names.contains(&name), "no lesson {name}: {why}");
    }
    for language in snippets.languages() {
        let tool = Tool::of(language.name());
        let lessons: Vec<(String, Vec<Turn>)> = names
            .iter()
            .map(|name| (name.replace('-', "_"), turns(&builtin(name).unwrap().unwrap(), common::free_port())))
            .collect();
        let mut functions: Vec<(String, Vec<&Turn>)> = Vec::new();
        for (name, turns) in &lessons {
            for side in Side::BOTH {
                let own = turns.iter().filter(|turn| turn.side == side).collect();
                functions.push((format!("{name}_{side}"), own));
            }
        }
        let options = options(language.name());
        functions.push(("options_server".into(), options.iter().collect()));
        functions.push(("options_client".into(), Vec::new()));
        let flagged = with_flags();
        functions.push(("flags_server".into(), flagged.iter().collect()));
        functions.push(("flags_client".into(), Vec::new()));
        let folder = Folder::new();
        let Some(built) = tool.build(language, &functions, &folder) else { continue };
        for (name, turns) in &lessons {
            let needs_ipv6 = name == "ipv6" && TcpListener::bind("[::1]:0").is_err();
            if needs_ipv6 {
                skipped("this machine's loopback has no ::1");
            } else if !NEED_THE_WIRE.iter().any(|(wire, _)| wire.replace('-', "_") == *name) {
                walk(&tool, &built, name, turns);
            }
        }
        walk(&tool, &built, "options", &options);
        walk(&tool, &built, "flags", &flagged);
    }
}

/// Every option that a lesson may set, on one socket, and what else a value may be.
fn options(language: &str) -> Vec<Turn> {
    let socket = Turn::of(Call::Socket { ipv6: false, udp: false }, Some(3));
    // No MSS is as short as one byte.
    let value = |option: &str| if option == "TCP_MAXSEG" { 536 } else { 1 };
    let set = |option: &&str| {
        Turn::of(Call::SetOption { fd: 3, option: option.parse().unwrap(), value: value(option) }, None)
    };
    let set_to = |option, value| Turn::of(Call::SetStructured { fd: 3, option, value }, None);
    let structured = [
        set_to(SocketOption::RECV_TIMEOUT, StructuredValue::Time { seconds: 1, microseconds: 500_000 }),
        set_to(SocketOption::CONGESTION, StructuredValue::Name("reno".into())),
        Turn::of(Call::SetOption { fd: 3, option: SocketOption::LINGER, value: -1 }, None),
    ];
    // In Go these are of a package that isn't the standard library's.
    let asks = [
        Turn::of(Call::GetStatus { fd: 3 }, None),
        Turn::of(Call::Ioctl { fd: 3, request: DeviceRequest::Unread }, None),
    ];
    let asked = [SocketOption::RECV_TIMEOUT, SocketOption::CONGESTION, SocketOption::LINGER];
    let asked = asked.map(|option| Turn::of(Call::GetOption { fd: 3, option }, None));
    let asks = asks.into_iter().chain(asked).filter(|_| language != "Go");
    let set = SOCKET_OPTIONS.iter().map(set);
    std::iter::once(socket).chain(set).chain(structured).chain(asks).collect()
}

/// Calls with flags, and what has no lesson: on a socket for datagrams, of which none comes.
fn with_flags() -> Vec<Turn> {
    let (fd, addr) = (3, SocketAddr::from(([127, 0, 0, 1], common::free_port())));
    let (data, later) = (b"abc".to_vec(), |flags| MessageFlags(libc::MSG_DONTWAIT | flags));
    let ok = |call| Turn::of(call, None);
    vec![
        Turn::of(Call::Socket { ipv6: false, udp: true }, Some(fd)),
        ok(Call::SetNonblocking { fd, on: true }),
        ok(Call::SetNonblocking { fd, on: false }),
        ok(Call::SendTo { fd, data: data.clone(), flags: later(0), addr }),
        Turn::failing(Call::RecvFrom { fd, len: 64, flags: later(libc::MSG_TRUNC) }, libc::EAGAIN),
        ok(Call::Connect { fd, addr }),
        Turn::failing(Call::Recv { fd, len: 64, flags: later(libc::MSG_PEEK) }, libc::EAGAIN),
        ok(Call::Send { fd, data, flags: later(libc::MSG_NOSIGNAL) }),
        ok(Call::Dissolve { fd }),
    ]
}
