//! What is known of a descriptor at one moment, from the calls, the kernel's word and the wire.

use std::net::SocketAddr;

use crate::model::{Call, CallView, Connection, Errno, Event, Fate, How, Moment, Side, SocketState, SocketView, View};
use crate::tcp::{Flags, State};

/// The directions that the own program has ended with `shutdown()`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shut {
    /// `SHUT_RD` or `SHUT_RDWR`
    pub read: bool,
    /// `SHUT_WR` or `SHUT_RDWR`
    pub write: bool,
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
    /// Whether it has an address of its own.
    pub bound: bool,
    /// Whether it was ever connected; of a socket for datagrams, whether it has a peer.
    pub was_connected: bool,
    /// What `shutdown()` has ended.
    pub shut: Shut,
    /// Whether the peer's FIN has come.
    pub fin: bool,
    /// Whether a RST of the peer has come, also one that refused the connection.
    pub reset: bool,
    /// Whether a call has already been told how the connection failed; the kernel tells it once.
    pub told: bool,
    /// Bytes to read; for LISTEN, connections that wait for `accept()`.
    pub recv_queue: u32,
    /// Bytes to send or to be acknowledged.
    pub send_queue: u32,
    /// Whether the other end has a descriptor, so that its program has called `accept()`; `None` where not known.
    pub peer_accepted: Option<bool>,
    /// For `bind()` and `listen()`: the state of another socket that has the port; of several, that of one which isn't
    /// in TIME_WAIT.
    pub port_held_by: Option<State>,
    /// For `connect()`: whether the listener there has more connections waiting than its backlog.
    pub queue_full: bool,
}

impl Default for Situation {
    fn default() -> Self {
        Situation {
            open: true,
            ipv6: false,
            udp: false,
            state: State::Closed,
            bound: false,
            was_connected: false,
            shut: Shut::default(),
            fin: false,
            reset: false,
            told: false,
            recv_queue: 0,
            send_queue: 0,
            peer_accepted: None,
            port_held_by: None,
            queue_full: false,
        }
    }
}

impl Situation {
    /// What is known of the descriptor of this side's call at the view's moment. For a call that has returned, that is
    /// the moment at which it was entered; for one that blocks, the present.
    pub fn at(view: &View<'_>, side: Side, call: &Call) -> Situation {
        let Some(fd) = call.fd() else { return Situation::default() };
        let Some(past) = Past::of(view, side, fd) else { return Situation { open: false, ..Situation::default() } };
        let mut found = Situation { ipv6: past.ipv6, udp: past.udp, ..Situation::default() };
        for call in past.calls.iter().rev() {
            found.learn(call);
        }
        let socket = socket_of(view, side, fd, past.since);
        if let Some(socket) = &socket {
            found.see(view, socket, past.since);
        }
        found.was_connected |= past.accepted || found.is_connected();
        found.look_around(view, call, socket.as_ref());
        found
    }

