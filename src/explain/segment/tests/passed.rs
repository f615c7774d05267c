//! What is said of segments that passed by themselves: the kernel was asked later, and calls came back for something else.

use super::super::EARLIER;
use super::*;
use crate::model::{Errno, Outcome, Returned};

const SERVER: u64 = 2;
const CLIENT: u64 = 1;

impl Script {
    fn enters_walked(&mut self, side: Side, call: Call) {
        self.push(Event::Entered { caller: side.into(), call });
    }

    fn blocks(&mut self, side: Side) {
        self.push(Event::Blocked { caller: side.into() });
    }

    fn comes_back(&mut self, side: Side, outcome: Outcome) {
        self.push(Event::Returned { caller: side.into(), outcome });
    }

    fn nothing_moved(&mut self, id: SegmentId) {
        self.push(Event::Reasons { id, moved: Vec::new() });
    }
}

fn ok(value: i64) -> Outcome {
    Ok(Returned { value, ..Returned::default() })
}

/// Whoever looks back at a segment finds many that came later.
#[test]
fn what_is_not_known_of_a_segment_does_not_depend_on_how_many_came_later() {
    let mut state = Script::new();
    state.socket(SERVER, State::Established, 8000, |_| {});
    state.arrives(8000, (501, 101), &["FIN", "ACK"], b"");
    let ack = state.arrives(40000, (101, 502), &["ACK"], b"");
    state.socket(SERVER, State::FinWait2, 8000, |_| {});
    let mut queue = Script::new();
    queue.socket(SERVER, State::Established, 8000, |_| {});
    queue.arrives(40000, (101, 501), &["PSH", "ACK"], b"abc");
    let data = queue.arrives(40000, (104, 501), &["PSH", "ACK"], b"d");
    queue.socket(SERVER, State::Established, 8000, |facts| facts.recv_queue = 4);
    for (mut script, id, unknown) in [(state, ack, "→"), (queue, data, "queue")] {
        let before = script.story(id).became;
        assert!(!before.contains(unknown), "{before}");
        for n in 0..2 * EARLIER as u32 {
            script.arrives(40000, (200 + n, 600), &["ACK"], b"x");
        }
        assert_eq!(script.story(id).became, before);
    }
}

/// A client that connects: its SYN was seen, and the kernel asked for no socket since.
#[test]
fn an_end_that_spoke_is_not_said_to_be_nobodys_before_the_kernel_was_asked() {
    let connecting = || {
        let mut script = Script(Trace::default(), 0, Duration::ZERO);
        script.arrives(40000, (100, 0), &["SYN"], b"");
        script
    };
    let nobody = "No socket had its address 127.0.0.1:40000";
    let answered = |script: &mut Script, flags: &[&str]| script.arrives(8000, (500, 101), flags, b"");
    let mut unknown = connecting();
    let answer = answered(&mut unknown, &["SYN", "ACK"]);
    assert!(!unknown.story(answer).became.contains("No socket"), "{:?}", unknown.story(answer));
    // Asked before it was let go, and none was there.
    unknown.nothing_moved(answer);
    assert!(unknown.story(answer).became.contains(nobody), "{:?}", unknown.story(answer));
    let mut gone = connecting();
    gone.socket(CLIENT, State::SynSent, 40000, |_| {});
    gone.push(Event::Gone { cookie: CLIENT, source: crate::model::Source::SockDiag });
    let answer = answered(&mut gone, &["SYN", "ACK"]);
    assert!(gone.story(answer).became.contains(nobody), "{:?}", gone.story(answer));
    // Who has nothing there says so with a RST.
    let mut none = connecting();
    answered(&mut none, &["RST", "ACK"]);
    let again = none.arrives(40000, (100, 0), &["SYN"], b"");
    assert!(none.story(again).became.contains("No socket had its address 127.0.0.1:8000"), "{:?}", none.story(again));
}

#[test]
fn a_state_that_was_left_before_is_not_told_as_what_the_segment_changed() {
    let closing = |asked: bool, counted: bool| {
        let mut script = Script::new();
        script.socket(SERVER, State::Established, 8000, |_| {});
        let fin = script.arrives(8000, (501, 101), &["FIN", "ACK"], b"");
        if asked {
            script.socket(SERVER, State::FinWait1, 8000, |facts| facts.send_queue = 1);
        }
        let ack = script.arrives(40000, (101, 502), &["ACK"], b"");
        if counted {
            script.nothing_moved(ack);
        }
        script.socket(SERVER, State::FinWait2, 8000, |_| {});
        assert!(fin < ack);
        script.story(ack).became
    };
    let told = closing(false, false);
    assert!(told.contains("The state there after that: FIN_WAIT2") && !told.contains('→'), "{told}");
    assert!(closing(true, false).contains("FIN_WAIT1 → FIN_WAIT2"), "{}", closing(true, false));
    assert!(closing(false, true).contains("ESTABLISHED → FIN_WAIT2"), "{}", closing(false, true));
    // The FIN of the other end, and the ACK of the own one, had come before.
    let mut script = Script::new();
    script.socket(SERVER, State::FinWait1, 8000, |facts| facts.send_queue = 1);
    script.arrives(40000, (101, 502), &["ACK"], b"");
    let fin = script.arrives(40000, (101, 502), &["FIN", "ACK"], b"");
    script.socket(SERVER, State::TimeWait, 8000, |_| {});
    let told = script.story(fin).became;
    assert!(told.contains("The state there after that: TIME_WAIT") && !told.contains('→'), "{told}");
}

