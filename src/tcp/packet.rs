//! One IP packet as it was on the wire, with what its transport header says: a TCP segment (RFC 9293), a UDP datagram
//! (RFC 768), or what ICMP says of a packet that was sent (RFC 792 and RFC 4443).

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::sync::Arc;

use etherparse::{LaxSlicedPacket, NetSlice, SlicedPacket, TransportSlice};
use serde::{Deserialize, Serialize};

use super::{IcmpError, Segment};

/// The length of an Ethernet header, which is also the loopback's: two addresses of six bytes, and a type.
pub const LINK_HEADER: usize = 14;

/// The longest IP packet, in bytes: an IPv6 header and all that its length field can tell (RFC 8200).
const LONGEST: usize = 40 + 65_535;

/// The longest frame, in bytes: the longest packet with its link header.
pub const LONGEST_FRAME: usize = LINK_HEADER + LONGEST;

/// One IP packet as it was on the wire. Between processes it travels as its bytes, from which the rest is read anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "PacketText", into = "PacketText")]
pub struct Packet {
    /// Who sent it. Of an ICMP answer: the address at which nobody is.
    pub from: SocketAddr,
    /// Whom it is for. Of an ICMP answer: who had sent the datagram that it answers.
    pub to: SocketAddr,
    /// What it carries.
    pub transport: Transport,
    /// The link header in front of the packet; `None` where it wasn't seen.
    link: Option<[u8; LINK_HEADER]>,
    /// The whole IP packet, header included, as it was captured.
    packet: Arc<[u8]>,
    /// Where in the packet the transport header begins.
    header: usize,
    /// Where in the packet the data lies.
    payload: Range<usize>,
}

/// What an IP packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A TCP segment.
    Tcp(Segment),
    /// A UDP datagram: nothing but ports, a length and a checksum.
    Udp,
    /// What ICMP says of a packet.
    Icmp(IcmpError),
}

/// Which protocol it is, without its fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Protocol {
    #[default]
    Tcp,
    Udp,
    Icmp,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Protocol; 3] = [Protocol::Tcp, Protocol::Udp, Protocol::Icmp];

    /// `tcp`, `udp` or `icmp`.
    pub const fn name(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
            Protocol::Icmp => "icmp",
        }
    }
}

/// What the IP header says beyond the addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ip {
    /// 4 or 6.
    pub version: u8,
    /// How many routers it may still pass (TTL, hop limit).
    pub hops: u8,
    /// The number of the protocol that follows: 6 for TCP, 17 for UDP, 1 and 58 for ICMP.
    pub protocol: u8,
    /// The whole packet's length in bytes, as the header has it.
    pub length: usize,
}

/// Why bytes are no packet that the program shows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The packet is cut or contradicts itself.
    #[error("not a whole IP packet: {0}")]
    Packet(String),
    /// An IP packet of another protocol, or a fragment.
    #[error("neither a TCP segment nor a UDP datagram nor an answer to one")]
    Other,
}

/// A packet as it is written down.
#[derive(Serialize, Deserialize)]
struct PacketText {
    #[serde(with = "super::hex")]
    packet: Vec<u8>,
    /// Empty where it wasn't seen.
    #[serde(with = "super::hex", default, skip_serializing_if = "Vec::is_empty")]
    link: Vec<u8>,
}

impl From<Packet> for PacketText {
    fn from(packet: Packet) -> PacketText {
        PacketText { packet: packet.packet.to_vec(), link: packet.link.map_or_else(Vec::new, Vec::from) }
    }
}

impl TryFrom<PacketText> for Packet {
    type Error = Malformed;

    fn try_from(written: PacketText) -> Result<Packet, Malformed> {
        let packet = Packet::parse(&written.packet)?;
        if written.link.is_empty() {
            return Ok(packet);
        }
        let link = written.link.try_into().map_err(|_| Malformed::Packet("a link header of another length".into()))?;
        Ok(Packet { link: Some(link), ..packet })
    }
}

