//! What can stand in a trace.

use std::time::Duration;

use super::rule::{WireRule, WireRules};
use super::{
    Actor, Call, Caller, CounterMove, Errno, ForwardingRules, HeldCalls, Member, Outcome, ProgramExit, Side,
    SocketFacts, Source, Statement,
};
use crate::tcp::Packet;

/// The number of a segment (or of a datagram), in the order in which they were first seen on the wire, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct SegmentId(pub u32);

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Event {
    /// A step of the lesson begins; the number counts from 0.
    Step(usize),
    /// A thread goes into a call.
    Entered {
        /// Which one.
        caller: Caller,
        /// What.
        call: Call,
    },
    /// A program's thread stands before a call, and waits until it is let go.
    Stands {
        /// Which one.
        caller: Caller,
        /// What it is about to call.
        call: Call,
    },
    /// A program's thread ended in a call, or before one.
    Ended {
        /// Which one.
        caller: Caller,
    },
    /// A person ended the process that makes an actor's calls, as SIGKILL does: the call in which it was never returns, and the kernel
    /// closes all of its descriptors. Its next call is that of a new process.
    Killed(Actor),
    /// A signal is about to be delivered to a program's thread (`signal(7)`), or has come to a side's in its call; one that stops
    /// processes has stopped a program's, and SIGCONT lets it go on.
    Signal {
        /// Which one.
        caller: Caller,
        /// Its number.
        signal: i32,
    },
    /// The process that began a program ended; what it started may run on.
    ProgramEnded {
        /// The program: its member's number.
        program: u32,
        /// How.
        how: ProgramExit,
    },
    /// A program plays another side's part with a socket: what it called on it, and before it had any, was of that side.
    Plays {
        /// As whom it was seen until now.
        from: Actor,
        /// The side whose part it plays.
        side: Side,
        /// The socket, by the name that its calls have ([`super::ProgramCall::socket`]).
        socket: u64,
    },
    /// So many calls of a program, by its member's number, didn't wait, and weren't kept one by one, since the last such entry.
    #[allow(missing_docs)]
    UntoldCalls { program: u32, calls: u64 },
    /// From now on these of the programs' calls wait before they are made.
    Holding {
        /// Of which program: its member's number; `None` of all.
        of: Option<u32>,
        /// Which calls.
        held: HeldCalls,
    },
    /// The kernel says that the thread sleeps in the call.
    Blocked {
        /// Which one.
        caller: Caller,
    },
    /// The call came back.
    Returned {
        /// Which one's.
        caller: Caller,
        /// With what.
        outcome: Outcome,
    },
    /// A segment, or for contrast a datagram, left its sender. `again` names the segment that it repeats, where that one no longer waits.
    Sent {
        /// Its number.
        id: SegmentId,
        /// The segment.
        segment: Packet,
        /// The earlier segment of which this is a retransmission.
        again: Option<SegmentId>,
    },
    /// A person sent a copy of an earlier segment: no kernel did. It doesn't wait.
    Repeated {
        /// The copy's own number.
        id: SegmentId,
        /// Of which segment it is a copy.
        of: SegmentId,
        /// The copy.
        segment: Packet,
    },
    /// A person sent a changed copy of an earlier segment: no kernel did. It doesn't wait. In which fields they differ is told by
    /// [`super::edit::changed`].
    Edited {
        /// The copy's own number.
        id: SegmentId,
        /// Of which segment it is a copy.
        of: SegmentId,
        /// The copy, as it went.
        segment: Packet,
    },
    /// A person sent a segment that nobody else had sent. It doesn't wait.
    Forged {
        /// Its number.
        id: SegmentId,
        /// The segment, as it went.
        segment: Packet,
    },
    /// By a rule of the wire a second copy of a segment is on its way: no kernel and no person sent it.
    Duplicated {
        /// The copy's own number.
        id: SegmentId,
        /// Of which segment it is a copy.
        of: SegmentId,
        /// The copy.
        segment: Packet,
        /// The rule.
        rule: Box<WireRule>,
    },
    /// It waits on the wire.
    Held(SegmentId),
    /// It went on to its receiver.
    Delivered(SegmentId),
    /// Which of the kernel's counters moved while its receiver's kernel processed it, but for those that say nothing
    /// ([`super::is_routine`]): the kernel's reason for what it did. There is no such entry where they weren't read.
    Reasons {
        /// Its number.
        id: SegmentId,
        /// Which; empty where none did.
        moved: Vec<CounterMove>,
    },
    /// A kernel sent it once more: which of the counters that tell why ([`super::why_again`]) had moved since they were
    /// read last. There is no such entry where none had, or they weren't read.
    Causes {
        /// Its number.
        id: SegmentId,
        /// Which.
        moved: Vec<CounterMove>,
    },
    /// It was forgotten.
    Dropped(SegmentId),
    /// By a rule of the wire it was lost.
    Lost {
        /// Its number.
        id: SegmentId,
        /// The rule.
        rule: Box<WireRule>,
    },
    /// It was to go on to its receiver, and the kernel refused to send it: it is dropped.
    Undeliverable {
        /// Its number.
        id: SegmentId,
        /// The kernel's refusal.
        errno: Errno,
    },
    /// Its sender sent it once more. Where it waits, the newest copy is the one that waits now, or still the first (in a
    /// lab with [`super::Copies::Late`]); where it was delivered already, the copy was dropped (not with
    /// [`super::Copies::Hold`]).
    Retransmitted {
        /// The first copy's number.
        id: SegmentId,
        /// The copy that waits now; the newest where none does.
        segment: Packet,
    },
    /// The kernel says something new of a socket.
    Socket(SocketFacts),
    /// The kernel no longer lists a socket, or a closed descriptor's socket was never connected.
    Gone {
        /// Its cookie.
        cookie: u64,
        /// Who says so.
        source: Source,
    },
    /// A process came into the lab.
    Joined(Member),
    /// A process left the lab, or was ended. Its calls ended with it.
    Left(Member),
    /// From now on these segments go on by themselves.
    Passing(ForwardingRules),
    /// From now on the wire has these rules.
    Ruled(WireRules),
    /// A setting of the lab's kernel was to be changed (`sysctl(8)`).
    Sysctl(Box<ChangedSetting>),
    /// So many segments went on by themselves without being kept one by one, since the last such entry.
    Unkept {
        /// How many segments.
        segments: u64,
        /// Their bytes of data, in all.
        bytes: u64,
        /// How many more came faster than they could be read, and were lost: their senders send them again.
        lost: u64,
        /// How many more the kernel refused to send on: they were dropped.
        refused: u64,
        /// How many more a rule of the wire lost.
        ruled: u64,
    },
    /// In a lesson, a person did something that is no step of it.
    ByHand(HandAction),
    /// A claim of the lesson was checked; again, where something was done by hand since.
    Claim(Box<ClaimResult>),
    /// The learner predicted, and the kernel answered.
    Answer(AnsweredQuestion),
}

