//! Who takes part in a lab, and who may come in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::threads::OwnThread;
use crate::model::{Actor, Caller, Member, Side, SideProcess, View};

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

/// A child that a process of one that takes part has made, or is about to.
#[derive(Debug)]
struct ChildProcess {
    /// Whose it is.
    of: u32,
    course: ChildCourse,
}

/// How far a child has come. Of one that has ended its number stays: its calls stand in the trace under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ChildCourse {
    /// This thread is in the `fork()` that is to make it.
    Awaited(Caller),
    Lives,
    Ended,
}

/// Those that take part.
#[derive(Debug, Default)]
pub(super) struct Peers {
    members: BTreeMap<u32, Member>,
    children: BTreeMap<Actor, ChildProcess>,
}

impl Peers {
    /// Those that take part already, with the numbers that they have, and their children.
    pub(super) fn resume(view: &View<'_>) -> Peers {
        let members = view.members().into_iter().map(|member| (member.number, member.clone())).collect();
        let mut peers = Peers { members, children: BTreeMap::new() };
        for child in view.all_actors() {
            let root = view.trace().root_of(child);
            let of = peers.members.values().find(|member| member.is(root)).map(|member| member.number);
            if child != root {
                let lives = of.is_some() && !view.has_ended(child);
                let course = if lives { ChildCourse::Lives } else { ChildCourse::Ended };
                peers.children.insert(child, ChildProcess { of: of.unwrap_or_default(), course });
            }
        }
        peers
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
            newcomer.played().all(|actor| self.is_free(actor))
        };
        (1..).find(is_free).unwrap_or(u32::MAX)
    }

    /// Whether nobody is this actor, or was it as a child.
    fn is_free(&self, actor: Actor) -> bool {
        !self.members.values().any(|other| other.makes(actor)) && !self.children.contains_key(&actor)
    }

    /// Whether one may have a further child that plays this side's part.
    pub(super) fn may_fork(&self, number: u32, side: Side) -> bool {
        let living = self.children.iter().filter(|(child, process)| {
            child.side == side && process.of == number && process.course != ChildCourse::Ended
        });
        living.count() < SideProcess::MOST_CHILDREN
    }

    /// A thread of one's goes into `fork()`: which of its side's actors the child is to be.
    pub(super) fn forks(&mut self, number: u32, parent: Caller) -> u32 {
        let side = parent.actor.side;
        let nth = (Actor::FIRST + 1..).find(|nth| self.is_free(Actor { side, nth: *nth })).unwrap_or(u32::MAX);
        let course = ChildCourse::Awaited(parent);
        self.children.insert(Actor { side, nth }, ChildProcess { of: number, course });
        nth
    }

    /// A thread's call came back, and says that it made this child: `None` where it is none for which it was asked.
    pub(super) fn forked(&mut self, parent: Caller, told: Option<u32>) -> Option<u32> {
        let awaited = |process: &ChildProcess| process.course == ChildCourse::Awaited(parent);
        let child = self.children.iter().find(|(_, process)| awaited(process)).map(|(child, _)| *child)?;
        if told == Some(child.nth) {
            self.children.get_mut(&child)?.course = ChildCourse::Lives;
        } else {
            self.children.remove(&child);
        }
        told.filter(|nth| *nth == child.nth)
    }

    /// A process was killed.
    pub(super) fn ended(&mut self, actor: Actor) {
        let awaited =
            |process: &ChildProcess| matches!(process.course, ChildCourse::Awaited(parent) if parent.actor == actor);
        self.children.retain(|_, process| !awaited(process));
        if let Some(process) = self.children.get_mut(&actor) {
            process.course = ChildCourse::Ended;
        }
    }

    /// Somebody is gone: who it was, and the children that went with it.
    pub(super) fn remove(&mut self, number: u32) -> Option<(Member, Vec<Actor>)> {
        let member = self.members.remove(&number)?;
        let mut ended = Vec::new();
        for (child, process) in self.children.iter_mut().filter(|(_, process)| process.of == number) {
            if process.course == ChildCourse::Lives {
                ended.push(*child);
            }
            process.course = ChildCourse::Ended;
        }
        Some((member, ended))
    }

    /// One that takes part.
    pub(super) fn get(&self, number: u32) -> Option<&Member> {
        self.members.get(&number)
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    /// Whose a thread of one's is; `None` where it doesn't make that side's calls, or has no such child any more.
    pub(super) fn caller(&self, number: u32, OwnThread { process, worker }: OwnThread) -> Option<Caller> {
        let SideProcess { side, child } = process;
        if child == SideProcess::CAME {
            let actor = self.get(number)?.actors().find(|actor| actor.side == side)?;
            return Some(Caller { actor, worker });
        }
        let actor = Actor { side, nth: child };
        let its = self.children.get(&actor).filter(|its| its.of == number && its.course == ChildCourse::Lives);
        its.map(|_| Caller { actor, worker })
    }

    /// Whether somebody runs a program.
    pub(super) fn run_programs(&self) -> bool {
        self.members.values().any(Member::runs_program)
    }
}
