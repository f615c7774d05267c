//! Every size: nothing panics, and from the smallest that is served nothing is cut.

use super::screens::MOMENTS;
use super::*;
use crate::i18n::testing::zh;
use crate::model::{Actor, Call, Event as Happened, Member, Mode, Returned, Role, SegmentId, Side};
use crate::tcp::State;
use crate::tui::commands::COMMANDS;
use crate::walk::{Free, FreeOptions, Happening, HappeningKind, Purpose, WireAbility};

#[test]
fn no_size_panics_and_small_ones_say_what_is_needed() {
    for lang in Lang::all() {
        for (_, make) in MOMENTS.into_iter().step_by(2) {
            let made = make();
            let mut app = app_of(made, lang, 1, 1);
            for columns in (1..=130).step_by(23).chain([79, 80, 99, 100, 120, 250]) {
                for rows in (1..=45).step_by(11).chain([23, 24, 29, 30, 60]) {
                    let all = [
                        Overlay::Help,
                        Overlay::Packet,
                        Overlay::Kernel,
                        Overlay::Layers,
                        Overlay::Chart,
                        Overlay::Glossary,
                    ];
                    for overlay in all.into_iter().map(Some).chain([None]) {
                        app.look.large = Some(rows % 2 == 0);
                        app.place.overlay = overlay;
                        update(&mut app, Msg::Terminal(Event::Resize(columns, rows)), secs(1.0));
                        let shown = text(&app);
                        let small = columns < 80 || rows < 24;
                        assert_eq!(shown.contains('┌') || shown.contains('┏'), !small, "{columns}x{rows}\n{shown}");
                    }
                }
            }
        }
    }
    let app = app_of(made::Made::new(), Lang::EN, 60, 10);
    assert!(text(&app).starts_with("sockwalk needs at least 80 by 24 characters; this window has"), "{}", text(&app));
    let app = app_of(made::Made::new(), zh(), 60, 10);
    assert!(text(&app).contains("80 列 24 行"), "{}", text(&app));
}

/// What isn't seen isn't done: of all keys only those that leave act, wherever the keys would be, and what was typed stays.
#[test]
fn a_window_that_is_too_small_has_no_keys_but_those_that_leave() {
    let places: [(&str, &[KeyCode]); 7] = [
        ("panes", &[]),
        ("line", &[KeyCode::Char(':'), KeyCode::Char('c')]),
        ("rules", &[KeyCode::Char('X')]),
        ("packet", &[KeyCode::Char('p')]),
        ("copy", &[KeyCode::Char('p'), KeyCode::Char('e')]),
        ("help", &[KeyCode::Char('?')]),
        ("lessons", &[KeyCode::Char('o')]),
    ];
    let press = |app: &mut App, code: KeyCode| update(app, Msg::Terminal(Event::Key(code.into())), secs(1.0));
    for (name, keys) in places {
        for (moment, make) in MOMENTS {
            let mut app = app_of(make(), Lang::EN, 80, 24);
            for code in keys {
                press(&mut app, *code);
            }
            let before = text(&app);
            update(&mut app, Msg::Terminal(Event::Resize(79, 24)), secs(1.0));
            let codes =
                COMMANDS.iter().flat_map(|entry| entry.keys.iter().copied()).chain("1zj".chars().map(KeyCode::Char));
            for code in codes.filter(|code| *code != KeyCode::Char('q')) {
                assert!(press(&mut app, code).is_empty(), "{name}, {moment}: {code:?}");
            }
            update(&mut app, Msg::Terminal(Event::Paste("close 3".to_owned())), secs(1.0));
            update(&mut app, Msg::Terminal(Event::Resize(80, 24)), secs(1.0));
            assert_eq!(text(&app), before, "{name}, {moment}");
            update(&mut app, Msg::Terminal(Event::Resize(79, 24)), secs(1.0));
            let left = press(&mut app, KeyCode::Char('q'));
            assert!(left.iter().any(|effect| matches!(effect, AppEffect::Quit)), "{name}, {moment}");
        }
    }
}

