//! Calls and what they gave back.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::lookup::LookupForm;
use super::made::{RequestForm, StructuredForm};
use super::packet::bytes;
use super::polled::{PollEntryForm, PolledForm};
use super::{As, TextForm, converted, remote, text};
use crate::model::{
    Call, CallName, CallSite, DeviceRequest, EpollEvents, EpollOp, How, Lookup, Maker, MessageFlags, OptionValue,
    PolledDescriptor, ProcessSocket, ProgramCall, ProgramDescriptor, Returned, SiteLacks, SocketFlags, SocketOption,
    StackFrame, StructuredValue, Transfer,
};

#[derive(Serialize, Deserialize)]
#[serde(remote = "Call")]
pub(super) enum CallForm {
    Socket {
        ipv6: bool,
        /// The first recordings are of TCP alone.
        #[serde(default)]
        udp: bool,
    },
    Bind {
        fd: i32,
        addr: SocketAddr,
    },
    Listen {
        fd: i32,
        backlog: i32,
    },
    Accept {
        fd: i32,
    },
    Connect {
        fd: i32,
        addr: SocketAddr,
    },
    Dissolve {
        fd: i32,
    },
    Send {
        fd: i32,
        #[serde(with = "bytes")]
        data: Vec<u8>,
        #[serde(default = "of_send", skip_serializing_if = "is_of_send", with = "As::<TextForm>")]
        flags: MessageFlags,
    },
    Recv {
        fd: i32,
        len: usize,
        #[serde(default, skip_serializing_if = "is_none", with = "As::<TextForm>")]
        flags: MessageFlags,
    },
    SendTo {
        fd: i32,
        #[serde(with = "bytes")]
        data: Vec<u8>,
        #[serde(default, skip_serializing_if = "is_none", with = "As::<TextForm>")]
        flags: MessageFlags,
        addr: SocketAddr,
    },
    RecvFrom {
        fd: i32,
        len: usize,
        #[serde(default, skip_serializing_if = "is_none", with = "As::<TextForm>")]
        flags: MessageFlags,
    },
    Shutdown {
        fd: i32,
        #[serde(with = "HowForm")]
        how: How,
    },
    Close {
        fd: i32,
    },
    SetOption {
        fd: i32,
        #[serde(with = "As::<OptionForm>")]
        option: SocketOption,
        value: i32,
    },
    SetStructured {
        fd: i32,
        #[serde(with = "As::<OptionForm>")]
        option: SocketOption,
        #[serde(with = "StructuredForm")]
        value: StructuredValue,
    },
    SetNonblocking {
        fd: i32,
        /// The first recordings know no other.
        #[serde(default = "yes", skip_serializing_if = "is_so")]
        on: bool,
    },
    GetStatus {
        fd: i32,
    },
    Ioctl {
        fd: i32,
        #[serde(with = "RequestForm")]
        request: DeviceRequest,
    },
    GetSockName {
        fd: i32,
    },
    GetPeerName {
        fd: i32,
    },
    GetOption {
        fd: i32,
        #[serde(with = "As::<OptionForm>")]
        option: SocketOption,
    },
    Dup {
        fd: i32,
    },
    Fork,
    Poll {
        #[serde(with = "As::<Vec<PollEntryForm>>")]
        fds: Vec<PolledDescriptor>,
        timeout: i32,
    },
    Select {
        nfds: i32,
        #[serde(with = "As::<Vec<PollEntryForm>>")]
        fds: Vec<PolledDescriptor>,
        timeout: i32,
    },
    EpollCreate,
    EpollCtl {
        epfd: i32,
        #[serde(with = "As::<OpForm>")]
        op: EpollOp,
        fd: i32,
        #[serde(with = "As::<TextForm>")]
        events: EpollEvents,
    },
    EpollWait {
        epfd: i32,
        most: i32,
        timeout: i32,
    },
    GetAddrInfo(#[serde(with = "As::<Box<LookupForm>>")] Box<Lookup>),
    Maker(#[serde(with = "As::<Box<MakerForm>>")] Box<Maker>),
    Transfer(#[serde(with = "As::<Box<TransferForm>>")] Box<Transfer>),
    Program(#[serde(with = "As::<Box<ProgramForm>>")] Box<ProgramCall>),
}

const fn yes() -> bool {
    true
}

const fn is_so(on: &bool) -> bool {
    *on
}

/// Flags aren't written where they are the usual ones, and recordings from before there were others say nothing of them.
const fn of_send() -> MessageFlags {
    CallName::Send.usual_flags()
}

fn is_of_send(flags: &MessageFlags) -> bool {
    *flags == of_send()
}

fn is_none(flags: &MessageFlags) -> bool {
    *flags == MessageFlags::NONE
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Maker")]
struct MakerForm {
    #[serde(with = "CallNameForm")]
    name: CallName,
    #[serde(with = "As::<CallForm>")]
    like: Call,
    #[serde(with = "As::<TextForm>")]
    flags: SocketFlags,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Transfer")]
struct TransferForm {
    #[serde(with = "CallNameForm")]
    name: CallName,
    #[serde(with = "As::<CallForm>")]
    like: Call,
    buffers: Vec<usize>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ProgramCall")]
struct ProgramForm {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    process: Option<u32>,
    name: String,
    arguments: Vec<String>,
    fd: Option<i32>,
    socket: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    internet: Option<bool>,
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "As::<Vec<DescriptorForm>>")]
    others: Vec<ProgramDescriptor>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "As::<Option<Vec<PolledForm>>>")]
    waits: Option<Vec<PolledDescriptor>>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "As::<Option<TextForm>>")]
    events: Option<EpollEvents>,
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "As::<Vec<ProcessSocketForm>>")]
    sockets: Vec<ProcessSocket>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    room: Option<usize>,
    #[serde(default, with = "As::<Option<CallForm>>")]
    like: Option<Call>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "As::<Option<Box<SiteForm>>>")]
    site: Option<Box<CallSite>>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "CallSite")]
