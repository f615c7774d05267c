//! One call of the socket interface: its arguments, and what came of it.

use std::fmt;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::{CallSite, MessageFlags, PollEntry, PolledDescriptor, ProcessSocket, ProgramDescriptor, SocketOption};

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
    /// `fcntl(2)`, `F_SETFL` with `O_NONBLOCK`: from then on no call on the descriptor blocks; without it, they block again.
    #[allow(missing_docs)]
    SetNonblocking { fd: i32, on: bool },
    /// `getsockname(2)`: the socket's own address.
    #[allow(missing_docs)]
    GetSockName { fd: i32 },
    /// `getpeername(2)`: the peer's address.
    #[allow(missing_docs)]
    GetPeerName { fd: i32 },
    /// `getsockopt(2)` of an option whose value is one int.
    #[allow(missing_docs)]
    GetOption { fd: i32, option: SocketOption },
    /// `dup(2)`: a further descriptor of the same socket.
    #[allow(missing_docs)]
    Dup { fd: i32 },
    /// `poll(2)`: of each descriptor the events that are wanted; `timeout` is in milliseconds, and a negative one never ends.
    #[allow(missing_docs)]
    Poll { fds: Vec<PollEntry>, timeout: i32 },
    /// A traced program's call, as it made it. In a record it stands only where it comes to none of the others.
    Program(Box<ProgramCall>),
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

/// A call's name without its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum CallName {
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
    /// A program's call that is none of these.
    Other,
}

impl CallName {
    /// All that have a name here, in the order in which a connection meets them.
    pub const ALL: [CallName; 18] = [
        CallName::Socket,
        CallName::Bind,
        CallName::Listen,
        CallName::Accept,
        CallName::Connect,
        CallName::Send,
        CallName::Recv,
        CallName::SendTo,
        CallName::RecvFrom,
        CallName::Shutdown,
        CallName::Close,
        CallName::SetSockOpt,
        CallName::Fcntl,
        CallName::GetSockName,
        CallName::GetPeerName,
        CallName::GetSockOpt,
        CallName::Poll,
        CallName::Dup,
    ];

    /// As in C.
    pub const fn name(self) -> &'static str {
        match self {
            CallName::Socket => "socket",
            CallName::Bind => "bind",
            CallName::Listen => "listen",
            CallName::Accept => "accept",
            CallName::Connect => "connect",
            CallName::Send => "send",
            CallName::Recv => "recv",
            CallName::SendTo => "sendto",
            CallName::RecvFrom => "recvfrom",
            CallName::Shutdown => "shutdown",
            CallName::Close => "close",
            CallName::SetSockOpt => "setsockopt",
            CallName::Fcntl => "fcntl",
            CallName::GetSockName => "getsockname",
            CallName::GetPeerName => "getpeername",
            CallName::GetSockOpt => "getsockopt",
            CallName::Poll => "poll",
            CallName::Dup => "dup",
            CallName::Other => "other",
        }
    }
}

impl fmt::Display for CallName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Call {
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
            Call::SetOption { .. } => CallName::SetSockOpt,
            Call::SetNonblocking { .. } => CallName::Fcntl,
            Call::GetSockName { .. } => CallName::GetSockName,
            Call::GetPeerName { .. } => CallName::GetPeerName,
            Call::GetOption { .. } => CallName::GetSockOpt,
            Call::Poll { .. } => CallName::Poll,
            Call::Dup { .. } => CallName::Dup,
            Call::Program(_) => CallName::Other,
        }
    }

    /// The descriptor that it is made on; `None` for `socket()`, and for `poll()`, which is about several.
    pub const fn fd(&self) -> Option<i32> {
        match self {
            Call::Socket { .. } | Call::Poll { .. } => None,
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
            | Call::SetNonblocking { fd, .. }
            | Call::Dup { fd }
            | Call::GetSockName { fd }
            | Call::GetPeerName { fd }
            | Call::GetOption { fd, .. } => Some(*fd),
            Call::Program(made) => made.fd,
        }
    }

    /// All descriptors that it names.
    pub fn fds(&self) -> impl Iterator<Item = i32> {
        let polled = match self {
            Call::Poll { fds, .. } => &fds[..],
            _ => &[],
        };
        self.fd().into_iter().chain(polled.iter().map(|polled| polled.fd))
    }
}

/// What `getsockopt(2)` told of an option whose value is one int.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct OptionValue {
    /// The option.
    pub option: SocketOption,
    /// Its value.
    pub value: i32,
}

