//! Who makes calls.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Side;

/// One of those that play a side's part in a lab: a process, or a lesson's thread. The first server and the first client
/// are those of a lesson; a lab that processes share may have several of each, and a child that `fork()` made is a further one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Actor {
    /// Whose part it plays.
    pub side: Side,
    /// The how many-th of that side it is, from 1 on.
    pub nth: u32,
}

impl Actor {
    /// The number of the first of a side.
    pub const FIRST: u32 = 1;

    /// Whether it is the first of its side, which needs no number.
    pub const fn is_first(self) -> bool {
        self.nth == Actor::FIRST
    }

    /// A name for people, made from its side's: a number follows where it isn't the first of its side.
    pub fn name(self, side: &str) -> String {
        if self.is_first() { side.to_owned() } else { format!("{side} {}", self.nth) }
    }
}

impl From<Side> for Actor {
    /// The first of that side.
    fn from(side: Side) -> Actor {
        Actor { side, nth: Actor::FIRST }
    }
}

/// A process that makes a side's calls for one that takes part in a lab: the one that came, or a child that its `fork()` made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SideProcess {
    /// Whose part it plays.
    pub side: Side,
    /// Of a child, which of its side's actors it is, as [`Actor::nth`] has it; [`SideProcess::CAME`] of the one that came.
    pub child: u32,
}

impl SideProcess {
    /// [`SideProcess::child`] of the process that came, which is no child.
    pub const CAME: u32 = 0;

    /// So many children of one that takes part live at the same time, at most.
    pub const MOST_CHILDREN: usize = 8;
}

impl From<Side> for SideProcess {
    /// The one that came.
    fn from(side: Side) -> SideProcess {
        SideProcess { side, child: SideProcess::CAME }
    }
}

impl fmt::Display for SideProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nth = if self.child == SideProcess::CAME { Actor::FIRST } else { self.child };
        Actor { side: self.side, nth }.fmt(f)
    }
}

/// Where a segment waits: whose it is to let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Door {
    /// Its receiver's, who has the address.
    Of(Actor),
    /// Of the other side than its sender's: who has the address isn't known, or nobody has it, as where a SYN goes to a port
    /// without a listener.
    OfSide(Side),
}

impl Door {
    /// Whether an actor can be its receiver.
    pub fn can_be(self, actor: Actor) -> bool {
        match self {
            Door::Of(receiver) => receiver == actor,
            Door::OfSide(side) => side == actor.side,
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name(self.side.name()))
    }
}

/// A thread that makes calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Caller {
    /// Whose it is.
    pub actor: Actor,
    /// 0 is the actor's main thread; a further one is called by its number from [`Caller::SECOND`] on, one that serves a connection by
    /// the connection's descriptor, one of a program's by the kernel's number.
    pub worker: u32,
}

impl Caller {
    /// An actor's main thread.
    pub const MAIN: u32 = 0;

    /// The first of an actor's further threads, which make its calls while the main one sleeps in one.
    pub const SECOND: u32 = 2;

    /// The last of them: so many threads of an actor make calls at the same time, at most.
    pub const LAST: u32 = 32;

    /// [`Caller::worker`] of the thread that a lesson calls by this number: 1 is the main one.
    pub const fn worker_of(thread: u32) -> u32 {
        if thread < Caller::SECOND { Caller::MAIN } else { thread }
    }

    /// Whether it is its actor's main thread.
    pub const fn is_main(self) -> bool {
        self.worker == Caller::MAIN
    }
}

impl From<Side> for Caller {
    /// The main thread of the first of that side.
    fn from(side: Side) -> Caller {
        Caller { actor: side.into(), worker: Caller::MAIN }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_a_side_has_its_name_alone() {
        let second = Actor { side: Side::Client, nth: 2 };
        assert_eq!([Actor::from(Side::Client), second].map(|actor| actor.to_string()), ["client", "client 2"]);
    }
}
