//! What becomes of segments: as they are captured, as they go on by themselves, and under which rules.

use std::time::Duration;

use super::core::{Effect, Lab, Sending};
use super::release::Departure;
use super::request::WireAbility;
use super::schedule::OFTEN;
use crate::model::{Connection, CounterMove, Errno, Event, ForwardingRules, SampledOut, SegmentId};
use crate::tcp::Packet;

/// The kernel's own shortest retransmission timeout (`TCP_RTO_MIN`), in milliseconds.
const RTO_MIN_MS: u32 = 200;

impl Lab {
    /// Segments left their senders. What is only counted is seen by the kernel's table at the next count.
    pub(super) fn captured(&mut self, now: Duration, segments: Vec<Packet>) {
        if !self.uncounted && !segments.is_empty() {
            // What is lost is lost while many come: it is counted once they have.
            (self.uncounted, self.next_count) = (true, self.next_count.max(now + OFTEN));
        }
        let entries = self.trace.now();
        for segment in segments {
            match self.wire {
                WireAbility::Holds => self.sort(now, segment),
                WireAbility::Watches | WireAbility::Blind => {
                    let (_, sent) = self.held.passes(&segment);
                    self.push(now, sent);
                }
            }
        }
        if self.trace.now() > entries {
            self.schedule.changed(now);
        }
    }

    /// One that left its sender waits, or goes on at once or later; and it is kept, or only counted.
    fn sort(&mut self, now: Duration, segment: Packet) {
        let delay = match self.rules.rules.is_empty() {
            true => None,
            false => self.rules.delay(Connection::of(&segment), self.trace.door(&segment)),
        };
        let Some(delay) = delay else { return self.hold(now, segment) };
        // What comes never goes before what should have gone already.
        let at_once = delay.is_zero() && !self.release.is_behind(now);
        match (self.sampling.keeps(&segment), at_once) {
            (true, true) => {
                let (id, sent) = self.held.passes(&segment);
                self.push(now, sent);
                self.effects.push_back(Effect::Send(Sending::Passing(id), segment));
            }
            (true, false) => self.hold(now, segment),
            (false, true) => self.effects.push_back(Effect::Send(Sending::Counted(segment.len()), segment)),
            (false, false) => self.release.schedule(now + delay, Departure::Counted(Box::new(segment))),
        }
    }

    pub(super) fn hold(&mut self, now: Duration, segment: Packet) {
        for event in self.held.arrives(segment) {
            if let Event::Held(id) = event {
                self.expect(now, id);
            }
            self.push(now, event);
        }
    }

    /// Finds whether a waiting segment goes on by itself, and when.
    pub(super) fn expect(&mut self, now: Duration, id: SegmentId) {
        if self.rules.rules.is_empty() {
            return;
        }
        let Some(segment) = self.held.held(id) else { return };
        match self.rules.delay(Connection::of(segment), self.trace.door(segment)) {
            Some(delay) => self.release.schedule(now + delay, Departure::Kept(id)),
            None if self.trace.side_of(segment.to).is_none() => self.release.wonder(id),
            None => {}
        }
    }

    /// From now on these rules hold; what waits already goes by them too.
    pub(super) fn set_rules(&mut self, now: Duration, rules: ForwardingRules) {
        self.rules = rules;
        self.push(now, Event::Passing(self.rules.clone()));
        let counted = self.release.begin_anew();
        let waiting = self.trace.present().waiting().into_owned();
        waiting.into_iter().for_each(|id| self.expect(now, id));
        for segment in counted {
            match self.rules.delay(Connection::of(&segment), self.trace.door(&segment)) {
                Some(delay) => self.release.schedule(now + delay, Departure::Counted(Box::new(segment))),
                None => self.hold(now, segment),
            }
        }
        self.set_kernel();
    }

    /// The kernel is as patient, and sends as much at a time, as the rules want it.
    pub(super) fn set_kernel(&mut self) {
        self.effects.push_back(Effect::SetRtoMin(self.rules.rto_min_ms().unwrap_or(RTO_MIN_MS)));
        self.effects.push_back(Effect::BoundFlight { at_once: self.rules.at_once() });
    }

    /// What goes on by itself now, one after the other: what the first one brings forth was on the wire before the next one
    /// goes, and stands in the trace before it.
    pub(super) fn goes_on(&mut self, now: Duration) -> Option<Effect> {
        while let Some(goes) = self.release.next(now) {
            match goes {
                Departure::Kept(id) => {
                    if let Some(segment) = self.held.take(id) {
                        return Some(Effect::Send(Sending::Released(id), segment));
                    }
                }
                Departure::Counted(segment) => return Some(Effect::Send(Sending::Counted(segment.len()), *segment)),
            }
        }
        None
    }

    /// A segment was sent on, or the kernel refused to.
    pub(super) fn sent(&mut self, now: Duration, sending: Sending, result: Result<Option<Vec<CounterMove>>, Errno>) {
        match sending {
            Sending::Released(id) | Sending::Made(id) | Sending::Passing(id) => {
                let reasons = result.as_ref().ok().cloned().flatten();
                let event = self.held.went(id, result.map(drop));
                self.push(now, event);
                if let Some(moved) = reasons {
                    self.push(now, Event::Reasons { id, moved });
                }
                self.schedule.changed(now);
            }
            Sending::Counted(bytes) => self.sampling.count(match result {
                Ok(_) => SampledOut { segments: 1, bytes: bytes.into(), ..SampledOut::default() },
                Err(_) => SampledOut { refused: 1, ..SampledOut::default() },
            }),
        }
    }
}
