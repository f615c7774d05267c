//! Whose socket is which: the kernel's table, put together with what the sides' calls made.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

use super::descriptors::{NewSocket, Tables};
use super::diag::{self, DiagEntry, DumpFilter};
use super::netlink::Netlink;
use super::proc;
use super::sys;
use crate::model::{
    Actor, Connection, InheritedDescriptor, KernelTable, Mode, Observation, PartialDump, Side, SocketFacts,
    SocketState, Source, TcpInfo, Timer, TimerKind, Trace, on_wire,
};
use crate::tcp::State;

/// The ports that the kernel chooses from where a program names none (`ip_local_port_range` of `ip(7)`, as a new namespace
/// has it).
const CHOSEN_PORTS: RangeInclusive<u16> = 32_768..=60_999;

/// So often the kernel's tables are read at most for one observation.
const READINGS: usize = 3;

/// An open descriptor of an actor's.
struct OpenSocket {
    actor: Actor,
    socket: NewSocket,
    /// Of a program's, the process that has it.
    process: Option<u32>,
}

impl OpenSocket {
    /// What is asked of the descriptor where it is: in its side's table, or in a copy of a program's. `None` where neither can be had.
    fn ask<R: Send + 'static>(
        &self,
        tables: Option<&Tables>,
        act: impl FnOnce(RawFd) -> R + Send + 'static,
    ) -> Option<R> {
        let NewSocket { fd, cookie, .. } = self.socket;
        let Some(process) = self.process else {
            let tables = tables?;
            return tables.within(tables.process(self.actor), move || act(fd)).ok();
        };
        let copy = proc::descriptor(process, fd)?;
        // The number may be another one's by now.
        sys::cookie(copy.as_raw_fd()).is_ok_and(|of| of == cookie).then(|| act(copy.as_raw_fd()))
    }
}

/// The sockets of a walk.
pub struct Sockets {
    netlink: Netlink,
    mode: Mode,
    ipv6: bool,
    udp: bool,
    open: Vec<OpenSocket>,
    /// Where the open descriptors can be asked; `None` where they are other processes'.
    tables: Option<Arc<Tables>>,
    owners: HashMap<u64, Actor>,
    addresses: HashSet<SocketAddr>,
    /// The wire's own datagram socket, which is no part of what is shown.
    hidden: Option<u64>,
    /// Where several processes share the lab: what their sockets' inodes are, by cookie.
    shared: Option<HashMap<u64, u32>>,
}

impl Sockets {
    /// None yet. Opens the way to the kernel's table in the calling thread's network namespace.
    pub fn new(mode: Mode) -> io::Result<Sockets> {
        let netlink = Netlink::open(libc::NETLINK_SOCK_DIAG)?;
        let (open, owners, addresses) = (Vec::new(), HashMap::new(), HashSet::new());
        let (tables, hidden, shared) = (None, None, None);
        Ok(Sockets { netlink, mode, ipv6: false, udp: false, open, tables, owners, addresses, hidden, shared })
    }

    /// Takes over what a trace tells of the sockets: whose each was, and which descriptors are open.
    pub fn resume(&mut self, trace: &Trace) {
        for socket in trace.present().sockets() {
            let Some(actor) = socket.facts.actor() else { continue };
            self.owners.insert(socket.facts.cookie, actor);
            self.addresses.extend(socket.facts.own_address());
            if let Some(fd) = socket.facts.fd.filter(|_| !socket.gone) {
                let udp = socket.facts.state.tcp().is_none();
                let own = [&[fd], &socket.facts.also[..]].concat().into_iter().map(|fd| (actor.nth, fd));
                let elsewhere = socket.facts.elsewhere.iter().map(|held| (held.nth, held.fd));
                for (nth, fd) in own.chain(elsewhere) {
                    let socket = NewSocket { fd, cookie: socket.facts.cookie, udp };
                    self.open.push(OpenSocket { actor: Actor { nth, ..actor }, socket, process: None });
                }
            }
        }
    }

    /// The sides' descriptors are this process's, and can be asked here.
    pub fn ask(&mut self, tables: Arc<Tables>) {
        self.tables = Some(tables);
    }

    /// This socket is never told of.
    pub fn hide(&mut self, cookie: Option<u64>) {
        self.hidden = cookie;
    }

    /// Other processes have sockets here too, of any family and protocol; a program's socket belongs to the side whose part it plays.
    pub fn share(&mut self) {
        self.uses(true, true);
        self.shared = Some(HashMap::new());
    }

