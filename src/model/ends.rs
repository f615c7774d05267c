//! Which sockets and segments are of one connection, and of no earlier or later one between the same two addresses.

use super::{Connection, SegmentView, SocketRecord, Trace};

impl Trace {
    /// The socket at the other end of a socket's connection, as far as numbers were seen: that of the same connection, and
    /// of no earlier or later one between the same addresses.
    pub fn peer_of(&self, cookie: u64) -> Option<u64> {
        let own = self.by_cookie.get(&cookie).map(|number| &self.sockets[*number])?;
        let (local, remote) = own.ends()?;
        let of_one = |other: &&SocketRecord| {
            let numbers = own.isn.zip(other.isn);
            numbers.is_none_or(|(own, its)| self.isns.are_of_one((local, own), (remote, its)))
        };
        let there = self.sockets_of.get(&Connection::new(local, remote))?.iter().map(|number| &self.sockets[*number]);
        let mut there = there.filter(|other| other.ends() == Some((remote, local)));
        there.rfind(of_one).map(|other| other.cookie)
    }

    /// Whether a segment belongs to the connection of a socket: to the one that the socket has, or had last, and to no
    /// earlier or later one between the same two addresses.
    pub fn is_on(&self, segment: &SegmentView<'_>, cookie: u64) -> bool {
        let Some(record) = self.by_cookie.get(&cookie).map(|number| &self.sockets[*number]) else { return false };
        let Some((local, remote)) = record.ends() else { return false };
        Connection::of(segment.segment) == Connection::new(local, remote)
            && record.isn.is_none_or(|isn| self.isns.is_of(&segment.initials, local, isn))
    }
}
