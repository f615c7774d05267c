//! One situation each, of those that were races between threads.

use super::*;
use crate::model::{Actor, CounterMove, HandMade, SegmentFilter};

pub(super) const SERVER: u32 = 1;
pub(super) const CLIENT: u32 = 2;
pub(super) const WATCH: u32 = 3;

pub(super) fn both() -> [Member; 3] {
    let watch = Member { number: WATCH, pid: 9, nth: 1, role: Role::Watches };
    [drives(SERVER, &[Side::Server]), drives(CLIENT, &[Side::Client]), watch]
}

/// A server, a client and somebody who looks on; a SYN waits at the server's door.
pub(super) fn with_syn() -> Kernel {
    let mut kernel = Kernel::with(&both());
    kernel.sockets = handshake();
    kernel.captured(&[segment(4000, 8000, 7, &["SYN"], b"")]);
    kernel.effects.clear();
    kernel
}

pub(super) const SYN: SegmentId = SegmentId(0);

#[test]
fn who_may_let_a_segment_go_is_decided_once() {
    for (from, goes) in [(SERVER, true), (CLIENT, false), (WATCH, false), (99, false)] {
        let mut kernel = with_syn();
        kernel.asks(from, Request::Deliver(SYN));
        assert_eq!(kernel.sent(), if goes { vec![Sending::Released(SYN)] } else { vec![] }, "{from}");
        assert_eq!(kernel.waiting().is_empty(), goes);
        let mut kernel = with_syn();
        kernel.asks(from, Request::Drop(SYN));
        assert_eq!(kernel.events().contains(&&Event::Dropped(SYN)), goes, "{from}");
    }
}

#[test]
fn who_comes_twice_has_come_once_and_leaves_at_once() {
    let mut kernel = Kernel::with(&both());
    for again in [drives(SERVER, &[Side::Server]), drives(SERVER, &Side::BOTH), drives(WATCH, &[])] {
        kernel.tell(Input::Came(again));
    }
    assert!(!kernel.effects.iter().any(|effect| matches!(effect, Effect::Welcome(_) | Effect::Deny(..))));
    kernel.tell(Input::Left(SERVER));
    kernel.tell(Input::Came(drives(4, &[Side::Server])));
    assert!(kernel.effects.contains(&Effect::Welcome(4)), "{:?}", kernel.effects);
    assert_eq!(kernel.lab.trace().present().members().len(), 3);
}

#[test]
fn who_does_not_take_part_has_nothing_done() {
    let mut kernel = with_syn();
    kernel.until(Duration::from_secs(1));
    kernel.captured(&[segment(4000, 8000, 8, &["ACK"], b"a")]);
    kernel.lab.handle(kernel.now, Input::Captured(vec![segment(4000, 8000, 9, &["ACK"], b"b")]));
    let entries = kernel.lab.trace().now();
    let before = kernel.effects.len();
    for request in [
        Request::Settle,
        Request::Deliver(SYN),
        Request::Drop(SYN),
        Request::Call(Side::Server.into(), listen()),
        Request::CallBy(Side::Server.into(), 3, listen()),
        Request::Interrupt(Side::Server.into(), 0),
        Request::Pass(SegmentFilter::All, Some(Duration::ZERO)),
        Request::Note(Box::new(Event::Step(0))),
    ] {
        kernel.lab.handle(kernel.now, Input::Asked(99, request));
    }
    kernel.lab.handle(kernel.now, Input::Returned(99, (Side::Server, 0).into(), returned(0)));
    kernel.carry_out();
    let asked = |effect: &Effect| matches!(effect, Effect::Dump(_));
    assert_eq!(kernel.effects[before..].iter().filter(|effect| !asked(effect)).count(), 0);
    assert!(kernel.effects[before..].iter().filter(|effect| asked(effect)).count() <= 1, "what is due anyway");
    assert_eq!(kernel.lab.trace().now(), entries);
}

