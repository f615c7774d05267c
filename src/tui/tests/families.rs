//! Sides with children, and several of one side in a lab.

use super::made::server;
use super::*;
use crate::model::rule::{RulePattern, RuleSelection, WireEffect, WireRule};
use crate::model::{
    Actor, Call, Caller, Errno, Event as Happened, HandAction, How, InheritedDescriptor, Member, Mode, Returned, Role,
    SegmentId, Side, Trace, testing,
};
use crate::tcp::State;
use crate::walk::{Free, FreeOptions, Purpose, WireAbility};

pub(super) const fn actor(side: Side, nth: u32) -> Actor {
    Actor { side, nth }
}

pub(super) fn enters(actor: Actor, call: Call) -> Happened {
    Happened::Entered { caller: Caller { actor, worker: 0 }, call }
}

pub(super) fn returns(actor: Actor, returned: Returned) -> Happened {
    Happened::Returned { caller: Caller { actor, worker: 0 }, outcome: Ok(returned) }
}

fn sleeps(actor: Actor, call: Call) -> [Happened; 2] {
    [enters(actor, call), Happened::Blocked { caller: Caller { actor, worker: 0 } }]
}

pub(super) fn value(value: i64) -> Returned {
    Returned { value, ..Returned::default() }
}

fn forks(parent: Actor, child: u32) -> [Happened; 2] {
    [enters(parent, Call::Fork), returns(parent, Returned { child: Some(child), ..value(4711) })]
}

/// A walk of whoever drives these, in a lab with others, in which this happened.
pub(super) fn walk(drives: &[Actor], happened: impl IntoIterator<Item = Happened>) -> App {
    let purpose = Purpose::Drive(drives.to_vec());
    let (lab, wire) = (Some("main".to_owned()), WireAbility::Holds);
    let options = FreeOptions { purpose, server: server(), mode: Mode::Lab, wire, lab, lesson: None };
    let mut trace = Trace::default();
    for event in happened {
        trace.push(secs(1.0), event);
    }
    let look = Appearance::new(Lang::EN, Theme::load(Choice::Dark, Colours::All).unwrap(), Glyphs::Unicode).unwrap();
    let mut app = App::new(Free::from_trace(options, trace).into(), look, 120, 40);
    update(&mut app, Msg::Tick, secs(2.0));
    app
}

pub(super) fn happens(app: &mut App, events: impl IntoIterator<Item = Happened>) {
    for event in events {
        let happening = Happening { at: secs(2.0), what: HappeningKind::Event(event) };
        update(app, Msg::World(0, vec![happening]), secs(2.0));
    }
}

pub(super) fn tabs_to(app: &mut App, actor: Actor) {
    (0..9).find(|_| {
        app.place.actor == Some(actor) || {
            press(app, KeyCode::Tab);
            false
        }
    });
    assert_eq!(app.place.actor, Some(actor));
}

const SOCKET: Call = Call::Socket { ipv6: false, udp: false };

#[test]
fn the_calls_of_a_child_that_was_killed_are_told_and_its_side_goes_on() {
    let both = [actor(Side::Server, 1), actor(Side::Client, 1)];
    let (parent, child) = (both[0], actor(Side::Server, 2));
    let begin = [enters(parent, Call::Dup { fd: 7 }), returns(parent, value(8))].into_iter().chain(forks(parent, 2));
    let mut app = walk(&both, begin);
    tabs_to(&mut app, child);
    happens(&mut app, [enters(child, SOCKET), returns(child, value(9))]);
    let called = app.view().moment();
    happens(&mut app, [Happened::Killed(child)]);
    // Of the parent nothing is news, and the child makes no call any more.
    assert!(text(&app).contains("The process of server 2 was killed"), "{}", text(&app));
    let told = |app: &App| text(app).replace('\n', " ");
    assert!(!told(&app).contains("■ fork() ="), "{}", text(&app));
    assert_eq!(app.place.actor, Some(parent), "{}", text(&app));
    assert!(text(&app).contains("■ server, "), "{}", text(&app));
    // It is still told of the past, and looked at there.
    while app.view().moment() > called {
        press(&mut app, KeyCode::Left);
    }
    assert!(told(&app).contains("■2 socket() = 9"), "{}", text(&app));
    tabs_to(&mut app, child);
    assert!(text(&app).contains("■ SERVER 2"), "{}", text(&app));
    press(&mut app, KeyCode::End);
    assert_eq!(app.place.actor, Some(parent));
}