    /// The inodes of the sockets that the kernel was last asked for, by cookie; none where the lab isn't shared.
    pub fn inodes(&self) -> &HashMap<u64, u32> {
        static NONE: std::sync::LazyLock<HashMap<u64, u32>> = std::sync::LazyLock::new(HashMap::new);
        self.shared.as_ref().unwrap_or(&NONE)
    }

    /// An actor's process has ended: its descriptors are nobody's.
    pub fn left(&mut self, actor: Actor) {
        self.take_out(|open| open.actor == actor);
    }

    /// An actor's call made a descriptor.
    pub fn made(&mut self, actor: Actor, socket: NewSocket) {
        self.open.push(OpenSocket { actor, socket, process: None });
        self.owners.insert(socket.cookie, actor);
    }

    /// A child begins with these sockets, which its parent has too.
    pub fn inherited(&mut self, (parent, child): (Actor, Actor), sockets: Vec<NewSocket>) {
        let own = self.open.iter().filter(|open| open.actor == parent && open.process.is_none());
        let known = own.map(|open| open.socket.cookie);
        let known: HashSet<u64> = known.collect();
        let sockets = sockets.into_iter().filter(|socket| known.contains(&socket.cookie));
        self.open.extend(sockets.map(|socket| OpenSocket { actor: child, socket, process: None }));
    }

    /// A program's process has these sockets, and no others; each is an actor's.
    pub fn process_has(&mut self, process: u32, sockets: &[(Actor, NewSocket)]) {
        self.open.retain(|open| open.process != Some(process));
        for (actor, socket) in sockets {
            self.open.push(OpenSocket { actor: *actor, socket: *socket, process: Some(process) });
            self.owners.insert(socket.cookie, *actor);
        }
    }

    /// A program's process has one more socket; an earlier one with its number is closed.
    pub fn process_opened(&mut self, process: u32, actor: Actor, socket: NewSocket) {
        self.process_closed(process, socket.fd);
        self.open.push(OpenSocket { actor, socket, process: Some(process) });
        self.owners.insert(socket.cookie, actor);
    }

    /// A program's process has closed a descriptor.
    pub fn process_closed(&mut self, process: u32, fd: i32) {
        self.open.retain(|open| open.process != Some(process) || open.socket.fd != fd);
    }

    /// A socket is another actor's than was known.
    pub fn belongs(&mut self, cookie: u64, actor: Actor) {
        self.owners.insert(cookie, actor);
        self.open.iter_mut().filter(|open| open.socket.cookie == cookie).for_each(|open| open.actor = actor);
    }

    /// The sockets of programs whose calls are seen, by cookie.
    pub fn of_programs(&self) -> HashSet<u64> {
        self.open.iter().filter(|open| open.process.is_some()).map(|open| open.socket.cookie).collect()
    }

    /// An actor is about to close a descriptor: from now on its number is nobody's.
    pub fn closing(&mut self, actor: Actor, fd: i32) {
        self.take_out(|open| open.actor == actor && open.socket.fd == fd);
    }

    /// These descriptors are nobody's any more. A socket that another process of the side has too is that one's from now on.
    fn take_out(&mut self, is_closed: impl Fn(&OpenSocket) -> bool) {
        let (closed, open): (Vec<OpenSocket>, Vec<OpenSocket>) =
            std::mem::take(&mut self.open).into_iter().partition(is_closed);
        self.open = open;
        for OpenSocket { actor, socket, .. } in closed {
            let held = |open: &&OpenSocket| open.socket.cookie == socket.cookie && open.process.is_none();
            let has_it = self.open.iter().filter(held).any(|open| open.actor == actor);
            let heir = self.open.iter().find(held).map(|open| open.actor);
            if let (false, Some(heir), Some(owner)) = (has_it, heir, self.owners.get_mut(&socket.cookie))
                && *owner == actor
            {
                *owner = heir;
            }
        }
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
        // A call that runs meanwhile may bring a socket into the table after the table was read; its descriptor, asked
        // later, then says more than the table. So the table is read again.
        for _ in 1..READINGS {
            let observation = self.read_tables(now)?;
            let newer = |facts: &SocketFacts| facts.source == Source::TcpInfo && facts.state != State::Closed;
            if !observation.sockets.iter().any(newer) {
                return Ok(observation);
            }
        }
        self.read_tables(now)
    }

