//! The bytes of a packet, changed.

use etherparse::checksum::Sum16BitWords;

use super::{Change, Edit, EditField, Unfit, options};
use crate::tcp::{Expr, Initials, Letter, Packet, Protocol, finish_checksum};

/// The most that the length field of an IPv4 header can tell, and of an IPv6 header without that header itself.
const LONGEST: usize = 65_535;

/// The length of an IPv6 header.
pub(super) const IPV6_HEADER: usize = 40;

/// ICMPv6's number among the protocols.
pub(super) const ICMPV6: u8 = 58;

impl Edit {
    /// A copy of a packet with these changes: lengths follow from it, and every checksum is the right one, unless it is to be wrong.
    /// `initials` are those from which the packet counts.
    ///
    /// # Errors
    /// [`Unfit`] says what can't be so.
    pub fn apply(&self, packet: &Packet, initials: &Initials) -> Result<Packet, Unfit> {
        let reckon = |expr: &Expr| {
            let number = expr.value(|Letter { letter, index }| initials.named(letter, index), 0);
            number.ok_or(expr.letter.map_or(Unfit::Malformed, Unfit::NoNumber))
        };
        let mut parts = PacketParts::of(packet);
        for change in self.changes() {
            if !has(packet.protocol(), change.field()) {
                return Err(Unfit::NoField(change.field()));
            }
            parts.change(change, &reckon)?;
        }
        if packet.protocol() == Protocol::Tcp {
            let options = options::changed(&parts.header, self, &reckon)?;
            parts.header.truncate(20);
            parts.header.extend(options);
            // The data offset, in words of four bytes.
            let words = u8::try_from(parts.header.len() / 4).unwrap_or(15);
            parts.header[12] = words << 4 | parts.header[12] & 0x0f;
        }
        let wrong = self.of(EditField::Checksum) == Some(&Change::Checksum(false));
        let bytes = parts.join(packet.protocol(), wrong)?;
        Packet::parse(&bytes).map_err(|_| Unfit::Malformed)
    }
}

/// Whether a packet of a protocol has a field.
pub(super) fn has(protocol: Protocol, field: EditField) -> bool {
    match field {
        EditField::Ttl | EditField::Ecn | EditField::Checksum => true,
        EditField::SourcePort | EditField::DestinationPort | EditField::Data => protocol != Protocol::Icmp,
        _ => protocol == Protocol::Tcp,
    }
}

/// Where the checksum stands in a transport header.
pub(super) const fn checksum_at(protocol: Protocol) -> usize {
    match protocol {
        Protocol::Tcp => 16,
        Protocol::Udp => 6,
        Protocol::Icmp => 2,
    }
}

/// A packet by its headers and its data.
struct PacketParts {
    ip: Vec<u8>,
    header: Vec<u8>,
    data: Vec<u8>,
}

impl PacketParts {
    fn of(packet: &Packet) -> PacketParts {
        let (ip, header) = (packet.ip_header().to_vec(), packet.header().to_vec());
        PacketParts { ip, header, data: packet.payload().to_vec() }
    }

    fn change(&mut self, change: &Change, reckon: &impl Fn(&Expr) -> Result<u32, Unfit>) -> Result<(), Unfit> {
        let mut put = |at: usize, bytes: &[u8]| self.header[at..at + bytes.len()].copy_from_slice(bytes);
        match change {
            Change::SourcePort(port) => put(0, &port.to_be_bytes()),
            Change::DestinationPort(port) => put(2, &port.to_be_bytes()),
            Change::Seq(seq) => put(4, &reckon(seq)?.to_be_bytes()),
            Change::Ack(ack) => put(8, &reckon(ack)?.to_be_bytes()),
            Change::Flags(flags) => put(13, &[flags.bits()]),
            Change::Window(window) => put(14, &window.to_be_bytes()),
            Change::Urgent(pointer) => put(18, &pointer.to_be_bytes()),
            Change::Ttl(hops) => {
                let at = if self.is_ipv6() { 7 } else { 8 };
                self.ip[at] = *hops;
            }
            Change::Ecn(bits) => {
                // IPv6's traffic class lies across two bytes.
                let (at, shift) = if self.is_ipv6() { (1, 4) } else { (1, 0) };
                self.ip[at] = self.ip[at] & !(3 << shift) | (bits & 3) << shift;
            }
            Change::Data(data) => self.data.clone_from(data),
            // The checksum comes last, and so do the options.
            Change::Checksum(_) | Change::Mss(_) | Change::Scale(_) | Change::SackPermitted(_) => {}
            Change::Sack(_) | Change::Timestamps(_) | Change::FastOpen(_) | Change::FastOpenExp(_) => {}
        }
        Ok(())
    }

