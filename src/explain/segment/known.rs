//! What isn't known of a segment that passed by itself: the kernel was asked later, and what ran then may have come back for something
//! else.

use super::super::meant::meaning;
use super::super::wire;
use super::{EARLIER, SegmentContext, SegmentKind};
use crate::model::{Call, CallView, Moment, SegmentView, SocketView, View};
use crate::tcp::{Flags, Protocol, Segment, State};

impl SegmentContext<'_> {
    /// Whether the receiver had sent something by then from where the segment came to, and the kernel was asked for no socket there since:
    /// of what passes by itself it is asked later, if at all. A RST, or a message of ICMP, comes of having none.
    pub(super) fn may_have_end(&self, before: &View<'_>) -> bool {
        if self.segment.reasons.is_some() {
            return false;
        }
        let packet = self.segment.segment;
        let speaks = |one: &SegmentView<'_>| {
            let answers_for_none = match one.segment.tcp() {
                Some(tcp) => tcp.flags.has(Flags::RST),
                None => one.segment.protocol() != Protocol::Udp,
            };
            one.segment.from == packet.to && one.by_hand.is_none() && !answers_for_none
        };
        let begins = |one: &SegmentView<'_>| one.segment.tcp().is_none_or(|tcp| tcp.flags.has(Flags::SYN));
        // What begins it stands among the first of its segments, or, where a later connection has the same ends, among the last.
        let numbers = before.segments_of(self.connection());
        let [last, first] = [numbers.len().saturating_sub(EARLIER), numbers.len().min(EARLIER)];
        let looked_at = numbers[last..].iter().rev().chain(numbers[..first].iter().rev());
        let mut sent = looked_at.filter_map(|id| before.segment(*id)).filter(speaks);
        let Some(first) = sent.find(begins) else { return false };
        let was_told = |socket: SocketView<'_>| {
            let here = socket.facts.own_address() == Some(packet.to)
                || before.last_ends(socket.facts.cookie).is_some_and(|(local, _)| local == packet.to);
            here && socket.changed > first.sent
        };
        !before.sockets().any(was_told)
    }

    /// Whether what the kernel said last of an end is older than what ends or opens a connection, so that it was in another state
    /// by then. Before a segment that waited the kernel was asked.
    pub(super) fn is_outdated(&self, end: &SocketView<'_>) -> bool {
        use State::{Closing, FinWait1, LastAck, SynRecv, SynSent};
        let packet = self.segment.segment;
        let is_in = |states: &[State]| states.iter().any(|state| end.state == *state);
        let turns = |tcp: &Segment| tcp.is_fin_or_rst() || tcp.flags.has(Flags::SYN);
        // What the kernel has told of already.
        let is_told = |tcp: &Segment| {
            tcp.flags.has(Flags::SYN) && is_in(&[SynSent, SynRecv])
                || tcp.flags.has(Flags::FIN) && is_in(&[FinWait1, Closing, LastAck])
        };
        let waits_for_ack = is_in(&[SynSent, SynRecv, FinWait1, Closing, LastAck]);
        let since = |moment| self.is_since(end, moment);
        self.segment.reasons.is_none()
            && self.sent_by_then().any(|one| {
                let (sent, came) = (one.segment.from == packet.to, wire::came(one.fate));
                let Some(tcp) = one.segment.tcp() else { return false };
                let others = one.id != self.segment.id && !sent && came;
                let turned = turns(tcp) && !is_told(tcp) && sent && since(one.sent);
                turned || (turns(tcp) || waits_for_ack) && others && since(one.changed)
            })
    }

    /// Whether data has come to an end (`came`), or left it, since the kernel said how much its queue has: then what it says next is not
    /// what this segment changed.
    pub(super) fn is_queue_outdated(&self, end: &SocketView<'_>, came: bool) -> bool {
        let packet = self.segment.segment;
        let since = |moment| self.is_since(end, moment);
        let counts = |one: &SegmentView<'_>| {
            let bears = !one.segment.is_empty() || one.segment.tcp().is_some_and(|tcp| tcp.flags.has(Flags::FIN));
            let is_to = one.segment.to == packet.to;
            let moved = if came { wire::came(one.fate) && since(one.changed) } else { since(one.sent) };
            bears && is_to == came && moved && one.id != self.segment.id
        };
        self.segment.reasons.is_none() && self.sent_by_then().any(|one| counts(&one))
    }

    /// The segments of its connection that had left their senders before it came, as they stood then, the newest first.
    pub(super) fn sent_by_then(&self) -> impl Iterator<Item = SegmentView<'_>> {
        let (packet, then) = (self.segment.segment, self.view.trace().at(self.segment.changed));
        wire::segments(&then, (packet.to, packet.from)).take(EARLIER)
    }

    /// Whether something happened after the kernel's word on an end, and before the segment came there.
    fn is_since(&self, end: &SocketView<'_>, moment: Moment) -> bool {
        (end.changed + 1..self.segment.changed).contains(&moment)
    }

    /// Whether it can have made a call come back that ran when it arrived: one that waits for such a segment, or one that was seen to sleep.
    pub(super) fn can_wake(&self, call: &CallView<'_>) -> bool {
        use SegmentKind::{Ack, Probe, SynAck};
        match meaning(call.call).as_ref() {
            Call::Connect { .. } | Call::Accept { .. } => true,
            Call::Recv { .. } | Call::RecvFrom { .. } => !matches!(self.kind(), Ack | Probe | SynAck),
            Call::Program(made) if made.polls() => true,
            walked => walked.name().waits_for_several() || call.slept,
        }
    }
}