#[test]
fn a_lesson_is_looked_at_and_not_taken_part_in() {
    let mut kernel = Kernel::new(Some(drives(0, &Side::BOTH)));
    let of = |number, role| Member { number, pid: 9, nth: 1, role };
    for (member, goes) in [
        (of(1, Role::Watches), true),
        (of(2, Role::Runs("nc".into())), false),
        (drives(3, &[Side::Server]), false),
        (drives(4, &[]), false),
    ] {
        kernel.effects.clear();
        kernel.tell(Input::Came(member.clone()));
        let wanted = if goes { Effect::Welcome(member.number) } else { Effect::Deny(member.number, Denial::Lesson) };
        assert_eq!(kernel.effects.first(), Some(&wanted));
    }
    // Only the lesson's own runner has steps.
    for (from, steps) in [(1, 0), (0, 1)] {
        kernel.asks(from, Request::Note(Box::new(Event::Step(7))));
        assert_eq!(kernel.events().iter().filter(|event| matches!(event, Event::Step(7))).count(), steps);
    }
}

#[test]
fn two_drivers_and_one_segment() {
    let mut kernel = with_syn();
    for request in [Request::Deliver(SYN), Request::Deliver(SYN), Request::Drop(SYN)] {
        kernel.lab.handle(kernel.now, Input::Asked(SERVER, request));
    }
    kernel.carry_out();
    assert_eq!(kernel.sent(), [Sending::Released(SYN)]);
    let ends = kernel.events().into_iter().filter(|event| matches!(event, Event::Delivered(_) | Event::Dropped(_)));
    assert_eq!(ends.collect::<Vec<_>>(), [&Event::Delivered(SYN)]);
}

#[test]
fn where_a_driver_has_left_the_other_one_may() {
    let mut kernel = with_syn();
    kernel.tell(Input::Left(SERVER));
    kernel.asks(CLIENT, Request::Deliver(SYN));
    assert_eq!(kernel.sent(), [Sending::Released(SYN)]);
}

#[test]
fn each_of_several_clients_has_its_own_door_calls_and_number() {
    let mut kernel = with_syn();
    kernel.tell(Input::Came(drives(4, &[Side::Client])));
    assert_eq!(kernel.effects.first(), Some(&Effect::Welcome(4)));
    let second = Actor { side: Side::Client, nth: 2 };
    assert!(kernel.lab.member(4).is_some_and(|member| member.is(second) && !member.is(Side::Client.into())));
    // Both are in a call at the same time, and each call is its own.
    for (from, ends) in [(CLIENT, 4), (4, CLIENT)] {
        kernel.asks(from, Request::Call(Side::Client.into(), listen()));
        assert!(kernel.lab.is_in_call(from, (Side::Client, 0).into()));
        kernel.tell(Input::Returned(ends, (Side::Client, 0).into(), returned(0)));
    }
    assert!(
        !kernel.lab.is_in_call(CLIENT, (Side::Client, 0).into()) && kernel.lab.is_in_call(4, (Side::Client, 0).into())
    );
    let view = kernel.lab.trace().present();
    assert_eq!(view.actors(Side::Client), [Side::Client.into(), second]);
    assert_eq!((view.call_count(Side::Client), view.call_count(second)), (1, 1));
    // What comes to the second one is the second one's to let go.
    let socket =
        crate::model::testing::socket(9, Side::Client, Some(3), State::SynSent, (Some(end(4001)), Some(end(8000))));
    kernel.sockets.push(SocketFacts { nth: 2, ..socket });
    kernel.captured(&[segment(8000, 4001, 9, &["SYN", "ACK"], b"")]);
    kernel.effects.clear();
    for (from, sent) in [(CLIENT, 0), (SERVER, 0), (4, 1)] {
        kernel.asks(from, Request::Deliver(SegmentId(1)));
        assert_eq!(kernel.sent().len(), sent, "{from}");
    }
    // A busy kernel hasn't told yet whose the receiver's address is: each client may, so that nobody's key is in vain.
    kernel.captured(&[segment(8000, 4002, 9, &["SYN", "ACK"], b"")]);
    kernel.effects.clear();
    for (from, sent) in [(SERVER, 0), (4, 1)] {
        kernel.asks(from, Request::Deliver(SegmentId(2)));
        assert_eq!(kernel.sent().len(), sent, "{from}");
    }
    // Who comes after one has left has the number that is free.
    kernel.tell(Input::Left(CLIENT));
    kernel.tell(Input::Came(drives(5, &[Side::Client])));
    assert!(kernel.lab.member(5).is_some_and(|member| member.is(Side::Client.into())));
    // Of both sides together it is the lowest that neither has.
    kernel.tell(Input::Came(drives(6, &Side::BOTH)));
    assert_eq!(kernel.lab.member(6).map(|member| member.nth), Some(3));
}

