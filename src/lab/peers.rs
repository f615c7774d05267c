//! Who takes part in a lab, and who may come in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{Member, Role, Side};

/// The most that take part at a time.
const MOST_PEERS: usize = 64;

/// Why somebody isn't let in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Denial {
    /// The side is another process's.
    Taken {
        /// The side.
        side: Side,
        /// Its process.
        pid: u32,
    },
    /// The lab is kept by another version of the program.
    Version(String),
    /// There are too many.
    Full,
    /// A lesson runs in the lab, which is its own: one can look on.
    Lesson,
}

/// Those that take part.
#[derive(Debug, Default)]
pub(super) struct Peers {
    members: BTreeMap<u32, Member>,
}

impl Peers {
    /// Lets somebody in, or says why not.
    pub(super) fn admit(&mut self, member: Member) -> Result<(), Denial> {
        if self.members.len() >= MOST_PEERS {
            return Err(Denial::Full);
        }
        for side in member.role.sides() {
            if let Some(other) = self.members.values().find(|other| other.role.drives(side)) {
                return Err(Denial::Taken { side, pid: other.pid });
            }
        }
        self.members.insert(member.number, member);
        Ok(())
    }

    /// Somebody is gone: who it was.
    pub(super) fn remove(&mut self, number: u32) -> Option<Member> {
        self.members.remove(&number)
    }

    /// One that takes part.
    pub(super) fn get(&self, number: u32) -> Option<&Member> {
        self.members.get(&number)
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    /// Whether one makes a side's calls.
    pub(super) fn drives(&self, number: u32, side: Side) -> bool {
        self.get(number).is_some_and(|member| member.role.drives(side))
    }

    /// Whether somebody runs a program.
    pub(super) fn run_programs(&self) -> bool {
        self.members.values().any(|member| matches!(member.role, Role::Runs(_)))
    }
}
