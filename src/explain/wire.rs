//! What the wire shows of a connection.

use std::net::SocketAddr;

use std::time::Duration;

use crate::model::{Connection, CounterMove, Event, Fate, HandMade, Moment, SegmentView, SocketView, View};
use crate::tcp::{Flags, Segment, State};

/// What comes later than this after a delivery isn't told as its consequence.
pub(super) const SOON: Duration = Duration::from_secs(1);

/// What the kernel counts of a segment that it doesn't take (`Documentation/networking/snmp_counter.rst`).
const REFUSALS: [&str; 17] = [
    "TCPChallengeACK",
    "TCPSYNChallenge",
    "TCPACKSkippedSynRecv",
    "TCPACKSkippedPAWS",
    "TCPACKSkippedSeq",
    "TCPACKSkippedFinWait2",
    "TCPACKSkippedTimeWait",
    "TCPACKSkippedChallenge",
    "PAWSActive",
    "PAWSEstab",
    "PAWSTimewait",
    "TSEcrRejected",
    "BeyondWindow",
    "OutOfWindowIcmps",
    "TcpInCsumErrors",
    "UdpInCsumErrors",
    "Udp6InCsumErrors",
];

/// An end's own address, and its peer's.
pub(super) type AddressPair = (SocketAddr, SocketAddr);

/// What has come to an end since its connection began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Arrived {
    /// A SYN without ACK.
    pub(super) syn: bool,
    pub(super) fin: bool,
    /// Anything of the peer's with an ACK.
    pub(super) ack: bool,
    /// The entry at which the newest RST came.
    pub(super) reset_at: Option<Moment>,
    /// Whether any of the connection's segments was seen.
    pub(super) seen: bool,
}

/// Of the newest connection between these ends; `passive` where the peer's SYN began it.
pub(super) fn arrived(view: &View<'_>, (local, remote): AddressPair, passive: bool) -> Arrived {
    let mut found = Arrived::default();
    let mut began = false;
    for segment in segments(view, (local, remote)) {
        let Some(tcp) = segment.segment.tcp() else { continue };
        let opens = opens(tcp) && segment.again.is_none();
        if began && !opens {
            break;
        }
        found.seen = true;
        let came = segment.segment.to == local && came(segment.fate) && !was_refused(view, &segment);
        found.syn |= came && opens;
        found.fin |= came && tcp.flags.has(Flags::FIN);
        found.ack |= came && tcp.flags.has(Flags::ACK);
        if came && tcp.flags.has(Flags::RST) {
            found.reset_at = found.reset_at.max(Some(segment.changed));
        }
        // What lies before is an earlier connection's, but for the other SYN where both open.
        began |= opens && (segment.segment.from == remote) == passive;
        if began && passive {
            break;
        }
    }
    found
}

/// Whether the newest SYN of this end was delivered, and its peer has sent nothing since.
pub(super) fn syn_is_unanswered(view: &View<'_>, (local, remote): AddressPair) -> bool {
    for segment in segments(view, (local, remote)) {
        let Some(tcp) = segment.segment.tcp() else { continue };
        if segment.segment.from == remote {
            return false;
        }
        if opens(tcp) && came(segment.fate) {
            return true;
        }
    }
    false
}

pub(super) fn opens(tcp: &Segment) -> bool {
    tcp.flags.has(Flags::SYN) && !tcp.flags.has(Flags::ACK)
}

pub(super) fn came(fate: Fate) -> bool {
    matches!(fate, Fate::Delivered | Fate::Passing)
}

/// Whether a segment wears what a person wrote: a changed copy, one of nobody's, or a copy of such a one.
pub(super) fn is_claim(view: &View<'_>, segment: &SegmentView<'_>) -> bool {
    match segment.by_hand {
        Some(HandMade::Edited(_) | HandMade::Forged) => true,
        // What it is a copy of came before it, so this ends.
        Some(HandMade::Repeated(of)) => view.segment(of).is_some_and(|of| is_claim(view, &of)),
        None => false,
    }
}

