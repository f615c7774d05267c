//! TCP as its specification has it: the state machine of RFC 9293 as a table, and the segment with its
//! one-line notation. Nothing here makes a system call, reads a clock or knows a colour.

mod flags;
pub mod hex;
mod notation;
mod segment;
mod state;
#[cfg(test)]
pub(crate) mod testing;

pub use flags::Flags;
pub use notation::{Isns, Numbers, line, relative, tells_zero_window};
pub use segment::{Malformed, Options, Segment, finish_checksum};
pub use state::{EDGES, Edge, State, Trigger, edge};
