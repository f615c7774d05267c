//! What the wire does off the path: datagrams to many and long ones, what can't be sent on, dropped answers.

use sockwalk::model::{Event, Side};

use crate::common::{User, inside, lab_users};
use crate::stage::{Seat, Stage};
use crate::walk::up_to_the_syn;

use Side::{Client, Server};

/// Whoever drives here can still make a call: the lab goes on.
#[track_caller]
fn goes_on(stage: &mut Stage, seat: Seat, side: Side) {
    assert!(stage.returns(seat, side, "socket()").is_ok());
}

#[track_caller]
fn let_all_pass(stage: &mut Stage, seat: Seat) {
    stage.press(seat, "w");
    stage.wait_event(seat, "rule", |event| matches!(event, Event::Passing(_)));
}

/// A datagram to a group, to all, and one as long as there can be goes on as it would have, whether it passes by itself or
/// is let go.
#[test]
fn datagrams_to_many_and_long_ones_go_on() {
    for user in lab_users() {
        for passes in [true, false] {
            let mut stage = Stage::of(user);
            let Some(python) = stage.tool("python3", "--version") else { return };
            let script =
                stage.write("datagrams.py", include_str!("programs/datagrams.py")).to_str().unwrap().to_owned();
            let free = stage.join(&["free"]);
            if passes {
                let_all_pass(&mut stage, free);
            }
            let all = [("239.1.1.1", 5), ("127.255.255.255", 6), ("127.0.0.1", 60_000), ("127.0.0.1", 65_507)];
            let to = all.map(|(to, length)| format!("{to}/{length}"));
            let program = stage.exec(
                &[&[python.as_str(), &script, "7000"], to.each_ref().map(String::as_str).as_slice()].concat(),
                "",
            );
            for (to, length) in all {
                if !passes {
                    stage.wait_held(free, &["UDP"]);
                    assert!(!stage.said(program).contains(&format!("came {to} {length}\n")), "it doesn't wait");
                    stage.lets_go(free, "UDP");
                }
                stage.wait_said(program, &format!("came {to} {length}\n"));
            }
            assert!(stage.wait_end(program).success());
            let wanted = all.map(|(_, length)| length);
            // Each is one packet.
            stage.until("all datagrams in the trace", |stage| lengths(stage, free) == wanted);
            goes_on(&mut stage, free, Server);
            stage.close(&[free]);
        }
    }
}

fn lengths(stage: &Stage, seat: Seat) -> Vec<u32> {
    let sent = |event: Event| if let Event::Sent { segment, .. } = event { Some(segment.len()) } else { None };
    stage.entries(seat).into_iter().filter_map(|entry| sent(entry.event)).collect()
}

/// The MSS is Ethernet's, though a packet may be longer.
#[test]
fn the_mss_is_ethernets() {
    for user in lab_users() {
        for (address, mss) in [("127.0.0.1:8000", 1460), ("[::1]:8000", 1440)] {
            let mut stage = Stage::of(user);
            let server = stage.join(&["server", address]);
            let client = stage.join(&["client", address]);
            up_to_the_syn(&mut stage, server, client);
            let entries = stage.entries(server);
            let syn = entries.iter().find_map(|entry| match &entry.event {
                Event::Sent { segment, .. } => Some(segment.clone()),
                _ => None,
            });
            // Kind 2, length 4 (RFC 9293, section 3.2).
            let wanted = [&[2, 4][..], &u16::to_be_bytes(mss)].concat();
            let header = syn.unwrap().header().to_vec();
            assert!(header[20..].windows(4).any(|option| option == wanted), "{header:?}");
            if mss == 1440 {
                // The address is gone while the SYN waits: whatever the kernel makes of it, the lab goes on.
                inside::remove_ipv6_loopback(stage.daemon());
                stage.press(server, " ");
                let ended = |event: &Event| matches!(event, Event::Delivered(_) | Event::Undeliverable { .. });
                stage.wait_event(server, "end of the SYN", ended);
                goes_on(&mut stage, server, Server);
            }
            stage.close(&[server, client]);
        }
    }
}

/// A server and a client whose SYN waits.
#[track_caller]
fn with_a_syn(user: User) -> (Stage, Seat, Seat) {
    let (mut stage, server, client) = Stage::with_two(user);
    up_to_the_syn(&mut stage, server, client);
    (stage, server, client)
}

/// What the kernel refuses to send on is told with its errno, and dropped; the lab goes on.
#[test]
fn what_can_not_be_sent_on_is_told_and_ends_no_lab() {
    for user in lab_users() {
        let (mut stage, server, client) = with_a_syn(user);
        let daemon = stage.daemon();
        inside::set_loopback(daemon, false);
        stage.press(server, " ");
        let refused = |event: &Event| matches!(event, Event::Undeliverable { .. });
        stage.wait_event(server, "refusal", refused);
        let text = stage.texts.free.undeliverable.split("{to}").next().unwrap().to_owned();
        stage.wait_text(client, &text);
        inside::set_loopback(daemon, true);
        // The SYN comes again by itself, and now it gets through.
        stage.wait_held(server, &["SYN"]);
        stage.lets_go(server, "SYN");
        stage.wait_held(client, &["SYN,ACK"]);
        goes_on(&mut stage, server, Server);
        stage.quit(client);
        stage.quit(server);
        let recording = stage.file("0.jsonl");
        let told =
            crate::common::finish(&mut stage.command(&["replay", recording.to_str().unwrap(), "--shown", "text"]));
        assert!(told.succeeded().stdout.contains("ENET"), "{}", told.stdout);
        stage.ends();
    }
}

