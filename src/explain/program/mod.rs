//! What is said of waiting for several descriptors at once, and of what only programs do: attempts that don't wait, sockets that several
//! descriptors hold, attempts one after the other. Facts of the trace alone: where one is missing, less is said.

mod attempt;
mod copied;
mod edge;
mod holders;
mod interrupted;
mod polled;
mod say;
#[cfg(test)]
mod tests;
mod texts;
mod waiting;
mod watched;

pub use waiting::waited_fds;

use std::net::SocketAddr;
use std::ops::RangeInclusive;

use super::table::Broken;
use super::wire::{self, AddressPair};
use crate::i18n::Lang;
use crate::model::{
    Actor, Call, CallView, Caller, EpollEvents, Errno, Event, Moment, PolledDescriptor, ProcessSocket, ProgramCall,
    ProgramDescriptor, SegmentId, SegmentView, Side, View, on_wire,
};
use crate::tcp::Flags;
use texts::ProgramWords;

/// One fact about a program's call, or about a side's own that waits for several descriptors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgramFact {
    /// It waits until one of these sockets is ready, or one of so many other descriptors.
    Waits(Vec<WaitedSocket>, usize),
    /// It waits, and for which descriptors can't be known.
    WaitsUnknown,
    /// This call, by the entry at which it began, had come back with EAGAIN before.
    FoundNothing(Moment),
    /// What came back with EAGAIN is waited for in this call, by the entry at which it began.
    WaitsThen(Moment),
    /// A socket is ready.
    Ready(PolledDescriptor, ReadyReason),
    /// Nothing became ready in time.
    NotReady,
    /// A descriptor that a side's own call waits for isn't ready.
    StillWaits(i32, StillWaits),
    /// What was polled isn't open.
    NotOpen(i32),
    /// It isn't open any more: another thread closed it meanwhile.
    ClosedMeanwhile(i32),
    /// Another thread closed it meanwhile, and its number is another descriptor's.
    GivenAgain(i32),
    /// It was never connected.
    NeverConnected(i32),
    /// The same, as `select()` finds it.
    NeverConnectedSelected(i32),
    /// A `select()` doesn't look at this descriptor, since it isn't below this number of them.
    Beyond(i32, i32),
    /// A `select()` doesn't look at this descriptor, which isn't open, since it lies beyond the table of the process.
    BeyondTable(i32),
    /// An epoll instance watches nothing.
    NothingWatched(i32),
    /// It watched nothing until the time was over.
    NothingCame(i32),
    /// A descriptor is watched by this epoll instance from now on, for these events.
    Watched(i32, i32, EpollEvents),
    /// It is watched no more.
    Unwatched(i32, i32),
    /// It is closed, and the epoll instance has forgotten it.
    Forgotten(i32, i32),
    /// It is closed, and the epoll instance goes on watching its socket, which has other descriptors.
    StaysWatched(i32, i32),
    /// What was told of it is told again only once something new comes: EPOLLET.
    Edge(i32),
    /// Nothing more is told of it: EPOLLONESHOT.
    OneShot(i32),
    /// Both directions are ended.
    BothEnded(i32),
    /// The own program has ended its reading.
    OwnReadingEnded(i32),
    /// So many descriptors are ready, none of which is a socket that is known.
    ReadyUnknown(i64),
    /// The call didn't wait for the answer to this segment.
    SynSent(SegmentId),
    /// No answer to this segment came within the time of SO_SNDTIMEO.
    SynTimedOut(SegmentId),
    /// The attempt isn't over: no answer to this segment has come.
    Unanswered(SegmentId),
    /// `SO_ERROR` is 0, and the connection stands, since this segment came where that is known.
    Connected(Option<SegmentId>),
    /// `SO_ERROR` is 0.
    NoError,
    /// `SO_ERROR` told why an attempt or a connection has ended, and the segment that ended it.
    Failed(Errno, Option<SegmentId>),
    /// An attempt that an earlier call had begun has ended well.
    AttemptEnded(Option<SegmentId>),
    /// A signal interrupted the call.
    Interrupted(i32),
    /// The call is made again, since a signal had interrupted the one before.
    Again(Option<i32>),
    /// It was made again after that.
    MadeAgain,
    /// SIGPIPE came with the error.
    Sigpipe,
    /// MSG_NOSIGNAL keeps SIGPIPE away.
    NoSigpipe,
    /// The socket has these descriptors too, so that nothing is sent: of the same process, of another one.
    Held(Vec<ProgramDescriptor>, Vec<ProgramDescriptor>),
    /// It was the last of several descriptors; with the segment that was sent.
    Last(Option<SegmentId>),
    /// A message that nobody has received yet holds the socket: this call had sent it.
    InFlight(Moment),
    /// Two numbers are of the same socket now.
    Duplicated(i32, i32),
    /// The same of an epoll instance.
    DuplicatedInstance(i32, i32),
    /// A new process has the same sockets, at these numbers.
    Inherited(i64, Vec<i32>),
    /// `execve()` closed these, and kept those.
    Executed(Vec<i32>, Vec<i32>),
    /// The end of the process closes these, whose sockets nobody else has.
    Exits(Vec<i32>),
    /// The end of the process leaves the sockets of these open: others have them.
    ExitLeaves(Vec<ProcessSocket>),
    /// Descriptors are handed on.
    HandedOn(Vec<i32>),
    /// A descriptor was received: the number that the sender has or had, and the sender.
    Received(i32, Option<u32>),
    /// The same port was tried before, at an address of the other family.
    OtherFamily(Box<OtherAttempt>),
    /// A socket of Multipath TCP.
    Multipath,
    /// This kernel makes none; whether one of TCP was then made instead.
    NoMultipath(Errno, bool),
    /// A listener accepts data in a SYN (TCP Fast Open).
    FastOpenListens,
    /// `connect()` may wait for the first data (`TCP_FASTOPEN_CONNECT`).
    FastOpenConnects,
    /// It did: nothing was sent.
    FastOpenDeferred,
    /// This SYN was sent without data.
    FastOpenAsks(SegmentId),
    /// This SYN bears data.
    FastOpenData(SegmentId),
}

