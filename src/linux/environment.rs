//! The environment of a walk: a lab of its own or the machine's loopback, with its wire and the way to the kernel's table.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::counters::{Counters, without_its_sending};
use super::diag;
use super::gate::Gate;
use super::lab::{self, Refused, refused};
use super::netlink::Netlink;
use super::sockets::Sockets;
use super::wire::{Captured, Watch, Wire};
use crate::lab::{self as core, Failure, Scope, Sending, TableUpdate};
use crate::model::{Aim, Attempt, Copies, CounterMove, Errno, KernelTable, LabSettings, Mode};
use crate::tcp::Packet;

/// So many connections may send all that they can at once, and it finds room where what was captured waits. With more of
/// them, a share would be less than TCP's initial window of ten segments (RFC 6928).
const AT_ONCE: usize = 16;

/// Where a walk is to run.
#[derive(Clone, Debug)]
pub enum WalkPlace {
    /// In a new lab with these settings; the process has the rights for it ([`super::gain_rights`]).
    Lab(LabSettings),
    /// On the machine's own loopback.
    Host,
}

impl WalkPlace {
    pub(super) fn mode(&self) -> Mode {
        match self {
            WalkPlace::Lab(_) => Mode::Lab,
            WalkPlace::Host => Mode::Host,
        }
    }

    /// What becomes there of segments that are sent once more; on the host nothing is held.
    pub(super) fn copies(&self) -> Copies {
        match self {
            WalkPlace::Lab(settings) => settings.copies,
            WalkPlace::Host => Copies::default(),
        }
    }
}

enum AnyWire {
    Holds(Box<Wire>),
    Watches(Box<Watch>),
    Blind,
}

/// A descriptor that an environment needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum NeededDescriptor {
    /// What sees segments.
    Capture,
    /// What sends them on.
    V4,
    V6,
    Fence,
    /// What keeps the gate closed.
    Gate,
}

/// What is known of a lab that was entered.
struct EnteredLab {
    /// The `rto_min` of its routes (`ip-route(8)`), in milliseconds; `None` is the kernel's own.
    rto_min_ms: Option<u32>,
}

impl EnteredLab {
    /// `None` on the machine's own loopback.
    fn at(place: &WalkPlace) -> Option<EnteredLab> {
        match place {
            WalkPlace::Lab(settings) => Some(EnteredLab { rto_min_ms: settings.rto_min_ms }),
            WalkPlace::Host => None,
        }
    }
}

/// An environment that was entered.
pub(super) struct Environment {
    epoch: Instant,
    /// `None` where it is none.
    lab: Option<EnteredLab>,
    /// What keeps the gate closed, where it opens without this process.
    gate: Option<Netlink>,
    wire: AnyWire,
    /// The lab's own; `None` where they are the whole machine's, or can't be read.
    counters: Option<Counters>,
    pub(super) sockets: Sockets,
}

impl Environment {
    /// Enters the place with the calling thread, and opens its wire. `epoch` is the beginning of its clock.
    pub(super) fn enter(place: &WalkPlace, gate: Gate, epoch: Instant) -> Result<Environment, Refused> {
        let mut closed = None;
        let wire = match place {
            WalkPlace::Lab(settings) => {
                closed = lab::enter_with(settings, gate)?;
                AnyWire::Holds(Box::new(Wire::open()?))
            }
            // Without the right to see segments the walk goes on without them, and says so.
            WalkPlace::Host => Watch::open().map_or(AnyWire::Blind, |watch| AnyWire::Watches(Box::new(watch))),
        };
        diag::has_table((libc::AF_INET, libc::IPPROTO_TCP)).map_err(refused(Aim::Table.by("NETLINK_SOCK_DIAG")))?;
        Environment::with_table(place, epoch, closed, wire)
    }

