//! How rules are written: `lose every 3`, `lose 10% seed 7`, `lose first 2 flags=SYN,ACK`, `duplicate all data>1000`,
//! `delay 50ms jitter 40ms`, `rate 10000`, each with `to server` or `to client 2` where it is for one door; `off`, `off lose`.
//!
//! A line that is typed has `wire` before it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::{LONGEST, RuleChange, RuleKind, RulePattern, RuleSelection, USUAL_SEED, WireEffect, WireRule};
use crate::model::{Actor, SegmentFilter, Side};
use crate::tcp::Flags;

/// Why a text says no rule. What is carried is the word at which it goes wrong, and the one before it where that matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleFault {
    /// Nothing is said.
    Nothing,
    /// This is nothing that the wire can do.
    Effect(String),
    /// This doesn't say which of the segments.
    Selection(String),
    /// Behind this word stands no number from 1 on, but this.
    Number(&'static str, String),
    /// This is no percentage from 0 to 100, of at most four decimals.
    Chance(String),
    /// Behind this word stands no time, but this.
    Time(&'static str, String),
    /// This is no rate.
    Rate(String),
    /// This is no seed.
    Seed(String),
    /// These are no flags.
    Flags(String),
    /// This is no number of bytes.
    Data(String),
    /// This is nobody's door.
    Whom(String),
    /// Nothing of a rule is said by this word here.
    Word(String),
    /// A word is there twice.
    Twice(String),
    /// Somebody else decides on what is for these ends.
    NotHere,
    /// Here the wire can't hold anything, and so has no rules.
    NoWire,
    /// Rules of this kind, or any, are to be taken back, and there is none of one's own.
    NotThere(Option<RuleKind>),
}

/// What a line means. Between whom is `None` where the line doesn't say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypedRule {
    /// This rule.
    Set(Option<SegmentFilter>, RulePattern, WireEffect),
    /// The rules of a kind, or all, are taken back.
    Off(Option<RuleKind>),
}

impl TypedRule {
    /// The change that it means, where what it doesn't say is `usual`.
    pub fn change(self, usual: SegmentFilter) -> RuleChange {
        match self {
            TypedRule::Set(which, only, does) => {
                RuleChange::Set(WireRule { which: which.unwrap_or(usual), only, does })
            }
            TypedRule::Off(kind) => RuleChange::Off(kind),
        }
    }
}

/// Whether a line is meant to say such a thing, and no call.
pub fn is_rule(text: &str) -> bool {
    text.split_whitespace().next() == Some("wire")
}

impl FromStr for TypedRule {
    type Err = RuleFault;

    fn from_str(text: &str) -> Result<TypedRule, RuleFault> {
        let mut words = RuleWords { rest: text.split_whitespace().collect() };
        words.take("wire");
        let first = words.next().ok_or(RuleFault::Nothing)?;
        if first == "off" {
            let kind = words.next();
            let kind = kind.map(|word| kind_of(word).ok_or_else(|| RuleFault::Effect(word.to_owned()))).transpose()?;
            return words.end().map(|()| TypedRule::Off(kind));
        }
        let kind = kind_of(first).ok_or_else(|| RuleFault::Effect(first.to_owned()))?;
        let mut seed = None;
        let mut does = match kind {
            RuleKind::Lose => WireEffect::Lose(words.selection(&mut seed)?),
            RuleKind::Duplicate => WireEffect::Duplicate(words.selection(&mut seed)?),
            RuleKind::Delay => {
                let by = words.time("delay")?;
                let jitter = if words.take("jitter") { words.time("jitter")? } else { Duration::ZERO };
                seed = (!jitter.is_zero()).then_some(USUAL_SEED);
                WireEffect::Delay { by, jitter, seed: USUAL_SEED }
            }
            RuleKind::Rate => WireEffect::Rate(words.rate()?),
        };
        let more = words.more(seed.is_some())?;
        if let Some(given) = more.seed {
            match &mut does {
                WireEffect::Lose(RuleSelection::Chance { seed, .. })
                | WireEffect::Duplicate(RuleSelection::Chance { seed, .. })
                | WireEffect::Delay { seed, .. } => *seed = given,
                _ => {}
            }
        }
        Ok(TypedRule::Set(more.which, more.only, does))
    }
}

