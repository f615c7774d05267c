//! Calls that wait: who stands, who goes on, and what ends them.

use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use super::common::Folder;
use super::{Traced, c, command, python};
use sockwalk::linux::tracer::{ThreadExit, TracerEvent, TracerOrder, Watched};
use sockwalk::model::HeldCalls;
use sockwalk::model::{ProgramCall, ProgramThread};

fn stands(seen: &TracerEvent) -> Option<(ProgramThread, &ProgramCall)> {
    match seen {
        TracerEvent::Stands { thread, call } => Some((*thread, call)),
        _ => None,
    }
}

/// The process of a program.
fn process(traced: &Traced) -> i32 {
    traced.tracer.process() as i32
}

fn signal(process: i32, signal: i32) {
    let pid = rustix::process::Pid::from_raw(process).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::from_named_raw(signal).unwrap()).unwrap();
}

/// The names of the calls before which the program stands, each let go in its turn.
fn stood(traced: Traced) -> Vec<String> {
    let ran = traced.ends();
    ran.seen.iter().filter_map(|seen| stands(seen).map(|(_, call)| call.name.clone())).collect()
}

#[test]
fn the_walks_own_calls_wait_and_the_others_pass() {
    let folder = Folder::new();
    let Some(words) = c(&folder, "polling") else { return };
    let walk = [
        "socket", "bind", "listen", "accept4", "socket", "connect", "accept4", "recvfrom", "sendto", "recvfrom",
        "recvfrom", "close", "read", "close", "close",
    ];
    assert_eq!(stood(Traced::start(command(&words), HeldCalls::Walk, Watched::All)), walk);
    let all = stood(Traced::start(command(&words), HeldCalls::All, Watched::All));
    let besides = ["poll", "pselect6", "getsockopt", "fcntl", "ioctl"];
    assert!(besides.iter().all(|name| all.iter().any(|stood| stood == name)));
    assert_eq!(stood(Traced::start(command(&words), HeldCalls::None, Watched::All)), [""; 0]);
}

#[test]
fn what_is_called_on_a_number_that_was_a_socket_waits_and_a_select_that_leaves_one_out_is_told() {
    let folder = Folder::new();
    let Some(words) = c(&folder, "mistaken") else { return };
    let ran = Traced::start(command(&words), HeldCalls::Walk, Watched::All).ends();
    let stood: Vec<String> =
        ran.seen.iter().filter_map(|seen| stands(seen).map(|(_, call)| call.name.clone())).collect();
    // Of files, and of numbers that never were one, nothing is told.
    assert_eq!(stood, ["socket", "listen", "close", "write", "read", "close"], "{:?}", ran.output);
    let selects: Vec<_> = ran
        .seen
        .iter()
        .filter_map(|seen| match seen {
            TracerEvent::Entered { call, .. } if call.polls() => Some(call),
            _ => None,
        })
        .collect();
    let [low, enough] = &selects[..] else { panic!("{selects:?}") };
    assert_eq!(low.left_out().collect::<Vec<_>>(), [(3, 3)], "{low:?}");
    assert_eq!((low.looked_at().map(Iterator::count), low.arguments[0].as_str()), (Some(0), "3"));
    assert_eq!((enough.left_out().count(), enough.looked_at().map(Iterator::count)), (0, Some(1)), "{enough:?}");
}

#[test]
fn a_socket_that_two_descriptors_have_is_closed_by_the_last() {
    let folder = Folder::new();
    let Some(words) = c(&folder, "blocking") else { return };
    let traced = Traced::start(command(&words), HeldCalls::Walk, Watched::All);
    let parent = traced.tracer.process();
    let ran = traced.ends();
    let closes = ran.seen.iter().filter_map(|seen| match seen {
        TracerEvent::Entered { thread, call } if call.name == "close" => Some((thread.process == parent, call)),
        _ => None,
    });
    // Of the parent: what failed to bind, the connection, then the listener, which the child closed or not.
    let closes: Vec<(bool, i32, usize)> =
        closes.map(|(parent, call)| (parent, call.fd.unwrap(), call.others.len())).collect();
    assert!(closes.contains(&(false, 3, 1)), "the child's listener is the parent's too: {closes:?}");
    let copy = closes.iter().filter(|(parent, _, others)| !parent && *others == 1).count();
    assert_eq!(copy, 2, "the child's listener, and its copy by dup: {closes:?}");
    let stood = ran.seen.iter().filter_map(stands).filter(|(_, call)| call.name == "close");
    assert!(stood.clone().count() >= 4 && stood.into_iter().all(|(_, call)| call.others.is_empty()));
}

