//! What is said of a side's own `poll()`, and of its copies of a descriptor: by the calls that made its descriptors, the kernel's word and the wire.

use super::*;
use crate::explain::Situation;
use crate::model::{EpollEvents, EpollOp, How, PolledDescriptor};

const EPOLL_WAIT: Call = Call::EpollWait { epfd: 9, most: 8, timeout: -1 };

/// A side that is driven by hand, with a listener (3) and a connection that it accepted (4).
fn accepted() -> Script {
    let mut script = Script { trace: Trace::default(), segments: 0 };
    let own = |script: &mut Script, call, value| script.own(call, Ok(Returned { value, ..Returned::default() }));
    own(&mut script, Call::Socket { ipv6: false, udp: false }, 3);
    own(&mut script, Call::Bind { fd: 3, addr: at(8000) }, 0);
    own(&mut script, Call::Listen { fd: 3, backlog: 8 }, 0);
    script.socket(LISTENER, 3, State::Listen, (Some(at(8000)), None), |_| {});
    script.arrives(at(40000), at(8000), (0, 0), &["SYN"], b"");
    script.arrives(at(8000), at(40000), (0, 0), &["SYN", "ACK"], b"");
    script.arrives(at(40000), at(8000), (0, 0), &["ACK"], b"");
    script.own(Call::Accept { fd: 3 }, Ok(Returned { value: 4, peer: Some(at(40000)), ..Returned::default() }));
    script.connection(|_| {});
    script
}

impl Script {
    fn own(&mut self, call: Call, outcome: Outcome) {
        self.push(Event::Entered { caller: caller(0), call });
        self.returns(0, outcome);
    }

    fn connection(&mut self, change: impl FnOnce(&mut SocketFacts)) {
        self.socket(CONN, 4, State::Established, (Some(at(8000)), Some(at(40000))), change);
    }

    /// What is said of a `poll()` of one descriptor that sleeps.
    fn sleeps(mut self, fd: i32, events: &str) -> Vec<ProgramFact> {
        self.begins(fd, events);
        self.push(Event::Blocked { caller: caller(0) });
        self.facts()
    }

    /// An epoll instance (9), which watches a descriptor.
    fn watches(&mut self, fd: i32, events: &str) {
        self.own(Call::EpollCreate, ok(9));
        self.watches_for(EpollOp::Add, fd, events);
    }

    fn watches_for(&mut self, op: EpollOp, fd: i32, events: &str) {
        self.own(Call::EpollCtl { epfd: 9, op, fd, events: events.parse().unwrap() }, ok(0));
    }

    /// What is said of an `epoll_wait()` that sleeps.
    fn epoll_sleeps(mut self) -> Vec<ProgramFact> {
        self.push(Event::Entered { caller: caller(0), call: EPOLL_WAIT });
        self.push(Event::Blocked { caller: caller(0) });
        self.facts()
    }

    /// What is said of one that has told this.
    fn epoll_tells(&mut self, fd: i32, events: &str) -> Vec<ProgramFact> {
        let revents = vec![PolledDescriptor::new(fd, events.parse().unwrap())];
        self.own(EPOLL_WAIT, Ok(Returned { value: 1, revents, ..Returned::default() }));
        self.facts()
    }

    fn begins(&mut self, fd: i32, events: &str) {
        let fds = vec![PolledDescriptor::new(fd, events.parse().unwrap())];
        self.push(Event::Entered { caller: caller(0), call: Call::Poll { fds, timeout: -1 } });
    }

    /// What is said once it has returned with these events.
    fn wakes(mut self, fd: i32, events: &str) -> Vec<ProgramFact> {
        let revents = vec![PolledDescriptor::new(fd, events.parse().unwrap())];
        self.returns(0, Ok(Returned { value: 1, revents, ..Returned::default() }));
        self.facts()
    }
}