    fn read_tables(&mut self, now: Duration) -> io::Result<Observation> {
        let mut entries = self.dump(DumpFilter::Active, now)?;
        let listed: HashSet<u64> = entries.iter().map(|entry| entry.cookie).collect();
        let may_be_bound = |open: &OpenSocket| !open.socket.udp && has_port(open, self.tables.as_deref());
        if self.open.iter().any(|open| !listed.contains(&open.socket.cookie) && may_be_bound(open)) {
            let own: HashSet<u64> = self.open.iter().map(|open| open.socket.cookie).collect();
            let bound = self.dump(DumpFilter::Bound, now)?.into_iter();
            entries.extend(bound.filter(|entry| own.contains(&entry.cookie)));
        }
        self.own_children(&entries);
        if let Some(inodes) = &mut self.shared {
            *inodes = entries.iter().map(|entry| (entry.cookie, entry.inode)).collect();
            if self.mode == Mode::Lab {
                cast(&entries, &mut self.owners);
            }
        }
        self.addresses
            .extend(entries.iter().filter(|entry| self.owners.contains_key(&entry.cookie)).map(|e| on_wire(e.local)));
        let mut descriptors: HashMap<u64, Vec<&OpenSocket>> = HashMap::new();
        for open in &self.open {
            descriptors.entry(open.socket.cookie).or_default().push(open);
        }
        let mut sockets: Vec<SocketFacts> = Vec::new();
        for entry in entries {
            let owner = self.owners.get(&entry.cookie).copied();
            if owner.is_some() || self.mode == Mode::Lab {
                let held = descriptors.remove(&entry.cookie).unwrap_or_default();
                sockets.push(self.facts(entry, owner, &held));
            }
        }
        let mut told: HashSet<u64> = sockets.iter().map(|facts| facts.cookie).collect();
        let unlisted = self.open.iter().filter(|open| told.insert(open.socket.cookie));
        let unlisted = unlisted.filter_map(|open| {
            let facts = unlisted_facts(open, self.tables.as_deref())?;
            let held = descriptors.remove(&open.socket.cookie).unwrap_or_default();
            Some(with_holders(facts, &held))
        });
        let unlisted: Vec<SocketFacts> = unlisted.collect();
        sockets.extend(unlisted);
        Ok(Observation { at: now, sockets })
    }

    /// Asks the kernel for the ends of these connections and for who listens there, of what it `told` before.
    ///
    /// `None` where that isn't all that has changed: where an end has a socket that nobody knows yet, which may be
    /// anybody's (one in TIME_WAIT is another one to the kernel than the one that it was), or none any more although a
    /// side has its descriptor, or where a socket isn't TCP's.
    pub fn glance(
        &mut self,
        connections: &HashSet<Connection>,
        told: &KernelTable,
        now: Duration,
    ) -> io::Result<Option<PartialDump>> {
        let ports: HashSet<u16> = connections.iter().flat_map(Connection::ends).map(|end| end.port()).collect();
        let mut known = HashMap::new();
        let mut listening = Vec::new();
        for facts in told.sockets() {
            match (facts.local, facts.ends()) {
                (_, Some(ends)) if connections.contains(&Connection::new(ends.0, ends.1)) => {
                    known.insert(ends, facts);
                }
                (Some(local), None) if facts.state == State::Listen && ports.contains(&local.port()) => {
                    listening.push((local, facts));
                }
                _ => {}
            }
        }
        let ends = connections.iter().flat_map(|connection| {
            let [low, high] = connection.ends();
            [(low, high), (high, low)]
        });
        let asked = ends.map(|(local, remote)| (local, Some(remote), known.get(&(local, remote)).copied()));
        let asked: Vec<_> =
            asked.chain(listening.into_iter().map(|(local, facts)| (local, None, Some(facts)))).collect();
        let mut glance = PartialDump::default();
        for (local, remote, known) in asked {
            let entry = diag::query(&mut self.netlink, (local, remote), now)?;
            let open = |cookie| {
                self.open.iter().filter(move |open| open.socket.cookie == cookie).collect::<Vec<&OpenSocket>>()
            };
            match (
                entry.filter(|entry| (on_wire(entry.local), entry.remote.map(on_wire)) == (on_wire(local), remote)),
                known,
            ) {
                (Some(entry), Some(known)) if entry.cookie == known.cookie => {
                    let held = open(entry.cookie);
                    let facts = self.facts(entry, known.actor(), &held);
                    glance.sockets.push(SocketFacts { program: known.program.clone(), ..facts });
                }
                (None, Some(known)) if known.state.tcp().is_some() && open(known.cookie).is_empty() => {
                    glance.gone.push(known.cookie);
                }
                (None, None) => {}
                _ => return Ok(None),
            }
        }
        Ok(Some(glance))
    }

