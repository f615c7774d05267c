//! What happened: calls, segments, observations, and the trace that holds them all.
//!
//! The trace is the one thing that every front end reads. It only grows; looking back moves a cursor, and a
//! [`View`] answers every question for that moment, by the same path for the past as for the present.

mod actor;
mod arguments;
mod call;
mod call_flags;
mod calls;
mod counters;
mod doors;
pub mod edit;
mod escape;
mod event;
mod flag_text;
mod flow;
mod kernel_table;
mod member;
mod message_flags;
mod moment;
mod observation;
mod option;
mod program;
mod readiness;
pub mod rule;
mod settings;
mod site;
mod sockets;
mod statement;
mod sysctl;
mod system;
mod tcp_info;
#[cfg(test)]
pub(crate) mod testing;
mod trace;
pub mod typed;
mod verdicts;
mod versioned;
mod view;

pub use actor::{Actor, Caller, Door};
pub use arguments::Argument;
pub use call::{
    Call, CallName, Errno, How, LONGEST_READ, OptionValue, Outcome, ProgramCall, ProgramReturn, Returned, Side,
};
pub use calls::{CallRecord, CallView};
pub use counters::{CounterMove, counter_name, is_routine, same_counter, why_again};
pub use escape::{escape, escape_with, quoted};
pub use event::{
    AnsweredQuestion, ChangedSetting, ClaimResult, Entry, Event, Fate, HandAction, HandMade, SampledOut, SegmentId,
};
pub use flag_text::flag_text;
pub use flow::{Arrival, CongestionSample, Flow, FlowStep, NO_THRESHOLD, SentRange};
pub use kernel_table::KernelTable;
pub use member::{Connection, ForwardingRules, Member, Role, SegmentFilter, may_release};
pub use message_flags::{MESSAGE_FLAGS, MessageFlags};
pub use moment::Moment;
pub use observation::{Observation, PartialDump, SocketFacts, SocketState, Source, Timer, TimerKind};
pub use option::{SOCKET_OPTIONS, SocketOption, TOLD_OPTIONS};
pub use program::{
    HeldCalls, PROGRAM_CALLS, PolledDescriptor, ProcessSocket, ProgramDescriptor, ProgramExit, ProgramThread,
    signal_name,
};
pub use readiness::{MOST_POLLED, NoPollEvents, PollEntry, PollEvents, PolledSocket, polled_text};
pub use settings::{Copies, LOOPBACK_MTU, LabSettings, MSS, Mode, Need, SHARED_RTO_MIN_MS, Setting, TRIES};
pub use site::{CallSite, SiteLacks, StackFrame};
pub use sockets::{Opposite, SocketKind, SocketNames, SocketRole};
pub use statement::{
    ClaimNumber, ConnectionEnd, Count, InfoFact, ProgramCallState, SegmentFate, SegmentWords, Statement, TimerFact,
    timer_name,
};
pub use sysctl::{CORE_SETTINGS, IPV4_SETTINGS, SettingChange, SettingFault, SettingKind, is_setting, wrong_values};
pub use system::{Aim, Attempt, Cause, Failure};
pub use tcp_info::{CongestionState, InfoField, InfoOptions, TcpInfo, three_digits};
pub use trace::{SegmentRecord, SocketRecord, Trace};
pub use view::{SegmentView, SocketView, View};
