//! Several descriptors of one socket or epoll instance (`dup(2)`, `fork(2)`), as a side's own call finds them, and what the `close()` of the last one sent.

use super::descriptors::OpenFile;
use super::wire::{self, AddressPair};
use crate::model::{Actor, CallView, Moment, SegmentId, SegmentView, View};
use crate::tcp::Segment;

/// The other open descriptors of that on which a side's own call is about to be made, each with the process that has it; none
/// where it was never copied, and of a program's call.
pub(super) fn others(view: &View<'_>, call: &CallView<'_>) -> Vec<(Actor, i32)> {
    copied(view, call).unwrap_or_default()
}

/// The other open descriptors of what was copied, before a side's own call on it.
pub(super) fn copied(view: &View<'_>, call: &CallView<'_>) -> Option<Vec<(Actor, i32)>> {
    let fd = call.call.fd().filter(|_| call.made.is_none())?;
    let before = view.trace().at(call.entered);
    let own = (call.caller.actor, fd);
    let file = OpenFile::of(&before, own.0, fd).filter(|file| file.was_copied)?;
    Some(file.fds.into_iter().filter(|other| *other != own).collect())
}

/// Descriptors by the processes that have them, those of each together.
pub(super) fn by_process(descriptors: Vec<(Actor, i32)>) -> Vec<(Actor, Vec<i32>)> {
    let mut held: Vec<(Actor, Vec<i32>)> = Vec::new();
    for (actor, fd) in descriptors {
        match held.last_mut().filter(|(last, _)| *last == actor) {
            Some((_, fds)) => fds.push(fd),
            None => held.push((actor, vec![fd])),
        }
    }
    held
}

/// The first FIN or RST that the socket of a side's own `close()` has sent since a moment.
pub(super) fn ended_by(view: &View<'_>, closed: &CallView<'_>, since: Moment) -> Option<SegmentId> {
    let before = view.trace().at(closed.entered);
    let (actor, fd) = (closed.caller.actor, closed.call.fd()?);
    let facts = before.living().find(|socket| socket.facts.is_open_as(actor, fd))?.facts;
    ended_since(view, facts.ends()?, view.trace().at(since).segment_count())
}

/// The first FIN or RST from an end to its peer, of the segments from that number on.
pub(super) fn ended_since(view: &View<'_>, (local, remote): AddressPair, earlier: usize) -> Option<SegmentId> {
    let ends = |segment: &SegmentView<'_>| segment.segment.tcp().is_some_and(Segment::is_fin_or_rst);
    let sent = wire::segments(view, (local, remote)).take_while(|segment| segment.id.0 as usize >= earlier);
    let own = sent.filter(|segment| segment.segment.from == local && segment.by_hand.is_none() && ends(segment));
    own.last().map(|segment| segment.id)
}
