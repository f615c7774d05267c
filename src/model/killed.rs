//! Which actors' processes were killed.

use super::{Actor, Moment, View};

impl View<'_> {
    /// When the process that makes an actor's calls was killed last, where it has made none since.
    pub fn killed(&self, actor: impl Into<Actor>) -> Option<Moment> {
        let actor = actor.into();
        let killed = self.trace().killed.iter().rev();
        let (at, _) = { killed }.find(|(at, one)| *at < self.moment() && *one == actor)?;
        let called = self.calls(actor).next().is_some_and(|call| call.entered > *at);
        (!called).then_some(*at)
    }

    /// Whether no process makes an actor's calls any more: it was killed, or is a child that has ended.
    pub fn is_dead(&self, actor: Actor) -> bool {
        self.killed(actor).is_some() || self.has_ended(actor)
    }

    /// Whether the process that makes an actor's calls was killed between two entries.
    pub fn killed_between(&self, actor: Actor, from: Moment, to: Moment) -> bool {
        let to = to.min(self.moment());
        self.trace().killed.iter().any(|(at, one)| *one == actor && (from..to).contains(at))
    }
}