struct SiteForm {
    #[serde(with = "As::<Vec<FrameForm>>")]
    frames: Vec<StackFrame>,
    own: Option<u32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    around: Vec<String>,
    #[serde(default)]
    first: u32,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "As::<Option<LacksForm>>")]
    lacks: Option<SiteLacks>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "StackFrame")]
struct FrameForm {
    function: Option<String>,
    file: Option<String>,
    line: Option<u32>,
    address: Option<u64>,
    library: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "SiteLacks")]
enum LacksForm {
    LeftOut,
    Frames,
    DebugInfo,
    Readable,
    Interpreter,
    File,
    Permission,
    Text,
    Newer,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ProgramDescriptor")]
struct DescriptorForm {
    process: u32,
    fd: i32,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ProcessSocket")]
struct ProcessSocketForm {
    fd: i32,
    socket: u64,
    close_on_exec: bool,
    #[serde(with = "As::<Vec<DescriptorForm>>")]
    others: Vec<ProgramDescriptor>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "How", rename_all = "lowercase")]
enum HowForm {
    Read,
    Write,
    Both,
}

/// Its name in C; of one without a name, level and number: `IPPROTO_TCP, 99`.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct OptionForm(String);

impl From<&SocketOption> for OptionForm {
    fn from(option: &SocketOption) -> OptionForm {
        OptionForm(match option.name() {
            Some(name) => name.to_owned(),
            None => format!("{}, {}", option.level_name(), option.number),
        })
    }
}

impl TryFrom<OptionForm> for SocketOption {
    type Error = &'static str;

    fn try_from(OptionForm(text): OptionForm) -> Result<SocketOption, &'static str> {
        let numbers = || {
            let (level, number) = text.split_once(", ")?;
            let level = SocketOption::level_by_name(level).or_else(|| level.parse().ok())?;
            Some(SocketOption { level, number: number.parse().ok()? })
        };
        SocketOption::by_name(&text).or_else(numbers).ok_or("no socket option")
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "CallName", rename_all = "lowercase")]
pub(super) enum CallNameForm {
    Socket,
    Bind,
    Listen,
    Accept,
    Connect,
    Send,
    Recv,
    SendTo,
    RecvFrom,
    Shutdown,
    Close,
    SetSockOpt,
    Fcntl,
    GetSockName,
    GetPeerName,
    GetSockOpt,
    Poll,
    Dup,
    Fork,
    Select,
    #[serde(rename = "epoll_create1")]
    EpollCreate,
    #[serde(rename = "epoll_ctl")]
    EpollCtl,
    #[serde(rename = "epoll_wait")]
    EpollWait,
    Read,
    Write,
    SendMsg,
    RecvMsg,
    GetAddrInfo,
    Accept4,
    Ioctl,
    Other,
}

/// Its name in C: `EPOLL_CTL_ADD`.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct OpForm(String);

impl From<&EpollOp> for OpForm {
    fn from(op: &EpollOp) -> OpForm {
        OpForm(op.name().to_owned())
    }
}

impl TryFrom<OpForm> for EpollOp {
    type Error = &'static str;

    fn try_from(OpForm(text): OpForm) -> Result<EpollOp, &'static str> {
        EpollOp::by_name(&text).ok_or("no operation of epoll_ctl()")
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "OptionValue")]
struct OptionValueForm {
    #[serde(with = "As::<OptionForm>")]
    option: SocketOption,
    value: i32,
    /// Of what is no int.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "As::<Option<StructuredForm>>")]
    structured: Option<StructuredValue>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Returned")]
pub(super) struct ReturnedForm {
    value: i64,
    #[serde(with = "bytes")]
    data: Vec<u8>,
    peer: Option<SocketAddr>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "As::<Option<OptionValueForm>>")]
    option: Option<OptionValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    told: Option<i32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "As::<Vec<PollEntryForm>>")]
    revents: Vec<PolledDescriptor>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    addresses: Vec<SocketAddr>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    filled: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    made: Vec<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    child: Option<u32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "As::<Vec<PolledForm>>")]
    ready: Vec<PolledDescriptor>,
}

remote! {
    CallForm: Call;
    TransferForm: Transfer;
    MakerForm: Maker;
    DescriptorForm: ProgramDescriptor;
    ProcessSocketForm: ProcessSocket;
    SiteForm: CallSite;
    FrameForm: StackFrame;
    LacksForm: SiteLacks;
    OptionValueForm: OptionValue;
    ReturnedForm: Returned;
}

impl super::Form<ProgramCall> for ProgramForm {
    fn write<S: serde::Serializer>(value: &ProgramCall, to: S) -> Result<S::Ok, S::Error> {
        ProgramForm::serialize(value, to)
    }

    fn read<'de, D: serde::Deserializer<'de>>(from: D) -> Result<ProgramCall, D::Error> {
        let call = ProgramForm::deserialize(from)?;
        let events = call.events.or_else(|| events_written(&call));
        Ok(ProgramCall { events, ..call })
    }
}

/// What an `epoll_ctl()` asks for, of a recording from before that had a place of its own: by its argument, as it was written.
fn events_written(call: &ProgramCall) -> Option<EpollEvents> {
    let event = call.arguments.get(3).filter(|_| call.name == "epoll_ctl")?;
    event.strip_prefix("{events=")?.split(',').next()?.parse().ok()
}

text! {
    MessageFlags: "no flags of a message";
    EpollEvents: "no events of epoll";
}

converted! {
    OptionForm: SocketOption;
    OpForm: EpollOp;
}
