//! One TCP segment, read from the bytes of an IP packet (RFC 9293, section 3.1; RFC 791; RFC 8200).

use etherparse::{NetSlice, SlicedPacket, TcpOptionElement, TcpSlice, TransportSlice};
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::sync::Arc;

use super::Flags;

/// One TCP segment as it was on the wire. Between processes it travels as the bytes of its packet.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "Packet", into = "Packet")]
pub struct Segment {
    /// Who sent it.
    pub from: SocketAddr,
    /// Whom it is for.
    pub to: SocketAddr,
    /// The sequence number of its first byte, or of its SYN.
    pub seq: u32,
    /// The sequence number that the sender expects next; counts only where ACK is set.
    pub ack: u32,
    /// The control bits.
    pub flags: Flags,
    /// The window field, unscaled.
    pub window: u16,
    /// The options that it carries.
    pub options: Options,
    /// The whole IP packet, header included, as it was captured.
    packet: Arc<[u8]>,
    /// Where in the packet the TCP header begins.
    header: usize,
    /// Where in the packet the data lies.
    payload: Range<usize>,
}

/// The TCP options that the program knows (RFC 9293, section 3.2; RFC 7323; RFC 2018); `None` where absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Maximum segment size, in bytes.
    pub mss: Option<u16>,
    /// Window scale: the window field is shifted left by so many bits.
    pub window_scale: Option<u8>,
    /// Selective acknowledgements are permitted.
    pub sack_permitted: bool,
    /// Timestamp value and echo.
    pub timestamps: Option<(u32, u32)>,
}

/// Why bytes are no TCP segment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The packet is cut or contradicts itself.
    #[error("not a whole IP packet: {0}")]
    Packet(String),
    /// An IP packet of another protocol, or a later fragment.
    #[error("no TCP header in it")]
    NotTcp,
}

/// A segment as it is written down.
#[derive(serde::Serialize, serde::Deserialize)]
struct Packet {
    #[serde(with = "super::hex")]
    packet: Vec<u8>,
}

impl From<Segment> for Packet {
    fn from(segment: Segment) -> Packet {
        Packet { packet: segment.packet.to_vec() }
    }
}

impl TryFrom<Packet> for Segment {
    type Error = Malformed;

    fn try_from(written: Packet) -> Result<Segment, Malformed> {
        Segment::parse(&written.packet)
    }
}

impl Segment {
    /// Reads the segment from one IP packet (IPv4 or IPv6, without a link header).
    ///
    /// # Errors
    /// [`Malformed`] where the bytes are cut, contradict themselves, or aren't TCP.
    pub fn parse(packet: &[u8]) -> Result<Segment, Malformed> {
        let (sliced, header) = slice(packet)?;
        let Some(TransportSlice::Tcp(tcp)) = &sliced.transport else { return Err(Malformed::NotTcp) };
        let (source, destination) = addresses(&sliced).ok_or(Malformed::NotTcp)?;
        let start = header + tcp.header_slice().len();
        Ok(Segment {
            from: SocketAddr::new(source, tcp.source_port()),
            to: SocketAddr::new(destination, tcp.destination_port()),
            seq: tcp.sequence_number(),
            ack: tcp.acknowledgment_number(),
            flags: Flags::from_bits(tcp.header_slice()[13]),
            window: tcp.window_size(),
            options: options(tcp),
            payload: start..start + tcp.payload().len(),
            header,
            packet: packet.into(),
        })
    }

    /// How many bytes of data it carries.
    pub fn len(&self) -> u32 {
        u32::try_from(self.payload.len()).unwrap_or(u32::MAX)
    }

    /// Whether it carries no data.
    pub fn is_empty(&self) -> bool {
        self.payload.is_empty()
    }

    /// The data that it carries.
    pub fn payload(&self) -> &[u8] {
        &self.packet[self.payload.clone()]
    }

    /// The whole IP packet.
    pub fn packet(&self) -> &[u8] {
        &self.packet
    }

