//! What a lesson's sockets are, told by what its steps do with them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use super::{Action, Address, Step, WaitAction};
use crate::model::{Mode, Opposite, Side, SocketKind, SocketNames};

/// The sockets that the steps of a mode make; `server` is the lesson's address.
pub(super) fn sockets(steps: &[Step], mode: Mode, server: SocketAddr) -> SocketNames {
    let here = |step: &&Step| step.modes.contains(&mode);
    let actions = || steps.iter().filter(here).filter_map(|step| step.action.as_ref());
    let listens = |action: &Action| match action {
        Action::Listen { socket, .. } => Some(socket.clone()),
        _ => None,
    };
    let listeners: BTreeSet<String> = actions().filter_map(listens).collect();
    let program_listens = |side: Side| {
        actions()
            .any(|action| matches!(action, Action::LetCall { side: own, call, .. } if *own == side && call == "listen"))
    };
    let mut made: Vec<(String, Side, SocketKind)> = Vec::new();
    let mut sides: BTreeMap<&str, Side> = BTreeMap::new();
    for action in actions() {
        let (name, side, kind) = match action {
            Action::Socket { name, side, udp: true, .. } => (name, *side, SocketKind::Datagram),
            Action::Socket { name, side, .. } if listeners.contains(name) => (name, *side, SocketKind::Listener),
            Action::Socket { name, side, .. } => (name, *side, SocketKind::Stream),
            Action::Accept { socket, name } => {
                (name, sides.get(socket.as_str()).copied().unwrap_or(Side::Server), SocketKind::Connection)
            }
            Action::Wait(WaitAction::EpollCreate { side, name }) => (name, *side, SocketKind::Epoll),
            Action::LetCall { side, call, name: Some(name) } => {
                let kind = match call.as_str() {
                    "accept" | "accept4" => SocketKind::Connection,
                    _ if program_listens(*side) => SocketKind::Listener,
                    _ => SocketKind::Stream,
                };
                (name, *side, kind)
            }
            _ => continue,
        };
        if sides.insert(name, side).is_none() {
            made.push((name.clone(), side, kind));
        }
    }
    let joined = SocketPairs::of(actions(), server);
    let opposites =
        made.iter().filter_map(|(name, _, kind)| Some((name.clone(), joined.opposite(name, *kind, &sides)?)));
    let opposites = opposites.collect();
    let mut names = SocketNames::new(made, opposites);
    for action in actions() {
        if let Action::Dup { socket, name } = action {
            names.also(name, socket);
        }
    }
    names
}

