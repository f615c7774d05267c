//! A window that runs a server and a client.

use super::made::server;
use super::*;
use crate::model::{
    Actor, Call, Caller, Event as Happened, Member, Mode, ProgramCall, Returned, Role, SegmentId, Side, Trace, testing,
};
use crate::tcp::State;
use crate::walk::{Free, FreeOptions, Purpose, WalkCommand, WireAbility};

/// The thread of the program that is started for a side, and plays this one's part.
fn thread(of: Side, plays: Side) -> Caller {
    Caller { actor: Actor { side: plays, nth: 1 + of as u32 }, worker: 0 }
}

/// A call of that program.
fn call(of: Side, name: &str, like: Option<Call>) -> Call {
    let (fd, process) = (Some(3), Some(70 + of as u32));
    Call::Program(Box::new(ProgramCall {
        process,
        name: name.into(),
        fd,
        internet: Some(true),
        like,
        ..ProgramCall::default()
    }))
}

/// One that has come back.
fn called(side: Side, name: &str, like: Option<Call>) -> [Happened; 2] {
    let caller = thread(side, side);
    let call = call(side, name, like);
    [Happened::Entered { caller, call }, Happened::Returned { caller, outcome: Ok(Returned::default()) }]
}

/// A window whose server has made calls up to this one, while a segment of the client waits.
fn window(server_calls: &[&str]) -> App {
    let purpose = Purpose::Drive(Vec::<Actor>::new());
    let (lab, wire) = (Some("main".to_owned()), WireAbility::Holds);
    let options = FreeOptions { purpose, server: server(), mode: Mode::Lab, wire, lab, lesson: None };
    let mut trace = Trace::default();
    let joined = |side: Side| {
        let role = Role::Runs(side.name().into());
        Happened::Joined(Member { number: 1 + side as u32, pid: 70 + side as u32, nth: 1 + side as u32, role })
    };
    let calls = server_calls.iter().flat_map(|name| {
        let like = (*name == "listen").then_some(Call::Listen { fd: 3, backlog: 8 });
        called(Side::Server, name, like)
    });
    let segment = made::segment(made::client(), "ACK", made::J + 6, made::K + 4, b"");
    let waits = [Happened::Sent { id: SegmentId(0), segment, again: None }, Happened::Held(SegmentId(0))];
    let events =
        Side::BOTH.map(joined).into_iter().chain(called(Side::Client, "socket", None)).chain(calls).chain(waits);
    for event in events {
        trace.push(secs(1.0), event);
    }
    let look = Appearance::new(Lang::EN, Theme::load(Choice::Dark, Colours::All).unwrap(), Glyphs::Unicode).unwrap();
    let mut app = App::new(Free::from_trace(options, trace).into(), look, 100, 30);
    app.shows_programs(Side::BOTH.map(|side| Console::new(side, side.name().into())).into());
    for side in Side::BOTH {
        update(&mut app, Msg::Program(side, console::ProgramCourse::Runs(70 + side as u32)), secs(2.0));
    }
    app
}

fn happens(app: &mut App, event: Happened) {
    let happening = Happening { at: secs(2.0), what: HappeningKind::Event(event) };
    update(app, Msg::World(0, vec![happening]), secs(2.0));
}

/// A server that asks twice a second whether somebody came does nothing new.
#[test]
fn waiting_again_and_again_pushes_away_nothing_that_is_told() {
    let mut app = window(&["socket", "bind", "listen"]);
    let caller = thread(Side::Server, Side::Server);
    let waits = |app: &mut App, value| {
        happens(app, Happened::Entered { caller, call: call(Side::Server, "poll", None) });
        happens(app, Happened::Blocked { caller });
        happens(app, Happened::Returned { caller, outcome: Ok(Returned { value, ..Returned::default() }) });
    };
    waits(&mut app, 0);
    happens(&mut app, Happened::Delivered(SegmentId(0)));
    let acted = |app: &App| app.walk().free().map(|free| free.acted());
    let delivered = acted(&app);
    let shown = |app: &App| text(app).contains("Delivered to 127.0.0.1:8000");
    assert!(shown(&app), "{}", text(&app));
    (0..3).for_each(|_| waits(&mut app, 0));
    assert!(shown(&app) && acted(&app) == delivered, "{}", text(&app));
    // Looking back by acts stops at none of them either.
    let back = super::super::free::next_act(&app, false);
    assert_eq!(back, delivered);
    // When something has come, that is news.
    waits(&mut app, 1);
    assert!(text(&app).contains("poll() = 1"), "{}", text(&app));
}

