//! What a side's own `poll()`, `select()` or `epoll_wait()` waits for, and what woke it. Unlike a program's, its descriptors are known
//! by the calls that made them.

use std::net::SocketAddr;
use std::ops::RangeInclusive;

use super::waiting::handshake;
use super::{ProgramFact, ReadyReason, StillWaits, has};
use crate::explain::epoll::{EpollEntry, watches};
use crate::explain::own_address::OwnAddress;
use crate::explain::situation::Situation;
use crate::explain::subject::Subject;
use crate::explain::threads::socket_at;
use crate::explain::wire;
use crate::model::{
    Call, CallView, EpollEvents, Moment, PollEvents, PolledDescriptor, Returned, SegmentId, SegmentView, View,
};
use crate::tcp::{Flags, State};

/// What is known of a side's own call that waits for several; nothing of any other call.
pub(super) fn polled(view: &View<'_>, call: &CallView<'_>) -> Vec<ProgramFact> {
    if !call.call.name().waits_for_several() {
        return Vec::new();
    }
    match call.outcome {
        None if call.blocked => sleeps(view, call),
        Some(Ok(returned)) => [woken(view, call, returned), beyond(call)].concat(),
        _ => Vec::new(),
    }
}

/// Why each descriptor that is waited for isn't ready.
fn sleeps(view: &View<'_>, call: &CallView<'_>) -> Vec<ProgramFact> {
    match call.call {
        Call::EpollWait { epfd, .. } => {
            let watched = watches(view, call.caller.actor, *epfd);
            if watched.is_empty() {
                return vec![ProgramFact::NothingWatched(*epfd)];
            }
            watched.iter().flat_map(|watch| still_watched(view, call, watch)).collect()
        }
        Call::Select { nfds, fds, .. } => {
            let looked_at = fds.iter().filter(|polled| polled.fd < *nfds);
            let waits = looked_at.flat_map(|polled| still_waits(view, call, *polled));
            waits.chain(beyond(call)).collect()
        }
        _ => {
            call.call.polled().unwrap_or_default().iter().flat_map(|polled| still_waits(view, call, *polled)).collect()
        }
    }
}

fn woken(view: &View<'_>, call: &CallView<'_>, returned: &Returned) -> Vec<ProgramFact> {
    if returned.revents.is_empty() {
        return nothing_came(view, call);
    }
    let before = view.trace().at(call.entered);
    let watched = match call.call {
        Call::EpollWait { epfd, .. } => watches(&before, call.caller.actor, *epfd),
        _ => Vec::new(),
    };
    let told = |polled: &PolledDescriptor| {
        let events = watched.iter().find(|watch| watch.fd == polled.fd).map(|watch| watch.events).unwrap_or_default();
        let how = [
            (EpollEvents::EDGE, ProgramFact::Edge(polled.fd)),
            (EpollEvents::ONE_SHOT, ProgramFact::OneShot(polled.fd)),
        ];
        let how = how.into_iter().filter(|(event, _)| events.has(*event)).map(|(_, fact)| fact);
        woke(view, call, *polled, events.has(EpollEvents::EDGE)).into_iter().chain(how).collect::<Vec<_>>()
    };
    let mut facts = Vec::new();
    for fact in returned.revents.iter().flat_map(told) {
        // One descriptor may stand there more than once.
        if !facts.contains(&fact) {
            facts.push(fact);
        }
    }
    facts
}

/// What is said of a call whose time was over: of an epoll instance that watches nothing, or nothing any more, that too.
fn nothing_came(view: &View<'_>, call: &CallView<'_>) -> Vec<ProgramFact> {
    let Call::EpollWait { epfd, .. } = call.call else { return vec![ProgramFact::NotReady] };
    let (trace, actor) = (view.trace(), call.caller.actor);
    let watched = watches(&trace.at(call.entered), actor, *epfd);
    let left = watches(&trace.at(call.changed), actor, *epfd);
    // Another thread may as well have said that one is to be watched no more.
    let closed = |fd: i32| {
        let mut since = view.family(actor).into_iter().flat_map(|actor| view.own_effects(actor));
        since.any(|other| {
            let closes = matches!((other.call, other.outcome), (Call::Close { fd: of }, Some(Ok(_))) if *of == fd);
            closes && (call.entered..call.changed).contains(&other.changed)
        })
    };
    let gone = watched.iter().filter(|watch| left.iter().all(|left| left.fd != watch.fd) && closed(watch.fd));
    let gone = gone.map(|watch| ProgramFact::Forgotten(watch.fd, *epfd));
    let nothing = if left.is_empty() { ProgramFact::NothingCame(*epfd) } else { ProgramFact::NotReady };
    gone.chain([nothing]).collect()
}

