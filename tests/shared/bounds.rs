//! What grows without end elsewhere, and what the lab's own settings bound.

use std::fs;
use std::os::unix::fs::chown;
use std::time::Duration;

use sockwalk::i18n::Lang;
use sockwalk::model::{Event, Member, Role, SegmentFilter, Side};
use sockwalk::tcp::State;

use crate::common::{lab_users, procs, users};
use crate::screens;
use crate::stage::{LARGE, Seat, Stage};

use Side::{Client, Server};

/// A lab keeps each socket in TIME_WAIT: none goes from FIN_WAIT2 to CLOSED for want of room.
#[test]
fn time_wait_has_room_for_many() {
    const MANY: usize = 560;
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let Some(python) = stage.tool("python3", "--version") else { return };
        let script = stage.write("closes.py", include_str!("programs/closes.py")).to_str().unwrap().to_owned();
        let free = stage.join(&["free"]);
        stage.press(free, "w");
        stage.wait_event(free, "rule", |event| matches!(event, Event::Passing(_)));
        let program = stage.exec(&[&python, &script, "127.0.0.1", "8000", &MANY.to_string()], "");
        stage.wait_said(program, "closed");
        // An RST that meets a TIME_WAIT ends it (RFC 1337): where the machine is so busy that a FIN is sent again, its second
        // copy is answered by one, and this socket is gone by rights.
        stage.until("all of them in the trace, each in TIME_WAIT", |stage| {
            let waits = |event: Event| match event {
                Event::Socket(facts) if facts.state == State::TimeWait => Some(facts.cookie),
                _ => None,
            };
            let all = stage.entries(free).into_iter().filter_map(|entry| waits(entry.event));
            let seen: std::collections::HashSet<u64> = all.collect();
            let reset = procs::counter_around(stage.pid(free), "OutRsts");
            seen.len() as u64 + reset >= MANY as u64
        });
        assert_eq!(procs::counter_around(stage.pid(free), "TCPTimeWaitOverflow"), 0, "{user:?}");
        assert!(stage.wait_end(program).success());
        stage.close(&[free]);
    }
}

/// The most memory that a process had, in MiB.
fn peak(pid: u32) -> f64 {
    let line = procs::status_line(pid, pid, "VmHWM").unwrap();
    line[0].parse::<f64>().unwrap() / 1024.0
}

/// A recording of 8,000 that came and stayed takes room for each of them, and not for each at each moment.
#[test]
fn a_recording_of_many_comings_takes_little_room() {
    for user in users() {
        let mut stage = Stage::new(user, LARGE, Lang::EN);
        let line = |n: u32| {
            let event = Event::Joined(Member { number: n, pid: n, nth: 1, role: Role::Drives(Vec::new()) });
            format!("{{\"t_us\":{n},\"entry\":{}}}\n", serde_json::to_string(&event).unwrap())
        };
        let path = stage.file("many.jsonl");
        fs::write(&path, (1..=8_000).map(line).collect::<String>()).unwrap();
        chown(&path, Some(user.uid()), None).unwrap();
        let replay = stage.open(&["replay", path.to_str().unwrap()]);
        let past = stage.texts.header.past.split("{n}").next().unwrap().trim().to_owned();
        stage.wait_text(replay, &past);
        stage.press(replay, "\u{1b}[F\u{1b}[D\u{1b}[D\u{1b}[H\u{1b}[C");
        stage.looks_at_sockets(replay, |_| ());
        let peak = peak(stage.pid(replay));
        assert!(peak < 100.0, "{peak} MiB");
        stage.close(&[replay]);
    }
}

/// What passes late is counted as what passes at once is: the trace keeps the first ones, and the wire what is on its way.
#[test]
fn a_transfer_that_passes_late_takes_little_room() {
    const BYTES: u64 = 1_500_000;
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let Some(python) = stage.tool("python3", "--version") else { return };
        let free = stage.join(&["free"]);
        stage.press(free, "w");
        stage.wait_event(free, "rule", |event| matches!(event, Event::Passing(_)));
        stage.press(free, "w");
        let late = |event: &Event| matches!(event, Event::Passing(passing) if passing.rule(SegmentFilter::All) == Some(Duration::from_millis(200)));
        stage.wait_event(free, "the rule of 0.2 s", late);
        stage.transfers(free, &python, BYTES);
        let (mut kept, mut bytes, mut unkept) = (0, 0, 0);
        stage.until("every byte, one by one or counted", |stage| {
            (kept, bytes, unkept) = (0, 0, 0);
            for entry in stage.entries(free) {
                match entry.event {
                    Event::Sent { segment, .. } => (kept, bytes) = (kept + 1, bytes + u64::from(segment.len())),
                    Event::Unkept { segments, bytes: more, .. } => (unkept, bytes) = (unkept + segments, bytes + more),
                    _ => {}
                }
            }
            bytes >= BYTES
        });
        assert!(kept < 500 && unkept > 500, "{kept} kept, {unkept} counted");
        stage.close(&[free]);
    }
}

