//! What a segment did to the timers of its receiver's end, and what they do next.

use super::*;
use crate::model::{Returned, SocketOption};

fn timer(kind: TimerKind, seconds: u64, fired: u8) -> Option<Timer> {
    Some(Timer { kind, fires_at: Duration::from_secs(seconds), fired })
}

/// What is said of an ACK that changes the timer of the client's end so.
fn set(before: Option<Timer>, after: Option<Timer>, counts: bool) -> String {
    let mut script = Script::new();
    script.socket(1, State::Established, 40000, |facts| facts.timer = before);
    let ack = script.sent(8000, (501, 106), &["ACK"], b"", 0);
    script.push(Event::Delivered(ack));
    if counts {
        script.counted(ack, &[]);
    }
    script.socket(1, State::Established, 40000, |facts| facts.timer = after);
    script.story(ack).became
}

#[test]
fn whatever_an_ack_does_to_a_timer_is_told() {
    use TimerKind::{Keepalive, Probe, Retransmit};
    const NOTHING: &str = "nothing was seen to change";
    for (before, after, wanted) in [
        (timer(Probe, 2, 1), timer(Probe, 4, 0), "The probe timer was set anew: after 4.0 s"),
        (timer(Probe, 2, 1), timer(Probe, 2, 0), "The probe timer was set anew: after 2.0 s"),
        (timer(Probe, 2, 0), timer(Probe, 4, 0), "The probe timer was set anew: after 4.0 s"),
        (timer(Retransmit, 2, 0), timer(Probe, 4, 0), "The retransmission timer stopped. The probe timer began"),
        (timer(Probe, 2, 1), None, "The probe timer stopped."),
        (timer(Probe, 2, 1), timer(Retransmit, 9, 0), "The probe timer stopped."),
        (None, timer(Probe, 4, 0), "The probe timer began: the window holds back"),
        (timer(Retransmit, 2, 0), timer(Retransmit, 9, 0), "The retransmission timer was set anew: it runs out 9.0 s"),
        (timer(Retransmit, 2, 0), None, "The retransmission timer stopped."),
        (timer(Keepalive, 2, 2), timer(Keepalive, 2, 0), "Keepalive probes without an answer: 2 → 0."),
        (timer(Keepalive, 2, 0), timer(Keepalive, 9, 0), NOTHING),
        (timer(Probe, 2, 1), timer(Probe, 2, 1), NOTHING),
        (None, None, NOTHING),
    ] {
        let told = set(before, after, true);
        assert!(told.contains(wanted), "{before:?} {after:?}: {told}");
        assert_eq!(told.contains(NOTHING), wanted == NOTHING, "{told}");
    }
    let told = set(timer(Probe, 2, 1), timer(Probe, 4, 0), false);
    assert!(!told.contains("set anew"), "a call may have done it: {told}");
}

/// What is said of a lost answer to a keepalive probe, by how many had none and by what the client set, in turn.
fn lost_answer(fired: u8, options: &[(SocketOption, i32)], told: Option<(&str, &str)>) -> String {
    let mut script = Script(Trace::default(), 0, Duration::ZERO);
    let mut returns = |call: Call, value: i64| {
        script.push(Event::Entered { caller: Side::Client.into(), call });
        let outcome = Ok(Returned { value, ..Returned::default() });
        script.push(Event::Returned { caller: Side::Client.into(), outcome });
    };
    returns(Call::Socket { ipv6: false, udp: false }, 4);
    for (option, value) in options {
        returns(Call::SetOption { fd: 4, option: *option, value: *value }, 0);
    }
    if let Some((name, now)) = told {
        let one = crate::model::ChangedSetting { name: name.into(), before: Some("9".into()), now: Ok(now.into()) };
        script.push(Event::Sysctl(Box::new(one)));
    }
    script.arrives(8000, (501, 101), &["ACK"], b"");
    script.socket(1, State::Established, 40000, |facts| facts.timer = timer(TimerKind::Keepalive, 3, fired));
    let lost = script.sent(8000, (501, 101), &["ACK"], b"", 1000);
    script.push(Event::Dropped(lost));
    script.story(lost).became
}

#[test]
fn what_a_keepalive_timer_does_next_follows_from_the_kernels_numbers() {
    let (probe, end, either) =
        ("it asks once more.", "it gives up and ends the connection", "asks once more, or gives up");
    let two = (SocketOption::KEEP_COUNT, 2);
    let setting = Some(("net.ipv4.tcp_keepalive_probes", "2"));
    for (fired, options, told, wanted) in [
        (1, &[two][..], None, probe),
        (2, &[two], None, end),
        (3, &[two], None, end),
        (2, &[], None, probe),
        (9, &[], None, end),
        (1, &[], setting, probe),
        (2, &[], setting, end),
        (2, &[(SocketOption::KEEP_COUNT, 3)], setting, probe),
        (2, &[two, (SocketOption::USER_TIMEOUT, 60_000)], None, either),
        (2, &[two, (SocketOption::USER_TIMEOUT, 60_000), (SocketOption::USER_TIMEOUT, 0)], None, end),
    ] {
        let said = lost_answer(fired, options, told);
        assert!(said.contains(wanted), "{fired} {options:?} {told:?}: {said}");
    }
}

