//! Attempts to connect, from `connect()` to what is told of their end.

use super::*;

/// What is told of calls may come later than what they did: the whole handshake may stand before the return of `connect()`.
#[test]
fn an_attempt_that_has_ended_before_its_connect_is_told_is_so_at_the_first_wait() {
    let ends = (at(40000), at(8000));
    let mut script = Script::new();
    script.enters(0, connect(4, CONN, ends.1));
    script.arrives(ends.0, ends.1, (0, 0), &["SYN"], b"");
    let answer = script.arrives(ends.1, ends.0, (0, 1), &["SYN", "ACK"], b"");
    script.returns(0, fails(libc::EINPROGRESS));
    script.call(epoll(Some(vec![polled(4, CONN, false, true)])), ready(polled(4, CONN, false, true)));
    assert_eq!(script.facts(), [ProgramFact::Ready(polled(4, CONN, false, true), ReadyReason::Connected(answer))]);
}

#[test]
fn an_attempt_that_is_not_waited_for_is_told_from_its_syn_to_its_end() {
    let ends = (at(40000), at(8000));
    let mut script = Script::new();
    let syn = attempt(&mut script, 4, CONN, ends);
    script.call(error_of(4, CONN), told("[0]"));
    assert_eq!(script.facts(), [ProgramFact::Unanswered(syn)]);
    script.call(connect(4, CONN, ends.1), fails(libc::EALREADY));
    assert_eq!(script.facts(), [ProgramFact::Unanswered(syn)]);
    script.enters(0, epoll(Some(vec![polled(4, CONN, false, true)])));
    let until = WaitedSocket { fd: 4, until: WaitedFor::Attempt };
    assert_eq!(script.facts()[0], ProgramFact::Waits(vec![until], 0));
    let answer = script.arrives(ends.1, ends.0, (0, 1), &["SYN", "ACK"], b"");
    script.socket(CONN, 4, State::Established, (Some(ends.0), Some(ends.1)), |_| {});
    script.returns(0, ready(polled(4, CONN, false, true)));
    assert_eq!(script.facts(), [ProgramFact::Ready(polled(4, CONN, false, true), ReadyReason::Connected(answer))]);
    script.call(error_of(4, CONN), told("[0]"));
    assert_eq!(script.facts(), [ProgramFact::Connected(Some(answer))]);
    // What another one says is none of SO_ERROR's.
    let mut other = error_of(4, CONN);
    other.arguments[2] = "SO_RCVBUF".into();
    script.call(other, told("[131072]"));
    assert_eq!(script.facts(), []);
}

#[test]
fn connect_called_again_tells_the_end_of_the_attempt() {
    let ends = (at(40000), at(8000));
    for (outcome, flags) in [
        (ok(0), &["SYN", "ACK"][..]),
        (fails(libc::EISCONN), &["SYN", "ACK"]),
        (fails(libc::ECONNREFUSED), &["RST", "ACK"]),
    ] {
        let mut script = Script::new();
        attempt(&mut script, 4, CONN, ends);
        let answer = Some(script.arrives(ends.1, ends.0, (0, 1), flags, b""));
        script.call(connect(4, CONN, ends.1), outcome.clone());
        let expected = match outcome {
            Err(Errno(libc::ECONNREFUSED)) => ProgramFact::Failed(Errno(libc::ECONNREFUSED), answer),
            _ => ProgramFact::AttemptEnded(answer),
        };
        assert_eq!(script.facts(), [expected]);
    }
}

/// ECONNABORTED says that there was an attempt, and a wrong argument says nothing of it: how it ended was told before.
#[test]
fn an_error_of_another_kind_is_not_what_ended_the_attempt() {
    let ends = (at(40000), at(8000));
    for errno in [libc::ECONNABORTED, libc::EINVAL, libc::EFAULT, libc::EAFNOSUPPORT] {
        let mut script = Script::new();
        attempt(&mut script, 4, CONN, ends);
        script.arrives(ends.1, ends.0, (0, 1), &["RST", "ACK"], b"");
        script.call(error_of(4, CONN), told("[ECONNREFUSED]"));
        script.call(connect(4, CONN, ends.1), fails(errno));
        assert_eq!(script.facts(), [], "{errno}");
    }
}

#[test]
fn a_refused_attempt_is_told_with_the_segment_that_refused_it_and_so_is_the_next_one() {
    let (first, second) = ((six(40000), six(8000)), (at(40001), at(8000)));
    let mut script = Script::new();
    attempt(&mut script, 4, CONN, first);
    script.enters(0, epoll(Some(vec![polled(4, CONN, false, true)])));
    let reset = script.arrives(first.1, first.0, (0, 1), &["RST", "ACK"], b"");
    let refused = PolledDescriptor { events: PollEvents::OUT.with(PollEvents::ERR), ..polled(4, CONN, false, true) };
    script.returns(0, ready(refused));
    assert_eq!(script.facts(), [ProgramFact::Ready(refused, ReadyReason::Reset(reset))]);
    script.call(error_of(4, CONN), told("[ECONNREFUSED]"));
    assert_eq!(script.facts(), [ProgramFact::Failed(Errno(libc::ECONNREFUSED), Some(reset))]);
    // The same port of the other family, by the same thread right after.
    script.call(connect(5, 7, second.1), ok(0));
    let other = |failed, refused| ProgramFact::OtherFamily(Box::new(OtherAttempt { addr: first.1, failed, refused }));
    assert_eq!(script.facts(), [other(Some(Errno(libc::ECONNREFUSED)), Some(reset))]);
    // Another port, or the same family, is another story.
    script.call(connect(6, 8, at(8001)), ok(0));
    script.call(connect(6, 9, at(8001)), ok(0));
    assert_eq!(script.facts(), []);
    // One that was waited for.
    let mut script = Script::new();
    script.call(connect(4, CONN, first.1), fails(libc::ECONNREFUSED));
    script.call(connect(5, 7, second.1), ok(0));
    assert_eq!(script.facts(), [other(Some(Errno(libc::ECONNREFUSED)), None)]);
    // Beside one that is under way.
    let mut script = Script::new();
    attempt(&mut script, 4, CONN, first);
    script.call(connect(5, 7, second.1), fails(libc::EINPROGRESS));
    assert_eq!(script.facts(), [other(None, None)]);
}
