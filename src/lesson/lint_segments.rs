//! The check of what a lesson says of segments: what tells one from others, what is changed in one, and which rules the wire has.

use std::str::FromStr;

use toml::Spanned;

use super::fault::{Fault, WordKind};
use super::lint::{Lint, absent_or};
use super::raw::{RawEdit, RawForge, RawPattern, RawSegmentClaim};
use super::raw_words::{SpannedNumber, SpannedText};
use super::{Action, SegmentFate, SegmentPattern, Terms};
use crate::model::edit::{EditFault, WantedFields};
use crate::model::rule::TypedRule;
use crate::model::{Mode, SegmentFilter};
use crate::tcp::{Flags, Protocol};

/// The most segments that can be said to wait.
const MAX_WAITING: i64 = 1_000_000;

/// What tells one segment from others, as the three tables have it that say so.
struct PatternKeys<'a> {
    from: &'a SpannedText,
    flags: &'a Option<Spanned<Vec<SpannedText>>>,
    protocol: &'a Option<SpannedText>,
    /// `seq`, `ack`, `len`, `win` and `win_scaled`.
    numbers: [&'a Option<SpannedNumber>; 5],
    has: &'a Option<SpannedText>,
    on: &'a Option<SpannedText>,
}

macro_rules! keys {
    ($($raw:ident)*) => {$(
        impl $raw {
            fn keys(&self) -> PatternKeys<'_> {
                let $raw { from, flags, protocol, seq, ack, len, win, win_scaled, has, on, .. } = self;
                PatternKeys { from, flags, protocol, numbers: [seq, ack, len, win, win_scaled], has, on }
            }
        }
    )*};
}

keys! { RawPattern RawEdit RawSegmentClaim }

