mod attempts;
mod polls;
mod shared_listeners;
mod watched;

use std::net::SocketAddr;
use std::time::Duration;

use super::*;
use crate::i18n::Lang;
use crate::model::testing::socket;
use crate::model::{
    Actor, Call, Event, Member, Outcome, PollEvents, Returned, Role, Side, SocketFacts, SocketOption, Trace,
};
use crate::tcp::State;
use crate::tcp::testing::segment;

const LISTENER: u64 = 1;
const CONN: u64 = 2;

fn at(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}

fn six(port: u16) -> SocketAddr {
    ([0, 0, 0, 0, 0, 0, 0, 1], port).into()
}

/// What happens to a program, in order.
struct Script {
    trace: Trace,
    segments: u32,
}

fn caller(thread: u32) -> Caller {
    Caller { actor: Actor::from(Side::Server), worker: thread }
}

fn made(name: &str, on: Option<(i32, u64)>, like: Option<Call>) -> ProgramCall {
    let (fd, socket) = on.unzip();
    ProgramCall {
        process: Some(70),
        name: name.into(),
        fd,
        socket,
        internet: Some(true),
        like,
        ..ProgramCall::default()
    }
}

fn ok(value: i64) -> Outcome {
    Ok(Returned { value, ..Returned::default() })
}

fn fails(errno: i32) -> Outcome {
    Err(Errno(errno))
}

fn polled(fd: i32, socket: u64, readable: bool, writable: bool) -> PolledDescriptor {
    let events = |any: bool, events: PollEvents| if any { events } else { PollEvents::default() };
    let events = events(readable, PollEvents::IN).with(events(writable, PollEvents::OUT));
    PolledDescriptor { fd, events, socket: Some(socket) }
}

fn ready(one: PolledDescriptor) -> Outcome {
    Ok(Returned { value: 1, ready: vec![one], ..Returned::default() })
}

fn epoll(waits: Option<Vec<PolledDescriptor>>) -> ProgramCall {
    ProgramCall { waits, ..made("epoll_pwait", Some((5, 0)), None) }
}

fn connect(fd: i32, socket: u64, addr: SocketAddr) -> ProgramCall {
    made("connect", Some((fd, socket)), Some(Call::Connect { fd, addr }))
}

fn held(process: u32, fd: i32) -> ProgramDescriptor {
    ProgramDescriptor { process, fd }
}

impl Script {
    fn new() -> Script {
        let mut script = Script { trace: Trace::default(), segments: 0 };
        script.push(Event::Joined(Member { number: 1, pid: 70, nth: 1, role: Role::Runs("server".into()) }));
        script
    }

    /// With a listener.
    fn listening() -> Script {
        let mut script = Script::new();
        script.socket(LISTENER, 3, State::Listen, (Some(at(8000)), None), |_| {});
        script
    }

    /// With a connection too.
    fn connected() -> Script {
        let mut script = Script::listening();
        script.socket(CONN, 4, State::Established, (Some(at(8000)), Some(at(40000))), |_| {});
        script
    }

    fn push(&mut self, event: Event) {
        self.trace.push(Duration::ZERO, event);
    }

    fn enters(&mut self, thread: u32, call: ProgramCall) {
        self.push(Event::Entered { caller: caller(thread), call: Call::Program(Box::new(call)) });
    }

    fn returns(&mut self, thread: u32, outcome: Outcome) {
        self.push(Event::Returned { caller: caller(thread), outcome });
    }

    fn call(&mut self, call: ProgramCall, outcome: Outcome) {
        self.enters(0, call);
        self.returns(0, outcome);
    }

    fn socket(
        &mut self,
        cookie: u64,
        fd: i32,
        state: State,
        ends: (Option<SocketAddr>, Option<SocketAddr>),
        change: impl FnOnce(&mut SocketFacts),
    ) {
        let mut facts = socket(cookie, Side::Server, Some(fd), state, ends);
        change(&mut facts);
        self.push(Event::Socket(facts));
    }

