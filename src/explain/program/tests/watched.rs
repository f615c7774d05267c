//! Epoll instances that watch nothing, or nothing any more, and numbers that are closed while they are polled.

use super::*;
use crate::explain::epoll::{self, epoll_instances};
use crate::explain::explain;
use crate::explain::forked::fork_notes;
use crate::model::{Actor, Caller, EpollEvents, EpollOp, Returned};

fn close(fd: i32, socket: u64, others: Vec<ProgramDescriptor>) -> ProgramCall {
    ProgramCall { others, ..made("close", Some((fd, socket)), Some(Call::Close { fd })) }
}

fn ctl(op: &str, fd: i32, socket: u64) -> ProgramCall {
    let arguments = ["9", op, &fd.to_string(), "{}"].map(str::to_owned).to_vec();
    ProgramCall { arguments, ..made("epoll_ctl", Some((fd, socket)), None) }
}

fn wait(waits: &[PolledDescriptor]) -> ProgramCall {
    let arguments = ["9", "…", "8", "300"].map(str::to_owned).to_vec();
    ProgramCall { arguments, waits: Some(waits.to_vec()), ..made("epoll_wait", None, None) }
}

/// A program whose instance 9 watches the connection.
fn watching() -> Script {
    let mut script = Script::connected();
    script.call(made("epoll_create1", None, None), ok(9));
    script.call(ctl("EPOLL_CTL_ADD", 4, CONN), ok(0));
    script
}

#[test]
fn an_epoll_instance_whose_only_descriptor_was_closed_watches_nothing() {
    let (forgotten, nothing, over) =
        (ProgramFact::Forgotten(4, 9), ProgramFact::NothingWatched(9), ProgramFact::NothingCame(9));
    // Before the call, and while another thread sleeps in it.
    let mut before = watching();
    before.call(close(4, CONN, Vec::new()), ok(0));
    before.enters(0, wait(&[]));
    before.push(Event::Blocked { caller: caller(0) });
    assert_eq!(before.facts(), [forgotten.clone(), nothing.clone()]);
    before.returns(0, ok(0));
    assert_eq!(before.facts(), [forgotten.clone(), over.clone()]);
    let mut meanwhile = watching();
    meanwhile.enters(2, wait(&[polled(4, CONN, true, false)]));
    meanwhile.push(Event::Blocked { caller: caller(2) });
    assert!(matches!(meanwhile.facts()[..], [ProgramFact::Waits(..)]), "{:?}", meanwhile.facts());
    meanwhile.call(close(4, CONN, Vec::new()), ok(0));
    assert_eq!(meanwhile.facts_of(1), [forgotten.clone(), nothing.clone()]);
    meanwhile.returns(2, ok(0));
    assert_eq!(meanwhile.facts_of(1), [forgotten.clone(), over.clone()]);
    // What has another descriptor stays watched, and what was taken off by hand wasn't forgotten.
    let mut held = watching();
    held.call(close(4, CONN, vec![held_by(71)]), ok(0));
    held.call(wait(&[polled(4, CONN, true, false)]), ok(0));
    assert_eq!(held.facts(), [ProgramFact::NotReady]);
    let mut removed = watching();
    removed.call(ctl("EPOLL_CTL_DEL", 4, CONN), ok(0));
    removed.call(close(4, CONN, Vec::new()), ok(0));
    removed.call(wait(&[]), ok(0));
    assert_eq!(removed.facts(), std::slice::from_ref(&over));
    // A new instance with the same number has watched nothing yet.
    let mut anew = watching();
    anew.call(close(4, CONN, Vec::new()), ok(0));
    anew.call(made("epoll_create1", None, None), ok(9));
    anew.call(wait(&[]), ok(0));
    assert_eq!(anew.facts(), [over]);
}

fn held_by(process: u32) -> ProgramDescriptor {
    held(process, 4)
}

