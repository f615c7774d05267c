//! What a claim says and what is the case, in sentences; an end is named as the screen names it, by its side and by what
//! it is for, and not as a lesson's file does.

use super::words::words;
use super::{SharedTexts, Texts, fill, harmless};
use crate::model::{
    Count, End, Number, SegmentFate, SegmentWords, Side, SocketKind, SocketRole, SocketState, Sockets, Statement,
    TimerFact, TimerKind,
};

words! {
    /// The sentences. The fields bear the names of the keys; of a pair the second is for one of several.
    #[allow(missing_docs)]
    pub struct ClaimTexts {
        pub listener: [String; 2],
        pub connection: [String; 2],
        pub stream: [String; 2],
        pub datagram: [String; 2],
        pub opposite: String,
        pub unknown: String,
        pub opposite_unknown: String,
        pub returns: String,
        pub returns_any: String,
        pub returns_data: String,
        pub brings: String,
        pub fails: String,
        pub sleeps: String,
        pub runs: String,
        pub not_returned: String,
        pub not_called: String,
        pub state: String,
        pub gone: String,
        pub no_socket: String,
        pub held: String,
        pub delivered: String,
        pub dropped: String,
        pub of_socket: String,
        pub last_sent: String,
        pub sent_nothing: String,
        pub sent_nothing_on: String,
        pub several_things: String,
        pub between: String,
        pub recv_queue: String,
        pub send_queue: String,
        pub accept_queue: String,
        pub backlog: String,
        pub next_datagram: String,
        /// Retransmission, keepalive, TIME_WAIT, zero-window probe.
        pub timers: [String; 4],
        pub timer_runs: String,
        pub no_timer: String,
        pub fired: String,
        pub fired_least: String,
        pub rto: String,
        pub rto_least: String,
        pub no_rto: String,
        pub can_be_done: String,
        pub none_waits: String,
        pub several_fit: String,
        pub between_segments: String,
        pub in_no_call: String,
        pub no_such_socket: String,
        pub no_sender: String,
        pub no_call: String,
        pub not_fired: String,
    }
}

impl ClaimTexts {
    /// A timer of the kernel by its name.
    pub fn timer(&self, kind: TimerKind) -> &str {
        &self.timers[match kind {
            TimerKind::Retransmit => 0,
            TimerKind::Keepalive => 1,
            TimerKind::TimeWait => 2,
            TimerKind::Probe => 3,
        }]
    }
}

impl Texts {
    /// A statement in one sentence without its full stop; `sockets` are those of the lesson that it is about. Nothing in it
    /// acts on a terminal.
    pub fn statement(&self, said: &Statement, sockets: &Sockets) -> String {
        let speaker = Speaker { texts: &self.claims, shared: &self.shared, sockets };
        harmless(&speaker.statement(said))
    }
}

/// The words, and what the names of a lesson's file stand for.
struct Speaker<'a> {
    texts: &'a ClaimTexts,
    shared: &'a SharedTexts,
    sockets: &'a Sockets,
}

