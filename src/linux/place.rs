//! Where a walk runs, and what is known of it: its wire, its sockets, and when to ask the kernel again.

use std::collections::{HashSet, VecDeque};
use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use super::gate::Gate;
use super::lab::{self, Refused, refused};
use super::netlink::Netlink;
use super::sockets::Sockets;
use super::wire::{Plan, Watch, Wire};
use super::{diag, sys};
use crate::engine::{self, Failure};
use crate::model::{
    Connection, Event, Glance, LabSettings, Mode, Observation, SegmentId, SocketFacts, TimerKind, Told, Unkept,
};
use crate::tcp::Packet;

/// Where a walk is to run.
#[derive(Clone, Debug)]
pub enum Place {
    /// In a new lab with these settings; the process has the rights for it ([`super::gain_rights`]).
    Lab(LabSettings),
    /// On the machine's own loopback.
    Host,
}

enum AnyWire {
    Holds(Box<Wire>),
    Watches(Box<Watch>),
    Blind,
}

/// When to look at the kernel's table again after something happened: what a busy machine puts off is seen then, and
/// when nothing more happens, the looking ends.
const LATER_LOOKS: [Duration; 3] = [Duration::from_millis(20), Duration::from_millis(100), Duration::from_millis(500)];

/// A place that was entered.
pub(super) struct Ground {
    epoch: Instant,
    /// What the lab was made with; `None` where it is none.
    settings: Option<LabSettings>,
    /// What keeps the gate closed, where it opens without this process.
    _gate: Option<Netlink>,
    wire: AnyWire,
    pub(super) sockets: Sockets,
    /// When the first thing happened since the kernel was last asked.
    stale: Option<Instant>,
    later_looks: VecDeque<Instant>,
    /// The end of the first timer that changes something without a segment.
    silent_timer: Option<Duration>,
}

impl Ground {
    /// Enters the place with the calling thread, and opens its wire. `epoch` is the beginning of its clock.
    pub(super) fn enter(place: &Place, gate: Gate, epoch: Instant) -> Result<Ground, Refused> {
        let mut closed = None;
        let (mode, wire) = match place {
            Place::Lab(settings) => {
                closed = lab::enter_with(settings, gate)?;
                (Mode::Lab, AnyWire::Holds(Box::new(Wire::open(settings.copies)?)))
            }
            // Without the right to see segments the walk goes on without them, and says so.
            Place::Host => {
                (Mode::Host, Watch::open().map_or(AnyWire::Blind, |watch| AnyWire::Watches(Box::new(watch))))
            }
        };
        diag::has_table((libc::AF_INET, libc::IPPROTO_TCP)).map_err(refused("dump of NETLINK_SOCK_DIAG for TCP"))?;
        let mut sockets = Sockets::new(mode).map_err(refused("socket(AF_NETLINK, NETLINK_SOCK_DIAG)"))?;
        if let AnyWire::Holds(wire) = &wire {
            sockets.hide(wire.fence());
        }
        let settings = if let Place::Lab(settings) = place { Some(settings.clone()) } else { None };
        Ok(Ground {
            epoch,
            settings,
            _gate: closed,
            wire,
            sockets,
            stale: None,
            later_looks: VecDeque::new(),
            silent_timer: None,
        })
    }

    /// Bounds what one sender may have on its way by what may wait to be captured, where the wire holds: so that a long
    /// transfer that passes by itself loses nothing. Best effort.
    pub(super) fn bound_flight(&self) {
        if let AnyWire::Holds(wire) = &self.wire {
            let _ = wire.room().and_then(lab::bound_flight);
        }
    }

    /// What its wire can do.
    pub(super) fn wire(&self) -> engine::Wire {
        match self.wire {
            AnyWire::Holds(_) => engine::Wire::Holds,
            AnyWire::Watches(_) => engine::Wire::Watches,
            AnyWire::Blind => engine::Wire::Blind,
        }
    }

