//! Lines of C that are typed one after the other: names that they give values, and whose they are.

use super::families::{actor, enters, happens, returns, tabs_to, value, walk};
use super::*;
use crate::model::{Call, Side};

/// What a line asks for; it is typed to the end, whatever comes of it.
fn line(app: &mut App, line: &str) -> Vec<Request> {
    press(app, KeyCode::Enter);
    keys(app, line);
    let asked = asked(press(app, KeyCode::Enter));
    press(app, KeyCode::Esc);
    asked
}

fn asks(app: &mut App, typed: &str) -> Call {
    match line(app, typed).as_slice() {
        [Request::Call(_, call)] => call.clone(),
        other => panic!("{typed}: {other:?} {}", text(app)),
    }
}

#[test]
fn a_name_stands_for_what_its_call_returned() {
    let [server, client] = [actor(Side::Server, 1), actor(Side::Client, 1)];
    let mut app = walk(&[server, client], []);
    tabs_to(&mut app, server);
    let socket = asks(&mut app, "int fd = socket(AF_INET, SOCK_STREAM, 0);");
    assert_eq!(line(&mut app, "listen(fd, 5)"), [], "its call was never seen to be made");
    happens(&mut app, [enters(server, socket.clone())]);
    assert_eq!(line(&mut app, "listen(fd, 5)"), [], "its call hasn't returned");
    happens(&mut app, [returns(server, value(3))]);
    assert_eq!(asks(&mut app, "listen(fd, 5);"), Call::Listen { fd: 3, backlog: 5 });
    assert_eq!(line(&mut app, "int backlog = 7;"), []);
    assert_eq!(asks(&mut app, "listen(fd, backlog);"), Call::Listen { fd: 3, backlog: 7 });
    // The other side's program has names of its own.
    tabs_to(&mut app, client);
    assert_eq!(line(&mut app, "close(fd)"), []);
    let own = asks(&mut app, "fd = socket()");
    happens(&mut app, [enters(client, own), returns(client, value(4))]);
    assert_eq!(asks(&mut app, "close(fd)"), Call::Close { fd: 4 });
    tabs_to(&mut app, server);
    assert_eq!(asks(&mut app, "close(fd)"), Call::Close { fd: 3 });
    // What fails returns -1, in C as well.
    let again = asks(&mut app, "fd = dup(fd)");
    let caller = crate::model::Caller { actor: server, worker: 0 };
    let outcome = Err(crate::model::Errno(libc::EBADF));
    happens(&mut app, [enters(server, again), crate::model::Event::Returned { caller, outcome }]);
    assert_eq!(asks(&mut app, "close(fd)"), Call::Close { fd: -1 });
    // A process that was killed takes its names along.
    happens(&mut app, [crate::model::Event::Killed(server)]);
    assert_eq!(line(&mut app, "close(fd)"), []);
}

/// What a line gave a name is said until the next one is begun: an address as the kernel is given it.
#[test]
fn what_a_name_was_given_is_said_and_stands_for_it() {
    let server = actor(Side::Server, 1);
    for lang in Lang::all() {
        let mut app = walk(&[server], []);
        app.look.speak(lang).unwrap();
        app.resized(80, 24);
        press(&mut app, KeyCode::Enter);
        keys(&mut app, "struct sockaddr_in addr = {AF_INET, htons(9000)};");
        assert_eq!(asked(press(&mut app, KeyCode::Enter)), []);
        assert!(text(&app).contains("0.0.0.0:9000"), "{}", text(&app));
        press(&mut app, KeyCode::Enter);
        keys(&mut app, "b");
        assert!(app.input.as_ref().is_some_and(|input| input.value() == "b"), "it is typed: {}", text(&app));
        assert!(!text(&app).contains("0.0.0.0:9000"), "{}", text(&app));
        press(&mut app, KeyCode::Esc);
        let bound = asks(&mut app, "bind(3, (struct sockaddr *)&addr, sizeof(addr));");
        assert_eq!(bound, Call::Bind { fd: 3, addr: "0.0.0.0:9000".parse().unwrap() });
    }
}

/// What stands around a call goes, and the call stays there for Enter; what does nothing here is said, and the line is free for the next
/// one; and what a call fills stands for what came.
#[test]
fn a_program_is_typed_line_by_line() {
    let server = actor(Side::Server, 1);
    let mut app = walk(&[server], []);
    press(&mut app, KeyCode::Enter);
    for line in ["int fd; // a descriptor", "perror(\"socket\");", "while (1) {", "/* nothing */", "char buf[9];"] {
        keys(&mut app, line);
        assert_eq!(asked(press(&mut app, KeyCode::Enter)), [], "{line}");
        assert!(app.input.as_ref().is_some_and(|input| input.value().is_empty()), "{line}: {}", text(&app));
        assert!(app.lines.given.is_some() && app.lines.mistyped.is_none(), "{line}");
    }
    keys(&mut app, "if ((fd = socket(AF_INET, SOCK_STREAM, 0)) < 0) { perror(\"socket\"); exit(1); }");
    assert_eq!(asked(press(&mut app, KeyCode::Enter)), [], "nothing is made before it was read");
    assert_eq!(app.input.as_ref().map(tui_input::Input::value), Some("fd = socket(AF_INET, SOCK_STREAM, 0)"));
    let made = asked(press(&mut app, KeyCode::Enter));
    let [Request::Call(_, socket)] = made.as_slice() else { panic!("{made:?}") };
    happens(&mut app, [enters(server, socket.clone()), returns(server, value(3))]);
    let received = asks(&mut app, "recv(fd, buf, sizeof buf, 0);");
    assert_eq!(received, Call::recv(3, 9));
    happens(&mut app, [enters(server, received)]);
    assert_eq!(line(&mut app, "send(fd, buf, 2, 0);"), [], "nothing has come yet");
    let came = crate::model::Returned { data: b"ab".to_vec(), ..value(2) };
    happens(&mut app, [returns(server, came)]);
    assert_eq!(asks(&mut app, "send(fd, buf, 2, 0);").to_string(), "send(3, \"ab\", 2, 0)");
}

/// As long as no side is chosen, it is said whose call is made, where it is picked and where it is typed; in the smallest window.
#[test]
fn whose_call_it_is_needs_no_guess() {
    let both = [actor(Side::Server, 1), actor(Side::Client, 1)];
    for (lang, said) in [(Lang::EN, "server, by default (Tab)"), (crate::i18n::testing::zh(), "（默认；Tab 选择）")]
    {
        let mut app = walk(&both, []);
        app.look.speak(lang).unwrap();
        app.resized(80, 24);
        assert!(text(&app).contains(said), "{}", text(&app));
        press(&mut app, KeyCode::Enter);
        assert!(text(&app).contains(said), "{}", text(&app));
        press(&mut app, KeyCode::Esc);
        tabs_to(&mut app, both[1]);
        assert!(!text(&app).contains(said), "{}", text(&app));
        let mut alone = walk(&both[..1], []);
        alone.look.speak(lang).unwrap();
        assert!(!text(&alone).contains(said), "{}", text(&alone));
    }
}
