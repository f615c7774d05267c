//! The names that a lesson gives to its sockets and the numbers that it gives to its processes, and what the kernel and the lab call
//! them.

use std::collections::BTreeMap;

use crate::model::{Actor, ConnectionEnd, Returned, Side, SocketFacts, SocketView, View};

/// A socket that a lesson named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedSocket {
    /// Whose it is.
    pub side: Side,
    /// Which of its side's processes made it, as [`Actor::nth`] has it.
    pub process: u32,
    /// Its descriptor.
    pub fd: i32,
    /// The kernel's name, once an observation told it.
    pub cookie: Option<u64>,
}

/// What the lesson calls that which a step's call makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Naming {
    /// A descriptor, by its name.
    Descriptor(String),
    /// A child, by its number among its side's processes, from 2.
    Child(u32),
}

/// All named sockets of a walk, and its processes.
#[derive(Clone, Debug, Default)]
pub struct Names {
    named: BTreeMap<String, NamedSocket>,
    /// Of the lesson's children, by side and number, which of its side's actors each is, as [`Actor::nth`] has it: another number
    /// where the learner has called `fork()` too.
    children: BTreeMap<(Side, u32), u32>,
}

impl Names {
    /// A call came back that makes what the lesson calls so.
    pub fn made(&mut self, naming: Naming, by: Actor, returned: &Returned) {
        match naming {
            Naming::Descriptor(name) => self.name(&name, by, returned.value as i32),
            Naming::Child(number) => {
                self.children.extend(returned.child.map(|nth| ((by.side, number), nth)));
            }
        }
    }

    /// Whom the lesson means by a process of a side; `None` where its `fork()` has made none.
    pub fn process(&self, side: Side, number: u32) -> Option<Actor> {
        let nth = if number == Actor::FIRST { Some(number) } else { self.children.get(&(side, number)).copied() };
        nth.map(|nth| Actor { side, nth })
    }

    /// A call made this descriptor, and the lesson calls it so.
    fn name(&mut self, name: &str, Actor { side, nth: process }: Actor, fd: i32) {
        self.named.insert(name.to_owned(), NamedSocket { side, process, fd, cookie: None });
    }

    /// The same of one that a program's call made, of which the kernel's name may be known already.
    pub fn name_made(&mut self, name: &str, (side, fd): (Side, i32), cookie: Option<u64>) {
        self.named.insert(name.to_owned(), NamedSocket { side, process: Actor::FIRST, fd, cookie });
    }

    /// Learns the kernel's name of a descriptor from what the kernel says of a socket.
    pub fn learn(&mut self, facts: &SocketFacts) {
        for named in self.named.values_mut().filter(|named| named.cookie.is_none()) {
            if facts.is_open_as(Actor { side: named.side, nth: named.process }, named.fd) {
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
