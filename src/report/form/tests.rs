//! Everything that can stand in a file, as it stands there: `every.jsonl` is only ever added to.

mod asks;
mod ends;

use std::net::SocketAddr;
use std::time::Duration;

use super::{Read, WrittenEvent};
use crate::model::rule::{RuleChange, RuleInForce, TypedRule, WireRules};
use crate::model::testing::socket;
use crate::model::{
    Actor, AnsweredQuestion, Call, CallName, CallSite, Caller, ChangedSetting, ClaimNumber, ClaimResult,
    CongestionState, Connection, ConnectionEnd, Count, CounterMove, Errno, Event, ForwardingRules, HandAction,
    HeldCalls, How, InfoFact, InfoField, InfoOptions, Member, MessageFlags, PollEvents, PolledDescriptor,
    ProcessSocket, ProgramCall, ProgramCallState, ProgramDescriptor, ProgramExit, Returned, Role, SegmentFate,
    SegmentFilter, SegmentId, SegmentWords, Side, SiteLacks, SocketOption, SocketState, Source, StackFrame, Statement,
    TcpInfo, Timer, TimerFact, TimerKind,
};
use crate::tcp::{Packet, State};

use Side::{Client, Server};

mod older;

const EVERY: &str = include_str!("every.jsonl");

fn address(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}

fn of_causes() -> Vec<Event> {
    vec![Event::Causes { id: SegmentId(7), moved: vec![CounterMove { name: "TCPTimeouts".into(), by: 1 }] }]
}

fn of_one_caller() -> Vec<Event> {
    let said = || Box::new(Statement::InNoCall(Server));
    let claim = |what| ClaimResult { step: 3, what, held: true, actual: Statement::NoCall, line: 9 };
    let of = [Statement::OfThread { thread: 2, said: said() }, Statement::OfProcess { process: 3, said: said() }];
    of.into_iter().map(|what| Event::Claim(Box::new(claim(what)))).collect()
}

fn of_settings() -> Vec<Event> {
    vec![Event::ByHand(HandAction::Sysctl), setting(Ok("0".to_owned())), setting(Err(Errno(22)))]
}

fn setting(now: Result<String, Errno>) -> Event {
    let (name, before) = ("net.ipv4.tcp_sack".to_owned(), Some("1".to_owned()));
    Event::Sysctl(Box::new(ChangedSetting { name, before, now }))
}

fn calls() -> Vec<Call> {
    let (fd, addr, data) = (3, address(8000), vec![0, 104, 255]);
    let option = |level, number| Call::SetOption { fd, option: SocketOption { level, number }, value: -1 };
    let mut calls = vec![
        Call::Socket { ipv6: true, udp: false },
        Call::Socket { ipv6: false, udp: true },
        Call::Bind { fd, addr: "[::1]:8000".parse().unwrap() },
        Call::Listen { fd, backlog: -1 },
        Call::Accept { fd },
        Call::Connect { fd, addr },
        Call::send(fd, data.clone()),
        Call::recv(fd, 64),
        Call::send_to(fd, data, addr),
        Call::recv_from(fd, 64),
        Call::Close { fd },
        Call::SetNonblocking { fd, on: true },
        option(libc::SOL_SOCKET, libc::SO_LINGER),
        option(libc::IPPROTO_TCP, 9999),
        option(-7, 1),
    ];
    calls.extend([How::Read, How::Write, How::Both].map(|how| Call::Shutdown { fd, how }));
    calls
}

fn of_threads() -> Vec<Event> {
    let second = Caller { actor: Actor { side: Client, nth: 2 }, worker: 7 };
    let mut events: Vec<Event> =
        calls().into_iter().map(|call| Event::Entered { caller: Server.into(), call }).collect();
    let returned = Returned { value: -1, data: vec![1, 171], peer: Some(address(9)), ..Returned::default() };
    events.extend([
        Event::Entered { caller: second, call: Call::Accept { fd: 3 } },
        Event::Blocked { caller: second },
        Event::Blocked { caller: Client.into() },
        Event::Returned { caller: second, outcome: Ok(returned) },
        Event::Returned { caller: Server.into(), outcome: Ok(Returned::default()) },
        Event::Returned { caller: Server.into(), outcome: Err(Errno(libc::EPIPE)) },
    ]);
    events
}