#[test]
fn a_number_that_is_closed_is_told_as_such_by_what_looks_numbers_up() {
    let not_open = PolledDescriptor { fd: 4, events: PollEvents::NVAL, socket: None };
    let asked = polled(4, CONN, true, false);
    let gone = PolledDescriptor { socket: None, ..asked };
    for (waits, told, wanted) in [
        (gone, not_open, ProgramFact::NotOpen(4)),
        (asked, not_open, ProgramFact::ClosedMeanwhile(4)),
        // `select()` has no other word for it than that there is something to read.
        (asked, gone, ProgramFact::ClosedMeanwhile(4)),
        (asked, polled(4, 77, true, false), ProgramFact::GivenAgain(4)),
    ] {
        for name in ["poll", "pselect6"] {
            let mut script = Script::connected();
            let call = ProgramCall { waits: Some(vec![waits]), ..made(name, None, None) };
            script.call(ProgramCall { arguments: vec!["5".to_owned()], ..call }, ready(told));
            assert_eq!(script.facts(), std::slice::from_ref(&wanted), "{name} {told:?}");
        }
    }
}

/// A side's own call, whose descriptors are known by the calls that made them.
#[test]
fn a_sides_own_epoll_instance_is_told_likewise() {
    let events: EpollEvents = "EPOLLIN".parse().unwrap();
    let ctl = |op| Call::EpollCtl { epfd: 9, op, fd: 4, events };
    let wait = Call::EpollWait { epfd: 9, most: 8, timeout: 300 };
    let own = |script: &mut Script, worker: u32, call: &Call, value: Option<i64>| {
        script.push(Event::Entered { caller: caller(worker), call: call.clone() });
        value.into_iter().for_each(|value| script.returns(worker, ok(value)));
    };
    let watching = || {
        let mut script = Script { trace: Trace::default(), segments: 0 };
        own(&mut script, 0, &Call::Socket { ipv6: false, udp: true }, Some(4));
        own(&mut script, 0, &Call::EpollCreate, Some(9));
        own(&mut script, 0, &ctl(EpollOp::Add), Some(0));
        script
    };
    let mut closed = watching();
    own(&mut closed, 0, &Call::Close { fd: 4 }, Some(0));
    own(&mut closed, 0, &wait, Some(0));
    assert_eq!(closed.facts(), [ProgramFact::NothingCame(9)]);
    for (ends, wanted) in [
        (Call::Close { fd: 4 }, vec![ProgramFact::Forgotten(4, 9), ProgramFact::NothingCame(9)]),
        (ctl(EpollOp::Del), vec![ProgramFact::NothingCame(9)]),
        (ctl(EpollOp::Mod), vec![ProgramFact::NotReady]),
    ] {
        let mut script = watching();
        own(&mut script, 0, &wait, None);
        script.push(Event::Blocked { caller: caller(0) });
        own(&mut script, 2, &ends, Some(0));
        script.returns(0, ok(0));
        assert_eq!(script.facts_of(1), wanted, "{ends}");
    }
}

