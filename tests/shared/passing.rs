//! Segments that go on by themselves.

use std::time::Duration;

use sockwalk::i18n::{Lang, Texts, in_sentence};
use sockwalk::model::{Event, SegmentId, Side};

use crate::common::{finish, lab_users};
use crate::screens;
use crate::stage::{LARGE, Seat, Stage};
use crate::walk::up_to_the_syn;

use Side::{Client, Server};

/// The bytes that are sent.
const MUCH: u64 = 10_000_000;

/// The rule's words for the segments to a side.
fn pass_to(stage: &Stage, side: Side) -> String {
    stage.texts.free.pass_to.replace("{side}", &in_sentence(side.into(), stage.lang))
}

/// Everything passes, ten megabytes come through as they were sent, and no segment is left out silently.
#[test]
fn a_long_transfer_loses_nothing() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let Some(python) = stage.tool("python3", "--version") else { return };
        let free = stage.join(&["free"]);
        passes(&mut stage, free, "⇢");
        stage.transfers(free, &python, MUCH);
        // Both FINs and their acknowledgements have passed, and the end was counted.
        stage.wait_state(free, Client, "TIME_WAIT");
        let mut counted = (0, 0, 0);
        stage.until("every byte, one by one or counted", |stage| {
            counted = counts(stage, free);
            counted.1 >= MUCH
        });
        let (kept, _, unkept) = counted;
        assert!(unkept > 100 && kept < 500, "{counted:?}: a long transfer is thinned");
        let shown = stage.texts.free.unkept.split("{n}").nth(1).unwrap().split("{bytes}").next().unwrap().to_owned();
        stage.wait_text(free, &shown);
        stage.wait_text(free, &unkept.to_string());
        stage.close(&[free]);
    }
}

/// So many connections may send all that they can at once.
const AT_ONCE: u64 = 16;

/// Sixteen connections that send at once all come through, each byte as it was sent, and what the capture lost of them is told.
/// Then none may have more on its way than its share of what finds room there; else more.
#[test]
fn many_connections_at_once_come_through() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let Some(python) = stage.tool("python3", "--version") else { return };
        let program = stage.write("connections.py", include_str!("programs/connections.py"));
        let free = stage.join(&["free"]);
        passes(&mut stage, free, "⇢");
        // The kernel grants twice what it is asked for (socket(7)).
        let room = 2 * numbers(&std::fs::read_to_string("/proc/sys/net/core/rmem_max").unwrap())[0];
        let [_, usual, most] = flight(&mut stage);
        assert!(most * AT_ONCE <= room || most == usual, "{most} of {room}");
        let (count, each) = (AT_ONCE.to_string(), (MUCH / AT_ONCE).to_string());
        let sender = stage.exec(&[&python, program.to_str().unwrap(), "127.0.0.1", "8000", &count, &each], "");
        stage.wait_said(sender, "whole 16 of 16");
        assert!(stage.wait_end(sender).success());
        stage.until("every byte, one by one or counted", |stage| counts(stage, free).1 >= MUCH);
        let lost = stage.entries(free).into_iter().map(|entry| match entry.event {
            Event::Unkept { lost, .. } => lost,
            _ => 0,
        });
        let lost: u64 = lost.sum();
        if lost > 0 {
            stage.wait_text(free, &lost.to_string());
        }
        passes(&mut stage, free, "0.2");
        let [.., later] = flight(&mut stage);
        assert!(later > most || later == usual, "{later} after {most}");
        stage.close(&[free]);
    }
}

/// Reads a word and writes it back by read() and write().
const COPIES: &str = r#"
import os, socket
server = socket.create_server(("127.0.0.1", 8000))
for _ in range(2):
    conn, peer = server.accept()
    os.write(conn.fileno(), os.read(conn.fileno(), 16))
    os.close(conn.detach())
"#;

