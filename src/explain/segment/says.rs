//! What a segment says, beside what its sender had said before.

use super::{SegmentContext, SegmentKind, end_at, end_of, sentences};
use crate::i18n::excerpt;
use crate::model::TimerKind;
use crate::tcp::{Flags, Segment, Transport, number};

/// So much of the data is shown, in bytes.
const SHOWN: usize = 24;
/// Only among so many first segments one is looked for that is the first of its kind.
const FIRST: u32 = 300;

impl SegmentContext<'_> {
    pub(super) fn says(&self) -> String {
        let packet = self.segment.segment;
        let n = packet.len();
        let Some(tcp) = packet.tcp() else {
            if let Transport::TooBig(mtu) = packet.transport {
                return self.words.say(|t| &t.too_big, &[("mtu", &mtu)]);
            }
            return match self.kind() {
                SegmentKind::Datagram => self.words.say(|t| &t.datagram, &[("n", &n)]),
                _ => self.words.say(|t| &t.unreachable, &[("port", &packet.from.port())]),
            };
        };
        let seq = self.own(tcp.seq);
        let ack = number(tcp.ack, self.segment.initials.other, self.numbers);
        match self.kind() {
            SegmentKind::Syn => self.words.say(|t| &t.syn, &[("seq", &seq)]),
            SegmentKind::SynAck => self.words.say(|t| &t.syn_ack, &[("seq", &seq), ("ack", &ack)]),
            // It has no number of its own (RFC 9293, section 3.10.7.1).
            SegmentKind::Rst if tcp.seq == 0 && tcp.flags.has(Flags::ACK) => self.words.say(|t| &t.rst_answer, &[]),
            SegmentKind::Rst => self.words.say(|t| &t.rst, &[]),
            SegmentKind::Probe => {
                sentences([self.probe(), self.window(tcp)].into_iter().filter(|text| !text.is_empty()))
            }
            _ => {
                let fin = tcp.flags.has(Flags::FIN).then(|| {
                    let last = self.own(end_of(&self.segment, tcp).wrapping_sub(1));
                    self.words.say(|t| &t.fin, &[("last", &last)])
                });
                let told = [self.data(tcp), fin, Some(self.acknowledges(tcp, &ack)), Some(self.window(tcp))];
                sentences(told.into_iter().flatten().filter(|text| !text.is_empty()))
            }
        }
    }

    fn own(&self, value: u32) -> String {
        number(value, self.segment.initials.own, self.numbers)
    }

    fn data(&self, tcp: &Segment) -> Option<String> {
        let packet = self.segment.segment;
        let text = excerpt(packet.payload(), SHOWN);
        let last = tcp.seq.wrapping_add(packet.len()).wrapping_sub(1);
        let (seq, last, n) = (self.own(tcp.seq), self.own(last), packet.len());
        match n {
            0 => None,
            1 => Some(self.words.say(|t| &t.data_one, &[("seq", &seq), ("text", &text)])),
            _ => {
                let facts: &[(&str, &dyn std::fmt::Display)] =
                    &[("n", &n), ("seq", &seq), ("last", &last), ("text", &text)];
                Some(self.words.say(|t| &t.data, facts))
            }
        }
    }

    /// What is acknowledged that wasn't before; where the segment says something else and nothing new here, nothing.
    fn acknowledges(&self, tcp: &Segment, ack: &str) -> String {
        if !tcp.flags.has(Flags::ACK) {
            return String::new();
        }
        let before = self.earlier_from(true).find(|(_, before)| before.flags.has(Flags::ACK));
        let is_syn = self.segment.initials.other.is_some_and(|isn| tcp.ack == isn.number.wrapping_add(1));
        let is_fin =
            || self.earlier_from(false).any(|(one, fin)| fin.flags.has(Flags::FIN) && end_of(&one, fin) == tcp.ack);
        let facts: &[(&str, &dyn std::fmt::Display)] = &[("ack", &ack)];
        let Some((_, before)) = before else {
            return if is_syn {
                self.words.say(|t| &t.acks_syn, facts)
            } else {
                self.words.say(|t| &t.acks_first, facts)
            };
        };
        let n = tcp.ack.wrapping_sub(before.ack);
        let is_pure = self.segment.segment.is_empty() && !tcp.flags.has(Flags::FIN);
        match n {
            0 if !is_pure => String::new(),
            0 if before.window == tcp.window && self.answers_numbers() => self.words.say(|t| &t.duplicate, facts),
            0 => self.words.say(|t| &t.acks_same, facts),
            _ if is_fin() => self.words.say(|t| &t.acks_fin, facts),
            n => self.words.say(|t| &t.acks, &[("ack", &ack), ("n", &n)]),
        }
    }

    /// Whether what reached its sender last had data, a SYN or a FIN.
    fn answers_numbers(&self) -> bool {
        let arrived = self.earlier_from(false).filter(|(one, _)| one.fate == crate::model::Fate::Delivered);
        let arrived = arrived.filter(|(one, _)| one.changed < self.sent()).max_by_key(|(one, _)| one.changed);
        arrived.is_some_and(|(one, tcp)| end_of(&one, tcp) != tcp.seq)
    }

    fn window(&self, tcp: &Segment) -> String {
        if tcp.window == 0 {
            return self.words.say(|t| &t.window_zero, &[]);
        }
        let was_zero = self.earlier_from(true).next().is_some_and(|(_, before)| before.window == 0);
        let bytes = self.segment.initials.window(tcp).bytes().filter(|_| was_zero);
        bytes.map_or(String::new(), |window| self.words.say(|t| &t.window_open, &[("window", &window)]))
    }

    fn probe(&self) -> String {
        let packet = self.segment.segment;
        let own = end_at(&self.view.trace().at(self.sent()), packet.from, packet.to);
        match own.and_then(|socket| socket.facts.timer).map(|timer| timer.kind) {
            Some(TimerKind::Probe) => self.words.say(|t| &t.probe, &[]),
            Some(TimerKind::Keepalive) => self.words.say(|t| &t.keepalive, &[]),
            _ => self.words.say(|t| &t.before_next, &[]),
        }
    }

    /// What a flag means, where this is the first segment of all that has it.
    pub(super) fn first_sights(&self) -> String {
        let Some(tcp) = self.segment.segment.tcp().filter(|_| self.segment.id.0 < FIRST) else { return String::new() };
        const PSH: Flags = Flags::from_bits(0x08);
        let is_first = |flag: Flags| {
            let earlier = (0..self.segment.id.0).filter_map(|id| self.view.segment(crate::model::SegmentId(id)));
            let mut with = earlier.filter_map(|one| one.segment.tcp().map(|tcp| tcp.flags.has(flag)));
            tcp.flags.has(flag) && !with.any(|has| has)
        };
        let next = self.own(tcp.seq.wrapping_add(1));
        let told = [
            is_first(Flags::SYN).then(|| self.words.say(|t| &t.first_syn, &[("next", &next)])),
            is_first(Flags::FIN).then(|| self.words.say(|t| &t.first_fin, &[])),
            is_first(PSH).then(|| self.words.say(|t| &t.first_psh, &[])),
        ];
        sentences(told.into_iter().flatten())
    }
}
