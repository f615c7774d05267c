//! Which of the segments that pass by themselves the trace keeps one by one.
//!
//! The rule: those that open, close or reset a connection, and of each connection's others the first [`KEPT`], as of the
//! datagrams between the same two ends; the rest is counted, in an entry of its own. So a transfer of any length takes bounded room, and nothing is left out silently.

use std::collections::HashMap;

use crate::model::{Connection, Event};
use crate::tcp::{Flags, Packet};

/// So many data segments and acknowledgements of one connection are kept of those that pass by themselves.
pub(super) const KEPT: u32 = 100;

/// The most connections that are told apart; segments of further ones are counted only, but for those that open, close
/// or reset.
const MOST: usize = 100_000;

/// Counts.
#[derive(Default)]
pub(super) struct Thinning {
    kept: HashMap<Connection, u32>,
    segments: u64,
    bytes: u64,
    lost: u64,
}

impl Thinning {
    /// Whether a segment that passes by itself is kept; one that isn't is counted.
    pub(super) fn keeps(&mut self, segment: &Packet) -> bool {
        let marks = [Flags::SYN, Flags::FIN, Flags::RST];
        let marked = |flags: Flags| marks.into_iter().any(|mark| flags.has(mark));
        if segment.tcp().is_some_and(|tcp| marked(tcp.flags)) || self.is_early(Connection::of(segment)) {
            return true;
        }
        self.segments += 1;
        self.bytes += u64::from(segment.len());
        false
    }

    fn is_early(&mut self, connection: Connection) -> bool {
        if self.kept.len() >= MOST && !self.kept.contains_key(&connection) {
            return false;
        }
        let kept = self.kept.entry(connection).or_default();
        *kept += 1;
        *kept <= KEPT
    }

    /// So many segments came faster than they could be read: they were neither seen nor sent on.
    pub(super) fn lost(&mut self, segments: u32) {
        self.lost += u64::from(segments);
    }

    /// Whether segments were counted that no entry tells of yet.
    pub(super) fn has_news(&self) -> bool {
        self.segments > 0 || self.lost > 0
    }

    /// What was counted since this was last asked; `None` where nothing was.
    pub(super) fn news(&mut self) -> Option<Event> {
        let has_news = self.has_news();
        let Thinning { segments, bytes, lost, .. } = self;
        let [segments, bytes, lost] = [segments, bytes, lost].map(std::mem::take);
        has_news.then_some(Event::Unkept { segments, bytes, lost })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_last_are_kept_and_the_rest_is_counted() {
        let end = |port| std::net::SocketAddr::from(([127, 0, 0, 1], port));
        let segment = |flags: &[&str]| crate::tcp::testing::segment(end(1), end(2), 0, 0, flags, b"abc");
        let mut thinning = Thinning::default();
        let kept = (0..1000).filter(|_| thinning.keeps(&segment(&["ACK"]))).count();
        assert_eq!(kept, KEPT as usize);
        assert!(thinning.keeps(&segment(&["FIN", "ACK"])) && thinning.keeps(&segment(&["RST"])));
        let counted = 1000 - u64::from(KEPT);
        assert_eq!(thinning.news(), Some(Event::Unkept { segments: counted, bytes: 3 * counted, lost: 0 }));
        assert_eq!(thinning.news(), None);
        let datagram = Packet::parse(&crate::tcp::testing::datagram_packet(end(3), end(4), b"abc")).unwrap();
        assert_eq!((0..1000).filter(|_| thinning.keeps(&datagram)).count(), KEPT as usize);
        assert_eq!(thinning.news(), Some(Event::Unkept { segments: counted, bytes: 3 * counted, lost: 0 }));
    }
}
