//! What is said of a traced program's calls, from a trace: their sockets are known by name, whoever has descriptors of them.

use super::*;
use crate::explain::call_notes;
use crate::model::{Caller, Member, ProgramCall, ProgramDescriptor, Role, SocketFacts, SocketOption};

const SOCKET: u64 = 7;

fn peer() -> SocketAddr {
    "127.0.0.1:9".parse().unwrap()
}

fn caller(thread: u32) -> Caller {
    Caller { actor: Side::Client.into(), worker: thread }
}

fn made(name: &str, fd: i32, arguments: &[&str], like: Option<Call>) -> Call {
    let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    let of_socket = (name != "socket").then_some(SOCKET);
    Call::Program(Box::new(ProgramCall {
        process: Some(70),
        name: name.into(),
        arguments,
        fd: of_socket.map(|_| fd),
        socket: of_socket,
        internet: Some(true),
        like,
        ..ProgramCall::default()
    }))
}

struct Program(Story);

impl Program {
    /// With a socket of TCP or UDP as descriptor 3.
    fn new(udp: bool) -> Program {
        let mut program = Program(Story(Trace::default()));
        program.0.add(Event::Joined(Member { number: 1, pid: 70, nth: 1, role: Role::Runs("client".into()) }));
        let maker = made("socket", 3, &["AF_INET", "SOCK_STREAM", "0"], Some(Call::Socket { ipv6: false, udp }));
        let made = Ok(Returned { value: 3, made: vec![SOCKET], ..Returned::default() });
        program.makes(70, maker, made);
        program
    }

    /// With a connection.
    fn connected() -> Program {
        let mut program = Program::new(false);
        let connect = Call::Connect { fd: 3, addr: peer() };
        program.makes(70, made("connect", 3, &["3", "127.0.0.1:9", "16"], Some(connect)), returned(0));
        program.stands(&[3], State::Established);
        program
    }

    fn stands(&mut self, fds: &[i32], state: State) {
        let ends = (Some(v4()), Some(peer()));
        let facts = testing::socket(SOCKET, Side::Client, fds.first().copied(), state, ends);
        self.0.add(Event::Socket(SocketFacts { recv_queue: 0, ..facts }));
    }

    fn enters(&mut self, thread: u32, call: Call) {
        self.0.add(Event::Entered { caller: caller(thread), call });
    }

    fn makes(&mut self, thread: u32, call: Call, outcome: Outcome) {
        self.enters(thread, call);
        self.0.add(Event::Returned { caller: caller(thread), outcome });
    }

    /// What is said of the newest call of a thread, and beside it.
    fn told(&self, thread: u32) -> (Option<Explanation>, String) {
        let view = self.0.0.present();
        let call = view.calls(Side::Client).find(|call| call.caller.worker == thread).unwrap();
        for lang in Lang::all() {
            assert!(call_notes(&view, &call, lang).unwrap().iter().all(|note| !note.contains(['{', '}'])));
        }
        let (explained, notes) = explain(&view, &call, Lang::EN);
        (explained, notes.join(" "))
    }

    fn means(&self) -> &'static str {
        self.told(70).0.map_or("", |explained| explained.means)
    }

    fn why(&self) -> &'static str {
        self.told(70).0.map_or("", |explained| explained.why)
    }
}

#[test]
fn a_part_of_what_was_offered_is_told_as_a_part() {
    let sends = |name: &str, arguments: &[&str], kept: usize, taken: i64| {
        let mut program = Program::connected();
        let like = Call::Send { fd: 3, data: vec![0; kept], flags: MessageFlags::NONE };
        program.makes(70, made(name, 3, arguments, Some(like)), returned(taken));
        program.means()
    };
    let (all, fewer, unknown) = ("took all the bytes", "Fewer bytes were taken", "as many bytes as its value says");
    assert!(sends("sendto", &["3", "\"\"…", "3000000", "0"], 4096, 30_408).contains(fewer));
    assert!(sends("write", &["3", "\"\"…", "3000000"], 4096, 30_408).contains(fewer));
    assert!(sends("sendto", &["3", "\"\"…", "30408", "0"], 4096, 30_408).contains(all));
    assert!(sends("write", &["3", "\"hello\"", "5"], 5, 5).contains(all));
    assert!(sends("writev", &["3", "[\"hello\"]", "1"], 5, 5).contains(all));
    assert!(sends("writev", &["3", "[\"\"…]", "1"], 4096, 30_408).contains(unknown));
    assert!(sends("sendmsg", &["3", "{msg_iov=[\"a\", …]}", "0"], 32, 40).contains(unknown));
}