fn kind_of(word: &str) -> Option<RuleKind> {
    RuleKind::ALL.into_iter().find(|kind| kind.name() == word)
}

/// What stands behind what a rule does.
#[derive(Default)]
struct Details {
    which: Option<SegmentFilter>,
    only: RulePattern,
    seed: Option<u64>,
}

struct RuleWords<'a> {
    rest: std::collections::VecDeque<&'a str>,
}

impl<'a> RuleWords<'a> {
    fn next(&mut self) -> Option<&'a str> {
        self.rest.pop_front()
    }

    /// The next word, where it is this one.
    fn take(&mut self, word: &str) -> bool {
        let is_it = self.rest.front() == Some(&word);
        if is_it {
            self.rest.pop_front();
        }
        is_it
    }

    /// The word that must be there; empty where it isn't.
    fn given(&mut self) -> &'a str {
        self.next().unwrap_or_default()
    }

    fn end(&mut self) -> Result<(), RuleFault> {
        self.next().map_or(Ok(()), |word| Err(RuleFault::Word(word.to_owned())))
    }

    /// Which of the segments; each, where a detail of the rule stands there already, or nothing more.
    fn selection(&mut self, seed: &mut Option<u64>) -> Result<RuleSelection, RuleFault> {
        match self.rest.front().copied() {
            None => Ok(RuleSelection::All),
            Some(word) if word == "to" || word.starts_with("flags=") || word.starts_with("data>") => {
                Ok(RuleSelection::All)
            }
            Some("all") => self.next().map(|_| RuleSelection::All).ok_or(RuleFault::Nothing),
            Some("first") => self.number("first").map(RuleSelection::First),
            Some("every") => self.number("every").map(RuleSelection::Every),
            Some(word) => {
                self.next();
                let Some(percent) = word.strip_suffix('%') else { return Err(RuleFault::Selection(word.to_owned())) };
                let millionths = millionths(percent).ok_or_else(|| RuleFault::Chance(word.to_owned()))?;
                *seed = Some(USUAL_SEED);
                Ok(RuleSelection::Chance { millionths, seed: USUAL_SEED })
            }
        }
    }

    fn number(&mut self, behind: &'static str) -> Result<u32, RuleFault> {
        self.next();
        let word = self.given();
        let number = digits(word).filter(|number| *number > 0);
        number.ok_or_else(|| RuleFault::Number(behind, word.to_owned()))
    }

    /// A time, `50ms` or `1.5s`; a number alone is milliseconds.
    fn time(&mut self, behind: &'static str) -> Result<Duration, RuleFault> {
        let word = self.given();
        let (digits, unit) = match word.strip_suffix("ms") {
            Some(digits) => (digits, 1_000),
            None => word.strip_suffix('s').map_or((word, 1_000), |digits| (digits, 1_000_000)),
        };
        let micros = decimal(digits, unit).map(Duration::from_micros);
        micros.filter(|time| *time <= LONGEST).ok_or_else(|| RuleFault::Time(behind, word.to_owned()))
    }

    fn rate(&mut self) -> Result<u32, RuleFault> {
        let word = self.given();
        digits(word).filter(|rate| *rate > 0).ok_or_else(|| RuleFault::Rate(word.to_owned()))
    }

    /// What else is said, in any order, each at most once. `seeded`: the rule has a seed.
    fn more(&mut self, seeded: bool) -> Result<Details, RuleFault> {
        let mut more = Details::default();
        while let Some(word) = self.next() {
            let twice = |is: bool| if is { Err(RuleFault::Twice(word.to_owned())) } else { Ok(()) };
            if word == "to" {
                twice(more.which.is_some())?;
                more.which = Some(self.whom()?);
            } else if word == "seed" && seeded {
                twice(more.seed.is_some())?;
                let seed = self.given();
                more.seed = Some(digits(seed).ok_or_else(|| RuleFault::Seed(seed.to_owned()))?);
            } else if let Some(flags) = word.strip_prefix("flags=") {
                twice(more.only.flags.is_some())?;
                let names = flags.to_ascii_uppercase();
                let read = Flags::from_names(names.split(',')).map_err(|_| RuleFault::Flags(flags.to_owned()))?;
                more.only.flags = Some(read.bits());
            } else if let Some(bytes) = word.strip_prefix("data>") {
                twice(more.only.data_over.is_some())?;
                more.only.data_over = Some(digits(bytes).ok_or_else(|| RuleFault::Data(bytes.to_owned()))?);
            } else {
                return Err(RuleFault::Word(word.to_owned()));
            }
        }
        Ok(more)
    }

    /// `server`, `client 2`.
    fn whom(&mut self) -> Result<SegmentFilter, RuleFault> {
        let word = self.given();
        let side = Side::BOTH.into_iter().find(|side| side.name() == word);
        let side = side.ok_or_else(|| RuleFault::Whom(word.to_owned()))?;
        let nth = self.rest.front().and_then(|word| digits(word)).filter(|nth| *nth > 0);
        if nth.is_some() {
            self.next();
        }
        Ok(SegmentFilter::To(Actor { side, nth: nth.unwrap_or(Actor::FIRST) }))
    }
}

