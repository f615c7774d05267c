mod books;
mod in_c;

use super::*;
use crate::model::{
    EpollEvents, EpollOp, FD_SETSIZE, Lookup, LookupFamily, LookupFlags, MOST_POLLED, MessageFlags, PollEvents,
    PolledDescriptor, SOCKET_OPTIONS, StructuredValue, Transfer,
};
use proptest::prelude::*;

fn usual() -> Usual {
    Usual { server: SocketAddr::from(([127, 0, 0, 1], 8000)), fd: Some(5), variables: Vec::new() }
}

fn polls(fds: &[(i32, &str)], timeout: i32) -> Call {
    let fds = fds.iter().map(|(fd, events)| PolledDescriptor::new(*fd, events.parse().unwrap())).collect();
    Call::Poll { fds, timeout }
}

fn selects(nfds: i32, fds: &[(i32, &str)], timeout: i32) -> Call {
    let fds = fds.iter().map(|(fd, events)| PolledDescriptor::new(*fd, events.parse().unwrap())).collect();
    Call::Select { nfds, fds, timeout }
}

fn watches(op: EpollOp, events: &str) -> Call {
    Call::EpollCtl { epfd: 6, op, fd: 5, events: events.parse().unwrap() }
}

fn typed(text: &str) -> Call {
    parse(text, &usual()).unwrap_or_else(|wrong| panic!("{text}: {wrong:?}"))
}

