//! A walk of any kind, as whoever shows or drives one uses it.

use std::net::SocketAddr;
use std::time::Duration;

use super::{Free, Happening, Phase, Request, Runner, Verdict, WalkCommand, WireAbility};
use crate::lesson::{Ask, Lesson, Step};
use crate::model::{Actor, Call, CallView, Mode, SegmentId, Side, Trace};

/// A walk. Commands, happenings and the time go in, requests come out.
#[derive(Debug)]
pub enum Walk {
    /// Through a lesson.
    Lesson(Box<Runner>),
    /// Without one: any call in any order, what others do, or a recording.
    Free(Box<Free>),
}

impl From<Runner> for Walk {
    fn from(runner: Runner) -> Walk {
        Walk::Lesson(Box::new(runner))
    }
}

impl From<Free> for Walk {
    fn from(free: Free) -> Walk {
        Walk::Free(Box::new(free))
    }
}

impl Walk {
    /// The walk through a lesson; `None` where it is none.
    pub fn runner(&self) -> Option<&Runner> {
        match self {
            Walk::Lesson(runner) => Some(runner),
            Walk::Free(_) => None,
        }
    }

    /// The free walk; `None` in a lesson.
    pub fn free(&self) -> Option<&Free> {
        match self {
            Walk::Lesson(_) => None,
            Walk::Free(free) => Some(free),
        }
    }

    /// The actors whose calls this walk makes: of a lesson's sides those that no program plays.
    pub fn driven(&self) -> Vec<Actor> {
        match self {
            Walk::Lesson(runner) => {
                let programs = &runner.lesson().programs;
                Side::BOTH.into_iter().filter(|side| !programs.contains(side)).map(Actor::from).collect()
            }
            Walk::Free(free) => free.actors().to_vec(),
        }
    }

    /// The same with the children that they have made by `fork()` and that live.
    pub fn processes(&self) -> Vec<Actor> {
        self.trace().present().with_children(&self.driven())
    }

    /// How many children live of those that play a side's part.
    pub fn children(&self, side: Side) -> usize {
        let own = self.driven();
        self.processes().into_iter().filter(|actor| actor.side == side && !own.contains(actor)).count()
    }

    /// The call that keeps an actor from making another one; `None` where a thread of its can make one now.
    pub fn busy_in(&self, actor: Actor) -> Option<CallView<'_>> {
        match self {
            Walk::Lesson(runner) => runner.trace().present().busy_in(actor),
            Walk::Free(free) => free.busy_in(actor),
        }
    }

    /// Whether calls are made in any order, or only those of programs let go.
    pub fn steps_freely(&self) -> bool {
        self.free().is_some_and(Free::steps)
    }

    /// The lesson that is walked through: here, or by somebody else who is looked at.
    pub fn lesson(&self) -> Option<&Lesson> {
        match self {
            Walk::Lesson(runner) => Some(runner.lesson()),
            Walk::Free(free) => free.options().lesson.as_deref(),
        }
    }

    /// Where it runs.
    pub fn mode(&self) -> Mode {
        match self {
            Walk::Lesson(runner) => runner.options().mode,
            Walk::Free(free) => free.options().mode,
        }
    }

    /// What its wire can do.
    pub fn wire(&self) -> WireAbility {
        match self {
            Walk::Lesson(runner) => runner.options().wire,
            Walk::Free(free) => free.options().wire,
        }
    }

    /// The server's address.
    pub fn server(&self) -> SocketAddr {
        match self {
            Walk::Lesson(runner) => runner.server(),
            Walk::Free(free) => free.options().server,
        }
    }

    /// Everything that happened.
    pub fn trace(&self) -> &Trace {
        match self {
            Walk::Lesson(runner) => runner.trace(),
            Walk::Free(free) => free.trace(),
        }
    }

    /// What is waited for.
    pub fn phase(&self) -> &Phase {
        match self {
            Walk::Lesson(runner) => runner.phase(),
            Walk::Free(free) => free.phase(),
        }
    }

    /// The step that [`WalkCommand::Next`] runs, with its number in the lesson; `None` where no step follows.
    pub fn next_step(&self) -> Option<(usize, &Step)> {
        self.runner()?.next_step()
    }

    /// The question that is open; `None` where none is.
    pub fn question(&self) -> Option<&Ask> {
        self.runner()?.question()
    }

    /// The waiting segment that the next step is about; `None` where it is about none.
    pub fn awaited(&self) -> Option<SegmentId> {
        self.runner()?.awaited_next()
    }

    /// The sides whose call was interrupted; [`WalkCommand::Next`] makes it again before it goes on.
    pub fn interrupted(&self) -> Vec<Side> {
        self.runner().map(Runner::interrupted).unwrap_or_default()
    }

    /// The call that was asked for last by hand, where it wasn't made.
    pub fn unmade(&self) -> Option<&Call> {
        match self {
            Walk::Lesson(runner) => runner.unmade(),
            Walk::Free(free) => free.unmade(),
        }
    }

    /// How the claims fared so far.
    pub fn verdict(&self) -> Verdict {
        self.runner().map(Runner::verdict).unwrap_or_default()
    }

    /// Takes a command. What can't be done now is passed over.
    pub fn command(&mut self, command: WalkCommand, now: Duration) {
        match self {
            Walk::Lesson(runner) => runner.command(command, now),
            Walk::Free(free) => free.command(command),
        }
    }

    /// Takes what came from the world.
    pub fn happened(&mut self, happening: Happening) {
        match self {
            Walk::Lesson(runner) => runner.happened(happening),
            Walk::Free(free) => free.happened(happening),
        }
    }

    /// Takes the time: call it when [`Walk::wake_at`] has come.
    pub fn tick(&mut self, now: Duration) {
        match self {
            Walk::Lesson(runner) => runner.tick(now),
            Walk::Free(_) => {}
        }
    }

    /// When the walk wants to be told the time; `None` where only a command or a happening matters.
    pub fn wake_at(&self) -> Option<Duration> {
        self.runner()?.wake_at()
    }

    /// The next request for the world; empty them after every command, happening and tick.
    pub fn take_request(&mut self) -> Option<Request> {
        match self {
            Walk::Lesson(runner) => runner.take_request(),
            Walk::Free(free) => free.take_request(),
        }
    }
}
