//! Segments made by hand, for tests.

use std::net::{IpAddr, SocketAddr};

use etherparse::{IpHeaders, PacketBuilder, PacketBuilderStep};

use super::{Flags, Packet};

fn ip(from: SocketAddr, to: SocketAddr) -> PacketBuilderStep<IpHeaders> {
    match (from.ip(), to.ip()) {
        (IpAddr::V4(a), IpAddr::V4(b)) => PacketBuilder::ipv4(a.octets(), b.octets(), 64),
        (IpAddr::V6(a), IpAddr::V6(b)) => PacketBuilder::ipv6(a.octets(), b.octets(), 64),
        _ => panic!("addresses of two families"),
    }
}

/// The bytes of an IP packet with one UDP datagram.
pub(crate) fn datagram_packet(from: SocketAddr, to: SocketAddr, data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    ip(from, to).udp(from.port(), to.port()).write(&mut bytes, data).expect("a whole packet");
    bytes
}

/// The bytes of the answer to a datagram `from` → `to` whose port nobody has.
pub(crate) fn unreachable_packet(from: SocketAddr, to: SocketAddr, data: &[u8]) -> Vec<u8> {
    let quoted = datagram_packet(from, to, data);
    let mut bytes = Vec::new();
    if from.is_ipv4() {
        let port = etherparse::icmpv4::DestUnreachableHeader::Port;
        let builder = ip(to, from).icmpv4(etherparse::Icmpv4Type::DestinationUnreachable(port));
        builder.write(&mut bytes, &quoted).expect("a whole packet");
    } else {
        let port = etherparse::icmpv6::DestUnreachableCode::Port;
        let builder = ip(to, from).icmpv6(etherparse::Icmpv6Type::DestinationUnreachable(port));
        builder.write(&mut bytes, &quoted).expect("a whole packet");
    }
    bytes
}

/// The bytes of an IP packet with one TCP segment.
pub(crate) fn packet(from: SocketAddr, to: SocketAddr, seq: u32, ack: u32, flags: &[&str], data: &[u8]) -> Vec<u8> {
    let flags = Flags::from_names(flags.iter().copied()).expect("names of flags");
    let mut builder = ip(from, to).tcp(from.port(), to.port(), seq, 64240);
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
pub(crate) fn segment(from: SocketAddr, to: SocketAddr, seq: u32, ack: u32, flags: &[&str], data: &[u8]) -> Packet {
    Packet::parse(&packet(from, to, seq, ack, flags, data)).expect("a segment")
}