/// An instance is an open file description: a copy of its descriptor, in the same process or in a child, is the same instance.
#[test]
fn a_copied_epoll_instance_is_the_same_one() {
    let events: EpollEvents = "EPOLLIN".parse().unwrap();
    let ctl = |epfd, op| Call::EpollCtl { epfd, op, fd: 4, events };
    let wait = |epfd| Call::EpollWait { epfd, most: 8, timeout: 300 };
    let makes = |script: &mut Script, nth: u32, call: Call, returned: Returned| {
        let caller = Caller { actor: Actor { nth, ..caller(0).actor }, worker: 0 };
        script.push(Event::Entered { caller, call });
        script.push(Event::Returned { caller, outcome: Ok(returned) });
    };
    let mut script = Script { trace: Trace::default(), segments: 0 };
    let own = caller(0).actor.nth;
    makes(&mut script, own, Call::Socket { ipv6: false, udp: true }, ok(4).unwrap());
    makes(&mut script, own, Call::EpollCreate, ok(9).unwrap());
    makes(&mut script, own, Call::Dup { fd: 9 }, ok(10).unwrap());
    assert_eq!(script.facts(), [ProgramFact::DuplicatedInstance(9, 10)]);
    let is_explained = |script: &Script| {
        let view = script.trace.present();
        let call = view.calls(caller(0).actor).next().unwrap();
        explain(&view, &call, Lang::EN).0.is_some()
    };
    // The words for a copied socket say nothing of it.
    assert!(!is_explained(&script));
    makes(&mut script, own, ctl(10, EpollOp::Add), ok(0).unwrap());
    assert_eq!(script.facts(), [ProgramFact::Watched(4, 10, events)]);
    let view = script.trace.present();
    assert_eq!(epoll_instances(&view, caller(0).actor), [9, 10]);
    assert_eq!(epoll::watching(&view, caller(0).actor, 4), [9]);
    // With a descriptor of it left nothing ends, and of a socket nothing is said.
    makes(&mut script, own, Call::Close { fd: 9 }, ok(0).unwrap());
    let notes = |script: &Script| {
        let view = script.trace.present();
        let call = view.calls(caller(0).actor).next().unwrap();
        (script.facts(), fork_notes(&view, &call, Lang::EN).unwrap())
    };
    assert!(!is_explained(&script), "nothing has ended");
    let (facts, notes_of_close) = notes(&script);
    assert!(facts.is_empty() && notes_of_close.len() == 1, "{facts:?} {notes_of_close:?}");
    assert!(notes_of_close[0].contains("fd 10") && !notes_of_close[0].contains("socket"), "{notes_of_close:?}");
    makes(&mut script, own, wait(10), ok(0).unwrap());
    assert_eq!(script.facts(), [ProgramFact::NotReady]);
    assert_eq!(epoll_instances(&script.trace.present(), caller(0).actor), [10]);
    // What a child takes off its copy is watched nowhere any more.
    let child = own + 1;
    makes(&mut script, own, Call::Fork, Returned { value: 4711, child: Some(child), ..Returned::default() });
    makes(&mut script, child, ctl(10, EpollOp::Del), ok(0).unwrap());
    makes(&mut script, own, wait(10), ok(0).unwrap());
    assert_eq!(script.facts(), [ProgramFact::NothingCame(10)]);
    // A socket that a child has too stays watched; without the last descriptor it is forgotten.
    makes(&mut script, own, ctl(10, EpollOp::Add), ok(0).unwrap());
    makes(&mut script, own, Call::Close { fd: 4 }, ok(0).unwrap());
    assert_eq!(script.facts(), [ProgramFact::StaysWatched(4, 10)]);
    makes(&mut script, own, wait(10), ok(0).unwrap());
    assert_eq!(script.facts(), [ProgramFact::NotReady]);
    makes(&mut script, child, Call::Close { fd: 4 }, ok(0).unwrap());
    makes(&mut script, own, wait(10), ok(0).unwrap());
    assert_eq!(script.facts(), [ProgramFact::NothingCame(10)]);
    makes(&mut script, child, Call::Close { fd: 10 }, ok(0).unwrap());
    makes(&mut script, own, Call::Close { fd: 10 }, ok(0).unwrap());
    assert_eq!(notes(&script), (vec![], vec![]), "the last one");
    assert!(is_explained(&script));
}

#[test]
fn a_number_that_is_given_again_is_not_what_is_watched() {
    let actor = caller(0).actor;
    let ctl = Call::EpollCtl { epfd: 9, op: EpollOp::Add, fd: 4, events: "EPOLLIN".parse().unwrap() };
    let socket = Call::Socket { ipv6: false, udp: true };
    let mut script = Script { trace: Trace::default(), segments: 0 };
    for (call, value, wanted) in [
        (socket.clone(), 4, vec![]),
        (Call::EpollCreate, 9, vec![]),
        (ctl, 0, vec![9]),
        (Call::Dup { fd: 4 }, 6, vec![9]),
        // What was added lives on under the other number.
        (Call::Close { fd: 4 }, 0, vec![]),
        (socket, 4, vec![]),
    ] {
        script.push(Event::Entered { caller: caller(0), call: call.clone() });
        script.returns(0, ok(value));
        assert_eq!(epoll::watching(&script.trace.present(), actor, 4), wanted, "{call}");
    }
}
