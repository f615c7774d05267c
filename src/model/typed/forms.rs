//! How each call may be written: said where a line isn't what its call takes.

use std::net::SocketAddr;

use crate::model::CallName;

/// A line of [`form`], or one like it, as a walk with this server's address has it.
pub fn form_beside(line: &str, server: SocketAddr) -> String {
    let line = line.replace("127.0.0.1:8000", &server.to_string());
    if server.is_ipv6() { line.replace("AF_INET,", "AF_INET6,") } else { line }
}

/// A line that is this call with all that is usually written of it, as C has it.
pub const fn form(name: CallName) -> &'static str {
    match name {
        CallName::Socket => "socket(AF_INET, SOCK_STREAM, 0)",
        CallName::Bind => "bind(3, 127.0.0.1:8000)",
        CallName::Listen => "listen(3, 8)",
        CallName::Accept => "accept(3)",
        CallName::Connect => "connect(3, 127.0.0.1:8000)",
        CallName::Send => "send(3, \"hello\", 5, MSG_MORE)",
        CallName::Recv => "recv(3, buf, 1024, MSG_PEEK)",
        CallName::SendTo => "sendto(3, \"hello\", 5, 0, 127.0.0.1:8000)",
        CallName::RecvFrom => "recvfrom(3, buf, 1024, MSG_PEEK)",
        CallName::Shutdown => "shutdown(3, SHUT_WR)",
        CallName::Close => "close(3)",
        CallName::SetSockOpt => "setsockopt(3, SOL_SOCKET, SO_REUSEADDR, 1)",
        CallName::Fcntl => "fcntl(3, F_SETFL, O_NONBLOCK)",
        CallName::GetSockName => "getsockname(3)",
        CallName::GetPeerName => "getpeername(3)",
        CallName::GetSockOpt => "getsockopt(3, SOL_SOCKET, SO_ERROR)",
        CallName::Poll => "poll({3, POLLIN}, {4, POLLIN | POLLOUT}, 1000)",
        CallName::Dup => "dup(3)",
        CallName::Fork => "fork()",
        CallName::Select => "select(5, {3, 4}, {4}, NULL, 1000)",
        CallName::EpollCreate => "epoll_create1(0)",
        CallName::EpollCtl => "epoll_ctl(5, EPOLL_CTL_ADD, 3, EPOLLIN)",
        CallName::EpollWait => "epoll_wait(5, events, 8, 1000)",
        CallName::Read => "read(3, buf, 1024)",
        CallName::Write => "write(3, \"hello\", 5)",
        CallName::SendMsg => "sendmsg(3, {\"ab\", \"cd\"}, 0, 127.0.0.1:8000)",
        CallName::RecvMsg => "recvmsg(3, {2, 100}, 0)",
        CallName::GetAddrInfo => "getaddrinfo(\"localhost\", \"8000\")",
        CallName::Accept4 => "accept4(3, NULL, NULL, SOCK_NONBLOCK)",
        CallName::Ioctl => "ioctl(3, FIONREAD, &n)",
        // Programs make it alone.
        CallName::Other => "",
    }
}
