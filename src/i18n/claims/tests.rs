//! Each kind of statement, in the notation and in each language.

mod programs;

use super::*;
use crate::i18n::Lang;
use crate::i18n::testing::zh;
use crate::model::{CallName, CongestionState, Errno};
use crate::tcp::State;

fn socket(name: &str) -> ConnectionEnd {
    ConnectionEnd::Socket(name.to_owned())
}

fn of(made: Vec<(&str, Side, SocketKind)>) -> SocketNames {
    let made = made.into_iter().map(|(name, side, kind)| (name.to_owned(), side, kind));
    SocketNames::new(made.collect(), Default::default())
}

fn peer(name: &str) -> ConnectionEnd {
    ConnectionEnd::PeerOf(name.to_owned())
}

fn held(from: Side, head: &str, on: Option<&str>, is: SegmentFate) -> Statement {
    let sum = ClaimNumber { written: "j+1+line".to_owned(), shown: "j+7".to_owned() };
    let fields = vec![("seq".to_owned(), sum)];
    Statement::Segment { from, segment: SegmentWords { head: head.to_owned(), fields, on: on.map(Into::into) }, is }
}

fn ready(sockets: &[(&str, &str)]) -> Statement {
    let polled =
        |(socket, events): &(&str, &str)| PolledSocket { socket: (*socket).into(), events: events.parse().unwrap() };
    Statement::Ready { side: Side::Server, call: CallName::Poll, sockets: sockets.iter().map(polled).collect() }
}

