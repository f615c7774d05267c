//! Addresses of sockets beside those of packets.

use std::net::SocketAddr;

/// An address as packets bear it: the IPv4-mapped one of an IPv6 socket is the IPv4 one (RFC 4291, section 2.5.5.2).
pub fn on_wire(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
