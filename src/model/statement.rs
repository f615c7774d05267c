//! What a claim says, and what is the case where it speaks: facts, without a language.
//!
//! Written with [`fmt::Display`] it is in the lesson's own notation (`client is SYN_SENT`), as JSON lines have it; what
//! people read is made of it by `i18n`.

use std::fmt;

use super::{
    CallName, CongestionState, Errno, InfoField, InfoOptions, PolledSocket, Side, SocketState, TimerKind, event_text,
};

/// One end of a connection, or a listener.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum ConnectionEnd {
    /// The socket that the lesson gave this name.
    Socket(String),
    /// The other end of that socket's connection, whether it has a descriptor or not.
    PeerOf(String),
}

/// What a claim can say of a segment's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SegmentFate {
    /// It waits on the wire.
    Held,
    /// It went on.
    Delivered,
    /// It was forgotten.
    Dropped,
}

/// A number that a claim wants: just this one, at least this one where the learner's reading time may raise it, or at most this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Count {
    /// Written `3`.
    Exactly(u32),
    /// Written `>=3`.
    AtLeast(u32),
    /// Written `<=3`.
    AtMost(u32),
}

impl Count {
    /// Whether a number is one that is wanted.
    pub const fn holds(self, found: u32) -> bool {
        match self {
            Count::Exactly(wanted) => found == wanted,
            Count::AtLeast(least) => found >= least,
            Count::AtMost(most) => found <= most,
        }
    }
}

/// A number as the lesson writes it, and as it reads where the learner's line is known.
#[derive(Clone, Debug, Eq, serde::Serialize, serde::Deserialize)]
pub struct ClaimNumber {
    /// `line+1`.
    pub written: String,
    /// `7`; what is relative to an initial sequence number stays so, `j+7`.
    pub shown: String,
}

/// The same number of a lesson, whichever line was typed.
impl PartialEq for ClaimNumber {
    fn eq(&self, other: &ClaimNumber) -> bool {
        self.written == other.written
    }
}

impl From<u32> for ClaimNumber {
    fn from(number: u32) -> ClaimNumber {
        ClaimNumber { written: number.to_string(), shown: number.to_string() }
    }
}

/// A segment by what is said of it: `SYN`, and `seq` = `j`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SegmentWords {
    /// Its flags, or what it is; of one that was seen, its whole line.
    pub head: String,
    /// Its fields by their names in lessons.
    pub fields: Vec<(String, ClaimNumber)>,
    /// The socket to whose connection it belongs, where that matters.
    pub on: Option<String>,
}

/// One thing of a timer.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum TimerFact {
    /// This one runs.
    Runs(TimerKind),
    /// None runs.
    NoneRuns,
    /// It fired so often.
    Fired(Count),
    /// The retransmission timeout, in milliseconds.
    Rto(Count),
    /// The kernel tells no retransmission timeout.
    NoRto,
}

/// One thing of `TCP_INFO`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum InfoFact {
    /// A number.
    Number(InfoField, Count),
    /// The state of the congestion control.
    Congestion(CongestionState),
    /// The options in use: just these.
    Options(InfoOptions),
    /// The kernel doesn't tell this number.
    NoNumber(InfoField),
    /// The kernel doesn't tell the state of the congestion control.
    NoCongestion,
    /// The kernel doesn't tell the options.
    NoOptions,
}

/// How a call of a program stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProgramCallState {
    /// Its thread stands before it.
    Stands,
    /// The thread is in it and doesn't sleep.
    Runs,
    /// The thread sleeps in it.
    Blocks,
    /// It came back.
    Returned,
    /// The thread ended in it, or before it.
    Ended,
}

impl ProgramCallState {
    /// Those that a claim can have.
    pub const CLAIMED: [ProgramCallState; 3] =
        [ProgramCallState::Stands, ProgramCallState::Blocks, ProgramCallState::Returned];

    /// Its name in lessons.
    pub const fn name(self) -> &'static str {
        match self {
            ProgramCallState::Stands => "stands",
            ProgramCallState::Runs => "runs",
            ProgramCallState::Blocks => "blocks",
            ProgramCallState::Returned => "returned",
            ProgramCallState::Ended => "ended",
        }
    }
}