/// Somebody else's pane is seen once it is chosen, and one's own children come first.
#[test]
fn tab_shows_whom_it_chooses() {
    let own = actor(Side::Client, 2);
    let joined = |number, actor: Actor| {
        let role = Role::Drives(vec![actor.side]);
        Happened::Joined(Member { number, pid: number, nth: actor.nth, role })
    };
    let others = [actor(Side::Server, 1), actor(Side::Client, 1)];
    let members = (1..).zip(others.into_iter().chain([own])).map(|(number, actor)| joined(number, actor));
    let mut app = walk(&[own], members.chain(forks(own, 3)));
    let child = actor(Side::Client, 3);
    for (wanted, pane) in
        [(child, "● CLIENT 3"), (own, "● CLIENT 2"), (others[0], "■ SERVER"), (others[1], "● CLIENT ─")]
    {
        press(&mut app, KeyCode::Tab);
        assert_eq!(app.place.actor, Some(wanted));
        assert_eq!(app.shown_actor(wanted.side), wanted);
        let shown = text(&app).replace('━', "─");
        assert!(shown.contains(pane), "{pane}: {shown}");
    }
    press(&mut app, KeyCode::Tab);
    assert_eq!(app.place.actor, None);
}

#[test]
fn a_signal_meets_whom_tab_chose_and_nobody_else() {
    let both = [actor(Side::Server, 1), actor(Side::Client, 1)];
    let (parent, child) = (both[0], actor(Side::Server, 2));
    let interrupts = |app: &mut App| asked(press(app, KeyCode::Char('i')));
    let of = |child| [Request::Interrupt(crate::model::SideProcess { side: Side::Server, child }, 0)];
    let mut app = walk(&both, forks(parent, 2).into_iter().chain(sleeps(child, Call::recv(4, 1024))));
    // Nobody is chosen, and one sleeps.
    assert_eq!(interrupts(&mut app), of(2));
    tabs_to(&mut app, parent);
    assert_eq!(interrupts(&mut app), []);
    assert!(text(&app).contains("No call of the server sleeps. Asleep: server 2."), "{}", text(&app));
    tabs_to(&mut app, child);
    assert_eq!(interrupts(&mut app), of(2));
    // Of several the one whose calls are offered: its sleep is told there.
    happens(&mut app, sleeps(parent, Call::Accept { fd: 3 }));
    app.place.actor = None;
    assert!(text(&app).contains("accept() sleeps (server). i interrupts it"), "{}", text(&app));
    assert_eq!(interrupts(&mut app), of(crate::model::SideProcess::CAME));
}

/// The limit is a side's, whichever of its processes forks.
#[test]
fn a_side_that_has_no_room_for_a_child_says_so_for_each_of_its_processes() {
    let both = [actor(Side::Server, 1), actor(Side::Client, 1)];
    let most = u32::try_from(crate::model::SideProcess::MOST_CHILDREN).unwrap();
    let mut app = walk(&both, (0..most).flat_map(|n| forks(both[0], 2 + n)));
    tabs_to(&mut app, actor(Side::Server, 2));
    press(&mut app, KeyCode::Enter);
    keys(&mut app, "fork");
    assert_eq!(asked(press(&mut app, KeyCode::Enter)), []);
    assert!(text(&app).contains("On the side of the server, 8 children live already"), "{}", text(&app));
}

