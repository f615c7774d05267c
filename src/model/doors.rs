//! Who has which address, and at whose door each segment waits.
//!
//! A segment waits at its receiver's door. Whose an address is may show only later, so what waits is filed anew then; the
//! oldest at a door is found without a look at the others, however many wait.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{SegmentId, Side};
use crate::tcp::Packet;

/// A segment's sender and receiver.
type Ends = (SocketAddr, SocketAddr);

/// The sides' addresses, and what waits now.
#[derive(Clone, Debug, Default)]
pub(super) struct Doors {
    owners: HashMap<SocketAddr, Side>,
    ends: HashMap<SegmentId, Ends>,
    /// What waits at each side's door, and at nobody's.
    waiting: [BTreeSet<SegmentId>; 3],
    /// What waits, by the port of either end.
    of_port: BTreeSet<(u16, SegmentId)>,
}

impl Doors {
    /// See [`super::Trace::side_of`].
    pub(super) fn side_of(&self, address: SocketAddr) -> Option<Side> {
        let any = match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        // A UDP socket that only sent has a port and no address of its own.
        self.owners.get(&address).or_else(|| self.owners.get(&SocketAddr::new(any, address.port()))).copied()
    }

    /// See [`super::Trace::door`].
    pub(super) fn door(&self, (from, to): Ends) -> Option<Side> {
        // Where nobody has the receiver's address, it is the other end than the sender's: a SYN to a port without a
        // listener.
        self.side_of(to).or_else(|| self.side_of(from).map(Side::other))
    }

    /// A side has an address.
    pub(super) fn owns(&mut self, address: SocketAddr, side: Side) {
        if self.owners.insert(address, side) == Some(side) {
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

    fn file(&mut self, id: SegmentId, ends: Ends) {
        let door = self.door(ends).map_or(2, |side| side as usize);
        self.waiting[door].insert(id);
    }

    fn take_out(&mut self, id: SegmentId) {
        for door in &mut self.waiting {
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
    pub(super) fn oldest_at(&self, doors: [bool; 2]) -> Option<SegmentId> {
        let open = [doors[0], doors[1], doors != [false; 2]];
        let oldest = self.waiting.iter().zip(open).filter(|(_, open)| *open);
        oldest.filter_map(|(door, _)| door.first().copied()).min()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
            acts in proptest::collection::vec((0u8..4, 0u8..8, 0u8..8, any::<bool>()), 0..60),
        ) {
            let mut doors = Doors::default();
            let mut waiting: Vec<(SegmentId, Ends)> = Vec::new();
            for (n, (act, one, other, client)) in acts.into_iter().enumerate() {
                let (one, other) = (address(one), address(other));
                match act {
                    0 => doors.owns(one, if client { Side::Client } else { Side::Server }),
                    1 if !waiting.is_empty() => doors.ended(waiting.remove(n % waiting.len()).0),
                    _ => {
                        let id = SegmentId(n as u32);
                        doors.waits(id, &crate::tcp::testing::segment(one, other, 0, 0, &["SYN"], b""));
                        waiting.push((id, (one, other)));
                    }
                }
                for open in [[true, true], [true, false], [false, true], [false, false]] {
                    let may = |ends: Ends| doors.door(ends).map_or(open != [false; 2], |side| open[side as usize]);
                    let wanted = waiting.iter().find(|(_, ends)| may(*ends)).map(|(id, _)| *id);
                    prop_assert_eq!(doors.oldest_at(open), wanted);
                }
            }
            for (id, _) in waiting {
                doors.ended(id);
            }
            prop_assert!(doors.ends.is_empty() && doors.of_port.is_empty() && doors.waiting.iter().all(BTreeSet::is_empty));
        }
    }
}
