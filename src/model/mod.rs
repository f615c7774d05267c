//! What happened: calls, segments, observations, and the trace that holds them all.
//!
//! The trace is the one thing that every front end reads. It only grows; looking back moves a cursor, and a
//! [`View`] answers every question for that moment, by the same path for the past as for the present.

mod actor;
mod arguments;
mod call;
mod calls;
mod changing;
mod doors;
mod escape;
mod event;
mod member;
mod moment;
mod observation;
mod option;
mod program;
mod settings;
mod sockets;
mod statement;
mod system;
#[cfg(test)]
pub(crate) mod testing;
mod told;
mod trace;
pub mod typed;
mod verdicts;
mod view;

pub use actor::{Actor, Caller, Door};
pub use arguments::Argument;
pub use call::{Call, CallName, Errno, How, LONGEST_READ, Outcome, ProgramCall, ProgramReturn, Returned, Side};
pub use calls::{CallRecord, CallView};
pub use escape::{escape, escape_with, quoted};
pub use event::{Answer, ClaimResult, Entry, Event, Fate, Hand, SegmentId, Unkept};
pub use member::{Connection, Member, Passing, Role, Which, may_release};
pub use moment::Moment;
pub use observation::{Glance, Observation, SocketFacts, SocketState, Source, TcpInfo, Timer, TimerKind};
pub use option::{SOCKET_OPTIONS, SocketOption};
pub use program::{HeldCalls, ProgramDescriptor, ProgramThread};
pub use settings::{Copies, LOOPBACK_MTU, LabSettings, MSS, Mode, Need, SHARED_RTO_MIN_MS, Setting};
pub use sockets::{Opposite, SocketKind, SocketRole, Sockets};
pub use statement::{Count, End, Number, SegmentFate, SegmentWords, Statement, TimerFact, timer_name};
pub use system::{Aim, Attempt, Cause, Failure};
pub use told::Told;
pub use trace::{SegmentRecord, SocketRecord, Trace};
pub use view::{SegmentView, SocketView, View};
