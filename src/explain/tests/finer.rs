//! Reasons that lie close together: a time limit or no waiting, a RST or none, a FIN that goes now or went before.

use super::circumstances::{Case, accept, bind, close, connect, joined, known, listen, recv, send, shut, state, with};
use super::*;
use crate::model::{PollEvents, PolledDescriptor, ProgramCall, SocketOption};

fn limits() -> Vec<Case> {
    use Circumstance::{Connecting, FastOpen, TimeOver};
    let slept = || CallCourse { slept: true, ..CallCourse::default() };
    let after = |known| CallFacts { course: slept(), ..CallFacts::steady(known) };
    let at_once = CallFacts::steady;
    let there = || joined(State::Established);
    let opens = || Call::SendTo {
        fd: 3,
        data: b"x".to_vec(),
        flags: MessageFlags::FAST_OPEN,
        addr: "127.0.0.1:1".parse().unwrap(),
    };
    let limited = |change: fn(&mut Situation)| at_once(with(change, there()));
    let dont_wait = Call::Recv { fd: 3, len: 5, flags: MessageFlags::DONT_WAIT };
    vec![
        // What sleeps had no O_NONBLOCK.
        (accept(), Err("EAGAIN"), after(state(State::Listen)), Some(TimeOver)),
        (recv(), Err("EAGAIN"), after(there()), Some(TimeOver)),
        (recv(), Err("EAGAIN"), after(state(State::SynSent)), Some(TimeOver)),
        (send(), Err("EAGAIN"), after(there()), Some(TimeOver)),
        (connect(), Err("EINPROGRESS"), after(state(State::Closed)), Some(TimeOver)),
        (opens(), Err("EINPROGRESS"), after(state(State::Closed)), Some(TimeOver)),
        (recv(), Err("EAGAIN"), after(with(|s| s.udp = true, there())), Some(TimeOver)),
        // A short time may pass unseen.
        (recv(), Err("EAGAIN"), limited(|s| s.receive_limit = true), Some(TimeOver)),
        (send(), Err("EAGAIN"), limited(|s| s.send_limit = true), Some(TimeOver)),
        (send(), Err("EAGAIN"), limited(|s| s.receive_limit = true), None),
        (recv(), Err("EAGAIN"), limited(|s| (s.receive_limit, s.nonblocking) = (true, true)), None),
        (dont_wait, Err("EAGAIN"), limited(|s| s.receive_limit = true), None),
        (accept(), Err("EAGAIN"), at_once(state(State::Listen)), None),
        (recv(), Err("EAGAIN"), at_once(state(State::SynSent)), Some(Connecting)),
        (connect(), Err("EINPROGRESS"), at_once(state(State::Closed)), None),
        (opens(), Err("EINPROGRESS"), at_once(state(State::Closed)), Some(FastOpen)),
    ]
}

/// What a `send()` that worked has taken, and what became of it.
fn taken() -> Vec<Case> {
    use Circumstance::{Corked, CountTaken, NotAccepted, Short};
    let there = || joined(State::Established);
    let corked = || with(|s| s.corked = true, there());
    let offered = |offered| CallCourse { offered: Some(offered), ..CallCourse::default() };
    let case = |call: Call, value, course, before, wanted| {
        (call, Ok(value), CallFacts { course, ..CallFacts::steady(before) }, wanted)
    };
    let more = || Call::Send { fd: 3, data: b"hello".to_vec(), flags: MessageFlags::MORE };
    let long = || Call::send(3, vec![0; 600]);
    let quiet = CallCourse::default();
    let went = CallCourse { sent_data: true, ..quiet };
    vec![
        // Of 3,000,000 bytes the trace has the first ones only.
        case(send(), 30_408, offered(OfferedBytes::Exactly(3_000_000)), there(), Some(Short)),
        case(send(), 30_408, offered(OfferedBytes::Exactly(30_408)), there(), None),
        case(send(), 3, offered(OfferedBytes::AtLeast(5)), there(), Some(Short)),
        case(send(), 30_408, offered(OfferedBytes::AtLeast(5)), there(), Some(CountTaken)),
        case(send(), 5, quiet, corked(), Some(Corked)),
        case(send(), 5, went, corked(), None),
        case(more(), 5, quiet, there(), Some(Corked)),
        case(more(), 5, went, there(), None),
        // One that fills a segment waits for something else.
        case(long(), 600, quiet, corked(), None),
        case(send(), 5, quiet, with(|s| s.seen = false, corked()), None),
        case(send(), 5, quiet, with(|s| s.peer_accepted = Some(false), there()), Some(NotAccepted)),
    ]
}

