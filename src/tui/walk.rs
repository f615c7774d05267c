//! What the interface needs of a walk: the runner, or in a test of the screens a trace made by hand.

use std::time::Duration;

use crate::engine::{Command, Happening, Phase, Request, Runner, Verdict, WalkOptions};
use crate::lesson::{Ask, Lesson, Step};
use crate::model::{Side, Trace};

/// A walk through a lesson. The methods are those of [`Runner`].
#[allow(missing_docs)]
pub trait Walk {
    fn lesson(&self) -> &Lesson;
    fn options(&self) -> &WalkOptions;
    fn trace(&self) -> &Trace;
    fn phase(&self) -> &Phase;
    fn next_step(&self) -> Option<(usize, &Step)>;
    fn question(&self) -> Option<&Ask>;
    fn interrupted(&self) -> Vec<Side>;
    fn verdict(&self) -> Verdict;
    fn command(&mut self, command: Command, now: Duration);
    fn happened(&mut self, happening: Happening);
    fn tick(&mut self, now: Duration);
    fn wake_at(&self) -> Option<Duration>;
    fn take_request(&mut self) -> Option<Request>;
}

impl Walk for Runner {
    fn lesson(&self) -> &Lesson {
        self.lesson()
    }
    fn options(&self) -> &WalkOptions {
        self.options()
    }
    fn trace(&self) -> &Trace {
        self.trace()
    }
    fn phase(&self) -> &Phase {
        self.phase()
    }
    fn next_step(&self) -> Option<(usize, &Step)> {
        self.next_step()
    }
    fn question(&self) -> Option<&Ask> {
        self.question()
    }
    fn interrupted(&self) -> Vec<Side> {
        self.interrupted()
    }
    fn verdict(&self) -> Verdict {
        self.verdict()
    }
    fn command(&mut self, command: Command, now: Duration) {
        self.command(command, now);
    }
    fn happened(&mut self, happening: Happening) {
        self.happened(happening);
    }
    fn tick(&mut self, now: Duration) {
        self.tick(now);
    }
    fn wake_at(&self) -> Option<Duration> {
        self.wake_at()
    }
    fn take_request(&mut self) -> Option<Request> {
        self.take_request()
    }
}
