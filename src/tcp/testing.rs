//! Segments made by hand, for tests.

use std::net::{IpAddr, SocketAddr};

use etherparse::PacketBuilder;

use super::{Flags, Segment};

/// The bytes of an IP packet with one TCP segment.
pub(crate) fn packet(from: SocketAddr, to: SocketAddr, seq: u32, ack: u32, flags: &[&str], data: &[u8]) -> Vec<u8> {
    let flags = Flags::from_names(flags.iter().copied()).expect("names of flags");
    let builder = match (from.ip(), to.ip()) {
        (IpAddr::V4(a), IpAddr::V4(b)) => PacketBuilder::ipv4(a.octets(), b.octets(), 64),
        (IpAddr::V6(a), IpAddr::V6(b)) => PacketBuilder::ipv6(a.octets(), b.octets(), 64),
        _ => panic!("addresses of two families"),
    };
    let mut builder = builder.tcp(from.port(), to.port(), seq, 64240);
    for name in flags.names() {
        builder = match name {
            "SYN" => builder.syn(),
            "FIN" => builder.fin(),
            "RST" => builder.rst(),
            "PSH" => builder.psh(),
            "ACK" => builder.ack(ack),
            "URG" => builder.urg(0),
            "ECE" => builder.ece(),
            _ => builder.cwr(),
        };
    }
    let mut bytes = Vec::new();
    builder.write(&mut bytes, data).expect("a whole packet");
    bytes
}

/// The segment itself.
pub(crate) fn segment(from: SocketAddr, to: SocketAddr, seq: u32, ack: u32, flags: &[&str], data: &[u8]) -> Segment {
    Segment::parse(&packet(from, to, seq, ack, flags, data)).expect("a segment")
}
