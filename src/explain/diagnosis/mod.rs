//! What is wrong with a program that was traced, as far as it is a fact: what its calls came to, what the kernel has, which
//! segments came. Nothing here is a guess: where a fact is missing, nothing is said.
//!
//! [`standing`] has what is so at one moment and goes when it is no longer so; [`done`] what a program did, which stays so.
//! What needs that *nobody* does something (reads, accepts) is told only once that has been so for [`LONG`], since a program
//! between two calls is no fault.

mod closing;
mod find;
mod loops;
mod report;
#[cfg(test)]
mod tests;
mod texts;

pub use find::{done, standing};
pub use report::report;
pub use texts::ToldDiagnosis;

use std::net::SocketAddr;
use std::time::Duration;

use crate::model::{Actor, CallView, Moment, SegmentId, SocketFacts};

/// So long nobody must have done what a diagnosis says that nobody does.
pub const LONG: Duration = Duration::from_secs(1);

/// What is the case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiagnosisKind {
    /// A connection in CLOSE_WAIT: its program was told the end of the data, went on, and has not closed it.
    NotClosed,
    /// The same, where the program wasn't told the end, and no thread is in a call that would tell it.
    NotNoticed,
    /// The same, where a child process served it and has left it: the parent's descriptor of it is open.
    KeptByParent,
    /// The same, of a connection that a RST has ended: only the descriptor is left of it.
    KeptAfterReset,
    /// Several connections that their peers ended, and whose descriptors are open: these.
    Leaks(Vec<i32>),
    /// A listener's accept queue is full, and nobody takes from it.
    #[allow(missing_docs)]
    QueueFull { waiting: u32, backlog: u32 },
    /// Bytes came that nobody reads: so many.
    NotRead(u32),
    /// Bytes wait to be sent, so many, and the peer's window is 0.
    WindowZero(u32),
    /// Data was sent after the peer's FIN had come, and a RST was the answer.
    WroteAfterFin,
    /// A receiving call has told the end of the data so many times in a row.
    ReadsOn(InARow),
    /// A call that would have to wait was made again at once, so many times in a row.
    AsksOn(InARow),
    /// A descriptor was closed with bytes unread: so many, where the kernel was asked just before, or where all that came and
    /// all that was read is known.
    ClosedUnread(Option<u32>),
    /// The same, of one that the kernel closed because its program ended.
    EndedUnread,
}

/// How often something came in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InARow {
    /// So often as is known.
    pub times: usize,
    /// Whether it may have been more often.
    pub or_more: bool,
}

/// What shows it.
#[derive(Clone, Debug)]
pub enum Evidence<'a> {
    /// A call.
    Call(CallView<'a>),
    /// A segment, with the entry at which it arrived.
    Segment(Moment, SegmentId),
    /// What the kernel said of a socket, with the entry.
    Kernel(Moment, &'a SocketFacts),
    /// A signal that the program got, with the entry.
    Signal(Moment, i32),
}

impl Evidence<'_> {
    fn moment(&self) -> Moment {
        match self {
            Evidence::Call(call) => call.entered,
            Evidence::Segment(moment, _) | Evidence::Kernel(moment, _) | Evidence::Signal(moment, _) => *moment,
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub struct ProgramDiagnosis<'a> {
    /// What.
    pub kind: DiagnosisKind,
    /// Of which program: its member's number.
    pub program: u32,
    /// Whose part the program plays with that socket.
    pub actor: Actor,
    /// The socket, by the kernel's name for it.
    pub socket: u64,
    /// Its descriptor; of one that was closed, the one that it had.
    pub fd: Option<i32>,
    /// Its own address.
    pub local: Option<SocketAddr>,
    /// The peer's.
    pub remote: Option<SocketAddr>,
    /// What shows it, in the order in which it happened.
    pub evidence: Vec<Evidence<'a>>,
}
