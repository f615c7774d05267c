//! One call of the socket interface: its arguments, and what came of it.

use std::fmt;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::{
    CallName, CallSite, DeviceRequest, EpollEvents, EpollOp, Errno, Lookup, MessageFlags, OptionValue,
    PolledDescriptor, ProcessSocket, ProgramDescriptor, SocketFlags, SocketOption, StructuredValue,
};

/// Who makes a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Side {
    /// The end that listens; in the simultaneous open, the first peer.
    Server,
    /// The end that connects; in the simultaneous open, the second peer.
    Client,
}

impl Side {
    /// Both, the server first.
    pub const BOTH: [Side; 2] = [Side::Server, Side::Client];

    /// `server` or `client`.
    pub const fn name(self) -> &'static str {
        match self {
            Side::Server => "server",
            Side::Client => "client",
        }
    }

    /// The other one.
    pub const fn other(self) -> Side {
        match self {
            Side::Server => Side::Client,
            Side::Client => Side::Server,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A call with its arguments, as the manual pages of section 2 have them. `fd` is the real descriptor.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Call {
    /// `socket(2)`: a stream or a datagram socket for IPv4 or IPv6.
    Socket {
        /// Whether it is for IPv6.
        ipv6: bool,
        /// Whether it is for datagrams (`SOCK_DGRAM`: UDP).
        udp: bool,
    },
    /// `bind(2)`
    #[allow(missing_docs)]
    Bind { fd: i32, addr: SocketAddr },
    /// `listen(2)`
    #[allow(missing_docs)]
    Listen { fd: i32, backlog: i32 },
    /// `accept(2)`
    #[allow(missing_docs)]
    Accept { fd: i32 },
    /// `connect(2)`
    #[allow(missing_docs)]
    Connect { fd: i32, addr: SocketAddr },
    /// `connect(2)` with `AF_UNSPEC`: dissolves a connection, and takes a datagram socket's peer away.
    #[allow(missing_docs)]
    Dissolve { fd: i32 },
    /// `send(2)`
    #[allow(missing_docs)]
    Send {
        fd: i32,
        #[serde(with = "crate::tcp::hex")]
        data: Vec<u8>,
        flags: MessageFlags,
    },
    /// `recv(2)` of at most `len` bytes.
    #[allow(missing_docs)]
    Recv { fd: i32, len: usize, flags: MessageFlags },
    /// `sendto(2)`
    #[allow(missing_docs)]
    SendTo {
        fd: i32,
        #[serde(with = "crate::tcp::hex")]
        data: Vec<u8>,
        flags: MessageFlags,
        addr: SocketAddr,
    },
    /// `recvfrom(2)` of at most `len` bytes.
    #[allow(missing_docs)]
    RecvFrom { fd: i32, len: usize, flags: MessageFlags },
    /// `shutdown(2)`
    #[allow(missing_docs)]
    Shutdown { fd: i32, how: How },
    /// `close(2)`
    #[allow(missing_docs)]
    Close { fd: i32 },
    /// `setsockopt(2)` with one int for a value; of `SO_LINGER` it is the seconds, and a negative one switches it off.
    #[allow(missing_docs)]
    SetOption { fd: i32, option: SocketOption, value: i32 },
    /// `setsockopt(2)` with a value that is no int, but for SO_LINGER's.
    #[allow(missing_docs)]
    SetStructured { fd: i32, option: SocketOption, value: StructuredValue },
    /// `fcntl(2)`, `F_SETFL` with `O_NONBLOCK`: from then on no call on the descriptor blocks; without it, they block again.
    #[allow(missing_docs)]
    SetNonblocking { fd: i32, on: bool },
    /// `fcntl(2)`, `F_GETFL`: the flags of the open file description, O_NONBLOCK among them.
    #[allow(missing_docs)]
    GetStatus { fd: i32 },
    /// `ioctl(2)` of a request that tells one int.
    #[allow(missing_docs)]
    Ioctl { fd: i32, request: DeviceRequest },
    /// `getsockname(2)`: the socket's own address.
    #[allow(missing_docs)]
    GetSockName { fd: i32 },
    /// `getpeername(2)`: the peer's address.
    #[allow(missing_docs)]
    GetPeerName { fd: i32 },
    /// `getsockopt(2)`
    #[allow(missing_docs)]
    GetOption { fd: i32, option: SocketOption },
    /// `dup(2)`: a further descriptor of the same socket.
    #[allow(missing_docs)]
    Dup { fd: i32 },
    /// `fork(2)`: a further process, with a copy of the table of descriptors.
    Fork,
    /// `poll(2)`: of each descriptor the events that are wanted; `timeout` is in milliseconds, and a negative one never ends.
    #[allow(missing_docs)]
    Poll { fds: Vec<PolledDescriptor>, timeout: i32 },
    /// `select(2)`: of each descriptor the sets in which it stands, as POLLIN (`readfds`), POLLOUT (`writefds`) and POLLPRI
    /// (`exceptfds`); those from `nfds` on aren't looked at. `timeout` as that of `poll(2)`.
    #[allow(missing_docs)]
    Select { nfds: i32, fds: Vec<PolledDescriptor>, timeout: i32 },
    /// `epoll_create1(2)`: an epoll instance, which is a descriptor and no socket.
    EpollCreate,
    /// `epoll_ctl(2)`: what an epoll instance is to watch of a descriptor.
    #[allow(missing_docs)]
    EpollCtl { epfd: i32, op: EpollOp, fd: i32, events: EpollEvents },
    /// `epoll_wait(2)` for at most `most` descriptors; `timeout` as that of `poll(2)`.
    #[allow(missing_docs)]
    EpollWait { epfd: i32, most: i32, timeout: i32 },
    /// `getaddrinfo(3)`, which is a function of libc and no system call.
    GetAddrInfo(Box<Lookup>),
    /// What makes a socket with flags. A record has what it comes to beside it.
    Maker(Box<Maker>),
    /// What comes to a `send()` or a `recv()` by another name. A record has what it comes to beside it.
    Transfer(Box<Transfer>),
    /// A traced program's call, as it made it. In a record it stands only where it comes to none of the others.
    Program(Box<ProgramCall>),
}

/// A side's own call that comes to a `send()`, a `sendto()` or a `recv()`: `write(2)` and `read(2)`, which have no flags, and
/// `sendmsg(2)` and `recvmsg(2)`, which have several buffers (`struct iovec`) and tell or are told an address (`msg_name`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Which of the four it is.
    pub name: CallName,
    /// What it comes to: all bytes together, or room for them. It bears the flags.
    pub like: Call,
    /// How many bytes each of its buffers has; of one buffer it is the whole.
    pub buffers: Vec<usize>,
}

/// A side's own call that makes a socket with flags: `socket(2)` with SOCK_NONBLOCK, and `accept4(2)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Maker {
    /// Which of the two it is.
    pub name: CallName,
    /// What it comes to without its flags: a [`Call::Socket`] or a [`Call::Accept`].
    pub like: Call,
    /// The flags.
    pub flags: SocketFlags,
}