/// Digits alone: no sign, no blank.
fn digits<T: FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// `1.5` times `unit`, in whole numbers; `None` where that isn't a whole one.
fn decimal(text: &str, unit: u64) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let scale = 10u64.checked_pow(u32::try_from(part.len()).ok()?)?;
    let whole = digits::<u64>(whole)?.checked_mul(unit)?;
    let part = digits::<u64>(part)?.checked_mul(unit)?;
    if part % scale == 0 { whole.checked_add(part / scale) } else { None }
}

fn millionths(percent: &str) -> Option<u32> {
    let millionths = u32::try_from(decimal(percent, 10_000)?).ok()?;
    (millionths <= RuleSelection::CERTAIN).then_some(millionths)
}

/// A whole number of units, with as many decimals as it needs.
fn shortest(amount: u64, unit: u64, places: usize) -> String {
    let text = format!("{}.{:0places$}", amount / unit, amount % unit);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn written_time(time: Duration) -> String {
    let micros = time.as_micros() as u64;
    if micros >= 1_000_000 && micros.is_multiple_of(100_000) {
        format!("{}s", shortest(micros, 1_000_000, 6))
    } else {
        format!("{}ms", shortest(micros, 1_000, 3))
    }
}

impl fmt::Display for RuleSelection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RuleSelection::All => f.write_str("all"),
            RuleSelection::First(first) => write!(f, "first {first}"),
            RuleSelection::Every(every) => write!(f, "every {every}"),
            RuleSelection::Chance { millionths, seed } => {
                write!(f, "{}% seed {seed}", shortest(u64::from(*millionths), 10_000, 4))
            }
        }
    }
}

impl fmt::Display for WireEffect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WireEffect::Lose(selection) => write!(f, "lose {selection}"),
            WireEffect::Duplicate(selection) => write!(f, "duplicate {selection}"),
            WireEffect::Delay { by, jitter, .. } if jitter.is_zero() => write!(f, "delay {}", written_time(*by)),
            WireEffect::Delay { by, jitter, seed } => {
                write!(f, "delay {} jitter {} seed {seed}", written_time(*by), written_time(*jitter))
            }
            WireEffect::Rate(rate) => write!(f, "rate {rate}"),
        }
    }
}

impl fmt::Display for RulePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(flags) = self.flags {
            write!(f, " flags={}", Flags::from_bits(flags))?;
        }
        self.data_over.map_or(Ok(()), |least| write!(f, " data>{least}"))
    }
}

impl WireRule {
    /// What it does with which segments, without between whom.
    pub fn words(&self) -> String {
        format!("{}{}", self.does, self.only)
    }
}

impl fmt::Display for WireRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words())?;
        match self.which {
            SegmentFilter::To(actor) => write!(f, " to {actor}"),
            SegmentFilter::All | SegmentFilter::Of(_) => Ok(()),
        }
    }
}