    fn sent(
        &mut self,
        from: SocketAddr,
        to: SocketAddr,
        (seq, ack): (u32, u32),
        flags: &[&str],
        data: &[u8],
    ) -> SegmentId {
        let id = SegmentId(self.segments);
        self.segments += 1;
        self.push(Event::Sent { id, segment: segment(from, to, seq, ack, flags, data), again: None });
        id
    }

    fn arrives(
        &mut self,
        from: SocketAddr,
        to: SocketAddr,
        numbers: (u32, u32),
        flags: &[&str],
        data: &[u8],
    ) -> SegmentId {
        let id = self.sent(from, to, numbers, flags, data);
        self.push(Event::Held(id));
        self.push(Event::Delivered(id));
        id
    }

    /// The facts of the newest call.
    fn facts(&self) -> Vec<ProgramFact> {
        self.facts_of(0)
    }

    /// Those of a call, counted back from the newest.
    fn facts_of(&self, back: usize) -> Vec<ProgramFact> {
        let view = self.trace.present();
        let call = view.calls(Actor::from(Side::Server)).nth(back).unwrap();
        let notes: Vec<Vec<String>> =
            Lang::all().map(|lang| super::program_notes(&view, &call, lang).unwrap()).collect();
        // Every fact has words in each language, with nothing that wasn't filled.
        let found = facts(&view, &call);
        for notes in notes {
            assert_eq!(notes.len(), found.len());
            assert!(notes.iter().all(|note| !note.is_empty() && !note.contains(['{', '}'])), "{notes:?}");
        }
        found
    }
}

#[test]
fn for_what_it_waits_is_told_and_what_it_had_tried() {
    let mut script = Script::connected();
    script.call(made("accept4", Some((3, LISTENER)), Some(Call::Accept { fd: 3 })), fails(libc::EAGAIN));
    assert_eq!(script.facts(), []);
    let other = PolledDescriptor::new(9, PollEvents::IN);
    script.enters(0, epoll(Some(vec![polled(3, LISTENER, true, false), polled(4, CONN, true, true), other])));
    let waits = [WaitedSocket { fd: 3, until: WaitedFor::Connection }, WaitedSocket { fd: 4, until: WaitedFor::Both }];
    let before = script.trace.present().calls(Actor::from(Side::Server)).nth(1).unwrap().entered;
    assert_eq!(script.facts(), [ProgramFact::Waits(waits.to_vec(), 1), ProgramFact::FoundNothing(before)]);
    // The call that found nothing knows where it is waited for.
    let waiting = script.trace.present().calls(Actor::from(Side::Server)).next().unwrap().entered;
    assert_eq!(script.facts_of(1), [ProgramFact::WaitsThen(waiting)]);
    script.returns(0, ok(0));
    assert_eq!(script.facts(), [ProgramFact::NotReady]);
    // Neither is known.
    script.enters(0, epoll(None));
    assert_eq!(script.facts(), [ProgramFact::WaitsUnknown]);
    script.returns(0, ok(2));
    assert_eq!(script.facts(), [ProgramFact::ReadyUnknown(2)]);
    // Another socket's EAGAIN has nothing to do with it.
    script.call(made("read", Some((4, CONN)), Some(Call::recv(4, 1))), fails(libc::EAGAIN));
    script.enters(0, epoll(Some(vec![polled(3, LISTENER, true, false)])));
    assert!(matches!(script.facts()[..], [ProgramFact::Waits(..)]));
    assert_eq!(script.facts_of(1), []);
}

/// Urgent data is waited for, and wakes, by itself and beside what can be read.
#[test]
fn urgent_data_is_told_where_it_is_waited_for_and_where_it_came() {
    let of = |events: &str| PolledDescriptor { fd: 4, events: events.parse().unwrap(), socket: Some(CONN) };
    let until = |until| WaitedSocket { fd: 4, until };
    for (events, wanted) in [
        ("POLLPRI", vec![until(WaitedFor::Urgent)]),
        ("POLLIN|POLLPRI", vec![until(WaitedFor::Reading), until(WaitedFor::Urgent)]),
        ("POLLIN", vec![until(WaitedFor::Reading)]),
        ("POLLERR", vec![until(WaitedFor::Error)]),
    ] {
        let mut script = Script::connected();
        script.enters(0, epoll(Some(vec![of(events)])));
        assert_eq!(script.facts(), [ProgramFact::Waits(wanted, 0)], "{events}");
        let segment = script.arrives(at(40000), at(8000), (101, 501), &["PSH", "ACK", "URG"], b"!");
        script.returns(0, ready(of(events)));
        let urgent = ProgramFact::Ready(of("POLLPRI"), ReadyReason::Urgent(segment));
        assert_eq!(script.facts().contains(&urgent), events.contains("PRI"), "{events}: {:?}", script.facts());
        assert_eq!(script.facts().len(), events.split('|').count(), "{:?}", script.facts());
    }
}