fn attempts() -> Vec<Case> {
    use Circumstance::{Executes, Listening, NeverConnected, NoFamily, Over, Refused, Repair};
    let fresh = Situation::default;
    let failed = || with(|s| s.refused = true, state(State::Closed));
    // It was connected while nobody waited, and ended then.
    let ended = || with(|s| s.attempted = true, joined(State::Closed));
    let attempt = || with(|s| s.attempted = true, state(State::Closed));
    let program = |name: &str, address: &str| {
        let arguments = ["3", address, "16"].map(str::to_owned).to_vec();
        Call::Program(Box::new(ProgramCall {
            name: name.into(),
            fd: Some(3),
            internet: Some(true),
            arguments,
            ..ProgramCall::default()
        }))
    };
    known(vec![
        (send(), Err("EPIPE"), failed(), Some(Refused)),
        (recv(), Err("ENOTCONN"), failed(), Some(Refused)),
        (send(), Err("EPIPE"), state(State::Closed), Some(NeverConnected)),
        (connect(), Err("ECONNRESET"), ended(), Some(Over)),
        (connect(), Err("ECONNABORTED"), ended(), Some(Over)),
        (connect(), Err("ETIMEDOUT"), ended(), Some(Over)),
        (connect(), Err("EPIPE"), ended(), Some(Over)),
        (connect(), Err("ECONNRESET"), attempt(), None),
        (connect(), Err("ECONNABORTED"), attempt(), None),
        (connect(), Err("ECONNRESET"), state(State::SynRecv), None),
        (recv(), Err("EPERM"), with(|s| s.repair = true, joined(State::Established)), Some(Repair)),
        (recv(), Err("EPERM"), joined(State::Established), None),
        (program("bind", "{AF_UNSPEC}"), Err("EAFNOSUPPORT"), fresh(), Some(NoFamily)),
        (program("bind", "[::1]:8000"), Err("EAFNOSUPPORT"), fresh(), None),
        (program("execve", "0x7ffe"), Err("ENOENT"), fresh(), Some(Executes)),
        (program("connect", "0x7ffe"), Err("EISCONN"), state(State::Listen), Some(Listening)),
        (bind(), Err("EAFNOSUPPORT"), fresh(), None),
        (
            Call::SetOption { fd: 3, option: SocketOption::FAST_OPEN_CONNECT, value: 1 },
            Err("EOPNOTSUPP"),
            fresh(),
            Some(Circumstance::FastOpen),
        ),
        (Call::SetOption { fd: 3, option: SocketOption::CORK, value: 1 }, Err("EOPNOTSUPP"), fresh(), None),
        (listen(), Ok(0), state(State::Closed), None),
    ])
}

/// A direction that is ended again, and what AF_UNSPEC and `close()` send in each state.
fn ends() -> Vec<Case> {
    use Circumstance::*;
    use State::{CloseWait, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynRecv, SynSent, TimeWait};
    let shut_both = |at| with(|s| (s.shut.read, s.shut.write) = (true, true), joined(at));
    let of_program = || with(|s| s.listens = true, state(State::Closed));
    let mut cases = known(vec![
        (shut(How::Write), Ok(0), joined(FinWait2), Some(AlreadyShut)),
        (shut(How::Write), Ok(0), joined(LastAck), Some(AlreadyShut)),
        (shut(How::Both), Ok(0), shut_both(FinWait1), Some(AlreadyShut)),
        (shut(How::Read), Ok(0), shut_both(FinWait1), Some(AlreadyShut)),
        (shut(How::Both), Ok(0), joined(FinWait1), Some(OnlyReading)),
        (shut(How::Both), Ok(0), with(|s| s.shut.read = true, joined(Established)), Some(BothWays)),
        (shut(How::Write), Ok(0), of_program(), Some(NoEffect)),
        (shut(How::Read), Ok(0), of_program(), Some(Listening)),
    ]);
    let quiet = CallCourse::default();
    let [reset, fin] =
        [(true, false), (false, true)].map(|(sent_reset, sent_fin)| CallCourse { sent_reset, sent_fin, ..quiet });
    let unseen = |at| with(|s| s.seen = false, joined(at));
    let dissolve = || Call::Dissolve { fd: 3 };
    let linger = |at| with(|s| (s.linger, s.shut.write) = (Some(0), true), joined(at));
    let unread = |at, n| Situation { recv_queue: n, ..with(|s| s.shut.write = true, joined(at)) };
    let repair = |at| with(|s| s.repair = true, joined(at));
    let more = [
        (dissolve(), joined(Established), reset, Some(Dissolves)),
        (dissolve(), unseen(Established), quiet, Some(Dissolves)),
        (dissolve(), unseen(LastAck), quiet, Some(DissolvesQuietly)),
        (dissolve(), joined(LastAck), quiet, Some(DissolvesQuietly)),
        (dissolve(), state(SynSent), quiet, Some(DissolvesQuietly)),
        (dissolve(), state(SynRecv), reset, Some(Dissolves)),
        (dissolve(), state(Listen), quiet, Some(Listening)),
        (close(), linger(LastAck), quiet, Some(ThrownAway)),
        (close(), linger(Closing), quiet, Some(ThrownAway)),
        (close(), linger(FinWait2), reset, Some(LingerZero)),
        (close(), linger(TimeWait), quiet, Some(Circumstance::TimeWait)),
        (close(), unread(FinWait2, 5), reset, Some(UnreadAfterFin)),
        (close(), unread(LastAck, 2), reset, Some(UnreadAfterFin)),
        // The peer's FIN alone counts as a byte.
        (close(), Situation { linger: Some(0), ..unread(LastAck, 1) }, reset, Some(LingerZero)),
        (close(), joined(FinWait2), quiet, Some(FinSent)),
        (close(), joined(LastAck), quiet, Some(FinSent)),
        (close(), joined(CloseWait), fin, Some(Connected)),
        (close(), repair(Established), quiet, Some(Repair)),
        (close(), repair(Established), fin, Some(Connected)),
    ];
    cases.extend(more.map(|(call, before, came, wanted)| {
        (call, Ok(0), CallFacts { course: came, ..CallFacts::steady(before) }, wanted)
    }));
    cases
}

