//! What a claim says, and what is the case.

use serde::{Deserialize, Serialize};

use super::call::CallNameForm;
use super::parts::{ErrnoForm, SideForm};
use super::socket::{CongestionForm, OptionsForm, StateForm, TimerKindForm};
use super::{As, TextForm, remote};
use crate::model::{
    CallName, ClaimNumber, CongestionState, ConnectionEnd, Count, Errno, InfoFact, InfoField, InfoOptions, PollEvents,
    PolledSocket, ProgramCallState, SegmentFate, SegmentWords, Side, SocketState, Statement, TimerFact, TimerKind,
};

#[derive(Serialize, Deserialize)]
#[serde(remote = "Statement")]
pub(super) enum StatementForm {
    Returns {
        #[serde(with = "SideForm")]
        side: Side,
        #[serde(with = "CallNameForm")]
        call: CallName,
        #[serde(default, with = "As::<Option<NumberForm>>")]
        value: Option<ClaimNumber>,
        data: Option<String>,
    },
    Ready {
        #[serde(with = "SideForm")]
        side: Side,
        /// The first recordings know no other.
        #[serde(default = "poll", skip_serializing_if = "is_poll", with = "CallNameForm")]
        call: CallName,
        #[serde(with = "As::<Vec<PolledSocketForm>>")]
        sockets: Vec<PolledSocket>,
    },
    Tells {
        #[serde(with = "SideForm")]
        side: Side,
        #[serde(with = "CallNameForm")]
        call: CallName,
        told: String,
    },
    Fails {
        #[serde(with = "SideForm")]
        side: Side,
        #[serde(with = "CallNameForm")]
        call: CallName,
        #[serde(with = "ErrnoForm")]
        errno: Errno,
    },
    Sleeps {
        #[serde(with = "SideForm")]
        side: Side,
        #[serde(with = "CallNameForm")]
        call: CallName,
    },
    Runs {
        #[serde(with = "SideForm")]
        side: Side,
        #[serde(with = "CallNameForm")]
        call: CallName,
    },
    OfThread {
        thread: u32,
        #[serde(with = "As::<Box<StatementForm>>")]
        said: Box<Statement>,
    },
    OfProcess {
        process: u32,
        #[serde(with = "As::<Box<StatementForm>>")]
        said: Box<Statement>,
    },
    NotReturned {
        #[serde(with = "SideForm")]
        side: Side,
        #[serde(with = "CallNameForm")]
        call: CallName,
    },
    NotCalled {
        #[serde(with = "SideForm")]
        side: Side,
        #[serde(with = "CallNameForm")]
        call: CallName,
    },
    Program {
        #[serde(with = "SideForm")]
        side: Side,
        call: String,
        #[serde(default)]
        arguments: Option<String>,
        #[serde(with = "ProgramCallStateForm")]
        is: ProgramCallState,
        #[serde(default)]
        value: Option<i64>,
        #[serde(default, with = "As::<Option<ErrnoForm>>")]
        errno: Option<Errno>,
    },
    ProgramNotCalled {
        #[serde(with = "SideForm")]
        side: Side,
        call: String,
    },
    NotBefore {
        #[serde(with = "SideForm")]
        side: Side,
        call: String,
        #[serde(default)]
        stands: Vec<String>,
    },
    State {
        #[serde(with = "EndForm")]
        end: ConnectionEnd,
        #[serde(with = "StateForm")]
        is: SocketState,
    },
    NoSocket(#[serde(with = "EndForm")] ConnectionEnd),
    Segment {
        #[serde(with = "SideForm")]
        from: Side,
        #[serde(with = "WordsForm")]
        segment: SegmentWords,
        #[serde(with = "FateForm")]
        is: SegmentFate,
    },
    NeverSent {
        #[serde(with = "SideForm")]
        from: Side,
        #[serde(with = "WordsForm")]
        segment: SegmentWords,
    },
    Waiting {
        #[serde(default, with = "As::<Option<SideForm>>")]
        from: Option<Side>,
        count: u32,
        #[serde(default, with = "As::<Vec<(SideForm, WordsForm)>>")]
        segments: Vec<(Side, SegmentWords)>,
    },
    LastSent {
        #[serde(with = "SideForm")]
        from: Side,
        #[serde(with = "WordsForm")]
        segment: SegmentWords,
    },
    SentNothing {
        #[serde(with = "SideForm")]
        from: Side,
        on: Option<String>,
    },
    Queues {
        #[serde(with = "EndForm")]
        end: ConnectionEnd,
        #[serde(default, with = "As::<Option<NumberForm>>")]
        recv: Option<ClaimNumber>,
        #[serde(default, with = "As::<Option<NumberForm>>")]
        send: Option<ClaimNumber>,
    },
    Timer {
        #[serde(with = "EndForm")]
        end: ConnectionEnd,
        #[serde(with = "As::<Vec<FactForm>>")]
        facts: Vec<TimerFact>,
    },
    Info {
        #[serde(with = "EndForm")]
        end: ConnectionEnd,
        #[serde(with = "As::<Vec<InfoFactForm>>")]
        facts: Vec<InfoFact>,
    },
    Counted(Vec<String>),
    CountersUnread,
    StepCanBeDone,
    NoneWaits {
        #[serde(with = "SideForm")]
        from: Side,
        what: String,
    },
    SeveralFit {
        #[serde(with = "SideForm")]
        from: Side,
        #[serde(with = "As::<Vec<WordsForm>>")]
        segments: Vec<SegmentWords>,
    },
    InNoCall(#[serde(with = "SideForm")] Side),
    Killed(#[serde(with = "SideForm")] Side),
    NoProcess {
        #[serde(with = "SideForm")]
        side: Side,
        process: u32,
    },
    NoSuchSocket(String),
    NotMade(String),
    NoSender(#[serde(with = "SideForm")] Side),
    NoCall,
    NotSet {
        name: String,
        #[serde(with = "ErrnoForm")]
        errno: Errno,
    },
    NotFired(#[serde(with = "TimerKindForm")] TimerKind),
}

const fn poll() -> CallName {
    CallName::Poll
}

fn is_poll(call: &CallName) -> bool {
    *call == poll()
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "PolledSocket")]
struct PolledSocketForm {
    socket: String,
    #[serde(with = "As::<TextForm>")]
    events: PollEvents,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ConnectionEnd")]
enum EndForm {
    Socket(String),
    PeerOf(String),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "SegmentFate", rename_all = "lowercase")]
enum FateForm {
    Held,
    Delivered,
    Dropped,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ProgramCallState", rename_all = "lowercase")]
enum ProgramCallStateForm {
    Stands,
    Runs,
    Blocks,
    Returned,
    Ended,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Count")]
enum CountForm {
    Exactly(u32),
    AtLeast(u32),
    AtMost(u32),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ClaimNumber")]
struct NumberForm {
    written: String,
    shown: String,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "SegmentWords")]
struct WordsForm {
    head: String,
    #[serde(with = "As::<Vec<(String, NumberForm)>>")]
    fields: Vec<(String, ClaimNumber)>,
    on: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "TimerFact")]
enum FactForm {
    Runs(#[serde(with = "TimerKindForm")] TimerKind),
    NoneRuns,
    Fired(#[serde(with = "CountForm")] Count),
    Rto(#[serde(with = "CountForm")] Count),
    NoRto,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "InfoFact")]
enum InfoFactForm {
    Number(#[serde(with = "InfoFieldForm")] InfoField, #[serde(with = "CountForm")] Count),
    Congestion(#[serde(with = "CongestionForm")] CongestionState),
    Options(#[serde(with = "OptionsForm")] InfoOptions),
    NoNumber(#[serde(with = "InfoFieldForm")] InfoField),
    NoCongestion,
    NoOptions,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "InfoField", rename_all = "snake_case")]
enum InfoFieldForm {
    Cwnd,
    Ssthresh,
    Mss,
    Unacked,
    Sacked,
    Lost,
    Retrans,
    TotalRetrans,
    Reordering,
    Delivered,
    Backoff,
    Probes,
    Rtt,
    LastDataSent,
    LastDataRecv,
    LastAckRecv,
    BusyTime,
    RwndLimited,
    SndbufLimited,
}

remote! {
    StatementForm: Statement;
    InfoFactForm: InfoFact;
    NumberForm: ClaimNumber;
    WordsForm: SegmentWords;
    PolledSocketForm: PolledSocket;
    FactForm: TimerFact;
}
