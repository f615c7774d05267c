//! Which connection is looked at: its two ends, and the segment of it that matters now.
//!
//! Everything comes from the view of a moment, so that the past has it as it was then.

use std::borrow::Cow;

use super::scene::Scene;
use crate::model::{Connection, SegmentId, SegmentView, Side, SocketView, View};

/// So many of the newest segments are searched for the one that changed last; of the last sockets for one without a peer.
const RECENT: usize = 16;

/// What is looked at.
pub(super) struct ShownEnds<'a> {
    /// The connection; `None` before there is one, and once something has happened after the last one.
    pub(super) connection: Option<Connection>,
    /// The server's end, the client's; `None` where a side has no socket.
    pub(super) sockets: [Option<SocketView<'a>>; 2],
    /// The segment: the one that goes next, where any waits, else the one that changed last.
    pub(super) segment: Option<SegmentView<'a>>,
    /// How many of its segments wait.
    pub(super) waiting: usize,
}

impl<'a> ShownEnds<'a> {
    /// The connection that is shown alone, else the newest.
    pub(super) fn of(scene: &Scene<'a>) -> ShownEnds<'a> {
        let view = scene.view;
        let connection = scene.app.place.only.or_else(|| newest(&view));
        let sockets = Side::BOTH.map(|side| end(&view, connection, side));
        let (segment, waiting) = segment(scene, connection);
        ShownEnds { connection, sockets, segment, waiting }
    }
}

/// The newest connection, until something has happened after its end; then the newest of those that still are.
fn newest(view: &View<'_>) -> Option<Connection> {
    let newest = view.connections().last().copied();
    newest.filter(|newest| !is_history(view, *newest)).or_else(|| {
        let sockets = view.living().filter(|socket| socket.facts.side.is_some() && !is_over(socket));
        sockets.filter_map(|socket| socket.facts.connection()).last()
    })
}

/// Whether all of a connection is over, and something else has changed since.
fn is_history(view: &View<'_>, connection: Connection) -> bool {
    let mut ends = view.sockets_of(connection).peekable();
    let over = match ends.peek() {
        // Of datagrams between sockets without a peer: while one of these sockets lives, more may come.
        None if view.living().any(|socket| stands_at(&socket, connection)) => return false,
        None => return true,
        Some(_) => ends.try_fold(0, |last, end| is_over(&end).then_some(last.max(end.state_since))),
    };
    let Some(over) = over else { return false };
    let later = |socket: &SocketView<'_>| socket.facts.side.is_some() && socket.state_since > over;
    view.living().any(|socket| later(&socket)) || view.gone().next().is_some_and(|socket| later(&socket))
}

/// Whether a socket has come to its end, or is none of a connection's any more.
fn is_over(socket: &SocketView<'_>) -> bool {
    socket.state == socket.state.ended()
}

/// Whether a socket without a peer stands at one end of a connection: a listener, or a UDP socket.
fn stands_at(socket: &SocketView<'_>, connection: Connection) -> bool {
    let Some(local) = socket.facts.own_address().filter(|_| socket.facts.remote.is_none()) else { return false };
    let is_here = |end| local == end || local.ip().is_unspecified() && local.port() == end.port();
    connection.ends().into_iter().any(is_here)
}

/// A side's end: of the connection, else the socket that stands there for it, else the side's newest.
fn end<'a>(view: &View<'a>, connection: Option<Connection>, side: Side) -> Option<SocketView<'a>> {
    let own = |socket: &SocketView<'_>| socket.facts.side == Some(side);
    let Some(connection) = connection else {
        return view.living().filter(own).last().or_else(|| view.gone().find(own));
    };
    // Of two with the same addresses the older one is over.
    let of_it = view.sockets_of(connection).filter(own).last();
    of_it.or_else(|| {
        let unconnected: Vec<_> = view.living().filter(|socket| own(socket) && socket.facts.remote.is_none()).collect();
        let there = unconnected.iter().rfind(|socket| stands_at(socket, connection)).copied();
        let was_there = || view.gone().take(RECENT).find(|socket| own(socket) && stands_at(socket, connection));
        there.or_else(was_there).or(unconnected.last().copied())
    })
}

/// What is in both of two lists, each in its order: the longer one is only looked up in.
fn both(one: &[SegmentId], other: &[SegmentId]) -> Vec<SegmentId> {
    let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
    short.iter().copied().filter(|id| long.binary_search(id).is_ok()).collect()
}

fn segment<'a>(scene: &Scene<'a>, connection: Option<Connection>) -> (Option<SegmentView<'a>>, usize) {
    let view = scene.view;
    let waiting = match connection {
        Some(one) => Cow::Owned(both(&view.waiting(), view.segments_of(one))),
        None => view.waiting(),
    };
    let chosen = scene.meant().filter(|id| waiting.binary_search(id).is_ok());
    let goes_next = chosen.or(waiting.first().copied()).and_then(|id| view.segment(id));
    let newest = || -> Option<SegmentView<'a>> {
        let recent: Vec<SegmentView<'a>> = match connection {
            Some(one) => view.segments_of(one).iter().rev().take(RECENT).filter_map(|id| view.segment(*id)).collect(),
            None => view.segments().take(RECENT).collect(),
        };
        recent.into_iter().max_by_key(|segment| segment.changed)
    };
    (goes_next.or_else(newest), waiting.len())
}
