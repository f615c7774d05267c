//! Waiting for several descriptors at once, and what a call that doesn't wait has to do with it.

use std::cell::OnceCell;
use std::net::SocketAddr;
use std::ops::{Range, RangeInclusive};

use super::attempt::began;
use super::{MOST, ProgramFact, ProgramLook, ReadyReason, WaitedFor, WaitedSocket, has};
use crate::explain::meant::meaning;
use crate::explain::own_address::OwnAddress;
use crate::explain::wire;
use crate::model::{
    Call, CallView, Caller, Errno, Moment, PollEvents, PolledDescriptor, ProgramCall, SegmentId, SegmentView, View,
    on_wire,
};
use crate::tcp::{Flags, State};

/// The sockets for which a call waits, by their numbers; `None` of a call that waits for none in this way, or of which it isn't
/// known.
pub fn waited_fds(call: &CallView<'_>) -> Option<Vec<i32>> {
    let waits = call.made?.looked_at()?;
    let fds: Vec<i32> = waits.filter(|waited| waited.socket.is_some()).map(|waited| waited.fd).collect();
    (!fds.is_empty()).then_some(fds)
}

/// Urgent data by itself, and what else is waited for or told of the same descriptor: they are there independently of each other.
fn each_kind(polled: &PolledDescriptor) -> impl Iterator<Item = PolledDescriptor> + use<> {
    let PolledDescriptor { events, .. } = *polled;
    let rest = PollEvents(events.0 & !PollEvents::PRI.0);
    let urgent = events.has(PollEvents::PRI).then_some(PollEvents::PRI);
    let others = (urgent.is_none() || rest != PollEvents::default()).then_some(rest);
    let with = PolledDescriptor { ..*polled };
    others.into_iter().chain(urgent).map(move |events| PolledDescriptor { events, ..with })
}

fn is_again(call: &CallView<'_>) -> bool {
    matches!(call.outcome, Some(Err(Errno(libc::EAGAIN))))
}

/// The first segment that completed a handshake with a listener at an address, of those that arrived between two moments. Where
/// several listen there, or accept from one listener, it isn't known whose each is until it is accepted: `None` where that leaves more
/// than one.
pub(super) fn handshake(
    view: &View<'_>,
    call: &CallView<'_>,
    (listener, at): (Option<u64>, OwnAddress),
    during: &RangeInclusive<Moment>,
) -> Option<SegmentId> {
    let here = |segment: &SegmentView<'_>| at.has(segment.segment.to);
    let others = view.living().filter(|other| {
        let listens = other.state == State::Listen && Some(other.facts.cookie) != listener;
        listener.is_some() && listens && OwnAddress::of(view, other).is_some_and(|other| other.overlaps(at))
    });
    let is_alone = others.count() == 0;
    // Few waits have a segment of which that must be known.
    let accepted: OnceCell<Vec<Accepted>> = OnceCell::new();
    // Another listener's, or one that was gone from the queue before this call came back.
    let is_anothers = |segment: &SegmentView<'_>| {
        let accepted = accepted.get_or_init(|| accepted_connections(view));
        let mut taken = accepted.iter().filter(|taken| on_wire(taken.peer) == segment.segment.from);
        taken.any(|taken| {
            let elsewhere = taken.socket.zip(listener).is_some_and(|(socket, own)| socket != own);
            let before = taken.caller != call.caller && (segment.changed..call.changed).contains(&taken.at);
            elsewhere || before
        })
    };
    // The first of a connection's segments to its listener that is no SYN.
    let completes = |segment: &SegmentView<'_>| {
        let before = wire::segments(view, (segment.segment.to, segment.segment.from)).take(MOST);
        let mut before = before.filter(|other| other.id < segment.id && other.segment.to == segment.segment.to);
        let opened = before.next().is_some_and(|other| has(&other, Flags::SYN));
        opened && has(segment, Flags::ACK) && !has(segment, Flags::SYN) && !has(segment, Flags::RST)
    };
    let came = view.segments().take(MOST).filter(|segment| during.contains(&segment.changed));
    let its = |segment: &SegmentView<'_>| {
        here(segment) && wire::came(segment.fate) && completes(segment) && !is_anothers(segment)
    };
    let all: Vec<SegmentId> = came.filter(its).map(|segment| segment.id).collect();
    all.last().copied().filter(|_| is_alone || all.len() == 1)
}

/// A connection that an `accept()` has taken.
struct Accepted {
    peer: SocketAddr,
    caller: Caller,
    /// The listener, where that is known by the kernel's name.
    socket: Option<u64>,
    at: Moment,
}

