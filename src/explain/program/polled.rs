//! What a side's own `poll()` waits for, and what woke it. Unlike a program's, its descriptors are known by the calls that made them.

use std::net::SocketAddr;
use std::ops::RangeInclusive;

use super::waiting::handshake;
use super::{ProgramFact, ReadyReason, StillWaits, has};
use crate::explain::situation::Situation;
use crate::explain::subject::Subject;
use crate::explain::wire;
use crate::model::{Call, CallView, Moment, PollEntry, PollEvents, PolledDescriptor, SegmentId, SegmentView, View};
use crate::tcp::{Flags, State};

/// What is known of a side's own `poll()`; nothing of any other call.
pub(super) fn polled(view: &View<'_>, call: &CallView<'_>) -> Vec<ProgramFact> {
    let Call::Poll { fds, .. } = call.call else { return Vec::new() };
    match call.outcome {
        None if call.blocked => fds.iter().flat_map(|entry| still_waits(view, call, *entry)).collect(),
        Some(Ok(returned)) if returned.revents.is_empty() => vec![ProgramFact::NotReady],
        Some(Ok(returned)) => returned.revents.iter().flat_map(|entry| woke(view, call, *entry)).collect(),
        _ => Vec::new(),
    }
}

/// A call on a polled descriptor, by which it is found.
fn on(fd: i32) -> Call {
    Call::recv(fd, 1)
}

/// Why a descriptor that is waited for isn't ready.
fn still_waits(view: &View<'_>, call: &CallView<'_>, PollEntry { fd, events }: PollEntry) -> Vec<ProgramFact> {
    let now = Situation::at(view, call.caller.actor, &on(fd));
    let (reads, writes) = (events.has(PollEvents::IN), events.has(PollEvents::OUT));
    let reading = match now.state {
        _ if now.udp => Some(StillWaits::NoDatagram),
        State::Listen => Some(StillWaits::NobodyWaits),
        // The kernel's word may be older than the call.
        _ if now.is_connected() => (now.recv_queue == 0 && !now.fin).then_some(StillWaits::NothingToRead),
        _ => None,
    };
    let writing = (now.is_connected() && now.send_queue > 0).then_some(StillWaits::Full(now.send_queue));
    let unanswered = (now.is_connecting() && (reads || writes)).then_some(StillWaits::Unanswered);
    let nothing = (!reads && !writes).then_some(StillWaits::OnlyErrors);
    let why = [reading.filter(|_| reads), writing.filter(|_| writes), unanswered, nothing];
    why.into_iter().flatten().map(|why| ProgramFact::StillWaits(fd, why)).collect()
}

/// What made a descriptor ready, each of its events for itself.
fn woke(view: &View<'_>, call: &CallView<'_>, PollEntry { fd, events }: PollEntry) -> Vec<ProgramFact> {
    if events.has(PollEvents::NVAL) {
        return vec![ProgramFact::NotOpen(fd)];
    }
    let ready = |any: PollEvents| {
        let [readable, writable, error] = [PollEvents::IN, PollEvents::OUT, PollEvents::ERR].map(|one| any.has(one));
        let hung_up = any.has(PollEvents::HUP.with(PollEvents::RDHUP));
        PolledDescriptor { fd, readable, writable, error, hung_up, ..PolledDescriptor::default() }
    };
    let Some(look) = PolledLook::of(view, call, fd) else {
        return vec![ProgramFact::Ready(ready(events), ReadyReason::Unknown)];
    };
    if look.before.is_fresh() && events.has(PollEvents::HUP) && !events.has(PollEvents::ERR) {
        return vec![ProgramFact::NeverConnected(fd)];
    }
    let fact = |event: PollEvents, reason: ReadyReason| ProgramFact::Ready(ready(event), reason);
    let reset = look.reset().filter(|_| events.has(PollEvents::ERR.with(PollEvents::HUP)));
    let mut facts: Vec<ProgramFact> = Vec::new();
    match reset {
        Some(reset) => facts.push(fact(PollEvents::ERR, ReadyReason::Reset(reset))),
        None if events.has(PollEvents::ERR) => facts.push(fact(PollEvents::ERR, ReadyReason::Unknown)),
        None => {}
    }
    // After a RST everything is ready, and nothing else is to be said of it.
    if events.has(PollEvents::IN) && reset.is_none() {
        facts.push(look.reading().map_or(ProgramFact::OwnReadingEnded(fd), |reason| fact(PollEvents::IN, reason)));
    } else if events.has(PollEvents::RDHUP) && reset.is_none() {
        let end = look.end().map_or(ReadyReason::Unknown, ReadyReason::End);
        facts.push(fact(PollEvents::RDHUP, end));
    }
    if events.has(PollEvents::OUT) && reset.is_none() {
        facts.push(fact(PollEvents::OUT, look.writing()));
    }
    if events.has(PollEvents::HUP) && reset.is_none() {
        facts.push(ProgramFact::BothEnded(fd));
    }
    facts
}

