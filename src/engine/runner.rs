//! The runner of a lesson.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::{Failure, Happening, Request, Wire};
use crate::lesson::{Ask, Lesson, Step};
use crate::model::{Mode, SegmentId, Side, Trace};

/// How a walk is made.
#[derive(Clone, Debug)]
pub struct WalkOptions {
    /// Where it runs.
    pub mode: Mode,
    /// What its wire can do.
    pub wire: Wire,
    /// How long a claim may take to become true.
    pub patience: Duration,
    /// Another port for the lesson's server; `None` keeps the lesson's.
    pub port: Option<u16>,
}

/// What the learner, or whoever drives the walk, wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Go on: run the next step; at a question, go on without a prediction; at a line, send the one that is offered.
    Next,
    /// Predict: the number of the chosen answer, from 0.
    Predict(usize),
    /// Send this line (without a line end).
    Line(String),
    /// Let a waiting segment go on.
    Deliver(SegmentId),
    /// Forget a waiting segment.
    Drop(SegmentId),
    /// Interrupt the call in which a side sleeps.
    Interrupt(Side),
}

/// What the runner waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// For [`Command::Next`].
    Ready,
    /// For a prediction of the next step's question.
    Asking,
    /// For the learner's line; the offered one is this.
    Typing(String),
    /// For the world: a step runs or its claims are being waited for.
    Busy,
    /// For nothing: the lesson is over.
    Finished,
    /// For nothing: the world can't go on.
    Failed(Failure),
}

/// How a walk ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// How many claims held.
    pub held: usize,
    /// How many did not.
    pub broken: usize,
}

/// The runner. Feed it commands, happenings and the time; send the requests that it gives to the world.
pub struct Runner {
    lesson: Arc<Lesson>,
    trace: Trace,
    options: WalkOptions,
    phase: Phase,
    done: Option<usize>,
    requests: VecDeque<Request>,
}

impl Runner {
    /// A walk that hasn't begun.
    pub fn new(lesson: Arc<Lesson>, options: WalkOptions) -> Runner {
        Runner { lesson, options, trace: Trace::default(), phase: Phase::Ready, done: None, requests: VecDeque::new() }
    }
    /// The lesson.
    pub fn lesson(&self) -> &Lesson {
        &self.lesson
    }
    /// How the walk is made.
    pub fn options(&self) -> &WalkOptions {
        &self.options
    }
    /// Everything that happened.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }
    /// What is waited for.
    pub fn phase(&self) -> &Phase {
        &self.phase
    }
    /// The step that [`Command::Next`] runs, with its number; `None` after the last.
    pub fn next_step(&self) -> Option<(usize, &Step)> {
        None
    }
    /// The question that is open; `None` where none is.
    pub fn question(&self) -> Option<&Ask> {
        None
    }
    /// The calls that were interrupted and that [`Command::Next`] will make again, by side.
    pub fn interrupted(&self) -> Vec<Side> {
        Vec::new()
    }
    /// Takes a command. What can't be done now is passed over.
    pub fn command(&mut self, _command: Command, _now: Duration) {}
    /// Takes what came from the world.
    pub fn happened(&mut self, _happening: Happening) {}
    /// Takes the time: call it when [`Runner::wake_at`] has come.
    pub fn tick(&mut self, _now: Duration) {}
    /// When the runner wants to be told the time; `None` where only a command or a happening matters.
    pub fn wake_at(&self) -> Option<Duration> {
        None
    }
    /// The next request for the world; empty them after every command, happening and tick.
    pub fn take_request(&mut self) -> Option<Request> {
        self.requests.pop_front()
    }
    /// How the claims fared so far.
    pub fn verdict(&self) -> Verdict {
        Verdict::default()
    }
}