impl Packet {
    /// Reads one IP packet (IPv4 or IPv6, without a link header).
    ///
    /// # Errors
    /// [`Malformed`] where the bytes are cut, too many, contradict themselves, or carry something else.
    pub fn parse(packet: &[u8]) -> Result<Packet, Malformed> {
        if packet.len() > LONGEST {
            return Err(Malformed::Packet("longer than an IP packet can be".into()));
        }
        let sliced = slice(packet)?;
        let (source, destination) = addresses(&sliced).ok_or(Malformed::Other)?;
        let ends = |from: u16, to: u16| (SocketAddr::new(source, from), SocketAddr::new(destination, to));
        let (transport, (from, to), header, length, data) = match &sliced.transport {
            Some(TransportSlice::Tcp(tcp)) => (
                Transport::Tcp(Segment::read(tcp)),
                ends(tcp.source_port(), tcp.destination_port()),
                tcp.slice(),
                tcp.header_slice().len(),
                tcp.payload().len(),
            ),
            Some(TransportSlice::Udp(udp)) => {
                let ends = ends(udp.source_port(), udp.destination_port());
                (Transport::Udp, ends, udp.slice(), udp.header_slice().len(), udp.payload().len())
            }
            Some(TransportSlice::Icmpv4(icmp)) => {
                let says = IcmpError::read(false, icmp.type_u8(), icmp.code_u8(), icmp.bytes5to8());
                let says = Transport::Icmp(says.ok_or(Malformed::Other)?);
                (says, quoted(icmp.payload())?, icmp.slice(), icmp.header_len(), icmp.payload().len())
            }
            Some(TransportSlice::Icmpv6(icmp)) => {
                let says = IcmpError::read(true, icmp.type_u8(), icmp.code_u8(), icmp.bytes5to8());
                let says = Transport::Icmp(says.ok_or(Malformed::Other)?);
                (says, quoted(icmp.payload())?, icmp.slice(), icmp.header_len(), icmp.payload().len())
            }
            _ => return Err(Malformed::Other),
        };
        let header = offset(header, packet);
        let payload = header + length..header + length + data;
        Ok(Packet { from, to, transport, link: None, packet: packet.into(), header, payload })
    }

    /// Reads one IP packet with the link header in front of it, as an Ethernet or a loopback interface has it.
    ///
    /// # Errors
    /// As [`Packet::parse`].
    pub fn from_frame(frame: &[u8]) -> Result<Packet, Malformed> {
        let (link, packet) =
            frame.split_first_chunk().ok_or_else(|| Malformed::Packet("shorter than a link header".into()))?;
        Ok(Packet { link: Some(*link), ..Packet::parse(packet)? })
    }

    /// What TCP says; `None` where it is no TCP segment.
    pub fn tcp(&self) -> Option<&Segment> {
        match &self.transport {
            Transport::Tcp(segment) => Some(segment),
            Transport::Udp | Transport::Icmp(_) => None,
        }
    }

    /// What ICMP says; `None` where it is no message of ICMP.
    pub fn icmp(&self) -> Option<IcmpError> {
        match self.transport {
            Transport::Icmp(says) => Some(says),
            Transport::Tcp(_) | Transport::Udp => None,
        }
    }

    /// Which protocol it is.
    pub fn protocol(&self) -> Protocol {
        match self.transport {
            Transport::Tcp(_) => Protocol::Tcp,
            Transport::Udp => Protocol::Udp,
            Transport::Icmp(_) => Protocol::Icmp,
        }
    }

    /// How many bytes of data it carries.
    pub fn len(&self) -> u32 {
        u32::try_from(self.payload.len()).unwrap_or(u32::MAX)
    }

    /// Whether it carries no data.
    pub fn is_empty(&self) -> bool {
        self.payload.is_empty()
    }

    /// The data that it carries; of an ICMP answer, the beginning of the packet that it answers.
    pub fn payload(&self) -> &[u8] {
        &self.packet[self.payload.clone()]
    }

    /// Whether it is a message of ICMP about a TCP segment.
    pub fn quotes_tcp(&self) -> bool {
        let at = if self.ip().version == 6 { 6 } else { 9 };
        self.protocol() == Protocol::Icmp && self.payload().get(at) == Some(&6)
    }

    /// The whole IP packet.
    pub fn packet(&self) -> &[u8] {
        &self.packet
    }

    /// The bytes of the transport header, options included.
    pub fn header(&self) -> &[u8] {
        &self.packet[self.header..self.payload.start]
    }

    /// The bytes of the IP header, with whatever it has before the transport header.
    pub fn ip_header(&self) -> &[u8] {
        &self.packet[..self.header]
    }