/// The texts of FIN_WAIT2's timer as they begin, and Linux's own number beside the lab's.
fn heads(stage: &Stage) -> [String; 4] {
    let t = &stage.texts.timer;
    let begins =
        [&t.fin_wait, &t.fin_wait_orphan, &t.time_wait].map(|text| text.split("{s}").next().unwrap().to_owned());
    let [timed, orphan, time_wait] = begins;
    // In a narrow pane only Linux's number has room beside.
    [timed, orphan, t.ends_short_lab.split("{s}").nth(1).unwrap().to_owned(), time_wait]
}

/// Both let pass what comes to their own side.
fn both_pass(stage: &mut Stage, seats: [Seat; 2]) {
    for (seat, side) in seats.into_iter().zip([Server, Client]) {
        stage.press(seat, "w");
        let rule = move |event: &Event| matches!(event, Event::Passing(passing) if passing.rule(SegmentFilter::To(side.into())).is_some());
        stage.wait_event(seat, "rule", rule);
    }
}

/// With a descriptor FIN_WAIT2 has no end, without one it has; whose setting that is is said beside it, unless the program set
/// it itself.
#[test]
fn the_end_of_fin_wait2_is_told_where_there_is_one() {
    for user in lab_users() {
        for lang in Lang::all() {
            let mut stage = Stage::new(user, (160, 50), lang);
            let (server, client) = (stage.join(&["server"]), stage.join(&["client"]));
            for begin in ["socket(", "bind(", "listen("] {
                stage.succeeds(server, Server, begin);
            }
            both_pass(&mut stage, [server, client]);
            let [timed, orphan, by_lab, time_wait] = heads(&stage);
            let shown = |stage: &Stage| screens::everywhere(stage.screen(client));
            let tells = |stage: &Stage, text: &str| shown(stage).contains(&screens::unbroken(text));
            connect(&mut stage, client);
            stage.returns(client, Client, "shutdown 3 SHUT_WR").unwrap();
            stage.wait_state(client, Client, "FIN_WAIT2");
            for absent in [&timed, &orphan, &by_lab, &time_wait] {
                assert!(!tells(&stage, absent), "{absent}: {}", shown(&stage));
            }
            // A keepalive timer is one, whatever the state.
            stage.returns(client, Client, "setsockopt 3 SO_KEEPALIVE 1").unwrap();
            let keepalive = stage.texts.timer.keepalive_probe.replace("{s}", "7200");
            let begins = keepalive.split("7200").next().unwrap().to_owned();
            stage.wait_text(client, if begins.is_empty() { &keepalive } else { &begins });
            assert!(!tells(&stage, &by_lab) && !tells(&stage, &orphan), "{}", shown(&stage));
            stage.returns(client, Client, "close 3").unwrap();
            stage.wait_text(client, &by_lab);
            // The next one's end is its own choice.
            connect(&mut stage, client);
            assert!(stage.returns(client, Client, "setsockopt 3 TCP_LINGER2 50").is_ok());
            stage.returns(client, Client, "close 3").unwrap();
            stage.wait_text(client, &timed);
            assert!(tells(&stage, &by_lab), "the first one's is still the lab's: {}", shown(&stage));
            assert!(!tells(&stage, &time_wait), "{}", shown(&stage));
            stage.close(&[client, server]);
        }
    }
}

/// A new socket of the client, connected.
#[track_caller]
fn connect(stage: &mut Stage, client: Seat) {
    assert_eq!(stage.returns(client, Client, "socket()").unwrap().value, 3);
    stage.returns(client, Client, "connect 3 127.0.0.1:8000").unwrap();
    stage.wait_state(client, Client, "ESTABLISHED");
}
