//! A trace made by hand, as long as wanted: clients that come one after the other to one listener, each with
//! handshake, three echoed lines of which one is lost once, and close, as the kernel does them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sockwalk::i18n::Lang;
use sockwalk::lesson::{Lesson, builtin};
use sockwalk::model::*;
use sockwalk::tcp::{Packet, State};
use sockwalk::walk::{Phase, Runner, Walk, WalkOptions, WireAbility};

/// A lesson's walk with a long past, as it is made.
pub struct Long {
    lesson: Lesson,
    options: WalkOptions,
    trace: Trace,
    at: Duration,
    step: usize,
    sent: u32,
    client: SocketAddr,
}

/// The server's descriptors and name for its listening socket; the client's descriptor.
const LISTENER: (i32, u64) = (4, 1);
const PEER_FD: i32 = 6;
const CLIENT_FD: i32 = 5;

impl Long {
    /// A trace of at least so many entries, which ends within a connection where a line waits on the wire.
    pub fn new(entries: usize) -> Result<Long, String> {
        let lesson = builtin("handshake").ok_or("there is no such lesson")?;
        let lesson = lesson.map_err(|error| error.render(Lang::EN, false))?;
        let options = WalkOptions {
            mode: Mode::Lab,
            wire: WireAbility::Holds,
            patience: Duration::from_secs(3),
            port: None,
            timers: false,
        };
        let client = SocketAddr::from(([127, 0, 0, 1], 40_000));
        let (trace, at) = (Trace::default(), Duration::ZERO);
        let mut long = Long { lesson, options, trace, at, step: 0, sent: 0, client };
        long.listen();
        let mut number = 0;
        while long.trace.now() < entries {
            if number > 0 {
                long.close(number);
            }
            number += 1;
            long.connect(number);
        }
        long.send_line(number, Side::Client);
        Ok(long)
    }

    /// The walk that has come so far.
    pub fn walk(self) -> Walk {
        Runner::from_trace(Arc::new(self.lesson), self.options, self.trace, Phase::Ready).into()
    }

    /// The time after all of it.
    pub fn clock(&self) -> Duration {
        self.at + Duration::from_millis(300)
    }

    fn push(&mut self, event: Event) {
        self.at += Duration::from_millis(41);
        self.trace.push(self.at, event);
    }

    fn begin_step(&mut self) {
        self.push(Event::Step(self.step));
        self.step = (self.step + 1) % self.lesson.steps.len();
    }

    fn claim(&mut self, end: ConnectionEnd, is: State) {
        self.claim_that(Statement::State { end, is: is.into() });
    }

    fn claim_queues(&mut self, name: &str, recv: Option<u32>, send: Option<u32>) {
        let end = ConnectionEnd::Socket(name.to_owned());
        self.claim_that(Statement::Queues {
            end,
            recv: recv.map(ClaimNumber::from),
            send: send.map(ClaimNumber::from),
        });
    }

    fn claim_that(&mut self, what: Statement) {
        let step = self.trace.present().step().map_or(0, |(step, _)| step);
        let actual = what.clone();
        self.push(Event::Claim(Box::new(ClaimResult { step, what, held: true, actual, line: 12 })));
    }

    fn enter(&mut self, side: Side, call: Call) {
        self.push(Event::Entered { caller: side.into(), call });
    }

    fn returned(&mut self, side: Side, value: i64, data: &[u8]) {
        let returned = Returned { value, data: data.to_vec(), peer: None, ..Returned::default() };
        self.push(Event::Returned { caller: side.into(), outcome: Ok(returned) });
    }

    fn call(&mut self, side: Side, call: Call, value: i64) {
        self.enter(side, call);
        self.returned(side, value, b"");
    }

    fn addr(&self, side: Side) -> SocketAddr {
        if side == Side::Server { self.lesson.server } else { self.client }
    }

    fn send(&mut self, from: Side, flags: &str, data: &[u8]) -> SegmentId {
        let id = SegmentId(self.sent);
        self.sent += 1;
        let segment = segment(self.addr(from), self.addr(from.other()), flags, data, self.sent);
        self.push(Event::Sent { id, segment, again: None });
        self.push(Event::Held(id));
        id
    }

