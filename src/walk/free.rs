//! A walk without a lesson: any call, in any order. Commands and happenings go in, requests come out, as with the runner.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{Answerer, Happening, HappeningKind, Phase, Request, WalkCommand, WireAbility};
use crate::lesson::Lesson;
use crate::model::{Actor, Call, Event, Mode, Moment, Side, Trace};

/// What a free walk is made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To make the calls of these actors, and to let go on what programs wait for; of none, where programs play both parts.
    Drive(Vec<Actor>),
    /// To look on.
    Watch,
    /// To look at a recording.
    Replay,
}

/// How a free walk is made.
#[derive(Clone, Debug)]
pub struct FreeOptions {
    /// What for.
    pub purpose: Purpose,
    /// The address at which the server listens, or is expected to.
    pub server: SocketAddr,
    /// Where it runs.
    pub mode: Mode,
    /// What its wire can do.
    pub wire: WireAbility,
    /// The lab's name; `None` where it has none.
    pub lab: Option<String>,
    /// The lesson through which somebody else walks, or walked, here.
    pub lesson: Option<Arc<Lesson>>,
}

/// Whether somebody did something, as opposed to what came of it.
pub fn is_act(event: &Event) -> bool {
    let ends = matches!(event, Event::Delivered(_) | Event::Dropped(_) | Event::Undeliverable { .. });
    let decides = matches!(event, Event::Passing(_) | Event::Ruled(_) | Event::Sysctl(_) | Event::Holding { .. });
    ends || decides || matches!(event, Event::Entered { .. } | Event::Stands { .. })
}

/// The walk.
#[derive(Debug)]
pub struct Free {
    options: FreeOptions,
    phase: Phase,
    trace: Trace,
    requests: VecDeque<Request>,
    answerer: Option<Answerer>,
    /// The entry with which the newest act began.
    acted: Moment,
    unmade: Option<Call>,
}

impl Free {
    /// A walk to which nothing has happened. `answerer` makes a side's calls by itself.
    pub fn new(options: FreeOptions, answerer: Option<Answerer>) -> Free {
        let mut walk = Free {
            options,
            phase: Phase::Ready,
            trace: Trace::default(),
            requests: VecDeque::new(),
            answerer,
            acted: 0,
            unmade: None,
        };
        if let Some(answerer) = &mut walk.answerer {
            walk.requests.extend(answerer.begin());
        }
        walk
    }

    /// A walk that has come to the end of this trace, such as a recording's.
    pub fn from_trace(options: FreeOptions, trace: Trace) -> Free {
        let acted = trace.entries().iter().rposition(|entry| is_act(&entry.event));
        Free { acted: acted.unwrap_or_default(), trace, ..Free::new(options, None) }
    }

    /// How it is made.
    pub fn options(&self) -> &FreeOptions {
        &self.options
    }

    /// The actors whose calls it makes, at most one of a side.
    pub fn actors(&self) -> &[Actor] {
        match &self.options.purpose {
            Purpose::Drive(actors) => actors,
            Purpose::Watch | Purpose::Replay => &[],
        }
    }

    /// Whether it steps, as [`Member::steps`](crate::model::Member::steps) has it.
    pub fn steps(&self) -> bool {
        matches!(self.options.purpose, Purpose::Drive(_))
    }

    /// Its actor of a side; `None` where it doesn't make that side's calls.
    pub fn actor(&self, side: Side) -> Option<Actor> {
        self.actors().iter().copied().find(|actor| actor.side == side)
    }

    /// Everything that happened.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// [`Phase::Ready`], or why it can't go on.
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// The entry with which the newest act began: a call was entered, or a segment went. What came since is news.
    pub fn acted(&self) -> Moment {
        self.acted
    }

    /// The call that was asked for last, where it wasn't made.
    pub fn unmade(&self) -> Option<&Call> {
        self.unmade.as_ref()
    }

    /// The next request for the world; empty them after every command and happening.
    pub fn take_request(&mut self) -> Option<Request> {
        self.requests.pop_front()
    }

    /// Takes a command. What can't be done now is passed over.
    pub fn command(&mut self, command: WalkCommand) {
        if matches!(self.phase, Phase::Failed(_)) {
            return;
        }
        let request = match command {
            WalkCommand::Call(side, call) => self.actor(side).and_then(|actor| {
                self.unmade = None;
                let idle = self.trace.present().open_call(actor).is_none();
                idle.then_some(Request::Call(side, call))
            }),
            WalkCommand::Interrupt(side) => self.actor(side).map(|_| Request::Interrupt(side)),
            WalkCommand::LetCall(caller) => Some(Request::LetCall(caller)),
            WalkCommand::Hold(of, held) => Some(Request::Hold(of, held)),
            WalkCommand::Deliver(id) => Some(Request::Deliver(id)),
            WalkCommand::DeliverAll(ids) => return self.requests.extend(ids.into_iter().map(Request::Deliver)),
            WalkCommand::Drop(id) => Some(Request::Drop(id)),
            WalkCommand::Repeat(id) => Some(Request::Repeat(id)),
            WalkCommand::Make(of, segment) => Some(Request::Make(of, segment)),
            WalkCommand::Pass(which, delay) => Some(Request::Pass(which, delay)),
            WalkCommand::Rule(change) => Some(Request::Rule(change)),
            WalkCommand::Sysctl(change) => Some(Request::Sysctl(change)),
            _ => None,
        };
        self.requests.extend(request);
    }

    /// Takes what came from the world.
    pub fn happened(&mut self, happening: Happening) {
        match happening.what {
            HappeningKind::Event(event) => self.push(happening.at, event),
            HappeningKind::Unmade(call) => self.unmade = Some(call),
            HappeningKind::Failed(failure) => self.phase = Phase::Failed(failure),
            // Nobody waits for it.
            HappeningKind::Settled => {}
        }
    }

    fn push(&mut self, at: Duration, event: Event) {
        let answers = self.answerer.as_mut().map(|answerer| answerer.happened(&event)).unwrap_or_default();
        let acts = is_act(&event);
        let moment = self.trace.push(at, event);
        if acts {
            self.acted = moment;
        }
        self.requests.extend(answers);
    }
}
