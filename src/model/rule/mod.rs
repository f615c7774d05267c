//! Rules of the wire: which segments it loses or brings twice, how long each is on its way, and how many bytes it carries a
//! second.
//!
//! A rule is a value: what it does with the n-th segment that it is about follows from the rule and from n alone. So the same
//! rule does the same to the same segments, again and again. It is written as words, `lose every 3 flags=SYN,ACK`
//! ([`notation`]).

mod notation;
#[cfg(test)]
mod tests;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use notation::{RuleFault, TypedRule, is_rule};

use super::{Actor, Connection, Door, ForwardingRules, Member, SegmentFilter, Side};
use crate::tcp::{Flags, Packet};

/// The seed where none is written.
pub const USUAL_SEED: u64 = 1;

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WireEffect {
    /// The wire loses these.
    Lose(RuleSelection),
    /// Of these a second copy goes its own way.
    Duplicate(RuleSelection),
    /// Each goes on by itself after so long, more or less by at most `jitter`: so a later one may overtake an earlier one.
    Delay {
        /// How long.
        by: Duration,
        /// How much more or less.
        jitter: Duration,
        /// What the differences follow from.
        seed: u64,
    },
    /// Each goes on by itself, one behind the other, so many bytes of IP packets a second.
    Rate(u32),
}

/// The four things that a rule can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum RuleKind {
    Lose,
    Duplicate,
    Delay,
    Rate,
}

impl RuleKind {
    /// All of them.
    pub const ALL: [RuleKind; 4] = [RuleKind::Lose, RuleKind::Duplicate, RuleKind::Delay, RuleKind::Rate];

    /// Its word in the notation.
    pub const fn name(self) -> &'static str {
        match self {
            RuleKind::Lose => "lose",
            RuleKind::Duplicate => "duplicate",
            RuleKind::Delay => "delay",
            RuleKind::Rate => "rate",
        }
    }
}

/// Which of the segments that a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RuleSelection {
    /// Each.
    All,
    /// So many, from the first one on.
    First(u32),
    /// Each so-many-th: of 3 the third, the sixth, …
    Every(u32),
    /// Each with this probability.
    Chance {
        /// In millionths.
        millionths: u32,
        /// What the choice follows from.
        seed: u64,
    },
}

impl RuleSelection {
    /// Certainty, in millionths.
    pub const CERTAIN: u32 = 1_000_000;

    /// Whether the n-th segment, from 0, is one of them.
    pub fn takes(self, n: u64) -> bool {
        match self {
            RuleSelection::All => true,
            RuleSelection::First(first) => n < u64::from(first),
            RuleSelection::Every(every) => (n + 1).is_multiple_of(u64::from(every.max(1))),
            RuleSelection::Chance { millionths, seed } => {
                below(seed, n, RuleSelection::CERTAIN.into()) < u64::from(millionths)
            }
        }
    }
}

/// A number that looks random, from 0 and below `bound`, which follows from the seed and from n alone (SplitMix64).
fn below(seed: u64, n: u64, bound: u64) -> u64 {
    const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut bits = seed.wrapping_add(n.wrapping_add(1).wrapping_mul(STEP));
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^= bits >> 31;
    // The upper half of the product is spread evenly over what is below the bound.
    ((u128::from(bits) * u128::from(bound)) >> 64) as u64
}

/// What a rule is about, beside between whom it goes. The empty one fits everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulePattern {
    /// TCP segments with exactly these flags, as the header's byte has them.
    pub flags: Option<u8>,
    /// Packets with more bytes of data than so many.
    pub data_over: Option<u32>,
}

impl RulePattern {
    fn fits(self, packet: &Packet) -> bool {
        let flags = self.flags.is_none_or(|flags| packet.tcp().is_some_and(|tcp| tcp.flags == Flags::from_bits(flags)));
        flags && self.data_over.is_none_or(|least| packet.len() > least)
    }
}

/// A rule of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireRule {
    /// Between whom.
    pub which: SegmentFilter,
    /// What else tells the segments that it is about.
    pub only: RulePattern,
    /// What it does with them.
    pub does: WireEffect,
}

impl WireRule {
    /// What kind of rule it is.
    pub const fn kind(&self) -> RuleKind {
        match self.does {
            WireEffect::Lose(_) => RuleKind::Lose,
            WireEffect::Duplicate(_) => RuleKind::Duplicate,
            WireEffect::Delay { .. } => RuleKind::Delay,
            WireEffect::Rate(_) => RuleKind::Rate,
        }
    }