/// Every kind of statement, with its notation and its two sentences. There is a listener, and there are three clients.
fn table() -> Vec<(Statement, [&'static str; 3])> {
    let (server, client, call) = (Side::Server, Side::Client, CallName::Recv);
    let returns = |value: Option<u32>, data: Option<&str>| Statement::Returns {
        side: server,
        call,
        value: value.map(ClaimNumber::from),
        data: data.map(str::to_owned),
    };
    let seen = |head: &str| SegmentWords { head: head.to_owned(), fields: Vec::new(), on: None };
    let queues = |end, recv: Option<u32>, send: Option<u32>| Statement::Queues {
        end,
        recv: recv.map(ClaimNumber::from),
        send: send.map(ClaimNumber::from),
    };
    let timer = |facts: &[TimerFact]| Statement::Timer { end: socket("client-a"), facts: facts.to_vec() };
    vec![
        (
            returns(Some(5), None),
            ["server: recv() returns 5", "the server's recv() returns 5", "服务器的 recv() 返回 5"],
        ),
        (returns(None, None), ["server: recv() returns", "the server's recv() succeeds", "服务器的 recv() 成功返回"]),
        (
            returns(Some(2), Some("a\n")),
            [
                "server: recv() returns 2 \"a\\n\"",
                "the server's recv() returns 2, the data \"a\\n\"",
                "服务器的 recv() 返回 2，数据是 \"a\\n\"",
            ],
        ),
        (
            returns(None, Some("a")),
            [
                "server: recv() returns \"a\"",
                "the server's recv() returns the data \"a\"",
                "服务器的 recv() 返回数据 \"a\"",
            ],
        ),
        (
            ready(&[("listener", "POLLIN"), ("nobody", "POLLIN|POLLHUP")]),
            [
                "server: poll() finds ready: listener POLLIN, nobody POLLIN|POLLHUP",
                "the server's poll() finds ready: the server's listening socket (POLLIN), the socket `nobody` (POLLIN|POLLHUP)",
                "服务器的 poll() 发现就绪：服务器的监听套接字（POLLIN），套接字 `nobody`（POLLIN|POLLHUP）",
            ],
        ),
        (
            ready(&[]),
            [
                "server: poll() finds nothing ready",
                "the server's poll() finds nothing ready",
                "服务器的 poll() 没有发现就绪的",
            ],
        ),
        (
            Statement::Tells { side: client, call: CallName::GetSockOpt, told: "ECONNREFUSED".to_owned() },
            [
                "client: getsockopt() tells ECONNREFUSED",
                "the client's getsockopt() tells ECONNREFUSED",
                "客户端的 getsockopt() 给出 ECONNREFUSED",
            ],
        ),
        (
            Statement::Fails { side: client, call, errno: Errno::from_name("ECONNRESET").unwrap() },
            [
                "client: recv() fails with ECONNRESET",
                "the client's recv() fails with ECONNRESET",
                "客户端的 recv() 失败，错误是 ECONNRESET",
            ],
        ),
        (
            Statement::Sleeps { side: server, call },
            ["server sleeps in recv()", "the server sleeps in recv()", "服务器阻塞在 recv() 中"],
        ),
        (
            Statement::Runs { side: server, call },
            ["server runs in recv()", "the server is in recv() and does not sleep", "服务器正在执行 recv()，没有阻塞"],
        ),
        (
            Statement::NotReturned { side: server, call },
            ["server: recv() has not returned", "the server's recv() has not returned", "服务器的 recv() 还没有返回"],
        ),
        (
            Statement::NotCalled { side: server, call },
            ["server: recv() was not called", "the server has not called recv()", "服务器没有调用过 recv()"],
        ),
        (
            Statement::State { end: socket("listener"), is: State::Listen.into() },
            ["listener is LISTEN", "the server's listening socket is LISTEN", "服务器的监听套接字处于 LISTEN"],
        ),
        (
            Statement::State { end: peer("client-b"), is: State::SynRecv.into() },
            [
                "peer of client-b is SYN_RECV",
                "the server's end opposite the client's socket no. 2 is SYN_RECV",
                "客户端的第 2 个套接字对面的服务器一端处于 SYN_RECV",
            ],
        ),
        (
            Statement::State { end: peer("nothing"), is: State::Closed.into() },
            [
                "peer of nothing is CLOSED",
                "the other end of the socket `nothing` is CLOSED",
                "套接字 `nothing` 的另一端处于 CLOSED",
            ],
        ),
        (
            Statement::State { end: socket("client-a"), is: SocketState::Gone },
            ["client-a is gone", "the client's socket no. 1 is gone", "客户端的第 1 个套接字已经不在了"],
        ),
        (
            Statement::NoSocket(peer("client-a")),
            [
                "the kernel has no socket peer of client-a",
                "the kernel's table doesn't have the server's end opposite the client's socket no. 1",
                "内核的套接字表里没有客户端的第 1 个套接字对面的服务器一端",
            ],
        ),
        (
            held(client, "ACK", None, SegmentFate::Held),
            [
                "client sends ACK seq=j+1+line: held",
                "the client's ACK seq=j+7 waits on the wire",
                "客户端的 ACK seq=j+7 停在线路上",
            ],
        ),
        (
            held(client, "SYN", Some("client-a"), SegmentFate::Delivered),
            [
                "client sends SYN seq=j+1+line on client-a: delivered",
                "the client's SYN seq=j+7 (the client's socket no. 1) was delivered",
                "客户端的 SYN seq=j+7（客户端的第 1 个套接字）已送达",
            ],
        ),
        (
            held(server, "RST", None, SegmentFate::Dropped),
            [
                "server sends RST seq=j+1+line: dropped",
                "the server's RST seq=j+7 was dropped",
                "服务器的 RST seq=j+7 已丢弃",
            ],
        ),
        (
            Statement::NeverSent { from: server, segment: seen("RST") },
            ["server never sends RST", "the server has sent no RST", "服务器没有发送过 RST"],
        ),
        (
            Statement::Waiting { from: None, count: 0, segments: Vec::new() },
            ["0 segments wait", "segments that wait on the wire: 0", "停在线路上的报文段共 0 个"],
        ),
        (
            Statement::Waiting {
                from: Some(client),
                count: 2,
                segments: vec![(client, seen("SYN seq=j")), (client, seen("SYN seq=j₂"))],
            },
            [
                "2 segments of the client wait: client SYN seq=j; client SYN seq=j₂",
                "segments of the client that wait on the wire: 2 (client SYN seq=j; client SYN seq=j₂)",
                "客户端停在线路上的报文段共 2 个（客户端 SYN seq=j；客户端 SYN seq=j₂）",
            ],
        ),
        (
            Statement::LastSent { from: client, segment: seen("SYN seq=j") },
            ["client last sent SYN seq=j", "the client last sent SYN seq=j", "客户端最后发出的是 SYN seq=j"],
        ),
        (
            Statement::SentNothing { from: client, on: None },
            ["client sent nothing", "the client has sent nothing", "客户端什么也没有发送"],
        ),
        (
            Statement::SentNothing { from: server, on: Some("client-b".to_owned()) },
            [
                "server sent nothing on client-b",
                "the server has sent nothing that belongs to the client's socket no. 2",
                "服务器没有发送过属于客户端的第 2 个套接字的报文段",
            ],
        ),
        (
            queues(socket("listener"), Some(1), Some(2)),
            [
                "queues of listener: recv=1 send=2",
                "the server's listening socket: accept queue 1, backlog 2",
                "服务器的监听套接字：全连接队列里有 1 个，队列上限 2",
            ],
        ),
        (
            queues(socket("client-a"), Some(3), None),
            [
                "queues of client-a: recv=3",
                "the client's socket no. 1: receive queue 3",
                "客户端的第 1 个套接字：接收队列里有 3 字节",
            ],
        ),
        (
            timer(&[TimerFact::Runs(TimerKind::Keepalive), TimerFact::Fired(Count::Exactly(1))]),
            [
                "timer of client-a: keepalive fired=1",
                "the client's socket no. 1: the keepalive timer runs, fired 1×",
                "客户端的第 1 个套接字：保活定时器在运行，触发了 1 次",
            ],
        ),
        (
            timer(&[TimerFact::Fired(Count::AtLeast(2)), TimerFact::Rto(Count::AtLeast(9))]),
            [
                "timer of client-a: fired>=2 rto_ms>=9",
                "the client's socket no. 1: fired at least 2×, RTO at least 9 ms",
                "客户端的第 1 个套接字：至少触发了 2 次，重传超时至少 9 毫秒",
            ],
        ),
        (
            timer(&[TimerFact::NoneRuns, TimerFact::Rto(Count::Exactly(9))]),
            [
                "timer of client-a: none rto_ms=9",
                "the client's socket no. 1: no timer runs, RTO 9 ms",
                "客户端的第 1 个套接字：没有定时器在运行，重传超时是 9 毫秒",
            ],
        ),
        (
            timer(&[TimerFact::NoRto]),
            [
                "timer of client-a: rto_ms=none",
                "the client's socket no. 1: the kernel tells no RTO",
                "客户端的第 1 个套接字：内核没有给出重传超时",
            ],
        ),
        (
            Statement::Info {
                end: socket("client-a"),
                facts: vec![
                    InfoFact::Number(InfoField::Cwnd, Count::Exactly(10)),
                    InfoFact::Number(InfoField::Ssthresh, Count::AtLeast(7)),
                    InfoFact::Number(InfoField::Rtt, Count::AtMost(20)),
                    InfoFact::Congestion(CongestionState::Cwr),
                    InfoFact::Options(InfoOptions(0b11)),
                ],
            },
            [
                "info of client-a: cwnd=10 ssthresh>=7 rtt<=20 ca_state=CWR options=timestamps,sack",
                "the client's socket no. 1: congestion window 10, slow start threshold at least 7, smoothed round-trip time at \
                 most 20 ms, state of the congestion control CWR, options in use timestamps, sack",
                "客户端的第 1 个套接字：拥塞窗口为 10，慢启动门限至少为 7，平滑往返时间至多为 20 毫秒，拥塞控制的状态为 CWR，使用中的选项为 timestamps，sack",
            ],
        ),
        (
            Statement::Info {
                end: socket("client-a"),
                facts: vec![
                    InfoFact::NoNumber(InfoField::Lost),
                    InfoFact::NoCongestion,
                    InfoFact::Options(InfoOptions(0)),
                ],
            },
            [
                "info of client-a: lost=? ca_state=? options=none",
                "the client's socket no. 1: segments taken for lost not told by the kernel, state of the congestion control \
                 not told by the kernel, no options in use",
                "客户端的第 1 个套接字：内核没有给出判定丢失的报文段数，内核没有给出拥塞控制的状态，没有使用中的选项",
            ],
        ),
        (Statement::StepCanBeDone, ["the step can be done", "the step can be done", "这一步可以执行"]),
        (
            Statement::NoneWaits { from: server, what: "SYN,ACK".to_owned() },
            [
                "no SYN,ACK of the server waits",
                "no SYN,ACK of the server waits on the wire",
                "线路上没有服务器发出的 SYN,ACK 在等待",
            ],
        ),
        (
            Statement::SeveralFit { from: client, segments: vec![seen("SYN seq=j"), seen("SYN seq=j₂")] },
            [
                "2 segments of the client fit: SYN seq=j; SYN seq=j₂",
                "2 segments of the client fit: SYN seq=j; SYN seq=j₂",
                "客户端有 2 个报文段都符合：SYN seq=j；SYN seq=j₂",
            ],
        ),
        (
            Statement::Counted(vec!["ListenOverflows".into(), "ListenDrops".into()]),
            [
                "the kernel counted ListenOverflows, ListenDrops",
                "the kernel counted ListenOverflows, ListenDrops as the last segment arrived, or was sent again",
                "最后一个报文段到达或再次发送时，内核计数 ListenOverflows，ListenDrops",
            ],
        ),
        (
            Statement::Counted(Vec::new()),
            [
                "the kernel counted nothing",
                "the kernel counted nothing beyond the segment itself as the last one arrived",
                "最后一个报文段到达时，除报文段本身外内核没有其他计数",
            ],
        ),
        (
            Statement::CountersUnread,
            ["the kernel's counters were not read", "which counters moved is not known", "不知道哪些计数器变了"],
        ),
        (
            Statement::OfThread { thread: 2, said: Box::new(Statement::InNoCall(client)) },
            ["thread 2: client is in no call", "in thread 2, the client is in no call", "线程 2：客户端不在任何调用中"],
        ),
        (
            Statement::OfProcess { process: 3, said: Box::new(Statement::InNoCall(client)) },
            [
                "process 3: client is in no call",
                "in process 3, the client is in no call",
                "进程 3：客户端不在任何调用中",
            ],
        ),
        (
            Statement::Killed(client),
            ["client was killed", "the process of the client was killed", "客户端的进程已被杀死"],
        ),
        (
            Statement::NoProcess { side: client, process: 2 },
            [
                "client has no process 2",
                "the client has no process 2: no fork() of the lesson has made it",
                "客户端没有进程 2：课程的 fork() 没有建立它",
            ],
        ),
        (Statement::InNoCall(client), ["client is in no call", "the client is in no call", "客户端不在任何调用中"]),
        (
            Statement::NoSuchSocket("client-c".to_owned()),
            [
                "there is no socket client-c",
                "the client's socket no. 3 isn't there yet",
                "客户端的第 3 个套接字还不存在",
            ],
        ),
        (
            Statement::NotMade("k is not known".to_owned()),
            [
                "no such segment can be made: k is not known",
                "no such segment can be made: k is not known",
                "无法造出这样的报文段：k is not known",
            ],
        ),
        (
            Statement::NoSender(client),
            [
                "client has received nothing by recvfrom()",
                "the client has received nothing by recvfrom()",
                "客户端还没有用 recvfrom() 收到过数据报",
            ],
        ),
        (
            Statement::NotFired(TimerKind::Probe),
            ["the probe timer did not fire", "the persist timer did not run out", "坚持定时器没有到期"],
        ),
        (
            Statement::NotSet { name: "net.ipv4.tcp_sack".to_owned(), errno: Errno::from_name("EINVAL").unwrap() },
            [
                "the kernel refuses net.ipv4.tcp_sack: EINVAL",
                "the kernel refuses net.ipv4.tcp_sack: EINVAL",
                "内核拒绝 net.ipv4.tcp_sack：EINVAL",
            ],
        ),
        (Statement::NoCall, ["no call", "the step makes no call", "这一步没有调用"]),
    ]
}

/// Fails to compile where a kind is new: then it gets a row in the table.
fn kind(said: &Statement) -> usize {
    match said {
        Statement::Returns { .. } => 0,
        Statement::Fails { .. } => 1,
        Statement::Sleeps { .. } => 2,
        Statement::Runs { .. } => 3,
        Statement::NotReturned { .. } => 4,
        Statement::NotCalled { .. } => 5,
        Statement::State { .. } => 6,
        Statement::NoSocket(_) => 7,
        Statement::Segment { .. } => 8,
        Statement::LastSent { .. } => 9,
        Statement::SentNothing { .. } => 10,
        Statement::Queues { .. } => 11,
        Statement::Timer { .. } => 12,
        Statement::StepCanBeDone => 13,
        Statement::NoneWaits { .. } => 14,
        Statement::SeveralFit { .. } => 15,
        Statement::InNoCall(_) => 16,
        Statement::NoSuchSocket(_) => 17,
        Statement::NoSender(_) => 18,
        Statement::NoCall => 19,
        Statement::NotFired(_) => 20,
        Statement::Counted(_) => 21,
        Statement::CountersUnread => 22,
        Statement::NotMade(_) => 23,
        Statement::Info { .. } => 24,
        Statement::Program { .. } => 25,
        Statement::ProgramNotCalled { .. } => 26,
        Statement::NotBefore { .. } => 27,
        Statement::NeverSent { .. } => 28,
        Statement::Waiting { .. } => 29,
        Statement::Ready { .. } => 30,
        Statement::NotSet { .. } => 31,
        Statement::Tells { .. } => 32,
        Statement::OfThread { .. } => 33,
        Statement::Killed(_) => 34,
        Statement::OfProcess { .. } => 35,
        Statement::NoProcess { .. } => 36,
    }
}

#[test]
fn each_kind_of_statement_has_its_notation_and_its_sentences() {
    let clients = ["client-a", "client-b", "client-c"].map(|name| (name, Side::Client, SocketKind::Stream));
    let sockets = &of([&[("listener", Side::Server, SocketKind::Listener)], &clients[..]].concat());
    let [en, zh] = [Lang::EN, zh()].map(|lang| Texts::load(lang).unwrap());
    let mut kinds = std::collections::BTreeSet::new();
    for (said, wanted) in table().into_iter().chain(programs::of_programs()) {
        kinds.insert(kind(&said));
        let found = [said.to_string(), en.statement(&said, sockets), zh.statement(&said, sockets)];
        assert_eq!(found, wanted.map(str::to_owned));
    }
    assert_eq!(kinds.len(), 37);
}

#[test]
fn the_only_end_of_its_kind_needs_no_number() {
    let table = [
        (socket("client"), ["the client's socket", "客户端的套接字"]),
        (socket("conn"), ["the server's connection", "服务器的连接"]),
        (peer("client"), ["the server's connection", "服务器的连接"]),
        (peer("conn"), ["the client's socket", "客户端的套接字"]),
        (socket("server"), ["the server's UDP socket", "服务器的 UDP 套接字"]),
    ];
    let sockets = &of(vec![
        ("listener", Side::Server, SocketKind::Listener),
        ("client", Side::Client, SocketKind::Stream),
        ("conn", Side::Server, SocketKind::Connection),
        ("server", Side::Server, SocketKind::Datagram),
    ]);
    for (end, wanted) in table {
        let said = Statement::State { end, is: State::Closed.into() };
        let found = [Lang::EN, zh()].map(|lang| Texts::load(lang).unwrap().statement(&said, sockets));
        let [en, zh] = wanted;
        assert_eq!(found, [format!("{en} is CLOSED"), format!("{zh}处于 CLOSED")]);
    }
}
