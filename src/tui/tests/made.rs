//! A walk whose trace was made by hand: the handshake, the echo and the close as the kernel does them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::i18n::testing::both;
use crate::lesson::{Ask, ConnectionEnd, Lesson, Measure, Step};
use crate::model::*;
use crate::tcp::{Flags, Packet, State};
use crate::walk::{Phase, Runner, Walk, WalkOptions, WireAbility};

pub(super) const J: u32 = 2_839_402_113;
pub(super) const K: u32 = 1_094_837_261;

pub(in crate::tui) struct Made {
    pub(super) lesson: Lesson,
    pub(in crate::tui) trace: Trace,
    pub(super) phase: Phase,
    pub(super) options: WalkOptions,
    pub(super) at: Duration,
    sent: u32,
}

pub(in crate::tui) fn server() -> SocketAddr {
    "127.0.0.1:8000".parse().unwrap()
}

pub(in crate::tui) fn client() -> SocketAddr {
    "127.0.0.1:40612".parse().unwrap()
}

pub(super) fn segment(from: SocketAddr, flags: &str, seq: u32, ack: u32, data: &[u8]) -> Packet {
    let to = if from == server() { client() } else { server() };
    let flags = Flags::from_names(flags.split(',')).unwrap();
    let mut tcp = etherparse::TcpHeader::new(from.port(), to.port(), seq, 65_495);
    tcp.acknowledgment_number = ack;
    tcp.syn = flags.has(Flags::SYN);
    tcp.fin = flags.has(Flags::FIN);
    tcp.rst = flags.has(Flags::RST);
    tcp.ack = flags.has(Flags::ACK);
    tcp.psh = flags.names().any(|name| name == "PSH");
    if tcp.syn {
        use etherparse::TcpOptionElement::*;
        let options =
            [MaximumSegmentSize(1460), SelectiveAcknowledgementPermitted, Timestamp(7, 0), Noop, WindowScale(7)];
        tcp.set_options(&options).unwrap();
    }
    let builder = etherparse::PacketBuilder::ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64).tcp_header(tcp);
    // The loopback's frame header: no addresses, and the type of IPv4.
    let mut frame = [&[0; 12][..], &[8, 0]].concat();
    builder.write(&mut frame, data).unwrap();
    Packet::from_frame(&frame).unwrap()
}

/// A datagram of the client.
pub(super) fn datagram(data: &[u8]) -> Packet {
    let mut frame = [&[0; 12][..], &[8, 0]].concat();
    let builder = etherparse::PacketBuilder::ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64);
    builder.udp(client().port(), server().port()).write(&mut frame, data).unwrap();
    Packet::from_frame(&frame).unwrap()
}

fn step(id: &str, title: (&str, &str), say: (&str, &str), ask: Option<Ask>) -> Step {
    Step {
        id: id.into(),
        line: 1,
        modes: vec![Mode::Lab, Mode::Host],
        title: both(title.0, title.1),
        say: both(say.0, say.1),
        ask,
        action: None,
        expect: Vec::new(),
        waits_for: None,
        worker: 0,
        process: 1,
        set_up: false,
        times: 1,
        show: None,
    }
}

