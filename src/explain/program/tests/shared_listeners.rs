//! Several that listen at one address or accept from one listener, sockets that are handed on, and what an epoll instance tells once.

use super::*;

const OTHER: u64 = 3;

fn accept(socket: u64) -> ProgramCall {
    made("accept4", Some((3, socket)), Some(Call::Accept { fd: 3 }))
}

fn accepted(port: u16) -> Outcome {
    Ok(Returned { value: 4, peer: Some(at(port)), ..Returned::default() })
}

fn poll() -> ProgramCall {
    ProgramCall { waits: Some(vec![polled(3, LISTENER, true, false)]), ..made("poll", None, None) }
}

impl Script {
    /// A client's handshake arrives; the number of its last segment.
    fn connects(&mut self, port: u16) -> SegmentId {
        self.arrives(at(port), at(8000), (0, 0), &["SYN"], b"");
        self.arrives(at(8000), at(port), (0, 0), &["SYN", "ACK"], b"");
        let last = SegmentId(self.segments);
        self.arrives(at(port), at(8000), (0, 0), &["ACK"], b"");
        last
    }

    fn woken(&mut self) -> Vec<ProgramFact> {
        self.returns(0, ready(polled(3, LISTENER, true, false)));
        self.facts_of_named("poll")
    }

    fn facts_of_named(&self, name: &str) -> Vec<ProgramFact> {
        let view = self.trace.present();
        let back = view.calls(Actor::from(Side::Server)).position(|call| call.called() == name).unwrap();
        self.facts_of(back)
    }
}

fn handshake(facts: &[ProgramFact]) -> Option<SegmentId> {
    facts.iter().find_map(|fact| match fact {
        ProgramFact::Ready(_, ReadyReason::Handshake(id)) => Some(*id),
        _ => None,
    })
}

#[test]
fn a_connection_that_another_one_accepted_did_not_wake_this_call() {
    // SO_REUSEPORT: the other listener had the first.
    let mut script = Script::listening();
    script.socket(OTHER, 3, State::Listen, (Some(at(8000)), None), |_| {});
    script.enters(0, poll());
    script.connects(40000);
    script.enters(7, accept(OTHER));
    script.returns(7, accepted(40000));
    let second = script.connects(40001);
    assert_eq!(handshake(&script.woken()), Some(second));
    // Nobody has accepted one of them yet: whose each is isn't known.
    let mut script = Script::listening();
    script.socket(OTHER, 3, State::Listen, (Some(at(8000)), None), |_| {});
    script.enters(0, poll());
    script.connects(40000);
    script.connects(40001);
    assert_eq!(handshake(&script.woken()), None);
    // One listener, and another thread was faster.
    let mut script = Script::listening();
    script.enters(0, poll());
    script.enters(7, accept(LISTENER));
    script.connects(40000);
    script.returns(7, accepted(40000));
    let second = script.connects(40001);
    assert_eq!(handshake(&script.woken()), Some(second));
    // One listener that is this thread's alone.
    let mut script = Script::listening();
    script.enters(0, poll());
    let first = script.connects(40000);
    script.connects(40001);
    assert_eq!(handshake(&script.woken()), Some(first));
}