#[test]
fn without_output_it_is_said_whether_there_may_be_some() {
    let mut app = window(&[]);
    let comes = |app: &mut App, course| {
        update(app, Msg::Program(Side::Server, course), secs(2.0));
        let shown = text(app);
        let says = |text: &String| shown.contains(text.as_str());
        let t = &app.texts().output;
        // The client still runs.
        assert!(says(&t.nothing), "{shown}");
        says(&t.printed_nothing)
    };
    assert!(!comes(&mut app, console::ProgramCourse::Runs(70)));
    assert!(comes(&mut app, console::ProgramCourse::Ended(console::ProgramEnd::Status(0))));
    assert!(!comes(&mut app, console::ProgramCourse::NotStarted("it isn't there".into())));
}

#[test]
fn until_the_server_has_listened_it_comes_first_and_then_never_again() {
    assert_eq!(super::super::programs::next(&window(&["socket", "bind"])), None, "it would only be refused");
    // Nobody listens any more: a server may close its listener before it ends, and what waits goes on.
    let closed = window(&["socket", "bind", "listen", "accept4", "close"]);
    assert_eq!(super::super::programs::next(&closed), Some(WalkCommand::Deliver(SegmentId(0))));
    // A server that connects somewhere first makes that call as a client.
    let mut connects = window(&["socket"]);
    assert!(text(&connects).contains("The server has not listened yet"), "{}", text(&connects));
    let caller = thread(Side::Server, Side::Client);
    let connect = Call::Connect { fd: 3, addr: server() };
    happens(&mut connects, Happened::Stands { caller, call: call(Side::Server, "connect", Some(connect)) });
    assert_eq!(super::super::programs::next(&connects), Some(WalkCommand::LetCall(caller)));
    assert!(!text(&connects).contains("The server has not listened yet"), "{}", text(&connects));
    let mut listens = window(&["socket", "bind", "listen"]);
    let listener = testing::socket(1, Side::Server, Some(3), State::Listen, (Some(server()), None));
    happens(&mut listens, Happened::Socket(listener));
    assert_eq!(super::super::programs::next(&listens), Some(WalkCommand::Deliver(SegmentId(0))));
}

/// What a step came to stays, with what the program calls after it below.
#[test]
fn what_was_let_go_is_told_first_whatever_follows_at_once() {
    let caller = thread(Side::Server, Side::Server);
    let failed = |errno| Happened::Returned { caller, outcome: Err(crate::model::Errno(errno)) };
    let mut app = window(&["socket", "bind", "listen"]);
    app.resized(120, 60);
    let sends = || call(Side::Server, "sendto", Some(Call::send(3, b"late".to_vec())));
    happens(&mut app, Happened::Stands { caller, call: sends() });
    happens(&mut app, Happened::Entered { caller, call: sends() });
    happens(&mut app, failed(libc::ECONNRESET));
    let acted = app.walk().free().map(|free| free.acted());
    happens(&mut app, Happened::Entered { caller, call: call(Side::Server, "getpeername", None) });
    happens(&mut app, failed(libc::ENOTCONN));
    happens(&mut app, Happened::Entered { caller, call: call(Side::Server, "exit_group", None) });
    happens(&mut app, Happened::Ended { caller });
    let shown = text(&app);
    let places = ["sendto() = -1 ECONNRESET", "getpeername() = -1 ENOTCONN", "exit_group()"].map(|head| {
        let explained = shown.find("What is happening").unwrap();
        shown[explained..].find(head).unwrap_or_else(|| panic!("no {head} in\n{shown}"))
    });
    assert!(places.is_sorted(), "{shown}");
    assert!(!shown.contains("It never returned"), "what ends a process has nothing to return to: {shown}");
    assert_eq!(app.walk().free().map(|free| free.acted()), acted, "what followed is no act of anybody");
    // Once nothing waits any more, each call is news of its own.
    happens(&mut app, Happened::Holding { of: None, held: crate::model::HeldCalls::None });
    happens(&mut app, Happened::Entered { caller, call: call(Side::Server, "getpeername", None) });
    assert_ne!(app.walk().free().map(|free| free.acted()), acted);
}

