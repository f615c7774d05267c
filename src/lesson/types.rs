//! What a lesson file holds, once it has been read and checked.

use std::net::SocketAddr;
use std::time::Duration;

use super::{Address, Payload, Recipient, TransferAction, WaitAction};
use crate::i18n::{Lang, Localized};
use crate::model::edit::{Edit, Forgery, WantedFields};
use crate::model::rule::RuleChange;
use crate::model::{
    CallName, CongestionState, ConnectionEnd, Count, Errno, How, InfoField, InfoOptions, KernelChange, LabSettings,
    Lookup, MessageFlags, Mode, Need, PolledSocket, ProgramCallState, SegmentFate, Side, SocketNames, SocketOption,
    SocketState, TimerKind,
};
use crate::tcp::{Expr, Flags, Protocol};

/// A lesson, ready to run.
#[derive(Clone, Debug, PartialEq)]
pub struct Lesson {
    /// The file that it came from, as it is named in messages.
    pub file: String,
    /// What stands in it, where it isn't built in, for whoever looks on or replays.
    pub source: Option<String>,
    /// Its name on the command line: letters, digits and hyphens.
    pub id: String,
    /// What it is called.
    pub title: Localized,
    /// What one will be able to explain afterwards; shown before the first step.
    pub goal: Localized,
    /// What many believe, and what is so: said again at the end.
    pub misbelief: Option<Localized>,
    /// What to remember; shown after the last step.
    pub recap: Localized,
    /// The address at which its server listens.
    pub server: SocketAddr,
    /// Where it can run.
    pub modes: Vec<Mode>,
    /// What its file names as needed; [`Lesson::needs_in`] has all of it.
    pub needs: Vec<Need>,
    /// The sides whose part a program plays: the server or the client inside this program.
    pub programs: Vec<Side>,
    /// What it wants of the lab.
    pub lab: LabSettings,
    /// Its steps, in order.
    pub steps: Vec<Step>,
    /// What the sockets are that they make, in the lab and on the host.
    pub sockets: [SocketNames; 2],
}

impl Lesson {
    /// What the sockets are that the steps of a mode make.
    pub fn sockets_in(&self, mode: Mode) -> &SocketNames {
        &self.sockets[mode as usize]
    }

    /// The number of a step (by its place in the lesson) among those of a mode, from 1, as it is shown, and its title.
    pub fn named(&self, step: usize, mode: Mode, lang: Lang) -> (usize, &str) {
        let number = self.steps.iter().take(step + 1).filter(|step| step.modes.contains(&mode)).count();
        (number, self.steps.get(step).map_or("", |step| step.title.get(lang)))
    }
}

/// One step of a lesson.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its name within the lesson.
    pub id: String,
    /// Its line in the file, from 1.
    pub line: usize,
    /// The modes in which it belongs to the lesson.
    pub modes: Vec<Mode>,
    /// What it is called; also what the key that runs it promises.
    pub title: Localized,
    /// What is explained once it has happened. Paragraphs are parted by an empty line; `code` stands in backticks.
    pub say: Localized,
    /// What the learner predicts before it happens.
    pub ask: Option<Ask>,
    /// What is done; `None` where the step only explains or waits.
    pub action: Option<Action>,
    /// The thread of its side that makes its call, or whose call it interrupts: [`MAIN`](crate::model::Caller::MAIN), or a further one by its number.
    pub worker: u32,
    /// The process of its side whose thread that is: [`FIRST`](crate::model::Actor::FIRST), or a child, from 2 on in the order of the lesson's `fork` steps.
    pub process: u32,
    /// What must be true then, all at the same moment.
    pub expect: Vec<Claim>,
    /// The kernel's timer that the step waits for: such a step takes its time.
    pub waits_for: Option<TimerKind>,
    /// How many firings of that timer it waits for at most, from 1: it ends as soon as its claims hold.
    pub times: u32,
    /// What the learner is to look at once it has happened.
    pub show: Option<Show>,
    /// It belongs to a set-up that the lesson has by name, and is done by itself.
    pub set_up: bool,
}

impl Step {
    /// Whether it claims anything in this mode.
    pub fn is_checked_in(&self, mode: Mode) -> bool {
        self.expect.iter().any(|claim| claim.modes.contains(&mode))
    }
}

/// What a step can open: what one of the interface's keys opens, or the same as lines of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// The newest segment by layers.
    Layers,
    /// The newest segment bit by bit.
    Packet,
    /// The kernel's socket table.
    Kernel,
    /// The states of both ends.
    States,
}