/// By whatever means a socket got a further descriptor, its `close()` tells of that; and of none where it has none.
#[test]
fn a_close_tells_what_else_a_socket_has_by_whatever_means_it_got_that() {
    let folder = Folder::new();
    let Some(words) = c(&folder, "copies") else { return };
    let ran = Traced::start(command(&words), HeldCalls::None, Watched::All).ends();
    let others: Vec<usize> = { ran.seen.iter() }
        .filter_map(|seen| match seen {
            TracerEvent::Entered { call, .. } if call.name == "close" && call.is_of_internet() => {
                Some(call.others.len())
            }
            _ => None,
        })
        .collect();
    // Nothing, and a thread, which has the same table; dup(), fcntl(), sendmsg(), sendmmsg(), fork(), pidfd_getfd().
    assert_eq!(others, [0, 0, 1, 1, 1, 1, 1, 1], "{:?} {:?}", ran.status, ran.output);
}

#[test]
fn a_thread_waits_for_seconds_while_the_others_go_on() {
    let Some(words) = python("threads") else { return };
    let traced = Traced::start(command(&words), HeldCalls::Walk, Watched::All);
    let first = process(&traced) as u32;
    // The server's thread stands in accept while the client, the first thread, connects, sends and waits for its answer.
    let (mut server, mut waits) = (None, false);
    while !(server.is_some() && waits) {
        match traced.next() {
            TracerEvent::Stands { thread, .. } if thread.thread != first => server = Some(thread),
            TracerEvent::Stands { thread, .. } => traced.tracer.order(TracerOrder::Go(thread)),
            TracerEvent::Entered { thread, call } if thread.thread == first => waits = call.name == "recvfrom",
            _ => {}
        }
    }
    let held = Instant::now();
    while held.elapsed() < Duration::from_secs(2) {
        if let Ok(seen) = traced.seen.recv_timeout(Duration::from_millis(100)) {
            assert!(matches!(seen, TracerEvent::Blocked { thread } if thread.thread == first), "{seen:?}");
        }
    }
    traced.tracer.order(TracerOrder::Go(server.unwrap()));
    let ran = traced.ends();
    assert!(ran.status.success() && ran.output.contains("HELLO"), "{}", ran.output);
}

#[test]
fn calls_that_are_let_pass_go_and_may_be_held_again() {
    let folder = Folder::new();
    let Some(words) = c(&folder, "blocking") else { return };
    let traced = Traced::start(command(&words), HeldCalls::Walk, Watched::All);
    traced.until(|seen| stands(seen).is_some_and(|(_, call)| call.name == "socket"));
    traced.nothing();
    traced.tracer.order(TracerOrder::Hold(HeldCalls::None));
    let ran = traced.ends();
    assert_eq!((ran.status.code(), ran.seen.iter().filter(|seen| stands(seen).is_some()).count()), (Some(7), 0));
}

#[test]
fn a_program_can_be_killed_before_any_of_its_calls() {
    let folder = Folder::new();
    let Some(words) = c(&folder, "polling") else { return };
    let calls = stood(Traced::start(command(&words), HeldCalls::All, Watched::All)).len();
    assert!(calls > 20);
    for (at, number) in (0..calls).zip([9, 15].into_iter().cycle()) {
        let traced = Traced::start(command(&words), HeldCalls::All, Watched::All);
        for _ in 0..at {
            let seen = traced.until(|seen| stands(seen).is_some());
            traced.tracer.order(TracerOrder::Go(stands(&seen).unwrap().0));
        }
        traced.until(|seen| stands(seen).is_some());
        signal(process(&traced), number);
        traced.until(|seen| matches!(seen, TracerEvent::Gone { how: ThreadExit::Killed(by), .. } if *by == number));
        assert_eq!(traced.ends().status.signal(), Some(number), "at its {at}th call");
    }
}

