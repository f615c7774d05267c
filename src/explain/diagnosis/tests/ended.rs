//! How a connection ended: who half-closed and reads on has not closed, and the kernel closes what a program leaves open.

use super::*;
use crate::model::ProcessSocket;

/// A peer that ended its own sending took the answer, and closed with some of it unread.
#[test]
fn an_answer_to_who_only_half_closed_is_no_mistake() {
    let half_closed = |flags: &[&str], (seq, ack)| {
        let mut script = Script::accepted();
        script.sent(true, (100, 0), &["SYN"], b"");
        script.sent(false, (500, 101), &["SYN", "ACK"], b"");
        script.sent(true, (101, 501), &["FIN", "ACK"], b"");
        script.reads(0);
        script.on_conn(0, Call::send(4, b"one".to_vec()), Ok(Returned { value: 3, ..Returned::default() }));
        script.sent(false, (501, 102), &["PSH", "ACK"], b"one");
        script.sent(true, (102, 504), &["ACK"], b"");
        script.sent(true, (seq, ack), flags, b"");
        script.done()
    };
    assert_eq!(half_closed(&["RST", "ACK"], (102, 504)), []);
    assert_eq!(half_closed(&["RST"], (102, 0)), [DiagnosisKind::WroteAfterFin]);
}

/// A request that goes over a connection again is the second one's, though the first had the same bytes.
#[test]
fn of_calls_that_sent_the_same_the_one_after_the_fin_is_meant() {
    let mut script = Script::accepted();
    script.sent(true, (100, 0), &["SYN"], b"");
    script.sent(false, (500, 101), &["SYN", "ACK"], b"");
    let sends = |script: &mut Script, seq, ack| {
        script.on_conn(0, Call::send(4, b"one".to_vec()), Ok(Returned { value: 3, ..Returned::default() }));
        script.sent(false, (seq, ack), &["PSH", "ACK"], b"one");
    };
    sends(&mut script, 501, 101);
    script.sent(true, (101, 504), &["FIN", "ACK"], b"");
    let fin = script.trace.entries().len();
    sends(&mut script, 504, 102);
    script.sent(true, (102, 0), &["RST"], b"");
    let server = program();
    let view = script.trace.present();
    let found = done(&view, &server);
    let calls = found[0].evidence.iter().filter_map(|shown| match shown {
        Evidence::Call(call) => Some(call.entered),
        _ => None,
    });
    assert!(matches!(calls.collect::<Vec<_>>()[..], [entered] if entered >= fin));
}

/// The program ends with the connection open; `asked`: by a signal that another process sent.
fn ends(flags: &[&str], asked: bool, shared: bool) -> Vec<DiagnosisKind> {
    let mut script = Script::accepted();
    script.sent(true, (100, 0), &["SYN"], b"");
    script.sent(false, (500, 101), &["SYN", "ACK"], b"");
    script.reads(4);
    if asked {
        script.push(Event::Signal { caller: caller(0), signal: libc::SIGTERM });
    }
    let others = if shared { vec![crate::model::ProgramDescriptor { process: 9, fd: 4 }] } else { Vec::new() };
    let left = ProcessSocket { fd: 4, socket: CONN, others, ..ProcessSocket::default() };
    let exit = ProgramCall { sockets: vec![left], ..program_call("exit_group", None, None) };
    script.push(Event::Entered { caller: caller(0), call: Call::Program(Box::new(exit)) });
    script.sent(false, (501, 113), flags, b"");
    script.done()
}

#[test]
fn a_program_that_ends_with_bytes_unread_resets_the_connection() {
    assert_eq!(ends(&["RST", "ACK"], false, false), [DiagnosisKind::EndedUnread]);
    assert_eq!(ends(&["FIN", "ACK"], false, false), []);
    assert_eq!(ends(&["RST", "ACK"], true, false), [], "it was asked to end");
    assert_eq!(ends(&["RST", "ACK"], false, true), [], "another process has it open");
}

/// The program serves the connection, and goes on to wait for something else.
#[test]
fn a_connection_that_nobody_reads_to_its_end_is_left_open_after_a_while() {
    let mut script = Script::accepted();
    script.reads(4);
    script.accepts(0);
    script.sleeps(0);
    script.socket(CONN, State::CloseWait, |facts| facts.recv_queue = 1);
    script.finds(&[]);
    script.wait();
    script.finds(&[DiagnosisKind::NotNoticed]);
    // A call that wasn't told may have read it.
    script.push(Event::UntoldCalls { program: 1, calls: 1 });
    script.finds(&[]);
}
