//! What made a segment beside the calls that send or close by their names, and what became of an end's queues.

use super::super::called::BEFORE;
use super::*;
use crate::model::{Errno, Outcome, PolledDescriptor, ProcessSocket, Returned, Source};

const SERVER: u64 = 2;

fn made(name: &str, socket: Option<u64>, arguments: &[&str], like: Option<Call>) -> ProgramCall {
    ProgramCall {
        process: Some(70),
        name: name.to_owned(),
        arguments: arguments.iter().map(|text| (*text).to_owned()).collect(),
        fd: Some(4),
        socket,
        internet: Some(true),
        like,
        ..ProgramCall::default()
    }
}

fn thread(worker: u32) -> Caller {
    Caller { worker, ..Side::Server.into() }
}

fn ok(value: i64) -> Outcome {
    Ok(Returned { value, ..Returned::default() })
}

impl Script {
    /// A connection whose server is a program.
    fn of_program() -> Script {
        let mut script = Script::new();
        script.push(Event::Joined(Member { number: 9, pid: 70, nth: 1, role: Role::Runs("server".to_owned()) }));
        script.socket(SERVER, State::Established, 8000, |_| {});
        script.socket(1, State::Established, 40000, |facts| facts.nth = 5);
        script
    }

    fn enters(&mut self, worker: u32, call: ProgramCall) {
        self.push(Event::Entered { caller: thread(worker), call: Call::Program(Box::new(call)) });
    }

    fn returns(&mut self, worker: u32, outcome: Outcome) {
        self.push(Event::Returned { caller: thread(worker), outcome });
    }

    fn fin(&mut self) -> SegmentId {
        self.sent(8000, (501, 101), &["FIN", "ACK"], b"", 1000)
    }
}

/// Its bytes are on the wire before anybody hears of the return.
#[test]
fn a_fin_that_the_return_of_a_sleeping_call_sent_is_neither_that_of_close_nor_an_answer() {
    let waits =
        vec![PolledDescriptor { socket: Some(SERVER), ..PolledDescriptor::new(4, crate::model::PollEvents::IN) }];
    let sleeping = [
        made("read", Some(SERVER), &["4"], Some(Call::recv(4, 5))),
        made("write", Some(SERVER), &["4"], Some(Call::send(4, b"x".to_vec()))),
        ProgramCall { waits: Some(waits), ..made("poll", None, &[], None) },
    ];
    for call in sleeping {
        let name = call.name.clone();
        let mut script = Script::of_program();
        script.enters(2, call);
        script.push(Event::Blocked { caller: thread(2) });
        script.enters(0, made("close", Some(SERVER), &["4"], Some(Call::Close { fd: 4 })));
        script.returns(0, ok(0));
        script.socket(SERVER, State::Established, 8000, |facts| facts.fd = None);
        let data = script.arrives(40000, (101, 501), &["PSH", "ACK"], b"hello");
        let fin = script.fin();
        script.push(Event::Delivered(fin));
        let early = script.story(fin).sender;
        script.returns(2, ok(1));
        script.push(Event::Left(Member { number: 9, pid: 70, nth: 1, role: Role::Runs("server".to_owned()) }));
        let told = script.story(fin).sender;
        assert!(!early.contains("came after"), "{name}: {early}");
        assert!(told.contains(&format!("{name}() came back, and another thread had closed")), "{told}");
        // Nor is it what the end of the process brought about.
        assert!(!script.story(data).became.contains("process ended"), "{:?}", script.story(data));
    }
}

#[test]
fn what_closes_or_sends_by_another_name_made_its_segment_also_where_it_is_told_late() {
    let sockets = |close_on_exec| vec![ProcessSocket { fd: 4, socket: SERVER, close_on_exec, others: Vec::new() }];
    let execve = |close_on_exec| ProgramCall { sockets: sockets(close_on_exec), ..made("execve", None, &["x"], None) };
    for (call, wanted) in [
        (made("dup2", None, &["3", "4"], None), "dup2() gave the socket's last number"),
        (made("dup2", None, &["4", "4"], None), "not observed"),
        (made("dup3", None, &["3", "7", "0"], None), "not observed"),
        (execve(true), "execve() began another program"),
        (execve(false), "not observed"),
        (ProgramCall { sockets: sockets(false), ..made("exit_group", None, &["0"], None) }, "Its process ended"),
    ] {
        for late in [false, true] {
            let mut script = Script::of_program();
            script.2 += Duration::from_secs(5);
            if !late {
                script.enters(0, call.clone());
            }
            let fin = script.fin();
            if late {
                script.enters(0, call.clone());
            }
            script.push(Event::Delivered(fin));
            let told = script.story(fin).sender;
            assert!(told.contains(wanted), "{late} {}: {told}", call.name);
        }
    }
    for (name, socket, wanted) in [
        ("sendfile", SERVER, "sendfile() made it"),
        ("splice", SERVER, "splice() made it"),
        ("sendmmsg", SERVER, "sendmmsg() made it"),
        ("sendfile", 77, "not observed"),
    ] {
        let mut script = Script::of_program();
        script.2 += Duration::from_secs(5);
        script.enters(0, made(name, Some(socket), &["9", "NULL", "9"], None));
        let data = script.arrives(8000, (501, 101), &["PSH", "ACK"], b"hello");
        assert!(script.story(data).sender.contains(wanted), "{:?}", script.story(data));
    }
}