/// What is said to be the case, or is.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[allow(missing_docs)]
pub enum Statement {
    /// The side's newest call of this name came back so; a value or data that don't matter are `None`.
    Returns { side: Side, call: CallName, value: Option<ClaimNumber>, data: Option<String> },
    /// Just these sockets have events in the side's newest call of this name, which waits for several.
    Ready { side: Side, call: CallName, sockets: Vec<PolledSocket> },
    /// It tells this value of an option, or this address.
    Tells { side: Side, call: CallName, told: String },
    /// It failed.
    Fails { side: Side, call: CallName, errno: Errno },
    /// The side sleeps in it.
    Sleeps { side: Side, call: CallName },
    /// The side is in it and doesn't sleep.
    Runs { side: Side, call: CallName },
    /// The same of a thread of the side's: 1 is the main one.
    OfThread { thread: u32, said: Box<Statement> },
    /// The same of a process of the side's that `fork()` made, as [`Actor::nth`](super::Actor::nth) has it.
    OfProcess { process: u32, said: Box<Statement> },
    /// It was made and hasn't returned.
    NotReturned { side: Side, call: CallName },
    /// It was never made.
    NotCalled { side: Side, call: CallName },
    /// The newest call of this name of the side's program, with these arguments where they matter, stands so; where it came back,
    /// with any success, this value, or this error.
    Program {
        side: Side,
        call: String,
        arguments: Option<String>,
        is: ProgramCallState,
        value: Option<i64>,
        errno: Option<Errno>,
    },
    /// The side's program never stood before a call of this name, and made none.
    ProgramNotCalled { side: Side, call: String },
    /// It can't, since the side's program doesn't stand before a call of this name; it stands before these.
    NotBefore { side: Side, call: String, stands: Vec<String> },
    /// The kernel has an end in this state.
    State { end: ConnectionEnd, is: SocketState },
    /// The kernel has no such end.
    NoSocket(ConnectionEnd),
    /// A segment was sent, and this became of it.
    Segment { from: Side, segment: SegmentWords, is: SegmentFate },
    /// No such segment was ever sent.
    NeverSent { from: Side, segment: SegmentWords },
    /// So many segments wait on the wire, in all or from a side; of what is the case, also the first of them, with who sent it.
    Waiting { from: Option<Side>, count: u32, segments: Vec<(Side, SegmentWords)> },
    /// The newest segment of a side is this one.
    LastSent { from: Side, segment: SegmentWords },
    /// A side sent nothing; where a socket is named, nothing on its connection.
    SentNothing { from: Side, on: Option<String> },
    /// An end's queues are so long; one that doesn't matter is `None`.
    Queues { end: ConnectionEnd, recv: Option<ClaimNumber>, send: Option<ClaimNumber> },
    /// An end's timer is so.
    Timer { end: ConnectionEnd, facts: Vec<TimerFact> },
    /// So much `TCP_INFO` tells of an end.
    Info { end: ConnectionEnd, facts: Vec<InfoFact> },
    /// These counters of the kernel's moved as the segment arrived that was delivered last; none did where it is empty.
    Counted(Vec<String>),
    /// Whether counters moved isn't known: nothing was delivered, or they weren't read.
    CountersUnread,
    /// What the step does can be done.
    StepCanBeDone,
    /// It can't, since no such segment of the side waits.
    NoneWaits { from: Side, what: String },
    /// It can't, since several segments of the side fit.
    SeveralFit { from: Side, segments: Vec<SegmentWords> },
    /// It can't, since the side is in no call.
    InNoCall(Side),
    /// A side makes no call, since its process was killed.
    Killed(Side),
    /// A side has no such process: no `fork()` of the lesson's has made it.
    NoProcess { side: Side, process: u32 },
    /// It can't, since there is no socket of this name yet.
    NoSuchSocket(String),
    /// It can't, since the side has received nothing by `recvfrom()`, and so knows no sender.
    NoSender(Side),
    /// It can't, since it is no call.
    NoCall,
    /// It can't, since no such segment can be made; what is in the way, in English and short.
    NotMade(String),
    /// It can't, since the kernel refuses this setting.
    NotSet { name: String, errno: Errno },
    /// It waited in vain: this timer didn't run out.
    NotFired(TimerKind),
}

