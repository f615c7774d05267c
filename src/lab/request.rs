//! What a walk asks a lab for, and what comes back.

use std::time::Duration;

use crate::model::rule::RuleChange;
use crate::model::{Call, Caller, Event, Failure, HeldCalls, Mode, SegmentFilter, SegmentId, SettingChange, Side};
use crate::tcp::Packet;

/// What a walk asks for. Nothing is answered at once; what comes of it arrives as [`Happening`]s.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Request {
    /// A side makes a call. It must not be in another one.
    Call(Side, Call),
    /// A thread of a side's that serves one connection makes a call; it is started, and given the call's descriptor,
    /// with its first one. It must not be in another call.
    Serve(Side, u32, Call),
    /// A signal interrupts the call in which a side sleeps.
    Interrupt(Side),
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
    /// A setting of the lab's kernel becomes another one.
    Sysctl(SettingChange),
    /// A lesson's walk puts an entry of its own into the trace: a step began, a claim was checked, a question was answered.
    Note(Box<Event>),
    /// Report [`HappeningKind::Settled`] once everything asked before has taken its effect: every segment that was let go was
    /// processed by its receiver, each side is idle or sleeps in its call, the wire was read to its end, and the
    /// kernel was asked for its sockets after all that.
    Settle,
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