/// What reads and writes a socket by the calls of files is seen while calls pass, and waits once it is said that calls do.
#[test]
fn read_and_write_are_seen_while_calls_pass_and_wait_when_they_are_held_later() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let Some(python) = stage.tool("python3", "--version") else { return };
        let free = stage.join(&["free"]);
        passes(&mut stage, free, "⇢");
        let program = stage.write("copies.py", COPIES);
        let server = stage.exec(&[&python, program.to_str().unwrap()], "");
        stage.wait_state(free, Server, "LISTEN");
        let asks = "import socket; c = socket.create_connection(('127.0.0.1', 8000)); c.send(b'hi'); c.recv(2)";
        let client = stage.exec(&[&python, "-c", asks], "");
        assert!(stage.wait_end(client).success());
        let called = |stage: &Stage, name: &str, stood: bool| {
            stage.count(free, |event| match event {
                Event::Entered { call, .. } if !stood => call.called() == name,
                Event::Stands { call, .. } if stood => call.called() == name,
                _ => false,
            })
        };
        for name in ["read", "write", "close"] {
            stage.until(name, |stage| called(stage, name, false) > 0);
            stage.wait_text(free, &format!("{name}("));
        }
        // Its calls wait from now on, and what stands is what the title says.
        stage.press(free, "h");
        stage.until("calls that are held", |stage| {
            stage.count(free, |event| matches!(event, Event::Holding { of: None, .. })) > 0
        });
        let client = stage.exec(&[&python, "-c", asks], "");
        for name in ["read", "write"] {
            stage.until(&format!("standing before {name}()"), |stage| {
                if called(stage, name, true) == 0 {
                    stage.press(free, "e");
                }
                called(stage, name, true) > 0
            });
        }
        stage.press(free, "H");
        assert!(stage.wait_end(client).success() && stage.wait_end(server).success());
        stage.close(&[free]);
    }
}

fn numbers(text: &str) -> Vec<u64> {
    text.split_whitespace().map(|word| word.parse().unwrap()).collect()
}

/// What one socket of the lab may have on its way, as a program there reads it: least, usually, most.
fn flight(stage: &mut Stage) -> [u64; 3] {
    let cat = stage.exec(&["cat", "/proc/sys/net/ipv4/tcp_wmem"], "");
    assert!(stage.wait_end(cat).success());
    numbers(stage.said(cat).lines().last().unwrap()).try_into().unwrap()
}

/// The segments that were kept, the bytes of data of all, the segments that were only counted.
fn counts(stage: &Stage, seat: Seat) -> (u64, u64, u64) {
    let mut counts = (0, 0, 0);
    for entry in stage.entries(seat) {
        match entry.event {
            Event::Sent { segment, .. } => {
                counts.0 += 1;
                counts.1 += u64::from(segment.len());
            }
            Event::Unkept { segments, bytes, .. } => {
                counts.1 += bytes;
                counts.2 += segments;
            }
            _ => {}
        }
    }
    counts
}

/// Presses w, and waits until the screen tells the new rule.
#[track_caller]
fn passes(stage: &mut Stage, seat: Seat, rule: &str) {
    let before = stage.count(seat, |event| matches!(event, Event::Passing(_)));
    stage.press(seat, "w");
    stage.until("a new rule", |stage| stage.count(seat, |event| matches!(event, Event::Passing(_))) > before);
    stage.wait_text(seat, rule);
}

/// At once, after a chosen delay, no longer: one's own door alone.
#[test]
fn each_lets_pass_at_its_own_door() {
    for user in lab_users() {
        let (mut stage, server, client) = Stage::with_two(user);
        let (to_server, to_client) = (pass_to(&stage, Server), pass_to(&stage, Client));
        up_to_the_syn(&mut stage, server, client);
        let at_once = stage.texts.free.pass.replace("{which}", &to_server);
        passes(&mut stage, server, &at_once);
        // What waited already goes too; what it brings forth waits at the other's door.
        stage.wait_held(server, &["SYN,ACK"]);
        stage.wait_text(client, &to_server);
        let later = stage.texts.free.pass_later.replace("{which}", &to_client);
        let after = |seconds: &str| later.replace("{s}", seconds);
        passes(&mut stage, client, &to_client);
        stage.wait_held(client, &[]);
        stage.wait_state(client, Server, "ESTABLISHED");
        passes(&mut stage, client, &after("0.2"));
        passes(&mut stage, client, &after("1"));
        let connection = stage.succeeds(server, Server, "accept(");
        stage.call(server, Server, &format!("send {connection} hello"));
        stage.wait_held(client, &["PSH,ACK"]);
        stage.wait_held(client, &[]);
        let waited = waited(&stage, client, "PSH,ACK");
        assert!(waited >= Duration::from_secs(1) && waited < Duration::from_secs(10), "{waited:?}");
        passes(&mut stage, client, &after("5"));
        stage.press(client, "w");
        let gone = screens::unbroken(&after("5"));
        stage.wait(client, "no rule of its own", |screen| !screens::everywhere(screen).contains(&gone));
        passes_no_more(&mut stage, server, client, connection);
        stage.close(&[server, client]);
    }
}

