//! The runner, step by step, with the fake world.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::fake::{FakeWorld, came_back, held, interrupted, retransmitting, returns, sleeps, socket};
use super::{Command, Failure, Phase, Request, Runner, Verdict, WalkOptions, What, Wire};
use crate::lesson::parse;
use crate::model::{Call, Event, Mode, Returned, SegmentId, Side, TcpInfo, Timer, TimerKind};
use crate::tcp::{Segment, State, testing::segment};

const HEAD: &str = r#"
format = 1
id = "test"
server = "127.0.0.1:8000"
title = { en = "t", zh = "t" }
goal = { en = "g", zh = "g" }
recap = { en = "r", zh = "r" }
"#;

/// One step: its name, what is done, and what must be true.
fn step(id: &str, rest: &str) -> String {
    format!(
        "[[step]]\nid = \"{id}\"\ntitle = {{ en = \"t\", zh = \"t\" }}\nsay = {{ en = \"s\", zh = \"s\" }}\n{rest}\n"
    )
}

fn runner(steps: &[String], mode: Mode, wire: Wire) -> Runner {
    let text = format!("{HEAD}{}", steps.concat());
    let lesson = parse("test.toml", &text).unwrap_or_else(|error| panic!("{error}"));
    let patience = Duration::from_millis(500);
    Runner::new(Arc::new(lesson), WalkOptions { mode, wire, patience, port: None, timers: false })
}

fn lab(steps: &[String]) -> (Runner, FakeWorld) {
    (runner(steps, Mode::Lab, Wire::Holds), FakeWorld::new())
}

