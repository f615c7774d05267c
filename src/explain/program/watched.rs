//! What a side's own calls change in what its epoll instances watch.

use super::ProgramFact;
use crate::explain::epoll::watching;
use crate::explain::shared;
use crate::model::{Call, CallView, EpollOp, View};

/// What is known of a side's own `epoll_ctl()`, and of its `close()` of what is watched; nothing of any other call.
pub(super) fn watched(view: &View<'_>, call: &CallView<'_>) -> Vec<ProgramFact> {
    let Some(Ok(_)) = call.outcome else { return Vec::new() };
    match call.call {
        Call::EpollCtl { op: EpollOp::Del, fd, epfd, .. } => vec![ProgramFact::Unwatched(*fd, *epfd)],
        Call::EpollCtl { fd, epfd, events, .. } => vec![ProgramFact::Watched(*fd, *epfd, *events)],
        Call::Close { fd } => {
            let before = view.trace().at(call.entered);
            let stays = !shared::others(view, call).is_empty();
            let fact =
                |epfd| if stays { ProgramFact::StaysWatched(*fd, epfd) } else { ProgramFact::Forgotten(*fd, epfd) };
            watching(&before, call.caller.actor, *fd).into_iter().map(fact).collect()
        }
        _ => Vec::new(),
    }
}
