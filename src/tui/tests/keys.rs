//! Keys, clicks and pastes in; orders to the walk and screens out.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::made::{J, Made, client, segment};
use super::*;
use crate::i18n::testing::zh;
use crate::lesson::{Action, Glossary, Payload, Show};
use crate::model::{Call, ChangedSetting, Event as Happened, MessageFlags, SegmentId, Setting, Side};
use crate::tui::scene::Scene;
use crate::walk::Phase;

fn app(made: Made, columns: u16, rows: u16) -> App {
    app_of(made, Lang::EN, columns, rows)
}

/// What a key asks of the world.
fn asks(app: &mut App, key: char) -> Vec<Request> {
    asked(press(app, KeyCode::Char(key)))
}

/// The prediction that the world's settling shows to have been made.
fn predicted(app: &mut App) -> Option<usize> {
    let noted = asked(settled(app));
    let answers = noted.into_iter().filter_map(|request| match request {
        Request::Note(event) => match *event {
            Happened::Answer(answer) => Some(answer),
            _ => None,
        },
        _ => None,
    });
    answers.last().expect("an answer").chosen
}

/// The client's next step sends a line.
fn with_line() -> Made {
    let mut made = Made::to_half_open();
    let name = || "client".to_owned();
    let socket = Action::Socket { side: Side::Client, name: name(), ipv6: false, udp: false };
    let flags = MessageFlags::NO_SIGNAL;
    let send = Action::Send { socket: name(), payload: Payload::Line("hello".into()), flags };
    let [socket, send] = [socket, send].map(Some);
    (made.lesson.steps[4].action, made.lesson.steps[7].action) = (socket, send);
    made.phase = Phase::Typing("hello".into());
    made
}

/// The step that sends this line.
fn sends(line: &str) -> Vec<Request> {
    let send = Call::send(5, format!("{line}\n").into_bytes());
    [&begins(7)[..], &[Request::Call(Side::Client.into(), send)]].concat()
}

fn click(app: &mut App, word: &str) -> Vec<Request> {
    let shown = lines(&screen(app));
    let (y, x) = shown.iter().enumerate().find_map(|(y, line)| Some((y, line.find(word)?))).expect(word);
    let column = crate::i18n::width(&shown[y][..x]) as u16;
    let event = MouseEvent {
        kind: MouseEventKind::Down(MouseButton::Left),
        column,
        row: y as u16,
        modifiers: KeyModifiers::NONE,
    };
    let now = app.now;
    asked(update(app, Msg::Terminal(Event::Mouse(event)), now))
}

#[test]
fn space_goes_on_and_the_request_comes_out() {
    let mut app = app(Made::new(), 100, 30);
    let effects = press(&mut app, KeyCode::Char(' '));
    assert_eq!(effects.last(), Some(&AppEffect::Request(Request::Settle)));
    assert_eq!(asked(effects), begins(0));
}

#[test]
fn deliver_and_drop_mean_the_oldest_until_another_is_chosen() {
    let mut made = Made::to_syn_recv();
    made.send(segment(client(), "ACK", J + 1, 7, b""));
    let mut app = app(made, 100, 30);
    let (first, second) = (SegmentId(1), SegmentId(2));
    assert_eq!(asks(&mut app, 'd'), by_hand(HandAction::Deliver(first)));
    settled(&mut app);
    press(&mut app, KeyCode::Down);
    assert_eq!(asks(&mut app, 'x'), by_hand(HandAction::Drop(second)));
    settled(&mut app);
    press(&mut app, KeyCode::Up);
    assert_eq!(asks(&mut app, 'd'), by_hand(HandAction::Deliver(first)));
}

#[test]
fn an_answer_is_a_number_or_a_click_and_only_what_is_offered() {
    let asking = || app(Made::to_syn_recv(), 100, 30);
    let (mut typed, mut clicked) = (asking(), asking());
    assert_eq!(asks(&mut typed, '9'), []);
    assert_eq!(asks(&mut typed, '2'), begins(6));
    assert_eq!(click(&mut clicked, "3 SYN_SENT"), begins(6));
    assert_eq!([&mut typed, &mut clicked].map(predicted), [Some(1), Some(2)]);
}