#[test]
fn a_process_that_ends_in_a_call_leaves_no_call_behind() {
    let mut kernel = Kernel::with(&both());
    kernel.asks(SERVER, Request::Call(Side::Server.into(), listen()));
    assert!(kernel.lab.is_in_call(SERVER, (Side::Server, 0).into()));
    kernel.tell(Input::Blocked(SERVER, (Side::Server, 0).into()));
    kernel.tell(Input::Left(SERVER));
    assert!(!kernel.lab.is_in_call(SERVER, (Side::Server, 0).into()));
    // What it still says, or asked for, is nobody's.
    let entries = kernel.lab.trace().now();
    kernel.tell(Input::Returned(SERVER, (Side::Server, 0).into(), returned(0)));
    kernel.asks(SERVER, Request::Call(Side::Server.into(), listen()));
    assert_eq!(kernel.lab.trace().now(), entries);
    assert!(kernel.lab.trace().present().open_call(Side::Server).is_none());
}

#[test]
fn what_one_asked_for_before_it_left_is_done() {
    let mut kernel = with_syn();
    kernel.lab.handle(kernel.now, Input::Asked(SERVER, Request::Deliver(SYN)));
    kernel.lab.handle(kernel.now, Input::Left(SERVER));
    kernel.carry_out();
    assert_eq!(kernel.sent(), [Sending::Released(SYN)]);
    assert!(matches!(kernel.events().last(), Some(Event::Left(_) | Event::Socket(_))));
    assert!(kernel.effects.iter().any(|effect| matches!(effect, Effect::Forget(_))));
}

#[test]
fn a_thread_makes_one_call_at_a_time_and_its_own_sides_only() {
    let mut kernel = Kernel::with(&both());
    kernel.asks(SERVER, Request::Call(Side::Server.into(), listen()));
    kernel.asks(SERVER, Request::Call(Side::Server.into(), listen()));
    kernel.asks(CLIENT, Request::Call(Side::Server.into(), listen()));
    kernel.asks(SERVER, Request::CallBy(Side::Server.into(), 4, listen()));
    let made: Vec<_> = { kernel.effects.iter() }
        .filter_map(|effect| if let Effect::Make(number, caller, _) = effect { Some((*number, *caller)) } else { None })
        .collect();
    assert_eq!(made, [(SERVER, (Side::Server, 0).into()), (SERVER, (Side::Server, 4).into())]);
    // Nobody returns from another one's call.
    kernel.tell(Input::Returned(CLIENT, (Side::Server, 0).into(), returned(0)));
    assert!(kernel.lab.trace().present().open_call(Side::Server).is_some());
}

#[test]
fn a_call_is_entered_when_the_kernel_was_asked() {
    let mut kernel = Kernel::with(&both());
    kernel.sockets = handshake();
    kernel.lab.handle(kernel.now, Input::Captured(vec![segment(4000, 8000, 7, &["SYN"], b"")]));
    kernel.asks(SERVER, Request::Call(Side::Server.into(), listen()));
    let [dump, make] = [0, 1].map(|place| &kernel.effects[place]);
    assert!(matches!((dump, make), (Effect::Dump(_), Effect::Make(..))), "{:?}", kernel.effects);
    let events = kernel.events();
    let entered = events.iter().position(|event| matches!(event, Event::Entered { .. })).unwrap();
    assert!(events[..entered].iter().any(|event| matches!(event, Event::Socket(_))));
}

