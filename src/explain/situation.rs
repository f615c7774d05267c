//! What is known of a descriptor at one moment, from the calls, the kernel's word and the wire.

use std::net::SocketAddr;

use super::past::Past;
use super::wire::{self, Ends};
use crate::model::{Actor, Call, Moment, SocketState, SocketView, View};
use crate::tcp::State;

/// The directions that the own program has ended with `shutdown()`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shut {
    /// `SHUT_RD` or `SHUT_RDWR`
    pub read: bool,
    /// `SHUT_WR` or `SHUT_RDWR`
    pub write: bool,
}

/// Another socket that has a port, by what keeps it: the one that is named first counts where there are several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
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
    /// Whether the socket is one of IPv6.
    pub ipv6: bool,
    /// Whether it is a socket for datagrams, which has none of TCP's states.
    pub udp: bool,
    /// The socket's state as the kernel has it; CLOSED where it has none.
    pub state: State,
    /// The entry at which it became so; 0 where the kernel has told nothing.
    pub state_since: Moment,
    /// Whether it has an address of its own.
    pub bound: bool,
    /// Whether it was ever connected; of a socket for datagrams, whether it has a peer.
    pub was_connected: bool,
    /// Whether a `connect()` that didn't wait has begun an attempt whose end no `connect()` has told yet.
    pub attempted: bool,
    /// What `shutdown()` has ended.
    pub shut: Shut,
    /// Whether `shutdown()` was called before there was a connection.
    pub shut_early: bool,
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
    /// Whether its own address is its peer's too: it is connected to itself.
    pub to_itself: bool,
    /// Whether the peer's SYN without ACK has come to a socket that had sent its own: both opened.
    pub simultaneous: bool,
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
    /// Of a connection whose other end came to a listener: whether its program has called `accept()`; `None` where not
    /// known, and of every other one.
    pub peer_accepted: Option<bool>,
    /// Whether the segments of its connection are seen at all.
    pub seen: bool,
    /// For `bind()`, `listen()` and `close()`: what else has the port; `None` where no such socket is known.
    pub port_held_by: Option<Holder>,
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
            ipv6: false,
            udp: false,
            state: State::Closed,
            state_since: 0,
            bound: false,
            was_connected: false,
            attempted: false,
            shut: Shut::default(),
            shut_early: false,
            stopped_listening: false,
            linger: None,
            reuse: false,
            reuse_port: false,
            defers: false,
            to_itself: false,
            simultaneous: false,
            fin: false,
            fin_delivered: false,
            reset: false,
            told: false,
            recv_queue: 0,
            send_queue: 0,
            peer_accepted: None,
            seen: true,
            port_held_by: None,
            listened: false,
            queue_full: false,
        }
    }
}

impl Situation {
    /// What is known of the descriptor of this side's call at the view's moment.
    pub fn at(view: &View<'_>, actor: impl Into<Actor>, call: &Call) -> Situation {
        Subject::at(view, actor.into(), call)
            .map_or_else(|| Situation::without(call), |subject| subject.look(view, call))
    }

    /// Of a call that has no descriptor, or none that is open.
    pub(super) fn without(call: &Call) -> Situation {
        Situation { open: call.fd().is_none(), ..Situation::default() }
    }