    /// The time on its clock.
    pub(super) fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    /// Reads what the wire captured, `most` segments of it where it holds. `plan` says what is to be done with each.
    pub(super) fn read_wire(
        &mut self,
        plan: &mut dyn FnMut(&Packet) -> Plan,
        most: usize,
    ) -> Result<Vec<Event>, Failure> {
        let mut events = Vec::new();
        let cant = || failed("reading captured segments");
        match &mut self.wire {
            AnyWire::Holds(wire) => wire.read(plan, most, |event| events.push(event)).map_err(cant())?,
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
        // What is only counted is seen at the next count.
        if events.iter().any(|event| !matches!(event, Event::Unkept { .. })) {
            self.happened();
        }
        Ok(events)
    }

    /// Lets a waiting segment go on; `None` where it doesn't wait.
    pub(super) fn deliver(&mut self, id: SegmentId) -> Option<Event> {
        let AnyWire::Holds(wire) = &mut self.wire else { return None };
        let ended = wire.deliver(id)?;
        self.happened();
        Some(ended)
    }

    /// Sends a segment on that isn't kept, and counts it.
    pub(super) fn pass_unkept(&mut self, segment: &Packet) -> Unkept {
        match &mut self.wire {
            AnyWire::Holds(wire) => wire.pass_unkept(segment),
            _ => Unkept::default(),
        }
    }

    /// Lets a segment wait after all.
    pub(super) fn hold(&mut self, segment: Packet) -> Vec<Event> {
        let mut events = Vec::new();
        if let AnyWire::Holds(wire) = &mut self.wire {
            wire.hold_back(segment, |event| events.push(event));
        }
        events
    }

    /// Has the kernel wait at least so long before it sends data again, in milliseconds. Best effort.
    pub(super) fn set_rto_min(&mut self, ms: u32) {
        if let Some(settings) = self.settings.as_mut().filter(|settings| settings.rto_min_ms != Some(ms)) {
            settings.rto_min_ms = Some(ms);
            let _ = lab::set_routes(settings);
        }
    }

    /// Forgets a waiting segment; `None` where it doesn't wait.
    pub(super) fn forget(&mut self, id: SegmentId) -> Option<Event> {
        let AnyWire::Holds(wire) = &mut self.wire else { return None };
        if !wire.forget(id) {
            return None;
        }
        self.happened();
        Some(Event::Dropped(id))
    }

    /// A segment that waits; `None` where it doesn't.
    pub(super) fn held(&self, id: SegmentId) -> Option<&Packet> {
        match &self.wire {
            AnyWire::Holds(wire) => wire.held(id),
            _ => None,
        }
    }

    /// How many segments the capture lost since this was last asked.
    pub(super) fn lost(&self) -> Result<u32, Failure> {
        match &self.wire {
            AnyWire::Holds(wire) => wire.lost().map_err(failed("PACKET_STATISTICS")),
            _ => Ok(0),
        }
    }

    /// Something happened: the kernel's table is worth a look, now and a little later.
    pub(super) fn happened(&mut self) {
        let now = Instant::now();
        self.stale.get_or_insert(now);
        self.later_looks = LATER_LOOKS.iter().map(|later| now + *later).collect();
    }

    /// For how long something has happened since the kernel was last asked; `None` where nothing has.
    pub(super) fn stale(&self) -> Option<Duration> {
        self.stale.map(|since| since.elapsed())
    }

    /// Whether it is time for a later look, or a timer has ended that changes something without a segment.
    pub(super) fn look_is_due(&mut self) -> bool {
        let now = Instant::now();
        let due = self.later_looks.front().is_some_and(|at| *at <= now);
        while self.later_looks.front().is_some_and(|at| *at <= now) {
            self.later_looks.pop_front();
        }
        due || self.silent_timer.is_some_and(|end| end <= self.now())
    }

    /// Asks the kernel for its sockets.
    pub(super) fn look(&mut self) -> Result<Observation, Failure> {
        self.stale = None;
        let observation = self.sockets.observe(self.now()).map_err(failed("dump of NETLINK_SOCK_DIAG"))?;
        self.silent_timer = first_silent_timer(&observation.sockets);
        Ok(observation)
    }

    /// Asks the kernel for the ends of these connections and for who listens there. `None` where that isn't all that has
    /// changed: [`Sockets::glance`] says when.
    pub(super) fn glance(&mut self, ends: &HashSet<Connection>, told: &Told) -> Result<Option<Glance>, Failure> {
        self.stale = None;
        let now = self.now();
        let glance = self.sockets.glance(ends, told, now).map_err(failed("query of NETLINK_SOCK_DIAG"))?;
        let timer = glance.as_ref().and_then(|glance| first_silent_timer(&glance.sockets));
        self.silent_timer = [self.silent_timer, timer].into_iter().flatten().min();
        Ok(glance)
    }

    /// How long nothing needs to be looked at; `None` for ever.
    pub(super) fn rest(&self) -> Option<Duration> {
        let look = self.later_looks.front().map(|at| at.saturating_duration_since(Instant::now()));
        // A timer that is over but still listed is the kernel's to end, within a tick of its own.
        let tick = Duration::from_millis(20);
        let timer = self.silent_timer.map(|end| end.saturating_sub(self.now()) + tick);
        look.into_iter().chain(timer).min()
    }

    /// Sleeps until the bell rings, a segment comes, or the time is over. Whether the bell rang.
    pub(super) fn sleep(&self, bell: BorrowedFd<'_>, limit: Option<Duration>) -> Result<bool, Failure> {
        let wire: Option<BorrowedFd<'_>> = match &self.wire {
            AnyWire::Holds(wire) => Some(wire.fd()),
            AnyWire::Watches(watch) => Some(watch.fd()),
            AnyWire::Blind => None,
        };
        match wire {
            Some(wire) => sys::poll_readable([bell, wire], limit).map(|[rung, _]| rung),
            None => sys::poll_readable([bell], limit).map(|[rung]| rung),
        }
        .map_err(failed("ppoll()"))
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        if let AnyWire::Holds(wire) = std::mem::replace(&mut self.wire, AnyWire::Blind) {
            wire.close();
        }
    }
}

/// The end of the first timer that changes something without a segment.
fn first_silent_timer(sockets: &[SocketFacts]) -> Option<Duration> {
    let silent = |kind| matches!(kind, TimerKind::TimeWait | TimerKind::Keepalive);
    let timers = sockets.iter().filter_map(|facts| facts.timer);
    timers.filter(|timer| silent(timer.kind)).map(|timer| timer.fires_at).min()
}

pub(super) fn failed(what: &'static str) -> impl FnOnce(io::Error) -> Failure {
    move |error| Failure::System { what, error: error.to_string() }
}