#[test]
fn the_past_is_unmistakable_and_space_only_returns() {
    let mut app = app(Made::to_half_open(), 100, 30);
    let present = text(&app);
    assert!(!present.contains("PAST"));
    press(&mut app, KeyCode::Left);
    let buffer = screen(&app);
    let shown = lines(&buffer);
    let now = app.walk().trace().now();
    assert!(shown[0].contains(&format!("PAST  moment {} of {now}", now - 1)), "{}", shown[0]);
    assert!(shown[0].contains("End returns"));
    assert_eq!(buffer[(50, 0)].bg, app.look.theme.past.0.bg.unwrap());
    assert!(shown[1].contains('╌'), "{}", shown[1]);
    assert_eq!(press(&mut app, KeyCode::Char(' ')), [], "Space in the past runs nothing");
    assert!(!app.in_past());
    assert_eq!(text(&app), present);
}

#[test]
fn looking_back_shows_what_was_true_then() {
    let mut app = app_of(Made::to_half_open(), Lang::EN, 100, 30);
    assert!(text(&app).contains("fd 5 ● ESTABLISHED"));
    press(&mut app, KeyCode::PageUp);
    let shown = text(&app);
    assert!(shown.contains("fd 5 ● SYN_SENT") && shown.contains("┃ waits"), "{shown}");
    press(&mut app, KeyCode::Home);
    let shown = text(&app);
    assert!(shown.contains("moment 0 of") && shown.contains("no call yet"), "{shown}");
    press(&mut app, KeyCode::PageDown);
    press(&mut app, KeyCode::PageDown);
    assert!(text(&app).contains("✓ socket()             = 4 C"), "{}", text(&app));
    press(&mut app, KeyCode::Esc);
    assert!(!app.in_past());
}

#[test]
fn the_present_goes_on_while_the_past_is_looked_at() {
    let mut app = app(Made::to_syn_sent(), 100, 30);
    press(&mut app, KeyCode::Left);
    let before = lines(&screen(&app));
    let happening = Happening { at: secs(30.0), what: HappeningKind::Event(Happened::Delivered(SegmentId(0))) };
    update(&mut app, Msg::World(0, vec![happening.clone()]), secs(30.0));
    let after = lines(&screen(&app));
    assert_eq!(before[1..], after[1..], "only the banner's count moves");
    assert_ne!(before[0], after[0]);
    let now = app.walk().trace().now();
    update(&mut app, Msg::World(7, vec![happening]), secs(31.0));
    assert_eq!(app.walk().trace().now(), now, "what another world says is passed over");
}

#[test]
fn a_line_is_typed_pasted_and_sent() {
    let mut app = app(with_line(), 100, 30);
    assert!(text(&app).contains("> hello"), "{}", text(&app));
    // The first letter takes the place of the offered line; from then on a blank is a part of it.
    keys(&mut app, "q? ");
    let now = app.now;
    let paste = format!("\x1b[31m\n{}", "字".repeat(500));
    update(&mut app, Msg::Terminal(Event::Paste(paste)), now);
    let value = app.typing().unwrap().value().to_owned();
    assert!(value.starts_with("q? [31m字") && value.chars().count() == 200, "{value}");
    assert_eq!(asked(press(&mut app, KeyCode::Enter)), sends(&value.replace('\u{1b}', "")));
}

/// What has no room is said to have none.
#[test]
fn a_line_of_ones_own_that_is_too_long_is_told() {
    let mut app = app(Made::to_sent(), 100, 30);
    keys(&mut app, ":");
    let now = app.now;
    update(&mut app, Msg::Terminal(Event::Paste("y".repeat(1000))), now);
    let told = |app: &App| text(app).contains("A line has room for 1000 characters");
    assert!(app.types_own() && !told(&app), "{}", text(&app));
    update(&mut app, Msg::Terminal(Event::Paste("y".repeat(5000))), now);
    assert!(told(&app), "{}", text(&app));
    assert_eq!(app.typing().map(|line| line.value().len()), Some(1000));
    // Nothing is called with a part of what was typed, until whoever typed it has made it shorter.
    assert_eq!(press(&mut app, KeyCode::Enter), []);
    assert!(told(&app) && app.types_own(), "{}", text(&app));
    press(&mut app, KeyCode::Backspace);
    assert!(!told(&app), "{}", text(&app));
    press(&mut app, KeyCode::Enter);
    assert!(text(&app).contains("sockwalk makes no call"), "{}", text(&app));
}

