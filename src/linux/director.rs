//! The directing thread of a walk: it hands calls to the sides, reads the wire, asks the kernel, and reports.
//!
//! It sleeps in one `ppoll()` on the wire and on the pipe of its orders, and wakes for nothing else, but for the ends
//! of the kernel's own timers (TIME_WAIT) and, for moments, while a call is on its way to return or to sleep.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use super::lab::{self, Refused, refused};
use super::orders::{Inbox, Order, Orders, Place};
use super::sides::{Report, SideThread};
use super::sockets::Sockets;
use super::sys;
use super::wire::{Watch, Wire};
use crate::engine::{self, Failure, Happening, Request, What};
use crate::model::{Call, Event, Mode, Observation, Side, TimerKind};

/// How a side stands, as far as is known.
struct Standing {
    thread: SideThread,
    /// In a call: since its `Entered` was reported and until its `Returned` is.
    called: bool,
    /// Reported to sleep in it.
    blocked: bool,
    /// To be interrupted until the call has returned.
    interrupted: bool,
}

enum AnyWire {
    Holds(Box<Wire>),
    Watches(Box<Watch>),
    Blind,
}

/// How long to wait before looking again whether a call sleeps or has returned: it takes microseconds at most, unless
/// the machine is busy.
const SOON: Duration = Duration::from_micros(100);

/// How long a call may be on its way before the kernel is asked what became of it so far.
const ON_THE_WAY: Duration = Duration::from_millis(2);

/// When to look at the kernel's table again after something happened: what a busy machine puts off is seen then, and
/// when nothing more happens, the looking ends.
const LATER_LOOKS: [Duration; 3] = [Duration::from_millis(20), Duration::from_millis(100), Duration::from_millis(500)];

pub(super) struct Director<'a> {
    epoch: Instant,
    sink: &'a dyn Fn(Happening),
    /// What happened and wasn't reported yet.
    news: Vec<Happening>,
    inbox: Inbox,
    wire: AnyWire,
    sides: [Standing; 2],
    sockets: Sockets,
    orders: VecDeque<Order>,
    /// How many requests to settle are open.
    settling: usize,
    /// When the first thing happened since the kernel was last asked.
    stale: Option<Instant>,
    last: Observation,
    later_looks: VecDeque<Instant>,
}