/// `dup2()` gave it another number, of which the kernel was not asked yet; or the number was another socket's when the call was made.
#[test]
fn a_programs_call_is_known_by_its_socket_and_not_by_its_number() {
    for (number, socket, wanted) in
        [(4, SERVER, "write() made it"), (1, SERVER, "write() made it"), (4, 77, "not observed")]
    {
        let mut script = Script::of_program();
        script.2 += Duration::from_secs(5);
        let like = Call::send(number, b"hello".to_vec());
        script.enters(0, ProgramCall { fd: Some(number), ..made("write", Some(socket), &["9"], Some(like)) });
        let data = script.arrives(8000, (501, 101), &["PSH", "ACK"], b"hello");
        script.returns(0, ok(5));
        assert!(script.story(data).sender.contains(wanted), "{number} {socket}: {:?}", script.story(data));
    }
}

/// `accept()` takes the connection from its queue, and copies the peer's address last.
#[test]
fn what_an_accept_that_could_not_tell_the_address_closed_is_told_as_its() {
    const LISTENER: u64 = 7;
    for (errno, wanted) in [
        (libc::EFAULT, Some("accept4() made it, though it failed (EFAULT)")),
        (libc::EINVAL, Some("accept4() made it, though it failed (EINVAL)")),
        (libc::EMFILE, None),
    ] {
        for held in [true, false] {
            let mut script = Script::of_program();
            script.socket(LISTENER, State::Listen, 8000, |facts| facts.remote = None);
            script.socket(SERVER, State::Established, 8000, |facts| facts.fd = held.then_some(4));
            script.enters(0, made("accept4", Some(LISTENER), &["3"], Some(Call::Accept { fd: 3 })));
            let fin = script.fin();
            script.returns(0, Err(Errno(errno)));
            script.push(Event::Delivered(fin));
            let told = script.story(fin).sender;
            let is_told = wanted.is_some_and(|wanted| told.contains(wanted));
            assert_eq!(is_told, wanted.is_some() && !held, "{errno} {held}: {told}");
            assert!(!told.contains("came after"), "{told}");
        }
    }
}

/// Linux leaves what has come to whoever reads it, and throws away what was to be sent.
#[test]
fn a_rst_takes_nothing_out_of_the_receive_queue() {
    let after = |facts: &mut SocketFacts| {
        (facts.state, facts.local, facts.remote, facts.source) = (State::Closed.into(), None, None, Source::TcpInfo);
    };
    for (fd, state, recv, send, wanted, not) in [
        (
            Some(4),
            State::Established,
            3,
            0,
            &["The 3 bytes in its receive queue stay there"][..],
            &["→ 0", "send queue"][..],
        ),
        (
            Some(4),
            State::Established,
            1,
            5,
            &["The byte in its receive queue", "The 5 bytes in its send queue"],
            &["→ 0"],
        ),
        // A FIN counts as a byte in both queues, and nobody can read what an orphan has.
        (Some(4), State::CloseWait, 1, 0, &["CLOSE_WAIT → CLOSED"], &["queue"]),
        (None, State::LastAck, 4, 2, &["The byte in its send queue"], &["receive queue"]),
    ] {
        let mut script = Script::new();
        let queues = |facts: &mut SocketFacts| (facts.fd, facts.recv_queue, facts.send_queue) = (fd, recv, send);
        script.socket(SERVER, state, 8000, queues);
        let rst = script.arrives(40000, (101, 501), &["RST", "ACK"], b"");
        script.socket(SERVER, State::Closed, 8000, after);
        let told = script.story(rst).became;
        assert!(wanted.iter().all(|wanted| told.contains(wanted)), "{told}");
        assert!(!not.iter().any(|not| told.contains(not)), "{told}");
    }
}

