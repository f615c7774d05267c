//! The threads that make the sides' calls, as far as the lab needs to know how each stands.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{Actor, Caller, Member, Side, SideProcess};

/// A thread of one that takes part. Whose it is in the lab is a [`Caller`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OwnThread {
    /// Of which process of its side it is.
    pub process: SideProcess,
    /// Which of that process's threads it is, by the number that [`Caller::worker`] has.
    pub worker: u32,
}

impl OwnThread {
    /// A process's main thread.
    pub fn main(process: SideProcess) -> OwnThread {
        OwnThread { process, worker: Caller::MAIN }
    }
}

impl From<(Side, u32)> for OwnThread {
    /// This thread of the process that came.
    fn from((side, worker): (Side, u32)) -> OwnThread {
        OwnThread { process: side.into(), worker }
    }
}

/// How a thread that is in a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InCall {
    /// About to return or to sleep.
    OnTheWay,
    /// The kernel said that it sleeps.
    Asleep,
}

/// The threads that are in a call.
#[derive(Debug, Default)]
pub(super) struct CallThreads {
    in_call: BTreeMap<Caller, InCall>,
}

impl CallThreads {
    /// Those that are in a call already, with whether the kernel said that they sleep.
    pub(super) fn resume(in_call: impl Iterator<Item = (Caller, bool)>) -> CallThreads {
        let state = |asleep| if asleep { InCall::Asleep } else { InCall::OnTheWay };
        CallThreads { in_call: in_call.map(|(caller, asleep)| (caller, state(asleep))).collect() }
    }

    /// A thread goes into a call; `false` where it is in one.
    pub(super) fn enters(&mut self, caller: Caller) -> bool {
        let idle = !self.in_call.contains_key(&caller);
        if idle {
            self.in_call.insert(caller, InCall::OnTheWay);
        }
        idle
    }

    /// The thread of an actor's that makes its next call: the main one, and while that sleeps in a call the first further one that is in
    /// none. `None` while a call is on its way to return or to sleep, so that no call overtakes the one before, and where all sleep.
    pub(super) fn next_of(&self, actor: Actor) -> Option<u32> {
        let state = |worker| self.in_call.get(&Caller { actor, worker });
        let all = || std::iter::once(Caller::MAIN).chain(Caller::SECOND..=Caller::LAST);
        let hurries = all().any(|worker| state(worker) == Some(&InCall::OnTheWay));
        if hurries { None } else { all().find(|worker| state(*worker).is_none()) }
    }

    /// The kernel says that a thread sleeps; `false` where that is no news.
    pub(super) fn sleeps(&mut self, caller: Caller) -> bool {
        let state = self.in_call.get_mut(&caller).filter(|state| **state == InCall::OnTheWay);
        state.map(|state| *state = InCall::Asleep).is_some()
    }

    /// A thread's call came back; `false` where it was in none.
    pub(super) fn returns(&mut self, caller: Caller) -> bool {
        self.in_call.remove(&caller).is_some()
    }

    /// Whether a thread is in a call.
    pub(super) fn is_in_call(&self, caller: Caller) -> bool {
        self.in_call.contains_key(&caller)
    }

    /// An actor's threads have ended with its process.
    pub(super) fn killed(&mut self, actor: Actor) {
        self.in_call.retain(|caller, _| caller.actor != actor);
    }

    /// One's threads have ended with its process.
    pub(super) fn end_of(&mut self, member: &Member) {
        self.in_call.retain(|caller, _| !member.is(caller.actor));
    }

    /// Whether a call is about to return or to sleep.
    pub(super) fn on_the_way(&self) -> bool {
        self.in_call.values().any(|state| *state == InCall::OnTheWay)
    }
}
