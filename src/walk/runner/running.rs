//! A step that runs: what it waits for, and until when.

use std::time::Duration;

use super::FIRST_PAUSE;
use super::waits::AwaitedTimer;
use crate::model::{Actor, Caller, Moment, SideProcess, Statement};

/// Which of its side's processes an actor is: in a lesson nobody else comes, so all but the first are children.
pub(super) fn process(actor: Actor) -> SideProcess {
    let child = if actor.is_first() { SideProcess::CAME } else { actor.nth };
    SideProcess { side: actor.side, child }
}

/// A step that runs.
#[derive(Debug)]
pub(super) struct RunningStep {
    /// `None` where an interrupted call is made again, which belongs to no step.
    pub(super) step: Option<usize>,
    pub(super) chosen: Option<usize>,
    /// The action was asked of the world.
    pub(super) acted: bool,
    pub(super) deadline: Duration,
    pub(super) awaited: Option<AwaitedTimer>,
    /// The call that it made: whose, and the moment of the trace at which it was asked for.
    pub(super) call: Option<(Caller, Moment)>,
    /// When neither that call nor the world is waited for any longer, once the deadline has passed.
    pub(super) limit: Option<Duration>,
    pub(super) pause: Duration,
    /// When its pause ends.
    pub(super) pause_ends: Option<Duration>,
    /// When to look again; `None` while the world is settling.
    pub(super) again_at: Option<Duration>,
    /// The moment of the trace at which the action was tried last.
    pub(super) tried: Moment,
    /// An action that could not be done.
    pub(super) obstacle: Option<Box<Statement>>,
    /// How often the world had settled without an end.
    pub(super) looks: u32,
    /// Its claims held before it began, and it waits for a timer.
    pub(super) held_before: bool,
    /// The sender of a dropped segment has a timer that will send it again; this far the deadline was moved for it.
    pub(super) sent_again_at: Option<Duration>,
}

impl RunningStep {
    /// A step, or, without one, the calls that are made again.
    pub(super) fn new(step: Option<usize>, deadline: Duration) -> RunningStep {
        RunningStep {
            step,
            chosen: None,
            acted: step.is_none(),
            deadline,
            awaited: None,
            call: None,
            limit: None,
            pause: FIRST_PAUSE,
            pause_ends: None,
            again_at: None,
            tried: 0,
            obstacle: None,
            looks: 0,
            held_before: false,
            sent_again_at: None,
        }
    }
}
