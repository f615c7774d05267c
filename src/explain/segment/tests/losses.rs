//! What is said to be missed.

use super::*;
use crate::model::rule::{RulePattern, RuleSelection, WireEffect, WireRule};
use crate::model::{SegmentFilter, Source};

fn timer(kind: TimerKind, fired: u8) -> Option<Timer> {
    Some(Timer { kind, fires_at: Duration::from_millis(3_500), fired })
}

/// What is said of an ACK of the server's that was lost; `before` is the window of the ACK before it, and the client's end is as `end`
/// makes it.
fn lost_ack(before: u16, end: impl FnOnce(&mut SocketFacts)) -> String {
    let mut script = Script::new();
    script.socket(1, State::Established, 40000, |_| {});
    let earlier = script.sent(8000, (501, 106), &["ACK"], b"", before);
    script.push(Event::Delivered(earlier));
    script.socket(1, State::Established, 40000, end);
    let lost = script.sent(8000, (501, 106), &["ACK"], b"", 1000);
    script.push(Event::Dropped(lost));
    script.story(lost).became
}

#[test]
fn what_is_missed_of_an_ack_follows_from_what_it_had_to_say() {
    let told = lost_ack(0, |facts| facts.timer = timer(TimerKind::Probe, 2));
    assert!(told.contains("Lost: the word that the window is open again"), "{told}");
    assert!(told.contains("A probe timer runs in the kernel of the client: in 1.5 s"), "{told}");
    let told = lost_ack(1000, |facts| facts.timer = timer(TimerKind::Keepalive, 1));
    assert!(told.contains("Lost: an ACK that acknowledges nothing new"), "{told}");
    assert!(told.contains("A keepalive timer runs in the kernel of the client: in 1.5 s"), "{told}");
    for without in [None, timer(TimerKind::Keepalive, 0)] {
        let told = lost_ack(1000, |facts| facts.timer = without);
        assert!(told.ends_with("that stays without an answer."), "no timer has to do with it: {told}");
    }
}

#[test]
fn of_a_probe_that_is_lost_its_timer_is_told() {
    let mut script = Script::new();
    let probe = script.sent(40000, (100, 501), &["ACK"], b"", 1000);
    script.socket(1, State::Established, 40000, |facts| facts.timer = timer(TimerKind::Keepalive, 1));
    script.push(Event::Dropped(probe));
    let told = script.story(probe).became;
    assert!(told.contains("Lost: a probe") && told.contains("asks once more, or gives up"), "{told}");
}

#[test]
fn an_end_that_is_gone_sends_nothing_again() {
    for reset in [false, true] {
        let mut script = Script::new();
        script.socket(1, State::Established, 40000, |_| {});
        let lost = script.sent(40000, (101, 501), &["PSH", "ACK"], b"hello", 1000);
        if reset {
            // A reset leaves its descriptor a socket without addresses.
            script.socket(1, State::Closed, 40000, |facts| (facts.local, facts.remote) = (None, None));
        } else {
            script.push(Event::Gone { cookie: 1, source: Source::SockDiag });
        }
        script.push(Event::Dropped(lost));
        let told = script.story(lost).became;
        assert!(told.contains("No socket of this connection is left in the kernel of the client"), "{told}");
    }
}

#[test]
fn one_of_two_copies_is_not_all_that_there_is() {
    let does = WireEffect::Duplicate(RuleSelection::All);
    let rule = WireRule { which: SegmentFilter::All, only: RulePattern::default(), does };
    for (other, wanted) in [
        (None, "Another one still waits"),
        (Some(Event::Delivered as fn(SegmentId) -> Event), "Another one went on"),
        (Some(Event::Dropped), "Lost: 5 bytes of data"),
    ] {
        for first_is_lost in [true, false] {
            let mut script = Script::new();
            let of = script.sent(40000, (101, 501), &["PSH", "ACK"], b"hello", 1000);
            let (id, segment) = (SegmentId(script.1), script.0.present().segment(of).unwrap().segment.clone());
            script.1 += 1;
            script.push(Event::Duplicated { id, of, segment, rule: Box::new(rule) });
            script.push(Event::Held(id));
            let (lost, kept) = if first_is_lost { (of, id) } else { (id, of) };
            script.push(Event::Dropped(lost));
            other.iter().for_each(|event| script.push(event(kept)));
            let told = script.story(lost).became;
            assert!(told.contains(wanted), "{told}");
        }
    }
}

/// A SYN that came to a listener, counted so, and its answer that is lost; then the client's ACK that is lost.
#[test]
fn of_a_syn_cookie_the_kernel_keeps_nothing_and_no_timer_of_it_is_awaited() {
    let cookie = |counted: &[&str], setting: Option<&str>, lang: Lang| {
        let mut script = Script(Trace::default(), 0, Duration::ZERO);
        if let Some(value) = setting {
            let one = crate::model::ChangedSetting {
                name: "net.ipv4.tcp_syncookies".into(),
                before: Some("1".into()),
                now: Ok(value.into()),
            };
            script.push(Event::Sysctl(Box::new(one)));
        }
        script.socket(9, State::Listen, 8000, |facts| facts.remote = None);
        let syn = script.arrives(40000, (100, 0), &["SYN"], b"");
        if setting.is_none() {
            script.counted(syn, counted);
        }
        script.socket(1, State::SynSent, 40000, |facts| facts.timer = timer(TimerKind::Retransmit, 0));
        let answer = script.sent(8000, (500, 101), &["SYN", "ACK"], b"", 1000);
        script.push(Event::Dropped(answer));
        let asked = (lang, Numbers::Symbolic);
        let lost = told_at(&script.0.present(), answer, Duration::from_secs(2), asked).became;
        let ack = script.sent(40000, (101, 501), &["ACK"], b"", 1000);
        script.push(Event::Dropped(ack));
        [lost, told_at(&script.0.present(), ack, Duration::from_secs(2), asked).became]
    };
    let kept = "Nothing of the request is kept in the kernel of the server";
    for (counted, setting) in [(&["SyncookiesSent", "TCPReqQFullDoCookies"][..], None), (&[], Some("2"))] {
        let [answer, ack] = cookie(counted, setting, Lang::EN);
        assert!(answer.contains(kept) && !answer.contains("was not observed"), "{answer}");
        assert!(answer.ends_with("A retransmission timer runs in the kernel of the client: in 1.5 s, what is not acknowledged by then is sent again."), "{answer}");
        assert!(ack.contains(kept) && !ack.contains("was not observed"), "{ack}");
        let [answer, ack] = cookie(counted, setting, zh());
        assert!(
            answer.contains("server 的内核 没有") || answer.contains("SYN cookie") && ack.contains("SYN cookie"),
            "{answer} {ack}"
        );
    }
    for (counted, setting) in [(&[][..], None), (&[], Some("1"))] {
        let [answer, _] = cookie(counted, setting, Lang::EN);
        assert!(!answer.contains(kept) && answer.contains("was not observed"), "{answer}");
    }
}