/// A socket that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitedSocket {
    /// Its number.
    pub fd: i32,
    /// For what.
    pub until: WaitedFor,
}

/// What a socket is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitedFor {
    /// A connection to accept.
    Connection,
    /// The end of an attempt to connect.
    Attempt,
    /// Something to read.
    Reading,
    /// Room to write.
    Writing,
    /// One of both.
    Both,
    /// Urgent data.
    Urgent,
    /// An error alone.
    Error,
}

/// Why a socket that is waited for isn't ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StillWaits {
    /// A listener's queue of connections to accept is empty.
    NobodyWaits,
    /// The receive queue is empty, and the peer's FIN hasn't come.
    NothingToRead,
    /// No datagram has come.
    NoDatagram,
    /// Too much waits to be sent or acknowledged: so many bytes.
    Full(u32),
    /// The handshake isn't done yet.
    Unanswered,
    /// No urgent data has come.
    NothingUrgent,
    /// No event was asked for.
    OnlyErrors,
    /// So many bytes are there, and were told: EPOLLET.
    EdgeBytes(u32),
    /// So many connections wait, and were told: EPOLLET.
    EdgeQueue(u32),
    /// The peer's FIN has come, and was told: EPOLLET.
    EdgeEnd,
    /// Whether it can be written was told: EPOLLET.
    EdgeRoom,
    /// It was told once: EPOLLONESHOT.
    SwitchedOff,
}

/// Why a socket is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadyReason {
    /// A connection can be accepted; this segment completed its handshake.
    Handshake(SegmentId),
    /// So many connections wait, by the kernel's word.
    Queue(u32),
    /// Data came with this segment.
    Data(SegmentId),
    /// Urgent data came with this segment.
    Urgent(SegmentId),
    /// So many bytes wait, by the kernel's word.
    Bytes(u32),
    /// The peer's FIN came.
    End(SegmentId),
    /// A RST came.
    Reset(SegmentId),
    /// The attempt to connect has ended well with this segment.
    Connected(SegmentId),
    /// There is room in the send buffer.
    Room,
    /// Nothing is known of it.
    Unknown,
}

/// An earlier attempt at the same port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherAttempt {
    /// Where to.
    pub addr: SocketAddr,
    /// How it failed; `None` while it is under way.
    pub failed: Option<Errno>,
    /// The segment that refused it.
    pub refused: Option<SegmentId>,
}

/// What is said of a call beyond its outcome, at the view's moment: a sentence or two each.
///
/// # Errors
/// [`Broken`] where the texts that were built in don't fit the program.
pub(super) fn program_notes(view: &View<'_>, call: &CallView<'_>, lang: Lang) -> Result<Vec<String>, Broken> {
    let facts = facts(view, call);
    // Most calls are no program's: then no words need be read.
    if facts.is_empty() {
        return Ok(Vec::new());
    }
    let words = ProgramWords::load(lang)?;
    Ok(facts.iter().map(|fact| words.fact(view, call, fact)).collect())
}

/// What is known of a call at the view's moment.
pub fn facts(view: &View<'_>, call: &CallView<'_>) -> Vec<ProgramFact> {
    // The end of a process is a call that never returns.
    let is_over = |made: &&ProgramCall| call.never_made || (call.abandoned && made.name != "exit_group");
    let Some(made) = call.made.filter(|made| !is_over(made)) else {
        return [polled::polled(view, call), copied::copied(view, call), watched::watched(view, call)].concat();
    };
    let look = ProgramLook { view: *view, call: *call, made };
    let mut facts = look.waiting();
    facts.extend(look.attempt());
    facts.extend(look.fast_open());
    facts.extend(look.interrupted());
    facts.extend(look.holders());
    facts
}

/// A program's call at one moment.
struct ProgramLook<'a> {
    view: View<'a>,
    call: CallView<'a>,
    made: &'a ProgramCall,
}

/// So many earlier calls, or segments, are looked at.
const MOST: usize = 999;

