//! The threads that make the sides' calls, as far as the lab needs to know how each stands.

use std::collections::BTreeMap;

use crate::model::{Caller, Member, Side};

/// A thread of a process's own: the side whose calls it makes, and which of that side's threads it is. 0 is the main
/// thread; each of the others serves one connection. Whose it is in the lab is a [`Caller`].
pub type OwnThread = (Side, u32);

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

    /// One's threads have ended with its process.
    pub(super) fn end_of(&mut self, member: &Member) {
        self.in_call.retain(|caller, _| !member.is(caller.actor));
    }

    /// Whether a call is about to return or to sleep.
    pub(super) fn on_the_way(&self) -> bool {
        self.in_call.values().any(|state| *state == InCall::OnTheWay)
    }
}
