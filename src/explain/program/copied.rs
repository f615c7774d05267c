//! A side's own descriptors of one socket: what `dup()` made, and what `close()` of one of them leaves.

use super::{ProgramFact, has};
use crate::explain::{shared, wire};
use crate::model::{Call, CallView, ProgramDescriptor, SegmentView, View};
use crate::tcp::Flags;

/// What is known of a side's own `dup()`, and of its `close()` of a socket that was copied; nothing of any other call.
pub(super) fn copied(view: &View<'_>, call: &CallView<'_>) -> Vec<ProgramFact> {
    let Some(Ok(returned)) = call.outcome else { return Vec::new() };
    match call.call {
        Call::Dup { fd } => vec![ProgramFact::Duplicated(*fd, i32::try_from(returned.value).unwrap_or(-1))],
        Call::Close { .. } => closed(view, call).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn closed(view: &View<'_>, call: &CallView<'_>) -> Option<ProgramFact> {
    let (fd, others) = shared::copied(view, call)?;
    if others.is_empty() {
        return Some(ProgramFact::Last(ended_by(view, call, fd)));
    }
    // They are all of one process: the numbers alone tell them apart.
    let held = others.into_iter().map(|fd| ProgramDescriptor { process: 0, fd });
    Some(ProgramFact::Held(held.collect(), Vec::new()))
}

/// The FIN or RST that went out since the call began.
fn ended_by(view: &View<'_>, call: &CallView<'_>, fd: i32) -> Option<crate::model::SegmentId> {
    let before = view.trace().at(call.entered);
    let mut living = before.living().filter(|socket| socket.facts.actor() == Some(call.caller.actor));
    let facts = living.find(|socket| socket.facts.has_fd(fd))?.facts;
    let (local, remote) = facts.local.zip(facts.remote)?;
    let earlier = before.segment_count();
    let ends = |segment: &SegmentView<'_>| has(segment, Flags::FIN) || has(segment, Flags::RST);
    let sent = wire::segments(view, (local, remote)).take_while(|segment| segment.id.0 as usize >= earlier);
    sent.filter(|segment| segment.segment.from == local && ends(segment)).last().map(|segment| segment.id)
}
