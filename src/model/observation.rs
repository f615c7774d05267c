//! What the kernel says of its sockets at one moment.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use super::tcp_info::TcpInfo;
use super::{Actor, Connection, Side, on_wire};
use crate::tcp::State;

/// Where a fact comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Source {
    /// A call returned it.
    Call,
    /// The kernel's table of all sockets says so (`sock_diag(7)`).
    SockDiag,
    /// The kernel says so of one own descriptor (`TCP_INFO` of `tcp(7)`).
    TcpInfo,
    /// The kernel says so of one own descriptor that isn't TCP's (`getpeername(2)`).
    PeerName,
    /// It was seen in a segment on the wire.
    Wire,
    /// The program concluded it from other facts.
    Concluded,
}

impl Source {
    /// The name that the transcript uses.
    pub const fn name(self) -> &'static str {
        match self {
            Source::Call => "call",
            Source::SockDiag => "sock_diag",
            Source::TcpInfo => "tcp_info",
            Source::PeerName => "getpeername",
            Source::Wire => "wire",
            Source::Concluded => "concluded",
        }
    }
}

/// Which of a socket's timers runs (`idiag_timer` of `sock_diag(7)`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum TimerKind {
    /// The retransmission timer.
    Retransmit,
    /// The keepalive timer.
    Keepalive,
    /// The timer of TIME_WAIT (2MSL).
    TimeWait,
    /// The zero-window probe timer.
    Probe,
    /// The timer that ends FIN_WAIT2 of a socket which nobody has any more (`tcp_fin_timeout`, TCP_LINGER2). To the kernel's table
    /// it is the keepalive timer, or that of TIME_WAIT.
    FinWait2,
}

impl TimerKind {
    /// All of them, each at the place that its number says.
    pub const ALL: [TimerKind; 5] =
        [TimerKind::Retransmit, TimerKind::Keepalive, TimerKind::TimeWait, TimerKind::Probe, TimerKind::FinWait2];
}

/// A socket's running timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Timer {
    /// Which one.
    pub kind: TimerKind,
    /// When it fires, on the clock of the trace.
    pub fires_at: Duration,
    /// How often it fired already (retransmissions or probes).
    pub fired: u8,
}

/// What the kernel says that a socket is: one of TCP's states, or, for UDP, which has none, whether it has a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum SocketState {
    /// A UDP socket without a peer: `UNCONN` of `ss(8)`.
    Unconnected,
    /// A UDP socket that `connect(2)` gave a peer: `ESTAB` of `ss(8)`. The peer knows nothing of it.
    Connected,
    /// A UDP socket that the kernel no longer has.
    Gone,
    /// A TCP socket in this state.
    Tcp(State),
}

impl SocketState {
    /// Those of UDP sockets.
    pub const UDP: [SocketState; 3] = [SocketState::Unconnected, SocketState::Connected, SocketState::Gone];

    /// The state's name of TCP; of UDP the word of `ss(8)`.
    pub const fn name(self) -> &'static str {
        match self {
            SocketState::Tcp(state) => state.name(),
            SocketState::Unconnected => "UNCONN",
            SocketState::Connected => "ESTAB",
            SocketState::Gone => "gone",
        }
    }

    /// The one with this name.
    pub fn from_name(name: &str) -> Option<SocketState> {
        let udp = SocketState::UDP.into_iter().find(|state| state.name() == name);
        udp.or_else(|| State::from_name(name).map(SocketState::Tcp))
    }

    /// The state of TCP; `None` of a UDP socket.
    pub const fn tcp(self) -> Option<State> {
        match self {
            SocketState::Tcp(state) => Some(state),
            SocketState::Unconnected | SocketState::Connected | SocketState::Gone => None,
        }
    }

    /// What it is once the kernel no longer has it.
    pub const fn ended(self) -> SocketState {
        match self {
            SocketState::Tcp(_) => SocketState::Tcp(State::Closed),
            SocketState::Unconnected | SocketState::Connected | SocketState::Gone => SocketState::Gone,
        }
    }
}