/// The descriptors of a `select()` that its first argument leaves out.
fn beyond(call: &CallView<'_>) -> Vec<ProgramFact> {
    let Call::Select { nfds, fds, .. } = call.call else { return Vec::new() };
    fds.iter().filter(|polled| polled.fd >= *nfds).map(|polled| ProgramFact::Beyond(polled.fd, *nfds)).collect()
}

/// Whether a `select()` leaves a descriptor that isn't open as it is, instead of failing with EBADF: its number lies beyond the table of
/// the process, to whose size Linux cuts the first argument (`core_sys_select()`). That is never smaller than a word has bits.
fn is_beyond_table(view: &View<'_>, call: &CallView<'_>, fd: i32) -> bool {
    let is_open = || {
        let before = Situation::at(&view.trace().at(call.entered), call.caller.actor, &on(fd));
        before.open || before.epoll
    };
    let beyond = i64::from(fd) >= i64::from(usize::BITS);
    matches!(call.call, Call::Select { nfds, .. } if fd < *nfds) && beyond && !is_open()
}

/// A call on a polled descriptor, by which it is found.
fn on(fd: i32) -> Call {
    Call::recv(fd, 1)
}

/// Why a descriptor that is waited for isn't ready.
fn still_waits(view: &View<'_>, call: &CallView<'_>, polled: PolledDescriptor) -> Vec<ProgramFact> {
    let PolledDescriptor { fd, events, .. } = polled;
    if is_beyond_table(view, call, fd) {
        return vec![ProgramFact::BeyondTable(fd)];
    }
    let now = Situation::at(view, call.caller.actor, &on(fd));
    let (reads, writes) = (events.has(PollEvents::IN), events.has(PollEvents::OUT));
    let writing = (now.is_connected() && now.send_queue > 0).then_some(StillWaits::Full(now.send_queue));
    let unanswered = (now.is_connecting() && (reads || writes)).then_some(StillWaits::Unanswered);
    let urgent = events.has(PollEvents::PRI);
    // The end of the peer's data is no error, and is waited for as what can be read is.
    let ends = events.has(PollEvents::RDHUP);
    let nothing_urgent = (urgent && now.is_connected()).then_some(StillWaits::NothingUrgent);
    let nothing = (!reads && !writes && !urgent && !ends).then_some(StillWaits::OnlyErrors);
    let why =
        [reading(&now).filter(|_| reads || ends), writing.filter(|_| writes), unanswered, nothing_urgent, nothing];
    why.into_iter().flatten().map(|why| ProgramFact::StillWaits(fd, why)).collect()
}

/// Why there is nothing to read; `None` where there is something, or where that isn't known.
fn reading(now: &Situation) -> Option<StillWaits> {
    match now.state {
        _ if now.udp => Some(StillWaits::NoDatagram),
        State::Listen => (now.recv_queue == 0).then_some(StillWaits::NobodyWaits),
        // The kernel's word may be older than the call.
        _ if now.is_connected() => (now.recv_queue == 0 && !now.fin).then_some(StillWaits::NothingToRead),
        _ => None,
    }
}

/// Why a descriptor that an epoll instance watches isn't told, though it may be ready.
fn still_watched(view: &View<'_>, call: &CallView<'_>, watch: &EpollEntry) -> Vec<ProgramFact> {
    let EpollEntry { fd, events, off, .. } = *watch;
    if off {
        return vec![ProgramFact::StillWaits(fd, StillWaits::SwitchedOff)];
    }
    let polled = PolledDescriptor::new(fd, events.readiness());
    if !events.has(EpollEvents::EDGE) {
        return still_waits(view, call, polled);
    }
    let now = Situation::at(view, call.caller.actor, &on(fd));
    let bytes = now.recv_queue.saturating_sub(u32::from(now.fin && !now.udp));
    let told = match now.state {
        State::Listen if now.recv_queue > 0 => Some(StillWaits::EdgeQueue(now.recv_queue)),
        _ if now.is_connected() && bytes > 0 => Some(StillWaits::EdgeBytes(bytes)),
        _ if now.is_connected() && now.fin => Some(StillWaits::EdgeEnd),
        _ => None,
    };
    let told = told.filter(|_| polled.events.has(PollEvents::IN));
    let room = (now.is_connected() && polled.events.has(PollEvents::OUT)).then_some(StillWaits::EdgeRoom);
    // What is said of a full buffer holds of one that is watched as long as it has no room, and not of an edge.
    let rest = still_waits(view, call, polled).into_iter();
    let rest = rest.filter(|fact| !matches!(fact, ProgramFact::StillWaits(_, StillWaits::Full(_))));
    [told, room].into_iter().flatten().map(|why| ProgramFact::StillWaits(fd, why)).chain(rest).collect()
}