/// What the timer of a receiver's end does by itself just after a segment came is no answer to it.
#[test]
fn what_a_timer_does_by_itself_is_no_consequence_of_what_came() {
    let at = |ms: u64, fired: u8, kind| Some(Timer { kind, fires_at: Duration::from_millis(ms), fired });
    // When the end's timer is told to run out, and whether what is sent again comes of it.
    for (runs_out, is_own) in [(300, true), (5000, false)] {
        let mut script = Script(Trace::default(), 0, Duration::ZERO);
        script.arrives(40000, (100, 0), &["SYN"], b"");
        let answer = script.sent(8000, (500, 101), &["SYN", "ACK"], b"", 1000);
        script.socket(1, State::SynRecv, 8000, |facts| facts.timer = at(runs_out, 0, TimerKind::Retransmit));
        let odd = script.sent(40000, (101, 501), &["ACK"], b"x", 1000);
        script.push(Event::Delivered(odd));
        script.counted(odd, &["TcpInCsumErrors"]);
        script.2 = Duration::from_millis(301);
        let again = script.0.present().segment(answer).unwrap().segment.clone();
        script.push(Event::Retransmitted { id: answer, segment: again });
        script.socket(1, State::SynRecv, 8000, |facts| facts.timer = at(2300, 1, TimerKind::Retransmit));
        let told = script.story(odd).became;
        assert_eq!(told.contains("sent once more"), !is_own, "{told}");
        assert!(!told.contains("set anew"), "it ran out by itself: {told}");
        assert_eq!(told.contains("nothing was seen to change"), is_own, "{told}");
    }
    // The request is given up, long after what came.
    for (later, is_own) in [(300, true), (2, false)] {
        let mut script = Script::new();
        script.socket(1, State::SynRecv, 8000, |facts| facts.timer = at(5, 1, TimerKind::Retransmit));
        let odd = script.sent(40000, (101, 501), &["ACK"], b"x", 1000);
        script.push(Event::Delivered(odd));
        script.counted(odd, &[]);
        script.2 += Duration::from_millis(later);
        script.push(Event::Gone { cookie: 1, source: crate::model::Source::SockDiag });
        let told = script.story(odd).became;
        assert_eq!(told.contains("SYN_RECV → CLOSED"), !is_own, "{told}");
    }
}

/// What is said of the timer of a lost segment's sender, by its end's state, by how often the timer has fired and by the settings.
#[test]
fn what_a_retransmission_timer_does_next_follows_from_the_kernels_numbers() {
    let (more, end, either) = ("is sent once more.", "it gives up and ends", "sent once more, or the kernel gives up");
    let lost = |state: State, fired: u8, name: &str, now: &str, seconds: u64| {
        let mut script = Script(Trace::default(), 0, Duration::ZERO);
        let full = format!("net.ipv4.{name}");
        let one = crate::model::ChangedSetting { name: full, before: Some("255".into()), now: Ok(now.into()) };
        script.push(Event::Sysctl(Box::new(one)));
        let flags: &[&str] = if state == State::SynSent { &["SYN"] } else { &["PSH", "ACK"] };
        let bytes: &[u8] = if state == State::SynSent { b"" } else { b"hello" };
        let data = script.sent(40000, (100, 0), flags, bytes, 1000);
        for n in 0..fired {
            script.2 = Duration::from_secs(10 * u64::from(n + 1));
            let again = script.0.present().segment(data).unwrap().segment.clone();
            script.push(Event::Retransmitted { id: data, segment: again });
        }
        script.socket(1, state, 40000, |facts| {
            facts.timer = timer(TimerKind::Retransmit, seconds, fired);
            facts.fd = facts.fd.filter(|_| state != State::FinWait1);
        });
        script.push(Event::Dropped(data));
        script.story(data).became
    };
    use State::{Established, FinWait1, SynSent};
    for (state, fired, name, now, seconds, wanted) in [
        (SynSent, 1, "tcp_syn_retries", "2", 20, more),
        (SynSent, 2, "tcp_syn_retries", "2", 30, end),
        (SynSent, 2, "tcp_syn_linear_timeouts", "4", 30, more),
        // Three tries of the kernel's least timeout are over after 3 s, whatever the timeouts were.
        (Established, 1, "tcp_retries2", "3", 14, end),
        (Established, 1, "tcp_retries2", "3", 12, more),
        (Established, 1, "tcp_retries2", "3", 13, either),
        (Established, 2, "tcp_retries2", "5", 40, end),
        (Established, 2, "tcp_retries2", "15", 40, more),
        // 0 means 8 of them.
        (FinWait1, 1, "tcp_orphan_retries", "0", 20, more),
        (FinWait1, 1, "tcp_orphan_retries", "2", 20, end),
    ] {
        let told = lost(state, fired, name, now, seconds);
        assert!(told.contains(wanted), "{state:?} {fired} {name}={now} {seconds}: {told}");
    }
    assert!(lost(Established, 0, "tcp_retries2", "0", 5).contains("is sent again."));
}