    /// That of a place whose wire is open, with what asks the kernel.
    fn with_table(
        place: &WalkPlace,
        epoch: Instant,
        gate: Option<Netlink>,
        wire: AnyWire,
    ) -> Result<Environment, Refused> {
        let mut sockets = Sockets::new(place.mode())
            .map_err(refused(Aim::Table.by("socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG)")))?;
        if let AnyWire::Holds(wire) = &wire {
            sockets.hide(wire.fence());
        }
        let lab = EnteredLab::at(place);
        let counters = lab.as_ref().and_then(|_| Counters::open().ok());
        Ok(Environment { epoch, lab, gate, wire, counters, sockets })
    }

    /// What another process needs to go on here, with the names of it: the descriptors of the wire and of the gate.
    pub(super) fn parts(&self) -> Vec<(NeededDescriptor, BorrowedFd<'_>)> {
        let mut parts = Vec::new();
        match &self.wire {
            AnyWire::Holds(wire) => {
                let (capture, v4, v6, fence) = wire.parts();
                parts.extend([
                    (NeededDescriptor::Capture, capture),
                    (NeededDescriptor::V4, v4),
                    (NeededDescriptor::Fence, fence),
                ]);
                parts.extend(v6.map(|v6| (NeededDescriptor::V6, v6)));
            }
            AnyWire::Watches(watch) => parts.push((NeededDescriptor::Capture, watch.fd())),
            AnyWire::Blind => {}
        }
        parts.extend(self.gate.as_ref().map(|gate| (NeededDescriptor::Gate, gate.as_fd())));
        parts
    }

    /// The environment that another process has entered and left to this one, in whose namespace the calling thread is
    /// already. `None` where a part of it is missing.
    ///
    /// # Errors
    /// Where the kernel's table can't be asked.
    pub(super) fn resume(
        place: &WalkPlace,
        epoch: Instant,
        mut parts: HashMap<NeededDescriptor, OwnedFd>,
    ) -> Result<Option<Environment>, Refused> {
        let gate = parts.remove(&NeededDescriptor::Gate).map(Netlink::resume);
        let wire = match (place, parts.remove(&NeededDescriptor::Capture)) {
            (WalkPlace::Lab(_), Some(capture)) => {
                let Some((v4, fence)) = parts.remove(&NeededDescriptor::V4).zip(parts.remove(&NeededDescriptor::Fence))
                else {
                    return Ok(None);
                };
                AnyWire::Holds(Box::new(Wire::resume((capture, v4, parts.remove(&NeededDescriptor::V6), fence))))
            }
            (WalkPlace::Lab(_), None) => return Ok(None),
            (WalkPlace::Host, Some(capture)) => AnyWire::Watches(Box::new(Watch::resume(capture))),
            (WalkPlace::Host, None) => AnyWire::Blind,
        };
        Environment::with_table(place, epoch, gate, wire).map(Some)
    }

    /// The beginning of its clock.
    pub(super) fn epoch(&self) -> Instant {
        self.epoch
    }

    /// Bounds what each sender may have on its way by what may wait to be captured, where the wire holds: so that a long
    /// transfer that passes by itself loses nothing. Where everything passes `at_once`, many send at once, and each has a
    /// share; else one has half, since acknowledgements take room too. Best effort.
    pub(super) fn bound_flight(&self, at_once: bool) {
        let AnyWire::Holds(wire) = &self.wire else { return };
        let _ = wire.room().and_then(|room| lab::bound_flight(room / if at_once { AT_ONCE } else { 2 }));
    }

    /// What its wire can do.
    pub(super) fn wire(&self) -> core::WireAbility {
        match self.wire {
            AnyWire::Holds(_) => core::WireAbility::Holds,
            AnyWire::Watches(_) => core::WireAbility::Watches,
            AnyWire::Blind => core::WireAbility::Blind,
        }
    }

