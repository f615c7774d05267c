//! The runner, step by step, with the fake world.

mod by_hand;
mod tcp_info;
mod terms;
mod timers;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::fake::{FakeWorld, came_back, held, interrupted, retransmitting, returns, sleeps, socket};
use super::{Failure, HappeningKind, Phase, Request, Runner, Verdict, WalkCommand, WalkOptions, WireAbility};
use crate::lesson::parse;
use crate::model::{Call, Event, Mode, Returned, SegmentId, Side, Timer, TimerKind};
use crate::tcp::{Packet, State, testing::segment};

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

fn runner(steps: &[String], mode: Mode, wire: WireAbility) -> Runner {
    let text = format!("{HEAD}{}", steps.concat());
    let lesson = parse("test.toml", &text).unwrap_or_else(|error| panic!("{error}"));
    let patience = Duration::from_millis(500);
    Runner::new(Arc::new(lesson), WalkOptions { mode, wire, patience, port: None, timers: false })
}

fn lab(steps: &[String]) -> (Runner, FakeWorld) {
    (runner(steps, Mode::Lab, WireAbility::Holds), FakeWorld::new())
}

fn go(runner: &mut Runner, world: &mut FakeWorld, command: WalkCommand) {
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

const SOCKET: Call = Call::Socket { ipv6: false, udp: false };

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
fn with_syn(steps: &[String]) -> (Runner, FakeWorld, Packet) {
    let all: Vec<String> = [open_client(), connect("")].into_iter().chain(steps.iter().cloned()).collect();
    let (mut runner, mut world) = lab(&all);
    world.when(Request::Call(Side::Client.into(), SOCKET), returns(Side::Client, SOCKET, 5));
    go(&mut runner, &mut world, WalkCommand::Next);
    world.sockets = vec![socket(1, Side::Client, 5, State::SynSent, Some((address(40000), address(8000))))];
    let syn = segment(address(40000), address(8000), 1000, 0, &["SYN"], b"");
    let happens = sleeps(Side::Client, connecting()).into_iter().chain(held(0, &syn));
    world.when(Request::Call(Side::Client.into(), connecting()), happens);
    go(&mut runner, &mut world, WalkCommand::Next);
    assert_eq!(*runner.phase(), Phase::Ready);
    (runner, world, syn)
}

#[test]
fn a_step_asks_for_its_call_and_checks_its_claims_when_the_world_has_settled() {
    let expect = r#"expect = [{ returns = { side = "client", call = "socket", value = 5 } }, { state = { socket = "client", is = "CLOSED" } }]"#;
    let (mut runner, mut world) =
        lab(&[step("open", &format!("do.socket = {{ side = \"client\", name = \"client\" }}\n{expect}"))]);
    world.sockets = vec![socket(1, Side::Client, 5, State::Closed, None)];
    world.when(Request::Call(Side::Client.into(), SOCKET), returns(Side::Client, SOCKET, 5));
    go(&mut runner, &mut world, WalkCommand::Next);
    assert_eq!(*runner.phase(), Phase::Finished);
    assert_eq!(runner.verdict(), Verdict { held: 2, broken: 0 });
    assert!(world.all_was_asked());
}

/// The lab reads the clock before it takes what was asked for in the meantime: its word bears a time before that of the step.
#[test]
fn what_the_lab_says_of_a_step_stands_behind_it_in_time_too() {
    let (mut runner, mut world) = lab(&[open_client()]);
    let pressed = Duration::from_millis(5);
    world.now = pressed - Duration::from_micros(50);
    world.when(Request::Call(Side::Client.into(), SOCKET), returns(Side::Client, SOCKET, 5));
    runner.command(WalkCommand::Next, pressed);
    world.serve(&mut runner);
    let entries = runner.trace().entries();
    assert!(entries.len() > 2 && entries.iter().all(|entry| entry.at >= pressed), "{entries:?}");
    assert!(entries.is_sorted_by_key(|entry| entry.at), "{entries:?}");
}

#[test]
fn a_claim_may_take_its_time_but_not_more_than_patience() {
    let expect = r#"expect = [{ state = { socket = "client", is = "SYN_SENT" } }]"#;
    let (mut runner, mut world) = lab(&[open_client(), step("look", expect)]);
    world.sockets = vec![socket(1, Side::Client, 5, State::Closed, None)];
    world.when(Request::Call(Side::Client.into(), SOCKET), returns(Side::Client, SOCKET, 5));
    go(&mut runner, &mut world, WalkCommand::Next);
    let begun = world.now;
    go(&mut runner, &mut world, WalkCommand::Next);
    assert_eq!(*runner.phase(), Phase::Busy);
    world.wait(&mut runner);
    assert_eq!(claims(&runner), [(false, "client is SYN_SENT / client is CLOSED".to_owned())]);
    assert!(world.now >= begun + Duration::from_millis(500) && world.now < begun + Duration::from_millis(700));
}

/// The first claim that breaks is waited for as on a slow machine. After it the walk isn't its lesson's any more, and a further one
/// is waited for only as long as the kernel can still do something: until a timer that it tells of, or a delayed ACK.
#[test]
fn after_a_broken_claim_only_what_can_still_come_is_waited_for() {
    let expect = r#"expect = [{ state = { socket = "client", is = "SYN_SENT" } }]"#;
    let timer = |fires_at| Timer { kind: TimerKind::Retransmit, fires_at, fired: 0 };
    for (timer_after, least, most) in [(None, 200, 400), (Some(300), 500, 700), (Some(900), 200, 400)] {
        let (mut runner, mut world) = lab(&[open_client(), step("look", expect), step("again", expect)]);
        world.sockets = vec![socket(1, Side::Client, 5, State::Closed, None)];
        world.when(Request::Call(Side::Client.into(), SOCKET), returns(Side::Client, SOCKET, 5));
        go(&mut runner, &mut world, WalkCommand::Next);
        let begun = world.now;
        go(&mut runner, &mut world, WalkCommand::Next);
        world.wait(&mut runner);
        assert!(world.now >= begun + Duration::from_millis(500), "the first one");
        let begun = world.now;
        world.sockets[0].timer = timer_after.map(|ms| timer(begun + Duration::from_millis(ms)));
        go(&mut runner, &mut world, WalkCommand::Next);
        world.wait(&mut runner);
        let took = world.now - begun;
        assert_eq!((claims(&runner).len(), runner.verdict()), (2, Verdict { held: 0, broken: 2 }));
        let within = Duration::from_millis(least)..Duration::from_millis(most);
        assert!(within.contains(&took), "timer {timer_after:?}: {took:?}");
    }
}

#[test]
fn a_claim_that_becomes_true_late_holds() {
    let expect = r#"expect = [{ state = { socket = "client", is = "SYN_SENT" } }]"#;
    let (mut runner, mut world) = lab(&[open_client(), step("look", expect)]);
    world.sockets = vec![socket(1, Side::Client, 5, State::Closed, None)];
    world.when(Request::Call(Side::Client.into(), SOCKET), returns(Side::Client, SOCKET, 5));
    go(&mut runner, &mut world, WalkCommand::Next);
    go(&mut runner, &mut world, WalkCommand::Next);
    world.sockets[0].state = State::SynSent.into();
    world.wait(&mut runner);
    assert_eq!(runner.verdict(), Verdict { held: 1, broken: 0 });
}

#[test]
fn where_the_world_never_settles_what_is_known_decides() {
    let expect = r#"expect = [{ blocks = { side = "client", call = "connect" } }]"#;
    let (mut runner, mut world, _) = with_syn(&[step("look", expect)]);
    world.settles = false;
    go(&mut runner, &mut world, WalkCommand::Next);
    world.wait(&mut runner);
    assert_eq!(claims(&runner), [(true, "client sleeps in connect() / client sleeps in connect()".to_owned())]);
}

/// The running step doesn't end, however often its runner looks.
#[track_caller]
fn stays_busy_beyond_its_deadline(runner: &mut Runner, world: &mut FakeWorld) {
    for _ in 0..100 {
        world.now = runner.wake_at().expect("it looks again");
        runner.tick(world.now);
        world.serve(runner);
        assert_eq!(runner.phase(), &Phase::Busy);
    }
    assert!(world.now > Duration::from_secs(5), "{:?}", world.now);
}

#[test]
fn a_world_that_is_slow_to_settle_is_waited_for_beyond_the_steps_deadline() {
    let expect = r#"expect = [{ blocks = { side = "client", call = "connect" } }]"#;
    let (mut runner, mut world, _) = with_syn(&[step("look", expect)]);
    world.settles = false;
    go(&mut runner, &mut world, WalkCommand::Next);
    stays_busy_beyond_its_deadline(&mut runner, &mut world);
    world.tell(&mut runner, HappeningKind::Settled);
    assert_eq!(runner.phase(), &Phase::Finished);
    assert_eq!(runner.verdict(), Verdict { held: 1, broken: 0 });
}

#[test]
fn a_reply_goes_to_who_sent_the_datagram_that_was_received_last() {
    let receive = |id| step(id, "in = [\"lab\"]\ndo.recvfrom = { socket = \"client\", max = 9 }");
    let reply = step("reply", "in = [\"lab\"]\ndo.sendto = { socket = \"client\", to = \"sender\", received = true }");
    let udp = step("open", "in = [\"lab\"]\ndo.socket = { side = \"client\", name = \"client\", udp = true }");
    let (mut runner, mut world) = lab(&[udp, receive("one"), receive("two"), reply]);
    let socket = Call::Socket { ipv6: false, udp: true };
    world.when(Request::Call(Side::Client.into(), socket.clone()), returns(Side::Client, socket, 5));
    go(&mut runner, &mut world, WalkCommand::Next);
    let call = Call::recv_from(5, 9);
    for (port, data) in [(1000, b"first".to_vec()), (2000, b"second".to_vec())] {
        let (value, peer) = (data.len() as i64, Some(address(port)));
        let came = came_back(Side::Client, Ok(Returned { value, data, peer, ..Returned::default() }));
        let entered = HappeningKind::Event(Event::Entered { caller: Side::Client.into(), call: call.clone() });
        world.when(Request::Call(Side::Client.into(), call.clone()), [entered, came]);
        go(&mut runner, &mut world, WalkCommand::Next);
    }
    let call = Call::send_to(5, b"second".to_vec(), address(2000));
    world.when(Request::Call(Side::Client.into(), call.clone()), returns(Side::Client, call, 6));
    go(&mut runner, &mut world, WalkCommand::Next);
    assert!(world.all_was_asked());
}

#[test]
fn a_prediction_is_graded_by_what_the_kernel_did() {
    let ask = "[step.ask]\nquestion = { en = \"q\", zh = \"q\" }\nstate = { socket = \"client\" }\nchoices = [\"CLOSED\", \"SYN_SENT\"]";
    for (command, chosen) in [(WalkCommand::Predict(0), Some(0)), (WalkCommand::Next, None)] {
        let (mut runner, mut world) = lab(&[open_client(), connect(ask)]);
        world.sockets = vec![socket(1, Side::Client, 5, State::SynSent, None)];
        world.when(Request::Call(Side::Client.into(), SOCKET), returns(Side::Client, SOCKET, 5));
        go(&mut runner, &mut world, WalkCommand::Next);
        go(&mut runner, &mut world, WalkCommand::Next);
        assert_eq!(*runner.phase(), Phase::Asking);
        go(&mut runner, &mut world, WalkCommand::Predict(2));
        assert_eq!(*runner.phase(), Phase::Asking, "there is no third answer");
        world.when(Request::Call(Side::Client.into(), connecting()), sleeps(Side::Client, connecting()));
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
        (WalkCommand::Line("a\x1b[31m\nb".into()), "a[31mb\n".to_owned()),
        (WalkCommand::Next, "hello\n".to_owned()),
        (WalkCommand::Line(String::new()), "\n".to_owned()),
        (WalkCommand::Line(long.clone()), format!("{}\n", "é".repeat(500))),
    ] {
        let (mut runner, mut world) = lab(&[open_client(), send.clone()]);
        world.when(Request::Call(Side::Client.into(), SOCKET), returns(Side::Client, SOCKET, 5));
        go(&mut runner, &mut world, WalkCommand::Next);
        go(&mut runner, &mut world, WalkCommand::Next);
        assert_eq!(*runner.phase(), Phase::Typing("hello".into()));
        let call = Call::send(5, sent.clone().into_bytes());
        let value = sent.len() as i64;
        world.when(Request::Call(Side::Client.into(), call.clone()), returns(Side::Client, call, value));
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
    world.when(Request::Deliver(SegmentId(0)), [HappeningKind::Event(Event::Delivered(SegmentId(0)))]);
    go(&mut runner, &mut world, WalkCommand::Next);
    assert_eq!(runner.verdict(), Verdict { held: 1, broken: 0 });
}

/// A machine may be so busy that what a step lets go comes after its deadline, while the world is still waited for.
#[test]
fn what_came_while_the_world_was_waited_for_is_still_acted_on() {
    let (mut runner, mut world) = lab(&[open_client(), connect(""), deliver_syn()]);
    world.when(Request::Call(Side::Client.into(), SOCKET), returns(Side::Client, SOCKET, 5));
    go(&mut runner, &mut world, WalkCommand::Next);
    world.sockets = vec![socket(1, Side::Client, 5, State::SynSent, Some((address(40000), address(8000))))];
    world.when(Request::Call(Side::Client.into(), connecting()), sleeps(Side::Client, connecting()));
    go(&mut runner, &mut world, WalkCommand::Next);
    world.settles = false;
    go(&mut runner, &mut world, WalkCommand::Next);
    stays_busy_beyond_its_deadline(&mut runner, &mut world);
    let syn = segment(address(40000), address(8000), 1000, 0, &["SYN"], b"");
    held(0, &syn).into_iter().for_each(|what| world.tell(&mut runner, what));
    world.when(Request::Deliver(SegmentId(0)), [HappeningKind::Event(Event::Delivered(SegmentId(0)))]);
    world.settles = true;
    world.tell(&mut runner, HappeningKind::Settled);
    // The runner is told the time late.
    world.now += Duration::from_secs(1);
    world.wait(&mut runner);
    assert_eq!((runner.verdict(), runner.phase()), (Verdict { held: 1, broken: 0 }, &Phase::Finished));
}

#[test]
fn delivering_the_segment_that_the_next_step_means_is_that_step() {
    let (mut runner, mut world, _) = with_syn(&[deliver_syn()]);
    world.when(Request::Deliver(SegmentId(0)), [HappeningKind::Event(Event::Delivered(SegmentId(0)))]);
    go(&mut runner, &mut world, WalkCommand::Deliver(SegmentId(0)));
    assert_eq!((runner.verdict(), runner.phase()), (Verdict { held: 1, broken: 0 }, &Phase::Finished));
}

#[test]
fn a_dropped_segment_is_waited_for_as_long_as_its_senders_timer_runs() {
    let (mut runner, mut world, syn) = with_syn(&[deliver_syn()]);
    world.when(Request::Drop(SegmentId(0)), [HappeningKind::Event(Event::Dropped(SegmentId(0)))]);
    world.sockets[0] = retransmitting(world.sockets[0].clone(), Duration::from_secs(4));
    go(&mut runner, &mut world, WalkCommand::Drop(SegmentId(0)));
    assert_eq!(*runner.phase(), Phase::Ready, "the learner's own doing is no step");
    go(&mut runner, &mut world, WalkCommand::Next);
    for _ in 0..40 {
        world.now = runner.wake_at().expect("it waits");
        runner.tick(world.now);
        world.serve(&mut runner);
    }
    assert!(world.now > Duration::from_secs(2) && *runner.phase() == Phase::Busy, "longer than patience");
    held(1, &syn).into_iter().for_each(|what| world.tell(&mut runner, what));
    world.when(Request::Deliver(SegmentId(1)), [HappeningKind::Event(Event::Delivered(SegmentId(1)))]);
    world.wait(&mut runner);
    assert_eq!(runner.verdict(), Verdict { held: 1, broken: 0 });
}

#[test]
fn a_segment_that_nobody_will_send_again_is_not_waited_for() {
    let (mut runner, mut world, _) = with_syn(&[deliver_syn()]);
    world.when(Request::Drop(SegmentId(0)), [HappeningKind::Event(Event::Dropped(SegmentId(0)))]);
    go(&mut runner, &mut world, WalkCommand::Drop(SegmentId(0)));
    go(&mut runner, &mut world, WalkCommand::Next);
    world.wait(&mut runner);
    let broken = claims(&runner).into_iter().filter(|(held, _)| !held).map(|(_, text)| text).collect::<Vec<_>>();
    assert_eq!(broken[0], "the step can be done / no SYN of the client waits");
}

#[test]
fn an_interrupted_call_is_made_again_before_the_lesson_goes_on() {
    let expect = r#"expect = [{ blocks = { side = "client", call = "connect" } }]"#;
    let (mut runner, mut world, _) = with_syn(&[step("look", expect)]);
    world.when(Request::Interrupt(Side::Client.into(), 0), [interrupted(Side::Client)]);
    go(&mut runner, &mut world, WalkCommand::Interrupt(Side::Client.into()));
    assert_eq!(runner.interrupted(), [Side::Client]);
    world.when(Request::Call(Side::Client.into(), connecting()), sleeps(Side::Client, connecting()));
    go(&mut runner, &mut world, WalkCommand::Next);
    assert_eq!((runner.interrupted().len(), runner.next_step().map(|(n, _)| n)), (0, Some(2)));
    go(&mut runner, &mut world, WalkCommand::Next);
    assert_eq!(runner.verdict(), Verdict { held: 1, broken: 0 });
}

#[test]
fn a_side_that_sleeps_can_make_no_other_call() {
    let (mut runner, mut world, _) = with_syn(&[step("close", r#"do.close = { socket = "client" }"#)]);
    go(&mut runner, &mut world, WalkCommand::Next);
    world.wait(&mut runner);
    assert_eq!(claims(&runner), [(false, "the step can be done / client sleeps in connect()".to_owned())]);
}

#[test]
fn received_bytes_can_be_sent_back() {
    let recv = step("recv", r#"do.recv = { socket = "client", max = 64 }"#);
    let send = step("send", r#"do.send = { socket = "client", received = true }"#);
    let (mut runner, mut world) = lab(&[open_client(), recv, send]);
    world.when(Request::Call(Side::Client.into(), SOCKET), returns(Side::Client, SOCKET, 5));
    go(&mut runner, &mut world, WalkCommand::Next);
    let call = Call::recv(5, 64);
    let entered = HappeningKind::Event(Event::Entered { caller: Side::Client.into(), call: call.clone() });
    let returned = Returned { value: 3, data: b"abc".to_vec(), peer: None, ..Returned::default() };
    world.when(Request::Call(Side::Client.into(), call), [entered, came_back(Side::Client, Ok(returned))]);
    go(&mut runner, &mut world, WalkCommand::Next);
    let call = Call::send(5, b"abc".to_vec());
    world.when(Request::Call(Side::Client.into(), call.clone()), returns(Side::Client, call, 3));
    go(&mut runner, &mut world, WalkCommand::Next);
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
    assert_eq!(sockets, [(State::SynSent.into(), false)]);
    assert_eq!(world.observes(), [], "nothing new");
    world.sockets.clear();
    let gone = world.observes();
    gone.into_iter().for_each(|what| world.tell(&mut runner, what));
    assert_eq!(sockets.len(), 1);
    assert_eq!(states(&runner), (vec![(State::Closed.into(), true)], entries + 1));
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
    let mut blind = runner(&steps, Mode::Host, WireAbility::Blind);
    assert_eq!(blind.steps(), [1]);
    assert_eq!(blind.left_out().map(|step| step.id.as_str()).collect::<Vec<_>>(), ["c"]);
    let mut world = FakeWorld::new();
    go(&mut blind, &mut world, WalkCommand::Next);
    assert_eq!((blind.verdict(), blind.phase()), (Verdict::default(), &Phase::Finished), "nobody can see segments");
    let mut watching = runner(&steps, Mode::Host, WireAbility::Watches);
    go(&mut watching, &mut world, WalkCommand::Next);
    world.wait(&mut watching);
    assert_eq!(watching.verdict(), Verdict { held: 0, broken: 1 });
}

#[test]
fn a_world_that_fails_ends_the_walk() {
    let (mut runner, mut world, _) = with_syn(&[step("look", "")]);
    world.tell(&mut runner, HappeningKind::Failed(Failure::CaptureLost(3)));
    assert_eq!(*runner.phase(), Phase::Failed(Failure::CaptureLost(3)));
    go(&mut runner, &mut world, WalkCommand::Next);
    go(&mut runner, &mut world, WalkCommand::Deliver(SegmentId(0)));
    assert!(world.all_was_asked());
}

#[test]
fn a_segment_stays_its_senders_when_the_socket_has_lost_its_address() {
    let expect = r#"expect = [{ segment = { from = "client", flags = ["SYN"], seq = "j", is = "held" } }]"#;
    let (mut runner, mut world, _) = with_syn(&[step("look", expect)]);
    world.sockets = vec![socket(1, Side::Client, 5, State::Closed, None)];
    go(&mut runner, &mut world, WalkCommand::Next);
    assert_eq!(runner.verdict(), Verdict { held: 1, broken: 0 });
}

#[test]
fn an_offered_answer_may_be_the_length_of_the_line() {
    let ask = "[step.ask]\nquestion = { en = \"q\", zh = \"q\" }\nreturned = { side = \"client\" }\nchoices = [\"0\", \"line\"]";
    let send = step("send", &format!("do.send = {{ socket = \"client\", line = \"hi\" }}\n{ask}"));
    let (mut runner, mut world) = lab(&[open_client(), send]);
    world.when(Request::Call(Side::Client.into(), SOCKET), returns(Side::Client, SOCKET, 5));
    go(&mut runner, &mut world, WalkCommand::Next);
    go(&mut runner, &mut world, WalkCommand::Next);
    go(&mut runner, &mut world, WalkCommand::Predict(1));
    let call = Call::send(5, b"hi\n".to_vec());
    world.when(Request::Call(Side::Client.into(), call.clone()), returns(Side::Client, call, 3));
    go(&mut runner, &mut world, WalkCommand::Next);
    let (_, answer) = runner.trace().present().verdicts(1);
    assert_eq!(answer.map(|answer| (answer.chosen, answer.right)), Some((Some(1), Some(1))));
}

/// A machine may be too busy to begin a call within a step's patience: the newest one of its name is another step's then.
#[test]
fn a_step_does_not_end_before_its_own_call_returned_or_sleeps() {
    let set = |id| {
        let call = "do.setsockopt = { socket = \"client\", option = \"SO_REUSEADDR\", value = 1 }";
        step(
            id,
            &format!("{call}\nexpect = [{{ returns = {{ side = \"client\", call = \"setsockopt\", value = 0 }} }}]"),
        )
    };
    let call =
        || Call::SetOption { fd: 5, option: crate::model::SocketOption::by_name("SO_REUSEADDR").unwrap(), value: 1 };
    let (mut runner, mut world) = lab(&[open_client(), set("one"), set("two")]);
    world.when(Request::Call(Side::Client.into(), SOCKET), returns(Side::Client, SOCKET, 5));
    go(&mut runner, &mut world, WalkCommand::Next);
    world.when(Request::Call(Side::Client.into(), call()), returns(Side::Client, call(), 0));
    go(&mut runner, &mut world, WalkCommand::Next);
    // The second one isn't begun for long.
    world.when(Request::Call(Side::Client.into(), call()), []);
    world.settles = false;
    go(&mut runner, &mut world, WalkCommand::Next);
    stays_busy_beyond_its_deadline(&mut runner, &mut world);
    returns(Side::Client, call(), 7).into_iter().for_each(|what| world.tell(&mut runner, what));
    world.wait(&mut runner);
    assert_eq!(runner.verdict(), Verdict { held: 1, broken: 1 });
}