/// A program that isn't held reads, sends and accepts before anybody is told of it.
#[test]
fn what_a_call_did_to_a_queue_is_not_told_of_the_segment_that_came_before() {
    let mut script = Script::new();
    script.socket(SERVER, State::Established, 8000, |facts| facts.recv_queue = 9);
    script.socket(7, State::Listen, 8000, |facts| (facts.remote, facts.recv_queue) = (None, 1));
    let ack = script.arrives(40000, (101, 501), &["ACK"], b"");
    script.socket(SERVER, State::Established, 8000, |facts| (facts.recv_queue, facts.send_queue) = (0, 6));
    script.socket(7, State::Listen, 8000, |facts| (facts.remote, facts.recv_queue) = (None, 0));
    let told = script.story(ack).became;
    assert!(!told.contains("queue") && !told.contains("accept()"), "{told}");
}

/// Several segments of data arrive, and each has an ACK of its own; and after its end was closed, each has a RST.
#[test]
fn of_several_that_arrived_it_answers_the_one_whose_numbers_it_has() {
    let mut script = Script::of_program();
    script.2 += Duration::from_secs(5);
    let data = |script: &mut Script, at: u32| script.arrives(40000, (101 + at, 501), &["ACK"], b"hello");
    let lines: Vec<SegmentId> = [0, 5, 10].map(|at| data(&mut script, at)).into();
    let acks: Vec<SegmentId> = [106u32, 111, 116].map(|ack| script.sent(8000, (501, ack), &["ACK"], b"", 1000)).into();
    let update = script.sent(8000, (501, 116), &["ACK"], b"", 2000);
    for id in acks.iter().chain([&update]) {
        script.push(Event::Delivered(*id));
    }
    for (ack, wanted) in acks.iter().zip(["seq=j+1 ", "seq=j+6 ", "seq=j+11 "]) {
        let told = script.story(*ack).sender;
        assert!(told.contains(&format!("It came after ACK {wanted}")), "{told}");
    }
    assert!(!script.story(update).sender.contains("seq=j+11 "), "that one has its ACK: {:?}", script.story(update));
    assert_eq!(lines.len(), 3);
    // close() has sent its RST; what comes then is answered.
    script.enters(0, made("close", Some(SERVER), &["4"], Some(Call::Close { fd: 4 })));
    let closes = script.arrives(8000, (501, 116), &["RST", "ACK"], b"");
    script.returns(0, ok(0));
    for at in [15, 20] {
        data(&mut script, at);
    }
    let answers = [(); 2].map(|()| script.sent(8000, (501, 0), &["RST"], b"", 0));
    script.push(Event::Left(Member { number: 9, pid: 70, nth: 1, role: Role::Runs("server".to_owned()) }));
    for id in answers {
        script.push(Event::Delivered(id));
        assert!(script.story(id).sender.contains("It came after ACK seq=j+21"), "{:?}", script.story(id));
    }
    assert!(script.story(closes).sender.contains("close() made it"), "{:?}", script.story(closes));
}

/// Nobody has the address that a person wrote into a segment; one to which a socket sends is the other side's, who may get it yet.
#[test]
fn an_address_that_a_person_made_up_is_nobodys() {
    let mut script = Script(Trace::default(), 0, Duration::ZERO);
    script.socket(1, State::Listen, 8000, |facts| facts.remote = None);
    let syn = segment(end(40000), end(8000), 100, 0, &["SYN"], b"");
    let syn = script.made(syn);
    let answer = script.arrives(8000, (500, 101), &["SYN", "ACK"], b"");
    let reset = script.arrives(40000, (101, 0), &["RST"], b"");
    assert!(script.story(syn).sender.contains("127.0.0.1:40000"), "{:?}", script.story(syn));
    let told = script.story(answer);
    assert!(told.sender.contains("the kernel of the server"), "{told:?}");
    assert!(told.became.contains("Delivered to 127.0.0.1:40000.") && !told.became.contains("client"), "{told:?}");
    let told = script.story(reset);
    assert!(told.sender.contains("127.0.0.1:40000") && !told.sender.contains("client"), "{told:?}");
    // A connection to where nobody listens yet.
    let mut script = Script(Trace::default(), 0, Duration::ZERO);
    script.socket(1, State::SynSent, 40000, |_| {});
    let syn = script.arrives(40000, (100, 0), &["SYN"], b"");
    assert!(script.story(syn).became.contains("the kernel of the server"), "{:?}", script.story(syn));
}

