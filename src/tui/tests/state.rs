//! Which keys work in which state: what the footer says, what a key does, and that nothing happens behind what lies over the
//! panes. Every line of the table is tried in every state.

use std::sync::Arc;

use super::made::{J, K, Made, client, segment, server};
use super::*;
use crate::lesson::{Action, SegmentPattern};
use crate::model::{
    Actor, Call, ClaimResult, Event as Happened, HandAction, Mode, Returned, SegmentId, Side, Statement, Trace,
};
use crate::tcp::Flags;
use crate::tui::commands::{COMMANDS, CommandEntry};
use crate::tui::works::AvailableCommands;
use crate::walk::{Free, FreeOptions, Phase, Purpose, WireAbility};

/// A state; made anew for each key that is tried in it.
pub(super) type State = (String, Box<dyn Fn() -> App>);

/// A free walk in which both sides have a socket and two segments wait.
fn free(purpose: Purpose, columns: u16, rows: u16) -> App {
    let options =
        FreeOptions { purpose, server: server(), mode: Mode::Lab, wire: WireAbility::Holds, lab: None, lesson: None };
    let mut trace = Trace::default();
    let mut events = Vec::new();
    for side in Side::BOTH {
        let call = Call::Socket { ipv6: false, udp: false };
        events.push(Happened::Entered { caller: side.into(), call });
        let outcome = Ok(Returned { value: 4, data: Vec::new(), peer: None, ..Returned::default() });
        events.push(Happened::Returned { caller: side.into(), outcome });
    }
    for (n, (from, flags, seq, ack)) in
        [(client(), "SYN", J, 0), (server(), "SYN,ACK", K, J + 1)].into_iter().enumerate()
    {
        let id = SegmentId(n as u32);
        events.push(Happened::Sent { id, segment: segment(from, flags, seq, ack, b""), again: None });
        events.push(Happened::Held(id));
    }
    for event in events {
        trace.push(secs(1.0), event);
    }
    let look = Appearance::new(Lang::EN, Theme::load(Choice::Dark, Colours::All).unwrap(), Glyphs::Unicode).unwrap();
    let mut app = App::new(Free::from_trace(options, trace).into(), look, columns, rows);
    update(&mut app, Msg::Tick, secs(2.0));
    app
}

/// A setting is the lab's: on a wire that only watches, the machine's own stay as they are, and that is said.
#[test]
fn a_typed_setting_is_asked_for_in_the_lab_alone() {
    for wire in [WireAbility::Holds, WireAbility::Watches] {
        let purpose = Purpose::Drive(Side::BOTH.map(Actor::from).to_vec());
        let options = FreeOptions { purpose, server: server(), mode: Mode::Lab, wire, lab: None, lesson: None };
        let look =
            Appearance::new(Lang::EN, Theme::load(Choice::Dark, Colours::All).unwrap(), Glyphs::Unicode).unwrap();
        let mut app = App::new(Free::new(options, None).into(), look, 120, 40);
        press(&mut app, KeyCode::Enter);
        // What isn't possible isn't named above the line.
        assert_eq!(text(&app).contains("edit, forge"), wire == WireAbility::Holds, "{}", text(&app));
        keys(&mut app, "sysctl tcp_sack=0");
        let asked = asked(press(&mut app, KeyCode::Enter));
        let refused = text(&app).contains("A setting can only be changed in the lab.");
        let change = "tcp_sack=0".parse().unwrap();
        match wire {
            WireAbility::Holds => assert_eq!((asked, refused), (vec![Request::Kernel(change)], false)),
            _ => assert!(asked.is_empty() && refused, "{}", text(&app)),
        }
    }
}

fn in_phase(phase: Phase) -> Made {
    let mut made = Made::to_half_open();
    made.phase = phase;
    made
}

