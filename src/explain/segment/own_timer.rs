//! What the timer of a segment's receiver does by itself just after the segment came: that is no answer to it.

use std::time::Duration;

use super::{SegmentContext, SegmentKind};
use crate::model::{Event, SegmentId, Timer};
use crate::tcp::{Packet, State};

/// The kernel tells a timer's time in steps of its clock, so it may seem to fire a little early.
const EARLY: Duration = Duration::from_millis(10);

/// What a segment itself ends is seen sooner after its arrival: the kernel is asked at once.
const AT_ONCE: Duration = Duration::from_millis(100);

impl SegmentContext<'_> {
    /// Whether what happened at a time is what this timer of the receiver's end had been set for when the segment arrived.
    pub(super) fn comes_of(&self, timer: Timer, at: Duration, event: &Event, open: &[u64]) -> bool {
        if at + EARLY < timer.fires_at {
            return false;
        }
        let packet = self.segment.segment;
        let is_own = |sent: &Packet| (sent.from, sent.to) == (packet.to, packet.from);
        let came = self.view.trace().entries().get(self.segment.changed).map_or(Duration::ZERO, |entry| entry.at);
        let ends = |cookie: &u64| {
            let is_here = self.was_here(*cookie, self.segment.changed) && !open.contains(cookie);
            is_here && at > came + AT_ONCE
        };
        match event {
            Event::Retransmitted { segment, .. } => is_own(segment),
            Event::Sent { id, segment, again, .. } => is_own(segment) && (again.is_some() || self.asks_or_ends(*id)),
            Event::Gone { cookie, .. } => ends(cookie),
            Event::Socket(facts) => facts.state == State::Closed && ends(&facts.cookie),
            _ => false,
        }
    }

    /// Whether a segment is one with which a timer asks, or gives up.
    fn asks_or_ends(&self, id: SegmentId) -> bool {
        let segment = self.view.segment(id);
        let kind = segment.map(|segment| SegmentContext { segment, ..*self }.kind());
        kind == Some(SegmentKind::Probe) || kind == Some(SegmentKind::Rst)
    }
}