    /// The time on its clock.
    pub(super) fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    /// Reads what the wire captured, at most so many segments where it holds.
    pub(super) fn read_wire(&mut self, most: usize) -> Result<Vec<Captured>, Failure> {
        let cant = || failed(Aim::Capture.by("recv(AF_PACKET)"));
        match &mut self.wire {
            AnyWire::Holds(wire) => wire.read(most).map_err(cant()),
            AnyWire::Watches(watch) => {
                let mut segments = watch.read().map_err(cant())?;
                if !segments.is_empty() {
                    // Which segments are the walk's own shows only once the kernel has said whose their ports are.
                    let now = self.epoch.elapsed();
                    self.sockets.observe(now).map_err(failed(Aim::Table.by("NETLINK_SOCK_DIAG")))?;
                    let sockets = &self.sockets;
                    segments.retain(|Captured { packet, .. }| sockets.own(packet.from) && sockets.own(packet.to));
                }
                Ok(segments)
            }
            AnyWire::Blind => Ok(Vec::new()),
        }
    }

    /// Sends a segment on. One that waited has been processed by its receiver when this returns: which counters moved by that,
    /// where they can be read.
    pub(super) fn send(&mut self, sending: Sending, segment: &Packet) -> Result<Option<Vec<CounterMove>>, Errno> {
        match (&self.wire, sending, &mut self.counters) {
            (AnyWire::Holds(wire), Sending::Released(_) | Sending::Made(_), counters) => {
                let go =
                    || if matches!(sending, Sending::Made(_)) { wire.make(segment) } else { wire.deliver(segment) };
                let Some(counters) = counters else { return go().map(|()| None) };
                let v6 = segment.to.is_ipv6() && segment.tcp().is_none();
                let (moved, sent) = counters.moved_by(v6, go);
                sent.map(|()| moved.map(|moved| without_its_sending(moved, segment)))
            }
            (AnyWire::Holds(wire), Sending::Passing(_) | Sending::Counted(_), _) => wire.pass(segment).map(|()| None),
            _ => Err(Errno(libc::ENETDOWN)),
        }
    }

    /// Which counters moved since they were read last; `None` where they can't be read, or aren't a lab's own.
    pub(super) fn moved_since(&mut self) -> Option<Vec<CounterMove>> {
        self.counters.as_mut()?.moved_since()
    }

    /// Has the kernel wait at least so long before it sends data again, in milliseconds. Best effort.
    pub(super) fn set_rto_min(&mut self, ms: u32) {
        if let Some(lab) = self.lab.as_mut().filter(|lab| lab.rto_min_ms != Some(ms)) {
            lab.rto_min_ms = Some(ms);
            let _ = lab::set_rto_min(ms);
        }
    }

    /// How many segments the capture lost since this was last asked.
    pub(super) fn lost(&self) -> Result<u32, Failure> {
        match &self.wire {
            AnyWire::Holds(wire) => wire.lost().map_err(failed(Aim::Capture.by("getsockopt(PACKET_STATISTICS)"))),
            _ => Ok(0),
        }
    }

    /// Asks the kernel for these sockets; `known` is what it said before.
    pub(super) fn dump(&mut self, scope: &Scope, known: &KernelTable) -> Result<TableUpdate, Failure> {
        let now = self.now();
        match scope {
            Scope::All => self.sockets.observe(now).map(TableUpdate::All),
            Scope::Ends(ends) => {
                self.sockets.glance(ends, known, now).map(|glance| glance.map_or(TableUpdate::More, TableUpdate::Some))
            }
        }
        .map_err(failed(Aim::Table.by("NETLINK_SOCK_DIAG")))
    }

    /// What becomes readable when a segment was captured; `None` where none can be.
    pub(super) fn wire_fd(&self) -> Option<BorrowedFd<'_>> {
        match &self.wire {
            AnyWire::Holds(wire) => Some(wire.fd()),
            AnyWire::Watches(watch) => Some(watch.fd()),
            AnyWire::Blind => None,
        }
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        if let AnyWire::Holds(wire) = std::mem::replace(&mut self.wire, AnyWire::Blind) {
            wire.close();
        }
    }
}

pub(super) fn failed(attempt: Attempt) -> impl FnOnce(io::Error) -> Failure {
    move |error| Failure::System { attempt, cause: (&error).into() }
}
