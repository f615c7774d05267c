//! What the learner does beside the lesson, and what the lesson then still says.

use super::*;
use crate::model::{Actor, Caller, HandAction, SideProcess, TcpInfo, Timer, TimerKind};

/// A step that says of the client's SYN what became of it.
fn syn_is(id: &str, action: &str, is: &str) -> String {
    let expect =
        format!("expect = [{{ segment = {{ from = \"client\", flags = [\"SYN\"], seq = \"j\", is = \"{is}\" }} }}]");
    step(id, &format!("in = [\"lab\"]\n{action}\n{expect}"))
}

const DELIVER: &str = "do.deliver = { from = \"client\", flags = [\"SYN\"], seq = \"j\" }";
const DROP: &str = "do.drop = { from = \"client\", flags = [\"SYN\"], seq = \"j\" }";

fn dropped(id: u32) -> [HappeningKind; 1] {
    [HappeningKind::Event(Event::Dropped(SegmentId(id)))]
}

/// A walk that has come to a step which says that the SYN waits.
fn waiting(steps: &[String]) -> (Runner, FakeWorld, Packet) {
    let all: Vec<String> = [syn_is("look", "", "held")].into_iter().chain(steps.iter().cloned()).collect();
    let (mut runner, mut world, syn) = with_syn(&all);
    go(&mut runner, &mut world, WalkCommand::Next);
    assert_eq!((runner.verdict(), runner.trace().present().diverged()), (Verdict { held: 1, broken: 0 }, None));
    (runner, world, syn)
}

#[test]
fn what_was_dropped_breaks_the_claims_of_the_step_that_is_shown_and_its_next_copy_mends_them() {
    let (mut runner, mut world, syn) = waiting(&[]);
    world.when(Request::Drop(SegmentId(0)), dropped(0));
    go(&mut runner, &mut world, WalkCommand::Drop(SegmentId(0)));
    let view = runner.trace().present();
    assert_eq!((view.diverged(), view.diverged_by()), (Some(2), Some(HandAction::Drop(SegmentId(0)))));
    assert_eq!(runner.verdict(), Verdict { held: 0, broken: 1 });
    held(1, &syn).into_iter().for_each(|what| world.tell(&mut runner, what));
    world.serve(&mut runner);
    assert_eq!((runner.trace().present().diverged(), runner.verdict()), (None, Verdict { held: 1, broken: 0 }));
}

/// What the learner does breaks what it has changed, not what a timer has changed while they read.
#[test]
fn what_time_alone_has_changed_is_not_told_as_what_the_learner_did() {
    let timer = |terms: &str| format!("{{ timer = {{ socket = \"client\", {terms} }} }}");
    let claims = [
        timer("kind = \"retransmit\", fired = 0, rto_ms = 1000"),
        timer("fired = 0"),
        "{ info = { socket = \"client\", backoff = 0 } }".to_owned(),
        "{ state = { socket = \"client\", is = \"SYN_SENT\" }, within = 50 }".to_owned(),
    ];
    let look = step("look", &format!("in = [\"lab\"]\nexpect = [{}]", claims.join(", ")));
    for (runs_on, broken) in [(true, 0), (false, 1)] {
        let (mut runner, mut world, _) = with_syn(&[look.clone(), step("last", "")]);
        let retransmits = |seconds, fired, backoff| {
            let timer = Timer { kind: TimerKind::Retransmit, fires_at: Duration::from_secs(seconds), fired };
            let rto = Some(Duration::from_secs(1u64 << backoff));
            (Some(timer), Some(TcpInfo { rto, backoff: Some(backoff), ..TcpInfo::default() }))
        };
        (world.sockets[0].timer, world.sockets[0].info) = retransmits(1, 0, 0);
        go(&mut runner, &mut world, WalkCommand::Next);
        assert_eq!(runner.verdict(), Verdict { held: 4, broken: 0 });
        world.now = Duration::from_secs(100);
        (world.sockets[0].timer, world.sockets[0].info) = retransmits(163, 6, 6);
        world.sockets[0].state = State::Closed.into();
        if !runs_on {
            world.sockets[0].timer = None;
        }
        let own = Call::GetSockName { fd: 5 };
        world.when(Request::Call(Side::Client.into(), own.clone()), returns(Side::Client, own.clone(), 0));
        go(&mut runner, &mut world, WalkCommand::Call(Side::Client.into(), own));
        assert_eq!(runner.verdict(), Verdict { held: 4 - broken, broken }, "{runs_on}");
        assert_eq!(runner.trace().present().diverged().is_some(), !runs_on);
    }
}