/// The most bytes that one `recv()` may ask for: what comes is kept in the trace.
pub const LONGEST_READ: usize = 1 << 20;

/// The direction that `shutdown(2)` ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// `SHUT_RD`
    Read,
    /// `SHUT_WR`
    Write,
    /// `SHUT_RDWR`
    Both,
}

impl How {
    /// As in C.
    pub const fn name(self) -> &'static str {
        match self {
            How::Read => "SHUT_RD",
            How::Write => "SHUT_WR",
            How::Both => "SHUT_RDWR",
        }
    }
}

impl Call {
    /// The call of the walk that it comes to, where it has another name: of a program's `read(2)`, or a side's own, a `recv()`.
    pub fn as_walked(&self) -> &Call {
        match self {
            Call::Program(made) => made.like.as_ref().unwrap_or(self),
            Call::Transfer(transfer) => &transfer.like,
            Call::Maker(maker) => &maker.like,
            own => own,
        }
    }

    /// Which call it is.
    pub const fn name(&self) -> CallName {
        match self {
            Call::Socket { .. } => CallName::Socket,
            Call::Bind { .. } => CallName::Bind,
            Call::Listen { .. } => CallName::Listen,
            Call::Accept { .. } => CallName::Accept,
            Call::Connect { .. } | Call::Dissolve { .. } => CallName::Connect,
            Call::Send { .. } => CallName::Send,
            Call::Recv { .. } => CallName::Recv,
            Call::SendTo { .. } => CallName::SendTo,
            Call::RecvFrom { .. } => CallName::RecvFrom,
            Call::Shutdown { .. } => CallName::Shutdown,
            Call::Close { .. } => CallName::Close,
            Call::SetOption { .. } | Call::SetStructured { .. } => CallName::SetSockOpt,
            Call::SetNonblocking { .. } | Call::GetStatus { .. } => CallName::Fcntl,
            Call::Ioctl { .. } => CallName::Ioctl,
            Call::GetSockName { .. } => CallName::GetSockName,
            Call::GetPeerName { .. } => CallName::GetPeerName,
            Call::GetOption { .. } => CallName::GetSockOpt,
            Call::Poll { .. } => CallName::Poll,
            Call::Select { .. } => CallName::Select,
            Call::EpollCreate => CallName::EpollCreate,
            Call::EpollCtl { .. } => CallName::EpollCtl,
            Call::EpollWait { .. } => CallName::EpollWait,
            Call::Dup { .. } => CallName::Dup,
            Call::GetAddrInfo(_) => CallName::GetAddrInfo,
            Call::Fork => CallName::Fork,
            Call::Transfer(transfer) => transfer.name,
            Call::Maker(maker) => maker.name,
            Call::Program(_) => CallName::Other,
        }
    }