/// `dup(2)` gives an instance a further number, by which it is told to watch and waits.
#[test]
fn an_epoll_instance_has_several_numbers() {
    let numbers = |script: &Script| crate::explain::epoll_instances(&script.trace.present(), Side::Server.into());
    let mut script = accepted();
    script.watches(4, "in");
    script.own(Call::Dup { fd: 9 }, ok(10));
    assert_eq!(numbers(&script), [9, 10]);
    let wait = |epfd| Call::EpollWait { epfd, most: 8, timeout: -1 };
    let ctl = |epfd, op| Call::EpollCtl { epfd, op, fd: 4, events: EpollEvents::IN };
    script.own(Call::Close { fd: 9 }, ok(0));
    assert_eq!(numbers(&script), [10]);
    script.own(ctl(10, EpollOp::Del), ok(0));
    let mut waiting = |epfd| {
        script.push(Event::Entered { caller: caller(0), call: wait(epfd) });
        script.push(Event::Blocked { caller: caller(0) });
        let facts = script.facts();
        script.returns(0, ok(0));
        facts
    };
    assert_eq!(waiting(10), [ProgramFact::NothingWatched(10)]);
    // Of what is closed each instance is told once, whatever numbers it has.
    let mut script = accepted();
    script.watches(4, "in");
    script.own(Call::Dup { fd: 9 }, ok(10));
    script.own(Call::Close { fd: 4 }, ok(0));
    assert_eq!(script.facts(), [ProgramFact::Forgotten(4, 9)]);
    // The number is another one's.
    script.own(Call::Close { fd: 10 }, ok(0));
    script.own(Call::Socket { ipv6: false, udp: false }, ok(10));
    assert_eq!(numbers(&script), [9]);
}

#[test]
fn a_poll_that_sleeps_says_of_each_descriptor_why_it_is_not_ready() {
    let full = |facts: &mut SocketFacts| facts.send_queue = 90_000;
    let mut filled = accepted();
    filled.connection(full);
    let mut connecting = accepted();
    connecting.own(Call::Socket { ipv6: false, udp: false }, ok(5));
    connecting.own(Call::Connect { fd: 5, addr: at(9) }, fails(libc::EINPROGRESS));
    connecting.socket(9, 5, State::SynSent, (Some(at(50000)), Some(at(9))), |_| {});
    let mut datagrams = accepted();
    datagrams.own(Call::Socket { ipv6: false, udp: true }, ok(5));
    let table = [
        (accepted(), 3, "POLLIN", vec![StillWaits::NobodyWaits]),
        (accepted(), 4, "POLLIN|POLLRDHUP", vec![StillWaits::NothingToRead]),
        (filled, 4, "POLLIN|POLLOUT", vec![StillWaits::NothingToRead, StillWaits::Full(90_000)]),
        (connecting, 5, "POLLOUT", vec![StillWaits::Unanswered]),
        (datagrams, 5, "POLLIN", vec![StillWaits::NoDatagram]),
        (accepted(), 4, "POLLPRI", vec![StillWaits::NothingUrgent]),
        (accepted(), 4, "POLLIN|POLLPRI", vec![StillWaits::NothingToRead, StillWaits::NothingUrgent]),
        (accepted(), 4, "POLLRDHUP", vec![StillWaits::NothingToRead]),
        (accepted(), 4, "0", vec![StillWaits::OnlyErrors]),
    ];
    for (script, fd, events, wanted) in table {
        let wanted: Vec<ProgramFact> = wanted.into_iter().map(|why| ProgramFact::StillWaits(fd, why)).collect();
        assert_eq!(script.sleeps(fd, events), wanted, "{fd} {events}");
    }
}

#[test]
fn what_woke_a_poll_is_named() {
    let reason = |facts: &[ProgramFact]| match facts {
        [ProgramFact::Ready(_, reason)] => *reason,
        other => panic!("{other:?}"),
    };
    let waits = |fd| {
        let mut script = accepted();
        script.begins(fd, "POLLIN");
        script
    };
    let came = |fd, flags: &[&str], data: &[u8], events| {
        let mut script = waits(fd);
        let segment = script.arrives(at(40000), at(8000), (0, 0), flags, data);
        (reason(&script.wakes(fd, events)), segment)
    };
    let (data, segment) = came(4, &["PSH", "ACK"], b"hi", "POLLIN");
    assert_eq!(data, ReadyReason::Data(segment));
    let (end, segment) = came(4, &["FIN", "ACK"], b"", "POLLIN");
    assert_eq!(end, ReadyReason::End(segment));
    let (urgent, segment) = came(4, &["PSH", "ACK", "URG"], b"!", "POLLPRI");
    assert_eq!(urgent, ReadyReason::Urgent(segment));
    let (reset, segment) = came(4, &["RST", "ACK"], b"", "POLLIN|POLLERR|POLLHUP");
    assert_eq!(reset, ReadyReason::Reset(segment));

    let mut script = waits(3);
    script.arrives(at(40001), at(8000), (0, 0), &["SYN"], b"");
    let last = script.arrives(at(40001), at(8000), (0, 0), &["ACK"], b"");
    assert_eq!(reason(&script.wakes(3, "POLLIN")), ReadyReason::Handshake(last));

    // What was there before is the kernel's word.
    let mut script = accepted();
    script.connection(|facts| facts.recv_queue = 7);
    script.begins(4, "POLLIN");
    assert_eq!(reason(&script.wakes(4, "POLLIN")), ReadyReason::Bytes(7));

    let mut script = accepted();
    script.own(Call::Shutdown { fd: 4, how: How::Read }, ok(0));
    script.begins(4, "POLLIN");
    assert_eq!(script.wakes(4, "POLLIN"), [ProgramFact::OwnReadingEnded(4)]);
    assert_eq!(waits(9).wakes(9, "POLLNVAL"), [ProgramFact::NotOpen(9)]);
}

