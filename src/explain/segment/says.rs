//! What a segment says, beside what its sender had said before.

use super::super::wire::{end_at, is_claim};
use super::{EARLIER, SegmentContext, SegmentKind, end_of, later, sentences};
use crate::i18n::excerpt;
use crate::model::edit::{Change, EditField, field};
use crate::model::{Fate, SegmentView, TimerKind};
use crate::tcp::{Flags, IcmpError, Segment, Transport, number};

/// So much of the data is shown, in bytes.
const SHOWN: usize = 24;
/// Only among so many first segments one is looked for that is the first of its kind.
const FIRST: u32 = 300;

impl SegmentContext<'_> {
    pub(super) fn says(&self) -> String {
        let is_claim = self.is_claim() && self.kind() != SegmentKind::Datagram;
        let claimed = is_claim.then(|| self.words.say(|t| &t.claimed, &[]));
        let told = self.told();
        let told = if told.is_empty() { self.words.say(|t| &t.says_nothing, &[]) } else { told };
        sentences(claimed.into_iter().chain([told]))
    }

    /// Whether a person wrote what it says.
    fn is_claim(&self) -> bool {
        is_claim(self.view, &self.segment)
    }

    fn told(&self) -> String {
        let packet = self.segment.segment;
        let n = packet.len();
        let Some(tcp) = packet.tcp() else {
            return match packet.transport {
                Transport::Icmp(says) => self.icmp(says),
                _ if n == 1 => self.words.say(|t| &t.datagram_one, &[]),
                _ => self.words.say(|t| &t.datagram, &[("n", &n)]),
            };
        };
        let seq = self.own(tcp.seq);
        let ack = number(tcp.ack, self.segment.initials.other, self.numbers);
        match self.kind() {
            SegmentKind::Syn => self.words.say(|t| &t.syn, &[("seq", &seq)]),
            SegmentKind::SynAck if self.misses_syn(tcp) => {
                let wanted = self.segment.initials.other.map(|isn| isn.number.wrapping_add(1)).unwrap_or_default();
                let wanted = number(wanted, self.segment.initials.other, self.numbers);
                let facts: &[(&str, &dyn std::fmt::Display)] = &[("seq", &seq), ("ack", &ack), ("wanted", &wanted)];
                self.words.say(|t| &t.syn_ack_wrong, facts)
            }
            SegmentKind::SynAck => self.words.say(|t| &t.syn_ack, &[("seq", &seq), ("ack", &ack)]),
            // It has no number of its own (RFC 9293, section 3.10.7.1).
            SegmentKind::Rst if tcp.seq == 0 && tcp.flags.has(Flags::ACK) => self.words.say(|t| &t.rst_answer, &[]),
            SegmentKind::Rst => self.words.say(|t| &t.rst, &[]),
            SegmentKind::Probe => {
                let beyond = self.beyond(tcp).map(|_| self.acknowledges(tcp, &ack)).unwrap_or_default();
                sentences([self.probe(), beyond, self.window(tcp)].into_iter().filter(|text| !text.is_empty()))
            }
            _ => {
                let fin = tcp.flags.has(Flags::FIN).then(|| {
                    let last = self.own(end_of(self.segment.segment, tcp).wrapping_sub(1));
                    self.words.say(|t| &t.fin, &[("last", &last)])
                });
                let urgent = self.urgent(tcp);
                let told = [self.data(tcp), fin, urgent, Some(self.acknowledges(tcp, &ack)), Some(self.window(tcp))];
                sentences(told.into_iter().flatten().filter(|text| !text.is_empty()))
            }
        }
    }

    fn icmp(&self, error: IcmpError) -> String {
        let to = self.segment.segment.from;
        let says = match error {
            IcmpError::PortUnreachable => self.words.say(|t| &t.unreachable, &[("port", &to.port())]),
            IcmpError::FragmentationNeeded(mtu) if to.is_ipv6() => {
                return self.words.say(|t| &t.too_big_v6, &[("mtu", &mtu)]);
            }
            IcmpError::FragmentationNeeded(0) => return self.words.say(|t| &t.too_big_untold, &[]),
            IcmpError::FragmentationNeeded(mtu) => return self.words.say(|t| &t.too_big, &[("mtu", &mtu)]),
            IcmpError::NetUnreachable => self.words.say(|t| &t.net_unreachable, &[("to", &to.ip())]),
            IcmpError::HostUnreachable => self.words.say(|t| &t.host_unreachable, &[("to", &to.ip())]),
            IcmpError::ProtocolUnreachable => self.words.say(|t| &t.protocol_unreachable, &[("to", &to.ip())]),
            IcmpError::AdminProhibited => self.words.say(|t| &t.prohibited, &[("to", &to)]),
            IcmpError::TimeExceeded => self.words.say(|t| &t.time_exceeded, &[("to", &to.ip())]),
        };
        // One that quotes what is not on its way is passed over as a whole.
        let is_kept = self.segment.segment.quotes_tcp() && !self.counted("OutOfWindowIcmps");
        let soft = is_kept.then(|| self.words.say(|t| &t.icmp_soft, &[]));
        // The others are no reason for UDP to tell anybody.
        let is_hard =
            matches!(error, IcmpError::PortUnreachable | IcmpError::ProtocolUnreachable | IcmpError::AdminProhibited);
        let is_told = is_hard && !self.segment.segment.quotes_tcp();
        let told = is_told.then(|| self.words.say(|t| &t.icmp_datagram, &[]));
        sentences([Some(says), soft, told].into_iter().flatten())
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

    /// Which byte is urgent: the pointer leads behind it, or with `tcp_stdurg` to it (`tcp(7)`).
    fn urgent(&self, tcp: &Segment) -> Option<String> {
        const URG: Flags = Flags::from_bits(0x20);
        let (packet, initials) = (self.segment.segment, &self.segment.initials);
        let Some(Change::Urgent(pointer)) = field(packet, initials, EditField::Urgent) else { return None };
        let leads_to_it = self.view.is_switched_on("net.ipv4.tcp_stdurg");
        let behind = if leads_to_it { pointer } else { pointer.saturating_sub(1) };
        let last = self.own(tcp.seq.wrapping_add(behind.into()));
        tcp.flags.has(URG).then(|| self.words.say(|t| &t.urgent, &[("pointer", &pointer), ("last", &last)]))
    }

    /// What is acknowledged that wasn't before; where the segment says something else and nothing new here, nothing.
    fn acknowledges(&self, tcp: &Segment, ack: &str) -> String {
        if !tcp.flags.has(Flags::ACK) {
            return String::new();
        }
        if let Some(n) = self.beyond(tcp) {
            return self.words.say(|t| &t.acks_beyond, &[("ack", &ack), ("n", &n)]);
        }
        if let Some(n) = self.beyond_by_hand(tcp) {
            return self.words.say(|t| &t.acks_by_hand, &[("ack", &ack), ("n", &n)]);
        }
        let facts: &[(&str, &dyn std::fmt::Display)] = &[("ack", &ack)];
        let first = self.segment.initials.other.map(|isn| isn.number.wrapping_add(1));
        let before = self.earlier_but_resets(true).find(|(_, before)| before.flags.has(Flags::ACK));
        let Some((_, before)) = before else {
            return match first.map(|first| since(first, tcp.ack)) {
                Some(0) => self.words.say(|t| &t.acks_syn, facts),
                Some(n) if n < 0 => self.words.say(|t| &t.acks_none, facts),
                _ => self.words.say(|t| &t.acks_first, facts),
            };
        };
        let is_fin = || {
            self.earlier_from(false).any(|(one, fin)| fin.flags.has(Flags::FIN) && end_of(one.segment, fin) == tcp.ack)
        };
        let is_pure = self.segment.segment.is_empty() && !tcp.flags.has(Flags::FIN);
        match since(before.ack, tcp.ack) {
            0 if !is_pure => String::new(),
            0 if before.window == tcp.window && self.segment.by_hand.is_some() => {
                self.words.say(|t| &t.duplicate_by_hand, facts)
            }
            0 if before.window == tcp.window && self.answers_numbers() => self.words.say(|t| &t.duplicate, facts),
            0 => self.words.say(|t| &t.acks_same, facts),
            n if n < 0 => self.words.say(|t| &t.acks_less, &[("ack", &ack), ("n", &n.unsigned_abs())]),
            _ if is_fin() => self.words.say(|t| &t.acks_fin, facts),
            1 => self.words.say(|t| &t.acks_one, facts),
            n => self.words.say(|t| &t.acks, &[("ack", &ack), ("n", &n)]),
        }
    }

    /// By how much what a person wrote acknowledges beyond all that its receiver has sent; `None` where it doesn't, and where not all
    /// segments were kept.
    fn beyond(&self, tcp: &Segment) -> Option<i32> {
        let told = self.is_claim() && self.view.unkept().segments == 0;
        let next = told.then(|| self.next_of(false)).flatten()?;
        Some(since(next, tcp.ack)).filter(|n| *n > 0)
    }

    /// By how much a kernel's acknowledgement lies beyond all that its receiver's kernel had sent until it came, where what it acknowledges
    /// had arrived from a person in the receiver's name; `None` where that isn't so, and where not all segments were kept.
    fn beyond_by_hand(&self, tcp: &Segment) -> Option<i32> {
        let (packet, initials) = (self.segment.segment, self.segment.initials);
        if self.is_claim() || self.view.unkept().segments > 0 {
            return None;
        }
        let numbers = self.view.segments_of(self.connection());
        let recent = numbers.iter().rev().take(EARLIER).filter_map(|id| self.view.segment(*id));
        let until = self.segment.changed;
        let theirs =
            recent.filter(|one| one.segment.from == packet.to && one.sent < until && one.initials.is_with(&initials));
        let (written, own): (Vec<_>, Vec<_>) = theirs.partition(|one| one.by_hand.is_some());
        let end = |one: &SegmentView<'_>| {
            let counted = one.segment.tcp().filter(|tcp| !tcp.flags.has(Flags::RST));
            counted.map(|tcp| end_of(one.segment, tcp))
        };
        let n = own.iter().filter_map(end).reduce(later).map(|next| since(next, tcp.ack)).filter(|n| *n > 0)?;
        let arrived = written.iter().filter(|one| one.fate == Fate::Delivered).filter_map(end);
        arrived.map(|end| since(tcp.ack, end)).any(|behind| behind >= 0).then_some(n)
    }

    /// Whether a SYN,ACK that a person wrote acknowledges something else than the other SYN, and what may have come with it.
    fn misses_syn(&self, tcp: &Segment) -> bool {
        let isn = self.segment.initials.other.filter(|_| self.is_claim());
        isn.is_some_and(|isn| since(isn.number, tcp.ack) <= 0) || isn.is_some() && self.beyond(tcp).is_some()
    }

    /// Whether what reached its sender last had data, a SYN or a FIN.
    fn answers_numbers(&self) -> bool {
        let arrived = self.earlier_from(false).filter(|(one, _)| one.fate == Fate::Delivered);
        let arrived = arrived.filter(|(one, _)| one.changed < self.segment.sent).max_by_key(|(one, _)| one.changed);
        arrived.is_some_and(|(one, tcp)| end_of(one.segment, tcp) != tcp.seq)
    }

    fn window(&self, tcp: &Segment) -> String {
        if tcp.window == 0 {
            return self.words.say(|t| &t.window_zero, &[]);
        }
        let was_zero = self.earlier_but_resets(true).next().is_some_and(|(_, before)| before.window == 0);
        let bytes = self.segment.initials.window(tcp).bytes().filter(|_| was_zero);
        bytes.map_or(String::new(), |window| self.words.say(|t| &t.window_open, &[("window", &window)]))
    }

    /// Which timer its sender's end had as it was sent, where the kernel had told of one.
    pub(super) fn probe_timer(&self) -> Option<TimerKind> {
        let packet = self.segment.segment;
        let own = end_at(&self.view.trace().at(self.segment.sent), packet.from, packet.to);
        own.and_then(|socket| socket.facts.timer).map(|timer| timer.kind)
    }

    fn probe(&self) -> String {
        match self.probe_timer() {
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
            // How it shows is said of one that a kernel sends: a person's may have no ACK.
            is_first(Flags::from_bits(Flags::FIN.bits() | Flags::ACK.bits()))
                .then(|| self.words.say(|t| &t.first_fin, &[])),
            is_first(PSH).then(|| self.words.say(|t| &t.first_psh, &[])),
        ];
        sentences(told.into_iter().flatten())
    }
}

/// How far a number lies behind another one on the circle; negative where it lies before (RFC 9293, section 3.4).
fn since(one: u32, other: u32) -> i32 {
    other.wrapping_sub(one) as i32
}