    /// The descriptor that it is made on, which may be an epoll instance; `None` for what makes one out of nothing, for `poll()`
    /// and `select()`, which are about several, for `fork()`, which is about all, and for `getaddrinfo()`.
    pub const fn fd(&self) -> Option<i32> {
        match self {
            Call::Socket { .. } | Call::EpollCreate | Call::Fork | Call::Poll { .. } | Call::Select { .. } => None,
            Call::GetAddrInfo(_) => None,
            Call::Bind { fd, .. }
            | Call::Listen { fd, .. }
            | Call::Accept { fd }
            | Call::Connect { fd, .. }
            | Call::Dissolve { fd }
            | Call::Send { fd, .. }
            | Call::Recv { fd, .. }
            | Call::SendTo { fd, .. }
            | Call::RecvFrom { fd, .. }
            | Call::Shutdown { fd, .. }
            | Call::Close { fd }
            | Call::SetOption { fd, .. }
            | Call::SetStructured { fd, .. }
            | Call::SetNonblocking { fd, .. }
            | Call::GetStatus { fd }
            | Call::Ioctl { fd, .. }
            | Call::Dup { fd }
            | Call::GetSockName { fd }
            | Call::GetPeerName { fd }
            | Call::GetOption { fd, .. } => Some(*fd),
            Call::EpollCtl { epfd, .. } | Call::EpollWait { epfd, .. } => Some(*epfd),
            Call::Transfer(transfer) => match &transfer.like {
                Call::Send { fd, .. } | Call::SendTo { fd, .. } | Call::Recv { fd, .. } => Some(*fd),
                _ => None,
            },
            Call::Maker(maker) => match maker.like {
                Call::Accept { fd } => Some(fd),
                _ => None,
            },
            Call::Program(made) => made.fd,
        }
    }

    /// All descriptors that it names.
    pub fn fds(&self) -> impl Iterator<Item = i32> {
        let watched = match self {
            Call::EpollCtl { fd, .. } => Some(*fd),
            _ => None,
        };
        let polled = self.polled().unwrap_or_default().iter().map(|polled| polled.fd);
        self.fd().into_iter().chain(watched).chain(polled)
    }