/// Who only goes on, goes on: nobody has begun to type.
#[test]
fn space_sends_the_line_that_stands_as_it_was_offered() {
    let mut app = app(with_line(), 80, 24);
    assert!(lines(&screen(&app))[22..].concat().contains("Space next"), "{}", text(&app));
    assert_eq!(asks(&mut app, ' '), sends("hello"));
}

#[test]
fn escape_sends_the_offered_line() {
    let mut app = app(with_line(), 80, 24);
    keys(&mut app, "xyz");
    assert_eq!(asked(press(&mut app, KeyCode::Esc)), sends("hello"));
}

#[test]
fn a_signal_interrupts_the_chosen_or_the_only_blocked_call() {
    let (mut both, mut only) = (app(Made::to_syn_sent(), 100, 30), app(Made::to_half_open(), 100, 30));
    assert_eq!(asks(&mut both, 'i'), [], "both sides sleep: which one is meant?");
    press(&mut both, KeyCode::Tab);
    press(&mut both, KeyCode::Tab);
    assert_eq!(asks(&mut both, 'i'), by_hand(HandAction::Interrupt(Side::Client)));
    assert_eq!(asks(&mut only, 'i'), by_hand(HandAction::Interrupt(Side::Server)));
}

#[test]
fn it_plays_by_itself_at_a_pace_that_changes() {
    let mut app = app(Made::new(), 100, 30);
    assert_eq!(app.wake_at(), None, "idle costs nothing");
    keys(&mut app, "a");
    assert!(text(&app).contains("plays, 3 s a step"), "{}", lines(&screen(&app))[0]);
    let now = app.now;
    assert_eq!(app.wake_at(), Some(now));
    assert_eq!(asked(update(&mut app, Msg::Tick, now)), begins(0));
    let patience = app.walk().runner().unwrap().options().patience;
    assert_eq!(app.wake_at(), Some(now + patience), "the walk is busy");
    settled(&mut app);
    assert_eq!(app.wake_at(), Some(now + secs(3.0)));
    keys(&mut app, "+++++");
    assert!(text(&app).contains("plays, 0.5 s a step"));
    keys(&mut app, "a");
    assert_eq!(app.wake_at(), None);
}

#[test]
fn clicks_choose_sides_segments_and_buttons() {
    let mut app = app(Made::to_syn_recv(), 120, 40);
    click(&mut app, "CLIENT");
    assert_eq!(app.place.actor, Some(Side::Client.into()));
    click(&mut app, "SYN seq=j");
    assert_eq!(app.place.segment, Some(SegmentId(0)));
    assert_eq!(click(&mut app, "d deliver"), by_hand(HandAction::Deliver(SegmentId(1))));
    click(&mut app, "k kernel");
    assert!(text(&app).contains("The kernel's socket table"));
    click(&mut app, "? help");
    assert_eq!(app.place.overlay, Some(Overlay::Help));
}