    fn deliver(&mut self, id: SegmentId) {
        self.begin_step();
        self.push(Event::Delivered(id));
    }

    fn socket(&mut self, cookie: u64, side: Side, fd: Option<i32>, state: State, queues: (u32, u32)) {
        let connected = !matches!(state, State::Listen | State::Closed);
        let waits = matches!(state, State::SynSent | State::SynRecv) || connected && queues.1 > 0;
        let fires_at = self.at + Duration::from_secs(1);
        let info = TcpInfo { rto: Some(Duration::from_millis(201)), snd_cwnd: Some(10), ..TcpInfo::default() };
        self.push(Event::Socket(SocketFacts {
            cookie,
            program: None,
            side: Some(side),
            nth: 1,
            fd,
            local: (state != State::Closed).then(|| self.addr(side)),
            remote: connected.then(|| self.addr(side.other())),
            state: state.into(),
            source: Source::SockDiag,
            timer: waits.then_some(Timer { kind: TimerKind::Retransmit, fires_at, fired: 0 }),
            recv_queue: queues.0,
            also: Vec::new(),
            elsewhere: Vec::new(),
            counts_memory: false,
            send_queue: queues.1,
            info: (state != State::SynRecv).then_some(info),
        }));
    }

    fn listen(&mut self) {
        let (fd, cookie) = LISTENER;
        self.begin_step();
        self.call(Side::Server, Call::Socket { ipv6: false, udp: false }, fd.into());
        self.socket(cookie, Side::Server, Some(fd), State::Closed, (0, 0));
        self.begin_step();
        self.call(Side::Server, Call::Bind { fd, addr: self.lesson.server }, 0);
        self.begin_step();
        self.call(Side::Server, Call::Listen { fd, backlog: 8 }, 0);
        self.socket(cookie, Side::Server, Some(fd), State::Listen, (0, 8));
        self.claim(ConnectionEnd::Socket("server".into()), State::Listen);
    }

    /// The kernel's names for the client's socket and for its peer.
    fn cookies(number: u64) -> (u64, u64) {
        (2 * number, 2 * number + 1)
    }

    fn connect(&mut self, number: u64) {
        let (client, peer) = Long::cookies(number);
        self.client.set_port(32_768 + (number % 28_000) as u16);
        self.begin_step();
        self.enter(Side::Server, Call::Accept { fd: LISTENER.0 });
        self.push(Event::Blocked { caller: Side::Server.into() });
        self.begin_step();
        self.call(Side::Client, Call::Socket { ipv6: false, udp: false }, CLIENT_FD.into());
        self.socket(client, Side::Client, Some(CLIENT_FD), State::Closed, (0, 0));
        self.begin_step();
        self.enter(Side::Client, Call::Connect { fd: CLIENT_FD, addr: self.lesson.server });
        let syn = self.send(Side::Client, "SYN", b"");
        self.push(Event::Blocked { caller: Side::Client.into() });
        self.socket(client, Side::Client, Some(CLIENT_FD), State::SynSent, (0, 1));
        self.claim(ConnectionEnd::Socket("client".into()), State::SynSent);
        let again = segment(self.client, self.lesson.server, "SYN", b"", self.sent);
        self.push(Event::Retransmitted { id: syn, segment: again });
        self.deliver(syn);
        let syn_ack = self.send(Side::Server, "SYN,ACK", b"");
        self.socket(peer, Side::Server, None, State::SynRecv, (0, 0));
        self.claim(ConnectionEnd::PeerOf("client".into()), State::SynRecv);
        self.deliver(syn_ack);
        let ack = self.send(Side::Client, "ACK", b"");
        self.returned(Side::Client, 0, b"");
        self.socket(client, Side::Client, Some(CLIENT_FD), State::Established, (0, 0));
        self.claim(ConnectionEnd::Socket("client".into()), State::Established);
        self.deliver(ack);
        self.returned(Side::Server, PEER_FD.into(), b"");
        self.socket(peer, Side::Server, Some(PEER_FD), State::Established, (0, 0));
        self.claim(ConnectionEnd::PeerOf("client".into()), State::Established);
    }

