//! What is missed where a segment was dropped, and which timer sends it, or asks, again.

use std::net::SocketAddr;

use super::super::timers::NextFiring;
use super::super::wire::{self, end_at};
use super::{EARLIER, SegmentContext, SegmentKind, TimerFacts, end_of, sentences};
use crate::model::rule::RuleKind;
use crate::model::{Connection, Fate, HandMade, SegmentView, Timer, TimerKind};
use crate::tcp::{Flags, Segment};

/// What is lost with a segment, as far as it matters to the ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    /// What its receiver had acknowledged already.
    Known,
    /// The same, but for its acknowledgement, of which none so new has come there.
    KnownButAck,
    /// One copy of it, of which another one stands so.
    Copy(Fate),
    /// The word that a window of 0 is open again.
    Window,
    /// An ACK without anything new.
    Same,
    /// What its kind says.
    Kind,
}

impl<'a> SegmentContext<'a> {
    /// What is missed, and what the kernel says of the timer of whoever would send it, or what it answered, again.
    pub(super) fn loss(&self, timers: TimerFacts<'_>) -> String {
        let packet = self.segment.segment;
        let who = self.who(packet.to, packet.from);
        let kind = self.kind();
        let lost = self.lost(kind);
        let (sender, receiver) = ((packet.from, packet.to), (packet.to, packet.from));
        let timer = match kind {
            // What brings another one is the SYN, sent again.
            SegmentKind::SynAck if self.is_cookie(packet.from) => Some(sentences(
                [Some(self.timer(sender, timers)), self.running(receiver, timers)].into_iter().flatten(),
            )),
            SegmentKind::Syn | SegmentKind::SynAck | SegmentKind::Fin | SegmentKind::Data => {
                Some(self.timer(sender, timers))
            }
            SegmentKind::Ack if matches!(lost, Loss::Same | Loss::Window) => self.running(receiver, timers),
            SegmentKind::Ack => Some(self.timer(receiver, timers)),
            SegmentKind::Probe => self.running(sender, timers),
            _ => None,
        };
        let dropped = match self.segment.by_rule.filter(|rule| rule.kind() == RuleKind::Lose) {
            Some(rule) => self.words.say(|t| &t.lost_by_rule, &[("who", &who), ("rule", &rule.words())]),
            None => self.words.say(|t| &t.dropped, &[("who", &who)]),
        };
        sentences([Some(dropped), Some(self.missed(kind, lost)), timer].into_iter().flatten())
    }

    fn lost(&self, kind: SegmentKind) -> Loss {
        let numbered = matches!(kind, SegmentKind::Syn | SegmentKind::SynAck | SegmentKind::Fin | SegmentKind::Data);
        if numbered && self.was_acknowledged() {
            return if self.brings_new_ack() { Loss::KnownButAck } else { Loss::Known };
        }
        match (self.other_copy(), self.segment.segment.tcp()) {
            (Some(fate), _) => Loss::Copy(fate),
            (None, Some(tcp)) if kind == SegmentKind::Ack => self.lost_ack(tcp),
            _ => Loss::Kind,
        }
    }

    fn lost_ack(&self, tcp: &Segment) -> Loss {
        let before = self.earlier_but_resets(true).find(|(_, before)| before.flags.has(Flags::ACK));
        match before {
            Some((_, before)) if before.window == 0 && tcp.window != 0 => Loss::Window,
            Some((_, before)) if before.ack == tcp.ack => Loss::Same,
            _ => Loss::Kind,
        }
    }