#[test]
fn a_segment_that_comes_before_its_door_is_known_goes_once_that_is() {
    let mut kernel = Kernel::with(&both());
    kernel.asks(SERVER, Request::Pass(SegmentFilter::To(Side::Server.into()), Some(Duration::ZERO)));
    kernel.captured(&[segment(4000, 8000, 7, &["SYN"], b"")]);
    assert_eq!(kernel.sent(), [], "nobody has that address yet");
    kernel.sockets = handshake();
    kernel.until(50 * MS);
    assert_eq!(kernel.sent(), [Sending::Released(SYN)]);
}

#[test]
fn what_a_segment_brings_forth_stands_before_what_goes_after_it() {
    let mut kernel = with_syn();
    kernel.captured(&[segment(4000, 8000, 8, &["ACK"], b"a"), segment(4000, 8000, 9, &["ACK"], b"b")]);
    kernel.answers = [segment(8000, 4000, 1, &["SYN", "ACK"], b"")].into();
    kernel.asks(SERVER, Request::Pass(SegmentFilter::To(Side::Server.into()), Some(Duration::ZERO)));
    let events = kernel.events();
    let order: Vec<String> = { events.iter() }
        .filter_map(|event| match event {
            Event::Delivered(id) => Some(format!("delivered {}", id.0)),
            Event::Sent { id, .. } if id.0 == 3 => Some("answer".to_owned()),
            _ => None,
        })
        .collect();
    assert_eq!(order, ["delivered 0", "answer", "delivered 1", "delivered 2"]);
}

#[test]
fn what_passes_after_a_delay_keeps_the_order_of_the_wire() {
    let mut kernel = with_syn();
    kernel.asks(SERVER, Request::Pass(SegmentFilter::To(Side::Server.into()), Some(20 * MS)));
    kernel.now += 5 * MS;
    kernel.captured(&[segment(4000, 8000, 8, &["ACK"], b"a")]);
    kernel.until(19 * MS);
    assert_eq!(kernel.sent(), []);
    kernel.until(20 * MS);
    assert_eq!(kernel.sent(), [Sending::Released(SYN)]);
    // Another rule: what waits goes by that one.
    kernel.asks(SERVER, Request::Pass(SegmentFilter::To(Side::Server.into()), None));
    kernel.until(60 * MS);
    assert_eq!(kernel.sent().len(), 1);
    kernel.asks(SERVER, Request::Pass(SegmentFilter::To(Side::Server.into()), Some(Duration::ZERO)));
    assert_eq!(kernel.sent(), [Sending::Released(SYN), Sending::Released(SegmentId(1))]);
}

#[test]
fn a_newcomer_finds_its_own_door_shut() {
    let mut kernel = Kernel::with(&both()[..1]);
    kernel.sockets = handshake();
    kernel.asks(SERVER, Request::Pass(SegmentFilter::All, Some(Duration::ZERO)));
    kernel.tell(Input::Came(drives(CLIENT, &[Side::Client])));
    kernel.effects.clear();
    kernel.captured(&[segment(4000, 8000, 7, &["SYN"], b""), segment(8000, 4000, 1, &["SYN", "ACK"], b"")]);
    kernel.until(100 * MS);
    assert_eq!(kernel.sent(), [Sending::Passing(SYN)], "to the server alone");
    kernel.asks(CLIENT, Request::Pass(SegmentFilter::All, Some(Duration::ZERO)));
    assert_eq!(kernel.waiting(), [SegmentId(1)], "not the client's to say");
}