impl Show {
    /// All of them.
    pub const ALL: [Show; 4] = [Show::Layers, Show::Packet, Show::Kernel, Show::States];

    /// Its name in lessons.
    pub const fn name(self) -> &'static str {
        match self {
            Show::Layers => "layers",
            Show::Packet => "packet",
            Show::Kernel => "kernel",
            Show::States => "states",
        }
    }
}

/// A question whose answer is what the kernel then does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The question.
    pub question: Localized,
    /// What of the kernel answers it.
    pub measure: Measure,
    /// The offered answers, in the measure's notation (a state's name, `blocks`, a number, an error's name).
    pub choices: Vec<String>,
    /// The offered answers in words; empty where the notation is shown itself.
    pub labels: Vec<Localized>,
}

/// What of the kernel answers a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Measure {
    /// The state of an end.
    State(ConnectionEnd),
    /// Whether a side's newest call `blocks` or `returns`.
    Call(Side, NamedCaller),
    /// What a side's newest call returned: a number, or an error's name.
    Returned(Side, NamedCaller),
    /// The bytes in the receive queue of an end.
    RecvQueue(ConnectionEnd),
    /// The bytes in the send queue of an end.
    SendQueue(ConnectionEnd),
    /// How often the running timer of an end has fired.
    Fired(ConnectionEnd),
    /// The retransmission timeout of an end, in milliseconds.
    Rto(ConnectionEnd),
    /// Which counter of the kernel's moved as the segment arrived that was delivered last.
    Reason,
}

impl Measure {
    /// Its key in a lesson's file.
    pub fn key(&self) -> &'static str {
        match self {
            Measure::State(_) => "state",
            Measure::Call(..) => "call",
            Measure::Returned(..) => "returned",
            Measure::RecvQueue(_) => "recv_queue",
            Measure::SendQueue(_) => "send_queue",
            Measure::Fired(_) => "fired",
            Measure::Rto(_) => "rto",
            Measure::Reason => "reason",
        }
    }
}

/// What a step does. Sockets go by the names that the lesson gives them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Action {
    /// `socket()`; the new descriptor is `name`.
    Socket { side: Side, name: String, ipv6: bool, udp: bool },
    /// `bind()`; `addr` is the lesson's server address where none is given.
    Bind { socket: String, addr: Option<Address> },
    /// `listen()`
    Listen { socket: String, backlog: i32 },
    /// `accept()`; the new descriptor is `name`.
    Accept { socket: String, name: String },
    /// `connect()`; `addr` as in `Bind`.
    Connect { socket: String, addr: Option<Address> },
    /// `connect()` with `AF_UNSPEC`.
    Dissolve { socket: String },
    /// `send()`
    Send { socket: String, payload: Payload, flags: MessageFlags },
    /// `recv()`
    Recv { socket: String, max: usize, flags: MessageFlags },
    /// `sendto()`
    SendTo { socket: String, to: Recipient, payload: Payload, flags: MessageFlags },
    /// `recvfrom()`
    RecvFrom { socket: String, max: usize, flags: MessageFlags },
    /// `shutdown()`
    Shutdown { socket: String, how: How },
    /// `close()`
    Close { socket: String },
    /// `setsockopt()` of an option with an int.
    SetOption { socket: String, option: SocketOption, value: i32 },
    /// `getsockopt()` of an option with an int.
    GetOption { socket: String, option: SocketOption },
    /// `getsockname()`
    GetSockName { socket: String },
    /// `getpeername()`
    GetPeerName { socket: String },
    /// `fcntl()`: from then on no call on the descriptor blocks (`O_NONBLOCK`), or they block again.
    SetNonblocking { socket: String, on: bool },
    /// `dup()`; the further descriptor is `name`.
    Dup { socket: String, name: String },
    /// `getaddrinfo()`
    GetAddrInfo { side: Side, lookup: Box<Lookup> },
    /// `fork()`; the child is the side's next process.
    Fork { side: Side },
    /// A call that waits for several sockets, or prepares that.
    Wait(WaitAction),
    /// A call that sends or receives by another name than `send()` or `recv()`.
    Transfer(TransferAction),
    /// A waiting segment goes on to its receiver.
    Deliver(SegmentPattern),
    /// All segments of a side that wait go on to their receiver, in the order in which they were sent.
    DeliverAll { from: Side },
    /// The same up to the one that fits.
    DeliverUpTo(SegmentPattern),
    /// A waiting segment is forgotten.
    Drop(SegmentPattern),
    /// A copy of the newest segment that fits, whatever became of it, goes to its receiver now.
    Repeat(SegmentPattern),
    /// A changed copy of the newest segment that fits, whatever became of it, goes to its receiver now.
    Edit { pattern: SegmentPattern, edit: Edit },
    /// A segment that no kernel has sent goes to the other side now, with the address of `from`: on the connection of the socket
    /// `on`, else on the newest one.
    Forge { from: Side, on: Option<String>, forgery: Forgery },
    /// The rules of the wire change.
    Rule(RuleChange),
    /// Settings of the lab's kernel, or of a route, become other ones, or a name has other addresses.
    Kernel(Vec<KernelChange>),
    /// Nothing is done for so long.
    Pause(Duration),
    /// A signal interrupts the call in which a side sleeps.
    Interrupt { side: Side },
    /// The program of a side makes the call before which one of its threads stands; a descriptor that it makes is `name`.
    LetCall { side: Side, call: String, name: Option<String> },
}