    /// The bytes of the TCP header, options included.
    pub fn header(&self) -> &[u8] {
        &self.packet[self.header..self.payload.start]
    }
}

fn slice(packet: &[u8]) -> Result<(SlicedPacket<'_>, usize), Malformed> {
    let sliced = SlicedPacket::from_ip(packet).map_err(|error| Malformed::Packet(error.to_string()))?;
    let Some(TransportSlice::Tcp(tcp)) = &sliced.transport else { return Err(Malformed::NotTcp) };
    // The slice lies inside the packet: the distance of their beginnings is where the TCP header starts.
    let header = tcp.slice().as_ptr() as usize - packet.as_ptr() as usize;
    Ok((sliced, header))
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

fn options(tcp: &TcpSlice<'_>) -> Options {
    let mut options = Options::default();
    // A malformed option ends the list, as in the kernel's own parser.
    for element in tcp.options_iterator().map_while(Result::ok) {
        match element {
            TcpOptionElement::MaximumSegmentSize(mss) => options.mss = Some(mss),
            TcpOptionElement::WindowScale(shift) => options.window_scale = Some(shift),
            TcpOptionElement::SelectiveAcknowledgementPermitted => options.sack_permitted = true,
            TcpOptionElement::Timestamp(value, echo) => options.timestamps = Some((value, echo)),
            _ => {}
        }
    }
    options
}

/// Writes the right TCP checksum into a packet: what is captured on `lo` carries an unfinished one.
///
/// # Errors
/// [`Malformed`] where the bytes are no TCP segment.
pub fn finish_checksum(packet: &mut [u8]) -> Result<(), Malformed> {
    let (checksum, at) = {
        let (sliced, header) = slice(packet)?;
        let Some(TransportSlice::Tcp(tcp)) = &sliced.transport else { return Err(Malformed::NotTcp) };
        let too_long = |_| Malformed::Packet("longer than IP allows".into());
        let checksum = match addresses(&sliced).ok_or(Malformed::NotTcp)? {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                tcp.calc_checksum_ipv4(from.octets(), to.octets()).map_err(too_long)?
            }
            (IpAddr::V6(from), IpAddr::V6(to)) => {
                tcp.calc_checksum_ipv6(from.octets(), to.octets()).map_err(|e| Malformed::Packet(e.to_string()))?
            }
            _ => return Err(Malformed::NotTcp),
        };
        (checksum, header + 16)
    };
    packet[at..at + 2].copy_from_slice(&checksum.to_be_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{packet, segment};
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
            assert_eq!((segment.from, segment.to, segment.seq, segment.ack), (from, to, 7, 9));
            assert_eq!((segment.flags.to_string().as_str(), segment.window), ("PSH,ACK", 64240));
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
        let read = Segment::parse(&bytes).unwrap();
        let wanted = Options { mss: Some(1460), window_scale: Some(7), sack_permitted: true, timestamps: Some((1, 2)) };
        assert_eq!((read.options, read.len()), (wanted, 0));
        bytes[45] = 99;
        let cut = Segment::parse(&bytes).unwrap().options;
        assert_eq!((cut.mss, cut.sack_permitted, cut.window_scale), (Some(1460), false, None));
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
            assert!(Segment::parse(&whole[..length]).is_err(), "{length}");
            assert!(finish_checksum(&mut whole[..length].to_vec()).is_err(), "{length}");
        }
        let mut other = whole;
        other[9] = 17;
        assert!(Segment::parse(&other).is_err(), "UDP");
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = Segment::parse(&bytes);
            let _ = finish_checksum(&mut bytes);
        }

        #[test]
        fn a_damaged_segment_is_read_within_its_bytes(at in 0usize..45, value: u8) {
            let mut bytes = packet(v4(40000), v4(8000), 7, 9, &["ACK"], b"hello");
            bytes[at] = value;
            if let Ok(segment) = Segment::parse(&bytes) {
                prop_assert!(segment.header().len() + segment.payload().len() <= bytes.len());
            }
            let _ = finish_checksum(&mut bytes);
        }
    }
}
