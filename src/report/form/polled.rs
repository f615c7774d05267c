//! Descriptors for which a call waits, and of which it told.

use serde::{Deserialize, Serialize};

use super::{As, TextForm, converted, text};
use crate::model::{PollEvents, PolledDescriptor};

/// Of a traced program's call: its socket, and of its events what each means.
#[derive(Serialize, Deserialize)]
pub(super) struct PolledForm {
    fd: i32,
    socket: Option<u64>,
    readable: bool,
    writable: bool,
    error: bool,
    hung_up: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    not_open: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    urgent: bool,
}

impl From<&PolledDescriptor> for PolledForm {
    fn from(&PolledDescriptor { fd, events, socket }: &PolledDescriptor) -> PolledForm {
        let [readable, writable, error] =
            [PollEvents::IN, PollEvents::OUT, PollEvents::ERR].map(|event| events.has(event));
        PolledForm {
            fd,
            socket,
            readable,
            writable,
            error,
            hung_up: events.has(PollEvents::HUNG_UP),
            not_open: events.has(PollEvents::NVAL),
            urgent: events.has(PollEvents::PRI),
        }
    }
}

impl From<PolledForm> for PolledDescriptor {
    fn from(form: PolledForm) -> PolledDescriptor {
        let told = [
            (form.readable, PollEvents::IN),
            (form.writable, PollEvents::OUT),
            (form.error, PollEvents::ERR),
            (form.hung_up, PollEvents::HUP),
            (form.not_open, PollEvents::NVAL),
            (form.urgent, PollEvents::PRI),
        ];
        let told = told.into_iter().filter(|(is, _)| *is);
        let events = told.fold(PollEvents::default(), |all, (_, event)| all.with(event));
        PolledDescriptor { fd: form.fd, events, socket: form.socket }
    }
}

/// Of a side's own call.
#[derive(Serialize, Deserialize)]
pub(super) struct PollEntryForm {
    fd: i32,
    #[serde(with = "As::<TextForm>")]
    events: PollEvents,
}

impl From<&PolledDescriptor> for PollEntryForm {
    fn from(polled: &PolledDescriptor) -> PollEntryForm {
        PollEntryForm { fd: polled.fd, events: polled.events }
    }
}

impl From<PollEntryForm> for PolledDescriptor {
    fn from(form: PollEntryForm) -> PolledDescriptor {
        PolledDescriptor::new(form.fd, form.events)
    }
}

text! {
    PollEvents: "no events of poll()";
}

converted! {
    PollEntryForm: PolledDescriptor;
    PolledForm: PolledDescriptor;
}