#[test]
fn as_the_manual_pages_have_it_or_shorter() {
    let server = usual().server;
    let sends = |flags| Call::Send { fd: 5, data: b"ab".to_vec(), flags: MessageFlags(flags) };
    for (texts, call) in [
        (
            vec!["socket()", "socket", "socket(AF_INET, SOCK_STREAM, 0)", "socket(PF_INET, SOCK_STREAM, IPPROTO_TCP)"],
            Call::Socket { ipv6: false, udp: false },
        ),
        (vec!["socket(AF_INET6)", "socket 6"], Call::Socket { ipv6: true, udp: false }),
        (vec!["socket(AF_INET, SOCK_DGRAM, 0)", "socket udp"], Call::Socket { ipv6: false, udp: true }),
        (
            vec!["sendto(5, \"a b\", 3, 0, 127.0.0.1:8000)", "sendto 5 a b", "sendto 5 \"a b\"", "sendto a b :8000"],
            Call::send_to(5, b"a b".to_vec(), server),
        ),
        (
            vec!["sendto(7, \"3\", [::1]:9)", "sendto 7 3 [::1]:9"],
            Call::send_to(7, b"3".to_vec(), "[::1]:9".parse().unwrap()),
        ),
        (vec!["recvfrom(5, 1024)", "recvfrom"], Call::recv_from(5, 1024)),
        (
            vec!["bind(5, 127.0.0.1:8000)", "bind 5 :8000", "bind 5 8000", "bind 5 127.0.0.1", "bind"],
            Call::Bind { fd: 5, addr: server },
        ),
        (vec!["connect(5, 127.0.0.1:8000);", "connect"], Call::Connect { fd: 5, addr: server }),
        (vec!["connect(5, AF_UNSPEC)", "connect 5 unspec", "connect unspec"], Call::Dissolve { fd: 5 }),
        (vec!["connect 7 [::1]:9"], Call::Connect { fd: 7, addr: "[::1]:9".parse().unwrap() }),
        (vec!["listen(5, 8)", "listen 5", "listen"], Call::Listen { fd: 5, backlog: 8 }),
        (vec!["accept(5)", "accept"], Call::Accept { fd: 5 }),
        (vec!["send(5, \"a b\", 3)", "send 5 a b", "send(5, \"a b\")"], Call::send(5, b"a b".to_vec())),
        (vec!["send 5 \"x\\n\\\"\""], Call::send(5, b"x\n\"".to_vec())),
        (vec!["recv(5, 1024)", "recv"], Call::recv(5, 1024)),
        (vec!["shutdown(5, SHUT_WR)", "shutdown", "shutdown 5 write"], Call::Shutdown { fd: 5, how: How::Write }),
        (vec!["shutdown(5, SHUT_RDWR)", "shutdown both"], Call::Shutdown { fd: 5, how: How::Both }),
        (
            vec!["select(6, {3, 5}, {5}, NULL, 1000)", "select 3 in 5 in out 1000", "select(6, {3,5}, {5}, {}, 1000)"],
            selects(6, &[(3, "POLLIN"), (5, "POLLIN|POLLOUT")], 1000),
        ),
        (vec!["select(6, NULL, NULL, {5}, NULL)", "select 5 pri"], selects(6, &[(5, "POLLPRI")], -1)),
        (vec!["select(0, NULL, NULL, NULL, 50)"], selects(0, &[], 50)),
        (vec!["select", "select 5", "select 5 in"], selects(6, &[(5, "POLLIN")], -1)),
        (
            vec![
                "getaddrinfo(\"localhost\", \"8000\", 0, &list)",
                "getaddrinfo localhost 8000",
                "getaddrinfo",
                "getaddrinfo(\"localhost\", \"8000\", NULL, &res)",
            ],
            lookup(Some("localhost"), Some("8000"), LookupFamily::default(), LookupFlags::default()),
        ),
        (
            vec![
                "getaddrinfo(NULL, \"http\", AF_INET6, AI_PASSIVE | AI_NUMERICSERV)",
                "getaddrinfo NULL http af_inet6 ai_passive|ai_numericserv",
            ],
            lookup(None, Some("http"), LookupFamily(libc::AF_INET6), LookupFlags(0x401)),
        ),
        (
            vec!["getaddrinfo www.example.com"],
            lookup(Some("www.example.com"), None, LookupFamily::default(), LookupFlags::default()),
        ),
        (vec!["epoll_create1(0)", "epoll_create1", "epoll_create1(EPOLL_CLOEXEC)"], Call::EpollCreate),
        (
            vec![
                "epoll_ctl(6, EPOLL_CTL_ADD, 5, EPOLLIN | EPOLLET)",
                "epoll_ctl 6 add 5 in et",
                "epoll_ctl 6 ADD in|et",
            ],
            watches(EpollOp::Add, "EPOLLIN|EPOLLET"),
        ),
        (vec!["epoll_ctl(6, EPOLL_CTL_MOD, 5)", "epoll_ctl 6 mod"], watches(EpollOp::Mod, "EPOLLIN")),
        (vec!["epoll_ctl(6, EPOLL_CTL_DEL, 5, NULL)", "epoll_ctl 6 del 5"], watches(EpollOp::Del, "0")),
        (
            vec!["epoll_wait(6, events, 8, -1)", "epoll_wait(6, 8, -1)", "epoll_wait 6"],
            Call::EpollWait { epfd: 6, most: 8, timeout: -1 },
        ),
        (vec!["read(5, buf, 64)", "read 5 64"], Transfer::read(5, 64).into()),
        (vec!["write(5, \"a b\", 3)", "write 5 a b", "write(5, \"a b\")"], Transfer::write(5, b"a b".to_vec()).into()),
        (
            vec![
                "sendmsg(5, {\"ab\", \"c }\"}, MSG_MORE)",
                "sendmsg 5 \"ab\" \"c }\" more",
                "sendmsg(5,[\"ab\",\"c }\"],more)",
            ],
            Transfer::send(5, &[b"ab".to_vec(), b"c }".to_vec()], MessageFlags(libc::MSG_MORE)).into(),
        ),
        (
            vec!["sendmsg(5, {\"ab\", \"c\"}, MSG_MORE, 127.0.0.1:8000)", "sendmsg 5 \"ab\" \"c\" more :8000"],
            Transfer::send_to(5, &[b"ab".to_vec(), b"c".to_vec()], MessageFlags(libc::MSG_MORE), server).into(),
        ),
        (
            vec!["sendmsg 5 \"ab\" \":8000\""],
            Transfer::send(5, &[b"ab".to_vec(), b":8000".to_vec()], MessageFlags::NO_SIGNAL).into(),
        ),
        (
            vec!["recvmsg(5, {2, 0}, 0)", "recvmsg(5, {2, 0})"],
            Transfer::receive(5, vec![2, 0], MessageFlags::NONE).into(),
        ),
        (vec!["recvmsg(5, {}, 0)", "recvmsg(5, {})"], Transfer::receive(5, vec![], MessageFlags::NONE).into()),
        (vec!["recvmsg(5, {1024}, 0)", "recvmsg 5"], Transfer::receive(5, vec![1024], MessageFlags::NONE).into()),
        // Behind a size stands C's flags.
        (vec!["recvmsg 5 2 100 0", "recvmsg 5 2 100"], Transfer::receive(5, vec![2, 100], MessageFlags::NONE).into()),
        (vec!["recvmsg 5 0"], Transfer::receive(5, vec![0], MessageFlags::NONE).into()),
        (
            vec!["recvmsg(5, {2, 100}, MSG_PEEK)", "recvmsg 5 2 100 peek", "recvmsg([2 100] peek)"],
            Transfer::receive(5, vec![2, 100], MessageFlags::PEEK).into(),
        ),
        (vec!["recvmsg(5, {0, 3}, 0)", "recvmsg 5 0 3"], Transfer::receive(5, vec![0, 3], MessageFlags::NONE).into()),
        (vec!["close(5)", "close"], Call::Close { fd: 5 }),
        (vec!["dup(5);", "dup"], Call::Dup { fd: 5 }),
        (vec!["fork();", "fork"], Call::Fork),
        (
            vec![
                "setsockopt(5, SO_REUSEADDR, 1)",
                "setsockopt so_reuseaddr",
                "setsockopt(5, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int))",
                "setsockopt(5, SOL_SOCKET, SO_REUSEADDR, 1, sizeof(int))",
            ],
            Call::SetOption { fd: 5, option: "SO_REUSEADDR".parse().unwrap(), value: 1 },
        ),
        (
            vec![
                "setsockopt(5, IPPROTO_TCP, TCP_FASTOPEN, 5)",
                "setsockopt(5, SOL_TCP, TCP_FASTOPEN, 5)",
                "setsockopt 5 tcp_fastopen 5",
                "setsockopt 5 6 23 5",
                "setsockopt tcp_fastopen 5",
            ],
            Call::SetOption { fd: 5, option: SocketOption { level: 6, number: 23 }, value: 5 },
        ),
        (
            // TCP_NODELAY at the wrong level is another option there, as in C.
            vec!["setsockopt(5, SOL_SOCKET, TCP_NODELAY, 1)", "setsockopt 5 1 1"],
            Call::SetOption { fd: 5, option: SocketOption { level: 1, number: 1 }, value: 1 },
        ),
        (
            vec!["setsockopt 5 ipproto_ipv6 ipv6_v6only 0", "setsockopt 5 41 26 0", "setsockopt ipv6_v6only 0"],
            Call::SetOption { fd: 5, option: "IPV6_V6ONLY".parse().unwrap(), value: 0 },
        ),
        (
            vec!["setsockopt 5 -3 99999 -1"],
            Call::SetOption { fd: 5, option: SocketOption { level: -3, number: 99_999 }, value: -1 },
        ),
        (
            vec!["getsockname(5)", "getsockname", "getsockname(5, (struct sockaddr *)&own, &len)"],
            Call::GetSockName { fd: 5 },
        ),
        (vec!["getpeername(5)", "getpeername(5, &peer, &len)"], Call::GetPeerName { fd: 5 }),
        (
            vec![
                "getsockopt(5, SO_ERROR)",
                "getsockopt(5, SOL_SOCKET, SO_ERROR)",
                "getsockopt so_error",
                "getsockopt(5, SOL_SOCKET, SO_ERROR, &v, &len)",
                "getsockopt(5, SOL_SOCKET, SO_ERROR, (void *)&v, &len)",
                "getsockopt(5, SOL_SOCKET, SO_ERROR, (char*)&v, &len)",
            ],
            Call::GetOption { fd: 5, option: "SO_ERROR".parse().unwrap() },
        ),
        (
            vec![
                "accept(5, NULL, NULL)",
                "accept(5, 0, 0);",
                "accept(5, &peer, &len)",
                "accept(5, (struct sockaddr *)&peer, &len)",
                "accept(5, (struct sockaddr *) &peer, &len)",
                "accept(5, peer, len)",
            ],
            Call::Accept { fd: 5 },
        ),
        (vec!["listen(5, SOMAXCONN)"], Call::Listen { fd: 5, backlog: 4096 }),
        (vec!["send(5, \"abc\", 2)", "send(5, \"ab\", 2, MSG_NOSIGNAL)"], Call::send(5, b"ab".to_vec())),
        (vec!["send(5, \"ab\", 2, 0)", "send 5 \"ab\" 2 0"], sends(0)),
        (
            vec![
                "send(5, \"ab\", 2, MSG_MORE|MSG_DONTWAIT)",
                "send(5, \"ab\", 2, MSG_DONTWAIT | MSG_MORE);",
                "send 5 \"ab\" more dontwait",
                "send 5 ab MSG_MORE|MSG_DONTWAIT",
            ],
            sends(libc::MSG_MORE | libc::MSG_DONTWAIT),
        ),
        (vec!["send 5 peek more"], Call::send(5, b"peek more".to_vec())),
        (vec!["send \"42\""], Call::send(5, b"42".to_vec())),
        (vec!["send 5 MSG_OOB"], Call::send(5, b"MSG_OOB".to_vec())),
        (
            vec!["sendto(5, \"ab\", 2, MSG_EOR, localhost:8000)", "sendto 5 \"ab\" eor", "sendto 5 ab MSG_EOR :8000"],
            Call::SendTo { fd: 5, data: b"ab".to_vec(), flags: MessageFlags(libc::MSG_EOR), addr: server },
        ),
        (
            vec![
                "recv(5, buf, 100, MSG_PEEK|MSG_DONTWAIT)",
                "recv 5 100 peek dontwait",
                "recv 5 100 DONTWAIT MSG_PEEK",
            ],
            Call::Recv { fd: 5, len: 100, flags: MessageFlags(libc::MSG_PEEK | libc::MSG_DONTWAIT) },
        ),
        (vec!["recv 5 waitall"], Call::Recv { fd: 5, len: 1024, flags: MessageFlags(libc::MSG_WAITALL) }),
        (
            vec!["recvfrom(5, buf, 16, MSG_TRUNC, NULL, NULL)", "recvfrom 5 16 trunc"],
            Call::RecvFrom { fd: 5, len: 16, flags: MessageFlags(libc::MSG_TRUNC) },
        ),
        (vec!["recv(5, buf, 16, 0)", "recv 5 16"], Call::recv(5, 16)),
        (
            vec!["recvfrom(5, buf, 16, 0, NULL, NULL)", "recvfrom(5, buf, 16, 0, (struct sockaddr *)&from, &len)"],
            Call::recv_from(5, 16),
        ),
        (vec!["sendto(5, \"abc\", 2, 0, localhost:8000)", "sendto 5 ab"], Call::send_to(5, b"ab".to_vec(), server)),
        (
            vec!["bind(5, \"localhost:8000\")", "bind 5 localhost", "bind(5, INADDR_LOOPBACK:8000)"],
            Call::Bind { fd: 5, addr: server },
        ),
        (vec!["bind 5 *:9", "bind 5 INADDR_ANY:9"], Call::Bind { fd: 5, addr: "0.0.0.0:9".parse().unwrap() }),
        (vec!["socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP)"], Call::Socket { ipv6: false, udp: true }),
        (
            vec!["poll(5:POLLIN, -1)", "poll(5)", "poll 5 in", "poll", "poll({5, POLLIN}, -1)"],
            polls(&[(5, "POLLIN")], -1),
        ),
        (
            vec![
                "poll(3:POLLIN, 4:POLLIN|POLLOUT, 1000)",
                "poll({3, POLLIN}, {4, POLLIN | POLLOUT}, 1000);",
                "poll({3, POLLIN}, {4, POLLIN|POLLOUT}, 1000)",
                "poll 3 in 4 in out 1000",
                "poll 3 4 pollin |pollout 1000",
            ],
            polls(&[(3, "POLLIN"), (4, "POLLIN|POLLOUT")], 1000),
        ),
        (vec!["poll(3:0, 0)", "poll({3, 0}, 0)", "poll({3, 0 }, 0)"], polls(&[(3, "0")], 0)),
        (
            vec!["fcntl(5, F_SETFL, O_NONBLOCK)", "fcntl(5, F_SETFL, flags | O_NONBLOCK)", "nonblock 5", "fcntl"],
            Call::SetNonblocking { fd: 5, on: true },
        ),
        (
            vec!["fcntl(5, F_SETFL, 0)", "fcntl(5, F_SETFL, flags & ~O_NONBLOCK);", "blocking 5", "blocking"],
            Call::SetNonblocking { fd: 5, on: false },
        ),
    ] {
        texts.into_iter().for_each(|text| assert_eq!(typed(text), call, "{text}"));
    }
}