/// A timer's name in lessons and claims.
pub const fn timer_name(kind: TimerKind) -> &'static str {
    match kind {
        TimerKind::Retransmit => "retransmit",
        TimerKind::Keepalive => "keepalive",
        TimerKind::TimeWait => "time-wait",
        TimerKind::Probe => "probe",
        TimerKind::FinWait2 => "fin-wait-2",
    }
}

impl SegmentFate {
    /// `held`, `delivered` or `dropped`.
    pub const fn name(self) -> &'static str {
        match self {
            SegmentFate::Held => "held",
            SegmentFate::Delivered => "delivered",
            SegmentFate::Dropped => "dropped",
        }
    }
}

impl fmt::Display for ConnectionEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConnectionEnd::Socket(name) => f.write_str(name),
            ConnectionEnd::PeerOf(name) => write!(f, "peer of {name}"),
        }
    }
}

impl fmt::Display for ClaimNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl fmt::Display for SegmentWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.head)?;
        self.fields.iter().try_for_each(|(name, number)| write!(f, " {name}={number}"))?;
        on(f, &self.on)
    }
}

fn on(f: &mut fmt::Formatter<'_>, socket: &Option<String>) -> fmt::Result {
    socket.as_ref().map_or(Ok(()), |socket| write!(f, " on {socket}"))
}

fn write_waiting(
    f: &mut fmt::Formatter<'_>,
    from: Option<Side>,
    count: u32,
    segments: &[(Side, SegmentWords)],
) -> fmt::Result {
    match from {
        Some(from) => write!(f, "{count} segments of the {from} wait")?,
        None => write!(f, "{count} segments wait")?,
    }
    let list: Vec<String> = segments.iter().map(|(from, segment)| format!("{from} {segment}")).collect();
    if list.is_empty() { Ok(()) } else { write!(f, ": {}", list.join("; ")) }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Count::Exactly(number) => write!(f, "={number}"),
            Count::AtLeast(number) => write!(f, ">={number}"),
            Count::AtMost(number) => write!(f, "<={number}"),
        }
    }
}

impl fmt::Display for TimerFact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TimerFact::Runs(kind) => f.write_str(timer_name(*kind)),
            TimerFact::NoneRuns => f.write_str("none"),
            TimerFact::Fired(count) => write!(f, "fired{count}"),
            TimerFact::Rto(count) => write!(f, "rto_ms{count}"),
            TimerFact::NoRto => f.write_str("rto_ms=none"),
        }
    }
}

impl fmt::Display for InfoFact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InfoFact::Number(field, count) => write!(f, "{}{count}", field.name()),
            InfoFact::Congestion(state) => write!(f, "ca_state={}", state.name()),
            InfoFact::Options(options) => write!(f, "options={options}"),
            InfoFact::NoNumber(field) => write!(f, "{}=?", field.name()),
            InfoFact::NoCongestion => f.write_str("ca_state=?"),
            InfoFact::NoOptions => f.write_str("options=?"),
        }
    }
}

fn write_ready(f: &mut fmt::Formatter<'_>, (side, call): (Side, CallName), sockets: &[PolledSocket]) -> fmt::Result {
    if sockets.is_empty() {
        return write!(f, "{side}: {call}() finds nothing ready");
    }
    let one = |polled: &PolledSocket| format!("{} {}", polled.socket, event_text(call, polled.events));
    let list: Vec<String> = sockets.iter().map(one).collect();
    write!(f, "{side}: {call}() finds ready: {}", list.join(", "))
}

