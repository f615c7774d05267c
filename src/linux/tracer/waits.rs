//! Which descriptors a call waits for, and of which it told that they are ready.

use super::arguments::Reader;
use super::descriptors::socket;
use super::epoll::{self, WatchedDescriptor, WatchedFile};
use super::text::MOST;
use crate::model::{EpollEvents, PollEvents, PolledDescriptor};

/// Events of `poll(2)`, which are `epoll(7)`'s too, with what else means the same.
const MEANT: [(PollEvents, u32); 7] = [
    (PollEvents::IN, (libc::POLLIN | libc::POLLRDNORM) as u32),
    (PollEvents::OUT, (libc::POLLOUT | libc::POLLWRNORM) as u32),
    (PollEvents::ERR, libc::POLLERR as u32),
    (PollEvents::HUP, libc::POLLHUP as u32),
    (PollEvents::RDHUP, libc::EPOLLRDHUP as u32),
    (PollEvents::NVAL, libc::POLLNVAL as u32),
    (PollEvents::PRI, libc::POLLPRI as u32),
];

fn of_events(fd: i32, events: u32) -> PolledDescriptor {
    let told = MEANT.into_iter().filter(|(_, bits)| events & bits != 0);
    PolledDescriptor::new(fd, told.fold(PollEvents::default(), |all, (event, _)| all.with(event)))
}

impl Reader<'_> {
    /// What the epoll instance of the call watches; the kernel is asked once at each stop.
    pub(super) fn watches(&self) -> Option<&[WatchedDescriptor]> {
        self.watched.get_or_init(|| epoll::watched(self.thread, self.arguments[0] as i32)).as_deref()
    }

    /// A descriptor with its socket, where it is on one.
    fn with_socket(&self, fd: i32, events: u32) -> PolledDescriptor {
        PolledDescriptor { socket: socket(self.thread, fd), ..of_events(fd, events) }
    }

    /// The same, of one that an epoll instance watches.
    fn of_watched(&self, watched: &WatchedDescriptor, events: u32) -> PolledDescriptor {
        match watched.file {
            WatchedFile::Socket(inode) => PolledDescriptor { socket: Some(inode), ..of_events(watched.fd, events) },
            WatchedFile::Other => of_events(watched.fd, events),
            WatchedFile::Unknown => self.with_socket(watched.fd, events),
        }
    }

    /// The descriptors for which the call waits, at most [`MOST`]; `None` where they can't be known.
    pub(super) fn waits(&self) -> Option<Vec<PolledDescriptor>> {
        match self.row.name {
            "poll" | "ppoll" => {
                let polled = self.polled_fds(self.arguments[0], self.arguments[1])?.into_iter();
                let one = |(fd, events, _): (i32, u16, u16)| self.with_socket(fd, events.into());
                Some(polled.filter(|(fd, ..)| *fd >= 0).map(one).collect())
            }
            "select" | "pselect6" => {
                let all = self.of_sets(Reader::all_set_fds)?.into_iter();
                // One that is left out is told where it is a socket: else it is no mistake that anybody would notice.
                let is_meant = |of: &PolledDescriptor| of.fd < self.arguments[0] as i32 || of.socket.is_some();
                Some(all.filter(is_meant).collect())
            }
            "epoll_wait" | "epoll_pwait" | "epoll_pwait2" => {
                let one = |watched: &WatchedDescriptor| self.of_watched(watched, watched.events);
                Some(self.watches()?.iter().take(MOST as usize).map(one).collect())
            }
            _ => None,
        }
    }

    /// The descriptors of which the call told that they are ready, as far as they are known.
    pub(super) fn ready(&self) -> Vec<PolledDescriptor> {
        let count = self.value.and_then(|value| u64::try_from(value).ok()).unwrap_or(0);
        match self.row.name {
            _ if count == 0 => Vec::new(),
            "poll" | "ppoll" => {
                let polled = self.polled_fds(self.arguments[0], self.arguments[1]).unwrap_or_default().into_iter();
                let one = |(fd, _, ready): (i32, u16, u16)| self.with_socket(fd, ready.into());
                polled.filter(|(.., ready)| *ready != 0).map(one).collect()
            }
            "select" | "pselect6" => self.of_sets(Reader::set_fds).unwrap_or_default(),
            "epoll_wait" | "epoll_pwait" | "epoll_pwait2" => {
                let registered = self.watches().unwrap_or_default();
                let one = |at: u64| epoll::event(self.memory, self.arguments[1].checked_add(at * epoll::EVENT)?);
                let told = (0..count.min(MOST)).map_while(one);
                let one = |(events, data): (u32, u64)| Some(self.of_watched(epoll::of_data(registered, data)?, events));
                told.filter_map(one).collect()
            }
            _ => Vec::new(),
        }
    }

    /// What an `epoll_ctl()` that adds or changes asks for.
    pub(super) fn watched_for(&self) -> Option<EpollEvents> {
        let asks = self.row.name == "epoll_ctl" && self.arguments[1] as i32 != libc::EPOLL_CTL_DEL;
        let (events, _) = asks.then(|| epoll::event(self.memory, self.arguments[3])).flatten()?;
        Some(EpollEvents(events))
    }

    /// Those in the sets of select: what they are read, written and looked at for, of which the third is urgent data (`POLLEX_SET` of Linux's
    /// `fs/select.c`); after the call, what they are ready for.
    fn of_sets(&self, fds: impl Fn(&Self, u64) -> Option<Vec<i32>>) -> Option<Vec<PolledDescriptor>> {
        let mut all: Vec<PolledDescriptor> = Vec::new();
        for (at, events) in [(1, PollEvents::IN), (2, PollEvents::OUT), (3, PollEvents::PRI)] {
            let set = self.arguments[at];
            for fd in if set == 0 { Vec::new() } else { fds(self, set)? } {
                match all.iter_mut().find(|known| known.fd == fd) {
                    Some(known) => known.events = known.events.with(events),
                    None => all.push(PolledDescriptor {
                        socket: socket(self.thread, fd),
                        ..PolledDescriptor::new(fd, events)
                    }),
                }
            }
        }
        all.truncate(MOST as usize);
        Some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_those_of_poll() {
        for (bits, names) in [
            (0x2011, "POLLIN|POLLRDHUP|POLLHUP"),
            (0x0140, "POLLIN|POLLOUT"),
            (0x010c, "POLLOUT|POLLERR"),
            (0x0003, "POLLIN|POLLPRI"),
        ] {
            assert_eq!(of_events(3, bits), PolledDescriptor::new(3, names.parse().unwrap()), "{bits:#x}");
        }
    }
}
