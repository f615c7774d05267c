//! Lines as C has them, with what isn't made here.

use super::*;
use crate::model::typed::{Instead, written_in_c};

/// C's variables hold what isn't known here: none is taken for a text, left out, or told without what to write.
#[test]
fn variables_of_c_are_told_where_their_values_are_wanted() {
    let wrong = |text: &str| parse(text, &usual()).unwrap_err();
    for (text, call, variable) in [
        ("bind(5, (struct sockaddr *)&addr, sizeof(addr))", CallName::Bind, "&addr"),
        ("bind(5, (struct sockaddr*)&addr, sizeof(addr))", CallName::Bind, "&addr"),
        ("bind(5, (const struct sockaddr*) &addr, sizeof addr)", CallName::Bind, "&addr"),
        ("connect(5, (sockaddr*)&addr, sizeof(addr))", CallName::Connect, "&addr"),
        ("connect(5, &addr, sizeof addr)", CallName::Connect, "&addr"),
        ("setsockopt(5, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one))", CallName::SetSockOpt, "&one"),
        ("sendto(5, \"hi\", 2, 0, (struct sockaddr *)&to, sizeof(to))", CallName::SendTo, "&to"),
        ("sendmsg(5, &msg, 0)", CallName::SendMsg, "&msg"),
        ("recvmsg(5, &msg, 0)", CallName::RecvMsg, "&msg"),
        ("poll(&fds, 1, -1)", CallName::Poll, "&fds"),
        ("select(6, &readfds, NULL, NULL, NULL)", CallName::Select, "&readfds"),
        ("epoll_ctl(6, EPOLL_CTL_ADD, 5, &ev)", CallName::EpollCtl, "&ev"),
        ("accept(listenfd, NULL, NULL)", CallName::Accept, "listenfd"),
        ("close(fd)", CallName::Close, "fd"),
        ("recv(sockfd, buf, 16, 0)", CallName::Recv, "sockfd"),
        ("send(sock, \"hi\", 2, 0)", CallName::Send, "sock"),
        ("listen(s, 5)", CallName::Listen, "s"),
    ] {
        assert_eq!(wrong(text), Mistyped::Variable(call, variable.into()), "{text}");
    }
    for (text, call, odd) in [
        ("send(5, buf, 5, 0)", CallName::Send, "buf"),
        ("write(5, buf, len)", CallName::Write, "buf"),
        ("sendto(5, buf, 5, 0, 127.0.0.1:8000)", CallName::SendTo, "buf"),
        ("poll(fds, 1, -1)", CallName::Poll, "fds"),
        ("epoll_ctl(6, EPOLL_CTL_ADD, 5, ev)", CallName::EpollCtl, "ev"),
    ] {
        assert_eq!(wrong(text), Mistyped::Argument(call, odd.into()), "{text}");
    }
}

/// What C has and isn't made here says what to type, and that is a line which is taken.
#[test]
fn what_is_not_made_here_names_what_is() {
    let wrong = |text: &str| match parse(text, &usual()).unwrap_err() {
        Mistyped::Instead(name, instead) => (name, instead),
        other => panic!("{text}: {other:?}"),
    };
    for (text, name) in [
        ("accept4(5, NULL, NULL, SOCK_NONBLOCK)", "accept4"),
        ("fcntl(5, F_GETFL)", "F_GETFL"),
        ("fcntl(5, F_GETFL, 0)", "F_GETFL"),
        ("fcntl(5, F_DUPFD, 10)", "F_DUPFD"),
        ("ioctl(5, FIONREAD, &n)", "FIONREAD"),
        ("ioctl(5, SIOCINQ, &n)", "SIOCINQ"),
        ("ioctl(5, SIOCOUTQ, &n)", "SIOCOUTQ"),
        ("ioctl(5, FIONBIO, &one)", "FIONBIO"),
        ("ioctl(5, SIOCATMARK, &n)", "ioctl"),
        ("socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)", "SOCK_NONBLOCK"),
        ("socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)", "SOCK_NONBLOCK"),
        ("dup2 5 6", "dup2"),
    ] {
        assert_eq!(wrong(text).0, name, "{text}");
    }
    for (name, instead) in written_in_c::elsewhere() {
        assert_eq!(CallName::typed(name), None);
        let lines = match instead {
            Instead::Typed(lines) | Instead::Set(lines) => lines.to_vec(),
            Instead::Unread(line) => vec![line],
            Instead::Unacknowledged | Instead::Key => Vec::new(),
        };
        for line in lines {
            assert!(parse(line, &Usual { fd: None, ..usual() }).is_ok(), "{name}: {line}");
        }
    }
}
