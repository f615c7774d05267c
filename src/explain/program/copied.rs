//! A side's own descriptors of one socket: what `dup()` made, and what `close()` of one of them leaves. Of what other processes have,
//! [`super::super::forked`] tells.

use super::ProgramFact;
use crate::explain::epoll::is_instance;
use crate::explain::shared;
use crate::model::{Call, CallView, ProgramDescriptor, View};

/// What is known of a side's own `dup()`, and of its `close()` of a socket that was copied; nothing of any other call.
pub(super) fn copied(view: &View<'_>, call: &CallView<'_>) -> Vec<ProgramFact> {
    let Some(Ok(returned)) = call.outcome else { return Vec::new() };
    match call.call {
        Call::Dup { fd } => {
            let new = i32::try_from(returned.value).unwrap_or(-1);
            let is_instance = is_instance(view, call.caller.actor, *fd);
            vec![if is_instance {
                ProgramFact::DuplicatedInstance(*fd, new)
            } else {
                ProgramFact::Duplicated(*fd, new)
            }]
        }
        // What an epoll instance's end means is told with its outcome.
        Call::Close { fd } if is_instance(&view.trace().at(call.entered), call.caller.actor, *fd) => Vec::new(),
        Call::Close { .. } => closed(view, call).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn closed(view: &View<'_>, call: &CallView<'_>) -> Option<ProgramFact> {
    let others = shared::copied(view, call)?;
    if others.is_empty() {
        return Some(ProgramFact::Last(shared::ended_by(view, call, call.entered)));
    }
    if others.iter().any(|(actor, _)| *actor != call.caller.actor) {
        return None;
    }
    // They are all of one process: the numbers alone tell them apart.
    let held = others.into_iter().map(|(_, fd)| ProgramDescriptor { process: 0, fd });
    Some(ProgramFact::Held(held.collect(), Vec::new()))
}
