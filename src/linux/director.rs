//! The directing thread of a walk: it hands calls to the sides, reads the wire, asks the kernel, and reports.
//!
//! It sleeps in one `ppoll()` on the wire and on the pipe of its orders, and wakes for nothing else, but for the ends
//! of the kernel's own timers (TIME_WAIT) and, for moments, while a call is on its way to return or to sleep.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::gate::Gate;
use super::hands::Hands;
use super::lab::{Refused, refused};
use super::orders::{Inbox, Orders};
use super::place::{Ground, Place, failed};
use super::sides::{Leaving, Report, Who};
use super::wire::Plan;
use crate::engine::{Failure, Happening, Request, What, Wire};
use crate::model::{Call, Event, Side};

/// What the directing thread is told.
pub(super) enum Order {
    /// The runner asks for something.
    Request(Request),
    /// A side's thread reports.
    Report(Report),
    /// The walk is over.
    Stop,
}

impl From<Report> for Order {
    fn from(report: Report) -> Order {
        Order::Report(report)
    }
}

/// How long to wait before looking again whether a call sleeps or has returned: it takes microseconds at most, unless
/// the machine is busy.
const SOON: Duration = Duration::from_micros(100);

/// How long a call may be on its way before the kernel is asked what became of it so far.
const ON_THE_WAY: Duration = Duration::from_millis(2);

pub(super) struct Director<'a> {
    // The sides' threads end before their wire does.
    hands: Hands,
    ground: Ground,
    sink: &'a dyn Fn(Happening),
    /// What happened and wasn't reported yet.
    news: Vec<Happening>,
    inbox: Inbox<Order>,
    orders: VecDeque<Order>,
    /// How many requests to settle are open.
    settling: usize,
}

impl<'a> Director<'a> {
    /// Enters the place and opens everything.
    pub(super) fn new(
        place: &Place,
        epoch: Instant,
        sink: &'a dyn Fn(Happening),
        inbox: Inbox<Order>,
        orders: Orders<Order>,
    ) -> Result<Director<'a>, Refused> {
        let mut ground = Ground::enter(place, Gate::StaysClosed, epoch)?;
        let hands = Hands::start(&Side::BOTH, Leaving::Reset, orders).map_err(refused("start of a side's thread"))?;
        ground.sockets.ask(hands.tables());
        Ok(Director { ground, sink, news: Vec::new(), inbox, hands, orders: VecDeque::new(), settling: 0 })
    }

    /// What its wire can do.
    pub(super) fn wire(&self) -> Wire {
        self.ground.wire()
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
        self.orders.extend(self.inbox.take());
    }

    fn inbox_is_empty(&mut self) -> bool {
        self.hear();
        self.orders.is_empty()
    }

    fn obey(&mut self, order: Order) -> Result<(), Failure> {
        match order {
            Order::Request(Request::Call(side, call)) => self.call((side, 0), call)?,
            Order::Request(Request::Serve(side, worker, call)) => self.call((side, worker), call)?,
            Order::Request(Request::Interrupt(side)) => self.hands.interrupt(side),
            Order::Request(Request::Deliver(id)) => {
                // What was sent before goes into the trace before.
                self.read_wire()?;
                let delivered = self.ground.deliver(id);
                self.report_events(delivered);
            }
            Order::Request(Request::Drop(id)) => {
                let dropped = self.ground.forget(id);
                self.report_events(dropped);
            }
            // A lesson's segments wait for the learner: only a lab that is shared lets some pass.
            Order::Request(Request::Pass(..)) => {}
            Order::Request(Request::Settle) => self.settling += 1,
            Order::Report(Report::Returned { who, outcome, made, idle }) => {
                // The segments that the call sent left before it returned.
                self.read_wire()?;
                let (side, worker) = who;
                if let Some(socket) = made {
                    self.ground.sockets.made(side, socket);
                }
                self.hands.returned(who, idle);
                self.report_events([Event::Returned { side, worker, outcome }]);
                self.ground.happened();
            }
            Order::Report(Report::Died(panic)) => return Err(Failure::Thread(panic)),
            Order::Stop => {}
        }
        Ok(())
    }

    fn call(&mut self, who: Who, call: Call) -> Result<(), Failure> {
        let (side, worker) = who;
        match call {
            Call::Close { fd } => self.ground.sockets.closing(side, fd),
            Call::Socket { ipv6, udp } => self.ground.sockets.uses(ipv6, udp),
            _ => {}
        }
        self.report_events([Event::Entered { side, worker, call: call.clone() }]);
        self.hands.call(who, call).map_err(failed("start of a side's thread"))?;
        self.ground.happened();
        Ok(())
    }

    fn read_wire(&mut self) -> Result<(), Failure> {
        let events = self.ground.read_wire(&mut |_| Plan::Hold, usize::MAX)?;
        self.report_events(events);
        Ok(())
    }

    /// Asks the kernel of each side that is in a call whether it sleeps there.
    fn look_at_calls(&mut self) {
        let asleep = self.hands.look();
        self.report_events(asleep.into_iter().map(|(side, worker)| Event::Blocked { side, worker }));
    }

    fn settle(&mut self) -> Result<(), Failure> {
        if self.settling == 0 || !self.hands.at_rest() || !self.inbox_is_empty() {
            return Ok(());
        }
        // A call that returned between the two looks has left its segments and its report by now.
        self.read_wire()?;
        if !self.inbox_is_empty() {
            return Ok(());
        }
        self.look()?;
        if let lost @ 1.. = self.ground.lost()? {
            return Err(Failure::CaptureLost(lost));
        }
        for _ in 0..std::mem::take(&mut self.settling) {
            self.report(What::Settled);
        }
        Ok(())
    }

    fn look_if_due(&mut self) -> Result<(), Failure> {
        // While a call is on its way, what is seen now would be seen again a moment later.
        let news = self.ground.stale().is_some_and(|stale| !self.hands.on_the_way() || stale > ON_THE_WAY);
        if self.ground.look_is_due() || news { self.look() } else { Ok(()) }
    }

    /// Asks the kernel for its sockets, and reports what it said.
    fn look(&mut self) -> Result<(), Failure> {
        let observation = self.ground.look()?;
        self.report(What::Observed(observation));
        Ok(())
    }

    fn sleep(&mut self) -> Result<(), Failure> {
        let busy = self.hands.on_the_way() || self.settling > 0;
        let limit = if busy { Some(SOON) } else { self.ground.rest() };
        if self.ground.sleep(self.inbox.bell(), limit)? {
            self.inbox.silence().map_err(failed("read() of a pipe"))?;
        }
        Ok(())
    }

    fn report_events(&mut self, events: impl IntoIterator<Item = Event>) {
        events.into_iter().for_each(|event| self.report(What::Event(event)));
    }

    /// Notes what happened, with its time.
    fn report(&mut self, what: What) {
        self.news.push(Happening { at: self.ground.now(), what });
    }

    /// Reports what was noted. Once a round, since each report may wake the thread that listens.
    fn tell(&mut self) {
        self.news.drain(..).for_each(self.sink);
    }
}