/// A line that would change nothing isn't taken in silence.
#[test]
fn only_a_name_that_was_written_is_taken_out_of_the_hosts() {
    let both = [actor(Side::Server, 1), actor(Side::Client, 1)];
    let mut app = walk(&both, []);
    let types = |app: &mut App, line: &str| {
        press(app, KeyCode::Enter);
        assert!(text(app).replace('\n', " ").contains("hosts"), "{}", text(app));
        keys(app, line);
        asked(press(app, KeyCode::Enter))
    };
    for name in ["off", "web"] {
        assert_eq!(types(&mut app, &format!("hosts {name}")), []);
        assert!(text(&app).contains(&format!("No name `{name}` was written")), "{}", text(&app));
        press(&mut app, KeyCode::Esc);
    }
    let change = |line: &str| line.parse::<crate::model::HostsChange>().unwrap();
    happens(&mut app, [Happened::Sysctl(Box::new(change("hosts web ::1").told(None, Ok(()))))]);
    let wanted = Request::Kernel(crate::model::KernelChange::Hosts(change("hosts web")));
    assert_eq!(types(&mut app, "hosts web"), [wanted]);
}

/// The line says whose call it is, whoever is chosen, and that nothing is chosen.
#[test]
fn a_typed_line_names_who_makes_its_call() {
    let both = [actor(Side::Server, 1), actor(Side::Client, 1)];
    for lang in [Lang::EN, crate::i18n::testing::zh()] {
        let mut app = walk(&both, []);
        app.look.speak(lang).unwrap();
        app.resized(80, 24);
        for (chosen, named) in [
            (None, ["■ server", "■ 服务器"]),
            (Some(both[1]), ["● client", "● 客户端"]),
            (Some(both[0]), ["■ server", "■ 服务器"]),
        ] {
            assert_eq!(app.place.actor, chosen);
            press(&mut app, KeyCode::Enter);
            let shown = text(&app);
            assert!(shown.lines().skip(14).any(|row| named.iter().any(|name| row.contains(name))), "{shown}");
            press(&mut app, KeyCode::Esc);
            press(&mut app, KeyCode::Tab);
        }
    }
}

/// Whatever of C's isn't taken, it is said what is typed in its stead; in the smallest window, and not cut.
#[test]
fn a_line_that_is_no_call_here_says_what_is() {
    let both = [actor(Side::Server, 1), actor(Side::Client, 1)];
    for lang in [Lang::EN, crate::i18n::testing::zh()] {
        let mut app = walk(&both, []);
        app.look.speak(lang).unwrap();
        app.resized(80, 24);
        for (line, instead) in [
            ("close(3, 4)", "close(3)"),
            ("ioctl(3, FIONBIO, &n)", "fcntl(3, F_SETFL, O_NONBLOCK)"),
            ("ioctl(3, FIONWRITE, &n)", "ioctl(3, FIONREAD, &n)"),
            ("htons(8000)", "connect(3, 127.0.0.1:8000)"),
            ("recv(3, buf, sizeof buf, 0)", "recv(3, buf, 1024, MSG_PEEK)"),
            ("3fd = socket()", "int fd = socket(AF_INET, SOCK_STREAM, 0)"),
            ("int fd;", "fd = socket()"),
            ("listen(fd, 5)", "listen(3, 8)"),
            ("send(3, buf, 5, 0)", "send(3, \"hello\", 5, MSG_MORE)"),
            ("bind(3, (struct sockaddr *)&addr, sizeof(addr))", "bind(3, 127.0.0.1:8000)"),
            // The option is the learner's own.
            ("setsockopt(3, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv)", "setsockopt(3, SO_SNDTIMEO, {1, 500000})"),
            ("setsockopt(3, SOL_SOCKET, SO_LINGER, &l, sizeof l)", "setsockopt(3, SO_LINGER, {1, 0})"),
            ("setsockopt(3, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on)", "setsockopt(3, TCP_NODELAY, 1)"),
            ("getsockopt(3, SOL_SOCKET, SO_RCVBUF, 1, 2, 3, 4)", "getsockopt(3, SO_RCVBUF)"),
        ] {
            press(&mut app, KeyCode::Enter);
            keys(&mut app, line);
            assert_eq!(asked(press(&mut app, KeyCode::Enter)), []);
            let joined: String = text(&app).lines().map(|row| row.trim_matches(['│', ' '])).collect();
            let without = |text: &str| text.replace(' ', "");
            assert!(without(&joined).contains(&without(instead)), "{line}: {}", text(&app));
            press(&mut app, KeyCode::Esc);
        }
    }
}