#[test]
fn what_is_no_call_is_told() {
    let wrong = |text: &str| parse(text, &usual()).unwrap_err();
    assert_eq!(wrong(""), Mistyped::Name(String::new()));
    assert_eq!(wrong("conect 5"), Mistyped::Name("conect".into()));
    assert_eq!(wrong("listen 5 many"), Mistyped::Argument(CallName::Listen, "many".into()));
    assert_eq!(wrong("bind 5 127.0.0.1:99999"), Mistyped::Argument(CallName::Bind, "127.0.0.1:99999".into()));
    for (text, odd) in [
        ("setsockopt 5 so_nonsense 1", "so_nonsense"),
        ("setsockopt 5 tcp_nonsense", "tcp_nonsense"),
        ("setsockopt 5 IPPROTO_TCP NONSENSE 1", "NONSENSE"),
        ("setsockopt 5 IPPROTO_NONSENSE 1 1", "IPPROTO_NONSENSE"),
        ("setsockopt 5 6", "6"),
        ("setsockopt 5", ""),
    ] {
        assert_eq!(wrong(text), Mistyped::Option(odd.into()), "{text}");
    }
    assert_eq!(wrong("setsockopt 5 SO_REUSEADDR yes"), Mistyped::Argument(CallName::SetSockOpt, "yes".into()));
    let more = (LONGEST_READ + 1).to_string();
    assert_eq!(wrong(&format!("recv 5 {more}")), Mistyped::Argument(CallName::Recv, more.clone()));
    assert_eq!(wrong(&format!("recvfrom 5 {more}")), Mistyped::Argument(CallName::RecvFrom, more));
    assert_eq!(wrong("close 5 6"), Mistyped::TooMany(CallName::Close));
    // What C has and this has not is refused, and never dropped in silence.
    for (text, call, odd) in [
        ("send(5, \"abc\", 4, 0)", CallName::Send, "4"),
        ("send 5 \"a\" b", CallName::Send, "b"),
        ("send 99999999999999999999 x", CallName::Send, "99999999999999999999"),
        ("close -2147483649", CallName::Close, "-2147483649"),
        ("sendto 5 \"abc\" 3 0 0 :9", CallName::SendTo, "0"),
        ("recv(5, buf, 16, urgent)", CallName::Recv, "urgent"),
        ("recv 5 many", CallName::Recv, "many"),
        ("socket(AF_INET, SOCK_STREAM, IPPROTO_UDP)", CallName::Socket, "IPPROTO_UDP"),
        ("poll(fds, 2, -1)", CallName::Poll, "fds"),
        ("poll(3:POLLED, -1)", CallName::Poll, "3:POLLED"),
        ("poll 3: -1", CallName::Poll, "3:"),
        ("poll 3:4 -1", CallName::Poll, "3:4"),
        ("poll 3 in -1 soon", CallName::Poll, "soon"),
        ("poll 3 | 4", CallName::Poll, "|"),
        ("select(4, {3}, {x}, NULL, 0)", CallName::Select, "{x}"),
        ("select(4, {3, {4}, 0)", CallName::Select, "0"),
        ("select(1025, NULL, NULL, NULL, 0)", CallName::Select, "1025"),
        ("select(4, {1024}, NULL, NULL, 0)", CallName::Select, "{1024}"),
        ("select(4, NULL, NULL, NULL, soon)", CallName::Select, "soon"),
        ("select 3 rdhup", CallName::Select, "3"),
        ("select 3 in 3 out", CallName::Select, "3"),
        ("select 1024 in", CallName::Select, "1024"),
        ("sendmsg(5, {\"ab\", \"cd\", MSG_MORE)", CallName::SendMsg, "{"),
        ("sendmsg(5, {\"ab\"} x)", CallName::SendMsg, "x"),
        ("recvmsg(5, {2, x})", CallName::RecvMsg, "x"),
        ("recvmsg 5 2 buf", CallName::RecvMsg, "buf"),
        ("recvmsg 5 1048576 1", CallName::RecvMsg, "1"),
        ("write(5, \"ab\", 3)", CallName::Write, "3"),
        ("write(5, \"ab\", 2, 0)", CallName::Write, ""),
        ("read(5, 64, 0)", CallName::Read, ""),
        ("epoll_ctl x", CallName::EpollCtl, "x"),
        ("epoll_ctl 6 append", CallName::EpollCtl, "append"),
        ("epoll_ctl(6, EPOLL_CTL_ADD, 5, POLLIN)", CallName::EpollCtl, "POLLIN"),
        ("epoll_ctl(6, EPOLL_CTL_DEL, 5, EPOLLIN)", CallName::EpollCtl, ""),
        ("getaddrinfo a 1 nonsense", CallName::GetAddrInfo, "nonsense"),
        ("getaddrinfo(\"a\\x00\")", CallName::GetAddrInfo, "a\0"),
        ("getaddrinfo(\"\\xff\")", CallName::GetAddrInfo, "\u{fffd}"),
        ("epoll_create1(EPOLL_NONBLOCK)", CallName::EpollCreate, ""),
        ("epoll_wait(6, events, 65, -1)", CallName::EpollWait, "65"),
        ("epoll_wait(6, events, 8, soon)", CallName::EpollWait, "soon"),
        ("bind 5 localhost:http", CallName::Bind, "localhost:http"),
        ("sendmsg(3, 127.0.0.1:8000, {\"ab\"}, 0)", CallName::SendMsg, "127.0.0.1:8000"),
        ("fcntl(5, F_SETFL, O_APPEND)", CallName::Fcntl, "O_APPEND"),
    ] {
        let told = if odd.is_empty() { Mistyped::TooMany(call) } else { Mistyped::Argument(call, odd.into()) };
        assert_eq!(wrong(text), told, "{text}");
    }
    let many = "7 in ".repeat(MOST_POLLED + 1);
    assert_eq!(wrong(&format!("poll {many}")), Mistyped::Argument(CallName::Poll, "7".into()));
    assert_eq!(wrong("send(5, \"abc\", 3, 0, 0)"), Mistyped::TooMany(CallName::Send));
    for (text, call, odd) in [
        ("send(5, \"abc\", 3, MSG_PEEK)", CallName::Send, "MSG_PEEK"),
        ("send(5, \"abc\", 3, MSG_MORE|MSG_NONSENSE)", CallName::Send, "MSG_NONSENSE"),
        ("send 5 \"abc\" waitall", CallName::Send, "waitall"),
        ("sendto(5, \"abc\", 3, MSG_WAITALL, :9)", CallName::SendTo, "MSG_WAITALL"),
        ("recv(5, buf, 16, MSG_PEEK|MSG_MORE)", CallName::Recv, "MSG_MORE"),
        ("recv 5 16 nosignal", CallName::Recv, "nosignal"),
        ("recvfrom(5, buf, 16, MSG_EOR)", CallName::RecvFrom, "MSG_EOR"),
    ] {
        assert_eq!(wrong(text), Mistyped::Flag(call, odd.into()), "{text}");
    }
    for text in ["web:8000", "www.example.com", "a-b:80"] {
        assert_eq!(wrong(&format!("connect 3 {text}")), Mistyped::Host(CallName::Connect, text.into()));
    }
    let sendto = |text: &str| Mistyped::Argument(CallName::SendTo, text.into());
    assert_eq!(wrong("sendto 5 \"a\" 127.0.0.1:99999"), sendto("127.0.0.1:99999"));
    assert_eq!(wrong(&format!("sendto 5 {}", "a".repeat(LONGEST_DATAGRAM + 1))), sendto(&"a".repeat(20)));
    assert_eq!(wrong("send 5 \"abc"), Mistyped::Quote);
    assert_eq!(parse("close", &Usual { fd: None, ..usual() }), Err(Mistyped::Descriptor(CallName::Close)));
}

