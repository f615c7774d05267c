//! What a side's own epoll instances watch, by the calls that told them.

use std::collections::BTreeMap;

use super::descriptors::{DescriptorTables, maker, newest};
use crate::model::{Actor, Call, CallView, EpollEvents, EpollOp, Moment, Returned, TableChange, View};

/// A descriptor that an epoll instance watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EpollEntry {
    pub(super) fd: i32,
    pub(super) events: EpollEvents,
    /// Whether it was told once, and is to be told no more (EPOLLONESHOT).
    pub(super) off: bool,
    /// What the descriptor stood for as it was added, by the entry that made it; `None` where no call was seen to make it.
    file: Option<Moment>,
}

/// The descriptors of a process that are of epoll instances, in order.
pub fn epoll_instances(view: &View<'_>, actor: Actor) -> Vec<i32> {
    let is_instance = |made: &CallView<'_>| made.call.makes_no_socket();
    let all = newest(view, actor)
        .filter(|(_, effect, call)| maker(view, *effect, *call).is_some_and(|made| is_instance(&made)));
    let mut open: Vec<i32> = all.map(|(fd, ..)| fd).collect();
    open.sort_unstable();
    open
}

/// Whether a process's descriptor is of an epoll instance.
pub(super) fn is_instance(view: &View<'_>, actor: Actor, fd: i32) -> bool {
    let made = newest(view, actor).find(|(of, ..)| *of == fd).and_then(|(_, effect, call)| maker(view, effect, call));
    made.is_some_and(|made| made.call.makes_no_socket())
}

/// What the epoll instance under this number watches at the view's moment, in the order in which it was told.
pub(super) fn watches(view: &View<'_>, actor: Actor, instance: i32) -> Vec<EpollEntry> {
    let mut watched = EpollWatches::at(view, actor);
    watched.tables.file(actor, instance).and_then(|file| watched.entries.remove(&file)).unwrap_or_default()
}

/// The epoll instances of a process that watch this descriptor, each by its lowest number.
pub(super) fn watching(view: &View<'_>, actor: Actor, fd: i32) -> Vec<i32> {
    let watched = EpollWatches::at(view, actor);
    // The number may have been another one's as it was added.
    let own = watched.tables.file(actor, fd);
    let is_it = |entry: &EpollEntry| (entry.fd, entry.file) == (fd, own);
    let mut found: BTreeMap<Moment, i32> = BTreeMap::new();
    for (number, file) in watched.tables.of(actor) {
        if watched.entries.get(&file).is_some_and(|entries| entries.iter().any(is_it)) {
            found.entry(file).or_insert(number);
        }
    }
    let mut found: Vec<i32> = found.into_values().collect();
    found.sort_unstable();
    found
}

/// What the epoll instances of a family of processes watch.
#[derive(Default)]
struct EpollWatches<'a> {
    tables: DescriptorTables<'a>,
    /// By what the instance's descriptors stand for.
    entries: BTreeMap<Moment, Vec<EpollEntry>>,
}

impl<'a> EpollWatches<'a> {
    fn at(view: &View<'a>, actor: Actor) -> EpollWatches<'a> {
        let mut watched = EpollWatches::default();
        for change in view.table_changes(actor) {
            let on = watched.tables.take(&change);
            if let Some((instance, call)) = on
                && let Some(Ok(returned)) = call.outcome
            {
                watched.told(instance, &call, returned);
            }
            match change {
                TableChange::Called(CallView { call: Call::Close { fd }, outcome: Some(Ok(_)), .. }) => {
                    watched.forget(on.is_none().then_some(*fd));
                }
                TableChange::Called(_) => {}
                TableChange::Ended(_) => watched.forget(None),
            }
        }
        watched
    }

    fn told(&mut self, instance: Moment, call: &CallView<'_>, returned: &Returned) {
        match call.call {
            Call::EpollCtl { op, fd, events, .. } => {
                let file = self.tables.file(call.caller.actor, *fd);
                let entries = self.entries.entry(instance).or_default();
                let new = EpollEntry { fd: *fd, events: *events, off: false, file };
                // One that is changed is told anew.
                match (op, entries.iter().position(|entry| (entry.fd, entry.file) == (*fd, file))) {
                    (EpollOp::Del, Some(place)) => drop(entries.remove(place)),
                    (EpollOp::Mod, Some(place)) => entries[place] = new,
                    (EpollOp::Add, _) => entries.push(new),
                    _ => {}
                }
            }
            Call::EpollWait { .. } => {
                let told = |entry: &&mut EpollEntry| returned.revents.iter().any(|told| told.fd == entry.fd);
                let entries = self.entries.entry(instance).or_default().iter_mut();
                entries
                    .filter(|entry| entry.events.has(EpollEvents::ONE_SHOT))
                    .filter(told)
                    .for_each(|entry| entry.off = true);
            }
            _ => {}
        }
    }

    /// The kernel forgets what has no descriptor any more; `unknown` was closed of which no call was seen to make it.
    fn forget(&mut self, unknown: Option<i32>) {
        let stays = |entry: &EpollEntry| match entry.file {
            Some(file) => self.tables.has(file),
            None => Some(entry.fd) != unknown,
        };
        self.entries.values_mut().for_each(|entries| entries.retain(stays));
    }
}