#[test]
fn a_long_transfer_is_sampled_and_nothing_of_it_is_left_out() {
    let mut kernel = Kernel::with(&[drives(SERVER, &Side::BOTH)]);
    kernel.sockets = handshake();
    kernel.asks(SERVER, Request::Pass(SegmentFilter::All, Some(Duration::ZERO)));
    for round in 0..10 {
        let wave: Vec<Packet> = (0..100).map(|n| segment(4000, 8000, round * 100 + n, &["ACK"], b"abc")).collect();
        kernel.captured(&wave);
    }
    kernel.lost = 4;
    kernel.until(2 * kernel.now + Duration::from_secs(1));
    assert_eq!(kernel.sent().len(), 1000);
    let unkept = kernel.lab.trace().present().unkept();
    let kept = kernel.events().iter().filter(|event| matches!(event, Event::Delivered(_))).count() as u64;
    assert_eq!((kept + unkept.segments, unkept.bytes, unkept.lost), (1000, 3 * unkept.segments, 4));
    assert!(kept <= 100, "{kept}");
}

#[test]
fn what_the_capture_lost_is_published_though_nothing_passes() {
    let mut kernel = with_syn();
    kernel.lost = 2;
    kernel.until(Duration::from_secs(1));
    assert_eq!(kernel.lab.trace().present().unkept().lost, 2);
}

#[test]
fn what_the_kernel_refuses_to_send_is_told() {
    let mut kernel = with_syn();
    kernel.sending = Err(Errno(libc::ENETUNREACH));
    kernel.asks(SERVER, Request::Deliver(SYN));
    let told = Event::Undeliverable { id: SYN, errno: Errno(libc::ENETUNREACH) };
    assert!(kernel.events().contains(&&told) && kernel.waiting().is_empty());
}

#[test]
fn settled_is_said_once_all_is_at_rest_and_the_kernel_was_asked_after_that() {
    let runner = drives(0, &Side::BOTH);
    let mut kernel = Kernel::new(Some(runner));
    assert_eq!(kernel.lab.trace().now(), 0, "a resident is in no entry");
    kernel.asks(0, Request::Call(Side::Server.into(), listen()));
    kernel.at_rest = false;
    kernel.asks(0, Request::Settle);
    kernel.until(10 * MS);
    assert!(!kernel.effects.contains(&Effect::Settled(0)), "the call is on its way");
    kernel.tell(Input::Returned(0, (Side::Server, 0).into(), returned(0)));
    (kernel.at_rest, kernel.sockets) = (true, handshake());
    kernel.effects.clear();
    kernel.until(kernel.now + MS);
    let order: Vec<&Effect> = kernel.effects.iter().collect();
    let settled = order.iter().position(|effect| **effect == Effect::Settled(0)).unwrap();
    let before = |wanted: &Effect| order[..settled].iter().rposition(|effect| *effect == wanted).unwrap();
    assert!(before(&Effect::AreAtRest) < before(&Effect::Dump(Scope::All)));
    assert!(before(&Effect::Dump(Scope::All)) < before(&Effect::CountLost));
    assert_eq!(order.iter().filter(|effect| **effect == &Effect::Settled(0)).count(), 1);
    assert!(kernel.events().iter().any(|event| matches!(event, Event::Socket(_))));
}

#[test]
fn among_a_thousand_sockets_a_segment_asks_for_its_own_ends() {
    let mut kernel = Kernel::with(&[drives(SERVER, &Side::BOTH)]);
    let of = crate::model::testing::socket;
    kernel.sockets = (0..1000)
        .map(|n| of(n, Side::Client, None, State::Established, (Some(end(10_000 + n as u16)), Some(end(8000)))))
        .collect();
    kernel.until(Duration::from_secs(1));
    kernel.effects.clear();
    kernel.captured(&[segment(10_007, 8000, 1, &["ACK"], b"x")]);
    let ends = Scope::Ends([crate::model::Connection::new(end(10_007), end(8000))].into());
    assert_eq!(kernel.effects, [Effect::Dump(ends)]);
    // The kernel has more than was asked for: then all is.
    let mut lab = std::mem::replace(
        &mut kernel.lab,
        Lab::new(LabOptions { wire: WireAbility::Holds, copies: Copies::Drop, resident: None }),
    );
    lab.handle(kernel.now, Input::Dumped { table: TableUpdate::More, programs: false });
    assert_eq!(lab.poll(kernel.now), Some(Effect::Dump(Scope::All)));
}

