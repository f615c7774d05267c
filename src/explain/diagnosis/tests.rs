mod again;
mod ended;
mod left_open;
mod told_once;

use std::net::SocketAddr;
use std::time::Duration;

use super::*;
use crate::i18n::Lang;
use crate::model::testing::socket;
use crate::model::{
    Actor, Call, Caller, Errno, Event, Member, Outcome, ProgramCall, ProgramExit, Returned, Role, SegmentId, Side,
    Timer, TimerKind, Trace,
};
use crate::tcp::State;
use crate::tcp::testing::segment;

const LISTENER: u64 = 1;
const CONN: u64 = 2;

fn at(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}

/// What happens to a server, in order; the clock stands unless it is moved.
struct Script {
    trace: Trace,
    now: Duration,
    segments: u32,
}

impl Script {
    /// It has come, and listens.
    fn new() -> Script {
        let mut script = Script { trace: Trace::default(), now: Duration::ZERO, segments: 0 };
        script.push(Event::Joined(program()));
        script.call(0, "socket", None, Some(Call::Socket { ipv6: false, udp: false }));
        script.returns(0, Ok(made(3, LISTENER)));
        script.call(0, "listen", Some((3, LISTENER)), Some(Call::Listen { fd: 3, backlog: 1 }));
        script.returns(0, Ok(Returned::default()));
        script.socket(LISTENER, State::Listen, |_| {});
        script
    }

    /// The same with an accepted connection.
    fn accepted() -> Script {
        let mut script = Script::new();
        script.accepts(0);
        script.returns(0, Ok(made(4, CONN)));
        script.socket(CONN, State::Established, |_| {});
        script
    }

    fn push(&mut self, event: Event) {
        self.trace.push(self.now, event);
    }

    fn wait(&mut self) {
        self.now += LONG;
    }

    fn call(&mut self, thread: u32, name: &str, on: Option<(i32, u64)>, like: Option<Call>) {
        self.push(Event::Entered { caller: caller(thread), call: call(name, on, like) });
    }

    fn returns(&mut self, thread: u32, outcome: Outcome) {
        self.push(Event::Returned { caller: caller(thread), outcome });
    }

    fn accepts(&mut self, thread: u32) {
        self.call(thread, "accept", Some((3, LISTENER)), Some(Call::Accept { fd: 3 }));
    }

    fn sleeps(&mut self, thread: u32) {
        self.push(Event::Blocked { caller: caller(thread) });
    }

    /// A whole call on the connection.
    fn on_conn(&mut self, thread: u32, like: Call, outcome: Outcome) {
        let name = match like {
            Call::Send { .. } => "write",
            Call::Close { .. } => "close",
            _ => "read",
        };
        self.call(thread, name, Some((4, CONN)), Some(like));
        self.returns(thread, outcome);
    }

    fn reads(&mut self, value: i64) {
        self.on_conn(0, Call::recv(4, 64), Ok(Returned { value, ..Returned::default() }));
    }

    fn socket(&mut self, cookie: u64, state: State, change: impl FnOnce(&mut SocketFacts)) {
        let (fd, ends) = match cookie {
            LISTENER => (3, (Some(at(8000)), None)),
            cookie => (cookie as i32 + 2, (Some(at(8000)), Some(at(40000 + cookie as u16)))),
        };
        let mut facts = socket(cookie, Side::Server, Some(fd), state, ends);
        facts.send_queue = u32::from(cookie == LISTENER);
        change(&mut facts);
        self.push(Event::Socket(facts));
    }

    /// One of the connection's segments.
    fn sent(&mut self, from_peer: bool, (seq, ack): (u32, u32), flags: &[&str], data: &[u8]) {
        let (peer, own) = (at(40002), at(8000));
        let (from, to) = if from_peer { (peer, own) } else { (own, peer) };
        let id = SegmentId(self.segments);
        self.segments += 1;
        self.push(Event::Sent { id, segment: segment(from, to, seq, ack, flags, data), again: None });
        self.push(Event::Held(id));
        self.push(Event::Delivered(id));
    }