#[test]
fn what_woke_a_call_is_the_segment_that_came_else_the_kernels_word() {
    let waits = |script: &mut Script| script.enters(0, epoll(Some(vec![polled(4, CONN, true, false)])));
    let of = |script: &mut Script, one| {
        script.returns(0, ready(one));
        match &script.facts()[..] {
            [ProgramFact::Ready(ready, reason)] => (ready.fd, *reason),
            other => panic!("{other:?}"),
        }
    };
    let (own, peer) = (at(8000), at(40000));
    for (flags, data, reason) in [
        (&["PSH", "ACK"][..], &b"hello"[..], ReadyReason::Data as fn(SegmentId) -> ReadyReason),
        (&["FIN", "ACK"], b"", ReadyReason::End),
        (&["RST", "ACK"], b"", ReadyReason::Reset),
    ] {
        let mut script = Script::connected();
        waits(&mut script);
        script.arrives(peer, own, (1, 1), &["ACK"], b"");
        // One that still waits woke nobody.
        let late = script.sent(peer, own, (1, 1), &["PSH", "ACK"], b"late");
        script.push(Event::Held(late));
        let id = script.arrives(peer, own, (1, 1), flags, data);
        assert_eq!(of(&mut script, polled(4, CONN, true, false)), (4, reason(id)));
    }
    // What came before it began is the kernel's to tell, as long as nobody has read since.
    let mut script = Script::connected();
    script.call(made("getpid", None, None), ok(1));
    script.socket(CONN, 4, State::Established, (Some(own), Some(peer)), |facts| facts.recv_queue = 5);
    script.call(made("getpid", None, None), ok(1));
    waits(&mut script);
    assert_eq!(of(&mut script, polled(4, CONN, true, false)), (4, ReadyReason::Bytes(5)));
    script.call(made("read", Some((4, CONN)), Some(Call::recv(4, 9))), ok(5));
    waits(&mut script);
    assert_eq!(of(&mut script, polled(4, CONN, true, false)), (4, ReadyReason::Unknown));
    waits(&mut script);
    assert_eq!(of(&mut script, polled(4, CONN, false, true)), (4, ReadyReason::Room));
}

#[test]
fn a_listener_is_ready_by_the_segment_that_ends_a_handshake() {
    let mut script = Script::listening();
    let (own, peer) = (at(8000), at(40000));
    script.enters(0, epoll(Some(vec![polled(3, LISTENER, true, false)])));
    script.arrives(peer, own, (0, 0), &["SYN"], b"");
    script.arrives(own, peer, (0, 1), &["SYN", "ACK"], b"");
    let id = script.arrives(peer, own, (1, 1), &["ACK"], b"");
    script.arrives(peer, own, (1, 1), &["PSH", "ACK"], b"hello");
    script.returns(0, ready(polled(3, LISTENER, true, false)));
    assert_eq!(script.facts(), [ProgramFact::Ready(polled(3, LISTENER, true, false), ReadyReason::Handshake(id))]);
    // It had come before: the kernel knows how many wait, as long as nobody has taken one since.
    script.socket(LISTENER, 3, State::Listen, (Some(own), None), |facts| facts.recv_queue = 1);
    script.call(epoll(Some(Vec::new())), ready(polled(3, LISTENER, true, false)));
    assert_eq!(script.facts(), [ProgramFact::Ready(polled(3, LISTENER, true, false), ReadyReason::Queue(1))]);
    script.call(made("accept4", Some((3, LISTENER)), Some(Call::Accept { fd: 3 })), ok(4));
    script.call(epoll(Some(Vec::new())), ready(polled(3, LISTENER, true, false)));
    assert_eq!(script.facts(), [ProgramFact::Ready(polled(3, LISTENER, true, false), ReadyReason::Unknown)]);
}

