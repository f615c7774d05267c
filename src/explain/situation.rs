//! What can be known of a descriptor at one moment.

use crate::model::{Call, Moment};
use crate::tcp::State;

/// The directions that the own program has ended with `shutdown()`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShutDirections {
    /// `SHUT_RD` or `SHUT_RDWR`
    pub read: bool,
    /// `SHUT_WR` or `SHUT_RDWR`
    pub write: bool,
}

/// Another socket that has a port, by what keeps it: the one that is named first counts where there are several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PortHolder {
    /// One that listens.
    Listener,
    /// One that is bound, and neither listens nor is connected.
    Bound,
    /// An end of a connection.
    Connection,
    /// An end in TIME_WAIT.
    TimeWait,
}

/// A descriptor as it is known at one moment; by default a new socket of IPv4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Situation {
    /// Whether the descriptor is open.
    pub open: bool,
    /// Whether the descriptor is an epoll instance, of which nothing else here is so.
    pub epoll: bool,
    /// Whether the socket is one of IPv6.
    pub ipv6: bool,
    /// Whether the calls set IPV6_V6ONLY: a socket of IPv6 for all addresses has none of IPv4 then.
    pub v6_only: bool,
    /// Whether it is a socket for datagrams, which has none of TCP's states.
    pub udp: bool,
    /// The socket's state as the kernel has it; CLOSED where it has none.
    pub state: State,
    /// The entry at which it became so; 0 where the kernel has told nothing.
    pub state_since: Moment,
    /// Whether it has an address of its own.
    pub bound: bool,
    /// Whether `bind()` has failed on it, and none has succeeded.
    pub bind_failed: bool,
    /// Whether it was ever connected; of a socket for datagrams, whether it has a peer.
    pub was_connected: bool,
    /// Whether a `connect()` that didn't wait has begun an attempt whose end no `connect()` has told yet.
    pub attempted: bool,
    /// Whether the newest `connect()` that came to an end failed, and there was no connection.
    pub refused: bool,
    /// Whether calls on its descriptor don't wait: O_NONBLOCK.
    pub nonblocking: bool,
    /// Whether SO_RCVTIMEO bounds the waiting of what receives, and of `accept()`.
    pub receive_limit: bool,
    /// Whether SO_SNDTIMEO bounds the waiting of what sends, and of `connect()`.
    pub send_limit: bool,
    /// Whether the calls set TCP_CORK.
    pub corked: bool,
    /// Whether the calls set TCP_REPAIR.
    pub repair: bool,
    /// What `shutdown()` has ended.
    pub shut: ShutDirections,
    /// Whether `shutdown()` was called before there was a connection.
    pub shut_early: bool,
    /// Whether `listen()` has succeeded on it, and nothing that is known has taken it back to CLOSED.
    pub listens: bool,
    /// Whether `shutdown()` took a listener back to CLOSED, and no `listen()` came since.
    pub stopped_listening: bool,
    /// The seconds of SO_LINGER that the calls set.
    pub linger: Option<i32>,
    /// Whether the calls set SO_REUSEADDR, on it or on its listener.
    pub reuse: bool,
    /// Whether the calls set SO_REUSEPORT on it.
    pub reuse_port: bool,
    /// Whether the calls set TCP_DEFER_ACCEPT.
    pub defers: bool,
    /// Whether the calls set TCP_FASTOPEN_CONNECT.
    pub fast_open: bool,
    /// Whether its own address is its peer's too: it is connected to itself.
    pub to_itself: bool,
    /// Whether the peer's SYN without ACK has come to a socket that had sent its own: both opened.
    pub simultaneous: bool,
    /// Whether it is SYN_RECV, and no ACK of the peer's has come yet as the wire shows it: the kernel's word on the state may be old.
    pub half_open: bool,
    /// Whether the peer's FIN has come, and all data before it.
    pub fin: bool,
    /// Whether a FIN of the peer was delivered, whatever the kernel said of the state since.
    pub fin_delivered: bool,
    /// Whether a RST of the peer has come, also one that refused the connection.
    pub reset: bool,
    /// Whether a call has already been told how the connection failed; the kernel tells it once.
    pub told: bool,
    /// Bytes to read; for LISTEN, connections that wait for `accept()`.
    pub recv_queue: u32,
    /// Bytes to send or to be acknowledged; for LISTEN, the backlog.
    pub send_queue: u32,
    /// Whether a thread of its side sleeps in a call that sends on it: there is no room for more.
    pub full: bool,
    /// Of a connection whose other end came to a listener: whether its program has called `accept()`; `None` where not
    /// known, and of every other one.
    pub peer_accepted: Option<bool>,
    /// Whether the segments of its connection are seen at all.
    pub seen: bool,
    /// For `bind()`, `listen()` and `close()`: what else has the port; `None` where no such socket is known.
    pub port_held_by: Option<PortHolder>,
    /// For `connect()`: whether a socket listens there.
    pub listened: bool,
    /// For `connect()`: whether its SYN has arrived at a listener that has more connections waiting than its backlog, and
    /// no answer came.
    pub queue_full: bool,
}