    /// Every open descriptor of a side at the view's moment, the oldest first, for [`super::offers`].
    pub fn all(view: &View<'_>, actor: Actor) -> Vec<(i32, Situation)> {
        let mut seen = Vec::new();
        let mut open = Vec::new();
        for call in view.own_calls(actor) {
            // Of a number that was used again, the newest descriptor counts.
            let fd = match (call.call, call.outcome) {
                (Call::Socket { .. } | Call::Accept { .. }, Some(Ok(made))) => i32::try_from(made.value).ok(),
                (Call::Close { fd }, Some(Ok(_))) => Some(*fd),
                _ => None,
            };
            let Some(fd) = fd.filter(|fd| !seen.contains(fd)) else { continue };
            seen.push(fd);
            if !matches!(call.call, Call::Close { .. }) {
                open.push((fd, Situation::at(view, actor, &Call::Recv { fd, len: 1 })));
            }
        }
        open.reverse();
        open
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

    /// Whether there was a connection which the kernel no longer has.
    pub fn is_over(&self) -> bool {
        self.was_connected && matches!(self.state, State::Closed | State::TimeWait)
    }

    fn see(&mut self, view: &View<'_>, subject: &Subject<'_>, socket: &SocketView<'_>) {
        let facts = socket.facts;
        self.state = socket.state.tcp().unwrap_or(State::Closed);
        self.state_since = socket.state_since;
        self.was_connected |= socket.previous.and_then(SocketState::tcp).is_some_and(stands);
        self.was_connected |= socket.state == SocketState::Connected;
        self.bound |= facts.local.is_some() && !socket.gone;
        if !socket.gone {
            (self.recv_queue, self.send_queue) = (facts.recv_queue, facts.send_queue);
        }
        self.peer_accepted = subject.ends(view).and_then(|ends| peer_accepted(view, ends));
    }

    /// Other sockets that matter to the call.
    fn look_around(&mut self, view: &View<'_>, call: &Call, own: Option<&SocketView<'_>>) {
        let cookie = own.map(|socket| socket.facts.cookie);
        let others = || view.living().filter(|other| Some(other.facts.cookie) != cookie);
        let wanted = match call {
            Call::Bind { addr, .. } => Some(*addr),
            Call::Listen { .. } | Call::Close { .. } => own.and_then(|socket| socket.facts.local),
            _ => None,
        };
        if let Some(wanted) = wanted {
            let held = others().filter(|other| other.facts.local.is_some_and(|local| overlap(local, wanted)));
            // UDP has ports of its own.
            self.port_held_by = held.filter_map(|other| Some(holder(other.state.tcp()?, &other))).min();
        }
        if let Call::Connect { addr, .. } = call {
            let there = |other: &SocketView<'_>| other.facts.local.is_some_and(|local| overlap(local, *addr));
            let full = |other: &SocketView<'_>| other.facts.recv_queue > other.facts.send_queue;
            let mut listeners = others().filter(|other| other.state == State::Listen && there(other)).peekable();
            self.listened = listeners.peek().is_some();
            let ends = own.and_then(|socket| socket.facts.local.zip(socket.facts.remote));
            let unanswered = ends.is_some_and(|ends| wire::syn_is_unanswered(view, ends));
            self.queue_full = unanswered && listeners.any(|other| full(&other));
        }
    }
}

fn stands(state: State) -> bool {
    !matches!(state, State::Closed | State::Listen | State::SynSent | State::SynRecv)
}

fn holder(state: State, socket: &SocketView<'_>) -> Holder {
    match state {
        State::Listen => Holder::Listener,
        State::TimeWait => Holder::TimeWait,
        _ if socket.facts.remote.is_some() => Holder::Connection,
        _ => Holder::Bound,
    }
}

/// Whether two sockets with these own addresses would be in each other's way (`inet_rcv_saddr_equal()`): the same port, and
/// the same address, or one of them for all. One of IPv6 for all addresses has those of IPv4 too.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let any = |of: SocketAddr, to: SocketAddr| of.ip().is_unspecified() && (of.is_ipv6() || to.is_ipv4());
    let ip = |of: SocketAddr| of.ip().to_canonical();
    one.port() == other.port() && (ip(one) == ip(other) || any(one, other) || any(other, one))
}

/// Whether the program of the other end has called `accept()`. A connection that no program has yet is one of those that its
/// listener counts.
fn peer_accepted(view: &View<'_>, (local, remote): Ends) -> Option<bool> {
    let peer = view.living().find(|other| other.facts.local.zip(other.facts.remote) == Some((remote, local)))?;
    let listener = view
        .living()
        .find(|other| other.state == State::Listen && other.facts.local.is_some_and(|at| overlap(at, remote)));
    let held = peer.facts.fd.is_some() || peer.facts.program.is_some();
    match listener {
        Some(_) if held => Some(true),
        Some(_) if peer.state == State::SynRecv => Some(false),
        Some(listener) if listener.facts.recv_queue > 0 => Some(false),
        _ => None,
    }
}

/// A descriptor with its calls and its socket.
pub(super) struct Subject<'a> {
    actor: Actor,
    fd: i32,
    past: Past<'a>,
    /// The kernel's name for the socket, where it has told of it.
    cookie: Option<u64>,
}