pub(super) fn states(columns: u16, rows: u16) -> Vec<State> {
    let mut states: Vec<State> = Vec::new();
    let mut add = |name: &str, make: Box<dyn Fn() -> App>| states.push((name.to_owned(), make));
    let walk = move |made: fn() -> Made, typed: &'static str, back: usize| -> Box<dyn Fn() -> App> {
        Box::new(move || {
            let mut app = app_of(made(), Lang::EN, columns, rows);
            (0..back).for_each(|_| drop(press(&mut app, KeyCode::PageUp)));
            keys(&mut app, typed);
            app
        })
    };
    add("begins", walk(Made::new, "", 0));
    add("ready, two wait", walk(two_wait, "", 0));
    add("asks", walk(Made::to_syn_recv, "", 0));
    add("busy", walk(|| in_phase(Phase::Busy), "", 0));
    add("plays", walk(two_wait, "a+", 0));
    add("over", walk(|| in_phase(Phase::Finished), "", 0));
    add("a line is offered", walk(|| in_phase(Phase::Typing("hello".into())), "", 0));
    add("a line is typed", walk(|| in_phase(Phase::Typing("hello".into())), "x", 0));
    add("past", walk(Made::to_syn_recv, "", 2));
    for overlay in ["?", "p", "k", "l", "g"] {
        add(&format!("{overlay} is open"), walk(two_wait, overlay_key(overlay), 0));
        add(&format!("{overlay} is open in the past"), walk(two_wait, overlay_key(overlay), 2));
    }
    add("a rule is picked", walk(two_wait, "X", 0));
    add("runs again", {
        Box::new(move || {
            let mut app = app_of(Made::to_syn_sent(), Lang::EN, columns, rows);
            app.run_again(app.walk().next_step().unwrap().0);
            app
        })
    });
    let both = || Purpose::Drive(Side::BOTH.map(Actor::from).to_vec());
    add("free", Box::new(move || free(both(), columns, rows)));
    add("free, a call is typed", {
        Box::new(move || {
            let mut app = free(both(), columns, rows);
            press(&mut app, KeyCode::Enter);
            app
        })
    });
    add("looks on", Box::new(move || free(Purpose::Watch, columns, rows)));
    add("recording", Box::new(move || free(Purpose::Replay, columns, rows)));
    states
}

fn overlay_key(name: &str) -> &'static str {
    ["?", "p", "k", "l", "g"].into_iter().find(|key| *key == name).unwrap()
}

fn two_wait() -> Made {
    let mut made = Made::to_syn_recv();
    made.phase = Phase::Ready;
    made.send(segment(client(), "ACK", J + 1, K, b""));
    made
}

/// What a key may change of what is seen.
type Seen = (Buffer, usize);

fn seen(app: &App) -> Seen {
    (screen(app), app.look.code)
}

/// Whether a key does anything in a state that looks so: something comes out, or is seen. Afterwards the state is another where it
/// does.
fn does_something(app: &mut App, before: &Seen, key: KeyEvent) -> bool {
    let now = app.now;
    let effects = update(app, Msg::Terminal(Event::Key(key)), now);
    !effects.is_empty() || *before != seen(app)
}

fn key_of(entry: &CommandEntry) -> KeyEvent {
    let shift = if entry.shift { KeyModifiers::SHIFT } else { KeyModifiers::NONE };
    match (entry.keys.first(), entry.id) {
        (Some(code), _) => KeyEvent::new(*code, shift),
        (None, "suspend") => KeyEvent::new(KeyCode::Char('z'), KeyModifiers::CONTROL),
        (None, "quit_line") => KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL),
        (None, _) => KeyEvent::new(KeyCode::Char('1'), shift),
    }
}

/// The footer as it is drawn, both rows.
fn footer(app: &App) -> String {
    let shown = lines(&screen(app));
    shown[shown.len() - 2..].iter().map(|line| format!("{line}  ")).collect()
}

