//! The list from which a rule of the wire is picked, and how rules are taken back.

use super::made::{J, K, Made, client, segment};
use super::*;
use crate::model::rule::{RuleChange, RuleInForce, TypedRule, WireRules};
use crate::model::{Event as Happened, HandAction, SegmentFilter};
use crate::tui::picker::KINDS;

fn waiting(lang: Lang, columns: u16, rows: u16) -> App {
    let mut made = Made::to_syn_recv();
    made.phase = crate::walk::Phase::Ready;
    made.send(segment(client(), "ACK", J + 1, K, b""));
    app_of(made, lang, columns, rows)
}

fn set(line: &str) -> [Request; 2] {
    let change = line.parse::<TypedRule>().unwrap().change(SegmentFilter::All);
    [Request::Note(Box::new(Happened::ByHand(HandAction::Rule))), Request::Rule(change)]
}

#[test]
fn each_kind_of_rule_is_picked_with_what_stands_there_or_with_another_number() {
    let other = ["2", "5", "50%", "RST", "9", "3", "1%", "2s", "500"];
    for (n, ((before, usual), other)) in KINDS.into_iter().zip(other).enumerate() {
        for typed in [None, Some(other)] {
            let mut app = waiting(Lang::EN, 80, 24);
            press(&mut app, KeyCode::Char('X'));
            assert_eq!(app.focus(), Focus::Rules);
            (0..n).for_each(|_| drop(press(&mut app, KeyCode::Tab)));
            keys(&mut app, typed.unwrap_or_default());
            let line = format!("{before}{}", typed.unwrap_or(usual));
            assert!(text(&app).contains(&format!("wire {line}")), "{}", text(&app));
            assert_eq!(asked(press(&mut app, KeyCode::Enter)), set(&line));
            assert_eq!((app.focus(), app.place.overlay), (Focus::Panes, None));
        }
    }
}

/// All kinds are seen at once, in each language, and a wrong number is told and stays.
#[test]
fn the_list_is_whole_and_a_wrong_number_stays_and_is_told() {
    for lang in Lang::all() {
        for (columns, rows) in [(80, 24), (120, 40)] {
            let mut app = waiting(lang, columns, rows);
            press(&mut app, KeyCode::Char('X'));
            let shown = text(&app);
            let kinds = app.texts().rules.pick.clone();
            assert!(kinds.iter().all(|kind| shown.contains(kind.as_str())), "{columns}×{rows} {lang:?}\n{shown}");
            press(&mut app, KeyCode::Up);
            keys(&mut app, "0");
            assert!(asked(press(&mut app, KeyCode::Enter)).is_empty());
            assert_eq!(app.focus(), Focus::Rules);
            assert!(text(&app).contains("`rate 0`") && app.picker.as_ref().unwrap().fault.is_some(), "{}", text(&app));
            press(&mut app, KeyCode::Backspace);
            keys(&mut app, "qZX7");
            assert_eq!(app.picker.as_ref().unwrap().line(), "wire rate qZX7", "letters are typed");
            assert!(asked(press(&mut app, KeyCode::Esc)).is_empty());
            assert_eq!((app.focus(), app.place.overlay), (Focus::Panes, None));
        }
    }
}

#[test]
fn one_key_takes_the_rules_back_in_a_lesson_and_the_past_has_none() {
    let mut app = waiting(Lang::EN, 120, 40);
    assert!(asked(press(&mut app, KeyCode::Char('Z'))).is_empty(), "there is none");
    let RuleChange::Set(rule) = "lose every 3".parse::<TypedRule>().unwrap().change(SegmentFilter::All) else {
        panic!("a rule")
    };
    let ruled = Happened::Ruled(WireRules { rules: vec![RuleInForce { rule, seen: 0 }] });
    let now = app.now;
    update(&mut app, Msg::World(0, vec![Happening { at: now, what: HappeningKind::Event(ruled) }]), now);
    assert!(text(&app).contains("lose every 3"), "{}", text(&app));
    let off = [Request::Note(Box::new(Happened::ByHand(HandAction::Rule))), Request::Rule(RuleChange::Off(None))];
    assert_eq!(asked(press(&mut app, KeyCode::Char('Z'))), off);
    press(&mut app, KeyCode::Left);
    press(&mut app, KeyCode::Char('X'));
    assert_eq!(app.focus(), Focus::Panes);
}