    fn dump(&mut self, which: DumpFilter, now: Duration) -> io::Result<Vec<DiagEntry>> {
        let families = [Some(libc::AF_INET), self.ipv6.then_some(libc::AF_INET6)];
        let mut entries = Vec::new();
        for family in families.into_iter().flatten() {
            entries.extend(diag::dump(&mut self.netlink, (family, libc::IPPROTO_TCP), which, now)?);
            if self.udp && matches!(which, DumpFilter::Active) {
                let udp = match diag::dump(&mut self.netlink, (family, libc::IPPROTO_UDP), which, now) {
                    // Without the module that tells of them they are unknown, but for what their descriptors tell.
                    Err(error) if error.raw_os_error() == Some(libc::ENOENT) => continue,
                    udp => udp?,
                };
                let others = self.shared.is_some() && self.mode == Mode::Lab;
                let told = |cookie| self.owners.contains_key(&cookie) || (others && self.hidden != Some(cookie));
                entries.extend(udp.into_iter().filter(|entry| told(entry.cookie)));
            }
        }
        Ok(entries)
    }

    /// Whether one of the walk's sockets has, or had, this address: so its segments are told from other programs'.
    pub fn own(&self, address: SocketAddr) -> bool {
        self.addresses.contains(&address)
    }

    /// What is told of an entry.
    fn facts(&self, entry: DiagEntry, owner: Option<Actor>, held: &[&OpenSocket]) -> SocketFacts {
        let udp = entry.state.tcp().is_none();
        // Of UDP the kernel's table counts the memory that it takes, not the bytes that came.
        let next = || held.first()?.ask(self.tables.as_deref(), sys::next_datagram)?.ok();
        let next = if udp { next() } else { None };
        let recv_queue = next.unwrap_or(entry.recv_queue);
        let counts_memory = udp && next.is_none();
        let facts = SocketFacts {
            cookie: entry.cookie,
            side: owner.map(|owner| owner.side),
            nth: owner.map_or(Actor::FIRST, |owner| owner.nth),
            program: None,
            fd: None,
            also: Vec::new(),
            elsewhere: Vec::new(),
            local: Some(entry.local),
            remote: entry.remote,
            state: entry.state,
            source: Source::SockDiag,
            timer: entry.timer.map(|timer| meant(timer, &entry)),
            recv_queue,
            counts_memory,
            send_queue: entry.send_queue,
            info: entry.info,
        };
        with_holders(facts, held)
    }

    /// A connection that no call has returned yet belongs to the actor whose listener it came to.
    fn own_children(&mut self, entries: &[DiagEntry]) {
        let listeners: Vec<(SocketAddr, Actor)> = entries
            .iter()
            .filter(|entry| entry.state == State::Listen)
            .filter_map(|entry| Some((entry.local, *self.owners.get(&entry.cookie)?)))
            .collect();
        for entry in entries.iter().filter(|entry| entry.remote.is_some() && !is_udp(entry)) {
            let came_to = listeners.iter().find(|(local, _)| {
                local.port() == entry.local.port()
                    && (on_wire(*local) == on_wire(entry.local) || local.ip().is_unspecified())
            });
            if let Some((_, owner)) = came_to {
                self.owners.entry(entry.cookie).or_insert(*owner);
            }
        }
    }
}

