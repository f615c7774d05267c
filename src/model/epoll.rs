//! What `epoll_ctl(2)` is asked for.

use std::fmt;
use std::str::FromStr;

use super::readiness::{NoPollEvents, bits_named};
use super::{PollEvents, flag_text};

/// Events of `struct epoll_event`, and how they are to be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct EpollEvents(pub u32);

/// Those that have a name here: `poll(2)`'s, whose bits they share, then those that say how the others are told.
const NAMES: [(u32, &str); 10] = [
    (libc::EPOLLIN as u32, "EPOLLIN"),
    (libc::EPOLLPRI as u32, "EPOLLPRI"),
    (libc::EPOLLOUT as u32, "EPOLLOUT"),
    (libc::EPOLLRDHUP as u32, "EPOLLRDHUP"),
    (libc::EPOLLERR as u32, "EPOLLERR"),
    (libc::EPOLLHUP as u32, "EPOLLHUP"),
    (EpollEvents::EDGE.0, "EPOLLET"),
    (EpollEvents::ONE_SHOT.0, "EPOLLONESHOT"),
    (libc::EPOLLEXCLUSIVE as u32, "EPOLLEXCLUSIVE"),
    (libc::EPOLLWAKEUP as u32, "EPOLLWAKEUP"),
];

impl EpollEvents {
    /// `EPOLLIN`
    pub const IN: EpollEvents = EpollEvents(libc::EPOLLIN as u32);
    /// Edge-triggered: told once for each time that something new comes, and not as long as something is there.
    pub const EDGE: EpollEvents = EpollEvents(1 << 31);
    /// Told once, and then no more until `EPOLL_CTL_MOD`.
    pub const ONE_SHOT: EpollEvents = EpollEvents(1 << 30);

    /// Whether any of these is among them.
    pub const fn has(self, any: EpollEvents) -> bool {
        self.0 & any.0 != 0
    }

    /// Both together.
    pub const fn with(self, other: EpollEvents) -> EpollEvents {
        EpollEvents(self.0 | other.0)
    }

    /// What is waited for, without how it is to be told.
    pub const fn readiness(self) -> PollEvents {
        // The events of poll(2) are the lower bits.
        PollEvents(self.0 as u16 as i16)
    }

    /// The names of all that have one.
    pub fn all_names() -> impl Iterator<Item = &'static str> {
        NAMES.into_iter().map(|(_, name)| name)
    }

    /// Those that have a name, by that name.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES.into_iter().filter(move |(event, _)| self.0 & event != 0).map(|(_, name)| name)
    }
}

impl From<PollEvents> for EpollEvents {
    fn from(events: PollEvents) -> EpollEvents {
        EpollEvents(u32::from(events.0.cast_unsigned()))
    }
}

impl fmt::Display for EpollEvents {
    /// `EPOLLIN|EPOLLET`; none is `0`, and what has no name stands as a number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&flag_text(self.0, &NAMES))
    }
}

impl FromStr for EpollEvents {
    type Err = NoPollEvents;

    /// As [`PollEvents`], with the names that begin with `EPOLL`: `EPOLLIN|EPOLLET`, `in|et`.
    fn from_str(text: &str) -> Result<EpollEvents, NoPollEvents> {
        bits_named(text, "EPOLL", &NAMES).map(EpollEvents).ok_or(NoPollEvents)
    }
}

/// What `epoll_ctl(2)` does with a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum EpollOp {
    /// It is watched from now on.
    Add,
    /// It is watched for other events, and told anew.
    Mod,
    /// It is watched no more.
    Del,
}

impl EpollOp {
    /// All of them, in the manual page's order.
    pub const ALL: [EpollOp; 3] = [EpollOp::Add, EpollOp::Mod, EpollOp::Del];

    /// As in C.
    pub const fn name(self) -> &'static str {
        match self {
            EpollOp::Add => "EPOLL_CTL_ADD",
            EpollOp::Mod => "EPOLL_CTL_MOD",
            EpollOp::Del => "EPOLL_CTL_DEL",
        }
    }

    /// The one of this name in C, or without `EPOLL_CTL_`, in small letters too.
    pub fn by_name(text: &str) -> Option<EpollOp> {
        let text = text.to_ascii_uppercase();
        let short = |op: EpollOp| op.name().strip_prefix("EPOLL_CTL_");
        EpollOp::ALL.into_iter().find(|op| op.name() == text || short(*op) == Some(text.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_written_and_read_by_their_names() {
        let edge = EpollEvents::IN.with(EpollEvents::EDGE);
        for (events, text) in [(edge, "EPOLLIN|EPOLLET"), (EpollEvents::default(), "0"), (EpollEvents(!0), "")] {
            assert_eq!(events.to_string().parse(), Ok(events));
            assert!(text.is_empty() || events.to_string() == text, "{events}");
        }
        assert_eq!("in|et".parse(), Ok(edge));
        assert_eq!(EpollEvents(0xc000_2001).readiness().to_string(), "POLLIN|POLLRDHUP");
        for wrong in ["", "EPOLL", "POLLIN", "et|", "3", "0x100000000"] {
            assert_eq!(wrong.parse::<EpollEvents>(), Err(NoPollEvents), "{wrong}");
        }
        for name in PollEvents::all_names().filter(|name| *name != "POLLNVAL") {
            let of_poll: PollEvents = name.parse().unwrap();
            assert_eq!(EpollEvents::from(of_poll).to_string(), format!("E{name}"));
        }
    }

    #[test]
    fn an_operation_is_known_by_its_name_in_c_and_short() {
        for op in EpollOp::ALL {
            assert_eq!(EpollOp::by_name(op.name()), Some(op));
        }
        assert_eq!((EpollOp::by_name("mod"), EpollOp::by_name("EPOLL_CTL_")), (Some(EpollOp::Mod), None));
    }
}