    fn kinds(&self) -> Vec<DiagnosisKind> {
        standing(&self.trace.present(), self.now).into_iter().map(|found| found.kind).collect()
    }

    #[track_caller]
    fn finds(&self, wanted: &[DiagnosisKind]) {
        assert_eq!(self.kinds(), wanted);
    }

    fn done(&self) -> Vec<DiagnosisKind> {
        done(&self.trace.present(), &program()).into_iter().map(|found| found.kind).collect()
    }
}

fn program() -> Member {
    Member { number: 1, pid: 70, nth: 1, role: Role::Runs("server".into()) }
}

fn caller(thread: u32) -> Caller {
    Caller { actor: Actor::from(Side::Server), worker: thread }
}

fn made(value: i64, socket: u64) -> Returned {
    Returned { value, made: vec![socket], ..Returned::default() }
}

fn call(name: &str, on: Option<(i32, u64)>, like: Option<Call>) -> Call {
    Call::Program(Box::new(program_call(name, on, like)))
}

fn program_call(name: &str, on: Option<(i32, u64)>, like: Option<Call>) -> ProgramCall {
    ProgramCall {
        name: name.into(),
        fd: on.map(|(fd, _)| fd),
        socket: on.map(|(_, socket)| socket),
        internet: Some(true),
        like,
        ..ProgramCall::default()
    }
}

#[test]
fn a_connection_is_left_open_once_its_thread_has_gone_on() {
    let mut script = Script::accepted();
    script.socket(CONN, State::CloseWait, |_| {});
    script.reads(0);
    script.finds(&[]);
    script.accepts(0);
    script.finds(&[DiagnosisKind::NotClosed]);
    let found = &standing(&script.trace.present(), script.now)[0];
    assert_eq!((found.fd, found.socket, found.program), (Some(4), CONN, 1));
    // Closed at last, it stands no longer; and it did at its moment.
    let then = script.trace.now();
    script.returns(0, Err(Errno(libc::EINTR)));
    script.on_conn(0, Call::Close { fd: 4 }, Ok(Returned::default()));
    script.socket(CONN, State::LastAck, |facts| facts.fd = None);
    script.finds(&[]);
    assert_eq!(standing(&script.trace.at(then), script.now).len(), 1);
}

#[test]
fn who_may_still_close_it_has_not_left_it_open() {
    // It is about to: somebody holds the call.
    let mut script = Script::accepted();
    script.socket(CONN, State::CloseWait, |_| {});
    script.reads(0);
    script.push(Event::Stands { caller: caller(0), call: call("close", Some((4, CONN)), Some(Call::Close { fd: 4 })) });
    script.wait();
    script.finds(&[]);
    // Its thread answers before it closes.
    let mut script = Script::accepted();
    script.socket(CONN, State::CloseWait, |_| {});
    script.reads(0);
    script.on_conn(0, Call::send(4, vec![1]), Ok(Returned { value: 1, ..Returned::default() }));
    script.finds(&[]);
    script.wait();
    script.finds(&[DiagnosisKind::NotClosed]);
    // The program ends.
    script.call(0, "exit_group", None, None);
    script.finds(&[]);
    // Another thread's calls say nothing.
    let mut script = Script::accepted();
    script.socket(CONN, State::CloseWait, |_| {});
    script.reads(0);
    script.accepts(7);
    script.sleeps(7);
    script.finds(&[]);
}

