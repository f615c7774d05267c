//! Calls that only ask, and those that wait for several descriptors.

use std::time::Duration;

use super::{Server, address};
use crate::model::testing::socket;
use crate::model::{
    Call, CallName, ClaimResult, DeviceRequest, EpollEvents, EpollOp, Errno, Event, InheritedDescriptor, Lookup,
    LookupFamily, LookupFlags, Maker, MessageFlags, OptionValue, PollEvents, PolledDescriptor, PolledSocket,
    ProgramCall, Returned, SocketFacts, SocketFlags, SocketOption, Statement, StructuredValue, Timer, TimerKind,
    Transfer,
};
use crate::tcp::State;

pub(super) fn of_what_is_asked() -> Vec<Event> {
    let option: SocketOption = "SO_ERROR".parse().unwrap();
    let entered = |call| Event::Entered { caller: Server.into(), call };
    let told = Returned { option: Some(OptionValue::int(option, 111)), ..Returned::default() };
    let own = Returned { peer: Some(address(8000)), ..Returned::default() };
    vec![
        entered(Call::GetSockName { fd: 3 }),
        Event::Returned { caller: Server.into(), outcome: Ok(own) },
        entered(Call::GetPeerName { fd: 3 }),
        entered(Call::GetOption { fd: 3, option }),
        Event::Returned { caller: Server.into(), outcome: Ok(told) },
    ]
}

/// Values that are no ints, flags of new descriptors, and what `ioctl()` and `fcntl()` tell.
pub(super) fn of_structures() -> Vec<Event> {
    let entered = |call| Event::Entered { caller: Server.into(), call };
    let values = [
        (SocketOption::RECV_TIMEOUT, StructuredValue::Time { seconds: -1, microseconds: 5 }),
        (SocketOption::LINGER, StructuredValue::Linger { on: 1, seconds: 3 }),
        (SocketOption::CONGESTION, StructuredValue::Name("cubic".into())),
    ];
    let sets = values.clone().map(|(option, value)| entered(Call::SetStructured { fd: 3, option, value }));
    let tells = values.map(|(option, value)| {
        let told = OptionValue { option, value: 1, structured: Some(value) };
        let outcome = Ok(Returned { option: Some(told), ..Returned::default() });
        Event::Returned { caller: Server.into(), outcome }
    });
    let flags = SocketFlags::NONBLOCK;
    let made = [Maker::socket(false, true, flags), Maker::accept(3, flags).into(), Call::GetStatus { fd: 3 }];
    let asks = DeviceRequest::ALL.map(|request| entered(Call::Ioctl { fd: 3, request }));
    let told =
        Event::Returned { caller: Server.into(), outcome: Ok(Returned { told: Some(9), ..Returned::default() }) };
    sets.into_iter().chain(tells).chain(made.map(entered)).chain(asks).chain([told]).collect()
}

pub(super) fn of_polls() -> Vec<Event> {
    let entry = |fd, events: &str| PolledDescriptor::new(fd, events.parse().unwrap());
    let all = "POLLIN|POLLPRI|POLLOUT|POLLRDHUP|POLLERR|POLLHUP|POLLNVAL|0x1000";
    let poll = Call::Poll { fds: vec![entry(3, all), entry(-1, "0")], timeout: -1 };
    let told = Returned { value: 1, revents: vec![entry(3, "POLLHUP")], ..Returned::default() };
    let sockets = vec![PolledSocket { socket: "conn".into(), events: "POLLIN|POLLOUT".parse().unwrap() }];
    let (what, actual) = (Statement::Ready { side: Server, call: CallName::Poll, sockets }, Statement::NoCall);
    vec![
        Event::Entered { caller: Server.into(), call: poll },
        Event::Returned { caller: Server.into(), outcome: Ok(told) },
        Event::Claim(Box::new(ClaimResult { step: 3, what, held: true, actual, line: 9 })),
    ]
}

pub(super) fn of_copies() -> Vec<Event> {
    let mut facts = socket(1, Server, Some(3), State::Closed, (None, None));
    facts.also = vec![5, 6];
    vec![Event::Entered { caller: Server.into(), call: Call::Dup { fd: 3 } }, Event::Socket(facts)]
}

pub(super) fn of_forks() -> Vec<Event> {
    let returned = Returned { value: 4711, child: Some(2), ..Returned::default() };
    let mut facts = socket(1, Server, Some(3), State::Closed, (None, None));
    facts.elsewhere = vec![InheritedDescriptor { nth: 2, fd: 3 }];
    let what = Statement::Sleeps { side: Server, call: CallName::Fork };
    vec![
        Event::Entered { caller: Server.into(), call: Call::Fork },
        Event::Returned { caller: Server.into(), outcome: Ok(returned) },
        Event::Socket(facts),
        Event::Claim(Box::new(ClaimResult { step: 3, what, held: true, actual: Statement::NoCall, line: 9 })),
    ]
}

