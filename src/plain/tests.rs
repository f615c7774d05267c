use std::time::Duration;

use super::*;
use crate::i18n::testing::zh;
use crate::lesson::parse;
use crate::model::testing::socket;
use crate::model::{
    Actor, Call, Caller, ConnectionEnd, Errno, ForwardingRules, HandAction, Member, ProgramCall, Returned, Role,
    SegmentFilter, SegmentId, Side, Source, Statement,
};
use crate::tcp::testing::segment;
use crate::tcp::{Packet, State};

const LESSON: &str = include_str!("../../tests/lessons/valid/handshake.toml");

fn syn() -> Packet {
    let local = |port| std::net::SocketAddr::from(([127, 0, 0, 1], port));
    segment(local(40612), local(8000), 2_839_402, 0, &["SYN"], b"")
}

fn facts(cookie: u64, side: Side, state: State, local: &str) -> Event {
    Event::Socket(socket(cookie, side, Some(5), state, (Some(local.parse().unwrap()), None)))
}

fn walk() -> Vec<Event> {
    let (server, client) = (Side::Server, Side::Client);
    let claim =
        |what: Statement, held, actual| Event::Claim(Box::new(ClaimResult { step: 5, what, held, actual, line: 71 }));
    let is = |end, is: State| Statement::State { end, is: is.into() };
    let (socket, peer) = (ConnectionEnd::Socket("client".into()), ConnectionEnd::PeerOf("client".into()));
    vec![
        Event::Step(0),
        Event::Entered { caller: server.into(), call: Call::Socket { ipv6: false, udp: false } },
        Event::Returned { caller: server.into(), outcome: Ok(Returned { value: 4, ..Returned::default() }) },
        facts(1, server, State::Listen, "127.0.0.1:8000"),
        Event::Step(4),
        Event::Entered {
            caller: client.into(),
            call: Call::Connect { fd: 5, addr: "127.0.0.1:8000".parse().unwrap() },
        },
        Event::Sent { id: SegmentId(0), segment: syn(), again: None },
        Event::Held(SegmentId(0)),
        facts(2, client, State::SynSent, "127.0.0.1:40612"),
        Event::Blocked { caller: client.into() },
        Event::Retransmitted { id: SegmentId(0), segment: syn() },
        Event::Step(5),
        Event::Delivered(SegmentId(0)),
        facts(2, client, State::Established, "127.0.0.1:40612"),
        Event::Returned { caller: client.into(), outcome: Err(Errno::from_name("ECONNRESET").unwrap()) },
        Event::Entered { caller: server.into(), call: Call::recv(6, 64) },
        Event::Returned {
            caller: server.into(),
            outcome: Ok(Returned { value: 5, data: b"a\x1b[2J\"".to_vec(), peer: None, ..Returned::default() }),
        },
        claim(is(socket.clone(), State::Established), true, is(socket, State::Established)),
        claim(is(peer, State::SynRecv), false, Statement::NoSuchSocket("\x1b[31m".into())),
        Event::Answer(AnsweredQuestion { step: 5, chosen: Some(0), right: Some(1), actual: "ESTABLISHED".into() }),
    ]
}

#[test]
fn what_a_step_shows_stands_before_what_it_says() {
    for (show, wanted) in [
        (
            "layers",
            &["  transport (OSI: 4 transport): TCP, UDP", "    TCP header, 20 bytes: port 40612 → port 8000"][..],
        ),
        ("packet", &["  SYN seq=j  127.0.0.1:40612 → 127.0.0.1:8000"]),
        ("kernel", &["  client  fd 5  SYN_SENT  127.0.0.1:40612 → –  recv 0 send 0"]),
        ("states", &["  server  fd 5  LISTEN", "  client  fd 5  SYN_SENT"]),
    ] {
        let text = LESSON.replacen("id = \"connect\"\n", &format!("id = \"connect\"\nshow = \"{show}\"\n"), 1);
        assert_ne!(text, LESSON);
        let lesson = parse("tests/a.toml", &text).unwrap();
        let mut trace = Trace::default();
        for event in walk() {
            trace.push(Duration::ZERO, event);
        }
        let mut out = Vec::new();
        Transcript::new(&lesson, Mode::Lab, Lang::EN).unwrap().write(&trace, &mut out).unwrap();
        let lines: Vec<String> = String::from_utf8(out).unwrap().lines().map(str::to_owned).collect();
        let at = |wanted: &str| lines.iter().position(|line| line == wanted);
        let say = lines.iter().rposition(|line| line.starts_with("  | ")).unwrap();
        for line in wanted {
            assert!(at(line).is_some_and(|at| at < say), "{show}: {line}\n{}", lines.join("\n"));
        }
    }
}

