//! A packet taken apart by layers.

use super::{Packet, Protocol};

/// The header of the frame that bore a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The hardware address that it went to.
    pub to: [u8; 6],
    /// The one that it came from.
    pub from: [u8; 6],
    /// What it bears (EtherType).
    pub kind: u16,
}

impl Frame {
    /// What it bears, by name; `?` of what this program doesn't see.
    pub const fn carries(&self) -> &'static str {
        match self.kind {
            0x0800 => "IPv4",
            0x86dd => "IPv6",
            _ => "?",
        }
    }

    /// A hardware address as one writes it.
    pub fn address(address: [u8; 6]) -> String {
        address.map(|byte| format!("{byte:02x}")).join(":")
    }
}

impl Packet {
    /// The header of its frame; `None` where that wasn't seen.
    pub fn frame(&self) -> Option<Frame> {
        let (to, rest) = self.link()?.split_first_chunk()?;
        let (from, rest) = rest.split_first_chunk()?;
        let kind = u16::from_be_bytes(*rest.first_chunk()?);
        Some(Frame { to: *to, from: *from, kind })
    }

    /// Its bytes by layers, each with those of its own: application, transport, network, link.
    pub fn by_layers(&self) -> [&[u8]; 4] {
        let link = self.link().unwrap_or(&[]);
        match self.protocol() {
            // ICMP has no transport below or above it: its message is the network layer's own.
            Protocol::Icmp => [&[], &[], self.packet(), link],
            Protocol::Tcp | Protocol::Udp => [self.payload(), self.header(), self.ip_header(), link],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tcp::testing::{datagram_packet, packet, unreachable_packet};

    #[test]
    fn the_layers_bytes_are_the_frame_and_nothing_else() {
        let [from, to] = ["127.0.0.1:40612", "127.0.0.1:8000"].map(|text| text.parse().unwrap());
        for bytes in [
            packet(from, to, 7, 9, &["PSH", "ACK"], b"hello\n"),
            datagram_packet(from, to, b"hello\n"),
            unreachable_packet(from, to, b"hello\n"),
        ] {
            let header = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 8, 0];
            let frame = [&header[..], &bytes].concat();
            let whole = Packet::from_frame(&frame).unwrap();
            let [data, transport, network, link] = whole.by_layers();
            assert_eq!([link, network, transport, data].concat(), frame);
            let seen = whole.frame().unwrap();
            assert_eq!((seen.carries(), Frame::address(seen.from)), ("IPv4", "07:08:09:0a:0b:0c".to_owned()));
            assert_eq!(Packet::parse(&bytes).unwrap().frame(), None);
        }
    }
}
