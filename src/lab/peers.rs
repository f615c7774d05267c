//! Who takes part in a lab, and who may come in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::threads::OwnThread;
use crate::model::{Caller, Member};

/// The most that take part at a time.
const MOST_PEERS: usize = 64;

/// Why somebody isn't let in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Denial {
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
    /// Those that take part already, with the numbers that they have.
    pub(super) fn resume(members: impl Iterator<Item = Member>) -> Peers {
        Peers { members: members.map(|member| (member.number, member)).collect() }
    }

    /// Lets somebody in, with a number of its own among those of its sides, or says why not.
    pub(super) fn admit(&mut self, member: Member) -> Result<&Member, Denial> {
        if self.members.len() >= MOST_PEERS {
            return Err(Denial::Full);
        }
        let member = Member { nth: self.free_number(&member), ..member };
        Ok(self.members.entry(member.number).or_insert(member))
    }

    /// The lowest number that none of its sides has.
    fn free_number(&self, newcomer: &Member) -> u32 {
        let is_free = |nth: &u32| {
            let newcomer = Member { nth: *nth, ..newcomer.clone() };
            !self.members.values().any(|other| newcomer.played().any(|actor| other.makes(actor)))
        };
        (1..).find(is_free).unwrap_or(u32::MAX)
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

    /// Whose a thread of one's is; `None` where it doesn't make that side's calls.
    pub(super) fn caller(&self, number: u32, (side, worker): OwnThread) -> Option<Caller> {
        let actor = self.get(number)?.actors().find(|actor| actor.side == side)?;
        Some(Caller { actor, worker })
    }

    /// Whether somebody runs a program.
    pub(super) fn run_programs(&self) -> bool {
        self.members.values().any(Member::runs_program)
    }
}
