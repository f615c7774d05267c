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