impl From<State> for SocketState {
    fn from(state: State) -> SocketState {
        SocketState::Tcp(state)
    }
}

impl PartialEq<State> for SocketState {
    fn eq(&self, state: &State) -> bool {
        self.tcp() == Some(*state)
    }
}

impl fmt::Display for SocketState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One socket as the kernel has it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SocketFacts {
    /// The kernel's name for it (`SO_COOKIE`): the same from the request socket (SYN_RECV) to TIME_WAIT.
    pub cookie: u64,
    /// Whose it is; `None` where another program's. In a lab that programs share, another program's socket belongs to
    /// the side whose part it plays.
    pub side: Option<Side>,
    /// Which of that side's actors has it, as [`Actor::nth`] has it.
    pub nth: u32,
    /// The name of the other program that has it; `None` for the sides' own, and where it isn't known.
    pub program: Option<String>,
    /// The descriptor, while there is one; of several the one that was made first.
    pub fd: Option<i32>,
    /// The further descriptors of the same socket (`dup(2)`) that the same actor has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<i32>,
    /// The descriptors of the same socket that other processes of its side have (`fork(2)`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elsewhere: Vec<InheritedDescriptor>,
    /// Own address; `None` before `bind()` or `connect()`.
    pub local: Option<SocketAddr>,
    /// The peer's address; `None` where there is no peer.
    pub remote: Option<SocketAddr>,
    /// Its state.
    pub state: SocketState,
    /// Who said so.
    pub source: Source,
    /// The running timer.
    pub timer: Option<Timer>,
    /// Bytes received and not yet read; for LISTEN, connections that wait for `accept()`; for UDP, the bytes of the next
    /// datagram (`FIONREAD` of `udp(7)`).
    pub recv_queue: u32,
    /// Only of UDP: the receive queue counts the memory that all datagrams take, as `ss(8)` does. The kernel tells the
    /// bytes of the next one only to the process that has the socket.
    pub counts_memory: bool,
    /// Bytes sent and not yet acknowledged; for LISTEN, the backlog.
    pub send_queue: u32,
    /// Further facts of TCP_INFO; `None` where the kernel gave none.
    pub info: Option<TcpInfo>,
}

/// A descriptor that another process of a socket's side has of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct InheritedDescriptor {
    /// Which of the side's actors has it, as [`Actor::nth`] has it.
    pub nth: u32,
    /// Its number there.
    pub fd: i32,
}

/// How far a timer's end may move before it counts as news: the kernel's own grain is a jiffy (up to 10 ms).
const TIMER_GRAIN: Duration = Duration::from_millis(200);

impl SocketFacts {
    /// Whose it is; `None` where another program's.
    pub fn actor(&self) -> Option<Actor> {
        self.side.map(|side| Actor { side, nth: self.nth })
    }

    /// An actor's descriptors of it, that which was made first at first.
    pub fn fds_of(&self, actor: Actor) -> Vec<i32> {
        if self.actor() == Some(actor) {
            return self.fd.into_iter().chain(self.also.iter().copied()).collect();
        }
        let own = self.elsewhere.iter().filter(|held| self.side == Some(actor.side) && held.nth == actor.nth);
        own.map(|held| held.fd).collect()
    }

    /// Whether it is an actor's: its own, or one that another process of its side has too.
    pub fn is_of(&self, actor: Actor) -> bool {
        self.actor() == Some(actor) || !self.fds_of(actor).is_empty()
    }

    /// Whether this is one of an actor's descriptors of it.
    pub fn is_open_as(&self, actor: Actor, fd: i32) -> bool {
        self.fds_of(actor).contains(&fd)
    }