/// Where the lab decides how often a kernel sends again, its number stands beside Linux's own.
#[test]
fn the_kernels_table_has_linuxs_own_numbers_beside_the_labs() {
    let told = |mut made: Made, tries: &[(&str, i64)]| {
        let setting = |(name, n): &(&str, i64)| ((*name).to_owned(), Setting::Numbers(vec![*n]));
        made.lesson.lab.sysctl = tries.iter().map(setting).collect();
        let app = app_of(made, Lang::EN, 120, 40);
        let scene = Scene::new(&app);
        let sockets = scene.view.sockets_since(scene.fresh_from);
        let mut told: Vec<String> = sockets.iter().filter_map(|socket| scene.tries(socket)).collect();
        told.sort();
        told
    };
    let most = |n: i64, linux: i64| format!("sent again {n} times at most (by the lab; Linux: {linux})");
    assert_eq!(told(Made::to_syn_sent(), &[]), [most(127, 6)]);
    assert_eq!(told(Made::to_syn_recv(), &[("tcp_syn_retries", 3)]), [most(255, 5), most(3, 6)]);
    // Where the lesson wants Linux's own, nothing is said.
    assert_eq!(told(Made::to_syn_sent(), &[("tcp_syn_retries", 6)]), [] as [String; 0]);
    // What was changed since counts.
    let mut made = Made::to_syn_sent();
    let (name, before) = ("net.ipv4.tcp_syn_retries".to_owned(), Some("127".to_owned()));
    made.push(Happened::Sysctl(Box::new(ChangedSetting { name, before, now: Ok("4".to_owned()) })));
    assert_eq!(told(made, &[]), [most(4, 6)]);
    // By the same number it is told what the timer does next, where it is drawn and of a segment that was lost.
    let mut once = Made::to_syn_sent();
    once.lesson.lab.sysctl = [("tcp_syn_retries".to_owned(), Setting::Numbers(vec![0]))].into();
    let syn = once.trace.present().waiting()[0];
    once.push(Happened::Dropped(syn));
    let app = app_of(once, Lang::EN, 120, 40);
    let shown = text(&app);
    assert!(shown.contains("gives up"), "{shown}");
    let scene = Scene::new(&app);
    let timers = crate::explain::TimerFacts { now: scene.clock, setting: &|name| scene.setting(name) };
    let asked = (Lang::EN, crate::tcp::Numbers::Symbolic);
    let told = crate::explain::story(&scene.view, syn, timers, asked).unwrap().unwrap();
    assert!(told.became.contains("it gives up and ends the attempt"), "{told:?}");
    let mut app = app_of(Made::to_syn_sent(), Lang::EN, 120, 40);
    keys(&mut app, "k");
    assert!(text(&app).contains("sent again 127"), "{}", text(&app));
}

#[test]
fn overlays_open_scroll_and_close() {
    let mut app = app_of(Made::to_sent(), Lang::EN, 80, 24);
    keys(&mut app, "?");
    assert!(text(&app).contains("let the chosen waiting segment go on"), "{}", text(&app));
    (0..200).for_each(|_| drop(press(&mut app, KeyCode::Down)));
    assert!(text(&app).contains("Ctrl-C too"), "{}", text(&app));
    keys(&mut app, "p");
    assert!(text(&app).contains("Sequence number 2839402114"), "{}", text(&app));
    press(&mut app, KeyCode::Esc);
    assert_eq!(app.place.overlay, None);
}

/// What a step shows lies over the text until the learner has looked; then the text comes, not the next step.
#[test]
fn what_a_step_shows_opens_once_and_space_leads_to_its_text() {
    let mut made = Made::to_sent();
    made.phase = Phase::Busy;
    let step = made.trace.present().step().unwrap().0;
    made.lesson.steps[step].show = Some(Show::Layers);
    let mut app = app(made, 80, 24);
    assert_eq!(app.place.overlay, None);
    settled(&mut app);
    assert_eq!(app.place.overlay, Some(Overlay::Layers));
    assert!(text(&app).contains("Space: on to the text"), "{}", text(&app));
    let asked_for = asks(&mut app, ' ');
    assert_eq!((app.place.overlay, asked_for), (None, vec![]), "the text first");
    assert_eq!(asks(&mut app, 'd'), by_hand(HandAction::Deliver(SegmentId(3))));
    settled(&mut app);
    assert_eq!(app.place.overlay, None, "the same step doesn't open it again");
    assert_eq!(asks(&mut app, ' '), begins(step + 1));
    settled(&mut app);
    keys(&mut app, "l");
    assert!(text(&app).contains("Esc closes"), "{}", text(&app));
    keys(&mut app, "l");
    assert_eq!(app.place.overlay, None);
}

#[test]
fn language_numbers_and_code_change_while_it_runs() {
    let mut app = app_of(Made::to_syn_recv(), Lang::EN, 100, 30);
    keys(&mut app, "L");
    let shown = text(&app);
    assert!(shown.contains("服务器") && shown.contains("三次握手") && !shown.contains("What is happening"), "{shown}");
    keys(&mut app, "Ln");
    assert!(text(&app).contains("SYN,ACK seq=0 ack=1"));
    keys(&mut app, "n");
    assert!(text(&app).contains("ack=2839402114"), "{}", text(&app));
    keys(&mut app, "c");
    assert!(text(&app).contains("connect(s5, (void *)&to"), "{}", text(&app));
}