    /// How long the n-th segment, from 0, is delayed; `None` where the rule delays none.
    pub fn delay(&self, n: u64) -> Option<Duration> {
        let WireEffect::Delay { by, jitter, seed } = self.does else { return None };
        let jitter = u64::try_from(jitter.as_micros()).unwrap_or(u64::MAX >> 1).min(u64::MAX >> 2);
        let more = Duration::from_micros(below(seed, n, 2 * jitter + 1));
        Some(by.saturating_add(more).saturating_sub(Duration::from_micros(jitter)))
    }

    /// How long a packet takes on the wire, at the rule's rate; `None` where the rule has none.
    pub fn takes(&self, packet: &Packet) -> Option<Duration> {
        let WireEffect::Rate(rate) = self.does else { return None };
        let bytes = packet.packet().len() as u64;
        Some(Duration::from_nanos(bytes.saturating_mul(1_000_000_000) / u64::from(rate.max(1))))
    }
}

/// A rule that is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleInForce {
    /// The rule.
    pub rule: WireRule,
    /// How many segments it has been about.
    pub seen: u64,
}

/// What somebody wants of the rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RuleChange {
    /// This one is in force, in place of the one of its kind for the same ends.
    Set(WireRule),
    /// Those of this kind are in force no longer; `None`: none is.
    Off(Option<RuleKind>),
}

/// The rules that are in force, at most one of each kind for the same ends; the narrowest stands first, and the first one of a
/// kind that fits counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireRules {
    /// The rules; empty where the wire does nothing by itself.
    pub rules: Vec<RuleInForce>,
}

impl WireRules {
    /// The most rules that are kept.
    pub const MOST: usize = 64;

    /// The same after a change by somebody who may decide for the ends of which `may` says so.
    pub fn with(&self, change: &RuleChange, may: impl Fn(SegmentFilter) -> bool) -> WireRules {
        let mut rules = self.rules.clone();
        match change {
            RuleChange::Set(rule) if may(rule.which) => {
                rules.retain(|other| (other.rule.kind(), other.rule.which) != (rule.kind(), rule.which));
                rules.push(RuleInForce { rule: *rule, seen: 0 });
            }
            RuleChange::Set(_) => {}
            RuleChange::Off(kind) => {
                rules.retain(|other| kind.is_some_and(|kind| kind != other.rule.kind()) || !may(other.rule.which));
            }
        }
        rules.sort_by_key(|one| one.rule.which.breadth());
        rules.truncate(WireRules::MOST);
        WireRules { rules }
    }

    /// The same once a process makes the calls of some actors, as [`ForwardingRules::without_the_doors_of`] has it: a rule for all
    /// is one for each of the doors that aren't the newcomer's.
    pub fn without_the_doors_of(&self, newcomer: &Member, others: impl Iterator<Item = Actor>) -> WireRules {
        if newcomer.actors().next().is_none() {
            return self.clone();
        }
        let doors: Vec<Actor> = Side::BOTH.map(Actor::from).into_iter().chain(others).collect();
        let mut rules: Vec<RuleInForce> = Vec::new();
        for one in &self.rules {
            if one.rule.which != SegmentFilter::All {
                rules.push(*one);
                continue;
            }
            for door in doors.iter().filter(|door| !newcomer.is(**door)) {
                let rule = WireRule { which: SegmentFilter::To(*door), ..one.rule };
                let is_same = |other: &RuleInForce| (other.rule.kind(), other.rule.which) == (rule.kind(), rule.which);
                if !rules.iter().chain(&self.rules).any(is_same) {
                    rules.push(RuleInForce { rule, ..*one });
                }
            }
        }
        rules.sort_by_key(|one| one.rule.which.breadth());
        rules.truncate(WireRules::MOST);
        WireRules { rules }
    }

    /// The place of the rule of a kind that is about a packet on its way to a door.
    pub fn about(&self, kind: RuleKind, packet: &Packet, to: Option<Door>) -> Option<usize> {
        let connection = Connection::of(packet);
        let fits = |one: &RuleInForce| {
            one.rule.kind() == kind && one.rule.which.fits(connection, to) && one.rule.only.fits(packet)
        };
        self.rules.iter().position(fits)
    }

    /// Counts the segment that the rule at this place is about: the rule, and the segment's number, from 0.
    pub fn count(&mut self, place: usize) -> Option<(WireRule, u64)> {
        let one = self.rules.get_mut(place)?;
        one.seen = one.seen.saturating_add(1);
        Some((one.rule, one.seen - 1))
    }

    /// Whether the rules let a packet go on by itself.
    pub fn let_go(&self, packet: &Packet, to: Option<Door>) -> bool {
        [RuleKind::Delay, RuleKind::Rate].into_iter().any(|kind| self.about(kind, packet, to).is_some())
    }
}

/// The longest delay, as of segments that pass by themselves.
const LONGEST: Duration = ForwardingRules::LONGEST;
