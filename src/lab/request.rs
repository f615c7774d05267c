//! What a walk asks a lab for, and what comes back.

use std::time::Duration;

use crate::model::rule::RuleChange;
use crate::model::{
    Call, Caller, Entry, Event, Failure, HeldCalls, KernelChange, Mode, SegmentFilter, SegmentId, Side, SideProcess,
};
use crate::tcp::Packet;

/// What a walk asks for. Nothing is answered at once; what comes of it arrives as [`Happening`]s.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Request {
    /// A process of a side makes a call: its main thread or, while that sleeps in one, a further one. None of them must be about to return or to
    /// sleep.
    Call(SideProcess, Call),
    /// This further thread of a side's makes a call; it is started with its first one. It must not be in another call.
    CallBy(SideProcess, u32, Call),
    /// A signal interrupts the call in which this thread of a side's sleeps.
    Interrupt(SideProcess, u32),
    /// A process that makes a side's calls ends at once, as by SIGKILL; of the one that came the next call is that of a new one.
    Kill(SideProcess),
    /// A program's thread makes the call before which it stands.
    LetCall(Caller),
    /// From now on these of a program's calls wait, by its member's number; `None` of all programs'.
    Hold(Option<u32>, HeldCalls),
    /// Who asks runs a program that is meant to play this part: as long as its calls tell nothing else, it does.
    Play(Side),
    /// A waiting segment goes on to its receiver.
    Deliver(SegmentId),
    /// A waiting segment is forgotten.
    Drop(SegmentId),
    /// A copy of a segment, whatever became of that one, goes to its receiver now.
    Repeat(SegmentId),
    /// This segment goes to its receiver now, its bytes as they are: a changed copy of that one; of `None`, one that no kernel
    /// has sent.
    Make(Option<SegmentId>, Box<Packet>),
    /// From now on these segments go on by themselves after so long; `None` takes the rule back.
    Pass(SegmentFilter, Option<Duration>),
    /// The wire's rules change.
    Rule(RuleChange),
    /// A setting of the lab's kernel, or a route's, becomes another one.
    Kernel(KernelChange),
    /// A lesson's walk puts an entry of its own into the trace: a step began, a claim was checked, a question was answered.
    Note(Box<Event>),
    /// When the kernel is asked for all its sockets next, tell the times of `TCP_INFO` that grow by themselves too.
    TellTimes,
    /// Report [`HappeningKind::Settled`] once everything asked before has taken its effect: every segment that was let go was
    /// processed by its receiver, each side is idle or sleeps in its call, the wire was read to its end, and the
    /// kernel was asked for its sockets after all that.
    Settle,
}

impl Request {
    /// What asks for a call of this thread of a side's, as [`Caller::worker`] has it.
    pub fn by_thread(of: impl Into<SideProcess>, worker: u32, call: Call) -> Request {
        let of = of.into();
        if worker == Caller::MAIN { Request::Call(of, call) } else { Request::CallBy(of, worker, call) }
    }
}

/// A lab, as a walk uses it.
pub trait World {
    /// Asks for something. Never waits.
    fn request(&mut self, request: Request);
    /// Which kind of place it is.
    fn mode(&self) -> Mode;
    /// What the wire can do here.
    fn wire(&self) -> WireAbility;
}

/// What a wire can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum WireAbility {
    /// Segments are seen and held.
    Holds,
    /// Segments are seen while they pass.
    Watches,
    /// Segments can't be seen.
    Blind,
}

/// Something that came to be known, with its time since the walk began.
#[derive(Clone, Debug, PartialEq)]
pub struct Happening {
    /// When.
    pub at: Duration,
    /// What.
    pub what: HappeningKind,
}

impl From<Entry> for Happening {
    fn from(Entry { at, event }: Entry) -> Happening {
        Happening { at, what: HappeningKind::Event(event) }
    }
}

/// What came to be known.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly all are events, and each is handed on once")]
pub enum HappeningKind {
    /// Something happened that belongs into the trace as it is.
    Event(Event),
    /// What was asked for before the matching [`Request::Settle`] has taken its effect.
    Settled,
    /// This call was not made: where the sides have no descriptors of their own, its descriptor is one of this program's. No
    /// kernel was asked, so it stands in no trace.
    Unmade(Call),
    /// The world can't go on.
    Failed(Failure),
}