/// Finds the part that each socket plays which is nobody's yet: a listener is a server's, and so is what came to it; what
/// is connected to such an address is a client's, and so is what nothing else is known of. Of UDP, a socket that has bound
/// a port and has no peer is a server's, unless the kernel chose the port: then it has only sent.
fn cast(entries: &[DiagEntry], owners: &mut HashMap<u64, Actor>) {
    for entry in entries.iter().filter(|entry| entry.state == State::Listen) {
        owners.entry(entry.cookie).or_insert(Side::Server.into());
    }
    for entry in entries.iter().filter(|entry| entry.state == SocketState::Unconnected) {
        let side = if CHOSEN_PORTS.contains(&entry.local.port()) { Side::Client } else { Side::Server };
        owners.entry(entry.cookie).or_insert(side.into());
    }
    let waits = |entry: &&DiagEntry| match entry.state {
        SocketState::Unconnected => !CHOSEN_PORTS.contains(&entry.local.port()),
        state => state == State::Listen,
    };
    let listeners: HashMap<(bool, u16), Side> = { entries.iter() }
        .filter(waits)
        .filter_map(|entry| Some(((is_udp(entry), entry.local.port()), owners.get(&entry.cookie)?.side)))
        .collect();
    let connected: HashMap<(SocketAddr, SocketAddr), Side> = { entries.iter() }
        .filter_map(|entry| Some(((on_wire(entry.local), on_wire(entry.remote?)), owners.get(&entry.cookie)?.side)))
        .collect();
    for entry in entries {
        let Some(remote) = entry.remote.filter(|_| !owners.contains_key(&entry.cookie)) else { continue };
        let came = listeners.get(&(is_udp(entry), entry.local.port())).copied();
        let peer = connected.get(&(on_wire(remote), on_wire(entry.local))).map(|side| side.other());
        let went = listeners.get(&(is_udp(entry), remote.port())).map(|side| side.other());
        owners.insert(entry.cookie, came.or(peer).or(went).unwrap_or(Side::Client).into());
    }
}

fn is_udp(entry: &DiagEntry) -> bool {
    entry.state.tcp().is_none()
}

/// The facts of a socket with its descriptors. Of several processes of a side that have it, it is whose it was before, as long as
/// that one has it. Of programs' descriptors one is told here, the others with their calls.
fn with_holders(facts: SocketFacts, held: &[&OpenSocket]) -> SocketFacts {
    let Some(first) = held.first() else { return facts };
    let owner = facts.actor().filter(|owner| held.iter().any(|open| open.actor == *owner));
    let Actor { side, nth } = owner.unwrap_or(first.actor);
    let (own, others): (Vec<&OpenSocket>, Vec<&OpenSocket>) = held.iter().partition(|open| open.actor.nth == nth);
    let made = |open: &&&OpenSocket| open.process.is_none();
    let also = own.iter().skip(1).filter(made).map(|open| open.socket.fd).collect();
    let elsewhere = { others.iter().filter(made) }
        .map(|open| InheritedDescriptor { nth: open.actor.nth, fd: open.socket.fd })
        .collect();
    SocketFacts { side: Some(side), nth, fd: own.first().map(|open| open.socket.fd), also, elsewhere, ..facts }
}

/// Whether a socket has a port, as `getsockname(2)` says: one without is bound to nothing. `true` where that can't be asked.
fn has_port(open: &OpenSocket, tables: Option<&Tables>) -> bool {
    let Some(Ok(name)) = open.ask(tables, sys::calls::own_name) else { return true };
    name.as_socket().is_none_or(|own| own.port() != 0)
}

/// A timer by what it is for: FIN_WAIT2 of a socket that no file is of ends by the keepalive timer (`tcp_rcv_state_process()`), and by that
/// of TIME_WAIT where only its addresses are left of it (`tcp_time_wait()`).
fn meant(timer: Timer, entry: &DiagEntry) -> Timer {
    let ends = match timer.kind {
        TimerKind::Keepalive => entry.inode == 0,
        TimerKind::TimeWait => true,
        _ => false,
    };
    let kind = if entry.state == State::FinWait2 && ends { TimerKind::FinWait2 } else { timer.kind };
    Timer { kind, ..timer }
}

/// A socket that the kernel's table doesn't have, and whose descriptor can't be asked: an unconnected or closed one.
fn concluded(open: &OpenSocket) -> SocketFacts {
    let state = if open.socket.udp { SocketState::Unconnected } else { State::Closed.into() };
    without_entry(open, state, Source::Concluded, None)
}

/// A socket that the kernel's table doesn't have: before `bind()`, or after a connection's end while the descriptor is
/// still open. `TCP_INFO` tells its state; of a UDP socket, which has no such option, `getpeername()` whether it has a
/// peer. `None` where it is a side's whose table is gone.
fn unlisted_facts(open: &OpenSocket, tables: Option<&Tables>) -> Option<SocketFacts> {
    let Some((info, peer)) = open.ask(tables, |fd| (sys::tcp_info(fd), sys::has_peer(fd))) else {
        return (open.process.is_some() || tables.is_none()).then(|| concluded(open));
    };
    let (state, source, info) = match info {
        Ok(bytes) => (diag::info_state(&bytes)?.into(), Source::TcpInfo, Some(diag::parse_info(&bytes))),
        Err(_) if peer.ok()? => (SocketState::Connected, Source::PeerName, None),
        Err(_) => (SocketState::Unconnected, Source::PeerName, None),
    };
    Some(without_entry(open, state, source, info))
}