    /// The descriptors for which it waits, where its arguments name them.
    pub fn polled(&self) -> Option<&[PolledDescriptor]> {
        match self {
            Call::Poll { fds, .. } | Call::Select { fds, .. } => Some(fds),
            _ => None,
        }
    }

    /// Whether it makes a descriptor of a socket.
    pub fn makes_socket(&self) -> bool {
        matches!(self.as_walked(), Call::Socket { .. } | Call::Accept { .. } | Call::Dup { .. })
    }

    /// Whether it makes a descriptor that is no socket.
    pub const fn makes_no_socket(&self) -> bool {
        matches!(self, Call::EpollCreate)
    }
}

/// What a call gave back when it succeeded.
#[derive(Clone, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Returned {
    /// The return value: a descriptor, a number of bytes, or 0; of `fork()` the number that the kernel has for the thread which
    /// plays the child.
    pub value: i64,
    /// The bytes that `recv()` or `recvfrom()` put into its buffer.
    #[serde(with = "crate::tcp::hex")]
    pub data: Vec<u8>,
    /// The peer's address that `accept()` tells, the sender's that `recvfrom()` tells, and the one for which `getsockname()` or
    /// `getpeername()` asks.
    pub peer: Option<SocketAddr>,
    /// The value of the option for which `getsockopt()` asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub option: Option<OptionValue>,
    /// The int for which `ioctl()` asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<i32>,
    /// Of `poll()`, `select()` and `epoll_wait()`, the descriptors that have events, with those; else none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revents: Vec<PolledDescriptor>,
    /// Of `getaddrinfo()`, the addresses of its list, in libc's order; else none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<SocketAddr>,
    /// Of a side's own `fork()`, which of the side's actors the child is, as [`Actor::nth`](super::Actor::nth) has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub child: Option<u32>,
    /// Of a traced program's call, its arguments with what the kernel filled; else none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filled: Vec<String>,
    /// Of a traced program's call, the sockets that it made, by the names that its calls have
    /// ([`ProgramCall::socket`]); else none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub made: Vec<u64>,
    /// Of a traced program's call that waits for several descriptors, those that are ready, as far as they are known; else none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ready: Vec<PolledDescriptor>,
}

/// What a call came to.
pub type Outcome = Result<Returned, Errno>;

/// A system call as a program made it, read at the stop before it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramCall {
    /// The process that makes it, as [`super::ProgramThread`] has it; `None` where that isn't known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<u32>,
    /// The system call's name, as section 2 of the manual has it.
    pub name: String,
    /// Its arguments in C's order, constants by their names; what the kernel is to fill is `…`.
    pub arguments: Vec<String>,
    /// The descriptor that it is made on, where there is one.
    pub fd: Option<i32>,
    /// The socket that this descriptor is of; `None` where it is of none. A tracer tells its inode, as `/proc/PID/fd` has it; in a
    /// lab it is the kernel's name for a socket of IPv4 or IPv6 (`SO_COOKIE`), as [`super::SocketFacts::cookie`] is.
    pub socket: Option<u64>,
    /// Whether that socket is of IPv4 or IPv6; of `socket(2)`, whether the one that it makes will be. `None` where it is on none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub internet: Option<bool>,
    /// Of a `close(2)`: the further descriptors of the same socket, in all processes that are traced. While there are some, the
    /// socket stays as it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<ProgramDescriptor>,
    /// Of a call that waits for several descriptors, which those are, with those that its first argument leaves out; `None` of
    /// every other one, and where they can't be known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits: Option<Vec<PolledDescriptor>>,
    /// Of an `epoll_ctl(2)` that adds a descriptor or changes what is watched of one: the events that it asks for. `None` of every other
    /// call, and where they can't be known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<EpollEvents>,
    /// Of a call that is about all sockets of its process, or hands some on: those.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sockets: Vec<ProcessSocket>,
    /// Of a `sendmsg(2)` or `recvmsg(2)` that comes to none of the walk's calls: how many bytes its buffers have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<usize>,
    /// The call of the walk that it comes to: a `read(2)` of a socket is a [`Call::Recv`]; `None` where it comes to none, as of
    /// `epoll_wait(2)`.
    pub like: Option<Call>,
    /// Where in its source the program makes it, as far as that was looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<Box<CallSite>>,
}