#[test]
fn a_signal_is_handled_before_a_call_that_waits_and_the_call_is_made_once() {
    let folder = Folder::new();
    let Some(words) = c(&folder, "signals") else { return };
    let traced = Traced::start(command(&words), HeldCalls::Walk, Watched::All);
    let seen = traced.until(|seen| stands(seen).is_some());
    // A handler that restarts calls, and one that doesn't: neither has interrupted anything.
    for number in [libc::SIGUSR1, libc::SIGUSR2, libc::SIGUSR1] {
        signal(process(&traced), number);
        traced.until(|seen| matches!(seen, TracerEvent::Signal { signal, .. } if *signal == number));
    }
    traced.nothing();
    traced.tracer.order(TracerOrder::Go(stands(&seen).unwrap().0));
    // It returned its descriptor; the next is listen.
    match traced.until(|seen| matches!(seen, TracerEvent::Returned { .. })) {
        TracerEvent::Returned { call, .. } => assert_eq!(call.outcome.unwrap().value, 3),
        other => panic!("{other:?}"),
    }
    let next = traced.until(|seen| stands(seen).is_some());
    assert_eq!(stands(&next).unwrap().1.name, "listen");
    traced.tracer.order(TracerOrder::End);
    let ran = traced.ends();
    // A signal that comes before another one's handler has begun is handled first.
    let mut handled: Vec<&str> = ran.output.lines().collect();
    handled.sort();
    assert_eq!((ran.status.signal(), handled), (Some(9), vec!["one", "one", "two"]));
}

#[test]
fn a_call_that_a_signal_interrupts_is_told_once() {
    let folder = Folder::new();
    let Some(words) = c(&folder, "signals") else { return };
    let traced = Traced::start(command(&words), HeldCalls::None, Watched::All);
    traced.until(|seen| matches!(seen, TracerEvent::Blocked { .. }));
    for _ in 0..3 {
        // Its handler restarts the call: it goes on sleeping, and nothing else is told.
        traced.tracer.order(TracerOrder::Signal(libc::SIGUSR1));
        assert!(matches!(traced.next(), TracerEvent::Signal { signal: libc::SIGUSR1, .. }));
        traced.nothing();
    }
    traced.tracer.order(TracerOrder::Signal(libc::SIGUSR2));
    let told = [traced.next(), traced.next()];
    match &told {
        [TracerEvent::Signal { signal: libc::SIGUSR2, .. }, TracerEvent::Returned { call, .. }] => {
            assert_eq!(call.outcome.clone().unwrap_err().name(), Some("EINTR"));
        }
        other => panic!("{other:?}"),
    }
    let ran = traced.ends();
    assert_eq!((ran.status.code(), ran.output.as_str()), (Some(3), "one\none\none\ntwo\nEINTR\n"));
}

#[test]
fn a_program_that_is_stopped_goes_on_when_it_is_continued() {
    let folder = Folder::new();
    let Some(words) = c(&folder, "signals") else { return };
    for held in [HeldCalls::None, HeldCalls::Walk] {
        let traced = Traced::start(command(&words), held, Watched::All);
        let begins = |seen: &TracerEvent| matches!(seen, TracerEvent::Blocked { .. } | TracerEvent::Stands { .. });
        let first = traced.until(begins);
        let pid = process(&traced);
        signal(pid, libc::SIGSTOP);
        traced.until(|seen| matches!(seen, TracerEvent::Stopped { signal: libc::SIGSTOP, .. }));
        traced.nothing();
        // A signal waits as long as it is stopped.
        signal(pid, libc::SIGUSR1);
        traced.nothing();
        signal(pid, libc::SIGCONT);
        let mut told = [traced.next(), traced.next(), traced.next()].map(|seen| match seen {
            TracerEvent::Continued { .. } => 0,
            TracerEvent::Signal { signal, .. } => signal,
            other => panic!("{other:?}"),
        });
        told.sort();
        assert_eq!(told, [0, libc::SIGUSR1, libc::SIGCONT]);
        traced.nothing();
        if let Some((thread, _)) = stands(&first) {
            traced.tracer.order(TracerOrder::Go(thread));
            traced.until(|seen| matches!(seen, TracerEvent::Returned { .. }));
        }
        drop(traced.tracer);
        assert_eq!(traced.output.join().unwrap(), "one\n");
    }
}

#[test]
fn of_an_address_without_room_nothing_is_told_that_the_kernel_did_not_write() {
    let folder = Folder::new();
    let Some(words) = c(&folder, "short_address") else { return };
    let ran = Traced::start(command(&words), HeldCalls::None, Watched::All).ends();
    let told = ran.seen.iter().filter_map(|seen| match seen {
        TracerEvent::Returned { call, .. } if call.arguments.len() == 3 && call.arguments[2] == "[16]" => {
            Some(call.arguments[1].as_str())
        }
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), ["{}", "0.0.0.0:0"]);
}