fn without_entry(open: &OpenSocket, state: SocketState, source: Source, info: Option<TcpInfo>) -> SocketFacts {
    SocketFacts {
        cookie: open.socket.cookie,
        side: Some(open.actor.side),
        nth: open.actor.nth,
        program: None,
        fd: Some(open.socket.fd),
        also: Vec::new(),
        elsewhere: Vec::new(),
        local: None,
        remote: None,
        state,
        source,
        timer: None,
        recv_queue: 0,
        counts_memory: false,
        send_queue: 0,
        info,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{Shutdown, TcpListener, TcpStream};
    use std::os::fd::{AsFd, AsRawFd};

    use socket2::{Domain, Socket, Type};

    use super::*;

    #[test]
    fn a_timer_of_fin_wait_2_is_told_by_what_it_is_for() {
        let entry = |state: State, inode| DiagEntry {
            cookie: 1,
            state: state.into(),
            local: SocketAddr::from(([127, 0, 0, 1], 1)),
            remote: None,
            timer: None,
            recv_queue: 0,
            send_queue: 0,
            inode,
            info: None,
        };
        let timer = |kind| Timer { kind, fires_at: Duration::ZERO, fired: 0 };
        use TimerKind::{FinWait2, Keepalive, Probe, TimeWait};
        for (state, inode, kind, wanted) in [
            (State::FinWait2, 0, Keepalive, FinWait2),
            (State::FinWait2, 0, TimeWait, FinWait2),
            // A program has it, and SO_KEEPALIVE is set.
            (State::FinWait2, 7, Keepalive, Keepalive),
            (State::Established, 0, Keepalive, Keepalive),
            (State::TimeWait, 0, TimeWait, TimeWait),
            (State::FinWait1, 0, Probe, Probe),
        ] {
            assert_eq!(meant(timer(kind), &entry(state, inode)).kind, wanted, "{state} {inode} {kind:?}");
        }
    }

    /// Some sockets on the machine's own loopback, and what is known of them.
    struct Scene {
        sockets: Sockets,
        told: KernelTable,
    }

    impl Scene {
        /// A server that listens, and nobody else.
        fn new() -> (Scene, TcpListener, SocketAddr) {
            let mut sockets = Sockets::new(Mode::Host).unwrap();
            sockets.share();
            let mut scene = Scene { sockets, told: KernelTable::default() };
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let server = listener.local_addr().unwrap();
            scene.made(Side::Server, &listener);
            (scene, listener, server)
        }

        fn made(&mut self, side: Side, socket: &(impl AsRawFd + AsFd)) {
            let borrowed = socket2::SockRef::from(socket);
            let cookie = borrowed.cookie().unwrap();
            self.sockets.made(side.into(), NewSocket { fd: socket.as_raw_fd(), cookie, udp: false });
        }

        fn closing(&mut self, side: Side, socket: &(impl AsRawFd + AsFd)) {
            self.sockets.closing(side.into(), socket.as_raw_fd());
        }

        fn look(&mut self) {
            let observation = self.sockets.observe(Duration::ZERO).unwrap();
            self.told.news(observation);
        }

        /// What a glance at a connection tells, held against what a look at all of them does.
        #[track_caller]
        fn glance(&mut self, connection: Connection) {
            // An acknowledgement may be put off: what is compared must stand still.
            let under_way = |facts: &SocketFacts| facts.send_queue > 0 && facts.state != State::Listen;
            while self.sockets.observe(Duration::ZERO).unwrap().sockets.iter().any(under_way) {
                std::thread::yield_now();
            }
            let glance = self.sockets.glance(&HashSet::from([connection]), &self.told, Duration::ZERO).unwrap();
            self.told.news_of(glance.expect("all that changed is known"));
            let all = self.sockets.observe(Duration::ZERO).unwrap();
            assert_eq!(self.told.clone().news(all), []);
        }
    }

    #[test]
    fn a_glance_at_what_changed_tells_what_a_look_at_all_does() {
        let (mut scene, listener, server) = Scene::new();
        let [first, second, third] = [(); 3].map(|()| TcpStream::connect(server).unwrap());
        let [(taken, _), (also_taken, _)] = [(); 2].map(|()| listener.accept().unwrap());
        [&first, &second, &third].into_iter().for_each(|client| scene.made(Side::Client, client));
        [&taken, &also_taken].into_iter().for_each(|conn| scene.made(Side::Server, conn));
        scene.look();
        assert_eq!(scene.told.sockets().len(), 7, "the third waits for accept()");
        let [of_first, of_second, of_third] =
            [&first, &second, &third].map(|client| Connection::new(server, client.local_addr().unwrap()));

        { &first }.write_all(b"abc").unwrap();
        scene.glance(of_first);
        assert!(scene.told.sockets().any(|facts| facts.recv_queue == 3));
        first.shutdown(Shutdown::Write).unwrap();
        scene.glance(of_first);
        assert!(scene.told.sockets().any(|facts| facts.state == State::CloseWait));

        // The end that waited has a descriptor now, and the queue is shorter.
        let (late, _) = listener.accept().unwrap();
        scene.made(Side::Server, &late);
        scene.glance(of_third);
        assert!(scene.told.sockets().any(|facts| facts.state == State::Listen && facts.recv_queue == 0));

        // A reset leaves nothing of either end.
        scene.closing(Side::Client, &second);
        drop(second);
        scene.closing(Side::Server, &also_taken);
        socket2::SockRef::from(&also_taken).set_linger(Some(Duration::ZERO)).unwrap();
        drop(also_taken);
        scene.glance(of_second);
        assert_eq!(scene.told.sockets().len(), 5);
    }

    #[test]
    fn a_programs_socket_is_asked_in_the_program_and_not_in_the_sides_own_table() {
        let (mut scene, listener, _) = Scene::new();
        scene.sockets.ask(Arc::new(Tables::new(&[Side::Server]).unwrap()));
        let new = |kind| Socket::new(Domain::IPV4, kind, None).unwrap();
        let (stream, datagram, closed) = (new(Type::STREAM), new(Type::DGRAM), new(Type::STREAM).cookie().unwrap());
        datagram.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        let mut opened = |fd, cookie, udp| {
            scene.sockets.uses(false, udp);
            scene.sockets.process_opened(std::process::id(), Side::Server.into(), NewSocket { fd, cookie, udp });
        };
        opened(stream.as_raw_fd(), stream.cookie().unwrap(), false);
        opened(datagram.as_raw_fd(), datagram.cookie().unwrap(), true);
        // Its number is another one's by now, which says nothing of it.
        opened(listener.as_raw_fd(), closed, false);
        datagram.send_to(&[0; 7], &datagram.local_addr().unwrap()).unwrap();
        let sockets = scene.sockets.observe(Duration::ZERO).unwrap().sockets;
        let of = |cookie| sockets.iter().find(|facts| facts.cookie == cookie).unwrap();
        let state = |cookie| (of(cookie).state, of(cookie).source);
        assert_eq!(state(stream.cookie().unwrap()), (State::Closed.into(), Source::TcpInfo));
        assert_eq!(state(closed), (State::Closed.into(), Source::Concluded));
        let datagrams = of(datagram.cookie().unwrap());
        assert_eq!((datagrams.recv_queue, datagrams.counts_memory), (7, false));
    }

    #[test]
    fn what_a_glance_does_not_know_asks_for_a_look() {
        let (mut scene, _listener, server) = Scene::new();
        scene.look();
        let client = TcpStream::connect(server).unwrap();
        let connection = Connection::new(server, client.local_addr().unwrap());
        let mut glance = |told: &KernelTable| {
            let asked = HashSet::from([connection]);
            scene.sockets.glance(&asked, told, Duration::ZERO).unwrap().is_some()
        };
        assert!(!glance(&scene.told), "ends of which nobody has heard");
        let stranger = SocketAddr::from(([127, 0, 0, 9], 9));
        let nothing = HashSet::from([Connection::new(server, stranger)]);
        let glance = scene.sockets.glance(&nothing, &scene.told, Duration::ZERO).unwrap().unwrap();
        assert_eq!((glance.sockets.len(), glance.gone.len()), (1, 0), "only who listens there");
    }
}