#[test]
fn restart_and_quit_are_effects() {
    let mut app = app(Made::to_syn_recv(), 100, 30);
    assert_eq!(press(&mut app, KeyCode::Char('r')), [AppEffect::Restart]);
    app.restarted(Made::new().walk());
    assert_eq!(app.generation(), 1);
    assert!(text(&app).contains("no call yet"));
    app.not_restarted("no namespace".into());
    assert!(text(&app).contains("no namespace"));
    assert_eq!(press(&mut app, KeyCode::Char('q')), [AppEffect::Quit]);
    let now = app.now;
    let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(update(&mut app, Msg::Terminal(Event::Key(control_c)), now), [AppEffect::Quit]);
    assert_eq!(update(&mut app, Msg::Quit, now), [AppEffect::Quit]);
}

#[test]
fn the_glossary_begins_with_the_terms_of_the_text() {
    for (lang, heading, first, other) in
        [(Lang::EN, "In this text", "SYN_RECV", "All other terms"), (zh(), "本步出现的术语", "半开连接", "其他术语")]
    {
        let mut app = app_of(Made::to_syn_recv(), lang, 120, 40);
        keys(&mut app, "g");
        let shown = text(&app);
        let at = |word: &str| shown.find(word).unwrap_or_else(|| panic!("{word}: {shown}"));
        assert!(at(heading) < at(first), "{shown}");
        for _ in 0..40 {
            press(&mut app, KeyCode::PageDown);
            if text(&app).contains(other) {
                break;
            }
        }
        assert!(text(&app).contains(other), "{}", text(&app));
        for _ in 0..40 {
            press(&mut app, KeyCode::PageDown);
        }
        let last = Glossary::load().unwrap().terms().last().unwrap();
        let shown = text(&app);
        assert!(
            shown.contains(&format!("{}  {}", last.name.get(Lang::EN), last.source)),
            "the last one can be reached: {shown}"
        );
        keys(&mut app, "g");
        assert_eq!(app.place.overlay, None);
    }
}

#[test]
fn while_steps_run_again_only_the_clock_goes_on() {
    let mut app = app(Made::to_syn_sent(), 80, 24);
    let next = app.walk().next_step().unwrap().0;
    app.run_again(next);
    assert!(text(&app).contains("run again, to where you stopped"), "{}", text(&app));
    // Whoever presses keys now means the screen that comes.
    for code in [KeyCode::Char(' '), KeyCode::Char('d'), KeyCode::Char('i'), KeyCode::Enter] {
        assert_eq!(press(&mut app, code), []);
    }
    let due = app.wake_at().unwrap();
    assert_eq!(asked(update(&mut app, Msg::Tick, due)), begins(next));
    // Looking, leaving and beginning anew stay possible.
    keys(&mut app, "g");
    assert!(text(&app).contains("Glossary"));
    keys(&mut app, "g");
    assert_eq!(press(&mut app, KeyCode::Char('r')), [AppEffect::Restart]);
    assert_eq!(press(&mut app, KeyCode::Char('q')), [AppEffect::Quit]);
    app.restarted(Made::new().walk());
    assert!(!app.runs_again() && !text(&app).contains("again, to where"), "{}", text(&app));
}

/// The README has a key's row for each key of the program's own list of keys, and for no other.
#[test]
fn the_readme_names_each_key_of_the_help_and_no_other() {
    use std::collections::BTreeSet;
    let readme = include_str!("../../../README.md");
    let mut named: BTreeSet<&str> = BTreeSet::new();
    for section in ["Keys", "Without a lesson"] {
        let (_, rest) = readme.split_once(&format!("\n## {section}\n")).unwrap();
        let rows = rest.split("\n## ").next().unwrap().lines().filter_map(|line| line.strip_prefix("| "));
        let cells =
            rows.filter_map(|row| Some(row.split_once(" | ")?.0)).filter(|cell| *cell != "key" && *cell != "---");
        named.extend(cells.flat_map(|cell| cell.split([',', ' '])).filter(|key| !key.is_empty()));
    }
    let shown: BTreeSet<&str> = crate::tui::commands::COMMANDS.iter().map(|entry| entry.shown).collect();
    assert!(shown.len() > 30);
    assert_eq!(named, shown);
}