/// A rule that isn't there can't be taken back, nor one that is another's to take back; neither is passed over in silence.
#[test]
fn only_a_rule_that_is_in_force_is_taken_back() {
    use crate::model::rule::{RuleChange, RuleInForce, RuleKind, WireRules};
    let both = [actor(Side::Server, 1), actor(Side::Client, 1)];
    let takes_back = |app: &mut App, line: &str| {
        press(app, KeyCode::Enter);
        keys(app, line);
        let asked = asked(press(app, KeyCode::Enter));
        let said = text(app).replace('\n', " ");
        press(app, KeyCode::Esc);
        (asked, said)
    };
    let mut app = walk(&both, []);
    for (line, told) in [("wire off", "no rule to take back"), ("wire off lose", "no rule `lose` to take back")] {
        let (asked, said) = takes_back(&mut app, line);
        assert!(asked.is_empty() && said.contains(told), "{line}: {said}");
    }
    let does = WireEffect::Lose(RuleSelection::All);
    let to_client = crate::model::SegmentFilter::To(both[1]);
    let rule = WireRule { which: to_client, only: RulePattern::default(), does };
    let in_force = || Happened::Ruled(WireRules { rules: vec![RuleInForce { rule, seen: 0 }] });
    happens(&mut app, [in_force()]);
    assert!(takes_back(&mut app, "wire off delay").1.contains("no rule `delay`"));
    let off = |kind| Request::Rule(RuleChange::Off(kind));
    assert_eq!(takes_back(&mut app, "wire off").0, [off(None)]);
    assert_eq!(takes_back(&mut app, "wire off lose").0, [off(Some(RuleKind::Lose))]);
    // Another terminal makes the client's calls: what is for it is its own to rule.
    let client = Member { number: 2, pid: 2, nth: 1, role: Role::Drives(vec![Side::Client]) };
    let mut app = walk(&both[..1], [Happened::Joined(client), in_force()]);
    let (asked, said) = takes_back(&mut app, "wire off");
    assert!(asked.is_empty() && said.contains("Another terminal"), "{said}");
}

/// What was set is told though it was so before, and the beginning is that of the walk, whatever was set meanwhile.
#[test]
fn a_setting_that_stays_what_it_was_is_told() {
    let told = |before: &str, now: &str| {
        let changed =
            crate::model::ChangedSetting { name: "tcp_sack".into(), before: Some(before.into()), now: Ok(now.into()) };
        Happened::Sysctl(Box::new(changed))
    };
    let mut app = walk(&[actor(Side::Server, 1), actor(Side::Client, 1)], [told("1", "1")]);
    assert!(text(&app).contains("tcp_sack = 1 (at the beginning: 1)"), "{}", text(&app));
    happens(&mut app, [told("1", "0"), told("0", "2")]);
    assert!(text(&app).contains("tcp_sack = 2 (at the beginning: 1)"), "{}", text(&app));
    happens(&mut app, [told("2", "1")]);
    assert!(!text(&app).contains("tcp_sack"), "{}", text(&app));
    happens(&mut app, [told("1", "1")]);
    assert!(text(&app).contains("tcp_sack = 1 (at the beginning: 1)"), "{}", text(&app));
    let mut made = Made::to_syn_sent();
    made.push(Happened::ByHand(HandAction::Sysctl));
    made.push(told("1", "0"));
    made.push(Happened::ByHand(HandAction::Sysctl));
    made.push(told("0", "2"));
    let app = app_of(made, Lang::EN, 80, 24);
    assert!(text(&app).contains("tcp_sack = 2 (at the beginning: 1)"), "{}", text(&app));
}