/// The receiver waits for the message, and its return is told before the sender's.
#[test]
fn a_socket_that_was_received_by_a_call_that_had_waited_is_not_in_flight() {
    let carried = ProcessSocket { fd: 6, socket: CONN, close_on_exec: false, others: Vec::new() };
    let sendmsg = ProgramCall { sockets: vec![carried], ..made("sendmsg", Some((5, 9)), None) };
    let close = || ProgramCall { process: Some(71), ..made("close", Some((3, CONN)), Some(Call::Close { fd: 3 })) };
    let received = || Ok(Returned { value: 1, made: vec![CONN], ..Returned::default() });
    let mut script = Script::connected();
    script.enters(7, made("recvmsg", Some((4, 9)), None));
    script.push(Event::Blocked { caller: caller(7) });
    script.enters(0, sendmsg.clone());
    script.returns(7, received());
    assert_eq!(script.facts_of_named("recvmsg"), [ProgramFact::Received(6, Some(70))]);
    script.returns(0, ok(1));
    script.enters(7, close());
    script.returns(7, ok(0));
    let told = script.facts_of_named("close");
    assert!(!told.iter().any(|fact| matches!(fact, ProgramFact::InFlight(_))), "{told:?}");
    // Handed on once more, it is.
    let mut script = Script::connected();
    script.enters(7, made("recvmsg", Some((4, 9)), None));
    script.enters(0, sendmsg.clone());
    script.returns(7, received());
    script.returns(0, ok(1));
    script.call(sendmsg, ok(1));
    script.call(close(), ok(0));
    assert!(matches!(script.facts()[..], [ProgramFact::InFlight(_)]), "{:?}", script.facts());
}

fn ctl(events: &str) -> ProgramCall {
    let arguments = vec!["9".into(), "EPOLL_CTL_ADD".into(), "4".into(), format!("{{events={events}, data=0x4}}")];
    ProgramCall { arguments, events: events.parse().ok(), ..made("epoll_ctl", Some((4, CONN)), None) }
}

fn wait(events: PollEvents) -> ProgramCall {
    let waits = vec![PolledDescriptor { fd: 4, events, socket: Some(CONN) }];
    let arguments = vec!["9".into(), "…".into(), "8".into(), "-1".into()];
    ProgramCall { arguments, waits: Some(waits), ..made("epoll_wait", None, None) }
}

/// What an echo server's own answer brings back.
#[test]
fn an_ack_alone_is_nothing_new_to_read() {
    let mut script = Script::connected();
    script.call(ctl("EPOLLIN|EPOLLET"), ok(0));
    let edge = |script: &Script| {
        let told = script.facts_of(0).into_iter();
        told.filter(|fact| matches!(fact, ProgramFact::StillWaits(..))).collect::<Vec<_>>()
    };
    script.arrives(at(40000), at(8000), (0, 0), &["ACK"], b"hello");
    script.call(made("read", Some((4, CONN)), Some(Call::recv(4, 2))), ok(2));
    let ends = (Some(at(8000)), Some(at(40000)));
    script.socket(CONN, 4, State::Established, ends, |facts| facts.recv_queue = 3);
    script.enters(0, wait(PollEvents::IN));
    script.push(Event::Blocked { caller: caller(0) });
    script.arrives(at(40000), at(8000), (5, 2), &["ACK"], b"");
    assert_eq!(edge(&script), [ProgramFact::StillWaits(4, StillWaits::EdgeBytes(3))]);
    // What ends the data is, and so is an ACK for who waits for room too.
    script.arrives(at(40000), at(8000), (5, 2), &["FIN", "ACK"], b"");
    assert_eq!(edge(&script), []);
    let mut script = Script::connected();
    script.call(ctl("EPOLLIN|EPOLLOUT|EPOLLET"), ok(0));
    script.socket(CONN, 4, State::Established, ends, |facts| facts.recv_queue = 3);
    script.enters(0, wait(PollEvents::IN.with(PollEvents::OUT)));
    script.push(Event::Blocked { caller: caller(0) });
    script.arrives(at(40000), at(8000), (5, 2), &["ACK"], b"");
    assert_eq!(edge(&script), []);
}