#[test]
fn a_time_limit_is_told_from_a_descriptor_that_does_not_wait() {
    let recv = || made("recvfrom", 3, &["3", "…", "5", "0"], Some(Call::recv(3, 5)));
    let again = || Err(errno("EAGAIN"));
    let mut slept = Program::connected();
    slept.enters(70, recv());
    slept.0.add(Event::Blocked { caller: caller(70) });
    slept.0.add(Event::Returned { caller: caller(70), outcome: again() });
    assert!(slept.means().contains("may wait was over"), "{}", slept.means());
    // One that nobody saw sleeping.
    let limit = |value: &str| made("setsockopt", 3, &["3", "SOL_SOCKET", "SO_RCVTIMEO", value, "16"], None);
    let nonblocking = made("fcntl", 3, &["3", "F_SETFL", "O_NONBLOCK"], Some(Call::SetNonblocking { fd: 3, on: true }));
    let blocking = || made("fcntl", 3, &["3", "F_SETFL", "O_RDWR"], None);
    let (some, none) = (limit("\"\\x01\\0\\0\\0\""), limit("\"\\0\\0\\0\\0\""));
    for (before, wanted) in [
        (vec![some.clone()], true),
        (vec![some.clone(), none], false),
        (vec![some.clone(), nonblocking.clone()], false),
        (vec![nonblocking, blocking(), some], true),
    ] {
        let mut program = Program::connected();
        before.into_iter().for_each(|call| program.makes(70, call, returned(0)));
        program.makes(70, recv(), again());
        assert_eq!(program.means().contains("may wait was over"), wanted);
    }
    let mut attempt = Program::new(false);
    attempt.enters(70, made("connect", 3, &["3", "127.0.0.1:9", "16"], Some(Call::Connect { fd: 3, addr: peer() })));
    attempt.0.leaves(0, 1, &["SYN"]);
    attempt.stands(&[3], State::SynSent);
    attempt.0.add(Event::Blocked { caller: caller(70) });
    attempt.0.add(Event::Returned { caller: caller(70), outcome: Err(errno("EINPROGRESS")) });
    let (explained, notes) = attempt.told(70);
    assert!(
        explained.unwrap().means.contains("was over") && notes.contains("within the time of SO_SNDTIMEO"),
        "{notes}"
    );
}

#[test]
fn a_socket_is_what_its_calls_say_on_whichever_descriptor() {
    let mut program = Program::connected();
    let linger = Call::SetOption { fd: 3, option: SocketOption::LINGER, value: 0 };
    program.makes(70, made("setsockopt", 3, &["3"], Some(linger)), returned(0));
    let copied = Ok(Returned { value: 9, made: vec![SOCKET], ..Returned::default() });
    program.makes(70, made("dup", 3, &["3"], None), copied);
    let close = |fd, others| {
        let mut call = made("close", fd, &["3"], Some(Call::Close { fd }));
        if let Call::Program(made) = &mut call {
            made.others = others;
        }
        call
    };
    program.makes(70, close(3, vec![ProgramDescriptor { process: 70, fd: 9 }]), returned(0));
    assert!(program.told(70).0.is_none(), "it has another descriptor");
    program.stands(&[9], State::Established);
    program.enters(70, close(9, Vec::new()));
    program.0.leaves(0, 1, &["RST", "ACK"]);
    program.0.add(Event::Returned { caller: caller(70), outcome: returned(0) });
    assert!(program.means().contains("SO_LINGER with 0 seconds"), "{}", program.means());
}