pub(super) fn of_missing_processes() -> Vec<Event> {
    let what = Statement::NoProcess { side: Server, process: 2 };
    vec![Event::Claim(Box::new(ClaimResult { step: 3, what, held: true, actual: Statement::NoCall, line: 9 }))]
}

/// A program's message whose bytes stay where they are.
pub(super) fn of_messages() -> Vec<Event> {
    let arguments = vec!["3".into(), "…".into(), "MSG_PEEK".into()];
    let (fd, socket, room) = (Some(3), Some(17), Some(64));
    let made = ProgramCall {
        name: "recvmsg".into(),
        arguments,
        fd,
        socket,
        internet: Some(true),
        room,
        ..ProgramCall::default()
    };
    vec![Event::Entered { caller: Server.into(), call: Call::Program(Box::new(made)) }]
}

/// A number that wasn't open, and the end of FIN_WAIT2.
pub(super) fn of_what_is_closed() -> Vec<Event> {
    let ready = vec![PolledDescriptor::new(3, PollEvents::NVAL)];
    let outcome = Ok(Returned { value: 1, ready, ..Returned::default() });
    let timer = Some(Timer { kind: TimerKind::FinWait2, fires_at: Duration::from_secs(1), fired: 0 });
    let orphan = SocketFacts { timer, info: None, ..socket(1, Server, None, State::FinWait2, (None, None)) };
    vec![Event::Returned { caller: Server.into(), outcome }, Event::Socket(orphan)]
}

pub(super) fn of_epoll() -> Vec<Event> {
    let (epfd, fd, events) = (5, 3, EpollEvents(u32::MAX));
    let select = vec![PolledDescriptor::new(3, "POLLIN|POLLOUT".parse().unwrap())];
    let ctl = EpollOp::ALL.map(|op| Call::EpollCtl { epfd, op, fd, events });
    let mut calls = vec![Call::Select { nfds: 4, fds: select, timeout: 20 }, Call::EpollCreate];
    calls.extend(ctl);
    calls.push(Call::EpollWait { epfd, most: 8, timeout: -1 });
    let entered = calls.into_iter().map(|call| Event::Entered { caller: Server.into(), call });
    let claims = [CallName::Select, CallName::EpollWait].map(|call| {
        let what = Statement::Ready { side: Server, call, sockets: Vec::new() };
        Event::Claim(Box::new(ClaimResult { step: 3, what, held: true, actual: Statement::NoCall, line: 9 }))
    });
    let blocks = [CallName::EpollCreate, CallName::EpollCtl].map(|call| {
        let what = Statement::Sleeps { side: Server, call };
        Event::Claim(Box::new(ClaimResult { step: 3, what, held: true, actual: Statement::NoCall, line: 9 }))
    });
    entered.chain(claims).chain(blocks).collect()
}

pub(super) fn of_lookups() -> Vec<Event> {
    let plain = Lookup { node: Some("localhost".into()), service: Some("8000".into()), ..Lookup::default() };
    let with = Lookup { node: None, family: LookupFamily(10), flags: LookupFlags(-1), ..plain.clone() };
    let found = Returned { addresses: vec![address(8000)], ..Returned::default() };
    let entered = |lookup| Event::Entered { caller: Server.into(), call: Call::GetAddrInfo(Box::new(lookup)) };
    let what = Statement::NotCalled { side: Server, call: CallName::GetAddrInfo };
    vec![
        entered(plain),
        Event::Returned { caller: Server.into(), outcome: Ok(found) },
        entered(with),
        Event::Returned { caller: Server.into(), outcome: Err(Errno(-2)) },
        Event::Claim(Box::new(ClaimResult { step: 3, what: what.clone(), held: true, actual: what, line: 9 })),
    ]
}

pub(super) fn of_transfers() -> Vec<Event> {
    let (fd, flags) = (3, MessageFlags::PEEK);
    let calls = [
        Transfer::read(fd, 64),
        Transfer::write(fd, b"hi".to_vec()),
        Transfer::send(fd, &[b"ab".to_vec(), b"c".to_vec()], MessageFlags(libc::MSG_MORE)),
        Transfer::receive(fd, vec![2, 64], flags),
        Transfer::send_to(fd, &[b"ab".to_vec()], MessageFlags::NONE, address(8000)),
    ];
    calls.map(|call| Event::Entered { caller: Server.into(), call: call.into() }).into()
}

/// What a program asks an epoll instance for, and urgent data of which it is told.
pub(super) fn of_urgent_data() -> Vec<Event> {
    let events = "EPOLLIN|EPOLLPRI|EPOLLET".parse().ok();
    let made = ProgramCall { name: "epoll_ctl".into(), events, ..ProgramCall::default() };
    let ready = vec![PolledDescriptor::new(3, PollEvents::PRI)];
    vec![
        Event::Entered { caller: Server.into(), call: Call::Program(Box::new(made)) },
        Event::Returned { caller: Server.into(), outcome: Ok(Returned { value: 1, ready, ..Returned::default() }) },
    ]
}
