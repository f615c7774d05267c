//! What the calls of a side's processes, parents and children, did to their descriptors (`fork(2)`).

use super::calls::call_view;
use super::{Actor, CallView, Fork, Moment, Trace, View};

/// What changed which descriptors a family of processes has.
#[derive(Clone, Copy, Debug)]
pub enum TableChange<'a> {
    /// One of them made this call, as it stands.
    Called(CallView<'a>),
    /// The process has ended: what it had is closed.
    Ended(Actor),
}

impl Trace {
    /// The process that came, of which this one is a child, a child's child and so on; itself where it is no child.
    pub fn root_of(&self, actor: Actor) -> Actor {
        self.calls.forks.root(actor)
    }
}

impl<'a> View<'a> {
    /// The `fork()` that made an actor; `None` where it is no child, or wasn't one yet.
    pub fn fork_of(&self, actor: Actor) -> Option<Fork> {
        self.trace().calls.forks.get(actor).filter(|fork| fork.made < self.moment())
    }

    /// All children that were made by then.
    pub(super) fn forked(&self) -> impl Iterator<Item = Actor> + use<'a> {
        let moment = self.moment();
        self.trace().calls.forks.all().filter(move |(_, fork)| fork.made < moment).map(|(child, _)| child)
    }

    /// The children that a process which came has made by then, and theirs, also those that have ended.
    pub fn children(&self, root: Actor) -> Vec<Actor> {
        let moment = self.moment();
        self.trace().calls.forks.of(root).filter(|(_, fork)| fork.made < moment).map(|(child, _)| child).collect()
    }

    /// These processes, and their children and theirs that live.
    pub fn with_children(&self, own: &[Actor]) -> Vec<Actor> {
        let lives = |child: &Actor| !self.has_ended(*child);
        let family = |own: &Actor| [*own].into_iter().chain(self.children(*own).into_iter().filter(lives));
        own.iter().flat_map(|own| family(own).collect::<Vec<_>>()).collect()
    }

    /// A process and all that share an ancestor with it, the one that came at first.
    pub fn family(&self, actor: Actor) -> Vec<Actor> {
        let root = self.trace().root_of(actor);
        [root].into_iter().chain(self.children(root)).collect()
    }

    /// Whether a child has ended: no call of its is made any more.
    pub fn has_ended(&self, child: Actor) -> bool {
        let Some(fork) = self.fork_of(child) else { return false };
        self.driven(child).iter().any(|ended| *ended > fork.made)
    }

    /// The calls that tell which descriptors a process has: its own, as [`View::own_effects`] has them, then of the table that it
    /// was given the parent's, as they had come back by then.
    pub fn table_effects(&self, actor: Actor) -> impl Iterator<Item = CallView<'a>> + use<'a> {
        let mut line = vec![(*self, actor)];
        while let Some((view, youngest)) = line.last().copied()
            && let Some(fork) = view.fork_of(youngest).filter(|_| !view.has_ended(youngest))
        {
            line.push((view.trace().at(fork.made), fork.parent));
        }
        let effects = line.into_iter().enumerate();
        effects.flat_map(|(n, (view, actor))| view.own_effects(actor).filter(move |call| n == 0 || !call.is_open()))
    }

    /// What changed the descriptors of a process and of its family, in the order in which it took effect. Calls that haven't come
    /// back come last.
    pub fn table_changes(&self, actor: Actor) -> Vec<TableChange<'a>> {
        let (trace, moment) = (self.trace(), self.moment());
        let mut changes: Vec<(Moment, TableChange<'a>)> = Vec::new();
        for actor in self.family(actor) {
            let returned = trace.calls.returned(actor, moment).chain(trace.calls.open_of(actor, moment));
            changes.extend(returned.map(|record| {
                let call = call_view(trace.entries(), record, moment);
                (if call.is_open() { moment } else { call.changed }, TableChange::Called(call))
            }));
            changes.extend(self.driven(actor).iter().map(|at| (*at, TableChange::Ended(actor))));
        }
        changes.sort_by_key(|(at, _)| *at);
        changes.into_iter().map(|(_, change)| change).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::{Call, Caller, Event, Returned, Side};

    fn of(nth: u32) -> Caller {
        Caller { actor: Actor { side: Side::Server, nth }, worker: 0 }
    }

    /// A call of one of the server's processes, by its number.
    fn calls(trace: &mut Trace, nth: u32, call: Call, returned: Returned) {
        trace.push(Duration::ZERO, Event::Entered { caller: of(nth), call });
        trace.push(Duration::ZERO, Event::Returned { caller: of(nth), outcome: Ok(returned) });
    }

    fn forks(trace: &mut Trace, parent: u32, child: u32) {
        calls(trace, parent, Call::Fork, Returned { value: 4711, child: Some(child), ..Returned::default() });
    }

    #[test]
    fn a_child_begins_with_what_its_parent_had_done_and_ends_alone() {
        let server = |nth| Actor { side: Side::Server, nth };
        let mut trace = Trace::default();
        let closed = |fd| Call::Close { fd };
        calls(&mut trace, 1, Call::Socket { ipv6: false, udp: false }, Returned { value: 3, ..Returned::default() });
        forks(&mut trace, 1, 2);
        calls(&mut trace, 1, closed(3), Returned::default());
        calls(&mut trace, 2, closed(0), Returned::default());
        forks(&mut trace, 2, 5);
        let names = |view: &View<'_>, nth| -> Vec<String> {
            view.table_effects(server(nth)).map(|call| format!("{} {}", call.caller.actor.nth, call.call)).collect()
        };
        let view = trace.present();
        assert_eq!(names(&view, 1), ["1 close(3)", "1 fork()", "1 socket(AF_INET, SOCK_STREAM, 0)"]);
        assert_eq!(names(&view, 2), ["2 fork()", "2 close(0)", "1 socket(AF_INET, SOCK_STREAM, 0)"]);
        assert_eq!(names(&view, 5), ["2 close(0)", "1 socket(AF_INET, SOCK_STREAM, 0)"]);
        for nth in [1, 2, 5] {
            assert_eq!(
                (trace.root_of(server(nth)), view.family(server(nth))),
                (server(1), [1, 2, 5].map(server).into())
            );
        }
        // Its parent's end is none of its own.
        trace.push(Duration::ZERO, Event::Killed(server(2)));
        let view = trace.present();
        assert_eq!([1, 2, 5].map(|nth| view.has_ended(server(nth))), [false, true, false]);
        assert!(names(&view, 2).is_empty() && names(&view, 5).len() == 2);
        let changes = view.table_changes(server(5));
        assert!(matches!(changes.last(), Some(TableChange::Ended(actor)) if *actor == server(2)));
        assert_eq!(changes.len(), 6);
    }
}
