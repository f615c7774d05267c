//! The times and counts that the texts of options name, held against the kernel's own numbers and what it then does.

use std::time::Duration;

use sockwalk::explain::NextFiring;
use sockwalk::i18n::Lang;
use sockwalk::model::{Event, Side, SocketFacts, TimerKind, lab_number};
use sockwalk::tcp::State;

use crate::common::lab_users;
use crate::screens;
use crate::stage::{Seat, Stage};

use Side::{Client, Server};

/// Somebody who drives both sides, in a lab whose retransmission timeouts are Linux's own.
pub fn quick(user: crate::common::User) -> (Stage, Seat) {
    let mut stage = Stage::new(user, (160, 50), Lang::EN);
    let free = stage.join(&["free"]);
    for route in ["127.0.0.1", "127.0.0.0/8"] {
        stage.types(free, &format!("ip route change {route} rto_min 200ms"));
    }
    for call in ["socket(", "bind(", "listen("] {
        stage.succeeds(free, Server, call);
    }
    stage.press(free, "\t");
    (stage, free)
}

#[track_caller]
fn connects(stage: &mut Stage, free: Seat) -> i64 {
    let fd = stage.succeeds(free, Client, "socket(");
    stage.sleeps(free, Client, "connect(");
    stage.let_go(free, &["SYN", "SYN,ACK", "ACK"]);
    stage.wait_state(free, Client, "ESTABLISHED");
    fd
}

#[track_caller]
fn sets(stage: &mut Stage, free: Seat, fd: i64, option: &str, value: i64) {
    assert!(stage.returns(free, Client, &format!("setsockopt({fd}, {option}, {value})")).is_ok());
}

/// What the kernel says of the client's newest end, and when.
fn told(stage: &Stage, free: Seat, fits: impl Fn(&SocketFacts) -> bool) -> Option<(Duration, SocketFacts)> {
    stage.entries(free).iter().rev().find_map(|entry| match &entry.event {
        Event::Socket(facts) if facts.side == Some(Client) && fits(facts) => Some((entry.at, facts.clone())),
        _ => None,
    })
}

/// Up to a minute a socket of its own kind has the whole time; a longer one begins with what lies above that (`tcp_fin_time()`).
#[test]
fn linger2_is_how_long_fin_wait2_lasts_but_for_the_timeout_and_two_minutes() {
    for user in lab_users() {
        let (mut stage, free) = quick(user);
        for (value, said, kernel) in [(5, 5, 5.0), (30, 30, 30.0), (500, 120, 60.0)] {
            let fd = connects(&mut stage, free);
            sets(&mut stage, free, fd, "TCP_LINGER2", value);
            stage.wait_text(free, &format!("stays in FIN_WAIT2 for {said} s at most"));
            assert_eq!(stage.returns(free, Client, &format!("getsockopt({fd}, TCP_LINGER2)")).unwrap().value, 0);
            stage.wait_text(free, &format!("stays in FIN_WAIT2 for {said} s at most"));
            let rto =
                told(&stage, free, |facts| facts.state == State::Established).unwrap().1.info.unwrap().rto.unwrap();
            assert!(rto.mul_f64(3.5) < Duration::from_secs(5), "{rto:?}");
            stage.returns(free, Client, &format!("close({fd})")).unwrap();
            stage.let_go(free, &["FIN,ACK", "ACK"]);
            let waits = |facts: &SocketFacts| {
                facts.state == State::FinWait2 && facts.timer.is_some_and(|timer| timer.kind == TimerKind::FinWait2)
            };
            let mut end = None;
            stage.until("FIN_WAIT2's end", |stage| {
                end = told(stage, free, waits).map(|(at, facts)| (facts.timer.unwrap().fires_at - at).as_secs_f64());
                end.is_some_and(|end| (end - kernel).abs() < 1.5)
            });
            // The next one's end is told apart by its number.
            stage.wait_text(free, "FIN_WAIT2");
        }
        stage.close(&[free]);
        // Three and a half times a timeout that is longer.
        let mut stage = Stage::new(user, (160, 50), Lang::EN);
        let free = stage.join(&["free"]);
        for call in ["socket(", "bind(", "listen("] {
            stage.succeeds(free, Server, call);
        }
        stage.press(free, "\t");
        let fd = connects(&mut stage, free);
        let rto = told(&stage, free, |facts| facts.state == State::Established).unwrap().1.info.unwrap().rto.unwrap();
        sets(&mut stage, free, fd, "TCP_LINGER2", 5);
        stage.returns(free, Client, &format!("close({fd})")).unwrap();
        stage.let_go(free, &["FIN,ACK", "ACK"]);
        stage.until("FIN_WAIT2's end", |stage| {
            told(stage, free, |facts| facts.state == State::FinWait2 && facts.timer.is_some()).is_some_and(
                |(at, facts)| {
                    let left = (facts.timer.unwrap().fires_at - at).as_secs_f64();
                    (left - rto.as_secs_f64() * 3.5).abs() < 1.5
                },
            )
        });
        stage.close(&[free]);
    }
}