#[test]
fn a_call_that_sleeps_holds_the_socket_that_another_thread_closes() {
    let mut program = Program::connected();
    program.enters(71, made("recvfrom", 3, &["3", "…", "5", "0"], Some(Call::recv(3, 5))));
    program.0.add(Event::Blocked { caller: caller(71) });
    program.makes(70, made("close", 3, &["3"], Some(Call::Close { fd: 3 })), returned(0));
    let (explained, notes) = program.told(70);
    assert!(explained.is_none() && notes.contains("recvfrom(3) in thread 71") && notes.contains("no FIN"), "{notes}");
    // One that has returned holds nothing.
    let mut program = Program::connected();
    program.makes(71, made("recvfrom", 3, &["3", "…", "5", "0"], Some(Call::recv(3, 5))), returned(5));
    program.makes(70, made("close", 3, &["3"], Some(Call::Close { fd: 3 })), returned(0));
    assert!(program.told(70).0.is_some());
}

#[test]
fn what_the_tracer_knows_no_call_for_is_explained_all_the_same() {
    let dissolves = || made("connect", 3, &["3", "{AF_UNSPEC}", "16"], None);
    let mut program = Program::connected();
    program.makes(70, dissolves(), returned(0));
    assert!(program.means().contains("neither connection nor peer"), "{}", program.means());
    // The socket may connect again.
    program.makes(
        70,
        made("sendto", 3, &["3", "\"x\"", "1", "0"], Some(Call::send(3, b"x".to_vec()))),
        Err(errno("EPIPE")),
    );
    assert!(program.means().contains("never connected") || program.means().contains("any more"), "{}", program.means());
    let mut urgent = Program::connected();
    urgent.makes(70, made("sendto", 3, &["3", "\"x\"", "1", "MSG_OOB"], None), returned(1));
    let (explained, notes) = urgent.told(70);
    assert!(explained.unwrap().means.contains("took all the bytes") && notes.contains("MSG_OOB"), "{notes}");
    let mut datagram = Program::new(true);
    let like = Call::SendTo { fd: 3, data: b"x".to_vec(), flags: MessageFlags::NONE, addr: peer() };
    datagram.makes(70, made("sendto", 3, &["3", "\"x\"", "1", "0", "127.0.0.1:9", "16"], Some(like)), returned(1));
    assert!(datagram.means().contains("one datagram"), "{}", datagram.means());
    let mut listener = Program::new(false);
    listener.makes(70, made("listen", 3, &["3", "8"], Some(Call::Listen { fd: 3, backlog: 8 })), returned(0));
    let shut = Call::Shutdown { fd: 3, how: How::Write };
    listener.makes(70, made("shutdown", 3, &["3", "SHUT_WR"], Some(shut)), returned(0));
    assert!(listener.means().contains("Nothing has changed"), "{}", listener.means());
    listener.makes(70, made("connect", 3, &["3", "0x7ffe", "3"], None), Err(errno("EISCONN")));
    assert!(listener.means().contains("listens"), "{}", listener.means());
    let mut nameless = Program::new(false);
    nameless.makes(70, made("bind", 3, &["3", "{AF_UNSPEC}", "16"], None), Err(errno("EAFNOSUPPORT")));
    assert!(nameless.why().contains("Nobody has set it"), "{}", nameless.why());
}

/// The program gave the length of a pointer, or none where there is a place for an address.
#[test]
fn a_wrong_length_is_told_from_a_wrong_address() {
    let (bind, connect) = (|| Call::Bind { fd: 3, addr: peer() }, || Call::Connect { fd: 3, addr: peer() });
    let mut program = Program::new(false);
    for (name, length, like) in [
        ("bind", "3", None),
        ("bind", "8", Some(bind())),
        ("bind", "-1", None),
        ("bind", "4096", None),
        ("connect", "8", Some(connect())),
    ] {
        program.makes(70, made(name, 3, &["3", "127.0.0.1:9", length], like), Err(errno("EINVAL")));
        assert!(program.means().contains("length beside the address"), "{name} {length}: {}", program.means());
    }
    program.makes(70, made("connect", 3, &["3", "127.0.0.1:9", "16"], Some(connect())), Err(errno("EINVAL")));
    assert!(program.means().contains("leads nowhere"), "{}", program.means());
    program.makes(70, made("listen", 3, &["3", "8"], Some(Call::Listen { fd: 3, backlog: 8 })), returned(0));
    assert!(program.means().contains("listens elsewhere"), "{}", program.means());
    let accept = |length: &str| made("accept", 3, &["3", "…", length], Some(Call::Accept { fd: 3 }));
    program.makes(70, accept("NULL"), Err(errno("EFAULT")));
    assert!(program.means().contains("taken from the queue"), "{}", program.means());
    program.makes(70, accept("…"), Err(errno("EFAULT")));
    assert!(program.means().contains("in memory"), "{}", program.means());
}

