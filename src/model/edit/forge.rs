//! A segment, or a message of ICMP, that no kernel sent.

use std::net::{IpAddr, SocketAddr};

use super::apply::{ICMPV6, finish_icmp};
use super::{Edit, Unfit};
use crate::tcp::{IcmpError, Initials, Packet};

/// What is made from nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forgery {
    /// It is such a message, about a segment of its receiver's, and the changes are of that segment; `None`: it is a segment.
    pub icmp: Option<IcmpError>,
    /// What stands in its fields. What isn't named is 0, but for the TTL, which is 64, and for the window, which is the largest.
    pub edit: Edit,
}

/// So many bytes of a packet ICMP quotes at most: its message is to have 576 bytes (RFC 1812, section 4.3.2.3), IPv6's 1280
/// (RFC 4443, section 2.4).
const QUOTED: [usize; 2] = [576 - 20 - 8, 1280 - 40 - 8];

/// Where in an IPv6 header the number of what follows stands, in bytes from its beginning (RFC 8200, section 3).
const NEXT_HEADER: u32 = 6;

impl Forgery {
    /// The packet, between these ends. `initials` are those of the connection, of what the first end sends; `quoted` is the newest
    /// segment that the other end has sent there: an ICMP message is about that.
    ///
    /// # Errors
    /// [`Unfit`] says what can't be so.
    pub fn packet(
        &self,
        (from, to): (SocketAddr, SocketAddr),
        initials: &Initials,
        quoted: Option<&Packet>,
    ) -> Result<Packet, Unfit> {
        match self.icmp {
            None => self.edit.apply(&blank(from, to)?, initials),
            Some(says) => {
                let about = match quoted {
                    Some(quoted) => quoted.clone(),
                    None => blank(to, from)?,
                };
                icmp(from, to, says, &self.edit.apply(&about, &initials.of_the_other())?)
            }
        }
    }
}

/// A segment in which nothing stands.
fn blank(from: SocketAddr, to: SocketAddr) -> Result<Packet, Unfit> {
    let mut tcp = [0; 20];
    tcp[..2].copy_from_slice(&from.port().to_be_bytes());
    tcp[2..4].copy_from_slice(&to.port().to_be_bytes());
    tcp[12] = 5 << 4;
    tcp[14..16].copy_from_slice(&u16::MAX.to_be_bytes());
    let bytes = ip_packet(from, to, (6, 6), &tcp)?;
    let packet = Packet::parse(&bytes).map_err(|_| Unfit::Malformed)?;
    // With its lengths and checksums.
    Edit::default().apply(&packet, &Initials::default())
}

/// A packet with an IP header of its own; `protocols` are the numbers of what it carries, in IPv4 and in IPv6.
fn ip_packet(from: SocketAddr, to: SocketAddr, protocols: (u8, u8), data: &[u8]) -> Result<Vec<u8>, Unfit> {
    const HOPS: u8 = 64;
    let length = |length: usize| u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
    Ok(match (from.ip(), to.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let mut ip = vec![0x45, 0, 0, 0, 0, 0, 0x40, 0, HOPS, protocols.0, 0, 0];
            ip[2..4].copy_from_slice(&length(20 + data.len()));
            [ip.as_slice(), &from.octets(), &to.octets(), data].concat()
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            let mut ip = vec![0x60, 0, 0, 0, 0, 0, protocols.1, HOPS];
            ip[4..6].copy_from_slice(&length(data.len()));
            [ip.as_slice(), &from.octets(), &to.octets(), data].concat()
        }
        _ => return Err(Unfit::Families),
    })
}

fn icmp(from: SocketAddr, to: SocketAddr, says: IcmpError, about: &Packet) -> Result<Packet, Unfit> {
    let most = QUOTED[usize::from(from.is_ipv6())];
    let quoted = &about.packet()[..about.packet().len().min(most)];
    let mut header = [0; 8];
    header[..2].copy_from_slice(&says.type_and_code(from.is_ipv6()));
    match (says, from.is_ipv6()) {
        (IcmpError::FragmentationNeeded(mtu), false) => {
            header[6..].copy_from_slice(&u16::try_from(mtu).unwrap_or(u16::MAX).to_be_bytes());
        }
        (IcmpError::FragmentationNeeded(mtu), true) => header[4..].copy_from_slice(&mtu.to_be_bytes()),
        // The byte of the packet that isn't understood: where it names what it carries (RFC 4443, section 3.4).
        (IcmpError::ProtocolUnreachable, true) => header[4..].copy_from_slice(&NEXT_HEADER.to_be_bytes()),
        _ => {}
    }
    let mut bytes = ip_packet(from, to, (1, ICMPV6), &[&header, quoted].concat())?;
    let start = bytes.len() - header.len() - quoted.len();
    finish_icmp(&mut bytes, start);
    let packet = Packet::parse(&bytes).map_err(|_| Unfit::Malformed)?;
    // With the IP header's own checksum.
    Edit::default().apply(&packet, &Initials::default())
}