#[test]
fn a_slow_dump_is_not_made_again_at_once() {
    let mut kernel = with_syn();
    kernel.until(Duration::from_secs(1));
    kernel.dump_takes = 50 * MS;
    kernel.captured(&[segment(4000, 8000, 8, &["ACK"], b"a")]);
    let first = kernel.now;
    kernel.effects.clear();
    let dumps = |kernel: &Kernel| kernel.effects.iter().filter(|effect| matches!(effect, Effect::Dump(_))).count();
    kernel.captured(&[segment(4000, 8000, 9, &["ACK"], b"b")]);
    kernel.until(first + 499 * MS);
    assert_eq!(dumps(&kernel), 0);
    kernel.until(first + 500 * MS);
    assert_eq!(dumps(&kernel), 1);
}

#[test]
fn a_lab_that_moves_has_what_it_had() {
    let mut kernel = with_syn();
    kernel.asks(CLIENT, Request::Call(Side::Client.into(), listen()));
    kernel.tell(Input::Blocked(CLIENT, (Side::Client, 0).into()));
    kernel.asks(SERVER, Request::Pass(SegmentFilter::To(Side::Client.into()), Some(Duration::ZERO)));
    kernel.asks(CLIENT, Request::Pass(SegmentFilter::To(Side::Client.into()), Some(Duration::from_secs(1))));
    kernel.captured(&[segment(8000, 4000, 9, &["ACK"], b"late")]);
    let before = kernel.lab.trace().entries().to_vec();
    let in_call = |kernel: &Kernel| kernel.lab.is_in_call(CLIENT, (Side::Client, 0).into());
    assert!(in_call(&kernel));
    kernel.moves();
    // Nothing is said again of what the kernel still has, and what comes back is the call that was entered before.
    assert_eq!(kernel.lab.trace().entries(), before);
    assert!(in_call(&kernel) && kernel.lab.members().count() == 3);
    // Who serves it now doesn't know yet what the rules had set.
    assert!(kernel.effects.iter().any(|effect| matches!(effect, Effect::SetRtoMin(_))));
    kernel.effects.clear();
    kernel.captured(&[segment(4000, 8000, 7, &["SYN"], b"")]);
    assert!(
        matches!(kernel.events().last(), Some(Event::Retransmitted { id: SYN, .. })),
        "{:?}",
        kernel.events().last()
    );
    kernel.asks(SERVER, Request::Deliver(SYN));
    assert_eq!(kernel.sent(), [Sending::Released(SYN)]);
    kernel.until(kernel.now + Duration::from_secs(2));
    assert_eq!(kernel.sent().len(), 2, "what passes after a delay still does");
    kernel.tell(Input::Returned(CLIENT, (Side::Client, 0).into(), returned(0)));
    assert!(!in_call(&kernel));
}

#[test]
fn what_the_kernel_counted_stands_behind_the_delivery() {
    let counted = |name: &str| Some(vec![CounterMove { name: name.to_owned(), by: 1 }]);
    for (moved, sending) in [
        (counted("ListenDrops"), Ok(())),
        (Some(Vec::new()), Ok(())),
        (None, Ok(())),
        (counted("TW"), Err(Errno(libc::EPERM))),
    ] {
        let mut kernel = with_syn();
        (kernel.moved, kernel.sending) = (moved.clone(), sending);
        kernel.answers.push_back(segment(8000, 4000, 9, &["SYN", "ACK"], b""));
        kernel.asks(SERVER, Request::Deliver(SYN));
        let told: Vec<&Event> = kernel.events();
        let at =
            told.iter().position(|event| matches!(event, Event::Delivered(_) | Event::Undeliverable { .. })).unwrap();
        match (&moved, sending) {
            (Some(moved), Ok(())) => assert_eq!(told[at + 1], &Event::Reasons { id: SYN, moved: moved.clone() }),
            _ => assert!(!told.iter().any(|event| matches!(event, Event::Reasons { .. })), "{told:?}"),
        }
        let reasons = kernel.lab.trace().present().segment(SYN).unwrap().reasons.map(<[CounterMove]>::to_vec);
        assert_eq!(reasons, moved.filter(|_| sending.is_ok()));
    }
}

