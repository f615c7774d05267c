//! What a lesson does to wait for several sockets at once.

use crate::model::{EpollEvents, EpollOp, PolledSocket, Side};

/// A call that waits for several sockets of a side, or one that an epoll instance is made and told by. A `timeout` is in
/// milliseconds, and -1 is none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum WaitAction {
    /// `poll()`
    Poll { side: Side, sockets: Vec<PolledSocket>, timeout: i32 },
    /// `select()`, whose sets stand as the events that they mean.
    Select { side: Side, sockets: Vec<PolledSocket>, timeout: i32 },
    /// `epoll_create1()`; the instance is `name`.
    EpollCreate { side: Side, name: String },
    /// `epoll_ctl()` of an instance.
    EpollCtl { epoll: String, op: EpollOp, socket: String, events: EpollEvents },
    /// `epoll_wait()` for at most `most` sockets.
    EpollWait { epoll: String, most: i32, timeout: i32 },
}

impl WaitAction {
    /// The socket, or the instance, that the call is made on; of several, the first.
    pub fn made_on(&self) -> Option<&str> {
        match self {
            WaitAction::Poll { sockets, .. } | WaitAction::Select { sockets, .. } => {
                sockets.first().map(|polled| polled.socket.as_str())
            }
            WaitAction::EpollCreate { .. } => None,
            WaitAction::EpollCtl { epoll, .. } | WaitAction::EpollWait { epoll, .. } => Some(epoll),
        }
    }
}