/// What passed without being kept one by one, in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SampledOut {
    /// How many segments went on.
    pub segments: u64,
    /// Their bytes of data.
    pub bytes: u64,
    /// How many more the capture lost.
    pub lost: u64,
    /// How many more the kernel refused to send on.
    pub refused: u64,
    /// How many more a rule of the wire lost.
    pub ruled: u64,
}

impl SampledOut {
    /// Both together.
    pub fn plus(self, more: SampledOut) -> SampledOut {
        SampledOut {
            segments: self.segments.saturating_add(more.segments),
            bytes: self.bytes.saturating_add(more.bytes),
            lost: self.lost.saturating_add(more.lost),
            refused: self.refused.saturating_add(more.refused),
            ruled: self.ruled.saturating_add(more.ruled),
        }
    }
}

/// How a segment was made that its sender's kernel hasn't sent: by a person, or, as a copy, by a rule of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandMade {
    /// It is a copy of this one.
    Repeated(SegmentId),
    /// It is a copy of this one, and differs from it.
    Edited(SegmentId),
    /// It is a copy of none.
    Forged,
}

impl HandMade {
    /// The segment of which it was made.
    pub const fn of(self) -> Option<SegmentId> {
        match self {
            HandMade::Repeated(of) | HandMade::Edited(of) => Some(of),
            HandMade::Forged => None,
        }
    }
}

impl Event {
    /// Which segment is seen here for the first time, whoever sent it.
    pub fn appears(&self) -> Option<(SegmentId, &Packet)> {
        match self {
            Event::Sent { id, segment, .. }
            | Event::Repeated { id, segment, .. }
            | Event::Edited { id, segment, .. }
            | Event::Duplicated { id, segment, .. }
            | Event::Forged { id, segment } => Some((*id, segment)),
            _ => None,
        }
    }
}

/// A change of a setting of the lab's kernel, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ChangedSetting {
    /// As `sysctl(8)` names it: `net.ipv4.tcp_syncookies`.
    pub name: String,
    /// What it was before; `None` where it couldn't be read.
    pub before: Option<String>,
    /// What it is now, by the kernel's word, or the kernel's refusal.
    pub now: Result<String, Errno>,
}

/// What a person can do by hand in a lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum HandAction {
    /// Let a waiting segment go on.
    Deliver(SegmentId),
    /// Forget a waiting segment.
    Drop(SegmentId),
    /// Send a copy of an earlier segment.
    Repeat(SegmentId),
    /// Send a changed copy of an earlier segment.
    Edit(SegmentId),
    /// Send a segment that nobody else has sent.
    Forge,
    /// Change the rules of the wire.
    Rule,
    /// Change a setting of the lab's kernel.
    Sysctl,
    /// Interrupt the call in which a side sleeps.
    Interrupt(Side),
    /// End the process that makes a side's calls.
    Kill(Side),
    /// Have a side make a call of one's own.
    Call(Side),
}

/// What had become of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Seen, and not held: on a wire that only watches.
    Passing,
    /// Waiting on the wire.
    Held,
    /// Gone on to its receiver.
    Delivered,
    /// Forgotten.
    Dropped,
    /// It was to go on, and the kernel refused to send it.
    Undeliverable(Errno),
}

/// What became of one claim.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ClaimResult {
    /// The step's number, from 0.
    pub step: usize,
    /// What it says.
    pub what: Statement,
    /// Whether it held.
    pub held: bool,
    /// What was the case.
    pub actual: Statement,
    /// The line of the lesson file, from 1.
    pub line: usize,
}

/// A prediction and what the kernel did.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AnsweredQuestion {
    /// The step's number, from 0.
    pub step: usize,
    /// Which of the offered answers the learner chose; `None` where the question was passed over.
    pub chosen: Option<usize>,
    /// Which of the offered answers the kernel gave; `None` where it gave none of them.
    pub right: Option<usize>,
    /// What the kernel did, in the lesson's notation.
    pub actual: String,
}

/// One line of the trace.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Entry {
    /// When, since the walk began.
    pub at: Duration,
    /// What.
    pub event: Event,
}
