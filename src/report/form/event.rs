//! What happened.

use serde::{Deserialize, Serialize};

use super::As;
use super::call::{CallForm, ReturnedForm};
use super::packet::PacketForm;
use super::parts::{ActorForm, CallerForm, ErrnoForm, HeldCallsForm, MemberForm, PassingForm, SegmentIdForm, SideForm};
use super::remote;
use super::rule::{RuleForm, RulesForm};
use super::socket::{SocketForm, SourceForm};
use super::statement::StatementForm;
use crate::model::rule::{WireRule, WireRules};
use crate::model::{
    Actor, AnsweredQuestion, Call, Caller, ChangedSetting, ClaimResult, CounterMove, Errno, Event, ForwardingRules,
    HandAction, HeldCalls, Member, Outcome, ProgramExit, SegmentId, Side, SocketFacts, Source, Statement,
};
use crate::tcp::Packet;

#[derive(Serialize, Deserialize)]
#[serde(remote = "Event")]
pub(super) enum EventForm {
    Step(usize),
    Entered {
        #[serde(flatten, with = "As::<CallerForm>")]
        caller: Caller,
        #[serde(with = "CallForm")]
        call: Call,
    },
    Stands {
        #[serde(flatten, with = "As::<CallerForm>")]
        caller: Caller,
        #[serde(with = "CallForm")]
        call: Call,
    },
    Ended {
        #[serde(flatten, with = "As::<CallerForm>")]
        caller: Caller,
    },
    Killed(#[serde(with = "As::<ActorForm>")] Actor),
    Signal {
        #[serde(flatten, with = "As::<CallerForm>")]
        caller: Caller,
        signal: i32,
    },
    ProgramEnded {
        program: u32,
        #[serde(with = "ProgramExitForm")]
        how: ProgramExit,
    },
    Plays {
        #[serde(with = "As::<ActorForm>")]
        from: Actor,
        #[serde(with = "SideForm")]
        side: Side,
        socket: u64,
    },
    UntoldCalls {
        program: u32,
        calls: u64,
    },
    Holding {
        of: Option<u32>,
        #[serde(with = "HeldCallsForm")]
        held: HeldCalls,
    },
    Blocked {
        #[serde(flatten, with = "As::<CallerForm>")]
        caller: Caller,
    },
    Returned {
        #[serde(flatten, with = "As::<CallerForm>")]
        caller: Caller,
        #[serde(with = "As::<Result<ReturnedForm, ErrnoForm>>")]
        outcome: Outcome,
    },
    Sent {
        #[serde(with = "SegmentIdForm")]
        id: SegmentId,
        #[serde(with = "As::<PacketForm>")]
        segment: Packet,
        #[serde(default, with = "As::<Option<SegmentIdForm>>")]
        again: Option<SegmentId>,
    },
    Repeated {
        #[serde(with = "SegmentIdForm")]
        id: SegmentId,
        #[serde(with = "SegmentIdForm")]
        of: SegmentId,
        #[serde(with = "As::<PacketForm>")]
        segment: Packet,
    },
    Edited {
        #[serde(with = "SegmentIdForm")]
        id: SegmentId,
        #[serde(with = "SegmentIdForm")]
        of: SegmentId,
        #[serde(with = "As::<PacketForm>")]
        segment: Packet,
    },
    Forged {
        #[serde(with = "SegmentIdForm")]
        id: SegmentId,
        #[serde(with = "As::<PacketForm>")]
        segment: Packet,
    },
    Duplicated {
        #[serde(with = "SegmentIdForm")]
        id: SegmentId,
        #[serde(with = "SegmentIdForm")]
        of: SegmentId,
        #[serde(with = "As::<PacketForm>")]
        segment: Packet,
        #[serde(with = "As::<Box<RuleForm>>")]
        rule: Box<WireRule>,
    },
    Held(#[serde(with = "SegmentIdForm")] SegmentId),
    Delivered(#[serde(with = "SegmentIdForm")] SegmentId),
    Reasons {
        #[serde(with = "SegmentIdForm")]
        id: SegmentId,
        #[serde(with = "As::<Vec<CounterForm>>")]
        moved: Vec<CounterMove>,
    },
    Causes {
        #[serde(with = "SegmentIdForm")]
        id: SegmentId,
        #[serde(with = "As::<Vec<CounterForm>>")]
        moved: Vec<CounterMove>,
    },
    Dropped(#[serde(with = "SegmentIdForm")] SegmentId),
    Lost {
        #[serde(with = "SegmentIdForm")]
        id: SegmentId,
        #[serde(with = "As::<Box<RuleForm>>")]
        rule: Box<WireRule>,
    },
    Undeliverable {
        #[serde(with = "SegmentIdForm")]
        id: SegmentId,
        #[serde(with = "ErrnoForm")]
        errno: Errno,
    },
    Retransmitted {
        #[serde(with = "SegmentIdForm")]
        id: SegmentId,
        #[serde(with = "As::<PacketForm>")]
        segment: Packet,
    },
    Socket(#[serde(with = "SocketForm")] SocketFacts),
    Gone {
        cookie: u64,
        #[serde(with = "SourceForm")]
        source: Source,
    },
    Joined(#[serde(with = "MemberForm")] Member),
    Left(#[serde(with = "MemberForm")] Member),
    Passing(#[serde(with = "PassingForm")] ForwardingRules),
    Ruled(#[serde(with = "RulesForm")] WireRules),
    Sysctl(#[serde(with = "As::<Box<SettingForm>>")] Box<ChangedSetting>),
    Unkept {
        segments: u64,
        bytes: u64,
        lost: u64,
        #[serde(default)]
        refused: u64,
        #[serde(default, skip_serializing_if = "is_none")]
        ruled: u64,
    },
    ByHand(#[serde(with = "HandForm")] HandAction),
    Claim(#[serde(with = "As::<Box<ClaimForm>>")] Box<ClaimResult>),
    Answer(#[serde(with = "AnswerForm")] AnsweredQuestion),
}

const fn is_none(count: &u64) -> bool {
    *count == 0
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ProgramExit")]
enum ProgramExitForm {
    Status(i32),
    Signal(i32),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ChangedSetting")]
struct SettingForm {
    name: String,
    #[serde(default)]
    before: Option<String>,
    #[serde(with = "As::<Result<String, ErrnoForm>>")]
    now: Result<String, Errno>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "HandAction")]
enum HandForm {
    Deliver(#[serde(with = "SegmentIdForm")] SegmentId),
    Drop(#[serde(with = "SegmentIdForm")] SegmentId),
    Repeat(#[serde(with = "SegmentIdForm")] SegmentId),
    Edit(#[serde(with = "SegmentIdForm")] SegmentId),
    Forge,
    Interrupt(#[serde(with = "SideForm")] Side),
    Call(#[serde(with = "SideForm")] Side),
    Rule,
    Sysctl,
    Kill(#[serde(with = "SideForm")] Side),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ClaimResult")]
struct ClaimForm {
    step: usize,
    #[serde(with = "StatementForm")]
    what: Statement,
    held: bool,
    #[serde(with = "StatementForm")]
    actual: Statement,
    line: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "AnsweredQuestion")]
struct AnswerForm {
    step: usize,
    chosen: Option<usize>,
    right: Option<usize>,
    actual: String,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "CounterMove")]
struct CounterForm {
    name: String,
    by: i64,
}

remote! {
    CounterForm: CounterMove;
    ClaimForm: ClaimResult;
    SettingForm: ChangedSetting;
}