fn lesson() -> Lesson {
    let ask = Ask {
        question: both(
            "When the SYN,ACK arrives, in which state will the client be?",
            "SYN,ACK 到达之后，客户端会处于什么状态？",
        ),
        measure: Measure::State(client_end()),
        choices: vec!["SYN_RECV".into(), "ESTABLISHED".into(), "SYN_SENT".into()],
        labels: Vec::new(),
    };
    let syn = (
        "The kernel made a request socket for the half-open connection: it has no descriptor yet, and its state is \
         SYN_RECV. It answered with `SYN,ACK`: its own first number k, and ack=j+1, which says that j has arrived.\n\n\
         The answer waits on the wire, so the client knows nothing of it: it is still SYN_SENT, and `connect()` still \
         blocks. Had the listener not been there, the kernel would have answered with RST instead.",
        "内核为这个半开连接建立了一个请求套接字：它还没有描述符，状态是 SYN_RECV。内核以 `SYN,ACK` 作答：\
         自己的初始序号 k，以及 ack=j+1，表示 j 已经到达。\n\n这个应答还在线路上等待，所以客户端对此一无所知：\
         它仍处于 SYN_SENT，`connect()` 仍然阻塞。假如没有监听套接字，内核就会回复 RST。",
    );
    let steps = vec![
        step("socket", ("The server asks for a socket", "服务器申请套接字"), ("A socket.", "一个套接字。"), None),
        step("bind", ("The server binds its address", "服务器绑定地址"), ("Bound.", "已绑定。"), None),
        step("listen", ("The server listens", "服务器开始监听"), ("Listening.", "正在监听。"), None),
        step(
            "accept",
            ("The server waits in accept()", "服务器在 accept() 中等待"),
            ("It blocks.", "它阻塞了。"),
            None,
        ),
        step("connect", ("The client connects", "客户端发起连接"), ("A SYN waits.", "SYN 在等待。"), None),
        step("syn", ("The SYN arrives", "SYN 到达"), syn, None),
        step(
            "synack",
            ("The SYN,ACK arrives", "SYN,ACK 到达"),
            ("`connect()` returns.", "`connect()` 返回。"),
            Some(ask),
        ),
        step("ack", ("The ACK arrives", "ACK 到达"), ("Both are open.", "双方都已打开。"), None),
        step("send", ("The client sends a line", "客户端发送一行"), ("It waits.", "它在等待。"), None),
        step("close", ("The client closes", "客户端关闭"), ("A FIN.", "一个 FIN。"), None),
    ];
    Lesson {
        file: "handshake.toml".into(),
        source: None,
        id: "handshake".into(),
        title: both("The three-way handshake", "三次握手"),
        goal: both(
            "You will see why three segments are needed, and what each call waits for.",
            "你将看到为什么需要三个报文段，以及每个调用在等待什么。",
        ),
        misbelief: None,
        recap: both("Three segments; two states each.", "三个报文段；各经过两个状态。"),
        server: server(),
        modes: vec![Mode::Lab, Mode::Host],
        needs: Vec::new(),
        programs: Vec::new(),
        lab: LabSettings::default(),
        steps,
        sockets: crate::lesson::builtin("handshake").unwrap().unwrap().sockets,
    }
}

/// The client's end.
pub(super) fn client_end() -> ConnectionEnd {
    ConnectionEnd::Socket("client".into())
}

impl Made {
    /// A walk that hasn't begun.
    pub(super) fn new() -> Made {
        let options = WalkOptions {
            mode: Mode::Lab,
            wire: WireAbility::Holds,
            patience: Duration::from_secs(2),
            port: None,
            timers: true,
        };
        Made { lesson: lesson(), trace: Trace::default(), phase: Phase::Ready, options, at: Duration::ZERO, sent: 0 }
    }

    /// The walk that has come so far.
    pub(super) fn walk(self) -> Walk {
        Runner::from_trace(Arc::new(self.lesson), self.options, self.trace, self.phase).into()
    }

    /// The time after all of it: a little later than the newest entry.
    pub(super) fn clock(&self) -> Duration {
        self.at + Duration::from_millis(600)
    }

    pub(in crate::tui) fn push(&mut self, event: Event) {
        self.at += Duration::from_millis(37);
        self.trace.push(self.at, event);
    }

    fn pause(&mut self, seconds: u64) {
        self.at += Duration::from_secs(seconds);
    }

    fn call(&mut self, side: Side, call: Call, outcome: Outcome) {
        self.push(Event::Entered { caller: side.into(), call });
        self.push(Event::Returned { caller: side.into(), outcome });
    }

    pub(super) fn send(&mut self, segment: Packet) -> SegmentId {
        let id = SegmentId(self.sent);
        self.sent += 1;
        self.push(Event::Sent { id, segment, again: None });
        self.push(Event::Held(id));
        id
    }