#[test]
fn three_connections_that_were_left_open_are_a_leak() {
    let mut script = Script::accepted();
    for cookie in [CONN, 5, 6] {
        if cookie != CONN {
            script.accepts(0);
            script.returns(0, Ok(made(cookie as i64 + 2, cookie)));
        }
        script.socket(cookie, State::CloseWait, |_| {});
        let on = Some((cookie as i32 + 2, cookie));
        script.call(0, "read", on, Some(Call::recv(cookie as i32 + 2, 1)));
        script.returns(0, Ok(Returned::default()));
    }
    script.accepts(0);
    script.finds(&[DiagnosisKind::Leaks(vec![4, 7, 8])]);
    script.socket(5, State::LastAck, |facts| facts.fd = None);
    script.finds(&[DiagnosisKind::NotClosed, DiagnosisKind::NotClosed]);
}

#[test]
fn an_accept_queue_is_full_for_as_long_as_nobody_takes_from_it() {
    let full = |script: &mut Script| script.socket(LISTENER, State::Listen, |facts| facts.recv_queue = 2);
    let wanted = [DiagnosisKind::QueueFull { waiting: 2, backlog: 1 }];
    let mut script = Script::accepted();
    script.call(0, "read", Some((4, CONN)), Some(Call::recv(4, 1)));
    script.sleeps(0);
    full(&mut script);
    script.finds(&[]);
    script.wait();
    script.finds(&wanted);
    script.accepts(7);
    script.finds(&[]);
    // A call that wasn't told may have been accept().
    script.returns(7, Err(Errno(libc::EAGAIN)));
    script.wait();
    script.finds(&wanted);
    script.push(Event::UntoldCalls { program: 1, calls: 1 });
    script.finds(&[]);
    // It isn't the program that does nothing where somebody holds one of its threads.
    let mut script = Script::accepted();
    full(&mut script);
    script.push(Event::Stands { caller: caller(0), call: call("read", Some((4, CONN)), None) });
    script.wait();
    script.finds(&[]);
    // One more fits: the kernel lets one more in than the backlog says.
    let mut script = Script::accepted();
    script.socket(LISTENER, State::Listen, |facts| facts.recv_queue = 1);
    script.wait();
    script.finds(&[]);
}

#[test]
fn bytes_wait_for_nobody_once_every_thread_sleeps_elsewhere() {
    let mut script = Script::accepted();
    script.socket(CONN, State::Established, |facts| facts.recv_queue = 5);
    script.accepts(0);
    script.wait();
    script.finds(&[]);
    script.sleeps(0);
    script.finds(&[DiagnosisKind::NotRead(5)]);
    script.call(7, "recvfrom", Some((4, CONN)), Some(Call::recv(4, 9)));
    script.finds(&[]);
    // The peer's FIN counts as a byte, and isn't one.
    let mut script = Script::accepted();
    script.accepts(0);
    script.sleeps(0);
    script.socket(CONN, State::CloseWait, |facts| facts.recv_queue = 1);
    script.wait();
    assert!(!script.kinds().iter().any(|kind| matches!(kind, DiagnosisKind::NotRead(_))), "{:?}", script.kinds());
    // Read a moment ago, though there is more.
    let mut script = Script::accepted();
    script.socket(CONN, State::Established, |facts| facts.recv_queue = 5);
    script.wait();
    script.reads(2);
    script.accepts(0);
    script.sleeps(0);
    script.finds(&[]);
}

#[test]
fn a_send_queue_is_held_by_a_window_of_zero() {
    let timer = |kind| Some(Timer { kind, fires_at: Duration::from_secs(9), fired: 0 });
    let probes = |kind, window_zero: bool| {
        let mut script = Script::accepted();
        script.sent(true, (100, 0), &["SYN"], b"");
        script.sent(false, (500, 101), &["SYN", "ACK"], b"");
        let mut closed = segment(at(40002), at(8000), 101, 501, &["ACK"], b"");
        if let (true, crate::tcp::Transport::Tcp(tcp)) = (window_zero, &mut closed.transport) {
            tcp.window = 0;
        }
        script.push(Event::Sent { id: SegmentId(2), segment: closed, again: None });
        script.push(Event::Delivered(SegmentId(2)));
        script.socket(CONN, State::Established, |facts| (facts.send_queue, facts.timer) = (7, timer(kind)));
        script.finds(&[]);
        script.wait();
        script.kinds()
    };
    assert_eq!(probes(TimerKind::Probe, true), [DiagnosisKind::WindowZero(7)]);
    assert_eq!(probes(TimerKind::Retransmit, true), []);
    assert_eq!(probes(TimerKind::Probe, false), [], "nothing shows that the window is 0");
}

