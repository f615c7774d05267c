//! What goes on by itself, in which order and when.
//!
//! The wire's order is kept: what has the same time goes in the order in which it came, and while something is due that
//! hasn't gone yet, nothing that came later goes before it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::model::SegmentId;
use crate::tcp::Packet;

/// What goes on by itself.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Departure {
    /// A segment that stands in the trace.
    Kept(SegmentId),
    /// One that is only counted.
    Counted(Box<Packet>),
}

/// The schedule, on the lab's clock.
#[derive(Debug, Default)]
pub(super) struct Release {
    due: BTreeMap<(Duration, u64), Departure>,
    /// How many were ever scheduled.
    scheduled: u64,
    /// Those that wait and have no time, and whose receiver nobody knows yet: it may show at whose door they wait.
    unknown: BTreeSet<SegmentId>,
}

impl Release {
    /// Something goes on at this time.
    pub(super) fn schedule(&mut self, at: Duration, goes: Departure) {
        self.due.insert((at, self.scheduled), goes);
        self.scheduled += 1;
    }

    /// A segment waits whose receiver isn't known yet.
    pub(super) fn wonder(&mut self, id: SegmentId) {
        self.unknown.insert(id);
    }

    /// Takes those out of which it may show now at whose door they wait.
    pub(super) fn unknown(&mut self) -> BTreeSet<SegmentId> {
        std::mem::take(&mut self.unknown)
    }

    /// What goes on next, where its time has come.
    pub(super) fn next(&mut self, now: Duration) -> Option<Departure> {
        let first = self.due.first_entry().filter(|first| first.key().0 <= now)?;
        Some(first.remove())
    }

    /// When the next one goes.
    pub(super) fn first(&self) -> Option<Duration> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    /// Whether something should have gone by now: what comes goes behind it.
    pub(super) fn is_behind(&self, now: Duration) -> bool {
        self.first().is_some_and(|at| at <= now)
    }

    /// Other rules hold: forgets all times. What is only counted is handed back, in its order.
    pub(super) fn begin_anew(&mut self) -> Vec<Packet> {
        self.unknown.clear();
        let counted = std::mem::take(&mut self.due).into_values().filter_map(|goes| match goes {
            Departure::Kept(_) => None,
            Departure::Counted(packet) => Some(*packet),
        });
        counted.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn packet(port: u16) -> Packet {
        let end = |port| std::net::SocketAddr::from(([127, 0, 0, 1], port));
        crate::tcp::testing::segment(end(port), end(8000), 0, 0, &["ACK"], b"x")
    }

    #[test]
    fn the_order_of_the_wire_is_kept() {
        let kept = |id| Departure::Kept(SegmentId(id));
        let mut release = Release::default();
        // A newer segment's number may be lower than an older copy's: the order in which they came counts.
        for (at, goes) in
            [(5 * MS, kept(7)), (5 * MS, kept(3)), (9 * MS, kept(4)), (5 * MS, kept(8)), (2 * MS, kept(9))]
        {
            release.schedule(at, goes);
        }
        assert_eq!((release.first(), release.next(MS)), (Some(2 * MS), None));
        assert!(!release.is_behind(MS) && release.is_behind(2 * MS));
        let due: Vec<Departure> = std::iter::from_fn(|| release.next(5 * MS)).collect();
        assert_eq!(due, [kept(9), kept(7), kept(3), kept(8)]);
        assert_eq!((release.next(9 * MS), release.first()), (Some(kept(4)), None));
    }

    #[test]
    fn under_other_rules_nothing_that_is_only_counted_is_lost() {
        let mut release = Release::default();
        release.schedule(9 * MS, Departure::Counted(Box::new(packet(2))));
        release.schedule(5 * MS, Departure::Counted(Box::new(packet(1))));
        release.schedule(5 * MS, Departure::Kept(SegmentId(0)));
        release.wonder(SegmentId(1));
        assert_eq!(release.begin_anew(), [packet(1), packet(2)]);
        assert_eq!((release.first(), release.unknown()), (None, BTreeSet::new()));
    }
}