impl<'a> ProgramLook<'a> {
    /// What it came to, where it failed.
    fn errno(&self) -> Option<Errno> {
        self.call.outcome.and_then(|outcome| outcome.as_ref().err().copied())
    }

    /// Its value, where it didn't fail.
    fn value(&self) -> Option<i64> {
        self.call.outcome.and_then(|outcome| outcome.as_ref().ok()).map(|returned| returned.value)
    }

    /// The earlier calls of its thread, the newest first.
    fn earlier(&self) -> impl Iterator<Item = CallView<'a>> + use<'a> {
        let entered = self.call.entered;
        self.view.calls_of_thread(self.call.caller).take(MOST).filter(move |other| other.entered < entered)
    }

    /// The next call of its thread, where it has begun one.
    fn next(&self) -> Option<CallView<'a>> {
        let entered = self.call.entered;
        self.view.calls_of_thread(self.call.caller).take(MOST).take_while(|other| other.entered > entered).last()
    }

    /// The earlier calls on its socket, the newest first.
    fn on_socket(&self) -> impl Iterator<Item = CallView<'a>> + use<'a> {
        let entered = self.call.entered;
        let all = self.made.socket.map(|socket| self.view.calls_on(socket).take(MOST));
        all.into_iter().flatten().filter(move |other| other.entered < entered)
    }

    /// The entries while which a call ran: from the one since which its thread had done nothing else, as what is told of calls may
    /// come later than what they sent, to its end, or to the present.
    fn span(&self, call: &CallView<'_>) -> RangeInclusive<Moment> {
        let entered = call.entered;
        let before = self.view.calls_of_thread(call.caller).take(MOST).find(|other| other.entered < entered);
        let ended = if call.outcome.is_some() { call.changed } else { self.view.moment() };
        before.map_or(0, |before| before.changed)..=ended
    }

    /// Where it began.
    fn begun(&self) -> Moment {
        *self.span(&self.call).start()
    }

    /// A socket's own and its peer's address: by the kernel's word; before that was asked for, by the SYN that its `connect()` sent.
    fn ends_of(&self, socket: u64) -> Option<AddressPair> {
        let told = self.view.last_ends(socket);
        told.or_else(|| {
            let connect = self
                .view
                .calls_on(socket)
                .take(MOST)
                .filter(|call| matches!(call.call, Call::Connect { .. }))
                .last()?;
            let Call::Connect { addr, .. } = connect.call else { return None };
            Some((self.syn_of(&connect, *addr)?.segment.from, *addr))
        })
    }

    /// The SYN that a call sent to an address.
    fn syn_of(&self, call: &CallView<'_>, addr: SocketAddr) -> Option<SegmentView<'a>> {
        let span = self.span(call);
        let local = call.made?.socket.and_then(|socket| self.view.last_ends(socket)).map(|(local, _)| local);
        let own = |segment: &SegmentView<'_>| {
            let syn = segment.segment.tcp().is_some_and(|tcp| tcp.flags.has(Flags::SYN) && !tcp.flags.has(Flags::ACK));
            syn && segment.segment.to == on_wire(addr) && local.is_none_or(|local| segment.segment.from == local)
        };
        let mut sent =
            self.view.segments().take(MOST).filter(|segment| span.contains(&self.sent(segment)) && own(segment));
        // Of several it isn't known which is its.
        sent.next().filter(|_| local.is_some() || sent.next().is_none())
    }

    /// The segments between a socket and its peer, the newest first.
    fn segments_of(&self, socket: u64) -> impl Iterator<Item = SegmentView<'a>> + use<'a> {
        let view = self.view;
        let ends = self.ends_of(socket);
        ends.into_iter().flat_map(move |ends| wire::segments(&view, ends).take(MOST))
    }

    /// The calls of its program, whichever side they are seen at, the newest first.
    fn programs_calls(&self) -> Vec<CallView<'a>> {
        let sides = Side::BOTH.map(|side| Actor { side, ..self.call.caller.actor });
        let mut calls: Vec<CallView<'a>> =
            sides.into_iter().flat_map(|actor| self.view.calls(actor).take(MOST)).collect();
        calls.sort_by_key(|call| std::cmp::Reverse(call.entered));
        calls
    }

    /// The entry at which a segment was first seen.
    fn sent(&self, segment: &SegmentView<'_>) -> Moment {
        self.view.trace().segment_records().get(segment.id.0 as usize).map_or(Moment::MAX, |record| record.sent)
    }
}

fn has(segment: &SegmentView<'_>, flag: Flags) -> bool {
    segment.segment.tcp().is_some_and(|tcp| tcp.flags.has(flag))
}

/// A signal that a thread got between two entries: the newest.
pub(super) fn signal_between(view: &View<'_>, caller: Caller, (from, to): (Moment, Moment)) -> Option<i32> {
    let entries = view.trace().entries();
    let (from, to) = (from.min(entries.len()), to.min(entries.len()));
    entries.get(from..to)?.iter().rev().take(MOST).find_map(|entry| match entry.event {
        Event::Signal { caller: of, signal } if of == caller => Some(signal),
        _ => None,
    })
}