impl Speaker<'_> {
    fn statement(&self, said: &Statement) -> String {
        let t = self.texts;
        match said {
            Statement::Returns { side, call, value, data } => {
                let data = data.as_ref().map(|data| format!("{data:?}"));
                let text = match (value, &data) {
                    (Some(_), Some(_)) => &t.returns_data,
                    (Some(_), None) => &t.returns,
                    (None, Some(_)) => &t.brings,
                    (None, None) => &t.returns_any,
                };
                let value = value.as_ref().map_or("", |value| &value.shown);
                let values = [("side", self.side(*side)), ("call", call.name()), ("value", value)];
                fill(text, &[&values[..], &[("data", data.as_deref().unwrap_or(""))]].concat())
            }
            Statement::Fails { side, call, errno } => {
                let errno = errno.to_string();
                fill(&t.fails, &[("side", self.side(*side)), ("call", call.name()), ("errno", &errno)])
            }
            Statement::Sleeps { side, call } => self.call(&t.sleeps, *side, call.name()),
            Statement::Runs { side, call } => self.call(&t.runs, *side, call.name()),
            Statement::NotReturned { side, call } => self.call(&t.not_returned, *side, call.name()),
            Statement::NotCalled { side, call } => self.call(&t.not_called, *side, call.name()),
            Statement::State { end, is: SocketState::Gone } => self.of_end(&t.gone, end),
            Statement::State { end, is } => fill(&t.state, &[("end", self.end(end).as_str()), ("state", is.name())]),
            Statement::NoSocket(end) => self.of_end(&t.no_socket, end),
            Statement::Segment { from, segment, is } => {
                let text = match is {
                    SegmentFate::Held => &t.held,
                    SegmentFate::Delivered => &t.delivered,
                    SegmentFate::Dropped => &t.dropped,
                };
                self.segment_of(text, *from, segment)
            }
            Statement::LastSent { from, segment } => self.segment_of(&t.last_sent, *from, segment),
            Statement::SentNothing { from, on: None } => self.of_side(&t.sent_nothing, *from),
            Statement::SentNothing { from, on: Some(socket) } => {
                let end = self.socket(socket);
                fill(&t.sent_nothing_on, &[("side", self.side(*from)), ("end", &end)])
            }
            Statement::Queues { end, recv, send } => self.queues(end, recv.as_ref(), send.as_ref()),
            Statement::Timer { end, facts } => self.listed(end, facts.iter().map(|fact| self.timer(fact)).collect()),
            Statement::StepCanBeDone => t.can_be_done.clone(),
            Statement::NoneWaits { from, what } => {
                fill(&t.none_waits, &[("side", self.side(*from)), ("what", what.as_str())])
            }
            Statement::SeveralFit { from, segments } => {
                let list: Vec<String> = segments.iter().map(|segment| self.segment(segment)).collect();
                let (n, list) = (segments.len().to_string(), list.join(&t.between_segments));
                fill(&t.several_fit, &[("side", self.side(*from)), ("n", &n), ("list", &list)])
            }
            Statement::InNoCall(side) => self.of_side(&t.in_no_call, *side),
            Statement::NoSuchSocket(name) => fill(&t.no_such_socket, &[("end", &self.socket(name))]),
            Statement::NoSender(side) => self.of_side(&t.no_sender, *side),
            Statement::NoCall => t.no_call.clone(),
            Statement::NotFired(kind) => fill(&t.not_fired, &[("timer", t.timer(*kind))]),
        }
    }

    fn side(&self, side: Side) -> &str {
        self.shared.side(side)
    }

    fn of_side(&self, text: &str, side: Side) -> String {
        fill(text, &[("side", self.side(side))])
    }

    fn of_end(&self, text: &str, end: &End) -> String {
        fill(text, &[("end", &self.end(end))])
    }

    fn call(&self, text: &str, side: Side, call: &str) -> String {
        fill(text, &[("side", self.side(side)), ("call", call)])
    }

    /// An end as the screen speaks of it.
    fn end(&self, end: &End) -> String {
        let name = match end {
            End::Socket(name) => return self.socket(name),
            End::PeerOf(name) => name,
        };
        if let Some(other) = self.sockets.opposite(name) {
            return self.socket(other);
        }
        let Some((role, peer)) = self.sockets.role(name).zip(self.sockets.peer_of(name)) else {
            return fill(&self.texts.opposite_unknown, &[("end", &self.socket(name))]);
        };
        match role.nth {
            None => self.role(peer),
            Some(_) => fill(&self.texts.opposite, &[("side", self.side(peer.side)), ("end", self.role(role).as_str())]),
        }
    }

    fn socket(&self, name: &str) -> String {
        match self.sockets.role(name) {
            Some(role) => self.role(role),
            None => fill(&self.texts.unknown, &[("name", name)]),
        }
    }

    fn role(&self, role: SocketRole) -> String {
        let [one, of_several] = match role.kind {
            SocketKind::Listener => &self.texts.listener,
            SocketKind::Connection => &self.texts.connection,
            SocketKind::Stream => &self.texts.stream,
            SocketKind::Datagram => &self.texts.datagram,
        };
        let text = if role.nth.is_some() { of_several } else { one };
        let n = role.nth.unwrap_or(1).to_string();
        fill(text, &[("side", self.side(role.side)), ("n", &n)])
    }

    fn segment(&self, segment: &SegmentWords) -> String {
        let fields = segment.fields.iter().map(|(name, number)| format!(" {name}={}", number.shown));
        let line = format!("{}{}", segment.head, fields.collect::<String>());
        match &segment.on {
            Some(socket) => fill(&self.texts.of_socket, &[("segment", line), ("end", self.socket(socket))]),
            None => line,
        }
    }

    fn segment_of(&self, text: &str, from: Side, segment: &SegmentWords) -> String {
        fill(text, &[("side", self.side(from)), ("segment", &self.segment(segment))])
    }

    fn listed(&self, end: &End, facts: Vec<String>) -> String {
        let what = facts.join(&self.texts.between);
        fill(&self.texts.several_things, &[("end", &self.end(end)), ("what", &what)])
    }

    fn queues(&self, end: &End, recv: Option<&Number>, send: Option<&Number>) -> String {
        let t = self.texts;
        let kind = match end {
            End::Socket(name) => self.sockets.role(name),
            End::PeerOf(name) => self.sockets.peer_of(name),
        };
        let [to_read, to_send] = match kind.map(|role| role.kind) {
            Some(SocketKind::Listener) => [&t.accept_queue, &t.backlog],
            Some(SocketKind::Datagram) => [&t.next_datagram, &t.send_queue],
            _ => [&t.recv_queue, &t.send_queue],
        };
        let told = |text: &str, number: &Number| fill(text, &[("n", &number.shown)]);
        let recv = recv.map(|number| told(to_read, number));
        self.listed(end, recv.into_iter().chain(send.map(|number| told(to_send, number))).collect())
    }

    fn timer(&self, fact: &TimerFact) -> String {
        let t = self.texts;
        let counted = |count: &Count, exactly: &str, at_least: &str| match count {
            Count::Exactly(n) => fill(exactly, &[("n", n)]),
            Count::AtLeast(n) => fill(at_least, &[("n", n)]),
        };
        match fact {
            TimerFact::Runs(kind) => fill(&t.timer_runs, &[("timer", t.timer(*kind))]),
            TimerFact::NoneRuns => t.no_timer.clone(),
            TimerFact::Fired(count) => counted(count, &t.fired, &t.fired_least),
            TimerFact::Rto(count) => counted(count, &t.rto, &t.rto_least),
            TimerFact::NoRto => t.no_rto.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;
    use crate::i18n::testing::zh;
    use crate::model::{CallName, Errno};
    use crate::tcp::State;

    fn socket(name: &str) -> End {
        End::Socket(name.to_owned())
    }

    fn of(made: Vec<(&str, Side, SocketKind)>) -> Sockets {
        let made = made.into_iter().map(|(name, side, kind)| (name.to_owned(), side, kind));
        Sockets::new(made.collect(), Default::default())
    }

    fn peer(name: &str) -> End {
        End::PeerOf(name.to_owned())
    }

    fn held(from: Side, head: &str, on: Option<&str>, is: SegmentFate) -> Statement {
        let sum = Number { written: "j+1+line".to_owned(), shown: "j+7".to_owned() };
        let fields = vec![("seq".to_owned(), sum)];
        Statement::Segment { from, segment: SegmentWords { head: head.to_owned(), fields, on: on.map(Into::into) }, is }
    }

    /// Every kind of statement, with its notation and its two sentences. There is a listener, and there are three clients.
    fn table() -> Vec<(Statement, [&'static str; 3])> {
        let (server, client, call) = (Side::Server, Side::Client, CallName::Recv);
        let returns = |value: Option<u32>, data: Option<&str>| Statement::Returns {
            side: server,
            call,
            value: value.map(Number::from),
            data: data.map(str::to_owned),
        };
        let seen = |head: &str| SegmentWords { head: head.to_owned(), fields: Vec::new(), on: None };
        let queues = |end, recv: Option<u32>, send: Option<u32>| Statement::Queues {
            end,
            recv: recv.map(Number::from),
            send: send.map(Number::from),
        };
        let timer = |facts: &[TimerFact]| Statement::Timer { end: socket("client-a"), facts: facts.to_vec() };
        vec![
            (
                returns(Some(5), None),
                ["server: recv() returns 5", "the server's recv() returns 5", "服务器的 recv() 返回 5"],
            ),
            (
                returns(None, None),
                ["server: recv() returns", "the server's recv() succeeds", "服务器的 recv() 成功返回"],
            ),
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
                [
                    "server runs in recv()",
                    "the server is in recv() and does not sleep",
                    "服务器正在执行 recv()，没有阻塞",
                ],
            ),
            (
                Statement::NotReturned { side: server, call },
                [
                    "server: recv() has not returned",
                    "the server's recv() has not returned",
                    "服务器的 recv() 还没有返回",
                ],
            ),
            (
                Statement::NotCalled { side: server, call },
                ["server: recv() was not called", "the server has not called recv()", "服务器没有调用过 recv()"],
            ),
            (
                Statement::State { end: socket("listener"), is: State::Listen.into() },
                ["listener is LISTEN", "the server's listening socket is LISTEN", "服务器的监听套接字的状态是 LISTEN"],
            ),
            (
                Statement::State { end: peer("client-b"), is: State::SynRecv.into() },
                [
                    "peer of client-b is SYN_RECV",
                    "the server's end opposite the client's socket no. 2 is SYN_RECV",
                    "客户端的第 2 个套接字对面的服务器一端的状态是 SYN_RECV",
                ],
            ),
            (
                Statement::State { end: peer("nothing"), is: State::Closed.into() },
                [
                    "peer of nothing is CLOSED",
                    "the other end of the socket `nothing` is CLOSED",
                    "套接字 `nothing`的另一端的状态是 CLOSED",
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
                    "客户端的 SYN seq=j+7（客户端的第 1 个套接字） 已送达",
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
        }
    }

    #[test]
    fn each_kind_of_statement_has_its_notation_and_its_sentences() {
        let clients = ["client-a", "client-b", "client-c"].map(|name| (name, Side::Client, SocketKind::Stream));
        let sockets = &of([&[("listener", Side::Server, SocketKind::Listener)], &clients[..]].concat());
        let [en, zh] = [Lang::EN, zh()].map(|lang| Texts::load(lang).unwrap());
        let mut kinds = std::collections::BTreeSet::new();
        for (said, wanted) in table() {
            kinds.insert(kind(&said));
            let found = [said.to_string(), en.statement(&said, sockets), zh.statement(&said, sockets)];
            assert_eq!(found, wanted.map(str::to_owned));
        }
        assert_eq!(kinds.len(), 21);
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
            assert_eq!(found, [format!("{en} is CLOSED"), format!("{zh}的状态是 CLOSED")]);
        }
    }
}