impl<'a> Subject<'a> {
    /// The descriptor of this side's call; `None` where it isn't open then.
    pub(super) fn at(view: &View<'a>, actor: Actor, call: &Call) -> Option<Subject<'a>> {
        let fd = call.fd()?;
        let past = Past::of(view, actor, fd)?;
        let socket = socket_of(view, actor, fd, past.since);
        let mut subject = Subject { actor, fd, past, cookie: socket.map(|socket| socket.facts.cookie) };
        if subject.cookie.is_none() {
            // One that was accepted before the kernel was asked again is known by its addresses.
            subject.cookie = subject.accepted_ends(view).and_then(|(local, remote)| {
                let is = |socket: &SocketView<'_>| socket.facts.local.zip(socket.facts.remote) == Some((local, remote));
                view.living().find(is).map(|socket| socket.facts.cookie)
            });
        }
        Some(subject)
    }

    /// The same descriptor at another moment, with the calls that were made by then; after it was closed, with those before.
    pub(super) fn look(&self, view: &View<'a>, call: &Call) -> Situation {
        let newer = Past::of(view, self.actor, self.fd).filter(|newer| newer.since == self.past.since);
        let past = newer.as_ref().unwrap_or(&self.past);
        let mut found = Situation { ipv6: past.ipv6, udp: past.udp, ..Situation::default() };
        past.tell(view, self.actor, self.fd, &mut found);
        let socket = self.socket(view);
        if let Some(socket) = &socket {
            found.see(view, self, socket);
        }
        found.was_connected |= found.is_connected();
        let ends = self.ends(view);
        if let Some(ends) = ends {
            let arrived = wire::arrived(view, ends, self.past.accepted.is_some());
            (found.seen, found.to_itself) = (arrived.seen, ends.0 == ends.1);
            (found.reset, found.fin_delivered) = (arrived.reset, arrived.fin);
            found.simultaneous = arrived.syn && self.past.accepted.is_none() && !found.to_itself;
        }
        // A FIN that comes before the data in front of it isn't the end yet, and the state says so.
        found.fin = matches!(found.state, State::CloseWait | State::LastAck | State::Closing | State::TimeWait)
            || found.state == State::Closed && found.fin_delivered;
        found.look_around(view, call, socket.as_ref());
        found
    }

    /// The kernel's socket; where it is gone, the last that was known of it.
    fn socket(&self, view: &View<'a>) -> Option<SocketView<'a>> {
        match self.cookie {
            Some(cookie) => view.socket(cookie),
            None => socket_of(view, self.actor, self.fd, self.past.since),
        }
    }

    /// Its own and its peer's address: where a connection has ended and the descriptor is still open, the kernel tells none
    /// any more, and those that it told last count.
    pub(super) fn ends(&self, view: &View<'a>) -> Option<Ends> {
        let told = self.socket(view).and_then(|socket| view.last_ends(socket.facts.cookie));
        told.or_else(|| self.accepted_ends(view))
    }

    /// What `accept()` told of its peer, and the port of its listener.
    fn accepted_ends(&self, view: &View<'a>) -> Option<Ends> {
        let (call, returned) = self.past.accepted.as_ref()?;
        let peer = returned.peer?;
        let then = view.trace().at(call.changed + 1);
        let listener = socket_of(&then, self.actor, call.call.fd()?, 0)?.facts.local?;
        let mut connections = then.connections().iter().rev().map(|connection| connection.ends());
        connections.find_map(|[low, high]| match (low, high) {
            (remote, local) | (local, remote) if remote == peer && local.port() == listener.port() => {
                Some((local, remote))
            }
            _ => None,
        })
    }
}

/// The state of a descriptor's socket at one moment.
pub(super) fn state_of(view: &View<'_>, actor: Actor, fd: i32, since: Moment) -> State {
    socket_of(view, actor, fd, since).and_then(|socket| socket.state.tcp()).unwrap_or(State::Closed)
}

/// The kernel's socket of a descriptor; where it is gone, the last that was known of it.
fn socket_of<'a>(view: &View<'a>, actor: Actor, fd: i32, since: Moment) -> Option<SocketView<'a>> {
    // What was last said before the descriptor was made is of an earlier socket with its number.
    let is = |socket: &SocketView<'_>| {
        socket.facts.actor() == Some(actor) && socket.facts.fd == Some(fd) && socket.changed >= since
    };
    view.living().find(is).or_else(|| view.gone().find(is))
}