fn write_facts(
    f: &mut fmt::Formatter<'_>,
    (what, end): (&str, &ConnectionEnd),
    facts: &[impl fmt::Display],
) -> fmt::Result {
    write!(f, "{what} of {end}:")?;
    facts.iter().try_for_each(|fact| write!(f, " {fact}"))
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Statement::Returns { side, call, value, data } => {
                write!(f, "{side}: {call}() returns")?;
                value.as_ref().map_or(Ok(()), |value| write!(f, " {value}"))?;
                data.as_ref().map_or(Ok(()), |data| write!(f, " {data:?}"))
            }
            Statement::Ready { side, call, sockets } => write_ready(f, (*side, *call), sockets),
            Statement::Tells { side, call, told } => write!(f, "{side}: {call}() tells {told}"),
            Statement::Fails { side, call, errno } => write!(f, "{side}: {call}() fails with {errno}"),
            Statement::Sleeps { side, call } => write!(f, "{side} sleeps in {call}()"),
            Statement::Runs { side, call } => write!(f, "{side} runs in {call}()"),
            Statement::OfThread { thread, said } => write!(f, "thread {thread}: {said}"),
            Statement::OfProcess { process, said } => write!(f, "process {process}: {said}"),
            Statement::NotReturned { side, call } => write!(f, "{side}: {call}() has not returned"),
            Statement::NotCalled { side, call } => write!(f, "{side}: {call}() was not called"),
            Statement::Program { .. } | Statement::ProgramNotCalled { .. } | Statement::NotBefore { .. } => {
                self.write_of_program(f)
            }
            Statement::State { end, is } => write!(f, "{end} is {is}"),
            Statement::NoSocket(end) => write!(f, "the kernel has no socket {end}"),
            Statement::Segment { from, segment, is } => write!(f, "{from} sends {segment}: {}", is.name()),
            Statement::NeverSent { from, segment } => write!(f, "{from} never sends {segment}"),
            Statement::Waiting { from, count, segments } => write_waiting(f, *from, *count, segments),
            Statement::LastSent { from, segment } => write!(f, "{from} last sent {segment}"),
            Statement::SentNothing { from, on: socket } => {
                write!(f, "{from} sent nothing")?;
                on(f, socket)
            }
            Statement::Queues { end, recv, send } => {
                write!(f, "queues of {end}:")?;
                recv.as_ref().map_or(Ok(()), |recv| write!(f, " recv={recv}"))?;
                send.as_ref().map_or(Ok(()), |send| write!(f, " send={send}"))
            }
            Statement::Timer { end, facts } => write_facts(f, ("timer", end), facts),
            Statement::Info { end, facts } => write_facts(f, ("info", end), facts),
            Statement::Counted(counters) if counters.is_empty() => f.write_str("the kernel counted nothing"),
            Statement::Counted(counters) => write!(f, "the kernel counted {}", counters.join(", ")),
            Statement::CountersUnread => f.write_str("the kernel's counters were not read"),
            Statement::StepCanBeDone => f.write_str("the step can be done"),
            Statement::NoneWaits { from, what } => write!(f, "no {what} of the {from} waits"),
            Statement::SeveralFit { from, segments } => {
                let list: Vec<String> = segments.iter().map(SegmentWords::to_string).collect();
                write!(f, "{} segments of the {from} fit: {}", segments.len(), list.join("; "))
            }
            Statement::InNoCall(side) => write!(f, "{side} is in no call"),
            Statement::Killed(side) => write!(f, "{side} was killed"),
            Statement::NoProcess { side, process } => write!(f, "{side} has no process {process}"),
            Statement::NoSuchSocket(name) => write!(f, "there is no socket {name}"),
            Statement::NoSender(side) => write!(f, "{side} has received nothing by recvfrom()"),
            Statement::NoCall => f.write_str("no call"),
            Statement::NotMade(why) => write!(f, "no such segment can be made: {why}"),
            Statement::NotSet { name, errno } => write!(f, "the kernel refuses {name}: {errno}"),
            Statement::NotFired(kind) => write!(f, "the {} timer did not fire", timer_name(*kind)),
        }
    }
}

impl Statement {
    /// What is said of calls of programs.
    fn write_of_program(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Statement::Program { side, call, arguments, is, value, errno } => {
                write!(f, "{side}'s program: {call}({}) {}", arguments.as_deref().unwrap_or(""), is.name())?;
                value.map_or(Ok(()), |value| write!(f, " {value}"))?;
                errno.map_or(Ok(()), |errno| write!(f, " {errno}"))
            }
            Statement::ProgramNotCalled { side, call } => write!(f, "{side}'s program has not called {call}()"),
            Statement::NotBefore { side, call, stands } if stands.is_empty() => {
                write!(f, "{side}'s program doesn't stand before {call}()")
            }
            Statement::NotBefore { side, call, stands } => {
                write!(f, "{side}'s program doesn't stand before {call}(), but before {}()", stands.join("(), "))
            }
            // Written by `fmt`, which has every other one.
            _ => Ok(()),
        }
    }
}
