//! What a TCP header says (RFC 9293, section 3.1).

use etherparse::{TcpOptionElement, TcpSlice};

use super::Flags;

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
    /// The options that it carries.
    pub options: Options,
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

impl Segment {
    /// The header's fields.
    pub(super) fn read(tcp: &TcpSlice<'_>) -> Segment {
        Segment {
            seq: tcp.sequence_number(),
            ack: tcp.acknowledgment_number(),
            flags: Flags::from_bits(tcp.header_slice()[13]),
            window: tcp.window_size(),
            options: options(tcp),
        }
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