fn go(runner: &mut Runner, world: &mut FakeWorld, command: Command) {
    runner.command(command, world.now);
    world.serve(runner);
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn claims(runner: &Runner) -> Vec<(bool, String)> {
    let entries = runner.trace().entries().iter();
    entries
        .filter_map(|entry| match &entry.event {
            Event::Claim(claim) => Some((claim.held, format!("{} / {}", claim.what, claim.actual))),
            _ => None,
        })
        .collect()
}

const SOCKET: Call = Call::Socket { ipv6: false };

fn open_client() -> String {
    step("open", r#"do.socket = { side = "client", name = "client" }"#)
}

fn connect(rest: &str) -> String {
    step("connect", &format!("do.connect = {{ socket = \"client\" }}\n{rest}"))
}

fn connecting() -> Call {
    Call::Connect { fd: 5, addr: address(8000) }
}

/// A client that has a socket, and then a SYN on the wire.
fn with_syn(steps: &[String]) -> (Runner, FakeWorld, Segment) {
    let all: Vec<String> = [open_client(), connect("")].into_iter().chain(steps.iter().cloned()).collect();
    let (mut runner, mut world) = lab(&all);
    world.when(Request::Call(Side::Client, SOCKET), returns(Side::Client, SOCKET, 5));
    go(&mut runner, &mut world, Command::Next);
    world.sockets = vec![socket(1, Side::Client, 5, State::SynSent, Some((address(40000), address(8000))))];
    let syn = segment(address(40000), address(8000), 1000, 0, &["SYN"], b"");
    let happens = sleeps(Side::Client, connecting()).into_iter().chain(held(0, &syn));
    world.when(Request::Call(Side::Client, connecting()), happens);
    go(&mut runner, &mut world, Command::Next);
    assert_eq!(*runner.phase(), Phase::Ready);
    (runner, world, syn)
}

#[test]
fn a_step_asks_for_its_call_and_checks_its_claims_when_the_world_has_settled() {
    let expect = r#"expect = [{ returns = { side = "client", call = "socket", value = 5 } }, { state = { socket = "client", is = "CLOSED" } }]"#;
    let (mut runner, mut world) =
        lab(&[step("open", &format!("do.socket = {{ side = \"client\", name = \"client\" }}\n{expect}"))]);
    world.sockets = vec![socket(1, Side::Client, 5, State::Closed, None)];
    world.when(Request::Call(Side::Client, SOCKET), returns(Side::Client, SOCKET, 5));
    go(&mut runner, &mut world, Command::Next);
    assert_eq!(*runner.phase(), Phase::Finished);
    assert_eq!(runner.verdict(), Verdict { held: 2, broken: 0 });
    assert!(world.all_was_asked());
}

#[test]
fn a_claim_may_take_its_time_but_not_more_than_patience() {
    let expect = r#"expect = [{ state = { socket = "client", is = "SYN_SENT" } }]"#;
    let (mut runner, mut world) = lab(&[open_client(), step("look", expect)]);
    world.sockets = vec![socket(1, Side::Client, 5, State::Closed, None)];
    world.when(Request::Call(Side::Client, SOCKET), returns(Side::Client, SOCKET, 5));
    go(&mut runner, &mut world, Command::Next);
    let begun = world.now;
    go(&mut runner, &mut world, Command::Next);
    assert_eq!(*runner.phase(), Phase::Busy);
    world.wait(&mut runner);
    assert_eq!(claims(&runner), [(false, "client is SYN_SENT / client is CLOSED".to_owned())]);
    assert!(world.now >= begun + Duration::from_millis(500) && world.now < begun + Duration::from_millis(700));
}

#[test]
fn a_claim_that_becomes_true_late_holds() {
    let expect = r#"expect = [{ state = { socket = "client", is = "SYN_SENT" } }]"#;
    let (mut runner, mut world) = lab(&[open_client(), step("look", expect)]);
    world.sockets = vec![socket(1, Side::Client, 5, State::Closed, None)];
    world.when(Request::Call(Side::Client, SOCKET), returns(Side::Client, SOCKET, 5));
    go(&mut runner, &mut world, Command::Next);
    go(&mut runner, &mut world, Command::Next);
    world.sockets[0].state = State::SynSent;
    world.wait(&mut runner);
    assert_eq!(runner.verdict(), Verdict { held: 1, broken: 0 });
}

#[test]
fn where_the_world_never_settles_what_is_known_decides() {
    let expect = r#"expect = [{ blocks = { side = "client", call = "connect" } }]"#;
    let (mut runner, mut world, _) = with_syn(&[step("look", expect)]);
    world.settles = false;
    go(&mut runner, &mut world, Command::Next);
    world.wait(&mut runner);
    assert_eq!(claims(&runner), [(true, "client sleeps in connect() / client sleeps in connect()".to_owned())]);
}

#[test]
fn a_prediction_is_graded_by_what_the_kernel_did() {
    let ask = "[step.ask]\nquestion = { en = \"q\", zh = \"q\" }\nstate = { socket = \"client\" }\nchoices = [\"CLOSED\", \"SYN_SENT\"]";
    for (command, chosen) in [(Command::Predict(0), Some(0)), (Command::Next, None)] {
        let (mut runner, mut world) = lab(&[open_client(), connect(ask)]);
        world.sockets = vec![socket(1, Side::Client, 5, State::SynSent, None)];
        world.when(Request::Call(Side::Client, SOCKET), returns(Side::Client, SOCKET, 5));
        go(&mut runner, &mut world, Command::Next);
        go(&mut runner, &mut world, Command::Next);
        assert_eq!(*runner.phase(), Phase::Asking);
        go(&mut runner, &mut world, Command::Predict(2));
        assert_eq!(*runner.phase(), Phase::Asking, "there is no third answer");
        world.when(Request::Call(Side::Client, connecting()), sleeps(Side::Client, connecting()));
        go(&mut runner, &mut world, command);
        let (_, answer) = runner.trace().present().verdicts(1);
        let answer = answer.expect("the question was answered");
        assert_eq!((answer.chosen, answer.right, answer.actual.as_str()), (chosen, Some(1), "SYN_SENT"));
    }
}

#[test]
fn a_typed_line_is_sent_as_one_line_of_bounded_length() {
    let send = step(
        "send",
        "do.send = { socket = \"client\", line = \"hello\" }\nexpect = [{ returns = { side = \"client\", call = \"send\", value = \"line\" } }]",
    );
    let long = "é".repeat(600);
    for (command, sent) in [
        (Command::Line("a\x1b[31m\nb".into()), "a[31mb\n".to_owned()),
        (Command::Next, "hello\n".to_owned()),
        (Command::Line(String::new()), "\n".to_owned()),
        (Command::Line(long.clone()), format!("{}\n", "é".repeat(500))),
    ] {
        let (mut runner, mut world) = lab(&[open_client(), send.clone()]);
        world.when(Request::Call(Side::Client, SOCKET), returns(Side::Client, SOCKET, 5));
        go(&mut runner, &mut world, Command::Next);
        go(&mut runner, &mut world, Command::Next);
        assert_eq!(*runner.phase(), Phase::Typing("hello".into()));
        let call = Call::Send { fd: 5, data: sent.clone().into_bytes() };
        let value = sent.len() as i64;
        world.when(Request::Call(Side::Client, call.clone()), returns(Side::Client, call, value));
        go(&mut runner, &mut world, command);
        assert_eq!(runner.verdict(), Verdict { held: 1, broken: 0 }, "{sent:?}");
    }
}

fn deliver_syn() -> String {
    step(
        "deliver",
        "in = [\"lab\"]\ndo.deliver = { from = \"client\", flags = [\"SYN\"], seq = \"j\" }\nexpect = [{ segment = { from = \"client\", flags = [\"SYN\"], is = \"delivered\" } }]",
    )
}

#[test]
fn a_step_delivers_the_segment_that_it_means() {
    let (mut runner, mut world, _) = with_syn(&[deliver_syn()]);
    world.when(Request::Deliver(SegmentId(0)), [What::Event(Event::Delivered(SegmentId(0)))]);
    go(&mut runner, &mut world, Command::Next);
    assert_eq!(runner.verdict(), Verdict { held: 1, broken: 0 });
}

#[test]
fn delivering_the_segment_that_the_next_step_means_is_that_step() {
    let (mut runner, mut world, _) = with_syn(&[deliver_syn()]);
    world.when(Request::Deliver(SegmentId(0)), [What::Event(Event::Delivered(SegmentId(0)))]);
    go(&mut runner, &mut world, Command::Deliver(SegmentId(0)));
    assert_eq!((runner.verdict(), runner.phase()), (Verdict { held: 1, broken: 0 }, &Phase::Finished));
}

#[test]
fn a_dropped_segment_is_waited_for_as_long_as_its_senders_timer_runs() {
    let (mut runner, mut world, syn) = with_syn(&[deliver_syn()]);
    world.when(Request::Drop(SegmentId(0)), [What::Event(Event::Dropped(SegmentId(0)))]);
    world.sockets[0] = retransmitting(world.sockets[0].clone(), Duration::from_secs(20));
    go(&mut runner, &mut world, Command::Drop(SegmentId(0)));
    assert_eq!(*runner.phase(), Phase::Ready, "the learner's own doing is no step");
    go(&mut runner, &mut world, Command::Next);
    for _ in 0..40 {
        world.now = runner.wake_at().expect("it waits");
        runner.tick(world.now);
        world.serve(&mut runner);
    }
    assert!(world.now > Duration::from_secs(2) && *runner.phase() == Phase::Busy, "longer than patience");
    held(1, &syn).into_iter().for_each(|what| world.tell(&mut runner, what));
    world.when(Request::Deliver(SegmentId(1)), [What::Event(Event::Delivered(SegmentId(1)))]);
    world.wait(&mut runner);
    assert_eq!(runner.verdict(), Verdict { held: 1, broken: 0 });
}

#[test]
fn a_segment_that_nobody_will_send_again_is_not_waited_for() {
    let (mut runner, mut world, _) = with_syn(&[deliver_syn()]);
    world.when(Request::Drop(SegmentId(0)), [What::Event(Event::Dropped(SegmentId(0)))]);
    go(&mut runner, &mut world, Command::Drop(SegmentId(0)));
    go(&mut runner, &mut world, Command::Next);
    world.wait(&mut runner);
    let broken = claims(&runner).into_iter().filter(|(held, _)| !held).map(|(_, text)| text).collect::<Vec<_>>();
    assert_eq!(broken[0], "the step can be done / no SYN of the client waits");
}

#[test]
fn an_interrupted_call_is_made_again_before_the_lesson_goes_on() {
    let expect = r#"expect = [{ blocks = { side = "client", call = "connect" } }]"#;
    let (mut runner, mut world, _) = with_syn(&[step("look", expect)]);
    world.when(Request::Interrupt(Side::Client), [interrupted(Side::Client)]);
    go(&mut runner, &mut world, Command::Interrupt(Side::Client));
    assert_eq!(runner.interrupted(), [Side::Client]);
    world.when(Request::Call(Side::Client, connecting()), sleeps(Side::Client, connecting()));
    go(&mut runner, &mut world, Command::Next);
    assert_eq!((runner.interrupted().len(), runner.next_step().map(|(n, _)| n)), (0, Some(2)));
    go(&mut runner, &mut world, Command::Next);
    assert_eq!(runner.verdict(), Verdict { held: 1, broken: 0 });
}

#[test]
fn a_side_that_sleeps_can_make_no_other_call() {
    let (mut runner, mut world, _) = with_syn(&[step("close", r#"do.close = { socket = "client" }"#)]);
    go(&mut runner, &mut world, Command::Next);
    world.wait(&mut runner);
    assert_eq!(claims(&runner), [(false, "the step can be done / client sleeps in connect()".to_owned())]);
}

#[test]
fn received_bytes_can_be_sent_back() {
    let recv = step("recv", r#"do.recv = { socket = "client", max = 64 }"#);
    let send = step("send", r#"do.send = { socket = "client", received = true }"#);
    let (mut runner, mut world) = lab(&[open_client(), recv, send]);
    world.when(Request::Call(Side::Client, SOCKET), returns(Side::Client, SOCKET, 5));
    go(&mut runner, &mut world, Command::Next);
    let call = Call::Recv { fd: 5, len: 64 };
    let entered = What::Event(Event::Entered { side: Side::Client, worker: 0, call: call.clone() });
    let returned = Returned { value: 3, data: b"abc".to_vec(), peer: None };
    world.when(Request::Call(Side::Client, call), [entered, came_back(Side::Client, Ok(returned))]);
    go(&mut runner, &mut world, Command::Next);
    let call = Call::Send { fd: 5, data: b"abc".to_vec() };
    world.when(Request::Call(Side::Client, call.clone()), returns(Side::Client, call, 3));
    go(&mut runner, &mut world, Command::Next);
    assert!(world.all_was_asked());
}

#[test]
fn what_the_kernel_says_goes_into_the_trace_once_and_its_silence_too() {
    let (mut runner, mut world, _) = with_syn(&[step("look", "")]);
    let states = |runner: &Runner| {
        let sockets = runner.trace().present().sockets().map(|socket| (socket.state, socket.gone)).collect::<Vec<_>>();
        (sockets, runner.trace().now())
    };
    let (sockets, entries) = states(&runner);
    assert_eq!(sockets, [(State::SynSent, false)]);
    world
        .tell(&mut runner, What::Observed(crate::model::Observation { at: world.now, sockets: world.sockets.clone() }));
    assert_eq!(states(&runner), (sockets, entries), "nothing new");
    world.tell(&mut runner, What::Observed(crate::model::Observation { at: world.now, sockets: Vec::new() }));
    assert_eq!(states(&runner), (vec![(State::Closed, true)], entries + 1));
}

#[test]
fn steps_and_claims_of_another_mode_are_left_out() {
    let steps = [
        step("a", "in = [\"lab\"]"),
        step(
            "b",
            "in = [\"host\"]\nexpect = [{ segment = { from = \"client\", flags = [\"SYN\"], is = \"delivered\" } }]",
        ),
        step("c", "waits_for = \"time-wait\""),
    ];
    let mut blind = runner(&steps, Mode::Host, Wire::Blind);
    assert_eq!(blind.steps(), [1]);
    assert_eq!(blind.left_out().map(|step| step.id.as_str()).collect::<Vec<_>>(), ["c"]);
    let mut world = FakeWorld::new();
    go(&mut blind, &mut world, Command::Next);
    assert_eq!((blind.verdict(), blind.phase()), (Verdict::default(), &Phase::Finished), "nobody can see segments");
    let mut watching = runner(&steps, Mode::Host, Wire::Watches);
    go(&mut watching, &mut world, Command::Next);
    world.wait(&mut watching);
    assert_eq!(watching.verdict(), Verdict { held: 0, broken: 1 });
}

#[test]
fn a_world_that_fails_ends_the_walk() {
    let (mut runner, mut world, _) = with_syn(&[step("look", "")]);
    world.tell(&mut runner, What::Failed(Failure::CaptureLost(3)));
    assert_eq!(*runner.phase(), Phase::Failed(Failure::CaptureLost(3)));
    go(&mut runner, &mut world, Command::Next);
    go(&mut runner, &mut world, Command::Deliver(SegmentId(0)));
    assert!(world.all_was_asked());
}

#[test]
fn a_segment_stays_its_senders_when_the_socket_has_lost_its_address() {
    let expect = r#"expect = [{ segment = { from = "client", flags = ["SYN"], seq = "j", is = "held" } }]"#;
    let (mut runner, mut world, _) = with_syn(&[step("look", expect)]);
    world.sockets = vec![socket(1, Side::Client, 5, State::Closed, None)];
    go(&mut runner, &mut world, Command::Next);
    assert_eq!(runner.verdict(), Verdict { held: 1, broken: 0 });
}

#[test]
fn an_offered_answer_may_be_the_length_of_the_line() {
    let ask = "[step.ask]\nquestion = { en = \"q\", zh = \"q\" }\nreturned = { side = \"client\" }\nchoices = [\"0\", \"line\"]";
    let send = step("send", &format!("do.send = {{ socket = \"client\", line = \"hi\" }}\n{ask}"));
    let (mut runner, mut world) = lab(&[open_client(), send]);
    world.when(Request::Call(Side::Client, SOCKET), returns(Side::Client, SOCKET, 5));
    go(&mut runner, &mut world, Command::Next);
    go(&mut runner, &mut world, Command::Next);
    go(&mut runner, &mut world, Command::Predict(1));
    let call = Call::Send { fd: 5, data: b"hi\n".to_vec() };
    world.when(Request::Call(Side::Client, call.clone()), returns(Side::Client, call, 3));
    go(&mut runner, &mut world, Command::Next);
    let (_, answer) = runner.trace().present().verdicts(1);
    assert_eq!(answer.map(|answer| (answer.chosen, answer.right)), Some((Some(1), Some(1))));
}

#[test]
fn a_visible_pattern_of_bytes_is_sent() {
    let (mut runner, mut world) = lab(&[open_client(), step("send", r#"do.send = { socket = "client", bytes = 30 }"#)]);
    world.when(Request::Call(Side::Client, SOCKET), returns(Side::Client, SOCKET, 5));
    go(&mut runner, &mut world, Command::Next);
    let call = Call::Send { fd: 5, data: b"abcdefghijklmnopqrstuvwxyzabcd".to_vec() };
    world.when(Request::Call(Side::Client, call.clone()), returns(Side::Client, call, 30));
    go(&mut runner, &mut world, Command::Next);
    assert!(world.all_was_asked());
}

#[test]
fn a_descriptor_is_made_non_blocking_by_a_call() {
    let expect = r#"expect = [{ returns = { side = "client", call = "fcntl", value = 0 } }]"#;
    let (mut runner, mut world) = lab(&[
        open_client(),
        step("fcntl", &format!("do.nonblocking = {{ socket = \"client\" }}\n{expect}")),
        connect(r#"expect = [{ returns = { side = "client", call = "connect", error = "EINPROGRESS" } }]"#),
        step("again", r#"do.connect = { socket = "client" }"#),
    ]);
    world.when(Request::Call(Side::Client, SOCKET), returns(Side::Client, SOCKET, 5));
    go(&mut runner, &mut world, Command::Next);
    let call = Call::SetNonblocking { fd: 5 };
    world.when(Request::Call(Side::Client, call.clone()), returns(Side::Client, call, 0));
    go(&mut runner, &mut world, Command::Next);
    let in_progress = || {
        let entered = What::Event(Event::Entered { side: Side::Client, worker: 0, call: connecting() });
        [entered, came_back(Side::Client, Err(crate::model::Errno(libc::EINPROGRESS)))]
    };
    // The side is in no call then: it can make the next one.
    for _ in 0..2 {
        world.when(Request::Call(Side::Client, connecting()), in_progress());
        go(&mut runner, &mut world, Command::Next);
    }
    assert_eq!((runner.verdict(), runner.phase()), (Verdict { held: 2, broken: 0 }, &Phase::Finished));
    assert!(world.all_was_asked());
}

#[test]
fn a_pattern_may_name_the_window_and_the_connection() {
    let claim =
        |terms: &str| format!("{{ segment = {{ from = \"client\", flags = [\"SYN\"], {terms}, is = \"held\" }} }}");
    let terms = [r#"win = 64240"#, r#"win_scaled = 64240"#, r#"on = "client""#, r#"win = 1"#, r#"on = "other""#];
    let expect = format!("expect = [{}]", terms.map(claim).join(", "));
    let other = step("other", r#"do.socket = { side = "server", name = "other" }"#);
    let (mut runner, mut world, _) = with_syn(&[other, step("look", &expect)]);
    world.sockets.push(socket(2, Side::Server, 6, State::SynSent, Some((address(40001), address(8000)))));
    world.when(Request::Call(Side::Server, SOCKET), returns(Side::Server, SOCKET, 6));
    go(&mut runner, &mut world, Command::Next);
    // A reset takes the addresses from a socket, not from its segments.
    world.sockets[0] = socket(1, Side::Client, 5, State::Closed, None);
    go(&mut runner, &mut world, Command::Next);
    world.wait(&mut runner);
    let found: Vec<(bool, String)> = claims(&runner);
    assert_eq!(found.iter().map(|(held, _)| *held).collect::<Vec<_>>(), [true, true, true, false, false]);
    assert!(found[3].1.ends_with("/ client last sent SYN seq=j win=64240"), "{}", found[3].1);
    assert!(found[4].1.ends_with("/ client sent nothing"), "{}", found[4].1);
}

/// A client whose SYN was sent again twice: its timer has fired so often and its timeout has doubled as often.
fn after_two_retransmissions(world: &mut FakeWorld) {
    let timer = Timer { kind: TimerKind::Retransmit, fires_at: Duration::from_secs(7), fired: 2 };
    world.sockets[0].timer = Some(timer);
    world.sockets[0].info = Some(TcpInfo { rto: Some(Duration::from_secs(4)), ..TcpInfo::default() });
}

#[test]
fn a_claim_on_a_timer_may_count_and_know_the_timeout() {
    let claim = |terms: &str| format!("{{ timer = {{ socket = \"client\", {terms} }} }}");
    for (terms, holds, actual) in [
        (r#"kind = "retransmit", fired = 2"#, true, "timer of client: retransmit fired=2"),
        (r#"fired = ">=1", rto_ms = 4000"#, true, "timer of client: fired=2 rto_ms=4000"),
        (r#"rto_ms = ">=2000""#, true, "timer of client: rto_ms=4000"),
        (r#"fired = 1"#, false, "timer of client: fired=2"),
        (r#"fired = ">=3""#, false, "timer of client: fired=2"),
        (r#"kind = "keepalive", fired = 2"#, false, "timer of client: retransmit fired=2"),
        (r#"rto_ms = 2000"#, false, "timer of client: rto_ms=4000"),
    ] {
        let (mut runner, mut world, _) = with_syn(&[step("look", &format!("expect = [{}]", claim(terms)))]);
        after_two_retransmissions(&mut world);
        go(&mut runner, &mut world, Command::Next);
        world.wait(&mut runner);
        let found = &claims(&runner)[0];
        assert_eq!((found.0, found.1.split(" / ").nth(1)), (holds, Some(actual)), "{terms}");
    }
}

#[test]
fn without_a_timer_there_is_nothing_to_count() {
    let expect =
        r#"expect = [{ timer = { socket = "client", fired = 0 } }, { timer = { socket = "client", rto_ms = 1000 } }]"#;
    let (mut runner, mut world, _) = with_syn(&[step("look", expect)]);
    go(&mut runner, &mut world, Command::Next);
    world.wait(&mut runner);
    let found: Vec<String> = claims(&runner).into_iter().map(|(_, text)| text).collect();
    assert!(found[0].ends_with("/ timer of client: none"), "{found:?}");
    assert!(found[1].ends_with("/ timer of client: rto_ms=none"), "{found:?}");
}

#[test]
fn a_question_may_be_answered_by_a_timer() {
    for (measure, right) in [("fired", 1), ("rto", 2)] {
        let ask = format!(
            "[step.ask]\nquestion = {{ en = \"q\", zh = \"q\" }}\n{measure} = {{ socket = \"client\" }}\nchoices = [\"1\", \"2\", \"4000\"]"
        );
        let (mut runner, mut world, _) = with_syn(&[step("look", &ask)]);
        after_two_retransmissions(&mut world);
        go(&mut runner, &mut world, Command::Next);
        go(&mut runner, &mut world, Command::Predict(right));
        let (_, answer) = runner.trace().present().verdicts(2);
        assert_eq!(answer.map(|answer| answer.right), Some(Some(right)), "{measure}");
    }
}

/// Lets the time go on until the step is over, with a timer that fires at these seconds, one after the other, and is
/// then still set to the last one. When it was over.
fn end_of_wait(runner: &mut Runner, world: &mut FakeWorld, fires: &[u64]) -> Duration {
    while *runner.phase() == Phase::Busy {
        let next = fires.iter().map(|at| Duration::from_secs(*at)).find(|at| *at > world.now);
        world.sockets[0] = retransmitting(world.sockets[0].clone(), next.unwrap_or(world.now));
        world.now = world.now.max(runner.wake_at().expect("a busy runner waits for some time"));
        runner.tick(world.now);
        world.serve(runner);
    }
    world.now
}

#[test]
fn a_step_waits_for_so_many_firings_of_a_timer_and_no_more() {
    // A claim that never becomes true: the step ends when the last firing it waits for is over, and patience with it.
    let claim = r#"expect = [{ returns = { side = "client", call = "connect", error = "ETIMEDOUT" } }]"#;
    for (times, over) in [("", 1), ("times = 2\n", 3), ("times = 3\n", 7)] {
        let (mut runner, mut world, _) =
            with_syn(&[step("wait", &format!("waits_for = \"retransmit\"\n{times}{claim}"))]);
        world.sockets[0] = retransmitting(world.sockets[0].clone(), Duration::from_secs(1));
        go(&mut runner, &mut world, Command::Next);
        let end = end_of_wait(&mut runner, &mut world, &[1, 3, 7, 15]);
        let limit = Duration::from_secs(over) + Duration::from_millis(500);
        assert!(end >= limit && end < limit + Duration::from_millis(200), "{times:?}: {end:?}");
        assert_eq!(runner.verdict(), Verdict { held: 0, broken: 1 });
    }
}

#[test]
fn a_step_that_waits_for_a_timer_ends_when_its_claims_hold() {
    let claim = r#"expect = [{ segment = { from = "client", flags = ["SYN"], is = "held" } }]"#;
    let (mut runner, mut world, syn) = with_syn(&[step("wait", &format!("waits_for = \"retransmit\"\n{claim}"))]);
    world.when(Request::Drop(SegmentId(0)), [What::Event(Event::Dropped(SegmentId(0)))]);
    world.sockets[0] = retransmitting(world.sockets[0].clone(), Duration::from_secs(1));
    go(&mut runner, &mut world, Command::Drop(SegmentId(0)));
    go(&mut runner, &mut world, Command::Next);
    while world.now < Duration::from_secs(1) {
        world.now = runner.wake_at().expect("it waits");
        runner.tick(world.now);
        world.serve(&mut runner);
    }
    assert_eq!(*runner.phase(), Phase::Busy);
    held(1, &syn).into_iter().for_each(|what| world.tell(&mut runner, what));
    world.wait(&mut runner);
    assert!(world.now < Duration::from_millis(1400), "{:?}", world.now);
    assert_eq!(runner.verdict(), Verdict { held: 1, broken: 0 });
}

#[test]
fn only_steps_that_wait_long_are_left_out() {
    let idle = |seconds: u32| {
        let value = format!("option = \"TCP_KEEPIDLE\", value = {seconds}");
        step("idle", &format!("do.setsockopt = {{ socket = \"client\", {value} }}"))
    };
    for (steps, left_out) in [
        (vec![step("wait", "waits_for = \"retransmit\""), step("probe", "waits_for = \"probe\"")], vec![]),
        (vec![step("end", "waits_for = \"time-wait\"")], vec!["end"]),
        (vec![open_client(), step("alive", "waits_for = \"keepalive\"")], vec!["alive"]),
        (vec![open_client(), idle(1), step("alive", "waits_for = \"keepalive\"")], vec![]),
        (vec![open_client(), idle(60), step("alive", "waits_for = \"keepalive\"")], vec!["alive"]),
        (vec![open_client(), step("alive", "waits_for = \"keepalive\""), idle(1)], vec!["alive"]),
    ] {
        let runner = runner(&steps, Mode::Lab, Wire::Holds);
        assert_eq!(runner.left_out().map(|step| step.id.as_str()).collect::<Vec<_>>(), left_out);
        assert_eq!(runner.steps().len() + left_out.len(), steps.len());
    }
}