#[test]
fn a_key_works_exactly_where_the_table_says_so_and_the_footer_names_all_that_do() {
    let mut wrong: Vec<String> = Vec::new();
    for (name, make) in states(80, 24) {
        let mut app = make();
        let (footer, before) = (footer(&app), seen(&app));
        for entry in COMMANDS {
            let available = AvailableCommands::new(&app);
            let works = available.have(entry);
            // A key may be another line's too, or a letter of what is typed; without a menu Enter goes on.
            let key = key_of(entry);
            let same = |other: &&CommandEntry| {
                other.id != entry.id
                    && other.shift == entry.shift
                    && (other.keys.contains(&key.code) || other.shown == "1–9" && entry.shown == "1–9")
            };
            let goes_on = available.have(&COMMANDS[0]) && key.code == KeyCode::Enter;
            let shared = goes_on || COMMANDS.iter().filter(same).any(|other| available.have(other));
            let letter = matches!(app.focus(), Focus::Line | Focus::Rules);
            let does = does_something(&mut app, &before, key);
            // Everywhere it is said that Ctrl-C leaves; the footer says so where no other key does.
            let everywhere = entry.id == "quit_line";
            let named = footer.contains(&format!(" {} ", entry.shown));
            let faults = [
                (works && !does, "it does nothing"),
                (!works && does && !shared && !letter && !everywhere, "it does something"),
                (works && entry.footer.is_some() && !named, "the footer misses it"),
                (!works && named && !shared, "the footer has it"),
            ];
            let what = format!("{name}: {} ({})\n{footer}", entry.id, entry.shown);
            wrong.extend(faults.iter().filter(|(is_so, _)| *is_so).map(|(_, fault)| format!("{fault}: {what}")));
            if does {
                app = make();
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whatever key is pressed: nothing goes on behind what lies over the panes.
#[test]
fn nothing_acts_behind_an_overlay() {
    let codes =
        (' '..='~').map(KeyCode::Char).chain([KeyCode::Enter, KeyCode::Tab, KeyCode::Backspace, KeyCode::Delete]);
    let codes: Vec<KeyCode> = codes.collect();
    for (name, make) in states(80, 24).into_iter().filter(|(name, _)| name.contains("is open")) {
        for code in &codes {
            let mut app = make();
            let trace = app.walk().trace().now();
            let effects = press(&mut app, *code);
            let quits = *code == KeyCode::Char('q') && effects == [AppEffect::Quit];
            // The list of lessons only takes this one's place on the screen.
            let lists = effects == [AppEffect::List(Overlay::Lessons)];
            assert!(effects.is_empty() || quits || lists, "{name}: {code:?} comes to {effects:?}");
            assert_eq!(app.walk().trace().now(), trace);
        }
    }
}

/// Letters of a typed line do nothing else, and all of them are in it.
#[test]
fn what_is_typed_is_typed() {
    let typed = "wxdqLkpgl?r+-i1 a9nsbcfmW:";
    let mut app = app_of(in_phase(Phase::Typing("hello".into())), Lang::EN, 80, 24);
    for key in typed.chars() {
        assert_eq!(press(&mut app, KeyCode::Char(key)), []);
    }
    assert_eq!(app.typing().unwrap().value(), typed);
}

/// The mark, `d`, and the step that comes next mean one segment, which is in sight however many are newer.
#[test]
fn one_segment_is_meant_and_seen() {
    for later in [0, 1, 30] {
        for chosen in [false, true] {
            let mut made = two_wait();
            for n in 0..later {
                let id = made.send(segment(client(), "ACK", J + 2 + n, K, b""));
                made.push(Happened::Delivered(id));
            }
            let flags = Flags::from_names(["ACK"]).unwrap();
            let acknowledgement = SegmentPattern::new(Side::Client, flags);
            made.lesson.steps[6].action = Some(Action::Deliver(acknowledgement));
            let mut app = app_of(made, Lang::EN, 80, 24);
            if chosen {
                press(&mut app, KeyCode::Up);
            }
            let meant = if chosen { SegmentId(1) } else { SegmentId(2) };
            assert_eq!(app.meant_held(), Some(meant));
            let shown = text(&app);
            let marked = shown.lines().find(|line| line.contains("│▶ ")).unwrap_or_else(|| panic!("{later}: {shown}"));
            assert!(marked.contains(if chosen { "SYN,ACK seq=k" } else { "ACK seq=j+1" }), "{shown}");
            let by_step = [&begins(6)[..], &[Request::Deliver(meant)]].concat();
            let wanted = if chosen { by_hand(HandAction::Deliver(meant)).to_vec() } else { by_step };
            assert_eq!(asked(press(&mut app, KeyCode::Char('d'))), wanted);
        }
    }
}

/// Space goes through a recording act by act, and stops at its end.
#[test]
fn space_in_a_recording_goes_from_act_to_act() {
    let mut app = free(Purpose::Replay, 80, 24);
    for n in 0..2 {
        let what = HappeningKind::Event(Happened::Delivered(SegmentId(n)));
        update(&mut app, Msg::World(0, vec![Happening { at: secs(3.0), what }]), secs(3.0));
    }
    app.look_at_the_beginning();
    let end = app.walk().trace().now();
    assert!(
        text(&app).contains("End: the last moment") && !text(&app).contains("the present goes on"),
        "{}",
        text(&app)
    );
    let mut seen = vec![app.view().moment()];
    while app.in_past() {
        press(&mut app, KeyCode::Char(' '));
        seen.push(app.view().moment());
        assert!(seen.len() <= end, "it never ends: {seen:?}");
    }
    assert!(seen.is_sorted_by(|a, b| a < b) && seen.len() > 4, "each press is one act on: {seen:?} of {end}");
    assert_eq!(seen.last(), Some(&end));
    assert_eq!(press(&mut app, KeyCode::Char(' ')), []);
    assert_eq!(app.view().moment(), end);
}

/// In a lesson's recording an act is a step, seen with its text once its claims were checked, and what was done beside it is one of its own.
#[test]
fn space_in_a_lessons_recording_stops_where_each_steps_text_is_so() {
    let lesson = Arc::new(crate::lesson::builtin("handshake").unwrap().unwrap());
    let call = Call::Socket { ipv6: false, udp: false };
    let calls = || {
        let outcome = Ok(Returned { value: 3, ..Returned::default() });
        let caller = Side::Server.into();
        [Happened::Entered { caller, call: call.clone() }, Happened::Returned { caller, outcome }]
    };
    let mut trace = Trace::default();
    for step in 0..3 {
        let what = Statement::StepCanBeDone;
        let claim = ClaimResult { step, actual: what.clone(), what, held: true, line: 1 };
        trace.push(secs(1.0), Happened::Step(step));
        for event in calls().into_iter().chain([Happened::Claim(Box::new(claim))]) {
            trace.push(secs(1.0), event);
        }
    }
    trace.push(secs(2.0), Happened::ByHand(HandAction::Call(Side::Server)));
    for event in calls() {
        trace.push(secs(2.0), event);
    }
    let (purpose, wire) = (Purpose::Replay, WireAbility::Holds);
    let with = Some(Arc::clone(&lesson));
    let options = FreeOptions { purpose, server: server(), mode: Mode::Lab, wire, lab: None, lesson: with };
    let look = Appearance::new(Lang::EN, Theme::load(Choice::Dark, Colours::All).unwrap(), Glyphs::Unicode).unwrap();
    let mut app = App::new(Free::from_trace(options, trace).into(), look, 80, 24);
    app.look_at_the_beginning();
    let mut seen = Vec::new();
    while app.in_past() {
        press(&mut app, KeyCode::Char(' '));
        seen.push(app.view().moment());
        let (step, _) = app.view().step().unwrap();
        let shown = text(&app);
        let title = lesson.steps[step].title.get(Lang::EN);
        assert!(shown.contains(title) && !shown.contains("at work"), "{shown}");
        assert!(seen.len() < 9, "it never ends: {seen:?}");
    }
    assert_eq!(seen, [4, 8, 13, 15]);
    press(&mut app, KeyCode::PageUp);
    assert_eq!(app.view().moment(), 13);
    press(&mut app, KeyCode::PageUp);
    assert_eq!(app.view().moment(), 8);
}

#[test]
fn the_theme_follows_the_background_where_none_was_chosen() {
    let mut app = app_of(Made::to_syn_sent(), Lang::EN, 80, 24);
    let of = |app: &App| app.look.theme.server.0;
    let [dark, light] = [Choice::Dark, Choice::Light].map(|choice| Theme::load(choice, Colours::All).unwrap().server.0);
    assert_ne!(dark, light);
    app.is_on(crate::theme::Background::Light);
    assert_eq!(of(&app), dark, "it was chosen");
    app.look.asks = Some(Colours::All);
    for (background, wanted) in [
        (crate::theme::Background::Light, light),
        (crate::theme::Background::Dark, dark),
        (crate::theme::Background::Light, light),
    ] {
        app.is_on(background);
        assert_eq!(of(&app), wanted);
    }
}
