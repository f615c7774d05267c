//! The names that a lesson gives to its sockets, and what the kernel calls them.

use std::collections::BTreeMap;

use crate::model::{ConnectionEnd, Side, SocketFacts, SocketView, View};

/// A socket that a lesson named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedSocket {
    /// Whose it is.
    pub side: Side,
    /// Its descriptor.
    pub fd: i32,
    /// The kernel's name, once an observation told it.
    pub cookie: Option<u64>,
}

/// All named sockets of a walk.
#[derive(Clone, Debug, Default)]
pub struct Names {
    named: BTreeMap<String, NamedSocket>,
}

impl Names {
    /// A call made this descriptor, and the lesson calls it so.
    pub fn name(&mut self, name: &str, side: Side, fd: i32) {
        self.named.insert(name.to_owned(), NamedSocket { side, fd, cookie: None });
    }

    /// The same of one that a program's call made, of which the kernel's name may be known already.
    pub fn name_made(&mut self, name: &str, (side, fd): (Side, i32), cookie: Option<u64>) {
        self.named.insert(name.to_owned(), NamedSocket { side, fd, cookie });
    }

    /// Learns the kernel's name of a descriptor from what the kernel says of a socket.
    pub fn learn(&mut self, facts: &SocketFacts) {
        for named in self.named.values_mut().filter(|named| named.cookie.is_none()) {
            if facts.has_fd(named.fd) && facts.side == Some(named.side) {
                named.cookie = Some(facts.cookie);
            }
        }
    }

    /// The socket of this name; `None` where its call hasn't returned.
    pub fn get(&self, name: &str) -> Option<NamedSocket> {
        self.named.get(name).copied()
    }

    /// The one name that a side's descriptor has, or had; `None` where there are several, since a number is used again.
    pub fn only(&self, side: Side, fd: i32) -> Option<&str> {
        let mut names = self.named.iter().filter(|(_, named)| (named.side, named.fd) == (side, fd));
        names.next().filter(|_| names.next().is_none()).map(|(name, _)| name.as_str())
    }

    /// What the kernel has of an end; `None` where it has no such socket, and never had.
    pub fn find<'a>(&self, end: &ConnectionEnd, view: View<'a>) -> Option<SocketView<'a>> {
        match end {
            ConnectionEnd::Socket(name) => view.socket(self.get(name)?.cookie?),
            ConnectionEnd::PeerOf(name) => view.socket(view.trace().peer_of(self.get(name)?.cookie?)?),
        }
    }
}
