//! The wire's rules carried out: what is lost, what goes twice, and when each goes on.

use std::time::Duration;

use crate::model::Door;
use crate::model::rule::{RuleKind, WireEffect, WireRule, WireRules};
use crate::tcp::Packet;

/// The rules that are in force, and until when each is busy carrying bytes.
#[derive(Debug, Default)]
pub(super) struct RulesAtWork {
    rules: WireRules,
    /// Of each rule the time at which all that it has carried so far is through, on the lab's clock.
    through: Vec<Duration>,
}

impl RulesAtWork {
    /// These are in force.
    pub(super) fn new(rules: WireRules) -> RulesAtWork {
        RulesAtWork { through: vec![Duration::ZERO; rules.rules.len()], rules }
    }

    /// Which are in force, and how many segments each has been about.
    pub(super) fn rules(&self) -> &WireRules {
        &self.rules
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rules.rules.is_empty()
    }

    /// All that waits is given its time anew.
    pub(super) fn begin_anew(&mut self) {
        self.through.fill(Duration::ZERO);
    }

    /// The rule that loses a segment which has just left its sender.
    pub(super) fn loses(&mut self, segment: &Packet, to: Option<Door>) -> Option<WireRule> {
        self.takes(RuleKind::Lose, segment, to)
    }

    /// The rule by which a second copy of it is on its way.
    pub(super) fn duplicates(&mut self, segment: &Packet, to: Option<Door>) -> Option<WireRule> {
        self.takes(RuleKind::Duplicate, segment, to)
    }

    fn takes(&mut self, kind: RuleKind, segment: &Packet, to: Option<Door>) -> Option<WireRule> {
        let (rule, n) = self.rules.about(kind, segment, to).and_then(|place| self.rules.count(place))?;
        let (WireEffect::Lose(selection) | WireEffect::Duplicate(selection)) = rule.does else { return None };
        selection.takes(n).then_some(rule)
    }

    /// Whether a rule lets a segment go on by itself.
    pub(super) fn let_go(&self, segment: &Packet, to: Option<Door>) -> bool {
        self.rules.let_go(segment, to)
    }

    /// When a segment goes on by itself; `None` where it waits. `passes` is its delay where it passes by itself anyway: a
    /// rule's own delay takes its place. First it takes its turn among the bytes that are carried, then it is delayed.
    pub(super) fn departure(
        &mut self,
        now: Duration,
        segment: &Packet,
        to: Option<Door>,
        passes: Option<Duration>,
    ) -> Option<Duration> {
        let delay = self.rules.about(RuleKind::Delay, segment, to).and_then(|place| self.rules.count(place));
        let delay = delay.and_then(|(rule, n)| rule.delay(n)).or(passes);
        let Some(place) = self.rules.about(RuleKind::Rate, segment, to) else {
            return delay.map(|delay| now.saturating_add(delay));
        };
        let taken = self.rules.count(place).and_then(|(rule, _)| rule.takes(segment)).unwrap_or_default();
        let through = self.through.get_mut(place)?;
        *through = (*through).max(now).saturating_add(taken);
        Some(through.saturating_add(delay.unwrap_or_default()))
    }
}