fn of_segments() -> Vec<Event> {
    let (id, other) = (SegmentId(1), SegmentId(0));
    let segment = crate::tcp::testing::segment(address(1), address(2), 7, 9, &["PSH", "ACK"], b"hi");
    let datagram = crate::tcp::testing::datagram_packet(address(1), address(2), b"hi");
    let frame = [&[0; 12][..], &[8, 0], &datagram].concat();
    let framed = Packet::from_frame(&frame).unwrap();
    vec![
        Event::Sent { id: other, segment: segment.clone(), again: None },
        Event::Sent { id, segment: framed, again: Some(other) },
        Event::Repeated { id, of: other, segment: segment.clone() },
        Event::Edited { id, of: other, segment: segment.clone() },
        Event::Forged { id, segment: segment.clone() },
        Event::Held(id),
        Event::Delivered(id),
        Event::Reasons { id, moved: vec![CounterMove { name: "PAWSEstab".into(), by: 1 }] },
        Event::Reasons { id, moved: Vec::new() },
        Event::Dropped(id),
        Event::Undeliverable { id, errno: Errno(libc::ENETUNREACH) },
        Event::Retransmitted { id, segment },
        Event::Unkept { segments: 1, bytes: 2, lost: 3, refused: 4, ruled: 0 },
        Event::ByHand(HandAction::Deliver(id)),
        Event::ByHand(HandAction::Drop(id)),
        Event::ByHand(HandAction::Repeat(id)),
        Event::ByHand(HandAction::Edit(id)),
        Event::ByHand(HandAction::Forge),
        Event::ByHand(HandAction::Interrupt(Client)),
        Event::ByHand(HandAction::Call(Server)),
    ]
}

fn of_sockets() -> Vec<Event> {
    let mut full = socket(u64::MAX, Client, Some(4), State::Established, (Some(address(1)), Some(address(2))));
    full.nth = 3;
    full.program = Some("nc".into());
    full.counts_memory = true;
    let ms = Duration::from_millis;
    full.info = Some(TcpInfo {
        rto: Some(ms(204)),
        rtt: Some(Duration::from_nanos(149_001)),
        snd_cwnd: Some(10),
        snd_mss: Some(1448),
        unacked: Some(1),
        total_retrans: Some(0),
        ..TcpInfo::default()
    });
    let none =
        crate::model::SocketFacts { side: None, info: None, ..socket(1, Server, None, State::Closed, (None, None)) };
    let states = State::ALL.map(SocketState::Tcp).into_iter().chain(SocketState::UDP);
    let with_state = |state| Event::Socket(crate::model::SocketFacts { state, ..none.clone() });
    let mut events: Vec<Event> = states.map(with_state).collect();
    for kind in [TimerKind::Retransmit, TimerKind::Keepalive, TimerKind::TimeWait, TimerKind::Probe] {
        full.timer = Some(Timer { kind, fires_at: ms(1_234), fired: 255 });
        events.push(Event::Socket(full.clone()));
    }
    let sources = [Source::Call, Source::SockDiag, Source::TcpInfo, Source::PeerName, Source::Wire, Source::Concluded];
    events.extend(sources.map(|source| Event::Gone { cookie: 9, source }));
    events
}

fn of_the_lab() -> Vec<Event> {
    let second = Actor { side: Client, nth: 2 };
    let roles = [Role::Drives(vec![Server, Client]), Role::Watches, Role::Runs("curl \"x\"".into())];
    let mut events: Vec<Event> =
        roles.map(|role| Event::Joined(Member { number: 1, pid: 77, nth: 1, role })).into_iter().collect();
    let which = [
        SegmentFilter::Of(Connection::new(address(2), address(1))),
        SegmentFilter::To(second),
        SegmentFilter::To(Server.into()),
        SegmentFilter::All,
    ];
    let rules = which.map(|which| (which, Duration::from_micros(1_500_000))).to_vec();
    events.extend([
        Event::Left(Member { number: 2, pid: 78, nth: 2, role: Role::Drives(vec![Client]) }),
        Event::Passing(ForwardingRules::default()),
        Event::Passing(ForwardingRules { rules }),
    ]);
    events
}

