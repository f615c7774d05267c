//! Several descriptors of one socket (`dup(2)`), as a side's own call finds them.

use super::past::SharedSocket;
use crate::model::{CallView, View};

/// The other open descriptors of the socket on which a side's own call is about to be made; none where it was never copied, and
/// of a program's call.
pub(super) fn others(view: &View<'_>, call: &CallView<'_>) -> Vec<i32> {
    copied(view, call).map_or_else(Vec::new, |(_, others)| others)
}

/// Before a side's own call on a socket that was copied: the descriptor, and the others that are open.
pub(super) fn copied(view: &View<'_>, call: &CallView<'_>) -> Option<(i32, Vec<i32>)> {
    let fd = call.call.fd().filter(|_| call.made.is_none())?;
    let before = view.trace().at(call.entered);
    let shared = SharedSocket::of(&before, call.caller.actor, fd).filter(SharedSocket::was_copied)?;
    Some((fd, shared.fds.into_iter().filter(|other| *other != fd).collect()))
}
