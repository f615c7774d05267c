//! What the sockets of a lesson are: so that they can be spoken of as the screen does, and not by the names that its file
//! gives them.

use std::collections::BTreeMap;

use super::Side;

/// What a socket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SocketKind {
    /// It listens.
    Listener,
    /// `accept()` returned it.
    Connection,
    /// It connects, or is one for TCP otherwise.
    Stream,
    /// It is for datagrams.
    Datagram,
    /// It is an epoll instance, and no socket.
    Epoll,
}

/// One of a lesson's sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketRole {
    /// Whose it is.
    pub side: Side,
    /// What it is for.
    pub kind: SocketKind,
    /// Where its side has several of that kind: which of them, from 1, in the lesson's order.
    pub nth: Option<u32>,
}

/// What a lesson tells of the other end of a socket's connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opposite {
    /// It is the socket of this name: the same one, where it connects to its own address.
    Socket(String),
    /// It is one of this side's.
    Of(Side),
}

/// All sockets of a lesson by the names that its file gives them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SocketNames {
    roles: BTreeMap<String, SocketRole>,
    opposites: BTreeMap<String, Opposite>,
}

impl SocketNames {
    /// These, in the lesson's order, each name once, and what is at their other ends, where the lesson tells it.
    pub fn new(made: Vec<(String, Side, SocketKind)>, opposites: BTreeMap<String, Opposite>) -> SocketNames {
        let mut counts: BTreeMap<(Side, SocketKind), u32> = BTreeMap::new();
        let mut numbered = Vec::with_capacity(made.len());
        for (name, side, kind) in made {
            let count = counts.entry((side, kind)).or_default();
            *count += 1;
            numbered.push((name, side, kind, *count));
        }
        let role = |(name, side, kind, nth)| {
            let several = counts.get(&(side, kind)).is_some_and(|count| *count > 1);
            (name, SocketRole { side, kind, nth: several.then_some(nth) })
        };
        SocketNames { roles: numbered.into_iter().map(role).collect(), opposites }
    }

    /// A further name of a socket, which is another descriptor of it.
    pub fn also(&mut self, name: &str, of: &str) {
        if let Some(role) = self.role(of) {
            self.roles.insert(name.to_owned(), role);
        }
        if let Some(opposite) = self.opposites.get(of).cloned() {
            self.opposites.insert(name.to_owned(), opposite);
        }
    }

    /// What the socket of this name is; `None` where the lesson has none of this name.
    pub fn role(&self, name: &str) -> Option<SocketRole> {
        self.roles.get(name).copied()
    }

    /// The name of the socket at the other end of a socket's connection, where the lesson tells it.
    pub fn opposite(&self, name: &str) -> Option<&str> {
        match self.opposites.get(name) {
            Some(Opposite::Socket(other)) => Some(other),
            _ => None,
        }
    }

    /// What the other end of a socket's connection is, as far as the lesson alone tells it: whose, and what for. Where it
    /// isn't known which socket it is, it has no number of its own.
    pub fn peer_of(&self, name: &str) -> Option<SocketRole> {
        let role = self.role(name)?;
        let side = match self.opposites.get(name) {
            Some(Opposite::Socket(other)) => return self.role(other),
            Some(Opposite::Of(side)) => *side,
            None => role.side.other(),
        };
        let listens = self.roles.values().any(|other| other.side == side && other.kind == SocketKind::Listener);
        let kind = match role.kind {
            SocketKind::Datagram => SocketKind::Datagram,
            _ if listens => SocketKind::Connection,
            _ => SocketKind::Stream,
        };
        Some(SocketRole { side, kind, nth: None })
    }
}