impl Lint<'_> {
    /// A segment that waits on the wire, which only the lab's wire can make it do.
    pub(super) fn held(&mut self, raw: &RawPattern) -> Option<SegmentPattern> {
        if self.modes.contains(&Mode::Host) {
            self.fault::<()>(raw.from.span(), Fault::OnlyLab);
        }
        self.pattern(raw.keys())
    }

    /// A changed copy, which only the lab's wire can send.
    pub(super) fn edit(&mut self, raw: &RawEdit) -> Option<Action> {
        if self.modes.contains(&Mode::Host) {
            self.fault::<()>(raw.from.span(), Fault::OnlyLab);
        }
        let pattern = self.pattern(raw.keys());
        let edit = self.changes(&raw.set);
        Some(Action::Edit { pattern: pattern?, edit: edit? })
    }

    pub(super) fn forge(&mut self, raw: &RawForge) -> Option<Action> {
        if self.modes.contains(&Mode::Host) {
            self.fault::<()>(raw.from.span(), Fault::OnlyLab);
        }
        let from = self.side(&raw.from);
        let on = absent_or(raw.on.as_ref().map(|socket| self.socket(socket)));
        let forgery = self.changes(&raw.set);
        Some(Action::Forge { from: from?, on: on?, forgery: forgery? })
    }

    /// A rule of the wire, as a person would type it.
    pub(super) fn rule(&mut self, word: &SpannedText) -> Option<Action> {
        if self.modes.contains(&Mode::Host) {
            self.fault::<()>(word.span(), Fault::OnlyLab);
        }
        let typed = word.get_ref().parse::<TypedRule>();
        let typed = typed.map_or_else(|fault| self.fault(word.span(), Fault::Rule(fault)), Some)?;
        Some(Action::Rule(typed.change(SegmentFilter::All)))
    }

    /// What a person would type to change a segment.
    fn changes<T: FromStr<Err = EditFault>>(&mut self, word: &SpannedText) -> Option<T> {
        word.get_ref().parse().map_or_else(|fault| self.fault(word.span(), Fault::Edit(fault)), Some)
    }

    fn pattern(&mut self, keys: PatternKeys<'_>) -> Option<SegmentPattern> {
        let PatternKeys { from, flags, protocol, numbers, has, on } = keys;
        let place = from.span();
        let from = self.side(from);
        let there = [("flags", flags.is_some()), ("protocol", protocol.is_some())];
        self.one_of(place, &there, &["flags", "protocol"])?;
        let protocol = protocol.as_ref().map_or(Some(Protocol::Tcp), |word| self.protocol(word));
        if let (Some(Protocol::Udp | Protocol::Icmp), [seq, ack, _, win, win_scaled]) = (protocol, numbers) {
            for (key, number) in [("seq", seq), ("ack", ack), ("win", win), ("win_scaled", win_scaled)] {
                if let Some(number) = number {
                    self.fault::<()>(number.span(), Fault::Exclusive("protocol", key));
                }
            }
        }
        let has = has.as_ref().map_or(Some(WantedFields::default()), |word| self.wanted(word, protocol));
        let flags = flags.as_ref().map_or(Some(Flags::default()), |flags| self.flags(flags));
        let [seq, ack, len, win, win_scaled] = numbers.map(|number| self.optional_number(number.as_ref()));
        let on = absent_or(on.as_ref().map(|socket| self.socket(socket)));
        Some(SegmentPattern {
            from: from?,
            protocol: protocol?,
            flags: flags?,
            seq: seq?,
            ack: ack?,
            len: len?,
            win: win?,
            win_scaled: win_scaled?,
            has: has?,
            on: on?,
        })
    }

    /// What must stand in the other fields, as far as such a packet has them.
    fn wanted(&mut self, word: &SpannedText, protocol: Option<Protocol>) -> Option<WantedFields> {
        let read = word.get_ref().parse::<WantedFields>().and_then(|wanted| {
            protocol.map_or(Ok(()), |protocol| wanted.fit(protocol))?;
            Ok(wanted)
        });
        read.map_or_else(|fault| self.fault(word.span(), Fault::Edit(fault)), Some)
    }

    /// What isn't TCP's: a segment's flags say that it is.
    fn protocol(&mut self, word: &SpannedText) -> Option<Protocol> {
        let other = [Protocol::Udp, Protocol::Icmp];
        let protocol = other.into_iter().find(|protocol| protocol.name() == word.get_ref());
        protocol.or_else(|| self.wrong(word, WordKind::Protocol))
    }

    fn flags(&mut self, raw: &Spanned<Vec<SpannedText>>) -> Option<Flags> {
        if raw.get_ref().is_empty() {
            return self.fault(raw.span(), Fault::EmptyList(WordKind::Flag));
        }
        for word in raw.get_ref() {
            if Flags::from_names([word.get_ref().as_str()]).is_err() {
                self.wrong::<()>(word, WordKind::Flag);
            }
        }
        Flags::from_names(raw.get_ref().iter().map(|word| word.get_ref().as_str())).ok()
    }

    pub(super) fn segment(&mut self, raw: &RawSegmentClaim) -> Option<Terms> {
        let is = &raw.is;
        let fates = [SegmentFate::Held, SegmentFate::Delivered, SegmentFate::Dropped];
        let fate = fates.into_iter().find(|fate| fate.name() == is.get_ref());
        let fate = match is.get_ref().as_str() {
            "none" => Some(None),
            _ => fate.map(Some).or_else(|| self.wrong(is, WordKind::Fate)),
        };
        let pattern = self.pattern(raw.keys())?;
        Some(match fate? {
            Some(is) => Terms::Segment { pattern, is },
            None => Terms::NeverSent(pattern),
        })
    }

    /// How many segments wait, which only the lab's wire can make them do.
    pub(super) fn waiting(&mut self, count: &Spanned<i64>, from: Option<&SpannedText>) -> Option<Terms> {
        if self.modes.contains(&Mode::Host) {
            self.fault::<()>(count.span(), Fault::OnlyLab);
        }
        self.range(*count.get_ref(), 0..=MAX_WAITING, count.span());
        let from = absent_or(from.map(|side| self.side(side)));
        Some(Terms::Waiting { count: u32::try_from(*count.get_ref()).ok()?, from: from? })
    }
}