/// Whoever starts a program is told what becomes of its segments, as things stand: each waits, some pass, all pass.
#[test]
fn who_starts_a_program_is_told_what_passes_now() {
    for (user, lang) in lab_users().into_iter().flat_map(|user| Lang::all().map(move |lang| (user, lang))) {
        let mut stage = Stage::new(user, LARGE, lang);
        let free = stage.join(&["free"]);
        let to_server = pass_to(&stage, Server);
        let all = stage.texts.free.pass_all.clone();
        let texts = &Texts::load(lang).unwrap().shared;
        let said = |stage: &mut Stage, wanted: &str| {
            let ran = finish(&mut stage.command(&["exec", "--", "true"]));
            assert!(ran.stderr.contains(wanted.split("{lab}").nth(1).unwrap()), "{}", ran.stderr);
        };
        said(&mut stage, &texts.exec);
        passes(&mut stage, free, &all);
        said(&mut stage, &texts.exec_passes);
        for delay in ["0.2", "1", "5"] {
            passes(&mut stage, free, delay);
        }
        passes(&mut stage, free, "");
        said(&mut stage, &texts.exec);
        stage.press(free, "\t\t");
        passes(&mut stage, free, &to_server);
        said(&mut stage, &texts.exec_some_pass);
        stage.quit(free);
    }
}

/// A program's SYN may come before the kernel was asked whose its listener is: as soon as that is known, the rule holds.
#[test]
fn what_came_before_its_door_was_known_passes_too() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let Some(python) = stage.tool("python3", "--version") else { return };
        let both = stage.write("both.py", include_str!("programs/both.py")).to_str().unwrap().to_owned();
        let free = stage.join(&["free"]);
        let rule = pass_to(&stage, Server);
        stage.press(free, "\t\t");
        passes(&mut stage, free, &rule);
        let program = stage.exec(&[&python, &both, "127.0.0.1", "8000"], "");
        stage.wait_said(program, "called");
        stage.wait_held(free, &["SYN,ACK"]);
        // The pane is that of the side which was chosen, whose calls nobody has made; the trace has the program's end.
        stage.wait_event(
            free,
            "SYN_RECV",
            |event| matches!(event, Event::Socket(facts) if facts.state == sockwalk::tcp::State::SynRecv),
        );
        stage.quit(free);
    }
}

/// The client's own rule is gone: what comes to it waits again, though the server's rule is still there.
#[track_caller]
fn passes_no_more(stage: &mut Stage, server: Seat, client: Seat, connection: i64) {
    stage.call(server, Server, &format!("send {connection} again"));
    stage.wait_held(client, &["PSH,ACK"]);
    stage.looks_at_sockets(client, |_| ());
    assert_eq!(stage.held(client), ["PSH,ACK"]);
    stage.lets_go(client, "PSH,ACK");
    stage.wait_held(client, &[]);
}

/// How long the newest segment with these flags waited.
fn waited(stage: &Stage, seat: Seat, flags: &str) -> Duration {
    let entries = stage.entries(seat);
    let bears = |event: &Event| match event {
        Event::Sent { id, segment, .. } => segment.tcp().filter(|tcp| tcp.flags.to_string() == flags).map(|_| *id),
        _ => None,
    };
    let id: SegmentId = entries.iter().rev().find_map(|entry| bears(&entry.event)).unwrap();
    let at = |fits: &dyn Fn(&Event) -> bool| entries.iter().find(|entry| fits(&entry.event)).unwrap().at;
    at(&|event| matches!(event, Event::Delivered(gone) if *gone == id))
        - at(&|event| matches!(event, Event::Held(held) if *held == id))
}
