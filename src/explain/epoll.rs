//! What a side's own epoll instances watch, by the calls that told them.

use super::shared;
use crate::model::{Actor, Call, CallView, EpollEvents, EpollOp, View};

/// A descriptor that an epoll instance watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EpollEntry {
    pub(super) fd: i32,
    pub(super) events: EpollEvents,
    /// Whether it was told once, and is to be told no more (EPOLLONESHOT).
    pub(super) off: bool,
}

/// The epoll instances of a side, in the order of their numbers.
pub fn epoll_instances(view: &View<'_>, actor: Actor) -> Vec<i32> {
    let (mut open, mut closed) = (Vec::new(), Vec::new());
    for call in view.table_effects(actor) {
        let Some(Ok(returned)) = call.outcome else { continue };
        let made = i32::try_from(returned.value).unwrap_or(-1);
        match call.call {
            Call::Close { fd } => closed.push(*fd),
            Call::EpollCreate if !closed.contains(&made) && !open.contains(&made) => open.push(made),
            // An older call with this number is no longer of it.
            Call::Socket { .. } | Call::Accept { .. } | Call::Dup { .. } => closed.push(made),
            _ => {}
        }
    }
    open.sort_unstable();
    open
}

/// What the epoll instance under this number watches at the view's moment, in the order in which it was told.
pub(super) fn watches(view: &View<'_>, actor: Actor, instance: i32) -> Vec<EpollEntry> {
    let mut calls: Vec<CallView<'_>> = view.table_effects(actor).collect();
    calls.reverse();
    let mut watched: Vec<EpollEntry> = Vec::new();
    for call in calls {
        let Some(Ok(returned)) = call.outcome else { continue };
        match call.call {
            Call::EpollCreate if returned.value == i64::from(instance) => watched.clear(),
            Call::EpollCtl { epfd, op, fd, events } if *epfd == instance => {
                // One that is changed is told anew.
                let place = watched.iter().position(|watch| watch.fd == *fd);
                match (op, place) {
                    (EpollOp::Del, Some(place)) => drop(watched.remove(place)),
                    (EpollOp::Mod, Some(place)) => watched[place] = EpollEntry { fd: *fd, events: *events, off: false },
                    (EpollOp::Add, _) => watched.push(EpollEntry { fd: *fd, events: *events, off: false }),
                    _ => {}
                }
            }
            Call::EpollWait { epfd, .. } if *epfd == instance => {
                let told = |watch: &&mut EpollEntry| returned.revents.iter().any(|told| told.fd == watch.fd);
                let once = watched.iter_mut().filter(|watch| watch.events.has(EpollEvents::ONE_SHOT)).filter(told);
                once.for_each(|watch| watch.off = true);
            }
            // The kernel forgets a socket with its last descriptor.
            Call::Close { fd }
                if watched.iter().any(|watch| watch.fd == *fd) && shared::others(view, &call).is_empty() =>
            {
                watched.retain(|watch| watch.fd != *fd);
            }
            _ => {}
        }
    }
    watched
}
