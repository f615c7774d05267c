//! Who has which address, and at whose door each segment waits.
//!
//! A segment waits at its receiver's door. Whose an address is may show only later, so what waits is filed anew then; the
//! oldest at a door is found without a look at the others, however many wait.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Actor, Door, SegmentId};
use crate::tcp::Packet;

/// A segment's sender and receiver.
type SegmentEnds = (SocketAddr, SocketAddr);

/// The actors' addresses, and what waits now.
#[derive(Clone, Debug, Default)]
pub(super) struct Doors {
    owners: HashMap<SocketAddr, Actor>,
    /// Who has an address towards a peer: several may share one (`SO_REUSEPORT`). The own address stands first.
    owners_towards: HashMap<SegmentEnds, Actor>,
    ends: HashMap<SegmentId, SegmentEnds>,
    /// What waits at each door, and at nobody's.
    waiting: BTreeMap<Option<Door>, BTreeSet<SegmentId>>,
    /// What waits, by the port of either end.
    of_port: BTreeSet<(u16, SegmentId)>,
}

impl Doors {
    /// See [`super::Trace::owner_of`].
    pub(super) fn owner_of(&self, address: SocketAddr) -> Option<Actor> {
        let at = |ip: IpAddr| self.owners.get(&SocketAddr::new(ip, address.port()));
        // A UDP socket that only sent has a port and no address of its own. One of IPv6 for all addresses has those of IPv4 too.
        let any = || match address.ip() {
            IpAddr::V4(_) => at(Ipv4Addr::UNSPECIFIED.into()).or_else(|| at(Ipv6Addr::UNSPECIFIED.into())),
            IpAddr::V6(_) => at(Ipv6Addr::UNSPECIFIED.into()),
        };
        self.owners.get(&address).or_else(any).copied()
    }

    /// See [`super::Trace::door`].
    pub(super) fn door(&self, (from, to): SegmentEnds) -> Option<Door> {
        // Where nobody has the receiver's address, it is the other end than the sender's: a SYN to a port without a
        // listener.
        let receiver = self.owners_towards.get(&(to, from)).copied().or_else(|| self.owner_of(to));
        receiver.map(Door::Of).or_else(|| self.owner_of(from).map(|sender| Door::OfSide(sender.side.other())))
    }

    /// An actor has an address, and a peer there.
    pub(super) fn owns(&mut self, address: SocketAddr, peer: Option<SocketAddr>, actor: Actor) {
        let known = self.owners.insert(address, actor) == Some(actor);
        let known_towards = peer.is_none_or(|peer| self.owners_towards.insert((address, peer), actor) == Some(actor));
        if known && known_towards {
            return;
        }
        let port = address.port();
        let touched = self.of_port.range((port, SegmentId(0))..=(port, SegmentId(u32::MAX)));
        let touched: Vec<SegmentId> = touched.map(|(_, id)| *id).collect();
        for id in touched {
            if let Some(ends) = self.ends.get(&id).copied() {
                self.take_out(id);
                self.file(id, ends);
            }
        }
    }

    /// A segment waits from now on.
    pub(super) fn waits(&mut self, id: SegmentId, segment: &Packet) {
        let ends = (segment.from, segment.to);
        self.ends.insert(id, ends);
        self.of_port.extend([(ends.0.port(), id), (ends.1.port(), id)]);
        self.file(id, ends);
    }

    fn file(&mut self, id: SegmentId, ends: SegmentEnds) {
        self.waiting.entry(self.door(ends)).or_default().insert(id);
    }

    fn take_out(&mut self, id: SegmentId) {
        for door in self.waiting.values_mut() {
            door.remove(&id);
        }
    }

    /// A segment waits no longer.
    pub(super) fn ended(&mut self, id: SegmentId) {
        if let Some((from, to)) = self.ends.remove(&id) {
            self.take_out(id);
            self.of_port.remove(&(from.port(), id));
            self.of_port.remove(&(to.port(), id));
        }
    }

    /// See [`super::Trace::oldest_at`].
    pub(super) fn oldest_at(&self, is_open: impl Fn(Option<Door>) -> bool) -> Option<SegmentId> {
        let open = self.waiting.iter().filter(|(door, _)| is_open(**door));
        open.filter_map(|(_, waiting)| waiting.first().copied()).min()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Side;
    use super::*;

    fn address(n: u8) -> SocketAddr {
        // Two addresses of each port, one of them any.
        let ip = if n.is_multiple_of(2) { [0, 0, 0, 0] } else { [127, 0, 0, 1] };
        SocketAddr::from((ip, u16::from(n / 2)))
    }

    proptest! {
        /// Whatever comes, goes and is owned in whichever order.
        #[test]
        fn the_oldest_is_the_one_that_a_search_through_all_finds(
            acts in proptest::collection::vec((0u8..5, 0u8..8, 0u8..8, 0usize..3), 0..60),
        ) {
            let actors = [Side::Server.into(), Side::Client.into(), Actor { side: Side::Client, nth: 2 }];
            let mut doors = Doors::default();
            let mut waiting: Vec<(SegmentId, SegmentEnds)> = Vec::new();
            for (n, (act, one, other, actor)) in acts.into_iter().enumerate() {
                let (one, other) = (address(one), address(other));
                match act {
                    0 => doors.owns(one, None, actors[actor]),
                    1 => doors.owns(one, Some(other), actors[actor]),
                    2 if !waiting.is_empty() => doors.ended(waiting.remove(n % waiting.len()).0),
                    _ => {
                        let id = SegmentId(n as u32);
                        doors.waits(id, &crate::tcp::testing::segment(one, other, 0, 0, &["SYN"], b""));
                        waiting.push((id, (one, other)));
                    }
                }
                let all: Vec<Door> =
                    actors.into_iter().map(Door::Of).chain(Side::BOTH.map(Door::OfSide)).collect();
                for open in 0..64 {
                    let number = |door: Door| all.iter().position(|one| *one == door);
                    let is_open = |door: Option<Door>| open >> door.map_or(Some(5), number).unwrap() & 1 == 1;
                    let wanted = waiting.iter().find(|(_, ends)| is_open(doors.door(*ends))).map(|(id, _)| *id);
                    prop_assert_eq!(doors.oldest_at(is_open), wanted);
                }
            }
            for (id, _) in waiting {
                doors.ended(id);
            }
            prop_assert!(doors.ends.is_empty() && doors.of_port.is_empty() && doors.waiting.values().all(BTreeSet::is_empty));
        }
    }
}