    fn missed(&self, kind: SegmentKind, lost: Loss) -> String {
        let n = self.segment.segment.len();
        match (lost, kind) {
            (Loss::Known, _) => self.words.say(|t| &t.lost_again, &[]),
            (Loss::KnownButAck, _) => self.words.say(|t| &t.lost_again_but_ack, &[]),
            (Loss::Copy(Fate::Held), _) => self.words.say(|t| &t.lost_copy_waits, &[]),
            (Loss::Copy(_), _) => self.words.say(|t| &t.lost_copy_went, &[]),
            (Loss::Window, _) => self.words.say(|t| &t.lost_window, &[]),
            (Loss::Same, _) => self.words.say(|t| &t.lost_ack_same, &[]),
            (Loss::Kind, SegmentKind::Syn) => self.words.say(|t| &t.lost_syn, &[]),
            (Loss::Kind, SegmentKind::SynAck) => self.words.say(|t| &t.lost_syn_ack, &[]),
            (Loss::Kind, SegmentKind::Fin) => self.words.say(|t| &t.lost_fin, &[]),
            (Loss::Kind, SegmentKind::Data) if n == 1 => self.words.say(|t| &t.lost_data_one, &[]),
            (Loss::Kind, SegmentKind::Data) => self.words.say(|t| &t.lost_data, &[("n", &n)]),
            (Loss::Kind, SegmentKind::Rst) => self.words.say(|t| &t.lost_rst, &[]),
            (Loss::Kind, SegmentKind::Probe) => self.words.say(|t| &t.lost_probe, &[]),
            (Loss::Kind, SegmentKind::Ack) => self.words.say(|t| &t.lost_ack, &[]),
            (Loss::Kind, SegmentKind::Datagram) => self.words.say(|t| &t.lost_datagram, &[]),
            (Loss::Kind, SegmentKind::Unreachable) => self.words.say(|t| &t.lost_icmp, &[]),
        }
    }

    /// Whether its receiver had acknowledged all that is in it when it was lost.
    fn was_acknowledged(&self) -> bool {
        let packet = self.segment.segment;
        let Some(end) = packet.tcp().map(|tcp| end_of(packet, tcp)) else { return false };
        let then = self.view.trace().at(self.segment.changed);
        let numbers = then.segments_of(self.connection());
        let answers = numbers.iter().rev().take(EARLIER).filter_map(|id| then.segment(*id));
        let answers = answers.filter(|one| one.segment.from == packet.to && one.by_hand.is_none());
        let mut answers = answers.filter(|one| one.initials.is_with(&self.segment.initials));
        answers.any(|one| {
            let ack = one.segment.tcp().filter(|tcp| tcp.flags.has(Flags::ACK)).map(|tcp| tcp.ack);
            ack.is_some_and(|ack| ack.wrapping_sub(end) < 1 << 31)
        })
    }

    /// Whether its receiver had got no acknowledgement that reaches as far when it was lost: in a simultaneous open a SYN,ACK whose SYN is
    /// known still acknowledges the other one.
    fn brings_new_ack(&self) -> bool {
        let packet = self.segment.segment;
        let Some(ack) = packet.tcp().filter(|tcp| tcp.flags.has(Flags::ACK)).map(|tcp| tcp.ack) else { return false };
        let then = self.view.trace().at(self.segment.changed);
        let numbers = then.segments_of(self.connection());
        let came = numbers.iter().rev().take(EARLIER).filter_map(|id| then.segment(*id));
        let came =
            came.filter(|one| matches!(one.fate, Fate::Delivered | Fate::Passing) && one.segment.from == packet.from);
        let mut came = came.filter(|one| one.initials.is_with(&self.segment.initials));
        !came.any(|one| {
            let came = one.segment.tcp().filter(|tcp| tcp.flags.has(Flags::ACK)).map(|tcp| tcp.ack);
            came.is_some_and(|came| came.wrapping_sub(ack) < 1 << 31)
        })
    }

