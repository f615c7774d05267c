//! The calls of an actor's own threads, which share a table of descriptors: in which order they took effect, and which are open.

use super::calls::{CallRecord, call_view};
use super::{Actor, CallView, Caller, Moment, View};

impl<'a> View<'a> {
    /// The calls of the process that an actor is, in the order in which they came back, the last first: what an earlier process opened is
    /// closed, and a call of one thread may come back after a later one of another. Those that haven't come back come first.
    pub fn own_effects(&self, actor: Actor) -> impl Iterator<Item = CallView<'a>> + use<'a> {
        let (trace, moment, since) = (self.trace(), self.moment(), self.driven_since(actor));
        let open = trace.calls.open_of(actor, moment).filter(move |record| record.seen >= since);
        let has_returned = move |record: &&CallRecord| record.returned.as_ref().is_some_and(|(at, _)| *at >= since);
        let returned = trace.calls.returned(actor, moment).rev().take_while(has_returned);
        open.chain(returned).map(move |record| call_view(trace.entries(), record, moment))
    }

    /// The entries by then at which an actor's process came, left or was killed: its calls begin anew.
    pub(super) fn driven(&self, actor: Actor) -> &'a [Moment] {
        let driven = self.trace().driven.get(&actor).map_or(&[][..], Vec::as_slice);
        &driven[..driven.partition_point(|moment| *moment < self.moment())]
    }

    fn driven_since(&self, actor: Actor) -> Moment {
        self.driven(actor).last().copied().unwrap_or(0)
    }

    /// The call that an actor's main thread was in; `None` where it was in none.
    pub fn open_call(&self, actor: impl Into<Actor>) -> Option<CallView<'a>> {
        self.calls(actor).find(|call| call.caller.is_main()).filter(CallView::is_open)
    }

    /// The calls that an actor's own threads were in, by the numbers of the threads.
    pub fn open_calls(&self, actor: impl Into<Actor>) -> Vec<CallView<'a>> {
        let open = self.own_effects(actor.into()).take_while(CallView::is_open);
        let mut open: Vec<CallView<'a>> = open.filter(|call| call.made.is_none()).collect();
        open.sort_by_key(|call| call.caller.worker);
        open
    }

    /// A call that keeps an actor from making another one: it is about to return or to sleep, or as many threads as there may be sleep
    /// in one. While others sleep, a further thread makes the next call.
    pub fn busy_in(&self, actor: impl Into<Actor>) -> Option<CallView<'a>> {
        let open = self.open_calls(actor);
        let is_full = open.len() > (Caller::LAST - Caller::SECOND) as usize;
        open.into_iter().find(|call| is_full || !call.blocked)
    }

    /// The number of the thread that makes an actor's next call: the main one, and while that is in a call the first further one that is in
    /// none. `None` where all are.
    pub fn next_thread(&self, actor: impl Into<Actor>) -> Option<u32> {
        let open = self.open_calls(actor);
        let mut all = std::iter::once(Caller::MAIN).chain(Caller::SECOND..=Caller::LAST);
        all.find(|worker| open.iter().all(|call| call.caller.worker != *worker))
    }

    /// The call that a signal would interrupt: of the first of an actor's threads that sleeps.
    pub fn sleeping_in(&self, actor: impl Into<Actor>) -> Option<CallView<'a>> {
        self.open_calls(actor).into_iter().find(|call| call.blocked)
    }
}