#[test]
fn each_form_that_is_named_is_taken() {
    for name in CallName::ALL {
        let call = parse(form(name), &Usual { fd: None, ..usual() });
        assert_eq!(call.map(|call| call.name()), Ok(name), "{}", form(name));
    }
}

fn calls() -> impl Strategy<Value = Call> {
    let fd = || any::<i32>();
    let addr = || (any::<IpAddr>(), any::<u16>()).prop_map(SocketAddr::from);
    let data = |most| proptest::collection::vec(any::<u8>(), 0..most);
    // Text, with what is hard to see and what has a meaning of its own.
    let text = "(\\PC|[\u{85}\u{202e}\u{301}\\\\\"\n\r\t\u{0},();nxu{}0])*".prop_map(String::into_bytes);
    let names = SOCKET_OPTIONS.to_vec();
    let option = prop_oneof![
        proptest::sample::select(names).prop_map(|name| SocketOption::by_name(name).unwrap()),
        any::<(i32, i32)>().prop_map(|(level, number)| SocketOption { level, number }),
        (0..50, -2..80).prop_map(|(level, number)| SocketOption { level, number }),
    ];
    let flags = |call: CallName| {
        let some = proptest::sample::subsequence(call.flag_names().to_vec(), 0..3);
        some.prop_map(move |names| {
            let named = names.into_iter().filter_map(|name| call.flag_named(name));
            named.fold(MessageFlags::NONE, MessageFlags::with)
        })
    };
    let how = prop_oneof![Just(How::Read), Just(How::Write), Just(How::Both)];
    prop_oneof![
        any::<(bool, bool)>().prop_map(|(ipv6, udp)| Call::Socket { ipv6, udp }),
        (fd(), addr()).prop_map(|(fd, addr)| Call::Bind { fd, addr }),
        (fd(), any::<i32>()).prop_map(|(fd, backlog)| Call::Listen { fd, backlog }),
        fd().prop_map(|fd| Call::Accept { fd }),
        (fd(), addr()).prop_map(|(fd, addr)| Call::Connect { fd, addr }),
        fd().prop_map(|fd| Call::Dissolve { fd }),
        (fd(), prop_oneof![data(200).boxed(), text.boxed()], flags(CallName::Send))
            .prop_map(|(fd, data, flags)| Call::Send { fd, data, flags }),
        (fd(), 0..=LONGEST_READ, flags(CallName::Recv)).prop_map(|(fd, len, flags)| Call::Recv { fd, len, flags }),
        (fd(), data(200), flags(CallName::SendTo), addr()).prop_map(|(fd, data, flags, addr)| Call::SendTo {
            fd,
            data,
            flags,
            addr
        }),
        (fd(), 0..=LONGEST_READ, flags(CallName::RecvFrom)).prop_map(|(fd, len, flags)| Call::RecvFrom {
            fd,
            len,
            flags
        }),
        (fd(), how).prop_map(|(fd, how)| Call::Shutdown { fd, how }),
        fd().prop_map(|fd| Call::Close { fd }),
        fd().prop_map(|fd| Call::Dup { fd }),
        Just(Call::Fork),
        (fd(), option, any::<i32>()).prop_map(|(fd, option, value)| {
            // Whatever is negative switches SO_LINGER off.
            let value = if option == SocketOption::LINGER { value.max(-1) } else { value };
            Call::SetOption { fd, option, value }
        }),
        in_c::made_as_c_has_them(),
        (fd(), any::<bool>()).prop_map(|(fd, on)| Call::SetNonblocking { fd, on }),
        fd().prop_map(|fd| Call::GetSockName { fd }),
        fd().prop_map(|fd| Call::GetPeerName { fd }),
        (fd(), any::<(i32, i32)>())
            .prop_map(|(fd, (level, number))| Call::GetOption { fd, option: SocketOption { level, number } }),
        (proptest::collection::vec(any::<(i32, i16)>(), 1..=MOST_POLLED), any::<i32>()).prop_map(|(fds, timeout)| {
            let entry = |(fd, events)| PolledDescriptor::new(fd, PollEvents(events));
            Call::Poll { fds: fds.into_iter().map(entry).collect(), timeout }
        }),
        (i32::MIN..=FD_SETSIZE, proptest::collection::btree_map(0..FD_SETSIZE, 1_i16..8, 1..9), -1..=i32::MAX)
            .prop_map(|(nfds, fds, timeout)| {
                let entry = |(fd, events)| PolledDescriptor::new(fd, PollEvents(events));
                Call::Select { nfds, fds: fds.into_iter().map(entry).collect(), timeout }
            }),
        (fd(), 0..=LONGEST_READ).prop_map(|(fd, len)| Transfer::read(fd, len).into()),
        (fd(), data(200)).prop_map(|(fd, data)| Transfer::write(fd, data).into()),
        (fd(), proptest::collection::vec(data(40), 0..9), flags(CallName::SendMsg))
            .prop_map(|(fd, buffers, flags)| Transfer::send(fd, &buffers, flags).into()),
        (fd(), proptest::collection::vec(data(40), 0..9), flags(CallName::SendMsg), addr())
            .prop_map(|(fd, buffers, flags, addr)| Transfer::send_to(fd, &buffers, flags, addr).into()),
        (fd(), proptest::collection::vec(0..60_000_usize, 1..9), flags(CallName::RecvMsg))
            .prop_map(|(fd, rooms, flags)| Transfer::receive(fd, rooms, flags).into()),
        Just(Call::EpollCreate),
        (name(), name(), any::<i32>(), any::<i32>()).prop_map(|(node, service, family, flags)| {
            lookup(node.as_deref(), service.as_deref(), LookupFamily(family), LookupFlags(flags))
        }),
        (fd(), 0..3_usize, fd(), any::<u32>()).prop_map(|(epfd, op, fd, events)| {
            let op = EpollOp::ALL[op];
            Call::EpollCtl { epfd, op, fd, events: EpollEvents(if op == EpollOp::Del { 0 } else { events }) }
        }),
        (fd(), i32::MIN..=MOST_POLLED as i32, any::<i32>()).prop_map(|(epfd, most, timeout)| Call::EpollWait {
            epfd,
            most,
            timeout
        }),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read_back_as_the_same_call(call in calls()) {
        let written = call.to_string();
        prop_assert!(!written.chars().any(char::is_control), "{:?}", written);
        prop_assert_eq!(parse(&written, &usual()), Ok(call), "{}", written);
    }

    #[test]
    fn no_text_panics(text: String) {
        let _ = parse(&text, &usual());
    }
}

fn lookup(node: Option<&str>, service: Option<&str>, family: LookupFamily, flags: LookupFlags) -> Call {
    let [node, service] = [node, service].map(|name| name.map(str::to_owned));
    Call::GetAddrInfo(Box::new(Lookup { node, service, family, flags }))
}

/// A name that C can have.
fn name() -> impl Strategy<Value = Option<String>> {
    proptest::option::of("[^\0]{0,40}")
}