/// What was changed by hand is told there too where nothing else is.
#[test]
fn a_setting_that_is_changed_in_a_lesson_is_told() {
    let mut made = Made::to_syn_sent();
    let told = "a 127.0.0.1".parse::<crate::model::HostsChange>().unwrap().told(None, Ok(()));
    made.push(Happened::ByHand(HandAction::Sysctl));
    made.push(Happened::Sysctl(Box::new(told)));
    let app = app_of(made, Lang::EN, 80, 24);
    assert!(text(&app).contains("⇢ setting: /etc/hosts a = 127.0.0.1"), "{}", text(&app));
}

/// The ladder keeps its frame, whatever became of a segment.
#[test]
fn what_a_rule_lost_stands_between_the_lifelines() {
    for lang in [Lang::EN, crate::i18n::testing::zh()] {
        for from in [server(), made::client()] {
            let segment = made::segment(from, "ACK", 1, 1, b"");
            let id = SegmentId(0);
            let which = crate::model::SegmentFilter::All;
            let does = WireEffect::Lose(RuleSelection::First(1));
            let rule = Box::new(WireRule { which, only: RulePattern::default(), does });
            let events = [Happened::Sent { id, segment, again: None }, Happened::Lost { id, rule }];
            let mut app = walk(&[actor(Side::Client, 1)], events);
            app.look.speak(lang).unwrap();
            app.resized(80, 24);
            let shown = text(&app);
            let row = shown.lines().find(|row| row.contains('✗')).expect("it is lost");
            assert_eq!(row.matches('│').count(), 8, "{shown}");
        }
    }
}

/// Beside a call that did not send it, what was lost is told with who sent it: else it would be the call's.
#[test]
fn what_was_lost_is_told_as_the_calls_only_where_the_call_sent_it() {
    let client = actor(Side::Client, 1);
    let which = crate::model::SegmentFilter::All;
    let rule = WireRule { which, only: RulePattern::default(), does: WireEffect::Lose(RuleSelection::All) };
    let lost = |n: u32| {
        let segment = made::segment(made::client(), "PSH,ACK", 100 + n, 1, b"x");
        let id = SegmentId(n);
        [Happened::Sent { id, segment, again: None }, Happened::Lost { id, rule: Box::new(rule) }]
    };
    let enters_send = || enters(client, Call::send(3, b"x".to_vec()));
    let mut own = walk(&[client], []);
    happens(&mut own, [enters_send()].into_iter().chain(lost(0)).chain([returns(client, value(1))]));
    let mut later = walk(&[client], []);
    happens(&mut later, [enters_send(), returns(client, value(1))].into_iter().chain(lost(0)));
    for (app, is_first) in [(&own, false), (&later, true)] {
        let shown = text(app);
        let sender = shown.find("Sent by").unwrap_or(usize::MAX);
        assert_eq!(sender < shown.find("A rule of the wire").expect("it was lost"), is_first, "{shown}");
    }
}

