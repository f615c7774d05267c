//! How a call is written: its arguments in C's order, and each as C has it. All that shows a call, and the reader of typed ones,
//! go by this.

use std::fmt;
use std::net::SocketAddr;

use super::{
    Call, CallName, DeviceRequest, EpollEvents, EpollOp, How, LookupFamily, LookupFlags, MessageFlags, PollEvents,
    PolledDescriptor, SocketFlags, SocketOption, StructuredValue, Transfer, ValueKind, quoted, set_text,
};

/// An argument of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument<'a> {
    /// The descriptor that it is made on.
    Descriptor(i32),
    /// The address family.
    #[allow(missing_docs)]
    Family { ipv6: bool },
    /// The type of the socket.
    #[allow(missing_docs)]
    Type { udp: bool, flags: SocketFlags },
    /// The protocol, which follows from the type: always 0.
    Protocol,
    /// An address that the kernel is told.
    Address(SocketAddr),
    /// No address: `AF_UNSPEC`.
    Unspecified,
    /// How many connections may wait to be accepted.
    Backlog(i32),
    /// Bytes that are sent.
    Data(&'a [u8]),
    /// How many they are.
    Length(usize),
    /// Room for bytes, which the kernel fills.
    Buffer,
    /// How many have room in it.
    Room(usize),
    /// Several buffers with bytes that are sent.
    Buffers(&'a Transfer),
    /// How many bytes have room in each of several.
    Rooms(&'a [usize]),
    /// Flags of a call that sends or receives, and whether they are those that it has where none are said.
    #[allow(missing_docs)]
    Flags { flags: MessageFlags, usual: bool },
    /// Room for the peer's address, which the kernel fills.
    Peer,
    /// What is shut down.
    How(How),
    /// An option of a socket.
    Option(SocketOption),
    /// The option's value.
    Value(i32),
    /// The value of SO_LINGER: its seconds, or a negative number where it is switched off.
    Linger(i32),
    /// An int as the value of an option that has another one.
    OnlyInt(i32),
    /// A value that is no int.
    Structured(&'a StructuredValue),
    /// The flags of the descriptor that is made.
    NewFlags(SocketFlags),
    /// What is asked of a socket's device.
    Request(DeviceRequest),
    /// Room for an option's value, which the kernel fills.
    ValueRoom,
    /// A descriptor that is polled, with the events that are wanted of it.
    Polled(PolledDescriptor),
    /// How many descriptors are looked at, from 0, or told at most.
    Count(i32),
    /// A set of descriptors: those of these that have this event.
    #[allow(missing_docs)]
    Set { of: &'a [PolledDescriptor], event: PollEvents },
    /// What is done with a descriptor that an epoll instance watches.
    Operation(EpollOp),
    /// The descriptor that is watched.
    Watched(i32),
    /// The events for which it is.
    Events(EpollEvents),
    /// How long is waited at most, in milliseconds; a negative time never ends.
    Timeout(i32),
    /// `F_SETFL`
    Command,
    /// `F_GETFL`
    StatusCommand,
    /// `O_NONBLOCK`, or none of the flags of `F_SETFL`.
    #[allow(missing_docs)]
    Status { nonblocking: bool },
    /// The name of a host or of a service that is looked up; `None` is NULL.
    Name(Option<&'a str>),
    /// The family of the addresses that are looked up.
    NameFamily(LookupFamily),
    /// How they are.
    NameFlags(LookupFlags),
    /// Room for the list of addresses, which libc fills.
    List,
    /// One of a traced program's call, as it is written already.
    Program(&'a str),
}

impl fmt::Display for Argument<'_> {
    /// As C has it. What the kernel fills has no text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Argument::Descriptor(n) | Argument::Backlog(n) | Argument::Value(n) | Argument::Timeout(n) => n.fmt(f),
            Argument::Count(n) | Argument::Watched(n) => n.fmt(f),
            Argument::Set { of, event } if of.iter().any(|polled| polled.events.has(*event)) => {
                f.pad(&set_text(of, *event))
            }
            Argument::Set { .. } => f.pad("NULL"),
            Argument::Operation(op) => f.pad(op.name()),
            Argument::Events(events) => events.fmt(f),
            Argument::Polled(polled) => polled.fmt(f),
            Argument::Family { ipv6 } => f.pad(if *ipv6 { "AF_INET6" } else { "AF_INET" }),
            Argument::Type { udp, flags } => {
                let kind = if *udp { "SOCK_DGRAM" } else { "SOCK_STREAM" };
                if flags.0 == 0 { f.pad(kind) } else { f.pad(&format!("{kind}|{flags}")) }
            }
            // `struct linger`: whether, and for how long.
            Argument::Linger(seconds @ 0..) => f.pad(&format!("{{1, {seconds}}}")),
            Argument::Linger(_) => f.pad("{0, 0}"),
            Argument::OnlyInt(n) => f.pad(&format!("&(int){{{n}}}")),
            Argument::Structured(value) => value.fmt(f),
            Argument::NewFlags(flags) => flags.fmt(f),
            Argument::Request(request) => request.fmt(f),
            Argument::StatusCommand => f.pad("F_GETFL"),
            Argument::Protocol => f.pad("0"),
            Argument::Address(addr) => addr.fmt(f),
            Argument::Unspecified => f.pad("AF_UNSPEC"),
            Argument::Data(data) => f.pad(&quoted(data)),
            Argument::Length(n) | Argument::Room(n) => n.fmt(f),
            Argument::Buffers(transfer) => {
                let parts = transfer.parts(transfer.data()).into_iter().map(quoted);
                write!(f, "{{{}}}", parts.collect::<Vec<_>>().join(", "))
            }
            Argument::Rooms(sizes) => {
                write!(f, "{{{}}}", sizes.iter().map(usize::to_string).collect::<Vec<_>>().join(", "))
            }
            Argument::Flags { flags, .. } => flags.fmt(f),
            Argument::Buffer | Argument::Peer | Argument::ValueRoom | Argument::List => Ok(()),
            Argument::How(how) => f.pad(how.name()),
            Argument::Option(option) => option.fmt(f),
            Argument::Name(Some(name)) => f.pad(&quoted(name)),
            Argument::Name(None) => f.pad("NULL"),
            Argument::NameFamily(family) => family.fmt(f),
            Argument::NameFlags(flags) => flags.fmt(f),
            Argument::Command => f.pad("F_SETFL"),
            Argument::Status { nonblocking } => f.pad(if *nonblocking { "O_NONBLOCK" } else { "0" }),
            Argument::Program(text) => f.pad(text),
        }
    }
}

/// Those of what comes to a `send()` or a `recv()`.
fn transferred<'a>(transfer: &'a Transfer, flags: impl Fn() -> Argument<'a>) -> Vec<Argument<'a>> {
    use Argument as A;
    match transfer.name {
        CallName::Write => vec![A::Data(transfer.data()), A::Length(transfer.data().len())],
        CallName::Read => transfer.buffers.iter().flat_map(|size| [A::Buffer, A::Room(*size)]).collect(),
        CallName::SendMsg => {
            let address = transfer.address().map(A::Address);
            [A::Buffers(transfer), flags()].into_iter().chain(address).collect()
        }
        _ => vec![A::Buffer, A::Rooms(&transfer.buffers), flags()],
    }
}

/// An int as the value of an option.
const fn of_value(option: SocketOption, value: i32) -> Argument<'static> {
    match option.kind() {
        ValueKind::Int => Argument::Value(value),
        ValueKind::Linger => Argument::Linger(value),
        ValueKind::Time | ValueKind::Name => Argument::OnlyInt(value),
    }
}

impl Call {
    /// Its arguments in C's order, those too that the kernel fills.
    pub fn arguments(&self) -> Vec<Argument<'_>> {
        use Argument as A;
        let first = self.fd().map(A::Descriptor);
        let flags = || A::Flags { flags: self.flags(), usual: self.flags() == self.name().usual_flags() };
        let more = match self {
            Call::Socket { .. } => self.socket_arguments(SocketFlags::default()),
            Call::Bind { addr, .. } | Call::Connect { addr, .. } => vec![A::Address(*addr)],
            Call::Dissolve { .. } => vec![A::Unspecified],
            Call::Listen { backlog, .. } => vec![A::Backlog(*backlog)],
            Call::Accept { .. } => vec![A::Peer],
            Call::Send { data, .. } => vec![A::Data(data), A::Length(data.len()), flags()],
            Call::SendTo { data, addr, .. } => {
                vec![A::Data(data), A::Length(data.len()), flags(), A::Address(*addr)]
            }
            Call::Recv { len, .. } => vec![A::Buffer, A::Room(*len), flags()],
            Call::RecvFrom { len, .. } => vec![A::Buffer, A::Room(*len), flags(), A::Peer],
            Call::Shutdown { how, .. } => vec![A::How(*how)],
            Call::Close { .. } | Call::Dup { .. } | Call::Fork => Vec::new(),
            Call::SetOption { option, value, .. } => vec![A::Option(*option), of_value(*option, *value)],
            Call::SetStructured { option, value, .. } => vec![A::Option(*option), A::Structured(value)],
            Call::GetStatus { .. } => vec![A::StatusCommand],
            Call::Ioctl { request, .. } => vec![A::Request(*request), A::ValueRoom],
            Call::Maker(maker) => match maker.name {
                CallName::Accept4 => vec![A::Peer, A::NewFlags(maker.flags)],
                _ => maker.like.socket_arguments(maker.flags),
            },
            Call::SetNonblocking { on, .. } => vec![A::Command, A::Status { nonblocking: *on }],
            Call::GetSockName { .. } | Call::GetPeerName { .. } => vec![A::Peer],
            Call::GetOption { option, .. } => vec![A::Option(*option), A::ValueRoom],
            Call::Poll { fds, timeout } => {
                fds.iter().map(|polled| A::Polled(*polled)).chain([A::Timeout(*timeout)]).collect()
            }
            Call::Select { nfds, fds, timeout } => {
                let sets = [PollEvents::IN, PollEvents::OUT, PollEvents::PRI].map(|event| A::Set { of: fds, event });
                [A::Count(*nfds)].into_iter().chain(sets).chain([A::Timeout(*timeout)]).collect()
            }
            // The manual page's flags: none.
            Call::EpollCreate => vec![A::Protocol],
            Call::EpollCtl { op, fd, events, .. } => {
                let events = (*op != EpollOp::Del).then_some(A::Events(*events));
                [A::Operation(*op), A::Watched(*fd)].into_iter().chain(events).collect()
            }
            Call::EpollWait { most, timeout, .. } => vec![A::Buffer, A::Count(*most), A::Timeout(*timeout)],
            Call::GetAddrInfo(lookup) => {
                let names = [&lookup.node, &lookup.service].map(|name| A::Name(name.as_deref()));
                let family = (!lookup.family.is_any()).then_some(A::NameFamily(lookup.family));
                let flags = (lookup.flags != LookupFlags::default()).then_some(A::NameFlags(lookup.flags));
                names.into_iter().chain(family).chain(flags).chain([A::List]).collect()
            }
            Call::Transfer(transfer) => transferred(transfer, flags),
            Call::Program(made) => return made.arguments.iter().map(|text| A::Program(text)).collect(),
        };
        first.into_iter().chain(more).collect()
    }

    /// Those of `socket()`.
    fn socket_arguments(&self, flags: SocketFlags) -> Vec<Argument<'_>> {
        use Argument as A;
        match self {
            Call::Socket { ipv6, udp } => {
                vec![A::Family { ipv6: *ipv6 }, A::Type { udp: *udp, flags }, A::Protocol]
            }
            _ => Vec::new(),
        }
    }

    /// Its name in C.
    pub fn called(&self) -> &str {
        match self {
            Call::Program(made) => &made.name,
            _ => self.name().name(),
        }
    }

    /// The call with those of its arguments that `text` has words for, parted by `separator`.
    pub fn written(&self, separator: &str, text: impl FnMut(&Argument<'_>) -> Option<String>) -> String {
        let arguments = self.arguments();
        let texts: Vec<String> = arguments.iter().filter_map(text).collect();
        format!("{}({})", self.called(), texts.join(separator))
    }
}

impl fmt::Display for Call {
    /// As one types it ([`super::typed::parse`] reads it back): without usual flags, and without what the kernel fills.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.written(", ", |argument| match argument {
            Argument::Buffer | Argument::Peer | Argument::ValueRoom | Argument::List => None,
            Argument::Flags { usual: true, .. } => None,
            told => Some(told.to_string()),
        }))
    }
}