/// What made a descriptor ready, each of its events for itself; `edge` is whether only what is new counts.
fn woke(view: &View<'_>, call: &CallView<'_>, polled: PolledDescriptor, edge: bool) -> Vec<ProgramFact> {
    let PolledDescriptor { fd, events, .. } = polled;
    if let Some(closed) = closed_meanwhile(view, call, fd) {
        return vec![closed];
    }
    if is_beyond_table(view, call, fd) {
        return vec![ProgramFact::BeyondTable(fd)];
    }
    if events.has(PollEvents::NVAL) {
        return vec![ProgramFact::NotOpen(fd)];
    }
    let fact = |event: PollEvents, reason: ReadyReason| ProgramFact::Ready(PolledDescriptor::new(fd, event), reason);
    let Some(look) = PolledLook::of(view, call, fd, edge) else { return vec![fact(events, ReadyReason::Unknown)] };
    // Of what poll() tells by events of their own, select() only says that there is something to read.
    let selects = matches!(call.call, Call::Select { .. });
    let any = |event: PollEvents| events.has(event) || (selects && events.has(PollEvents::IN));
    if look.before.is_fresh() && any(PollEvents::HUP) && !events.has(PollEvents::ERR) {
        return vec![if selects { ProgramFact::NeverConnectedSelected(fd) } else { ProgramFact::NeverConnected(fd) }];
    }
    let reset = look.reset().filter(|_| any(PollEvents::ERR.with(PollEvents::HUP)));
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
    if events.has(PollEvents::PRI) && reset.is_none() {
        facts.push(fact(PollEvents::PRI, look.urgent()));
    }
    if events.has(PollEvents::OUT) && reset.is_none() {
        facts.push(fact(PollEvents::OUT, look.writing()));
    }
    if events.has(PollEvents::HUP) && reset.is_none() {
        facts.push(ProgramFact::BothEnded(fd));
    }
    facts
}

/// That another thread closed a descriptor while the call slept. `poll()` and `select()` look the numbers up each time they wake
/// (`do_pollfd()`, `do_select()` of Linux's `fs/select.c`); an epoll instance watches what is open, not numbers.
fn closed_meanwhile(view: &View<'_>, call: &CallView<'_>, fd: i32) -> Option<ProgramFact> {
    if matches!(call.call, Call::EpollWait { .. }) {
        return None;
    }
    let (before, then) = (socket_at(view, call, call.entered, fd)?, socket_at(view, call, call.changed, fd));
    match then {
        Some(then) if then == before => None,
        Some(_) => Some(ProgramFact::GivenAgain(fd)),
        None => Some(ProgramFact::ClosedMeanwhile(fd)),
    }
}

/// A polled descriptor before the call and while it ran.
struct PolledLook<'a> {
    view: View<'a>,
    before: Situation,
    ends: Option<(SocketAddr, SocketAddr)>,
    call: CallView<'a>,
    /// The own address of a listener, and the kernel's name for it.
    listens: Option<(Option<u64>, OwnAddress)>,
    during: RangeInclusive<Moment>,
    /// Whether only what is new counts.
    edge: bool,
}

impl<'a> PolledLook<'a> {
    fn of(view: &View<'a>, call: &CallView<'a>, fd: i32, edge: bool) -> Option<PolledLook<'a>> {
        let trace = view.trace();
        let (before, then) = (trace.at(call.entered), trace.at(call.changed + 1));
        let subject = Subject::at(&before, call.caller.actor, &on(fd))?;
        let situation = subject.look(&before, &on(fd));
        let own = subject.own_address(&before).filter(|_| situation.state == State::Listen);
        let mut open = before.living().filter(|socket| socket.facts.is_open_as(call.caller.actor, fd));
        let listens = own.map(|own| (open.next().map(|socket| socket.facts.cookie), own));
        let during = call.entered..=call.changed;
        Some(PolledLook {
            view: then,
            call: *call,
            ends: subject.ends(&then),
            before: situation,
            listens,
            during,
            edge,
        })
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
            let reason =
                queue.or_else(|| handshake(&self.view, &self.call, local, &self.during).map(ReadyReason::Handshake));
            return Some(reason.unwrap_or(ReadyReason::Unknown));
        }
        // The kernel counts a FIN in the receive queue, as one more byte.
        let bytes = self.before.recv_queue.saturating_sub(u32::from(self.before.fin && !self.before.udp));
        let bytes = (bytes > 0 && !self.before.udp).then_some(ReadyReason::Bytes(bytes));
        let data = || self.came_meanwhile(|segment| !segment.segment.is_empty()).map(ReadyReason::Data);
        let end = || self.end().map(ReadyReason::End);
        let known = if self.edge { data().or(bytes) } else { bytes.or_else(data) };
        let known = known.or_else(end);
        known.or_else(|| (!self.before.shut.read).then_some(ReadyReason::Unknown))
    }

    /// What brought urgent data.
    fn urgent(&self) -> ReadyReason {
        self.came(|segment| has(segment, Flags::URG)).map_or(ReadyReason::Unknown, ReadyReason::Urgent)
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