/// What a message is sent or received with is explained as of `send()` and `recv()`.
#[test]
fn a_message_with_flags_of_its_own_is_explained() {
    let message = |name: &str, flags: &str, room: usize| match made(name, 3, &["3", "{msg_iov=[…]}", flags], None) {
        Call::Program(made) => Call::Program(Box::new(ProgramCall { room: Some(room), ..*made })),
        other => other,
    };
    for (name, flags, room, taken, means, note) in [
        ("sendmsg", "MSG_OOB", 3, 3, "took all the bytes", "the last byte is urgent"),
        ("sendmsg", "MSG_OOB", 9, 3, "Fewer bytes were taken", "the last byte is urgent"),
        ("recvmsg", "MSG_PEEK", 9, 3, "Fewer bytes than asked for", "MSG_PEEK only looks"),
        ("recvmsg", "MSG_OOB", 9, 1, "the urgent byte", "MSG_OOB asks for"),
        ("recvmsg", "MSG_PEEK|MSG_TRUNC", 9, 3, "Fewer bytes than asked for", "nothing is taken"),
    ] {
        let mut program = Program::connected();
        program.makes(70, message(name, flags, room), returned(taken));
        let (explained, notes) = program.told(70);
        assert!(explained.unwrap().means.contains(means) && notes.contains(note), "{name} {flags}: {notes}");
    }
    let mut program = Program::connected();
    program.enters(70, message("recvmsg", "MSG_PEEK", 9));
    program.0.add(Event::Blocked { caller: caller(70) });
    assert!(program.means().contains("waits for data"), "{}", program.means());
}

/// MSG_PEEK leaves the datagram where it is, so that nothing of it is lost.
#[test]
fn nothing_of_a_datagram_is_lost_by_looking() {
    for (flags, lost) in [("MSG_TRUNC", true), ("MSG_PEEK|MSG_TRUNC", false)] {
        let mut program = Program::new(true);
        program.makes(70, made("recvfrom", 3, &["3", "…", "5", flags, "NULL", "NULL"], None), returned(11));
        let (_, notes) = program.told(70);
        assert!(notes.contains("whole datagram's length") && notes.contains("is lost") == lost, "{flags}: {notes}");
    }
}

/// The return of a call that slept ends the socket whose last number another thread had closed.
#[test]
fn what_a_call_held_ends_with_its_return() {
    let recv = || made("recvfrom", 3, &["3", "…", "5", "0"], Some(Call::recv(3, 5)));
    let mut program = Program::connected();
    program.enters(71, recv());
    program.0.add(Event::Blocked { caller: caller(71) });
    program.makes(70, made("close", 3, &["3"], Some(Call::Close { fd: 3 })), returned(0));
    program.0.leaves(0, 1, &["FIN", "ACK"]);
    program.0.add(Event::Returned { caller: caller(71), outcome: returned(3) });
    let (_, notes) = program.told(71);
    assert!(notes.contains("closed fd 3") && notes.contains("FIN,ACK") && notes.contains("was sent then"), "{notes}");
    // Another descriptor of it, or a close() after the return, ends nothing here.
    let mut program = Program::connected();
    program.enters(71, recv());
    program.0.add(Event::Blocked { caller: caller(71) });
    program.0.add(Event::Returned { caller: caller(71), outcome: returned(3) });
    program.makes(70, made("close", 3, &["3"], Some(Call::Close { fd: 3 })), returned(0));
    assert_eq!(program.told(71).1, "");
}