/// Which sockets the steps join with which.
#[derive(Default)]
struct SocketPairs<'a> {
    bound: Vec<(&'a str, SocketAddr)>,
    connected: Vec<(&'a str, SocketAddr)>,
    listening: BTreeSet<&'a str>,
    accepted_from: BTreeMap<&'a str, &'a str>,
}

impl<'a> SocketPairs<'a> {
    fn of(actions: impl Iterator<Item = &'a Action>, server: SocketAddr) -> SocketPairs<'a> {
        let at = |addr: &Option<Address>| match addr {
            None => server,
            Some(Address::At(addr)) => *addr,
            Some(Address::Beside(ip, above)) => SocketAddr::new(*ip, server.port().wrapping_add(*above)),
        };
        let mut joined = SocketPairs::default();
        // What a program's calls are on: the newest socket of its side that it made by itself.
        let mut of_programs: BTreeMap<Side, &str> = BTreeMap::new();
        for action in actions {
            match action {
                Action::LetCall { side, call, name } => match (call.as_str(), name, of_programs.get(side).copied()) {
                    ("socket", Some(name), _) => drop(of_programs.insert(*side, name)),
                    ("bind", _, Some(own)) => joined.bound.push((own, server)),
                    ("connect", _, Some(own)) => joined.connected.push((own, server)),
                    ("listen", _, Some(own)) => drop(joined.listening.insert(own)),
                    ("accept" | "accept4", Some(name), Some(own)) => drop(joined.accepted_from.insert(name, own)),
                    _ => {}
                },
                Action::Bind { socket, addr } => joined.bound.push((socket, at(addr))),
                Action::Connect { socket, addr } => joined.connected.push((socket, at(addr))),
                Action::Listen { socket, .. } => drop(joined.listening.insert(socket)),
                Action::Accept { socket, name } => drop(joined.accepted_from.insert(name, socket)),
                _ => {}
            }
        }
        joined
    }

    /// What is at the other end of a socket's connection, where the lesson alone tells it.
    fn opposite(&self, name: &str, kind: SocketKind, sides: &BTreeMap<&str, Side>) -> Option<Opposite> {
        let exactly = |found: Vec<&'a str>| {
            let found: BTreeSet<&str> = found.into_iter().collect();
            let mut whose: Vec<Side> = found.iter().filter_map(|name| sides.get(name).copied()).collect();
            whose.dedup();
            match (found.len(), &whose[..]) {
                (1, _) => found.first().map(|name| Opposite::Socket((*name).to_owned())),
                (_, [side]) => Some(Opposite::Of(*side)),
                _ => None,
            }
        };
        if kind == SocketKind::Connection {
            let listener = self.accepted_from.get(name)?;
            let listens_at: Vec<SocketAddr> = addresses(&self.bound, listener).collect();
            let come = self.connected.iter().filter(|(_, to)| listens_at.iter().any(|bound| takes(*bound, *to)));
            return exactly(come.map(|(name, _)| *name).collect());
        }
        let to = addresses(&self.connected, name).last()?;
        let there: Vec<&str> = self.bound.iter().filter(|(_, at)| takes(*at, to)).map(|(name, _)| *name).collect();
        if there.contains(&name) {
            return Some(Opposite::Socket(name.to_owned()));
        }
        // What a listening socket is joined with has no name before accept().
        match there[..] {
            [listener] if self.listening.contains(listener) => sides.get(listener).map(|side| Opposite::Of(*side)),
            _ => exactly(there),
        }
    }
}

/// The addresses of a socket, in the lesson's order.
fn addresses<'a>(all: &'a [(&str, SocketAddr)], name: &'a str) -> impl Iterator<Item = SocketAddr> + use<'a> {
    all.iter().filter(move |(whose, _)| *whose == name).map(|(_, addr)| *addr)
}

/// Whether what is bound to an address gets what is sent to another.
fn takes(bound: SocketAddr, to: SocketAddr) -> bool {
    bound.port() == to.port() && (bound.ip() == to.ip() || bound.ip().is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::builtin;

    #[test]
    fn a_lessons_sockets_are_what_its_steps_make_of_them() {
        let of = |lesson: &str, mode: Mode, name: &str| {
            let lesson = builtin(lesson).unwrap().unwrap();
            lesson.sockets_in(mode).role(name).map(|role| (role.side, role.kind, role.nth))
        };
        let table = [
            ("handshake", Mode::Lab, "listener", Some((Side::Server, SocketKind::Listener, None))),
            ("handshake", Mode::Host, "client", Some((Side::Client, SocketKind::Stream, Some(3)))),
            ("handshake", Mode::Lab, "client", Some((Side::Client, SocketKind::Stream, None))),
            ("handshake", Mode::Lab, "conn", Some((Side::Server, SocketKind::Connection, None))),
            ("handshake", Mode::Lab, "nothing", None),
            ("udp", Mode::Lab, "server", Some((Side::Server, SocketKind::Datagram, None))),
            ("backlog", Mode::Lab, "client-b", Some((Side::Client, SocketKind::Stream, Some(2)))),
        ];
        for (lesson, mode, name, wanted) in table {
            assert_eq!(of(lesson, mode, name), wanted, "{lesson} {name}");
        }
    }

    /// The other end is named where the lesson's own calls tell it: itself, one of its own side, or one of the other.
    #[test]
    fn what_is_at_the_other_end_is_told_by_the_addresses_of_the_calls() {
        let at = |port: u16| Some(Address::At(([127, 0, 0, 1], port).into()));
        let socket = |side, name: &str| Action::Socket { side, name: name.into(), ipv6: false, udp: false };
        let bind = |name: &str, addr| Action::Bind { socket: name.into(), addr };
        let connect = |name: &str, addr| Action::Connect { socket: name.into(), addr };
        let listen = |name: &str| Action::Listen { socket: name.into(), backlog: 1 };
        let accept = |socket: &str, name: &str| Action::Accept { socket: socket.into(), name: name.into() };
        let (server, client) = (Side::Server, Side::Client);
        let listener = [socket(server, "l"), bind("l", None), listen("l")];
        let own = [socket(client, "own"), bind("own", at(9)), listen("own")];
        let one = [socket(client, "c"), connect("c", None)];
        let two = [socket(client, "d"), connect("d", None)];
        let table = [
            (vec![socket(client, "c"), bind("c", at(9)), connect("c", at(9))], "c", Some((client, SocketKind::Stream))),
            ([&listener[..], &one].concat(), "c", Some((server, SocketKind::Connection))),
            ([&listener[..], &one, &[accept("l", "a")]].concat(), "a", Some((client, SocketKind::Stream))),
            ([&listener[..], &one, &two, &[accept("l", "a")]].concat(), "a", Some((client, SocketKind::Stream))),
            (
                [&own[..], &[socket(client, "c"), connect("c", at(9))]].concat(),
                "c",
                Some((client, SocketKind::Connection)),
            ),
            (one.to_vec(), "c", Some((server, SocketKind::Stream))),
            (one.to_vec(), "nothing", None),
        ];
        for (n, (actions, name, wanted)) in table.into_iter().enumerate() {
            let mut steps = builtin("handshake").unwrap().unwrap().steps;
            steps.truncate(actions.len());
            for (step, action) in steps.iter_mut().zip(actions) {
                (step.action, step.modes) = (Some(action), vec![Mode::Lab]);
            }
            let sockets = sockets(&steps, Mode::Lab, ([127, 0, 0, 1], 8000).into());
            assert_eq!(sockets.peer_of(name).map(|role| (role.side, role.kind)), wanted, "{n}");
        }
    }
}