fn accepted_connections(view: &View<'_>) -> Vec<Accepted> {
    let calls = view.all_actors().into_iter().flat_map(|actor| view.calls(actor).take(MOST));
    let taken = |call: CallView<'_>| {
        let peer = call.outcome?.as_ref().ok()?.peer?;
        let socket = call.made.and_then(|made| made.socket);
        let is_accept = matches!(*meaning(call.call), Call::Accept { .. });
        is_accept.then_some(Accepted { peer, caller: call.caller, socket, at: call.changed })
    };
    calls.filter_map(taken).collect()
}

impl ProgramLook<'_> {
    pub(super) fn waiting(&self) -> Vec<ProgramFact> {
        if !self.made.polls() {
            return self.waits_then().into_iter().collect();
        }
        let left_out = self.made.left_out().map(|(fd, nfds)| ProgramFact::Beyond(fd, nfds));
        let forgotten = self.forgotten();
        let nothing = self.watches_nothing(&forgotten);
        let mut facts: Vec<ProgramFact> = match (self.call.outcome, nothing) {
            (None, Some(epfd)) => vec![ProgramFact::NothingWatched(epfd)],
            (None, None) => [self.waits(), self.told_before()].concat(),
            (Some(Ok(returned)), Some(epfd)) if returned.value == 0 => vec![ProgramFact::NothingCame(epfd)],
            (Some(Ok(returned)), None) if returned.value == 0 => vec![ProgramFact::NotReady],
            (Some(Ok(returned)), _) => {
                let ready = returned.ready.iter();
                let told = ready.flat_map(|ready| {
                    let events = each_kind(ready);
                    events.filter_map(|ready| self.ready(&ready)).chain(self.how_told(ready)).collect::<Vec<_>>()
                });
                let told: Vec<ProgramFact> = told.collect();
                // `select(2)` counts one twice that is ready for both directions.
                let ready = i64::try_from(returned.ready.len()).ok().filter(|known| *known > 0);
                let unknown = || vec![ProgramFact::ReadyUnknown(ready.unwrap_or(returned.value))];
                if told.is_empty() { unknown() } else { told }
            }
            (Some(Err(_)), _) => Vec::new(),
        };
        facts.splice(0..0, forgotten);
        facts.extend(left_out);
        facts
    }

    /// What a descriptor is told to be ready for; `None` of what is no socket.
    fn ready(&self, ready: &PolledDescriptor) -> Option<ProgramFact> {
        let waited = self.made.looked_at().and_then(|mut all| all.find(|waited| waited.fd == ready.fd));
        let was = waited.and_then(|waited| waited.socket);
        // An epoll instance watches what is open; the others look numbers up each time that they wake.
        if self.epfd().is_none() && was != ready.socket && (was.is_some() || ready.events.has(PollEvents::NVAL)) {
            return Some(match (was, ready.socket) {
                (None, _) => ProgramFact::NotOpen(ready.fd),
                (Some(_), None) => ProgramFact::ClosedMeanwhile(ready.fd),
                (Some(_), Some(_)) => ProgramFact::GivenAgain(ready.fd),
            });
        }
        if ready.events.has(PollEvents::NVAL) {
            return Some(ProgramFact::NotOpen(ready.fd));
        }
        ready.socket.map(|_| ProgramFact::Ready(*ready, self.reason(ready)))
    }

    /// The epoll instance on which it waits.
    pub(super) fn epfd(&self) -> Option<i32> {
        self.made.name.starts_with("epoll").then(|| self.made.arguments.first()?.parse().ok()).flatten()
    }

    /// The epoll instance on which it waits, where that watches nothing, or nothing any more.
    fn watches_nothing(&self, forgotten: &[ProgramFact]) -> Option<i32> {
        let epfd = self.epfd()?;
        let is_forgotten = |waited: &&PolledDescriptor| forgotten.contains(&ProgramFact::Forgotten(waited.fd, epfd));
        self.made.waits.as_ref()?.iter().all(|waited| is_forgotten(&waited)).then_some(epfd)
    }

    /// What its epoll instance watched and the kernel took from it, as the last descriptor was closed.
    fn forgotten(&self) -> Vec<ProgramFact> {
        let Some(epfd) = self.epfd().filter(|_| self.value().is_none_or(|value| value == 0)) else { return Vec::new() };
        let ended = if self.call.outcome.is_some() { self.call.changed } else { self.view.moment() };
        let is_own = |other: &CallView<'_>| other.made.is_some_and(|made| made.process == self.made.process);
        let (mut told, mut forgotten): (Vec<i32>, Vec<ProgramFact>) = (Vec::new(), Vec::new());
        let earlier =
            self.programs_calls().into_iter().filter(|other| other.entered < self.call.entered && is_own(other));
        for (other, made) in earlier.filter_map(|other| Some((other, other.made?))) {
            let Some(Ok(returned)) = other.outcome else { continue };
            let names_it = made.arguments.first().is_some_and(|first| first.parse() == Ok(epfd));
            match (made.name.as_str(), made.fd, made.socket) {
                // What was told before is of an earlier instance with its number.
                ("epoll_create" | "epoll_create1", ..) if returned.value == i64::from(epfd) => break,
                ("epoll_ctl", Some(fd), Some(socket)) if names_it && !told.contains(&fd) => {
                    told.push(fd);
                    let adds = made.arguments.get(1).is_some_and(|op| op != "EPOLL_CTL_DEL");
                    let is_gone = adds && self.was_last_closed(socket, other.changed..ended);
                    forgotten.extend(is_gone.then_some(ProgramFact::Forgotten(fd, epfd)));
                }
                _ => {}
            }
        }
        forgotten.reverse();
        forgotten
    }

    /// Whether the last descriptor of a socket was closed between two entries.
    fn was_last_closed(&self, socket: u64, during: Range<Moment>) -> bool {
        let closes = |other: &CallView<'_>| {
            let closed = matches!((other.call, other.outcome), (Call::Close { .. }, Some(Ok(_))));
            closed && other.made.is_some_and(|made| made.others.is_empty()) && during.contains(&other.changed)
        };
        self.view.calls_on(socket).take(MOST).any(|other| closes(&other))
    }

    fn waits(&self) -> Vec<ProgramFact> {
        let Some(waits) = self.made.looked_at() else { return vec![ProgramFact::WaitsUnknown] };
        let waits: Vec<&PolledDescriptor> = waits.collect();
        let sockets: Vec<WaitedSocket> = waits
            .iter()
            .filter(|waited| !self.is_switched_off(waited))
            .flat_map(|waited| each_kind(waited))
            .filter_map(|waited| Some(WaitedSocket { fd: waited.fd, until: self.until(&waited, waited.socket?) }))
            .collect();
        let others = waits.iter().filter(|waited| waited.socket.is_none()).count();
        if sockets.is_empty() && others < waits.len() {
            return Vec::new();
        }
        let tried = self.earlier().take_while(|before| !before.made.is_some_and(|made| made.polls()));
        let is_waited = |call: &CallView<'_>| {
            let socket = call.made.and_then(|made| made.socket);
            is_again(call) && waits.iter().any(|waited| waited.socket.is_some() && waited.socket == socket)
        };
        let tried = tried.filter(is_waited).map(|call| ProgramFact::FoundNothing(call.entered)).next();
        [ProgramFact::Waits(sockets, others)].into_iter().chain(tried).collect()
    }

    fn until(&self, waited: &PolledDescriptor, socket: u64) -> WaitedFor {
        let state = self.view.socket(socket).filter(|socket| !socket.gone).and_then(|socket| socket.state.tcp());
        match (state, waited.events.has(PollEvents::IN), waited.events.has(PollEvents::OUT)) {
            (Some(State::Listen), true, _) => WaitedFor::Connection,
            (Some(State::SynSent | State::SynRecv), _, true) => WaitedFor::Attempt,
            (_, true, true) => WaitedFor::Both,
            (_, true, false) => WaitedFor::Reading,
            (_, false, true) => WaitedFor::Writing,
            (_, false, false) if waited.events.has(PollEvents::PRI) => WaitedFor::Urgent,
            (_, false, false) if waited.events.has(PollEvents::HUNG_UP) => WaitedFor::Reading,
            _ => WaitedFor::Error,
        }
    }

    /// Of a call that came back with EAGAIN: where its process waits, or waited, for its socket.
    fn waits_then(&self) -> Option<ProgramFact> {
        let socket = self.made.socket.filter(|_| is_again(&self.call))?;
        let waits = |other: &CallView<'_>| {
            let made = other.made.filter(|made| made.process == self.made.process && made.polls());
            let polled = made.and_then(ProgramCall::looked_at);
            other.entered > self.call.changed
                && polled.is_some_and(|mut polled| polled.any(|polled| polled.socket == Some(socket)))
        };
        self.programs_calls().into_iter().rfind(waits).map(|other| ProgramFact::WaitsThen(other.entered))
    }

    /// Why a socket is ready, as far as the wire and the kernel tell.
    fn reason(&self, ready: &PolledDescriptor) -> ReadyReason {
        let Some(socket) = ready.socket else { return ReadyReason::Unknown };
        let state = self.view.socket(socket).and_then(|socket| socket.state.tcp());
        if state == Some(State::Listen) {
            return if ready.events.has(PollEvents::IN) { self.connection(socket) } else { ReadyReason::Unknown };
        }
        let during = self.since_attempt(socket).unwrap_or(self.begun())..=*self.span(&self.call).end();
        let stands = state.is_some_and(State::may_send);
        let room = |ready: &PolledDescriptor| {
            if stands && ready.events == PollEvents::OUT { ReadyReason::Room } else { ReadyReason::Unknown }
        };
        let Some((local, _)) = self.ends_of(socket) else { return room(ready) };
        let came = |segment: &SegmentView<'_>| {
            segment.segment.to == local && wire::came(segment.fate) && during.contains(&segment.changed)
        };
        let mut came: Vec<SegmentView<'_>> = self.segments_of(socket).filter(came).collect();
        came.reverse();
        let first =
            |is: &dyn Fn(&SegmentView<'_>) -> bool| came.iter().find(|segment| is(segment)).map(|segment| segment.id);
        let answer = |segment: &SegmentView<'_>| has(segment, Flags::SYN) && has(segment, Flags::ACK);
        if let Some(reset) = first(&|segment| has(segment, Flags::RST)) {
            return ReadyReason::Reset(reset);
        }
        if ready.events.has(PollEvents::PRI) {
            let urgent = first(&|segment| has(segment, Flags::URG)).map(ReadyReason::Urgent);
            return urgent.unwrap_or(ReadyReason::Unknown);
        }
        if ready.events.has(PollEvents::IN) {
            let data = first(&|segment| !segment.segment.is_empty()).map(ReadyReason::Data);
            let end = first(&|segment| has(segment, Flags::FIN)).map(ReadyReason::End);
            return data.or(end).or_else(|| self.unread(socket)).unwrap_or_else(|| room(ready));
        }
        match first(&answer) {
            Some(answer) if ready.events.has(PollEvents::OUT) => ReadyReason::Connected(answer),
            _ => room(ready),
        }
    }

    /// Where the attempt began for which this is the first wait: its end may have come before anybody told that `connect()` had returned.
    fn since_attempt(&self, socket: u64) -> Option<Moment> {
        let entered = self.call.entered;
        let own = |call: &CallView<'_>| call.entered < entered && !matches!(call.call, Call::Program(_));
        let newest = self.view.calls_on(socket).take(MOST).find(own)?;
        began(&newest).then(|| *self.span(&newest).start())
    }

    /// Of a listener: the segment that ended a handshake while it was waited for, or what the kernel says of its queue.
    fn connection(&self, listener: u64) -> ReadyReason {
        let Some(socket) = self.view.socket(listener) else { return ReadyReason::Unknown };
        let completed = OwnAddress::of(&self.view, &socket)
            .and_then(|local| handshake(&self.view, &self.call, (Some(listener), local), &self.span(&self.call)));
        match (completed, socket.facts.recv_queue) {
            (Some(segment), _) => ReadyReason::Handshake(segment),
            (None, waiting) if waiting > 0 && self.is_newer(socket.changed, listener) => ReadyReason::Queue(waiting),
            _ => ReadyReason::Unknown,
        }
    }

    /// What the kernel said of a receive queue, where nobody has read from it since.
    pub(super) fn unread(&self, socket: u64) -> Option<ReadyReason> {
        let socket = self
            .view
            .socket(socket)
            .filter(|socket| !socket.gone && self.is_newer(socket.changed, socket.facts.cookie))?;
        let counts_fin =
            matches!(socket.state.tcp()?, State::CloseWait | State::LastAck | State::Closing | State::TimeWait);
        let bytes = socket.facts.recv_queue.saturating_sub(u32::from(counts_fin));
        (bytes > 0).then_some(ReadyReason::Bytes(bytes))
    }

    /// Whether the kernel's word at this entry is newer than what was taken from a socket's queue.
    pub(super) fn is_newer(&self, moment: Moment, socket: u64) -> bool {
        let takes = |call: &CallView<'_>| {
            matches!(call.call, Call::Accept { .. } | Call::Recv { .. } | Call::RecvFrom { .. } | Call::Program(_))
        };
        let last = self.view.calls_on(socket).take(MOST).find(takes);
        last.is_none_or(|last| last.changed < moment || self.is_effect(moment, socket, &last))
    }

    /// Whether the kernel's word at this entry, which stands before the return of the call that took from the queue, has what it left there.
    fn is_effect(&self, moment: Moment, socket: u64, last: &CallView<'_>) -> bool {
        let queue = |at: Moment| self.view.trace().at(at).socket(socket).map(|socket| socket.facts.recv_queue);
        let took = match (last.call, last.outcome) {
            (Call::Accept { .. }, Some(Ok(_))) => Some(1),
            (Call::Recv { flags, .. }, Some(Ok(returned))) if flags.0 == 0 => u32::try_from(returned.value).ok(),
            _ => None,
        };
        let left = queue(last.entered).zip(took).and_then(|(before, took)| before.checked_sub(took));
        last.entered < moment && took > Some(0) && left.is_some() && left == queue(moment + 1)
    }
}