#[test]
fn a_user_timeout_is_counted_from_the_first_repetition() {
    for user in lab_users() {
        for timeout in [1500, 4000] {
            let (mut stage, free) = quick(user);
            let fd = connects(&mut stage, free);
            sets(&mut stage, free, fd, "TCP_USER_TIMEOUT", timeout);
            stage.wait_text(free, &format!("unacknowledged for {timeout} ms"));
            assert!(stage.returns(free, Client, &format!("send({fd}, \"hello\")")).is_ok());
            stage.wait_state(free, Client, "CLOSED");
            let entries = stage.entries(free);
            let at = |fits: &dyn Fn(&Event) -> bool| entries.iter().find(|entry| fits(&entry.event)).unwrap().at;
            let again = at(&|event| matches!(event, Event::Retransmitted { .. }));
            let ended = at(&|event| {
                matches!(event, Event::Socket(facts) if facts.side == Some(Client) && facts.state == State::Closed && facts.send_queue == 0 && facts.info.is_none_or(|info| info.total_retrans != Some(0)))
                    || matches!(event, Event::Gone { .. })
            });
            let lasted = ended.saturating_sub(again).as_millis();
            assert!((timeout as u128 - 100..timeout as u128 + 900).contains(&lasted), "{lasted} of {timeout}");
            stage.close(&[free]);
        }
    }
}

/// What is said of the timer's next firing is what it then does.
#[test]
fn a_keepalive_timer_does_what_is_said_of_its_next_firing() {
    for user in lab_users() {
        let (mut stage, free) = quick(user);
        let fd = connects(&mut stage, free);
        let begin = |text: &str| text.split("{s}").next().unwrap().to_owned();
        let words = &stage.texts.timer;
        let [probe, waits, last] =
            [&words.keepalive_probe, &words.keepalive_wait, &words.keepalive_last].map(|text| begin(text));
        for (option, value) in [("TCP_KEEPIDLE", 6), ("TCP_KEEPINTVL", 2), ("TCP_KEEPCNT", 2), ("SO_KEEPALIVE", 1)] {
            sets(&mut stage, free, fd, option, value);
        }
        // What comes before puts it off, by what is then left.
        stage.wait_text(free, &format!("{probe}2."));
        assert!(stage.returns(free, Client, &format!("send({fd}, \"hello\")")).is_ok());
        stage.let_go(free, &["PSH,ACK", "ACK"]);
        stage.wait_text(free, &waits);
        stage.wait_text(free, &probe);
        assert_eq!(stage.held(free), [""; 0], "the firing in between sent nothing");
        stage.wait_text(free, &last);
        stage.wait_state(free, Client, "CLOSED");
        let trace = stage.as_trace(free);
        let mut predicted = Vec::new();
        for (moment, entry) in trace.entries().iter().enumerate() {
            let Event::Socket(facts) = &entry.event else { continue };
            let view = trace.at(moment + 1);
            let socket = view.socket(facts.cookie).unwrap();
            if facts.timer.is_some_and(|timer| timer.kind == TimerKind::Keepalive) {
                let next = NextFiring::of(&view, &socket, lab_number);
                predicted.push((facts.timer.unwrap().fired, next.unwrap()));
            }
        }
        predicted.dedup();
        let wanted = [
            (0, NextFiring::Probe),
            (0, NextFiring::Wait),
            (0, NextFiring::Probe),
            (1, NextFiring::Probe),
            (2, NextFiring::End),
        ];
        assert_eq!(predicted, wanted);
        assert!(!screens::everywhere(stage.screen(free)).contains("{n}"));
        stage.close(&[free]);
    }
}
