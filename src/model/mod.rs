//! What happened: calls, segments, observations, and the trace that holds them all.
//!
//! The trace is the one thing that every front end reads. It only grows; looking back moves a cursor, and a
//! [`View`] answers every question for that moment, by the same path for the past as for the present.

mod actor;
mod arguments;
mod call;
mod call_flags;
mod call_name;
mod calls;
mod counters;
mod device;
mod doors;
pub mod edit;
mod ends;
mod epoll;
mod errno;
mod escape;
mod event;
mod event_names;
mod families;
mod flag_text;
mod flow;
mod forks;
mod hosts;
mod kernel_change;
mod kernel_table;
mod killed;
mod lookup;
mod made;
mod member;
mod message_flags;
mod moment;
mod numbering;
mod observation;
mod on_wire;
mod option;
mod own_calls;
mod pace;
mod program;
mod program_view;
mod readiness;
mod route;
pub mod rule;
mod sent_again;
mod settings;
mod site;
mod socket_flags;
mod sockets;
mod statement;
mod stopped;
mod stops;
mod structured;
mod sysctl;
mod system;
mod tcp_info;
#[cfg(test)]
pub(crate) mod testing;
mod trace;
mod transfer;
pub mod typed;
mod verdicts;
mod versioned;
mod view;

pub use actor::{Actor, Caller, Door, SideProcess};
pub use arguments::Argument;
pub use call::{Call, How, LONGEST_READ, Maker, Outcome, ProgramCall, ProgramReturn, Returned, Side, Transfer};
pub use call_name::CallName;
pub use calls::{CallRecord, CallView};
pub use counters::{CounterMove, counter_name, is_routine, same_counter, why_again};
pub use device::{DeviceRequest, status_text};
pub use epoll::{EpollEvents, EpollOp};
pub use errno::Errno;
pub use escape::{end_of_quotation, escape, escape_with, quoted};
pub use event::{
    AnsweredQuestion, ChangedSetting, ClaimResult, Entry, Event, Fate, HandAction, HandMade, SampledOut, SegmentId,
};
pub use event_names::{event_named, event_names, event_text, ready_text, set_text};
pub use families::TableChange;
pub use flag_text::flag_text;
pub use flow::{Arrival, CongestionSample, Flow, FlowStep, NO_THRESHOLD, SentRange};
pub use forks::Fork;
pub use hosts::{HostsChange, HostsFault};
pub use kernel_change::{KernelChange, is_kernel_change};
pub use kernel_table::KernelTable;
pub use lookup::{LONGEST_NAME, Lookup, LookupFamily, LookupFlags, listed};
pub use member::{Connection, ForwardingRules, Member, Role, SegmentFilter, may_release};
pub use message_flags::{MESSAGE_FLAGS, MessageFlags};
pub use moment::Moment;
pub use observation::{
    InheritedDescriptor, Observation, PartialDump, SocketFacts, SocketState, Source, Timer, TimerKind,
};
pub use on_wire::on_wire;
pub use option::{OptionValue, SOCKET_OPTIONS, SocketOption, TOLD_OPTIONS};
pub use pace::Pace;
pub use program::{
    HeldCalls, PROGRAM_CALLS, ProcessSocket, ProgramDescriptor, ProgramExit, ProgramThread, signal_name,
};
pub use readiness::{FD_SETSIZE, MOST_POLLED, NoPollEvents, PollEvents, PolledDescriptor, PolledSocket};
pub use route::{MetricValue, RouteChange, RouteFault, RouteMetric};
pub use settings::{Copies, LOOPBACK_MTU, LabSettings, MSS, Mode, Need, SHARED_RTO_MIN_MS, Setting, TRIES, lab_number};
pub use site::{CallSite, SiteLacks, StackFrame};
pub use socket_flags::SocketFlags;
pub use sockets::{Opposite, SocketKind, SocketNames, SocketRole};
pub use statement::{
    ClaimNumber, ConnectionEnd, Count, InfoFact, ProgramCallState, SegmentFate, SegmentWords, Statement, TimerFact,
    timer_name,
};
pub use stopped::StoppedProcess;
pub use stops::stops;
pub use structured::{LONGEST_OPTION_NAME, StructuredValue, ValueKind};
pub use sysctl::{CORE_SETTINGS, IPV4_SETTINGS, SettingChange, SettingFault, SettingKind};
pub use system::{Aim, Attempt, Cause, Failure};
pub use tcp_info::{CongestionState, InfoField, InfoOptions, InfoTimes, TcpInfo, three_digits};
pub use trace::{SegmentRecord, SocketRecord, Trace};
pub use transfer::MOST_BUFFERS;
pub use view::{SegmentView, SocketView, View};