/// A socket of IPv6 alone has none of IPv4's addresses.
#[test]
fn a_listener_of_ipv6_alone_is_not_in_the_way_of_ipv4() {
    let six = || "[::]:8000".parse().unwrap();
    for (only, holder) in [(0, Some(PortHolder::Listener)), (1, None)] {
        let mut program = Program::new(false);
        let option = Call::SetOption { fd: 3, option: SocketOption::V6_ONLY, value: only };
        program.makes(70, made("setsockopt", 3, &["3"], Some(option)), returned(0));
        program.makes(70, made("bind", 3, &["3"], Some(Call::Bind { fd: 3, addr: six() })), returned(0));
        program.makes(70, made("listen", 3, &["3"], Some(Call::Listen { fd: 3, backlog: 8 })), returned(0));
        program.0.add(Event::Socket(testing::socket(
            SOCKET,
            Side::Client,
            Some(3),
            State::Listen,
            (Some(six()), None),
        )));
        let mut own = Story(program.0.0);
        own.add(Event::Entered { caller: Side::Server.into(), call: Call::Socket { ipv6: false, udp: false } });
        own.add(Event::Returned { caller: Side::Server.into(), outcome: returned(9) });
        let view = own.0.present();
        let held = |addr: &str| {
            Situation::at(&view, Side::Server, &Call::Bind { fd: 9, addr: addr.parse().unwrap() }).port_held_by
        };
        assert_eq!(held("127.0.0.1:8000"), holder, "IPV6_V6ONLY {only}");
        assert_eq!(held("0.0.0.0:8000"), holder, "IPV6_V6ONLY {only}");
        assert_eq!(held("[::1]:8000"), Some(PortHolder::Listener));
        let connects = |addr: &str| {
            Situation::at(&view, Side::Server, &Call::Connect { fd: 9, addr: addr.parse().unwrap() }).listened
        };
        assert_eq!((connects("127.0.0.1:8000"), connects("[::1]:8000")), (holder.is_some(), true));
    }
}

/// The texts are those of a side's own calls, also where the tracer takes a call for none of the walk's.
#[test]
fn what_fails_is_told_as_of_a_sides_own_call() {
    for (name, arguments, failed, told) in [
        ("getpeername", &["3", "…", "…"][..], "ENOTCONN", "There is no peer"),
        ("setsockopt", &["3", "IPPROTO_TCP", "TCP_NODELAY", "\"\\x01\"", "1"], "EINVAL", "does not take this value"),
        ("setsockopt", &["3", "SOL_SOCKET", "9999", "\"\\x01\"", "1"], "ENOPROTOOPT", "no such option"),
    ] {
        let mut program = Program::connected();
        program.makes(70, made(name, 3, arguments, None), Err(errno(failed)));
        assert!(program.means().contains(told), "{name} {}", program.means());
    }
}

#[test]
fn whether_calls_wait_and_what_waits_in_the_queues_is_told_of_programs_too() {
    let noted = |name: &str, arguments: &[&str], like: Call, told: Returned| {
        let mut program = Program::connected();
        program.makes(70, made(name, 3, arguments, Some(like)), Ok(told));
        program.told(70).1
    };
    let value = |value| Returned { value, ..Returned::default() };
    let set = |on| noted("fcntl", &["3", "F_SETFL", "…"], Call::SetNonblocking { fd: 3, on }, value(0));
    assert!(set(true).contains("no call on this descriptor waits") && set(false).contains("wait until they can"));
    let status = |flags| noted("fcntl", &["3", "F_GETFL"], Call::GetStatus { fd: 3 }, value(flags));
    assert!(status(2).contains("O_NONBLOCK isn't set") && status(0o4002).contains("O_NONBLOCK is set"));
    let asks = Call::Ioctl { fd: 3, request: crate::model::DeviceRequest::Unread };
    let told = Returned { told: Some(10), ..Returned::default() };
    assert!(noted("ioctl", &["3", "FIONREAD", "[10]"], asks, told).contains(": 10."));
}
