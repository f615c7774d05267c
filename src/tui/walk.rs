//! What the interface needs of a walk: the runner, or in a test of the screens a trace made by hand.

use std::net::SocketAddr;
use std::time::Duration;

use crate::lesson::{Ask, Lesson, Step};
use crate::model::{Mode, SegmentId, Side, Trace};
use crate::walk::{Command, Free, Happening, Phase, Request, Runner, Verdict, Wire};

/// A walk: through a lesson, with the methods of [`Runner`], or a free one, where nothing is asked and no step follows.
/// What has a body here is what a walk says that neither asks nor waits.
#[allow(missing_docs)]
pub trait Walk {
    /// The lesson; `None` in a free walk.
    fn lesson(&self) -> Option<&Lesson>;
    /// The free walk; `None` in a lesson.
    fn free(&self) -> Option<&Free> {
        None
    }
    fn mode(&self) -> Mode;
    fn wire(&self) -> Wire;
    /// The server's address.
    fn server(&self) -> SocketAddr;
    fn trace(&self) -> &Trace;
    fn phase(&self) -> &Phase;
    fn next_step(&self) -> Option<(usize, &Step)>;
    fn question(&self) -> Option<&Ask> {
        None
    }
    /// The waiting segment that the next step is about; `None` where it is about none.
    fn awaited(&self) -> Option<SegmentId> {
        None
    }
    fn interrupted(&self) -> Vec<Side> {
        Vec::new()
    }
    fn verdict(&self) -> Verdict {
        Verdict::default()
    }
    fn command(&mut self, command: Command, now: Duration);
    fn happened(&mut self, happening: Happening);
    /// The time has come that [`Walk::wake_at`] named.
    fn tick(&mut self, _now: Duration) {}
    fn wake_at(&self) -> Option<Duration> {
        None
    }
    fn take_request(&mut self) -> Option<Request>;
}

impl Walk for Free {
    fn lesson(&self) -> Option<&Lesson> {
        self.options().lesson.as_deref()
    }
    fn free(&self) -> Option<&Free> {
        Some(self)
    }
    fn mode(&self) -> Mode {
        self.options().mode
    }
    fn wire(&self) -> Wire {
        self.options().wire
    }
    fn server(&self) -> SocketAddr {
        self.options().server
    }
    fn trace(&self) -> &Trace {
        self.trace()
    }
    fn phase(&self) -> &Phase {
        self.phase()
    }
    fn next_step(&self) -> Option<(usize, &Step)> {
        None
    }
    fn command(&mut self, command: Command, _now: Duration) {
        self.command(command);
    }
    fn happened(&mut self, happening: Happening) {
        self.happened(happening);
    }
    fn take_request(&mut self) -> Option<Request> {
        self.take_request()
    }
}

impl Walk for Runner {
    fn lesson(&self) -> Option<&Lesson> {
        Some(self.lesson())
    }
    fn mode(&self) -> Mode {
        self.options().mode
    }
    fn wire(&self) -> Wire {
        self.options().wire
    }
    fn server(&self) -> SocketAddr {
        self.server()
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
    fn awaited(&self) -> Option<SegmentId> {
        self.awaited_next()
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
