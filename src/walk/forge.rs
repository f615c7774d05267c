//! What a person writes of a segment that is to be sent, and the segment that comes of it.

use std::net::SocketAddr;

use crate::model::edit::{EditFault, ForgeEnds, Forgery, TypedEdit, Unfit};
use crate::model::{Connection, SegmentId, SegmentView, Side, View};
use crate::tcp::Packet;

/// The packet that a forgery comes to between two ends.
///
/// # Errors
/// [`Unfit`] says what can't be so.
pub fn forge(view: &View<'_>, (from, to): (SocketAddr, SocketAddr), forgery: &Forgery) -> Result<Packet, Unfit> {
    let initials = view.trace().initials_between(from, to);
    // What ICMP is about: the newest segment that the receiver itself has sent there.
    let sent = |segment: &SegmentView<'_>| {
        let packet = segment.segment;
        segment.by_hand.is_none() && packet.from == to && packet.tcp().is_some()
    };
    let numbers = view.segments_of(Connection::new(from, to));
    let quoted = numbers.iter().rev().filter_map(|id| view.segment(*id)).find(sent);
    forgery.packet((from, to), &initials, quoted.map(|segment| segment.segment))
}

/// The ends of the newest connection between the two sides, that of this side first; of one with a stranger, whom nobody's socket is,
/// where there is no other. `None` where there is none yet.
pub fn newest_between(view: &View<'_>, from: Side) -> Option<(SocketAddr, SocketAddr)> {
    let connections = view.connections();
    // What was forged is no word of any connection.
    let is_seen = |connection: &&Connection| {
        let mut segments = view.segments_of(**connection).iter().filter_map(|id| view.segment(*id));
        segments.any(|segment| segment.by_hand.is_none())
    };
    let has_no_stranger =
        |connection: &&Connection| connection.ends().into_iter().all(|end| view.trace().side_of(end).is_some());
    let newest = || connections.iter().rev().filter(is_seen);
    let own = newest().filter(has_no_stranger).find_map(|connection| of_side(view, *connection, from));
    own.or_else(|| newest().find_map(|connection| of_side(view, *connection, from)))
}

/// The ends of a connection between the two sides, that of this side first.
fn of_side(view: &View<'_>, connection: Connection, from: Side) -> Option<(SocketAddr, SocketAddr)> {
    let [low, high] = connection.ends();
    let side = |end| view.trace().side_of(end);
    match (side(low), side(high)) {
        (Some(one), other) if one == from && other != Some(from) => Some((low, high)),
        (other, Some(one)) if one == from && other != Some(from) => Some((high, low)),
        // Nobody has the other address: whoever it is, it is the other side's.
        (Some(other), None) if other != from => Some((high, low)),
        (None, Some(other)) if other != from => Some((low, high)),
        _ => None,
    }
}

/// The segment that a typed line means, and of which it is a changed copy. `meant` is the segment that is marked, `only` the
/// connection that was chosen.
///
/// # Errors
/// [`EditFault`] says what is wrong with it.
pub fn typed_segment(
    text: &str,
    view: &View<'_>,
    meant: Option<SegmentId>,
    only: Option<Connection>,
) -> Result<(Option<SegmentId>, Packet), EditFault> {
    match text.parse()? {
        TypedEdit::Edit(of, edit) => {
            let id = of.or(meant).ok_or(EditFault::NoneThere)?;
            let segment = view.segment(id).ok_or(EditFault::NoSegment(id.0.saturating_add(1)))?;
            let copy = edit.apply(segment.segment, &view.initials_for_copy(&segment)).map_err(EditFault::Unfit)?;
            Ok((Some(id), copy))
        }
        TypedEdit::Forge(ends, forgery) => {
            let ends = match ends {
                ForgeEnds::Between(from, to) => (from, to),
                ForgeEnds::From(side) => {
                    let shown = only.and_then(|only| of_side(view, only, side));
                    shown.or_else(|| newest_between(view, side)).ok_or(EditFault::NoConnection(side))?
                }
            };
            let made = forge(view, ends, &forgery).map_err(EditFault::Unfit)?;
            Ok((None, made))
        }
    }
}
