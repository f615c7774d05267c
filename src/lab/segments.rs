//! What becomes of segments: as they are captured, as they go on by themselves, and under which rules.
//!
//! The wire's rules decide as a segment leaves its sender: one that is lost never waits, and the copy of one that goes twice waits,
//! or goes on by itself, as any other segment. What is only counted as a copy is nothing new to them.

use std::time::Duration;

use super::core::{Effect, Lab, Sending};
use super::release::Departure;
use super::request::WireAbility;
use super::rules::RulesAtWork;
use super::schedule::OFTEN;
use crate::model::rule::{WireRule, WireRules};
use crate::model::{Connection, CounterMove, Errno, Event, ForwardingRules, SampledOut, SegmentId, why_again};
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

    /// One that left its sender is lost, or is on its way, perhaps twice.
    fn sort(&mut self, now: Duration, segment: Packet) {
        if self.wire_rules.is_empty() || self.held.is_folded(&segment) {
            self.travels(now, segment, None);
            return;
        }
        let door = self.trace.door(&segment);
        if let Some(rule) = self.wire_rules.loses(&segment, door) {
            return self.lose(now, segment, rule);
        }
        let Some(rule) = self.wire_rules.duplicates(&segment, door) else {
            self.travels(now, segment, None);
            return;
        };
        let of = self.travels(now, segment.clone(), None);
        self.travels(now, segment, Some((of, rule)));
    }

    /// By a rule a segment is lost: of one that waits, and of one that is kept, that stands in the trace.
    fn lose(&mut self, now: Duration, segment: Packet, rule: WireRule) {
        if self.goes_by_itself(&segment) && !self.sampling.keeps(&segment) {
            return self.sampling.count(SampledOut { ruled: 1, ..SampledOut::default() });
        }
        let (id, sent) = self.held.lost(segment);
        self.push(now, sent);
        self.push(now, Event::Lost { id, rule: Box::new(rule) });
    }

    /// A segment waits, or goes on at once or later; and it is kept, or only counted. Its number, where it has one that is its own.
    /// Of a copy that a rule made: of which segment, so far as that was kept, and the rule.
    fn travels(
        &mut self,
        now: Duration,
        segment: Packet,
        copy: Option<(Option<SegmentId>, WireRule)>,
    ) -> Option<SegmentId> {
        let Some(at) = self.departure(now, &segment) else { return self.waits(now, segment, copy, None) };
        // What comes never goes before what should have gone already.
        let at_once = at <= now && !self.release.is_behind(now);
        let kept = match copy {
            Some((of, _)) => of.is_some(),
            None => self.sampling.keeps(&segment),
        };
        match (kept, at_once) {
            (true, true) => {
                let (id, event) = match copy {
                    Some((Some(of), rule)) => {
                        let id = self.held.made();
                        (id, Event::Duplicated { id, of, segment: segment.clone(), rule: Box::new(rule) })
                    }
                    _ => self.held.passes(&segment),
                };
                self.push(now, event);
                self.effects.push_back(Effect::Send(Sending::Passing(id), segment));
                return Some(id);
            }
            (true, false) => return self.waits(now, segment, copy, Some(at)),
            (false, true) => self.effects.push_back(Effect::Send(Sending::Counted(segment.len()), segment)),
            (false, false) => self.release.schedule(at, Departure::Counted(Box::new(segment))),
        }
        None
    }

    /// A segment waits, until it goes on by itself, where it does: its number, where it has one that is its own.
    fn waits(
        &mut self,
        now: Duration,
        segment: Packet,
        copy: Option<(Option<SegmentId>, WireRule)>,
        at: Option<Duration>,
    ) -> Option<SegmentId> {
        let events = match copy {
            Some((Some(of), rule)) => {
                let id = self.held.holds_copy(&segment);
                vec![Event::Duplicated { id, of, segment, rule: Box::new(rule) }, Event::Held(id)]
            }
            _ => self.held.arrives(segment),
        };
        let mut own = None;
        for event in events {
            if let Event::Retransmitted { id, .. } | Event::Sent { id, again: Some(_), .. } = &event {
                self.effects.push_back(Effect::CountSince(*id));
            }
            if let Event::Held(id) = event {
                self.plan(id, at);
                own = Some(id);
            }
            self.push(now, event);
        }
        own
    }

    pub(super) fn hold(&mut self, now: Duration, segment: Packet) {
        let at = self.departure(now, &segment);
        self.waits(now, segment, None, at);
    }

    /// Whether a segment goes on by itself.
    fn goes_by_itself(&self, segment: &Packet) -> bool {
        let door = self.trace.door(segment);
        self.wire_rules.let_go(segment, door) || self.rules.delay(Connection::of(segment), door).is_some()
    }

    /// When a segment goes on by itself; `None` where it waits.
    fn departure(&mut self, now: Duration, segment: &Packet) -> Option<Duration> {
        if self.rules.rules.is_empty() && self.wire_rules.is_empty() {
            return None;
        }
        let door = self.trace.door(segment);
        let passes = self.rules.delay(Connection::of(segment), door);
        self.wire_rules.departure(now, segment, door, passes)
    }

    /// Finds whether a waiting segment goes on by itself, and when.
    pub(super) fn expect(&mut self, now: Duration, id: SegmentId) {
        if self.rules.rules.is_empty() && self.wire_rules.is_empty() {
            return;
        }
        let Some(segment) = self.held.held(id).cloned() else { return };
        let at = self.departure(now, &segment);
        self.plan(id, at);
    }

    /// A waiting segment goes on at this time; where it has none, at whose door it waits may show later.
    fn plan(&mut self, id: SegmentId, at: Option<Duration>) {
        if self.rules.rules.is_empty() && self.wire_rules.is_empty() {
            return;
        }
        let Some(segment) = self.held.held(id) else { return };
        match at {
            Some(at) => self.release.schedule(at, Departure::Kept(id)),
            None if self.trace.side_of(segment.to).is_none() => self.release.wonder(id),
            None => {}
        }
    }

    /// From now on these rules hold; what waits already goes by them too.
    pub(super) fn set_rules(&mut self, now: Duration, rules: ForwardingRules) {
        self.rules = rules;
        self.push(now, Event::Passing(self.rules.clone()));
        self.plan_anew(now);
        self.set_kernel();
    }

    /// From now on the wire has these rules. What waits already is neither lost nor doubled by them, but goes on when they say so.
    pub(super) fn set_wire_rules(&mut self, now: Duration, rules: WireRules) {
        self.wire_rules = RulesAtWork::new(rules);
        self.push(now, Event::Ruled(self.wire_rules.rules().clone()));
        self.plan_anew(now);
    }

    /// All that waits, or is on its way uncounted, gets its time anew.
    fn plan_anew(&mut self, now: Duration) {
        self.wire_rules.begin_anew();
        let counted = self.release.begin_anew();
        let waiting = self.trace.present().waiting().into_owned();
        waiting.into_iter().for_each(|id| self.expect(now, id));
        for segment in counted {
            match self.departure(now, &segment) {
                Some(at) => self.release.schedule(at, Departure::Counted(Box::new(segment))),
                None => {
                    self.waits(now, segment, None, None);
                }
            }
        }
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

    /// The kernel's counters were read, since a segment was seen to be sent once more.
    pub(super) fn counted(&mut self, now: Duration, id: SegmentId, moved: Option<Vec<CounterMove>>) {
        let moved: Vec<_> = moved.into_iter().flatten().filter(|moved| why_again(&moved.name).is_some()).collect();
        if !moved.is_empty() {
            self.push(now, Event::Causes { id, moved });
        }
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