#[test]
fn a_descriptor_that_another_thread_closed_meanwhile_is_looked_up_anew() {
    let closed = |calls: &[(Call, i64)], events: &str| {
        let mut script = accepted();
        script.begins(3, "POLLIN");
        script.push(Event::Blocked { caller: caller(0) });
        for (call, value) in calls {
            script.push(Event::Entered { caller: caller(2), call: call.clone() });
            script.returns(2, ok(*value));
        }
        let revents = vec![PolledDescriptor::new(3, events.parse().unwrap())];
        script.returns(0, Ok(Returned { value: 1, revents, ..Returned::default() }));
        script.facts_of(calls.len())
    };
    let close = (Call::Close { fd: 3 }, 0);
    assert_eq!(closed(std::slice::from_ref(&close), "POLLNVAL"), [ProgramFact::ClosedMeanwhile(3)]);
    let again = (Call::Socket { ipv6: false, udp: false }, 3);
    assert_eq!(closed(&[close, again], "POLLHUP"), [ProgramFact::GivenAgain(3)]);
    // Another descriptor that is closed changes nothing.
    let other = closed(&[(Call::Close { fd: 4 }, 0)], "POLLIN");
    assert!(matches!(other[..], [ProgramFact::Ready(..)]), "{other:?}");
}

#[test]
fn what_is_said_of_a_descriptor_is_said_once() {
    let mut script = accepted();
    let fds = ["POLLIN", "POLLOUT"].map(|events| PolledDescriptor::new(9, events.parse().unwrap()));
    script.push(Event::Entered { caller: caller(0), call: Call::Poll { fds: fds.to_vec(), timeout: -1 } });
    let revents = [9, 9].map(|fd| PolledDescriptor::new(fd, "POLLNVAL".parse().unwrap())).to_vec();
    script.returns(0, Ok(Returned { value: 2, revents, ..Returned::default() }));
    assert_eq!(script.facts(), [ProgramFact::NotOpen(9)]);
}

#[test]
fn several_descriptors_of_one_socket_have_one_history() {
    let mut script = accepted();
    script.own(Call::Dup { fd: 4 }, ok(5));
    assert_eq!(script.facts(), [ProgramFact::Duplicated(4, 5)]);
    script.connection(|facts| facts.also = vec![5]);
    script.own(Call::Shutdown { fd: 5, how: How::Read }, ok(0));
    let known = |script: &Script, fd| {
        let found = Situation::at(&script.trace.present(), Side::Server, &Call::recv(fd, 1));
        (found.open, found.shut.read, found.state)
    };
    for fd in [4, 5] {
        assert_eq!(known(&script, fd), (true, true, State::Established), "{fd}");
    }
    script.own(Call::Close { fd: 4 }, ok(0));
    assert_eq!(script.facts(), [ProgramFact::Held(vec![held(0, 5)], Vec::new())]);
    script.connection(|facts| facts.fd = Some(5));
    assert_eq!((known(&script, 4).0, known(&script, 5)), (false, (true, true, State::Established)));
    // The number is used again, for another socket.
    script.own(Call::Socket { ipv6: false, udp: false }, ok(4));
    assert!(!known(&script, 4).1);
    script.push(Event::Entered { caller: caller(0), call: Call::Close { fd: 5 } });
    let fin = script.arrives(at(8000), at(40000), (0, 0), &["FIN", "ACK"], b"");
    script.returns(0, ok(0));
    assert_eq!(script.facts(), [ProgramFact::Last(Some(fin))]);
}

