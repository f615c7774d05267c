//! Who makes calls.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Side;

/// One of those that play a side's part in a lab: a process, or a lesson's thread. The first server and the first client
/// are those of a lesson; a lab that processes share may have several of each.
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
    /// 0 is the actor's main thread; each of the others serves one connection, and is called by its descriptor.
    pub worker: u32,
}

impl From<Side> for Caller {
    /// The main thread of the first of that side.
    fn from(side: Side) -> Caller {
        Caller { actor: side.into(), worker: 0 }
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