impl OptionValue {
    /// The value that a text means, as it is written: a whole number, an error's name, or a socket's type.
    pub fn named(text: &str) -> Option<i32> {
        match text {
            "SOCK_STREAM" => Some(libc::SOCK_STREAM),
            "SOCK_DGRAM" => Some(libc::SOCK_DGRAM),
            text => text.parse().ok().or_else(|| Errno::from_name(text).map(|errno| errno.0)),
        }
    }
}

impl fmt::Display for OptionValue {
    /// The value; of one that stands for something, by its name in C: `ECONNREFUSED`, `SOCK_STREAM`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OptionValue { option, value } = *self;
        match (option, value) {
            (SocketOption::ERROR, 1..) => Errno(value).fmt(f),
            (SocketOption::TYPE, libc::SOCK_STREAM) => f.pad("SOCK_STREAM"),
            (SocketOption::TYPE, libc::SOCK_DGRAM) => f.pad("SOCK_DGRAM"),
            _ => value.fmt(f),
        }
    }
}

/// What a call gave back when it succeeded.
#[derive(Clone, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Returned {
    /// The return value: a descriptor, a number of bytes, or 0.
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
    /// Of `poll()`, the descriptors that have events, with those (`revents`); else none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revents: Vec<PollEntry>,
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

/// An error number of `errno(3)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Errno(pub i32);

/// What a call came to.
pub type Outcome = Result<Returned, Errno>;

macro_rules! errnos {
    ($($name:ident)*; others: $($other:ident)*) => {
        /// The symbolic name, for the errors that socket calls can return; `None` for others.
        pub const fn name(self) -> Option<&'static str> {
            match self.0 {
                $(libc::$name => Some(stringify!($name)),)*
                _ => None,
            }
        }

        /// The error of a socket call with this symbolic name.
        pub fn from_name(name: &str) -> Option<Errno> {
            match name {
                $(stringify!($name) => Some(Errno(libc::$name)),)*
                _ => None,
            }
        }

        /// The symbolic name of any error that a system call of this program can return (`errno(3)`).
        pub const fn symbol(self) -> Option<&'static str> {
            match self.0 {
                $(libc::$other => Some(stringify!($other)),)*
                _ => self.name(),
            }
        }

        /// All that have a symbol.
        #[cfg(test)]
        pub(crate) const ALL: &'static [Errno] = &[$(Errno(libc::$name),)* $(Errno(libc::$other),)*];
    };
}

impl Errno {
    errnos! {
        EACCES EADDRINUSE EADDRNOTAVAIL EAFNOSUPPORT EAGAIN EALREADY EBADF ECONNABORTED ECONNREFUSED ECONNRESET
        EDESTADDRREQ EFAULT EHOSTUNREACH EINPROGRESS EINTR EINVAL EISCONN EMFILE EMSGSIZE ENETDOWN ENETUNREACH
        ENFILE ENOBUFS ENOMEM ENOPROTOOPT ENOTCONN ENOTSOCK EOPNOTSUPP EPERM EPIPE EPROTO EPROTONOSUPPORT ETIMEDOUT;
        others: E2BIG EBADMSG EBUSY ECHILD EDEADLK EDOM EDQUOT EEXIST EFBIG EIO EISDIR ELOOP EMLINK ENAMETOOLONG ENETRESET
        ENODATA ENODEV ENOENT ENOEXEC ENOLCK ENOSPC ENOSYS ENOTDIR ENOTEMPTY ENOTTY ENXIO EOVERFLOW
        EPFNOSUPPORT EPROTOTYPE ERANGE EROFS ESOCKTNOSUPPORT ESPIPE ESRCH ESTALE ETXTBSY EUSERS EXDEV
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.symbol() {
            Some(name) => f.pad(name),
            None => write!(f, "errno {}", self.0),
        }
    }
}

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
    /// Whether that socket is of IPv4 or IPv6, as far as is known; of `socket(2)`, whether the one that it makes will be.
    #[serde(default)]
    pub internet: bool,
    /// Of a `close(2)`: the further descriptors of the same socket, in all processes that are traced. While there are some, the
    /// socket stays as it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<ProgramDescriptor>,
    /// Of a call that waits for several descriptors, which those are; `None` of every other one, and where they can't be known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits: Option<Vec<PolledDescriptor>>,
    /// Of a call that is about all sockets of its process, or hands some on: those.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sockets: Vec<ProcessSocket>,
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