fn peeks() -> Vec<Case> {
    let peek = Call::Recv { fd: 3, len: 5, flags: MessageFlags(libc::MSG_PEEK | libc::MSG_WAITALL) };
    let there = || CallFacts::steady(joined(State::Established));
    vec![(peek, Err("blocks"), there(), Some(Circumstance::PeekAll))]
}

/// What comes of an earlier mistake: a failed `bind()` or `accept()`, a length that is wrong.
fn mistaken() -> Vec<Case> {
    use Circumstance::{AddressLength, BindFailed, EmptyDatagram, NoDescriptor, OtherFamily, Unbound};
    let fresh = Situation::default;
    let wrong_length = |before| {
        let course = CallCourse { wrong_length: true, ..CallCourse::default() };
        CallFacts { course, ..CallFacts::steady(before) }
    };
    let (six, udp) = (|| with(|s| s.ipv6 = true, fresh()), || with(|s| s.udp = true, fresh()));
    let sendto = Call::send_to(3, b"hello".to_vec(), "127.0.0.1:1".parse().unwrap());
    let failed = with(|s| s.bind_failed = true, fresh());
    vec![
        (listen(), Ok(0), CallFacts::steady(failed), Some(BindFailed)),
        (listen(), Ok(0), CallFacts::steady(fresh()), Some(Unbound)),
        (bind(), Err("EINVAL"), wrong_length(fresh()), Some(AddressLength)),
        (bind(), Err("EINVAL"), wrong_length(six()), Some(OtherFamily)),
        (connect(), Err("EINVAL"), wrong_length(fresh()), Some(AddressLength)),
        (connect(), Err("EINVAL"), wrong_length(six()), Some(OtherFamily)),
        (connect(), Err("EINVAL"), CallFacts::steady(fresh()), None),
        (sendto, Err("EINVAL"), wrong_length(udp()), Some(AddressLength)),
        (accept(), Err("EFAULT"), wrong_length(state(State::Listen)), Some(AddressLength)),
        (accept(), Err("EFAULT"), CallFacts::steady(state(State::Listen)), None),
        (recv(), Err("EFAULT"), wrong_length(joined(State::Established)), Some(AddressLength)),
        (recv(), Ok(0), CallFacts::steady(udp()), Some(EmptyDatagram)),
        (Call::recv(-1, 5), Err("EBADF"), CallFacts::steady(fresh()), Some(NoDescriptor)),
        (recv(), Err("EBADF"), CallFacts::steady(fresh()), None),
    ]
}

