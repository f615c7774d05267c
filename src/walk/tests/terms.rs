//! What a lesson may say of calls and segments beyond the plain handshake.

use super::*;

#[test]
fn a_visible_pattern_of_bytes_is_sent() {
    let (mut runner, mut world) = lab(&[open_client(), step("send", r#"do.send = { socket = "client", bytes = 30 }"#)]);
    world.when(Request::Call(Side::Client.into(), SOCKET), returns(Side::Client, SOCKET, 5));
    go(&mut runner, &mut world, WalkCommand::Next);
    let call = Call::send(5, b"abcdefghijklmnopqrstuvwxyzabcd".to_vec());
    world.when(Request::Call(Side::Client.into(), call.clone()), returns(Side::Client, call, 30));
    go(&mut runner, &mut world, WalkCommand::Next);
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
    world.when(Request::Call(Side::Client.into(), SOCKET), returns(Side::Client, SOCKET, 5));
    go(&mut runner, &mut world, WalkCommand::Next);
    let call = Call::SetNonblocking { fd: 5, on: true };
    world.when(Request::Call(Side::Client.into(), call.clone()), returns(Side::Client, call, 0));
    go(&mut runner, &mut world, WalkCommand::Next);
    let in_progress = || {
        let entered = HappeningKind::Event(Event::Entered { caller: Side::Client.into(), call: connecting() });
        [entered, came_back(Side::Client, Err(crate::model::Errno(libc::EINPROGRESS)))]
    };
    // The side is in no call then: it can make the next one.
    for _ in 0..2 {
        world.when(Request::Call(Side::Client.into(), connecting()), in_progress());
        go(&mut runner, &mut world, WalkCommand::Next);
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
    world.when(Request::Call(Side::Server.into(), SOCKET), returns(Side::Server, SOCKET, 6));
    go(&mut runner, &mut world, WalkCommand::Next);
    // A reset takes the addresses from a socket, not from its segments.
    world.sockets[0] = socket(1, Side::Client, 5, State::Closed, None);
    go(&mut runner, &mut world, WalkCommand::Next);
    world.wait(&mut runner);
    let found: Vec<(bool, String)> = claims(&runner);
    assert_eq!(found.iter().map(|(held, _)| *held).collect::<Vec<_>>(), [true, true, true, false, false]);
    assert!(found[3].1.ends_with("/ client last sent SYN seq=j win=64240"), "{}", found[3].1);
    assert!(found[4].1.ends_with("/ client sent nothing on other"), "{}", found[4].1);
}