impl<'a> Director<'a> {
    /// Enters the place and opens everything.
    pub(super) fn new(
        place: Place,
        epoch: Instant,
        sink: &'a dyn Fn(Happening),
        inbox: Inbox,
        orders: Orders,
    ) -> Result<Director<'a>, Refused> {
        let (mode, wire) = match place {
            Place::Lab(settings) => {
                lab::enter(&settings)?;
                (Mode::Lab, AnyWire::Holds(Box::new(Wire::open(settings.copies)?)))
            }
            // Without the right to see segments the walk goes on without them, and says so.
            Place::Host => {
                (Mode::Host, Watch::open().map_or(AnyWire::Blind, |watch| AnyWire::Watches(Box::new(watch))))
            }
        };
        let start = |side| {
            let back = orders.try_clone()?;
            let back = std::sync::Arc::new(back);
            let thread = SideThread::start(side, move |report| back.give(Order::Report(report)))?;
            Ok(Standing { thread, called: false, blocked: false, interrupted: false })
        };
        let sides = [
            start(Side::Server).map_err(refused("start of a side's thread"))?,
            start(Side::Client).map_err(refused("start of a side's thread"))?,
        ];
        let sockets = Sockets::new(mode).map_err(refused("socket(AF_NETLINK, NETLINK_SOCK_DIAG)"))?;
        Ok(Director {
            epoch,
            sink,
            news: Vec::new(),
            inbox,
            wire,
            sides,
            sockets,
            orders: VecDeque::new(),
            settling: 0,
            stale: None,
            last: Observation::default(),
            later_looks: VecDeque::new(),
        })
    }

    /// What its wire can do.
    pub(super) fn wire(&self) -> engine::Wire {
        match self.wire {
            AnyWire::Holds(_) => engine::Wire::Holds,
            AnyWire::Watches(_) => engine::Wire::Watches,
            AnyWire::Blind => engine::Wire::Blind,
        }
    }

    /// Directs until the walk is over.
    pub(super) fn direct(mut self) -> Result<(), Failure> {
        let result = self.go_on();
        self.tell();
        result
    }

    fn go_on(&mut self) -> Result<(), Failure> {
        loop {
            self.hear();
            while let Some(order) = self.orders.pop_front() {
                if matches!(order, Order::Stop) {
                    return Ok(());
                }
                self.obey(order)?;
                self.hear();
            }
            self.read_wire()?;
            self.look_at_calls();
            if !self.inbox_is_empty() {
                continue;
            }
            self.settle()?;
            self.look_if_due()?;
            self.tell();
            self.sleep()?;
        }
    }

    /// Takes over all orders that were given.
    fn hear(&mut self) {
        self.orders.extend(self.inbox.orders.try_iter());
    }

    fn inbox_is_empty(&mut self) -> bool {
        self.hear();
        self.orders.is_empty()
    }

    fn obey(&mut self, order: Order) -> Result<(), Failure> {
        match order {
            Order::Request(Request::Call(side, call)) => self.call(side, call),
            Order::Request(Request::Interrupt(side)) => self.sides[side as usize].interrupted = true,
            Order::Request(Request::Deliver(id)) => {
                // What was sent before goes into the trace before.
                self.read_wire()?;
                if let AnyWire::Holds(wire) = &mut self.wire
                    && wire.deliver(id).map_err(failed("delivery of a segment"))?
                {
                    self.report(What::Event(Event::Delivered(id)));
                    self.happened();
                }
            }
            Order::Request(Request::Drop(id)) => {
                if let AnyWire::Holds(wire) = &mut self.wire
                    && wire.forget(id)
                {
                    self.report(What::Event(Event::Dropped(id)));
                    self.happened();
                }
            }
            Order::Request(Request::Settle) => self.settling += 1,
            Order::Report(Report::Returned { side, outcome, made }) => {
                // The segments that the call sent left before it returned.
                self.read_wire()?;
                if let Some((fd, cookie)) = made {
                    self.sockets.made(side, fd, cookie);
                }
                let standing = &mut self.sides[side as usize];
                (standing.called, standing.blocked, standing.interrupted) = (false, false, false);
                self.report(What::Event(Event::Returned { side, outcome }));
                self.happened();
            }
            Order::Report(Report::Died(panic)) => return Err(Failure::Thread(panic)),
            Order::Stop => {}
        }
        Ok(())
    }

    fn call(&mut self, side: Side, call: Call) {
        match call {
            Call::Close { fd } => self.sockets.closing(side, fd),
            Call::Socket { ipv6, udp } => self.sockets.uses(ipv6, udp),
            _ => {}
        }
        self.report(What::Event(Event::Entered { side, call: call.clone() }));
        let standing = &mut self.sides[side as usize];
        standing.called = true;
        standing.thread.call(call);
        self.happened();
    }

    fn read_wire(&mut self) -> Result<(), Failure> {
        let mut events = Vec::new();
        let cant = || failed("reading captured segments");
        match &mut self.wire {
            AnyWire::Holds(wire) => wire.read(|event| events.push(event)).map_err(cant())?,
            AnyWire::Watches(watch) => {
                if watch.take_in().map_err(cant())? {
                    // Which segments are the walk's own shows only once the kernel has told whose their ports are.
                    let now = self.epoch.elapsed();
                    self.sockets.observe(now).map_err(failed("dump of NETLINK_SOCK_DIAG"))?;
                    let sockets = &self.sockets;
                    watch.sort(
                        |segment| sockets.own(segment.from) && sockets.own(segment.to),
                        |event| events.push(event),
                    );
                }
            }
            AnyWire::Blind => {}
        }
        if !events.is_empty() {
            self.happened();
        }
        events.into_iter().for_each(|event| self.report(What::Event(event)));
        Ok(())
    }

    /// Asks the kernel of each side that is in a call whether it sleeps there.
    fn look_at_calls(&mut self) {
        for side in Side::BOTH {
            let standing = &mut self.sides[side as usize];
            if standing.interrupted {
                standing.thread.interrupt();
            } else if standing.called && !standing.blocked && standing.thread.sleeps() {
                standing.blocked = true;
                self.report(What::Event(Event::Blocked { side }));
            }
        }
    }

    /// Whether a call is about to return or to sleep.
    fn on_the_way(&self) -> bool {
        self.sides.iter().any(|side| side.called && (!side.blocked || side.interrupted))
    }

    /// Whether each side is idle or sleeps in its call at this moment.
    fn at_rest(&self) -> bool {
        self.sides.iter().all(|side| !side.called || (side.blocked && !side.interrupted && side.thread.sleeps()))
    }

    fn settle(&mut self) -> Result<(), Failure> {
        if self.settling == 0 || !self.at_rest() || !self.inbox_is_empty() {
            return Ok(());
        }
        // A call that returned between the two looks has left its segments and its report by now.
        self.read_wire()?;
        if !self.inbox_is_empty() {
            return Ok(());
        }
        self.look()?;
        if let AnyWire::Holds(wire) = &self.wire
            && let lost @ 1.. = wire.lost().map_err(failed("PACKET_STATISTICS"))?
        {
            return Err(Failure::CaptureLost(lost));
        }
        for _ in 0..std::mem::take(&mut self.settling) {
            self.report(What::Settled);
        }
        Ok(())
    }

    fn look_if_due(&mut self) -> Result<(), Failure> {
        let now = Instant::now();
        let due = self.later_looks.front().is_some_and(|at| *at <= now);
        while self.later_looks.front().is_some_and(|at| *at <= now) {
            self.later_looks.pop_front();
        }
        // While a call is on its way, what is seen now would be seen again a moment later.
        let news = self.stale.is_some_and(|since| !self.on_the_way() || since.elapsed() > ON_THE_WAY);
        if due || news || self.timer_is_over() { self.look() } else { Ok(()) }
    }

    /// Asks the kernel for its sockets, and reports what it said.
    fn look(&mut self) -> Result<(), Failure> {
        self.stale = None;
        let observation = self.sockets.observe(self.epoch.elapsed()).map_err(failed("dump of NETLINK_SOCK_DIAG"))?;
        self.last = observation.clone();
        self.report(What::Observed(observation));
        Ok(())
    }

    fn happened(&mut self) {
        let now = Instant::now();
        self.stale.get_or_insert(now);
        self.later_looks = LATER_LOOKS.iter().map(|later| now + *later).collect();
    }

    /// The end of the first timer that changes something without a segment.
    fn silent_timer(&self) -> Option<Duration> {
        let silent = |kind| matches!(kind, TimerKind::TimeWait | TimerKind::Keepalive);
        let timers = self.last.sockets.iter().filter_map(|facts| facts.timer);
        timers.filter(|timer| silent(timer.kind)).map(|timer| timer.fires_at).min()
    }

    fn timer_is_over(&self) -> bool {
        self.silent_timer().is_some_and(|end| end <= self.epoch.elapsed())
    }

    fn sleep(&mut self) -> Result<(), Failure> {
        let limit = if self.on_the_way() || self.settling > 0 {
            Some(SOON)
        } else {
            let look = self.later_looks.front().map(|at| at.saturating_duration_since(Instant::now()));
            // A timer that is over but still listed is the kernel's to end, within a tick of its own.
            let tick = Duration::from_millis(20);
            let timer = self.silent_timer().map(|end| end.saturating_sub(self.epoch.elapsed()) + tick);
            look.into_iter().chain(timer).min()
        };
        let bell = self.inbox.bell.as_fd();
        let wire: Option<BorrowedFd<'_>> = match &self.wire {
            AnyWire::Holds(wire) => Some(wire.fd()),
            AnyWire::Watches(watch) => Some(watch.fd()),
            AnyWire::Blind => None,
        };
        let rung = match wire {
            Some(wire) => sys::poll_readable([bell, wire], limit).map(|[rung, _]| rung),
            None => sys::poll_readable([bell], limit).map(|[rung]| rung),
        }
        .map_err(failed("ppoll()"))?;
        if rung {
            // Each order rang once; one read empties the pipe or leaves the rest for the next round.
            let mut rings = [0; 64];
            (&self.inbox.bell).read(&mut rings).map_err(failed("read() of a pipe"))?;
        }
        Ok(())
    }

    /// Notes what happened, with its time.
    fn report(&mut self, what: What) {
        self.news.push(Happening { at: self.epoch.elapsed(), what });
    }

    /// Reports what was noted. Once a round, since each report may wake the thread that listens.
    fn tell(&mut self) {
        self.news.drain(..).for_each(self.sink);
    }
}

impl Drop for Director<'_> {
    fn drop(&mut self) {
        // Both sides end at the same time.
        self.sides.iter_mut().for_each(|side| side.thread.dismiss());
        if let AnyWire::Holds(wire) = std::mem::replace(&mut self.wire, AnyWire::Blind) {
            wire.close();
        }
    }
}

fn failed(what: &'static str) -> impl FnOnce(io::Error) -> Failure {
    move |error| Failure::System { what, error: error.to_string() }
}
