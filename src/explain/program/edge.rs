//! What an epoll instance tells a program only once (EPOLLET, EPOLLONESHOT), and what it therefore waits for in vain.

use super::{MOST, ProgramFact, ProgramLook, ReadyReason, StillWaits, has};
use crate::explain::wire;
use crate::model::{CallView, Connection, EpollEvents, PollEvents, PolledDescriptor, SegmentView, SocketView, on_wire};
use crate::tcp::{Segment, State};

impl ProgramLook<'_> {
    /// What is there, was told before, and doesn't wake the call in which it sleeps.
    pub(super) fn told_before(&self) -> Vec<ProgramFact> {
        if self.epfd().is_none() || !self.call.blocked {
            return Vec::new();
        }
        let waits = self.made.looked_at().into_iter().flatten();
        let why = |waited: &PolledDescriptor| {
            let why = if self.is_switched_off(waited) {
                Some(StillWaits::SwitchedOff)
            } else {
                waited.socket.filter(|_| self.is_edge(waited)).and_then(|socket| self.was_told(waited, socket))
            };
            why.map(|why| ProgramFact::StillWaits(waited.fd, why))
        };
        waits.filter_map(why).collect()
    }

    /// How what was told of a descriptor will be told again.
    pub(super) fn how_told(&self, ready: &PolledDescriptor) -> Option<ProgramFact> {
        let events = self.asked_for(ready).filter(|_| ready.socket.is_some())?;
        if events.has(EpollEvents::ONE_SHOT) {
            return Some(ProgramFact::OneShot(ready.fd));
        }
        events.has(EpollEvents::EDGE).then_some(ProgramFact::Edge(ready.fd))
    }

    fn is_edge(&self, waited: &PolledDescriptor) -> bool {
        self.asked_for(waited).is_some_and(|events| events.has(EpollEvents::EDGE))
    }

    /// Whether it was told once: then the kernel has no more events for it (`ep_send_events()`).
    pub(super) fn is_switched_off(&self, waited: &PolledDescriptor) -> bool {
        waited.events == PollEvents::default()
            && self
                .asked_for(waited)
                .is_some_and(|events| events.has(EpollEvents::ONE_SHOT) && events.readiness() != PollEvents::default())
    }

    /// What the newest `epoll_ctl()` of its process asked for, of a socket under this number.
    fn asked_for(&self, of: &PolledDescriptor) -> Option<EpollEvents> {
        let epfd = self.epfd()?;
        let tells = |other: &CallView<'_>| {
            let made = other.made.filter(|made| made.name == "epoll_ctl" && made.process == self.made.process)?;
            let names_it = made.arguments.first()?.parse() == Ok(epfd) && made.fd == Some(of.fd);
            let same = made.socket.is_some() && (of.socket.is_none() || made.socket == of.socket);
            let told = names_it && same && matches!(other.outcome, Some(Ok(_))) && other.entered < self.call.entered;
            made.events.filter(|_| told)
        };
        self.programs_calls().iter().find_map(tells)
    }

    /// What of a socket was told before, by the kernel's word on it: nothing came to it while the call slept, which would be new.
    fn was_told(&self, waited: &PolledDescriptor, socket: u64) -> Option<StillWaits> {
        let told = self.view.socket(socket).filter(|socket| !socket.gone)?;
        let during = self.span(&self.call);
        // An ACK alone makes nothing readable; only who waits for room as well may be told something new by it.
        let is_new = |segment: &SegmentView<'_>| {
            let is_told = waited.events.has(PollEvents::OUT) || brings_something(segment);
            is_told && wire::came(segment.fate) && during.contains(&segment.changed)
        };
        if !waited.events.has(PollEvents::IN) {
            return None;
        }
        if told.state == State::Listen {
            let at = told.facts.own_address()?;
            let came = self.view.segments().take(MOST).any(|one| {
                let here = one.segment.to.port() == at.port() && during.contains(&one.changed);
                here && wire::came(one.fate) && !self.is_of_accepted(&one)
            });
            let waiting = told.facts.recv_queue;
            return (waiting > 0 && !came && self.is_newer(told.changed, socket))
                .then_some(StillWaits::EdgeQueue(waiting));
        }
        let (local, _) = self.ends_of(socket)?;
        let to_it = |segment: &SegmentView<'_>| segment.segment.to == local;
        if self.segments_of(socket).any(|segment| to_it(&segment) && is_new(&segment)) {
            return None;
        }
        let ended = self
            .segments_of(socket)
            .any(|segment| to_it(&segment) && wire::came(segment.fate) && has(&segment, crate::tcp::Flags::FIN));
        match self.unread(socket) {
            Some(ReadyReason::Bytes(bytes)) => Some(StillWaits::EdgeBytes(bytes)),
            _ => (ended && told.facts.recv_queue <= 1 && told.state == State::CloseWait).then_some(StillWaits::EdgeEnd),
        }
    }

    /// Whether a segment came to a connection that was accepted before: that is none that its listener is told of.
    fn is_of_accepted(&self, segment: &SegmentView<'_>) -> bool {
        let ends = self.view.sockets_of(Connection::of(segment.segment));
        let is_receiver = |socket: &SocketView<'_>| socket.facts.local.map(on_wire) == Some(segment.segment.to);
        ends.filter(is_receiver).any(|socket| socket.facts.fd.is_some())
    }
}

/// Whether a segment has what a read is told of: data, the end of it, or an error.
fn brings_something(segment: &SegmentView<'_>) -> bool {
    !segment.segment.is_empty() || segment.segment.tcp().is_some_and(Segment::is_fin_or_rst)
}