impl Default for Situation {
    fn default() -> Self {
        Situation {
            open: true,
            epoll: false,
            ipv6: false,
            v6_only: false,
            udp: false,
            state: State::Closed,
            state_since: 0,
            bound: false,
            bind_failed: false,
            was_connected: false,
            attempted: false,
            refused: false,
            nonblocking: false,
            receive_limit: false,
            send_limit: false,
            corked: false,
            repair: false,
            shut: ShutDirections::default(),
            shut_early: false,
            listens: false,
            stopped_listening: false,
            linger: None,
            reuse: false,
            reuse_port: false,
            defers: false,
            fast_open: false,
            to_itself: false,
            simultaneous: false,
            half_open: false,
            fin: false,
            fin_delivered: false,
            reset: false,
            told: false,
            recv_queue: 0,
            send_queue: 0,
            full: false,
            peer_accepted: None,
            seen: true,
            port_held_by: None,
            listened: false,
            queue_full: false,
        }
    }
}

impl Situation {
    /// Of a call that has no descriptor, or none that is open.
    pub(super) fn without(call: &Call) -> Situation {
        Situation { open: call.fd().is_none(), ..Situation::default() }
    }

    /// CLOSED, and never connected.
    pub fn is_fresh(&self) -> bool {
        self.state == State::Closed && !self.was_connected
    }

    /// SYN_SENT or SYN_RECV.
    pub fn is_connecting(&self) -> bool {
        matches!(self.state, State::SynSent | State::SynRecv)
    }

    /// Whether it is one end of a connection that the kernel still has.
    pub fn is_connected(&self) -> bool {
        stands(self.state)
    }

    /// Whether its own direction has not ended: ESTABLISHED or CLOSE_WAIT.
    pub fn may_send(&self) -> bool {
        self.state.may_send()
    }

    /// Whether the close of its last descriptor sends a FIN. The kernel's word on one that was accepted may be older than its handshake.
    pub(super) fn would_send_fin(&self) -> bool {
        !self.udp && !self.shut.write && (self.may_send() || self.state == State::SynRecv)
    }

    /// What the `close()` of one of several descriptors leaves; `told` is the kernel's word on the state where the calls tell nothing of it,
    /// as of a program's socket that somebody else made.
    pub(super) fn after_close(&self, told: Option<State>) -> LeftByClose {
        let stands = self.would_send_fin() || !self.shut.write && told.is_some_and(State::may_send);
        match () {
            () if self.is_listener() || told == Some(State::Listen) => LeftByClose::Listener,
            () if stands => LeftByClose::Connection,
            () => LeftByClose::Socket,
        }
    }

    /// LISTEN, as the kernel says or, of a program that nobody held, as its calls do.
    pub fn is_listener(&self) -> bool {
        self.state == State::Listen || self.state == State::Closed && self.listens
    }

    /// Whether there was a connection which the kernel no longer has.
    pub fn is_over(&self) -> bool {
        self.was_connected && matches!(self.state, State::Closed | State::TimeWait)
    }
}

/// What a socket goes on with where one of its descriptors is closed, and others are open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeftByClose {
    /// It listens.
    Listener,
    /// Its own direction is open: the FIN comes with the last descriptor's end.
    Connection,
    /// Neither.
    Socket,
}

pub(super) fn stands(state: State) -> bool {
    !matches!(state, State::Closed | State::Listen | State::SynSent | State::SynRecv)
}