#[test]
fn what_is_watched_by_edge_is_not_told_again_and_why_is_said() {
    let still = |why| vec![ProgramFact::StillWaits(4, why)];
    let with = |bytes, events: &str| {
        let mut script = accepted();
        script.connection(|facts| facts.recv_queue = bytes);
        script.watches(4, events);
        script
    };
    let (edge, once) = ("EPOLLIN|EPOLLET", "EPOLLIN|EPOLLONESHOT");
    assert_eq!(with(0, edge).epoll_sleeps(), still(StillWaits::NothingToRead));
    assert_eq!(with(7, edge).epoll_sleeps(), still(StillWaits::EdgeBytes(7)));
    assert_eq!(with(0, "EPOLLOUT|EPOLLET").epoll_sleeps(), still(StillWaits::EdgeRoom));
    let ready = |reason| ProgramFact::Ready(PolledDescriptor::new(4, PollEvents::IN), reason);
    let mut script = with(7, edge);
    assert_eq!(script.epoll_tells(4, "POLLIN"), [ready(ReadyReason::Bytes(7)), ProgramFact::Edge(4)]);
    let mut script = with(7, once);
    assert_eq!(script.epoll_tells(4, "POLLIN"), [ready(ReadyReason::Bytes(7)), ProgramFact::OneShot(4)]);
    assert_eq!(script.epoll_sleeps(), still(StillWaits::SwitchedOff));
    let mut script = with(7, once);
    script.epoll_tells(4, "POLLIN");
    script.watches_for(EpollOp::Mod, 4, "EPOLLIN");
    assert_eq!(script.epoll_tells(4, "POLLIN"), [ready(ReadyReason::Bytes(7))]);

    let mut script = accepted();
    script.socket(LISTENER, 3, State::Listen, (Some(at(8000)), None), |facts| facts.recv_queue = 2);
    script.watches(3, edge);
    assert_eq!(script.epoll_sleeps(), [ProgramFact::StillWaits(3, StillWaits::EdgeQueue(2))]);
    let mut script = accepted();
    script.arrives(at(40000), at(8000), (0, 0), &["FIN", "ACK"], b"");
    script.socket(CONN, 4, State::CloseWait, (Some(at(8000)), Some(at(40000))), |facts| facts.recv_queue = 1);
    script.watches(4, edge);
    assert_eq!(script.epoll_sleeps(), still(StillWaits::EdgeEnd));
}

#[test]
fn what_an_epoll_instance_watches_follows_from_its_calls() {
    let mut script = accepted();
    script.own(Call::EpollCreate, ok(9));
    let (empty, events) = (vec![ProgramFact::NothingWatched(9)], "EPOLLIN|EPOLLET".parse::<EpollEvents>().unwrap());
    script.watches_for(EpollOp::Add, 4, "EPOLLIN|EPOLLET");
    assert_eq!(script.facts(), [ProgramFact::Watched(4, 9, events)]);
    script.watches_for(EpollOp::Del, 4, "0");
    assert_eq!(script.facts(), [ProgramFact::Unwatched(4, 9)]);
    script.watches_for(EpollOp::Add, 4, "EPOLLIN");
    script.own(Call::Dup { fd: 4 }, ok(5));
    script.own(Call::Close { fd: 4 }, ok(0));
    assert_eq!(script.facts().last(), Some(&ProgramFact::StaysWatched(4, 9)));
    script.watches_for(EpollOp::Add, 3, "EPOLLIN");
    script.own(Call::Close { fd: 3 }, ok(0));
    assert_eq!(script.facts(), [ProgramFact::Forgotten(3, 9)]);
    let mut script = accepted();
    script.watches(4, "EPOLLIN");
    script.own(Call::Close { fd: 4 }, ok(0));
    assert_eq!(script.epoll_sleeps(), empty);
}

#[test]
fn a_select_says_what_it_leaves_out_and_what_counts_as_readable() {
    let select = |nfds, fd| Call::Select { nfds, fds: vec![PolledDescriptor::new(fd, PollEvents::IN)], timeout: -1 };
    let mut script = accepted();
    script.own(select(4, 4), ok(0));
    assert_eq!(script.facts(), [ProgramFact::NotReady, ProgramFact::Beyond(4, 4)]);
    let tells = |script: &mut Script, fd| {
        let revents = vec![PolledDescriptor::new(fd, PollEvents::IN)];
        script.own(select(9, fd), Ok(Returned { value: 1, revents, ..Returned::default() }));
        script.facts()
    };
    script.own(Call::Socket { ipv6: false, udp: false }, ok(5));
    assert_eq!(tells(&mut script, 5), [ProgramFact::NeverConnectedSelected(5)]);
    let reset = script.arrives(at(40000), at(8000), (0, 0), &["RST", "ACK"], b"");
    let error = PolledDescriptor::new(4, PollEvents::ERR);
    assert_eq!(tells(&mut script, 4), [ProgramFact::Ready(error, ReadyReason::Reset(reset))]);
}