    pub(super) fn socket(
        &mut self,
        cookie: u64,
        fd: Option<i32>,
        state: State,
        timer: Option<Timer>,
        queues: (u32, u32),
    ) {
        let of_client = cookie == 2;
        let (local, remote) = match (of_client, state) {
            (_, State::Closed) => (None, None),
            (true, _) => (Some(client()), Some(server())),
            (false, State::Listen) => (Some(server()), None),
            (false, _) => (Some(server()), Some(client())),
        };
        let side = Some(if of_client { Side::Client } else { Side::Server });
        let info = TcpInfo {
            rto: Some(Duration::from_millis(204)),
            snd_cwnd: Some(10),
            snd_mss: Some(1448),
            ..TcpInfo::default()
        };
        let info = (!matches!(state, State::SynRecv | State::TimeWait)).then_some(info);
        self.push(Event::Socket(SocketFacts {
            cookie,
            side,
            nth: 1,
            program: None,
            fd,
            local,
            remote,
            state: state.into(),
            source: Source::SockDiag,
            timer,
            recv_queue: queues.0,
            also: Vec::new(),
            elsewhere: Vec::new(),
            counts_memory: false,
            send_queue: queues.1,
            info,
        }));
    }

    pub(super) fn claim(&mut self, step: usize, end: ConnectionEnd, is: State, held: bool) {
        let actual = if held { is } else { State::SynSent };
        let [what, actual] = [is, actual].map(|is| Statement::State { end: end.clone(), is: is.into() });
        self.push(Event::Claim(Box::new(ClaimResult { step, what, held, actual, line: 12 })));
    }

    fn timer(&self, kind: TimerKind, seconds: u64, fired: u8) -> Option<Timer> {
        Some(Timer { kind, fires_at: self.at + Duration::from_secs(seconds) + Duration::from_millis(410), fired })
    }

    /// Up to the SYN that waits: the server sleeps in accept(), the client in connect().
    pub(super) fn to_syn_sent() -> Made {
        let mut made = Made::new();
        made.push(Event::Step(0));
        made.call(
            Side::Server,
            Call::Socket { ipv6: false, udp: false },
            Ok(Returned { value: 4, ..Default::default() }),
        );
        made.socket(1, Some(4), State::Closed, None, (0, 0));
        made.pause(2);
        made.push(Event::Step(1));
        made.call(Side::Server, Call::Bind { fd: 4, addr: server() }, Ok(Returned::default()));
        made.push(Event::Step(2));
        made.call(Side::Server, Call::Listen { fd: 4, backlog: 8 }, Ok(Returned::default()));
        made.socket(1, Some(4), State::Listen, None, (0, 8));
        made.push(Event::Step(3));
        made.push(Event::Entered { caller: Side::Server.into(), call: Call::Accept { fd: 4 } });
        made.push(Event::Blocked { caller: Side::Server.into() });
        made.pause(5);
        made.push(Event::Step(4));
        made.call(
            Side::Client,
            Call::Socket { ipv6: false, udp: false },
            Ok(Returned { value: 5, ..Default::default() }),
        );
        made.push(Event::Entered { caller: Side::Client.into(), call: Call::Connect { fd: 5, addr: server() } });
        made.send(segment(client(), "SYN", J, 0, b""));
        let timer = made.timer(TimerKind::Retransmit, 1, 0);
        made.socket(2, Some(5), State::SynSent, timer, (0, 1));
        made.push(Event::Blocked { caller: Side::Client.into() });
        made.claim(4, client_end(), State::SynSent, true);
        made
    }

