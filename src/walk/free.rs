//! A walk without a lesson: any call, in any order. Commands and happenings go in, requests come out, as with the runner.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{Answerer, Happening, HappeningKind, Phase, Request, WalkCommand, WireAbility};
use crate::lesson::Lesson;
use crate::model::{Actor, Call, CallView, Errno, Event, Mode, Moment, Side, SideProcess, Trace};

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

/// Whether at this entry of a trace somebody did something, as opposed to what came of it. A program that waits again and again
/// until something comes does nothing new; nor does one that sets an option by the way.
pub fn is_act(trace: &Trace, at: Moment) -> bool {
    trace.entries().get(at).is_some_and(|entry| does(&entry.event)) && !trace.is_quiet(at)
}

/// Whether somebody decided what is to become of later segments and calls.
pub fn decides(event: &Event) -> bool {
    matches!(event, Event::Passing(_) | Event::Ruled(_) | Event::Sysctl(_) | Event::Holding { .. })
}

fn does(event: &Event) -> bool {
    let ends = matches!(event, Event::Delivered(_) | Event::Dropped(_) | Event::Undeliverable { .. });
    // A signal is seen by the call that it ends.
    let interrupts = matches!(event, Event::Returned { outcome: Err(Errno(libc::EINTR)), .. });
    // That a program has come to its next call is what came of the last one.
    ends || decides(event) || interrupts || matches!(event, Event::Entered { .. } | Event::Killed(_))
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
        let acted = (0..trace.entries().len()).rfind(|at| is_act(&trace, *at));
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

    /// The actors whose calls it makes, with the children that they have made and that live.
    pub fn processes(&self) -> Vec<Actor> {
        self.trace.present().with_children(self.actors())
    }

    /// Which of its processes an actor is; `None` where it is another's, or a child that has ended.
    fn process(&self, actor: Actor) -> Option<SideProcess> {
        let is_own = self.actors().contains(&actor);
        let child = if is_own { SideProcess::CAME } else { actor.nth };
        (is_own || self.processes().contains(&actor)).then_some(SideProcess { side: actor.side, child })
    }

    /// Its actor of a side; `None` where it doesn't make that side's calls.
    pub fn actor(&self, side: Side) -> Option<Actor> {
        self.actors().iter().copied().find(|actor| actor.side == side)
    }

    /// The call that keeps an actor from making another one. Where a side's calls are made by themselves, its main thread alone makes
    /// others: the further ones serve connections.
    pub fn busy_in(&self, actor: Actor) -> Option<CallView<'_>> {
        let present = self.trace.present();
        if self.answerer.is_some() { present.open_call(actor) } else { present.busy_in(actor) }
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
            WalkCommand::Call(actor, call) => self.process(actor).and_then(|process| {
                self.unmade = None;
                self.busy_in(actor).is_none().then_some(Request::Call(process, call))
            }),
            WalkCommand::Interrupt(actor) => {
                let sleeping = self.process(actor).zip(self.trace.present().sleeping_in(actor));
                sleeping.map(|(process, call)| Request::Interrupt(process, call.caller.worker))
            }
            WalkCommand::Kill(actor) => self.process(actor).map(Request::Kill),
            WalkCommand::LetCall(caller) => Some(Request::LetCall(caller)),
            WalkCommand::Hold(of, held) => Some(Request::Hold(of, held)),
            WalkCommand::Deliver(id) => Some(Request::Deliver(id)),
            WalkCommand::DeliverAll(ids) => return self.requests.extend(ids.into_iter().map(Request::Deliver)),
            WalkCommand::Drop(id) => Some(Request::Drop(id)),
            WalkCommand::Repeat(id) => Some(Request::Repeat(id)),
            WalkCommand::Make(of, segment) => Some(Request::Make(of, segment)),
            WalkCommand::Pass(which, delay) => Some(Request::Pass(which, delay)),
            WalkCommand::Rule(change) => Some(Request::Rule(change)),
            WalkCommand::Kernel(change) => Some(Request::Kernel(change)),
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
        let moment = self.trace.push(at, event);
        if is_act(&self.trace, moment) {
            self.acted = moment;
        }
        self.requests.extend(answers);
    }
}