    fn send_line(&mut self, number: u64, from: Side) -> SegmentId {
        let (client, peer) = Long::cookies(number);
        let (cookie, fd) = if from == Side::Client { (client, CLIENT_FD) } else { (peer, PEER_FD) };
        self.begin_step();
        self.call(from, Call::send(fd, b"hello\n".to_vec()), 6);
        let id = self.send(from, "PSH,ACK", b"hello\n");
        self.socket(cookie, from, Some(fd), State::Established, (0, 6));
        self.claim_queues("sender", None, Some(6));
        id
    }

    /// A line goes from one side to the other, and its acknowledgement back.
    fn line(&mut self, number: u64, from: Side, lost: bool) {
        let (client, peer) = Long::cookies(number);
        let ends = [(peer, PEER_FD), (client, CLIENT_FD)];
        let ((sender, sender_fd), (receiver, fd)) = (ends[from as usize], ends[from.other() as usize]);
        let mut id = self.send_line(number, from);
        if lost {
            self.begin_step();
            self.push(Event::Dropped(id));
            id = self.send(from, "PSH,ACK", b"hello\n");
        }
        self.deliver(id);
        let ack = self.send(from.other(), "ACK", b"");
        self.socket(receiver, from.other(), Some(fd), State::Established, (6, 0));
        self.claim_queues("receiver", Some(6), None);
        self.begin_step();
        self.enter(from.other(), Call::recv(fd, 1024));
        self.returned(from.other(), 6, b"hello\n");
        self.socket(receiver, from.other(), Some(fd), State::Established, (0, 0));
        self.deliver(ack);
        self.socket(sender, from, Some(sender_fd), State::Established, (0, 0));
    }

    fn close(&mut self, number: u64) {
        let (client, peer) = Long::cookies(number);
        for lost in [false, true, false] {
            self.line(number, Side::Client, lost);
            self.line(number, Side::Server, false);
        }
        self.begin_step();
        self.call(Side::Client, Call::Close { fd: CLIENT_FD }, 0);
        let fin = self.send(Side::Client, "FIN,ACK", b"");
        self.socket(client, Side::Client, None, State::FinWait1, (0, 1));
        self.deliver(fin);
        let ack = self.send(Side::Server, "ACK", b"");
        self.socket(peer, Side::Server, Some(PEER_FD), State::CloseWait, (1, 0));
        self.deliver(ack);
        self.socket(client, Side::Client, None, State::FinWait2, (0, 0));
        self.begin_step();
        self.call(Side::Server, Call::Close { fd: PEER_FD }, 0);
        let fin = self.send(Side::Server, "FIN,ACK", b"");
        self.socket(peer, Side::Server, None, State::LastAck, (0, 1));
        self.deliver(fin);
        let ack = self.send(Side::Client, "ACK", b"");
        self.socket(client, Side::Client, None, State::TimeWait, (0, 0));
        self.deliver(ack);
        self.push(Event::Gone { cookie: peer, source: Source::SockDiag });
        self.claim(ConnectionEnd::PeerOf("client".into()), State::Closed);
        self.begin_step();
        self.push(Event::Gone { cookie: client, source: Source::SockDiag });
    }
}

fn segment(from: SocketAddr, to: SocketAddr, flags: &str, data: &[u8], number: u32) -> Packet {
    let mut tcp = etherparse::TcpHeader::new(from.port(), to.port(), number.wrapping_mul(64_000), 65_495);
    let has = |name| flags.split(',').any(|flag| flag == name);
    (tcp.syn, tcp.ack, tcp.psh, tcp.fin) = (has("SYN"), has("ACK"), has("PSH"), has("FIN"));
    let builder = etherparse::PacketBuilder::ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64).tcp_header(tcp);
    let mut packet = Vec::new();
    builder.write(&mut packet, data).expect("a vector takes everything");
    Packet::parse(&packet).expect("it was just written")
}
