//! Who is there, and which segments are meant.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{As, Out, converted, remote};
use crate::model::{
    Actor, Caller, Connection, Errno, ForwardingRules, HeldCalls, Member, Role, SegmentFilter, SegmentId, Side,
};

#[derive(Serialize, Deserialize)]
#[serde(remote = "Side")]
pub(super) enum SideForm {
    Server,
    Client,
}

/// How many-th of its side: it isn't written of the first, and recordings from before there were several say nothing.
pub(super) const fn first() -> u32 {
    Actor::FIRST
}

pub(super) const fn is_first(nth: &u32) -> bool {
    *nth == Actor::FIRST
}

/// The side alone where it is the first.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum ActorForm {
    First(#[serde(with = "SideForm")] Side),
    Nth {
        #[serde(with = "SideForm")]
        side: Side,
        nth: u32,
    },
}

impl From<&Actor> for ActorForm {
    fn from(actor: &Actor) -> ActorForm {
        let Actor { side, nth } = *actor;
        if is_first(&nth) { ActorForm::First(side) } else { ActorForm::Nth { side, nth } }
    }
}

impl From<ActorForm> for Actor {
    fn from(form: ActorForm) -> Actor {
        match form {
            ActorForm::First(side) => Actor { side, nth: first() },
            ActorForm::Nth { side, nth } => Actor { side, nth },
        }
    }
}

/// Beside the other fields of an event.
#[derive(Serialize, Deserialize)]
pub(super) struct CallerForm {
    #[serde(with = "SideForm")]
    side: Side,
    #[serde(default = "first", skip_serializing_if = "is_first")]
    nth: u32,
    #[serde(default)]
    worker: u32,
}

impl From<&Caller> for CallerForm {
    fn from(caller: &Caller) -> CallerForm {
        let Caller { actor: Actor { side, nth }, worker } = *caller;
        CallerForm { side, nth, worker }
    }
}

impl From<CallerForm> for Caller {
    fn from(CallerForm { side, nth, worker }: CallerForm) -> Caller {
        Caller { actor: Actor { side, nth }, worker }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Member")]
pub(super) struct MemberForm {
    number: u32,
    pid: u32,
    #[serde(default = "first", skip_serializing_if = "is_first")]
    nth: u32,
    #[serde(with = "RoleForm")]
    role: Role,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Role")]
enum RoleForm {
    Drives(#[serde(with = "As::<Vec<SideForm>>")] Vec<Side>),
    Watches,
    Runs(String),
    Plays(#[serde(with = "SideForm")] Side),
}

#[derive(Serialize, Deserialize)]
struct ConnectionForm {
    low: SocketAddr,
    high: SocketAddr,
}

impl From<&Connection> for ConnectionForm {
    fn from(connection: &Connection) -> ConnectionForm {
        let [low, high] = connection.ends();
        ConnectionForm { low, high }
    }
}

impl From<ConnectionForm> for Connection {
    fn from(ConnectionForm { low, high }: ConnectionForm) -> Connection {
        Connection::new(low, high)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "SegmentFilter")]
pub(super) enum WhichForm {
    All,
    To(#[serde(with = "As::<ActorForm>")] Actor),
    Of(#[serde(with = "As::<ConnectionForm>")] Connection),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ForwardingRules")]
pub(super) struct PassingForm {
    #[serde(with = "As::<Vec<(WhichForm, Duration)>>")]
    rules: Vec<(SegmentFilter, Duration)>,
}

/// The rules alone, as `play` tells them too.
pub(in crate::report) fn rules(passing: &ForwardingRules) -> serde_json::Value {
    serde_json::to_value(Out::<_, Vec<(WhichForm, Duration)>>::of(&passing.rules)).unwrap_or_default()
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "HeldCalls")]
pub(super) enum HeldCallsForm {
    None,
    Walk,
    All,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "SegmentId")]
pub(super) struct SegmentIdForm(u32);

#[derive(Serialize, Deserialize)]
#[serde(remote = "Errno")]
pub(super) struct ErrnoForm(i32);

remote! {
    SideForm: Side;
    WhichForm: SegmentFilter;
    SegmentIdForm: SegmentId;
    ErrnoForm: Errno;
}

converted! {
    ActorForm: Actor;
    CallerForm: Caller;
    ConnectionForm: Connection;
}