impl ProgramCall {
    /// As the program made it, with what the kernel filled where that is known.
    pub fn written(&self, filled: Option<&[String]>) -> String {
        format!("{}({})", self.name, filled.unwrap_or(&self.arguments).join(", "))
    }

    /// Whether a program makes it by the way: it sets an option, asks for an address, says what is to be waited for, or speaks
    /// through a socket of another family than IPv4 and IPv6, as the C library does to look a name up.
    pub fn is_by_the_way(&self) -> bool {
        let sets_or_asks = matches!(
            self.name.as_str(),
            "setsockopt"
                | "fcntl"
                | "ioctl"
                | "getsockname"
                | "getpeername"
                | "epoll_create"
                | "epoll_create1"
                | "epoll_ctl"
        );
        sets_or_asks || self.is_of_another_family()
    }

    /// Whether it is on a socket of IPv4 or IPv6, or makes one.
    pub fn is_of_internet(&self) -> bool {
        self.internet == Some(true)
    }

    /// Whether it makes a socket of another family than IPv4 and IPv6, or is made on one (`unix(7)`, `netlink(7)`) and hands none on.
    pub fn is_of_another_family(&self) -> bool {
        self.internet == Some(false) && self.sockets.is_empty() && self.waits.is_none()
    }

    /// Whether it only asks for something, as `getsockopt(2)` does: it changes nothing, and waits for nothing.
    pub fn only_asks(&self) -> bool {
        self.name.starts_with("get")
    }

    /// So many bytes of what it sends or receives are read from its program's memory and kept, at most.
    pub const LONGEST_DATA: usize = 4096;

    /// Whether it is a `connect(2)` with AF_UNSPEC.
    pub fn dissolves(&self) -> bool {
        self.name == "connect" && self.has_no_family()
    }

    /// Whether the address that it gives has AF_UNSPEC for a family.
    pub fn has_no_family(&self) -> bool {
        self.arguments.get(1).is_some_and(|address| address.starts_with("{AF_UNSPEC"))
    }

    /// Of a call that waits for several descriptors, those at which it looks; `None` where they can't be known.
    pub fn looked_at(&self) -> Option<impl Iterator<Item = &PolledDescriptor>> {
        let left_out = self.first_left_out();
        Some(self.waits.as_ref()?.iter().filter(move |waited| left_out.is_none_or(|first| waited.fd < first)))
    }

    /// Of a `select(2)`, the descriptors that stand in its sets, and aren't below its first argument, with that.
    pub fn left_out(&self) -> impl Iterator<Item = (i32, i32)> {
        let first = self.first_left_out();
        let all = self.waits.iter().flatten().map(|waited| waited.fd);
        all.filter_map(move |fd| Some((fd, first.filter(|first| fd >= *first)?)))
    }

    fn first_left_out(&self) -> Option<i32> {
        matches!(self.name.as_str(), "select" | "pselect6").then(|| self.arguments.first()?.parse().ok()).flatten()
    }

    /// Whether it waits for several descriptors at once.
    pub fn polls(&self) -> bool {
        matches!(
            self.name.as_str(),
            "poll" | "ppoll" | "select" | "pselect6" | "epoll_wait" | "epoll_pwait" | "epoll_pwait2"
        )
    }
}

/// What a program's call came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramReturn {
    /// The value or the error, with what the kernel filled as far as the walk's calls know it.
    pub outcome: Outcome,
    /// The arguments once more, with what the kernel filled.
    pub arguments: Vec<String>,
    /// The inodes of the sockets that it made, each with its descriptor: of `socket(2)`, `accept4(2)`, `socketpair(2)`, of a
    /// descriptor that was received (`SCM_RIGHTS`) or copied (`dup(2)`).
    pub made: Vec<(i32, u64)>,
}