/// The peer sends its FIN; then this end sends data that acknowledges so much, and a RST comes.
fn answered(ack: u32, reset: bool) -> Script {
    let mut script = Script::accepted();
    script.sent(true, (100, 0), &["SYN"], b"");
    script.sent(false, (500, 101), &["SYN", "ACK"], b"");
    script.sent(true, (101, 501), &["FIN", "ACK"], b"");
    script.on_conn(0, Call::send(4, b"one".to_vec()), Ok(Returned { value: 3, ..Returned::default() }));
    script.sent(false, (501, ack), &["PSH", "ACK"], b"one");
    if reset {
        script.sent(true, (102, 0), &["RST"], b"");
    }
    script.on_conn(0, Call::send(4, b"two".to_vec()), Err(Errno(libc::EPIPE)));
    script.push(Event::Signal { caller: caller(0), signal: libc::SIGPIPE });
    script
}

#[test]
fn data_that_was_sent_after_the_fin_is_told_by_the_wire() {
    let wrong = answered(102, true);
    assert_eq!(wrong.done(), [DiagnosisKind::WroteAfterFin]);
    let server = program();
    let found = &done(&wrong.trace.present(), &server)[0];
    let told = found.told(&wrong.trace.present(), Lang::EN).unwrap();
    let wanted = ["FIN,ACK", "write() = 3", "len=3 data", "RST", "write() = -1 EPIPE", "SIGPIPE"];
    assert_eq!(told.evidence.len(), wanted.len(), "{told:?}");
    told.evidence.iter().zip(wanted).for_each(|(line, wanted)| assert!(line.contains(wanted), "{line}"));
    assert_eq!(answered(101, true).done(), [], "it was on its way when the FIN came");
    assert_eq!(answered(102, false).done(), [], "one direction is open still");
}

/// A connection that is closed with these flags sent by its own end, and one call more before.
fn closed(flags: &[&str], linger: bool, bytes: u32) -> Vec<DiagnosisKind> {
    closed_after(101, flags, linger, bytes)
}

/// The same, where its end acknowledges up to this number.
fn closed_after(ack: u32, flags: &[&str], linger: bool, bytes: u32) -> Vec<DiagnosisKind> {
    let mut script = Script::accepted();
    script.sent(true, (100, 0), &["SYN"], b"");
    script.sent(false, (500, 101), &["SYN", "ACK"], b"");
    script.reads(4);
    if linger {
        let option = crate::model::SocketOption::LINGER;
        script.on_conn(0, Call::SetOption { fd: 4, option, value: 0 }, Ok(Returned::default()));
    }
    script.socket(CONN, State::Established, |facts| facts.recv_queue = bytes);
    script.on_conn(0, Call::Close { fd: 4 }, Ok(Returned::default()));
    script.sent(false, (501, ack), flags, b"");
    script.done()
}

#[test]
fn a_reset_in_the_place_of_a_fin_tells_of_unread_bytes() {
    assert_eq!(closed(&["RST", "ACK"], false, 9), [DiagnosisKind::ClosedUnread(Some(9))]);
    assert_eq!(closed(&["RST", "ACK"], false, 0), [DiagnosisKind::ClosedUnread(None)]);
    assert_eq!(
        closed_after(113, &["RST", "ACK"], false, 0),
        [DiagnosisKind::ClosedUnread(Some(8))],
        "the kernel wasn't asked"
    );
    assert_eq!(closed(&["FIN", "ACK"], false, 9), []);
    assert_eq!(closed(&["RST", "ACK"], true, 9), [], "SO_LINGER does that");
}