fn statements() -> Vec<Statement> {
    let number = |number: u32| Some(ClaimNumber { written: format!("line+{number}"), shown: format!("j+{number}") });
    let (end, peer) = (ConnectionEnd::Socket("conn".into()), ConnectionEnd::PeerOf("conn".into()));
    let fields = vec![("seq".to_owned(), ClaimNumber::from(5))];
    let segment = SegmentWords { head: "SYN".into(), fields, on: Some("conn".into()) };
    let bare = SegmentWords { head: "SYN".into(), fields: Vec::new(), on: None };
    let (side, from, call) = (Server, Client, CallName::Recv);
    let facts = vec![
        TimerFact::Runs(TimerKind::Probe),
        TimerFact::NoneRuns,
        TimerFact::Fired(Count::Exactly(3)),
        TimerFact::Rto(Count::AtLeast(200)),
        TimerFact::NoRto,
    ];
    let mut statements = vec![
        Statement::Returns { side, call, value: number(1), data: Some("hi".into()) },
        Statement::Returns { side, call, value: None, data: None },
        Statement::Fails { side, call, errno: Errno(libc::EAGAIN) },
        Statement::Runs { side, call },
        Statement::NotReturned { side, call },
        Statement::NotCalled { side, call },
        Statement::State { end: end.clone(), is: SocketState::Connected },
        Statement::State { end: peer.clone(), is: State::TimeWait.into() },
        Statement::NoSocket(peer.clone()),
        Statement::NeverSent { from, segment: segment.clone() },
        Statement::Waiting { from: Some(from), count: 2, segments: vec![(from, segment.clone())] },
        Statement::LastSent { from, segment: segment.clone() },
        Statement::SentNothing { from, on: None },
        Statement::SentNothing { from, on: Some("conn".into()) },
        Statement::Queues { end: end.clone(), recv: number(2), send: None },
        Statement::Timer { end, facts },
        Statement::NotSet { name: "net.ipv4.tcp_sack".into(), errno: Errno(22) },
        Statement::Counted(vec!["PAWSEstab".into()]),
        Statement::CountersUnread,
        Statement::StepCanBeDone,
        Statement::NoneWaits { from, what: "FIN".into() },
        Statement::SeveralFit { from, segments: vec![segment.clone(), bare] },
        Statement::InNoCall(side),
        Statement::NoSuchSocket("conn".into()),
        Statement::NotMade("k is not known".into()),
        Statement::NoSender(side),
        Statement::NoCall,
        Statement::NotFired(TimerKind::Keepalive),
    ];
    let fates = [SegmentFate::Held, SegmentFate::Delivered, SegmentFate::Dropped];
    statements.extend(fates.map(|is| Statement::Segment { from, segment: segment.clone(), is }));
    statements.extend({ CallName::ALL }.into_iter().take(13).map(|call| Statement::Sleeps { side, call }));
    statements
}

fn of_lessons() -> Vec<Event> {
    let claim = |what: Statement| {
        let claim = ClaimResult { step: 3, what, held: false, actual: Statement::NoCall, line: 9 };
        Event::Claim(Box::new(claim))
    };
    let mut events = vec![Event::Step(0)];
    events.extend(statements().into_iter().map(claim));
    events.extend([
        Event::Answer(AnsweredQuestion {
            step: 1,
            chosen: Some(0),
            right: Some(1),
            actual: "client is SYN_SENT".into(),
        }),
        Event::Answer(AnsweredQuestion { step: 1, chosen: None, right: None, actual: String::new() }),
    ]);
    events
}