/// What a call sends is seen though older segments wait, and those beside it; in the past what the entry is about is.
#[test]
fn the_news_are_in_sight_beside_what_waits() {
    let both = [actor(Side::Server, 1), actor(Side::Client, 1)];
    let sent = |n: u32, data: &[u8]| {
        let segment = made::segment(made::client(), "PSH,ACK", 100 + n, 1, data);
        let id = SegmentId(n);
        [Happened::Sent { id, segment, again: None }, Happened::Held(id)]
    };
    for (lang, between) in [(Lang::EN, "⋮ 7 between"), (crate::i18n::testing::zh(), "⋮ 其间还有 7 个")] {
        let mut app = walk(&both, (0..8).flat_map(|n| sent(n, format!("old{n}").as_bytes())));
        app.look.speak(lang).unwrap();
        app.resized(80, 24);
        let shown = |app: &App, what: &str| text(app).contains(what);
        assert!(shown(&app, "seq=100") && shown(&app, "seq=107"), "{}", text(&app));
        happens(&mut app, [enters(both[1], Call::send(3, b"news".to_vec()))]);
        happens(&mut app, sent(8, b"news").into_iter().chain([returns(both[1], value(4))]));
        assert!(shown(&app, "seq=100") && shown(&app, "seq=108") && shown(&app, between), "{}", text(&app));
        // Back to the entry before the call.
        for _ in 0..4 {
            press(&mut app, KeyCode::Left);
        }
        assert!(!shown(&app, "seq=108") && shown(&app, "seq=107"), "{}", text(&app));
        for _ in 0..6 {
            press(&mut app, KeyCode::Left);
        }
        assert!(shown(&app, "seq=104") && !shown(&app, "seq=105"), "{}", text(&app));
    }
}

/// A child that has made no call began with its parent's `fork()`: the text is about that, and the code too.
#[test]
fn the_code_beside_what_is_told_is_that_of_the_same_call() {
    let both = [actor(Side::Server, 1), actor(Side::Client, 1)];
    let mut app = walk(&both, forks(both[0], 2));
    tabs_to(&mut app, actor(Side::Server, 2));
    let code = |app: &App, call: &str| text(app).contains(&format!("┌ ■ {call}() ["));
    assert!(code(&app, "fork"), "{}", text(&app));
    // What a shutdown() brings back beside it is told below it.
    let mut app = walk(&both, sleeps(both[0], Call::Accept { fd: 3 }));
    let caller = Caller { actor: both[0], worker: 1 };
    let shut = Happened::Entered { caller, call: Call::Shutdown { fd: 3, how: How::Read } };
    let woken = Caller { worker: 0, ..caller };
    let back = [
        Happened::Returned { caller, outcome: Ok(value(0)) },
        Happened::Returned { caller: woken, outcome: Err(Errno(libc::EINVAL)) },
    ];
    happens(&mut app, [shut].into_iter().chain(back));
    let shown = text(&app);
    let at = |what: &str| shown.lines().skip(20).position(|row| row.contains(what)).expect(what);
    assert!(at("shutdown(3, SHUT_RD) = 0") < at("accept(3) = -1 EINVAL"), "{shown}");
    assert!(code(&app, "shutdown"), "{shown}");
    // What comes back later by something else is told alone.
    let mut app = walk(&both, sleeps(both[0], Call::Accept { fd: 3 }));
    let made = Happened::Entered { caller, call: Call::Close { fd: 3 } };
    happens(&mut app, [made, Happened::Returned { caller, outcome: Ok(value(0)) }]);
    assert!(code(&app, "close"), "{}", text(&app));
    tabs_to(&mut app, both[0]);
    press(&mut app, KeyCode::Char('i'));
    happens(&mut app, [Happened::Returned { caller: woken, outcome: Err(Errno(libc::EINTR)) }]);
    assert!(code(&app, "accept") && text(&app).contains("accept(3) = -1 EINTR"), "{}", text(&app));
}

#[test]
fn who_else_has_a_socket_is_seen_in_the_smallest_window() {
    let both = [actor(Side::Server, 1), actor(Side::Client, 1)];
    let mut app = walk(&both, forks(both[0], 2).into_iter().chain(forks(both[0], 3)));
    let mut facts =
        testing::socket(1, Side::Server, Some(4), State::Established, (Some(server()), Some(made::client())));
    facts.elsewhere.push(InheritedDescriptor { nth: 3, fd: 4 });
    happens(&mut app, [Happened::Socket(facts)]);
    for (size, wanted) in [((80, 24), "fd 4+■3 ESTABLISHED"), ((120, 40), "fd 4+■3 ■ ESTABLISHED")] {
        app.resized(size.0, size.1);
        assert!(text(&app).contains(wanted), "{}", text(&app));
    }
}