/// The line of a call that passed was not looked for, which is said above the call as a language has it; a mark for what is left out
/// never stands there without the call.
#[test]
fn a_call_whose_line_was_not_looked_for_says_so_beside_what_fits() {
    for lang in Lang::all() {
        let mut app = window(&["socket"]);
        // Of several rows.
        let like = Call::Connect { fd: 3, addr: server() };
        called(Side::Server, "connect", Some(like)).into_iter().for_each(|event| happens(&mut app, event));
        (0..9).find(|_| app.lang() == lang || press(&mut app, KeyCode::Char('L')).len() > 9);
        assert_eq!(app.lang(), lang);
        let words = &InterfaceTexts::load(lang).unwrap().code;
        let said = [&words.unsought, &words.unsought_short].map(|text| text.chars().take(12).collect::<String>());
        let mut seen = 0;
        for rows in 24..60 {
            app.resized(120, rows);
            let shown = text(&app);
            let is_said = said.iter().any(|said| shown.contains(said));
            seen += usize::from(is_said);
            // It never takes the call's own row.
            assert!(!is_said || shown.contains("s3.connect("), "{shown}");
            let rows: Vec<&str> = shown.lines().collect();
            let alone = rows.windows(2).any(|two| two[0].starts_with("│ …  ") && two[1].starts_with('└'));
            assert!(!alone, "{shown}");
        }
        assert!(seen > 20, "{seen}");
    }
}

/// What is pressed while the server is on its way from one call to the next isn't lost, and isn't the client's.
#[test]
fn what_is_pressed_while_the_servers_next_call_is_awaited_is_done_once_it_is_there() {
    let caller = thread(Side::Server, Side::Server);
    let bind = || call(Side::Server, "bind", Some(Call::Bind { fd: 3, addr: server() }));
    let goes = |app: &mut App, event: Happened| {
        let happening = Happening { at: secs(2.0), what: HappeningKind::Event(event) };
        update(app, Msg::World(0, vec![happening]), secs(2.0))
    };
    let let_go = [AppEffect::Request(crate::walk::Request::LetCall(caller))];
    let mut app = window(&["socket"]);
    assert_eq!(press(&mut app, KeyCode::Char(' ')), []);
    assert!(text(&app).contains("Any other key"), "{}", text(&app));
    // A call that passes by is no news: its own next one is still to come.
    let passes = [
        Happened::Entered { caller, call: call(Side::Server, "setsockopt", None) },
        Happened::Returned { caller, outcome: Ok(Returned::default()) },
    ];
    for event in passes {
        assert_eq!(goes(&mut app, event), []);
    }
    assert_eq!(goes(&mut app, Happened::Stands { caller, call: bind() }), let_go, "{}", text(&app));
    assert_eq!(goes(&mut app, Happened::Entered { caller, call: bind() }), [], "once");
    let mut app = window(&["socket"]);
    press(&mut app, KeyCode::Char(' '));
    press(&mut app, KeyCode::Char('b'));
    assert_eq!(goes(&mut app, Happened::Stands { caller, call: bind() }), [], "another key takes it back");
}

/// What the line says of Tab is what Tab does; with the server chosen it is the server's turn all the same.
#[test]
fn tab_chooses_the_client_while_the_servers_next_call_is_awaited() {
    let client = thread(Side::Client, Side::Client);
    for chosen in [None, Some(thread(Side::Server, Side::Server).actor)] {
        let mut app = window(&["socket", "bind"]);
        app.resized(80, 24);
        let connect = Call::Connect { fd: 3, addr: server() };
        happens(&mut app, Happened::Stands { caller: client, call: call(Side::Client, "connect", Some(connect)) });
        app.place.actor = chosen;
        assert!(text(&app).contains("Tab chooses the"), "{}", text(&app));
        // A call of the client isn't made in the server's name.
        assert_eq!(press(&mut app, KeyCode::Char(' ')), []);
        press(&mut app, KeyCode::Tab);
        assert_eq!(app.place.actor, Some(client.actor), "{}", text(&app));
        let let_go = [AppEffect::Request(crate::walk::Request::Deliver(SegmentId(0)))];
        assert_eq!(press(&mut app, KeyCode::Char(' ')), let_go, "the client goes on with what has waited longest");
    }
}