    fn is_ipv6(&self) -> bool {
        self.ip.first().is_some_and(|first| first >> 4 == 6)
    }

    /// The whole packet, its lengths and checksums written.
    fn join(mut self, protocol: Protocol, wrong: bool) -> Result<Vec<u8>, Unfit> {
        let (start, total) = (self.ip.len(), self.ip.len() + self.header.len() + self.data.len());
        let told = if self.is_ipv6() { total - IPV6_HEADER } else { total };
        if told > LONGEST {
            return Err(Unfit::LongPacket(total));
        }
        let length = |length: usize| u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
        if protocol == Protocol::Udp {
            let told = length(self.header.len() + self.data.len());
            self.header[4..6].copy_from_slice(&told);
        }
        if self.is_ipv6() {
            self.ip[4..6].copy_from_slice(&length(told));
        } else {
            self.ip[2..4].copy_from_slice(&length(told));
            self.ip[10..12].fill(0);
            // Behind its own length, in words of four bytes, another header may stand before the transport's.
            let own = (usize::from(self.ip[0] & 0x0f) * 4).min(self.ip.len());
            let sum = Sum16BitWords::new().add_slice(&self.ip[..own]).ones_complement().to_be();
            self.ip[10..12].copy_from_slice(&sum.to_be_bytes());
        }
        let mut bytes = [self.ip, self.header, self.data].concat();
        match protocol {
            Protocol::Tcp | Protocol::Udp => finish_checksum(&mut bytes).map_err(|_| Unfit::Malformed)?,
            Protocol::Icmp => finish_icmp(&mut bytes, start),
        }
        if wrong {
            spoil(&mut bytes[start + checksum_at(protocol)..]);
        }
        Ok(bytes)
    }
}

/// The right checksum of a packet's transport header; `None` where it can't be reckoned.
pub(super) fn right_checksum(packet: &Packet) -> Option<[u8; 2]> {
    let start = packet.ip_header().len() + checksum_at(packet.protocol());
    let mut bytes = packet.packet().to_vec();
    match packet.protocol() {
        Protocol::Tcp | Protocol::Udp => finish_checksum(&mut bytes).ok()?,
        Protocol::Icmp => finish_icmp(&mut bytes, packet.ip_header().len()),
    }
    bytes.get(start..)?.first_chunk().copied()
}

/// Writes the right checksum into an ICMP message whose header begins at this byte. IPv6's covers the addresses too (RFC 4443,
/// section 2.3).
pub(super) fn finish_icmp(packet: &mut [u8], header: usize) {
    let is_ipv6 = packet.first().is_some_and(|first| first >> 4 == 6);
    let (ip, message) = packet.split_at_mut(header.min(packet.len()));
    let Some(sum) = message.get_mut(2..4) else { return };
    sum.fill(0);
    let mut of = Sum16BitWords::new().add_slice(message);
    if is_ipv6 {
        let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
        of = of.add_slice(&ip[8..IPV6_HEADER]).add_slice(&length.to_be_bytes()).add_slice(&[0, 0, 0, ICMPV6]);
    }
    message[2..4].copy_from_slice(&of.ones_complement().to_be().to_be_bytes());
}

/// Makes the checksum at the beginning of these bytes another one, and none that counts as the same: 0 and 0xffff do (RFC 1071),
/// and 0 is none at all in UDP (RFC 768).
fn spoil(bytes: &mut [u8]) {
    let Some(sum) = bytes.first_chunk_mut::<2>() else { return };
    let right = u16::from_be_bytes(*sum);
    let wrong = if right ^ 1 == 0 { right ^ 2 } else { right ^ 1 };
    *sum = wrong.to_be_bytes();
}
