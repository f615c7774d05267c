//! Facts of sockets made by hand, for tests.

use std::net::SocketAddr;

use super::{Side, SocketFacts, SocketState, Source};

/// A socket without timer and with empty queues, as sock_diag would tell it; `ends` are its own and its peer's address.
pub(crate) fn socket(
    cookie: u64,
    side: Side,
    fd: Option<i32>,
    state: impl Into<SocketState>,
    ends: (Option<SocketAddr>, Option<SocketAddr>),
) -> SocketFacts {
    SocketFacts {
        cookie,
        side: Some(side),
        nth: 1,
        program: None,
        fd,
        local: ends.0,
        remote: ends.1,
        state: state.into(),
        source: Source::SockDiag,
        timer: None,
        recv_queue: 0,
        also: Vec::new(),
        elsewhere: Vec::new(),
        counts_memory: false,
        send_queue: 0,
        info: None,
    }
}
