//! What a person sends: changed copies, and segments of nobody's.

use super::tables::{CLIENT, SERVER, SYN, WATCH, with_syn};
use super::*;
use crate::model::{ChangedSetting, HandMade, KernelChange, SettingChange};

#[test]
fn what_a_person_makes_goes_as_it_is_and_only_from_who_may() {
    for (from, goes) in [(SERVER, true), (CLIENT, false), (WATCH, false), (99, false)] {
        for of in [Some(SYN), None] {
            let mut kernel = with_syn();
            kernel.moved = Some(Vec::new());
            let made = segment(4000, 8000, 9, &["RST"], b"");
            kernel.asks(from, Request::Make(of, Box::new(made.clone())));
            assert_eq!(kernel.sent(), if goes { vec![Sending::Made(SegmentId(1))] } else { vec![] }, "{from} {of:?}");
            assert_eq!(kernel.waiting(), [SYN], "the original stays as it is");
            let view = kernel.lab.trace().present();
            let told = view.segment(SegmentId(1)).map(|one| (one.by_hand, one.segment.clone(), one.fate));
            let wanted = (Some(of.map_or(HandMade::Forged, HandMade::Edited)), made, crate::model::Fate::Delivered);
            assert_eq!(told, goes.then_some(wanted));
        }
    }
}

/// A killed process ends in its call, and what its thread says later is nobody's; its next call is a new one's.
#[test]
fn a_killed_process_comes_back_from_no_call_and_only_its_own_driver_kills_it() {
    let accept = || Call::Accept { fd: 3 };
    let server = crate::model::Actor::from(Side::Server);
    for from in [SERVER, CLIENT, WATCH, 99] {
        let mut kernel = with_syn();
        kernel.asks(SERVER, Request::Call(Side::Server.into(), accept()));
        kernel.tell(Input::Blocked(SERVER, (Side::Server, 0).into()));
        kernel.asks(from, Request::Kill(Side::Server.into()));
        let is_killed = from == SERVER;
        let wanted = Effect::Kill(SERVER, Side::Server.into(), server);
        assert_eq!(kernel.effects.contains(&wanted), is_killed, "{from}");
        let view = kernel.lab.trace().present();
        assert_eq!((view.killed(server).is_some(), view.open_call(server).is_none()), (is_killed, is_killed));
        assert_eq!(view.own_effects(server).next().is_none(), is_killed, "what it had open is closed");
        if !is_killed {
            continue;
        }
        let before = kernel.events().len();
        kernel.tell(Input::Returned(SERVER, (Side::Server, 0).into(), returned(4)));
        assert_eq!(kernel.events().len(), before, "a dead thread's word");
        kernel.asks(SERVER, Request::Call(Side::Server.into(), Call::Socket { ipv6: false, udp: false }));
        let view = kernel.lab.trace().present();
        assert!(view.open_call(server).is_some() && view.killed(server).is_none());
    }
}

#[test]
fn who_steps_changes_the_labs_settings_and_no_other_file() {
    let change = |name: &str, value: i64| SettingChange {
        name: name.to_owned(),
        value: crate::model::Setting::Numbers(vec![value]),
    };
    for (from, name, is_set) in [
        (SERVER, "tcp_sack", true),
        (CLIENT, "somaxconn", true),
        (WATCH, "tcp_sack", false),
        (99, "tcp_sack", false),
        (SERVER, "../../kernel/panic", false),
        (SERVER, "tcp_max_orphans", false),
        (SERVER, "tcp_rmem", false),
    ] {
        let mut kernel = with_syn();
        kernel.effects.clear();
        kernel.asks(from, Request::Kernel(KernelChange::Sysctl(change(name, 1))));
        let wanted = is_set.then(|| Effect::Kernel(KernelChange::Sysctl(change(name, 1))));
        let sets = |effect: &&Effect| matches!(effect, Effect::Kernel(_));
        assert_eq!(kernel.effects.iter().find(sets), wanted.as_ref(), "{from} {name}");
    }
    // What came of it is told, and what is as it was isn't shown.
    let mut kernel = with_syn();
    let told = |name: &str, before: &str, now: Result<&str, i32>| ChangedSetting {
        name: name.to_owned(),
        before: Some(before.to_owned()),
        now: now.map(str::to_owned).map_err(Errno),
    };
    for one in [told("a", "1", Ok("0")), told("b", "1", Ok("2")), told("b", "2", Ok("3")), told("c", "1", Err(22))] {
        kernel.tell(Input::Set(vec![one]));
    }
    let shown = |kernel: &Kernel| kernel.lab.trace().present().changed_settings();
    assert_eq!(shown(&kernel), [told("a", "1", Ok("0")), told("b", "1", Ok("3"))]);
    kernel.tell(Input::Set(vec![told("b", "3", Ok("1"))]));
    assert_eq!(shown(&kernel), [told("a", "1", Ok("0"))]);
}

#[test]
fn what_a_person_makes_teaches_nothing_of_its_supposed_sender() {
    let mut kernel = with_syn();
    let made = |flags: &[&str], seq| Box::new(segment(4000, 8000, seq, flags, b""));
    // Another SYN, of another number, and a copy of a segment that isn't there.
    kernel.asks(SERVER, Request::Make(None, made(&["SYN"], 5000)));
    kernel.asks(SERVER, Request::Make(Some(SegmentId(9)), made(&["SYN"], 5000)));
    let seen = |id: u32| {
        let view = kernel.lab.trace().present();
        view.segment(SegmentId(id))
            .map(|one| crate::tcp::line(one.segment, &one.initials, crate::tcp::Numbers::Symbolic))
    };
    assert_eq!(seen(1).as_deref(), Some("SYN seq=j+4993"), "no new first number");
    assert_eq!(seen(2), None);
    // A copy of it is one more of the same, and the kernel's own with these numbers is no retransmission.
    kernel.asks(SERVER, Request::Repeat(SegmentId(1)));
    kernel.captured(&[segment(4000, 8000, 5000, &["SYN"], b"")]);
    let events = kernel.events();
    assert!(events.iter().any(|event| matches!(event, Event::Forged { id: SegmentId(2), .. })), "{events:?}");
    assert!(events.iter().any(|event| matches!(event, Event::Sent { id: SegmentId(3), again: None, .. })));
}
