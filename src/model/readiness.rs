//! What `poll(2)` is asked of a descriptor, and what it tells of one.

use std::fmt;
use std::str::FromStr;

use super::flag_text;

/// Events of `poll(2)`, as the bits of `events` and `revents`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct PollEvents(pub i16);

/// Those that have a name here, in the manual page's order.
const NAMES: [(u32, &str); 7] = [
    (PollEvents::IN.bits(), "POLLIN"),
    (PollEvents::PRI.bits(), "POLLPRI"),
    (PollEvents::OUT.bits(), "POLLOUT"),
    (PollEvents::RDHUP.bits(), "POLLRDHUP"),
    (PollEvents::ERR.bits(), "POLLERR"),
    (PollEvents::HUP.bits(), "POLLHUP"),
    (PollEvents::NVAL.bits(), "POLLNVAL"),
];

impl PollEvents {
    /// There is something to read: data, the end of it, or a connection to accept.
    pub const IN: PollEvents = PollEvents(libc::POLLIN);
    /// There is urgent data.
    pub const PRI: PollEvents = PollEvents(libc::POLLPRI);
    /// Something can be written.
    pub const OUT: PollEvents = PollEvents(libc::POLLOUT);
    /// The peer has ended its sending.
    pub const RDHUP: PollEvents = PollEvents(libc::POLLRDHUP);
    /// An error waits to be told. Told without being asked for, as the next two.
    pub const ERR: PollEvents = PollEvents(libc::POLLERR);
    /// Both directions are ended, or there never was a connection.
    pub const HUP: PollEvents = PollEvents(libc::POLLHUP);
    /// The descriptor isn't open.
    pub const NVAL: PollEvents = PollEvents(libc::POLLNVAL);

    /// The peer has ended its sending, or both directions are ended.
    pub const HUNG_UP: PollEvents = PollEvents::RDHUP.with(PollEvents::HUP);

    const fn bits(self) -> u32 {
        self.0 as u16 as u32
    }

    /// Whether any of these is among them.
    pub const fn has(self, any: PollEvents) -> bool {
        self.0 & any.0 != 0
    }

    /// Both together.
    pub const fn with(self, other: PollEvents) -> PollEvents {
        PollEvents(self.0 | other.0)
    }

    /// The names of all that have one.
    pub fn all_names() -> impl Iterator<Item = &'static str> {
        NAMES.into_iter().map(|(_, name)| name)
    }

    /// Those that have a name, by that name.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES.into_iter().filter(move |(event, _)| self.bits() & event != 0).map(|(_, name)| name)
    }
}

impl fmt::Display for PollEvents {
    /// `POLLIN|POLLOUT`; none is `0`, and what has no name stands as a number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&flag_text(self.bits(), &NAMES))
    }
}

/// What stands where events are to be named names none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoPollEvents;

impl FromStr for PollEvents {
    type Err = NoPollEvents;

    /// By their names in C, parted by `|`, in small letters too and without `POLL`: `POLLIN|POLLOUT`, `in`; `0` is none, and
    /// what has no name is a number as [`PollEvents`] writes it.
    fn from_str(text: &str) -> Result<PollEvents, NoPollEvents> {
        let bits = bits_named(text, "POLL", &NAMES).and_then(|bits| u16::try_from(bits).ok());
        bits.map(|bits| PollEvents(bits.cast_signed())).ok_or(NoPollEvents)
    }
}

/// The bits that names mean which all begin alike, parted by `|`: `POLLIN|POLLOUT`, `in`; 0 is none, and what has no name is a
/// number in hexadecimal notation.
pub(super) fn bits_named(text: &str, prefix: &str, names: &[(u32, &str)]) -> Option<u32> {
    let mut bits = 0;
    for part in text.split('|') {
        let name = part.trim().to_ascii_uppercase();
        let name = name.strip_prefix(prefix).unwrap_or(&name);
        let known = names.iter().find(|(_, whole)| whole.strip_prefix(prefix) == Some(name)).map(|(bit, _)| *bit);
        let number = || match name.strip_prefix("0X") {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => (name == "0").then_some(0),
        };
        bits |= known.or_else(number)?;
    }
    Some(bits)
}

/// A descriptor for which a call waits (`poll(2)`, `select(2)`, `epoll_wait(2)`): with the events that are wanted of it, or with
/// those that it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PolledDescriptor {
    /// The descriptor.
    pub fd: i32,
    /// Its events.
    pub events: PollEvents,
    /// Of a traced program's, its socket by the name that calls have ([`super::ProgramCall::socket`]); else `None`, as of what is
    /// no socket of IPv4 or IPv6.
    pub socket: Option<u64>,
}

impl PolledDescriptor {
    /// One of a side's own.
    pub const fn new(fd: i32, events: PollEvents) -> PolledDescriptor {
        PolledDescriptor { fd, events, socket: None }
    }
}

impl fmt::Display for PolledDescriptor {
    /// `3:POLLIN|POLLOUT`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.fd, self.events)
    }
}

/// A socket of a lesson that is waited for, with its events as those of [`PolledDescriptor`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PolledSocket {
    /// The name that the lesson gave to it.
    pub socket: String,
    /// Its events.
    pub events: PollEvents,
}

/// The most descriptors that one `poll()` of a side may name, or one `epoll_wait()` tell.
pub const MOST_POLLED: usize = 64;

/// The number from which a descriptor has no place in a set of `select(2)`.
pub const FD_SETSIZE: i32 = libc::FD_SETSIZE as i32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_written_and_read_by_their_names() {
        let both = PollEvents::IN.with(PollEvents::OUT);
        let table = [
            (both, "POLLIN|POLLOUT"),
            (PollEvents::default(), "0"),
            (PollEvents(libc::POLLRDHUP | 0x40), "POLLRDHUP|0x40"),
            (PollEvents(!0x7f), ""),
        ];
        for (events, text) in table {
            assert_eq!(events.to_string().parse(), Ok(events));
            assert!(text.is_empty() || events.to_string() == text, "{events}");
        }
        assert_eq!("in|OUT".parse(), Ok(both));
        assert_eq!("pollin".parse(), Ok(PollEvents::IN));
        for wrong in ["", "POLL", "POLLED", "in|", "3", "0xfffff"] {
            assert_eq!(wrong.parse::<PollEvents>(), Err(NoPollEvents), "{wrong}");
        }
        for bits in i16::MIN..=i16::MAX {
            assert_eq!(PollEvents(bits).to_string().parse(), Ok(PollEvents(bits)));
        }
    }
}