/// The right frame of every pane stands in its column on every row: no text ran over it, and no wide character
/// moved it.
#[test]
fn frames_are_whole() {
    for lang in Lang::all() {
        for (columns, rows) in [(80, 24), (100, 30), (120, 40), (160, 45)] {
            for (name, make) in MOMENTS {
                let made = make();
                let app = app_of(made, lang, columns, rows);
                let buffer = screen(&app);
                let areas = app.areas().unwrap();
                let panes =
                    [Some(areas.server), Some(areas.wire), Some(areas.client), areas.explain, areas.code, areas.states];
                for area in panes.into_iter().flatten() {
                    for y in area.top() + 1..area.bottom() - 1 {
                        for x in [area.left(), area.right() - 1] {
                            assert_eq!(buffer[(x, y)].symbol(), "│", "{name} {lang:?} {columns}x{rows} at {x},{y}");
                        }
                    }
                }
            }
        }
    }
}

/// The layers of a segment with data are whole, frame and all, in both languages; where there is no room for them beside what
/// must stay in sight, they scroll.
#[test]
fn the_layers_fit() {
    for lang in Lang::all() {
        for (columns, rows) in [(80, 24), (100, 30), (120, 40)] {
            let mut app = app_of(made::Made::to_sent(), lang, columns, rows);
            keys(&mut app, "l");
            let mut inside: Vec<String> = Vec::new();
            for _ in 0..3 {
                let shown = text(&app);
                let lines = shown.lines().filter_map(|line| line.split('┃').nth(1));
                assert!(lines.clone().all(|line| !line.contains('…') && crate::i18n::width(line) == 78), "{shown}");
                inside.extend(lines.map(str::to_owned));
                press(&mut app, KeyCode::PageDown);
            }
            for part in ["hello\\x1b[2J", "68 65 6c 6c 6f 1b", "1f 40", "45 00 00", "00 00 08 00", "0x0800", "MTU"] {
                assert!(inside.iter().any(|line| line.contains(part)), "{part}: {inside:#?}");
            }
        }
    }
}

#[test]
fn nothing_important_is_cut() {
    for lang in Lang::all() {
        for (columns, rows) in [(80, 24), (100, 30), (120, 40)] {
            for (name, make) in MOMENTS {
                let made = make();
                let app = app_of(made, lang, columns, rows);
                let shown = text(&app);
                // Only sent data is ever shortened.
                for line in shown.lines().filter(|line| !line.contains("hello")) {
                    assert!(!line.contains('…') || line.contains("……"), "{name} {lang:?} {columns}x{rows}: {line}");
                }
                for command in ["? ", "q "] {
                    assert!(shown.lines().rev().take(2).any(|line| line.contains(command)), "{name}: {command}");
                }
            }
        }
    }
}

/// What a walk without a lesson says first is seen whole in the smallest window, also where others are there already.
#[test]
fn opening_texts_fit() {
    let drives = |sides: &[Side]| Purpose::Drive(sides.iter().copied().map(Actor::from).collect());
    let purposes = [&[Side::Server][..], &[Side::Client], &Side::BOTH].map(drives);
    for lang in Lang::all() {
        for purpose in purposes.iter().cloned().chain([Purpose::Watch, Purpose::Replay]) {
            for others in 0..3 {
                let mut app = free_walk(purpose.clone(), lang, 80, 24);
                for number in 0..others {
                    let role = if number == 0 { Role::Watches } else { Role::Runs("python3".into()) };
                    happens(&mut app, Happened::Joined(Member { number, pid: 4_000_000 + number, nth: 1, role }));
                }
                assert_eq!(super::super::panes::explain_scroll(&app), Some((0, 0)), "{}", text(&app));
                assert!(!text(&app).contains("(1/1"), "there are no other pages to turn to: {}", text(&app));
            }
        }
    }
}

