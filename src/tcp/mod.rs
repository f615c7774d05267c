//! TCP as its specification has it: the state machine of RFC 9293 as a table, and the segment with its
//! one-line notation; beside it, for contrast, the UDP datagram. Nothing here makes a system call, reads a clock or knows a colour.

mod expr;
mod flags;
pub mod hex;
mod icmp;
mod isn;
mod layers;
mod notation;
mod option_text;
mod options;
mod packet;
mod segment;
mod state;
#[cfg(test)]
pub(crate) mod testing;

pub use expr::{Expr, Letter, NotAnExpr};
pub use flags::Flags;
pub use hex::hex_rows;
pub use icmp::IcmpError;
pub use isn::{Initials, Isn, IsnName, Isns, Window, relative};
pub use layers::Frame;
pub use notation::{Numbers, line, number, tells_zero_window, window_field};
pub use option_text::Hex;
pub use options::TcpOption;
pub use packet::{Ip, LINK_HEADER, LONGEST_FRAME, Malformed, Packet, Protocol, Transport, finish_checksum};
pub use segment::Segment;
pub use state::{EDGES, Edge, State, Trigger, edge};