/// Some of what is told stays in sight in the smallest window; and where none does, nothing is scrolled out of sight.
#[test]
fn what_is_told_is_in_sight_while_a_call_is_awaited() {
    for lang in [Lang::EN, crate::i18n::testing::zh()] {
        let mut app = window(&["socket", "bind"]);
        app.look.speak(lang).unwrap();
        app.resized(80, 24);
        for _ in 0..2 {
            let client = thread(Side::Client, Side::Client);
            let connect = Call::Connect { fd: 3, addr: server() };
            happens(&mut app, Happened::Stands { caller: client, call: call(Side::Client, "connect", Some(connect)) });
            assert!(text(&app).lines().skip(13).any(|row| row.contains("bind(")), "{}", text(&app));
            press(&mut app, KeyCode::Char(' '));
        }
    }
}

/// Whatever is pressed is another key, also one that does nothing.
#[test]
fn a_key_that_does_nothing_takes_back_what_was_asked_for() {
    let caller = thread(Side::Server, Side::Server);
    let bind = || call(Side::Server, "bind", Some(Call::Bind { fd: 3, addr: server() }));
    for code in [KeyCode::Right, KeyCode::Insert, KeyCode::Char('~')] {
        let mut app = window(&["socket"]);
        press(&mut app, KeyCode::Char(' '));
        press(&mut app, code);
        assert!(!text(&app).contains("Any other key"), "{}", text(&app));
        let happening =
            Happening { at: secs(2.0), what: HappeningKind::Event(Happened::Stands { caller, call: bind() }) };
        assert_eq!(update(&mut app, Msg::World(0, vec![happening]), secs(2.0)), [], "{code:?}");
    }
}

/// A program is called as its pane is.
#[test]
fn the_only_program_of_its_side_has_no_number() {
    let client = thread(Side::Client, Side::Client).actor;
    let mut app = window(&["socket"]);
    let rule = (crate::model::SegmentFilter::To(client), Duration::ZERO);
    let passing = crate::model::ForwardingRules { rules: vec![rule] };
    happens(&mut app, Happened::Passing(passing));
    assert!(text(&app).contains("by themselves: segments to the client"), "{}", text(&app));
    assert!(!text(&app).contains("client 2"), "{}", text(&app));
}

/// Both addresses stand before the state, which a cut would take away.
#[test]
fn what_the_kernel_says_of_a_socket_is_told_to_its_end() {
    let mut app = window(&["socket", "bind", "listen"]);
    let caller = thread(Side::Server, Side::Server);
    let on = |name: &str, fd: i32, socket: u64, like: Call| {
        let Call::Program(made) = call(Side::Server, name, Some(like)) else { panic!("no program's call") };
        Call::Program(Box::new(ProgramCall { fd: Some(fd), socket: Some(socket), ..*made }))
    };
    let accept = || on("accept", 3, 1, Call::Accept { fd: 3 });
    happens(&mut app, Happened::Entered { caller, call: accept() });
    let made = Returned { value: 4, made: vec![7], ..Returned::default() };
    happens(&mut app, Happened::Returned { caller, outcome: Ok(made) });
    let ends = (Some(server()), Some(made::client()));
    let left = testing::socket(7, Side::Server, Some(4), State::CloseWait, ends);
    happens(&mut app, Happened::Socket(crate::model::SocketFacts { nth: caller.actor.nth, ..left }));
    happens(&mut app, Happened::Entered { caller, call: on("read", 4, 7, Call::recv(4, 9)) });
    happens(&mut app, Happened::Returned { caller, outcome: Ok(Returned::default()) });
    happens(&mut app, Happened::Entered { caller, call: accept() });
    happens(&mut app, Happened::Blocked { caller });
    app.place.explain = Some(99);
    assert!(text(&app).contains("CLOSE_WAIT, receive queue 0, send queue 0"), "{}", text(&app));
}
