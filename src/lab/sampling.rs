//! Which of the segments that pass by themselves the trace keeps one by one.
//!
//! The rule: those that open, close or reset a connection, and of each connection's others the first [`KEPT`], as of the
//! datagrams between the same two ends; the rest is counted, in an entry of its own. So a transfer of any length takes bounded room, and nothing is left out silently.

use std::collections::HashMap;

use crate::model::{Connection, Event, SampledOut, SegmentRecord};
use crate::tcp::{Flags, Packet};

/// So many data segments and acknowledgements of one connection are kept of those that pass by themselves.
pub(super) const KEPT: u32 = 100;

/// The most connections that are told apart; segments of further ones are counted only, but for those that open, close
/// or reset.
const MOST: usize = 100_000;

/// Counts.
#[derive(Debug, Default)]
pub(super) struct Sampling {
    kept: HashMap<Connection, u32>,
    /// What no entry tells of yet.
    unkept: SampledOut,
}

impl Sampling {
    /// What a trace has kept already of those that passed by themselves.
    pub(super) fn resume(records: &[SegmentRecord]) -> Sampling {
        let mut sampling = Sampling::default();
        for record in records.iter().filter(|record| record.held.is_none() && record.by_hand.is_none()) {
            sampling.keeps(&record.copies[0].1);
        }
        sampling
    }

    /// Whether a segment that passes by itself is kept; one that isn't is to be counted.
    pub(super) fn keeps(&mut self, segment: &Packet) -> bool {
        let marks = [Flags::SYN, Flags::FIN, Flags::RST];
        let marked = |flags: Flags| marks.into_iter().any(|mark| flags.has(mark));
        segment.tcp().is_some_and(|tcp| marked(tcp.flags)) || self.is_early(Connection::of(segment))
    }

    fn is_early(&mut self, connection: Connection) -> bool {
        if self.kept.len() >= MOST && !self.kept.contains_key(&connection) {
            return false;
        }
        let kept = self.kept.entry(connection).or_default();
        *kept += 1;
        *kept <= KEPT
    }

    /// What wasn't kept is counted: so many passed, were lost by the capture, or were refused by the kernel.
    pub(super) fn count(&mut self, more: SampledOut) {
        self.unkept = self.unkept.plus(more);
    }

    /// Whether segments were counted that no entry tells of yet.
    pub(super) fn has_news(&self) -> bool {
        self.unkept != SampledOut::default()
    }

    /// What was counted since this was last asked; `None` where nothing was.
    pub(super) fn news(&mut self) -> Option<Event> {
        if !self.has_news() {
            return None;
        }
        let SampledOut { segments, bytes, lost, refused, ruled } = std::mem::take(&mut self.unkept);
        Some(Event::Unkept { segments, bytes, lost, refused, ruled })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_last_are_kept_and_the_rest_is_counted() {
        let end = |port| std::net::SocketAddr::from(([127, 0, 0, 1], port));
        let segment = |flags: &[&str]| crate::tcp::testing::segment(end(1), end(2), 0, 0, flags, b"abc");
        let mut sampling = Sampling::default();
        let kept = (0..1000).filter(|_| sampling.keeps(&segment(&["ACK"]))).count();
        assert_eq!(kept, KEPT as usize);
        assert!(sampling.keeps(&segment(&["FIN", "ACK"])) && sampling.keeps(&segment(&["RST"])));
        assert_eq!(sampling.news(), None, "nothing has passed yet");
        let passed = SampledOut { segments: 2, bytes: 6, ..SampledOut::default() };
        sampling.count(passed);
        sampling.count(SampledOut { lost: 3, refused: 1, ..passed });
        assert_eq!(sampling.news(), Some(Event::Unkept { segments: 4, bytes: 12, lost: 3, refused: 1, ruled: 0 }));
        assert_eq!(sampling.news(), None);
        let datagram = Packet::parse(&crate::tcp::testing::datagram_packet(end(3), end(4), b"abc")).unwrap();
        assert_eq!((0..1000).filter(|_| sampling.keeps(&datagram)).count(), KEPT as usize);
    }
}