/// A socket whose `connect()` didn't wait; with its SYN.
fn attempt(script: &mut Script, fd: i32, cookie: u64, (own, peer): (SocketAddr, SocketAddr)) -> SegmentId {
    script.enters(0, connect(fd, cookie, peer));
    let syn = script.arrives(own, peer, (0, 0), &["SYN"], b"");
    script.returns(0, fails(libc::EINPROGRESS));
    assert_eq!(script.facts().last(), Some(&ProgramFact::SynSent(syn)), "before the kernel was asked too");
    script.socket(cookie, fd, State::SynSent, (Some(own), Some(peer)), |_| {});
    assert_eq!(script.facts().last(), Some(&ProgramFact::SynSent(syn)));
    syn
}

fn error_of(fd: i32, cookie: u64) -> ProgramCall {
    let arguments = ["4", "SOL_SOCKET", "SO_ERROR", "…", "…"].map(str::to_owned).to_vec();
    ProgramCall { arguments, ..made("getsockopt", Some((fd, cookie)), None) }
}

fn told(error: &str) -> Outcome {
    let filled = ["4", "SOL_SOCKET", "SO_ERROR", error, "[4]"].map(str::to_owned).to_vec();
    Ok(Returned { filled, ..Returned::default() })
}

#[test]
fn what_a_signal_interrupted_and_what_is_made_again_is_told() {
    let accept = || ProgramCall {
        arguments: vec!["3".into()],
        ..made("accept4", Some((3, LISTENER)), Some(Call::Accept { fd: 3 }))
    };
    let mut script = Script::listening();
    script.enters(0, accept());
    script.push(Event::Signal { caller: caller(0), signal: libc::SIGALRM });
    script.returns(0, fails(libc::EINTR));
    assert_eq!(script.facts(), [ProgramFact::Interrupted(libc::SIGALRM)]);
    script.enters(0, accept());
    assert_eq!(script.facts(), [ProgramFact::Again(Some(libc::SIGALRM))]);
    assert_eq!(script.facts_of(1), [ProgramFact::Interrupted(libc::SIGALRM), ProgramFact::MadeAgain]);
    // With a shorter time, as a runtime does.
    let poll =
        |time: &str| ProgramCall { arguments: vec!["…".into(), "1".into(), time.into()], ..epoll(Some(Vec::new())) };
    let mut script = Script::listening();
    script.call(poll("1000"), fails(libc::EINTR));
    script.enters(0, poll("700"));
    assert_eq!(script.facts()[0], ProgramFact::Waits(Vec::new(), 0));
    assert_eq!(script.facts().last(), Some(&ProgramFact::Again(None)));
    // Something else is not the same again.
    script.returns(0, fails(libc::EINTR));
    script.call(accept(), ok(4));
    assert_eq!((script.facts(), script.facts_of(1).last().cloned()), (vec![], Some(ProgramFact::Again(None))));
}

#[test]
fn whether_sigpipe_came_is_told_as_it_was() {
    let send = |flags: &str| {
        let arguments = ["4", "\"MSG_NOSIGNAL\"", "12", flags].map(str::to_owned).to_vec();
        let like = Some(Call::send(4, b"x".to_vec()));
        ProgramCall { arguments, ..made("sendto", Some((4, CONN)), like) }
    };
    let mut script = Script::connected();
    script.call(send("0"), fails(libc::EPIPE));
    assert_eq!(script.facts(), [], "it may be ignored, or still come");
    script.push(Event::Signal { caller: caller(0), signal: libc::SIGPIPE });
    assert_eq!(script.facts(), [ProgramFact::Sigpipe]);
    script.call(send("MSG_DONTWAIT|MSG_NOSIGNAL"), fails(libc::EPIPE));
    assert_eq!(script.facts(), [ProgramFact::NoSigpipe]);
}