/// The kernel was asked only after the FIN, when the bytes before it had come too.
#[test]
fn what_a_queue_got_from_several_is_not_told_of_the_last() {
    for (asked, wanted) in [(false, None), (true, Some("receive queue: 3 → 4"))] {
        let mut script = Script::new();
        script.socket(SERVER, State::Established, 8000, |_| {});
        script.arrives(40000, (101, 501), &["PSH", "ACK"], b"abc");
        if asked {
            script.socket(SERVER, State::Established, 8000, |facts| facts.recv_queue = 3);
        }
        let fin = script.arrives(40000, (104, 501), &["FIN", "ACK"], b"");
        script.socket(SERVER, State::CloseWait, 8000, |facts| facts.recv_queue = 4);
        let told = script.story(fin).became;
        assert!(told.contains("ESTABLISHED → CLOSE_WAIT"), "{told}");
        assert!(wanted.map_or(!told.contains("queue"), |wanted| told.contains(wanted)), "{told}");
    }
    // So it is with what was sent since.
    let mut script = Script::new();
    script.socket(SERVER, State::Established, 8000, |facts| facts.send_queue = 2);
    script.sent(8000, (501, 101), &["PSH", "ACK"], b"more", 1000);
    let ack = script.arrives(40000, (101, 505), &["ACK"], b"");
    script.socket(SERVER, State::Established, 8000, |_| {});
    assert!(!script.story(ack).became.contains("queue"), "{:?}", script.story(ack));
}

#[test]
fn what_waits_for_no_such_segment_is_not_told_to_come_back_for_it() {
    let send = || Call::send(4, b"x".to_vec());
    let reset = || Err(Errno(libc::ECONNRESET));
    for (call, blocks, from, flags, data, outcome, told) in [
        (Call::Close { fd: 4 }, false, (101, 501), &["ACK"][..], &b""[..], ok(0), false),
        // SO_LINGER
        (Call::Close { fd: 4 }, true, (101, 501), &["ACK"], b"", ok(0), true),
        (send(), false, (101, 501), &["ACK"], b"", ok(1), false),
        (send(), true, (101, 501), &["ACK"], b"", ok(1), true),
        (Call::recv(4, 9), true, (101, 501), &["ACK"], b"", ok(5), false),
        (Call::recv(4, 9), false, (101, 501), &["PSH", "ACK"], b"hello", ok(5), true),
        (Call::recv(4, 9), false, (101, 501), &["FIN", "ACK"], b"", ok(0), true),
        (Call::recv(4, 9), false, (101, 501), &["RST", "ACK"], b"", reset(), true),
        (Call::Accept { fd: 3 }, false, (101, 501), &["ACK"], b"", ok(4), true),
    ] {
        let mut script = Script::new();
        script.socket(SERVER, State::Established, 8000, |_| {});
        let name = call.name();
        script.enters_walked(Side::Server, call);
        if blocks {
            script.blocks(Side::Server);
        }
        let came = script.arrives(40000, from, flags, data);
        script.comes_back(Side::Server, outcome);
        let became = script.story(came).became;
        assert_eq!(became.contains(" of the server returned "), told, "{name:?} {blocks} {flags:?}: {became}");
    }
}

/// A program's number is the same at both sides, and a RST has taken its socket's addresses away.
#[test]
fn the_end_of_one_program_is_not_that_of_another_whose_socket_was_reset() {
    let mut script = Script::new();
    let program = |number, nth, pid| Member { number, pid, nth, role: Role::Runs("python3".to_owned()) };
    script.push(Event::Joined(program(8, 1, 70)));
    script.push(Event::Joined(program(9, 2, 71)));
    script.socket(CLIENT, State::Established, 40000, |facts| facts.nth = 2);
    script.arrives(8000, (501, 101), &["RST", "ACK"], b"");
    script.socket(CLIENT, State::Closed, 40000, |facts| (facts.nth, facts.local, facts.remote) = (2, None, None));
    let again = script.arrives(8000, (501, 0), &["RST"], b"");
    script.push(Event::Left(program(8, 1, 70)));
    assert!(!script.story(again).became.contains("process ended"), "{:?}", script.story(again));
}
