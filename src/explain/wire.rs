//! What the wire shows of a connection.

use std::net::SocketAddr;

use crate::model::{Connection, Fate, SegmentView, View};
use crate::tcp::{Flags, Segment};

/// An end's own address, and its peer's.
pub(super) type AddressPair = (SocketAddr, SocketAddr);

/// What has come to an end since its connection began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Arrived {
    /// A SYN without ACK.
    pub(super) syn: bool,
    pub(super) fin: bool,
    pub(super) reset: bool,
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
        let came = segment.segment.to == local && came(segment.fate);
        found.syn |= came && opens;
        found.fin |= came && tcp.flags.has(Flags::FIN);
        found.reset |= came && tcp.flags.has(Flags::RST);
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

/// The segments between two ends, the newest first.
pub(super) fn segments<'a>(
    view: &View<'a>,
    (local, remote): AddressPair,
) -> impl Iterator<Item = SegmentView<'a>> + use<'a> {
    let view = *view;
    view.segments_of(Connection::new(local, remote)).iter().rev().filter_map(move |id| view.segment(*id))
}
