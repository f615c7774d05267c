//! Who sent a segment, and what made it, where that was seen.

use super::{SegmentContext, end_at, sentences};
use std::fmt::Display;

use crate::i18n::counter;
use crate::model::edit::{FieldChange, changed};
use crate::model::{Actor, Call, Connection, CounterMove, Event, Fate, HandMade, SegmentView, View, why_again};
use crate::tcp::Flags;

/// So many entries before a segment are looked at for what made it.
const BEFORE: usize = 80;

impl SegmentContext<'_> {
    pub(super) fn sender(&self) -> String {
        let packet = self.segment.segment;
        let (who, line) = (self.who(packet.from, packet.to), self.line(&self.segment));
        if let Some(made) = self.segment.by_hand {
            return self.by_hand(made, &who, &line);
        }
        sentences([self.words.say(|t| &t.from, &[("who", &who), ("line", &line)]), self.made_by()])
    }

    /// A person sent it: a copy, a changed one, or one of nobody's; or a rule made the copy. No kernel is said to have.
    fn by_hand(&self, made: HandMade, who: &str, line: &str) -> String {
        if let Some(rule) = self.segment.by_rule {
            return self.words.say(|t| &t.by_rule, &[("who", &who), ("line", &line), ("rule", &rule.words())]);
        }
        let facts: &[(&str, &dyn Display)] = &[("who", &who), ("line", &line)];
        let original = made.of().and_then(|of| self.view.segment(of));
        match (made, original) {
            (HandMade::Repeated(_), Some(original)) => {
                let became = match original.fate {
                    Fate::Dropped | Fate::Undeliverable(_) => self.words.say(|t| &t.by_hand_dropped, &[]),
                    Fate::Held => self.words.say(|t| &t.by_hand_waits, &[]),
                    Fate::Delivered | Fate::Passing => self.words.say(|t| &t.by_hand_arrived, &[]),
                };
                sentences([self.words.say(|t| &t.by_hand, facts), became])
            }
            (HandMade::Edited(_), Some(original)) => {
                let (of, from) = (self.line(&original), original.segment.from);
                let who = self.who(from, original.segment.to);
                let facts: &[(&str, &dyn Display)] = &[("who", &who), ("line", &line), ("of", &of)];
                sentences([self.words.say(|t| &t.edited, facts), self.changed(&original)])
            }
            _ => self.words.say(|t| &t.forged, facts),
        }
    }

    /// In which fields a copy differs from what it was made of.
    fn changed(&self, original: &SegmentView<'_>) -> String {
        let changed = changed(original.segment, self.segment.segment, &self.view.initials_for_copy(original));
        let one = |FieldChange { field, before, after }: FieldChange| {
            format!("{} {} → {}", field.name(), before.short(), after.short())
        };
        let list: Vec<String> = changed.into_iter().map(one).collect();
        if list.is_empty() {
            return self.words.say(|t| &t.unchanged, &[]);
        }
        self.words.say(|t| &t.changed, &[("what", &list.join(", "))])
    }

    fn made_by(&self) -> String {
        // Copies that came after it had gone are not told of what went.
        let gone = self.view.trace().at(self.segment.changed).segment(self.segment.id);
        let times = gone.map_or(1, |segment| segment.times_sent);
        let causes = gone.and_then(|segment| segment.causes).unwrap_or_default();
        if times > 1 {
            return self.because(self.words.say(|t| &t.by_timer, &[("n", &times)]), causes);
        }
        if self.segment.again.is_some() {
            return self.because(self.words.say(|t| &t.by_again, &[]), causes);
        }
        let packet = self.segment.segment;
        let trace = self.view.trace();
        let sent = self.sent();
        let before = trace.at(sent);
        let recent = trace.entries()[sent.saturating_sub(BEFORE)..sent].iter().rev();
        for entry in recent {
            match &entry.event {
                Event::Delivered(id) => {
                    let arrived = self.view.segment(*id).filter(|one| one.segment.to == packet.from);
                    if let Some(one) = arrived.filter(|one| Connection::of(one.segment) == self.connection()) {
                        return self.words.say(|t| &t.by_answer, &[("line", &self.line(&one))]);
                    }
                }
                Event::Entered { caller, call } if self.is_made_by(caller.actor, call, &before) => {
                    return self.words.say(|t| &t.by_call, &[("call", &call.name())]);
                }
                _ => {}
            }
        }
        self.words.say(|t| &t.by_unknown, &[])
    }

    /// That a segment was sent again, and the kernel's reason: what the first counter counts, and the names of the others.
    fn because(&self, again: String, causes: &[CounterMove]) -> String {
        let mut causes: Vec<&CounterMove> = causes.iter().collect();
        causes.sort_by_key(|moved| why_again(&moved.name));
        let Some((first, others)) = causes.split_first() else { return again };
        let what = counter(&first.name, self.words.lang).unwrap_or_default();
        let others: Vec<&str> = others.iter().map(|moved| moved.name.as_str()).collect();
        let first = self.words.say(|t| &t.by_cause, &[("moved", first), ("what", &what)]);
        let too = (!others.is_empty()).then(|| self.words.say(|t| &t.by_cause_too, &[("list", &others.join(", "))]));
        sentences([again, first].into_iter().chain(too))
    }

    /// The entry at which it was first seen.
    pub(super) fn sent(&self) -> usize {
        let entries = self.view.trace().entries();
        let until = self.segment.changed.min(entries.len());
        let is_it = |event: &Event| event.appears().is_some_and(|(id, _)| id == self.segment.id);
        entries[..until].iter().rposition(|entry| is_it(&entry.event)).unwrap_or(until)
    }

    /// Whether an actor's call can have made it: one that sends, on the sender's descriptor.
    fn is_made_by(&self, actor: Actor, call: &Call, before: &View<'_>) -> bool {
        let packet = self.segment.segment;
        if self.view.trace().owner_of(packet.from) != Some(actor) {
            return false;
        }
        let Some(tcp) = packet.tcp() else { return matches!(call, Call::Send { .. } | Call::SendTo { .. }) };
        let own = end_at(before, packet.from, packet.to).and_then(|socket| socket.facts.fd);
        let is_own = own.is_none_or(|fd| call.fd() == Some(fd));
        match call {
            // Its address is known only once it has sent.
            Call::Connect { addr, .. } => tcp.flags.has(Flags::SYN) && addr.port() == packet.to.port(),
            Call::Send { .. } => is_own && !packet.is_empty(),
            Call::SendTo { .. } => call.connects_to().is_some_and(|addr| addr.port() == packet.to.port()),
            Call::Recv { .. } => {
                is_own && packet.is_empty() && !tcp.flags.has(Flags::FIN) && !tcp.flags.has(Flags::SYN)
            }
            Call::Dissolve { .. } => is_own && tcp.flags.has(Flags::RST),
            Call::Shutdown { .. } | Call::Close { .. } => {
                is_own && (tcp.flags.has(Flags::FIN) || tcp.flags.has(Flags::RST))
            }
            _ => false,
        }
    }
}