fn transcript(lang: Lang, piecemeal: bool) -> String {
    let lesson = parse("tests/a.toml", LESSON).unwrap();
    let mut trace = Trace::default();
    let mut transcript = Transcript::new(&lesson, Mode::Lab, lang).unwrap();
    let mut out = Vec::new();
    transcript.begin(&mut out).unwrap();
    for event in walk() {
        // The client's address is known from the start here: only then can the pieces be the same as the whole.
        trace.push(Duration::ZERO, event);
    }
    if piecemeal {
        let whole = trace;
        let mut growing = Trace::default();
        for entry in whole.entries() {
            growing.push(entry.at, entry.event.clone());
            transcript.write(&growing, &mut out).unwrap();
        }
        transcript.finish(&growing, &mut out).unwrap();
    } else {
        transcript.finish(&trace, &mut out).unwrap();
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn in_english() {
    let wanted = "\
Lesson: A tiny handshake
Goal: Tell which end is in which state.

Step 1 of 6: The server makes a socket
  server  socket(AF_INET, SOCK_STREAM, 0) = 4
  server  fd 5  is LISTEN  (kernel says)
  | A socket is a descriptor.
  |
  | It has `no` address yet.

Step 5 of 6: connect()
  client  connect(5, 127.0.0.1:8000) …
  client ──▶ server  SYN seq=j  (j = 2839402)
  client ──▶ server  SYN seq=j: waits on the wire
  client  fd 5  is SYN_SENT  (kernel says)
  client  connect(5, 127.0.0.1:8000) blocks
  client ──▶ server  SYN seq=j: sent again (2 times so far)
  | It asks.

Step 6 of 6: The SYN arrives
  client ──▶ server  SYN seq=j: delivered
  client  fd 5  SYN_SENT → ESTABLISHED  (kernel says)
  client  connect(5, 127.0.0.1:8000) = -1 ECONNRESET
  server  recv(6, 64) = 5 \"a\\x1b[2J\\\"\"
  ✓ the client's socket is ESTABLISHED
  ✗ expected  the server's connection is SYN_RECV
    actual    the socket `\\x1b[31m` isn't there yet
  ? Question: Which state is the other end in now? Predicted: half open. The
  ? kernel says: open (state ESTABLISHED).
  ! Nothing was done by hand: this machine did something else than the lesson
  ! expects.
  ! So this step's own text would not be true here, and isn't shown.

To remember: SYN, SYN+ACK, ACK.

Otherwise than the text says: 1.
tests/a.toml:71: deliver: expected: the server's connection is SYN_RECV; actual: the socket `\\x1b[31m` isn't there yet
";
    assert_eq!(transcript(Lang::EN, false), wanted);
}

/// A recording may end anywhere, and a walk be another one than the lesson's.
#[test]
fn what_the_lesson_has_shown_is_told_where_it_has() {
    let misbelief = "misbelief = { en = \"They do? They didn't.\", zh = \"是？不是。\" }\nrecap.en";
    let lesson = parse("tests/a.toml", &LESSON.replacen("recap.en", misbelief, 1)).unwrap();
    let end = |events: Vec<Event>| {
        let mut trace = Trace::default();
        for event in events {
            trace.push(Duration::ZERO, event);
        }
        let mut out = Vec::new();
        Transcript::new(&lesson, Mode::Lab, Lang::EN).unwrap().finish(&trace, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let holds = |event: &Event| !matches!(event, Event::Claim(claim) if !claim.held);
    for (events, told) in [
        (vec![], [Some("after 0 of 6 steps"), None, None]),
        (walk()[..11].to_vec(), [Some("after 5 of 6 steps"), None, None]),
        (walk().into_iter().filter(holds).collect(), [None, Some("To remember"), Some("They didn't")]),
        (walk(), [None, Some("To remember"), None]),
    ] {
        let text = end(events);
        for (part, words) in told.iter().zip(["The walk ends here", "To remember", "What many believe"]) {
            assert_eq!(text.contains(words), part.is_some(), "{words}: {text}");
            assert!(part.is_none_or(|part| text.contains(part)), "{text}");
        }
    }
}

#[test]
fn in_chinese() {
    let text = transcript(zh(), false);
    for line in [
        "课程：小小的三次握手",
        "第 5 步，共 6 步：connect()",
        "  客户端 ──▶ 服务器  SYN seq=j：停在线路上",
        "  客户端  fd 5  SYN_SENT → ESTABLISHED  (内核所述)",
        "  ✗ 预期  服务器的连接处于 SYN_RECV",
        "  ? 问题：现在另一端处于什么状态？预测：半开。内核的回答：打开（状态是",
        "与课文不符：1 处。",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
}

/// Whoever takes part, what passes, what a step shows: wherever a side is named.
#[test]
fn a_side_is_named_in_the_readers_language() {
    let both = || Role::Drives(Side::BOTH.to_vec());
    let member = |pid, role| Member { number: pid, pid, nth: pid - 6, role };
    let caller = Caller { actor: Actor { side: Side::Server, nth: 2 }, worker: 7 };
    let came = |pid, role| Event::Joined(member(pid, role));
    let passing = |rules| Event::Passing(ForwardingRules { rules });
    let more = vec![
        came(7, both()),
        came(8, Role::Watches),
        Event::Left(member(7, both())),
        passing(vec![
            (SegmentFilter::To(Side::Server.into()), Duration::ZERO),
            (SegmentFilter::All, Duration::from_secs(1)),
        ]),
        passing(Vec::new()),
        Event::Entered { caller, call: Call::recv(6, 64) },
        Event::Blocked { caller },
        Event::Dropped(SegmentId(0)),
        Event::Undeliverable { id: SegmentId(0), errno: Errno::from_name("EPERM").unwrap() },
        Event::Gone { cookie: 2, source: Source::Concluded },
        Event::ByHand(HandAction::Drop(SegmentId(0))),
        Event::ByHand(HandAction::Interrupt(Side::Client)),
    ];
    let mut trace = Trace::default();
    for event in walk().into_iter().chain(more) {
        trace.push(Duration::ZERO, event);
    }
    for show in ["layers", "packet", "kernel", "states"] {
        let text = LESSON.replacen("id = \"deliver\"\n", &format!("id = \"deliver\"\nshow = \"{show}\"\n"), 1);
        assert_ne!(text, LESSON);
        let lesson = parse("tests/a.toml", &text).unwrap();
        let mut transcript = Transcript::new(&lesson, Mode::Lab, zh()).unwrap();
        let mut out = Vec::new();
        transcript.begin(&mut out).unwrap();
        transcript.finish(&trace, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        for line in text.lines() {
            let mut words = line.split(|c: char| !c.is_ascii_alphabetic());
            assert!(!words.any(|word| ["server", "client"].contains(&word)), "{line}");
        }
        for side in ["服务器 + 客户端（进程 7）", "发往服务器的报文段", "  服务器 2/7  recv(6, 64) 阻塞"]
        {
            assert!(text.contains(side), "{text}");
        }
    }
}

#[test]
fn no_line_of_prose_is_too_wide_and_nothing_raw_gets_through() {
    for lang in Lang::all() {
        let text = transcript(lang, false);
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
        for line in text.lines().filter(|line| !line.starts_with("tests/")) {
            assert!(width(line) <= COLUMNS, "{line}");
        }
    }
}

/// A program's call is written as C has it, once; what a recording may have in its place does nothing to a terminal.
#[test]
fn what_a_program_sends_is_escaped_once() {
    let caller = Caller { actor: Side::Server.into(), worker: 0 };
    let arguments = ["4", "\"hello\\n\"", "6", "\u{1b}[2J", "NULL", "0"].map(str::to_owned).to_vec();
    let made = ProgramCall { name: "sendto".into(), arguments, fd: Some(4), ..ProgramCall::default() };
    let mut trace = Trace::default();
    let member = Member { number: 1, pid: 7, nth: 1, role: Role::Runs("leak".into()) };
    trace.push(Duration::ZERO, Event::Joined(member));
    trace.push(Duration::ZERO, Event::Entered { caller, call: Call::Program(Box::new(made)) });
    let texts = Texts::load(Lang::EN).unwrap();
    let told = lines::call(caller, &trace.present(), "blocks", texts).unwrap();
    assert_eq!(told, "  leak  sendto(4, \"hello\\n\", 6, \\x1b[2J, NULL, 0) blocks");
}

#[test]
fn growing_or_whole_the_layout_is_the_same() {
    let named = |text: String| text.replace("127.0.0.1:40612 ──▶", "client ──▶");
    assert_eq!(named(transcript(Lang::EN, true)), transcript(Lang::EN, false));
}

#[test]
fn no_sentence_about_a_built_in_lessons_claims_has_a_name_of_its_file() {
    for name in crate::lesson::builtin_names() {
        let lesson = crate::lesson::builtin(name).unwrap().unwrap();
        let claims = lesson.steps.iter().flat_map(|step| &step.expect);
        for (mode, claim) in claims.flat_map(|claim| claim.modes.iter().map(move |mode| (*mode, claim))) {
            for lang in Lang::all() {
                let text = Texts::load(lang).unwrap().statement(&claim.terms.says(6), lesson.sockets_in(mode));
                assert!(!text.contains('`') && !text.contains('{') && !text.contains("peer of"), "{name}: {text}");
            }
        }
    }
}

/// Such a socket is spoken of as itself, whatever is said of its peer.
#[test]
fn a_socket_that_is_connected_to_itself_is_spoken_of_as_itself() {
    let file = "tests/lessons/valid/itself.toml";
    let lesson = parse(file, include_str!("../../tests/lessons/valid/itself.toml")).unwrap();
    for (lang, other) in [(Lang::EN, "server"), (zh(), "服务器")] {
        let texts = Texts::load(lang).unwrap();
        let claims: Vec<_> = lesson.steps.iter().flat_map(|step| &step.expect).collect();
        assert!(claims.len() > 5);
        for claim in claims {
            let text = texts.statement(&claim.terms.says(0), lesson.sockets_in(Mode::Lab));
            assert!(!text.contains(other), "{text}");
        }
    }
}