/// What is seen of a program's end before it is told.
#[derive(Clone, Copy)]
enum SeenFirst {
    Nothing,
    Fin,
    TableAndReset,
    /// And that a call which slept has come back.
    Return,
}

#[test]
fn a_report_tells_of_the_moment_at_which_the_program_began_to_end() {
    use SeenFirst::*;
    let ended_with = |end: Event, how, seen_first: SeenFirst| {
        let mut script = Script::accepted();
        script.socket(CONN, State::CloseWait, |_| {});
        script.reads(0);
        script.accepts(0);
        script.sleeps(0);
        script.wait();
        // The kernel closed its connection, and the tracer's word comes later.
        match seen_first {
            Nothing => {}
            Fin => {
                script.sent(false, (1, 1), &["FIN", "ACK"], b"");
                script.socket(CONN, State::LastAck, |facts| facts.fd = None);
            }
            Return => {
                script.sent(false, (1, 1), &["RST", "ACK"], b"");
                script.socket(CONN, State::Closed, |facts| (facts.local, facts.remote) = (None, None));
                script.returns(0, Err(Errno(libc::EINTR)));
            }
            // The table without it was read before that.
            TableAndReset => {
                script.socket(LISTENER, State::Closed, |facts| facts.local = None);
                script.socket(CONN, State::Closed, |facts| (facts.local, facts.remote) = (None, None));
                script.sent(false, (1, 1), &["RST", "ACK"], b"");
            }
        }
        script.push(end);
        // What the end itself does.
        script.returns(0, Err(Errno(libc::EINTR)));
        script.on_conn(0, Call::Close { fd: 4 }, Ok(Returned::default()));
        script.socket(CONN, State::LastAck, |facts| facts.fd = None);
        script.push(Event::ProgramEnded { program: 1, how });
        Lang::all().map(|lang| report(&script.trace, &program(), false, lang).unwrap()).collect::<Vec<_>>()
    };
    let ended = |end, how| ended_with(end, how, Nothing);
    let interrupted = Event::Signal { caller: caller(0), signal: libc::SIGINT };
    let how = ProgramExit::Signal(libc::SIGINT);
    let all = [Nothing, Fin, TableAndReset, Return];
    for lines in all.into_iter().flat_map(|first| ended_with(interrupted.clone(), how, first)) {
        assert!(lines.len() > 5 && lines[1].starts_with("1. ") && lines[1].contains("CLOSE_WAIT"), "{lines:?}");
        assert!(lines.iter().any(|line| line.contains("read() = 0")), "{lines:?}");
    }
    let exits = Event::Stands { caller: caller(9), call: call("exit_group", None, None) };
    for lines in ended(exits, ProgramExit::Status(0)) {
        assert_eq!(lines.len(), 1, "closed before the end: {lines:?}");
    }
}

#[test]
fn a_report_speaks_of_its_own_program_alone() {
    let mut script = Script::accepted();
    script.push(Event::UntoldCalls { program: 2, calls: 7 });
    let reported = |script: &Script| report(&script.trace, &program(), false, Lang::EN).unwrap();
    assert_eq!(reported(&script).len(), 1, "{:?}", reported(&script));
    script.push(Event::UntoldCalls { program: 1, calls: 8 });
    assert!(reported(&script)[1].contains(" 8 "), "{:?}", reported(&script));
    // Nothing that it did was a socket call; or nothing that it did could be seen.
    let mut script = Script { trace: Trace::default(), now: Duration::ZERO, segments: 0 };
    script.push(Event::Joined(program()));
    script.push(Event::ProgramEnded { program: 1, how: ProgramExit::Status(0) });
    for lang in Lang::all() {
        let [none, unseen] = [false, true].map(|unseen| report(&script.trace, &program(), unseen, lang).unwrap());
        assert!(none.len() == 1 && unseen.len() == 1 && none != unseen, "{none:?} {unseen:?}");
    }
}