    /// Every open descriptor of a side at the view's moment, the oldest first, for [`super::offers`].
    pub fn all(view: &View<'_>, side: Side) -> Vec<(i32, Situation)> {
        let mut seen = Vec::new();
        let mut open = Vec::new();
        for call in view.own_calls(side) {
            // Of a number that was used again, the newest descriptor counts.
            let fd = match (call.call, call.outcome) {
                (Call::Socket { .. } | Call::Accept { .. }, Some(Ok(made))) => i32::try_from(made.value).ok(),
                (Call::Close { fd }, Some(Ok(_))) => Some(*fd),
                _ => None,
            };
            let Some(fd) = fd.filter(|fd| !seen.contains(fd)) else { continue };
            seen.push(fd);
            if !matches!(call.call, Call::Close { .. }) {
                open.push((fd, Situation::at(view, side, &Call::Recv { fd, len: 1 })));
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

    fn learn(&mut self, call: &CallView<'_>) {
        match (call.call, call.outcome) {
            (Call::Bind { .. }, Some(Ok(_))) => self.bound = true,
            // What shutdown() did to a listener or to an attempt to connect is forgotten when there is a new one.
            (Call::Listen { .. }, Some(Ok(_))) => (self.bound, self.shut) = (true, Shut::default()),
            (Call::Connect { .. }, Some(Ok(_))) => (self.was_connected, self.shut) = (true, Shut::default()),
            (Call::Connect { .. }, Some(Err(Errno(libc::EINPROGRESS | libc::EINTR)))) => self.shut = Shut::default(),
            (Call::Shutdown { how, .. }, Some(Ok(_))) => {
                self.shut.read |= *how != How::Write;
                self.shut.write |= *how != How::Read;
            }
            (_, Some(Err(Errno(libc::ECONNRESET | libc::ECONNREFUSED | libc::ETIMEDOUT | libc::EPIPE)))) => {
                self.told = true;
            }
            _ => {}
        }
    }

    fn see(&mut self, view: &View<'_>, socket: &SocketView<'_>, since: Moment) {
        let facts = socket.facts;
        self.state = socket.state.tcp().unwrap_or(State::Closed);
        self.was_connected |= socket.previous.and_then(SocketState::tcp).is_some_and(stands);
        self.was_connected |= socket.state == SocketState::Connected;
        self.bound |= facts.local.is_some() && !socket.gone;
        if !socket.gone {
            (self.recv_queue, self.send_queue) = (facts.recv_queue, facts.send_queue);
        }
        self.fin = matches!(self.state, State::CloseWait | State::LastAck | State::Closing | State::TimeWait);
        let Some(ends) = last_ends(view, facts.cookie, since) else { return };
        let arrived = |fate| matches!(fate, Fate::Delivered | Fate::Passing);
        let numbers = view.segments_of(Connection::new(ends.0, ends.1)).iter().rev();
        let segments = numbers.filter_map(|id| view.segment(*id));
        for segment in segments.filter(|segment| arrived(segment.fate) && segment.changed >= since) {
            let packet = segment.segment;
            if let Some(tcp) = packet.tcp().filter(|_| (packet.to, packet.from) == ends) {
                self.reset |= tcp.flags.has(Flags::RST);
                self.fin |= tcp.flags.has(Flags::FIN);
            }
        }
        let peer = view.living().find(|other| other.facts.local.zip(other.facts.remote) == Some((ends.1, ends.0)));
        self.peer_accepted = peer.map(|peer| peer.facts.fd.is_some());
    }

    /// Other sockets that matter to the call.
    fn look_around(&mut self, view: &View<'_>, call: &Call, own: Option<&SocketView<'_>>) {
        let cookie = own.map(|socket| socket.facts.cookie);
        let others = || view.living().filter(|other| Some(other.facts.cookie) != cookie);
        let has_port = |other: &SocketView<'_>, port| other.facts.local.is_some_and(|local| local.port() == port);
        let own_port = own.and_then(|socket| socket.facts.local).map(|local: SocketAddr| local.port());
        let wanted = match call {
            Call::Bind { addr, .. } => Some(addr.port()),
            Call::Listen { .. } => own_port,
            _ => None,
        };
        if let Some(port) = wanted {
            let with_port = others().filter(|other| has_port(other, port));
            // UDP has ports of its own.
            let held: Vec<State> = with_port.filter_map(|other| other.state.tcp()).collect();
            let alive = held.iter().find(|state| **state != State::TimeWait);
            self.port_held_by = alive.or(held.first()).copied();
        }
        if let Call::Connect { addr, .. } = call {
            let full = |other: &SocketView<'_>| other.facts.recv_queue > other.facts.send_queue;
            self.queue_full =
                others().any(|other| other.state == State::Listen && has_port(&other, addr.port()) && full(&other));
        }
    }
}

fn stands(state: State) -> bool {
    !matches!(state, State::Closed | State::Listen | State::SynSent | State::SynRecv)
}

/// The calls on a descriptor since it was made.
struct Past<'a> {
    calls: Vec<CallView<'a>>,
    /// The entry at which it was made.
    since: Moment,
    accepted: bool,
    ipv6: bool,
    udp: bool,
}

impl<'a> Past<'a> {
    /// `None` where the side has no such descriptor then.
    fn of(view: &View<'a>, side: Side, fd: i32) -> Option<Past<'a>> {
        let mut calls = Vec::new();
        for call in view.own_calls(side) {
            let Some(Ok(returned)) = call.outcome else {
                calls.extend((call.call.fd() == Some(fd)).then_some(call));
                continue;
            };
            let made = returned.value == i64::from(fd);
            match call.call {
                Call::Close { fd: closed } if *closed == fd => return None,
                Call::Socket { ipv6, udp } if made => {
                    return Some(Past { calls, since: call.changed, accepted: false, ipv6: *ipv6, udp: *udp });
                }
                Call::Accept { .. } if made => {
                    let ipv6 = returned.peer.is_some_and(|peer| peer.is_ipv6());
                    return Some(Past { calls, since: call.changed, accepted: true, ipv6, udp: false });
                }
                other => calls.extend((other.fd() == Some(fd)).then_some(call)),
            }
        }
        None
    }
}

/// The last own and peer address of a socket: where a connection has ended and the descriptor is still open, the kernel
/// tells none any more.
fn last_ends(view: &View<'_>, cookie: u64, since: Moment) -> Option<(SocketAddr, SocketAddr)> {
    let known = view.trace().entries().get(since..view.moment())?;
    known.iter().rev().find_map(|entry| match &entry.event {
        Event::Socket(facts) if facts.cookie == cookie => facts.local.zip(facts.remote),
        _ => None,
    })
}

/// The kernel's socket of a descriptor; where it is gone, the last that was known of it.
fn socket_of<'a>(view: &View<'a>, side: Side, fd: i32, since: Moment) -> Option<SocketView<'a>> {
    // What was last said before the descriptor was made is of an earlier socket with its number.
    let is = |socket: &SocketView<'_>| {
        socket.facts.side == Some(side) && socket.facts.fd == Some(fd) && socket.changed >= since
    };
    view.living().find(is).or_else(|| view.gone().find(is))
}