/// A polled descriptor before the call and while it ran.
struct PolledLook<'a> {
    view: View<'a>,
    before: Situation,
    ends: Option<(SocketAddr, SocketAddr)>,
    /// The own address of a listener.
    listens: Option<SocketAddr>,
    during: RangeInclusive<Moment>,
}

impl<'a> PolledLook<'a> {
    fn of(view: &View<'a>, call: &CallView<'_>, fd: i32) -> Option<PolledLook<'a>> {
        let trace = view.trace();
        let (before, then) = (trace.at(call.entered), trace.at(call.changed + 1));
        let subject = Subject::at(&before, call.caller.actor, &on(fd))?;
        let situation = subject.look(&before, &on(fd));
        let listens = subject.own_address(&before).filter(|_| situation.state == State::Listen);
        let during = call.entered..=call.changed;
        Some(PolledLook { view: then, ends: subject.ends(&then), before: situation, listens, during })
    }

    /// The first segment from the peer of which something is so: of those that arrived while the call ran, else of all before.
    fn came(&self, is: impl Fn(&SegmentView<'_>) -> bool) -> Option<SegmentId> {
        let (local, remote) = self.ends?;
        let came = |segment: &SegmentView<'_>| segment.segment.to == local && wire::came(segment.fate) && is(segment);
        let mut all: Vec<SegmentView<'_>> =
            wire::segments(&self.view, (local, remote)).take(super::MOST).filter(came).collect();
        all.reverse();
        let during = all.iter().find(|segment| self.during.contains(&segment.changed));
        during.or(all.last()).map(|segment| segment.id)
    }

    fn came_meanwhile(&self, is: impl Fn(&SegmentView<'_>) -> bool) -> Option<SegmentId> {
        self.came(|segment| self.during.contains(&segment.changed) && is(segment))
    }

    fn reset(&self) -> Option<SegmentId> {
        self.came(|segment| has(segment, Flags::RST))
    }

    fn end(&self) -> Option<SegmentId> {
        self.came(|segment| has(segment, Flags::FIN))
    }

    /// What there is to read; `None` where only the own program's `shutdown()` is known.
    fn reading(&self) -> Option<ReadyReason> {
        if let Some(local) = self.listens {
            let waiting = self.before.recv_queue;
            let queue = (waiting > 0).then_some(ReadyReason::Queue(waiting));
            let reason = queue.or_else(|| handshake(&self.view, local, &self.during).map(ReadyReason::Handshake));
            return Some(reason.unwrap_or(ReadyReason::Unknown));
        }
        // The kernel counts a FIN in the receive queue, as one more byte.
        let bytes = self.before.recv_queue.saturating_sub(u32::from(self.before.fin && !self.before.udp));
        let bytes = (bytes > 0 && !self.before.udp).then_some(ReadyReason::Bytes(bytes));
        let data = || self.came_meanwhile(|segment| !segment.segment.is_empty()).map(ReadyReason::Data);
        let end = || self.end().map(ReadyReason::End);
        let known = bytes.or_else(data).or_else(end);
        known.or_else(|| (!self.before.shut.read).then_some(ReadyReason::Unknown))
    }

    fn writing(&self) -> ReadyReason {
        let answer = |segment: &SegmentView<'_>| has(segment, Flags::SYN) && has(segment, Flags::ACK);
        match self.came_meanwhile(answer).filter(|_| self.before.is_connecting()) {
            Some(answer) => ReadyReason::Connected(answer),
            None if self.before.is_connected() || self.before.udp => ReadyReason::Room,
            None => ReadyReason::Unknown,
        }
    }
}