impl Action {
    /// The socket that it makes its call on; `None` where it makes none on a socket that is there.
    pub fn socket(&self) -> Option<&str> {
        match self {
            Action::Accept { socket, .. }
            | Action::Dup { socket, .. }
            | Action::Bind { socket, .. }
            | Action::Listen { socket, .. }
            | Action::Connect { socket, .. }
            | Action::Dissolve { socket }
            | Action::Send { socket, .. }
            | Action::Recv { socket, .. }
            | Action::SendTo { socket, .. }
            | Action::RecvFrom { socket, .. }
            | Action::Shutdown { socket, .. }
            | Action::Close { socket }
            | Action::SetOption { socket, .. }
            | Action::GetOption { socket, .. }
            | Action::GetSockName { socket }
            | Action::GetPeerName { socket }
            | Action::SetNonblocking { socket, .. } => Some(socket),
            Action::Wait(wait) => wait.made_on(),
            Action::Transfer(transfer) => Some(transfer.socket()),
            Action::GetAddrInfo { .. } | Action::Fork { .. } => None,
            Action::Socket { .. } | Action::Interrupt { .. } | Action::LetCall { .. } | Action::Rule(_) => None,
            Action::Deliver(_) | Action::Drop(_) | Action::Repeat(_) | Action::Kernel(_) | Action::Pause(_) => None,
            Action::DeliverAll { .. } | Action::DeliverUpTo(_) | Action::Edit { .. } | Action::Forge { .. } => None,
        }
    }

    /// The line that is offered to the learner for sending; `None` where the action sends no line.
    pub fn offered_line(&self) -> Option<&str> {
        match self {
            Action::Send { payload: Payload::Line(line), .. }
            | Action::SendTo { payload: Payload::Line(line), .. }
            | Action::Transfer(TransferAction::Write { payload: Payload::Line(line), .. }) => Some(line),
            _ => None,
        }
    }
}

/// What tells one segment (or datagram) from others; `None` where it doesn't matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentPattern {
    /// Who sent it.
    pub from: Side,
    /// What it is.
    pub protocol: Protocol,
    /// Exactly these flags; none where it isn't TCP's.
    pub flags: Flags,
    /// Its sequence number, as `j+1`.
    pub seq: Option<Expr>,
    /// Its acknowledgement number.
    pub ack: Option<Expr>,
    /// Its bytes of data.
    pub len: Option<Expr>,
    /// Its window field, as it stands in the header.
    pub win: Option<Expr>,
    /// The window that the field means: shifted left by what its sender's SYN said (RFC 7323), in bytes.
    pub win_scaled: Option<Expr>,
    /// What else must stand in its fields: options, ECN.
    pub has: WantedFields,
    /// The socket whose connection it belongs to, in whichever direction.
    pub on: Option<String>,
}

/// One thing that a lesson says must be true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Its line in the lesson file, from 1.
    pub line: usize,
    /// What it says.
    pub terms: Terms,
    /// The modes in which it is checked.
    pub modes: Vec<Mode>,
    /// It counts only in a walk that has taken no longer: reading time may change what it says.
    pub within: Option<Duration>,
}

