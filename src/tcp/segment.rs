//! What a TCP header says (RFC 9293, section 3.1).

use etherparse::TcpSlice;

use super::{Flags, TcpOption};

/// The fields of one TCP segment's header; its ports are in the addresses of [`super::Packet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The sequence number of its first byte, or of its SYN.
    pub seq: u32,
    /// The sequence number that the sender expects next; counts only where ACK is set.
    pub ack: u32,
    /// The control bits.
    pub flags: Flags,
    /// The window field, unscaled.
    pub window: u16,
    /// The window scale that it offers (RFC 7323); `None` where it is no SYN, or has no such option.
    pub window_scale: Option<u8>,
}

impl Segment {
    /// Whether it ends something: its sender's direction with FIN, or the whole connection with RST.
    pub const fn is_fin_or_rst(&self) -> bool {
        self.flags.has(Flags::FIN) || self.flags.has(Flags::RST)
    }

    /// The header's fields.
    pub(super) fn read(tcp: &TcpSlice<'_>) -> Segment {
        let flags = Flags::from_bits(tcp.header_slice()[13]);
        // Only a SYN can offer one.
        let options = if flags.has(Flags::SYN) { TcpOption::all(tcp.header_slice()) } else { Vec::new() };
        Segment {
            seq: tcp.sequence_number(),
            ack: tcp.acknowledgment_number(),
            flags,
            window: tcp.window_size(),
            window_scale: options.iter().find_map(TcpOption::window_scale),
        }
    }
}