    /// The SYN has arrived, the SYN,ACK waits, and the question is open.
    pub(super) fn to_syn_recv() -> Made {
        let mut made = Made::to_syn_sent();
        made.pause(3);
        let again = segment(client(), "SYN", J, 0, b"");
        made.push(Event::Retransmitted { id: SegmentId(0), segment: again });
        made.push(Event::Step(5));
        made.push(Event::Delivered(SegmentId(0)));
        made.send(segment(server(), "SYN,ACK", K, J + 1, b""));
        let timer = made.timer(TimerKind::Retransmit, 1, 0);
        made.socket(3, None, State::SynRecv, timer, (0, 0));
        let timer = made.timer(TimerKind::Retransmit, 2, 2);
        made.socket(2, Some(5), State::SynSent, timer, (0, 1));
        made.claim(5, ConnectionEnd::PeerOf("client".into()), State::SynRecv, true);
        made.claim(5, client_end(), State::SynSent, true);
        made.phase = Phase::Asking;
        made
    }

    /// The client is open; the server's half waits for the ACK.
    pub(super) fn to_half_open() -> Made {
        let mut made = Made::to_syn_recv();
        made.pause(4);
        made.push(Event::Step(6));
        made.push(Event::Delivered(SegmentId(1)));
        made.send(segment(client(), "ACK", J + 1, K + 1, b""));
        made.push(Event::Returned { caller: Side::Client.into(), outcome: Ok(Returned::default()) });
        made.socket(2, Some(5), State::Established, None, (0, 0));
        made.push(Event::Answer(AnsweredQuestion {
            step: 6,
            chosen: Some(0),
            right: Some(1),
            actual: "ESTABLISHED".into(),
        }));
        made.claim(6, client_end(), State::Established, true);
        made.phase = Phase::Ready;
        made
    }

    /// Both are open, and a line is sent.
    pub(super) fn to_sent() -> Made {
        let mut made = Made::to_half_open();
        made.push(Event::Step(7));
        made.push(Event::Delivered(SegmentId(2)));
        let peer = Some(client());
        made.push(Event::Returned {
            caller: Side::Server.into(),
            outcome: Ok(Returned { value: 6, data: Vec::new(), peer, ..Returned::default() }),
        });
        made.socket(3, Some(6), State::Established, None, (0, 0));
        made.pause(1);
        made.push(Event::Step(8));
        let data = b"hello\x1b[2J\n".to_vec();
        let sent = Ok(Returned { value: data.len() as i64, ..Default::default() });
        made.call(Side::Client, Call::send(5, data.clone()), sent);
        made.send(segment(client(), "PSH,ACK", J + 1, K + 1, &data));
        let timer = made.timer(TimerKind::Retransmit, 1, 0);
        made.socket(2, Some(5), State::Established, timer, (0, 10));
        made
    }

    /// The whole way to TIME_WAIT, with one segment dropped and one call failed.
    pub(in crate::tui) fn to_time_wait() -> Made {
        let mut made = Made::to_sent();
        made.push(Event::Delivered(SegmentId(3)));
        made.socket(3, Some(6), State::Established, None, (10, 0));
        let got = Ok(Returned { value: 10, data: b"hello\x1b[2J\n".to_vec(), peer: None, ..Returned::default() });
        made.call(Side::Server, Call::recv(6, 1024), got);
        made.call(Side::Server, Call::send(7, b"?".to_vec()), Err(Errno::from_name("EBADF").unwrap()));
        made.push(Event::Step(9));
        made.call(Side::Client, Call::Close { fd: 5 }, Ok(Returned::default()));
        let fin = made.send(segment(client(), "FIN,ACK", J + 11, K + 1, b""));
        made.socket(2, None, State::FinWait1, None, (0, 1));
        made.push(Event::Delivered(fin));
        made.socket(3, Some(6), State::CloseWait, None, (1, 0));
        let ack = made.send(segment(server(), "ACK", K + 1, J + 12, b""));
        made.push(Event::Dropped(ack));
        let fin = made.send(segment(server(), "FIN,ACK", K + 1, J + 12, b""));
        made.push(Event::Delivered(fin));
        let timer = made.timer(TimerKind::TimeWait, 58, 0);
        made.socket(2, None, State::TimeWait, timer, (0, 0));
        made.push(Event::Gone { cookie: 3, source: Source::SockDiag });
        made.phase = Phase::Finished;
        made
    }
}