#[test]
fn what_comes_to_an_accepted_connection_is_nothing_new_of_its_listener() {
    let mut script = Script::connected();
    let ctl = ProgramCall { fd: Some(3), socket: Some(LISTENER), ..ctl("EPOLLIN|EPOLLET") };
    script.call(ctl, ok(0));
    script.socket(LISTENER, 3, State::Listen, (Some(at(8000)), None), |facts| facts.recv_queue = 1);
    let waits = vec![PolledDescriptor { fd: 3, events: PollEvents::IN, socket: Some(LISTENER) }];
    script.enters(0, ProgramCall { waits: Some(waits), ..wait(PollEvents::IN) });
    script.push(Event::Blocked { caller: caller(0) });
    script.arrives(at(40000), at(8000), (0, 0), &["ACK"], b"hello");
    let queue = ProgramFact::StillWaits(3, StillWaits::EdgeQueue(1));
    assert!(script.facts_of(0).contains(&queue), "{:?}", script.facts_of(0));
    script.connects(40001);
    assert!(!script.facts_of(0).contains(&queue));
}

/// What is said of an `epoll_wait()` that sleeps, once a part of what has come was read.
fn sleeps_after_a_part(asked: &str, waited: PollEvents, more: bool) -> Vec<ProgramFact> {
    sleeps_after(asked, waited, more, false)
}

/// `early`: the kernel told what was left before the call that read had been told to come back.
fn sleeps_after(asked: &str, waited: PollEvents, more: bool, early: bool) -> Vec<ProgramFact> {
    let mut script = Script::connected();
    script.call(ctl(asked), ok(0));
    script.arrives(at(40000), at(8000), (0, 0), &["ACK"], b"hello");
    let has = |script: &mut Script, bytes| {
        script.socket(CONN, 4, State::Established, (Some(at(8000)), Some(at(40000))), |facts| facts.recv_queue = bytes);
    };
    has(&mut script, 5);
    script.enters(0, made("read", Some((4, CONN)), Some(Call::recv(4, 2))));
    if early {
        has(&mut script, 3);
    }
    script.returns(0, ok(2));
    if !early {
        has(&mut script, 3);
    }
    script.enters(0, wait(waited));
    script.push(Event::Blocked { caller: caller(0) });
    if more {
        script.arrives(at(40000), at(8000), (5, 0), &["ACK"], b"more");
    }
    script.facts_of(0)
}

#[test]
fn what_an_epoll_instance_has_told_once_is_what_its_program_waits_for_in_vain() {
    let bytes = ProgramFact::StillWaits(4, StillWaits::EdgeBytes(3));
    let off = ProgramFact::StillWaits(4, StillWaits::SwitchedOff);
    let edge = sleeps_after_a_part("EPOLLIN|EPOLLET", PollEvents::IN, false);
    assert!(edge.contains(&bytes), "{edge:?}");
    assert_eq!(sleeps_after("EPOLLIN|EPOLLET", PollEvents::IN, false, true), edge);
    for (asked, waited, more) in [
        ("EPOLLIN", PollEvents::IN, false),
        // What comes is new, and wakes it: its return isn't told yet.
        ("EPOLLIN|EPOLLET", PollEvents::IN, true),
        ("EPOLLOUT|EPOLLET", PollEvents::OUT, false),
    ] {
        let facts = sleeps_after_a_part(asked, waited, more);
        assert!(!facts.iter().any(|fact| matches!(fact, ProgramFact::StillWaits(..))), "{asked} {more}: {facts:?}");
    }
    // The kernel has no more events for it.
    assert_eq!(sleeps_after_a_part("EPOLLIN|EPOLLONESHOT", PollEvents::default(), true), [off]);
    for (asked, told) in [
        ("EPOLLIN|EPOLLET", Some(ProgramFact::Edge(4))),
        ("EPOLLIN|EPOLLONESHOT", Some(ProgramFact::OneShot(4))),
        ("EPOLLIN", None),
    ] {
        let mut script = Script::connected();
        script.call(ctl(asked), ok(0));
        script.enters(0, wait(PollEvents::IN));
        script.arrives(at(40000), at(8000), (0, 0), &["ACK"], b"hello");
        script.returns(0, ready(polled(4, CONN, true, false)));
        let facts = script.facts_of(0);
        assert_eq!(facts.last().filter(|fact| !matches!(fact, ProgramFact::Ready(..))), told.as_ref(), "{facts:?}");
    }
}
