//! A world that answers by a script: for tests of the runner that need no rights, no kernel and no clock.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use super::{Happening, HappeningKind, Phase, Request, Runner};
use crate::model::{
    Errno, Event, KernelTable, Observation, Outcome, Returned, SegmentId, Side, SocketFacts, SocketState, Timer,
    TimerKind, testing,
};
use crate::tcp::Packet;

/// What is asked for, and what comes of it. A request to settle is answered with the sockets as they are and
/// [`HappeningKind::Settled`].
pub(crate) struct FakeWorld {
    script: VecDeque<(Request, Vec<HappeningKind>)>,
    table: KernelTable,
    /// The sockets that the kernel has.
    pub(crate) sockets: Vec<SocketFacts>,
    /// The time; tests move it.
    pub(crate) now: Duration,
    /// Whether requests to settle are answered.
    pub(crate) settles: bool,
    /// How many weren't, so far.
    unanswered: usize,
}

impl FakeWorld {
    pub(crate) fn new() -> FakeWorld {
        FakeWorld {
            script: VecDeque::new(),
            table: KernelTable::default(),
            sockets: Vec::new(),
            now: Duration::ZERO,
            settles: true,
            unanswered: 0,
        }
    }

    /// Once this is asked for, that happens.
    pub(crate) fn when(&mut self, request: Request, happenings: impl IntoIterator<Item = HappeningKind>) {
        self.script.push_back((request, happenings.into_iter().collect()));
    }

    /// Takes the runner's requests, in order, until it has none.
    ///
    /// # Panics
    /// Where it asks for something that isn't next in the script.
    pub(crate) fn serve(&mut self, runner: &mut Runner) {
        while let Some(request) = runner.take_request() {
            let happenings = match request {
                Request::Note(_) => Vec::new(),
                Request::Settle if self.settles => {
                    let mut happenings = self.observes();
                    let unanswered = std::mem::take(&mut self.unanswered);
                    happenings.extend((0..=unanswered).map(|_| HappeningKind::Settled));
                    happenings
                }
                Request::Settle => {
                    self.unanswered += 1;
                    Vec::new()
                }
                request => {
                    let (expected, happenings) =
                        self.script.pop_front().unwrap_or_else(|| panic!("nothing expected, got {request:?}"));
                    assert_eq!(request, expected);
                    happenings
                }
            };
            happenings.into_iter().for_each(|what| self.tell(runner, what));
        }
    }

    /// What the kernel says of the sockets as they are now that it didn't say before.
    pub(crate) fn observes(&mut self) -> Vec<HappeningKind> {
        let news = self.table.news(Observation { at: self.now, sockets: self.sockets.clone() });
        news.into_iter().map(HappeningKind::Event).collect()
    }

    /// Something happens by itself.
    pub(crate) fn tell(&mut self, runner: &mut Runner, what: HappeningKind) {
        self.now += Duration::from_micros(10);
        runner.happened(Happening { at: self.now, what });
    }

    /// Moves the time on to when the runner wants to be told it, as long as it is busy.
    pub(crate) fn wait(&mut self, runner: &mut Runner) {
        while *runner.phase() == Phase::Busy {
            self.now = self.now.max(runner.wake_at().expect("a busy runner waits for some time"));
            runner.tick(self.now);
            self.serve(runner);
        }
    }

    pub(crate) fn all_was_asked(&self) -> bool {
        self.script.is_empty()
    }
}

/// A side goes into a call and comes back with this value.
pub(crate) fn returns(side: Side, call: crate::model::Call, value: i64) -> [HappeningKind; 2] {
    let outcome = Ok(Returned { value, ..Returned::default() });
    [HappeningKind::Event(Event::Entered { caller: side.into(), call }), came_back(side, outcome)]
}

/// A side goes into a call and sleeps there.
pub(crate) fn sleeps(side: Side, call: crate::model::Call) -> [HappeningKind; 2] {
    [
        HappeningKind::Event(Event::Entered { caller: side.into(), call }),
        HappeningKind::Event(Event::Blocked { caller: side.into() }),
    ]
}

pub(crate) fn came_back(side: Side, outcome: Outcome) -> HappeningKind {
    HappeningKind::Event(Event::Returned { caller: side.into(), outcome })
}

pub(crate) fn interrupted(side: Side) -> HappeningKind {
    came_back(side, Err(Errno(libc::EINTR)))
}

/// A segment is seen and held.
pub(crate) fn held(id: u32, segment: &Packet) -> [HappeningKind; 2] {
    let id = SegmentId(id);
    [
        HappeningKind::Event(Event::Sent { id, segment: segment.clone(), again: None }),
        HappeningKind::Event(Event::Held(id)),
    ]
}

/// A socket's facts.
pub(crate) fn socket(
    cookie: u64,
    side: Side,
    fd: i32,
    state: impl Into<SocketState>,
    ends: Option<(SocketAddr, SocketAddr)>,
) -> SocketFacts {
    testing::socket(cookie, side, Some(fd), state, ends.unzip())
}

/// The same with a running retransmission timer.
pub(crate) fn retransmitting(facts: SocketFacts, fires_at: Duration) -> SocketFacts {
    SocketFacts { timer: Some(Timer { kind: TimerKind::Retransmit, fires_at, fired: 0 }), ..facts }
}
