//! What whoever drives a walk can want of it.

use std::time::Duration;

use crate::model::rule::RuleChange;
use crate::model::{Actor, Call, Caller, HeldCalls, KernelChange, SegmentFilter, SegmentId};
use crate::tcp::Packet;

/// What the learner, or whoever drives the walk, wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WalkCommand {
    /// Go on: run the next step; at a question, go on without a prediction; at a line, send the one that is offered.
    Next,
    /// Predict: the number of the chosen answer, from 0.
    Predict(usize),
    /// Send this line (without a line end).
    Line(String),
    /// Let a waiting segment go on.
    Deliver(SegmentId),
    /// Let these waiting segments go on, one after the other.
    DeliverAll(Vec<SegmentId>),
    /// Forget a waiting segment.
    Drop(SegmentId),
    /// Send a copy of a segment to its receiver now.
    Repeat(SegmentId),
    /// Send this segment, a changed copy of that one, or of none.
    Make(Option<SegmentId>, Box<Packet>),
    /// Interrupt the call in which an actor sleeps.
    Interrupt(Actor),
    /// End the process that an actor is.
    Kill(Actor),
    /// Make this call; in a lesson it is one beside the lesson's.
    Call(Actor, Call),
    /// Let a program's thread make the call before which it stands: in a shared lab.
    LetCall(Caller),
    /// Which calls of a program, by its member's number, or of all wait before they are made: in a shared lab.
    Hold(Option<u32>, HeldCalls),
    /// Let these segments pass by themselves after so long, or no longer: in a shared lab.
    Pass(SegmentFilter, Option<Duration>),
    /// A setting of the lab's kernel, or a route's, becomes another one.
    Kernel(KernelChange),
    /// The wire's rules change: in a free walk.
    Rule(RuleChange),
}
