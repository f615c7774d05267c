//! Connections that were left open: what a program does on its way to `close()`, and what a parent keeps of what its child served.

use super::*;
use crate::model::{PollEvents, PolledDescriptor, ProcessSocket, ProgramDescriptor};

const OTHER: u64 = 5;

/// Told the end of the connection's data, as several clients are served.
fn told_the_end() -> Script {
    let mut script = Script::accepted();
    script.socket(OTHER, State::Established, |_| {});
    script.socket(CONN, State::CloseWait, |_| {});
    script.reads(0);
    script
}

/// The newest call of the thread waits on an epoll instance.
fn waits_on_an_instance(script: &mut Script) {
    let waits = vec![PolledDescriptor { fd: 7, events: PollEvents::IN, socket: Some(OTHER) }];
    let wait = ProgramCall { waits: Some(waits), ..program_call("epoll_wait", None, None) };
    script.push(Event::Entered { caller: caller(0), call: Call::Program(Box::new(wait)) });
}

/// Event loops take a descriptor off their instance, and chat servers tell the others, before they close.
#[test]
fn what_is_done_on_the_way_to_close_leaves_nothing_open() {
    let mut script = told_the_end();
    script.call(0, "epoll_ctl", Some((4, CONN)), None);
    script.returns(0, Ok(Returned::default()));
    script.finds(&[]);
    script.call(0, "write", Some((7, OTHER)), Some(Call::send(7, b"left".to_vec())));
    script.finds(&[]);
    script.returns(0, Ok(Returned { value: 4, ..Returned::default() }));
    script.finds(&[]);
    // Somebody holds it there, for however long.
    script.push(Event::Stands { caller: caller(0), call: call("close", Some((3, LISTENER)), None) });
    script.wait();
    script.finds(&[]);
    // One round of the loop that finds nothing, and does not wait.
    let mut script = told_the_end();
    waits_on_an_instance(&mut script);
    script.returns(0, Ok(Returned::default()));
    script.finds(&[]);
    script.on_conn(0, Call::Close { fd: 4 }, Ok(Returned::default()));
    script.wait();
    script.finds(&[]);
}

#[test]
fn who_waits_for_something_else_has_left_it_open_whatever_came_since() {
    let mut script = told_the_end();
    waits_on_an_instance(&mut script);
    script.finds(&[]);
    script.sleeps(0);
    script.finds(&[DiagnosisKind::NotClosed]);
    script.returns(0, Ok(Returned { value: 1, ..Returned::default() }));
    script.call(0, "read", Some((7, OTHER)), Some(Call::recv(7, 9)));
    script.finds(&[DiagnosisKind::NotClosed]);
    // It stands before the next connection.
    let mut script = told_the_end();
    let accept = call("accept", Some((3, LISTENER)), Some(Call::Accept { fd: 3 }));
    script.push(Event::Stands { caller: caller(0), call: accept });
    script.finds(&[DiagnosisKind::NotClosed]);
}

/// The end of a child that has no socket any more is no call that is told, and the child was told the end of the data itself.
#[test]
fn what_a_child_has_closed_is_kept_by_its_parent_and_not_left_by_the_child() {
    let of = |process: u32, made: ProgramCall| Call::Program(Box::new(ProgramCall { process: Some(process), ..made }));
    let mut script = Script::new();
    let whole = |script: &mut Script, thread: u32, call: Call, outcome: Outcome| {
        script.push(Event::Entered { caller: caller(thread), call });
        script.returns(thread, outcome);
    };
    let accept = program_call("accept", Some((3, LISTENER)), Some(Call::Accept { fd: 3 }));
    whole(&mut script, 0, of(70, accept.clone()), Ok(made(4, CONN)));
    script.socket(CONN, State::Established, |_| {});
    let inherited = ProcessSocket { fd: 4, socket: CONN, close_on_exec: false, others: Vec::new() };
    let fork = ProgramCall { sockets: vec![inherited], ..program_call("clone", None, None) };
    whole(&mut script, 0, of(70, fork), Ok(Returned { value: 71, ..Returned::default() }));
    script.push(Event::Entered { caller: caller(0), call: of(70, accept) });
    script.sleeps(0);
    script.socket(CONN, State::CloseWait, |_| {});
    let read = program_call("read", Some((4, CONN)), Some(Call::recv(4, 9)));
    whole(&mut script, 71, of(71, read), Ok(Returned::default()));
    let others = vec![ProgramDescriptor { process: 70, fd: 4 }];
    let close = ProgramCall { others, ..program_call("close", Some((4, CONN)), Some(Call::Close { fd: 4 })) };
    whole(&mut script, 71, of(71, close), Ok(Returned::default()));
    script.push(Event::Ended { caller: caller(71) });
    script.finds(&[DiagnosisKind::KeptByParent]);
    // Whatever somebody holds elsewhere.
    script.push(Event::Stands { caller: caller(72), call: call("read", Some((3, LISTENER)), None) });
    script.wait();
    script.finds(&[DiagnosisKind::KeptByParent]);
}

/// A thread that has a connection as two streams closes one after the other, while another thread accepts.
#[test]
fn a_copy_within_the_process_is_given_up_on_the_way_to_the_last_close() {
    let mut script = Script::accepted();
    script.accepts(0);
    script.sleeps(0);
    script.socket(CONN, State::CloseWait, |_| {});
    script.on_conn(7, Call::recv(4, 9), Ok(Returned::default()));
    let others = vec![ProgramDescriptor { process: 70, fd: 9 }];
    let close = ProgramCall { others, ..program_call("close", Some((4, CONN)), Some(Call::Close { fd: 4 })) };
    script.push(Event::Entered { caller: caller(7), call: Call::Program(Box::new(close)) });
    script.returns(7, Ok(Returned::default()));
    script.finds(&[]);
}
