//! Which descriptors a call waits for, and of which it told that they are ready.

use super::arguments::Reader;
use super::descriptors::{DescriptorTarget, open};
use super::epoll::{self, WatchedDescriptor};
use super::text::MOST;
use crate::model::PolledDescriptor;

/// Events of `poll(2)`, which are `epoll(7)`'s too.
const READABLE: u32 = (libc::POLLIN | libc::POLLRDNORM) as u32;
const WRITABLE: u32 = (libc::POLLOUT | libc::POLLWRNORM) as u32;
const ERROR: u32 = libc::POLLERR as u32;
const HUNG_UP: u32 = libc::POLLHUP as u32 | libc::EPOLLRDHUP as u32;

fn of_events(fd: i32, events: u32) -> PolledDescriptor {
    let any = |of: u32| events & of != 0;
    let (readable, writable, error, hung_up) = (any(READABLE), any(WRITABLE), any(ERROR), any(HUNG_UP));
    PolledDescriptor { fd, socket: None, readable, writable, error, hung_up }
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
            "select" | "pselect6" => self.of_sets(),
            "epoll_wait" | "epoll_pwait" | "epoll_pwait2" => {
                let same = |watched: &WatchedDescriptor| match open(self.thread, watched.fd) {
                    DescriptorTarget::Socket(inode) => watched.inode.is_none_or(|of| of == inode),
                    DescriptorTarget::Other => true,
                    // The number was closed, and what it stood for is open elsewhere.
                    DescriptorTarget::Nothing => false,
                };
                let watched = self.watches()?.into_iter().take(MOST as usize).filter(same);
                Some(watched.map(|watched| of_events(watched.fd, watched.events)).collect())
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
            "select" | "pselect6" => self.of_sets().unwrap_or_default(),
            "epoll_wait" | "epoll_pwait" | "epoll_pwait2" => {
                let registered = self.watches().unwrap_or_default();
                let one = |at: u64| epoll::event(self.memory, self.arguments[1].checked_add(at * epoll::EVENT)?);
                let told = (0..count.min(MOST)).map_while(one);
                told.filter_map(|(events, data)| Some(of_events(epoll::of_data(&registered, data)?, events))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Those in the sets of select: what they are read, written and looked at for; after the call, what they are ready for.
    fn of_sets(&self) -> Option<Vec<PolledDescriptor>> {
        let mut all: Vec<PolledDescriptor> = Vec::new();
        for (at, events) in [(1, READABLE), (2, WRITABLE), (3, ERROR)] {
            let set = self.arguments[at];
            for fd in if set == 0 { Vec::new() } else { self.set_fds(set)? } {
                let new = of_events(fd, events);
                match all.iter_mut().find(|known| known.fd == fd) {
                    Some(known) => {
                        known.readable |= new.readable;
                        known.writable |= new.writable;
                        known.error |= new.error;
                    }
                    None => all.push(new),
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
        let told = of_events(3, 0x2011);
        assert_eq!((told.readable, told.writable, told.error, told.hung_up), (true, false, false, true));
        let told = of_events(3, 0x010c);
        assert_eq!((told.readable, told.writable, told.error, told.hung_up), (false, true, true, false));
    }
}
