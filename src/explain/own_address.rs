//! Which socket takes what comes to an address: one rule, for calls and for segments.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::past::DescriptorHistory;
use crate::model::{SocketOption, SocketState, SocketView, View, on_wire};
use crate::tcp::{Packet, State};

/// The own address of a socket.
#[derive(Clone, Copy)]
pub(super) struct OwnAddress {
    pub(super) addr: SocketAddr,
    /// IPV6_V6ONLY.
    pub(super) v6_only: bool,
}

impl OwnAddress {
    pub(super) fn of(view: &View<'_>, socket: &SocketView<'_>) -> Option<OwnAddress> {
        let addr = socket.facts.local?;
        Some(OwnAddress { addr, v6_only: addr.is_ipv6() && is_v6_only(view, socket) })
    }

    /// Whether two sockets would be in each other's way (`inet_rcv_saddr_equal()`): the same port, and the same address, or one of
    /// them for all.
    pub(super) fn overlaps(self, other: OwnAddress) -> bool {
        let ip = |of: OwnAddress| of.addr.ip().to_canonical();
        let same = ip(self) == ip(other) || self.is_for_all_of(other.addr) || other.is_for_all_of(self.addr);
        self.addr.port() == other.addr.port() && same
    }

    /// Whether what is sent to this address is the socket's.
    pub(super) fn has(self, to: SocketAddr) -> bool {
        let is_it = on_wire(self.addr) == on_wire(to);
        is_it || self.addr.port() == to.port() && self.is_for_all_of(to)
    }

    /// Whether the address is for all of that family. One of IPv6 for all addresses has those of IPv4 too, unless it is told not to.
    fn is_for_all_of(self, other: SocketAddr) -> bool {
        let (own, is_ipv4) = (self.addr.ip().to_canonical(), other.ip().to_canonical().is_ipv4());
        own.is_unspecified() && if own.is_ipv6() { !(self.v6_only && is_ipv4) } else { is_ipv4 }
    }

    /// How well it fits an address that it has: the kernel prefers a socket that is bound to it to one for all addresses, and of those
    /// one of its own family (`inet_lhash2_lookup()`).
    fn fit(self, to: SocketAddr) -> (bool, bool) {
        (!self.addr.ip().to_canonical().is_unspecified(), self.addr.is_ipv4() == on_wire(to).is_ipv4())
    }
}

/// The sockets without a peer of which one takes what comes to an address, those that were made later first: listeners, or UDP
/// sockets. Of TCP's several share it only by `SO_REUSEPORT`, and which of them takes it follows from a hash that the kernel tells nobody.
pub(super) fn open_at<'a>(view: &View<'a>, address: SocketAddr, udp: bool) -> Vec<SocketView<'a>> {
    let state = if udp { SocketState::Unconnected } else { SocketState::Tcp(State::Listen) };
    let there = view.living().filter(|socket| socket.state == state);
    let fits = there.filter_map(|socket| {
        let own = OwnAddress::of(view, &socket).filter(|own| own.has(address))?;
        Some((own.fit(address), socket))
    });
    let fits: Vec<_> = fits.collect();
    let best = fits.iter().map(|(fit, _)| *fit).max();
    fits.into_iter().rev().filter(|(fit, _)| Some(*fit) == best).map(|(_, socket)| socket).collect()
}

/// Whether a socket has the address to which a packet goes: one that is only bound to it, or has another peer, takes nothing.
pub(super) fn is_held(view: &View<'_>, packet: &Packet) -> bool {
    let tcp = packet.tcp().is_some() || packet.quotes_tcp();
    let mut protocol = view.living().filter(|socket| socket.state.tcp().is_some() == tcp);
    protocol.any(|socket| OwnAddress::of(view, &socket).is_some_and(|own| own.has(packet.to)))
}

/// To which address a `connect()` goes: one to no address goes to the socket's own, else to the loopback's
/// (`ip_route_output_key_hash()`).
pub(super) fn reached_by(wanted: SocketAddr, own: Option<&SocketView<'_>>) -> SocketAddr {
    if !wanted.ip().is_unspecified() {
        return wanted;
    }
    let bound = own.and_then(|socket| socket.facts.local).filter(|local| !local.ip().is_unspecified());
    let loopback = if wanted.is_ipv4() { IpAddr::from(Ipv4Addr::LOCALHOST) } else { Ipv6Addr::LOCALHOST.into() };
    let ip = bound.filter(|_| wanted.is_ipv4()).map_or(loopback, |local| local.ip());
    SocketAddr::new(ip, wanted.port())
}

/// Whether the newest of the calls that set IPV6_V6ONLY on a socket switched it on.
fn is_v6_only(view: &View<'_>, socket: &SocketView<'_>) -> bool {
    let past = DescriptorHistory::of_kernels(view, socket);
    past.and_then(|past| past.chosen(view, SocketOption::V6_ONLY)).is_some_and(|value| value != 0)
}