#[test]
fn why_a_waiting_segment_was_sent_again_is_asked_of_the_kernel() {
    let named = |name: &str| CounterMove { name: name.to_owned(), by: 1 };
    for (since, told) in [
        (Some(vec![named("ListenDrops"), named("TCPTimeouts")]), Some(vec![named("TCPTimeouts")])),
        (Some(vec![named("ListenDrops")]), None),
        (None, None),
    ] {
        let mut kernel = with_syn();
        kernel.since = since;
        kernel.captured(&[segment(4000, 8000, 7, &["SYN"], b"")]);
        let causes = kernel.lab.trace().present().segment(SYN).unwrap().causes.map(<[CounterMove]>::to_vec);
        assert_eq!(causes, told);
        assert_eq!(kernel.effects.iter().filter(|effect| **effect == Effect::CountSince(SYN)).count(), 1);
    }
}

#[test]
fn a_copy_goes_whatever_became_of_the_original_and_only_from_who_may() {
    let ends: [&[Request]; 3] = [&[], &[Request::Deliver(SYN)], &[Request::Drop(SYN)]];
    for (from, goes) in [(SERVER, true), (CLIENT, false), (WATCH, false), (99, false)] {
        for before in ends {
            let mut kernel = with_syn();
            kernel.moved = Some(Vec::new());
            before.iter().for_each(|request| kernel.asks(SERVER, request.clone()));
            let sent = kernel.sent().len();
            let waiting = kernel.waiting();
            kernel.asks(from, Request::Repeat(SYN));
            let copy = SegmentId(1);
            assert_eq!(kernel.sent()[sent..].contains(&Sending::Released(copy)), goes, "{from} {before:?}");
            assert_eq!(kernel.waiting(), waiting, "the original stays as it is");
            let told =
                kernel.lab.trace().present().segment(copy).map(|copy| (copy.by_hand, copy.fate, copy.times_sent));
            assert_eq!(told, goes.then_some((Some(HandMade::Repeated(SYN)), crate::model::Fate::Delivered, 1)));
        }
    }
}

#[test]
fn what_its_sender_sends_later_is_a_copy_of_the_senders_own() {
    let mut kernel = with_syn();
    kernel.asks(SERVER, Request::Drop(SYN));
    for request in [Request::Repeat(SYN), Request::Repeat(SegmentId(1)), Request::Repeat(SegmentId(9))] {
        kernel.asks(SERVER, request);
    }
    let made = |id| kernel.lab.trace().present().segment(SegmentId(id)).and_then(|one| one.by_hand);
    let copy = Some(HandMade::Repeated(SYN));
    assert_eq!([made(1), made(2), made(3)], [copy, copy, None], "a copy's copy is one of the original");
    kernel.captured(&[segment(4000, 8000, 7, &["SYN"], b"")]);
    assert!(
        kernel.events().iter().any(|event| { matches!(event, Event::Sent { id: SegmentId(3), again: Some(SYN), .. }) })
    );
    kernel.moves();
    assert_eq!(kernel.waiting(), [SegmentId(3)]);
    kernel.captured(&[segment(4000, 8000, 7, &["SYN"], b"")]);
    assert!(
        matches!(kernel.events().last(), Some(Event::Retransmitted { id: SegmentId(3), .. })),
        "{:?}",
        kernel.events().last()
    );
}