/// A packet that a program made by itself, from an address that isn't there, ends nothing either.
#[test]
fn a_spoofed_packet_ends_no_lab() {
    for user in lab_users() {
        for passes in [true, false] {
            let mut stage = Stage::of(user);
            let free = stage.join(&["free"]);
            let watch = stage.join(&["watch"]);
            if passes {
                let_all_pass(&mut stage, free);
            }
            let mut packet = vec![0x45, 0, 0, 0, 0, 1, 0, 0, 64, 6, 0, 0, 8, 8, 8, 8, 127, 0, 0, 1];
            packet.extend([0x10, 0, 0x1f, 0x40, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x02, 0xff, 0xff, 0, 0, 0, 0]);
            inside::send_raw(stage.daemon(), packet);
            if passes {
                stage.wait_event(free, "packet", |event| matches!(event, Event::Sent { .. }));
            } else {
                // That it waits, and can be let go, is told after it was seen.
                stage.wait_event(free, "packet that waits", |event| matches!(event, Event::Held(_)));
                stage.press(free, " ");
            }
            let ended = |event: &Event| matches!(event, Event::Delivered(_) | Event::Undeliverable { .. });
            stage.wait_event(free, "end of it", ended);
            goes_on(&mut stage, free, Server);
            stage.close(&[free, watch]);
        }
    }
}

/// The last ACK is dropped: the server's kernel sends its SYN,ACK again, and that copy waits, because the client must see
/// it. Its answer gets through.
#[test]
fn a_copy_that_the_receiver_needs_waits_again() {
    for user in lab_users() {
        let (mut stage, server, client) = with_a_syn(user);
        stage.lets_go(server, "SYN");
        stage.lets_go(client, "SYN,ACK");
        for _ in 0..2 {
            stage.wait_held(server, &["ACK"]);
            stage.press(server, "x");
            stage.wait_held(server, &["SYN,ACK"]);
            stage.lets_go(client, "SYN,ACK");
        }
        stage.lets_go(server, "ACK");
        stage.wait_state(server, Server, "ESTABLISHED");
        stage.close(&[server, client]);
    }
}

/// The accept queue is full: the kernel throws a client's SYN away, so that its copy is needed, and waits.
#[test]
fn a_copy_of_what_a_full_queue_threw_away_waits_again() {
    for user in lab_users() {
        let (mut stage, server, client) = Stage::with_two(user);
        for call in ["socket(", "bind("] {
            stage.succeeds(server, Server, call);
        }
        assert!(stage.returns(server, Server, "listen 3 0").is_ok());
        for fd in [3, 4] {
            assert!(stage.returns(client, Client, "socket()").is_ok());
            assert!(stage.returns(client, Client, &format!("nonblock {fd}")).is_ok());
            assert!(stage.returns(client, Client, &format!("connect {fd} :8000")).is_err());
            stage.lets_go(server, "SYN");
            if fd == 3 {
                stage.lets_go(client, "SYN,ACK");
                stage.lets_go(server, "ACK");
                stage.wait_state(server, Server, "ESTABLISHED");
            }
        }
        // Nobody answers the second one: its copy waits, again and again, until there is room.
        stage.wait_held(server, &["SYN"]);
        stage.lets_go(server, "SYN");
        stage.wait_held(server, &["SYN"]);
        assert!(stage.returns(server, Server, "accept 3").is_ok());
        stage.lets_go(server, "SYN");
        stage.wait_held(client, &["SYN,ACK"]);
        stage.close(&[server, client]);
    }
}

/// What is released at once goes in the wire's order: what a delivery brought forth was on the wire before the next one
/// went, and stands in the trace before it. A lone server opens both doors.
#[test]
fn what_is_released_at_once_keeps_the_wires_order() {
    for user in lab_users() {
        let (mut stage, server, client) = with_a_syn(user);
        stage.lets_go(server, "SYN");
        stage.lets_go(client, "SYN,ACK");
        stage.lets_go(server, "ACK");
        assert!(stage.returns(client, Client, "setsockopt 3 TCP_NODELAY 1").is_ok());
        for text in ["a", "b", "c"] {
            assert!(stage.returns(client, Client, &format!("send 3 {text}")).is_ok());
        }
        assert!(stage.returns(client, Client, "shutdown 3 SHUT_WR").is_ok());
        stage.wait_held(server, &["PSH,ACK", "PSH,ACK", "PSH,ACK", "FIN,ACK"]);
        // Its process ends: its door is in the server's hands, and so is what it left.
        stage.kill(client);
        stage.wait_event(server, "departure", |event| matches!(event, Event::Left(_)));
        let_all_pass(&mut stage, server);
        stage.wait_held(server, &[]);
        stage.until("the ACK of the FIN on its way", |stage| {
            let gone = stage.count(server, |event| matches!(event, Event::Delivered(_)));
            gone == stage.count(server, |event| matches!(event, Event::Sent { .. }))
        });
        let mut on_the_wire = std::collections::BTreeSet::new();
        for entry in stage.entries(server) {
            match entry.event {
                Event::Sent { id, .. } => drop(on_the_wire.insert(id)),
                Event::Delivered(id) => {
                    assert_eq!(on_the_wire.first(), Some(&id), "{id:?} goes before {on_the_wire:?}");
                    on_the_wire.remove(&id);
                }
                _ => {}
            }
        }
        stage.close(&[server]);
    }
}
