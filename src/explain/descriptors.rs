//! Which descriptors a side's processes have, by the calls that opened, copied and closed them.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Actor, Call, CallView, Moment, TableChange, View};

/// What a call did to the descriptors of the process that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TableEffect {
    /// A new socket or epoll instance has this number.
    Opens(i32),
    /// What one number stands for, another one stands for too (`dup(2)`).
    Copies { from: i32, to: i32 },
    /// The number is free.
    Closes(i32),
    /// This child has a copy of all.
    Forks(Actor),
}

impl TableEffect {
    /// `None` of a call that has none, or that failed or hasn't come back.
    pub(super) fn of(call: &CallView<'_>) -> Option<TableEffect> {
        let returned = call.outcome?.as_ref().ok()?;
        let made = || i32::try_from(returned.value).ok();
        match call.call {
            Call::Socket { .. } | Call::Accept { .. } | Call::EpollCreate => made().map(TableEffect::Opens),
            Call::Dup { fd } => made().map(|to| TableEffect::Copies { from: *fd, to }),
            Call::Close { fd } => Some(TableEffect::Closes(*fd)),
            Call::Fork => returned.child.map(|nth| TableEffect::Forks(Actor { nth, ..call.caller.actor })),
            _ => None,
        }
    }

    /// The number that it gives or takes away.
    fn fd(self) -> Option<i32> {
        match self {
            TableEffect::Opens(fd) | TableEffect::Copies { to: fd, .. } | TableEffect::Closes(fd) => Some(fd),
            TableEffect::Forks(_) => None,
        }
    }
}

/// What became last of each number that a process has or had, the newest first, with the call that did it.
pub(super) fn newest<'a>(
    view: &View<'a>,
    actor: Actor,
) -> impl Iterator<Item = (i32, TableEffect, CallView<'a>)> + use<'a> {
    let mut seen = BTreeSet::new();
    view.table_effects(actor).filter_map(move |call| {
        let effect = TableEffect::of(&call)?;
        let fd = effect.fd().filter(|fd| seen.insert(*fd))?;
        Some((fd, effect, call))
    })
}

/// The call that made what this effect leaves the number for: `socket()`, `accept()` or `epoll_create1()`. `None` where the number
/// is free.
pub(super) fn maker<'a>(view: &View<'a>, effect: TableEffect, call: CallView<'a>) -> Option<CallView<'a>> {
    match effect {
        TableEffect::Opens(_) => Some(call),
        TableEffect::Copies { from, .. } => {
            let before = view.trace().at(call.changed);
            let (_, effect, call) = newest(&before, call.caller.actor).find(|(fd, ..)| *fd == from)?;
            maker(&before, effect, call)
        }
        TableEffect::Closes(_) | TableEffect::Forks(_) => None,
    }
}

/// An open file description (`open(2)`) of a side: a socket, or an epoll instance, whichever descriptors it has.
pub(super) struct OpenFile<'a> {
    /// The call that made it.
    pub(super) maker: CallView<'a>,
    /// The calls on any of its descriptors since, the oldest first.
    pub(super) calls: Vec<CallView<'a>>,
    /// The descriptors that are open at the view's moment, each with the process that has it.
    pub(super) fds: Vec<(Actor, i32)>,
    /// Whether one of its descriptors was copied, by `dup()` or `fork()`.
    pub(super) was_copied: bool,
}

impl<'a> OpenFile<'a> {
    /// The one that a descriptor is of; `None` where the process has none of this number then.
    pub(super) fn of(view: &View<'a>, actor: Actor, fd: i32) -> Option<OpenFile<'a>> {
        let mut tables = DescriptorTables::default();
        // The calls that were made on one, with it.
        let mut on: Vec<(Moment, CallView<'a>)> = Vec::new();
        for change in view.table_changes(actor) {
            on.extend(tables.take(&change));
        }
        let file = tables.file(actor, fd)?;
        let fds = tables.open.iter().filter(|(_, of)| **of == file).map(|(held, _)| *held).collect();
        let calls = on.into_iter().filter(|(of, _)| *of == file).map(|(_, call)| call).collect();
        Some(OpenFile { maker: *tables.makers.get(&file)?, calls, fds, was_copied: tables.copied.contains(&file) })
    }
}

/// What each open descriptor of a family of processes stands for: by the entry at which the call that made it came back.
#[derive(Default)]
pub(super) struct DescriptorTables<'a> {
    open: BTreeMap<(Actor, i32), Moment>,
    makers: BTreeMap<Moment, CallView<'a>>,
    copied: BTreeSet<Moment>,
}

impl<'a> DescriptorTables<'a> {
    /// What a process's descriptor stands for.
    pub(super) fn file(&self, actor: Actor, fd: i32) -> Option<Moment> {
        self.open.get(&(actor, fd)).copied()
    }

    /// Whether a descriptor of it is open.
    pub(super) fn has(&self, file: Moment) -> bool {
        self.open.values().any(|open| *open == file)
    }

    /// A process's descriptors, each with what it stands for.
    pub(super) fn of(&self, actor: Actor) -> impl Iterator<Item = (i32, Moment)> {
        self.open.iter().filter(move |((of, _), _)| *of == actor).map(|((_, fd), file)| (*fd, *file))
    }

    /// Takes one change: of a call on a descriptor, what that stood for and the call.
    pub(super) fn take(&mut self, change: &TableChange<'a>) -> Option<(Moment, CallView<'a>)> {
        let call = match change {
            TableChange::Called(call) => *call,
            TableChange::Ended(actor) => {
                self.open.retain(|(of, _), _| of != actor);
                return None;
            }
        };
        let actor = call.caller.actor;
        let on = call.call.fd().and_then(|fd| self.file(actor, fd));
        match (TableEffect::of(&call), on) {
            (Some(TableEffect::Opens(fd)), _) => {
                self.open.insert((actor, fd), call.changed);
                self.makers.insert(call.changed, call);
            }
            (Some(TableEffect::Copies { to, .. }), Some(on)) => {
                self.open.insert((actor, to), on);
                self.copied.insert(on);
            }
            (Some(TableEffect::Closes(fd)), _) => drop(self.open.remove(&(actor, fd))),
            (Some(TableEffect::Forks(child)), _) => {
                let inherited: Vec<(i32, Moment)> = self.of(actor).collect();
                self.copied.extend(inherited.iter().map(|(_, file)| *file));
                self.open.extend(inherited.into_iter().map(|(fd, file)| ((child, fd), file)));
            }
            (Some(TableEffect::Copies { .. }) | None, _) => {}
        }
        Some((on?, call))
    }
}
