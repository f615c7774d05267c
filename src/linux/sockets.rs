//! Whose socket is which: the kernel's table, put together with what the sides' calls made.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::diag::{self, DiagEntry, Which};
use super::netlink::Netlink;
use super::sys;
use crate::model::{Mode, Observation, Side, SocketFacts, SocketState, Source};
use crate::tcp::State;

/// An open descriptor of a side.
struct Open {
    side: Side,
    fd: i32,
    cookie: u64,
}

/// The sockets of a walk.
pub struct Sockets {
    netlink: Netlink,
    mode: Mode,
    ipv6: bool,
    udp: bool,
    open: Vec<Open>,
    owners: HashMap<u64, Side>,
    addresses: HashSet<SocketAddr>,
}

impl Sockets {
    /// None yet. Opens the way to the kernel's table in the calling thread's network namespace.
    pub fn new(mode: Mode) -> io::Result<Sockets> {
        let netlink = Netlink::open(libc::NETLINK_SOCK_DIAG)?;
        Ok(Sockets {
            netlink,
            mode,
            ipv6: false,
            udp: false,
            open: Vec::new(),
            owners: HashMap::new(),
            addresses: HashSet::new(),
        })
    }

    /// A side's call made a descriptor.
    pub fn made(&mut self, side: Side, fd: i32, cookie: u64) {
        self.open.push(Open { side, fd, cookie });
        self.owners.insert(cookie, side);
    }

    /// A side is about to close a descriptor: from now on its number is nobody's.
    pub fn closing(&mut self, side: Side, fd: i32) {
        self.open.retain(|open| !(open.side == side && open.fd == fd));
    }

    /// A side asked for such a socket: the kernel's tables of that family and that protocol matter from now on.
    pub fn uses(&mut self, ipv6: bool, udp: bool) {
        self.ipv6 |= ipv6;
        self.udp |= udp;
    }

    /// Asks the kernel for every socket of the walk. `now` is the time on the trace's clock.
    ///
    /// In the lab these are all sockets there are, but for those of other programs that are only bound; on the machine's
    /// own loopback those of the sides' calls, and the ends of their connections.
    pub fn observe(&mut self, now: Duration) -> io::Result<Observation> {
        let mut entries = self.dump(Which::Active, now)?;
        let listed = |open: &Open| entries.iter().any(|entry| entry.cookie == open.cookie);
        if !self.open.iter().all(listed) {
            let bound = self.dump(Which::Bound, now)?.into_iter();
            entries.extend(bound.filter(|entry| self.open.iter().any(|open| open.cookie == entry.cookie)));
        }
        self.own_children(&entries);
        let mut sockets: Vec<SocketFacts> = Vec::new();
        for entry in entries {
            let side = self.owners.get(&entry.cookie).copied();
            if side.is_some() {
                self.addresses.insert(entry.local);
            }
            if side.is_some() || self.mode == Mode::Lab {
                let fd = self.open.iter().find(|open| open.cookie == entry.cookie).map(|open| open.fd);
                sockets.push(facts(entry, side, fd));
            }
        }
        let unlisted = self.open.iter().filter(|open| !sockets.iter().any(|facts| facts.cookie == open.cookie));
        let unlisted: Vec<SocketFacts> = unlisted.filter_map(unlisted_facts).collect();
        sockets.extend(unlisted);
        Ok(Observation { at: now, sockets })
    }

    fn dump(&mut self, which: Which, now: Duration) -> io::Result<Vec<DiagEntry>> {
        let families = [Some(libc::AF_INET), self.ipv6.then_some(libc::AF_INET6)];
        let mut entries = Vec::new();
        for family in families.into_iter().flatten() {
            entries.extend(diag::dump(&mut self.netlink, (family, libc::IPPROTO_TCP), which, now)?);
            if self.udp && matches!(which, Which::Active) {
                let udp = diag::dump(&mut self.netlink, (family, libc::IPPROTO_UDP), which, now)?;
                // The wire has a datagram socket of its own, which is no part of what is shown.
                entries.extend(udp.into_iter().filter(|entry| self.owners.contains_key(&entry.cookie)));
            }
        }
        Ok(entries)
    }

    /// Whether one of the walk's sockets has, or had, this address: so its segments are told from other programs'.
    pub fn own(&self, address: SocketAddr) -> bool {
        self.addresses.contains(&address)
    }

    /// A connection that no call has returned yet belongs to the side whose listener it came to.
    fn own_children(&mut self, entries: &[DiagEntry]) {
        let listeners: Vec<(SocketAddr, Side)> = entries
            .iter()
            .filter(|entry| entry.state == State::Listen)
            .filter_map(|entry| Some((entry.local, *self.owners.get(&entry.cookie)?)))
            .collect();
        for entry in entries.iter().filter(|entry| entry.remote.is_some()) {
            let came_to = listeners.iter().find(|(local, _)| {
                local.port() == entry.local.port() && (local.ip() == entry.local.ip() || local.ip().is_unspecified())
            });
            if let Some((_, side)) = came_to {
                self.owners.entry(entry.cookie).or_insert(*side);
            }
        }
    }
}

fn facts(entry: DiagEntry, side: Option<Side>, fd: Option<i32>) -> SocketFacts {
    let datagram = fd.filter(|_| entry.state.tcp().is_none());
    // Of UDP the kernel's table counts the memory that it takes, not the bytes that came.
    let recv_queue = datagram.and_then(|fd| sys::next_datagram(fd).ok()).unwrap_or(entry.recv_queue);
    SocketFacts {
        cookie: entry.cookie,
        side,
        fd,
        local: Some(entry.local),
        remote: entry.remote,
        state: entry.state,
        source: Source::SockDiag,
        timer: entry.timer,
        recv_queue,
        send_queue: entry.send_queue,
        info: entry.info,
    }
}

/// A socket that the kernel's table doesn't have: before `bind()`, or after a connection's end while the descriptor is
/// still open. `TCP_INFO` tells its state; of a UDP socket, which has no such option, `getpeername()` whether it has a
/// peer.
fn unlisted_facts(open: &Open) -> Option<SocketFacts> {
    let (state, source, info) = match sys::tcp_info(open.fd) {
        Ok(bytes) => (diag::info_state(&bytes)?.into(), Source::TcpInfo, Some(diag::parse_info(&bytes))),
        Err(_) if sys::has_peer(open.fd).ok()? => (SocketState::Connected, Source::PeerName, None),
        Err(_) => (SocketState::Unconnected, Source::PeerName, None),
    };
    Some(SocketFacts {
        cookie: open.cookie,
        side: Some(open.side),
        fd: Some(open.fd),
        local: None,
        remote: None,
        state,
        source,
        timer: None,
        recv_queue: 0,
        send_queue: 0,
        info,
    })
}
