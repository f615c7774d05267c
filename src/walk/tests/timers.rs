//! Claims, questions and waits on the kernel's timers.

use super::*;
use crate::model::{TcpInfo, Timer, TimerKind};

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
        go(&mut runner, &mut world, WalkCommand::Next);
        world.wait(&mut runner);
        let found = &claims(&runner)[0];
        assert_eq!((found.0, found.1.split(" / ").nth(1)), (holds, Some(actual)), "{terms}");
    }
}

#[test]
fn a_claim_of_the_first_seconds_is_passed_over_later() {
    let expect = r#"expect = [{ state = { socket = "client", is = "CLOSED" }, within = 5 }, { state = { socket = "client", is = "SYN_SENT" } }]"#;
    for (read_for, held, broken) in [(0, 1, 1), (4, 1, 1), (6, 1, 0)] {
        let (mut runner, mut world, _) = with_syn(&[step("look", expect)]);
        world.now += Duration::from_secs(read_for);
        go(&mut runner, &mut world, WalkCommand::Next);
        world.wait(&mut runner);
        assert_eq!(runner.verdict(), Verdict { held, broken }, "{read_for} s");
    }
}

#[test]
fn without_a_timer_there_is_nothing_to_count() {
    let expect =
        r#"expect = [{ timer = { socket = "client", fired = 0 } }, { timer = { socket = "client", rto_ms = 1000 } }]"#;
    let (mut runner, mut world, _) = with_syn(&[step("look", expect)]);
    go(&mut runner, &mut world, WalkCommand::Next);
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
        go(&mut runner, &mut world, WalkCommand::Next);
        go(&mut runner, &mut world, WalkCommand::Predict(right));
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
        go(&mut runner, &mut world, WalkCommand::Next);
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
    world.when(Request::Drop(SegmentId(0)), [HappeningKind::Event(Event::Dropped(SegmentId(0)))]);
    world.sockets[0] = retransmitting(world.sockets[0].clone(), Duration::from_secs(1));
    go(&mut runner, &mut world, WalkCommand::Drop(SegmentId(0)));
    go(&mut runner, &mut world, WalkCommand::Next);
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
fn a_pause_takes_its_time_and_its_claims_are_held_when_it_is_over() {
    let state =
        |is: &str| format!("do.pause = 2000\nexpect = [{{ state = {{ socket = \"client\", is = \"{is}\" }} }}]");
    for (is, over, wanted) in
        [("SYN_SENT", 2000, Verdict { held: 1, broken: 0 }), ("LISTEN", 2500, Verdict { held: 0, broken: 1 })]
    {
        let (mut runner, mut world, _) = with_syn(&[step("pause", &state(is))]);
        let began = world.now;
        go(&mut runner, &mut world, WalkCommand::Next);
        let (mut wakes, limit) = (0, Duration::from_millis(over));
        while *runner.phase() == Phase::Busy {
            world.now = runner.wake_at().expect("it waits");
            runner.tick(world.now);
            world.serve(&mut runner);
            wakes += 1;
        }
        let took = world.now - began;
        assert!(took >= limit && took < limit + Duration::from_millis(150), "{is}: {took:?}");
        // Nobody looks again and again while it lasts.
        assert!(wakes < 20, "{is}: {wakes}");
        assert_eq!(runner.verdict(), wanted);
    }
}

/// Claims that hold already say something only once the timer has run out.
#[test]
fn what_holds_already_is_said_once_the_timer_has_run_out() {
    let claim = r#"expect = [{ state = { socket = "client", is = "SYN_SENT" } }]"#;
    for rest in [claim, ""] {
        for (times, over) in [("", 1), ("times = 2\n", 3)] {
            let (mut runner, mut world, _) =
                with_syn(&[step("wait", &format!("waits_for = \"retransmit\"\n{times}{rest}"))]);
            world.sockets[0] = retransmitting(world.sockets[0].clone(), Duration::from_secs(1));
            go(&mut runner, &mut world, WalkCommand::Next);
            let end = end_of_wait(&mut runner, &mut world, &[1, 3, 7, 15]);
            assert!(end.abs_diff(Duration::from_secs(over)) < Duration::from_millis(250), "{times:?}: {end:?}");
            assert_eq!(runner.verdict().broken, 0);
        }
        // No such timer runs: it waits in vain, and the step says nothing.
        let (mut runner, mut world, _) = with_syn(&[step("wait", &format!("waits_for = \"retransmit\"\n{rest}"))]);
        go(&mut runner, &mut world, WalkCommand::Next);
        world.wait(&mut runner);
        let found = (false, "the step can be done / the retransmit timer did not fire".to_owned());
        assert!(claims(&runner).contains(&found), "{:?}", claims(&runner));
    }
}

/// One that ran before the step and was stopped is none that the step could wait for, whether it claims anything or not.
#[test]
fn a_timer_that_was_stopped_before_the_step_does_not_count() {
    for claim in ["", r#"expect = [{ state = { socket = "client", is = "SYN_SENT" } }]"#] {
        let wait = step("wait", &format!("waits_for = \"retransmit\"\n{claim}"));
        let (mut runner, mut world, _) = with_syn(&[step("look", ""), wait]);
        world.sockets[0] = retransmitting(world.sockets[0].clone(), Duration::from_secs(60));
        go(&mut runner, &mut world, WalkCommand::Next);
        world.sockets[0].timer = None;
        world.observes().into_iter().for_each(|what| world.tell(&mut runner, what));
        go(&mut runner, &mut world, WalkCommand::Next);
        world.wait(&mut runner);
        let said = claims(&runner);
        let wanted = (false, "the step can be done / the retransmit timer did not fire".to_owned());
        assert!(said.contains(&wanted), "{said:?}");
    }
}

/// A learner who reads on for longer than the timer takes isn't held up.
#[test]
fn a_timer_that_ran_out_while_the_learner_read_is_not_waited_for_again() {
    let wait = r#"waits_for = "retransmit"
expect = [{ state = { socket = "client", is = "SYN_SENT" } }]"#;
    let (mut runner, mut world, _) = with_syn(&[step("read", ""), step("wait", wait)]);
    world.sockets[0] = retransmitting(world.sockets[0].clone(), Duration::from_secs(1));
    go(&mut runner, &mut world, WalkCommand::Next);
    world.now = Duration::from_secs(30);
    world.sockets[0] = retransmitting(world.sockets[0].clone(), Duration::from_secs(31));
    go(&mut runner, &mut world, WalkCommand::Next);
    assert_eq!((runner.phase(), world.now.as_secs()), (&Phase::Finished, 30));
    assert_eq!(runner.verdict(), Verdict { held: 1, broken: 0 });
}

#[test]
fn only_steps_that_wait_long_are_left_out() {
    let set = |socket: &str, option: &str, seconds: u32| {
        let value = format!("option = \"{option}\", value = {seconds}");
        let id = format!("{}-{seconds}", option.to_ascii_lowercase().replace('_', "-"));
        step(&id, &format!("do.setsockopt = {{ socket = \"{socket}\", {value} }}"))
    };
    let ends = |kind: &str, name: &str| {
        let claim = format!("expect = [{{ state = {{ socket = \"{name}\", is = \"CLOSED\" }} }}]");
        step("end", &format!("waits_for = \"{kind}\"\n{claim}"))
    };
    let waits = |kind: &str| step("wait", &format!("waits_for = \"{kind}\""));
    let open_other = || step("other", r#"do.socket = { side = "client", name = "other" }"#);
    let sysctl =
        |name: &str, seconds: u32| step("lab", &format!("in = [\"lab\"]\ndo.sysctl = {{ {name} = {seconds} }}"));
    let (idle, interval) = (|seconds| set("client", "TCP_KEEPIDLE", seconds), || set("client", "TCP_KEEPINTVL", 1));
    let linger = |seconds| set("client", "TCP_LINGER2", seconds);
    let copied = || step("copied", r#"do.dup = { socket = "client", name = "copy" }"#);
    let keep = || set("client", "SO_KEEPALIVE", 1);
    for (steps, left_out) in [
        (vec![waits("retransmit"), step("probe", "waits_for = \"probe\"")], vec![]),
        // TIME_WAIT takes its minute whatever else is set.
        (vec![waits("time-wait")], vec!["wait"]),
        (vec![open_client(), linger(1), waits("time-wait")], vec!["wait"]),
        (vec![open_client(), linger(1), ends("time-wait", "client")], vec!["end"]),
        (vec![sysctl("tcp_fin_timeout", 1), waits("time-wait")], vec!["wait"]),
        // FIN_WAIT2 of a closed socket: its own time, else the lab's.
        (vec![waits("fin-wait-2")], vec!["wait"]),
        (vec![open_client(), linger(1), waits("fin-wait-2")], vec![]),
        (vec![open_client(), linger(60), waits("fin-wait-2")], vec!["wait"]),
        (vec![open_client(), linger(1), linger(60), waits("fin-wait-2")], vec!["wait"]),
        (vec![open_client(), linger(1), linger(0), waits("fin-wait-2")], vec!["wait"]),
        (vec![open_client(), idle(1), waits("fin-wait-2")], vec!["wait"]),
        (vec![sysctl("tcp_fin_timeout", 1), waits("fin-wait-2")], vec![]),
        (vec![sysctl("tcp_fin_timeout", 60), waits("fin-wait-2")], vec!["wait"]),
        (vec![open_client(), sysctl("tcp_fin_timeout", 1), linger(60), ends("fin-wait-2", "client")], vec!["end"]),
        (vec![open_client(), sysctl("tcp_fin_timeout", 60), linger(1), ends("fin-wait-2", "client")], vec![]),
        // Its own timer was set short, another one's was.
        (vec![open_client(), linger(1), ends("fin-wait-2", "client")], vec![]),
        (vec![open_client(), open_other(), linger(1), ends("fin-wait-2", "other")], vec!["end"]),
        // One socket has one set of options, by whichever of its descriptors' names, before it was copied or after.
        (vec![open_client(), linger(1), copied(), ends("fin-wait-2", "copy")], vec![]),
        (vec![open_client(), copied(), linger(1), ends("fin-wait-2", "copy")], vec![]),
        (vec![open_client(), copied(), set("copy", "TCP_LINGER2", 1), ends("fin-wait-2", "client")], vec![]),
        (
            vec![open_client(), linger(1), copied(), set("copy", "TCP_LINGER2", 0), ends("fin-wait-2", "client")],
            vec!["end"],
        ),
        (vec![open_client(), copied(), set("copy", "TCP_KEEPIDLE", 1), ends("keepalive", "client")], vec![]),
        // Keepalive, whether or not somebody still has the socket: after the silence, then at the interval of the probes.
        (vec![open_client(), waits("keepalive")], vec!["wait"]),
        (vec![open_client(), idle(1), waits("keepalive")], vec![]),
        (vec![open_client(), idle(60), waits("keepalive")], vec!["wait"]),
        (vec![open_client(), waits("keepalive"), idle(1)], vec!["wait"]),
        (vec![open_client(), linger(1), waits("keepalive")], vec!["wait"]),
        (vec![sysctl("tcp_keepalive_time", 1), waits("keepalive")], vec![]),
        (vec![open_client(), idle(1), step("twice", "waits_for = \"keepalive\"\ntimes = 2")], vec!["twice"]),
        (vec![open_client(), idle(1), interval(), step("twice", "waits_for = \"keepalive\"\ntimes = 2")], vec![]),
        (vec![open_client(), idle(1), waits("keepalive"), ends("keepalive", "client")], vec!["end"]),
        (vec![open_client(), idle(1), waits("keepalive"), keep(), ends("keepalive", "client")], vec![]),
        (vec![open_client(), idle(1), interval(), waits("keepalive"), ends("keepalive", "client")], vec![]),
    ] {
        let runner = runner(&steps, Mode::Lab, WireAbility::Holds);
        let found: Vec<_> = runner.left_out().map(|step| step.id.as_str()).collect();
        assert_eq!(found, left_out, "{}", steps.concat());
        assert_eq!(runner.steps().len() + left_out.len(), steps.len());
    }
}