/// A socket that the step says is CLOSED is there: one that the learner took away is none, though it has no other state.
#[test]
fn a_socket_that_was_taken_away_is_no_closed_one() {
    let look = step("look", r#"expect = [{ state = { socket = "client", is = "CLOSED" } }]"#);
    for takes in [true, false] {
        let (mut runner, mut world, _) = with_syn(&[look.clone(), step("last", "")]);
        world.sockets[0].state = State::Closed.into();
        go(&mut runner, &mut world, WalkCommand::Next);
        assert_eq!(runner.verdict(), Verdict { held: 1, broken: 0 });
        if takes {
            world.sockets.clear();
        }
        // What comes after it doesn't bring the socket back.
        for own in [Call::Close { fd: 5 }, Call::Close { fd: 9 }] {
            world.when(Request::Call(Side::Client.into(), own.clone()), returns(Side::Client, own.clone(), 0));
            go(&mut runner, &mut world, WalkCommand::Call(Side::Client.into(), own));
            let broken = usize::from(takes);
            assert_eq!(runner.verdict(), Verdict { held: 1 - broken, broken });
            assert_eq!(runner.trace().present().diverged().is_some(), takes);
        }
    }
}

#[test]
fn a_command_waits_until_it_is_known_what_came_of_what_was_done_by_hand() {
    for settles in [true, false] {
        let (mut runner, mut world, _) = waiting(&[step("last", "")]);
        runner.command(WalkCommand::Drop(SegmentId(0)), world.now);
        runner.command(WalkCommand::Next, world.now);
        assert_eq!(*runner.phase(), Phase::Ready, "it isn't known yet");
        world.settles = settles;
        world.when(Request::Drop(SegmentId(0)), dropped(0));
        world.serve(&mut runner);
        if !settles {
            world.now = runner.wake_at().expect("it doesn't wait for ever");
            world.settles = true;
            runner.tick(world.now);
            world.serve(&mut runner);
        }
        assert_eq!(*runner.phase(), Phase::Finished);
        assert_eq!(runner.trace().present().diverged(), Some(2));
    }
}

#[test]
fn an_answer_to_an_earlier_wish_to_settle_is_none_to_the_running_steps() {
    let claim = r#"expect = [{ state = { socket = "client", is = "SYN_SENT" } }]"#;
    let (mut runner, mut world, syn) = waiting(&[step("last", claim)]);
    world.when(Request::Drop(SegmentId(0)), dropped(0));
    world.settles = false;
    runner.command(WalkCommand::Drop(SegmentId(0)), world.now);
    world.serve(&mut runner);
    // Something moves on the wire by itself: whatever comes of that is to be known too.
    held(1, &syn).into_iter().for_each(|what| world.tell(&mut runner, what));
    world.serve(&mut runner);
    let settled =
        |runner: &mut Runner| runner.happened(crate::walk::Happening { at: world.now, what: HappeningKind::Settled });
    settled(&mut runner);
    runner.command(WalkCommand::Next, world.now);
    assert_eq!(runner.trace().present().step().map(|(step, _)| step), Some(2), "it isn't known yet");
    // That it was to be dropped, and was; the copy that was seen, and that it waits: a wish for each.
    (0..3).for_each(|_| settled(&mut runner));
    assert_eq!(runner.phase(), &Phase::Busy);
    let answers = std::iter::from_fn(|| runner.take_request()).filter(|asked| *asked == Request::Settle).count();
    assert_eq!(
        (answers, claims(&runner).len()),
        (1, 1),
        "the step's own wish is unanswered, and its claim isn't checked"
    );
    settled(&mut runner);
    assert_eq!(runner.phase(), &Phase::Finished);
}

#[test]
fn what_was_done_by_hand_before_its_step_is_found_by_it() {
    for (action, command, request, what) in [
        (DELIVER, WalkCommand::Deliver(SegmentId(0)), Request::Deliver(SegmentId(0)), Event::Delivered(SegmentId(0))),
        (DROP, WalkCommand::Drop(SegmentId(0)), Request::Drop(SegmentId(0)), Event::Dropped(SegmentId(0))),
    ] {
        let is = if action == DELIVER { "delivered" } else { "dropped" };
        let (mut runner, mut world, _) = with_syn(&[step("between", ""), syn_is("do", action, is)]);
        world.when(request, [HappeningKind::Event(what)]);
        go(&mut runner, &mut world, command);
        go(&mut runner, &mut world, WalkCommand::Next);
        go(&mut runner, &mut world, WalkCommand::Next);
        assert_eq!((runner.verdict(), runner.phase()), (Verdict { held: 1, broken: 0 }, &Phase::Finished), "{is}");
        assert_eq!(runner.trace().present().diverged(), None);
    }
}

#[test]
fn dropping_the_segment_that_the_next_step_drops_is_that_step() {
    let (mut runner, mut world, _) = with_syn(&[syn_is("drop", DROP, "dropped")]);
    world.when(Request::Drop(SegmentId(0)), dropped(0));
    go(&mut runner, &mut world, WalkCommand::Drop(SegmentId(0)));
    assert_eq!((runner.verdict(), runner.phase()), (Verdict { held: 1, broken: 0 }, &Phase::Finished));
}

#[test]
fn what_nobody_will_send_again_ends_its_step_at_once_and_no_question_is_asked_any_more() {
    let ask = "[step.ask]\nquestion = { en = \"q\", zh = \"q\" }\nstate = { socket = \"client\" }\nchoices = [\"CLOSED\", \"SYN_SENT\"]";
    let (mut runner, mut world, _) = with_syn(&[syn_is("do", DELIVER, "delivered"), step("asks", ask)]);
    world.when(Request::Drop(SegmentId(0)), dropped(0));
    go(&mut runner, &mut world, WalkCommand::Drop(SegmentId(0)));
    let begun = world.now;
    go(&mut runner, &mut world, WalkCommand::Next);
    world.wait(&mut runner);
    assert!(world.now < begun + Duration::from_millis(50), "patience is 500 ms");
    assert_eq!(runner.trace().present().diverged(), Some(2));
    go(&mut runner, &mut world, WalkCommand::Next);
    world.wait(&mut runner);
    assert_eq!(*runner.phase(), Phase::Finished);
    assert_eq!(runner.trace().present().verdicts(3).1, None);
}

#[test]
fn the_next_copy_mends_the_step_before_where_the_next_one_waited_for_it() {
    let (mut runner, mut world, syn) = waiting(&[syn_is("do", DELIVER, "delivered")]);
    world.sockets[0] = retransmitting(world.sockets[0].clone(), Duration::from_secs(1));
    world.when(Request::Drop(SegmentId(0)), dropped(0));
    go(&mut runner, &mut world, WalkCommand::Drop(SegmentId(0)));
    go(&mut runner, &mut world, WalkCommand::Next);
    assert_eq!((runner.phase(), runner.trace().present().diverged()), (&Phase::Busy, Some(2)));
    held(1, &syn).into_iter().for_each(|what| world.tell(&mut runner, what));
    world.when(Request::Deliver(SegmentId(1)), [HappeningKind::Event(Event::Delivered(SegmentId(1)))]);
    world.wait(&mut runner);
    assert_eq!((runner.trace().present().diverged(), runner.verdict()), (None, Verdict { held: 2, broken: 0 }));
}

#[test]
fn an_interrupted_call_is_no_longer_said_to_sleep_until_it_is_made_again() {
    let expect = r#"expect = [{ blocks = { side = "client", call = "connect" } }]"#;
    let (mut runner, mut world, _) = with_syn(&[step("look", expect)]);
    go(&mut runner, &mut world, WalkCommand::Next);
    world.when(Request::Interrupt(Side::Client.into(), 0), [interrupted(Side::Client)]);
    go(&mut runner, &mut world, WalkCommand::Interrupt(Side::Client.into()));
    let view = runner.trace().present();
    assert_eq!((view.diverged(), view.diverged_by()), (Some(2), Some(HandAction::Interrupt(Side::Client))));
}

fn returned(side: Side, value: i64) -> HappeningKind {
    let returned = Returned { value, ..Returned::default() };
    HappeningKind::Event(Event::Returned { caller: side.into(), outcome: Ok(returned) })
}

fn entered(side: Side, call: &Call) -> HappeningKind {
    HappeningKind::Event(Event::Entered { caller: side.into(), call: call.clone() })
}

/// What the learner's own call makes has no name in the lesson; where a side sleeps, or nobody makes the call, none is made.
#[test]
fn a_call_of_ones_own_is_beside_the_lessons() {
    let accepts = step("accept", "do.accept = { socket = \"listener\", name = \"conn\" }");
    let steps = [
        step("socket", "do.socket = { side = \"server\", name = \"listener\" }"),
        accepts,
        step("close", "do.close = { socket = \"conn\" }"),
    ];
    let (mut runner, mut world, _) = with_syn(&steps);
    let own = Call::Socket { ipv6: false, udp: false };
    let (made, accept) = (Call::Socket { ipv6: false, udp: false }, Call::Accept { fd: 3 });
    let ask = |call: &Call| Request::Call(Side::Server.into(), call.clone());
    world.when(ask(&made), [entered(Side::Server, &made), returned(Side::Server, 3)]);
    go(&mut runner, &mut world, WalkCommand::Next);
    // It is asked for, and makes 4: which is nothing of the lesson's.
    world.when(ask(&own), [entered(Side::Server, &own), returned(Side::Server, 4)]);
    go(&mut runner, &mut world, WalkCommand::Call(Side::Server.into(), own.clone()));
    let view = runner.trace().present();
    assert_eq!(view.newest_by_hand().map(|(_, hand)| hand), Some(HandAction::Call(Side::Server)));
    assert_eq!(view.left_at(), view.step().map(|(step, _)| step));
    // One that nobody makes: the lesson's next call is none of the learner's.
    world.when(ask(&own), [HappeningKind::Unmade(own.clone())]);
    go(&mut runner, &mut world, WalkCommand::Call(Side::Server.into(), own.clone()));
    assert_eq!(runner.unmade(), Some(&own));
    world.when(ask(&accept), [entered(Side::Server, &accept)]);
    runner.command(WalkCommand::Next, world.now);
    world.serve(&mut runner);
    // The side sleeps: nothing is asked for.
    go(&mut runner, &mut world, WalkCommand::Call(Side::Server.into(), own));
    world.tell(&mut runner, returned(Side::Server, 7));
    world.wait(&mut runner);
    let close = Call::Close { fd: 7 };
    world.when(ask(&close), [entered(Side::Server, &close), returned(Side::Server, 0)]);
    go(&mut runner, &mut world, WalkCommand::Next);
    assert_eq!(runner.phase(), &Phase::Finished);
}

/// A killed side makes no more calls, however many steps come out as they should meanwhile.
#[test]
fn a_walk_whose_side_was_killed_has_left_its_lessons_path_for_good() {
    let (mut runner, mut world, _) = with_syn(&[step("one", ""), step("two", ""), step("three", "")]);
    go(&mut runner, &mut world, WalkCommand::Next);
    let at = runner.trace().present().step().map(|(step, _)| step);
    world.when(Request::Kill(Side::Server.into()), [HappeningKind::Event(Event::Killed(Side::Server.into()))]);
    go(&mut runner, &mut world, WalkCommand::Kill(Side::Server.into()));
    for _ in 0..2 {
        assert_eq!(runner.trace().present().left_at(), at);
        go(&mut runner, &mut world, WalkCommand::Next);
    }
    assert_eq!(runner.trace().present().left_at(), at);
}

/// The call of a killed process comes to nothing any more: that it merely hasn't returned, or doesn't sleep, would be half of what is so.
#[test]
fn of_a_killed_process_it_is_said_that_it_was_killed() {
    for claim in [
        r#"blocks = { side = "client", call = "connect" }"#,
        r#"returns = { side = "client", call = "connect", value = 0 }"#,
    ] {
        let (mut runner, mut world, _) = with_syn(&[step("look", &format!("expect = [{{ {claim} }}]"))]);
        world.when(Request::Kill(Side::Client.into()), [HappeningKind::Event(Event::Killed(Side::Client.into()))]);
        go(&mut runner, &mut world, WalkCommand::Kill(Side::Client.into()));
        go(&mut runner, &mut world, WalkCommand::Next);
        world.wait(&mut runner);
        let said: Vec<String> = claims(&runner).into_iter().map(|(_, said)| said).collect();
        assert!(said.last().is_some_and(|said| said.ends_with(" / client was killed")), "{said:?}");
    }
}

/// A side's `fork()`, and the child that the lab makes of it.
fn forks(side: Side, child: u32) -> [HappeningKind; 2] {
    let outcome = Ok(Returned { value: 4000 + i64::from(child), child: Some(child), ..Returned::default() });
    [HappeningKind::Event(Event::Entered { caller: side.into(), call: Call::Fork }), came_back(side, outcome)]
}

/// The lab counts the learner's children too; a lesson's process 2 is the one that its own `fork` made, and is called as the screen calls it.
#[test]
fn a_lessons_child_is_that_of_its_own_fork() {
    let claim = r#"expect = [{ returns = { side = "server", call = "socket", value = 3, process = 2 } }]"#;
    let steps = [
        step("fork", r#"do.fork = { side = "server" }"#),
        step("open", &format!("do.socket = {{ side = \"server\", name = \"s\" }}\nprocess = 2\n{claim}")),
    ];
    for own in [false, true] {
        let (mut runner, mut world) = lab(&steps);
        let server = SideProcess::from(Side::Server);
        if own {
            world.when(Request::Call(server, Call::Fork), forks(Side::Server, 2));
            go(&mut runner, &mut world, WalkCommand::Call(Side::Server.into(), Call::Fork));
        }
        let child = Actor { side: Side::Server, nth: if own { 3 } else { 2 } };
        world.when(Request::Call(server, Call::Fork), forks(Side::Server, child.nth));
        go(&mut runner, &mut world, WalkCommand::Next);
        let caller = Caller { actor: child, worker: Caller::MAIN };
        let process = SideProcess { side: Side::Server, child: child.nth };
        let outcome = Ok(Returned { value: 3, ..Returned::default() });
        let happens = [Event::Entered { caller, call: SOCKET }, Event::Returned { caller, outcome }];
        world.when(Request::Call(process, SOCKET), happens.map(HappeningKind::Event));
        go(&mut runner, &mut world, WalkCommand::Next);
        let said = format!("process {}: server: socket() returns 3", child.nth);
        assert_eq!(claims(&runner), [(true, format!("{said} / {said}"))]);
        assert_eq!(runner.verdict(), Verdict { held: 1, broken: 0 });
    }
}

#[test]
fn a_step_of_a_child_that_no_fork_has_made_says_so_at_once() {
    let steps = [
        step("fork", r#"do.fork = { side = "server" }"#),
        step("open", "do.socket = { side = \"server\", name = \"s\" }\nprocess = 2"),
    ];
    let (mut runner, mut world) = lab(&steps);
    world.when(Request::Kill(Side::Server.into()), [HappeningKind::Event(Event::Killed(Side::Server.into()))]);
    go(&mut runner, &mut world, WalkCommand::Kill(Side::Server.into()));
    for _ in 0..2 {
        go(&mut runner, &mut world, WalkCommand::Next);
        world.wait(&mut runner);
    }
    let said =
        ["server was killed", "server has no process 2"].map(|why| (false, format!("the step can be done / {why}")));
    assert_eq!(claims(&runner), said);
    assert!(world.now < Duration::from_secs(2), "nothing is waited for: {:?}", world.now);
}

/// It says what was to be set, and where; and nothing is waited for that a refusal can't bring.
#[test]
fn a_setting_that_the_kernel_refuses_is_told_at_once_with_its_value_and_its_place() {
    let set = step("set", "in = [\"lab\"]\ndo.sysctl = { tcp_syn_retries = 200 }");
    let (mut runner, mut world, _) = with_syn(&[set]);
    let name = "net.ipv4.tcp_syn_retries".to_owned();
    let refused =
        crate::model::ChangedSetting { name, before: Some("6".into()), now: Err(crate::model::Errno(libc::EINVAL)) };
    let change = "tcp_syn_retries=200".parse().unwrap();
    world.when(
        Request::Kernel(crate::model::KernelChange::Sysctl(change)),
        [HappeningKind::Event(Event::Sysctl(Box::new(refused)))],
    );
    let begun = world.now;
    go(&mut runner, &mut world, WalkCommand::Next);
    assert_eq!(runner.phase(), &Phase::Finished);
    assert!(world.now - begun < Duration::from_millis(10), "it waited for {:?}", world.now - begun);
    let view = runner.trace().present();
    let step = view.diverged().unwrap();
    let (claims, _) = view.verdicts(step);
    let actual: Vec<String> = claims.iter().map(|claim| claim.actual.to_string()).collect();
    assert_eq!(actual, ["the kernel refuses net.ipv4.tcp_syn_retries = 200: EINVAL"]);
}