fn of_programs() -> Vec<Event> {
    let caller = Caller { actor: Actor { side: Client, nth: 2 }, worker: 7 };
    let made = |like| ProgramCall {
        name: "read".into(),
        arguments: vec!["3".into(), "…".into(), "64".into()],
        fd: Some(3),
        socket: Some(17),
        internet: Some(true),
        others: vec![ProgramDescriptor { process: 70, fd: 5 }],
        like,
        ..ProgramCall::default()
    };
    let known = Call::Program(Box::new(made(Some(Call::recv(3, 64)))));
    let unlike = Call::Program(Box::new(ProgramCall {
        name: "epoll_wait".into(),
        fd: None,
        socket: None,
        others: Vec::new(),
        ..made(None)
    }));
    let returned = Returned {
        value: 3,
        filled: vec!["3".into(), "\"hi\"".into(), "64".into()],
        made: vec![18],
        ..Returned::default()
    };
    let mut events = vec![
        Event::Stands { caller, call: known.clone() },
        Event::Entered { caller, call: known },
        Event::Entered { caller: Server.into(), call: unlike },
        Event::Returned { caller, outcome: Ok(returned) },
        Event::Ended { caller },
        Event::Plays { from: caller.actor, side: Server, socket: 17 },
    ];
    events.push(Event::UntoldCalls { program: 2, calls: 70_000 });
    let held = [HeldCalls::None, HeldCalls::Walk, HeldCalls::All];
    events.extend(held.map(|held| Event::Holding { of: None, held }));
    events.push(Event::Holding { of: Some(2), held: HeldCalls::All });
    events.extend(sites().into_iter().map(|site| {
        let call = Call::Program(Box::new(ProgramCall { site: Some(Box::new(site)), ..made(None) }));
        Event::Stands { caller, call }
    }));
    events.push(Event::Signal { caller, signal: 13 });
    let hows = [ProgramExit::Status(1), ProgramExit::Signal(13)];
    events.extend(hows.map(|how| Event::ProgramEnded { program: 2, how }));
    events
}

fn of_descriptors() -> Vec<Event> {
    let caller = Caller { actor: Actor { side: Client, nth: 2 }, worker: 7 };
    let polled = PolledDescriptor { fd: 3, events: PollEvents::IN, socket: Some(17) };
    let others = vec![ProgramDescriptor { process: 71, fd: 3 }];
    let waits = ProgramCall {
        process: Some(70),
        waits: Some(vec![polled]),
        sockets: vec![ProcessSocket { fd: 3, socket: 17, close_on_exec: true, others }],
        ..ProgramCall::default()
    };
    let ready = vec![PolledDescriptor { events: "POLLIN|POLLOUT|POLLERR|POLLHUP".parse().unwrap(), ..polled }];
    vec![
        Event::Entered { caller, call: Call::Program(Box::new(waits)) },
        Event::Returned { caller, outcome: Ok(Returned { ready, ..Returned::default() }) },
    ]
}

fn sites() -> Vec<CallSite> {
    use SiteLacks::*;
    let own = StackFrame {
        function: Some("main".into()),
        file: Some("/a/server.c".into()),
        line: Some(31),
        address: Some(4503),
        library: false,
    };
    let library = StackFrame { library: true, ..StackFrame::default() };
    let around = vec!["{".into(), "    accept();".into()];
    let mut sites = vec![CallSite { frames: vec![library, own], own: Some(1), around, first: 30, lacks: None }];
    let lacks = [LeftOut, Frames, DebugInfo, Readable, Interpreter, File, Permission, Text, Newer];
    sites.extend(lacks.map(CallSite::lacking));
    sites
}

fn numbers() -> impl Iterator<Item = InfoField> {
    InfoField::ALL.into_iter().filter(|field| !field.is_time())
}