    /// The other processes of an actor's side that have it too, each once.
    pub fn others_than(&self, actor: Actor) -> Vec<Actor> {
        let Some(side) = self.side else { return Vec::new() };
        let own = self.actor().filter(|_| self.fd.is_some());
        let elsewhere = self.elsewhere.iter().map(|held| Actor { side, nth: held.nth });
        let mut others: Vec<Actor> = own.into_iter().chain(elsewhere).filter(|other| *other != actor).collect();
        others.sort_unstable();
        others.dedup();
        others
    }

    /// Its own address as packets bear it: an IPv4-mapped one of an IPv6 socket is the IPv4 one (RFC 4291, section 2.5.5.2).
    pub fn own_address(&self) -> Option<SocketAddr> {
        self.local.map(on_wire)
    }

    /// Its own address and its peer's as packets bear them; `None` where it has no peer.
    pub fn ends(&self) -> Option<(SocketAddr, SocketAddr)> {
        Some((on_wire(self.local?), on_wire(self.remote?)))
    }

    /// The connection whose end it is; `None` where it has no peer.
    pub fn connection(&self) -> Option<Connection> {
        self.ends().map(|(local, remote)| Connection::new(local, remote))
    }

    /// Whether anything differs that `TCP_INFO` tells of the two, times that grow by themselves too.
    pub(super) fn has_other_times(&self, other: &SocketFacts) -> bool {
        self.remote.is_some() && self.info != other.info
    }

    /// Whether a person would see a difference between the two: everything of a socket that is shown anywhere counts.
    ///
    /// How often it can differ is bounded by how often the kernel is asked, not by how much is sent: while segments pass
    /// by themselves, that is five times a second.
    pub fn differs(&self, other: &SocketFacts) -> bool {
        let timer = match (&self.timer, &other.timer) {
            (None, None) => false,
            (Some(a), Some(b)) => {
                a.kind != b.kind || a.fired != b.fired || a.fires_at.abs_diff(b.fires_at) > TIMER_GRAIN
            }
            _ => true,
        };
        // Without a peer the kernel fills them with what it would begin with, and nobody shows them.
        let info = |facts: &SocketFacts| facts.info.filter(|_| facts.remote.is_some()).map(TcpInfo::coarse);
        timer
            || info(self) != info(other)
            || self.source != other.source
            || self.counts_memory != other.counts_memory
            || self.state != other.state
            || self.recv_queue != other.recv_queue
            || self.send_queue != other.send_queue
            || self.fd != other.fd
            || self.also != other.also
            || self.elsewhere != other.elsewhere
            || self.actor() != other.actor()
            || self.program != other.program
            || self.local != other.local
            || self.remote != other.remote
    }
}

/// What the kernel said of every socket of the lab at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observation {
    /// When it was asked, on the clock of the trace.
    pub at: Duration,
    /// The sockets, in the kernel's order.
    pub sockets: Vec<SocketFacts>,
}