/// Only a connection that stands is ended by a FIN.
#[test]
fn what_a_close_leaves_open_is_told_by_what_the_socket_is() {
    for (state, wanted) in [
        (State::Established, "close(4) sends no FIN yet"),
        (State::CloseWait, "close(4) sends no FIN yet"),
        (State::Listen, "close(4) does not end its listening"),
        (State::Closed, "close(4) takes only this number away"),
        (State::FinWait2, "close(4) takes only this number away"),
    ] {
        for (others, held) in [
            (vec![held(71, 4)], "Held by two processes: "),
            (vec![held(70, 9)], ": the same process has the socket as fd 9 too"),
            (vec![held(70, 9), held(71, 4)], ": the socket is still open as fd 9 here"),
        ] {
            let mut script = Script::new();
            script.socket(CONN, 4, state, (Some(at(8000)), (state != State::Listen).then(|| at(40000))), |_| {});
            script.call(close(others), ok(0));
            let view = script.trace.present();
            let call = view.calls_on(CONN).next().unwrap();
            let notes = program_notes(&view, &call, Lang::EN).unwrap().join(" ");
            assert!(notes.contains(wanted) && notes.contains(held), "{state:?}: {notes}");
        }
    }
}

fn close(others: Vec<ProgramDescriptor>) -> ProgramCall {
    ProgramCall { others, ..made("close", Some((4, CONN)), Some(Call::Close { fd: 4 })) }
}

#[test]
fn a_socket_that_others_hold_is_not_ended_by_close_and_the_last_one_ends_it() {
    let mut script = Script::connected();
    script.call(close(vec![held(71, 4)]), ok(0));
    assert_eq!(script.facts(), [ProgramFact::Held(vec![], vec![held(71, 4)])]);
    script.call(close(vec![held(70, 9), held(71, 4)]), ok(0));
    assert_eq!(script.facts(), [ProgramFact::Held(vec![held(70, 9)], vec![held(71, 4)])]);
    script.enters(7, ProgramCall { process: Some(71), ..close(vec![]) });
    let fin = script.sent(at(8000), at(40000), (1, 1), &["FIN", "ACK"], b"");
    script.returns(7, ok(0));
    assert_eq!(script.facts(), [ProgramFact::Last(Some(fin))]);
    // One that nobody else ever had is told as any other.
    let mut script = Script::connected();
    script.call(close(vec![]), ok(0));
    assert_eq!(script.facts(), []);
}

#[test]
fn copies_inheritance_and_what_a_new_program_keeps_are_told() {
    let mut script = Script::connected();
    script.call(made("dup", Some((4, CONN)), None), ok(6));
    assert_eq!(script.facts(), [ProgramFact::Duplicated(4, 6)]);
    script.call(close(vec![]), ok(0));
    assert_eq!(script.facts(), [ProgramFact::Last(None)], "the wire shows nothing of it");
    let open = |fd, socket, close_on_exec, others| ProcessSocket { fd, socket, close_on_exec, others };
    let sockets = vec![open(3, LISTENER, true, vec![]), open(4, CONN, false, vec![held(71, 4)])];
    let of =
        |name: &str, sockets: &[ProcessSocket]| ProgramCall { sockets: sockets.to_vec(), ..made(name, None, None) };
    script.call(of("clone", &sockets), ok(71));
    assert_eq!(script.facts(), [ProgramFact::Inherited(71, vec![3, 4])]);
    script.call(of("execve", &sockets), ok(0));
    assert_eq!(script.facts(), [ProgramFact::Executed(vec![3], vec![4])]);
    script.call(of("execve", &sockets), fails(libc::ENOENT));
    assert_eq!(script.facts(), []);
    script.enters(0, of("exit_group", &sockets));
    assert_eq!(script.facts(), [ProgramFact::Exits(vec![3]), ProgramFact::ExitLeaves(sockets[1..].to_vec())]);
}

