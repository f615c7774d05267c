//! What a call that waits for several descriptors was asked, and what it told, as JSON.

use serde_json::{Value, json};

use crate::model::{EpollEvents, PollEvents, PolledDescriptor, Returned};

/// A descriptor that is polled: the events that are wanted, and, once the call has returned, those that it has.
pub(super) fn polled_value(polled: &PolledDescriptor, returned: Option<&Returned>) -> Value {
    let has = |returned: &Returned| {
        let found = returned.revents.iter().find(|found| found.fd == polled.fd);
        found.map_or(PollEvents::default(), |found| found.events)
    };
    let names = |events: PollEvents| events.names().collect::<Vec<_>>();
    json!({ "fd": polled.fd, "events": names(polled.events), "revents": returned.map(|returned| names(has(returned))) })
}

/// A set of `select()`: its descriptors, and, once the call has returned, those that are left in it; `null` where none are given.
pub(super) fn set_value(of: &[PolledDescriptor], event: PollEvents, returned: Option<&Returned>) -> Value {
    let in_it = |all: &[PolledDescriptor]| -> Vec<i32> {
        all.iter().filter(|polled| polled.events.has(event)).map(|polled| polled.fd).collect()
    };
    let asked = in_it(of);
    if asked.is_empty() {
        return Value::Null;
    }
    json!({ "fds": asked, "ready": returned.map(|returned| in_it(&returned.revents)) })
}

/// What `epoll_wait()` told.
pub(super) fn events_value(returned: Option<&Returned>) -> Value {
    let one = |told: &PolledDescriptor| json!({ "fd": told.fd, "events": EpollEvents::from(told.events).names().collect::<Vec<_>>() });
    json!(returned.map(|returned| returned.revents.iter().map(one).collect::<Vec<_>>()))
}
