//! Lines as C has them, with what isn't made here.

use super::*;
use crate::model::typed::{AddressFields, HeldValue, Instead, TypedLine, read, written_in_c};

/// Calls with values that are no ints, with flags of descriptors, and with requests.
pub(super) fn made_as_c_has_them() -> impl Strategy<Value = Call> {
    let fd = || any::<i32>();
    prop_oneof![
        (fd(), any::<(i64, i64)>(), any::<bool>()).prop_map(|(fd, (seconds, microseconds), receives)| {
            let option = if receives { SocketOption::RECV_TIMEOUT } else { SocketOption::SEND_TIMEOUT };
            Call::SetStructured { fd, option, value: StructuredValue::Time { seconds, microseconds } }
        }),
        (fd(), "[a-z_]{1,15}").prop_map(|(fd, name)| {
            Call::SetStructured { fd, option: SocketOption::CONGESTION, value: StructuredValue::Name(name) }
        }),
        fd().prop_map(|fd| Call::GetStatus { fd }),
        (fd(), 0..4_usize).prop_map(|(fd, at)| Call::Ioctl { fd, request: DeviceRequest::ALL[at] }),
        (fd(), 0..4_i32).prop_map(|(fd, flags)| Maker::accept(fd, made_with(flags)).into()),
        (any::<(bool, bool)>(), 0..4_i32).prop_map(|((ipv6, udp), flags)| Maker::socket(ipv6, udp, made_with(flags))),
    ]
}

fn made_with(bits: i32) -> SocketFlags {
    let flag = |bit, flag| if bits & bit == 0 { 0 } else { flag };
    SocketFlags(flag(1, libc::SOCK_NONBLOCK) | flag(2, libc::SOCK_CLOEXEC))
}