    /// The fields of the IP header.
    pub fn ip(&self) -> Ip {
        let byte = |at: usize| self.packet.get(at).copied().unwrap_or(0);
        let word = |at| usize::from(u16::from_be_bytes([byte(at), byte(at + 1)]));
        match byte(0) >> 4 {
            6 => Ip { version: 6, hops: byte(7), protocol: byte(6), length: word(4) + 40 },
            version => Ip { version, hops: byte(8), protocol: byte(9), length: word(2) },
        }
    }

    /// The bytes of the link header; `None` where it wasn't seen.
    pub fn link(&self) -> Option<&[u8]> {
        self.link.as_ref().map(<[u8; LINK_HEADER]>::as_slice)
    }
}

fn slice(packet: &[u8]) -> Result<SlicedPacket<'_>, Malformed> {
    SlicedPacket::from_ip(packet).map_err(|error| Malformed::Packet(error.to_string()))
}

/// Where in a packet a slice of it begins.
fn offset(part: &[u8], packet: &[u8]) -> usize {
    part.as_ptr() as usize - packet.as_ptr() as usize
}

fn addresses(sliced: &SlicedPacket<'_>) -> Option<(IpAddr, IpAddr)> {
    match sliced.net.as_ref()? {
        NetSlice::Ipv4(ip) => {
            let header = ip.header();
            Some((header.source_addr().into(), header.destination_addr().into()))
        }
        NetSlice::Ipv6(ip) => {
            let header = ip.header();
            Some((header.source_addr().into(), header.destination_addr().into()))
        }
        NetSlice::Arp(_) => None,
    }
}

/// Whom a packet was for, and who had sent it: from its beginning, which ICMP quotes.
fn quoted(beginning: &[u8]) -> Result<(SocketAddr, SocketAddr), Malformed> {
    let sliced = LaxSlicedPacket::from_ip(beginning).map_err(|error| Malformed::Packet(error.to_string()))?;
    let (source, destination) = match &sliced.net {
        Some(etherparse::LaxNetSlice::Ipv4(ip)) => {
            (IpAddr::from(ip.header().source_addr()), IpAddr::from(ip.header().destination_addr()))
        }
        Some(etherparse::LaxNetSlice::Ipv6(ip)) => {
            (IpAddr::from(ip.header().source_addr()), IpAddr::from(ip.header().destination_addr()))
        }
        _ => return Err(Malformed::Other),
    };
    match &sliced.transport {
        Some(TransportSlice::Udp(udp)) => {
            Ok((SocketAddr::new(destination, udp.destination_port()), SocketAddr::new(source, udp.source_port())))
        }
        Some(TransportSlice::Tcp(tcp)) => {
            Ok((SocketAddr::new(destination, tcp.destination_port()), SocketAddr::new(source, tcp.source_port())))
        }
        _ => Err(Malformed::Other),
    }
}

