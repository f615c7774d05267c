//! How the calls that wait for several descriptors name what a descriptor is ready for.

use super::{CallName, EpollEvents, PollEvents, PolledDescriptor};

/// The sets of `select(2)`, by the names of its arguments, each with the event by which its descriptors are known here.
const SETS: [(PollEvents, &str); 3] =
    [(PollEvents::IN, "readfds"), (PollEvents::OUT, "writefds"), (PollEvents::PRI, "exceptfds")];

/// The names of the events that a call which waits for several descriptors can tell; of `select()` its sets.
pub fn event_names(call: CallName) -> Vec<&'static str> {
    match call {
        CallName::Select => SETS.map(|(_, name)| name).to_vec(),
        CallName::EpollWait => EpollEvents::all_names().filter(|name| event_named(call, name).is_some()).collect(),
        _ => PollEvents::all_names().collect(),
    }
}

/// Events by the names that such a call has for them ([`event_names`]), parted by `|`; `None` where they aren't its.
pub fn event_named(call: CallName, text: &str) -> Option<PollEvents> {
    match call {
        CallName::Select => text.split('|').try_fold(PollEvents::default(), |all, part| {
            let (event, _) = SETS.into_iter().find(|(_, name)| *name == part.trim())?;
            Some(all.with(event))
        }),
        // How events are to be told isn't among them.
        CallName::EpollWait => {
            text.parse::<EpollEvents>().ok().filter(|events| events.0 >> 16 == 0).map(EpollEvents::readiness)
        }
        _ => text.parse().ok(),
    }
}

/// Events as [`event_named`] reads them.
pub fn event_text(call: CallName, events: PollEvents) -> String {
    match call {
        CallName::Select => {
            let there = SETS.into_iter().filter(|(event, _)| events.has(*event));
            there.map(|(_, name)| name).collect::<Vec<_>>().join("|")
        }
        CallName::EpollWait => EpollEvents::from(events).to_string(),
        _ => events.to_string(),
    }
}

/// The descriptors of one of the sets of `select(2)`: `{3, 4}`.
pub fn set_text(fds: &[PolledDescriptor], event: PollEvents) -> String {
    let fds: Vec<String> =
        fds.iter().filter(|polled| polled.events.has(event)).map(|polled| polled.fd.to_string()).collect();
    format!("{{{}}}", fds.join(", "))
}

/// Descriptors with what a call told of them, as it has it: `3:POLLIN 4:POLLOUT`; of `epoll_wait()` `3:EPOLLIN`, and of `select()` the
/// sets, as far as they aren't empty: `readfds {3}, writefds {4}`.
pub fn ready_text(call: CallName, ready: &[PolledDescriptor]) -> String {
    let of = |text: fn(&PolledDescriptor) -> String| ready.iter().map(text).collect::<Vec<_>>().join(" ");
    match call {
        CallName::Select => {
            let there = SETS.into_iter().filter(|(event, _)| ready.iter().any(|told| told.events.has(*event)));
            there.map(|(event, name)| format!("{name} {}", set_text(ready, event))).collect::<Vec<_>>().join(", ")
        }
        CallName::EpollWait => of(|told| format!("{}:{}", told.fd, EpollEvents::from(told.events))),
        _ => of(PolledDescriptor::to_string),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_has_names_of_its_own() {
        for call in [CallName::Poll, CallName::Select, CallName::EpollWait] {
            for name in event_names(call) {
                let events = event_named(call, name).unwrap();
                assert_eq!(event_text(call, events), name, "{call}");
            }
            assert_eq!(event_named(call, "POLLSET"), None);
        }
        let both = PollEvents::IN.with(PollEvents::OUT);
        let ready = [PolledDescriptor::new(3, both), PolledDescriptor::new(5, PollEvents::OUT)];
        assert_eq!(ready_text(CallName::Poll, &ready), "3:POLLIN|POLLOUT 5:POLLOUT");
        assert_eq!(ready_text(CallName::EpollWait, &ready), "3:EPOLLIN|EPOLLOUT 5:EPOLLOUT");
        assert_eq!(ready_text(CallName::Select, &ready), "readfds {3}, writefds {3, 5}");
        assert_eq!(event_named(CallName::EpollWait, "EPOLLIN|EPOLLET"), None);
        assert_eq!(event_named(CallName::Select, "readfds|writefds"), Some(both));
    }
}
