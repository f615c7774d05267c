//! What is said of a segment that was delivered or dropped: who sent it and what made it, what it says, what its receiver
//! made of it, or what its sender will do without an answer. Facts of the trace around that moment, and nothing else: what
//! wasn't observed is said to be so.

mod became;
mod called;
mod ignored;
mod known;
mod loss;
mod measured;
mod own_timer;
mod says;
mod sender;
#[cfg(test)]
mod tests;
mod texts;

use std::net::SocketAddr;
use std::time::Duration;

use super::table::Broken;
use crate::i18n::{Lang, in_sentence, join};
use crate::model::{Actor, Connection, Fate, HandMade, SegmentId, SegmentView, SocketView, View};
use crate::tcp::{Flags, Numbers, Packet, Segment, line};
use texts::SegmentSentences;

/// So many earlier segments of a connection are looked at for what a segment says that they didn't.
const EARLIER: usize = 400;

/// What is said of one segment, in sentences.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SegmentExplanation {
    /// Who sent it, and what made it.
    pub sender: String,
    /// What it says.
    pub says: String,
    /// What is explained at the first sight of a flag; empty where there is nothing new.
    pub first: String,
    /// What became of it.
    pub became: String,
}

/// By what it is told when a timer runs out, and what it does then.
#[derive(Clone, Copy)]
pub struct TimerFacts<'a> {
    /// The time to which it is counted.
    pub now: Duration,
    /// The numbers of the kernel's settings below `net.ipv4`, as far as they are known: a lesson's own stand in no entry.
    pub setting: &'a dyn Fn(&str) -> Option<i64>,
}

/// What is said of a segment that has arrived, or was dropped, by the view's moment; `None` where neither is so.
///
/// # Errors
/// [`Broken`] where the texts that were built in can't be read.
pub fn story(
    view: &View<'_>,
    id: SegmentId,
    timers: TimerFacts<'_>,
    (lang, numbers): (Lang, Numbers),
) -> Result<Option<SegmentExplanation>, Broken> {
    let words = SegmentSentences::load(lang)?;
    let Some(segment) = view.segment(id).filter(|one| matches!(one.fate, Fate::Delivered | Fate::Dropped)) else {
        return Ok(None);
    };
    let about = SegmentContext { view, segment, numbers, words };
    let became = if segment.fate == Fate::Delivered { about.arrival() } else { about.loss(timers) };
    Ok(Some(SegmentExplanation { sender: about.sender(), says: about.says(), first: about.first_sights(), became }))
}

/// What is said where a call came to what it did by a segment that a person sent, or a rule of the wire doubled.
///
/// # Errors
/// [`Broken`] where the texts that were built in don't fit the program.
pub(super) fn came_by_hand(segment: &SegmentView<'_>, lang: Lang) -> Result<String, Broken> {
    let text = line(segment.segment, &segment.initials, Numbers::Symbolic);
    let words = SegmentSentences::load(lang)?;
    Ok(match segment.by_rule {
        Some(rule) => words.say(|t| &t.came_by_rule, &[("line", &text), ("rule", &rule.words())]),
        None => words.say(|t| &t.came_by_hand, &[("line", &text)]),
    })
}

/// A segment, and from where it is looked at.
struct SegmentContext<'a> {
    view: &'a View<'a>,
    segment: SegmentView<'a>,
    numbers: Numbers,
    words: SegmentSentences,
}

/// What kind of segment it is, by what matters most in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SegmentKind {
    Rst,
    Syn,
    SynAck,
    Fin,
    Data,
    /// Nothing, one number before what is next: a keepalive or a window probe.
    Probe,
    Ack,
    Datagram,
    Unreachable,
}

impl<'a> SegmentContext<'a> {
    fn kind(&self) -> SegmentKind {
        use crate::tcp::Protocol;
        let packet = self.segment.segment;
        let Some(tcp) = packet.tcp() else {
            return if packet.protocol() == Protocol::Udp { SegmentKind::Datagram } else { SegmentKind::Unreachable };
        };
        match tcp.flags {
            flags if flags.has(Flags::RST) => SegmentKind::Rst,
            flags if flags.has(Flags::SYN) && flags.has(Flags::ACK) => SegmentKind::SynAck,
            flags if flags.has(Flags::SYN) => SegmentKind::Syn,
            flags if flags.has(Flags::FIN) => SegmentKind::Fin,
            _ if !packet.is_empty() => SegmentKind::Data,
            // Without ACK nothing answers it.
            flags if flags.has(Flags::ACK) && self.is_before_next(tcp) => SegmentKind::Probe,
            _ => SegmentKind::Ack,
        }
    }

    /// Whether its number is the one before the next of its sender's, as it left that; a copy is what its original was.
    fn is_before_next(&self, tcp: &Segment) -> bool {
        let of = |made: Option<HandMade>| match made {
            Some(HandMade::Repeated(of)) => self.view.segment(of),
            _ => None,
        };
        let left = std::iter::successors(Some(self.segment), |one| of(one.by_hand)).last().map(|one| one.id);
        let before = self.earlier_but_resets(true).filter(|(one, _)| Some(one.id) < left);
        before.map(|(one, tcp)| end_of(one.segment, tcp)).reduce(later) == Some(tcp.seq.wrapping_add(1))
    }

    /// The segment in one line.
    fn line(&self, segment: &SegmentView<'_>) -> String {
        line(segment.segment, &segment.initials, self.numbers)
    }

    fn connection(&self) -> Connection {
        Connection::of(self.segment.segment)
    }