fn of_tcp_info() -> Vec<Event> {
    let info = |ca_state| TcpInfo {
        ca_state: Some(ca_state),
        backoff: Some(1),
        probes: Some(2),
        options: Some(InfoOptions(0b111)),
        sacked: Some(3),
        lost: Some(4),
        retrans: Some(5),
        snd_ssthresh: Some(6),
        reordering: Some(7),
        delivered: Some(8),
        rttvar: Some(Duration::from_micros(9)),
        pacing_rate: Some(10),
        snd_wnd: Some(11),
        ..TcpInfo::default()
    };
    let bare = socket(1, Client, Some(4), State::Established, (Some(address(1)), Some(address(2))));
    let with = |ca_state| Event::Socket(crate::model::SocketFacts { info: Some(info(ca_state)), ..bare.clone() });
    let mut events: Vec<Event> = CongestionState::ALL.map(with).into_iter().collect();
    let mut facts: Vec<InfoFact> = numbers().map(|field| InfoFact::Number(field, Count::AtLeast(1))).collect();
    facts.extend(numbers().map(InfoFact::NoNumber));
    facts.extend(CongestionState::ALL.map(InfoFact::Congestion));
    facts.extend([InfoFact::Options(InfoOptions(1)), InfoFact::NoCongestion, InfoFact::NoOptions]);
    let what = Statement::Info { end: ConnectionEnd::Socket("conn".into()), facts };
    let claim = ClaimResult { step: 3, what, held: true, actual: Statement::NoCall, line: 9 };
    events.push(Event::Claim(Box::new(claim)));
    events
}

fn of_rules() -> Vec<Event> {
    let (id, of) = (SegmentId(2), SegmentId(0));
    let segment = crate::tcp::testing::segment(address(1), address(2), 7, 9, &["ACK"], b"hi");
    let which = [
        SegmentFilter::Of(Connection::new(address(2), address(1))),
        SegmentFilter::To(Actor { side: Client, nth: 2 }),
        SegmentFilter::All,
    ];
    let texts =
        ["lose 12.5% seed 7 flags=SYN,ACK", "duplicate first 2 data>1000", "delay 50ms jitter 0.5ms", "rate 10000"];
    let rule = |which, text: &str| match text.parse::<TypedRule>().map(|typed| typed.change(which)) {
        Ok(RuleChange::Set(rule)) => rule,
        other => panic!("{text}: {other:?}"),
    };
    let all = which.into_iter().flat_map(|which| texts.map(|text| rule(which, text)));
    let rules = all.zip(0..).map(|(rule, seen)| RuleInForce { rule, seen }).collect();
    vec![
        Event::Ruled(WireRules::default()),
        Event::Ruled(WireRules { rules }),
        Event::Lost { id, rule: Box::new(rule(SegmentFilter::All, "lose every 3")) },
        Event::Duplicated { id, of, segment, rule: Box::new(rule(SegmentFilter::All, "duplicate all")) },
        Event::Unkept { segments: 1, bytes: 2, lost: 3, refused: 4, ruled: 5 },
        Event::ByHand(HandAction::Rule),
    ]
}

fn every() -> Vec<Event> {
    let older =
        [of_threads(), of_segments(), of_sockets(), of_the_lab(), of_lessons(), of_programs(), of_descriptors()];
    [
        older.concat(),
        of_tcp_info(),
        asks::of_what_is_asked(),
        of_lesson_programs(),
        of_rules(),
        asks::of_polls(),
        of_settings(),
        asks::of_copies(),
        of_flags(),
        of_causes(),
        of_one_caller(),
        ends::of_times_and_kills(),
        asks::of_epoll(),
        asks::of_transfers(),
        asks::of_lookups(),
        asks::of_forks(),
        asks::of_missing_processes(),
        asks::of_messages(),
        asks::of_what_is_closed(),
        asks::of_structures(),
        asks::of_urgent_data(),
    ]
    .concat()
}