/// A segment that ends a call: what became of both stands above the fold, in the smallest window too.
#[test]
fn neither_a_segment_nor_the_call_that_it_ended_hides_the_other() {
    for (lang, became) in [(Lang::EN, "Delivered to"), (zh(), "已交给")] {
        let mut app = free_walk(Purpose::Drive(Side::BOTH.map(Actor::from).to_vec()), lang, 80, 24);
        let caller = Side::Client.into();
        let connect = Call::Connect { fd: 3, addr: made::server() };
        happens(&mut app, Happened::Entered { caller, call: connect });
        let sent = [(made::client(), "SYN", made::J, 0), (made::server(), "SYN,ACK", made::K, made::J + 1)];
        for (n, (from, flags, seq, ack)) in sent.into_iter().enumerate() {
            let id = SegmentId(n as u32);
            let segment = made::segment(from, flags, seq, ack, b"");
            happens(&mut app, Happened::Sent { id, segment, again: None });
            happens(&mut app, Happened::Held(id));
            happens(&mut app, Happened::Delivered(id));
        }
        let outcome = Ok(Returned { value: 0, data: Vec::new(), peer: None, ..Returned::default() });
        happens(&mut app, Happened::Returned { caller, outcome });
        let shown = text(&app);
        assert!(shown.contains("connect(3, 127.0.0.1:8000) = 0") && shown.contains(became), "{shown}");
    }
}

fn free_walk(purpose: Purpose, lang: Lang, columns: u16, rows: u16) -> App {
    let (lab, wire) = (Some("main".to_owned()), WireAbility::Holds);
    let options = FreeOptions { purpose, server: made::server(), mode: Mode::Lab, wire, lab, lesson: None };
    let look = Appearance::new(lang, Theme::load(Choice::Dark, Colours::All).unwrap(), Glyphs::Unicode).unwrap();
    App::new(Free::new(options, None).into(), look, columns, rows)
}

fn happens(app: &mut App, event: Happened) {
    let at = app.now + secs(0.1);
    update(app, Msg::World(0, vec![Happening { at, what: HappeningKind::Event(event) }]), at);
}

#[test]
fn the_diagram_is_whole_at_every_served_size() {
    for (columns, rows) in [(80, 24), (100, 30), (120, 40), (200, 60)] {
        let mut app = app_of(made::Made::to_syn_recv(), Lang::EN, columns, rows);
        keys(&mut app, if columns == 80 { "ss" } else { "" });
        let area = app.areas().unwrap().states.unwrap();
        let buffer = screen(&app);
        let inside: Vec<String> = (area.top()..area.bottom())
            .map(|y| (area.left()..area.right()).map(|x| buffer[(x, y)].symbol()).collect())
            .collect();
        for state in State::ALL {
            assert!(inside.iter().any(|row| row.contains(state.name())), "{state} at {columns}x{rows}");
        }
        assert!(
            inside.iter().any(|row| row.contains("■SYN_RECV")) && inside.iter().any(|row| row.contains("SYN_SENT●"))
        );
    }
}

/// A long trace costs no more than a short one: what is drawn is what is seen.
#[test]
fn a_frame_costs_the_same_however_long_the_trace_is() {
    let frame = |entries: usize| {
        let mut made = made::Made::to_sent();
        while made.trace.now() < entries {
            let ack = made::segment(made::client(), "ACK", made::J + 1, made::K + 1, b"");
            let id = made.send(ack);
            made.push(crate::model::Event::Delivered(id));
        }
        let mut app = app_of(made, Lang::EN, 160, 45);
        app.look.large = Some(true);
        least_processor_time(5, || {
            screen(&app);
        })
    };
    let (short, long) = (frame(1_000), frame(30_000));
    println!("a frame at 160x45: {short:?} and {long:?}");
    assert!(long < short * 4, "{short:?} for a thousand entries, {long:?} for thirty thousand");
}
