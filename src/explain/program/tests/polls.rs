//! What is said of a side's own `poll()`, and of its copies of a descriptor: by the calls that made its descriptors, the kernel's word and the wire.

use super::*;
use crate::explain::Situation;
use crate::model::{How, PollEntry};

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

    fn begins(&mut self, fd: i32, events: &str) {
        let fds = vec![PollEntry { fd, events: events.parse().unwrap() }];
        self.push(Event::Entered { caller: caller(0), call: Call::Poll { fds, timeout: -1 } });
    }

    /// What is said once it has returned with these events.
    fn wakes(mut self, fd: i32, events: &str) -> Vec<ProgramFact> {
        let revents = vec![PollEntry { fd, events: events.parse().unwrap() }];
        self.returns(0, Ok(Returned { value: 1, revents, ..Returned::default() }));
        self.facts()
    }
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