/// What the kernel says of some sockets at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartialDump {
    /// Those that it has.
    pub sockets: Vec<SocketFacts>,
    /// Those that it had before and has no longer.
    pub gone: Vec<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::socket;
    use crate::model::{CongestionState, InfoOptions};

    #[test]
    fn whatever_is_shown_makes_a_difference() {
        let end = |port| Some(SocketAddr::from(([127, 0, 0, 1], port)));
        let ms = Duration::from_millis;
        let mut facts = socket(1, Side::Server, Some(4), State::Established, (end(8000), end(4000)));
        facts.timer = Some(Timer { kind: TimerKind::Retransmit, fires_at: ms(1000), fired: 1 });
        facts.info = Some(TcpInfo {
            rto: Some(ms(204)),
            rtt: Some(Duration::from_micros(149)),
            snd_cwnd: Some(10),
            snd_mss: Some(1448),
            unacked: Some(1),
            total_retrans: Some(0),
            ..TcpInfo::default()
        });
        assert!(!facts.differs(&facts.clone()));
        type Change = (&'static str, fn(&mut SocketFacts));
        fn of(facts: &mut SocketFacts) -> &mut TcpInfo {
            facts.info.get_or_insert_default()
        }
        fn timer(facts: &mut SocketFacts) -> &mut Timer {
            facts.timer.as_mut().unwrap()
        }
        let changes: [Change; 37] = [
            ("rto", |facts| of(facts).rto = Some(Duration::from_millis(205))),
            ("rtt", |facts| of(facts).rtt = Some(Duration::from_micros(150))),
            ("cwnd", |facts| of(facts).snd_cwnd = Some(11)),
            ("mss", |facts| of(facts).snd_mss = Some(536)),
            ("unacked", |facts| of(facts).unacked = Some(2)),
            ("retrans", |facts| of(facts).total_retrans = Some(1)),
            ("congestion", |facts| of(facts).ca_state = Some(CongestionState::Loss)),
            ("backoff", |facts| of(facts).backoff = Some(1)),
            ("probes", |facts| of(facts).probes = Some(1)),
            ("options", |facts| of(facts).options = Some(InfoOptions(1))),
            ("sacked", |facts| of(facts).sacked = Some(1)),
            ("lost", |facts| of(facts).lost = Some(1)),
            ("sent again", |facts| of(facts).retrans = Some(1)),
            ("ssthresh", |facts| of(facts).snd_ssthresh = Some(5)),
            ("reordering", |facts| of(facts).reordering = Some(4)),
            ("delivered", |facts| of(facts).delivered = Some(1)),
            ("rttvar", |facts| of(facts).rttvar = Some(Duration::from_millis(1))),
            ("pacing", |facts| of(facts).pacing_rate = Some(1_000)),
            ("window", |facts| of(facts).snd_wnd = Some(1)),
            ("no rtt", |facts| of(facts).rtt = None),
            ("no info", |facts| facts.info = None),
            ("timer", |facts| timer(facts).kind = TimerKind::Probe),
            ("fired", |facts| timer(facts).fired = 2),
            ("end of the timer", |facts| timer(facts).fires_at = Duration::from_secs(2)),
            ("no timer", |facts| facts.timer = None),
            ("state", |facts| facts.state = State::CloseWait.into()),
            ("source", |facts| facts.source = Source::TcpInfo),
            ("recv queue", |facts| facts.recv_queue = 1),
            ("what it counts", |facts| facts.counts_memory = true),
            ("send queue", |facts| facts.send_queue = 1),
            ("descriptor", |facts| facts.fd = None),
            ("further descriptor", |facts| facts.also = vec![9]),
            ("inherited descriptor", |facts| facts.elsewhere = vec![InheritedDescriptor { nth: 2, fd: 4 }]),
            ("side", |facts| facts.side = None),
            ("program", |facts| facts.program = Some("nc".into())),
            ("local", |facts| facts.local = None),
            ("remote", |facts| facts.remote = None),
        ];
        for (what, change) in changes {
            let mut other = facts.clone();
            change(&mut other);
            assert!(facts.differs(&other) && other.differs(&facts), "{what}");
        }
        // What rounds to the same on every screen is no news.
        let mut same = facts.clone();
        of(&mut same).rtt = Some(Duration::from_micros(148));
        assert!(!facts.differs(&same));
    }

    #[test]
    fn no_word_on_a_udp_socket_is_a_state_of_tcp() {
        for state in State::ALL {
            assert_eq!(SocketState::from_name(state.name()), Some(SocketState::Tcp(state)));
            assert_eq!(SocketState::Tcp(state).ended(), State::Closed);
        }
        for udp in SocketState::UDP {
            assert_eq!((SocketState::from_name(udp.name()), udp.tcp()), (Some(udp), None));
            assert!(State::from_name(udp.name()).is_none() && udp != State::Closed && udp != State::Established);
            assert_eq!(udp.ended(), SocketState::Gone);
        }
        assert_eq!(SocketState::from_name("open"), None);
    }
}
