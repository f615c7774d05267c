//! Calls that only ask, and those that wait for several descriptors.

use super::{Server, address};
use crate::model::testing::socket;
use crate::model::{Call, ClaimResult, Event, OptionValue, PollEntry, PolledSocket, Returned, SocketOption, Statement};
use crate::tcp::State;

pub(super) fn of_what_is_asked() -> Vec<Event> {
    let option: SocketOption = "SO_ERROR".parse().unwrap();
    let entered = |call| Event::Entered { caller: Server.into(), call };
    let told = Returned { option: Some(OptionValue { option, value: 111 }), ..Returned::default() };
    let own = Returned { peer: Some(address(8000)), ..Returned::default() };
    vec![
        entered(Call::GetSockName { fd: 3 }),
        Event::Returned { caller: Server.into(), outcome: Ok(own) },
        entered(Call::GetPeerName { fd: 3 }),
        entered(Call::GetOption { fd: 3, option }),
        Event::Returned { caller: Server.into(), outcome: Ok(told) },
    ]
}

pub(super) fn of_polls() -> Vec<Event> {
    let entry = |fd, events: &str| PollEntry { fd, events: events.parse().unwrap() };
    let all = "POLLIN|POLLPRI|POLLOUT|POLLRDHUP|POLLERR|POLLHUP|POLLNVAL|0x1000";
    let poll = Call::Poll { fds: vec![entry(3, all), entry(-1, "0")], timeout: -1 };
    let told = Returned { value: 1, revents: vec![entry(3, "POLLHUP")], ..Returned::default() };
    let sockets = vec![PolledSocket { socket: "conn".into(), events: "POLLIN|POLLOUT".parse().unwrap() }];
    let (what, actual) = (Statement::Ready { side: Server, sockets }, Statement::NoCall);
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