fn of_lesson_programs() -> Vec<Event> {
    let member = |side| Member { number: 1, pid: 77, nth: 1, role: Role::Plays(side) };
    let (side, call) = (Server, "listen".to_owned());
    let program = |is, value, errno| Statement::Program {
        side,
        call: call.clone(),
        arguments: Some("3, 128".into()),
        is,
        value,
        errno,
    };
    use ProgramCallState::{Blocks, Ended, Returned, Runs, Stands};
    let mut statements: Vec<Statement> =
        [Stands, Runs, Blocks, Returned, Ended].map(|is| program(is, None, None)).into_iter().collect();
    statements.extend([
        program(Returned, Some(-1), None),
        program(Returned, None, Some(Errno(libc::EADDRINUSE))),
        Statement::ProgramNotCalled { side, call: call.clone() },
        Statement::NotBefore { side, call: call.clone(), stands: vec!["bind".into()] },
    ]);
    let claim = |what: Statement| {
        let claim = ClaimResult { step: 3, what, held: true, actual: Statement::NoCall, line: 9 };
        Event::Claim(Box::new(claim))
    };
    [Server, Client]
        .map(|side| Event::Joined(member(side)))
        .into_iter()
        .chain(statements.into_iter().map(claim))
        .collect()
}

fn of_flags() -> Vec<Event> {
    let (fd, addr, data) = (3, address(8000), b"hi".to_vec());
    let calls = [
        Call::Send { fd, data: data.clone(), flags: MessageFlags::NONE },
        Call::Recv { fd, len: 64, flags: MessageFlags(libc::MSG_PEEK | libc::MSG_DONTWAIT | 1 << 28) },
        Call::SendTo { fd, data, flags: MessageFlags::FAST_OPEN, addr },
        Call::RecvFrom { fd, len: 64, flags: MessageFlags(libc::MSG_TRUNC) },
        Call::SetNonblocking { fd, on: false },
        Call::Dissolve { fd },
    ];
    let what = Statement::Tells { side: Server, call: CallName::GetSockOpt, told: "SOCK_STREAM".to_owned() };
    let claim = ClaimResult { step: 3, what, held: true, actual: Statement::NoCall, line: 9 };
    let entered = calls.map(|call| Event::Entered { caller: Server.into(), call });
    entered.into_iter().chain([Event::Claim(Box::new(claim))]).collect()
}

#[test]
fn everything_is_written_as_it_was_and_read_as_it_is() {
    let every = every();
    let lines: Vec<String> = every.iter().map(|event| serde_json::to_string(&WrittenEvent(event)).unwrap()).collect();
    for (line, event) in lines.iter().zip(&every) {
        assert_eq!(&serde_json::from_str::<Read>(line).unwrap().0, event, "{line}");
    }
    assert_eq!(lines, EVERY.lines().collect::<Vec<_>>());
}

/// The names that may stand at a place, as the reader tells them where it finds another one.
fn names(json: &str) -> Vec<String> {
    let told = serde_json::from_str::<Read>(json).map(|_| ()).unwrap_err().to_string();
    let (_, expected) = told.split_once("expected one of ").unwrap_or_else(|| panic!("{told}"));
    expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn nothing_is_left_out_of_every() {
    let entered = r#"{"Entered":{"side":"Server","call":{"?":{}}}}"#;
    let claim = r#"{"Claim":{"step":0,"what":{"?":{}}}}"#;
    let timer = r#"{"Claim":{"step":0,"what":{"Timer":{"end":{"Socket":""},"facts":["?"]}}}}"#;
    let info = r#"{"Claim":{"step":0,"what":{"Info":{"end":{"Socket":""},"facts":["?"]}}}}"#;
    let places = [
        (info, 6),
        (r#"{"?":0}"#, 24),
        (entered, 13),
        (claim, 28),
        (timer, 5),
        (r#"{"Passing":{"rules":[["?",0]]}}"#, 3),
        (r#"{"Joined":{"number":1,"pid":1,"role":"?"}}"#, 3),
        (r#"{"ByHand":{"?":0}}"#, 4),
        (r#"{"Gone":{"cookie":1,"source":"?"}}"#, 6),
    ];
    for (json, least) in places {
        let names = names(json);
        assert!(names.len() >= least, "{names:?}");
        let missing: Vec<_> = names.iter().filter(|name| !EVERY.contains(&format!("\"{name}\""))).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