/// Writes the right TCP or UDP checksum into a packet: what is captured on `lo` carries an unfinished one. ICMP's is
/// whole already.
///
/// # Errors
/// [`Malformed`] where the bytes are none of these.
pub fn finish_checksum(packet: &mut [u8]) -> Result<(), Malformed> {
    let (checksum, at) = {
        let sliced = slice(packet)?;
        let ends = addresses(&sliced).ok_or(Malformed::Other)?;
        let too_long = |error: &dyn std::fmt::Display| Malformed::Packet(error.to_string());
        match &sliced.transport {
            Some(TransportSlice::Tcp(tcp)) => {
                let checksum = match ends {
                    (IpAddr::V4(a), IpAddr::V4(b)) => {
                        tcp.calc_checksum_ipv4(a.octets(), b.octets()).map_err(|error| too_long(&error))?
                    }
                    (IpAddr::V6(a), IpAddr::V6(b)) => {
                        tcp.calc_checksum_ipv6(a.octets(), b.octets()).map_err(|error| too_long(&error))?
                    }
                    _ => return Err(Malformed::Other),
                };
                (checksum, offset(tcp.slice(), packet) + 16)
            }
            Some(TransportSlice::Udp(udp)) => {
                let (header, data) = (udp.to_header(), udp.payload());
                let checksum = match ends {
                    (IpAddr::V4(a), IpAddr::V4(b)) => {
                        header.calc_checksum_ipv4_raw(a.octets(), b.octets(), data).map_err(|error| too_long(&error))?
                    }
                    (IpAddr::V6(a), IpAddr::V6(b)) => {
                        header.calc_checksum_ipv6_raw(a.octets(), b.octets(), data).map_err(|error| too_long(&error))?
                    }
                    _ => return Err(Malformed::Other),
                };
                (checksum, offset(udp.slice(), packet) + 6)
            }
            Some(TransportSlice::Icmpv4(_) | TransportSlice::Icmpv6(_)) => return Ok(()),
            _ => return Err(Malformed::Other),
        }
    };
    packet[at..at + 2].copy_from_slice(&checksum.to_be_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{datagram_packet, packet, segment};
    use super::super::{TcpOption, testing};
    use super::*;
    use proptest::prelude::*;

    fn v4(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn v6(port: u16) -> SocketAddr {
        SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], port))
    }

    #[test]
    fn the_fields_are_where_the_header_has_them() {
        for (from, to) in [(v4(40000), v4(8000)), (v6(40000), v6(8000))] {
            let segment = segment(from, to, 7, 9, &["PSH", "ACK"], b"hello");
            let tcp = segment.tcp().unwrap();
            assert_eq!((segment.from, segment.to, tcp.seq, tcp.ack), (from, to, 7, 9));
            assert_eq!((tcp.flags.to_string().as_str(), tcp.window), ("PSH,ACK", 64240));
            assert_eq!((segment.payload(), segment.len(), segment.is_empty()), (&b"hello"[..], 5, false));
            assert_eq!(segment.header()[..4], [0x9c, 0x40, 0x1f, 0x40], "the ports in network order");
            assert_eq!(segment.header().len(), 20);
        }
    }

    #[test]
    fn options_are_read_and_a_broken_one_ends_the_list() {
        // MSS 1460, SACK permitted, timestamps 1 and 2, NOP, window scale 7; then a lone kind with a wrong length.
        let options = [2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 3, 3, 7];
        let mut bytes = packet(v4(1), v4(2), 0, 0, &["SYN"], &options);
        bytes[32] = 0xa0;
        let read = Packet::parse(&bytes).unwrap();
        assert_eq!((read.tcp().unwrap().window_scale, read.len()), (Some(7), 0));
        assert_eq!(TcpOption::all(read.header()).len(), 5);
        bytes[45] = 99;
        assert_eq!(Packet::parse(&bytes).unwrap().tcp().unwrap().window_scale, None);
    }

    #[test]
    fn the_checksum_is_the_one_of_the_standard() {
        for (from, to) in [(v4(40000), v4(8000)), (v6(40000), v6(8000))] {
            let whole = packet(from, to, 7, 9, &["ACK"], b"odd");
            let at = whole.len() - 3 - 20 + 16;
            let mut unfinished = whole.clone();
            unfinished[at..at + 2].copy_from_slice(&[0xaa, 0xaa]);
            finish_checksum(&mut unfinished).unwrap();
            assert_eq!(unfinished, whole);
        }
    }

    #[test]
    fn a_cut_packet_is_refused_at_every_length() {
        let whole = packet(v4(1), v4(2), 0, 0, &["SYN"], b"data");
        for length in 0..whole.len() {
            assert!(Packet::parse(&whole[..length]).is_err(), "{length}");
            assert!(finish_checksum(&mut whole[..length].to_vec()).is_err(), "{length}");
        }
        let mut other = whole;
        other[9] = 2;
        assert_eq!(Packet::parse(&other), Err(Malformed::Other), "IGMP");
    }

    #[test]
    fn a_datagram_has_ports_a_length_and_a_checksum() {
        for (from, to) in [(v4(40000), v4(8000)), (v6(40000), v6(8000))] {
            let whole = datagram_packet(from, to, b"hello");
            let read = Packet::parse(&whole).unwrap();
            assert_eq!((read.from, read.to, read.protocol(), read.tcp()), (from, to, Protocol::Udp, None));
            assert_eq!((read.payload(), read.header().len()), (&b"hello"[..], 8));
            let at = whole.len() - 5 - 2;
            let mut unfinished = whole.clone();
            unfinished[at..at + 2].copy_from_slice(&[0xaa, 0xaa]);
            finish_checksum(&mut unfinished).unwrap();
            assert_eq!(unfinished, whole);
            for length in 0..whole.len() {
                assert!(Packet::parse(&whole[..length]).is_err(), "{length}");
            }
        }
    }

    #[test]
    fn an_unreachable_port_is_told_by_the_datagram_that_asked_for_it() {
        for (from, to) in [(v4(40000), v4(8000)), (v6(40000), v6(8000))] {
            let whole = testing::unreachable_packet(from, to, b"hello");
            let read = Packet::parse(&whole).unwrap();
            assert_eq!((read.from, read.to, read.transport), (to, from, Transport::Icmp(IcmpError::PortUnreachable)));
            assert_eq!((read.header().len(), read.payload()), (8, &datagram_packet(from, to, b"hello")[..]));
            let mut untouched = whole.clone();
            finish_checksum(&mut untouched).unwrap();
            assert_eq!(untouched, whole);
        }
    }

    #[test]
    fn the_layers_of_a_frame_are_its_bytes_without_gap_or_overlap() {
        let link = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0];
        for packet in [packet(v4(1), v4(2), 7, 9, &["ACK"], b"data"), datagram_packet(v4(1), v4(2), b"data")] {
            let frame = [&link[..], &packet].concat();
            let read = Packet::from_frame(&frame).unwrap();
            assert_eq!([read.link().unwrap(), read.ip_header(), read.header(), read.payload()].concat(), frame);
            let ip = read.ip();
            assert_eq!((ip.version, ip.hops, ip.length), (4, 64, packet.len()));
            assert_eq!(ip.protocol, if read.tcp().is_some() { 6 } else { 17 });
            assert!(Packet::parse(&packet).unwrap().link().is_none());
            assert!(Packet::from_frame(&frame[..13]).is_err());
        }
        let ip = Packet::parse(&datagram_packet(v6(1), v6(2), b"data")).unwrap().ip();
        assert_eq!((ip.version, ip.hops, ip.protocol, ip.length), (6, 64, 17, 40 + 8 + 4));
    }

    #[test]
    fn what_is_written_is_read_back_and_checked() {
        let link = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0];
        let bytes = [
            packet(v4(1), v4(2), 7, 9, &["ACK"], b"data"),
            datagram_packet(v6(1), v6(2), b"data"),
            testing::unreachable_packet(v4(1), v4(2), b"data"),
        ];
        for bytes in bytes {
            let bare = Packet::parse(&bytes).unwrap();
            let framed = Packet::from_frame(&[&link[..], &bytes].concat()).unwrap();
            for read in [bare, framed] {
                let text = serde_json::to_string(&read).unwrap();
                assert_eq!(serde_json::from_str::<Packet>(&text).unwrap(), read, "{text}");
            }
            let written = |packet: &[u8], link: &[u8]| {
                let (packet, link) = (packet.to_vec(), link.to_vec());
                serde_json::to_string(&PacketText { packet, link }).unwrap()
            };
            let long = [&bytes[..], &vec![0; LONGEST]].concat();
            for bad in [written(&bytes[..20], &[]), written(&bytes, &link[..13]), written(&long, &link)] {
                assert!(serde_json::from_str::<Packet>(&bad).is_err());
            }
        }
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = Packet::parse(&bytes);
            let _ = Packet::from_frame(&bytes);
            let _ = finish_checksum(&mut bytes);
        }

        #[test]
        fn a_damaged_answer_is_read_within_its_bytes(at in 0usize..61, value: u8) {
            let mut bytes = testing::unreachable_packet(v4(40000), v4(8000), b"hello");
            bytes[at] = value;
            if let Ok(read) = Packet::parse(&bytes) {
                prop_assert!(read.header().len() + read.payload().len() <= bytes.len());
            }
        }

        #[test]
        fn a_damaged_segment_is_read_within_its_bytes(at in 0usize..45, value: u8) {
            let mut bytes = packet(v4(40000), v4(8000), 7, 9, &["ACK"], b"hello");
            bytes[at] = value;
            if let Ok(segment) = Packet::parse(&bytes) {
                prop_assert!(segment.header().len() + segment.payload().len() <= bytes.len());
            }
            let _ = finish_checksum(&mut bytes);
        }
    }
}