    /// The earlier segments of its connection, the newest first; without those of an earlier incarnation.
    fn earlier(&self) -> impl Iterator<Item = SegmentView<'a>> + use<'a> {
        let (view, id, initials) = (*self.view, self.segment.id, self.segment.initials);
        let numbers = view.segments_of(self.connection());
        // What a person made is no word of either end.
        let before = numbers.partition_point(|other| *other < id);
        let recent = numbers[..before].iter().rev().take(EARLIER);
        let late = self.late_originals();
        recent.filter_map(move |id| view.segment(*id)).filter(move |other| {
            other.by_hand.is_none() && other.initials.is_with(&initials) && !late.contains(&other.id)
        })
    }

    /// What a copy was made of, as far as neither it nor another copy with its ack had arrived by then: what the copy says its receiver has
    /// not heard before.
    fn late_originals(&self) -> Vec<SegmentId> {
        let then = self.view.trace().at(self.segment.sent);
        let of = |made: Option<HandMade>| made.and_then(HandMade::of).and_then(|of| then.segment(of));
        let has_gone = |one: &SegmentView<'_>| matches!(one.fate, Fate::Delivered | Fate::Passing);
        let has_come = |original: &SegmentView<'_>| {
            let numbers = then.segments_of(self.connection());
            let recent = numbers.iter().rev().take(EARLIER).filter_map(|id| then.segment(*id));
            let acks = |one: &SegmentView<'_>| one.segment.tcp().map(|tcp| tcp.ack);
            let mut copies = recent
                .filter(|one| one.by_hand.and_then(HandMade::of) == Some(original.id) && acks(one) == acks(original));
            has_gone(original) || copies.any(|copy| copy.id != self.segment.id && has_gone(&copy))
        };
        let originals = std::iter::successors(of(self.segment.by_hand), |original| of(original.by_hand));
        originals.take_while(|original| !has_come(original)).map(|original| original.id).collect()
    }

    /// The earlier TCP segments that its sender sent (`true`), or its receiver.
    fn earlier_from(&self, sender: bool) -> impl Iterator<Item = (SegmentView<'a>, &'a Segment)> + use<'a> {
        let packet = self.segment.segment;
        let from = if sender { packet.from } else { packet.to };
        self.earlier().filter(move |one| one.segment.from == from).filter_map(|one| Some((one, one.segment.tcp()?)))
    }

    /// The earlier ones of its sender (`true`), or its receiver, that offer a window and count from their end's own numbers: a RST may be
    /// an answer, and counts from what it answers.
    fn earlier_but_resets(&self, sender: bool) -> impl Iterator<Item = (SegmentView<'a>, &'a Segment)> + use<'a> {
        self.earlier_from(sender).filter(|(_, tcp)| !tcp.flags.has(Flags::RST))
    }

    /// The number behind the last one that its sender (`true`), or its receiver, has used before.
    fn next_of(&self, sender: bool) -> Option<u32> {
        self.earlier_but_resets(sender).map(|(one, tcp)| end_of(one.segment, tcp)).reduce(later)
    }

    /// Whose an address is; `None` where it is nobody's that the trace knows. One that nobody has yet is the other side's, to which a
    /// socket sent something of its own accord: not one that a person wrote into a segment.
    fn actor(&self, address: SocketAddr, other: SocketAddr) -> Option<Actor> {
        let trace = self.view.trace();
        let first = self.view.segments_of(Connection::new(address, other)).first();
        let first = first.and_then(|id| self.view.segment(*id)).filter(|one| one.by_hand.is_some());
        let is_written = first.is_some_and(|one| one.segment.from == address);
        let of_other_side = || trace.side_of(other).filter(|_| !is_written).map(|side| side.other().into());
        trace.owner_of(address).or_else(of_other_side)
    }

    /// Whose socket an end is, also where a program plays its side's part and the door is its side's; `None` where it is nobody's that
    /// the trace knows.
    fn holder(&self, address: SocketAddr, other: SocketAddr) -> Option<Actor> {
        // A reset takes a socket's addresses away; of what passes by itself the kernel tells only later whose it was.
        let of = |view: View<'a>| {
            let ends = view.sockets_of(Connection::new(address, other));
            let here = |socket: &SocketView<'_>| {
                view.last_ends(socket.facts.cookie).is_some_and(|(local, _)| local == address)
            };
            ends.filter(here).last()
        };
        let socket = of(*self.view).or_else(|| of(self.view.trace().present()));
        let bound = || self.view.living().find(|socket| socket.facts.own_address() == Some(address));
        let actor = socket.or_else(bound).and_then(|socket| socket.facts.actor());
        actor.or_else(|| self.view.trace().owner_of(address))
    }

    /// Who has an address: the kernel of a side, else the address itself.
    fn who(&self, address: SocketAddr, other: SocketAddr) -> String {
        match self.actor(address, other) {
            Some(actor) => self.words.say(|t| &t.kernel_of, &[("side", &self.name(actor))]),
            None => address.to_string(),
        }
    }

    /// An actor by its name in a sentence, with the number that its pane has.
    fn name(&self, actor: Actor) -> String {
        in_sentence(self.view.known_as(actor), self.words.lang)
    }
}

/// The number behind a segment's last one: data, SYN and FIN each have numbers (RFC 9293, section 3.4).
fn end_of(packet: &Packet, tcp: &Segment) -> u32 {
    let flags = u32::from(tcp.flags.has(Flags::SYN)) + u32::from(tcp.flags.has(Flags::FIN));
    tcp.seq.wrapping_add(packet.len()).wrapping_add(flags)
}

/// The later of two numbers on the circle.
fn later(one: u32, other: u32) -> u32 {
    if other.wrapping_sub(one) < 1 << 31 { other } else { one }
}

/// Sentences, one behind the other.
fn sentences(all: impl IntoIterator<Item = String>) -> String {
    all.into_iter().reduce(|text, next| join(&text, &next)).unwrap_or_default()
}