/// C's variables hold what isn't known here: none is taken for a text, left out, or told without what to write.
#[test]
fn variables_of_c_are_told_where_their_values_are_wanted() {
    let wrong = |text: &str| parse(text, &usual()).unwrap_err();
    for (text, call, variable) in [
        ("setsockopt(5, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one))", CallName::SetSockOpt, "&one"),
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
    for (text, variable) in [
        ("bind(5, (struct sockaddr *)&addr, sizeof(addr))", "&addr"),
        ("bind(5, (struct sockaddr*)&addr, sizeof(addr))", "&addr"),
        ("bind(5, (const struct sockaddr*) &addr, sizeof addr)", "&addr"),
        ("connect(5, (sockaddr*)&addr, sizeof(addr))", "&addr"),
        ("connect(5, &addr, sizeof addr)", "&addr"),
        ("sendto(5, \"hi\", 2, 0, (struct sockaddr *)&to, sizeof(to))", "&to"),
        ("addr.sin_port = htons(8000);", "addr.sin_port"),
    ] {
        let told = wrong(text);
        assert!(
            matches!(&told, Mistyped::Instead(named, Instead::Address(_)) if named == variable),
            "{text}: {told:?}"
        );
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
        ("fcntl(5, F_DUPFD, 10)", "F_DUPFD"),
        ("ioctl(5, FIONBIO, &one)", "FIONBIO"),
        ("htons(8000)", "htons"),
        ("addr.sin_port = htons(8000);", "addr.sin_port"),
        ("addr.sin_addr.s_addr = INADDR_ANY;", "addr.sin_addr.s_addr"),
        ("server->sin_family = AF_INET;", "server->sin_family"),
        ("memset(&addr, 0, sizeof(addr));", "memset"),
        ("inet_pton(AF_INET, \"127.0.0.1\", &addr.sin_addr);", "inet_pton"),
        ("perror(\"bind\");", "perror"),
        ("errno", "errno"),
        ("if (fd < 0)", "if"),
        ("while (1) {", "while"),
        ("return 0;", "return"),
        ("printf(\"%d\\n\", n);", "printf"),
        ("#include <sys/socket.h>", "#include"),
        ("dup2 5 6", "dup2"),
    ] {
        assert_eq!(wrong(text).0, name, "{text}");
    }
    for (name, instead) in written_in_c::elsewhere() {
        assert_eq!(CallName::typed(name), None);
        let lines = match instead {
            Instead::Typed(lines) | Instead::Address(lines) => lines.to_vec(),
            Instead::Key | Instead::Error | Instead::Flow | Instead::Output | Instead::Nothing => Vec::new(),
        };
        for line in lines {
            assert!(parse(line, &Usual { fd: None, ..usual() }).is_ok(), "{name}: {line}");
        }
    }
}

/// Each as C has it and shorter: what is read is written so that it is read again.
#[test]
fn values_flags_and_requests_are_taken_as_c_has_them() {
    let sets = |option: &str, value| Call::SetStructured { fd: 5, option: option.parse().unwrap(), value };
    let time = |seconds, microseconds| StructuredValue::Time { seconds, microseconds };
    let linger = |value| Call::SetOption { fd: 5, option: SocketOption::LINGER, value };
    let asks = |request| Call::Ioctl { fd: 5, request };
    for (texts, call) in [
        (
            vec![
                "setsockopt(5, SOL_SOCKET, SO_LINGER, {1,0})",
                "setsockopt(5, SOL_SOCKET, SO_LINGER, { 1, 0 }, sizeof(struct linger));",
                "setsockopt(5, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger))",
                "setsockopt(5, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1, .l_linger = 0}, sizeof l)",
                "setsockopt 5 SO_LINGER {1,0}",
                "setsockopt 5 so_linger {1}",
                "setsockopt 5 so_linger 0",
            ],
            linger(0),
        ),
        (vec!["setsockopt 5 so_linger {0,0}", "setsockopt(5, SOL_SOCKET, SO_LINGER, {0, 9})"], linger(-1)),
        (
            vec![
                "setsockopt 5 SO_RCVTIMEO 1.5",
                "setsockopt(5, SOL_SOCKET, SO_RCVTIMEO, {1, 500000})",
                "setsockopt(5, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){1, 500000}, sizeof(struct timeval))",
                "setsockopt(5, SOL_SOCKET, SO_RCVTIMEO, {.tv_sec=1, .tv_usec=500000})",
            ],
            sets("SO_RCVTIMEO", time(1, 500_000)),
        ),
        (vec!["setsockopt 5 so_sndtimeo 2", "setsockopt 5 so_sndtimeo {2}"], sets("SO_SNDTIMEO", time(2, 0))),
        (vec!["setsockopt 5 SO_RCVTIMEO {.tv_usec = 5}"], sets("SO_RCVTIMEO", time(0, 5))),
        (
            vec!["setsockopt(5, SOL_SOCKET, SO_RCVTIMEO, &(int){2}, sizeof(int))"],
            Call::SetOption { fd: 5, option: SocketOption::RECV_TIMEOUT, value: 2 },
        ),
        (
            vec![
                "setsockopt(5, IPPROTO_TCP, TCP_CONGESTION, \"reno\", 4)",
                "setsockopt(5, IPPROTO_TCP, TCP_CONGESTION, \"reno\", strlen(\"reno\"))",
                "setsockopt 5 tcp_congestion reno",
            ],
            sets("TCP_CONGESTION", StructuredValue::Name("reno".into())),
        ),
        (
            vec![
                "accept4(5, NULL, NULL, SOCK_NONBLOCK)",
                "accept4(5, &peer, &len, SOCK_NONBLOCK);",
                "accept4 5 nonblock",
            ],
            Maker::accept(5, SocketFlags::NONBLOCK).into(),
        ),
        (vec!["accept4(5, NULL, NULL, 0)", "accept4(5)"], Maker::accept(5, SocketFlags::default()).into()),
        (
            vec!["accept4(5, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)"],
            Maker::accept(5, SocketFlags::NONBLOCK.with(SocketFlags(libc::SOCK_CLOEXEC))).into(),
        ),
        (
            vec!["socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0)", "socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);"],
            Maker::socket(false, false, SocketFlags::NONBLOCK),
        ),
        (vec!["fcntl(5, F_GETFL)", "fcntl(5, F_GETFL, 0)", "fcntl 5 F_GETFL"], Call::GetStatus { fd: 5 }),
        (
            vec![
                "fcntl(5, F_SETFL, fcntl(5, F_GETFL, 0) | O_NONBLOCK)",
                "fcntl(5, F_SETFL, 2 | O_NONBLOCK)",
                "fcntl(5, F_SETFL, 2050)",
            ],
            Call::SetNonblocking { fd: 5, on: true },
        ),
        (
            vec!["fcntl(5, F_SETFL, 2050 & ~O_NONBLOCK)", "fcntl(5, F_SETFL, 2)"],
            Call::SetNonblocking { fd: 5, on: false },
        ),
        (vec!["ioctl(5, FIONREAD, &n)", "ioctl 5 fionread", "ioctl(5, SIOCINQ, &n);"], asks(DeviceRequest::Unread)),
        (vec!["ioctl(5, SIOCOUTQ, &n)"], asks(DeviceRequest::Unacknowledged)),
        (vec!["ioctl(5, SIOCATMARK, &n)"], asks(DeviceRequest::AtMark)),
        (
            vec!["send(5, \"hello\", strlen(\"hello\"), 0)"],
            Call::Send { fd: 5, data: b"hello".to_vec(), flags: MessageFlags::NONE },
        ),
        (
            vec!["bind(5, 127.0.0.1:8000, sizeof(addr))", "bind(5, 127.0.0.1:8000, sizeof(struct sockaddr_in));"],
            Call::Bind { fd: 5, addr: usual().server },
        ),
    ] {
        texts.into_iter().for_each(|text| assert_eq!(typed(text), call, "{text}"));
        assert_eq!(typed(&call.to_string()), call, "{call}");
    }
    let wrong = |text: &str| parse(text, &usual()).unwrap_err();
    for (text, call, odd) in [
        ("setsockopt(5, SOL_SOCKET, SO_LINGER, {1, -5})", CallName::SetSockOpt, "{1, …}"),
        ("setsockopt(5, SOL_SOCKET, SO_LINGER, {1, 0, 7})", CallName::SetSockOpt, "7"),
        ("setsockopt(5, SOL_SOCKET, SO_LINGER, {1, x})", CallName::SetSockOpt, "x"),
        ("setsockopt(5, SOL_SOCKET, SO_LINGER, {1, 0", CallName::SetSockOpt, "{1"),
        ("setsockopt 5 SO_RCVTIMEO soon", CallName::SetSockOpt, "soon"),
        ("setsockopt 5 SO_RCVTIMEO -1.5", CallName::SetSockOpt, "-1.5"),
        ("setsockopt 5 TCP_CONGESTION an_algorithm_too_long", CallName::SetSockOpt, "an_algorithm_too_long"),
        ("setsockopt 5 TCP_CONGESTION \"reno\" 9", CallName::SetSockOpt, "9"),
        ("accept4(5, NULL, NULL, O_NONBLOCK)", CallName::Accept4, "O_NONBLOCK"),
        ("ioctl(5, FIONWRITE, &n)", CallName::Ioctl, "FIONWRITE"),
        ("fcntl(5, F_SETFL, 1024)", CallName::Fcntl, "1024"),
    ] {
        assert_eq!(wrong(text), Mistyped::Argument(call, odd.into()), "{text}");
    }
    assert_eq!(wrong("recv(5, buf, sizeof buf, 0)"), Mistyped::Size(CallName::Recv, "sizeof".into()));
    assert_eq!(wrong("send(5, \"hi\", strlen(msg), 0)"), Mistyped::Size(CallName::Send, "strlen".into()));
}

/// A call may give its value a name; and a name that has one stands for it.
#[test]
fn names_get_values_and_stand_for_them() {
    let text = |name: &str, text: &str| (name.to_owned(), Some(HeldValue::Text(text.to_owned())));
    let address = HeldValue::Address(AddressFields::of("127.0.0.1:9000".parse().unwrap()));
    let variables = vec![
        text("fd", "7"),
        text("n", "-1"),
        text("l", "{1, 0}"),
        text("one", "1"),
        text("msg", "\"hello\""),
        ("addr".to_owned(), Some(address)),
        ("late".to_owned(), None),
    ];
    let usual = Usual { variables, ..usual() };
    let called = |text: &str| match read(text, &usual) {
        Ok(TypedLine::Call(name, call)) => (name.unwrap_or_default(), call.to_string()),
        other => panic!("{text}: {other:?}"),
    };
    for (text, name, call) in [
        ("int s = socket(AF_INET, SOCK_STREAM, 0);", "s", "socket(AF_INET, SOCK_STREAM, 0)"),
        ("s=socket()", "s", "socket(AF_INET, SOCK_STREAM, 0)"),
        ("const int *p = dup(fd)", "p", "dup(7)"),
        ("ssize_t got = recv(fd, buf, 9, 0);", "got", "recv(7, 9)"),
        ("listen(fd, 5)", "", "listen(7, 5)"),
        ("listen fd 5", "", "listen(7, 5)"),
        ("close(n)", "", "close(-1)"),
        ("select(fd + 1, {fd}, NULL, NULL, NULL)", "", "select(8, {7}, NULL, NULL, -1)"),
        ("poll({fd, POLLIN}, -1)", "", "poll(7:POLLIN, -1)"),
        ("setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one))", "", "setsockopt(7, SO_REUSEADDR, 1)"),
        ("setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l)", "", "setsockopt(7, SO_LINGER, {1, 0})"),
        ("send(fd, msg, strlen(msg), 0)", "", "send(7, \"hello\", 5, 0)"),
        ("bind(fd, (struct sockaddr *)&addr, sizeof(addr))", "", "bind(7, 127.0.0.1:9000)"),
        ("connect(fd, (const struct sockaddr*) &addr, sizeof addr);", "", "connect(7, 127.0.0.1:9000)"),
        ("sendto(fd, \"hi\", 2, 0, (struct sockaddr *)&addr, sizeof addr)", "", "sendto(7, \"hi\", 2, 127.0.0.1:9000)"),
        ("accept(fd, (struct sockaddr *)&addr, &n)", "", "accept(7)"),
        ("send 5 a=b", "", "send(5, \"a=b\", 3)"),
        ("send fd fd", "", "send(7, \"fd\", 2)"),
        ("getsockopt(fd, SOL_SOCKET, SO_ERROR, &n, &one)", "", "getsockopt(7, SO_ERROR)"),
    ] {
        assert_eq!(called(text), (name.to_owned(), call.to_owned()), "{text}");
    }
    for (text, name, value) in [
        ("int one = 1;", "one", "1"),
        ("char *text = \"a = b\";", "text", "\"a = b\""),
        ("char text[] = \"ab\"", "text", "\"ab\""),
        ("struct linger l = {1, 5};", "l", "{.l_onoff = 1, .l_linger = 5}"),
        ("int other = one;", "other", "1"),
        ("int more = one + 2", "more", "3"),
        ("socklen_t len = sizeof addr;", "len", "16"),
        ("socklen_t len = sizeof(struct sockaddr_in6);", "len", "28"),
        ("#define PORT 8000 // as in the book", "PORT", "8000"),
        ("struct sockaddr_in a = {AF_INET, htons(8000)};", "a", "0.0.0.0:8000"),
        ("struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(1) }", "a", "[::]:1"),
    ] {
        let told: Vec<(String, String)> = match read(text, &usual) {
            Ok(TypedLine::Values(values)) => {
                values.into_iter().map(|(name, value)| (name, value.to_string())).collect()
            }
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(told, vec![(name.to_owned(), value.to_owned())], "{text}");
    }
    let wrong = |text: &str| read(text, &usual).unwrap_err();
    assert_eq!(wrong("close(late)"), Mistyped::NotYet("late".into()));
    assert_eq!(wrong("int 3 = socket()"), Mistyped::Assigned("int 3".into()));
    assert_eq!(wrong("socket = 3"), Mistyped::Assigned("socket".into()));
    let unneeded = |text: &str| match read(text, &usual) {
        Ok(TypedLine::Unneeded(why)) => why,
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(unneeded("int fd;"), Mistyped::Declared("int fd".into()));
    assert_eq!(unneeded("int fd, new_fd; // two"), Mistyped::Declared("int fd, new_fd".into()));
    assert_eq!(unneeded("perror(\"bind\"); exit(1);"), Mistyped::Instead("perror".into(), Instead::Error));
    assert_eq!(unneeded("/* a comment */"), Mistyped::Comment);
    assert_eq!(wrong("s ="), Mistyped::Declared("s =".into()));
    assert_eq!(wrong("close(5); close(6);"), Mistyped::Several("close(6);".into()));
    assert_eq!(wrong("char buf[9]; recv(5, buf, 9, 0)"), Mistyped::Several("recv(5, buf, 9, 0)".into()));
    assert_eq!(wrong("int sum = one + gone"), Mistyped::Name("one".into()));
    assert_eq!(wrong("send 5 hi; there"), Mistyped::Several("there".into()));
    assert_eq!(called("send(5, \"a; b\", 4)").1, "send(5, \"a; b\", 4)");
    assert_eq!(wrong("int x = y"), Mistyped::Name("y".into()));
}