    /// How another copy stands that a rule or a person made of the same segment, or this one of it: one that waits or went on.
    fn other_copy(&self) -> Option<Fate> {
        let original = |one: SegmentView<'a>| {
            let of = |one: &SegmentView<'a>| match one.by_hand {
                Some(HandMade::Repeated(of)) => self.view.segment(of),
                _ => None,
            };
            std::iter::successors(Some(one), of).last().map(|one| one.id)
        };
        let own = original(self.segment);
        let numbers = self.view.segments_of(self.connection());
        let recent = numbers.iter().rev().take(EARLIER).copied().chain(own).filter(|id| *id != self.segment.id);
        let copies = recent.filter_map(|id| self.view.segment(id)).filter(|one| original(*one) == own);
        let fates: Vec<Fate> = copies.map(|one| one.fate).collect();
        [Fate::Delivered, Fate::Held].into_iter().find(|fate| fates.contains(fate))
    }

    /// What is said of the timer of an end whose retransmission matters, and where it has none.
    fn timer(&self, end: (SocketAddr, SocketAddr), timers: TimerFacts<'_>) -> String {
        self.running(end, timers).unwrap_or_else(|| {
            let who = self.who(end.0, end.1);
            if end_at(self.view, end.0, end.1).is_some() {
                return self.words.say(|t| &t.timer_none, &[("who", &who)]);
            }
            let mut ends = self.view.sockets_of(Connection::new(end.0, end.1));
            if ends.any(|socket| self.view.last_ends(socket.facts.cookie) == Some(end)) {
                return self.words.say(|t| &t.timer_gone, &[("who", &who)]);
            }
            if self.is_cookie(end.0) {
                return self.words.say(|t| &t.timer_cookie, &[("who", &who)]);
            }
            self.words.say(|t| &t.timer_unknown, &[("who", &who)])
        })
    }

    /// Whether the SYN,ACK of an end was a SYN cookie: the kernel counted so as its SYN arrived, or the setting says that all are. Then it
    /// keeps nothing until an ACK brings the cookie back (`cookie_v4_check()`).
    fn is_cookie(&self, local: SocketAddr) -> bool {
        let opens = |one: &SegmentView<'_>| {
            one.segment.to == local && one.fate == Fate::Delivered && one.segment.tcp().is_some_and(wire::opens)
        };
        let mut own = self.sent_by_then().filter(|one| one.initials.is_with(&self.segment.initials));
        let Some(syn) = own.find(opens) else { return false };
        match syn.reasons {
            Some(all) => all.iter().any(|one| one.name == "SyncookiesSent"),
            None => self.view.number_now("tcp_syncookies") == Some(2),
        }
    }

    /// The timer of an end that sends again, or asks again; `None` where none of these runs.
    fn running(&self, (local, remote): (SocketAddr, SocketAddr), timers: TimerFacts<'_>) -> Option<String> {
        let who = self.who(local, remote);
        let end = end_at(self.view, local, remote)?;
        let Timer { kind, fires_at, fired } = end.facts.timer?;
        let left = fires_at.saturating_sub(timers.now);
        let seconds = format!("{:.1}", left.as_secs_f64());
        let facts: &[(&str, &dyn std::fmt::Display)] =
            &[("who", &who), ("s", &seconds), ("n", &fired), ("sent", &(u32::from(fired) + 1))];
        let next = NextFiring::of(self.view, &end, timers.setting);
        match kind {
            TimerKind::Retransmit if left.is_zero() => Some(self.words.say(|t| &t.timer_due, &[("who", &who)])),
            TimerKind::Retransmit => Some(match next {
                Some(NextFiring::End) => self.words.say(|t| &t.timer_runs_end, facts),
                Some(NextFiring::Probe) | None if fired == 0 => self.words.say(|t| &t.timer_runs, facts),
                Some(NextFiring::Probe) => self.words.say(|t| &t.timer_runs_more, facts),
                _ => self.words.say(|t| &t.timer_runs_again, facts),
            }),
            TimerKind::Probe if next == Some(NextFiring::End) => Some(self.words.say(|t| &t.timer_probes_end, facts)),
            TimerKind::Probe if next == Some(NextFiring::Either) => {
                Some(self.words.say(|t| &t.timer_probes_or_end, facts))
            }
            TimerKind::Probe => Some(self.words.say(|t| &t.timer_probes, facts)),
            // Before the first probe it asks whether the other end is there, and nothing has been lost of that.
            TimerKind::Keepalive if fired > 0 => Some(match next {
                Some(NextFiring::Probe) => self.words.say(|t| &t.timer_keepalive_probe, facts),
                Some(NextFiring::End) => self.words.say(|t| &t.timer_keepalive_end, facts),
                _ => self.words.say(|t| &t.timer_keepalive, facts),
            }),
            TimerKind::Keepalive | TimerKind::TimeWait | TimerKind::FinWait2 => None,
        }
    }
}