/// A `close()` that left the socket to another process sent no FIN, however short that was before; the end of that process did.
#[test]
fn a_fin_at_the_end_of_a_process_is_not_put_down_to_a_close_before() {
    for (state, wanted) in [(State::Established, "Its process ended"), (State::FinWait1, "close() made it")] {
        for entries in [0, BEFORE] {
            let mut script = Script::of_program();
            script.enters(0, made("close", Some(SERVER), &["4"], Some(Call::Close { fd: 4 })));
            script.returns(0, ok(0));
            script.socket(SERVER, state, 8000, |facts| facts.program = Some("server".to_owned()));
            for n in 0..entries {
                script.socket(77, State::Listen, 9000, |facts| (facts.recv_queue, facts.remote) = (n as u32, None));
            }
            let fin = script.fin();
            script.push(Event::Delivered(fin));
            script.push(Event::Left(Member { number: 9, pid: 70, nth: 1, role: Role::Runs("server".to_owned()) }));
            let told = script.story(fin).sender;
            let wanted = if entries > 0 && state == State::FinWait1 { "not observed" } else { wanted };
            assert!(told.contains(wanted), "{state:?}, {entries} entries: {told}");
        }
    }
}

/// A child that serves a connection is killed; the program that made it goes on.
#[test]
fn a_fin_of_a_child_that_was_killed_is_its_end() {
    for (process, late, wanted) in
        [(71, false, "Its process ended"), (71, true, "Its process ended"), (70, false, "not observed")]
    {
        let mut script = Script::of_program();
        let read = || ProgramCall { process: Some(71), ..made("read", Some(SERVER), &["4"], Some(Call::recv(4, 5))) };
        script.enters(71, read());
        script.returns(71, ok(3));
        script.enters(
            2,
            ProgramCall { process: Some(process), ..made("accept", Some(3), &["3"], Some(Call::Accept { fd: 3 })) },
        );
        let ended = |script: &mut Script| script.push(Event::Ended { caller: thread(2) });
        if !late {
            ended(&mut script);
        }
        let fin = script.fin();
        if late {
            ended(&mut script);
        }
        script.push(Event::Delivered(fin));
        let told = script.story(fin).sender;
        assert!(told.contains(wanted), "{process}, {late}: {told}");
    }
}

/// What was typed, or what a later call found, is none of a segment's doing.
#[test]
fn a_poll_that_tells_of_something_else_was_not_woken_by_the_segment() {
    let poll = || ProgramCall { waits: Some(Vec::new()), ..made("poll", None, &[], None) };
    let ready = |socket: Option<u64>| {
        let ready = vec![PolledDescriptor { socket, ..PolledDescriptor::new(4, crate::model::PollEvents::IN) }];
        Ok(Returned { value: 1, ready, ..Returned::default() })
    };
    for (before, socket, is_told) in
        [(true, Some(SERVER), true), (true, None, false), (true, Some(99), false), (false, Some(SERVER), false)]
    {
        let mut script = Script::of_program();
        if before {
            script.enters(0, poll());
        }
        let data = script.arrives(40000, (101, 501), &["PSH", "ACK"], b"hello");
        if !before {
            script.enters(0, poll());
        }
        script.returns(0, ready(socket));
        let told = script.story(data).became;
        assert_eq!(told.contains("poll() of the server returned 1"), is_told, "{before} {socket:?}: {told}");
    }
}

/// What came of the end of a child that had the socket is none of the doing of what had arrived just before.
#[test]
fn what_the_end_of_a_child_changes_is_not_put_down_to_the_segment_before() {
    let mut script = Script::of_program();
    let read = ProgramCall { process: Some(71), ..made("read", Some(SERVER), &["4"], Some(Call::recv(4, 5))) };
    script.enters(71, read);
    let data = script.arrives(40000, (101, 501), &["PSH", "ACK"], b"hello");
    script.returns(71, ok(5));
    let write = ProgramCall { process: Some(71), ..made("write", Some(SERVER), &["4"], None) };
    script.push(Event::Stands { caller: thread(71), call: Call::Program(Box::new(write)) });
    script.fin();
    script.push(Event::Ended { caller: thread(71) });
    script.socket(SERVER, State::FinWait1, 8000, |_| {});
    script.push(Event::Gone { cookie: SERVER, source: Source::SockDiag });
    let told = script.story(data).became;
    assert!(told.contains("read() of the server returned 5") && told.contains("process ended"), "{told}");
    assert!(!told.contains("FIN_WAIT1") && !told.contains("FIN,ACK"), "{told}");
}
