//! The walk that takes part in the process of its lab's loop, and what it is told.

use super::call_threads::CallThreadStates;
use crate::lab::Happening;
use crate::model::{Entry, Event, Member, Moment};

/// The walk of this process, where it has one.
pub(super) struct LocalPeer {
    pub(super) member: Member,
    pub(super) threads: CallThreadStates,
    /// Called with what happened, all of it at once: each time wakes who hears it.
    pub(super) sink: Box<dyn Fn(Vec<Happening>)>,
    /// What it isn't told yet.
    untold: Vec<Happening>,
    /// How much of the trace it knows.
    published: Moment,
}

impl LocalPeer {
    /// One that knows nothing of the trace yet.
    pub(super) fn new(member: Member, threads: CallThreadStates, sink: Box<dyn Fn(Vec<Happening>)>) -> LocalPeer {
        LocalPeer { member, threads, sink, untold: Vec::new(), published: 0 }
    }

    /// It is to be told these of the trace's entries that it isn't told yet; its own it has already.
    pub(super) fn note_entries(&mut self, entries: &[Entry]) {
        let own =
            |event: &Event| matches!(event, Event::Step(_) | Event::ByHand(_) | Event::Claim(_) | Event::Answer(_));
        let others = entries[self.published..].iter().filter(|entry| !own(&entry.event));
        self.untold.extend(others.cloned().map(Happening::from));
        self.published = entries.len();
    }

    /// It is to be told this behind that.
    pub(super) fn note(&mut self, happening: Happening) {
        self.untold.push(happening);
    }

    /// Tells it all at once.
    pub(super) fn tell(&mut self) {
        if !self.untold.is_empty() {
            (self.sink)(std::mem::take(&mut self.untold));
        }
    }
}
