//! The names of the calls.

use std::fmt;

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
    Fork,
    Select,
    EpollCreate,
    EpollCtl,
    EpollWait,
    Read,
    Write,
    SendMsg,
    RecvMsg,
    GetAddrInfo,
    Accept4,
    Ioctl,
    /// A program's call that is none of these.
    Other,
}

impl CallName {
    /// All that have a name here, in the order in which a connection meets them.
    pub const ALL: [CallName; 30] = [
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
        CallName::Fork,
        CallName::Select,
        CallName::EpollCreate,
        CallName::EpollCtl,
        CallName::EpollWait,
        CallName::Read,
        CallName::Write,
        CallName::SendMsg,
        CallName::RecvMsg,
        CallName::GetAddrInfo,
        CallName::Accept4,
        CallName::Ioctl,
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
            CallName::Fork => "fork",
            CallName::Select => "select",
            CallName::EpollCreate => "epoll_create1",
            CallName::EpollCtl => "epoll_ctl",
            CallName::EpollWait => "epoll_wait",
            CallName::Read => "read",
            CallName::Write => "write",
            CallName::SendMsg => "sendmsg",
            CallName::RecvMsg => "recvmsg",
            CallName::GetAddrInfo => "getaddrinfo",
            CallName::Accept4 => "accept4",
            CallName::Ioctl => "ioctl",
            CallName::Other => "other",
        }
    }
}

impl fmt::Display for CallName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl CallName {
    /// Whether what it receives is told with its outcome.
    pub const fn receives(self) -> bool {
        matches!(self, CallName::Recv | CallName::RecvFrom | CallName::Read | CallName::RecvMsg)
    }

    /// Whether it waits for several descriptors at once.
    pub const fn waits_for_several(self) -> bool {
        matches!(self, CallName::Poll | CallName::Select | CallName::EpollWait)
    }
}
