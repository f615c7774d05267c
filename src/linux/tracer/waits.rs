//! Which descriptors a call waits for, and of which it told that they are ready.

use super::arguments::Reader;
use super::descriptors::{DescriptorTarget, open, socket};
use super::epoll::{self, WatchedDescriptor};
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
    fn watches(&self) -> Option<Vec<WatchedDescriptor>> {
        epoll::watched(self.thread, self.arguments[0] as i32)
    }

    /// The descriptors for which the call waits, at most [`MOST`], without their sockets; `None` where they can't be known.
    pub(super) fn waits(&self) -> Option<Vec<PolledDescriptor>> {
        match self.row.name {
            "poll" | "ppoll" => {
                let polled = self.polled_fds(self.arguments[0], self.arguments[1])?.into_iter();
                Some(polled.filter(|(fd, ..)| *fd >= 0).map(|(fd, events, _)| of_events(fd, events.into())).collect())
            }
            "select" | "pselect6" => {
                let all = self.of_sets(Reader::all_set_fds)?.into_iter();
                // One that is left out is told where it is a socket: else it is no mistake that anybody would notice.
                let is_meant = |fd| fd < self.arguments[0] as i32 || socket(self.thread, fd).is_some();
                Some(all.filter(|of| is_meant(of.fd)).collect())
            }
            "epoll_wait" | "epoll_pwait" | "epoll_pwait2" => {
                // The number may be closed, or another one's, and what it stood for is open elsewhere.
                let known = |watched: &WatchedDescriptor| match open(self.thread, watched.fd) {
                    DescriptorTarget::Socket(_) | DescriptorTarget::Nothing => watched.inode,
                    DescriptorTarget::Other => None,
                };
                let one = |watched: WatchedDescriptor| PolledDescriptor {
                    socket: known(&watched),
                    ..of_events(watched.fd, watched.events)
                };
                Some(self.watches()?.into_iter().take(MOST as usize).map(one).collect())
            }
            _ => None,
        }
    }

    /// The descriptors of which the call told that they are ready, as far as they are known, without their sockets.
    pub(super) fn ready(&self) -> Vec<PolledDescriptor> {
        let count = self.value.and_then(|value| u64::try_from(value).ok()).unwrap_or(0);
        match self.row.name {
            _ if count == 0 => Vec::new(),
            "poll" | "ppoll" => {
                let polled = self.polled_fds(self.arguments[0], self.arguments[1]).unwrap_or_default().into_iter();
                polled.filter(|(.., ready)| *ready != 0).map(|(fd, _, ready)| of_events(fd, ready.into())).collect()
            }
            "select" | "pselect6" => self.of_sets(Reader::set_fds).unwrap_or_default(),
            "epoll_wait" | "epoll_pwait" | "epoll_pwait2" => {
                let registered = self.watches().unwrap_or_default();
                let one = |at: u64| epoll::event(self.memory, self.arguments[1].checked_add(at * epoll::EVENT)?);
                let told = (0..count.min(MOST)).map_while(one);
                let one = |(events, data): (u32, u64)| {
                    let fd = epoll::of_data(&registered, data)?;
                    let inode = registered.iter().find(|watched| watched.fd == fd).and_then(|watched| watched.inode);
                    let socket = inode.filter(|_| open(self.thread, fd) == DescriptorTarget::Nothing);
                    Some(PolledDescriptor { socket, ..of_events(fd, events) })
                };
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
                    None => all.push(PolledDescriptor::new(fd, events)),
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