/// TCP Fast Open at both ends: a `connect()` that sends nothing, and an `accept()` before the last ACK.
fn fast_opened() -> Vec<Case> {
    let opens = |state| Situation { fast_open: true, ..state };
    let facts = |before: Situation, after: Situation, course: CallCourse| CallFacts {
        before,
        course,
        now: after.clone(),
        after,
        returned: 0,
    };
    let quiet = CallCourse::default();
    let sent = CallCourse { sent_syn: true, ..quiet };
    let slept = CallCourse { slept: true, ..sent };
    let (closed, begun) = (|| opens(state(State::Closed)), || opens(state(State::SynSent)));
    let unsent = || Situation { seen: false, ..begun() };
    let not_waiting = || Situation { nonblocking: true, ..begun() };
    let made = || opens(joined(State::Established));
    let listens = || state(State::Listen);
    let half_open = || Situation { half_open: true, ..state(State::SynRecv) };
    vec![
        (connect(), Ok(0), facts(closed(), begun(), quiet), Some(Circumstance::SynLater)),
        (connect(), Ok(0), facts(closed(), made(), sent), None),
        (connect(), Ok(0), facts(closed(), made(), slept), None),
        (connect(), Ok(0), facts(state(State::Closed), begun(), quiet), None),
        (connect(), Err("EISCONN"), facts(begun(), begun(), quiet), Some(Circumstance::SynLater)),
        (connect(), Err("EISCONN"), facts(made(), made(), quiet), None),
        (connect(), Err("blocks"), facts(begun(), unsent(), quiet), Some(Circumstance::SynLater)),
        (connect(), Err("blocks"), facts(begun(), begun(), quiet), Some(Circumstance::Connecting)),
        (connect(), Err("EINTR"), facts(begun(), unsent(), slept), Some(Circumstance::SynLater)),
        (connect(), Err("EINTR"), facts(begun(), begun(), slept), None),
        (accept(), Ok(4), facts(listens(), half_open(), quiet), Some(Circumstance::Connecting)),
        // The kernel's word may be older than the last ACK.
        (accept(), Ok(4), facts(listens(), state(State::SynRecv), quiet), None),
        (send(), Err("ECONNREFUSED"), facts(begun(), closed(), slept), Some(Circumstance::Connecting)),
        (send(), Err("ECONNREFUSED"), facts(begun(), closed(), quiet), Some(Circumstance::Connecting)),
        (send(), Err("ECONNREFUSED"), facts(not_waiting(), closed(), quiet), None),
        (send(), Err("ECONNREFUSED"), facts(closed(), closed(), quiet), None),
        (recv(), Err("ECONNREFUSED"), facts(begun(), closed(), slept), Some(Circumstance::Connecting)),
        (accept(), Ok(4), facts(listens(), joined(State::Established), quiet), None),
    ]
}

pub(super) fn cases() -> Vec<Case> {
    [limits(), taken(), attempts(), ends(), peeks(), mistaken(), fast_opened()].concat()
}

/// What was ended here returns 0 on a socket for datagrams too, without a datagram.
#[test]
fn a_zero_after_the_own_shutdown_is_no_empty_datagram() {
    let before = Situation { udp: true, shut: ShutDirections { read: true, write: false }, ..Situation::default() };
    let told = Circumstance::of(&recv(), CallState::Returned(&Returned::default()), &CallFacts::steady(before));
    assert_eq!(told, Some(Circumstance::Datagrams));
}

/// What polls is told by the events that stand in what it returned.
#[test]
fn what_is_not_open_or_not_looked_at_promises_nothing() {
    let told = |call: &Call, value: i64, events: PollEvents| {
        let revents = vec![PolledDescriptor::new(77, events)];
        let returned = Returned { value, revents, ..Returned::default() };
        Circumstance::of(call, CallState::Returned(&returned), &CallFacts::steady(Situation::default()))
    };
    let poll = Call::Poll { fds: vec![PolledDescriptor::new(77, PollEvents::IN)], timeout: 0 };
    let select = Call::Select { nfds: 78, fds: vec![PolledDescriptor::new(77, PollEvents::IN)], timeout: 0 };
    assert_eq!(told(&poll, 1, PollEvents::NVAL), Some(Circumstance::NotOpen));
    assert_eq!(told(&poll, 1, PollEvents::IN), None);
    assert_eq!(told(&select, 0, PollEvents::IN), Some(Circumstance::BeyondTable));
    assert_eq!(told(&select, 1, PollEvents::IN), None);
    let all = Explanations::load().unwrap();
    for (name, when) in [(CallName::Poll, Circumstance::NotOpen), (CallName::Select, Circumstance::BeyondTable)] {
        let returned = Returned::default();
        let of = |when| all.explain(name, CallState::Returned(&returned), when, Lang::EN);
        assert!(of(Some(when)).is_some() && of(Some(when)) != of(None));
    }
}