/// What a claim says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Terms {
    /// A side's own call came to this.
    Call {
        /// Of which of its threads and processes.
        by: NamedCaller,
        /// To what.
        came: CallClaim,
    },
    /// The newest call of a side's program that has this name stands so.
    Program(ProgramTerms),
    /// The kernel has an end in this state.
    State {
        /// Which end.
        end: ConnectionEnd,
        /// The state.
        is: SocketState,
    },
    /// A segment was seen, and this became of it.
    Segment {
        /// Which one: the newest that fits.
        pattern: SegmentPattern,
        /// What became of it.
        is: SegmentFate,
    },
    /// No segment that fits was ever sent.
    NeverSent(SegmentPattern),
    /// So many segments wait on the wire: all of them, or those of a side.
    Waiting {
        /// How many.
        count: u32,
        /// Who sent them; `None` where that doesn't matter.
        from: Option<Side>,
    },
    /// An end's queues are so long.
    Queue(QueueTerms),
    /// A timer of an end runs so.
    Timer(TimerTerms),
    /// `TCP_INFO` of an end tells so.
    Info(InfoTerms),
    /// This counter of the kernel's moved as the segment arrived that was delivered last; `None`: none did.
    Reason(Option<String>),
}

/// Which of a side's threads and processes makes a call: any thread of the process that came, where none is named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NamedCaller {
    /// The thread: 1 is the main one.
    pub thread: Option<u32>,
    /// The process that `fork()` made, by its number in the lesson.
    pub process: Option<u32>,
}

/// What a side's call is claimed to have come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallClaim {
    /// The newest call of this name came back so.
    Returns(CallTerms),
    /// Just these sockets have these events in the newest call of this name, which waits for several.
    #[allow(missing_docs)]
    Ready { side: Side, call: CallName, sockets: Vec<PolledSocket> },
    /// The kernel says that the side sleeps in this call.
    #[allow(missing_docs)]
    Blocks { side: Side, call: CallName },
}

impl CallClaim {
    /// The side whose call it is.
    pub fn side(&self) -> Side {
        match self {
            CallClaim::Returns(terms) => terms.side,
            CallClaim::Ready { side, .. } | CallClaim::Blocks { side, .. } => *side,
        }
    }
}

/// A claim on a call's return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallTerms {
    /// Who called.
    pub side: Side,
    /// What.
    pub call: CallName,
    /// The value; `None` where any success will do.
    pub value: Option<Expr>,
    /// The bytes that came, as text; `None` where they don't matter.
    pub data: Option<String>,
    /// The error; `None` where it succeeds.
    pub error: Option<Errno>,
    /// What a call that asks for something tells; `None` where it doesn't matter.
    pub told: Option<ToldTerms>,
}

/// What `getsockopt()`, or a call that the kernel fills an address for, is to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToldTerms {
    /// An option's value, and as the lesson's file has it: `ECONNREFUSED`.
    Value(i32, String),
    /// An address.
    Address(Address),
    /// These addresses, in this order, and no others.
    Addresses(Vec<Address>),
}

/// A claim on a call of a side's program, as the program makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramTerms {
    /// Whose program.
    pub side: Side,
    /// The system call's name, as section 2 of the manual has it.
    pub call: String,
    /// Its arguments as they are shown, `*` for any text; `None` where they don't matter.
    pub arguments: Option<String>,
    /// How it stands.
    pub is: ProgramCallState,
    /// Where it came back, with which value; `None` where any success will do.
    pub value: Option<i64>,
    /// Where it came back, with which error; `None` where it succeeds.
    pub error: Option<Errno>,
}

/// A claim on an end's queues; `None` where one doesn't matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueTerms {
    /// Which end.
    pub end: ConnectionEnd,
    /// Bytes not yet read; of a listener, connections that wait for `accept()`.
    pub recv: Option<Expr>,
    /// Bytes not yet acknowledged; of a listener, the backlog.
    pub send: Option<Expr>,
}

/// A claim on an end's timer; `None` where one thing doesn't matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimerTerms {
    /// Which end.
    pub end: ConnectionEnd,
    /// The timer that runs.
    pub kind: Option<TimerKind>,
    /// How often it has fired: retransmissions or probes.
    pub fired: Option<Count>,
    /// The retransmission timeout as the kernel has it now, in milliseconds (`tcpi_rto`); it is there without a timer too.
    pub rto_ms: Option<Count>,
}

/// A claim on an end's `TCP_INFO`; what doesn't matter isn't in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InfoTerms {
    /// Which end.
    pub end: ConnectionEnd,
    /// Its numbers.
    pub numbers: Vec<(InfoField, Count)>,
    /// The state of its congestion control.
    pub ca_state: Option<CongestionState>,
    /// The options in use: just these.
    pub options: Option<InfoOptions>,
}