/// A connection's end at an address, among the sockets that the kernel had.
pub(super) fn end_at<'a>(view: &View<'a>, local: SocketAddr, remote: SocketAddr) -> Option<SocketView<'a>> {
    let ends = view.sockets_of(Connection::new(local, remote)).filter(|socket| !socket.gone);
    ends.filter(|socket| socket.facts.ends() == Some((local, remote))).last()
}

/// Whether the socket to which a segment came that no kernel had sent was seen not to take it: it stayed as it was, and the kernel
/// counted a refusal, or nothing of a RST, or answered with a RST that counts from the segment.
pub(super) fn was_refused(view: &View<'_>, segment: &SegmentView<'_>) -> bool {
    let packet = segment.segment;
    if segment.by_hand.is_none() || segment.fate != Fate::Delivered {
        return false;
    }
    let before = view.trace().at(segment.changed);
    let Some(end) = end_at(&before, packet.to, packet.from) else { return false };
    let mut answered = false;
    for event in aftermath(view, segment) {
        match event {
            Event::Socket(facts)
                if facts.cookie == end.facts.cookie
                    && (facts.state != end.state || facts.recv_queue != end.facts.recv_queue) =>
            {
                return false;
            }
            Event::Gone { cookie, .. } if *cookie == end.facts.cookie => return false,
            Event::Sent { segment: sent, .. } if (sent.from, sent.to) == (packet.to, packet.from) => {
                answered |= sent.tcp().zip(packet.tcp()).is_some_and(|(sent, tcp)| resets_for(sent, tcp));
            }
            _ => {}
        }
    }
    let is_refusal = |moved: &CounterMove| REFUSALS.contains(&moved.name.as_str());
    // Of these a RST that ends them is counted (TcpAttemptFails, EmbryonicRsts, TcpEstabResets).
    let counts =
        [State::SynSent, State::SynRecv, State::Established, State::CloseWait].iter().any(|one| end.state == *one);
    let is_reset = counts && packet.tcp().is_some_and(|tcp| tcp.flags.has(Flags::RST));
    let refused = |moved: &[CounterMove]| moved.iter().any(is_refusal) || is_reset && moved.is_empty();
    answered || segment.reasons.is_some_and(refused)
}

/// Whether a RST is what a kernel answers a segment with that its connection doesn't take: it counts from what it answers (RFC 9293,
/// section 3.10.7.1).
pub(super) fn resets_for(reset: &Segment, answered: &Segment) -> bool {
    let has_ack = answered.flags.has(Flags::ACK);
    let counts = if has_ack { reset.seq == answered.ack } else { reset.seq == 0 };
    reset.flags.has(Flags::RST) && !answered.flags.has(Flags::RST) && counts && reset.flags.has(Flags::ACK) != has_ack
}

/// What happened after a segment's delivery, until the next one of its connection and within a moment.
fn aftermath<'a>(view: &View<'a>, segment: &SegmentView<'_>) -> impl Iterator<Item = &'a Event> {
    let (view, connection) = (*view, Connection::of(segment.segment));
    let entries = &view.trace().entries()[..view.moment()];
    let since = entries.get(segment.changed..).unwrap_or_default();
    let until = since.first().map(|entry| entry.at + SOON);
    let events = since.iter().skip(1).take_while(move |entry| Some(entry.at) <= until).map(|entry| &entry.event);
    events.take_while(move |event| match event {
        Event::Delivered(id) => view.segment(*id).is_none_or(|other| Connection::of(other.segment) != connection),
        _ => true,
    })
}

/// The segments between two ends, the newest first.
pub(super) fn segments<'a>(
    view: &View<'a>,
    (local, remote): AddressPair,
) -> impl Iterator<Item = SegmentView<'a>> + use<'a> {
    let view = *view;
    view.segments_of(Connection::new(local, remote)).iter().rev().filter_map(move |id| view.segment(*id))
}
