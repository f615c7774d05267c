//! Which reason follows from which facts, and what has changed since.

use super::*;

pub(super) fn v4() -> SocketAddr {
    "127.0.0.1:8000".parse().unwrap()
}

/// A call, what it came to, what was known, and the reason that follows.
pub(super) type Case = (Call, Result<i64, &'static str>, CallFacts, Option<Circumstance>);

pub(super) fn bind() -> Call {
    Call::Bind { fd: 3, addr: v4() }
}

pub(super) fn listen() -> Call {
    Call::Listen { fd: 3, backlog: 1 }
}

pub(super) fn accept() -> Call {
    Call::Accept { fd: 3 }
}

pub(super) fn connect() -> Call {
    Call::Connect { fd: 3, addr: v4() }
}

pub(super) fn send() -> Call {
    Call::send(3, b"hello".to_vec())
}

pub(super) fn recv() -> Call {
    Call::recv(3, 5)
}

fn looks_up(node: Option<&str>, service: &str) -> Call {
    let lookup = crate::model::Lookup {
        node: node.map(Into::into),
        service: Some(service.into()),
        ..crate::model::Lookup::default()
    };
    Call::GetAddrInfo(Box::new(lookup))
}

pub(super) fn shut(how: How) -> Call {
    Call::Shutdown { fd: 3, how }
}

pub(super) fn close() -> Call {
    Call::Close { fd: 3 }
}

pub(super) fn state(state: State) -> Situation {
    Situation { state, bound: true, ..Situation::default() }
}

pub(super) fn joined(at: State) -> Situation {
    Situation { was_connected: true, ..state(at) }
}

pub(super) fn with(change: fn(&mut Situation), mut situation: Situation) -> Situation {
    change(&mut situation);
    situation
}

fn held(by: PortHolder) -> Situation {
    Situation { port_held_by: Some(by), ..Situation::default() }
}

/// The same with what was known before alone.
pub(super) type Known = (Call, Result<i64, &'static str>, Situation, Option<Circumstance>);

/// What was known before; nothing came of the call meanwhile.
pub(super) fn known(cases: Vec<Known>) -> Vec<Case> {
    cases.into_iter().map(|(call, came, known, wanted)| (call, came, CallFacts::steady(known), wanted)).collect()
}

fn before_a_connection() -> Vec<Case> {
    use Circumstance::*;
    use State::{Closed, Established, Listen, SynRecv, SynSent};
    let any_port = || Call::Bind { fd: 3, addr: "127.0.0.1:0".parse().unwrap() };
    let bound = |by| Situation { bound: true, ..held(by) };
    let reuse = |by| Situation { reuse: true, bound: true, ..held(by) };
    known(vec![
        (bind(), Err("EADDRINUSE"), Situation::default(), None),
        (bind(), Err("EADDRINUSE"), held(PortHolder::TimeWait), Some(TimeWait)),
        (bind(), Err("EADDRINUSE"), held(PortHolder::Connection), Some(Connected)),
        (bind(), Err("EADDRINUSE"), held(PortHolder::Bound), Some(Bound)),
        (bind(), Err("EADDRINUSE"), held(PortHolder::Listener), Some(Listening)),
        (bind(), Err("EADDRINUSE"), reuse(PortHolder::Listener), Some(Listening)),
        (bind(), Err("EADDRINUSE"), reuse(PortHolder::TimeWait), Some(ReuseHereOnly)),
        (bind(), Err("EADDRINUSE"), reuse(PortHolder::Connection), Some(ReuseHereOnly)),
        (bind(), Err("EADDRINUSE"), reuse(PortHolder::Bound), Some(ReuseHereOnly)),
        (any_port(), Err("EADDRINUSE"), Situation::default(), Some(NoPort)),
        (bind(), Err("EINVAL"), with(|s| s.ipv6 = true, Situation::default()), Some(OtherFamily)),
        (bind(), Err("EINVAL"), state(Closed), None),
        (listen(), Err("EADDRINUSE"), Situation::default(), Some(NoPort)),
        (listen(), Err("EADDRINUSE"), state(Closed), None),
        (listen(), Err("EADDRINUSE"), bound(PortHolder::Listener), Some(Listening)),
        (listen(), Err("EADDRINUSE"), bound(PortHolder::Connection), Some(Connected)),
        (listen(), Err("EADDRINUSE"), bound(PortHolder::TimeWait), Some(TimeWait)),
        (listen(), Err("EADDRINUSE"), reuse(PortHolder::Connection), Some(ReuseHereOnly)),
        (listen(), Err("EINVAL"), joined(Closed), Some(Over)),
        (listen(), Err("EINVAL"), joined(Established), None),
        (listen(), Ok(0), Situation::default(), Some(Unbound)),
        (listen(), Ok(0), state(Listen), Some(Listening)),
        (listen(), Ok(0), state(Closed), None),
        (accept(), Err("EINVAL"), joined(Established), Some(Connected)),
        (accept(), Err("EINVAL"), joined(Closed), Some(Over)),
        (accept(), Err("EINVAL"), with(|s| s.stopped_listening = true, state(Closed)), Some(Shut)),
        (accept(), Err("EINVAL"), Situation::default(), None),
        (accept(), Err("blocks"), state(Listen), None),
        (accept(), Err("blocks"), with(|s| s.defers = true, state(Listen)), Some(Defers)),
        (accept(), Ok(4), joined(Established), None),
        (accept(), Ok(4), with(|s| s.reset = true, joined(Closed)), Some(Reset)),
        (accept(), Ok(4), with(|s| s.fin_delivered = true, joined(Established)), Some(PeerClosed)),
        (connect(), Err("EISCONN"), state(Listen), Some(Listening)),
        (connect(), Err("EISCONN"), joined(Closed), Some(Over)),
        (connect(), Err("EISCONN"), joined(Established), None),
        (connect(), Err("blocks"), with(|s| s.queue_full = true, state(SynSent)), Some(QueueFull)),
        (connect(), Err("blocks"), with(|s| s.to_itself = true, state(SynSent)), Some(ToItself)),
        (connect(), Err("blocks"), state(SynRecv), Some(Simultaneous)),
        (connect(), Ok(0), joined(Established), None),
        (connect(), Ok(0), with(|s| s.simultaneous = true, joined(Established)), Some(Simultaneous)),
        (connect(), Ok(0), with(|s| s.to_itself = true, joined(Established)), Some(ToItself)),
        (Call::Socket { ipv6: false, udp: false }, Err("EMFILE"), Situation::default(), None),
    ])
}

fn on_a_connection() -> Vec<Case> {
    use Circumstance::*;
    use State::{CloseWait, Closed, Established, FinWait1, FinWait2, LastAck, Listen, SynRecv, SynSent};
    let fresh = Situation::default;
    known(vec![
        (send(), Err("EPIPE"), fresh(), Some(NeverConnected)),
        // A refused connection was none, though a RST came.
        (send(), Err("EPIPE"), with(|s| s.reset = true, fresh()), Some(NeverConnected)),
        (send(), Err("EPIPE"), state(Listen), Some(Listening)),
        (send(), Err("EPIPE"), with(|s| s.shut.write = true, joined(FinWait2)), Some(Shut)),
        (send(), Err("EPIPE"), with(|s| s.shut.write = true, joined(Established)), Some(ShutEarly)),
        (send(), Err("EPIPE"), with(|s| s.reset = true, joined(Closed)), Some(Reset)),
        (send(), Err("EPIPE"), joined(Closed), Some(Over)),
        (send(), Err("EPIPE"), joined(Established), None),
        (send(), Err("EAGAIN"), state(SynSent), Some(Connecting)),
        (send(), Err("EAGAIN"), joined(Established), None),
        (send(), Err("blocks"), state(SynSent), Some(Connecting)),
        (send(), Err("blocks"), joined(Established), None),
        (send(), Ok(5), with(|s| s.peer_accepted = Some(false), joined(Established)), Some(NotAccepted)),
        (send(), Ok(3), joined(Established), Some(Short)),
        (send(), Ok(5), with(|s| s.fin = true, joined(CloseWait)), Some(PeerClosed)),
        (send(), Ok(5), with(|s| s.peer_accepted = Some(true), joined(Established)), None),
        (recv(), Err("ENOTCONN"), state(Listen), Some(Listening)),
        (recv(), Err("ENOTCONN"), fresh(), None),
        (recv(), Err("EAGAIN"), state(SynSent), Some(Connecting)),
        (recv(), Err("EAGAIN"), joined(Established), None),
        (recv(), Err("blocks"), state(SynSent), Some(Connecting)),
        (recv(), Err("blocks"), joined(Established), None),
        (recv(), Ok(0), joined(Established), None),
        (recv(), Ok(0), with(|s| s.fin = true, joined(CloseWait)), Some(PeerClosed)),
        // It came while the call waited: what was known before doesn't have it.
        (recv(), Ok(0), with(|s| s.fin_delivered = true, joined(Established)), Some(PeerClosed)),
        (recv(), Ok(0), with(|s| (s.fin, s.shut.write) = (true, true), joined(LastAck)), Some(BothEnded)),
        (recv(), Ok(0), with(|s| s.fin_delivered = true, joined(FinWait1)), Some(BothEnded)),
        (recv(), Ok(0), with(|s| (s.fin, s.reset) = (true, true), joined(Closed)), Some(ResetAfterFin)),
        (recv(), Ok(0), with(|s| (s.fin, s.reset, s.shut.write) = (true, true, true), joined(Closed)), Some(BothEnded)),
        (recv(), Ok(0), with(|s| s.shut.read = true, joined(Established)), Some(Shut)),
        (recv(), Ok(0), with(|s| (s.shut.read, s.shut_early) = (true, true), joined(Established)), Some(ShutEarly)),
        (recv(), Ok(0), with(|s| (s.reset, s.told) = (true, true), joined(Closed)), Some(Reset)),
        (recv(), Ok(0), with(|s| (s.reset, s.told) = (true, true), fresh()), Some(Over)),
        (recv(), Ok(3), joined(Established), Some(Short)),
        (recv(), Ok(5), joined(Established), None),
        (Call::recv(3, 0), Ok(0), joined(Established), Some(NothingAsked)),
        (Call::send(3, Vec::new()), Ok(0), joined(Established), Some(NothingAsked)),
        (looks_up(Some("127.0.0.1"), "80"), Ok(0), Situation::default(), Some(NumericHost)),
        (looks_up(Some("localhost"), "80"), Ok(0), Situation::default(), None),
        (looks_up(None, "80"), Ok(0), Situation::default(), Some(NullHost)),
        (looks_up(None, "65536"), Ok(0), Situation::default(), Some(PortTooGreat)),
        (Call::Poll { fds: Vec::new(), timeout: 0 }, Ok(0), Situation::default(), Some(NothingReady)),
        (Call::Poll { fds: Vec::new(), timeout: 0 }, Ok(1), Situation::default(), None),
        (Call::Select { nfds: 0, fds: Vec::new(), timeout: 0 }, Ok(0), Situation::default(), Some(NothingReady)),
        (Call::EpollWait { epfd: 5, most: 8, timeout: 0 }, Ok(0), Situation::default(), Some(NothingReady)),
        (Call::EpollWait { epfd: 5, most: 0, timeout: 0 }, Err("EINVAL"), Situation::default(), Some(NoRoom)),
        (Call::EpollWait { epfd: 5, most: 1, timeout: 0 }, Err("EINVAL"), Situation::default(), None),
        (Call::Close { fd: 3 }, Ok(0), Situation { epoll: true, ..Situation::default() }, Some(EpollInstance)),
        (shut(How::Write), Err("ENOTCONN"), joined(Closed), Some(Over)),
        (shut(How::Write), Err("ENOTCONN"), fresh(), None),
        (shut(How::Write), Ok(0), joined(Established), Some(Connected)),
        (shut(How::Both), Ok(0), joined(Established), Some(BothWays)),
        (shut(How::Both), Ok(0), joined(CloseWait), Some(LastDirection)),
        (shut(How::Write), Ok(0), joined(CloseWait), Some(LastDirection)),
        (shut(How::Write), Ok(0), with(|s| s.to_itself = true, joined(Established)), Some(ToItself)),
        (shut(How::Both), Ok(0), joined(FinWait2), Some(OnlyReading)),
        (shut(How::Read), Ok(0), joined(Established), Some(OnlyReading)),
        (shut(How::Read), Ok(0), state(Listen), Some(Listening)),
        (shut(How::Write), Ok(0), state(Listen), Some(NoEffect)),
        (shut(How::Write), Ok(0), state(SynSent), Some(Connecting)),
        (shut(How::Write), Ok(0), state(SynRecv), Some(Simultaneous)),
        (shut(How::Read), Ok(0), state(SynRecv), None),
    ])
}

fn closing() -> Vec<Case> {
    use Circumstance::*;
    use State::{CloseWait, Closed, Established, Listen, SynRecv, SynSent};
    let waits = |queue, state| Situation { recv_queue: queue, ..joined(state) };
    let lingers = |seconds| Situation { linger: Some(seconds), send_queue: 1, ..joined(Established) };
    let unseen = |before| Situation { seen: false, ..before };
    let [fin, reset, slept, acknowledged] = [
        CallCourse { sent_fin: true, ..CallCourse::default() },
        CallCourse { sent_reset: true, ..CallCourse::default() },
        CallCourse { sent_fin: true, slept: true, ..CallCourse::default() },
        CallCourse { sent_fin: true, slept: true, fin_acknowledged: true, ..CallCourse::default() },
    ];
    let quiet = CallCourse::default();
    let cases = [
        // It is the RST that tells: a FIN went where the table was older than the call.
        (waits(5, Established), reset, Some(Unread)),
        (waits(5, Established), fin, Some(Connected)),
        (waits(2, CloseWait), reset, Some(Unread)),
        (waits(1, CloseWait), fin, Some(Connected)),
        (joined(Established), reset, Some(ResetSent)),
        (unseen(waits(5, Established)), quiet, Some(Unseen)),
        (unseen(waits(1, CloseWait)), quiet, None),
        (unseen(lingers(0)), quiet, Some(Unseen)),
        (lingers(0), reset, Some(LingerZero)),
        (Situation { recv_queue: 2, ..lingers(0) }, reset, Some(Unread)),
        (lingers(3), acknowledged, Some(Lingered)),
        (lingers(3), slept, Some(LingerOver)),
        (lingers(3), fin, Some(Unsent)),
        (Situation { send_queue: 1, ..joined(Established) }, fin, Some(Unsent)),
        (Situation { send_queue: 1, ..joined(CloseWait) }, quiet, Some(Unsent)),
        (Situation { recv_queue: 1, ..state(Listen) }, quiet, Some(Listening)),
        (Situation { port_held_by: Some(PortHolder::Listener), ..state(Listen) }, quiet, Some(NoEffect)),
        (Situation { send_queue: 1, ..state(SynSent) }, quiet, Some(Connecting)),
        (state(SynRecv), fin, Some(Simultaneous)),
        (joined(Established), fin, Some(Connected)),
        (waits(1, Closed), quiet, None),
        // What was never connected tells nobody, and what was over before neither.
        (state(Closed), quiet, Some(NeverConnected)),
        (Situation { refused: true, reset: true, ..state(Closed) }, quiet, Some(NeverConnected)),
        (Situation { attempted: true, ..state(Closed) }, quiet, None),
        (Situation { open: false, ..Situation::default() }, quiet, None),
        (with(|s| s.listens = true, state(Closed)), quiet, Some(Listening)),
        (with(|s| s.reset = true, joined(Closed)), quiet, Some(Over)),
        (with(|s| (s.fin_delivered, s.shut.write) = (true, true), joined(Closed)), quiet, Some(Over)),
        (joined(State::TimeWait), quiet, Some(TimeWait)),
        (joined(State::FinWait2), quiet, Some(FinSent)),
    ];
    let case = |(before, course, wanted)| (close(), Ok(0), CallFacts { course, ..CallFacts::steady(before) }, wanted);
    let blocks = (close(), Err("blocks"), CallFacts::steady(lingers(3)), Some(Lingered));
    cases.into_iter().map(case).chain([blocks]).collect()
}

fn of_datagrams() -> Vec<Case> {
    let sendto = || Call::send_to(3, b"hello".to_vec(), v4());
    let recvfrom = || Call::recv_from(3, 5);
    let cases = [
        (recv(), Err("blocks")),
        (recvfrom(), Err("blocks")),
        (connect(), Ok(0)),
        (bind(), Ok(0)),
        (recv(), Err("ECONNREFUSED")),
        (recvfrom(), Err("ECONNREFUSED")),
        (send(), Err("ECONNREFUSED")),
        (sendto(), Err("ECONNREFUSED")),
        (send(), Err("EDESTADDRREQ")),
        (send(), Ok(5)),
        (send(), Err("EOPNOTSUPP")),
        (listen(), Err("EOPNOTSUPP")),
        (accept(), Err("EOPNOTSUPP")),
        (close(), Ok(0)),
        (shut(How::Write), Ok(0)),
    ];
    let udp = || Situation { udp: true, ..Situation::default() };
    known(cases.map(|(call, came)| (call, came, udp(), Some(Circumstance::Datagrams))).to_vec())
}

/// 0 is any free port for `bind()`, and none for whoever sends there.
fn port_zero() -> Vec<Case> {
    use Circumstance::{NoPort, ZeroPort};
    let addr = "127.0.0.1:0".parse().unwrap();
    let (bind, connect) = (|| Call::Bind { fd: 3, addr }, || Call::Connect { fd: 3, addr });
    let sendto = Call::SendTo { fd: 3, data: b"x".to_vec(), flags: MessageFlags::NONE, addr };
    let udp = || Situation { udp: true, ..Situation::default() };
    known(vec![
        (bind(), Ok(0), Situation::default(), Some(NoPort)),
        (bind(), Ok(0), udp(), Some(NoPort)),
        (connect(), Err("ECONNREFUSED"), Situation::default(), Some(ZeroPort)),
        (connect(), Ok(0), udp(), Some(ZeroPort)),
        (sendto, Err("EINVAL"), udp(), Some(ZeroPort)),
    ])
}

/// The kernel has taken another number.
fn capped() -> Vec<Case> {
    let listens = |backlog| Situation { send_queue: backlog, ..state(State::Listen) };
    let asked = |backlog| Call::Listen { fd: 3, backlog };
    let facts = |now| CallFacts { now: listens(now), ..CallFacts::steady(state(State::Closed)) };
    let cases = [(-1, 4096, true), (5000, 4096, true), (0, 0, false), (8, 8, false)];
    let wanted = |is: bool| is.then_some(Circumstance::Capped);
    let mut cases = cases.map(|(backlog, now, is)| (asked(backlog), Ok(0), facts(now), wanted(is))).to_vec();
    // An attempt that was refused in the background, and that another call has told of.
    let tried = Situation { attempted: true, reset: true, told: true, ..state(State::Closed) };
    cases.push((asked(8), Err("EINVAL"), CallFacts::steady(tried), Some(Circumstance::Attempted)));
    cases
}

/// What a flag makes of the same outcome.
fn flagged() -> Vec<Case> {
    use Circumstance::{FastOpen, OutOfBand, WaitAll};
    let opens = || Call::SendTo { fd: 3, data: b"hello".to_vec(), flags: MessageFlags::FAST_OPEN, addr: v4() };
    let fresh = Situation::default;
    let with = |flags| Call::Recv { fd: 3, len: 5, flags: MessageFlags(flags) };
    let (urgent, all) = (with(libc::MSG_OOB), with(libc::MSG_WAITALL | libc::MSG_DONTWAIT));
    let there = || CallFacts::steady(joined(State::Established));
    vec![
        (urgent.clone(), Err("EINVAL"), there(), Some(OutOfBand)),
        (urgent.clone(), Err("EAGAIN"), there(), Some(OutOfBand)),
        (urgent, Ok(1), there(), Some(OutOfBand)),
        (all.clone(), Err("blocks"), there(), Some(WaitAll)),
        (all.clone(), Ok(3), there(), Some(WaitAll)),
        (all.clone(), Ok(5), there(), None),
        (all, Err("EAGAIN"), there(), None),
        (with(libc::MSG_PEEK), Ok(3), there(), Some(Circumstance::Short)),
        (opens(), Err("EINPROGRESS"), CallFacts::steady(fresh()), Some(FastOpen)),
        (opens(), Err("EOPNOTSUPP"), CallFacts::steady(fresh()), Some(FastOpen)),
        (opens(), Err("EISCONN"), there(), Some(FastOpen)),
        (opens(), Err("blocks"), CallFacts::steady(state(State::SynSent)), Some(FastOpen)),
        (opens(), Ok(5), there(), None),
        (
            Call::Dissolve { fd: 3 },
            Ok(0),
            CallFacts::steady(Situation { udp: true, ..fresh() }),
            Some(Circumstance::DissolvesDatagrams),
        ),
    ]
}

/// What another thread's `shutdown()` makes of a call that sleeps, and of one that doesn't.
fn shut_meanwhile() -> Vec<Case> {
    let woken = Some(Circumstance::ShutMeanwhile);
    let facts = |how, slept, known| {
        let course = CallCourse { slept, shut_by_other: Some(how), ..CallCourse::default() };
        CallFacts { course, ..CallFacts::steady(known) }
    };
    let there = || joined(State::Established);
    let closed = |closed_meanwhile| CallFacts {
        course: CallCourse { slept: true, closed_meanwhile, ..CallCourse::default() },
        ..CallFacts::steady(state(State::Listen))
    };
    vec![
        (accept(), Err("EINVAL"), facts(How::Read, true, state(State::Listen)), woken),
        (accept(), Err("EINVAL"), facts(How::Write, true, state(State::Listen)), None),
        (accept(), Err("EINVAL"), facts(How::Read, false, state(State::Listen)), None),
        (connect(), Err("ECONNRESET"), facts(How::Write, true, state(State::SynSent)), woken),
        (connect(), Err("EPIPE"), facts(How::Write, true, state(State::SynSent)), woken),
        (connect(), Err("blocks"), CallFacts::steady(state(State::SynSent)), Some(Circumstance::Connecting)),
        (
            connect(),
            Err("blocks"),
            CallFacts { before: state(State::Closed), ..CallFacts::steady(state(State::SynSent)) },
            None,
        ),
        (connect(), Err("ECONNRESET"), facts(How::Write, true, with(|s| s.reset = true, state(State::Closed))), None),
        (send(), Err("EPIPE"), facts(How::Both, true, there()), woken),
        (recv(), Ok(0), facts(How::Read, true, there()), woken),
        (accept(), Err("EINTR"), closed(true), Some(Circumstance::ClosedMeanwhile)),
        (accept(), Err("EINTR"), closed(false), None),
        (recv(), Ok(3), facts(How::Read, true, there()), Some(Circumstance::Short)),
        (recv(), Ok(0), facts(How::Read, true, with(|s| s.fin = true, there())), Some(Circumstance::PeerClosed)),
    ]
}

fn cases() -> Vec<Case> {
    let own = [before_a_connection(), on_a_connection(), closing(), of_datagrams(), port_zero(), capped(), flagged()];
    [own.concat(), shut_meanwhile(), super::finer::cases()].concat()
}

#[test]
fn the_reason_follows_from_the_situation_and_every_text_has_its_situation() {
    let entries = &Explanations::load().unwrap().entries;
    let mut seen = HashSet::new();
    for (call, came, facts, wanted) in cases() {
        let returned = came.map(|value| Returned { value, ..Returned::default() });
        let (came, kind) = match &returned {
            Ok(returned) => (CallState::Returned(returned), OutcomeKind::Returns),
            Err("blocks") => (CallState::Blocks, OutcomeKind::Blocks),
            Err(name) => (CallState::Error(errno(name)), OutcomeKind::Error(errno(name))),
        };
        assert_eq!(Circumstance::of(&call, came, &facts), wanted, "{call:?} {came:?} {facts:?}");
        let name = crate::explain::meant::named(&call, matches!(came, CallState::Error(_)));
        // What is said of any call in this circumstance.
        let of_any = entries.contains_key(&(None, kind, wanted)) && wanted.is_some();
        seen.insert(((!of_any).then(|| name.name().to_owned()), kind, wanted));
    }
    // What stands in a returned list of events leads to these.
    let of_events = |key: &&Key| matches!(key.2, Some(Circumstance::NotOpen | Circumstance::BeyondTable));
    let others = |key: &&Key| key.2.is_some() && key.1 != OutcomeKind::Since && !of_events(key);
    for key in entries.keys().filter(others) {
        assert!(seen.contains(key), "nothing leads to {key:?}");
    }
    for key in seen.iter().filter(|key| key.2.is_some()) {
        assert!(entries.contains_key(key), "{key:?} has no text");
    }
    assert!(crate::assets::text("text/errors.toml").contains("\"when\":"));
}

/// A call, what it came to, its circumstance, what was so when it returned and what is so now, and what is said of it.
type Later = (Call, Result<i64, &'static str>, Option<Circumstance>, [Situation; 2], Option<Circumstance>);

fn later() -> Vec<Later> {
    use Circumstance::*;
    use State::{CloseWait, Closed, Established, FinWait1, Listen, SynSent, TimeWait as TimeWaits};
    let open = || joined(Established);
    let reset = || with(|s| s.reset = true, joined(Closed));
    let over = || joined(Closed);
    let fin = || with(|s| s.fin = true, joined(CloseWait));
    let fresh = |reset| Situation { reset, ..state(Closed) };
    let (begun, waits) = (Err("EINPROGRESS"), Err("EAGAIN"));
    let queue = |n, state| Situation { recv_queue: n, ..joined(state) };
    let full = |n| Situation { send_queue: n, ..open() };
    vec![
        (connect(), Ok(0), None, [open(), open()], None),
        (connect(), Ok(0), None, [open(), reset()], Some(Reset)),
        (connect(), Ok(0), None, [open(), over()], Some(Over)),
        (connect(), Ok(0), None, [open(), fin()], Some(PeerClosed)),
        (connect(), Ok(0), Some(SynLater), [state(SynSent), state(SynSent)], None),
        (connect(), Ok(0), Some(SynLater), [state(SynSent), open()], Some(Connected)),
        (connect(), Ok(0), Some(SynLater), [state(SynSent), fresh(true)], Some(Refused)),
        (accept(), Ok(4), Some(Connecting), [state(State::SynRecv), open()], Some(Connected)),
        (connect(), begun, None, [state(SynSent), state(SynSent)], None),
        (connect(), begun, None, [state(SynSent), open()], Some(Connected)),
        (connect(), begun, None, [state(SynSent), fresh(true)], Some(Refused)),
        (connect(), begun, None, [state(SynSent), fresh(false)], Some(GaveUp)),
        (connect(), begun, None, [state(SynSent), reset()], Some(Reset)),
        (connect(), Err("EALREADY"), None, [state(SynSent), fresh(true)], Some(Refused)),
        (connect(), Err("EINTR"), None, [state(SynSent), open()], Some(Connected)),
        (connect(), Err("EISCONN"), None, [open(), reset()], Some(Reset)),
        (connect(), Err("EISCONN"), Some(Over), [over(), over()], None),
        (accept(), Ok(4), None, [open(), reset()], Some(Reset)),
        (accept(), Ok(4), Some(Reset), [reset(), reset()], None),
        (accept(), waits, None, [state(Listen), state(Listen)], None),
        (accept(), waits, None, [state(Listen), queue(1, Listen)], Some(Ready)),
        (recv(), waits, None, [open(), queue(3, Established)], Some(Ready)),
        (recv(), waits, None, [open(), fin()], Some(PeerClosed)),
        (recv(), waits, None, [open(), reset()], Some(Reset)),
        (recv(), waits, Some(Connecting), [state(SynSent), open()], Some(Connected)),
        (recv(), waits, Some(OutOfBand), [open(), queue(3, Established)], None),
        (recv(), Ok(3), Some(Short), [open(), reset()], Some(Reset)),
        (recv(), Ok(0), Some(PeerClosed), [fin(), reset()], Some(Reset)),
        (recv(), Ok(0), Some(BothEnded), [joined(FinWait1), joined(TimeWaits)], None),
        (recv(), Ok(0), Some(BothEnded), [joined(FinWait1), reset()], Some(Reset)),
        (send(), waits, None, [full(9), full(0)], Some(Ready)),
        (send(), waits, None, [full(9), full(5)], None),
        (send(), Ok(5), Some(NotAccepted), [open(), reset()], Some(Reset)),
        (shut(How::Write), Ok(0), Some(Connected), [open(), joined(FinWait1)], None),
        (shut(How::Write), Ok(0), Some(Connected), [open(), joined(TimeWaits)], Some(Over)),
        (close(), Ok(0), Some(Unsent), [joined(FinWait1), reset()], Some(Reset)),
        (close(), Ok(0), Some(LingerOver), [joined(FinWait1), over()], Some(Over)),
        (close(), Ok(0), Some(Unread), [over(), over()], None),
        (bind(), Err("EADDRINUSE"), None, [held(PortHolder::Bound), held(PortHolder::Bound)], None),
        (bind(), Err("EADDRINUSE"), None, [held(PortHolder::TimeWait), Situation::default()], Some(Free)),
        // Of a blocking call the present is told anyway.
        (connect(), Err("blocks"), None, [state(SynSent), reset()], None),
    ]
}

#[test]
fn what_has_changed_since_is_said_instead() {
    let mut seen = HashSet::new();
    for (call, came, circumstance, [after, now], wanted) in later() {
        let returned = came.map(|value| Returned { value, ..Returned::default() });
        let came = match &returned {
            Ok(returned) => CallState::Returned(returned),
            Err("blocks") => CallState::Blocks,
            Err(name) => CallState::Error(errno(name)),
        };
        let changed = after != now;
        let now = Situation { state_since: if changed { 9 } else { 3 }, ..now };
        let after = Situation { state_since: 3, ..after };
        let facts = CallFacts { before: after.clone(), course: CallCourse::default(), after, now, returned: 5 };
        assert_eq!(
            crate::explain::since::since(&call, came, circumstance, &facts),
            wanted,
            "{call:?} {came:?} {facts:?}"
        );
        seen.extend(wanted);
    }
    let all = Explanations::load().unwrap();
    for what in &seen {
        assert!(all.since(*what, Lang::EN).is_some(), "{what:?} has no text");
    }
    assert_eq!(all.entries.keys().filter(|key| key.1 == OutcomeKind::Since).count(), seen.len());
}