#[test]
fn a_socket_in_a_message_is_held_by_it_until_somebody_receives_it() {
    let carried = vec![ProcessSocket { fd: 4, socket: CONN, ..ProcessSocket::default() }];
    let send =
        || ProgramCall { internet: Some(false), sockets: carried.clone(), ..made("sendmsg", Some((8, 0)), None) };
    let mut script = Script::connected();
    script.call(send(), ok(1));
    assert_eq!(script.facts(), [ProgramFact::HandedOn(vec![4])]);
    let sent = script.trace.present().calls(Actor::from(Side::Server)).next().unwrap().entered;
    script.call(close(vec![]), ok(0));
    assert_eq!(script.facts(), [ProgramFact::InFlight(sent)]);
    let receive = ProgramCall { process: Some(71), internet: Some(false), ..made("recvmsg", Some((9, 0)), None) };
    script.enters(7, receive);
    script.returns(7, Ok(Returned { value: 1, made: vec![CONN], ..Returned::default() }));
    assert_eq!(script.facts(), [ProgramFact::Received(4, Some(70))]);
    script.call(close(vec![held(71, 6)]), ok(0));
    assert_eq!(script.facts(), [ProgramFact::Held(vec![], vec![held(71, 6)])]);
}

#[test]
fn what_a_library_asks_for_beyond_tcp_is_told_with_what_came_of_it() {
    let socket = |protocol: &str| {
        let arguments = ["AF_INET", "SOCK_STREAM", protocol].map(str::to_owned).to_vec();
        ProgramCall { arguments, ..made("socket", None, Some(Call::Socket { ipv6: false, udp: false })) }
    };
    let mut script = Script::new();
    script.call(socket("IPPROTO_MPTCP"), ok(3));
    assert_eq!(script.facts(), [ProgramFact::Multipath]);
    script.call(socket("IPPROTO_MPTCP"), fails(libc::ENOPROTOOPT));
    assert_eq!(script.facts(), [ProgramFact::NoMultipath(Errno(libc::ENOPROTOOPT), false)]);
    script.call(socket("IPPROTO_IP"), ok(3));
    assert_eq!(script.facts_of(1), [ProgramFact::NoMultipath(Errno(libc::ENOPROTOOPT), true)]);
    assert_eq!(script.facts(), []);
    let set = |name: &str| {
        let like = Call::SetOption { fd: 4, option: SocketOption::by_name(name).unwrap(), value: 1 };
        made("setsockopt", Some((4, CONN)), Some(like))
    };
    script.call(set("TCP_FASTOPEN"), ok(0));
    assert_eq!(script.facts(), [ProgramFact::FastOpenListens]);
    let (own, peer) = (at(40000), at(8000));
    // Without a cookie the SYN asks for one.
    script.call(set("TCP_FASTOPEN_CONNECT"), ok(0));
    assert_eq!(script.facts(), [ProgramFact::FastOpenConnects]);
    script.enters(0, connect(4, CONN, peer));
    let syn = script.arrives(own, peer, (0, 0), &["SYN"], b"");
    script.returns(0, ok(0));
    assert_eq!(script.facts(), [ProgramFact::FastOpenAsks(syn)]);
    // With one it waits for the first data.
    let mut set_on_other = set("TCP_FASTOPEN_CONNECT");
    set_on_other.socket = Some(7);
    script.call(set_on_other, ok(0));
    script.call(connect(5, 7, peer), ok(0));
    assert_eq!(script.facts(), [ProgramFact::FastOpenDeferred]);
    script.enters(0, made("write", Some((5, 7)), Some(Call::send(5, b"hi".to_vec()))));
    let syn = script.sent(at(40001), peer, (0, 0), &["SYN"], b"hi");
    script.returns(0, ok(2));
    assert_eq!(script.facts(), [ProgramFact::FastOpenData(syn)]);
    let like = Call::send_to(6, b"hi".to_vec(), peer);
    let mut send = made("sendto", Some((6, 8)), Some(like));
    send.arguments = ["6", "\"hi\"", "2", "MSG_NOSIGNAL|MSG_FASTOPEN"].map(str::to_owned).to_vec();
    script.enters(0, send);
    let syn = script.sent(at(40002), peer, (0, 0), &["SYN"], b"");
    script.returns(0, fails(libc::EINPROGRESS));
    assert_eq!(script.facts(), [ProgramFact::FastOpenAsks(syn)]);
}
